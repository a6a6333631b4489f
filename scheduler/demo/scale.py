"""Towns at scale, to measure with: medium and large. No two rows of it break SAFETY.md 9, by how it is made.

How the rules hold without asking them, in data that must load in minutes:
- Every cluster of venues whose doors are near each other shares one week: two days for women, two on which the people
  whom exclusions name may come, one on which they may not. The women whom exclusions protect come on all but those two,
  so a pair is never at one place on one day. Named people never join a group, and neither they nor the protected roam.
- On women's days only clients recorded as eligible, and women who work there, have anything at all.
- A client comes once a day, and to one venue a week; a venue's sessions follow each other; a worker has one venue.
- Only someone who stays at a refuge has an appointment there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import NamedTuple

from scheduler.demo.scale_people import People
from scheduler.demo.scale_places import WEEKS_AHEAD, WEEKS_BACK, ZONE, Places, Template, VenueAt
from scheduler.demo.service import CATCH_UP, FIRST, GROUP, NURSE, add_types
from scheduler.models import Appointment, Session, SessionStaff
from scheduler.services.bulk import Load

Step = Callable[[str, int, int], None]

_CELL = 30
_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything. `ahead` of the `appointments` are still to come."""

    clients: int
    venues: int
    workers: int
    appointments: int
    ahead: int
    exclusions: int


SIZES = {
    "medium": Size(clients=10_000, venues=30, workers=150, appointments=50_000, ahead=5_000, exclusions=500),
    "large": Size(clients=100_000, venues=300, workers=1_500, appointments=500_000, ahead=50_000, exclusions=5_000),
}


def load(size: Size, seed: int, now: datetime, step: Step = lambda *_: None) -> None:
    """Fill an empty database. The same size, seed and moment give the same data. `step` is told what is being made, how
    much of it is done and how much there is."""
    with Load() as bulk:
        add_types(bulk)
        places = Places(size.venues, size.workers, seed, now)
        places.write(bulk)
        bulk.flush()
        people = People(places, size.clients, size.exclusions, seed, now)
        people.write(bulk, step)
        bulk.flush()
        _Diary(bulk, places, people, size, seed, now).write(step)
        step("indexes", 1, 1)


class _Cell(NamedTuple):
    """Half an hour of a worker in a session, or a seat in a group."""

    session: int
    template: Template
    staff: int | None
    start: datetime


