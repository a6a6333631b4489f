"""Where an appointment by video or web chat is held: a room of the service's own, with a name nobody can guess.

The name is derived from the appointment and when it is, so that nothing is stored, a moved one has another room, and a
cancelled one none. It is shown to her only in her session and only near the time, and to staff on the appointment's
page.
"""

from __future__ import annotations

import base64
from datetime import datetime, timedelta
from typing import Any

from flask import current_app

from scheduler.crypto import ring
from scheduler.rules.presence import Mode
from scheduler.rules.states import State

#: How long before its start the way in is there.
EARLY = timedelta(minutes=15)

_SETTING = {Mode.VIDEO: "SIDEGATE_VIDEO_URL", Mode.CHAT: "SIDEGATE_CHAT_URL"}
_HELD = frozenset({State.BOOKED, State.ARRIVED, State.CHECKED_IN})


def is_ours(mode: str) -> bool:
    """Has the service an address of its own for this way of meeting?"""
    return bool(mode in _SETTING and current_app.config[_SETTING[Mode(mode)]])


def room(row: Any) -> str | None:
    """The address of the room of this appointment (its columns, `kind` of its session too where that is known); None
    when it is not held in one. Members of an online group meet in one room."""
    if row.state not in _HELD or not is_ours(row.mode):
        return None
    whose = ["group", row.session_id] if row.staff_id is None else ["one", row.id, row.staff_id]
    parts = [str(part).encode() for part in ("room", *whose, row.mode, row.start.isoformat())]
    name = base64.b32encode(ring().seal(parts)).decode().lower()[:24]
    return f"{current_app.config[_SETTING[Mode(row.mode)]]}/{name}"


def is_near(row: Any, now: datetime) -> bool:
    """Is it time to go in: from a quarter of an hour before until its end?"""
    return bool(row.start - EARLY <= now < row.end)
