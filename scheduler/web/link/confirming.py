"""The last step: read it once more, and book it or change to it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import render_template, request

from scheduler.errors import SlotUnavailable
from scheduler.services import booking, links
from scheduler.services.booking import Booked, Choice
from scheduler.services.links import LinkVisit
from scheduler.store import links as store
from scheduler.web.link import bp, noting
from scheduler.web.link.choosing import asked, gone
from scheduler.web.link.own import own_appointment, own_appointments
from scheduler.web.link.visits import go, hers
from scheduler.web.link.words import Told, places, told


def _in_words(visit: LinkVisit, picked: dict[str, Any]) -> Told:
    staff = picked["staff"]
    place = places(visit, {picked["venue"]}).get(picked["venue"])
    session = None if staff is not None else store.session_kinds({picked["session"]}).get(picked["session"])
    return told(
        place, picked["mode"], datetime.fromisoformat(picked["start"]), datetime.fromisoformat(picked["end"]),
        who=store.first_names({staff} if staff is not None else ()).get(staff, ""), audience=picked["audience"],
        kind=session.kind if session else "one-to-one", until=session.end if session else None,
        creche=picked["children"], interpreter=picked.get("interpreter") or "",
    )


@bp.get("/my/check")
@hers
def check(visit: LinkVisit) -> Any:
    """The time that she tapped, in full, with one button to book it."""
    picked = visit.choices.get("picked")
    if not picked:
        return go("home")
    if picked.get("done"):
        return go("booked", number=picked["done"])
    mine = own_appointments(visit) if picked["changing"] else []
    changing = next((each for each in mine if each.row.own_number == picked["changing"]), None)
    return render_template("link/check.html", told=_in_words(visit, picked), key=picked["key"], changing=changing)


@bp.post("/my/check")
@hers
def confirm(visit: LinkVisit) -> Any:
    """Book exactly what the page showed. The form's key makes a double press, or one from a page that is no longer
    the last, book nothing that she did not read."""
    picked = visit.choices.get("picked")
    if not picked:
        return go("home")
    if request.form.get("key") != picked["key"]:
        return go("check")
    try:
        made = _book(visit, picked)
    except SlotUnavailable:
        return gone(visit, asked(visit), datetime.fromisoformat(picked["start"]))
    done = {**picked, "done": made.own_number}
    noted = noting.booked(visit, picked)
    links.save_choices(visit, {**visit.choices, "noted": noted, "picked": done, "changing": None, "safe": None})
    return go("booked", number=made.own_number)


def _book(visit: LinkVisit, picked: dict[str, Any]) -> Booked:
    choice = Choice(
        visit.client_id, picked["type"], picked["session"], picked["staff"], picked["mode"],
        datetime.fromisoformat(picked["start"]), picked["minutes"], picked["children"],
        interpreter=picked.get("interpreter"),
    )
    if picked["changing"] is None:
        return booking.book(visit.actor, choice, picked["key"])
    row = own_appointment(visit, picked["changing"]).row
    return booking.move(visit.actor, row.id, choice, key=picked["key"])
