"""What the page of a demonstration's phones is drawn from: texts that came and went, whose each phone is, and the texts
that are still to come. A constant four queries."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import aliased

from scheduler.extensions import db
from scheduler.models import Client, HandsetText, IdentityToken, Message, Staff
from scheduler.store.identities import OWNED, OWNER

#: What the id of a text begins with that was written on one of the phones, not sent to it.
WRITTEN = "HR"

_H, _I, _M = HandsetText.__table__.c, IdentityToken.__table__.c, Message.__table__.c


class Shown(NamedTuple):
    """A text on one of the phones; `written` on it, or come to it."""

    id: int
    phone: str
    body: str
    at: datetime
    written: bool


class Coming(NamedTuple):
    """A text that is planned: for when, and to which client's phone."""

    client_id: int
    phone: str
    purpose: str
    send_after: datetime


def texts(limit: int) -> list[Shown]:
    """The texts on the phones, the newest first. One query."""
    query = select(_H.id, _H.phone, _H.body, _H.at, _H.provider_id).order_by(_H.at.desc(), _H.id.desc()).limit(limit)
    return [Shown(*row[:4], row[4].startswith(WRITTEN)) for row in db.session.execute(query)]


def coming(until: datetime, limit: int) -> list[Coming]:
    """The texts that are planned for before then, the soonest first. One query."""
    query = (
        select(_M.client_id, Client.phone, _M.purpose, _M.send_after)
        .join(Client, Client.id == _M.client_id)
        .where(_M.state == "planned", _M.send_after < until, Client.phone.is_not(None))
        .order_by(_M.send_after, _M.id)
    )
    return [Coming(*row) for row in db.session.execute(query.limit(limit))]


def clients_with(tokens: Collection[int]) -> list[tuple[int, int, str, str]]:
    """Whose phones these are, as (the number's blind key, client, first and family name). One query, none for none."""
    if not tokens:
        return []
    named = aliased(Client)
    query = (
        select(_I.token, OWNER, named.given_name, named.family_name)
        .select_from(OWNED.join(named, named.id == OWNER))
        .where(_I.token.in_(tuple(tokens)), _I.owner_kind == "client")
        .order_by(_I.token, OWNER)
    )
    return [(row[0], row[1], row[2], row[3]) for row in db.session.execute(query)]


def staff_phones() -> list[tuple[int, str, str, str]]:
    """Everyone on the staff who has a number, as (id, first name, family name, number). One query."""
    query = select(Staff.id, Staff.given_name, Staff.family_name, Staff.phone).where(Staff.phone.is_not(None))
    return [(row[0], row[1], row[2], str(row[3])) for row in db.session.execute(query.order_by(Staff.id))]
