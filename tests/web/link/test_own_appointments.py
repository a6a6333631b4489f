"""Her own appointments on her link: seeing, changing and cancelling them; and whether texts are still safe."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Ask, Client, Message, SafeContact
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, appointments

# --- Her own appointments ---


def test_she_sees_changes_and_keeps_her_appointment_until_the_new_time_is_confirmed(town: Town, phone: Phone) -> None:
    made = town.booked(1, 10)
    phone.arrive(make_link(town.woman, appointment_id=made.id))
    assert "Tomorrow, Tuesday 3 March 10am" in phone.words
    phone.press("See, change or cancel").press("Change the time")
    assert "It stays yours until you book another time." in phone.words
    phone.press("2pm")
    assert "This is instead of: Tomorrow, Tuesday 3 March, 10am." in phone.words
    assert appointments()[0].start == at(10, 0, 1)
    phone.press("Yes, change to this time")
    (moved,) = appointments(town.woman)
    assert (moved.id, moved.start, moved.version) == (made.id, at(14, 0, 1), 2)
    assert phone.address == "/my/1/booked"
    assert "You are changing" not in phone.open("/my/").words


def test_times_beside_her_appointment_are_not_taken_for_a_change_of_it(town: Town, phone: Phone) -> None:
    town.booked(1, 10)
    phone.arrive(make_link(town.woman))
    assert "Another appointment" in phone.words
    assert "Choose another time" not in phone.words


def test_a_change_lost_in_a_race_leaves_her_appointment_as_it_was(town: Town, phone: Phone) -> None:
    made = town.booked(1, 10)
    phone.arrive(make_link(town.woman)).press("See, change").press("Change the time").press("2pm")
    town.booked(1, 14, client=make.make_client())
    phone.press("Yes, change")
    assert phone.status == 409
    assert "You are changing" in phone.words
    assert [(row.start, row.state) for row in appointments(town.woman)] == [(made.start, "booked")]
    phone.press("Keep the time I have")
    assert phone.address == "/my/"


def test_changing_keeps_the_length_that_was_agreed(town: Town, phone: Phone) -> None:
    long = Choice(town.woman, town.type, town.sessions["hub", 1], town.aisha, "in-person", at(10, 0, 1), 60)
    booking.book(SYSTEM, long)
    phone.arrive(make_link(town.woman)).press("See, change").press("Change the time").press("2pm").press("Yes, change")
    (moved,) = appointments(town.woman)
    assert moved.end - moved.start == timedelta(minutes=60)


def test_cancelling_asks_first_and_cancels_once(town: Town, phone: Phone) -> None:
    made = town.booked()
    phone.arrive(make_link(town.woman, appointment_id=made.id)).press("See, change or cancel").press("Cancel it")
    assert appointments()[0].state == "booked"
    button = phone.page.select_one("main form button")
    assert button is not None
    phone.follow(button)
    assert "It is cancelled" in phone.words
    phone.follow(button)
    assert phone.address == "/my/cancelled"
    (row,) = appointments()
    assert (row.state, row.cancel_reason, row.version) == ("cancelled", "client-asked", 2)
    phone.press("Choose another time")
    assert len(phone.buttons(".good")) == 3


def test_too_close_to_the_time_she_is_told_to_call(town: Town, phone: Phone, clock: Any) -> None:
    town.booked(1, 10)
    clock.set(at(9, 1, 1))
    phone.arrive(make_link(town.woman)).press("See, change or cancel")
    assert "too close to change here" in phone.words
    assert "Change the time" not in phone.html
    token = str(phone.open("/my/").page.select_one("main input[name=form]")["value"])  # type: ignore[index]
    for what in ("change", "cancel"):
        answer = phone.http.post(f"/my/1/{what}", data={"form": token})
        assert answer.status_code == 409
        assert b"Leave now" in answer.data
    assert appointments()[0].state == "booked"


def test_notice_of_the_type_holds_on_her_link(town: Town, phone: Phone, clock: Any) -> None:
    from scheduler.models import AppointmentType

    db.session.get(AppointmentType, town.type).notice = 26 * 60  # type: ignore[union-attr]
    db.session.commit()
    phone.arrive(make_link(town.woman))
    assert "11am" in phone.buttons(".good")[0]


def test_another_womans_appointment_cannot_be_reached(town: Town, phone: Phone) -> None:
    other = make.make_client()
    theirs = [town.booked(day, client=other) for day in (1, 2, 3)]
    mine = town.booked(4)
    phone.arrive(make_link(town.woman))
    token = str(phone.page.select_one("main input[name=form]")["value"])  # type: ignore[index]
    assert mine.own_number == 1
    missing = phone.open("/my/99").html
    for number in [2, 3, *(each.id for each in theirs), 10**12]:
        if number == mine.own_number:
            continue
        for page in ("", "/cancel", "/booked"):
            assert phone.open(f"/my/{number}{page}").status == 404
            assert phone.html == missing
        for what in ("change", "cancel", "safe"):
            answer = phone.http.post(f"/my/{number}/{what}", data={"form": token, "answer": "no"})
            assert answer.status_code == 404
    assert phone.open(f"/my/{10**30}").status == 404
    assert {row.state for row in appointments()} == {"booked"}


def test_no_number_on_her_pages_counts_anything_of_others(town: Town, phone: Phone) -> None:
    for day in (1, 2, 3):
        town.booked(day, client=make.make_client())
    made = town.booked(4)
    phone.arrive(make_link(town.woman))
    pages = [phone.html, phone.open("/my/times").html, phone.open("/my/1").html]
    counted = [f'"{made.id}"', f"/{made.id}/", f'"{town.sessions["hub", 4]}"']
    assert made.id != 1
    assert not [word for page in pages for word in counted if word in page]


# --- Is it still safe to text her? ---


def test_yes_confirms_and_no_stops_texts_and_closes_every_link(town: Town, app: Flask, phone: Phone) -> None:
    elsewhere = Phone(app).arrive(make_link(town.woman))
    phone.arrive(make_link(town.woman)).press("Tuesday").press("Yes, book")
    assert "Is it still safe to text this number?" in phone.words
    queued = select(func.count()).select_from(Message).where(Message.state == "planned")
    assert db.session.execute(queued).scalar()
    phone.press("Yes, it is safe")
    assert "Thank you. We will text you as before." in phone.words
    db.session.rollback()
    assert db.session.get(SafeContact, (town.woman, "sms")).checked_at is not None  # type: ignore[union-attr]
    phone.press("Back to the start").press("Wednesday").press("Yes, book").press("Not any more")
    assert "We will not text you" in phone.words
    assert "Wednesday 4 March" in phone.words
    db.session.rollback()
    assert db.session.get(SafeContact, (town.woman, "sms")).paused  # type: ignore[union-attr]
    assert db.session.execute(queued).scalar() == 0
    assert phone.open("/my/").status == elsewhere.open("/my/").status == 410
    assert [row.state for row in appointments()] == ["booked", "booked"]


@pytest.mark.parametrize("values", [{"safe": "no"}, {"safe": "unknown"}, {"paused": True}, None])
def test_where_texts_are_not_safe_nothing_is_asked_and_nothing_made_safe(
    phone: Phone, values: dict[str, Any] | None, town: Town
) -> None:
    her = make.make_client()
    if values is not None:
        make.make_safe_contact(her, **values)
    phone.arrive(make_link(her)).press("Tuesday").press("Yes, book")
    assert "safe to text" not in phone.words
    token = str(phone.open("/my/").page.select_one("main input[name=form]")["value"])  # type: ignore[index]
    phone.http.post("/my/1/safe", data={"form": token, "answer": "yes"})
    db.session.rollback()
    kept = db.session.get(SafeContact, (her, "sms"))
    assert kept is None or (kept.safe, kept.checked_at) == ((values or {}).get("safe", "yes"), None)


def test_another_number_is_asked_of_staff_and_stops_the_old_one(town: Town, app: Flask, phone: Phone) -> None:
    elsewhere = Phone(app).arrive(make_link(town.woman))
    phone.arrive(make_link(town.woman)).press("Tuesday").press("Yes, book").press("Use another number")
    phone.press("Send it", number="not a number")
    assert phone.status == 422
    assert "Type a phone number" in phone.words
    field = phone.page.select_one("input[name=number]")
    assert field is not None
    assert field["value"] == "not a number"
    db.session.rollback()
    assert not db.session.get(SafeContact, (town.woman, "sms")).paused  # type: ignore[union-attr]
    phone.press("Send it", number="07700 900 456")
    assert "One of us will check the new one with you first." in phone.words
    db.session.rollback()
    assert [(row.kind, row.words) for row in db.session.scalars(select(Ask))] == [("number", "+447700900456")]
    assert db.session.get(SafeContact, (town.woman, "sms")).paused  # type: ignore[union-attr]
    assert db.session.get(Client, town.woman).phone != "+447700900456"  # type: ignore[union-attr]
    queued = select(func.count()).select_from(Message).where(Message.state == "planned")
    assert db.session.execute(queued).scalar() == 0
    assert phone.open("/my/").status == elsewhere.open("/my/").status == 410
    assert [row.state for row in appointments()] == ["booked"]
