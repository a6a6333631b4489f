"""The page of phones: texts as they would arrive, for demonstrations; and no such page where texts are real."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event

from scheduler.extensions import db
from scheduler.notifications import sender
from scheduler.services import links
from scheduler.services.actors import SYSTEM
from scheduler.services.identities import index_person
from tests.support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from tests.support.desk import Desk, make_user
from tests.support.factories import at
from tests.support.serving import LiveServer
from tests.support.twilio_fake import Twilio

from .conftest import Scene

HERS, OTHERS = "+447700900123", "+447700900456"


def woman(scene: Scene, phone: str, name: str) -> int:
    made = scene.woman(client={"phone": phone, "given_name": name})
    index_person("client", made, [f"{name} Reyes"], None, phone)
    return made


@pytest.fixture
def two_phones(scene: Scene, clock: Any) -> tuple[int, int]:
    her, other = (woman(scene, phone, name) for phone, name in ((HERS, "Ana"), (OTHERS, "Dilys")))
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
    def test_each_number_is_a_phone_the_one_with_the_newest_text_first_and_reads_like_a_phone(self, app: Flask) -> None:
        phones = page(app).select("[data-phone]")
        assert [phone.select(".number")[0].get_text() for phone in phones] == ["07700 900123", "07700 900456"]
        assert [text.get_text()[:13] for text in phones[0].select(".text")] == ["You are booke", "Choose what s"]

    def test_a_phone_says_whose_it_is_and_what_is_still_to_come(self, app: Flask) -> None:
        assert [str(phone.h2.contents[0]) for phone in page(app).select("[data-phone]")] == ["Ana R.", "Dilys R."]
        coming = page(app).select(".coming li")
        assert coming
        assert all(each.get_text().startswith("A reminder will come on ") for each in coming)
        assert all("at a safe hour" in each.get_text() for each in coming)

    def test_a_reply_stands_on_the_phone_and_goes_the_way_of_a_real_one(
        self, app: Flask, two_phones: tuple[int, int]
    ) -> None:
        desk, key = Desk(app, "reception"), f"c{two_phones[1]}"
        assert desk.post("/handset/reply", phone=key, quick="2", body="").location == f"/handset/#p-{key}"
        assert desk.post("/handset/reply", phone=key, body="Is there parking?").status_code == 303
        other = page(app).select_one(f'[data-phone="{key}"]')
        assert other is not None
        assert [each.select(".text")[0].get_text().split(": ")[-1] for each in other.select(".wrote")] == [
            "2", "Is there parking?"
        ]
        waiting = desk.get("/reception/replies").text
        assert "Wants another time" in waiting
        assert "Is there parking?" in waiting

    def test_stop_from_a_phone_stops_its_texts_and_says_so(self, app: Flask, two_phones: tuple[int, int]) -> None:
        desk = Desk(app, "reception")
        desk.post("/handset/reply", phone=f"c{two_phones[0]}", quick="STOP", body="")
        assert "Texts to this number are stopped" in desk.get("/handset/").text
        assert "Not safe: never use" in desk.get(f"/reception/clients/{two_phones[0]}").text

    def test_nobody_answers_from_a_phone_that_is_not_there_and_nothing_is_no_reply(
        self, app: Flask, two_phones: tuple[int, int]
    ) -> None:
        desk = Desk(app, "reception")
        assert desk.post("/handset/reply", phone="c999", body="2").status_code == 404
        assert desk.post("/handset/reply", body="2").status_code == 404
        assert desk.post("/handset/reply", phone=f"c{two_phones[0]}", body="  ").status_code == 422

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


@pytest.mark.usefixtures("context", "clock")
@pytest.mark.parametrize(
    ("role", "sees"), [("lead", True), ("reception", False), ("outreach", False), ("worker", False), ("manager", False)]
)
def test_a_text_to_staff_is_for_its_reader_and_for_those_who_see_the_safety_desk(
    app: Flask, role: str, sees: bool
) -> None:
    from scheduler.notifications.gateway import Text
    from scheduler.notifications.handset import Handset

    owner = Desk(app, "worker", staff_id=make_user("worker", "beth", phone=OTHERS))
    Handset().send(Text(1, OTHERS, "Please look at your desk now.", at(10)))
    assert ("Please look" in page(app, role).get_text()) is sees
    assert "Please look" in owner.get("/handset/").text
    other = Desk(app, role, username="another")
    assert (other.post("/handset/reply", phone=f"s{owner.staff_id}", body="2").status_code == 303) is sees


@pytest.mark.usefixtures("two_phones")
def test_many_phones_cost_as_few_questions_as_one(app: Flask, scene: Scene) -> None:
    def questions() -> int:
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert desk.get("/handset/").status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    desk = Desk(app, "reception")
    desk.get("/handset/")
    few = questions()
    for number in range(6):
        scene.book(woman(scene, f"+44770090080{number}", "Efa"), at(9 + number, day=11))
    sender.run_once()
    assert questions() == few <= 7


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
