"""An old link asks for a new one: only as a text that staff might send, and never saying what came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Client, Message, SafeContact
from scheduler.services import asks, link_words, links
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case

from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, everything


def queued(state: str = "planned") -> int:
    db.session.rollback()
    links_ = select(func.count()).select_from(Message).where(Message.purpose == "link", Message.state == state)
    return db.session.execute(links_).scalar_one()


@pytest.fixture
def old(town: Town, clock: Any) -> str:
    """A link that ran out by itself a minute ago."""
    token = make_link(town.woman)
    clock.forward(days=7, minutes=1)
    return token


def test_an_old_link_says_so_kindly_and_one_press_brings_a_new_text(old: str, phone: Phone) -> None:
    phone.open(f"/a/{old}")
    assert phone.status == 410
    assert "Nothing you booked is lost." in phone.words
    phone.press("Send me a new link")
    assert phone.status == 200
    assert "If we can text you safely" in phone.words
    assert queued() == 1
    assert old not in phone.html


def test_the_page_says_the_same_whatever_came_of_it_and_looking_changes_nothing(
    old: str, town: Town, app: Flask
) -> None:
    before = everything()
    looks = [app.test_client().get(f"/a/{old}"), app.test_client().head(f"/a/{old}")]
    assert everything() == before
    assert {each.status_code for each in looks} == {410}
    answers = {}
    for name, token in (("old", old), ("unknown", "x" * 22), ("live", make_link(town.woman)), ("odd", "é" * 30)):
        answer = app.test_client().post(f"/a/{token}", data={"new": "1"})
        answers[name] = (answer.status_code, answer.data, sorted(answer.headers.items()))
    assert len(set(map(repr, answers.values()))) == 1
    assert queued() == 1


def test_a_few_in_a_day_and_no_more(old: str, app: Flask, clock: Any) -> None:
    for _ in range(6):
        app.test_client().post(f"/a/{old}", data={"new": "1"})
    assert queued() == 2
    clock.forward(days=1, hours=1)
    app.test_client().post(f"/a/{old}", data={"new": "1"})
    assert queued() == 3


def _ended(client: int) -> None:
    use_case(links.end_links)(client)


def _left(client: int) -> None:
    db.session.execute(Client.__table__.update().where(Client.id == client).values(active=False))
    db.session.commit()


@pytest.mark.parametrize("change", [_ended, _left], ids=["ended: another number, a pause", "left"])
def test_a_link_that_was_ended_brings_nothing(
    town: Town, app: Flask, clock: Any, change: Callable[[int], None]
) -> None:
    token = make_link(town.woman)
    change(town.woman)
    clock.forward(days=7, minutes=1)
    app.test_client().post(f"/a/{token}", data={"new": "1"})
    assert queued() == queued("suppressed") == 0


def test_whoever_guessed_at_her_word_is_sent_no_more_guesses_until_staff_have_seen_to_it(
    old: str, town: Town, app: Flask
) -> None:
    link_words.set_word(SYSTEM, town.woman, "blue kettle")
    phone, newer = Phone(app), make_link(town.woman)
    for _ in range(link_words.TRIES):
        phone.open(f"/a/{newer}").press("Continue", word="guess")
    app.test_client().post(f"/a/{old}", data={"new": "1"})
    assert queued() == 0
    asks.done(SYSTEM, asks.waiting(SYSTEM)[0].id)
    app.test_client().post(f"/a/{old}", data={"new": "1"})
    assert queued() == 1


def test_a_link_of_long_ago_brings_nothing(town: Town, app: Flask, clock: Any) -> None:
    token = make_link(town.woman)
    clock.forward(days=7 + 61)
    app.test_client().post(f"/a/{token}", data={"new": "1"})
    assert queued() == 0


@pytest.mark.parametrize("unsafe", [{"safe": "no"}, {"safe": "unknown"}, {"paused": True}])
def test_no_text_goes_where_texts_are_not_safe_and_staff_see_that(
    old: str, app: Flask, unsafe: dict[str, Any]
) -> None:
    db.session.execute(SafeContact.__table__.update().values(**unsafe))
    db.session.commit()
    app.test_client().post(f"/a/{old}", data={"new": "1"})
    assert (queued(), queued("suppressed")) == (0, 1)


def test_a_link_used_before_offers_to_see_or_change(town: Town, app: Flask, clock: Any) -> None:
    token = make_link(town.woman)
    assert "choose a time" in Phone(app).open(f"/a/{token}").words
    Phone(app).arrive(token)
    clock.forward(minutes=30)
    assert Phone(app).open(f"/a/{token}").words.startswith("Your appointment See it or change it here.")
    assert clock.now() - timedelta(days=1) < clock.now()
