"""Who may use each route, who is asking, and what every answer tells the browser.

A view says who may use it with `allow`, `public` or `link_session`; one that says nothing is refused to everyone, so
that a forgotten declaration shows at once and opens nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import current_user
from flask_talisman import Talisman
from werkzeug.middleware.proxy_fix import ProxyFix

from scheduler.errors import NotAllowed, NotFound
from scheduler.extensions import csrf, limiter, login
from scheduler.services import staff
from scheduler.services.actors import STAFF_ROLES, Actor

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "sidegate_access"

#: What a browser could do for a page and no page here needs.
UNUSED = (
    "accelerometer", "browsing-topics", "camera", "display-capture", "geolocation", "gyroscope", "magnetometer",
    "microphone", "payment", "usb",
)


@dataclass(frozen=True, slots=True)
class Access:
    """Who may use a view: staff of these roles, everyone (and why), or a woman in the session that her link began."""

    kind: str
    roles: frozenset[str] = field(default=frozenset())
    reason: str = ""


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        setattr(view, _MARK, access)
        return view

    return mark


def allow(*roles: str) -> Callable[[View], View]:
    """The view is for signed-in staff of these roles, or under `/api` for a token of one. Put it below the route.

    It says only who gets to the view; what they may do there is decided by the service, from `services.actors`.
    """
    unknown = set(roles) - STAFF_ROLES
    if unknown or not roles:
        raise ValueError(f"no such role: {sorted(unknown)}")
    return _declare(Access("roles", frozenset(roles)))


def public(reason: str) -> Callable[[View], View]:
    """The view is open to anyone, for this reason. It checks whatever else it needs itself: a signature, a token."""
    return _declare(Access("public", reason=reason))


def link_session(view: View) -> View:
    """The view is for a woman in the short session that her link began; `web.link` looks that session up."""
    return _declare(Access("link"))(view)


def declared(app: Flask, endpoint: str, method: str) -> Access | None:
    """What the view at `endpoint` declares for `method`; None when it declares nothing."""
    if endpoint == "static" or endpoint.endswith(".static"):
        return Access("public", reason="Stylesheets, scripts and images say nothing about anyone.")
    view = app.view_functions[endpoint]
    found = getattr(view, _MARK, None)
    view_class = getattr(view, "view_class", None)
    if found is None and view_class is not None:
        handler = getattr(view_class, method.lower(), None)
        found = getattr(handler, _MARK, None) or getattr(view_class, _MARK, None)
    return found if isinstance(found, Access) else None


def current_actor() -> Actor:
    """Who is asking. Raises NotAllowed when nobody is signed in (and no valid token came with the request)."""
    found = _actor()
    if found is None:
        raise NotAllowed
    return found


def wants_json() -> bool:
    """True for the API, whose errors are problem+json, whoever asks."""
    return request.path == "/api" or request.path.startswith("/api/")


def _actor() -> Actor | None:
    if "actor" not in g:
        g.actor = _token_actor() if wants_json() else _staff_actor()
    actor: Actor | None = g.actor
    return actor


def _token_actor() -> Actor | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return staff.token_actor(token.strip()) if scheme.lower() == "bearer" and token.strip() else None


def _staff_actor() -> Actor | None:
    return Actor("staff", current_user.id, current_user.role) if current_user.is_authenticated else None


# --- signing in -------------------------------------------------------------------------------------------------------


def cookie_name() -> str:
    """The sign-in cookie. Its name says nothing; `__Host-` ties it to this very host where there is https."""
    return "__Host-desk" if current_app.config["SIDEGATE_PRODUCTION"] else "desk"


def keep_signed_in(response: Response, token: str) -> None:
    """Give the browser the random token of its sign-in. It ends with the browser, and on the server sooner."""
    response.set_cookie(
        cookie_name(), token, httponly=True, samesite="Lax", secure=current_app.config["SIDEGATE_PRODUCTION"], path="/"
    )


def forget(response: Response) -> None:
    """Take the sign-in cookie back, and whatever else this site left in the browser."""
    response.delete_cookie(
        cookie_name(), httponly=True, samesite="Lax", secure=current_app.config["SIDEGATE_PRODUCTION"], path="/"
    )


def local_path(wanted: str | None) -> str | None:
    """`wanted` if it is a path on this site, None otherwise: a crafted `next` must not lead anyone elsewhere."""
    if not wanted or not wanted.startswith("/") or wanted.startswith(("//", "/\\")) or "\\" in wanted:
        return None
    parts = urlsplit(wanted)
    if parts.scheme or parts.netloc or any(ord(letter) < 32 for letter in wanted):
        return None
    return wanted


# --- on every request -------------------------------------------------------------------------------------------------


def _authorise() -> Any:
    if request.endpoint is None:
        return None  # no such page; the 404 comes next
    method = "GET" if request.method in ("HEAD", "OPTIONS") else request.method
    access = declared(current_app, request.endpoint, method)
    if access is None:
        raise NotAllowed
    if access.kind != "roles":
        return None
    actor = _actor()
    if actor is None:
        if wants_json():
            return _unauthorised()
        if request.method == "GET":
            return redirect(url_for("account.sign_in", next=request.full_path.rstrip("?")))
        return redirect(url_for("account.sign_in"))
    if actor.role not in access.roles:
        raise NotAllowed
    return None


def _unauthorised() -> Response:
    from scheduler.web.errors import problem

    response = problem(401, "not-signed-in", "A valid token is needed.")
    response.headers["WWW-Authenticate"] = 'Bearer realm="api"'
    return response


#: What a browser may keep besides the files of `static/`: it says nothing of anyone, and its address changes with it.
_KEPT = frozenset({"link.look_sheet"})


def _last_headers(response: Response) -> Response:
    static = request.endpoint == "static" or (request.endpoint or "").endswith(".static")
    if not static and request.endpoint not in _KEPT:
        response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    policy = response.headers.get("Content-Security-Policy")
    if policy and is_hers():
        # Her leave-now form ends on an everyday page, and a browser applies `form-action` to where the answer leads.
        # That page may have moved to another host since it was chosen: any https one, or she would be left here.
        response.headers["Content-Security-Policy"] = policy.replace("form-action 'self'", f"form-action {_leaving()}")
    return response


def is_hers() -> bool:
    """True for the pages that a woman opens by her link, which have their own looks and the leave-now button."""
    return request.path.startswith(("/my/", "/a/"))


def _leaving() -> str:
    parts = urlsplit(str(current_app.config["SIDEGATE_LEAVE_URL"]))
    return f"'self' https: {parts.scheme}://{parts.netloc}"


def content_policy() -> dict[str, str]:
    """What a page may load: nothing, but for this site's own files. No inline script, no inline style.

    `data:` images are Bootstrap's own arrows and ticks.
    """
    return {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


def init_app(app: Flask) -> None:
    """Headers, CSRF, limits, sign-in and the check of every route's declaration."""
    app.after_request(_last_headers)  # registered first, so that it has the last word
    production = app.config["SIDEGATE_PRODUCTION"]
    proxies = int(app.config.get("SIDEGATE_PROXIES") or 0)
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=0)  # type: ignore[method-assign]
    # no-referrer means that no Referer comes with a form, so the check of it over https would refuse every form.
    app.config.setdefault("WTF_CSRF_SSL_STRICT", False)
    app.config.setdefault("WTF_CSRF_TIME_LIMIT", None)
    app.config.setdefault("SEND_FILE_MAX_AGE_DEFAULT", 3600)
    # Said outright, or the limiter takes over what the last app in this process had.
    app.config.setdefault("RATELIMIT_ENABLED", True)
    Talisman(
        app,
        force_https=production,
        strict_transport_security=production,
        strict_transport_security_max_age=31536000,
        session_cookie_secure=production,
        session_cookie_http_only=True,
        session_cookie_samesite="Lax",
        frame_options="DENY",
        referrer_policy="no-referrer",
        content_security_policy=content_policy(),
        permissions_policy=dict.fromkeys(UNUSED, "()"),
    )
    login.init_app(app)
    login.session_protection = None  # the sign-in is a row of ours, not Flask's session
    login.request_loader(lambda req: staff.principal(req.cookies.get(cookie_name())))
    limiter.init_app(app)
    app.before_request(_authorise)
    csrf.init_app(app)


__all__ = [
    "Access", "NotFound", "allow", "cookie_name", "current_actor", "declared", "forget", "init_app", "is_hers",
    "keep_signed_in", "link_session", "local_path", "public", "wants_json",
]
