"""Offers and appointments through the API: one door, one refusal, whoever asks."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.ctx import AppContext
from flask.testing import FlaskClient

from ..support import factories as make
from ..support.api import ROLES, Api, as_role, ok, refused
from ..support.factories import at

WEEK = {"from": "2026-03-02T00:00:00Z", "until": "2026-03-09T00:00:00Z"}


def text(instant: datetime) -> str:
    """An instant as the API writes it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Town:
    """A venue with one worker, a morning of appointments, and a client."""

    def __init__(self, client: FlaskClient) -> None:
        self.http = client
        self.venue = make.make_venue()
        make.open_all_day(self.venue)
        self.type = make.make_type()
        self.worker = make.make_staff()
        self.alma = make.make_client()
        self.session = make.make_session(self.venue, at(10), at(13), (self.worker,), (self.type,))

    def as_(self, role: str) -> Api:
        return as_role(self.http, role)

    def wanted(self, start: datetime | None = None, **values: Any) -> dict[str, Any]:
        body = {
            "client_id": self.alma, "type_id": self.type, "session_id": self.session, "staff_id": self.worker,
            "mode": "in-person", "start": text(start or at(10)),
        }
        return {**body, **values}


@pytest.fixture
def town(context: AppContext, client: FlaskClient, clock: object) -> Town:
    return Town(client)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_books_what_it_is_offered_and_moves_cancels_and_marks_it(town: Town, role: str) -> None:
    api = town.as_(role)
    offers = ok(api.get("/offers", client_id=town.alma, type_id=town.type, limit=3, **{**WEEK, "from_": WEEK["from"]}))
    offer = offers["items"][0]
    assert offer["start"] == "2026-03-02T10:00:00Z"
    assert offer["venue"] == {"id": town.venue, "name": "The Mill"}
    chosen = {name: offer[name] for name in ("session_id", "staff_id", "mode", "start")}
    made = api.post("/appointments", {"client_id": town.alma, "type_id": town.type, "note": "Läuft", **chosen})
    booked = ok(made, 201)
    path = f"/appointments/{booked['id']}"
    assert made.headers["Location"] == f"/api/v1{path}"
    assert made.headers["ETag"] == '"1"'
    assert ok(api.get(path))["note"] == "Läuft"
    moved = ok(api.post(f"{path}/move", {**chosen, "start": text(at(11))}, version=1))
    assert (moved["start"], moved["version"]) == ("2026-03-02T11:00:00Z", 2)
    marked = ok(api.post(f"{path}/mark", {"mark": "arrived"}, version=2))
    assert marked["state"] == "arrived"
    assert ok(api.post(f"{path}/mark", {"mark": "undo"}))["state"] == "booked"
    assert ok(api.post(f"{path}/cancel", {"reason": "client-asked"}))["state"] == "cancelled"
    listed = ok(api.get("/appointments", client_id=town.alma, from_=WEEK["from"], until=WEEK["until"]))
    assert [each["state"] for each in listed["items"]] == ["cancelled"]


def test_the_same_key_twice_is_one_appointment(town: Town) -> None:
    api = town.as_("reception")
    first, again = (api.post("/appointments", town.wanted(), key="a-1") for _ in range(2))
    assert ok(first, 201) == ok(again, 201)
    refused(api.post("/appointments", town.wanted(at(11)), key="a-1"), 422, "key-reused")


def test_a_key_is_of_its_token_alone(town: Town) -> None:
    ok(town.as_("reception").post("/appointments", town.wanted(), key="a-1"), 201)
    refused(town.as_("reception").post("/appointments", town.wanted(), key="a-1"), 409, "slot-unavailable")


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "käse", "a b"])
def test_a_key_that_cannot_be_one_is_refused(town: Town, key: str) -> None:
    answer = town.as_("reception").post("/appointments", town.wanted(), key=key)
    refused(answer, 422, "invalid")


