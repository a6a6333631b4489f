"""What the booking rules need to know, in a constant number of queries whatever the range: sessions, taken time, a
client's own appointments, the presences of those she is kept from, and women-only windows.

Everything comes back as the frozen records of `scheduler.rules`; columns only, no entities, for this is the hot path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Row, and_, exists, literal, or_, select, union_all

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Client,
    Exclusion,
    ExclusionSite,
    Match,
    OpeningWindow,
    Session,
    SessionStaff,
    SiteNeighbour,
    Staff,
    StaffVenue,
    Stay,
    Venue,
)
from scheduler.rules.audience import Audience, Window
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.presence import Kind, Margins, Mode, presence
from scheduler.rules.separation import Apart, Person, Presence, Separation
from scheduler.rules.slots import Opening, Own, Taken
from scheduler.rules.states import COUNTED

#: As plain strings, once: what a database comparison needs.
COUNTED_STATES = tuple(sorted(str(state) for state in COUNTED))

#: No appointment or session is longer than this, so a range of starts widened by it misses no overlap.
LONGEST = timedelta(days=1)

_S, _SS, _V, _A = Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c, Appointment.__table__.c
_X, _M, _T = Exclusion.__table__.c, Match.__table__.c, Staff.__table__.c


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of this name."""
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def _margins(early: int, late: int) -> Margins:
    return Margins(timedelta(minutes=early), timedelta(minutes=late))


class ClientRow(NamedTuple):
    """What of a client decides where she may be."""

    id: int
    eligibility: str
    request_mode: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A session as booking sees it: the rules' `Opening`, and what the rules need not know."""

    opening: Opening
    types: tuple[int, ...]
    zone: ZoneInfo
    confidential: bool
    women: frozenset[int]


def client(client_id: int) -> ClientRow | None:
    """The client, or None."""
    row = db.session.execute(
        select(Client.id, Client.eligibility, Client.request_mode, Client.active).where(Client.id == client_id)
    ).first()
    return ClientRow(*row) if row else None


def appointment_type(type_id: int) -> Row[Any] | None:
    """The appointment type's columns, or None."""
    return db.session.execute(select(AppointmentType.__table__).where(AppointmentType.id == type_id)).first()


_HELD = (
    select(
        _S.id, _S.series_id, _S.venue_id, _S.site_id, _S.start, _S.end, _S.kind, _S.audience, _S.modes, _S.types,
        _S.seats, _S.creche, _V.arrive_early, _V.leave_late, _V.zone, _V.confidential, _SS.staff_id, _T.woman,
    )
    .select_from(
        Session.__table__.join(Venue.__table__, _V.id == _S.venue_id)
        .outerjoin(SessionStaff.__table__, _SS.session_id == _S.id)
        .outerjoin(Staff.__table__, _T.id == _SS.staff_id)
    )
    .where(_S.cancelled_at.is_(None), _V.active)
    .order_by(_S.start, _S.id, _SS.staff_id)
)


def _gather(rows: Iterable[Row[Any]]) -> list[Held]:
    found: list[Held] = []
    current: Row[Any] | None = None
    staff: list[int] = []
    women: list[int] = []

    def close() -> None:
        if current is None:
            return
        kind = Kind(current.kind)
        found.append(
            Held(
                Opening(
                    current.id,
                    current.series_id if kind is Kind.GROUP else None,
                    current.venue_id,
                    current.site_id,
                    Interval(current.start, current.end),
                    kind,
                    current.audience,
                    tuple(current.modes),
                    tuple(staff),
                    _margins(current.arrive_early, current.leave_late),
                    current.seats,
                    current.creche,
                ),
                tuple(current.types),
                zone(current.zone),
                current.confidential,
                frozenset(women),
            )
        )

    for row in rows:
        if current is None or row.id != current.id:
            close()
            current, staff, women = row, [], []
        if row.staff_id is not None:
            staff.append(row.staff_id)
            if row.woman:
                women.append(row.staff_id)
    close()
    return found


