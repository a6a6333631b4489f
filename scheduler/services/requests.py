"""Requests for times by people in request mode: staff confirm one, or settle it another way (SAFETY.md 4)."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from sqlalchemy import update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, SlotUnavailable, WrongState
from scheduler.extensions import db
from scheduler.models import TimeRequest
from scheduler.services import audit, booking
from scheduler.services.actors import Actor, can_book_for_anyone
from scheduler.services.booking import Booked, Choice, Wanted
from scheduler.services.transaction import use_case


@use_case
def confirm(actor: Actor, request_id: int, session_id: int, start: datetime) -> Booked:
    """Book the first time that can be given in one of the sessions that were asked for, and settle the request. `start`
    is the one in the request, from the public timetable: when the session begins. It goes by the same door as every
    booking. Raises NotAllowed, NotFound, WrongState; SlotUnavailable when no time can be given, whatever the cause."""
    request = _open(actor, request_id)
    wishes = {(int(session), datetime.fromisoformat(at)) for session, at in json.loads(request.wishes)}
    if (session_id, start) not in wishes:
        raise NotFound
    wanted = Wanted(
        request.client_id, request.type_id, start, start + timedelta(days=1), modes=frozenset({request.mode})
    )
    fits = [each for each in booking.offers(actor, wanted) if each.session == session_id]
    if not fits:
        raise SlotUnavailable
    booked = booking.book(actor, Choice.from_offer(request.client_id, request.type_id, fits[0]))
    _settle(actor, request_id)
    return booked


@use_case
def offer_other(actor: Actor, request_id: int, choice: Choice) -> Booked:
    """Book another time than those asked for, which this person was told of and would have, and settle the request. It
    goes by the same door as every booking. Raises NotAllowed, NotFound, WrongState; Invalid when the choice is not for
    whom and what the request is; SlotUnavailable when it cannot be given, whatever the cause."""
    request = _open(actor, request_id)
    if (choice.client_id, choice.type_id) != (request.client_id, request.type_id):
        raise Invalid(session="Choose a time from the list.")
    booked = booking.book(actor, choice)
    _settle(actor, request_id)
    return booked


@use_case
def settle(actor: Actor, request_id: int) -> None:
    """Take a request off the queue because it was dealt with another way. Raises NotAllowed, NotFound, WrongState."""
    _open(actor, request_id)
    _settle(actor, request_id)


def _open(actor: Actor, request_id: int) -> TimeRequest:
    if not can_book_for_anyone(actor):
        raise NotAllowed
    request = db.session.get(TimeRequest, request_id)
    if request is None:
        raise NotFound
    if request.state != "open":
        raise WrongState
    return request


def _settle(actor: Actor, request_id: int) -> None:
    table = TimeRequest.__table__
    db.session.execute(
        update(table)
        .where(table.c.id == request_id)
        .values(state="settled", settled_at=clock.now(), settled_by=actor.staff_id)
    )
    audit.record(actor, "settle", "time-request", request_id)


__all__ = ["confirm", "offer_other", "settle"]
