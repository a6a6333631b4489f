"""Every text at its longest: one segment, nothing that tells, and no name that she did not agree to (SAFETY.md 8)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from flask import Flask

from scheduler.errors import ConfigurationError
from scheduler.notifications import words
from scheduler.notifications.outbox import Wordless
from scheduler.notifications.words import Facts
from scheduler.rules import discretion
from scheduler.rules.discretion import Names
from scheduler.rules.reminders import Purpose

LINK = words.address("https://bookings.riverside-wellbeing.example", "x" * words.LONGEST_TOKEN)
LONGEST_TIME = datetime(2026, 9, 30, 11, 30, tzinfo=UTC)
ALL = Names("Alexandrina-Marguerite", "Riverside Wellbeing", "Mill Lane Community Centre and Library")


def facts(purpose: str = "confirmation", language: str = "en", names: Names = ALL, **changed: Any) -> Facts:
    return Facts(**{"purpose": purpose, "language": language, "names": names, "link": LINK, "start": LONGEST_TIME,
                    "mode": "in-person", **changed})


@pytest.mark.parametrize(
    ("language", "purpose", "mode"), list(product(words.languages(), Purpose, ("in-person", "phone", "video")))
)
def test_every_text_is_discreet_and_one_segment_at_its_longest(language: str, purpose: str, mode: str) -> None:
    text = words.compose(facts(purpose, language, mode=mode))
    assert discretion.problems(text, language) == []
    assert LINK in text


def test_there_are_texts_for_every_purpose_in_english_and_welsh() -> None:
    assert words.languages() == ("cy", "en")


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        ("confirmation", "Hi Alma. You are booked: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside"),
        ("reminder", "Hi Alma. A reminder: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside"),
        ("change", "Hi Alma. Your new time: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside"),
        ("cancellation", "Hi Alma. Your time on Wed 30 Sept 12:30pm is cancelled. Choose another: {link} Riverside"),
        ("link", "Hi Alma. Choose what suits you here: {link} Riverside"),
    ],
)
def test_what_each_text_says(purpose: str, text: str) -> None:
    names = Names("Alma", "Riverside", "The Mill")
    assert words.compose(facts(purpose, names=names, link="https://a.example/a/x")) == text.format(
        link="https://a.example/a/x"
    )


def test_without_agreement_a_text_names_nothing() -> None:
    assert words.compose(facts(names=Names())) == f"You are booked: Wed 30 Sept 12:30pm. See or change: {LINK}"


def test_what_does_not_fit_is_left_out_from_the_least_useful_on() -> None:
    long_place = "Mill Lane Community Centre"
    text = words.compose(facts(names=Names("Alexandrina", "Riverside Wellbeing", long_place)))
    assert long_place in text
    assert "Riverside Wellbeing" not in text
    assert "Alexandrina" not in text


@pytest.mark.parametrize("place", ["The Women's Centre", "Canolfan Dŵr", "x" * 200, "Drug Advice\nHub"])
def test_a_place_that_tells_or_cannot_be_written_is_not_named(place: str) -> None:
    assert words.compose(facts(names=Names(place=place))) == words.compose(facts(names=Names()))


def test_a_name_in_other_letters_is_left_out_and_the_text_still_goes() -> None:
    assert words.compose(facts(names=Names(first="Zoë"))).startswith("You are booked")


def test_an_unknown_language_falls_back_to_english() -> None:
    assert words.compose(facts(language="ur", names=Names())).startswith("You are booked")


def test_a_phone_call_is_said_to_be_one_and_has_no_place() -> None:
    text = words.compose(facts(names=Names(), mode="phone"))
    assert text.startswith("You are booked: Wed 30 Sept 12:30pm, by phone.")


@pytest.mark.parametrize(
    ("start", "shown"),
    [
        (datetime(2027, 3, 28, 0, 59, tzinfo=UTC), "Sun 28 Mar 12:59am"),
        (datetime(2027, 3, 28, 1, 0, tzinfo=UTC), "Sun 28 Mar 2:00am"),
        (datetime(2027, 10, 31, 0, 30, tzinfo=UTC), "Sun 31 Oct 1:30am BST"),
        (datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "Sun 31 Oct 1:30am GMT"),
        (datetime(2027, 10, 31, 9, 30, tzinfo=UTC), "Sun 31 Oct 9:30am"),
    ],
)
def test_times_are_hers_and_the_hour_that_comes_twice_is_told_apart(start: datetime, shown: str) -> None:
    assert f": {shown}." in words.compose(facts(names=Names(), start=start))


def test_a_text_that_cannot_be_made_fit_is_not_made() -> None:
    with pytest.raises(Wordless) as refused:
        words.compose(facts(link="https://" + "x" * 150))
    assert "Alexandrina" not in str(refused.value)


class TestStartUp:
    @pytest.mark.parametrize(
        ("settings", "named"),
        [
            ({"PUBLIC_URL": "https://womens-refuge.example"}, "SIDEGATE_PUBLIC_URL"),
            ({"PUBLIC_URL": "https://" + "x" * 90 + ".example"}, "A text cannot be sent"),
            ({"ORGANISATION": "Riverside Drug and Alcohol"}, "SIDEGATE_ORGANISATION"),
            ({"SMS_GATEWAY": "pigeon"}, "SIDEGATE_SMS_GATEWAY"),
            ({"SMS_GATEWAY": "twilio"}, "TWILIO"),
            (
                {"SMS_GATEWAY": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "x", "TWILIO_FROM": "Info"},
                "SIDEGATE_TWILIO_FROM",
            ),
        ],
    )
    def test_the_app_does_not_start_with_texts_that_could_give_her_away(
        self, make_app: Callable[..., Flask], settings: dict[str, str], named: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=named) as refused:
            make_app(**settings)
        assert "\n" not in str(refused.value)
