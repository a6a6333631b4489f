"""Venues: the list, one venue with its week, adding and changing, who is assigned, and which doors are in sight."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, SidegateError, Stale
from scheduler.services import overrides, venues
from scheduler.services.actors import Actor
from scheduler.services.venues import VenueDetails, VenueRecord
from scheduler.store import staff as staff_store
from scheduler.store import venues as store
from scheduler.web import pages
from scheduler.web.manage import ROLES, blocked, bp, words
from scheduler.web.security import allow, current_actor


@bp.get("/")
@allow(*ROLES)
def index() -> Any:
    """Every venue that the manager may know of, and how many decisions wait for this very person."""
    actor = current_actor()
    return render_template(
        "manage/index.html", venues=venues.visible(actor, closed_too=True), words=words,
        decisions=overrides.count_waiting(actor),
    )


@bp.get("/venues/<int:venue_id>")
@allow(*ROLES)
def venue(venue_id: int) -> Any:
    """One venue: its week, closures, who is assigned and which doors are in sight."""
    return shown(current_actor(), venue_id)


def shown(actor: Actor, venue_id: int, wrong: dict[str, str] | None = None, error: SidegateError | None = None) -> Any:
    """The page of one venue; with what was wrong with something sent from it."""
    record = venues.get(actor, venue_id)
    card = record.card
    today = clock.now().astimezone(card.zone).date()
    sites = venues.sites(actor)
    page = render_template(
        "manage/venue.html", record=record, venue=card, words=words, pages=pages, wrong=wrong or {}, error=error,
        week=words.week(venues.opening_windows(actor, venue_id), today), today=today, sites=sites,
        site=next((each for each in sites if each.id == card.site_id), None),
        closures=store.closure_rows(venue_id, clock.now()), staff=staff_store.all_staff(),
        assigned=store.staff_of(venue_id), blockers=blocked.blockers(actor, error), typed=request.form,
    )
    return page, error.status if error else 200


@bp.route("/venues/new", methods=["GET", "POST"])
@allow(*ROLES)
def add() -> Any:
    """Add a venue."""
    actor = current_actor()
    if request.method == "GET":
        return _form(actor, VenueDetails("", "hub"))
    details, wrong = _typed()
    try:
        if wrong:
            raise Invalid(**wrong)
        made = venues.add_venue(actor, details)
    except Invalid as error:
        return _form(actor, details, error=error)
    flash(_("The place is added. Set its opening times next."))
    return redirect(url_for("manage.hours", venue_id=made))


@bp.route("/venues/<int:venue_id>/change", methods=["GET", "POST"])
@allow(*ROLES)
def change(venue_id: int) -> Any:
    """Change a venue."""
    actor = current_actor()
    record = venues.get(actor, venue_id)
    if request.method == "GET":
        return _form(actor, _details(record), record)
    details, wrong = _typed()
    try:
        if wrong:
            raise Invalid(**wrong)
        venues.edit_venue(actor, venue_id, details, pages.a_number(request.form.get("version"), "version"))
    except (Invalid, InTheWay, Stale) as error:
        return _form(actor, details, record, error)
    flash(_("The change is saved."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


@bp.post("/venues/<int:venue_id>/staff")
@allow(*ROLES)
def assign(venue_id: int) -> Any:
    """Set who is assigned to a venue."""
    try:
        chosen = [pages.a_number(each, "staff") or 0 for each in request.form.getlist("staff")]
        venues.assign_staff(current_actor(), venue_id, chosen)
    except Invalid as error:
        return shown(current_actor(), venue_id, dict(error.fields), error)
    flash(_("The change is saved."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


@bp.post("/venues/<int:venue_id>/neighbours")
@allow(*ROLES)
def neighbours(venue_id: int) -> Any:
    """Set which doors are in sight of this venue's."""
    actor = current_actor()
    card = venues.card(actor, venue_id)
    try:
        venues.set_neighbours(actor, card.site_id, request.form.getlist("sites", type=int))
    except InTheWay as error:
        return shown(actor, venue_id, {}, error)
    flash(_("The change is saved."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


def _details(record: VenueRecord) -> VenueDetails:
    card = record.card
    return VenueDetails(
        card.name, card.kind, card.site_id, card.label, card.confidential, card.active, str(card.zone),
        card.arrive_early, card.leave_late, card.creche, card.step_free, record.address, record.postcode, record.phone,
        record.directions, record.entrance, record.parking, record.bus,
    )


def _typed() -> tuple[VenueDetails, dict[str, str]]:
    """The venue as typed, and what cannot be read of it."""
    form, wrong = request.form, {}

    def number(name: str, otherwise: int | None) -> int | None:
        try:
            return pages.a_number(form.get(name), name, 0, 10**9)
        except Invalid as error:
            wrong.update(error.fields)
            return otherwise

    details = VenueDetails(
        form.get("name", ""), form.get("kind", ""), number("site", None) or None, form.get("label") or None,
        "confidential" in form, "active" in form, form.get("zone", "Europe/London"), number("arrive_early", 15) or 0,
        number("leave_late", 15) or 0, "creche" in form, "step_free" in form, form.get("address"),
        form.get("postcode"), form.get("phone"), form.get("directions"), form.get("entrance"), form.get("parking"),
        form.get("bus"),
    )
    return details, wrong


def _form(
    actor: Actor, details: VenueDetails, record: VenueRecord | None = None, error: SidegateError | None = None
) -> Any:
    page = render_template(
        "manage/venue_form.html", details=details, record=record, sites=venues.sites(actor), words=words, pages=pages,
        wrong=dict(error.fields) if error else {}, error=error, blockers=blocked.blockers(actor, error),
    )
    return page, error.status if error else 200
