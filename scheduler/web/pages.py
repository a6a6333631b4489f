"""What staff pages share: the menu by role, dates and times typed in a venue's zone, and times shown in it."""

from __future__ import annotations

import secrets
from datetime import date, datetime, time
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from flask import Flask, current_app, flash, g
from flask_babel import gettext as _
from flask_babel import lazy_gettext
from flask_login import current_user
from werkzeug.routing import IntegerConverter, Map

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules.recurrence import instants
from scheduler.services import escalation
from scheduler.services.actors import Actor
from scheduler.services.door import Answer
from scheduler.services.escalation import Banner


class MenuItem(NamedTuple):
    """A place in the menu: its blueprint, the end of its address there, words, access key, and who has it."""

    blueprint: str
    tail: str
    words: Any
    key: str
    roles: frozenset[str]

    @property
    def path(self) -> str:
        """Its address."""
        return f"{current_app.blueprints[self.blueprint].url_prefix or ''}{self.tail}"


MENU = (
    MenuItem("reception", "/", lazy_gettext("Day"), "d", frozenset({"reception", "lead", "manager"})),
    MenuItem("reception", "/clients", lazy_gettext("Clients"), "c",
             frozenset({"reception", "outreach", "lead", "manager", "worker"})),
    MenuItem("reception", "/door", lazy_gettext("Door"), "w",
             frozenset({"reception", "outreach", "lead", "manager", "worker"})),
    MenuItem("outreach", "/", lazy_gettext("Sessions"), "s",
             frozenset({"outreach", "lead", "manager", "worker"})),
    MenuItem("safeguarding", "/", lazy_gettext("Safety"), "f", frozenset({"lead"})),
    MenuItem("manage", "/", lazy_gettext("Manage"), "m", frozenset({"manager"})),
)

#: Where each role starts, first choice first.
HOMES = {
    "reception": ("reception",),
    "outreach": ("outreach", "reception"),
    "worker": ("outreach", "reception"),
    "lead": ("safeguarding", "reception"),
    "manager": ("manage", "reception"),
}


def menu() -> list[MenuItem]:
    """The menu of whoever is signed in."""
    if not current_user.is_authenticated:
        return []
    return [item for item in MENU if current_user.role in item.roles and item.blueprint in current_app.blueprints]


def banner() -> Banner:
    """What stands on every page of whoever is signed in until someone has seen to it (SAFETY.md 5 and 6). Only a lead
    and those who have clients can have anything there, so nobody else costs a query."""
    who = current_user
    if not who.is_authenticated or not (who.role == "lead" or who.has_clients):
        return Banner()
    return escalation.banner(Actor("staff", who.id, who.role))


#: All that anyone is told of whoever has come in, in the same words whatever they rest on (SAFETY.md 5).
AT_THE_DOOR = {
    Answer.GO: lazy_gettext("Go ahead"),
    Answer.QUIET_ROOM: lazy_gettext("Please use the quiet room and call the lead"),
}


def tell_quiet_room() -> None:
    """Say on the next page, whichever it is, that whoever has just come in may not wait where others do."""
    flash(str(AT_THE_DOOR[Answer.QUIET_ROOM]), "door")


def home_path(role: str) -> str:
    """Where a person of this role starts."""
    for name in HOMES.get(role, ()):
        if name in current_app.blueprints:
            return f"{current_app.blueprints[name].url_prefix}/"
    return "/sign-in"


def service_zone() -> ZoneInfo:
    """The service's own zone, for pages that are not about one venue."""
    return zone_of(current_app.config["SIDEGATE_ZONE"])


