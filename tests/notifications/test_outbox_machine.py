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
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select, update

from scheduler import clock as running
from scheduler.extensions import db
from scheduler.models import Appointment, Client, Link, LinkSession, Message, SafeContact, Venue
from scheduler.notifications import planning, receipts, results, sender
from scheduler.notifications.gateway import Accepted, Answer, NotTried, Refused, Text, Unknown
from scheduler.services.transaction import use_case
from tests.support import factories as make

from .conftest import Scene, Watched

#: Histories on each database.
ASKED_FOR = os.environ.get("SIDEGATE_TEST_HISTORIES")
EXAMPLES = int(ASKED_FOR or "25")
#: Things that happen in each.
STEPS = 50
LONDON = ZoneInfo("Europe/London")
#: The days on which the clocks change in 2027, and a usual one.
STARTS = [datetime(2027, month, day, 9, tzinfo=UTC) for month, day in ((3, 26), (10, 29), (6, 1))]
#: What may become of a text in each state, however many things happened meanwhile: news only ever gets worse, and what
#: may have left is never to be sent again. One that was claimed is planned again only where it certainly did not leave.
NEWS = ["accepted", "sent", "delivered", "undelivered", "failed"]
#: Every change of state that the histories saw, and how often: one that they never see proves nothing.
SEEN: Counter[tuple[str, str]] = Counter()
ENDED = {"suppressed", "expired", "cancelled"}
NEXT = {
    "planned": {"claimed", *ENDED}, "claimed": {"planned", "unknown", *ENDED, *NEWS}, "unknown": set(NEWS),
    **{state: set(NEWS[place + 1:]) for place, state in enumerate(NEWS)}, **{state: set() for state in ENDED},
}  # fmt: skip
HOURS = [None, [[5, 600, 660], [6, 30, 150]], [[day, 0, 1440] for day in range(7)], [[6, 60, 120]]]

