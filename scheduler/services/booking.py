"""Booking: the only writer of appointments, and the one door through which every path comes.

`offers` and `book` load the same records (`store.diary`) and ask the same rules (`rules.slots`). Whatever the answer
"no" rests on, it is `SlotUnavailable` and nothing else (SAFETY.md 4). A record that cannot be read, or a rule that
raises, means no as well (SAFETY.md 2).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import SQLAlchemyError

from scheduler import clock
from scheduler.errors import (
    InTheWay,
    Invalid,
    KeyReused,
    NotAllowed,
    NotFound,
    SidegateError,
    SlotUnavailable,
    Stale,
    WrongState,
)
from scheduler.extensions import db
from scheduler.models import Appointment, IdempotencyKey, TimeRequest
from scheduler.notifications import outbox
from scheduler.rules import slots, states
from scheduler.rules.audience import Audience, closed_to, is_eligible, may_attend
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode, presence
from scheduler.rules.separation import Barriers, Gatekeeper, Person, Separation, barriers
from scheduler.rules.slots import Asker, Length, Offer, Opening
from scheduler.rules.states import State
from scheduler.services import actors, audit
from scheduler.services.actors import Actor
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store.diary import Held

log = structlog.get_logger(__name__)

ALL_MODES = frozenset(str(mode) for mode in Mode)

#: How the range of a search is read, in days from its start: near times fill the first screen, so the rest of a long
#: range is never read for it.
_READS = (2, 7, 21)

#: Staff may still write down a booking for a session that began this long ago: a walk-in, a late note.
_LATE_NOTE = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search for times: for whom, what, between which instants (of starts, UTC), and what she would choose.

    Empty `venues` means any; `staff` None means any worker; `minutes` None means the type's usual length. `weekdays` (0
    is Monday) and the minutes after local midnight narrow where on the clock an appointment may start.
    """

    client_id: int
    type_id: int
    start: datetime
    until: datetime
    modes: frozenset[str] = ALL_MODES
    venues: tuple[int, ...] = ()
    staff: frozenset[int] | None = None
    woman_worker: bool = False
    women_only: bool = False
    minutes: int | None = None
    creche: int = 0
    weekdays: frozenset[int] = field(default_factory=frozenset)
    from_minute: int | None = None
    until_minute: int | None = None


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
        return hashlib.sha256(json.dumps([*parts, self.minutes, self.creche]).encode()).hexdigest()


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


@contextmanager
def _failing_closed() -> Iterator[None]:
    """Inside, anything that goes wrong with a rule or a record means "not available". The database's own errors pass:
    they are tried again. Only the error's kind is logged, for its text may hold what may not leave."""
    try:
        yield
    except (SidegateError, SQLAlchemyError):
        raise
    except Exception as error:
        log.error("a rule could not be asked", error=type(error).__name__)
        raise SlotUnavailable from None


# --- Who asks, and what stands between them and a time ---------------------------------------------------------------


def _may_act_for(actor: Actor, client_id: int) -> None:
    own = actor.kind == "client" and actor.id == client_id
    if not own and not actors.can_book_for_anyone(actor):
        raise NotAllowed


def _gate(person: diary.ClientRow, sites: Collection[int], span: Interval) -> Gatekeeper:
    """Where and when this client may not be, at these sites and in this span (SAFETY.md 2 and 3)."""
    kept = diary.aparts(Person("client", person.id))
    if not kept and is_eligible(person.eligibility):
        return Gatekeeper(Barriers())
    near = diary.neighbours(sites)
    others = {apart.other for apart in kept}
    there = diary.presences(others, span.start, span.end) if others else []
    series = {apart.other for apart in kept if apart.separation in (Separation.SERIES, Separation.SITE)}
    if series:
        there = [*there, *diary.enrolled(series)]
    around = set(sites).union(*near.values())
    closed: list[tuple[int, Interval]] = []
    if not is_eligible(person.eligibility):
        reach = span.widened(2 * diary.LONGEST, 2 * diary.LONGEST)
        closed = closed_to(person.eligibility, diary.windows(around, Audience.WOMEN), reach)
    return Gatekeeper(barriers(kept, there, near, closed))


def _asker(person: diary.ClientRow, sites: Collection[int], span: Interval, but_not: int | None = None) -> Asker:
    own = diary.own(person.id, span.start, span.end, but_not)
    return Asker(person.eligibility, _gate(person, sites, span), own)


