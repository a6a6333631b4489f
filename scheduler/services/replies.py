"""Texts that came back and wait for staff: who may read which, and that someone has seen to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update

from scheduler import clock
from scheduler.errors import NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, Reply
from scheduler.rules.replies import Meaning
from scheduler.rules.states import OPEN
from scheduler.services import audit, visibility
from scheduler.services.actors import Actor, can_book_for_anyone
from scheduler.services.transaction import use_case
from scheduler.services.visibility import PlaceOf
from scheduler.store import replies as store

_R, _A = Reply.__table__, Appointment.__table__.c

#: How long words are kept; and an answer once the appointment that it was about is over.
KEPT = timedelta(days=7)
#: One page of a list; whoever wants another time is on it before whatever else came.
MOST = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that came back. `client_id` is None when it came from a number that is not one client's alone; then
    nothing says whose it may be. `start` of the appointment that it is about in UTC, in `zone`; `may_move` while that
    is still to come."""

    id: int
    meaning: Meaning
    received_at: datetime
    client_id: int | None
    given_name: str
    family_name: str
    words: str | None
    appointment_id: int | None
    start: datetime | None
    zone: str | None
    kind: str
    place: str
    may_move: bool


def waiting(actor: Actor) -> list[Waiting]:
    """What waits for staff and this reader may know of, those who want another time first. Raises NotAllowed.

    About an appointment at a confidential venue only staff assigned to it are shown anything; and what a woman who
    stays at one wrote, which may name it, only its own staff (SAFETY.md 7). Three queries at most.
    """
    _may(actor)
    rows = store.waiting(MOST)
    mine = visibility.assigned(actor) if rows else frozenset()
    return [_line(row, actor, mine) for row in _readable(rows, actor, mine)]


def count(actor: Actor) -> int:
    """How many wait that this reader may know of. Raises NotAllowed. One query when none do, three at most."""
    _may(actor)
    rows = store.waiting_where()
    return len(_readable(rows, actor, visibility.assigned(actor))) if rows else 0


def stopped(actor: Actor, client_id: int) -> datetime | None:
    """When STOP, or a word like it, was answered from her number, while nobody has asked her since (UTC). Raises
    NotAllowed. One query."""
    _may(actor)
    return store.stopped_at(client_id)


@use_case
def done(actor: Actor, reply_id: int) -> None:
    """Someone has seen to it; twice is once. The words of what could not be understood are let go of with it. Raises
    NotAllowed, and NotFound for what this reader may not know of or is not there any more."""
    _may(actor)
    found = _readable(store.waiting_where(reply_id), actor, visibility.assigned(actor))
    if not found:
        raise NotFound
    if found[0].seen_at is not None:
        return
    db.session.execute(
        update(_R)
        .where(_R.c.id == reply_id)
        .values(seen_by=actor.staff_id, seen_at=clock.now(), words=None)
    )
    audit.record(actor, "reply-seen", "reply", reply_id)


@use_case
def forget() -> int:
    """Delete what has served: words a week after they came, an answer a week after its appointment is over; gives how
    many."""
    before = clock.now() - KEPT
    over = select(_A.id).where(_A.id == _R.c.appointment_id, _A.end < before).exists()
    deleted = delete(_R).where(
        _R.c.received_at < before,
        or_(_R.c.meaning == str(Meaning.OTHER), _R.c.appointment_id.is_(None), over),
    )
    return int(db.session.execute(deleted).rowcount)  # type: ignore[attr-defined]


def _readable(rows: list[Any], actor: Actor, mine: Iterable[int]) -> list[Any]:
    assigned = frozenset(mine)
    free = {row.client_id for row in rows if row.client_id is not None and _says_more_than_its_appointment(row)}
    hidden = {
        stay.client_id
        for stay in store.hidden_stays(free, clock.now())
        if not visibility.knows_of(PlaceOf(stay), actor, assigned)
    }
    return [
        row
        for row in rows
        if (row.venue_id is None or visibility.knows_of(PlaceOf(row), actor, assigned))
        and not (_says_more_than_its_appointment(row) and row.client_id in hidden)
    ]


def _says_more_than_its_appointment(row: Any) -> bool:
    return row.meaning == Meaning.OTHER or row.venue_id is None


def _line(row: Any, actor: Actor, mine: frozenset[int]) -> Waiting:
    given, family, words = store.opened(row)
    return Waiting(
        row.id, Meaning(row.meaning), row.received_at, row.client_id, given, family, words, row.appointment_id,
        row.start, row.zone, row.kind or "", visibility.label_for(PlaceOf(row), actor, mine) if row.venue_id else "",
        row.state in OPEN and row.start > clock.now(),
    )


def _may(actor: Actor) -> None:
    if not can_book_for_anyone(actor):
        raise NotAllowed
