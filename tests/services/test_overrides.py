"""Overrides: two different people, one of them a lead, for a reason; for what they were shown and for nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AuditRecord,
    Client,
    Exclusion,
    ExclusionEvent,
    Override,
    OverrideClash,
    SafetyCase,
    Series,
    Staff,
)
from scheduler.services import booking, case_views, cases, checks, exclusions, overrides, sweep
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice, Wanted
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

WHY = "The court has asked both to be here"


class Town:
    """She is at ten. He, whom she is kept from, wants half past ten at the same place, with another worker."""

    def __init__(self, **exclusion: Any) -> None:
        self.site = make.make_site()
        self.venue = make.make_venue(self.site)
        self.type = make.make_type()
        self.workers = (make.make_staff(), make.make_staff())
        self.sessions = tuple(
            make.make_session(self.venue, at(10), at(13), (each,), (self.type,), modes=["in-person", "phone"])
            for each in self.workers
        )
        self.she, self.he = make.make_client(), make.make_client(given_name="Gareth", family_name="Pike")
        self.exclusion = make.make_exclusion(self.she, self.he, **exclusion)
        self.lead, self.second = self._staff("lead"), self._staff("lead")
        self.manager = self._staff("manager")
        self.hers = booking.book(SYSTEM, self.choice(self.she, 0, 10)).id

    def _staff(self, role: str) -> Actor:
        return Actor("staff", make.make_staff(role=role, sees_clients=False), role)

    def choice(self, client: int, row: int, hour: int, minute: int = 0, **values: Any) -> Choice:
        return Choice(
            client, self.type, self.sessions[row], self.workers[row], values.pop("mode", "in-person"), at(hour, minute),
            30, **values,
        )

    def his(self, start: str = "10:30") -> Choice:
        hour, minute = map(int, start.split(":"))
        return self.choice(self.he, 1, hour, minute)

    def asked(self, choice: Choice | None = None) -> int:
        return overrides.ask_to_book(self.lead, choice or self.his(), WHY)

    def given(self, choice: Choice | None = None) -> int:
        """Asked and given: the appointment's id."""
        override = self.asked(choice)
        booked = overrides.give(self.second, override, self.seen(override))
        assert booked is not None
        return booked

    def seen(self, override: int, actor: Actor | None = None) -> str:
        return overrides.view(actor or self.second, override).seen


@pytest.fixture
def town() -> Town:
    return Town()


def open_cases() -> list[SafetyCase]:
    db.session.expire_all()
    query = select(SafetyCase).where(SafetyCase.closed_at.is_(None)).order_by(SafetyCase.id)
    return list(db.session.execute(query).scalars())


def standing(client: int) -> list[Appointment]:
    db.session.expire_all()
    query = select(Appointment).where(Appointment.client_id == client, Appointment.state == "booked")
    return list(db.session.execute(query).scalars())


class TestAsking:
    def test_nothing_is_booked_before_a_second_person_has_decided(self, town: Town) -> None:
        town.asked()
        assert standing(town.he) == []
        assert open_cases() == []
        assert [brief.reason for brief in overrides.waiting(town.second)] == [WHY]

    @pytest.mark.parametrize("role", ["reception", "outreach", "worker", "manager", "system", "client"])
    def test_nobody_but_a_lead_in_person_can_ask_or_see_what_could_be_asked_for(self, town: Town, role: str) -> None:
        wanted = Wanted(town.he, town.type, at(0), at(0, day=1))
        for actor in (Actor("staff", 1, role), Actor("token", 1, "lead"), Actor("staff", None, "lead")):
            for act in (
                lambda who: overrides.ask_to_book(who, town.his(), WHY), lambda who: overrides.times(who, wanted),
                lambda who: booking.offers(who, wanted, overriding=True),
            ):
                with pytest.raises(NotAllowed):
                    act(actor)

    def test_a_reason_is_needed(self, town: Town) -> None:
        for reason in ("", "  ", "x" * 1001):
            with pytest.raises(Invalid) as refused:
                overrides.ask_to_book(town.lead, town.his(), reason)
            assert set(refused.value.fields) == {"reason"}

    def test_a_time_that_is_free_is_booked_as_usual_and_needs_none(self, town: Town) -> None:
        with pytest.raises(Invalid):
            overrides.ask_to_book(town.lead, town.his("12:00"), WHY)

    def test_a_time_that_another_rule_refuses_cannot_be_asked_for(self, town: Town) -> None:
        booking.book(SYSTEM, town.choice(make.make_client(), 1, 10, 30))
        with pytest.raises(SlotUnavailable):
            overrides.ask_to_book(town.lead, town.his(), WHY)

    def test_the_times_to_ask_for_are_just_those_that_only_keeping_apart_refuses(self, town: Town) -> None:
        wanted = Wanted(town.he, town.type, at(0), at(0, day=1), modes=frozenset({"in-person"}), minutes=30)
        asked_for = {(offer.staff, f"{offer.start:%H:%M}") for offer in overrides.times(town.lead, wanted)}
        one, other = town.workers
        assert asked_for == {(other, "10:00"), (one, "10:30"), (other, "10:30"), (one, "11:00"), (other, "11:00")}
        assert asked_for.isdisjoint({(o.staff, f"{o.start:%H:%M}") for o in booking.offers(town.lead, wanted)})


