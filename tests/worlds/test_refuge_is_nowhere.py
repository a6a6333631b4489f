"""To everyone who is not assigned to it, a refuge is as a place that does not exist (SAFETY.md 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from flask import Flask

from scheduler.web import security

from ..support.databases import Database
from ..support.factories import at
from .canaries import REFUGE, Reader
from .planted import Planted
from .reading import READERS, Browser, masked
from .town import Saved

#: Parameters that may name something of the refuge; and where else one is named by a query or in a body.
OF_THE_REFUGE = {"venue_id": "venue id", "session_id": "session id", "site_id": "site id", "series_id": "series id"}
_SHAPE = {"title": "Talk", "types": [1], "staff": [], "modes": ["phone"], "kind": "drop-in"}
NAMED_OTHERWISE: list[tuple[str, str, str]] = [
    ("GET", "/reception/?venue={venue id}", ""), ("GET", "/reception/?venue={venue id}&view=list", ""),
    ("GET", "/outreach/?whose=all&venue={venue id}", ""), ("GET", "/outreach/sessions/new?like={session id}", ""),
    ("GET", "/reception/clients/{him}?asked=1&venue={venue id}", ""),
    ("POST", "/reception/door", "venue={venue id}&q=Sam+Poole"),
    ("POST", "/reception/clients/{him}/book", "session={session id}&mode=in-person&at=2026-03-02T10:00:00Z&type=1"),
    ("POST", "/outreach/sessions/new", "venue={venue id}&date=2026-03-05&start=10:00&end=12:00&title=Talk&types=1"),
    ("POST", "/manage/feeds", "kind=venue&venue={venue id}"),
    ("POST", "/manage/venues/new", "name=New&kind=hub&site={site id}"),
    ("POST", "/manage/venues/{hub}/neighbours", "sites={site id}"),
    ("GET", "/api/v1/appointments?from=2026-03-02T00:00:00Z&until=2026-03-09T00:00:00Z&venue_id={venue id}", ""),
    ("GET", "/api/v1/sessions?from=2026-03-02T00:00:00Z&until=2026-03-09T00:00:00Z&venue_id={venue id}", ""),
    ("GET", "/api/v1/offers?client_id={him}&type_id=1&from=2026-03-02T00:00:00Z&until=2026-03-09T00:00:00Z"
            "&venue_id={venue id}", ""),
    ("POST", "/api/v1/sessions", json.dumps({**_SHAPE, "venue_id": "{venue id}", "start": at(9, 0, 3).isoformat(),
                                             "end": at(10, 0, 3).isoformat()})),
    ("POST", "/api/v1/series", json.dumps({**_SHAPE, "venue_id": "{venue id}", "rule": "FREQ=WEEKLY;BYDAY=MO",
                                           "first_day": "2026-03-09", "at": "10:00", "minutes": 60})),
    ("POST", "/api/v1/clients/{him}/stays", json.dumps({"venue_id": "{venue id}", "since": at(0).isoformat()})),
    ("PATCH", "/api/v1/clients/{him}", json.dumps({"preferences": {"venues": ["{venue id}"]}})),
    ("POST", "/api/v1/venues", json.dumps({"name": "New", "kind": "hub", "site_id": "{site id}"})),
    ("PUT", "/api/v1/sites/{site}/neighbours", json.dumps({"neighbours": ["{site id}"]})),
    ("POST", "/api/v1/feeds", json.dumps({"kind": "partner", "venue_id": "{venue id}"})),
    ("POST", "/api/v1/requests", json.dumps({"client_id": "{him}", "type_id": 1, "mode": "in-person", "wishes": [
        {"session_id": "{session id}", "start": at(8).isoformat()}]})),
]


def test_a_refuge_is_told_from_no_place_that_does_not_exist(world: Planted, served: Flask, database: Database) -> None:
    """Whoever is not assigned to it gets, for each of its numbers, what they get for a number that nothing has: on
    every route, by every method, in addresses, queries and bodies."""
    served.config["WTF_CSRF_ENABLED"] = False
    nowhere = {name: str(int(REFUGE[name]) + 500) for name in OF_THE_REFUGE.values()}
    there = {name: REFUGE[name] for name in OF_THE_REFUGE.values()}
    more = {"him": world.him, "hub": world.hub, "site": world.ids("site_id")[0]}
    browsers = [Browser(served, world, each) for each in READERS if each.is_staff and not each.assigned]
    for browser in browsers:
        browser.send("GET", "/reception/door")  # the browser has its cookies before anything is compared
    saved = Saved(database)
    told = {}
    for browser in browsers:
        for method, path, options in _naming(served, browser.reader):
            def ask(numbers: dict[str, str], how: Any = (browser, method, path, options)) -> tuple[int, str]:
                browser, method, path, options = how
                numbers = {**numbers, **{name: str(value) for name, value in more.items()}}
                body = {name: _fill(value, numbers) for name, value in options.items()}
                answer = browser.send(method, _fill(path, numbers), **body)
                if method != "GET" and answer.status_code < 400:
                    saved.put_back()
                    browser.send("GET", "/reception/door")  # it reads what it was told of what was done
                return masked(answer, *numbers.values())

            hidden, missing = ask(there), ask(nowhere)
            if hidden != missing:
                told[f"{browser.reader.name}: {method} {path}"] = (hidden[0], missing[0])
    assert told == {}


def _fill(text: Any, numbers: dict[str, str]) -> Any:
    if not isinstance(text, str):
        return text
    for name, number in numbers.items():
        text = text.replace(f'"{{{name}}}"', number).replace(f"{{{name}}}", number)
    return text


def _naming(app: Flask, reader: Reader) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every request of this reader's that can name something of a refuge, as (method, address, the rest)."""
    api = reader.kind == "token"
    form = {"content_type": "application/json" if api else "application/x-www-form-urlencoded"}
    for rule in app.url_map.iter_rules():
        named = sorted(rule.arguments & set(OF_THE_REFUGE))
        if not named or str(rule).startswith("/api/") != api:
            continue
        values = {name: 10**6 + number for number, name in enumerate(sorted(rule.arguments))}
        path = rule.build(values, append_unknown=False)[1]  # type: ignore[index]
        for name, value in values.items():
            path = path.replace(str(value), f"{{{OF_THE_REFUGE[name]}}}" if name in OF_THE_REFUGE else "1")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            access = security.declared(app, rule.endpoint, method)
            if access is not None and reader.role in access.roles:
                body = {} if method == "GET" else {"data": "{}" if api else "version=1", **form}
                yield method, path, {**body, "headers": {"If-Match": '"1"'}}
    for method, path, body in NAMED_OTHERWISE:
        if path.startswith("/api/") == api:
            headers = {"If-Match": '"1"'}
            yield method, path, {"headers": headers, **({"data": body, **form} if body else {})}