def sessions(start: datetime, until: datetime, venues: Collection[int] = ()) -> list[Held]:
    """Sessions that stand and begin in `start <= t < until`, in order; at these venues, or at any if none is given."""
    query = _HELD.where(_S.start >= start, _S.start < until)
    if venues:
        query = query.where(_S.venue_id.in_(tuple(venues)))
    return _gather(db.session.execute(query))


def session(session_id: int) -> Held | None:
    """One session that stands, or None."""
    found = _gather(db.session.execute(_HELD.where(_S.id == session_id)))
    return found[0] if found else None


_TAKEN = select(_A.session_id, _A.staff_id, _A.busy_from, _A.busy_until, _A.creche).where(
    _A.state.in_(COUNTED_STATES)
)


def _taken(where: tuple[ColumnElement[bool], ...]) -> dict[int, list[Taken]]:
    found: dict[int, list[Taken]] = {}
    for session_id, staff_id, busy_from, busy_until, creche in db.session.execute(_TAKEN.where(*where)):
        found.setdefault(session_id, []).append(Taken(session_id, staff_id, Interval(busy_from, busy_until), creche))
    return found


def taken(start: datetime, until: datetime, venues: Collection[int] = ()) -> dict[int, list[Taken]]:
    """What stands in the sessions that begin in the range, by session id."""
    where = [_A.start >= start, _A.start < until + LONGEST]
    if venues:
        where.append(_A.venue_id.in_(tuple(venues)))
    return _taken(tuple(where))


def taken_in(session_id: int, but_not: int | None = None) -> list[Taken]:
    """What stands in one session, leaving out the appointment `but_not`."""
    where = [_A.session_id == session_id]
    if but_not is not None:
        where.append(_A.id != but_not)
    return _taken(tuple(where)).get(session_id, [])


def own(client_id: int, start: datetime, until: datetime, but_not: int | None = None) -> tuple[Own, ...]:
    """The client's own appointments that could touch the range, leaving out the appointment `but_not`."""
    query = select(_A.start, _A.end, _A.site_id, _A.present_from, _A.present_until).where(
        _A.client_id == client_id,
        _A.start >= start - 2 * LONGEST,
        _A.start < until + 2 * LONGEST,
        _A.state.in_(COUNTED_STATES),
    )
    if but_not is not None:
        query = query.where(_A.id != but_not)
    return tuple(
        Own(
            Interval(row.start, row.end),
            row.site_id if row.present_from else None,
            Interval(row.present_from, row.present_until) if row.present_from else None,
        )
        for row in db.session.execute(query)
    )


def aparts(person: Person) -> list[Apart]:
    """Every exclusion in force that touches this person, whichever side they are on. A possible match counts as yes;
    only a dismissed one does not (SAFETY.md 2)."""
    in_force = and_(_X.active, _M.state != "dismissed")
    joined = Exclusion.__table__.join(Match.__table__, _M.named_person_id == _X.named_person_id)
    named = (
        select(
            literal("client").label("kind"), _X.client_id.label("other"), _X.separation, _X.gap_minutes, _X.id,
            ExclusionSite.site_id, literal(1).label("named"),
        )
        .select_from(joined.outerjoin(ExclusionSite.__table__, ExclusionSite.exclusion_id == _X.id))
        .where(in_force, _M.person_kind == person.kind, _M.person_id == person.id)
    )
    query: Any = named
    if person.kind == "client":
        protects = (
            select(
                _M.person_kind, _M.person_id, _X.separation, _X.gap_minutes, _X.id,
                literal(None).label("site_id"), literal(0),
            )
            .select_from(joined)
            .where(in_force, _X.client_id == person.id)
        )
        query = union_all(named, protects)
    sites: dict[tuple[int, Person, bool], set[int]] = {}
    rule: dict[tuple[int, Person, bool], tuple[str, int]] = {}
    for kind, other, separation, gap, exclusion, site, is_named in db.session.execute(query):
        if (kind, other) == person:
            continue
        about = (exclusion, Person(kind, other), bool(is_named))
        rule[about] = (separation, gap)
        if site is not None:
            sites.setdefault(about, set()).add(site)
    return [
        Apart(about[1], Separation(separation), timedelta(minutes=gap), frozenset(sites.get(about, ())), about[2])
        for about, (separation, gap) in rule.items()
    ]


