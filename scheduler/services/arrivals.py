"""Who came: arrived, seen, did not attend, and undoing a slip. Through the one writer of appointments."""

from __future__ import annotations

from enum import StrEnum

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.rules.states import State
from scheduler.services import actors, booking
from scheduler.services.actors import Actor
from scheduler.services.booking import Booked
from scheduler.services.transaction import use_case
from scheduler.store import diary


class Mark(StrEnum):
    """What a desk says about an appointment."""

    ARRIVED = "arrived"
    SEEN = "seen"
    ABSENT = "absent"
    UNDO = "undo"


_STATES = {Mark.ARRIVED: State.ARRIVED, Mark.SEEN: State.FULFILLED, Mark.ABSENT: State.NOSHOW}

#: What undoing leads back to: someone seen is still here, someone here or missed is booked again.
_BACK = {
    State.ARRIVED: State.BOOKED, State.CHECKED_IN: State.BOOKED, State.FULFILLED: State.ARRIVED,
    State.NOSHOW: State.BOOKED,
}


@use_case
def mark(actor: Actor, appointment_id: int, what: str, version: int | None = None) -> Booked:
    """Say what became of an appointment. Saying it twice changes nothing, so a double click does no harm.

    Nobody has missed an appointment that has not begun. Undoing a missed one asks every rule anew, because the time may
    have been given away. Raises NotAllowed, NotFound, Invalid, WrongState, SlotUnavailable.
    """
    if not actors.can_book_for_anyone(actor):
        raise NotAllowed
    try:
        said = Mark(what)
    except ValueError:
        raise Invalid(mark="Choose arrived, seen, did not attend or undo.") from None
    row = diary.appointment(appointment_id)
    if row is None:
        raise NotFound
    now = State(row.state)
    if said is Mark.UNDO:
        if now not in _BACK:
            raise WrongState
        return booking.mark(actor, appointment_id, _BACK[now], version)
    if said is Mark.ABSENT and clock.now() < row.start:
        raise WrongState("It has not begun yet.")
    return booking.mark(actor, appointment_id, _STATES[said], version)
