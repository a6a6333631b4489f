"""Safety cases as a lead sees them: both sides of each clash, and which of them the exclusion names (SAFETY.md 6)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from scheduler.services.actors import Actor
from scheduler.services.cases import Found
from scheduler.services.visibility import PlaceOf, assigned, label_for
from scheduler.store import cases as store
from scheduler.store import safety_queue


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two presences of a clash, as a lead sees it. `place` is the venue's name to this lead, in `zone`.
    `kind` is appointment or session; the person is the client, or the worker of the session. `is_named` means that the
    exclusion names them; `is_protected` that it protects them."""

    kind: str
    id: int
    person_kind: str
    person_id: int | None
    person: str
    start: datetime
    end: datetime
    mode: str
    place: str
    zone: str
    is_named: bool = False
    is_protected: bool = False


@dataclass(frozen=True, slots=True)
class Clash:
    """A clash as a lead sees it. `case_id` is None for one that is not kept, or not yet. `override_id` is the override
    by which two people let it stand as it is."""

    case_id: int | None
    rule: str
    exclusion_id: int | None
    due_at: datetime
    one: Side | None
    other: Side | None
    closed_at: datetime | None = None
    override_id: int | None = None


def open_clashes(actor: Actor, exclusion_id: int | None = None, limit: int | None = None) -> list[Clash]:
    """The open cases, of one exclusion or all, the most urgent first. The caller has checked that the actor may see
    them, and records the look."""
    return _shown(actor, store.open_cases(exclusion_id, limit=limit))


def of_cases(actor: Actor, case_ids: Collection[int]) -> list[Clash]:
    """These cases, the most urgent first. As `open_clashes` for who may ask."""
    return _shown(actor, safety_queue.cases(case_ids)) if case_ids else []


def one(actor: Actor, case_id: int) -> Clash | None:
    """One case, open or closed; None when there is none. As `open_clashes` for who may ask."""
    shown = _shown(actor, store.open_cases(case=case_id))
    return shown[0] if shown else None


def as_found(actor: Actor, found: Iterable[Found]) -> list[Clash]:
    """Clashes that were found just now, as a lead sees them, kept or not. The side that is only thought of is None."""
    return _shown(actor, [_Unkept(*each[:7]) for each in found])


class _Unkept(NamedTuple):
    """A clash that was found, by the names of a case's columns."""

    subject: str
    rule: str
    exclusion_id: int | None
    appointment_id: int | None
    other_appointment_id: int | None
    other_session_id: int | None
    due_at: datetime
    id: int | None = None
    closed_at: datetime | None = None


def _shown(actor: Actor, rows: Iterable[Any]) -> list[Clash]:
    rows = list(rows)
    ids = {each for row in rows for each in (row.appointment_id, row.other_appointment_id) if each is not None}
    session_ids = {row.other_session_id for row in rows if row.other_session_id is not None}
    appointments, sessions = store.appointments(ids), store.sessions(session_ids)
    workers = store.staff_of({row.exclusion_id for row in rows if row.exclusion_id is not None}, session_ids)
    mine = assigned(actor)
    overridden = store.overridden([row.subject for row in rows])

    def appointment(each: int | None, role: str) -> Side | None:
        row = appointments.get(each) if each is not None else None
        if row is None:
            return None
        name = f"{row.given_name} {row.family_name}".strip()
        place = label_for(PlaceOf(row), actor, mine)
        return Side(
            "appointment", row.id, "client", row.client_id, name, row.start, row.end, row.mode, place, row.zone,
            role == "named", role == "protected",
        )

    def session(each: int | None, exclusion: int | None) -> Side | None:
        row = sessions.get(each) if each is not None else None
        if row is None or each is None:
            return None
        worker = workers.get((exclusion or 0, each))
        name = f"{worker.given_name} {worker.family_name}".strip() if worker else ""
        place = label_for(PlaceOf(row), actor, mine)
        return Side(
            "session", row.id, "staff", worker.id if worker else None, name, row.start, row.end, row.modes[0], place,
            row.zone, True,
        )

    def first_role(row: Any) -> str:
        if row.exclusion_id is None:
            return ""
        return "named" if row.subject.endswith(":site") else "protected"

    return [
        Clash(
            row.id, row.rule, row.exclusion_id, row.due_at, appointment(row.appointment_id, first_role(row)),
            appointment(row.other_appointment_id, "named") or session(row.other_session_id, row.exclusion_id),
            row.closed_at, overridden.get(row.subject),
        )
        for row in rows
    ]


__all__ = ["Clash", "Side", "as_found", "of_cases", "one", "open_clashes"]
