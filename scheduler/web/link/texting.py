"""Is it still safe to text her? Asked at the end of booking and changing: yes, not any more, or another number."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request

from scheduler.errors import Invalid
from scheduler.services import asks, links
from scheduler.services.links import LinkVisit
from scheduler.web.link import bp
from scheduler.web.link.own import Own, own_appointment
from scheduler.web.link.visits import drop_cookie, go, hers


@bp.get("/my/<int:number>/booked")
@hers
def booked(visit: LinkVisit, number: int) -> Any:
    """It is booked: everything once more, and whether it is still safe to text her."""
    own = own_appointment(visit, number)
    ending = links.number_ending(visit)
    return render_template("link/booked.html", own=own, ending=ending, answered=visit.choices.get("safe") == "yes")


@bp.post("/my/<int:number>/safe")
@hers
def safe(visit: LinkVisit, number: int) -> Any:
    """Her answer on whether texts are still safe. "No" stops them at once, and closes this visit and every link."""
    own = own_appointment(visit, number)
    if request.form.get("answer") == "no":
        links.pause_texts(visit)
        return _closed(own, another=False)
    if request.form.get("answer") == "yes" and links.number_ending(visit):
        links.texts_still_safe(visit)
        links.save_choices(visit, {**visit.choices, "safe": "yes"})
    return go("booked", number=number)


def _closed(own: Own, another: bool) -> Any:
    response = make_response(render_template("link/paused.html", own=own, another=another))
    drop_cookie(response)
    return response


@bp.get("/my/<int:number>/number")
@hers
def other_number(visit: LinkVisit, number: int) -> Any:
    """The form for another number, where texts go to one now."""
    own = own_appointment(visit, number)
    if links.number_ending(visit) is None:
        return go("booked", number=number)
    return render_template("link/number.html", own=own, typed="", wrong="")


@bp.post("/my/<int:number>/number")
@hers
def ask_other_number(visit: LinkVisit, number: int) -> Any:
    """Ask staff to text another number. Nothing goes to either until they have checked it with her."""
    own = own_appointment(visit, number)
    if links.number_ending(visit) is None:
        return go("booked", number=number)
    typed = request.form.get("number", "")[:60]
    try:
        asks.another_number(visit.client_id, typed)
    except Invalid as error:
        wrong = next(iter(error.fields.values()))
        return make_response(render_template("link/number.html", own=own, typed=typed, wrong=wrong), 422)
    return _closed(own, another=True)
