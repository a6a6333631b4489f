"""Matching: whoever may be the named person is found and held possible; whoever cannot be is left alone."""

from __future__ import annotations

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import births, names, phones
from scheduler.rules.births import Birth, read_birth
from scheduler.rules.matching import (
    Identity,
    compare_people,
    is_lone,
    lookup_keys,
    match_keys,
    prefix_key,
    search_keys,
    too_little,
)

TODAY = date(2026, 3, 2)


def person(name: str, birth: str | None = None, phone: str | None = None, *aliases: str) -> Identity:
    return Identity((name, *aliases), birth, phone)


def found_and_possible(named: Identity, known: Identity) -> bool:
    """Both directions find each other by their keys, and the comparison holds them possible."""
    by_keys = bool(lookup_keys(named) & match_keys(known)) and bool(lookup_keys(known) & match_keys(named))
    assert not by_keys or compare_people(named, known).possible == compare_people(known, named).possible
    return by_keys and compare_people(named, known).possible


@pytest.mark.parametrize(
    ("named", "known"),
    [
        ("David Price", "Dave Price"), ("David Price", "Dai Price"), ("Gareth Hughes", "Gaz Hughes"),
        ("Darren Holt", "Daz Holt"), ("Sharon Webb", "Shaz Webb"), ("Mohammed Iqbal", "Mo Iqbal"),
        ("Robert Burns", "Rab Burns"), ("Robert Burns", "Bob Burns"), ("Elizabeth Cole", "Libby Cole"),
        ("Muhammad Choudhury", "Mohamed Chaudhry"), ("Hussain Sheikh", "Hussein Shaikh"),
        ("Łukasz Wiśniewski", "Lukasz Wisniewski"), ("Agnieszka Kowalska", "Aga Kowalski"),
        ("Krzysztof Nowak", "Chris Nowak"), ("Олександр Коваленко", "Alexander Kovalenko"),
        ("Seán O’Brien", "Sean O'Brien"), ("Sean O Brien", "Shaun OBrien"), ("Ian McDonald", "Iain Mac Donald"),
        ("Jean-Luc Petit", "Jean Luc Petit"), ("Anna Smith-Jones", "Anna Smith"), ("Anna Smith", "Anna Jones-Smith"),
        ("Hughes Gareth", "Gareth Hughes"), ("Gareth Huhges", "Gareth Hughes"), ("Garath Hughs", "Gaz Hughes"),
        ("Abdul Rahman Khan", "Abdulrahman Khan"), ("Mr Peter Lane", "Piotr Lane"), ("Shaun Wright", "Shawn Right"),
        ("Catherine Philips", "Kathryn Phillips"), ("Paul Evans", "Gareth Paul Evans"), ("Yusuf Ali", "Jusuf Ali"),
    ],
)  # fmt: skip
def test_another_form_of_a_name_is_held_possible_when_nothing_else_is_known(named: str, known: str) -> None:
    assert found_and_possible(person(named), person(known))


@pytest.mark.parametrize(
    ("named", "known"),
    [("Gareth Hughes", "Gareth Price"), ("Gareth Hughes", "Martin Hughes"), ("Anna Lowe", "Brian Stokes")],
)
def test_one_shared_word_alone_is_no_match(named: str, known: str) -> None:
    assert not compare_people(person(named), person(known)).possible


def test_one_shared_word_and_the_very_birth_date_are_held_possible() -> None:
    """He may have married, or given a false name."""
    assert found_and_possible(person("Gareth Hughes", "1985-03-05"), person("Gaz Pritchard", "1985-03-05"))
    assert not compare_people(person("Gareth Hughes", "1985"), person("Gaz Pritchard", "1985-03-05")).possible


