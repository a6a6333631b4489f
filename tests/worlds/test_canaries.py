"""Nothing that is planted comes out where SAFETY.md 4, 7 or 8 forbids it: every route, as everyone who can ask for it.

The routes are read from the app, so a new one is asked as well. One whose parameters nobody here can fill, or that no
reader gets a page of, fails: add to `planted`, or to `QUERIES`, or say in `NEVER_A_PAGE` why there is none.
"""

from __future__ import annotations

import io
import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from sqlalchemy import select
from werkzeug.routing import Rule

from scheduler.extensions import db
from scheduler.models import HandsetText

from ..support.databases import Database
from ..support.factories import at
from .canaries import NAMED, REFUGE, Reader, Seen, found_in, leaks
from .planted import ON_CALL, Filler, Planted, names_of_everything
from .reading import READERS, Browser, everything_in, may_get_to, outward, picked

RANGE = {"from": at(0).isoformat(), "until": at(0, 0, 8).isoformat()}

#: What a page is asked with besides its address, for those that show little or nothing without; `{}` is asked anyway.
QUERIES: dict[str, Callable[[Planted], list[tuple[dict[str, Any], str]]]] = {
    "api-appointments.list_appointments": lambda w: [
        ({**RANGE, "client_id": w.her}, "hers"), ({**RANGE, "client_id": w.him}, "his"),
        ({**RANGE, "venue_id": w.hub}, ""), ({**RANGE, "venue_id": REFUGE["venue id"]}, ""),
    ],
    "api-desk.list_untold": lambda w: [({**RANGE, "until": at(0, 0, 7).isoformat()}, "")],
    "api-offers.list_offers": lambda w: [
        ({**RANGE, "client_id": w.her, "type_id": w.talk}, "hers"),
        ({**RANGE, "client_id": w.him, "type_id": w.talk}, "his"),
    ],
    "api-requests.timetable": lambda w: [
        ({**RANGE, "client_id": each, "type_id": w.talk, "mode": "in-person"}, about)
        for each, about in ((w.her, "hers"), (w.him, "his"))
    ],
    "api-sessions.list_sessions": lambda w: [(RANGE, ""), ({**RANGE, "venue_id": REFUGE["venue id"]}, "")],
    "api-links.list_messages": lambda w: [
        ({"client_id": w.her}, "hers"), ({"appointment_id": w.ids("appointment_id")[1]}, "hers"),
    ],
    "api-exclusions.list_exclusions": lambda w: [({"client_id": w.her}, "hers")],
    "reception.day": lambda w: [
        ({"venue": each, "view": view}, "") for each in (w.hub, REFUGE["venue id"]) for view in ("board", "list")
    ],
    "reception.client": lambda w: [({"asked": "1", "venue": REFUGE["venue id"], "type": w.talk}, "")],
    "reception.confirm": lambda w: [
        (picked(w, session, worker), "")
        for session, worker in (w.his_slot, (int(REFUGE["session id"]), w.staff["worker assigned"]))
    ],
    "reception.move_page": lambda w: [(picked(w, *w.his_slot), "")],
    "safeguarding.new_override": lambda w: [({"client": w.her, "type": w.talk}, "hers")],
    "outreach.week": lambda w: [({"whose": "all"}, ""), ({"whose": "all", "venue": REFUGE["venue id"]}, "")],
    "outreach.new": lambda w: [({"like": session}, "") for session in w.ids("session_id")[:4]],
}


#: Routes of which nobody here sees a page, and why.
NEVER_A_PAGE: dict[str, str] = {
    "link.check": "There is nothing to check until a time was picked: tests/worlds/test_her_link.py reads it.",
    "link.join": "It only leads on, and only near the time: tests/web/link/test_online.py reads it.",
    "link.cancelled": "Nothing was cancelled: the walk of tests/web/link/test_every_page.py reads it.",
    "account.home": "It only leads on.",
    "bootstrap.static": "The library's own files; ours are read.",
    "account.readyz": "No worker runs in this world, and it says so with 503.",
}

def requests_of(world: Planted, rule: Rule) -> Iterator[tuple[str, frozenset[str]]]:
    """Every way in which a route can be asked in this world, and about whom. Raises KeyError for a parameter that
    nothing here fills."""
    known = names_of_everything(world)
    choices: list[list[Filler]] = []
    secret = {"link.arrive": "link", "feeds.calendar": "feed"}
    for name in sorted(rule.arguments):
        choices.append(known[secret[rule.endpoint] if name == "token" else name])
    queries = [({}, ""), *QUERIES.get(rule.endpoint, lambda _world: [])(world)]
    for values in itertools.product(*choices):
        filled = {name: value for name, (value, _about) in zip(sorted(rule.arguments), values, strict=True)}
        path = rule.build(filled, append_unknown=False)[1]  # type: ignore[index]
        for query, of_query in queries:
            about = frozenset(each for each in (of_query, *(about for _value, about in values)) if each)
            yield f"{path}?{urlencode(query)}" if query else path, about


