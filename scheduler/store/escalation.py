"""What waits for someone and cannot wait: safety cases that are due soon and alerts from the door; whom that is to be
told, who was, and their texts.

The queries of a claim lock what they read on PostgreSQL, and skip what someone else is changing at that moment: such a
text waits for the next round. On SQLite the claim already holds the only write lock.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Row,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal,
    or_,
    select,
    true,
    type_coerce,
)

from scheduler.extensions import db
from scheduler.models import (
    Alert,
    Appointment,
    Client,
    Exclusion,
    Match,
    Override,
    OverrideClash,
    SafetyCase,
    SessionStaff,
    Staff,
    StaffText,
    Venue,
)
from scheduler.store.messages import Sealed
from scheduler.store.safety_queue import LINE, LINED

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

CASE, ALERT = "case", "alert"

_K, _L, _X, _M = SafetyCase.__table__.c, Alert.__table__.c, Exclusion.__table__.c, Match.__table__.c
_C, _A, _V, _P = Client.__table__.c, Appointment.__table__.c, Venue.__table__.c, Staff.__table__.c
_SS, _O, _OC, _T = SessionStaff.__table__.c, Override.__table__.c, OverrideClash.__table__.c, StaffText.__table__.c

#: Two people let this clash stand, at these very times: nobody is called about it (SAFETY.md 5). `services.cases` takes
#: away what an override names as soon as either presence is changed.
_OVERRIDDEN = (
    exists()
    .where(_OC.subject == _K.subject, _OC.override_id == _O.id, _O.state == "given")
    .correlate(SafetyCase.__table__)
)


def _urgent(until: Any) -> ColumnElement[bool]:
    """A case that someone must see to by `until`, and nobody has."""
    return and_(_K.closed_at.is_(None), _K.due_at <= until, ~_OVERRIDDEN)


class Waits(NamedTuple):
    """A case or an alert that cannot wait, by `about` and `id`, `since` when, and when someone was last told of it."""

    about: str
    id: int
    exclusion: int | None
    since: datetime
    told_at: datetime | None = None


def urgent_cases(until: datetime, ids: Collection[int] | None = None) -> list[Waits]:
    """The open cases due by `until` that no override covers; of these, when ids are given."""
    query = select(_K.id, _K.exclusion_id, _K.opened_at, _K.escalated_at).where(_urgent(until)).order_by(_K.due_at)
    if ids is not None:
        query = query.where(_K.id.in_(tuple(ids)))
    return [Waits(CASE, *row) for row in db.session.execute(query)]


def open_alerts(since: datetime, ids: Collection[int] | None = None) -> list[Waits]:
    """The alerts raised at or after `since` that nobody has settled; of these, when ids are given."""
    query = select(_L.id, _L.exclusion_id, _L.raised_at).where(_L.settled_at.is_(None), _L.raised_at >= since)
    if ids is not None:
        query = query.where(_L.id.in_(tuple(ids)))
    return [Waits(ALERT, *row) for row in db.session.execute(query.order_by(_L.id))]


# --- whom to tell -----------------------------------------------------------------------------------------------------


def leads() -> list[Columns]:
    """The leads who work here now and can be texted: id and on_call."""
    query = select(_P.id, _P.on_call).where(_P.active, _P.role == "lead", _P.phone.is_not(None))
    return list(db.session.execute(query.order_by(_P.id)))


def named_staff(exclusions: Collection[int]) -> dict[int, frozenset[int]]:
    """By exclusion: the staff whom it may name. Possible counts as yes."""
    if not exclusions:
        return {}
    query = (
        select(_X.id, _M.person_id)
        .join_from(Exclusion.__table__, Match.__table__, _M.named_person_id == _X.named_person_id)
        .where(_X.id.in_(tuple(exclusions)), _M.person_kind == "staff", _M.state != "dismissed")
    )
    found: dict[int, set[int]] = {}
    for exclusion, person in db.session.execute(query):
        found.setdefault(exclusion, set()).add(person)
    return {exclusion: frozenset(people) for exclusion, people in found.items()}


def _her_worker(who: ColumnElement[Any]) -> ColumnElement[bool]:
    """This member of staff is her worker in an alert: of her appointment (of its session, when it names nobody) or her
    key worker. Never one whom the exclusion itself may name."""
    of_session = exists().where(_SS.session_id == _A.session_id, _SS.staff_id == who)
    named = exists().where(
        _M.named_person_id == _X.named_person_id, _M.person_kind == "staff", _M.person_id == who,
        _M.state != "dismissed",
    )
    hers = or_(_A.staff_id == who, _C.key_worker_id == who, and_(_A.staff_id.is_(None), of_session))
    return and_(hers, ~named)


_ALERTED = (
    Alert.__table__.join(Exclusion.__table__, _X.id == _L.exclusion_id)
    .join(Client.__table__, _C.id == _X.client_id)
    .outerjoin(Appointment.__table__, _A.id == _L.appointment_id)
)


def workers_of(alerts: Collection[int]) -> dict[int, frozenset[int]]:
    """By alert: her workers who work here now and can be texted."""
    if not alerts:
        return {}
    query = (
        select(_L.id, _P.id)
        .select_from(_ALERTED.join(Staff.__table__, _her_worker(_P.id)))
        .where(_L.id.in_(tuple(alerts)), _P.active, _P.phone.is_not(None))
    )
    found: dict[int, set[int]] = {}
    for alert, person in db.session.execute(query):
        found.setdefault(alert, set()).add(person)
    return {alert: frozenset(people) for alert, people in found.items()}


def is_her_worker(alert: int, staff: int) -> bool:
    """Is this member of staff her worker in this alert?"""
    query = select(_L.id).select_from(_ALERTED).where(_L.id == alert, _her_worker(literal(staff)))
    return db.session.execute(query).first() is not None


def texts_about(waits: Collection[Waits]) -> list[Columns]:
    """Every text about these, the oldest first: about, about_id, staff_id, state, outcome and created_at."""
    if not waits:
        return []
    ids = {about: tuple(each.id for each in waits if each.about == about) for about in (CASE, ALERT)}
    query = select(_T.about, _T.about_id, _T.staff_id, _T.state, _T.outcome, _T.created_at).where(
        or_(*(and_(_T.about == about, _T.about_id.in_(each)) for about, each in ids.items() if each))
    )
    return list(db.session.execute(query.order_by(_T.id)))


# --- what a page shows ------------------------------------------------------------------------------------------------


class Hers(NamedTuple):
    """An alert as her worker has it: whom to meet another way, and when. The names are shut."""

    id: int
    exclusion_id: int
    client_id: int
    appointment_id: int | None
    given_name: Sealed
    family_name: Sealed
    start: datetime | None
    zone: str


_HERS = (
    _L.id, _L.exclusion_id, _X.client_id, _L.appointment_id, _A.start, _V.zone,
    type_coerce(_C.given_name, LargeBinary).label("given_name"),
    type_coerce(_C.family_name, LargeBinary).label("family_name"),
)


def _hers(row: Any) -> Hers:
    return Hers(
        row.id, row.exclusion_id, row.client_id, row.appointment_id, Sealed("client.given_name", row.given_name),
        Sealed("client.family_name", row.family_name), row.start, row.zone,
    )


#: Asked on every page, so made once.
_MINE = (
    select(*_HERS)
    .select_from(_ALERTED.join(Venue.__table__, _V.id == _L.venue_id))
    .where(_L.settled_at.is_(None), _her_worker(bindparam("staff")))
)
_ALERTS_FOR = _MINE.order_by(_L.raised_at, _L.id)


def _for_lead() -> Select[Any]:
    lines = select(*LINE).select_from(LINED).where(_urgent(bindparam("until"))).distinct().subquery()
    cases = select(func.count()).select_from(lines).scalar_subquery()
    others = Alert.__table__.alias()
    alerts = select(func.count()).select_from(others).where(others.c.settled_at.is_(None)).scalar_subquery()
    counts, mine = select((cases + alerts).label("waiting")).subquery(), _MINE.subquery()
    return select(counts.c.waiting, mine).select_from(counts.outerjoin(mine, true())).order_by(mine.c.id)


_FOR_LEAD = _for_lead()


def alerts_for(staff: int) -> list[Hers]:
    """The alerts that nobody has settled in which this member of staff is her worker, the oldest first. One query."""
    return [_hers(row) for row in db.session.execute(_ALERTS_FOR, {"staff": staff})]


def alongside(alert: int, staff: int) -> set[int]:
    """This alert, and those about the same client's same appointment, of those that `alerts_for` gives."""
    of = {row.id: (row.client_id, row.appointment_id) for row in alerts_for(staff)}
    return {each for each, about in of.items() if about == of.get(alert)} | {alert}


