"""Two records of one person, in the browser's words: leads alone, and every page of the old record leads to the new."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditRecord, Client, ClientMerge, Match
from scheduler.services import clients, exclusions, merging
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.api import as_role, ok
from tests.support.desk import Desk

DESK = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def lead(app: Flask) -> Desk:
    return Desk(app, "lead", "lead-one")


def add(given: str, family: str, **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def hidden(text: str) -> dict[str, str]:
    """The hidden fields of the page's form, as a browser sends them back."""
    fields = BeautifulSoup(text, "html.parser").select("main input[type=hidden]")
    return {str(each["name"]): str(each["value"]) for each in fields if each.get("value")}


def test_a_lead_finds_the_other_record_compares_and_makes_them_one_and_takes_them_apart(lead: Desk) -> None:
    she = add("Alma", "Reyes", date_of_birth="5/3/1987", phone="07700 900121")
    twice = add("Alma", "Castle", notes="Allergic to cats.", phone="07700 900122")
    he = add("Gareth", "Pike")
    exclusions.record(SYSTEM, ExclusionDetails(twice, person=("client", he)))
    assert f"/safety/merges/of/{she}" in lead.get(f"/safety/clients/{she}").text
    hits = lead.post(f"/safety/merges/of/{she}", look_for="Alma").text
    path = f"/safety/merges/{she}/with/{twice}"
    assert path in hits
    assert f"/with/{she}" not in hits
    page = lead.get(path).text
    for shown in ("Alma Reyes", "Alma Castle", "5 March 1987", "Allergic to cats.", "Gareth Pike",
                  "Exclusions that go along, in force: 1", f"/safety/merges/{twice}/with/{she}"):  # fmt: skip
        assert shown in page, shown
    assert lead.post(path, **hidden(page)).status_code == 422
    made = lead.post(path, reason="Her married name.", **hidden(page))
    assert (made.status_code, made.location) == (303, f"/safety/clients/{she}")
    assert "Gareth Pike" in lead.get(made.location).text
    merge = db.session.execute(select(ClientMerge.id)).scalar_one()
    listed = lead.get(f"/safety/merges/of/{she}").text
    assert f"/safety/merges/{merge}" in listed
    shown = lead.get(f"/safety/merges/{merge}").text
    assert "Her married name." in shown
    assert lead.post(f"/safety/merges/{merge}", reason=" ").status_code == 422
    assert lead.post(f"/safety/merges/{merge}", reason="Sisters.").status_code == 303
    assert lead.post(f"/safety/merges/{merge}", reason="Sisters.").status_code == 409
    assert lead.get(f"/reception/clients/{twice}").status_code == 200
    assert "Sisters." in lead.get(f"/safety/merges/{merge}").text


def test_what_is_in_the_way_is_shown_and_refused_even_when_it_came_after_the_page(lead: Desk) -> None:
    she, twice = make.make_client(), make.make_client()
    path = f"/safety/merges/{she}/with/{twice}"
    fields = hidden(lead.get(path).text)
    made = make.make_exclusion(she, twice, state="possible")
    refused = lead.post(path, reason="The same?", **fields)
    assert refused.status_code == 409
    assert f"/safety/exclusions/{made}" in refused.text
    assert 'name="reason"' not in refused.text
    db.session.rollback()
    assert db.session.execute(select(Client.merged_into).where(Client.merged_into.is_not(None))).all() == []


def test_a_record_that_was_changed_since_it_was_read_is_read_again(lead: Desk) -> None:
    she, twice = make.make_client(), make.make_client()
    path = f"/safety/merges/{she}/with/{twice}"
    fields = hidden(lead.get(path).text)
    clients.set_request_mode(DESK, twice, True)
    refused = lead.post(path, reason="The same.", **fields)
    assert refused.status_code == 412
    assert lead.post(path, reason="The same.", **hidden(refused.text)).status_code == 303


def test_a_second_press_says_that_they_are_one_already(lead: Desk) -> None:
    she, twice = make.make_client(), make.make_client()
    path = f"/safety/merges/{she}/with/{twice}"
    fields = hidden(lead.get(path).text)
    first, second = (lead.post(path, reason="The same.", **fields) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303)
    assert first.location == second.location
    assert "They are one record already." in lead.get(second.location).text
    other = make.make_client()
    assert lead.post(f"/safety/merges/{other}/with/{twice}", reason="The same.", **fields).status_code == 404


