"""Clients: recording who they are, what they would choose and what is safe for them; and finding them again."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import Invalid, Merged, NotAllowed, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import Client, EligibilityDecision, SafeContact, Stay
from scheduler.notifications import planning
from scheduler.rules.audience import Eligibility
from scheduler.services import audit, cases, identities, safe_contacts
from scheduler.services.actors import Actor, can_book_for_anyone, can_decide_eligibility, can_edit_clients
from scheduler.services.finding import ClientCard, alike, find
from scheduler.services.personal import Personal, Preferences, read_details, read_preferences
from scheduler.services.safe_contacts import SafeChannel, SafeContactDetails, set_phone_is, set_safe_contact
from scheduler.services.transaction import use_case
from scheduler.services.visibility import PlaceOf, assigned, knows_of, label_for
from scheduler.store import people as store
from scheduler.store import venues as venue_store

#: References have no vowel, so that none spells a word, and no letter that looks like a digit.
_LETTERS = "BCDFGHJKMNPQRTVWXY"
_MOST_TRIES = 20


@dataclass(frozen=True, slots=True)
class ClientDetails:
    """What is typed about a client. `aliases` are other names she or he is known by; `date_of_birth` in any usual form,
    and may be a month or a year alone; `phone` in any form. Someone half registered may have one name only."""

    given_name: str
    family_name: str = ""
    aliases: tuple[str, ...] = ()
    date_of_birth: str | None = None
    phone: str | None = None
    preferences: Mapping[str, Any] = field(default_factory=dict)
    notes: str | None = None
    key_worker_id: int | None = None


@dataclass(frozen=True, slots=True)
class StayRecord:
    """A stay at a confidential venue that this reader may know of. Times in UTC; `place` is its name to the reader."""

    id: int
    venue_id: int
    place: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True, slots=True)
class ClientRecord:
    """Everything that staff may see of a client. It says nothing of exclusions: `request_mode` is only what the service
    set itself (SAFETY.md 4)."""

    id: int
    reference: str
    given_name: str
    family_name: str
    aliases: tuple[str, ...]
    date_of_birth: str | None
    phone: str | None
    preferences: dict[str, Any]
    notes: str | None
    key_worker_id: int | None
    eligibility: str
    eligibility_policy: str | None
    eligibility_decided_at: datetime | None
    request_mode: bool
    active: bool
    version: int
    safe_contacts: tuple[SafeChannel, ...]
    stays: tuple[StayRecord, ...]
    phone_is: str = "unknown"

    @property
    def name(self) -> str:
        """The whole name."""
        return f"{self.given_name} {self.family_name}".strip()


def others_alike(actor: Actor, details: ClientDetails, client_id: int | None = None) -> list[ClientCard]:
    """Clients who may be the one about to be recorded, or, with `client_id`, changed to these names, birth date or
    phone; none where that changes none of them. Raises NotAllowed, NotFound, Invalid."""
    name = f"{details.given_name} {details.family_name}".strip()
    found = alike(actor, (name, *details.aliases), details.date_of_birth, details.phone)
    if client_id is None or not found:
        return found
    before, personal = _row(client_id), _read(details)[0]
    known = before.given_name, before.family_name, tuple(before.aliases or ()), before.date_of_birth, before.phone
    same = known == (
        personal.given_name, personal.family_name, personal.aliases, personal.date_of_birth, personal.phone
    )  # fmt: skip
    return [] if same else [card for card in found if card.id != client_id]


@use_case
def add(actor: Actor, details: ClientDetails) -> int:
    """Add a client and give the id. In the same transaction the client is made findable and compared with every named
    person. Raises NotAllowed; Invalid with a sentence by field."""
    _may_edit(actor)
    personal, preferences = _read(details)
    row = {
        **_columns(personal, preferences, details),
        "reference": _new_reference(), "created_at": clock.now(), "eligibility": str(Eligibility.UNKNOWN),
    }  # fmt: skip
    client_id = db.session.execute(insert(Client.__table__).values(**row).returning(Client.id)).scalar_one()
    _identify(client_id, personal)
    audit.record(actor, "add", "client", client_id)
    return client_id


@use_case
def edit(actor: Actor, client_id: int, details: ClientDetails, version: int) -> int:
    """Change a client's details and give the new version. Raises NotAllowed, NotFound, Invalid; Stale when someone else
    changed them since `version`.

    A changed number withdraws what is queued, ends every live link and makes every channel unknown, and whose phone it
    is: what was safe was the old number (SAFETY.md 8). A changed name, birth date or phone is matched anew at once.
    """
    _may_edit(actor)
    before = _row(client_id, version)
    personal, preferences = _read(details)
    columns = {**_columns(personal, preferences, details), "version": version + 1}
    db.session.execute(update(Client.__table__).where(Client.id == client_id).values(**columns))
    _identify(client_id, personal)
    if personal.phone != before.phone:
        _number_changed(client_id)
    changed = sorted(name for name, value in columns.items() if name != "version" and getattr(before, name) != value)
    audit.record(actor, "edit", "client", client_id, fields=changed)
    return version + 1


@use_case
def set_request_mode(actor: Actor, client_id: int, on: bool) -> None:
    """Let a client's link only ask for times, for staff to confirm; or let it book again. Services may set it for
    anyone, so that being in it says nothing (SAFETY.md 4). Raises NotAllowed, NotFound."""
    _may_edit(actor)
    _changed_one(actor, client_id, "request-mode", request_mode=on)


@use_case
def set_active(actor: Actor, client_id: int, active: bool) -> None:
    """End, or begin again, a client's time with the service. Appointments stay as they are. Raises NotAllowed,
    NotFound."""
    _may_edit(actor)
    _changed_one(actor, client_id, "active", active=active)
    if active:
        planning.replan(client_id, clock.now())
    else:
        planning.withdraw_for_client(client_id, clock.now())


@use_case
def decide_eligibility(actor: Actor, client_id: int, decision: str, policy: str) -> None:
    """Record the decision whether a client may attend what is for women, under which version of the service's policy.
    Never evidence of sex. Bookings that it breaks become safety cases. Raises NotAllowed, NotFound, Invalid."""
    if not can_decide_eligibility(actor):
        raise NotAllowed
    _row(client_id)
    if decision not in set(Eligibility):
        raise Invalid(decision="Choose one of the decisions.")
    if not policy.strip() or len(policy) > 40:
        raise Invalid(policy="Name the policy in up to 40 letters.")
    db.session.execute(
        insert(EligibilityDecision.__table__).values(
            client_id=client_id, decision=decision, policy=policy.strip(), decided_by=actor.staff_id,
            decided_at=clock.now(),
        )
    )
    db.session.execute(update(Client.__table__).where(Client.id == client_id).values(eligibility=decision))
    cases.refresh([client_id])
    audit.record(actor, "eligibility", "client", client_id, decision=decision, policy=policy.strip())


@use_case
def record_stay(
    actor: Actor, client_id: int, venue_id: int, since: datetime | None = None, until: datetime | None = None
) -> int:
    """Record that a client stays at a confidential venue, from now unless `since` is given; gives the stay's id. Only
    staff assigned to the venue may, for nobody else knows of it. Raises NotAllowed, NotFound, Invalid."""
    _may_edit(actor)
    _row(client_id)
    venue = _stayable(actor, venue_id)
    since = since or clock.now()
    if since.tzinfo is None or (until is not None and (until.tzinfo is None or until <= since)):
        raise Invalid(until="The stay must end after it begins.")
    values = {"client_id": client_id, "venue_id": venue, "since": since, "until": until}
    made = db.session.execute(insert(Stay.__table__).values(**values).returning(Stay.id)).scalar_one()
    cases.refresh([client_id])
    audit.record(actor, "stay", "client", client_id, stay=made)
    return made


@use_case
def end_stay(actor: Actor, stay_id: int, until: datetime | None = None) -> None:
    """Record that a stay ends, now unless `until` is given. What she still has there afterwards is not cancelled: each
    becomes a safety case (SAFETY.md 6 and 7). Raises NotAllowed, NotFound, Invalid."""
    _may_edit(actor)
    row = store.stay(stay_id)
    if row is None:
        raise NotFound
    _stayable(actor, row.venue_id)
    until = until or clock.now()
    if until.tzinfo is None or until <= row.since:
        raise Invalid(until="The stay must end after it begins.")
    db.session.execute(update(Stay.__table__).where(Stay.id == stay_id).values(until=until))
    cases.refresh([row.client_id])
    audit.record(actor, "stay-ends", "client", row.client_id, stay=stay_id)


def get(actor: Actor, client_id: int) -> ClientRecord:
    """Everything that staff may see of a client, in a constant number of queries. Stays are listed to those assigned to
    the venue only (SAFETY.md 7). Raises NotAllowed, NotFound."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    row = _row(client_id)
    decision, mine = store.last_decision(client_id), assigned(actor)
    stays = tuple(
        StayRecord(each.id, each.venue_id, label_for(PlaceOf(each), actor, mine), each.since, each.until)
        for each in store.stays(client_id)
        if knows_of(PlaceOf(each), actor, mine)
    )
    return ClientRecord(
        row.id, row.reference, row.given_name, row.family_name, tuple(row.aliases or ()), row.date_of_birth, row.phone,
        dict(row.preferences or {}), row.notes, row.key_worker_id, row.eligibility,
        decision.policy if decision else None, decision.decided_at if decision else None, row.request_mode, row.active,
        row.version, safe_contacts.of(actor, client_id), stays, row.phone_is,
    )


