"""Her link in a real browser: small and common phones, with and without JavaScript."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduler import clock
from scheduler.extensions import db

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.her_phone import make_link
from ..support.serving import LiveServer

LONDON = ZoneInfo("Europe/London")
PICTURES: Path | None = None


@dataclass
class Place:
    """What the served town holds: the woman, her type of appointment, and a man in request mode."""

    server: LiveServer
    type: int
    woman: int
    him: int

    def link(self, client: int | None = None) -> str:
        """The path of a new link."""
        with self.server.app.app_context():
            return f"/a/{make_link(client or self.woman)}"


@pytest.fixture
def place(live_server: LiveServer) -> Iterator[Place]:
    with live_server.app.app_context():
        hub = make.make_venue(name="Riverside Hub", label="Riverside Hub", address="2 Mill Lane", postcode="TS1 1AA",
                              creche=True, step_free=True, directions="The blue door beside the library.")
        surgery = make.make_venue(name="Elm Road Surgery", label="Elm Road Surgery", kind="gp", address="9 Elm Road")
        kind = make.make_type()
        aisha = make.make_staff(given_name="Aisha")
        tom = make.make_staff(given_name="Tom", woman=False)
        woman = make.make_client(key_worker_id=aisha, preferences={"modes": ["in-person", "phone"]})
        make.make_safe_contact(woman)
        him = make.make_client(request_mode=True)
        make.make_safe_contact(him)
        today = clock.now().astimezone(LONDON).date()
        for day in range(1, 8):
            at = datetime(today.year, today.month, today.day, 9, 30, tzinfo=LONDON) + timedelta(days=day)
            make.make_session(hub, at, at + timedelta(hours=3), (aisha,), (kind,), modes=["in-person", "phone"],
                              audience="women" if day % 3 == 0 else "everyone", creche=3)
            later = at + timedelta(hours=5)
            make.make_session(surgery, later, later + timedelta(hours=4), (tom,), (kind,))
        db.session.remove()
        yield Place(live_server, kind, woman, him)


def check(page: Any, name: str) -> None:
    """What holds for every page at every width; and a picture of it, where somebody asked for pictures."""
    assert accessibility_violations(page) == [], name
    assert not overflows(page), name
    leave = page.locator("#leave button")
    box = leave.bounding_box()
    assert box is not None, name
    assert box["height"] >= 44, name
    assert box["width"] >= 44, name
    page.mouse.wheel(0, 4000)
    box = leave.bounding_box()
    assert box is not None, name
    assert 0 <= box["y"] < 100, f"the way out scrolled away: {name}"
    page.evaluate("scrollTo(0, 0)")
    if PICTURES is not None:
        page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)


def tap(page: Any, what: Any) -> None:
    """Tap a button or link, and wait for the page that it leads to."""
    with page.expect_navigation():
        what.tap()


def press(what: Any) -> None:
    """Click a button or link, and wait for the page that it leads to."""
    with what.page.expect_navigation():
        what.click()


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("width", [320, 390])
def test_she_books_changes_and_cancels_on_a_small_phone(
    open_page: Visits, place: Place, width: int, javascript: bool
) -> None:
    page = open_page(width=width, javascript=javascript, has_touch=True)
    which = f"{width}{'-js' if javascript else ''}"
    checked = check if javascript else lambda page, name: None  # axe itself is a script
    page.goto(place.link())
    checked(page, f"{which}-01-arrive")
    tap(page, page.get_by_role("button", name="Continue"))
    assert page.url.endswith("/my/")
    checked(page, f"{which}-02-home")
    tap(page, page.locator(".good button").first)
    checked(page, f"{which}-03-check")
    tap(page, page.get_by_role("button", name="Yes, book this time"))
    assert page.get_by_role("heading", name="That is booked for you").is_visible()
    checked(page, f"{which}-04-booked")
    tap(page, page.get_by_role("button", name="Yes, it is safe"))
    tap(page, page.get_by_role("link", name="Back to the start"))
    checked(page, f"{which}-05-home-booked")
    tap(page, page.get_by_role("link", name="Other times and places"))
    checked(page, f"{which}-06-choose")
    page.get_by_label("Afternoon").check()
    tap(page, page.get_by_role("button", name="Show me times"))
    checked(page, f"{which}-07-times")
    page.goto("/my/")
    tap(page, page.get_by_role("link", name="See, change or cancel"))
    checked(page, f"{which}-08-appointment")
    tap(page, page.get_by_role("button", name="Change the time"))
    checked(page, f"{which}-09-changing")
    tap(page, page.locator(".times li button").first)
    tap(page, page.get_by_role("button", name="Yes, change to this time"))
    page.goto("/my/1")
    tap(page, page.get_by_role("link", name="Cancel it"))
    checked(page, f"{which}-10-cancel")
    tap(page, page.get_by_role("button", name="Yes, cancel it"))
    checked(page, f"{which}-11-cancelled")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_request_mode_and_the_last_pages_stand_the_same_checks(open_page: Visits, place: Place, width: int) -> None:
    page = open_page(width=width)
    page.goto(place.link(place.him))
    press(page.get_by_role("button", name="Continue"))
    check(page, f"{width}-21-request-home")
    press(page.get_by_role("link", name="Choose times"))
    check(page, f"{width}-22-ask")
    press(page.get_by_role("button", name="Send these times"))
    check(page, f"{width}-23-ask-wrong")
    page.locator("fieldset:not(.look) input").nth(1).check()
    press(page.get_by_role("button", name="Send these times"))
    check(page, f"{width}-24-asked")
    page.goto("/my/99")
    check(page, f"{width}-25-error")
    page.goto("/a/nothing")
    check(page, f"{width}-26-ended")


def until(holds: Callable[[], bool], seconds: float = 10) -> None:
    """Wait for something that another request brings about."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_leaving_goes_to_the_everyday_page_and_back_shows_nothing(
    open_page: Visits, place: Place, javascript: bool
) -> None:
    page = open_page(width=390, javascript=javascript)
    everyday(page, place)
    page.goto(place.link())
    press(page.get_by_role("button", name="Continue"))
    page.locator("h1").wait_for()
    page.get_by_role("button", name="Leave now").click()
    page.wait_for_url("https://www.bbc.co.uk/weather")
    until(lambda: page.context.cookies() == [])  # with script, the page goes first and the answer follows
    page.go_back()
    assert "Choose a time" not in page.content()
    page.goto("/my/")
    assert page.get_by_role("heading", name="This page has closed").is_visible()


