"""Sessions: adding, changing, moving and cancelling them, and what workers see of their own.

Series of sessions are in `services.series`; its use cases are offered here too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from scheduler import clock
from scheduler.errors import NotAllowed, NotFound, Stale, WrongState
from scheduler.models import Session
from scheduler.rules.audience import Audience
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode
from scheduler.services import audit, moving, placing
from scheduler.services.actors import Actor, can_book_for_anyone, can_run_sessions
from scheduler.services.placing import Shape, local_instant
from scheduler.services.series import (
    SeriesDetails,
    Skipped,
    add_series,
    edit_series,
    end_series,
    extend_horizon,
    series_at,
    series_details,
    skipped_days,
    try_skipped_days,
)
from scheduler.services.transaction import use_case
from scheduler.services.visibility import PlaceOf, assigned, card, knows_of, label_for
from scheduler.store import diary
from scheduler.store import sessions as store


@dataclass(frozen=True, slots=True)
class SessionDetails:
    """A session as typed. `start` and `end` are aware instants; `types` and `staff` are ids."""

    venue_id: int
    title: str
    start: datetime
    end: datetime
    kind: str = Kind.ONE_TO_ONE
    audience: str = Audience.EVERYONE
    modes: tuple[str, ...] = (Mode.IN_PERSON,)
    types: tuple[int, ...] = ()
    staff: tuple[int, ...] = ()
    seats: int | None = None
    creche: int = 0
    room: str | None = None

    @property
    def shape(self) -> Shape:
        """Everything but when."""
        return Shape(
            self.venue_id, self.title, self.kind, self.audience, tuple(self.modes), tuple(self.types),
            tuple(self.staff), self.seats, self.creche, self.room,
        )

    @property
    def span(self) -> Interval:
        """When."""
        return Interval(self.start, self.end)


@dataclass(frozen=True, slots=True)
class SessionCard:
    """A session as its workers see it: `place` is already fit for whoever asked, and so are the workers' names.
    `booked` counts who is expected or came, `came` who came."""

    id: int
    series_id: int | None
    venue_id: int
    place: str
    zone: ZoneInfo
    title: str
    start: datetime
    end: datetime
    kind: str
    audience: str
    modes: tuple[str, ...]
    seats: int | None
    creche: int
    room: str | None
    cancelled: bool
    version: int
    online: bool
    booked: int
    came: int
    staff: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Attendee:
    """Someone booked in a session, as a worker may see her: a first name and an initial."""

    appointment_id: int
    client_id: int
    name: str
    reference: str
    start: datetime
    end: datetime
    mode: str
    state: str
    creche: int
    staff_id: int | None
    version: int


def short_name(given: str, family: str) -> str:
    """A first name and an initial: what a list shows, in case someone else reads it."""
    return f"{given} {family[0]}." if family else given


def _may_run(actor: Actor) -> None:
    if not can_run_sessions(actor):
        raise NotAllowed


@use_case
def add_session(actor: Actor, details: SessionDetails) -> int:
    """Add one session, and give its id.

    Raises NotAllowed, NotFound, Invalid by field, and InTheWay when a worker or a room cannot be there then.
    """
    _may_run(actor)
    placing.check_span(details.span, past_too=actor.role == "system")
    placed = placing.checked(actor, details.shape, typed=True)
    placing.require(placed.plan(details.span), placing.surroundings(placed, details.span))
    made = placing.make(placed, details.span)
    audit.record(actor, "session-add", "session", made)
    return made


@use_case
def edit_session(actor: Actor, session_id: int, details: SessionDetails, version: int | None = None) -> None:
    """Change this one session; its series is left as it is. Every rule is asked again, of the session and of each
    appointment in it, and each woman whose time or place changes is told as she may be told.

    Raises NotAllowed, NotFound, Invalid, Stale, WrongState when it is over or cancelled, and InTheWay with the
    appointments that cannot come along.
    """
    _may_run(actor)
    session = _changeable(actor, session_id, version)
    placing.check_span(details.span)
    placed = placing.checked(actor, details.shape, typed=True)
    moving.replace_session(actor, session, placed, details.span)
    audit.record(actor, "session-edit", "session", session_id)


@use_case
def move_session(
    actor: Actor, session_id: int, start: datetime, end: datetime, venue_id: int | None = None,
    version: int | None = None,
) -> None:
    """Move this one session to another time, and to another venue if one is given. As `edit_session`."""
    details = details_of(actor, session_id)
    moved = replace(details, start=start, end=end, venue_id=venue_id or details.venue_id)
    edit_session(actor, session_id, moved, version)


@use_case
def cancel_session(actor: Actor, session_id: int, version: int | None = None, reason: str = "worker-away") -> int:
    """Cancel a session and every appointment in it that is still to come; each woman is told as she may be told.
    Gives how many appointments were cancelled.

    Raises NotAllowed, NotFound, Stale, and WrongState when it is over or someone has come to it already.
    """
    _may_run(actor)
    session = _changeable(actor, session_id, version)
    cancelled = moving.cancel_whole(actor, session, reason)
    audit.record(actor, "session-cancel", "session", session_id, appointments=cancelled)
    return cancelled


def _changeable(actor: Actor, session_id: int, version: int | None) -> Session:
    """The session, if this actor may know of it and it can still be changed."""
    session = store.record(session_id)
    if session is None:
        raise NotFound
    card(actor, session.venue_id)
    if version is not None and version != session.version:
        raise Stale
    if session.cancelled_at is not None or session.end <= clock.now():
        raise WrongState
    return session


# --- reading ----------------------------------------------------------------------------------------------------------


def mine(actor: Actor, staff_id: int, start: datetime, until: datetime) -> list[SessionCard]:
    """A worker's sessions that touch `start <= t < until`, cancelled ones too, in order. A confidential venue's are
    left out for anyone else who is not assigned to it (SAFETY.md 7). Four queries.

    Raises NotAllowed for another worker's sessions unless the actor runs sessions.
    """
    if staff_id != actor.staff_id and not can_run_sessions(actor):
        raise NotAllowed
    return _cards(actor, store.listed(start, until, staff_id=staff_id))


def at_venues(
    actor: Actor, start: datetime, until: datetime, venue_ids: tuple[int, ...] | None = None
) -> list[SessionCard]:
    """The sessions at these venues, or at all that the actor may know of. Four queries. Raises NotAllowed."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    return _cards(actor, store.listed(start, until, venue_ids=venue_ids))


