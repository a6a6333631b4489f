"""Kinds of appointment."""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from scheduler.store import desk
from scheduler.web.api.base import EVERYONE, Blueprint, page_of_all, paged, roles
from scheduler.web.api.fields import Page, Schema

bp = Blueprint("appointment-types", "What an appointment can be for, in neutral words, and how long it takes.")


class AppointmentTypeSchema(Schema):
    """A kind of appointment. Minutes throughout."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    minutes = fields.Integer(required=True)
    least_minutes = fields.Integer(required=True)
    most_minutes = fields.Integer(required=True)
    group = fields.Boolean(required=True)


@bp.route("/appointment-types")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(AppointmentTypeSchema))
def list_types(args: dict[str, Any]) -> Any:
    """The kinds of appointment in use."""
    return page_of_all(args, desk.types(), lambda row: (row.id,))
