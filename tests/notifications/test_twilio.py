"""Texts through Twilio's library, against a local stand-in that checks what Twilio documents."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from scheduler import clock as running
from scheduler.errors import ConfigurationError
from scheduler.notifications import receipts, sender
from scheduler.notifications.gateway import Accepted, NotTried, Refused, Text, Unknown, gateway_for
from scheduler.notifications.twilio import TwilioGateway
from tests.support.factories import at
from tests.support.twilio_fake import ACCOUNT, NUMBER, SERVICE, TOKEN, Twilio

from .conftest import Scene, messages, told

HER = "+447700900123"


def gateway_of(twilio: Twilio, **changed: str) -> TwilioGateway:
    values = {"account": ACCOUNT, "token": TOKEN, "sender": NUMBER, "service": "", "base": twilio.url,
              "public_url": "https://sidegate.example", **changed}
    return TwilioGateway(**values)


def a_text(**changed: Any) -> Text:
    until = running.now() + timedelta(hours=2)
    return Text(**{"message_id": 7, "to": HER, "body": "You are booked.", "until": until, **changed})


@pytest.mark.usefixtures("clock")
class TestTheRequest:
    def test_it_has_what_twilio_documents_and_no_more(self, twilio: Twilio) -> None:
        answer = gateway_of(twilio).send(a_text())
        assert answer == Accepted(twilio.messages[0].sid)
        assert twilio.requests == [{
            "To": HER, "From": NUMBER, "Body": "You are booked.", "ValidityPeriod": "7200",
            "StatusCallback": "https://sidegate.example/hooks/twilio/status?message=7",
        }]

    def test_a_messaging_service_takes_the_place_of_a_number(self, twilio: Twilio) -> None:
        gateway_of(twilio, service=SERVICE).send(a_text())
        assert twilio.requests[0]["MessagingServiceSid"] == SERVICE
        assert "From" not in twilio.requests[0]

    @pytest.mark.parametrize(("left", "validity"), [(timedelta(minutes=3), "180"), (timedelta(days=3), "36000")])
    def test_twilio_may_not_keep_it_beyond_her_safe_time(self, twilio: Twilio, left: timedelta, validity: str) -> None:
        gateway_of(twilio).send(a_text(until=running.now() + left))
        assert twilio.requests[0]["ValidityPeriod"] == validity

    def test_a_text_whose_time_ran_out_since_it_was_claimed_is_not_posted(self, twilio: Twilio) -> None:
        for left in (0, 4):
            assert gateway_of(twilio).send(a_text(until=running.now() + timedelta(seconds=left))) == NotTried()
        assert twilio.requests == []

    def test_nothing_of_it_is_logged(self, twilio: Twilio, caplog: pytest.LogCaptureFixture) -> None:
        logging.getLogger("twilio").setLevel(logging.DEBUG)
        with caplog.at_level(logging.DEBUG):
            gateway_of(twilio).send(a_text())
        logging.getLogger("twilio").setLevel(logging.WARNING)
        assert HER not in caplog.text
        assert "booked" not in caplog.text
        assert HER not in repr(a_text())
        assert "booked" not in repr(a_text())


class TestTheSender:
    @pytest.mark.parametrize(
        ("senders", "fit"),
        [
            ({}, True), ({"PhoneNumbers": []}, False), ({"AlphaSenders": ["Refuge"]}, False),
            ({"ShortCodes": ["60001"]}, False), ({"PhoneNumbers": [NUMBER, "+15005550006"]}, False),
        ],
    )
    def test_a_messaging_service_is_asked_what_it_sends_from(
        self, twilio: Twilio, senders: dict[str, list[str]], fit: bool
    ) -> None:
        twilio.senders.update(senders)
        assert (gateway_of(twilio, service=SERVICE).unfit() is None) is fit

    @pytest.mark.parametrize("fault", ["500", "drop", "429 5"])
    def test_one_that_cannot_be_asked_is_not_used(self, twilio: Twilio, fault: str) -> None:
        twilio.later.append(fault)
        assert gateway_of(twilio, service=SERVICE).unfit() is not None

    @pytest.mark.parametrize(
        "sender", ["Refuge", "60001", "+15005550006", "+44", "+44x632960001", "+4416329600011111", "07700900123"]
    )
    def test_the_app_does_not_start_with_an_unsafe_sender(
        self, make_app: Callable[..., Flask], twilio: Twilio, sender: str
    ) -> None:
        with pytest.raises(ConfigurationError, match="SIDEGATE_TWILIO_FROM"):
            make_app(**{**twilio.settings, "TWILIO_FROM": sender})
        with pytest.raises(ConfigurationError, match="MESSAGING_SERVICE"):
            make_app(**{**twilio.settings, "TWILIO_MESSAGING_SERVICE_SID": sender})


@pytest.mark.usefixtures("clock")
class TestTheAnswer:
    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            ("refuse 21211", Refused("no-such-number")),
            ("refuse 21614", Refused("not-a-mobile")),
            ("refuse 21610", Refused("she-opted-out", stopped=True)),
            ("refuse 21999", Refused("refused-21999")),
            ("refuse 20003", Refused("our-account", again=True, ours=True)),
            ("429 40", Refused("too-many", again=True, wait=timedelta(seconds=40), ours=True)),
            ("429 nonsense", Refused("too-many", again=True, ours=True)),
            ("500", Unknown("answer-500")),
            ("drop", Unknown("no-answer")),
            ("garbled", Unknown("unreadable-answer")),
        ],
    )
    def test_only_a_certain_no_is_a_no(self, twilio: Twilio, fault: str, expected: Any) -> None:
        twilio.faults.append(fault)
        assert gateway_of(twilio).send(a_text()) == expected

    def test_an_answer_that_does_not_come_in_time_is_unknown(
        self, twilio: Twilio, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("scheduler.notifications.twilio._ANSWER", 0.2)
        twilio.faults.append("slow 1")
        assert gateway_of(twilio).send(a_text()) == Unknown("no-answer")
        assert len(twilio.messages) == 1

    def test_a_connection_that_was_never_made_is_tried_again(self, twilio: Twilio) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            nobody = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert gateway_of(twilio, base=nobody).send(a_text()) == Refused("unreachable", again=True, ours=True)

    def test_a_wrong_token_is_our_fault_and_not_hers(self, twilio: Twilio) -> None:
        assert gateway_of(twilio, token="wrong").send(a_text()) == Refused("our-account", again=True, ours=True)
        assert twilio.messages == []

    def test_its_list_gives_what_was_sent_to_her(self, twilio: Twilio) -> None:
        gateway = gateway_of(twilio)
        gateway.send(a_text())
        gateway.send(a_text(to="+447700900999"))
        found = list(gateway.sent_to(HER, twilio.messages[0].at))
        assert [(each.provider_id, each.state, each.body) for each in found] == [
            (twilio.messages[0].sid, "accepted", "You are booked.")
        ]

    def test_a_list_that_cannot_be_had_is_said_so(self, twilio: Twilio) -> None:
        with pytest.raises(OSError, match="cannot be read"):
            gateway_of(twilio, token="wrong").sent_to(HER, running.now())


class TestTheWholeWay:
    def test_a_booking_becomes_a_text_at_twilio_and_its_receipt_comes_home(
        self, scene: Scene, through_twilio: Flask, twilio: Twilio
    ) -> None:
        scene.book(scene.woman(may_name=["name"]))
        sender.run_once()
        assert twilio.bodies()[0].startswith("Hi Alma. You are booked: Thu 12 Mar 2:00pm. See or change: https://sidegate.")
        assert told()[0] == ("confirmation", "accepted", None)
        for status in ("delivered", "sent"):
            path, form, headers = twilio.receipt(twilio.messages[0], status)
            assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 204
        assert told()[0] == ("confirmation", "delivered", None)

    def test_a_text_that_twilio_took_and_dropped_is_found_in_its_list_and_not_sent_twice(
        self, scene: Scene, through_twilio: Flask, twilio: Twilio, clock: Any
    ) -> None:
        scene.book(scene.woman())
        twilio.faults.append("drop")
        sender.run_once()
        assert told()[0][1] == "unknown"
        clock.forward(minutes=2)
        sender.run_once()
        assert receipts.ask_about_unknown() == 1
        assert messages()[0].provider_id == twilio.messages[0].sid
        assert len(twilio.messages) == 1

    def test_too_many_requests_are_followed_by_patience(
        self, scene: Scene, through_twilio: Flask, twilio: Twilio, clock: Any
    ) -> None:
        scene.book(scene.woman())
        twilio.faults.append("429 90")
        sender.run_once()
        assert messages()[0].send_after == at(9, 1) + timedelta(seconds=30)
        clock.set(messages()[0].send_after)
        sender.run_once()
        assert len(twilio.messages) == 1

    def test_her_stop_at_twilio_stops_every_text_here(
        self, scene: Scene, through_twilio: Flask, twilio: Twilio
    ) -> None:
        scene.book(scene.woman())
        twilio.faults.append("refuse 21610")
        sender.run_once()
        assert told() == [("confirmation", "failed", "she-opted-out"), ("reminder", "cancelled", "withdrawn")]


def test_the_app_makes_its_gateway_once(twilio: Twilio, make_app: Callable[..., Flask]) -> None:
    app = make_app(**twilio.settings)
    assert gateway_for(app) is gateway_for(app)
    assert isinstance(gateway_for(app), TwilioGateway)
