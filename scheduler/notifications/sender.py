"""Sends what is due: claim and commit, then call the provider, then record what it said.

A crash between the claim and the record leaves a message claimed; after a while it is `unknown`, and it is never sent
again. So she may miss a text, which staff see, but never gets one twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed

import structlog
from flask import Flask, current_app

from scheduler import clock
from scheduler.notifications import outbox, replies, words
from scheduler.notifications.gateway import Accepted, Answer, Gateway, Text, Unknown, gateway_for
from scheduler.notifications.outbox import Due
from scheduler.services import links
from scheduler.services.transaction import by_row_locks

log = structlog.get_logger("sidegate")

#: Claimed at once. Small, so that what was claimed is sent soon, and a crash leaves few in doubt.
BATCH = 20


def run_once(limit: int = BATCH) -> int:
    """Send up to `limit` due messages, in an app context; gives how many were claimed."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    lost = _give_up_on_lost()
    if lost:
        log.warning("worker lost", count=lost)
    texts = claim(limit)
    for message_id, answer in answers(gateway_for(app), texts):
        record(message_id, answer)
    return len(texts)


@by_row_locks
def claim(limit: int = BATCH) -> list[Text]:
    """Claim up to `limit` due messages, each with its words and a new link, in one transaction."""
    return [
        Text(due.message_id, due.phone, body, due.until)
        for due, body in outbox.claim_due(clock.now(), limit, _worded)
    ]


def _worded(due: Due) -> str:
    token = links.make_link(
        due.client_id, due.message_id, type_id=due.type_id,
        appointment_id=None if due.purpose == "cancellation" else due.appointment_id, now=clock.now(),
    )
    settings = current_app.config
    return words.text_for(due, settings["SIDEGATE_ORGANISATION"], settings["SIDEGATE_PUBLIC_URL"], token)


def answers(gateway: Gateway, texts: list[Text]) -> Iterator[tuple[int, Answer]]:
    """Send these texts; gives each message with what came of it, as soon as it is known."""
    if gateway.at_once == 1 or len(texts) < 2:
        yield from ((text.message_id, _send(gateway, text)) for text in texts)
        return
    with ThreadPoolExecutor(min(gateway.at_once, len(texts)), thread_name_prefix="text") as pool:
        under_way = {pool.submit(_send, gateway, text): text.message_id for text in texts}
        yield from ((under_way[done], done.result()) for done in as_completed(under_way))


def _send(gateway: Gateway, text: Text) -> Answer:
    try:
        return gateway.send(text)
    except Exception as problem:
        # The gateway broke its promise; the text may have left.
        log.error("gateway failed", message_id=text.message_id, error=type(problem).__name__)
        return Unknown("gateway-failed")


@by_row_locks
def record(message_id: int, answer: Answer) -> None:
    """Record what came of a claimed message."""
    now = clock.now()
    if isinstance(answer, Accepted):
        outbox.advance(message_id, answer.state, now, answer.provider_id)
    elif isinstance(answer, Unknown):
        outbox.unknown(message_id, answer.outcome)
    elif answer.again:
        outbox.again(message_id, now, answer.outcome, answer.wait)
    else:
        outbox.refused(message_id, now, answer.outcome)
        if answer.stopped:
            _stop(outbox.clients_of([message_id]))
    if not isinstance(answer, Accepted):
        log.warning("text not sent", message_id=message_id, outcome=answer.outcome)


def _stop(client_ids: Iterable[int]) -> None:
    for client_id in client_ids:
        replies.stop_texts(client_id)


@by_row_locks
def _give_up_on_lost() -> int:
    return outbox.give_up_on_lost(clock.now())



