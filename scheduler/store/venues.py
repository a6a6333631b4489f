"""Queries about places: venues, sites, who is assigned, opening windows, closures, and what stands there in future."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Client,
    Closure,
    OpeningWindow,
    SafetyCase,
    Session,
    SessionStaff,
    Site,
    Staff,
    StaffVenue,
    Stay,
    Venue,
)
from scheduler.rules.audience import Eligibility
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Mode
from scheduler.store.diary import COUNTED_STATES

CARD = (
    Venue.id, Venue.site_id, Venue.kind, Venue.confidential, Venue.active, Venue.zone, Venue.arrive_early,
    Venue.leave_late, Venue.creche, Venue.step_free, Venue.name, Venue.label, Venue.version,
)


class StandingSession(NamedTuple):
    """A session that has not been cancelled, as a change of opening times sees it."""

    id: int
    venue: int
    site: int
    span: Interval
    audience: str
    modes: tuple[str, ...]
    workers_are_women: bool


class StandingPresence(NamedTuple):
    """A counted appointment in person of someone who may not be in what is for women."""

    appointment: int
    site: int
    present: Interval


def zones_at(site_ids: Collection[int]) -> set[str]:
    """The time zones of the venues at these sites."""
    return set(db.session.execute(select(Venue.zone).where(Venue.site_id.in_(tuple(site_ids))).distinct()).scalars())


def cards(ids: Collection[int] | None = None, *, active_only: bool = False) -> Sequence[Any]:
    """The columns of a venue card: all venues, or those with these ids."""
    query = select(*CARD)
    if ids is not None:
        query = query.where(Venue.id.in_(ids))
    if active_only:
        query = query.where(Venue.active.is_(True))
    return db.session.execute(query).all()


def record(venue_id: int) -> Venue | None:
    """The whole venue."""
    return db.session.get(Venue, venue_id)


def staff_of(venue_id: int) -> frozenset[int]:
    """The workers assigned to this venue."""
    return frozenset(db.session.execute(select(StaffVenue.staff_id).where(StaffVenue.venue_id == venue_id)).scalars())


def sites() -> Sequence[Any]:
    """Every site's id and name."""
    return db.session.execute(select(Site.id, Site.name)).all()


def site(site_id: int) -> Site | None:
    """The whole site."""
    return db.session.get(Site, site_id)


def window_rows(venue_id: int, from_day: date | None = None) -> Sequence[OpeningWindow]:
    """A venue's opening windows by weekday and time; with `from_day`, only those that hold on that day or later."""
    query = select(OpeningWindow).where(OpeningWindow.venue_id == venue_id)
    if from_day is not None:
        query = query.where(or_(OpeningWindow.valid_until.is_(None), OpeningWindow.valid_until >= from_day))
    query = query.order_by(OpeningWindow.weekday, OpeningWindow.from_minute, OpeningWindow.id)
    return db.session.execute(query).scalars().all()


def closures(venue_id: int, span: Interval) -> list[Interval]:
    """A venue's closures that touch `span`."""
    query = select(Closure.start, Closure.end).where(
        Closure.venue_id == venue_id, Closure.end > span.start, Closure.start < span.end
    )
    return [Interval(start, end) for start, end in db.session.execute(query)]


def closure_rows(venue_id: int, since: datetime) -> Sequence[Closure]:
    """A venue's closures that end after `since`, in order."""
    query = select(Closure).where(Closure.venue_id == venue_id, Closure.end > since).order_by(Closure.start)
    return db.session.execute(query).scalars().all()


def standing_sessions(site_ids: Collection[int], since: datetime) -> list[StandingSession]:
    """Every session at these sites that ends after `since` and has not been cancelled."""
    query = (
        select(Session.id, Session.venue_id, Session.site_id, Session.start, Session.end, Session.audience,
               Session.modes)
        .where(Session.site_id.in_(site_ids), Session.end > since, Session.cancelled_at.is_(None))
        .order_by(Session.start)
    )
    men = set(
        db.session.execute(
            select(SessionStaff.session_id)
            .join(Session, Session.id == SessionStaff.session_id)
            .join(Staff, Staff.id == SessionStaff.staff_id)
            .where(Session.site_id.in_(site_ids), Session.end > since, Staff.woman.is_(False))
        ).scalars()
    )
    return [
        StandingSession(
            row.id, row.venue_id, row.site_id, Interval(row.start, row.end), row.audience, tuple(row.modes),
            row.id not in men,
        )
        for row in db.session.execute(query)
    ]


