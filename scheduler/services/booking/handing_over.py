"""Appointments that turn out to be in the wrong one of two records of a client. Reached as `services.booking`."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, select, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.notifications import planning
from scheduler.services import audit
from scheduler.services.actors import Actor
from scheduler.services.transaction import use_case
from scheduler.store import merging as store


@use_case
def hand_over(actor: Actor, giver: int, taker: int, only: Collection[int] | None = None) -> list[int]:
    """Put a client's appointments, past and cancelled ones too, in another record. Times and places stay; they get the
    taker's next own numbers, and what is queued about them is planned anew for the taker. Gives their ids.

    All of them, when the two turned out to be one person, who knows of them already. Or those of `only` that are still
    the giver's, when they turned out to be two: whoever was told of them since was the other one, so that they have
    another version now, of which she must be told (NEEDS.md: never assume she was).

    For `services.merging` alone, which has asked whether one person can have them all, and refreshes the cases once
    everything is where it belongs.
    """
    table, another, now = Appointment.__table__, 0 if only is None else 1, clock.now()
    rows = [row for row in store.appointments(giver) if only is None or row.id in only]
    highest = select(func.coalesce(func.max(table.c.own_number), 0)).where(table.c.client_id == taker)
    number = db.session.execute(highest).scalar_one()
    for row in rows:
        number += 1
        version = row.version + another
        db.session.execute(
            update(table).where(table.c.id == row.id).values(client_id=taker, own_number=number, version=version)
        )
        if row.start > now:
            planning.hand_over(row.id, taker, row.start, version, now)
        audit.record(actor, "hand-over", "appointment", row.id, giver=giver, taker=taker)
    return [row.id for row in rows]
