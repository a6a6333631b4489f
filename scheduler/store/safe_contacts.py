"""Whose check of what is safe is due: whoever has an appointment ahead first."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, Select, and_, distinct, func, or_, select

from scheduler.extensions import db
from scheduler.models import Appointment, Client, SafeContact, Venue
from scheduler.rules.states import OPEN

Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _C = Appointment.__table__.c, Client.__table__.c
_S, _V = SafeContact.__table__.c, Venue.__table__.c


def _due(soon: date, *columns: Any) -> Select[Any]:
    """Channels that were safe when she was last asked, with a review date up to `soon`."""
    return (
        select(*columns)
        .join_from(SafeContact.__table__, Client.__table__, _C.id == _S.client_id)
        .where(_S.safe == "yes", _S.review_on <= soon, _C.active, _C.merged_into.is_(None))
    )


def count_to_ask(soon: date) -> int:
    """How many clients have such a channel. One query, by the index of review dates."""
    return int(db.session.execute(_due(soon, func.count(distinct(_S.client_id)))).scalar_one())


def to_ask(soon: date, now: datetime, mine: Collection[int], offset: int, limit: int) -> list[Columns]:
    """Those clients: id, names, the earliest review date, and the start and zone of the next appointment, at an open
    venue or one of `mine`. One query."""
    due = _due(soon, _S.client_id, func.min(_S.review_on).label("review_on")).group_by(_S.client_id).subquery()
    seen = or_(~_V.confidential, _V.id.in_(tuple(mine)))
    coming = and_(_A.client_id == due.c.client_id, _A.start > now, _A.state.in_([str(state) for state in OPEN]), seen)
    ahead = select(_A.id).join_from(Appointment.__table__, Venue.__table__, _V.id == _A.venue_id).where(coming)
    first = ahead.order_by(_A.start, _A.id).limit(1).correlate(due).scalar_subquery()
    following = select(due, first.label("appointment_id")).subquery()
    query = (
        select(
            following.c.client_id, Client.given_name, Client.family_name, following.c.review_on, Appointment.start,
            Venue.zone,
        )
        .join(Client, Client.id == following.c.client_id)
        .outerjoin(Appointment, Appointment.id == following.c.appointment_id)
        .outerjoin(Venue, Venue.id == Appointment.venue_id)
        .order_by(_A.start.is_(None), _A.start, following.c.review_on, following.c.client_id)
    )
    return list(db.session.execute(query.offset(offset).limit(limit)))
