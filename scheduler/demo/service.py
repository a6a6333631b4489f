"""What every demonstration's service has, whatever its size: its kinds of appointment and the people who sign in."""

from __future__ import annotations

from dataclasses import dataclass

from argon2 import PasswordHasher

from scheduler.models import AppointmentType
from scheduler.services.bulk import Load

#: The password of every demonstration login. The demonstration never loads in production.
PASSWORD = "side-gate-demo"  # noqa: S105

CATCH_UP, FIRST, NURSE, GROUP, DROP_IN, SHORT_CALL = range(1, 7)


@dataclass(frozen=True, slots=True)
class Login:
    """Someone who signs in, by a name that is the role of all but one."""

    role: str
    given_name: str
    family_name: str
    job: str
    sees_clients: bool = False
    on_call: bool = False
    second: str = ""

    @property
    def username(self) -> str:
        """What is typed to sign in."""
        return f"{self.role}{self.second}"


LOGINS = (
    Login("reception", "Tomos", "Applegarth", "receptionist"),
    Login("outreach", "Marsha", "Fennimore", "outreach worker", sees_clients=True),
    Login("lead", "Oonagh", "Brightwell", "safeguarding lead", on_call=True),
    Login("manager", "Devika", "Stanbridge", "service manager"),
    Login("worker", "Roisin", "Calderwood", "recovery worker", sees_clients=True),
    Login("lead", "Philippa", "Ridgeway", "deputy safeguarding lead", second="2"),
)


def password_hash() -> str:
    """The password as it is stored."""
    return PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)


def add_types(load: Load) -> None:
    """The kinds of appointment, in neutral words."""
    into = load.into(
        AppointmentType, "id", "name", "minutes", "least_minutes", "most_minutes", "buffer_before", "buffer_after",
        "self_service", "group",
    )
    into.add(CATCH_UP, "Catch-up", 30, 15, 60, 0, 0, True, False)
    into.add(FIRST, "First conversation", 60, 45, 90, 0, 0, True, False)
    into.add(NURSE, "Health check", 20, 20, 40, 5, 5, True, False)
    into.add(GROUP, "Group", 90, 60, 120, 0, 0, True, True)
    into.add(DROP_IN, "Drop-in", 15, 10, 30, 0, 0, True, False)
    into.add(SHORT_CALL, "Short call", 15, 10, 30, 0, 5, True, False)