@pytest.mark.parametrize(
    ("one", "other", "how"),
    [
        ("1985-03-05", "1985-03-05", Birth.SAME), ("1985-03-05", "1985-05-03", Birth.SWAPPED),
        ("1985", "1985-03-05", Birth.FITS), ("1985-03", "1985-03-05", Birth.FITS), ("1985", "1985", Birth.FITS),
        ("1985-01-01", "1985-07-20", Birth.FITS), ("1985", "1987-03-05", Birth.CLOSE),
        ("1985-03-05", "1986-03-05", Birth.CLOSE), ("1985-03-05", "1985-03-06", Birth.CLOSE),
        ("1985-03", "1985-04-05", Birth.CLOSE), (None, "1985-03-05", Birth.UNKNOWN),
        ("1985-03-05", "1991-07-20", Birth.DIFFERS), ("1985", "1990", Birth.DIFFERS),
    ],
)  # fmt: skip
def test_birth_dates_are_weighed_the_same_from_both_sides(one: str | None, other: str, how: Birth) -> None:
    assert births.compare(one, other) == births.compare(other, one) == how


def test_the_same_name_is_held_possible_unless_the_birth_dates_cannot_be_one() -> None:
    for birth in (None, "1985", "1985-05-03", "1986-03-05", "1985-03"):
        assert found_and_possible(person("Gareth Hughes", "1985-03-05"), person("Gareth Hughes", birth)), birth
    assert not compare_people(
        person("Gareth Hughes", "1985-03-05"), person("Gareth Hughes", "1991-07-20")
    ).possible


def test_the_same_phone_is_enough_unless_both_name_and_birth_date_speak_against_it() -> None:
    phone = "+447700900123"
    assert found_and_possible(person("Gareth Hughes", None, phone), person("Steve Marsh", None, phone))
    assert found_and_possible(person("Gareth Hughes", "1985", phone), person("Gareth Hughes", "1971", phone))
    assert not compare_people(person("Gareth Hughes", "1985", phone), person("Steve Marsh", "1971", phone)).possible


def test_a_lone_name_is_told_apart_from_a_whole_one() -> None:
    verdict = compare_people(person("Gaz"), person("Gareth Hughes"))
    assert (verdict.possible, verdict.lone) == (False, True)
    assert compare_people(person("Gaz", "1985"), person("Gareth Hughes", "1985-03-05")).possible
    assert not compare_people(person("Gaz", "1985"), person("Gareth Hughes", "1991-03-05")).lone
    assert is_lone(person("Gaz"))
    assert too_little(person("Gaz"))
    assert not too_little(person("Gaz", "1985"))
    assert not is_lone(person("Gareth Hughes", None, None, "Gaz"))


def test_a_slip_in_a_very_short_name_needs_a_birth_date_to_speak_for_it() -> None:
    assert found_and_possible(person("Jeo Bailey", "1983"), person("Joe Bailey", "1983-08-11"))
    assert not compare_people(person("Jeo Bailey"), person("Joe Bailey")).possible
    assert compare_people(person("Jeo Bailey"), person("Joe Bailey")).lone


def test_an_alias_counts_like_a_name() -> None:
    assert found_and_possible(person("Gareth Hughes", None, None, "Spider"), person("Spider Hughes"))
    assert compare_people(person("Spider"), person("Gareth Hughes", None, None, "Spider")).lone


def test_the_reasons_are_told_in_plain_words() -> None:
    verdict = compare_people(
        person("Gareth Hughes", "1985-03-05", "+447700900123"), person("Gaz Hughes", "1985-03-05", "+447700900124")
    )
    assert verdict.why == "same birth date; Gareth ~ Gaz; different phone"
    assert "the other way round" in compare_people(person("Hughes Gareth"), person("Gareth Hughes")).why


def test_more_agreement_scores_higher() -> None:
    named = person("Gareth Hughes", "1985-03-05", "+447700900123")
    rising = [
        person("Gaz Huws"), person("Gareth Hughes"), person("Gareth Hughes", "1985"),
        person("Gareth Hughes", "1985-03-05"), person("Gareth Hughes", "1985-03-05", "+447700900123"),
    ]  # fmt: skip
    scores = [compare_people(named, each).score for each in rising]
    assert scores == sorted(scores)
    assert all(0 <= score <= 100 for score in scores)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("5/3/1987", "1987-03-05"), ("05.03.1987", "1987-03-05"), ("1987-03-05", "1987-03-05"),
        ("5 March 1987", "1987-03-05"), ("5th Mar 87", "1987-03-05"), ("05031987", "1987-03-05"),
        ("March 1987", "1987-03"), ("3/1987", "1987-03"), ("1987", "1987"), ("about 1987", "1987"),
        ("29/2/1988", "1988-02-29"),
    ],
)  # fmt: skip
def test_a_birth_date_is_read_in_every_usual_form(typed: str, kept: str) -> None:
    assert read_birth(typed, TODAY) == kept


