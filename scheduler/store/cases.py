"""The safety cases there are, what an override names of them, and what a lead is shown of both sides."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Row, and_, or_, select, union

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Client,
    Exclusion,
    Match,
    OverrideClash,
    SafetyCase,
    Session,
    SessionStaff,
    Staff,
    Venue,
)
from scheduler.store.diary import COUNTED_STATES, LONGEST

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _S, _SS, _V = Appointment.__table__.c, Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c
_X, _M, _C, _K = Exclusion.__table__.c, Match.__table__.c, Client.__table__.c, SafetyCase.__table__.c
_O = OverrideClash.__table__.c


class Case(NamedTuple):
    """A safety case as it stands."""

    id: int
    subject: str
    due_at: datetime
    closed_at: datetime | None


def cases(exclusions: Collection[int] | None, clients: Collection[int] | None) -> list[Case]:
    """Every case, open or closed, of these exclusions, and those of these clients that no exclusion is about; all when
    None."""
    columns = (_K.id, _K.subject, _K.due_at, _K.closed_at)
    if exclusions is None or clients is None:
        return [Case(*row) for row in db.session.execute(select(*columns))]
    apart = select(*columns).where(_K.exclusion_id.in_(tuple(exclusions)))
    women = (
        select(*columns)
        .join_from(SafetyCase.__table__, Appointment.__table__, _A.id == _K.appointment_id)
        .where(_K.exclusion_id.is_(None), _A.client_id.in_(tuple(clients)))
    )
    return [Case(*row) for row in db.session.execute(union(apart, women))]


def to_sweep(now: datetime) -> tuple[list[int], list[int]]:
    """What a sweep has to look at, by id: the exclusions in force that may name someone, and those that have an open
    case; and the clients who may break a rule alone, and those who have an open case that no exclusion is about."""
    exclusions = union(
        select(_X.id).join_from(Exclusion.__table__, Match.__table__, _M.named_person_id == _X.named_person_id)
        .where(_X.active, _M.state != "dismissed"),
        select(_K.exclusion_id).where(_K.closed_at.is_(None), _K.exclusion_id.is_not(None)),
    )
    coming = and_(_A.state.in_(COUNTED_STATES), _A.start > now - 2 * LONGEST)
    clients = union(
        select(_A.client_id).join_from(Appointment.__table__, Client.__table__, _C.id == _A.client_id)
        .where(coming, _C.eligibility != "eligible"),
        select(_A.client_id).join_from(Appointment.__table__, Venue.__table__, _V.id == _A.venue_id)
        .where(coming, _V.confidential),
        select(_A.client_id).join_from(SafetyCase.__table__, Appointment.__table__, _A.id == _K.appointment_id)
        .where(_K.closed_at.is_(None), _K.exclusion_id.is_(None)),
    )  # fmt: skip
    return sorted(db.session.execute(exclusions).scalars()), sorted(db.session.execute(clients).scalars())


def parties(case_ids: Collection[int], appointment_ids: Collection[int]) -> tuple[set[int], set[int]]:
    """The exclusions of these cases, and the clients of their appointments and of these others."""
    exclusions, about = set(), set(appointment_ids)
    query = select(_K.exclusion_id, _K.appointment_id).where(_K.id.in_(tuple(case_ids)))
    for exclusion, appointment in db.session.execute(query):
        exclusions |= {exclusion} - {None}
        about |= {appointment} - {None}
    clients = select(_A.client_id).where(_A.id.in_(tuple(about)))
    return exclusions, set(db.session.execute(clients).scalars())


def named_by_overrides(subjects: Collection[str]) -> list[Columns]:
    """Of these clashes, those that an override names: override, subject, and the times that it was decided on."""
    if not subjects:
        return []
    return list(db.session.execute(select(OverrideClash.__table__).where(_O.subject.in_(tuple(subjects)))))


def overridden(subjects: Collection[str]) -> dict[str, int]:
    """Of these clashes, those that two people let stand, each with the override that names it."""
    return {row.subject: row.override_id for row in named_by_overrides(subjects)}


def open_about(appointment: int) -> list[Columns]:
    """The open cases that this appointment is in: exclusion and rule."""
    query = select(_K.id, _K.exclusion_id).where(
        _K.closed_at.is_(None), or_(_K.appointment_id == appointment, _K.other_appointment_id == appointment)
    )
    return list(db.session.execute(query))


def appointments(ids: Collection[int]) -> dict[int, Columns]:
    """What a lead is shown of these appointments, by id. The venue's columns are for `visibility` to choose from."""
    if not ids:
        return {}
    query = (
        select(
            _A.id, _A.client_id, _A.start, _A.end, _A.mode, _A.state, _C.given_name, _C.family_name, _C.reference,
            _V.id.label("venue_id"), _V.name, _V.label, _V.confidential, _V.zone,
        )
        .select_from(
            Appointment.__table__.join(Client.__table__, _C.id == _A.client_id).join(
                Venue.__table__, _V.id == _A.venue_id
            )
        )
        .where(_A.id.in_(tuple(ids)))
    )
    return {row.id: row for row in db.session.execute(query)}


def sessions(ids: Collection[int]) -> dict[int, Columns]:
    """What a lead is shown of these sessions, by id."""
    if not ids:
        return {}
    query = (
        select(
            _S.id, _S.start, _S.end, _S.modes, _V.id.label("venue_id"), _V.name, _V.label, _V.confidential, _V.zone
        )
        .join_from(Session.__table__, Venue.__table__, _V.id == _S.venue_id)
        .where(_S.id.in_(tuple(ids)))
    )
    return {row.id: row for row in db.session.execute(query)}


def staff_of(exclusions: Collection[int], session_ids: Collection[int]) -> dict[tuple[int, int], Columns]:
    """By exclusion and session: the worker of the session whom the exclusion may name, whatever became of either."""
    if not exclusions or not session_ids:
        return {}
    of = Staff.__table__.c
    query = (
        select(_X.id.label("exclusion_id"), _SS.session_id, of.id, of.given_name, of.family_name)
        .select_from(
            Exclusion.__table__.join(Match.__table__, _M.named_person_id == _X.named_person_id)
            .join(SessionStaff.__table__, and_(_M.person_kind == "staff", _SS.staff_id == _M.person_id))
            .join(Staff.__table__, of.id == _SS.staff_id)
        )
        .where(_X.id.in_(tuple(exclusions)), _SS.session_id.in_(tuple(session_ids)))
    )
    return {(row.exclusion_id, row.session_id): row for row in db.session.execute(query)}


def open_cases(exclusion: int | None = None, case: int | None = None, limit: int | None = None) -> list[Columns]:
    """Open cases, the most urgent first: all, those of one exclusion; or one case, open or closed."""
    query = select(SafetyCase.__table__)
    query = query.where(_K.id == case) if case is not None else query.where(_K.closed_at.is_(None))
    if exclusion is not None:
        query = query.where(_K.exclusion_id == exclusion)
    query = query.order_by(_K.due_at, _K.id)
    return list(db.session.execute(query if limit is None else query.limit(limit)))
