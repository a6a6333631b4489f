"""Names for what the desk shows, looked up a few at a time: places as this person may call them, workers, groups."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from scheduler.rules.slots import Offer
from scheduler.services import visibility
from scheduler.services.actors import Actor
from scheduler.store import desk
from scheduler.store import staff as staff_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception.search import Names
from scheduler.web.reception.words import HER_REASONS, MODES, REASONS, STATES


class Place:
    """A row's venue, as `visibility` asks for it."""

    __slots__ = ("confidential", "id", "label", "name")

    def __init__(self, row: Any) -> None:
        self.id, self.name, self.label = row.venue_id, row.venue_name, row.venue_label
        self.confidential = row.confidential


class Shown:
    """One appointment in the desk's words."""

    __slots__ = ("creche", "day", "how", "id", "is_open", "kind", "number", "place", "reason", "state", "state_word",
                 "until", "when", "who", "worker", "zone")

    def __init__(self, row: Any, actor: Actor, assigned: Collection[int]) -> None:
        zone = zone_named(row.zone)
        self.id, self.number, self.zone = row.id, row.own_number, zone
        self.day = pages.day_and_year(row.start.astimezone(zone).date())
        self.when = pages.when_text(row.start, zone)
        self.until = pages.clock_text(row.end, zone)
        self.place = visibility.label_for(Place(row), actor, assigned)
        self.worker = f"{row.staff_given} {row.staff_family}" if row.staff_given else ""
        self.how = MODES.get(row.mode, row.mode)
        self.kind = row.kind
        self.state = row.state
        self.state_word = STATES.get(row.state, row.state)
        self.reason = {**REASONS, **HER_REASONS}.get(row.cancel_reason, "") if row.cancel_reason else ""
        self.creche = row.creche
        self.is_open = row.state in ("booked", "pending")


def shown(rows: Iterable[Any], actor: Actor) -> list[Shown]:
    """Appointments in the desk's words; the places that this person is assigned to are looked up only when needed."""
    rows = list(rows)
    assigned = visibility.assigned(actor) if any(row.confidential for row in rows) else frozenset()
    return [Shown(row, actor, assigned) for row in rows]


def names_of(actor: Actor, offers: Sequence[Offer]) -> Names:
    """What these offers are called. Three queries, however many they are."""
    rows = desk.venues({offer.venue for offer in offers})
    assigned = visibility.assigned(actor) if any(row.confidential for row in rows.values()) else frozenset()
    zones: dict[int, ZoneInfo] = {id: zone_named(row.zone) for id, row in rows.items()}
    sessions = desk.session_words({offer.session for offer in offers if offer.staff is None})
    return Names(
        venues={id: visibility.label_for(row, actor, assigned) for id, row in rows.items()},
        zones=zones,
        workers=staff_store.names({offer.staff for offer in offers if offer.staff is not None}),
        titles={id: row.title for id, row in sessions.items()},
        modes={name: str(word) for name, word in MODES.items()},
    )