def is_named(client_id: int) -> bool:
    """True when an active exclusion names this client, by a possible or confirmed match."""
    query = select(
        exists().where(
            _M.person_kind == "client", _M.person_id == client_id, _M.state != "dismissed",
            _X.named_person_id == _M.named_person_id, _X.active,
        )
    )
    return bool(db.session.execute(query).scalar())


def presences(people: Collection[Person], start: datetime, until: datetime) -> list[Presence]:
    """Every counted presence of these people that could come near the range, two days either side."""
    clients = tuple(person.id for person in people if person.kind == "client")
    staff = tuple(person.id for person in people if person.kind == "staff")
    low, high = start - 2 * LONGEST, until + 2 * LONGEST
    found: list[Presence] = []
    if clients:
        found += _client_presences(_A.client_id.in_(clients), _A.start >= low, _A.start < high)
    if staff:
        found += _staff_presences(_SS.staff_id.in_(staff), _SS.start >= low, _SS.start < high)
    return found


def _client_presences(*where: ColumnElement[bool]) -> list[Presence]:
    query = (
        select(
            _A.client_id, _A.site_id, _A.start, _A.end, _A.present_from, _A.present_until, _A.session_id, _S.kind,
            _S.series_id, _V.zone,
        )
        .select_from(
            Appointment.__table__.join(Session.__table__, _S.id == _A.session_id).join(
                Venue.__table__, _V.id == _A.venue_id
            )
        )
        .where(
            *where, _A.state.in_(COUNTED_STATES), or_(_A.present_from.is_not(None), _S.kind == str(Kind.GROUP))
        )
    )
    found = []
    for row in db.session.execute(query):
        here = row.present_from is not None
        span = Interval(row.present_from, row.present_until) if here else Interval(row.start, row.end)
        group = row.kind == Kind.GROUP
        found.append(
            Presence(
                Person("client", row.client_id), row.site_id if here else None, span, local_days(span, zone(row.zone)),
                row.session_id if group else None, row.series_id if group else None,
            )
        )
    return found


def _staff_presences(*where: ColumnElement[bool]) -> list[Presence]:
    query = (
        select(
            _SS.staff_id, _S.id, _S.site_id, _S.start, _S.end, _S.modes, _S.kind, _S.series_id, _V.zone,
            _V.arrive_early, _V.leave_late,
        )
        .select_from(
            SessionStaff.__table__.join(Session.__table__, _S.id == _SS.session_id).join(
                Venue.__table__, _V.id == _S.venue_id
            )
        )
        .where(*where, _S.cancelled_at.is_(None))
    )
    found = []
    for row in db.session.execute(query):
        here = Mode.IN_PERSON in row.modes
        group = row.kind == Kind.GROUP
        if not here and not group:
            continue
        margins = _margins(row.arrive_early, row.leave_late)
        span = presence(Mode.IN_PERSON, row.start, row.end, margins) if here else Interval(row.start, row.end)
        assert span is not None
        found.append(
            Presence(
                Person("staff", row.staff_id), row.site_id if here else None, span, local_days(span, zone(row.zone)),
                row.id if group else None, row.series_id if group else None,
            )
        )
    return found


