"""What the provider tells us afterwards: how far each text got. Receipts come late, twice, and in any order; where none
came, the provider's own list is asked.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import structlog
from flask import Flask, current_app

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.notifications import forgetting, planning, replies, results
from scheduler.notifications.codes import OPTED_OUT, STATES, outcome_of
from scheduler.notifications.gateway import Listed, gateway_for
from scheduler.rules.telling import CANNOT_GET_TEXTS
from scheduler.services.transaction import by_row_locks
from scheduler.store import messages as store

log = structlog.get_logger("sidegate")

#: How long the provider is asked about a text that may have left, and how soon the first time.
ASK_FOR, ASK_AFTER = timedelta(days=2), timedelta(minutes=1)
_TOKEN = re.compile(r"/a/(\w+)")


@by_row_locks
def record(provider_id: str, status: str, error: str | None = None, message_id: int | None = None) -> bool:
    """Record Twilio's `status` of its text `provider_id`, and why it failed if it did; gives whether it was news.

    `message_id` comes from the address that we gave Twilio, for the receipt that overtakes the answer to our own
    request. A status or a text that we do not know is no news.
    """
    state = STATES.get(status)
    found = results.by_provider_id(provider_id)
    if found is None:
        found = message_id
    if state is None or found is None or not provider_id:
        return False
    now = clock.now()
    news = results.advance(found, state, now, provider_id, outcome_of(error))
    if news:
        forgetting.heard(provider_id, state, now)
    if news and error == str(OPTED_OUT):
        for client_id in results.clients_of([found]):
            replies.stop_texts(client_id)
    if news:
        _check_number(found, outcome_of(error), now)
    return news


def _check_number(message_id: int, outcome: str | None, now: datetime) -> None:
    for client_id in results.clients_of([message_id]) if outcome in CANNOT_GET_TEXTS else ():
        planning.hold_back(client_id, now)


def ask_about_unknown(limit: int = 20) -> int:
    """Look for texts whose fate is unknown in the provider's list; gives how many were found there.

    A text is known again by the link in it, for its words were not kept. One that is not in the list stays unknown, and
    is not sent again: a list may lag.
    """
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    now = clock.now()
    found = 0
    doubted = store.in_doubt(now - ASK_FOR, now - ASK_AFTER, limit)
    db.session.rollback()  # no transaction stays open while the provider is asked
    for row in doubted:
        try:
            number = row.phone.opened()
            listed = list(gateway_for(app).sent_to(number, row.claimed_at)) if number else []
        except (OSError, RecordUnreadable) as problem:
            log.warning("unknown text not looked up", message_id=row.id, error=type(problem).__name__)
            continue
        for text in listed:
            if any(token_hash(token) in row.links for token in _TOKEN.findall(text.body)):
                found += _found(row.id, text)
    return found


@by_row_locks
def _found(message_id: int, text: Listed) -> bool:
    now = clock.now()
    news = results.advance(message_id, text.state, now, text.provider_id, text.outcome)
    if news:
        forgetting.heard(text.provider_id, text.state, now)
        _check_number(message_id, text.outcome, now)
    return news
