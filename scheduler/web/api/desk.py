"""The desk's own questions: may whoever has come in go ahead, and who still has to be told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import marshmallow as ma
from marshmallow import fields

from scheduler.errors import Invalid
from scheduler.rules.door import Answer
from scheduler.rules.telling import Told
from scheduler.services import door, telling
from scheduler.web.api.base import EVERYONE, ID, Blueprint, roles
from scheduler.web.api.fields import Choice, Flag, Id, Moment, Schema, Text, Whole
from scheduler.web.security import current_actor

bp = Blueprint("desk", "The arrival check, and who still has to be told.")


class ArrivalSchema(Schema):
    """Who has come in where: a client, or what is known of someone, such as a name and a birth date. For someone who
    came with a client, `text` is theirs and `client_id` the client's."""

    venue_id = Id(required=True)
    client_id = Id(allow_none=True, load_default=None)
    text = Text(120, load_default="")
    companion = Flag(load_default=False)


class AnswerSchema(Schema):
    """Go ahead, or the quiet room and call the lead. It never says why."""

    answer = fields.String(required=True, metadata={"enum": [str(each) for each in Answer]})


class DaysSchema(Schema):
    """Which appointments: those that begin at `from` or later, and before `until`."""

    start = Moment(required=True, data_key="from")
    until = Moment(required=True)

    @ma.validates_schema
    def _a_week_at_most(self, data: dict[str, Any], **_kwargs: Any) -> None:
        if not data["start"] < data["until"] <= data["start"] + timedelta(days=7):
            raise ma.ValidationError("The end must come after the start, by at most a week.", "until")


class ToTellSchema(Schema):
    """An appointment to come, of which nobody knows that she was told."""

    appointment_id = fields.Integer(attribute="id", required=True)
    client_id = fields.Integer(required=True)
    start = Moment(required=True)
    version = fields.Integer(required=True)
    known = fields.String(attribute="known.told", required=True, metadata={"enum": [str(each) for each in Told]})
    why = fields.String(attribute="known.why", allow_none=True)
    may_call = fields.Boolean(required=True)
    cancelled = fields.Boolean(metadata={"description": "It was cancelled, and not by her: she might still come."})


class ToTellListSchema(Schema):
    """All of them, the soonest first."""

    items = fields.List(fields.Nested(ToTellSchema), required=True)


class ToldSchema(Schema):
    """How she was told, and of which version of the appointment."""

    how = Choice(telling.HOW, required=True)
    version = Whole(1, 2**31, required=True)


@bp.route("/arrivals/check", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(ArrivalSchema)
@bp.response(200, AnswerSchema)
def check_arrival(body: dict[str, Any]) -> Any:
    """Weigh someone who has come in. Whatever goes wrong, the answer is the quiet room. Nothing is kept of what was
    sent; the check itself is recorded."""
    try:
        answer = door.check(
            current_actor(), body["venue_id"], body["client_id"], body["text"], companion=body["companion"]
        )
    except Invalid as refused:
        raise Invalid(**{"text" if name == "q" else name: words for name, words in refused.fields.items()}) from None
    return {"answer": str(answer)}


@bp.route("/untold")
@roles(*EVERYONE)
@bp.arguments(DaysSchema, location="query")
@bp.response(200, ToTellListSchema)
def list_untold(args: dict[str, Any]) -> Any:
    """Appointments to come of which nobody knows that she was told, by when they begin."""
    return {"items": telling.to_tell(current_actor(), args["start"], args["until"])}


@bp.route(f"/appointments/<{ID}:appointment_id>/told", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(ToldSchema)
@bp.response(204)
def say_told(body: dict[str, Any], appointment_id: int) -> None:
    """Write down that someone told her. A version that is not the appointment's any more is refused: what she was told
    is no longer so."""
    telling.say(current_actor(), appointment_id, body["how"], body["version"])
