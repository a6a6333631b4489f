"""Choosing on her link in a real browser: other ways when nothing suits, and a time that someone else takes first."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from scheduler import clock
from scheduler.extensions import db

from ..support import factories as make
from ..support.browsing import Visits
from .test_link import LONDON, Place, check, place, press, tap

__all__ = ["place"]


def _more_to_choose_from(place: Place) -> None:
    """Drop-in hours, a worker who speaks Polish, and someone who has been there herself."""
    with place.server.app.app_context():
        flat = make.make_venue(
            name="Parkside Library", label="Parkside Library", address="4 Park Road", step_free=True, creche=True,
            entrance="The green door, left of the café", parking="Free, behind it", bus="12 and 40 to Park Road",
        )
        ewa = make.make_staff(given_name="Ewa", languages=["Polish"], job="Peer mentor")
        today = clock.now().astimezone(LONDON).date()
        for day in range(1, 6):
            at = datetime(today.year, today.month, today.day, 10, 0, tzinfo=LONDON) + timedelta(days=day)
            make.make_session(flat, at, at + timedelta(hours=2), (), (place.type,), kind="drop-in")
            make.make_session(flat, at + timedelta(hours=3), at + timedelta(hours=5), (ewa,), (place.type,))
        db.session.remove()


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("width", [320, 390, 1280])
def test_she_chooses_waits_and_comes_when_she_likes(
    open_page: Visits, place: Place, width: int, javascript: bool
) -> None:
    _more_to_choose_from(place)
    page = open_page(width=width, javascript=javascript, has_touch=True)
    checked = check if javascript else lambda page, name: None  # axe itself is a script
    page.goto(place.link())
    tap(page, page.get_by_role("button", name="Continue"))
    checked(page, f"{width}-41-home")
    assert page.locator(".good button").count() == 3
    tap(page, page.get_by_role("link", name="Other times and places"))
    page.get_by_text("More choices").click()
    checked(page, f"{width}-42-choose")
    page.get_by_label("Come in").check()
    page.get_by_label("Only with no steps").check()
    page.get_by_label("Sunday").check()
    page.get_by_label("Evening").check()
    tap(page, page.get_by_role("button", name="Show me times"))
    checked(page, f"{width}-43-nothing")
    tap(page, page.get_by_role("link", name="None of these suit you?"))
    checked(page, f"{width}-44-help")
    tap(page, page.get_by_role("button", name="Put me on the list"))
    checked(page, f"{width}-45-helped")
    tap(page, page.get_by_role("link", name="Back to the start"))
    checked(page, f"{width}-46-home-waiting")
    page.goto("/my/help")
    checked(page, f"{width}-47-help-waiting")
    tap(page, page.locator(".good button").first)
    checked(page, f"{width}-48-check")


def test_a_time_that_someone_else_takes_first_shows_the_nearest_others_and_loses_no_answer(
    open_page: Visits, place: Place
) -> None:
    """Two tabs, two women, one time: each has read it, and both press."""
    other = _another_woman(place)
    tabs = []
    for client in (place.woman, other):
        page = open_page(width=390)
        page.goto(place.link(client))
        press(page.get_by_role("button", name="Continue"))
        press(page.get_by_role("link", name="Other times and places"))
        page.get_by_label("Come in").check()
        page.get_by_label("Morning").check()
        page.get_by_label("Riverside Hub").check()
        press(page.get_by_role("button", name="Show me times"))
        press(page.locator(".times li button").first)
        tabs.append(page)
    for page in tabs:
        press(page.get_by_role("button", name="Yes, book this time"))
    first, second = tabs
    assert first.get_by_role("heading", name="That is booked for you").is_visible()
    assert second.get_by_role("heading", name="That time is not available.").is_visible()
    check(second, "390-51-gone")
    assert second.locator(".good button").count() == 3
    assert all("Riverside Hub" in each for each in second.locator(".good button").all_inner_texts())
    second.goto("/my/choose")
    for kept in ("Come in", "Morning", "Riverside Hub"):
        assert second.get_by_label(kept).is_checked()
    second.go_back()
    press(second.locator(".good button").first)
    press(second.get_by_role("button", name="Yes, book this time"))
    assert second.get_by_role("heading", name="That is booked for you").is_visible()


def _another_woman(place: Place) -> int:
    with place.server.app.app_context():
        woman = make.make_client(preferences={})
        make.make_safe_contact(woman)
        db.session.remove()
        return woman


@pytest.mark.parametrize("width", [320, 1280])
def test_in_request_mode_the_other_ways_stand_the_same_checks(open_page: Visits, place: Place, width: int) -> None:
    page: Any = open_page(width=width)
    page.goto(place.link(place.him))
    press(page.get_by_role("button", name="Continue"))
    press(page.get_by_role("link", name="None of these suit you?"))
    check(page, f"{width}-61-request-help")
    press(page.get_by_role("button", name="Put me on the list"))
    check(page, f"{width}-62-request-helped")
