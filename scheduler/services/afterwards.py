"""Afterwards: did she feel safe? One tap, counted without her name (NEEDS.md N18), and a call if she would like one.

The answer joins a venue's numbers of that month and is nothing else: no row, id, time or audit record of its own, that
could be put beside the appointment, the session or the moment and so give her away. That she has answered is kept
apart, without when or what. Both are written together, so that no answer is lost or counted twice; and as the row of
numbers is written the same way whichever of them grows, the database's own marks of that moment do not tell which did.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import NotAllowed
from scheduler.extensions import db
from scheduler.models import AskedAfterwards, FeltSafe
from scheduler.services import actors, visibility
from scheduler.services.actors import Actor
from scheduler.services.links import LinkVisit
from scheduler.services.transaction import use_case
from scheduler.store import afterwards as store

#: She is asked for this long after her appointment.
ASKED_FOR = timedelta(days=14)
ANSWERS = ("yes", "not_really", "rather_not")
#: Fewer answers than this tell of a person, not of a place.
LEAST = 5

_F = FeltSafe.__table__


def to_ask_about(visit: LinkVisit) -> int | None:
    """Her own number of the last appointment that she came to, if she has not been asked about it. One query."""
    row = store.unanswered(visit.client_id, clock.now() - ASKED_FOR)
    return int(row.own_number) if row is not None else None


@use_case
def answer(visit: LinkVisit, number: int, said: str) -> bool:
    """Count what she said of this appointment of hers. True when it was counted: once for each appointment, and only
    of one that she came to. Not audited: a record of the moment is what must not exist."""
    row = store.unanswered(visit.client_id, clock.now() - ASKED_FOR, number)
    if row is None or said not in ANSWERS:
        return False
    month = row.start.astimezone(ZoneInfo(current_app.config["SIDEGATE_ZONE"])).strftime("%Y-%m")
    db.session.execute(insert(AskedAfterwards), {"appointment_id": row.id})
    counts = {name: getattr(_F.c, name) + int(name == said) for name in ANSWERS}
    here = (_F.c.venue_id == row.venue_id, _F.c.month == month)
    if db.session.execute(update(_F).where(*here).values(counts).returning(_F.c.month)).first() is None:
        first = {name: int(name == said) for name in ANSWERS}
        db.session.execute(insert(_F), {"venue_id": row.venue_id, "month": month, **first})
    return True


@dataclass(frozen=True, slots=True)
class Felt:
    """What women said of a venue in a span of months; None where there are too few answers to say it."""

    venue_id: int
    answers: int | None
    yes: int | None
    not_really: int | None


def felt(actor: Actor, months: Collection[str]) -> list[Felt]:
    """What was said in these months (as 2026-03) of each venue that this actor may know of. Raises NotAllowed."""
    if not (actors.can_manage(actor) or actors.can_see_exclusions(actor)):
        raise NotAllowed
    known = {card.id for card in visibility.visible(actor, closed_too=True)}
    return [_summed(row) for row in store.felt(months) if row.venue_id in known]


def _summed(row: Any) -> Felt:
    total = row.yes + row.not_really + row.rather_not
    if total < LEAST:
        return Felt(row.venue_id, None, None, None)
    return Felt(row.venue_id, total, row.yes, row.not_really)


@use_case
def forget() -> int:
    """Delete the marks of appointments about which nobody would be asked any more; gives how many."""
    return store.forget_marks(clock.now() - 2 * ASKED_FOR)
