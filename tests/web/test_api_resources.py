"""Each resource of the API but bookings: what it gives, to whom, and what it refuses."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.ctx import AppContext
from flask.testing import FlaskClient
from icalendar import Calendar

from ..support import factories as make
from ..support.api import ROLES, Api, as_role, ok, refused
from ..support.factories import at

WEEK = {"from": "2026-03-02T00:00:00Z", "until": "2026-03-09T00:00:00Z"}


@pytest.fixture
def as_(context: AppContext, client: FlaskClient, clock: object) -> Any:
    return lambda role: as_role(client, role)


@pytest.fixture
def manager(as_: Any) -> Api:
    return as_("manager")


@pytest.fixture
def lead(as_: Any) -> Api:
    return as_("lead")


@pytest.fixture
def reception(as_: Any) -> Api:
    return as_("reception")


@pytest.fixture
def outreach(as_: Any) -> Api:
    return as_("outreach")


# --- venues -----------------------------------------------------------------------------------------------------------

VENUE = {"name": "St Anne's Surgery", "kind": "gp", "postcode": "AB1 2CD", "step_free": True}


def test_a_manager_adds_and_changes_a_venue_and_every_role_reads_it(manager: Api, as_: Any) -> None:
    answer = manager.post("/venues", VENUE)
    made = ok(answer, 201)
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert answer.headers["ETag"] == '"1"'
    changed = manager.patch(path, {"phone": "01632 960001"}, version=1)
    assert ok(changed)["phone"] == "01632 960001"
    assert ok(changed)["name"] == VENUE["name"]
    for role in ROLES:
        api = as_(role)
        assert ok(api.get(path)) == {**made, "phone": "01632 960001", "version": 2}
        assert [each["id"] for each in ok(api.get("/venues"))["items"]] == [made["id"]]
    assert manager.get(path).headers["ETag"] == '"2"'


def test_an_edit_must_name_the_version_that_it_changes(manager: Api) -> None:
    venue = make.make_venue()
    path = f"/venues/{venue}"
    refused(manager.patch(path, {"name": "New"}), 428, "version-missing")
    refused(manager.patch(path, {"name": "New"}, version=9), 412, "stale")
    refused(manager.patch(path, {"name": "New"}, version='W/"1"'), 412, "stale")
    refused(manager.patch(path, {"name": "New"}, version="1"), 412, "stale")
    assert ok(manager.get(path))["name"] == "The Mill"
    assert ok(manager.patch(path, {"name": "New"}, version="*"))["version"] == 2


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "castle"}, "kind"), ({"name": ""}, "name"), ({"name": "x" * 121}, "name"), ({"name": None}, "name"),
        ({"zone": "Europe/Nowhere"}, "zone"), ({"arrive_early": 1000}, "arrive_early"), ({"id": 4}, "id"),
        ({"active": "yes"}, "active"), ({"postcode": "AB1 2CD AND MORE"}, "postcode"),
        ({"confidential": True}, "confidential"), ({"version": 3}, "version"), ({"site_id": 0}, "site_id"),
    ],
)
def test_a_venue_that_cannot_be_is_refused_by_its_field(manager: Api, change: dict[str, Any], field: str) -> None:
    assert list(refused(manager.post("/venues", {**VENUE, **change}), 422, "invalid")["fields"]) == [field]
    venue = make.make_venue()
    assert list(refused(manager.patch(f"/venues/{venue}", change, version=1), 422, "invalid")["fields"]) == [field]


OPEN = {"weekday": 1, "opens": "09:00", "closes": "17:00"}


def test_opening_times_are_set_as_a_whole_and_read_by_all(manager: Api, as_: Any) -> None:
    venue = make.make_venue()
    women = {"weekday": 1, "opens": "17:00", "closes": "24:00", "audience": "women", "clear_before": 30}
    ok(manager.put(f"/venues/{venue}/opening-times", {"windows": [OPEN, women]}))
    for role in ROLES:
        first, second = ok(as_(role).get(f"/venues/{venue}/opening-times"))["windows"]
        assert (first["opens"], first["closes"], first["audience"]) == ("09:00", "17:00", "everyone")
        assert (second["closes"], second["clear_before"]) == ("24:00", 30)


def test_opening_times_are_not_made_over_a_booking_and_the_answer_lists_what_is_in_the_way(manager: Api) -> None:
    venue, worker, kind = make.make_venue(), make.make_staff(), make.make_type()
    make.open_all_day(venue)
    session = make.make_session(venue, at(10), at(12), (worker,), (kind,))
    body = refused(manager.put(f"/venues/{venue}/opening-times", {"windows": [OPEN]}), 409, "in-the-way")
    assert body["sessions"] == [session]
    later = ok(manager.put(f"/venues/{venue}/opening-times", {"windows": [OPEN], "from_first_clear_date": True}))
    assert later["first_day"] == "2026-03-03"


@pytest.mark.parametrize(
    ("window", "field"),
    [
        ({"closes": "08:00"}, "windows.0.closes"), ({"closes": "25:00"}, "windows.0.closes"),
        ({"opens": "24:00"}, "windows.0.opens"), ({"opens": 540}, "windows.0.opens"),
        ({"weekday": 7}, "windows.0.weekday"), ({"audience": "men"}, "windows.0.audience"),
        ({"valid_from": "2026-02-30"}, "windows.0.valid_from"), ({"valid_from": "20260228"}, "windows.0.valid_from"),
        ({"valid_from": "2026-04-01", "valid_until": "2026-03-01"}, "windows"),
    ],
)
def test_opening_times_that_cannot_be_are_refused_by_their_field(
    manager: Api, window: dict[str, Any], field: str
) -> None:
    venue = make.make_venue()
    answer = manager.put(f"/venues/{venue}/opening-times", {"windows": [{**OPEN, **window}]})
    assert list(refused(answer, 422, "invalid")["fields"]) == [field]


def test_a_closure_is_added_listed_and_taken_back(manager: Api, reception: Api) -> None:
    venue = make.make_venue()
    span = {"start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z"}
    made = ok(manager.post(f"/venues/{venue}/closures", span), 201)
    assert ok(reception.get(f"/venues/{venue}/closures"))["items"] == [made]
    refused(manager.post(f"/venues/{venue}/closures", {**span, "end": span["start"]}), 422)
    assert manager.delete(f"/closures/{made['id']}").status_code == 204
    refused(manager.delete(f"/closures/{made['id']}"), 404)
    assert ok(reception.get(f"/venues/{venue}/closures"))["items"] == []


def test_sites_have_neighbours_both_ways(manager: Api) -> None:
    one, other = (ok(manager.post("/sites", {"name": name}), 201)["id"] for name in ("Mill Lane", "High Street"))
    ok(manager.put(f"/sites/{one}/neighbours", {"neighbours": [other]}))
    found = {site["id"]: site["neighbours"] for site in ok(manager.get("/sites"))["items"]}
    assert found == {one: [other], other: [one]}
    refused(manager.put(f"/sites/{one}/neighbours", {"neighbours": [987654]}), 404)


def test_a_hidden_venue_answers_as_one_that_is_not_there(as_: Any) -> None:
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House")
    for role in ROLES:
        api = as_(role)
        for path in ("", "/opening-times", "/closures"):
            hidden, unknown = api.get(f"/venues/{refuge}{path}"), api.get(f"/venues/987654{path}")
            refused(hidden, 404)
            assert hidden.data == unknown.data
    manager = as_("manager")
    for method, path, body in (
        ("PATCH", "", {"name": "x"}), ("PUT", "/opening-times", {"windows": []}), ("PUT", "/staff", {"staff": [1]}),
        ("POST", "/closures", {"start": "2026-03-04T00:00:00Z", "end": "2026-03-05T00:00:00Z"}),
    ):
        hidden, unknown = (
            manager._with(method, f"/venues/{venue}{path}", body, "*", None) for venue in (refuge, 987654)
        )
        refused(hidden, 404)
        assert hidden.data == unknown.data


# --- staff and types --------------------------------------------------------------------------------------------------


def test_a_manager_records_staff_and_the_others_see_names_of_workers_only(manager: Api, reception: Api) -> None:
    person = {"given_name": "Zoë", "family_name": "Ó Néill", "role": "worker", "sees_clients": True, "woman": True,
              "phone": "07700 900111", "date_of_birth": "5/3/1987"}
    made = ok(manager.post("/staff", person), 201)
    assert "password" not in made
    assert "phone" not in made
    path = f"/staff/{made['id']}"
    [seen] = ok(reception.get("/staff"))["items"]
    assert seen == {"id": made["id"], "name": "Zoë Ó Néill", "role": "worker", "sees_clients": True, "woman": True,
                    "active": True}
    refused(reception.get(path), 403)
    assert ok(manager.patch(path, {"active": False}, version=1))["active"] is False
    assert ok(reception.get("/staff"))["items"] == []
    assert ok(reception.get("/staff", everyone="true"))["items"] == []
    assert len(ok(manager.get("/staff", everyone="true"))["items"]) == 1
    refused(manager.patch(path, {"active": True}, version=1), 412)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"role": "queen"}, "role"), ({"given_name": " "}, "given_name"),
        ({"date_of_birth": "31/2/1990"}, "date_of_birth"), ({"phone": "12"}, "phone"),
        ({"username": "a b"}, "username"),
        ({"username": "zoe", "password": "short"}, "password"),
        ({"woman": "yes"}, "woman"), ({"active": False}, "active"),
    ],
)
def test_staff_that_cannot_be_are_refused_by_their_field(manager: Api, change: dict[str, Any], field: str) -> None:
    person = {"given_name": "Zoë", "family_name": "Ó Néill", "role": "worker", **change}
    assert list(refused(manager.post("/staff", person), 422, "invalid")["fields"]) == [field]


def test_an_edit_of_staff_keeps_assignments_that_the_token_cannot_see(manager: Api) -> None:
    from scheduler.store import diary

    refuge = make.make_venue(kind="refuge", confidential=True)
    worker = make.make_staff()
    make.assign(worker, refuge)
    ok(manager.patch(f"/staff/{worker}", {"job": "nurse"}, version=1))
    assert diary.assigned_venues(worker) == {refuge}


def test_kinds_of_appointment_are_listed_to_every_role(as_: Any) -> None:
    kind = make.make_type(name="Catch-up", minutes=30)
    for role in ROLES:
        [found] = ok(as_(role).get("/appointment-types"))["items"]
        assert (found["id"], found["name"], found["minutes"]) == (kind, "Catch-up", 30)


# --- sessions and series ----------------------------------------------------------------------------------------------


class Place:
    """A venue that is open, with a worker and a kind of appointment."""

    def __init__(self) -> None:
        self.venue, self.worker, self.kind = make.make_venue(), make.make_staff(), make.make_type()
        make.open_all_day(self.venue)

    def session(self, **values: Any) -> dict[str, Any]:
        return {
            "venue_id": self.venue, "title": "Morning", "types": [self.kind], "staff": [self.worker],
            "start": "2026-03-03T10:00:00Z", "end": "2026-03-03T12:00:00Z", **values,
        }

    def series(self, **values: Any) -> dict[str, Any]:
        return {
            "venue_id": self.venue, "title": "Morning", "types": [self.kind], "staff": [self.worker],
            "rule": "FREQ=WEEKLY;BYDAY=TU", "first_day": "2026-03-03", "at": "10:00", "minutes": 120, **values,
        }


@pytest.mark.parametrize("role", ["outreach", "lead", "manager", "worker"])
def test_who_runs_sessions_adds_moves_and_cancels_one(as_: Any, role: str) -> None:
    api, place = as_(role), Place()
    made = ok(api.post("/sessions", place.session()), 201)
    path = f"/sessions/{made['id']}"
    assert made["types"] == [place.kind]
    moved = ok(api.patch(path, {"start": "2026-03-03T13:00:00Z", "end": "2026-03-03T15:00:00+00:00"}, version=1))
    assert (moved["start"], moved["title"], moved["staff"]) == ("2026-03-03T13:00:00Z", "Morning", [place.worker])
    refused(api.patch(path, {"title": "New"}, version=1), 412)
    [listed] = ok(api.get("/sessions", **WEEK, venue_id=place.venue))["items"]
    assert listed["id"] == made["id"]
    assert ok(api.post(f"{path}/cancel", {}, version=2)) == {"cancelled": 0}
    refused(api.post(f"{path}/cancel"), 409, "wrong-state")


def test_reception_reads_sessions_and_does_not_run_them(reception: Api, outreach: Api) -> None:
    place = Place()
    made = ok(outreach.post("/sessions", place.session()), 201)
    assert ok(reception.get(f"/sessions/{made['id']}"))["title"] == "Morning"
    refused(reception.post("/sessions", place.session()), 403)
    refused(reception.post(f"/sessions/{made['id']}/cancel"), 403)


def test_who_is_coming_is_a_first_name_and_an_initial(outreach: Api, reception: Api) -> None:
    place = Place()
    alma = make.make_client(given_name="Alma", family_name="Reyes")
    made = ok(outreach.post("/sessions", place.session()), 201)
    body = {"client_id": alma, "type_id": place.kind, "session_id": made["id"], "staff_id": place.worker,
            "mode": "in-person", "start": "2026-03-03T10:00:00Z"}
    ok(reception.post("/appointments", body), 201)
    [coming] = ok(outreach.get(f"/sessions/{made['id']}/appointments"))["items"]
    assert coming["name"] == "Alma R."
    assert ok(outreach.get(f"/sessions/{made['id']}"))["booked"] == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"end": "2026-03-03T10:00:00Z"}, "end"), ({"end": "2026-03-03T09:00:00Z"}, "end"),
        ({"start": "2026-03-03T10:00:00"}, "start"), ({"title": ""}, "title"), ({"title": "x" * 81}, "title"),
        ({"types": []}, "types"), ({"types": [987654]}, "types"), ({"staff": [987654]}, "staff"),
        ({"kind": "party"}, "kind"), ({"modes": ["pigeon"]}, "modes.0"), ({"seats": 0}, "seats"),
        ({"creche": 3}, "creche"), ({"kind": "group"}, "seats"), ({"types": 1}, "types"), ({"staff": [1.5]}, "staff.0"),
        ({"start": "2020-01-01T10:00:00Z", "end": "2020-01-01T12:00:00Z"}, "start"),
    ],
)
def test_a_session_that_cannot_be_is_refused_by_its_field(outreach: Api, change: dict[str, Any], field: str) -> None:
    answer = outreach.post("/sessions", Place().session(**change))
    assert list(refused(answer, 422, "invalid")["fields"]) == [field]


def test_a_worker_is_not_in_two_places(outreach: Api) -> None:
    place = Place()
    ok(outreach.post("/sessions", place.session()), 201)
    body = refused(outreach.post("/sessions", place.session()), 409, "in-the-way")
    assert body["appointments"] == []


def test_a_range_must_run_forward_and_not_for_ever(reception: Api) -> None:
    for until in ("2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z", "2027-03-01T00:00:00Z"):
        answer = reception.get("/sessions", **{**WEEK, "until": until})
        assert list(refused(answer, 422)["fields"]) == ["until"]
    assert set(refused(reception.get("/sessions"), 422)["fields"]) == {"from", "until"}


def test_a_series_makes_sessions_changes_and_ends(outreach: Api) -> None:
    place = Place()
    made = ok(outreach.post("/series", place.series()), 201)
    path = f"/series/{made['id']}"
    assert made["at"] == "10:00"
    month = {"from": "2026-03-01T00:00:00Z", "until": "2026-05-01T00:00:00+01:00"}
    starts = [each["start"] for each in ok(outreach.get("/sessions", **month))["items"]]
    assert starts[:5] == [f"2026-03-{day:02}T10:00:00Z" for day in (3, 10, 17, 24, 31)][:4] + ["2026-03-31T09:00:00Z"]
    changed = outreach.patch(path, {"at": "14:00", "from_day": "2026-03-17"}, version=1)
    assert ok(changed)["at"] == "14:00"
    assert ok(changed)["id"] != made["id"]
    assert changed.headers["Content-Location"] == f"/api/v1/series/{ok(changed)['id']}"
    assert ok(outreach.get(path))["last_day"] == "2026-03-16"
    assert ok(outreach.post(f"/series/{ok(changed)['id']}/end", {"from_day": "2026-04-01"}))["cancelled"] > 10
    assert {each["id"] for each in ok(outreach.get("/series"))["items"]} == {made["id"], ok(changed)["id"]}
    refused(outreach.patch(path, {"at": "09:00"}, version=1), 412)


def test_a_series_at_an_hour_that_spring_skips_has_no_session_on_that_day(outreach: Api, clock: Any) -> None:
    clock.set(datetime(2027, 3, 1, tzinfo=UTC))
    place = Place()
    made = ok(outreach.post("/series", place.series(rule="FREQ=WEEKLY;BYDAY=SU", first_day="2027-03-07", at="01:30",
                                                    minutes=60)), 201)
    month = {"from": "2027-03-20T00:00:00Z", "until": "2027-04-05T00:00:00Z"}
    starts = [each["start"] for each in ok(outreach.get("/sessions", **month))["items"]]
    assert starts == ["2027-03-21T01:30:00Z", "2027-04-04T00:30:00Z"]
    skipped = ok(outreach.get(f"/series/{made['id']}/skipped-days"))["items"]
    assert [each["day"] for each in skipped] == ["2027-03-28"]
    assert ok(outreach.post(f"/series/{made['id']}/skipped-days")) == {"made": 0}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rule": "FREQ=SECONDLY"}, "rule"), ({"rule": "nonsense"}, "rule"),
        ({"rule": "FREQ=DAILY;COUNT=9999"}, "rule"),
        ({"at": "25:00"}, "at"), ({"minutes": 0}, "minutes"), ({"first_day": "2026-02-29"}, "first_day"),
        ({"last_day": "2026-03-01"}, "last_day"), ({"first_day": "2150-01-01"}, "first_day"),
    ],
)
def test_a_series_that_cannot_be_is_refused_by_its_field(outreach: Api, change: dict[str, Any], field: str) -> None:
    answer = outreach.post("/series", Place().series(**change))
    assert list(refused(answer, 422, "invalid")["fields"]) == [field]


# --- feeds ------------------------------------------------------------------------------------------------------------


def test_a_manager_makes_a_feed_that_works_until_it_is_ended(manager: Api, client: FlaskClient) -> None:
    worker = make.make_staff()
    url = ok(manager.post("/feeds", {"kind": "worker", "staff_id": worker}), 201)["url"]
    path = url.removeprefix("http://localhost")
    Calendar.from_ical(client.get(path).data)
    [listed] = ok(manager.get("/feeds"))["items"]
    assert "url" not in listed
    assert manager.delete(f"/feeds/{listed['id']}").status_code == 204
    assert client.get(path).status_code == 404
    for body in ({"kind": "worker"}, {"kind": "worker", "staff_id": 987654}, {"kind": "venue", "staff_id": worker}):
        refused(manager.post("/feeds", body), 404)


# --- links, messages, requests ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_a_link_is_planned_and_its_message_tells_its_state_and_no_words(as_: Any, role: str) -> None:
    api = as_(role)
    alma, kind = make.make_client(), make.make_type()
    make.make_safe_contact(alma)
    sent = ok(api.post("/links", {"client_id": alma, "type_id": kind}), 202)
    assert (sent["purpose"], sent["client_id"]) == ("link", alma)
    assert ok(api.get(f"/messages/{sent['id']}")) == sent
    assert ok(api.get("/messages", client_id=alma))["items"] == [sent]
    assert set(sent) == {"id", "client_id", "appointment_id", "purpose", "state", "outcome", "send_after",
                         "send_before", "settled_at", "created_at"}
    refused(api.post("/links", {"client_id": 987654}), 404)
    refused(api.post("/links", {"client_id": alma, "appointment_id": 987654}), 404)
    refused(api.post("/links", {"client_id": alma, "type_id": 987654}), 422)
    refused(api.get("/messages/987654"), 404)
    assert list(refused(api.get("/messages"), 422)["fields"]) == ["client_id"]


def test_times_are_asked_for_from_the_timetable_and_only_a_lead_lists_who_asks(as_: Any) -> None:
    place, alma = Place(), make.make_client()
    session = make.make_session(place.venue, at(10, day=1), at(12, day=1), (place.worker,), (place.kind,))
    reception = as_("reception")
    query = {"client_id": alma, "type_id": place.kind, "mode": "in-person"}
    [held] = ok(reception.get("/timetable", **query, **WEEK))["items"]
    assert (held["session_id"], held["venue"]["id"]) == (session, place.venue)
    wish = {"session_id": held["session_id"], "start": held["start"]}
    made = ok(reception.post("/requests", {**query, "wishes": [wish]}), 201)
    assert ok(as_("lead").get("/requests", client_id=alma))["items"] == [made]
    for role in set(ROLES) - {"lead"}:
        refused(as_(role).get("/requests"), 403)
    lead = as_("lead")
    refused(lead.post(f"/requests/{made['id']}/confirm", {**wish, "session_id": 987654}), 404)
    booked = ok(lead.post(f"/requests/{made['id']}/confirm", wish), 201)
    assert (booked["client_id"], booked["start"]) == (alma, held["start"])
    refused(lead.post(f"/requests/{made['id']}/settle"), 409, "wrong-state")
    refused(lead.post("/requests/987654/settle"), 404)
    assert ok(lead.get("/requests"))["items"] == []
    other = ok(reception.post("/requests", {**query, "wishes": [wish]}), 201)
    assert lead.post(f"/requests/{other['id']}/settle").status_code == 204
    for wishes in ([], [wish, wish], [{**wish, "start": "2026-03-03T10:05:00Z"}], [wish] * 4):
        assert "wishes" in refused(reception.post("/requests", {**query, "wishes": wishes}), 422)["fields"]
