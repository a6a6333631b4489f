"""Who shares a blind key with whom, and the identities of those few who are then compared. Columns are opened one by
one, so that a record that cannot be read is one record found unreadable and not a failed search.

A client whose records were made one has several identities: that of the record in use, and that of each record merged
into it. Each is compared by itself, and whatever is found is told of the record in use.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, LargeBinary, Row, Select, and_, func, literal, or_, select, type_coerce

from scheduler.crypto import ring
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Client, Exclusion, IdentityToken, Match, NamedPerson, Staff
from scheduler.rules.matching import Identity

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_I = IdentityToken.__table__.c
_M, _N, _X = Match.__table__.c, NamedPerson.__table__.c, Exclusion.__table__.c
_C = Client.__table__.c

#: Keys with whose they are; and that person's record in use.
OWNED = IdentityToken.__table__.outerjoin(
    Client.__table__, and_(_I.owner_kind == "client", _C.id == _I.owner_id, _C.merged_into.is_not(None))
)
OWNER = func.coalesce(_C.merged_into, _I.owner_id)


class Candidate(NamedTuple):
    """Someone to compare with. `id` is that of the record in use, `identity` that of one of their records: None when it
    cannot be read. `match` is the id of the match that there is already between the two, and `state` its state."""

    kind: str
    id: int
    identity: Identity | None
    match: int | None
    state: str | None


def tokens_of(kind: str, owner: int) -> set[int]:
    """The blind keys that are kept of someone."""
    query = select(_I.token).where(_I.owner_kind == kind, _I.owner_id == owner)
    return set(db.session.execute(query).scalars())


def sharing(tokens: Collection[int], kinds: Collection[str], limit: int | None = None) -> set[tuple[str, int]]:
    """Everyone of these kinds who shares one of the keys, by any of their records. Where they are more than `limit`,
    more than `limit` of them."""
    if not tokens:
        return set()
    query = select(_I.owner_kind, _I.owner_id)
    if "client" in kinds:
        query = select(_I.owner_kind, OWNER).select_from(OWNED)
    # Not DISTINCT: SQLite then walks everyone's keys in the order of their owners, where it has no statistics yet.
    query = query.where(_I.token.in_(tuple(tokens)), _I.owner_kind.in_(tuple(kinds)))
    if limit is not None:
        query = query.limit((limit + 1) * len(tokens))  # nobody has a key twice
    return {(kind, owner) for kind, owner in db.session.execute(query)}


def how_many_share(tokens: Collection[int], kinds: Collection[str]) -> dict[int, int]:
    """For each key, how many people of these kinds have it; someone with two records that do is counted once."""
    query = (
        select(_I.token, _I.owner_kind, func.count(OWNER.distinct()))
        .select_from(OWNED)
        .where(_I.token.in_(tuple(tokens)), _I.owner_kind.in_(tuple(kinds)))
        .group_by(_I.token, _I.owner_kind)
    )
    found: dict[int, int] = {}
    for token, _kind, count in db.session.execute(query):
        found[token] = found.get(token, 0) + count
    return found


def _open(blob: bytes | None, column: str) -> str | None:
    return None if blob is None else ring().decrypt(bytes(blob), column)


def _raw(*columns: Any) -> list[Any]:
    return [type_coerce(column, LargeBinary).label(f"c{position}") for position, column in enumerate(columns)]


def named_people(ids: Collection[int], person: tuple[str, int]) -> list[Candidate]:
    """These named persons, each with the match that there may be to `person`."""
    if not ids:
        return []
    kind, known = person
    query = (
        select(_N.id, *_raw(_N.names, _N.date_of_birth, _N.phone), _M.id.label("match_id"), _M.state)
        .select_from(
            NamedPerson.__table__.outerjoin(
                Match.__table__, and_(_M.named_person_id == _N.id, _M.person_kind == kind, _M.person_id == known)
            )
        )
        .where(_N.id.in_(tuple(ids)))
    )
    found = []
    for row in db.session.execute(query):
        found.append(Candidate("named", row.id, _named_identity(row), row.match_id, row.state))
    return found


def known_people(people: Iterable[tuple[str, int]], named: int) -> list[Candidate]:
    """These clients and staff, each with the match that there may be to the named person: one for each record of a
    client whose records were made one."""
    everyone = list(people)
    clients = tuple(owner for kind, owner in everyone if kind == "client")
    staff = tuple(owner for kind, owner in everyone if kind == "staff")
    found: list[Candidate] = []
    if clients:
        columns = (_C.given_name, _C.family_name, _C.date_of_birth, _C.phone, _C.aliases)
        theirs = or_(_C.id.in_(clients), _C.merged_into.in_(clients))
        in_use = func.coalesce(_C.merged_into, _C.id)
        found += _opened(_known(in_use, columns, Client.__table__, "client", theirs, named), "client")
    if staff:
        of = Staff.__table__.c
        columns_of_staff = (of.given_name, of.family_name, of.date_of_birth, of.phone)
        found += _opened(_known(of.id, columns_of_staff, Staff.__table__, "staff", of.id.in_(staff), named), "staff")
    return found


class Record(NamedTuple):
    """Someone's own record. `identity` is None when it cannot be read; `merged_into` the record in use, if another."""

    id: int
    identity: Identity | None
    merged_into: int | None


