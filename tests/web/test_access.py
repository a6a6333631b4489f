"""Who gets to which route, and what every answer tells the browser."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from werkzeug.routing import Rule

from scheduler.services import staff
from scheduler.services.actors import SYSTEM
from scheduler.web import security

from ..support.desk import Desk
from ..support.serving import LiveServer

ROLES = ("reception", "outreach", "lead", "manager", "worker")

#: Everyone may use these. Anything added here needs a reason in its declaration, and a second look.
OPEN = {
    "account.sign_in", "account.begin", "account.sign_out", "account.healthz", "account.readyz", "static",
    "bootstrap.static",
}


def routes(app: Flask) -> Iterator[tuple[Rule, str, security.Access | None]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method, security.declared(app, rule.endpoint, method)


def address(rule: Rule) -> str:
    """A path that fits the rule, of a record that does not exist."""
    values: dict[str, Any] = {}
    for name in rule.arguments:
        converter = rule._converters[name]
        kind = type(converter).__name__
        if kind in ("IntegerConverter", "Id"):
            values[name] = 999_999
        elif kind == "AnyConverter":
            values[name] = next(iter(converter.items))  # type: ignore[attr-defined]
        else:
            values[name] = "x"
    return rule.build(values, append_unknown=False)[1]  # type: ignore[index]


def test_every_route_says_who_may_use_it(app: Flask) -> None:
    silent = [f"{method} {rule}" for rule, method, access in routes(app) if access is None]
    assert silent == []


def test_every_public_route_says_why(app: Flask) -> None:
    for rule, method, access in routes(app):
        if access is not None and access.kind == "public":
            assert len(access.reason) > 20, f"{method} {rule}"


def test_no_staff_page_is_public(app: Flask) -> None:
    desks = ("reception", "outreach", "safeguarding", "manage", "handset")
    opened = {
        rule.endpoint for rule, _, access in routes(app)
        if access is not None and access.kind == "public" and rule.endpoint.startswith((*desks, "account"))
    }
    assert opened <= OPEN


def test_a_route_that_says_nothing_is_refused_to_everyone(make_app: Callable[..., Flask], context: Any) -> None:
    app = make_app()
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    assert app.test_client().get("/forgotten").status_code == 403
    manager = Desk(app, "manager")
    assert "secret" not in manager.get("/forgotten").text


@pytest.mark.parametrize("role", ROLES)
def test_a_role_gets_to_its_own_routes_and_to_no_others(app: Flask, context: Any, role: str) -> None:
    desk = Desk(app, role)
    token = {"Authorization": f"Bearer {staff.make_api_token(SYSTEM, role, 'test')}"}
    wrong = []
    for rule, method, access in routes(app):
        if access is None or access.kind != "roles":
            continue
        allowed = role in access.roles
        if allowed and method != "GET":
            continue  # what it does is tested where it is done
        api = str(rule).startswith("/api/")
        options: dict[str, Any] = {"headers": token} if api else {}
        status = desk.client.open(address(rule), method=method, **options).status_code
        if (status == 403) == allowed or status in (401, 500):
            wrong.append(f"{method} {rule}: {status}")
    assert wrong == []


def test_whoever_is_not_signed_in_gets_to_nothing(app: Flask, context: Any) -> None:
    visitor = app.test_client()
    wrong = []
    for rule, method, access in routes(app):
        if access is None or access.kind == "public":
            continue
        answer = visitor.open(address(rule), method=method)
        if str(rule).startswith("/api/"):
            refused = answer.status_code == 401 and answer.content_type == "application/problem+json"
        elif access.kind == "link":
            refused = answer.status_code in (302, 303, 403, 404, 410)
        else:
            refused = answer.status_code == 302 and (answer.location or "").startswith("/sign-in")
        if not refused:
            wrong.append(f"{method} {rule}: {answer.status_code}")
    assert wrong == []


def test_a_staff_cookie_is_no_key_to_the_api(app: Flask, context: Any) -> None:
    assert Desk(app, "manager").get("/api/v1/venues").status_code == 401


def test_an_api_token_is_no_key_to_the_pages(app: Flask, context: Any) -> None:
    token = staff.make_api_token(SYSTEM, "manager", "test")
    answer = app.test_client().get("/reception/", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 302


def test_an_ended_token_opens_nothing(app: Flask, context: Any) -> None:
    token = staff.make_api_token(SYSTEM, "manager", "test")
    headers = {"Authorization": f"Bearer {token}"}
    actor = staff.token_actor(token)
    assert actor is not None
    assert actor.id is not None
    assert app.test_client().get("/api/v1/venues", headers=headers).status_code == 200
    staff.end_api_token(SYSTEM, actor.id)
    assert app.test_client().get("/api/v1/venues", headers=headers).status_code == 401


# --- Headers ----------------------------------------------------------------------------------------------------------

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex, nofollow",
}


def lacking(headers: Any, static: bool = False) -> list[str]:
    """What an answer's headers fail to tell the browser."""
    missing = [name for name, value in EVERYWHERE.items() if headers.get(name) != value]
    policy = headers.get("Content-Security-Policy", "")
    parts = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    if parts.get("default-src") != "'none'" or parts.get("frame-ancestors") != "'none'":
        missing.append("Content-Security-Policy")
    if "unsafe" in policy or "*" in policy or parts.get("base-uri") != "'none'":
        missing.append("strict policy")
    if parts.get("script-src") != "'self'" or parts.get("style-src") != "'self'":
        missing.append("own scripts and styles only")
    if "camera=()" not in headers.get("Permissions-Policy", ""):
        missing.append("Permissions-Policy")
    if not static and headers.get("Cache-Control") != "no-store":
        missing.append("Cache-Control")
    return missing


