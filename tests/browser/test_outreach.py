"""A worker's day on a phone, in a real browser: one thumb, with and without JavaScript."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment, Session
from scheduler.services import booking
from scheduler.services.actors import SYSTEM

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.desk import HASHED, PASSWORD
from ..support.serving import LiveServer


@dataclass
class Served:
    """What the served town holds, by id."""

    session: int
    amina: int
    venue: int


@pytest.fixture
def served(live_server: LiveServer) -> Iterator[Served]:
    with live_server.app.app_context():
        venue = make.make_venue(name="Elm Road Family Hub", creche=True)
        make.open_all_day(venue)
        kind = make.make_type()
        grace = make.make_staff(
            role="outreach", given_name="Grace", family_name="Owusu", username="grace", password_hash=HASHED
        )
        start = clock.now().replace(minute=0, second=0, microsecond=0)
        session = make.make_session(
            venue, start, start + timedelta(hours=2), (grace,), (kind,), title="Stay and talk", audience="women"
        )
        her = make.make_client(given_name="Amina", family_name="Khan")
        choice = booking.Choice(her, kind, session, grace, "in-person", start)
        yield Served(session, booking.book(SYSTEM, choice).id, venue)


def sign_in(page):
    page.goto("/sign-in")
    page.get_by_label("Name").fill("grace") if page.get_by_label("Name").count() else page.fill(
        "input[name=username]", "grace"
    )
    page.fill("input[name=password]", PASSWORD)
    page.click("main button[type=submit]")


@pytest.mark.parametrize("javascript", [True, False])
def test_a_worker_marks_who_came_adds_next_weeks_session_and_cancels_it_with_one_thumb(
    open_page: Visits, served: Served, live_server: LiveServer, javascript: bool
) -> None:
    page = open_page(width=390, javascript=javascript)
    sign_in(page)
    page.goto("/outreach/")
    page.get_by_role("link", name="Elm Road Family Hub").first.click()
    page.get_by_role("button", name="Amina K. came").click()
    assert page.get_by_role("button", name="Undo for Amina K.").is_visible()
    with live_server.app.app_context():
        assert db.session.get(Appointment, served.amina).state == "arrived"

    page.get_by_role("link", name="Again next week").click()
    page.get_by_role("button", name="Add the session").click()
    assert "The session is added." in page.inner_text("main")
    with live_server.app.app_context():
        first, again = db.session.query(Session).order_by(Session.start)
        assert again.start.astimezone(tz=None).weekday() == first.start.astimezone(tz=None).weekday()
        assert (again.audience, again.title) == ("women", "Stay and talk")

    page.get_by_role("link", name="Cancel session").click()
    page.get_by_role("button", name="Yes, cancel it").click()
    assert "Cancelled" in page.inner_text("main")


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_every_outreach_page_fits_its_screen_and_is_accessible(
    open_page: Visits, served: Served, width: int
) -> None:
    page = open_page(width=width)
    sign_in(page)
    for path in (
        "/outreach/", "/outreach/list", f"/outreach/sessions/{served.session}", "/outreach/sessions/new",
        f"/outreach/sessions/{served.session}/change", f"/outreach/sessions/{served.session}/cancel",
    ):
        page.goto(path)
        assert not overflows(page), path
        assert accessibility_violations(page) == [], path


def test_everything_to_tap_is_big_enough_for_a_thumb(open_page: Visits, served: Served) -> None:
    page = open_page(width=390)
    sign_in(page)
    page.goto(f"/outreach/sessions/{served.session}")
    for button in page.locator("main .btn").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 40
