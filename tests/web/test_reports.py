"""The managers' report: a page and a file with the same numbers, of quarters, and for managers."""

from __future__ import annotations

import csv
import io
import re

import pytest

from scheduler.extensions import db
from scheduler.models import Venue

from ..services.test_reports import LONDON, QUARTER, Town
from ..support.desk import Desk

pytestmark = pytest.mark.usefixtures("context")


@pytest.fixture
def town(clock):
    clock.set(QUARTER.span(LONDON).end)
    return Town(200)


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
def test_reports_are_the_managers(app, role):
    desk = Desk(app, role)
    assert {desk.get(path).status_code for path in ("/manage/reports", "/manage/reports.csv")} == {403}


def test_the_page_and_the_file_say_the_same(app, town):
    desk = Desk(app, "manager")
    page = desk.get("/manage/reports?quarter=2027-01")
    assert page.status_code == 200
    assert "January to March 2027" in page.text
    file = desk.get("/manage/reports.csv?quarter=2027-01")
    assert file.mimetype == "text/csv"
    assert file.headers["Content-Disposition"] == "attachment; filename=report-2027-01.csv"
    rows = [row for row in csv.DictReader(io.StringIO(file.text)) if row["Quarter"] == "January to March 2027"]
    by_place = {row["Row"]: row["Out of"] for row in rows if row["Table"] == "Missed, by place"}
    assert set(by_place) == {"Place 0", "Place 1", "Place 2", "Other places together"}
    shown = re.search(r'id="place".*?</section>', page.text, re.S)[0]
    for name, whole in by_place.items():
        assert re.search(rf"{name}</th>.*?<td>\d+</td><td>{whole}</td>", shown, re.S)


def test_a_refuge_is_in_neither(app, town):
    desk = Desk(app, "manager")
    for path in ("/manage/reports?quarter=2027-01", "/manage/reports.csv?quarter=2027-01"):
        text = desk.get(path).text
        assert "Larkspur" not in text
        assert "Where you are staying" not in text


def test_a_name_that_is_a_formula_stays_a_name(app, town):
    db.session.get_one(Venue, town.venues[0]).name = "=1+1"
    db.session.commit()
    assert "'=1+1" in Desk(app, "manager").get("/manage/reports.csv?quarter=2027-01").text


@pytest.mark.parametrize("typed", ["soon", "2027-13", "9999-01", "0001-01", "2027-01-01' OR 1"])
def test_a_quarter_that_cannot_be_read_is_a_kind_error(app, clock, typed):
    answer = Desk(app, "manager").get("/manage/reports", query_string={"quarter": typed})
    assert answer.status_code == 422


def test_a_service_that_has_just_begun_has_a_page_too(app, clock):
    assert Desk(app, "manager").get("/manage/reports").status_code == 200
