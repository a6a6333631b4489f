"""Rows into tables, many at once: `executemany` on SQLite, COPY on PostgreSQL, types and encryption done on the way.

Only a demonstration and a backup that is put back load in bulk, into an empty database and in one transaction: a load
that is interrupted leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from sqlalchemy import Connection, LargeBinary, Table, func, select, text
from sqlalchemy.orm import DeclarativeBase

from scheduler.extensions import WRITES, db
from scheduler.models.types import EncryptedText

#: Rows held for one table before they are written: what bounds the memory of a load.
_HELD = 20_000


class Sink:
    """One table to be filled. Rows are tuples in the order of `columns`; what is left out gets the model's default.
    With `sealed`, what is encrypted in the table comes so already."""

    def __init__(self, load: Load, table: Table, columns: tuple[str, ...], sealed: bool = False) -> None:
        self._load = load
        self.table = table
        constants = {
            column.name: column.default.arg  # type: ignore[attr-defined]
            for column in table.columns
            if column.name not in columns and column.default is not None and column.default.is_scalar
        }
        self._names = (*columns, *constants)
        self._constants = tuple(constants.values())
        dialect = load.connection.dialect
        kinds = [table.c[name].type for name in self._names]
        kinds = [LargeBinary() if sealed and isinstance(kind, EncryptedText) else kind for kind in kinds]
        processors = [kind.dialect_impl(dialect).bind_processor(dialect) for kind in kinds]
        self._processors: list[tuple[int, Callable[[Any], Any]]] = [
            (place, process) for place, process in enumerate(processors) if process is not None
        ]
        self._rows: list[tuple[Any, ...]] = []
        self.count = 0

    def add(self, *row: Any) -> None:
        """Take one row."""
        self._rows.append(row)
        if len(self._rows) >= _HELD:
            self._load.flush()

    def extend(self, rows: Iterable[tuple[Any, ...]]) -> None:
        """Take several rows."""
        for row in rows:
            self.add(*row)

    def flush(self) -> None:
        """Write what is held. `Load.flush` calls it, table by table, so that no row points to one not yet written."""
        rows, self._rows = self._rows, []
        if not rows:
            return
        self.count += len(rows)
        ready = [self._ready(row) for row in rows]
        names = ", ".join(f'"{name}"' for name in self._names)
        cursor = self._load.connection.connection.cursor()
        try:
            if self._load.connection.dialect.name == "postgresql":
                with cursor.copy(f'COPY "{self.table.name}" ({names}) FROM STDIN') as copy:
                    for each in ready:
                        copy.write_row(each)
            else:
                marks = ", ".join("?" * len(self._names))
                cursor.executemany(f'INSERT INTO "{self.table.name}" ({names}) VALUES ({marks})', ready)  # noqa: S608
        finally:
            cursor.close()

    def _ready(self, row: tuple[Any, ...]) -> list[Any]:
        values = [*row, *self._constants]
        for place, process in self._processors:
            values[place] = process(values[place])
        return values


class Load:
    """One bulk load: a transaction, the sinks that fill it, and the sequences set right at its end."""

    def __enter__(self) -> Self:
        db.session.rollback()
        self.connection: Connection = db.engine.connect().execution_options(**{WRITES: True})
        if self.connection.dialect.name == "sqlite":
            # This connection alone: the load is one transaction, so only its commit needs to reach the disk.
            self.connection.connection.driver_connection.execute("PRAGMA cache_size = -200000")  # type: ignore[union-attr]
        self._transaction = self.connection.begin()
        self._sinks: list[Sink] = []
        return self

    def into(self, model: type[DeclarativeBase], *columns: str) -> Sink:
        """A sink for a model's table."""
        table = model.__table__
        assert isinstance(table, Table)
        return self.into_table(table, columns)

    def into_table(self, table: Table, columns: tuple[str, ...], sealed: bool = False) -> Sink:
        """A sink for a table; with `sealed`, for rows of which what is encrypted stays as it is."""
        sink = Sink(self, table, columns, sealed)
        self._sinks.append(sink)
        return sink

    def flush(self) -> None:
        """Write what every sink holds, in the order in which they were made: the tables pointed to come first."""
        for sink in self._sinks:
            sink.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
                self._set_sequences()
                self._transaction.commit()
                self._learn_sizes()
            else:
                self._transaction.rollback()
        finally:
            self.connection.invalidate()
            self.connection.close()

    def _set_sequences(self) -> None:
        if self.connection.dialect.name != "postgresql":
            return
        for table in {sink.table for sink in self._sinks}:
            if "id" not in table.c:
                continue
            highest = self.connection.execute(select(func.max(table.c.id))).scalar()
            sequence = self.connection.execute(
                text("SELECT pg_get_serial_sequence(:table, 'id')"), {"table": f'"{table.name}"'}
            ).scalar()
            if sequence and highest:
                self.connection.execute(text("SELECT setval(:name, :to)"), {"name": sequence, "to": highest})

    def _learn_sizes(self) -> None:
        """Tell the query planner how large the tables are, as it would learn by itself after a while."""
        with self.connection.begin():
            self.connection.execute(text("ANALYZE"))
