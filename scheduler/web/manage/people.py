"""Staff: the list, adding and changing a record, a new password, and ending an account."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from scheduler.errors import InTheWay, Invalid, NotFound
from scheduler.services import staff, venues
from scheduler.services.staff import StaffDetails
from scheduler.store import diary
from scheduler.store import staff as store
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp, words
from scheduler.web.manage.blocked import blockers
from scheduler.web.security import allow, current_actor


@bp.get("/staff")
@allow(*ROLES)
def people() -> Any:
    """Everyone who works here."""
    return render_template("manage/staff.html", people=store.all_staff(), words=words, me=current_actor().staff_id)


@bp.route("/staff/new", methods=["GET", "POST"])
@allow(*ROLES)
def add_person() -> Any:
    """Add someone, with an account when they sign in."""
    form, actor = request.form, current_actor()
    if request.method == "GET":
        return _form({}, form)
    details = _typed(form.getlist("venues", type=int))
    username = form.get("username", "").strip() or None
    try:
        staff.add(actor, details, username, form.get("password", "") if username else None)
    except Invalid as error:
        return _form(dict(error.fields), form, error.status)
    flash(_("%(name)s is added.", name=details.given_name))
    return redirect(url_for("manage.people"))


@bp.route("/staff/<int:staff_id>/edit", methods=["GET", "POST"])
@allow(*ROLES)
def edit_person(staff_id: int) -> Any:
    """Change what is recorded of someone. Whether an exclusion may name them is worked out anew."""
    person = store.record(staff_id)
    if person is None:
        raise NotFound
    form, actor = request.form, current_actor()
    recorded = _recorded(person)
    if request.method == "GET":
        return _form({}, recorded, person=recorded)
    own = staff_id == actor.staff_id
    role, username = form.get("role", ""), form.get("username", "").strip() or None
    if own and (role != recorded["role"] or username is None):
        wrong = {"role": _("Another manager must change your own role and account.")}
        return _form(wrong, form, Invalid.status, person=recorded)
    try:
        staff.edit(
            actor, staff_id, _typed(recorded.getlist("venues", type=int)), username,
            pages.a_number(form.get("version"), "version") or 0, own or "active" in form,
        )
    except Invalid as error:
        return _form(dict(error.fields), form, error.status, person=recorded)
    except InTheWay as error:
        return _form({}, form, error.status, person=recorded, error=error, blockers=blockers(actor, error))
    flash(_("Saved."))
    return redirect(url_for("manage.people"))


@bp.post("/staff/<int:staff_id>/password")
@allow(*ROLES)
def password(staff_id: int) -> Any:
    """Give someone a new password; they are signed out everywhere."""
    try:
        staff.set_password(current_actor(), staff_id, request.form.get("password", ""))
    except Invalid as error:
        flash(next(iter(error.fields.values()), error.public), "error")
    else:
        flash(_("The password is changed, and they are signed out everywhere."))
    return redirect(url_for("manage.people"))


@bp.post("/staff/<int:staff_id>/active")
@allow(*ROLES)
def active(staff_id: int) -> Any:
    """End someone's account, or open it again. What is recorded of them stays."""
    person = store.record(staff_id)
    if person is None:
        raise NotFound
    # Places that this manager may not know of stay as they are: the service keeps them.
    known = {venue.id for venue in venues.visible(current_actor(), closed_too=True)}
    details = StaffDetails(
        person.given_name, person.family_name, person.role, person.job, person.sees_clients, person.woman,
        person.on_call, person.phone, person.date_of_birth, tuple(sorted(diary.assigned_venues(staff_id) & known)),
        tuple(person.languages or ()),
    )
    works = request.form.get("active") == "yes"
    if staff_id == current_actor().staff_id and not works:
        flash(_("You cannot end your own account."), "error")
    else:
        staff.edit(current_actor(), staff_id, details, person.username, active=works)
        flash(_("The account is open again.") if works else _("The account is ended, and they are signed out."))
    return redirect(url_for("manage.people"))


def _typed(otherwise: Collection[int]) -> StaffDetails:
    """What the form says. Where the page had too many places to list, those recorded stay."""
    form = request.form
    known = {venue.id for venue in venues.visible(current_actor(), closed_too=True)}
    chosen = form.getlist("venues", type=int) if "listed" in form else otherwise
    return StaffDetails(
        form.get("given_name", ""), form.get("family_name", ""), form.get("role", ""),
        form.get("job", "").strip() or "worker", "sees_clients" in form, "woman" in form, "on_call" in form,
        form.get("phone", "").strip() or None, form.get("date_of_birth", "").strip() or None,
        tuple(each for each in chosen if each in known),
        tuple(each for each in form.get("languages", "").split(",") if each.strip()),
    )


def _recorded(person: Any) -> MultiDict[str, Any]:
    """A record as the form would have been typed. Places that this manager may not know of are left out; the service
    keeps them."""
    known = {venue.id for venue in venues.visible(current_actor(), closed_too=True)}
    text = ("given_name", "family_name", "role", "job", "phone", "date_of_birth", "username", "version")
    ticked = ("sees_clients", "woman", "on_call", "active")
    values = {name: getattr(person, name) or "" for name in text}
    values |= {name: "yes" for name in ticked if getattr(person, name)}
    venues_of = [str(each) for each in sorted(diary.assigned_venues(person.id) & known)]
    values["languages"] = ", ".join(person.languages or ())
    return MultiDict({**values, "id": person.id, "venues": venues_of})


def _form(
    wrong: dict[str, str], typed: MultiDict[str, Any], status: int = 200, *, person: Any = None, error: Any = None,
    blockers: Any = None,
) -> Any:  # fmt: skip
    page = render_template(
        "manage/person_form.html", wrong=wrong, typed=typed, words=words, person=person, error=error, blockers=blockers,
        venues=venues.visible(current_actor(), closed_too=person is not None), me=current_actor().staff_id,
    )
    return page, status
