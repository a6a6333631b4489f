"""The arrival check's own rule: who is near, who is kept from whom, and whom to tell (SAFETY.md 5)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.rules.door import DESCRIBED, Answer, Meeting, There, Tie, decide
from scheduler.rules.intervals import Interval
from scheduler.rules.separation import Person

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SHE, HE, OTHER = Person("client", 1), Person("client", 2), Person("client", 3)
WORKER, TOLD = Person("staff", 2), Person(DESCRIBED, 7)
TIE = Tie(11, SHE, HE)


def there(person: Person, starts: float, ends: float, is_here: bool = False) -> There:
    """A presence from and until so many minutes from now."""
    span = Interval(NOW + timedelta(minutes=starts), NOW + timedelta(minutes=ends))
    return There(person, span, is_here, appointment=50 if person == SHE else 60)


def answer(came: Person, who: Person, starts: float, ends: float, is_here: bool = False, tie: Tie = TIE) -> Answer:
    return decide({came}, [tie], [there(who, starts, ends, is_here)], NOW).answer


@pytest.mark.parametrize(("came", "other"), [(HE, SHE), (SHE, HE)])
@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (-10, 10, Answer.QUIET_ROOM), (0, 30, Answer.QUIET_ROOM), (59, 90, Answer.QUIET_ROOM),
        (60, 90, Answer.QUIET_ROOM), (61, 90, Answer.GO), (-30, 0, Answer.GO), (-30, 1, Answer.QUIET_ROOM),
    ],
)  # fmt: skip
def test_it_weighs_who_is_here_and_who_is_due_within_the_hour_whichever_of_the_two_came(
    came: Person, other: Person, starts: float, ends: float, expected: Answer
) -> None:
    assert answer(came, other, starts, ends) == expected


@pytest.mark.parametrize(("starts", "ends"), [(-90, -30), (100, 130)])
def test_whoever_was_marked_as_arrived_is_here_whatever_their_time_was(starts: float, ends: float) -> None:
    assert answer(HE, SHE, starts, ends, is_here=True) == Answer.QUIET_ROOM
    assert answer(HE, SHE, starts, ends, is_here=False) == Answer.GO


def test_a_mark_of_yesterday_that_nobody_took_back_does_not_hold_for_ever() -> None:
    assert answer(HE, SHE, -24 * 60, -23 * 60, is_here=True) == Answer.GO


def test_nobody_else_is_kept_from_anyone() -> None:
    assert answer(OTHER, SHE, -10, 10) == Answer.GO
    assert answer(HE, OTHER, -10, 10) == Answer.GO
    assert decide({HE}, [TIE], [], NOW).answer == Answer.GO


def test_a_worker_or_someone_only_described_may_be_the_named_person() -> None:
    assert answer(SHE, WORKER, -10, 10, tie=Tie(11, SHE, WORKER)) == Answer.QUIET_ROOM
    assert answer(TOLD, SHE, -10, 10, tie=Tie(11, SHE, TOLD)) == Answer.QUIET_ROOM


def test_a_client_and_a_worker_of_the_same_number_are_two_people() -> None:
    assert answer(SHE, WORKER, -10, 10) == Answer.GO


def test_one_of_several_who_may_have_come_is_enough() -> None:
    assert decide({OTHER, HE}, [TIE], [there(SHE, -10, 10)], NOW).answer == Answer.QUIET_ROOM


def test_a_place_that_is_closed_to_the_named_person_is_closed_though_nobody_is_there() -> None:
    closed = Tie(11, SHE, HE, closed_here=True)
    assert decide({HE}, [closed], [], NOW).answer == Answer.QUIET_ROOM
    assert decide({SHE}, [closed], [], NOW).answer == Answer.GO


def test_nobody_is_kept_from_herself() -> None:
    assert answer(SHE, SHE, -10, 10, tie=Tie(11, SHE, SHE)) == Answer.GO


@pytest.mark.parametrize(
    ("starts", "told"), [(-10, True), (59, True), (90, True), (120, True), (121, False)]
)  # fmt: skip
def test_a_named_person_who_comes_in_is_told_of_when_she_is_due_within_two_hours(starts: float, told: bool) -> None:
    decision = decide({HE}, [TIE], [there(SHE, starts, starts + 60)], NOW)
    assert decision.meetings == ((Meeting(11, HE, 50),) if told else ())


def test_her_own_arrival_is_no_alert() -> None:
    assert decide({SHE}, [TIE], [there(HE, -10, 10)], NOW).meetings == ()


def test_the_earliest_of_her_appointments_is_the_one_that_is_told_of() -> None:
    late = There(SHE, there(SHE, 100, 130).span, appointment=51)
    assert decide({HE}, [TIE], [late, there(SHE, 30, 60)], NOW).meetings == (Meeting(11, HE, 50),)
