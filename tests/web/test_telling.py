"""Whom the desk still has to tell, and how it says that someone did."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

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
    assert "Told by one of us" in desk.get(f"/reception/appointments/{booked.id}").text


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
