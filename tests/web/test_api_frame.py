"""The API's frame: who gets in, how requests are read, how refusals look, and what its description promises."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.ctx import AppContext
from flask.testing import FlaskClient
from openapi_spec_validator import OpenAPIV31SpecValidator

from scheduler.services import staff
from scheduler.services.actors import SYSTEM
from scheduler.web.api import base
from scheduler.web.security import declared

from ..support import factories as make
from ..support.api import ROLES, Api, as_role, ok, refused
from ..support.settings import make_application, settings_for


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """An app that is only asked what it is: it needs no database."""
    folder = str(tmp_path_factory.mktemp("described"))
    return make_application(settings_for(f"sqlite:///{folder}/none.sqlite", folder))


@pytest.fixture(scope="module")
def spec(described: Flask) -> dict[str, Any]:
    found: dict[str, Any] = ok(described.test_client().get("/api/v1/openapi.json"))
    return found


@pytest.fixture
def reception(context: AppContext, client: FlaskClient) -> Api:
    return as_role(client, "reception")


# --- the description --------------------------------------------------------------------------------------------------


def test_the_description_is_valid_openapi_3_1(spec: dict[str, Any]) -> None:
    assert spec["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(spec).validate()


def test_the_description_has_every_route_and_who_may_use_it(spec: dict[str, Any], described: Flask) -> None:
    operations = {
        (path.replace("{", "<").replace("}", ">"), method.upper()): operation
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }
    routes = {}
    for rule in described.url_map.iter_rules():
        if rule.rule.startswith("/api/") and rule.endpoint != "api-description.openapi":
            path = "".join(f"<{text}>" if dynamic else text for dynamic, text in rule._trace).split("|", 1)[-1]
            for method in rule.methods - {"HEAD", "OPTIONS"}:
                routes[path, method] = declared(described, rule.endpoint, method)
    assert set(operations) == set(routes)
    for place, access in routes.items():
        assert access is not None, place
        assert operations[place]["x-roles"] == sorted(access.roles), place


def test_every_operation_is_described_in_words_and_refuses_by_problem_json(spec: dict[str, Any]) -> None:
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert operation["summary"], (method, path)
                assert "DEFAULT_ERROR" in operation["responses"]["default"]["$ref"]
    error = spec["components"]["responses"]["DEFAULT_ERROR"]
    assert list(error["content"]) == ["application/problem+json"]


def test_the_description_asks_no_other_site_for_anything_and_has_no_page(described: Flask) -> None:
    client = described.test_client()
    text = client.get("/api/v1/openapi.json").get_data(as_text=True)
    assert "http://" not in text
    assert "https://" not in text
    for path in ("/api/v1/", "/api/v1/swagger", "/api/v1/docs", "/api/v1/redoc"):
        refused(client.get(path), 404)


# --- getting in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [None, "", "Bearer", "Bearer ", "Bearer nonsense", "Basic dXNlcjpwYXNz", "Bearer " + "x" * 5000, "bearer\tx",
     "Bearer é"],
)
def test_without_a_token_that_stands_nothing_is_told(
    client: FlaskClient, context: AppContext, header: str | None
) -> None:
    answer = client.get("/api/v1/venues", headers={"Authorization": header} if header is not None else {})
    refused(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_ended_token_is_as_one_that_never_was(client: FlaskClient, context: AppContext) -> None:
    token = staff.make_api_token(SYSTEM, "reception", "desk")
    api = Api(client, token)
    ok(api.get("/venues"))
    actor = staff.token_actor(token)
    assert actor is not None
    assert actor.id is not None
    staff.end_api_token(SYSTEM, actor.id)
    assert api.get("/venues").data == Api(client, "sg_" + "x" * 43).get("/venues").data


def test_a_browser_that_is_signed_in_is_nobody_to_the_api(client: FlaskClient, context: AppContext) -> None:
    """A cookie is sent by any page that asks; a token only by whoever has it."""
    from scheduler.web.security import cookie_name

    worker = make.make_staff(role="manager")
    client.set_cookie(cookie_name(), staff.begin(worker))
    refused(client.get("/api/v1/venues"), 401)


def test_a_token_signs_nobody_in_to_the_pages(client: FlaskClient, context: AppContext) -> None:
    token = staff.make_api_token(SYSTEM, "manager", "desk")
    answer = client.get("/reception/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code in (302, 401, 403)


def test_a_token_needs_no_form_token(make_app: Callable[..., Flask], context: AppContext) -> None:
    app = make_app(WTF_CSRF_ENABLED=True)
    token = staff.make_api_token(SYSTEM, "manager", "desk")
    ok(Api(app.test_client(), token).post("/sites", {"name": "Mill Lane"}), 201)


def test_too_many_requests_are_told_so_and_another_token_is_not_held_back(
    make_app: Callable[..., Flask], context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "RATE", "3 per minute")
    app = make_app(RATELIMIT_ENABLED=True)
    token = staff.make_api_token(SYSTEM, "manager", "desk")
    api = Api(app.test_client(), token)
    for _ in range(3):
        ok(api.get("/sites"))
    answer = api.get("/sites")
    refused(answer, 429)
    assert int(answer.headers["Retry-After"]) > 0
    other = staff.make_api_token(SYSTEM, "manager", "another")
    ok(Api(app.test_client(), other).get("/sites"))


def test_every_operation_is_refused_to_roles_that_it_does_not_name(
    spec: dict[str, Any], client: FlaskClient, context: AppContext
) -> None:
    """Before anything is read of the request: a refusal by role tells nothing of what is there."""
    apis = {role: as_role(client, role) for role in ROLES}
    asked = 0
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            real = path.removeprefix("/api/v1")
            for name in ("{channel}",):
                real = real.replace(name, "sms")
            while "{" in real:
                real = real[: real.index("{")] + "1" + real[real.index("}") + 1 :]
            for role in set(ROLES) - set(operation["x-roles"]):
                refused(apis[role].send(method.upper(), real), 403, "not-allowed")
                asked += 1
    assert asked > 60


# --- reading a request ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"{", 400, "body-unreadable"),
        (b"nonsense", 400, "body-unreadable"),
        (b'{"text": NaN}', 400, "body-unreadable"),
        (b'{"text": Infinity}', 400, "body-unreadable"),
        (b'{"text": "a", "text": "b"}', 400, "body-unreadable"),
        (b"\xff\xfe", 400, "body-unreadable"),
        (b"[" * 100_000, 400, "body-unreadable"),
        (b'{"text": ' + b"9" * 5000 + b"}", 400, "body-unreadable"),
        (b'{"text": "a"} trailing', 400, "body-unreadable"),
        (b"[]", 422, "invalid"),
        (b"null", 422, "invalid"),
        (b'"text"', 422, "invalid"),
        (b"17", 422, "invalid"),
        (b"", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"text": "a", "more": 1}', 422, "invalid"),
        (b'{"text": "\\ud800"}', 422, "invalid"),
        (b'{"text": "a\\u0000b"}', 422, "invalid"),
        (b'{"text": "a\\u001bb"}', 422, "invalid"),
        (b'{"text": {}}', 422, "invalid"),
        (b'{"limit": 0, "text": "a"}', 422, "invalid"),
        (b'{"limit": 1.0, "text": "a"}', 422, "invalid"),
        (b'{"limit": "3", "text": "a"}', 422, "invalid"),
        (b'{"limit": true, "text": "a"}', 422, "invalid"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused(reception: Api, body: bytes, status: int, code: str) -> None:
    answer = reception.send("POST", "/clients/search", data=body, content_type="application/json")
    told = refused(answer, status, code)
    assert ("fields" in told) == (status == 422)


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "text/json", "", "nonsense"])
def test_a_body_that_does_not_say_that_it_is_json_is_refused(reception: Api, kind: str) -> None:
    answer = reception.send("POST", "/clients/search", data=b'{"text": "a"}', headers={"Content-Type": kind})
    refused(answer, 415, "body-not-json")


def test_a_body_in_any_script_is_read(reception: Api) -> None:
    for text in ("王秀英", "Ó Súilleabháin", "ﷺ", "a" * 120):
        ok(reception.post("/clients/search", {"text": text}))


def test_a_body_without_end_is_refused(reception: Api) -> None:
    answer = reception.send("POST", "/clients/search", data=b" " * (3 * 2**20), content_type="application/json")
    refused(answer, 413)


def test_a_method_that_is_not_there_is_told_which_are(reception: Api) -> None:
    answer = reception.send("DELETE", "/venues")
    refused(answer, 405)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/venues/0", "/venues/-1", "/venues/x", "/venues/1.0", "/venues/99999999999999999999999", "/venues/1",
     "/venues/9007199254740991", "/clients/%00", "/clients/١", "/sessions/1%2F", "/messages/1/"],
)
def test_what_is_not_there_is_not_found(reception: Api, path: str) -> None:
    refused(reception.get(path), 404)


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "9" * 5000}, {"limit": "١"}, {"nothing": "1"},
     {"cursor": "x"}, {"cursor": "W10.x"}, {"cursor": "x" * 700}, {"closed_too": "yes"}, {"closed_too": "1"}],
)
def test_a_question_that_cannot_be_read_is_refused_by_its_field(reception: Api, query: dict[str, str]) -> None:
    assert list(refused(reception.get("/venues", **query), 422, "invalid")["fields"]) == list(query)


def test_a_cursor_belongs_to_its_own_question(reception: Api) -> None:
    for _ in range(3):
        make.make_venue()
    cursor = ok(reception.get("/venues", limit=1))["next"]
    ok(reception.get("/venues", limit=2, cursor=cursor))
    refused(reception.get("/venues", limit=1, cursor=cursor, closed_too="true"), 422)
    refused(reception.get("/sites", limit=1, cursor=cursor), 422)


def test_pages_hold_each_once_also_when_more_are_added_meanwhile(reception: Api) -> None:
    made = [make.make_venue(name=name) for name in ("Mill", "Abbey", "Zoo", "Bridge", "Yard")]
    seen: list[int] = []
    cursor: dict[str, str] = {}
    while True:
        page = ok(reception.get("/venues", limit=2, **cursor))
        seen += [each["id"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        if len(seen) == 2:
            made.append(make.make_venue(name="Aaa"))
    assert seen == made


# --- answers ----------------------------------------------------------------------------------------------------------


def test_no_answer_is_stored_or_sets_a_cookie(reception: Api) -> None:
    for answer in (reception.get("/venues"), reception.get("/nothing"), reception.post("/appointments", {})):
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_fault_of_ours_says_nothing_of_itself(make_app: Callable[..., Flask], context: AppContext) -> None:
    from scheduler.services import venues

    app = make_app(TESTING=False)
    token = staff.make_api_token(SYSTEM, "reception", "desk")
    with pytest.MonkeyPatch.context() as patch:

        def broken(*_args: Any, **_kwargs: Any) -> None:
            raise RuntimeError("Rosewood House, RF1 9ZZ")

        patch.setattr(venues, "visible", broken)
        answer = Api(app.test_client(), token).get("/venues")
    refused(answer, 500, "failed")
    assert b"Rosewood" not in answer.data
    assert b"Runtime" not in answer.data


def test_a_refusal_repeats_nothing_that_was_sent(reception: Api) -> None:
    canary = "Gareth-Pike-07700900999"
    answers = [
        reception.post("/clients/search", {"text": {canary: 1}}),
        reception.post("/clients", {"given_name": [canary], canary: 1, "phone": canary}),
        reception.get("/offers", client_id=canary, type_id=canary),
        reception.send("POST", "/clients", data=f'{{"{canary}', content_type="application/json"),
    ]
    for answer in answers:
        assert answer.status_code in (400, 422)
        told = json.loads(answer.data)
        assert canary not in json.dumps({**told, "fields": list(told.get("fields", {}).values())})
