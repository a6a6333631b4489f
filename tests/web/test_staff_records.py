"""Changing what is recorded of those who work here: it is matched like any name, and lifts nothing (SAFETY.md 2)."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import select, update

from scheduler.extensions import db
from scheduler.models import AuditRecord, Exclusion, Match, SafetyCase, SignIn, Staff
from scheduler.services import booking, clients, exclusions, staff
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.staff import StaffDetails
from scheduler.store import diary
from tests.support import factories as make
from tests.support.desk import Desk
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

LEAD = Actor("staff", None, "lead")


@pytest.fixture
def desk(app: Flask) -> Desk:
    return Desk(app, "manager")


def add(given: str = "Omar", family: str = "Haddad", **values: Any) -> int:
    return staff.add(SYSTEM, StaffDetails(given, family, values.pop("role", "worker"), **values))


def her_exclusion(*names: str, **values: Any) -> int:
    she = clients.add(SYSTEM, ClientDetails("Alma", "Reyes"))
    return exclusions.record(SYSTEM, ExclusionDetails(she, names=names, **values)).exclusion_id


def matches(person: int) -> list[str]:
    db.session.rollback()
    query = select(Match.state).where(Match.person_kind == "staff", Match.person_id == person).order_by(Match.id)
    return list(db.session.execute(query).scalars())


def read(person: int) -> Staff:
    db.session.rollback()
    db.session.expire_all()
    found = db.session.get(Staff, person)
    assert found is not None
    return found


def form_of(desk: Desk, person: int) -> dict[str, Any]:
    """The fields of the page as a browser would send them back."""
    page = BeautifulSoup(desk.get(f"/manage/staff/{person}/edit").text, "html.parser")
    form = page.select_one("form.form-sheet")
    assert form is not None
    fields: dict[str, Any] = {}
    for box in form.select("input[name]"):
        if box.get("type") == "checkbox" and not box.has_attr("checked"):
            continue
        fields.setdefault(str(box["name"]), []).append(box.get("value", ""))
    fields["role"] = [option["value"] for option in form.select("#role option[selected]")]
    return fields


def save(desk: Desk, person: int, **changed: Any) -> Any:
    fields = {**form_of(desk, person), **changed}
    return desk.post(f"/manage/staff/{person}/edit", **fields)


# --- the page ---------------------------------------------------------------------------------------------------------


def test_what_is_recorded_is_shown_and_saved_as_it_was(desk: Desk) -> None:
    venue = make.make_venue()
    person = add(
        job="peer mentor", sees_clients=True, woman=True, on_call=True, phone="07700 900123", date_of_birth="5/3/1987",
        venues=(venue,),
    )  # fmt: skip
    before = vars(read(person)).copy()
    assert save(desk, person).status_code == 302
    after = vars(read(person)).copy()
    assert after.pop("version") == before.pop("version") + 1
    for each in (before, after):
        each.pop("_sa_instance_state")
    assert after == before
    assert diary.assigned_venues(person) == {venue}


def test_every_part_can_be_changed(desk: Desk) -> None:
    venue, person = make.make_venue(), add()
    changed = {
        "given_name": "Omari", "family_name": " Haddad-Bell ", "role": "lead", "job": "volunteer", "on_call": "yes",
        "phone": "07700 900456", "date_of_birth": "1987", "sees_clients": None, "woman": "yes", "venues": [str(venue)],
        "username": "omari", "active": "yes",
    }  # fmt: skip
    assert save(desk, person, **changed).status_code == 302
    row = read(person)
    assert (row.given_name, row.family_name, row.role, row.job) == ("Omari", "Haddad-Bell", "lead", "volunteer")
    assert (row.on_call, row.phone, row.date_of_birth) == (True, "+447700900456", "1987")
    assert (row.sees_clients, row.woman, row.active, row.username) == (False, True, True, "omari")
    assert diary.assigned_venues(person) == {venue}


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"phone": "the blue phone"}, "phone"), ({"phone": "12"}, "phone"), ({"date_of_birth": "soon"}, "date_of_birth"),
     ({"given_name": "  "}, "given_name"), ({"family_name": "--"}, "family_name"),
     ({"given_name": "x" * 101}, "given_name"), ({"username": "two words"}, "username")],
)  # fmt: skip
def test_what_cannot_be_is_told_by_the_field_and_kept_as_typed(desk: Desk, changed: dict[str, str], field: str) -> None:
    person = add()
    answer = save(desk, person, **changed)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert BeautifulSoup(answer.text, "html.parser").find(id=field)["value"] == changed[field]  # type: ignore[index]
    assert read(person).version == 1


def test_whoever_saves_over_another_is_told_and_changes_nothing(desk: Desk) -> None:
    person = add()
    stale = form_of(desk, person)
    save(desk, person, job="nurse")
    for version in (stale["version"], [""], ["x"], None):
        answer = desk.post(f"/manage/staff/{person}/edit", **{**stale, "job": "cook", "version": version})
        assert answer.status_code in (412, 422)
    assert read(person).job == "nurse"


def test_only_managers_open_it_and_there_is_none_of_nobody(app: Flask, desk: Desk) -> None:
    person = add()
    for role in ("reception", "outreach", "lead", "worker"):
        other = Desk(app, role)
        assert other.get(f"/manage/staff/{person}/edit").status_code == 403
        assert other.post(f"/manage/staff/{person}/edit", given_name="x").status_code == 403
    assert desk.get("/manage/staff/999999/edit").status_code == 404


def test_a_manager_neither_ends_nor_lowers_her_own_account(desk: Desk) -> None:
    assert 'name="active"' not in desk.get(f"/manage/staff/{desk.staff_id}/edit").text
    assert save(desk, desk.staff_id, active=None, phone="07700 900123").status_code == 302
    assert (read(desk.staff_id).active, read(desk.staff_id).phone) == (True, "+447700900123")
    assert save(desk, desk.staff_id, role="reception").status_code == 422
    assert save(desk, desk.staff_id, username="").status_code == 422
    assert read(desk.staff_id).role == "manager"


def test_a_place_that_the_manager_may_not_know_of_stays_assigned(desk: Desk) -> None:
    refuge, hub = make.make_venue(kind="refuge", confidential=True, name="Rowan House"), make.make_venue()
    person = add()
    make.assign(person, refuge), make.assign(person, hub)
    assert "Rowan House" not in desk.get(f"/manage/staff/{person}/edit").text
    assert save(desk, person, venues=None).status_code == 302
    assert diary.assigned_venues(person) == {refuge}


def test_where_there_are_too_many_places_to_list_nobody_loses_one(desk: Desk) -> None:
    person, venue = add(), make.make_venue()
    make.assign(person, venue)
    site = make.make_site("Elm Road")
    for number in range(61):
        make.make_venue(site, name=f"Room {number}")
    assert save(desk, person, job="nurse").status_code == 302
    assert (read(person).job, diary.assigned_venues(person)) == ("nurse", {venue})


def test_another_role_signs_them_out_everywhere(app: Flask, desk: Desk) -> None:
    other = Desk(app, "reception")
    assert save(desk, other.staff_id, role="worker").status_code == 302
    db.session.rollback()
    query = select(SignIn.ended_at).where(SignIn.staff_id == other.staff_id)
    assert None not in db.session.execute(query).scalars().all()


def test_the_list_shows_who_is_on_call_without_a_phone(desk: Desk) -> None:
    person = add(on_call=True)
    assert "No phone" in desk.get("/manage/staff").text
    save(desk, person, phone="07700 900123")
    assert "No phone" not in desk.get("/manage/staff").text


# --- matching ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "known", "changed"),
    [("Gareth Pike", {}, {"given_name": "Gaz", "family_name": "Pike"}),
     ("Wayne Marsh", {"phone": "07700 900777"}, {"phone": "07700 900777"}),
     ("Omar Hadad", {"date_of_birth": "1987-03-05"}, {"date_of_birth": "5/3/1987"})],
)  # fmt: skip
def test_a_changed_name_phone_or_birth_date_is_matched_at_once(
    desk: Desk, name: str, known: dict[str, Any], changed: dict[str, str]
) -> None:
    person = add(date_of_birth="1/11/1950")
    her_exclusion(name, **known)
    assert matches(person) == []
    save(desk, person, **changed)
    assert matches(person) == ["possible"]


def test_a_new_match_opens_the_case_of_a_session_that_clashes_at_once(desk: Desk) -> None:
    venue, kind, person = make.make_venue(), make.make_type(), add(sees_clients=True)
    make.open_all_day(venue)
    exclusion = her_exclusion("Gareth Pike")
    her = db.session.execute(select(Exclusion.client_id).where(Exclusion.id == exclusion)).scalar_one()
    other = make.make_staff()
    hers = make.make_session(venue, at(10), at(12), (other,), (kind,))
    booking.book(SYSTEM, Choice(her, kind, hers, other, "in-person", at(10)))
    make.make_session(venue, at(9), at(13), (person,))
    assert db.session.execute(select(SafetyCase.id)).first() is None
    save(desk, person, given_name="Gareth", family_name="Pike")
    db.session.rollback()
    assert db.session.execute(select(SafetyCase.exclusion_id)).scalars().all() == [exclusion]


def test_a_dismissal_is_undone_when_what_identifies_them_changes(desk: Desk) -> None:
    person = add("Gareth", "Pike")
    her_exclusion("Gareth Pike")
    db.session.execute(update(Match).values(state="dismissed", reason="another man", decided_at=at(9)))
    db.session.commit()
    save(desk, person, job="nurse", on_call="yes")
    assert matches(person) == ["dismissed"]
    save(desk, person, date_of_birth="1987")
    assert matches(person) == ["possible"]


@pytest.mark.parametrize("how", ["page", "button"])
def test_ending_someone_lifts_no_match_and_still_matches_what_is_recorded_later(desk: Desk, how: str) -> None:
    person = add("Gareth", "Pike")
    her_exclusion("Gareth Pike")
    if how == "page":
        assert save(desk, person, active=None).status_code == 302
    else:
        desk.post(f"/manage/staff/{person}/active", active="no")
    assert not read(person).active
    assert matches(person) == ["possible"]
    her_exclusion("Gaz Pike")
    assert matches(person) == ["possible", "possible"]
    save(desk, person, given_name="Gareth James")
    assert matches(person) == ["possible", "possible"]


def test_the_change_is_in_the_log_without_a_name(desk: Desk) -> None:
    person = add()
    save(desk, person, given_name="Gareth")
    db.session.rollback()
    rows = db.session.execute(
        select(AuditRecord).where(AuditRecord.subject_kind == "staff", AuditRecord.action == "edit")
    ).scalars()
    assert [(row.actor_id, row.subject_id, row.detail) for row in rows] == [(desk.staff_id, person, {"role": "worker"})]


# --- the API ----------------------------------------------------------------------------------------------------------


def test_the_api_changes_a_record_once_for_each_version_and_matches_it(app: Flask) -> None:
    person = add()
    her_exclusion("Gareth Pike")
    token = {"Authorization": f"Bearer {staff.make_api_token(SYSTEM, 'manager', 'test')}"}
    browser, path = app.test_client(), f"/api/v1/staff/{person}"
    tag = {**token, "If-Match": browser.get(path, headers=token).headers["ETag"]}
    body = {"given_name": "Gareth", "family_name": "Pike", "phone": "07700 900123", "on_call": True}
    assert browser.patch(path, json=body, headers=tag).status_code == 200
    assert browser.patch(path, json=body, headers=tag).status_code == 412
    assert read(person).phone == "+447700900123"
    assert matches(person) == ["possible"]
    wrong = {**token, "If-Match": browser.get(path, headers=token).headers["ETag"]}
    assert browser.patch(path, json={"phone": "the blue phone"}, headers=wrong).status_code == 422
