"""After an appointment: one question, answered with one tap and without a name, and whether someone should call."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, request

from scheduler.services import afterwards, asks, links
from scheduler.services.links import LinkVisit
from scheduler.web.link import bp
from scheduler.web.link.visits import go, hers


@bp.app_template_global()
def to_ask_about() -> int | None:
    """Her own number of the appointment to ask about on this page, if there is one. One query."""
    visit: LinkVisit | None = g.get("visit")
    return afterwards.to_ask_about(visit) if visit is not None else None


@bp.post("/my/<int:number>/felt")
@hers
def felt(visit: LinkVisit, number: int) -> Any:
    """Her answer. Pressed twice, it counts once. It is not kept in her session either."""
    afterwards.answer(visit, number, request.form.get("felt", ""))
    return go("thanks")


@bp.get("/my/thanks")
@hers
def thanks(visit: LinkVisit) -> Any:
    """Thank you; would she like someone to call?"""
    return render_template("link/thanks.html", called=visit.choices.get("call") == "yes")


@bp.post("/my/thanks")
@hers
def call_me(visit: LinkVisit) -> Any:
    """She would like a call: staff are asked to make one, within what is safe for her."""
    asks.call(visit.client_id)
    links.save_choices(visit, {**visit.choices, "call": "yes"})
    return go("thanks")
