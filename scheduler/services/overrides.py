"""Overrides (SAFETY.md 5): two different people, one of them a lead, let two kept-apart people be near each other all
the same, for a reason that is kept. Reception has none, and none lifts a women-only time (SAFETY.md 9.2).

One asks, for one exact time to book or for a clash that stands already; another decides on just what they were shown.
What is overridden has its safety case like any clash, and is in the queue until both presences are past.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import ExclusionEvent, Override, OverrideClash
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind
from scheduler.rules.separation import Person
from scheduler.services import alerts, audit, booking, case_views, cases
from scheduler.services.actors import Actor, can_ask_override, can_decide_override, can_see_exclusions
from scheduler.services.booking import Choice, Wanted
from scheduler.services.booking.admitting import admit
from scheduler.services.case_views import Clash
from scheduler.services.cases import Found
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.services.visibility import NEUTRAL_LABEL, card
from scheduler.store import cases as case_store
from scheduler.store import clashes, diary
from scheduler.store import exclusions as exclusion_store
from scheduler.store import overrides as store
from scheduler.store.clashes import There
from scheduler.store.overrides import Columns

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Brief:
    """An override in a list. `until` is when the last presence that it names is past, in UTC."""

    id: int
    client_id: int
    client: str
    reference: str
    state: str
    reason: str
    asked_by: int
    asked_by_name: str
    asked_at: datetime
    decided_by_name: str | None
    decided_at: datetime | None
    decided_why: str | None
    until: datetime
    case_id: int | None
    appointment_id: int | None


@dataclass(frozen=True, slots=True)
class View:
    """What the second person decides on. `choice` is the time to be booked until `end`, None for a clash that stands;
    `place` its venue's name to this reader and `zone` its time zone. `clashes`, what would be or is broken, is for
    leads alone. `seen` stands for all of it and is given back with the decision; `is_gone` means that there is nothing
    left to decide on; `own` that this reader asked."""

    brief: Brief
    choice: Choice | None
    end: datetime | None
    place: str | None
    zone: str | None
    clashes: tuple[Clash, ...]
    seen: str
    is_gone: bool
    own: bool


# --- asking -----------------------------------------------------------------------------------------------------------


def times(actor: Actor, wanted: Wanted, limit: int = 200) -> list[booking.Offer]:
    """The times that this client could have but for whom she is kept from: what a lead may ask an override for. The
    earliest first, of the first `limit` free ones. Raises as `booking.offers`, and NotAllowed."""
    _may_ask(actor)
    free = set(booking.offers(actor, wanted))
    return [each for each in booking.offers(actor, wanted, limit, overriding=True) if each not in free]


@use_case
def ask_to_book(actor: Actor, choice: Choice, reason: str) -> int:
    """Ask for one exact time to be booked although someone is near from whom the client is kept. Gives the override's
    id; nothing is booked yet. Raises NotAllowed, Invalid, and SlotUnavailable when another rule stands in the way."""
    _may_ask(actor)
    why = _reason(reason)
    there = _thought_of(actor, choice)
    if _is_free(actor, choice):
        raise Invalid(start="This time can be booked as usual.")
    until = max([there.span.end, *(each.until for each in cases.would_break(there))])
    return _ask(actor, choice.client_id, why, until, choice=_plain(choice))


@use_case
def ask_for_case(actor: Actor, case_id: int, reason: str) -> int:
    """Ask that a clash may stand as it is. Gives the override's id. Raises NotAllowed, NotFound, Invalid, and
    WrongState when the clash is gone, no exclusion is about it, or a second person has it before them already."""
    _may_ask(actor)
    case = store.case(case_id)
    if case is None:
        raise NotFound
    why = _reason(reason)
    found = _standing(case)
    if found is None or case.exclusion_id is None or store.asked_already(case_id, clock.now()):
        raise WrongState
    if case_store.overridden([case.subject]):
        raise WrongState
    exclusion = exclusion_store.exclusion(case.exclusion_id)
    assert exclusion is not None
    return _ask(actor, exclusion.client_id, why, found.until, case_id=case_id)


def _ask(actor: Actor, client_id: int, reason: str, until: datetime, **about: Any) -> int:
    values = {
        "client_id": client_id, "reason": reason, "state": "asked", "asked_by": actor.staff_id,
        "asked_at": clock.now(), "until": until, **about,
    }  # fmt: skip
    made = db.session.execute(insert(Override.__table__).values(**values).returning(Override.id)).scalar_one()
    audit.record(actor, "override-asked", "override", made)
    return int(made)


def _is_free(actor: Actor, choice: Choice) -> bool:
    try:
        admit(actor, choice)
    except SlotUnavailable:
        return False
    return True


def _thought_of(actor: Actor, choice: Choice) -> There:
    """Where the client would be. Raises SlotUnavailable unless every other rule allows it."""
    columns = admit(actor, choice, overriding=True)
    held = diary.session(choice.session_id)
    if held is None:
        raise SlotUnavailable
    here, group = columns["present_from"] is not None, held.opening.kind is Kind.GROUP
    span = (columns["present_from"], columns["present_until"]) if here else (columns["start"], columns["end"])
    return There(
        Person("client", choice.client_id), cases.THOUGHT_OF, choice.session_id, columns["site_id"] if here else None,
        Interval(*span), held.zone, group, held.opening.series if group else None, choice.staff_id,
    )


# --- deciding ---------------------------------------------------------------------------------------------------------


@use_case
def view(actor: Actor, override_id: int) -> View:
    """One override, with what its second person needs to decide and no more: a lead sees who would be near, a manager
    only that a rule says no. The look is recorded. Raises NotAllowed, NotFound."""
    row = _row(actor, override_id)
    choice = _choice(row)
    found = _now(actor, row)
    place, zone, end = _where(actor, choice) if choice else (None, None, None)
    shown = tuple(case_views.as_found(actor, found or ())) if can_see_exclusions(actor) else ()
    audit.record_looks(actor, "override", override_id, (each.exclusion_id for each in shown))
    names = exclusion_store.staff_names({each for each in (row.asked_by, row.decided_by) if each})
    return View(
        _brief(row, names), choice, end, place, zone, shown, _seen(found or ()), row.state == "asked" and found is None,
        row.asked_by == actor.staff_id,
    )


@use_case
def give(actor: Actor, override_id: int, seen: str, why: str | None = None) -> int | None:
    """Decide that it may be so, as the second person. Books the time that was asked for and gives the appointment's id;
    None when it is about a clash that stands. `seen` is from the view that was decided on. When it is soon, her worker
    is alerted (SAFETY.md 5).

    Raises NotAllowed for whoever asked, NotFound, WrongState, Invalid, Stale when someone else would be near by now,
    and SlotUnavailable when the time is gone.
    """
    row = _row(actor, override_id)
    _may_decide(actor, row)
    found = _now(actor, row)
    if found is None:
        raise WrongState
    if _seen(found) != seen:
        raise Stale
    _decide(actor, row, "given", why)
    choice = _choice(row)
    appointment_id = None
    if choice is not None:
        appointment_id = booking.book_overriding(actor, choice, override_id).id
        cases.refresh([row.client_id])
        found = _about(appointment_id, row.client_id)
    _name(actor, override_id, appointment_id, found)
    if appointment_id is not None:
        alerts.for_booking(appointment_id)
    return appointment_id


@use_case
def refuse(actor: Actor, override_id: int, why: str | None = None) -> None:
    """Decide that it may not be so; whoever asked may take it back. Raises NotAllowed, NotFound, WrongState,
    Invalid."""
    row = _row(actor, override_id)
    if row.state != "asked":
        raise WrongState
    _decide(actor, row, "refused", why)


def _decide(actor: Actor, row: Columns, state: str, why: str | None) -> None:
    typed = clean(why)
    if len(typed) > _LONGEST:
        raise Invalid(why="Use up to 1,000 letters.")
    table = Override.__table__
    changed = db.session.execute(
        update(table)
        .where(table.c.id == row.id, table.c.state == "asked")
        .values(state=state, decided_by=actor.staff_id, decided_at=clock.now(), decided_why=typed or None)
    )
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise WrongState
    audit.record(actor, f"override-{state}", "override", row.id)


def _name(actor: Actor, override_id: int, appointment_id: int | None, found: Collection[Found]) -> None:
    """Keep which clashes the override names, at the times at which they were decided on."""
    table = Override.__table__
    values: dict[str, Any] = {"until": max(each.until for each in found)} if found else {}
    if appointment_id is not None:
        values["appointment_id"] = appointment_id
    if values:
        db.session.execute(update(table).where(table.c.id == override_id).values(**values))
    if not found:
        return
    db.session.execute(
        insert(OverrideClash.__table__),
        [{"override_id": override_id, "subject": each.subject, "times": each.times} for each in found],
    )
    told = {"at": clock.now(), "staff_id": actor.staff_id, "what": "override", "detail": {"override": override_id}}
    exclusions = sorted({each.exclusion for each in found if each.exclusion is not None})
    db.session.execute(
        insert(ExclusionEvent.__table__), [{"exclusion_id": exclusion, **told} for exclusion in exclusions]
    )


# --- reading ----------------------------------------------------------------------------------------------------------


def waiting(actor: Actor, limit: int = 100) -> tuple[Brief, ...]:
    """Those that wait for a second person. The caller records the look. Raises NotAllowed."""
    _may_read(actor)
    return _briefs(store.waiting(clock.now(), limit))


def standing(actor: Actor, limit: int = 100) -> tuple[Brief, ...]:
    """Those given whose presences are not both past. The caller records the look. Raises NotAllowed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    return _briefs(store.standing(clock.now(), limit))


