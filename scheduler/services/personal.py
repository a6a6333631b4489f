"""What is typed about a person, made fit to be kept: names, birth dates, phones, preferences. Each fault is told
by its field."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from flask import current_app

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules.births import read_birth
from scheduler.rules.phones import e164
from scheduler.rules.presence import Mode

LONGEST_NAME = 80
MOST_ALIASES = 12

Preferences: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Personal:
    """Who someone is, in the forms that are kept. `date_of_birth` is ISO and may end early; `phone` is E.164."""

    given_name: str
    family_name: str
    aliases: tuple[str, ...]
    date_of_birth: str | None
    phone: str | None

    @property
    def names(self) -> tuple[str, ...]:
        """The whole name, then the aliases."""
        return (f"{self.given_name} {self.family_name}".strip(), *self.aliases)


def today() -> date:
    """Today in the service's own zone."""
    return clock.now().astimezone(ZoneInfo(current_app.config["SIDEGATE_ZONE"])).date()


def clean(text: str | None) -> str:
    """One line: without control and formatting characters, spaces made single."""
    plain = "".join(" " if unicodedata.category(c).startswith("C") or c.isspace() else c for c in text or "")
    return " ".join(unicodedata.normalize("NFC", plain).split())


def read_name(text: str | None, field: str, wrong: dict[str, str], *, needed: bool = False) -> str:
    """A name as it is kept; what is wrong with it is put in `wrong` by its field."""
    name = clean(text)
    if len(name) > LONGEST_NAME:
        wrong[field] = f"Use up to {LONGEST_NAME} letters."
    elif name and not any(c.isalpha() for c in name):
        wrong[field] = "Type a name with letters."
    elif needed and not name:
        wrong[field] = "Type a name."
    return name


def read_aliases(typed: Iterable[str], field: str, wrong: dict[str, str]) -> tuple[str, ...]:
    """Other names, each once."""
    found = tuple(dict.fromkeys(name for name in (read_name(each, field, wrong) for each in typed) if name))
    if len(found) > MOST_ALIASES:
        wrong[field] = f"Type up to {MOST_ALIASES} names."
    return found


def read_birth_date(typed: str | None, field: str, wrong: dict[str, str]) -> str | None:
    """A birth date as it is kept, or None when nothing was typed."""
    if not typed or not typed.strip():
        return None
    try:
        return read_birth(typed[:60], today())
    except (ValueError, OverflowError):
        wrong[field] = "Type a date, such as 5/3/1987, or a month and year, or a year alone."
        return None


def read_phone(typed: str | None, field: str, wrong: dict[str, str]) -> str | None:
    """A phone number as it is kept, or None when nothing was typed."""
    if not typed or not typed.strip():
        return None
    try:
        return e164(typed.strip(), drama=not current_app.config["SIDEGATE_PRODUCTION"])
    except ValueError:
        wrong[field] = "Type a phone number that can be called, such as 07700 900123."
        return None


def read_details(
    given_name: str, family_name: str, aliases: Iterable[str], date_of_birth: str | None, phone: str | None
) -> Personal:
    """Everything that identifies a client. Raises Invalid with a sentence for each field at fault."""
    wrong: dict[str, str] = {}
    personal = Personal(
        read_name(given_name, "given_name", wrong, needed=True),
        read_name(family_name, "family_name", wrong),
        read_aliases(aliases, "aliases", wrong),
        read_birth_date(date_of_birth, "date_of_birth", wrong),
        read_phone(phone, "phone", wrong),
    )
    if wrong:
        raise Invalid(**wrong)
    return personal


# --- preferences ------------------------------------------------------------------------------------------------------

_MINUTES = range(1441)


def _is_number(value: Any, allowed: range = range(2**53)) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed


def _all_numbers(value: Any, allowed: range = range(1, 2**53)) -> bool:
    return isinstance(value, (list, tuple)) and len(value) <= 100 and all(_is_number(v, allowed) for v in value)


def _modes(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(mode in set(Mode) for mode in value)


def _language(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 40


_FIT = {
    "modes": (_modes, "Choose from in person, phone, video and chat."),
    "venues": (_all_numbers, "Choose from the places."),
    "staff": (_all_numbers, "Choose from the workers."),
    "weekdays": (lambda v: _all_numbers(v, range(7)), "Choose from the days of the week."),
    "from_minute": (lambda v: _is_number(v, _MINUTES), "Type a time of day."),
    "until_minute": (lambda v: _is_number(v, _MINUTES), "Type a time of day."),
    "woman_worker": (lambda v: isinstance(v, bool), "Say yes or no."),
    "women_only": (lambda v: isinstance(v, bool), "Say yes or no."),
    "interpreter": (lambda v: isinstance(v, bool), "Say yes or no."),
    "step_free": (lambda v: isinstance(v, bool), "Say yes or no."),
    "language": (_language, "Use up to 40 letters."),
    "creche": (lambda v: _is_number(v, range(11)), "Type a number of children from 0 to 10."),
}


def read_preferences(typed: Mapping[str, Any]) -> Preferences:
    """How, where, when and with whom she would choose; what is not said is left out. Raises Invalid by field."""
    wrong: dict[str, str] = {}
    kept: Preferences = {}
    for name, value in typed.items():
        if value is None:
            continue
        if name not in _FIT:
            wrong["preferences"] = "There is no such preference."
        elif not _FIT[name][0](value):
            wrong[name] = _FIT[name][1]
        else:
            kept[name] = list(value) if isinstance(value, (list, tuple)) else value
    if not wrong and kept.get("from_minute", 0) >= kept.get("until_minute", 1440):
        wrong["until_minute"] = "The end must come after the beginning."
    if wrong:
        raise Invalid(**wrong)
    return kept
