"""Staff: who sees clients, for everyone; whole records, for managers."""

from __future__ import annotations

from dataclasses import fields as columns_of
from typing import Any

from marshmallow import fields

from scheduler.errors import NotFound
from scheduler.services import actors, staff, visibility
from scheduler.services.staff import ROLES, StaffDetails
from scheduler.store import diary
from scheduler.store import staff as store
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
from scheduler.web.api.fields import Choice, Flag, Page, Schema, Text, listed
from scheduler.web.security import current_actor

bp = Blueprint("staff", "Those who work here.")


class WorkerSchema(Schema):
    """Someone who works here, as everyone may see them."""

    id = fields.Integer(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    sees_clients = fields.Boolean(required=True)
    woman = fields.Boolean(required=True)
    active = fields.Boolean(required=True)


class StaffSchema(Schema):
    """Someone who works here. `woman` is recorded as female, who may staff women-only times."""

    id = fields.Integer(required=True, dump_only=True)
    given_name = Text(100, 1, required=True)
    family_name = Text(100, 1, required=True)
    role = Choice(ROLES, required=True)
    job = Text(40)
    sees_clients = Flag()
    woman = Flag()
    on_call = Flag()
    phone = Text(30, allow_none=True, load_only=True)
    date_of_birth = Text(60, allow_none=True, load_only=True)
    languages = listed(Text(40), 10, allow_none=True)
    username = Text(60, allow_none=True)
    active = Flag(dump_only=True)
    version = fields.Integer(required=True, dump_only=True)


class NewStaffSchema(StaffSchema):
    """Someone new. With a username and a password they can sign in."""

    password = Text(256, load_only=True)


class StaffChangesSchema(StaffSchema):
    """What to change; what is left out stays."""

    active = Flag()


class StaffAskedSchema(Page):
    """Whom to list."""

    everyone = Flag(load_default=False, metadata={"description": "For managers: also who sees no clients or has left."})


@bp.route("/staff")
@roles(*EVERYONE)
@bp.arguments(StaffAskedSchema, location="query")
@bp.response(200, paged(WorkerSchema))
def list_staff(args: dict[str, Any]) -> Any:
    """Those who see clients."""
    whole = args["everyone"] and actors.can_manage(current_actor())
    found = [
        {
            "id": row.id, "name": f"{row.given_name} {row.family_name}", "role": row.role, "active": row.active,
            "sees_clients": row.sees_clients, "woman": row.woman,
        }
        for row in store.all_staff()
        if whole or (row.active and row.sees_clients)
    ]
    return page_of_all(args, found, lambda person: (person["id"],))


@bp.route(f"/staff/<{ID}:staff_id>")
@roles("manager")
@bp.response(200, StaffSchema)
def get_staff(staff_id: int) -> Any:
    """One record."""
    found = _record(staff_id)
    return found, tag(found.version)


def _record(staff_id: int) -> Any:
    found = store.record(staff_id)
    if found is None:
        raise NotFound
    return found


def _typed(body: dict[str, Any]) -> dict[str, Any]:
    return {**body, "languages": tuple(body.get("languages") or ())}


@bp.route("/staff", methods=["POST"])
@roles("manager")
@bp.arguments(NewStaffSchema)
@bp.response(201, StaffSchema)
def add_staff(body: dict[str, Any]) -> Any:
    """Record someone who works here. Their name is compared with those whom exclusions name."""
    username, password = body.pop("username", None), body.pop("password", None)
    made = staff.add(current_actor(), StaffDetails(**_typed(body)), username, password)
    found = _record(made)
    return found, 201, {"Location": f"/api/v1/staff/{made}", **tag(found.version)}


@bp.route(f"/staff/<{ID}:staff_id>", methods=["PATCH"])
@roles("manager")
@bp.arguments(IfMatch, location="headers")
@bp.arguments(StaffChangesSchema(partial=True))
@bp.response(200, StaffSchema)
def edit_staff(headers: dict[str, Any], body: dict[str, Any], staff_id: int) -> Any:
    """Change a record. Whoever leaves or gets another role is signed out everywhere."""
    version, before = expected(headers), _record(staff_id)
    typed = {each.name: getattr(before, each.name) for each in columns_of(StaffDetails) if each.name != "venues"}
    username, active = body.pop("username", before.username), body.pop("active", before.active)
    # Assignments stay as they are. Those that this token must not know of are the service's to keep.
    known = {card.id for card in visibility.visible(current_actor(), closed_too=True)}
    details = StaffDetails(**_typed({**typed, **body}), venues=tuple(diary.assigned_venues(staff_id) & known))
    staff.edit(current_actor(), staff_id, details, username, before.version if version is None else version, active)
    changed = _record(staff_id)
    return changed, tag(changed.version)