def of_case(actor: Actor, case_id: int) -> tuple[Brief, ...]:
    """What was asked or decided about a case. The caller records the look. Raises NotAllowed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    return _briefs(store.about_case(case_id, clock.now()))


def count_waiting(actor: Actor) -> int:
    """How many wait for this person to decide; 0 for whoever may not. One query."""
    if not can_decide_override(actor) or actor.staff_id is None:
        return 0
    return store.count_waiting(clock.now(), actor.staff_id)


def _briefs(rows: list[Columns]) -> tuple[Brief, ...]:
    names = exclusion_store.staff_names({each for row in rows for each in (row.asked_by, row.decided_by) if each})
    return tuple(_brief(row, names) for row in rows)


def _brief(row: Columns, names: dict[int, str]) -> Brief:
    return Brief(
        row.id, row.client_id, f"{row.given_name} {row.family_name}".strip(), row.reference, row.state, row.reason,
        row.asked_by, names.get(row.asked_by, ""), row.asked_at, names.get(row.decided_by), row.decided_at,
        row.decided_why, row.until, row.case_id, row.appointment_id,
    )


def _where(actor: Actor, choice: Choice) -> tuple[str | None, str | None, datetime | None]:
    """The place of a choice by the name that this reader may see, its zone, and when it would end."""
    held, kind = diary.session(choice.session_id), diary.appointment_type(choice.type_id)
    if held is None or kind is None:
        return None, None, None
    whole = held.opening.kind is Kind.GROUP
    end = held.opening.span.end if whole else choice.start + timedelta(minutes=choice.minutes or kind.minutes)
    try:
        return card(actor, held.opening.venue).name, str(held.zone), end
    except NotFound:
        return NEUTRAL_LABEL, str(held.zone), end


# --- what it is about -------------------------------------------------------------------------------------------------


def _now(actor: Actor, row: Columns) -> list[Found] | None:
    """The clashes that this override is about, as they are at this moment. None when there is nothing left to decide:
    it is decided, its time is past or taken, or what stood in the way is gone. An empty list is a rule that no presence
    to come breaks: a group series that the other was in before, and may not be shared (SAFETY.md 2)."""
    if row.state != "asked" or row.until <= clock.now():
        return None
    choice = _choice(row)
    if choice is None:
        case = store.case(row.case_id)
        found = _standing(case) if case is not None else None
        return [found] if found is not None else None
    try:
        there = _thought_of(actor, choice)
    except (SlotUnavailable, Invalid):
        return None
    return None if _is_free(actor, choice) else cases.would_break(there)


def _standing(case: Columns) -> Found | None:
    return cases.now_standing(case.subject, case.exclusion_id, ())


def _about(appointment_id: int, client_id: int) -> list[Found]:
    exclusions = clashes.touching({client_id}, set())
    found = cases.find(exclusions, ())
    return [each for each in found if appointment_id in (each.appointment, each.other_appointment)]


def _seen(found: Collection[Found]) -> str:
    """Stands for these clashes as they are: another one, or another time, gives another text."""
    ids = [(each.exclusion, each.rule, each.appointment, each.other_appointment, each.other_session) for each in found]
    times = [each.times for each in found]
    # Sorted as text: an id that is not there has no order.
    lines = sorted(json.dumps(each) for each in zip(ids, times, strict=True))
    return hashlib.sha256(json.dumps(lines).encode()).hexdigest()[:32]


def _plain(choice: Choice) -> dict[str, Any]:
    return {**asdict(choice), "start": choice.start.isoformat()}


def _choice(row: Columns) -> Choice | None:
    if row.choice is None:
        return None
    return Choice(**{**row.choice, "start": datetime.fromisoformat(row.choice["start"])})


def _row(actor: Actor, override_id: int) -> Columns:
    _may_read(actor)
    row = store.override(override_id)
    if row is None:
        raise NotFound
    return row


def _may_ask(actor: Actor) -> None:
    if not can_ask_override(actor):
        raise NotAllowed


def _may_read(actor: Actor) -> None:
    if not can_decide_override(actor):
        raise NotAllowed


def _may_decide(actor: Actor, row: Columns) -> None:
    if row.state != "asked":
        raise WrongState
    if row.asked_by == actor.staff_id:
        raise NotAllowed("A second person must decide this.")


def _reason(typed: str | None) -> str:
    reason = clean(typed)
    if not reason or len(reason) > _LONGEST:
        raise Invalid(reason="Give a reason of up to 1,000 letters.")
    return reason


__all__ = [
    "Brief", "View", "ask_for_case", "ask_to_book", "count_waiting", "give", "of_case", "refuse", "standing",
    "times", "view", "waiting",
]
