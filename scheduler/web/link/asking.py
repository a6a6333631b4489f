"""Request mode: up to three times that would suit, from the public timetable; staff confirm one later.

Everything shown here rests on the timetable and on this client's own record (SAFETY.md 4.2). Nothing here asks what is
free, who is kept from whom, or what anyone else has booked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import make_response, render_template, request

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.services import booking, links
from scheduler.services.booking import MOST_WISHES
from scheduler.services.links import LinkVisit
from scheduler.store import links as store
from scheduler.web.link import bp, noting
from scheduler.web.link.visits import go, hers, keyed
from scheduler.web.link.wishes import MODES
from scheduler.web.link.words import HOW, Place, day_words, places, span_words, time_words, where_words

_AHEAD = timedelta(days=28)
_PAGE = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the type, how, where (0 is any place), from when the list begins, and the times picked."""

    type_id: int
    how: str
    where: int
    start: datetime | None
    picked: tuple[tuple[int, datetime], ...]

    def kept(self) -> dict[str, Any]:
        """As it is kept in the session."""
        return {
            "type": self.type_id, "how": self.how, "where": self.where,
            "from": self.start.isoformat() if self.start else None,
            "picked": [[session, start.isoformat()] for session, start in self.picked],
        }


@dataclass(frozen=True, slots=True)
class Time:
    """A time on the public timetable, in words. `key` is (session, start)."""

    key: tuple[int, datetime]
    code: str
    venue: int
    day: str
    words: str
    where: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What was asked for and waits for an answer, in words."""

    kind: str
    times: tuple[tuple[str, str, str], ...]


def sent(visit: LinkVisit) -> Sent | None:
    """What this very client has asked for and not been answered: the day, the time and how and where of each wish that
    is not past. It rests on that request and the timetable, and on nobody else's bookings (SAFETY.md 4.2)."""
    row = store.asked_for(visit.client_id)
    if row is None:
        return None
    wishes = [(int(session), datetime.fromisoformat(at)) for session, at in json.loads(row.wishes)]
    coming = sorted((start, session) for session, start in wishes if start > clock.now())
    venues = store.venues_of({session for _start, session in coming}) if coming else {}
    at = places(visit, set(venues.values()))
    times = tuple(
        (day_words(start, place.zone), time_words(start, place.zone), where_words(row.mode, place))
        for start, session in coming
        if (place := at.get(venues.get(session, 0))) is not None
    )
    return Sent(row.kind, times) if times else None


def _asked(visit: LinkVisit, types: dict[int, Any]) -> Asked:
    kept = visit.choices.get("ask") or {}
    usual = [mode for mode in visit.preferences.get("modes") or () if mode in MODES]
    first = visit.type_id if visit.type_id in types else next(iter(types), 0)
    start = datetime.fromisoformat(kept["from"]) if kept.get("from") else None
    return Asked(
        kept["type"] if kept.get("type") in types else first or 0,
        kept.get("how") or (usual or MODES)[0],
        kept.get("where") or 0,
        start if start is not None and start > clock.now() else None,
        tuple((session, datetime.fromisoformat(at)) for session, at in kept.get("picked", ())),
    )


def _timetable(visit: LinkVisit, asked: Asked) -> list[Time]:
    now = clock.now()
    if not asked.type_id:
        return []
    rows = booking.timetable(visit.client_id, asked.type_id, asked.how, now, now + _AHEAD)
    at = places(visit, {venue for _session, venue, _start, _end in rows})
    return [
        Time(
            (session, start), _code(session, start), venue, day_words(start, at[venue].zone),
            span_words(start, end, at[venue].zone), where_words(asked.how, at[venue]),
        )
        for session, venue, start, end in rows
        if venue in at
    ]


def _code(session: int, start: datetime) -> str:
    return keyed("ask", session, start)


