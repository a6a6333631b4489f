"""Appointments to come, and what is known of whether she was told of each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, select

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Client, Message, SafeContact, Staff, Telling, Venue
from scheduler.rules.states import OPEN
from scheduler.rules.telling import Said, Text

Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _M, _T = Appointment.__table__.c, Message.__table__.c, Telling.__table__.c


def coming(start: datetime, until: datetime) -> list[Columns]:
    """Appointments still to come that begin in the range, the soonest first, with what a list of them shows and
    whether a call is recorded as safe. One query, by the index of starts."""
    calls = SafeContact.__table__
    query = (
        select(
            _A.id, _A.client_id, _A.start, _A.version, _A.made_by, _A.mode, _A.venue_id, Client.given_name,
            Client.family_name, Client.phone, AppointmentType.name.label("kind"), Venue.name, Venue.label,
            Venue.confidential, Venue.zone, Staff.given_name.label("staff_given"),
            Staff.family_name.label("staff_family"), calls.c.safe.label("call"), calls.c.hours, calls.c.review_on,
            calls.c.paused,
        )
        .join(Client, Client.id == _A.client_id)
        .join(AppointmentType, AppointmentType.id == _A.type_id)
        .join(Venue, Venue.id == _A.venue_id)
        .outerjoin(Staff, Staff.id == _A.staff_id)
        .outerjoin(calls, (calls.c.client_id == _A.client_id) & (calls.c.channel == "call"))
        .where(_A.start >= start, _A.start < until, _A.state.in_([str(state) for state in OPEN]))
        .order_by(_A.start, _A.id)
    )
    return list(db.session.execute(query))


def texts_about(appointments: Collection[int]) -> dict[int, list[Text]]:
    """The texts about each of these appointments, in the order in which they were planned. One query."""
    found: dict[int, list[Text]] = {}
    if appointments:
        query = select(
            _M.appointment_id, _M.state, _M.appointment_version, _M.outcome, _M.settled_at, _M.claimed_at, _M.send_after
        ).where(_M.appointment_id.in_(tuple(appointments)), _M.purpose.not_in(("link", "cancellation")))
        for row in db.session.execute(query.order_by(_M.id)):
            at = row.send_after if row.state == "planned" else row.settled_at or row.claimed_at
            found.setdefault(row.appointment_id, []).append(Text(row.state, row.appointment_version, row.outcome, at))
    return found


def said_about(appointments: Collection[int]) -> dict[int, list[Said]]:
    """Who was told by one of us, of each of these appointments. One query."""
    found: dict[int, list[Said]] = {}
    if appointments:
        query = select(_T.appointment_id, _T.version, _T.how, _T.told_at)
        for row in db.session.execute(query.where(_T.appointment_id.in_(tuple(appointments))).order_by(_T.id)):
            found.setdefault(row.appointment_id, []).append(Said(row.version, row.how, row.told_at))
    return found
