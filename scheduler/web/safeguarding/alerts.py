"""Saying what was done about someone who came in, which takes the alert off the desk."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, WrongState
from scheduler.services import alerts
from scheduler.web.safeguarding import bp
from scheduler.web.security import allow, current_actor


@bp.post("/alerts/<int:alert_id>/settle")
@allow("lead")
def settle_alert(alert_id: int) -> Any:
    """Keep what was done, and take the alert off the desk."""
    try:
        alerts.settle(current_actor(), alert_id, request.form.get("done"))
    except (Invalid, WrongState) as refused:
        words = " ".join(str(_(each)) for each in refused.fields.values()) or str(_(refused.public))
        flash(words, "error")
    else:
        flash(_("Saved."), "ok")
    return redirect(url_for("safeguarding.home"), 303)