def staffed_by(staff_id: int, since: datetime) -> dict[int, int]:
    """The site of each of a worker's sessions that end after `since` and have not been cancelled, by the session."""
    query = (
        select(Session.id, Session.site_id)
        .join(SessionStaff, SessionStaff.session_id == Session.id)
        .where(SessionStaff.staff_id == staff_id, Session.end > since, Session.cancelled_at.is_(None))
    )
    return {row.id: row.site_id for row in db.session.execute(query)}


def standing_presences(site_ids: Collection[int], since: datetime) -> list[StandingPresence]:
    """Every counted presence at these sites after `since` of a client not recorded as eligible (SAFETY.md 3)."""
    query = (
        select(Appointment.id, Appointment.site_id, Appointment.present_from, Appointment.present_until)
        .join(Client, Client.id == Appointment.client_id)
        .where(
            Appointment.site_id.in_(site_ids),
            Appointment.mode == Mode.IN_PERSON,
            Appointment.present_until > since,
            Appointment.state.in_(COUNTED_STATES),
            Client.eligibility != Eligibility.ELIGIBLE,
        )
        .order_by(Appointment.present_from)
    )
    return [
        StandingPresence(row.id, row.site_id, Interval(row.present_from, row.present_until))
        for row in db.session.execute(query)
    ]


def in_cases_of_women_only_times(site_ids: Collection[int]) -> set[int]:
    """The clients whose appointments at these sites have an open safety case because what they are in is for women."""
    query = (
        select(Appointment.client_id)
        .join(SafetyCase, SafetyCase.appointment_id == Appointment.id)
        .where(SafetyCase.closed_at.is_(None), SafetyCase.exclusion_id.is_(None), Appointment.site_id.in_(site_ids))
    )
    return set(db.session.execute(query).scalars())


def counted_appointments(venue_id: int, since: datetime) -> list[int]:
    """The counted appointments at this venue that end after `since`."""
    query = select(Appointment.id).where(
        Appointment.venue_id == venue_id, Appointment.end > since, Appointment.state.in_(COUNTED_STATES)
    )
    return list(db.session.execute(query).scalars())


def appointments_of_people_not_staying(venue_id: int, since: datetime) -> list[int]:
    """The counted appointments at this venue after `since` whose client is not recorded as staying there."""
    staying = select(Stay.client_id).where(
        Stay.venue_id == venue_id, Stay.since <= Appointment.start,
        or_(Stay.until.is_(None), Stay.until >= Appointment.end),
    )
    query = select(Appointment.id).where(
        Appointment.venue_id == venue_id,
        Appointment.end > since,
        Appointment.state.in_(COUNTED_STATES),
        Appointment.client_id.not_in(staying.correlate(Appointment)),
    )
    return list(db.session.execute(query).scalars())


def sessions_by_ids(ids: Iterable[int]) -> Sequence[Any]:
    """What a list of blockers shows of these sessions, in order of time."""
    query = (
        select(Session.id, Session.venue_id, Session.title, Session.start, Session.end)
        .where(Session.id.in_(list(ids)))
        .order_by(Session.start)
    )
    return db.session.execute(query).all()


def appointments_by_ids(ids: Iterable[int]) -> Sequence[Any]:
    """What a list of blockers shows of these appointments, in order of time: never who."""
    query = (
        select(Appointment.id, Appointment.venue_id, Appointment.session_id, Appointment.start, Appointment.end)
        .where(Appointment.id.in_(list(ids)))
        .order_by(Appointment.start)
    )
    return db.session.execute(query).all()