_RECORDS: dict[str, tuple[Any, ...]] = {
    "named": (_N.id, _N.names, _N.date_of_birth, _N.phone),
    "client": (_C.id, _C.given_name, _C.family_name, _C.date_of_birth, _C.phone, _C.aliases),
    "staff": tuple(Staff.__table__.c[name] for name in ("id", "given_name", "family_name", "date_of_birth", "phone")),
}


def records(kind: str, after: int, limit: int) -> list[Record]:
    """The records of this kind in the order of their ids, after that one. One query."""
    key, *columns = _RECORDS[kind]
    merged = _C.merged_into if kind == "client" else literal(None)
    aliases = [literal(None).label("c4")] if kind == "staff" else []
    query = select(key.label("id"), *_raw(*columns), *aliases, merged.label("merged"))
    rows = db.session.execute(query.where(key > after).order_by(key).limit(limit)).all()
    read = _named_identity if kind == "named" else lambda row: _identity(row, kind)
    return [Record(row.id, read(row), row.merged) for row in rows]


def how_many() -> int:
    """How many records there are of everyone who can be found."""
    tables = (NamedPerson.__table__, Client.__table__, Staff.__table__)
    return sum(db.session.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def merged_identities(client: int) -> list[Identity]:
    """Who the records say someone is that were merged into this one; those that can be read."""
    columns = (_C.given_name, _C.family_name, _C.date_of_birth, _C.phone, _C.aliases)
    rows = db.session.execute(select(*_raw(*columns)).where(_C.merged_into == client).order_by(_C.id)).all()
    return [each for each in (_identity(row, "client") for row in rows) if each is not None]


def _known(key: Any, columns: Any, table: Any, kind: str, whose: ColumnElement[bool], named: int) -> Select[Any]:
    joined = table.outerjoin(
        Match.__table__, and_(_M.named_person_id == named, _M.person_kind == kind, _M.person_id == key)
    )
    aliases = [] if len(columns) == 5 else [literal(None).label("c4")]
    return (
        select(key.label("id"), *_raw(*columns), *aliases, _M.id.label("match_id"), _M.state)
        .select_from(joined)
        .where(whose)
    )


def _opened(query: Select[Any], kind: str) -> list[Candidate]:
    return [
        Candidate(kind, row.id, _identity(row, kind), row.match_id, row.state) for row in db.session.execute(query)
    ]


def _named_identity(row: Columns) -> Identity | None:
    try:
        names = json.loads(_open(row.c0, "named_person.names") or "[]")
        return Identity(
            tuple(names), _open(row.c1, "named_person.date_of_birth"), _open(row.c2, "named_person.phone")
        )
    except RecordUnreadable:
        return None


def _identity(row: Columns, kind: str) -> Identity | None:
    try:
        name = f"{_open(row.c0, f'{kind}.given_name')} {_open(row.c1, f'{kind}.family_name')}".strip()
        aliases = json.loads(_open(row.c4, "client.aliases") or "[]") or []
        return Identity(
            (name, *aliases), _open(row.c2, f"{kind}.date_of_birth"), _open(row.c3, f"{kind}.phone")
        )
    except RecordUnreadable:
        return None


def protected_from(named: Collection[int]) -> dict[int, set[int]]:
    """The clients whom exclusions protect from each of these named persons."""
    found: dict[int, set[int]] = {}
    query = select(_X.named_person_id, _X.client_id).where(_X.named_person_id.in_(tuple(named)))
    for person, client in db.session.execute(query):
        found.setdefault(person, set()).add(client)
    return found


def exclusions_naming(named: Collection[int]) -> dict[int, list[int]]:
    """The exclusions, in force or not, that name each of these persons."""
    found: dict[int, list[int]] = {}
    query = select(_X.named_person_id, _X.id).where(_X.named_person_id.in_(tuple(named)))
    for person, exclusion in db.session.execute(query):
        found.setdefault(person, []).append(exclusion)
    return found


def dismissed(kind: str, owner: int) -> list[Columns]:
    """The dismissed matches of a client or member of staff, or of a named person: id and named person."""
    mine = (
        (_M.named_person_id == owner,) if kind == "named" else (_M.person_kind == kind, _M.person_id == owner)
    )
    return list(db.session.execute(select(_M.id, _M.named_person_id).where(*mine, _M.state == "dismissed")))
