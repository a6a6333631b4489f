"""What staff are told of one person's times tells no cause (SAFETY.md 4.1 and 4.4): not kept apart from taken, closed,
for women or at a place that does not exist for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Match, Session, Waiting
from scheduler.services import booking
from scheduler.services.actors import SYSTEM

from ..support import factories as make
from ..support.api import Api, as_role, ok
from ..support.databases import Database
from ..support.desk import Desk, alike
from ..support.factories import at
from .his_phone import unlike, whole
from .slots import CAUSES, Slots, in_confidence
from .town import UNCOUNTED, Deed, Saved, Town, do, protect, write

TOMORROW = {"from": at(0, 0, 1).isoformat(), "until": at(0, 0, 2).isoformat()}
TWO_WEEKS = {"from": at(9).isoformat(), "until": at(0, 0, 20).isoformat()}


def said(answer: Any) -> bytes:
    """An answer to staff, but for the tokens of its forms: they are drawn by lot for each page."""
    if answer.mimetype != "text/html":
        return whole(answer)
    return whole(answer).replace(answer.data, alike(answer).encode())


class Asking:
    """Someone on the staff, at the pages and with a token, who asks about one client."""

    def __init__(self, app: Flask, role: str) -> None:
        self.desk = Desk(app, role)
        self.desk.get("/reception/door")  # the browser has its cookies before anything is compared
        self.api: Api = as_role(app.test_client(), role)

    def book(self, client: int, kind: int, session: int, worker: int, at_: str) -> dict[str, bytes]:
        """What each way of booking a time says: looked at, and done."""
        fields = {"session": session, "staff": worker, "mode": "in-person", "at": at_, "type": kind}
        body = {"client_id": client, "type_id": kind, "session_id": session, "staff_id": worker, "mode": "in-person"}
        return {
            "page": said(self.desk.post(f"/reception/clients/{client}/book", **fields, key="k" * 20)),
            "api": said(self.api.post("/appointments", {**body, "start": at_})),
        }

    def move(self, appointment: int, kind: int, session: int, worker: int, at_: str) -> dict[str, bytes]:
        """What each way of moving an appointment to a time says."""
        fields = {"session": session, "staff": worker, "mode": "in-person", "at": at_, "type": kind}
        body = {"session_id": session, "staff_id": worker, "mode": "in-person", "start": at_}
        return {
            "move page": said(self.desk.post(f"/reception/appointments/{appointment}/move", **fields, key="k" * 20)),
            "move api": said(self.api.post(f"/appointments/{appointment}/move", body)),
        }

    def offered(self, client: int, kind: int, appointment: int) -> dict[str, bytes]:
        """What each way of looking for times shows."""
        pages = {
            "client": f"/reception/clients/{client}", "filtered": f"/reception/clients/{client}?asked=1&type={kind}",
            "other": f"/reception/appointments/{appointment}/move", "own": f"/reception/appointments/{appointment}",
        }
        found = {name: said(self.desk.get(path)) for name, path in pages.items()}
        found |= self.waiting(client)
        found["offers"] = said(self.api.get("/offers", client_id=client, type_id=kind, **TWO_WEEKS))
        found["record"] = said(self.api.get(f"/clients/{client}"))
        found["appointments"] = said(self.api.get("/appointments", client_id=client, **TWO_WEEKS))
        return found

    def waiting(self, client: int) -> dict[str, bytes]:
        """What the waiting list shows of whoever is on it, and the times that fit."""
        query = select(Waiting.id).where(Waiting.client_id == client)
        found = {"list": said(self.desk.get("/reception/waiting-list"))}
        found["list api"] = said(self.api.get("/waiting-list"))
        for waits in db.session.execute(query).scalars():
            found["fits"] = said(self.desk.get(f"/reception/waiting-list/{waits}"))
            found["fits api"] = said(self.api.get(f"/waiting-list/{waits}/offers"))
        return found


# --- No cause can be told from another --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach"])
def test_no_page_and_no_answer_tells_why_a_time_cannot_be_had(
    app: Flask, context: Any, clock: Any, database: Database, role: str
) -> None:
    town = Slots({"eligibility": "unknown"})
    asking, saved = Asking(app, role), Saved(database)
    told: dict[str, dict[str, bytes]] = {}
    for cause, apply in CAUSES.items():
        saved.put_back()
        apply(town, 1)
        time = (town.talk, town.slots[1], town.workers[1], at(10, 0, 1).isoformat())
        told[cause] = {
            **asking.offered(town.them, town.talk, town.own),
            "confirm": said(asking.desk.get(_address(town, 1))),
            **asking.book(town.them, *time),
            **asking.move(town.own, *time),
        }
    first = told.pop("just taken")
    assert b"That time is not available." in first["page"]
    assert b"slot-unavailable" in first["api"]
    assert {cause: wrong for cause in told if (wrong := unlike(first, told[cause]))} == {}


def _address(town: Slots, slot: int) -> str:
    query = f"session={town.slots[slot]}&staff={town.workers[slot]}&mode=in-person&at=2026-03-03T10:00:00Z"
    return f"/reception/clients/{town.them}/book?{query}&type={town.talk}"


@pytest.mark.parametrize("role", ["reception", "outreach"])
def test_a_time_at_a_refuge_is_refused_as_one_that_never_was(
    app: Flask, context: Any, clock: Any, database: Database, role: str
) -> None:
    """Not even a request that is wrong in another way tells them apart: the existence of the session would."""
    town = Slots({"eligibility": "unknown"})
    asking, saved = Asking(app, role), Saved(database)

    def answers(session: int, worker: int) -> dict[str, bytes]:
        time = at(10, 0, 1).isoformat()
        found = {**asking.book(town.them, town.talk, session, worker, time),
                 **asking.move(town.own, town.talk, session, worker, time)}
        body = {"client_id": town.them, "type_id": town.talk, "session_id": session, "mode": "in-person", "start": time}
        for wrong in ({"minutes": 7}, {"minutes": 600}, {"staff_id": 1}, {"mode": "phone"}, {"creche": 3}):
            found[f"{wrong}"] = said(asking.api.post("/appointments", {**body, **wrong}))
        looked_at = _address(town, 0).replace(f"session={town.slots[0]}&", f"session={session}&")
        found["confirm"] = said(asking.desk.get(looked_at))
        for path in (f"/sessions/{session}", f"/sessions/{session}/appointments"):
            found[path.replace(str(session), "")] = said(asking.api.get(path))
        return found

    hidden = answers(town.hidden, town.hidden_worker)
    assert unlike(hidden, answers(town.hidden + 1000, town.hidden_worker)) == {}
    saved.put_back()
    in_confidence(town, 1)
    moved_there = asking.book(town.them, town.talk, town.slots[1], town.workers[1], at(10, 0, 1).isoformat())
    assert moved_there["api"] == hidden["api"]


@pytest.mark.parametrize("role", ["reception", "outreach"])
def test_a_mark_that_cannot_be_undone_does_not_say_why(
    app: Flask, context: Any, clock: Any, database: Database, role: str
) -> None:
    town = Slots({"eligibility": "unknown"})
    asking = Asking(app, role)
    missed = town.missed_this_morning()
    saved = Saved(database)

    def taken() -> None:
        write(town.missed, town.stranger, at(8), town.workers[0])

    def her_next_door() -> None:
        her = make.make_client(given_name="Alma")
        make.make_exclusion(her, town.them)
        write(town.beside_missed, her, at(8), town.workers[1])

    def answers(cause: Callable[[], None]) -> dict[str, bytes]:
        saved.put_back()
        cause()
        return {
            "page": said(asking.desk.post("/reception/mark", mark=f"{missed}.undo")),
            "api": said(asking.api.post(f"/appointments/{missed}/mark", {"mark": "undo"})),
        }

    first = answers(taken)
    assert b"409" in first["page"][:20]
    assert unlike(first, answers(her_next_door)) == {}


def test_a_request_that_cannot_be_confirmed_does_not_say_why(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    """A lead confirms it, and reads the cause nowhere but in the safety queue, where looking is recorded."""
    town = Slots({"eligibility": "unknown"})
    lead = Asking(app, "lead")
    asked = booking.request_times(SYSTEM, town.them, town.talk, "in-person", [(town.slots[1], at(10, 0, 1))])
    db.session.rollback()
    saved = Saved(database)
    told = {}
    for cause in ("just taken", "kept apart, surely", "never at this place", "for women", "called off"):
        saved.put_back()
        CAUSES[cause](town, 1)
        wish = {"session_id": town.slots[1], "start": at(10, 0, 1).isoformat()}
        told[cause] = said(lead.api.post(f"/requests/{asked}/confirm", wish))
    assert b"slot-unavailable" in told["just taken"]
    assert set(told.values()) == {told["just taken"]}


# --- What is unavoidable, and no more ---------------------------------------------------------------------------------

_DEED = st.builds(
    Deed, what=st.sampled_from(("book", "write", "write", "cancel", "move")), session=st.integers(0, 35),
    slot=st.integers(0, 6), mode=st.integers(0, 2), state=st.sampled_from(("booked", "pending", "arrived")),
)
_HOW = {
    "deadline": None, "derandomize": True, "database": None, "phases": (Phase.generate,), "report_multiple_bugs": False,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
}


def _offers(api: Api, town: Town) -> list[str]:
    found = []
    for kind in (town.talk, town.long, town.group):
        cursor: dict[str, str] = {}
        while True:
            answer = ok(api.get("/offers", client_id=town.him, type_id=kind, limit=200, **TWO_WEEKS, **cursor))
            found += [json.dumps(each, sort_keys=True) for each in answer["items"]]
            if answer["next"] is None:
                break
            cursor = {"cursor": answer["next"]}
    return found


def test_her_bookings_only_take_times_away_from_him_and_never_move_one(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    """The one thing that staff cannot be kept from seeing: a time that he may not have is not offered. It is one of
    those that he would be offered if nobody were kept from him, and all the others are offered as they would be.

    So whoever looks for times for two people sees that one is open to the other and not to him, and that the cause is
    his own: what is recorded of him, where he is already, or whom he is kept from. Which, nothing tells.
    """
    town = Town()
    api, saved = as_role(app.test_client(), "reception"), Saved(database)

    @settings(max_examples=6 if database.kind == "sqlite" else 3, **_HOW)  # type: ignore[arg-type]
    @given(st.lists(_DEED, min_size=1, max_size=6), st.sampled_from(("gap", "day", "series", "site")))
    def taken_away(deeds: list[Deed], separation: str) -> None:
        saved.put_back()
        her = protect(town, separation, "possible")
        do(town, her, deeds)
        kept = _offers(api, town)
        db.session.execute(update(Match).values(state="dismissed"))
        db.session.commit()
        free = _offers(api, town)
        assert [each for each in free if each in set(kept)] == kept

    taken_away()


def test_what_takes_no_time_from_him_changes_nothing_that_staff_are_told_of_him(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    """Cancelled, missed, on the waiting list: her bookings that put her nowhere leave every page and answer about him
    as it is when there is no she. What is then booked for him has an id, which staff see, and no other number."""
    town = Town()
    asking = {role: Asking(app, role) for role in ("reception", "outreach")}
    saved = Saved(database)

    def dossier() -> dict[str, bytes]:
        db.session.rollback()
        own = db.session.execute(_own_of(town.him)).scalar_one()
        db.session.rollback()
        found: dict[str, bytes] = {}
        for role, who in asking.items():
            seen = who.offered(town.him, town.talk, own)
            seen["timetable"] = said(
                who.api.get("/timetable", client_id=town.him, type_id=town.talk, mode="in-person", **TWO_WEEKS)
            )
            found |= {f"{role} {name}": body for name, body in seen.items()}
        body: dict[str, Any] = {
            "client_id": town.him, "type_id": town.talk, "mode": "video", "start": at(11, 30, 7).isoformat(),
        }
        library = next(each for each in town.sessions if _is_at(each, town.library, 7))
        body |= {"session_id": library, "staff_id": town.workers[3]}
        made = asking["reception"].api.post("/appointments", body)
        assert made.status_code == 201
        found["booked"] = re.sub(rb'appointments/\d+|"id": ?\d+|Content-Length: \d+', b"", whole(made))
        return found

    alone = dossier()

    @settings(max_examples=4 if database.kind == "sqlite" else 2, **_HOW)  # type: ignore[arg-type]
    @given(st.lists(st.builds(Deed, st.just("write"), st.integers(0, 35), st.integers(0, 6), st.integers(0, 2),
                              st.sampled_from(UNCOUNTED)), min_size=1, max_size=8))
    def same(deeds: list[Deed]) -> None:
        saved.put_back()
        do(town, protect(town, "series", "confirmed"), deeds)
        assert unlike(alone, dossier()) == {}

    same()


def _own_of(client: int) -> Any:
    return select(Appointment.id).where(Appointment.client_id == client).order_by(Appointment.id).limit(1)


def _is_at(session: int, venue: int, day: int) -> bool:
    row = db.session.get_one(Session, session)
    return row.venue_id == venue and row.start.date() == at(0, 0, day).date()
