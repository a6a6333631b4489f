"""The words of texts as managers set them: changed within limits, restored, read by someone who grew up with them.

Whatever is typed is refused unless every text made of it is one segment at its longest, holds her link and tells
nothing; whatever is kept is asked the same again each time it is sent. The audit log has who and when, not the words.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import product

from flask import current_app

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import LanguageCheck, TextWords
from scheduler.notifications.outbox import Wordless
from scheduler.rules import discretion, wording
from scheduler.rules.discretion import Names, Size
from scheduler.rules.languages import BY_CODE, LANGUAGES, Language
from scheduler.rules.wording import Part, Unwritable
from scheduler.services import actors, audit
from scheduler.services import wording as made
from scheduler.services.actors import Actor
from scheduler.services.personal import read_name, today
from scheduler.services.transaction import use_case
from scheduler.services.wording import LONGEST_TOKEN, PURPOSES, Edited, Facts, built_in, longest_starts
from scheduler.store import staff
from scheduler.store import words as store

_USUAL_START = datetime(2027, 5, 4, 9, 0, tzinfo=UTC)
#: Invented, and longer than most.
_FIRST_NAMES = ("Wilhelmina-Josephine", "Wilhelmina", "Alma")
_PLACES = ("St Bartholomew's Community Hall", "Station Road Library", "The Mill")


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as a phone would show it, in the `language` that it came to be in. `size` is None when it would not be
    sent."""

    body: str
    language: Language
    size: Size | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as it usually is and at its longest."""

    usual: Shown
    longest: Shown


@dataclass(frozen=True, slots=True)
class TextCard:
    """The words of one text that are in force. `changed_at` and `changed_by` say who changed them last, if anyone did;
    `unfit` that what a manager wrote cannot be sent any more, so that the built-in words are."""

    language: Language
    purpose: str
    words: str
    edited: bool
    unfit: bool
    version: int
    changed_at: datetime | None
    changed_by: str
    preview: Preview


@dataclass(frozen=True, slots=True)
class LanguageCard:
    """A language: how many of its texts managers changed, and who read them. `holds` is whether they still say what was
    read; `in_english` the purposes for which the address of her link leaves no room, so that texts go out in English.
    """

    language: Language
    edited: int
    checked_by: str
    checked_on: date | None
    holds: bool
    in_english: tuple[str, ...]


# --- What there is ----------------------------------------------------------------------------------------------------


def languages(actor: Actor) -> list[LanguageCard]:
    """Every language. Raises NotAllowed."""
    _may(actor)
    edited, checks = made.in_force(), store.checks()
    return [_language_card(language, edited, checks.get(language.code)) for language in LANGUAGES]


def texts_of(actor: Actor, code: str) -> tuple[LanguageCard, list[TextCard]]:
    """A language and the words of each of its texts. Raises NotAllowed, NotFound."""
    _may(actor)
    language, edited = _language(code), made.in_force()
    return _language_card(language, edited, store.check(language.code)), _cards(language, PURPOSES, edited)


def allowed(purpose: str) -> tuple[str, ...]:
    """What may be filled in in a text of this purpose."""
    return wording.ALLOWED[purpose]


def text_of(actor: Actor, code: str, purpose: str) -> TextCard:
    """The words of one text. Raises NotAllowed, NotFound."""
    _may(actor)
    return _cards(_language(code, purpose), (purpose,), made.in_force())[0]


def _cards(language: Language, purposes: tuple[str, ...], edited: Edited) -> list[TextCard]:
    rows = {row.purpose: row for row in store.rows(language.code)}
    names = staff.names({row.changed_by for row in rows.values() if row.changed_by is not None})
    return [_card(language, purpose, rows.get(purpose), edited, names) for purpose in purposes]


def _card(
    language: Language, purpose: str, row: TextWords | None, edited: Edited, names: dict[int, str]
) -> TextCard:  # fmt: skip
    words = edited.get((language.code, purpose))
    return TextCard(
        language, purpose, words or built_in(language.code, purpose), words is not None,
        words is not None and bool(_fault(words, purpose, language)), row.version if row else 0,
        row.changed_at if row else None, names.get(row.changed_by or 0, "") if row else "",
        _preview(language, purpose, edited),
    )


def _language_card(language: Language, edited: Edited, check: LanguageCheck | None) -> LanguageCard:
    in_english = tuple(purpose for purpose in PURPOSES if _too_wide(language, purpose))
    return LanguageCard(
        language, sum(code == language.code for code, _purpose in edited), check.checked_by if check else "",
        check.checked_on if check else None, check is not None and check.digest == _digest(language, edited),
        in_english,
    )


def _too_wide(language: Language, purpose: str) -> bool:
    """Whether the built-in words of a language of 70 letters do not fit beside the address of her link."""
    parts = wording.read(built_in(language.code, purpose), purpose)
    return language.wide and bool(_too_long(parts, purpose, language))


def _digest(language: Language, edited: Edited) -> str:
    words = [edited.get((language.code, purpose)) or built_in(language.code, purpose) for purpose in PURPOSES]
    return hashlib.sha256("\n".join(words).encode()).hexdigest()


# --- As on a phone ----------------------------------------------------------------------------------------------------


def preview(actor: Actor, code: str, purpose: str, typed: str) -> Preview:
    """A text in these words, before they are saved. Raises NotAllowed, NotFound, and Invalid as `change` does."""
    _may(actor)
    language = _language(code, purpose)
    return _preview(language, purpose, {(language.code, purpose): _read(typed, purpose, language)})


def _preview(language: Language, purpose: str, edited: Edited) -> Preview:
    link = "" if purpose == "staff" else _link()
    usual = _shown(Facts(purpose, language.code, Names("Alma", None, "The Mill"), link, _USUAL_START), edited)
    organisation = current_app.config["SIDEGATE_ORGANISATION"] or None
    tried = (
        _shown(Facts(purpose, language.code, Names(first, organisation, place), link, start), edited)
        for first, place, start in product(_FIRST_NAMES, _PLACES, longest_starts(language)[:2])
    )
    return Preview(usual, max((*tried, usual), key=lambda shown: shown.size.taken if shown.size else 0))


def _shown(facts: Facts, edited: Edited) -> Shown:
    try:
        text = made.compose(facts, edited)
    except Wordless:
        return Shown("", BY_CODE[facts.language], None)
    return Shown(text.text, text.language, discretion.size(text.text))


def _link() -> str:
    return made.address(current_app.config["SIDEGATE_PUBLIC_URL"], "x" * LONGEST_TOKEN)


# --- Changing ---------------------------------------------------------------------------------------------------------


@use_case
def change(actor: Actor, code: str, purpose: str, typed: str, version: int) -> None:
    """Let this text say this from now on, the next text that goes out among them. `version` is that of the words that
    were read. Raises NotAllowed, NotFound, Stale, and Invalid with a sentence on `words`."""
    _may(actor)
    language = _language(code, purpose)
    words = _read(typed, purpose, language)
    row = _to_change(language, purpose, version)
    row.words = None if words == built_in(language.code, purpose) else words
    _changed(actor, row, "change")


@use_case
def restore(actor: Actor, code: str, purpose: str, version: int) -> None:
    """Let this text say what is built in. Raises NotAllowed, NotFound, Stale."""
    _may(actor)
    row = _to_change(_language(code, purpose), purpose, version)
    row.words = None
    _changed(actor, row, "restore")


@use_case
def record_check(actor: Actor, code: str, checked_by: str, checked_on: date | None) -> None:
    """Record that someone who grew up with this language read all its texts as they are now. Raises NotAllowed,
    NotFound, Invalid."""
    _may(actor)
    language, wrong = _language(code), dict[str, str]()
    name = read_name(checked_by, "checked_by", wrong, needed=True)
    if checked_on is None or not date(2000, 1, 1) <= checked_on <= today():
        wrong["checked_on"] = "Give the day on which they read it: today, or a day before."
    if wrong or checked_on is None:
        raise Invalid(**wrong)
    row = store.check(language.code) or LanguageCheck(language=language.code)
    row.checked_by, row.checked_on, row.digest = name, checked_on, _digest(language, made.in_force())
    row.recorded_by, row.recorded_at = actor.staff_id, clock.now()
    db.session.add(row)
    audit.record(actor, "check", "text-language", None, language=language.code)


def _may(actor: Actor) -> None:
    if not actors.can_manage(actor):
        raise NotAllowed


def _language(code: str, purpose: str = PURPOSES[0]) -> Language:
    if code not in BY_CODE or purpose not in PURPOSES:
        raise NotFound
    return BY_CODE[code]


def _to_change(language: Language, purpose: str, version: int) -> TextWords:
    row = store.row(language.code, purpose)
    if (row.version if row else 0) != version:
        raise Stale
    return row or TextWords(language=language.code, purpose=purpose, version=0)


def _changed(actor: Actor, row: TextWords, action: str) -> None:
    row.version, row.changed_at, row.changed_by = row.version + 1, clock.now(), actor.staff_id
    db.session.add(row)
    db.session.flush()
    audit.record(actor, action, "text-words", row.id, language=row.language, purpose=row.purpose, version=row.version)


# --- What may be kept -------------------------------------------------------------------------------------------------


def _read(typed: str, purpose: str, language: Language) -> str:
    """What was typed, in one line and in letters that texts of this language are written in. Raises Invalid."""
    one_line = " ".join(unicodedata.normalize("NFC", typed).split())
    words = "".join(letter for letter in one_line if not discretion.has_controls(letter))
    if not language.wide:
        words = discretion.in_plain_letters(words) or words
    fault = _fault(words, purpose, language)
    if fault:
        raise Invalid(words=fault)
    return words


def _fault(words: str, purpose: str, language: Language) -> str:
    """Why these words may not be used, in a sentence for whoever typed them; empty when they may."""
    try:
        return _too_long(wording.checked(words, purpose, language), purpose, language)
    except Unwritable as fault:
        return str(fault)


def _too_long(parts: tuple[Part, ...], purpose: str, language: Language) -> str:
    """Why these words may be too long; empty when they fit in one segment at the longest time and the longest address,
    with every part left out that can be."""
    link = "" if purpose == "staff" else _link()
    for start, mode in product(longest_starts(language), ("in-person", "phone", "video")):
        facts = Facts(purpose, language.code, Names(), link, start, mode)
        try:
            made.fitting(facts, language, parts)
        except Wordless:
            size = discretion.size(made.sparsest(facts, language, parts))
            if size.fits:
                return "These words do not make a text that may be sent. Say it another way."
            return (
                f"At its longest this takes {size.taken} of {size.most} letters, even with every [part] left out. "
                f"The address of her link takes {len(link)} of them. Shorten it, or put more of it in [parts]."
            )
    return ""
