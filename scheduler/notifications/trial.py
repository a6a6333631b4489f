"""A test text to one's own phone, and the texts as a phone would show them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import product

from flask import Flask, current_app

from scheduler import clock
from scheduler.notifications import forgetting, words
from scheduler.notifications.gateway import Answer, Text, gateway_for
from scheduler.notifications.line import Line
from scheduler.notifications.outbox import Wordless
from scheduler.notifications.words import Facts
from scheduler.rules import discretion
from scheduler.rules.discretion import Names
from scheduler.rules.reminders import Purpose
from scheduler.services import texts
from scheduler.services.actors import Actor

#: All that a test text says, whoever picks up the phone.
WORDS = "This is a test."
#: A test that has not left by then is not wanted any more.
_LASTS = timedelta(minutes=10)

_TOKEN = "x" * words.LONGEST_TOKEN
_USUAL_START = datetime(2026, 5, 5, 9, 0, tzinfo=UTC)
_LONGEST_START = datetime(2026, 9, 30, 11, 30, tzinfo=UTC)
#: Invented, and longer than most.
_FIRST_NAMES = ("Wilhelmina-Josephine", "Maria-Magdalena", "Wilhelmina", "Charlotte", "Alma")
_PLACES = ("St Bartholomew's Community Hall", "Station Road Library", "Elm Road Surgery", "The Mill")


def send(actor: Actor) -> Answer:
    """Send the actor a test text the way hers go, once. It is in no outbox: whatever comes of it is said now or never,
    and a receipt for it settles nothing. Raises NotAllowed, NotFound, Invalid when no number is recorded."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    number = texts.number_to_test(actor)  # its transaction ends before anything is sent
    gateway = gateway_for(app)
    [[(_, answer)]] = Line(gateway).send([Text(0, number, WORDS, clock.now() + _LASTS, "test")])
    if gateway.keeps:
        forgetting.remember(answer)
    return answer


@dataclass(frozen=True, slots=True)
class Shown:
    """One text as a phone would show it. `septets` is None, and `body` says why, when it would not be sent."""

    body: str
    septets: int | None

    @property
    def one_segment(self) -> bool:
        """Whether it arrives in one piece."""
        return self.septets is not None and self.septets <= discretion.SEGMENT


@dataclass(frozen=True, slots=True)
class Preview:
    """A text in one language, as it usually is and at its longest. A text to staff is always the same."""

    purpose: str
    language: str
    usual: Shown
    longest: Shown | None


@lru_cache(maxsize=4)
def previews(public_url: str, organisation: str) -> tuple[Preview, ...]:
    """Every text in every language, with invented names."""
    link = words.address(public_url, _TOKEN)
    found = []
    for language, purpose in product(words.languages(), Purpose):
        usual = Facts(purpose, language, Names("Alma", None, "The Mill"), link, _USUAL_START, "in-person")
        tried = [
            Facts(purpose, language, Names(first, organisation or None, place), link, _LONGEST_START, "in-person")
            for first, place in product(_FIRST_NAMES, _PLACES)
        ]
        longest = max((_shown(facts) for facts in tried), key=lambda shown: shown.septets or 0)
        found.append(Preview(purpose.value, language, _shown(usual), longest))
    return (*found, *(Preview("staff", language, _to_staff(language), None) for language in words.languages()))


def _shown(facts: Facts) -> Shown:
    try:
        body = words.compose(facts)
    except Wordless as problem:
        return Shown(str(problem), None)
    return Shown(body, discretion.septets(body))


def _to_staff(language: str) -> Shown:
    try:
        body = words.for_staff(language)
    except Wordless as problem:
        return Shown(str(problem), None)
    return Shown(body, discretion.septets(body))
