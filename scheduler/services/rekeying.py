"""Putting everything that is encrypted under the newest key, so that an older one can be let go: after someone left who
had it, or because it is a year old.

Every key that is listed can be read with, so nothing stops meanwhile. A record that somebody changes while it is being
put under the newest key keeps that change. Interrupted, it goes on where it was when it is run again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from sqlalchemy import Table

from scheduler.crypto import ring
from scheduler.services import audit
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import by_row_locks, use_case
from scheduler.store import everything as store

#: Rows of one transaction: few enough that nobody who books waits for it.
_AT_ONCE = 200


def in_use() -> Counter[int]:
    """How many values lie under each version of the keys."""
    found: Counter[int] = Counter()
    with store.at_one_moment() as connection:
        for table in store.tables():
            places = [table.columns.keys().index(column.key) for column in store.encrypted_columns(table)]
            if not places:
                continue
            for some in store.rows(connection, table, 1000):
                found.update(row[place][0] for row in some for place in places if row[place])
    return found


def run(step: Callable[[str, int, int], None] = lambda what, done, total: None) -> int:
    """Put everything under the newest key; gives how many values were. `step` is told of each table how far it is.
    Raises RecordUnreadable when a value cannot be read with any key: nothing is lost, and it is not skipped."""
    with store.at_one_moment() as connection:
        totals = store.counts(connection)
    changed = 0
    for table in store.tables():
        if not store.encrypted_columns(table):
            continue
        done, after = 0, None
        while some := _some(table, after):
            read, put, after = some
            done, changed = done + read, changed + put
            step(table.name.replace("_", " "), done, max(done, totals[table.name]))
    if changed:
        _record(changed)
    return changed


@by_row_locks
def _some(table: Table, after: tuple[Any, ...] | None) -> tuple[int, int, tuple[Any, ...]] | None:
    rows = store.sealed_after(table, after, _AT_ONCE)
    if not rows:
        return None
    width, columns = len(table.primary_key.columns), store.encrypted_columns(table)
    put = 0
    for row in rows:
        for column, sealed in zip(columns, row[width:], strict=True):
            if sealed and sealed[0] != ring().newest:
                name = column.type.column  # type: ignore[attr-defined]
                anew = ring().encrypt_bytes(ring().decrypt_bytes(sealed, name), name)
                put += store.put_sealed(table, tuple(row[:width]), column.name, sealed, anew)
    return len(rows), put, tuple(rows[-1][:width])


@use_case
def _record(changed: int) -> None:
    audit.record(SYSTEM, "rekey", "keys", None, values=changed, version=ring().newest)


__all__ = ["in_use", "run"]
