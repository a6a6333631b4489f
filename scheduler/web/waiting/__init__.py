"""What waits for one person: her own clients who are to be met another way, until someone says what was done."""

from flask import Blueprint

bp = Blueprint("waiting", __name__, url_prefix="/waiting")

from scheduler.web.waiting import views  # noqa: E402, F401  (its routes)
