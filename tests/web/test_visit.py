"""Two appointments in one visit, at the desk: a list of links, both on one page, and one press for both or neither."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ..support import factories as make
from ..support.desk import Desk
from ..support.factories import at
from ..support.her_town import appointments

pytestmark = pytest.mark.usefixtures("context", "clock")


class Clinic:
    """A worker and a nurse at one hub, and the address of the page that confirms ten o'clock with the worker."""

    def __init__(self) -> None:
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub")
        self.talk, self.health = make.make_type(name="Catch-up"), make.make_type(name="Health check")
        worker = make.make_staff(given_name="Aisha", family_name="Khan")
        self.nurse = make.make_staff(given_name="Ngozi", family_name="Obi")
        here = make.make_session(self.hub, at(10), at(11), (worker,), (self.talk,))
        self.nurse_in = make.make_session(self.hub, at(10, 30), at(11, 30), (self.nurse,), (self.health,))
        self.her = make.make_client()
        self.path = f"/reception/clients/{self.her}/book"
        self.pick = {
            "session": here, "staff": worker, "mode": "in-person", "type": self.talk,
            "at": at(10).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def lost(self) -> None:
        booking.book(SYSTEM, Choice(make.make_client(), self.health, self.nurse_in, self.nurse, "in-person",
                                    at(10, 30)))


@pytest.fixture
def clinic(context: Any, clock: Any) -> Clinic:
    return Clinic()


@pytest.fixture
def desk(app: Flask, context: Any) -> Desk:
    return Desk(app, "reception")


def both_page(desk: Desk, clinic: Clinic) -> BeautifulSoup:
    page = BeautifulSoup(desk.get(clinic.path, query_string=clinic.pick).text, "html.parser")
    link = page.select_one("ul[aria-labelledby=others] a")
    assert link is not None
    assert "Health check" in link.text
    assert "Ngozi Obi" in link.text
    query = dict(parse_qsl(urlsplit(str(link["href"])).query))
    return BeautifulSoup(desk.get(clinic.path, query_string=query).text, "html.parser")


def fields(page: BeautifulSoup) -> dict[str, str]:
    form = page.select_one("form.sheet")
    assert form is not None
    return {str(each["name"]): str(each["value"]) for each in form.select("input[type=hidden]")}


def test_both_are_shown_and_one_press_books_both_however_often(desk: Desk, clinic: Clinic) -> None:
    page = both_page(desk, clinic)
    assert "Book both" in page.text
    assert "Only the first" in page.text
    for _ in range(2):
        assert desk.post(clinic.path, **fields(page)).status_code == 303
    assert [(row.type_id, row.start) for row in appointments(clinic.her)] == [
        (clinic.talk, at(10)), (clinic.health, at(10, 30)),
    ]


def test_only_the_first_is_one_step_away(desk: Desk, clinic: Clinic) -> None:
    link = both_page(desk, clinic).find("a", string="Only the first")
    back = BeautifulSoup(desk.get(clinic.path + link["href"]).text, "html.parser")  # type: ignore[index]
    assert "Book it" in back.text
    desk.post(clinic.path, **fields(back))
    assert len(appointments(clinic.her)) == 1


def test_a_lost_race_books_neither_and_offers_others(desk: Desk, clinic: Clinic) -> None:
    page = both_page(desk, clinic)
    clinic.lost()
    answer = desk.post(clinic.path, **fields(page))
    assert answer.status_code == 409
    assert appointments(clinic.her) == []
    assert "10:00" in answer.text


def test_what_was_typed_wrong_is_kept_with_both(desk: Desk, clinic: Clinic) -> None:
    typed = {**fields(both_page(desk, clinic)), "note": "x" * 501}
    answer = desk.post(clinic.path, **typed)
    assert answer.status_code == 422
    assert "Book both" in answer.text
    assert "x" * 501 in answer.text


@pytest.mark.parametrize("odd", [
    {"also_session": "x"}, {"also_mode": "y"}, {"also_session": "999999"}, {"also_type": "999999"}, {"also_": "1"},
])
def test_an_odd_address_is_never_an_error(desk: Desk, clinic: Clinic, odd: dict[str, str]) -> None:
    whole = {**fields(both_page(desk, clinic)), **odd}
    assert desk.get(clinic.path, query_string=whole).status_code in (200, 404, 422)
    assert desk.post(clinic.path, **whole).status_code in (303, 404, 409, 422)