class TestDeciding:
    def test_a_second_lead_gives_it_and_it_is_booked_with_a_case_and_in_the_queue(self, town: Town) -> None:
        override = town.asked()
        view = overrides.view(town.second, override)
        assert [(clash.rule, clash.one and clash.one.person) for clash in view.clashes] == [("gap", "Alma Reyes")]
        his = overrides.give(town.second, override, view.seen, "Two workers will be there")
        assert [(row.id, row.start) for row in standing(town.he)] == [(his, at(10, 30))]
        [case] = open_cases()
        assert {case.appointment_id, case.other_appointment_id} == {town.hers, his}
        [clash] = case_views.open_clashes(town.lead)
        assert clash.override_id == override
        [brief] = overrides.standing(town.lead)
        assert (brief.asked_by, brief.decided_why) == (town.lead.id, "Two workers will be there")
        assert brief.until == at(11, 15)
        assert overrides.waiting(town.lead) == ()
        assert checks.run().broken == ()

    def test_a_manager_may_be_the_second_person_and_learns_only_that_a_rule_says_no(self, town: Town) -> None:
        override = town.asked()
        view = overrides.view(town.manager, override)
        assert view.clashes == ()
        assert "Alma" not in repr(view)
        assert overrides.give(town.manager, override, view.seen) is not None

    @pytest.mark.parametrize("role", ["reception", "outreach", "worker"])
    def test_nobody_else_sees_or_decides_one(self, town: Town, role: str) -> None:
        override = town.asked()
        seen = town.seen(override)
        for actor in (Actor("staff", make.make_staff(role=role), role), Actor("token", 1, "lead")):
            for act in (
                lambda who: overrides.view(who, override), lambda who: overrides.give(who, override, seen),
                lambda who: overrides.refuse(who, override), overrides.waiting,
            ):
                with pytest.raises(NotAllowed):
                    act(actor)
        with pytest.raises(NotAllowed):
            overrides.standing(Actor("staff", 1, role))
        assert standing(town.he) == []

    def test_whoever_asked_cannot_be_the_second_person(self, town: Town) -> None:
        override = town.asked()
        with pytest.raises(NotAllowed):
            overrides.give(town.lead, override, town.seen(override, town.lead))
        assert standing(town.he) == []

    def test_the_database_itself_holds_that_they_are_two(self, town: Town) -> None:
        override = town.asked()
        with pytest.raises(IntegrityError):
            db.session.execute(
                update(Override).where(Override.id == override)
                .values(state="given", decided_by=town.lead.id, decided_at=at(9))
            )
        db.session.rollback()

    def test_it_is_given_once(self, town: Town) -> None:
        override = town.asked()
        seen = town.seen(override)
        overrides.give(town.second, override, seen)
        with pytest.raises(WrongState):
            overrides.give(town.second, override, seen)
        with pytest.raises(WrongState):
            overrides.refuse(town.lead, override)
        assert len(standing(town.he)) == 1

    def test_refused_or_taken_back_it_books_nothing(self, town: Town) -> None:
        for who in (town.second, town.lead, town.manager):
            override = town.asked()
            overrides.refuse(who, override, "Too near")
            with pytest.raises(WrongState):
                overrides.give(town.second, override, "")
        assert standing(town.he) == []
        assert overrides.waiting(town.lead) == overrides.standing(town.lead) == ()

    def test_one_that_changed_since_it_was_read_is_not_given(self, town: Town) -> None:
        override = town.asked()
        seen = town.seen(override)
        other = make.make_client(given_name="Nadia")
        booking.book(SYSTEM, town.choice(other, 0, 11))
        make.make_exclusion(other, town.he)
        with pytest.raises(Stale):
            overrides.give(town.second, override, seen)
        assert standing(town.he) == []
        assert len(overrides.view(town.second, override).clashes) == 2
        assert overrides.give(town.second, override, town.seen(override)) is not None

    def test_one_whose_reason_is_gone_or_whose_time_was_taken_is_not_given(self, town: Town) -> None:
        gone, taken = town.asked(), town.asked(town.his("11:00"))
        booking.book(SYSTEM, town.choice(make.make_client(), 1, 11))
        assert overrides.view(town.second, taken).is_gone
        booking.cancel(SYSTEM, town.hers)
        assert overrides.view(town.second, gone).is_gone
        for override in (gone, taken):
            with pytest.raises(WrongState):
                overrides.give(town.second, override, town.seen(override))
        assert standing(town.he) == []

    def test_one_that_nobody_decided_in_time_is_not_given(self, town: Town, clock: Any) -> None:
        override = town.asked()
        seen = town.seen(override)
        clock.set(at(11, 15))
        assert overrides.waiting(town.second) == ()
        with pytest.raises(WrongState):
            overrides.give(town.second, override, seen)

    def test_the_decision_is_in_the_log_and_in_the_exclusions_history(self, town: Town) -> None:
        override = town.asked()
        overrides.give(town.second, override, town.seen(override))
        query = select(AuditRecord.action, AuditRecord.actor_id).where(AuditRecord.subject_kind == "override")
        done = {tuple(row) for row in db.session.execute(query)}
        assert {("override-asked", town.lead.id), ("look", town.second.id), ("override-given", town.second.id)} <= done
        history = select(ExclusionEvent.what, ExclusionEvent.staff_id).where(
            ExclusionEvent.exclusion_id == town.exclusion
        )
        assert ("override", town.second.id) in {tuple(row) for row in db.session.execute(history)}


