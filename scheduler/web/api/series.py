"""Series: a recurrence, from which sessions are made ahead."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from marshmallow import fields

from scheduler.services import series as service
from scheduler.services.series import SeriesDetails
from scheduler.web.api.base import ID, Blueprint, IfMatch, expected, page_of_all, paged, roles, tag
from scheduler.web.api.fields import ClockTime, Day, Page, Schema, Text, Whole
from scheduler.web.api.sessions import RUNNERS, CancelledSchema, ShapeSchema
from scheduler.web.security import current_actor

bp = Blueprint("series", "Recurring sessions.")


class SeriesSchema(ShapeSchema):
    """A series. `rule` is an RRULE without its start or end; `at` is on the venue's wall clock."""

    id = fields.Integer(required=True, dump_only=True)
    rule = Text(300, 1, required=True, metadata={"example": "FREQ=WEEKLY;BYDAY=TU"})
    first_day = Day(required=True)
    last_day = Day(allow_none=True)
    at = ClockTime(required=True, attribute="at_minute")
    minutes = Whole(5, 960, required=True)
    version = fields.Integer(dump_only=True)


class SeriesCardSchema(SeriesSchema):
    """A series in a list."""

    version = fields.Integer(dump_only=True, load_default=None)


class SeriesChangesSchema(SeriesSchema):
    """What to change from a day on; what is left out stays. Without `from_day`, everything still to come changes."""

    from_day = Day()


class EndSchema(Schema):
    """From which day on a series ends; without one, at once."""

    from_day = Day(load_default=None)


class SkippedSchema(Schema):
    """A day on which a series has no session."""

    day = Day(required=True)
    sentence = fields.String(required=True)


class MadeSchema(Schema):
    """How many sessions were made."""

    made = fields.Integer(required=True)


def _whole(series_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    details, version = service.series_details(current_actor(), series_id)
    return {"id": series_id, **asdict(details), "version": version}, tag(version)


@bp.route("/series")
@roles(*RUNNERS)
@bp.arguments(Page, location="query")
@bp.response(200, paged(SeriesCardSchema))
def list_series(args: dict[str, Any]) -> Any:
    """The series in force at venues that this token may know of."""
    found = [{"id": series_id, **asdict(details)} for series_id, details in service.series_at(current_actor())]
    return page_of_all(args, found, lambda each: (each["id"],))


@bp.route("/series", methods=["POST"])
@roles(*RUNNERS)
@bp.arguments(SeriesSchema)
@bp.response(201, SeriesSchema)
def add_series(body: dict[str, Any]) -> Any:
    """Add a series, and make its sessions for the coming half year."""
    made = service.add_series(current_actor(), SeriesDetails(**body))
    shown, etag = _whole(made)
    return shown, 201, {"Location": f"/api/v1/series/{made}", **etag}


@bp.route(f"/series/<{ID}:series_id>")
@roles(*RUNNERS)
@bp.response(200, SeriesSchema)
def get_series(series_id: int) -> Any:
    """One series."""
    return _whole(series_id)


@bp.route(f"/series/<{ID}:series_id>", methods=["PATCH"])
@roles(*RUNNERS)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(SeriesChangesSchema(partial=True))
@bp.response(200, SeriesSchema)
def edit_series(headers: dict[str, Any], body: dict[str, Any], series_id: int) -> Any:
    """Change a series. The answer is the series that now holds the changed days: a new one when earlier days keep the
    old shape."""
    actor, version = current_actor(), expected(headers)
    from_day = body.pop("from_day", None)
    before, read = service.series_details(actor, series_id)
    wanted = read if version is None else version
    now_series = service.edit_series(actor, series_id, replace(before, **body), from_day, wanted)
    shown, etag = _whole(now_series)
    return shown, 200, {"Content-Location": f"/api/v1/series/{now_series}", **etag}


@bp.route(f"/series/<{ID}:series_id>/end", methods=["POST"])
@roles(*RUNNERS)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(EndSchema)
@bp.response(200, CancelledSchema)
def end_series(headers: dict[str, Any], body: dict[str, Any], series_id: int) -> Any:
    """End a series, and cancel its sessions from a day on with their appointments."""
    version = expected(headers, needed=False)
    return {"cancelled": service.end_series(current_actor(), series_id, body["from_day"], version)}


@bp.route(f"/series/<{ID}:series_id>/skipped-days")
@roles(*RUNNERS)
@bp.arguments(Page, location="query")
@bp.response(200, paged(SkippedSchema))
def list_skipped(args: dict[str, Any], series_id: int) -> Any:
    """The coming days on which a series has no session, and why."""
    found = service.skipped_days(current_actor(), series_id)
    return page_of_all(args, found, lambda each: (each.day.isoformat(),))


@bp.route(f"/series/<{ID}:series_id>/skipped-days", methods=["POST"])
@roles(*RUNNERS)
@bp.response(200, MadeSchema)
def try_skipped(series_id: int) -> Any:
    """Make the sessions of the days that were left out and can be held now."""
    return {"made": service.try_skipped_days(current_actor(), series_id)}
