"""The safety desk in the browser's words: leads alone, nothing lost that was typed, nothing seen unrecorded."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, Exclusion, Match, TimeRequest, Venue
from scheduler.services import booking, case_views, clients, exclusions
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.desk import Desk
from tests.support.factories import at

DESK = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def lead(app: Flask) -> Desk:
    """A lead who is signed in."""
    return Desk(app, "lead", "lead-one")


def add(given: str, family: str, **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def record(protects: int, *names: str, **values: Any) -> int:
    return exclusions.record(SYSTEM, ExclusionDetails(protects, names=names, **values)).exclusion_id


def one(model: Any) -> Any:
    """The only row, as it is now: a transaction of the test's own would still see what was there before a request."""
    db.session.rollback()
    return db.session.execute(select(model)).scalar_one()


class Morning:
    """She and he, both booked on the same morning at one place."""

    def __init__(self) -> None:
        venue, self.type = make.make_venue(), make.make_type()
        make.open_all_day(venue)
        self.she, self.he = add("Alma", "Reyes"), add("Gareth", "Pike", date_of_birth="5/3/1985")
        self.booked = []
        for client in (self.she, self.he):
            worker = make.make_staff()
            session = make.make_session(venue, at(10, day=1), at(12, day=1), (worker,), (self.type,))
            choice = Choice(client, self.type, session, worker, "in-person", at(10, day=1))
            self.booked.append(booking.book(DESK, choice).id)


def everything(made: int, match: int, case: int, client: int) -> list[tuple[str, str]]:
    return [
        ("GET", "/safety/"), ("GET", f"/safety/exclusions/{made}"), ("GET", f"/safety/exclusions/{made}/edit"),
        ("GET", f"/safety/clients/{client}"), ("GET", f"/safety/clients/{client}/exclusions/new"),
        ("GET", "/safety/exclusions/new"), ("GET", f"/safety/matches/{match}"), ("GET", f"/safety/cases/{case}"),
        ("POST", "/safety/exclusions/new"), ("POST", f"/safety/clients/{client}/exclusions/new"),
        ("POST", f"/safety/exclusions/{made}/edit"), ("POST", f"/safety/exclusions/{made}/closing"),
        ("POST", f"/safety/exclusions/{made}/close"), ("POST", f"/safety/exclusions/{made}/keep"),
        ("POST", f"/safety/exclusions/{made}/reopen"), ("POST", f"/safety/matches/{match}"),
        ("POST", "/safety/requests/1/confirm"), ("POST", "/safety/requests/1/settle"),
        ("POST", "/safety/requests/1/book"), ("GET", f"/safety/overrides/new?client={client}"),
        ("GET", "/safety/looks"), ("GET", f"/safety/looks?exclusion={made}"),
        ("POST", f"/safety/overrides/new?client={client}"),
        ("POST", f"/safety/cases/{case}/move"), ("POST", f"/safety/cases/{case}/cancel"),
        ("POST", f"/safety/cases/{case}/override"),
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["reception", "outreach", "worker", "manager"])
def test_no_other_role_opens_any_page_of_the_desk(app: Flask, role: str) -> None:
    morning = Morning()
    made = record(morning.she, person=("client", morning.he))
    case = case_views.open_clashes(SYSTEM)[0].case_id
    assert case is not None
    desk = Desk(app, role, f"{role}-one")
    for method, path in everything(made, one(Match).id, case, morning.she):
        answer = desk.get(path) if method == "GET" else desk.post(path)
        assert answer.status_code == 403, path
        assert "Pike" not in answer.text
    assert db.session.execute(select(AuditRecord).where(AuditRecord.action == "look")).first() is None


def test_a_visitor_is_sent_to_sign_in(app: Flask) -> None:
    assert app.test_client().get("/safety/").status_code == 302


def test_recording_an_exclusion_against_a_known_man_shows_what_it_affects_at_once(lead: Desk) -> None:
    morning = Morning()
    path = f"/safety/clients/{morning.she}/exclusions/new"
    looked = lead.post(path, do="look", look_for="Gaz Pike", names="Gaz", notes="Typed before.", separation="day")
    page = BeautifulSoup(looked.text, "html.parser")
    choice = page.find("input", {"name": "person", "value": f"client:{morning.he}"})
    assert choice is not None
    assert "Typed before." in looked.text
    saved = lead.post(
        path, do="save", person=f"client:{morning.he}", separation="day", gap_minutes="30", source="marac"
    )
    assert saved.status_code == 303
    shown = lead.get(saved.location).text
    assert "1 future appointment is affected" in shown
    assert "1 person whom we know may be meant, and is kept apart." in shown
    assert shown.count("Open this appointment") == 2
    assert (one(Exclusion).separation, one(Exclusion).source) == ("day", "marac")


