"""What is shown: a blueprint per kind of user. No SQL and no rules."""

from __future__ import annotations

from importlib import import_module

from flask import Flask
from flask_bootstrap import Bootstrap5

from scheduler.extensions import babel
from scheduler.web import errors, logs, pages, security

#: Each package has a blueprint `bp`, or an `init_app(app)` that registers what it needs.
BLUEPRINTS = (
    "account", "reception", "link", "outreach", "safeguarding", "waiting", "manage", "handset", "hooks", "api", "feeds",
)


def _locale() -> str:
    """Staff pages are English; hers are in the language that she reads."""
    from scheduler.web.link import languages

    return languages.locale()


def init_app(app: Flask) -> None:
    """Register security, error pages, logs and every blueprint."""
    logs.init_app(app)
    babel.init_app(app, locale_selector=_locale)
    Bootstrap5(app)
    security.init_app(app)
    errors.init_app(app)
    pages.init_app(app)
    for name in BLUEPRINTS:
        module = import_module(f"{__name__}.{name}")
        if hasattr(module, "init_app"):
            module.init_app(app)
        else:
            app.register_blueprint(module.bp)