def zone_of(name: str) -> ZoneInfo:
    """The zone of this name. Raises Invalid when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Invalid(zone=_("There is no such time zone.")) from error


def a_day(typed: str | None, otherwise: date, field: str = "date") -> date:
    """The day typed as YYYY-MM-DD, or `otherwise` when nothing was. Raises Invalid for anything else."""
    if not typed or not typed.strip():
        return otherwise
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError as error:
        raise Invalid(**{field: _("Type a date that exists, such as 2027-03-05.")}) from error
    if not 1900 <= day.year <= 2199:
        raise Invalid(**{field: _("That date is too far away.")})
    return day


def an_instant(day: date, typed: str, zone: ZoneInfo, field: str = "time", second: bool = False) -> datetime:
    """The instant, in UTC, at which the wall clock of `zone` shows the typed HH:MM on `day`; the later of two when
    `second`. Raises Invalid for a time that cannot be read, or that the spring clock change skips."""
    try:
        at = time.fromisoformat(typed.strip())
    except ValueError as error:
        raise Invalid(**{field: _("Type a time as hours and minutes, such as 09:30.")}) from error
    if at.tzinfo is not None or at.second or at.microsecond:
        raise Invalid(**{field: _("Type a time as hours and minutes, such as 09:30.")})
    found = instants(day, at, zone)
    if not found:
        raise Invalid(**{field: _("The clocks go forward then, so that time does not exist on that day.")})
    return found[-1] if second else found[0]


def a_number(typed: str | None, field: str, least: int = 0, most: int = 2**53) -> int | None:
    """The whole number typed, None when nothing was. Raises Invalid for anything else or out of bounds."""
    if typed is None or not typed.strip():
        return None
    try:
        number = int(typed.strip())
    except ValueError as error:
        raise Invalid(**{field: _("Type a whole number.")}) from error
    if not least <= number <= most:
        raise Invalid(**{field: _("That number is too small or too large.")})
    return number


def a_moment(typed: str | None, field: str = "start") -> datetime:
    """The instant in an address or a hidden field, ISO with its offset. Raises Invalid for anything else."""
    try:
        at = datetime.fromisoformat((typed or "").replace(" ", "+"))
    except ValueError as error:
        raise Invalid(**{field: _("That time cannot be read.")}) from error
    if at.tzinfo is None or not 1900 <= at.year <= 2199:
        raise Invalid(**{field: _("That time cannot be read.")})
    return at


def stamp(at: datetime) -> str:
    """An instant as it stands in addresses and hidden fields: `20270305T0930Z` would lose seconds, so plain ISO UTC."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def clock_text(at: datetime, zone: ZoneInfo) -> str:
    """The time of day at which the wall clock shows `at`; the second of two equal ones is told apart."""
    local = at.astimezone(zone)
    text = local.strftime("%H:%M")
    if is_repeated(local):
        text += f" ({local.tzname()})"
    return text


def is_repeated(local: datetime) -> bool:
    """True for a local time that the autumn change shows twice."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset() and (
        len(instants(local.date(), local.time().replace(fold=0), local.tzinfo)) == 2  # type: ignore[arg-type]
    )


def day_text(day: date) -> str:
    """A day in words, such as `Tuesday 2 March`; with the year when it is not close."""
    text = f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}"
    return text


def day_and_year(day: date) -> str:
    """A day in words with its year, such as `Tuesday 2 March 2027`."""
    return f"{day_text(day)} {day.year}"


def month_name(month: int) -> str:
    """A month in words."""
    return _MONTHS[month - 1]


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December")


def when_text(at: datetime, zone: ZoneInfo) -> str:
    """A day and time in words, such as `Tuesday 2 March, 10:30`."""
    return f"{day_text(at.astimezone(zone).date())}, {clock_text(at, zone)}"


def when_near_text(at: datetime, zone: ZoneInfo) -> str:
    """The time of day of today, and a day and time in words of any other: `10:30` or `Tuesday 2 March, 10:30`."""
    is_today = at.astimezone(zone).date() == clock.now().astimezone(zone).date()
    return clock_text(at, zone) if is_today else when_text(at, zone)


def birth_text(recorded: str) -> str:
    """A birth date in words, as much of it as is known: `5 March 1987`, `March 1987` or `1987`."""
    parts = recorded.split("-")
    try:
        words = [str(int(part)) for part in parts[2:3]] + [_MONTHS[int(part) - 1] for part in parts[1:2]]
    except (ValueError, IndexError):
        return recorded
    return " ".join([*words, parts[0]])


def new_key() -> str:
    """A fresh idempotency key for a form, so that a double click does the thing once."""
    return secrets.token_urlsafe(18)


class Id(IntegerConverter):
    """A record's number in an address. One that no database could hold is a page that does not exist, not a fault."""

    def __init__(self, url_map: Map, **kwargs: Any) -> None:
        kwargs.setdefault("max", 2**53 - 1)
        super().__init__(url_map, **kwargs)


def init_app(app: Flask) -> None:
    """Give templates the menu and a few words, and addresses their numbers."""
    app.url_map.converters["int"] = Id

    @app.context_processor
    def _shared() -> dict[str, Any]:
        return {
            "menu": menu,
            "banner": banner,
            "clock_text": lambda at, zone: clock_text(at, zone_of(zone)),
            "when_near": lambda at, zone: when_near_text(at, zone_of(zone)),
            "organisation": app.config["SIDEGATE_ORGANISATION"],
            "training_texts": app.config["SIDEGATE_SMS_GATEWAY"] == "handset" and "handset" in app.blueprints,
            "new_key": new_key,
            "birth": birth_text,
            "notices": lambda: g.get("notices", ()),
        }
