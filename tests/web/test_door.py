"""The arrival check in the browser's words: one box, one sentence, and nothing that says why (SAFETY.md 4 and 5)."""

from __future__ import annotations

import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from scheduler.extensions import db
from scheduler.models import Alert, Appointment, AuditRecord, ExclusionLook, Session
from scheduler.services import booking, clients, exclusions
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.store import door as store
from tests.support import factories as make
from tests.support.desk import Desk, alike
from tests.support.factories import at

DESK = Actor("staff", None, "reception")
GO, QUIET = "Go ahead", "Please use the quiet room and call the lead"

pytestmark = pytest.mark.usefixtures("context", "clock")


def add(given: str, family: str, **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


class Morning:
    """She is due at the hub at half past nine, and kept from a man who is no client."""

    def __init__(self) -> None:
        self.venue, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
        make.open_all_day(self.venue)
        self.she = add("Alma", "Reyes")
        session = make.make_session(self.venue, at(9), at(12), (worker,), (kind,))
        booking.book(DESK, Choice(self.she, kind, session, worker, "in-person", at(9, 30)))
        exclusions.record(SYSTEM, ExclusionDetails(self.she, names=("Gareth Pike", "Spider")))


@pytest.fixture
def morning() -> Morning:
    return Morning()


@pytest.fixture
def reception(app: Flask) -> Desk:
    """Someone signed in at the desk."""
    return Desk(app, "reception", "reception-one")


def answer(page: TestResponse) -> str:
    found = BeautifulSoup(page.text, "html.parser").find(id="answer")
    return found.get_text(strip=True) if found else ""


def check(desk: Desk, venue: int, **fields: Any) -> TestResponse:
    return desk.post("/reception/door", venue=venue, **fields)


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "manager", "worker"])
def test_every_role_finds_the_door_in_the_menu_and_is_answered(app: Flask, morning: Morning, role: str) -> None:
    desk = Desk(app, role, f"{role}-one")
    assert 'href="/reception/door"' in desk.get("/reception/clients").text
    assert answer(check(desk, morning.venue, q="Gaz Pike")) == QUIET
    assert answer(check(desk, morning.venue, q="Tom Lane")) == GO


def test_a_visitor_is_sent_to_sign_in(app: Flask) -> None:
    assert app.test_client().get("/reception/door").status_code == 302


def test_the_page_is_one_box_ready_to_type_in_that_works_without_scripts(reception: Desk, morning: Morning) -> None:
    page = BeautifulSoup(reception.get("/reception/door").text, "html.parser")
    boxes = page.find_all("input", {"type": ["search", "text"]})
    assert [box["name"] for box in boxes] == ["q"]
    assert boxes[0].has_attr("autofocus")
    form = boxes[0].find_parent("form")
    assert form is not None
    assert (form["method"], form["action"]) == ("post", "/reception/door")
    first = form.find("button")
    assert first is not None
    assert not first.has_attr("name")  # what the Enter key presses: the check itself


def test_a_walk_in_a_companion_and_a_picked_client_are_all_answered(reception: Desk, morning: Morning) -> None:
    assert answer(check(reception, morning.venue, q="spider")) == QUIET
    assert answer(check(reception, morning.venue, q="spider", companion="1")) == QUIET
    assert answer(check(reception, morning.venue, q="Tom Lane", companion="1")) == GO
    assert answer(check(reception, morning.venue, client=morning.she)) == GO
    he = add("Gareth", "Pike")
    hits = BeautifulSoup(check(reception, morning.venue, q="pike", do="find").text, "html.parser")
    button = hits.find("button", {"name": "client", "value": str(he)})
    assert button is not None
    assert answer(check(reception, morning.venue, client=he)) == QUIET


def test_whoever_came_with_the_person_just_checked_is_weighed_against_her(reception: Desk, morning: Morning) -> None:
    beth = add("Beth", "Shaw")
    exclusions.record(SYSTEM, ExclusionDetails(beth, names=("Wayne Marsh",)))
    page = BeautifulSoup(check(reception, morning.venue, client=beth).text, "html.parser")
    fields = {box["name"]: box["value"] for box in page.select("main input[type=hidden]")}
    fields.pop("csrf_token", None)
    assert fields == {"client": str(beth), "companion": "1"}
    assert answer(check(reception, morning.venue, q="Wayne Marsh", **fields)) == QUIET
    assert answer(check(reception, morning.venue, q="Wayne Marsh")) == GO


