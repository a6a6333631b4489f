"""What came of texts: the states that a message goes through once it is claimed, and what each answer of the provider
does to it. Every function runs in its caller's transaction, and takes many messages in a constant number of statements.

`of` is the table that the messages are in: hers, or one of texts to staff, which go through the same states.
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import bindparam, or_, select, update

from scheduler.extensions import db
from scheduler.models import Link, Message

_M, _L = Message.__table__, Link.__table__

#: A claim whose result was not recorded after this long belongs to a worker that died.
CLAIM_LASTS = timedelta(minutes=5)
#: Tries of a message that the provider certainly did not accept, where the reason was the message's own.
MOST_ATTEMPTS = 8
_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=30)

#: From which states each later one may be entered. Receipts come in any order and number; the worst news stays, so
#: that nobody believes she was told.
BEFORE: dict[str, tuple[str, ...]] = {
    "accepted": ("planned", "claimed", "unknown"),
    "sent": ("planned", "claimed", "unknown", "accepted"),
    "delivered": ("planned", "claimed", "unknown", "accepted", "sent"),
    "undelivered": ("planned", "claimed", "unknown", "accepted", "sent", "delivered"),
    "failed": ("planned", "claimed", "unknown", "accepted", "sent", "delivered", "undelivered"),
}
SETTLED = frozenset({"delivered", "undelivered", "failed", "suppressed", "expired", "cancelled"})


class Again(NamedTuple):
    """Why the provider did not take a message, and what follows: `wait` is the least until the next try; `ours` that
    the reason was no fault of the message, so that trying ends only with its moment."""

    outcome: str
    wait: timedelta = timedelta(0)
    ours: bool = False


def advance(
    message_id: int, state: str, now: datetime, provider_id: str | None = None, outcome: str | None = None,
    of: Any = _M,
) -> bool:  # fmt: skip
    """Put a message that left in `state`, if that is news; gives whether it was. One statement, so that receipts may
    come at once, in any order and number."""
    values: dict[str, object] = {"state": state}
    if state in SETTLED:
        values["settled_at"] = now
    if outcome is not None:
        values["outcome"] = outcome
    query = update(of).where(of.c.id == message_id, of.c.state.in_(BEFORE[state]))
    if provider_id is not None:
        query = query.where(or_(of.c.provider_id.is_(None), of.c.provider_id == provider_id))
        values["provider_id"] = provider_id
    return db.session.execute(query.values(values).returning(of.c.id)).first() is not None


def taken(state: str, ids: Mapping[int, str], now: datetime, of: Any = _M) -> None:
    """The provider took these messages, and says that they got as far as `state`; its own id of each is given. What a
    receipt said already stays."""
    known = bindparam("known")
    values: dict[str, object] = {"state": state, "provider_id": known}
    if state in SETTLED:
        values["settled_at"] = now
    where = (
        of.c.id == bindparam("message"), of.c.state.in_(BEFORE[state]),
        or_(of.c.provider_id.is_(None), of.c.provider_id == known),
    )
    rows = [{"message": message_id, "known": provider_id} for message_id, provider_id in sorted(ids.items())]
    db.session.execute(update(of).where(*where).values(values), rows)


def by_provider_id(provider_id: str, of: Any = _M) -> int | None:
    """The message that the provider knows by this id."""
    found: int | None = db.session.execute(select(of.c.id).where(of.c.provider_id == provider_id)).scalar()
    return found


def unknown(why: Mapping[int, str], of: Any = _M) -> None:
    """They may have been sent or not. They are not sent again; a receipt or the provider's list may tell."""
    _each(of, {"state": "unknown"}, [{"message": each, "why": outcome} for each, outcome in sorted(why.items())])


def refused(why: Mapping[int, str], now: datetime, of: Any = _M) -> None:
    """The provider certainly did not take them and never will. Their links end."""
    _end_links(why, now, of)
    rows = [{"message": each, "why": outcome} for each, outcome in sorted(why.items())]
    _each(of, {"state": "failed", "settled_at": now}, rows)


def again(why: Mapping[int, Again], now: datetime, of: Any = _M) -> None:
    """The provider certainly did not take them: try each again later, longer each time, while its moment lasts. The
    links that were made for them end; the next try makes others."""
    rows = db.session.execute(
        select(of.c.id, of.c.attempts, of.c.send_before)
        .where(of.c.id.in_(sorted(why)), of.c.state == "claimed")
        .order_by(of.c.id)
        .with_for_update()
    ).all()
    _end_links([row.id for row in rows], now, of)
    later, over = [], []
    for row in rows:
        reason = why[row.id]
        wait = min(_FIRST_WAIT * 2 ** min(row.attempts - 1, 20), _LONGEST_WAIT)
        after = now + max(reason.wait, wait * random.uniform(0.5, 1.0))  # noqa: S311
        ends = after >= row.send_before or (row.attempts >= MOST_ATTEMPTS and not reason.ours)
        (over if ends else later).append({"message": row.id, "why": reason.outcome, "after": after})
    _each(of, {"state": "planned", "send_after": bindparam("after"), "claimed_at": None}, later)
    _each(of, {"state": "failed", "settled_at": now}, [{"message": row["message"], "why": row["why"]} for row in over])


def put_back(ids: Collection[int], now: datetime, of: Any = _M) -> None:
    """Nobody so much as tried to send them: they are as before they were claimed, to be weighed anew."""
    _end_links(ids, now, of)
    db.session.execute(
        update(of)
        .where(of.c.id.in_(sorted(ids)), of.c.state == "claimed")
        .values(state="planned", claimed_at=None, attempts=of.c.attempts - 1)
    )


def give_up_on_lost(now: datetime, of: Any = _M) -> int:
    """Claims whose worker died before it recorded a result become `unknown`; gives how many."""
    return int(
        db.session.execute(
            update(of)
            .where(of.c.state == "claimed", of.c.claimed_at < now - CLAIM_LASTS)
            .values(state="unknown", outcome="worker-lost")
        ).rowcount  # type: ignore[attr-defined]
    )


def clients_of(message_ids: Iterable[int]) -> list[int]:
    """The clients that these messages are for."""
    query = select(_M.c.client_id).where(_M.c.id.in_(list(message_ids))).distinct()
    return list(db.session.execute(query).scalars())


def _each(of: Any, values: Mapping[str, object], rows: Sequence[Mapping[str, object]]) -> None:
    """Give each of these claimed messages these values, and its own `why` as outcome."""
    if rows:
        query = update(of).where(of.c.id == bindparam("message"), of.c.state == "claimed")
        db.session.execute(query.values({**values, "outcome": bindparam("why")}), list(rows))


def _end_links(message_ids: Iterable[int], now: datetime, of: Any) -> None:
    ids = sorted(message_ids)
    if of is _M and ids:
        ended = update(_L).where(_L.c.message_id.in_(ids), _L.c.ended_at.is_(None)).values(ended_at=now)
        db.session.execute(ended)