def test_nobody_but_a_lead_opens_any_of_these_pages(app: Flask) -> None:
    she, twice = add("Alma", "Reyes"), add("Amina", "Castle")
    leader = Actor("staff", make.make_staff(role="lead"), "lead")
    merge = merging.merge(leader, she, add("Alma", "Castle"), "x")
    before = len(db.session.execute(select(AuditRecord.id).where(AuditRecord.action == "look")).all())
    for role in ("reception", "outreach", "worker", "manager"):
        desk = Desk(app, role, f"{role}-one")
        for path in (f"/safety/merges/of/{she}", f"/safety/merges/{she}/with/{twice}", f"/safety/merges/{merge}"):
            for answer in (desk.get(path), desk.post(path, reason="x", look_for="Castle")):
                assert answer.status_code == 403
                assert "Castle" not in answer.text
    db.session.rollback()
    assert len(db.session.execute(select(AuditRecord.id).where(AuditRecord.action == "look")).all()) == before


def test_every_page_of_the_record_that_went_leads_to_the_one_in_use_and_the_api_has_it_no_more(
    app: Flask, lead: Desk
) -> None:
    she, twice = add("Alma", "Reyes"), add("Amina", "Castle")
    merging.merge(lead.actor, she, twice, "The same.")
    for path in ("/reception/clients/{}", "/reception/clients/{}/edit", "/reception/clients/{}/safe",
                 "/safety/clients/{}", "/safety/clients/{}/exclusions/new", "/safety/merges/of/{}"):  # fmt: skip
        answer = lead.get(path.format(twice))
        assert (answer.status_code, answer.location) == (302, path.format(she)), path
    with app.test_request_context():
        rules = [rule for rule in app.url_map.iter_rules() if "client_id" in rule.arguments and "GET" in rule.methods]
        paths = [rule.build({**dict.fromkeys(rule.arguments, 1), "client_id": twice})[1] for rule in rules]
    api = as_role(app.test_client(), "lead")
    answers = {
        path: (api.get(path.removeprefix("/api/v1")) if path.startswith("/api/") else lead.get(path)).status_code
        for path in paths
    }
    assert len(paths) > 8
    assert {path: status for path, status in answers.items() if status not in (302, 404)} == {}
    other = add("Zofia", "Nowak")
    led = lead.get(f"/safety/merges/{other}/with/{twice}")
    assert led.location == f"/safety/merges/{other}/with/{she}"
    form = {"given_name": "Amina", "family_name": "Castle", "version": "2"}
    assert lead.post(f"/reception/clients/{twice}/edit", **form).status_code == 404
    found = lead.post("/reception/clients", q="Amina Castle")
    assert found.location == f"/reception/clients/{she}"
    gone, never = api.get(f"/clients/{twice}"), api.get("/clients/999999")
    assert (gone.status_code, gone.data) == (404, never.data)
    assert api.get("/exclusions", client_id=twice).status_code == 404
    assert api.patch(f"/clients/{twice}", {"notes": "x"}, version=2).status_code == 404
    made = ok(api.post("/exclusions", {"client_id": twice, "names": ["Gaz Pike"]}), 201)["exclusion_id"]
    assert [each.id for each in exclusions.list_for(lead.actor, she)] == [made]


def test_a_lead_who_decides_on_a_match_sees_what_the_other_record_said(lead: Desk) -> None:
    he, again = add("Colin", "Marsh"), add("Gareth", "Pike", date_of_birth="5/3/1985", phone="07700 900122")
    merging.merge(lead.actor, he, again, "Two names.")
    exclusions.record(SYSTEM, ExclusionDetails(add("Alma", "Reyes"), phone="07700 900122"))
    match = db.session.execute(select(Match.id)).scalar_one()
    page = lead.get(f"/safety/matches/{match}").text
    for shown in ("Colin Marsh", "Gareth Pike", "5 March 1985", "same phone"):
        assert shown in page, shown
