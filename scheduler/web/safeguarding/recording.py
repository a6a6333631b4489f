"""Recording an exclusion, from a client's page or from nothing, and changing one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from scheduler.errors import Invalid, Stale
from scheduler.services import clients, exclusions, finding, safety_desk
from scheduler.services.actors import Actor
from scheduler.services.exclusions import Recorded
from scheduler.web import pages
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import ExclusionForm, FindForm, put_refusals
from scheduler.web.safeguarding.words import born
from scheduler.web.security import allow, current_actor


@bp.get("/exclusions/new")
@allow("lead")
def choose_page() -> Any:
    """The search for the client to protect."""
    return render_template("safeguarding/choose.html", form=FindForm(formdata=None), hits=None)


@bp.post("/exclusions/new")
@allow("lead")
def choose() -> Any:
    """Who fits what was typed. A POST, so that no name is in an address."""
    form = FindForm()
    hits = clients.find(current_actor(), form.look_for.data or "") if form.validate_on_submit() else []
    return render_template("safeguarding/choose.html", form=form, hits=hits)


@bp.get("/clients/<int:client_id>/exclusions/new")
@allow("lead")
def new(client_id: int) -> Any:
    """The empty form, for this client."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    form = ExclusionForm(formdata=None)
    form.offer(safety_desk.places(actor), [])
    return render_template("safeguarding/record.html", form=form, client=record, looked=False)


@bp.post("/clients/<int:client_id>/exclusions/new")
@allow("lead")
def record(client_id: int) -> Any:
    """Look for a known person, or record the exclusion and show what it affects."""
    actor = current_actor()
    found = clients.get(actor, client_id)
    form = ExclusionForm()
    looking = request.form.get("do") == "look"
    people = _people(actor, form)
    form.offer(safety_desk.places(actor), people)
    if not looking and form.validate_on_submit():
        try:
            made = exclusions.record(actor, form.details(client_id))
        except Invalid as refused:
            put_refusals(form, refused)
        else:
            flash(_tell(made), "ok")
            return redirect(url_for("safeguarding.exclusion", exclusion_id=made.exclusion_id), 303)
    page = render_template("safeguarding/record.html", form=form, client=found, looked=looking)
    return page if looking else (page, 422)


@bp.get("/exclusions/<int:exclusion_id>/edit")
@allow("lead")
def edit_page(exclusion_id: int) -> Any:
    """The form with what is recorded."""
    actor = current_actor()
    view = safety_desk.exclusion(actor, exclusion_id)
    form = ExclusionForm(formdata=None, data=ExclusionForm.recorded(view))
    form.offer(safety_desk.places(actor), [])
    return render_template("safeguarding/edit.html", form=form, view=view, refused="")


@bp.post("/exclusions/<int:exclusion_id>/edit")
@allow("lead")
def edit(exclusion_id: int) -> Any:
    """Save what was changed, unless someone else changed it in between."""
    actor = current_actor()
    view = safety_desk.exclusion(actor, exclusion_id)
    places = safety_desk.places(actor)
    form = ExclusionForm(data=ExclusionForm.recorded(view))
    form.offer(places, [])
    refused, status = "", 422
    if form.validate_on_submit():
        try:
            version = pages.a_number(form.version.data, "version") or 0
            hidden = tuple(site for site in view.sites if site not in places)
            made = exclusions.edit(actor, exclusion_id, form.details(view.brief.client_id, hidden), version)
        except Stale as stale:
            refused, status = stale.public, stale.status
        except Invalid as wrong:
            put_refusals(form, wrong)
        else:
            flash(_tell(made), "ok")
            return redirect(url_for("safeguarding.exclusion", exclusion_id=exclusion_id), 303)
    return render_template("safeguarding/edit.html", form=form, view=view, refused=refused), status


def _people(actor: Actor, form: ExclusionForm) -> list[tuple[str, str]]:
    """Known people who fit what was looked for, or the first name typed; whoever was chosen stays in the list."""
    first = (form.names.data or "").strip().splitlines()[:1]
    text = (form.look_for.data or "").strip() or (first[0] if first else "")
    found = finding.find_person(actor, text) if text else []
    kind, _colon, number = (form.person.data or "").partition(":")
    if kind in ("client", "staff") and number.isdigit() and len(number) < 16:
        chosen = (kind, int(number))
        if chosen not in {(each.kind, each.id) for each in found}:
            found = [*finding.people([chosen]), *found]
    return [(f"{each.kind}:{each.id}", _described(each)) for each in found]


def _described(card: finding.PersonCard) -> str:
    parts = [card.name, born(card.date_of_birth), card.about if card.kind == "client" else _("works here")]
    return ", ".join(part for part in parts if part)


def _tell(made: Recorded) -> str:
    told = str(_("Saved and in force. No future appointment is affected."))
    if made.clashes:
        told = str(
            ngettext(
                "Saved and in force. %(num)d future appointment is affected: see below.",
                "Saved and in force. %(num)d future appointments are affected: see below.",
                len(made.clashes),
            )
        )
    if made.matches:
        told += " " + ngettext(
            "%(num)d person whom we know may be meant, and is kept apart.",
            "%(num)d people whom we know may be meant, and are kept apart.",
            made.matches,
        )
    return told
