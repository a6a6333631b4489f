"""The check's own reading of presence and of women-only time (SAFETY.md 1 and 3), apart from `scheduler.rules`."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.store import invariants
from scheduler.store.invariants import Place

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)

Span = tuple[datetime, datetime]


class Cleared(NamedTuple):
    """One women-only time on one day, its clear minutes added."""

    start: datetime
    end: datetime
    women_staff_only: bool


def present(row: Any, place: Place) -> Span | None:
    """When the client of an appointment (joined with its session's `opens` and `closes`) is at the site."""
    if row.mode != "in-person":
        return None
    start, end = row.start, row.end
    if row.kind == "drop-in":
        start, end = row.opens, row.closes + (row.end - row.start)
    return start - timedelta(minutes=place.arrive_early), end + timedelta(minutes=place.leave_late)


def local_dates(start: datetime, end: datetime, zone: ZoneInfo) -> set[date]:
    """Every local calendar day that the span touches."""
    day, last = start.astimezone(zone).date(), (end - timedelta(microseconds=1)).astimezone(zone).date()
    days = {day}
    while day < last:
        day += _DAY
        days.add(day)
    return days


@cache
def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


@lru_cache(maxsize=200_000)
def on_the_wall(day: date, from_minute: int, until_minute: int, zone: ZoneInfo) -> Span | None:
    """From the first to the last instant of `day` at which the clock on the wall shows a minute of the window.

    On the two days when clocks change, the day is walked minute by minute: slow, but it needs no rule for the hour that
    is skipped or repeated.
    """
    start, end = _midnight(day, zone), _midnight(day + _DAY, zone)
    if end - start == _DAY:
        return start + from_minute * _MINUTE, start + until_minute * _MINUTE
    shown = []
    at = start
    while at < end:
        local = at.astimezone(zone)
        if from_minute <= local.hour * 60 + local.minute < until_minute:
            shown.append(at)
        at += _MINUTE
    return (shown[0], shown[-1] + _MINUTE) if shown else None


class Timetable:
    """Venues, sites and women-only times, with whatever decides if they may judge the past."""

    def __init__(self) -> None:
        self.places = invariants.places()
        self.neighbours = invariants.neighbours()
        self._windows: dict[int, list[Any]] = defaultdict(list)
        for window in invariants.women_windows():
            for site in {window.site_id, *self.neighbours.get(window.site_id, ())}:
                self._windows[site].append(window)
        self._changed: dict[int, datetime] = {}
        for (kind, number), at in invariants.places_changed().items():
            here = number if kind == "site" else self.places[number].site_id
            for site in {here, *self.neighbours.get(here, ())}:
                self._changed[site] = max(at, self._changed.get(site, at))
        self._days: dict[tuple[int, date], list[Cleared]] = {}

    def as_one(self, here: int, there: int) -> bool:
        """Do these two sites count as one: the same, or their doors in sight of each other?"""
        return here == there or there in self.neighbours.get(here, ())

    def changed_since(self, site: int, at: datetime) -> bool:
        """Was a venue at this site, or at a neighbour, recorded as changed after `at`?"""
        changed = self._changed.get(site)
        return changed is not None and changed > at

    def women_only_sites(self) -> list[int]:
        """Sites that have women-only time, their own or a neighbour's."""
        return sorted(self._windows)

    def women_only(self, site: int, start: datetime, end: datetime) -> list[Cleared]:
        """The women-only times at this site, or at a neighbour, that the span touches."""
        if site not in self._windows:
            return []
        day, last = start.date() - _DAY, end.date() + _DAY
        touched = []
        while day <= last:
            touched += [each for each in self._on(site, day) if each.start < end and start < each.end]
            day += _DAY
        return touched

    def _on(self, site: int, day: date) -> list[Cleared]:
        found = self._days.get((site, day))
        if found is None:
            found = self._days[site, day] = []
            for window in self._windows[site]:
                if window.weekday != day.weekday():
                    continue
                if (window.valid_from and day < window.valid_from) or (window.valid_until and day > window.valid_until):
                    continue
                span = on_the_wall(day, window.from_minute, window.until_minute, ZoneInfo(window.zone))
                if span is not None:
                    before, after = window.clear_before * _MINUTE, window.clear_after * _MINUTE
                    found.append(Cleared(span[0] - before, span[1] + after, window.women_staff_only))
        return found
