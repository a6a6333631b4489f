"""Promises of sessions and series: where, when and by whom they may be held, and what becomes of their bookings."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, SidegateError, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, Closure, Message, SafetyCase, Series, Session, Venue
from scheduler.services import booking, cases, sessions, venues
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.sessions import SeriesDetails, SessionDetails
from scheduler.services.venues import WindowDetails
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

LONDON = ZoneInfo("Europe/London")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)


class Place:
    """A venue open from Monday to Sunday, a worker, a kind of appointment, and someone who runs sessions."""

    def __init__(self):
        self.venue = make.make_venue(creche=True)
        self.site = db.session.get(Venue, self.venue).site_id
        make.open_all_day(self.venue)
        self.worker = make.make_staff()
        self.kind = make.make_type()
        self.group_kind = make.make_type(name="Group", group=True)
        self.actor = Actor("staff", make.make_staff(role="outreach"), "outreach")

    def details(self, start=None, end=None, **values):
        start = start or at(10)
        given = {
            "venue_id": self.venue, "title": "Morning", "start": start, "end": end or start + timedelta(hours=2),
            "types": (self.kind,), "staff": (self.worker,),
        }
        return SessionDetails(**{**given, **values})

    def add(self, start=None, end=None, **values):
        return sessions.add_session(self.actor, self.details(start, end, **values))

    def series(self, **values):
        given = {
            "venue_id": self.venue, "title": "Morning", "rule": "FREQ=WEEKLY;BYDAY=TU", "first_day": date(2026, 3, 3),
            "at_minute": 600, "minutes": 120, "types": (self.kind,), "staff": (self.worker,),
        }
        return SeriesDetails(**{**given, **values})

    def book(self, session, who=None, worker="own", start=None, mode="in-person"):
        row = db.session.get(Session, session)
        who = who or make.make_client()
        staff = None if row.kind != "one-to-one" else (self.worker if worker == "own" else worker)
        choice = booking.Choice(who, row.types[0], session, staff, mode, start or row.start)
        return booking.book(SYSTEM, choice)

    def women_only(self, weekday=0, start=600, end=720, **values):
        windows = [*(WindowDetails(day, 0, 1440) for day in range(7))]
        windows.append(WindowDetails(weekday, start, end, audience="women", **values))
        venues.set_opening_windows(SYSTEM, self.venue, windows)


@pytest.fixture
def place():
    return Place()


def days(series):
    rows = db.session.query(Session).filter_by(series_id=series, cancelled_at=None).order_by(Session.start)
    return [row.start.astimezone(LONDON).date() for row in rows]


# --- who --------------------------------------------------------------------------------------------------------------


def test_reception_does_not_run_sessions(place):
    session = place.add()
    reception = Actor("staff", make.make_staff(role="reception"), "reception")
    for forbidden in (
        lambda: sessions.add_session(reception, place.details(at(14))),
        lambda: sessions.move_session(reception, session, at(14), at(15)),
        lambda: sessions.cancel_session(reception, session),
        lambda: sessions.add_series(reception, place.series()),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_a_session_at_a_confidential_venue_is_unknown_to_the_unassigned_just_as_one_that_never_was(place):
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House")
    make.open_all_day(refuge)
    make.assign(place.worker, refuge)
    own = Actor("staff", place.worker, "worker")
    session = sessions.add_session(own, place.details(venue_id=refuge))
    series = sessions.add_series(own, place.series(venue_id=refuge))
    for asked in (session, 999_999):
        for hidden in (
            lambda asked=asked: sessions.get(place.actor, asked),
            lambda asked=asked: sessions.attendees(place.actor, asked),
            lambda asked=asked: sessions.details_of(place.actor, asked),
            lambda asked=asked: sessions.move_session(place.actor, asked, at(14), at(15)),
            lambda asked=asked: sessions.cancel_session(place.actor, asked),
        ):
            with pytest.raises(NotFound):
                hidden()
    for asked in (series, 999_999):
        with pytest.raises(NotFound):
            sessions.end_series(place.actor, asked)
    with pytest.raises(NotFound):
        place.add(venue_id=refuge)
    assert sessions.mine(place.actor, place.worker, at(0), at(0, day=7)) == []
    assert [each.place for each in sessions.mine(own, place.worker, at(0), at(0, day=1))] == ["Rowan House"]


def test_only_workers_assigned_to_a_confidential_venue_hold_sessions_there(place):
    refuge = make.make_venue(kind="refuge", confidential=True)
    make.open_all_day(refuge)
    with pytest.raises(Invalid) as refused:
        sessions.add_session(SYSTEM, place.details(venue_id=refuge))
    assert set(refused.value.fields) == {"staff"}


# --- when and where ---------------------------------------------------------------------------------------------------


def test_a_session_is_added_with_its_audit_record(place):
    session = place.add()
    card = sessions.get(place.actor, session)
    assert (card.start, card.end, card.staff) == (at(10), at(12), ((place.worker, "Priya N."),))
    assert db.session.query(AuditRecord).filter_by(action="session-add", subject_id=session).count() == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"), ({"title": "x" * 81}, "title"), ({"kind": "ball"}, "kind"),
        ({"title": "Women's group"}, "title"), ({"title": "Recovery café"}, "title"),
        ({"audience": "men"}, "audience"), ({"modes": ()}, "modes"), ({"modes": ("pigeon",)}, "modes"),
        ({"types": ()}, "types"), ({"types": (999_999,)}, "types"), ({"staff": ()}, "staff"),
        ({"staff": (999_999,)}, "staff"), ({"kind": "group"}, "seats"), ({"seats": 0}, "seats"),
        ({"creche": -1}, "creche"), ({"room": "x" * 41}, "room"), ({"end": at(10)}, "end"),
        ({"end": at(10, day=3)}, "end"), ({"start": at(3), "end": at(4)}, "start"),
        ({"start": datetime(2031, 1, 1, tzinfo=UTC), "end": datetime(2031, 1, 1, 1, tzinfo=UTC)}, "start"),
    ],
)
def test_a_session_that_cannot_be_is_refused_by_the_field(place, values, field):
    with pytest.raises(Invalid) as refused:
        place.add(**values)
    assert set(refused.value.fields) == {field}
    assert db.session.query(Session).count() == 0


def test_a_session_lies_within_the_opening_times_and_outside_closures(place):
    venues.set_opening_windows(SYSTEM, place.venue, [WindowDetails(0, 540, 720), WindowDetails(0, 720, 1020)])
    db.session.add(Closure(venue_id=place.venue, start=at(15), end=at(16)))
    db.session.commit()
    assert place.add(at(11), at(13))  # over the seam of two windows that touch
    for start, end in ((at(8), at(10)), (at(16), at(18)), (at(10, day=1), at(11, day=1)), (at(14), at(16))):
        with pytest.raises(Invalid) as refused:
            place.add(start, end)
        assert set(refused.value.fields) == {"start"}


def test_an_online_venue_needs_no_opening_times(place):
    online = make.make_venue(make.make_site("Online"), kind="online")
    assert place.add(venue_id=online, modes=("video",))
    with pytest.raises(Invalid):
        place.add(at(14), venue_id=online, modes=("in-person",))


def test_no_worker_is_in_two_places_at_once(place):
    place.add()
    elsewhere = make.make_venue(make.make_site("Elsewhere"))
    make.open_all_day(elsewhere)
    with pytest.raises(InTheWay):
        place.add(at(11, 55), venue_id=elsewhere)
    assert place.add(at(12), venue_id=elsewhere)


def test_no_room_is_used_twice_at_once_however_its_name_is_typed(place):
    place.add(room="Blue room")
    other = make.make_staff()
    with pytest.raises(InTheWay):
        place.add(at(11), staff=(other,), room="  blue ROOM")
    assert place.add(at(11), staff=(other,), room="Red room")


def test_a_cancelled_session_frees_its_worker_and_room(place):
    sessions.cancel_session(place.actor, place.add(room="Blue"))
    assert place.add(room="Blue")


# --- women-only -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("start", "end", "clear", "fits"),
    [
        (at(8), at(10), 0, True), (at(8), at(10, 5), 0, False), (at(12), at(13), 0, True),
        (at(11, 55), at(13), 0, False), (at(8), at(10), 15, False), (at(8), at(9, 45), 15, True),
        (at(12), at(13), 15, False), (at(12, 15), at(13), 15, True),
    ],
)
def test_a_mixed_session_stays_clear_of_a_women_only_time_to_the_minute(place, start, end, clear, fits):
    place.women_only(clear_before=clear, clear_after=clear)
    start, end = start + timedelta(days=7), end + timedelta(days=7)
    if fits:
        assert place.add(start, end)
    else:
        with pytest.raises(Invalid) as refused:
            place.add(start, end)
        assert set(refused.value.fields) == {"audience"}
    assert place.add(at(10, day=7), at(12, day=7), audience="women", staff=(make.make_staff(),))


def test_a_mixed_session_next_door_or_in_sight_is_refused_without_saying_why(place):
    place.women_only()
    same = make.make_venue(place.site, name="The Annexe")
    across = make.make_venue(make.make_site("Across"))
    make.make_neighbours(place.site, db.session.get(Venue, across).site_id)
    for venue in (same, across):
        make.open_all_day(venue)
        with pytest.raises(InTheWay) as refused:
            place.add(at(10, day=7), venue_id=venue)
        assert (refused.value.blockers, refused.value.sessions) == ((), ())
        assert place.add(at(10, day=7), venue_id=venue, modes=("phone",), staff=(make.make_staff(),))


def test_a_session_for_women_is_staffed_by_women(place):
    man = make.make_staff(woman=False)
    with pytest.raises(Invalid) as refused:
        place.add(audience="women", staff=(place.worker, man))
    assert set(refused.value.fields) == {"staff"}
    place.women_only(women_staff_only=False)
    assert place.add(audience="women", staff=(man,))
    with pytest.raises(Invalid):
        place.add(at(14), audience="women", staff=(man,))


@pytest.mark.parametrize(
    ("day", "start", "fits"),
    [
        (SPRING, 9, False), (SPRING, 10, False), (SPRING, 11, True), (SPRING, 8, True),
        (AUTUMN, 9, True), (AUTUMN, 10, False), (AUTUMN, 11, False), (AUTUMN, 12, True),
    ],
)
def test_women_only_times_hold_on_the_days_when_clocks_change(place, clock, day, start, fits):
    """Ten to twelve on the wall is nine to eleven UTC once the clocks have gone forward, ten to twelve once back."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    clock.set(midnight - timedelta(days=20))
    place.women_only(weekday=6)
    begin = midnight + timedelta(hours=start)
    if fits:
        assert place.add(begin, begin + timedelta(hours=1))
    else:
        with pytest.raises(Invalid):
            place.add(begin, begin + timedelta(hours=1))


