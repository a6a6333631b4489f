"""Texts to staff that something waits on their desk: claimed and committed, then sent, then recorded, like hers.

They say nothing, go out at any hour, and are kept apart from hers in every table and every receipt. Whether the reader
is still the one to tell is asked again in the transaction that claims (`services.escalation`). Two that would say the
same to one person at one moment go out as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import update

from scheduler import clock
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import StaffText
from scheduler.notifications import forgetting, results, words
from scheduler.notifications.codes import STATES, outcome_of
from scheduler.notifications.gateway import Accepted, Answer, Text
from scheduler.notifications.line import line_for
from scheduler.notifications.outbox import Wordless
from scheduler.notifications.sender import BATCH, settle
from scheduler.rules.reminders import Silence
from scheduler.services import escalation
from scheduler.services.transaction import by_row_locks
from scheduler.store import escalation as store
from scheduler.store.messages import Sealed

log = structlog.get_logger("sidegate")

_T = StaffText.__table__


@dataclass(frozen=True, slots=True)
class Claimed:
    """A text that was claimed, and the others that it speaks for: the same words to the same person."""

    text: Text
    others: tuple[int, ...] = ()


def run_once(limit: int = BATCH) -> int:
    """Send up to `limit` due texts to staff, in an app context; gives how many were claimed."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lost = _give_up_on_lost()
    if lost:
        log.warning("worker lost", count=lost)
    line = line_for(app)
    room = line.room(limit)
    claimed = {each.text.message_id: each for each in (claim(room) if room else ())}
    for some in line.send([each.text for each in claimed.values()]):
        for text_id, answer in some:
            record(text_id, answer, claimed[text_id].others)
    return sum(1 + len(each.others) for each in claimed.values())


@by_row_locks
def claim(limit: int = BATCH) -> list[Claimed]:
    """Claim up to `limit` due texts in one transaction, which ends before anything is sent. What is not to be told any
    more is cancelled here; what someone is changing at this very moment is left for the next round."""
    now = clock.now()
    found = store.due(now, limit)
    if not found:
        return []
    phones = store.phones({row.staff_id for row in found})
    held = {
        about: store.held(about, {row.about_id for row in found if row.about == about})
        for about in (store.CASE, store.ALERT)
    }
    found = [row for row in found if row.staff_id in phones and row.about_id in held[row.about]]
    to_tell = escalation.still_to_tell(found, now)
    groups: dict[int, list[Any]] = {}
    for row in found:
        state, outcome = _end(row, to_tell, now)
        if state:
            _leave([row.id], state, outcome, now)
        else:
            groups.setdefault(row.staff_id, []).append(row)
    edited = words.in_force() if groups else {}
    return [each for each in (_claim(rows, phones[person], edited, now) for person, rows in groups.items()) if each]


def _end(row: Any, to_tell: set[tuple[str, int, int]], now: datetime) -> tuple[str, str]:
    """In which state a due text ends unsent, and why; empty when it may go out."""
    if (row.about, row.about_id, row.staff_id) not in to_tell:
        return "cancelled", Silence.CHANGED
    return ("expired", Silence.TOO_LATE) if now >= row.send_before else ("", "")


def _claim(rows: list[Any], phone: Sealed, edited: words.Edited, now: datetime) -> Claimed | None:
    ids = [row.id for row in rows]
    try:
        number, body = phone.opened(), words.for_staff(edited=edited)
    except RecordUnreadable:
        return _leave(ids, "suppressed", Silence.UNREADABLE, now)
    except Wordless:
        return _leave(ids, "suppressed", Silence.WORDS, now)
    if not number or not number.startswith("+"):
        return _leave(ids, "suppressed", Silence.NO_NUMBER, now)
    db.session.execute(
        update(_T).where(_T.c.id.in_(ids)).values(state="claimed", claimed_at=now, attempts=_T.c.attempts + 1)
    )
    until = max(row.send_before for row in rows)
    return Claimed(Text(ids[0], number, body, until, "staff"), tuple(ids[1:]))


def _leave(ids: Iterable[int], state: str, outcome: str, now: datetime) -> None:
    values = {"state": state, "outcome": outcome, "settled_at": now}
    db.session.execute(update(_T).where(_T.c.id.in_(list(ids))).values(values))


@by_row_locks
def record(text_id: int, answer: Answer, others: Iterable[int] = ()) -> None:
    """Record what came of a claimed text, and of the others that it spoke for."""
    now = clock.now()
    if isinstance(answer, Accepted):
        settle({text_id: answer}, now, of=_T)
        _leave_claimed(others, now)
        return
    settle(dict.fromkeys((text_id, *others), answer), now, of=_T)
    log.warning("text to staff not sent", text_id=text_id, outcome=answer.outcome)


def _leave_claimed(ids: Iterable[int], now: datetime) -> None:
    said = {"state": "suppressed", "outcome": escalation.SAID_ONCE, "settled_at": now}
    db.session.execute(update(_T).where(_T.c.id.in_(list(ids)), _T.c.state == "claimed").values(said))


@by_row_locks
def receipt(provider_id: str, status: str, error: str | None = None, text_id: int | None = None) -> bool:
    """Record the provider's `status` of a text to staff; gives whether it was news. It touches no client's message,
    and a number that asked for no more texts is a lead's to give anew, not a client's contact."""
    state = STATES.get(status)
    found = results.by_provider_id(provider_id, of=_T) or text_id
    if state is None or found is None or not provider_id:
        return False
    now = clock.now()
    news = results.advance(found, state, now, provider_id, outcome_of(error), of=_T)
    if news:
        forgetting.heard(provider_id, state, now)
    return news


@by_row_locks
def _give_up_on_lost() -> int:
    return results.give_up_on_lost(clock.now(), of=_T)
