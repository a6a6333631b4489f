"""Venues and sites: adding and changing them, and what those who may know of them see (SAFETY.md 7)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import delete, insert

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import Site, SiteNeighbour, StaffVenue, Venue
from scheduler.models.places import VENUE_KINDS
from scheduler.services import audit, cases
from scheduler.services.actors import Actor, can_manage
from scheduler.services.opening_times import (
    WindowDetails,
    add_closure,
    broken_at,
    opening_windows,
    remove_closure,
    set_opening_windows,
    settle_women_only,
)
from scheduler.services.transaction import use_case
from scheduler.services.visibility import NEUTRAL_LABEL, VenueCard, assigned, card, knows_of, label_for, visible
from scheduler.store import nearby
from scheduler.store import staff as staff_store
from scheduler.store import venues as store

#: Letters of a line about the way there: her page has room for a line.
MOST_SHORT = 120


@dataclass(frozen=True, slots=True)
class VenueRecord:
    """Everything about a venue that those who may know of it see. Minutes for the margins."""

    card: VenueCard
    address: str | None
    postcode: str | None
    phone: str | None
    directions: str | None
    entrance: str | None
    parking: str | None
    bus: str | None


@dataclass(frozen=True, slots=True)
class SiteCard:
    """A site: one entrance or waiting area. `neighbours` have their doors in sight of it."""

    id: int
    name: str
    neighbours: frozenset[int]


@dataclass(frozen=True, slots=True)
class VenueDetails:
    """What is typed about a venue. Without `site_id` it gets a site of its own. `entrance`, `parking` and `bus` are
    short, for a woman who has never been there: which door, where a car can stand, which stop."""

    name: str
    kind: str
    site_id: int | None = None
    label: str | None = None
    confidential: bool = False
    active: bool = True
    zone: str = "Europe/London"
    arrive_early: int = 15
    leave_late: int = 15
    creche: bool = False
    step_free: bool = False
    address: str | None = None
    postcode: str | None = None
    phone: str | None = None
    directions: str | None = None
    entrance: str | None = None
    parking: str | None = None
    bus: str | None = None


def get(actor: Actor, venue_id: int) -> VenueRecord:
    """Everything about one venue. Raises NotFound when there is none or when this actor may not know of it."""
    found = card(actor, venue_id)
    venue = store.record(venue_id)
    assert venue is not None
    return VenueRecord(
        found, venue.address, venue.postcode, venue.phone, venue.directions, venue.entrance, venue.parking, venue.bus
    )


def sites(actor: Actor) -> list[SiteCard]:
    """The sites with a venue that this actor may know of, or with none at all, by name."""
    rows = store.cards()
    mine = assigned(actor)
    known = {row.site_id for row in rows if knows_of(row, actor, mine)}
    hidden = {row.site_id for row in rows} - known
    near = nearby.neighbours()
    found = [SiteCard(s.id, s.name, near.get(s.id, frozenset()) - hidden) for s in store.sites() if s.id not in hidden]
    return sorted(found, key=lambda each: each.name.casefold())


def _checked(actor: Actor, details: VenueDetails) -> dict[str, Any]:
    """The columns for these details. Raises Invalid with a sentence by field."""
    wrong: dict[str, str] = {}
    text = {
        "name": (details.name or "", 120), "label": (details.label or "", 60), "address": (details.address or "", 300),
        "postcode": (details.postcode or "", 10), "phone": (details.phone or "", 30),
        "directions": (details.directions or "", 1000), "entrance": (details.entrance or "", MOST_SHORT),
        "parking": (details.parking or "", MOST_SHORT), "bus": (details.bus or "", MOST_SHORT),
    }
    values: dict[str, Any] = {}
    for field, (typed, most) in text.items():
        values[field] = " ".join(typed.split()) or None
        if len(values[field] or "") > most:
            wrong[field] = f"Use at most {most} characters."
    if not values["name"]:
        wrong["name"] = "Give the venue a name."
    if details.kind not in VENUE_KINDS:
        wrong["kind"] = "Choose a kind of venue."
    if details.zone not in available_timezones():
        wrong["zone"] = "Choose a time zone that exists, such as Europe/London."
    for field, minutes in (("arrive_early", details.arrive_early), ("leave_late", details.leave_late)):
        if not 0 <= minutes <= 240:
            wrong[field] = "Give a number of minutes from 0 to 240."
    if details.confidential and actor.kind == "token":
        # A token is assigned to nothing: it could neither see the venue again nor give it to anyone who may.
        wrong["confidential"] = "Someone who signs in must do this, to be assigned to the venue."
    if details.confidential and details.kind == "online":
        wrong["confidential"] = "An online venue has no address to keep secret."
    if wrong:
        raise Invalid(**wrong)
    values["label"] = values["label"] or (NEUTRAL_LABEL if details.confidential else values["name"][:60])
    for field in ("kind", "confidential", "active", "zone", "arrive_early", "leave_late", "creche", "step_free"):
        values[field] = getattr(details, field)
    return values


def _may_manage(actor: Actor) -> None:
    if not can_manage(actor):
        raise NotAllowed


@use_case
def add_site(actor: Actor, name: str) -> int:
    """Add a site, and give its id. Raises NotAllowed, Invalid."""
    _may_manage(actor)
    name = " ".join(name.split())
    if not name or len(name) > 120:
        raise Invalid(name="Give the site a name of at most 120 characters.")
    made = Site(name=name)
    db.session.add(made)
    db.session.flush()
    audit.record(actor, "site-add", "site", made.id)
    return made.id


@use_case
def add_venue(actor: Actor, details: VenueDetails) -> int:
    """Add a venue, and give its id. Who adds a confidential one is assigned to it, or they could not see it again.

    Raises NotAllowed, Invalid, NotFound for a site that this actor may not know of.
    """
    _may_manage(actor)
    values = _checked(actor, details)
    site_id = _known_site(actor, details.site_id) if details.site_id else add_site(actor, values["name"])
    made = Venue(site_id=site_id, **values)
    db.session.add(made)
    db.session.flush()
    _keep_one_zone(site_id)
    if details.confidential and actor.staff_id is not None:
        db.session.add(StaffVenue(staff_id=actor.staff_id, venue_id=made.id))
    audit.record(actor, "venue-add", "venue", made.id)
    return made.id


def _known_site(actor: Actor, site_id: int) -> int:
    if all(site.id != site_id for site in sites(actor)):
        raise NotFound
    return site_id


@use_case
def edit_venue(actor: Actor, venue_id: int, details: VenueDetails, version: int | None = None) -> None:
    """Change a venue. Where and how long people are present there cannot change under bookings that stand.

    Raises NotAllowed, NotFound, Invalid, Stale, and InTheWay with the appointments or sessions that are.
    """
    _may_manage(actor)
    current = card(actor, venue_id)
    venue = store.record(venue_id)
    assert venue is not None
    if version is not None and version != venue.version:
        raise Stale
    values = _checked(actor, details)
    values["site_id"] = _known_site(actor, details.site_id) if details.site_id else current.site_id
    now = clock.now()
    presence = ("site_id", "zone", "arrive_early", "leave_late")
    moved = any(values[field] != getattr(venue, field) for field in presence)
    moved = moved or (values["kind"] == "online") != current.online or (current.active and not values["active"])
    if moved:
        sessions = [each.id for each in store.standing_sessions([venue.site_id], now) if each.venue == venue_id]
        appointments = store.counted_appointments(venue_id, now)
        if sessions or appointments:
            raise InTheWay(tuple(appointments), tuple(sessions))
    if values["confidential"] and not venue.confidential:
        strangers = store.appointments_of_people_not_staying(venue_id, now)
        if strangers:
            raise InTheWay(tuple(strangers))
        if actor.staff_id is not None and venue_id not in assigned(actor):
            db.session.add(StaffVenue(staff_id=actor.staff_id, venue_id=venue_id))
    around = _with_neighbours({venue.site_id, values["site_id"]})
    before = broken_at(around, now) if values["site_id"] != venue.site_id else None
    for field, value in values.items():
        setattr(venue, field, value)
    venue.version += 1
    db.session.flush()
    _keep_one_zone(venue.site_id)
    if before is not None:
        _nothing_newly_broken(around, before, now)
        settle_women_only(around)  # its women-only times have left the site that it was at
    audit.record(actor, "venue-edit", "venue", venue_id)


@use_case
def assign_staff(actor: Actor, venue_id: int, staff_ids: Collection[int]) -> None:
    """Set who is assigned to a venue: for a confidential one, who may know of it.

    Raises NotAllowed, NotFound, and Invalid when it would leave a confidential venue with nobody.
    """
    _may_manage(actor)
    found = card(actor, venue_id)
    wanted = frozenset(staff_ids)
    if found.confidential and not wanted:
        raise Invalid(staff="Somebody must be assigned to it, or nobody could see it again.")
    before = store.staff_of(venue_id)
    if len(staff_store.names(set(wanted))) != len(wanted):
        raise Invalid(staff="Choose from those who work here.")
    if before - wanted:
        db.session.execute(
            delete(StaffVenue).where(StaffVenue.venue_id == venue_id, StaffVenue.staff_id.in_(before - wanted))
        )
    for staff_id in sorted(wanted - before):
        db.session.execute(insert(StaffVenue), {"staff_id": staff_id, "venue_id": venue_id})
    audit.record(actor, "venue-staff", "venue", venue_id, added=sorted(wanted - before), ended=sorted(before - wanted))


@use_case
def set_neighbours(actor: Actor, site_id: int, neighbour_ids: Collection[int]) -> None:
    """Set whose doors are in sight of this site's, among those that the actor may know of; others stay as they are.

    New neighbours bring new clashes, and former ones take theirs along: the safety queue has it at once (SAFETY.md 6).
    Raises NotAllowed, NotFound, and InTheWay when a women-only time at one would then be broken by bookings at the
    other.
    """
    _may_manage(actor)
    known = {site.id: site for site in sites(actor)}
    wanted = frozenset(neighbour_ids) - {site_id}
    if site_id not in known or not wanted <= set(known):
        raise NotFound
    before, now = known[site_id].neighbours, clock.now()
    broken = broken_at({site_id, *wanted, *before}, now)
    for far in before - wanted:
        pair = SiteNeighbour.site_id.in_([site_id, far]) & SiteNeighbour.neighbour_id.in_([site_id, far])
        db.session.execute(delete(SiteNeighbour).where(pair))
    for far in wanted - before:
        db.session.execute(
            insert(SiteNeighbour),
            [{"site_id": site_id, "neighbour_id": far}, {"site_id": far, "neighbour_id": site_id}],
        )
    if wanted - before:
        _keep_one_zone(site_id)
        _nothing_newly_broken({site_id, *wanted, *before}, broken, now)
    if wanted != before:
        cases.refresh(None)
    audit.record(actor, "site-neighbours", "site", site_id, neighbours=sorted(wanted))


def _keep_one_zone(site_id: int) -> None:
    """Raises Invalid when venues that count as one place keep different time zones: "the same day" would then depend on
    which of two people is asked about first (SAFETY.md 2)."""
    near = nearby.neighbours([site_id]).get(site_id, frozenset())
    if len(store.zones_at({site_id, *near})) > 1:
        raise Invalid(zone="Places that share a door or are in sight of each other must have the same time zone.")


def _with_neighbours(sites: Collection[int]) -> set[int]:
    return set(sites).union(*nearby.neighbours(sites).values())


def _nothing_newly_broken(
    sites: Collection[int], before: tuple[frozenset[int], frozenset[int]], now: datetime
) -> None:
    """Raises InTheWay with the bookings that break a women-only time of these sites now and did not `before`: what was
    broken already waits in the safety queue, and keeps nobody from mending the rest."""
    appointments, sessions = (after - was for after, was in zip(broken_at(sites, now), before, strict=True))
    if appointments or sessions:
        raise InTheWay(tuple(sorted(appointments)), tuple(sorted(sessions)))


__all__ = [
    "NEUTRAL_LABEL", "SiteCard", "VenueCard", "VenueDetails", "VenueRecord", "WindowDetails", "add_closure",
    "add_site", "add_venue", "assign_staff", "assigned", "card", "edit_venue", "get", "knows_of", "label_for",
    "opening_windows", "remove_closure", "set_neighbours", "set_opening_windows", "sites", "visible",
]
