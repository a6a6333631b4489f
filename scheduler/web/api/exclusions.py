"""The safety desk: exclusions, whom they may name, and the clashes they make. For leads; every look is recorded."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from scheduler.rules.separation import Separation
from scheduler.services import exclusions, safety_desk, venues
from scheduler.services.exclusions import SOURCES, ExclusionDetails
from scheduler.services.safety_desk import ExclusionBrief, ExclusionView, MatchBrief
from scheduler.web.api.base import ID, Blueprint, IfMatch, after, expected, page, page_of_all, paged, roles, tag
from scheduler.web.api.fields import Choice, Day, Flag, Id, Moment, Page, Schema, Text, Whole, listed
from scheduler.web.security import current_actor

bp = Blueprint("exclusions", "Whom a client must be kept from. Closing one takes two people in person, not a token.")


class KnownPersonSchema(Schema):
    """Someone whom the service knows."""

    kind = Choice(("client", "staff"), required=True)
    id = Id(required=True)


class ExclusionSchema(Schema):
    """An exclusion: one client is kept from one named person, known by a record or by words of which any may be
    missing. Minutes for the gap; `sites` are where the named person is never booked."""

    id = fields.Integer(required=True, dump_only=True)
    client_id = Id(required=True)
    names = listed(Text(80, 1), 12)
    person = fields.Nested(KnownPersonSchema, load_only=True)
    date_of_birth = Text(60, allow_none=True)
    phone = Text(40, allow_none=True)
    description = Text(4000, allow_none=True)
    separation = Choice(Separation)
    gap_minutes = Whole(0, 1440)
    sites = listed(Id(), 100)
    source = Choice(SOURCES)
    review_on = Day(allow_none=True)
    notes = Text(4000, allow_none=True)
    active = fields.Boolean(dump_only=True)
    closing = fields.Boolean(dump_only=True)
    review_due = fields.Boolean(dump_only=True)
    too_little = fields.Boolean(dump_only=True)
    recorded_at = Moment(dump_only=True)
    version = fields.Integer(required=True, dump_only=True)


class ExclusionChangesSchema(ExclusionSchema):
    """What to change; what is left out stays. Whom it protects does not change."""

    class Meta(ExclusionSchema.Meta):
        exclude = ("client_id", "person")


class ExclusionBriefSchema(Schema):
    """An exclusion in a list."""

    id = fields.Integer(required=True)
    client_id = fields.Integer(required=True)
    reference = fields.String(required=True)
    names = fields.List(fields.String(), required=True)
    separation = fields.String(required=True)
    gap_minutes = fields.Integer(required=True)
    source = fields.String(required=True)
    active = fields.Boolean(required=True)
    review_on = Day(allow_none=True)
    review_due = fields.Boolean()
    closing = fields.Boolean()
    too_little = fields.Boolean()
    version = fields.Integer(required=True)


class SideSchema(Schema):
    """One of the two presences of a clash. The place is a name fit for this token."""

    kind = fields.String(required=True)
    id = fields.Integer(required=True)
    person_kind = fields.String(required=True)
    person_id = fields.Integer(allow_none=True)
    start = Moment(required=True)
    end = Moment(required=True)
    mode = fields.String(required=True)
    place = fields.String(required=True)


class ClashSchema(Schema):
    """Two presences that must be settled before `due_at`."""

    case_id = fields.Integer(allow_none=True)
    rule = fields.String(required=True)
    exclusion_id = fields.Integer(allow_none=True)
    due_at = Moment(required=True)
    one = fields.Nested(SideSchema, allow_none=True)
    other = fields.Nested(SideSchema, allow_none=True)
    closed_at = Moment(allow_none=True)


class ClashesSchema(Schema):
    """The future appointments that an exclusion affects, the most urgent first."""

    items = fields.List(fields.Nested(ClashSchema), required=True)


class RecordedSchema(Schema):
    """What recording an exclusion did: the appointments it affects, how many people it may name, and whether too little
    is known to tell."""

    exclusion_id = fields.Integer(required=True)
    clashes = fields.List(fields.Nested(ClashSchema), required=True)
    matches = fields.Integer(required=True)
    too_little = fields.Boolean(required=True)


class PersonSchema(Schema):
    """Someone whom the service knows, as the safety desk lists them."""

    kind = fields.String(required=True)
    id = fields.Integer(required=True)
    name = fields.String(required=True)
    about = fields.String(required=True)


class MatchSchema(Schema):
    """Someone whom an exclusion may name. `seen` is to be given back with a decision."""

    id = fields.Integer(required=True)
    exclusion_id = fields.Integer(allow_none=True)
    names = fields.List(fields.String())
    person = fields.Nested(PersonSchema, allow_none=True)
    state = fields.String(required=True)
    score = fields.Integer(required=True)
    why = fields.String()
    seen = Moment(required=True)


class MatchesSchema(Schema):
    """Those whom an exclusion may name."""

    items = fields.List(fields.Nested(MatchSchema), required=True)


class DecisionSchema(Schema):
    """Whether it is the same person. A dismissal needs a reason; `seen` refuses it when the evidence has changed."""

    decision = Choice(("confirmed", "dismissed", "possible"), required=True)
    reason = Text(1000, load_default=None, allow_none=True)
    seen = Moment(load_default=None)


class ReasonSchema(Schema):
    """Why."""

    reason = Text(1000, 1, required=True)


class ExclusionsAskedSchema(Page):
    """Which exclusions to list."""

    client_id = Id()
    active = Flag()


def _visible_sites() -> set[int]:
    return {site.id for site in venues.sites(current_actor())}


def _shown(view: ExclusionView) -> dict[str, Any]:
    brief = view.brief
    names = ("id", "client_id", "names", "separation", "gap_minutes", "source", "review_on", "active", "closing",
             "review_due", "too_little", "version")
    more = ("date_of_birth", "phone", "description", "notes", "recorded_at")
    known = _visible_sites() if view.sites else set()
    return {
        **{name: getattr(brief, name) for name in names},
        **{name: getattr(view, name) for name in more},
        "sites": sorted(set(view.sites) & known),
    }


def _whole(exclusion_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    view = safety_desk.exclusion(current_actor(), exclusion_id)
    return _shown(view), tag(view.brief.version)


def _details(body: dict[str, Any]) -> ExclusionDetails:
    known = body.pop("person", None)
    plural = {name: tuple(body.pop(name)) for name in ("names", "sites") if name in body}
    return ExclusionDetails(**body, **plural, person=(known["kind"], known["id"]) if known else None)


@bp.route("/exclusions")
@roles("lead")
@bp.arguments(ExclusionsAskedSchema, location="query")
@bp.response(200, paged(ExclusionBriefSchema))
def list_exclusions(args: dict[str, Any]) -> Any:
    """All exclusions, or those that protect a client."""
    actor, place = current_actor(), after(args)
    if "client_id" in args:
        found = safety_desk.list_for(actor, args["client_id"])
        kept = [each for each in found if args.get("active", each.active) == each.active]
        return page_of_all(args, kept, _id_of)
    rows = safety_desk.list_all(actor, place[0] if place else None, args["limit"], args.get("active"))
    following = safety_desk.list_all(actor, rows[-1].id, 1, args.get("active")) if len(rows) == args["limit"] else []
    return page(args, [*rows, *following], _id_of)


def _id_of(each: ExclusionBrief | MatchBrief) -> tuple[int]:
    return (each.id,)


@bp.route("/exclusions", methods=["POST"])
@roles("lead")
@bp.arguments(ExclusionSchema)
@bp.response(201, RecordedSchema)
def record(body: dict[str, Any]) -> Any:
    """Record an exclusion. It is in force with the answer, which lists the future appointments that it affects."""
    made = exclusions.record(current_actor(), _details(body))
    return made, 201, {"Location": f"/api/v1/exclusions/{made.exclusion_id}", **tag(1)}


@bp.route(f"/exclusions/<{ID}:exclusion_id>")
@roles("lead")
@bp.response(200, ExclusionSchema)
def get_exclusion(exclusion_id: int) -> Any:
    """One exclusion."""
    return _whole(exclusion_id)


@bp.route(f"/exclusions/<{ID}:exclusion_id>", methods=["PATCH"])
@roles("lead")
@bp.arguments(IfMatch, location="headers")
@bp.arguments(ExclusionChangesSchema(partial=True))
@bp.response(200, RecordedSchema)
def edit(headers: dict[str, Any], body: dict[str, Any], exclusion_id: int) -> Any:
    """Change an exclusion, or what is known of whom it names. A change of identifying details asks about everyone
    anew."""
    actor, version = current_actor(), expected(headers)
    view = safety_desk.exclusion(actor, exclusion_id)
    before = _shown(view)
    typed = {name: before[name] for name in ExclusionDetails.__dataclass_fields__ if name in before}
    hidden = set(view.sites) - set(before["sites"])
    wanted = {**typed, **body, "sites": sorted({*body.get("sites", before["sites"]), *hidden})}
    read = view.brief.version if version is None else version
    return exclusions.edit(actor, exclusion_id, _details(wanted), read)


@bp.route(f"/exclusions/<{ID}:exclusion_id>/affected")
@roles("lead")
@bp.response(200, ClashesSchema)
def affected(exclusion_id: int) -> Any:
    """The future appointments that break an exclusion now."""
    return {"items": exclusions.affected(current_actor(), exclusion_id)}


@bp.route(f"/exclusions/<{ID}:exclusion_id>/matches")
@roles("lead")
@bp.response(200, MatchesSchema)
def list_matches(exclusion_id: int) -> Any:
    """Those whom an exclusion may name. A possible match keeps apart until a lead dismisses it."""
    return {"items": safety_desk.exclusion(current_actor(), exclusion_id).matches}


@bp.route(f"/exclusions/<{ID}:exclusion_id>/keep", methods=["POST"])
@roles("lead")
@bp.response(204)
def keep(exclusion_id: int) -> Response:
    """Decide not to close an exclusion after all."""
    exclusions.keep(current_actor(), exclusion_id)
    return Response(status=204)


@bp.route(f"/exclusions/<{ID}:exclusion_id>/reopen", methods=["POST"])
@roles("lead")
@bp.arguments(ReasonSchema)
@bp.response(200, ClashesSchema)
def reopen(body: dict[str, Any], exclusion_id: int) -> Any:
    """Put a closed exclusion in force again."""
    return {"items": exclusions.reopen(current_actor(), exclusion_id, body["reason"])}


@bp.route("/matches")
@roles("lead")
@bp.arguments(Page, location="query")
@bp.response(200, paged(MatchSchema))
def list_undecided(args: dict[str, Any]) -> Any:
    """The possible matches that nobody has decided on, at most a hundred."""
    return page_of_all(args, safety_desk.desk(current_actor()).matches, _id_of)


@bp.route(f"/matches/<{ID}:match_id>/decision", methods=["PUT"])
@roles("lead")
@bp.arguments(DecisionSchema)
@bp.response(204)
def decide(body: dict[str, Any], match_id: int) -> Response:
    """Confirm a match, dismiss it, or make it possible again."""
    exclusions.decide_match(current_actor(), match_id, body["decision"], body["reason"], body["seen"])
    return Response(status=204)


@bp.route("/cases")
@roles("lead")
@bp.arguments(Page, location="query")
@bp.response(200, paged(ClashSchema))
def list_cases(args: dict[str, Any]) -> Any:
    """The open safety cases, the most urgent first, at most a hundred."""
    found = safety_desk.cases(current_actor())
    return page_of_all(args, found, lambda each: (each.due_at.isoformat(), each.case_id or 0))


@bp.route(f"/cases/<{ID}:case_id>")
@roles("lead")
@bp.response(200, ClashSchema)
def get_case(case_id: int) -> Any:
    """One safety case, open or closed."""
    return safety_desk.case(current_actor(), case_id)


