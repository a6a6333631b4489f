"""Reports for a manager and a commissioner: what was offered and used, by quarters, without a name (NEEDS.md N19).

Every number leaves here as `rules.disclosure` lets it: below five not at all, else to the nearest five. A place that
this reader may not know of, and every place too small to be shown, is one row together, so that the row says nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from scheduler import clock
from scheduler.errors import NotAllowed
from scheduler.notifications.safety import service_zone
from scheduler.rules import disclosure
from scheduler.rules.audience import Audience
from scheduler.rules.intervals import Interval, merge, subtract
from scheduler.rules.periods import Quarter, offsets
from scheduler.rules.states import State
from scheduler.services.actors import Actor, can_manage
from scheduler.services.visibility import assigned, knows_of
from scheduler.store import nearby
from scheduler.store import reports as store
from scheduler.store import staff as staff_store

#: The hours of the wall clock, as women speak of them.
BANDS = ((0, 10), (10, 12), (12, 14), (14, 16), (16, 18), (18, 24))
_MODES = ("in-person", "phone", "video", "chat")
_REMINDED = {True: "reminded", False: "not-reminded"}
_CUTS = ("all", "place", "mode", "hour", "reminder")
_CAME = (State.ARRIVED, State.CHECKED_IN, State.FULFILLED)


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many; each None when too few."""

    part: int | None
    whole: int | None
    in_a_hundred: int | None

    @classmethod
    def of(cls, part: int | None, whole: int | None) -> Share:
        """Of two numbers as they may be shown."""
        return cls(part, whole, disclosure.share(part, whole))

    @classmethod
    def counted(cls, part: int, whole: int) -> Share:
        """Of two numbers as they were counted."""
        return cls.of(disclosure.shown(part), disclosure.shown(whole))


_NOTHING = Share(None, None, None)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: whose name is empty for all other places together."""

    name: str
    share: Share


@dataclass(frozen=True, slots=True)
class Missed:
    """Appointments that nobody came to, of all that were not cancelled: in all, and by place, way, hour and whether a
    reminder was delivered."""

    all: Share
    by_place: list[Row]
    by_mode: list[Row]
    by_hour: list[Row]
    by_reminder: list[Row]


@dataclass(frozen=True, slots=True)
class WomenOnly:
    """Hours at places that were for women only, whole; appointments in them; and the hours that these took."""

    offered: int
    hours: int | None
    appointments: int | None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything of one period. `ended` is False while it still runs."""

    period: Quarter
    ended: bool
    missed: Missed
    women_only: WomenOnly
    days_to_first: int | None
    first_within: list[Row]
    choices: list[Row]
    outcomes: list[Row]
    felt_safe: list[Row]
    answers: Share
    in_force: int | None
    cases: Share
    caseloads: list[Row]


def report(actor: Actor, period: Quarter) -> Report:
    """The report of a period. A constant number of questions, whatever the period. Raises NotAllowed."""
    if not can_manage(actor):
        raise NotAllowed
    zone, now = service_zone(), clock.now()
    span = period.span(zone)
    until_now = Interval(span.start, max(span.start, min(span.end, now)))
    names = _names(actor)
    days, people = store.first_appointments(until_now)
    opened, settled = store.cases(until_now)
    seen = store.choices(period.first, period.end)
    felt, answers = _felt_safe(period, names)
    return Report(
        period, span.end <= now, _missed(until_now, zone, names), _women_only(until_now), disclosure.middle(days),
        [Row(words, Share.counted(_within(days, at_most), people)) for words, at_most in _SOON], _choices(seen),
        _outcomes(seen), felt, answers, disclosure.shown(store.in_force(until_now.end)),
        Share.counted(settled, opened), _caseloads(),
    )


def _names(actor: Actor) -> Callable[[int], str]:
    """What a place is called to this reader: nothing, when the reader may not know of it (SAFETY.md 7)."""
    mine = assigned(actor)
    known = {place.id: place.name for place in store.places() if knows_of(place, actor, mine)}
    return lambda venue: known.get(venue, "")


def _missed(span: Interval, zone: ZoneInfo, names: Callable[[int], str]) -> Missed:
    due, gone = (tuple(Counter[str]() for _ in _CUTS) for _ in range(2))
    for each in store.attendance(span, offsets(span, zone)):
        if each.state != State.NOSHOW and each.state not in _CAME:
            continue
        keys = ("", names(each.venue), each.mode, _band(each.hour), _REMINDED[each.reminded])
        for place, key in enumerate(keys):
            due[place][key] += each.many
            gone[place][key] += each.many * (each.state == State.NOSHOW)
    # A place too small to be shown goes with those that this reader may not know of.
    small = {name for name, many in due[1].items() if disclosure.shown(many) is None}
    cut = [_folded(counts, small if place == 1 else set()) for place, counts in enumerate(due)]
    shares = _shares([_folded(counts, small if place == 1 else set()) for place, counts in enumerate(gone)], cut)
    everything, places, modes, hours, reminded = shares
    by_place = [Row(name, places[name]) for name in sorted(places, key=lambda name: (name == "", name.casefold()))]
    return Missed(
        everything.get("", _NOTHING), by_place, _rows(modes, _MODES), _rows(hours, [f"{a}-{b}" for a, b in BANDS]),
        _rows(reminded, _REMINDED.values()),
    )


