"""Every read of an exclusion is in the access log (SAFETY.md 9.6): of every function that shows one, and of every
address that a lead, a token, a manager or a key worker can open."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from scheduler.errors import NotAllowed
from scheduler.extensions import db
from scheduler.models import Alert, AuditRecord, ExclusionLook, Match, SafetyCase
from scheduler.services import audit, booking, clients, exclusions, looks, overrides, safety_desk
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.api import as_role
from tests.support.desk import Desk
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

RECEPTION = Actor("staff", None, "reception")

#: A name that only the exclusion has: wherever it is shown, the exclusion was read.
KNOWN_AS = "Quillofox"


class Town:
    """She is protected from a man who may be a client; both are booked on one morning, a second lead is asked to let
    that stand, he may have come in, and she has a key worker."""

    def __init__(self) -> None:
        self.lead = Actor("staff", make.make_staff(role="lead", sees_clients=False, given_name="Oona"), "lead")
        self.second = Actor("staff", make.make_staff(role="lead", sees_clients=False, given_name="Pia"), "lead")
        self.key_worker = make.make_staff(role="outreach")
        venue, kind = make.make_venue(), make.make_type()
        make.open_all_day(venue)
        self.venue, self.kind = venue, kind
        self.she = clients.add(RECEPTION, ClientDetails("Alma", "Reyes", key_worker_id=self.key_worker))
        self.he = clients.add(RECEPTION, ClientDetails("Gareth", "Pike", date_of_birth="1985"))
        self.booked = []
        for client in (self.she, self.he):
            worker = make.make_staff()
            self.session = make.make_session(venue, at(10, day=1), at(12, day=1), (worker,), (kind,))
            choice = Choice(client, kind, self.session, worker, "in-person", at(10, day=1))
            self.booked.append(booking.book(RECEPTION, choice).id)
        details = ExclusionDetails(
            self.she, names=("Gareth Pike", KNOWN_AS), date_of_birth="1985", separation="day", notes=f"{KNOWN_AS}."
        )
        self.exclusion = exclusions.record(SYSTEM, details).exclusion_id
        self.match = db.session.execute(select(Match.id)).scalar_one()
        self.case = db.session.execute(select(SafetyCase.id)).scalar_one()
        self.override = overrides.ask_for_case(self.lead, self.case, "Both wish it.")
        alert = Alert(
            exclusion_id=self.exclusion, person_kind="client", person_id=self.he, venue_id=venue,
            appointment_id=self.booked[0], raised_at=at(9),
        )
        db.session.add(alert)
        db.session.commit()
        self.alert = alert.id
        self.ids = {
            "exclusion_id": self.exclusion, "match_id": self.match, "case_id": self.case, "client_id": self.she,
            "override_id": self.override, "alert_id": self.alert, "venue_id": venue, "session_id": self.session,
            "appointment_id": self.booked[0],
        }


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    return Town()


def last() -> int:
    db.session.rollback()
    return db.session.execute(select(AuditRecord.id).order_by(AuditRecord.id.desc()).limit(1)).scalar_one_or_none() or 0


def looked(exclusion: int, since: int) -> list[tuple[str, int | None]]:
    """Who looked at an exclusion after this record, by the index."""
    db.session.rollback()
    query = (
        select(AuditRecord.actor_kind, AuditRecord.actor_id)
        .join(ExclusionLook, ExclusionLook.audit_id == AuditRecord.id)
        .where(ExclusionLook.exclusion_id == exclusion, AuditRecord.id > since, AuditRecord.action == "look")
    )
    return [tuple(row) for row in db.session.execute(query)]


FUNCTIONS: dict[str, Callable[[Town, Actor], object]] = {
    "the desk": lambda town, actor: safety_desk.desk(actor),
    "an exclusion": lambda town, actor: safety_desk.exclusion(actor, town.exclusion),
    "a match": lambda town, actor: safety_desk.match(actor, town.match),
    "a case": lambda town, actor: safety_desk.case(actor, town.case),
    "a case with its ways out": lambda town, actor: safety_desk.whole_case(actor, town.case),
    "all cases": lambda town, actor: safety_desk.cases(actor),
    "a client's": lambda town, actor: safety_desk.list_for(actor, town.she),
    "all": lambda town, actor: safety_desk.list_all(actor),
    "what is affected": lambda town, actor: exclusions.affected(actor, town.exclusion),
    "an override": lambda town, actor: overrides.view(actor, town.override),
    "what waits for a second person": lambda town, actor: safety_desk.decisions(actor),
    "who has looked at one": lambda town, actor: looks.log(actor, exclusion=town.exclusion),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_that_shows_an_exclusion_leaves_a_row_in_the_log(town: Town, name: str) -> None:
    since = last()
    FUNCTIONS[name](town, town.second)
    assert looked(town.exclusion, since) == [("staff", town.second.id)]


def path_of(rule: Rule, town: Town) -> str:
    """An address that fits the rule, of this town's own records."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        kind = type(rule._converters[name]).__name__
        if kind in ("IntegerConverter", "Id"):
            values[name] = town.ids.get(name, 1)
        else:
            values[name] = "x"
    return rule.build(values, append_unknown=False)[1]  # type: ignore[index]


def shows(text: str, town: Town) -> bool:
    """Does an answer show anything of the exclusion: its words, its number, or which of two people it names?"""
    marks = (
        KNOWN_AS, f"/safety/exclusions/{town.exclusion}", "named person", f'"exclusion_id": {town.exclusion}',
        f'"exclusion_id":{town.exclusion}',
    )
    return any(mark in text for mark in marks)


