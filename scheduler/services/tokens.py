"""Tokens that act with nobody at the keyboard: bearer tokens of the JSON API, and the addresses of calendar feeds."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import ApiToken, FeedToken, Staff, StaffVenue, Venue
from scheduler.models.staff import ROLES
from scheduler.services import actors, audit
from scheduler.services.actors import Actor
from scheduler.services.transaction import use_case
from scheduler.store import staff as store


@use_case
def make_api_token(actor: Actor, role: str, name: str) -> str:
    """A bearer token with a role for the JSON API. It is shown this once; only its digest is kept.

    Raises NotAllowed, Invalid.
    """
    if not actors.can_manage(actor):
        raise NotAllowed
    wrong: dict[str, str] = {}
    if role not in ROLES:
        wrong["role"] = "Choose a role."
    if not name.strip() or len(name.strip()) > 80:
        wrong["name"] = "Say what it is for, in up to 80 letters."
    if wrong:
        raise Invalid(**wrong)
    token = f"sg_{secrets.token_urlsafe(32)}"
    row = ApiToken(token_hash=token_hash(token), name=name.strip(), role=role, created_at=clock.now())
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "add", "api-token", row.id, role=role)
    return token


@use_case
def end_api_token(actor: Actor, token_id: int) -> None:
    """End an API token at once. Raises NotAllowed, NotFound."""
    if not actors.can_manage(actor):
        raise NotAllowed
    row = db.session.get(ApiToken, token_id)
    if row is None:
        raise NotFound
    row.ended_at = row.ended_at or clock.now()
    audit.record(actor, "end", "api-token", token_id)


def token_actor(token: str) -> Actor | None:
    """Whom an API token acts as; None when it is unknown or ended."""
    if not token or len(token) > 200:
        return None
    row = store.api_token(token_hash(token))
    return None if row is None else Actor("token", row.id, row.role)


@use_case
def make_feed(actor: Actor, kind: str, staff_id: int | None = None, venue_id: int | None = None) -> str:
    """The secret part of a calendar feed's address: `worker` for one worker, `venue` or `partner` for one venue.

    A worker may make their own. Feeds of a confidential venue are for those assigned to it alone (SAFETY.md 7).
    Raises NotAllowed, NotFound, Invalid.
    """
    own = kind == "worker" and actor.kind == "staff" and actor.id == staff_id
    if not actors.can_manage(actor) and not own:
        raise NotAllowed
    if kind not in ("worker", "venue", "partner"):
        raise Invalid(kind="Choose what the feed is for.")
    wanted = staff_id if kind == "worker" else venue_id
    subject: Any = db.session.get(Staff if kind == "worker" else Venue, wanted) if wanted is not None else None
    if subject is None:
        raise NotFound
    if kind != "worker" and subject.confidential and not _sees(actor, subject.id):
        raise NotFound
    token = secrets.token_urlsafe(32)
    row = FeedToken(
        token_hash=token_hash(token), kind=kind, created_at=clock.now(),
        staff_id=staff_id if kind == "worker" else None, venue_id=venue_id if kind != "worker" else None,
    )
    db.session.add(row)
    db.session.flush()
    audit.record(actor, "add", "feed", row.id, kind=kind)
    return token


def _sees(actor: Actor, venue_id: int) -> bool:
    if actors.can_see_every_venue(actor):
        return True
    return actor.staff_id is not None and db.session.get(StaffVenue, (actor.staff_id, venue_id)) is not None


@use_case
def end_feed(actor: Actor, feed_id: int) -> None:
    """End a calendar feed at once. Raises NotAllowed, NotFound."""
    row = db.session.get(FeedToken, feed_id)
    if row is None:
        raise NotFound
    own = actor.kind == "staff" and row.staff_id is not None and row.staff_id == actor.id
    if not actors.can_manage(actor) and not own:
        raise NotAllowed
    row.ended_at = row.ended_at or clock.now()
    audit.record(actor, "end", "feed", feed_id)


@dataclass(frozen=True, slots=True)
class Feed:
    """What a calendar feed's address stands for."""

    id: int
    kind: str
    staff_id: int | None
    venue_id: int | None


def feed(token: str) -> Feed | None:
    """The feed of this token; None when it is unknown or ended."""
    if not token or len(token) > 200:
        return None
    row = store.feed(token_hash(token))
    return None if row is None else Feed(row.id, row.kind, row.staff_id, row.venue_id)
