"""What SAFETY.md says, read minute by minute: slow, obvious, and sharing nothing with `scheduler.rules` but its words.

A minute is its number since 1970 in UTC and stands for that whole minute, so a span of time is a set of numbers. Every
time that this oracle is given is a whole minute.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from scheduler.rules.audience import Window
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.separation import Person, Separation
from scheduler.rules.slots import Length, Opening, Taken

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Minutes = set[int]
Near = Mapping[int, frozenset[int]]


def number(at: datetime) -> int:
    """The number of the minute that begins at this instant."""
    whole, rest = divmod(at - EPOCH, MINUTE)
    assert not rest, "the oracle reads whole minutes"
    return whole


def instant(minute: int) -> datetime:
    """When this minute begins."""
    return EPOCH + minute * MINUTE


def minutes(start: datetime, end: datetime) -> Minutes:
    """The minutes of `start <= t < end`."""
    return set(range(number(start), number(end)))


@lru_cache(maxsize=200_000)
def wall(minute: int, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows when this minute begins, without a zone."""
    return instant(minute).astimezone(zone).replace(tzinfo=None)


def padded(held: Minutes, before: int, after: int) -> Minutes:
    """One unbroken run of minutes, with as many more in front of it and behind it."""
    assert len(held) == (max(held) + 1 - min(held) if held else 0), "the minutes are one run"
    return set(range(min(held) - before, max(held) + 1 + after)) if held else set()


# --- 1. Presence ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visit:
    """Somebody's part in a session: a client's appointment, or a worker's whole session. `early` and `late` are the
    venue's minutes, `workers` whoever sees the client."""

    person: Person
    session: int
    kind: Kind
    site: int
    mode: Mode
    start: datetime
    end: datetime
    opens: datetime
    closes: datetime
    zone: ZoneInfo
    early: int = 15
    late: int = 15
    series: int | None = None
    workers: tuple[int, ...] = ()


def there(visit: Visit) -> Minutes:
    """The minutes at which this person is at the visit's site."""
    if visit.mode is not Mode.IN_PERSON:
        return set()
    start, end = visit.start, visit.end
    if visit.kind is Kind.DROP_IN and visit.person.kind == "client":
        start, end = visit.opens, visit.closes + (visit.end - visit.start)
    return minutes(start - visit.early * MINUTE, end + visit.late * MINUTE)


def days_there(visit: Visit) -> set[date]:
    """The local days on which this person is at the visit's site at any minute."""
    return {wall(minute, visit.zone).date() for minute in there(visit)}


def as_one(here: int, yonder: int, near: Near) -> bool:
    """Do these sites count as one: the same, or their doors in sight of each other?"""
    return here == yonder or yonder in near.get(here, ()) or here in near.get(yonder, ())


# --- 2. Exclusions ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rule:
    """An exclusion, its named person already matched to someone we know."""

    protects: Person
    names: Person
    separation: Separation
    gap: int = 30
    sites: frozenset[int] = frozenset()


def too_near(rule: Rule, one: Visit, other: Visit, near: Near) -> bool:
    """Do these two visits, of the two people of the rule, break it? It does not matter whose is which."""
    if one.kind is Kind.GROUP and other.kind is Kind.GROUP:
        if one.session == other.session:
            return True
        lasting = rule.separation in (Separation.SERIES, Separation.SITE)
        if lasting and one.series is not None and one.series == other.series:
            return True
    if not as_one(one.site, other.site, near):
        return False
    if rule.separation is Separation.GAP:
        return bool(padded(there(one), rule.gap, rule.gap) & there(other))
    return bool(days_there(one) & days_there(other))


def breaks_alone(rule: Rule, visit: Visit, near: Near) -> bool:
    """Does this visit break the rule by itself: he at a site that the rule lists, or she with the worker it names?"""
    if rule.separation is Separation.SITE and visit.person == rule.names and there(visit):
        return any(as_one(visit.site, site, near) for site in rule.sites)
    return visit.person == rule.protects and rule.names.kind == "staff" and rule.names.id in visit.workers


