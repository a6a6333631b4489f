"""Changes a session that stands, and takes its appointments along by the one door."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, WrongState
from scheduler.extensions import db
from scheduler.models import Session
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind
from scheduler.rules.separation import Person
from scheduler.rules.states import OPEN
from scheduler.services import booking, cases, placing
from scheduler.services.actors import Actor
from scheduler.services.placing import Placed, Shape
from scheduler.store import diary
from scheduler.store import sessions as store


def replace_session(actor: Actor, session: Session, placed: Placed, span: Interval) -> None:
    """Give a session a new shape and time within the running transaction, and take its appointments along. When it
    only became longer or shorter, one-to-one appointments keep their times.

    Raises Invalid, WrongState when someone has come to it already and its time or place would change, and InTheWay
    with the appointments that cannot come along.
    """
    standing = diary.standing_in(session.id)
    _room_for_all(standing, session, placed.shape)
    elsewhere = (session.venue_id, session.start, session.end) != (placed.venue.id, span.start, span.end)
    if elsewhere and any(row.state not in OPEN for row in standing):
        raise WrongState
    matters = _matters(session, placed, span)
    if matters:
        around = placing.surroundings(placed, span, session.id)
        placing.require(placed.plan(span, session.id, session.enrolment_id or session.series_id), around)
    by = span.start - session.start
    if placed.shape.kind == Kind.ONE_TO_ONE and span.end - session.end != by:
        by = timedelta()
    before = store.staff_in(session.id)
    placing.change(session, placed, span)
    if matters:
        booking.session_moved(actor, session.id, by)
        settle_cases([row.client_id for row in standing], {*before, *placed.shape.staff})


def cancel_whole(actor: Actor, session: Session, reason: str = "worker-away") -> int:
    """Cancel a session and its open appointments within the running transaction. Gives how many appointments. Raises
    WrongState when someone has come to it already."""
    standing = diary.standing_in(session.id)
    if any(row.state not in OPEN for row in standing):
        raise WrongState
    clients = [row.client_id for row in standing]
    cancelled = booking.cancel_for_session(actor, session.id, reason)
    session.cancelled_at = session.updated_at = clock.now()
    session.version += 1
    db.session.flush()
    settle_cases(clients, store.staff_in(session.id))
    return len(cancelled)


def settle_cases(clients: Iterable[int], staff: Iterable[int]) -> None:
    """Close the safety cases that a change of these people's whereabouts has settled (SAFETY.md 6)."""
    cases.refresh([*(Person("client", each) for each in clients), *(Person("staff", each) for each in staff)])


def _matters(session: Session, placed: Placed, span: Interval) -> bool:
    """Did anything change that a rule depends on? New words alone are let through, so that a session with a clash
    that waits in the safety queue can still be given a better title."""
    shape = placed.shape
    was = (
        session.venue_id, session.start, session.end, session.kind, session.audience, list(session.modes),
        session.room, store.staff_in(session.id),
    )
    return was != (
        shape.venue_id, span.start, span.end, shape.kind, shape.audience, list(shape.modes), shape.room, shape.staff,
    )


def _room_for_all(standing: list[Any], session: Session, shape: Shape) -> None:
    """Raises Invalid or InTheWay when those who are booked already would not fit the new shape."""
    if not standing:
        return
    if shape.kind != session.kind:
        raise InTheWay(tuple(row.id for row in standing))
    if shape.kind != Kind.ONE_TO_ONE and shape.seats is not None and shape.seats < len(standing):
        raise Invalid(seats=f"{len(standing)} people are booked already.")
    if sum(row.creche for row in standing) > shape.creche:
        raise Invalid(creche="More crèche places than that are booked already.")
    unserved = [row.id for row in standing if row.mode not in shape.modes or row.type_id not in shape.types]
    if unserved:
        raise InTheWay(tuple(unserved))
