"""What is about us and not about one text holds up everything, and costs no text its tries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Link
from scheduler.notifications import line, sender
from scheduler.notifications.gateway import Refused, Unknown
from scheduler.services import links
from scheduler.services.actors import SYSTEM

from .conftest import Scene, Watched, messages

WOMEN = 6


@pytest.fixture(autouse=True)
def women(scene: Scene) -> None:
    for _ in range(WOMEN):
        links.send_link(SYSTEM, scene.woman())


def states() -> list[tuple[str, int]]:
    return [(row.state, row.attempts) for row in messages()]


def test_an_account_that_is_refused_holds_up_every_text_and_spends_the_tries_of_none(
    gateway: Watched, clock: Any
) -> None:
    gateway.answers = [Refused("our-account", again=True, ours=True)] * 50
    sender.run_once()
    assert len(gateway.sent) == 1
    assert states() == [("planned", 1)] + [("planned", 0)] * (WOMEN - 1)
    for _ in range(60):
        clock.forward(minutes=5)
        sender.run_once()
    assert len(gateway.sent) < 62, "one is tried at a time, after a pause that grows"
    assert {state for state, _ in states()} == {"planned"}
    gateway.answers = []
    clock.forward(minutes=11)
    sender.run_once()
    sender.run_once()
    assert {state for state, _ in states()} == {"accepted"}


def test_a_provider_that_leaves_us_in_doubt_gets_few_texts(gateway: Watched) -> None:
    gateway.answers = [Unknown("no-answer")] * 50
    sender.run(5)
    assert [state for state, _ in states()] == ["unknown"] * 3 + ["planned"] * (WOMEN - 3)


def test_the_pause_that_the_provider_asks_for_holds_for_everything(gateway: Watched, clock: Any) -> None:
    gateway.answers = [Refused("too-many", again=True, wait=timedelta(minutes=3), ours=True)]
    sender.run_once()
    clock.forward(minutes=2, seconds=59)
    assert sender.run_once() == 0
    clock.forward(seconds=2)
    assert sender.run_once() == 1
    assert sender.run_once() == WOMEN - 1


def test_nothing_is_sent_from_a_sender_that_is_not_safe(gateway: Watched, clock: Any) -> None:
    gateway.wrong = "it sends from a name"
    for _ in range(5):
        assert sender.run_once() == 0
        clock.forward(minutes=11)
    gateway.wrong = None
    assert sender.run(3) == WOMEN


def test_what_was_claimed_and_not_begun_in_time_is_weighed_anew(
    gateway: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line, "BEGIN_WITHIN", -1.0)
    sender.run_once()
    assert gateway.sent == []
    assert states() == [("planned", 0)] * WOMEN
    assert None not in db.session.scalars(select(Link.ended_at)).all()


def test_an_answer_that_cannot_be_recorded_costs_no_other(
    gateway: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    gateway.at_once = 4
    send = gateway.send

    def one_id_for_two(text: Any) -> Any:
        answer = send(text)
        return type(answer)("the same") if text.message_id in shared else answer

    shared = [row.id for row in messages()[:2]]
    monkeypatch.setattr(gateway, "send", one_id_for_two)
    sender.run_once()
    assert sorted(state for state, _ in states()) == ["accepted"] * (WOMEN - 1) + ["claimed"]
