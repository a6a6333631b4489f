"""Whom the desk still has to tell, and how it says that someone did."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import insert

from scheduler.extensions import db
from scheduler.models import Message
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ..support import factories as make
from ..support.desk import Desk
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def booked(context: Any, clock: Any) -> booking.Booked:
    hub, kind, worker = make.make_venue(name="Riverside Hub"), make.make_type(), make.make_staff()
    held = make.make_session(hub, at(10, day=1), at(12, day=1), (worker,), (kind,))
    her = make.make_client(given_name="Sarah", family_name="Kelly")
    return booking.book(SYSTEM, Choice(her, kind, held, worker, "in-person", at(10, day=1)))


def lines(page: Any) -> list[str]:
    soup = BeautifulSoup(page.text, "html.parser")
    return [" ".join(each.get_text(" ").split()) for each in soup.select("main tbody tr")]


def test_tomorrows_list_says_whom_to_tell_and_a_press_takes_her_off(app: Flask, booked: booking.Booked) -> None:
    desk = Desk(app, "reception")
    [line] = lines(desk.get("/reception/untold"))
    assert line.startswith("10:00 Sarah K")
    assert "texts are not recorded as safe" in line
    assert "Only in person" in line
    path = f"/reception/appointments/{booked.id}/told"
    answer = desk.post(path, how="in-person", version=booked.version, date="2026-03-03")
    assert (answer.status_code, answer.location) == (303, "/reception/untold?date=2026-03-03")
    assert lines(desk.get("/reception/untold")) == []
    assert "Told in person by Rita Shaw on" in desk.get(f"/reception/appointments/{booked.id}").text


def test_the_appointments_own_page_asks_too_and_comes_back_to_itself(app: Flask, booked: booking.Booked) -> None:
    desk, path = Desk(app, "worker"), f"/reception/appointments/{booked.id}"
    assert "Told?" in desk.get(path).text
    answer = desk.post(f"{path}/told", how="call", version=booked.version)
    assert (answer.status_code, answer.location) == (303, path)


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"how": "owl"}, 422), ({}, 422), ({"how": "call", "version": "x"}, 422), ({"how": "call", "version": "9"}, 303)],
)
def test_what_cannot_be_is_refused_kindly_and_nothing_is_kept(
    app: Flask, booked: booking.Booked, typed: dict[str, str], status: int
) -> None:
    desk = Desk(app, "reception")
    assert desk.post(f"/reception/appointments/{booked.id}/told", **typed).status_code == status
    assert len(lines(desk.get("/reception/untold?date=2026-03-03"))) == 1


def test_days_that_are_none_are_refused_and_empty_ones_say_so(app: Flask, booked: booking.Booked) -> None:
    desk = Desk(app, "reception")
    assert desk.get("/reception/untold?date=never").status_code in (200, 422)
    assert "Everybody who is to come" in desk.get("/reception/untold?date=2026-03-09").text
    assert desk.post("/reception/appointments/999/told", how="call", version=1).status_code == 404


def test_every_page_that_shows_her_appointment_says_what_is_known_in_the_same_words(
    app: Flask, booked: booking.Booked
) -> None:
    desk = Desk(app, "manager")
    pages = (
        f"/reception/appointments/{booked.id}", f"/reception/clients/{booked.client_id}", "/reception/untold",
        f"/outreach/sessions/{booked.session_id}",
    )
    for said in ("Not told: texts are not recorded as safe", "Told by phone by Rita Shaw on Monday 2 March"):
        for page in pages:
            assert said in desk.get(page).text or (page == "/reception/untold" and "Told by phone by" in said), page
        desk.post(f"/reception/appointments/{booked.id}/told", how="call", version=booked.version)


def test_why_a_text_did_not_reach_her_is_said_in_plain_words(app: Flask, booked: booking.Booked) -> None:
    row = {"client_id": booked.client_id, "appointment_id": booked.id, "appointment_version": booked.version}
    row |= {"purpose": "confirmation", "state": "undelivered", "outcome": "phone-off", "attempts": 1}
    times = dict.fromkeys(("send_after", "send_before", "created_at", "claimed_at", "settled_at"), at(9))
    db.session.execute(insert(Message), [row | times])
    db.session.commit()
    desk = Desk(app, "reception")
    [line] = lines(desk.get("/reception/untold"))
    assert "Not told: a text did not arrive; ask if her number is still right" in line
    page = desk.get(f"/reception/appointments/{booked.id}").text
    assert "Confirmation: did not arrive, The phone was off, had no signal, or could not be reached." in page


@pytest.mark.parametrize("view", ["board", "list"])
def test_the_day_marks_whom_to_tell_with_a_ring_that_says_nothing(
    app: Flask, booked: booking.Booked, view: str
) -> None:
    desk = Desk(app, "reception")
    page = f"/reception/?venue={booked.venue_id}&date=2026-03-03&view={view}"
    marked = BeautifulSoup(desk.get(page).text, "html.parser").select(".to-tell")
    assert [each["id"] for each in marked] == [f"a{booked.id}"]
    for hidden in marked[0].select(".visually-hidden"):
        hidden.extract()
    desk.post(f"/reception/appointments/{booked.id}/told", how="call", version=booked.version)
    after = desk.get(page).text
    assert "to-tell" not in after
    [told] = BeautifulSoup(after, "html.parser").select(f"#a{booked.id}")
    assert told.get_text(" ").split() == marked[0].get_text(" ").split(), "a stranger reads the same"


def test_the_desk_says_how_many_are_to_be_told(app: Flask, booked: booking.Booked) -> None:
    def count() -> str:
        button = BeautifulSoup(desk.get("/reception/").text, "html.parser").select_one('a[href="/reception/untold"]')
        assert button is not None
        return " ".join(button.text.split())

    desk = Desk(app, "reception")
    assert count() == "Still to tell 1"
    desk.post(f"/reception/appointments/{booked.id}/told", how="in-person", version=booked.version)
    assert count() == "Still to tell"


def test_the_desk_does_not_count_a_refuge_s_appointments_for_whoever_may_not_know_of_it(app: Flask) -> None:
    make.make_venue(name="Riverside Hub")
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="")
    kind, worker, her = make.make_type(), make.make_staff(), make.make_client()
    make.make_stay(her, refuge)
    held = make.make_session(refuge, at(10, day=1), at(12, day=1), (worker,), (kind,))
    booking.book(SYSTEM, Choice(her, kind, held, worker, "in-person", at(10, day=1)))
    count = '<span class="badge text-bg-primary">1</span>'
    assert count not in Desk(app, "reception").get("/reception/").text
    own = Desk(app, "manager")
    make.assign(own.staff_id, refuge)
    assert count in own.get("/reception/").text


def test_on_a_friday_the_list_goes_up_to_monday_and_says_which_day(app: Flask, clock: Any) -> None:
    clock.set(at(15, day=4))
    hub, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
    for day in (5, 7, 8):
        held = make.make_session(hub, at(10, day=day), at(12, day=day), (worker,), (kind,))
        made = booking.book(SYSTEM, Choice(make.make_client(), kind, held, worker, "in-person", at(10, day=day)))
    desk = Desk(app, "reception")
    page = desk.get("/reception/untold")
    assert "Saturday 7 March to Monday 9 March 2026" in page.text
    assert [line[:15] for line in lines(page)] == ["Saturday 7 Marc", "Monday 9 March "]
    answer = desk.post(f"/reception/appointments/{made.id}/told", how="call", version=made.version, date="next")
    assert answer.location == "/reception/untold"
    clock.set(at(15, day=3))
    assert len(lines(desk.get("/reception/untold"))) == 0


def test_the_hours_at_which_a_call_is_safe_stand_beside_her(app: Flask, booked: booking.Booked) -> None:
    make.make_safe_contact(booked.client_id, channel="call", hours=[[0, 600, 720], [2, 600, 720]])
    assert "Call: Mon, Wed 10:00–12:00" in lines(Desk(app, "reception").get("/reception/untold"))[0]
