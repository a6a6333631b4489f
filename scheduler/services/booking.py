"""Booking: the only writer of appointments, and the one door through which every path comes.

`offers` (from `offering`) and `book` load the same records and ask the same rules. Whatever a "no" rests on, it is
`SlotUnavailable` and nothing else (SAFETY.md 4). A record that cannot be read, or a rule that raises, means no as
well (SAFETY.md 2).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, KeyReused, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment, IdempotencyKey, TimeRequest
from scheduler.notifications import outbox
from scheduler.rules import slots, states
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, presence
from scheduler.rules.slots import Length, Offer, Opening
from scheduler.rules.states import State
from scheduler.services import audit, cases, door
from scheduler.services.actors import Actor
from scheduler.services.asking import asker_for, failing_closed, in_request_mode, length_of, may_act_for, place_admits
from scheduler.services.offering import ALL_MODES, Wanted, nearest, offers, timetable
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store.diary import Held

__all__ = [
    "ALL_MODES",
    "CANCEL_REASONS",
    "Booked",
    "Choice",
    "Offer",
    "Wanted",
    "book",
    "cancel",
    "cancel_for_session",
    "forget_old_keys",
    "in_request_mode",
    "mark",
    "move",
    "nearest",
    "offers",
    "request_times",
    "session_moved",
    "timetable",
]  # fmt: skip

#: Staff may still write down a booking for a session that began this long ago: a walk-in, a late note.
_LATE_NOTE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Choice:
    """One exact time that someone asks for."""

    client_id: int
    type_id: int
    session_id: int
    staff_id: int | None
    mode: str
    start: datetime
    minutes: int | None = None
    creche: int = 0
    note: str | None = None

    @classmethod
    def from_offer(
        cls, client_id: int, type_id: int, offer: Offer, creche: int = 0, minutes: int | None = None
    ) -> Choice:
        """The choice of an offer as it was made."""
        return cls(client_id, type_id, offer.session, offer.staff, offer.mode, offer.start, minutes, creche)

    def fingerprint(self) -> str:
        """The same for the same choice, for idempotency keys."""
        parts = [self.client_id, self.type_id, self.session_id, self.staff_id, self.mode, self.start.isoformat()]
        return hashlib.sha256(json.dumps([*parts, self.minutes, self.creche, self.note]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Booked:
    """An appointment as it stands after a use case. Times in UTC; `own_number` counts the client's own."""

    id: int
    own_number: int
    client_id: int
    session_id: int
    venue_id: int
    staff_id: int | None
    type_id: int
    mode: str
    state: str
    start: datetime
    end: datetime
    version: int
    creche: int = 0


def _booked(row: Any) -> Booked:
    return Booked(
        row.id, row.own_number, row.client_id, row.session_id, row.venue_id, row.staff_id, row.type_id, row.mode,
        row.state, row.start, row.end, row.version, row.creche,
    )


def _admit(actor: Actor, choice: Choice, but_not: int | None = None, *, any_time: bool = False) -> dict[str, Any]:
    """Ask every rule about one exact time. Gives the columns of the appointment, or raises SlotUnavailable.

    `but_not` is the appointment that is being moved or brought back; `any_time` allows a time that has passed.
    """
    if choice.start.tzinfo is None or choice.creche < 0:
        raise Invalid(start="Give the time with its zone, and no fewer than no children.")
    with failing_closed():
        held = diary.session(choice.session_id)
    both = diary.client_and_type(choice.client_id, choice.type_id)
    if held is None or both is None:
        raise SlotUnavailable
    person, kind = both
    if not person.active or not kind.active:
        raise SlotUnavailable
    opening = held.opening
    if opening.kind is Kind.GROUP:
        length = Length(opening.span.end - opening.span.start)
    else:
        length = length_of(kind, choice.minutes)
    start, end = choice.start, choice.start + length.length
    if choice.type_id not in held.types or not _in_time(actor, kind, start, end, any_time):
        raise SlotUnavailable
    if actor.kind == "client" and (not kind.self_service or person.request_mode or diary.is_named(person.id)):
        raise SlotUnavailable
    with failing_closed():
        asker = asker_for(person, {opening.site}, Interval(start, end), but_not)
        if not (
            place_admits(actor, held, person.id, choice.mode, start, end)
            and slots.admits_session(asker, opening, choice.mode)
            and slots.admits_time(asker, opening, choice.mode, choice.staff_id, start, end)
            and slots.fits(
                opening, length, diary.taken_in(opening.session, but_not), choice.staff_id, start, choice.creche
            )
        ):
            raise SlotUnavailable
    return _columns(choice, opening, length)


