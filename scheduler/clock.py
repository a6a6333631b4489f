"""The only place that asks what time it is, so that a test or a demonstration can set it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_fixed: datetime | None = None


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return _fixed if _fixed is not None else datetime.now(UTC)


def set_fixed(instant: datetime | None) -> None:
    """Stop the clock at `instant` (aware), or let it run again with None."""
    global _fixed
    if instant is not None and instant.tzinfo is None:
        raise ValueError("the clock takes an aware time")
    _fixed = instant.astimezone(UTC) if instant is not None else None


@contextmanager
def stopped_at(instant: datetime) -> Iterator[None]:
    """The clock stands at `instant` (aware) within, and goes on as it did before afterwards."""
    before = _fixed
    set_fixed(instant)
    try:
        yield
    finally:
        set_fixed(before)