def test_a_stale_version_changes_nothing(town: Town) -> None:
    api = town.as_("reception")
    booked = ok(api.post("/appointments", town.wanted()), 201)
    path = f"/appointments/{booked['id']}"
    moving = {name: value for name, value in town.wanted(at(11)).items() if name not in ("client_id", "type_id")}
    for stale in (7, '"nonsense"', 'W/"1"'):
        refused(api.post(f"{path}/move", moving, version=stale), 412, "stale")
        refused(api.post(f"{path}/cancel", {}, version=stale), 412, "stale")
        refused(api.post(f"{path}/mark", {"mark": "arrived"}, version=stale), 412, "stale")
    assert ok(api.get(path))["version"] == 1


def test_every_reason_for_no_is_the_same_bytes(town: Town) -> None:
    """Full, closed, gone, not eligible, kept apart, not there, hidden: a refusal tells nothing (SAFETY.md 4)."""
    api = town.as_("reception")
    taken = make.make_session(town.venue, at(10, day=1), at(10, 30, day=1), (town.worker,), (town.type,))
    other = make.make_client()
    ok(api.post("/appointments", town.wanted(at(10, day=1), session_id=taken, client_id=other)), 201)
    women = make.make_session(town.venue, at(10, day=2), at(12, day=2), (town.worker,), (town.type,), audience="women")
    unknown = make.make_client(eligibility="unknown")
    him = make.make_client(eligibility="unknown", given_name="Gareth", family_name="Pike")
    make.make_exclusion(town.alma, him)
    apart = make.make_session(town.venue, at(10, day=3), at(12, day=3), (town.worker,), (town.type,))
    ok(api.post("/appointments", town.wanted(at(11, day=3), session_id=apart, client_id=him)), 201)
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House")
    make.assign(town.worker, refuge)
    hidden = make.make_session(refuge, at(10, day=4), at(12, day=4), (town.worker,), (town.type,))
    make.make_stay(town.alma, refuge)
    gone = make.make_client(active=False)
    answers = {
        "full": api.post("/appointments", town.wanted(at(10, day=1), session_id=taken)),
        "not eligible": api.post("/appointments", town.wanted(at(10, day=2), session_id=women, client_id=unknown)),
        "kept apart": api.post("/appointments", town.wanted(at(10, 30, day=3), session_id=apart)),
        "hidden": api.post("/appointments", town.wanted(at(10, day=4), session_id=hidden)),
        "no such session": api.post("/appointments", town.wanted(session_id=987654)),
        "no such worker": api.post("/appointments", town.wanted(staff_id=987654)),
        "no such client": api.post("/appointments", town.wanted(client_id=987654)),
        "no such type": api.post("/appointments", town.wanted(type_id=987654)),
        "left": api.post("/appointments", town.wanted(client_id=gone)),
        "outside": api.post("/appointments", town.wanted(at(17))),
        "off the grid": api.post("/appointments", town.wanted(at(10) + timedelta(seconds=1))),
        "past": api.post("/appointments", town.wanted(at(10, day=-30))),
        "another mode": api.post("/appointments", town.wanted(mode="video")),
    }
    for reason, answer in answers.items():
        assert refused(answer, 409, "slot-unavailable"), reason
    assert len({answer.data for answer in answers.values()}) == 1
    same = [{k: v for k, v in answer.headers if k != "Date"} for answer in answers.values()]
    assert all(each == same[0] for each in same)


