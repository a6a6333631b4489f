"""Who does not know yet of an appointment that is near, and writing down that someone told her."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.errors import Stale, WrongState
from scheduler.services import telling
from scheduler.services.telling import ToTell
from scheduler.store import board as board_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages, told
from scheduler.web.reception import bp
from scheduler.web.reception.contact_words import hours_text
from scheduler.web.reception.words import MODES, STAFF
from scheduler.web.security import allow, current_actor

FRIDAY = 4
HOW = (("in-person", lazy("Told in person")), ("call", lazy("Told by phone")))


class Line(NamedTuple):
    """One woman to be told, in the desk's words. `call` when a call is safe, empty when it is not; `day` only where
    the list has several."""

    id: int
    client_id: int
    version: int
    who: str
    day: str
    when: str
    what: str
    known: str
    call: str


@bp.get("/untold")
@allow(*STAFF)
def untold() -> Any:
    """The appointments of one day of which she may not know: those up to the next working day, unless one is chosen."""
    zone = pages.service_zone()
    today = clock.now().astimezone(zone).date()
    first, last = next_days(today)
    chosen = pages.a_day(request.args.get("date"), first) if request.args.get("date") else None
    first, last = (chosen, chosen) if chosen else (first, last)
    found = telling.to_tell(current_actor(), *span(first, last))
    names = told.names_in([each.known for each in found])
    return render_template(
        "reception/untold.html", lines=[_line(each, names, first != last) for each in found], day=first, last=last,
        day_text=_days_text(first, last), before=first - timedelta(days=1), after=last + timedelta(days=1),
        today=today, chosen=chosen, how=HOW,
    )


def next_days(today: date) -> tuple[date, date]:
    """Tomorrow, and the next working day: on a Friday the list goes up to Monday, since nobody is here in between."""
    last = today + timedelta(days=1)
    while last.weekday() > FRIDAY:
        last += timedelta(days=1)
    return today + timedelta(days=1), last


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """The instants from the start of the first day to the end of the last, in the service's zone."""
    zone = pages.service_zone()
    return datetime.combine(first, time(), zone), datetime.combine(last + timedelta(days=1), time(), zone)


def _days_text(first: date, last: date) -> str:
    if first == last:
        return pages.day_and_year(first)
    return _("%(first)s to %(last)s", first=pages.day_text(first), last=pages.day_and_year(last))


def _line(each: ToTell, names: dict[int, str], several: bool) -> Line:
    zone = zone_named(each.zone)
    what = [str(each.kind), str(MODES.get(each.mode, each.mode)), each.worker, each.place]
    if each.cancelled:
        what.insert(0, _("Cancelled"))
    return Line(
        each.id, each.client_id, each.version, board_store.short_name(each.given_name, each.family_name),
        pages.day_text(each.start.astimezone(zone).date()) if several else "", pages.clock_text(each.start, zone),
        " · ".join(part for part in what if part), told.text(each.known, names),
        _("Call: %(hours)s", hours=hours_text(each.call_hours)) if each.may_call else "",
    )


@bp.post("/appointments/<int:appointment_id>/told")
@allow(*STAFF)
def say_told(appointment_id: int) -> Any:
    """Write down that someone told her."""
    version = pages.a_number(request.form.get("version"), "version")
    try:
        telling.say(current_actor(), appointment_id, request.form.get("how", ""), version or 0)
    except (Stale, WrongState) as refused:
        flash(_(refused.public), "error")
    else:
        flash(_("Saved."), "ok")
    on = request.form.get("date", "")[:10]
    if on:
        return redirect(url_for("reception.untold", date=on if on != "next" else None), 303)
    return redirect(url_for("reception.appointment", appointment_id=appointment_id), 303)
