"""Clients and exclusions through the API: what each role may learn, and what nobody does."""

from typing import Any

import pytest
from flask.ctx import AppContext
from flask.testing import FlaskClient
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import AuditRecord, Client, Message

from ..support import factories as make
from ..support.api import ROLES, Api, as_role, ok, refused
from ..support.factories import at

WOMAN = {"given_name": "Alma", "family_name": "Reyes", "date_of_birth": "5/3/1987", "phone": "07700 900123"}


@pytest.fixture
def as_(context: AppContext, client: FlaskClient, clock: object) -> Any:
    return lambda role: as_role(client, role)


@pytest.fixture
def reception(as_: Any) -> Api:
    return as_("reception")


@pytest.fixture
def lead(as_: Any) -> Api:
    return as_("lead")


# --- clients ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES)
def test_every_role_adds_finds_and_changes_a_client(as_: Any, role: str) -> None:
    api = as_(role)
    preferences = {"modes": ["phone"], "earliest": "10:00", "latest": "14:30", "woman_worker": True, "weekdays": [0, 2]}
    answer = api.post("/clients", {**WOMAN, "aliases": ["Mina"], "preferences": preferences})
    made = ok(answer, 201)
    path = answer.headers["Location"].removeprefix("/api/v1")
    assert (made["date_of_birth"], made["phone"], made["eligibility"]) == ("1987-03-05", "+447700900123", "unknown")
    assert made["preferences"] == preferences
    for text in ("alm rey", "mina", "5 March 1987", "07700900123", made["reference"]):
        [found] = ok(api.post("/clients/search", {"text": text}))["items"]
        assert (found["id"], found["name"], found["phone_last_three"]) == (made["id"], "Alma Reyes", "123")
        assert "phone" not in found
    changed = ok(api.patch(path, {"family_name": "王", "notes": "مرحبا"}, version=1))
    assert (changed["family_name"], changed["notes"], changed["preferences"]) == ("王", "مرحبا", preferences)
    refused(api.patch(path, {"given_name": "Other"}, version=1), 412, "stale")
    refused(api.patch(path, {"given_name": "Other"}), 428)
    assert ok(api.get(path)) == changed
    assert ok(api.patch(path, {"phone": None}, version=2))["phone"] is None


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"given_name": ""}, "given_name"), ({"given_name": "x" * 81}, "given_name"),
        ({"given_name": "123"}, "given_name"), ({"given_name": None}, "given_name"),
        ({"given_name": "Al\x00ma"}, "given_name"),
        ({"date_of_birth": "31/2/1990"}, "date_of_birth"), ({"date_of_birth": "2190"}, "date_of_birth"),
        ({"date_of_birth": 1987}, "date_of_birth"), ({"phone": "12"}, "phone"), ({"phone": "call me"}, "phone"),
        ({"aliases": "Mina"}, "aliases"), ({"aliases": ["x"] * 13}, "aliases"), ({"notes": "x" * 4001}, "notes"),
        ({"key_worker_id": 987654}, "key_worker_id"), ({"preferences": {"modes": ["pigeon"]}}, "preferences.modes.0"),
        ({"preferences": {"colour": "red"}}, "preferences.colour"), ({"preferences": []}, "preferences"),
        ({"preferences": {"earliest": "26:00"}}, "preferences.earliest"), ({"reference": "X"}, "reference"),
        ({"eligibility": "eligible"}, "eligibility"), ({"request_mode": True}, "request_mode"),
    ],
)
def test_a_client_that_cannot_be_is_refused_by_its_field(reception: Api, change: dict[str, Any], field: str) -> None:
    body = refused(reception.post("/clients", {**WOMAN, **change}), 422, "invalid")
    assert list(body["fields"]) == [field]
    assert db.session.execute(select(func.count()).select_from(Client)).scalar_one() == 0


