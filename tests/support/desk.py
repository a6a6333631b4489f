"""Staff at their desks: signed-in visitors of each role, and their pages read as text."""

from __future__ import annotations

import re

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from scheduler.services import staff
from scheduler.services.actors import Actor

from . import factories as make

PASSWORD = "four quiet words here"
#: Hashed once: hashing is slow on purpose.
HASHED = staff._hasher.hash(PASSWORD)


def make_user(role: str, username: str | None = None, **values: object) -> int:
    """Someone with a role who can sign in with PASSWORD. Gives their id."""
    return make.make_staff(
        role=role, sees_clients=False, given_name="Rita", family_name="Shaw", username=username or f"{role}-1",
        password_hash=HASHED, **values,
    )


class Desk:
    """A browser in which someone of one role is signed in."""

    def __init__(self, app: Flask, role: str, username: str | None = None, staff_id: int | None = None) -> None:
        self.staff_id = staff_id or make_user(role, username or f"{role}-{app.name}-{id(self)}"[:60])
        self.actor = Actor("staff", self.staff_id, role)
        self.token = staff.begin(self.staff_id)
        self.client: FlaskClient = app.test_client()
        self.client.set_cookie("desk", self.token)

    def get(self, path: str, **options: object) -> TestResponse:
        return self.client.get(path, **options)  # type: ignore[arg-type]

    def post(self, path: str, **data: object) -> TestResponse:
        """Send a form of these fields; the answer before any redirect is followed."""
        return self.client.post(path, data={name: value for name, value in data.items() if value is not None})


def alike(page: TestResponse) -> str:
    """A page without what is different each time it is made: tokens and keys of forms."""
    return re.sub(r'name="(csrf_token|key)" value="[^"]*"', r'name="\1"', page.text)