class TestWhatItLifts:
    def test_booking_by_it_takes_an_override_that_two_people_gave(self, town: Town) -> None:
        asked = town.asked()
        for override in (asked, 999):
            with pytest.raises(NotAllowed):
                booking.book_overriding(town.second, town.his(), override)
        town.given(town.his("11:00"))
        [used] = [brief.id for brief in overrides.standing(town.lead)]
        with pytest.raises(NotAllowed):
            booking.book_overriding(town.second, town.his(), used)

    def test_the_ordinary_door_stays_shut_for_the_very_time_that_was_overridden(self, town: Town) -> None:
        booking.cancel(SYSTEM, town.given())
        with pytest.raises(SlotUnavailable):
            booking.book(town.lead, town.his())

    def test_a_women_only_time_is_never_overridden(self, town: Town) -> None:
        make.open_all_day(town.venue, "women", range(0, 1))
        db.session.execute(update(Client).where(Client.id == town.he).values(eligibility="unknown"))
        db.session.commit()
        with pytest.raises(SlotUnavailable):
            town.asked()

    def test_a_refuge_is_never_overridden(self, town: Town) -> None:
        refuge = make.make_venue(town.site, kind="refuge", confidential=True, name="Rowan House")
        held = make.make_session(refuge, at(10), at(13), (make.make_staff(),), (town.type,))
        for lead in (town.lead, town.second):
            make.assign(lead.id or 0, refuge)
        worker = db.session.execute(select(Staff.id).order_by(Staff.id.desc())).scalars().first()
        with pytest.raises(SlotUnavailable):
            overrides.ask_to_book(
                town.lead, Choice(town.he, town.type, held, worker, "in-person", at(10, 30), 30), WHY
            )

    def test_a_moved_appointment_is_overridden_no_more(self, town: Town) -> None:
        his = town.given()
        with pytest.raises(SlotUnavailable):
            booking.move(SYSTEM, his, town.his("11:00"))
        booking.move(SYSTEM, town.hers, town.choice(town.she, 0, 12))
        assert open_cases() == []
        assert list(db.session.execute(select(OverrideClash)).scalars()) == []

    def test_a_session_that_moves_is_kept_from_taking_the_two_to_another_meeting(self, town: Town) -> None:
        town.given()
        with pytest.raises(InTheWay):
            booking.session_moved(SYSTEM, town.sessions[1], timedelta(minutes=5))

    def test_when_either_side_comes_to_be_at_another_time_the_clash_is_one_to_settle_again(self, town: Town) -> None:
        his = town.given()
        db.session.execute(
            update(Appointment).where(Appointment.id == his).values(
                start=at(10, 15), end=at(10, 45), present_from=at(10), present_until=at(11)
            )
        )
        db.session.commit()
        cases.refresh([town.he])
        [clash] = case_views.open_clashes(town.lead)
        assert clash.override_id is None


    def test_a_group_that_he_was_in_before_can_be_overridden_too(self, clock: Any) -> None:
        town = Town(separation="series")
        series = make._save(
            Series(
                venue_id=town.venue, title="Group", rule="FREQ=WEEKLY", first_day=at(0).date(), at_minute=600,
                minutes=60, kind="group", modes=["in-person"], types=[town.type], staff=[],
            )
        )
        group = {"kind": "group", "seats": 8, "series_id": series}
        held = [
            make.make_session(town.venue, at(10, day=day), at(11, day=day), (town.workers[0],), (town.type,), **group)
            for day in (1, 15)
        ]
        before, after = (
            Choice(client, town.type, session, None, "in-person", at(10, day=day))
            for client, session, day in ((town.he, held[0], 1), (town.she, held[1], 15))
        )
        booking.book(SYSTEM, before)
        clock.set(at(12, day=5))
        with pytest.raises(SlotUnavailable):
            booking.book(SYSTEM, after)
        override = overrides.ask_to_book(town.lead, after, WHY)
        assert not overrides.view(town.second, override).is_gone
        assert overrides.give(town.second, override, town.seen(override)) is not None


