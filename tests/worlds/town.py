"""One town in many worlds: the same ids, the same timetable, the same man; only what she does there differs.

`Saved` puts every table back as it was, so that each world begins from the same rows; `same_chance` makes what the
program draws by lot the same in each. Neither touches what the program answers.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from scheduler.errors import SidegateError
from scheduler.extensions import db
from scheduler.models import Appointment, Exclusion, Series, Session, SessionStaff, Venue
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Margins, presence
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ..support import factories as make
from ..support.databases import Database
from ..support.factories import at

#: Every state that an appointment can be in without counting as a presence (SAFETY.md 1).
UNCOUNTED = ("cancelled", "noshow", "entered-in-error", "proposed", "waitlist")
COUNTED = ("booked", "arrived", "fulfilled", "pending")


class Saved:
    """Every row of the database, to be put back. Ids that were given out meanwhile are not given out again on
    PostgreSQL, as in life."""

    def __init__(self, database: Database) -> None:
        self.database = database
        db.session.rollback()
        self.rows = {
            table.name: [dict(row) for row in db.session.execute(text(f'SELECT * FROM "{table.name}"')).mappings()]
            for table in db.metadata.sorted_tables
        }
        db.session.rollback()

    def put_back(self) -> None:
        """Make the tables hold exactly these rows."""
        db.session.rollback()
        db.session.expunge_all()
        self.database.empty()
        for table, rows in self.rows.items():
            if rows:
                names = ", ".join(f'"{name}"' for name in rows[0])
                values = ", ".join(f":{name}" for name in rows[0])
                db.session.execute(text(f'INSERT INTO "{table}" ({names}) VALUES ({values})'), rows)
        db.session.commit()


@contextmanager
def same_chance(seed: int = 1) -> Iterator[None]:
    """Inside, tokens and keys are drawn in the same order each time: worlds are compared to the byte."""
    lot = random.Random(seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secrets, "choice", lot.choice)
        patch.setattr(secrets, "randbelow", lot.randrange)
        patch.setattr(secrets, "token_bytes", lambda size=32: lot.randbytes(size))
        patch.setattr(secrets, "token_hex", lambda size=32: lot.randbytes(size).hex())
        patch.setattr(secrets, "token_urlsafe", lambda size=32: lot.randbytes(size).hex())
        yield


class Town:
    """Four places (two at one site, one whose door is in sight, one far away) and one online; sessions of every kind
    on six days; him, with an appointment of his own; and two other women with theirs."""

    def __init__(self) -> None:
        self.near, self.in_sight, self.far = make.make_site("Mill Lane"), make.make_site("Elm Road"), make.make_site()
        make.make_neighbours(self.near, self.in_sight)
        self.hub = make.make_venue(self.near, name="Riverside Hub", label="Riverside Hub", creche=True)
        self.annexe = make.make_venue(self.near, name="The Annexe", label="The Annexe")
        self.surgery = make.make_venue(self.in_sight, name="Elm Surgery", label="Elm Surgery", kind="gp")
        self.library = make.make_venue(self.far, name="Library", label="Library", kind="partner")
        self.online = make.make_venue(name="Online", label="Online", kind="online")
        self.talk = make.make_type(name="Catch-up", change_until=60)
        self.long = make.make_type(name="Longer talk", minutes=60)
        self.group = make.make_type(name="Group", group=True)
        self.workers = [make.make_staff(given_name=name) for name in ("Aisha", "Tom", "Nomsa", "Lena", "Ewa")]
        self.sessions: list[int] = []
        self.series = {venue: self._series(venue) for venue in (self.hub, self.online)}
        for day in (0, 1, 2, 3, 7, 14):
            self._day(day)
        self.him = make.make_client(given_name="Gareth", family_name="Pike", eligibility="unknown")
        make.make_safe_contact(self.him)
        self.others = [make.make_client(given_name=name) for name in ("Mina", "Orla")]
        self._book(self.him, self.library, 3, 11)
        self._book(self.others[0], self.hub, 1, 10, mode="phone")
        self._book(self.others[1], self.surgery, 2, 14)
        self.kept = make.make_session(self.library, at(15, 0, 4), at(16, 0, 4), (self.workers[3],), (self.talk,))

    def _series(self, venue: int) -> int:
        mode = "video" if venue == self.online else "in-person"
        return int(
            make._save(
                Series(
                    venue_id=venue, title="Monday group", rule="FREQ=WEEKLY;BYDAY=MO", first_day=at(0).date(),
                    at_minute=18 * 60, minutes=60, kind="group", modes=[mode], types=[self.group], staff=[], seats=8,
                )
            )
        )

    def _day(self, day: int) -> None:
        aisha, tom, nomsa, lena, ewa = self.workers
        both = (self.talk, self.long)
        held: list[tuple[int, int, int, tuple[int, ...], tuple[int, ...], dict[str, Any]]] = [
            (self.hub, 10, 12, (aisha,), both, {"modes": ["in-person", "phone"]}),
            (self.surgery, 13, 16, (tom,), both, {}),
            (self.annexe, 9, 11, (), (self.talk,), {"kind": "drop-in", "seats": 12}),
            (self.library, 10, 13, (lena,), both, {"modes": ["in-person", "video"]}),
            (self.online, 15, 17, (nomsa,), both, {"modes": ["phone", "video", "chat"]}),
        ]
        if day in (0, 7, 14):
            for venue, mode in ((self.hub, "in-person"), (self.online, "video")):
                series = self.series[venue]
                more = {"kind": "group", "seats": 8, "modes": [mode], "series_id": series, "enrolment_id": series}
                held.append((venue, 18, 19, (ewa,) if venue == self.hub else (aisha,), (self.group,), more))
        for venue, start, end, staff, types, more in held:
            self.sessions.append(make.make_session(venue, at(start, 0, day), at(end, 0, day), staff, types, **more))

    def book_him_again(self) -> None:
        """Staff give him a time of a session that nobody else is ever booked in."""
        choice = Choice(self.him, self.talk, self.kept, self.workers[3], "in-person", at(15, 0, 4))
        booking.book(SYSTEM, choice)
        db.session.rollback()

    def _book(self, client: int, venue: int, day: int, hour: int, mode: str = "in-person") -> None:
        query = select(Session.id).where(Session.venue_id == venue, Session.start <= at(hour, 0, day))
        session = db.session.execute(query.where(Session.end > at(hour, 0, day))).scalars().one()
        worker = self.workers[{self.hub: 0, self.surgery: 1, self.library: 3}[venue]]
        booking.book(SYSTEM, Choice(client, self.talk, session, worker, mode, at(hour, 0, day)))


@dataclass(frozen=True)
class Deed:
    """One thing that she does, or that is done about her bookings: `session` and `slot` are taken round the town's."""

    what: str
    session: int
    slot: int
    mode: int
    state: str = "booked"


