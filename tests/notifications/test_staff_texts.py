"""Texts to staff: sent once, only while they are still theirs to hear, and never mixed up with hers."""

from __future__ import annotations

import shutil
from datetime import timedelta
from multiprocessing import get_context
from os import _exit
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from scheduler import worker
from scheduler.errors import ConfigurationError
from scheduler.extensions import db
from scheduler.models import Alert, Client, HandsetText, Message, SafeContact, SafetyCase, Staff, StaffText
from scheduler.notifications import sender, staff_texts, words
from scheduler.notifications.gateway import Accepted, Refused, Text, Unknown
from scheduler.notifications.outbox import Wordless
from scheduler.rules import discretion
from scheduler.rules.languages import BY_CODE
from scheduler.services import alerts, escalation, wording
from scheduler.services.actors import Actor
from scheduler.services.transaction import by_row_locks, use_case
from tests.support import factories as make
from tests.support.databases import Database
from tests.support.factories import at
from tests.support.processes import run_together
from tests.support.settings import Settings, make_application
from tests.support.twilio_fake import Twilio

from .conftest import Scene, Watched

WORDS = "Please look at your desk now."


class Watch:
    """A lead on call, a woman whose worker has a phone, and things that wait."""

    def __init__(self) -> None:
        self.lead = self.make_lead(1)
        self.worker = make.make_staff(phone="+447700900911")
        self.venue = make.make_venue()
        self.she = make.make_client(key_worker_id=self.worker)
        self.exclusion = make.make_exclusion(self.she)

    def make_lead(self, number: int, **values: Any) -> int:
        phone = f"+4477009008{number:02d}"
        return make.make_staff(**{"role": "lead", "sees_clients": False, "on_call": True, "phone": phone, **values})

    @use_case
    def case(self, due: Any = None) -> int:
        from scheduler import clock

        now = clock.now()
        number = len(db.session.execute(select(SafetyCase.id)).all())
        row = SafetyCase(
            subject=f"x{number}", rule="gap", exclusion_id=self.exclusion, due_at=due or now + timedelta(hours=6),
            opened_at=now,
        )
        db.session.add(row)
        db.session.flush()
        escalation.tell_of_cases([row.id], now)
        return row.id

    @use_case
    def alert(self) -> int:
        from scheduler import clock

        row = Alert(exclusion_id=self.exclusion, venue_id=self.venue, raised_at=clock.now())
        db.session.add(row)
        db.session.flush()
        escalation.tell_of_alerts([row.id], clock.now())
        return row.id


@pytest.fixture
def watch(context: object, clock: object) -> Watch:
    return Watch()


def rows() -> list[StaffText]:
    db.session.rollback()
    db.session.expunge_all()
    return list(db.session.scalars(select(StaffText).order_by(StaffText.id)))


def told() -> list[tuple[int, str, str | None]]:
    return [(row.staff_id, row.state, row.outcome) for row in rows()]


def change(model: Any, key: int, **values: Any) -> None:
    db.session.execute(update(model).where(model.id == key).values(**values))
    db.session.commit()


# --- the words --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", BY_CODE)
def test_the_words_tell_nothing_in_any_language_and_fit_one_segment(language: str) -> None:
    body = words.for_staff(language, {})
    assert discretion.problems(body, language) == []
    assert discretion.size(body).fits
    assert body
    assert "http" not in body
    assert not any(letter.isdigit() for letter in body)


@pytest.mark.parametrize(
    "body",
    ["A woman waits.", "The police called.", "Look at the refuge.", "x" * 161, "Reply STOP now.", "Смотрите", " "],
)
def test_words_that_tell_stop_the_app_at_start_up_and_are_never_sent(
    app: Flask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, body: str
) -> None:
    shutil.copytree(wording.FOLDER, tmp_path / "sms")
    (tmp_path / "sms" / "en" / "staff.txt").write_text(body)
    monkeypatch.setattr(wording, "FOLDER", tmp_path / "sms")
    wording.built_in.cache_clear()
    try:
        with pytest.raises(Wordless):
            words.for_staff("en", {})
        with pytest.raises(ConfigurationError):
            words.check(app)
    finally:
        wording.built_in.cache_clear()


def test_every_text_that_goes_out_is_the_same_whatever_it_is_about(watch: Watch, gateway: Watched) -> None:
    watch.case(), watch.alert()
    staff_texts.run_once()
    assert {text.body for text in gateway.sent} == {WORDS}
    assert {text.to for text in gateway.sent} == {"+447700900801", "+447700900911"}


