"""Which language a page of hers is in, and the buttons that change it.

What she chose stays in her session; before there is one it goes from page to page in the form, so that neither an
address nor the browser keeps it. Staff pages are English.
"""

from __future__ import annotations

import re
from typing import Any

from flask import g, redirect, request, url_for
from werkzeug.exceptions import HTTPException

from scheduler.rules.languages import BY_CODE, LANGUAGES, Language
from scheduler.services import links
from scheduler.services.links import LinkVisit
from scheduler.web.link import bp
from scheduler.web.link.visits import hers
from scheduler.web.security import is_hers

#: Pages whose own form says the language.
_ASKED_IN = ("link.speak", "link.open_link")
_OWN_PAGE = re.compile(r"/my/[a-z0-9/]{0,40}")


def locale() -> str:
    """The locale of the page being made, for Flask-Babel."""
    return language().locale if is_hers() else "en_GB"


def language() -> Language:
    """What she just chose, or chose before in this visit, or what her record gives, or what her phone asks for."""
    visit: LinkVisit | None = g.get("visit")
    record = visit.language if visit is not None else g.get("her_language")
    for code in (_asked_for(), visit.choices.get("language") if visit is not None else None, record):
        if code in BY_CODE:
            return BY_CODE[code]
    return BY_CODE[request.accept_languages.best_match(list(BY_CODE), "en")]


def _asked_for() -> str | None:
    if request.method != "POST" or request.endpoint not in _ASKED_IN:
        return None
    try:
        return request.form.get("language")
    except HTTPException:  # a form too large to read: the page that says so must still be made
        return None


@bp.post("/my/language")
@hers
def speak(visit: LinkVisit) -> Any:
    """Go on in another language, on the same page."""
    code = request.form.get("language", "")
    if code in BY_CODE:
        links.save_choices(visit, {**visit.choices, "language": code})
    back = request.form.get("back", "")
    return redirect(back if _OWN_PAGE.fullmatch(back) else url_for("link.home"), 303)


@bp.app_context_processor
def _shared() -> dict[str, Any]:
    return {
        "languages": LANGUAGES,
        "language": language,
        "this_page": request.path if request.method == "GET" else "/my/",
    }
