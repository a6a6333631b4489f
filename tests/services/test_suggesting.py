"""Suggested times: safe for the side that would move, by the same offers and the same door as every booking."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.errors import Invalid, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, SafetyCase
from scheduler.services import booking, cases, safety_desk, suggesting
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.exclusions import record as record_exclusion
from scheduler.services.safety_desk import CaseView
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")


class Clashing:
    """She at ten and he at half past ten, on Tuesday at one hub; she must be kept from him. Each has a worker of their
    own, there again on Wednesday and Thursday; a surgery across town has Tuesday too."""

    def __init__(self, **type_values: Any) -> None:
        self.lead = Actor("staff", make.make_staff(role="lead", sees_clients=False), "lead")
        self.hub = make.make_venue()
        self.surgery = make.make_venue(make.make_site("Castle Street"), name="Castle Street Surgery")
        make.open_all_day(self.hub)
        make.open_all_day(self.surgery)
        self.type = make.make_type(**type_values)
        self.she = make.make_client()
        self.he = make.make_client(given_name="Gareth", family_name="Pike", eligibility="not-eligible")
        self.hers, self.his = make.make_staff(given_name="Aisha"), make.make_staff(given_name="Beth")
        for worker in (self.hers, self.his):
            for day in (1, 2, 3):
                make.make_session(
                    self.hub, at(10, day=day), at(12, day=day), (worker,), (self.type,), modes=["in-person", "phone"]
                )
        self.away = make.make_session(
            self.surgery, at(10, day=1), at(12, day=1), (make.make_staff(given_name="Cleo"),), (self.type,)
        )
        self.booked = {
            who: booking.book(DESK, Choice(who, self.type, self.session(worker), worker, "in-person", start)).id
            for who, worker, start in ((self.she, self.hers, at(10, day=1)), (self.he, self.his, at(10, 30, day=1)))
        }
        record_exclusion(SYSTEM, ExclusionDetails(self.she, person=("client", self.he)))
        self.case = db.session.execute(select(SafetyCase.id)).scalar_one()

    def session(self, worker: int) -> int:
        from scheduler.models import Session, SessionStaff

        query = select(Session.id).join(SessionStaff, SessionStaff.session_id == Session.id)
        query = query.where(SessionStaff.staff_id == worker, Session.start == at(10, day=1))
        return db.session.execute(query).scalar_one()

    def view(self) -> CaseView:
        return safety_desk.whole_case(self.lead, self.case)

    def of(self, client: int) -> suggesting.OtherTimes:
        return next(each for each in self.view().others if each.side.person_id == client)

    def move(self, client: int, suggestion: suggesting.Suggestion, version: int | None = None) -> booking.Booked:
        offer = suggestion.offer
        return suggesting.move(
            self.lead, self.case, self.booked[client], self.of(client).version if version is None else version,
            offer.session, offer.staff, offer.mode, offer.start,
        )


def row(appointment: int) -> Any:
    db.session.rollback()
    return db.session.execute(select(Appointment.__table__).where(Appointment.id == appointment)).one()


def is_open(case: int) -> bool:
    db.session.rollback()
    return db.session.execute(select(SafetyCase.closed_at).where(SafetyCase.id == case)).scalar_one() is None


def test_the_named_person_comes_first_for_that_is_whom_to_move() -> None:
    town = Clashing()
    view = town.view()
    assert [each.side.person_id for each in view.others] == [town.he, town.she]
    assert [each.side.is_named for each in view.others] == [True, False]


def test_each_side_is_given_three_times_with_the_same_worker_at_the_same_place() -> None:
    town = Clashing()
    for client, worker in ((town.he, town.his), (town.she, town.hers)):
        times = town.of(client).times
        assert len(times) == 3
        assert {each.offer.staff for each in times} == {worker}
        assert {each.place for each in times} == {"The Mill"}
        assert [each.offer.start for each in times] == sorted(each.offer.start for each in times)


def test_every_suggested_time_can_be_booked_and_settles_the_clash() -> None:
    """Each is tried in turn, with everything as it was before: none of them is refused, and none leaves a clash."""
    town, table = Clashing(), Appointment.__table__
    for who in (town.he, town.she):
        before = dict(row(town.booked[who])._mapping)
        for suggestion in (*town.of(who).times, *town.of(who).remote):
            moved = town.move(who, suggestion)
            assert row(town.booked[who]).start == moved.start == suggestion.offer.start
            assert not is_open(town.case), suggestion
            db.session.execute(table.update().where(table.c.id == town.booked[who]).values(**before))
            db.session.commit()
            cases.refresh([town.she])
            assert is_open(town.case)


def test_an_appointment_that_is_to_be_moved_does_not_stand_in_its_own_way() -> None:
    """He has nobody's time but his own around him: half an hour of it is free for his own longer appointment."""
    town = Clashing()
    wanted = Wanted(
        town.he, town.type, at(9, day=1), at(20, day=1), modes=frozenset({"phone"}), venues=(town.hub,),
        staff=frozenset({town.his}),
    )
    there = {each.start for each in booking.offers(SYSTEM, wanted)}
    assert at(10, 30, day=1) not in there
    moving = Wanted(**{**{name: getattr(wanted, name) for name in wanted.__slots__}, "moving": town.booked[town.he]})
    assert at(10, 30, day=1) in {each.start for each in booking.offers(SYSTEM, moving)}


