"""Queries about sessions and series: where workers and rooms are, who comes, and what a series has made."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Client, Series, Session, SessionStaff, Staff, Venue
from scheduler.rules.hosting import Commitment
from scheduler.rules.intervals import Interval
from scheduler.rules.states import State
from scheduler.store.diary import COUNTED_STATES, LONGEST

_CAME = (str(State.ARRIVED), str(State.CHECKED_IN), str(State.FULFILLED))


def record(session_id: int) -> Session | None:
    """The whole session, cancelled or not."""
    return db.session.get(Session, session_id)


def series(series_id: int) -> Series | None:
    """The whole series."""
    return db.session.get(Series, series_id)


def staff_in(session_id: int) -> tuple[int, ...]:
    """The workers of a session, by id."""
    query = select(SessionStaff.staff_id).where(SessionStaff.session_id == session_id).order_by(SessionStaff.staff_id)
    return tuple(db.session.execute(query).scalars())


def workers(staff_ids: Collection[int]) -> Sequence[Any]:
    """Of each of these workers: id, names, whether they are recorded as female, see clients and still work here."""
    query = select(
        Staff.id, Staff.given_name, Staff.family_name, Staff.woman, Staff.sees_clients, Staff.active
    ).where(Staff.id.in_(staff_ids))
    return db.session.execute(query).all()


def all_workers() -> Sequence[Any]:
    """Everyone who works here and sees clients: id, names, job, whether they are recorded as female."""
    query = select(Staff.id, Staff.given_name, Staff.family_name, Staff.job, Staff.woman).where(
        Staff.active.is_(True), Staff.sees_clients.is_(True)
    )
    return db.session.execute(query).all()


def types(*, active_only: bool = True) -> Sequence[Any]:
    """The appointment types: id, name, whether they are for groups, usual minutes."""
    query = select(AppointmentType.id, AppointmentType.name, AppointmentType.group, AppointmentType.minutes)
    if active_only:
        query = query.where(AppointmentType.active.is_(True))
    return db.session.execute(query.order_by(AppointmentType.id)).all()


def commitments(staff_ids: Collection[int], venue_id: int, room: str | None, span: Interval) -> list[Commitment]:
    """The sessions that stand in `span` and have one of these workers, or a room at this venue when `room` is set."""
    found: list[Commitment] = []
    stands = (
        Session.start >= span.start - LONGEST, Session.start < span.end, Session.end > span.start,
        Session.cancelled_at.is_(None),
    )
    if staff_ids:
        theirs = (
            select(SessionStaff.session_id, Session.start, Session.end, SessionStaff.staff_id)
            .join(Session, Session.id == SessionStaff.session_id)
            .where(SessionStaff.staff_id.in_(staff_ids), SessionStaff.start >= span.start - LONGEST)
            .where(SessionStaff.start < span.end, *stands)
        )
        found += [Commitment(s, Interval(start, end), staff=w) for s, start, end, w in db.session.execute(theirs)]
    if room:
        rooms = select(Session.id, Session.start, Session.end, Session.room).where(
            Session.venue_id == venue_id, Session.room.is_not(None), *stands
        )
        found += [Commitment(s, Interval(start, end), room=r) for s, start, end, r in db.session.execute(rooms)]
    return found


def counted_clients(session_id: int) -> frozenset[int]:
    """The clients who have a counted appointment in this session."""
    query = select(Appointment.client_id).where(
        Appointment.session_id == session_id, Appointment.state.in_(COUNTED_STATES)
    )
    return frozenset(db.session.execute(query).scalars())


# --- lists ------------------------------------------------------------------------------------------------------------

_LISTED = (
    Session.id, Session.series_id, Session.series_day, Session.venue_id, Session.title, Session.start, Session.end,
    Session.kind, Session.audience, Session.modes, Session.seats, Session.creche, Session.room, Session.cancelled_at,
    Session.version, Venue.name, Venue.label, Venue.confidential, Venue.zone, Venue.kind.label("venue_kind"),
)


def listed(
    start: datetime, until: datetime, *, staff_id: int | None = None, venue_ids: Collection[int] | None = None
) -> Sequence[Any]:
    """The sessions that touch `start <= t < until`, in order: those of a worker, or those at these venues."""
    query = (
        select(*_LISTED)
        .join(Venue, Venue.id == Session.venue_id)
        .where(Session.start >= start - LONGEST, Session.start < until, Session.end > start)
        .order_by(Session.start, Session.id)
    )
    if staff_id is not None:
        # The same bounds again, so that the worker's own index finds the few rows among everyone's.
        query = query.join(SessionStaff, SessionStaff.session_id == Session.id).where(
            SessionStaff.staff_id == staff_id, SessionStaff.start >= start - LONGEST, SessionStaff.start < until
        )
    if venue_ids is not None:
        query = query.where(Session.venue_id.in_(venue_ids))
    return db.session.execute(query).all()


def listed_series(series_id: int, since: datetime) -> Sequence[Any]:
    """The same columns of a series' sessions that end after `since` and stand, in order."""
    query = (
        select(*_LISTED)
        .join(Venue, Venue.id == Session.venue_id)
        .where(Session.series_id == series_id, Session.end > since, Session.cancelled_at.is_(None))
        .order_by(Session.start)
    )
    return db.session.execute(query).all()


