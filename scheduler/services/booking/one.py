"""One appointment: booked, moved, cancelled, marked. Reached as `services.booking`."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.notifications import planning
from scheduler.rules import states
from scheduler.rules.states import State
from scheduler.services import audit, door
from scheduler.services.actors import Actor
from scheduler.services.asking import may_act_for
from scheduler.services.booking.admitting import LATE_NOTE, admit
from scheduler.services.booking.records import (
    INSERT,
    Booked,
    Choice,
    as_booked,
    as_choice,
    change,
    done_before,
    remember,
    standing,
)
from scheduler.services.transaction import use_case
from scheduler.store import diary, overrides


@use_case
def book(actor: Actor, choice: Choice, key: str | None = None) -> Booked:
    """Book one exact time. With the same `key`, a repeated request gets the first one's appointment.

    Raises SlotUnavailable whatever the reason it cannot be had, KeyReused, NotAllowed, and Invalid for a length that
    the type does not allow.
    """
    may_act_for(actor, choice.client_id)
    earlier = done_before(actor, key, choice.fingerprint())
    if earlier is not None:
        return earlier
    booked = _write(actor, choice, admit(actor, choice))
    remember(actor, key, choice.fingerprint(), booked.id)
    return booked


@use_case
def book_overriding(actor: Actor, choice: Choice, override_id: int) -> Booked:
    """Book one exact time although someone is near from whom the client is kept, by an override that two people gave in
    this transaction (SAFETY.md 5). Every other rule is asked. Raises NotAllowed without one, SlotUnavailable."""
    given = overrides.override(override_id)
    if given is None or given.state != "given" or given.appointment_id is not None or given.until <= clock.now():
        raise NotAllowed
    if given.client_id != choice.client_id or given.decided_by != actor.staff_id or given.asked_by == given.decided_by:
        raise NotAllowed
    return _write(actor, choice, admit(actor, choice, overriding=True))


def _write(actor: Actor, choice: Choice, columns: dict[str, Any]) -> Booked:
    now = clock.now()
    row = db.session.execute(
        INSERT,
        {
            **columns, "client_id": choice.client_id, "state": str(State.BOOKED), "note": choice.note,
            "interpreter": choice.interpreter, "made_by": actor.kind, "created_at": now, "updated_at": now,
            "version": 1,
        },
    ).one()
    planning.plan(
        "booked", appointment_id=row.id, client_id=choice.client_id, start=choice.start, version=1, now=now
    )
    audit.record(actor, "book", "appointment", row.id)
    return Booked(
        row.id, row.own_number, choice.client_id, columns["session_id"], columns["venue_id"], choice.staff_id,
        choice.type_id, columns["mode"], str(State.BOOKED), columns["start"], columns["end"], 1, choice.creche,
    )


def _she_still_may(actor: Actor, row: Any) -> None:
    """She may change or cancel until the time that the appointment's type sets. Raises WrongState after it."""
    kind = diary.appointment_type(row.type_id)
    limit = timedelta(minutes=kind.change_until if kind is not None else 0)
    if actor.kind == "client" and clock.now() > row.start - limit:
        raise WrongState


@use_case
def move(
    actor: Actor, appointment_id: int, choice: Choice, version: int | None = None, key: str | None = None
) -> Booked:
    """Move an appointment that is still to come to another exact time; nothing changes when that cannot be had.

    Raises NotFound, Stale when `version` is no longer the appointment's, WrongState when it is not open or it is too
    late for her to change it, SlotUnavailable, KeyReused.
    """
    fingerprint = f"{appointment_id}:{choice.fingerprint()}"[:64]
    earlier = done_before(actor, key, fingerprint)
    if earlier is not None:
        return earlier
    row = standing(actor, appointment_id, version)
    if row.client_id != choice.client_id:
        raise NotFound
    if row.state not in states.OPEN:
        raise WrongState
    _she_still_may(actor, row)
    # Her page said whether someone who speaks her language would be found; staff who move it say nothing of that.
    asked = choice.interpreter if actor.kind == "client" else choice.interpreter or row.interpreter
    moved = change(row, **admit(actor, choice, but_not=row.id), interpreter=asked)
    remember(actor, key, fingerprint, row.id)
    planning.plan(
        "moved", appointment_id=row.id, client_id=row.client_id, start=moved.start, version=moved.version,
        now=clock.now(),
    )
    audit.record(actor, "move", "appointment", row.id)
    return moved


#: Reasons for cancelling that staff choose from; in the data only, never shown to anyone outside.
CANCEL_REASONS = ("client-asked", "worker-away", "venue-closed", "moved-elsewhere", "other")


#: Reasons that she may give after she has cancelled, if she likes. They cannot be told from each other on a text.
HER_REASONS = ("her-time", "her-way", "her-better", "her-other")


