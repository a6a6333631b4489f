"""Sites and venues, their opening times and closures, and who is assigned to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields

from scheduler import clock
from scheduler.rules.audience import Audience
from scheduler.services import venues
from scheduler.services.venues import VENUE_KINDS, VenueDetails, VenueRecord, WindowDetails
from scheduler.store import venues as store
from scheduler.web.api.base import (
    EVERYONE,
    ID,
    Blueprint,
    IfMatch,
    expected,
    page_of_all,
    paged,
    roles,
    tag,
)
from scheduler.web.api.fields import Choice, ClockTime, Day, Flag, Id, Moment, Page, Schema, Text, Whole, listed
from scheduler.web.security import current_actor

bp = Blueprint("venues", "Where appointments are held. A confidential venue exists for those assigned to it alone.")


class VenueSchema(Schema):
    """A venue. Margins in minutes: how long before and after an appointment people are there."""

    id = fields.Integer(required=True, dump_only=True)
    site_id = Id()
    name = Text(120, 1, required=True)
    label = Text(60, metadata={"description": "The neutral name that clients read."})
    kind = Choice(VENUE_KINDS, required=True)
    confidential = Flag()
    active = Flag()
    zone = Text(40)
    arrive_early = Whole(0, 240)
    leave_late = Whole(0, 240)
    creche = Flag()
    step_free = Flag()
    address = Text(300, allow_none=True)
    postcode = Text(10, allow_none=True)
    phone = Text(30, allow_none=True)
    directions = Text(1000, allow_none=True)
    entrance = Text(120, allow_none=True)
    parking = Text(120, allow_none=True)
    bus = Text(120, allow_none=True)
    version = fields.Integer(required=True, dump_only=True)


class VenueChangesSchema(VenueSchema):
    """What to change of a venue; what is left out stays."""


class VenueCardSchema(Schema):
    """A venue in a list."""

    id = fields.Integer(required=True)
    site_id = fields.Integer(required=True)
    name = fields.String(required=True)
    label = fields.String(required=True)
    kind = fields.String(required=True)
    confidential = fields.Boolean(required=True)
    active = fields.Boolean(required=True)
    zone = fields.Function(lambda card: card.zone.key, metadata={"type": "string"})
    creche = fields.Boolean(required=True)
    step_free = fields.Boolean(required=True)
    version = fields.Integer(required=True)


class VenuesAskedSchema(Page):
    """Which venues to list."""

    closed_too = Flag(load_default=False)


def _shown(record: VenueRecord) -> dict[str, Any]:
    card = record.card
    names = ("id", "site_id", "name", "label", "kind", "confidential", "active", "arrive_early", "leave_late",
             "creche", "step_free", "version")
    ways = ("address", "postcode", "phone", "directions", "entrance", "parking", "bus")
    contact = {name: getattr(record, name) for name in ways}
    return {**{name: getattr(card, name) for name in names}, "zone": card.zone.key, **contact}


def _as_typed(record: VenueRecord) -> VenueDetails:
    shown = _shown(record)
    return VenueDetails(**{name: value for name, value in shown.items() if name not in ("id", "version")})


@bp.route("/venues")
@roles(*EVERYONE)
@bp.arguments(VenuesAskedSchema, location="query")
@bp.response(200, paged(VenueCardSchema))
def list_venues(args: dict[str, Any]) -> Any:
    """The venues that this token may know of."""
    return page_of_all(args, venues.visible(current_actor(), closed_too=args["closed_too"]), lambda card: (card.id,))


@bp.route("/venues", methods=["POST"])
@roles("manager")
@bp.arguments(VenueSchema)
@bp.response(201, VenueSchema)
def add_venue(body: dict[str, Any]) -> Any:
    """Add a venue. Without a site it gets one of its own."""
    actor = current_actor()
    made = venues.get(actor, venues.add_venue(actor, VenueDetails(**body)))
    return _shown(made), 201, {"Location": f"/api/v1/venues/{made.card.id}", **tag(made.card.version)}


@bp.route(f"/venues/<{ID}:venue_id>")
@roles(*EVERYONE)
@bp.response(200, VenueSchema)
def get_venue(venue_id: int) -> Any:
    """One venue."""
    found = venues.get(current_actor(), venue_id)
    return _shown(found), tag(found.card.version)


@bp.route(f"/venues/<{ID}:venue_id>", methods=["PATCH"])
@roles("manager")
@bp.arguments(IfMatch, location="headers")
@bp.arguments(VenueChangesSchema(partial=True))
@bp.response(200, VenueSchema)
def edit_venue(headers: dict[str, Any], body: dict[str, Any], venue_id: int) -> Any:
    """Change a venue. Refused when bookings that stand would be broken, with the list of what is in the way."""
    actor = current_actor()
    version, before = expected(headers), venues.get(actor, venue_id)
    read = before.card.version if version is None else version
    venues.edit_venue(actor, venue_id, replace(_as_typed(before), **body), read)
    changed = venues.get(actor, venue_id)
    return _shown(changed), tag(changed.card.version)


# --- opening times ----------------------------------------------------------------------------------------------------


class WindowSchema(Schema):
    """A weekly opening time on the venue's wall clock. Weekday 0 is Monday. The clear minutes widen a women-only time:
    nobody who is not eligible may be about then."""

    weekday = Whole(0, 6, required=True)
    opens = ClockTime(required=True, attribute="from_minute")
    closes = ClockTime(True, required=True, attribute="until_minute")
    audience = Choice(Audience, load_default=str(Audience.EVERYONE))
    clear_before = Whole(0, 240, load_default=0)
    clear_after = Whole(0, 240, load_default=0)
    women_staff_only = Flag(load_default=True)
    valid_from = Day(allow_none=True, load_default=None)
    valid_until = Day(allow_none=True, load_default=None)

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["until_minute"] <= data["from_minute"]:
            raise ma.ValidationError("It must close after it opens, on the same day.", "closes")


class OpeningTimesSchema(Schema):
    """All of a venue's weekly opening times."""

    windows = listed(fields.Nested(WindowSchema), 100, required=True)


