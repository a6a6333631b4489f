"""What every one of her pages carries, weighs and must not say."""

import gzip
import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditRecord

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town


def walk(town: Town, phone: Phone) -> dict[str, Phone]:
    """Every kind of page, each at its fullest, as (address: what the phone then showed)."""
    pages: dict[str, Any] = {}

    def keep(name: str) -> None:
        snapshot = Phone(phone.app)
        snapshot.html, snapshot.headers, snapshot.address, snapshot.status = (
            phone.html, phone.headers, phone.address, phone.status,
        )
        pages[name] = snapshot

    for day in (2, 3, 4):
        town.booked(day, 11)
    token = make_link(town.woman)
    phone.open(f"/a/{token}")
    keep("arrive")
    phone.press("Continue")
    keep("home")
    mentor = make.make_staff(given_name="Lena", job="Peer mentor", languages=["Polish", "Urdu", "Somali"])
    make.make_session(town.surgery, at(9, 0, 5), at(12, 0, 5), (mentor,), (town.type,), kind="drop-in")
    phone.press("Other times")
    keep("choose")
    phone.press("Show me times", days=["6"], who="peer", part="evening")
    keep("no times")
    phone.press("None of these suit you?")
    keep("other ways")
    phone.press("Put me on the list")
    keep("on the list")
    phone.open("/my/help")
    keep("other ways, on the list")
    phone.open("/my/choose").press("Show me times", days=[], who="any", part="any")
    phone.open("/my/choose")
    phone.press("Show me times")
    keep("times")
    phone.press("10am")
    keep("check")
    town.booked(1, 10, client=make.make_client())
    phone.press("Yes, book")
    keep("gone")
    phone.press("10:30am").press("Yes, book")
    keep("booked")
    phone.open("/my/1").press("Change the time")
    keep("changing")
    phone.open("/my/1")
    keep("appointment")
    phone.press("Cancel it")
    keep("cancel")
    phone.press("Yes, cancel it")
    keep("cancelled")
    phone.press("The time")
    keep("said why")
    phone.open("/my/99")
    keep("error")
    phone.open("/my/4/booked").press("Not any more")
    keep("paused")
    phone.open("/my/")
    keep("ended")
    him = make.make_client(request_mode=True)
    make.make_safe_contact(him)
    phone.arrive(make_link(him))
    keep("request home")
    phone.press("Choose times")
    keep("ask")
    phone.press("Send these times")
    keep("ask again")
    box = str(phone.page.select_one("fieldset:not(.look) input")["value"])  # type: ignore[index]
    phone.press("Send these times", time=[box])
    keep("asked")
    return pages


@pytest.fixture
def pages(town: Town, phone: Phone) -> dict[str, Phone]:
    return walk(town, phone)


def test_every_page_weighs_at_most_14_kilobytes_with_its_style_and_script(
    pages: dict[str, Phone], town: Town, app: Flask
) -> None:
    """What a first visit fetches: packed bodies, and every header line of the answers."""
    browser = app.test_client()

    def weight(address: str) -> int:
        answer = browser.get(address, headers={"Accept-Encoding": "gzip, deflate"})
        assert answer.status_code == 200
        return len(answer.data) + sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())

    shared = sum(weight(f"/static/link/{name}") for name in ("page.css", "page.js", "icon.svg"))
    for name, page in pages.items():
        headers = sum(len(f"{key}: {value}\r\n") for key, value in page.headers.items())
        total = shared + headers + len(gzip.compress(page.html.encode(), 9))
        assert total <= 14 * 1024, (name, total)


