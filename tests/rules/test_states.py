"""The table of states is closed, and only what puts a person in a place counts (SAFETY.md 1)."""

from __future__ import annotations

import pytest

from scheduler.rules import states
from scheduler.rules.states import COUNTED, OPEN, State, brings_back, may_follow

EVERY = list(State)


def test_the_words_are_those_of_fhir() -> None:
    assert {str(state) for state in State} == {
        "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error",
        "checked-in", "waitlist",
    }


def test_what_counts_is_what_safety_names_and_arrival_by_its_other_name() -> None:
    assert {"booked", "arrived", "fulfilled", "pending"} | {"checked-in"} == {str(state) for state in COUNTED}
    assert not COUNTED & {"cancelled", "noshow", "entered-in-error", "proposed", "waitlist"}


def test_every_state_has_its_row_and_leads_only_to_states() -> None:
    assert set(states._NEXT) == set(State)
    assert all(isinstance(then, State) for row in states._NEXT.values() for then in row)
    assert not [state for state, row in states._NEXT.items() if state in row]


@pytest.mark.parametrize("now", EVERY)
@pytest.mark.parametrize("then", EVERY)
def test_a_word_and_its_state_are_the_same_question(now: State, then: State) -> None:
    assert may_follow(str(now), str(then)) == may_follow(now, then) == (then in states._NEXT[now])
    assert brings_back(str(now), str(then)) == brings_back(now, then) == (now not in COUNTED and then in COUNTED)


def test_a_mistake_can_always_be_called_one_and_that_is_the_end() -> None:
    for state in EVERY:
        assert may_follow(state, State.ENTERED_IN_ERROR) == (state is not State.ENTERED_IN_ERROR)
        assert not may_follow(State.ENTERED_IN_ERROR, state)


def test_nothing_that_was_cancelled_comes_back() -> None:
    reached, waiting = set(), [State.CANCELLED]
    while waiting:
        for then in states._NEXT[waiting.pop()] - reached:
            reached.add(then)
            waiting.append(then)
    assert not reached & COUNTED


def test_only_what_is_still_to_come_is_open() -> None:
    assert {State.PENDING, State.BOOKED} == OPEN
    assert all(may_follow(state, State.CANCELLED) for state in OPEN)
    assert not any(may_follow(state, State.CANCELLED) for state in (State.ARRIVED, State.FULFILLED, State.NOSHOW))


def test_a_booking_comes_to_each_end_and_a_mistaken_mark_can_be_taken_back() -> None:
    for then in (State.ARRIVED, State.FULFILLED, State.NOSHOW, State.CANCELLED, State.CHECKED_IN):
        assert may_follow(State.BOOKED, then)
    for mistaken in (State.ARRIVED, State.NOSHOW, State.CHECKED_IN):
        assert may_follow(mistaken, State.BOOKED)
    assert may_follow(State.FULFILLED, State.ARRIVED)
    assert may_follow(State.PENDING, State.BOOKED)
    assert not may_follow(State.PENDING, State.ARRIVED)


def test_whoever_did_not_come_counts_again_only_when_every_rule_is_asked() -> None:
    assert brings_back(State.NOSHOW, State.BOOKED)
    assert brings_back(State.WAITLIST, State.BOOKED)
    assert brings_back(State.PROPOSED, State.PENDING)
    assert not brings_back(State.BOOKED, State.ARRIVED)
    assert not brings_back(State.BOOKED, State.CANCELLED)


@pytest.mark.parametrize("words", [("booked", "gone"), ("gone", "booked"), ("", ""), ("BOOKED", "arrived")])
def test_a_word_that_is_no_state_is_an_error(words: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a valid State"):
        may_follow(*words)
    with pytest.raises(ValueError, match="is not a valid State"):
        brings_back(*words)
