"""Who must be kept apart and where they will be: what `services.cases` weighs. The cases are in `store.cases`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, exists, or_, select, union

from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    Client,
    Exclusion,
    ExclusionSite,
    Match,
    OverrideClash,
    SafetyCase,
    Session,
    SessionStaff,
    Stay,
    Venue,
)
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.separation import Person, Separation
from scheduler.store.diary import COUNTED_STATES, LONGEST, zone

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _S, _SS, _V = Appointment.__table__.c, Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c
_X, _M, _C, _K = Exclusion.__table__.c, Match.__table__.c, Client.__table__.c, SafetyCase.__table__.c
_O = OverrideClash.__table__.c

_IN_FORCE = and_(_X.active, _M.state != "dismissed")


class Kept(NamedTuple):
    """One exclusion in force and one person it may name."""

    exclusion: int
    protected: Person
    named: Person
    separation: Separation
    gap_minutes: int


class There(NamedTuple):
    """Someone's future appointment, or a worker's future session. `site` is None when it is held at a distance; `span`
    has the margins when it is not. `worker` is whom an appointment is with."""

    person: Person
    appointment: int | None
    session: int
    site: int | None
    span: Interval
    zone: ZoneInfo
    group: bool
    series: int | None
    worker: int | None


def touching(clients: Collection[int], staff: Collection[int]) -> set[int]:
    """Every exclusion, in force or not, that protects one of these clients or may name one of these people."""
    clients, staff = tuple(clients), tuple(staff)
    named = select(_X.id).join_from(Exclusion.__table__, Match.__table__, _M.named_person_id == _X.named_person_id)
    query = union(
        select(_X.id).where(_X.client_id.in_(clients)),
        named.where(_M.person_kind == "client", _M.person_id.in_(clients)),
        named.where(_M.person_kind == "staff", _M.person_id.in_(staff)),
    )
    return set(db.session.execute(query).scalars())


def kept_apart(exclusions: Collection[int] | None) -> list[Kept]:
    """The pairs that these exclusions keep apart while they are in force; of all exclusions when None."""
    query = (
        select(_X.id, _X.client_id, _M.person_kind, _M.person_id, _X.separation, _X.gap_minutes)
        .join_from(Exclusion.__table__, Match.__table__, _M.named_person_id == _X.named_person_id)
        .where(_IN_FORCE)
    )
    if exclusions is not None:
        query = query.where(_X.id.in_(tuple(exclusions)))
    return [
        Kept(row.id, Person("client", row.client_id), Person(row.person_kind, row.person_id),
             Separation(row.separation), row.gap_minutes)
        for row in db.session.execute(query)
        if (row.person_kind, row.person_id) != ("client", row.client_id)
    ]  # fmt: skip


def closed_sites(exclusions: Collection[int] | None) -> dict[int, frozenset[int]]:
    """The sites at which the named person of each `site` exclusion is never booked."""
    query = select(ExclusionSite.exclusion_id, ExclusionSite.site_id)
    query = query.join(Exclusion, _X.id == ExclusionSite.exclusion_id)
    query = query.where(_X.active, _X.separation == str(Separation.SITE))
    if exclusions is not None:
        query = query.where(_X.id.in_(tuple(exclusions)))
    found: dict[int, set[int]] = {}
    for exclusion, site in db.session.execute(query):
        found.setdefault(exclusion, set()).add(site)
    return {exclusion: frozenset(sites) for exclusion, sites in found.items()}


def whereabouts(people: Iterable[Person] | None, now: datetime) -> list[There]:
    """Every counted presence, place in a group, and appointment with a worker that ends after `now`, of these people;
    of everyone in an exclusion in force when None. Two queries."""
    if people is None:
        clients: Any = union(
            select(_X.client_id).where(_X.active),
            select(_M.person_id)
            .join_from(Match.__table__, Exclusion.__table__, _M.named_person_id == _X.named_person_id)
            .where(_IN_FORCE, _M.person_kind == "client"),
        )
        staff: Any = (
            select(_M.person_id)
            .join_from(Match.__table__, Exclusion.__table__, _M.named_person_id == _X.named_person_id)
            .where(_IN_FORCE, _M.person_kind == "staff")
        )
        return _of_clients(_A.client_id.in_(clients), now) + _of_staff(_SS.staff_id.in_(staff), now)
    everyone = list(people)
    of_clients = tuple({person.id for person in everyone if person.kind == "client"})
    of_staff = tuple({person.id for person in everyone if person.kind == "staff"})
    found = _of_clients(_A.client_id.in_(of_clients), now) if of_clients else []
    return found + (_of_staff(_SS.staff_id.in_(of_staff), now) if of_staff else [])


def _of_clients(whose: ColumnElement[bool], now: datetime) -> list[There]:
    query = (
        select(
            _A.id, _A.client_id, _A.session_id, _A.site_id, _A.start, _A.end, _A.present_from, _A.present_until,
            _A.staff_id, _S.kind, ENROLMENT.label("series_id"), _V.zone,
        )
        .select_from(
            Appointment.__table__.join(Session.__table__, _S.id == _A.session_id).join(
                Venue.__table__, _V.id == _A.venue_id
            )
        )
        .where(whose, _A.state.in_(COUNTED_STATES), _A.start > now - 2 * LONGEST)
    )
    found = []
    for row in db.session.execute(query):
        here = row.present_from is not None
        span = Interval(row.present_from, row.present_until) if here else Interval(row.start, row.end)
        if span.end <= now:
            continue
        group = row.kind == Kind.GROUP
        found.append(
            There(
                Person("client", row.client_id), row.id, row.session_id, row.site_id if here else None, span,
                zone(row.zone), group, row.series_id if group else None, row.staff_id,
            )
        )
    return found


def _of_staff(whose: ColumnElement[bool], now: datetime) -> list[There]:
    query = (
        select(
            _SS.staff_id, _S.id, _S.site_id, _S.start, _S.end, _S.modes, _S.kind, ENROLMENT.label("series_id"), _V.zone,
            _V.arrive_early, _V.leave_late,
        )
        .select_from(
            SessionStaff.__table__.join(Session.__table__, _S.id == _SS.session_id).join(
                Venue.__table__, _V.id == _S.venue_id
            )
        )
        .where(whose, _S.cancelled_at.is_(None), _SS.start > now - 2 * LONGEST)
    )
    found = []
    for row in db.session.execute(query):
        here, group = Mode.IN_PERSON in row.modes, row.kind == Kind.GROUP
        span = Interval(row.start, row.end)
        if here:
            span = span.widened(timedelta(minutes=row.arrive_early), timedelta(minutes=row.leave_late))
        if span.end > now:
            found.append(
                There(
                    Person("staff", row.staff_id), None, row.id, row.site_id if here else None, span, zone(row.zone),
                    group, row.series_id if group else None, row.staff_id,
                )
            )
    return found


def not_eligible(clients: Collection[int] | None, now: datetime) -> list[Columns]:
    """The counted appointments, ending after `now`, of those of these clients (of all when None) who are not recorded
    as eligible for what is for women."""
    query = (
        select(_A.id, _A.client_id, _A.site_id, _A.start, _A.end, _A.present_from, _A.present_until, _S.audience)
        .select_from(
            Appointment.__table__.join(Session.__table__, _S.id == _A.session_id).join(
                Client.__table__, _C.id == _A.client_id
            )
        )
        .where(_C.eligibility != "eligible", _A.state.in_(COUNTED_STATES), _A.start > now - 2 * LONGEST)
    )
    if clients is not None:
        query = query.where(_A.client_id.in_(tuple(clients)))
    return [row for row in db.session.execute(query) if (row.present_until or row.end) > now]


def not_staying(clients: Collection[int] | None, now: datetime) -> list[Columns]:
    """The counted appointments at confidential venues, ending after `now`, of those of these clients (of all when None)
    who are not recorded as staying there for the whole of it."""
    stays = Stay.__table__.c
    staying = exists().where(
        stays.client_id == _A.client_id, stays.venue_id == _A.venue_id, stays.since <= _A.start,
        or_(stays.until.is_(None), stays.until >= _A.end),
    )
    query = (
        select(_A.id, _A.client_id, _A.start, _A.end, _A.present_from, _A.present_until)
        .join_from(Appointment.__table__, Venue.__table__, _V.id == _A.venue_id)
        .where(_V.confidential, _A.state.in_(COUNTED_STATES), _A.start > now - 2 * LONGEST, ~staying)
    )
    if clients is not None:
        query = query.where(_A.client_id.in_(tuple(clients)))
    return [row for row in db.session.execute(query) if (row.present_until or row.end) > now]
