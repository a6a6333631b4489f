"""What a text says: made in this one place from the words in force, filled in, checked, and not kept.

In force are the words that a manager wrote, or the built-in ones of `templates/sms/LANGUAGE/PURPOSE.txt`. A text says
as much as she agreed to and as fits in one segment. Where a manager's words cannot be sent, the built-in ones are;
where those do not fit, as 70 letters hold little beside a long address, English. What is still not fit is not sent.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from babel.dates import format_datetime

from scheduler.notifications.outbox import Wordless
from scheduler.rules import discretion, wording
from scheduler.rules.discretion import Names
from scheduler.rules.languages import LANGUAGES, Language, language_of
from scheduler.rules.wording import LINK, NAME, ORGANISATION, PLACE, TIME, Part, Unwritable
from scheduler.store import words as store

FOLDER = Path(__file__).parent.parent / "templates" / "sms"
PURPOSES = tuple(wording.ALLOWED)
#: The longest token that `services.links` puts in an address.
LONGEST_TOKEN = 16
#: By language and purpose, what managers wrote. Where nothing is, the built-in words hold.
Edited = Mapping[tuple[str, str], str]

_HOW = {
    "en": ("by phone", "online"), "cy": ("dros y ffon", "ar-lein"), "pl": ("telefonicznie", "online"),
    "ro": ("la telefon", "online"), "ur": ("فون پر", "آن لائن"), "pa": ("ਫ਼ੋਨ ਤੇ", "ਆਨਲਾਈਨ"), "bn": ("ফোনে", "অনলাইনে"),
    "ar": ("بالهاتف", "عبر الإنترنت"),
}
#: As people write the time of day there; and shorter, where an alphabet leaves room for little else.
_FULL, _SHORT = "EEE d MMM H:mm", "d/M H:mm"
_FULL_IN = {"en": "EEE d MMM h:mma", "cy": "EEE d MMM h:mma"}


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text may be made of. `start` in UTC; `link` is the whole address."""

    purpose: str
    language: str
    names: Names
    link: str
    start: datetime | None = None
    mode: str | None = None
    zone: str = "Europe/London"


@dataclass(frozen=True, slots=True)
class Composed:
    """A text that may be sent, in which `language` it came to be, and whether in a manager's words."""

    text: str
    language: Language
    edited: bool


def in_force() -> dict[tuple[str, str], str]:
    """What managers wrote, by language and purpose, as it is now. One query."""
    return store.edited()


def compose(facts: Facts, edited: Edited) -> Composed:
    """The fullest of the texts that say this and are fit to be sent. Raises Wordless when none is."""
    why = ""
    for language, typed, ours in _sources(language_of(facts.language), facts.purpose, edited):
        try:
            return Composed(fitting(facts, language, wording.read(typed, facts.purpose)), language, not ours)
        except (Wordless, Unwritable) as problem:
            why = why or str(problem)
    raise Wordless(f"{facts.purpose} in {facts.language}: {why}")


def _sources(language: Language, purpose: str, edited: Edited) -> Iterator[tuple[Language, str, bool]]:
    for each in dict.fromkeys((language, LANGUAGES[0])):
        if (each.code, purpose) in edited:
            yield each, edited[each.code, purpose], False
        yield each, built_in(each.code, purpose), True


def fitting(facts: Facts, language: Language, parts: tuple[Part, ...]) -> str:
    """The fullest text of these very words that is fit to be sent. Raises Wordless when there is none."""
    found = ["a name in it is not known"]
    for values in _values(facts, language):
        for text in wording.texts(parts, values, language):
            found = wording.problems(text, language, facts.link)
            if not found:
                return text
    raise Wordless("; ".join(found))


def sparsest(facts: Facts, language: Language, parts: tuple[Part, ...]) -> str:
    """The shortest text of these words, unchecked."""
    found = [text for values in _values(facts, language) for text in wording.texts(parts, values, language)]
    return min(found, key=len)


def _values(facts: Facts, language: Language) -> Iterator[dict[str, str | None]]:
    in_person = facts.mode in (None, "in-person")
    how = None if in_person else _HOW[language.code][0 if facts.mode == "phone" else 1]
    names = {
        NAME: facts.names.first, ORGANISATION: facts.names.organisation, LINK: facts.link,
        PLACE: facts.names.place if in_person else how,
    }
    yield {**names, TIME: when(facts.start, facts.zone, language)}
    if language.wide:
        yield {**names, TIME: when(facts.start, facts.zone, language, short=True)}


def when(start: datetime | None, zone: str, language: Language, short: bool = False) -> str:
    """A time as texts write it: on her wall, with an hour that comes twice in the autumn told apart."""
    if start is None:
        return ""
    local = start.astimezone(ZoneInfo(zone))
    pattern = _SHORT if short else _FULL_IN.get(language.code, _FULL)
    words = format_datetime(local.replace(tzinfo=None), pattern, locale=language.locale)
    if not language.wide and language.code not in _FULL_IN:
        words = (discretion.in_plain_letters(words) or words).replace(".", "")
    return f"{words} {local.tzname()}" if _comes_twice(local) else words


def address(public_url: str, token: str) -> str:
    """The address of her link."""
    return f"{public_url}/a/{token}"


def for_staff(edited: Edited, language: str = "en") -> str:
    """The one text that staff are sent: to look at their desk. It names nobody and says nothing. Raises Wordless."""
    return compose(Facts("staff", language, Names(), ""), edited).text


# --- The built-in words, and how long a text may come to be -----------------------------------------------------------


@lru_cache(maxsize=64)
def built_in(language: str, purpose: str) -> str:
    """The words that hold where no manager wrote others. Lines that begin with # are remarks. Raises Wordless when
    there are none."""
    try:
        lines = (FOLDER / language / f"{purpose}.txt").read_text("utf-8").splitlines()
    except OSError as error:
        raise Wordless(f"{purpose} in {language}: {type(error).__name__}") from error
    words = " ".join(line.strip() for line in lines if line.strip() and not line.startswith("#"))
    return unicodedata.normalize("NFC", words)


@lru_cache(maxsize=8)
def longest_starts(language: Language, zone: str = "Europe/London") -> tuple[datetime, ...]:
    """The moments of a year whose times take most of a text in this language, written in full and written short: at
    half past twelve, and in the hour that comes twice."""
    wall = ZoneInfo(zone)
    days = {(day.month, day.weekday()): day for day in (date(2027, 1, 1) + timedelta(days=n) for n in range(365))}
    noon = [datetime.combine(day, time(12, 30), wall).astimezone(UTC) for day in days.values()]
    twice = list(_twice(zone))
    return tuple(
        dict.fromkeys(
            max(among, key=lambda at: discretion.units(when(at, zone, language, short)))
            for among in (noon, noon + twice)
            for short in (False, True)
        )
    )


@lru_cache(maxsize=8)
def _twice(zone: str) -> tuple[datetime, ...]:
    hours = [datetime(2027, 1, 1, 0, 30, tzinfo=UTC) + timedelta(hours=n) for n in range(365 * 24)]
    return tuple(at for at in hours if _comes_twice(at.astimezone(ZoneInfo(zone))))


def _comes_twice(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
