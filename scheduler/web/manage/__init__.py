"""Managing: venues and their opening times, closures, staff accounts, and the tokens of the API and of calendars."""

from flask import Blueprint

bp = Blueprint("manage", __name__, url_prefix="/manage")

ROLES = ("manager",)

from scheduler.web.manage import (  # noqa: E402, F401  (their routes)
    hours,
    message_words,
    people,
    places,
    reports,
    texts,
    theme,
    tokens,
)