def _may_edit(actor: Actor) -> None:
    if not can_edit_clients(actor):
        raise NotAllowed


def _row(client_id: int, version: int | None = None) -> Any:
    row = store.client(client_id)
    if row is None:
        raise NotFound
    if row.merged_into is not None:
        raise Merged(client_id, row.merged_into)
    if version is not None and row.version != version:
        raise Stale
    return row


def _read(details: ClientDetails) -> tuple[Personal, Preferences]:
    personal = read_details(
        details.given_name, details.family_name, details.aliases, details.date_of_birth, details.phone
    )
    preferences = read_preferences(details.preferences)
    if details.notes and len(details.notes) > 4000:
        raise Invalid(notes="Use up to 4,000 letters.")
    if details.key_worker_id is not None and store.staff_identity(details.key_worker_id) is None:
        raise Invalid(key_worker_id="Choose someone who works here.")
    return personal, preferences


def _columns(personal: Personal, preferences: Preferences, details: ClientDetails) -> dict[str, Any]:
    return {
        "given_name": personal.given_name,
        "family_name": personal.family_name,
        "aliases": list(personal.aliases),
        "date_of_birth": personal.date_of_birth,
        "phone": personal.phone,
        "preferences": preferences,
        "notes": (details.notes or "").strip() or None,
        "key_worker_id": details.key_worker_id,
    }


