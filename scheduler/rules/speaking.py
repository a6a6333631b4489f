"""Which languages someone speaks, as people type them: "polish", "Polski" and "pl" are one."""

from __future__ import annotations

from collections.abc import Iterable

from scheduler.rules.languages import LANGUAGES

#: What stands for a language that nobody wrote down: she needs one, and staff must ask which.
NOT_SAID = "?"

_KNOWN = {name.casefold(): each.english for each in LANGUAGES for name in (each.code, each.own, each.english)}


def in_english(typed: str) -> str:
    """A language's English name, as far as it is known; otherwise as it was typed, with a capital letter."""
    name = " ".join(typed.split())
    return _KNOWN.get(name.casefold(), name[:1].upper() + name[1:])


def spoken(typed: Iterable[str]) -> tuple[str, ...]:
    """Languages by their English names, each once, without English: everyone here is taken to speak it."""
    names = dict.fromkeys(name for name in map(in_english, typed) if name)
    return tuple(name for name in names if name != "English")


def speaks(languages: Iterable[str] | None, wanted: str) -> bool:
    """Does someone who speaks these speak the one that is wanted?"""
    return in_english(wanted).casefold() in {in_english(each).casefold() for each in languages or ()}


def needed(language: str | None, interpreter: bool) -> str:
    """The language in which she would be spoken with, of what her record says; empty when English will do."""
    name = in_english(language or "")
    if name and name != "English":
        return name
    return NOT_SAID if interpreter else ""