def test_every_answer_carries_the_headers(app: Flask, context: Any) -> None:
    manager, visitor = Desk(app, "manager"), app.test_client()
    wrong = {}
    for rule, method, _ in routes(app):
        path = address(rule)
        for who in (manager.client, visitor) if method == "GET" else (visitor,):
            answer = who.open(path, method=method)
            kept = "static" in rule.endpoint or rule.endpoint == "link.look_sheet"  # a theme's colours
            found = lacking(answer.headers, static=kept)
            if found:
                wrong[f"{method} {path} {answer.status_code}"] = found
    answer = visitor.get("/no/such/page")
    assert answer.status_code == 404
    assert lacking(answer.headers) == []
    assert wrong == {}


def test_a_live_server_sends_the_headers_on_pages_files_and_errors(live_server: LiveServer) -> None:
    for path, status in (("/sign-in", 200), ("/static/staff/staff.css", 200), ("/nothing", 404), ("/healthz", 200)):
        answer = requests.get(live_server.url + path, timeout=10)
        assert answer.status_code == status
        assert lacking(answer.headers, static=path.startswith("/static")) == []
        assert "Strict-Transport-Security" not in answer.headers


def test_a_fault_shows_nothing_of_itself_and_keeps_the_headers(make_app: Callable[..., Flask]) -> None:
    app = make_app(TESTING=False)

    @security.public("A view that fails, for this test alone.")
    def broken() -> str:
        raise RuntimeError("Sarah Kelly 07700 900123")

    app.add_url_rule("/broken", "broken", broken)
    app.add_url_rule("/api/broken", "api_broken", broken)
    page, problem = app.test_client().get("/broken"), app.test_client().get("/api/broken")
    for answer in (page, problem):
        assert answer.status_code == 500
        assert "Sarah" not in answer.text
        assert "Error" not in answer.text
        assert lacking(answer.headers) == []
    assert problem.content_type == "application/problem+json"


def test_a_database_that_is_gone_is_a_neutral_page_too(make_app: Callable[..., Flask], monkeypatch: Any) -> None:
    def gone(_token: object) -> None:
        raise OSError("no such host db.internal")

    app = make_app(TESTING=False)
    monkeypatch.setattr(staff, "principal", gone)
    visitor = app.test_client()
    visitor.set_cookie("desk", "a token")
    answer = visitor.get("/reception/")
    assert answer.status_code == 500
    assert "db.internal" not in answer.text
    assert "Something went wrong" in answer.text


def test_in_production_everything_is_https_and_cookies_say_so(make_app: Callable[..., Flask], context: Any) -> None:
    app = make_app(
        TESTING=False, PRODUCTION="1", PUBLIC_URL="https://desk.example", SMS_GATEWAY="twilio",
        TWILIO_ACCOUNT_SID="AC1", TWILIO_AUTH_TOKEN="token", TWILIO_FROM="+447700900000",
    )
    visitor = app.test_client()
    assert visitor.get("/sign-in").status_code == 302
    secure = visitor.get("/sign-in", base_url="https://desk.example")
    assert secure.status_code == 200
    assert "max-age=31536000" in secure.headers["Strict-Transport-Security"]
    with app.test_request_context(base_url="https://desk.example"):
        assert security.cookie_name() == "__Host-desk"


def test_a_number_that_no_record_could_have_is_a_page_that_does_not_exist(app: Flask, context: Any) -> None:
    desk = Desk(app, "reception")
    for path in ("/reception/clients/", "/reception/appointments/"):
        assert desk.get(f"{path}99999999999999999999").status_code == 404
    assert desk.get("/reception/?venue=99999999999999999999").status_code == 422
