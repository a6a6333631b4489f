"""A word agreed with staff: her link shows nothing without it, whoever has the text."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import Invalid, LinkExpired, NotAllowed
from scheduler.extensions import db
from scheduler.models import Ask, LinkSession, LinkWord
from scheduler.services import link_words, links
from scheduler.services.actors import SYSTEM, client_actor

from ...support import factories as make
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, everything
from ...support.processes import run_together
from ...support.settings import Settings
from .test_every_page import ON_NO_PAGE


@pytest.fixture
def token(town: Town) -> str:
    """A link of a woman who agreed the word "blue kettle"."""
    link_words.set_word(SYSTEM, town.woman, "Blue  Kettle")
    return make_link(town.woman)


def test_her_link_opens_only_with_the_word_that_she_agreed(token: str, phone: Phone) -> None:
    phone.open(f"/a/{token}")
    assert "The word that you agreed with us" in phone.words
    for wrong, says in (("", "Type the word that you agreed with us."), ("tea pot", "That is not the word.")):
        phone.press("Continue", word=wrong)
        assert phone.status == 422
        assert says in phone.words
        assert phone.http.get_cookie("my", path="/my") is None
        assert phone.open("/my/").status == 410
        phone.open(f"/a/{token}")
    phone.press("Continue", word="blue kettle ")
    assert "Choose a time" in phone.words


def test_asking_for_the_word_says_nothing_of_what_this_is(token: str, phone: Phone) -> None:
    phone.open(f"/a/{token}").press("Continue", word="nonsense")
    assert not ON_NO_PAGE.search(phone.html)
    assert "nonsense" not in phone.html
    assert "kettle" not in phone.html.casefold()
    for secret in ("Alma", "Riverside", "Aisha"):
        assert secret not in phone.html


def test_five_wrong_words_close_that_link_for_good_and_staff_see_why(token: str, town: Town, app: Flask) -> None:
    other = make_link(town.woman)
    phone = Phone(app)
    for tried in range(5):
        phone.open(f"/a/{token}").press("Continue", word="guess")
        assert phone.status == (410 if tried == 4 else 422)
    assert Phone(app).open(f"/a/{token}").status == 410
    with pytest.raises(LinkExpired):
        links.open_session(token, "blue kettle")
    db.session.rollback()
    assert [(row.client_id, row.kind) for row in db.session.scalars(select(Ask))] == [(town.woman, "word")]
    assert Phone(app).open(f"/a/{other}").press("Continue", word="blue kettle").status == 200


def test_the_right_word_gives_the_tries_back(token: str, app: Flask) -> None:
    for _ in range(3):
        for _wrong in range(4):
            with pytest.raises(Invalid):
                links.open_session(token, "guess")
        links.open_session(token, "blue kettle")


def guess(_app: Flask, token: str, word: str) -> str:
    return links.open_session(token, word)


@pytest.mark.race
def test_guesses_at_the_same_instant_are_five_as_well(token: str, settings: Settings, clock: Any) -> None:
    words = [f"guess {number}" for number in range(9)]
    outcomes = run_together(settings, guess, [(token, word) for word in words], now=clock.now())
    assert not any(each.succeeded for each in outcomes)
    db.session.rollback()
    assert db.session.scalar(select(LinkSession)) is None
    with pytest.raises(LinkExpired):
        links.open_session(token, "blue kettle")
    assert [row.kind for row in db.session.scalars(select(Ask))] == ["word"]


def test_the_word_is_kept_where_nobody_can_read_it(token: str) -> None:
    stored = repr(everything()).casefold()
    assert "kettle" not in stored
    assert "argon2id" in stored


def test_a_merged_record_brings_its_word_along(token: str, town: Town) -> None:
    from scheduler.models import Client

    kept = make.make_client()
    db.session.execute(
        Client.__table__.update().where(Client.id == town.woman).values(active=False, merged_into=kept)
    )
    db.session.commit()
    with pytest.raises(Invalid):
        links.open_session(make_link(kept), "")


def test_only_staff_agree_a_word_and_a_short_one_is_refused(town: Town) -> None:
    with pytest.raises(NotAllowed):
        link_words.set_word(client_actor(town.woman), town.woman, "kettle")
    for word in ("ab", "x" * 41):
        with pytest.raises(Invalid):
            link_words.set_word(SYSTEM, town.woman, word)
    link_words.set_word(SYSTEM, town.woman, "kettle")
    link_words.set_word(SYSTEM, town.woman, "")
    db.session.rollback()
    assert db.session.scalar(select(LinkWord)) is None
