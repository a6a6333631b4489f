"""What is counted of texts: how many were due on each day, by what became of them. Numbers only, never whose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Integer, column, func, select, values

from scheduler.extensions import db
from scheduler.models import Message
from scheduler.models.messages import STATES
from scheduler.models.types import Instant

_M = Message.__table__.c


class Count(NamedTuple):
    """So many texts that were due on one day, the place of that day among those asked for, ended alike."""

    day: int
    state: str
    outcome: str | None
    texts: int


def counts(days: Sequence[tuple[datetime, datetime]]) -> list[Count]:
    """How many texts were due in each of these spans (`since <= t < until`, in order), by state and outcome. One query.

    Every state is named, so that both databases go by the index of what is due, which begins with the state.
    """
    if not days:
        return []
    spans = values(column("day", Integer), column("since", Instant), column("until", Instant), name="spans")
    asked = spans.data([(place, since, until) for place, (since, until) in enumerate(days)]).cte("spans")
    found = db.session.execute(
        select(asked.c.day, _M.state, _M.outcome, func.count())
        .select_from(asked)
        .join(Message.__table__, (_M.send_after >= asked.c.since) & (_M.send_after < asked.c.until))
        .where(_M.state.in_(STATES), _M.send_after >= days[0][0], _M.send_after < days[-1][1])
        .group_by(asked.c.day, _M.state, _M.outcome)
    )
    return [Count(*row) for row in found]