class TestClashThatStands:
    @pytest.fixture
    def case(self, town: Town) -> int:
        exclusions_gone = update(Exclusion).where(Exclusion.id == town.exclusion)
        db.session.execute(exclusions_gone.values(gap_minutes=0))
        db.session.commit()
        booking.book(SYSTEM, town.his("11:00"))
        db.session.execute(exclusions_gone.values(gap_minutes=30))
        db.session.commit()
        cases.refresh([town.he])
        [case] = open_cases()
        return case.id

    def test_two_people_may_let_it_stand_and_it_stays_in_the_queue_until_both_presences_are_past(
        self, town: Town, case: int, clock: Any
    ) -> None:
        override = overrides.ask_for_case(town.lead, case, WHY)
        assert overrides.give(town.manager, override, town.seen(override, town.manager)) is None
        [clash] = case_views.open_clashes(town.lead)
        assert clash.override_id == override
        for now, there in ((at(10, 46), 1), (at(11, 44), 1), (at(11, 45), 0)):
            clock.set(now)
            sweep.run()
            assert len(overrides.standing(town.lead)) == there
        assert open_cases() == []

    def test_it_is_asked_for_once_at_a_time(self, town: Town, case: int) -> None:
        first = overrides.ask_for_case(town.lead, case, WHY)
        with pytest.raises(WrongState):
            overrides.ask_for_case(town.second, case, WHY)
        overrides.refuse(town.second, first)
        second = overrides.ask_for_case(town.lead, case, WHY)
        overrides.give(town.second, second, town.seen(second))
        with pytest.raises(WrongState):
            overrides.ask_for_case(town.lead, case, WHY)

    def test_a_clash_that_is_gone_or_was_never_there_cannot_be(self, town: Town, case: int) -> None:
        override = overrides.ask_for_case(town.lead, case, WHY)
        seen = town.seen(override)
        booking.cancel(SYSTEM, town.hers)
        with pytest.raises(WrongState):
            overrides.give(town.second, override, seen)
        for missing in (case, 999):
            with pytest.raises(NotFound):
                overrides.ask_for_case(town.lead, missing, WHY)

    def test_one_about_what_is_for_women_cannot_be(self, town: Town) -> None:
        man = make.make_client(eligibility="not-eligible")
        booking.book(SYSTEM, town.choice(man, 1, 12))
        make.open_all_day(town.venue, "women", range(0, 1))
        cases.refresh([man])
        [case] = [each for each in open_cases() if each.rule == "women"]
        with pytest.raises(WrongState):
            overrides.ask_for_case(town.lead, case.id, WHY)


def test_an_exclusion_recorded_after_an_override_is_not_covered_by_it(town: Town) -> None:
    town.given()
    made = exclusions.record(
        town.lead, exclusions.ExclusionDetails(town.she, person=("client", town.he), separation="day")
    )
    assert [clash.override_id for clash in made.clashes] == [None]
