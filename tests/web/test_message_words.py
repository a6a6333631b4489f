"""Promises of the pages on which managers read and change the words of texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from flask import Flask
from sqlalchemy import event

from scheduler.extensions import db
from scheduler.rules import discretion
from scheduler.rules.languages import LANGUAGES
from scheduler.services import message_words, staff, wording
from scheduler.services.actors import Actor

from ..support.browsing import WIDTHS, Visits, accessibility_violations, overflows
from ..support.desk import Desk, make_user
from ..support.serving import LiveServer

PAGE = "/manage/words/en/confirmation"
TYPED = "You are expected: {time}[, {place}]. Look: {link}"


@pytest.fixture
def manager(app: Flask, context: object) -> Desk:
    return Desk(app, "manager")


def read(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def bubbles(page: BeautifulSoup) -> list[Tag]:
    return page.select(".bubble")


def test_every_text_of_every_language_is_shown_as_on_a_phone_with_what_it_takes(manager: Desk) -> None:
    listed = read(manager.get("/manage/words"))
    addresses = [each["href"] for each in listed.select(".tongues a")]
    assert addresses == [f"/manage/words/{each.code}" for each in LANGUAGES]
    for language in LANGUAGES:
        page = read(manager.get(f"/manage/words/{language.code}"))
        shown = bubbles(page)
        assert len(shown) == 2 * 5 + 1
        for bubble, fits in zip(shown, page.select(".fits"), strict=True):
            size = discretion.size(bubble.text)
            assert fits.text == f"{size.taken} of {size.most}"
            assert discretion.problems(bubble.text, language.code) == []
            assert bubble["dir"] == ("rtl" if language.right_to_left else "ltr")
        assert ("To be checked by a native speaker" in page.text) == (not language.checked)


def test_show_me_shows_the_words_and_saves_nothing(manager: Desk) -> None:
    answer = manager.post(PAGE, words=TYPED, show="yes", version=0)
    page = read(answer)
    assert answer.status_code == 200
    assert [each.text.split(":")[0] for each in bubbles(page)] == ["You are expected"] * 2
    assert page.select_one("textarea").text.strip() == TYPED  # type: ignore[union-attr]
    assert "not saved yet" in page.text
    assert wording.in_force() == {}


def test_saved_words_are_on_the_page_of_the_language_and_can_be_restored(manager: Desk) -> None:
    saved = manager.post(PAGE, words=TYPED, version=0)
    assert (saved.status_code, saved.location) == (303, "/manage/words/en#confirmation")
    assert bubbles(read(manager.get("/manage/words/en")))[0].text.startswith("You are expected")
    page = read(manager.get(PAGE))
    assert "Changed by Rita Shaw" in page.text
    restored = manager.post(f"{PAGE}/restore", version=1)
    assert restored.status_code == 303
    assert "These are the built-in words." in read(manager.get(PAGE)).text


@pytest.mark.parametrize("button", ["show", "save"])
def test_what_cannot_be_used_is_told_by_the_field_and_kept(manager: Desk, button: str) -> None:
    typed = "<b>Women</b> {time} {link}"
    answer = manager.post(PAGE, words=typed, version=0, **{button: "yes"})
    page = read(answer)
    assert answer.status_code == 422
    assert page.select_one("textarea").text.strip() == typed  # type: ignore[union-attr]
    assert "“women” would tell" in page.select_one("#words-wrong").text  # type: ignore[union-attr]
    assert page.select("b") == []


@pytest.mark.parametrize(
    ("version", "status"), [("7", 412), ("x", 422), ("-1", 422), ("9" * 30, 422), (None, 303)]
)  # fmt: skip
def test_an_odd_version_is_no_fault(manager: Desk, version: str | None, status: int) -> None:
    answer = manager.post(PAGE, words=TYPED, version=version)
    assert answer.status_code == status
    if status == 412:
        assert TYPED in answer.text


@pytest.mark.parametrize("path", ["/manage/words/xx", "/manage/words/en/poem", "/manage/words/xx/reminder"])
def test_what_there_is_no_text_for_is_no_page(manager: Desk, path: str) -> None:
    assert manager.get(path).status_code == 404
    assert manager.post(path + "/checked" if path.endswith("xx") else path, words=TYPED).status_code == 404


def test_a_reading_is_recorded_and_said_to_be_old_when_a_text_changes(manager: Desk) -> None:
    refused = manager.post("/manage/words/cy/checked", checked_by="", checked_on="soon")
    assert refused.status_code == 422
    assert "Type a name." in refused.text
    assert manager.post("/manage/words/cy/checked", checked_by="Nia Rees", checked_on="2026-01-05").status_code == 303
    assert "Read by Nia Rees, Monday 5 January 2026" in manager.get("/manage/words").text
    manager.post("/manage/words/cy/reminder", words="Dewch {time} {link}", version=0)
    assert "Changed since Nia Rees read it" in manager.get("/manage/words/cy").text


def test_where_70_letters_are_too_few_beside_the_address_the_page_says_so(app: Flask, manager: Desk) -> None:
    app.config["SIDEGATE_PUBLIC_URL"] = "https://bookings.riverside-wellbeing.example"
    page = read(manager.get("/manage/words/bn"))
    assert "these texts go out in English: Booked, Reminder, Changed, Cancelled, Her link" in page.text
    assert bubbles(page)[0]["lang"] == "en"
    assert "5 texts go out in English" in manager.get("/manage/words").text


def test_a_page_asks_the_database_the_same_however_much_was_changed(manager: Desk) -> None:
    def asked(path: str) -> int:
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            assert manager.get(path).status_code == 200
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    one = message_words.change
    one(manager.actor, "en", "staff", "Please look now.", 0)
    before = asked("/manage/words"), asked("/manage/words/en")
    for number, purpose in enumerate(("confirmation", "reminder", "change")):
        one(Actor("staff", make_user("manager", f"boss-{number}"), "manager"), "en", purpose, TYPED, 0)
    assert (asked("/manage/words"), asked("/manage/words/en")) == before


# --- in a browser -----------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(open_page: Visits, live_server: LiveServer) -> Callable[..., Any]:
    with live_server.app.app_context():
        token = staff.begin(make_user("manager", "words-manager"))
        db.session.remove()

    def visit(path: str, **options: Any) -> Any:
        page = open_page(**options)
        page.context.add_cookies([{"name": "desk", "value": token, "url": live_server.url}])
        page.goto(path)
        return page

    return visit


@pytest.mark.parametrize("path", ["/manage/words", "/manage/words/ur", "/manage/words/en/reminder"])
def test_the_pages_fit_every_screen_and_everyone(opened: Callable[..., Any], path: str) -> None:
    for width in WIDTHS:
        page = opened(path, width=width)
        assert not overflows(page)
    assert accessibility_violations(page) == []


def test_right_to_left_the_day_the_time_and_the_address_stand_in_their_order(opened: Callable[..., Any]) -> None:
    """Read from the right: the words, then the time; the address below or further left, itself from left to right."""
    page = opened("/manage/words/ur")
    where = page.evaluate(
        """() => {
          const text = document.querySelector(".bubble").firstChild, body = text.data;
          const at = (piece) => {
            const range = document.createRange(), start = body.indexOf(piece);
            range.setStart(text, start); range.setEnd(text, start + piece.length);
            const box = range.getClientRects()[0];
            return { left: box.left, top: box.top };
          };
          return { word: at("وقت"), day: at("4"), hour: at("10"), minute: at("00"), link: at("http") };
        }"""
    )
    assert where["word"]["left"] > where["day"]["left"] > where["hour"]["left"]
    assert where["hour"]["left"] < where["minute"]["left"], "a time reads 10:00, not 00:10"
    assert where["link"]["top"] > where["hour"]["top"] or where["link"]["left"] < where["hour"]["left"]


def test_without_javascript_the_words_are_shown_and_saved(opened: Callable[..., Any]) -> None:
    page = opened("/manage/words/en/confirmation", width=320, javascript=False)
    page.fill("#words", TYPED)
    page.click("text=Show me")
    assert "You are expected" in page.inner_text(".bubble")
    page.click("text=Save")
    assert page.url.endswith("/manage/words/en#confirmation")
