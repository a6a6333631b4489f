"""What is asked about messages: what is due and what it depends on, and what is in doubt.

The queries of a claim lock what they read on PostgreSQL, and skip what someone else is changing at that moment: such a
message waits for the next round. On SQLite the claim already holds the only write lock.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, LargeBinary, Row, Select, or_, select, type_coerce

from scheduler.crypto import ring
from scheduler.extensions import db
from scheduler.models import Appointment, Client, Link, Message, ProviderText, SafeContact, Venue
from scheduler.rules.telling import CANNOT_GET_TEXTS, DID_NOT_REACH

_M, _A, _C = Message.__table__.c, Appointment.__table__.c, Client.__table__.c
_S, _V = SafeContact.__table__.c, Venue.__table__.c
_P = ProviderText.__table__.c


class Sealed(NamedTuple):
    """An encrypted value still shut, so that one that cannot be read stops its own message and no other."""

    column: str
    blob: bytes | None

    def opened(self) -> str | None:
        """The text, or None when there is none. Raises RecordUnreadable."""
        return None if self.blob is None else ring().decrypt(self.blob, self.column)


def _shut(column: Any) -> Any:
    return type_coerce(column, LargeBinary).label(column.name)


def due(now: datetime, limit: int) -> list[Row[Any]]:
    """Up to `limit` planned messages whose moment has come, the oldest first, locked for this transaction."""
    return list(
        db.session.execute(
            select(Message.__table__)
            .where(_M.state == "planned", _M.send_after <= now)
            .order_by(_M.send_after, _M.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
    )


class Held(NamedTuple):
    """An appointment as a message needs it. `place` is shut, and left out for a confidential venue."""

    version: int
    state: str
    start: datetime
    mode: str
    zone: str
    confidential: bool
    place: Sealed


def appointments(ids: Collection[int]) -> dict[int, Held]:
    """These appointments, locked against change; those being changed right now are left out."""
    rows = _locked(
        select(_A.id, _A.version, _A.state, _A.start, _A.mode, _V.zone, _V.confidential, _shut(_V.name))
        .join(Venue.__table__, _V.id == _A.venue_id)
        .where(_A.id.in_(ids)),
        Appointment.__table__,
    )
    return {
        row.id: Held(
            row.version, row.state, row.start, row.mode, row.zone, row.confidential,
            Sealed("venue.name", None if row.confidential else row.name),
        )
        for row in rows
    }


class Reached(NamedTuple):
    """A client as a message needs her, shut."""

    active: bool
    phone: Sealed
    given_name: Sealed


def clients(ids: Collection[int]) -> dict[int, Reached]:
    """These clients, locked against change; those being changed right now are left out."""
    rows = _locked(
        select(_C.id, _C.active, _shut(_C.phone), _shut(_C.given_name)).where(_C.id.in_(ids)), Client.__table__
    )
    return {
        row.id: Reached(row.active, Sealed("client.phone", row.phone), Sealed("client.given_name", row.given_name))
        for row in rows
    }


class SafeText(NamedTuple):
    """A client's safe-contact record for texts. `hours` and `may_name` are shut; `number_fails` that her number cannot
    get texts, as far as anyone heard since it was last checked."""

    safe: str
    hours: Sealed
    may_name: Sealed
    language: str
    review_on: Any
    paused: bool
    paused_until: datetime | None
    on_day: bool
    number_fails: bool


def number_fails() -> ColumnElement[bool]:
    """True of a safe-contact record of someone to whom a text that left since it was last asked about could not arrive,
    because of the number. A changed number has to be asked about too."""
    failed = select(_M.id).where(
        _M.client_id == _S.client_id, _M.state.in_(sorted(DID_NOT_REACH)), _M.outcome.in_(sorted(CANNOT_GET_TEXTS)),
        or_(_S.checked_at.is_(None), _M.claimed_at >= _S.checked_at),
    )
    return failed.correlate(SafeContact.__table__).exists()


_CONTACT = select(
    _S.client_id, _S.safe, _shut(_S.hours), _shut(_S.may_name), _S.language, _S.review_on, _S.paused, _S.paused_until,
    _S.on_day, number_fails().label("number_fails"),
).where(_S.channel == "sms")


def _safe_text(row: Any) -> SafeText:
    return SafeText(
        row.safe, Sealed("safe_contact.hours", row.hours), Sealed("safe_contact.may_name", row.may_name),
        row.language, row.review_on, row.paused, row.paused_until, row.on_day,
        bool(row.number_fails),
    )


def contact(client_id: int) -> SafeText | None:
    """The client's safe-contact record for texts, or None."""
    row = db.session.execute(_CONTACT.where(_S.client_id == client_id)).first()
    return _safe_text(row) if row else None