def _identify(client_id: int, personal: Personal) -> None:
    """Index the client, and match anew when the identifying details are new or changed."""
    who = personal.names, personal.date_of_birth, personal.phone
    if identities.index_person("client", client_id, *who):
        identities.match_person("client", client_id, *who)


def _number_changed(client_id: int) -> None:
    planning.withdraw_for_client(client_id, clock.now())
    db.session.execute(
        update(SafeContact.__table__).where(SafeContact.client_id == client_id).values(safe="unknown", checked_at=None)
    )
    db.session.execute(update(Client.__table__).where(Client.id == client_id).values(phone_is="unknown"))


def _changed_one(actor: Actor, client_id: int, action: str, **column: Any) -> None:
    row = _row(client_id)
    values = {**column, "version": row.version + 1}
    db.session.execute(update(Client.__table__).where(Client.id == client_id).values(**values))
    audit.record(actor, action, "client", client_id, **column)


def _new_reference() -> str:
    for _ in range(_MOST_TRIES):
        reference = f"{secrets.choice(_LETTERS)}{secrets.randbelow(1_000_000):06d}"
        if store.client_by_reference(reference) is None:
            return reference
    raise RuntimeError("no free reference was found")


def _stayable(actor: Actor, venue_id: int) -> int:
    found = venue_store.cards([venue_id])
    if not found or not knows_of(found[0], actor):
        raise NotFound
    if not found[0].confidential:
        raise Invalid(venue_id="Stays are recorded at confidential places only.")
    return venue_id


__all__ = [
    "ClientCard", "ClientDetails", "ClientRecord", "SafeChannel", "SafeContactDetails", "StayRecord", "add", "alike",
    "decide_eligibility", "edit", "end_stay", "find", "get", "others_alike", "record_stay", "set_active",
    "set_phone_is", "set_request_mode", "set_safe_contact",
]
