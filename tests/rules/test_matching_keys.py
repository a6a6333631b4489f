"""Matching finds people through keys alone: whoever the comparison holds possible shares a key, whichever side is
recorded first; and knowing one name more never loses a match."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import names
from scheduler.rules.births import Birth, compare
from scheduler.rules.matching import (
    Identity,
    all_lookups,
    compare_people,
    is_lone,
    lone_lookups,
    lookup_keys,
    match_keys,
    sound_keys,
)


def share_a_key(one: Identity, other: Identity) -> bool:
    """Whether each finds the other among those who were recorded before."""
    return not (all_lookups(one).isdisjoint(match_keys(other)) or all_lookups(other).isdisjoint(match_keys(one)))


def of_name(name: str, birth: str | None = None) -> Identity:
    return Identity((name,), birth)


_OTHER_FORMS = [
    # As the issue lists them.
    ("David", "Dave"), ("Gareth", "Gaz"), ("Gary", "Gaz"), ("Darren", "Daz"), ("Sharon", "Shaz"), ("Mohammed", "Mo"),
    ("Robert", "Rab"), ("David", "Dai"),
    # The usual English, Scottish, Welsh and Irish ones.
    ("William", "Bill"), ("Elizabeth", "Libby"), ("Margaret", "Peggy"), ("Agnes", "Senga"), ("Hugh", "Shug"),
    ("Barry", "Baz"), ("Jeremy", "Jez"), ("Terence", "Tez"), ("Ieuan", "John"), ("Padraig", "Paddy"), ("Eoin", "Owen"),
    ("Siobhan", "Shiv"), ("Angharad", "Hari"), ("Catherine", "Kath"), ("Christopher", "Kit"), ("Anthony", "Ant"),
    # South Asian.
    ("Mohammed", "Muhammad"), ("Imran", "Immy"), ("Gurpreet", "Guri"), ("Jaswinder", "Jas"), ("Rajesh", "Raj"),
    ("Zainab", "Zee"), ("Shabana", "Shab"), ("Parminder", "Pam"), ("Yusuf", "Yousaf"), ("Rukhsana", "Roxy"),
    ("Balbir", "Bal"), ("Rizwan", "Riz"), ("Nasreen", "Naz"), ("Sandeep", "Sandip"),
    # Polish, and of its neighbours.
    ("Krzysztof", "Krzysiek"), ("Malgorzata", "Gosia"), ("Katarzyna", "Kasia"), ("Wojciech", "Wojtek"),
    ("Jakub", "Kuba"), ("Aleksandra", "Ola"), ("Zbigniew", "Zbyszek"), ("Joanna", "Asia"), ("Agnieszka", "Aga"),
    ("Grzegorz", "Greg"), ("Volodymyr", "Vova"), ("Oleksandr", "Sasha"),
    # African.
    ("Oluwaseun", "Seun"), ("Mohammed", "Maxamed"), ("Hassan", "Xasan"), ("Babatunde", "Tunde"), ("Abdi", "Cabdi"),
]  # fmt: skip


@pytest.mark.parametrize(("whole", "short"), _OTHER_FORMS)
@pytest.mark.parametrize("family", ["Okonkwo", "Singh"])
def test_the_other_form_of_a_first_name_finds_the_person_through_the_keys(whole: str, short: str, family: str) -> None:
    for one, other in ((whole, short), (short, whole)):
        named, known = of_name(f"{one} {family}"), of_name(f"{other} {family}")
        assert share_a_key(named, known)
        assert compare_people(named, known).possible
        swapped = of_name(f"{family} {other}")
        assert share_a_key(named, swapped)
        assert compare_people(named, swapped).possible


@pytest.mark.parametrize(("whole", "short"), _OTHER_FORMS)
def test_a_name_alone_with_the_year_finds_every_other_form_through_the_keys(whole: str, short: str) -> None:
    """Half registered at a drop-in as "Gaz", born about 1985."""
    for one, other in ((whole, short), (short, whole)):
        named, known = of_name(f"{one} Okonkwo", "1985-03-05"), of_name(other, "1986")
        assert share_a_key(named, known)
        assert compare_people(named, known).possible


def test_a_name_alone_finds_everyone_of_it_through_the_keys_whichever_came_first() -> None:
    half, whole = of_name("Gaz"), of_name("Gareth Hughes")
    assert share_a_key(half, whole)
    verdict = compare_people(whole, half)
    assert (verdict.possible, verdict.lone, verdict.by) == (False, True, ("gareth",))


@pytest.mark.parametrize("told", ["1985-03-05", "1985-05-03"])
def test_a_birth_date_without_any_name_finds_the_person_through_the_keys_also_with_day_and_month_swapped(
    told: str,
) -> None:
    named, known = Identity((), told), of_name("Gareth Hughes", "1985-03-05")
    assert compare_people(named, known).possible
    assert share_a_key(named, known)


def test_a_slip_in_a_name_of_three_letters_finds_the_person_through_the_keys() -> None:
    assert share_a_key(of_name("Jeo Threlkeld"), of_name("Joe Threlkeld"))


# --- made-up people, told of with a mistake ---------------------------------------------------------------------------

_GIVEN = (
    "Gareth", "Sharon", "Mohammed", "Agnieszka", "Robert", "Siobhan", "Priya", "Oluwaseun", "Kyle", "Jamila", "Bartek",
    "Eoin", "Thomasina", "Zubaida", "Ewa", "Marlowe", "Dai", "Xanthe", "Abdul Rahman", "Mary Ann",
)  # fmt: skip
_FAMILY = (
    "Hughes", "Kowalczyk", "Choudhury", "Fitzgerald", "Okonkwo", "Bradshaw", "Pemberton", "Llewellyn", "Marsden",
    "Shah", "O'Neill", "Smith-Jones", "Le", "McDonald", "Singh Gill", "Wiśniewska", "al Haddad", "Jones",
)  # fmt: skip
_dates = st.dates(date(1940, 1, 1), date(2008, 12, 28)).map(date.isoformat)
_births = st.one_of(st.none(), _dates, _dates.map(lambda birth: birth[:4]), _dates.map(lambda birth: birth[:7]))
_phones = st.one_of(st.none(), st.integers(0, 3).map(lambda last: f"+4477009000{last:02}"))


@dataclass(frozen=True)
class Told:
    """A person, and what is told of the same person, with one slip or none in a name of several words."""

    known: Identity
    told: Identity


@st.composite
def _told(draw: st.DrawFn) -> Told:
    given_name, family = draw(st.sampled_from(_GIVEN)), draw(st.sampled_from(_FAMILY))
    shape = draw(st.sampled_from(("whole", "whole", "whole", "given", "family")))
    name = {"whole": f"{given_name} {family}", "given": given_name, "family": family}[shape]
    others = ("Spider", "Gaz", "Red", f"Mo {family}", f"{given_name} Price")
    aliases = draw(st.lists(st.sampled_from(others), max_size=2))
    known = Identity((name, *aliases), draw(_births), draw(_phones))
    parts = draw(st.permutations(name.split()))
    chance = draw(st.randoms(use_true_random=False))
    which = draw(st.integers(0, len(parts) * 2 - 1))
    if len(parts) > 1 and which < len(parts):  # a single name that is misspelt is not looked for
        parts[which] = _slip(parts[which], chance)
    kept = draw(st.sampled_from((known.date_of_birth, None, (known.date_of_birth or "")[:4] or None)))
    return Told(known, Identity((" ".join(parts),), kept, draw(_phones)))


def _slip(word: str, chance: random.Random) -> str:
    if len(word) < 3:
        return word
    at = chance.randrange(len(word) - 1)
    kind = chance.choice(("drop", "double", "swap", "other"))
    if kind == "drop":
        return word[:at] + word[at + 1 :]
    if kind == "double":
        return word[:at] + word[at] + word[at:]
    if kind == "swap":
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    return word[:at] + chance.choice("aeioumnst") + word[at + 1 :]


@given(_told())
def test_comparing_never_depends_on_which_side_is_the_named_one(pair: Told) -> None:
    one, other = compare_people(pair.told, pair.known), compare_people(pair.known, pair.told)
    assert (one.possible, one.lone, one.score) == (other.possible, other.lone, other.score)


@given(_told())
def test_whoever_shares_two_words_or_all_that_is_known_is_found_through_the_keys(pair: Told) -> None:
    """With one slip at most: whatever the comparison would hold possible, both sides look up."""
    if compare_people(pair.told, pair.known).possible:
        assert share_a_key(pair.told, pair.known)


@given(_told(), st.sampled_from(("Spider", "Gaz", "Tank Okonkwo", "Mohammed Ali Khan", "J", "Ola Nowak")))
def test_one_more_alias_on_either_side_never_loses_a_match(pair: Told, alias: str) -> None:
    before = compare_people(pair.told, pair.known)
    for told, known in (
        (pair.told._replace(names=(*pair.told.names, alias)), pair.known),
        (pair.told, pair.known._replace(names=(*pair.known.names, alias))),
    ):
        after = compare_people(told, known)
        assert after.possible or not before.possible
        assert after.score >= before.score or not before.possible
        assert match_keys(told) >= match_keys(pair.told)
        assert match_keys(known) >= match_keys(pair.known)
        assert lookup_keys(told) >= lookup_keys(pair.told)
        assert lookup_keys(known) >= lookup_keys(pair.known)


def test_who_is_known_by_a_single_name_is_still_compared_by_it_when_a_whole_name_becomes_known() -> None:
    """He says "Gaz", born in 1985, and once that he is Gaz Price: the client Gareth Hughes stays held possible."""
    known = of_name("Gareth Hughes", "1985-03-05")
    for told in (Identity(("Gaz",), "1985"), Identity(("Gaz", "Gaz Price"), "1985")):
        assert compare_people(told, known).possible
        assert share_a_key(told, known)


@given(_told(), _dates, _births)
def test_a_birth_date_that_becomes_known_only_ever_takes_away_who_cannot_be(
    pair: Told, birth: str, told: str | None
) -> None:
    known = pair.known._replace(date_of_birth=birth)
    if compare_people(pair.told._replace(date_of_birth=None), known).possible:
        assert compare_people(pair.told._replace(date_of_birth=birth), known).possible
        unlike = compare(told, birth) in (Birth.DIFFERS, Birth.YEAR)
        assert compare_people(pair.told._replace(date_of_birth=told), known).possible or unlike


@given(_told())
def test_a_lone_verdict_always_says_by_which_words(pair: Told) -> None:
    verdict = compare_people(pair.told, pair.known)
    words = {word for form in names.forms(pair.told.names) for word in form}
    joined = {one + other for one in words for other in words}
    assert bool(verdict.by) == verdict.lone
    assert set(verdict.by) <= words | joined
    assert all(sound_keys(word) for word in verdict.by)


# --- who is held apart, and by what ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("John Clark", "Joan Clark"), ("Michael Morgan", "Michelle Morgan"), ("Rajinder Gill", "Narinder Gill"),
        ("Amandeep Singh", "Sandeep Singh"), ("Hassan Khan", "Hasina Khan"), ("Daniel Price", "Danielle Price"),
    ],
)  # fmt: skip
def test_two_known_names_that_one_slip_parts_need_a_birth_date_to_speak_for_them(one: str, other: str) -> None:
    assert not compare_people(of_name(one), of_name(other)).possible
    assert not compare_people(of_name(one, "1985-03-05"), of_name(other, "1991-07-20")).possible
    assert compare_people(of_name(one, "1985-03-05"), of_name(other, "1985-03-05")).possible
    assert share_a_key(of_name(one, "1985-03-05"), of_name(other, "1985-03-05"))


def test_a_word_that_half_a_community_has_does_not_make_two_people_one() -> None:
    assert not compare_people(of_name("Gurpreet Singh Gill"), of_name("Gurpreet Singh Sandhu")).possible
    assert not compare_people(of_name("Mohammed Tariq Khan"), of_name("Mohammed Khalid Khan")).possible
    assert compare_people(of_name("Gurpreet Singh"), of_name("Gurpreet Singh Sandhu")).possible
    assert compare_people(of_name("Gurpreet Gill"), of_name("Gurpreet Singh Gill")).possible
    assert compare_people(of_name("Tariq Khan"), of_name("Mohammed Tariq Khan")).possible
    assert compare_people(of_name("Mohammed Khan"), of_name("Mohammed Tariq Khan")).possible


def test_the_right_year_with_another_day_says_something_only_for_a_rare_name() -> None:
    verdict = compare_people(of_name("Gareth Hughes", "1985-03-05"), of_name("Gareth Hughes", "1985-11-20"))
    assert (verdict.possible, verdict.lone, set(verdict.by)) == (False, True, {"gareth", "hughes"})
    assert verdict.why.startswith("same year of birth, different day")


def test_the_initial_and_the_very_birth_date_are_enough() -> None:
    assert compare_people(of_name("G Hughes", "1985-03-05"), of_name("Gareth Hughes", "1985-03-05")).possible
    assert share_a_key(of_name("G Hughes", "1985-03-05"), of_name("Gareth Hughes", "1985-03-05"))


def test_a_lone_name_keeps_few_keys_beside_those_that_are_counted_first() -> None:
    """What is looked up without counting must not be shared by everyone called so."""
    for who in (of_name("Gaz"), of_name("Gareth Hughes", "1985-03-05")):
        assert lone_lookups(who) <= match_keys(who)
        assert lookup_keys(who).isdisjoint(lone_lookups(who))
    assert is_lone(of_name("G Hughes"))


def test_two_letters_changed_about_in_a_name_of_four_are_found_through_the_keys() -> None:
    for known, told in (("Gareth Shah", "Gareth Sahh"), ("Ali Khan", "Ali Kahn"), ("Zofia Lech", "Zofia Lceh")):
        pair = Told(Identity((known,)), Identity((told,)))
        assert compare_people(pair.told, pair.known).possible, known
        assert share_a_key(pair.told, pair.known), known
