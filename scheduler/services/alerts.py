"""Alerts: a named person has come in while a protected woman is there or due (SAFETY.md 5). Each stays on the lead's
desk until someone says what was done."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.extensions import db
from scheduler.models import Alert
from scheduler.rules.door import DESCRIBED, Meeting, There
from scheduler.rules.intervals import Interval
from scheduler.rules.separation import Person
from scheduler.services import audit
from scheduler.services.actors import SYSTEM, Actor, can_see_exclusions
from scheduler.services.finding import people
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.services.visibility import assigned, label_for
from scheduler.store import door as store

log = structlog.get_logger("sidegate")

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Shown:
    """An alert as a lead sees it. `person` is who came in, as we know them or as they were described; `place` is where,
    by the name that this lead may see; `due` is when her own appointment begins, in UTC."""

    id: int
    exclusion_id: int
    raised_at: datetime
    client_id: int
    client: str
    person: str
    place: str
    zone: str
    due: datetime | None


def here_now(person: Person, now: datetime) -> There:
    """Someone who stands at the desk at this moment, without an appointment."""
    return There(person, Interval(now, now + timedelta(minutes=1)))


def raise_for(meetings: Collection[Meeting], venue_id: int, now: datetime) -> None:
    """Raise an alert for each of these, in the running transaction, unless the same one waits already."""
    if not meetings:
        return
    waiting = store.open_about({each.exclusion for each in meetings})
    rows: list[dict[str, Any]] = []
    for each in _known_first(meetings):
        kind, number = (None, None) if each.named.kind == DESCRIBED else each.named
        if (each.exclusion, kind, number, each.appointment) not in waiting:
            rows.append({
                "exclusion_id": each.exclusion, "person_kind": kind, "person_id": number, "venue_id": venue_id,
                "appointment_id": each.appointment, "raised_at": now,
            })  # fmt: skip
    if not rows:
        return
    db.session.execute(insert(Alert.__table__), rows)
    for row in rows:
        audit.record(SYSTEM, "alert-raised", "exclusion", row["exclusion_id"])
    log.warning("someone came in who needs a lead", count=len(rows))


def _known_first(meetings: Collection[Meeting]) -> list[Meeting]:
    """One alert for each person whom an exclusion may mean, and one for its description only when nobody is known."""
    known = {each.exclusion for each in meetings if each.named.kind != DESCRIBED}
    return [each for each in meetings if each.named.kind != DESCRIBED or each.exclusion not in known]


def waiting(actor: Actor, limit: int) -> tuple[Shown, ...]:
    """The alerts that nobody has settled, the newest first. The caller records the look. Raises NotAllowed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    rows = store.open_alerts(limit)
    if not rows:
        return ()
    cards = {(card.kind, card.id): card.name for card in people({
        (row.person_kind, row.person_id) for row in rows if row.person_kind
    })}  # fmt: skip
    mine = assigned(actor)
    return tuple(
        Shown(
            row.id, row.exclusion_id, row.raised_at, row.client_id, f"{row.given_name} {row.family_name}".strip(),
            cards.get((row.person_kind, row.person_id)) or ", ".join(row.described),
            label_for(_Place(row), actor, mine), row.zone, row.start,
        )
        for row in rows
    )


class _Place:
    """A venue's columns in a wider row, as `visibility` asks for them."""

    __slots__ = ("confidential", "id", "label", "name")

    def __init__(self, row: store.Columns) -> None:
        self.id, self.name, self.label, self.confidential = row.venue_id, row.name, row.label, row.confidential


@use_case
def settle(actor: Actor, alert_id: int, what_was_done: str | None) -> None:
    """Take an alert off the desk by saying what was done. Raises NotAllowed, NotFound, Invalid, and WrongState when
    someone else has said it already."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    row = store.alert(alert_id)
    if row is None:
        raise NotFound
    done = clean(what_was_done)
    if not done or len(done) > _LONGEST:
        raise Invalid(done="Say what was done, in up to 1,000 letters.")
    if row.settled_at is not None:
        raise WrongState
    table = Alert.__table__
    db.session.execute(
        update(table)
        .where(table.c.id == alert_id)
        .values(settled_at=clock.now(), settled_by=actor.staff_id, what_was_done=done)
    )
    audit.record(actor, "alert-settled", "alert", alert_id)


__all__ = ["Shown", "here_now", "raise_for", "settle", "waiting"]
