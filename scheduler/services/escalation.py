"""Nothing dangerous waits unseen (SAFETY.md 5 and 6): who is told at once of a safety case that is due within a day, or
of an alert from the door, and what stands on their pages until someone has seen to it.

Whoever is to be told is worked out anew each time: when something begins to wait, each minute after that, and when a
text is claimed. So a lead who comes on call is told of what she takes over, and one who leaves is not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, insert, update
from sqlalchemy.exc import SQLAlchemyError

from scheduler import clock
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import SafetyCase, StaffText
from scheduler.rules.door import ALERT_AHEAD
from scheduler.services import audit
from scheduler.services.actors import SYSTEM, Actor, can_see_exclusions
from scheduler.services.transaction import use_case
from scheduler.store import escalation as store
from scheduler.store.escalation import ALERT, CASE, Waits

log = structlog.get_logger("sidegate")

#: A case that is due within this long is on every lead's page and is sent to whoever is on call (SAFETY.md 6).
SOON = timedelta(hours=24)
#: Whoever was told of a case is told again when it is still open this much later.
AGAIN = timedelta(hours=4)
#: A text about an alert says nothing useful later than this; the alert itself stays.
ALERT_LASTS = ALERT_AHEAD
#: Whoever was told of an alert that nobody has settled is told again after this long, up to so many times in all: she
#: may not have heard the first, and nobody is helped by a phone that never stops.
ALERT_AGAIN, ALERT_TIMES = timedelta(minutes=15), 4

#: A text to staff is kept this long. It says nothing, but whom and when is not to be kept for ever.
TEXTS_KEPT = timedelta(days=30)

#: What became of a text that certainly told nobody: it is as if it had never been planned.
_NEVER = frozenset({"cancelled", "expired"})
#: What became of one that did not reach its reader, or may not have, so that others are told in her place.
_MISSED = frozenset({"failed", "undelivered", "unknown"})
#: The outcome of a text whose words went out in another to the same person, at the same moment.
SAID_ONCE = "said-once"

_Key = tuple[str, int, int]


# --- telling ----------------------------------------------------------------------------------------------------------


def tell_of_cases(ids: Collection[int] | None, now: datetime) -> int:
    """Plan the texts about those of these cases that cannot wait (of all when None), in the running transaction; gives
    how many."""
    return _plan(store.urgent_cases(now + SOON, ids), now) if ids is None or ids else 0


def tell_of_alerts(ids: Collection[int], now: datetime) -> int:
    """Plan the texts about these alerts, in the running transaction; gives how many."""
    return _plan(store.open_alerts(now - ALERT_LASTS, ids), now) if ids else 0


def tell() -> int:
    """Plan every text that is to be sent by now: of cases that time has brought within a day, or that still wait, and
    to whoever has come on call. Gives how many. It writes only when there is something to write."""
    now = clock.now()
    rows, told, _ = _news(_waiting(now), now)
    db.session.rollback()
    return _tell() if rows or told else 0


@use_case
def _tell() -> int:
    now = clock.now()
    return _plan(_waiting(now), now)


def _waiting(now: datetime) -> list[Waits]:
    return store.urgent_cases(now + SOON) + store.open_alerts(now - ALERT_LASTS)


def _plan(waits: list[Waits], now: datetime) -> int:
    rows, told, unreached = _news(waits, now)
    if rows:
        db.session.execute(insert(StaffText.__table__), rows)
        people: dict[tuple[str, int], list[int]] = defaultdict(list)
        for row in rows:
            people[row["about"], row["about_id"]].append(row["staff_id"])
        audit.record_each(SYSTEM, "staff-told", ((*about, {"staff": staff}) for about, staff in people.items()))
    if told:
        table = SafetyCase.__table__
        db.session.execute(update(table).where(table.c.id.in_(told)).values(escalated_at=now))
    if unreached:
        log.warning("something waits and no lead can be texted", count=unreached)
    return len(rows)


def _news(waits: list[Waits], now: datetime) -> tuple[list[dict[str, Any]], list[int], int]:
    """The texts to plan; the cases that are told of by them, or of which nobody can be; and how many things wait of
    which nobody can be told."""
    if not waits:
        return [], [], 0
    texts = store.texts_about(waits)
    latest: dict[_Key, datetime] = {}
    times: Counter[_Key] = Counter()
    for row in texts:
        if row.state not in _NEVER:
            key = (row.about, row.about_id, row.staff_id)
            latest[key] = max(row.created_at, latest.get(key, row.created_at))
            times[key] += 1
    audience = _audience(waits, texts, now)
    rows: list[dict[str, Any]] = []
    told: list[int] = []
    unreached = 0
    for each in waits:
        people = audience[each.about, each.id]
        fresh = [
            person for person in sorted(people)
            if _is_news(each, latest.get(key := (each.about, each.id, person)), now)
            and (each.about == CASE or times[key] < ALERT_TIMES)
        ]  # fmt: skip
        lasts = AGAIN if each.about == CASE else ALERT_LASTS - (now - each.since)
        rows += (
            {
                "staff_id": person, "about": each.about, "about_id": each.id, "state": "planned", "attempts": 0,
                "send_after": now, "send_before": now + lasts, "created_at": now,
            }
            for person in fresh
        )  # fmt: skip
        nobody = not people and (_is_news(each, each.told_at, now) if each.about == CASE else each.since == now)
        unreached += nobody
        if each.about == CASE and (fresh or nobody):
            told.append(each.id)
    return rows, told, unreached


def _is_news(each: Waits, told_at: datetime | None, now: datetime) -> bool:
    """Is someone who was told at `told_at`, or never, to be told? Once for each time that something begins to wait, and
    again while it does."""
    return told_at is None or told_at < each.since or told_at <= now - (AGAIN if each.about == CASE else ALERT_AGAIN)


def _audience(waits: Collection[Waits], texts: Collection[Any], now: datetime) -> dict[tuple[str, int], frozenset[int]]:
    """Who is to be told of each of these: the leads on call, or every lead when nobody is; and of an alert her worker.
    Only those who can be texted; where a text to one did not get there, others in her place. Never anyone whom the
    exclusion itself may name."""
    leads = store.leads()
    named = store.named_staff({each.exclusion for each in waits if each.exclusion is not None})
    workers = store.workers_of({each.id for each in waits if each.about == ALERT})
    missed = {
        (row.about, row.about_id, row.staff_id): row.created_at
        for row in texts
        if row.state in _MISSED or (row.state == "suppressed" and row.outcome != SAID_ONCE)
    }
    found: dict[tuple[str, int], frozenset[int]] = {}
    for each in waits:
        passed_over = named.get(each.exclusion, frozenset()) if each.exclusion is not None else frozenset()
        able = [
            lead for lead in leads
            if lead.id not in passed_over
            and ((key := (each.about, each.id, lead.id)) not in missed or _is_news(each, missed[key], now))
        ]  # fmt: skip
        on_call = frozenset(lead.id for lead in able if lead.on_call)
        hers = workers.get(each.id, frozenset()) if each.about == ALERT else frozenset()
        found[each.about, each.id] = (on_call or frozenset(lead.id for lead in able)) | hers
    return found


def still_to_tell(rows: Collection[Any], now: datetime) -> set[_Key]:
    """Of these texts, as (about, about_id, staff_id), those whose reader is still to be told, because what they are
    about still waits and she is still the one to see to it."""
    ids = {about: {row.about_id for row in rows if row.about == about} for about in (CASE, ALERT)}
    waits = store.urgent_cases(now + SOON, ids[CASE]) if ids[CASE] else []
    waits += store.open_alerts(now - ALERT_LASTS, ids[ALERT]) if ids[ALERT] else []
    audience = _audience(waits, store.texts_about(waits), now)
    return {(about, about_id, person) for (about, about_id), people in audience.items() for person in people}


# --- on every page ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hers:
    """An alert as her worker sees it: whom of her own clients to meet another way, and when that is, in UTC. Never who
    came. `client` is empty when the record cannot be read. `is_over` means that this was a while ago, and nobody has
    said how it went."""

    id: int
    client: str
    start: datetime | None
    zone: str
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class Banner:
    """What stands on every page of one person. `count` is how much of the safety desk cannot wait, for a lead; `hers`
    are the alerts about her own clients."""

    count: int = 0
    hers: tuple[Hers, ...] = ()
    unreadable: bool = False


def banner(actor: Actor) -> Banner:
    """What cannot wait, for whoever is signed in. One query; the caller does not ask for those who are no lead and have
    no clients. A database that fails here takes no page away: a lead is told that it could not be read."""
    if actor.staff_id is None:
        return Banner()
    try:
        if not can_see_exclusions(actor):
            return Banner(0, _shown(store.alerts_for(actor.staff_id)))
        count, hers = store.for_lead(actor.staff_id, clock.now() + SOON)
        return Banner(count, _shown(hers))
    except SQLAlchemyError as error:
        db.session.rollback()
        log.error("what waits could not be read", error=type(error).__name__)
        return Banner(unreadable=True)


def _shown(rows: Collection[store.Hers]) -> tuple[Hers, ...]:
    """Each appointment once, so that nobody learns how many people there are from whom she is kept."""
    once = {(row.client_id, row.appointment_id): row for row in reversed(list(rows))}
    return tuple(_one(row) for row in sorted(once.values(), key=lambda row: row.id))


def _one(row: store.Hers) -> Hers:
    try:
        name = f"{row.given_name.opened() or ''} {row.family_name.opened() or ''}".strip()
    except RecordUnreadable:
        name = ""
    return Hers(row.id, name, row.start, row.zone, row.start is not None and row.start < clock.now() - ALERT_LASTS)


@use_case
def hers(actor: Actor) -> tuple[Hers, ...]:
    """The alerts about this person's own clients that nobody has settled. The look is recorded."""
    rows = store.alerts_for(actor.staff_id) if actor.staff_id is not None else []
    if rows:
        exclusions = sorted({row.exclusion_id for row in rows})
        audit.record_looks(actor, "alerts", None, exclusions, alerts=[row.id for row in rows])
    return _shown(rows)


@use_case
def forget() -> int:
    """Delete what is left of texts to staff once they are a month old; gives how many. What they were about, and that
    someone was told of it, stays in the audit log."""
    table = StaffText.__table__
    deleted = delete(table).where(table.c.created_at < clock.now() - TEXTS_KEPT)
    return int(db.session.execute(deleted).rowcount)  # type: ignore[attr-defined]


__all__ = [
    "AGAIN", "ALERT_AGAIN", "ALERT_LASTS", "ALERT_TIMES", "SAID_ONCE", "SOON", "TEXTS_KEPT", "Banner", "Hers", "banner",
    "forget", "hers", "still_to_tell", "tell", "tell_of_alerts", "tell_of_cases",
]
