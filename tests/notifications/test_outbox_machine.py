"""Whatever happens in whatever order, no text goes to a channel that is not safe at that moment, and none goes twice
(SAFETY.md 8, 9.5): the outbox beside an oracle that looks at every rule for itself, minute by minute, on her wall.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, select, update

from scheduler import clock as running
from scheduler.extensions import db
from scheduler.models import Appointment, Client, Link, LinkSession, Message, SafeContact, Venue
from scheduler.notifications import planning, receipts, sender
from scheduler.notifications.gateway import Accepted, Answer, NotTried, Refused, Text, Unknown
from scheduler.services.transaction import use_case
from tests.support import factories as make

from .conftest import Scene, Watched

#: Histories on each database.
EXAMPLES = int(os.environ.get("SIDEGATE_TEST_HISTORIES", "15"))
LONDON = ZoneInfo("Europe/London")
#: The days on which the clocks change in 2027, and a usual one.
STARTS = [datetime(2027, month, day, 9, tzinfo=UTC) for month, day in ((3, 26), (10, 29), (6, 1))]
#: How bad the news is: receipts only ever make it worse.
WORSE = ["claimed", "unknown", "accepted", "sent", "delivered", "undelivered", "failed"]
HOURS = [None, [[5, 600, 660], [6, 30, 150]], [[day, 0, 1440] for day in range(7)], [[6, 60, 120]]]


@dataclass
class Woman:
    """What is recorded of her, as the oracle keeps it."""

    id: int
    phone: str
    safe: str = "yes"
    paused: bool = False
    review: date = date(2099, 1, 1)
    hours: Any = None
    active: bool = True


@dataclass
class Booking:
    """An appointment of hers, as the oracle keeps it."""

    id: int
    woman: Woman
    start: datetime
    state: str = "booked"
    version: int = 1


@dataclass
class World:
    """Everything that the oracle knows."""

    women: list[Woman] = field(default_factory=list)
    bookings: list[Booking] = field(default_factory=list)

    def why_not(self, row: Any, text: Text, now: datetime) -> str | None:
        """Why this text must not go out now, by SAFETY.md 8 read slowly; None when it may."""
        her = next(each for each in self.women if each.id == row.client_id)
        wall = now.astimezone(LONDON)
        if her.safe != "yes" or her.paused or not her.active or text.to != her.phone:
            return "the channel is not safe"
        if wall.date() > her.review:
            return "the record is past its review date"
        minute = wall.hour * 60 + wall.minute
        hours = her.hours or [[day, 540, 1140] for day in range(7)]
        if not any(day == wall.weekday() and begin <= minute < end for day, begin, end in hours):
            return "it is outside her window"
        if row.appointment_id is not None:
            booking = next(each for each in self.bookings if each.id == row.appointment_id)
            wanted = "cancelled" if row.purpose == "cancellation" else "booked"
            if booking.state != wanted or booking.start <= now or row.appointment_version != booking.version:
                return "the appointment does not stand"
            if row.purpose == "reminder" and booking.start.astimezone(LONDON).date() <= wall.date():
                return "the moment has passed"
        return None


class Outbox(RuleBasedStateMachine):
    """Staff, women, workers, the provider and time, in any order."""

    scene: Scene
    site: int

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.under_way: list[Text] = []
        self.took: dict[int, str] = {}
        self.left: Counter[int] = Counter()
        self.worst: dict[int, int] = {}

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: datetime) -> None:
        for model in (LinkSession, Link, Message, Appointment, SafeContact):
            db.session.execute(delete(model))
        db.session.commit()
        running.set_fixed(start)
        for _ in range(2):
            self.someone()

    def someone(self) -> None:
        client = make.make_client()
        make.make_safe_contact(client, review_on=date(2099, 1, 1))
        phone = db.session.execute(select(Client.phone).where(Client.id == client)).scalar_one()
        self.world.women.append(Woman(client, phone))

    # --- what people do ----------------------------------------------------------------------------------------------

    @rule(data=st.data(), hours=st.integers(1, 24 * 9))
    @precondition(lambda self: len(self.world.bookings) < 6)
    def book(self, data: Any, hours: int) -> None:
        her = data.draw(st.sampled_from(self.world.women))
        start = running.now() + timedelta(hours=hours)
        _, session = self.scene.session(10)
        row = Appointment(
            client_id=her.id, own_number=len(self.world.bookings) + 1000 * her.id, session_id=session,
            venue_id=self.scene.venue, site_id=self.site, type_id=self.scene.type, mode="phone", state="booked",
            start=start,
            end=start + timedelta(minutes=30), busy_from=start, busy_until=start + timedelta(minutes=30), version=1,
            created_at=running.now(), updated_at=running.now(),
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        booking = Booking(row.id, her, start)
        self.world.bookings.append(booking)
        self.plan("booked", booking)

    def plan(self, what: str, booking: Booking) -> None:
        use_case(planning.plan)(
            what, appointment_id=booking.id, client_id=booking.woman.id, start=booking.start, version=booking.version,
            now=running.now(),
        )

    @rule(data=st.data(), what=st.sampled_from(["moved", "cancelled"]), hours=st.integers(1, 72))
    @precondition(lambda self: self.world.bookings)
    def change(self, data: Any, what: str, hours: int) -> None:
        booking = data.draw(st.sampled_from(self.world.bookings))
        if booking.state != "booked":
            return
        booking.version += 1
        if what == "cancelled":
            booking.state = "cancelled"
        else:
            booking.start = running.now() + timedelta(hours=hours)
        self.save(
            Appointment, booking.id, state=booking.state, version=booking.version, start=booking.start,
            end=booking.start + timedelta(minutes=30),
        )
        self.plan(what, booking)

    @rule(data=st.data())
    def link(self, data: Any) -> None:
        her = data.draw(st.sampled_from(self.world.women))
        use_case(planning.plan_link)(her.id, running.now())

    @rule(
        data=st.data(), safe=st.sampled_from(["yes", "yes", "yes", "no", "unknown"]), paused=st.booleans(),
        hours=st.sampled_from(HOURS), review=st.integers(-1, 400), told=st.booleans(),
    )  # fmt: skip
    def edit(self, data: Any, safe: str, paused: bool, hours: Any, review: int, told: bool) -> None:
        """Her record changes, with the outbox told of it as the product does, or behind its back."""
        her = data.draw(st.sampled_from(self.world.women))
        her.safe, her.paused, her.hours = safe, paused, hours
        her.review = (running.now() + timedelta(days=review)).astimezone(LONDON).date()
        db.session.execute(
            update(SafeContact)
            .where(SafeContact.client_id == her.id)
            .values(safe=safe, paused=her.paused, hours=hours, review_on=her.review)
        )
        db.session.commit()
        if told and (safe != "yes" or her.paused):
            use_case(planning.withdraw_for_client)(her.id, running.now())

    @rule(data=st.data(), active=st.booleans(), number=st.integers(0, 999))
    def new_number(self, data: Any, active: bool, number: int) -> None:
        her = data.draw(st.sampled_from(self.world.women))
        her.phone, her.active = f"+447700901{number:03d}", active
        self.save(Client, her.id, phone=her.phone, active=active)
        use_case(planning.withdraw_for_client)(her.id, running.now())

    @staticmethod
    def save(model: Any, row: int, **values: Any) -> None:
        db.session.execute(update(model).where(model.id == row).values(**values))
        db.session.commit()

    # --- time, workers and the provider -------------------------------------------------------------------------------

    @rule(minutes=st.one_of(st.integers(1, 90), st.integers(90, 60 * 30)))
    def time_goes_on(self, minutes: int) -> None:
        running.set_fixed(running.now() + timedelta(minutes=minutes))

    @rule(limit=st.integers(1, 5))
    def claim(self, limit: int) -> None:
        """A worker claims; the provider is called later, in any order and by any worker."""
        now = running.now()
        for text in sender.claim(limit):
            row = self.row(text.message_id)
            wrong = self.world.why_not(row, text, now)
            assert wrong is None, f"{row.purpose}: {wrong}"
            assert self.left[row.id] == 0, "it may have left already"
            assert row.id not in {each.message_id for each in self.under_way}
            self.under_way.append(text)

    @rule(
        data=st.data(), lost=st.booleans(),
        kind=st.sampled_from(["accepted", "accepted", "unknown", "again", "ours", "refused", "stopped", "not tried"]),
    )  # fmt: skip
    @precondition(lambda self: self.under_way)
    def answer(self, data: Any, lost: bool, kind: str) -> None:
        """The provider answers, or the worker dies before it can record what it said."""
        text = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        answers: dict[str, Answer] = {
            "accepted": Accepted(f"P{text.message_id}"), "unknown": Unknown("no-answer"),
            "again": Refused("too-many", again=True), "ours": Refused("our-account", again=True, ours=True),
            "refused": Refused("no-such-number"), "stopped": Refused("she-opted-out", stopped=True),
            "not tried": NotTried(),
        }
        if kind in ("accepted", "unknown"):
            self.left[text.message_id] += 1
            self.took[text.message_id] = f"P{text.message_id}"
        if not lost:
            sender.record({text.message_id: answers[kind]})
            if kind == "stopped":
                for her in self.world.women:
                    row = db.session.get(SafeContact, (her.id, "sms"))
                    her.safe = row.safe

    @rule(data=st.data(), status=st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed"]))
    @precondition(lambda self: self.took)
    def receipt(self, data: Any, status: str) -> None:
        """A receipt, about any text that was taken, at any time and any number of times."""
        message = data.draw(st.sampled_from(sorted(self.took)))
        receipts.record(self.took[message], status, None, message)

    @rule()
    def someone_gives_up_on_the_lost(self) -> None:
        sender._give_up_on_lost()

    # --- what always holds --------------------------------------------------------------------------------------------

    @staticmethod
    def row(message: int) -> Any:
        db.session.rollback()
        db.session.expunge_all()
        return db.session.get(Message, message)

    @invariant()
    def none_left_twice(self) -> None:
        assert max(self.left.values(), default=0) <= 1

    @invariant()
    def news_only_gets_worse(self) -> None:
        db.session.rollback()
        for message, state in db.session.execute(select(Message.id, Message.state)).all():
            if self.left[message] and message not in {each.message_id for each in self.under_way}:
                assert state in WORSE, f"a text that left is {state}"
            if state in ("accepted", "sent", "delivered", "undelivered", "failed") and message in self.took:
                rank = WORSE.index(state)
                assert rank >= self.worst.get(message, 0), "good news came after bad"
                self.worst[message] = rank


@pytest.mark.slow
def test_whatever_happens_nothing_unsafe_is_sent_and_nothing_twice(scene: Scene, gateway: Watched) -> None:
    scene.session(10)

    class Here(Outbox):
        pass

    Here.scene = scene
    Here.site = db.session.execute(select(Venue.site_id).where(Venue.id == scene.venue)).scalar_one()
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=40, deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _clock_again() -> Iterator[None]:
    yield
    running.set_fixed(None)

