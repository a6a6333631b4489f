"""Whether the installation can do its work: the database, its migration, the worker and the texts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from scheduler import clock
from scheduler.extensions import db
from scheduler.services import reindexing
from scheduler.store import readiness as store

#: The worker beats every minute or so; three minutes without is a worker that stopped.
WORKER_SILENT = timedelta(minutes=3)
#: A text that is this late is one that she may be waiting for.
MESSAGE_LATE = timedelta(minutes=10)
#: By then the provider should have let go of the words of a text.
WORDS_KEPT = timedelta(days=3)


class Check(NamedTuple):
    """One thing that must be so, and in a word how it is."""

    name: str
    ok: bool
    state: str


def checks() -> list[Check]:
    """Each check, none of which raises."""
    try:
        store.database_answers()
        return [Check("database", True, "ok"), _migration(), _worker(), _messages(), _provider(), _leads(), _keys()]
    except SQLAlchemyError:
        db.session.rollback()
        return [Check("database", False, "unreachable or without its tables")]


def _migration() -> Check:
    at, newest = store.migrations(Path(current_app.extensions["migrate"].directory))
    return Check("migration", at == newest, "ok" if at == newest else "not the newest")


def _worker() -> Check:
    last = store.last_heartbeat()
    if last is None:
        return Check("worker", False, "never ran")
    ok = clock.now() - last < WORKER_SILENT
    return Check("worker", ok, "ok" if ok else "silent")


def _messages() -> Check:
    count = store.overdue_messages(clock.now() - MESSAGE_LATE)
    return Check("messages", count == 0, "ok" if count == 0 else f"{count} overdue")


def _provider() -> Check:
    """Whether the provider lets go of what it keeps of our texts. One whose answer was lost, and that its list never
    showed, cannot be let go of from here: someone has to look there. It is said, and takes nothing down."""
    before = clock.now() - WORDS_KEPT
    counts = (store.kept_too_long(before), "kept too long"), (store.never_found(before), "never found there")
    return Check("provider-texts", True, ", ".join(f"{count} {what}" for count, what in counts if count) or "ok")


def _leads() -> Check:
    """Whether anyone can be told of what cannot wait (SAFETY.md 6). It is said, and takes nothing down: the rest works,
    and every lead still sees it on her pages."""
    return Check("on-call", True, "ok" if store.can_text_a_lead() else "no lead can be texted")


def _keys() -> Check:
    """Whether everyone can be found by the rules of this version. It is said, and takes nothing down: the worker makes
    the keys anew, those whom exclusions name first."""
    return Check("identity-keys", True, "ok" if reindexing.is_done() else "being made anew")
