"""What women ask staff for on their links, and what the links tell: a call, another number, a link closed by wrong
words. A list for staff to see to; nothing here is done by itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Ask
from scheduler.notifications import planning
from scheduler.rules import phones
from scheduler.services import audit
from scheduler.services.actors import Actor, can_book_for_anyone, client_actor
from scheduler.services.transaction import use_case
from scheduler.store import asks as store
from scheduler.store import links

_A = Ask.__table__

#: One page of the list, and how long one that was seen to is kept.
MOST, KEPT = 200, timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that waits: `kind` is call, number or word; `words` the number that texts are to go to."""

    id: int
    client_id: int
    kind: str
    words: str | None
    made_at: datetime
    given_name: str
    family_name: str


def put(client_id: int, kind: str, now: datetime, words: str | None = None) -> None:
    """Put it on the list, in the running transaction. Asked twice before anyone has seen to it, it stands there once,
    with the latest words."""
    again = db.session.execute(
        update(_A)
        .where(_A.c.client_id == client_id, _A.c.kind == kind, _A.c.seen_at.is_(None))
        .values(words=words)
        .returning(_A.c.id)
    ).first()
    if again is None:
        db.session.execute(insert(_A), {"client_id": client_id, "kind": kind, "words": words, "made_at": now})


@use_case
def call(client_id: int) -> None:
    """She would like a call. Staff make it within what is recorded as safe."""
    put(client_id, "call", clock.now())
    audit.record(client_actor(client_id), "call-asked", "client", client_id)


def another_number(client_id: int, typed: str) -> None:
    """She says that texts must go to another number. Staff ask her before they change it, for anyone may hold her
    phone; until then none goes to the old one either, what is queued is withdrawn and every link ends (SAFETY.md 8).

    Raises Invalid for what is no number.
    """
    try:
        number = phones.e164(typed.strip())
    except ValueError as error:
        raise Invalid(number="Type a phone number, such as 07700 900123.") from error
    _another_number(client_id, number)


@use_case
def _another_number(client_id: int, number: str) -> None:
    now = clock.now()
    put(client_id, "number", now, number)
    links.pause_texts(client_id, now)
    planning.withdraw_for_client(client_id, now)
    audit.record(client_actor(client_id), "number-asked", "client", client_id)


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for staff, the oldest first. Raises NotAllowed. One query."""
    _may(actor)
    return [Waiting(*row) for row in store.waiting(MOST)]


def count(actor: Actor) -> int:
    """How many wait. Raises NotAllowed. One query."""
    _may(actor)
    return store.count()


@use_case
def done(actor: Actor, ask_id: int) -> None:
    """Someone has seen to it; twice is once, and its words are let go of. Raises NotAllowed and NotFound."""
    _may(actor)
    row = store.one(ask_id)
    if row is None:
        raise NotFound
    if row.seen_at is None:
        seen = {"seen_by": actor.staff_id, "seen_at": clock.now(), "words": None}
        db.session.execute(update(_A).where(_A.c.id == ask_id).values(seen))
        audit.record(actor, "ask-seen", "ask", ask_id)


@use_case
def forget() -> int:
    """Delete what was seen to a month ago; gives how many."""
    deleted = delete(_A).where(_A.c.seen_at < clock.now() - KEPT)
    return int(db.session.execute(deleted).rowcount)  # type: ignore[attr-defined]


def _may(actor: Actor) -> None:
    if not can_book_for_anyone(actor):
        raise NotAllowed
