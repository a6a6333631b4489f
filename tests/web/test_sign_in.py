"""Signing in and out: passwords, limits, the server's own record of it, and forms that only our pages may send."""

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text

from scheduler import clock as present
from scheduler.errors import Invalid, NotAllowed
from scheduler.extensions import db, limiter
from scheduler.models import AuditRecord, Heartbeat, Match, SafetyCase, SignIn, Staff
from scheduler.services import booking, exclusions, staff
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.staff import StaffDetails
from scheduler.store import diary
from scheduler.web import security

from ..support import factories as make
from ..support.desk import PASSWORD, Desk, make_user

pytestmark = pytest.mark.usefixtures("context", "clock")


def sign_in(app: Flask, username: str = "rita", password: str = PASSWORD, **more: str) -> Any:
    return app.test_client().post("/sign-in", data={"username": username, "password": password, **more})


@pytest.fixture
def rita(context: Any, clock: Any) -> int:
    return make_user("reception", "rita")


@pytest.mark.usefixtures("rita")
def test_the_right_name_and_password_lead_to_the_persons_own_desk(app: Flask) -> None:
    visitor = app.test_client()
    answer = visitor.post("/sign-in", data={"username": " Rita ", "password": PASSWORD})
    assert answer.status_code == 303
    assert visitor.get("/").location == "/reception/"


@pytest.mark.parametrize(
    ("role", "home"), [("outreach", "/outreach/"), ("worker", "/outreach/"), ("manager", "/manage/")]
)
def test_each_role_begins_at_its_own_desk(app: Flask, role: str, home: str) -> None:
    assert Desk(app, role).get("/").location == home


@pytest.mark.usefixtures("rita")
def test_a_wrong_name_and_a_wrong_password_look_the_same(app: Flask) -> None:
    one, other = sign_in(app, password="not the password"), sign_in(app, username="nobody", password="not the password")
    assert one.status_code == other.status_code == 401
    assert one.text.replace("rita", "nobody") == other.text
    assert "not the password" not in one.text


@pytest.mark.usefixtures("rita")
def test_what_was_typed_stays_but_for_the_password(app: Flask) -> None:
    answer = sign_in(app, password="")
    assert answer.status_code == 422
    assert 'value="rita"' in answer.text
    assert "Type your password." in answer.text


def test_whoever_is_not_active_any_more_cannot_sign_in(app: Flask) -> None:
    make_user("manager", "gone", active=False)
    assert sign_in(app, "gone").status_code == 401


def test_a_worker_without_a_password_cannot_sign_in(app: Flask) -> None:
    make_user("worker", "nopass")
    db.session.execute(text("UPDATE staff SET password_hash = NULL"))
    db.session.commit()
    assert sign_in(app, "nopass", "").status_code == 422
    assert sign_in(app, "nopass", "None").status_code == 401


