"""Deciding whether someone we know is the person that an exclusion names (SAFETY.md 2). Only a lead decides; until then
possible counts as yes, and a dismissal needs a reason."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import ExclusionEvent, Match
from scheduler.services import audit, cases
from scheduler.services.actors import Actor, can_see_exclusions
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.store import exclusions as store

_DECISIONS = ("confirmed", "dismissed", "possible")


@use_case
def decide_match(
    actor: Actor, match_id: int, decision: str, reason: str | None = None, seen: datetime | None = None
) -> None:
    """Confirm a match, dismiss it with a reason, or make it possible again. `seen` is `found_at` of the match as the
    lead read it: when the evidence has changed since, Stale is raised and nothing decided. Raises NotAllowed, NotFound,
    Invalid, and WrongState when it is decided so already."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    row = store.match(match_id)
    if row is None:
        raise NotFound
    if decision not in _DECISIONS:
        raise Invalid(decision="Choose whether this is the same person.")
    why = clean(reason)
    if len(why) > 1000 or (decision != "confirmed" and not why):
        raise Invalid(reason="Give a reason of up to 1,000 letters.")
    if seen is not None and seen != row.found_at:
        raise Stale
    if row.state == decision:
        raise WrongState
    now, table = clock.now(), Match.__table__
    db.session.execute(
        update(table)
        .where(table.c.id == match_id)
        .values(state=decision, decided_by=actor.staff_id, decided_at=now, reason=why or None)
    )
    exclusions = store.of_named(row.named_person_id)
    lines = [
        {
            "exclusion_id": exclusion, "at": now, "staff_id": actor.staff_id, "what": f"match-{decision}",
            "detail": {"match": match_id, "reason": why, "was": row.state},
        }
        for exclusion in exclusions
    ]  # fmt: skip
    if lines:
        db.session.execute(insert(ExclusionEvent.__table__), lines)
    cases.refresh_exclusions(exclusions)
    audit.record(actor, f"match-{decision}", "match", match_id)


__all__ = ["decide_match"]
