"""Requests for times by people in request mode: confirmed, another time booked, or settled another way."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, NotFound, SlotUnavailable, WrongState
from scheduler.services import requests, safety_desk
from scheduler.services.booking import Choice
from scheduler.web import pages
from scheduler.web.safeguarding import bp, picks
from scheduler.web.safeguarding.forms import PressForm
from scheduler.web.safeguarding.words import when
from scheduler.web.security import allow, current_actor


@bp.get("/requests/<int:request_id>")
@allow("lead")
def time_request(request_id: int) -> Any:
    """What was asked for, and the nearest other times that this person can be given."""
    return _page(request_id)


def _page(request_id: int, refused: str = "", status: int = 200) -> Any:
    view = safety_desk.request(current_actor(), request_id)
    page = render_template(
        "safeguarding/request.html", view=view, it=view.request, code=picks.code, refused=refused,
        press=PressForm(formdata=None),
    )
    return page, status


@bp.post("/requests/<int:request_id>/book")
@allow("lead")
def book_other(request_id: int) -> Any:
    """Book one of the other times. When it is gone, the page says so with what can be had now."""
    actor = current_actor()
    try:
        view = safety_desk.request(actor, request_id)
    except NotFound:  # a page that was open since before someone else answered, or a second press
        flash(_("That request does not wait any more."), "error")
        return redirect(url_for("safeguarding.home"), 303)
    pick = picks.read(request.form.get("pick"))
    choice = Choice(view.request.client_id, view.type_id, pick.session, pick.staff, pick.mode, pick.start)
    try:
        booked = requests.offer_other(actor, request_id, choice)
    except (Invalid, SlotUnavailable, WrongState) as refused:
        return _page(request_id, str(_(refused.public)), refused.status)
    flash(_("Booked: %(when)s.", when=when(booked.start)), "ok")
    return redirect(url_for("safeguarding.home"), 303)


@bp.post("/requests/<int:request_id>/confirm")
@allow("lead")
def confirm_request(request_id: int) -> Any:
    """Book one of the times that were asked for."""
    session = pages.a_number(request.form.get("session"), "session") or 0
    start = pages.a_moment(request.form.get("start"))
    try:
        booked = requests.confirm(current_actor(), request_id, session, start)
    except SlotUnavailable as refused:
        flash(_(refused.public), "error")
        return redirect(url_for("safeguarding.time_request", request_id=request_id), 303)
    except WrongState as refused:
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
