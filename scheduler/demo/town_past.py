"""The small town's sessions, and the appointments that are behind it or on today's board."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduler.demo.service import CATCH_UP, DROP_IN, FIRST, GROUP, NURSE
from scheduler.demo.town_people import KOFI, Somebody, told_of
from scheduler.demo.town_places import PLACES, REFUGE, WEEK, WEEKDAYS, Held
from scheduler.models import Appointment, Series, Session, SessionStaff
from scheduler.rules.intervals import Interval
from scheduler.rules.recurrence import occurrences
from scheduler.services.bulk import Load
from scheduler.services.series import HORIZON

ZONE = ZoneInfo("Europe/London")
WEEKS_BACK = 8
_MINUTE = timedelta(minutes=1)
_PLACE = {place.id: place for place in PLACES}


@dataclass(frozen=True, slots=True)
class Dated:
    """One session of the town."""

    id: int
    held: Held
    span: Interval

    @property
    def day(self) -> date:
        """Its local day."""
        return self.span.start.astimezone(ZONE).date()


class Time(NamedTuple):
    """An appointment's time in a session."""

    start: datetime
    end: datetime
    spare: timedelta
    type: int
    staff: int | None


def write(bulk: Load, people: list[Somebody], random: Random, now: datetime) -> None:
    """Every series with its sessions, and who came, did not come or is expected today."""
    sessions = _sessions(bulk, now)
    _Board(bulk, people, random, now).write(sessions)


