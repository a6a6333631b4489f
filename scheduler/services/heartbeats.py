"""Signs of life of the background jobs, for `/readyz`."""

from __future__ import annotations

from contextlib import suppress

from sqlalchemy import insert, update
from sqlalchemy.exc import IntegrityError

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Heartbeat
from scheduler.services.transaction import by_row_locks


def beat(job: str) -> None:
    """Record that `job` has just run to its end."""
    with suppress(IntegrityError):  # another worker's first beat, at this very moment: as good as ours
        _beat(job)


@by_row_locks
def _beat(job: str) -> None:
    now = clock.now()
    changed = db.session.execute(update(Heartbeat.__table__).where(Heartbeat.job == job).values(at=now))
    if not changed.rowcount:  # type: ignore[attr-defined]
        db.session.execute(insert(Heartbeat.__table__), {"job": job, "at": now})