class Moved(BaseHTTPRequestHandler):
    """An everyday page that has moved to another host, over https."""

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", "https://127.0.0.1:9443/weather")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_leaving_works_even_when_the_everyday_page_has_moved_to_another_host(serve_app: Any, browser: Any) -> None:
    """Chromium applies a form's policy to every redirect on the way: a tighter one would keep her on the page."""
    with HTTPServer(("127.0.0.1", 0), Moved) as old:
        Thread(target=old.serve_forever, daemon=True).start()
        server = serve_app(LEAVE_URL=f"http://127.0.0.1:{old.server_port}/weather")
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()
        page.goto(f"{server.url}/a/nothing")
        with page.expect_event("requestfailed", lambda request: request.url.startswith("https:")):
            page.get_by_role("button", name="Leave now").click(no_wait_after=True)
        context.close()
        old.shutdown()


@pytest.mark.parametrize("key", ["Escape", "Shift"])
def test_a_key_pressed_three_times_leaves(open_page: Visits, place: Place, key: str) -> None:
    page = open_page(width=390)
    everyday(page, place)
    page.goto(place.link())
    press(page.get_by_role("button", name="Continue"))
    for each in (key, key, "a", key, key):
        page.keyboard.press(each)
    assert page.url.endswith("/my/")
    page.keyboard.press(key)
    page.wait_for_url("https://www.bbc.co.uk/weather")
    page.goto("/my/")
    assert page.get_by_role("heading", name="This page has closed").is_visible()


def everyday(page: Any, place: Place) -> None:
    """Stand in for the page that leaving leads to: tests ask no other site for anything."""
    page.context.route(
        "https://www.bbc.co.uk/weather", lambda route: route.fulfill(body="<title>Weather</title>Rain later.",
                                                                    content_type="text/html")
    )


def test_a_page_left_open_closes_itself(open_page: Visits, place: Place) -> None:
    page = open_page(width=390)
    page.clock.install()
    page.goto(place.link())
    press(page.get_by_role("button", name="Continue"))
    page.locator("h1").wait_for()
    page.context.clear_cookies()
    page.clock.fast_forward("21:00")
    page.get_by_role("heading", name="This page has closed").wait_for()


def test_everything_can_be_done_with_the_keyboard_and_is_not_hidden_by_the_bar(
    open_page: Visits, place: Place
) -> None:
    page = open_page(width=320)
    page.goto(place.link())
    page.get_by_role("button", name="Continue").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/my/")
    page.goto("/my/choose")
    fields = page.locator("main input:not([type=hidden]), main select, main button").count()
    for _ in range(fields + 2):
        page.keyboard.press("Tab")
        box = page.evaluate(
            "(() => { const b = document.activeElement.getBoundingClientRect();"
            "const bar = document.querySelector('header').getBoundingClientRect();"
            "return [document.activeElement.closest('header') !== null, b.top, bar.bottom]; })()"
        )
        assert page.evaluate("document.activeElement === document.body") or box[0] or box[1] >= box[2] - 1, box


def test_a_large_letter_size_still_fits(open_page: Visits, place: Place) -> None:
    """400% zoom of a desk screen is a 320-pixel page; twice the letter size on a small phone must fit as well."""
    page = open_page(width=320)
    page.goto(place.link())
    press(page.get_by_role("button", name="Continue"))
    for address in ("/my/", "/my/choose", "/my/times"):
        page.goto(address)
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not overflows(page), address
