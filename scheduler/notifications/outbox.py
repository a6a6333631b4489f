"""The outbox: planned messages are claimed when their moment has come.

Everything that makes a text safe is checked again in the transaction that claims it (SAFETY.md 8). It is claimed and
committed before anything is sent, so that no two workers send it and a crash can only leave it unsent, or sent and not
known to be: never sent twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Row, bindparam, update

from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Message
from scheduler.notifications.safety import service_zone, weighed
from scheduler.rules import reminders
from scheduler.rules.discretion import Place
from scheduler.rules.reminders import Purpose, Silence
from scheduler.rules.states import OPEN, State
from scheduler.store import messages as store

_M = Message.__table__

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


class Claims(NamedTuple):
    """The messages that were claimed, each with its words; and how many were due and looked at."""

    claimed: list[tuple[Due, str]]
    looked_at: int


def claim_due(now: datetime, limit: int, word: Callable[[Due], str]) -> Claims:
    """Claim up to `limit` messages whose moment has come, each with its words as `word` makes them. A constant number
    of statements.

    Runs in the caller's transaction (`services.transaction.by_row_locks`), which must be committed before anything is
    sent. What may not go out is suppressed, expired, cancelled or put off here; what someone is changing at this very
    moment is left for the next round.
    """
    found = store.due(now, limit)
    if not found:
        return Claims([], 0)
    clients = store.clients({row.client_id for row in found})
    contacts, changing = store.contacts({row.client_id for row in found})
    held = store.appointments({row.appointment_id for row in found if row.appointment_id is not None})
    zone = service_zone()
    claimed: list[tuple[Due, str]] = []
    left: dict[int, _Verdict] = {}
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
        left[row.id] = verdict
    _leave(left, now)
    if claimed:
        db.session.execute(
            update(_M)
            .where(_M.c.id.in_([due.message_id for due, _ in claimed]))
            .values(state="claimed", claimed_at=now, attempts=_M.c.attempts + 1)
        )
    return Claims(claimed, len(found))


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


def _leave(verdicts: Mapping[int, _Verdict], now: datetime) -> None:
    """Put off or end each of these messages."""
    one = update(_M).where(_M.c.id == bindparam("message"))
    later = [{"message": each, "after": verdict.after} for each, verdict in verdicts.items() if verdict.after]
    if later:
        db.session.execute(one.values(send_after=bindparam("after")), later)
    over = [
        {"message": each, "becomes": verdict.state, "why": verdict.outcome}
        for each, verdict in verdicts.items()
        if not verdict.after
    ]
    if over:
        ended = one.values(state=bindparam("becomes"), outcome=bindparam("why"), settled_at=now)
        db.session.execute(ended, over)