def test_every_address_that_shows_an_exclusion_leaves_a_row_in_the_log(town: Town, app: Flask) -> None:
    """All that can be read at all is opened, so that a page made tomorrow is asked too."""
    desks = {
        "lead": Desk(app, "lead", "lead-one"), "manager": Desk(app, "manager", "manager-one"),
        "key worker": Desk(app, "outreach", staff_id=town.key_worker),
    }
    api = as_role(app.test_client(), "lead")
    shown, unlogged = set(), []
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if "GET" not in (rule.methods or ()) or "/static/" in str(rule):
            continue
        path = path_of(rule, town)
        for who, desk in desks.items():
            if path.startswith("/api/v1") and who != "lead":
                continue
            since = last()
            answer = api.send("GET", path.removeprefix("/api/v1")) if path.startswith("/api/v1") else desk.get(path)
            assert answer.status_code != 500, path
            if path.startswith("/safety/looks") or not shows(answer.text, town):
                continue
            shown.add(path)
            if not looked(town.exclusion, since):
                unlogged.append((who, path))
    assert unlogged == []
    expected = {
        "/safety/", f"/safety/exclusions/{town.exclusion}", f"/safety/exclusions/{town.exclusion}/edit",
        f"/safety/clients/{town.she}", f"/safety/clients/{town.she}/mine", f"/safety/matches/{town.match}",
        f"/safety/cases/{town.case}", f"/safety/overrides/{town.override}", "/api/v1/cases", "/api/v1/exclusions",
    }
    assert expected <= shown


def test_a_page_that_is_shown_again_with_what_is_wrong_is_a_look_too(town: Town, app: Flask) -> None:
    lead = Desk(app, "lead", "lead-one")
    for path, fields in (
        (f"/safety/matches/{town.match}", {"decision": "dismissed", "reason": ""}),
        (f"/safety/exclusions/{town.exclusion}/edit", {"gap_minutes": "-1"}),
        (f"/safety/cases/{town.case}/cancel", {"appointment": town.booked[0], "version": 1}),
        (f"/safety/overrides/{town.override}", {"decision": "neither"}),
    ):
        since = last()
        assert lead.post(path, **fields).status_code == 422, path
        assert ("staff", lead.staff_id) in looked(town.exclusion, since), path


def test_the_log_says_who_looked_when_and_through_what(town: Town, clock: Any) -> None:
    clock.forward(minutes=5)
    safety_desk.exclusion(town.second, town.exclusion)
    clock.forward(minutes=5)
    safety_desk.case(town.lead, town.case)
    found = looks.log(town.lead, exclusion=town.exclusion).looks
    assert [(each.who.split()[0], each.through, each.subject) for each in found[:2]] == [
        ("Oona", "case", town.case), ("Pia", "exclusion", town.exclusion),
    ]  # fmt: skip
    assert found[0].at - found[1].at == timedelta(minutes=5)
    assert found[0].exclusions == (town.exclusion,)


def test_a_token_is_named_in_the_log(town: Town, app: Flask) -> None:
    as_role(app.test_client(), "lead").get(f"/exclusions/{town.exclusion}")
    (found,) = [each for each in looks.log(town.lead).looks if each.kind == "token"]
    assert found.who == "test lead"


def test_looking_at_the_log_is_in_the_log(town: Town) -> None:
    looks.log(town.second)
    found = looks.log(town.lead).looks[0]
    assert (found.who.split()[0], found.through) == ("Pia", "access-log")


def test_the_log_is_found_by_exclusion_by_person_and_by_day(town: Town, clock: Any) -> None:
    other = exclusions.record(SYSTEM, ExclusionDetails(town.she, names=("Terry Holmwood",))).exclusion_id
    safety_desk.exclusion(town.lead, other)
    clock.forward(days=2)
    safety_desk.exclusion(town.second, town.exclusion)
    found = looks.log(town.lead, exclusion=other).looks
    assert {each.exclusions for each in found} == {(other,)}
    assert town.second.id is not None
    found = looks.log(town.lead, who=("staff", town.second.id)).looks
    assert {each.who.split()[0] for each in found} == {"Pia"}
    assert looks.log(town.lead, who=("token", town.second.id)).looks == ()
    late = looks.log(town.lead, since=at(0, day=1)).looks
    assert {each.at.date() for each in late} == {at(0, day=2).date()}
    assert all(each.at < at(0, day=1) for each in looks.log(town.lead, until=at(0, day=1)).looks)


def test_a_page_of_the_log_goes_on_where_the_last_one_ended(town: Town) -> None:
    for _ in range(7):
        safety_desk.exclusion(town.second, town.exclusion)
    whole = [each.id for each in looks.log(town.lead, exclusion=town.exclusion).looks]
    found: list[int] = []
    before = None
    while True:
        page = looks.log(town.second, before, exclusion=town.exclusion, limit=3)
        found += [each.id for each in page.looks]
        before = page.following
        if before is None:
            break
        assert len(page.looks) == 3
    assert [each for each in found if each in whole] == whole
    assert len(found) == len(set(found))


@pytest.mark.parametrize("role", ["reception", "outreach", "worker", "manager"])
def test_nobody_but_a_lead_reads_the_log(town: Town, role: str) -> None:
    with pytest.raises(NotAllowed):
        looks.log(Actor("staff", make.make_staff(role=role), role))


def test_what_was_seen_is_in_the_record_itself_under_its_seal(town: Town) -> None:
    """The index only finds it: a row taken out of the index takes nothing out of the log."""
    since = last()
    safety_desk.desk(town.lead)
    db.session.rollback()
    made = db.session.execute(
        select(AuditRecord).where(AuditRecord.id > since, AuditRecord.action == "look")
    ).scalar_one()
    assert (made.detail or {})["exclusions"] == [town.exclusion]
    while audit.seal():
        pass
    assert audit.broken_seals() == []
