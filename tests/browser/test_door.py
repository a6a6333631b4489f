"""The arrival check in a real browser: by keyboard, with and without scripts, on a narrow screen and at a counter."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from scheduler.services import booking, clients, exclusions
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.desk import PASSWORD, make_user
from ..support.serving import LiveServer


@pytest.fixture
def morning(live_server: LiveServer) -> None:
    """She is here now, and kept from a man who is no client."""
    with live_server.app.app_context():
        make_user("lead", "rita")
        hub, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        start = now - timedelta(minutes=now.minute % 5)
        session = make.make_session(hub, start, start + timedelta(minutes=30), (worker,), (kind,))
        she = clients.add(SYSTEM, ClientDetails("Alma", "Reyes"))
        booking.book(SYSTEM, Choice(she, kind, session, worker, "in-person", start))
        exclusions.record(SYSTEM, ExclusionDetails(she, names=("Gareth Pike",)))


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (320, False)])
def test_a_name_and_the_enter_key_are_enough(open_page: Visits, width: int, scripts: bool) -> None:
    page = open_page(width=width, javascript=scripts)
    page.goto("/")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Door").click()
    for typed, answer in (
        ("gaz pike", "Please use the quiet room and call the lead"), ("Tom Lane", "Go ahead"),
    ):  # fmt: skip
        page.wait_for_selector("#q:focus")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.get_by_text(answer, exact=True).wait_for()
        assert page.locator("#answer").inner_text() == answer
        assert page.url.endswith("/reception/door")
        assert typed not in page.content()
        assert accessibility_violations(page) == []
        assert not overflows(page)
    page.goto("/safety/")
    assert "Gareth Pike" in page.content()
    assert accessibility_violations(page) == []
    assert not overflows(page)
    page.get_by_label("What was done").fill("He was asked to leave.")
    page.keyboard.press("Enter")
    page.wait_for_selector(".told")
    assert "Gareth Pike" not in page.locator("main").inner_text()


@pytest.mark.usefixtures("morning")
@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (390, False)])
def test_the_page_of_the_day_answers_by_keyboard_alone(open_page: Visits, width: int, scripts: bool) -> None:
    page = open_page(width=width, javascript=scripts)
    page.goto("/")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Day", exact=True).click()
    page.wait_for_selector("#came")
    assert page.locator("#came").get_attribute("accesskey") == "k"  # a headless browser has no access keys to press
    page.locator("#came").focus()
    for typed, answer in (
        ("gaz pike", "Please use the quiet room and call the lead"), ("Tom Lane", "Go ahead"),
    ):  # fmt: skip
        page.wait_for_selector("#came:focus")
        page.keyboard.type(typed)
        page.keyboard.press("Enter")
        page.get_by_text(answer, exact=True).wait_for()
        assert page.url.endswith("/reception/")
        assert typed not in page.content()
        assert typed not in page.title()
        assert page.locator("#answer").bounding_box()["y"] < 600  # in sight  # type: ignore[index]
        assert not overflows(page)
    assert accessibility_violations(page) == []
