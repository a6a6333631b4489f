"""What the rows say, judged by SAFETY.md alone: slow, obvious, and sharing no code with the rules or with the check.

`read()` takes the tables as they stand at one moment. A clash is known by what it breaks and by ids: (apart, women or
stay; the exclusion, an appointment, the other appointment, a session, or 0), whichever way round the two were.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Table, select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    AppointmentType,
    Client,
    Exclusion,
    ExclusionSite,
    Match,
    NamedPerson,
    OpeningWindow,
    OverrideClash,
    SafetyCase,
    Session,
    SessionStaff,
    SiteNeighbour,
    Staff,
    Stay,
    Venue,
)

_ENROLMENT = ENROLMENT.label("enrolment")

#: SAFETY.md 1.
COUNTED = frozenset({"booked", "arrived", "checked-in", "fulfilled", "pending"})

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

Clash = tuple[str, int, int, int, int]
Somebody = tuple[str, int]
Span = tuple[datetime, datetime]


def clash_of(what: str, exclusion: int | None, one: int | None, other: int | None, session: int | None) -> Clash:
    """The clash of these ids, the same whichever way round."""
    low, high = sorted((one or 0, other or 0), key=lambda each: (each == 0, each))
    return what if what in ("women", "stay") else "apart", exclusion or 0, low, high, session or 0


class Visit(NamedTuple):
    """Somebody's part in a session: a client's appointment, or a worker's whole session. `there` is when they are at
    the site, None when they are at none; `time` their own time in it."""

    who: Somebody
    appointment: int | None
    session: int
    site: int
    group: bool
    series: int | None
    time: Span
    there: Span | None
    zone: ZoneInfo
    worker: int | None

    @property
    def span(self) -> Span:
        """When it counts: at the site, or else its own time."""
        return self.there or self.time


@dataclass(frozen=True)
class Facts:
    """The rows at one moment."""

    now: datetime
    appointments: tuple[Any, ...]
    sessions: dict[int, Any]
    workers: tuple[Any, ...]
    venues: dict[int, Any]
    near: dict[int, frozenset[int]]
    windows: tuple[Any, ...]
    exclusions: tuple[Any, ...]
    matches: tuple[Any, ...]
    named: dict[int, Any]
    closed_sites: dict[int, frozenset[int]]
    clients: dict[int, Any]
    staff: dict[int, Any]
    types: dict[int, Any]
    cases: tuple[Any, ...]
    stays: tuple[Any, ...]
    overridden: tuple[Any, ...]

    def workers_of(self, session: int) -> tuple[int, ...]:
        """Who holds this session."""
        return tuple(row.staff_id for row in self.workers if row.session_id == session)

    def counted(self) -> list[Any]:
        """The appointments that count."""
        return [row for row in self.appointments if row.state in COUNTED]


@cache
def _all_of(table: Table, *more: Any) -> Any:
    return select(table, *more).order_by(*table.primary_key.columns)


def _rows(table: Table, *more: Any) -> list[Any]:
    return list(db.session.connection().execute(_all_of(table, *more)))


def read() -> Facts:
    """Every table that the oracle judges, as it stands now. Raises what a record that cannot be read raises."""
    db.session.rollback()
    near: dict[int, set[int]] = defaultdict(set)
    for row in _rows(SiteNeighbour.__table__):
        near[row.site_id].add(row.neighbour_id)
        near[row.neighbour_id].add(row.site_id)
    sites: dict[int, set[int]] = defaultdict(set)
    for row in _rows(ExclusionSite.__table__):
        sites[row.exclusion_id].add(row.site_id)
    facts = Facts(
        clock.now(),
        tuple(_rows(Appointment.__table__)),
        {row.id: row for row in _rows(Session.__table__, _ENROLMENT)},
        tuple(_rows(SessionStaff.__table__)),
        {row.id: row for row in _rows(Venue.__table__)},
        {site: frozenset(others) for site, others in near.items()},
        tuple(_rows(OpeningWindow.__table__)),
        tuple(_rows(Exclusion.__table__)),
        tuple(_rows(Match.__table__)),
        {row.id: row for row in _rows(NamedPerson.__table__)},
        {exclusion: frozenset(each) for exclusion, each in sites.items()},
        {row.id: row for row in _rows(Client.__table__)},
        {row.id: row for row in _rows(Staff.__table__)},
        {row.id: row for row in _rows(AppointmentType.__table__)},
        tuple(_rows(SafetyCase.__table__)),
        tuple(_rows(Stay.__table__)),
        tuple(_rows(OverrideClash.__table__)),
    )
    db.session.rollback()
    return facts


# --- 1. Presence ------------------------------------------------------------------------------------------------------


def visit_of(facts: Facts, row: Any) -> Visit:
    """A client's appointment, or one that might be."""
    session, venue = facts.sessions[row.session_id], facts.venues[facts.sessions[row.session_id].venue_id]
    there = None
    if row.mode == "in-person":
        start, end = row.start, row.end
        if session.kind == "drop-in":
            start, end = session.start, session.end + (row.end - row.start)
        there = start - venue.arrive_early * MINUTE, end + venue.leave_late * MINUTE
    group = session.kind == "group"
    return Visit(
        ("client", row.client_id), row.id, session.id, venue.site_id, group, session.enrolment if group else None,
        (row.start, row.end), there, ZoneInfo(venue.zone), row.staff_id,
    )


