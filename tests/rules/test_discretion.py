"""What a text may say (SAFETY.md 8)."""

from __future__ import annotations

import pytest

from scheduler.rules import discretion
from scheduler.rules.discretion import Names, Place, asks_for_a_keyword, names, problems, septets, telling_words


class TestOneSegment:
    @pytest.mark.parametrize(
        ("text", "length"),
        [("", 0), ("abc", 3), ("é£_@", 4), ("[€]", 6), ("ŵ", None), ("Zoë", None), ("’", None), ("😀", None)],
    )
    def test_letters_are_counted_as_a_phone_network_counts_them(self, text: str, length: int | None) -> None:
        assert septets(text) == length

    def test_160_letters_are_one_segment_and_161_are_not(self) -> None:
        assert not problems("x" * 160)
        assert problems("x" * 161) == ["it takes 161 of 160 letters"]

    def test_a_letter_of_two_septets_counts_twice(self) -> None:
        assert problems("x" * 159 + "€") == ["it takes 161 of 160 letters"]

    @pytest.mark.parametrize(("letters", "fits"), [("ب" * 70, True), ("ب" * 71, False), ("ب" + "😀" * 35, False)])
    def test_in_letters_of_their_own_70_units_are_one_segment(self, letters: str, fits: bool) -> None:
        assert (problems(letters, "ur") == []) == fits
        assert problems(letters, "en")

    def test_letters_that_the_alphabet_lacks_are_written_as_people_write_them_on_a_phone(self) -> None:
        assert discretion.in_plain_letters("Zoë “Małgorzata” Dŵr é") == 'Zoe "Malgorzata" Dwr é'
        assert discretion.in_plain_letters("آلما") is None

    @pytest.mark.parametrize("hidden", ["\n", "\u202e", "\u2028", "\u2066", "\x00", "\ud800"])
    def test_letters_that_could_turn_a_text_around_are_refused(self, hidden: str) -> None:
        assert "it has a line break or a control character" in problems(f"وقت{hidden}", "ur")

    def test_a_text_that_needs_another_alphabet_is_refused(self) -> None:
        assert problems("Hi Zoë") == ["it has letters outside the GSM-7 alphabet"]


class TestTellingWords:
    @pytest.mark.parametrize(
        "text",
        ["The Women's Centre", "your DRUG worker", "Recovery Hub", "at the refuge", "Mental health team", "rehab"],
    )
    def test_words_that_tell_are_found_in_any_case_and_form(self, text: str) -> None:
        assert telling_words(text)

    @pytest.mark.parametrize(
        "text",
        ["Riverside Wellbeing", "Mill Lane Surgery", "Sure Start", "Hi Amandine. You are booked", "Emmen Street"],
    )
    def test_plain_words_are_left_alone(self, text: str) -> None:
        assert not telling_words(text)

    def test_english_words_are_found_in_a_welsh_text_and_welsh_ones_too(self) -> None:
        assert telling_words("Canolfan y Merched")
        assert telling_words("Women's Aid")
        assert not telling_words("Mae lle i chi")

    @pytest.mark.parametrize(
        "text",
        [
            "Centrum Kobiet", "przemocą", "Uzależnienia", "Centrul pentru femei", "Adăpost",
            "خواتین کا مرکز", "پناہ گاہ",
            "مركز النساء", "الْمُخَدِّرات", "ਔਰਤਾਂ ਦਾ ਕੇਂਦਰ", "মহিলা কেন্দ্র", "আশ্রয়", "Khawateen Centre",
        ],
    )  # fmt: skip
    def test_words_that_tell_in_any_language_are_found_in_every_text(self, text: str) -> None:
        assert telling_words(text)

    @pytest.mark.parametrize("text", ["Wömen", "DRU\u00adG", "ref\u200buge", "self–harm", "cam drin", "Women’s"])
    def test_accents_invisible_letters_and_dashes_hide_nothing(self, text: str) -> None:
        assert telling_words(text)

    @pytest.mark.parametrize("text", ["Hi Courtney.", "Merchant House", "Violet Road", "Drogheda Street"])
    def test_names_that_begin_like_such_a_word_are_left_alone(self, text: str) -> None:
        assert not telling_words(text)

    def test_the_letters_of_an_address_are_no_words(self) -> None:
        assert not telling_words("See https://x.example/a/drugSTOPwomen")


class TestKeywords:
    @pytest.mark.parametrize(
        "text",
        [
            "Odpisz STOP", "Raspundeti cu YES", "رکنے کے لیے stop لکھیں", "ਬੰਦ ਕਰਨ ਲਈ Stop", "Reply STOP to end",
            "reply yes to confirm", "Text 'stop'", "send back END", "STOP", "Answer: quit",
        ],
    )
    def test_no_text_asks_for_a_word_that_opts_out_or_in(self, text: str) -> None:
        assert asks_for_a_keyword(text)

    @pytest.mark.parametrize("text", ["Your time is cancelled.", "The bus stop", "Yes, you are booked", "at the end"])
    def test_such_words_in_a_sentence_are_no_request(self, text: str) -> None:
        assert not asks_for_a_keyword(text)


class TestNames:
    PLACE = Place("Mill Lane Surgery", confidential=False)

    def test_nothing_is_named_unless_she_agreed(self) -> None:
        assert names([], "Alma", "Riverside", self.PLACE) == Names()

    @pytest.mark.parametrize(
        ("agreed", "expected"),
        [
            ("name", Names(first="Alma")),
            ("organisation", Names(organisation="Riverside")),
            ("place", Names(place="Mill Lane Surgery")),
        ],
    )
    def test_each_agreement_is_for_one_name(self, agreed: str, expected: Names) -> None:
        assert names([agreed], "Alma", "Riverside", self.PLACE) == expected

    def test_a_confidential_place_is_never_named_whatever_is_recorded(self) -> None:
        refuge = Place("Rowan House", confidential=True)
        assert names(discretion.MAY_NAME, "Alma", "Riverside", refuge).place is None
