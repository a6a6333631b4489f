"""Who may know of which venue, and what it is called to everyone else (SAFETY.md 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from scheduler.errors import NotFound
from scheduler.services.actors import Actor, can_see_every_venue
from scheduler.store import diary
from scheduler.store import venues as store

NEUTRAL_LABEL = "Where you are staying"


class NamedPlace(Protocol):
    """Anything with a venue's own columns: a row, a card or the model."""

    @property
    def id(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def confidential(self) -> bool: ...


class PlaceOf:
    """A venue's own columns in a wider row, where its id is `venue_id`."""

    __slots__ = ("confidential", "id", "label", "name")

    def __init__(self, row: Any) -> None:
        self.id, self.name, self.label, self.confidential = row.venue_id, row.name, row.label, row.confidential


@dataclass(frozen=True, slots=True)
class VenueCard:
    """A venue as lists and menus show it, to someone who may know of it. `name` is already fit for that person."""

    id: int
    site_id: int
    name: str
    label: str
    kind: str
    confidential: bool
    active: bool
    zone: ZoneInfo
    arrive_early: int
    leave_late: int
    creche: bool
    step_free: bool
    version: int

    @property
    def online(self) -> bool:
        """Held over the internet: nobody is anywhere."""
        return self.kind == "online"


def assigned(actor: Actor) -> frozenset[int]:
    """The venues that this actor is assigned to; only staff in person ever are."""
    return diary.assigned_venues(actor.staff_id) if actor.staff_id is not None else frozenset()


def knows_of(venue: NamedPlace, actor: Actor, assigned_venues: Collection[int] | None = None) -> bool:
    """May this actor know what and where this venue is? `assigned_venues` saves the query when many are asked."""
    if not venue.confidential or can_see_every_venue(actor):
        return True
    return venue.id in (assigned(actor) if assigned_venues is None else assigned_venues)


def label_for(venue: NamedPlace, actor: Actor, assigned_venues: Collection[int] | None = None) -> str:
    """What a venue is called to this actor. A confidential one has its neutral label for everyone who is not assigned
    to it, the woman who stays there included (SAFETY.md 7)."""
    return venue.name if knows_of(venue, actor, assigned_venues) else (venue.label or NEUTRAL_LABEL)


def _card(row: Any) -> VenueCard:
    return VenueCard(
        row.id, row.site_id, row.name, row.label, row.kind, row.confidential, row.active, ZoneInfo(row.zone),
        row.arrive_early, row.leave_late, row.creche, row.step_free, row.version,
    )


def visible(actor: Actor, *, closed_too: bool = False) -> list[VenueCard]:
    """The venues that this actor may know of, by name; `closed_too` adds those no longer in use. Two queries."""
    mine = assigned(actor)
    rows = store.cards(active_only=not closed_too)
    return sorted((_card(row) for row in rows if knows_of(row, actor, mine)), key=lambda card: card.name.casefold())


def card(actor: Actor, venue_id: int) -> VenueCard:
    """One venue. Raises NotFound when there is none or when this actor may not know of it."""
    rows = store.cards([venue_id])
    if not rows or not knows_of(rows[0], actor):
        raise NotFound
    return _card(rows[0])
