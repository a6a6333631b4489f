"""Appointments: booked, moved, cancelled and marked through the one door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import marshmallow as ma
from flask import Response
from marshmallow import fields

from scheduler.calendars.feeds import appointment_entry
from scheduler.errors import NotAllowed, NotFound
from scheduler.rules.presence import Mode
from scheduler.services import actors, arrivals, booking, visibility
from scheduler.services.arrivals import Mark
from scheduler.services.booking import CANCEL_REASONS, Choice
from scheduler.store import listings
from scheduler.web.api.base import EVERYONE, ID, Blueprint, IfMatch, Keyed, after, expected, page, paged, roles, tag
from scheduler.web.api.fields import Choice as OneOf
from scheduler.web.api.fields import Id, Moment, Schema, Text, Whole
from scheduler.web.api.places import Places, PlaceSchema
from scheduler.web.api.sessions import Range
from scheduler.web.security import current_actor

bp = Blueprint("appointments", "Appointments of clients.")


class AppointmentSchema(Schema):
    """An appointment. Its session and venue have no id for a token that may not know of the place."""

    id = fields.Integer(required=True)
    client_id = fields.Integer(required=True)
    type_id = fields.Integer(required=True)
    session_id = fields.Integer(required=True, allow_none=True)
    venue = fields.Nested(PlaceSchema, required=True)
    staff_id = fields.Integer(required=True, allow_none=True)
    mode = fields.String(required=True)
    state = fields.String(required=True)
    start = Moment(required=True)
    end = Moment(required=True)
    creche = fields.Integer(required=True)
    version = fields.Integer(required=True)


class AppointmentNotedSchema(AppointmentSchema):
    """An appointment with its note for staff."""

    note = fields.String(allow_none=True)


class AppointmentsAskedSchema(Range):
    """Whose appointments, or where: one of the two."""

    client_id = Id()
    venue_id = Id()

    @ma.validates_schema
    def _one(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if ("client_id" in data) == ("venue_id" in data):
            raise ma.ValidationError("Give a client or a venue.", "client_id")


class TimeSchema(Schema):
    """One exact time, as an offer gave it."""

    session_id = Id(required=True)
    staff_id = Id(allow_none=True, load_default=None)
    mode = OneOf(Mode, required=True)
    start = Moment(required=True)
    minutes = Whole(5, 960, allow_none=True, load_default=None)
    creche = Whole(0, 20, load_default=0)


class BookingSchema(TimeSchema):
    """What to book, and for whom."""

    client_id = Id(required=True)
    type_id = Id(required=True)
    note = Text(500, allow_none=True, load_default=None)


class CancelSchema(Schema):
    """Why it is cancelled: for the record, never told to anyone."""

    reason = OneOf(CANCEL_REASONS, allow_none=True, load_default=None)


class MarkSchema(Schema):
    """What became of it; `undo` takes the last mark back."""

    mark = OneOf(Mark, required=True)


def _shown(row: Any, places: Places) -> dict[str, Any]:
    names = ("id", "client_id", "type_id", "staff_id", "mode", "state", "start", "end", "creche", "version")
    known = places.known(row.venue_id)
    return {
        **{name: getattr(row, name) for name in names},
        "session_id": row.session_id if known else None,
        "venue": places.place(row.venue_id),
    }


def answer(booked: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """An appointment as this token may see it, and its ETag."""
    return _shown(booked, Places({booked.venue_id})), tag(booked.version)


@bp.route("/appointments")
@roles(*EVERYONE)
@bp.arguments(AppointmentsAskedSchema, location="query")
@bp.response(200, paged(AppointmentSchema))
def list_appointments(args: dict[str, Any]) -> Any:
    """A client's appointments, or a venue's, in order of time and in every state."""
    actor = current_actor()
    if "venue_id" in args:
        if not actors.can_see_day_board(actor):
            raise NotAllowed
        visibility.card(actor, args["venue_id"])
    place = after(args)
    rows = listings.appointments(
        args["start"], args["until"], args["limit"] + 1, client_id=args.get("client_id"),
        venue_id=args.get("venue_id"), after=(datetime.fromisoformat(place[0]), place[1]) if place else None,
    )
    found = page(args, rows, lambda row: (row.start.isoformat(), row.id))
    places = Places({row.venue_id for row in found["items"]})
    found["items"] = [_shown(row, places) for row in found["items"]]
    return found


@bp.route("/appointments", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(Keyed, location="headers")
@bp.arguments(BookingSchema)
@bp.response(201, AppointmentSchema)
def book(headers: dict[str, Any], body: dict[str, Any]) -> Any:
    """Book one exact time. Sent again with the same Idempotency-Key it answers with the first one's appointment; with
    that key and another body it is refused."""
    booked = booking.book(current_actor(), Choice(**body), headers["key"])
    shown, etag = answer(booked)
    return shown, 201, {"Location": f"/api/v1/appointments/{booked.id}", **etag}


def _one(appointment_id: int) -> Any:
    if not actors.can_book_for_anyone(current_actor()):
        raise NotAllowed
    row = listings.appointment(appointment_id)
    if row is None:
        raise NotFound
    return row


@bp.route(f"/appointments/<{ID}:appointment_id>")
@roles(*EVERYONE)
@bp.response(200, AppointmentNotedSchema)
def get_appointment(appointment_id: int) -> Any:
    """One appointment."""
    row = _one(appointment_id)
    shown, etag = answer(row)
    return {**shown, "note": row.note}, etag


@bp.route(f"/appointments/<{ID}:appointment_id>/move", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(Keyed, location="headers")
@bp.arguments(TimeSchema)
@bp.response(200, AppointmentSchema)
def move(headers: dict[str, Any], body: dict[str, Any], appointment_id: int) -> Any:
    """Move an appointment to another exact time. Nothing changes when that time cannot be had."""
    version, row = expected(headers, needed=False), _one(appointment_id)
    choice = Choice(row.client_id, row.type_id, **body)
    return answer(booking.move(current_actor(), appointment_id, choice, version, headers["key"]))


@bp.route(f"/appointments/<{ID}:appointment_id>/cancel", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(CancelSchema)
@bp.response(200, AppointmentSchema)
def cancel(headers: dict[str, Any], body: dict[str, Any], appointment_id: int) -> Any:
    """Cancel an appointment that is still to come. Cancelling it again changes nothing."""
    version = expected(headers, needed=False)
    return answer(booking.cancel(current_actor(), appointment_id, body["reason"], version))


@bp.route(f"/appointments/<{ID}:appointment_id>/mark", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(MarkSchema)
@bp.response(200, AppointmentSchema)
def mark(headers: dict[str, Any], body: dict[str, Any], appointment_id: int) -> Any:
    """Say what became of an appointment: arrived, seen, absent, or undo."""
    version = expected(headers, needed=False)
    return answer(arrivals.mark(current_actor(), appointment_id, body["mark"], version))


@bp.route(f"/appointments/<{ID}:appointment_id>/calendar")
@roles(*EVERYONE)
@bp.response(200, {"type": "string"}, content_type="text/calendar")
def calendar(appointment_id: int) -> Response:
    """The appointment as an iCalendar entry for the client's own calendar: a time, and nothing else."""
    response = Response(appointment_entry(current_actor(), appointment_id), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="calendar.ics"'
    return response
