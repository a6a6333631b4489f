"""The app under measurement with its floors beside it. `bench.app:app` is what gunicorn serves.

Floors do the least that anybody could do for the same rows: no rule, no encryption, no audit. The measured routes call
the very services and pages of the product.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Flask, Response, g, jsonify, render_template_string, request
from sqlalchemy import Engine, event, insert, select

from scheduler import create_app
from scheduler.errors import SlotUnavailable
from scheduler.extensions import WRITES, csrf, db, limiter
from scheduler.models import Appointment, Heartbeat, Session, SessionStaff
from scheduler.services import booking, exclusions
from scheduler.services.actors import Actor
from scheduler.services.booking import Choice, Wanted
from scheduler.web.security import public

bp = Blueprint("bench", __name__, url_prefix="/bench")
RECEPTION = Actor("staff", None, "reception")
HALF = timedelta(minutes=30)
_A, _S, _SS = Appointment.__table__.c, Session.__table__.c, SessionStaff.__table__.c

_FLOOR_PAGE = """<!doctype html><title>Floor</title><table>{% for row in rows %}
<tr><td>{{ row.id }}<td>{{ row.start }}<td>{{ row.end }}<td>{{ row.state }}</tr>{% endfor %}</table>"""


@event.listens_for(Engine, "before_cursor_execute")
def _count(*_: Any) -> None:
    if g:
        g.statements = g.get("statements", 0) + 1


def _instant(name: str) -> datetime:
    return datetime.fromtimestamp(int(request.args[name]), UTC)


def _venues() -> tuple[int, ...]:
    return tuple(int(venue) for venue in request.args["venues"].split(","))


def _answer(found: list[tuple[Any, ...]]) -> Response:
    return jsonify([[session, venue, staff, int(start.timestamp())] for session, venue, staff, start in found])


@bp.get("/floor/select")
@public("A floor of the benchmark; it is never part of the product.")
def floor_select() -> str:
    """One indexed SELECT of 200 rows through SQLAlchemy Core, and a small template."""
    start = _instant("start")
    rows = db.session.execute(
        select(_A.id, _A.start, _A.end, _A.state)
        .where(_A.venue_id.in_(_venues()), _A.start >= start, _A.start < start + timedelta(days=1))
        .order_by(_A.start)
        .limit(200)
    ).all()
    return render_template_string(_FLOOR_PAGE, rows=rows)


@bp.get("/floor/search")
@public("A floor of the benchmark; it is never part of the product.")
def floor_search() -> Response:
    """A bare search: the same sessions and appointments, and free times cut without any rule."""
    start, until, venues = _instant("start"), _instant("until"), _venues()
    sessions = db.session.execute(
        select(_S.id, _S.venue_id, _S.start, _S.end, _SS.staff_id)
        .join(SessionStaff.__table__, _SS.session_id == _S.id)
        .where(_S.venue_id.in_(venues), _S.start >= start, _S.start < until, _S.cancelled_at.is_(None))
        .order_by(_S.start)
    ).all()
    taken: dict[int, list[tuple[datetime, datetime]]] = {}
    for session, begins, ends in db.session.execute(
        select(_A.session_id, _A.start, _A.end).where(
            _A.venue_id.in_(venues), _A.start >= start, _A.start < until, _A.state == "booked"
        )
    ).all():
        taken.setdefault(session, []).append((begins, ends))
    found = []
    for session, venue, opens, closes, staff in sessions:
        busy, at = taken.get(session, ()), opens
        while at + HALF <= closes:
            if not any(at < ends and begins < at + HALF for begins, ends in busy):
                found.append((session, venue, staff, at))
            at += HALF
    return _answer(found)


@bp.post("/floor/transaction")
@public("A floor of the benchmark; it is never part of the product.")
def floor_transaction() -> Response:
    """A bare transaction that writes one row."""
    db.session.connection(execution_options={WRITES: True})
    db.session.execute(
        insert(Heartbeat.__table__), {"job": secrets.token_hex(16), "at": datetime.now(UTC)}
    )
    db.session.commit()
    return jsonify([])


@bp.get("/offers")
@public("The benchmark's way to the offers service; it is never part of the product.")
def offers() -> Response:
    """`booking.offers` for one client, answered as the bare search is."""
    limit = request.args.get("limit", type=int)
    wanted = Wanted(
        int(request.args["client"]), int(request.args["type"]), _instant("start"), _instant("until"), venues=_venues()
    )
    return _answer([(o.session, o.venue, o.staff, o.start) for o in booking.offers(RECEPTION, wanted, limit)])


@bp.post("/book")
@public("The benchmark's way to the booking service; it is never part of the product.")
def book() -> Response:
    """`booking.book` of one exact time, with an idempotency key."""
    asked = request.get_json()
    start = datetime.fromtimestamp(asked["start"], UTC)
    choice = Choice(asked["client"], asked["type"], asked["session"], asked["staff"], "phone", start)
    try:
        booked = booking.book(RECEPTION, choice, key=secrets.token_hex(8))
    except SlotUnavailable:
        return jsonify({"booked": None})
    return jsonify({"booked": booked.id})


@bp.post("/exclude")
@public("The benchmark's way to the exclusions service; it is never part of the product.")
def exclude() -> Response:
    """`exclusions.record` of a named person, with the future clashes that it makes."""
    asked = request.get_json()
    details = exclusions.ExclusionDetails(
        asked["client"], tuple(asked["names"]), date_of_birth=asked["born"], separation="day"
    )
    done = exclusions.record(Actor("staff", asked["lead"], "lead"), details)
    return jsonify({"clashes": len(done.clashes), "matches": done.matches})


def _make() -> Flask:
    made = create_app({"TESTING": False})
    made.config["WTF_CSRF_ENABLED"] = False
    limiter.enabled = False
    csrf.exempt(bp)
    made.register_blueprint(bp)

    @made.after_request
    def _tell(response: Response) -> Response:
        response.headers["X-Statements"] = str(g.get("statements", 0))
        response.headers["X-Process"] = str(os.getpid())
        return response

    return made


app = _make()
