"""Online: the room is reached from her own page alone, near the time alone, and changes with the appointment."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ...support import factories as make
from ...support.desk import Desk
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town

VIDEO, CHAT = "https://meet.example.org", "https://chat.example.org"


@pytest.fixture
def online(town: Town, app: Flask) -> Callable[..., Any]:
    """Book by video or chat, in a service with servers of its own."""
    app.config.update(SIDEGATE_VIDEO_URL=VIDEO, SIDEGATE_CHAT_URL=CHAT)
    session = make.make_session(
        town.hub, at(13, 0, 1), at(17, 0, 1), (town.aisha,), (town.type,), modes=["video", "chat"]
    )

    def book(mode: str = "video", hour: int = 13, client: int | None = None) -> Any:
        return booking.book(SYSTEM, Choice(client or town.woman, town.type, session, town.aisha, mode, at(hour, 0, 1)))

    book.session = session  # type: ignore[attr-defined]
    return book


def room(phone: Phone, number: int = 1) -> str:
    answer = phone.http.get(f"/my/{number}/join")
    return answer.headers.get("Location", "") if answer.status_code == 302 else str(answer.status_code)


@pytest.mark.parametrize(("mode", "base"), [("video", VIDEO), ("chat", CHAT)])
def test_the_room_is_open_from_a_quarter_of_an_hour_before_until_the_end(
    online: Any, town: Town, phone: Phone, clock: Any, mode: str, base: str
) -> None:
    online(mode)
    clock.set(at(12, 44, 1))
    phone.arrive(make_link(town.woman)).press("See, change")
    assert "from 15 minutes before it starts" in phone.words
    assert room(phone) == "404"
    clock.set(at(12, 45, 1))
    assert "It is time" in phone.open("/my/1").words
    assert "It is time" in phone.open("/my/").words
    assert base not in phone.html
    found = room(phone)
    assert found.startswith(f"{base}/")
    assert len(found.rsplit("/", 1)[1]) == 24
    clock.set(at(13, 29, 1))
    phone.arrive(make_link(town.woman))
    assert room(phone) == found
    clock.set(at(13, 30, 1))
    assert room(phone) == "404"


def test_the_link_to_it_tells_the_server_nothing(online: Any, town: Town, phone: Phone, clock: Any) -> None:
    online()
    clock.set(at(12, 50, 1))
    phone.arrive(make_link(town.woman)).open("/my/1")
    link = phone.page.select_one("a[target=_blank]")
    assert link is not None
    assert set(link["rel"]) == {"noopener", "noreferrer"}
    answer = phone.http.get(str(link["href"]))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_moved_appointment_has_another_room_and_a_cancelled_one_none(
    online: Any, town: Town, phone: Phone, clock: Any
) -> None:
    made = online()
    clock.set(at(12, 50, 1))
    phone.arrive(make_link(town.woman))
    before = room(phone)
    other = Choice(town.woman, town.type, online.session, town.aisha, "video", at(13, 30, 1))
    booking.move(SYSTEM, made.id, other)
    assert room(phone) == "404"
    clock.set(at(13, 20, 1))
    phone.arrive(make_link(town.woman))
    after = room(phone)
    assert after.startswith(VIDEO)
    assert after != before
    booking.cancel(SYSTEM, made.id, "client-asked")
    assert room(phone) == "404"


def test_each_appointment_has_its_own_room_and_nobody_else_gets_to_it(
    online: Any, town: Town, app: Flask, clock: Any
) -> None:
    other = make.make_client()
    online()
    online(hour=14, client=other)
    clock.set(at(13, 50, 1))
    hers, theirs = Phone(app).arrive(make_link(town.woman)), Phone(app).arrive(make_link(other))
    assert room(hers) == "404"
    assert room(theirs) != "404"
    assert room(hers, 2) == room(theirs, 2) == "404"
    assert Phone(app).http.get("/my/1/join").status_code == 410


def test_without_a_server_of_its_own_the_service_is_in_touch(
    online: Any, town: Town, app: Flask, phone: Phone, clock: Any
) -> None:
    app.config.update(SIDEGATE_VIDEO_URL="", SIDEGATE_CHAT_URL="")
    online()
    clock.set(at(12, 50, 1))
    phone.arrive(make_link(town.woman)).open("/my/1")
    assert "Before it starts we tell you how to go in" in phone.words
    assert room(phone) == "404"


def test_her_worker_finds_the_same_room(online: Any, town: Town, app: Flask, phone: Phone, clock: Any) -> None:
    made = online()
    clock.set(at(12, 50, 1))
    phone.arrive(make_link(town.woman))
    desk = Desk(app, "worker")
    page = desk.get(f"/reception/appointments/{made.id}")
    assert f'href="{room(phone)}" target="_blank" rel="noopener noreferrer"' in page.text
    booking.cancel(SYSTEM, made.id, "client-asked")
    assert VIDEO not in desk.get(f"/reception/appointments/{made.id}").text
