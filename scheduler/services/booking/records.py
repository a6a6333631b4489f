"""What booking keeps: a choice, an appointment as it stands, how one is written, and the keys that make a repeated
request return its first result. For `services.booking` alone."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from scheduler import clock
from scheduler.errors import KeyReused, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import Appointment, IdempotencyKey
from scheduler.rules.slots import Offer
from scheduler.services import cases
from scheduler.services.actors import Actor
from scheduler.services.asking import may_act_for
from scheduler.services.transaction import use_case
from scheduler.store import diary


@dataclass(frozen=True, slots=True)
class Choice:
    """One exact time that someone asks for. `interpreter` is the language that staff are to find one for."""

    client_id: int
    type_id: int
    session_id: int
    staff_id: int | None
    mode: str
    start: datetime
    minutes: int | None = None
    creche: int = 0
    note: str | None = None
    interpreter: str | None = None

    @classmethod
    def from_offer(
        cls, client_id: int, type_id: int, offer: Offer, creche: int = 0, minutes: int | None = None
    ) -> Choice:
        """The choice of an offer as it was made."""
        return cls(client_id, type_id, offer.session, offer.staff, offer.mode, offer.start, minutes, creche)

    def fingerprint(self) -> str:
        """The same for the same choice, for idempotency keys."""
        parts = [self.client_id, self.type_id, self.session_id, self.staff_id, self.mode, self.start.isoformat()]
        rest = [self.minutes, self.creche, self.note, self.interpreter]
        return hashlib.sha256(json.dumps([*parts, *rest]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment as it stands after a use case. Times in UTC; `own_number` counts the client's own. `quiet_room` is
    the arrival check's answer about someone who was just marked as arrived (SAFETY.md 5)."""

    id: int
    own_number: int
    client_id: int
    session_id: int
    venue_id: int
    staff_id: int | None
    type_id: int
    mode: str
    state: str
    start: datetime
    end: datetime
    version: int
    creche: int = 0
    quiet_room: bool = False


def as_booked(row: Any) -> Booked:
    """An appointment's row as it is given out."""
    return Booked(
        row.id, row.own_number, row.client_id, row.session_id, row.venue_id, row.staff_id, row.type_id, row.mode,
        row.state, row.start, row.end, row.version, row.creche,
    )


def as_choice(row: Any) -> Choice:
    """What would have to be chosen to get this appointment again."""
    minutes = int((row.end - row.start).total_seconds() // 60)
    return Choice(row.client_id, row.type_id, row.session_id, row.staff_id, row.mode, row.start, minutes, row.creche)


def standing(actor: Actor, appointment_id: int, version: int | None) -> Any:
    """The appointment's row, for someone who may act on it. Raises NotFound, NotAllowed or Stale."""
    row = diary.appointment(appointment_id)
    if row is None or (actor.kind == "client" and row.client_id != actor.id):
        raise NotFound
    may_act_for(actor, row.client_id)
    if version is not None and version != row.version:
        raise Stale
    return row


def change(row: Any, **columns: Any) -> Booked:
    """Write these columns, unless someone else changed the appointment since it was read: Stale then."""
    table = Appointment.__table__
    columns |= {"updated_at": clock.now(), "version": row.version + 1}
    changed = db.session.execute(
        update(table).where(table.c.id == row.id, table.c.version == row.version).values(**columns).returning(table)
    ).first()
    if changed is None:
        raise Stale
    cases.refresh_appointment(row.id, row.client_id)  # a clash that it settles is off the queue at once (SAFETY.md 6)
    return as_booked(changed)


def _insert_of_an_appointment() -> Any:
    """The insert, made once: the client's own number is one more than her highest so far."""
    table = Appointment.__table__
    counted = table.alias("counted")
    highest = select(func.coalesce(func.max(counted.c.own_number), 0) + 1)
    number = highest.where(counted.c.client_id == bindparam("client_id")).scalar_subquery()
    names = {column.name for column in table.columns} - {"id", "own_number", "cancel_reason"}
    given: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
    return insert(table).values(**given, own_number=number).returning(table.c.id, table.c.own_number)


INSERT = _insert_of_an_appointment()


def _scoped(actor: Actor, key: str) -> str:
    return hashlib.sha256(f"{actor.kind}\0{actor.id}\0{key}".encode()).hexdigest()


def done_before(actor: Actor, key: str | None, fingerprint: str) -> Booked | None:
    """What this key was used for already. Raises KeyReused when that was something else."""
    if key is None:
        return None
    row = db.session.execute(_DONE, {"scoped": _scoped(actor, key)}).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused
    return as_booked(row)


def remember(actor: Actor, key: str | None, fingerprint: str, appointment_id: int) -> None:
    """Keep what this key was used for, for a day."""
    if key is not None:
        values = {"key": _scoped(actor, key), "fingerprint": fingerprint, "appointment_id": appointment_id}
        db.session.execute(_REMEMBER, {**values, "at": clock.now()})


_DONE = (
    select(IdempotencyKey.fingerprint, Appointment.__table__)
    .join_from(IdempotencyKey.__table__, Appointment.__table__, IdempotencyKey.appointment_id == Appointment.id)
    .where(IdempotencyKey.key == bindparam("scoped"))
)
_REMEMBER = insert(IdempotencyKey.__table__)


@use_case
def forget_old_keys(before: datetime) -> int:
    """Delete idempotency keys first used before `before`. Gives how many. Run by the worker once a day."""
    return db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < before)).rowcount  # type: ignore[attr-defined,no-any-return]
