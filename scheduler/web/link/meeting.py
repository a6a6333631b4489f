"""Going in to an appointment by video or web chat: from her own page, and only near the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import redirect

from scheduler import clock
from scheduler.errors import NotFound
from scheduler.rules.presence import Mode
from scheduler.services import online
from scheduler.services.links import LinkVisit
from scheduler.web.link import bp
from scheduler.web.link.own import Own, own_appointment
from scheduler.web.link.visits import hers


@dataclass(frozen=True, slots=True)
class WayIn:
    """What her pages say of going in: `now` when the button is there, `later` when it will be; neither where the
    service has no address of its own for it and is in touch instead. `chat` where it is typed."""

    number: int
    now: bool
    later: bool
    chat: bool


@bp.app_template_global()
def way_in(own: Own) -> WayIn | None:
    """The way in to this appointment; None when it is not online."""
    if own.row.mode not in (Mode.VIDEO, Mode.CHAT):
        return None
    ours = online.room(own.row) is not None
    near = online.is_near(own.row, clock.now())
    return WayIn(own.row.own_number, ours and near, ours and not near, own.row.mode == Mode.CHAT)


@bp.get("/my/<int:number>/join")
@hers
def join(visit: LinkVisit, number: int) -> Any:
    """To the room. Its address is on no page of hers, and is given only now: one that was moved or cancelled since, or
    is not near, has none."""
    row = own_appointment(visit, number).row
    room = online.room(row)
    if room is None or not online.is_near(row, clock.now()):
        raise NotFound
    return redirect(room)
