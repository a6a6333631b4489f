"""Opening her link, its ending, and leaving."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Client, Link, LinkSession, Message, SafeContact
from scheduler.services import links
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case

from ...support import factories as make
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, everything

# --- Arriving ---


def test_fifty_looks_use_up_nothing_and_then_the_button_works(town: Town, app: Flask, phone: Phone) -> None:
    token = make_link(town.woman)
    before = everything()
    scanner = app.test_client()
    answers = [scanner.open(f"/a/{token}", method=method) for method in ("GET", "HEAD") * 25]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("Set-Cookie" in answer.headers for answer in answers)
    assert everything() == before
    assert "Choose a time" in phone.arrive(token).words


def test_the_page_that_the_text_leads_to_says_nothing_about_her_or_the_service(
    town: Town, app: Flask, phone: Phone
) -> None:
    town.booked()
    phone.open(f"/a/{make_link(town.woman)}")
    assert phone.page.title is not None
    assert phone.page.title.string == "Your appointment"
    for secret in ("Alma", "Reyes", "Riverside", "Tuesday", "Aisha", app.config["SIDEGATE_ORGANISATION"]):
        assert secret not in phone.html


def test_the_token_is_in_no_address_after_the_button(town: Town, phone: Phone) -> None:
    token = make_link(town.woman)
    phone.arrive(token).press("Tuesday").press("Yes, book")
    assert phone.headers["Referrer-Policy"] == "no-referrer"
    after = phone.fetched[phone.fetched.index("/my/") :]
    assert after
    assert all(token not in address and "?" not in address for address in after)
    assert token not in phone.html


def test_two_presses_that_race_make_one_session(town: Town, app: Flask) -> None:
    token = make_link(town.woman)
    one, other = app.test_client(), app.test_client()
    cookies = [each.post(f"/a/{token}").headers["Set-Cookie"] for each in (one, other)]
    assert cookies[0] == cookies[1]
    assert one.get("/my/").status_code == other.get("/my/").status_code == 200
    assert db.session.execute(select(func.count()).select_from(LinkSession)).scalar() == 1


def test_a_later_press_begins_another_session_and_keeps_her_choices(town: Town, app: Flask, clock: Any) -> None:
    token = make_link(town.woman)
    first = Phone(app).arrive(token)
    first.press("Other times and places").press("Show me times", part="evening")
    clock.forward(minutes=5)
    second = Phone(app).arrive(token).press("Other times and places")
    assert second.page.select_one("input[value=evening]").has_attr("checked")  # type: ignore[union-attr]
    assert first.open("/my/").status == 200


def test_nothing_but_digests_of_her_secrets_is_stored(town: Town, phone: Phone) -> None:
    token = make_link(town.woman)
    phone.arrive(token)
    cookie = phone.http.get_cookie("my", path="/my")
    assert cookie is not None
    stored = repr(everything())
    assert token not in stored
    assert cookie.value not in stored


def test_the_cookie_is_hers_alone_and_goes_nowhere_else(town: Town, app: Flask) -> None:
    token = make_link(town.woman)
    cookie = app.test_client().post(f"/a/{token}").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Path=/my" in cookie
    assert "Expires" not in cookie
    assert "Secure" not in cookie
    app.config["SIDEGATE_PRODUCTION"] = True
    assert "Secure" in app.test_client().post(f"/a/{token}").headers["Set-Cookie"]


def test_staff_cookies_open_nothing_of_hers(app: Flask) -> None:
    browser = app.test_client()
    browser.set_cookie("desk", "x" * 43)
    assert browser.get("/my/").status_code == 410


# --- Over, however it came about ---


@pytest.fixture
def over(town: Town, clock: Any) -> dict[str, str]:
    """A token of each kind that is over."""
    expired = make_link(town.woman)
    clock.forward(days=7)
    tokens = {"unknown": "x" * 22, "expired": expired, "malformed": "..%00é+" + "x" * 400}
    tokens["revoked"] = make_link(town.woman)
    use_case(links.end_links)(town.woman)
    left = make.make_client(active=True)
    tokens["inactive"] = make_link(left)
    db.session.execute(Client.__table__.update().where(Client.id == left).values(active=False))
    db.session.commit()
    message = links.send_link(SYSTEM, town.woman)
    tokens["paused"] = make_link(town.woman, message_id=message)
    db.session.execute(SafeContact.__table__.update().values(paused=True))
    db.session.commit()
    return tokens


def test_every_link_that_is_over_looks_the_same_to_the_byte(over: dict[str, str], app: Flask) -> None:
    answers = {}
    for kind, token in over.items():
        for method in ("GET", "POST"):
            answer = app.test_client().open(f"/a/{token}", method=method)
            answers[kind, method] = (answer.status_code, answer.data, sorted(answer.headers.items()))
    assert len(set(map(repr, answers.values()))) == 1, answers.keys()
    assert next(iter(answers.values()))[0] == 410


def test_every_session_that_is_over_looks_the_same_to_the_byte(
    town: Town, app: Flask, phone: Phone, clock: Any
) -> None:
    phone.arrive(make_link(town.woman))
    clock.forward(minutes=21)
    answers = [phone.open("/my/").html, phone.open("/my/").html, Phone(app).open("/my/").html]
    stranger = app.test_client()
    stranger.set_cookie("my", "x" * 40, path="/my")
    answers += [stranger.get("/my/choose").text, stranger.post("/my/pick").text.replace("/my/pick", "/my/choose")]
    assert phone.status == 410
    assert len({each.replace("/my/choose", "/my/") for each in answers}) == 1


def test_a_session_ends_twenty_minutes_after_the_last_thing_she_did(town: Town, phone: Phone, clock: Any) -> None:
    phone.arrive(make_link(town.woman))
    clock.forward(minutes=19)
    assert phone.open("/my/choose").status == 200
    phone.press("Show me times")
    clock.forward(minutes=19)
    assert phone.open("/my/times").status == 200
    clock.forward(minutes=1)
    assert phone.open("/my/times").status == 410
    assert "Leave now" in phone.html


def test_looking_at_a_page_of_hers_changes_nothing(town: Town, phone: Phone) -> None:
    one = town.booked()
    phone.arrive(make_link(town.woman)).press("Tuesday")
    before = everything()
    pages = ["/my/", "/my/choose", "/my/times", "/my/check", "/my/ask", "/my/cancelled", "/my/leave", "/my/pick"]
    for page in [*pages, f"/my/{one.own_number}", f"/my/{one.own_number}/cancel", f"/my/{one.own_number}/booked"]:
        phone.open(page)
        phone.http.head(page)
    assert everything() == before


def test_a_session_does_not_outlive_its_client_her_links_or_a_pause(town: Town, app: Flask) -> None:
    visits = [Phone(app).arrive(make_link(town.woman)) for _ in range(2)]
    use_case(links.end_links)(town.woman)
    assert [each.open("/my/").status for each in visits] == [410, 410]
    again = Phone(app).arrive(make_link(town.woman))
    db.session.execute(Client.__table__.update().values(active=False))
    db.session.commit()
    assert again.open("/my/").status == 410


# --- Leaving ---


def test_leaving_ends_the_session_at_once_and_goes_to_the_everyday_page(town: Town, app: Flask, phone: Phone) -> None:
    phone.arrive(make_link(town.woman))
    secret = phone.http.get_cookie("my", path="/my")
    assert secret is not None
    phone.press("Leave now")
    assert phone.status == 303
    assert phone.headers["Location"] == app.config["SIDEGATE_LEAVE_URL"]
    assert phone.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert phone.http.get_cookie("my", path="/my") is None
    phone.http.set_cookie("my", secret.value, path="/my")
    assert phone.open("/my/").status == 410
    (left,) = db.session.execute(select(LinkSession)).scalars()
    assert left.choices is None


def test_leaving_works_from_every_page_whatever_is_wrong(town: Town, app: Flask, phone: Phone) -> None:
    for address in ("/my/", f"/a/{'x' * 22}", "/my/nothing/here", "/a/", "/my/99", "/my/pick"):
        page = Phone(app).open(address)
        assert page.status >= 400
        assert page.press("Leave now").status == 303, address
    phone.arrive(make_link(town.woman))
    for address in ("/my/nothing", "/my/99", "/my/0", "/my/pick"):
        assert phone.open(address).page.select_one("header #leave button") is not None, address
    browser = app.test_client()
    browser.set_cookie("my", "é" * 300, path="/my")
    assert browser.post("/my/leave").status_code == 303
    assert browser.post("/my/leave", data={"quiet": "1"}).status_code == 204


# --- Sending ---


def test_a_link_is_sent_and_shown_only_by_those_who_may_and_only_to_a_client_who_can_use_it(town: Town) -> None:
    from scheduler.errors import Invalid, NotAllowed, NotFound
    from scheduler.services.actors import Actor, client_actor

    reception = Actor("staff", make.make_staff(role="reception"), "reception")
    message = links.send_link(reception, town.woman, town.type)
    db.session.rollback()
    assert db.session.get(Message, message).purpose == "link"  # type: ignore[union-attr]
    assert links.is_live(links.show_link(reception, town.woman))
    with pytest.raises(NotAllowed):
        links.send_link(client_actor(town.woman), town.woman)
    with pytest.raises(NotFound):
        links.send_link(reception, 10**9)
    with pytest.raises(NotFound):
        links.send_link(reception, town.woman, None, town.booked(client=make.make_client()).id)
    with pytest.raises(Invalid):
        links.send_link(reception, make.make_client(active=False))
    with pytest.raises(Invalid):
        links.send_link(reception, town.woman, make.make_type(self_service=False))


def test_old_sessions_are_forgotten(town: Town, phone: Phone, clock: Any) -> None:
    token = make_link(town.woman)
    phone.arrive(token)
    clock.forward(days=2)
    assert links.forget_old_sessions(clock.now() - timedelta(days=1)) == 1
    assert links.forget_old_sessions(clock.now() - timedelta(days=1)) == 0
    assert phone.arrive(token).status == 200
    assert db.session.execute(select(func.count()).select_from(Link)).scalar() == 1