def test_nobody_can_be_looked_past_by_moving_what_is_not_hers() -> None:
    """Otherwise his appointment would be left out of where he will be, and she would be offered a time beside him."""
    town = Clashing()
    wanted = Wanted(town.she, town.type, at(9, day=1), at(20, day=1), moving=town.booked[town.he])
    with pytest.raises(NotFound):
        booking.offers(SYSTEM, wanted)


def test_a_call_is_suggested_where_the_kind_of_appointment_may_be_one() -> None:
    town = Clashing()
    (call,) = town.of(town.she).remote
    assert (call.offer.mode, call.offer.start, call.offer.staff) == ("phone", at(10, day=1), town.hers)
    town.move(town.she, call)
    assert row(town.booked[town.she]).mode == "phone"
    assert not is_open(town.case)


def test_the_search_widens_to_other_workers_and_then_to_other_places() -> None:
    town = Clashing()
    for day in (2, 3):
        for start in (at(10, day=day), at(10, 30, day=day), at(11, day=day), at(11, 30, day=day)):
            _take(town, town.his, start)
    found = {(each.place, each.offer.staff) for each in town.of(town.he).times}
    assert all(place == "The Mill" for place, _worker in found)
    assert town.hers in {worker for _place, worker in found}
    for day in (2, 3):
        for start in (at(10, day=day), at(10, 30, day=day), at(11, day=day), at(11, 30, day=day)):
            _take(town, town.hers, start)
    assert "Castle Street Surgery" in {each.place for each in town.of(town.he).times}


def _take(town: Clashing, worker: int, start: Any) -> None:
    from scheduler.models import Session, SessionStaff

    query = select(Session.id).join(SessionStaff, SessionStaff.session_id == Session.id)
    query = query.where(SessionStaff.staff_id == worker, Session.start <= start, Session.end > start)
    session = db.session.execute(query).scalar_one()
    booking.book(DESK, Choice(make.make_client(), town.type, session, worker, "phone", start))


def test_the_length_and_the_crèche_places_go_along() -> None:
    town = Clashing()
    table = Appointment.__table__
    stays = {"end": at(11, day=1), "busy_until": at(11, day=1), "present_until": at(11, 15, day=1)}
    db.session.execute(table.update().where(table.c.id == town.booked[town.she]).values(**stays))
    db.session.commit()
    for each in town.of(town.she).times:
        assert each.offer.end - each.offer.start == timedelta(hours=1)
    moved = town.move(town.she, town.of(town.she).times[0])
    assert moved.end - moved.start == timedelta(hours=1)


def test_a_time_that_was_taken_meanwhile_is_refused_and_nothing_moves() -> None:
    town = Clashing()
    chosen = town.of(town.he).times[0]
    booking.book(DESK, Choice(make.make_client(), town.type, chosen.offer.session, chosen.offer.staff, "in-person",
                              chosen.offer.start))  # fmt: skip
    before = row(town.booked[town.he])
    with pytest.raises(SlotUnavailable):
        town.move(town.he, chosen)
    assert row(town.booked[town.he]) == before
    assert chosen.offer not in [each.offer for each in town.of(town.he).times]