def test_recording_one_against_someone_known_by_a_nickname_only(lead: Desk) -> None:
    she = add("Alma", "Reyes")
    saved = lead.post(
        f"/safety/clients/{she}/exclusions/new", do="save", names="Gaz", separation="gap", gap_minutes="45",
        source="told-us",
    )  # fmt: skip
    page = lead.get(saved.location).text
    assert "Too little is known" in page
    assert "No future appointment is affected" in page
    assert "may be meant" not in page
    assert one(Exclusion).gap_minutes == 45


def test_what_was_typed_stays_when_it_is_refused(lead: Desk) -> None:
    she = add("Alma", "Reyes")
    answer = lead.post(
        f"/safety/clients/{she}/exclusions/new", do="save", names="Gareth Pike", date_of_birth="31/2/1985",
        phone="12", separation="gap", gap_minutes="99999", source="told-us", notes="Tall.",
    )  # fmt: skip
    assert answer.status_code == 422
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.find(id="gap_minutes-wrong") is not None
    answer = lead.post(
        f"/safety/clients/{she}/exclusions/new", do="save", names="Gareth Pike", date_of_birth="31/2/1985",
        phone="12", separation="gap", gap_minutes="30", source="told-us", notes="Tall.",
    )  # fmt: skip
    page = BeautifulSoup(answer.text, "html.parser")
    assert page.find(id="date_of_birth-wrong") is not None
    assert page.find(id="phone-wrong") is not None
    assert "Gareth Pike" in answer.text
    assert "Tall." in answer.text
    assert 'value="31/2/1985"' in answer.text
    assert db.session.execute(select(Exclusion)).first() is None


@pytest.mark.parametrize(
    "fields",
    [{}, {"separation": "x"}, {"person": "client:x"}, {"person": "client:99999999999999999999"}, {"sites": "7"},
     {"sites": "x"}, {"gap_minutes": "-1"}, {"review_on": "2026-02-31"}, {"source": "x"}, {"person": "ghost:1"},
     {"names": "x" * 5000}, {"names": "\x00"}],
)  # fmt: skip
def test_bad_input_is_never_a_fault_of_ours(lead: Desk, fields: dict[str, str]) -> None:
    she = add("Alma", "Reyes")
    answer = lead.post(f"/safety/clients/{she}/exclusions/new", do="save", **fields)
    assert answer.status_code == 422
    assert db.session.execute(select(Exclusion)).first() is None


def test_the_desk_lists_what_waits(lead: Desk) -> None:
    morning = Morning()
    record(morning.she, "Gary Pyke", date_of_birth="1985")
    record(add("Brenda", "Holt"), "Shaz")
    page = lead.get("/safety/").text
    assert "Settle by" in page
    assert "Gareth Pike" in page
    assert "Gary Pyke" in page
    assert "Pike ~ Pyke" in page.replace("Pyke ~ Pike", "Pike ~ Pyke")
    assert "Too little is known" in page


def test_no_page_says_more_in_its_title_or_address_than_it_must(lead: Desk) -> None:
    morning = Morning()
    made = record(morning.she, "Gareth Pike")
    case = case_views.open_clashes(SYSTEM)[0].case_id or 0
    for method, path in everything(made, one(Match).id, case, morning.she):
        if method == "GET":
            answer = lead.get(path)
            assert answer.status_code == 200, path
            title = re.search(r"<title>(.*?)</title>", answer.text, re.S)
            assert title is not None
            assert not re.search("Alma|Pike|Gareth|women|safety|exclusion", title[1], re.I)


def test_looking_at_any_page_is_recorded(lead: Desk) -> None:
    morning = Morning()
    made = record(morning.she, "Gareth Pike")
    case = case_views.open_clashes(SYSTEM)[0].case_id or 0
    match = one(Match).id

    def looks() -> int:
        db.session.rollback()
        query = select(AuditRecord.id).where(AuditRecord.action == "look", AuditRecord.actor_id == lead.staff_id)
        return len(db.session.execute(query).all())

    for path in (
        "/safety/", f"/safety/exclusions/{made}", f"/safety/exclusions/{made}/edit", f"/safety/clients/{morning.she}",
        f"/safety/matches/{match}", f"/safety/cases/{case}",
    ):  # fmt: skip
        before = looks()
        assert lead.get(path).status_code == 200
        assert looks() > before, path


def test_a_match_is_dismissed_with_a_reason_on_one_page(lead: Desk) -> None:
    morning = Morning()
    record(morning.she, "Gaz Pike")
    match = one(Match)
    path = f"/safety/matches/{match.id}"
    page = lead.get(path).text
    assert "Gareth" in page
    assert "5 March 1985" in page
    assert "Gaz" in page
    seen = BeautifulSoup(page, "html.parser").find(id="seen")["value"]  # type: ignore[index]
    assert lead.post(path, decision="dismissed", reason="", seen=seen).status_code == 422
    assert lead.post(path, decision="dismissed", reason="Someone else.", seen=seen).status_code == 303
    assert one(Match).state == "dismissed"
    assert case_views.open_clashes(SYSTEM) == []


