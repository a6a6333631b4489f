"""The outbox: messages planned in the transaction that made them due, and claimed when their moment has come.

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

from flask import current_app
from sqlalchemy import Row, and_, insert, or_, select, update

from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Appointment, Link, Message
from scheduler.rules import reminders
from scheduler.rules.discretion import Place
from scheduler.rules.reminders import Contact, Purpose, Silence
from scheduler.rules.states import OPEN, State
from scheduler.store import links
from scheduler.store import messages as store

_FIRST = {"booked": Purpose.CONFIRMATION, "moved": Purpose.CHANGE}
_M, _L, _A = Message.__table__, Link.__table__, Appointment.__table__

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


def service_zone() -> ZoneInfo:
    """The zone in which her hours and the quiet hours are meant."""
    return ZoneInfo(current_app.config["SIDEGATE_ZONE"])


# --- Planning: inside the transaction of whatever makes a message due ------------------------------------------------


def plan(event: str, *, appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """Withdraw what is queued for the appointment and queue what follows from `event`, which is booked, moved or
    cancelled. `start` is its start in UTC, `version` the appointment's once it is so. At most three statements.

    Where a text is not safe, a `suppressed` message stays, so that staff see that she was not told. A cancelled
    appointment's links end with it; whether its text is safe is asked when it is claimed.
    """
    if event != "booked":
        _withdraw(_M.c.appointment_id == appointment_id, now)
    common = {
        "client_id": client_id, "appointment_id": appointment_id, "appointment_version": version, "created_at": now,
        "type_id": None,
    }
    if event == "cancelled":
        links.end_of_appointment(appointment_id, now)
        rows = [_row(Purpose.CANCELLATION, now, start)] if start > now else []
    else:
        rows = _rows(_FIRST[event], store.contact(client_id), start, now)
    if rows:
        db.session.execute(insert(_M), [{**common, **row} for row in rows])


def hand_over(appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """The appointment is in another record, `client_id`, and was at this `version` before too if that is the same
    person's. What is queued for it is withdrawn, and what she was not told yet is planned anew for that record: nothing
    that was said to her is said again."""
    told = db.session.execute(
        select(_M.c.purpose, _M.c.state, _M.c.appointment_version)
        .where(_M.c.appointment_id == appointment_id)
        .order_by(_M.c.id)
    ).all()
    _withdraw(_M.c.appointment_id == appointment_id, now)
    queued = {row.purpose for row in told if row.state == "planned"}
    state = db.session.execute(select(_A.c.state).where(_A.c.id == appointment_id)).scalar()
    held, rows = store.contact(client_id), list[dict[str, object]]()
    if Purpose.CANCELLATION in queued and start > now:
        rows = [_row(Purpose.CANCELLATION, now, start)]
    elif state in OPEN:
        first = next((purpose for purpose in (Purpose.CHANGE, Purpose.CONFIRMATION) if purpose in queued), None)
        if first is not None:
            rows = _rows(first, held, start, now)
        elif not any(
            row.purpose == Purpose.REMINDER and row.state in LEFT and row.appointment_version == version for row in told
        ):
            rows = _reminder(held, start, now)
    common = {
        "client_id": client_id, "appointment_id": appointment_id, "appointment_version": version, "created_at": now,
        "type_id": None,
    }
    if rows:
        db.session.execute(insert(_M), [{**common, **row} for row in rows])


def plan_link(
    client_id: int, now: datetime, appointment_id: int | None = None, type_id: int | None = None
) -> int:
    """Queue a text with her link, to go out as soon as it is safe; gives the message's id. Its token is made when it is
    claimed. It is `suppressed` at once when texts to her are not safe."""
    zone, held = service_zone(), store.contact(client_id)
    reason, hours = _weighed(held, now, zone)
    until = now + reminders.LINK_WAITS
    if reason is None:
        safe = reminders.next_safe(hours, now, until, zone)
        row = _row(Purpose.LINK, safe.start if safe else now, until, None if safe else Silence.NO_SAFE_TIME)
    else:
        row = _row(Purpose.LINK, now, until, reason)
    made = db.session.execute(
        insert(_M)
        .values(client_id=client_id, appointment_id=appointment_id, type_id=type_id, created_at=now, **row)
        .returning(_M.c.id)
    )
    return int(made.scalar_one())


def withdraw_for_client(client_id: int, now: datetime) -> None:
    """Her number changed, or a pause, or texts are no longer safe: nothing that is queued goes out, and every live link
    and the session that it began end (SAFETY.md 8)."""
    _withdraw(_M.c.client_id == client_id, now)
    links.end_all(client_id, now)


def withdraw_links(client_id: int, now: datetime) -> None:
    """Every live link of hers ends, with the session that it began, and none that is queued goes out."""
    _withdraw(and_(_M.c.client_id == client_id, _M.c.purpose == Purpose.LINK.value), now)
    links.end_all(client_id, now)


def _withdraw(whose: object, now: datetime) -> None:
    db.session.execute(
        update(_M)
        .where(whose, _M.c.state == "planned")  # type: ignore[arg-type]
        .values(state="cancelled", outcome=Silence.WITHDRAWN.value, settled_at=now)
    )


def _row(purpose: Purpose, after: datetime, before: datetime, reason: Silence | None = None) -> dict[str, object]:
    return {
        "purpose": purpose.value,
        "state": "suppressed" if reason else "planned",
        "outcome": reason.value if reason else None,
        "settled_at": None,
        "send_after": after,
        "send_before": before,
    }


def _rows(first: Purpose, held: store.SafeText | None, start: datetime, now: datetime) -> list[dict[str, object]]:
    if start <= now:
        return []
    zone = service_zone()
    reason, hours = _weighed(held, now, zone)
    if reason is not None:
        return [_row(first, now, start, reason)]
    return [
        _row(purpose, after or now, before, None if after else Silence.NO_SAFE_TIME)
        for purpose, after, before in reminders.moments(first, hours, start, now, zone)
    ]


def _reminder(held: store.SafeText | None, start: datetime, now: datetime) -> list[dict[str, object]]:
    """The reminder of an appointment of which she knows already, unless it is too late for one."""
    zone = service_zone()
    reason, hours = _weighed(held, now, zone)
    before = reminders.last_moment(start, zone)
    after = reminders.safest(hours, start, now, zone) if reason is None else now
    return [_row(Purpose.REMINDER, after, before, reason)] if after is not None and after < before else []


def _weighed(held: store.SafeText | None, now: datetime, zone: ZoneInfo) -> tuple[Silence | None, object]:
    """Why texts to her are not safe (None when they are), and her hours."""
    if held is None:
        return Silence.NOT_SAFE, None
    try:
        hours = json.loads(held.hours.opened() or "null")
    except (RecordUnreadable, ValueError):
        return Silence.UNREADABLE, None
    return reminders.silence(Contact(held.safe, hours, held.review_on, held.paused), now, zone), hours


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
    reason, hours = _weighed(contact, now, zone)
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
