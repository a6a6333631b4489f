"""Who does not know yet of an appointment that is near, and writing down that someone told her."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.errors import Stale, WrongState
from scheduler.rules.telling import Known, Told
from scheduler.services import telling
from scheduler.services.telling import ToTell
from scheduler.store import board as board_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.words import MODES, STAFF
from scheduler.web.security import allow, current_actor

#: Why no text went, in words; each says what to do about it.
WHY = {
    "not-safe": lazy("texts are not recorded as safe"),
    "review-due": lazy("ask first if texts are still safe"),
    "paused": lazy("texts are paused"),
    "no-number": lazy("no phone number"),
    "no-safe-time": lazy("no safe hour before it"),
}
HOW = (("in-person", lazy("Told in person")), ("call", lazy("Told by phone")))


class Line(NamedTuple):
    """One woman to be told, in the desk's words."""

    id: int
    client_id: int
    version: int
    who: str
    when: str
    what: str
    known: str
    may_call: bool


@bp.get("/untold")
@allow(*STAFF)
def untold() -> Any:
    """The appointments of one day of which she may not know: tomorrow's, unless another day is chosen."""
    zone = pages.service_zone()
    today = clock.now().astimezone(zone).date()
    chosen = pages.a_day(request.args.get("date"), today + timedelta(days=1))
    start, until = (datetime.combine(chosen + timedelta(days=day), time(), zone) for day in (0, 1))
    found = telling.to_tell(current_actor(), start, until)
    return render_template(
        "reception/untold.html", lines=[_line(each) for each in found], day=chosen,
        day_text=pages.day_and_year(chosen), before=chosen - timedelta(days=1), after=chosen + timedelta(days=1),
        today=today, how=HOW,
    )


def _line(each: ToTell) -> Line:
    what = [str(each.kind), str(MODES.get(each.mode, each.mode)), each.worker, each.place]
    return Line(
        each.id, each.client_id, each.version, board_store.short_name(each.given_name, each.family_name),
        pages.clock_text(each.start, zone_named(each.zone)), " · ".join(part for part in what if part),
        known_text(each.known), each.may_call,
    )


def known_text(known: Known) -> str:
    """What is known of whether she was told, in one sentence."""
    at = pages.when_text(known.at, pages.service_zone()) if known.at else ""
    if known.told is Told.BY_US:
        return _("Told by one of us on %(when)s", when=at)
    if known.told is Told.ANSWERED:
        return _("Answered by text that she is coming, on %(when)s", when=at)
    if known.told is Told.HERSELF:
        return _("Chosen on the link")
    if known.told is Told.DELIVERED:
        return _("A text arrived on %(when)s", when=at)
    if known.told is Told.PLANNED:
        return _("A text is to go out on %(when)s", when=at)
    if known.told is Told.SENT:
        return _("A text was sent; nobody knows if it arrived")
    why = WHY.get(known.why or "")
    return _("Not told: %(why)s", why=why) if why else _("Not told yet")


@bp.post("/appointments/<int:appointment_id>/told")
@allow(*STAFF)
def told(appointment_id: int) -> Any:
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
        return redirect(url_for("reception.untold", date=on), 303)
    return redirect(url_for("reception.appointment", appointment_id=appointment_id), 303)
