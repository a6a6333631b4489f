"""Small records for tests, straight into the tables: each call makes one thing and gives its id.

`Town` gives every record sensible values, so that a test names only what it is about. Times are aware; the default day
is the `clock` fixture's Monday.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import (
    AppointmentType,
    Client,
    Exclusion,
    ExclusionSite,
    Match,
    NamedPerson,
    OpeningWindow,
    SafeContact,
    Session,
    SessionStaff,
    Site,
    SiteNeighbour,
    Staff,
    StaffVenue,
    Stay,
    Venue,
)

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
_numbers = itertools.count(1)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    """A time on the tests' Monday, or `day` days after it. It is winter: London and UTC agree."""
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def _save(row: Any) -> Any:
    db.session.add(row)
    db.session.commit()
    return row.id if hasattr(row, "id") else None


def make_site(name: str = "Mill Lane") -> int:
    return _save(Site(name=name))


def make_neighbours(one: int, other: int) -> None:
    db.session.add_all(
        [SiteNeighbour(site_id=one, neighbour_id=other), SiteNeighbour(site_id=other, neighbour_id=one)]
    )
    db.session.commit()


def make_venue(site: int | None = None, **values: Any) -> int:
    defaults: dict[str, Any] = {"kind": "hub", "name": "The Mill", "label": "The Mill", "address": "1 Mill Lane"}
    return _save(Venue(site_id=site or make_site(), **{**defaults, **values}))


def open_all_day(venue: int, audience: str = "everyone", weekdays: range = range(7), **values: Any) -> None:
    for weekday in weekdays:
        window = {"from_minute": 0, "until_minute": 1440, **values}
        db.session.add(OpeningWindow(venue_id=venue, weekday=weekday, audience=audience, **window))
    db.session.commit()


def make_type(**values: Any) -> int:
    lengths = {"minutes": 30, "least_minutes": 15, "most_minutes": 120}
    return _save(AppointmentType(**{"name": "Catch-up", "notice": 0, **lengths, **values}))


def make_staff(**values: Any) -> int:
    defaults: dict[str, Any] = {
        "role": "worker", "sees_clients": True, "woman": True, "given_name": "Priya", "family_name": "Nair"
    }
    return _save(Staff(**{**defaults, **values}))


def assign(staff: int, venue: int) -> None:
    _save(StaffVenue(staff_id=staff, venue_id=venue))


def make_client(**values: Any) -> int:
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "reference": f"T{number:06d}", "given_name": "Alma", "family_name": "Reyes", "eligibility": "eligible",
        "created_at": clock.now(), "phone": f"+447700900{number % 1000:03d}",
    }
    return _save(Client(**{**defaults, **values}))


def make_safe_contact(client: int, **values: Any) -> None:
    defaults: dict[str, Any] = {"channel": "sms", "safe": "yes", "review_on": date(2030, 1, 1)}
    _save(SafeContact(client_id=client, **{**defaults, **values}))


def make_stay(client: int, venue: int, since: datetime = MONDAY - timedelta(days=30), until: Any = None) -> int:
    return _save(Stay(client_id=client, venue_id=venue, since=since, until=until))


def make_session(
    venue: int, start: datetime, end: datetime, staff: tuple[int, ...] = (), types: tuple[int, ...] = (), **values: Any
) -> int:
    found = db.session.get(Venue, venue)
    assert found is not None
    defaults: dict[str, Any] = {"kind": "one-to-one", "audience": "everyone", "modes": ["in-person"], "title": "Room"}
    session = _save(
        Session(
            venue_id=venue, site_id=found.site_id, start=start, end=end, types=list(types), updated_at=clock.now(),
            **{**defaults, **values},
        )
    )
    for worker in staff:
        db.session.add(SessionStaff(session_id=session, staff_id=worker, start=start, end=end))
    db.session.commit()
    return session


def make_exclusion(
    protects: int,
    names: int | None = None,
    kind: str = "client",
    state: str = "confirmed",
    sites: tuple[int, ...] = (),
    **values: Any,
) -> int:
    """An exclusion in force, with the known person `names` (of `kind`) matched to whom it names."""
    person = _save(NamedPerson(names=["Gareth Pike"]))
    defaults: dict[str, Any] = {"separation": "gap", "source": "told-us", "recorded_at": clock.now()}
    exclusion = _save(Exclusion(client_id=protects, named_person_id=person, **{**defaults, **values}))
    for site in sites:
        db.session.add(ExclusionSite(exclusion_id=exclusion, site_id=site))
    if names is not None:
        db.session.add(
            Match(
                named_person_id=person, person_kind=kind, person_id=names, state=state, score=90, found_at=clock.now()
            )
        )
    db.session.commit()
    return exclusion
