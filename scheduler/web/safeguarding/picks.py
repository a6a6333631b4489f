"""An exact time as one button stands for it: which session, worker, way and moment."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from flask_babel import gettext as _

from scheduler.errors import Invalid
from scheduler.rules.slots import Offer
from scheduler.services.booking import ALL_MODES
from scheduler.web import pages


class Pick(NamedTuple):
    """A time that was picked, as it came back."""

    session: int
    staff: int | None
    mode: str
    start: datetime


def code(offer: Offer) -> str:
    """What a button carries for this offer."""
    return f"{offer.session}.{offer.staff or ''}.{offer.mode}.{pages.stamp(offer.start)}"


def read(typed: str | None) -> Pick:
    """The time that a button stands for. Raises Invalid when it cannot be read."""
    parts = (typed or "").split(".", 3)
    if len(parts) != 4 or parts[2] not in ALL_MODES:
        raise Invalid(pick=_("Choose a time from the list."))
    session = pages.a_number(parts[0], "pick", 1)
    if session is None:
        raise Invalid(pick=_("Choose a time from the list."))
    start = pages.a_moment(parts[3], "pick").astimezone(UTC)
    return Pick(session, pages.a_number(parts[1], "pick", 1), parts[2], start)
