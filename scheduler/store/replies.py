"""Texts that came back: what each was about, and those that wait for staff."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import LargeBinary, Row, case, exists, func, literal, select, type_coerce
from sqlalchemy.orm import aliased

from scheduler.crypto import ring
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, AuditRecord, Client, Message, Reply, SafeContact, Stay, Venue
from scheduler.rules.replies import Meaning

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _M, _R, _C, _V, _S = (
    Appointment.__table__.c, Message.__table__.c, Reply.__table__.c, Client.__table__.c, Venue.__table__.c,
    Stay.__table__.c,
)
_RECORDED = aliased(Client.__table__)
#: Whoever has the appointment now, or the record in use of whoever it came from: records are made one and taken apart.
_WHOSE = func.coalesce(_A.client_id, _RECORDED.c.merged_into, _R.client_id)
_WAITING = (_R.seen_at.is_(None), _R.meaning.in_([str(Meaning.ANOTHER_TIME), str(Meaning.OTHER)]))
#: What stands where something cannot be read.
UNREADABLE = "—"


def known_already(provider_id: str) -> bool:
    """True when the provider delivered this text before."""
    return db.session.execute(select(_R.id).where(_R.provider_id == provider_id)).first() is not None


def number_of(client_id: int) -> str | None:
    """Where texts to this client go now; None when nowhere, or when that cannot be read."""
    blob = db.session.execute(select(type_coerce(_C.phone, LargeBinary)).where(_C.id == client_id)).scalar()
    number: str | None = _read(blob, "client.phone", None)
    return number


def last_text(client_id: int, left: Collection[str]) -> Columns | None:
    """The text about an appointment of hers that left last, in one of these states, whatever it said; and how that
    appointment stands now."""
    query = (
        select(_M.appointment_id, _M.appointment_version, _M.purpose, _A.state, _A.start)
        .join(Appointment.__table__, _A.id == _M.appointment_id)
        .where(_A.client_id == client_id, _M.state.in_(tuple(left)), _M.claimed_at.is_not(None))
        .order_by(_M.claimed_at.desc(), _M.id.desc())
    )
    return db.session.execute(query.limit(1)).first()


def said_so(appointment_id: int, version: int | None, meaning: str) -> bool:
    """True when the same answer about the appointment as it was then is here already and nobody has dealt with it."""
    query = select(_R.id).where(_R.appointment_id == appointment_id, _R.meaning == meaning, _R.seen_at.is_(None))
    same = _R.appointment_version.is_(None) if version is None else _R.appointment_version == version
    return db.session.execute(query.where(same)).first() is not None


def stopped_at(client_id: int) -> datetime | None:
    """When a text from her number stopped the texts to it; None when none did, or when someone has said since what is
    safe. One query."""
    stands = exists().where(
        SafeContact.client_id == client_id, SafeContact.channel == "sms", SafeContact.safe == "no",
        SafeContact.checked_at <= AuditRecord.at,
    )
    query = select(AuditRecord.at).where(
        AuditRecord.subject_kind == "client", AuditRecord.subject_id == client_id,
        AuditRecord.action == "texts-stopped", stands,
    )
    return db.session.execute(query.order_by(AuditRecord.id.desc()).limit(1)).scalar()


def _read(blob: bytes | None, column: str, otherwise: Any = UNREADABLE) -> Any:
    if blob is None:
        return None
    try:
        return ring().decrypt(bytes(blob), column)
    except RecordUnreadable:
        return otherwise


def waiting(limit: int) -> list[Columns]:
    """What waits for staff, those who want another time first, then in the order in which they came. Names and words
    are still shut. One query."""
    query = (
        select(
            _R.id, _R.meaning, _R.received_at, type_coerce(_R.words, LargeBinary).label("words"),
            _WHOSE.label("client_id"), type_coerce(_C.given_name, LargeBinary).label("given_name"),
            type_coerce(_C.family_name, LargeBinary).label("family_name"), _A.id.label("appointment_id"), _A.start,
            _A.state, AppointmentType.name.label("kind"), _A.venue_id, Venue.name, Venue.label, Venue.confidential,
            Venue.zone,
        )
        .select_from(Reply.__table__)
        .outerjoin(Appointment.__table__, _A.id == _R.appointment_id)
        .outerjoin(_RECORDED, _RECORDED.c.id == _R.client_id)
        .outerjoin(Client.__table__, _C.id == _WHOSE)
        .outerjoin(AppointmentType, AppointmentType.id == _A.type_id)
        .outerjoin(Venue, Venue.id == _A.venue_id)
        .where(*_WAITING)
        .order_by(case((_R.meaning == str(Meaning.ANOTHER_TIME), 0), else_=1), _R.received_at, _R.id)
    )
    return list(db.session.execute(query.limit(limit)))


def waiting_where(reply_id: int | None = None) -> list[Columns]:
    """Of everything that waits: whose it is and in which venue, without a name. Or of one reply, seen to or not. One
    query."""
    query = (
        select(
            _R.id, _R.meaning, _R.seen_at, _WHOSE.label("client_id"), _A.venue_id, literal("").label("name"),
            literal("").label("label"), _V.confidential,
        )
        .select_from(Reply.__table__)
        .outerjoin(Appointment.__table__, _A.id == _R.appointment_id)
        .outerjoin(_RECORDED, _RECORDED.c.id == _R.client_id)
        .outerjoin(Venue.__table__, _V.id == _A.venue_id)
        .where(*(_WAITING if reply_id is None else (_R.id == reply_id, _WAITING[1])))
    )
    return list(db.session.execute(query))


def hidden_stays(clients: Collection[int], now: datetime) -> list[Columns]:
    """Where those of these clients stay who stay at a confidential venue now. One query, none for nobody."""
    if not clients:
        return []
    query = (
        select(
            _S.client_id, _S.venue_id, literal("").label("name"), literal("").label("label"), _V.confidential
        )
        .join(Venue.__table__, _V.id == _S.venue_id)
        .where(_S.client_id.in_(tuple(clients)), _V.confidential.is_(True), _S.since <= now)
        .where(_S.until.is_(None) | (_S.until > now))
    )
    return list(db.session.execute(query))


def opened(row: Columns) -> tuple[str, str, str | None]:
    """First name, family name and words of a row of `waiting`."""
    return (
        _read(row.given_name, "client.given_name") or "", _read(row.family_name, "client.family_name") or "",
        _read(row.words, "reply.words"),
    )
