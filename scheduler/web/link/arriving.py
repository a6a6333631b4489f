"""Coming in from a text, and leaving at once."""

from __future__ import annotations

from typing import Any

import structlog
from flask import Response, current_app, redirect, render_template, request, url_for

from scheduler.errors import LinkExpired
from scheduler.services import links
from scheduler.web.link import bp
from scheduler.web.link.visits import COOKIE, drop_cookie, keep_cookie
from scheduler.web.security import public

log = structlog.get_logger("sidegate")


@bp.get("/a/<token>")
@public("The page that a text leads to says nothing, and looking at it changes nothing.")
def arrive(token: str) -> Any:
    """The neutral page. Previews and scanners fetch it as often as they like: only its button uses the link."""
    if not links.is_live(token):
        raise LinkExpired
    return render_template("link/arrive.html", token=token)


@bp.post("/a/<token>")
@public("The token is the secret: whoever has it has the link. There is no session yet that a form could misuse.")
def open_link(token: str) -> Any:
    """The button: the token becomes a session, and the address no longer holds it."""
    cookie = links.open_session(token)
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
