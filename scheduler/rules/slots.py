"""Cutting bookable times out of sessions. Slots are computed on demand and never stored.

Times start on a five-minute grid and are packed from the beginning of what is free, so that no useless gap is left.
Where they fall depends on the workers' free time alone, never on the person who asks: a person's own barriers only
take times away. Otherwise an odd starting time would tell her that someone she is kept from is near (SAFETY.md 4).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from scheduler.rules.audience import may_attend
from scheduler.rules.intervals import Interval, subtract
from scheduler.rules.presence import Kind, Margins, Mode, presence
from scheduler.rules.separation import Gatekeeper

GRID = timedelta(minutes=5)
_DAY = timedelta(days=1)


class Opening(NamedTuple):
    """A session as this module sees it. `series` is set only for a group's series, the only kind that enrols."""

    session: int
    series: int | None
    venue: int
    site: int
    span: Interval
    kind: Kind
    audience: str
    modes: tuple[str, ...]
    staff: tuple[int, ...]
    margins: Margins
    seats: int | None = None
    creche: int = 0


@dataclass(frozen=True, slots=True)
class Length:
    """How long an appointment of a type takes, and the time its worker needs free before and after it."""

    length: timedelta
    before: timedelta = timedelta()
    after: timedelta = timedelta()
    #: From one packed start to the next. Worked out once: a search asks it of every session.
    step: timedelta = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", -(-(self.before + self.length + self.after) // GRID) * GRID)


class Taken(NamedTuple):
    """An appointment that stands in a session. `busy` is the worker's time with buffers, an interval or its bare two
    ends (a search reads thousands); `staff` is None in a group."""

    session: int
    staff: int | None
    busy: tuple[datetime, datetime]
    creche: int = 0


@dataclass(frozen=True, slots=True)
class Own:
    """An appointment that the same client has already. `present` and `site` are None when it is held at a distance."""

    span: Interval
    site: int | None
    present: Interval | None

    def at_once_with(self, start: datetime, end: datetime, site: int | None, present: Interval | None) -> bool:
        """Would someone who has this one and another, of these times and at this site, be in two places at once?"""
        if start < self.span.end and self.span.start < end:
            return True
        if present is None or self.present is None or self.site == site:
            return False
        return present.overlaps(self.present)


@dataclass(frozen=True, slots=True)
class Asker:
    """Everything about the person who is to be booked that decides where and when they may be."""

    eligibility: str
    gate: Gatekeeper
    own: tuple[Own, ...] = ()


class Offer(NamedTuple):
    """A time that could be booked now."""

    session: int
    venue: int
    staff: int | None
    mode: str
    start: datetime
    end: datetime
    audience: str


def on_grid(at: datetime) -> bool:
    """True when a time may be the start of an appointment: a whole number of five minutes past the hour."""
    return at.second == 0 and at.microsecond == 0 and at.minute % 5 == 0


def _up_to_grid(at: datetime) -> datetime:
    if on_grid(at):
        return at
    over = timedelta(minutes=at.minute % 5, seconds=at.second, microseconds=at.microsecond)
    return at + (GRID - over)


def admits_session(asker: Asker, opening: Opening, mode: str) -> bool:
    """May this person be in this session in this mode, at any time? Says nothing of whether there is room."""
    if mode not in opening.modes or not may_attend(opening.audience, asker.eligibility):
        return False
    shared = opening.kind is not Kind.ONE_TO_ONE
    if shared and not all(asker.gate.admits_worker(worker) for worker in opening.staff):
        return False
    return asker.gate.admits_session(
        opening.site if mode == Mode.IN_PERSON else None, opening.session, opening.series
    )


def admits_time(asker: Asker, opening: Opening, mode: str, staff: int | None, start: datetime, end: datetime) -> bool:
    """May this person be there at this very time, with this worker? Says nothing of whether the worker is free."""
    if not asker.gate.admits_worker(staff):
        return False
    window = opening.span if opening.kind is Kind.DROP_IN else None
    present = presence(mode, start, end, opening.margins, window)
    if present is not None and not asker.gate.admits_presence(opening.site, present.start, present.end):
        return False
    return not any(own.at_once_with(start, end, opening.site, present) for own in asker.own)


