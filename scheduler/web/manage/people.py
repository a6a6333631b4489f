"""Staff: the list, adding an account, a new password, and ending one."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, NotFound
from scheduler.services import staff, venues
from scheduler.services.staff import StaffDetails
from scheduler.store import diary
from scheduler.store import staff as store
from scheduler.web.manage import ROLES, bp, words
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
        return _form({})
    known = {venue.id for venue in venues.visible(actor)}
    details = StaffDetails(
        form.get("given_name", ""), form.get("family_name", ""), form.get("role", ""),
        form.get("job", "").strip() or "worker", "sees_clients" in form, "woman" in form, "on_call" in form,
        form.get("phone", "").strip() or None,
        venues=tuple(each for each in form.getlist("venues", type=int) if each in known),
    )
    username = form.get("username", "").strip() or None
    try:
        staff.add(actor, details, username, form.get("password", "") if username else None)
    except Invalid as error:
        return _form(dict(error.fields), error.status)
    flash(_("%(name)s is added.", name=details.given_name))
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
    )
    works = request.form.get("active") == "yes"
    if staff_id == current_actor().staff_id and not works:
        flash(_("You cannot end your own account."), "error")
    else:
        staff.edit(current_actor(), staff_id, details, person.username, active=works)
        flash(_("The account is open again.") if works else _("The account is ended, and they are signed out."))
    return redirect(url_for("manage.people"))


def _form(wrong: dict[str, str], status: int = 200) -> Any:
    page = render_template(
        "manage/person_form.html", wrong=wrong, typed=request.form, words=words,
        venues=venues.visible(current_actor()),
    )
    return page, status
