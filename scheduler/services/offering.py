"""What could be booked: offers for one client, the nearest ones after a lost race, and request mode's public timetable.

Reads only. Every question is asked of the same records (`asking`) and rules (`rules.slots`) as `booking` asks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from scheduler import clock
from scheduler.errors import NotAllowed, NotFound, SlotUnavailable
from scheduler.rules import slots
from scheduler.rules.audience import Audience, closed_to, is_eligible, may_attend
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Mode, presence
from scheduler.rules.separation import Gatekeeper, barriers
from scheduler.rules.slots import Length, Offer
from scheduler.services.actors import Actor, can_ask_override
from scheduler.services.asking import asker_for, covered, failing_closed, length_of, may_act_for, visible
from scheduler.store import diary, nearby, separation

ALL_MODES = frozenset(str(mode) for mode in Mode)

#: How the range of a search is read, in days from its start: near times fill the first screen, so the rest of a long
#: range is never read for it.
_READS = (2, 7, 21)

_BY_START = itemgetter(Offer._fields.index("start"), Offer._fields.index("session"))


@dataclass(frozen=True, slots=True)
class Wanted:
    """A search for times: for whom, what, between which instants (of starts, UTC), and what she would choose.

    Empty `venues` means any; `in_person_at` narrows the places to come to, and leaves what is held at a distance; empty
    `kinds` (one-to-one, group, drop-in) means any; `staff` None means any worker; `minutes` None means the type's usual
    length. `weekdays` (0 is Monday) and the minutes after local midnight narrow where on the clock an appointment may
    start. `moving` is an appointment of hers that is to be moved, and does not stand in its own way.
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
    in_person_at: frozenset[int] | None = None
    kinds: frozenset[str] = frozenset()
    weekdays: frozenset[int] = field(default_factory=frozenset)
    from_minute: int | None = None
    until_minute: int | None = None
    moving: int | None = None


def offers(
    actor: Actor, wanted: Wanted, limit: int | None = None, *, overriding: bool = False
) -> list[Offer]:
    """The times that this client could be given now, the earliest first; at most `limit` of them.

    A client in request mode is offered nothing on their own link, and staff are offered for her only what every rule
    allows; `overriding` leaves out whom she is kept from, for a lead who asks for an override. Reads only. Raises
    NotFound for an unknown client or type, or for moving what is not hers, NotAllowed, and Invalid for a length that
    the type does not allow.
    """
    may_act_for(actor, wanted.client_id)
    if overriding and not can_ask_override(actor):
        raise NotAllowed
    both = diary.client_and_type(wanted.client_id, wanted.type_id)
    if both is None:
        raise NotFound
    person, kind = both
    if not person.active or not kind.active or (actor.kind == "client" and not kind.self_service):
        return []
    if actor.kind == "client" and (person.request_mode or separation.is_named(person.id)):
        return []
    length = length_of(kind, wanted.minutes)
    moving = diary.appointment(wanted.moving) if wanted.moving is not None else None
    if moving is not None and moving.client_id != person.id:
        raise NotFound
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
            with failing_closed():
                found += _offers(actor, wanted, person, length, earliest, latest, start, until, overriding, moving)
        except SlotUnavailable:
            return []
        # Only what begins within what was read is known to be the earliest: a long session may run on past it.
        if limit is not None and sum(offer.start < until for offer in found) >= limit:
            break
    found.sort(key=_BY_START)
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
    overriding: bool,
    moving: Any,
) -> list[Offer]:
    held = [h for h in diary.sessions(start, until, wanted.venues) if wanted.type_id in h.types]
    if any(h.confidential for h in held):
        held = visible(actor, held, person.id, start, until)
    if wanted.women_only:
        held = [h for h in held if h.opening.audience == Audience.WOMEN]
    if wanted.kinds:
        held = [h for h in held if h.opening.kind in wanted.kinds]
    if not held:
        return []
    openings = [h.opening for h in held]
    span = Interval(start, until + diary.LONGEST)
    asker = asker_for(person, openings, span, wanted.moving, overriding=overriding)
    taken = diary.taken(start, until, wanted.venues)
    if moving is not None and moving.session_id in taken:
        taken[moving.session_id] = diary.taken_in(moving.session_id, moving.id)
    staff = wanted.staff
    if wanted.woman_worker:
        women = diary.women({worker for opening in openings for worker in opening.staff})
        staff = women if staff is None else staff & women
    found = slots.offers(asker, openings, taken, length, wanted.modes, earliest, staff, wanted.creche)
    keep = _clock_filter(wanted, {h.opening.venue: h.zone for h in held})
    there = wanted.in_person_at
    return [
        offer for offer in found
        if offer.start < latest and (keep is None or keep(offer))
        and (there is None or offer.mode != Mode.IN_PERSON or offer.venue in there)
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
    try:
        with failing_closed():
            return _timetable(person, type_id, mode, start, until, earliest)
    except SlotUnavailable:
        return []


def _timetable(
    person: diary.ClientRow, type_id: int, mode: str, start: datetime, until: datetime, earliest: datetime
) -> list[tuple[int, int, datetime, datetime]]:
    stays = diary.stays(person.id, start, until)
    found = []
    closed = None
    held = [
        h for h in diary.sessions(start, until)
        if type_id in h.types and mode in h.opening.modes and may_attend(h.opening.audience, person.eligibility)
        and (not h.confidential or covered(stays, h.opening.venue, h.opening.span.start, h.opening.span.end))
    ]
    if not is_eligible(person.eligibility):
        sites = {h.opening.site for h in held}
        near = nearby.neighbours(sites)
        windows = nearby.windows(sites.union(*near.values()), Audience.WOMEN)
        reach = Interval(start, until).widened(2 * diary.LONGEST, 2 * diary.LONGEST)
        closed = Gatekeeper(barriers((), (), near, closed_to(person.eligibility, windows, reach)))
    for h in held:
        if h.opening.span.start < earliest:
            continue
        span = presence(mode, *h.opening.span, h.opening.margins)
        if closed is not None and span is not None and not closed.admits_presence(h.opening.site, span.start, span.end):
            continue
        found.append((h.opening.session, h.opening.venue, h.opening.span.start, h.opening.span.end))
    return found
