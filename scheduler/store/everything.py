"""Every row of every table as it lies in the database, what is encrypted still encrypted: for backups, and for putting
what is encrypted under a newer key."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, Table, and_, func, select, tuple_, type_coerce, update

from scheduler.extensions import db
from scheduler.models.types import EncryptedText


def tables() -> list[Table]:
    """Every table of ours, those that others point to first."""
    return list(db.metadata.sorted_tables)


def encrypted_columns(table: Table) -> list[Column[Any]]:
    """The columns of a table that the database sees only encrypted."""
    return [column for column in table.columns if isinstance(column.type, EncryptedText)]


@contextmanager
def at_one_moment() -> Iterator[Connection]:
    """A connection that sees the database as it is now, whatever others write meanwhile, and writes nothing."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection


def is_empty(connection: Connection) -> bool:
    """True when no table of ours holds a row but the heartbeats, which begin with the first worker."""
    return not any(
        connection.execute(select(1).select_from(table).limit(1)).first()
        for table in tables()
        if table.name != "heartbeat"
    )


def counts(connection: Connection) -> dict[str, int]:
    """How many rows each table holds."""
    return {
        table.name: connection.execute(select(func.count()).select_from(table)).scalar_one() for table in tables()
    }


def rows(connection: Connection, table: Table, at_once: int) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The rows of a table in the order of its key, `at_once` at a time; what is encrypted as it lies there."""
    shown = [
        type_coerce(column, LargeBinary) if isinstance(column.type, EncryptedText) else column
        for column in table.columns
    ]
    query = select(*shown).order_by(*table.primary_key.columns)
    result = connection.execution_options(stream_results=True, max_row_buffer=at_once).execute(query)
    for some in result.partitions(at_once):
        yield [tuple(row) for row in some]


def sealed_after(table: Table, after: tuple[Any, ...] | None, at_once: int) -> list[Any]:
    """The next rows of a table by its key: the key's columns, then what is encrypted as it lies there."""
    key = list(table.primary_key.columns)
    values = [type_coerce(column, LargeBinary).label(column.name) for column in encrypted_columns(table)]
    query = select(*key, *values).order_by(*key).limit(at_once)
    if after is not None:
        query = query.where(tuple_(*key) > tuple_(*after))
    return list(db.session.execute(query).all())


def put_sealed(table: Table, key: tuple[Any, ...], name: str, before: bytes, after: bytes) -> bool:
    """Put `after` in place of `before`, unless someone changed the record meanwhile; gives whether it was put."""
    column = table.c[name]
    same_row = and_(*(part == value for part, value in zip(table.primary_key.columns, key, strict=True)))
    done = db.session.execute(
        update(table)
        .where(same_row, type_coerce(column, LargeBinary) == before)
        .values({name: type_coerce(after, LargeBinary)})
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]


__all__ = [
    "at_one_moment", "counts", "encrypted_columns", "is_empty", "put_sealed", "rows", "sealed_after", "tables",
]