def test_whoever_may_be_here_already_is_to_be_looked_at_first_and_may_be_someone_else(reception: Api) -> None:
    alma = ok(reception.post("/clients", WOMAN), 201)["id"]
    again = {"given_name": "Alma", "family_name": "Rayes", "phone": WOMAN["phone"]}
    assert refused(reception.post("/clients", again), 409, "may-be-here")["clients"] == [alma]
    zofia = ok(reception.post("/clients", {"given_name": "Zofia", "family_name": "Nowak"}), 201)["id"]
    change = {"aliases": ["Alma Reyes"]}
    assert refused(reception.patch(f"/clients/{zofia}", change, version=1), 409, "may-be-here")["clients"] == [alma]
    assert ok(reception.get(f"/clients/{zofia}"))["aliases"] == []
    refused(reception.patch(f"/clients/{zofia}", change, version=7), 412, "stale")
    changed = ok(reception.patch(f"/clients/{zofia}", {**change, "another_person": True}, version=1))
    assert "another_person" not in changed
    # Asked once: what says nothing new of who she is does not ask again.
    assert ok(reception.patch(f"/clients/{zofia}", {"notes": "Likes tea."}, version=2))["notes"] == "Likes tea."
    assert ok(reception.post("/clients", {**again, "another_person": True}), 201)["id"] not in (alma, zofia)


def test_no_name_is_ever_part_of_an_address(reception: Api) -> None:
    refused(reception.get("/clients", q="Alma"), 405)
    refused(reception.get("/clients/search", text="Alma"), 405)


@pytest.mark.parametrize("path", ["", "/safe-contacts", "/stays"])
def test_a_client_who_is_not_there_is_not_found(reception: Api, path: str) -> None:
    refused(reception.get(f"/clients/987654{path}"), 404, "not-found")


def test_only_a_lead_or_a_manager_decides_on_eligibility(as_: Any) -> None:
    alma = make.make_client(eligibility="unknown")
    decision = {"decision": "eligible", "policy": "2026-1"}
    for role in ("lead", "manager"):
        assert ok(as_(role).put(f"/clients/{alma}/eligibility", decision))["eligibility_policy"] == "2026-1"
    for role in ("reception", "outreach", "worker"):
        refused(as_(role).put(f"/clients/{alma}/eligibility", decision), 403)
    answer = as_("lead").put(f"/clients/{alma}/eligibility", {**decision, "policy": ""})
    assert list(refused(answer, 422)["fields"]) == ["policy"]


