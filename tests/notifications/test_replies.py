"""Texts that come back: understood where they can be, kept for staff where not, and never taken for somebody else's."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event, select, update
from structlog.testing import capture_logs

from scheduler.errors import NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, Client, HandsetText, Message, Reply, SafeContact
from scheduler.notifications import replies as inbox
from scheduler.notifications import sender
from scheduler.rules.replies import Meaning, meaning_of
from scheduler.rules.telling import Told
from scheduler.services import booking, identities, retention, telling
from scheduler.services import replies as waiting
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.transaction import use_case
from tests.support import factories as make
from tests.support.desk import Desk
from tests.support.factories import at
from tests.support.twilio_fake import Twilio

from .conftest import Scene, Watched

HERS, OTHERS = "+447700900123", "+447700900456"
DESK = Actor("staff", None, "reception")


@use_case
def index(client: int, phone: str) -> None:
    identities.index_person("client", client, [f"Alma Reyes {client}"], None, phone)


def woman(scene: Scene, phone: str = HERS, **client: Any) -> int:
    made = scene.woman(client={"phone": phone, **client})
    index(made, phone)
    return made


@pytest.fixture
def her(scene: Scene, gateway: Watched) -> int:
    """A woman to whom the text about her one appointment has left."""
    client = woman(scene)
    scene.book(client)
    sender.run_once()
    assert len(gateway.sent) == 1
    return client


def kept() -> list[tuple[int | None, int | None, str, str | None]]:
    """Client, appointment, meaning and words of every reply."""
    db.session.rollback()
    db.session.expunge_all()
    rows = db.session.scalars(select(Reply).order_by(Reply.id))
    return [(row.client_id, row.appointment_id, row.meaning, row.words) for row in rows]


def appointment(client: int) -> int:
    found: int = db.session.scalars(
        select(Appointment.id).where(Appointment.client_id == client).order_by(Appointment.id)
    ).first()  # type: ignore[assignment]
    return found


def states() -> list[tuple[int, str, datetime, int]]:
    rows = db.session.execute(
        select(Appointment.id, Appointment.state, Appointment.start, Appointment.version).order_by(Appointment.id)
    )
    return [tuple(row) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize("words", ["1", " 1 ", "1.", "one", "One!", "'1'", "1\ufe0f\u20e3", "\uff11"])
def test_a_bare_one_says_that_she_is_coming(words: str) -> None:
    assert meaning_of(words) is Meaning.COMING


@pytest.mark.parametrize("words", ["", "11", "1 2", "12", "not 1", "1pm?", "yes", "START", "1 is too early", "\x00"])
def test_nothing_is_guessed_at(words: str) -> None:
    assert meaning_of(words) is Meaning.OTHER


@pytest.mark.parametrize("words", ["2", "2.", " TWO", "2\ufe0f\u20e3"])
def test_a_bare_two_asks_for_another_time(words: str) -> None:
    assert meaning_of(words) is Meaning.ANOTHER_TIME


class TestComing:
    def test_it_is_known_that_she_knows_and_nobody_has_to_do_anything(self, her: int) -> None:
        db.session.execute(update(Message).where(Message.purpose == "reminder").values(state="failed"))
        db.session.commit()
        assert telling.of(DESK, appointment(her)).told is Told.SENT
        assert len(telling.to_tell(DESK, at(0, day=10), at(0, day=11))) == 1
        inbox.receive(HERS, "1")
        assert kept() == [(her, appointment(her), "coming", None)]
        assert telling.of(DESK, appointment(her)).told is Told.ANSWERED
        assert telling.to_tell(DESK, at(0, day=10), at(0, day=11)) == []
        assert waiting.waiting(DESK) == []

    def test_it_was_about_the_time_in_that_text_and_not_about_a_later_one(self, her: int, scene: Scene) -> None:
        booked = appointment(her)
        booking.move(SYSTEM, booked, replace(scene.choice(her, at(16, day=10))))
        inbox.receive(HERS, "1")
        assert telling.of(DESK, booked).told is not Told.ANSWERED
        sender.run_once()
        inbox.receive(HERS, "1")
        assert telling.of(DESK, booked).told is Told.ANSWERED

    def test_it_is_about_the_appointment_of_the_last_text(self, her: int, scene: Scene, clock: Any) -> None:
        clock.forward(hours=1)
        later = scene.book(her, at(10, day=11))
        sender.run_once()
        inbox.receive(HERS, "1")
        assert kept() == [(her, later.id, "coming", None)]
        assert telling.of(DESK, appointment(her)).told is Told.PLANNED

    def test_an_answer_to_what_was_cancelled_is_not_taken_for_an_answer_to_what_stands(
        self, her: int, scene: Scene, clock: Any
    ) -> None:
        clock.forward(hours=1)
        later = scene.book(her, at(10, day=11))
        sender.run_once()
        booking.cancel(SYSTEM, later.id)
        inbox.receive(HERS, "1")
        assert kept() == [(her, None, "other", "1")]
        assert telling.of(DESK, appointment(her)).told is Told.PLANNED

    def test_once_it_has_begun_there_is_nothing_to_come_to(self, her: int, clock: Any) -> None:
        clock.set(at(14, 1, day=10))
        inbox.receive(HERS, "1")
        assert kept() == [(her, None, "other", "1")]


class TestAnotherTime:
    def test_it_is_a_task_and_moves_or_cancels_nothing(self, her: int) -> None:
        before = states()
        inbox.receive(HERS, "2")
        inbox.receive(HERS, "2")
        [task] = waiting.waiting(DESK)
        assert (task.client_id, task.appointment_id, task.meaning) == (her, appointment(her), Meaning.ANOTHER_TIME)
        assert task.may_move
        assert states() == before
        assert db.session.get(SafeContact, (her, "sms")).safe == "yes"

    def test_it_stands_before_whatever_else_came(self, her: int, clock: Any) -> None:
        inbox.receive(HERS, "running late, sorry")
        clock.forward(minutes=1)
        inbox.receive(HERS, "2")
        assert [each.meaning for each in waiting.waiting(DESK)] == [Meaning.ANOTHER_TIME, Meaning.OTHER]

    def test_it_is_done_once_and_for_all(self, her: int) -> None:
        inbox.receive(HERS, "2")
        [task] = waiting.waiting(DESK)
        waiting.done(DESK, task.id)
        waiting.done(DESK, task.id)
        assert waiting.waiting(DESK) == []
        assert waiting.count(DESK) == 0
        with pytest.raises(NotFound):
            waiting.done(DESK, 999)


class TestAnythingElse:
    WORDS = "Can I bring Tilly? call me after 6"

    def test_it_is_kept_for_staff_and_never_answered(self, her: int, gateway: Watched) -> None:
        inbox.receive(HERS, self.WORDS)
        [line] = waiting.waiting(DESK)
        assert (line.client_id, line.words, line.meaning) == (her, self.WORDS, Meaning.OTHER)
        sender.run_once()
        assert len(gateway.sent) == 1

    def test_its_words_are_in_no_log_and_not_readable_in_the_database(self, her: int) -> None:
        with capture_logs() as logged:
            inbox.receive(HERS, self.WORDS)
            inbox.receive("+447700900999", self.WORDS)
        assert [{**each, "log_level": ""} for each in logged] == [
            {"event": "text from a number of nobody here", "log_level": ""}
        ]
        [blob] = db.session.execute(sa.text("SELECT words FROM reply")).scalars()
        assert b"Tilly" not in bytes(blob)

    def test_its_words_are_let_go_of_once_done_and_after_a_week_anyway(self, her: int, clock: Any) -> None:
        inbox.receive(HERS, self.WORDS)
        waiting.done(DESK, waiting.waiting(DESK)[0].id)
        assert kept() == [(her, appointment(her), "other", None)]
        inbox.receive(HERS, self.WORDS)
        clock.forward(days=6, hours=23)
        retention.purge()
        assert len(kept()) == 2
        clock.forward(hours=2)
        retention.purge()
        assert kept() == []

    def test_an_answer_stays_until_a_week_after_its_appointment(self, her: int, clock: Any) -> None:
        inbox.receive(HERS, "1")
        inbox.receive(HERS, "2")
        clock.set(at(14, day=17))
        retention.purge()
        assert len(kept()) == 2
        clock.set(at(15, day=17))
        retention.purge()
        assert kept() == []

    def test_start_makes_nothing_safe_and_is_for_staff_to_ask_about(self, her: int) -> None:
        inbox.receive(HERS, "STOP")
        inbox.receive(HERS, "START")
        assert kept() == [(her, appointment(her), "other", "START")]
        assert db.session.get(SafeContact, (her, "sms")).safe == "no"

    def test_a_reply_that_cannot_be_read_does_not_hide_the_others(self, her: int) -> None:
        inbox.receive(HERS, "first")
        inbox.receive(HERS, "second")
        db.session.execute(sa.text("UPDATE reply SET words = :x WHERE id = (SELECT min(id) FROM reply)"), {"x": b"?"})
        db.session.commit()
        assert [each.words for each in waiting.waiting(DESK)] == ["—", "second"]


class TestWhose:
    @pytest.mark.parametrize("words", ["1", "2", "I am at Rowan House with Alma"])
    def test_where_several_share_a_number_nobody_is_named_or_marked_and_no_word_is_kept(
        self, her: int, scene: Scene, words: str
    ) -> None:
        other = woman(scene, HERS, given_name="Bea")
        inbox.receive(HERS, words)
        [(client, about, _, text)] = kept()
        assert (client, about, text) == (None, None, None)
        [line] = waiting.waiting(DESK)
        assert (line.client_id, line.given_name, line.words) == (None, "", None)
        assert telling.of(DESK, appointment(her)).told is Told.PLANNED
        assert other not in {each.client_id for each in waiting.waiting(DESK)}

    def test_the_number_of_a_record_that_was_merged_into_hers_may_be_anothers_by_now(
        self, her: int, scene: Scene
    ) -> None:
        gone = woman(scene, OTHERS)
        db.session.execute(update(Client).where(Client.id == gone).values(merged_into=her, active=False))
        db.session.commit()
        inbox.receive(OTHERS, "1")
        assert kept() == [(None, None, "other", None)]

    @pytest.mark.parametrize("number", ["+447700900999", "", "garbage", "TEXTER", "whatsapp:+447700900123"])
    def test_what_comes_from_nobody_here_is_let_go_of(self, her: int, number: str) -> None:
        assert inbox.receive(number, "2") == 0
        assert kept() == []

    def test_once_her_records_are_one_the_task_is_hers(self, her: int, scene: Scene) -> None:
        inbox.receive(HERS, "hello")
        keep = make.make_client(given_name="Carla", phone=OTHERS)
        db.session.execute(update(Reply).values(appointment_id=None))
        db.session.execute(update(Client).where(Client.id == her).values(merged_into=keep, active=False))
        db.session.commit()
        assert [(each.client_id, each.given_name) for each in waiting.waiting(DESK)] == [(keep, "Carla")]

    def test_a_number_that_cannot_be_read_is_nobodys_in_particular(self, her: int) -> None:
        db.session.execute(sa.text("UPDATE client SET phone = :x"), {"x": b"?"})
        db.session.commit()
        inbox.receive(HERS, "1")
        assert kept() == [(None, None, "other", None)]


class TestWhoMayRead:
    def test_about_a_refuge_only_its_own_staff_are_told_anything(self, context: Any, clock: Any, gateway: Any) -> None:
        refuge = Scene(kind="refuge", confidential=True, name="Rowan House", label="")
        her = woman(refuge)
        make.make_stay(her, refuge.venue)
        refuge.book(her)
        sender.run_once()
        inbox.receive(HERS, "2")
        own = make.make_staff(role="outreach")
        make.assign(own, refuge.venue)
        self._for(Actor("staff", own, "outreach"), 1)
        self._for(DESK, 0)
        self._for(Actor("staff", make.make_staff(role="lead"), "lead"), 0)

    def test_what_a_woman_who_stays_at_a_refuge_wrote_is_for_its_own_staff(self, her: int) -> None:
        refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="")
        inbox.receive(HERS, "is my room at Rowan House still mine?")
        self._for(DESK, 1)
        make.make_stay(her, refuge)
        own = make.make_staff(role="worker")
        make.assign(own, refuge)
        self._for(Actor("staff", own, "worker"), 1)
        self._for(DESK, 0)
        inbox.receive(HERS, "2")
        assert [each.meaning for each in waiting.waiting(DESK)] == [Meaning.ANOTHER_TIME]

    def test_nobody_else_may(self, her: int) -> None:
        for act in (waiting.waiting, waiting.count, lambda who: waiting.done(who, 1)):
            with pytest.raises(NotAllowed):
                act(client_actor(her))

    @staticmethod
    def _for(actor: Actor, many: int) -> None:
        assert len(waiting.waiting(actor)) == waiting.count(actor) == many
        if not many:
            [reply] = db.session.scalars(select(Reply.id)).all()
            with pytest.raises(NotFound):
                waiting.done(actor, reply)

    def test_the_list_takes_as_many_questions_for_one_as_for_twenty(self, her: int) -> None:
        def questions(ask: Any) -> int:
            seen: list[str] = []

            def note(*args: Any) -> None:
                if args[2].startswith("SELECT"):
                    seen.append(args[2])

            event.listen(db.engine, "before_cursor_execute", note)
            try:
                ask(Actor("staff", reader, "reception"))
            finally:
                event.remove(db.engine, "before_cursor_execute", note)
            return len(seen)

        reader = make.make_staff(role="reception")
        inbox.receive(HERS, "one question")
        few = questions(waiting.waiting), questions(waiting.count)
        for number in range(8):
            inbox.receive(HERS, f"question {number}")
        assert (questions(waiting.waiting), questions(waiting.count)) == few == (3, 3)


class TestThroughTwilio:
    def test_what_is_delivered_twice_is_kept_once(self, scene: Scene, through_twilio: Flask, twilio: Twilio) -> None:
        her = woman(scene)
        scene.book(her)
        sender.run_once()
        path, form, headers = twilio.reply(HERS, "hello")
        for _ in range(2):
            answer = through_twilio.test_client().post(path, data=form, headers=headers)
            assert answer.get_data(as_text=True).endswith("<Response></Response>")
        assert kept() == [(her, appointment(her), "other", "hello")]

    def test_a_word_that_the_provider_took_for_no_more_is_followed_in_any_language(self, her: int) -> None:
        assert inbox.receive(HERS, "ARRÊT", opted_out=True) == 1
        assert db.session.get(SafeContact, (her, "sms")).safe == "no"
        assert kept() == []

    def test_a_forged_answer_is_refused(self, scene: Scene, through_twilio: Flask, twilio: Twilio) -> None:
        her = woman(scene)
        scene.book(her)
        sender.run_once()
        path, form, headers = twilio.reply(HERS, "1", token="forged")
        assert through_twilio.test_client().post(path, data=form, headers=headers).status_code == 403
        assert kept() == []


def test_the_handsets_phones_answer_the_same_way(app: Flask, scene: Scene) -> None:
    her = woman(scene)
    scene.book(her)
    sender.run_once()
    assert db.session.scalars(select(HandsetText.id)).all()
    desk = Desk(app, "reception")
    assert f'name="phone" value="c{her}"' in desk.get("/handset/").text
    answer = desk.post("/handset/reply", phone=f"c{her}", body="2")
    assert (answer.status_code, answer.location) == (303, f"/handset/#p-c{her}")
    assert kept() == [(her, appointment(her), "another-time", None)]
