"""The words of a text that is claimed now, and whether the app may start with the words that it has.

What a text says is made in `services.wording`, for every one of them.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask

from scheduler.errors import ConfigurationError
from scheduler.notifications.outbox import Due, Wordless
from scheduler.rules import discretion, wording
from scheduler.rules.discretion import Names
from scheduler.rules.languages import LANGUAGES, Language
from scheduler.rules.wording import Unwritable
from scheduler.services.wording import (
    LONGEST_TOKEN,
    PURPOSES,
    Edited,
    Facts,
    address,
    built_in,
    compose,
    fitting,
    in_force,
    longest_starts,
)
from scheduler.services.wording import for_staff as worded_for_staff

__all__ = ["LONGEST_TOKEN", "Edited", "Facts", "address", "check", "compose", "for_staff", "in_force", "text_for"]


def text_for(due: Due, organisation: str, public_url: str, token: str, edited: Edited | None = None) -> str:
    """The words of a message that may go out now, made from what managers wrote: `edited`, asked for once a batch.
    Raises Wordless when none of them are fit to be sent."""
    names = discretion.names(due.may_name, due.first_name, organisation, due.place)
    link = address(public_url, token)
    facts = Facts(due.purpose, due.language, names, link, due.start, due.mode, due.zone or "Europe/London")
    return compose(facts, in_force() if edited is None else edited).text


def for_staff(language: str = "en", edited: Edited | None = None) -> str:
    """The one text that staff are sent. Raises Wordless when it is not fit to be sent."""
    return worded_for_staff(in_force() if edited is None else edited, language)


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
    """What is wrong with the built-in texts without any name, at their longest time and address: one line each."""
    link = address(public_url, "x" * LONGEST_TOKEN)
    return [
        f"{purpose} in {language.code}: {found}"
        for language in LANGUAGES for purpose in PURPOSES if (found := _wrong(language, purpose, link))
    ]  # fmt: skip


def _wrong(language: Language, purpose: str, link: str) -> str:
    """What is wrong with one text; empty when nothing is. Where 70 letters are too few for a long address, English is
    sent, which must be fit then."""
    try:
        parts = wording.checked(built_in(language.code, purpose), purpose, language)
        for start in longest_starts(language):
            for mode in ("in-person", "phone", "video"):
                facts = Facts(purpose, language.code, Names(), "" if purpose == "staff" else link, start, mode)
                compose(facts, {}) if language.wide else fitting(facts, language, parts)
    except (Wordless, Unwritable) as problem:
        return str(problem)
    return ""
