"""Where bookings and the sessions under them change one after the other: the rules see what will be, not what was."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from scheduler.errors import InTheWay, Invalid, SlotUnavailable, WrongState
from scheduler.extensions import db
from scheduler.models import Session, Venue
from scheduler.rules.states import State
from scheduler.services import booking, sessions, venues
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Booked, Choice, Wanted
from scheduler.store import diary
from tests.support import factories as make
from tests.support.factories import at

RECEPTION = Actor("staff", None, "reception")
pytestmark = pytest.mark.usefixtures("context", "clock")


def book(
    client: int, kind: int, session: int, worker: int | None, start: datetime, minutes: int | None = None
) -> Booked:
    return booking.book(RECEPTION, Choice(client, kind, session, worker, "in-person", start, minutes))


def open_venue(site: int | None = None, **values: int) -> int:
    venue = make.make_venue(site, **values)
    make.open_all_day(venue)
    return venue


def test_two_who_are_kept_apart_do_not_both_move_to_where_people_linger() -> None:
    kind, near, worker = make.make_type(), open_venue(), make.make_staff()
    far = open_venue(arrive_early=60, leave_late=60)
    session = make.make_session(near, at(9), at(15), (worker,), (kind,))
    her, him = make.make_client(), make.make_client()
    make.make_exclusion(her, him)
    hers = book(her, kind, session, worker, at(9))
    book(him, kind, session, worker, at(10, 30))  # there half an hour after she has left
    with pytest.raises(InTheWay):
        sessions.move_session(SYSTEM, session, at(9, day=1), at(15, day=1), far)
    row = diary.appointment(hers.id)
    assert row is not None
    assert (row.start, row.version) == (at(9), 1)


def test_a_client_with_two_appointments_in_a_session_comes_along_with_both() -> None:
    kind, venue, worker, her = make.make_type(), open_venue(), make.make_staff(), make.make_client()
    session = make.make_session(venue, at(9), at(12), (worker,), (kind,))
    one, other = book(her, kind, session, worker, at(9)), book(her, kind, session, worker, at(9, 30))
    sessions.move_session(SYSTEM, session, at(9, 30), at(12, 30))
    starts = [row.start for row in (diary.appointment(one.id), diary.appointment(other.id)) if row]
    assert starts == [at(9, 30), at(10)]


def test_bringing_back_puts_her_where_her_session_is_now() -> None:
    kind, one, two, worker, nurse = make.make_type(), open_venue(), open_venue(), make.make_staff(), make.make_staff()
    session = make.make_session(one, at(12), at(18), (worker,), (kind,))
    beside = make.make_session(one, at(12), at(18), (nurse,), (kind,))
    her, him = make.make_client(), make.make_client()
    make.make_exclusion(her, him)
    hers = book(her, kind, session, worker, at(14))
    booking.mark(RECEPTION, hers.id, State.NOSHOW)
    sessions.move_session(SYSTEM, session, at(12), at(18), two)
    book(him, kind, beside, nurse, at(14))
    booking.mark(RECEPTION, hers.id, State.BOOKED)
    row = diary.appointment(hers.id)
    assert row is not None
    assert row.venue_id == two
    assert row.site_id == db.session.get(Session, session).site_id  # type: ignore[union-attr]


def test_bringing_back_to_a_drop_in_counts_its_window_as_it_is_now() -> None:
    kind, venue, worker = make.make_type(), open_venue(), make.make_staff()
    session = make.make_session(venue, at(10), at(12), (worker,), (kind,), kind="drop-in")
    hers = book(make.make_client(), kind, session, None, at(10))
    booking.mark(RECEPTION, hers.id, State.NOSHOW)
    sessions.move_session(SYSTEM, session, at(10), at(14))
    booking.mark(RECEPTION, hers.id, State.BOOKED)
    row = diary.appointment(hers.id)
    assert row is not None
    assert row.present_until == at(14, 45)


def test_a_no_show_of_a_long_group_can_be_taken_back() -> None:
    kind, venue, worker = make.make_type(most_minutes=60), make.make_venue(), make.make_staff()
    session = make.make_session(venue, at(10), at(12), (worker,), (kind,), kind="group", seats=5)
    hers = book(make.make_client(), kind, session, None, at(10))
    booking.mark(RECEPTION, hers.id, State.NOSHOW)
    assert booking.mark(RECEPTION, hers.id, State.BOOKED).state == State.BOOKED


def test_a_series_that_was_split_is_still_one_group() -> None:
    kind, venue, worker = make.make_type(), open_venue(), make.make_staff()
    details = sessions.SeriesDetails(
        venue, "Group", "FREQ=WEEKLY;BYDAY=TU", at(0).date(), 600, 60, kind="group", audience="everyone",
        modes=("in-person",), types=(kind,), staff=(worker,), seats=9,
    )
    series = sessions.add_series(SYSTEM, details)
    weeks = [(s.id, s.start) for s in db.session.query(Session).order_by(Session.start)]
    her, him = make.make_client(), make.make_client()
    make.make_exclusion(her, him, separation="series")
    book(him, kind, weeks[0][0], None, weeks[0][1])
    following = sessions.edit_series(SYSTEM, series, replace(details, title="Group, new room"), at(0, day=20).date())
    again = sessions.edit_series(SYSTEM, following, replace(details, title="Group, old room"), at(0, day=60).date())
    assert len({series, following, again}) == 3
    for session, start in (weeks[1], weeks[6], weeks[12]):
        with pytest.raises(SlotUnavailable):
            book(her, kind, session, None, start)


def test_the_timetable_ends_before_womens_time_however_short_the_range() -> None:
    kind, venue, worker = make.make_type(), make.make_venue(), make.make_staff()
    make.open_all_day(venue, weekdays=range(1), until_minute=720)
    make.open_all_day(venue, "women", range(1), from_minute=720)
    make.make_session(venue, at(10), at(12), (worker,), (kind,))
    him = make.make_client(eligibility="unknown")
    assert booking.timetable(him, kind, "in-person", at(8), at(18)) == []
    assert booking.timetable(him, kind, "in-person", at(8), at(11)) == []


@pytest.mark.parametrize("state", [State.ARRIVED, State.CHECKED_IN, State.FULFILLED, State.NOSHOW])
def test_nobody_has_come_or_stayed_away_weeks_ahead(state: State) -> None:
    kind, venue, worker = make.make_type(), make.make_venue(), make.make_staff()
    session = make.make_session(venue, at(9, day=20), at(10, day=20), (worker,), (kind,))
    hers = book(make.make_client(), kind, session, worker, at(9, day=20))
    with pytest.raises(WrongState):
        booking.mark(RECEPTION, hers.id, state)


def test_the_first_offer_is_the_earliest_even_beside_a_long_session() -> None:
    kind, venue, one, two = make.make_type(), make.make_venue(), make.make_staff(), make.make_staff()
    long = make.make_session(venue, at(8, 30, day=2), at(13, day=2), (one,), (kind,))
    make.make_session(venue, at(9, 30, day=2), at(10, 30, day=2), (two,), (kind,))
    for turn in range(2):
        book(make.make_client(), kind, long, one, at(8, 30, day=2) + turn * timedelta(hours=2), 120)
    wanted = Wanted(make.make_client(), kind, at(9), at(9, day=10))
    assert booking.offers(RECEPTION, wanted, 1) == booking.offers(RECEPTION, wanted)[:1]


def test_an_unreadable_venue_is_not_available() -> None:
    kind, venue, worker, her = make.make_type(), make.make_venue(), make.make_staff(), make.make_client()
    session = make.make_session(venue, at(10), at(12), (worker,), (kind,))
    db.session.execute(update(Venue).values(zone="Nowhere/Else"))
    db.session.commit()
    assert booking.offers(RECEPTION, Wanted(her, kind, at(9), at(18))) == []
    assert booking.timetable(her, kind, "in-person", at(9), at(18)) == []
    with pytest.raises(SlotUnavailable):
        book(her, kind, session, worker, at(10))


def test_places_that_count_as_one_keep_one_time_zone() -> None:
    site, other = make.make_site(), make.make_site()
    make.make_venue(site)
    elsewhere = venues.VenueDetails(name="Elsewhere", kind="community", site_id=site, zone="America/New_York")
    with pytest.raises(Invalid) as refused:
        venues.add_venue(SYSTEM, elsewhere)
    assert "zone" in refused.value.fields
    venues.add_venue(SYSTEM, replace(elsewhere, site_id=other))
    with pytest.raises(Invalid):
        venues.set_neighbours(SYSTEM, site, [other])
