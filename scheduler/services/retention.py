"""What is let go once it has served: a key's first result after a day, a link's session once it is over, the words of
a text that came back after a week, what women asked for once it was seen to, texts to staff after a month.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import IdempotencyKey
from scheduler.services import afterwards, asks, choices, escalation, links, replies, waiting_list
from scheduler.services.transaction import use_case

#: A repeated request comes within minutes; a browser restored from yesterday gets a fresh answer.
KEYS_KEPT = timedelta(days=1)
#: A session that is over is kept this long, so that a second press of a button still finds what it did.
SESSIONS_KEPT = timedelta(hours=1)


@use_case
def forget_keys() -> int:
    """Delete idempotency keys older than a day; gives how many."""
    deleted = delete(IdempotencyKey.__table__).where(IdempotencyKey.at < clock.now() - KEYS_KEPT)
    return int(db.session.execute(deleted).rowcount)  # type: ignore[attr-defined]


def purge() -> int:
    """Let go of everything that has served; gives how many records."""
    sessions = links.forget_old_sessions(clock.now() - SESSIONS_KEPT)
    hers = asks.forget() + afterwards.forget() + waiting_list.forget() + choices.forget_whose()
    return forget_keys() + sessions + replies.forget() + escalation.forget() + hers
