"""Requests: times that someone would like, of which staff confirm one."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response
from marshmallow import fields

from scheduler.errors import NotAllowed
from scheduler.rules.presence import Mode
from scheduler.services import actors, audit, booking
from scheduler.services import requests as service
from scheduler.store import exclusions as store
from scheduler.web.api.appointments import AppointmentSchema, answer
from scheduler.web.api.base import EVERYONE, ID, Blueprint, page_of_all, paged, roles
from scheduler.web.api.fields import Choice, Id, Moment, Page, Schema, listed
from scheduler.web.api.places import Places, PlaceSchema
from scheduler.web.api.sessions import Range
from scheduler.web.security import current_actor

bp = Blueprint("requests", "Times asked for, and the public timetable that they are chosen from.")


#: Requests are few: each stands until staff answer it, and a client has one.
MOST = 2000


class TimetableAskedSchema(Range):
    """For whom, what and how."""

    client_id = Id(required=True)
    type_id = Id(required=True)
    mode = Choice(Mode, required=True)


class HeldSchema(Schema):
    """When a session is held: not what is free in it."""

    session_id = fields.Integer(required=True)
    venue = fields.Nested(PlaceSchema, required=True)
    start = Moment(required=True)
    end = Moment(required=True)


class WishSchema(Schema):
    """A time of the timetable."""

    session_id = Id(required=True)
    start = Moment(required=True)


class RequestSchema(Schema):
    """Up to three times that someone would like."""

    id = fields.Integer(required=True, dump_only=True)
    client_id = Id(required=True)
    type_id = Id(required=True)
    mode = Choice(Mode, required=True)
    wishes = listed(fields.Nested(WishSchema), 3, required=True)


@bp.route("/timetable")
@roles(*EVERYONE)
@bp.arguments(TimetableAskedSchema, location="query")
@bp.response(200, paged(HeldSchema))
def timetable(args: dict[str, Any]) -> Any:
    """When sessions are held that this client may ask for. It rests on the timetable and her own record alone."""
    rows = booking.timetable(args["client_id"], args["type_id"], args["mode"], args["start"], args["until"])
    places = Places({venue for _, venue, _, _ in rows})
    found = [
        {"session_id": session, "venue": places.place(venue), "start": start, "end": end}
        for session, venue, start, end in rows
        if places.known(venue)
    ]
    return page_of_all(args, found, lambda each: (each["start"].isoformat(), each["session_id"]))


class RequestsAskedSchema(Page):
    """Whose requests to list."""

    client_id = Id()


@bp.route("/requests")
@roles("lead")
@bp.arguments(RequestsAskedSchema, location="query")
@bp.response(200, paged(RequestSchema))
def list_requests(args: dict[str, Any]) -> Any:
    """The requests that wait for an answer, the oldest first. Who looked is recorded."""
    actor = current_actor()
    if not actors.can_see_exclusions(actor):
        raise NotAllowed
    audit.record_look(actor, "time-requests", None)
    found = [
        {
            "id": row.id, "client_id": row.client_id, "type_id": row.type_id, "mode": row.mode,
            "wishes": [
                {"session_id": session, "start": datetime.fromisoformat(start)}
                for session, start in json.loads(row.wishes)
            ],
        }
        for row in store.requests(MOST)
        if args.get("client_id", row.client_id) == row.client_id
    ]
    return page_of_all(args, found, lambda each: (each["id"],))


@bp.route("/requests", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(RequestSchema)
@bp.response(201, RequestSchema)
def ask(body: dict[str, Any]) -> Any:
    """Write down up to three times that a client would like; staff confirm one later."""
    wishes = [(wish["session_id"], wish["start"]) for wish in body["wishes"]]
    made = booking.request_times(current_actor(), body["client_id"], body["type_id"], body["mode"], wishes)
    return {"id": made, **body}


@bp.route(f"/requests/<{ID}:request_id>/confirm", methods=["POST"])
@roles("lead")
@bp.arguments(WishSchema)
@bp.response(201, AppointmentSchema)
def confirm(body: dict[str, Any], request_id: int) -> Any:
    """Book the first time that can be given in one of the sessions asked for, and settle the request."""
    booked = service.confirm(current_actor(), request_id, body["session_id"], body["start"])
    shown, etag = answer(booked)
    return shown, 201, {"Location": f"/api/v1/appointments/{booked.id}", **etag}


@bp.route(f"/requests/<{ID}:request_id>/settle", methods=["POST"])
@roles("lead")
@bp.response(204)
def settle(request_id: int) -> Response:
    """Take a request off the list because it was dealt with another way."""
    service.settle(current_actor(), request_id)
    return Response(status=204)
