"""The JSON API: everything that the pages do, through the same services, with the same refusals."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, json

from scheduler.errors import InTheWay, MayBeHere
from scheduler.extensions import csrf, limiter
from scheduler.web.api import (
    appointments,
    base,
    clients,
    desk,
    exclusions,
    feeds,
    links,
    offers,
    requests,
    series,
    sessions,
    staff,
    types,
    venues,
    waiting,
)
from scheduler.web.api.places import known_blockers
from scheduler.web.errors import problem
from scheduler.web.security import public

RESOURCES = (
    venues.bp, types.bp, staff.bp, sessions.bp, series.bp, clients.bp, offers.bp, appointments.bp, requests.bp,
    links.bp, exclusions.bp, feeds.bp, desk.bp, waiting.bp,
)


def _in_the_way(error: InTheWay) -> Response:
    """The list of what is in the way, as far as this token may know of it."""
    appointment_ids, session_ids = known_blockers(error)
    answer = problem(error.status, error.code, error.public)
    body = {**json.loads(answer.get_data()), "appointments": appointment_ids, "sessions": session_ids}
    answer.set_data(json.dumps(body))
    return answer


def _may_be_here(error: MayBeHere) -> Response:
    """The clients to look at before another record is made."""
    answer = problem(error.status, error.code, error.public)
    answer.set_data(json.dumps({**json.loads(answer.get_data()), "clients": list(error.clients)}))
    return answer


for _bp in RESOURCES:
    csrf.exempt(_bp)  # a bearer token is never sent by a browser on its own, and the sign-in cookie is not read
    limiter.limit(lambda: base.RATE, key_func=base.caller)(_bp)
    _bp.register_error_handler(InTheWay, _in_the_way)
    _bp.register_error_handler(MayBeHere, _may_be_here)


def init_app(app: Flask) -> None:
    """Register every resource and the description of them all."""
    api = base.describe(app)
    for bp in RESOURCES:
        api.register_blueprint(bp)
    description = json.dumps(api.spec.to_dict())
    docs = Blueprint("api-description", __name__, url_prefix="/api/v1")

    @docs.get("/openapi.json")
    @public("The description of the API tells nothing about anyone.")
    def openapi() -> Response:
        return Response(description, content_type="application/json")

    app.register_blueprint(docs)
