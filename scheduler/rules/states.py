"""The states of an appointment, and which may follow which. The words are FHIR R5's appointment statuses."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where an appointment stands."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


#: Only these put a person in a place (SAFETY.md 1). `checked-in` is `arrived` by FHIR's other name and counts with it.
COUNTED = frozenset({State.PENDING, State.BOOKED, State.ARRIVED, State.CHECKED_IN, State.FULFILLED})

#: States in which an appointment is still to come and may be changed.
OPEN = frozenset({State.PENDING, State.BOOKED})

_NEXT: dict[State, frozenset[State]] = {
    State.PROPOSED: frozenset({State.PENDING, State.BOOKED, State.CANCELLED, State.ENTERED_IN_ERROR}),
    State.WAITLIST: frozenset({State.PROPOSED, State.BOOKED, State.CANCELLED, State.ENTERED_IN_ERROR}),
    State.PENDING: frozenset({State.BOOKED, State.CANCELLED, State.ENTERED_IN_ERROR}),
    State.BOOKED: frozenset(
        {State.ARRIVED, State.CHECKED_IN, State.FULFILLED, State.CANCELLED, State.NOSHOW, State.ENTERED_IN_ERROR}
    ),
    State.CHECKED_IN: frozenset({State.ARRIVED, State.FULFILLED, State.BOOKED, State.ENTERED_IN_ERROR}),
    State.ARRIVED: frozenset({State.FULFILLED, State.BOOKED, State.ENTERED_IN_ERROR}),
    State.FULFILLED: frozenset({State.ARRIVED, State.ENTERED_IN_ERROR}),
    State.NOSHOW: frozenset({State.BOOKED, State.ENTERED_IN_ERROR}),
    State.CANCELLED: frozenset({State.ENTERED_IN_ERROR}),
    State.ENTERED_IN_ERROR: frozenset(),
}


def may_follow(now: State | str, then: State | str) -> bool:
    """True when an appointment in state `now` may be put in state `then`."""
    return State(then) in _NEXT[State(now)]


def brings_back(now: State | str, then: State | str) -> bool:
    """True when the change makes an uncounted appointment count again, so that every rule must be asked anew."""
    was, will = State(now), State(then)
    return was not in COUNTED and will in COUNTED
