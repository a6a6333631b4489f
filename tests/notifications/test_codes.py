"""Promises of the words for what a provider said, as a manager reads them."""

import pytest

from scheduler.notifications import codes
from scheduler.rules.reminders import Silence


def test_every_code_that_is_known_has_a_meaning_in_words() -> None:
    assert set(codes.OUTCOMES.values()) <= set(codes.MEANINGS)


def test_every_reason_of_our_own_not_to_send_has_a_meaning_in_words() -> None:
    assert {each.value for each in Silence} <= set(codes.MEANINGS)


@pytest.mark.parametrize(
    ("code", "said"),
    [(21211, "does not exist"), (21610, "STOP"), (21614, "cannot receive texts"), (30003, "off"), (30004, "blocks"),
     (30005, "does not exist"), (30006, "cannot receive texts"), (30007, "unwanted"), (30008, "no reason"),
     (20003, "our account"), (20429, "at once")],
)
def test_a_provider_s_code_is_said_as_what_it_means_for_her(code: int, said: str) -> None:
    outcome = codes.outcome_of(str(code))
    assert outcome is not None
    assert said in codes.meaning_of(outcome)[0]


@pytest.mark.parametrize("outcome", ["error-30999", "refused-21999", "answer-503"])
def test_a_code_without_words_is_named(outcome: str) -> None:
    words, number = codes.meaning_of(outcome)
    assert number == outcome.partition("-")[2]
    assert f" {number}" in (words % {"code": number}).replace("(", " ")


@pytest.mark.parametrize("outcome", ["", "error", "error-", "error-%s", "error-<b>", "what-is-this", "answer-٣"])
def test_an_outcome_that_nobody_expected_has_words_that_name_nothing(outcome: str) -> None:
    assert codes.meaning_of(outcome) == ("For a reason that has no words yet.", "")
