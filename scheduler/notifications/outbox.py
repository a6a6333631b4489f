"""The outbox: planned messages are claimed when their moment has come, and go on to what became of them.

Everything that makes a text safe is checked again in the transaction that claims it (SAFETY.md 8). It is claimed and
committed before anything is sent, so that no two workers send it and a crash can only leave it unsent, or sent and not
known to be: never sent twice.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Row, or_, select, update

from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Link, Message
from scheduler.notifications.safety import service_zone, weighed
from scheduler.rules import reminders
from scheduler.rules.discretion import Place
from scheduler.rules.reminders import Purpose, Silence
from scheduler.rules.states import OPEN, State
from scheduler.store import messages as store

_M, _L = Message.__table__, Link.__table__

#: A claim whose result was not recorded after this long belongs to a worker that died.
CLAIM_LASTS = timedelta(minutes=5)
#: Tries of a message that the provider certainly did not accept.
MOST_ATTEMPTS = 8
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=30)

#: From which states each later one may be entered. Receipts come in any order and number; the worst news stays, so
#: that nobody believes she was told.
BEFORE: dict[str, tuple[str, ...]] = {
    "accepted": ("planned", "claimed", "unknown"),
    "sent": ("planned", "claimed", "unknown", "accepted"),
    "delivered": ("planned", "claimed", "unknown", "accepted", "sent"),
    "undelivered": ("planned", "claimed", "unknown", "accepted", "sent", "delivered"),
    "failed": ("planned", "claimed", "unknown", "accepted", "sent", "delivered", "undelivered"),
}
#: In these a message may have reached her.
LEFT = frozenset({"claimed", "accepted", "sent", "delivered", "unknown"})
SETTLED = frozenset({"delivered", "undelivered", "failed", "suppressed", "expired", "cancelled"})


# --- Claiming: the caller holds one transaction around all of it ------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Due:
    """A message that may go out now, with all that its words need. `until` is when her safe time ends, in UTC."""

    message_id: int
    client_id: int
    appointment_id: int | None
    type_id: int | None
    purpose: str
    phone: str
    first_name: str
    may_name: tuple[str, ...]
    language: str
    until: datetime
    start: datetime | None = None
    mode: str | None = None
    zone: str | None = None
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What becomes of a due message: claimed with `due`, put off until `after`, or ended in `state` with `outcome`."""

    due: Due | None = None
    after: datetime | None = None
    state: str = ""
    outcome: Silence | None = None


class Wordless(Exception):
    """The words of a message cannot be made, or would not be discreet. Its text says why, and names nobody."""


def claim_due(now: datetime, limit: int, word: Callable[[Due], str]) -> list[tuple[Due, str]]:
    """Claim up to `limit` messages whose moment has come, each with its words as `word` makes them.

    Runs in the caller's transaction (`services.transaction.by_row_locks`), which must be committed before anything is
    sent. What may not go out is suppressed, expired, cancelled or put off here; what someone is changing at this very
    moment is left for the next round.
    """
    found = store.due(now, limit)
    if not found:
        return []
    clients = store.clients({row.client_id for row in found})
    contacts, changing = store.contacts({row.client_id for row in found})
    held = store.appointments({row.appointment_id for row in found if row.appointment_id is not None})
    zone = service_zone()
    claimed: list[tuple[Due, str]] = []
    for row in found:
        client, appointment = clients.get(row.client_id), held.get(row.appointment_id)
        if client is None or row.client_id in changing or (row.appointment_id and appointment is None):
            continue
        verdict = _judge(row, client, contacts.get(row.client_id), appointment, now, zone)
        if verdict.due is not None:
            try:
                claimed.append((verdict.due, word(verdict.due)))
                continue
            except Wordless:
                verdict = _Verdict(state="suppressed", outcome=Silence.WORDS)
                _end_links(row.id, now)
        _leave(row.id, verdict, now)
    if claimed:
        db.session.execute(
            update(_M)
            .where(_M.c.id.in_([due.message_id for due, _ in claimed]))
            .values(state="claimed", claimed_at=now, attempts=_M.c.attempts + 1)
        )
    return claimed


def _judge(
    row: Row[Any],
    client: store.Reached,
    contact: store.SafeText | None,
    held: store.Held | None,
    now: datetime,
    zone: ZoneInfo,
) -> _Verdict:
    if held is not None and not _stands(row, held):
        return _Verdict(state="cancelled", outcome=Silence.CHANGED)
    before = min(row.send_before, held.start) if held else row.send_before
    if now >= before:
        return _Verdict(state="expired", outcome=Silence.TOO_LATE)
    reason, hours = weighed(contact, now, zone)
    if reason is not None or contact is None:
        return _Verdict(state="suppressed", outcome=reason or Silence.NOT_SAFE)
    safe = reminders.next_safe(hours, now, before, zone)
    if safe is None:
        return _Verdict(state="expired", outcome=Silence.NO_SAFE_TIME)
    if safe.start > now:
        return _Verdict(after=safe.start)
    try:
        return _addressed(row, client, contact, held, safe.end)
    except (RecordUnreadable, ValueError):
        return _Verdict(state="suppressed", outcome=Silence.UNREADABLE)


