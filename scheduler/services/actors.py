"""Who is acting, and everything they may do: the `can_*` decisions, in this one place.

Roles: `reception`, `outreach`, `lead`, `manager` and `worker` are staff (and API tokens with that role); `client` is a
woman on her own link; `system` is the worker process and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass

STAFF_ROLES = frozenset({"reception", "outreach", "lead", "manager", "worker"})


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone acting. `kind` is staff, token, client or system; `id` is theirs within that kind."""

    kind: str
    id: int | None
    role: str

    @property
    def is_staff(self) -> bool:
        """Signed-in staff or an API token that acts for them."""
        return self.role in STAFF_ROLES

    @property
    def staff_id(self) -> int | None:
        """The staff record to name in a record of who did it; None for tokens, clients and the system."""
        return self.id if self.kind == "staff" else None


SYSTEM = Actor("system", None, "system")


def client_actor(client_id: int) -> Actor:
    """A woman on her own link."""
    return Actor("client", client_id, "client")


def can_book_for_anyone(actor: Actor) -> bool:
    """Find clients, see offers for them, and book, move, cancel and mark their appointments."""
    return actor.role in {"reception", "outreach", "lead", "manager", "worker", "system"}


def can_edit_clients(actor: Actor) -> bool:
    """Add a client and change her details, preferences and safe contact."""
    return actor.role in {"reception", "outreach", "lead", "manager", "worker", "system"}


def can_call(actor: Actor) -> bool:
    """Call a client, and so read the word that was agreed with her for it."""
    return actor.role in {"reception", "outreach", "lead", "worker"}


def can_see_day_board(actor: Actor) -> bool:
    """See a venue's whole day."""
    return actor.role in {"reception", "lead", "manager", "system"}


def can_run_sessions(actor: Actor) -> bool:
    """Add, move and cancel sessions and series."""
    return actor.role in {"outreach", "lead", "manager", "worker", "system"}


def can_check_arrivals(actor: Actor) -> bool:
    """Ask what to do about someone who has come in. The answer names nobody and gives no reason (SAFETY.md 5)."""
    return actor.role in {"reception", "outreach", "lead", "manager", "worker"}


def can_see_exclusions(actor: Actor) -> bool:
    """Open the safety desk: exclusions, matches, cases and requests. Every look is recorded (SAFETY.md 4, 9)."""
    return actor.role == "lead"


def can_record_exclusion(actor: Actor) -> bool:
    """Record that a client is to be kept from someone, and edit or begin to close it."""
    return actor.role in {"lead", "system"}


def can_merge_clients(actor: Actor) -> bool:
    """Make two records of one client one, or take them apart again: a lead, in person, for it decides who is kept apart
    from whom."""
    return actor.role == "lead" and actor.staff_id is not None


def can_ask_override(actor: Actor) -> bool:
    """Ask that two people who are kept apart may be near each other all the same (SAFETY.md 5): a lead, in person."""
    return actor.role == "lead" and actor.staff_id is not None


def can_decide_override(actor: Actor) -> bool:
    """Be the second person of an override. Whoever asked for it is a lead, so that one of the two always is."""
    return actor.role in {"lead", "manager"} and actor.staff_id is not None


def can_decide_eligibility(actor: Actor) -> bool:
    """Record under the service's policy that a client may come to what is for women."""
    return actor.role in {"lead", "manager", "system"}


def can_manage(actor: Actor) -> bool:
    """Venues, opening times, closures, appointment types, staff and tokens."""
    return actor.role in {"manager", "system"}


def can_see_every_venue(actor: Actor) -> bool:
    """Only the system sees confidential venues without being assigned to them (SAFETY.md 7)."""
    return actor.role == "system"
