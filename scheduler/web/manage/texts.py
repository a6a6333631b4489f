"""Texts: how many, and what became of them; and a test to one's own phone."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_limiter.util import get_remote_address
from flask_login import current_user

from scheduler.errors import Invalid
from scheduler.extensions import limiter
from scheduler.notifications import codes, trial
from scheduler.notifications.gateway import Accepted, Answer, Refused
from scheduler.services import texts as service
from scheduler.services.texts import Fate
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp, chart
from scheduler.web.security import allow, current_actor

#: A test is for finding out, not for talking: a few a day for each person, whether or not they arrive.
TESTS = "5 per day"

FATES = {
    Fate.PLANNED: lazy("Planned"), Fate.SENT: lazy("Sent, no word yet"), Fate.DELIVERED: lazy("Delivered"),
    Fate.UNDELIVERED: lazy("Not delivered"), Fate.UNSAFE: lazy("Not sent: not safe"), Fate.UNKNOWN: lazy("Unknown"),
    Fate.WITHDRAWN: lazy("No longer wanted"),
}
SPANS = {1: lazy("1 week"), 4: lazy("4 weeks"), 13: lazy("13 weeks")}


@bp.get("/texts")
@allow(*ROLES)
def texts() -> Any:
    """How many texts there were and what became of them; the way to their words; the test."""
    actor, weeks = current_actor(), _weeks()
    figures = service.figures(actor, weeks)
    return render_template(
        "manage/texts.html", weeks=weeks, spans=SPANS, fates=FATES, colours=chart.COLOURS, figures=figures, Fate=Fate,
        pages=pages, meaning_of=codes.meaning_of, test=trial.WORDS,
        has_number=service.has_number(actor), me=actor.staff_id,
    )


@bp.get("/texts/chart.svg")
@allow(*ROLES)
def texts_chart() -> Response:
    """The same numbers as a picture."""
    return Response(chart.draw(service.figures(current_actor(), _weeks()), FATES), mimetype="image/svg+xml")


def _whose_test() -> str:
    """Whose tests are counted. The limit is asked before anyone is refused, so somebody not signed in has one too."""
    return f"test-text:{current_user.id}" if current_user.is_authenticated else get_remote_address()


@bp.post("/texts/test")
@allow(*ROLES)
@limiter.limit(TESTS, key_func=_whose_test)
def test_text() -> Any:
    """Send a test text to one's own number, and say what came of it."""
    try:
        words, kind = _said(trial.send(current_actor()))
    except Invalid as error:
        words, kind = _(error.fields["phone"]), "error"
    flash(words, kind)
    return redirect(url_for("manage.texts") + "#test", 303)


def _said(answer: Answer) -> tuple[str, str]:
    """What came of a test, in words, and how they are shown."""
    if isinstance(answer, Accepted):
        return _("Accepted: the text is on its way to your phone. It should arrive within a minute or two."), "ok"
    meaning, code = codes.meaning_of(answer.outcome)
    why = _(meaning, code=code)
    if isinstance(answer, Refused):
        return _("Refused, so no text was sent. %(why)s", why=why), "error"
    return _("Unknown: look whether it arrives before you send another. %(why)s", why=why), "error"


def _weeks() -> int:
    """The span asked for. Raises Invalid."""
    typed = request.args.get("weeks")
    return 4 if typed is None else pages.a_number(typed, "weeks", 1, 13) or 0
