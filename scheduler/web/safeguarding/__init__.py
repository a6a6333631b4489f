"""The safety desk, for leads alone: what waits, exclusions, matches and cases. Every look is recorded."""

from flask import Blueprint

bp = Blueprint("safeguarding", __name__, url_prefix="/safety")

from scheduler.web.safeguarding import alerts, deciding, desk, recording, words  # noqa: E402, F401  (their routes)
