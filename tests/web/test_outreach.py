"""Promises of a worker's own pages: what they show, what they refuse, and what they never tell."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event

from scheduler.errors import SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Alert, Appointment, Series, Session
from scheduler.services import booking, clients, exclusions, sessions
from scheduler.services.actors import SYSTEM
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails

from ..support import factories as make
from ..support.desk import Desk, alike
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")


def fresh():
    """See what the pages wrote: end the test's own view of the database."""
    db.session.rollback()


def titled(title):
    """The sessions of this title, in order. Titles are encrypted, so the database cannot look for one."""
    fresh()
    return [row for row in db.session.query(Session).order_by(Session.start) if row.title == title]


class Round:
    """An outreach worker, a place open all week, a kind of appointment, and a session of hers today."""

    def __init__(self, app: Flask) -> None:
        self.worker = make.make_staff(role="outreach", given_name="Grace", family_name="Owusu", username="grace")
        self.app = app
        self.sign_in()
        self.venue = make.make_venue(name="Elm Road Family Hub", creche=True)
        make.open_all_day(self.venue)
        self.kind = make.make_type()
        self.session = self.add(at(10), at(12))

    def sign_in(self):
        """Sign in, also again after the clock was moved by more than an hour."""
        self.desk = Desk(self.app, "outreach", staff_id=self.worker)

    def add(self, start, end, **values):
        given = {"staff": (self.worker,), "types": (self.kind,), "title": "Stay and talk", **values}
        return make.make_session(given.pop("venue", self.venue), start, end, **given)

    def book(self, session=None, start=None, **who):
        session = session or self.session
        row = db.session.get(Session, session)
        staff = self.worker if row.kind == "one-to-one" else None
        client = make.make_client(**{"given_name": "Amina", "family_name": "Khan", **who})
        return booking.book(SYSTEM, booking.Choice(client, self.kind, session, staff, "in-person", start or row.start))

    def form(self, **changed):
        given = {
            "venue": str(self.venue), "date": "2026-03-05", "start": "14:00", "end": "16:00", "title": "Coffee",
            "kind": "one-to-one", "audience": "everyone", "modes": ["in-person"], "types": [str(self.kind)],
            "staff": [str(self.worker)], "seats": "", "creche": "", "room": "", "repeat": "", "last_day": "",
            "scope": "this",
        }
        return {**given, **changed}


@pytest.fixture
def round_(app):
    return Round(app)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_the_week_shows_my_sessions_today_first_and_how_many_are_coming(round_):
    round_.book()
    round_.add(at(14, day=3), at(16, day=3), title="Later")
    other = make.make_staff()
    round_.add(at(9), at(10), staff=(other,), title="Somebody else's")
    page = round_.desk.get("/outreach/").text
    assert page.index("Today") < page.index("Stay and talk") < page.index("Later")
    assert "Somebody else" not in page
    assert "Somebody else" in round_.desk.get("/outreach/?whose=all").text


def test_the_number_of_queries_does_not_grow_with_the_week(round_):
    def queries():
        counted = []
        event.listen(db.engine, "before_cursor_execute", lambda *args: counted.append(args[2]))
        round_.desk.get("/outreach/")
        round_.desk.get("/outreach/list")
        return len(counted)

    few = queries()
    for day in range(6):
        for hour in (13, 15, 17):
            session = round_.add(at(hour, day=day), at(hour + 1, day=day))
            round_.book(session)
    many = queries() - few  # both listeners count the second time
    assert many <= 2 * few + 4


def test_who_is_coming_is_a_first_name_and_an_initial_and_nothing_more(round_):
    round_.book(given_name="Amina", family_name="Khan-Baker", phone="+447700900123", date_of_birth="1987-03-05")
    page = round_.desk.get(f"/outreach/sessions/{round_.session}").text
    assert "Amina K." in page
    for secret in ("Khan-Baker", "07700", "447700", "1987"):
        assert secret not in page


