"""A small town for the tests of her link: two venues, two workers, a woman, and four days of sessions."""

from typing import Any

from sqlalchemy import select, text

from scheduler.extensions import db
from scheduler.models import Appointment
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from . import factories as make
from .factories import at


class Town:
    """Two venues, two workers, a woman and four days of sessions."""

    def __init__(self) -> None:
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub", address="2 Mill Lane", creche=True)
        self.surgery = make.make_venue(name="Elm Surgery", label="Elm Surgery", address="9 Elm Road", kind="gp")
        self.type = make.make_type(change_until=60)
        self.aisha = make.make_staff(given_name="Aisha", family_name="Hidden")
        self.tom = make.make_staff(given_name="Tom", family_name="Hidden", woman=False)
        self.woman = make.make_client(key_worker_id=self.aisha)
        make.make_safe_contact(self.woman)
        self.sessions = {}
        for day in range(1, 5):
            self.sessions["hub", day] = make.make_session(
                self.hub, at(10, 0, day), at(12, 0, day), (self.aisha,), (self.type,), creche=2,
                modes=["in-person", "phone"],
            )
            self.sessions["surgery", day] = make.make_session(
                self.surgery, at(14, 0, day), at(18, 0, day), (self.tom,), (self.type,)
            )

    def booked(self, day: int = 1, hour: int = 10, minute: int = 0, client: int | None = None) -> booking.Booked:
        who = client or self.woman
        place, worker = ("hub", self.aisha) if hour < 13 else ("surgery", self.tom)
        session = self.sessions[place, day]
        return booking.book(SYSTEM, Choice(who, self.type, session, worker, "in-person", at(hour, minute, day)))


def everything() -> dict[str, list[Any]]:
    """Every row of every table."""
    db.session.rollback()
    found = {
        table.name: sorted(map(repr, db.session.execute(text(f'SELECT * FROM "{table.name}"'))))
        for table in db.metadata.sorted_tables
    }
    db.session.rollback()
    return found


def appointments(client: int | None = None) -> list[Any]:
    db.session.rollback()
    query = select(Appointment.__table__).order_by(Appointment.id)
    rows = list(db.session.execute(query if client is None else query.where(Appointment.client_id == client)))
    db.session.rollback()
    return rows
