"""The waiting list: clients for whom no time suited, what each would have, and the link that offers them to choose."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from scheduler.rules.presence import Kind, Mode
from scheduler.services import waiting_list
from scheduler.services.waiting_list import Entry, Wish
from scheduler.web.api.base import EVERYONE, ID, Blueprint, page_of_all, paged, roles
from scheduler.web.api.fields import Choice, Day, Flag, Id, Moment, Page, Schema, Text, Whole, listed
from scheduler.web.api.offers import OfferPage, offers_shown
from scheduler.web.api.places import Places, PlaceSchema
from scheduler.web.security import current_actor

bp = Blueprint("waiting-list", "Clients who wait for a time. Nothing is held for anyone.")


class WishSchema(Schema):
    """What she would have; what is left out may be any. Minutes are after local midnight."""

    modes = listed(Choice(Mode), 4, load_default=())
    weekdays = listed(Whole(0, 6), 7, load_default=())
    from_minute = Whole(0, 1440, allow_none=True, load_default=None)
    until_minute = Whole(0, 1441, allow_none=True, load_default=None)
    woman_worker = Flag(load_default=False)
    women_only = Flag(load_default=False)
    creche = Whole(0, 20, load_default=0)
    kinds = listed(Choice(Kind), 3, load_default=())
    language = Text(40, load_default="")


class JoinSchema(WishSchema):
    """Who waits, for what and until which day."""

    client_id = Id(required=True)
    type_id = Id(required=True)
    until = Day(required=True)
    place_ids = listed(Id(), 100, load_default=())
    staff_ids = listed(Id(), 100, load_default=())


class WaitingSchema(WishSchema):
    """Someone who waits. A place that this token may not know of has no id. `offered_at` is when a link was last
    sent."""

    id = fields.Integer(required=True)
    client_id = fields.Integer(required=True)
    type_id = fields.Integer(required=True)
    until = Day(required=True)
    places = fields.List(fields.Nested(PlaceSchema), required=True)
    staff_ids = fields.List(fields.Integer(), required=True)
    made_at = Moment(required=True)
    offered_at = Moment(allow_none=True, required=True)


_WISHES = ("modes", "weekdays", "from_minute", "until_minute", "woman_worker", "women_only", "creche", "kinds",
           "language")


def _shown(entry: Entry, places: Places) -> dict[str, Any]:
    names = ("id", "client_id", "type_id", "until", "made_at", "offered_at")
    return {
        **{name: getattr(entry, name) for name in names},
        **{name: getattr(entry.wish, name) for name in _WISHES},
        "places": [places.place(each) for each in entry.wish.places], "staff_ids": list(entry.wish.staff),
    }


@bp.route("/waiting-list")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(WaitingSchema))
def list_waiting(args: dict[str, Any]) -> Any:
    """Those who wait, whoever has waited longest first."""
    entries = waiting_list.listed(current_actor())
    places = Places({place for each in entries for place in each.wish.places})
    found = [_shown(each, places) for each in entries]
    return page_of_all(args, found, lambda each: (each["made_at"].isoformat(), each["id"]))


@bp.route("/waiting-list", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(JoinSchema)
@bp.response(201, WaitingSchema)
def join(body: dict[str, Any]) -> Any:
    """Put a client on the list; whoever waits for this type already keeps her place, with the new wishes."""
    actor = current_actor()
    kept = {name: tuple(body[name]) if isinstance(body[name], (list, tuple)) else body[name] for name in _WISHES}
    wish = Wish(**kept, places=tuple(body["place_ids"]), staff=tuple(body["staff_ids"]))
    made = waiting_list.join(actor, body["client_id"], body["type_id"], wish, body["until"])
    return _shown(waiting_list.get(actor, made), Places(wish.places))


@bp.route(f"/waiting-list/<{ID}:waiting_id>/offers")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, OfferPage)
def fitting(args: dict[str, Any], waiting_id: int) -> Any:
    """The soonest times that fit now: offers, as for any booking."""
    actor = current_actor()
    found = offers_shown(waiting_list.fitting(actor, waiting_list.get(actor, waiting_id)))
    return page_of_all(args, found, lambda each: (each["start"].isoformat(), each["session_id"], each["mode"]))


@bp.route(f"/waiting-list/<{ID}:waiting_id>/offer", methods=["POST"])
@roles(*EVERYONE)
@bp.response(202)
def offer(waiting_id: int) -> Response:
    """Plan a text with the link with which she chooses for herself. It goes out only if and when that is safe."""
    waiting_list.offer(current_actor(), waiting_id)
    return Response(status=202)


@bp.route(f"/waiting-list/<{ID}:waiting_id>/settle", methods=["POST"])
@roles(*EVERYONE)
@bp.response(204)
def settle(waiting_id: int) -> Response:
    """Take a client off the list."""
    waiting_list.settle(current_actor(), waiting_id)
    return Response(status=204)
