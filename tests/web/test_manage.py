"""Promises of the managing pages: places, opening times, closures, staff and tokens."""

import re

import pytest

from scheduler.extensions import db
from scheduler.models import ApiToken, Closure, FeedToken, OpeningWindow, Session, SignIn, Staff, Venue
from scheduler.services import staff, venues
from scheduler.services.actors import SYSTEM
from scheduler.services.venues import WindowDetails
from scheduler.store import diary

from ..support import factories as make
from ..support.desk import Desk, alike
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def desk(app):
    return Desk(app, "manager")


def fresh():
    """See what the pages wrote: end the test's own view of the database."""
    db.session.rollback()


def rows(*windows):
    """The fields of the opening times form, a column of values for each."""
    names = ("weekday", "from", "until", "audience", "before", "after", "workers", "valid_from", "valid_until")
    usual = {"audience": "everyone", "before": "", "after": "", "workers": "women", "valid_from": "", "valid_until": ""}
    return {name: [{**usual, **window}[name] for window in windows] for name in names}


ALL_DAY = [{"weekday": str(day), "from": "09:00", "until": "17:00"} for day in range(7)]
WOMEN = {"weekday": "0", "from": "10:00", "until": "12:00", "audience": "women", "before": "15"}


# --- places -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
def test_the_managing_pages_are_the_managers(app, role):
    other = Desk(app, role)
    for path in ("/manage/", "/manage/staff", "/manage/tokens", "/manage/venues/new"):
        assert other.get(path).status_code == 403
    assert other.post("/manage/staff/new", given_name="x").status_code == 403


def test_a_place_is_added_and_changed(desk):
    answer = desk.post(
        "/manage/venues/new", name="Elm Road Surgery", kind="gp", zone="Europe/London", arrive_early="10",
        leave_late="20", active="yes",
    )
    assert answer.status_code == 302
    venue = db.session.query(Venue).one()
    assert (venue.name, venue.arrive_early, venue.leave_late) == ("Elm Road Surgery", 10, 20)
    form = {"name": "Elm Road", "kind": "gp", "zone": "Europe/London", "site": str(venue.site_id), "active": "yes",
            "arrive_early": "10", "leave_late": "20", "version": "1"}
    assert desk.post(f"/manage/venues/{venue.id}/change", **form).status_code == 302
    assert desk.post(f"/manage/venues/{venue.id}/change", **form).status_code == 412
    fresh()
    assert db.session.get(Venue, venue.id).name == "Elm Road"


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"name": ""}, "name"), ({"kind": "castle"}, "kind"), ({"zone": "x"}, "zone"),
     ({"arrive_early": "soon"}, "arrive_early"),
     ({"leave_late": "999"}, "leave_late"), ({"address": "x" * 301}, "address")],
)
def test_a_place_that_cannot_be_is_told_by_the_field_and_kept_as_typed(desk, changed, field):
    form = {"name": "Elm Road", "kind": "gp", "zone": "Europe/London", "phone": "the blue phone", "arrive_early": "15",
            "leave_late": "15", **changed}
    answer = desk.post("/manage/venues/new", **form)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert "the blue phone" in answer.text
    assert db.session.query(Venue).count() == 0


def test_a_confidential_place_is_the_same_404_as_one_that_never_was(desk):
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", postcode="TS9 9ZZ")
    for path in ("", "/hours", "/change"):
        hidden, never = (desk.get(f"/manage/venues/{number}{path}") for number in (refuge, 999_999))
        assert hidden.status_code == never.status_code == 404
        assert alike(hidden) == alike(never)
    for path in ("/hours", "/change", "/closures", "/staff", "/neighbours"):
        assert desk.post(f"/manage/venues/{refuge}{path}").status_code == 404
    for path in ("/manage/", "/manage/tokens", "/manage/staff/new", "/manage/venues/new"):
        assert "Rowan House" not in desk.get(path).text
    make.assign(desk.staff_id, refuge)
    assert "Rowan House" in desk.get(f"/manage/venues/{refuge}").text


# --- opening times ----------------------------------------------------------------------------------------------------


def test_the_week_words_and_colours_women_only_times(desk):
    venue = make.make_venue()
    assert desk.post(f"/manage/venues/{venue}/hours", **rows(*ALL_DAY, WOMEN)).status_code == 302
    page = desk.get(f"/manage/venues/{venue}").text
    assert "10:00–12:00, Women only, clear 15 min before" in page
    assert re.search(r'<li class="women">10:00', page)
    assert re.search(r'<rect class="women" x="40.0"', page)
    window = db.session.query(OpeningWindow).filter_by(audience="women").one()
    assert (window.from_minute, window.until_minute, window.clear_before) == (600, 720, 15)


