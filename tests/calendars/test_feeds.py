"""What each feed holds, for whom, and what never appears in any."""

from datetime import UTC, datetime, timedelta

import pytest
import vobject
from flask import Flask
from flask.ctx import AppContext
from flask.testing import FlaskClient
from icalendar import Calendar
from sqlalchemy import event as db_event
from sqlalchemy import update

from scheduler.calendars import feeds
from scheduler.errors import NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Appointment, Session, Staff, Venue
from scheduler.services import booking, staff
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice

from ..support import factories as make
from ..support.factories import at

CANARIES = ("Rosewood", "RF1 9ZZ", "Alma", "Reyes", "Wound care", "Tuesday clinic", "Priya", "07700", "+44")


class Town:
    """A worker with a session at the Mill on Monday, one at a refuge on Tuesday, and a client in each."""

    def __init__(self) -> None:
        self.mill = make.make_venue(label="The Mill", name="Riverside women's hub")
        self.refuge = make.make_venue(
            kind="refuge", confidential=True, name="Rosewood House", label="Rosewood", postcode="RF1 9ZZ"
        )
        self.type = make.make_type(name="Wound care")
        self.worker = make.make_staff()
        make.assign(self.worker, self.refuge)
        self.alma = make.make_client()
        make.make_stay(self.alma, self.refuge)
        self.day = make.make_session(
            self.mill, at(10), at(13), (self.worker,), (self.type,), title="Tuesday clinic", audience="women",
            modes=["in-person", "phone"],
        )
        self.hidden = make.make_session(self.refuge, at(10, day=1), at(12, day=1), (self.worker,), (self.type,))
        self.first = self.book(self.day, at(10))
        self.second = self.book(self.hidden, at(10, day=1))

    def book(self, session: int, start: datetime, mode: str = "in-person", client: int | None = None) -> int:
        choice = Choice(client or self.alma, self.type, session, self.worker, mode, start)
        return booking.book(SYSTEM, choice).id

    def address(self, kind: str, venue: int | None = None) -> str:
        token = staff.make_feed(SYSTEM, kind, self.worker if kind == "worker" else None, venue)
        return f"/calendar/{token}.ics"


@pytest.fixture
def town(context: AppContext, clock: object) -> Town:
    return Town()


def events(body: bytes) -> list[tuple[str, datetime, datetime, str]]:
    """Title, times and place of each event; a second library must be able to read the same file."""
    vobject.readOne(body.decode())
    return [
        (
            str(each["SUMMARY"]), each.decoded("DTSTART").astimezone(UTC), each.decoded("DTEND").astimezone(UTC),
            str(each.get("LOCATION", "")),
        )
        for each in Calendar.from_ical(body).walk("VEVENT")
    ]


def test_a_worker_sees_when_and_where_to_be_and_nothing_else(town: Town, client: FlaskClient) -> None:
    answer = client.get(town.address("worker"))
    assert answer.status_code == 200
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert events(answer.data) == [
        ("Session", at(10), at(13), "The Mill"),
        ("Appointment", at(10), at(10, 30), "The Mill"),
        ("Session", at(10, day=1), at(12, day=1), ""),
        ("Appointment", at(10, day=1), at(10, 30, day=1), ""),
    ]


@pytest.mark.parametrize("kind", ["worker", "venue", "partner"])
def test_no_name_kind_audience_or_hidden_place_is_in_any_feed(town: Town, client: FlaskClient, kind: str) -> None:
    answer = client.get(town.address(kind, town.mill))
    text = answer.data.decode().replace("\r\n ", "")
    assert [word for word in (*CANARIES, "women", "hub") if word.casefold() in text.casefold()] == []
    headers = str(answer.headers)
    assert [word for word in CANARIES if word in headers] == []
    properties = {line.split(":")[0].split(";")[0] for line in text.splitlines()}
    assert not properties & {"DESCRIPTION", "ATTENDEE", "ORGANIZER", "CATEGORIES", "COMMENT", "CONTACT", "URL", "GEO"}


