"""Request mode: times that someone would like, for staff to confirm (SAFETY.md 4). Reached as `services.booking`."""

from __future__ import annotations

import json
from datetime import datetime

from sqlalchemy import update

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.extensions import db
from scheduler.models import TimeRequest
from scheduler.services import audit
from scheduler.services.actors import Actor
from scheduler.services.asking import may_act_for
from scheduler.services.offering import timetable
from scheduler.services.transaction import use_case
from scheduler.store import diary

MOST_WISHES = 3


@use_case
def request_times(
    actor: Actor, client_id: int, type_id: int, mode: str, wishes: list[tuple[int, datetime]]
) -> int:
    """Write down up to three times that someone would like, as (session, start); staff confirm one later. Gives the
    request's id. What is answered depends on the public timetable alone (SAFETY.md 4).

    Raises Invalid when there is none or too many, or one is not on the timetable.
    """
    may_act_for(actor, client_id)
    if not 1 <= len(set(wishes)) <= MOST_WISHES or len(set(wishes)) != len(wishes):
        raise Invalid(wishes="Choose one, two or three different times.")
    starts = [start for _, start in wishes]
    shown = {
        (session, start): None
        for session, _, start, _ in timetable(
            client_id, type_id, mode, min(starts) - diary.LONGEST, max(starts) + diary.LONGEST
        )
    }
    if any(wish not in shown for wish in wishes):
        raise Invalid(wishes="One of those times is not on the list any more.")
    now = clock.now()
    db.session.execute(
        update(TimeRequest)
        .where(TimeRequest.client_id == client_id, TimeRequest.state == "open")
        .values(state="withdrawn", settled_at=now)
    )
    made = TimeRequest(
        client_id=client_id, type_id=type_id, mode=str(mode), made_at=now, state="open",
        wishes=json.dumps([[session, start.isoformat()] for session, start in wishes]),
    )
    db.session.add(made)
    db.session.flush()
    audit.record(actor, "request-times", "time-request", made.id)
    return made.id
