"""To everyone but leads and her own key worker, an exclusion is as none (SAFETY.md 4.4): no page and no answer differs
between a world that has one, with its matches, cases, alerts, override and requests, and the same world without."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Flask

from scheduler.extensions import db
from scheduler.web import security

from ..support.databases import Database
from .canaries import Reader
from .his_phone import unlike
from .planted import Planted, add_an_exclusion, plant
from .reading import Browser, masked, may_get_to
from .test_canaries import requests_of

READERS = [
    Reader("reception", "desk", "reception"), Reader("outreach", "desk", "outreach"),
    Reader("worker", "desk", "worker"), Reader("manager", "desk", "manager"),
    Reader("reception's token", "token", "reception"), Reader("manager's token", "token", "manager"),
    Reader("nobody", "nobody"),
]

#: What differs, and must.
DIFFER = {
    "safeguarding.decisions": "A manager may be the second of the two people who override (SAFETY.md 5).",
    "safeguarding.override": "So they may read what they decide on.",
    "safeguarding.decide_override": "And decide it.",
    "manage.index": "And are told that one waits.",
    "reception.client": "A time that he may not have is not offered: test_his_desk.py proves that nothing says why.",
    "reception.move_page": "The same.",
    "reception.waits": "The same, of the times that fit now; the list itself differs in nothing.",
    "api-waiting-list.fitting": "The same.",
    "api-offers.list_offers": "The same.",
    "static": "Its headers say when it was fetched.",
}

#: What only a world with an exclusion has. In the other its ids are asked for as well: nothing has them.
OF_SAFETY = ("exclusion_id", "match_id", "case_id", "override_id", "request_id", "alert_id")


def _asked(app: Flask, world: Planted, reader: Reader) -> Iterator[tuple[str, str, str]]:
    """Everything that this reader may ask without changing anything, and every route that names what is of safety, as
    (endpoint, method, address)."""
    for rule in app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and may_get_to(app, rule, reader) and rule.endpoint not in DIFFER:
            yield from ((rule.endpoint, "GET", path) for path, _about in requests_of(world, rule))
        if rule.arguments & set(OF_SAFETY):
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS", "GET"}):
                access = security.declared(app, rule.endpoint, method)
                if access is not None and reader.role in access.roles and rule.endpoint not in DIFFER:
                    yield from ((rule.endpoint, method, path) for path, _about in requests_of(world, rule))


def test_no_page_and_no_answer_tells_that_there_is_an_exclusion(
    app: Flask, context: object, clock: object, database: Database
) -> None:
    readers = READERS if database.kind == "sqlite" else READERS[:2]
    world = plant(with_exclusion=False)
    browsers = [Browser(app, world, reader) for reader in readers]
    db.session.rollback()
    world.filler("link", "x" * 22)
    known = dict(world.fillers)
    for name in OF_SAFETY:
        world.fillers[name] = [(number, "") for number in (1, 2, 3)]
    asked = {browser.reader.name: list(_asked(app, world, browser.reader)) for browser in browsers}
    without = _answers(browsers, asked)
    world.fillers = known
    add_an_exclusion(world)
    db.session.rollback()
    assert {name: len(world.fillers[name]) >= 1 for name in OF_SAFETY} == dict.fromkeys(OF_SAFETY, True)
    found = _answers(browsers, asked)
    assert sum(map(len, asked.values())) > 200 or len(readers) == 2
    differ = unlike(without, found)
    # She is the worker whom the woman sees at ten, and is told to meet her elsewhere (SAFETY.md 5). Nobody else is.
    differ.pop("outreach GET /waiting/")
    assert differ == {}


def _answers(
    browsers: list[Browser], asked: dict[str, list[tuple[str, str, str]]]
) -> dict[str, bytes]:
    for browser in browsers:
        browser.http.delete_cookie("session")  # it remembers which place was looked at last
    return {
        f"{browser.reader.name} {method} {path}": "\n".join(map(str, masked(browser.send(method, path)))).encode()
        for browser in browsers
        for _endpoint, method, path in asked[browser.reader.name]
    }