# --- kept apart from a worker -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["possible", "confirmed", "dismissed"])
def test_a_worker_whom_she_names_is_not_put_where_she_will_be(place, state):
    her, named = make.make_client(), make.make_staff(given_name="Gareth")
    place.book(place.add(), her)
    make.make_exclusion(her, named, kind="staff", state=state)
    if state == "dismissed":
        assert place.add(at(10), staff=(named,))
        return
    with pytest.raises(InTheWay) as refused:
        place.add(at(10), staff=(named,))
    # The very same answer as for a worker who is simply elsewhere.
    with pytest.raises(InTheWay) as busy:
        place.add(at(10))
    assert (refused.value.public, refused.value.blockers, refused.value.sessions, refused.value.fields) == (
        busy.value.public, busy.value.blockers, busy.value.sessions, busy.value.fields,
    )
    assert place.add(at(12), staff=(named,))  # she left at 10:45; the gap is kept


def test_a_worker_whom_she_names_is_kept_away_in_sight_of_her_and_from_her_online_group(place):
    her, named = make.make_client(), make.make_staff()
    across = make.make_venue(make.make_site("Across"))
    make.open_all_day(across)
    make.make_neighbours(place.site, db.session.get(Venue, across).site_id)
    group = place.add(at(14), kind="group", seats=5, modes=("video",), types=(place.group_kind,))
    place.book(place.add(), her)
    place.book(group, her, mode="video")
    make.make_exclusion(her, named, kind="staff")
    with pytest.raises(InTheWay):
        place.add(at(10), venue_id=across, staff=(named,))
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(
            place.actor, group,
            place.details(at(14), kind="group", seats=5, modes=("video",), types=(place.group_kind,),
                          staff=(place.worker, named)),
        )
    assert refused.value.blockers == ()  # a list with her in it would tell whom he is kept from
    assert place.add(at(10), staff=(named,), modes=("phone",))