def _page(visit: LinkVisit, asked: Asked, types: dict[int, Any], wrong: str = "") -> Any:
    table = _timetable(visit, asked)
    listed = [time for time in table if asked.where in (0, time.venue)]
    shown = [time for time in listed if asked.start is None or time.key[1] >= asked.start]
    picked = [time for time in table if time.key in asked.picked]
    page = render_template(
        "link/ask.html", asked=asked, types=types, how=HOW, where=_venues(visit, table), picked=picked,
        times=[time for time in shown[:_PAGE] if time.key not in asked.picked], more=len(shown) > _PAGE, wrong=wrong,
        most=MOST_WISHES, texts=links.number_ending(visit) is not None,
    )
    return make_response(page, 422 if wrong else 200)


def _venues(visit: LinkVisit, table: list[Time]) -> list[Place]:
    found = places(visit, {time.venue for time in table})
    return sorted((each for each in found.values() if not each.online), key=lambda place: place.label.casefold())


@bp.get("/my/ask")
@hers
def ask(visit: LinkVisit) -> Any:
    """The timetable, with boxes to tick."""
    if not booking.in_request_mode(visit.client_id):
        return go("home")
    types = {row.id: row for row in store.types_for_her()}
    return _page(visit, _asked(visit, types), types)


@bp.post("/my/ask")
@hers
def asking(visit: LinkVisit) -> Any:
    """Look at other times, keeping what is ticked; or send what is ticked."""
    if not booking.in_request_mode(visit.client_id):
        return go("home")
    types = {row.id: row for row in store.types_for_her()}
    before = _asked(visit, types)
    ticked = _ticked(visit, before)
    if request.form.get("do") == "send":
        return _send(visit, before, types, ticked)
    links.save_choices(visit, {**visit.choices, "ask": _other(visit, before, types, ticked).kept()})
    return go("ask")


def _ticked(visit: LinkVisit, before: Asked) -> tuple[tuple[int, datetime], ...]:
    codes = set(request.form.getlist("time")[:50])
    return tuple(time.key for time in _timetable(visit, before) if time.code in codes)


def _other(visit: LinkVisit, before: Asked, types: dict[int, Any], ticked: tuple[tuple[int, datetime], ...]) -> Asked:
    """What the form asks to look at. Another way or kind of appointment has another timetable, so nothing on it is
    ticked yet."""
    form = request.form
    if form.get("do") == "later":
        shown = [
            time for time in _timetable(visit, before)
            if before.where in (0, time.venue) and (before.start is None or time.key[1] >= before.start)
        ]
        start = shown[_PAGE].key[1] if len(shown) > _PAGE else before.start
        if start is not None and start == shown[0].key[1]:
            start += timedelta(minutes=1)  # a whole page at one moment: go on, or the button would do nothing
        return Asked(before.type_id, before.how, before.where, start, ticked)
    if form.get("do") == "first":
        return Asked(before.type_id, before.how, before.where, None, ticked)
    how = form.get("how", "")
    where = form.get("where", "")
    what = form.get("what", "")
    type_id = next((each for each in types if str(each) == what), before.type_id)
    how = how if how in MODES else before.how
    place = next((each.id for each in _venues(visit, _timetable(visit, before)) if str(each.id) == where), 0)
    same = (type_id, how) == (before.type_id, before.how)
    return Asked(type_id, how, place, None, ticked if same else ())


def _send(visit: LinkVisit, before: Asked, types: dict[int, Any], ticked: tuple[tuple[int, datetime], ...]) -> Any:
    asked = Asked(before.type_id, before.how, before.where, before.start, ticked)
    try:
        booking.request_times(visit.actor, visit.client_id, asked.type_id, asked.how, list(ticked))
    except Invalid as wrong:
        return _page(visit, asked, types, next(iter(wrong.fields.values()), wrong.public))
    noted = noting.asked(visit, asked.type_id, asked.how, asked.where)
    links.save_choices(visit, {**visit.choices, "ask": None, "noted": noted})
    return go("asked")


@bp.get("/my/asked")
@hers
def asked(visit: LinkVisit) -> Any:
    """Thank you; what happens next."""
    return render_template("link/asked.html", texts=links.number_ending(visit) is not None)
