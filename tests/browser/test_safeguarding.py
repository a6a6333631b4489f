"""The lead's desk in a real browser: read at a glance, worked by keyboard and without scripts, at a counter and on a
phone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import SafetyCase, TimeRequest
from scheduler.services import booking, clients, exclusions, overrides
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.desk import PASSWORD, make_user
from ..support.serving import LiveServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

LONDON = ZoneInfo("Europe/London")


class Queue:
    """One of nearly everything that waits: a clash the day after tomorrow, a possible match, an override to decide on,
    a request, and an exclusion of which too little is known."""

    def __init__(self) -> None:
        make_user("lead", "oona")
        second = Actor("staff", make_user("lead", "pia"), "lead")
        hub, kind = make.make_venue(name="Riverside Hub", label="Riverside Hub"), make.make_type(name="Catch-up")
        make.open_all_day(hub)
        day = datetime.now(LONDON).date() + timedelta(days=2)
        self.she = clients.add(SYSTEM, ClientDetails("Alma", "Reyes"))
        he = clients.add(SYSTEM, ClientDetails("Gareth", "Pike", date_of_birth="1985"))
        sessions = []
        for client in (self.she, he):
            worker = make.make_staff(given_name="Aisha", family_name="Khan")
            for later in range(3):
                start = datetime(day.year, day.month, day.day, 10, tzinfo=LONDON) + timedelta(days=later)
                start = start.astimezone(UTC)
                sessions.append(
                    make.make_session(
                        hub, start, start + timedelta(hours=2), (worker,), (kind,), modes=["in-person", "phone"]
                    )
                )
                if later == 0:
                    first = start
            booking.book(SYSTEM, Choice(client, kind, sessions[-3], worker, "in-person", first))
        names = ("Gareth Pike", "Gaz")
        exclusions.record(SYSTEM, ExclusionDetails(self.she, names=names, date_of_birth="1985"))
        exclusions.record(SYSTEM, ExclusionDetails(clients.add(SYSTEM, ClientDetails("Ana", "Cole")), names=("Shaz",)))
        self.case = db.session.execute(select(SafetyCase.id)).scalar_one()
        db.session.rollback()
        self.override = overrides.ask_for_case(second, self.case, "Both wish it, and their workers will be there.")
        request = TimeRequest(
            client_id=clients.add(SYSTEM, ClientDetails("Carl", "Stone")), type_id=kind, mode="in-person",
            made_at=datetime.now(UTC), state="open", wishes=json.dumps([[sessions[0], first.isoformat()]]),
        )
        db.session.add(request)
        db.session.commit()
        self.request = request.id
        self.pages = (
            "/safety/", f"/safety/cases/{self.case}", f"/safety/overrides/{self.override}",
            f"/safety/overrides/new?client={self.she}&type={kind}&mode=in-person&since={day}&until={day}",
            f"/safety/requests/{self.request}", "/safety/looks", "/safety/exclusions/1",
        )


@pytest.fixture
def queue(live_server: LiveServer) -> Queue:
    with live_server.app.app_context():
        return Queue()


def sign_in(page: Page) -> Page:
    page.goto("/")
    page.get_by_label("User name").fill("oona")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/safety/")
    return page


@pytest.mark.parametrize("width", [1280, 390])
def test_every_page_of_the_desk_can_be_read_by_everyone_at_every_width(
    open_page: Visits, queue: Queue, width: int
) -> None:
    page = sign_in(open_page(width=width))
    for path in queue.pages:
        page.goto(path)
        assert accessibility_violations(page) == [], path
        assert not overflows(page), path


def test_a_clash_is_settled_by_keyboard_alone_without_scripts(open_page: Visits, queue: Queue) -> None:
    page = sign_in(open_page(width=390, javascript=False))
    page.get_by_role("navigation", name="On this page").get_by_role("link", name="Later clashes").press("Enter")
    assert page.url.endswith("/safety/#cases")
    page.get_by_role("link", name=f"Settle clash {queue.case}").press("Enter")
    page.wait_for_url(f"**/safety/cases/{queue.case}")
    first = page.get_by_role("heading", level=2).first
    assert "Gareth Pike" in first.inner_text()
    page.get_by_role("form", name="Move Gareth Pike").get_by_role("button").first.press("Enter")
    page.get_by_text("It was settled by").wait_for()
    assert page.get_by_role("status").inner_text().startswith("Moved to")
    page.get_by_role("link", name="What waits").press("Enter")
    assert page.get_by_role("link", name="Settle clash").count() == 0


def test_a_second_person_decides_by_keyboard(open_page: Visits, queue: Queue) -> None:
    page = sign_in(open_page())
    page.get_by_role("link", name="Overrides").press("Enter")
    page.get_by_role("link", name="Alma Reyes: may a clash stand?").press("Enter")
    page.wait_for_url(f"**/safety/overrides/{queue.override}")
    page.get_by_label("Why, if there is something to add").press_sequentially("Spoke with both.")
    page.get_by_role("button", name="Yes, it may be so").press("Enter")
    page.wait_for_url("**/safety/")
    page.get_by_text("Let stand by two people, and not past yet").wait_for()
    assert page.get_by_role("link", name="Settle clash").count() == 0


@pytest.mark.usefixtures("queue")
@pytest.mark.parametrize("scripts", [True, False])
def test_whom_to_protect_is_typed_at_once_without_a_click(open_page: Visits, scripts: bool) -> None:
    page = sign_in(open_page(javascript=scripts))
    page.get_by_role("link", name="Record an exclusion").press("Enter")
    page.wait_for_selector("#look_for:focus")
    page.keyboard.press("Enter")
    page.get_by_role("status").get_by_text("Type a name, a birth date").wait_for()
    page.wait_for_selector("#look_for:focus")
    page.keyboard.type("alma rey")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Alma Reyes").press("Enter")
    page.get_by_role("heading", name="Keep someone away from Alma Reyes").wait_for()