class OpeningTimesChangeSchema(OpeningTimesSchema):
    """The new opening times, and whether to begin them on the first day that is clear of bookings in the way."""

    from_first_clear_date = Flag(load_default=False)


class OpeningTimesSetSchema(OpeningTimesSchema):
    """The opening times, and the first day on which they hold."""

    first_day = Day(required=True)


@bp.route(f"/venues/<{ID}:venue_id>/opening-times")
@roles(*EVERYONE)
@bp.response(200, OpeningTimesSchema)
def get_opening_times(venue_id: int) -> Any:
    """A venue's weekly opening times that hold today or later."""
    return {"windows": venues.opening_windows(current_actor(), venue_id)}


@bp.route(f"/venues/<{ID}:venue_id>/opening-times", methods=["PUT"])
@roles("manager")
@bp.arguments(OpeningTimesChangeSchema)
@bp.response(200, OpeningTimesSetSchema)
def set_opening_times(body: dict[str, Any], venue_id: int) -> Any:
    """Make these a venue's opening times. Refused when bookings that stand would be broken, with the list."""
    actor = current_actor()
    windows = [WindowDetails(**window) for window in body["windows"]]
    first = venues.set_opening_windows(actor, venue_id, windows, body["from_first_clear_date"])
    return {"windows": venues.opening_windows(actor, venue_id), "first_day": first}


# --- closures ---------------------------------------------------------------------------------------------------------


class ClosureSchema(Schema):
    """A span of time in which a venue is shut."""

    id = fields.Integer(required=True, dump_only=True)
    start = Moment(required=True)
    end = Moment(required=True)


@bp.route(f"/venues/<{ID}:venue_id>/closures")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(ClosureSchema))
def list_closures(args: dict[str, Any], venue_id: int) -> Any:
    """A venue's closures that are not over."""
    found = venues.card(current_actor(), venue_id)
    return page_of_all(args, store.closure_rows(found.id, clock.now()), lambda row: (row.id,))


@bp.route(f"/venues/<{ID}:venue_id>/closures", methods=["POST"])
@roles("manager")
@bp.arguments(ClosureSchema)
@bp.response(201, ClosureSchema)
def add_closure(body: dict[str, Any], venue_id: int) -> Any:
    """Shut a venue for a time. Refused when sessions stand then, with the list."""
    made = venues.add_closure(current_actor(), venue_id, body["start"], body["end"])
    return {"id": made, **body}, 201, {"Location": f"/api/v1/closures/{made}"}


@bp.route(f"/closures/<{ID}:closure_id>", methods=["DELETE"])
@roles("manager")
@bp.response(204)
def remove_closure(closure_id: int) -> Response:
    """Take a closure back."""
    venues.remove_closure(current_actor(), closure_id)
    return Response(status=204)


# --- who is assigned, and sites ---------------------------------------------------------------------------------------


class AssignedSchema(Schema):
    """Who is assigned to a venue."""

    staff = listed(Id(), 500, required=True)


@bp.route(f"/venues/<{ID}:venue_id>/staff")
@roles("manager")
@bp.response(200, AssignedSchema)
def get_assigned(venue_id: int) -> Any:
    """Who is assigned to a venue."""
    return {"staff": sorted(store.staff_of(venues.card(current_actor(), venue_id).id))}


@bp.route(f"/venues/<{ID}:venue_id>/staff", methods=["PUT"])
@roles("manager")
@bp.arguments(AssignedSchema)
@bp.response(200, AssignedSchema)
def set_assigned(body: dict[str, Any], venue_id: int) -> Any:
    """Set who is assigned to a venue."""
    venues.assign_staff(current_actor(), venue_id, body["staff"])
    return {"staff": sorted(store.staff_of(venue_id))}


class SiteSchema(Schema):
    """One entrance or waiting area, shared by its venues. Neighbours have their doors in sight of it."""

    id = fields.Integer(required=True, dump_only=True)
    name = Text(120, 1, required=True)
    neighbours = fields.Function(
        lambda site: sorted(site.neighbours), dump_only=True,
        metadata={"type": "array", "items": {"type": "integer"}},
    )


class NeighboursSchema(Schema):
    """The sites in sight of one."""

    neighbours = listed(Id(), 200, required=True)


@bp.route("/sites")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(SiteSchema))
def list_sites(args: dict[str, Any]) -> Any:
    """The sites of venues that this token may know of."""
    return page_of_all(args, venues.sites(current_actor()), lambda site: (site.id,))


@bp.route("/sites", methods=["POST"])
@roles("manager")
@bp.arguments(SiteSchema)
@bp.response(201, SiteSchema)
def add_site(body: dict[str, Any]) -> Any:
    """Add a site."""
    actor = current_actor()
    made = venues.add_site(actor, body["name"])
    return next(site for site in venues.sites(actor) if site.id == made)


@bp.route(f"/sites/<{ID}:site_id>/neighbours", methods=["PUT"])
@roles("manager")
@bp.arguments(NeighboursSchema)
@bp.response(200, NeighboursSchema)
def set_neighbours(body: dict[str, Any], site_id: int) -> Any:
    """Set whose doors are in sight of this site's."""
    actor = current_actor()
    venues.set_neighbours(actor, site_id, body["neighbours"])
    return {"neighbours": sorted(next(site for site in venues.sites(actor) if site.id == site_id).neighbours)}
