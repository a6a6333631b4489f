"""Queries behind the question afterwards: of which appointment it may be asked, and what was said, in numbers alone."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AskedAfterwards, FeltSafe
from scheduler.rules.states import State

_A, _F, _M = Appointment.__table__.c, FeltSafe.__table__.c, AskedAfterwards.__table__


def unanswered(client_id: int, since: datetime, number: int | None = None) -> Any:
    """The last appointment that this client came to since then and has not answered about; of that number, if given."""
    query = select(_A.id, _A.own_number, _A.venue_id, _A.start).where(
        _A.client_id == client_id, _A.state == State.FULFILLED, _A.end > since,
        ~select(_M.c.appointment_id).where(_M.c.appointment_id == _A.id).exists(),
    )
    if number is not None:
        query = query.where(_A.own_number == number)
    return db.session.execute(query.order_by(_A.start.desc()).limit(1)).first()


def felt(months: Collection[str]) -> list[Any]:
    """The numbers of each venue over these months."""
    sums = [func.sum(column).label(column.name) for column in (_F.yes, _F.not_really, _F.rather_not)]
    query = select(_F.venue_id, *sums).where(_F.month.in_(tuple(months))).group_by(_F.venue_id)
    return list(db.session.execute(query.order_by(_F.venue_id)))


def forget_marks(before: datetime) -> int:
    """Delete the marks of appointments that were over before then; gives how many."""
    over = select(_A.id).where(_A.end < before)
    deleted = delete(_M).where(_M.c.appointment_id.in_(over))
    return int(db.session.execute(deleted).rowcount)  # type: ignore[attr-defined]