def do(town: Town, her: int, deeds: list[Deed]) -> None:
    """Do these in order. What the rules refuse is not done, as in life; `write` asks no rule, as an import or an old
    exclusion would not have."""
    for deed in deeds:
        try:
            _one(town, her, deed)
        except SidegateError:
            db.session.rollback()
    db.session.rollback()


def _one(town: Town, her: int, deed: Deed) -> None:
    session = db.session.get(Session, town.sessions[deed.session % len(town.sessions)])
    assert session is not None
    mode = session.modes[deed.mode % len(session.modes)]
    staff = workers_of(session.id)
    worker = staff[deed.slot % len(staff)] if session.kind == "one-to-one" else None
    start = session.start if session.kind == "group" else session.start + timedelta(minutes=15 * (deed.slot % 7))
    choice = Choice(her, session.types[0], session.id, worker, mode, start)
    if deed.what == "book":
        booking.book(SYSTEM, choice)
    elif deed.what == "write":
        write(session.id, her, start, worker, mode, deed.state)
    elif deed.what == "ask":
        booking.request_times(SYSTEM, her, session.types[0], mode, [(session.id, session.start)])
    else:
        mine = appointments_of(her)
        if mine:
            change(deed, mine[deed.slot % len(mine)], choice)


def change(deed: Deed, appointment: int, choice: Choice) -> None:
    """Cancel, move or mark one of hers."""
    if deed.what == "cancel":
        booking.cancel(SYSTEM, appointment, "client-asked")
    elif deed.what == "move":
        booking.move(SYSTEM, appointment, choice)
    elif deed.what == "mark":
        booking.mark(SYSTEM, appointment, deed.state)
    else:
        raise AssertionError(deed.what)


def workers_of(session: int) -> list[int]:
    """The workers of a session."""
    query = select(SessionStaff.staff_id).where(SessionStaff.session_id == session).order_by(SessionStaff.staff_id)
    return list(db.session.execute(query).scalars())


def appointments_of(client: int) -> list[int]:
    """The ids of a client's appointments."""
    query = select(Appointment.id).where(Appointment.client_id == client).order_by(Appointment.id)
    return list(db.session.execute(query).scalars())


def write(
    session: int, client: int, start: datetime, worker: int | None, mode: str = "in-person", state: str = "booked",
    minutes: int = 30,
) -> int:
    """An appointment straight into its table, whatever the rules would say."""
    held = db.session.get(Session, session)
    assert held is not None
    venue = db.session.get(Venue, held.venue_id)
    assert venue is not None
    end = held.end if held.kind == "group" else start + timedelta(minutes=minutes)
    margins = Margins(timedelta(minutes=venue.arrive_early), timedelta(minutes=venue.leave_late))
    whole = None
    if held.kind == Kind.DROP_IN:
        whole = Interval(held.start, held.end)
    there = presence(mode, start, end, margins, whole)
    query = select(func.coalesce(func.max(Appointment.own_number), 0)).where(Appointment.client_id == client)
    row = Appointment(
        client_id=client, own_number=db.session.execute(query).scalar_one() + 1, session_id=session,
        venue_id=held.venue_id, site_id=held.site_id, staff_id=worker, type_id=held.types[0], mode=mode, state=state,
        start=start, end=end, busy_from=start, busy_until=end, present_from=there.start if there else None,
        present_until=there.end if there else None, created_at=start - timedelta(days=1),
        updated_at=start - timedelta(days=1),
    )
    db.session.add(row)
    db.session.commit()
    return int(row.id)


def protect(town: Town, separation: str, state: str) -> int:
    """Her, and an exclusion that protects her from him. Gives her id."""
    her = make.make_client(given_name="Alma", family_name="Reyes")
    sites = (town.in_sight,) if separation == "site" else ()
    make.make_exclusion(her, town.him, state=state, separation=separation, sites=sites)
    return her


def exclusion_of(her: int) -> Exclusion:
    """The exclusion that protects her."""
    return db.session.execute(select(Exclusion).where(Exclusion.client_id == her)).scalar_one()
