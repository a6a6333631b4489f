"""The safety queue is true after every change that can make or settle a clash, in the transaction of that change:
nothing is left for the sweep to find (SAFETY.md 6, "however it came about")."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from scheduler import clock
from scheduler.errors import SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Appointment, Exclusion, Match, SafetyCase, Session
from scheduler.services import booking, cases, clients, exclusions, matches, sessions, staff, sweep, venues
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.sessions import SeriesDetails, SessionDetails
from scheduler.services.staff import StaffDetails
from scheduler.services.venues import VenueDetails, WindowDetails
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")
LEAD = Actor("staff", None, "lead")


class Town:
    """A woman and a man who are both expected at the hub tomorrow at ten, with nothing yet that keeps them apart."""

    def __init__(self) -> None:
        self.site, self.other_site = make.make_site("Mill Lane"), make.make_site("Elm Road")
        self.hub, self.elsewhere = make.make_venue(self.site), make.make_venue(self.other_site)
        for venue in (self.hub, self.elsewhere):
            make.open_all_day(venue)
        self.type = make.make_type()
        self.she, self.he = self.add("Alma", "Reyes"), self.add("Gareth", "Pike")
        self.hers, self.his = self.book(self.she), self.book(self.he)

    def add(self, given: str, family: str) -> int:
        return clients.add(DESK, ClientDetails(given, family))

    def book(
        self, client: int, venue: int | None = None, start: datetime | None = None, audience: str = "everyone"
    ) -> int:
        start, worker = start or at(10, day=1), make.make_staff()
        end = start + timedelta(minutes=30)
        session = make.make_session(
            venue or self.hub, start, end, (worker,), (self.type,), modes=["in-person", "phone"], audience=audience
        )
        return booking.book(SYSTEM, Choice(client, self.type, session, worker, "in-person", start)).id

    def keep(self, **values: object) -> int:
        given = {"names": ("Gareth Pike",), **values}
        return exclusions.record(SYSTEM, ExclusionDetails(self.she, **given)).exclusion_id  # type: ignore[arg-type]

    def match(self) -> int:
        return int(db.session.execute(select(Match.id)).scalar_one())

    def session_of(self, appointment: int) -> int:
        return int(db.session.execute(select(Appointment.session_id).where(Appointment.id == appointment)).scalar_one())

    def edit(self, exclusion: int, **values: object) -> None:
        version = exclusions_version(exclusion)
        exclusions.edit(SYSTEM, exclusion, ExclusionDetails(self.she, names=("Gareth Pike",), **values), version)  # type: ignore[arg-type]


def exclusions_version(exclusion: int) -> int:
    return int(db.session.execute(select(Exclusion.version).where(Exclusion.id == exclusion)).scalar_one())


#: After each step, how many clashes there are.
Steps = Iterator[int]


def a_recorded_exclusion(town: Town) -> Steps:
    town.keep()
    yield 1


def an_exclusion_that_is_made_wider_and_narrower_and_another_day(town: Town) -> Steps:
    booking.cancel(DESK, town.hers)
    town.book(town.she, start=at(16, day=1))
    made = town.keep()
    yield 0
    town.edit(made, separation="day")
    yield 1
    town.edit(made, separation="gap", gap_minutes=60)
    yield 0
    town.edit(made, separation="gap", gap_minutes=600)
    yield 1


def a_place_that_is_barred_and_free_again(town: Town) -> Steps:
    booking.cancel(DESK, town.hers)
    made = town.keep()
    yield 0
    town.edit(made, separation="site", sites=(town.site,))
    yield 1
    town.edit(made, separation="site", sites=(town.other_site,))
    yield 0
    venues.set_neighbours(SYSTEM, town.site, [town.other_site])
    yield 1


def an_exclusion_that_is_closed_by_two_people_and_opened_again(town: Town) -> Steps:
    made = town.keep()
    yield 1
    one, two = (Actor("staff", make.make_staff(role="lead"), "lead") for _ in range(2))
    exclusions.start_closing(one, made, "Over.")
    yield 1
    exclusions.confirm_closing(two, made)
    yield 0
    exclusions.reopen(one, made, "He is back.")
    yield 1


def a_match_that_a_lead_decides(town: Town) -> Steps:
    town.keep()
    yield 1
    matches.decide_match(LEAD, town.match(), "dismissed", "Another man.")
    yield 0
    matches.decide_match(LEAD, town.match(), "confirmed", "Him.")
    yield 1


def a_client_whose_name_becomes_known(town: Town) -> Steps:
    wayne = town.add("Wayne", "Marsh")
    town.book(wayne)
    booking.cancel(DESK, town.his)
    town.keep()
    yield 0
    clients.edit(DESK, wayne, ClientDetails("Wayne", "Marsh", aliases=("Gaz Pike",)), 1)
    yield 1


def a_worker_whose_name_becomes_known(town: Town) -> Steps:
    booking.cancel(DESK, town.his)
    town.keep()
    worker = staff.add(SYSTEM, StaffDetails("Wayne", "Marsh", "worker", sees_clients=True))
    session = make.make_session(town.hub, at(11, day=1), at(12, day=1), (worker,), (town.type,))
    yield 0
    staff.edit(SYSTEM, worker, StaffDetails("Gareth", "Pike", "worker", sees_clients=True), None)
    yield 1
    sessions.cancel_session(SYSTEM, session)
    yield 0


def a_session_that_is_moved_away(town: Town) -> Steps:
    town.keep()
    yield 1
    sessions.move_session(SYSTEM, town.session_of(town.his), at(10, day=2), at(10, 30, day=2))
    yield 0


def a_session_that_is_cancelled(town: Town) -> Steps:
    town.keep()
    yield 1
    sessions.cancel_session(SYSTEM, town.session_of(town.hers))
    yield 0


def someone_who_is_marked_as_not_come_and_the_slip_undone(town: Town) -> Steps:
    town.keep()
    yield 1
    clock.set_fixed(at(10, 5, day=1))
    booking.mark(DESK, town.his, "noshow")
    yield 0
    with pytest.raises(SlotUnavailable):
        booking.mark(DESK, town.his, "booked")
    yield 0
    booking.cancel(DESK, town.hers)
    booking.mark(DESK, town.his, "booked")
    yield 0


def an_appointment_that_is_moved(town: Town) -> Steps:
    town.keep()
    yield 1
    worker = make.make_staff()
    there = make.make_session(town.elsewhere, at(10, day=1), at(11, day=1), (worker,), (town.type,))
    booking.move(DESK, town.hers, Choice(town.she, town.type, there, worker, "in-person", at(10, day=1)))
    yield 0


def an_appointment_that_is_cancelled(town: Town) -> Steps:
    town.keep()
    yield 1
    booking.cancel(DESK, town.his)
    yield 0


def a_door_that_comes_into_sight_and_out_of_it(town: Town) -> Steps:
    booking.cancel(DESK, town.his)
    town.book(town.he, town.elsewhere)
    town.keep()
    yield 0
    venues.set_neighbours(SYSTEM, town.site, [town.other_site])
    yield 1
    venues.set_neighbours(SYSTEM, town.other_site, [])
    yield 0


def an_eligibility_that_is_withdrawn_and_given(town: Town) -> Steps:
    clients.decide_eligibility(LEAD, town.she, "eligible", "2026")
    town.book(town.she, start=at(15, day=3), audience="women")
    yield 0
    clients.decide_eligibility(LEAD, town.she, "not-eligible", "2026")
    yield 1
    clients.decide_eligibility(LEAD, town.she, "eligible", "2026")
    yield 0


def a_women_only_time_that_ends(town: Town) -> Steps:
    clients.decide_eligibility(LEAD, town.she, "eligible", "2026")
    windows = [WindowDetails(day, 0, 1440) for day in range(7)]
    booking.cancel(DESK, town.his)
    sessions.cancel_session(SYSTEM, town.session_of(town.his))
    # She waits from a quarter to ten, when the women-only time before it is not over.
    venues.set_opening_windows(SYSTEM, town.hub, [*windows, WindowDetails(1, 480, 590, "women")])
    yield 0
    clients.decide_eligibility(LEAD, town.she, "unknown", "2026")
    yield 1
    venues.set_opening_windows(SYSTEM, town.hub, [*windows, WindowDetails(1, 480, 585, "women")])
    yield 0


def a_venue_that_leaves_the_site_with_its_women_only_times(town: Town) -> Steps:
    beside = make.make_venue(town.site)
    clients.decide_eligibility(LEAD, town.she, "eligible", "2026")
    booking.cancel(DESK, town.his)
    venues.set_opening_windows(SYSTEM, beside, [WindowDetails(1, 480, 590, "women")])
    clients.decide_eligibility(LEAD, town.she, "unknown", "2026")
    yield 1
    venues.edit_venue(SYSTEM, beside, VenueDetails("Annexe", "hub", town.other_site))
    yield 0


def a_session_for_everyone_again(town: Town) -> Steps:
    clients.decide_eligibility(LEAD, town.she, "eligible", "2026")
    hers = town.book(town.she, start=at(15, day=3), audience="women")
    clients.decide_eligibility(LEAD, town.she, "not-eligible", "2026")
    yield 1
    session = town.session_of(hers)
    sessions.edit_session(SYSTEM, session, replace(sessions.details_of(SYSTEM, session), audience="everyone"))
    yield 0


def a_stay_that_ends(town: Town) -> Steps:
    refuge = make.make_venue(confidential=True, name="Rose House")
    make.open_all_day(refuge)
    stay = clients.record_stay(SYSTEM, town.she, refuge, at(0, day=-3))
    town.book(town.she, refuge, at(15, day=3))
    yield 0
    clients.end_stay(SYSTEM, stay, at(9))
    yield 1


def a_series_that_ends(town: Town) -> Steps:
    """He and she are in one series on different days; then it ends before hers."""
    group = sessions.add_series(SYSTEM, SeriesDetails(
        town.elsewhere, "Stay and talk", "FREQ=WEEKLY;BYDAY=WE", date(2026, 3, 4), 600, 60, kind="group",
        types=(town.type,), seats=9, last_day=date(2026, 3, 18),
    ))  # fmt: skip
    first, second = sessions.of_series(SYSTEM, group)[:2]
    for client, card in ((town.he, first), (town.she, second)):
        booking.book(DESK, Choice(client, town.type, card.id, None, "in-person", card.start))
    booking.cancel(DESK, town.his)
    town.keep(separation="series")
    yield 1
    sessions.end_series(SYSTEM, group, from_day=date(2026, 3, 11))
    yield 0


def a_worker_who_is_taken_off_a_session(town: Town) -> Steps:
    booking.cancel(DESK, town.his)
    he = staff.add(SYSTEM, StaffDetails("Gareth", "Pike", "worker", sees_clients=True))
    priya = make.make_staff()
    details = SessionDetails(
        town.hub, "Morning", at(12, day=1), at(13, day=1), types=(town.type,), staff=(he, priya)
    )
    session = sessions.add_session(SYSTEM, details)
    town.keep(gap_minutes=120)
    yield 1
    sessions.edit_session(SYSTEM, session, replace(details, staff=(priya,)))
    yield 0


def a_rule_that_comes_before_the_booking_and_lets_none_in(town: Town) -> Steps:
    booking.cancel(DESK, town.hers)
    town.keep()
    yield 0
    session = db.session.get(Session, town.session_of(town.hers))
    assert session is not None
    [worker] = [number for number, _ in sessions.get(SYSTEM, session.id).staff]
    with pytest.raises(SlotUnavailable):
        booking.book(DESK, Choice(town.she, town.type, session.id, worker, "in-person", session.start))
    yield 0


CHANGES: dict[str, Callable[[Town], Steps]] = {
    change.__name__: change
    for change in (
        a_recorded_exclusion, an_exclusion_that_is_made_wider_and_narrower_and_another_day,
        a_place_that_is_barred_and_free_again, an_exclusion_that_is_closed_by_two_people_and_opened_again,
        a_match_that_a_lead_decides, a_client_whose_name_becomes_known, a_worker_whose_name_becomes_known,
        a_session_that_is_moved_away, a_session_that_is_cancelled,
        someone_who_is_marked_as_not_come_and_the_slip_undone, an_appointment_that_is_moved,
        an_appointment_that_is_cancelled, a_door_that_comes_into_sight_and_out_of_it,
        an_eligibility_that_is_withdrawn_and_given, a_women_only_time_that_ends,
        a_venue_that_leaves_the_site_with_its_women_only_times, a_session_for_everyone_again, a_stay_that_ends,
        a_series_that_ends, a_worker_who_is_taken_off_a_session, a_rule_that_comes_before_the_booking_and_lets_none_in,
    )
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_the_queue_is_true_at_once(change: str) -> None:
    town = Town()
    for number, expected in enumerate(CHANGES[change](town), start=1):
        db.session.rollback()
        found = sorted(each.subject for each in cases.find(None, None))
        queued = sorted(db.session.execute(select(SafetyCase.subject).where(SafetyCase.closed_at.is_(None))).scalars())
        assert (queued, len(queued)) == (found, expected), f"after step {number}"
        assert sweep.run() == (0, 0), f"after step {number}"