def test_another_workers_session_does_not_say_who_is_coming_to_a_worker(app, round_):
    round_.book()
    page = Desk(app, "worker").get(f"/outreach/sessions/{round_.session}")
    assert page.status_code == 200
    assert "Amina" not in page.text


def test_a_confidential_venue_is_the_same_404_as_a_session_that_never_was(app, round_):
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", postcode="TS9 9ZZ")
    make.open_all_day(refuge)
    make.assign(round_.worker, refuge)
    session = round_.add(at(14), at(16), venue=refuge)
    assert "Rowan House" in round_.desk.get(f"/outreach/sessions/{session}").text
    for role in ("outreach", "worker", "lead", "manager"):
        stranger = Desk(app, role)
        hidden, never = (stranger.get(f"/outreach/sessions/{number}") for number in (session, 999_999))
        assert hidden.status_code == never.status_code == 404
        assert alike(hidden) == alike(never)
        for path in ("cancel", "change"):
            assert stranger.get(f"/outreach/sessions/{session}/{path}").status_code == 404
            assert stranger.post(f"/outreach/sessions/{session}/{path}").status_code == 404
        for path in (
            "/outreach/?whose=all", f"/outreach/?whose=all&venue={refuge}", "/outreach/sessions/new",
            f"/outreach/sessions/new?like={session}",
        ):
            assert "Rowan House" not in stranger.get(path).text
    assert db.session.get(Session, session).cancelled_at is None


def test_the_days_list_has_everyone_to_tick_off(round_):
    round_.book()
    gone = round_.book(start=at(11), given_name="Beth", family_name="Jones")
    booking.cancel(SYSTEM, gone.id)
    page = round_.desk.get("/outreach/list").text
    assert "Amina K." in page
    assert "Beth" not in page


@pytest.mark.parametrize("path", ["/outreach/?from=2026-13-01", "/outreach/?from=x", "/outreach/list?date=2026-02-30",
                                  "/outreach/sessions/new?like=x"])
def test_a_day_that_does_not_exist_is_a_clear_answer(round_, path):
    assert round_.desk.get(path).status_code == 422


# --- marking ----------------------------------------------------------------------------------------------------------


def test_she_is_marked_as_here_or_not_and_it_can_be_taken_back(round_, clock):
    booked = round_.book()
    clock.set(at(10, 5))
    round_.sign_in()
    for what, state in (("came", "arrived"), ("undo", "booked"), ("absent", "noshow"), ("undo", "booked")):
        answer = round_.desk.post(f"/outreach/sessions/{round_.session}/mark", mark=f"{booked.id}.{what}")
        assert answer.status_code == 302
        fresh()
        assert db.session.get(Appointment, booked.id).state == state


def test_only_someone_of_this_session_is_marked_on_its_page(round_, clock):
    other = round_.add(at(14), at(16))
    booked = round_.book(other)
    clock.set(at(14))
    round_.sign_in()
    for mark in (f"{booked.id}.came", "x.came", "", f"{booked.id}.fulfilled"):
        assert round_.desk.post(f"/outreach/sessions/{round_.session}/mark", mark=mark).status_code == 422
    fresh()
    assert db.session.get(Appointment, booked.id).state == "booked"


def test_a_worker_does_not_mark_in_somebody_elses_session(app, round_, clock):
    booked = round_.book()
    clock.set(at(10))
    answer = Desk(app, "worker").post(f"/outreach/sessions/{round_.session}/mark", mark=f"{booked.id}.came")
    assert answer.status_code == 403
    fresh()
    assert db.session.get(Appointment, booked.id).state == "booked"


# --- adding -----------------------------------------------------------------------------------------------------------


def test_a_session_is_added_from_the_form(round_):
    answer = round_.desk.post("/outreach/sessions/new", **round_.form(room="Blue room", creche="2"))
    assert answer.status_code == 302
    made = titled("Coffee")[0]
    assert (made.start, made.end, made.room, made.creche) == (at(14, day=3), at(16, day=3), "Blue room", 2)


