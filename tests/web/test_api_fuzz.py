"""Odd requests at every operation of the API, made from its own description: never a fault of ours, always a problem
that says so. The requests are the same in every run; SIDEGATE_TEST_FUZZ=N asks each operation N times as many."""

import json
import os
import random
from typing import Any, NamedTuple

import pytest
from flask.ctx import AppContext
from flask.testing import FlaskClient

from ..support import factories as make
from ..support.api import Api, as_role, ok
from ..support.factories import at

MORE = int(os.environ.get("SIDEGATE_TEST_FUZZ", "1"))
PER_OPERATION = 8 * MORE

ODD: list[Any] = [
    None, True, False, 0, -1, 1, 2, 3, 7, 2**31, 2**53, 2**63, 10**30, 1.5, -0.0, 1e308, "", " ", "x" * 5000, "a\x00b",
    "\ud800", "ﷺ" * 100, "Ó Súilleabháin", "王秀英", "עברית", "'; DROP TABLE client; --", "%s%n", "{{7*7}}",
    "../../etc", [], [None], [[]], {}, {"a": {}}, "2027-03-28T01:30:00", "2027-02-30T00:00:00Z",
    "2026-03-02T10:00:00Z", "24:00",
    "25:00", "2027-03-28", "0000-00-00", "NaN", "-1", "1e5", "٣", "true",
]


