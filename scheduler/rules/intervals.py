"""Half-open spans of time, and the few things that can be done with them.

Every `Interval` is `start <= t < end`, both ends aware and in UTC. An interval whose end is not after its start is
empty and overlaps nothing.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

_At = TypeVar("_At", bound=Any)


class Interval(NamedTuple):
    """A half-open span `start <= t < end` in UTC."""

    start: datetime
    end: datetime

    def overlaps(self, other: Interval) -> bool:
        """True when some instant lies in both."""
        return self.start < other.end and other.start < self.end and self.start < self.end and other.start < other.end

    def contains(self, other: Interval) -> bool:
        """True when every instant of `other` lies in this one."""
        return self.start <= other.start and other.end <= self.end

    def widened(self, before: timedelta, after: timedelta) -> Interval:
        """This interval with `before` added in front and `after` behind."""
        return Interval(self.start - before, self.end + after)


def joined(spans: Iterable[tuple[_At, _At]]) -> list[tuple[_At, _At]]:
    """The same instants as sorted, disjoint, non-touching spans; of whatever stands for an instant."""
    found: list[tuple[_At, _At]] = []
    first = last = None
    for start, end in sorted(spans):
        if end <= start:
            continue
        if first is None or last is None or start > last:
            if first is not None and last is not None:
                found.append((first, last))
            first, last = start, end
        elif end > last:
            last = end
    if first is not None and last is not None:
        found.append((first, last))
    return found


def merge(spans: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    """The same instants as sorted, disjoint, non-touching intervals."""
    return [Interval(start, end) for start, end in joined(spans)]


def subtract(whole: Interval, taken: Iterable[tuple[datetime, datetime]]) -> list[Interval]:
    """What is left of `whole` once every interval in `taken` is out of it, in order."""
    left: list[Interval] = []
    cursor = whole.start
    for start, end in sorted(taken):
        if end <= start or end <= cursor:
            continue
        if start >= whole.end:
            break
        if start > cursor:
            left.append(Interval(cursor, start))
        cursor = end
    if cursor < whole.end:
        left.append(Interval(cursor, whole.end))
    return left


class Closed:
    """A fixed set of instants that answers "does this span touch it?" in logarithmic time."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: Iterable[Interval]) -> None:
        merged = merge(spans)
        self._starts = [span.start for span in merged]
        self._ends = [span.end for span in merged]

    def __bool__(self) -> bool:
        return bool(self._starts)

    def touches(self, start: datetime, end: datetime) -> bool:
        """True when some instant of `start <= t < end` is in the set."""
        if end <= start:
            return False
        index = bisect_right(self._starts, start)
        if index and self._ends[index - 1] > start:
            return True
        return index < len(self._starts) and self._starts[index] < end


def local_days(span: Interval, zone: ZoneInfo) -> Interval:
    """The whole local calendar days that `span` touches, from midnight to midnight in `zone` (SAFETY.md 2, `day`).

    A local day of a clock change is 23 or 25 hours long, and so is the interval.
    """
    first = span.start.astimezone(zone).date()
    last_instant = span.end - timedelta(microseconds=1) if span.end > span.start else span.start
    last = last_instant.astimezone(zone).date()
    midnight = datetime.min.time()
    return Interval(
        datetime.combine(first, midnight, zone).astimezone(UTC),
        datetime.combine(last + timedelta(days=1), midnight, zone).astimezone(UTC),
    )
