"""What waits on the safety desk, as lines: open clashes, each group series that two people share being one line, and
requests for times."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, case, or_, select, union

from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    AppointmentType,
    Client,
    Override,
    OverrideClash,
    SafetyCase,
    Session,
    TimeRequest,
)

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

#: Rules that two people who share a group series break on each of its dates.
_SHARED = ("group", "series", "worker")

#: More open clashes than this are not read for one page; the most urgent are.
_MOST_READ = 20_000

_K, _A, _S = SafetyCase.__table__.c, Appointment.__table__.c, Session.__table__.c
_OTHER = Appointment.__table__.alias("other_appointment")

#: Safety cases with what says which line of the desk each is in.
LINED = (
    SafetyCase.__table__.outerjoin(Appointment.__table__, _A.id == _K.appointment_id)
    .outerjoin(_OTHER, _OTHER.c.id == _K.other_appointment_id)
    .outerjoin(Session.__table__, _S.id == _K.other_session_id)
)
_TOGETHER = and_(_K.rule.in_(_SHARED), or_(_OTHER.c.client_id.is_not(None), ENROLMENT.is_not(None)))

#: The same for cases that are one line: those of a group series that the same two people share, by one exclusion.
LINE = (
    case((~_TOGETHER, _K.id)).label("alone"),
    *(
        case((_TOGETHER, column)).label(name)
        for name, column in (
            ("by", _K.exclusion_id), ("she", _A.client_id), ("other", _OTHER.c.client_id), ("series", ENROLMENT),
        )
    ),
)  # fmt: skip


@dataclass(slots=True)
class Line:
    """The case that is due first of those in a line, when that is, and how many more the line stands for."""

    case_id: int
    due_at: datetime
    more: int = 0


def lines() -> list[Line]:
    """Open clashes that nobody has let stand, the most urgent first. Those of a group series that the same two people
    share, by the same exclusion, are one line. One query."""
    query = (
        select(_K.id, _K.due_at, *LINE)
        .select_from(LINED.outerjoin(OverrideClash.__table__, OverrideClash.__table__.c.subject == _K.subject))
        .where(_K.closed_at.is_(None), OverrideClash.__table__.c.subject.is_(None))
        .order_by(_K.due_at, _K.id)
        .limit(_MOST_READ)
    )
    found: dict[Any, Line] = {}
    for row in db.session.execute(query):
        line = found.get(row[2:])
        if line is None:
            found[row[2:]] = Line(row.id, row.due_at)
        else:
            line.more += 1
    return list(found.values())


def cases(ids: Collection[int]) -> list[Columns]:
    """These cases, open or closed, the most urgent first."""
    query = select(SafetyCase.__table__).where(_K.id.in_(tuple(ids))).order_by(_K.due_at, _K.id)
    return list(db.session.execute(query))


def exclusions_of_overrides(ids: Collection[int]) -> set[int]:
    """The exclusions of the cases that these overrides are about, and of the clashes that they name. One query."""
    if not ids:
        return set()
    asked = select(_K.exclusion_id).join(Override, Override.case_id == _K.id).where(Override.id.in_(tuple(ids)))
    named = (
        select(_K.exclusion_id).join(OverrideClash, OverrideClash.subject == _K.subject)
        .where(OverrideClash.override_id.in_(tuple(ids)))
    )
    return set(db.session.execute(union(asked, named)).scalars()) - {None}


def request(request_id: int) -> Columns | None:
    """One request for times that waits, with who asks for what, or None."""
    query = (
        select(
            TimeRequest.id, TimeRequest.client_id, TimeRequest.type_id, TimeRequest.mode, TimeRequest.wishes,
            TimeRequest.made_at, TimeRequest.state, Client.given_name, Client.family_name, Client.reference,
            AppointmentType.name.label("kind"),
        )
        .join(Client, Client.id == TimeRequest.client_id)
        .join(AppointmentType, AppointmentType.id == TimeRequest.type_id)
        .where(TimeRequest.id == request_id, TimeRequest.state == "open")
    )
    return db.session.execute(query).first()


__all__ = ["LINE", "LINED", "Line", "cases", "exclusions_of_overrides", "lines", "request"]
