"""Calling the JSON API as a token of a role."""

from __future__ import annotations

import json
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scheduler.services import staff
from scheduler.services.actors import SYSTEM

ROLES = ("reception", "outreach", "lead", "manager", "worker")


class Api:
    """A token's view of the API. Bodies go as JSON; `send` takes anything."""

    def __init__(self, client: FlaskClient, token: str | None) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = {**self.headers, **options.pop("headers", {})}
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **options)

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.send("GET", path, query_string={name.rstrip("_"): value for name, value in query.items()})

    def _with(self, method: str, path: str, body: Any, version: Any, key: str | None) -> TestResponse:
        headers = {}
        if version is not None:
            headers["If-Match"] = version if isinstance(version, str) else f'"{version}"'
        if key is not None:
            headers["Idempotency-Key"] = key
        data = json.dumps(body)
        return self.send(method, path, data=data, content_type="application/json", headers=headers)

    def post(self, path: str, body: Any = None, version: Any = None, key: str | None = None) -> TestResponse:
        return self._with("POST", path, {} if body is None else body, version, key)

    def put(self, path: str, body: Any, version: Any = None) -> TestResponse:
        return self._with("PUT", path, body, version, None)

    def patch(self, path: str, body: Any, version: Any = None) -> TestResponse:
        return self._with("PATCH", path, body, version, None)

    def delete(self, path: str) -> TestResponse:
        return self.send("DELETE", path)


def as_role(client: FlaskClient, role: str) -> Api:
    """The API for a new token of this role. Needs an app context."""
    return Api(client, staff.make_api_token(SYSTEM, role, f"test {role}"))


def ok(response: TestResponse, status: int = 200) -> Any:
    """The body of an answer that must have this status."""
    assert response.status_code == status, (response.status_code, response.data)
    return response.get_json()


def refused(response: TestResponse, status: int, code: str | None = None) -> dict[str, Any]:
    """The body of a refusal, which must be problem+json (RFC 9457) and agree with its own status."""
    assert response.status_code == status, (response.status_code, response.data)
    assert response.content_type == "application/problem+json"
    body: dict[str, Any] = response.get_json()
    assert body["status"] == status
    assert body["title"]
    assert body["type"] == f"urn:sidegate:{body['code']}"
    assert code is None or body["code"] == code, body
    return body