def _length(kind: Any, minutes: int | None) -> Length:
    """The length of an appointment of this type. Raises Invalid for one that the type does not allow."""
    minutes = kind.minutes if minutes is None else minutes
    if not kind.least_minutes <= minutes <= kind.most_minutes or minutes % 5:
        raise Invalid(minutes=f"Choose a length from {kind.least_minutes} to {kind.most_minutes} minutes.")
    before, after = timedelta(minutes=kind.buffer_before), timedelta(minutes=kind.buffer_after)
    return Length(timedelta(minutes=minutes), before, after)


def _place_admits(actor: Actor, held: Held, client_id: int, mode: str, start: datetime, end: datetime) -> bool:
    """A confidential venue is for those recorded as staying there, and booked only by staff assigned to it or by
    herself (SAFETY.md 7)."""
    if not held.confidential:
        return True
    if not _assigned(actor, held.opening.venue):
        return False
    return _stays(diary.stays(client_id, start, end), held.opening.venue, start, end)


def _assigned(actor: Actor, venue: int) -> bool:
    if actor.kind == "client" or actors.can_see_every_venue(actor):
        return True
    return actor.staff_id is not None and venue in diary.assigned_venues(actor.staff_id)


Stays = dict[int, list[tuple[datetime, datetime | None]]]


def _stays(stays: Stays, venue: int, start: datetime, end: datetime) -> bool:
    return any(since <= start and (until is None or until >= end) for since, until in stays.get(venue, ()))


def in_request_mode(client_id: int) -> bool:
    """True when this client's link asks and staff confirm: an active exclusion names them, or staff set it
    (SAFETY.md 4). True as well when it cannot be known.
    """
    person = diary.client(client_id)
    return person is None or person.request_mode or diary.is_named(client_id)


# --- Offers ----------------------------------------------------------------------------------------------------------


def offers(actor: Actor, wanted: Wanted, limit: int | None = None) -> list[Offer]:
    """The times that this client could be given now, the earliest first; at most `limit` of them.

    A client in request mode is offered nothing on their own link, and staff are offered for her only what every rule
    allows. Reads only. Raises NotFound for an unknown client or type, NotAllowed, and Invalid for a length that the
    type does not allow.
    """
    _may_act_for(actor, wanted.client_id)
    person, kind = diary.client(wanted.client_id), diary.appointment_type(wanted.type_id)
    if person is None or kind is None:
        raise NotFound
    if not person.active or not kind.active or (actor.kind == "client" and not kind.self_service):
        return []
    if actor.kind == "client" and (person.request_mode or diary.is_named(person.id)):
        return []
    length = _length(kind, wanted.minutes)
    now = clock.now()
    earliest, latest = wanted.start, wanted.until
    if actor.kind == "client":
        earliest = max(earliest, now + timedelta(minutes=kind.notice))
        latest = min(latest, now + timedelta(days=kind.horizon_days))
    earliest = max(earliest, now)
    found: list[Offer] = []
    # A search from mid-session still finds that session: begin the range of session starts a day before.
    for start, until in _reads(earliest - diary.LONGEST, latest, limit is not None):
        try:
            with _failing_closed():
                found += _offers(actor, wanted, person, length, earliest, latest, start, until)
        except SlotUnavailable:
            return []
        if limit is not None and len(found) >= limit:
            break
    found.sort(key=lambda offer: (offer.start, offer.session, offer.staff or 0, offer.mode))
    return found[:limit]


def _reads(start: datetime, until: datetime, in_steps: bool) -> Iterator[tuple[datetime, datetime]]:
    low = start
    for days in _READS if in_steps else ():
        high = start + diary.LONGEST + timedelta(days=days)
        if high >= until:
            break
        yield low, high
        low = high
    if low < until:
        yield low, until


def _offers(
    actor: Actor,
    wanted: Wanted,
    person: diary.ClientRow,
    length: Length,
    earliest: datetime,
    latest: datetime,
    start: datetime,
    until: datetime,
) -> list[Offer]:
    held = [h for h in diary.sessions(start, until, wanted.venues) if wanted.type_id in h.types]
    if any(h.confidential for h in held):
        held = _visible(actor, held, person.id, start, until)
    if wanted.women_only:
        held = [h for h in held if h.opening.audience == Audience.WOMEN]
    if not held:
        return []
    span = Interval(start, until + diary.LONGEST)
    asker = _asker(person, {h.opening.site for h in held}, span)
    taken = diary.taken(start, until, wanted.venues)
    found: list[Offer] = []
    if wanted.woman_worker:
        for h in held:
            women = h.women if wanted.staff is None else h.women & wanted.staff
            found += slots.offers(asker, (h.opening,), taken, length, wanted.modes, earliest, women, wanted.creche)
    else:
        openings = [h.opening for h in held]
        found += slots.offers(asker, openings, taken, length, wanted.modes, earliest, wanted.staff, wanted.creche)
    keep = _clock_filter(wanted, {h.opening.venue: h.zone for h in held})
    return [offer for offer in found if offer.start < latest and (keep is None or keep(offer))]


