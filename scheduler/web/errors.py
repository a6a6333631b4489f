"""What someone sees when something is refused or goes wrong: one sentence, its status, and never a detail."""

from __future__ import annotations

import traceback
from typing import Any

import structlog
from flask import Flask, Response, current_app, g, json, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException, TooManyRequests

from scheduler.errors import Merged, SidegateError
from scheduler.extensions import login
from scheduler.web.security import is_hers, wants_json

log = structlog.get_logger("sidegate")

#: What is said for an HTTP error that is not one of ours.
SENTENCES = {
    400: "That request could not be read.",
    403: "You do not have permission to do that.",
    404: "We could not find that.",
    405: "That cannot be done here.",
    413: "That is too large.",
    415: "That kind of content is not accepted here.",
    422: "Please check what you typed.",
    429: "Too many tries. Please wait a few minutes.",
    500: "Something went wrong. Nothing was changed. Please try again.",
}


def problem(status: int, code: str, sentence: str, fields: dict[str, str] | None = None) -> Response:
    """A problem+json answer (RFC 9457)."""
    body: dict[str, Any] = {"type": f"urn:sidegate:{code}", "title": sentence, "status": status, "code": code}
    if fields:
        body["fields"] = fields
    return Response(json.dumps(body), status=status, content_type="application/problem+json")


def error_page(status: int, sentence: str, code: str = "error", fields: dict[str, str] | None = None) -> Any:
    """The answer to whoever asked, as a page or as problem+json."""
    if wants_json():
        return problem(status, code, sentence, fields)
    # A woman on her link gets the leave-now button on an error too, and nothing that looks like an office.
    template = "link/error.html" if is_hers() else "errors/error.html"
    return render_template(template, status=status, sentence=_(sentence), fields=fields or {}), status


def _refused(error: SidegateError) -> Any:
    return error_page(error.status, error.public, error.code, dict(error.fields))


def _merged(error: Merged) -> Any:
    """A page about a record that was merged leads to the same page about the record in use; anything else is gone."""
    asked = request.view_args or {}
    mine = [name for name in ("client_id", "keep_id", "gone_id") if asked.get(name) == error.gone]
    if wants_json() or is_hers() or request.method != "GET" or not mine or request.endpoint is None:
        return _refused(error)
    return redirect(url_for(request.endpoint, **{**asked, **dict.fromkeys(mine, error.into)}))


def _csrf(_error: CSRFError) -> Any:
    return error_page(400, "This page was open for too long. Please go back and try again.", "form-expired")


def _http(error: HTTPException) -> Any:
    if error.response is not None or error.code is None or error.code < 400:
        return error
    code = error.code
    answer = current_app.make_response(
        error_page(code, SENTENCES.get(code, "That could not be done."), f"http-{code}")
    )
    if isinstance(error, TooManyRequests):
        answer.headers["Retry-After"] = "300"
    for name, value in error.get_headers():
        if name.lower() in ("allow", "retry-after"):
            answer.headers[name] = value
    return answer


def _unexpected(error: Exception) -> Any:
    """A fault of ours. The log gets its kind and place, never its text: that may hold a name or a number."""
    if current_app.testing or current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    log.error(
        "request failed",
        error=type(error).__name__,
        endpoint=request.endpoint,
        where=[f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in frames],
    )
    if not hasattr(g, "_login_user"):  # the page must not ask a database that may be the very thing that failed
        g._login_user = login.anonymous_user()
    return error_page(500, SENTENCES[500], "failed")


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(SidegateError, _refused)
    app.register_error_handler(Merged, _merged)
    app.register_error_handler(CSRFError, _csrf)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)
