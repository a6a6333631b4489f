"""An entry for her own calendar, if she wants one: the risk is said first, and she chooses what it is called."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request
from flask_babel import lazy_gettext

from scheduler.calendars import feeds
from scheduler.services import links
from scheduler.services.links import LinkVisit
from scheduler.web.link import bp
from scheduler.web.link.own import own_appointment
from scheduler.web.link.visits import go, hers

#: What it may be called: vague, and nothing false that somebody could check.
TITLES = {
    "appointment": lazy_gettext("Appointment"),
    "busy": lazy_gettext("Busy"),
    "reminder": lazy_gettext("Reminder"),
    "errand": lazy_gettext("Errand"),
}


@bp.get("/my/<int:number>/calendar")
@hers
def calendar(visit: LinkVisit, number: int) -> Any:
    """What a calendar entry may give away, and what it is to be called."""
    own = own_appointment(visit, number)
    return render_template("link/calendar.html", own=own, titles=TITLES)


@bp.post("/my/<int:number>/calendar")
@hers
def add_to_calendar(visit: LinkVisit, number: int) -> Any:
    """Make it as she chose. The file has an address of its own: old phones fetch a file a second time to save it."""
    own_appointment(visit, number)
    title = request.form.get("title", "")
    chosen = {"title": title if title in TITLES else "appointment", "place": request.form.get("place") == "1"}
    links.save_choices(visit, {**visit.choices, "calendar": chosen})
    return go("calendar_file", number=number)


@bp.get("/my/<int:number>/entry.ics")
@hers
def calendar_file(visit: LinkVisit, number: int) -> Any:
    """The entry. Without her tick there is no place in it, and of a confidential place never."""
    own = own_appointment(visit, number)
    chosen = visit.choices.get("calendar") or {}
    title = TITLES.get(chosen.get("title", ""), TITLES["appointment"])
    made = feeds.appointment_entry(visit.actor, own.row.id, str(title), say_where=bool(chosen.get("place")))
    headers = {"Content-Disposition": 'attachment; filename="entry.ics"'}
    return Response(made, content_type="text/calendar; charset=utf-8", headers=headers)