def _in_time(actor: Actor, kind: Any, start: datetime, end: datetime, any_time: bool) -> bool:
    now = clock.now()
    if any_time:
        return True
    if actor.kind == "client":
        return now + timedelta(minutes=kind.notice) <= start <= now + timedelta(days=kind.horizon_days)
    return end > now - _LATE_NOTE


def _columns(choice: Choice, opening: Opening, length: Length) -> dict[str, Any]:
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


def _scoped(actor: Actor, key: str) -> str:
    return hashlib.sha256(f"{actor.kind}\0{actor.id}\0{key}".encode()).hexdigest()


def _done_before(actor: Actor, key: str | None, fingerprint: str) -> Booked | None:
    """What this key was used for already. Raises KeyReused when that was something else."""
    if key is None:
        return None
    row = db.session.execute(_DONE, {"scoped": _scoped(actor, key)}).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused
    return _booked(row)


def _remember(actor: Actor, key: str | None, fingerprint: str, appointment_id: int) -> None:
    if key is not None:
        values = {"key": _scoped(actor, key), "fingerprint": fingerprint, "appointment_id": appointment_id}
        db.session.execute(_REMEMBER, {**values, "at": clock.now()})


def _insert_of_an_appointment() -> Any:
    """The insert, made once: the client's own number is one more than her highest so far."""
    table = Appointment.__table__
    counted = table.alias("counted")
    highest = select(func.coalesce(func.max(counted.c.own_number), 0) + 1)
    number = highest.where(counted.c.client_id == bindparam("client_id")).scalar_subquery()
    names = {column.name for column in table.columns} - {"id", "own_number", "cancel_reason"}
    given: dict[str, Any] = {name: bindparam(name) for name in sorted(names)}
    return insert(table).values(**given, own_number=number).returning(table.c.id, table.c.own_number)


_INSERT = _insert_of_an_appointment()
_DONE = (
    select(IdempotencyKey.fingerprint, Appointment.__table__)
    .join_from(IdempotencyKey.__table__, Appointment.__table__, IdempotencyKey.appointment_id == Appointment.id)
    .where(IdempotencyKey.key == bindparam("scoped"))
)
_REMEMBER = insert(IdempotencyKey.__table__)


@use_case
def book(actor: Actor, choice: Choice, key: str | None = None) -> Booked:
    """Book one exact time. With the same `key`, a repeated request gets the first one's appointment.

    Raises SlotUnavailable whatever the reason it cannot be had, KeyReused, NotAllowed, and Invalid for a length that
    the type does not allow.
    """
    may_act_for(actor, choice.client_id)
    earlier = _done_before(actor, key, choice.fingerprint())
    if earlier is not None:
        return earlier
    columns, now = _admit(actor, choice), clock.now()
    row = db.session.execute(
        _INSERT,
        {
            **columns, "client_id": choice.client_id, "state": str(State.BOOKED), "note": choice.note,
            "made_by": actor.kind, "created_at": now, "updated_at": now, "version": 1,
        },
    ).one()
    _remember(actor, key, choice.fingerprint(), row.id)
    outbox.plan(
        "booked", appointment_id=row.id, client_id=choice.client_id, start=choice.start, version=1, now=now
    )
    audit.record(actor, "book", "appointment", row.id)
    return Booked(
        row.id, row.own_number, choice.client_id, columns["session_id"], columns["venue_id"], choice.staff_id,
        choice.type_id, columns["mode"], str(State.BOOKED), columns["start"], columns["end"], 1, choice.creche,
    )


def _standing(actor: Actor, appointment_id: int, version: int | None) -> Any:
    """The appointment's row, for someone who may act on it. Raises NotFound, NotAllowed or Stale."""
    row = diary.appointment(appointment_id)
    if row is None or (actor.kind == "client" and row.client_id != actor.id):
        raise NotFound
    may_act_for(actor, row.client_id)
    if version is not None and version != row.version:
        raise Stale
    return row


