"""What waits for a lead, one exclusion, one case, and requests for times."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import SlotUnavailable, WrongState
from scheduler.services import exclusions, requests, safety_desk
from scheduler.web import pages
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import FindForm, PressForm, ReasonForm
from scheduler.web.safeguarding.words import when
from scheduler.web.security import allow, current_actor


@bp.get("/")
@allow("lead")
def home() -> Any:
    """Open cases, possible matches, exclusions to look at, and requests."""
    return render_template(
        "safeguarding/desk.html", desk=safety_desk.desk(current_actor()), form=FindForm(formdata=None),
        press=PressForm(formdata=None),
    )  # fmt: skip


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
    from scheduler.services import clients

    actor = current_actor()
    record = clients.get(actor, client_id)
    return render_template("safeguarding/client.html", client=record, found=exclusions.list_for(actor, client_id))


@bp.get("/cases/<int:case_id>")
@allow("lead")
def case(case_id: int) -> Any:
    """One clash: both sides, the rule, and when it must be settled."""
    return render_template("safeguarding/case.html", case=safety_desk.case(current_actor(), case_id))


@bp.post("/requests/<int:request_id>/confirm")
@allow("lead")
def confirm_request(request_id: int) -> Any:
    """Book one of the times that were asked for."""
    session = pages.a_number(request.form.get("session"), "session") or 0
    start = pages.a_moment(request.form.get("start"))
    try:
        booked = requests.confirm(current_actor(), request_id, session, start)
    except (SlotUnavailable, WrongState) as refused:
        flash(_(refused.public), "error")
    else:
        flash(_("Booked: %(when)s.", when=when(booked.start)), "ok")
    return redirect(url_for("safeguarding.home"), 303)


@bp.post("/requests/<int:request_id>/settle")
@allow("lead")
def settle_request(request_id: int) -> Any:
    """Take a request off the queue."""
    try:
        requests.settle(current_actor(), request_id)
    except WrongState as refused:
        flash(_(refused.public), "error")
    else:
        flash(_("Taken off the list."), "ok")
    return redirect(url_for("safeguarding.home"), 303)
