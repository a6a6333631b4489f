"""The texts of the local handset gateway, shown as on phones. For demonstrations and training: never in production."""

from __future__ import annotations

from flask import Blueprint, Flask

bp = Blueprint("handset", __name__, url_prefix="/handset")

from scheduler.web.handset import views  # noqa: E402, F401  (the routes)


def init_app(app: Flask) -> None:
    """Register the page, unless texts here are real: then it does not exist."""
    if not app.config["SIDEGATE_PRODUCTION"] and app.config["SIDEGATE_SMS_GATEWAY"] == "handset":
        app.register_blueprint(bp)