@pytest.mark.parametrize("typed", ["31/2/1987", "29/2/1987", "1850", "2199", "3/3/2026", "soon", "", "13/13/1987", "0"])
def test_an_impossible_birth_date_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the caller says it in its own words
        read_birth(typed, TODAY)


@pytest.mark.parametrize("typed", ["07700 900123", "+44 7700 900123", "0044 7700900123", "(07700) 900-123"])
def test_a_phone_is_one_number_however_it_is_typed(typed: str) -> None:
    assert phones.e164(typed) == "+447700900123"


@pytest.mark.parametrize("typed", ["12345", "hello", "07700 9001", "+1", "07700 900123 ext 5", "0" * 60, "999"])
def test_what_cannot_be_called_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        phones.e164(typed)


def test_the_drama_numbers_are_refused_in_production() -> None:
    with pytest.raises(ValueError, match="nobody"):
        phones.e164("07700 900123", drama=False)


def test_names_are_normalised_to_plain_words() -> None:
    assert names.words("Dr Łukasz O’Néill-Nowak") == ("lukasz", "oneill", "nowak")
    assert names.words("Mc Donald") == names.words("McDonald") == ("mcdonald",)
    assert names.words(" \t") == ()


_GIVEN = ("Gareth", "Sharon", "Mohammed", "Agnieszka", "Robert", "Siobhan", "Priya", "Oluwaseun", "Kyle", "Jamila")
_FAMILY = ("Hughes", "Kowalczyk", "Choudhury", "Fitzgerald", "Okonkwo", "Bradshaw", "Pemberton", "Llewellyn", "Marsden")
_births = st.dates(date(1940, 1, 1), date(2008, 12, 28)).map(date.isoformat)
_people = st.builds(
    lambda given, family, birth: person(f"{given} {family}", birth),
    st.sampled_from(_GIVEN), st.sampled_from(_FAMILY), st.one_of(st.none(), _births, _births.map(lambda b: b[:4])),
)  # fmt: skip


@given(_people, _people)
def test_comparing_never_depends_on_who_comes_first(one: Identity, other: Identity) -> None:
    assert compare_people(one, other).possible == compare_people(other, one).possible


@given(_people)
def test_everyone_is_held_possible_against_their_own_details_with_any_part_missing(who: Identity) -> None:
    assert found_and_possible(who, who)
    assert found_and_possible(who._replace(date_of_birth=None), who)
    given, family = who.names[0].split()
    assert found_and_possible(who._replace(names=(f"{family} {given}",)), who)


@given(_people, st.randoms(use_true_random=False))
def test_one_slip_of_the_finger_in_one_name_hides_nobody(who: Identity, chance: random.Random) -> None:
    parts = who.names[0].split()
    which = chance.randrange(2)
    parts[which] = _slip(parts[which], chance)
    assert found_and_possible(who._replace(names=(" ".join(parts),)), who), parts


def test_a_letter_left_out_of_a_short_name_hides_nobody() -> None:
    assert found_and_possible(person("Kye Hughes"), person("Kyle Hughes"))
    assert found_and_possible(person("Kyl Hughes"), person("Kyle Hughes"))


def _slip(word: str, chance: random.Random) -> str:
    at = chance.randrange(1, len(word) - 1)
    kind = chance.choice(("drop", "double", "swap", "other"))
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + chance.choice("aeioumnst") + word[at + 1 :]


@given(st.text(max_size=60), st.text(max_size=60))
def test_any_text_at_all_can_be_compared_and_indexed(one: str, other: str) -> None:
    verdict = compare_people(person(one), person(other))
    assert 0 <= verdict.score <= 100
    assert match_keys(person(one)) is not None
    assert search_keys(person(other)) is not None


@given(_people, st.integers(2, 12))
def test_any_beginning_of_any_word_finds_the_person(who: Identity, size: int) -> None:
    for word in names.words(who.names[0]):
        assert prefix_key(word[:size]) in search_keys(who)
