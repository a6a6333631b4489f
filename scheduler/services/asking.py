"""Who asks for a time, and what stands between them and it: the records that the rules need, loaded once a question.

`offering` and `booking` both ask through here, so that what is offered and what is booked can never differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scheduler.errors import Invalid, NotAllowed, SidegateError, SlotUnavailable
from scheduler.rules.audience import Audience, closed_to, is_eligible
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind
from scheduler.rules.separation import Gatekeeper, Separation, barriers
from scheduler.rules.slots import Asker, Length, Opening
from scheduler.services import actors
from scheduler.services.actors import Actor
from scheduler.store import diary, in_the_way, nearby, separation
from scheduler.store.diary import Held

log = structlog.get_logger(__name__)

Stays = dict[int, list[tuple[datetime, datetime | None]]]


@contextmanager
def failing_closed() -> Iterator[None]:
    """Inside, anything that goes wrong with a rule or a record means "not available". The database's own errors pass:
    they are tried again. Only the error's kind is logged, for its text may hold what may not leave."""
    try:
        yield
    except (SidegateError, SQLAlchemyError):
        raise
    except Exception as error:
        log.error("a rule could not be asked", error=type(error).__name__)
        raise SlotUnavailable from None


def may_act_for(actor: Actor, client_id: int) -> None:
    """Raises NotAllowed unless this is the client herself, or someone who books for anyone."""
    own = actor.kind == "client" and actor.id == client_id
    if not own and not actors.can_book_for_anyone(actor):
        raise NotAllowed


def asker_for(
    person: diary.ClientRow, openings: Collection[Opening], span: Interval, but_not: int | None = None, *,
    overriding: bool = False,
) -> Asker:
    """Everything about this client that decides whether she may be in these sessions in this span: what she has
    already, and where and when she may not be (SAFETY.md 2 and 3); of other sessions it says nothing. `but_not` is the
    appointment that is being moved and does not stand in its own way. `overriding` is for `services.overrides` alone:
    it leaves out whom she is kept from, and nothing else (SAFETY.md 5)."""
    sites = frozenset(opening.site for opening in openings)
    kept, near = separation.aparts_and_neighbours(person.id, sites)
    around = sites.union(*near.values())
    if overriding:
        kept = []
    if kept:
        groups = frozenset(opening.session for opening in openings if opening.kind is Kind.GROUP)
        own, there = in_the_way.own_and_presences(person.id, kept, around, groups, *span, but_not)
    else:
        own, there = diary.own(person.id, span.start, span.end, but_not), []
    series = {apart.other for apart in kept if apart.separation in (Separation.SERIES, Separation.SITE)}
    if series:
        there = [*there, *separation.enrolled(series)]
    closed: list[tuple[int, Interval]] = []
    if not is_eligible(person.eligibility):
        reach = span.widened(2 * diary.LONGEST, 2 * diary.LONGEST)
        closed = closed_to(person.eligibility, nearby.windows(around, Audience.WOMEN), reach)
    return Asker(person.eligibility, Gatekeeper(barriers(kept, there, near, closed)), own)


def length_of(kind: Any, minutes: int | None) -> Length:
    """The length of an appointment of this type. Raises Invalid for one that the type does not allow."""
    minutes = kind.minutes if minutes is None else minutes
    if not kind.least_minutes <= minutes <= kind.most_minutes or minutes % 5:
        raise Invalid(minutes=f"Choose a length from {kind.least_minutes} to {kind.most_minutes} minutes.")
    before, after = timedelta(minutes=kind.buffer_before), timedelta(minutes=kind.buffer_after)
    return Length(timedelta(minutes=minutes), before, after)


def place_admits(actor: Actor, held: Held, client_id: int, mode: str, start: datetime, end: datetime) -> bool:
    """A confidential venue is for those recorded as staying there, and booked only by staff assigned to it or by
    herself (SAFETY.md 7)."""
    if not held.confidential:
        return True
    if not _assigned(actor, held.opening.venue):
        return False
    return covered(diary.stays(client_id, start, end), held.opening.venue, start, end)


def _assigned(actor: Actor, venue: int) -> bool:
    if actor.kind == "client" or actors.can_see_every_venue(actor):
        return True
    return actor.staff_id is not None and venue in diary.assigned_venues(actor.staff_id)


def covered(stays: Stays, venue: int, start: datetime, end: datetime) -> bool:
    """Is she recorded as staying at this venue for the whole of that time?"""
    return any(since <= start and (until is None or until >= end) for since, until in stays.get(venue, ()))


def in_request_mode(client_id: int) -> bool:
    """True when this client's link asks and staff confirm: an active exclusion names them, or staff set it
    (SAFETY.md 4). True as well when it cannot be known.
    """
    person, named = diary.client(client_id), separation.is_named(client_id)  # asking both takes as long for anyone
    return person is None or person.request_mode or named


def visible(actor: Actor, held: list[Held], client_id: int, start: datetime, until: datetime) -> list[Held]:
    """The sessions of which this actor may know for this client: `place_admits`, for many at once."""
    stays = diary.stays(client_id, start, until + diary.LONGEST)
    if actor.kind != "client" and not actors.can_see_every_venue(actor):
        assigned = diary.assigned_venues(actor.staff_id) if actor.staff_id is not None else frozenset()
        stays = {venue: spans for venue, spans in stays.items() if venue in assigned}
    return [
        h for h in held
        if not h.confidential or covered(stays, h.opening.venue, h.opening.span.start, h.opening.span.end)
    ]