def test_he_is_not_put_into_a_series_that_she_is_enrolled_in_nor_at_a_site_closed_to_him(place):
    her, another = make.make_client(), make.make_client()
    enrolled, barred = make.make_staff(), make.make_staff()
    group = {"kind": "group", "seats": 5, "types": (place.group_kind,)}
    sessions.add_series(place.actor, place.series(**group))
    first, second = [(row.id, row.start, row.end) for row in db.session.query(Session).order_by(Session.start).limit(2)]
    place.book(first[0], her)
    make.make_exclusion(her, enrolled, kind="staff", separation="series")
    make.make_exclusion(another, barred, kind="staff", separation="site", sites=(place.site,))
    for worker in (enrolled, barred):
        with pytest.raises(InTheWay):
            sessions.edit_session(
                place.actor, second[0], place.details(second[1], second[2], staff=(place.worker, worker), **group)
            )
    assert place.add(at(14, day=9), staff=(enrolled,))
    with pytest.raises(InTheWay):
        place.add(at(16, day=9), staff=(barred,))


def test_he_is_not_added_to_a_drop_in_that_she_will_phone(place):
    her, named = make.make_client(), make.make_staff()
    drop_in = place.add(kind="drop-in", modes=("in-person", "phone"))
    place.book(drop_in, her, mode="phone")
    make.make_exclusion(her, named, kind="staff")
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(
            place.actor, drop_in,
            place.details(kind="drop-in", modes=("phone",), staff=(place.worker, named)),
        )
    assert refused.value.blockers == ()


