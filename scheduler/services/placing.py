"""Puts sessions into the diary: the one way in which a session's row comes to be or changes its time and place."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, NotFound
from scheduler.extensions import db
from scheduler.models import Series, Session, SessionStaff
from scheduler.rules import hosting
from scheduler.rules.audience import Audience
from scheduler.rules.discretion import telling_words
from scheduler.rules.hosting import Hindrance, Plan, Surroundings
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Margins, Mode
from scheduler.rules.recurrence import instants
from scheduler.rules.separation import Gatekeeper, Person, barriers
from scheduler.services.actors import Actor
from scheduler.services.visibility import VenueCard, card
from scheduler.store import nearby, separation
from scheduler.store import sessions as store
from scheduler.store import venues as venue_store

SHORTEST = timedelta(minutes=5)
LONGEST = timedelta(hours=16)
_FURTHEST = timedelta(days=2 * 366)

#: What each hindrance is told as, and by which field. `TAKEN` is told as nothing but `InTheWay`.
SENTENCES: dict[Hindrance, tuple[str, str]] = {
    Hindrance.CLOSED: ("start", "The venue is not open for the whole of that time."),
    Hindrance.WOMEN_ONLY: ("audience", "The venue is kept for women then. Choose one for women, or another time."),
    Hindrance.WOMEN_STAFF: ("staff", "A session for women is staffed by women."),
}


@dataclass(frozen=True, slots=True)
class Shape:
    """Everything about a session but when it is: what one session and a series have in common."""

    venue_id: int
    title: str
    kind: str
    audience: str
    modes: tuple[str, ...]
    types: tuple[int, ...]
    staff: tuple[int, ...]
    seats: int | None
    creche: int
    room: str | None


@dataclass(frozen=True, slots=True)
class Placed:
    """A checked shape, with its venue and which of its workers are women."""

    shape: Shape
    venue: VenueCard
    women: frozenset[int] = field(default=frozenset())

    def plan(self, span: Interval, session: int | None = None, series: int | None = None) -> Plan:
        """This shape at this time, as the rules see it."""
        kind = Kind(self.shape.kind)
        margins = Margins(timedelta(minutes=self.venue.arrive_early), timedelta(minutes=self.venue.leave_late))
        return Plan(
            self.venue.id, self.venue.site_id, span, margins, kind, self.shape.audience, self.shape.modes,
            self.shape.staff, self.women, self.shape.room, self.venue.online, session,
            series if kind is Kind.GROUP else None,
        )


def local_instant(day: date, minute: int, zone: ZoneInfo, name: str = "start") -> datetime:
    """The instant, in UTC, at `minute` minutes after midnight on `day`; the first of two that the autumn change gives.

    Raises Invalid by the field `name` for a time that the spring change skips (SAFETY.md 1).
    """
    day, minute = day + timedelta(days=minute // 1440), minute % 1440
    found = instants(day, time(minute // 60, minute % 60), zone)
    if not found:
        raise Invalid(**{name: "The clocks go forward then: that time does not exist on that day."})
    return found[0]


def check_span(span: Interval, *, past_too: bool = False) -> None:
    """Raises Invalid when a session cannot be at this time at all, wherever it is."""
    wrong: dict[str, str] = {}
    now = clock.now()
    if span.end <= span.start:
        wrong["end"] = "The end must be after the start."
    elif not SHORTEST <= span.end - span.start <= LONGEST:
        wrong["end"] = "A session lasts from 5 minutes to 16 hours."
    if span.start.second or span.start.microsecond or span.end.second or span.end.microsecond:
        wrong["start"] = "Give times in whole minutes."
    if span.start > now + _FURTHEST:
        wrong["start"] = "Choose a time within the next two years."
    if span.end <= now and not past_too:
        wrong["start"] = "That time has passed."
    if wrong:
        raise Invalid(**wrong)


def checked(actor: Actor, shape: Shape, *, typed: bool = False) -> Placed:
    """The shape with its words tidied and everything it names found. Raises NotFound for a venue that this actor may
    not know of, and Invalid with a sentence by field. What someone has just `typed` may not tell what the service is
    (SAFETY.md 8); a series whose title was kept from before goes on."""
    venue = card(actor, shape.venue_id)
    if not venue.active:
        raise NotFound
    title = " ".join((shape.title or "").split())
    room = " ".join((shape.room or "").split()) or None
    modes = tuple(dict.fromkeys(str(mode) for mode in shape.modes))
    tidy = replace(
        shape, title=title, room=room, modes=modes, types=tuple(sorted(set(shape.types))),
        staff=tuple(sorted(set(shape.staff))),
    )
    wrong = _wrong_words(tidy, venue)
    if typed and telling_words(title):
        wrong["title"] = "That title tells what the session is for. Choose one that could be anything."
    women = _women(tidy, venue, wrong)
    known = {row.id for row in store.types()}
    if not tidy.types or not set(tidy.types) <= known:
        wrong["types"] = "Choose at least one kind of appointment."
    if wrong:
        raise Invalid(**wrong)
    return Placed(tidy, venue, women)


def _wrong_words(shape: Shape, venue: VenueCard) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not shape.title or len(shape.title) > 80:
        wrong["title"] = "Give the session a neutral title of at most 80 characters."
    if shape.room and len(shape.room) > 40:
        wrong["room"] = "Use at most 40 characters."
    if shape.kind not in set(Kind):
        wrong["kind"] = "Choose one-to-one, group or drop-in."
    if shape.audience not in set(Audience):
        wrong["audience"] = "A session is for everyone or for women."
    if not shape.modes or not set(shape.modes) <= set(Mode):
        wrong["modes"] = "Choose at least one way in which it is held."
    elif venue.online and Mode.IN_PERSON in shape.modes:
        wrong["modes"] = "Nobody can come in person to an online venue."
    if shape.kind == Kind.GROUP and shape.seats is None:
        wrong["seats"] = "Say how many can come to the group."
    if shape.seats is not None and not 1 <= shape.seats <= 500:
        wrong["seats"] = "Give a number from 1 to 500."
    if not 0 <= shape.creche <= 50:
        wrong["creche"] = "Give a number from 0 to 50."
    elif shape.creche and not venue.creche:
        wrong["creche"] = "This venue has no crèche."
    return wrong


def _women(shape: Shape, venue: VenueCard, wrong: dict[str, str]) -> frozenset[int]:
    rows = store.workers(shape.staff)
    if len(rows) != len(shape.staff) or not all(row.active and row.sees_clients for row in rows):
        wrong["staff"] = "Choose workers who see clients."
    elif not rows and shape.kind == Kind.ONE_TO_ONE:
        wrong["staff"] = "Choose at least one worker."
    elif venue.confidential and not set(shape.staff) <= venue_store.staff_of(venue.id):
        wrong["staff"] = "Only workers who are assigned to this venue can hold a session there."
    return frozenset(row.id for row in rows if row.woman)


def surroundings(placed: Placed, span: Interval, session: int | None = None) -> Surroundings:
    """Everything that stands around this shape in `span`, in a fixed number of queries and three more for each worker
    whom an exclusion names. All of it is read in the running transaction, so that whoever changes it at the same
    moment and this write cannot both succeed."""
    venue = placed.venue
    near = nearby.neighbours([venue.site_id])
    found = Surroundings(
        nearby.windows({venue.site_id, *near.get(venue.site_id, ())}),
        venue_store.closures(venue.id, span),
        store.commitments(placed.shape.staff, venue.id, placed.shape.room, span),
    )
    gates: dict[int, Gatekeeper] = {}
    kept_from: dict[int, frozenset[int]] = {}
    for worker in placed.shape.staff:
        aparts = separation.aparts(Person("staff", worker))
        if not aparts:
            continue
        others = frozenset(apart.other for apart in aparts)
        presences = [*separation.presences(others, span.start, span.end), *separation.enrolled(others)]
        gates[worker] = Gatekeeper(barriers(aparts, presences, nearby.neighbours()))
        kept_from[worker] = frozenset(person.id for person in others if person.kind == "client")
    found.gates, found.kept_from = gates, kept_from
    if session is not None and kept_from:
        found.members = store.counted_clients(session)
    return found


def require(plan: Plan, around: Surroundings) -> None:
    """Raises Invalid by the field that can be changed, or InTheWay, when the session cannot be held."""
    found = hosting.hindrance(plan, around)
    if found is None:
        return
    if found in SENTENCES:
        name, sentence = SENTENCES[found]
        raise Invalid(**{name: sentence})
    raise InTheWay


def make(placed: Placed, span: Interval, series: tuple[Series, date] | None = None) -> int:
    """Write a new session of this shape. The caller has asked `require`. `series` is its own and the day it is for."""
    shape, venue = placed.shape, placed.venue
    made = Session(
        series_id=series[0].id if series else None, series_day=series[1] if series else None,
        enrolment_id=series[0].enrolment_id if series else None, venue_id=venue.id,
        site_id=venue.site_id, title=shape.title, start=span.start, end=span.end, kind=shape.kind,
        audience=shape.audience, modes=list(shape.modes), types=list(shape.types), seats=shape.seats,
        creche=shape.creche, room=shape.room, updated_at=clock.now(),
    )
    db.session.add(made)
    db.session.flush()
    _staff(made.id, shape.staff, span)
    return made.id


def change(session: Session, placed: Placed, span: Interval) -> None:
    """Write an existing session's new shape and time. The caller has asked `require`."""
    shape, venue = placed.shape, placed.venue
    session.venue_id, session.site_id, session.title = venue.id, venue.site_id, shape.title
    session.start, session.end, session.kind, session.audience = span.start, span.end, shape.kind, shape.audience
    session.modes, session.types = list(shape.modes), list(shape.types)
    session.seats, session.creche, session.room = shape.seats, shape.creche, shape.room
    session.version += 1
    session.updated_at = clock.now()
    db.session.flush()
    db.session.execute(delete(SessionStaff).where(SessionStaff.session_id == session.id))
    _staff(session.id, shape.staff, span)


def _staff(session_id: int, staff: Collection[int], span: Interval) -> None:
    rows = [
        {"session_id": session_id, "staff_id": worker, "start": span.start, "end": span.end} for worker in staff
    ]
    if rows:
        db.session.execute(insert(SessionStaff), rows)
