"""What calendar feeds ask: when a worker is busy, when a venue is used. No client, no type, no title is ever read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, select

from scheduler.extensions import db
from scheduler.models import Appointment, Session, SessionStaff, Staff, Venue
from scheduler.rules.presence import Mode
from scheduler.rules.states import COUNTED, State

_A = Appointment.__table__.c
_S = Session.__table__.c
_SS = SessionStaff.__table__.c
_V = Venue.__table__.c


class Busy(NamedTuple):
    """An appointment or a session as a time that is taken. `in_person` says whether anyone goes anywhere."""

    id: int
    venue_id: int
    start: datetime
    end: datetime
    kind: str
    in_person: bool
    state: str
    version: int
    updated_at: datetime


class Place(NamedTuple):
    """What may be said of a venue outside: its zone, and its label unless it is confidential."""

    zone: str
    confidential: bool
    label: str


def active_worker(staff_id: int) -> bool:
    """True while this person works here."""
    return bool(db.session.execute(select(Staff.id).where(Staff.id == staff_id, Staff.active.is_(True))).scalar())


def open_venue(venue_id: int) -> bool:
    """True while this venue is in use and is not confidential."""
    query = select(Venue.id).where(Venue.id == venue_id, Venue.active.is_(True), Venue.confidential.is_(False))
    return bool(db.session.execute(query).scalar())


def places(venue_ids: Collection[int]) -> dict[int, Place]:
    """These venues, by id. The label of a confidential one is not read."""
    if not venue_ids:
        return {}
    rows = db.session.execute(select(_V.id, _V.zone, _V.confidential).where(_V.id.in_(tuple(venue_ids)))).all()
    named = tuple(row.id for row in rows if not row.confidential)
    labels: dict[int, str] = {}
    if named:
        found = db.session.execute(select(Venue.id, Venue.label).where(Venue.id.in_(named)))
        labels = {row.id: row.label for row in found}
    return {row.id: Place(row.zone, row.confidential, labels.get(row.id, "")) for row in rows}


def _appointments(where: tuple[ColumnElement[bool], ...]) -> list[Busy]:
    query = (
        select(_A.id, _A.venue_id, _A.start, _A.end, _A.mode, _A.state, _A.version, _A.updated_at)
        .where(_A.state.in_(tuple(COUNTED)), _A.staff_id.is_not(None), *where)
        .order_by(_A.start, _A.id)
    )
    return [
        Busy(
            row.id, row.venue_id, row.start, row.end, "appointment", row.mode == Mode.IN_PERSON, row.state,
            row.version, row.updated_at,
        )
        for row in db.session.execute(query)
    ]


def appointments_of_worker(staff_id: int, since: datetime, until: datetime) -> list[Busy]:
    """A worker's one-to-one appointments that count and start in `since <= t < until`."""
    return _appointments((_A.staff_id == staff_id, _A.start >= since, _A.start < until))


def appointments_at(venue_id: int, since: datetime, until: datetime) -> list[Busy]:
    """The one-to-one appointments that count, are held in person at a venue and start in the range."""
    return _appointments(
        (_A.venue_id == venue_id, _A.mode == Mode.IN_PERSON, _A.start >= since, _A.start < until)
    )


_SESSION = select(_S.id, _S.venue_id, _S.start, _S.end, _S.kind, _S.modes, _S.version, _S.updated_at).where(
    _S.cancelled_at.is_(None)
)


def _sessions(query: object) -> list[Busy]:
    return [
        Busy(
            row.id, row.venue_id, row.start, row.end, row.kind, Mode.IN_PERSON in row.modes, str(State.BOOKED),
            row.version, row.updated_at,
        )
        for row in db.session.execute(query)  # type: ignore[call-overload]
    ]


def sessions_of_worker(staff_id: int, since: datetime, until: datetime) -> list[Busy]:
    """The sessions that stand, have this worker and start in the range."""
    joined = _SESSION.join(SessionStaff.__table__, _SS.session_id == _S.id)
    mine = joined.where(_SS.staff_id == staff_id, _SS.start >= since, _SS.start < until)
    return _sessions(mine.order_by(_S.start, _S.id))


def sessions_at(venue_id: int, since: datetime, until: datetime) -> list[Busy]:
    """The sessions that stand, are held in person at a venue and start in the range."""
    there = _SESSION.where(_S.venue_id == venue_id, _S.start >= since, _S.start < until)
    return [each for each in _sessions(there.order_by(_S.start, _S.id)) if each.in_person]