# --- what came of it --------------------------------------------------------------------------------------------------


def test_a_text_is_sent_at_once_and_once(watch: Watch, gateway: Watched) -> None:
    watch.case()
    assert [staff_texts.run_once(), staff_texts.run_once()] == [1, 0]
    assert len(gateway.sent) == 1
    assert told() == [(watch.lead, "accepted", None)]


def test_several_things_at_one_moment_are_one_text_to_each(watch: Watch, gateway: Watched) -> None:
    watch.case(), watch.case(), watch.alert()
    assert staff_texts.run_once() == 4
    assert sorted(text.to for text in gateway.sent) == ["+447700900801", "+447700900911"]
    assert [(state, outcome) for _, state, outcome in told()] == [
        ("accepted", None), ("suppressed", "said-once"), ("suppressed", "said-once"), ("accepted", None)
    ]
    assert escalation.tell() == 0


def test_what_certainly_was_not_taken_is_tried_again_with_all_that_it_spoke_for(
    watch: Watch, gateway: Watched, clock: Any
) -> None:
    first, second = watch.case(), watch.case()
    gateway.answers = [Refused("too-many", again=True)] * 2
    staff_texts.run_once()
    assert {state for _, state, _ in told()} == {"planned"}
    assert all(row.send_after > clock.now() for row in rows())
    change(SafetyCase, first, closed_at=clock.now())
    clock.forward(minutes=1)
    staff_texts.run_once()
    clock.forward(minutes=2)
    staff_texts.run_once()
    assert [(row.about_id, row.state) for row in rows()] == [(first, "cancelled"), (second, "accepted")]
    assert len(gateway.sent) == 3


@pytest.mark.parametrize("answer", [Unknown("no-answer"), RuntimeError("the gateway broke")])
def test_what_may_have_left_is_never_sent_again_and_another_lead_is_told(
    watch: Watch, gateway: Watched, clock: Any, answer: Any
) -> None:
    other = watch.make_lead(2, on_call=False)
    watch.case()
    gateway.answers = [answer]
    staff_texts.run_once()
    clock.forward(minutes=1)
    assert escalation.tell() == 1
    for _ in range(5):
        staff_texts.run_once()
        clock.forward(minutes=20)
    assert [text.to for text in gateway.sent] == ["+447700900801", "+447700900802"]
    assert [(who, state) for who, state, _ in told()] == [(watch.lead, "unknown"), (other, "accepted")]


def test_a_refusal_is_final_and_changes_no_clients_contact(watch: Watch, gateway: Watched) -> None:
    """The lead is a client's namesake in every number: a refusal of her text is not one of the client's."""
    client = make.make_client(phone="+447700900801")
    make.make_safe_contact(client)
    watch.case()
    gateway.answers = [Refused("she-opted-out", stopped=True)]
    staff_texts.run_once()
    assert told() == [(watch.lead, "failed", "she-opted-out")]
    assert db.session.get(SafeContact, (client, "sms")).safe == "yes"  # type: ignore[union-attr]


def test_a_worker_that_was_down_sends_nothing_stale(watch: Watch, gateway: Watched, clock: Any) -> None:
    watch.case(at(20))
    clock.forward(hours=5)
    staff_texts.run_once()
    assert told() == [(watch.lead, "expired", "too-late")]
    assert escalation.tell() == 1
    staff_texts.run_once()
    assert len(gateway.sent) == 1


# --- asked again when it is claimed -----------------------------------------------------------------------------------


