"""What Twilio calls: receipts of texts, and texts that come in. Public, and believed only with Twilio's signature."""

from __future__ import annotations

from flask import Blueprint

from scheduler.extensions import csrf

bp = Blueprint("hooks", __name__, url_prefix="/hooks")
# No browser of a signed-in person is meant to come here: the signature, not a form token, says who is calling.
csrf.exempt(bp)

from scheduler.web.hooks import views  # noqa: E402, F401  (the routes)
