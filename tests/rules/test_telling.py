"""Nobody is taken to know of an appointment because a text left."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from scheduler.rules.telling import TO_TELL, Answered, Known, Said, Text, Told, known

NOON, ONE = datetime(2026, 3, 2, 12, tzinfo=UTC), datetime(2026, 3, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        ([], Told.NOT_YET),
        ([Text("delivered", 1, at=NOON)], Told.DELIVERED),
        ([Text("planned", 1, at=NOON)], Told.PLANNED),
        *[([Text(state, 1)], Told.SENT) for state in ("accepted", "sent", "claimed", "unknown")],
        *[([Text(state, 1)], Told.NOT_YET) for state in
          ("undelivered", "failed", "suppressed", "expired", "cancelled")],
        ([Text("sent", 1), Text("planned", 1, at=NOON)], Told.PLANNED),
        ([Text("delivered", 1, at=NOON), Text("failed", 1)], Told.DELIVERED),
    ],
)  # fmt: skip
def test_only_a_text_that_arrived_tells_her(texts: list[Text], told: Told) -> None:
    assert known(1, "staff", texts, ()).told is told


def test_what_told_her_of_an_earlier_time_tells_her_nothing_now() -> None:
    assert known(2, "client", [Text("delivered", 1)], [Said(1, "call", NOON)]).told is Told.NOT_YET


def test_what_she_chose_herself_she_knows_until_someone_changes_it() -> None:
    assert known(1, "client", (), ()).told is Told.HERSELF
    assert known(1, "staff", (), ()).told is Told.NOT_YET


def test_one_of_us_telling_her_is_the_surest() -> None:
    said = [Said(1, "call", NOON, 4), Said(1, "in-person", ONE, 5)]
    assert known(1, "client", [Text("delivered", 1, at=NOON)], said) == Known(Told.BY_US, ONE, None, "in-person", 5)


def test_a_text_that_did_not_go_says_why() -> None:
    assert known(1, "staff", [Text("suppressed", 1, "not-safe")], ()) == Known(Told.NOT_YET, None, "not-safe")


def test_staff_see_to_everyone_whom_no_text_reached() -> None:
    assert {told for told in Told if told not in TO_TELL} == {
        Told.BY_US, Told.ANSWERED, Told.HERSELF, Told.DELIVERED, Told.PLANNED
    }


@pytest.mark.parametrize(("version", "told"), [(1, Told.NOT_YET), (2, Told.ANSWERED), (None, Told.NOT_YET)])
def test_an_answer_tells_of_the_very_appointment_that_it_answered(version: int | None, told: Told) -> None:
    assert known(2, "staff", (), (), [Answered(version, NOON)]).told is told


def test_after_a_text_that_failed_a_reminder_that_is_queued_is_no_comfort() -> None:
    for state in ("failed", "undelivered"):
        texts = [Text(state, 1, "bad-number", at=NOON), Text("planned", 1, at=ONE)]
        assert known(1, "staff", texts, []) == Known(Told.NOT_YET, None, "failed")
        assert known(1, "staff", [*texts, Text("delivered", 1, at=ONE)], []).told is Told.DELIVERED