def _visible(actor: Actor, held: list[Held], client_id: int, start: datetime, until: datetime) -> list[Held]:
    stays = diary.stays(client_id, start, until + diary.LONGEST)
    if actor.kind != "client" and not actors.can_see_every_venue(actor):
        assigned = diary.assigned_venues(actor.staff_id) if actor.staff_id is not None else frozenset()
        stays = {venue: spans for venue, spans in stays.items() if venue in assigned}
    return [
        h for h in held
        if not h.confidential or _stays(stays, h.opening.venue, h.opening.span.start, h.opening.span.end)
    ]


def _clock_filter(wanted: Wanted, zones: dict[int, Any]) -> Callable[[Offer], bool] | None:
    """Keeps the starts on the weekdays and between the wall-clock minutes that were asked for."""
    low, high = wanted.from_minute, wanted.until_minute
    if not wanted.weekdays and low is None and high is None:
        return None

    def keep(offer: Offer) -> bool:
        local = offer.start.astimezone(zones[offer.venue])
        minute = local.hour * 60 + local.minute
        if wanted.weekdays and local.weekday() not in wanted.weekdays:
            return False
        return (low is None or minute >= low) and (high is None or minute < high)

    return keep


def nearest(actor: Actor, wanted: Wanted, around: datetime, limit: int = 3) -> list[Offer]:
    """The offers nearest to `around`, for the page after a lost race: within three days before it and two weeks after,
    in order of time."""


    near = replace(wanted, start=around - timedelta(days=3), until=around + timedelta(days=14))
    found = sorted(offers(actor, near), key=lambda offer: abs(offer.start - around))[:limit]
    return sorted(found, key=lambda offer: offer.start)


def timetable(
    client_id: int, type_id: int, mode: str, start: datetime, until: datetime
) -> list[tuple[int, int, datetime, datetime]]:
    """The public timetable for request mode, as (session, venue, start, end): when sessions are held, not what is free.

    It rests on the timetable and this client's own record alone. It reads no appointment and no exclusion, so that two
    worlds which differ only in hers show him the same (SAFETY.md 4). Raises NotFound for an unknown client or type.
    """
    person, kind = diary.client(client_id), diary.appointment_type(type_id)
    if person is None or kind is None:
        raise NotFound
    earliest = max(start, clock.now() + timedelta(minutes=kind.notice))
    stays = diary.stays(client_id, start, until)
    found = []
    closed = None
    held = [
        h for h in diary.sessions(start, until)
        if type_id in h.types and mode in h.opening.modes and may_attend(h.opening.audience, person.eligibility)
        and (not h.confidential or _stays(stays, h.opening.venue, h.opening.span.start, h.opening.span.end))
    ]
    if not is_eligible(person.eligibility):
        sites = {h.opening.site for h in held}
        near = diary.neighbours(sites)
        windows = diary.windows(sites.union(*near.values()), Audience.WOMEN)
        closed = Gatekeeper(barriers((), (), near, closed_to(person.eligibility, windows, Interval(start, until))))
    for h in held:
        if h.opening.span.start < earliest:
            continue
        span = presence(mode, *h.opening.span, h.opening.margins)
        if closed is not None and span is not None and not closed.admits_presence(h.opening.site, span.start, span.end):
            continue
        found.append((h.opening.session, h.opening.venue, h.opening.span.start, h.opening.span.end))
    return found


# --- Booking, moving, cancelling -------------------------------------------------------------------------------------


