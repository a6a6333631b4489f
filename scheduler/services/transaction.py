"""How every use case writes: one serialisable transaction, tried again a bounded number of times.

PostgreSQL runs it SERIALIZABLE and may refuse it at any statement or at commit, when another transaction read what this
one writes; it is then run again from the beginning. SQLite takes its only write lock at BEGIN, so that what is read
stays true until commit.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from scheduler.errors import Busy
from scheduler.extensions import WRITES, db

P = ParamSpec("P")
R = TypeVar("R")

#: Tries before the user is told that the system is busy; the waits between them add up to about six seconds.
TRIES = 25
_LONGEST_WAIT = 0.5


def _may_succeed_again(error: DBAPIError, attempt: int) -> bool:
    """Serialisation failures and deadlocks may. So may a unique violation, which PostgreSQL reports when another
    transaction inserted the same key meanwhile: a doubled request. One that comes back three times is no race."""
    state = getattr(error.orig, "sqlstate", None)
    if state == "23505":
        return attempt < 3
    return state in ("40001", "40P01") or "database is locked" in str(error.orig)


def use_case(function: Callable[P, R]) -> Callable[P, R]:
    """Make a function one whole transaction. Inside another use case it joins that one.

    Nothing read before it begins is believed: the session is emptied first. Raises Busy when other writers leave it
    no room, with nothing changed.
    """
    return _transaction(function, "SERIALIZABLE")


def by_row_locks(function: Callable[P, R]) -> Callable[P, R]:
    """A use case that itself locks every row it decides by: READ COMMITTED on PostgreSQL, so that it neither makes a
    booking try again nor is made to. For the outbox, which claims `FOR UPDATE SKIP LOCKED`; SQLite locks as always.
    """
    return _transaction(function, "READ COMMITTED")


def _transaction(function: Callable[P, R], isolation: str) -> Callable[P, R]:
    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        session = db.session
        if session.info.get("writing"):
            return function(*args, **kwargs)
        for attempt in range(TRIES):
            session.rollback()
            session.expunge_all()
            options: dict[str, object] = {WRITES: True}
            if db.engine.dialect.name == "postgresql":
                options["isolation_level"] = isolation
            session.info["writing"] = True
            try:
                session.connection(execution_options=options)
                result = function(*args, **kwargs)
                session.commit()
                return result
            except DBAPIError as error:
                session.rollback()
                if not _may_succeed_again(error, attempt):
                    raise
            except BaseException:
                session.rollback()
                raise
            finally:
                session.info.pop("writing", None)
            time.sleep(random.uniform(0, min(_LONGEST_WAIT, 0.004 * 2**attempt)))  # noqa: S311
        raise Busy

    return run
