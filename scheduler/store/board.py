"""What a venue's day board is drawn from: a constant five queries, whatever stands in the day.

Names are decrypted here one by one, so that a record that cannot be read leaves a gap in the board, not an empty desk.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import LargeBinary, Row, and_, case, exists, literal, or_, select, type_coerce

from scheduler.crypto import ring
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Client,
    Closure,
    OpeningWindow,
    Session,
    SessionStaff,
    Staff,
    StaffVenue,
    Venue,
)
from scheduler.rules.intervals import Interval

Found: TypeAlias = Row[*tuple[Any, ...]]

_A, _C, _S, _T, _SS = (
    Appointment.__table__.c, Client.__table__.c, Session.__table__.c, Staff.__table__.c, SessionStaff.__table__.c
)

#: What stands where a name cannot be read.
UNREADABLE = "—"


class BoardAppointment(NamedTuple):
    """One appointment as the board shows it. `who` is a first name and an initial, and never more."""

    id: int
    client_id: int
    session_id: int
    staff_id: int | None
    mode: str
    state: str
    start: datetime
    end: datetime
    creche: int
    updated_at: datetime
    kind: str
    who: str


class BoardSession(NamedTuple):
    """A session of the day."""

    id: int
    title: str
    start: datetime
    end: datetime
    kind: str
    audience: str
    seats: int | None
    room: str | None


class BoardWindow(NamedTuple):
    """An opening time of that weekday, in minutes after local midnight."""

    from_minute: int
    until_minute: int
    audience: str


def _read(blob: bytes | None, column: str) -> str:
    if blob is None:
        return UNREADABLE
    try:
        return ring().decrypt(blob, column)
    except RecordUnreadable:
        return UNREADABLE


def _raw(column: Any) -> Any:
    return type_coerce(column, LargeBinary)


def short_name(given: str, family: str) -> str:
    """A first name and an initial: all that a screen at a public counter shows."""
    return f"{given} {family[:1]}." if family and family != UNREADABLE else given


_PLACE = (Venue.id, Venue.name, Venue.label, Venue.confidential, Venue.zone, Venue.kind)


def places(staff_id: int | None, wanted: int | None, most: int) -> list[Found]:
    """Up to `most` active venues that this member of staff may know of, the `wanted` one among them: id, name, label,
    confidential, zone, kind, and whether they are `assigned` to it. One query."""
    mine = (
        exists().where(and_(StaffVenue.venue_id == Venue.id, StaffVenue.staff_id == staff_id))
        if staff_id is not None
        else literal(False)
    )
    first = case((Venue.id == (wanted if wanted is not None else -1), 0), (mine, 1), else_=2)
    query = (
        select(*_PLACE, mine.label("assigned"))
        .where(Venue.active.is_(True), or_(Venue.confidential.is_(False), mine))
        .order_by(first, Venue.id)
        .limit(most)
    )
    return list(db.session.execute(query))


def appointments(venue_id: int, start: datetime, until: datetime) -> list[BoardAppointment]:
    """Every appointment of the venue that starts in the span, in order of time. One query."""
    rows = db.session.execute(
        select(
            _A.id, _A.client_id, _A.session_id, _A.staff_id, _A.mode, _A.state, _A.start, _A.end, _A.creche, _A.updated_at,
            AppointmentType.name, _raw(_C.given_name), _raw(_C.family_name),
        )
        .join(Client.__table__, _C.id == _A.client_id)
        .join(AppointmentType, AppointmentType.id == _A.type_id)
        .where(_A.venue_id == venue_id, _A.start >= start, _A.start < until)
        .order_by(_A.start, _A.id)
    )
    return [
        BoardAppointment._make(
            (*row[:11], short_name(_read(row[11], "client.given_name"), _read(row[12], "client.family_name")))
        )
        for row in rows
    ]


def sessions(venue_id: int, start: datetime, until: datetime) -> list[BoardSession]:
    """Every standing session of the venue that starts in the span, in order of time. One query."""
    rows = db.session.execute(
        select(_S.id, _raw(_S.title), _S.start, _S.end, _S.kind, _S.audience, _S.seats, _S.room)
        .where(_S.venue_id == venue_id, _S.start >= start, _S.start < until, _S.cancelled_at.is_(None))
        .order_by(_S.start, _S.id)
    )
    return [BoardSession(row[0], _read(row[1], "session.title"), *row[2:]) for row in rows]


def workers(venue_id: int, start: datetime, until: datetime) -> list[tuple[int, int, str]]:
    """Who works in the sessions of that span, as (session, worker, name). One query."""
    rows = db.session.execute(
        select(_SS.session_id, _T.id, _raw(_T.given_name), _raw(_T.family_name))
        .select_from(SessionStaff.__table__)
        .join(Session.__table__, _S.id == _SS.session_id)
        .join(Staff.__table__, _T.id == _SS.staff_id)
        .where(_S.venue_id == venue_id, _S.start >= start, _S.start < until, _S.cancelled_at.is_(None))
    )
    return [
        (row[0], row[1], f"{_read(row[2], 'staff.given_name')} {_read(row[3], 'staff.family_name')}") for row in rows
    ]


def windows(venue_id: int, day: date) -> list[BoardWindow]:
    """The venue's opening times on that day. One query."""
    rows = db.session.execute(
        select(OpeningWindow.from_minute, OpeningWindow.until_minute, OpeningWindow.audience)
        .where(
            OpeningWindow.venue_id == venue_id,
            OpeningWindow.weekday == day.weekday(),
            or_(OpeningWindow.valid_from.is_(None), OpeningWindow.valid_from <= day),
            or_(OpeningWindow.valid_until.is_(None), OpeningWindow.valid_until >= day),
        )
        .order_by(OpeningWindow.from_minute)
    )
    return [BoardWindow(*row) for row in rows]


def closures(venue_id: int, start: datetime, until: datetime) -> list[Interval]:
    """When the venue is shut within the span. One query."""
    rows = db.session.execute(
        select(Closure.start, Closure.end)
        .where(Closure.venue_id == venue_id, Closure.end > start, Closure.start < until)
        .order_by(Closure.start)
    )
    return [Interval(*row) for row in rows]