def shift_of(facts: Facts, row: Any) -> Visit:
    """A worker's part in a session."""
    session = facts.sessions[row.session_id]
    venue = facts.venues[session.venue_id]
    there = None
    if "in-person" in session.modes:
        there = session.start - venue.arrive_early * MINUTE, session.end + venue.leave_late * MINUTE
    group = session.kind == "group"
    return Visit(
        ("staff", row.staff_id), None, session.id, venue.site_id, group, session.enrolment if group else None,
        (session.start, session.end), there, ZoneInfo(venue.zone), row.staff_id,
    )


def visits(facts: Facts) -> dict[Somebody, list[Visit]]:
    """Every counted visit, by whose it is."""
    found: dict[Somebody, list[Visit]] = defaultdict(list)
    for row in facts.counted():
        found["client", row.client_id].append(visit_of(facts, row))
    for row in facts.workers:
        if facts.sessions[row.session_id].cancelled_at is None:
            found["staff", row.staff_id].append(shift_of(facts, row))
    return found


def as_one(facts: Facts, here: int, yonder: int) -> bool:
    """The same site, or doors in sight of each other."""
    return here == yonder or yonder in facts.near.get(here, ())


def days(visit: Visit) -> set[date]:
    """The local days on which somebody is at the site."""
    assert visit.there is not None
    edges = visit.there[0], visit.there[1] - timedelta(microseconds=1)
    day, last = (at.astimezone(visit.zone).date() for at in edges)
    found = {day}
    while day < last:
        day += DAY
        found.add(day)
    return found


def overlap(one: Span, other: Span) -> bool:
    """Half-open spans that share a moment."""
    return one[0] < other[1] and other[0] < one[1]


# --- 2. Exclusions ----------------------------------------------------------------------------------------------------


class Rule(NamedTuple):
    """An exclusion in force and one person whom it may name."""

    exclusion: int
    her: Somebody
    named: Somebody
    separation: str
    gap: timedelta
    sites: frozenset[int]


def rules(facts: Facts) -> list[Rule]:
    """Possible counts as yes; a dismissed match does not. Nobody is kept from herself."""
    return [
        Rule(
            x.id, ("client", x.client_id), (m.person_kind, m.person_id), x.separation, x.gap_minutes * MINUTE,
            facts.closed_sites.get(x.id, frozenset()) if x.separation == "site" else frozenset(),
        )
        for x in facts.exclusions
        if x.active
        for m in facts.matches
        if m.named_person_id == x.named_person_id and m.state != "dismissed"
        and (m.person_kind, m.person_id) != ("client", x.client_id)
    ]  # fmt: skip


