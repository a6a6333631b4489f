"""Queries behind what women ask staff for on their links."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Ask, Client

_A = Ask.__table__


def waiting(most: int) -> list[Any]:
    """What nobody has seen to yet, the oldest first: its id, whose, kind, words, when, and her names."""
    return list(
        db.session.execute(
            select(
                _A.c.id, _A.c.client_id, _A.c.kind, _A.c.words, _A.c.made_at, Client.given_name, Client.family_name
            )
            .join_from(_A, Client.__table__, Client.id == _A.c.client_id)
            .where(_A.c.seen_at.is_(None))
            .order_by(_A.c.made_at, _A.c.id)
            .limit(most)
        )
    )


def count() -> int:
    """How many nobody has seen to."""
    return db.session.execute(select(func.count()).select_from(_A).where(_A.c.seen_at.is_(None))).scalar_one()


def one(ask_id: int) -> Any:
    """Whether it was seen to; None when there is none."""
    return db.session.execute(select(_A.c.id, _A.c.seen_at).where(_A.c.id == ask_id)).first()
