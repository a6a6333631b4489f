"""Backups: every record at one moment in one sealed file, and putting such a file back into an empty database.

The file is the same for both databases, so that a service that began on SQLite may go on with PostgreSQL. What is
encrypted in a column stays so inside it: nobody reads a backup without the keys, which are kept elsewhere.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BufferedReader
from typing import Any, BinaryIO, TypeAlias

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, insert, update

from scheduler import clock
from scheduler.errors import BackupUnfit
from scheduler.extensions import db
from scheduler.models import AuditRecord, LinkSession, Message, SignIn, StaffText
from scheduler.services.backup_files import Opening, Sealing, line, read_line
from scheduler.services.bulk import Load
from scheduler.store import everything as store

#: What staff read of a text that a backup still meant to send: nobody knows what happened to it since.
RESTORED = "restored"
_AT_ONCE = 500
Step: TypeAlias = Callable[[str, int, int], None]
_Rows: TypeAlias = Sequence[Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself: when it was made (UTC), at which migration, and how many rows of each table."""

    made_at: datetime
    migration: str
    rows: dict[str, int]


def write(file: BinaryIO, step: Step = lambda what, done, total: None) -> Contents:
    """Write everything as it is at this moment; the service may go on meanwhile. `step` is told how far each table is.
    Memory does not grow with what is stored."""
    with store.at_one_moment() as connection:
        contents = Contents(clock.now(), _migration(connection), store.counts(connection))
        sealing = Sealing(file)
        with gzip.GzipFile(fileobj=sealing, mode="wb", compresslevel=5, mtime=0) as out:
            out.write(line([contents.made_at, contents.migration, contents.rows]))
            for table in store.tables():
                out.write(line([table.name, [column.name for column in table.columns]]))
                done = 0
                for some in store.rows(connection, table, _AT_ONCE):
                    out.write(line(some))
                    done += len(some)
                    step(_words(table), done, contents.rows[table.name])
                out.write(line(None))
        sealing.finish()
    return contents


def look(file: BinaryIO) -> Contents:
    """Read a backup to its end without keeping anything, and give what it says of itself. Raises BackupUnfit when a
    row is missing or anything was changed."""
    return _read(file, lambda name, columns: lambda rows: None, lambda contents: None)


def put_back(file: BinaryIO, step: Step = lambda what, done, total: None) -> Contents:
    """Put a backup into the empty database, all or nothing. Raises BackupUnfit when it is of another migration, was
    changed, or the database is not empty.

    Nobody knows what happened since it was made: a woman may have said that her phone is not safe any more, and texts
    went out that it still holds as planned. So none of those goes out; staff see each as not told. Whoever was signed
    in or had her link open begins again.
    """
    with store.at_one_moment() as connection:
        if not store.is_empty(connection):
            raise BackupUnfit("The database is not empty. A backup is put back into an empty one.")
        here = _migration(connection)
    db.session.remove()
    with Load() as load:
        load.connection.execute(db.metadata.tables["heartbeat"].delete())
        known = {table.name: table for table in store.tables()}
        totals: dict[str, int] = {}

        def begin(contents: Contents) -> None:
            if contents.migration != here:
                raise BackupUnfit(
                    f"The backup is of migration {contents.migration}, the database is at {here}. Put it back with the "
                    "release that made it, then upgrade."
                )
            totals.update(contents.rows)

        def into(name: str, columns: list[str]) -> Callable[[_Rows], None]:
            table = known.get(name)
            if table is None or set(columns) != set(table.columns.keys()):
                raise BackupUnfit("The backup's tables are not those of this release.")
            load.flush()
            sink, done = load.into_table(table, tuple(columns), sealed=True), 0

            def take(rows: _Rows) -> None:
                nonlocal done
                sink.extend(tuple(row) for row in rows)
                done += len(rows)
                step(_words(table), done, totals[name])

            return take

        contents = _read(file, into, begin)
        load.flush()
        _begin_again(load.connection, contents)
    return contents


def _read(
    file: BinaryIO,
    into: Callable[[str, list[str]], Callable[[_Rows], None]],
    begin: Callable[[Contents], None],
) -> Contents:
    try:
        with gzip.GzipFile(fileobj=BufferedReader(Opening(file)), mode="rb") as plain:
            contents = Contents(*read_line(plain.readline()))
            begin(contents)
            found: dict[str, int] = {}
            while head := plain.readline():
                name, columns = read_line(head)
                take, found[name] = into(name, columns), 0
                while (some := read_line(plain.readline())) is not None:
                    found[name] += len(some)
                    take(some)
    except (gzip.BadGzipFile, EOFError, ValueError, TypeError) as problem:
        raise BackupUnfit("The backup was changed.") from problem
    if found != contents.rows:
        raise BackupUnfit("Rows are missing from the backup.")
    return contents


def _begin_again(connection: Connection, contents: Contents) -> None:
    now = clock.now()
    for model in (Message, StaffText):
        waiting = model.__table__.c.state == "planned"
        connection.execute(
            update(model.__table__).where(waiting).values(state="suppressed", outcome=RESTORED, settled_at=now)
        )
    for session in (SignIn, LinkSession):
        ended = session.__table__.c.ended_at
        connection.execute(update(session.__table__).where(ended.is_(None)).values(ended_at=now))
    connection.execute(
        insert(AuditRecord.__table__).values(
            at=now, actor_kind="system", action="restore", subject_kind="backup",
            detail={"made_at": contents.made_at.isoformat()},
        )
    )


def _migration(connection: Connection) -> str:
    return ",".join(sorted(MigrationContext.configure(connection).get_current_heads())) or "none"


def _words(table: Table) -> str:
    return table.name.replace("_", " ")


__all__ = ["RESTORED", "Contents", "look", "put_back", "write"]