def too_near(facts: Facts, rule: Rule, hers: Visit, theirs: Visit) -> bool:
    """Do these two visits break the separation?"""
    lasting = rule.separation in ("series", "site")
    if hers.group and theirs.group:
        if hers.session == theirs.session:
            return True
        if lasting and hers.series is not None and hers.series == theirs.series:
            return True
    if hers.there is None or theirs.there is None or not as_one(facts, hers.site, theirs.site):
        return False
    if rule.separation == "gap":
        return hers.there[0] < theirs.there[1] + rule.gap and theirs.there[0] < hers.there[1] + rule.gap
    return bool(days(hers) & days(theirs))


class Breach(NamedTuple):
    """A clash, and the visits that make it."""

    clash: Clash
    visits: tuple[Visit, ...]

    @property
    def due(self) -> datetime:
        """Before the earlier presence."""
        return min(visit.span[0] for visit in self.visits)

    def future(self, now: datetime) -> bool:
        """Are all of its presences still to end?"""
        return all(visit.span[1] > now for visit in self.visits)


def apart_breaches(facts: Facts, everyone: dict[Somebody, list[Visit]] | None = None) -> Iterator[Breach]:
    """Everything that breaks an exclusion in force, whenever it is."""
    there = everyone if everyone is not None else visits(facts)
    for rule in rules(facts):
        for hers in there.get(rule.her, ()):
            for theirs in there.get(rule.named, ()):
                session = theirs.session if theirs.appointment is None else None
                clash = clash_of("apart", rule.exclusion, hers.appointment, theirs.appointment, session)
                if too_near(facts, rule, hers, theirs):
                    yield Breach(clash, (hers, theirs))
                if hers.worker is not None and ("staff", hers.worker) == rule.named and session == hers.session:
                    yield Breach(clash, (hers,))
        for theirs in there.get(rule.named, ()):
            if theirs.there is not None and any(as_one(facts, theirs.site, site) for site in rule.sites):
                session = theirs.session if theirs.appointment is None else None
                yield Breach(clash_of("apart", rule.exclusion, theirs.appointment, None, session), (theirs,))


# --- 3. Women-only ----------------------------------------------------------------------------------------------------


@lru_cache(maxsize=100_000)
def on_the_wall(day: date, low: int, high: int, zone: ZoneInfo) -> Span | None:
    """From the first to the last minute of `day` at which a clock on the wall shows a minute of the window."""
    at = datetime.combine(day, time(), zone).astimezone(UTC)
    shown = []
    while (local := at.astimezone(zone)).date() == day:
        if low <= local.hour * 60 + local.minute < high:
            shown.append(at)
        at += MINUTE
    return (shown[0], shown[-1] + MINUTE) if shown else None


def cleared(facts: Facts, window: Any, span: Span) -> list[Span]:
    """The times that a women-only window clears, near `span`."""
    zone = ZoneInfo(facts.venues[window.venue_id].zone)
    day, last = span[0].date() - DAY, span[1].date() + DAY
    found = []
    while day <= last:
        in_force = not (window.valid_from and day < window.valid_from) and not (
            window.valid_until and day > window.valid_until
        )
        if window.weekday == day.weekday() and in_force:
            shown = on_the_wall(day, window.from_minute, window.until_minute, zone)
            if shown is not None:
                found.append((shown[0] - window.clear_before * MINUTE, shown[1] + window.clear_after * MINUTE))
        day += DAY
    return [each for each in found if overlap(each, span)]


def among_women(facts: Facts, site: int, span: Span) -> list[Any]:
    """The women-only windows at this site, or in sight of it, that this span touches."""
    return [
        window
        for window in facts.windows
        if window.audience == "women" and as_one(facts, facts.venues[window.venue_id].site_id, site)
        and cleared(facts, window, span)
    ]  # fmt: skip


