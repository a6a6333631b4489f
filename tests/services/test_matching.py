"""Matching in the services: whoever may be the named person is held possible in the transaction that recorded either,
found by blind keys alone, and the lead is told why."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, insert, select

from scheduler import clock
from scheduler.crypto import KeyRing
from scheduler.extensions import db
from scheduler.models import Client, Exclusion, IdentityToken, Match, NamedPerson
from scheduler.rules.matching import MOST_LONE
from scheduler.services import clients, exclusions, staff
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.identities import tokens_for
from scheduler.services.staff import StaffDetails
from tests.support import factories as make

DESK = Actor("staff", None, "reception")
MANAGER = Actor("staff", None, "manager")

pytestmark = pytest.mark.usefixtures("context", "clock")


def add(name: str, birth: str | None = None, *aliases: str) -> int:
    given, _, family = name.partition(" ")
    return clients.add(DESK, ClientDetails(given, family, aliases, birth))


def record(name: str, birth: str | None = None, *aliases: str) -> int:
    """An exclusion of a new woman's that names someone. Gives the named person's id."""
    exclusion = exclusions.record(
        SYSTEM, ExclusionDetails(make.make_client(), names=(name, *aliases), date_of_birth=birth)
    ).exclusion_id
    return db.session.execute(select(Exclusion.named_person_id).where(Exclusion.id == exclusion)).scalar_one()


def held(named: int) -> set[int]:
    """The clients held possible to be this named person."""
    db.session.expire_all()
    query = select(Match.person_id).where(Match.named_person_id == named, Match.person_kind == "client")
    return set(db.session.execute(query).scalars())


_ONE_PERSON = [
    ("Gareth Hughes", "Gaz Hughes"), ("Darren Holt", "Daz Holt"), ("Sharon Webb", "Shaz Webb"),
    ("Mohammed Iqbal", "Mo Iqbal"), ("Robert Burns", "Rab Burns"), ("David Price", "Dai Price"),
    ("David Pryce", "Dave Pryce"), ("Krzysztof Nowak", "Nowak Krzysiek"), ("Gurpreet Singh Gill", "Guri Gill"),
    ("Mohammad Choudhury", "Muhamed Chaudhry"), ("Anna Smith-Jones", "Ania Jones"), ("Shaun O'Brien", "Sean O Brien"),
]  # fmt: skip


def test_every_other_form_of_a_name_is_held_possible_whichever_was_recorded_first() -> None:
    for told, known in _ONE_PERSON:
        before, named, after = add(known), record(told), add(known)
        assert held(named) >= {before, after}, (told, known)


def test_the_lead_is_told_why_in_plain_words() -> None:
    add("Gaz Hughes", "5/3/1985")
    record("Gareth Hughes", "1985-03-05")
    assert db.session.execute(select(Match.why)).scalars().all() == ["same birth date; Gareth ~ Gaz"]
    record("Hughes Gareth", "1985-05-03")
    assert db.session.execute(select(Match.why).order_by(Match.id.desc())).scalars().first() == (
        "same birth date with day and month the other way round; Gareth ~ Gaz, first and last the other way round"
    )


def test_a_rare_surname_brings_a_slip_in_the_first_name_although_no_birth_date_is_known() -> None:
    before = add("Joe Threlkeld")
    named = record("Jeo Threlkeld")
    after = add("Joe Threlkeld")
    assert held(named) == {before, after}


def fill(names: list[str], birth: str | None = None, kind: str = "client", first: int = 1_000) -> range:
    """Many people at once, findable by their keys, as an import would leave them."""
    ids = range(first, first + len(names))
    if kind == "client":
        rows: list[dict[str, Any]] = [
            {"id": number, "reference": f"X{number:06d}", "given_name": name.partition(" ")[0],
             "family_name": name.partition(" ")[2], "date_of_birth": birth, "created_at": clock.now()}
            for number, name in zip(ids, names, strict=True)
        ]  # fmt: skip
        db.session.execute(insert(Client), rows)
    else:
        rows = [{"id": n, "names": [x], "date_of_birth": birth} for n, x in zip(ids, names, strict=True)]
        db.session.execute(insert(NamedPerson), rows)
    db.session.execute(
        insert(IdentityToken),
        [
            {"token": token, "owner_kind": kind, "owner_id": number}
            for number, name in zip(ids, names, strict=True)
            for token in tokens_for((name,), birth, None, kind)
        ],
    )
    db.session.commit()
    return ids


def test_a_common_surname_does_not_and_a_birth_date_that_fits_does() -> None:
    fill(["Joe Threlkeld"] * (MOST_LONE + 1))
    named = record("Jeo Threlkeld")
    assert add("Joe Threlkeld") not in held(named)
    assert not held(named)
    dated = record("Jeo Threlkeld", "1983")
    assert add("Joe Threlkeld", "1983-08-11") in held(dated)


def test_whoever_is_half_registered_is_held_possible_whichever_was_recorded_first_however_many_there_are() -> None:
    before = set(fill(["Dave"] * (MOST_LONE + 5)))
    fill([f"David {family}" for family in ("Holt", "Webb", "Marsh") for _ in range(7)], first=5_000)
    named = record("David Threlkeld")
    assert held(named) == before
    after = add("Davey")
    assert held(named) == {*before, after}


def test_more_known_of_someone_half_registered_ends_what_cannot_be_by_a_lead_alone() -> None:
    """A match that the program made stands until a lead dismisses it."""
    half = add("Dave")
    named = record("David Threlkeld")
    assert held(named) == {half}
    clients.edit(DESK, half, ClientDetails("Dave", "Marsh"), 1)
    assert held(named) == {half}


def test_an_alias_that_becomes_known_finds_whom_the_name_did_not() -> None:
    known = add("Ryan Threlkeld", None)
    named = record("Gareth Hughes")
    assert not held(named)
    clients.edit(DESK, known, ClientDetails("Ryan", "Threlkeld", ("Gaz Hughes",)), 1)
    assert held(named) == {known}


def test_nobody_becomes_the_person_she_is_kept_from_when_her_own_details_change() -> None:
    """She has the name of the woman she named, and tells a new alias."""
    her = add("Alma Threlkeld")
    told = exclusions.record(SYSTEM, ExclusionDetails(her, names=("Alma Threlkeld",)))
    clients.edit(DESK, her, ClientDetails("Alma", "Threlkeld", ("Allie",)), 1)
    named = db.session.execute(select(Exclusion.named_person_id).where(Exclusion.id == told.exclusion_id)).scalar_one()
    assert not held(named)
    assert add("Alma Threlkeld") in held(named)


# --- never a scan ----------------------------------------------------------------------------------------------------


@contextmanager
def work(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, int]]:
    """Counts what is asked of the database inside, and how many values are decrypted."""
    done = {"statements": 0, "decrypted": 0}
    decrypt = KeyRing.decrypt

    def sent(*_: Any) -> None:
        done["statements"] += 1

    def opened(self: KeyRing, blob: bytes, column: str) -> str:
        done["decrypted"] += 1
        return decrypt(self, blob, column)

    event.listen(db.engine, "before_cursor_execute", sent)
    with monkeypatch.context() as patch:
        patch.setattr(KeyRing, "decrypt", opened)
        try:
            yield done
        finally:
            event.remove(db.engine, "before_cursor_execute", sent)


def others(many: int) -> list[str]:
    """People who have a first name, or a last name, in common with those below, but not both."""
    ends = ("ford", "wick", "combe", "thorpe", "ditch", "stead", "hurst", "gate", "mere", "shaw")
    towns = [f"{chr(65 + n // 10 % 26)}ing{ends[n % 10]}" for n in range(many)]
    return [f"Gareth {town}" if n % 2 else f"{_GIVEN[n % 8]} Hughes" for n, town in enumerate(towns)]


_GIVEN = ("Anna", "Omar", "Piotr", "Yvonne", "Sanjay", "Bridget", "Kofi", "Leila")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda: add("Gaz Hughes", "1985-03-05"), id="a new client"),
        pytest.param(lambda: record("Gareth Hughes", "1985-03-05"), id="a new exclusion"),
        pytest.param(lambda: record("Gaz"), id="a lone name"),
        pytest.param(lambda: staff.add(MANAGER, StaffDetails("Gary", "Hughes", "worker")), id="a new worker"),
    ],
)
def test_candidates_come_from_the_keys_and_ten_times_the_people_cost_nothing_more(
    call: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = others(46)
    fill(few, "1950-06-07")
    fill(few, "1950-06-07", "named")
    with work(monkeypatch) as small:
        call()
    many = others(460)
    fill(many, "1950-06-07", first=10_000)
    fill(many, "1950-06-07", "named", first=10_000)
    with work(monkeypatch) as large:
        call()
    assert large["statements"] <= small["statements"] + 1
    assert large["decrypted"] <= small["decrypted"] + 20
