"""The provider lets go of the words of our texts once they are settled, and of their record some days later."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import ProviderText
from scheduler.notifications import forgetting, receipts, sender
from scheduler.services import links, readiness
from scheduler.services.actors import SYSTEM
from tests.support.twilio_fake import Twilio

from .conftest import Scene


@pytest.fixture(autouse=True)
def one_text(through_twilio: Flask, scene: Scene) -> None:
    links.send_link(SYSTEM, scene.woman())
    sender.run_once()


def hear(app: Flask, twilio: Twilio, status: str) -> None:
    path, form, headers = twilio.receipt(twilio.messages[0], status)
    assert app.test_client().post(path, data=form, headers=headers).status_code == 204


def kept() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(ProviderText.keeps)))


@pytest.mark.parametrize("status", ["delivered", "undelivered", "failed"])
def test_its_words_go_once_it_is_settled_and_its_record_a_week_later(
    through_twilio: Flask, twilio: Twilio, clock: Any, status: str
) -> None:
    hear(through_twilio, twilio, "sent")
    clock.forward(minutes=5)
    assert forgetting.run() == 0
    assert twilio.bodies() != [""]
    hear(through_twilio, twilio, status)
    clock.forward(minutes=2)
    assert forgetting.run() == 1
    assert twilio.bodies() == [""]
    clock.forward(days=6)
    assert forgetting.run() == 0
    clock.forward(days=1, minutes=1)
    assert forgetting.run() == 1
    assert (twilio.texts, kept()) == ({}, [])


def test_a_text_of_which_nothing_was_heard_is_let_go_of_too(twilio: Twilio, clock: Any) -> None:
    twilio.messages[0].status = "delivered"  # its receipt never came
    clock.forward(days=1, hours=23)
    assert forgetting.run() == 0
    clock.forward(hours=2)
    assert forgetting.run() == 1
    assert twilio.bodies() == [""]
    clock.forward(days=8)
    assert (forgetting.run(), twilio.texts, kept()) == (1, {}, [])
    clock.forward(days=1)
    assert (forgetting.run(), kept()) == (0, [])


@pytest.mark.parametrize("trouble", ["refuse 20009", "500", "429 5", "drop", "refuse 20003"])
def test_it_is_asked_again_until_it_is_done(
    through_twilio: Flask, twilio: Twilio, clock: Any, trouble: str
) -> None:
    hear(through_twilio, twilio, "delivered")
    clock.forward(minutes=2)
    twilio.later.extend([trouble] * 3)
    for _ in range(10):
        forgetting.run()
        clock.forward(minutes=11)
    assert twilio.bodies() == [""]
    assert twilio.asked["POST"] == 4


def test_a_worker_that_dies_between_asking_and_recording_leaves_it_for_another(
    through_twilio: Flask, twilio: Twilio, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    hear(through_twilio, twilio, "delivered")
    clock.forward(minutes=2)

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            forgetting.run()
    assert forgetting.run() == 0  # it may still be under way elsewhere
    clock.forward(minutes=6)
    assert (forgetting.run(), kept()) == (1, ["record"])


def test_only_texts_of_ours_are_touched(through_twilio: Flask, twilio: Twilio, clock: Any) -> None:
    _, form, _ = twilio.reply("+447700900123", "from somebody else's app")
    strangers = twilio.texts[form["MessageSid"]]
    hear(through_twilio, twilio, "delivered")
    for _ in range(20):
        clock.forward(days=1)
        forgetting.run()
    assert strangers.form["Body"] == "from somebody else's app"
    assert list(twilio.texts.values()) == [strangers]


def test_what_came_in_is_let_go_of_too(through_twilio: Flask, twilio: Twilio, clock: Any) -> None:
    path, form, headers = twilio.reply("+447700900123", "please call")
    assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 200
    clock.forward(minutes=2)
    forgetting.run()
    assert twilio.texts[form["MessageSid"]].form["Body"] == ""


def test_it_is_said_when_the_provider_keeps_what_it_should_not(
    through_twilio: Flask, twilio: Twilio, clock: Any
) -> None:
    def said() -> str:
        return next(check.state for check in readiness.checks() if check.name == "provider-texts")

    hear(through_twilio, twilio, "delivered")
    assert said() == "ok"
    clock.forward(days=3, minutes=1)
    assert said() == "1 kept too long"


def test_it_is_said_when_a_text_that_may_be_there_was_never_found(scene: Scene, twilio: Twilio, clock: Any) -> None:
    def said() -> str:
        return next(check.state for check in readiness.checks() if check.name == "provider-texts")

    twilio.faults.append("drop")
    links.send_link(SYSTEM, scene.woman())
    sender.run_once()
    twilio.texts.clear()  # its list does not show it
    for _ in range(72):
        assert said() == "ok"
        clock.forward(hours=1)
        receipts.ask_about_unknown()
    clock.forward(minutes=1)
    assert said() == "1 never found there"
