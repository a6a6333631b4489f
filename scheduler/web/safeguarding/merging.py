"""Two records of one person: finding the other one, comparing the two, making them one, and taking them apart again."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.errors import Invalid, Merged, NotOnePerson, Stale, WrongState
from scheduler.services import clients, merging
from scheduler.web import pages
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import FindForm, MergeForm, ReasonForm, put_refusals
from scheduler.web.security import allow, current_actor

#: What making them one does, by the service's short names.
_OUTCOMES = {
    "appointments": lazy("Appointments that go along"), "exclusions": lazy("Exclusions that go along, in force"),
    "matches": lazy("Exclusions of others that may name this person from now on"),
    "sms-unknown": lazy("Nobody knows any more whether texts are safe: ask, before anything is sent"),
    "call-unknown": lazy("Nobody knows any more whether calls are safe: ask first"),
    "voicemail-unknown": lazy("Nobody knows any more whether voicemail is safe: ask first"),
    "decided": lazy("The recorded decision on what is for women goes along"),
    "undecided": lazy("The two decisions on what is for women contradict each other: nothing is decided any more"),
    "request-mode": lazy("The link only asks for times"),
}  # fmt: skip
_ELIGIBLE = {
    "unknown": lazy("no decision recorded"), "eligible": lazy("may attend"), "not-eligible": lazy("may not attend"),
}  # fmt: skip
_CHANNELS = {"sms": lazy("Texts"), "call": lazy("Calls"), "voicemail": lazy("Voicemail")}
_SAFE = {"yes": lazy("safe"), "no": lazy("not safe"), "unknown": lazy("not known"), "paused": lazy("paused")}
_WORDS = {"outcomes": _OUTCOMES, "eligible": _ELIGIBLE, "channels": _CHANNELS, "safe": _SAFE}


@bp.get("/merges/of/<int:client_id>")
@allow("lead")
def merges(client_id: int) -> Any:
    """The search for another record of the same person, and what was made one with this one already."""
    return _finding(client_id, FindForm(formdata=None), None)


@bp.post("/merges/of/<int:client_id>")
@allow("lead")
def find_other(client_id: int) -> Any:
    """Who fits what was typed. A POST, so that no name is in an address."""
    form = FindForm()
    hits = clients.find(current_actor(), form.look_for.data or "") if form.validate_on_submit() else []
    return _finding(client_id, form, [hit for hit in hits if hit.id != client_id])


def _finding(client_id: int, form: FindForm, hits: Any) -> Any:
    actor = current_actor()
    record = clients.get(actor, client_id)
    found = merging.merges_of(actor, client_id)
    return render_template("safeguarding/merges.html", client=record, form=form, hits=hits, found=found)


@bp.get("/merges/<int:keep_id>/with/<int:gone_id>")
@allow("lead")
def compare(keep_id: int, gone_id: int) -> Any:
    """Both records side by side, what is in the way, and what would happen."""
    return _comparing(keep_id, gone_id, MergeForm(formdata=None))


@bp.post("/merges/<int:keep_id>/with/<int:gone_id>")
@allow("lead")
def merge(keep_id: int, gone_id: int) -> Any:
    """Make them one, unless one of them was changed since it was read."""
    form, refused, status = MergeForm(), "", 422
    if form.validate_on_submit():
        try:
            versions = tuple(
                pages.a_number(each.data, each.name) or 0 for each in (form.keep_version, form.gone_version)
            )
            merging.merge(current_actor(), keep_id, gone_id, form.reason.data, (versions[0], versions[1]))
        except Invalid as wrong:
            put_refusals(form, wrong)
        except (NotOnePerson, Stale) as wrong:
            refused, status = wrong.public, wrong.status
        except Merged as already:
            if (already.gone, already.into) != (gone_id, keep_id):
                raise
            flash(_("They are one record already."))  # a second press, or another window
            return redirect(url_for("safeguarding.client", client_id=keep_id), 303)
        else:
            flash(_("They are one record now. Everything that kept either of them apart is in force."), "ok")
            return redirect(url_for("safeguarding.client", client_id=keep_id), 303)
    return _comparing(keep_id, gone_id, form, refused), status


def _comparing(keep_id: int, gone_id: int, form: MergeForm, refused: str = "") -> Any:
    found = merging.compare(current_actor(), keep_id, gone_id)
    form.keep_version.data, form.gone_version.data = str(found.keep.version), str(found.gone.version)
    return render_template("safeguarding/merge.html", found=found, form=form, refused=refused, words=_WORDS)


@bp.get("/merges/<int:merge_id>")
@allow("lead")
def one_merge(merge_id: int) -> Any:
    """One merge, and what taking it apart again does."""
    found = merging.one(current_actor(), merge_id)
    return render_template("safeguarding/merge_split.html", it=found, form=ReasonForm(formdata=None), refused="")


@bp.post("/merges/<int:merge_id>")
@allow("lead")
def split(merge_id: int) -> Any:
    """Take the two records apart again."""
    actor, form, refused, status = current_actor(), ReasonForm(), "", 422
    if form.validate_on_submit():
        try:
            merging.split(actor, merge_id, form.reason.data)
        except Invalid as wrong:
            put_refusals(form, wrong)
        except WrongState as wrong:
            refused, status = wrong.public, wrong.status
        else:
            flash(_("They are two records again. Look at the matches that wait: each is held for both."), "ok")
            return redirect(url_for("safeguarding.home"), 303)
    found = merging.one(actor, merge_id)
    return render_template("safeguarding/merge_split.html", it=found, form=form, refused=refused), status
