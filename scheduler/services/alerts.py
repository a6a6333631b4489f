"""Alerts: a named person has come in, or was booked by another route, while a protected woman is there or due
(SAFETY.md 5). A lead and her worker are told at once, and each alert stays before them until someone says what was
done."""

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
from scheduler.rules.door import ALERT_AHEAD, DESCRIBED, Meeting, There, is_around
from scheduler.rules.intervals import Interval
from scheduler.rules.separation import Person
from scheduler.services import audit, escalation
from scheduler.services.actors import SYSTEM, Actor, can_see_exclusions
from scheduler.services.finding import people
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.services.visibility import PlaceOf, assigned, label_for
from scheduler.store import door as store
from scheduler.store import escalation as escalation_store
from scheduler.store import nearby

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


def raise_for(meetings: Collection[Meeting], venue_id: int, now: datetime) -> int:
    """Raise an alert for each of these, in the running transaction, unless the same one waits already; a lead and her
    worker are told. Gives how many."""
    if not meetings:
        return 0
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
        return 0
    raised = db.session.execute(insert(Alert.__table__).returning(Alert.__table__.c.id), rows).scalars().all()
    for row in rows:
        audit.record(SYSTEM, "alert-raised", "exclusion", row["exclusion_id"])
    log.warning("someone is there who needs a lead", count=len(rows))
    escalation.tell_of_alerts(raised, now)
    return len(rows)


@use_case
def for_booking(appointment_id: int) -> int:
    """Raise what alerts there are to raise when someone was booked by a route that no offer goes (an import, an
    override), in the running transaction; gives how many.

    There is one when the appointment is in person and begins within two hours, and someone who is kept apart from this
    client is at the site or next door then, or within two hours of it. It is the same question whichever of the two was
    booked. Anything else has time enough for its safety case.
    """
    now = clock.now()
    row = store.presence(appointment_id)
    if row is None or row.present_from > now + ALERT_AHEAD or row.present_until <= now:
        return 0
    me, span = Person("client", row.client_id), Interval(row.present_from, row.present_until)
    sites = {row.site_id, *nearby.neighbours({row.site_id}).get(row.site_id, ())}
    around: dict[Person, There] = {}
    for each in sorted(store.there(sites, now, span.end + ALERT_AHEAD - now), key=lambda each: each.span.start):
        if each.person != me and is_around(each, span, now):
            around.setdefault(each.person, each)
    meetings: dict[tuple[int, Person], Meeting] = {}
    for kept in store.kept({me}):
        if kept.dismissed or kept.known is None or kept.protected == kept.known:
            continue
        if kept.known == me and kept.protected in around:
            hers = around[kept.protected].appointment
            meetings[kept.exclusion, me] = Meeting(kept.exclusion, me, hers)
        if kept.protected == me and kept.known in around:
            meetings[kept.exclusion, kept.known] = Meeting(kept.exclusion, kept.known, appointment_id)
    return raise_for(tuple(meetings.values()), row.venue_id, now)


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
            label_for(PlaceOf(row), actor, mine), row.zone, row.start,
        )
        for row in rows
    )


@use_case
def settle(actor: Actor, alert_id: int, what_was_done: str | None) -> None:
    """Take an alert off every page by saying what was done: a lead, or her worker in this very alert. What her worker
    says is about all that she was shown as one: every alert about this appointment. Raises NotAllowed, NotFound,
    Invalid, and WrongState when someone else has said it already."""
    together = {alert_id}
    if not can_see_exclusions(actor):
        if actor.staff_id is None or not escalation_store.is_her_worker(alert_id, actor.staff_id):
            raise NotAllowed  # the same for one that there is none of
        together = escalation_store.alongside(alert_id, actor.staff_id)
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
        .where(table.c.id.in_(together))
        .values(settled_at=clock.now(), settled_by=actor.staff_id, what_was_done=done)
    )
    for each in sorted(together):
        audit.record(actor, "alert-settled", "alert", each)


__all__ = ["Shown", "for_booking", "here_now", "raise_for", "settle", "waiting"]
