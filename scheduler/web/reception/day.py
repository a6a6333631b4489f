"""The day board: one venue's day, as columns or as a list, and the one-click marks on it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid, NotFound
from scheduler.services import arrivals, asks, replies, safe_contacts, telling, visibility
from scheduler.store import board as store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.board import Board, DayList, day_span, lay_out, list_out
from scheduler.web.reception.door import LONGEST, NOTHING_ASKED, Asked, ask
from scheduler.web.reception.telling import next_days, span
from scheduler.web.reception.words import STAFF, board_words
from scheduler.web.security import allow, current_actor

DESK = ("reception", "lead", "manager")
VIEWS = ("board", "list")
#: How many places the menu of places holds; a service with more has the page of all places.
MOST_PLACES = 40


@bp.get("/")
@allow(*DESK)
def day() -> Any:
    """One venue's day."""
    return _day(request.args)


@bp.post("/")
@allow(*DESK)
def came_in() -> Any:
    """The same day, with the arrival check's answer about whoever has come in (SAFETY.md 5). It comes as a POST, so
    that no name is in an address or a history."""
    venue = pages.a_number(request.form.get("venue"), "venue", 1)
    if venue is None:
        raise Invalid(venue=_("Choose the place."))
    visibility.card(current_actor(), venue)
    asked = ask(request.form, venue)
    return _day(request.form, asked), asked.status


def _day(sent: Mapping[str, str], asked: Asked = NOTHING_ASKED) -> Any:
    actor = current_actor()
    wanted = pages.a_number(sent.get("venue"), "venue")
    remembered = wanted if wanted is not None else session.get("venue")
    places = store.places(actor.staff_id, remembered, MOST_PLACES)
    if not places:
        return render_template("reception/no_places.html")
    if wanted is not None and places[0].id != wanted:
        raise NotFound
    assigned = {place.id for place in places if place.assigned}
    names = {place.id: visibility.label_for(place, actor, assigned) for place in places}
    venue = places[0]
    if session.get("venue") != venue.id:
        session["venue"] = venue.id
    zone = zone_named(venue.zone)
    now = clock.now()
    today = now.astimezone(zone).date()
    chosen = pages.a_day(sent.get("date"), today)
    view = sent.get("view") if sent.get("view") in VIEWS else session.get("view", "board")
    if session.get("view", "board") != view:
        session["view"] = view
    whole = day_span(chosen, zone)
    coming, working = store.appointments(venue.id, *whole), store.workers(venue.id, *whole)
    ahead = [each.id for each in coming if each.start > now]
    to_tell, untold = telling.marks(actor, ahead, *span(*next_days(now.astimezone(pages.service_zone()).date())))
    board: Board | DayList
    if view == "list":
        board = list_out(chosen, zone, coming, working, now, board_words(), to_tell)
    else:
        board = lay_out(
            chosen, zone, coming, store.sessions(venue.id, *whole), working, store.windows(venue.id, chosen),
            store.closures(venue.id, *whole), now, board_words(), to_tell,
        )
    return render_template(
        f"reception/{view}.html",
        board=board, view=view, venue=venue, names=sorted(names.items(), key=lambda item: item[1].casefold()),
        venue_name=names[venue.id], more_places=len(places) == MOST_PLACES, day=chosen, today=today,
        day_text=pages.day_and_year(chosen), before=chosen - timedelta(days=1), after=chosen + timedelta(days=1),
        now_text=pages.clock_text(now, zone), is_online=venue.kind == "online", asked=asked,
        nothing_asked=NOTHING_ASKED, longest=LONGEST, replies=replies.count(actor) + asks.count(actor), untold=untold,
        to_ask=safe_contacts.count_to_ask(actor),
    )


@bp.get("/places")
@allow(*DESK)
def places() -> Any:
    """Every place that this person may know of, for a service with more than the menu holds."""
    return render_template("reception/places.html", venues=visibility.visible(current_actor()))


@bp.post("/mark")
@allow(*STAFF)
def mark() -> Any:
    """Arrived, seen, did not attend or undo, for one appointment, from wherever it was said."""
    appointment_id, _dot, what = request.form.get("mark", "").partition(".")
    number = pages.a_number(appointment_id, "mark")
    if number is None:
        raise Invalid(mark=_("Choose an appointment."))
    marked = arrivals.mark(current_actor(), number, what)
    flash(_("Saved."), "ok")
    if marked.quiet_room:
        pages.tell_quiet_room()
    return redirect(_back(number, in_sight=not marked.quiet_room), 303)


def _back(appointment_id: int, in_sight: bool) -> str:
    """Where the mark was said: the day it was on, with the appointment in sight unless something is said at the top, or
    the appointment's own page."""
    venue, on = request.form.get("venue", ""), request.form.get("date", "")
    if venue.isdecimal() and on:
        anchor = f"a{appointment_id}" if in_sight else None
        return url_for("reception.day", venue=int(venue), date=on[:10], _anchor=anchor)
    return url_for("reception.appointment", appointment_id=appointment_id)
