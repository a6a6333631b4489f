"""Who still has to be told of an appointment, and that someone told her (NEEDS.md: never assume she was)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Telling
from scheduler.models.tellings import HOW
from scheduler.notifications.safety import service_zone
from scheduler.rules import reminders, telling
from scheduler.rules.reminders import Contact
from scheduler.rules.states import OPEN, State
from scheduler.rules.telling import TO_TELL, Known
from scheduler.services import audit, visibility
from scheduler.services.actors import Actor, can_book_for_anyone
from scheduler.services.transaction import use_case
from scheduler.services.visibility import PlaceOf
from scheduler.store import diary
from scheduler.store import telling as store


@dataclass(frozen=True, slots=True)
class ToTell:
    """An appointment of which she may not know. `start` in UTC, `place` the venue's name to this reader, in `zone`;
    `may_call` that a call is recorded as safe and its record holds, whatever the hour; `call_hours` the hours that it
    is safe at, as (weekday, from minute, until minute) in the service's zone, none for any."""

    id: int
    client_id: int
    given_name: str
    family_name: str
    start: datetime
    version: int
    kind: str
    mode: str
    worker: str
    place: str
    zone: str
    may_call: bool
    call_hours: tuple[tuple[int, int, int], ...]
    known: Known
    cancelled: bool = False


def to_tell(actor: Actor, start: datetime, until: datetime) -> list[ToTell]:
    """The appointments to come that begin in `start <= t < until`, of which nobody knows that she was told: no text
    arrived, none is to come, nobody here told her. So too those that were cancelled, unless she asked for it. The
    soonest first; three queries. Raises NotAllowed.

    At a confidential venue only staff assigned to it are shown who (SAFETY.md 7).
    """
    _may(actor)
    now, zone, mine = clock.now(), service_zone(), visibility.assigned(actor)
    rows = [row for row in store.coming(max(start, now), until) if visibility.knows_of(PlaceOf(row), actor, mine)]
    of_these = _known(rows)
    found = []
    for row in rows:
        known = of_these[row.id]
        if known.told not in TO_TELL:
            continue
        call = Contact(row.call or "unknown", row.hours, row.review_on, bool(row.paused), row.paused_until)
        may_call = bool(row.phone) and reminders.silence(call, now, zone) is None
        found.append(
            ToTell(
                row.id, row.client_id, row.given_name, row.family_name, row.start, row.version, row.kind, row.mode,
                f"{row.staff_given} {row.staff_family}" if row.staff_given else "",
                visibility.label_for(PlaceOf(row), actor, mine), row.zone,
                may_call, tuple((day, low, high) for day, low, high in row.hours or ()) if may_call else (), known,
                row.state == State.CANCELLED,
            )
        )
    return found


def marks(
    actor: Actor, appointments: Collection[int], start: datetime, until: datetime
) -> tuple[frozenset[int], int]:
    """Those of these appointments, which the actor is shown already, of which she may not know; and how many `to_tell`
    would list. No name is read. Raises NotAllowed. Four queries at most."""
    _may(actor)
    rows = store.coming_where(max(start, clock.now()), until)
    mine = visibility.assigned(actor) if any(row.confidential for row in rows) else frozenset()
    listed = [row for row in rows if visibility.knows_of(PlaceOf(row), actor, mine)]
    known = _known([*store.standing(appointments, clock.now()), *listed])
    waiting = frozenset(each for each, found in known.items() if found.told in TO_TELL)
    return waiting.intersection(appointments), sum(row.id in waiting for row in listed)


def of(actor: Actor, appointment_id: int) -> Known:
    """What is known of whether she was told of this appointment as it stands. Raises NotAllowed, NotFound."""
    _may(actor)
    row = diary.appointment(appointment_id)
    if row is None:
        raise NotFound
    return _known([row])[appointment_id]


def of_each(actor: Actor, appointments: Collection[int]) -> dict[int, Known]:
    """The same of each of these that is still to come; the others are left out. For appointments that the actor is
    shown already. Raises NotAllowed. Two queries, however many they are."""
    _may(actor)
    return _known(store.standing(appointments, clock.now()))


def _known(rows: Iterable[Any]) -> dict[int, Known]:
    standing = {row.id: row for row in rows}
    return {
        each: telling.known(standing[each].version, standing[each].made_by, news.texts, news.said, news.answers)
        for each, news in store.news_of(standing).items()
    }


@use_case
def say(actor: Actor, appointment_id: int, how: str, version: int) -> None:
    """Write down that someone told her of the appointment as it was at `version`: in-person, call or other. Twice is
    once. Raises NotAllowed, NotFound, Invalid; WrongState when it is not to come any more, and Stale when it changed
    meanwhile, so that she was told what is no longer so."""
    _may(actor)
    row = diary.appointment(appointment_id)
    if row is None:
        raise NotFound
    if how not in HOW:
        raise Invalid(how="Choose how she was told.")
    if row.state not in (*OPEN, State.CANCELLED) or (row.state == State.CANCELLED and row.start <= clock.now()):
        raise WrongState
    if row.version != version:
        raise Stale
    if any(each.version == version for each in store.news_of([appointment_id])[appointment_id].said):
        return
    db.session.execute(
        insert(Telling.__table__).values(
            appointment_id=appointment_id, version=version, how=how, told_by=actor.staff_id, told_at=clock.now()
        )
    )
    audit.record(actor, "told", "appointment", appointment_id, how=how)


def _may(actor: Actor) -> None:
    if not can_book_for_anyone(actor):
        raise NotAllowed


__all__ = ["HOW", "ToTell", "marks", "of", "of_each", "say", "to_tell"]
