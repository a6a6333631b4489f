"""Overrides as they stand: asked for, given or refused, and the clashes that given ones name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, or_, select

from scheduler.extensions import db
from scheduler.models import Client, Override, OverrideClash, SafetyCase

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_O, _C, _K = Override.__table__.c, Client.__table__.c, SafetyCase.__table__.c
_WITH_CLIENT = select(Override.__table__, _C.given_name, _C.family_name, _C.reference).join_from(
    Override.__table__, Client.__table__, _C.id == _O.client_id
)


def override(override_id: int) -> Columns | None:
    """One override with the client it is about, or None."""
    return db.session.execute(_WITH_CLIENT.where(_O.id == override_id)).first()


def waiting(now: datetime, limit: int) -> list[Columns]:
    """Those that wait for their second person, the most urgent first."""
    query = _WITH_CLIENT.where(_O.state == "asked", _O.until > now).order_by(_O.until, _O.id).limit(limit)
    return list(db.session.execute(query))


def count_waiting(now: datetime, but_not_by: int) -> int:
    """How many wait for a second person who is not this one."""
    query = select(_O.id).where(_O.state == "asked", _O.until > now, _O.asked_by != but_not_by)
    return len(list(db.session.execute(query.limit(100))))


def standing(now: datetime, limit: int) -> list[Columns]:
    """Those given of which a presence is not past, the nearest first (SAFETY.md 5 and the issue it answers)."""
    query = _WITH_CLIENT.where(_O.state == "given", _O.until > now).order_by(_O.until, _O.id).limit(limit)
    return list(db.session.execute(query))


def about_case(case_id: int, now: datetime) -> list[Columns]:
    """The overrides asked for or given about this case that are not past, the latest first."""
    query = _WITH_CLIENT.where(
        or_(
            _O.case_id == case_id,
            _O.id.in_(
                select(OverrideClash.override_id).join(SafetyCase, _K.subject == OverrideClash.subject)
                .where(_K.id == case_id)
            ),
        ),
        _O.until > now,
    )
    return list(db.session.execute(query.order_by(_O.id.desc())))


def asked_already(case_id: int, now: datetime) -> bool:
    """Does a second person have this case before them already?"""
    query = select(_O.id).where(_O.case_id == case_id, _O.state == "asked", _O.until > now)
    return db.session.execute(query.limit(1)).first() is not None


def subjects(override_id: int) -> list[str]:
    """The clashes that an override names."""
    query = select(OverrideClash.subject).where(OverrideClash.override_id == override_id)
    return list(db.session.execute(query.order_by(OverrideClash.subject)).scalars())


def case(case_id: int) -> Columns | None:
    """An open case's own columns, or None."""
    query = select(SafetyCase.__table__).where(and_(_K.id == case_id, _K.closed_at.is_(None)))
    return db.session.execute(query).first()


def cases_of(subjects: Collection[str]) -> list[int]:
    """The open cases of these clashes."""
    if not subjects:
        return []
    query = select(_K.id).where(_K.subject.in_(tuple(subjects)), _K.closed_at.is_(None))
    return list(db.session.execute(query).scalars())