def test_the_quiet_room_is_the_same_page_to_the_byte_whatever_the_cause(
    reception: Desk, morning: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make.make_staff(given_name="Wayne", family_name="Marsh")
    make.make_session(morning.venue, at(9), at(12), (worker,))
    exclusions.record(SYSTEM, ExclusionDetails(add("Beth", "Shaw"), person=("staff", worker)))
    pages = [
        check(reception, morning.venue, q=typed)
        for typed in ("Gareth Pike", "Spider", "Beth Shaw", "???", "one two three four five six seven")
    ]
    pages.append(check(reception, morning.venue, q="Gareth Pike", companion="1"))

    def broken(*_: object) -> None:
        raise RuntimeError("Gareth Pike")

    monkeypatch.setattr(store, "there", broken)
    pages.append(check(reception, morning.venue, q="Tom Lane"))
    assert {answer(page) for page in pages} == {QUIET}
    assert {page.status_code for page in pages} == {200}
    assert len({alike(page) for page in pages}) == 1
    assert len({str(sorted((k, v) for k, v in page.headers if k != "Set-Cookie")) for page in pages}) == 1
    monkeypatch.undo()
    going = check(reception, morning.venue, q="Tom Lane")
    assert alike(going).replace(GO, QUIET) == alike(pages[0])


def test_the_page_names_nobody_and_gives_no_reason(reception: Desk, morning: Morning) -> None:
    for page in (check(reception, morning.venue, q="Gareth Pike"), check(reception, morning.venue, q="Alma Reyes")):
        words = page.text.casefold()
        for secret in ("gareth", "pike", "spider", "alma", "reyes", "exclusion", "safety", "protect", "kept"):
            assert secret not in words


def test_nothing_typed_and_no_place_are_asked_for_again(reception: Desk, morning: Morning) -> None:
    for fields in ({"venue": morning.venue, "q": " "}, {"q": "Tom Lane"}, {"venue": morning.venue, "companion": "1"}):
        page = reception.post("/reception/door", **fields)
        assert (page.status_code, answer(page)) == (422, "")
    assert reception.post("/reception/door", venue=999_999, q="Tom Lane").status_code == 404


def test_a_refuge_is_in_no_menu_of_those_who_may_not_know_of_it(reception: Desk, morning: Morning) -> None:
    refuge = make.make_venue(confidential=True, name="Rose House")
    assert "Rose House" not in reception.get("/reception/door").text
    assert check(reception, refuge, q="Tom Lane").status_code == 404


def test_no_name_is_in_an_address_or_in_the_log(reception: Desk, morning: Morning) -> None:
    assert answer(reception.get("/reception/door?q=Gareth+Pike")) == ""
    check(reception, morning.venue, q="Gareth Pike")
    details = [str(row.detail) for row in db.session.execute(select(AuditRecord)).scalars()]
    assert not any("Pike" in each for each in details)


# --- on the page of the day -------------------------------------------------------------------------------------------


def check_on_the_day(desk: Desk, venue: int, **fields: Any) -> TestResponse:
    return desk.post("/reception/", venue=venue, **fields)


@pytest.mark.parametrize("view", ["board", "list"])
def test_the_page_of_the_day_has_the_box_and_answers_there(reception: Desk, morning: Morning, view: str) -> None:
    page = BeautifulSoup(reception.get(f"/reception/?venue={morning.venue}&view={view}").text, "html.parser")
    box = page.find("input", id="came")
    assert box is not None
    form = box.find_parent("form")
    assert form is not None
    assert (form["method"], form["action"], box["name"]) == ("post", "/reception/", "q")
    assert not form.find("button").has_attr("name")  # the Enter key asks, and does not look for a record
    assert not box.has_attr("autofocus")  # the page of the day has other work too
    for typed, said in (("Gaz Pike", QUIET), ("Tom Lane", GO)):
        after = check_on_the_day(reception, morning.venue, q=typed, date="2026-03-02")
        assert (after.status_code, answer(after), after.request.path) == (200, said, "/reception/")
        assert "Alma R." in after.text  # the day is still there
        again = BeautifulSoup(after.text, "html.parser").find("input", id="came")
        assert again is not None
        assert again.has_attr("autofocus")  # for the next who comes in
        assert "value" not in again.attrs


def test_the_day_repeats_nothing_that_was_typed_and_is_the_same_whatever_the_cause(
    reception: Desk, morning: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = make.make_staff(given_name="Wayne", family_name="Marsh")
    make.make_session(make.make_venue(), at(9), at(12), (worker,))
    pages = [check_on_the_day(reception, morning.venue, q=typed) for typed in ("Gareth Pike", "Spider", "???")]
    pages.append(check_on_the_day(reception, morning.venue, q="Gaz Pike", companion="1"))
    for page in pages:
        shown = page.text.casefold()
        assert not [word for word in ("gareth", "gaz", "pike", "spider", "exclusion", "protect") if word in shown]

    def broken(*_: object) -> None:
        raise RuntimeError("Gareth Pike")

    monkeypatch.setattr(store, "there", broken)
    pages.append(check_on_the_day(reception, morning.venue, q="Tom Lane"))
    monkeypatch.undo()
    assert {(page.status_code, answer(page)) for page in pages} == {(200, QUIET)}
    assert len({alike(page) for page in pages}) == 1
    going = check_on_the_day(reception, morning.venue, q="Tom Lane")
    assert alike(going).replace(GO, QUIET) == alike(pages[0])


def test_a_record_is_picked_on_the_day_and_whoever_came_along_is_weighed_against_them(
    reception: Desk, morning: Morning
) -> None:
    beth = add("Beth", "Shaw")
    exclusions.record(SYSTEM, ExclusionDetails(beth, names=("Wayne Marsh",)))
    hits = BeautifulSoup(check_on_the_day(reception, morning.venue, q="shaw", do="find").text, "html.parser")
    button = hits.find("button", {"name": "client", "value": str(beth)})
    assert button is not None
    assert button.find_parent("form")["action"] == "/reception/"  # type: ignore[index]
    picked = check_on_the_day(reception, morning.venue, client=beth)
    assert answer(picked) == GO
    form = BeautifulSoup(picked.text, "html.parser").find("input", id="came").find_parent("form")  # type: ignore[union-attr]
    assert form.find("input", {"name": "client"})["value"] == str(beth)  # type: ignore[union-attr,index]
    # The next name is somebody of their own, unless the desk says that they came together.
    alone = check_on_the_day(reception, morning.venue, q="Wayne Marsh", client=beth)
    together = check_on_the_day(reception, morning.venue, q="Wayne Marsh", client=beth, companion="1")
    assert (answer(alone), answer(together)) == (GO, QUIET)


def test_the_day_asks_again_for_a_name_and_knows_no_place_that_this_desk_may_not(
    reception: Desk, morning: Morning
) -> None:
    page = check_on_the_day(reception, morning.venue, q=" ")
    assert (page.status_code, answer(page)) == (422, "")
    assert reception.post("/reception/", q="Tom Lane").status_code == 422
    refuge = make.make_venue(confidential=True, name="Rose House")
    assert check_on_the_day(reception, refuge, q="Tom Lane").status_code == 404
    assert answer(reception.get(f"/reception/?venue={morning.venue}&q=Gareth+Pike")) == ""


def test_an_online_place_has_no_door(reception: Desk, morning: Morning) -> None:
    online = make.make_venue(kind="online")
    assert 'id="came"' not in reception.get(f"/reception/?venue={online}").text


# --- marking someone as arrived ---------------------------------------------------------------------------------------


class Both:
    """She is due at half past nine at the hub, and a man whom she is kept from at the same time, by another route."""

    def __init__(self, morning: Morning) -> None:
        self.he = add("Gareth", "Pike")
        session, kind = make.make_session(morning.venue, at(9), at(12)), make.make_type()
        row = Appointment(
            client_id=self.he, own_number=1, session_id=session, venue_id=morning.venue, type_id=kind, mode="in-person",
            site_id=db.session.execute(select(Session.site_id).where(Session.id == session)).scalar_one(),
            state="booked", start=at(9, 15), end=at(9, 45), busy_from=at(9, 15), busy_until=at(9, 45),
            present_from=at(9), present_until=at(10), created_at=at(8), updated_at=at(8),
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        self.his = row.id
        self.hers = db.session.execute(select(Appointment.id).where(Appointment.client_id == morning.she)).scalar_one()


def marked(desk: Desk, morning: Morning, mark: str, **fields: Any) -> TestResponse:
    sent = {"mark": mark, "venue": str(morning.venue), "date": "2026-03-02", **fields}
    return desk.client.post("/reception/mark", data=sent, follow_redirects=True)


def test_marking_him_or_her_as_arrived_says_the_same_sentence_at_once(reception: Desk, morning: Morning) -> None:
    both = Both(morning)
    for appointment in (both.his, both.hers):
        page = marked(reception, morning, f"{appointment}.arrived")
        assert (page.status_code, answer(page)) == (200, QUIET)
        assert "#" not in page.request.url  # the top of the page, where it is said
        marked(reception, morning, f"{appointment}.undo")


def test_it_is_said_on_the_page_of_the_appointment_too(reception: Desk, morning: Morning) -> None:
    both = Both(morning)
    sent = reception.client.post("/reception/mark", data={"mark": f"{both.his}.arrived"}, follow_redirects=True)
    assert (sent.request.path, answer(sent)) == (f"/reception/appointments/{both.his}", QUIET)
    assert answer(reception.get(f"/reception/appointments/{both.his}")) == ""  # once


def test_nothing_is_said_of_anyone_else_and_a_fault_is_the_quiet_room(
    reception: Desk, morning: Morning, monkeypatch: pytest.MonkeyPatch
) -> None:
    hers = db.session.execute(select(Appointment.id)).scalar_one()
    page = marked(reception, morning, f"{hers}.arrived")
    assert (answer(page), "Saved." in page.text) == ("", True)
    marked(reception, morning, f"{hers}.undo")

    def broken(*_: object) -> None:
        raise RuntimeError("Gareth Pike")

    monkeypatch.setattr(store, "kept", broken)
    page = marked(reception, morning, f"{hers}.arrived")
    assert answer(page) == QUIET
    monkeypatch.undo()
    # What it rests on cannot be told: she was marked either way, and nothing else differs from a true answer.
    both = Both(morning)
    marked(reception, morning, f"{hers}.undo")
    true = marked(reception, morning, f"{hers}.arrived")
    his = f'id="a{both.his}"'
    assert answer(true) == QUIET
    assert his in true.text
    assert [each["class"] for each in BeautifulSoup(true.text, "html.parser").select(".told p")] == [
        each["class"] for each in BeautifulSoup(page.text, "html.parser").select(".told p")
    ]


def test_an_answer_that_rests_on_an_exclusion_is_in_the_access_log_without_a_name(
    reception: Desk, morning: Morning
) -> None:
    both = Both(morning)
    check(reception, morning.venue, q="Tom Lane")
    assert db.session.execute(select(ExclusionLook)).first() is None
    check(reception, morning.venue, q="Gaz Pike")
    marked(reception, morning, f"{both.his}.arrived")
    db.session.rollback()
    looks = db.session.execute(
        select(AuditRecord).join(ExclusionLook, ExclusionLook.audit_id == AuditRecord.id).order_by(AuditRecord.id)
    ).scalars().all()
    assert [(each.action, each.subject_kind, each.actor_id) for each in looks] == [
        ("look", "door", reception.staff_id)
    ] * 2
    assert not any("Pike" in str(each.detail) for each in looks)


# --- the lead's desk --------------------------------------------------------------------------------------------------


def test_a_lead_sees_the_alert_until_she_says_what_was_done(app: Flask, reception: Desk, morning: Morning) -> None:
    lead = Desk(app, "lead", "lead-one")
    assert "Gareth Pike, Spider" not in lead.get("/safety/").text
    check(reception, morning.venue, q="Gaz Pike")
    shown = lead.get("/safety/").text
    for words in ("Someone came in", "Gareth Pike, Spider", "Alma Reyes", "The Mill", "09:30"):
        assert words in shown
    path = re.search(r"/safety/alerts/\d+/settle", shown)
    assert path is not None
    assert lead.post(path[0], done=" ").status_code == 303
    assert path[0] in lead.get("/safety/").text
    assert lead.post(path[0], done="He was asked to leave.").status_code == 303
    assert path[0] not in lead.get("/safety/").text
    assert "may have been changed already" in lead.client.post(path[0], data={"done": "x"}, follow_redirects=True).text
    db.session.rollback()
    assert db.session.execute(select(Alert.settled_by)).scalar_one() == lead.staff_id
    assert lead.post("/safety/alerts/999999/settle", done="x").status_code == 404


@pytest.mark.parametrize("role", ["reception", "outreach", "manager", "worker"])
def test_nobody_else_settles_one(app: Flask, morning: Morning, role: str) -> None:
    desk = Desk(app, role, f"{role}-one")
    check(desk, morning.venue, q="Gaz Pike")
    alert = db.session.execute(select(Alert.id)).scalar_one()
    assert desk.post(f"/safety/alerts/{alert}/settle", done="x").status_code == 403
    db.session.rollback()
    assert db.session.execute(select(Alert.settled_at)).scalar_one() is None
