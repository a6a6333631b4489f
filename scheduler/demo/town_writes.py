"""What the small town's story has that the running app has no use case for, written by the demonstration itself
(docs/decisions), and which visit it tells of at the door."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Row, insert, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Exclusion, Match
from scheduler.rules.door import ALERT_AHEAD, DESCRIBED, Meeting
from scheduler.rules.separation import Person
from scheduler.services import alerts
from scheduler.services.booking import Booked
from scheduler.services.transaction import use_case


@use_case
def set_pending(appointments: list[int]) -> None:
    """They wait to be confirmed."""
    table = Appointment.__table__
    db.session.execute(update(table).where(table.c.id.in_(appointments)).values(state="pending"))


@use_case
def propose(like: Booked, state: str, client: int) -> None:
    """An appointment that puts nobody anywhere, at the time of one that stands."""
    table = Appointment.__table__
    row = dict(db.session.execute(table.select().where(table.c.id == like.id)).one()._mapping)
    del row["id"]
    numbers = db.session.execute(select(table.c.own_number).where(table.c.client_id == client)).scalars()
    row |= {"client_id": client, "state": state, "own_number": max(numbers, default=0) + 1}
    db.session.execute(insert(table).values(**row))


def visit_to(venue: int, now: datetime) -> Row[tuple[int, int, datetime]] | None:
    """An appointment (id, client, start) here in person of a woman whom no exclusion is about: one who is here or due
    within two hours, or else the last who came."""
    about = select(Exclusion.client_id).union(select(Match.person_id).where(Match.person_kind == "client"))
    women = (
        select(Appointment.id, Appointment.client_id, Appointment.start)
        .join(Client, Client.id == Appointment.client_id)
        .where(
            Appointment.venue_id == venue, Client.eligibility == "eligible", Appointment.present_from.is_not(None),
            Appointment.client_id.not_in(about),
        )
    )
    due = women.where(
        Appointment.state.in_(("booked", "arrived", "checked-in")), Appointment.present_until > now,
        Appointment.present_from <= now + ALERT_AHEAD,
    ).order_by(Appointment.start, Appointment.id)
    came = women.where(
        Appointment.state.in_(("arrived", "checked-in", "fulfilled")), Appointment.start < now,
    ).order_by(Appointment.start.desc(), Appointment.id)
    return db.session.execute(due.limit(1)).first() or db.session.execute(came.limit(1)).first()


@use_case
def came_in(exclusion: int, appointment: int, venue: int, now: datetime) -> None:
    """Whom this exclusion describes came in, when the client of this appointment was there or due."""
    alerts.raise_for([Meeting(exclusion, Person(DESCRIBED, exclusion), appointment)], venue, now)