def test_a_decision_on_an_old_page_is_refused_and_the_page_shows_what_changed(lead: Desk, clock: Any) -> None:
    morning = Morning()
    record(morning.she, "Gaz Pike")
    path = f"/safety/matches/{one(Match).id}"
    seen = BeautifulSoup(lead.get(path).text, "html.parser").find(id="seen")["value"]  # type: ignore[index]
    clock.forward(minutes=5)
    clients.edit(DESK, morning.he, ClientDetails("Gareth", "Pike", date_of_birth="6/3/1985"), 1)
    answer = lead.post(path, decision="dismissed", reason="Someone else.", seen=seen)
    assert answer.status_code == 412
    assert "6 March 1985" in answer.text
    assert one(Match).state == "possible"


def test_closing_takes_two_leads(app: Flask, lead: Desk) -> None:
    made = record(add("Alma", "Reyes"), "Gareth Pike")
    page = f"/safety/exclusions/{made}"
    lead.post(f"{page}/closing", reason="He moved to Spain.", version="1")
    assert "Someone else must confirm" in lead.get(page).text
    lead.post(f"{page}/close", version="2")
    assert one(Exclusion).active
    other = Desk(app, "lead", "lead-two")
    assert "He moved to Spain." in other.get(page).text
    other.post(f"{page}/close", version="2")
    assert not one(Exclusion).active
    assert "In force again" not in other.get(page).text
    assert "Closed on" in other.get(page).text


def test_changing_one_keeps_its_history_and_refuses_a_stale_page(lead: Desk) -> None:
    made = record(add("Alma", "Reyes"), "Gareth Pike")
    path = f"/safety/exclusions/{made}/edit"
    fields = {"names": "Gareth Pike\nSpider", "separation": "day", "gap_minutes": "30", "source": "police"}
    assert lead.post(path, **fields, version="1").status_code == 303
    page = lead.get(f"/safety/exclusions/{made}").text
    assert "Spider" in page
    assert "Names before: Gareth Pike" in page
    refused = lead.post(path, **fields, version="1")
    assert refused.status_code == 412
    again = BeautifulSoup(refused.text, "html.parser").find("a", target="_blank")
    assert again is not None
    assert again["href"] == path


def test_a_review_date_is_one_that_comes_back_to_the_desk(lead: Desk) -> None:
    she = add("Alma", "Reyes")
    path, fields = f"/safety/clients/{she}/exclusions/new", {"do": "save", "names": "Gaz Pike", "gap_minutes": "30"}
    fields |= {"separation": "gap", "source": "told-us"}
    for day, words in (
        (at(9, day=-1), "That day is past."), (at(9, day=800), "within the next two years"),
        (None, "a date that exists"),
    ):  # fmt: skip
        answer = lead.post(path, **fields, review_on=f"{day:%Y-%m-%d}" if day else "soon")
        assert answer.status_code == 422
        wrong = BeautifulSoup(answer.text, "html.parser").find(id="review_on-wrong")
        assert wrong is not None
        assert words in wrong.text
    ten = lead.post(path, **{**fields, "gap_minutes": "ten"}).text
    odd = BeautifulSoup(ten, "html.parser").find(id="gap_minutes-wrong")
    assert odd is not None
    assert odd.text.strip() == "Type a whole number."
    assert lead.post(path, **{**fields, "gap_minutes": ""}, review_on=f"{at(9):%Y-%m-%d}").status_code == 303


def test_a_review_date_that_is_past_by_now_may_stay_while_something_else_is_changed(lead: Desk) -> None:
    past = at(9, day=-20).date()
    made = exclusions.record(
        lead.actor, ExclusionDetails(add("Alma", "Reyes"), names=("Gareth Pike",), review_on=past)
    ).exclusion_id
    fields = {"names": "Gaz Pike", "separation": "day", "gap_minutes": "30", "source": "police", "version": "1"}
    path = f"/safety/exclusions/{made}/edit"
    assert lead.post(path, **fields, review_on=f"{at(9, day=-2):%Y-%m-%d}").status_code == 422
    assert lead.post(path, **fields, review_on=past.isoformat()).status_code == 303


