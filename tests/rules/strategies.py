"""Random towns for the rules: few people and places, and little time, so that they are in each other's way often."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from scheduler.rules.audience import Audience, Window
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Margins
from scheduler.rules.separation import Person, Separation
from scheduler.rules.slots import Opening, Taken

from .oracle import MINUTE, Near, Rule, Visit
from .records import Meeting, Town, visit_to, worker_visit

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


@lru_cache(maxsize=10_000, typed=True)
def among(*values: Any) -> st.SearchStrategy[Any]:
    """One of these. Made once, for Hypothesis spends more time on making a strategy than on drawing from it."""
    return st.sampled_from(values)


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
        among(*days),
        st.integers(0, hours * 60 // step),
    )


@lru_cache(maxsize=10_000)
@st.composite
def zones_and_days(draw: st.DrawFn) -> tuple[ZoneInfo, date]:
    """A zone, London most often, and a plain day or one around a change of its clocks."""
    zone = draw(among(LONDON, LONDON, LONDON, *CHANGES))
    day = draw(among(DAYS[0], *CHANGES[zone], *CHANGES[zone]))
    return zone, day + draw(st.integers(-1, 1)) * timedelta(days=1)


@lru_cache(maxsize=10_000)
@st.composite
def spans(draw: st.DrawFn, step: int = 1, most: int = 300, least: int = 1) -> Interval:
    """A span from `least` to `most` steps long, near one of the days."""
    start = draw(instants_near(step=step))
    return Interval(start, start + draw(st.integers(least, most)) * step * MINUTE)


SITES = (1, 2, 3)
CLIENTS = tuple(Person("client", n) for n in (1, 2, 3))
WORKERS = tuple(Person("staff", n) for n in (11, 12))
HER = CLIENTS[0]


@lru_cache(maxsize=10_000)
@st.composite
def openings(draw: st.DrawFn, number: int, day: date) -> Opening:
    """A session on this day or the next, at one of the sites."""
    kind = draw(among(*Kind))
    start = midnight(day) + draw(st.integers(0, 30 * 12)) * 5 * MINUTE
    end = start + draw(st.integers(3, 36)) * 5 * MINUTE
    modes = draw(among(("in-person",), ("in-person", "video"), ("video",), ("in-person", "phone", "chat")))
    return Opening(
        session=number,
        series=draw(among(None, 71, 72)) if kind is Kind.GROUP else None,
        venue=number,
        site=draw(among(*SITES)),
        span=Interval(start, end),
        kind=kind,
        audience=draw(among("everyone", "everyone", "women")),
        modes=modes,
        staff=draw(among((11,), (12,), (11, 12), (12, 11))),
        margins=Margins(draw(among(0, 15, 40)) * MINUTE, draw(among(0, 15, 25)) * MINUTE),
        seats=draw(among(None, 1, 2)) if kind is not Kind.ONE_TO_ONE else None,
        creche=draw(among(0, 2)),
    )


@lru_cache(maxsize=10_000)
@st.composite
def appointments(draw: st.DrawFn, opening: Opening, people: tuple[Person, ...], zone: ZoneInfo) -> Visit:
    """Somebody's appointment in this session."""
    start, end = opening.span
    if opening.kind is Kind.DROP_IN:
        end = start + draw(among(10, 60)) * MINUTE
    elif opening.kind is Kind.ONE_TO_ONE:
        steps = (end - start) // (5 * MINUTE)
        first = draw(st.integers(0, steps - 1))
        start, end = start + first * 5 * MINUTE, start + draw(st.integers(first + 1, steps)) * 5 * MINUTE
    worker = draw(among(*opening.staff)) if opening.kind is Kind.ONE_TO_ONE else None
    mode = draw(among(*opening.modes))
    return visit_to(opening, draw(among(*people)), mode, worker, start, end, zone)