def _stands(row: Row[Any], held: store.Held) -> bool:
    """True when the appointment is still what the message is about."""
    if row.purpose == Purpose.LINK:
        return held.state in OPEN
    wanted = {State.CANCELLED} if row.purpose == Purpose.CANCELLATION else OPEN
    return held.state in wanted and held.version == row.appointment_version


def _addressed(
    row: Row[Any], client: store.Reached, contact: store.SafeText, held: store.Held | None, until: datetime
) -> _Verdict:
    phone = client.phone.opened()
    if not client.active or not phone or not phone.startswith("+"):
        return _Verdict(state="suppressed", outcome=Silence.NO_NUMBER)
    place = None
    if held is not None:
        place = Place(held.place.opened() if held.mode == "in-person" else None, held.confidential)
    return _Verdict(
        Due(
            row.id, row.client_id, row.appointment_id, row.type_id, row.purpose, phone,
            client.given_name.opened() or "", tuple(json.loads(contact.may_name.opened() or "[]")), contact.language,
            until, *((held.start, held.mode, held.zone, place) if held else ()),
        )
    )


def _leave(message_id: int, verdict: _Verdict, now: datetime) -> None:
    changed: dict[str, object] = (
        {"send_after": verdict.after}
        if verdict.after
        else {"state": verdict.state, "outcome": verdict.outcome, "settled_at": now}
    )
    db.session.execute(update(_M).where(_M.c.id == message_id).values(changed))


# --- What came of it: each in the caller's transaction ----------------------------------------------------------------


def advance(
    message_id: int, state: str, now: datetime, provider_id: str | None = None, outcome: str | None = None,
    of: Any = _M,
) -> bool:  # fmt: skip
    """Put a message that left in `state`, if that is news; gives whether it was. One statement, so that receipts may
    come at once, in any order and number. Here and below, `of` is the table that the message is in: hers, or one of
    texts to staff, which go through the same states."""
    values: dict[str, object] = {"state": state}
    if state in SETTLED:
        values["settled_at"] = now
    if outcome is not None:
        values["outcome"] = outcome
    query = update(of).where(of.c.id == message_id, of.c.state.in_(BEFORE[state]))
    if provider_id is not None:
        query = query.where(or_(of.c.provider_id.is_(None), of.c.provider_id == provider_id))
        values["provider_id"] = provider_id
    return db.session.execute(query.values(values).returning(of.c.id)).first() is not None


def by_provider_id(provider_id: str, of: Any = _M) -> int | None:
    """The message that the provider knows by this id."""
    found: int | None = db.session.execute(select(of.c.id).where(of.c.provider_id == provider_id)).scalar()
    return found


def unknown(message_id: int, outcome: str, of: Any = _M) -> None:
    """It may have been sent or not. It is not sent again; a receipt or the provider's list may tell."""
    db.session.execute(
        update(of).where(of.c.id == message_id, of.c.state == "claimed").values(state="unknown", outcome=outcome)
    )


def again(message_id: int, now: datetime, outcome: str, least_wait: timedelta = timedelta(0), of: Any = _M) -> None:
    """The provider certainly did not take it: try again later, longer each time, while its moment lasts. The link that
    was made for it ends; the next try makes another."""
    row = db.session.execute(
        select(of.c.attempts, of.c.send_before).where(of.c.id == message_id, of.c.state == "claimed").with_for_update()
    ).first()
    if row is None:
        return
    if of is _M:
        _end_links(message_id, now)
    wait = min(_FIRST_WAIT * 2 ** (row.attempts - 1), _LONGEST_WAIT)
    after = now + max(least_wait, wait * random.uniform(0.5, 1.0))  # noqa: S311
    values: dict[str, object] = {"state": "planned", "send_after": after, "outcome": outcome, "claimed_at": None}
    if row.attempts >= MOST_ATTEMPTS or after >= row.send_before:
        values = {"state": "failed", "outcome": outcome, "settled_at": now}
    db.session.execute(update(of).where(of.c.id == message_id).values(values))


def refused(message_id: int, now: datetime, outcome: str, of: Any = _M) -> None:
    """The provider certainly did not take it and never will. Its link ends."""
    if of is _M:
        _end_links(message_id, now)
    db.session.execute(
        update(of)
        .where(of.c.id == message_id, of.c.state == "claimed")
        .values(state="failed", outcome=outcome, settled_at=now)
    )


def give_up_on_lost(now: datetime, of: Any = _M) -> int:
    """Claims whose worker died before it recorded a result become `unknown`; gives how many."""
    return int(
        db.session.execute(
            update(of)
            .where(of.c.state == "claimed", of.c.claimed_at < now - CLAIM_LASTS)
            .values(state="unknown", outcome="worker-lost")
        ).rowcount  # type: ignore[attr-defined]
    )


def clients_of(message_ids: Iterable[int]) -> list[int]:
    """The clients that these messages are for."""
    query = select(_M.c.client_id).where(_M.c.id.in_(list(message_ids))).distinct()
    return list(db.session.execute(query).scalars())


def _end_links(message_id: int, now: datetime) -> None:
    db.session.execute(update(_L).where(_L.c.message_id == message_id, _L.c.ended_at.is_(None)).values(ended_at=now))