def test_a_phone_call_has_no_place(town: Town) -> None:
    make_other = make.make_client()
    town.book(town.day, at(11), mode="phone", client=make_other)
    body = feeds.worker_feed(town.worker)
    assert body is not None
    assert ("Appointment", at(11), at(11, 30), "") in events(body)


def test_a_label_that_tells_what_the_service_is_does_not_leave_the_building(town: Town) -> None:
    db.session.execute(update(Venue).where(Venue.id == town.mill).values(label="Women's Recovery Centre"))
    db.session.commit()
    body = feeds.worker_feed(town.worker)
    assert body is not None
    assert {place for *_, place in events(body)} == {""}


def test_a_venue_sees_times_only(town: Town, client: FlaskClient) -> None:
    answer = client.get(town.address("venue", town.mill))
    assert events(answer.data) == [("Session", at(10), at(13), ""), ("Appointment", at(10), at(10, 30), "")]


def test_a_partner_sees_the_room_in_use_whether_or_not_anyone_comes(town: Town, client: FlaskClient) -> None:
    address = town.address("partner", town.mill)
    with_her = client.get(address)
    booking.cancel(SYSTEM, town.first)
    without = client.get(address)
    assert events(with_her.data) == [("Room in use", at(10), at(13), "")]
    assert with_her.data == without.data


def test_a_partner_does_not_see_a_session_held_at_a_distance(town: Town, client: FlaskClient) -> None:
    make.make_session(town.mill, at(14), at(15), (town.worker,), (town.type,), modes=["phone"])
    assert len(events(client.get(town.address("partner", town.mill)).data)) == 1


def test_a_confidential_venue_has_no_feed(town: Town, client: FlaskClient) -> None:
    for kind in ("venue", "partner"):
        assert client.get(town.address(kind, town.refuge)).status_code == 404


def test_a_venue_that_becomes_confidential_loses_its_feed(town: Town, client: FlaskClient) -> None:
    address = town.address("partner", town.mill)
    assert client.get(address).status_code == 200
    db.session.execute(update(Venue).where(Venue.id == town.mill).values(confidential=True))
    db.session.commit()
    assert client.get(address).status_code == 404


def test_unknown_ended_and_left_are_one_answer(town: Town, client: FlaskClient) -> None:
    ended, left = town.address("partner", town.mill), town.address("worker")
    staff.end_feed(SYSTEM, 1 if staff.feed(ended[10:-4]) is None else staff.feed(ended[10:-4]).id)  # type: ignore[union-attr]
    db.session.execute(update(Staff).where(Staff.id == town.worker).values(active=False))
    db.session.commit()
    answers = [client.get(path) for path in (ended, left, "/calendar/" + "x" * 43 + ".ics", "/calendar/%00.ics")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.data for answer in answers}) == 1


def test_an_event_keeps_its_id_and_counts_its_changes(town: Town) -> None:
    def of(start: datetime) -> Calendar:
        body = feeds.worker_feed(town.worker)
        assert body is not None
        found = [e for e in Calendar.from_ical(body).walk("VEVENT") if e["SUMMARY"] == "Appointment"]
        return next(e for e in found if e.decoded("DTSTART").astimezone(UTC) == start)

    before = of(at(10))
    booking.move(SYSTEM, town.first, Choice(town.alma, town.type, town.day, town.worker, "in-person", at(11)))
    after = of(at(11))
    assert after["UID"] == before["UID"]
    assert after["SEQUENCE"] == before["SEQUENCE"] + 1


def test_a_cancelled_appointment_leaves_the_feed(town: Town) -> None:
    booking.cancel(SYSTEM, town.first)
    body = feeds.worker_feed(town.worker)
    assert body is not None
    assert ("Appointment", at(10), at(10, 30), "The Mill") not in events(body)


def test_a_cancelled_session_leaves_every_feed(town: Town) -> None:
    booking.cancel(SYSTEM, town.first)
    db.session.execute(update(Session).where(Session.id == town.day).values(cancelled_at=at(9)))
    db.session.commit()
    assert events(feeds.partner_feed(town.mill)) == []
    assert events(feeds.venue_feed(town.mill)) == []


