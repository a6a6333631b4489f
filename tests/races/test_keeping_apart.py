"""Who is kept apart is decided in one process while somebody is recorded, changed or booked in others, at the same
instant, on both databases: afterwards a match is in force for whoever plainly is meant, and no two people are near each
other without a safety case. The oracle is that of the histories, read from SAFETY.md alone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from scheduler.errors import SidegateError
from scheduler.services import booking, checks, clients, exclusions
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.histories import oracle
from tests.support import factories as make
from tests.support.factories import at
from tests.support.processes import run_together

RECEPTION = Actor("staff", None, "reception")
NOW = at(8)
ROUNDS = 2

#: Each round has a name of its own, so that none is matched in another.
_GIVEN, _FAMILY = ("Gareth", "Katarzyna", "Sunita"), ("Pike", "Nowak", "Patel")

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("context", "clock")]


class Place:
    """One site with a session for each of two people, by workers of their own: at ten they would meet."""

    def __init__(self, number: int) -> None:
        self.name = f"{_GIVEN[number]} {_FAMILY[number]}"
        self.kind = make.make_type()
        venue = make.make_venue()
        self.workers = [make.make_staff(given_name=f"Rhian{number}", family_name=f"Vaughan{n}") for n in range(2)]
        self.sessions = [
            make.make_session(venue, at(10), at(12), (worker,), (self.kind,)) for worker in self.workers
        ]
        self.her = clients.add(SYSTEM, ClientDetails("Alma", f"Reyes{number}"))

    def choice(self, client: int, which: int) -> Choice:
        return Choice(client, self.kind, self.sessions[which], self.workers[which], "in-person", at(10))

    def book_her(self) -> None:
        booking.book(RECEPTION, self.choice(self.her, 0))

    def add_him(self, given: str, family: str) -> int:
        return clients.add(SYSTEM, ClientDetails(given, family))


def _leads() -> tuple[Actor, Actor]:
    one, other = (make.make_staff(role="lead", sees_clients=False, given_name=name) for name in ("Jess", "Noor"))
    return Actor("staff", one, "lead"), Actor("staff", other, "lead")


def do(_app: Flask, what: str, *arguments: Any) -> str:
    """One side of a race, by name: what a process is given must pickle. A refusal is an answer."""
    try:
        return str(_DOES[what](*arguments))
    except SidegateError as refused:
        return f"refused: {type(refused).__name__}"


def record(lead: Actor, her: int, name: str) -> int:
    return exclusions.record(lead, ExclusionDetails(her, (name,))).exclusion_id


def add_and_book(given: str, family: str, kind: int, session: int, worker: int) -> int:
    """Somebody comes to the desk for the first time, and is booked at once."""
    number = clients.add(RECEPTION, ClientDetails(given, family))
    return booking.book(RECEPTION, Choice(number, kind, session, worker, "in-person", at(10))).id


def book(choice: Choice) -> int:
    return booking.book(RECEPTION, choice).id


def rename(client: int, given: str, family: str) -> int:
    return clients.edit(RECEPTION, client, ClientDetails(given, family), 1)


_DOES: dict[str, Any] = {
    "record": record, "add and book": add_and_book, "book": book, "rename": rename,
    "close": exclusions.confirm_closing, "reopen": exclusions.reopen, "decide": exclusions.decide_match,
}  # fmt: skip


def together(settings: dict[str, Any], calls: list[tuple[Any, ...]]) -> list[str]:
    outcomes = run_together(settings, do, calls, now=NOW)
    assert not [each.trace for each in outcomes if each.error]
    answers = [each.value for each in outcomes]
    assert "refused: Busy" not in answers
    return answers


def nothing_is_wrong() -> oracle.Facts:
    facts = oracle.read()
    assert oracle.wrong(facts) == []
    assert [str(each) for each in checks.run().broken] == []
    return facts


def booked(facts: oracle.Facts, session: int) -> bool:
    return any(row.session_id == session for row in facts.counted())


def test_an_exclusion_recorded_while_whom_it_names_is_added_and_both_are_booked(settings: dict[str, Any]) -> None:
    lead, _ = _leads()
    places = [Place(number) for number in range(ROUNDS)]
    calls: list[tuple[Any, ...]] = []
    for place in places:
        given, family = place.name.split()
        calls += [
            ("record", lead, place.her, place.name),
            ("add and book", given, family, place.kind, place.sessions[1], place.workers[1]),
            ("book", place.choice(place.her, 0)),
        ]
    together(settings, calls)
    facts = nothing_is_wrong()
    assert len(oracle.rules(facts)) == ROUNDS, "each exclusion is matched to the one client who has its name"
    cased = {each.exclusion_id for each in facts.cases if each.closed_at is None}
    for rule in oracle.rules(facts):
        place = next(each for each in places if each.her == rule.her[1])
        both = booked(facts, place.sessions[0]) and booked(facts, place.sessions[1])
        # Never both without a case, and never neither: a refusal needs someone to have been in the way.
        assert both == (rule.exclusion in cased)
        assert booked(facts, place.sessions[0]) or booked(facts, place.sessions[1])


def test_a_name_that_is_corrected_while_he_is_booked_beside_her(settings: dict[str, Any]) -> None:
    lead, _ = _leads()
    calls: list[tuple[Any, ...]] = []
    places = [Place(number) for number in range(ROUNDS)]
    for place in places:
        place.book_her()
        record(lead, place.her, place.name)
        him = place.add_him("Bryn", f"Morgan{place.her}")
        calls += [("rename", him, *place.name.split()), ("book", place.choice(him, 1))]
    together(settings, calls)
    facts = nothing_is_wrong()
    assert len(oracle.rules(facts)) == ROUNDS
    cased = {each.exclusion_id for each in facts.cases if each.closed_at is None}
    for rule in oracle.rules(facts):
        place = next(each for each in places if each.her == rule.her[1])
        assert booked(facts, place.sessions[1]) == (rule.exclusion in cased)


@pytest.mark.parametrize("closing", [True, False], ids=["closed", "reopened"])
def test_an_exclusion_that_is_closed_or_reopened_while_he_is_booked_beside_her(
    closing: bool, settings: dict[str, Any]
) -> None:
    lead, second = _leads()
    calls: list[tuple[Any, ...]] = []
    places = [Place(number) for number in range(ROUNDS)]
    for place in places:
        place.book_her()
        him = place.add_him(*place.name.split())
        number = record(lead, place.her, place.name)
        exclusions.start_closing(lead, number, "He has moved away.")
        if not closing:
            exclusions.confirm_closing(second, number)
        decision = ("close", second, number) if closing else ("reopen", lead, number, "He is back.")
        calls += [decision, ("book", place.choice(him, 1))]
    answers = together(settings, calls)
    facts = nothing_is_wrong()
    assert not [each for each in answers[::2] if "refused" in each]
    assert len(oracle.rules(facts)) == (0 if closing else ROUNDS)
    standing = sum(booked(facts, place.sessions[1]) for place in places)
    assert standing == sum("refused" not in each for each in answers[1::2])
    assert sum(each.closed_at is None for each in facts.cases) == (0 if closing else standing)


@pytest.mark.parametrize("decision", ["dismissed", "possible"])
def test_a_match_that_is_decided_while_he_is_booked_beside_her(decision: str, settings: dict[str, Any]) -> None:
    lead, _ = _leads()
    calls: list[tuple[Any, ...]] = []
    places = [Place(number) for number in range(ROUNDS)]
    for place in places:
        place.book_her()
        him = place.add_him(*place.name.split())
        record(lead, place.her, place.name)
        match = next(each.id for each in oracle.read().matches if each.person_id == him)
        if decision == "possible":
            exclusions.decide_match(lead, match, "dismissed", "We asked her.")
        calls += [("decide", lead, match, decision, "We asked her again."), ("book", place.choice(him, 1))]
    answers = together(settings, calls)
    facts = nothing_is_wrong()
    assert not [each for each in answers[::2] if "refused" in each]
    standing = sum(booked(facts, place.sessions[1]) for place in places)
    assert standing == sum("refused" not in each for each in answers[1::2])
    assert sum(each.closed_at is None for each in facts.cases) == (0 if decision == "dismissed" else standing)
