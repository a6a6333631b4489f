"""What there is to choose from on her link besides times, and what of a timetable is counted."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import func, or_, select

from scheduler.extensions import db
from scheduler.models import Session, SessionStaff, Staff, Venue
from scheduler.rules import speaking

_S = Staff.__table__.c
#: Who can be booked.
_SEEN = (_S.active.is_(True), _S.sees_clients.is_(True))


def peers() -> frozenset[int]:
    """Those who see clients and have been there themselves, by what their job is called."""
    job = func.lower(_S.job)
    return frozenset(
        db.session.execute(select(_S.id).where(*_SEEN, or_(job.like("%peer%"), job.like("%mentor%")))).scalars()
    )


def _speaking() -> dict[int, list[str]]:
    rows = db.session.execute(select(_S.id, _S.languages).where(*_SEEN, _S.languages.is_not(None)))
    return {row.id: row.languages for row in rows}


def languages() -> frozenset[str]:
    """The languages besides English that somebody who sees clients speaks."""
    return frozenset(each for spoken in _speaking().values() for each in spoken)


def speakers(language: str) -> frozenset[int]:
    """Those who see clients and speak it."""
    return frozenset(each for each, spoken in _speaking().items() if speaking.speaks(spoken, language))


def step_free() -> frozenset[int]:
    """The places that are entered without steps."""
    return frozenset(db.session.execute(select(Venue.id).where(Venue.step_free.is_(True))).scalars())


def of_sessions(sessions: Collection[int]) -> list[Any]:
    """For whom each of these sessions is, and its workers who are recorded as female: a row for each of them, or one
    without."""
    if not sessions:
        return []
    query = (
        select(Session.id, Session.kind, Session.audience, Staff.id.label("woman"))
        .outerjoin(SessionStaff, SessionStaff.session_id == Session.id)
        .outerjoin(Staff, (Staff.id == SessionStaff.staff_id) & Staff.woman.is_(True))
        .where(Session.id.in_(tuple(sessions)))
    )
    return list(db.session.execute(query))


def is_woman(staff: int | None) -> bool | None:
    """Whether this worker is recorded as female; None for nobody in particular."""
    if staff is None:
        return None
    return db.session.execute(select(_S.woman).where(_S.id == staff)).scalar_one_or_none()


def zones(venues: Collection[int]) -> list[Any]:
    """The time zones of these venues, as (id, zone)."""
    if not venues:
        return []
    return list(db.session.execute(select(Venue.id, Venue.zone).where(Venue.id.in_(tuple(venues)))))