def test_like_last_week_fills_in_everything_on_the_next_same_day(round_, clock):
    clock.set(at(13))
    round_.sign_in()
    page = round_.desk.get(f"/outreach/sessions/new?like={round_.session}").text
    assert 'value="2026-03-09"' in page
    assert 'value="10:00"' in page
    assert 'value="Stay and talk"' in page
    assert f"like={round_.session}" in round_.desk.get("/outreach/sessions/new").text


def test_a_series_is_added_and_says_what_it_left_out(round_):
    round_.add(at(15, day=10), at(16, day=10))
    answer = round_.desk.post("/outreach/sessions/new", **round_.form(repeat="1"))
    page = round_.desk.get(answer.headers["Location"]).text
    assert "Left out" in page
    assert "Thursday 12 March" in page
    assert db.session.query(Series).one().rule == "FREQ=WEEKLY;INTERVAL=1;BYDAY=TH"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"date": "2026-02-30"}, "date"), ({"date": ""}, "date"), ({"start": "25:00"}, "start"), ({"end": ""}, "end"),
        ({"end": "13:00"}, "end"), ({"venue": "x"}, "venue"), ({"venue": "999999"}, "venue"), ({"types": []}, "types"),
        ({"types": ["x"]}, "types"), ({"staff": []}, "staff"), ({"title": ""}, "title"), ({"seats": "many"}, "seats"),
        ({"title": "ў" * 300}, "title"), ({"kind": "ball"}, "kind"), ({"repeat": "9"}, "repeat"),
        ({"repeat": "1", "last_day": "x"}, "last_day"),
        ({"date": "2027-03-28", "start": "01:30", "end": "03:00"}, "start"),
        ({"date": "2026-03-01"}, "start"),
    ],
)
def test_what_cannot_be_is_told_by_the_field_and_what_was_typed_is_kept(round_, changed, field):
    answer = round_.desk.post("/outreach/sessions/new", **round_.form(room="Green & room", **changed))
    assert answer.status_code == 422
    assert f'id="{field}-wrong"' in answer.text
    assert 'value="Green &amp; room"' in answer.text
    assert db.session.query(Session).count() == 1


def test_a_worker_kept_away_and_a_worker_who_is_busy_give_the_same_page(round_):
    her = make.make_client()
    busy, named = make.make_staff(), make.make_staff()
    booking.book(SYSTEM, booking.Choice(her, round_.kind, round_.session, round_.worker, "in-person", at(10)))
    make.make_exclusion(her, named, kind="staff")
    round_.add(at(10), at(12), venue=round_.venue, staff=(busy,))
    form = {"date": "2026-03-02", "start": "10:00", "end": "12:00"}
    pages = [
        round_.desk.post("/outreach/sessions/new", **round_.form(staff=[str(worker)], **form))
        for worker in (busy, named)
    ]
    assert [page.status_code for page in pages] == [409, 409]
    texts = [
        alike(page).replace(f'value="{worker}" checked', f'value="{worker}"')
        for page, worker in zip(pages, (busy, named), strict=True)
    ]
    assert texts[0] == texts[1]


# --- changing and cancelling ------------------------------------------------------------------------------------------


def test_a_session_is_moved_and_takes_along_who_is_booked(round_):
    booked = round_.book()
    form = round_.form(date="2026-03-03", start="11:00", end="13:00", version="1")
    answer = round_.desk.post(f"/outreach/sessions/{round_.session}/change", **form)
    assert answer.status_code == 302
    fresh()
    assert db.session.get(Appointment, booked.id).start == at(11, day=1)
    stale = round_.desk.post(f"/outreach/sessions/{round_.session}/change", **form)
    assert stale.status_code == 412
    assert 'value="Coffee"' in stale.text


