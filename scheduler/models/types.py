"""Column types: instants, and text that is encrypted before it reaches the database."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Text, TypeDecorator
from sqlalchemy.types import TypeEngine

from scheduler.crypto import ring

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

#: A primary key: 64 bits on PostgreSQL, SQLite's own rowid there.
BigKey = BigInteger().with_variant(Integer(), "sqlite")


@lru_cache(maxsize=8192)
def _from_microseconds(value: int | None) -> datetime | None:
    return None if value is None else _EPOCH + timedelta(0, 0, value)


def _in_utc(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC: `timestamptz` on PostgreSQL, whole microseconds since 1970 on SQLite, which has no type
    for it and compares integers exactly."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant must be aware")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value.astimezone(UTC)

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], datetime | None]:
        # The function itself, not a wrapper of one: a search reads thousands of instants.
        return _from_microseconds if dialect.name == "sqlite" else _in_utc


class Unread(Instant):
    """An `Instant` that comes back as the database has it, for `read` to make an instant of: where thousands are
    compared and few are kept. Those of one database compare with each other as the instants do."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        # On PostgreSQL in UTC at once: two times in one other zone would be compared by their clocks.
        return None if dialect.name == "sqlite" else _in_utc


def read(unread: Any) -> datetime:
    """The instant of what an `Unread` column holds."""
    return unread if isinstance(unread, datetime) else _EPOCH + timedelta(0, 0, unread)


class JsonList(TypeDecorator[list[Any]]):
    """A short list of words or numbers as JSON text. Nothing is ever looked up inside it, so it needs no more."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(list(value), separators=(",", ":"))

    def process_result_value(self, value: str | None, dialect: Dialect) -> list[Any] | None:
        return None if value is None else list(parsed_list(value))


@lru_cache(maxsize=1024)
def parsed_list(text: str) -> tuple[Any, ...]:
    """The values of a `JsonList`'s text. The same few lists come back in every row, so they are parsed once."""
    return tuple(json.loads(text))


class EncryptedText(TypeDecorator[str]):
    """Text that the database sees only encrypted. `column` names the table and column, and binds the value to them."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, column: str) -> None:
        super().__init__()
        self.column = column

    def process_bind_param(self, value: str | None, dialect: Dialect) -> bytes | None:
        return None if value is None else ring().encrypt(value, self.column)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> str | None:
        return None if value is None else ring().decrypt(value, self.column)


class EncryptedJSON(EncryptedText):
    """A JSON value that the database sees only encrypted."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> bytes | None:
        return super().process_bind_param(None if value is None else json.dumps(value, ensure_ascii=False), dialect)

    def process_result_value(self, value: bytes | None, dialect: Dialect) -> Any:
        text = super().process_result_value(value, dialect)
        return None if text is None else json.loads(text)
