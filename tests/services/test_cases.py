"""Safety cases: one for every clash of two future presences, whatever made it; none for what is no clash."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Exclusion, Match, SafetyCase, Session
from scheduler.rules.presence import Mode
from scheduler.services import booking, case_views, cases, checks, clients, sweep
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.transaction import use_case
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

_numbers: Iterator[int] = iter(range(1, 10_000))


class Town:
    """A protected woman, a named man, and a hub where both may be booked behind booking's back."""

    def __init__(self, **exclusion: Any) -> None:
        self.site = make.make_site()
        self.venue = make.make_venue(self.site)
        self.type = make.make_type()
        self.worker = make.make_staff()
        self.she, self.he = make.make_client(), make.make_client(given_name="Gareth", family_name="Pike")
        self.exclusion = make.make_exclusion(self.she, self.he, **exclusion)

    def session(self, start: datetime, end: datetime, venue: int | None = None, **values: Any) -> int:
        workers = values.pop("staff", ())
        return make.make_session(venue or self.venue, start, end, workers, (self.type,), **values)

    def appointment(
        self, client: int, start: datetime, minutes: int = 30, mode: str = "in-person", state: str = "booked",
        session: int | None = None, venue: int | None = None, staff: int | None = None,
    ) -> int:  # fmt: skip
        """An appointment straight into the table: an import, an override, or an older rule."""
        end = start + timedelta(minutes=minutes)
        session = session or self.session(start, end, venue, modes=["in-person", "phone", "video"])
        held = db.session.get(Session, session)
        assert held is not None
        here, margin = mode == Mode.IN_PERSON, timedelta(minutes=15)
        row = Appointment(
            client_id=client, own_number=next(_numbers), session_id=session, venue_id=held.venue_id,
            site_id=held.site_id, staff_id=staff, type_id=self.type, mode=mode, state=state, start=start, end=end,
            busy_from=start, busy_until=end, present_from=start - margin if here else None,
            present_until=end + margin if here else None, created_at=at(8), updated_at=at(8),
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        return row.id


def opened() -> list[SafetyCase]:
    db.session.expire_all()
    query = select(SafetyCase).where(SafetyCase.closed_at.is_(None)).order_by(SafetyCase.due_at, SafetyCase.id)
    return list(db.session.execute(query).scalars())


def change(model: Any, key: int, **values: Any) -> None:
    db.session.execute(update(model).where(model.id == key).values(**values))
    db.session.commit()


TOMORROW = at(10, day=1)


# --- gap and day ------------------------------------------------------------------------------------------------------


def test_a_clash_is_due_when_the_earlier_of_the_two_comes() -> None:
    town = Town()
    his, hers = town.appointment(town.he, TOMORROW), town.appointment(town.she, at(11, day=1))
    cases.refresh([town.she])
    [case] = opened()
    assert (case.rule, case.exclusion_id, case.due_at) == ("gap", town.exclusion, at(9, 45, day=1))
    assert (case.appointment_id, case.other_appointment_id, case.other_session_id) == (hers, his, None)


@pytest.mark.parametrize("of", ["she", "he"])
def test_it_is_found_from_either_side(of: str) -> None:
    town = Town()
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    cases.refresh([getattr(town, of)])
    assert len(opened()) == 1


@pytest.mark.parametrize(("minutes", "clash"), [(0, True), (89, True), (90, False), (95, False)])
def test_a_gap_is_kept_between_presences_with_their_margins(minutes: int, clash: bool) -> None:
    """Half an hour, its 15 minutes on both sides, and the 30 of the gap: 90 minutes from start to start."""
    town = Town()
    town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW + timedelta(minutes=minutes))
    cases.refresh([town.she])
    assert bool(opened()) == clash


@pytest.mark.parametrize("separation", ["day", "series", "site"])
@pytest.mark.parametrize(("day", "clash"), [(1, True), (2, False)])
def test_a_day_is_kept_whole(separation: str, day: int, clash: bool) -> None:
    town = Town(separation=separation)
    town.appointment(town.he, at(9, day=1))
    town.appointment(town.she, at(17, day=day))
    cases.refresh([town.she])
    assert [case.rule for case in opened()] == (["day"] if clash else [])


@pytest.mark.parametrize("near", [True, False])
def test_neighbours_count_as_one_place(near: bool) -> None:
    town = Town()
    next_door = make.make_site("Next door")
    if near:
        make.make_neighbours(town.site, next_door)
    town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW, venue=make.make_venue(next_door))
    cases.refresh([town.she])
    assert bool(opened()) == near