def test_until_midnight_is_the_end_of_the_day(desk):
    venue = make.make_venue()
    desk.post(f"/manage/venues/{venue}/hours", **rows({"weekday": "2", "from": "18:00", "until": "00:00"}))
    window = db.session.query(OpeningWindow).one()
    assert window.until_minute == 1440
    assert 'value="00:00"' in desk.get(f"/manage/venues/{venue}/hours").text


def test_bookings_in_the_way_are_listed_and_the_change_can_wait_for_the_first_clear_day(desk):
    venue = make.make_venue()
    venues.set_opening_windows(SYSTEM, venue, [WindowDetails(day, 540, 1020) for day in range(7)])
    session = make.make_session(venue, at(10, day=7), at(11, day=7), (make.make_staff(),), title="Mixed")
    form = rows(*({**day, "valid_from": ""} for day in ALL_DAY), WOMEN)
    answer = desk.post(f"/manage/venues/{venue}/hours", **form)
    assert answer.status_code == 409
    assert "Monday 9 March, 10:00, The Mill, Mixed" in answer.text
    assert f"/outreach/sessions/{session}" in answer.text
    assert db.session.query(OpeningWindow).filter_by(audience="women").count() == 0
    answer = desk.post(f"/manage/venues/{venue}/hours", later="yes", **form)
    assert answer.status_code == 302
    assert "Tuesday 10 March 2026" in desk.get(answer.headers["Location"]).text
    assert db.session.get(Session, session).cancelled_at is None


def test_what_is_in_the_way_at_a_place_that_she_may_not_know_of_is_only_counted(desk):
    venue = make.make_venue()
    site = db.session.get(Venue, venue).site_id
    refuge = make.make_venue(site, kind="refuge", confidential=True, name="Rowan House")
    make.open_all_day(venue)
    make.open_all_day(refuge)
    make.make_session(refuge, at(10, day=7), at(11, day=7), (make.make_staff(),), title="Lounge")
    answer = desk.post(f"/manage/venues/{venue}/hours", **rows(*ALL_DAY, WOMEN))
    assert answer.status_code == 409
    assert "and 1 more" in answer.text
    assert "Rowan" not in answer.text
    assert "Lounge" not in answer.text


@pytest.mark.parametrize(
    "wrong",
    [
        {"weekday": "9", "from": "09:00", "until": "10:00"}, {"weekday": "0", "from": "10:00", "until": "09:00"},
        {"weekday": "0", "from": "x", "until": "09:00"}, {"weekday": "0", "from": "09:00", "until": ""},
        {"weekday": "0", "from": "09:00", "until": "25:00"},
        {"weekday": "0", "from": "09:00", "until": "10:00", "before": "x"},
        {"weekday": "0", "from": "09:00", "until": "10:00", "audience": "men"},
        {"weekday": "0", "from": "²:00", "until": "10:00"},
    ],
)
def test_opening_times_that_cannot_be_are_told_and_kept_as_typed(desk, wrong):
    venue = make.make_venue()
    answer = desk.post(f"/manage/venues/{venue}/hours", **rows(wrong, ALL_DAY[3]))
    assert answer.status_code == 422
    assert 'id="windows-wrong"' in answer.text
    assert 'value="17:00"' in answer.text
    assert db.session.query(OpeningWindow).count() == 0


def test_a_form_whose_columns_do_not_fit_changes_nothing(desk):
    venue = make.make_venue()
    make.open_all_day(venue)
    session = make.make_session(venue, at(10, day=1), at(11, day=1))
    broken = {**rows(*ALL_DAY), "weekday": ["1"]}
    assert desk.post(f"/manage/venues/{venue}/hours", **broken).status_code in (409, 422)
    assert db.session.query(OpeningWindow).count() == 7
    assert db.session.get(Session, session).cancelled_at is None


# --- closures ---------------------------------------------------------------------------------------------------------


def test_a_place_is_closed_for_whole_days_or_hours_and_opened_again(desk):
    venue = make.make_venue()
    desk.post(f"/manage/venues/{venue}/closures", first_day="2026-04-03", last_day="2026-04-06")
    desk.post(f"/manage/venues/{venue}/closures", first_day="2026-05-01", **{"from": "13:00", "until": "15:00"})
    first, second = db.session.query(Closure).order_by(Closure.start)
    assert (second.end - second.start).total_seconds() == 2 * 3600
    assert (first.end - first.start).days == 4
    assert desk.post(f"/manage/venues/{venue}/closures/{first.id}/remove").status_code == 302
    fresh()
    assert db.session.query(Closure).count() == 1


@pytest.mark.parametrize(
    ("form", "field"),
    [({}, "first_day"), ({"first_day": "2026-02-30"}, "first_day"),
     ({"first_day": "2026-04-03", "last_day": "x"}, "last_day"),
     ({"first_day": "2027-03-28", "from": "01:30", "until": "05:00"}, "from"),
     ({"first_day": "2026-04-03", "last_day": "2026-04-02"}, "until"),
     ({"first_day": "2026-04-03", "from": "15:00", "until": "14:00"}, "until")],
)
def test_a_closure_that_cannot_be_is_told_by_the_field(desk, form, field):
    venue = make.make_venue()
    answer = desk.post(f"/manage/venues/{venue}/closures", **form)
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text


