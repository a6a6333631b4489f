"""What the reception desk asks: one appointment with its words, a client's appointments, types, and what a session is
called."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, or_, select

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Client, Message, Session, Staff, Venue

Found: TypeAlias = Row[*tuple[Any, ...]]

#: States of an appointment that nobody expects any more.
_DROPPED = ("cancelled", "entered-in-error")

_APPOINTMENT = (
    Appointment.id, Appointment.client_id, Appointment.own_number, Appointment.session_id, Appointment.staff_id,
    Appointment.type_id, Appointment.mode, Appointment.state, Appointment.start, Appointment.end, Appointment.creche,
    Appointment.cancel_reason, Appointment.made_by, Appointment.version, AppointmentType.name.label("kind"),
    Appointment.venue_id, Venue.name.label("venue_name"), Venue.label.label("venue_label"), Venue.confidential,
    Venue.zone, Staff.given_name.label("staff_given"), Staff.family_name.label("staff_family"),
)


def _with_words(*more: Any) -> Any:
    return (
        select(*_APPOINTMENT, *more)
        .join(AppointmentType, AppointmentType.id == Appointment.type_id)
        .join(Venue, Venue.id == Appointment.venue_id)
        .outerjoin(Staff, Staff.id == Appointment.staff_id)
    )


def appointment(appointment_id: int) -> Found | None:
    """One appointment with its type, venue, worker and client. One query."""
    return db.session.execute(
        _with_words(Appointment.note, Appointment.interpreter, Client.given_name, Client.family_name, Client.reference)
        .join(Client, Client.id == Appointment.client_id)
        .where(Appointment.id == appointment_id)
    ).first()


def upcoming(client_id: int, since: datetime, most: int = 20) -> list[Found]:
    """A client's standing appointments that end after `since`, the soonest first. One query."""
    return list(db.session.execute(
        _with_words()
        .where(Appointment.client_id == client_id, Appointment.end > since, Appointment.state.not_in(_DROPPED))
        .order_by(Appointment.start).limit(most)
    ))


def past(client_id: int, until: datetime, most: int = 8) -> list[Found]:
    """A client's appointments that ended by `until` or were cancelled, the latest first. One query."""
    return list(db.session.execute(
        _with_words()
        .where(Appointment.client_id == client_id, or_(Appointment.end <= until, Appointment.state.in_(_DROPPED)))
        .order_by(Appointment.start.desc()).limit(most)
    ))


def types() -> list[Found]:
    """The appointment types in use, by name: id, name, minutes, least_minutes, most_minutes, group. One query."""
    return list(db.session.execute(
        select(AppointmentType.id, AppointmentType.name, AppointmentType.minutes, AppointmentType.least_minutes,
               AppointmentType.most_minutes, AppointmentType.group)
        .where(AppointmentType.active.is_(True)).order_by(AppointmentType.name, AppointmentType.id)
    ))


def session_words(ids: Collection[int]) -> dict[int, Found]:
    """What these sessions are called and where they are: title, kind, room, venue_id, creche. One query."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(Session.id, Session.title, Session.kind, Session.room, Session.venue_id, Session.creche)
        .where(Session.id.in_(ids))
    )
    return {row.id: row for row in rows}


def venues(ids: Collection[int]) -> dict[int, Found]:
    """These venues: id, name, label, confidential, zone. One query."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(Venue.id, Venue.name, Venue.label, Venue.confidential, Venue.zone, Venue.kind).where(Venue.id.in_(ids))
    )
    return {row.id: row for row in rows}


def texts_of(appointment_id: int) -> list[Found]:
    """The texts of one appointment, never their words: purpose, state, send_after, outcome, the newest last."""
    return list(db.session.execute(
        select(Message.purpose, Message.state, Message.send_after, Message.outcome)
        .where(Message.appointment_id == appointment_id).order_by(Message.id)
    ))


def last_type(client_id: int) -> int | None:
    """The type of the appointment with a worker that this client had or has last. One query."""
    return db.session.execute(
        select(Appointment.type_id)
        .where(Appointment.client_id == client_id, Appointment.staff_id.is_not(None))
        .order_by(Appointment.start.desc()).limit(1)
    ).scalar_one_or_none()
