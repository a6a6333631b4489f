"""Every text at its longest: one segment, nothing that tells, and no name that she did not agree to (SAFETY.md 8)."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from scheduler.errors import ConfigurationError
from scheduler.notifications import words
from scheduler.notifications.outbox import Wordless
from scheduler.notifications.words import Facts
from scheduler.rules import discretion
from scheduler.rules.discretion import Names
from scheduler.rules.languages import LANGUAGES, Language
from scheduler.rules.reminders import Purpose
from scheduler.services import wording
from tests.support.factories import make_client
from tests.support.her_phone import make_link

LONDON = ZoneInfo("Europe/London")

LINK = words.address("https://bookings.riverside-wellbeing.example", "x" * words.LONGEST_TOKEN)
#: An address of 26 letters: what leaves room for texts of 70.
SHORT = words.address("https://app.example.org.uk", "x" * words.LONGEST_TOKEN)
SOME_TIME = datetime(2026, 9, 30, 11, 30, tzinfo=UTC)
ALL = Names("Alexandrina-Marguerite", "Riverside Wellbeing", "Mill Lane Community Centre and Library")


def facts(purpose: str = "confirmation", language: str = "en", names: Names = ALL, **changed: Any) -> Facts:
    return Facts(**{"purpose": purpose, "language": language, "names": names, "link": LINK, "start": SOME_TIME,
                    "mode": "in-person", **changed})


def composed(made: Facts) -> str:
    return words.compose(made, {}).text


def every_time_of(year: int) -> Iterator[datetime]:
    """Half past twelve on each day of it, and the hour that comes twice."""
    for number in range(365):
        yield (datetime(year, 1, 1, 12, 30, tzinfo=LONDON) + timedelta(days=number)).astimezone(UTC)
    yield datetime(year, 10, 31, 0, 30, tzinfo=UTC)
    yield datetime(year, 10, 31, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(("language", "purpose"), list(product(LANGUAGES, Purpose)), ids=str)
@pytest.mark.parametrize("names", [ALL, Names("W" * 80, "Riverside Wellbeing", "H" * 80), Names()])
def test_every_text_is_discreet_and_one_segment_on_every_day(language: Language, purpose: str, names: Names) -> None:
    for start, mode in product(every_time_of(2027), ("in-person", "phone", "video")):
        if mode != "in-person" and start.day > 3:
            continue
        made = words.compose(facts(purpose, language.code, names, link=SHORT, start=start, mode=mode), {})
        assert discretion.problems(made.text, language.code) == []
        assert discretion.size(made.text).fits
        assert made.language == language, "no text falls back to English beside an address of 26 letters"
        assert made.text.split(" ").count(SHORT) == 1


@pytest.mark.parametrize("language", LANGUAGES, ids=str)
def test_the_longest_times_that_are_checked_at_the_start_are_the_longest_of_the_year(language: Language) -> None:
    def longest(among: Iterable[datetime], short: bool) -> int:
        return max(discretion.units(wording.when(at, "Europe/London", language, short)) for at in among)

    for short in (False, True):
        assert longest(wording.longest_starts(language), short) == longest(every_time_of(2027), short)


@pytest.mark.parametrize("language", [each for each in LANGUAGES if not each.wide], ids=str)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_long_address_leaves_room_where_160_letters_fit(language: Language, purpose: str) -> None:
    assert words.compose(facts(purpose, language.code), {}).language == language


def test_where_70_letters_are_too_few_for_a_long_address_the_text_is_english() -> None:
    assert composed(facts(language="ur", names=Names())).startswith("You are booked")


def test_there_are_words_for_every_purpose_in_every_language() -> None:
    found = {(each.parent.name, each.stem) for each in wording.FOLDER.glob("*/*.txt")}
    assert found == set(product((each.code for each in LANGUAGES), (*Purpose, "staff")))


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each.code != "en"], ids=str)
def test_what_no_native_speaker_has_read_says_so(language: Language) -> None:
    for file in (wording.FOLDER / language.code).iterdir():
        assert file.read_text().startswith("# To be checked by a native speaker.")


def test_a_new_token_is_no_longer_than_the_words_leave_room_for(context: object, clock: object) -> None:
    assert len(make_link(make_client())) <= words.LONGEST_TOKEN


@pytest.mark.parametrize(
    ("purpose", "text"),
    [
        ("confirmation", "Hi Alma. You are booked: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside"),
        ("reminder", "Hi Alma. A reminder: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside "
         "Reply 1 if coming, 2 for another time."),
        ("change", "Hi Alma. Your new time: Wed 30 Sept 12:30pm, The Mill. See or change: {link} Riverside"),
        ("cancellation", "Hi Alma. Your time on Wed 30 Sept 12:30pm is cancelled. Choose another: {link} Riverside"),
        ("link", "Hi Alma. Choose what suits you here: {link} Riverside"),
    ],
)
def test_what_each_text_says(purpose: str, text: str) -> None:
    names = Names("Alma", "Riverside", "The Mill")
    assert composed(facts(purpose, names=names, link="https://a.example/a/x")) == text.format(
        link="https://a.example/a/x"
    )


def test_without_agreement_a_text_names_nothing() -> None:
    assert composed(facts(names=Names())) == f"You are booked: Wed 30 Sept 12:30pm. See or change: {LINK}"


def test_what_does_not_fit_is_left_out_from_the_least_useful_on() -> None:
    long_place = "Mill Lane Community Centre"
    text = composed(facts(names=Names("Alexandrina-Marguerite", "Riverside Wellbeing", long_place)))
    assert long_place in text
    assert "Riverside Wellbeing" not in text
    assert "Alexandrina" not in text


@pytest.mark.parametrize("place", ["The Women's Centre", "مرکز", "http://x.example", "x" * 200, "Drug Advice\nHub"])
def test_a_place_that_tells_or_cannot_be_written_is_not_named(place: str) -> None:
    assert composed(facts(names=Names(place=place))) == composed(facts(names=Names()))


def test_an_accent_that_the_alphabet_lacks_costs_her_not_her_name() -> None:
    assert composed(facts(names=Names(first="Zoë"))).startswith("Hi Zoe. You are booked")


def test_a_name_in_other_letters_is_left_out_and_costs_the_text_nothing_else() -> None:
    text = composed(facts(names=Names(first="آلما", place="The Mill")))
    assert text.startswith("You are booked: Wed 30 Sept 12:30pm, The Mill")


def test_a_place_that_tells_costs_the_text_nothing_else() -> None:
    text = composed(facts("reminder", names=Names("Alma", None, "The Women's Centre"), link=SHORT))
    assert text.startswith("Hi Alma. A reminder: Wed 30 Sept 12:30pm. See")
    assert text.endswith("Reply 1 if coming, 2 for another time.")


def test_the_offer_to_reply_is_the_first_thing_left_out() -> None:
    text = composed(facts("reminder", names=Names("Alma", None, "Mill Lane Library"), link=LINK))
    assert text.startswith("Hi Alma. A reminder: Wed 30 Sept 12:30pm, Mill Lane Library.")
    assert "Reply" not in text


def test_an_unknown_language_falls_back_to_english() -> None:
    assert composed(facts(language="xx", names=Names())).startswith("You are booked")


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each.right_to_left], ids=str)
@pytest.mark.parametrize("purpose", list(Purpose))
def test_right_to_left_a_text_begins_on_its_own_side_and_no_latin_name_meets_the_address(
    language: Language, purpose: str
) -> None:
    made = words.compose(facts(purpose, language.code, Names("Al", None, "Hub"), link="https://a.org/a/x"), {})
    letters = [unicodedata.bidirectional(each) for each in made.text]
    assert next(way for way in letters if way in ("L", "R", "AL")) in ("R", "AL")
    before = made.text[: made.text.index("https")].rstrip(" ")
    assert unicodedata.bidirectional(before[-1]) != "L"


def test_a_phone_call_is_said_to_be_one_and_has_no_place() -> None:
    text = composed(facts(names=Names(), mode="phone"))
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
    assert f": {shown}." in composed(facts(names=Names(), start=start))


def test_a_text_that_cannot_be_made_fit_is_not_made() -> None:
    with pytest.raises(Wordless) as refused:
        composed(facts(link="https://" + "x" * 150))
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