@lru_cache(maxsize=10_000)
@st.composite
def rules_between(draw: st.DrawFn, people: tuple[Person, ...] = CLIENTS, touching: Person | None = None) -> Rule:
    """An exclusion that protects one client from another, or from a worker; `touching` is one of the two."""
    protects = draw(among(*people))
    others = tuple(person for person in (*people, *WORKERS) if person != protects)
    names = draw(among(*others))
    if touching not in (None, protects, names):
        protects, names = (touching, names) if names.kind == "staff" or draw(st.booleans()) else (protects, touching)
    separation = draw(among(*Separation))
    sites = draw(st.frozensets(among(*SITES), max_size=1)) if separation is Separation.SITE else frozenset()
    return Rule(protects, names, separation, draw(among(0, 5, 30, 90, 1440)), sites)


@lru_cache(maxsize=10_000)
@st.composite
def women_windows(draw: st.DrawFn, day: date, zone: ZoneInfo, audience: Audience = Audience.WOMEN) -> Window:
    """A weekly window on this day or the next."""
    first = draw(st.integers(0, 1435 // 5)) * 5
    return Window(
        venue=draw(st.integers(1, 4)),
        site=draw(among(*SITES)),
        weekday=(day + draw(st.integers(0, 1)) * timedelta(days=1)).weekday(),
        from_minute=first,
        until_minute=min(1440, first + draw(among(5, 60, 240, 1440))),
        zone=zone,
        audience=audience,
        clear_before=draw(among(0, 0, 20)) * MINUTE,
        clear_after=draw(among(0, 0, 35)) * MINUTE,
        women_staff_only=draw(st.booleans()),
        valid_from=draw(among(None, None, day, day + timedelta(days=1))),
        valid_until=draw(among(None, None, day, day + timedelta(days=1))),
    )


@lru_cache(maxsize=10_000)
@st.composite
def neighbourhoods(draw: st.DrawFn) -> Near:
    """Which sites are in sight of which, both ways round, as `store.nearby.neighbours` gives it."""
    pairs = draw(st.sets(among((1, 2), (2, 3), (1, 3)), max_size=2))
    near: dict[int, set[int]] = {}
    for one, other in pairs:
        near.setdefault(one, set()).add(other)
        near.setdefault(other, set()).add(one)
    return {site: frozenset(others) for site, others in near.items()}


@lru_cache(maxsize=10_000)
@st.composite
def towns(
    draw: st.DrawFn, most_sessions: int = 4, rules: int = 3, windows: int = 0, touching: Person | None = None
) -> Town:
    """A town with at least one session, and whoever is in it, whether they may be or not."""
    day = draw(among(*DAYS))
    zone = draw(among(LONDON, LONDON, NEW_YORK))
    sessions = tuple(draw(openings(number, day)) for number in range(1, draw(st.integers(1, most_sessions)) + 1))
    booked = draw(st.lists(among(*sessions), max_size=4))
    return Town(
        zone,
        draw(neighbourhoods()),
        sessions,
        tuple(draw(appointments(opening, CLIENTS, zone)) for opening in booked),
        tuple(draw(st.lists(rules_between(touching=touching), min_size=min(1, rules), max_size=rules))),
        tuple(draw(st.lists(women_windows(day, zone), max_size=windows))),
    )


@lru_cache(maxsize=10_000)
@st.composite
def meetings(draw: st.DrawFn) -> Meeting:
    """Two people who must be kept apart, each somewhere within two days, often in the same session."""
    day, zone = draw(among(*DAYS)), draw(among(LONDON, LONDON, NEW_YORK))
    rule = draw(rules_between())
    one = draw(openings(1, day))
    other = draw(st.one_of(st.just(one), openings(2, day)))
    hers = draw(appointments(one, (rule.protects,), zone))
    if rule.names.kind == "staff":
        his = worker_visit(other, rule.names.id, zone)
    else:
        his = draw(appointments(other, (rule.names,), zone))
    return Meeting(rule, hers, his, draw(neighbourhoods()))


@lru_cache(maxsize=10_000)
@st.composite
def taken_in(draw: st.DrawFn, opening: Opening) -> Taken:
    """Something that stands in this session already."""
    start = opening.span.start + draw(st.integers(-6, 40)) * 5 * MINUTE
    busy = Interval(start, start + draw(st.integers(1, 12)) * 5 * MINUTE)
    staff = draw(among(None, *opening.staff))
    return Taken(opening.session, staff, busy, draw(among(0, 0, 1, 2)))


