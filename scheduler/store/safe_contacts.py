"""Whose check of what is safe is due, or whose number gets no texts: whoever has an appointment ahead first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Date, Row, Subquery, and_, cast, distinct, func, literal, null, or_, select, union_all

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Message, SafeContact, Venue
from scheduler.rules.states import OPEN
from scheduler.rules.telling import CANNOT_GET_TEXTS, DID_NOT_REACH
from scheduler.store.messages import number_fails

Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _C = Appointment.__table__.c, Client.__table__.c
_S, _V, _M = SafeContact.__table__.c, Venue.__table__.c, Message.__table__.c


def _due(soon: date) -> Subquery:
    """Channels that were safe when she was last asked, with a review date up to `soon`; and those whose number gets no
    texts, for which no date is asked."""
    safe = (_S.safe == "yes", _C.active, _C.merged_into.is_(None))
    channel = SafeContact.__table__.join(Client.__table__, _C.id == _S.client_id)
    checks = select(_S.client_id, _S.review_on, literal(0).label("number_fails"))
    # From the few texts that failed, by the index of states: not from everyone who gets texts.
    failed = select(_M.client_id).where(_M.state.in_(sorted(DID_NOT_REACH)), _M.outcome.in_(sorted(CANNOT_GET_TEXTS)))
    numbers = select(_S.client_id, cast(null(), Date), literal(1)).where(
        *safe, _S.channel == "sms", _S.client_id.in_(failed), number_fails()
    )
    dates = checks.select_from(channel).where(*safe, _S.review_on <= soon)
    return union_all(dates, numbers.select_from(channel)).subquery()


def count_to_ask(soon: date) -> int:
    """How many clients have such a channel. One query, by the indexes of review dates and of messages' states."""
    return int(db.session.execute(select(func.count(distinct(_due(soon).c.client_id)))).scalar_one())


def to_ask(soon: date, now: datetime, mine: Collection[int], offset: int, limit: int) -> list[Columns]:
    """Those clients: id, names, the earliest review date if one is near, the start and zone of the next appointment, at
    an open venue or one of `mine`, and whether the number gets no texts. One query."""
    each = _due(soon).c
    due = (
        select(
            each.client_id, func.min(each.review_on).label("review_on"),
            func.max(each.number_fails).label("number_fails"),
        )
        .group_by(each.client_id)
        .subquery()
    )  # fmt: skip
    seen = or_(~_V.confidential, _V.id.in_(tuple(mine)))
    coming = and_(_A.client_id == due.c.client_id, _A.start > now, _A.state.in_([str(state) for state in OPEN]), seen)
    ahead = select(_A.id).join_from(Appointment.__table__, Venue.__table__, _V.id == _A.venue_id).where(coming)
    first = ahead.order_by(_A.start, _A.id).limit(1).correlate(due).scalar_subquery()
    following = select(due, first.label("appointment_id")).subquery()
    query = (
        select(
            following.c.client_id, Client.given_name, Client.family_name, following.c.review_on, Appointment.start,
            Venue.zone, following.c.number_fails,
        )
        .join(Client, Client.id == following.c.client_id)
        .outerjoin(Appointment, Appointment.id == following.c.appointment_id)
        .outerjoin(Venue, Venue.id == Appointment.venue_id)
        .order_by(
            _A.start.is_(None), _A.start, following.c.review_on.is_(None), following.c.review_on, following.c.client_id
        )
    )
    return list(db.session.execute(query.offset(offset).limit(limit)))
