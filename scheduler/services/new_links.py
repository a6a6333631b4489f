"""Another link for a woman whose old one is too old, asked for on the page that says so.

Whoever holds an old text may press the button, so it can do one thing only: plan the same text as staff would, to the
number on record, under every check of texts, a few times a day. The page says the same whatever came of it.
"""

from __future__ import annotations

from datetime import timedelta

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.notifications import planning
from scheduler.services import audit
from scheduler.services.actors import client_actor
from scheduler.services.transaction import use_case
from scheduler.store import links as store

#: A link older than this asks for nothing: a phone changes hands.
ASKS_FOR = timedelta(days=60)
#: Texts with a link in a day, whoever asked for them, after which this asks for none.
MOST_A_DAY = 2


def ask(token: str) -> None:
    """Plan a text with a new link to whoever this expired one was for, if it is safe and not too often. A link that was
    ended (another number, a pause, wrong words) asks for nothing. Says nothing about what it did."""
    if store.expired_link(token_hash(token), clock.now(), ASKS_FOR) is not None:
        _ask(token)


@use_case
def _ask(token: str) -> None:
    now = clock.now()
    link = store.expired_link(token_hash(token), now, ASKS_FOR)
    if link is None or store.link_texts(link.client_id, now - timedelta(days=1)) >= MOST_A_DAY:
        return
    message = planning.plan_link(link.client_id, now, type_id=link.type_id)
    audit.record(client_actor(link.client_id), "link-asked", "link", link.id, message=message)