def test_a_move_that_someone_cannot_follow_names_whom_to_look_at(round_):
    booked = round_.book(start=at(11))
    form = round_.form(date="2026-03-02", start="10:00", end="11:00", version="1")
    answer = round_.desk.post(f"/outreach/sessions/{round_.session}/change", **form)
    assert answer.status_code == 409
    assert "11:00 Amina K." in answer.text
    fresh()
    assert db.session.get(Appointment, booked.id).start == at(11)


def test_a_session_is_cancelled_after_a_question(round_):
    booked = round_.book()
    assert "1 person is booked, who is told" in round_.desk.get(f"/outreach/sessions/{round_.session}/cancel").text
    fresh()
    assert db.session.get(Session, round_.session).cancelled_at is None
    assert round_.desk.post(f"/outreach/sessions/{round_.session}/cancel", version="1").status_code == 302
    fresh()
    assert db.session.get(Appointment, booked.id).state == "cancelled"
    assert "Cancelled" in round_.desk.get(f"/outreach/sessions/{round_.session}").text


@pytest.mark.parametrize("scope", ["following", "all"])
def test_a_series_is_changed_from_one_of_its_sessions(round_, scope):
    round_.desk.post("/outreach/sessions/new", **round_.form(repeat="1"))
    third = titled("Coffee")[2]
    local = third.start.date().isoformat()
    form = round_.form(date=local, start="15:00", end="16:00", scope=scope, version=str(third.version))
    assert round_.desk.post(f"/outreach/sessions/{third.id}/change", **form).status_code == 302
    fresh()
    hours = [row.start.hour for row in titled("Coffee")]
    assert hours[:4] == ([14, 14, 15, 15] if scope == "following" else [15, 15, 15, 15])


def test_cancelling_this_and_following_ends_the_series(round_):
    round_.desk.post("/outreach/sessions/new", **round_.form(repeat="1"))
    third = titled("Coffee")[2]
    round_.desk.post(f"/outreach/sessions/{third.id}/cancel", version=str(third.version), scope="following")
    fresh()
    assert len([row for row in titled("Coffee") if row.cancelled_at is None]) == 2
    assert sessions.extend_horizon(at(9) + timedelta(days=60)) == 0


# --- someone walks in -------------------------------------------------------------------------------------------------


def hits_of(page):
    return {each["value"]: each.text for each in BeautifulSoup(page.text, "html.parser").select("button[name=client]")}


def sentence(page):
    found = BeautifulSoup(page.text, "html.parser").find(id="answer")
    return found.text if found else ""


def test_a_walk_in_is_checked_at_the_door_and_given_a_place_in_this_very_session(round_, clock):
    clock.set(at(10, 20))
    round_.sign_in()
    amina = clients.add(SYSTEM, ClientDetails("Amina", "Khan"))
    path = f"/outreach/sessions/{round_.session}/add"
    assert path in round_.desk.get(f"/outreach/sessions/{round_.session}").text
    typed = round_.desk.post(path, q="amina khan")
    assert (sentence(typed), hits_of(typed)) == ("Go ahead", {str(amina): "Amina Khan"})
    picked = round_.desk.post(path, client=amina)
    assert sentence(picked) == "Go ahead"
    first = BeautifulSoup(picked.text, "html.parser").select_one(".add-times form")
    assert (first["action"], first.button.text) == (f"{path}/book", "10:30")
    fields = {each["name"]: each["value"] for each in first.select("input") if each["name"] != "csrf_token"}
    added = round_.desk.post(first["action"], **fields)
    assert added.location.startswith(f"/outreach/sessions/{round_.session}#a")
    assert round_.desk.post(first["action"], **fields).location == added.location  # a second press is the same place
    fresh()
    [row] = db.session.query(Appointment).filter_by(session_id=round_.session)
    assert (row.client_id, row.start, row.staff_id) == (amina, at(10, 30), round_.worker)