def _sessions(bulk: Load, now: datetime) -> list[Dated]:
    series = bulk.into(
        Series, "id", "venue_id", "title", "rule", "first_day", "at_minute", "minutes", "kind", "audience", "modes",
        "types", "staff", "seats", "creche", "room", "made_until",
    )
    rows = bulk.into(
        Session, "id", "series_id", "series_day", "venue_id", "site_id", "title", "start", "end", "kind", "audience",
        "modes", "types", "seats", "creche", "room", "updated_at",
    )
    shifts = bulk.into(SessionStaff, "session_id", "staff_id", "start", "end")
    today = now.astimezone(ZONE).date()
    first_monday = today - timedelta(weeks=WEEKS_BACK, days=today.weekday())
    until = datetime.combine(today + HORIZON + timedelta(days=1), time(), ZONE).astimezone(UTC)
    reach = Interval(datetime.combine(first_monday, time(), ZONE).astimezone(UTC), until)
    dated: list[Dated] = []
    for number, held in enumerate(WEEK, start=1):
        rule = f"FREQ=WEEKLY;BYDAY={WEEKDAYS[held.weekday]}"
        first = first_monday + timedelta(days=held.weekday)
        at, minutes = round(held.from_hour * 60), round(held.hours * 60)
        audience = "women" if held.women else "everyone"
        series.add(
            number, held.venue, held.title, rule, first, at, minutes, held.kind, audience, held.modes, held.types,
            held.staff, held.seats, held.creche, held.room, today + HORIZON,
        )
        for span in occurrences(rule, first, time(at // 60, at % 60), minutes, ZONE, reach):
            dated.append(Dated(len(dated) + 1, held, span))
            each = dated[-1]
            rows.add(
                each.id, number, each.day, held.venue, _PLACE[held.venue].site, held.title, span.start, span.end,
                held.kind, audience, held.modes, held.types, held.seats, held.creche, held.room,
                reach.start - timedelta(days=30),
            )
            shifts.extend([(each.id, worker, span.start, span.end) for worker in held.staff])
    return sorted(dated, key=lambda each: (each.span.start, each.id))


class _Board:
    """Who came to what. Nobody is in two places on one day, women's sessions are for women, and the refuge's for those
    who stay there; today's expected are none of those whom an exclusion is about."""

    def __init__(self, bulk: Load, people: list[Somebody], random: Random, now: datetime) -> None:
        self._random, self._now, self._people = random, now, people
        self._today = now.astimezone(ZONE).date()
        self._told_of = {each.id for each in (*people[:KOFI], *(each for some in told_of(people) for each in some))}
        self._busy: dict[date, set[int]] = defaultdict(set)
        self._own: dict[int, int] = defaultdict(int)
        self._rows = bulk.into(
            Appointment, "client_id", "own_number", "session_id", "venue_id", "site_id", "staff_id", "type_id", "mode",
            "state", "start", "end", "busy_from", "busy_until", "present_from", "present_until", "creche", "note",
            "cancel_reason", "made_by", "created_at", "updated_at",
        )

    def write(self, sessions: list[Dated]) -> None:
        """Fill what began before now, and the rest of today."""
        due = [each for each in sessions if each.day <= self._today]
        behind = [each for each in due if each.span.end <= self._now]
        for each in due:
            # Every state occurs, whenever the town is made: two who came to the last session were not marked as seen.
            self._fill(each, ("arrived", "checked-in") if behind and each is behind[-1] else ())

    def _fill(self, session: Dated, first_states: tuple[str, ...]) -> None:
        times = self._times(session)
        children = 0
        for place, when in enumerate(times):
            someone = self._someone(session)
            if someone is None:
                return
            with_child = session.held.creche > children and self._random.random() < 0.3
            children += with_child
            state = first_states[place] if place < len(first_states) else self._state(when)
            self._add(session, when, someone, state, int(with_child))
            if state in ("cancelled", "entered-in-error") and self._random.random() < 0.5:
                again = self._someone(session)
                if again is not None and not with_child:
                    self._add(session, when, again, self._state(when, stands=True), 0)

    def _times(self, session: Dated) -> list[Time]:
        """Times of the session that were taken: about half of what could be."""
        span, held, random = session.span, session.held, self._random
        if held.kind != "one-to-one":
            assert held.seats is not None
            length = timedelta(minutes=15) if held.kind == "drop-in" else span.end - span.start
            kind = DROP_IN if held.kind == "drop-in" else GROUP
            return [Time(span.start, span.start + length, timedelta(), kind, None)] * random.randint(2, held.seats - 1)
        taken = []
        for worker in held.staff:
            at = span.start
            while at + 30 * _MINUTE <= span.end:
                if random.random() < 0.5:
                    at += 30 * _MINUTE
                elif FIRST in held.types and random.random() < 0.15 and at + 60 * _MINUTE <= span.end:
                    taken.append(Time(at, at + 60 * _MINUTE, timedelta(), FIRST, worker))
                    at += 60 * _MINUTE
                elif NURSE in held.types and random.random() < 0.5:
                    taken.append(Time(at + 5 * _MINUTE, at + 25 * _MINUTE, 5 * _MINUTE, NURSE, worker))
                    at += 30 * _MINUTE
                else:
                    taken.append(Time(at, at + 30 * _MINUTE, timedelta(), CATCH_UP, worker))
                    at += 30 * _MINUTE
        return taken or [Time(span.start, span.start + 30 * _MINUTE, timedelta(), CATCH_UP, held.staff[0])]

    def _someone(self, session: Dated) -> Somebody | None:
        day, held = session.day, session.held
        may = [each for each in self._people if each.id not in self._busy[day] and self._may(each, held, day)]
        usual = [each for each in may if held.venue in each.haunts]
        choices = usual if usual and self._random.random() < 0.8 else may
        return self._random.choice(choices) if choices else None

    def _may(self, someone: Somebody, held: Held, day: date) -> bool:
        if held.venue == REFUGE or someone.days_staying is not None:
            days = someone.days_staying
            return held.venue == REFUGE and days is not None and day > self._today - timedelta(days=days)
        if held.women and someone.eligibility != "eligible":
            return False
        return day < self._today or someone.id not in self._told_of

    def _state(self, when: Time, stands: bool = False) -> str:
        chance = self._random.random()
        if when.start > self._now:
            return "booked"
        if when.end > self._now:
            return "arrived" if chance < 0.8 else "checked-in"
        if stands or chance < 0.72:
            return "fulfilled"
        return "noshow" if chance < 0.86 else "cancelled" if chance < 0.98 else "entered-in-error"

    def _add(self, session: Dated, when: Time, someone: Somebody, state: str, creche: int) -> None:
        random, held, place = self._random, session.held, _PLACE[session.held.venue]
        mode = held.modes[0] if held.kind != "one-to-one" or random.random() < 0.75 else random.choice(held.modes)
        arrives = leaves = None
        if mode == "in-person":
            here = Interval(when.start, when.end)
            if held.kind == "drop-in":
                here = Interval(session.span.start, session.span.end + (when.end - when.start))
            arrives, leaves = here.start - place.early * _MINUTE, here.end + place.late * _MINUTE
        made = when.start - timedelta(days=random.randint(1, 20), minutes=random.randint(1, 500))
        self._busy[session.day].add(someone.id)
        self._own[someone.id] += 1
        self._rows.add(
            someone.id, self._own[someone.id], session.id, held.venue, place.site, when.staff, when.type, mode, state,
            when.start, when.end, when.start - when.spare, when.end + when.spare, arrives, leaves, creche,
            "Would like the window seat." if random.random() < 0.04 else None,
            "client-asked" if state == "cancelled" else None, "client" if random.random() < 0.3 else "staff", made,
            made if state == "booked" else min(when.end, self._now),
        )
