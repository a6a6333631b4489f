"""A merge at the same instant as a booking, or as an exclusion that is recorded: whichever comes first, nobody is
booked near whom they are kept from, and the record that goes holds nothing (SAFETY.md 2 and 9)."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import NotFound, NotOnePerson, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Appointment, Client, Exclusion, Match
from scheduler.services import booking, checks, clients, exclusions, merging
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.factories import at
from tests.support.processes import run_together

RECEPTION = Actor("staff", None, "reception")
PAIRS = 3

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("context", "clock")]


def merge_each(_app: Flask, lead: int, pairs: list[tuple[int, int]]) -> list[str]:
    return [_outcome(lambda kept=kept, gone=gone: merging.merge(  # type: ignore[misc]
        Actor("staff", lead, "lead"), kept, gone, "The same."
    )) for kept, gone in pairs]  # fmt: skip


def book_each(_app: Flask, choices: list[Choice]) -> list[str]:
    return [_outcome(lambda choice=choice: booking.book(RECEPTION, choice)) for choice in choices]  # type: ignore[misc]


def record_each(_app: Flask, details: list[ExclusionDetails]) -> list[str]:
    return [_outcome(lambda each=each: exclusions.record(SYSTEM, each)) for each in details]  # type: ignore[misc]


def edit_each(_app: Flask, people: list[int]) -> list[str]:
    changed = ClientDetails("Gareth", "Pike", date_of_birth="5/3/1985")
    return [_outcome(lambda each=each: clients.edit(RECEPTION, each, changed, 1)) for each in people]  # type: ignore[misc]


def _outcome(act: Any) -> str:
    try:
        act()
    except (SlotUnavailable, NotOnePerson, NotFound) as refused:
        return type(refused).__name__
    return "done"


def merged() -> dict[int, int]:
    db.session.rollback()
    query = select(Client.id, Client.merged_into).where(Client.merged_into.is_not(None))
    return {row.id: row.merged_into for row in db.session.execute(query)}


def outcomes(found: list[Any]) -> list[list[str]]:
    assert [each.trace for each in found if not each.succeeded] == []
    return [each.value for each in found]


def in_order() -> None:
    assert [str(each) for each in checks.run().broken] == []


def slots(venue: int, kind: int, day: int) -> tuple[int, int]:
    worker = make.make_staff()
    return make.make_session(venue, at(9, day=day), at(12, day=day), (worker,), (kind,)), worker


def test_a_merge_while_the_record_that_goes_is_booked(settings: dict[str, Any]) -> None:
    """A booking is the record in use's, or is refused. Two that one person cannot have refuse the merge instead."""
    lead, venue, kind = make.make_staff(role="lead"), make.make_venue(), make.make_type()
    pairs, for_gone, for_kept = [], [], []
    for day in range(1, PAIRS + 1):
        kept, gone, he = (make.make_client() for _ in range(3))
        make.make_exclusion(kept, he)
        pairs.append((kept, gone))
        for client, choices in ((gone, for_gone), (kept, for_kept)):
            session, worker = slots(venue, kind, day)
            choices.append(Choice(client, kind, session, worker, "in-person", at(10, day=day)))
    did, *booked = outcomes(run_together(
        settings, _any, [("merge", (lead, pairs)), ("book", (for_gone,)), ("book", (for_kept,))], now=at(8)
    ))  # fmt: skip
    gone_to = merged()
    for position, (kept, gone) in enumerate(pairs):
        assert (did[position] == "done") == (gone in gone_to)
        held = db.session.execute(
            select(Appointment.client_id).where(Appointment.client_id.in_((kept, gone)))
        ).scalars().all()
        assert len(held) == sum(each[position] == "done" for each in booked)
        if gone in gone_to:
            assert set(held) <= {kept}
    in_order()


def test_a_merge_while_an_exclusion_names_or_protects_either(settings: dict[str, Any]) -> None:
    """Whichever comes first, the exclusion is in force for the record in use, on either side of it."""
    lead = make.make_staff(role="lead")
    pairs, named, protecting, editing = [], [], [], []
    for _ in range(PAIRS):
        kept = clients.add(RECEPTION, ClientDetails("Colin", "Marsh"))
        gone = clients.add(RECEPTION, ClientDetails("Gareth", "Pike", date_of_birth="5/3/1985"))
        pairs.append((kept, gone))
        named.append(ExclusionDetails(make.make_client(), names=("Gaz Pyke",), date_of_birth="1985"))
        protecting.append(ExclusionDetails(gone, person=("client", make.make_client())))
        editing.append(clients.add(RECEPTION, ClientDetails("Somebody", "Else")))
    did, *recorded, _edited = outcomes(run_together(
        settings, _any,
        [("merge", (lead, pairs)), ("record", (named,)), ("record", (protecting,)), ("edit", (editing,))], now=at(8),
    ))  # fmt: skip
    assert did == ["done"] * PAIRS
    assert recorded == [["done"] * PAIRS] * 2
    assert merged() == {gone: kept for kept, gone in pairs}
    everyone = {kept for kept, _ in pairs} | set(editing)
    for details in named:
        query = select(Match.person_id).join(Exclusion, Exclusion.named_person_id == Match.named_person_id)
        found = db.session.execute(query.where(Exclusion.client_id == details.client_id)).scalars().all()
        assert set(found) == everyone
    protected = set(db.session.execute(select(Exclusion.client_id)).scalars())
    assert protected >= {kept for kept, _ in pairs}
    in_order()


def _any(app: Flask, what: str, arguments: tuple[Any, ...]) -> list[str]:
    return {"merge": merge_each, "book": book_each, "record": record_each, "edit": edit_each}[what](app, *arguments)
