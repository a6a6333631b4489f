"""What stands in the diary, in a constant number of queries whatever the range: sessions, the time taken in them, and a
client's own appointments.

Everything comes back as the frozen records of `scheduler.rules`; columns only, no entities, for this is the hot path.
Who is kept apart from whom is asked in `store.separation`, what lies around a place in `store.nearby`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import (
    Row,
    Text,
    bindparam,
    or_,
    select,
    true,
    type_coerce,
)

from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    AppointmentType,
    Client,
    Session,
    SessionStaff,
    Staff,
    StaffVenue,
    Stay,
    Venue,
)
from scheduler.models.types import parsed_list
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Margins
from scheduler.rules.slots import Opening, Own, Taken
from scheduler.rules.states import COUNTED

#: As plain strings, once: what a database comparison needs.
COUNTED_STATES = tuple(sorted(str(state) for state in COUNTED))

#: No appointment or session is longer than this, so a range of starts widened by it misses no overlap.
LONGEST = timedelta(days=1)

_S, _SS, _V, _A = Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c, Appointment.__table__.c


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The time zone of this name."""
    return ZoneInfo(name)


@lru_cache(maxsize=256)
def margins_of(early: int, late: int) -> Margins:
    """The margins of a venue, given in minutes."""
    return Margins(timedelta(minutes=early), timedelta(minutes=late))


class ClientRow(NamedTuple):
    """What of a client decides where she may be."""

    id: int
    eligibility: str
    request_mode: bool
    active: bool


class Held(NamedTuple):
    """A session as booking sees it: the rules' `Opening`, and what the rules need not know."""

    opening: Opening
    types: tuple[int, ...]
    zone: ZoneInfo
    confidential: bool


_CLIENT = select(Client.id, Client.eligibility, Client.request_mode, Client.active).where(Client.id == bindparam("id"))
_TYPE = select(AppointmentType.__table__).where(AppointmentType.id == bindparam("id"))


def client(client_id: int) -> ClientRow | None:
    """The client, or None."""
    row = db.session.execute(_CLIENT, {"id": client_id}).first()
    return ClientRow(*row) if row else None


def appointment_type(type_id: int) -> Row[Any] | None:
    """The appointment type's columns, or None."""
    return db.session.execute(_TYPE, {"id": type_id}).first()


_BOTH = (
    select(
        Client.id.label("client_id"), Client.eligibility, Client.request_mode, Client.active.label("client_active"),
        AppointmentType.__table__,
    )
    .select_from(Client.__table__.join(AppointmentType.__table__, true()))
    .where(Client.id == bindparam("client"), AppointmentType.id == bindparam("type"))
)


def client_and_type(client_id: int, type_id: int) -> tuple[ClientRow, Row[Any]] | None:
    """`client` and `appointment_type` in one question; None when either is not there."""
    row = db.session.execute(_BOTH, {"client": client_id, "type": type_id}).first()
    if row is None:
        return None
    return ClientRow(row.client_id, row.eligibility, row.request_mode, row.client_active), row


def women(staff: Collection[int]) -> frozenset[int]:
    """Those of these staff who are recorded as female."""
    query = select(Staff.id).where(Staff.id.in_(tuple(staff)), Staff.woman)
    return frozenset(db.session.execute(query).scalars())


_HELD = (
    select(
        _S.id, ENROLMENT, _S.venue_id, _S.site_id, _S.start, _S.end, _S.kind, _S.audience,
        type_coerce(_S.modes, Text), type_coerce(_S.types, Text), _S.seats, _S.creche, _V.arrive_early, _V.leave_late,
        _V.zone, _V.confidential, _SS.staff_id,
    )
    .select_from(
        Session.__table__.join(Venue.__table__, _V.id == _S.venue_id)
        .outerjoin(SessionStaff.__table__, _SS.session_id == _S.id)
    )
    .where(_S.cancelled_at.is_(None), _V.active)
    .order_by(_S.start, _S.id, _SS.staff_id)
)
_HELD_ONE = _HELD.where(_S.id == bindparam("id"))
_HELD_BETWEEN = _HELD.where(_S.start >= bindparam("start"), _S.start < bindparam("until"))
_HELD_AT = _HELD_BETWEEN.where(_S.venue_id.in_(bindparam("venues", expanding=True)))


def _gather(rows: Iterable[Any]) -> list[Held]:
    """One `Held` for each session, of rows that come one a worker. Unpacked by position: this runs for each session."""
    found: list[Held] = []
    last: int | None = None
    staff: tuple[int, ...] = ()
    for (
        ident, series, venue, site, start, end, kind, audience, modes, types, seats, creche, early, late, zone_name,
        confidential, worker,
    ) in rows:  # fmt: skip
        if ident == last:
            staff = (*staff, worker)
            found[-1] = found[-1]._replace(opening=found[-1].opening._replace(staff=staff))
            continue
        last = ident
        staff = (worker,) if worker is not None else ()
        opening = Opening(
            ident, series if kind == "group" else None, venue, site, Interval(start, end), _KINDS[kind], audience,
            parsed_list(modes), staff, margins_of(early, late), seats, creche,
        )  # fmt: skip
        found.append(Held(opening, parsed_list(types), zone(zone_name), confidential))
    return found


