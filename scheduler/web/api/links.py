"""Links sent to clients, and the state of every message: never its words, its number, or the link itself."""

from __future__ import annotations

from typing import Any

import marshmallow as ma
from marshmallow import fields

from scheduler.errors import NotAllowed, NotFound
from scheduler.services import actors, links
from scheduler.store import listings
from scheduler.web.api.base import EVERYONE, ID, Blueprint, after, page, paged, roles
from scheduler.web.api.fields import Id, Moment, Page, Schema
from scheduler.web.security import current_actor

bp = Blueprint("links", "Links and messages.")


class LinkSchema(Schema):
    """To whom a link goes, and what it is about if anything."""

    client_id = Id(required=True)
    type_id = Id(allow_none=True, load_default=None)
    appointment_id = Id(allow_none=True, load_default=None)


class MessageSchema(Schema):
    """A message's state. Its words are made when it is sent, and not kept."""

    id = fields.Integer(required=True)
    client_id = fields.Integer(required=True)
    appointment_id = fields.Integer(allow_none=True)
    purpose = fields.String(required=True)
    state = fields.String(required=True)
    outcome = fields.String(allow_none=True)
    send_after = Moment(required=True)
    send_before = Moment(required=True)
    settled_at = Moment(allow_none=True)
    created_at = Moment(required=True)


class MessagesAskedSchema(Page):
    """Whose messages, or about which appointment."""

    client_id = Id()
    appointment_id = Id()

    @ma.validates_schema
    def _some(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if "client_id" not in data and "appointment_id" not in data:
            raise ma.ValidationError("Give a client or an appointment.", "client_id")


@bp.route("/links", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(LinkSchema)
@bp.response(202, MessageSchema)
def send_link(body: dict[str, Any]) -> Any:
    """Plan a text with a link. It goes out only if, when and how that is safe for her; its message's state says."""
    made = links.send_link(current_actor(), body["client_id"], body["type_id"], body["appointment_id"])
    return listings.message(made), 202, {"Location": f"/api/v1/messages/{made}"}


@bp.route("/messages")
@roles(*EVERYONE)
@bp.arguments(MessagesAskedSchema, location="query")
@bp.response(200, paged(MessageSchema))
def list_messages(args: dict[str, Any]) -> Any:
    """The messages of a client or about an appointment, the newest first."""
    _may()
    place = after(args)
    rows = listings.messages(
        args["limit"] + 1, client_id=args.get("client_id"), appointment_id=args.get("appointment_id"),
        after=place[0] if place else None,
    )
    return page(args, rows, lambda row: (row.id,))


@bp.route(f"/messages/<{ID}:message_id>")
@roles(*EVERYONE)
@bp.response(200, MessageSchema)
def get_message(message_id: int) -> Any:
    """One message."""
    _may()
    found = listings.message(message_id)
    if found is None:
        raise NotFound
    return found


def _may() -> None:
    if not actors.can_book_for_anyone(current_actor()):
        raise NotAllowed
