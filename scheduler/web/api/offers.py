"""Offers: the times that a client could be given now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from marshmallow import fields

from scheduler.rules.presence import Mode
from scheduler.rules.slots import Offer
from scheduler.services import booking
from scheduler.services.actors import Actor
from scheduler.services.booking import ALL_MODES, Wanted
from scheduler.web.api.base import EVERYONE, Blueprint, after, page, paged, roles
from scheduler.web.api.fields import Choice, ClockTime, Flag, Id, Moment, Schema, Whole, listed
from scheduler.web.api.places import Places, PlaceSchema
from scheduler.web.api.sessions import Range
from scheduler.web.security import current_actor

bp = Blueprint("offers", "Times that could be booked now.")


class OffersAskedSchema(Range):
    """For whom, what and when, and what she would choose. What is left out may be anything."""

    client_id = Id(required=True)
    type_id = Id(required=True)
    mode = listed(Choice(Mode), 4)
    venue_id = listed(Id(), 50)
    staff_id = listed(Id(), 50)
    woman_worker = Flag(load_default=False)
    women_only = Flag(load_default=False)
    minutes = Whole(5, 960)
    creche = Whole(0, 20, load_default=0)
    weekday = listed(Whole(0, 6), 7, metadata={"description": "0 is Monday."})
    earliest = ClockTime(metadata={"description": "The earliest time of day, on the venue's clock."})
    latest = ClockTime(True, metadata={"description": "The time of day before which it starts."})


class OfferSchema(Schema):
    """A time that could be booked now: what `POST /appointments` takes."""

    session_id = fields.Integer(required=True)
    venue = fields.Nested(PlaceSchema, required=True)
    staff_id = fields.Integer(allow_none=True, required=True)
    mode = fields.String(required=True)
    start = Moment(required=True)
    end = Moment(required=True)
    audience = fields.String(required=True)


#: A page of them, described once.
OfferPage = paged(OfferSchema)


def _wanted(args: dict[str, Any], start: datetime) -> Wanted:
    return Wanted(
        client_id=args["client_id"], type_id=args["type_id"], start=start, until=args["until"],
        modes=frozenset(args.get("mode") or ALL_MODES), venues=tuple(args.get("venue_id", ())),
        staff=frozenset(args["staff_id"]) if args.get("staff_id") else None, woman_worker=args["woman_worker"],
        women_only=args["women_only"], minutes=args.get("minutes"), creche=args["creche"],
        weekdays=frozenset(args.get("weekday", ())), from_minute=args.get("earliest"), until_minute=args.get("latest"),
    )


def _place_of(offer: Any) -> list[Any]:
    return [offer.start.isoformat(), offer.session, offer.staff or 0, offer.mode]


def _from(actor: Actor, args: dict[str, Any], place: list[Any] | None) -> list[Any]:
    """One more offer than the page holds, from the place on: those that start together may lie either side of it."""
    wanted = _wanted(args, datetime.fromisoformat(place[0]) if place else args["start"])
    asked = args["limit"] + 1
    while True:
        found = booking.offers(actor, wanted, asked)
        beyond = [offer for offer in found if place is None or _place_of(offer) > place]
        if len(beyond) > args["limit"] or len(found) < asked:
            return beyond
        asked *= 4


@bp.route("/offers")
@roles(*EVERYONE)
@bp.arguments(OffersAskedSchema, location="query")
@bp.response(200, OfferPage)
def list_offers(args: dict[str, Any]) -> Any:
    """The times that this client could be given, the earliest first. A time that she cannot have is not there, and
    nothing says why."""
    actor = current_actor()
    found = page(args, _from(actor, args, after(args)), _place_of)
    found["items"] = offers_shown(found["items"])
    return found


def offers_shown(found: list[Offer]) -> list[dict[str, Any]]:
    """Offers as `OfferSchema` shows them."""
    places = Places({offer.venue for offer in found})
    return [
        {
            "session_id": offer.session, "venue": places.place(offer.venue), "staff_id": offer.staff,
            "mode": offer.mode, "start": offer.start, "end": offer.end, "audience": offer.audience,
        }
        for offer in found
    ]
