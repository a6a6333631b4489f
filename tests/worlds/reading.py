"""Everyone who can read what the program says, and all that an answer carries."""

from __future__ import annotations

import base64
import re
import zlib
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule

from scheduler.services import links, staff
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from scheduler.web import security

from .canaries import Reader
from .planted import Planted


def picked(world: Planted, session: int, worker: int) -> dict[str, Any]:
    """The query or form that stands for ten o'clock tomorrow in this session."""
    return {"session": session, "staff": worker, "mode": "in-person", "at": "2026-03-03T10:00:00Z", "type": world.talk}


READERS = [
    Reader("nobody", "nobody"),
    Reader("her", "link"),
    Reader("him", "link"),
    # An outreach worker's token and a worker's desk may do what these two may.
    *(Reader(f"{role}'s token", "token", role) for role in ("reception", "outreach", "manager", "lead")),
    *(Reader(role, "desk", role) for role in ("reception", "outreach", "manager", "lead")),
    *(
        Reader(f"{role} assigned", "desk", role, assigned=True, key_worker=role == "worker")
        for role in ("worker", "manager", "lead")
    ),
]


class Browser:
    """One reader's way in."""

    def __init__(self, app: Flask, world: Planted, reader: Reader) -> None:
        self.reader = reader
        self.http: FlaskClient = app.test_client()
        self.headers: dict[str, str] = {}
        if reader.kind == "desk":
            self.http.set_cookie("desk", staff.begin(world.staff[reader.name]))
        elif reader.kind == "token":
            self.headers["Authorization"] = f"Bearer {staff.make_api_token(SYSTEM, reader.role, reader.name)}"
        elif reader.kind == "link":
            client = world.her if reader.name == "her" else world.him
            token = use_case(links.make_link)(client, None)
            world.filler("link", token, "hers" if reader.name == "her" else "his")
            self.http.post(f"/a/{token}")

    def send(self, method: str, path: str, **rest: Any) -> Any:
        headers = {**self.headers, **rest.pop("headers", {})}
        return self.http.open(path, method=method, headers=headers, **rest)


def everything_in(answer: Any) -> str:
    """All that an answer carries: its headers, its body, and what its cookies hold when they are unpacked."""
    parts = [f"{name}: {value}" for name, value in answer.headers.items()]
    for cookie in answer.headers.getlist("Set-Cookie"):
        packed = cookie.partition("=")[2].partition(";")[0]
        body = packed.lstrip(".").split(".")[0]
        raw = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)) if re.fullmatch(r"[\w-]+", body) else b""
        parts.append((zlib.decompress(raw) if packed.startswith(".") else raw).decode("utf-8", "replace"))
    return "\n".join([*parts, answer.get_data(as_text=True)])


_ADDRESS = re.compile(r'(?:href|src|action)="([^"]*)"|<title>(.*?)</title>|filename="?([^";\r\n]*)', re.DOTALL)


def outward(answer: Any) -> str:
    """What of an answer is kept by browsers and seen by others: its title, the addresses on it and file names. An id is
    no name; where a refuge's may be is seen by `leaks`."""
    kept = [answer.headers.get("Location", "")]
    if answer.mimetype == "text/html":
        kept += ["".join(found) for found in _ADDRESS.findall(answer.get_data(as_text=True))]
    kept += ["".join(found) for found in _ADDRESS.findall(answer.headers.get("Content-Disposition", ""))]
    return "\n".join(kept)


def may_get_to(app: Flask, rule: Rule, reader: Reader) -> bool:
    """Whether this reader's kind is let into the view at all."""
    access = security.declared(app, rule.endpoint, "GET")
    if access is None or access.kind == "roles":
        api = str(rule).startswith("/api/")
        return access is not None and reader.role in access.roles and api == (reader.kind == "token")
    return access.kind != "link" or reader.kind == "link"


def masked(answer: Any, *asked: object) -> tuple[int, str]:
    """An answer without the numbers that were asked for, its length, and what is drawn by lot."""
    kept = [f"{name}: {value}" for name, value in answer.headers.items() if name not in ("Content-Length", "Date")]
    text = "\n".join(kept)
    text += answer.get_data(as_text=True)
    text = re.sub(r'name="(csrf_token|key)" value="[^"]*"|session=[^;]*', "", text)
    for number in asked:
        text = re.sub(rf"(?<![0-9]){number}(?![0-9])", "#", text)
    answer.close()
    return answer.status_code, text
