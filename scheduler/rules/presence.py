"""Who is at which place, and from when until when (SAFETY.md 1)."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from scheduler.rules.intervals import Interval


class Mode(StrEnum):
    """How an appointment is held."""

    IN_PERSON = "in-person"
    PHONE = "phone"
    VIDEO = "video"
    CHAT = "chat"


class Kind(StrEnum):
    """What a session offers: time cut for one person at a time, seats in a group, or "come when you like"."""

    ONE_TO_ONE = "one-to-one"
    GROUP = "group"
    DROP_IN = "drop-in"


class Margins(NamedTuple):
    """How long before and after their time people are about. Set per venue, 15 minutes each unless set."""

    arrive_early: timedelta
    leave_late: timedelta


USUAL_MARGINS = Margins(timedelta(minutes=15), timedelta(minutes=15))


def presence(
    mode: Mode | str, start: datetime, end: datetime, margins: Margins, window: Interval | None = None
) -> Interval | None:
    """When the client of an appointment is at the venue's site; None when it puts nobody there.

    `window` is the arrival window or drop-in that the appointment belongs to: it counts whole, from its start to its
    end plus the appointment's length.
    """
    if mode != Mode.IN_PERSON:
        return None
    if window is not None:
        start, end = window.start, window.end + (end - start)
    return Interval(start - margins.arrive_early, end + margins.leave_late)
