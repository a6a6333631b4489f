"""What the outbox promises (SAFETY.md 8, 9.5): planned with the booking, asked again when claimed, sent once or not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text, update

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Link, LinkSession, Message, SafeContact, Session
from scheduler.notifications import planning, sender
from scheduler.services import booking, links
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from tests.support import factories as make
from tests.support.factories import at

from .conftest import Scene, Watched, contact, messages, told

PLANNED = [("confirmation", "planned", None), ("reminder", "planned", None)]


@contextmanager
def statements() -> Iterator[list[str]]:
    found: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        found.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


class TestPlanning:
    def test_a_booking_plans_a_confirmation_and_a_reminder_two_days_before(self, scene: Scene) -> None:
        scene.book(scene.woman())
        confirmation, reminder = messages()
        assert (confirmation.purpose, confirmation.send_after, confirmation.send_before) == (
            "confirmation", at(9), at(14, day=10)
        )
        assert reminder.purpose == "reminder"
        assert (reminder.send_after, reminder.send_before) == (at(14, day=8), at(0, day=10))

    def test_a_move_withdraws_what_was_queued_and_plans_for_the_new_time(self, scene: Scene) -> None:
        her = scene.woman()
        first = scene.book(her)
        booking.move(SYSTEM, first.id, scene.choice(her, at(11, day=9)))
        assert told() == [
            ("confirmation", "cancelled", "withdrawn"), ("reminder", "cancelled", "withdrawn"),
            ("change", "planned", None), ("reminder", "planned", None),
        ]
        assert messages()[-1].send_after == at(11, day=7)

    def test_a_cancellation_leaves_only_its_own_text_and_ends_the_appointments_links(self, scene: Scene) -> None:
        her = scene.woman()
        booked = scene.book(her)
        with_links(her, booked.id)
        booking.cancel(SYSTEM, booked.id)
        assert told()[-1] == ("cancellation", "planned", None)
        assert {state for _, state, _ in told()[:-1]} == {"cancelled"}
        assert db.session.scalars(select(Link.ended_at)).all() == [at(9)]

    @pytest.mark.parametrize("event_name", ["booked", "moved", "cancelled"])
    def test_planning_takes_at_most_three_statements(self, scene: Scene, event_name: str) -> None:
        her = scene.woman(hours=[[0, 540, 600], [3, 600, 660]])
        booked = scene.book(her)
        with statements() as asked:
            in_one_transaction(event_name, booked)
        assert len([each for each in asked if not each.startswith("BEGIN")]) <= 3

    def test_a_refused_booking_plans_nothing(self, scene: Scene) -> None:
        her, other = scene.woman(), scene.woman()
        scene.book(her)
        with pytest.raises(Exception, match="not available"):
            scene.book(other)
        assert {each.client_id for each in messages()} == {her}

    @pytest.mark.parametrize(
        ("record", "outcome"),
        [
            ({"safe": None}, "not-safe"), ({"safe": "unknown"}, "not-safe"), ({"safe": "no"}, "not-safe"),
            ({"paused": True}, "paused"), ({"review_on": date(2026, 3, 1)}, "review-due"),
            ({"hours": [[9, 9, 9]]}, "unreadable"),
        ],
    )
    def test_staff_see_at_once_that_she_was_not_told(self, scene: Scene, record: dict[str, Any], outcome: str) -> None:
        scene.book(scene.woman(**record))
        assert told() == [("confirmation", "suppressed", outcome)]

    def test_staff_see_when_no_hour_before_the_appointment_is_safe(self, scene: Scene) -> None:
        scene.book(scene.woman(hours=[[4, 600, 660]]), at(14, day=1))
        assert told() == [("confirmation", "suppressed", "no-safe-time")]

    def test_a_confirmation_waits_for_her_hours(self, scene: Scene) -> None:
        scene.book(scene.woman(hours=[[2, 600, 660]]))
        assert messages()[0].send_after == at(10, day=2)


@use_case
def in_one_transaction(event_name: str, booked: booking.Booked) -> None:
    planning.plan(
        event_name, appointment_id=booked.id, client_id=booked.client_id, start=booked.start, version=booked.version,
        now=at(9),
    )


@use_case
def with_links(client: int, appointment: int | None = None) -> None:
    links.make_link(client, None, appointment_id=appointment)


@use_case
def withdraw(client: int) -> None:
    planning.withdraw_for_client(client, at(9))


class TestAskedAgainWhenClaimed:
    """Each safety rule of SAFETY.md 8, broken after the message was planned and behind the outbox's back."""

    @pytest.mark.parametrize(
        ("change", "outcome"),
        [
            ({"safe": "unknown"}, "not-safe"), ({"safe": "no"}, "not-safe"), ({"paused": True}, "paused"),
            ({"review_on": date(2026, 3, 1)}, "review-due"), ({"hours": [[0, 1]]}, "unreadable"),
        ],
    )
    def test_a_channel_that_became_unsafe_is_not_used(
        self, scene: Scene, gateway: Watched, change: dict[str, Any], outcome: str
    ) -> None:
        her = scene.woman()
        scene.book(her)
        contact(her, **change)
        sender.run_once()
        assert gateway.sent == []
        assert told()[0] == ("confirmation", "suppressed", outcome)

    def test_a_channel_without_a_record_is_not_used(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman()
        scene.book(her)
        db.session.execute(SafeContact.__table__.delete())
        db.session.commit()
        sender.run_once()
        assert (gateway.sent, told()[0]) == ([], ("confirmation", "suppressed", "not-safe"))

    def test_nothing_goes_out_in_quiet_hours_even_when_it_was_due_before(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        scene.book(scene.woman())
        clock.set(at(19, 30))
        assert sender.run_once() == 0
        assert messages()[0].send_after == at(9, day=1)
        clock.set(at(8, 59, day=1))
        sender.run_once()
        assert gateway.sent == []
        clock.set(at(9, day=1))
        sender.run_once()
        assert len(gateway.sent) == 1

    def test_hours_that_she_changed_hold_at_once(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman()
        scene.book(her)
        contact(her, hours=[[3, 600, 660]])
        sender.run_once()
        assert gateway.sent == []
        assert messages()[0].send_after == at(10, day=3)

    @pytest.mark.parametrize(("change", "day"), [("spring", date(2027, 3, 28)), ("autumn", date(2027, 10, 31))])
    def test_on_the_day_of_a_clock_change_nine_is_nine_on_her_wall(
        self, scene: Scene, gateway: Watched, clock: Any, change: str, day: date
    ) -> None:
        sunday = datetime(day.year, day.month, day.day, tzinfo=UTC)
        nine = sunday + timedelta(hours=8 if change == "spring" else 9)
        clock.set(sunday - timedelta(hours=4))  # Saturday evening
        her = scene.woman()
        plan_for(her, sunday + timedelta(days=3))
        for minutes, sent in ((-1, 0), (0, 1)):
            clock.set(nine + timedelta(minutes=minutes))
            sender.run_once()
            assert len(gateway.sent) == sent

    def test_an_appointment_cancelled_after_planning_is_not_confirmed(self, scene: Scene, gateway: Watched) -> None:
        booked = scene.book(scene.woman())
        behind_its_back(booked.id, state="cancelled")
        sender.run_once()
        assert (gateway.sent, told()[0]) == ([], ("confirmation", "cancelled", "changed"))

    def test_an_appointment_moved_after_planning_is_not_announced_at_its_old_time(
        self, scene: Scene, gateway: Watched
    ) -> None:
        booked = scene.book(scene.woman())
        behind_its_back(booked.id, version=2)
        sender.run_once()
        assert (gateway.sent, told()[0]) == ([], ("confirmation", "cancelled", "changed"))

    @pytest.mark.parametrize("state", ["arrived", "fulfilled", "noshow", "entered-in-error"])
    def test_nobody_is_reminded_of_what_already_happened(self, scene: Scene, gateway: Watched, state: str) -> None:
        booked = scene.book(scene.woman())
        behind_its_back(booked.id, state=state)
        sender.run_once()
        assert gateway.sent == []

    def test_a_cancellation_is_not_sent_for_an_appointment_that_stands(self, scene: Scene, gateway: Watched) -> None:
        booked = scene.book(scene.woman())
        db.session.execute(update(Message).values(purpose="cancellation"))
        db.session.commit()
        sender.run_once()
        assert gateway.sent == []
        assert booked.state == "booked"

    def test_no_text_comes_late(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        scene.book(scene.woman())
        clock.set(at(9, day=10))  # the morning of the appointment: too late for the reminder, not for the rest
        sender.run_once()
        assert [each.message_id for each in gateway.sent] == [messages()[0].id]
        assert told()[1] == ("reminder", "expired", "too-late")

    def test_nothing_is_sent_once_the_appointment_has_begun(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        scene.book(scene.woman())
        clock.set(at(14, day=10))
        sender.run_once()
        assert gateway.sent == []
        assert {state for _, state, _ in told()} == {"expired"}

    def test_someone_without_a_number_or_no_longer_a_client_gets_none(self, scene: Scene, gateway: Watched) -> None:
        one, other = scene.woman(client={"phone": None}), scene.woman()
        scene.book(one)
        scene.book(other, at(16, day=10))
        db.session.execute(update(Client).where(Client.id == other).values(active=False))
        db.session.commit()
        sender.run_once()
        assert gateway.sent == []
        assert [outcome for purpose, _, outcome in told() if purpose == "confirmation"] == ["no-number"] * 2

    def test_a_record_that_cannot_be_read_stops_its_own_text_and_no_other(
        self, scene: Scene, gateway: Watched
    ) -> None:
        broken, fine = scene.woman(), scene.woman()
        scene.book(broken)
        scene.book(fine, at(16, day=10))
        db.session.execute(text("UPDATE client SET phone = :junk WHERE id = :id"), {"junk": b"\x01junk", "id": broken})
        db.session.commit()
        sender.run_once()
        assert [each.message_id for each in gateway.sent] == [messages(client_id=fine)[0].id]
        assert told()[0] == ("confirmation", "suppressed", "unreadable")


def plan_for(client: int, start: datetime) -> None:
    """A confirmation for an appointment that only the outbox knows of."""

    @use_case
    def plan() -> None:
        message = planning.plan_link(client, outbox_now())
        db.session.execute(update(Message).where(Message.id == message).values(send_before=start))

    plan()


def outbox_now() -> datetime:
    from scheduler import clock

    return clock.now()


def behind_its_back(appointment: int, **values: Any) -> None:
    db.session.execute(update(Appointment).where(Appointment.id == appointment).values(**values))
    db.session.commit()


class TestWithdrawing:
    def test_a_changed_number_or_pause_cancels_the_queue_and_ends_every_link(
        self, scene: Scene, gateway: Watched
    ) -> None:
        her, other = scene.woman(), scene.woman()
        scene.book(her)
        scene.book(other, at(16, day=10))
        with_links(her)
        with_links(other)
        withdraw(her)
        assert {each.state for each in messages(client_id=her)} == {"cancelled"}
        assert {each.state for each in messages(client_id=other)} == {"planned"}
        ended = dict(db.session.execute(select(Link.client_id, Link.ended_at)).all())
        assert ended[her] == at(9)
        assert ended[other] is None
        sender.run_once()
        assert {each.message_id for each in gateway.sent} == {messages(client_id=other)[0].id}

    def test_her_open_session_ends_too(self, scene: Scene) -> None:
        her = scene.woman()

        @use_case
        def linked() -> str:
            return links.make_link(her, None)

        links.open_session(linked())
        withdraw(her)
        assert db.session.scalars(select(LinkSession.ended_at)).all() == [at(9)]


class TestALink:
    def test_a_link_is_made_only_when_its_text_is_claimed(self, scene: Scene, gateway: Watched, app: Flask) -> None:
        her = scene.woman()
        message = links.send_link(SYSTEM, her, type_id=scene.type)
        assert db.session.scalars(select(Link.id)).all() == []
        sender.run_once()
        body = gateway.sent[0].body
        token = body.split("/a/")[1].split()[0]
        assert links.is_live(token)
        link = db.session.scalars(select(Link)).one()
        assert (link.client_id, link.message_id, link.type_id) == (her, message, scene.type)

    def test_a_link_for_someone_who_may_not_be_texted_is_suppressed_at_once(self, scene: Scene) -> None:
        links.send_link(SYSTEM, scene.woman(safe="unknown"))
        assert told() == [("link", "suppressed", "not-safe")]

    def test_a_link_about_a_cancelled_appointment_is_not_sent(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman()
        booked = scene.book(her)
        links.send_link(SYSTEM, her, appointment_id=booked.id)
        booking.cancel(SYSTEM, booked.id)
        sender.run_once()
        assert [each.body.split(":")[0] for each in gateway.sent] == ["Your time on Thu 12 Mar 2"]


class TestWhatSheReads:
    def test_a_confidential_place_is_never_named(self, context: object, clock: object, gateway: Watched) -> None:
        scene = Scene(name="Rowan House", label="Where you are staying", confidential=True, kind="refuge")
        her = scene.woman(may_name=["name", "organisation", "place"])
        make.make_stay(her, scene.venue)
        scene.book(her)
        sender.run_once()
        assert "Rowan" not in gateway.sent[0].body
        assert gateway.sent[0].body.startswith("Hi Alma. You are booked: Thu 12 Mar 2:00pm. See or change: ")

    def test_the_place_is_named_where_she_agreed(self, scene: Scene, gateway: Watched) -> None:
        scene.book(scene.woman(may_name=["place"]))
        sender.run_once()
        assert gateway.sent[0].body.startswith("You are booked: Thu 12 Mar 2:00pm, The Mill. ")

    def test_words_that_cannot_be_discreet_are_not_sent_and_their_link_ends(
        self, scene: Scene, gateway: Watched, app: Flask
    ) -> None:
        scene.book(scene.woman())
        app.config["SIDEGATE_PUBLIC_URL"] = "https://" + "x" * 120 + ".example"
        sender.run_once()
        assert gateway.sent == []
        assert told()[0] == ("confirmation", "suppressed", "words")
        assert None not in db.session.scalars(select(Link.ended_at)).all()

    def test_a_session_moved_by_staff_tells_everyone_booked_in_it(self, scene: Scene, gateway: Watched) -> None:
        assert Session.__table__.name == "session"
        her = scene.woman()
        booked = scene.book(her)
        sender.run_once()
        booking.move(SYSTEM, booked.id, scene.choice(her, at(15, day=10)))
        sender.run_once()
        assert [each.body.split(".")[0] for each in gateway.sent] == [
            "You are booked: Thu 12 Mar 2:00pm", "Your new time: Thu 12 Mar 3:00pm"
        ]
