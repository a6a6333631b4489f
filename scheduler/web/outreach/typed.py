"""The session form: what was typed, as text, and what it means."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from scheduler.errors import Invalid
from scheduler.services.sessions import SeriesDetails, SessionDetails
from scheduler.web import pages
from scheduler.web.outreach.words import REPEATS, SCOPES

T = TypeVar("T")

#: A series' own field names, and the ones that this form shows instead.
AS_SHOWN = {"first_day": "date", "at_minute": "start", "minutes": "end", "rule": "repeat", "day": "date"}
_BY_DAY = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@dataclass(slots=True)
class Typed:
    """Every field of the form as text, so that a refused form comes back as it was typed."""

    venue: str = ""
    date: str = ""
    start: str = ""
    end: str = ""
    title: str = ""
    kind: str = "one-to-one"
    audience: str = "everyone"
    modes: tuple[str, ...] = ("in-person",)
    types: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    seats: str = ""
    creche: str = ""
    room: str = ""
    repeat: str = ""
    last_day: str = ""
    scope: str = "this"

    @classmethod
    def of_form(cls, form: MultiDict[str, str]) -> Typed:
        """What came with a request."""
        many = {"modes", "types", "staff"}
        given = {name: tuple(form.getlist(name)) for name in many}
        single = {name: form.get(name, "") for name in cls.__dataclass_fields__ if name not in many}
        return cls(**{**single, **given})  # type: ignore[arg-type]

    @classmethod
    def of_session(cls, details: SessionDetails, zone: ZoneInfo, later: timedelta = timedelta()) -> Typed:
        """A session as it would be typed; `later` moves its day by whole days on the wall clock."""
        start, end = details.start.astimezone(zone), details.end.astimezone(zone)
        return cls(
            venue=str(details.venue_id), date=(start.date() + later).isoformat(), start=f"{start:%H:%M}",
            end=f"{end:%H:%M}", title=details.title, kind=details.kind, audience=details.audience,
            modes=tuple(details.modes), types=tuple(map(str, details.types)), staff=tuple(map(str, details.staff)),
            seats=str(details.seats or ""), creche=str(details.creche or ""), room=details.room or "",
        )


class Reader:
    """Reads fields one by one and keeps every sentence, so that all that is wrong is told at once."""

    def __init__(self) -> None:
        self.wrong: dict[str, str] = {}

    def __call__(self, read: Callable[[], T], otherwise: T) -> T:
        try:
            return read()
        except Invalid as error:
            self.wrong.update(error.fields)
            return otherwise


def session_of(typed: Typed, zone_of: Callable[[int], ZoneInfo | None]) -> SessionDetails:
    """What the form means. `zone_of` gives the zone of a venue that the actor may know of, or None.

    Raises Invalid with a sentence for every field at fault, a time that the spring clock change skips among them.
    """
    read = Reader()
    venue = read(lambda: pages.a_number(typed.venue, "venue"), None)
    zone = zone_of(venue) if venue is not None else None
    if zone is None:
        read.wrong["venue"] = _("Choose where it is held.")
    day = read(lambda: _needed(typed.date, "date", lambda: pages.a_day(typed.date, date.min)), None)
    start = end = datetime.now(tz=pages.service_zone())
    if day is not None and zone is not None:
        start = read(lambda: pages.an_instant(day, typed.start, zone, "start"), start)
        end = read(lambda: pages.an_instant(day, typed.end, zone, "end"), end)
    details = SessionDetails(
        venue or 0, typed.title, start, end, typed.kind, typed.audience, typed.modes,
        read(lambda: _ids(typed.types, "types"), ()), read(lambda: _ids(typed.staff, "staff"), ()),
        read(lambda: pages.a_number(typed.seats, "seats", 1, 500), None),
        read(lambda: pages.a_number(typed.creche, "creche", 0, 50), None) or 0, typed.room or None,
    )
    if typed.repeat not in REPEATS:
        read.wrong["repeat"] = _("Choose how often it is held.")
    if typed.scope not in SCOPES:
        read.wrong["scope"] = _("Choose which sessions to change.")
    if read.wrong:
        raise Invalid(**read.wrong)
    return details


def series_of(typed: Typed, details: SessionDetails, zone: ZoneInfo) -> SeriesDetails:
    """A new series whose first session this is. Raises Invalid."""
    start = details.start.astimezone(zone)
    last = pages.a_day(typed.last_day, date.max, "last_day") if typed.last_day.strip() else None
    rule = f"FREQ=WEEKLY;INTERVAL={int(typed.repeat)};BYDAY={_BY_DAY[start.weekday()]}"
    return SeriesDetails(
        details.venue_id, details.title, rule, start.date(), start.hour * 60 + start.minute,
        int((details.end - details.start).total_seconds() // 60), last, details.kind, details.audience,
        details.modes, details.types, details.staff, details.seats, details.creche, details.room,
    )


def series_changed(series: SeriesDetails, details: SessionDetails, day: date, zone: ZoneInfo) -> SeriesDetails:
    """A series with this session's new shape and time of day. Raises Invalid when the day was changed: a whole series
    is moved to another day by ending it and adding another."""
    start = details.start.astimezone(zone)
    if start.date() != day:
        raise Invalid(date=_("Only one session at a time can be moved to another day."))
    return replace(
        series, venue_id=details.venue_id, title=details.title, at_minute=start.hour * 60 + start.minute,
        minutes=int((details.end - details.start).total_seconds() // 60), kind=details.kind,
        audience=details.audience, modes=details.modes, types=details.types, staff=details.staff,
        seats=details.seats, creche=details.creche, room=details.room,
    )


def _ids(typed: tuple[str, ...], name: str) -> tuple[int, ...]:
    return tuple(number for number in (pages.a_number(each, name) for each in typed) if number is not None)


def _needed(text: str, name: str, read: Callable[[], Any]) -> Any:
    if not text.strip():
        raise Invalid(**{name: _("Choose a day.")})
    return read()
