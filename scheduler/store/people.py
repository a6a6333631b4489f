"""Finding clients and staff by blind keys, and reading what is recorded of one. Only what is shown is decrypted. A
record that was merged into another finds that other one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, exists, func, or_, select

from scheduler.extensions import db
from scheduler.models import Client, EligibilityDecision, IdentityToken, SafeContact, Staff, Stay, Venue

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_C = Client.__table__.c


def search(sought: Sequence[frozenset[int]], kinds: Collection[str], limit: int) -> list[tuple[str, int]]:
    """People of these kinds who have in one of their records, for each thing sought, one of its keys; the newest first.
    One query, which reads along the index of the first thing's keys until it has enough: the scarcest should come
    first."""
    if not sought:
        return []
    first = IdentityToken.__table__.alias("first")
    merged = and_(first.c.owner_kind == "client", _C.id == first.c.owner_id, _C.merged_into.is_not(None))
    query = (
        select(first.c.owner_kind, first.c.owner_id, _C.merged_into)
        .select_from(first.outerjoin(Client.__table__, merged))
        .where(first.c.token.in_(tuple(sought[0])), first.c.owner_kind.in_(tuple(kinds)))
    )
    for position, keys in enumerate(sought[1:]):
        other = IdentityToken.__table__.alias(f"t{position}")
        query = query.where(
            exists().where(
                other.c.token.in_(tuple(keys)), other.c.owner_kind == first.c.owner_kind,
                other.c.owner_id == first.c.owner_id,
            )
        )  # fmt: skip
    if len(sought[0]) == 1:
        query = query.order_by(first.c.owner_id.desc()).limit(limit)
    else:
        # Neither DISTINCT nor the order of an index: SQLite then walks everyone's keys in the order of their owners,
        # where it has no statistics yet. Someone who has all of the keys comes once for each.
        query = query.order_by((first.c.owner_id + 0).desc()).limit(limit * len(sought[0]))
    found = dict.fromkeys((kind, into or owner) for kind, owner, into in db.session.execute(query))
    return list(found)[:limit]


_CARD = (
    Client.id, Client.reference, Client.given_name, Client.family_name, Client.aliases, Client.date_of_birth,
    Client.phone, Client.active, Client.merged_into,
)  # fmt: skip


def client_cards(ids: Collection[int]) -> dict[int, Columns]:
    """What a list shows of these clients, by id."""
    rows = db.session.execute(select(*_CARD).where(Client.id.in_(tuple(ids)))) if ids else ()
    return {row.id: row for row in rows}


def client_records(ids: Collection[int]) -> dict[int, list[Columns]]:
    """The same of every record of these clients: by id, the record in use and then those that were merged into it."""
    found: dict[int, list[Columns]] = {}
    if ids:
        query = select(*_CARD).where(or_(_C.id.in_(tuple(ids)), _C.merged_into.in_(tuple(ids))))
        for row in db.session.execute(query.order_by(_C.merged_into.is_not(None), _C.id)):
            found.setdefault(row.merged_into or row.id, []).append(row)
    return found


def client_by_reference(reference: str) -> int | None:
    """The id of the client with this reference, or with whom it was merged, or None."""
    query = select(func.coalesce(_C.merged_into, _C.id)).where(_C.reference == reference)
    return db.session.execute(query).scalar_one_or_none()


def in_use(client_id: int) -> int:
    """The record in use of this client: the same, unless it was merged into another."""
    query = select(func.coalesce(_C.merged_into, _C.id)).where(_C.id == client_id)
    found = db.session.execute(query).scalar_one_or_none()
    return client_id if found is None else int(found)


def staff_cards(ids: Collection[int]) -> dict[int, Columns]:
    """What a list shows of these members of staff, by id."""
    columns = (Staff.id, Staff.given_name, Staff.family_name, Staff.job, Staff.active)
    rows = db.session.execute(select(*columns).where(Staff.id.in_(tuple(ids)))) if ids else ()
    return {row.id: row for row in rows}


def client(client_id: int) -> Columns | None:
    """Everything in a client's row, or None."""
    return db.session.execute(select(Client.__table__).where(Client.id == client_id)).first()


def staff_identity(staff_id: int) -> Columns | None:
    """The name, birth date and phone of a member of staff, or None."""
    columns = (Staff.id, Staff.given_name, Staff.family_name, Staff.date_of_birth, Staff.phone, Staff.active)
    return db.session.execute(select(*columns).where(Staff.id == staff_id)).first()


def safe_contacts(client_id: int) -> list[Columns]:
    """Which channels are recorded for a client, and how safe each is."""
    query = select(SafeContact.__table__).where(SafeContact.client_id == client_id).order_by(SafeContact.channel)
    return list(db.session.execute(query))


def last_decision(client_id: int) -> Columns | None:
    """The last decision on whether a client may attend what is for women, or None."""
    query = select(EligibilityDecision.__table__).where(EligibilityDecision.client_id == client_id)
    return db.session.execute(query.order_by(EligibilityDecision.id.desc()).limit(1)).first()


def stays(client_id: int) -> list[Columns]:
    """Where a client has stayed, with what decides who may know of it."""
    columns = (Stay.id, Stay.venue_id, Stay.since, Stay.until, Venue.name, Venue.label, Venue.confidential, Venue.zone)
    query = select(*columns).join_from(Stay, Venue, and_(Venue.id == Stay.venue_id))
    return list(db.session.execute(query.where(Stay.client_id == client_id).order_by(Stay.since, Stay.id)))


def stay(stay_id: int) -> Columns | None:
    """One stay, or None."""
    return db.session.execute(select(Stay.__table__).where(Stay.id == stay_id)).first()