def _folded(counts: Counter[str], small: set[str]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for name, many in counts.items():
        found["" if name in small else name] += many
    return dict(found)


def _shares(parts: Sequence[dict[str, int]], wholes: Sequence[dict[str, int]]) -> list[dict[str, Share]]:
    """Tables that cut the same things in other ways, as they may stand side by side."""
    whole_parts = [{name: part.get(name, 0) for name in whole} for part, whole in zip(parts, wholes, strict=True)]
    some = disclosure.together(whole_parts)
    return [
        {name: Share.of(part[name], whole[name]) for name in whole}
        for part, whole in zip(some, disclosure.together(wholes), strict=True)
    ]


def _rows(shares: dict[str, Share], order: Iterable[str]) -> list[Row]:
    return [Row(name, shares.get(name, _NOTHING)) for name in order]


def _band(hour: int) -> str:
    first, last = next(band for band in BANDS if band[0] <= hour < band[1])
    return f"{first}-{last}"


def _women_only(span: Interval) -> WomenOnly:
    """What was for women only: opening times less closures, and sessions for women beside them."""
    places = [place for place in store.places() if place.active]
    spans: defaultdict[int, list[Interval]] = defaultdict(list)
    for window in nearby.windows({place.site_id for place in places}, Audience.WOMEN):
        spans[window.venue] += window.spans(span)
    shut: defaultdict[int, list[Interval]] = defaultdict(list)
    for venue, closed in store.closures(span):
        shut[venue].append(closed)
    open_spans = {
        venue: [part for each in merge(found) for part in subtract(each, shut[venue])] for venue, found in spans.items()
    }
    for venue, session in store.women_sessions(span):
        open_spans.setdefault(venue, []).append(session)
    whole = [
        (venue, Interval(max(each.start, span.start), min(each.end, span.end)))
        for venue, found in open_spans.items()
        for each in merge(found)
    ]
    seconds = sum((each.end - each.start).total_seconds() for _venue, each in whole if each.end > each.start)
    used = store.used(whole).values()
    many, minutes = sum(each[0] for each in used), sum(each[1] for each in used)
    shown = disclosure.shown(many)
    return WomenOnly(round(seconds / 3600), None if shown is None else disclosure.shown(minutes // 60), shown)


#: Within how many days of the first record an appointment came.
_SOON = (("7", 7), ("14", 14), ("28", 28))


def _within(days: dict[int, int], at_most: int) -> int:
    return sum(many for day, many in days.items() if day <= at_most)


_CHOICES = ("places", "modes", "days", "women_workers", "women_only")
_OUTCOMES = ("took", "waiting", "none")


def _choices(seen: Any) -> list[Row]:
    return [Row(each, Share.counted(getattr(seen, each), seen.visits)) for each in _CHOICES]


def _outcomes(seen: Any) -> list[Row]:
    return [Row(each, Share.counted(getattr(seen, each), seen.visits)) for each in _OUTCOMES]


def _felt_safe(period: Quarter, names: Callable[[int], str]) -> tuple[list[Row], Share]:
    """Who felt safe, of those who said yes or not really: by place, the small ones together; and over all."""
    yes, said = Counter[str](), Counter[str]()
    for row in store.felt_safe(*period.months):
        yes[names(row.venue_id)] += int(row.yes)
        said[names(row.venue_id)] += int(row.yes) + int(row.not_really)
    small = {name for name, many in said.items() if disclosure.shown(many) is None}
    over_all, places = _shares(
        [{"": yes.total()}, _folded(yes, small)], [{"": said.total()}, _folded(said, small)]
    )
    order = sorted(places, key=lambda name: (name == "", name.casefold()))
    return [Row(name, places[name]) for name in order], over_all[""]


def _caseloads() -> list[Row]:
    """How many people each worker has, of all people; those without one under no name."""
    counts = store.caseloads()
    names = staff_store.names({worker for worker in counts if worker is not None})
    everyone = sum(counts.values())
    rows = [(names.get(worker, "") if worker is not None else "", many) for worker, many in counts.items()]
    rows.sort(key=lambda row: (row[0] == "", row[0].casefold()))
    return [Row(name, Share.counted(many, everyone)) for name, many in rows]


__all__ = ["BANDS", "Missed", "Report", "Row", "Share", "WomenOnly", "report"]
