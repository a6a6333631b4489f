"""Every page of her link in a real browser, in three languages and at three widths; and leaving, however it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.services import link_words
from scheduler.services.actors import SYSTEM

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.her_phone import make_link
from ..support.serving import LiveServer
from .test_link import press, until

PICTURES: Path | None = None
EVERYDAY = "https://www.bbc.co.uk/weather"


class Woman:
    """A woman whose language, past and video appointment are such that her link has every page to show."""

    def __init__(self, server: LiveServer, language: str, word: str = "") -> None:
        self.server = server
        with server.app.app_context():
            hub = make.make_venue(name="Riverside Hub", label="Riverside Hub", address="2 Mill Lane", creche=True)
            self.type = make.make_type(change_until=0)
            worker = make.make_staff(given_name="Aisha")
            self.client = make.make_client(key_worker_id=worker)
            make.make_safe_contact(self.client, language=language, hours=None)
            now = clock.now().replace(second=0, microsecond=0)
            self._session(hub, worker, now - timedelta(days=1), "in-person", "fulfilled", 1)
            self._session(hub, worker, now + timedelta(minutes=5), "video", "booked", 2)
            self._session(hub, worker, now + timedelta(days=3), "in-person", "booked", 3)
            for day in range(1, 5):
                begin = now + timedelta(days=day, hours=1)
                make.make_session(hub, begin, begin + timedelta(hours=3), (worker,), (self.type,), creche=2)
            if word:
                link_words.set_word(SYSTEM, self.client, word)
            db.session.remove()

    def _session(self, hub: int, worker: int, start: Any, mode: str, state: str, number: int) -> None:
        session = make.make_session(hub, start, start + timedelta(minutes=30), (worker,), (self.type,), modes=[mode])
        times = {"start": start, "end": start + timedelta(minutes=30)}
        margin = timedelta(minutes=15)
        here = {"present_from": start - margin, "present_until": times["end"] + margin} if mode == "in-person" else {}
        row = db.session.get_one(make.Session, session)
        db.session.add(Appointment(
            client_id=self.client, own_number=number, session_id=session, venue_id=hub, site_id=row.site_id,
            staff_id=worker, type_id=self.type, mode=mode, state=state, **times, busy_from=start,
            busy_until=times["end"], **here, created_at=clock.now(), updated_at=clock.now(),
        ))
        db.session.commit()

    def link(self) -> str:
        """The path of a new link."""
        with self.server.app.app_context():
            return f"/a/{make_link(self.client)}"

    def change(self, what: Callable[[], None]) -> None:
        """Change a record behind her back."""
        with self.server.app.app_context():
            what()
            db.session.commit()
            db.session.remove()


@pytest.fixture
def her(serve_app: Any) -> Callable[..., Woman]:
    """Makes a woman of a language, at a service with video of its own."""
    server = serve_app(VIDEO_URL="https://meet.example.org")
    return lambda language, word="": Woman(server, language, word)


@pytest.fixture
def open_hers(browser: Any) -> Iterator[Callable[[Woman, Any], Any]]:
    """Opens pages of her server."""
    opened: list[Visits] = []

    def go(woman: Woman, **options: Any) -> Any:
        visits = Visits(browser, woman.server.url)
        opened.append(visits)
        return visits(**options)

    yield go
    problems = [problem for each in opened for problem in each.problems]
    for each in opened:
        each.close()
    assert problems == []


def sound(page: Any, name: str, language: str) -> None:
    """What holds on every page: no violation, no sideways scroll, its language, and a way out that nothing covers."""
    assert accessibility_violations(page) == [], name
    assert not overflows(page), name
    root = page.locator("html")
    assert root.get_attribute("lang").split("-")[0] == language, name
    assert root.get_attribute("dir") == ("rtl" if language == "ur" else "ltr"), name
    for where in ("0", "document.body.scrollHeight / 2", "document.body.scrollHeight"):
        page.evaluate(f"scrollTo(0, {where})")
        box = page.locator("#leave button").bounding_box()
        assert box["height"] >= 44, name
        assert box["width"] >= 44, name
        assert 0 <= box["y"] < 100, name
        hit = "([x, y]) => document.elementFromPoint(x, y).closest('#leave button') !== null"
        for x in (box["x"] + 3, box["x"] + box["width"] / 2, box["x"] + box["width"] - 3):
            assert page.evaluate(hit, [x, box["y"] + box["height"] / 2]), f"something covers the way out: {name}"
    page.evaluate("scrollTo(0, 0)")
    small = page.evaluate(
        "[...document.querySelectorAll('button, a.button, select, input:not([type=hidden]):not([type=checkbox])"
        ":not([type=radio])')].filter(e => e.getBoundingClientRect().height < 43.5).map(e => e.outerHTML)"
    )
    assert small == [], name
    if PICTURES is not None:
        page.screenshot(path=str(PICTURES / f"{name}.png"), full_page=True)


@pytest.mark.parametrize(
    ("language", "width", "javascript"),
    [
        (language, width, (number + each) % 2 == 0)  # with script and without, by turns
        for number, language in enumerate(("en", "cy", "ur"))
        for each, width in enumerate((320, 390, 1280))
    ],
)
def test_every_page_and_state_stands_the_checks(
    her: Any, open_hers: Any, language: str, width: int, javascript: bool
) -> None:
    woman = her(language, "blue kettle")
    page = open_hers(woman, width=width, javascript=javascript)

    def look(name: str) -> None:
        sound(page, f"{language}-{width}{'' if javascript else '-plain'}-{name}", language)

    page.goto(woman.link())
    look("01-arrive")
    page.locator("#word").fill("guess")
    press(page.locator("main form button"))
    look("02-wrong-word")
    page.locator("#word").fill("blue kettle")
    press(page.locator("main form button"))
    assert page.url.endswith("/my/")
    look("03-home")
    press(page.locator("button[name=felt][value=yes]"))
    look("04-thanks")
    press(page.locator("main form button"))
    look("05-called")
    for name, path in (
        ("06-appointment-now", "/my/2"), ("07-appointment", "/my/3"), ("08-calendar", "/my/3/calendar"),
        ("09-choose", "/my/choose"), ("10-times", "/my/times"), ("11-cancel", "/my/3/cancel"),
        ("12-booked", "/my/3/booked"), ("13-number", "/my/3/number"), ("14-error", "/my/99"),
    ):
        page.goto(path)
        look(name)
    page.goto("/my/times")
    press(page.locator(".times li button").first)
    look("15-check")
    page.goto("/my/3/number")
    page.locator("#number").fill("nonsense")
    press(page.locator("main form button"))
    look("16-wrong-number")
    page.locator("#number").fill("07700 900456")
    press(page.locator("main form button"))
    look("17-paused")
    page.goto(f"/a/{'x' * 22}")
    press(page.locator(f"footer button[value={language}]")) if language != "en" else None
    look("18-over")
    press(page.locator("main form button"))
    look("19-new")


# --- Leaving ---


def everyday(page: Any) -> None:
    """Stand in for the page that leaving leads to."""
    weather = "<title>Weather</title>Rain later."
    page.context.route(EVERYDAY, lambda route: route.fulfill(body=weather, content_type="text/html"))


def arrived(open_hers: Any, woman: Woman, **options: Any) -> Any:
    page = open_hers(woman, width=390, **options)
    everyday(page)
    page.goto(woman.link())
    press(page.locator("main form button"))
    return page


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_after_leaving_no_page_shows_anything_by_back_forward_reload_or_its_address(
    her: Any, open_hers: Any, javascript: bool
) -> None:
    woman = her("en")
    page = arrived(open_hers, woman, javascript=javascript)
    for path in ("/my/3", "/my/choose", "/my/times"):
        page.goto(path)
    page.locator("#leave button").click()
    page.wait_for_url(EVERYDAY)
    until(lambda: page.context.cookies() == [])
    for _ in range(4):
        page.go_back()
        words = page.locator("body").inner_text()
        assert "Aisha" not in words
        assert "Riverside" not in words
        page.reload()
        assert "Aisha" not in page.locator("body").inner_text()
    page.go_forward()
    assert "Aisha" not in page.locator("body").inner_text()
    for path in ("/my/", "/my/3", "/my/3/entry.ics", "/my/2/join"):
        assert page.goto(path).status == 410


def test_a_page_that_the_browser_kept_whole_shows_nothing_and_asks_again(her: Any, open_hers: Any) -> None:
    """Back may bring a page back from memory, whatever its headers say: it blanks itself before anything is drawn."""
    page = arrived(open_hers, her("en"))
    page.goto("/my/3")
    page.context.clear_cookies()
    with page.expect_navigation():
        seen = page.evaluate(
            "() => { dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));"
            "return [getComputedStyle(document.body).visibility, document.title]; }"
        )
    assert seen[0] == "hidden"
    assert seen[1].strip() == ""
    page.get_by_role("heading", name="This page has closed").wait_for()


def test_leaving_in_one_tab_ends_the_other(her: Any, open_hers: Any) -> None:
    page = arrived(open_hers, her("en"))
    other = page.context.new_page()
    other.goto("/my/3")
    page.locator("#leave button").click()
    page.wait_for_url(EVERYDAY)
    other.reload()
    assert other.get_by_role("heading", name="This page has closed").is_visible()


@pytest.mark.parametrize("javascript", [True, False], ids=["with script", "without script"])
def test_leaving_twice_at_once_leaves(her: Any, open_hers: Any, javascript: bool) -> None:
    page = arrived(open_hers, her("en"), javascript=javascript)
    page.locator("#leave button").dblclick(no_wait_after=True)
    # Of a form sent twice the second answer is followed, and the stand-in is not asked for that one: no such host.
    with suppress(Error):
        page.wait_for_url(EVERYDAY)
    until(lambda: page.context.cookies() == [])
    # In a window of its own: the first may still be on its way to the everyday page.
    assert page.context.new_page().goto("/my/").status == 410


def test_a_session_that_ends_in_the_middle_of_a_form_says_so_and_can_be_left(her: Any, open_hers: Any) -> None:
    page = arrived(open_hers, her("en"))
    page.goto("/my/choose")
    page.locator("input[name=how]").first.check()
    page.context.clear_cookies()
    press(page.locator("main form button").last)
    assert page.get_by_role("heading", name="This page has closed").is_visible()
    page.locator("#leave button").click()
    page.wait_for_url(EVERYDAY)


def test_nothing_is_kept_in_the_browser_but_the_session(her: Any, open_hers: Any) -> None:
    page = arrived(open_hers, her("en"))
    page.goto("/my/3")
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, (await indexedDB.databases()).length,"
        " (await caches.keys()).length, (await navigator.serviceWorker.getRegistrations()).length].join()"
    )
    assert kept == "0,0,0,0,0"
    assert [each["name"] for each in page.context.cookies()] == ["my"]
    assert page.context.cookies()[0]["expires"] == -1


@pytest.mark.parametrize("language", ["en", "cy", "ur"])
def test_the_way_out_is_clear_at_four_times_the_size(her: Any, open_hers: Any, language: str) -> None:
    """400% on a desk of 1280 by 800 is a page of 320 by 200; twice the letters on top of it must leave it too."""
    woman = her(language)
    page = open_hers(woman, width=320)
    page.set_viewport_size({"width": 320, "height": 200})
    page.goto(woman.link())
    press(page.locator("main form button"))
    for path in ("/my/", "/my/3", "/my/choose"):
        page.goto(path)
        sound(page, f"{language}-zoom{path.replace('/', '-')}", language)
        bar = page.locator("header").bounding_box()
        assert bar["height"] <= 200 / 3, "the bar leaves room to read"
        page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert not overflows(page)
        box = page.locator("#leave button").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320


def test_what_leaving_cannot_do_is_said_before_anything_is_shown(her: Any, open_hers: Any) -> None:
    woman = her("en")
    page = open_hers(woman, width=390)
    page.goto(woman.link())
    words = page.locator("main").inner_text()
    assert "It cannot clear the list of pages that your phone keeps" in words
    assert "Aisha" not in words
