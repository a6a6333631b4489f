"""A theme changes how her pages look and nothing that they do; one that cannot be read or that tells is refused."""

from __future__ import annotations

import re

import pytest

from scheduler.services import themes
from scheduler.services.actors import SYSTEM
from scheduler.services.themes import Look

from ..support.desk import Desk
from ..support.her_phone import Phone, make_link
from ..support.her_town import Town

pytestmark = pytest.mark.usefixtures("context", "clock")
PLUM = {"name": "Tuesday Rooms", "main": "#6b2f6b", "accent": "#e79ab4", "picture": "leaf", "version": "0"}


@pytest.fixture
def desk(app):
    return Desk(app, "manager")


def her_page(app) -> Phone:
    phone = Phone(app)
    phone.open(f"/a/{make_link(Town().woman)}")
    return phone


def test_a_manager_sets_it_and_her_pages_have_it(app, desk):
    assert desk.post("/manage/theme", **PLUM).status_code == 303
    page = her_page(app)
    sheet = re.search(r'/look/\w+\.css', page.html)[0]
    answer = app.test_client().get(sheet)
    assert (answer.mimetype, answer.status_code) == ("text/css", 200)
    assert "#6b2f6b" in answer.text
    assert "pictures/leaf.svg" in answer.text
    # Kept, or on a slow line every page would wait for it.
    assert "immutable" in answer.headers["Cache-Control"]
    assert "Tuesday Rooms" in page.html
    assert "no-store" in page.headers["Cache-Control"]


def test_without_one_nothing_more_is_fetched(app, desk):
    assert "/look/" not in her_page(app).html
    desk.post("/manage/theme", **PLUM)
    assert desk.post("/manage/theme", do="usual", version="1").status_code == 303
    assert "#1b665b" in app.test_client().get("/look/anything.css").text


def test_showing_it_keeps_nothing(app, desk):
    answer = desk.post("/manage/theme", **PLUM, do="show")
    assert answer.status_code == 200
    assert 'value="Tuesday Rooms"' in answer.text
    assert "main=%236b2f6b" in answer.text
    assert themes.current() is None


@pytest.mark.parametrize(
    ("field", "typed"),
    [("main", "#ffee00"), ("main", "red"), ("accent", "</style>"), ("picture", "../../keys"),
     ("name", "Recovery from drugs"), ("name", "x" * 31)],
)  # fmt: skip
def test_what_cannot_be_read_or_tells_too_much_is_refused_by_the_field_and_stays_typed(desk, field, typed):
    answer = desk.post("/manage/theme", **{**PLUM, field: typed})
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text or field == "picture"
    assert field == "picture" or typed[:6].replace("<", "&lt;") in answer.text
    assert themes.current() is None


def test_two_managers_do_not_overwrite_each_other(desk):
    assert desk.post("/manage/theme", **PLUM).status_code == 303
    late = desk.post("/manage/theme", **{**PLUM, "name": "Other"})
    assert late.status_code == 412
    assert themes.current().name == "Tuesday Rooms"


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
def test_it_is_a_managers(app, role):
    other = Desk(app, role)
    assert other.get("/manage/theme").status_code == 403
    assert other.post("/manage/theme", **PLUM).status_code == 403
    assert other.get("/manage/theme/preview.css").status_code == 403


def test_a_themed_page_is_light_too(app):
    themes.set_look(SYSTEM, Look("Tuesday Rooms", "#6b2f6b", "#e79ab4", "flower"), 0)
    browser = app.test_client()
    for address in ("/look/x.css", "/static/link/pictures/flower.svg"):
        answer = browser.get(address, headers={"Accept-Encoding": "gzip"})
        assert len(answer.data) < 700
