"""Days, times, places and ways of meeting in the words of her pages."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_day_names
from flask_babel import get_locale, lazy_gettext, ngettext
from flask_babel import gettext as _

from scheduler import clock
from scheduler.rules.presence import Mode
from scheduler.services.links import LinkVisit
from scheduler.services.venues import label_for
from scheduler.store import links as store
from scheduler.web.pages import is_repeated

HOW = {
    Mode.IN_PERSON: lazy_gettext("Come in"),
    Mode.PHONE: lazy_gettext("By phone"),
    Mode.VIDEO: lazy_gettext("By video"),
    Mode.CHAT: lazy_gettext("By web chat"),
}

WHAT_HAPPENS = {
    Mode.IN_PERSON: "",
    Mode.PHONE: lazy_gettext("We will call you."),
    Mode.VIDEO: lazy_gettext("You can see each other on the screen."),
    Mode.CHAT: lazy_gettext("You type to each other. Nobody can hear it."),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What her pages say of a venue. A confidential one has only its neutral label (SAFETY.md 7)."""

    id: int
    label: str
    zone: ZoneInfo
    online: bool
    step_free: bool
    creche: bool
    address: str
    directions: str
    entrance: str
    parking: str
    bus: str


#: What her pages say of the way to a place that is no secret.
_WAYS = ("directions", "entrance", "parking", "bus")


def places(visit: LinkVisit, ids: Collection[int]) -> dict[int, Place]:
    """These venues as she may see them, by id."""
    found = {}
    for row in store.places(ids) if ids else ():
        open_ = not row.confidential
        address = ", ".join(part for part in (row.address, row.postcode) if part) if open_ else ""
        found[row.id] = Place(
            row.id, label_for(row, visit.actor), ZoneInfo(row.zone), row.kind == "online", row.step_free, row.creche,
            address, *((getattr(row, way) or "") if open_ else "" for way in _WAYS),
        )
    return found


def day_words(at: datetime, zone: ZoneInfo) -> str:
    """The day, such as "Tuesday 3 March", with "Today" or "Tomorrow" in front where it is."""
    day = at.astimezone(zone).date()
    words = _date_words(day)
    today = clock.now().astimezone(zone).date()
    if day == today:
        return _("Today, %(day)s", day=words)
    if day == today + timedelta(days=1):
        return _("Tomorrow, %(day)s", day=words)
    return words


def long_day(day: date) -> str:
    """A day in full, such as "Tuesday 3 March"."""
    return _date_words(day)


def weekdays() -> list[str]:
    """The names of the days, Monday first."""
    names = get_day_names("wide", locale=get_locale())
    return [names[day] for day in range(7)]


def _date_words(day: date) -> str:
    far = abs((day - clock.now().date()).days) > 300
    return format_date(day, "EEEE d MMMM y" if far else "EEEE d MMMM", locale=get_locale())


def time_words(at: datetime, zone: ZoneInfo) -> str:
    """The time of day on the wall clock, such as "10:30am". Of an hour that comes twice, which of the two it is."""
    local = at.astimezone(zone)
    if get_locale().language != "en":
        words = format_time(local, "short", tzinfo=zone, locale=get_locale())
    elif (local.hour, local.minute) == (12, 0):
        words = _("12 noon")
    else:
        half = "am" if local.hour < 12 else "pm"
        minutes = f":{local.minute:02}" if local.minute else ""
        words = f"{local.hour % 12 or 12}{minutes}{half}"
    if is_repeated(local):
        which = _("second") if local.fold else _("first")
        words = f"{words} ({which}, {local.tzname()})"
    return words


def span_words(start: datetime, end: datetime, zone: ZoneInfo) -> str:
    """From when until when, such as "10am to 10:30am"."""
    return _("%(start)s to %(end)s", start=time_words(start, zone), end=time_words(end, zone))


def minutes_words(start: datetime, end: datetime) -> str:
    """How long, such as "30 minutes" or "an hour"."""
    minutes = round((end - start).total_seconds() / 60)
    if minutes and minutes % 60 == 0:
        return ngettext("1 hour", "%(num)s hours", minutes // 60)
    return ngettext("%(num)s minute", "%(num)s minutes", minutes)


def where_words(mode: str, place: Place | None) -> str:
    """How and where in one line, such as "Come in, Riverside Hub" or "By phone"."""
    if mode != Mode.IN_PERSON or place is None:
        return str(HOW[Mode(mode)])
    return _("Come in: %(place)s", place=place.label)


@dataclass(frozen=True, slots=True)
class Told:
    """One appointment, offered or booked, in words. `number` is her own count of it, where it is booked."""

    day: str
    time: str
    until: str
    how: str
    what_happens: str
    where: str
    address: str
    directions: str
    entrance: str
    parking: str
    bus: str
    step_free: bool
    who: str
    what: str
    minutes: str
    drop_in: bool
    group: bool
    women_only: bool
    creche: int
    interpreter: str = ""
    number: int | None = None
    may_change: bool = False


def told(
    place: Place | None,
    mode: str,
    start: datetime,
    end: datetime,
    *,
    who: str = "",
    what: str = "",
    kind: str = "one-to-one",
    until: datetime | None = None,
    audience: str = "everyone",
    creche: int = 0,
    **more: Any,
) -> Told:
    """An appointment in words. `until` is when a drop-in closes."""
    zone = place.zone if place is not None else ZoneInfo("Europe/London")
    here = mode == Mode.IN_PERSON
    drop_in = kind == "drop-in"
    return Told(
        day=day_words(start, zone),
        time=span_words(start, until, zone) if drop_in and until is not None else time_words(start, zone),
        until=time_words(end, zone),
        how=str(HOW[Mode(mode)]),
        what_happens=str(WHAT_HAPPENS[Mode(mode)]),
        where=place.label if place is not None and here else "",
        address=place.address if place is not None and here else "",
        directions=place.directions if place is not None and here else "",
        entrance=place.entrance if place is not None and here else "",
        parking=place.parking if place is not None and here else "",
        bus=place.bus if place is not None and here else "",
        step_free=place.step_free if place is not None and here else False,
        who=who,
        what=what,
        minutes=minutes_words(start, end),
        drop_in=drop_in,
        group=kind == "group",
        women_only=audience == "women",
        creche=creche,
        **more,
    )
