"""Clients at the desk: finding, adding and changing them, and a client's page with good times beside what is safe."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid, SidegateError, Stale
from scheduler.services import actors, booking, clients, replies, visibility
from scheduler.services.actors import Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientRecord
from scheduler.store import board as board_store
from scheduler.store import desk
from scheduler.store import staff as staff_store
from scheduler.web import pages, told
from scheduler.web.reception import bp
from scheduler.web.reception.contact_words import PHONE_WARNS, call_now, contact_lines
from scheduler.web.reception.finding import names_of, shown
from scheduler.web.reception.forms import LANGUAGES, ClientForm, put_refusals
from scheduler.web.reception.search import (
    FIRST_SCREEN,
    MOST_OFFERS,
    Preferences,
    Search,
    by_day,
    minutes_text,
    pick_query,
    soonest,
    wanted,
)
from scheduler.web.reception.words import MODES, STAFF, WEEKDAYS
from scheduler.web.security import allow, current_actor

MOST_HITS = 20


# --- Finding and adding -----------------------------------------------------------------------------------------------


@bp.get("/clients")
@allow(*STAFF)
def find_page() -> Any:
    """The search box alone."""
    return render_template("reception/find.html", typed="", hits=None)


@bp.post("/clients")
@allow(*STAFF)
def find() -> Any:
    """Who fits what was typed. It comes as a POST, so that no name is ever in an address, a history or a log."""
    typed = request.form.get("q", "")[:100].strip()
    hits = clients.find(current_actor(), typed, MOST_HITS) if typed else []
    if len(hits) == 1:
        return redirect(url_for("reception.client", client_id=hits[0].id), 303)
    return render_template("reception/find.html", typed=typed, hits=hits, most=len(hits) == MOST_HITS)


@bp.post("/clients/hits")
@allow(*STAFF)
def hits() -> Any:
    """The same, as the list under the search box while someone types."""
    typed = request.form.get("q", "")[:100].strip()
    found = clients.find(current_actor(), typed, 8) if len(typed) >= 2 else []
    return render_template("reception/hits.html", hits=found, typed=typed)


def _lists(form: ClientForm, actor: Actor) -> None:
    places = [(venue.id, venue.name) for venue in visibility.visible(actor)]
    form.offer(places, [(worker.id, worker.name) for worker in staff_store.workers()])


@bp.get("/clients/new")
@allow(*STAFF)
def new() -> Any:
    """The form for someone new."""
    form = ClientForm()
    _lists(form, current_actor())
    return render_template("reception/client_form.html", form=form, client=None)


@bp.post("/clients/new")
@allow(*STAFF)
def add() -> Any:
    """Add someone. From the search page the name typed there comes along, to be completed."""
    actor = current_actor()
    form = ClientForm()
    _lists(form, actor)
    if "typed" in request.form:
        given, _space, family = request.form["typed"][:100].strip().partition(" ")
        form = ClientForm(formdata=None, data={"given_name": given, "family_name": family})
        _lists(form, actor)
        return render_template("reception/client_form.html", form=form, client=None)
    if form.validate_on_submit():
        try:
            details = form.details()
            if not request.form.get("someone-new") and (known := clients.others_alike(actor, details)):
                return render_template("reception/client_form.html", form=form, client=None, hits=known), 409
            client_id = clients.add(actor, details)
        except Invalid as refused:
            put_refusals(form, refused)
        else:
            flash(_("Added. Ask what is safe before anything is sent."), "ok")
            return redirect(url_for("reception.safe_contact", client_id=client_id), 303)
    return render_template("reception/client_form.html", form=form, client=None), 422


@bp.get("/clients/<int:client_id>/edit")
@allow(*STAFF)
def edit_page(client_id: int) -> Any:
    """The form with what is recorded."""
    actor = current_actor()
    client = clients.get(actor, client_id)
    form = ClientForm(formdata=None, data=ClientForm.recorded(client))
    _lists(form, actor)
    return render_template("reception/client_form.html", form=form, client=client)


@bp.post("/clients/<int:client_id>/edit")
@allow(*STAFF)
def edit(client_id: int) -> Any:
    """Save what was changed, unless someone else changed it in between."""
    actor = current_actor()
    client = clients.get(actor, client_id)
    form = ClientForm()
    _lists(form, actor)
    refused: SidegateError | None = None
    if form.validate_on_submit():
        try:
            version = pages.a_number(form.version.data, "version") or 0
            details = form.details(client.preferences)
            if not request.form.get("someone-new") and (known := clients.others_alike(actor, details, client_id)):
                return render_template("reception/client_form.html", form=form, client=client, hits=known), 409
            clients.edit(actor, client_id, details, version)
        except (Invalid, Stale) as wrong:
            refused = wrong
            put_refusals(form, wrong)
        else:
            flash(_("Saved."), "ok")
            return redirect(url_for("reception.client", client_id=client_id), 303)
    status = refused.status if refused else 422
    sentence = refused.public if isinstance(refused, Stale) else ""
    return render_template("reception/client_form.html", form=form, client=client, refused=sentence), status


# --- A client's page --------------------------------------------------------------------------------------------------


@bp.get("/clients/<int:client_id>")
@allow(*STAFF)
def client(client_id: int) -> Any:
    """Who she is, what she would choose, what is safe, what she has, and the next good times."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    now = clock.now()
    ahead, stopped = desk.upcoming(client_id, now), replies.stopped(actor, client_id)
    return render_template(
        "reception/client.html",
        client=record, short=board_store.short_name(record.given_name, record.family_name),
        prefers=preference_lines(actor, record), contacts=contact_lines(record), call=call_now(record),
        phone_warns=PHONE_WARNS.get(record.phone_is, "") if record.phone else "",
        stopped=pages.when_text(stopped, pages.service_zone()) if stopped else "",
        upcoming=shown(ahead, actor), known=told.texts(actor, [row.id for row in ahead]),
        past=shown(desk.past(client_id, now), actor),
        may_decide=actors.can_decide_eligibility(actor), link_key=pages.new_key(),
        key_worker=staff_store.names({record.key_worker_id}).get(record.key_worker_id)
        if record.key_worker_id else None,
        **offers_for(actor, record, lambda choice: f"/reception/clients/{client_id}/book?{pick_query(choice)}"),
    )