def test_a_channel_is_unknown_until_it_is_recorded_and_unsafe_ends_what_was_planned(reception: Api) -> None:
    alma, kind = make.make_client(), make.make_type()
    assert ok(reception.get(f"/clients/{alma}/safe-contacts"))["items"] == []
    safe = {"safe": "yes", "hours": [{"weekday": 1, "earliest": "10:00", "latest": "12:00"}], "review_on": "2026-09-01"}
    set_ = ok(reception.put(f"/clients/{alma}/safe-contacts/sms", safe))
    assert (set_["channel"], set_["hours"], set_["paused"]) == ("sms", safe["hours"], False)
    ok(reception.post("/links", {"client_id": alma, "type_id": kind}), 202)
    ok(reception.put(f"/clients/{alma}/safe-contacts/sms", {"safe": "no"}))
    [message] = ok(reception.get("/messages", client_id=alma))["items"]
    assert message["state"] in ("cancelled", "suppressed")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"safe": "perhaps"}, "safe"), ({"hours": [{"weekday": 1, "earliest": "12:00", "latest": "10:00"}]}, "hours"),
        ({"hours": [{"weekday": 9, "earliest": "09:00", "latest": "10:00"}]}, "hours.0.weekday"),
        ({"may_name": ["everything"]}, "may_name"), ({"language": "x"}, "language"),
        ({"review_on": "soon"}, "review_on"),
        ({"channel": "post"}, "channel"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_by_its_field(reception: Api, change: dict[str, Any], field: str) -> None:
    alma = make.make_client()
    answer = reception.put(f"/clients/{alma}/safe-contacts/sms", {"safe": "yes", **change})
    assert list(refused(answer, 422)["fields"]) == [field]
    refused(reception.put(f"/clients/{alma}/safe-contacts/post", {"safe": "yes"}), 404)


def test_request_mode_and_leaving_are_set_one_at_a_time(reception: Api) -> None:
    alma = make.make_client()
    assert ok(reception.put(f"/clients/{alma}/request-mode", {"on": True}))["request_mode"] is True
    assert ok(reception.put(f"/clients/{alma}/active", {"active": False}))["active"] is False
    refused(reception.put(f"/clients/{alma}/request-mode", {"on": "yes"}), 422)


def test_being_named_by_an_exclusion_shows_nowhere_on_a_client(reception: Api) -> None:
    """Two worlds that differ only in an exclusion are the same bytes to everyone but a lead (SAFETY.md 4)."""
    alma, him = make.make_client(), make.make_client(given_name="Gareth", family_name="Pike")

    def world() -> list[bytes]:
        paths = [f"/clients/{who}{more}" for who in (alma, him) for more in ("", "/safe-contacts", "/stays")]
        found = [reception.get(path).data for path in paths]
        return [*found, reception.post("/clients/search", {"text": "Pike"}).data]

    before = world()
    make.make_exclusion(alma, him)
    assert world() == before


def test_a_stay_is_no_business_of_a_token(as_: Any) -> None:
    alma = make.make_client()
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House")
    stay = make.make_stay(alma, refuge)
    for role in ROLES:
        api = as_(role)
        assert ok(api.get(f"/clients/{alma}/stays"))["items"] == []
        hidden, unknown = (api.post(f"/clients/{alma}/stays", {"venue_id": each}) for each in (refuge, 987654))
        refused(hidden, 404)
        assert hidden.data == unknown.data
        hidden, unknown = (api.post(f"/stays/{each}/end", {}) for each in (stay, 987654))
        refused(hidden, 404)
        assert hidden.data == unknown.data


def test_a_hidden_place_among_preferences_is_not_shown_and_not_lost(reception: Api) -> None:
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House")
    mill = make.make_venue()
    alma = make.make_client(preferences={"venues": [refuge, mill]})
    shown = ok(reception.get(f"/clients/{alma}"))
    assert shown["preferences"] == {"venues": [mill]}
    changed = ok(reception.patch(f"/clients/{alma}", {"preferences": {"venues": []}}, version=1))
    assert changed["preferences"] == {"venues": []}
    db.session.rollback()
    assert db.session.execute(select(Client.preferences).where(Client.id == alma)).scalar_one() == {"venues": [refuge]}


# --- exclusions -------------------------------------------------------------------------------------------------------


class Apart:
    """She and he are booked at one venue, half an hour apart from each other's door."""

    def __init__(self, reception: Api) -> None:
        self.venue, self.worker, self.kind = make.make_venue(), make.make_staff(), make.make_type()
        make.open_all_day(self.venue)
        self.session = make.make_session(self.venue, at(10), at(13), (self.worker,), (self.kind,))
        self.alma = make.make_client()
        self.him = ok(reception.post("/clients", {"given_name": "Gareth", "family_name": "Pike",
                                                  "date_of_birth": "1980-02-01"}), 201)["id"]
        for who, start in ((self.alma, "10:00"), (self.him, "10:30")):
            body = {"client_id": who, "type_id": self.kind, "session_id": self.session, "staff_id": self.worker,
                    "mode": "in-person", "start": f"2026-03-02T{start}:00Z"}
            ok(reception.post("/appointments", body), 201)


def test_a_lead_records_an_exclusion_and_the_answer_lists_what_it_affects(lead: Api, reception: Api) -> None:
    apart = Apart(reception)
    answer = lead.post("/exclusions", {"client_id": apart.alma, "names": ["Gareth Pike"], "date_of_birth": "1980"})
    made = ok(answer, 201)
    assert made["matches"] == 1
    [clash] = made["clashes"]
    assert {clash["one"]["person_id"], clash["other"]["person_id"]} == {apart.alma, apart.him}
    path = answer.headers["Location"].removeprefix("/api/v1")
    shown = ok(lead.get(path))
    assert (shown["names"], shown["separation"], shown["gap_minutes"]) == (["Gareth Pike"], "gap", 30)
    assert ok(lead.get(f"{path}/affected"))["items"] == made["clashes"]
    assert [each["case_id"] for each in ok(lead.get("/cases"))["items"]] == [clash["case_id"]]
    assert ok(lead.get(f"/cases/{clash['case_id']}")) == clash
    [match] = ok(lead.get(f"{path}/matches"))["items"]
    assert match["person"]["id"] == apart.him
    assert [each["id"] for each in ok(lead.get("/matches"))["items"]] == [match["id"]]
    decision = {"decision": "dismissed", "seen": match["seen"]}
    refused(lead.put(f"/matches/{match['id']}/decision", decision), 422)
    told = lead.put(f"/matches/{match['id']}/decision", {**decision, "reason": "Another man of that name"})
    assert told.status_code == 204
    assert ok(lead.get(f"{path}/affected"))["items"] == []
    edited = ok(lead.patch(path, {"names": ["Gareth Pike", "Gaz"], "separation": "day"}, version=1))
    assert edited["matches"] == 1
    refused(lead.patch(path, {"separation": "gap"}, version=1), 412)
    assert [each["id"] for each in ok(lead.get("/exclusions"))["items"]] == [made["exclusion_id"]]
    assert [each["id"] for each in ok(lead.get("/exclusions", client_id=apart.alma))["items"]] == [made["exclusion_id"]]
    assert ok(lead.get("/exclusions", active="false"))["items"] == []


def test_every_look_at_an_exclusion_is_recorded(lead: Api) -> None:
    exclusion = make.make_exclusion(make.make_client(), make.make_client())

    def looks() -> int:
        db.session.rollback()
        return db.session.execute(select(func.count()).where(AuditRecord.action == "look")).scalar_one()

    for path in (f"/exclusions/{exclusion}", f"/exclusions/{exclusion}/affected", "/exclusions", "/matches", "/cases",
                 "/requests", f"/exclusions/{exclusion}/matches"):
        before = looks()
        ok(lead.get(path))
        assert looks() > before, path


def test_exclusions_come_in_pages(lead: Api) -> None:
    made = [make.make_exclusion(make.make_client(), make.make_client()) for _ in range(5)]
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = ok(lead.get("/exclusions", limit=2, **cursor))
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert seen == made


def test_a_token_is_not_two_people_and_closes_nothing(lead: Api) -> None:
    exclusion = make.make_exclusion(make.make_client(), make.make_client())
    for word in ("close", "start-closing", "confirm-closing"):
        refused(lead.post(f"/exclusions/{exclusion}/{word}", {"reason": "x"}), 404)
    refused(lead.post(f"/exclusions/{exclusion}/keep"), 409, "wrong-state")
    refused(lead.post(f"/exclusions/{exclusion}/reopen", {"reason": "x"}), 409, "wrong-state")
    assert "active" in refused(lead.patch(f"/exclusions/{exclusion}", {"active": False}, version=1), 422)["fields"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"names": []}, "names"), ({"names": ["x" * 81]}, "names.0"), ({"separation": "far"}, "separation"),
        ({"gap_minutes": 1441}, "gap_minutes"), ({"gap_minutes": -1}, "gap_minutes"), ({"source": "rumour"}, "source"),
        ({"separation": "site"}, "sites"), ({"sites": [987654]}, "sites"), ({"review_on": "2026-02-30"}, "review_on"),
        ({"person": {"kind": "client", "id": 987654}}, "person"), ({"person": {"kind": "dog", "id": 1}}, "person.kind"),
        ({"date_of_birth": "yesterday"}, "date_of_birth"), ({"phone": "x"}, "phone"), ({"notes": "x" * 4001}, "notes"),
    ],
)
def test_an_exclusion_that_cannot_be_is_refused_by_its_field(lead: Api, change: dict[str, Any], field: str) -> None:
    alma = make.make_client()
    answer = lead.post("/exclusions", {"client_id": alma, "names": ["Gareth Pike"], **change})
    assert list(refused(answer, 422, "invalid")["fields"]) == [field]
    assert ok(lead.get("/exclusions"))["items"] == []


