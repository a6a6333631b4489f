"""What is asked to plan her texts anew: what is ahead of her, and what was said of it or tried."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from scheduler.extensions import db
from scheduler.models import Appointment, Message, Telling
from scheduler.rules.states import OPEN, State

Columns: TypeAlias = Row[*tuple[Any, ...]]

_M, _A, _T = Message.__table__.c, Appointment.__table__.c, Telling.__table__.c


def ahead(client_id: int, now: datetime, appointment_id: int | None = None) -> list[Columns]:
    """Her appointments that have not begun and stand or were cancelled, or this one of them."""
    query = select(_A.id, _A.version, _A.start, _A.state).where(
        _A.client_id == client_id, _A.start > now, _A.state.in_([*map(str, OPEN), str(State.CANCELLED)])
    )
    if appointment_id is not None:
        query = query.where(_A.id == appointment_id)
    return list(db.session.execute(query.order_by(_A.id)))


def said_of(appointments: Collection[int]) -> dict[int, list[Columns]]:
    """Every text about each of these appointments but links, in the order in which they were planned."""
    found: dict[int, list[Columns]] = {}
    query = select(
        _M.id, _M.appointment_id, _M.appointment_version, _M.purpose, _M.on_day, _M.state, _M.outcome, _M.claimed_at,
        _M.send_after, _M.send_before, _M.attempts,
    ).where(_M.appointment_id.in_(tuple(appointments)), _M.purpose != "link")
    for row in db.session.execute(query.order_by(_M.id)) if appointments else ():
        found.setdefault(row.appointment_id, []).append(row)
    return found


def told_by_us(appointments: Collection[int]) -> dict[tuple[int, int], datetime]:
    """When someone here told her of each of these appointments, by id and version."""
    query = select(_T.appointment_id, _T.version, _T.told_at).where(_T.appointment_id.in_(tuple(appointments)))
    return {(row[0], row[1]): row[2] for row in db.session.execute(query.order_by(_T.id))} if appointments else {}


def last_link(client_id: int) -> Columns | None:
    """The text with a link that was planned last for her, with the state of what it is about."""
    query = select(
        _M.id, _M.state, _M.outcome, _M.send_before, _M.appointment_id, _M.type_id, _A.state.label("about")
    ).join_from(Message.__table__, Appointment.__table__, _A.id == _M.appointment_id, isouter=True)
    query = query.where(_M.client_id == client_id, _M.purpose == "link")
    return db.session.execute(query.order_by(_M.id.desc()).limit(1)).first()
