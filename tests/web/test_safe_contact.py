"""The desk records what is safe, reads whether to call now, and sees whom to ask again."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from scheduler.extensions import db
from scheduler.rules.reminders import SCHOOL
from scheduler.services import clients
from scheduler.services.actors import SYSTEM
from scheduler.web.reception.safe_forms import Week, read_clock

from ..support import factories as make
from ..support.api import as_role, ok
from ..support.desk import Desk
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def desk(app: Flask, context: Any, clock: Any) -> Desk:
    return Desk(app, "reception")


def save(desk: Desk, client: int, channel: str, **typed: Any) -> int:
    fields = {f"{channel}-{name.replace('__', '-')}": value for name, value in typed.items()}
    return desk.client.post(f"/reception/clients/{client}/safe/{channel}", data=fields).status_code


def hours(client: int) -> Any:
    db.session.rollback()
    return clients.get(SYSTEM, client).safe_contacts[0].details.hours


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("9", 540), ("930", 570), ("9.30", 570), ("09:30", 570), ("2pm", 840), ("12am", 0), ("12 pm", 720), ("24", 1440),
     ("1405", 845), ("", None), ("25", None), ("9:60", None), ("noon", None), ("13pm", None), ("24:01", None)],
)
def test_a_time_is_read_as_people_write_it(typed: str, minutes: int | None) -> None:
    assert read_clock(typed) == minutes


def test_one_row_stands_for_every_weekday_and_a_day_of_its_own_wins(desk: Desk) -> None:
    her = make.make_client()
    assert save(desk, her, "sms", safe="yes", when="own", w__0__from="10", w__0__until="12", w__1__from="2pm",
                w__1__until="3pm", **{"2__0__from": "9", "2__0__until": "9.30"}) == 303  # fmt: skip
    usual = ((600, 720), (840, 900))
    assert hours(her) == tuple((day, *span) for day in (0, 1) for span in usual) + ((2, 540, 570),) + tuple(
        (day, *span) for day in (3, 4) for span in usual
    )
    page = BeautifulSoup(desk.get(f"/reception/clients/{her}/safe").text, "html.parser")
    assert page.select_one("[name=sms-2-0-until]")["value"] == "09:30"  # type: ignore[index]


def test_what_is_saved_again_unchanged_stays_the_same(app: Flask) -> None:
    for recorded in (((0, 540, 600), (0, 660, 720), (0, 780, 840), (6, 60, 120)), SCHOOL,
                     tuple((d, 600, 660) for d in range(7)), ()):  # fmt: skip
        with app.test_request_context():
            week = Week.recorded("sms", recorded)
            sent = {f"sms-{row.key}-{n}-{end}": span[place] for row in week.rows for n, span in enumerate(row.spans)
                    for place, end in enumerate(("from", "until"))}  # fmt: skip
            assert sorted(Week.typed("sms", sent).hours()) == sorted(recorded)


def test_school_hours_and_any_reasonable_hour_are_one_choice_each(desk: Desk) -> None:
    her = make.make_client()
    save(desk, her, "sms", safe="yes", when="school")
    assert hours(her) == SCHOOL
    save(desk, her, "sms", safe="yes", when="any")
    assert hours(her) == ()


def test_times_that_were_typed_are_never_dropped_for_wider_ones(desk: Desk) -> None:
    her = make.make_client()
    assert save(desk, her, "sms", safe="yes", when="any", **{"0__0__from": "9", "0__0__until": "10"}) == 422
    assert clients.get(SYSTEM, her).safe_contacts == ()


def test_the_page_says_kindly_what_a_phone_that_is_not_theirs_alone_means(desk: Desk) -> None:
    her = make.make_client()
    path = f"/reception/clients/{her}"
    assert "We do not know yet whose phone this is" in desk.get(path).text
    for whose, said in (("shared", "Someone else may read or answer"), ("place", "Others answer at this number")):
        assert desk.post(f"{path}/phone", phone_is=whose).status_code == 303
        assert said in desk.get(path).text
        assert said in desk.get(f"{path}/safe").text
    desk.post(f"{path}/phone", phone_is="hers")
    assert "kindly" not in desk.get(path).text
    answer = desk.post(f"{path}/phone", phone_is="nobody")
    assert (answer.status_code, "Choose whose phone it is." in answer.text) == (422, True)


def test_a_landline_is_told_by_the_field(desk: Desk) -> None:
    her = make.make_client(phone="+442079460123")
    answer = desk.client.post(f"/reception/clients/{her}/safe/sms", data={"sms-safe": "yes"})
    assert answer.status_code == 422
    assert "This number is a landline, and gets no texts." in answer.text
    assert "a landline: it gets no texts" in desk.get(f"/reception/clients/{her}/safe").text


def test_whether_to_call_now_whom_to_ask_for_and_the_word(desk: Desk, app: Flask, clock: Any) -> None:
    her = make.make_client(given_name="Sarah", phone="+447700900123")
    path = f"/reception/clients/{her}"
    assert "Safe to call now: no" in desk.get(path).text
    save(desk, her, "call", safe="yes", when="own", w__0__from="9", w__0__until="9:20", word="Bluebell",
         may_name="name")  # fmt: skip
    page = desk.get(path).text
    for said in ("Safe to call now: yes", "07700 900123: ask for Sarah", "Do not say where you call from",
                 "Leave no voicemail", "Bluebell", "Until 09:18"):  # fmt: skip
        assert said in page
    assert "Bluebell" not in desk.get(f"{path}/safe").text
    assert "Bluebell" not in Desk(app, "manager").get(path).text
    clock.set(at(9, 20))
    page = desk.get(path).text
    assert "Safe to call now: no" in page
    assert "This is not a safe hour" in page
    assert "The next safe time is Tuesday 3 March, 09:00" in page
    assert "Bluebell" not in page


def test_a_pause_with_an_end_says_when_texts_go_on(desk: Desk) -> None:
    her = make.make_client()
    assert save(desk, her, "sms", safe="yes", paused="y", paused_until="2026-03-05") == 303
    assert "Paused until Thursday 5 March, 00:00" in desk.get(f"/reception/clients/{her}").text


def test_whom_to_ask_again_is_counted_on_the_desk_and_listed_a_page_at_a_time(desk: Desk) -> None:
    make.open_all_day(make.make_venue())
    assert "Nobody needs to be asked again yet." in desk.get("/reception/ask-again").text
    for number in range(31):
        make.make_safe_contact(make.make_client(given_name=f"Ann{number}"), review_on=at(0).date())
    page = BeautifulSoup(desk.get("/reception/ask-again").text, "html.parser")
    assert len(page.select("main tbody tr")) == 30
    last = desk.get("/reception/ask-again?page=2").text
    assert last.count("<tr>") == 2
    shown = BeautifulSoup(desk.get("/reception/").text, "html.parser").select_one("a[href='/reception/ask-again']")
    assert shown is not None
    assert shown.get_text(" ", strip=True) == "Ask again 31"
    assert desk.get("/reception/ask-again?page=x").status_code == 422


def test_a_language_that_nobody_has_checked_says_so(desk: Desk) -> None:
    page = desk.get(f"/reception/clients/{make.make_client()}/safe").text
    assert "Polski (Polish) – to be checked by a native speaker" in page
    assert "English – to be checked" not in page


def test_everything_goes_through_the_api_but_the_word_comes_back_to_nobody(client: Any) -> None:
    api = as_role(client, "reception")
    her = make.make_client()
    sent = {"safe": "yes", "paused": True, "paused_until": "2026-03-05T00:00:00Z", "reminder_on_day": True,
            "word": "Bluebell", "may_name": ["worker"]}  # fmt: skip
    kept = ok(api.put(f"/clients/{her}/safe-contacts/call", sent))
    assert (kept["has_word"], kept["reminder_on_day"], kept["review_on"]) == (True, True, "2026-05-31")
    assert kept["paused_until"].startswith("2026-03-05T00:00:00")
    assert "Bluebell" not in str(kept)
    assert ok(api.put(f"/clients/{her}/phone-is", {"phone_is": "shared"}))["phone_is"] == "shared"
    make.make_safe_contact(her, review_on=at(0).date())
    assert [each["client_id"] for each in ok(api.get("/clients/ask-again"))["items"]] == [her]
