"""The list of women to be told leaves out nobody who may not know, and says nothing of a refuge."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, update

from scheduler.errors import Invalid, NotAllowed, NotFound, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Message
from scheduler.rules.telling import Told
from scheduler.services import booking, checks, telling
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

RECEPTION = Actor("staff", None, "reception")
TOMORROW = (at(0, day=1), at(0, day=2))


class Hub:
    """A worker's session tomorrow from ten to four."""

    def __init__(self, **venue: Any) -> None:
        self.venue = make.make_venue(**venue)
        self.type, self.worker = make.make_type(), make.make_staff()
        self.session = make.make_session(self.venue, at(10, day=1), at(16, day=1), (self.worker,), (self.type,))

    def choice(self, client: int, hour: int) -> Choice:
        return Choice(client, self.type, self.session, self.worker, "in-person", at(hour, day=1), 30)

    def book(self, client: int, hour: int, actor: Actor = SYSTEM) -> booking.Booked:
        return booking.book(actor, self.choice(client, hour))


@pytest.fixture
def hub() -> Hub:
    return Hub()


def listed(actor: Actor = RECEPTION) -> list[int]:
    return [each.id for each in telling.to_tell(actor, *TOMORROW)]


def settle(appointment: int, state: str) -> None:
    db.session.execute(
        update(Message).where(Message.appointment_id == appointment).values(state=state, settled_at=at(9))
    )
    db.session.commit()


def test_a_woman_whom_no_text_may_reach_is_listed_until_someone_has_told_her(hub: Hub) -> None:
    booked = hub.book(make.make_client(), 10)
    [line] = telling.to_tell(RECEPTION, *TOMORROW)
    assert (line.id, line.known.told, line.known.why, line.may_call) == (booked.id, Told.NOT_YET, "not-safe", False)
    telling.say(RECEPTION, booked.id, "in-person", booked.version)
    telling.say(RECEPTION, booked.id, "in-person", booked.version)
    assert listed() == []
    assert telling.of(RECEPTION, booked.id).told is Told.BY_US


def test_a_text_must_have_arrived(hub: Hub) -> None:
    her = make.make_client()
    make.make_safe_contact(her)
    booked = hub.book(her, 10)
    assert listed() == [], "a text is to go out"
    for state, there in (("sent", True), ("undelivered", True), ("delivered", False), ("failed", True)):
        settle(booked.id, state)
        assert listed() == ([booked.id] if there else []), state


def test_a_moved_appointment_is_something_to_tell_again(hub: Hub) -> None:
    booked = hub.book(make.make_client(), 10)
    telling.say(RECEPTION, booked.id, "call", booked.version)
    booking.move(SYSTEM, booked.id, replace(hub.choice(booked.client_id, 12)))
    assert listed() == [booked.id]
    with pytest.raises(Stale):
        telling.say(RECEPTION, booked.id, "call", booked.version)
    assert listed() == [booked.id]


def test_what_she_chose_herself_or_is_no_longer_to_come_is_not_listed(hub: Hub) -> None:
    her = make.make_client()
    hub.book(her, 10, client_actor(her))
    gone = hub.book(make.make_client(), 11)
    booking.cancel(SYSTEM, gone.id, "client-asked")
    settle(gone.id, "suppressed")
    assert listed() == []


def test_a_cancellation_that_no_text_said_is_something_to_tell_until_someone_has(hub: Hub, clock: Any) -> None:
    her, texted = make.make_client(), make.make_client()
    make.make_safe_contact(texted)
    booked, other = hub.book(her, 10), hub.book(texted, 12)
    telling.say(RECEPTION, booked.id, "in-person", booked.version)
    for each in (booked, other):
        booking.cancel(SYSTEM, each.id, "worker-away")
    settle(booked.id, "suppressed")
    [line] = telling.to_tell(RECEPTION, *TOMORROW)
    assert (line.id, line.cancelled, line.known.told) == (booked.id, True, Told.NOT_YET)
    assert telling.marks(RECEPTION, (), *TOMORROW)[1] == 1
    telling.say(RECEPTION, booked.id, "call", booked.version + 1)
    assert listed() == []
    settle(other.id, "failed")
    assert listed() == [other.id]
    clock.set(at(13, day=1))
    with pytest.raises(WrongState):
        telling.say(RECEPTION, other.id, "call", other.version + 1)


def test_only_that_day_the_soonest_first_and_nothing_that_has_begun(hub: Hub, clock: Any) -> None:
    late, early = hub.book(make.make_client(), 14), hub.book(make.make_client(), 10)
    assert listed() == [early.id, late.id]
    assert telling.to_tell(RECEPTION, at(0, day=2), at(0, day=3)) == []
    clock.set(at(10, 1, day=1))
    assert listed() == [late.id]


def test_whether_a_call_is_safe_stands_beside_her(hub: Hub) -> None:
    for more in ({"safe": "yes"}, {"safe": "no"}, {"safe": "yes", "paused": True}, {"safe": "yes", "review_on": at(0)}):
        her = make.make_client()
        make.make_safe_contact(her, **{"channel": "call", **more, **(
            {"review_on": at(0, day=-1).date()} if "review_on" in more else {}
        )})
        hub.book(her, 10 + len(listed()))
    assert [line.may_call for line in telling.to_tell(RECEPTION, *TOMORROW)] == [True, False, False, False]


def test_who_is_at_a_refuge_is_listed_to_its_own_staff_alone() -> None:
    refuge = Hub(kind="refuge", confidential=True, name="Rowan House", label="")
    her = make.make_client()
    make.make_stay(her, refuge.venue)
    booked = refuge.book(her, 10)
    assert listed() == listed(Actor("staff", make.make_staff(role="lead"), "lead")) == []
    own = make.make_staff(role="outreach")
    make.assign(own, refuge.venue)
    assert listed(Actor("staff", own, "outreach")) == [booked.id]


def test_what_is_said_of_nothing_or_by_nobody_is_refused(hub: Hub) -> None:
    booked = hub.book(make.make_client(), 10)
    with pytest.raises(Invalid):
        telling.say(RECEPTION, booked.id, "pigeon", booked.version)
    with pytest.raises(NotFound):
        telling.say(RECEPTION, 999, "call", 1)
    for act in (
        lambda who: telling.say(who, booked.id, "call", booked.version), lambda who: telling.of(who, booked.id),
        lambda who: telling.to_tell(who, *TOMORROW),
    ):
        with pytest.raises(NotAllowed):
            act(client_actor(booked.client_id))
    assert checks.run().broken == ()


def test_the_list_takes_as_many_questions_for_one_as_for_ten(hub: Hub) -> None:
    def questions() -> int:
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            listed()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    hub.book(make.make_client(), 10)
    few = questions()
    for hour in (11, 12, 13, 14, 15):
        hub.book(make.make_client(), hour)
    assert questions() == few <= 5