class TestAskedAgain:
    @pytest.mark.parametrize(
        "left", [{"active": False}, {"role": "worker"}, {"on_call": False}, {"phone": None}]
    )
    def test_whoever_is_not_the_one_to_tell_any_more_is_not_told(
        self, watch: Watch, gateway: Watched, left: dict[str, Any]
    ) -> None:
        watch.case()
        other = watch.make_lead(2)
        change(Staff, watch.lead, **left)
        staff_texts.run_once()
        assert gateway.sent == []
        assert told() == [(watch.lead, "cancelled", "changed")]
        assert escalation.tell() == 1
        staff_texts.run_once()
        assert told()[1][:2] == (other, "accepted")

    @pytest.mark.parametrize("closed", [{"closed_at": at(9)}, {"due_at": at(10, day=3)}])
    def test_a_case_that_is_settled_or_far_off_again_is_not_told(
        self, watch: Watch, gateway: Watched, closed: dict[str, Any]
    ) -> None:
        change(SafetyCase, watch.case(), **closed)
        staff_texts.run_once()
        assert (gateway.sent, told()) == ([], [(watch.lead, "cancelled", "changed")])

    def test_an_alert_that_is_settled_is_not_told(self, watch: Watch, gateway: Watched) -> None:
        alerts.settle(Actor("staff", watch.worker, "worker"), watch.alert(), "done")
        staff_texts.run_once()
        assert gateway.sent == []
        assert {state for _, state, _ in told()} == {"cancelled"}

    def test_whoever_is_not_her_worker_any_more_is_not_told(self, watch: Watch, gateway: Watched) -> None:
        watch.alert()
        change(Client, watch.she, key_worker_id=None)
        staff_texts.run_once()
        assert [text.to for text in gateway.sent] == ["+447700900801"]

    def test_a_changed_number_gets_it_and_the_old_one_does_not(self, watch: Watch, gateway: Watched) -> None:
        watch.case()
        change(Staff, watch.lead, phone="+447700900899")
        staff_texts.run_once()
        assert [text.to for text in gateway.sent] == ["+447700900899"]

    def test_a_number_that_cannot_be_read_stops_no_other_and_others_are_told(
        self, watch: Watch, gateway: Watched
    ) -> None:
        other = watch.make_lead(2)
        third = watch.make_lead(3, on_call=False)
        watch.case()
        kind = "BLOB" if db.engine.dialect.name == "sqlite" else "bytea"
        db.session.execute(text(f"UPDATE staff SET phone = CAST('nonsense' AS {kind}) WHERE id = {watch.lead}"))
        db.session.commit()
        staff_texts.run_once()
        assert told() == [(watch.lead, "suppressed", "unreadable"), (other, "accepted", None)]
        change(Staff, other, on_call=False)
        assert escalation.tell() == 1
        assert told()[-1][0] == third

    @pytest.mark.parametrize("changing", ["staff", "safety_case", "staff_text"])
    def test_what_someone_is_changing_waits_for_the_change(
        self, watch: Watch, gateway: Watched, database: Database, changing: str
    ) -> None:
        """On PostgreSQL a claim skips it; on SQLite nobody else can be changing anything."""
        watch.case()
        if database.kind == "sqlite":
            return
        change_to = {"staff": "active = false", "safety_case": "closed_at = opened_at", "staff_text": "attempts = 8"}
        with db.engine.connect() as other:
            other.execute(text(f"UPDATE {changing} SET {change_to[changing]}"))
            assert staff_texts.run_once() == 0
            assert gateway.sent == []
            db.session.rollback()
            other.commit()
        staff_texts.run_once()
        assert len(gateway.sent) == (changing == "staff_text")


# --- several workers, and one that dies -------------------------------------------------------------------------------


def drain(_app: Flask) -> int:
    return sum(staff_texts.run_once(3) for _ in range(30))


@pytest.mark.race
def test_any_number_of_workers_send_each_text_once(watch: Watch, settings: Settings, clock: Any) -> None:
    change(Staff, watch.lead, on_call=False, active=False)
    for number in range(2, 22):
        watch.make_lead(number)
    watch.case()
    outcomes = run_together(settings, drain, [(), ()], now=clock.now(), timeout=60)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert sum(each.value for each in outcomes) == 20
    phones = [row.phone for row in db.session.scalars(select(HandsetText))]
    assert len(phones) == len(set(phones)) == 20
    assert {(row.state, row.attempts) for row in rows()} == {("delivered", 1)}


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
            by_row_locks(lambda: (staff_texts.claim(), _exit(3)))()
        app.extensions["sidegate_gateway"] = Dying()
        staff_texts.run_once()


def _die(settings: Settings, when: str, now: Any) -> None:
    process = get_context("spawn").Process(target=_work_and_die, args=(settings, when, now))
    process.start()
    process.join(60)
    assert process.exitcode == 3


@pytest.mark.race
def test_a_crash_between_claim_and_record_leaves_it_unknown_and_never_sent_twice(
    watch: Watch, gateway: Watched, settings: Settings, clock: Any
) -> None:
    watch.case()
    _die(settings, "while sending", clock.now())
    assert told() == [(watch.lead, "claimed", None)]
    staff_texts.run_once()
    assert told()[0][1] == "claimed"  # it may still be under way elsewhere
    clock.forward(minutes=6)
    for _ in range(3):
        staff_texts.run_once()
        clock.forward(minutes=30)
    assert told() == [(watch.lead, "unknown", "worker-lost")]
    assert gateway.sent == []


