"""Writing iCalendar (RFC 5545): an event with a neutral title, its zone with both clock changes, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, Timezone, TimezoneDaylight, TimezoneStandard, vDuration, vRecur

from scheduler.crypto import ring

LONDON = ZoneInfo("Europe/London")

#: Says nothing of the service: this line is read by whoever holds the phone.
PRODUCT = "-//Calendar//EN"
#: How often a calendar program is asked to look again.
REFRESH = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Entry:
    """One event. Times are aware; `changed` is when the record behind it last changed, `version` counts from 1.
    There is no field for a person, a reason or a description: what is not here cannot leave."""

    uid: str
    title: str
    start: datetime
    end: datetime
    zone: ZoneInfo
    changed: datetime
    version: int
    location: str | None = None
    busy: bool = True
    status: str = "CONFIRMED"


def stable_uid(scope: str, kind: str, record_id: int) -> str:
    """The same for the same record in the same kind of calendar for ever, and telling nothing: not how many others
    there are, nor that two calendars show the same record. A random-looking UUID (RFC 7986, 5.3)."""
    digest = ring().seal([b"calendar-uid", scope.encode(), kind.encode(), str(record_id).encode()])
    return str(uuid.UUID(bytes=digest[:16], version=5))


def london() -> Timezone:
    """The zone as the law has it: clocks change at 01:00 UTC on the last Sundays of March and October."""
    zone = Timezone()
    zone.add("TZID", "Europe/London")
    for part, name, month, before, after, local in (
        (TimezoneDaylight(), "BST", 3, 0, 1, datetime(1996, 3, 31, 1)),  # noqa: DTZ001  wall-clock time by definition
        (TimezoneStandard(), "GMT", 10, 1, 0, datetime(1996, 10, 27, 2)),  # noqa: DTZ001
    ):
        part.add("DTSTART", local)
        part.add("RRULE", vRecur({"FREQ": "YEARLY", "BYMONTH": month, "BYDAY": "-1SU"}))
        part.add("TZOFFSETFROM", timedelta(hours=before))
        part.add("TZOFFSETTO", timedelta(hours=after))
        part.add("TZNAME", name)
        zone.add_component(part)
    return zone


def _repeated(local: datetime) -> bool:
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def _times(entry: Entry) -> tuple[datetime, datetime]:
    """In London's wall-clock time, or in UTC where that would not say which instant is meant: in the hour that comes
    twice in October a local time always means the first (RFC 5545, 3.3.5), and programs differ. Other zones are
    written in UTC, so that no calendar has to know their rules."""
    start, end = entry.start.astimezone(LONDON), entry.end.astimezone(LONDON)
    if entry.zone.key != LONDON.key or _repeated(start) or _repeated(end):
        return entry.start.astimezone(UTC), entry.end.astimezone(UTC)
    return start, end


def _event(entry: Entry) -> Event:
    event = Event()
    changed = entry.changed.astimezone(UTC).replace(microsecond=0)
    start, end = _times(entry)
    event.add("UID", entry.uid)
    # Without a METHOD, DTSTAMP is when the entry last changed (3.8.7.2): a feed nobody changed stays the same bytes.
    event.add("DTSTAMP", changed)
    event.add("LAST-MODIFIED", changed)
    event.add("SEQUENCE", entry.version - 1)
    event.add("DTSTART", start)
    event.add("DTEND", end)
    event.add("SUMMARY", entry.title)
    if entry.location:
        event.add("LOCATION", entry.location)
    event.add("STATUS", entry.status)
    event.add("TRANSP", "OPAQUE" if entry.busy else "TRANSPARENT")
    event.add("CLASS", "PRIVATE")
    return event


def calendar(name: str, entries: Iterable[Entry]) -> bytes:
    """The bytes of a calendar called `name`, its zone first, with these entries."""
    made = Calendar()
    made.add("PRODID", PRODUCT)
    made.add("VERSION", "2.0")
    made.add("CALSCALE", "GREGORIAN")
    made.add("NAME", name)
    made.add("X-WR-CALNAME", name)
    made.add("X-WR-TIMEZONE", "Europe/London")
    made.add("REFRESH-INTERVAL", vDuration(REFRESH), parameters={"VALUE": "DURATION"})
    made.add("X-PUBLISHED-TTL", vDuration(REFRESH))
    made.add_component(london())
    for entry in entries:
        made.add_component(_event(entry))
    return bytes(made.to_ical())
