"""May this client have this exact time? Every rule asked at once, for every way in. For `services.booking` alone."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from scheduler import clock
from scheduler.errors import Invalid, SlotUnavailable
from scheduler.rules import slots
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, presence
from scheduler.rules.slots import Length, Opening
from scheduler.services.actors import Actor
from scheduler.services.asking import asker_for, failing_closed, length_of, place_admits
from scheduler.services.booking.records import Choice
from scheduler.store import diary, separation

#: Staff may still write down a booking for a session that began this long ago: a walk-in, a late note.
LATE_NOTE = timedelta(hours=12)


def admit(
    actor: Actor, choice: Choice, but_not: int | None = None, *, any_time: bool = False, overriding: bool = False
) -> dict[str, Any]:
    """Ask every rule about one exact time. Gives the columns of the appointment, or raises SlotUnavailable.

    `but_not` is the appointment that is being moved or brought back; `any_time` allows a time that has passed.
    `overriding` asks every rule but whom she is kept from, which two people have decided on (SAFETY.md 5).
    """
    if choice.start.tzinfo is None or choice.creche < 0:
        raise Invalid(start="Give the time with its zone, and no fewer than no children.")
    with failing_closed():
        held = diary.session(choice.session_id)
    both = diary.client_and_type(choice.client_id, choice.type_id)
    if both is None:
        raise SlotUnavailable
    person, kind = both
    if not person.active or not kind.active:
        raise SlotUnavailable
    if not any_time:
        # A length that the type does not allow is told before anything is said of the session: otherwise a session at
        # a refuge would be told from one that does not exist (SAFETY.md 7).
        length_of(kind, choice.minutes)
    if held is None:
        raise SlotUnavailable
    opening = held.opening
    if opening.kind is Kind.GROUP:
        length = Length(opening.span.end - opening.span.start)
    else:
        length = length_of(kind, choice.minutes)
    start, end = choice.start, choice.start + length.length
    if choice.type_id not in held.types or not _in_time(actor, kind, start, end, any_time):
        raise SlotUnavailable
    if actor.kind == "client" and (not kind.self_service or person.request_mode or separation.is_named(person.id)):
        raise SlotUnavailable
    with failing_closed():
        asker = asker_for(person, [opening], Interval(start, end), but_not, overriding=overriding)
        if not (
            place_admits(actor, held, person.id, choice.mode, start, end)
            and slots.admits_session(asker, opening, choice.mode)
            and slots.admits_time(asker, opening, choice.mode, choice.staff_id, start, end)
            and slots.fits(
                opening, length, diary.taken_in(opening.session, but_not), choice.staff_id, start, choice.creche
            )
        ):
            raise SlotUnavailable
    return columns_of(choice, opening, length)


def _in_time(actor: Actor, kind: Any, start: datetime, end: datetime, any_time: bool) -> bool:
    now = clock.now()
    if any_time:
        return True
    if actor.kind == "client":
        return now + timedelta(minutes=kind.notice) <= start <= now + timedelta(days=kind.horizon_days)
    return end > now - LATE_NOTE


def columns_of(choice: Choice, opening: Opening, length: Length) -> dict[str, Any]:
    """The columns of an appointment for this choice."""
    start, end = choice.start, choice.start + length.length
    window = opening.span if opening.kind is Kind.DROP_IN else None
    present = presence(choice.mode, start, end, opening.margins, window)
    return {
        "session_id": opening.session,
        "venue_id": opening.venue,
        "site_id": opening.site,
        "staff_id": choice.staff_id,
        "type_id": choice.type_id,
        "mode": str(choice.mode),
        "start": start,
        "end": end,
        "busy_from": start - length.before,
        "busy_until": end + length.after,
        "present_from": present.start if present else None,
        "present_until": present.end if present else None,
        "creche": choice.creche,
    }