class Guess:
    """Makes requests that are nearly right: most fields as the schema has them, one or two odd ones."""

    def __init__(self, spec: dict[str, Any], seed: str, first: dict[str, int]) -> None:
        self.spec = spec
        self.first = first
        self.random = random.Random(seed)

    def resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in schema:
            schema = self.spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        if "allOf" in schema or "anyOf" in schema:
            options = [each for each in schema.get("allOf", schema.get("anyOf")) if each.get("type") != "null"]
            return self.resolved(options[0])
        return schema

    def value(self, schema: dict[str, Any], name: str = "") -> Any:
        if self.random.random() < 0.12:
            return self.random.choice(ODD)
        schema = self.resolved(schema)
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = self.random.choice(kind)
        choices = schema.get("enum")
        if choices:
            return self.random.choice(choices)
        if kind == "object":
            return {
                field: self.value(inner, field)
                for field, inner in schema.get("properties", {}).items()
                if not inner.get("readOnly") and (field in schema.get("required", ()) or self.random.random() < 0.5)
            }
        if kind == "array":
            return [self.value(schema["items"], name) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        if kind == "integer" and (name.endswith("_id") or name in self.first):
            return self.an_id(name)
        if kind == "integer":
            least, most = schema.get("minimum", 0), min(schema.get("maximum", 60), 10**6)
            return self.random.choice([least, most, self.random.randint(1, 6), self.random.randint(1, 6), 30, 60])
        if kind == "boolean":
            return self.random.random() < 0.5
        if kind == "null":
            return None
        return self.text(name)

    def an_id(self, name: str) -> int:
        """The id of a record that may well be there: the first of its kind, or one of the next."""
        return self.first.get(name, 1) + self.random.choice([0, 0, 0, 1, 1, 2, 3])

    def text(self, name: str) -> str:
        if name in ("start", "from", "since"):
            return self.random.choice(["2026-03-02T10:00:00Z", "2026-03-03T10:00:00+00:00", "2027-03-28T01:00:00Z"])
        if name in ("end", "until"):
            return self.random.choice(["2026-03-02T12:00:00Z", "2026-03-03T12:00:00+00:00", "2027-03-28T03:00:00Z"])
        if name in ("at", "opens", "earliest"):
            return self.random.choice(["00:00", "01:30", "09:30"])
        if name in ("closes", "latest"):
            return self.random.choice(["10:00", "17:00", "24:00"])
        if name.endswith(("_on", "_day")) or name.startswith("valid_"):
            return self.random.choice(["2026-03-03", "2026-10-25", "2027-03-28"])
        if name == "rule":
            return self.random.choice(["FREQ=WEEKLY;BYDAY=TU", "FREQ=DAILY", "FREQ=MONTHLY;BYDAY=5MO", "FREQ=YEARLY"])
        if name == "phone":
            return self.random.choice(["07700 900123", "999", "+44 7700 900456"])
        if name == "date_of_birth":
            return self.random.choice(["1987", "5/3/1987", "31/2/1990", "1987-03"])
        if name == "zone":
            return self.random.choice(["Europe/London", "Europe/Nowhere", "UTC"])
        return self.random.choice(["Mary", "Women", "Zoë O'Neill", "a word", "worker", "hub"])

    def request(self, path: str, operation: dict[str, Any]) -> dict[str, Any]:
        query: list[tuple[str, Any]] = []
        headers: dict[str, str] = {}
        for given in operation["parameters"]:
            if given["in"] == "path":
                if given["schema"].get("enum"):
                    found = self.random.choice(given["schema"]["enum"])
                else:
                    found = self.random.choice([*[self.an_id(given["name"])] * 9, 999999])
                path = path.replace("{" + given["name"] + "}", str(found))
            elif given["in"] == "query" and (given.get("required") or self.random.random() < 0.4):
                found = self.value(given["schema"], given["name"])
                for each in found if isinstance(found, list) else [found]:
                    text = each if isinstance(each, str) else json.dumps(each)
                    query.append((given["name"], text.encode("utf-8", "surrogatepass")))
            elif given["in"] == "header" and self.random.random() < 0.9:
                odd = ['"1"', '"1"', '"2"', "*", "W/\"1\"", '"99999999999"', "\"1\", \"2\"", "käse", "x"]
                headers[given["name"]] = self.random.choice(odd)
        made: dict[str, Any] = {"path": path, "query_string": query, "headers": headers}
        if "requestBody" in operation:
            [schema] = [each["schema"] for each in operation["requestBody"]["content"].values()]
            body = self.value(schema)
            if self.random.random() < 0.05 and isinstance(body, dict):
                body["another"] = self.random.choice(ODD)
            made["data"] = json.dumps(body)
            made["content_type"] = "application/json"
        return made


def operations(spec: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    """Every operation: method, path and description, with the parameters of its path."""
    found = []
    for path, item in spec["paths"].items():
        shared = item.get("parameters", [])
        for method, operation in item.items():
            if method != "parameters":
                parameters = [*shared, *operation.get("parameters", ())]
                found.append((method.upper(), path, {**operation, "parameters": parameters}))
    return found


class Town(NamedTuple):
    """Tokens by role, and the id of the first record of each kind by the names that fields have."""

    apis: dict[str, Api]
    first: dict[str, int]


@pytest.fixture
def town(context: AppContext, client: FlaskClient, clock: Any) -> Town:
    venue, second = make.make_venue(), make.make_venue(creche=True)
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rosewood House")
    for each in (venue, second, refuge):
        make.open_all_day(each)
    kind = make.make_type()
    worker, other = make.make_staff(), make.make_staff(woman=False, given_name="Amir")
    make.assign(worker, refuge)
    alma, him = make.make_client(), make.make_client(eligibility="unknown", given_name="Gareth", family_name="Pike")
    make.make_safe_contact(alma)
    stay = make.make_stay(alma, refuge)
    session = make.make_session(venue, at(10), at(13), (worker,), (kind,))
    make.make_session(second, at(10, day=1), at(12, day=1), (other,), (kind,), kind="group", seats=5)
    make.make_session(refuge, at(10, day=2), at(12, day=2), (worker,), (kind,))
    exclusion = make.make_exclusion(alma, him, state="possible")
    apis = {role: as_role(client, role) for role in ("reception", "lead", "manager")}
    body = {"client_id": alma, "type_id": kind, "session_id": session, "staff_id": worker, "mode": "in-person",
            "start": "2026-03-02T10:00:00Z"}
    booked = ok(apis["reception"].post("/appointments", body), 201)["id"]
    closure = {"start": "2026-06-01T00:00:00Z", "end": "2026-06-02T00:00:00Z"}
    manager = apis["manager"]
    first = {
        "venue_id": venue, "venues": venue, "type_id": kind, "types": kind, "staff_id": worker, "staff": worker,
        "key_worker_id": worker, "client_id": alma, "session_id": session, "appointment_id": booked, "stay_id": stay,
        "exclusion_id": exclusion,
        "match_id": ok(apis["lead"].get(f"/exclusions/{exclusion}/matches"))["items"][0]["id"],
        "message_id": ok(apis["reception"].post("/links", {"client_id": alma}), 202)["id"],
        "closure_id": ok(manager.post(f"/venues/{venue}/closures", closure), 201)["id"],
        "site_id": ok(manager.get(f"/venues/{venue}"))["site_id"],
        "series_id": ok(manager.post("/series", {
            "venue_id": venue, "title": "Morning", "types": [kind], "staff": [other], "rule": "FREQ=WEEKLY;BYDAY=TU",
            "first_day": "2026-03-03", "at": "10:00", "minutes": 60}), 201)["id"],
    }
    ok(manager.post("/feeds", {"kind": "worker", "staff_id": worker}), 201)
    first["feed_id"] = ok(manager.get("/feeds"))["items"][0]["id"]
    return Town(apis, {**first, "neighbours": first["site_id"], "sites": first["site_id"]})


@pytest.mark.slow
def test_no_odd_request_is_ever_a_fault_of_ours(town: Town, client: FlaskClient) -> None:
    spec = client.get("/api/v1/openapi.json").get_json()
    statuses: set[int] = set()
    for method, path, operation in operations(spec):
        guess = Guess(spec, f"{method} {path}", town.first)
        role = next(each for each in ("manager", "lead", "reception") if each in operation["x-roles"])
        for _ in range(PER_OPERATION):
            made = guess.request(path.removeprefix("/api/v1"), operation)
            try:
                answer = town.apis[role].send(method, **made)
            except Exception as fault:
                raise AssertionError(f"{method} {made}") from fault
            statuses.add(answer.status_code)
            assert answer.status_code < 500, (method, made, answer.data)
            assert b"Rosewood" not in answer.data, (method, made)
            if answer.status_code >= 400:
                assert answer.content_type == "application/problem+json", (method, made, answer.data)
                assert answer.get_json()["status"] == answer.status_code
    assert {200, 201, 204, 404, 409, 412, 422} <= statuses, statuses