def one_listed(session_id: int) -> Any | None:
    """The same columns of one session."""
    query = select(*_LISTED).join(Venue, Venue.id == Session.venue_id).where(Session.id == session_id)
    return db.session.execute(query).first()


def counts(session_ids: Collection[int]) -> dict[int, tuple[int, int]]:
    """For each session that has any: how many are expected or came, and how many came."""
    query = (
        select(
            Appointment.session_id,
            func.count(),
            func.sum(case((Appointment.state.in_(_CAME), 1), else_=0)),
        )
        .where(Appointment.session_id.in_(session_ids), Appointment.state.in_(COUNTED_STATES))
        .group_by(Appointment.session_id)
    )
    return {session: (int(booked), int(came)) for session, booked, came in db.session.execute(query)}


def staff_of_sessions(session_ids: Collection[int]) -> dict[int, list[Any]]:
    """For each session, its workers' ids and names."""
    query = (
        select(SessionStaff.session_id, Staff.id, Staff.given_name, Staff.family_name)
        .join(Staff, Staff.id == SessionStaff.staff_id)
        .where(SessionStaff.session_id.in_(session_ids))
        .order_by(SessionStaff.session_id, Staff.id)
    )
    found: dict[int, list[Any]] = {}
    for row in db.session.execute(query):
        found.setdefault(row.session_id, []).append(row)
    return found


def attendees(session_ids: Collection[int]) -> Sequence[Any]:
    """Everyone booked in these sessions but those entered in error, in order of time."""
    query = (
        select(
            Appointment.id, Appointment.session_id, Appointment.client_id, Appointment.staff_id,
            Appointment.mode, Appointment.state, Appointment.start, Appointment.end, Appointment.creche,
            Appointment.version, Appointment.type_id, Client.given_name, Client.family_name, Client.reference,
        )
        .join(Client, Client.id == Appointment.client_id)
        .where(Appointment.session_id.in_(session_ids), Appointment.state != str(State.ENTERED_IN_ERROR))
        .order_by(Appointment.start, Appointment.id)
    )
    return db.session.execute(query).all()


# --- series -----------------------------------------------------------------------------------------------------------


def days_made(series_id: int, zone: Any, since: date) -> set[date]:
    """The days from `since` for which a series has a session already, cancelled or not, moved or not."""
    query = select(Session.series_day, Session.start).where(
        Session.series_id == series_id, or_(Session.series_day >= since, Session.series_day.is_(None))
    )
    return {day or start.astimezone(zone).date() for day, start in db.session.execute(query)}


def sessions_of_series(series_id: int, since: datetime) -> Sequence[Session]:
    """A series' sessions that end after `since` and stand, in order."""
    query = (
        select(Session)
        .where(Session.series_id == series_id, Session.end > since, Session.cancelled_at.is_(None))
        .order_by(Session.start)
    )
    return db.session.execute(query).scalars().all()


def series_to_extend(until: date) -> list[int]:
    """The series in force whose sessions have not been made up to this day."""
    reached: ColumnElement[bool] = or_(Series.made_until.is_(None), Series.made_until < until)
    not_over = or_(Series.last_day.is_(None), Series.made_until.is_(None), Series.made_until < Series.last_day)
    query = select(Series.id).where(Series.active.is_(True), reached, not_over).order_by(Series.id)
    return list(db.session.execute(query).scalars())


def series_list(venue_ids: Collection[int]) -> Sequence[Series]:
    """The series in force at these venues."""
    query = select(Series).where(Series.venue_id.in_(venue_ids), Series.active.is_(True)).order_by(Series.id)
    return db.session.execute(query).scalars().all()
