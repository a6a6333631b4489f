"""The check's own reading of who must be kept apart (SAFETY.md 2 and 6), apart from `scheduler.rules.separation`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from scheduler.services.check_places import Timetable, local_dates, present
from scheduler.store import invariants

#: A clash as the queue knows it: exclusion (0 when none), the appointments in order (0 when none), and session.
Clash = tuple[int, int, int, int]


def clash_of(
    exclusion: int | None, one: int | None, other: int | None = None, session: int | None = None
) -> Clash:
    """The clash of these ids, the same whichever way round the two appointments are."""
    low, high = sorted((one or 0, other or 0), key=lambda each: (each == 0, each))
    return exclusion or 0, low, high, session or 0


class Queue(Protocol):
    """The safety cases: `checks.Cases`."""

    def knows(self, clash: Clash, history: bool) -> bool:
        """Is this clash in the queue now; or, when it is history, was it ever?"""


class There(NamedTuple):
    """Someone somewhere: the client of an appointment, or a worker in a session.

    `site` is None when they are not at one. `made_at` is None for a session, which does not say when it was made.
    """

    appointment: int | None
    session: int
    site: int | None
    zone: ZoneInfo
    start: datetime
    end: datetime
    group: bool
    series: int | None
    staff: int | None
    made_at: datetime | None

    def __str__(self) -> str:
        return f"appointment {self.appointment}" if self.appointment else f"session {self.session}"


class Rule(NamedTuple):
    """One exclusion and one person it may name, and since when it has stood as it does."""

    exclusion: int
    separation: str
    gap: timedelta
    since: datetime
    named_staff: int | None


def apart_broken(cases: Queue, timetable: Timetable, now: datetime) -> Iterator[tuple[str, str, str]]:
    """Every pair of presences that an exclusion in force forbids and that no safety case knows.

    Booked against a rule that stood already, it breaks SAFETY.md 9.1. Where the rule, the match or a change of the
    timetable came afterwards it is a clash, and breaks 9.4 for want of its case. Presences that are over are history:
    then a case that was ever opened is enough, and they are judged only by what stood at their time.
    """
    there = _everyone(timetable, now)
    closed = invariants.closed_sites()
    for row in invariants.kept_apart():
        named = (row.person_kind, row.person_id)
        if named == ("client", row.client_id):
            continue
        stood = [at for at in (row.recorded_at, row.found_at, row.decided_at, row.changed_at) if at is not None]
        rule = Rule(
            row.id, row.separation, timedelta(minutes=row.gap_minutes), max(stood),
            row.person_id if row.person_kind == "staff" else None,
        )
        for hers in there.get(("client", row.client_id), ()):
            for theirs in there.get(named, ()):
                yield from _pair(rule, hers, theirs, cases, timetable, now)
            if rule.named_staff is not None and hers.staff == rule.named_staff:
                seen_by = clash_of(rule.exclusion, hers.appointment, None, hers.session)
                yield from _told(rule, seen_by, cases, hers.end <= now, hers)
        for theirs in there.get(named, ()) if row.id in closed else ():
            site = theirs.site
            if site is not None and any(timetable.as_one(site, each) for each in closed[row.id]):
                session = None if theirs.appointment is not None else theirs.session
                alone = clash_of(rule.exclusion, theirs.appointment, None, session)
                yield from _told(rule, alone, cases, theirs.end <= now, theirs)


def _everyone(timetable: Timetable, now: datetime) -> dict[tuple[str, int], list[There]]:
    found: dict[tuple[str, int], list[There]] = defaultdict(list)
    zones = {place.id: ZoneInfo(place.zone) for place in timetable.places.values()}
    for row in invariants.appointments_of_kept_apart():
        group = row.kind == "group"
        span = present(row, timetable.places[row.venue_id])
        if span is not None and row.end <= now:
            span = row.present_from, row.present_until
        start, end = span or (row.start, row.end)
        found["client", row.client_id].append(
            There(
                row.id, row.session_id, row.site_id if span else None, zones[row.venue_id],
                start, end, group, row.series_id if group else None, row.staff_id, row.created_at,
            )
        )
    for row in invariants.shifts_of_kept_apart():
        here = "in-person" in row.modes
        place = timetable.places[row.venue_id]
        start, end = row.start, row.end
        if here:
            start, end = start - timedelta(minutes=place.arrive_early), end + timedelta(minutes=place.leave_late)
        group = row.kind == "group"
        found["staff", row.staff_id].append(
            There(
                None, row.id, row.site_id if here else None, zones[row.venue_id], start, end, group,
                row.series_id if group else None, row.staff_id, None,
            )
        )
    return found


def _pair(
    rule: Rule, hers: There, theirs: There, cases: Queue, timetable: Timetable, now: datetime
) -> Iterator[tuple[str, str, str]]:
    history = min(hers.end, theirs.end) <= now
    session = theirs.session if theirs.appointment is None else None
    both = clash_of(rule.exclusion, hers.appointment, theirs.appointment, session)
    if hers.group and theirs.group and hers.session == theirs.session:
        yield from _told(rule, both, cases, history, hers, theirs)
    elif _too_near(rule, hers, theirs, timetable):
        judged_by_todays_venues = hers.site != theirs.site or rule.separation == "gap"
        assert hers.site is not None
        if history and judged_by_todays_venues and timetable.changed_since(hers.site, max(hers.end, theirs.end)):
            return
        yield from _told(rule, both, cases, history, hers, theirs)
    elif (
        rule.separation in ("series", "site")
        and hers.series is not None
        and hers.series == theirs.series
        # Enrolled on different dates: an attendance that was over before the rule stood is no clash.
        and (not history or _made_after(rule, hers, theirs))
    ):
        yield from _told(rule, both, cases, history, hers, theirs)


def _too_near(rule: Rule, hers: There, theirs: There, timetable: Timetable) -> bool:
    if hers.site is None or theirs.site is None or not timetable.as_one(hers.site, theirs.site):
        return False
    if rule.separation == "gap":
        return hers.start < theirs.end + rule.gap and theirs.start < hers.end + rule.gap
    if abs(hers.start - theirs.start) > timedelta(days=4):
        return False
    return bool(local_dates(hers.start, hers.end, hers.zone) & local_dates(theirs.start, theirs.end, theirs.zone))


def _made_after(rule: Rule, *there: There) -> bool:
    made = [each.made_at for each in there if each.made_at is not None]
    return bool(made) and max(made) >= rule.since


def _told(
    rule: Rule, clash: Clash, cases: Queue, history: bool, *there: There
) -> Iterator[tuple[str, str, str]]:
    if cases.knows(clash, history):
        return
    who = " and ".join(str(each) for each in there)
    if _made_after(rule, *there):
        yield "kept-apart", "9.1", f"{who} break exclusion {rule.exclusion}"
    elif not history or rule.since < min(each.start for each in there):
        yield "case-missing", "9.4", f"{who} clash by exclusion {rule.exclusion} and no safety case is open"


__all__ = ["Clash", "Queue", "Rule", "There", "apart_broken", "clash_of"]
