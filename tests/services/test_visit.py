"""Two appointments in one visit: both or neither, every rule asked of each, and a list that her own offers decide."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from scheduler.errors import KeyReused, NotFound, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, IdempotencyKey, Message, Session, SessionStaff
from scheduler.services import booking
from scheduler.services.actors import Actor, client_actor
from scheduler.services.booking import Choice
from tests.support import factories as make
from tests.support.factories import at
from tests.support.processes import run_together

RECEPTION = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


class Clinic:
    """One venue: a worker from ten to twelve, a nurse from half past ten to twelve, and a woman."""

    def __init__(self) -> None:
        self.venue = make.make_venue()
        self.talk, self.health = make.make_type(), make.make_type(name="Health check")
        self.worker, self.nurse = make.make_staff(), make.make_staff(given_name="Ngozi")
        self.worker_in = make.make_session(self.venue, at(10), at(12), (self.worker,), (self.talk,))
        self.nurse_in = make.make_session(self.venue, at(10, 30), at(12), (self.nurse,), (self.health,))
        self.her = make.make_client()

    def first(self, **values: Any) -> Choice:
        made = Choice(self.her, self.talk, self.worker_in, self.worker, "in-person", at(10))
        return replace(made, **values)

    def second(self, **values: Any) -> Choice:
        made = Choice(self.her, self.health, self.nurse_in, self.nurse, "in-person", at(10, 30))
        return replace(made, **values)

    def beside(self, actor: Actor = RECEPTION, **values: Any) -> list[tuple[int, str]]:
        found = booking.beside(actor, self.first(**values))
        return [(type_id, f"{offer.start:%H:%M}") for type_id, offer in found]


@pytest.fixture
def clinic() -> Clinic:
    return Clinic()


def count(model: Any) -> int:
    found = db.session.scalar(select(func.count()).select_from(model)) or 0
    db.session.rollback()
    return found


def set_session(session: int, **values: Any) -> None:
    db.session.execute(update(Session).where(Session.id == session).values(**values))
    db.session.commit()


class TestBothOrNeither:
    def test_both_are_booked_each_with_its_own_record(self, clinic: Clinic) -> None:
        first, second = booking.book_visit(RECEPTION, clinic.first(), clinic.second())
        assert (first.start, second.start) == (at(10), at(10, 30))
        assert [first.own_number, second.own_number] == [1, 2]
        said = db.session.scalars(select(AuditRecord.action).where(AuditRecord.action == "book")).all()
        assert len(said) == 2

    @pytest.mark.parametrize("which", ["busy", "apart", "women", "seats", "not there", "herself", "closed type"])
    def test_neither_when_the_second_cannot_be_had_whatever_the_reason(self, clinic: Clinic, which: str) -> None:
        second = clinic.second()
        if which == "busy":
            booking.book(RECEPTION, clinic.second(client_id=make.make_client()))
        elif which == "apart":
            him = make.make_client()
            elsewhere = make.make_session(clinic.venue, at(11, 30), at(12), (make.make_staff(),), (clinic.health,))
            booking.book(RECEPTION, replace(second, client_id=him, session_id=elsewhere, start=at(11, 30),
                                            staff_id=db.session.scalar(select(SessionStaff.staff_id).where(
                                                SessionStaff.session_id == elsewhere))))
            make.make_exclusion(clinic.her, him)
            second = replace(second, start=at(11))
        elif which == "women":
            set_session(clinic.nurse_in, audience="women")
            her = make.make_client(eligibility="unknown")
            clinic.her, second = her, replace(second, client_id=her)
        elif which == "seats":
            group = make.make_session(
                clinic.venue, at(10, 30), at(11), (make.make_staff(),), (clinic.health,), kind="group", seats=1
            )
            second = replace(second, session_id=group, staff_id=None)
            booking.book(RECEPTION, replace(second, client_id=make.make_client()))
        elif which == "not there":
            second = replace(second, session_id=999_999)
        elif which == "herself":
            second = replace(second, session_id=clinic.nurse_in, start=at(10, 30))
            clinic_first = clinic.first(start=at(10, 30))
            before = count(Appointment), count(Message), count(AuditRecord), count(IdempotencyKey)
            with pytest.raises(SlotUnavailable):
                booking.book_visit(RECEPTION, clinic_first, second, "key")
            assert (count(Appointment), count(Message), count(AuditRecord), count(IdempotencyKey)) == before
            return
        else:
            second = replace(second, type_id=clinic.talk)
        before = count(Appointment), count(Message), count(AuditRecord), count(IdempotencyKey)
        for one, other in ((clinic.first(), second), (second, clinic.first())):
            with pytest.raises(SlotUnavailable) as refused:
                booking.book_visit(RECEPTION, one, other, "key")
            assert str(refused.value) == str(SlotUnavailable())
            assert (count(Appointment), count(Message), count(AuditRecord), count(IdempotencyKey)) == before
        booking.book(RECEPTION, clinic.first())  # the first alone could have been had: the second made it no

    def test_a_doubled_press_books_the_two_once(self, clinic: Clinic) -> None:
        made = [booking.book_visit(RECEPTION, clinic.first(), clinic.second(), "key") for _ in range(2)]
        assert made[0] == made[1]
        assert count(Appointment) == 2
        with pytest.raises(KeyReused):
            booking.book_visit(RECEPTION, clinic.first(), clinic.second(start=at(11)), "key")

    def test_it_is_for_one_client(self, clinic: Clinic) -> None:
        with pytest.raises(NotFound):
            booking.book_visit(RECEPTION, clinic.first(), clinic.second(client_id=make.make_client()))

    def test_whoever_is_in_request_mode_books_neither(self, clinic: Clinic) -> None:
        clinic.her = him = make.make_client(request_mode=True)
        assert clinic.beside(client_actor(him)) == []
        with pytest.raises(SlotUnavailable):
            booking.book_visit(client_actor(him), clinic.first(), clinic.second())

    def test_cancelling_one_leaves_the_other(self, clinic: Clinic) -> None:
        first, second = booking.book_visit(RECEPTION, clinic.first(), clinic.second())
        booking.cancel(RECEPTION, first.id)
        left = db.session.get(Appointment, second.id)
        assert left is not None
        assert (left.state, left.version) == ("booked", 1)


class TestBeside:
    def test_the_nearest_first_and_three_at_most(self, clinic: Clinic) -> None:
        assert clinic.beside() == [(clinic.health, "10:30"), (clinic.health, "11:00")]
        assert clinic.beside(start=at(11)) == [(clinic.health, "10:30"), (clinic.health, "11:30")]
        make.make_session(clinic.venue, at(10, 35), at(12), (make.make_staff(),), (clinic.health,))
        assert len(clinic.beside()) == 3

    def test_not_at_another_place_on_another_day_or_at_a_distance(self, clinic: Clinic) -> None:
        set_session(clinic.nurse_in, modes=["phone"])
        assert clinic.beside() == []
        set_session(clinic.nurse_in, modes=["in-person"])
        assert clinic.beside(mode="phone") == []
        make.make_session(make.make_venue(), at(10, 30), at(12), (make.make_staff(),), (clinic.health,))
        assert {o.venue for _, o in booking.beside(RECEPTION, clinic.first(), 99)} == {clinic.venue}

    def test_it_is_what_she_would_be_offered_and_no_more(self, clinic: Clinic) -> None:
        him = make.make_client()
        plain = make.make_client()
        room = make.make_session(clinic.venue, at(11), at(12), (make.make_staff(),), (clinic.talk,))
        staff = db.session.scalar(select(SessionStaff.staff_id).where(SessionStaff.session_id == room))
        booking.book(RECEPTION, clinic.first(client_id=him, session_id=room, staff_id=staff, start=at(11, 30)))
        make.make_exclusion(clinic.her, him)
        for her in (clinic.her, plain):
            wanted = booking.Wanted(her, clinic.health, at(10), at(12), frozenset({"in-person"}), (clinic.venue,))
            offered = {(o.session, o.staff, o.start) for o in booking.offers(RECEPTION, wanted)}
            shown = {
                (o.session, o.staff, o.start)
                for _, o in booking.beside(RECEPTION, clinic.first(client_id=her), 99)
            }
            assert shown == {each for each in offered if at(10, 30) <= each[2] <= at(11)}
        assert clinic.beside() == []
        assert clinic.beside(client_id=plain)

    def test_all_that_is_shown_can_be_booked(self, clinic: Clinic) -> None:
        for type_id, offer in booking.beside(RECEPTION, clinic.first()):
            second = Choice.from_offer(clinic.her, type_id, offer)
            for made in booking.book_visit(RECEPTION, clinic.first(), second):
                booking.cancel(RECEPTION, made.id)


def press(_app: Any, first: Choice, second: Choice) -> str:
    with _app.app_context():
        try:
            booking.book_visit(RECEPTION, first, second, f"race-{first.client_id}")
        except SlotUnavailable:
            return "refused"
        return "booked"


@pytest.mark.race
def test_two_women_want_the_same_two_times_crosswise(clinic: Clinic, settings: dict[str, Any]) -> None:
    jobs = []
    for n in range(4):
        her = make.make_client()
        pair = (clinic.first(client_id=her), clinic.second(client_id=her))
        jobs.append(pair if n % 2 else pair[::-1])
    outcomes = run_together(settings, press, jobs, now=at(8))
    assert sorted(str(outcome.value or outcome.trace) for outcome in outcomes) == ["booked"] + ["refused"] * 3
    rows = db.session.execute(select(Appointment.client_id, Appointment.start)).all()
    assert len(rows) == 2
    assert len({row.client_id for row in rows}) == 1
    assert {row.start for row in rows} == {at(10), at(10) + timedelta(minutes=30)}