def _change(row: Any, **columns: Any) -> Booked:
    table = Appointment.__table__
    columns |= {"updated_at": clock.now(), "version": row.version + 1}
    changed = db.session.execute(
        update(table).where(table.c.id == row.id, table.c.version == row.version).values(**columns).returning(table)
    ).first()
    if changed is None:
        raise Stale
    cases.refresh_appointment(row.id, row.client_id)  # a clash that it settles is off the queue at once (SAFETY.md 6)
    return _booked(changed)


def _she_still_may(actor: Actor, row: Any) -> None:
    """She may change or cancel until the time that the appointment's type sets. Raises WrongState after it."""
    kind = diary.appointment_type(row.type_id)
    limit = timedelta(minutes=kind.change_until if kind is not None else 0)
    if actor.kind == "client" and clock.now() > row.start - limit:
        raise WrongState


@use_case
def move(
    actor: Actor, appointment_id: int, choice: Choice, version: int | None = None, key: str | None = None
) -> Booked:
    """Move an appointment that is still to come to another exact time; nothing changes when that cannot be had.

    Raises NotFound, Stale when `version` is no longer the appointment's, WrongState when it is not open or it is too
    late for her to change it, SlotUnavailable, KeyReused.
    """
    fingerprint = f"{appointment_id}:{choice.fingerprint()}"[:64]
    earlier = _done_before(actor, key, fingerprint)
    if earlier is not None:
        return earlier
    row = _standing(actor, appointment_id, version)
    if row.client_id != choice.client_id:
        raise NotFound
    if row.state not in states.OPEN:
        raise WrongState
    _she_still_may(actor, row)
    moved = _change(row, **_admit(actor, choice, but_not=row.id))
    _remember(actor, key, fingerprint, row.id)
    outbox.plan(
        "moved", appointment_id=row.id, client_id=row.client_id, start=moved.start, version=moved.version,
        now=clock.now(),
    )
    audit.record(actor, "move", "appointment", row.id)
    return moved


#: Reasons for cancelling that staff choose from; in the data only, never shown to anyone outside.
CANCEL_REASONS = ("client-asked", "worker-away", "venue-closed", "moved-elsewhere", "other")


@use_case
def cancel(actor: Actor, appointment_id: int, reason: str | None = None, version: int | None = None) -> Booked:
    """Cancel an appointment that is still to come. Cancelling it again changes nothing.

    Raises NotFound, Stale, WrongState when it has begun or it is too late for her to cancel it herself.
    """
    row = _standing(actor, appointment_id, version)
    if row.state == State.CANCELLED:
        return _booked(row)
    if not states.may_follow(row.state, State.CANCELLED):
        raise WrongState
    if reason is not None and reason not in CANCEL_REASONS:
        raise Invalid(reason="Choose one of the reasons.")
    _she_still_may(actor, row)
    return _cancelled(actor, row, reason)


def _cancelled(actor: Actor, row: Any, reason: str | None) -> Booked:
    cancelled = _change(row, state=str(State.CANCELLED), cancel_reason=reason)
    outbox.plan(
        "cancelled", appointment_id=row.id, client_id=row.client_id, start=row.start, version=cancelled.version,
        now=clock.now(),
    )
    audit.record(actor, "cancel", "appointment", row.id, reason=reason)
    return cancelled


@use_case
def mark(actor: Actor, appointment_id: int, state: str, version: int | None = None) -> Booked:
    """Put an appointment in another state: arrived, fulfilled, noshow, or back to booked; `cancelled` is `cancel`.

    Bringing one back that no longer counted asks every rule anew. Raises NotFound, Stale, WrongState, SlotUnavailable.
    """
    try:
        then = State(state)
    except ValueError:
        raise Invalid(state="There is no such state.") from None
    if actor.kind == "client":
        raise NotAllowed
    if then == State.CANCELLED:
        return cancel(actor, appointment_id, None, version)
    row = _standing(actor, appointment_id, version)
    if row.state == then:
        return _booked(row)
    if not states.may_follow(row.state, then):
        raise WrongState
    happens = then in (State.ARRIVED, State.CHECKED_IN, State.FULFILLED, State.NOSHOW)
    if happens and row.start > clock.now() + _LATE_NOTE:
        raise WrongState
    if states.brings_back(row.state, then):
        # As its session is now: it was not taken along while it did not count.
        columns = _admit(actor, _as_choice(row), but_not=row.id, any_time=True)
        marked = _change(row, state=str(then), **columns)
    else:
        marked = _change(row, state=str(then))
    audit.record(actor, f"mark-{then}", "appointment", row.id)
    if _is_just_in(row, then):
        door.came_in(row.site_id, row.venue_id, row.client_id)
    return marked