def test_a_walk_in_joins_a_group_that_has_begun(round_, clock):
    clock.set(at(14, 10))
    round_.sign_in()
    group = round_.add(at(14), at(15), kind="group", seats=1)
    amina = clients.add(SYSTEM, ClientDetails("Amina", "Khan"))
    path = f"/outreach/sessions/{group}/add"
    form = BeautifulSoup(round_.desk.post(path, client=amina).text, "html.parser").select_one(".add-times form")
    fields = {each["name"]: each["value"] for each in form.select("input") if each["name"] != "csrf_token"}
    assert round_.desk.post(form["action"], **fields).status_code == 303
    beth = clients.add(SYSTEM, ClientDetails("Beth", "Shaw"))
    full = round_.desk.post(form["action"], **{**fields, "client": str(beth), "key": "another"})
    assert full.status_code == SlotUnavailable.status
    assert SlotUnavailable.sentence in full.text


def test_a_walk_in_whom_someone_here_is_kept_from_waits_in_the_quiet_room_and_nobody_says_why(round_):
    her = round_.book(start=at(10)).client_id
    exclusions.record(SYSTEM, ExclusionDetails(her, names=("Gareth Pike",)))
    beth = clients.add(SYSTEM, ClientDetails("Beth", "Shaw"))
    exclusions.record(SYSTEM, ExclusionDetails(beth, person=("client", her), separation="day"))
    path = f"/outreach/sessions/{round_.session}/add"
    pages = [round_.desk.post(path, q=typed) for typed in ("gaz pike", "Beth Shaw", "???")]
    assert {sentence(page) for page in pages} == {"Please use the quiet room and call the lead"}
    assert len({str(BeautifulSoup(page.text, "html.parser").find(id="answer")) for page in pages}) == 1
    for page in pages:
        assert "pike" not in page.text.casefold()
    # Her own times say it as always: there are none, and one sentence.
    none = round_.desk.post(path, client=beth)
    assert "Nothing in this session is available for this person." in none.text
    asked = {"type": round_.kind, "staff": round_.worker, "mode": "in-person", "start": "2026-03-02T10:30:00Z"}
    refused = round_.desk.post(f"{path}/book", client=beth, **asked)
    assert (refused.status_code, SlotUnavailable.sentence in refused.text) == (SlotUnavailable.status, True)


def test_adding_someone_to_a_session_of_another_day_asks_no_door(round_):
    later = round_.add(at(10, day=3), at(12, day=3))
    her = round_.book(start=at(10)).client_id
    exclusions.record(SYSTEM, ExclusionDetails(her, names=("Gareth Pike",)))
    gareth = clients.add(SYSTEM, ClientDetails("Gareth", "Pike"))
    page = round_.desk.post(f"/outreach/sessions/{later}/add", q="gareth")
    assert (sentence(page), hits_of(page)) == ("", {str(gareth): "Gareth Pike"})
    assert db.session.query(Alert).count() == 0


def test_a_session_that_is_over_or_cancelled_or_secret_takes_nobody(round_, clock):
    refuge = make.make_venue(confidential=True, name="Rose House")
    secret = make.make_session(refuge, at(10), at(12), (), (round_.kind,))
    for method in (round_.desk.get, round_.desk.post):
        assert method(f"/outreach/sessions/{secret}/add").status_code == 404
    assert round_.desk.post(f"/outreach/sessions/{round_.session}/add", q=" ").status_code == 422
    assert round_.desk.post(f"/outreach/sessions/{round_.session}/add/book", client="1").status_code == 422
    clock.set(at(12))
    round_.sign_in()
    assert round_.desk.get(f"/outreach/sessions/{round_.session}/add").status_code == 409


def test_marking_that_she_came_says_so_when_she_may_not_wait_there(round_):
    hers, his = round_.book(start=at(10)), round_.book(start=at(11), given_name="Gareth", family_name="Pike")
    exclusions.record(SYSTEM, ExclusionDetails(hers.client_id, person=("client", his.client_id)))
    page = round_.desk.client.post(
        f"/outreach/sessions/{round_.session}/mark", data={"mark": f"{his.id}.came"}, follow_redirects=True
    )
    assert sentence(page) == "Please use the quiet room and call the lead"
