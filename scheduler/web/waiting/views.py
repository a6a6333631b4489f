"""The page of her worker: whom to meet another way, and saying what was done. It never says who else is there."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, WrongState
from scheduler.services import alerts, escalation
from scheduler.services.actors import STAFF_ROLES
from scheduler.web.security import allow, current_actor
from scheduler.web.waiting import bp


@bp.get("/")
@allow(*STAFF_ROLES)
def mine() -> Any:
    """Everything that waits for whoever is signed in. The look is recorded."""
    return render_template("waiting/mine.html", waits=escalation.hers(current_actor()))


@bp.post("/<int:alert_id>")
@allow(*STAFF_ROLES)
def done(alert_id: int) -> Any:
    """Keep what was done, which takes it off every page."""
    try:
        alerts.settle(current_actor(), alert_id, request.form.get("done"))
    except Invalid as refused:
        flash(" ".join(str(_(each)) for each in refused.fields.values()), "error")
    except WrongState:
        flash(_("Someone else has said it already."))
    else:
        flash(_("Saved."))
    return redirect(url_for("waiting.mine"), 303)
