"""Sidegate: appointments for services that support women. `create_app` is the only place where it is put together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flask import Flask

from scheduler import config, crypto, extensions


def create_app(settings: Mapping[str, Any] | None = None) -> Flask:
    """The whole application. `settings` override the environment, by name without `SIDEGATE_` (see `config.SETTINGS`);
    INSTANCE_PATH and TESTING may be among them. Raises ConfigurationError with one clear line when it must not start.
    """
    settings = dict(settings or {})
    root = Path(__file__).resolve().parent.parent
    instance = Path(settings.pop("INSTANCE_PATH", root / "instance")).resolve()
    testing = bool(settings.pop("TESTING", False))
    app = Flask(__name__, instance_path=str(instance))
    values = config.load(instance, settings)
    crypto.install(app, crypto.KeyRing.parse(values["KEYS"]))
    app.config.update({f"SIDEGATE_{name}": value for name, value in values.items()})
    postgres = values["DATABASE_URL"].startswith("postgresql")
    app.config.update(
        TESTING=testing,
        SECRET_KEY=values["SECRET_KEY"],
        SQLALCHEMY_DATABASE_URI=values["DATABASE_URL"],
        SQLALCHEMY_ENGINE_OPTIONS={
            "hide_parameters": True,  # an error's text goes to logs, and a parameter may be a name
            **({"connect_args": {"options": "-c timezone=UTC"}} if postgres else {}),
        },
        MAX_CONTENT_LENGTH=2 * 1024 * 1024,
        SESSION_COOKIE_SECURE=values["PRODUCTION"],
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        BABEL_DEFAULT_TIMEZONE=values["ZONE"],
        BABEL_DEFAULT_LOCALE="en_GB",
        BOOTSTRAP_SERVE_LOCAL=True,
        RATELIMIT_STORAGE_URI=values["REDIS_URL"] or "memory://",
        RATELIMIT_HEADERS_ENABLED=False,
    )
    extensions.db.init_app(app)
    import scheduler.models  # noqa: F401  (the tables must be known before migrations and create_all)

    extensions.migrate.init_app(app, extensions.db, directory=str(Path(__file__).parent / "migrations"))
    from scheduler import cli, web
    from scheduler.notifications import gateway, words

    gateway.check(app)
    words.check(app)
    web.init_app(app)
    cli.init_app(app)
    return app