@pytest.mark.parametrize("settle", ["move", "cancel"])
def test_a_clash_that_a_moved_or_cancelled_session_settles_leaves_the_queue_at_once(place, settle):
    her, him = make.make_client(), make.make_client(eligibility="unknown")
    place.book(place.add(), her)
    other = place.add(staff=(make.make_staff(),))
    place.book(other, him, worker=sessions.details_of(place.actor, other).staff[0])
    make.make_exclusion(her, him)
    assert cases.refresh([her]).opened == 1
    if settle == "move":
        sessions.move_session(place.actor, other, at(15), at(17))
    else:
        sessions.cancel_session(place.actor, other)
    assert db.session.query(SafetyCase).one().closed_at is not None


# --- moving and cancelling --------------------------------------------------------------------------------------------


def test_moving_a_session_takes_its_appointments_along(place):
    session = place.add()
    booked = place.book(session, start=at(10, 30))
    sessions.move_session(place.actor, session, at(14), at(16), version=1)
    row = db.session.get(Appointment, booked.id)
    assert (row.start, row.present_from) == (at(14, 30), at(14, 15))
    with pytest.raises(Stale):
        sessions.move_session(place.actor, session, at(15), at(17), version=1)


def test_a_session_that_grows_keeps_its_appointments_where_they_are(place):
    session = place.add()
    booked = place.book(session, start=at(10, 30))
    sessions.move_session(place.actor, session, at(9, 30), at(12))
    assert db.session.get(Appointment, booked.id).start == at(10, 30)
    with pytest.raises(InTheWay) as refused:
        sessions.move_session(place.actor, session, at(11), at(12))
    assert refused.value.blockers == (booked.id,)


def test_a_session_does_not_move_to_where_one_of_its_people_must_not_be(place):
    her, him = make.make_client(), make.make_client(eligibility="unknown")
    session = place.add(at(15))
    his = place.book(session, him)
    other = place.add(at(9), staff=(make.make_staff(),))
    place.book(other, her, worker=sessions.details_of(place.actor, other).staff[0], start=at(10, 15))
    make.make_exclusion(her, him)
    with pytest.raises(InTheWay) as refused:
        sessions.move_session(place.actor, session, at(11), at(13))
    assert refused.value.blockers == (his.id,)
    row = db.session.get(Session, session)
    assert (row.start, row.version) == (at(15), 1)
    assert db.session.get(Appointment, his.id).start == at(15)


def test_a_session_does_not_become_for_women_over_the_booking_of_someone_not_recorded_as_eligible(place):
    session = place.add()
    his = place.book(session, make.make_client(eligibility="unknown"))
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(place.actor, session, place.details(audience="women"))
    assert refused.value.blockers == (his.id,)


def test_a_worker_is_not_taken_off_a_session_in_which_someone_is_booked_with_them(place):
    session = place.add()
    booked = place.book(session)
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(place.actor, session, place.details(staff=(make.make_staff(),)))
    assert refused.value.blockers == (booked.id,)