def test_offers_come_in_pages_that_hold_each_of_them_once(town: Town) -> None:
    api = town.as_("reception")
    second = make.make_staff()
    make.make_session(town.venue, at(10), at(12), (second,), (town.type,), modes=["in-person", "phone"])
    query = {"client_id": town.alma, "type_id": town.type, "from": WEEK["from"], "until": WEEK["until"]}
    whole = ok(api.get("/offers", **query, limit=200))
    assert whole["next"] is None
    found: list[Any] = []
    cursor = None
    for _ in range(50):
        page = ok(api.get("/offers", **query, limit=4, **({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            break
    assert found == whole["items"]
    assert len(found) > 12


def test_offers_narrow_to_what_she_would_choose(town: Town) -> None:
    api = town.as_("reception")
    query = {"client_id": town.alma, "type_id": town.type, "from": WEEK["from"], "until": WEEK["until"]}
    make.make_session(town.venue, at(10, day=1), at(12, day=1), (town.worker,), (town.type,), modes=["phone", "video"])
    by_phone = ok(api.get("/offers", **query, mode=["phone", "chat"]))["items"]
    assert {each["mode"] for each in by_phone} == {"phone"}
    late = ok(api.get("/offers", **query, earliest="11:30", latest="12:00"))["items"]
    assert {each["start"][11:16] for each in late} <= {"11:30", "11:35", "11:40", "11:45", "11:50", "11:55"}
    assert ok(api.get("/offers", **query, weekday=[5, 6]))["items"] == []
    assert ok(api.get("/offers", **query, venue_id=[987654]))["items"] == []


def test_a_token_that_sees_no_refuge_is_not_offered_it_and_reads_only_its_neutral_name(town: Town) -> None:
    from scheduler.services import booking
    from scheduler.services.actors import SYSTEM

    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House", label="", postcode="RF1 9ZZ")
    make.assign(town.worker, refuge)
    make.make_stay(town.alma, refuge)
    session = make.make_session(refuge, at(14), at(16), (town.worker,), (town.type,))
    booked = booking.book(
        SYSTEM, booking.Choice(town.alma, town.type, session, town.worker, "in-person", at(14))
    )
    for role in ROLES:
        api = town.as_(role)
        query = {"client_id": town.alma, "from": WEEK["from"], "until": WEEK["until"]}
        offers = ok(api.get("/offers", type_id=town.type, limit=200, **query))["items"]
        assert session not in {each["session_id"] for each in offers}
        [hers] = ok(api.get("/appointments", **query))["items"]
        one = ok(api.get(f"/appointments/{booked.id}"))
        for shown in (hers, one):
            assert shown["venue"] == {"id": None, "name": "Where you are staying"}
            assert shown["session_id"] is None
        refused(api.get(f"/sessions/{session}"), 404)
        refused(api.get(f"/venues/{refuge}"), 404)
        everything = [api.get("/venues", closed_too="true"), api.get("/sites"), api.get("/sessions", **{
            "from": WEEK["from"], "until": WEEK["until"]})]
        assert not [a for a in everything if b"Rosewood" in a.data or b"RF1" in a.data]
        if role in ("reception", "lead", "manager"):
            unknown = api.get("/appointments", venue_id=987654, **{k: query[k] for k in ("from", "until")})
            hidden = api.get("/appointments", venue_id=refuge, **{k: query[k] for k in ("from", "until")})
            refused(unknown, 404)
            assert (unknown.data, unknown.status) == (hidden.data, hidden.status)


def test_reception_lists_a_venues_appointments_and_outreach_does_not(town: Town) -> None:
    ok(town.as_("reception").post("/appointments", town.wanted()), 201)
    query = {"venue_id": town.venue, "from": WEEK["from"], "until": WEEK["until"]}
    for role in ("reception", "lead", "manager"):
        assert len(ok(town.as_(role).get("/appointments", **query))["items"]) == 1
    for role in ("outreach", "worker"):
        refused(town.as_(role).get("/appointments", **query), 403)


def test_an_appointment_goes_into_her_calendar_as_a_time_alone(town: Town) -> None:
    api = town.as_("reception")
    booked = ok(api.post("/appointments", town.wanted()), 201)
    answer = api.get(f"/appointments/{booked['id']}/calendar")
    assert answer.content_type == "text/calendar; charset=utf-8"
    assert b"SUMMARY:Appointment" in answer.data
    assert b"LOCATION" not in answer.data


def test_an_appointment_that_is_not_there_is_not_found_whatever_is_done_to_it(town: Town) -> None:
    api = town.as_("reception")
    time = {name: value for name, value in town.wanted().items() if name not in ("client_id", "type_id")}
    path = "/appointments/987654"
    answers = [
        api.get(path), api.post(f"{path}/move", time), api.post(f"{path}/cancel"),
        api.post(f"{path}/mark", {"mark": "arrived"}), api.get(f"{path}/calendar"),
    ]
    for answer in answers:
        refused(answer, 404, "not-found")
    assert len({answer.data for answer in answers}) == 1


def test_nobody_is_marked_absent_before_it_begins_nor_moved_after_it_was_cancelled(town: Town) -> None:
    api = town.as_("reception")
    booked = ok(api.post("/appointments", town.wanted()), 201)
    path = f"/appointments/{booked['id']}"
    refused(api.post(f"{path}/mark", {"mark": "absent"}), 409, "wrong-state")
    ok(api.post(f"{path}/cancel"))
    time = {name: value for name, value in town.wanted(at(11)).items() if name not in ("client_id", "type_id")}
    refused(api.post(f"{path}/move", time), 409, "wrong-state")


BAD_TIMES = [
    pytest.param("2026-03-02T10:00:00", id="naive"),
    pytest.param("2026-02-30T10:00:00Z", id="no such day"),
    pytest.param("2027-03-28T01:30", id="naive and skipped by the spring change"),
    pytest.param("2026-03-02T24:30:00Z", id="no such hour"),
    pytest.param("2026-03-02T10:00:60Z", id="leap second"),
    pytest.param("9999-12-31T23:59:59Z", id="too far"),
    pytest.param("0001-01-01T00:00:00+14:00", id="before all time"),
    pytest.param("2026-03-02T10:00:00+25:00", id="no such offset"),
    pytest.param("tomorrow", id="words"),
    pytest.param("2026-03-02T１０:00:00Z", id="full-width digits"),
    pytest.param(20260302, id="number"),
    pytest.param(None, id="null"),
    pytest.param(True, id="boolean"),
    pytest.param(["2026-03-02T10:00:00Z"], id="list"),
    pytest.param("2026-03-02T10:00:00Z\x00", id="null byte"),
]


@pytest.mark.parametrize("start", BAD_TIMES)
def test_a_time_that_is_not_an_instant_is_refused_by_its_field(town: Town, start: Any) -> None:
    body = refused(town.as_("reception").post("/appointments", {**town.wanted(), "start": start}), 422, "invalid")
    assert list(body["fields"]) == ["start"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("client_id", 0), ("client_id", -1), ("client_id", 2**63), ("client_id", 10**400), ("client_id", 1.5),
        ("client_id", "1"), ("client_id", True), ("client_id", None), ("session_id", {}), ("staff_id", "x"),
        ("mode", "by carrier pigeon"), ("mode", None), ("minutes", 7), ("minutes", 100000), ("minutes", 1e9),
        ("creche", -1), ("creche", 10**30), ("note", "x" * 501), ("note", "a\x00b"), ("note", "\ud800"), ("note", 5),
        ("extra", 1),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_its_field(town: Town, field: str, value: Any) -> None:
    body = refused(town.as_("reception").post("/appointments", {**town.wanted(), field: value}), 422, "invalid")
    assert list(body["fields"]) == [field]


def test_a_summer_time_is_the_instant_it_says(town: Town, clock: Any) -> None:
    clock.set(datetime(2027, 3, 26, tzinfo=UTC))
    start = datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    session = make.make_session(town.venue, start, start + timedelta(hours=2), (town.worker,), (town.type,))
    answer = town.as_("reception").post(
        "/appointments", {**town.wanted(session_id=session), "start": "2027-03-28T02:00:00+01:00"}
    )
    assert ok(answer, 201)["start"] == "2027-03-28T01:00:00Z"