def test_two_venues_of_one_site_are_one_place() -> None:
    town = Town()
    town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW, venue=make.make_venue(town.site))
    cases.refresh([town.she])
    assert len(opened()) == 1


@pytest.mark.parametrize("state", ["cancelled", "noshow", "entered-in-error", "proposed", "waitlist"])
def test_what_does_not_count_is_no_clash(state: str) -> None:
    town = Town()
    town.appointment(town.he, TOMORROW, state=state)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    assert opened() == []


@pytest.mark.parametrize("state", ["pending", "booked", "arrived", "checked-in", "fulfilled"])
def test_every_counted_state_is_a_presence(state: str) -> None:
    town = Town()
    town.appointment(town.he, TOMORROW, state=state)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    assert len(opened()) == 1


def test_a_phone_call_and_the_past_are_no_clash() -> None:
    town = Town(separation="day")
    town.appointment(town.he, TOMORROW, mode="phone")
    town.appointment(town.she, TOMORROW)
    town.appointment(town.he, at(6)), town.appointment(town.she, at(6))
    cases.refresh([town.she])
    assert opened() == []


def test_a_dismissed_match_and_a_closed_exclusion_keep_nobody_apart() -> None:
    town = Town(state="dismissed")
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    assert opened() == []
    change(Match, db.session.execute(select(Match.id)).scalar_one(), state="possible")
    cases.refresh([town.she])
    assert len(opened()) == 1
    change(
        Exclusion, town.exclusion, active=False, closing_by=make.make_staff(), closed_by=make.make_staff()
    )
    cases.refresh([town.he])
    assert opened() == []


# --- groups, places, workers ------------------------------------------------------------------------------------------


def test_members_of_an_online_group_are_together() -> None:
    town = Town()
    group = town.session(TOMORROW, at(11, day=1), kind="group", seats=8, modes=["video"])
    town.appointment(town.he, TOMORROW, 60, "video", session=group)
    town.appointment(town.she, TOMORROW, 60, "video", session=group)
    cases.refresh([town.he])
    assert [case.rule for case in opened()] == ["group"]


@pytest.mark.parametrize(("separation", "clash"), [("series", True), ("site", True), ("day", False), ("gap", False)])
def test_a_group_series_is_not_shared_on_any_date(separation: str, clash: bool) -> None:
    from scheduler.models import Series

    town = Town(separation=separation)
    series = make._save(
        Series(
            venue_id=town.venue, title="Group", rule="FREQ=WEEKLY", first_day=at(0).date(), at_minute=600, minutes=60,
            kind="group", modes=["video"], types=[town.type], staff=[],
        )
    )
    weeks = [
        town.session(at(10, day=day), at(11, day=day), kind="group", seats=8, modes=["video"], series_id=series)
        for day in (1, 8)
    ]
    town.appointment(town.he, at(10, day=1), 60, "video", session=weeks[0])
    town.appointment(town.she, at(10, day=8), 60, "video", session=weeks[1])
    cases.refresh([town.he])
    assert [case.rule for case in opened()] == (["series"] if clash else [])


def test_the_named_man_at_a_place_closed_to_him_is_a_case_although_she_is_not_there() -> None:
    site = make.make_site()
    town = Town()
    change(Exclusion, town.exclusion, separation="site")
    from scheduler.models import ExclusionSite

    db.session.add(ExclusionSite(exclusion_id=town.exclusion, site_id=site))
    db.session.commit()
    his = town.appointment(town.he, TOMORROW, venue=make.make_venue(site))
    town.appointment(town.she, at(10, day=3), venue=make.make_venue(site))
    cases.refresh([town.he])
    assert [(case.rule, case.appointment_id, case.other_appointment_id) for case in opened()] == [("site", his, None)]


def test_a_workers_session_is_a_presence() -> None:
    town = Town()
    worker = make.make_staff(given_name="Gareth", family_name="Pike")
    exclusion = make.make_exclusion(town.she, worker, kind="staff")
    session = town.session(at(9, day=1), at(12, day=1), staff=(worker,))
    hers = town.appointment(town.she, at(12, 30, day=1))
    cases.refresh([town.she])
    [case] = opened()
    assert (case.exclusion_id, case.appointment_id, case.other_session_id) == (exclusion, hers, session)
    assert case.due_at == at(8, 45, day=1)


