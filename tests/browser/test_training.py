"""A training day in a real browser: texts that appear by themselves, replies, and whom still to tell."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from scheduler.notifications.gateway import Text
from scheduler.notifications.handset import Handset
from scheduler.services import booking, clients
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails

from ..support import factories as make
from ..support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from ..support.desk import PASSWORD, make_user
from ..support.serving import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

SARAHS = "+447700900123"
LONDON = ZoneInfo("Europe/London")


def text(server: LiveServer, body: str) -> None:
    with server.app.app_context():
        Handset().send(Text(1, SARAHS, body, datetime.now(UTC)))


@pytest.fixture(autouse=True)
def sarah(live_server: LiveServer) -> int:
    """She is booked tomorrow, and nobody may text her."""
    with live_server.app.app_context():
        make_user("reception", "rita")
        day = datetime.now(LONDON).date() + timedelta(days=1)
        ten = datetime(day.year, day.month, day.day, 10, tzinfo=LONDON).astimezone(UTC)
        hub, kind, worker = make.make_venue(name="Riverside Hub"), make.make_type(), make.make_staff()
        held = make.make_session(hub, ten, ten + timedelta(hours=2), (worker,), (kind,))
        her = clients.add(SYSTEM, ClientDetails("Sarah", "Kelly", phone=SARAHS))
        booking.book(SYSTEM, Choice(her, kind, held, worker, "in-person", ten))
        return her


def sign_in(page: Page) -> Page:
    page.goto("/sign-in")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/reception/")
    return page


def test_a_new_text_appears_by_itself_and_takes_nothing_from_whoever_is_typing(
    open_page: Visits, live_server: LiveServer
) -> None:
    text(live_server, "You are booked.")
    page = sign_in(open_page())
    page.goto("/handset/")
    page.get_by_role("textbox", name="Reply from").fill("Half wri")
    text(live_server, f"See or change: {live_server.url}/a/{'x' * 22}")
    link = page.locator(".text a")
    link.wait_for()
    assert page.get_by_role("textbox", name="Reply from").input_value() == "Half wri"
    assert page.locator("[data-phone]").count() == 1
    with page.context.expect_page() as opened:
        link.click()
    assert opened.value.evaluate("[opener === null, innerWidth <= 420]") == [True, True]
    assert page.url.endswith("/handset/")


@pytest.mark.parametrize("width", WIDTHS)
def test_without_scripts_a_reply_stands_on_the_phone_and_is_two_presses_from_another_time(
    open_page: Visits, live_server: LiveServer, width: int
) -> None:
    text(live_server, "You are booked.")
    page = sign_in(open_page(width, javascript=False))
    page.goto("/handset/")
    page.get_by_role("button", name="Reply 2 from").click()
    page.wait_for_url("**/handset/#p-*")
    assert page.locator(".wrote .text").inner_text().endswith("2")
    assert not overflows(page)
    assert accessibility_violations(page) == []
    page.goto("/reception/")
    page.get_by_role("link", name="Replies 1").click()
    page.wait_for_url("**/reception/replies")
    assert "Wants another time" in page.locator("main").inner_text()
    assert not overflows(page)
    assert accessibility_violations(page) == []


def test_whom_to_tell_is_one_press_from_the_desk_and_one_more_takes_her_off(open_page: Visits) -> None:
    for width in WIDTHS:
        page = sign_in(open_page(width))
        page.get_by_role("link", name=re.compile("Still to tell")).click()
        page.wait_for_url("**/reception/untold")
        assert not overflows(page)
        assert accessibility_violations(page) == []
    assert page.get_by_role("row", name=re.compile("Sarah K")).count() == 1
    page.get_by_role("button", name=re.compile("Told in person: Sarah K")).click()
    page.get_by_text("Everybody who is to come").wait_for()
    page.goto("/reception/")
    assert page.get_by_role("link", name="Still to tell", exact=True).count() == 1