def women_breaches(facts: Facts) -> Iterator[Breach]:
    """Counted presences of those who are not recorded as eligible, in a session or at a time for women."""
    for row in facts.counted():
        if facts.clients[row.client_id].eligibility == "eligible":
            continue
        visit = visit_of(facts, row)
        in_session = facts.sessions[row.session_id].audience == "women"
        if in_session or (visit.there is not None and among_women(facts, visit.site, visit.there)):
            yield Breach(clash_of("women", None, row.id, None, None), (visit,))


def stay_breaches(facts: Facts) -> Iterator[Breach]:
    """Counted appointments at a refuge of those who are not recorded as staying there then (SAFETY.md 7)."""
    for row in facts.counted():
        if facts.venues[facts.sessions[row.session_id].venue_id].confidential and not staying(facts, row):
            yield Breach(clash_of("stay", None, row.id, None, None), (visit_of(facts, row),))


def sessions_wrong(facts: Facts) -> Iterator[str]:
    """Sessions that stand in a women-only time and may not."""
    for session in facts.sessions.values():
        if session.cancelled_at is not None or "in-person" not in session.modes or session.end <= facts.now:
            continue
        windows = among_women(facts, facts.venues[session.venue_id].site_id, (session.start, session.end))
        if windows and session.audience != "women":
            yield f"session {session.id} is for everyone in a women-only time"
        if any(window.women_staff_only for window in windows):
            for worker in facts.workers_of(session.id):
                if not facts.staff[worker].woman:
                    yield f"session {session.id} in a women-only time has worker {worker}"


# --- 9.3 Nobody is in two places --------------------------------------------------------------------------------------


def two_places(facts: Facts) -> Iterator[str]:
    """Clients, workers and rooms that are in two places at once, and what is over its capacity."""
    there = visits(facts)
    for who, mine in there.items():
        for index, one in enumerate(mine):
            for other in mine[index + 1 :]:
                if at_once(one, other):
                    yield f"{who} is in sessions {one.session} and {other.session} at once"
    counted = facts.counted()
    for index, one in enumerate(counted):
        for other in counted[index + 1 :]:
            same = one.staff_id is not None and (one.staff_id, one.session_id) == (other.staff_id, other.session_id)
            if same and overlap((one.busy_from, one.busy_until), (other.busy_from, other.busy_until)):
                yield f"appointments {one.id} and {other.id} have worker {one.staff_id} at once"
    standing = [each for each in facts.sessions.values() if each.cancelled_at is None]
    for index, one in enumerate(standing):
        for other in standing[index + 1 :]:
            if one.room and (one.venue_id, one.room) == (other.venue_id, other.room):
                both = "in-person" in one.modes and "in-person" in other.modes
                if both and overlap((one.start, one.end), (other.start, other.end)):
                    yield f"sessions {one.id} and {other.id} have one room at once"
    for session in facts.sessions.values():
        held = [row for row in counted if row.session_id == session.id]
        if session.kind != "one-to-one" and session.seats is not None and len(held) > session.seats:
            yield f"session {session.id} is over its seats"
        if sum(row.creche for row in held) > session.creche:
            yield f"session {session.id} is over its crèche"
        if session.kind == "one-to-one":
            for row in held:
                if row.end > facts.now and row.staff_id not in facts.workers_of(session.id):
                    yield f"appointment {row.id} is with worker {row.staff_id}, who is not in session {session.id}"


def at_once(one: Visit, other: Visit) -> bool:
    """Would one person be in two places? Sites in sight of each other are still two places to be in. A worker's margins
    are not asked about: SAFETY.md 9 has them in two places only when their sessions overlap."""
    if overlap(one.time, other.time):
        return True
    if one.who[0] == "staff" or one.there is None or other.there is None:
        return False
    return one.site != other.site and overlap(one.there, other.there)


# --- Everything -------------------------------------------------------------------------------------------------------


def breaches(facts: Facts) -> dict[Clash, list[Breach]]:
    """Every breach of sections 2, 3 and 7, past ones too, by its clash."""
    found: dict[Clash, list[Breach]] = defaultdict(list)
    for breach in (*apart_breaches(facts), *women_breaches(facts), *stay_breaches(facts)):
        found[breach.clash].append(breach)
    return found


