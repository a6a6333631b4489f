"""Wall-clock rules made into instants: weekly windows, series of sessions, and the two days when clocks change.

A wall-clock time that the spring change skips does not exist and is never offered. One that the autumn change repeats
is two instants, and both are given (SAFETY.md 1).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr

from scheduler.rules.intervals import Interval

#: The longest recurrence that is ever expanded at once: a guard against a rule that never ends.
MOST_OCCURRENCES = 1000


def instants(day: date, at: time, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The instants, in UTC and in order, at which the clock on the wall shows `at` on `day`: none, one or two."""
    found: list[datetime] = []
    for fold in (0, 1):
        local = datetime.combine(day, at.replace(fold=fold), zone)
        instant = local.astimezone(UTC)
        if instant.astimezone(zone).replace(tzinfo=None) == local.replace(tzinfo=None) and instant not in found:
            found.append(instant)
    return tuple(found)


def exists(day: date, at: time, zone: ZoneInfo) -> bool:
    """True when the wall clock shows `at` on `day` at all."""
    return bool(instants(day, at, zone))


def _comes_twice(local: datetime) -> bool:
    first, second = local.replace(fold=0).utcoffset(), local.replace(fold=1).utcoffset()
    return first is not None and second is not None and first > second


@lru_cache(maxsize=8192)
def edge(day: date, minute: int, zone: ZoneInfo, *, closing: bool = False) -> datetime:
    """The instant, in UTC, of an opening (or closing) edge at `minute` minutes after midnight on `day`; 1440 is the
    midnight that ends it.

    An edge inside the skipped hour is the moment of the change. An edge inside the repeated hour is the first of the
    two for an opening and the second for a closing, so that a window is never shorter than its words. A closing at the
    time with which that hour begins comes before it.
    """
    at_day, rest = day + timedelta(days=minute // 1440), minute % 1440
    local = datetime.combine(at_day, time(rest // 60, rest % 60), zone)
    if closing and _comes_twice(local - timedelta.resolution):
        local = local.replace(fold=1)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        before = local.replace(fold=0).utcoffset()
        assert before is not None
        # In the gap, fold 0 reads with the old offset: walk back to the change itself, which is on a whole quarter.
        low = local.replace(fold=1).astimezone(UTC)
        high = local.replace(fold=0).astimezone(UTC)
        while high - low > timedelta(seconds=1):
            middle = low + (high - low) / 2
            if middle.astimezone(zone).utcoffset() == before:
                low = middle
            else:
                high = middle
        instant = high.replace(microsecond=0)
    return instant


def weekly(
    weekday: int,
    from_minute: int,
    until_minute: int,
    zone: ZoneInfo,
    span: Interval,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Iterator[Interval]:
    """Every interval of a weekly window that touches `span`. `weekday` is 0 for Monday; minutes are after local
    midnight; `valid_from` is the first day on which the window holds and `valid_until` the last."""
    day = span.start.astimezone(zone).date() - timedelta(days=1)
    day += timedelta(days=(weekday - day.weekday()) % 7)
    last = span.end.astimezone(zone).date()
    while day <= last:
        if (valid_from is None or day >= valid_from) and (valid_until is None or day <= valid_until):
            window = Interval(edge(day, from_minute, zone), edge(day, until_minute, zone, closing=True))
            if window.overlaps(span):
                yield window
        day += timedelta(days=7)


def occurrences(
    rule: str,
    first_day: date,
    at: time,
    minutes: int,
    zone: ZoneInfo,
    span: Interval,
    except_days: frozenset[date] = frozenset(),
) -> Iterator[Interval]:
    """The sessions of a series whose start lies in `span`. `rule` is an RRULE without DTSTART, read in wall-clock time.

    A start in the skipped hour makes no session on that day; a start in the repeated hour is the first of the two.
    Raises ValueError for a rule that cannot be read.
    """
    try:
        expanded = rrulestr(rule, dtstart=datetime.combine(first_day, at))
    except (TypeError, IndexError) as error:  # what dateutil raises for a rule that lacks a part
        raise ValueError("this recurrence cannot be read") from error
    low = span.start.astimezone(zone).replace(tzinfo=None) - timedelta(days=1)
    high = span.end.astimezone(zone).replace(tzinfo=None) + timedelta(days=1)
    for count, local in enumerate(expanded.xafter(low, inc=True)):
        if local > high or count >= MOST_OCCURRENCES:
            return
        if local.date() in except_days:
            continue
        found = instants(local.date(), local.time(), zone)
        if found and span.start <= found[0] < span.end:
            yield Interval(found[0], found[0] + timedelta(minutes=minutes))