_KINDS = {str(kind): kind for kind in Kind}


def sessions(start: datetime, until: datetime, venues: Collection[int] = ()) -> list[Held]:
    """Sessions that stand and begin in `start <= t < until`, in order; at these venues, or at any if none is given."""
    if venues:
        return _gather(db.session.execute(_HELD_AT, {"start": start, "until": until, "venues": tuple(venues)}).all())
    return _gather(db.session.execute(_HELD_BETWEEN, {"start": start, "until": until}).all())


def session(session_id: int) -> Held | None:
    """One session that stands, or None."""
    found = _gather(db.session.execute(_HELD_ONE, {"id": session_id}).all())
    return found[0] if found else None


_TAKEN = select(_A.session_id, _A.staff_id, _A.busy_from, _A.busy_until, _A.creche).where(
    _A.state.in_(COUNTED_STATES)
)
_TAKEN_BETWEEN = _TAKEN.where(_A.start >= bindparam("start"), _A.start < bindparam("until"))
_TAKEN_AT = _TAKEN_BETWEEN.where(_A.venue_id.in_(bindparam("venues", expanding=True)))
_TAKEN_IN = _TAKEN.where(_A.session_id == bindparam("session"), _A.id != bindparam("but_not"))

#: Stands for "none" where a query leaves one appointment out: no id is negative.
NONE = -1


def _taken(rows: Iterable[Any]) -> dict[int, list[Taken]]:
    found: dict[int, list[Taken]] = {}
    for session_id, staff_id, busy_from, busy_until, creche in rows:
        found.setdefault(session_id, []).append(Taken(session_id, staff_id, (busy_from, busy_until), creche))
    return found


def taken(start: datetime, until: datetime, venues: Collection[int] = ()) -> dict[int, list[Taken]]:
    """What stands in the sessions that begin in the range, by session id."""
    span = {"start": start, "until": until + LONGEST}
    if venues:
        return _taken(db.session.execute(_TAKEN_AT, {**span, "venues": tuple(venues)}).all())
    return _taken(db.session.execute(_TAKEN_BETWEEN, span).all())


def taken_in(session_id: int, but_not: int | None = None) -> list[Taken]:
    """What stands in one session, leaving out the appointment `but_not`."""
    asked = {"session": session_id, "but_not": NONE if but_not is None else but_not}
    return _taken(db.session.execute(_TAKEN_IN, asked).all()).get(session_id, [])


_OWN = select(_A.start, _A.end, _A.site_id, _A.present_from, _A.present_until).where(
    _A.client_id == bindparam("client"),
    _A.start >= bindparam("start"),
    _A.start < bindparam("until"),
    _A.state.in_(COUNTED_STATES),
    _A.id != bindparam("but_not"),
)


def own(client_id: int, start: datetime, until: datetime, but_not: int | None = None) -> tuple[Own, ...]:
    """The client's own appointments that could touch the range, leaving out the appointment `but_not`."""
    asked = {
        "client": client_id,
        "start": start - 2 * LONGEST,
        "until": until + 2 * LONGEST,
        "but_not": NONE if but_not is None else but_not,
    }
    return tuple(
        Own(Interval(begins, ends), site if here else None, Interval(here, left) if here else None)
        for begins, ends, site, here, left in db.session.execute(_OWN, asked)
    )


def stays(client_id: int, start: datetime, until: datetime) -> dict[int, list[tuple[datetime, datetime | None]]]:
    """When in the range the client is recorded as staying at a confidential venue, by venue id."""
    found: dict[int, list[tuple[datetime, datetime | None]]] = {}
    rows = db.session.execute(
        select(Stay.venue_id, Stay.since, Stay.until).where(
            Stay.client_id == client_id, Stay.since < until, or_(Stay.until.is_(None), Stay.until > start)
        )
    )
    for venue, since, ends in rows:
        found.setdefault(venue, []).append((since, ends))
    return found


def assigned_venues(staff_id: int) -> frozenset[int]:
    """The venues this member of staff is assigned to."""
    return frozenset(db.session.execute(select(StaffVenue.venue_id).where(StaffVenue.staff_id == staff_id)).scalars())


def appointment(appointment_id: int) -> Row[Any] | None:
    """An appointment's columns, or None."""
    return db.session.execute(select(Appointment.__table__).where(_A.id == appointment_id)).first()


def standing_in(session_id: int) -> list[Row[Any]]:
    """Every counted appointment of a session, in order of time."""
    query = select(Appointment.__table__).where(_A.session_id == session_id, _A.state.in_(COUNTED_STATES))
    return list(db.session.execute(query.order_by(_A.start, _A.id)))


def of_client(client_id: int, since: datetime | None = None, own_number: int | None = None) -> list[Row[Any]]:
    """A client's appointments in every state, in order of time: all, or those that end after `since`."""
    query = select(Appointment.__table__).where(_A.client_id == client_id)
    if since is not None:
        query = query.where(_A.end > since)
    if own_number is not None:
        query = query.where(_A.own_number == own_number)
    return list(db.session.execute(query.order_by(_A.start, _A.id)))

