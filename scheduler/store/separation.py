"""Who is kept apart from whom, and where and when those people are (SAFETY.md 2): a constant number of queries, however
many exclusions and appointments there are.

Everything comes back as the frozen records of `scheduler.rules`; columns only, no entities, for this is the hot path.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, bindparam, case, exists, func, literal, or_, select, union_all

from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    Exclusion,
    ExclusionSite,
    Match,
    Session,
    SessionStaff,
    SiteNeighbour,
    Venue,
)
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.presence import Kind, Mode, presence
from scheduler.rules.separation import Apart, Person, Presence, Separation
from scheduler.store.diary import COUNTED_STATES, LONGEST, margins_of, zone
from scheduler.store.nearby import both_ways

_S, _SS, _V, _A = Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c, Appointment.__table__.c
_X, _M = Exclusion.__table__.c, Match.__table__.c
_ENROLLED = ENROLMENT.label("series_id")

_IN_FORCE = and_(_X.active, _M.state != "dismissed")
_JOINED = Exclusion.__table__.join(Match.__table__, _M.named_person_id == _X.named_person_id)
_APARTS_NAMED = (
    select(
        literal("client").label("kind"), _X.client_id.label("other"), _X.separation, _X.gap_minutes, _X.id,
        ExclusionSite.site_id, literal(1).label("named"),
    )
    .select_from(_JOINED.outerjoin(ExclusionSite.__table__, ExclusionSite.exclusion_id == _X.id))
    .where(_IN_FORCE, _M.person_kind == bindparam("kind"), _M.person_id == bindparam("id"))
)
_APARTS_PROTECTED = (
    select(
        _M.person_kind, _M.person_id, _X.separation, _X.gap_minutes, _X.id, literal(None).label("site_id"), literal(0),
    )
    .select_from(_JOINED)
    .where(_IN_FORCE, _X.client_id == bindparam("id"))
)
_APARTS_CLIENT = union_all(_APARTS_NAMED, _APARTS_PROTECTED)


#: The neighbours of some sites, among the rows of `_APARTS_CLIENT`: two questions of every search, asked as one.
_NEAR = "near"
_APARTS_AND_NEAR = union_all(
    _APARTS_NAMED,
    _APARTS_PROTECTED,
    select(
        literal(_NEAR), SiteNeighbour.site_id, literal(""), literal(0), SiteNeighbour.neighbour_id, literal(None),
        literal(0),
    ).where(SiteNeighbour.site_id.in_(bindparam("sites", expanding=True))),
)


def aparts(person: Person) -> list[Apart]:
    """Every exclusion in force that touches this person, whichever side they are on. A possible match counts as yes;
    only a dismissed one does not (SAFETY.md 2)."""
    query = _APARTS_CLIENT if person.kind == "client" else _APARTS_NAMED
    return _aparts(person, db.session.execute(query, {"kind": person.kind, "id": person.id}))


def aparts_and_neighbours(client: int, sites: Collection[int]) -> tuple[list[Apart], dict[int, frozenset[int]]]:
    """`aparts` of this client and `nearby.neighbours` of these sites, in one question."""
    rows = db.session.execute(_APARTS_AND_NEAR, {"kind": "client", "id": client, "sites": tuple(sites)}).all()
    near = both_ways((row[1], row[4]) for row in rows if row[0] == _NEAR)
    return _aparts(Person("client", client), (row for row in rows if row[0] != _NEAR)), near


def _aparts(person: Person, rows: Iterable[Any]) -> list[Apart]:
    sites: dict[tuple[int, Person, bool], set[int]] = {}
    rule: dict[tuple[int, Person, bool], tuple[str, int]] = {}
    for kind, other, separation, gap, exclusion, site, is_named in rows:
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
    """Every counted presence of these people that could come near the range, three days either side: wherever it is,
    with its group and its whole days. `store.in_the_way` reads what one search needs of them."""
    clients = tuple(person.id for person in people if person.kind == "client")
    staff = tuple(person.id for person in people if person.kind == "staff")
    span = {"low": start - REACH, "high": until + REACH}
    found: list[Presence] = []
    for who, site, here, left, session, kind, series, name in (
        db.session.execute(_THERE, {**span, "clients": clients}) if clients else ()
    ):
        there, group = Interval(here, left), kind == Kind.GROUP
        days = local_days(there, zone(name))
        found.append(
            Presence(Person("client", who), site, there, days, session if group else None, series if group else None)
        )
    for shift in shifts(staff, start, until):
        days = local_days(shift.there, zone(shift.zone))
        found.append(Presence(shift.worker, shift.site, shift.there, days, shift.group, shift.series))
    return found


#: How far from a range an appointment or session may begin and still come near it: each is a day long at most, with
#: margins of some hours, and what counts may be the whole local day.
REACH = 3 * LONGEST

_THERE = (
    select(
        _A.client_id, case((_A.present_from.is_not(None), _A.site_id)).label("site"),
        func.coalesce(_A.present_from, _A.start).label("here"), func.coalesce(_A.present_until, _A.end).label("left"),
        _A.session_id, _S.kind, _ENROLLED, _V.zone,
    )
    .select_from(
        Appointment.__table__.join(Session.__table__, _S.id == _A.session_id).join(
            Venue.__table__, _V.id == _A.venue_id
        )
    )
    .where(
        _A.client_id.in_(bindparam("clients", expanding=True)),
        _A.start >= bindparam("low"),
        _A.start < bindparam("high"),
        _A.state.in_(COUNTED_STATES),
        or_(_A.present_from.is_not(None), _S.kind == str(Kind.GROUP)),
    )
)
_STAFF_THERE = (
    select(
        _SS.staff_id, _S.id, _S.site_id, _S.start, _S.end, _S.modes, _S.kind, _ENROLLED, _V.zone, _V.arrive_early,
        _V.leave_late,
    )
    .select_from(
        SessionStaff.__table__.join(Session.__table__, _S.id == _SS.session_id).join(
            Venue.__table__, _V.id == _S.venue_id
        )
    )
    .where(
        _SS.staff_id.in_(bindparam("staff", expanding=True)),
        _SS.start >= bindparam("low"),
        _SS.start < bindparam("high"),
        _S.cancelled_at.is_(None),
    )
)


class Shift(NamedTuple):
    """A worker's presence for a session: `there` with the margins, `zone` the venue's. `site` is None when nobody comes
    to it in person, `group` the session when it is a group, which is a place too."""

    worker: Person
    site: int | None
    there: Interval
    zone: str
    group: int | None
    series: int | None


def shifts(staff: Collection[int], start: datetime, until: datetime) -> list[Shift]:
    """Every presence of these members of staff that could come near the range, three days either side."""
    if not staff:
        return []
    found = []
    for row in db.session.execute(
        _STAFF_THERE, {"staff": tuple(staff), "low": start - REACH, "high": until + REACH}
    ):
        here, group = Mode.IN_PERSON in row.modes, row.kind == Kind.GROUP
        if not here and not group:
            continue
        margins = margins_of(row.arrive_early, row.leave_late)
        there = presence(Mode.IN_PERSON, row.start, row.end, margins) if here else Interval(row.start, row.end)
        assert there is not None
        found.append(
            Shift(
                Person("staff", row.staff_id), row.site_id if here else None, there, row.zone,
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
            select(_A.client_id, ENROLMENT)
            .join_from(Appointment.__table__, Session.__table__, _S.id == _A.session_id)
            .where(_A.client_id.in_(clients), _A.state.in_(COUNTED_STATES), group)
            .distinct()
        )
        found += [Presence(Person("client", c), None, nowhen, nowhen, None, s) for c, s in db.session.execute(query)]
    if staff:
        query = (
            select(_SS.staff_id, ENROLMENT)
            .join_from(SessionStaff.__table__, Session.__table__, _S.id == _SS.session_id)
            .where(_SS.staff_id.in_(staff), _S.cancelled_at.is_(None), group)
            .distinct()
        )
        found += [Presence(Person("staff", c), None, nowhen, nowhen, None, s) for c, s in db.session.execute(query)]
    return found