def coming(facts: Facts) -> set[Clash]:
    """The clashes of which no presence is past yet."""
    return {clash for clash, found in breaches(facts).items() if any(each.future(facts.now) for each in found)}


def copies_wrong(facts: Facts) -> Iterator[str]:
    """What an appointment keeps of its session and venue must be what they say, while it is still to come."""
    for row in facts.counted():
        session = facts.sessions[row.session_id]
        if row.end <= facts.now:
            continue
        visit = visit_of(facts, row)
        kept = (row.present_from, row.present_until) if row.present_from is not None else None
        if kept != visit.there or (row.venue_id, row.site_id) != (session.venue_id, visit.site):
            yield f"appointment {row.id} is not kept where and when it is"
        if session.cancelled_at is not None:
            yield f"appointment {row.id} stands in session {session.id}, which is cancelled"
        if not session.start <= row.start < session.end:
            yield f"appointment {row.id} is outside session {session.id}"
    for row in facts.workers:
        session = facts.sessions[row.session_id]
        if (row.start, row.end) != (session.start, session.end):
            yield f"worker {row.staff_id} does not have the times of session {row.session_id}"


def queue_wrong(facts: Facts, swept: bool = False) -> Iterator[str]:
    """Every clash has an open case, due before the earlier presence; every open case has its clash. One whose presences
    have passed may wait for the sweep (`swept`)."""
    found = breaches(facts)
    queued = {
        clash_of(
            case.rule, case.exclusion_id, case.appointment_id, case.other_appointment_id, case.other_session_id
        ): case
        for case in facts.cases
        if case.closed_at is None
    }
    for clash, breach in found.items():
        coming = [each for each in breach if each.future(facts.now)]
        if coming and clash not in queued:
            yield f"clash {clash} has no open safety case"
        elif coming and queued[clash].due_at > min(each.due for each in coming):
            yield f"the case of clash {clash} is due {queued[clash].due_at}, after its earlier presence begins"
        elif coming and queued[clash].due_at < min(each.due for each in coming):
            yield f"the case of clash {clash} is due {queued[clash].due_at}, long before it"
        elif swept and not coming and clash in queued:
            yield f"the case of clash {clash} is open although it is over"
    for clash in queued:
        if clash not in found:
            yield f"case {queued[clash].id} is open although there is no clash {clash}"


def matches_missing(facts: Facts) -> Iterator[str]:
    """People who plainly are whom an exclusion names, and are not matched: a whole name the same to the letter, and no
    birth date that says otherwise."""
    matched = {(m.named_person_id, m.person_kind, m.person_id) for m in facts.matches}
    protected = defaultdict(set)
    for x in facts.exclusions:
        protected[x.named_person_id].add(("client", x.client_id))
    # Who a merged record says she is still finds matches for the one in use.
    people = [("client", row.merged_into or row.id, row.aliases or (), row) for row in facts.clients.values()]
    people += [("staff", row.id, (), row) for row in facts.staff.values()]
    for named in facts.named.values():
        theirs = {_plain(each) for each in named.names if len(each.split()) > 1}
        for kind, number, aliases, row in people:
            if protected[named.id] <= {(kind, number)}:
                continue
            mine = {_plain(each) for each in (f"{row.given_name} {row.family_name}", *aliases)}
            births = named.date_of_birth, row.date_of_birth
            differ = None not in births and births[0] != births[1]
            if theirs & mine and not differ and (named.id, kind, number) not in matched:
                yield f"{kind} {number} has the name of named person {named.id} and is not matched"


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def wrong(facts: Facts, swept: bool = False) -> list[str]:
    """All that SAFETY.md forbids in these rows, in words."""
    return [
        *two_places(facts), *sessions_wrong(facts), *copies_wrong(facts), *queue_wrong(facts, swept),
        *matches_missing(facts),
    ]  # fmt: skip


def named_clients(facts: Facts) -> set[int]:
    """The clients whom an exclusion in force names, possibly or for certain."""
    return {rule.named[1] for rule in rules(facts) if rule.named[0] == "client"}