def test_a_closure_that_is_over_is_not_taken(desk):
    venue = make.make_venue()
    answer = desk.post(f"/manage/venues/{venue}/closures", first_day="2020-01-01", last_day="2020-01-02")
    assert answer.status_code == 422
    assert "That time has passed." in answer.text
    assert db.session.query(Closure).count() == 0


def test_a_closure_over_a_session_lists_it(desk):
    venue = make.make_venue()
    make.open_all_day(venue)
    make.make_session(venue, at(10, day=1), at(11, day=1), title="Morning")
    answer = desk.post(f"/manage/venues/{venue}/closures", first_day="2026-03-03")
    assert answer.status_code == 409
    assert "Tuesday 3 March, 10:00, The Mill, Morning" in answer.text
    assert db.session.query(Closure).count() == 0


# --- staff and tokens -------------------------------------------------------------------------------------------------


def test_someone_is_added_and_can_sign_in(desk):
    form = {"given_name": "Nell", "family_name": "Ash", "role": "outreach", "sees_clients": "yes", "woman": "yes",
            "username": "nell", "password": "green tea at four"}
    assert desk.post("/manage/staff/new", **form).status_code == 302
    assert staff.check_password("nell", "green tea at four").role == "outreach"
    again = desk.post("/manage/staff/new", **form)
    assert again.status_code == 422
    assert 'id="username-wrong"' in again.text
    assert "green tea" not in again.text


def test_who_is_assigned_is_someone_known(desk):
    venue, worker = make.make_venue(), make.make_staff()
    assert desk.post(f"/manage/venues/{venue}/staff", staff=[str(worker)]).status_code == 302
    for wrong in ("999999", "x", str(10**30)):
        answer = desk.post(f"/manage/venues/{venue}/staff", staff=[str(worker), wrong])
        assert answer.status_code == 422
        assert 'id="staff-wrong"' in answer.text
    fresh()
    assert diary.assigned_venues(worker) == {venue}


def test_an_account_is_ended_with_its_sign_ins_and_keeps_its_places(app, desk):
    refuge = make.make_venue(kind="refuge", confidential=True)
    other = Desk(app, "worker")
    make.assign(other.staff_id, refuge)
    assert desk.post(f"/manage/staff/{other.staff_id}/active", active="no").status_code == 302
    fresh()
    assert not db.session.get(Staff, other.staff_id).active
    assert diary.assigned_venues(other.staff_id) == {refuge}
    assert db.session.query(SignIn).filter_by(staff_id=other.staff_id, ended_at=None).count() == 0
    assert other.get("/outreach/").status_code == 302
    desk.post(f"/manage/staff/{desk.staff_id}/active", active="no")
    fresh()
    assert db.session.get(Staff, desk.staff_id).active


def test_a_new_password_signs_them_out_everywhere(app, desk):
    other = Desk(app, "worker")
    desk.post(f"/manage/staff/{other.staff_id}/password", password="short")
    assert other.get("/outreach/").status_code == 200
    desk.post(f"/manage/staff/{other.staff_id}/password", password="a new long password")
    assert other.get("/outreach/").status_code == 302


def test_a_token_is_shown_once_and_ended_at_once(desk):
    page = desk.post("/manage/tokens", name="Reports", role="lead").text
    token = re.search(r"sg_[\w-]+", page).group()
    assert staff.token_actor(token).role == "lead"
    assert token not in desk.get("/manage/tokens").text
    row = db.session.query(ApiToken).one()
    assert desk.post(f"/manage/tokens/{row.id}/end").status_code == 302
    fresh()
    assert staff.token_actor(token) is None
    assert desk.post("/manage/tokens", name="", role="king").status_code == 422


def test_a_feed_is_made_for_a_worker_or_a_known_place_only(desk):
    worker, venue = make.make_staff(), make.make_venue()
    refuge = make.make_venue(kind="refuge", confidential=True)
    page = desk.post("/manage/feeds", subject=f"worker.{worker}").text
    assert re.search(r"/calendar/[\w-]+\.ics", page)
    assert desk.post("/manage/feeds", subject=f"partner.{venue}").status_code == 200
    for wrong in (f"venue.{refuge}", "venue.x", "pigeon.1", "", f"partner.{10**30}"):
        assert desk.post("/manage/feeds", subject=wrong).status_code == 422
    assert db.session.query(FeedToken).count() == 2
    row = db.session.query(FeedToken).first()
    assert desk.post(f"/manage/feeds/{row.id}/end").status_code == 302