def test_no_route_shows_anyone_what_they_may_not_know(
    world: Planted, served: Flask, said: io.StringIO, database: Database
) -> None:
    """On PostgreSQL less is asked: what is shown does not rest on the database, what can be asked of it does."""
    whole = database.kind == "sqlite"
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    pages, faults = set(), []
    rules = [rule for rule in served.url_map.iter_rules() if "GET" in (rule.methods or ())]
    readers = [each for each in READERS if whole or each.name in ("him", "reception", "lead", "lead's token")]
    for browser in [Browser(served, world, reader) for reader in readers]:
        for rule in rules:
            asked = list(requests_of(world, rule))
            if not may_get_to(served, rule, browser.reader):
                asked = asked[:1] if browser.reader.role in ("", "reception") else []
            for path, about in asked if whole and not browser.reader.assigned else asked[:3]:
                answer = browser.send("GET", path)
                everything, seen = everything_in(answer), Seen(browser.reader, rule.endpoint, about)
                where = f"{browser.reader.name}: {rule.endpoint} {sorted(about)}"
                pages |= {rule.endpoint} if answer.status_code == 200 else set()
                faults += [path] if answer.status_code >= 500 and path != "/readyz" else []
                answer.close()
                # A number that was asked for may be repeated: the answer is the same for one that does not exist.
                found[where] |= leaks(everything, seen) - found_in(path)
                found[f"{where}, address or title"] |= {hit for hit in found_in(outward(answer)) if "id" not in hit[1]}
    assert {where: wrong for where, wrong in found.items() if wrong} == {}
    assert faults == []
    assert not whole or {rule.endpoint for rule in rules} - pages <= set(NEVER_A_PAGE)
    assert found_in(said.getvalue()) == set()
    assert "request" in said.getvalue(), "nothing was logged: the log was not read"


# --- What leaves the building, and what whoever runs the machine reads ------------------------------------------------

#: Commands whose output is read here, and why the others need not be.
COMMANDS = {"check": ["check"], "sweep": ["sweep"], "worker": ["worker", "--once"], "keys": ["keys", "rotate"]}
OTHER_COMMANDS = {
    "init": "It makes an empty database.", "demo": "It makes invented people.", "serve": "It only starts the service.",
    "staff": "It tells what was typed.", "token": "It prints a new token.", "db": "Flask-Migrate's own.",
    "openapi": "It describes the API, and reads no record.",
    "backup": "It prints counts; that its file tells nothing is in tests/services/test_backups.py.",
    "restore": "It puts a backup into an empty database.",
    "run": "Flask's own.", "shell": "Flask's own.", "routes": "Flask's own.",
}


def test_no_text_and_no_command_says_what_is_kept_secret(world: Planted, served: Flask, said: io.StringIO) -> None:
    """Every text that is due, to her and to staff, and the output of every command. Commands tell ids, to whoever runs
    the machine."""
    assert set(served.cli.commands) <= {*COMMANDS, *OTHER_COMMANDS}, "say here whether the new command's output is read"
    output = "".join(served.test_cli_runner().invoke(args=args).output for args in COMMANDS.values())
    assert "Read:" in output
    assert {hit for hit in found_in(output) if "id" not in hit[1]} == set()
    db.session.rollback()
    texts = db.session.execute(select(HandsetText.phone, HandsetText.body)).all()
    assert {phone == ON_CALL for phone, _body in texts} == {True, False}, "she and the lead are both to be texted"
    assert found_in("\n".join(body for _phone, body in texts)) == set()
    assert found_in(said.getvalue()) == set()


def test_no_file_of_ours_is_called_by_a_secret_and_the_canaries_are_seen() -> None:
    """The search itself: a canary is found however it is written, and only where it is."""
    for kind, word in (("refuge", "quillhaven lodge"), ("refuge", "ZX97QK"), ("her", "+447700900833"),
                       ("named", "07700 900 822"), ("named", "Thadders&#39;"), ("refuge", "%2Fvenues%2F7770001")):
        assert {hit[0] for hit in found_in(word)} == {kind}, word
    assert found_in("77700012 177700011 0770090083") == set()
    assert Reader("x", "desk").is_staff
    unassigned = Seen(Reader("lead", "desk", "lead"), "safeguarding.case")
    assert leaks(f"{REFUGE['name']} {NAMED['notes']}", unassigned) == {("refuge", "name")}
