"""When a session changes under its appointments: they are cancelled or taken along. Reached as `services.booking`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scheduler import clock
from scheduler.errors import InTheWay, NotFound, SlotUnavailable
from scheduler.notifications import planning
from scheduler.rules import slots, states
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, presence
from scheduler.services import audit
from scheduler.services.actors import Actor
from scheduler.services.asking import asker_for, failing_closed, place_admits
from scheduler.services.booking.one import cancelled_by
from scheduler.services.booking.records import change
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store.diary import Held


@use_case
def cancel_for_session(actor: Actor, session_id: int, reason: str = "worker-away") -> list[int]:
    """Cancel every appointment of a session that is still to come, telling each woman as she may be told. Gives their
    ids. Called by `services.sessions` in its own transaction."""
    cancelled = []
    for row in diary.standing_in(session_id):
        if row.state in states.OPEN:
            cancelled_by(actor, row, reason)
            cancelled.append(row.id)
    return cancelled


@use_case
def session_moved(actor: Actor, session_id: int, by: timedelta) -> list[int]:
    """Take a session's open appointments along after the session itself was changed in the same transaction (its time
    by `by`, its venue, audience, modes or workers), asking every rule about each. Gives the ids of those that changed.

    Raises InTheWay with the ids of the appointments that cannot come along; nothing is changed then.
    """
    held = diary.session(session_id)
    if held is None:
        raise NotFound
    standing, now = diary.standing_in(session_id), clock.now()
    coming = [(row, *_new_times(held, row, by)) for row in standing if row.state in states.OPEN]
    # Whoever is here already stays where they are, and must still be allowed there (SAFETY.md 9.2).
    here = [
        (row, row.start, row.end) for row in standing
        if row.state not in states.OPEN and (row.present_until or row.end) > now
    ]
    # First all are taken along and then each is asked about, so that they are compared where they will be, not where
    # they were. A refusal undoes the whole transaction.
    changed = [row.id for row, start, end in coming if _take_along(held, row, start, end)]
    blocked = [row.id for row, start, end in (*coming, *here) if not _comes_along(actor, held, row, start, end)]
    if blocked:
        raise InTheWay(blockers=tuple(blocked))
    if changed:
        audit.record(actor, "session-moved", "session", session_id, appointments=changed)
    return changed


def _new_times(held: Held, row: Any, by: timedelta) -> tuple[datetime, datetime]:
    if held.opening.kind is Kind.GROUP:
        return held.opening.span
    return row.start + by, row.end + by


def _comes_along(actor: Actor, held: Held, row: Any, start: datetime, end: datetime) -> bool:
    opening, person = held.opening, diary.client(row.client_id)
    one_to_one = opening.kind is Kind.ONE_TO_ONE
    if person is None or row.type_id not in held.types or (one_to_one and row.staff_id not in opening.staff):
        return False
    if one_to_one and not opening.span.contains(Interval(start, end)):
        return False
    try:
        with failing_closed():
            asker = asker_for(person, [opening], Interval(start, end), row.id)
            return (
                place_admits(actor, held, person.id, row.mode, start, end)
                and slots.admits_session(asker, opening, row.mode)
                and slots.admits_time(asker, opening, row.mode, row.staff_id, start, end)
            )
    except SlotUnavailable:
        return False


def _take_along(held: Held, row: Any, start: datetime, end: datetime) -> bool:
    """Give an appointment its session's new time and place. True when something changed for her."""
    opening = held.opening
    window = opening.span if opening.kind is Kind.DROP_IN else None
    present = presence(row.mode, start, end, opening.margins, window)
    columns = {
        "venue_id": opening.venue,
        "site_id": opening.site,
        "start": start,
        "end": end,
        "busy_from": start - (row.start - row.busy_from),
        "busy_until": end + (row.busy_until - row.end),
        "present_from": present.start if present else None,
        "present_until": present.end if present else None,
    }
    if all(getattr(row, name) == value for name, value in columns.items()):
        return False
    changed = change(row, **columns)
    planning.plan(
        "moved", appointment_id=row.id, client_id=row.client_id, start=start, version=changed.version, now=clock.now()
    )
    return True
