"""Calendar feeds, at addresses that are their own secret."""

from __future__ import annotations

from flask import Blueprint, Response, request

from scheduler.calendars import feeds
from scheduler.errors import NotFound
from scheduler.web.security import public

bp = Blueprint("feeds", __name__)


@bp.get("/calendar/<string(maxlength=200):token>.ics")
@public("A calendar program cannot sign in: the secret is in the address, and can be ended by itself.")
def calendar(token: str) -> Response:
    """A worker's, a venue's or a partner's feed. An address that never was and one that has ended answer the same."""
    body = feeds.feed(token)
    if body is None:
        raise NotFound
    response = Response(body, content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = 'inline; filename="calendar.ics"'
    response.add_etag()
    return response.make_conditional(request)