def get(actor: Actor, session_id: int) -> SessionCard:
    """One session. Raises NotAllowed, and NotFound when there is none or when this actor may not know of its venue."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    row = store.one_listed(session_id)
    found = _cards(actor, [row]) if row is not None else []
    if not found:
        raise NotFound
    return found[0]


def _cards(actor: Actor, rows: Any) -> list[SessionCard]:
    known = assigned(actor) if any(row.confidential for row in rows) else frozenset()
    rows = [row for row in rows if knows_of(PlaceOf(row), actor, known)]
    ids = [row.id for row in rows]
    counts = store.counts(ids) if ids else {}
    staff = store.staff_of_sessions(ids) if ids else {}
    return [
        SessionCard(
            row.id, row.series_id, row.venue_id, label_for(PlaceOf(row), actor, known), diary.zone(row.zone),
            row.title, row.start, row.end, row.kind, row.audience, tuple(row.modes), row.seats, row.creche, row.room,
            row.cancelled_at is not None, row.version, row.venue_kind == "online", *counts.get(row.id, (0, 0)),
            tuple((each.id, short_name(each.given_name, each.family_name)) for each in staff.get(row.id, ())),
        )
        for row in rows
    ]


def attendees(actor: Actor, session_id: int) -> list[Attendee]:
    """Who is booked in a session, in order of time: a first name and an initial. A worker sees those of their own
    sessions only. Raises NotAllowed, NotFound."""
    session = get(actor, session_id)
    if not sees_attendees(actor, session):
        raise NotAllowed
    return attendees_of(actor, [session]).get(session_id, [])


def sees_attendees(actor: Actor, session: SessionCard) -> bool:
    """May this actor see who is booked in a session? A worker only in their own."""
    return actor.role != "worker" or any(staff_id == actor.staff_id for staff_id, _ in session.staff)


def attendees_of(actor: Actor, cards: list[SessionCard]) -> dict[int, list[Attendee]]:
    """As `attendees`, of several sessions that the actor was shown; those that they may not see into are left out.
    One query."""
    ids = [card.id for card in cards if sees_attendees(actor, card)]
    found: dict[int, list[Attendee]] = {session_id: [] for session_id in ids}
    for row in store.attendees(ids) if ids else ():
        found[row.session_id].append(
            Attendee(
                row.id, row.client_id, short_name(row.given_name, row.family_name), row.reference, row.start, row.end,
                row.mode, row.state, row.creche, row.staff_id, row.version,
            )
        )
    return found


def details_of(actor: Actor, session_id: int) -> SessionDetails:
    """A session as it would be typed, to change it or to add another like it. Raises NotAllowed, NotFound."""
    session = get(actor, session_id)
    row = store.record(session_id)
    assert row is not None
    return SessionDetails(
        row.venue_id, row.title, row.start, row.end, row.kind, row.audience, tuple(row.modes), tuple(row.types),
        tuple(staff_id for staff_id, _ in session.staff), row.seats, row.creche, row.room,
    )


def series_day(actor: Actor, session_id: int) -> date:
    """The local day on which a session's series has it, wherever it was moved. Raises NotAllowed, NotFound."""
    session = get(actor, session_id)
    row = store.record(session_id)
    return (row.series_day if row else None) or session.start.astimezone(session.zone).date()


def of_series(actor: Actor, series_id: int) -> list[SessionCard]:
    """The sessions of a series that are still to come and stand, in order. Raises NotAllowed."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    return _cards(actor, store.listed_series(series_id, clock.now()))


def workers(actor: Actor) -> list[tuple[int, str, bool]]:
    """Everyone who sees clients, by name: id, first name and initial, and whether recorded as female."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    rows = store.all_workers()
    found = [(row.id, short_name(row.given_name, row.family_name), row.woman) for row in rows]
    return sorted(found, key=lambda each: each[1].casefold())


def types(actor: Actor) -> list[tuple[int, str, bool]]:
    """The kinds of appointment that a session can be for: id, name, and whether it is for groups."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    return [(row.id, row.name, row.group) for row in store.types()]


__all__ = [
    "Attendee", "SeriesDetails", "SessionCard", "SessionDetails", "Skipped", "add_series", "add_session", "at_venues",
    "attendees", "attendees_of", "cancel_session", "details_of", "edit_series", "edit_session", "end_series",
    "extend_horizon", "get", "local_instant", "mine", "move_session", "of_series", "sees_attendees", "series_at",
    "series_day", "series_details", "short_name", "skipped_days", "try_skipped_days", "types", "workers",
]