@use_case
def cancel(actor: Actor, appointment_id: int, reason: str | None = None, version: int | None = None) -> Booked:
    """Cancel an appointment that is still to come. Cancelling it again changes nothing.

    Raises NotFound, Stale, WrongState when it has begun or it is too late for her to cancel it herself.
    """
    row = standing(actor, appointment_id, version)
    if row.state == State.CANCELLED:
        return as_booked(row)
    if not states.may_follow(row.state, State.CANCELLED):
        raise WrongState
    if reason is not None and reason not in CANCEL_REASONS:
        raise Invalid(reason="Choose one of the reasons.")
    _she_still_may(actor, row)
    return cancelled_by(actor, row, reason)


@use_case
def say_why(actor: Actor, own_number: int, reason: str) -> None:
    """She says, if she likes, why she cancelled this one of hers. Nothing else of it changes, and no text is planned.

    Raises NotAllowed for anyone else, NotFound, Invalid, and WrongState for one that she did not cancel herself.
    """
    if actor.kind != "client" or actor.id is None:
        raise NotAllowed
    rows = diary.of_client(actor.id, own_number=own_number)
    if not rows:
        raise NotFound
    if reason not in HER_REASONS:
        raise Invalid(reason="Choose one of the reasons.")
    row = rows[0]
    if row.state != State.CANCELLED or row.cancel_reason not in ("client-asked", *HER_REASONS):
        raise WrongState
    table = Appointment.__table__
    db.session.execute(update(table).where(table.c.id == row.id).values(cancel_reason=reason))
    audit.record(actor, "cancel-why", "appointment", row.id, reason=reason)


def cancelled_by(actor: Actor, row: Any, reason: str | None) -> Booked:
    """Cancel an appointment that the caller has made sure may be cancelled."""
    cancelled = change(row, state=str(State.CANCELLED), cancel_reason=reason)
    planning.plan(
        "cancelled", appointment_id=row.id, client_id=row.client_id, start=row.start, version=cancelled.version,
        now=clock.now(),
    )
    audit.record(actor, "cancel", "appointment", row.id, reason=reason)
    return cancelled


@use_case
def mark(actor: Actor, appointment_id: int, state: str, version: int | None = None) -> Booked:
    """Put an appointment in another state: arrived, fulfilled, noshow, or back to booked; `cancelled` is `cancel`.

    Bringing one back that no longer counted asks every rule anew. What is given for someone who has just come in says
    whether the desk should use the quiet room. Raises NotFound, Stale, WrongState, SlotUnavailable.
    """
    try:
        then = State(state)
    except ValueError:
        raise Invalid(state="There is no such state.") from None
    if actor.kind == "client":
        raise NotAllowed
    if then == State.CANCELLED:
        return cancel(actor, appointment_id, None, version)
    row = standing(actor, appointment_id, version)
    if row.state == then:
        return as_booked(row)
    if not states.may_follow(row.state, then):
        raise WrongState
    happens = then in (State.ARRIVED, State.CHECKED_IN, State.FULFILLED, State.NOSHOW)
    if happens and row.start > clock.now() + LATE_NOTE:
        raise WrongState
    if states.brings_back(row.state, then):
        # As its session is now: it was not taken along while it did not count.
        columns = admit(actor, as_choice(row), but_not=row.id, any_time=True)
        marked = change(row, state=str(then), **columns)
    else:
        marked = change(row, state=str(then))
    _say_the_same(row, marked)
    audit.record(actor, f"mark-{then}", "appointment", row.id)
    if _is_just_in(row, then):
        answer = door.came_in(actor, row.site_id, row.venue_id, row.client_id)
        return replace(marked, quiet_room=answer is not door.Answer.GO)
    return marked


def _say_the_same(row: Any, marked: Booked) -> None:
    """A mark changes nothing that she is told of, unless the appointment comes back elsewhere. One that is undone
    brings back the reminder that the mark had stopped."""
    now = clock.now()
    if (row.start, row.venue_id, row.mode) != (marked.start, marked.venue_id, marked.mode):
        planning.plan(
            "moved", appointment_id=row.id, client_id=row.client_id, start=marked.start, version=marked.version, now=now
        )
        return
    planning.carry(row.id, row.version, marked.version)
    if marked.state in states.OPEN and marked.start > now:
        planning.replan(row.client_id, now, row.id)


def _is_just_in(row: Any, then: State) -> bool:
    """Does this mark say that someone who was not here is here now, or that someone who had been seen is here still? A
    late note of a visit that is over does not."""
    if row.present_until is None or row.state not in (*states.OPEN, State.FULFILLED):
        return False
    if then == State.FULFILLED:
        return bool(row.present_until > clock.now())
    return then in (State.ARRIVED, State.CHECKED_IN) and bool(row.present_until > clock.now() - LATE_NOTE)
