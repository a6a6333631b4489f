"""The nightly sweep: every clash is worked out again from nothing, and the safety queue set right (SAFETY.md 6).

It reads some exclusions, and then some clients, at a time, each outside any writing transaction: its memory does not
grow with the data, and nobody who books waits for it. Only about what differs does it write.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from scheduler import clock
from scheduler.extensions import db
from scheduler.services import cases
from scheduler.store import cases as case_store

log = structlog.get_logger("sidegate")

#: How many are read at a time. An exclusion brings its named person's every match, a client only herself.
EXCLUSIONS, CLIENTS = 100, 1000

KEPT_APART, ALONE = "people kept apart", "women-only times and refuges"

Step = Callable[[str, int, int], None]


class Swept(NamedTuple):
    """How many clashes the queue lacked, each of which is an alarm, and how many of its cases were out of date."""

    missing: int
    closed: int


def run(step: Step = lambda *_: None) -> Swept:
    """Recompute every clash and bring the queue up to date. `step` is told what is being swept, how much of it is done
    and how much there is.

    A clash that the queue lacked is an alarm: something changed without asking for its cases. The alarm is raised as
    soon as its case is open, so that it is not lost when the sweep is stopped half-way.
    """
    opened = closed = 0
    exclusions, clients = case_store.to_sweep(clock.now())
    db.session.rollback()
    for what, everyone, many in ((KEPT_APART, exclusions, EXCLUSIONS), (ALONE, clients, CLIENTS)):
        for low in range(0, len(everyone), many):
            step(what, low, len(everyone))
            some = everyone[low : low + many]
            done = _some(some, ()) if what == KEPT_APART else _some((), some)
            opened, closed = opened + done.opened, closed + done.closed
        step(what, len(everyone), len(everyone))
    return Swept(opened, closed)


def _some(exclusions: Sequence[int], clients: Sequence[int]) -> cases.Refreshed:
    found = {each.subject: each for each in cases.find(exclusions, clients)}
    queued = {case.subject: case for case in case_store.cases(exclusions, clients) if case.closed_at is None}
    missing = [each for subject, each in found.items() if subject not in queued]
    stale = [
        case.id for subject, case in queued.items()
        if subject not in found or found[subject].due_at != case.due_at
    ]
    if not missing and not stale:
        db.session.rollback()
        return cases.Refreshed(0, 0)
    about, whose = case_store.parties(stale, [each.appointment for each in missing if each.appointment is not None])
    about |= {each.exclusion for each in missing if each.exclusion is not None}
    db.session.rollback()
    done = cases.settle(about & set(exclusions), whose & set(clients))
    if done.opened:
        log.error("clashes were missing from the safety queue", count=done.opened)
    return done