def test_a_group_does_not_shrink_below_those_who_are_coming(place):
    group = {"kind": "group", "seats": 3, "types": (place.group_kind,), "creche": 2}
    session = place.add(**group)
    for _ in range(2):
        place.book(session)
    with pytest.raises(Invalid) as refused:
        sessions.edit_session(place.actor, session, place.details(**{**group, "seats": 1}))
    assert set(refused.value.fields) == {"seats"}
    sessions.edit_session(place.actor, session, place.details(**{**group, "seats": 2}))


def test_cancelling_a_session_cancels_its_appointments_and_plans_texts(place):
    session = place.add()
    her = make.make_client()
    make.make_safe_contact(her)
    booked = place.book(session, her)
    assert sessions.cancel_session(place.actor, session) == 1
    assert db.session.get(Appointment, booked.id).state == "cancelled"
    planned = {row.purpose for row in db.session.query(Message).filter_by(appointment_id=booked.id, state="planned")}
    assert planned == {"cancellation"}
    with pytest.raises(WrongState):
        sessions.cancel_session(place.actor, session)


def test_a_session_that_someone_has_come_to_is_not_cancelled_under_them(place, clock):
    session = place.add()
    booked = place.book(session)
    clock.set(at(10))
    booking.mark(SYSTEM, booked.id, "arrived")
    with pytest.raises(WrongState):
        sessions.cancel_session(place.actor, session)


def test_new_words_are_let_through_even_while_a_clash_waits(place):
    her, named = make.make_client(), make.make_staff()
    session = place.add(staff=(place.worker, named))
    place.book(session, her)
    make.make_exclusion(her, named, kind="staff")
    sessions.edit_session(place.actor, session, place.details(title="Later morning", staff=(place.worker, named)))
    assert db.session.get(Session, session).title == "Later morning"


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_worker_sees_first_names_and_initials_of_their_own_sessions_only(place):
    session = place.add()
    place.book(session, make.make_client(given_name="Zsófia", family_name="Öllős"))
    own, other = Actor("staff", place.worker, "worker"), Actor("staff", make.make_staff(), "worker")
    assert [each.name for each in sessions.attendees(own, session)] == ["Zsófia Ö."]
    with pytest.raises(NotAllowed):
        sessions.attendees(other, session)


def test_my_sessions_count_who_is_expected_and_who_came(place, clock):
    session = place.add()
    first, second = place.book(session, start=at(10)), place.book(session, start=at(10, 30))
    third = place.book(session, start=at(11))
    booking.cancel(SYSTEM, third.id)
    clock.set(at(11))
    booking.mark(SYSTEM, first.id, "arrived")
    booking.mark(SYSTEM, second.id, "noshow")
    (card,) = sessions.mine(Actor("staff", place.worker, "worker"), place.worker, at(0), at(0, day=1))
    assert (card.booked, card.came) == (1, 1)


# --- series -----------------------------------------------------------------------------------------------------------


def test_a_series_has_its_sessions_for_twenty_six_weeks_and_a_second_run_makes_none(place, clock):
    series = sessions.add_series(place.actor, place.series())
    made = days(series)
    assert (made[0], len(made)) == (date(2026, 3, 3), 26)
    assert {day.weekday() for day in made} == {1}
    assert sessions.extend_horizon(clock.now()) == 0
    clock.forward(days=7)
    assert sessions.extend_horizon(clock.now()) == 1
    assert sessions.extend_horizon(clock.now()) == 0
    assert len(days(series)) == 27


def test_a_telling_title_is_refused_when_it_is_typed_and_one_kept_from_before_stops_no_series(place, clock):
    with pytest.raises(Invalid) as refused:
        sessions.add_series(place.actor, place.series(title="Drug and alcohol clinic"))
    assert list(refused.value.fields) == ["title"]
    series = sessions.add_series(place.actor, place.series())
    before = len(days(series))
    db.session.execute(update(Series).where(Series.id == series).values(title="Women's clinic"))
    db.session.commit()
    details, version = sessions.series_details(place.actor, series)
    with pytest.raises(Invalid):
        sessions.edit_series(place.actor, series, details, None, version)
    assert sessions.skipped_days(place.actor, series) == []
    clock.forward(days=14)
    sessions.extend_horizon(clock.now())
    assert len(days(series)) == before + 2


