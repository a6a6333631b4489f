"""Decisions: whether someone is the named person, and whether an exclusion is closed, by two people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, NotAllowed, SidegateError, Stale, WrongState
from scheduler.services import exclusions, safety_desk
from scheduler.web import pages
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import DecisionForm, PressForm, ReasonForm, put_refusals
from scheduler.web.security import allow, current_actor


@bp.get("/matches/<int:match_id>")
@allow("lead")
def match(match_id: int) -> Any:
    """Both people side by side, and what agrees."""
    view = safety_desk.match(current_actor(), match_id)
    form = DecisionForm(formdata=None, data={"seen": view.match.seen.isoformat()})
    return render_template("safeguarding/match.html", view=view, form=form, refused="")


@bp.post("/matches/<int:match_id>")
@allow("lead")
def decide(match_id: int) -> Any:
    """Confirm, dismiss with a reason, or hold possible. A page that was read before the details changed decides
    nothing."""
    actor, form, refused, status = current_actor(), DecisionForm(), "", 422
    if form.validate_on_submit():
        try:
            seen = pages.a_moment(form.seen.data, "seen")
            exclusions.decide_match(actor, match_id, form.decision.data, form.reason.data, seen)
        except Invalid as wrong:
            put_refusals(form, wrong)
        except (Stale, WrongState) as wrong:
            refused, status = wrong.public, wrong.status
        else:
            flash(_("Saved."), "ok")
            return redirect(url_for("safeguarding.home"), 303)
    view = safety_desk.match(actor, match_id)
    form.seen.data = view.match.seen.isoformat()
    return render_template("safeguarding/match.html", view=view, form=form, refused=refused), status


def _then(exclusion_id: int, act: Callable[[], object], words: str) -> Any:
    """Do it, say how it went, and go back to the exclusion."""
    try:
        act()
    except (Invalid, NotAllowed, Stale, WrongState) as refused:
        flash(_sentence(refused), "error")
    else:
        flash(words, "ok")
    return redirect(url_for("safeguarding.exclusion", exclusion_id=exclusion_id), 303)


def _sentence(refused: SidegateError) -> str:
    return " ".join(str(_(each)) for each in refused.fields.values()) or str(_(refused.public))


@bp.post("/exclusions/<int:exclusion_id>/closing")
@allow("lead")
def start_closing(exclusion_id: int) -> Any:
    """Ask for an exclusion to be closed."""
    actor, form = current_actor(), ReasonForm()
    return _then(
        exclusion_id,
        lambda: exclusions.start_closing(
            actor, exclusion_id, form.reason.data or "", pages.a_number(form.version.data, "version")
        ),
        _("A second person must confirm before it is closed. Until then it stays in force."),
    )


@bp.post("/exclusions/<int:exclusion_id>/close")
@allow("lead")
def confirm_closing(exclusion_id: int) -> Any:
    """Close an exclusion that someone else asked to be closed."""
    actor, form = current_actor(), ReasonForm()
    return _then(
        exclusion_id,
        lambda: exclusions.confirm_closing(actor, exclusion_id, pages.a_number(form.version.data, "version")),
        _("Closed."),
    )


@bp.post("/exclusions/<int:exclusion_id>/keep")
@allow("lead")
def keep(exclusion_id: int) -> Any:
    """Keep an exclusion that someone asked to be closed."""
    actor = current_actor()
    PressForm()
    return _then(exclusion_id, lambda: exclusions.keep(actor, exclusion_id), _("It stays in force."))


@bp.post("/exclusions/<int:exclusion_id>/reopen")
@allow("lead")
def reopen(exclusion_id: int) -> Any:
    """Put a closed exclusion in force again."""
    actor, form = current_actor(), ReasonForm()
    return _then(
        exclusion_id, lambda: exclusions.reopen(actor, exclusion_id, form.reason.data or ""), _("It is in force again.")
    )
