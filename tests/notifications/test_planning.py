"""Texts planned anew (SAFETY.md 8, 9.5): whatever changes, what is still of use goes once, and nothing unsafe goes."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from scheduler.errors import SlotUnavailable, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment, Message, SafeContact, Telling
from scheduler.notifications import sender
from scheduler.rules.telling import LEFT, Told
from scheduler.services import booking, clients, links, telling
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Booked
from scheduler.services.clients import ClientDetails, SafeContactDetails
from tests.support.factories import at

from .conftest import Scene, Watched, messages, told

LONDON = ZoneInfo("Europe/London")
YES = SafeContactDetails("yes", review_on=date(2026, 6, 1))
MINUTE, TEN = timedelta(minutes=1), timedelta(minutes=10)


def say(client: int, **values: Any) -> None:
    clients.set_safe_contact(SYSTEM, client, "sms", SafeContactDetails(**{"safe": "yes", **values}))


def queued() -> list[tuple[str, bool, datetime]]:
    return [(each.purpose, each.on_day, each.send_after) for each in messages(state="planned")]


class TestWhatBringsATextBack:
    def test_a_channel_that_becomes_safe_brings_what_was_suppressed_exactly_once(
        self, scene: Scene, gateway: Watched
    ) -> None:
        her = scene.woman(safe="unknown")
        scene.book(her)
        assert told() == [("confirmation", "suppressed", "not-safe")]
        for _ in range(3):
            say(her)
        assert [each[0] for each in queued()] == ["confirmation", "reminder"]
        sender.run_once()
        say(her, safe="no")
        say(her)
        sender.run_once()
        assert len(gateway.sent) == 1, "the confirmation that left is not said again"
        assert queued() == [("reminder", False, at(14, day=8))]

    def test_a_pause_that_ends_brings_back_what_it_withdrew(self, scene: Scene) -> None:
        her = scene.woman()
        scene.book(her)
        say(her, paused=True)
        assert queued() == []
        say(her)
        assert queued() == [("confirmation", False, at(9)), ("reminder", False, at(14, day=8))]

    def test_with_a_pause_that_has_an_end_texts_wait_for_it(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        her = scene.woman()
        scene.book(her)
        say(her, paused=True, paused_until=at(0, day=3))
        assert queued()[0] == ("confirmation", False, at(9, day=3))
        clock.set(at(23, 59, day=2))
        assert sender.run_once() == 0
        clock.set(at(9, day=3))
        sender.run_once()
        assert len(gateway.sent) == 1

    def test_an_appointment_booked_in_such_a_pause_is_told_after_it_or_by_staff(self, scene: Scene) -> None:
        her = scene.woman(paused=True, paused_until=at(0, day=3))
        scene.book(her, at(14, day=1))
        assert told() == [("confirmation", "suppressed", "paused")]
        scene.book(her, at(14, day=10))
        assert queued()[0] == ("confirmation", False, at(9, day=3))

    def test_new_hours_move_what_is_queued_and_say_when_none_is_left(self, scene: Scene) -> None:
        her = scene.woman()
        scene.book(her)
        say(her, hours=((2, 600, 720),))
        assert queued() == [("confirmation", False, at(10, day=2)), ("reminder", False, at(11, day=9))]
        scene.book(her, at(14, day=1))
        say(her, hours=((5, 600, 720),))
        assert (messages()[2].state, messages()[2].outcome) == ("suppressed", "no-safe-time")

    def test_a_check_that_was_due_brings_back_what_it_held_up(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman(review_on=date(2026, 3, 1))
        scene.book(her)
        sender.run_once()
        assert told() == [("confirmation", "suppressed", "review-due")]
        say(her)
        sender.run_once()
        assert len(gateway.sent) == 1

    def test_a_cancellation_that_could_not_be_said_is_said_once_it_can(self, scene: Scene, gateway: Watched) -> None:
        her = scene.woman(safe="unknown")
        booked = scene.book(her)
        booking.cancel(SYSTEM, booked.id)
        sender.run_once()
        assert told()[-1] == ("cancellation", "suppressed", "not-safe")
        say(her)
        say(her)
        assert [each[0] for each in queued()] == ["cancellation"]
        sender.run_once()
        say(her)
        assert (len(gateway.sent), queued()) == (1, [])

    def test_the_last_link_that_was_not_safe_to_send_goes_out_once_within_its_week(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        her, late = scene.woman(safe="unknown"), scene.woman(safe="unknown")
        for each in (her, late):
            links.send_link(SYSTEM, each)
        say(her)
        say(her)
        sender.run_once()
        assert len(gateway.sent) == 1
        clock.set(at(9, day=7))
        say(late)
        say(her)
        assert queued() == []

    def test_nothing_is_sent_of_what_she_was_told_by_one_of_us_but_the_reminder(self, scene: Scene) -> None:
        her = scene.woman(safe="unknown")
        booked = scene.book(her)
        telling.say(SYSTEM, booked.id, "in-person", booked.version)
        say(her)
        assert [each[:2] for each in queued()] == [("reminder", False)]

    def test_a_new_number_brings_nothing_until_she_was_asked(self, scene: Scene) -> None:
        her = scene.woman(client={"given_name": "Alma"})
        scene.book(her)
        clients.edit(SYSTEM, her, ClientDetails("Alma", "Reyes", phone="07700 900999"), 1)
        assert queued() == []
        assert clients.get(SYSTEM, her).safe_contacts[0].details.safe == "unknown"

    def test_a_closed_record_that_is_opened_again_is_reminded(self, scene: Scene) -> None:
        her = scene.woman()
        scene.book(her)
        clients.set_active(SYSTEM, her, False)
        assert queued() == []
        clients.set_active(SYSTEM, her, True)
        assert [each[0] for each in queued()] == ["confirmation", "reminder"]


class TestAnArrivalThatIsUndone:
    def test_it_brings_the_reminder_back_and_what_she_was_told_stays_told(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        her = scene.woman()
        booked = scene.book(her, at(14, day=3))
        sender.run_once()
        reminder = messages(purpose="reminder")[0].send_after
        clock.set(reminder)
        # Someone takes her for another and marks the wrong line; the mark is refused days ahead, so it is forced here.
        with forced_mark():
            booking.mark(SYSTEM, booked.id, "arrived")
            sender.run_once()
            assert len(gateway.sent) == 1
            assert told()[-1] == ("reminder", "cancelled", "changed")
            booking.mark(SYSTEM, booked.id, "booked")
        sender.run_once()
        assert [each.state for each in messages(purpose="reminder")] == ["cancelled", "accepted"]
        assert len(gateway.sent) == 2

    def test_what_one_of_us_said_holds_after_it(self, scene: Scene) -> None:
        booked = scene.book(scene.woman(safe="no"))
        telling.say(SYSTEM, booked.id, "call", booked.version)
        with forced_mark():
            booking.mark(SYSTEM, booked.id, "arrived")
            booking.mark(SYSTEM, booked.id, "booked")
        assert telling.of(SYSTEM, booked.id).told is Told.BY_US


class forced_mark:
    """Lets an appointment be marked long before its time, as a clock that was wrong would."""

    def __enter__(self) -> None:
        from scheduler.services.booking import one

        self.was, one.LATE_NOTE = one.LATE_NOTE, timedelta(days=30)  # type: ignore[misc]

    def __exit__(self, *_: object) -> None:
        from scheduler.services.booking import one

        one.LATE_NOTE = self.was  # type: ignore[misc]


class TestOnTheDay:
    def test_who_wants_it_gets_a_second_reminder_in_her_hours_before_she_leaves(
        self, scene: Scene, gateway: Watched, clock: Any
    ) -> None:
        her = scene.woman(on_day=True)
        scene.book(her)
        assert queued()[-1] == ("reminder", True, at(11, day=10))
        for moment in (at(9), at(14, day=8), at(11, day=10)):
            clock.set(moment)
            sender.run_once()
        assert len(gateway.sent) == 3
        assert messages()[-1].send_before == at(13, day=10)

    def test_it_is_never_late_nor_soon_after_she_was_told(self, scene: Scene, gateway: Watched, clock: Any) -> None:
        her = scene.woman(on_day=True)
        scene.book(her, at(16))
        assert [each[0] for each in queued()] == ["confirmation"]
        scene.book(her, at(10, 30, day=1))
        clock.set(at(9, 31, day=1))
        sender.run_once()
        assert told()[-1][1:] == ("expired", "too-late")

    def test_turning_it_off_withdraws_it(self, scene: Scene) -> None:
        her = scene.woman(on_day=True)
        scene.book(her)
        say(her)
        assert [each[:2] for each in queued()] == [("confirmation", False), ("reminder", False)]


# --- Against an oracle ------------------------------------------------------------------------------------------------


def wall_safe(hours: Any, instant: datetime) -> bool:
    local = instant.astimezone(LONDON)
    minute = local.hour * 60 + local.minute
    spans = hours or [(day, 540, 1140) for day in range(7)]
    return any(day == local.weekday() and low <= minute < high for day, low, high in spans)


def some_minute(hours: Any, start: datetime, end: datetime) -> bool:
    """Is there an instant in `start <= t < end` at which a text could go out, with two more minutes to arrive? Every
    tenth minute is looked at: everything in these stories happens at one."""
    while start < end:
        if wall_safe(hours, start) and wall_safe(hours, start + 2 * MINUTE):
            return True
        start += TEN
    return False


def expected(booked: Any, texts: list[Message], contact: SafeContactDetails, now: datetime, by_us: Any) -> set[Any]:
    """What should be queued for an appointment, worked out the slow way from what was said of it as it stands."""
    since = max(now, contact.paused_until or now) if contact.paused else now
    tells = ("cancellation",) if booked.state == "cancelled" else ("confirmation", "change")
    mine = [each for each in texts if each.appointment_version == booked.version]
    tries = [each for each in mine if each.purpose in tells]
    over = [each for each in tries if each.state in LEFT or each.outcome == "too-late"]
    found: set[Any] = set()
    told_at = max([each.claimed_at for each in over if each.claimed_at] + ([by_us] if by_us else []), default=None)
    if tries and not over and not by_us:
        later = (since + n * TEN for n in range(6 * 24 * 15))
        first = next((each for each in later if some_minute(contact.hours, each, each + TEN)), None)
        if first is None or first >= booked.start:
            return set()
        found.add((tries[-1].purpose, False))
        told_at = first
    if booked.state == "cancelled":
        return found
    left = {each.on_day for each in mine if each.purpose == "reminder" and (
        each.state in LEFT or each.outcome == "too-late")}
    own = booked.start.astimezone(LONDON).replace(hour=0, minute=0, second=0, microsecond=0)
    earliest = max(since, told_at + timedelta(hours=24)) if told_at else since
    if False not in left and some_minute(contact.hours, max(earliest, own - timedelta(days=7)), own):
        found.add(("reminder", False))
    earliest = max(since, told_at + timedelta(hours=12)) if told_at else since
    if contact.on_day and True not in left and some_minute(
        contact.hours, max(earliest, own), booked.start - timedelta(hours=1)
    ):
        found.add(("reminder", True))
    return found


HOURS = ((), ((0, 600, 720), (3, 840, 1020)), ((5, 600, 660),), tuple((day, 540, 900) for day in range(5)))


class Story:
    """A woman, her appointments, and whatever happens to them and to what is safe for her."""

    def __init__(self, scene: Scene, gateway: Watched, clock: Any, seed: int) -> None:
        self.scene, self.gateway, self.clock, self.pick = scene, gateway, clock, Random(seed)
        self.her = scene.woman()
        self.contact = SafeContactDetails("yes", review_on=date(2030, 1, 1))
        self.booked: list[Booked] = []
        self.now = at(9)

    def book(self) -> None:
        start = at(self.pick.randrange(9, 18), day=self.pick.randrange((self.now - at(0)).days + 1, 13))
        with suppress(SlotUnavailable):
            self.booked.append(self.scene.book(self.her, start))

    def move(self) -> None:
        start = at(self.pick.randrange(9, 18), day=self.pick.randrange((self.now - at(0)).days + 1, 13))
        which = self.pick.choice(self.booked)
        with suppress(SlotUnavailable, WrongState):
            booking.move(SYSTEM, which.id, self.scene.choice(self.her, start))

    def cancel(self) -> None:
        with suppress(WrongState):
            booking.cancel(SYSTEM, self.pick.choice(self.booked).id)

    def mark(self) -> None:
        which, then = self.pick.choice(self.booked), self.pick.choice(("arrived", "booked"))
        with forced_mark(), suppress(WrongState):
            booking.mark(SYSTEM, which.id, then)

    def tell(self) -> None:
        which = db.session.get_one(Appointment, self.pick.choice(self.booked).id)
        if which.state == "booked" and which.start > self.now:
            telling.say(SYSTEM, which.id, "call", which.version)

    def change_what_is_safe(self) -> None:
        paused = self.pick.random() < 0.3
        self.contact = SafeContactDetails(
            self.pick.choice(("yes", "yes", "yes", "no", "unknown")), self.pick.choice(HOURS),
            review_on=date(2030, 1, 1), paused=paused,
            paused_until=self.pick.choice((None, self.now + timedelta(hours=30))) if paused else None,
            on_day=self.pick.random() < 0.5,
        )
        clients.set_safe_contact(SYSTEM, self.her, "sms", self.contact)
        self.is_as_expected()

    def wait(self) -> None:
        self.now += timedelta(hours=self.pick.choice((1, 7, 20, 33)))
        self.clock.set(self.now)
        self.send()

    def send(self) -> None:
        before = len(self.gateway.sent)
        sender.run_once()
        if len(self.gateway.sent) > before:
            assert self.contact.safe == "yes"
            assert not self.contact.paused_at(self.now)
            assert wall_safe(self.contact.hours, self.now)

    def is_as_expected(self) -> None:
        rows = messages(client_id=self.her)
        since = max(self.now, self.contact.paused_until or self.now)
        if self.contact.safe != "yes" or self.contact.paused_at(since):
            assert [each for each in rows if each.state == "planned"] == []
            return
        by_us = {(each.appointment_id, each.version): each.told_at for each in db.session.scalars(select(Telling))}
        ahead = select(Appointment).where(Appointment.state.in_(("booked", "cancelled")), Appointment.start > self.now)
        for booked in db.session.scalars(ahead):
            texts = [each for each in rows if each.appointment_id == booked.id]
            planned = [(each.purpose, each.on_day) for each in texts if each.state == "planned"]
            wanted = expected(booked, texts, self.contact, self.now, by_us.get((booked.id, booked.version)))
            assert sorted(planned) == sorted(wanted), f"appointment {booked.id} at {booked.start}, now {self.now}"
            for each in texts:
                if each.state == "planned":
                    assert wall_safe(self.contact.hours, each.send_after)
                    assert since <= each.send_after < each.send_before

    def nothing_twice(self) -> None:
        rows = [each for each in messages(client_id=self.her) if each.purpose != "link"]
        keys = Counter(
            (each.appointment_id, each.appointment_version, each.purpose, each.on_day)
            for each in rows if each.state in LEFT
        )
        assert {key: count for key, count in keys.items() if count > 1} == {}
        both = Counter((each.appointment_id, each.purpose, each.on_day) for each in rows if each.state == "planned")
        assert {key: count for key, count in both.items() if count > 1} == {}


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_what_is_queued_is_what_the_records_ask_for_and_nothing_is_said_twice(
    scene: Scene, gateway: Watched, clock: Any, seed: int
) -> None:
    story = Story(scene, gateway, clock, seed)
    story.book()
    story.book()
    steps = (story.book, story.move, story.cancel, story.mark, story.tell, story.wait, story.wait, story.send,
             story.change_what_is_safe, story.change_what_is_safe)
    for _ in range(25):
        if (story.now - at(0)).days >= 12:
            break
        story.pick.choice(steps)()
        story.nothing_twice()
    story.change_what_is_safe()
    assert story.booked


def test_what_was_planned_before_goes_nowhere_once_it_is_not_safe(scene: Scene, gateway: Watched) -> None:
    """Even where nobody withdrew it: a row that is queued says nothing about what is safe."""
    unsafe: tuple[dict[str, Any], ...] = (
        {"safe": "no"}, {"paused": True}, {"review_on": date(2026, 3, 1)}, {"hours": [[5, 600, 660]]},
        {"paused": True, "paused_until": at(10)},
    )
    for hour, values in enumerate(unsafe):
        her = scene.woman(**values)
        booked = scene.book(her, at(10 + hour, day=10))
        db.session.execute(
            insert(Message).values(
                client_id=her, appointment_id=booked.id, appointment_version=1, purpose="reminder", state="planned",
                send_after=at(8), send_before=at(10, day=9), created_at=at(8), attempts=0,
            )
        )
        db.session.commit()
    sender.run_once()
    assert gateway.sent == []
    assert db.session.scalars(select(SafeContact)).first() is not None