def test_being_booked_with_the_named_worker_is_a_case_even_by_phone() -> None:
    town = Town()
    worker = make.make_staff(given_name="Gareth", family_name="Pike")
    make.make_exclusion(town.she, worker, kind="staff")
    session = town.session(TOMORROW, at(12, day=1), staff=(worker,), modes=["phone"])
    town.appointment(town.she, TOMORROW, mode="phone", session=session, staff=worker)
    cases.refresh([cases.Person("staff", worker)])
    assert [case.rule for case in opened()] == ["worker"]


# --- women-only -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eligibility", ["unknown", "not-eligible"])
def test_someone_not_eligible_in_a_womens_time_is_a_case(eligibility: str) -> None:
    town = Town()
    make.open_all_day(town.venue, "women", range(1, 2), from_minute=600, until_minute=720)
    change(Client, town.he, eligibility=eligibility)
    his = town.appointment(town.he, TOMORROW)
    before = town.appointment(town.he, at(9, day=1), 30)
    cases.refresh([town.he])
    [case] = opened()
    assert (case.rule, case.appointment_id, case.exclusion_id) == ("women", his, None)
    assert before != his
    change(Client, town.he, eligibility="eligible")
    cases.refresh([town.he])
    assert opened() == []


def test_the_clear_minutes_and_the_next_door_count() -> None:
    town = Town()
    other = make.make_site("Next door")
    make.make_neighbours(town.site, other)
    make.open_all_day(
        make.make_venue(other), "women", range(1, 2), from_minute=600, until_minute=720, clear_before=30
    )
    change(Client, town.he, eligibility="unknown")
    town.appointment(town.he, at(9, day=1), 20)
    cases.refresh([town.he])
    assert len(opened()) == 1


def test_someone_not_eligible_in_a_session_for_women_is_a_case_even_online() -> None:
    town = Town()
    change(Client, town.he, eligibility="unknown")
    session = town.session(TOMORROW, at(12, day=1), audience="women", modes=["video"])
    town.appointment(town.he, TOMORROW, mode="video", session=session)
    cases.refresh([town.he])
    assert [case.rule for case in opened()] == ["women"]


# --- the queue --------------------------------------------------------------------------------------------------------


def test_the_same_clash_is_queued_once_however_often_it_is_found() -> None:
    town = Town()
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    assert cases.refresh([town.she]) == (1, 0)
    assert cases.refresh([town.he]) == cases.refresh() == cases.refresh_exclusions([town.exclusion]) == (0, 0)
    assert len(opened()) == 1


def test_a_case_closes_by_itself_when_the_clash_is_gone_and_opens_again_when_it_returns(clock: Any) -> None:
    town = Town()
    his = town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    [first] = opened()
    change(Appointment, his, state="cancelled")
    clock.forward(minutes=5)
    assert cases.refresh([town.she]) == (0, 1)
    assert opened() == []
    change(Appointment, his, state="booked")
    clock.forward(minutes=5)
    assert cases.refresh([town.he]) == (1, 0)
    [again] = opened()
    assert again.id == first.id
    assert again.opened_at == at(9, 10)


def test_a_case_follows_its_appointment_to_another_time() -> None:
    town = Town()
    his = town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    earlier = at(9, 30, day=1)
    change(
        Appointment, his, start=earlier, end=earlier + timedelta(minutes=30),
        present_from=earlier - timedelta(minutes=15), present_until=earlier + timedelta(minutes=45),
    )
    cases.refresh([town.she])
    assert [case.due_at for case in opened()] == [at(9, 15, day=1)]


def test_only_the_cases_of_an_appointment_are_looked_at_when_it_changes() -> None:
    town = Town()
    his = town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    change(Appointment, his, state="cancelled")
    cases.refresh_appointment(his, town.he)
    assert opened() == []


def test_a_refresh_of_others_leaves_a_case_alone() -> None:
    town, other = Town(), Town()
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    assert cases.refresh([other.she, other.he]) == (0, 0)
    assert len(opened()) == 1


def test_the_sweep_finds_what_nobody_told_it_of() -> None:
    town = Town()
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    change(Client, town.he, eligibility="unknown")
    make.open_all_day(town.venue, "women", range(1, 2))
    assert cases.refresh() == (2, 0)
    assert sorted(case.rule for case in opened()) == ["gap", "women"]


def test_nothing_is_cancelled() -> None:
    town = Town()
    both = [town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)]
    cases.refresh()
    db.session.expire_all()
    assert [db.session.get_one(Appointment, each).state for each in both] == ["booked", "booked"]


