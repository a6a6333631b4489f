"""Clients: finding and recording them, what they would choose, what is safe, whether and where they may come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import Response
from marshmallow import fields

from scheduler.errors import MayBeHere
from scheduler.rules.audience import Eligibility
from scheduler.rules.presence import Mode
from scheduler.services import clients, safe_contacts
from scheduler.services.clients import ClientDetails, ClientRecord, SafeContactDetails
from scheduler.services.safe_contacts import CHANNELS, PHONE_IS
from scheduler.web.api.base import EVERYONE, ID, Blueprint, IfMatch, expected, page_of_all, paged, roles, tag
from scheduler.web.api.fields import (
    Choice,
    ClockTime,
    Day,
    Flag,
    Id,
    Moment,
    Page,
    Schema,
    Text,
    Whole,
    listed,
)
from scheduler.web.api.places import Places
from scheduler.web.security import current_actor

bp = Blueprint("clients", "Those who use the service.")

#: A list longer than this is for a report, not for asking.
MOST_TO_ASK = 2000


class PreferencesSchema(Schema):
    """How, where, when and with whom she would choose. What is left out is not known."""

    modes = listed(Choice(Mode), 4)
    venues = listed(Id(), 100)
    staff = listed(Id(), 100)
    weekdays = listed(Whole(0, 6), 7, metadata={"description": "0 is Monday."})
    earliest = ClockTime(attribute="from_minute")
    latest = ClockTime(True, attribute="until_minute")
    woman_worker = Flag()
    women_only = Flag()
    interpreter = Flag()
    step_free = Flag()
    language = Text(40)
    creche = Whole(0, 10)


class ClientSchema(Schema):
    """A client. A birth date may be a day, a month or a year alone; a phone may be written in any form."""

    id = fields.Integer(required=True, dump_only=True)
    reference = fields.String(required=True, dump_only=True)
    given_name = Text(80, 1, required=True)
    family_name = Text(80)
    aliases = listed(Text(80, 1), 12)
    date_of_birth = Text(60, allow_none=True)
    phone = Text(40, allow_none=True)
    preferences = fields.Nested(PreferencesSchema)
    notes = Text(4000, allow_none=True)
    key_worker_id = Id(allow_none=True)
    eligibility = fields.String(required=True, dump_only=True)
    eligibility_policy = fields.String(dump_only=True, allow_none=True)
    eligibility_decided_at = Moment(dump_only=True, allow_none=True)
    phone_is = fields.String(dump_only=True)
    request_mode = fields.Boolean(required=True, dump_only=True)
    active = fields.Boolean(required=True, dump_only=True)
    version = fields.Integer(required=True, dump_only=True)


class NewClientSchema(ClientSchema):
    """Someone to record. Who may be a client already is refused as `may-be-here`, with the ids of `clients` to look at:
    what was agreed with them holds for that record alone. `another_person` says that you looked, and it is none of
    them."""

    another_person = Flag(load_only=True, load_default=False)


class ClientChangesSchema(NewClientSchema):
    """What to change; what is left out stays. Preferences are changed as a whole."""


class SearchSchema(Schema):
    """Any part of a name, a birth date, a phone number or a reference. It is a body, and not an address, so that no
    name is kept in anyone's log."""

    text = Text(120, 1, required=True)
    limit = Whole(1, 50, load_default=20)


class ClientCardSchema(Schema):
    """A client in a list: of the phone the last three digits alone."""

    id = fields.Integer(required=True)
    reference = fields.String(required=True)
    name = fields.String(required=True)
    also = fields.List(fields.String())
    date_of_birth = fields.String(allow_none=True)
    phone_last_three = fields.String()
    active = fields.Boolean()


class FoundSchema(Schema):
    """The clients who fit, the closest first."""

    items = fields.List(fields.Nested(ClientCardSchema), required=True)


def _shown(record: ClientRecord) -> dict[str, Any]:
    shown = {name: getattr(record, name) for name in ClientSchema().fields}
    wanted = record.preferences.get("venues")
    if wanted:
        places = Places(wanted)
        shown["preferences"] = {**record.preferences, "venues": [each for each in wanted if places.known(each)]}
    return shown


def _whole(client_id: int) -> tuple[dict[str, Any], dict[str, str]]:
    record = clients.get(current_actor(), client_id)
    return _shown(record), tag(record.version)


def _as_typed(record: ClientRecord) -> ClientDetails:
    return ClientDetails(
        record.given_name, record.family_name, record.aliases, record.date_of_birth, record.phone, record.preferences,
        record.notes, record.key_worker_id,
    )


def _with_hidden_places(record: ClientRecord, preferences: dict[str, Any]) -> dict[str, Any]:
    """Preferences as they were sent, with the places that this token could not see among the old ones."""
    before = record.preferences.get("venues", ())
    places = Places(before)
    hidden = [each for each in before if not places.known(each)]
    return {**preferences, "venues": [*preferences.get("venues", ()), *hidden]} if hidden else preferences


def _look_first(details: ClientDetails, another: bool, client_id: int | None = None) -> None:
    if not another and (found := clients.others_alike(current_actor(), details, client_id)):
        raise MayBeHere(tuple(card.id for card in found))


