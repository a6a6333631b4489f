"""Keeping two people apart (SAFETY.md 2). One question, asked the same way whichever of the two is being booked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from scheduler.rules.intervals import Closed, Interval


class Separation(StrEnum):
    """How far apart an exclusion keeps two people."""

    GAP = "gap"
    DAY = "day"
    SERIES = "series"
    SITE = "site"


USUAL_GAP = timedelta(minutes=30)


class Person(NamedTuple):
    """Someone we know: `kind` is `client` or `staff` (volunteers and mentors are staff)."""

    kind: str
    id: int


@dataclass(frozen=True, slots=True)
class Apart:
    """One exclusion in force, seen from the person who is being booked.

    `other` is whom they are kept from; `asks_for_named` is true when the person being booked is the one that the
    exclusion names, which is when its `sites` are closed to them.
    """

    other: Person
    separation: Separation
    gap: timedelta = USUAL_GAP
    sites: frozenset[int] = frozenset()
    asks_for_named: bool = False


class Presence(NamedTuple):
    """One counted presence of a person. `interval` has the margins in it; `days` are the whole local days it touches.

    `site` is None when it is held at a distance. `session` is set for a group, in person or online: its members are
    together, so the group itself is a place; `series` is the group's series, if any. A remote one-to-one appointment
    is no presence at all and never comes here.
    """

    person: Person
    site: int | None
    interval: Interval
    days: Interval
    session: int | None = None
    series: int | None = None


@dataclass(frozen=True, slots=True)
class Barriers:
    """Where and when one person may not be, whatever the reason. Nothing in it says which rule put it there."""

    spans: Mapping[int, list[Interval]] = field(default_factory=dict)
    sites: frozenset[int] = frozenset()
    sessions: frozenset[int] = frozenset()
    series: frozenset[int] = frozenset()
    staff: frozenset[int] = frozenset()


def violates(apart: Apart, mine: Presence, theirs: Presence) -> bool:
    """True when these two presences break this exclusion, their sites being the same, neighbours or the same group.

    The caller has made sure that `theirs.person` is `apart.other` and that the places count as one.
    """
    if apart.separation is Separation.GAP:
        return mine.interval.overlaps(theirs.interval.widened(apart.gap, apart.gap))
    return mine.interval.overlaps(theirs.days) or theirs.interval.overlaps(mine.days)


def alike(aparts: Iterable[Apart]) -> dict[Person, Person]:
    """For each person of these exclusions, the one who stands for all that are kept away in just the same way.

    What a presence of the one bars, the same presence of the other bars too; so theirs may be merged before `barriers`,
    which widens a whole or takes its days with the same result as it does its parts.
    """
    ways: dict[Person, set[tuple[Separation, timedelta]]] = {}
    for apart in aparts:
        gap = apart.gap if apart.separation is Separation.GAP else timedelta()
        ways.setdefault(apart.other, set()).add((apart.separation, gap))
    first: dict[frozenset[tuple[Separation, timedelta]], Person] = {}
    return {person: first.setdefault(frozenset(way), person) for person, way in ways.items()}


def barriers(
    aparts: Iterable[Apart],
    presences: Iterable[Presence],
    neighbours: Mapping[int, frozenset[int]],
    also: Iterable[tuple[int, Interval]] = (),
) -> Barriers:
    """Everything that keeps one person out, from the exclusions in force and the presences of those they name.

    `neighbours` gives for a site the sites whose doors are in sight of it; a barrier at one stands at all of them.
    `also` adds (site, interval) pairs from other rules: women-only windows for a person who is not eligible.
    """
    by_person: dict[Person, list[Apart]] = {}
    closed_sites: set[int] = set()
    staff: set[int] = set()
    for apart in aparts:
        by_person.setdefault(apart.other, []).append(apart)
        if apart.other.kind == "staff":
            staff.add(apart.other.id)
        if apart.separation is Separation.SITE and apart.asks_for_named:
            for site in apart.sites:
                closed_sites |= {site, *neighbours.get(site, ())}
    spans: dict[int, list[Interval]] = {}
    sessions: set[int] = set()
    series: set[int] = set()
    for theirs in presences:
        for apart in by_person.get(theirs.person, ()):
            if theirs.series is not None and apart.separation in (Separation.SERIES, Separation.SITE):
                series.add(theirs.series)
            if theirs.session is not None:
                sessions.add(theirs.session)
            if theirs.site is None:
                continue
            blocked = (
                theirs.interval.widened(apart.gap, apart.gap) if apart.separation is Separation.GAP else theirs.days
            )
            spans.setdefault(theirs.site, []).append(blocked)
            for site in neighbours.get(theirs.site, ()):
                spans.setdefault(site, []).append(blocked)
    for site, span in also:
        for each in (site, *neighbours.get(site, ())):
            spans.setdefault(each, []).append(span)
    return Barriers(spans, frozenset(closed_sites), frozenset(sessions), frozenset(series), frozenset(staff))


class Gatekeeper:
    """`Barriers` made quick to ask, for one person and many times."""

    __slots__ = ("_barriers", "_closed")

    def __init__(self, barriers: Barriers) -> None:
        self._barriers = barriers
        self._closed: dict[int, Closed] = {}

    def admits_session(self, site: int | None, session: int, series: int | None) -> bool:
        """May this person be in this session at all, at any time? `site` is None when it is held online."""
        held = self._barriers
        return not (session in held.sessions or (series is not None and series in held.series) or site in held.sites)

    def admits_worker(self, staff: int | None) -> bool:
        """May this person be seen by this worker, in any mode?"""
        return staff is None or staff not in self._barriers.staff

    def closed(self, site: int) -> Closed:
        """When this site is closed to this person."""
        found = self._closed.get(site)
        if found is None:
            found = self._closed[site] = Closed(self._barriers.spans.get(site, ()))
        return found

    def admits_presence(self, site: int, start: datetime, end: datetime) -> bool:
        """May this person be at this site for this whole presence, margins included?"""
        return not self.closed(site).touches(start, end)