def test_the_check_of_the_whole_data_agrees_that_no_clash_lacks_its_case() -> None:
    """Another reading of SAFETY.md, which shares no code with this one."""
    town = Town(separation="series")
    worker = make.make_staff(given_name="Gareth", family_name="Pike")
    make.make_exclusion(town.she, worker, kind="staff")
    make.make_session(town.venue, at(9, day=2), at(12, day=2), (worker,))
    for hour in (9, 12, 16):
        town.appointment(town.he, at(hour, day=1)), town.appointment(town.she, at(hour, 40, day=2))
    town.appointment(town.she, at(14, day=1))
    change(Exclusion, town.exclusion, recorded_at=at(9))
    change(Exclusion, town.exclusion + 1, recorded_at=at(9))
    unknown = ("case-missing", "kept-apart")
    assert any(each.invariant in unknown for each in checks.run().broken)
    cases.refresh()
    assert [each for each in checks.run().broken if each.invariant in unknown] == []
    assert len(opened()) == 5


def test_a_refresh_takes_the_same_queries_for_twenty_exclusions_as_for_one() -> None:
    def queries(people: list[int]) -> int:
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        @use_case
        def found() -> None:
            cases.find(cases.store.touching(people, ()), people)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            found()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    town = Town()
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW)
    few = queries([town.she])
    for _ in range(19):
        make.make_exclusion(town.she, make.make_client())
    town.appointment(town.she, at(15, day=2))
    assert queries([town.she]) == few


def test_a_case_shows_both_sides_and_a_refuge_only_by_its_label() -> None:
    town = Town()
    refuge = make.make_venue(town.site, kind="refuge", confidential=True, name="Rowan House", label="Where you stay")
    make.make_stay(town.she, refuge)
    town.appointment(town.he, TOMORROW), town.appointment(town.she, TOMORROW, venue=refuge)
    cases.refresh()
    actor = Actor("staff", make.make_staff(role="lead"), "lead")
    [clash] = case_views.open_clashes(actor)
    assert clash.one is not None
    assert clash.other is not None
    assert (clash.one.person, clash.one.place) == ("Alma Reyes", "Where you stay")
    assert (clash.other.person, clash.other.place) == ("Gareth Pike", "The Mill")
    assert [(side.is_protected, side.is_named) for side in (clash.one, clash.other)] == [(True, False), (False, True)]
    assert "Rowan" not in repr(clash)
    assert "Rowan House" in repr(case_views.open_clashes(SYSTEM))


def test_the_sweep_opens_what_is_missing_and_closes_what_is_gone_and_writes_nothing_else() -> None:
    town = Town()
    his = town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW)
    change(Client, town.he, eligibility="unknown")
    make.open_all_day(town.venue, "women", range(1, 2))
    assert sweep.run() == (2, 0)
    assert sorted(case.rule for case in opened()) == ["gap", "women"]
    assert sweep.run() == (0, 0)
    change(Appointment, his, state="cancelled")
    assert sweep.run() == (0, 2)
    assert opened() == []


def test_a_case_is_settled_in_the_transaction_that_moves_the_named_man_away() -> None:
    town = Town()
    his = town.appointment(town.he, TOMORROW)
    town.appointment(town.she, TOMORROW)
    cases.refresh([town.she])
    booking.cancel(Actor("staff", None, "lead"), his)
    assert opened() == []


def test_a_stay_that_ends_leaves_what_she_still_has_there_to_a_lead_and_one_begun_again_settles_it() -> None:
    town = Town()
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="Where you stay")
    stay = make.make_stay(town.she, refuge)
    hers = town.appointment(town.she, TOMORROW, venue=refuge)
    cases.refresh([town.she])
    assert opened() == []
    clients.end_stay(SYSTEM, stay)
    assert [(case.rule, case.appointment_id, case.due_at) for case in opened()] == [("stay", hers, at(9, 45, day=1))]
    assert checks.run().broken == ()
    clients.record_stay(SYSTEM, town.she, refuge, at(0, day=1), at(10, 29, day=1))
    assert [case.appointment_id for case in opened()] == [hers], "she leaves before it is over"
    clients.record_stay(SYSTEM, town.she, refuge, at(0, day=1), at(10, 30, day=1))
    assert opened() == []


def test_the_sweep_misses_nothing_at_a_refuge_where_she_no_longer_stays() -> None:
    town = Town()
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="Where you stay")
    town.appointment(town.she, TOMORROW, venue=refuge)
    assert sweep.run() == (1, 0)
    assert [case.rule for case in opened()] == ["stay"]
