"""Sends what is due: claim and commit, then call the provider, then record what it said.

A crash between the claim and the record leaves a message claimed; after a while it is `unknown`, and it is never sent
again. So she may miss a text, which staff see, but never gets one twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from flask import Flask, current_app

from scheduler import clock
from scheduler.models import Message
from scheduler.notifications import outbox, planning, replies, results, words
from scheduler.notifications.gateway import Accepted, Answer, NotTried, Refused, Text, Unknown
from scheduler.notifications.line import line_for
from scheduler.notifications.outbox import Due
from scheduler.rules.telling import CANNOT_GET_TEXTS
from scheduler.services import links
from scheduler.services.transaction import by_row_locks

log = structlog.get_logger("sidegate")

_M = Message.__table__

#: Claimed at once: enough that asking costs little for each, few enough that what was claimed is sent within a second
#: or two, and a crash leaves few in doubt.
BATCH = 100


def run_once(limit: int = BATCH) -> int:
    """Send up to `limit` due messages, in an app context; gives how many were claimed."""
    _give_up_on_lost()
    return _round(limit)[0]


def run(rounds: int, limit: int = BATCH) -> int:
    """Send what is due, a batch after another, at most so many; gives how many messages were claimed."""
    _give_up_on_lost()
    sent = 0
    for _ in range(rounds):
        claimed, more = _round(limit)
        sent += claimed
        if not more:
            break
    return sent


def _round(limit: int) -> tuple[int, bool]:
    """One batch: how many were claimed, and whether more may be due."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    line = line_for(app)
    room = line.room(limit)
    texts, looked_at = _claim(room) if room else ([], 0)
    for some in line.send(texts):
        record_all(dict(some))
    return len(texts), bool(room) and looked_at >= room


def claim(limit: int = BATCH) -> list[Text]:
    """Claim up to `limit` due messages, each with its words and a new link, in one transaction."""
    return _claim(limit)[0]


@by_row_locks
def _claim(limit: int) -> tuple[list[Text], int]:
    now, settings = clock.now(), current_app.config
    drawn: list[links.NewLink] = []
    edited = cache(words.in_force)  # asked for once, when the first text needs it

    def worded(due: Due) -> str:
        about = None if due.purpose == "cancellation" else due.appointment_id
        link = links.draw_link(due.client_id, due.message_id, due.type_id, about, now)
        organisation, url = settings["SIDEGATE_ORGANISATION"], settings["SIDEGATE_PUBLIC_URL"]
        body = words.text_for(due, organisation, url, link.token, edited())
        drawn.append(link)
        return body

    claims = outbox.claim_due(now, limit, worded)
    links.keep_links(drawn)
    return [Text(due.message_id, due.phone, body, due.until) for due, body in claims.claimed], claims.looked_at


def record_all(answers: Mapping[int, Answer]) -> None:
    """Record what came of these claimed messages. An answer that cannot be recorded costs no other: its message stays
    claimed, and is asked about later."""
    try:
        record(answers)
    except Exception as problem:
        if len(answers) == 1:
            log.error("answer not recorded", message_id=next(iter(answers)), error=type(problem).__name__)
            return
        for message_id, answer in answers.items():
            record_all({message_id: answer})


@by_row_locks
def record(answers: Mapping[int, Answer]) -> None:
    """Record what came of these claimed messages, in one transaction."""
    now = clock.now()
    settle(answers, now)
    stopped = [each for each, answer in answers.items() if isinstance(answer, Refused) and answer.stopped]
    if stopped:
        _stop(results.clients_of(stopped))
    nowhere = [each for each, said in answers.items() if isinstance(said, Refused) and said.outcome in CANNOT_GET_TEXTS]
    for client_id in results.clients_of(nowhere) if nowhere else ():
        planning.hold_back(client_id, now)
    for message_id, answer in answers.items():
        if not isinstance(answer, Accepted):
            log.warning("text not sent", message_id=message_id, outcome=answer.outcome)


def settle(answers: Mapping[int, Answer], now: datetime, of: Any = _M) -> None:
    """Put each of these messages where its answer leads, in the running transaction."""
    taken: dict[str, dict[int, str]] = defaultdict(dict)
    again: dict[int, results.Again] = {}
    refused: dict[int, str] = {}
    unknown: dict[int, str] = {}
    put_back: list[int] = []
    for message_id, answer in answers.items():
        match answer:
            case Accepted():
                taken[answer.state][message_id] = answer.provider_id
            case Unknown():
                unknown[message_id] = answer.outcome
            case NotTried():
                put_back.append(message_id)
            case Refused(again=True):
                again[message_id] = results.Again(answer.outcome, answer.wait, answer.ours)
            case Refused():
                refused[message_id] = answer.outcome
    for state, ids in sorted(taken.items()):
        results.taken(state, ids, now, of)
    if unknown:
        results.unknown(unknown, of)
    if put_back:
        results.put_back(put_back, now, of)
    if again:
        results.again(again, now, of)
    if refused:
        results.refused(refused, now, of)


def _stop(client_ids: Iterable[int]) -> None:
    for client_id in client_ids:
        replies.stop_texts(client_id)


@by_row_locks
def _give_up_on_lost() -> None:
    lost = results.give_up_on_lost(clock.now())
    if lost:
        log.warning("worker lost", count=lost)
