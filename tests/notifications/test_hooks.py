"""What Twilio calls: believed only with its signature over the very address and form."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import AuditRecord, Link, SafeContact
from scheduler.notifications import sender
from scheduler.services import identities
from scheduler.services.transaction import use_case
from tests.support.twilio_fake import TOKEN, Twilio

from .conftest import Scene, messages, told

HER = "+447700900123"


@use_case
def _index(client: int, phone: str) -> None:
    identities.index_person("client", client, ["Alma Reyes"], None, phone)


@pytest.fixture
def her(scene: Scene, through_twilio: Flask) -> int:
    client = scene.woman(client={"phone": HER})
    _index(client, HER)
    scene.book(client)
    sender.run_once()
    return client


@pytest.mark.usefixtures("her")
class TestReceipts:
    @pytest.mark.parametrize("forgery", ["no signature", "another token", "another form", "another address"])
    def test_a_forged_receipt_is_refused_and_changes_nothing(
        self, through_twilio: Flask, twilio: Twilio, forgery: str
    ) -> None:
        token = "forged" if forgery == "another token" else TOKEN
        path, form, headers = twilio.receipt(twilio.messages[0], "failed", token=token)
        if forgery == "no signature":
            headers = {}
        if forgery == "another form":
            form["MessageStatus"] = "delivered"
        if forgery == "another address":
            path = path.replace("message=", "message=9")
        assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 403
        assert told()[0][1] == "accepted"

    def test_without_a_token_in_the_settings_nothing_is_believed(self, through_twilio: Flask, twilio: Twilio) -> None:
        path, form, headers = twilio.receipt(twilio.messages[0], "failed", token="")
        through_twilio.config["SIDEGATE_TWILIO_AUTH_TOKEN"] = ""
        assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 403

    def test_the_address_is_the_public_one_whatever_a_proxy_made_of_it(
        self, through_twilio: Flask, twilio: Twilio
    ) -> None:
        path, form, headers = twilio.receipt(twilio.messages[0], "sent")
        answer = through_twilio.test_client().post(
            path, base_url="http://10.0.0.7:8000", data=form, headers=headers
        )
        assert answer.status_code == 204
        assert told()[0][1] == "sent"

    @pytest.mark.parametrize(
        "public_url", ["https://sidegate.example", "https://sidegate.example:8443", "http://sidegate.example"]
    )
    @pytest.mark.parametrize(
        "proxied", [{}, {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "there.example", "X-Forwarded-Port": "81"}]
    )
    def test_behind_a_proxy_and_on_any_port_twilio_is_believed_and_nobody_else(
        self, through_twilio: Flask, twilio: Twilio, public_url: str, proxied: dict[str, str]
    ) -> None:
        through_twilio.config["SIDEGATE_PUBLIC_URL"] = public_url
        taken = twilio.messages[0]
        taken.form["StatusCallback"] = f"{public_url}/hooks/twilio/status?message={messages()[0].id}"
        path, form, headers = twilio.receipt(taken, "sent")
        for base, token in (("http://10.0.0.7:8000", None), ("https://sidegate.example", "forged")):
            signed = headers if token is None else twilio.receipt(taken, "delivered", token=token).headers
            answer = through_twilio.test_client().post(path, base_url=base, data=form, headers={**signed, **proxied})
            assert answer.status_code == (204 if token is None else 403)
        assert told()[0][1] == "sent"

    @pytest.mark.parametrize(
        ("code", "outcome"),
        [
            (21211, "no-such-number"), (21614, "not-a-mobile"), (30003, "phone-off"), (30004, "blocked"),
            (30005, "no-such-number"), (30006, "not-a-mobile"), (30007, "filtered"), (30008, "network"),
            (30036, "too-late"), (31999, "error-31999"),
        ],
    )
    def test_each_code_of_a_receipt_is_kept_in_a_word(
        self, through_twilio: Flask, twilio: Twilio, code: int, outcome: str
    ) -> None:
        path, form, headers = twilio.receipt(twilio.messages[0], "undelivered", code)
        through_twilio.test_client().post(path, data=form, headers=headers)
        assert told()[0] == ("confirmation", "undelivered", outcome)

    def test_a_receipt_that_she_opted_out_stops_every_text(
        self, through_twilio: Flask, twilio: Twilio, her: int
    ) -> None:
        path, form, headers = twilio.receipt(twilio.messages[0], "failed", 21610)
        through_twilio.test_client().post(path, data=form, headers=headers)
        db.session.rollback()
        db.session.expunge_all()
        assert db.session.get(SafeContact, (her, "sms")).safe == "no"

    @pytest.mark.parametrize("message", ["", "x", "-1", "9" * 30, "%F0%9F%98%80", "1&message=2"])
    def test_an_odd_message_number_is_no_error(self, through_twilio: Flask, twilio: Twilio, message: str) -> None:
        taken = twilio.messages[0]
        taken.form["StatusCallback"] = f"https://sidegate.example/hooks/twilio/status?message={message}"
        path, form, headers = twilio.receipt(taken, "sent")
        assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 204

    def test_why_it_failed_is_kept_for_staff(self, through_twilio: Flask, twilio: Twilio) -> None:
        path, form, headers = twilio.receipt(twilio.messages[0], "undelivered", 30005)
        through_twilio.test_client().post(path, data=form, headers=headers)
        assert told()[0] == ("confirmation", "undelivered", "no-such-number")

    def test_a_get_is_refused(self, through_twilio: Flask) -> None:
        for path in ("/hooks/twilio/status", "/hooks/twilio/reply"):
            assert through_twilio.test_client().get(path).status_code == 405


class TestReplies:
    @pytest.mark.parametrize("word", ["STOP", "stop", " Stop. ", "UNSUBSCRIBE", "end", "QUIT", "cancel", "STOPALL"])
    def test_a_word_for_no_more_makes_her_number_unsafe_and_withdraws_everything(
        self, her: int, through_twilio: Flask, twilio: Twilio, word: str
    ) -> None:
        answer = self.post(through_twilio, *twilio.reply(HER, word))
        assert answer.status_code == 200
        assert db.session.get(SafeContact, (her, "sms")).safe == "no"
        assert messages(purpose="reminder")[0].state == "cancelled"
        assert None not in db.session.scalars(select(Link.ended_at)).all()
        assert "texts-stopped" in db.session.scalars(select(AuditRecord.action)).all()

    @pytest.mark.parametrize("words", ["1", "stop texting me pls call", "", "YES", "x" * 5000, "\x00"])
    def test_anything_else_is_neither_answered_nor_acted_on(
        self, her: int, through_twilio: Flask, twilio: Twilio, words: str
    ) -> None:
        answer = self.post(through_twilio, *twilio.reply(HER, words))
        assert answer.get_data(as_text=True).endswith("<Response></Response>")
        assert db.session.get(SafeContact, (her, "sms")).safe == "yes"

    @pytest.mark.parametrize("number", ["+447700900999", "", "garbage", "12345", "whatsapp:+447700900123"])
    def test_a_stop_from_a_number_that_belongs_to_nobody_stops_nobody(
        self, her: int, through_twilio: Flask, twilio: Twilio, number: str
    ) -> None:
        assert self.post(through_twilio, *twilio.reply(number, "STOP")).status_code == 200
        assert db.session.get(SafeContact, (her, "sms")).safe == "yes"

    def test_a_forged_stop_is_refused(self, her: int, through_twilio: Flask, twilio: Twilio) -> None:
        assert self.post(through_twilio, *twilio.reply(HER, "STOP", token="forged")).status_code == 403
        assert db.session.get(SafeContact, (her, "sms")).safe == "yes"

    @staticmethod
    def post(app: Flask, path: str, form: dict[str, str], headers: dict[str, str]) -> Any:
        answer = app.test_client().post(path, data=form, headers=headers)
        db.session.rollback()
        db.session.expunge_all()
        return answer


def test_twilio_needs_no_form_token(her: int, twilio: Twilio, make_app: Any) -> None:
    app = make_app(**twilio.settings, WTF_CSRF_ENABLED=True)
    path, form, headers = twilio.receipt(twilio.messages[0], "sent")
    assert app.test_client().post(path, data=form, headers=headers).status_code == 204
