"""Coming in from a text, asking for a new one, and leaving at once."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for

from scheduler.errors import Invalid
from scheduler.services import links, new_links
from scheduler.web.link import bp
from scheduler.web.link.visits import COOKIE, drop_cookie, keep_cookie
from scheduler.web.security import public

log = structlog.get_logger("sidegate")


@bp.get("/a/<token>")
@public("The page that a text leads to says nothing, and looking at it changes nothing.")
def arrive(token: str) -> Any:
    """The neutral page. Previews and scanners fetch it as often as they like: only its button uses the link."""
    return _neutral(token)


def _neutral(token: str, wrong: str = "") -> Any:
    arrival = links.arrival(token)
    g.her_language = arrival.language
    page = render_template(
        "link/arrive.html", token=token, arrival=arrival, wrong=wrong, asked=request.form.get("language", "")
    )
    return make_response(page, 422 if wrong else 200)


@bp.post("/a/<token>")
@public("The token is the secret: whoever has it has the link. There is no session yet that a form could misuse.")
def open_link(token: str) -> Any:
    """Its button: the token becomes a session, and the address no longer holds it. Or one of the smaller ones: the same
    page in another language, or a new link for one that is too old."""
    if "look" in request.form:
        return _neutral(token)
    if "new" in request.form:
        new_links.ask(token)
        return render_template("link/new.html")
    try:
        cookie = links.open_session(token, request.form.get("word", ""), request.form.get("language"))
    except Invalid as wrong:
        return _neutral(token, next(iter(wrong.fields.values()), wrong.public))
    response = redirect(url_for("link.home"), 303)
    keep_cookie(response, cookie)
    return response


@bp.post("/my/leave")
@public("Leaving must work from every page, an ended session's too. All that it can do is end the caller's own.")
def leave() -> Any:
    """End the session and go to an everyday page. Nothing here may fail or wait: she may have a second."""
    # Where the page's script leaves by itself, it only says so: to be sent elsewhere too would be a second journey.
    quiet = request.form.get("quiet") == "1"
    response = Response(status=204) if quiet else redirect(current_app.config["SIDEGATE_LEAVE_URL"], 303)
    drop_cookie(response)
    # "cookies" is left out: it would clear every cookie of this host's whole domain. Ours is dropped above.
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    try:
        links.leave(request.cookies.get(COOKIE))
    except Exception as error:
        log.error("a session could not be ended", error=type(error).__name__)
    return response
