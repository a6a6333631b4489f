"""Choosing a time on her link and booking it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler.extensions import db
from scheduler.models import Client

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, appointments

# --- Choosing and booking ---


def test_the_first_screen_shows_three_times_and_one_is_booked_in_three_taps(town: Town, phone: Phone) -> None:
    phone.open(f"/a/{make_link(town.woman)}")
    phone.press("Continue")
    assert len(phone.buttons(".good")) == 3
    phone.press("with Aisha")
    assert appointments() == []
    phone.press("Yes, book")
    (made,) = appointments(town.woman)
    assert (made.staff_id, made.state, made.made_by) == (town.aisha, "booked", "client")
    assert phone.address == "/my/1/booked"
    for words in ("Tuesday 3 March", "10am", "Come in : Riverside Hub", "2 Mill Lane", "with Aisha", "30 minutes"):
        assert words in phone.words
    assert "Hidden" not in phone.html


def test_her_record_fills_in_the_form_and_narrows_what_she_is_shown(town: Town, phone: Phone) -> None:
    said = {
        "modes": ["in-person"], "venues": [town.surgery], "weekdays": [2], "from_minute": 16 * 60, "creche": 0,
        "until_minute": 17 * 60, "woman_worker": False,
    }
    db.session.get(Client, town.woman).preferences = said  # type: ignore[union-attr]
    db.session.commit()
    phone.arrive(make_link(town.woman))
    shown = phone.buttons(".good")
    assert shown[:2] == [f"Wednesday 4 March {time} Come in: Elm Surgery, with Tom" for time in ("4pm", "4:30pm")]
    assert "Elm Surgery" in shown[2]
    assert "here are others too" in phone.words
    phone.press("Other times and places")
    ticked = {str(each["value"]) for each in phone.page.select("input[checked]")} - {"any"}
    assert ticked == {"in-person", str(town.surgery), "2", "usual"}
    phone.press("Show me times")
    assert re.findall(r"\d+(?::\d+)?[ap]m", " ".join(phone.buttons(".times"))) == ["4pm", "4:30pm"]


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ({"how": ["phone"]}, {"By phone"}),
        ({"who": "woman"}, {"Come in: Riverside Hub", "By phone"}),
        ({"part": "evening"}, {"Come in: Elm Surgery"}),
        ({"days": ["2"], "part": "morning", "how": ["in-person"]}, {"Come in: Riverside Hub"}),
        ({"children": "2"}, {"Come in: Riverside Hub", "By phone"}),
        ({"children": "3"}, set()),
        ({"women": "1"}, set()),
        ({"part": "school", "how": ["in-person"]}, {"Come in: Riverside Hub", "Come in: Elm Surgery"}),
    ],
)
def test_she_chooses_how_where_when_with_whom_and_with_children(
    town: Town, phone: Phone, choice: dict[str, Any], expected: set[str]
) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places").press("Show me times", **choice)
    assert phone.address == "/my/times"
    assert {each.get_text() for each in phone.page.select("h3")} == expected
    if choice.get("part") == "school":
        surgery = next(each for each in phone.page.select("h3") if "Elm" in each.get_text())
        assert [each.get_text(" ").split()[0] for each in surgery.find_next("ul").select("button")] == ["2pm"]  # type: ignore[union-attr]


def test_a_choice_that_is_not_on_the_form_is_as_if_it_were_not_there(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places")
    phone.press(
        "Show me times", how=["carrier-pigeon"], where=["999999", "x" * 5000], days=["9", "-1"], part="midnight",
        who="١٢", children="99999999999999", what="0", women="yes",
    )
    assert phone.status == 200
    assert len(phone.buttons(".times")) > 10


def test_children_get_their_places_with_the_booking(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places").press("Show me times", children="2")
    phone.press("10am").press("Yes, book")
    assert appointments()[0].creche == 2
    assert "2 places for your children" in phone.words


def test_more_times_than_fit_are_on_later_screens(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places").press("Show me times")
    seen = []
    for _ in range(10):
        codes = [str(each["value"]) for each in phone.page.select(".times button")]
        assert 0 < len(codes) <= 24
        assert not set(codes) & set(seen)
        seen += codes
        if "Later times" not in phone.buttons():
            break
        phone.press("Later times")
    # Four days of two hours by two ways, and of four hours by one.
    assert len(seen) == 4 * (4 + 4 + 8)
    phone.press("Back to the first times")
    assert str(phone.page.select_one(".times button")["value"]) == seen[0]  # type: ignore[index]


def test_a_double_press_books_once(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Tuesday")
    button = phone.page.select_one("main form button")
    assert button is not None
    phone.follow(button)
    phone.follow(button)
    assert phone.address == "/my/1/booked"
    assert len(appointments()) == 1


def test_a_page_left_behind_in_another_tab_books_nothing_she_did_not_read(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman))
    times = phone.page.select(".good button")
    phone.follow(times[0])
    stale = phone.page.select_one("main form button")
    phone.follow(times[1])
    shown = phone.words
    assert stale is not None
    phone.follow(stale)
    assert appointments() == []
    assert phone.address == "/my/check"
    assert phone.words == shown


def test_a_lost_race_says_the_one_sentence_shows_the_nearest_and_loses_no_answer(
    town: Town, phone: Phone
) -> None:
    other = make.make_client()
    phone.arrive(make_link(town.woman)).press("Other times and places")
    phone.press("Show me times", how=["in-person"], where=[str(town.hub)], children="1").press("10:30am")
    town.booked(1, 10, 30, client=other)
    phone.press("Yes, book")
    assert phone.status == 409
    assert "That time is not available. Please choose another." in phone.words
    assert [each.split()[2:4] for each in phone.buttons(".good")] == [["3", "March"]] * 3
    assert all("Riverside Hub" in each for each in phone.buttons(".good"))
    phone.press("10am").press("Yes, book")
    (mine,) = appointments(town.woman)
    assert (mine.start, mine.creche) == (at(10, 0, 1), 1)


def test_a_time_taken_before_her_tap_is_refused_like_one_taken_after(town: Town, phone: Phone) -> None:
    other = make.make_client()
    phone.arrive(make_link(town.woman)).press("Other times and places").press("Show me times", how=["in-person"])
    button = next(each for each in phone.page.select(".times button") if each.get_text().startswith("10:30am"))
    town.booked(1, 10, 30, client=other)
    phone.follow(button)
    assert phone.status == 409
    assert "That time is not available. Please choose another." in phone.words


def test_a_time_of_another_session_or_made_up_picks_nothing(town: Town, app: Flask, phone: Phone) -> None:
    stranger = Phone(app).arrive(make_link(make.make_client()))
    theirs = stranger.page.select_one(".good button")
    assert theirs is not None
    phone.arrive(make_link(town.woman))
    token = str(phone.page.select_one("main input[name=form]")["value"])  # type: ignore[index]
    for made_up in (str(theirs["value"]), "", "-", "zz-aa", "1-" + "a" * 20, "f" * 9 + "-a", "7fffffff-a", "é" * 2000):
        answer = phone.http.post("/my/pick", data={"form": token, "time": made_up})
        assert answer.status_code in (303, 409), made_up
        if answer.status_code == 303:
            assert answer.headers["Location"] == "/my/"
    assert phone.open("/my/check").address == "/my/"


@pytest.mark.parametrize("far", ["9999-12-31T23:59Z", "9999-12-30T00:00Z", "2481-01-01T00:00Z"])
def test_a_made_up_time_at_the_end_of_the_calendar_is_no_time(town: Town, phone: Phone, far: str) -> None:
    token = phone.arrive(make_link(town.woman)).page.select_one("input[name=form]")
    minute = int(datetime.fromisoformat(far).timestamp()) // 60
    answer = phone.http.post("/my/pick", data={"form": token["value"], "time": f"{minute:x}-abc"})  # type: ignore[index]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/my/")


def test_a_form_sent_by_another_site_does_nothing(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Tuesday")
    key = str(phone.page.select_one("input[name=key]")["value"])  # type: ignore[index]
    for fields in ({"key": key}, {"key": key, "form": "x"}, {"key": key, "form": "é"}):
        assert phone.http.post("/my/check", data=fields).status_code == 422
    assert appointments() == []


def test_a_type_that_is_not_for_self_service_is_offered_nowhere(town: Town, phone: Phone) -> None:
    from scheduler.models import AppointmentType

    db.session.get(AppointmentType, town.type).self_service = False  # type: ignore[union-attr]
    db.session.commit()
    for page in ("/my/", "/my/choose", "/my/times"):
        phone.arrive(make_link(town.woman)).open(page)
        assert phone.status == 200
        assert phone.page.select("[name=time]") == []


def test_what_the_link_was_sent_about_is_what_she_is_offered(town: Town, phone: Phone) -> None:
    nurse = make.make_type(name="Nurse", minutes=20)
    make.make_session(town.hub, at(15, 0, 3), at(16, 0, 3), (town.aisha,), (nurse,))
    phone.arrive(make_link(town.woman, type_id=nurse)).press("3pm").press("Yes, book")
    assert appointments()[0].type_id == nurse


def test_a_group_and_a_drop_in_say_what_they_are(town: Town, phone: Phone) -> None:
    group = make.make_type(name="Circle", group=True)
    both = (group,)
    make.make_session(town.hub, at(13, 0, 1), at(14, 30, 1), (), both, kind="group", seats=5, audience="women")
    make.make_session(town.surgery, at(9, 0, 2), at(12, 0, 2), (), both, kind="drop-in")
    phone.arrive(make_link(town.woman, type_id=group))
    one, other = phone.buttons(".good")
    assert one == "Tomorrow, Tuesday 3 March 1pm Come in: Riverside Hub, in a group, women only"
    assert other == "Wednesday 4 March 9am to 12 noon Come in: Elm Surgery, come any time"
    phone.press("9am to 12 noon").press("Yes, book")
    assert "Come any time between these times." in phone.words


# --- Where she is staying ---


def test_where_she_is_staying_has_no_name_or_address_on_any_page(town: Town, app: Flask) -> None:
    refuge = make.make_venue(
        kind="refuge", name="Canary House", label="Where you are staying", confidential=True, address="77 Canary Row",
        postcode="ZZ9 9ZZ", phone="01632 960999", directions="Behind the canary",
    )
    make.make_session(refuge, at(9, 0, 1), at(9, 30, 1), (town.tom,), (town.type,))
    for staying in (True, False):
        who = make.make_client()
        if staying:
            make.make_stay(who, refuge)
        phone = Phone(app).arrive(make_link(who))
        pages = [phone.html, phone.open("/my/choose").html, phone.press("Show me times").html]
        assert all(("Where you are staying" in page) == staying for page in pages)
        if staying:
            pages += [phone.press("9am").html, phone.press("Yes, book").html, phone.open("/my/1").html]
            assert "Come in : Where you are staying" in phone.words
        for page in pages:
            assert not [secret for secret in ("anary", "ZZ9", "960999") if secret in page]


# --- Times ---


def test_the_hour_that_comes_twice_is_told_apart(town: Town, phone: Phone, clock: Any) -> None:
    night = datetime(2027, 10, 31, 0, 0, tzinfo=UTC)
    clock.set(night - timedelta(days=1))
    make.make_session(town.hub, night + timedelta(minutes=30), night + timedelta(hours=2), (town.aisha,), (town.type,))
    phone.arrive(make_link(town.woman, type_id=town.type)).press("Other times").press("Show me times")
    assert [each.removesuffix(" Tomorrow, Sunday 31 October") for each in phone.buttons(".times")] == [
        "1:30am (first, BST)", "1am (second, GMT)", "1:30am (second, GMT)",
    ]
    phone.press("1:30am (second").press("Yes, book")
    assert appointments()[0].start == night + timedelta(minutes=90)
    assert "1:30am (second, GMT)" in phone.words


def test_summer_times_are_on_the_wall_clock(town: Town, phone: Phone, clock: Any) -> None:
    clock.set(datetime(2026, 7, 1, 8, 0, tzinfo=UTC))
    make.make_session(
        town.hub, datetime(2026, 7, 2, 11, 0, tzinfo=UTC), datetime(2026, 7, 2, 11, 30, tzinfo=UTC), (town.aisha,),
        (town.type,),
    )
    assert "Tomorrow, Thursday 2 July 12 noon" in phone.arrive(make_link(town.woman)).words
