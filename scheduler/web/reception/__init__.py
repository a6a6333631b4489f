"""The reception desk: the day board, clients, and booking for them."""

from flask import Blueprint

bp = Blueprint("reception", __name__, url_prefix="/reception")

from scheduler.web.reception import (  # noqa: E402, F401  (routes)
    appointments,
    ask_again,
    asks,
    clients,
    day,
    door,
    link_word,
    replies,
    safe,
    telling,
    waiting,
)