def kept_apart(visit: Visit, rules: Iterable[Rule], others: Iterable[Visit], near: Near) -> bool:
    """Would this visit, beside those of others that stand, break any rule?"""
    others = list(others)
    for rule in rules:
        if visit.person not in (rule.protects, rule.names):
            continue
        other_person = rule.names if visit.person == rule.protects else rule.protects
        if breaks_alone(rule, visit, near):
            return True
        if any(too_near(rule, visit, other, near) for other in others if other.person == other_person):
            return True
    return False


# --- 3. Women-only ----------------------------------------------------------------------------------------------------


DAY = 24 * 60


@lru_cache(maxsize=10_000)
def window_minutes(window: Window, first: int, last: int) -> tuple[frozenset[int], ...]:
    """A window's minutes on each local day, without its clear minutes: from the first minute of the day at which the
    wall shows it to the last. `first` and `last` are days since 1970, and two more on either side are walked."""
    shown: dict[date, Minutes] = {}
    for minute in range((first - 2) * DAY, (last + 3) * DAY):
        local = wall(minute, window.zone)
        day, of_day = local.date(), local.hour * 60 + local.minute
        if day.weekday() != window.weekday or not window.from_minute <= of_day < window.until_minute:
            continue
        if (window.valid_from and day < window.valid_from) or (window.valid_until and day > window.valid_until):
            continue
        shown.setdefault(day, set()).add(minute)
    return tuple(frozenset(range(min(each), max(each) + 1)) for _, each in sorted(shown.items()))


def opened_minutes(window: Window, low: int, high: int) -> list[Minutes]:
    """As `window_minutes`, but only what touches `low <= minute < high`."""
    wanted = set(range(low, high))
    return [set(each) for each in window_minutes(window, low // DAY, high // DAY) if each & wanted]


def cleared_minutes(window: Window, low: int, high: int) -> list[Minutes]:
    """The same with the clear minutes added: what must be free of anyone who is not eligible."""
    before, after, wanted = window.clear_before // MINUTE, window.clear_after // MINUTE, set(range(low, high))
    found = [padded(set(each), before, after) for each in window_minutes(window, low // DAY, high // DAY)]
    return [each for each in found if each & wanted]


def among_women(visit: Visit, windows: Iterable[Window], near: Near) -> bool:
    """Is this visit at the site, or in sight of it, at a minute that is cleared for women?"""
    present = there(visit)
    if not present:
        return False
    low, high = min(present), max(present) + 1
    return any(
        window.audience == "women"
        and as_one(window.site, visit.site, near)
        and any(each & present for each in cleared_minutes(window, low, high))
        for window in windows
    )


# --- Cutting times out of sessions ------------------------------------------------------------------------------------


def room_for(opening: Opening, length: Length, standing: Iterable[Taken], worker: int, start: int) -> bool:
    """Could this worker begin an appointment in the session at this minute?"""
    whole = length.length // MINUTE
    held = set(range(start, start + whole))
    busy = {m for taken in standing if taken.staff == worker for m in minutes(*taken.busy)}
    needed = padded(held, length.before // MINUTE, length.after // MINUTE)
    on_the_grid = instant(start).minute % 5 == 0
    return on_the_grid and held <= minutes(*opening.span) and not needed & busy


def packed(opening: Opening, length: Length, standing: Iterable[Taken], worker: int) -> list[int]:
    """The worker's starts: each as early as it can be once those before it were given."""
    standing = list(standing)
    found: list[int] = []
    given: list[Taken] = []
    for start in sorted(minutes(*opening.span)):
        if room_for(opening, length, [*standing, *given], worker, start):
            found.append(start)
            at = instant(start)
            busy = type(opening.span)(at - length.before, at + length.length + length.after)
            given.append(Taken(opening.session, worker, busy))
    return found


def seats_left(opening: Opening, standing: Iterable[Taken]) -> bool:
    """Is there a seat in this group or drop-in?"""
    return opening.seats is None or sum(1 for _ in standing) < opening.seats


def creche_left(opening: Opening, standing: Iterable[Taken], children: int) -> bool:
    """Are there crèche places enough for these children?"""
    return children == 0 or sum(taken.creche for taken in standing) + children <= opening.creche


def at_once(one: Visit, other: Visit) -> bool:
    """Would one client be in two places at once? Sites in sight of each other are still two places to be in."""
    if minutes(one.start, one.end) & minutes(other.start, other.end):
        return True
    return one.site != other.site and bool(there(one) & there(other))
