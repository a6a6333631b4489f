"""An edit of a session that cannot be made because of whom someone is kept from is refused as any other (SAFETY.md 4):
what is in the way may be listed, never why it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from ..support import factories as make
from ..support.databases import Database
from ..support.factories import at
from .his_phone import unlike
from .slots import Slots
from .test_his_desk import Asking, said
from .town import Saved, write

Cause = Callable[[Slots], None]


def _open_town() -> Slots:
    town = Slots({"eligibility": "unknown"})
    for venue in town.venues:
        make.open_all_day(venue)
    return town


def _she_is_next_door(town: Slots) -> None:
    her = make.make_client(given_name="Alma")
    make.make_exclusion(her, town.them, state="possible")
    write(town.beside[3], her, at(14, 0, 1), None)


def _they_are_elsewhere(town: Slots) -> None:
    write(town.beside[0], town.them, at(14, 0, 1), None)


@pytest.mark.parametrize("role", ["outreach", "manager"])
def test_a_session_cannot_be_moved_over_a_separation_and_nobody_is_told_that_it_is_one(
    app: Flask, context: Any, clock: Any, database: Database, role: str
) -> None:
    town = _open_town()
    asking, saved = Asking(app, role), Saved(database)
    told = []
    for cause in (_they_are_elsewhere, _she_is_next_door):
        saved.put_back()
        cause(town)
        moved = {"start": at(13, 0, 1).isoformat(), "end": at(15, 0, 1).isoformat()}
        form = {
            "venue": town.venues[3], "date": "2026-03-03", "start": "13:00", "end": "15:00", "title": "Morning",
            "types": town.talk, "staff": town.workers[3], "modes": "in-person", "version": "1",
            "audience": "everyone", "kind": "one-to-one", "scope": "this",
        }
        told.append({
            "api": said(asking.api.patch(f"/sessions/{town.later}", moved, version=1)),
            "page": said(asking.desk.post(f"/outreach/sessions/{town.later}/change", **form)),
        })
    assert b"in-the-way" in told[0]["api"]
    assert b"409" in told[0]["page"][:20]
    assert unlike(told[0], told[1]) == {}


def _a_woman_is_kept_from_the_worker(town: Slots) -> None:
    her = make.make_client(given_name="Alma")
    make.make_exclusion(her, town.workers[0], kind="staff", state="possible")
    write(town.beside[3], her, at(13, 30, 1), None)


def _the_worker_is_elsewhere(town: Slots) -> None:
    make.make_session(town.venues[1], at(13, 0, 1), at(14, 0, 1), (town.workers[0],), (town.talk,))


def _the_room_is_taken(town: Slots) -> None:
    make.make_session(town.venues[3], at(13, 0, 1), at(14, 0, 1), (town.workers[1],), (town.talk,), room="Green")


def test_a_worker_who_is_a_named_person_is_refused_as_one_who_is_busy(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    """Or as a room that is taken: whoever plans sessions does not learn that a colleague is kept from anyone."""
    town = _open_town()
    asking, saved = Asking(app, "outreach"), Saved(database)
    told = []
    for cause in (_the_worker_is_elsewhere, _the_room_is_taken, _a_woman_is_kept_from_the_worker):
        saved.put_back()
        cause(town)
        body = {
            "venue_id": town.venues[3], "title": "Morning", "start": at(13, 0, 1).isoformat(), "types": [town.talk],
            "end": at(15, 0, 1).isoformat(), "staff": [town.workers[0]], "modes": ["in-person"], "room": "Green",
        }
        form = {
            "venue": town.venues[3], "date": "2026-03-03", "start": "13:00", "end": "15:00", "title": "Morning",
            "types": town.talk, "staff": town.workers[0], "modes": "in-person", "room": "Green",
            "audience": "everyone", "kind": "one-to-one", "scope": "this",
        }
        told.append({
            "api": said(asking.api.post("/sessions", body)),
            "page": said(asking.desk.post("/outreach/sessions/new", **form)),
        })
    assert b"in-the-way" in told[0]["api"]
    assert b"409" in told[0]["page"][:20]
    assert unlike(told[0], told[1]) == {}
    assert unlike(told[0], told[2]) == {}
