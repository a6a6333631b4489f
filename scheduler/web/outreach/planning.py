"""Adding sessions and changing them, alone or with their series."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, SidegateError
from scheduler.services import sessions, venues
from scheduler.services.actors import Actor
from scheduler.services.sessions import SessionCard
from scheduler.web import pages
from scheduler.web.outreach import ROLES, bp, words
from scheduler.web.outreach.typed import AS_SHOWN, Typed, series_changed, series_of, session_of
from scheduler.web.security import allow, current_actor

#: How far back sessions are offered to be held again, and how many.
_BACK = timedelta(days=14)
_MOST_LIKE = 6
_WEEK = timedelta(days=7)


@bp.get("/sessions/new")
@allow(*ROLES)
def new() -> Any:
    """An empty form, or one filled in like a session that was held before."""
    actor = current_actor()
    like = pages.a_number(request.args.get("like"), "like")
    if like is not None:
        typed = _like(actor, like)
    else:
        today = clock.now().astimezone(pages.service_zone()).date()
        own = (str(actor.staff_id),) if any(each[0] == actor.staff_id for each in sessions.workers(actor)) else ()
        typed = Typed(date=today.isoformat(), staff=own)
    return _form(actor, typed)


def _like(actor: Actor, session_id: int) -> Typed:
    """A session as typed, on the first same weekday that is still to come."""
    card = sessions.get(actor, session_id)
    later = _WEEK
    while (card.start + later) <= clock.now():
        later += _WEEK
    return Typed.of_session(sessions.details_of(actor, session_id), card.zone, later)


@bp.post("/sessions/new")
@allow(*ROLES)
def add() -> Any:
    """Add one session, or a series that begins with it."""
    actor = current_actor()
    typed = Typed.of_form(request.form)
    zones = {venue.id: venue.zone for venue in venues.visible(actor)}
    try:
        details = session_of(typed, zones.get)
        if not typed.repeat:
            made = sessions.add_session(actor, details)
            flash(_("The session is added."))
            return redirect(url_for("outreach.session", session_id=made))
        series = sessions.add_series(actor, series_of(typed, details, zones[details.venue_id]))
    except (Invalid, InTheWay) as error:
        return _form(actor, typed, error=error)
    return redirect(url_for("outreach.series", series_id=series))


@bp.get("/sessions/<int:session_id>/change")
@allow(*ROLES)
def change(session_id: int) -> Any:
    """The form with a session as it is."""
    actor = current_actor()
    card = sessions.get(actor, session_id)
    return _form(actor, Typed.of_session(sessions.details_of(actor, session_id), card.zone), card)


@bp.post("/sessions/<int:session_id>/change")
@allow(*ROLES)
def save(session_id: int) -> Any:
    """Change a session, or its series from it on; or tell what is in the way."""
    actor = current_actor()
    card = sessions.get(actor, session_id)
    typed = Typed.of_form(request.form)
    zones = {venue.id: venue.zone for venue in venues.visible(actor)}
    try:
        details = session_of(typed, zones.get)
        if typed.scope == "this" or card.series_id is None:
            sessions.edit_session(actor, session_id, details, pages.a_number(request.form.get("version"), "version"))
            target = url_for("outreach.session", session_id=session_id)
        else:
            series, _version = sessions.series_details(actor, card.series_id)
            day = sessions.series_day(actor, session_id)
            changed = series_changed(series, details, day, zones[details.venue_id])
            kept = sessions.edit_series(actor, card.series_id, changed, day if typed.scope == "following" else None)
            target = url_for("outreach.series", series_id=kept)
    except (Invalid, InTheWay) as error:
        return _form(actor, typed, card, error)
    except SidegateError as error:
        return _form(actor, typed, card, error)
    flash(_("The change is saved. Whoever it moves is told as she may be told."))
    return redirect(target)


@bp.get("/series/<int:series_id>")
@allow(*ROLES)
def series(series_id: int) -> Any:
    """What a series made, and the days that it left out."""
    actor = current_actor()
    details, _version = sessions.series_details(actor, series_id)
    venue = venues.card(actor, details.venue_id)
    try:
        skipped, broken = sessions.skipped_days(actor, series_id), ""
    except Invalid as error:
        skipped, broken = [], next(iter(error.fields.values()), error.public)
    coming = sessions.of_series(actor, series_id)
    return render_template(
        "outreach/series.html", series=details, series_id=series_id, venue=venue, skipped=skipped, broken=broken,
        coming=coming, pages=pages, words=words,
    )


@bp.post("/series/<int:series_id>/again")
@allow(*ROLES)
def try_again(series_id: int) -> Any:
    """Make the days that were left out and fit now."""
    made = sessions.try_skipped_days(current_actor(), series_id)
    flash(ngettext("%(num)d session is added.", "%(num)d sessions are added.", made))
    return redirect(url_for("outreach.series", series_id=series_id))


def _form(actor: Actor, typed: Typed, card: SessionCard | None = None, error: SidegateError | None = None) -> Any:
    wrong = {AS_SHOWN.get(name, name): sentence for name, sentence in (error.fields if error else {}).items()}
    blocked: list[str] = []
    if isinstance(error, InTheWay) and card is not None and sessions.sees_attendees(actor, card):
        people = sessions.attendees_of(actor, [card]).get(card.id, [])
        blocked = [
            f"{pages.clock_text(each.start, card.zone)} {each.name}"
            for each in people if each.appointment_id in error.blockers
        ]
    page = render_template(
        "outreach/form.html", typed=typed, session=card, wrong=wrong, error=error, blocked=blocked,
        in_the_way=isinstance(error, InTheWay), venues=venues.visible(actor), workers=sessions.workers(actor),
        types=sessions.types(actor), likes=[] if card else _likes(actor), pages=pages, words=words,
    )
    return page, error.status if error else 200


def _likes(actor: Actor) -> list[SessionCard]:
    """The actor's latest sessions, each sort once, to hold again."""
    if actor.staff_id is None:
        return []
    now = clock.now()
    found: dict[tuple[Any, ...], SessionCard] = {}
    for card in sessions.mine(actor, actor.staff_id, now - _BACK, now):
        local = card.start.astimezone(card.zone)
        if not card.cancelled:
            found[(card.venue_id, card.title, local.weekday(), local.hour, local.minute)] = card
    return list(found.values())[-_MOST_LIKE:]