def test_a_series_keeps_its_time_on_the_wall_when_clocks_change(place, clock):
    clock.set(datetime(2027, 3, 1, 9, tzinfo=UTC))
    series = sessions.add_series(place.actor, place.series(first_day=date(2027, 3, 21), rule="FREQ=WEEKLY;BYDAY=SU"))
    rows = db.session.query(Session).filter_by(series_id=series).order_by(Session.start)
    starts = [row.start for row in rows][:3]
    assert [start.hour for start in starts] == [10, 9, 9]
    assert {start.astimezone(LONDON).hour for start in starts} == {10}


def test_a_day_whose_hour_the_spring_change_skips_is_left_out_and_told(place, clock):
    clock.set(datetime(2027, 3, 1, 9, tzinfo=UTC))
    details = place.series(first_day=date(2027, 3, 21), rule="FREQ=WEEKLY;BYDAY=SU", at_minute=90, minutes=20)
    series = sessions.add_series(place.actor, details)
    assert SPRING not in days(series)
    assert [(each.day, each.sentence) for each in sessions.skipped_days(place.actor, series)] == [
        (SPRING, "The clocks go forward then.")
    ]
    with pytest.raises(Invalid) as refused:
        sessions.local_instant(SPRING, 90, LONDON)
    assert set(refused.value.fields) == {"start"}


def test_an_hour_that_comes_twice_makes_one_session_the_first(place, clock):
    clock.set(datetime(2027, 10, 1, 9, tzinfo=UTC))
    details = place.series(first_day=AUTUMN, last_day=AUTUMN, rule="FREQ=DAILY", at_minute=90, minutes=20)
    series = sessions.add_series(place.actor, details)
    (row,) = db.session.query(Session).filter_by(series_id=series)
    assert row.start == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


def test_days_that_do_not_fit_are_left_out_told_and_made_once_they_do(place):
    closed = venues.add_closure(SYSTEM, place.venue, at(0, day=8), at(0, day=9))
    place.add(at(11, day=15))
    series = sessions.add_series(place.actor, place.series())
    told = {each.day: each.sentence for each in sessions.skipped_days(place.actor, series)}
    assert told == {
        date(2026, 3, 10): "The venue is not open for the whole of that time.",
        date(2026, 3, 17): InTheWay.sentence,
    }
    venues.remove_closure(SYSTEM, closed)
    assert sessions.try_skipped_days(place.actor, series) == 1
    assert date(2026, 3, 10) in days(series)


def test_a_mixed_series_leaves_out_women_only_times_also_when_it_is_extended(place, clock):
    series = sessions.add_series(place.actor, place.series())
    last = days(series)[-1]
    windows = [*(WindowDetails(day, 0, 1440) for day in range(7))]
    women = WindowDetails(1, 600, 660, audience="women", valid_from=last + timedelta(days=1))
    venues.set_opening_windows(SYSTEM, place.venue, [*windows, women])
    clock.forward(days=21)
    assert sessions.extend_horizon(clock.now()) == 0
    assert days(series)[-1] == last


def test_a_series_none_of_whose_sessions_can_be_held_is_refused(place):
    place.women_only(weekday=1)
    with pytest.raises(Invalid) as refused:
        sessions.add_series(place.actor, place.series())
    assert set(refused.value.fields) == {"first_day"}
    assert db.session.query(Series).count() == 0


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule": ""}, "rule"), ({"rule": "FREQ=SECONDLY"}, "rule"), ({"rule": "FREQ=WEEKLY;COUNT=3"}, "rule"),
        ({"rule": "FREQ=WEEKLY;UNTIL=20300101"}, "rule"), ({"rule": "FREQ=WEEKLY\nDTSTART:20260101"}, "rule"),
        ({"rule": "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=31"}, "rule"), ({"rule": "FREQ=DAILY;BYMONTHDAY=99"}, "rule"),
        ({"rule": "FREQ=WEEKLY;FREQ=DAILY"}, "rule"), ({"at_minute": 1440}, "at_minute"), ({"minutes": 4}, "minutes"),
        ({"first_day": date(1999, 1, 1)}, "first_day"), ({"last_day": date(2026, 3, 1)}, "last_day"),
    ],
)
def test_a_series_that_cannot_be_is_refused_by_the_field(place, values, field):
    with pytest.raises(Invalid) as refused:
        sessions.add_series(place.actor, place.series(**values))
    assert set(refused.value.fields) == {field}


