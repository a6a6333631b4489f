"""The arrival check (SAFETY.md 5): someone has come in, and the desk is told to go ahead or to use the quiet room.

It weighs everyone now at the site and its neighbours and everyone due there within the hour, by record and by name.
The answer is one of two sentences and never says why; whatever goes wrong, it is the quiet room.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from sqlalchemy.exc import SQLAlchemyError

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.rules import matching
from scheduler.rules.door import ALERT_AHEAD, DESCRIBED, Answer, Decision, Tie, decide
from scheduler.rules.matching import Identity, compare_people
from scheduler.rules.separation import Person
from scheduler.services import alerts, audit, finding, visibility
from scheduler.services.actors import Actor, can_check_arrivals
from scheduler.services.identities import blind
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.store import clashes, diary, nearby
from scheduler.store import door as store
from scheduler.store import identities as identity_store
from scheduler.store import people as people_store
from scheduler.store.door import Kept

log = structlog.get_logger(__name__)

#: More people than this are narrowed down by their blind keys before any record is opened.
_MOST_COMPARED = 400

#: A longer text is not one person's name, and cannot be weighed as one.
_LONGEST_TEXT, _MOST_WORDS = 120, 6


class _Came(NamedTuple):
    """Who has come in, as far as it is known: a client's record, or what was typed. `brought_by` is the client who
    brought them along, and so is here."""

    client: int | None
    typed: Identity | None
    brought_by: int | None = None


class _Unreadable(Exception):
    """What was typed or recorded cannot be weighed."""


def check(
    actor: Actor, venue_id: int, client_id: int | None = None, text: str | None = None, companion: bool = False
) -> Answer:
    """May whoever has come in go ahead at this venue?

    `text` is a name, with a birth date or phone if they are known, or a reference; `client_id` a record instead. For a
    companion `text` is theirs, and `client_id` may say who brought them. Raises NotAllowed, NotFound for a venue or
    client that there is none of, and Invalid when nothing was given. For anything else that goes wrong it is the quiet
    room (SAFETY.md 2: it fails closed).
    """
    if not can_check_arrivals(actor):
        raise NotAllowed
    typed = clean(text)
    if not typed and (client_id is None or companion):
        raise Invalid(q="Type a name.")
    if typed and client_id is not None and not companion:
        raise Invalid(q="Give a name or a record, not both.")
    try:
        return _check(actor, venue_id, client_id, typed, companion)
    except (Invalid, NotAllowed, NotFound):
        raise
    except Exception as error:
        log.error("an arrival could not be checked", error=type(error).__name__)
        return Answer.QUIET_ROOM


@use_case
def _check(actor: Actor, venue_id: int, client_id: int | None, typed: str, companion: bool) -> Answer:
    venue = visibility.card(actor, venue_id)
    if client_id is not None:
        client_id = people_store.in_use(client_id)  # a page may have been open since before a record was merged
        if diary.client(client_id) is None:
            raise NotFound
    now = clock.now()
    try:
        came = _read(typed, client_id) if typed else _Came(client_id, None)
        decision = _decide(venue.site_id, came, now)
    except SQLAlchemyError:
        raise
    except Exception as error:
        # Only the kind: its text may hold what was typed.
        log.error("an arrival could not be weighed", error=type(error).__name__)
        decision = Decision(Answer.QUIET_ROOM)
    alerts.raise_for(decision.meetings, venue_id, now)
    audit.record(
        actor, "arrival-check", "venue", venue_id, client=client_id, by="name" if typed else "record",
        companion=companion, answer=str(decision.answer),
    )
    _looked(actor, venue_id, decision)
    return decision.answer


def _looked(actor: Actor, venue_id: int, decision: Decision) -> None:
    """An answer that rests on exclusions is a look at them, by whoever was given it (SAFETY.md 4 and 9.6)."""
    if decision.exclusions:
        audit.record_looks(actor, "door", venue_id, decision.exclusions)


@use_case
def came_in(actor: Actor, site_id: int, venue_id: int, client_id: int) -> Answer:
    """The answer when a client is marked as arrived, in the running transaction, with what alerts there are to raise.
    A fault here leaves the mark standing, and is logged; the answer is the quiet room."""
    now = clock.now()
    try:
        decision = _decide(site_id, _Came(client_id, None), now)
    except SQLAlchemyError:
        raise
    except Exception as error:
        log.error("an arrival could not be weighed", error=type(error).__name__)
        return Answer.QUIET_ROOM
    alerts.raise_for(decision.meetings, venue_id, now)
    _looked(actor, venue_id, decision)
    return decision.answer


def _read(typed: str, brought_by: int | None) -> _Came:
    """Who is meant. Raises _Unreadable for what is no one person's name."""
    if len(typed) > _LONGEST_TEXT:
        raise _Unreadable
    who, known = finding.read_identity(typed)
    if known is not None:
        return _Came(known, None, brought_by)
    words = who.names[0].split() if who.names else []
    if len(words) > _MOST_WORDS or not (words or who.date_of_birth or who.phone):
        raise _Unreadable
    return _Came(None, who, brought_by)


