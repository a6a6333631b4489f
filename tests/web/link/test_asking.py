"""Request mode: a link that asks for times and books nothing (SAFETY.md 4.2)."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Client
from scheduler.services import booking
from scheduler.services.actors import SYSTEM

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, appointments


@pytest.fixture(params=["set by staff", "possibly named", "named"])
def him(town: Town, request: pytest.FixtureRequest) -> int:
    """Someone whose link asks and books nothing."""
    who = make.make_client(
        given_name="Gareth", eligibility="not-eligible", request_mode=request.param == "set by staff"
    )
    make.make_safe_contact(who)
    if request.param != "set by staff":
        make.make_exclusion(town.woman, who, state="possible" if "possibly" in request.param else "confirmed")
    return who


def test_request_mode_asks_for_up_to_three_times_and_books_nothing(town: Town, phone: Phone, him: int) -> None:
    from scheduler.models import TimeRequest

    phone.arrive(make_link(him))
    assert phone.page.select("[name=time]") == []
    phone.press("Choose times")
    assert "Tell us up to three times that suit you. We will text you to confirm." in phone.words
    boxes = [str(each["value"]) for each in phone.page.select("input[name=time]")]
    assert len(boxes) == 8
    assert "in-person" in phone.html
    for ticked in ([], boxes[:4], ["made up"]):
        phone.press("Send these times", time=ticked)
        assert (phone.status, "Choose one, two or three different times." in phone.words) == (422, True)
        kept = [str(each["value"]) for each in phone.page.select("input[name=time][checked]")]
        assert kept == [each for each in ticked if each in boxes]
    phone.press("Send these times", time=boxes[1:4])
    assert "Thank you" in phone.words
    db.session.rollback()
    (asked,) = db.session.execute(select(TimeRequest)).scalars()
    assert (asked.client_id, asked.mode, asked.state) == (him, "in-person", "open")
    assert asked.wishes.count("2026-03-0") == 3
    assert appointments() == []


def test_request_mode_has_no_way_to_book_or_change(town: Town, app: Flask, phone: Phone, him: int) -> None:
    phone.arrive(make_link(him))
    form = str(phone.open("/my/ask").page.select_one("main input[name=form]")["value"])  # type: ignore[index]
    for page in ("/my/choose", "/my/times", "/my/check"):
        assert phone.open(page).address == "/my/", page
    # A time that she is offered, in his session's own words.
    hers = Phone(app).arrive(make_link(town.woman))
    code = str(hers.page.select_one(".good button")["value"])  # type: ignore[index]
    for page, fields in {
        "/my/pick": {"time": code}, "/my/choose": {"part": "any"}, "/my/times": {"page": "later"}, "/my/check": {},
    }.items():
        assert phone.http.post(page, data={"form": form, **fields}).status_code == 303
    assert appointments() == []


def test_a_session_that_was_choosing_when_he_was_named_can_book_no_more(town: Town, phone: Phone) -> None:
    him = make.make_client(given_name="Gareth")
    phone.arrive(make_link(him)).press("Tuesday")
    make.make_exclusion(town.woman, him, state="possible")
    phone.press("Yes, book")
    assert phone.status == 409
    assert "That time is not available. Please choose another." in phone.words
    assert phone.page.select("[name=time]") == []
    assert appointments() == []


def test_his_pages_are_the_same_to_the_byte_whatever_she_has_booked(
    town: Town, app: Flask, phone: Phone, him: int
) -> None:
    phone.arrive(make_link(him))
    boxes = [str(each["value"]) for each in phone.open("/my/ask").page.select("input[name=time]")]
    form = str(phone.page.select_one("main input[name=form]")["value"])  # type: ignore[index]

    def tour() -> list[tuple[int, bytes, list[tuple[str, str]]]]:
        steps: list[tuple[str, dict[str, Any] | None]] = [
            ("/my/", None), ("/my/ask", None), ("/my/ask", {"do": "look", "how": "phone"}), ("/my/ask", None),
            ("/my/ask", {"do": "look", "how": "in-person", "where": str(town.surgery)}), ("/my/ask", None),
            ("/my/ask", {"do": "first", "where": "0"}), ("/my/ask", {"do": "look", "how": "in-person", "where": "0"}),
            ("/my/ask", {"do": "send", "time": boxes[:4]}), ("/my/times", None), ("/my/pick", {"time": boxes[0]}),
            ("/my/check", None), ("/my/check", {"key": "x"}), ("/my/ask", {"do": "send", "time": boxes[:3]}),
            ("/my/asked", None), ("/my/1", None), ("/my/1/cancel", {}),
        ]
        seen = []
        for address, fields in steps:
            answer = (
                phone.http.get(address) if fields is None else phone.http.post(address, data={"form": form, **fields})
            )
            seen.append((answer.status_code, answer.data, sorted(answer.headers.items())))
        return seen

    tour()  # after it he has asked, and his first page shows him what for
    without_her = tour()
    for day in (1, 2, 3, 4):
        town.booked(day, 10)
        town.booked(day, 16)
    assert tour() == without_her
    for made in appointments(town.woman):
        booking.cancel(SYSTEM, made.id)
    assert tour() == without_her


def test_in_request_mode_he_sees_and_cancels_his_own(town: Town, phone: Phone, him: int) -> None:
    db.session.execute(Client.__table__.update().where(Client.id == him).values(eligibility="eligible"))
    db.session.commit()
    town.booked(2, 10, client=him)
    phone.arrive(make_link(him)).press("See, change or cancel")
    assert "Ask for other times" in phone.words
    phone.press("Ask for other times")
    assert phone.address == "/my/ask"
    assert [row.state for row in appointments(him)] == ["booked"]
    phone.open("/my/1").press("Cancel it").press("Yes, cancel it")
    assert [row.state for row in appointments(him)] == ["cancelled"]


def test_what_is_ticked_stays_ticked_while_looking_at_later_times(town: Town, phone: Phone) -> None:
    him = make.make_client(request_mode=True)
    for day in range(5, 28):
        make.make_session(town.hub, at(10, 0, day), at(12, 0, day), (town.aisha,), (town.type,))
    phone.arrive(make_link(him)).press("Choose times")
    first = [str(each["value"]) for each in phone.page.select("input[name=time]")]
    assert len(first) == 20
    phone.press("Later times", time=first[:2])
    later = [str(each["value"]) for each in phone.page.select("input[name=time]:not([checked])")]
    assert [str(each["value"]) for each in phone.page.select("input[name=time][checked]")] == first[:2]
    assert len(later) == 31 - 20
    assert not set(later) & set(first)
    phone.press("Send these times", time=[*first[:2], later[0]])
    assert "Thank you" in phone.words


def test_what_he_asked_for_is_on_his_own_first_page_until_it_is_answered(
    town: Town, app: Flask, phone: Phone, him: int
) -> None:
    from scheduler.models import TimeRequest
    from scheduler.services import requests
    from scheduler.services.actors import Actor

    phone.arrive(make_link(him))
    before = phone.words
    assert "You asked for" not in before
    phone.press("Choose times")
    boxes = [str(each["value"]) for each in phone.page.select("input[name=time]")]
    phone.press("Send these times", time=boxes[:3])
    phone.open("/my/")
    assert "You asked for" in phone.words
    assert phone.words.count("Come in: ") == 3
    assert len(phone.html) < 14_000
    another = make.make_client(given_name="Carl", request_mode=True)
    assert "You asked for" not in Phone(app).arrive(make_link(another)).words
    db.session.rollback()
    made = db.session.execute(select(TimeRequest.id)).scalar_one()
    db.session.rollback()
    requests.settle(Actor("staff", make.make_staff(role="lead"), "lead"), made)
    assert phone.open("/my/").words == before


def test_a_time_that_has_passed_is_no_more_among_what_he_asked_for(town: Town, phone: Phone, clock: Any) -> None:
    him = make.make_client(request_mode=True)
    session = make.make_session(town.hub, at(9, 10), at(11), (town.aisha,), (town.type,))
    later = make.make_session(town.hub, at(10, day=2), at(11, day=2), (town.aisha,), (town.type,))
    wishes = [(session, at(9, 10)), (later, at(10, day=2))]
    booking.request_times(SYSTEM, him, town.type, "in-person", wishes)
    phone.arrive(make_link(him))
    assert phone.words.count("Come in: ") == 2
    clock.forward(minutes=11)
    assert phone.open("/my/").words.count("Come in: ") == 1