def _is_just_in(row: Any, then: State) -> bool:
    """Does this mark say that someone who was not here is here now? A late note of a visit that is over does not."""
    if row.state not in states.OPEN or row.present_until is None:
        return False
    if then == State.FULFILLED:
        return bool(row.present_until > clock.now())
    return then in (State.ARRIVED, State.CHECKED_IN) and bool(row.present_until > clock.now() - _LATE_NOTE)


def _as_choice(row: Any) -> Choice:
    minutes = int((row.end - row.start).total_seconds() // 60)
    return Choice(row.client_id, row.type_id, row.session_id, row.staff_id, row.mode, row.start, minutes, row.creche)


# --- When a session changes under its appointments -------------------------------------------------------------------


@use_case
def cancel_for_session(actor: Actor, session_id: int, reason: str = "worker-away") -> list[int]:
    """Cancel every appointment of a session that is still to come, telling each woman as she may be told. Gives their
    ids. Called by `services.sessions` in its own transaction."""
    cancelled = []
    for row in diary.standing_in(session_id):
        if row.state in states.OPEN:
            _cancelled(actor, row, reason)
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
    coming = [(row, *_new_times(held, row, by)) for row in diary.standing_in(session_id) if row.state in states.OPEN]
    # First all are taken along and then each is asked about, so that they are compared where they will be, not where
    # they were. A refusal undoes the whole transaction.
    changed = [row.id for row, start, end in coming if _take_along(held, row, start, end)]
    blocked = [row.id for row, start, end in coming if not _comes_along(actor, held, row, start, end)]
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
            asker = asker_for(person, {opening.site}, Interval(start, end), row.id)
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
    changed = _change(row, **columns)
    outbox.plan(
        "moved", appointment_id=row.id, client_id=row.client_id, start=start, version=changed.version, now=clock.now()
    )
    return True


# --- Request mode ----------------------------------------------------------------------------------------------------

MOST_WISHES = 3


@use_case
def request_times(
    actor: Actor, client_id: int, type_id: int, mode: str, wishes: list[tuple[int, datetime]]
) -> int:
    """Write down up to three times that someone would like, as (session, start); staff confirm one later. Gives the
    request's id. What is answered depends on the public timetable alone (SAFETY.md 4).

    Raises Invalid when there is none or too many, or one is not on the timetable.
    """
    may_act_for(actor, client_id)
    if not 1 <= len(set(wishes)) <= MOST_WISHES or len(set(wishes)) != len(wishes):
        raise Invalid(wishes="Choose one, two or three different times.")
    starts = [start for _, start in wishes]
    shown = {
        (session, start): None
        for session, _, start, _ in timetable(
            client_id, type_id, mode, min(starts) - diary.LONGEST, max(starts) + diary.LONGEST
        )
    }
    if any(wish not in shown for wish in wishes):
        raise Invalid(wishes="One of those times is not on the list any more.")
    now = clock.now()
    db.session.execute(
        update(TimeRequest)
        .where(TimeRequest.client_id == client_id, TimeRequest.state == "open")
        .values(state="withdrawn", settled_at=now)
    )
    made = TimeRequest(
        client_id=client_id, type_id=type_id, mode=str(mode), made_at=now, state="open",
        wishes=json.dumps([[session, start.isoformat()] for session, start in wishes]),
    )
    db.session.add(made)
    db.session.flush()
    audit.record(actor, "request-times", "time-request", made.id)
    return made.id


@use_case
def forget_old_keys(before: datetime) -> int:
    """Delete idempotency keys first used before `before`. Gives how many. Run by the worker once a day."""
    return db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.at < before)).rowcount  # type: ignore[attr-defined,no-any-return]