def test_a_session_moved_or_cancelled_by_hand_stays_so_whatever_its_series_does(place, clock):
    series = sessions.add_series(place.actor, place.series())
    moved, cancelled = [row.id for row in db.session.query(Session).order_by(Session.start).limit(2)]
    sessions.move_session(place.actor, moved, at(15, day=2), at(17, day=2))
    sessions.cancel_session(place.actor, cancelled)
    assert sessions.try_skipped_days(place.actor, series) == 0
    now_held = sessions.edit_series(place.actor, series, place.series(at_minute=660))
    assert db.session.get(Session, moved).start == at(15, day=2)
    held = days(now_held)
    assert date(2026, 3, 10) not in held
    assert date(2026, 3, 3) not in held
    assert db.session.query(Session).filter_by(series_id=now_held, series_day=date(2026, 3, 17)).one().start == at(
        11, day=15
    )


def test_this_and_following_leaves_what_came_before(place):
    series = sessions.add_series(place.actor, place.series())
    before = days(series)
    new = sessions.edit_series(place.actor, series, place.series(at_minute=840), from_day=before[4])
    assert new != series
    assert days(series) == before[:4]
    starts = [row.start.astimezone(LONDON).hour for row in db.session.query(Session).filter_by(series_id=new)]
    assert starts == [14] * len(before[4:])


def test_a_series_moves_with_its_bookings_or_not_at_all(place):
    series = sessions.add_series(place.actor, place.series())
    first, second = [row.id for row in db.session.query(Session).order_by(Session.start).limit(2)]
    hers = place.book(first)
    her = make.make_client()
    theirs = place.book(second, her)
    sessions.edit_series(place.actor, series, place.series(at_minute=660))
    assert db.session.get(Appointment, hers.id).start == at(11, day=1)
    other = make.make_venue(make.make_site("Elsewhere"))
    make.open_all_day(other)
    elsewhere = make.make_session(
        other, at(14, day=8), at(16, day=8), (make.make_staff(),), (place.kind,)
    )
    worker = db.session.execute(db.text("SELECT staff_id FROM session_staff WHERE session_id = :s"), {"s": elsewhere})
    place.book(elsewhere, her, worker=worker.scalar())
    with pytest.raises(InTheWay) as refused:
        sessions.edit_series(place.actor, series, place.series(at_minute=840))
    assert refused.value.blockers == (theirs.id,)
    assert db.session.get(Appointment, hers.id).start == at(11, day=1)


def test_a_series_given_another_day_cancels_empty_sessions_and_never_booked_ones(place):
    series = sessions.add_series(place.actor, place.series())
    booked = place.book(db.session.query(Session).order_by(Session.start).first().id)
    with pytest.raises(InTheWay) as refused:
        sessions.edit_series(place.actor, series, place.series(rule="FREQ=WEEKLY;BYDAY=WE"))
    assert refused.value.blockers == (booked.id,)
    booking.cancel(SYSTEM, booked.id)
    now_held = sessions.edit_series(place.actor, series, place.series(rule="FREQ=WEEKLY;BYDAY=WE"))
    assert {day.weekday() for day in days(now_held)} == {2}


def test_ending_a_series_cancels_what_is_to_come_and_makes_no_more(place, clock):
    series = sessions.add_series(place.actor, place.series())
    booked = place.book(db.session.query(Session).order_by(Session.start.desc()).first().id)
    fourth = days(series)[3]
    assert sessions.end_series(place.actor, series, from_day=fourth) == 23
    assert db.session.get(Appointment, booked.id).state == "cancelled"
    clock.forward(days=30)
    assert sessions.extend_horizon(clock.now()) == 0


def test_one_series_that_fails_keeps_no_other_back(place, clock):
    leaver = make.make_staff()
    broken = sessions.add_series(place.actor, place.series(staff=(leaver,), rule="FREQ=WEEKLY;BYDAY=MO"))
    sound = sessions.add_series(place.actor, place.series())
    from scheduler.models import Staff

    db.session.get(Staff, leaver).active = False
    db.session.commit()
    before = len(days(broken)), len(days(sound))
    clock.forward(days=14)
    assert sessions.extend_horizon(clock.now()) == 2
    assert (len(days(broken)), len(days(sound))) == (before[0], before[1] + 2)


def test_every_refusal_is_one_that_pages_and_the_api_can_show():
    assert all(issubclass(each, SidegateError) for each in (InTheWay, Invalid, NotFound, Stale, WrongState))
