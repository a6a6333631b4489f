"""What a venue's day board is drawn from: a constant five queries, whatever stands in the day.

Names are decrypted here one by one, so that a record that cannot be read leaves a gap in the board, not an empty desk.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import LargeBinary, Row, and_, bindparam, case, exists, or_, select, type_coerce

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
_K, _V, _SV, _W, _X = (
    AppointmentType.__table__.c, Venue.__table__.c, StaffVenue.__table__.c, OpeningWindow.__table__.c,
    Closure.__table__.c,
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


# The statements are made once: putting one together costs as much as its answer.

_MINE = exists().where(and_(_SV.venue_id == _V.id, _SV.staff_id == bindparam("staff_id")))
_PLACES = (
    select(_V.id, _V.name, _V.label, _V.confidential, _V.zone, _V.kind, _MINE.label("assigned"))
    .where(_V.active.is_(True), or_(_V.confidential.is_(False), _MINE))
    .order_by(case((_V.id == bindparam("wanted"), 0), (_MINE, 1), else_=2), _V.id)
    .limit(bindparam("most"))
)
_SPAN: tuple[Any, Any] = (bindparam("start"), bindparam("until"))
_APPOINTMENTS = (
    select(
        _A.id, _A.client_id, _A.session_id, _A.staff_id, _A.mode, _A.state, _A.start, _A.end, _A.creche, _A.updated_at,
        _K.name, _raw(_C.given_name), _raw(_C.family_name),
    )
    .join_from(Appointment.__table__, Client.__table__, _C.id == _A.client_id)
    .join(AppointmentType.__table__, _K.id == _A.type_id)
    .where(_A.venue_id == bindparam("venue"), _A.start >= _SPAN[0], _A.start < _SPAN[1])
    .order_by(_A.start, _A.id)
)
_THAT_DAY = (_S.venue_id == bindparam("venue"), _S.start >= _SPAN[0], _S.start < _SPAN[1], _S.cancelled_at.is_(None))
_SESSIONS = (
    select(_S.id, _raw(_S.title), _S.start, _S.end, _S.kind, _S.audience, _S.seats, _S.room)
    .where(*_THAT_DAY)
    .order_by(_S.start, _S.id)
)
_WORKERS = (
    select(_SS.session_id, _T.id, _raw(_T.given_name), _raw(_T.family_name))
    .join_from(SessionStaff.__table__, Session.__table__, _S.id == _SS.session_id)
    .join(Staff.__table__, _T.id == _SS.staff_id)
    .where(*_THAT_DAY)
)
_WINDOWS = (
    select(_W.from_minute, _W.until_minute, _W.audience)
    .where(
        _W.venue_id == bindparam("venue"), _W.weekday == bindparam("weekday"),
        or_(_W.valid_from.is_(None), _W.valid_from <= bindparam("day")),
        or_(_W.valid_until.is_(None), _W.valid_until >= bindparam("day")),
    )
    .order_by(_W.from_minute)
)
_CLOSURES = (
    select(_X.start, _X.end)
    .where(_X.venue_id == bindparam("venue"), _X.end > _SPAN[0], _X.start < _SPAN[1])
    .order_by(_X.start)
)


def places(staff_id: int | None, wanted: int | None, most: int) -> list[Found]:
    """Up to `most` active venues that this member of staff may know of, the `wanted` one among them: id, name, label,
    confidential, zone, kind, and whether they are `assigned` to it. One query."""
    values = {"staff_id": -1 if staff_id is None else staff_id, "wanted": -1 if wanted is None else wanted}
    return list(db.session.execute(_PLACES, {**values, "most": most}))


def appointments(venue_id: int, start: datetime, until: datetime) -> list[BoardAppointment]:
    """Every appointment of the venue that starts in the span, in order of time. One query."""
    rows = db.session.execute(_APPOINTMENTS, {"venue": venue_id, "start": start, "until": until})
    return [
        BoardAppointment._make(
            (*row[:11], short_name(_read(row[11], "client.given_name"), _read(row[12], "client.family_name")))
        )
        for row in rows
    ]


def sessions(venue_id: int, start: datetime, until: datetime) -> list[BoardSession]:
    """Every standing session of the venue that starts in the span, in order of time. One query."""
    rows = db.session.execute(_SESSIONS, {"venue": venue_id, "start": start, "until": until})
    return [BoardSession(row[0], _read(row[1], "session.title"), *row[2:]) for row in rows]


def workers(venue_id: int, start: datetime, until: datetime) -> list[tuple[int, int, str]]:
    """Who works in the sessions of that span, as (session, worker, name). One query."""
    rows = db.session.execute(_WORKERS, {"venue": venue_id, "start": start, "until": until})
    names: dict[int, str] = {}
    found = []
    for session_id, staff_id, given, family in rows:
        if staff_id not in names:
            names[staff_id] = f"{_read(given, 'staff.given_name')} {_read(family, 'staff.family_name')}"
        found.append((session_id, staff_id, names[staff_id]))
    return found


def windows(venue_id: int, day: date) -> list[BoardWindow]:
    """The venue's opening times on that day. One query."""
    rows = db.session.execute(_WINDOWS, {"venue": venue_id, "weekday": day.weekday(), "day": day})
    return [BoardWindow(*row) for row in rows]


def closures(venue_id: int, start: datetime, until: datetime) -> list[Interval]:
    """When the venue is shut within the span. One query."""
    rows = db.session.execute(_CLOSURES, {"venue": venue_id, "start": start, "until": until})
    return [Interval(*row) for row in rows]
