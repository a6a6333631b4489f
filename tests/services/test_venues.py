"""Promises of venues, their opening times, and who may know of a confidential one."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, SlotUnavailable, Stale
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, OpeningWindow, SafetyCase, Venue
from scheduler.services import booking, cases, clients, sessions, sweep, venues
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.venues import VenueDetails, WindowDetails
from scheduler.store import nearby
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

MANAGER = Actor("staff", 1, "manager")
LEAD = Actor("staff", None, "lead")
ALL_WEEK = tuple(WindowDetails(day, 540, 1020) for day in range(7))


def women(weekday=0, start=600, end=720, **values):
    return WindowDetails(weekday, start, end, audience="women", **values)


@pytest.fixture
def manager():
    return Actor("staff", make.make_staff(role="manager", sees_clients=False), "manager")


def booked(
    venue, start, *, audience="everyone", eligibility="unknown", mode="in-person", worker=None, hours=1, client=None
):
    """An appointment at `venue` from `start`, in a session of its own."""
    kind = make.make_type(minutes=60 * hours)
    staff = worker or make.make_staff()
    session = make.make_session(
        venue, start, start + timedelta(hours=hours), (staff,), (kind,), audience=audience, modes=[mode]
    )
    who = client or make.make_client(eligibility=eligibility)
    choice = booking.Choice(who, kind, session, staff, mode, start)
    return booking.book(SYSTEM, choice).id, session


# --- who may know -----------------------------------------------------------------------------------------------------


def test_a_confidential_venue_is_seen_only_by_those_assigned_to_it():
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="Where you are staying")
    hub = make.make_venue()
    assigned, other = make.make_staff(), make.make_staff()
    make.assign(assigned, refuge)
    assert {v.id for v in venues.visible(Actor("staff", assigned, "worker"))} == {refuge, hub}
    for role in ("reception", "outreach", "lead", "manager", "worker"):
        assert {v.id for v in venues.visible(Actor("staff", other, role))} == {hub}
    assert {v.id for v in venues.visible(Actor("token", 1, "manager"))} == {hub}


def test_a_confidential_venue_is_not_found_by_the_unassigned_just_as_one_that_never_was():
    refuge = make.make_venue(kind="refuge", confidential=True)
    stranger = Actor("staff", make.make_staff(), "manager")
    for asked in (refuge, 999_999):
        with pytest.raises(NotFound):
            venues.get(stranger, asked)
        with pytest.raises(NotFound):
            venues.edit_venue(stranger, asked, VenueDetails("x", "hub"))
        with pytest.raises(NotFound):
            venues.set_opening_windows(stranger, asked, ALL_WEEK)
        with pytest.raises(NotFound):
            venues.add_closure(stranger, asked, at(9), at(10))
        with pytest.raises(NotFound):
            venues.opening_windows(stranger, asked)


def test_she_herself_sees_only_the_neutral_label_of_where_she_stays():
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="Where you are staying")
    her = make.make_client()
    make.make_stay(her, refuge)
    row = db.session.get(Venue, refuge)
    assert venues.label_for(row, client_actor(her)) == "Where you are staying"
    assert venues.label_for(row, Actor("staff", make.make_staff(), "lead")) == "Where you are staying"


def test_the_site_of_a_confidential_venue_is_hidden_too(manager):
    site = make.make_site("Rowan House")
    make.make_venue(site, kind="refuge", confidential=True)
    near = make.make_venue(make.make_site("Mill Lane"))
    shown = venues.sites(manager)
    assert site not in {each.id for each in shown}
    with pytest.raises(NotFound):
        venues.set_neighbours(manager, db.session.get(Venue, near).site_id, [site])
    with pytest.raises(NotFound):
        venues.add_venue(manager, VenueDetails("Next door", "gp", site_id=site))


def test_neighbours_that_the_manager_may_not_know_of_stay_neighbours(manager):
    hidden, one, two = (make.make_site(name) for name in ("Hidden", "One", "Two"))
    make.make_venue(hidden, kind="refuge", confidential=True)
    make.make_neighbours(one, hidden)
    venues.set_neighbours(manager, one, [two])
    near = {each.id: each.neighbours for each in venues.sites(SYSTEM)}
    assert near[one] == {hidden, two}


def test_who_adds_a_confidential_venue_can_see_it_afterwards(manager):
    made = venues.add_venue(manager, VenueDetails("Rowan House", "refuge", confidential=True))
    assert venues.get(manager, made).card.label == "Where you are staying"
    with pytest.raises(Invalid):
        venues.assign_staff(manager, made, [])


# --- adding and changing ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
def test_only_managers_change_venues(role):
    venue = make.make_venue()
    actor = Actor("staff", make.make_staff(role=role), role)
    for forbidden in (
        lambda: venues.add_venue(actor, VenueDetails("x", "hub")),
        lambda: venues.add_site(actor, "x"),
        lambda: venues.edit_venue(actor, venue, VenueDetails("x", "hub")),
        lambda: venues.set_opening_windows(actor, venue, ALL_WEEK),
        lambda: venues.add_closure(actor, venue, at(9), at(10)),
        lambda: venues.set_neighbours(actor, 1, []),
        lambda: venues.assign_staff(actor, venue, []),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_a_venue_with_words_that_cannot_be_is_refused_field_by_field(manager):
    with pytest.raises(Invalid) as refused:
        venues.add_venue(manager, VenueDetails(" ", "castle", zone="Europe/Nowhere", arrive_early=999))
    assert set(refused.value.fields) == {"name", "kind", "zone", "arrive_early"}
    assert db.session.query(Venue).count() == 0


def test_a_venue_that_someone_else_changed_is_not_overwritten(manager):
    made = venues.add_venue(manager, VenueDetails("The Mill", "hub"))
    venues.edit_venue(manager, made, VenueDetails("The Old Mill", "hub"), version=1)
    with pytest.raises(Stale):
        venues.edit_venue(manager, made, VenueDetails("Mine", "hub"), version=1)


def test_margins_do_not_change_under_a_booking_that_stands(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    appointment, session = booked(venue, at(14))
    with pytest.raises(InTheWay) as refused:
        venues.edit_venue(manager, venue, VenueDetails("The Mill", "hub", leave_late=60))
    assert refused.value.blockers == (appointment,)
    assert refused.value.sessions == (session,)
    assert db.session.get(Venue, venue).leave_late == 15


def test_a_venue_does_not_become_confidential_over_bookings_of_people_who_do_not_stay_there(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    appointment, _ = booked(venue, at(14), eligibility="eligible")
    with pytest.raises(InTheWay) as refused:
        venues.edit_venue(manager, venue, VenueDetails("The Mill", "refuge", confidential=True))
    assert refused.value.blockers == (appointment,)


# --- opening times ----------------------------------------------------------------------------------------------------


def test_opening_times_are_kept_and_recorded(manager):
    venue = make.make_venue()
    assert venues.set_opening_windows(manager, venue, ALL_WEEK) == date(2026, 3, 2)
    assert tuple(venues.opening_windows(manager, venue)) == ALL_WEEK
    assert db.session.query(AuditRecord).filter_by(action="opening-times").count() == 1


@pytest.mark.parametrize(
    "wrong",
    [
        [WindowDetails(7, 0, 60)], [WindowDetails(0, 60, 60)], [WindowDetails(0, 60, 1441)],
        [WindowDetails(0, 0, 60, audience="men")], [WindowDetails(0, 0, 60, clear_before=-1)],
        [WindowDetails(0, 0, 60), WindowDetails(0, 30, 90)],
        [WindowDetails(0, 0, 60, valid_from=date(2026, 4, 1), valid_until=date(2026, 3, 1))],
    ],
)
def test_opening_times_that_cannot_be_are_refused(manager, wrong):
    venue = make.make_venue()
    with pytest.raises(Invalid):
        venues.set_opening_windows(manager, venue, wrong)
    assert db.session.query(OpeningWindow).count() == 0


def test_a_women_only_time_is_not_laid_over_a_booking_of_someone_not_recorded_as_eligible(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    appointment, session = booked(venue, at(10, day=7))
    with pytest.raises(InTheWay) as refused:
        venues.set_opening_windows(manager, venue, [*ALL_WEEK, women()])
    assert refused.value.blockers == (appointment,)
    assert refused.value.sessions == (session,)


@pytest.mark.parametrize(
    ("start", "clear_before", "in_the_way"),
    [
        # The window is 10:00 to 12:00; they are about until 15 minutes after their hour's end.
        (at(8, 45), 0, False),
        (at(8, 50), 0, True),
        (at(8, 15), 30, False),
        (at(8, 20), 30, True),
        (at(12, 15), 0, False),
        (at(12, 10), 0, True),
    ],
)
def test_the_edges_of_a_women_only_time_are_clear_to_the_minute(manager, start, clear_before, in_the_way):
    venue = make.make_venue()
    make.open_all_day(venue)
    appointment, _ = booked(venue, start + timedelta(days=7))
    wanted = [*(WindowDetails(day, 0, 1440) for day in range(7)), women(clear_before=clear_before)]
    if not in_the_way:
        venues.set_opening_windows(manager, venue, wanted)
        return
    with pytest.raises(InTheWay) as refused:
        venues.set_opening_windows(manager, venue, wanted)
    assert refused.value.blockers == (appointment,)


@pytest.mark.parametrize("where", ["same-site", "neighbour"])
def test_a_booking_next_door_is_in_the_way_of_a_women_only_time(manager, where):
    venue = make.make_venue()
    site = db.session.get(Venue, venue).site_id
    other = make.make_venue(site if where == "same-site" else make.make_site("Across the road"))
    if where == "neighbour":
        make.make_neighbours(site, db.session.get(Venue, other).site_id)
    for each in (venue, other):
        make.open_all_day(each)
    appointment, session = booked(other, at(10, day=7))
    with pytest.raises(InTheWay) as refused:
        venues.set_opening_windows(manager, venue, [*ALL_WEEK, women()])
    assert refused.value.blockers == (appointment,)
    assert refused.value.sessions == (session,)


def test_what_is_not_there_in_person_or_is_over_or_cancelled_is_not_in_the_way(manager, clock):
    venue = make.make_venue()
    make.open_all_day(venue)
    booked(venue, at(10), mode="phone")
    booked(venue, at(10, day=7), mode="phone")
    gone, session = booked(venue, at(10, day=14))
    booking.cancel(SYSTEM, gone)
    from scheduler.services import sessions

    sessions.cancel_session(SYSTEM, session)
    booked(venue, at(10), worker=make.make_staff())
    clock.set(at(14))
    venues.set_opening_windows(manager, venue, [*ALL_WEEK, women()])


def test_a_session_for_women_held_by_a_man_is_in_the_way_unless_the_window_says_otherwise(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    man = make.make_staff(woman=False)
    session = make.make_session(venue, at(10, day=7), at(11, day=7), (man,), audience="women")
    with pytest.raises(InTheWay) as refused:
        venues.set_opening_windows(manager, venue, [*ALL_WEEK, women()])
    assert refused.value.sessions == (session,)
    venues.set_opening_windows(manager, venue, [*ALL_WEEK, women(women_staff_only=False)])


def test_from_the_first_clear_date_waits_for_the_last_booking_in_the_way(manager):
    venue = make.make_venue()
    venues.set_opening_windows(manager, venue, ALL_WEEK)
    booked(venue, at(10, day=7))
    booked(venue, at(10, day=14))
    first = venues.set_opening_windows(manager, venue, [*ALL_WEEK, women()], from_first_clear_date=True)
    assert first == date(2026, 3, 17)
    held = [w for w in venues.opening_windows(manager, venue) if w.audience == "women"]
    assert held == [women(valid_from=first)]
    # What is booked stands, and so does everything that was open before.
    assert [w for w in venues.opening_windows(manager, venue) if w.audience == "everyone"] == list(ALL_WEEK)
    assert db.session.query(Appointment).filter_by(state="booked").count() == 2


def test_opening_times_do_not_shrink_under_a_session(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    session = make.make_session(venue, at(16, day=1), at(18, day=1), (make.make_staff(),))
    with pytest.raises(InTheWay) as refused:
        venues.set_opening_windows(manager, venue, ALL_WEEK)
    assert refused.value.sessions == (session,)
    first = venues.set_opening_windows(manager, venue, ALL_WEEK, from_first_clear_date=True)
    assert first == date(2026, 3, 4)
    old = [w for w in venues.opening_windows(manager, venue) if w.until_minute == 1440]
    assert {w.valid_until for w in old} == {date(2026, 3, 3)}


def test_what_was_broken_already_keeps_nobody_from_mending_the_rest(manager):
    venue = make.make_venue()
    make.open_all_day(venue, weekdays=range(0, 2))
    make.make_session(venue, at(10, day=4), at(11, day=4), (make.make_staff(),))
    venues.set_opening_windows(manager, venue, [WindowDetails(0, 0, 1440), WindowDetails(1, 0, 1440), women(2)])


@pytest.mark.parametrize(
    ("day", "start", "in_the_way"),
    [
        # Clocks go forward on 28 March 2027: 09:00 in London is 08:00 UTC from then on.
        (datetime(2027, 3, 28, tzinfo=UTC), 9, True),
        (datetime(2027, 3, 28, tzinfo=UTC), 11, False),
        # They go back on 31 October 2027: 10:00 in London is 10:00 UTC that day.
        (datetime(2027, 10, 31, tzinfo=UTC), 10, True),
        (datetime(2027, 10, 31, tzinfo=UTC), 8, False),
    ],
)
def test_women_only_times_are_read_off_the_wall_on_the_days_when_clocks_change(manager, clock, day, start, in_the_way):
    clock.set(day - timedelta(days=20))
    venue = make.make_venue()
    make.open_all_day(venue)
    booked(venue, day + timedelta(hours=start))
    wanted = [*(WindowDetails(each, 0, 1440) for each in range(7)), women(6, 600, 690)]
    if in_the_way:
        with pytest.raises(InTheWay):
            venues.set_opening_windows(manager, venue, wanted)
    else:
        venues.set_opening_windows(manager, venue, wanted)


# --- closures and neighbours ------------------------------------------------------------------------------------------


def test_a_closure_is_refused_over_a_session_and_kept_elsewhere(manager):
    venue = make.make_venue()
    make.open_all_day(venue)
    session = make.make_session(venue, at(10, day=1), at(12, day=1))
    with pytest.raises(InTheWay) as refused:
        venues.add_closure(manager, venue, at(11, day=1), at(18, day=1))
    assert refused.value.sessions == (session,)
    closed = venues.add_closure(manager, venue, at(12, day=1), at(18, day=1))
    venues.remove_closure(manager, closed)
    with pytest.raises(NotFound):
        venues.remove_closure(manager, closed)
    with pytest.raises(Invalid):
        venues.add_closure(manager, venue, at(12, day=1), at(12, day=1))


def test_new_neighbours_are_refused_when_a_women_only_time_would_be_broken(manager):
    quiet, busy = make.make_venue(), make.make_venue(make.make_site("Across the road"))
    venues.set_opening_windows(manager, quiet, [*ALL_WEEK, women()])
    make.open_all_day(busy)
    appointment, session = booked(busy, at(10, day=7))
    sites = {venue: db.session.get(Venue, venue).site_id for venue in (quiet, busy)}
    with pytest.raises(InTheWay) as refused:
        venues.set_neighbours(manager, sites[quiet], [sites[busy]])
    assert refused.value.blockers == (appointment,)
    assert refused.value.sessions == (session,)
    assert all(not each.neighbours for each in venues.sites(SYSTEM))


# --- to the edges: whatever is changed --------------------------------------------------------------------------------


def test_a_man_keeps_a_session_for_women_only_while_its_time_says_that_he_may(manager):
    """A women-only time whose workers may be anyone cannot become an ordinary one under him."""
    venue = make.make_venue()
    venues.set_opening_windows(manager, venue, [*ALL_WEEK, women(women_staff_only=False)])
    man = make.make_staff(woman=False)
    held = make.make_session(venue, at(10, day=7), at(11, day=7), (man,), audience="women")
    for windows in (ALL_WEEK, [*ALL_WEEK, women(start=615, women_staff_only=False)], [*ALL_WEEK, women()]):
        with pytest.raises(InTheWay) as refused:
            venues.set_opening_windows(manager, venue, windows)
        assert refused.value.sessions == (held,)
    first = venues.set_opening_windows(manager, venue, ALL_WEEK, from_first_clear_date=True)
    assert first == date(2026, 3, 10)


def test_a_place_between_two_others_does_not_bring_them_into_sight_of_each_other(manager):
    """He is at the one and women at the other; the door between sees both, they do not see each other."""
    one, between, other = (make.make_site(name) for name in ("Mill Lane", "Canal Street", "Elm Road"))
    venues.set_opening_windows(manager, make.make_venue(one), [*ALL_WEEK, women()])
    hub = make.make_venue(other)
    booked(hub, at(10, day=7))
    make.make_venue(between)
    venues.set_neighbours(manager, between, [one, other])
    with pytest.raises(InTheWay) as refused:
        venues.set_neighbours(manager, one, [between, other])
    assert len(refused.value.blockers) == 1
    assert len(refused.value.sessions) == 1
    assert nearby.neighbours([one])[one] == {between}


def test_what_waits_in_the_safety_queue_already_keeps_no_door_from_being_recorded(manager):
    one, other = make.make_site(), make.make_site()
    hub = make.make_venue(one)
    make.make_venue(other)
    she = make.make_client(eligibility="eligible")
    venues.set_opening_windows(manager, hub, [*ALL_WEEK, women()])
    booked(hub, at(10, day=7), audience="women", client=she)
    clients.decide_eligibility(LEAD, she, "unknown", "2026")
    assert [each.rule for each in cases.find(None, None)] == ["women"]
    venues.set_neighbours(manager, one, [other])
    assert sweep.run() == (0, 0)


def test_a_women_only_time_that_is_gone_takes_its_cases_along_at_once(manager):
    site, elsewhere = make.make_site(), make.make_site()
    hub, beside = make.make_venue(site), make.make_venue(site)
    she = make.make_client(eligibility="eligible")
    venues.set_opening_windows(manager, hub, ALL_WEEK)
    venues.set_opening_windows(manager, beside, [women()])
    booked(hub, at(9, day=7), client=she)  # she leaves at a quarter past ten

    def queue():
        db.session.expire_all()
        return [row.closed_at is None for row in db.session.query(SafetyCase)]

    clients.decide_eligibility(LEAD, she, "unknown", "2026")
    assert queue() == [True]
    venues.set_opening_windows(manager, beside, [women(start=780, end=840)])
    assert (queue(), sweep.run()) == ([False], (0, 0))
    with pytest.raises(InTheWay):
        venues.set_opening_windows(manager, beside, [women()])
    clients.decide_eligibility(LEAD, she, "eligible", "2026")
    venues.set_opening_windows(manager, beside, [women()])
    clients.decide_eligibility(LEAD, she, "not-eligible", "2026")
    assert queue() == [True]
    venues.edit_venue(manager, beside, VenueDetails("Annexe", "hub", elsewhere))
    assert (queue(), sweep.run()) == ([False], (0, 0))


@pytest.mark.parametrize("neighbour", [False, True])
def test_a_venue_does_not_take_its_women_only_times_to_where_others_are_booked(manager, neighbour):
    site, other = make.make_site(), make.make_site()
    beside = make.make_venue(make.make_site())
    venues.set_opening_windows(manager, beside, [women(clear_after=30)])
    if neighbour:
        make.make_neighbours(site, other)
    hub = make.make_venue(other if neighbour else site)
    standing, session = booked(hub, at(12, 40, day=7))
    with pytest.raises(InTheWay) as refused:  # in the waiting room from 12:25, in the half hour after
        venues.edit_venue(manager, beside, VenueDetails("Annexe", "hub", site))
    assert refused.value.blockers == (standing,)
    assert venues.card(manager, beside).site_id != site
    sessions.cancel_session(SYSTEM, session)
    venues.edit_venue(manager, beside, VenueDetails("Annexe", "hub", site))


def test_a_session_is_not_made_for_women_over_those_who_are_booked_in_it(manager):
    venue, worker = make.make_venue(), make.make_staff()
    make.open_all_day(venue)
    his, session = booked(venue, at(10, day=7), worker=worker)
    details = sessions.details_of(SYSTEM, session)
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(SYSTEM, session, replace(details, audience="women"))
    assert refused.value.blockers == (his,)
    assert sessions.get(SYSTEM, session).audience == "everyone"


@pytest.mark.parametrize("day", ["2027-03-28", "2027-10-31"])
def test_a_women_only_night_holds_through_the_hour_that_is_skipped_and_the_hour_that_comes_twice(
    manager, clock, day
):
    """Sunday from midnight to four by the wall, which is three hours in spring and five in autumn."""
    sunday = date.fromisoformat(day)
    clock.set(datetime.combine(sunday - timedelta(days=7), time(12), UTC))
    venue = make.make_venue()
    night = WindowDetails(6, 0, 240, "women", 15, 15)
    venues.set_opening_windows(manager, venue, [*ALL_WEEK, night])
    spring = sunday.month == 3
    ends = datetime.combine(sunday, time(3 if spring else 4), UTC)
    who, kind, worker = make.make_client(eligibility="unknown"), make.make_type(), make.make_staff()
    for start, fits in (
        (ends - timedelta(minutes=60), False), (ends, False), (ends + timedelta(minutes=25), False),
        (ends + timedelta(minutes=30), True),
    ):  # fmt: skip
        session = make.make_session(venue, start, start + timedelta(minutes=30), (worker,), (kind,))
        choice = booking.Choice(who, kind, session, worker, "in-person", start, 30)
        if not fits:
            with pytest.raises(SlotUnavailable):
                booking.book(SYSTEM, choice)
        else:
            booking.book(SYSTEM, choice)
