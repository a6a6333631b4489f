"""Writing down what she could choose from and what came of it. Never in her way: what goes wrong is only logged."""

from __future__ import annotations

from typing import Any

import structlog

from scheduler.rules.audience import Audience
from scheduler.services import choices
from scheduler.services.choices import Asked, Took
from scheduler.services.links import LinkVisit
from scheduler.web.link.wishes import Wishes

log = structlog.get_logger("sidegate")


def asked_of(wish: Wishes) -> Asked:
    """What she said she would have."""
    when = bool(wish.days) or wish.time != "any" or wish.usual is not None
    return Asked(
        bool(wish.how) or wish.shape != "any", bool(wish.where) or wish.step_free, when, wish.who != "any",
        wish.women_only, wish.children > 0,
    )


def nothing(visit: LinkVisit, wish: Wishes) -> int | None:
    """She looked, and there was no time as she wishes."""
    return _note(visit, wish.type_id, "nothing", asked_of(wish))


def waiting(visit: LinkVisit, wish: Wishes) -> int | None:
    """She waits for a time."""
    return _note(visit, wish.type_id, "waiting", asked_of(wish))


def asked(visit: LinkVisit, type_id: int, how: str, where: int) -> int | None:
    """In request mode: times were asked for, in a way and at a place that may have been chosen."""
    return _note(visit, type_id, "asked", Asked(bool(how), bool(where)))


def booked(visit: LinkVisit, picked: dict[str, Any]) -> int | None:
    """She booked it, or changed to it."""
    took = Took(picked["mode"], picked["staff"], picked["audience"] == Audience.WOMEN)
    outcome = "moved" if picked["changing"] is not None else "booked"
    return _note(visit, picked["type"], outcome, Asked(**picked["asked"]), took)


def _note(visit: LinkVisit, type_id: int, outcome: str, said: Asked, took: Took | None = None) -> int | None:
    earlier = visit.choices.get("noted")
    try:
        return choices.note(visit.actor, visit.client_id, type_id, outcome, said, took, earlier)
    except Exception as error:
        log.error("a choice could not be noted", error=type(error).__name__)
        return earlier