def contacts(client_ids: Collection[int]) -> tuple[dict[int, SafeText], set[int]]:
    """Their safe-contact records for texts, locked against change; and whose record is being changed right now."""
    rows = _locked(_CONTACT.where(_S.client_id.in_(client_ids)), SafeContact.__table__)
    found = {row.client_id: _safe_text(row) for row in rows}
    missing = set(client_ids) - set(found)
    if not missing or db.engine.dialect.name == "sqlite":
        return found, set()
    busy = db.session.execute(select(_S.client_id).where(_S.channel == "sms", _S.client_id.in_(missing)))
    return found, set(busy.scalars())


def _locked(query: Select[Any], table: Any) -> Iterable[Row[Any]]:
    return db.session.execute(query.with_for_update(read=True, of=table, skip_locked=True))


class InDoubt(NamedTuple):
    """A text that may have left. `links` are the digests of the links that were made for it."""

    id: int
    claimed_at: datetime
    phone: Sealed
    links: frozenset[bytes]


def in_doubt(since: datetime, until: datetime, limit: int) -> list[InDoubt]:
    """Messages of unknown fate that were claimed in `since <= t < until`, the oldest first."""
    rows = db.session.execute(
        select(_M.id, _M.claimed_at, _shut(_C.phone))
        .join(Client.__table__, _C.id == _M.client_id)
        .where(_M.state == "unknown", _M.claimed_at >= since, _M.claimed_at < until)
        .order_by(_M.claimed_at, _M.id)
        .limit(limit)
    ).all()
    links: dict[int, set[bytes]] = {}
    made = select(Link.message_id, Link.token_hash).where(Link.message_id.in_([row.id for row in rows]))
    for message_id, digest in db.session.execute(made):
        if message_id is not None:
            links.setdefault(message_id, set()).add(bytes(digest))
    return [
        InDoubt(row.id, row.claimed_at, Sealed("client.phone", row.phone), frozenset(links.get(row.id, ())))
        for row in rows
    ]


class Kept(NamedTuple):
    """A text that the provider keeps: its `words`, or only its `record`."""

    id: int
    provider_id: str
    keeps: str
    tries: int


def kept_at_provider(now: datetime, limit: int) -> list[Kept]:
    """Texts that the provider should let go of by now, the longest due first, locked for this transaction; those that
    another worker is asking about are left out."""
    rows = db.session.execute(
        select(_P.id, _P.provider_id, _P.keeps, _P.tries)
        .where(_P.due_at <= now)
        .order_by(_P.due_at, _P.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Kept(*row) for row in rows]


def settled_unheard(table: Any, since: datetime, until: datetime) -> Select[Any]:
    """The provider's ids of texts in `table` that left in `since <= t < until`, of which nothing was heard since, and
    which nobody has seen to at the provider."""
    t = table.c
    seen = select(_P.id).where(_P.provider_id == t.provider_id).exists()
    return select(t.provider_id).where(
        t.state.in_(("accepted", "sent")), t.send_after >= since, t.send_after < until, t.provider_id.is_not(None),
        ~seen,
    )

