"""The desk's waiting list: who has waited longest, what fits, the link with one press; and the same through the API."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select

from scheduler import clock as running
from scheduler.errors import Invalid, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, Message
from scheduler.services import waiting_list
from scheduler.services.actors import SYSTEM
from scheduler.services.waiting_list import Wish

from ..support import factories as make
from ..support.api import as_role
from ..support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from ..support.desk import Desk
from ..support.factories import at
from ..support.serving import LiveServer
from ..worlds.his_phone import questions

LATER = at(0, 0, 20).date()


class Town:
    """One place with two days of times, a refuge, and two women who may be texted or not."""

    def __init__(self) -> None:
        self.kind, self.worker = make.make_type(), make.make_staff(given_name="Aisha", family_name="Khan")
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub")
        self.refuge = make.make_venue(name="Rosewood House", label="", confidential=True)
        for day in (1, 2):
            make.make_session(self.hub, at(10, 0, day), at(12, 0, day), (self.worker,), (self.kind,))
        self.sarah = make.make_client(given_name="Sarah", family_name="Kelly")
        self.mina = make.make_client(given_name="Mina", family_name="Patel")
        make.make_safe_contact(self.sarah)

    def wait(self, client: int, until: date | None = None, **wish: Any) -> int:
        return waiting_list.join(SYSTEM, client, self.kind, Wish(**wish), until or LATER)


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    """A small town on the clock's Monday."""
    return Town()


def lines(page: Any) -> list[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(each.get_text(" ").split()) for each in soup.select("main .waits")]


def links_planned() -> list[int]:
    query = select(Message.client_id).where(Message.purpose == "link").order_by(Message.id)
    return list(db.session.execute(query).scalars())


def test_whoever_has_waited_longest_is_first_with_what_would_suit_and_no_full_name(
    app: Flask, town: Town, clock: Any
) -> None:
    town.wait(town.sarah, modes=("in-person",), places=(town.hub,), weekdays=(1, 3), woman_worker=True, creche=2)
    clock.forward(days=1)
    town.wait(town.mina, language="Polish", from_minute=540, until_minute=720)
    desk = Desk(app, "reception")
    page = desk.get("/reception/waiting-list")
    first, second = lines(page)
    assert first.startswith("Sarah K. Catch-up In person · Riverside Hub · Tue, Thu · a woman · 2 children Waiting")
    assert second.startswith("Mina P. Catch-up 09:00–12:00 · Polish Waiting since Tuesday 3 March")
    assert "Kelly" not in page.text
    assert "Patel" not in page.text
    assert 'href="/reception/waiting-list"' in desk.get("/reception/").text


def test_times_that_fit_are_the_offers_of_every_booking_and_can_be_booked(app: Flask, town: Town) -> None:
    waits = town.wait(town.sarah, weekdays=(2,))
    desk = Desk(app, "reception")
    page = desk.get(f"/reception/waiting-list/{waits}")
    fits = BeautifulSoup(page.text, "html.parser").select("section li a")
    assert " ".join(fits[0].get_text(" ").split()) == (
        "Wednesday 4 March, 10:00 In person · Riverside Hub · Aisha Khan"
    )
    assert len(fits) == 1  # the first of the day is enough to ask her about
    booking_page = desk.get(str(fits[0]["href"]))
    assert booking_page.status_code == 200
    assert "10:00" in booking_page.text


def test_one_press_sends_the_link_where_a_text_is_safe_and_says_so_where_it_is_not(app: Flask, town: Town) -> None:
    safe, unsafe = town.wait(town.sarah), town.wait(town.mina)
    desk = Desk(app, "reception")
    first, second = lines(desk.get("/reception/waiting-list"))
    assert "Send a link" in first
    assert "Send a link" not in second
    assert "No text is safe" in second
    answer = desk.post(f"/reception/waiting-list/{safe}/offer")
    assert (answer.status_code, answer.location) == (303, "/reception/waiting-list")
    assert links_planned() == [town.sarah]
    assert "Link sent Monday 2 March" in lines(desk.get("/reception/waiting-list"))[0]
    desk.post(f"/reception/waiting-list/{unsafe}/offer")
    assert "No link was sent" in desk.get("/reception/waiting-list").text


def test_two_receptionists_who_press_at_once_send_her_one_text(app: Flask, town: Town, clock: Any) -> None:
    waits = town.wait(town.sarah)
    for _ in range(2):
        Desk(app, "reception").post(f"/reception/waiting-list/{waits}/offer")
    assert links_planned() == [town.sarah]
    clock.forward(minutes=5)  # one that she lost is sent again
    Desk(app, "reception").post(f"/reception/waiting-list/{waits}/offer")
    assert links_planned() == [town.sarah] * 2


