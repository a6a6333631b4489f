"""Random towns for the rules: few people and places, and little time, so that they are in each other's way often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scheduler.rules.audience import Audience, Eligibility, Window, closed_to
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.presence import Kind, Margins, Mode, presence
from scheduler.rules.separation import Apart, Gatekeeper, Person, Presence, Separation, barriers
from scheduler.rules.slots import Asker, Opening, Own, Taken

from .oracle import Near, Rule, Visit

MINUTE = timedelta(minutes=1)
LONDON = ZoneInfo("Europe/London")

#: Zones, and days on which their clocks change in 2027. London; New York; half an hour of summer time; a clock that
#: goes from midnight to one and from one back to midnight; one that goes back at midnight to eleven; no change at all.
CHANGES: dict[ZoneInfo, tuple[date, ...]] = {
    LONDON: (date(2027, 3, 28), date(2027, 10, 31)),
    ZoneInfo("America/New_York"): (date(2027, 3, 14), date(2027, 11, 7)),
    ZoneInfo("Australia/Lord_Howe"): (date(2027, 4, 4), date(2027, 10, 3)),
    ZoneInfo("America/Havana"): (date(2027, 3, 14), date(2027, 11, 7)),
    ZoneInfo("Africa/Cairo"): (date(2027, 4, 30), date(2027, 10, 29)),
    ZoneInfo("Asia/Kathmandu"): (),
}
NEW_YORK = ZoneInfo("America/New_York")

#: A plain Monday, the two days of 2027 on which London's clocks change, and the day before each.
DAYS = (date(2026, 3, 2), date(2027, 3, 28), date(2027, 10, 31), date(2027, 3, 27), date(2027, 10, 30))


def promised(examples: int) -> settings:
    """The settings of a property test: how many examples on one run; a failure prints what repeats it."""
    return settings(
        max_examples=examples, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
    )


def midnight(day: date, zone: ZoneInfo = LONDON) -> datetime:
    """When this local day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def instants_near(days: tuple[date, ...] = DAYS, hours: int = 48, step: int = 5) -> st.SearchStrategy[datetime]:
    """Instants on a grid of `step` minutes in the hours after one of these days begins."""
    return st.builds(
        lambda day, steps: midnight(day) + steps * step * MINUTE,
        st.sampled_from(days),
        st.integers(0, hours * 60 // step),
    )


@st.composite
def zones_and_days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """A zone, London most often, and a plain day or one around a change of its clocks."""
    zone = draw(st.sampled_from([LONDON, LONDON, LONDON, *CHANGES]))
    day = draw(st.sampled_from([DAYS[0], *CHANGES[zone], *CHANGES[zone]]))
    return zone, day + draw(st.integers(-1, 1)) * timedelta(days=1)


@st.composite
def spans(draw: st.DrawFn, step: int = 1, most: int = 300, least: int = 1) -> Interval:
    """A span from `least` to `most` steps long, near one of the days."""
    start = draw(instants_near(step=step))
    return Interval(start, start + draw(st.integers(least, most)) * step * MINUTE)


SITES = (1, 2, 3)
CLIENTS = tuple(Person("client", n) for n in (1, 2, 3))
WORKERS = tuple(Person("staff", n) for n in (11, 12))
HER = CLIENTS[0]


@dataclass(frozen=True)
class Town:
    """Sessions, who is in them, who is kept from whom, and women-only times: one place in two days."""

    zone: ZoneInfo
    near: Near
    sessions: tuple[Opening, ...]
    visits: tuple[Visit, ...]
    rules: tuple[Rule, ...]
    windows: tuple[Window, ...]

    def of_workers(self) -> list[Visit]:
        """The workers' own presences, each for the whole of a session."""
        return [worker_visit(opening, worker, self.zone) for opening in self.sessions for worker in opening.staff]

    def everyone(self) -> list[Visit]:
        """Every visit that stands, of clients and of workers."""
        return [*self.visits, *self.of_workers()]


def in_minutes(margins: Margins) -> tuple[int, int]:
    """A venue's margins as numbers of minutes."""
    return margins.arrive_early // MINUTE, margins.leave_late // MINUTE


def worker_visit(opening: Opening, worker: int, zone: ZoneInfo) -> Visit:
    """A worker's own presence: for the whole of a session, and at its site when anyone may come to it."""
    mode = Mode.IN_PERSON if Mode.IN_PERSON in opening.modes else Mode.VIDEO
    return Visit(
        Person("staff", worker), opening.session, opening.kind, opening.site, mode, *opening.span, *opening.span, zone,
        *in_minutes(opening.margins), opening.series,
    )


def visit_to(
    opening: Opening, person: Person, mode: str, staff: int | None, start: datetime, end: datetime, zone: ZoneInfo
) -> Visit:
    """The visit that an appointment in this session would be."""
    return Visit(
        person, opening.session, opening.kind, opening.site, Mode(mode), start, end, *opening.span, zone,
        *in_minutes(opening.margins), opening.series, opening.staff if staff is None else (staff,),
    )


@st.composite
def openings(draw: st.DrawFn, number: int, day: date) -> Opening:
    """A session on this day or the next, at one of the sites."""
    kind = draw(st.sampled_from(Kind))
    start = midnight(day) + draw(st.integers(0, 30 * 12)) * 5 * MINUTE
    end = start + draw(st.integers(3, 36)) * 5 * MINUTE
    modes = draw(st.sampled_from([("in-person",), ("in-person", "video"), ("video",), ("in-person", "phone", "chat")]))
    return Opening(
        session=number,
        series=draw(st.sampled_from([None, 71, 72])) if kind is Kind.GROUP else None,
        venue=number,
        site=draw(st.sampled_from(SITES)),
        span=Interval(start, end),
        kind=kind,
        audience=draw(st.sampled_from(["everyone", "everyone", "women"])),
        modes=modes,
        staff=draw(st.sampled_from([(11,), (12,), (11, 12), (12, 11)])),
        margins=Margins(draw(st.sampled_from([0, 15, 40])) * MINUTE, draw(st.sampled_from([0, 15, 25])) * MINUTE),
        seats=draw(st.sampled_from([None, 1, 2])) if kind is not Kind.ONE_TO_ONE else None,
        creche=draw(st.sampled_from([0, 2])),
    )


@st.composite
def appointments(draw: st.DrawFn, opening: Opening, people: tuple[Person, ...], zone: ZoneInfo) -> Visit:
    """Somebody's appointment in this session."""
    start, end = opening.span
    if opening.kind is Kind.DROP_IN:
        end = start + draw(st.sampled_from([10, 60])) * MINUTE
    elif opening.kind is Kind.ONE_TO_ONE:
        steps = (end - start) // (5 * MINUTE)
        first = draw(st.integers(0, steps - 1))
        start, end = start + first * 5 * MINUTE, start + draw(st.integers(first + 1, steps)) * 5 * MINUTE
    worker = draw(st.sampled_from(opening.staff)) if opening.kind is Kind.ONE_TO_ONE else None
    mode = draw(st.sampled_from(opening.modes))
    return visit_to(opening, draw(st.sampled_from(people)), mode, worker, start, end, zone)


@st.composite
def rules_between(draw: st.DrawFn, people: tuple[Person, ...] = CLIENTS) -> Rule:
    """An exclusion that protects one client from another, or from a worker."""
    protects = draw(st.sampled_from(people))
    names = draw(st.sampled_from([*(person for person in people if person != protects), *WORKERS]))
    separation = draw(st.sampled_from(Separation))
    sites = draw(st.frozensets(st.sampled_from(SITES), max_size=1)) if separation is Separation.SITE else frozenset()
    return Rule(protects, names, separation, draw(st.sampled_from([0, 5, 30, 90, 1440])), sites)


@st.composite
def women_windows(draw: st.DrawFn, day: date, zone: ZoneInfo, audience: Audience = Audience.WOMEN) -> Window:
    """A weekly window on this day or the next."""
    first = draw(st.integers(0, 1435 // 5)) * 5
    return Window(
        venue=draw(st.integers(1, 4)),
        site=draw(st.sampled_from(SITES)),
        weekday=(day + draw(st.integers(0, 1)) * timedelta(days=1)).weekday(),
        from_minute=first,
        until_minute=min(1440, first + draw(st.sampled_from([5, 60, 240, 1440]))),
        zone=zone,
        audience=audience,
        clear_before=draw(st.sampled_from([0, 0, 20])) * MINUTE,
        clear_after=draw(st.sampled_from([0, 0, 35])) * MINUTE,
        women_staff_only=draw(st.booleans()),
        valid_from=draw(st.sampled_from([None, None, day, day + timedelta(days=1)])),
        valid_until=draw(st.sampled_from([None, None, day, day + timedelta(days=1)])),
    )


@st.composite
def neighbourhoods(draw: st.DrawFn) -> Near:
    """Which sites are in sight of which, both ways round, as `store.diary.neighbours` gives it."""
    pairs = draw(st.sets(st.sampled_from([(1, 2), (2, 3), (1, 3)]), max_size=2))
    near: dict[int, set[int]] = {}
    for one, other in pairs:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    return {site: frozenset(others) for site, others in near.items()}


@st.composite
def towns(draw: st.DrawFn, most_sessions: int = 4, rules: int = 3, windows: int = 0) -> Town:
    """A town with at least one session, and whoever is in it, whether they may be or not."""
    day = draw(st.sampled_from(DAYS))
    zone = draw(st.sampled_from((LONDON, LONDON, NEW_YORK)))
    sessions = tuple(draw(openings(number, day)) for number in range(1, draw(st.integers(1, most_sessions)) + 1))
    booked = draw(st.lists(st.sampled_from(sessions), max_size=4))
    return Town(
        zone,
        draw(neighbourhoods()),
        sessions,
        tuple(draw(appointments(opening, CLIENTS, zone)) for opening in booked),
        tuple(draw(st.lists(rules_between(), min_size=min(1, rules), max_size=rules))),
        tuple(draw(st.lists(women_windows(day, zone), max_size=windows))),
    )


@dataclass(frozen=True)
class Meeting:
    """A rule, and a visit of each of its two people."""

    rule: Rule
    hers: Visit
    his: Visit
    near: Near


@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    """Two people who must be kept apart, each somewhere within two days, often in the same session."""
    day, zone = draw(st.sampled_from(DAYS)), draw(st.sampled_from((LONDON, LONDON, NEW_YORK)))
    rule = draw(rules_between())
    one = draw(openings(1, day))
    other = draw(st.one_of(st.just(one), openings(2, day)))
    hers = draw(appointments(one, (rule.protects,), zone))
    if rule.names.kind == "staff":
        his = worker_visit(other, rule.names.id, zone)
    else:
        his = draw(appointments(other, (rule.names,), zone))
    return Meeting(rule, hers, his, draw(neighbourhoods()))


# --- What the store would hand to the rules ---------------------------------------------------------------------------


def apart_of(rule: Rule, person: Person) -> Apart | None:
    """The rule as seen from this person, if it touches them."""
    if person == rule.protects:
        return Apart(rule.names, rule.separation, rule.gap * MINUTE, rule.sites, asks_for_named=False)
    if person == rule.names:
        return Apart(rule.protects, rule.separation, rule.gap * MINUTE, rule.sites, asks_for_named=True)
    return None


def aparts_of(rules: tuple[Rule, ...], person: Person) -> list[Apart]:
    """Every rule that touches this person, as seen from them."""
    return [apart for rule in rules if (apart := apart_of(rule, person)) is not None]


def presence_of(visit: Visit) -> Presence | None:
    """The visit as the rules are given it: None for one that is no presence at all."""
    group = visit.kind is Kind.GROUP
    window = Interval(visit.opens, visit.closes)
    whole = window if visit.kind is Kind.DROP_IN and visit.person.kind == "client" else None
    span = presence(visit.mode, visit.start, visit.end, Margins(visit.early * MINUTE, visit.late * MINUTE), whole)
    if span is None and not group:
        return None
    interval = span or Interval(visit.start, visit.end)
    return Presence(
        visit.person, visit.site if span else None, interval, local_days(interval, visit.zone),
        visit.session if group else None, visit.series if group else None,
    )


def presences_of(visits: list[Visit]) -> list[Presence]:
    """Those of these visits that put someone somewhere."""
    return [found for visit in visits if (found := presence_of(visit)) is not None]


def gate_for(
    person: Person, town: Town, others: list[Visit], eligibility: Eligibility | str = Eligibility.ELIGIBLE
) -> Gatekeeper:
    """The gate of this person, `others` standing."""
    low = min(opening.span.start for opening in town.sessions) - timedelta(days=2)
    high = max(opening.span.end for opening in town.sessions) + timedelta(days=2)
    closed = closed_to(eligibility, town.windows, Interval(low, high))
    return Gatekeeper(barriers(aparts_of(town.rules, person), presences_of(others), town.near, closed))


def asker_of(
    person: Person, town: Town, others: list[Visit], own: list[Visit], eligibility: Eligibility | str
) -> Asker:
    """This person as one who is to be booked, with `own` appointments already."""
    return Asker(eligibility, gate_for(person, town, others, eligibility), tuple(own_of(visit) for visit in own))


def own_of(visit: Visit) -> Own:
    """An appointment that the same client has already, as the rules are given it."""
    found = presence_of(visit)
    there = found is not None and found.site is not None
    span = Interval(visit.start, visit.end)
    return Own(span, visit.site if there else None, found.interval if there and found else None)


@st.composite
def taken_in(draw: st.DrawFn, opening: Opening) -> Taken:
    """Something that stands in this session already."""
    start = opening.span.start + draw(st.integers(-6, 40)) * 5 * MINUTE
    busy = Interval(start, start + draw(st.integers(1, 12)) * 5 * MINUTE)
    staff = draw(st.sampled_from([None, *opening.staff]))
    return Taken(opening.session, staff, busy, draw(st.sampled_from([0, 0, 1, 2])))