def test_a_page_that_was_read_before_someone_else_changed_it_moves_nothing() -> None:
    town = Clashing()
    chosen = town.of(town.he).times[1]
    table = Appointment.__table__
    db.session.execute(table.update().where(table.c.id == town.booked[town.he]).values(version=2))
    db.session.commit()
    with pytest.raises(Stale):
        town.move(town.he, chosen, version=1)
    assert row(town.booked[town.he]).start == at(10, 30, day=1)


def test_a_clash_that_is_settled_already_moves_nobody_again() -> None:
    town = Clashing()
    chosen = town.of(town.she).times[0]
    town.move(town.he, town.of(town.he).times[0])
    with pytest.raises(WrongState):
        suggesting.move(
            town.lead, town.case, town.booked[town.she], 1, chosen.offer.session, chosen.offer.staff, "in-person",
            chosen.offer.start,
        )
    assert row(town.booked[town.she]).start == at(10, day=1)


def test_only_a_side_of_this_very_clash_is_moved_or_cancelled_here() -> None:
    town = Clashing()
    third = make.make_client()
    session = make.make_session(town.surgery, at(14, day=4), at(16, day=4), (town.hers,), (town.type,))
    other = booking.book(DESK, Choice(third, town.type, session, town.hers, "in-person", at(14, day=4)))
    with pytest.raises(NotFound):
        suggesting.move(town.lead, town.case, other.id, 1, session, town.hers, "in-person", at(15, day=4))
    with pytest.raises(NotFound):
        suggesting.cancel(town.lead, town.case, other.id, 1, "other")
    assert row(other.id).state == "booked"


def test_cancelling_a_side_needs_a_reason_and_settles_the_clash() -> None:
    town = Clashing()
    for reason in (None, "", "because"):
        with pytest.raises(Invalid):
            suggesting.cancel(town.lead, town.case, town.booked[town.he], 1, reason)
    suggesting.cancel(town.lead, town.case, town.booked[town.he], 1, "client-asked")
    assert row(town.booked[town.he]).state == "cancelled"
    assert not is_open(town.case)
    with pytest.raises(WrongState):
        suggesting.cancel(town.lead, town.case, town.booked[town.she], 1, "client-asked")
    assert town.view().others == ()


@pytest.mark.parametrize("role", ["reception", "outreach", "worker", "manager"])
def test_nobody_but_a_lead_moves_a_side_of_a_clash(role: str) -> None:
    town = Clashing()
    chosen = town.of(town.he).times[0].offer
    with pytest.raises(NotAllowed):
        suggesting.move(
            Actor("staff", make.make_staff(role=role), role), town.case, town.booked[town.he], 1, chosen.session,
            chosen.staff, chosen.mode, chosen.start,
        )
    with pytest.raises(NotAllowed):
        suggesting.cancel(Actor("staff", None, role), town.case, town.booked[town.he], 1, "other")
    assert is_open(town.case)


def test_a_worker_whom_she_is_kept_from_is_not_suggested_to_her() -> None:
    """The rule of SAFETY.md 2 that names staff: her own appointment with him is the clash, and no other with him is a
    way out of it."""
    town = Clashing()
    record_exclusion(SYSTEM, ExclusionDetails(town.she, person=("staff", town.hers)))
    case = db.session.execute(select(SafetyCase.id).where(SafetyCase.other_session_id.is_not(None))).scalar_one()
    view = safety_desk.whole_case(town.lead, case)
    assert view.clash.other is not None
    assert (view.clash.other.kind, view.clash.other.is_named) == ("session", True)
    (others,) = view.others
    assert others.side.person_id == town.she
    assert all(each.offer.staff != town.hers for each in (*others.times, *others.remote))


def test_looking_at_suggestions_is_a_look_at_the_exclusion() -> None:
    town = Clashing()
    town.view()
    query = select(AuditRecord.subject_kind).where(AuditRecord.actor_id == town.lead.id, AuditRecord.action == "look")
    assert db.session.execute(query).scalars().all() == ["case"]