def test_a_group_is_one_event_however_many_come(town: Town) -> None:
    group = make.make_session(
        town.mill, at(15), at(16), (town.worker,), (town.type,), kind="group", seats=8, modes=["in-person"]
    )
    for _ in range(3):
        booking.book(SYSTEM, Choice(make.make_client(), town.type, group, None, "in-person", at(15)))
    body = feeds.worker_feed(town.worker)
    assert body is not None
    at_three = [e for e in Calendar.from_ical(body).walk("VEVENT") if e.decoded("DTSTART").astimezone(UTC) == at(15)]
    assert len(at_three) == 1
    assert at_three[0]["TRANSP"] == "OPAQUE"


def test_what_did_not_change_need_not_be_fetched_again(town: Town, client: FlaskClient) -> None:
    address = town.address("worker")
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    booking.cancel(SYSTEM, town.first)
    assert client.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_a_feed_is_not_stored_and_its_file_name_says_nothing(town: Town, client: FlaskClient) -> None:
    answer = client.get(town.address("worker"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Disposition"] == 'inline; filename="calendar.ics"'
    assert "Set-Cookie" not in answer.headers


def test_a_feed_asks_the_same_number_of_questions_however_long_it_is(town: Town) -> None:
    def asked() -> int:
        counted: list[str] = []
        note = lambda *given: counted.append(given[2])  # noqa: E731
        db_event.listen(db.engine, "before_cursor_execute", note)
        try:
            feeds.worker_feed(town.worker)
        finally:
            db_event.remove(db.engine, "before_cursor_execute", note)
        return len([each for each in counted if each.lstrip().upper().startswith("SELECT")])

    short = asked()
    for day in range(2, 12):
        venue = make.make_venue()
        session = make.make_session(venue, at(10, day=day), at(12, day=day), (town.worker,), (town.type,))
        town.book(session, at(10, day=day))
    db.session.expunge_all()
    assert asked() == short <= 6


# --- one appointment --------------------------------------------------------------------------------------------------


def test_her_own_entry_is_a_time_and_nothing_else(town: Town) -> None:
    body = feeds.appointment_entry(client_actor(town.alma), town.first)
    assert events(body) == [("Appointment", at(10), at(10, 30), "")]
    assert [word for word in CANARIES if word in body.decode()] == []


def test_her_entry_of_a_cancelled_appointment_takes_it_away(town: Town) -> None:
    booking.cancel(SYSTEM, town.first)
    [event] = Calendar.from_ical(feeds.appointment_entry(client_actor(town.alma), town.first)).walk("VEVENT")
    assert (event["STATUS"], event["SEQUENCE"]) == ("CANCELLED", 1)


def test_nobody_gets_the_entry_of_another_client(town: Town) -> None:
    with pytest.raises(NotFound):
        feeds.appointment_entry(client_actor(make.make_client()), town.first)
    with pytest.raises(NotFound):
        feeds.appointment_entry(SYSTEM, 987654)
    with pytest.raises(NotAllowed):
        feeds.appointment_entry(Actor("staff", 1, "nobody"), town.first)


def test_both_clock_change_days_stand_in_a_feed_as_they_are(town: Town, clock: object, app: Flask) -> None:
    for day, hour in ((datetime(2027, 3, 28, tzinfo=UTC), 1), (datetime(2027, 10, 31, tzinfo=UTC), 0)):
        clock.set(day - timedelta(days=3))  # type: ignore[attr-defined]
        make.make_session(
            town.mill, day + timedelta(hours=hour), day + timedelta(hours=hour + 1), (town.worker,), (town.type,)
        )
        body = feeds.worker_feed(town.worker)
        assert body is not None
        expected = ("Session", day + timedelta(hours=hour), day + timedelta(hours=hour + 1), "The Mill")
        assert expected in events(body)


def test_the_tables_of_appointments_are_not_changed_by_looking(town: Town, client: FlaskClient) -> None:
    before = db.session.execute(db.select(Appointment.updated_at).order_by(Appointment.id)).all()
    client.get(town.address("worker"))
    db.session.rollback()
    assert db.session.execute(db.select(Appointment.updated_at).order_by(Appointment.id)).all() == before
