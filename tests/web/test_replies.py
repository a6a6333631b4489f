"""The desk's list of texts that came back: short names, what can be done, and nothing about who cannot be known."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import insert, update

from scheduler import clock as running
from scheduler.extensions import db
from scheduler.models import Reply, SafeContact
from scheduler.notifications.replies import stop_texts
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ..support import factories as make
from ..support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from ..support.desk import Desk
from ..support.factories import at
from ..support.serving import LiveServer


def came(**values: Any) -> int:
    made: int = db.session.execute(
        insert(Reply.__table__).values(received_at=running.now(), **values).returning(Reply.__table__.c.id)
    ).scalar_one()
    db.session.commit()
    return made


@pytest.fixture
def booked(context: Any, clock: Any) -> booking.Booked:
    hub, kind, worker = make.make_venue(name="Riverside Hub"), make.make_type(), make.make_staff()
    held = make.make_session(hub, at(10, day=1), at(12, day=1), (worker,), (kind,))
    her = make.make_client(given_name="Sarah", family_name="Kelly")
    return booking.book(SYSTEM, Choice(her, kind, held, worker, "in-person", at(10, day=1)))


def lines(page: Any) -> list[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(each.get_text(" ").split()) for each in soup.select("main tbody tr")]


def test_who_wants_another_time_is_named_shortly_with_a_way_to_move_it_and_done_takes_it_off(
    app: Flask, booked: booking.Booked
) -> None:
    desk = Desk(app, "reception")
    task = came(client_id=booked.client_id, appointment_id=booked.id, appointment_version=1, meaning="another-time")
    page = desk.get("/reception/replies")
    [line] = lines(page)
    assert "Sarah K. Wants another time Tuesday 3 March, 10:00" in line
    assert "Kelly" not in page.text
    assert f"/reception/appointments/{booked.id}/move" in page.text
    answer = desk.post(f"/reception/replies/{task}/done")
    assert (answer.status_code, answer.location) == (303, "/reception/replies")
    assert "No text waits" in desk.get("/reception/replies").text


def test_a_text_of_nobody_in_particular_links_to_nobody(app: Flask, booked: booking.Booked) -> None:
    came(meaning="another-time")
    came(meaning="other")
    page = Desk(app, "worker").get("/reception/replies")
    first, second = lines(page)
    assert "Nobody can say" in first
    assert "Wants another time" in first
    assert "its words were not kept" in second
    assert "/reception/clients/" not in str(BeautifulSoup(page.text, "html.parser").select("main table"))
    assert "/move" not in page.text


def test_words_are_shown_as_words(app: Flask, booked: booking.Booked) -> None:
    came(client_id=booked.client_id, meaning="other", words="<b>late</b>")
    assert "&lt;b&gt;late" in Desk(app, "reception").get("/reception/replies").text


def test_the_days_page_says_how_many_wait(app: Flask, booked: booking.Booked) -> None:
    desk = Desk(app, "reception")

    def link() -> str:
        found = BeautifulSoup(desk.get("/reception/").text, "html.parser").select_one('a[href="/reception/replies"]')
        assert found is not None
        return " ".join(found.get_text(" ").split())

    assert link() == "Replies"
    came(client_id=booked.client_id, meaning="another-time")
    came(client_id=booked.client_id, appointment_id=booked.id, appointment_version=1, meaning="coming")
    assert link() == "Replies 1"


def test_what_is_not_there_is_not_found(app: Flask, booked: booking.Booked) -> None:
    assert Desk(app, "reception").post("/reception/replies/999/done").status_code == 404


def test_her_appointments_page_says_that_she_answered(app: Flask, booked: booking.Booked) -> None:
    came(
        client_id=booked.client_id, appointment_id=booked.id, appointment_version=booked.version, meaning="coming"
    )
    desk = Desk(app, "reception")
    assert "Answered by text that she is coming" in desk.get(f"/reception/appointments/{booked.id}").text
    assert lines(desk.get("/reception/untold")) == []


@pytest.mark.parametrize("width", [min(WIDTHS), max(WIDTHS)])
def test_the_list_can_be_read_by_anyone_at_any_width(open_page: Visits, live_server: LiveServer, width: int) -> None:
    with live_server.app.app_context():
        her = make.make_client(given_name="Sarah", family_name="Kelly")
        came(client_id=her, meaning="another-time")
        came(client_id=her, meaning="other", words="Could I come a bit later than that please? " * 4)
        came(meaning="other")
        token = Desk(live_server.app, "reception").token
    page = open_page(width)
    page.context.add_cookies([{"name": "desk", "value": token, "url": live_server.url}])
    page.goto("/reception/replies")
    assert page.locator("main tbody tr").count() == 3
    assert not overflows(page)
    assert accessibility_violations(page) == []


def test_stop_is_said_on_her_page_with_what_to_do_until_someone_has_asked_her(
    app: Flask, booked: booking.Booked, clock: Any
) -> None:
    make.make_safe_contact(booked.client_id)
    desk, page = Desk(app, "reception"), f"/reception/clients/{booked.client_id}"
    assert "STOP was answered" not in desk.get(page).text
    stop_texts(booked.client_id)
    said = BeautifulSoup(desk.get(page).text, "html.parser").get_text(" ")
    assert "STOP was answered from her number on Monday 2 March, 09:00" in said
    assert "Ask her in person" in said
    clock.forward(minutes=5)
    for safe in ("no", "yes"):
        db.session.execute(update(SafeContact).values(safe=safe, checked_at=running.now()))
        db.session.commit()
        assert "STOP was answered" not in desk.get(page).text
