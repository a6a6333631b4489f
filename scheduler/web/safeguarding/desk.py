"""What waits for a lead, one exclusion, and the exclusions of one client."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _

from scheduler.errors import NotAllowed, NotFound
from scheduler.services import clients, exclusions, safety_desk
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import PressForm, ReasonForm
from scheduler.web.security import allow, current_actor


def sections(desk: safety_desk.Desk) -> list[tuple[str, Any, int]]:
    """The parts of the desk in their order: where on the page, in words, and how many wait there."""
    return [
        ("alerts", _("Someone came in"), len(desk.alerts)),
        ("urgent", _("Clashes within a day"), len(desk.urgent)),
        ("cases", _("Later clashes"), len(desk.later) + desk.more_lines),
        ("matches", _("Is it the same person?"), len(desk.matches) + desk.more_matches),
        ("overrides", _("Overrides"), len(desk.asked) + len(desk.given)),
        ("requests", _("Requests for times"), len(desk.requests)),
        ("reviews", _("To look at again"), len(desk.waiting)),
    ]


@bp.get("/")
@allow("lead")
def home() -> Any:
    """Everything that waits, in sections, the most urgent first; those with nothing in them say so in one line."""
    desk = safety_desk.desk(current_actor())
    return render_template(
        "safeguarding/desk.html", desk=desk, sections=sections(desk), press=PressForm(formdata=None)
    )


@bp.get("/exclusions/<int:exclusion_id>")
@allow("lead")
def exclusion(exclusion_id: int) -> Any:
    """One exclusion: what it affects, whom it may name, and its history."""
    actor = current_actor()
    view = safety_desk.exclusion(actor, exclusion_id)
    reason = ReasonForm(formdata=None, data={"version": view.brief.version})
    return render_template(
        "safeguarding/exclusion.html", view=view, reason=reason, press=PressForm(formdata=None),
        own_closing=view.closing_by is not None and view.closing_by == actor.staff_id,
    )  # fmt: skip


@bp.get("/clients/<int:client_id>")
@allow("lead")
def client(client_id: int) -> Any:
    """The exclusions that protect a client."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    return render_template("safeguarding/client.html", client=record, found=exclusions.list_for(actor, client_id))


@bp.get("/clients/<int:client_id>/mine")
@allow("reception", "outreach", "lead", "manager", "worker")
def mine(client_id: int) -> Any:
    """Who is kept away from a client, for her own key worker (SAFETY.md 4). For anyone else there is no such page,
    whether there is an exclusion, or such a client at all."""
    actor = current_actor()
    try:
        found = [each for each in safety_desk.list_for(actor, client_id) if each.active]
    except NotAllowed:
        raise NotFound from None
    return render_template("safeguarding/mine.html", client=clients.get(actor, client_id), found=found)