@pytest.mark.race
def test_a_crash_while_claiming_leaves_it_planned_and_it_is_sent_once(
    watch: Watch, gateway: Watched, settings: Settings, clock: Any
) -> None:
    watch.case()
    _die(settings, "while claiming", clock.now())
    assert told() == [(watch.lead, "planned", None)]
    staff_texts.run_once(), staff_texts.run_once()
    assert len(gateway.sent) == 1


# --- through the provider ---------------------------------------------------------------------------------------------


@pytest.fixture
def sent(through_twilio: Flask, watch: Watch, twilio: Twilio) -> Twilio:
    """A text to the lead and one to a client, with the same number of their own."""
    scene = Scene()
    scene.book(scene.woman())
    watch.case()
    staff_texts.run_once()
    sender.run_once()
    return twilio


def states() -> tuple[str, str]:
    """The first text to staff, the first to a client."""
    db.session.rollback()
    hers = db.session.scalars(select(Message.state).order_by(Message.id)).first()
    return rows()[0].state, hers or ""


def test_a_receipt_for_a_text_to_staff_is_never_one_for_a_client(sent: Twilio, through_twilio: Flask) -> None:
    assert states() == ("accepted", "accepted")
    to_staff, to_her = sent.messages
    assert (to_staff.form["Body"], to_staff.form["To"]) == (WORDS, "+447700900801")
    path, form, headers = sent.receipt(to_staff, "delivered")
    assert "staff=" in path
    assert "message=" not in path
    for _ in range(2):
        assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 204
    assert states() == ("delivered", "accepted")
    path, form, headers = sent.receipt(to_her, "undelivered", 30005)
    assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 204
    assert states() == ("delivered", "undelivered")


def test_a_receipt_sent_on_to_the_others_address_is_refused(sent: Twilio, through_twilio: Flask) -> None:
    path, form, headers = sent.receipt(sent.messages[0], "failed")
    swapped = path.replace("staff=", "message=")
    assert through_twilio.test_client().post(swapped, data=form, headers=headers).status_code == 403
    assert states() == ("accepted", "accepted")


def test_a_receipt_that_names_another_text_by_its_number_changes_neither(sent: Twilio, through_twilio: Flask) -> None:
    """Both tables count from one: the provider's own id decides."""
    assert not staff_texts.receipt("SM-of-someone-else", "failed", None, rows()[0].id)
    hers = db.session.scalars(select(Message.provider_id).order_by(Message.id)).first()
    assert hers is not None
    assert not staff_texts.receipt(hers, "failed", None, rows()[0].id)
    assert not staff_texts.receipt("", "failed", None, rows()[0].id)
    assert not staff_texts.receipt("SM1", "teleported", None, rows()[0].id)
    assert states() == ("accepted", "accepted")


@pytest.mark.parametrize("number", ["", "x", "-1", "9" * 30, "1&staff=2"])
def test_an_odd_number_in_a_receipt_is_no_error(sent: Twilio, through_twilio: Flask, number: str) -> None:
    taken = sent.messages[0]
    taken.form["StatusCallback"] = f"https://sidegate.example/hooks/twilio/status?staff={number}"
    path, form, headers = sent.receipt(taken, "sent")
    assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 204
    assert states() == ("sent", "accepted")


def test_a_receipt_may_overtake_the_answer(watch: Watch) -> None:
    watch.case()
    [claimed] = staff_texts.claim()
    assert staff_texts.receipt("SM1", "undelivered", "30003", claimed.text.message_id)
    staff_texts.record(claimed.text.message_id, Accepted("SM1"))
    assert told() == [(watch.lead, "undelivered", "phone-off")]


def test_the_worker_tells_and_sends(watch: Watch, app: Flask, clock: Any) -> None:
    """A lead who comes on call is told of what waits since before."""
    change(Staff, watch.lead, active=False)
    watch.alert()
    change(Staff, watch.lead, active=True)
    clock.forward(minutes=1)
    done = worker.run_once(app)
    assert (done["urgent"], done["staff-texts"]) == (1, 2)
    assert told() == [(watch.worker, "delivered", None), (watch.lead, "delivered", None)]
    assert [row.body for row in db.session.scalars(select(HandsetText))] == [WORDS, WORDS]
    assert {worker.run_once(app)[job] for job in ("urgent", "staff-texts")} == {0}