def test_pages_really_leave_packed(town: Town, app: Flask) -> None:
    browser = app.test_client()
    answer = browser.get(f"/a/{make_link(town.woman)}", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert int(answer.headers["Content-Length"]) == len(answer.data)
    head = browser.head("/static/link/page.css", headers={"Accept-Encoding": "gzip"})
    assert head.headers["Content-Encoding"] == "gzip"


def test_every_page_is_kept_by_nobody_asks_no_other_site_and_can_be_left(pages: dict[str, Phone]) -> None:
    for name, page in pages.items():
        assert page.headers["Cache-Control"] == "no-store", name
        assert page.headers["Referrer-Policy"] == "no-referrer", name
        assert "'unsafe-inline'" not in page.headers["Content-Security-Policy"]
        soup = page.page
        assert soup.select_one("header #leave button") is not None, name
        assert not soup.select("[style], style, script:not([src]), [onclick], [onload], img, iframe, object")
        for each in soup.select("[src], link[href], a[href], form[action]"):
            address = str(each.get("src") or each.get("href") or each.get("action"))
            assert re.match("/(?!/)", address), (name, address)
            assert "?" not in address


#: What must not be in a title, an address or a file's name; and those that must not be on a page of hers at all.
IN_NO_TITLE = re.compile(
    r"wom[ae]n|female|refuge|drug|alcohol|recover|addict|substance|mental|abuse|violen|clinic|support|charity", re.I
)
ON_NO_PAGE = re.compile(
    r"refuge|drug|alcohol|recover|addict|substance|mental|abuse|violen|clinic|exclu|kept apart|protect|risk|"
    r"\bnamed\b|partner|eligib",
    re.I,
)


def test_no_title_address_or_page_gives_her_away(pages: dict[str, Phone], phone: Phone) -> None:
    for name, page in pages.items():
        soup = page.page
        assert soup.title is not None
        assert not IN_NO_TITLE.search(str(soup.title.string)), name
        for each in soup.select("[src], [href], form[action]"):
            address = str(each.get("src") or each.get("href") or each.get("action"))
            assert not IN_NO_TITLE.search(address), address
        assert not ON_NO_PAGE.search(page.html), (name, ON_NO_PAGE.search(page.html))
    assert not [address for address in phone.fetched if IN_NO_TITLE.search(address)]


def test_every_page_has_a_language_a_title_one_heading_and_one_name_for_each_field(pages: dict[str, Phone]) -> None:
    for name, page in pages.items():
        soup = page.page
        assert soup.html is not None
        assert soup.html["lang"] == "en-GB"
        assert len(soup.select("h1")) == 1, name
        for each in soup.select("input:not([type=hidden]), select"):
            assert each.find_parent("label") or soup.select_one(f"label[for={each.get('id')}]"), (name, each)


def test_every_visit_of_hers_is_in_the_audit(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Tuesday").press("Yes, book")
    db.session.rollback()
    query = select(AuditRecord.actor_kind, AuditRecord.actor_id, AuditRecord.action).order_by(AuditRecord.id)
    rows = db.session.execute(query).all()
    hers = [action for kind, who, action in rows if (kind, who) == ("client", town.woman)]
    assert hers == ["link-open", "book"]


def test_the_number_of_queries_does_not_grow_with_what_there_is(town: Town, app: Flask, phone: Phone) -> None:
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    def queries(address: str) -> int:
        asked.clear()
        assert phone.open(address).status == 200
        return len([each for each in asked if each.lstrip().upper().startswith("SELECT")])

    phone.arrive(make_link(town.woman))
    town.booked(4)
    pages_ = ("/my/", "/my/choose", "/my/times", "/my/1")
    event.listen(Engine, "before_cursor_execute", note)
    try:
        few = [queries(address) for address in pages_]
        for number in range(12):
            worker = make.make_staff(given_name=f"Nomsa{number}")
            venue = make.make_venue(name=f"Place {number}", label=f"Place {number}")
            for day in range(1, 6):
                make.make_session(venue, at(9, 0, day), at(17, 0, day), (worker,), (town.type,))
        town.booked(3, 11)
        town.booked(2, 11)
        many = [queries(address) for address in pages_]
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert all(now <= before for now, before in zip(many, few, strict=True)), (few, many)
    assert max(many) <= 32, many
