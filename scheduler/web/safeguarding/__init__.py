"""The safety desk, for leads: what waits, exclusions, matches, cases, requests, overrides and who has looked. Every
look is recorded. A manager decides on overrides here too, and a key worker sees her own client's exclusions."""

from flask import Blueprint

bp = Blueprint("safeguarding", __name__, url_prefix="/safety")

from scheduler.web.safeguarding import (  # noqa: E402  (their routes)
    alerts,  # noqa: F401
    asking,  # noqa: F401
    cases,  # noqa: F401
    deciding,  # noqa: F401
    desk,  # noqa: F401
    looking,  # noqa: F401
    merging,  # noqa: F401
    overriding,  # noqa: F401
    recording,  # noqa: F401
    words,  # noqa: F401
)
