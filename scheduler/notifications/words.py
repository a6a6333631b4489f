"""The words of a text: rendered from `templates/sms/LANGUAGE/PURPOSE.txt` when it is claimed, checked, and not kept.

A text says as much as she agreed to and as fits in one segment: the organisation is left out first, then her name,
then the place. What still tells too much, or does not fit, is not sent at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask import Flask
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from scheduler.errors import ConfigurationError
from scheduler.notifications.outbox import Due, Wordless
from scheduler.rules import discretion
from scheduler.rules.discretion import Names
from scheduler.rules.reminders import Purpose

FOLDER = Path(__file__).parent.parent / "templates" / "sms"
#: The longest token that `services.links` may put in an address.
LONGEST_TOKEN = 22
_LOCALES = {"en": "en_GB", "cy": "cy"}
_HOW = {
    "en": {"phone": "by phone", "video": "online", "chat": "online"},
    "cy": {"phone": "dros y ffon", "video": "ar-lein", "chat": "ar-lein"},
}
_TEXTS = Environment(
    loader=FileSystemLoader(FOLDER), undefined=StrictUndefined, autoescape=False, trim_blocks=True  # noqa: S701  plain text
)


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


def languages() -> tuple[str, ...]:
    """The languages that have every text."""
    return tuple(
        sorted(
            folder.name
            for folder in FOLDER.iterdir()
            if all((folder / f"{purpose}.txt").is_file() for purpose in Purpose)
        )
    )


def address(public_url: str, token: str) -> str:
    """The address of her link."""
    return f"{public_url}/a/{token}"


def text_for(due: Due, organisation: str, public_url: str, token: str) -> str:
    """The words of a message that may go out now. Raises Wordless when none of them are fit to be sent."""
    names = discretion.names(due.may_name, due.first_name, organisation, due.place)
    link = address(public_url, token)
    return compose(Facts(due.purpose, due.language, names, link, due.start, due.mode, due.zone or "Europe/London"))


def compose(facts: Facts) -> str:
    """The fullest of the texts that say this and are fit to be sent. Raises Wordless when none is."""
    language = facts.language if facts.language in _languages() else "en"
    found: list[str] = []
    for names in _sparser(facts.names):
        text = render(facts, names, language)
        found = discretion.problems(text, language)
        if not found:
            return text
    raise Wordless(f"{facts.purpose} in {language}: {'; '.join(found)}")


@lru_cache(maxsize=1)
def _languages() -> tuple[str, ...]:
    return languages()


def _sparser(names: Names) -> list[Names]:
    """These names, then fewer, with nothing left to leave out at the end. A name that cannot be written is left out."""
    kept = Names(*(name if name and discretion.septets(name) is not None else None for name in names))
    steps = [kept, kept._replace(organisation=None), kept._replace(organisation=None, first=None), Names()]
    return list(dict.fromkeys(steps))


def render(facts: Facts, names: Names, language: str) -> str:
    """One text, unchecked."""
    try:
        return _TEXTS.get_template(f"{language}/{facts.purpose}.txt").render(
            first=names.first, organisation=names.organisation, place=names.place, link=facts.link,
            when=_when(facts, language), how=_HOW.get(language, _HOW["en"]).get(facts.mode or "", ""),
        )
    except TemplateError as error:
        raise Wordless(f"{facts.purpose} in {language}: {type(error).__name__}") from error


def for_staff(language: str = "en") -> str:
    """The one text that staff are sent: to look at their desk. It names nobody and says nothing. Raises Wordless when
    it is not fit to be sent."""
    try:
        text = _TEXTS.get_template(f"{language}/staff.txt").render()
    except TemplateError as error:
        raise Wordless(f"staff in {language}: {type(error).__name__}") from error
    found = discretion.problems(text, language) if text.strip() else ["it is empty"]
    if found:
        raise Wordless(f"staff in {language}: {'; '.join(found)}")
    return text


def _when(facts: Facts, language: str) -> str:
    if facts.start is None:
        return ""
    local = facts.start.astimezone(ZoneInfo(facts.zone))
    words = format_datetime(local.replace(tzinfo=None), "EEE d MMM h:mma", locale=_LOCALES.get(language, language))
    # An hour that comes twice in the autumn is told apart.
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    return f"{words} {local.tzname()}" if twice else words


def check(app: Flask) -> None:
    """Start-up check: every text in every language, at its longest, is one segment and tells nothing. Raises
    ConfigurationError with one clear line."""
    public_url, organisation = app.config["SIDEGATE_PUBLIC_URL"], app.config["SIDEGATE_ORGANISATION"]
    host = (urlsplit(public_url).hostname or "").replace(".", " ").replace("-", " ")
    if discretion.telling_words(host):
        raise ConfigurationError("SIDEGATE_PUBLIC_URL stands in every text, and its name tells what the service is.")
    if discretion.problems(organisation):
        raise ConfigurationError("SIDEGATE_ORGANISATION may stand in texts; it tells too much or cannot be written.")
    problems = texts_at_their_longest(public_url)
    if problems:
        raise ConfigurationError(f"A text cannot be sent: {problems[0]}.")


def texts_at_their_longest(public_url: str) -> list[str]:
    """What is wrong with the texts without any name, at their longest time and address: one line each."""
    link = address(public_url, "x" * LONGEST_TOKEN)
    longest = datetime(2026, 9, 30, 11, 30, tzinfo=UTC)
    found: list[str] = []
    for language in languages():
        try:
            for_staff(language)
        except Wordless as problem:
            found.append(str(problem))
        for purpose in Purpose:
            for mode in ("in-person", "phone"):
                try:
                    compose(Facts(purpose, language, Names(), link, longest, mode))
                except Wordless as problem:
                    found.append(str(problem))
    return found
