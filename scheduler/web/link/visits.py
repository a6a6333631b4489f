"""Whose visit this is, what every one of her pages carries, and what the browser is told with it."""

from __future__ import annotations

import gzip
import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from flask_babel import get_locale, refresh

from scheduler.errors import Invalid, LinkExpired
from scheduler.services import links
from scheduler.services.links import SESSION_LASTS, LinkVisit
from scheduler.web.link import bp
from scheduler.web.security import link_session

#: Her session's cookie: sent to her own pages and nowhere else, gone with the browser.
COOKIE, COOKIE_PATH = "my", "/my"

_WORTH_PACKING = 400


def hers(view: Callable[..., Any]) -> Callable[..., Any]:
    """The view is for her in her session and is called with her visit. A POST must carry the page's own form token.

    Raises LinkExpired when the session is over.
    """

    @link_session
    @wraps(view)
    def run(**parts: Any) -> Any:
        cookie = request.cookies.get(COOKIE)
        g.visit = visit = links.current(cookie)
        g.visit_secret = cookie
        refresh()  # the page is in her language, whatever was asked of it before she was known
        if request.method == "POST" and not _is_form_token(request.form.get("form", "")):
            raise Invalid("That form was out of date. Nothing was changed. Please go back and try again.")
        return view(visit, **parts)

    return run


def _is_form_token(sent: str) -> bool:
    return hmac.compare_digest(sent.encode(), form_token().encode())


def keyed(*parts: object) -> str:
    """A short code that only this session can make, for what a page must name without saying it."""
    words = "\0".join(str(part) for part in parts)
    key = f"{current_app.config['SECRET_KEY']}\0{g.visit_secret}".encode()
    return hmac.new(key, words.encode(), "sha256").hexdigest()[:20]


def form_token() -> str:
    """What every form of this session carries, so that no other site can send one in her name."""
    return keyed("form")


def go(endpoint: str, **parts: Any) -> Any:
    """After a POST: look at that page of hers."""
    return redirect(url_for(f"link.{endpoint}", **parts), 303)


def keep_cookie(response: Response, cookie: str) -> None:
    """Give her browser its session."""
    response.set_cookie(
        COOKIE, cookie, path=COOKIE_PATH, httponly=True, samesite="Lax",
        secure=current_app.config["SIDEGATE_PRODUCTION"],
    )


def drop_cookie(response: Response) -> None:
    """Take it back."""
    response.delete_cookie(
        COOKIE, path=COOKIE_PATH, httponly=True, samesite="Lax", secure=current_app.config["SIDEGATE_PRODUCTION"]
    )


@bp.errorhandler(LinkExpired)
def _ended(_error: LinkExpired) -> Any:
    """One page for a session that is over or never was, and one for a link that is over, unknown, revoked or never was:
    the same bytes for all of them."""
    page = "link/over.html" if request.path.startswith("/a/") else "link/ended.html"
    response = make_response(render_template(page), LinkExpired.status)
    if COOKIE in request.cookies:
        drop_cookie(response)
    return response


@bp.app_context_processor
def _shared() -> dict[str, Any]:
    """What her templates use. `visit_seconds` is how long a page may stay in view before it closes itself."""
    visit: LinkVisit | None = g.get("visit")
    return {
        "form_token": form_token if visit is not None else str,
        "visit_seconds": int(SESSION_LASTS.total_seconds()) if visit is not None else 0,
        "leave_url": current_app.config["SIDEGATE_LEAVE_URL"],
        "call_us": current_app.config["SIDEGATE_CALL_US"],
        "page_locale": get_locale,
    }


@bp.after_app_request
def _pack(response: Response) -> Response:
    """Send her pages and their stylesheet and script packed: on a bad signal every kilobyte is a second.

    A packed page lets an eavesdropper compare lengths only where a page repeats what he can choose (BREACH). Hers
    repeat nothing that comes from an address.
    """
    hers_ = request.path.startswith(("/my/", "/a/", "/static/link/"))
    packable = response.status_code != 304 and response.mimetype in (
        "text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml",
    )
    if not hers_ or not packable or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if "gzip" not in request.accept_encodings or response.status_code == 206:
        return response
    response.direct_passthrough = False
    source = response.response
    body = response.get_data()
    if hasattr(source, "close"):
        source.close()  # a file, which nobody would read again
    if len(body) >= _WORTH_PACKING:
        response.set_data(gzip.compress(body, 9, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        etag, weak = response.get_etag()
        if etag and not weak:
            response.set_etag(etag, weak=True)
    return response
