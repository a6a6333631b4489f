"""Has the provider let go of our texts: their words once they are settled, their record some days later.

Only texts that we know to be ours are touched. Asking is tried again for as long as it takes, and may be cut short at
any point: to empty or to delete twice is to do it once.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import bindparam, case, delete, literal, update
from sqlalchemy.dialects import postgresql, sqlite

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Message, ProviderText, StaffText
from scheduler.notifications.gateway import Accepted, Answer, Gateway, gateway_for
from scheduler.services.transaction import by_row_locks
from scheduler.store.messages import Kept, kept_at_provider, settled_unheard

_P = ProviderText.__table__

#: A provider that never says what became of a text has settled it by then: it may keep none longer than ten hours.
SETTLED_BY = timedelta(days=2)
#: It takes a moment until a text that is settled can be emptied.
_SETTLES = timedelta(minutes=1)
#: How long the record, without its words, stays for whoever looks into what went wrong.
RECORD_KEPT = timedelta(days=7)
BATCH = 50
_AT_ONCE = 5
#: Whoever asks has this long to say what came of it; after that another may ask.
_LEASE = timedelta(minutes=5)
_FIRST_WAIT, _LONGEST_WAIT = timedelta(minutes=1), timedelta(hours=6)
_OVER = frozenset({"delivered", "undelivered", "failed"})


@by_row_locks
def remember(answer: Answer) -> None:
    """The provider took a text that is in no outbox, such as a test, and keeps it."""
    if isinstance(answer, Accepted):
        _note(answer.provider_id, clock.now() + SETTLED_BY)


def heard(provider_id: str, state: str, now: datetime) -> None:
    """The provider says how far a text of ours got. In the running transaction."""
    if state in _OVER:
        _note(provider_id, now + _SETTLES)


@by_row_locks
def came_in(provider_id: str) -> None:
    """A text came in, which the provider keeps like those that we send."""
    _note(provider_id, clock.now() + _SETTLES)


def _note(provider_id: str, due_at: datetime) -> None:
    fresh = _insert().values(provider_id=provider_id, keeps="words", since=clock.now(), tries=0, due_at=due_at)
    sooner = case((fresh.excluded.due_at < _P.c.due_at, fresh.excluded.due_at), else_=_P.c.due_at)
    db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=[_P.c.provider_id], set_={"due_at": sooner},
            where=(_P.c.keeps == "words") & (_P.c.tries == 0),
        )
    )  # fmt: skip


def _insert() -> Any:
    dialect: Any = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    return dialect.insert(_P)


@by_row_locks
def notice() -> int:
    """Texts of which no receipt ever said what became of them are to be let go of too; gives how many there are."""
    now, found = clock.now(), 0
    for table in (Message.__table__, StaffText.__table__):
        query = settled_unheard(table, now - SETTLED_BY - RECORD_KEPT, now - SETTLED_BY)
        at = literal(now, _P.c.since.type)
        chosen = query.add_columns(literal("words"), at, at, literal(0))
        made = _insert().from_select(["provider_id", "keeps", "since", "due_at", "tries"], chosen)
        found += db.session.execute(made.on_conflict_do_nothing()).rowcount
    return found


def run(rounds: int = 20) -> int:
    """Ask the provider to let go of whatever is due; gives of how many texts it did."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    gateway, done = gateway_for(app), 0
    if not gateway.keeps:
        return 0
    notice()
    for _ in range(rounds):
        due = _claim(BATCH)
        if not due:
            break
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="forget") as pool:
            gone = dict(zip(due, pool.map(lambda row: _ask(gateway, row), due), strict=True))
        _record(gone)
        done += sum(gone.values())
        if len(due) < BATCH:
            break
    return done


@by_row_locks
def _claim(limit: int) -> list[Kept]:
    now = clock.now()
    due = kept_at_provider(now, limit)
    if due:
        leased = update(_P).where(_P.c.id.in_([row.id for row in due]))
        db.session.execute(leased.values(due_at=now + _LEASE, tries=_P.c.tries + 1))
    return due


def _ask(gateway: Gateway, row: Kept) -> bool:
    return gateway.empty(row.provider_id) if row.keeps == "words" else gateway.delete(row.provider_id)


@by_row_locks
def _record(gone: Mapping[Kept, bool]) -> None:
    now = clock.now()
    deleted = [row.id for row, done in gone.items() if done and row.keeps == "record"]
    if deleted:
        db.session.execute(delete(_P).where(_P.c.id.in_(deleted)))
    emptied = [row.id for row, done in gone.items() if done and row.keeps == "words"]
    if emptied:
        values = {"keeps": "record", "due_at": now + RECORD_KEPT, "tries": 0}
        db.session.execute(update(_P).where(_P.c.id.in_(emptied)).values(values))
    later = [{"row": row.id, "after": now + _wait(row.tries)} for row, done in gone.items() if not done]
    if later:
        db.session.execute(update(_P).where(_P.c.id == bindparam("row")).values(due_at=bindparam("after")), later)


def _wait(tries: int) -> timedelta:
    return min(_FIRST_WAIT * 2 ** min(tries, 20), _LONGEST_WAIT) * random.uniform(0.5, 1.0)  # noqa: S311


__all__ = ["BATCH", "RECORD_KEPT", "SETTLED_BY", "came_in", "heard", "notice", "remember", "run"]
