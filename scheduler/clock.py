"""The only place that asks what time it is, so that a test or a demonstration can set it."""

from __future__ import annotations

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
