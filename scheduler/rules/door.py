"""What the desk is told when someone comes in (SAFETY.md 5): go ahead, or the quiet room. Nothing says why.

Everything here is possible until a lead says otherwise, and possible counts as yes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from scheduler.rules.intervals import Interval
from scheduler.rules.separation import Person


class Answer(StrEnum):
    """All that the desk ever learns."""

    GO = "go"
    QUIET_ROOM = "quiet-room"


#: How far ahead the answer looks, and how far ahead a protected woman's worker and lead are told.
AHEAD = timedelta(hours=1)
ALERT_AHEAD = timedelta(hours=2)

#: Someone who was marked as arrived and not yet as seen is taken to be here still, and an early one here already.
MAY_LINGER = timedelta(hours=12)

#: The kind of a person who is only described on an exclusion; the number is the named person's.
DESCRIBED = "named"


@dataclass(frozen=True, slots=True)
class There:
    """One counted presence at this place or one that counts as the same, margins included (SAFETY.md 1). `is_here`
    means that someone marked them as arrived and nobody has marked them as seen."""

    person: Person
    span: Interval
    is_here: bool = False
    appointment: int | None = None


class Tie(NamedTuple):
    """An exclusion in force, and one person whom it names: someone we know, by a match that is not dismissed, or the
    person it describes. `closed_here` means that the named person is never to be at this place."""

    exclusion: int
    protected: Person
    named: Person
    closed_here: bool = False


class Meeting(NamedTuple):
    """A named person who has come in, and a protected woman who is here or due: her lead and worker are told."""

    exclusion: int
    named: Person
    appointment: int | None


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, whom to tell, and the exclusions that either rests on: for the access log, never for the desk."""

    answer: Answer
    meetings: tuple[Meeting, ...] = ()
    exclusions: frozenset[int] = frozenset()


def is_near(there: There, now: datetime, ahead: timedelta) -> bool:
    """Is this person on site now, or due within `ahead` (its last moment included)?"""
    if there.is_here:
        return there.span.start - MAY_LINGER <= now < there.span.end + MAY_LINGER
    return there.span.start <= now + ahead and now < there.span.end


def is_around(there: There, span: Interval, now: datetime) -> bool:
    """Is this person, who has not left yet, there during `span` or within two hours of it (its last moments included)?
    For a booking that no offer was asked about: the other may come early or stay."""
    if there.is_here:
        return is_near(there, now, ALERT_AHEAD)
    around = span.widened(ALERT_AHEAD, ALERT_AHEAD)
    return now < there.span.end and there.span.start <= around.end and around.start <= there.span.end


def decide(comers: Collection[Person], ties: Iterable[Tie], there: Iterable[There], now: datetime) -> Decision:
    """What to do about someone who has come in and may be any of `comers`, at a place where those who are `there` are
    or will be. It is the same question whichever of the two came. Nobody is kept from themselves."""
    everyone = sorted(there, key=lambda each: each.span.start)
    near = {each.person for each in everyone if is_near(each, now, AHEAD)}
    soon = {each.person: each for each in reversed(everyone) if is_near(each, now, ALERT_AHEAD)}
    apart: set[int] = set()
    meetings: dict[tuple[int, Person], Meeting] = {}
    for tie in ties:
        if tie.protected == tie.named:
            continue
        if tie.named in comers:
            if tie.closed_here or tie.protected in near:
                apart.add(tie.exclusion)
            if tie.protected in soon:
                hers = soon[tie.protected].appointment
                meetings[tie.exclusion, tie.named] = Meeting(tie.exclusion, tie.named, hers)
        if tie.protected in comers and tie.named in near:
            apart.add(tie.exclusion)
    answer = Answer.QUIET_ROOM if apart else Answer.GO
    return Decision(answer, tuple(meetings.values()), frozenset(apart | {each.exclusion for each in meetings.values()}))