def test_done_takes_her_off_and_so_do_an_appointment_and_her_last_day(app: Flask, town: Town, clock: Any) -> None:
    one = town.wait(town.sarah)
    town.wait(town.mina, until=at(0, 0, 1).date())
    desk = Desk(app, "reception")
    desk.post(f"/reception/waiting-list/{one}/done")
    assert [line.split(" Catch-up")[0] for line in lines(desk.get("/reception/waiting-list"))] == ["Mina P."]
    assert desk.post(f"/reception/waiting-list/{one}/done").status_code == 404
    assert desk.get(f"/reception/waiting-list/{one}").status_code == 404
    clock.forward(days=2)
    assert waiting_list.listed(SYSTEM) == []
    clock.forward(days=40)
    assert waiting_list.forget() == 2


def test_a_refuge_is_only_where_she_is_staying_to_who_is_not_assigned_to_it(app: Flask, town: Town) -> None:
    make.make_stay(town.sarah, town.refuge)
    inside = make.make_staff(given_name="Cat")
    make.make_session(town.refuge, at(9, 0, 1), at(10, 0, 1), (inside,), (town.kind,))
    waits = town.wait(town.sarah, places=(town.refuge,))
    stranger, assigned = Desk(app, "reception"), Desk(app, "reception")
    make.assign(assigned.staff_id, town.refuge)
    for path in ("/reception/waiting-list", f"/reception/waiting-list/{waits}"):
        assert "Rosewood" not in stranger.get(path).text
        assert "Where you are staying" in stranger.get(path).text
        assert "Rosewood" in assigned.get(path).text
    assert "No time fits now" in stranger.get(f"/reception/waiting-list/{waits}").text
    assert "09:00" in assigned.get(f"/reception/waiting-list/{waits}").text


def test_the_number_of_queries_does_not_grow_with_who_waits(app: Flask, town: Town) -> None:
    town.wait(town.sarah, places=(town.hub,), staff=(town.worker,))
    desk = Desk(app, "reception")
    desk.get("/reception/waiting-list")
    with questions() as few:
        desk.get("/reception/waiting-list")
    for number in range(8):
        venue, worker = make.make_venue(name=f"Place {number}"), make.make_staff()
        town.wait(make.make_client(), places=(venue,), staff=(worker,))
    with questions() as many:
        desk.get("/reception/waiting-list")
    assert len(many) == len(few)


@pytest.mark.parametrize(
    ("wish", "until", "field"),
    [({}, at(0, 0, -1).date(), "until"), ({}, at(0, 0, 200).date(), "until"), ({"modes": ("owl",)}, None, "modes"),
     ({"weekdays": (9,)}, None, "weekdays"), ({"kinds": ("ball",)}, None, "kinds")],
)
def test_what_makes_no_sense_is_refused_by_field(town: Town, wish: dict[str, Any], until: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        town.wait(town.sarah, until=until, **wish)
    assert field in refused.value.fields


def test_nobody_waits_for_what_there_is_not(town: Town) -> None:
    for client, kind in ((999_999, town.kind), (town.sarah, 999_999)):
        with pytest.raises(NotFound):
            waiting_list.join(SYSTEM, client, kind, Wish(), at(0, 0, 20).date())


def test_the_same_goes_through_the_api(app: Flask, town: Town) -> None:
    api = as_role(app.test_client(), "outreach")
    body = {"client_id": town.sarah, "type_id": town.kind, "until": "2026-03-20", "modes": ["phone", "in-person"],
            "place_ids": [town.hub], "creche": 1}
    made = api.post("/waiting-list", body)
    assert made.status_code == 201, made.text
    assert made.json["places"] == [{"id": town.hub, "name": "Riverside Hub"}]
    [listed] = api.get("/waiting-list").json["items"]
    assert (listed["client_id"], listed["creche"], listed["until"]) == (town.sarah, 1, "2026-03-20")
    assert api.post(f"/waiting-list/{listed['id']}/offer").status_code == 202
    assert links_planned() == [town.sarah]
    assert api.get(f"/waiting-list/{listed['id']}/offers").json["items"] == []  # there is no crèche
    assert api.post(f"/waiting-list/{listed['id']}/settle").status_code == 204
    assert api.get("/waiting-list").json["items"] == []
    assert db.session.execute(select(Appointment.id)).first() is None


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_is_readable_at_every_width(live_server: LiveServer, open_page: Visits, width: int) -> None:
    with live_server.app.app_context():
        town, until = Town(), running.now().date() + timedelta(days=9)
        town.wait(town.sarah, until, places=(town.hub,), weekdays=(1, 3), woman_worker=True)
        waits = town.wait(town.mina, until)
        desk = Desk(live_server.app, "reception")
        db.session.remove()
    page = open_page(width=width)
    page.context.add_cookies([{"name": "desk", "value": desk.token, "url": live_server.url}])
    for path in ("/reception/waiting-list", f"/reception/waiting-list/{waits}"):
        page.goto(path)
        assert accessibility_violations(page) == [], path
        assert not overflows(page), path
