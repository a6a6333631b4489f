"""The settings that tests give an app: whole, so that nothing of a developer's own installation is read."""

import base64
import sqlite3
from typing import Any

from flask import Flask
from sqlalchemy import Engine, event

Settings = dict[str, Any]

# Known keys, so that a stored value can be compared between processes of one test.
KEYS = f"1={base64.b64encode(bytes(range(32))).decode()},index={base64.b64encode(bytes(range(32, 64))).decode()}"

# Flask's own settings, which no installation may change: they are set on the app once it is made.
FOR_TESTS_ALONE = {"WTF_CSRF_ENABLED": False, "RATELIMIT_ENABLED": False}


def settings_for(database_url: str, instance_path: str, **changed: Any) -> Settings:
    """Settings of an app that a test calls directly: no CSRF token and no rate limit, unless `changed` says so."""
    return {
        "TESTING": True,
        "DATABASE_URL": database_url,
        "INSTANCE_PATH": instance_path,
        "KEYS": KEYS,
        "SECRET_KEY": "a secret of the tests, of more than thirty-two characters",
        "PUBLIC_URL": "http://localhost",
        "SMS_GATEWAY": "handset",
        **FOR_TESTS_ALONE,
        **changed,
    }


def _lost_with_the_power(connection: Any, _record: Any) -> None:
    """As for PostgreSQL: a test's rows need not outlast the machine. Each commit would wait for the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


def make_application(settings: Settings) -> Flask:
    """An app of these settings. The rate limiter is one object for all apps of a process: the last app made sets it."""
    from scheduler import create_app
    from scheduler.extensions import limiter

    if not event.contains(Engine, "connect", _lost_with_the_power):
        event.listen(Engine, "connect", _lost_with_the_power)  # after the app's own, which is there by now
    app = create_app({name: value for name, value in settings.items() if name not in FOR_TESTS_ALONE})
    app.config.update({name: settings[name] for name in FOR_TESTS_ALONE if name in settings})
    limiter.enabled = bool(settings.get("RATELIMIT_ENABLED", True))
    return app
