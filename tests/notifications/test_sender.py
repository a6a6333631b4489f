"""Claim, send, record: what came of each text, and what a crash leaves behind."""

from __future__ import annotations

import itertools
from datetime import timedelta
from multiprocessing import get_context
from os import _exit
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import Link, SafeContact
from scheduler.notifications import outbox, receipts, results, sender
from scheduler.notifications.gateway import Accepted, Listed, Refused, Text, Unknown
from scheduler.services import links
from scheduler.services.transaction import by_row_locks
from tests.support.factories import at
from tests.support.settings import Settings, make_application

from .conftest import Scene, Watched, messages, told


def only() -> Any:
    return messages()[0]


class TestWhatCameOfIt:
    def test_an_accepted_text_is_not_sent_again(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        assert [sender.run_once(), sender.run_once()] == [1, 0]
        assert len(gateway.sent) == 1
        assert (only().state, only().provider_id, only().attempts) == ("accepted", f"W{only().id}-1", 1)

    @pytest.mark.parametrize("answer", [Unknown("no-answer"), RuntimeError("the gateway broke")])
    def test_a_text_that_may_have_left_is_never_sent_again(
        self, scene: Scene, gateway: Watched, clock: Any, answer: Any
    ) -> None:
        scene.book(scene.woman())
        gateway.answers = [answer]
        sender.run_once()
        assert only().state == "unknown"
        for _ in range(5):
            clock.forward(hours=1)
            sender.run_once()
        assert len(gateway.sent) == 1

    def test_a_text_that_certainly_was_not_taken_is_tried_again_later_each_time(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        scene.book(scene.woman())
        gateway.answers = [Refused("too-many", again=True)] * 3
        waits = []
        for _ in range(4):
            sender.run_once()
            waits.append(only().send_after - clock.now())
            clock.set(max(only().send_after, clock.now()))
        assert timedelta(seconds=7) <= waits[0] <= timedelta(seconds=15)
        assert timedelta(seconds=30) <= waits[2] <= timedelta(seconds=60)
        assert only().state == "accepted"
        assert only().attempts == 4

    def test_the_provider_may_ask_for_a_longer_wait(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        gateway.answers = [Refused("too-many", again=True, wait=timedelta(minutes=10))]
        sender.run_once()
        assert only().send_after == at(9, 10)

    def test_each_try_has_a_link_of_its_own_and_the_unsent_one_is_dead(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        scene.book(scene.woman())
        gateway.answers = [Refused("unreachable", again=True)]
        sender.run_once()
        clock.forward(minutes=1)
        sender.run_once()
        first, second = (text.body.split("/a/")[1] for text in gateway.sent)
        assert not links.is_live(first)
        assert links.is_live(second)

    def test_trying_ends(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        scene.book(scene.woman())
        gateway.answers = [Refused("unwilling", again=True)] * 50
        for _ in range(30):
            sender.run_once()
            clock.forward(minutes=31)
            if clock.now() >= at(18):
                clock.set(at(9, day=1))
        first = messages(purpose="confirmation")[0]
        assert (first.state, first.outcome, first.attempts) == ("failed", "unwilling", results.MOST_ATTEMPTS)

    def test_a_retry_waits_for_her_hours_like_everything_else(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        scene.book(scene.woman(hours=[[0, 540, 545], [1, 600, 660]]))
        gateway.answers = [Refused("too-many", again=True, wait=timedelta(minutes=30))]
        sender.run_once()
        clock.forward(minutes=31)
        sender.run_once()
        assert len(gateway.sent) == 1
        assert only().send_after == at(10, day=1)

    def test_a_final_refusal_fails_and_ends_the_link(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        gateway.answers = [Refused("no-such-number")]
        sender.run_once()
        assert told()[0] == ("confirmation", "failed", "no-such-number")
        assert None not in db.session.scalars(select(Link.ended_at)).all()

    def test_when_she_opted_out_her_number_is_unsafe_from_then_on(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman()
        scene.book(her)
        gateway.answers = [Refused("she-opted-out", stopped=True)]
        sender.run_once()
        assert told() == [("confirmation", "failed", "she-opted-out"), ("reminder", "cancelled", "withdrawn")]
        assert db.session.get(SafeContact, (her, "sms")).safe == "no"

    def test_several_at_once_are_each_recorded_as_their_own(self, scene: Scene, gateway: Watched) -> None:
        gateway.at_once = 4
        for hour in range(9, 17):
            scene.book(scene.woman(), at(hour, day=10))
        sender.run_once()
        assert len({text.to for text in gateway.sent}) == 8
        assert {row.provider_id.split("-")[0] for row in messages(purpose="confirmation")} == {
            f"W{row.id}" for row in messages(purpose="confirmation")
        }


class TestReceipts:
    @given(st.lists(st.sampled_from(sorted(results.BEFORE)), min_size=1, max_size=6))
    def test_any_order_and_number_of_receipts_ends_the_same(self, states: list[str]) -> None:
        """The table of what may follow what, applied like the one UPDATE does."""
        ranks = ["claimed", "accepted", "sent", "delivered", "undelivered", "failed"]
        for order in itertools.islice(itertools.permutations(states), 30):
            state = "claimed"
            for news in (*order, *order[:1]):
                if state in results.BEFORE[news]:
                    state = news
            assert state == max(states, key=ranks.index)

    @pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "sent"])))
    def test_receipts_never_go_back(self, scene: Scene, gateway: Watched, order: tuple[str, ...]) -> None:
        scene.book(scene.woman())
        sender.run_once()
        for status in order:
            receipts.record(only().provider_id, status)
        assert only().state == "delivered"
        assert only().settled_at == at(9)

    def test_a_receipt_may_overtake_the_answer_to_our_own_request(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        text = sender.claim()[0]
        receipts.record("SM1", "delivered", message_id=text.message_id)
        sender.record({text.message_id: Accepted("SM1")})
        assert (only().state, only().provider_id) == ("delivered", "SM1")

    def test_a_receipt_settles_what_was_unknown(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        gateway.answers = [Unknown("no-answer")]
        sender.run_once()
        receipts.record("SM1", "undelivered", "30003", only().id)
        assert (only().state, only().outcome) == ("undelivered", "phone-off")

    def test_a_receipt_for_another_text_changes_nothing(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman())
        sender.run_once()
        assert not receipts.record("SM-of-someone-else", "failed", message_id=only().id)
        assert not receipts.record("SM-of-someone-else", "failed", message_id=999_999)
        assert not receipts.record(only().provider_id, "teleported")
        assert only().state == "accepted"

    def test_a_receipt_does_not_revive_a_message_that_never_left(self, scene: Scene) -> None:
        scene.book(scene.woman(safe="no"))
        assert not receipts.record("SM1", "delivered", message_id=only().id)
        assert only().state == "suppressed"

    def test_the_providers_list_settles_what_was_unknown(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        scene.book(scene.woman())
        gateway.answers = [Unknown("no-answer")]
        sender.run_once()
        assert receipts.ask_about_unknown() == 0  # not at once: a list lags
        clock.forward(minutes=2)
        assert receipts.ask_about_unknown() == 1
        assert (only().state, only().provider_id) == ("sent", f"W{only().id}")

    def test_a_text_that_is_not_in_the_providers_list_stays_unknown(
        self, scene: Scene, gateway: Watched, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        scene.book(scene.woman())
        gateway.answers = [Unknown("no-answer")]
        sender.run_once()
        clock.forward(minutes=2)
        others = [Listed("W1", "sent", "https://sidegate.example/a/anothertokenaltogether")]
        monkeypatch.setattr(gateway, "sent_to", lambda *_: others)
        assert receipts.ask_about_unknown() == 0
        assert only().state == "unknown"


# --- A worker that dies ----------------------------------------------------------------------------------------------


class Dying(Watched):
    """A gateway at whose call the process dies, as by a power cut."""

    def send(self, _text: Text) -> Any:
        _exit(3)


def _work_and_die(settings: Settings, when: str, now: Any) -> None:
    from scheduler import clock

    clock.set_fixed(now)
    app = make_application(settings)
    with app.app_context():
        if when == "while claiming":
            by_row_locks(lambda: (outbox.claim_due(clock.now(), 10, lambda due: "words"), _exit(3)))()
        if when == "after claiming":
            sender.claim()
            _exit(3)
        app.extensions["sidegate_gateway"] = Dying()
        sender.run_once()


def _die(settings: Settings, when: str, now: Any) -> None:
    process = get_context("spawn").Process(target=_work_and_die, args=(settings, when, now))
    process.start()
    process.join(60)
    assert process.exitcode == 3


class TestACrash:
    def test_between_claim_and_record_leaves_it_unknown_and_never_sent_twice(
        self, scene: Scene, gateway: Watched, settings: Settings, clock: Any, app: Flask
    ) -> None:
        scene.book(scene.woman())
        _die(settings, "while sending", clock.now())
        assert only().state == "claimed"
        sender.run_once()
        assert only().state == "claimed"  # it may still be under way elsewhere
        clock.forward(minutes=6)
        for _ in range(3):
            sender.run_once()
            clock.forward(hours=1)
        assert (only().state, only().outcome) == ("unknown", "worker-lost")
        assert gateway.sent == []

    def test_while_claiming_leaves_it_planned_and_it_is_sent_once(
        self, scene: Scene, gateway: Watched, settings: Settings, clock: Any
    ) -> None:
        scene.book(scene.woman())
        _die(settings, "while claiming", clock.now())
        assert only().state == "planned"
        sender.run_once()
        sender.run_once()
        assert len(gateway.sent) == 1