@pytest.mark.usefixtures("rita")
def test_the_cookie_is_a_token_that_scripts_and_other_sites_never_see(app: Flask) -> None:
    cookies = sign_in(app).headers.getlist("Set-Cookie")
    cookie = next(each for each in cookies if each.startswith("desk="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Expires" not in cookie
    token = cookie.split(";")[0].removeprefix("desk=")
    assert len(token) > 40
    stored = db.session.execute(select(SignIn.token_hash)).scalar_one()
    assert token.encode() not in stored


@pytest.mark.usefixtures("rita")
def test_a_sign_in_that_is_ended_on_the_server_opens_nothing_more(app: Flask) -> None:
    desk = Desk(app, "reception")
    assert desk.get("/reception/clients").status_code == 200
    staff.end_all(SYSTEM, desk.staff_id)
    assert desk.get("/reception/clients").status_code == 302


def test_signing_out_ends_it_on_the_server_too(app: Flask) -> None:
    desk = Desk(app, "reception")
    answer = desk.post("/sign-out")
    assert answer.status_code == 303
    assert "cache" in answer.headers["Clear-Site-Data"]
    desk.client.set_cookie("desk", desk.token)
    assert desk.get("/reception/clients").status_code == 302


def test_an_hour_without_use_ends_it_and_use_keeps_it(app: Flask, clock: Any) -> None:
    desk = Desk(app, "reception")
    for _ in range(3):
        clock.forward(minutes=40)
        assert desk.get("/reception/clients").status_code == 200
    clock.forward(minutes=61)
    assert desk.get("/reception/clients").status_code == 302


def test_a_shift_of_twelve_hours_ends_it_whatever_is_done(app: Flask, clock: Any) -> None:
    desk = Desk(app, "reception")
    for _ in range(15):
        clock.forward(minutes=47)
        assert desk.get("/reception/clients").status_code == 200
    clock.forward(minutes=16)
    assert desk.get("/reception/clients").status_code == 302


def test_whoever_leaves_or_changes_role_is_signed_out_at_once(app: Flask) -> None:
    manager = Desk(app, "manager")
    for change in ({"role": "worker"}, {"active": False}):
        desk = Desk(app, "reception")
        details = StaffDetails("Rita", "Shaw", str(change.get("role", "reception")))
        staff.edit(manager.actor, desk.staff_id, details, None, active=bool(change.get("active", True)))
        assert desk.get("/reception/clients").status_code == 302


def test_a_new_password_signs_out_everywhere(app: Flask) -> None:
    desk = Desk(app, "reception")
    staff.set_password(desk.actor, desk.staff_id, "another four quiet words")
    assert desk.get("/reception/clients").status_code == 302


def test_nobody_sets_anothers_password_but_a_manager(app: Flask) -> None:
    one, other = Desk(app, "lead"), Desk(app, "reception")
    with pytest.raises(NotAllowed):
        staff.set_password(one.actor, other.staff_id, "another four quiet words")


@pytest.mark.parametrize("password", ["short", "aaaaaaaaaaaaaaaa", "x" * 300])
def test_a_password_that_is_easy_to_guess_is_refused(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        staff.add(SYSTEM, StaffDetails("Ana", "Cruz", "reception"), "ana", password)
    assert "password" in refused.value.fields


def test_a_password_is_kept_only_as_argon2(app: Flask) -> None:
    staff.add(SYSTEM, StaffDetails("Ana", "Cruz", "reception"), "ana", PASSWORD)
    stored = db.session.execute(select(Staff.password_hash).where(Staff.username == "ana")).scalar_one()
    assert stored is not None
    assert stored.startswith("$argon2id$")
    assert sign_in(app, "ANA").status_code == 303


def test_failures_are_written_down_without_what_was_typed(app: Flask, rita: int) -> None:
    sign_in(app, password="a secret slip")
    db.session.rollback()
    row = db.session.execute(select(AuditRecord).where(AuditRecord.action == "sign-in-failed")).scalar_one()
    assert row.subject_id == rita
    assert row.detail is None


# --- Where to next ----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("rita")
@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "\\\\evil", "/a\nb",
     "http:evil", "///evil.example"],
)
def test_signing_in_never_leads_to_another_site(app: Flask, wanted: str) -> None:
    assert sign_in(app, next=wanted).location == "/"


@pytest.mark.usefixtures("rita")
def test_signing_in_leads_back_to_the_page_that_was_wanted(app: Flask) -> None:
    visitor = app.test_client()
    asked = visitor.get("/reception/?date=2026-03-02")
    assert asked.location == "/sign-in?next=/reception/?date%3D2026-03-02"
    page = visitor.get(asked.location)
    assert 'name="next" value="/reception/?date=2026-03-02"' in page.text
    assert sign_in(app, next="/reception/?date=2026-03-02").location == "/reception/?date=2026-03-02"


# --- Limits and forged forms ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("rita")
def test_guessing_at_one_name_is_stopped(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    limiter.reset()
    seen = [sign_in(app, password="a guess that fails").status_code for _ in range(9)]
    assert seen == [401] * 8 + [429]
    assert sign_in(app).status_code == 429
    refused = sign_in(app, username="RITA")
    assert refused.status_code == 429
    assert "Too many tries" in refused.text
    assert sign_in(app, username="someone-else").status_code == 401


def test_guessing_from_one_address_is_stopped(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    limiter.reset()
    seen = [sign_in(app, username=f"name{n}", password="a guess that fails").status_code for n in range(31)]
    assert seen == [401] * 30 + [429]


@pytest.mark.usefixtures("rita")
def test_a_busy_counter_that_signs_in_rightly_is_never_stopped(make_app: Callable[..., Flask]) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    limiter.reset()
    assert [sign_in(app).status_code for _ in range(12)] == [303] * 12


def test_a_form_that_our_page_did_not_make_is_refused(make_app: Callable[..., Flask]) -> None:
    # A token of the API or of Twilio's signature is no cookie; her pages check a token of their own (test_link.py).
    others = ("/api/", "/hooks/", "/a/", "/my/")
    app = make_app(WTF_CSRF_ENABLED=True)
    desks = {role: Desk(app, role) for role in ("reception", "outreach", "lead", "manager")}
    missing = []
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or str(rule).startswith(others):
            continue
        access = security.declared(app, rule.endpoint, "POST")
        assert access is not None
        role = next(name for name in desks if not access.roles or name in access.roles)
        path = re.sub(r"<[^>]*>", "1", str(rule))
        answer = desks[role].client.post(path)
        if answer.status_code != 400:
            missing.append(f"{path}: {answer.status_code}")
    assert missing == []


@pytest.mark.usefixtures("rita")
def test_our_own_form_is_taken_over_https_where_no_referrer_comes_with_it(make_app: Callable[..., Flask]) -> None:
    app = make_app(WTF_CSRF_ENABLED=True)
    visitor = app.test_client()
    page = visitor.get("/sign-in", base_url="https://localhost")
    found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)
    assert found is not None
    data = {"username": "rita", "password": PASSWORD, "csrf_token": found[1]}
    assert visitor.post("/sign-in", data=data, base_url="https://localhost").status_code == 303


# --- Staff records and feeds ------------------------------------------------------------------------------------------


def test_only_a_manager_adds_staff() -> None:
    with pytest.raises(NotAllowed):
        staff.add(Actor("staff", 1, "lead"), StaffDetails("Ana", "Cruz", "reception"))


def test_two_people_cannot_sign_in_with_one_name() -> None:
    staff.add(SYSTEM, StaffDetails("Ana", "Cruz", "reception"), "ana", PASSWORD)
    with pytest.raises(Invalid) as refused:
        staff.add(SYSTEM, StaffDetails("Ana", "Diaz", "reception"), "Ana", PASSWORD)
    assert "username" in refused.value.fields


def test_a_manager_neither_grants_nor_takes_away_a_place_they_may_not_know_of(app: Flask) -> None:
    refuge = make.make_venue(name="Willow House", label="Where you are staying", confidential=True)
    hub = make.make_venue()
    stranger, assigned = Desk(app, "manager"), Desk(app, "manager")
    make.assign(assigned.staff_id, refuge)
    worker = make_user("worker", "wanda")
    with pytest.raises(Invalid):
        staff.edit(stranger.actor, worker, StaffDetails("Wanda", "Bell", "worker", venues=(refuge,)), "wanda")
    staff.edit(assigned.actor, worker, StaffDetails("Wanda", "Bell", "worker", venues=(refuge,)), "wanda")
    staff.edit(stranger.actor, worker, StaffDetails("Wanda", "Bell", "worker", venues=(hub,)), "wanda")
    assert diary.assigned_venues(worker) == {refuge, hub}
    staff.edit(assigned.actor, worker, StaffDetails("Wanda", "Bell", "worker"), "wanda")
    assert diary.assigned_venues(worker) == frozenset()


def test_a_worker_who_takes_the_name_of_a_named_person_is_matched_and_the_clash_waits_for_a_lead(app: Flask) -> None:
    kind, venue, worker = make.make_type(), make.make_venue(), make_user("worker", "wes")
    details = ExclusionDetails(client_id=make.make_client(), names=("Gareth Pike",), source="told-us")
    exclusions.record(Desk(app, "lead").actor, details)
    session = make.make_session(venue, make.at(10), make.at(12), (worker,), (kind,))
    choice = Choice(details.client_id, kind, session, worker, "in-person", make.at(10))
    booking.book(SYSTEM, choice)
    staff.edit(SYSTEM, worker, StaffDetails("Gareth", "Pike", "worker"), "wes")
    assert [match.state for match in db.session.execute(select(Match)).scalars()] == ["possible"]
    assert db.session.execute(select(SafetyCase.closed_at)).scalars().all() == [None]


def test_a_feed_is_known_by_its_token_until_it_is_ended(app: Flask) -> None:
    desk = Desk(app, "worker")
    token = staff.make_feed(desk.actor, "worker", staff_id=desk.staff_id)
    found = staff.feed(token)
    assert found is not None
    assert found.staff_id == desk.staff_id
    staff.end_feed(desk.actor, found.id)
    assert staff.feed(token) is None


def test_a_worker_makes_no_feed_of_another() -> None:
    one, other = make_user("worker", "one"), make_user("worker", "other")
    with pytest.raises(NotAllowed):
        staff.make_feed(Actor("staff", one, "worker"), "worker", staff_id=other)


# --- Whether it works -------------------------------------------------------------------------------------------------


def test_ready_says_in_words_what_is_missing(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["worker"] == "never ran"  # type: ignore[index]
    db.session.add(Heartbeat(job="send", at=present.now()))
    db.session.commit()
    checks = app.test_client().get("/readyz").json["checks"]  # type: ignore[index]
    assert (checks["worker"], checks["messages"], checks["database"]) == ("ok", "ok", "ok")


def test_a_silent_worker_is_not_ready(app: Flask) -> None:
    db.session.add(Heartbeat(job="send", at=present.now() - timedelta(minutes=5)))
    db.session.commit()
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json["checks"]["worker"] == "silent"  # type: ignore[index]


# --- The log ----------------------------------------------------------------------------------------------------------


def test_the_log_holds_no_name_number_place_or_token(
    make_app: Callable[..., Flask], capsys: pytest.CaptureFixture[str]
) -> None:
    import structlog

    app = make_app(TESTING=False, LOG_LEVEL="DEBUG")
    log = structlog.get_logger("sidegate")
    log.warning("a message was sent", client_id=7, name="Sarah Kelly", phone="+447700900123", body="At Mill Lane")
    logging.getLogger("some.library").error("could not send to %s", "+447700900123")
    try:
        raise ValueError("Sarah Kelly lives at Mill Lane")
    except ValueError:
        logging.getLogger("some.library").exception("failed")

    @security.public("A view that fails, for this test alone.")
    def broken(token: str) -> str:
        raise RuntimeError(f"Sarah Kelly {token}")

    app.add_url_rule("/fail/<token>", "broken", broken)
    app.test_client().get("/fail/secret-token-of-a-link?q=Sarah")
    app.test_client().post("/sign-in", data={"username": "Sarah", "password": "Mill Lane"})
    written = capsys.readouterr()
    lines = written.err + written.out
    assert '"client_id": 7' in lines
    assert '"error": "RuntimeError"' in lines
    assert '"endpoint": "broken"' in lines
    for secret in ("Sarah", "Kelly", "+44", "7700", "Mill Lane", "secret-token"):
        assert secret not in lines
