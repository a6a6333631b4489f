"""Her pages: opened from a text, used for a few minutes on any phone, gone at one tap.

Everything lies under `/a/<token>` (the neutral page that a text leads to) and `/my/` (token-free). A cookie of its own
holds the session; staff cookies are never read here. Pages work without JavaScript and weigh at most 14 KB.
"""

from __future__ import annotations

from flask import Blueprint

from scheduler.extensions import csrf

bp = Blueprint("link", __name__)

# Flask-WTF keeps its token in Flask's own session cookie, which would be one more thing left in her browser. Her forms
# carry a token derived from her session's secret instead: `visits.hers` checks it on every POST.
csrf.exempt(bp)

from scheduler.web.link import (  # noqa: E402, F401  (the views)
    afterwards,
    arriving,
    asking,
    choosing,
    confirming,
    diary,
    helping,
    languages,
    look,
    meeting,
    own,
    texting,
    visits,
)

__all__ = ["bp"]
