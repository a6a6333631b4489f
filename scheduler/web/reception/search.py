"""The search for times: what was asked in the address, what she prefers, and how the answer is laid out.

An address holds ids, dates and times only, never a name or a number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from scheduler.errors import Invalid
from scheduler.rules.presence import Mode
from scheduler.rules.recurrence import edge
from scheduler.rules.slots import Offer
from scheduler.services.booking import Choice, Wanted
from scheduler.web import pages

ALL_MODES = tuple(str(mode) for mode in Mode)
#: How far ahead one search looks, and how many times one page shows.
SPAN = timedelta(days=28)
FIRST_SCREEN = 40
#: One time held in three ways is three offers and is shown once, so more are asked for than are shown.
MOST_OFFERS = 3 * FIRST_SCREEN + 1


@dataclass(frozen=True, slots=True)
class Search:
    """What the desk asked for. `preferred` narrows it to what she would choose."""

    type_id: int | None
    mode: str | None
    venue: int | None
    worker: int | None
    day: date | None
    minutes: int | None
    creche: int
    preferred: bool
    page_from: datetime | None = None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Search:
        """The search in an address. Raises Invalid with a sentence by field."""
        mode = args.get("mode") or None
        if mode is not None and mode not in ALL_MODES:
            raise Invalid(mode=_("Choose how from the list."))
        today = date.min
        day = pages.a_day(args.get("day"), today, "day")
        return cls(
            type_id=pages.a_number(args.get("type"), "type", 1),
            mode=mode,
            venue=pages.a_number(args.get("venue"), "venue", 1),
            worker=pages.a_number(args.get("worker"), "worker", 1),
            day=None if day == today else day,
            minutes=pages.a_number(args.get("minutes"), "minutes", 5, 1440),
            creche=pages.a_number(args.get("creche"), "creche", 0, 20) or 0,
            preferred=args.get("asked") != "1" or args.get("preferred") == "1",
            page_from=pages.a_moment(args["after"], "after") if args.get("after") else None,
        )

    def query(self, **changed: Any) -> str:
        """The same search as the query of an address."""
        values = {
            "asked": 1, "type": self.type_id, "mode": self.mode, "venue": self.venue, "worker": self.worker,
            "day": self.day.isoformat() if self.day else None, "minutes": self.minutes, "creche": self.creche or None,
            "preferred": 1 if self.preferred else None, **changed,
        }
        return urlencode({name: value for name, value in values.items() if value is not None})


@dataclass(frozen=True, slots=True)
class Preferences:
    """What she would choose, as her record has it; anything that cannot be read is left out."""

    modes: frozenset[str] = frozenset()
    venues: tuple[int, ...] = ()
    staff: tuple[int, ...] = ()
    woman_worker: bool = False
    women_only: bool = False
    weekdays: frozenset[int] = field(default_factory=frozenset)
    from_minute: int | None = None
    until_minute: int | None = None
    creche: int = 0

    @classmethod
    def read(cls, recorded: Mapping[str, Any] | None) -> Preferences:
        """From a client's record."""
        p = recorded or {}
        return cls(
            modes=frozenset(mode for mode in p.get("modes") or () if mode in ALL_MODES),
            venues=tuple(v for v in p.get("venues") or () if isinstance(v, int)),
            staff=tuple(s for s in p.get("staff") or () if isinstance(s, int)),
            woman_worker=bool(p.get("woman_worker")),
            women_only=bool(p.get("women_only")),
            weekdays=frozenset(d for d in p.get("weekdays") or () if isinstance(d, int) and 0 <= d <= 6),
            from_minute=p.get("from_minute") if isinstance(p.get("from_minute"), int) else None,
            until_minute=p.get("until_minute") if isinstance(p.get("until_minute"), int) else None,
            creche=p.get("creche") if isinstance(p.get("creche"), int) else 0,
        )

    def __bool__(self) -> bool:
        return self != Preferences()


def wanted(client_id: int, search: Search, prefers: Preferences, type_id: int, now: datetime, zone: ZoneInfo) -> Wanted:
    """The question that booking is asked. What was chosen on the page wins over what she prefers."""
    p = prefers if search.preferred else Preferences()
    start = max(now, edge(search.day, 0, zone)) if search.day else now
    start = max(start, search.page_from) if search.page_from else start
    modes = frozenset({search.mode}) if search.mode else p.modes or frozenset(ALL_MODES)
    worker = frozenset({search.worker}) if search.worker else frozenset(p.staff) or None
    return Wanted(
        client_id=client_id, type_id=type_id, start=start, until=start + SPAN, modes=modes,
        venues=(search.venue,) if search.venue else p.venues, staff=worker,
        woman_worker=p.woman_worker and search.worker is None, women_only=p.women_only, minutes=search.minutes,
        creche=search.creche or p.creche, weekdays=p.weekdays, from_minute=p.from_minute, until_minute=p.until_minute,
    )


