"""Calendar feeds: making an address, and ending it."""

from __future__ import annotations

from typing import Any

from flask import Response, current_app
from marshmallow import fields

from scheduler.services import staff
from scheduler.store import staff as store
from scheduler.web.api.base import ID, Blueprint, page_of_all, paged, roles
from scheduler.web.api.fields import Choice, Id, Moment, Page, Schema
from scheduler.web.api.places import Places
from scheduler.web.security import current_actor

bp = Blueprint("feeds", "Calendar feeds of workers, venues and partners.")


class FeedSchema(Schema):
    """A calendar feed."""

    id = fields.Integer(required=True, dump_only=True)
    kind = Choice(("worker", "venue", "partner"), required=True)
    staff_id = Id(allow_none=True)
    venue_id = Id(allow_none=True)
    created_at = Moment(dump_only=True)
    ended_at = Moment(dump_only=True, allow_none=True)


class FeedAddressSchema(Schema):
    """The secret address of a new feed, shown this once."""

    url = fields.String(required=True)


@bp.route("/feeds")
@roles("manager")
@bp.arguments(Page, location="query")
@bp.response(200, paged(FeedSchema))
def list_feeds(args: dict[str, Any]) -> Any:
    """Every feed, without its address."""
    rows = store.feeds()
    places = Places({row.venue_id for row in rows if row.venue_id is not None})
    found = [row for row in rows if row.venue_id is None or places.known(row.venue_id)]
    return page_of_all(args, found, lambda row: (row.id,))


@bp.route("/feeds", methods=["POST"])
@roles("manager")
@bp.arguments(FeedSchema)
@bp.response(201, FeedAddressSchema)
def make_feed(body: dict[str, Any]) -> Any:
    """Make a feed for one worker, or for one venue."""
    token = staff.make_feed(current_actor(), body["kind"], body.get("staff_id"), body.get("venue_id"))
    return {"url": f"{current_app.config['SIDEGATE_PUBLIC_URL']}/calendar/{token}.ics"}


@bp.route(f"/feeds/<{ID}:feed_id>", methods=["DELETE"])
@roles("manager")
@bp.response(204)
def end_feed(feed_id: int) -> Response:
    """End a feed at once."""
    staff.end_feed(current_actor(), feed_id)
    return Response(status=204)
