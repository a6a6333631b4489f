"""The reception desk: the day board, clients, and booking for them."""

from flask import Blueprint

bp = Blueprint("reception", __name__, url_prefix="/reception")

from scheduler.web.reception import appointments, clients, day, door, replies, safe, telling  # noqa: E402, F401  (routes)