def test_a_place_that_this_lead_may_not_know_of_is_neither_shown_nor_lost(lead: Desk) -> None:
    from scheduler.models import ExclusionSite

    hub, refuge = make.make_site("Mill Lane"), make.make_site("Rowan House")
    make.make_venue(hub, name="The Mill")
    make.make_venue(refuge, kind="refuge", confidential=True, name="Rowan House", label="Where you are staying")
    made = record(add("Alma", "Reyes"), "Gareth Pike", separation="site", sites=(hub, refuge))
    path = f"/safety/exclusions/{made}"
    assert "Rowan" not in lead.get(path).text + lead.get(f"{path}/edit").text
    lead.post(
        f"{path}/edit", names="Gareth Pike", separation="site", sites=str(hub), gap_minutes="30", source="told-us",
        version="1",
    )  # fmt: skip
    assert set(db.session.execute(select(ExclusionSite.site_id)).scalars()) == {hub, refuge}


def ask(client: int, type_id: int, booked: int) -> tuple[int, int]:
    """A request for the session of an appointment. Gives its id and the session's."""
    row = db.session.get_one(Appointment, booked)
    request = TimeRequest(
        client_id=client, type_id=type_id, mode="in-person", made_at=at(9), state="open",
        wishes=json.dumps([[row.session_id, at(10, day=1).isoformat()]]),
    )
    db.session.add(request)
    db.session.commit()
    return request.id, row.session_id


def test_a_requested_time_is_booked_by_the_same_door_as_every_other(lead: Desk) -> None:
    morning = Morning()
    third = add("Carl", "Stone")
    made, session = ask(third, morning.type, morning.booked[0])
    assert "Carl Stone" in lead.get("/safety/").text
    path = f"/safety/requests/{made}/confirm"
    assert lead.post(path, session=session, start=at(11, day=1).isoformat()).status_code == 404
    assert lead.post(path, session=session, start=at(10, day=1).isoformat()).status_code == 303
    assert one(TimeRequest).state == "settled"
    query = select(Appointment.start).where(Appointment.client_id == third)
    assert db.session.execute(query).scalar_one() == at(10, 30, day=1)
    assert "Carl Stone" not in lead.get("/safety/").text


def test_a_request_says_where_and_how_and_the_answer_says_when(lead: Desk) -> None:
    morning = Morning()
    made, session = ask(add("Carl", "Stone"), morning.type, morning.booked[0])
    page = lead.get("/safety/").text
    assert "in person, asked on" in page
    assert "Book from Tuesday 3 March, 10:00, The Mill" in page
    lead.post(f"/safety/requests/{made}/confirm", session=session, start=at(10, day=1).isoformat())
    assert "Booked: Tuesday 3 March, 10:30." in lead.get("/safety/").text


def test_a_requested_place_that_this_lead_may_not_know_of_is_not_named(lead: Desk) -> None:
    morning = Morning()
    ask(add("Carl", "Stone"), morning.type, morning.booked[0])
    venue = one(Venue)
    venue.confidential = True
    db.session.commit()
    page = lead.get("/safety/").text
    assert "Book from Tuesday 3 March, 10:00, Where you are staying" in page
    assert "The Mill" not in page


def test_a_requested_time_that_is_kept_apart_is_refused_without_a_cause(lead: Desk) -> None:
    morning = Morning()
    third = add("Carl", "Stone")
    details = ExclusionDetails(morning.she, person=("client", third), separation="day")
    exclusions.record(SYSTEM, details)
    made, session = ask(third, morning.type, morning.booked[0])
    lead.post(f"/safety/requests/{made}/confirm", session=session, start=at(10, day=1).isoformat())
    assert one(TimeRequest).state == "open"
    assert "That time is not available" in lead.get("/safety/").text


def test_a_request_can_be_taken_off_the_list(lead: Desk) -> None:
    morning = Morning()
    made, _session = ask(add("Carl", "Stone"), morning.type, morning.booked[0])
    assert lead.post(f"/safety/requests/{made}/settle").status_code == 303
    assert one(TimeRequest).state == "settled"


@pytest.mark.parametrize(
    "path", ["/safety/exclusions/999", "/safety/matches/999", "/safety/cases/999", "/safety/clients/999",
             "/safety/exclusions/999/edit", "/safety/clients/999/exclusions/new"],
)  # fmt: skip
def test_what_does_not_exist_is_not_found(lead: Desk, path: str) -> None:
    assert lead.get(path).status_code == 404


def test_the_desk_takes_the_same_queries_however_much_waits(lead: Desk) -> None:
    from sqlalchemy import event

    def queries() -> int:
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert lead.get("/safety/").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    Morning()
    record(add("Alma", "Reyes"), "Gary Pyke", date_of_birth="1985")
    lead.get("/safety/")
    few = queries()
    for number in range(10):
        add("Gary", "Pyke", date_of_birth=f"{number + 1}/5/1985")
        record(add("Brenda", "Holt"), "Shaz")
    assert queries() == few
