"""The audit log: appended in the transaction that it is about, sealed afterwards in batches."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, insert, select, update

from scheduler import clock
from scheduler.crypto import ring
from scheduler.extensions import db
from scheduler.models import AuditRecord, AuditSeal, ExclusionLook
from scheduler.services.actors import Actor
from scheduler.services.transaction import use_case

SEAL_BATCH = 5000
_APPEND = insert(AuditRecord.__table__)
_INDEX = insert(ExclusionLook.__table__)


def record(actor: Actor, action: str, subject: str, subject_id: int | None, **detail: Any) -> None:
    """Append one record to the running transaction. `detail` is encrypted; keep names out of it all the same."""
    db.session.execute(
        _APPEND,
        {
            "at": clock.now(),
            "actor_kind": actor.kind,
            "actor_id": actor.id,
            "action": action,
            "subject_kind": subject,
            "subject_id": subject_id,
            "detail": detail or None,
        },
    )


def record_looks(
    actor: Actor, subject: str, subject_id: int | None, exclusions: Iterable[int | None] = (), **detail: Any
) -> None:
    """Record a look that showed these exclusions, in the running transaction: one record, which the access log finds by
    each of them (SAFETY.md 4 and 9.6). Whoever shows anything of an exclusion calls this beside what it reads."""
    seen = sorted({each for each in exclusions if each is not None})
    made = db.session.execute(
        _APPEND.returning(AuditRecord.__table__.c.id),
        {
            "at": clock.now(), "actor_kind": actor.kind, "actor_id": actor.id, "action": "look",
            "subject_kind": subject, "subject_id": subject_id,
            "detail": {**({"exclusions": seen} if seen else {}), **detail} or None,
        },
    ).scalar_one()
    if seen:
        db.session.execute(_INDEX, [{"audit_id": made, "exclusion_id": each} for each in seen])


def record_each(
    actor: Actor, action: str, about: Iterable[tuple[str, int | None, dict[str, Any] | None]]
) -> None:
    """As `record` about each of these (subject, its id, detail), in one statement however many there are."""
    now = clock.now()
    rows = [
        {
            "at": now, "actor_kind": actor.kind, "actor_id": actor.id, "action": action, "subject_kind": subject,
            "subject_id": subject_id, "detail": detail,
        }
        for subject, subject_id, detail in about
    ]  # fmt: skip
    if rows:
        db.session.execute(_APPEND, rows)


@use_case
def record_look(actor: Actor, subject: str, subject_id: int | None) -> None:
    """Record that someone looked at something whose every reading is logged and that shows no exclusion, such as the
    requests for times."""
    record(actor, "look", subject, subject_id)


def _line(row: Any) -> bytes:
    detail = json.dumps(row.detail, sort_keys=True, ensure_ascii=False)
    who = (row.actor_kind, row.actor_id, row.action, row.subject_kind, row.subject_id)
    return "|".join(map(str, (row.id, row.at.isoformat(), *who, detail))).encode()


def _digest(previous: bytes, lines: list[bytes]) -> bytes:
    return ring().seal([previous, *lines])


@use_case
def seal() -> int:
    """Seal up to one batch of records not sealed yet. Gives how many. Run by the worker, one at a time."""
    rows = db.session.execute(
        select(AuditRecord).where(AuditRecord.seal_id.is_(None)).order_by(AuditRecord.id).limit(SEAL_BATCH)
    ).scalars().all()
    if not rows:
        return 0
    previous = db.session.execute(select(AuditSeal.digest).order_by(AuditSeal.id.desc()).limit(1)).scalar() or b""
    made = AuditSeal(at=clock.now(), records=len(rows), digest=_digest(previous, [_line(row) for row in rows]))
    db.session.add(made)
    db.session.flush()
    db.session.execute(
        update(AuditRecord).where(AuditRecord.id.in_([row.id for row in rows])).values(seal_id=made.id)
    )
    return len(rows)


def broken_seals() -> list[int]:
    """The ids of seals that no longer fit their records: a record was changed, added or removed since."""
    broken: list[int] = []
    previous = b""
    for made in db.session.execute(select(AuditSeal).order_by(AuditSeal.id)).scalars():
        rows = db.session.execute(
            select(AuditRecord).where(AuditRecord.seal_id == made.id).order_by(AuditRecord.id)
        ).scalars().all()
        if len(rows) != made.records or _digest(previous, [_line(row) for row in rows]) != made.digest:
            broken.append(made.id)
        previous = made.digest
    return broken


def unsealed() -> int:
    """How many records wait for a seal."""
    return db.session.execute(select(func.count()).where(AuditRecord.seal_id.is_(None))).scalar_one()
