"""Her own appointments: seeing, changing and cancelling one. They are named by her own count of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import render_template

from scheduler import clock
from scheduler.errors import NotFound, WrongState
from scheduler.rules.states import OPEN
from scheduler.services import booking, links
from scheduler.services.links import LinkVisit
from scheduler.store import links as store
from scheduler.web.link import bp
from scheduler.web.link.visits import go, hers
from scheduler.web.link.words import Told, places, told


@dataclass(frozen=True, slots=True)
class Own:
    """An appointment of hers that is still to come: its row, and its words."""

    row: Any
    told: Told


def own_appointments(visit: LinkVisit) -> list[Own]:
    """Hers that are still to come, the soonest first. Three queries."""
    now = clock.now()
    rows = store.coming(visit.client_id, now)
    at = places(visit, {row.venue_id for row in rows})
    names = store.first_names({row.staff_id for row in rows if row.staff_id is not None})
    return [
        Own(
            row,
            told(
                at.get(row.venue_id), row.mode, row.start, row.end, who=names.get(row.staff_id, ""),
                what=row.type_name, kind=row.kind, until=row.session_end, audience=row.audience, creche=row.creche,
                number=row.own_number,
                may_change=row.state in OPEN and now <= row.start - timedelta(minutes=row.change_until),
            ),
        )
        for row in rows
    ]


def own_appointment(visit: LinkVisit, number: int) -> Own:
    """One of hers. Raises NotFound for any other, whether it exists or not."""
    for each in own_appointments(visit):
        if each.row.own_number == number:
            return each
    raise NotFound


@bp.get("/my/<int:number>")
@hers
def appointment(visit: LinkVisit, number: int) -> Any:
    """All there is to know of one appointment."""
    asking = booking.in_request_mode(visit.client_id)
    return render_template("link/appointment.html", own=own_appointment(visit, number), asking=asking)


@bp.post("/my/<int:number>/change")
@hers
def change(visit: LinkVisit, number: int) -> Any:
    """Choose another time for it. It stays as it is until the other one is confirmed."""
    own = own_appointment(visit, number)
    if booking.in_request_mode(visit.client_id):
        return go("ask")
    if not own.told.may_change:
        raise WrongState
    links.save_choices(visit, {**visit.choices, "changing": number, "from": None, "picked": None})
    return go("times")


@bp.post("/my/keep")
@hers
def keep(visit: LinkVisit) -> Any:
    """Never mind: the appointment stays as it is."""
    links.save_choices(visit, {**visit.choices, "changing": None, "picked": None})
    return go("home")


@bp.get("/my/<int:number>/cancel")
@hers
def ask_cancel(visit: LinkVisit, number: int) -> Any:
    """Are you sure?"""
    return render_template("link/cancel.html", own=own_appointment(visit, number))


@bp.post("/my/<int:number>/cancel")
@hers
def cancel(visit: LinkVisit, number: int) -> Any:
    """Cancel it. Pressed twice, it is cancelled once."""
    mine = [each for each in own_appointments(visit) if each.row.own_number == number]
    if mine:
        booking.cancel(visit.actor, mine[0].row.id, "client-asked")
    elif visit.choices.get("cancelled") != number:
        raise NotFound
    links.save_choices(visit, {**visit.choices, "cancelled": number, "changing": None, "picked": None})
    return go("cancelled")


@bp.get("/my/cancelled")
@hers
def cancelled(visit: LinkVisit) -> Any:
    """It is cancelled; another can be chosen."""
    if visit.choices.get("cancelled") is None:
        return go("home")
    number = visit.choices["cancelled"]
    return render_template(
        "link/cancelled.html", asking=booking.in_request_mode(visit.client_id), number=number,
        said=visit.choices.get("why") == number,
    )
