"""Her link under presses that race: processes at the same instant, on both databases."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import LinkSession
from scheduler.services import links

from ...support import factories as make
from ...support.factories import MONDAY
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, appointments
from ...support.processes import run_together
from ...support.settings import Settings

pytestmark = pytest.mark.race

NINE = MONDAY.replace(hour=9)


def press(_app: Flask, token: str) -> str:
    return links.open_session(token)


def confirm(app: Flask, cookie: str, form: str, key: str) -> tuple[int, str]:
    http = app.test_client()
    http.set_cookie("my", cookie, path="/my")
    answer = http.post("/my/check", data={"form": form, "key": key})
    return answer.status_code, answer.headers.get("Location", "")


def test_presses_at_the_same_instant_get_one_session(town: Town, settings: Settings) -> None:
    token = make_link(town.woman)
    outcomes = run_together(settings, press, [(token,)] * 2, now=NINE)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert len({each.value for each in outcomes}) == 1
    assert db.session.execute(select(func.count()).select_from(LinkSession)).scalar() == 1


def test_confirming_twice_at_the_same_instant_books_once(town: Town, phone: Phone, settings: Settings) -> None:
    phone.arrive(make_link(town.woman)).press("Tuesday")
    cookie = phone.http.get_cookie("my", path="/my")
    assert cookie is not None
    fields = [str(phone.page.select_one(f"main input[name={name}]")["value"]) for name in ("form", "key")]  # type: ignore[index]
    outcomes = run_together(settings, confirm, [(cookie.value, *fields)] * 2, now=NINE)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert {each.value for each in outcomes} == {(303, "/my/1/booked")}
    assert len(appointments(town.woman)) == 1


def test_two_women_who_confirm_one_time_are_told_apart_and_neither_waits_in_vain(
    town: Town, app: Flask, settings: Settings
) -> None:
    arguments = []
    for woman in (town.woman, make.make_client(key_worker_id=town.aisha)):
        phone = Phone(app).arrive(make_link(woman)).press("Tuesday")
        cookie = phone.http.get_cookie("my", path="/my")
        assert cookie is not None
        fields = [str(phone.page.select_one(f"main input[name={name}]")["value"]) for name in ("form", "key")]  # type: ignore[index]
        arguments.append((cookie.value, *fields))
    outcomes = run_together(settings, confirm, arguments, now=NINE)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert sorted(each.value[0] for each in outcomes) == [303, 409]
    assert len(appointments()) == 1