def overridden(facts: Facts) -> set[Clash]:
    """The clashes that a given override names, at the very times that were decided on."""
    found = breaches(facts)
    named: set[Clash] = set()
    for row in facts.overridden:
        parts = row.subject.split(":")
        ids = {part[0]: int(part[1:]) for part in parts[:2]} | {
            part[0].upper(): int(part[1:]) for part in parts[2:] if part != "site"
        }
        clash = clash_of("apart", ids["x"], ids.get("a"), ids.get("A"), ids.get("S") or ids.get("s"))
        for breach in found.get(clash, ()):
            times = " ".join(f"{at:%Y%m%dT%H%M%S}" for visit in breach.visits for at in visit.span)
            if times == row.times:
                named.add(clash)
    return named


# --- May this be booked? ----------------------------------------------------------------------------------------------


#: Stands for the id of what is not booked yet.
WISHED = 10**9


class Wish(NamedTuple):
    """A time that might be booked, as the columns of an appointment that the oracle reads."""

    id: int
    client_id: int
    session_id: int
    staff_id: int | None
    type_id: int
    mode: str
    start: datetime
    end: datetime
    busy_from: datetime
    busy_until: datetime
    creche: int
    state: str = "booked"


def why_not(facts: Facts, wish: Wish, but_not: int | None = None) -> list[str]:
    """All that speaks against booking this, of what SAFETY.md 1, 2, 3, 7 and 9.3 forbid. Empty: it may be booked by
    staff who may know of the place. `but_not` is the appointment that would be moved there."""
    session = facts.sessions[wish.session_id]
    if session.cancelled_at is not None:
        return ["cancelled"]
    found: list[str] = []
    if wish.type_id not in session.types or wish.mode not in session.modes:
        found.append("not what the session is for")
    rest = tuple(row for row in facts.appointments if row.id != but_not)
    before, after = replace(facts, appointments=rest), replace(facts, appointments=(*rest, wish))
    if set(breaches(after)) - set(breaches(before)):
        found.append("kept apart, women-only or not staying there")
    if set(two_places(after)) - set(two_places(before)):
        found.append("in two places or full")
    named = {rule.named for rule in rules(facts) if rule.her == ("client", wish.client_id)}
    keeps = {rule.her for rule in rules(facts) if rule.named == ("client", wish.client_id)}
    with_whom = facts.workers_of(session.id) if session.kind != "one-to-one" else (wish.staff_id,)
    if (named | keeps) & {("staff", worker) for worker in with_whom}:
        found.append("with a worker she is kept from")
    if session.kind == "one-to-one":
        if wish.staff_id not in facts.workers_of(session.id):
            found.append("not with this worker")
        if wish.start < session.start or wish.end > session.end or wish.start.minute % 5:
            found.append("outside the session")
    elif wish.staff_id is not None or wish.start != session.start:
        found.append("not the whole session")
    return found


def staying(facts: Facts, row: Any) -> bool:
    """Is this client recorded as staying at the venue of the session for the whole of that time?"""
    venue = facts.sessions[row.session_id].venue_id
    return any(
        stay.client_id == row.client_id and stay.venue_id == venue and stay.since <= row.start
        and (stay.until is None or stay.until >= row.end)
        for stay in facts.stays
    )  # fmt: skip


def free_starts(facts: Facts, session: Any, worker: int, kind: Any) -> list[datetime]:
    """The starts that a worker's free time in a session is cut into, each as early as it can be once those before it
    are given."""
    long, before, after = kind.minutes * MINUTE, kind.buffer_before * MINUTE, kind.buffer_after * MINUTE
    busy = [
        (row.busy_from, row.busy_until)
        for row in facts.counted()
        if row.session_id == session.id and row.staff_id == worker
    ]
    found: list[datetime] = []
    at = session.start
    while at + long <= session.end:
        mine = at - before, at + long + after
        if at.minute % 5 == 0 and not any(overlap(mine, each) for each in busy):
            found.append(at)
            busy.append(mine)
        at += MINUTE
    return found
