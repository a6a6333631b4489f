"""What women ask for on their links, as staff see to it; and the word that staff agree with them."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Ask
from scheduler.services import asks, link_words

from ..support import factories as make
from ..support.desk import Desk


@pytest.fixture
def her(context: Any, clock: Any) -> int:
    """A woman whom texts reach."""
    client = make.make_client(given_name="Alma", family_name="Reyes")
    make.make_safe_contact(client)
    return int(client)


def test_staff_find_what_was_asked_for_and_say_that_it_was_seen_to(her: int, app: Flask) -> None:
    asks.call(her)
    asks.another_number(her, "07700 900456")
    desk = Desk(app, "reception")
    page = desk.get("/reception/replies").text
    assert "Would like a call" in page
    assert "07700 900456" in page
    assert f'href="/reception/clients/{her}"' in page
    for number in db.session.execute(select(Ask.id)).scalars().all():
        assert desk.post(f"/reception/asks/{number}/done").status_code == 303
        assert desk.post(f"/reception/asks/{number}/done").status_code == 303
    db.session.rollback()
    assert [(row.words, row.seen_by is not None) for row in db.session.scalars(select(Ask))] == [(None, True)] * 2
    assert "Would like a call" not in desk.get("/reception/replies").text
    assert desk.post("/reception/asks/999/done").status_code == 404


def test_the_number_is_stored_where_nobody_can_read_it(her: int) -> None:
    from ..support.her_town import everything

    asks.another_number(her, "07700 900456")
    assert "900456" not in repr(everything())


def test_staff_agree_a_word_and_it_is_shown_to_nobody(her: int, app: Flask) -> None:
    desk = Desk(app, "reception")
    address = f"/reception/clients/{her}/link-word"
    assert "No word is agreed" in desk.get(address).text
    for word in ("", "ab", "x" * 60):
        answer = desk.post(address, word=word)
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.text
    assert desk.post(address, word="Blue kettle").status_code == 303
    page = desk.get(address).text
    assert "A word is agreed" in page
    assert "kettle" not in page
    assert link_words.is_agreed(her)
    assert desk.post(address, do="without").status_code == 303
    db.session.rollback()
    assert not link_words.is_agreed(her)
    assert desk.get("/reception/clients/999/link-word").status_code == 404