class _Diary:
    """Sessions and appointments, day by day as they would have come about."""

    def __init__(self, bulk: Load, places: Places, people: People, size: Size, seed: int, now: datetime) -> None:
        self._bulk, self._venues, self._people, self._now = bulk, places.venues, people, now
        self._random = Random(f"{seed}:diary")
        self._today = now.astimezone(ZONE).date()
        self._monday = self._today - timedelta(days=self._today.weekday())
        self._sessions = bulk.into(
            Session, "id", "series_id", "series_day", "venue_id", "site_id", "title", "start", "end", "kind",
            "audience", "modes", "types", "seats", "creche", "room", "updated_at",
        )
        self._shifts = bulk.into(SessionStaff, "session_id", "staff_id", "start", "end")
        self._appointments = bulk.into(
            Appointment, "client_id", "own_number", "session_id", "venue_id", "site_id", "staff_id", "type_id", "mode",
            "state", "start", "end", "busy_from", "busy_until", "present_from", "present_until", "creche", "note",
            "cancel_reason", "made_by", "created_at", "updated_at",
        )
        self._made_sessions = 0
        self._own_numbers = [0] * (size.clients + 1)
        self._size = size

    def write(self, step: Step) -> None:
        """Make every day: as many appointments behind us and ahead of us as the size says."""
        weeks = range(-WEEKS_BACK, WEEKS_AHEAD)
        days = [self._monday + timedelta(weeks=week, days=day) for week in weeks for day in range(5)]
        gone = self._part_of_today_gone()
        behind = {day: 1.0 for day in days if day < self._today}
        ahead = {day: 0.86 ** ((day - self._monday).days // 7) for day in days if day > self._today}
        if self._today in days:
            behind |= {self._today: gone} if gone else {}
            ahead = {self._today: 1 - gone, **ahead} if gone < 1 else ahead
        past = _shares(behind, self._size.appointments - self._size.ahead)
        coming = _shares(ahead, self._size.ahead)
        # What a day had no room for goes to the next one.
        late_past = late_coming = 0
        for position, day in enumerate(days):
            step("sessions and appointments", position, len(days))
            late_past, late_coming = self._day(day, past.get(day, 0) + late_past, coming.get(day, 0) + late_coming)
        if late_past or late_coming:
            raise RuntimeError(f"{late_past + late_coming} appointments found no room")
        step("sessions and appointments", len(days), len(days))

    def _part_of_today_gone(self) -> float:
        """How much of today's bookable time is behind us."""
        local = self._now.astimezone(ZONE)
        minute = local.hour * 60 + local.minute
        return min(max((minute - 570) / (990 - 570), 0.0), 1.0)

    def _day(self, day: date, past: int, coming: int) -> tuple[int, int]:
        """Make a day's sessions at every venue, and spread so many appointments over them. Gives what was left over."""
        week = (day - self._monday).days // 7
        midnight = datetime.combine(day, datetime.min.time(), ZONE).astimezone(UTC)
        left_past = left_coming = given_past = given_coming = 0
        count = len(self._venues)
        for number, venue in enumerate(self._venues, start=1):
            cells = self._open(venue, day, midnight)
            behind = [cell for cell in cells if cell.start <= self._now]
            ahead = [cell for cell in cells if cell.start > self._now]
            left_past += past * number // count - given_past
            left_coming += coming * number // count - given_coming
            given_past, given_coming = past * number // count, coming * number // count
            pool = self._people.pool(venue, week, venue.roles[day.weekday()])
            fits_past, fits_coming = min(left_past, len(behind)), min(left_coming, len(ahead))
            who = self._random.sample(pool, min(fits_past + fits_coming, len(pool)))
            left_past -= self._fill(venue, behind, who[:fits_past])
            left_coming -= self._fill(venue, ahead, who[fits_past:])
        return left_past, left_coming

    def _open(self, venue: VenueAt, day: date, midnight: datetime) -> list[_Cell]:
        """Make a venue's sessions of a day, and give the time in them. No weekday has a clock change."""
        cells = []
        for each in venue.week.get(day.weekday(), ()):
            self._made_sessions += 1
            session, start = self._made_sessions, midnight + each.at_minute * _MINUTE
            end = start + each.minutes * _MINUTE
            self._sessions.add(
                session, each.series, day, venue.id, venue.site, each.title, start, end, each.kind, each.audience,
                venue.modes if each.seats is None else venue.modes[:1], list(each.types), each.seats, venue.creche,
                each.room, min(self._now, start) - 30 * _DAY,
            )
            for worker in each.staff:
                self._shifts.add(session, worker, start, end)
            if each.seats is not None:
                cells += [_Cell(session, each, None, start)] * each.seats
                continue
            for worker in each.staff:
                cells += [
                    _Cell(session, each, worker, start + place * _CELL * _MINUTE)
                    for place in range(each.minutes // _CELL)
                ]
        return cells

    def _fill(self, venue: VenueAt, cells: list[_Cell], who: list[int]) -> int:
        """Give each of these clients one of the cells. Gives how many."""
        taken = set(self._random.sample(range(len(cells)), len(who)))
        children: dict[int, int] = {}
        for client, place in zip(who, sorted(taken), strict=True):
            cell = cells[place]
            following = cells[place + 1] if place + 1 < len(cells) else None
            long = (
                following is not None
                and cell.staff is not None
                and (following.session, following.staff) == (cell.session, cell.staff)
                and place + 1 not in taken
                and self._random.random() < 0.15
            )
            creche = 0
            if venue.creche and self._random.random() < 0.15 and children.get(cell.session, 0) < venue.creche // 2:
                creche = 1
                children[cell.session] = children.get(cell.session, 0) + 1
            self._write(venue, cell, client, long, creche)
        return len(who)

    def _write(self, venue: VenueAt, cell: _Cell, client: int, long: bool, creche: int) -> None:
        random, template, now = self._random, cell.template, self._now
        start, minutes, kind, spare = cell.start, _CELL, CATCH_UP, 0
        if cell.staff is None:
            minutes, kind = template.minutes, GROUP
        elif long:
            minutes, kind = 2 * _CELL, FIRST
        elif random.random() < 0.12:
            start, minutes, kind, spare = start + 5 * _MINUTE, 20, NURSE, 5
        end = start + minutes * _MINUTE
        mode = venue.modes[0] if cell.staff is None or random.random() < 0.72 else random.choice(venue.modes)
        here = mode == "in-person"
        made = min(start, now) - timedelta(days=random.randint(1, 24), minutes=random.randint(0, 500))
        state = _state_ahead(random.random()) if start > now else _state_behind(random.random(), end > now)
        self._own_numbers[client] += 1
        self._appointments.add(
            client, self._own_numbers[client], cell.session, venue.id, venue.site, cell.staff, kind, mode, state, start,
            end, start - spare * _MINUTE, end + spare * _MINUTE, start - venue.early * _MINUTE if here else None,
            end + venue.late * _MINUTE if here else None, creche,
            "Would like the window seat." if random.random() < 0.02 else None,
            "client-asked" if state == "cancelled" else None, "client" if random.random() < 0.25 else "staff", made,
            made,
        )


def _state_ahead(chance: float) -> str:
    return "booked" if chance < 0.94 else "pending" if chance < 0.95 else "cancelled"


def _state_behind(chance: float, lasts: bool) -> str:
    if lasts:
        return "arrived" if chance < 0.8 else "booked"
    if chance < 0.7:
        return "fulfilled"
    return "noshow" if chance < 0.85 else "cancelled" if chance < 0.99 else "entered-in-error"


def _shares(weights: dict[date, float], total: int) -> dict[date, int]:
    """`total` spread over days by weight, in whole numbers that add up to it exactly."""
    whole, so_far, given = sum(weights.values()), 0.0, 0
    shares = {}
    for day, weight in weights.items():
        so_far += weight
        upto = round(total * so_far / whole)
        shares[day], given = upto - given, upto
    return shares