def test_an_exclusion_of_nobody_or_for_nobody_is_not_there(lead: Api) -> None:
    refused(lead.post("/exclusions", {"client_id": 987654, "names": ["Gareth Pike"]}), 404)
    for path in ("", "/affected", "/matches"):
        refused(lead.get(f"/exclusions/987654{path}"), 404, "not-found")
    refused(lead.get("/cases/987654"), 404)
    refused(lead.put("/matches/987654/decision", {"decision": "confirmed"}), 404)


def test_a_site_that_a_token_may_not_know_of_is_neither_shown_nor_lost(lead: Api) -> None:
    from scheduler.models import ExclusionSite, Venue

    refuge = make.make_venue(kind="refuge", confidential=True)
    mill = make.make_venue()
    sites = {each: db.session.get(Venue, each).site_id for each in (refuge, mill)}  # type: ignore[union-attr]
    alma, him = make.make_client(), make.make_client()
    exclusion = make.make_exclusion(alma, him, sites=tuple(sites.values()), separation="site")
    assert ok(lead.get(f"/exclusions/{exclusion}"))["sites"] == [sites[mill]]
    ok(lead.patch(f"/exclusions/{exclusion}", {"notes": "x"}, version=1))
    db.session.rollback()
    kept = set(db.session.execute(select(ExclusionSite.site_id)).scalars())
    assert kept == set(sites.values())


def test_nothing_of_a_message_but_its_state_is_kept_or_told(reception: Api) -> None:
    columns = set(Message.__table__.c.keys())
    assert not columns & {"body", "text", "words", "phone", "number", "to"}
