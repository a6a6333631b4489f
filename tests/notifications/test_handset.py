"""The page of phones: texts as they would arrive, for demonstrations; and no such page where texts are real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from scheduler.notifications import sender
from scheduler.services import links
from scheduler.services.actors import SYSTEM
from tests.support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from tests.support.desk import Desk
from tests.support.factories import at
from tests.support.serving import LiveServer
from tests.support.twilio_fake import Twilio

from .conftest import Scene

HERS, OTHERS = "+447700900123", "+447700900456"


@pytest.fixture
def two_phones(scene: Scene, clock: Any) -> tuple[int, int]:
    her, other = scene.woman(client={"phone": HERS}), scene.woman(client={"phone": OTHERS})
    scene.book(her)
    sender.run_once()
    clock.forward(minutes=5)
    scene.book(other, at(16, day=10))
    sender.run_once()
    clock.forward(minutes=5)
    links.send_link(SYSTEM, her)
    sender.run_once()
    return her, other


def page(app: Flask, role: str = "reception") -> BeautifulSoup:
    return BeautifulSoup(Desk(app, role).client.get("/handset/").get_data(as_text=True), "html.parser")


@pytest.mark.usefixtures("two_phones")
class TestThePhones:
    def test_each_number_is_a_phone_and_the_newest_text_comes_first(self, app: Flask) -> None:
        phones = page(app).select(".phone")
        assert [phone.h2.get_text() for phone in phones] == ["07700 900123", "07700 900456"]
        assert [text.get_text()[:13] for text in phones[0].select(".text")] == ["Choose what s", "You are booke"]

    def test_its_links_open_her_page(self, app: Flask) -> None:
        for link in page(app).select(".text a"):
            path = link["href"].removeprefix(app.config["SIDEGATE_PUBLIC_URL"])
            assert path.startswith("/a/")
            assert app.test_client().get(path).status_code == 200

    @pytest.mark.parametrize("role", ["reception", "outreach", "lead", "manager", "worker"])
    def test_everyone_who_works_here_may_look(self, app: Flask, role: str) -> None:
        assert len(page(app, role).select(".phone")) == 2

    def test_nobody_else_may(self, app: Flask) -> None:
        answer = app.test_client().get("/handset/")
        assert answer.status_code == 302
        assert "/sign-in" in answer.headers["Location"]

    def test_words_in_a_text_are_shown_as_words(self, app: Flask) -> None:
        from scheduler.notifications.gateway import Text
        from scheduler.notifications.handset import Handset

        Handset().send(Text(1, HERS, "<script>alert(1)</script>", at(10)))
        shown = page(app)
        assert not [each for each in shown.find_all("script") if not each.get("src")]
        assert "<script>alert(1)</script>" in shown.get_text()


def test_an_empty_drawer_says_so(app: Flask, context: object, clock: object) -> None:
    assert "No text has gone out yet" in page(app).get_text()


def test_where_texts_are_real_there_is_no_such_page(make_app: Callable[..., Flask], twilio: Twilio) -> None:
    assert make_app(**twilio.settings).test_client().get("/handset/").status_code == 404


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_can_be_read_by_anyone_at_any_width(open_page: Visits, live_server: LiveServer, width: int) -> None:
    from scheduler.notifications.gateway import Text
    from scheduler.notifications.handset import Handset

    with live_server.app.app_context():
        for number in (HERS, OTHERS, HERS):
            body = f"You are booked: Thu 12 Mar 2:00pm. See or change: {live_server.url}/a/{'x' * 22}"
            Handset().send(Text(1, number, body, at(10)))
        token = Desk(live_server.app, "reception").token
    page = open_page(width)
    page.context.add_cookies([{"name": "desk", "value": token, "url": live_server.url}])
    page.goto("/handset/")
    assert page.locator(".phone").count() == 2
    assert not overflows(page)
    assert accessibility_violations(page) == []