@bp.route("/clients/search", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(SearchSchema)
@bp.response(200, FoundSchema)
def search(body: dict[str, Any]) -> Any:
    """Find clients."""
    return {"items": clients.find(current_actor(), body["text"], body["limit"])}


@bp.route("/clients", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(NewClientSchema)
@bp.response(201, ClientSchema)
def add_client(body: dict[str, Any]) -> Any:
    """Record a client."""
    another = body.pop("another_person")
    details = ClientDetails(**body)
    _look_first(details, another)
    made = clients.add(current_actor(), details)
    shown, etag = _whole(made)
    return shown, 201, {"Location": f"/api/v1/clients/{made}", **etag}


@bp.route(f"/clients/<{ID}:client_id>")
@roles(*EVERYONE)
@bp.response(200, ClientSchema)
def get_client(client_id: int) -> Any:
    """One client."""
    return _whole(client_id)


@bp.route(f"/clients/<{ID}:client_id>", methods=["PATCH"])
@roles(*EVERYONE)
@bp.arguments(IfMatch, location="headers")
@bp.arguments(ClientChangesSchema(partial=True))
@bp.response(200, ClientSchema)
def edit_client(headers: dict[str, Any], body: dict[str, Any], client_id: int) -> Any:
    """Change a client's details. A changed number ends what was planned for the old one."""
    actor, version = current_actor(), expected(headers)
    before, another = clients.get(actor, client_id), body.pop("another_person", False)
    if "preferences" in body:
        body["preferences"] = _with_hidden_places(before, body["preferences"])
    details = replace(_as_typed(before), **body)
    if version is None or version == before.version:  # a stale edit is told of as such, and first
        _look_first(details, another, client_id)
    clients.edit(actor, client_id, details, before.version if version is None else version)
    return _whole(client_id)


# --- one decision each ------------------------------------------------------------------------------------------------


class RequestModeSchema(Schema):
    """Whether the client's link only asks for times, for staff to confirm."""

    on = Flag(required=True)


class ActiveSchema(Schema):
    """Whether the client is with the service."""

    active = Flag(required=True)


class EligibilitySchema(Schema):
    """The decision whether a client may attend what is for women, under a version of the service's policy."""

    decision = Choice(Eligibility, required=True)
    policy = Text(40, 1, required=True)


@bp.route(f"/clients/<{ID}:client_id>/request-mode", methods=["PUT"])
@roles(*EVERYONE)
@bp.arguments(RequestModeSchema)
@bp.response(200, ClientSchema)
def set_request_mode(body: dict[str, Any], client_id: int) -> Any:
    """Let a client's link only ask for times, or let it book again. It says nothing of why."""
    clients.set_request_mode(current_actor(), client_id, body["on"])
    return _whole(client_id)


@bp.route(f"/clients/<{ID}:client_id>/active", methods=["PUT"])
@roles(*EVERYONE)
@bp.arguments(ActiveSchema)
@bp.response(200, ClientSchema)
def set_active(body: dict[str, Any], client_id: int) -> Any:
    """End or begin again a client's time with the service."""
    clients.set_active(current_actor(), client_id, body["active"])
    return _whole(client_id)


@bp.route(f"/clients/<{ID}:client_id>/eligibility", methods=["PUT"])
@roles("lead", "manager")
@bp.arguments(EligibilitySchema)
@bp.response(200, ClientSchema)
def decide_eligibility(body: dict[str, Any], client_id: int) -> Any:
    """Record a decision on eligibility."""
    clients.decide_eligibility(current_actor(), client_id, body["decision"], body["policy"])
    return _whole(client_id)


class PhoneIsSchema(Schema):
    """Whose phone the client's number is: unknown, hers, shared, other (someone else's) or place (work, a hostel)."""

    phone_is = Choice(PHONE_IS, required=True)


@bp.route(f"/clients/<{ID}:client_id>/phone-is", methods=["PUT"])
@roles(*EVERYONE)
@bp.arguments(PhoneIsSchema)
@bp.response(200, ClientSchema)
def set_phone_is(body: dict[str, Any], client_id: int) -> Any:
    """Record whose phone it is. A changed number makes it unknown."""
    clients.set_phone_is(current_actor(), client_id, body["phone_is"])
    return _whole(client_id)


# --- safe contact -----------------------------------------------------------------------------------------------------


class HoursSchema(Schema):
    """When a channel is safe, on the local clock. Weekday 0 is Monday."""

    weekday = Whole(0, 6, required=True)
    earliest = ClockTime(required=True)
    latest = ClockTime(True, required=True)


class SafeContactSchema(Schema):
    """Whether, when and how a channel is safe. Unknown means no."""

    channel = fields.String(required=True, dump_only=True)
    safe = Choice(("yes", "no", "unknown"), required=True)
    hours = listed(fields.Nested(HoursSchema), 50, load_default=())
    may_name = listed(Text(20, 1), 5, load_default=(), metadata={"description": "What a text may name."})
    language = Text(8, 2, load_default="en")
    review_on = Day(
        allow_none=True, load_default=None,
        metadata={"description": "The last day that the answer holds. A yes without one gets the usual time."},
    )
    paused = Flag(load_default=False)
    paused_until = Moment(
        allow_none=True, load_default=None, metadata={"description": "When a pause ends by itself; without it, never."}
    )
    reminder_on_day = Flag(load_default=False, attribute="on_day")
    word = Text(
        40, load_only=True, load_default=None, allow_none=True,
        metadata={"description": "What staff say to be known on the phone. It is not given out again here. Without it "
                                 "the word that is agreed stays; an empty one forgets it."},
    )
    has_word = fields.Boolean(dump_only=True)
    checked_at = Moment(dump_only=True, allow_none=True)


class SafeContactsSchema(Schema):
    """Every channel that something is recorded of."""

    items = fields.List(fields.Nested(SafeContactSchema), required=True)


def _channels(client_id: int) -> list[dict[str, Any]]:
    return [
        {
            "channel": each.channel, "checked_at": each.checked_at, "safe": each.details.safe,
            "hours": [{"weekday": d, "earliest": a, "latest": b} for d, a, b in each.details.hours],
            "may_name": each.details.may_name, "language": each.details.language,
            "review_on": each.details.review_on, "paused": each.details.paused,
            "paused_until": each.details.paused_until, "on_day": each.details.on_day, "has_word": each.has_word,
        }
        for each in clients.get(current_actor(), client_id).safe_contacts
    ]


@bp.route(f"/clients/<{ID}:client_id>/safe-contacts")
@roles(*EVERYONE)
@bp.response(200, SafeContactsSchema)
def list_safe_contacts(client_id: int) -> Any:
    """What is recorded of a client's channels."""
    return {"items": _channels(client_id)}


@bp.route(f"/clients/<{ID}:client_id>/safe-contacts/<any({','.join(CHANNELS)}):channel>", methods=["PUT"])
@roles(*EVERYONE)
@bp.arguments(SafeContactSchema)
@bp.response(200, SafeContactSchema)
def set_safe_contact(body: dict[str, Any], client_id: int, channel: str) -> Any:
    """Record whether, when and how a channel is safe. When texts are not, whatever is queued is withdrawn."""
    hours = tuple((each["weekday"], each["earliest"], each["latest"]) for each in body.pop("hours"))
    details = SafeContactDetails(hours=hours, **{**body, "may_name": tuple(body["may_name"])})
    clients.set_safe_contact(current_actor(), client_id, channel, details)
    return next(each for each in _channels(client_id) if each["channel"] == channel)


class ToAskSchema(Schema):
    """A client whose check of what is safe is due, or will be within two weeks, and when she is here next. Or whose
    number has to be checked, because texts to it do not arrive: then `review_on` may be none."""

    client_id = fields.Integer(required=True)
    review_on = fields.Date(required=True, allow_none=True)
    check_number = fields.Boolean(required=True)
    following = Moment(allow_none=True)


@bp.route("/clients/ask-again")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(ToAskSchema))
def list_to_ask(args: dict[str, Any]) -> Any:
    """Whom to ask again what is safe, by client. Nothing goes out to one whose review date has passed."""
    found = safe_contacts.ask_again(current_actor(), 0, MOST_TO_ASK)
    return page_of_all(args, sorted(found, key=lambda each: each.client_id), lambda each: (each.client_id,))


# --- stays ------------------------------------------------------------------------------------------------------------


class StaySchema(Schema):
    """A stay at a confidential venue. To a token that may not know of the venue there is none."""

    id = fields.Integer(required=True, dump_only=True)
    venue_id = Id(required=True)
    place = fields.String(dump_only=True)
    since = Moment()
    until = Moment(allow_none=True)


class StayEndSchema(Schema):
    """When a stay ends; without it, now."""

    until = Moment(load_default=None)


@bp.route(f"/clients/<{ID}:client_id>/stays")
@roles(*EVERYONE)
@bp.arguments(Page, location="query")
@bp.response(200, paged(StaySchema))
def list_stays(args: dict[str, Any], client_id: int) -> Any:
    """Where a client stays, as far as this token may know."""
    return page_of_all(args, clients.get(current_actor(), client_id).stays, lambda stay: (stay.id,))


@bp.route(f"/clients/<{ID}:client_id>/stays", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(StaySchema)
@bp.response(201, StaySchema)
def record_stay(body: dict[str, Any], client_id: int) -> Any:
    """Record a stay. Only staff assigned to the venue may."""
    actor = current_actor()
    made = clients.record_stay(actor, client_id, body["venue_id"], body.get("since"), body.get("until"))
    return next(stay for stay in clients.get(actor, client_id).stays if stay.id == made)


@bp.route(f"/stays/<{ID}:stay_id>/end", methods=["POST"])
@roles(*EVERYONE)
@bp.arguments(StayEndSchema)
@bp.response(204)
def end_stay(body: dict[str, Any], stay_id: int) -> Response:
    """Record that a stay ends."""
    clients.end_stay(current_actor(), stay_id, body["until"])
    return Response(status=204)
