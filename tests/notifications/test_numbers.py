"""A number that cannot get texts gets none any more, and staff are asked to check it: it may be a stranger's soon."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask

from scheduler.notifications import receipts, sender
from scheduler.notifications.codes import OUTCOMES
from scheduler.notifications.gateway import Listed, Refused, Unknown
from scheduler.rules.telling import CANNOT_GET_TEXTS
from scheduler.services import clients, links, safe_contacts, telling
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.clients import ClientDetails
from scheduler.services.links import LinkVisit
from scheduler.services.safe_contacts import SafeContactDetails
from tests.support.desk import Desk
from tests.support.factories import at

from .conftest import Scene, Watched, contact, messages, told

DESK = Actor("staff", None, "reception")
CODES = [(code, OUTCOMES[code]) for code in (21211, 21614, 30005, 30006)]


def hear(outcome_code: int, status: str = "undelivered") -> None:
    row = messages(state="accepted")[0]
    assert receipts.record(row.provider_id, status, str(outcome_code))


def to_check() -> list[int]:
    found = safe_contacts.ask_again(DESK, 0, 10)
    assert len(found) == safe_contacts.count_to_ask(DESK)
    return [each.client_id for each in found if each.check_number]


def why_not(appointment: int) -> str | None:
    return next(each.known.why for each in telling.to_tell(DESK, at(0), at(0, day=30)) if each.id == appointment)


@pytest.fixture
def booked(scene: Scene, gateway: Watched) -> tuple[int, int]:
    """Someone with two appointments, told of neither yet, and the second of them."""
    her = scene.woman(review_on=at(0, day=300).date())
    scene.book(her)
    sender.run_once()
    return her, scene.book(her, at(14, day=11)).id


class TestANumberThatCannotGetTexts:
    @pytest.mark.parametrize(("code", "outcome"), CODES)
    def test_a_receipt_that_says_so_stops_every_other_text_and_asks_staff(
        self, booked: tuple[int, int], gateway: Watched, clock: Any, code: int, outcome: str
    ) -> None:
        her, second = booked
        assert to_check() == []
        assert outcome in CANNOT_GET_TEXTS
        hear(code)
        assert {row.outcome for row in messages(state="suppressed")} == {"check-number"}
        assert messages(state="planned") == []
        assert why_not(second) == "check-number"
        assert to_check() == [her]
        links.send_link(SYSTEM, her)
        clock.forward(days=1)
        sender.run_once()
        assert len(gateway.sent) == 1

    @pytest.mark.parametrize("outcome", ["no-such-number", "not-a-mobile"])
    def test_a_refusal_that_says_so_does_too(self, scene: Scene, gateway: Watched, outcome: str) -> None:
        her = scene.woman()
        scene.book(her)
        gateway.answers = [Refused(outcome)]
        sender.run_once()
        assert told() == [("confirmation", "failed", outcome), ("reminder", "suppressed", "check-number")]
        assert to_check() == [her]

    @pytest.mark.parametrize("code", [30003, 30004, 30007, 30008])
    def test_a_phone_that_was_off_or_a_network_that_failed_stops_nothing(
        self, booked: tuple[int, int], code: int
    ) -> None:
        hear(code)
        assert messages(state="suppressed") == []
        assert to_check() == []

    def test_what_is_queued_meanwhile_is_held_up_when_it_is_claimed(
        self, scene: Scene, booked: tuple[int, int], gateway: Watched, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr("scheduler.notifications.planning.hold_back", lambda *_: None)
            hear(30005)
        sender.run_once()
        assert len(gateway.sent) == 1
        assert "check-number" in {row.outcome for row in messages(state="suppressed")}

    def test_the_provider_s_list_says_so_too(
        self, scene: Scene, gateway: Watched, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        her = scene.woman()
        scene.book(her)
        gateway.answers = [Unknown("no-answer")]
        sender.run_once()
        listed = [Listed("W1", "undelivered", gateway.sent[0].body, "no-such-number")]
        monkeypatch.setattr(gateway, "sent_to", lambda *_: listed)
        clock.forward(minutes=2)
        assert receipts.ask_about_unknown() == 1
        assert to_check() == [her]
        assert messages(state="planned") == []


class TestOnceItIsChecked:
    def test_texts_go_again_once_what_is_safe_is_recorded_anew(
        self, booked: tuple[int, int], gateway: Watched, clock: Any
    ) -> None:
        her, second = booked
        hear(30005)
        clock.forward(minutes=5)
        clients.set_safe_contact(SYSTEM, her, "sms", SafeContactDetails("yes", review_on=at(0, day=300).date()))
        assert to_check() == []
        sender.run_once()
        assert [(row.purpose, row.state) for row in messages(appointment_id=second) if row.state == "accepted"] == [
            ("confirmation", "accepted")
        ]
        assert len(gateway.sent) == 2, "what failed is for staff to say"

    def test_another_number_is_asked_about_and_no_late_receipt_of_the_old_one_counts_against_it(
        self, booked: tuple[int, int], gateway: Watched, clock: Any
    ) -> None:
        her, _ = booked
        clock.forward(minutes=5)
        record = clients.get(SYSTEM, her)
        clients.edit(SYSTEM, her, ClientDetails("Alma", "Reyes", phone="07700 900555"), record.version)
        assert to_check() == []
        clients.set_safe_contact(SYSTEM, her, "sms", SafeContactDetails("yes", review_on=at(0, day=300).date()))
        hear(30005)
        assert to_check() == []
        assert messages(state="planned") != []

    def test_whoever_holds_a_link_cannot_say_that_the_number_is_right(
        self, booked: tuple[int, int], clock: Any
    ) -> None:
        her, _ = booked
        hear(30005)
        clock.forward(minutes=5)
        links.texts_still_safe(_visit(her))
        assert to_check() == [her]

    @pytest.mark.parametrize("values", [{"safe": "no"}, {"safe": "unknown"}])
    def test_nobody_is_asked_about_a_number_that_is_not_texted(
        self, booked: tuple[int, int], values: dict[str, Any]
    ) -> None:
        hear(30005)
        contact(booked[0], **values)
        assert to_check() == []


def _visit(client: int) -> LinkVisit:
    return LinkVisit(1, 1, client, None, None, {}, {}, None, False, at(12), at(12))


def test_the_desk_reads_why_and_no_log_does(
    app: Flask, booked: tuple[int, int], capsys: pytest.CaptureFixture[str]
) -> None:
    desk = Desk(app, "reception")
    hear(30005)
    row = BeautifulSoup(desk.get("/reception/ask-again").text, "html.parser").select_one("main tbody tr")
    assert row is not None
    assert "texts to this number do not arrive: check it" in row.get_text(" ", strip=True)
    assert "Texts to this number do not arrive: check it" in desk.get(f"/reception/clients/{booked[0]}").text
    page = desk.get("/reception/untold?date=2026-03-13").text
    assert "Not told: texts to this number do not arrive: check it" in page
    logged = capsys.readouterr()
    assert "no-such-number" not in logged.out + logged.err
    assert "+447700" not in logged.out + logged.err