def for_lead(staff: int, until: datetime) -> tuple[int, list[Hers]]:
    """How many lines of the desk due by `until` and alerts wait for any lead, and the alerts in which this one is her
    worker. One query."""
    rows = db.session.execute(_FOR_LEAD, {"staff": staff, "until": until}).all()
    return int(rows[0].waiting), [_hers(row) for row in rows if row.id is not None]


# --- their texts: claiming --------------------------------------------------------------------------------------------


def due(now: datetime, limit: int) -> list[Columns]:
    """Up to `limit` planned texts to staff whose moment has come, the oldest first, locked for this transaction."""
    return list(
        db.session.execute(
            select(StaffText.__table__)
            .where(_T.state == "planned", _T.send_after <= now)
            .order_by(_T.send_after, _T.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


def phones(staff: Collection[int]) -> dict[int, Sealed]:
    """Their numbers, shut, their records locked against change; those being changed right now are left out."""
    query = select(_P.id, type_coerce(_P.phone, LargeBinary).label("phone")).where(_P.id.in_(tuple(staff)))
    rows = db.session.execute(query.with_for_update(read=True, skip_locked=True))
    return {row.id: Sealed("staff.phone", row.phone) for row in rows}


def held(about: str, ids: Collection[int]) -> set[int]:
    """Those of these cases or alerts that nobody is changing right now, locked against change."""
    table = SafetyCase.__table__ if about == CASE else Alert.__table__
    query = select(table.c.id).where(table.c.id.in_(tuple(ids)))
    return set(db.session.execute(query.with_for_update(read=True, skip_locked=True)).scalars()) if ids else set()


__all__ = [
    "ALERT", "CASE", "Hers", "Waits", "alerts_for", "alongside", "due", "for_lead", "held", "is_her_worker", "leads",
    "named_staff", "open_alerts", "phones", "texts_about", "urgent_cases", "workers_of",
]
