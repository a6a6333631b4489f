"""Calendar feeds: a worker's, a venue's, and a partner's that says "Room in use" and no more.

Nothing in a feed is about whom or what: a feed lives in somebody's telephone, on somebody's wall, with a calendar
company. A confidential venue has no feed, and in a worker's own feed the time spent there has no place (SAFETY.md 7).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from scheduler import clock
from scheduler.calendars.events import LONDON, Entry, calendar, stable_uid
from scheduler.errors import NotAllowed, NotFound
from scheduler.rules.discretion import telling_words
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.states import OPEN, State
from scheduler.services import actors, staff
from scheduler.services.actors import Actor
from scheduler.store import diary, links
from scheduler.store import feeds as store
from scheduler.store.feeds import Busy, Place

APPOINTMENT = "Appointment"
SESSION = "Session"
ROOM = "Room in use"
NAME = "Calendar"

#: A feed shows four weeks back and as far ahead as sessions are made.
BACK = timedelta(weeks=4)
AHEAD = timedelta(weeks=27)


def feed(token: str) -> bytes | None:
    """The feed at this secret address; None when it is unknown, has ended, or its worker or venue has: not told apart.

    At most six queries, whatever the feed holds.
    """
    found = staff.feed(token)
    if found is None:
        return None
    if found.kind == "worker":
        return worker_feed(found.staff_id) if found.staff_id is not None else None
    if found.venue_id is None or not store.open_venue(found.venue_id):
        return None
    return partner_feed(found.venue_id) if found.kind == "partner" else venue_feed(found.venue_id)


def worker_feed(staff_id: int) -> bytes | None:
    """When a worker is busy, and where, unless the place is confidential or its label tells too much; None when they no
    longer work here."""
    if not store.active_worker(staff_id):
        return None
    since, until = clock.now() - BACK, clock.now() + AHEAD
    busy = store.sessions_of_worker(staff_id, since, until) + store.appointments_of_worker(staff_id, since, until)
    places = store.places({each.venue_id for each in busy})
    return calendar(NAME, (_entry("worker", each, places[each.venue_id], say_where=True) for each in _in_order(busy)))


def venue_feed(venue_id: int) -> bytes:
    """When a venue's sessions run and its one-to-one appointments are: times only."""
    since, until = clock.now() - BACK, clock.now() + AHEAD
    busy = store.sessions_at(venue_id, since, until) + store.appointments_at(venue_id, since, until)
    places = store.places({venue_id})
    return calendar(NAME, (_entry("venue", each, places[venue_id], say_where=False) for each in _in_order(busy)))


def partner_feed(venue_id: int) -> bytes:
    """When a partner's room is used: by sessions alone, so that it does not tell whether anyone came."""
    since, until = clock.now() - BACK, clock.now() + AHEAD
    places = store.places({venue_id})
    return calendar(
        NAME,
        (
            Entry(
                stable_uid("partner", "session", each.id), ROOM, each.start, each.end,
                ZoneInfo(places[venue_id].zone), each.updated_at, each.version,
            )
            for each in store.sessions_at(venue_id, since, until)
        ),
    )


def _in_order(busy: Iterable[Busy]) -> list[Busy]:
    return sorted(busy, key=lambda each: (each.start, each.kind == "appointment", each.id))


def _entry(scope: str, each: Busy, place: Place, say_where: bool) -> Entry:
    is_appointment = each.kind == "appointment"
    shown = say_where and each.in_person and not place.confidential and not telling_words(place.label)
    return Entry(
        uid=stable_uid(scope, "appointment" if is_appointment else "session", each.id),
        title=APPOINTMENT if is_appointment else SESSION,
        start=each.start,
        end=each.end,
        zone=ZoneInfo(place.zone),
        changed=each.updated_at,
        version=each.version,
        location=place.label or None if shown else None,
        # One-to-one time is open until it is booked; a group or a drop-in takes its worker's whole time.
        busy=is_appointment or each.kind != Kind.ONE_TO_ONE,
        status="TENTATIVE" if each.state == State.PENDING else "CONFIRMED",
    )


def appointment_entry(
    actor: Actor, appointment_id: int, title: str = APPOINTMENT, *, say_where: bool = False
) -> bytes:
    """One appointment, for the calendar of the woman whose it is: a time, called as she chose, and nothing about what
    or with whom. Where it is stands in it only if she asked for that (`say_where`), and never of a confidential place
    or one whose name or address tells too much. One that was cancelled says so, so that a calendar which has it takes
    it away.

    Raises NotFound when there is none or it is another client's, NotAllowed.
    """
    row = diary.appointment(appointment_id)
    if row is None or (actor.kind == "client" and row.client_id != actor.id):
        raise NotFound
    if actor.kind != "client" and not actors.can_book_for_anyone(actor):
        raise NotAllowed
    gone = row.state in (State.CANCELLED, State.NOSHOW, State.ENTERED_IN_ERROR)
    entry = Entry(
        uid=stable_uid("own", "appointment", row.id), title=title, start=row.start, end=row.end, zone=LONDON,
        changed=row.updated_at, version=row.version, location=_where(row) if say_where else None,
        status="CANCELLED" if gone else "TENTATIVE" if row.state in OPEN - {State.BOOKED} else "CONFIRMED",
    )
    return calendar(NAME, [entry])


def _where(row: Any) -> str | None:
    if row.mode != Mode.IN_PERSON:
        return None
    (place,) = links.places({row.venue_id})
    if place.confidential:
        return None
    words = ", ".join(part for part in (place.label, place.address, place.postcode) if part)
    return None if telling_words(words) else words
