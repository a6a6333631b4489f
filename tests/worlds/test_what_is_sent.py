"""Requests that change something, are refused, or cannot be understood bring out nothing (SAFETY.md 4 and 7)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from ..support.factories import at
from .canaries import HER, HIM, NAMED, REFUGE, Seen, found_in, leaks
from .planted import Planted
from .reading import READERS, Browser, everything_in, picked


def _sent_by_staff(world: Planted) -> list[tuple[str, str, dict[str, Any], str]]:
    """What a desk sends in a day, much of it refused: method, address, form, and about whom it is."""
    hers, his = world.ids("appointment_id")[0], world.ids("appointment_id")[3]
    at_refuge = world.ids("appointment_id")[1]
    inside = {**picked(world, int(REFUGE["session id"]), world.staff["worker assigned"]), "at": "2026-03-02T10:00:00Z"}
    beside = {**picked(world, world.hub_session, world.staff["outreach"]), "at": "2026-03-02T10:00:00Z"}
    page = f"/reception/clients/{world.him}"
    session = f"/outreach/sessions/{world.hub_session}"
    typed = {"venue": REFUGE["venue id"], "date": "2026-03-05", "start": "10:00", "end": "12:00", "title": "Talk"}
    return [
        ("POST", "/reception/clients", {"q": HER["name"]}, "hers"),
        ("POST", "/reception/clients", {"q": NAMED["name"]}, ""),
        ("POST", "/reception/clients/hits", {"q": HIM["given name"]}, "his"),
        ("POST", "/reception/clients/new", {"given_name": HIM["given name"], "family_name": HIM["name"]}, "his"),
        ("POST", "/reception/clients/new", {"given_name": "Thaddeus", "family_name": "", "phone": "0770"}, ""),
        ("POST", f"{page}/book", inside, "his"),
        ("POST", f"{page}/book", beside, "his"),
        ("POST", f"{page}/book", {**beside, "minutes": "7"}, "his"),
        ("POST", f"{page}/edit", {"given_name": "", "version": "1"}, "his"),
        ("POST", f"{page}/link", {}, "his"),
        ("POST", f"/reception/clients/{world.her}/safe/sms", {"safe": "perhaps"}, "hers"),
        ("POST", f"/reception/appointments/{his}/move", beside, "his"),
        ("POST", f"/reception/appointments/{his}/cancel", {"version": "99"}, "his"),
        ("POST", "/reception/mark", {"mark": f"{his}.arrived"}, "his"),
        ("POST", "/reception/mark", {"mark": f"{at_refuge}.arrived"}, "hers"),
        ("POST", "/reception/door", {"venue": world.hub, "client": world.him}, "his"),
        ("POST", "/reception/door", {"venue": world.hub, "q": f"Thaddeus {NAMED['name']}"}, ""),
        ("POST", "/reception/door", {"venue": world.hub, "q": HER["name"], "do": "find"}, "hers"),
        ("POST", "/reception/door", {"venue": REFUGE["venue id"], "q": "Sam Poole"}, ""),
        ("POST", f"{session}/mark", {"mark": f"{hers}.came"}, "hers"),
        ("POST", f"{session}/change", {**typed, "venue": world.hub, "version": "1"}, ""),
        ("POST", "/outreach/sessions/new", typed, ""),
        ("POST", f"{session}/cancel", {"version": "9"}, ""),
        ("POST", f"/manage/venues/{world.hub}/neighbours", {"sites": ""}, ""),
        ("POST", f"/manage/venues/{world.hub}/change", {"name": "Hub", "kind": "hub", "site": REFUGE["site id"]}, ""),
        ("POST", f"/manage/venues/{world.hub}/hours", {}, ""),
        ("POST", f"/manage/venues/{world.hub}/closures", {"from": "2026-03-02", "until": "2026-03-02"}, ""),
    ]


def _sent_by_tokens(world: Planted) -> list[tuple[str, str, dict[str, Any], str]]:
    """The same through the API."""
    his = world.ids("appointment_id")[3]
    time = {"session_id": world.hub_session, "staff_id": world.staff["outreach"], "mode": "in-person"}
    inside = {**time, "session_id": int(REFUGE["session id"]), "staff_id": world.staff["worker assigned"]}
    inside_venue = int(REFUGE["venue id"])
    about = {"client_id": world.him, "type_id": world.talk, "start": at(10).isoformat()}
    return [
        ("POST", "clients/search", {"text": HER["name"]}, "hers"),
        ("POST", "clients/search", {"text": NAMED["name"]}, ""),
        ("POST", "appointments", {**about, **time}, "his"),
        ("POST", "appointments", {**about, **inside}, "his"),
        ("POST", "appointments", {**about, **inside, "minutes": 7}, "his"),
        ("POST", f"appointments/{his}/move", {**time, "start": at(10).isoformat()}, "his"),
        ("POST", f"appointments/{his}/mark", {"mark": "arrived"}, "his"),
        ("POST", "clients", {"given_name": HER["given name"], "family_name": HER["name"]}, "hers"),
        ("PATCH", f"clients/{world.her}", {"preferences": {"venues": [world.hub]}}, "hers"),
        ("POST", f"clients/{world.him}/stays", {"venue_id": inside_venue, "since": at(0).isoformat()}, "his"),
        ("POST", "links", {"client_id": world.her}, "hers"),
        ("PATCH", f"sessions/{world.hub_session}", {"start": at(12).isoformat()}, ""),
        ("PATCH", f"venues/{world.hub}", {"active": False}, ""),
        ("PUT", f"venues/{world.hub}/opening-times", {"windows": []}, ""),
        ("PUT", f"sites/{world.ids('site_id')[0]}/neighbours", {"neighbours": []}, ""),
        ("POST", "feeds", {"kind": "venue", "venue_id": inside_venue}, ""),
    ]


def test_nothing_that_is_sent_brings_out_what_its_sender_may_not_know(
    world: Planted, served: Flask, said: io.StringIO
) -> None:
    """Marks, searches, the door, refused bookings and edits with something in the way: what comes back, the page that
    it leads to, and what is logged. A form that was filled in wrongly may come back as it was typed."""
    served.config["WTF_CSRF_ENABLED"] = False
    readers = [each for each in READERS if each.role in ("reception", "manager") and not each.assigned]
    found = {}
    for browser in [Browser(served, world, reader) for reader in readers]:
        desk = browser.reader.kind == "desk"
        for method, path, sent, about in _sent_by_staff(world) if desk else _sent_by_tokens(world):
            if desk:
                answer = browser.send(method, path, data=sent)
            else:
                answer = browser.send(method, f"/api/v1/{path}", json=sent, headers={"If-Match": '"1"'})
            endpoint = served.url_map.bind("").match(answer.request.path, method=method)[0]
            subject = frozenset((about,) if about else ())
            seen = Seen(browser.reader, endpoint, subject)
            wrong = leaks(everything_in(answer), seen) - found_in(json.dumps(sent))
            if answer.status_code in (302, 303):
                followed = browser.send("GET", answer.headers["Location"].partition("#")[0])
                endpoint = served.url_map.bind("").match(followed.request.path, method="GET")[0]
                wrong |= leaks(everything_in(followed), Seen(browser.reader, endpoint))
            if wrong or answer.status_code >= 500:
                found[f"{browser.reader.name} {method} {path} {sent}: {answer.status_code}"] = wrong
    assert found == {}
    assert found_in(said.getvalue()) == set()


@pytest.mark.parametrize("fault", ["in a service", "in the database"])
def test_an_error_of_any_kind_repeats_nothing_and_is_logged_without_it(
    world: Planted, served: Flask, said: io.StringIO, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Not found, not allowed, not understood, and broken by us with a secret in the error's own text."""
    browsers = [Browser(served, world, each) for each in READERS if each.role in ("", "lead") and not each.assigned]
    secret = f"{REFUGE['postcode']} {NAMED['name']} {HER['name']} {NAMED['phone']}"
    answers = [answer for browser in browsers for answer in _nonsense(browser, secret)]
    statuses = {answer.status_code for answer in answers}
    assert {400, 404, 405, 422} <= statuses
    assert max(statuses) < 500

    def broken(*_args: Any, **_kwargs: Any) -> Any:
        if fault == "in a service":
            raise RuntimeError(secret)
        raise OperationalError(secret, {"name": secret}, Exception(secret))

    for place in _BREAKABLE:
        monkeypatch.setattr(place, broken)
    for browser in browsers:
        for path in ("/my/", f"/reception/clients/{world.her}", "/safety/", "/reception/door", "/outreach/?whose=all",
                     f"/api/v1/clients/{world.her}", "/api/v1/venues"):
            answers.append(browser.send("GET", path))
    assert sum(answer.status_code == 500 for answer in answers) >= 5
    assert {hit for answer in answers if answer.status_code != 200 for hit in found_in(everything_in(answer))} == set()
    assert found_in(said.getvalue()) == set()
    assert "request failed" in said.getvalue()


_BREAKABLE = (
    "scheduler.services.booking.offers", "scheduler.services.clients.get", "scheduler.services.links.current",
    "scheduler.services.visibility.visible", "scheduler.services.visibility.card",
)


def _nonsense(browser: Browser, secret: str) -> Iterator[Any]:
    """Answers to requests that name what is not there, by every method, with secrets in each place that there is."""
    quoted = f"{REFUGE['name']}-{NAMED['name']}"
    for start in ("/", "/my/", "/a/", "/reception/", "/safety/", "/manage/", "/calendar/", "/api/v1/"):
        options = {"json": {quoted: secret}} if "api" in start else {"data": {"q": secret, quoted: "1"}}
        for method in ("POST", "PUT", "DELETE"):
            yield browser.send(method, start + quoted, **options)
            yield browser.send(method, f"{start}?{urlencode({'q': secret})}", **options)
    yield browser.send("POST", "/api/v1/clients/search", data="{" + secret, content_type="application/json")
    yield browser.send("GET", "/api/v1/offers", query_string={"client_id": secret, "type_id": "x"})