# --- Laying out -------------------------------------------------------------------------------------------------------


class OfferRow(NamedTuple):
    """Times at one place with one worker, on one day."""

    place: str
    worker: str
    how: str
    times: list[tuple[str, str]]


class OfferDay(NamedTuple):
    """A local day with times."""

    day: str
    rows: list[OfferRow]


class Names(NamedTuple):
    """What offers are called: venues (already fit for who looks), their zones, workers, titles of groups."""

    venues: Mapping[int, str]
    zones: Mapping[int, ZoneInfo]
    workers: Mapping[int, str]
    titles: Mapping[int, str]
    modes: Mapping[str, str]


def by_day(offers: Sequence[Offer], names: Names, address: Callable[[Offer], str]) -> list[OfferDay]:
    """Offers by local day, then place, worker and how. Each time has the address that chooses it."""
    days: dict[date, dict[tuple[int, int | None, str, int], list[tuple[str, str]]]] = {}
    for offer in offers:
        zone = names.zones[offer.venue]
        rows = days.setdefault(offer.start.astimezone(zone).date(), {})
        # Groups stand apart, each by its own session.
        key = (offer.venue, offer.staff, offer.mode, 0 if offer.staff else offer.session)
        rows.setdefault(key, []).append((pages.clock_text(offer.start, zone), address(offer)))
    return [
        OfferDay(
            pages.day_text(day),
            [
                OfferRow(names.venues[venue], names.workers.get(staff or 0, "") or names.titles.get(session, ""),
                         names.modes[mode], times)
                for (venue, staff, mode, session), times in rows.items()
            ],
        )
        for day, rows in days.items()
    ]


def soonest(offers: Iterable[Offer], most: int) -> list[Offer]:
    """The first `most` offers with different times or workers: one person is not shown as three ways of one moment."""
    seen: set[tuple[datetime, int | None, int]] = set()
    found: list[Offer] = []
    for offer in offers:
        key = (offer.start, offer.staff, offer.venue)
        if key not in seen:
            seen.add(key)
            found.append(offer)
        if len(found) == most:
            break
    return found


def pick_query(choice: Choice) -> str:
    """The query that stands for one exact time."""
    values = {
        "session": choice.session_id, "staff": choice.staff_id, "mode": choice.mode, "at": pages.stamp(choice.start),
        "type": choice.type_id, "minutes": choice.minutes, "creche": choice.creche or None,
    }
    return urlencode({name: value for name, value in values.items() if value is not None})


def read_pick(args: Mapping[str, str], client_id: int) -> Choice:
    """The exact time that an address or a form stands for. Raises Invalid when it cannot be read."""
    session = pages.a_number(args.get("session"), "session", 1)
    kind = pages.a_number(args.get("type"), "type", 1)
    mode = args.get("mode", "")
    if session is None or kind is None or mode not in ALL_MODES:
        raise Invalid(session=_("Choose a time from the list."))
    note = (args.get("note") or "").strip()
    if len(note) > 500:
        raise Invalid(note=_("Use up to 500 characters."))
    return Choice(
        client_id=client_id, type_id=kind, session_id=session, mode=mode,
        staff_id=pages.a_number(args.get("staff"), "staff", 1),
        start=pages.a_moment(args.get("at"), "session").astimezone(UTC),
        minutes=pages.a_number(args.get("minutes"), "minutes", 5, 1440),
        creche=pages.a_number(args.get("creche"), "creche", 0, 20) or 0, note=note or None,
    )


def minutes_text(minute: int | None) -> str:
    """Minutes after midnight as HH:MM; 1440 is 24:00."""
    return "" if minute is None else f"{minute // 60:02d}:{minute % 60:02d}"


def read_minutes(typed: str | None, field_name: str) -> int | None:
    """Minutes after midnight typed as HH:MM, None when nothing was. Raises Invalid."""
    if not typed or not typed.strip():
        return None
    if typed.strip() == "24:00":
        return 1440
    try:
        at = time.fromisoformat(typed.strip())
    except ValueError as error:
        raise Invalid(**{field_name: _("Type a time as hours and minutes, such as 09:30.")}) from error
    return at.hour * 60 + at.minute
