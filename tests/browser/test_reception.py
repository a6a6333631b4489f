"""Reception's morning in a real browser: by keyboard, at a counter and on a narrow screen, with and without scripts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from scheduler.services import booking, clients
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.desk import PASSWORD, make_user
from ..support.serving import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

LONDON = ZoneInfo("Europe/London")


def tomorrow(hour: int, minute: int = 0) -> datetime:
    """A time tomorrow by the wall clock in London."""
    day = datetime.now(LONDON).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=LONDON).astimezone(UTC)


class Morning:
    """A hub with two workers tomorrow, Sarah who is easy to find, and one who is booked now."""

    def __init__(self) -> None:
        make_user("reception", "rita")
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub", creche=True)
        make.make_venue(name="Elm Surgery", label="Elm Surgery", kind="gp")
        self.kind = make.make_type(name="Catch-up")
        workers = [make.make_staff(given_name=name, family_name="Khan") for name in ("Aisha", "Beth")]
        for worker in workers:
            make.make_session(
                self.hub, tomorrow(10), tomorrow(12), (worker,), (self.kind,), modes=["in-person", "phone"], creche=1,
                audience="women" if worker == workers[0] else "everyone",
            )
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        start = now - timedelta(minutes=now.minute % 5 + 10)
        session = make.make_session(self.hub, start, start + timedelta(minutes=30), (workers[0],), (self.kind,))
        here = clients.add(SYSTEM, ClientDetails("Ana", "Cole"))
        self.sarah = clients.add(
            SYSTEM, ClientDetails("Sarah", "Kelly", date_of_birth="1987-03-05", phone="07700 900123")
        )
        clients.add(SYSTEM, ClientDetails("Sadia", "Begum"))
        make.make_safe_contact(self.sarah)
        choice = Choice(here, self.kind, session, workers[0], "in-person", start)
        self.appointment = booking.book(SYSTEM, choice).id


@pytest.fixture
def morning(live_server: LiveServer) -> Morning:
    with live_server.app.app_context():
        return Morning()


def sign_in(page: Page) -> Page:
    page.goto("/")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/reception/")
    return page


@pytest.mark.usefixtures("morning")
def test_a_booking_is_made_by_keyboard_alone(page: Page) -> None:
    sign_in(page)
    page.keyboard.press("/")
    page.keyboard.type("sarah k")
    page.get_by_role("link", name="Sarah Kelly").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reception/clients/*")
    offer = page.locator(".times-row a").first
    offer.focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Book for Sarah K.?").wait_for()
    page.wait_for_function("document.activeElement.textContent === 'Book it'")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Booked:").wait_for()


@pytest.mark.usefixtures("morning")
def test_the_search_works_without_scripts(open_page: Visits) -> None:
    page = sign_in(open_page(javascript=False))
    page.get_by_role("searchbox", name="Find a client").fill("sa")
    page.get_by_role("button", name="Find", exact=True).click()
    assert page.locator(".hits a").count() == 2
    page.get_by_role("link", name="Sarah Kelly").click()
    page.get_by_label("How").select_option("phone")
    page.get_by_role("button", name="Show times").click()
    page.locator(".times-row a").first.click()
    page.get_by_role("button", name="Book it").click()
    page.get_by_text("Booked:").wait_for()


def test_an_arrival_is_one_click_on_the_board(page: Page, morning: Morning) -> None:
    sign_in(page)
    card = page.locator(f"#a{morning.appointment}")
    assert "Ana C." in card.inner_text()
    assert "Late" in card.inner_text()
    card.get_by_role("button").click()
    page.wait_for_url(f"**#a{morning.appointment}")
    assert "Here since" in page.locator(f"#a{morning.appointment}").inner_text()


def test_the_line_of_the_present_crosses_the_board(page: Page, morning: Morning) -> None:
    sign_in(page)
    lines = page.locator(".now")
    assert lines.count() >= 2
    boxes: list[Any] = [each.bounding_box() for each in lines.all()]
    assert len({round(box["y"]) for box in boxes}) == 1
    card = page.locator(f"#a{morning.appointment}").bounding_box()
    assert card is not None
    assert card["y"] <= boxes[0]["y"] <= card["y"] + card["height"]


@pytest.mark.usefixtures("morning")
def test_the_boards_heads_stay_in_sight_to_the_end_of_the_day(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 600})
    sign_in(page)
    page.locator(".board").evaluate("board => board.scrollTo(0, board.scrollHeight)")
    board: Any = page.locator(".board").bounding_box()
    for head in page.locator(".lane-head").all():
        box: Any = head.bounding_box()
        assert abs(box["y"] - board["y"]) <= 2


@pytest.mark.usefixtures("morning")
def test_a_place_and_a_day_are_shown_as_soon_as_they_are_chosen(page: Page) -> None:
    sign_in(page)
    with page.expect_navigation():
        page.get_by_label("Place").select_option("Elm Surgery")
    assert "No sessions at Elm Surgery" in page.inner_text("main")
    page.get_by_role("link", name="List", exact=True).click()
    page.get_by_text("Nothing is booked at Elm Surgery").wait_for()


def test_a_double_click_books_once(page: Page, morning: Morning, live_server: LiveServer) -> None:
    sign_in(page)
    page.goto(f"/reception/clients/{morning.sarah}")
    page.locator(".times-row a").first.click()
    page.get_by_role("button", name="Book it").dblclick()
    page.get_by_text("Booked:").wait_for()
    with live_server.app.app_context():
        from scheduler.store import diary

        assert len(diary.of_client(morning.sarah)) == 1


@pytest.mark.usefixtures("morning")
def test_after_signing_out_the_back_button_shows_nobody(page: Page) -> None:
    sign_in(page)
    assert "Ana C." in page.inner_text("main")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/sign-in")
    page.go_back()
    page.wait_for_load_state()
    assert "Ana C." not in page.inner_text("body")


def test_the_longest_name_fits_a_small_page(open_page: Visits, morning: Morning, live_server: LiveServer) -> None:
    with live_server.app.app_context():
        made = clients.add(SYSTEM, ClientDetails("W" * 60, "Longname" * 7))
    page = sign_in(open_page(width=390))
    for end in ("", "/safe", "/edit"):
        page.goto(f"/reception/clients/{made}{end}")
        assert not overflows(page), end


@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_of_the_desk_is_for_everyone_and_fits(open_page: Visits, morning: Morning, width: int) -> None:
    page = open_page(width=width)
    page.goto("/sign-in")
    found = {"/sign-in": accessibility_violations(page)}
    sign_in(page)
    paths = ["/reception/?view=board", "/reception/?view=list", "/reception/clients", "/reception/clients/new",
             "/nothing-here"]
    paths += [f"/reception/clients/{morning.sarah}{end}" for end in ("", "/edit", "/safe")]
    paths += [f"/reception/appointments/{morning.appointment}{end}" for end in ("", "/move", "/cancel")]
    narrow = width < 1000
    for path in paths:
        page.goto(path)
        found[path] = [] if narrow and path.count("/") > 2 else accessibility_violations(page)
        if overflows(page):
            found[path].append("must be scrolled sideways")
    page.goto(f"/reception/clients/{morning.sarah}")
    page.locator(".times-row a").first.click()
    page.get_by_role("button", name="Book it").wait_for()
    found["confirm"] = accessibility_violations(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.usefixtures("morning")
def test_the_longest_date_stays_on_one_line_beside_the_day_bar(open_page: Visits) -> None:
    page = sign_in(open_page(width=1280))
    page.goto("/reception/?date=2027-09-29")
    heading = page.get_by_role("heading", name="Wednesday 29 September 2027")
    box = heading.bounding_box()
    assert box is not None
    assert box["height"] < 45
    assert not overflows(page)


def test_two_are_booked_in_one_visit_by_keyboard_on_a_narrow_screen_without_scripts(
    morning: Morning, live_server: LiveServer, open_page: Visits
) -> None:
    with live_server.app.app_context():
        kind = make.make_type(name="Health check")
        nurse = make.make_staff(given_name="Ngozi", family_name="Obi")
        make.make_session(morning.hub, tomorrow(10, 30), tomorrow(11, 30), (nurse,), (kind,))
    page = sign_in(open_page(320, javascript=False))
    page.goto(f"/reception/clients/{morning.sarah}")
    page.locator(".times-row a").first.click()
    page.get_by_role("link", name="Health check, Ngozi Obi").first.focus()
    assert not overflows(page)
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="In the same visit").wait_for()
    assert not overflows(page)
    page.get_by_role("button", name="Book both").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/reception/clients/{morning.sarah}")
    assert page.get_by_text("Booked:").count() == 2
