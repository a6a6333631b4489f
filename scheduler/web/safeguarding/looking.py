"""The access log: who looked at which exclusion, when, and through what."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext as _

from scheduler.services import looks
from scheduler.web import pages
from scheduler.web.safeguarding import bp
from scheduler.web.safeguarding.forms import LooksForm, options
from scheduler.web.security import allow, current_actor


@bp.get("/looks")
@allow("lead")
def access_log() -> Any:
    """Looks at exclusions, the latest first, a page at a time; this look is in it too."""
    form = LooksForm(request.args)
    form.who.choices = options([("", _("Anyone")), *looks.people()])
    found = None
    if form.validate():
        found = looks.log(
            current_actor(), pages.a_number(request.args.get("before"), "before", 1), form.exclusion.data,
            _who(form.who.data), _midnight(form.since.data), _midnight(form.until.data, 1),
        )
    following = None
    if found is not None and found.following is not None:
        kept = {name: value for name in ("exclusion", "who", "since", "until") if (value := request.args.get(name))}
        following = url_for("safeguarding.access_log", **kept, before=found.following)
    page = render_template(
        "safeguarding/looks.html", form=form, looks=found.looks if found else (), following=following,
        is_later="before" in request.args,
    )
    return page, 200 if found is not None else 422


def _who(typed: str | None) -> tuple[str, int] | None:
    kind, _colon, number = (typed or "").partition(":")
    return (kind, int(number)) if kind in ("staff", "token") and number.isdecimal() and len(number) < 16 else None


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    if day is None or not 1900 <= day.year <= 2199:
        return None
    return datetime.combine(day + timedelta(days=later), time(), pages.service_zone())