def _admit(actor: Actor, choice: Choice, but_not: int | None = None, *, any_time: bool = False) -> dict[str, Any]:
    """Ask every rule about one exact time. Gives the columns of the appointment, or raises SlotUnavailable.

    `but_not` is the appointment that is being moved or brought back; `any_time` allows a time that has passed.
    """
    if choice.start.tzinfo is None or choice.creche < 0:
        raise Invalid(start="Give the time with its zone, and no fewer than no children.")
    held, person = diary.session(choice.session_id), diary.client(choice.client_id)
    kind = diary.appointment_type(choice.type_id)
    if held is None or person is None or kind is None or not person.active or not kind.active:
        raise SlotUnavailable
    opening = held.opening
    length = _length(kind, choice.minutes)
    if opening.kind is Kind.GROUP:
        length = Length(opening.span.end - opening.span.start)
    start, end = choice.start, choice.start + length.length
    if choice.type_id not in held.types or not _in_time(actor, kind, start, end, any_time):
        raise SlotUnavailable
    if actor.kind == "client" and (not kind.self_service or person.request_mode or diary.is_named(person.id)):
        raise SlotUnavailable
    with _failing_closed():
        asker = _asker(person, {opening.site}, Interval(start, end), but_not)
        if not (
            _place_admits(actor, held, person.id, choice.mode, start, end)
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
    row = db.session.execute(
        select(IdempotencyKey.fingerprint, Appointment.__table__)
        .join_from(IdempotencyKey.__table__, Appointment.__table__, IdempotencyKey.appointment_id == Appointment.id)
        .where(IdempotencyKey.key == _scoped(actor, key))
    ).first()
    if row is None:
        return None
    if row.fingerprint != fingerprint:
        raise KeyReused
    return _booked(row)


def _remember(actor: Actor, key: str | None, fingerprint: str, appointment_id: int) -> None:
    if key is not None:
        values = {"key": _scoped(actor, key), "fingerprint": fingerprint, "appointment_id": appointment_id}
        db.session.execute(insert(IdempotencyKey), {**values, "at": clock.now()})


@use_case
def book(actor: Actor, choice: Choice, key: str | None = None) -> Booked:
    """Book one exact time. With the same `key`, a repeated request gets the first one's appointment.

    Raises SlotUnavailable whatever the reason it cannot be had, KeyReused, NotAllowed, and Invalid for a length that
    the type does not allow.
    """
    _may_act_for(actor, choice.client_id)
    earlier = _done_before(actor, key, choice.fingerprint())
    if earlier is not None:
        return earlier
    columns, now = _admit(actor, choice), clock.now()
    table = Appointment.__table__
    counted = table.alias("counted")
    number = (
        select(func.coalesce(func.max(counted.c.own_number), 0) + 1)
        .where(counted.c.client_id == choice.client_id)
        .scalar_subquery()
    )
    row = db.session.execute(
        insert(table)
        .values(
            **columns, client_id=choice.client_id, own_number=number, state=str(State.BOOKED), note=choice.note,
            made_by=actor.kind, created_at=now, updated_at=now, version=1,
        )
        .returning(table.c.id, table.c.own_number)
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
    _may_act_for(actor, row.client_id)
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
    if then in (State.ARRIVED, State.FULFILLED, State.NOSHOW) and row.start > clock.now() + _LATE_NOTE:
        raise WrongState
    if states.brings_back(row.state, then):
        _admit(actor, _as_choice(row), but_not=row.id, any_time=True)
    marked = _change(row, state=str(then))
    audit.record(actor, f"mark-{then}", "appointment", row.id)
    return marked


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
    moved, blocked = [], []
    for row in diary.standing_in(session_id):
        if row.state not in states.OPEN:
            continue
        person = diary.client(row.client_id)
        start, end = row.start + by, row.end + by
        if held.opening.kind is Kind.GROUP:
            start, end = held.opening.span
        if person is None or not _comes_along(actor, held, person, row, start, end):
            blocked.append(row.id)
            continue
        moved.append((row, start, end))
    if blocked:
        raise InTheWay(blockers=tuple(blocked))
    changed = [row.id for row, start, end in moved if _take_along(held, row, start, end)]
    if changed:
        audit.record(actor, "session-moved", "session", session_id, appointments=changed)
    return changed


def _comes_along(actor: Actor, held: Held, person: diary.ClientRow, row: Any, start: datetime, end: datetime) -> bool:
    opening = held.opening
    one_to_one = opening.kind is Kind.ONE_TO_ONE
    if row.type_id not in held.types or (one_to_one and row.staff_id not in opening.staff):
        return False
    if one_to_one and not opening.span.contains(Interval(start, end)):
        return False
    try:
        with _failing_closed():
            asker = _asker(person, {opening.site}, Interval(start, end), row.id)
            return (
                _place_admits(actor, held, person.id, row.mode, start, end)
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
    _may_act_for(actor, client_id)
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
