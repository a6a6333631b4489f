"""The same stage in every database, however large the rest: what is shown never differs, so only storage can.

Ten venues with two workers' sessions each weekday for four weeks, half of their time taken; one day with 200
appointments at one venue; a woman with five exclusions, each matched to three people who come to those venues; and
women-only times everywhere.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, text

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Client,
    Exclusion,
    Match,
    NamedPerson,
    OpeningWindow,
    SafeContact,
    Session,
    SessionStaff,
    Site,
    Staff,
    Venue,
)

VENUES, DAYS, BOARD_WORKERS, BOARD_EACH = 10, 28, 20, 10
HALF = timedelta(minutes=30)
_MARK = "BENCH"


@dataclass(frozen=True, slots=True)
class Stage:
    """Where to look: ids in this database."""

    venues: tuple[int, ...]
    board_venue: int
    type: int
    her: int
    him: int
    lead: int
    clients: tuple[int, ...]
    monday: datetime


def find_or_plant() -> Stage:
    """The stage of this database, planted when it is not there. Needs an app context."""
    planted = db.session.execute(select(Client.id).where(Client.reference == f"{_MARK}0")).scalar()
    return _found() if planted else _plant()


def _monday() -> datetime:
    today = clock.now().date()
    ahead = today + timedelta(days=7 - today.weekday())
    return datetime(ahead.year, ahead.month, ahead.day, tzinfo=UTC)


def _found() -> Stage:
    clients = tuple(
        db.session.execute(select(Client.id).where(Client.reference.like(f"{_MARK}%")).order_by(Client.id)).scalars()
    )
    venues = tuple(
        venue.id
        for venue in db.session.execute(select(Venue).order_by(Venue.id)).scalars()
        if venue.name.startswith(_MARK)
    )
    kind = db.session.execute(select(AppointmentType.id).where(AppointmentType.name == _MARK)).scalars().one()
    lead = db.session.execute(select(Staff.id).where(Staff.username == _MARK.lower())).scalars().one()
    return Stage(venues[:VENUES], venues[VENUES], kind, clients[0], clients[1], lead, clients[2:], _monday())


def _add(row: Any) -> int:
    db.session.add(row)
    db.session.flush()
    return int(row.id)


def _plant() -> Stage:
    chance, now = random.Random(7), clock.now()
    monday = _monday()
    kind = _add(AppointmentType(name=_MARK, minutes=30, least_minutes=30, most_minutes=30, notice=0))
    _add(Staff(role="lead", given_name="Bench", family_name="Lead", username=_MARK.lower()))
    people = [
        Client(
            reference=f"{_MARK}{n}", given_name="Bench", family_name=f"Person{n}", created_at=now,
            eligibility="not-eligible" if n == 1 else "eligible", phone=f"+447700900{n % 1000:03d}",
        )
        for n in range(602)
    ]
    db.session.add_all(people)
    db.session.flush()
    her, clients = people[0].id, tuple(person.id for person in people[2:])
    db.session.add_all([SafeContact(client_id=c, channel="sms", safe="yes") for c in (her, *clients[:300])])
    own: dict[int, int] = {}
    appointments: list[dict[str, Any]] = []
    venues = [_venue(n) for n in range(VENUES + 1)]
    for venue, site in venues[:VENUES]:
        for day in range(DAYS):
            if (monday + timedelta(days=day)).weekday() < 5:
                for hour in (9, 13):
                    start = monday + timedelta(days=day, hours=hour)
                    _session(chance, appointments, own, clients[:300], venue, site, kind, start, 6, 3)
    board_venue, board_site = venues[VENUES]
    for _ in range(BOARD_WORKERS):
        start = monday + timedelta(hours=9)
        _session(chance, appointments, own, clients[300:], board_venue, board_site, kind, start, BOARD_EACH, BOARD_EACH)
    db.session.execute(insert(Appointment), appointments)
    for n in range(5):
        named = _add(NamedPerson(names=[f"Bench Named{n}"]))
        _add(Exclusion(client_id=her, named_person_id=named, separation="gap", source="told-us", recorded_at=now))
        for other in chance.sample(clients[:300], 3):
            db.session.add(
                Match(named_person_id=named, person_kind="client", person_id=other, score=80, found_at=now)
            )
    db.session.commit()
    return _found()


def _venue(n: int) -> tuple[int, int]:
    site = _add(Site(name=f"{_MARK} site {n}"))
    venue = _add(Venue(site_id=site, kind="community", name=f"{_MARK} {n:02d}", label=f"{_MARK} {n:02d}"))
    for weekday in range(5):
        hours = [(0, 480, "everyone"), (480, 1080, "everyone"), (1080, 1200, "women")]
        db.session.add_all(
            OpeningWindow(venue_id=venue, weekday=weekday, from_minute=low, until_minute=high, audience=audience)
            for low, high, audience in hours
        )
    return venue, site


def _session(
    chance: random.Random,
    appointments: list[dict[str, Any]],
    own: dict[int, int],
    clients: tuple[int, ...],
    venue: int,
    site: int,
    kind: int,
    start: datetime,
    halves: int,
    taken: int,
) -> None:
    worker = _add(Staff(role="worker", sees_clients=True, woman=True, given_name="Bench", family_name=str(len(own))))
    end = start + halves * HALF
    session = _add(
        Session(
            venue_id=venue, site_id=site, start=start, end=end, types=[kind], modes=["in-person"], title=_MARK,
            kind="one-to-one", audience="everyone", updated_at=start,
        )
    )
    db.session.add(SessionStaff(session_id=session, staff_id=worker, start=start, end=end))
    for half in chance.sample(range(halves), taken):
        # Whoever has had fewest, so that nobody is asked to be in two places at once.
        client = min(clients, key=lambda c: (own.get(c, 0), c))
        own[client] = own.get(client, 0) + 1
        begins = start + half * HALF
        appointments.append(
            {
                "client_id": client, "own_number": own[client], "session_id": session, "venue_id": venue,
                "site_id": site, "staff_id": worker, "type_id": kind, "mode": "in-person", "state": "booked",
                "start": begins, "end": begins + HALF, "busy_from": begins, "busy_until": begins + HALF,
                "present_from": begins - HALF / 2, "present_until": begins + HALF + HALF / 2, "creche": 0,
                "made_by": "system", "created_at": start, "updated_at": start, "version": 1,
            }
        )


def booking_sessions(stage: Stage, many: int) -> list[tuple[int, int, datetime]]:
    """`many` fresh (session, worker, start) at the first venue, all free, for the booking runs: sessions of eight
    hours on days beyond the four weeks, so that every run finds empty ones."""
    site = db.session.execute(select(Venue.site_id).where(Venue.id == stage.venues[0])).scalar_one()
    latest = db.session.execute(
        select(Session.start).where(Session.venue_id == stage.venues[0]).order_by(Session.start.desc()).limit(1)
    ).scalar_one()
    day = latest.replace(hour=0, minute=0) + timedelta(days=1)
    free: list[tuple[int, int, datetime]] = []
    worker = _add(Staff(role="worker", sees_clients=True, woman=True, given_name="Bench", family_name="Booked"))
    while len(free) < many:
        start = day + timedelta(hours=8)
        end = start + 16 * HALF
        session = _add(
            Session(
                venue_id=stage.venues[0], site_id=site, start=start, end=end, types=[stage.type], modes=["phone"],
                title=_MARK, kind="one-to-one", audience="everyone", updated_at=start,
            )
        )
        db.session.add(SessionStaff(session_id=session, staff_id=worker, start=start, end=end))
        free += [(session, worker, start + n * HALF) for n in range(16)]
        day += timedelta(days=1)
    db.session.commit()
    # As the database would learn by itself after a while: how much there is of what was just made.
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    return free[:many]