def fits(
    opening: Opening, length: Length, taken: Iterable[Taken], staff: int | None, start: datetime, creche: int
) -> bool:
    """Is there room in the session for this very time: the worker free, or a seat, and crèche places enough?"""
    end = start + length.length
    standing = [t for t in taken if t.session == opening.session]
    if creche and sum(t.creche for t in standing) + creche > opening.creche:
        return False
    if opening.kind is not Kind.ONE_TO_ONE:
        whole = start == opening.span.start and (end == opening.span.end or opening.kind is Kind.DROP_IN)
        return whole and staff is None and (opening.seats is None or len(standing) < opening.seats)
    if staff not in opening.staff or not on_grid(start) or not opening.span.contains(Interval(start, end)):
        return False
    busy = Interval(start - length.before, end + length.after)
    return not any(t.staff == staff and busy.overlaps(Interval(*t.busy)) for t in standing)


def starts(
    opening: Opening, length: Length, busy: Iterable[tuple[datetime, datetime]], not_before: datetime | None = None
) -> list[datetime]:
    """Packed starts of appointments of this length in one worker's free time within the session, in order; those from
    `not_before` on."""
    around = Interval(opening.span.start - length.before, opening.span.end + length.after)
    found: list[datetime] = []
    for free in subtract(around, busy):
        start = _up_to_grid(free.start + length.before)
        latest = free.end - length.after - length.length
        while start <= latest:
            if not_before is None or start >= not_before:
                found.append(start)
            start += length.step
    return found


def offers(
    asker: Asker,
    openings: Iterable[Opening],
    taken: Mapping[int, Sequence[Taken]],
    length: Length,
    modes: frozenset[str],
    not_before: datetime,
    staff: frozenset[int] | None = None,
    creche: int = 0,
) -> Iterator[Offer]:
    """The times that this person could be given, session by session in the order of `openings`.

    `taken` holds what stands in each session, by session id. `staff` narrows to those workers. Nothing starts before
    `not_before`. Group sessions and drop-ins are offered whole, for their own length.
    """
    long, gate, nobody = length.length, asker.gate, ()
    for opening in openings:
        standing = taken.get(opening.session, nobody)
        if creche and sum(t.creche for t in standing) + creche > opening.creche:
            continue
        admitted = [mode for mode in opening.modes if mode in modes and admits_session(asker, opening, mode)]
        if not admitted:
            continue
        if opening.kind is not Kind.ONE_TO_ONE:
            yield from _whole(asker, opening, standing, admitted, not_before, staff, length)
            continue
        for worker in opening.staff:
            if (staff is not None and worker not in staff) or not gate.admits_worker(worker):
                continue
            times = starts(opening, length, [t.busy for t in standing if t.staff == worker], not_before)
            for mode in admitted:
                clear = _nothing_in_the_way(asker, opening, mode)
                for start in times:
                    end = start + long
                    if clear or admits_time(asker, opening, mode, worker, start, end):
                        yield Offer(opening.session, opening.venue, worker, mode, start, end, opening.audience)


def _nothing_in_the_way(asker: Asker, opening: Opening, mode: str) -> bool:
    """True when no time in the session can be refused: the same questions, asked once of its widest presence."""
    if asker.own:
        around = opening.span.widened(_DAY, _DAY)
        if any(own.span.overlaps(around) or (own.present and own.present.overlaps(around)) for own in asker.own):
            return False
    closed = asker.gate.closed(opening.site)
    if mode != Mode.IN_PERSON or not closed:
        return True
    early, late = opening.margins
    return not closed.touches(opening.span.start - early, opening.span.end + late)


def _whole(
    asker: Asker,
    opening: Opening,
    standing: Sequence[Taken],
    admitted: list[str],
    not_before: datetime,
    staff: frozenset[int] | None,
    length: Length,
) -> Iterator[Offer]:
    if opening.span.start < not_before or (opening.seats is not None and len(standing) >= opening.seats):
        return
    if staff is not None and not staff & set(opening.staff):
        return
    start = opening.span.start
    end = start + length.length if opening.kind is Kind.DROP_IN else opening.span.end
    for mode in admitted:
        if admits_time(asker, opening, mode, None, start, end):
            yield Offer(opening.session, opening.venue, None, mode, start, end, opening.audience)