def offers_for(actor: Actor, record: ClientRecord, address: Any, moving: Any = None) -> dict[str, Any]:
    """The times for one client and the filters they were found with, for the page that shows them. `moving` is the row
    of an appointment to be moved: its type is meant, it does not stand in its own way, and its own time is none."""
    wrong: dict[str, str] = {}
    try:
        search = Search.read(request.args)
    except Invalid as refused:
        search, wrong = Search.read({}), dict(refused.fields)
    fixed_type = moving.type_id if moving is not None else None
    types = desk.types()
    known = {kind.id for kind in types}
    chosen = fixed_type or search.type_id or desk.last_type(record.id)
    if chosen not in known:
        chosen = next((kind.id for kind in types if not kind.group), types[0].id if types else None)
    prefers = Preferences.read(record.preferences)
    found: list[Any] = []
    if chosen is not None and record.active:
        question = wanted(record.id, search, prefers, chosen, clock.now(), pages.service_zone())
        try:
            found = booking.offers(actor, replace(question, moving=moving.id if moving else None), limit=MOST_OFFERS)
            found = [each for each in found if moving is None or not _is_now(each, moving)]
        except Invalid as refused:
            wrong |= refused.fields
    kept = soonest(found, FIRST_SCREEN)
    creche = search.creche or (prefers.creche if search.preferred else 0)

    def choose(offer: Any) -> str:
        made = Choice.from_offer(record.id, chosen or 0, offer, creche, search.minutes)
        return str(address(made))

    last = kept[-1].start if len(kept) == FIRST_SCREEN or len(found) == MOST_OFFERS else None
    return {
        "search": search, "types": types, "type_id": chosen, "wrong": wrong, "has_preferences": bool(prefers),
        "days": by_day(kept, names_of(actor, kept), choose), "modes": MODES.items(),
        "venues": [(venue.id, venue.name) for venue in visibility.visible(actor)],
        "workers": [(worker.id, worker.name) for worker in staff_store.workers()],
        "more": search.query(after=pages.stamp(last)) if last else None, "fixed_type": fixed_type,
        "without": replace(search, preferred=False).query(),
    }


def _is_now(offer: Any, row: Any) -> bool:
    return (offer.start, offer.staff, offer.mode) == (row.start, row.staff_id, row.mode)


def preference_lines(actor: Actor, record: ClientRecord) -> list[tuple[str, str]]:
    """What she would choose, in words, as (what, which)."""
    p = Preferences.read(record.preferences)
    lines: list[tuple[str, str]] = []
    if p.modes:
        lines.append((_("How"), ", ".join(str(MODES[mode]) for mode in MODES if mode in p.modes)))
    if p.venues:
        rows = desk.venues(p.venues)
        assigned = visibility.assigned(actor) if any(row.confidential for row in rows.values()) else frozenset()
        places = [visibility.label_for(rows[v], actor, assigned) for v in p.venues if v in rows]
        lines.append((_("Where"), ", ".join(places)))
    if p.weekdays or p.from_minute is not None or p.until_minute is not None:
        lines.append((_("When"), _when(p)))
    if p.staff or p.woman_worker:
        with_whom = list(staff_store.names(set(p.staff)).values()) if p.staff else []
        lines.append((_("With"), ", ".join([*with_whom, *([_("a woman")] if p.woman_worker else [])])))
    if p.women_only:
        lines.append((_("Times"), _("women-only")))
    if p.creche:
        lines.append((_("Children"), _("crèche for %(number)d", number=p.creche)))
    language = str(dict(LANGUAGES).get(record.preferences.get("language") or "", "") or "")
    if record.preferences.get("interpreter") or record.preferences.get("language"):
        spoken = [language] if record.preferences.get("language") else []
        interpreter = [_("interpreter")] if record.preferences.get("interpreter") else []
        lines.append((_("Language"), ", ".join([*spoken, *interpreter])))
    if record.preferences.get("step_free"):
        lines.append((_("Access"), _("step-free")))
    return lines


def _when(p: Preferences) -> str:
    parts = [", ".join(str(WEEKDAYS[day])[:3] for day in sorted(p.weekdays))] if p.weekdays else []
    if p.from_minute is not None and p.until_minute is not None:
        parts.append(f"{minutes_text(p.from_minute)}–{minutes_text(p.until_minute)}")
    elif p.from_minute is not None:
        parts.append(_("from %(time)s", time=minutes_text(p.from_minute)))
    elif p.until_minute is not None:
        parts.append(_("before %(time)s", time=minutes_text(p.until_minute)))
    return " · ".join(parts)
