"""Long lists for the API, a page at a time: in an order that never changes, from a known place on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, select, tuple_

from scheduler.extensions import db
from scheduler.models import Appointment, Message

Found: TypeAlias = Row[*tuple[Any, ...]]

_A = Appointment.__table__.c
_M = Message.__table__.c

_APPOINTMENT = (
    _A.id, _A.client_id, _A.type_id, _A.session_id, _A.venue_id, _A.staff_id, _A.mode, _A.state, _A.start, _A.end,
    _A.creche, _A.version,
)

#: Never a message's words or number: neither is kept.
_MESSAGE = (
    _M.id, _M.client_id, _M.appointment_id, _M.purpose, _M.state, _M.send_after, _M.send_before, _M.settled_at,
    _M.outcome, _M.created_at,
)


def appointments(
    start: datetime,
    until: datetime,
    most: int,
    *,
    client_id: int | None = None,
    venue_id: int | None = None,
    after: tuple[datetime, int] | None = None,
) -> Sequence[Found]:
    """Appointments in every state that start in the range, of a client or at a venue, by start and id, after that one.
    One query, by an index."""
    query = select(*_APPOINTMENT).where(_A.start >= start, _A.start < until)
    if client_id is not None:
        query = query.where(_A.client_id == client_id)
    if venue_id is not None:
        query = query.where(_A.venue_id == venue_id)
    if after is not None:
        # The first condition is what the index is read by.
        query = query.where(_A.start >= after[0], tuple_(_A.start, _A.id) > after)
    return db.session.execute(query.order_by(_A.start, _A.id).limit(most)).all()


def appointment(appointment_id: int) -> Found | None:
    """The same columns of one appointment, and its note."""
    return db.session.execute(select(*_APPOINTMENT, Appointment.note).where(_A.id == appointment_id)).first()


def messages(
    most: int, *, client_id: int | None = None, appointment_id: int | None = None, after: int | None = None
) -> Sequence[Found]:
    """The messages of a client or about an appointment, the newest first, before that one. One query."""
    query = select(*_MESSAGE)
    if client_id is not None:
        query = query.where(_M.client_id == client_id)
    if appointment_id is not None:
        query = query.where(_M.appointment_id == appointment_id)
    if after is not None:
        query = query.where(_M.id < after)
    return db.session.execute(query.order_by(_M.id.desc()).limit(most)).all()


def message(message_id: int) -> Found | None:
    """The same columns of one message."""
    return db.session.execute(select(*_MESSAGE).where(_M.id == message_id)).first()
