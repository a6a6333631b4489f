"""How her pages look when the service has set a theme: one small style sheet more, that any page may be kept with."""

from __future__ import annotations

from typing import Any

from flask import Response, g, render_template, url_for

from scheduler.services import themes
from scheduler.services.themes import Look
from scheduler.web.link import bp
from scheduler.web.security import public


def look() -> Look | None:
    """The theme of this request's page; None while her pages look as they come. Asked for once a request."""
    if "look" not in g:
        g.look = themes.current()
    return g.look  # type: ignore[no-any-return]


@bp.app_context_processor
def _themed() -> dict[str, Any]:
    return {"her_look": look}


@bp.get("/look/<digest>.css")
@public("Colours and a picture: the same for everyone, and nothing of anyone.")
def look_sheet(digest: str) -> Response:
    """The style sheet of the theme that is set now, whatever the digest: a page that was opened before a change looks
    as the next one will."""
    theme = look() or themes.USUAL
    picture = url_for("static", filename=f"link/pictures/{theme.picture}.svg")
    answer = Response(render_template("link/look.css", c=theme.palette, picture=picture), mimetype="text/css")
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return answer