def _decide(site: int, came: _Came, now: datetime) -> Decision:
    near = nearby.neighbours({site})
    sites = {site, *near.get(site, ())}
    there = store.there(sites, now, ALERT_AHEAD)
    here = {each.person for each in there}
    if came.brought_by is not None:
        there = [*there, alerts.here_now(Person("client", came.brought_by), now)]
        here.add(Person("client", came.brought_by))
    comer = Person("client", came.client) if came.client is not None else None
    rows = store.kept(here | ({comer} if comer else set()), sites)
    closed = clashes.closed_sites({row.exclusion for row in rows})
    ties = [
        Tie(row.exclusion, row.protected, named, not sites.isdisjoint(closed.get(row.exclusion, ())))
        for row in rows
        for named in (row.described, None if row.dismissed else row.known)
        if named is not None
    ]
    comers = _by_record(comer, rows) if comer else _by_name(came.typed, rows)
    return decide(comers, ties, there, now)


def _by_record(comer: Person, rows: Collection[Kept]) -> set[Person]:
    """This client, and every named person who by name may be this client unless a lead has said otherwise. A client
    whose records were made one may be whoever any of them says."""
    everyone = [each.identity for each in identity_store.known_people([comer], 0)]
    if not everyone:
        raise _Unreadable
    not_them = {row.described for row in rows if row.dismissed and row.known == comer}
    kept_from = {row.described for row in rows if row.protected != comer}
    described = kept_from - not_them
    found = {comer}
    for who in everyone:
        if who is None:
            raise _Unreadable
        found |= _alike(who, described)
    return found


def _by_name(who: Identity | None, rows: Collection[Kept]) -> set[Person]:
    """Everyone of those in these exclusions who may be meant: described, matched, or protected."""
    if who is None:
        raise _Unreadable
    everyone = {row.described for row in rows} | {row.protected for row in rows}
    everyone |= {row.known for row in rows if row.known is not None and not row.dismissed}
    return _alike(who, everyone)


def _alike(who: Identity, people: Collection[Person]) -> set[Person]:
    """Those of these people who may be the one who came in. A record that cannot be read may be anyone's."""
    if len(people) > _MOST_COMPARED:
        people = store.sharing(blind(matching.lookup_keys(who) | matching.lone_lookups(who)), people)
    described = [person.id for person in people if person.kind == DESCRIBED]
    candidates: list[Any] = identity_store.named_people(described, ("client", 0))
    candidates += identity_store.known_people([person for person in people if person.kind != DESCRIBED], 0)
    return {Person(each.kind, each.id) for each in candidates if _may_be(who, each.identity)}


def _may_be(who: Identity, other: Identity | None) -> bool:
    if other is None:
        return True
    verdict = compare_people(other, who)
    return verdict.possible or verdict.lone


__all__ = ["Answer", "came_in", "check"]