SAFE = st.sampled_from(["yes"] * 6 + ["no", "unknown"])
ANSWERS = st.sampled_from(
    ["accepted", "sent", "delivered", "unknown", "again", "ours", "refused", "stopped", "not tried"]
)
RECEIPTS = st.lists(
    st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed"]), min_size=1, max_size=3
)


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
        self.states: dict[int, str] = {}

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: datetime) -> None:
        for model in (LinkSession, Link, Message, Appointment, SafeContact):
            db.session.execute(delete(model))
        db.session.commit()
        running.set_fixed(start)
        for _ in range(2):
            self.someone()
        for her, hours in zip(self.world.women, (50, 80), strict=True):
            self.book_her(her, hours)

    def someone(self) -> None:
        client = make.make_client()
        make.make_safe_contact(client, review_on=date(2099, 1, 1))
        phone = db.session.execute(select(Client.phone).where(Client.id == client)).scalar_one()
        self.world.women.append(Woman(client, phone))

    # --- what people do ----------------------------------------------------------------------------------------------

    @rule(data=st.data(), hours=st.integers(1, 24 * 9))
    @precondition(lambda self: len(self.world.bookings) < 6)
    def book(self, data: Any, hours: int) -> None:
        self.book_her(data.draw(st.sampled_from(self.world.women)), hours)

    def book_her(self, her: Woman, hours: int) -> None:
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

    @rule(
        data=st.data(), what=st.sampled_from(["moved", "moved", "cancelled"]), hours=st.integers(1, 72),
        told=st.booleans(),
    )  # fmt: skip
    @precondition(lambda self: self.world.bookings)
    def change(self, data: Any, what: str, hours: int, told: bool) -> None:
        """It is moved or cancelled, with the outbox told of it as the product does, or behind its back, so that what is
        queued is about an appointment that does not stand as it was."""
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
        if told:
            self.plan(what, booking)

    @rule(data=st.data())
    def link(self, data: Any) -> None:
        her = data.draw(st.sampled_from(self.world.women))
        use_case(planning.plan_link)(her.id, running.now())

    @rule(
        data=st.data(), safe=SAFE,
        paused=st.sampled_from([False] * 5 + [True]), hours=st.sampled_from(HOURS), told=st.booleans(),
        review=st.sampled_from([-1, 0, 1, 2, 30, 30, 400, 400]),
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
        if told:
            use_case(planning.replan)(her.id, running.now())

    @rule(data=st.data(), active=st.sampled_from([True, True, True, False]), number=st.integers(0, 999))
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

    @rule(limit=st.integers(1, 5), wait=st.booleans())
    def claim(self, limit: int, wait: bool) -> None:
        """A worker claims, at once or when the next text is due; the provider is called later, in any order and by any
        worker."""
        if wait:
            due = db.session.scalar(select(func.min(Message.send_after)).where(Message.state == "planned"))
            running.set_fixed(max(running.now(), due or running.now()))
            db.session.rollback()
        now = running.now()
        for text in sender.claim(limit):
            row = self.row(text.message_id)
            wrong = self.world.why_not(row, text, now)
            assert wrong is None, f"{row.purpose}: {wrong}"
            assert self.left[row.id] == 0, "it may have left already"
            assert row.id not in {each.message_id for each in self.under_way}
            self.under_way.append(text)
        self.news_only_gets_worse()

    @rule(data=st.data(), what=st.sampled_from(["nothing", "moved", "cancelled", "edit"]))
    def a_round(self, data: Any, what: str) -> None:
        """Everything that is due soonest goes the whole way: as it usually is, so that much of it is seen. Something
        may change behind the outbox's back just before."""
        if what == "edit":
            self.edit(data, data.draw(SAFE), False, data.draw(st.sampled_from(HOURS)), 30, False)
        elif what != "nothing":
            self.change(data, what, 48, False)
        self.claim(5, wait=True)
        while self.under_way:
            self.answer(data, data.draw(st.booleans()), data.draw(ANSWERS))
        if self.took and data.draw(st.booleans()):
            self.receipts(data, data.draw(RECEIPTS))
        if data.draw(st.booleans()):
            running.set_fixed(running.now() + results.CLAIM_LASTS + timedelta(minutes=1))
            self.someone_gives_up_on_the_lost()
            self.claim(5, wait=False)

    @rule(data=st.data())
    @precondition(lambda self: self.not_taken())
    def takes(self, data: Any) -> None:
        """The provider takes a text, and has not answered yet: a receipt may overtake its answer."""
        self.left_us(data.draw(st.sampled_from(self.not_taken())))

    def not_taken(self) -> list[int]:
        return sorted(each.message_id for each in self.under_way if each.message_id not in self.took)

    def left_us(self, message: int) -> None:
        self.left[message] += 1
        self.took[message] = f"P{message}"

    @rule(data=st.data(), lost=st.sampled_from([False, False, False, True]), kind=ANSWERS)
    @precondition(lambda self: self.under_way)
    def answer(self, data: Any, lost: bool, kind: str) -> None:
        """The provider answers, or the worker dies before it can record what it said."""
        text = self.under_way.pop(data.draw(st.integers(0, len(self.under_way) - 1)))
        message = text.message_id
        if message not in self.took and kind in ("accepted", "sent", "delivered", "unknown"):
            self.left_us(message)
        elif message in self.took and kind not in ("accepted", "sent", "delivered"):
            kind = "unknown"  # it took it: whatever else it says cannot be a no
        answers: dict[str, Answer] = {
            **{state: Accepted(f"P{message}", state) for state in ("accepted", "sent", "delivered")},
            "unknown": Unknown("no-answer"), "again": Refused("too-many", again=True),
            "ours": Refused("our-account", again=True, ours=True), "refused": Refused("our-sender"),
            "stopped": Refused("she-opted-out", stopped=True), "not tried": NotTried(),
        }
        if not lost:
            sender.record({message: answers[kind]})
            if kind == "stopped":
                for her in self.world.women:
                    row = db.session.get(SafeContact, (her.id, "sms"))
                    her.safe = row.safe
        self.news_only_gets_worse()

    @rule(data=st.data(), statuses=RECEIPTS)
    @precondition(lambda self: self.took)
    def receipts(self, data: Any, statuses: list[str]) -> None:
        """Receipts, about any text that was taken, at any time, in any order and any number of times."""
        message = data.draw(st.sampled_from(sorted(self.took)))
        for status in statuses:
            receipts.record(self.took[message], status, None, message)
            self.news_only_gets_worse()

    @rule()
    def someone_gives_up_on_the_lost(self) -> None:
        sender._give_up_on_lost()
        self.news_only_gets_worse()

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
            before = self.states.get(message, "planned")
            assert state == before or state in NEXT[before], f"a text that was {before} is {state}"
            assert state != "planned" or not self.left[message], "a text that left is to be sent again"
            self.states[message] = state
            SEEN[before, state] += 1


@pytest.mark.slow
def test_whatever_happens_nothing_unsafe_is_sent_and_nothing_twice(scene: Scene, gateway: Watched) -> None:
    scene.session(10)

    class Here(Outbox):
        pass

    Here.scene = scene
    Here.site = db.session.execute(select(Venue.site_id).where(Venue.id == scene.venue)).scalar_one()
    SEEN.clear()
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None,
            suppress_health_check=list(HealthCheck),
            # To make a history that failed short takes minutes: only for whoever looks for one.
            phases=set(Phase) if ASKED_FOR else set(Phase) - {Phase.shrink, Phase.explain},
        ),
    )  # fmt: skip
    for change in (("planned", "claimed"), ("claimed", "unknown"), ("planned", "cancelled")):
        assert SEEN[change], f"no history had {change}: they prove nothing"


@pytest.fixture(autouse=True)
def _clock_again() -> Iterator[None]:
    yield
    running.set_fixed(None)
