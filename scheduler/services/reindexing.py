"""Making everyone's keys anew after an upgrade that changed them (SAFETY.md 2): else whoever was recorded before would
not be found by whoever comes after, and be matched to nobody.

Named persons come first, so that from then on whoever is added is compared with all of them; then everyone known is
compared once more. A match that a lead decided stays as it was: nobody's details changed.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from scheduler.rules.matching import KEYS_VERSION
from scheduler.services import heartbeats
from scheduler.services.identities import keep_tokens, match_person, tokens_for
from scheduler.services.transaction import use_case
from scheduler.store import identities as store
from scheduler.store import readiness

log = structlog.get_logger("sidegate")

MARK = f"{readiness.KEYS_MARK}{KEYS_VERSION}"
#: Records of one transaction: few enough that nobody who books waits for it.
_AT_ONCE = 50


def is_done() -> bool:
    """Were everyone's keys made by this version of the rules?"""
    return readiness.has_beat(MARK)


def mark_done() -> None:
    """Everyone's keys were made by this version of the rules."""
    heartbeats.beat(MARK)


def run(step: Callable[[int, int], None] = lambda done, total: None) -> int:
    """Make everyone's keys anew and compare them, unless it was done; gives how many records. Interrupted, it begins
    again; run twice at once, it does no harm. `step` is told how many are done, of how many."""
    if is_done():
        return 0
    done, total = 0, store.how_many()
    for kind in ("named", "staff", "client"):
        after = 0
        while records := _some(kind, after):
            after = records[-1]
            done += len(records)
            step(done, total)
    mark_done()
    if done:
        log.info("everyone's keys were made anew", count=done)
    return done


@use_case
def _some(kind: str, after: int) -> list[int]:
    records = store.records(kind, after, _AT_ONCE)
    for record in records:
        who = record.identity
        if who is None:
            log.error("a record could not be read", kind=kind)
            continue
        keep_tokens(kind, record.id, tokens_for(*who, kind), store.tokens_of(kind, record.id))
        if kind != "named" and record.merged_into is None:  # in whose place the record in use is compared
            match_person(kind, record.id, *who)
    return [record.id for record in records]


__all__ = ["MARK", "is_done", "mark_done", "run"]
