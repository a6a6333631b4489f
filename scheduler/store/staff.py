"""What is asked about staff, their sign-ins and their tokens."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Row, bindparam, exists, or_, select

from scheduler.extensions import db
from scheduler.models import ApiToken, Client, FeedToken, SignIn, Staff

Found: TypeAlias = Row[*tuple[Any, ...]]


class StaffName(NamedTuple):
    """Someone who works here, as lists show them."""

    id: int
    name: str
    role: str
    sees_clients: bool
    woman: bool


def by_username(username: str) -> Found | None:
    """The active person who signs in with this name: id, role, given_name, password_hash."""
    return db.session.execute(
        select(Staff.id, Staff.role, Staff.given_name, Staff.password_hash).where(
            Staff.username == username, Staff.active.is_(True)
        )
    ).first()


_I, _T = SignIn.__table__.c, Staff.__table__.c
#: Asked on every page, so made once.
_SIGN_IN = (
    select(
        _I.id, _I.staff_id, _I.seen_at, _I.expires_at, _T.role, _T.given_name,
        or_(_T.sees_clients, exists().where(Client.key_worker_id == _T.id)).label("has_clients"),
    )
    .join_from(SignIn.__table__, Staff.__table__, _T.id == _I.staff_id)
    .where(_I.token_hash == bindparam("token_hash"), _I.ended_at.is_(None), _T.active.is_(True))
)


def sign_in(token_hash: bytes) -> Found | None:
    """A sign-in not ended, of someone active: id, staff_id, role, given_name, has_clients, seen_at, expires_at."""
    return db.session.execute(_SIGN_IN, {"token_hash": token_hash}).first()


def api_token(token_hash: bytes) -> Found | None:
    """An API token that was not ended: id, role."""
    return db.session.execute(
        select(ApiToken.id, ApiToken.role).where(ApiToken.token_hash == token_hash, ApiToken.ended_at.is_(None))
    ).first()


def feed(token_hash: bytes) -> Found | None:
    """A calendar feed that was not ended: id, kind, staff_id, venue_id."""
    return db.session.execute(
        select(FeedToken.id, FeedToken.kind, FeedToken.staff_id, FeedToken.venue_id).where(
            FeedToken.token_hash == token_hash, FeedToken.ended_at.is_(None)
        )
    ).first()


def tokens() -> list[Found]:
    """Every API token: id, name, role, created_at, ended_at, newest first."""
    return list(db.session.execute(
        select(ApiToken.id, ApiToken.name, ApiToken.role, ApiToken.created_at, ApiToken.ended_at)
        .order_by(ApiToken.id.desc())
    ))


def feeds() -> list[Found]:
    """Every calendar feed: id, kind, staff_id, venue_id, created_at, ended_at, newest first."""
    return list(db.session.execute(
        select(FeedToken.id, FeedToken.kind, FeedToken.staff_id, FeedToken.venue_id, FeedToken.created_at,
               FeedToken.ended_at).order_by(FeedToken.id.desc())
    ))


def names(ids: set[int]) -> dict[int, str]:
    """The full names of these people, by id. One query."""
    if not ids:
        return {}
    rows = db.session.execute(select(Staff.id, Staff.given_name, Staff.family_name).where(Staff.id.in_(ids)))
    return {row.id: f"{row.given_name} {row.family_name}" for row in rows}


def workers() -> list[StaffName]:
    """Everyone active who sees clients, by name. One query."""
    rows = db.session.execute(
        select(Staff.id, Staff.given_name, Staff.family_name, Staff.role, Staff.sees_clients, Staff.woman).where(
            Staff.active.is_(True), Staff.sees_clients.is_(True)
        )
    )
    found = [StaffName(r.id, f"{r.given_name} {r.family_name}", r.role, r.sees_clients, r.woman) for r in rows]
    return sorted(found, key=lambda person: person.name.casefold())


def all_staff() -> list[Found]:
    """Everyone, active first: names, role, job, what they do, whether they have a phone, username and version."""
    rows = db.session.execute(
        select(Staff.id, Staff.given_name, Staff.family_name, Staff.role, Staff.job, Staff.sees_clients, Staff.woman,
               Staff.active, Staff.on_call, Staff.phone.is_not(None).label("has_phone"), Staff.username, Staff.version)
    ).all()
    return sorted(rows, key=lambda row: (not row.active, row.given_name.casefold(), row.family_name.casefold()))


def record(staff_id: int) -> Staff | None:
    """One whole record."""
    return db.session.get(Staff, staff_id)


def last_seen(sign_in_id: int) -> datetime | None:
    """When this sign-in was last used."""
    return db.session.execute(select(SignIn.seen_at).where(SignIn.id == sign_in_id)).scalar_one_or_none()