def enrolled(people: Collection[Person]) -> list[Presence]:
    """One presence for each group series that these people are enrolled in, whatever the date (`series`, SAFETY.md 2).

    Their places and times are left empty: only the series counts.
    """
    clients = tuple(person.id for person in people if person.kind == "client")
    staff = tuple(person.id for person in people if person.kind == "staff")
    nowhen = Interval(*[datetime(1970, 1, 1, tzinfo=UTC)] * 2)
    found: list[Presence] = []
    group = and_(_S.series_id.is_not(None), _S.kind == str(Kind.GROUP))
    if clients:
        query = (
            select(_A.client_id, _S.series_id)
            .join_from(Appointment.__table__, Session.__table__, _S.id == _A.session_id)
            .where(_A.client_id.in_(clients), _A.state.in_(COUNTED_STATES), group)
            .distinct()
        )
        found += [Presence(Person("client", c), None, nowhen, nowhen, None, s) for c, s in db.session.execute(query)]
    if staff:
        query = (
            select(_SS.staff_id, _S.series_id)
            .join_from(SessionStaff.__table__, Session.__table__, _S.id == _SS.session_id)
            .where(_SS.staff_id.in_(staff), _S.cancelled_at.is_(None), group)
            .distinct()
        )
        found += [Presence(Person("staff", c), None, nowhen, nowhen, None, s) for c, s in db.session.execute(query)]
    return found


def neighbours(sites: Collection[int] | None = None) -> dict[int, frozenset[int]]:
    """For each site, the sites whose doors are in sight of it, both ways round; around these sites, or for all."""
    query = select(SiteNeighbour.site_id, SiteNeighbour.neighbour_id)
    if sites is not None:
        query = query.where(SiteNeighbour.site_id.in_(tuple(sites)))
    near: dict[int, set[int]] = {}
    for site, neighbour in db.session.execute(query):
        near.setdefault(site, set()).add(neighbour)
        near.setdefault(neighbour, set()).add(site)
    return {site: frozenset(others) for site, others in near.items()}


_W = OpeningWindow.__table__.c


def windows(sites: Collection[int], audience: Audience | None = None) -> list[Window]:
    """The weekly opening times of every venue at these sites; those of one audience, or all."""
    query = (
        select(
            _W.venue_id, _V.site_id, _V.zone, _W.weekday, _W.from_minute, _W.until_minute, _W.audience,
            _W.clear_before, _W.clear_after, _W.women_staff_only, _W.valid_from, _W.valid_until,
        )
        .join_from(OpeningWindow.__table__, Venue.__table__, _V.id == _W.venue_id)
        .where(_V.site_id.in_(tuple(sites)))
    )
    if audience is not None:
        query = query.where(_W.audience == str(audience))
    return [
        Window(
            row.venue_id, row.site_id, row.weekday, row.from_minute, row.until_minute, zone(row.zone),
            Audience(row.audience), timedelta(minutes=row.clear_before), timedelta(minutes=row.clear_after),
            row.women_staff_only, row.valid_from, row.valid_until,
        )
        for row in db.session.execute(query)
    ]


def stays(client_id: int, start: datetime, until: datetime) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """When in the range the client is recorded as staying at a confidential venue, by venue id."""
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    rows = db.session.execute(
        select(Stay.venue_id, Stay.since, Stay.until).where(
            Stay.client_id == client_id, Stay.since < until, or_(Stay.until.is_(None), Stay.until > start)
        )
    )
    for venue, since, ends in rows:
        found.setdefault(venue, []).append((since, ends))
    return found


def assigned_venues(staff_id: int) -> frozenset[int]:
    """The venues this member of staff is assigned to."""
    return frozenset(db.session.execute(select(StaffVenue.venue_id).where(StaffVenue.staff_id == staff_id)).scalars())


def appointment(appointment_id: int) -> Row[Any] | None:
    """An appointment's columns, or None."""
    return db.session.execute(select(Appointment.__table__).where(_A.id == appointment_id)).first()


def standing_in(session_id: int) -> list[Row[Any]]:
    """Every counted appointment of a session, in order of time."""
    query = select(Appointment.__table__).where(_A.session_id == session_id, _A.state.in_(COUNTED_STATES))
    return list(db.session.execute(query.order_by(_A.start, _A.id)))


def of_client(client_id: int, since: datetime | None = None, own_number: int | None = None) -> list[Row[Any]]:
    """A client's appointments in every state, in order of time: all, or those that end after `since`."""
    query = select(Appointment.__table__).where(_A.client_id == client_id)
    if since is not None:
        query = query.where(_A.end > since)
    if own_number is not None:
        query = query.where(_A.own_number == own_number)
    return list(db.session.execute(query.order_by(_A.start, _A.id)))

