"""What is in the way of a change, as a manager may see it: when and where, never who."""

from __future__ import annotations

from dataclasses import dataclass

from scheduler.errors import InTheWay, SidegateError
from scheduler.services import venues
from scheduler.services.actors import Actor
from scheduler.store import venues as store
from scheduler.web import pages

_MOST = 40


@dataclass(frozen=True, slots=True)
class Blockers:
    """The sessions in the way, by id and in words; the appointments, in words; and how many more there are, those at
    places that the manager may not know of among them."""

    sessions: list[tuple[int, str]]
    appointments: list[str]
    more: int


def blockers(actor: Actor, error: SidegateError | None) -> Blockers | None:
    """What an `InTheWay` lists; None for anything else."""
    if not isinstance(error, InTheWay) or not (error.blockers or error.sessions):
        return None
    known = {venue.id: venue for venue in venues.visible(actor, closed_too=True)}
    sessions = [
        (row.id, f"{pages.when_text(row.start, known[row.venue_id].zone)}, {known[row.venue_id].name}, {row.title}")
        for row in store.sessions_by_ids(error.sessions)
        if row.venue_id in known
    ]
    appointments = [
        f"{pages.when_text(row.start, known[row.venue_id].zone)}, {known[row.venue_id].name}"
        for row in store.appointments_by_ids(error.blockers)
        if row.venue_id in known
    ]
    all_of_them = len(error.sessions) + len(error.blockers)
    shown_sessions, shown_appointments = sessions[:_MOST], appointments[:_MOST]
    return Blockers(
        shown_sessions, shown_appointments, all_of_them - len(shown_sessions) - len(shown_appointments)
    )
