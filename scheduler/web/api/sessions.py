"""Sessions: a venue, a time, workers, and for whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields

from scheduler.rules.audience import Audience
from scheduler.rules.presence import Kind, Mode
from scheduler.services import sessions
from scheduler.services.booking import CANCEL_REASONS
from scheduler.services.sessions import SessionDetails
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
from scheduler.web.api.fields import Choice, Id, Moment, Page, Schema, Text, Whole, listed
from scheduler.web.security import current_actor

bp = Blueprint("sessions", "Dated sessions, from which appointments are cut.")

RUNNERS = ("outreach", "lead", "manager", "worker")
#: The longest range that a list is asked for: as far as series are made ahead, and a little back.
LONGEST_RANGE = timedelta(weeks=30)


class ShapeSchema(Schema):
    """What a session and a series have in common."""

    venue_id = Id(required=True)
    title = Text(80, 1, required=True)
    kind = Choice(Kind)
    audience = Choice(Audience)
    modes = listed(Choice(Mode), 4)
    types = listed(Id(), 100, required=True)
    staff = listed(Id(), 50)
    seats = Whole(1, 500, allow_none=True)
    creche = Whole(0, 50)
    room = Text(40, allow_none=True)


class SessionSchema(ShapeSchema):
    """A session. `booked` counts who is expected or came, `came` who came."""

    id = fields.Integer(required=True, dump_only=True)
    series_id = fields.Integer(allow_none=True, dump_only=True)
    start = Moment(required=True)
    end = Moment(required=True)
    cancelled = fields.Boolean(dump_only=True)
    booked = fields.Integer(dump_only=True)
    came = fields.Integer(dump_only=True)
    version = fields.Integer(dump_only=True)


class SessionChangesSchema(SessionSchema):
    """What to change of a session; what is left out stays."""


class SessionCardSchema(Schema):
    """A session in a list."""

    id = fields.Integer(required=True)
    series_id = fields.Integer(allow_none=True)
    venue_id = fields.Integer(required=True)
    title = fields.String(required=True)
    start = Moment(required=True)
    end = Moment(required=True)
    kind = fields.String(required=True)
    audience = fields.String(required=True)
    modes = fields.List(fields.String(), required=True)
    seats = fields.Integer(allow_none=True)
    creche = fields.Integer()
    room = fields.String(allow_none=True)
    cancelled = fields.Boolean()
    booked = fields.Integer()
    came = fields.Integer()
    staff = fields.List(fields.Integer())
    version = fields.Integer()


class Range(Page):
    """Between which instants: `from` included, `until` not."""

    start = Moment(required=True, data_key="from")
    until = Moment(required=True)

    @ma.validates_schema
    def _in_order(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if data["until"] <= data["start"]:
            raise ma.ValidationError("The end must be after the start.", "until")
        if data["until"] - data["start"] > LONGEST_RANGE:
            raise ma.ValidationError("Ask for at most 30 weeks.", "until")


class SessionsAskedSchema(Range):
    """Which sessions to list."""

    venue_id = Id()
    staff_id = Id()


class CancelSessionSchema(Schema):
    """Why a session is cancelled: for the record, never told to anyone."""

    reason = Choice(CANCEL_REASONS, load_default="worker-away")


class CancelledSchema(Schema):
    """How much was cancelled."""

    cancelled = fields.Integer(required=True)


class AttendeeSchema(Schema):
    """Someone booked in a session: a first name and an initial."""

    appointment_id = fields.Integer(required=True)
    client_id = fields.Integer(required=True)
    name = fields.String(required=True)
    reference = fields.String(required=True)
    start = Moment(required=True)
    end = Moment(required=True)
    mode = fields.String(required=True)
    state = fields.String(required=True)
    creche = fields.Integer(required=True)
    staff_id = fields.Integer(allow_none=True)
    version = fields.Integer(required=True)


def _card(card: Any) -> dict[str, Any]:
    names = ("id", "series_id", "venue_id", "title", "start", "end", "kind", "audience", "modes", "seats", "creche",
             "room", "cancelled", "booked", "came", "version")
    return {**{name: getattr(card, name) for name in names}, "staff": [worker for worker, _ in card.staff]}


def _whole(session_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    actor = current_actor()
    shown = _card(sessions.get(actor, session_id))
    shown["types"] = sessions.details_of(actor, session_id).types
    return shown, tag(shown["version"])


@bp.route("/sessions")
@roles(*EVERYONE)
@bp.arguments(SessionsAskedSchema, location="query")
@bp.response(200, paged(SessionCardSchema))
def list_sessions(args: dict[str, Any]) -> Any:
    """The sessions that touch a range, at a venue or at all that this token may know of, or a worker's among them."""
    venues = (args["venue_id"],) if "venue_id" in args else None
    found = sessions.at_venues(current_actor(), args["start"], args["until"], venues)
    if "staff_id" in args:
        found = [each for each in found if any(worker == args["staff_id"] for worker, _ in each.staff)]
    return page_of_all(args, map(_card, found), lambda each: (each["start"].isoformat(), each["id"]))


@bp.route("/sessions", methods=["POST"])
@roles(*RUNNERS)
@bp.arguments(SessionSchema)
@bp.response(201, SessionSchema)
def add_session(body: dict[str, Any]) -> Any:
    """Add one session."""
    made = sessions.add_session(current_actor(), SessionDetails(**body))
    shown, etag = _whole(made)
    return shown, 201, {"Location": f"/api/v1/sessions/{made}", **etag}


@bp.route(f"/sessions/<{ID}:session_id>")
@roles(*EVERYONE)
@bp.response(200, SessionSchema)
def get_session(session_id: int) -> Any:
    """One session."""
    return _whole(session_id)


@bp.route(f"/sessions/<{ID}:session_id>", methods=["PATCH"])
@roles(*RUNNERS)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(SessionChangesSchema(partial=True))
@bp.response(200, SessionSchema)
def edit_session(headers: dict[str, Any], body: dict[str, Any], session_id: int) -> Any:
    """Change or move this one session. Everyone booked in it comes along, or it is refused with a list."""
    actor, version = current_actor(), expected(headers)
    read = sessions.get(actor, session_id).version if version is None else version
    details = replace(sessions.details_of(actor, session_id), **body)
    sessions.edit_session(actor, session_id, details, read)
    return _whole(session_id)


@bp.route(f"/sessions/<{ID}:session_id>/cancel", methods=["POST"])
@roles(*RUNNERS)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(CancelSessionSchema)
@bp.response(200, CancelledSchema)
def cancel_session(headers: dict[str, Any], body: dict[str, Any], session_id: int) -> Any:
    """Cancel a session and every appointment in it that is still to come. Each woman is told as she may be told."""
    version = expected(headers, needed=False)
    return {"cancelled": sessions.cancel_session(current_actor(), session_id, version, body["reason"])}


@bp.route(f"/sessions/<{ID}:session_id>/appointments")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(AttendeeSchema))
def list_attendees(args: dict[str, Any], session_id: int) -> Any:
    """Who is booked in a session."""
    found = sessions.attendees(current_actor(), session_id)
    return page_of_all(args, found, lambda each: (each.start.isoformat(), each.appointment_id))
