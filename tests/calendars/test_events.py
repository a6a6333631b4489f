"""The iCalendar text itself: zones, clock changes, line ends, and ids that tell nothing."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from zoneinfo import ZoneInfo

import pytest
import vobject
from dateutil.tz import tzical
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from scheduler import crypto
from scheduler.calendars.events import LONDON, Entry, calendar, stable_uid

from ..support.settings import KEYS

HOUR = timedelta(hours=1)
SPRING = datetime(2027, 3, 28, tzinfo=UTC)
AUTUMN = datetime(2027, 10, 31, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _keys() -> Iterator[None]:
    app = Flask(__name__)
    crypto.install(app, crypto.KeyRing.parse(KEYS))
    with app.app_context():
        yield


def entry(start: datetime, end: datetime | None = None, **values: object) -> Entry:
    defaults: dict[str, object] = {
        "uid": "1", "title": "Appointment", "zone": LONDON, "changed": datetime(2027, 1, 1, tzinfo=UTC), "version": 1
    }
    return Entry(start=start, end=end or start + HOUR / 2, **{**defaults, **values})  # type: ignore[arg-type]


def read_back(written: bytes) -> list[tuple[datetime, datetime]]:
    """The instants as one library reads them; a second one, by the file's own zone, must agree."""
    first = [
        (event.decoded("DTSTART").astimezone(UTC), event.decoded("DTEND").astimezone(UTC))
        for event in Calendar.from_ical(written).walk("VEVENT")
    ]
    other = vobject.readOne(written.decode())
    second = [
        (event.dtstart.value.astimezone(UTC), event.dtend.value.astimezone(UTC))
        for event in getattr(other, "vevent_list", [])
    ]
    assert first == second
    return first


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(SPRING + timedelta(minutes=30), id="the last half hour of winter"),
        pytest.param(SPRING + HOUR, id="the first minute of summer"),
        pytest.param(AUTUMN + timedelta(minutes=30), id="half past one, the first time"),
        pytest.param(AUTUMN + timedelta(minutes=90), id="half past one, the second time"),
        pytest.param(AUTUMN + timedelta(minutes=45), id="across the change"),
        pytest.param(datetime(2027, 7, 1, 9, tzinfo=UTC), id="summer"),
        pytest.param(datetime(2027, 1, 5, 9, tzinfo=UTC), id="winter"),
    ],
)
def test_both_clock_change_days_come_back_as_the_instants_they_were(start: datetime) -> None:
    end = start + timedelta(minutes=45)
    assert read_back(calendar("Calendar", [entry(start, end)])) == [(start, end)]


@settings(deadline=None, max_examples=50)
@given(
    st.integers(0, 4 * 366 * 1440),
    st.integers(1, 960),
)
def test_any_instant_comes_back_as_it_was(after: int, minutes: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=after)
    end = start + timedelta(minutes=minutes)
    assert read_back(calendar("Calendar", [entry(start, end)])) == [(start, end)]


def test_the_zone_in_the_file_changes_its_clocks_when_london_does() -> None:
    text = calendar("Calendar", []).decode()
    zone = tzical(StringIO(text)).get("Europe/London")
    day = datetime(2026, 1, 1, tzinfo=UTC)
    while day.year < 2036:
        for minutes in (59, 61) if day.month in (3, 10) and day.day > 20 else (0,):
            at = day + timedelta(minutes=minutes)
            assert at.astimezone(zone).utcoffset() == at.astimezone(LONDON).utcoffset(), at
        day += timedelta(days=1)


def test_a_time_that_comes_twice_is_written_in_utc_so_that_nobody_takes_the_other() -> None:
    lines = calendar("Calendar", [entry(AUTUMN + timedelta(minutes=30))]).decode().splitlines()
    assert "DTSTART:20271031T003000Z" in lines
    assert "DTEND:20271031T010000Z" in lines


def test_an_ordinary_time_is_written_on_the_wall_clock_of_london() -> None:
    lines = calendar("Calendar", [entry(datetime(2027, 7, 1, 9, tzinfo=UTC))]).decode().splitlines()
    assert "DTSTART;TZID=Europe/London:20270701T100000" in lines


def test_another_zone_is_written_in_utc() -> None:
    start = datetime(2027, 7, 1, 9, tzinfo=UTC)
    written = calendar("Calendar", [entry(start, zone=ZoneInfo("Europe/Jersey"))])
    assert b"DTSTART:20270701T090000Z" in written


def test_lines_end_as_the_standard_says_and_are_folded() -> None:
    written = calendar("Calendar", [entry(SPRING, location="Überall in der Königin-Anna-Straße " * 6)])
    assert written.endswith(b"\r\n")
    assert written.count(b"\n") == written.count(b"\r\n")
    assert max(len(line) for line in written.split(b"\r\n")) <= 75
    [event] = Calendar.from_ical(written).walk("VEVENT")
    assert event["LOCATION"].startswith("Überall in der Königin-Anna-Straße Über")


def test_a_place_with_line_ends_and_semicolons_cannot_add_a_property() -> None:
    written = calendar("Calendar", [entry(SPRING, location="Hall;\r\nATTENDEE:mailto:a@example.org,\\n")])
    [event] = Calendar.from_ical(written).walk("VEVENT")
    assert "ATTENDEE" not in event


def test_a_change_raises_the_sequence_and_the_time_of_change() -> None:
    changed = datetime(2027, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
    [event] = Calendar.from_ical(calendar("Calendar", [entry(SPRING, version=4, changed=changed)])).walk("VEVENT")
    assert event["SEQUENCE"] == 3
    assert event.decoded("LAST-MODIFIED") == event.decoded("DTSTAMP") == changed.replace(microsecond=0)


def test_an_id_is_the_same_for_ever_and_does_not_count_others() -> None:
    assert stable_uid("worker", "appointment", 7) == stable_uid("worker", "appointment", 7)
    made = {stable_uid(s, k, n) for s in ("worker", "venue") for k in ("appointment", "session") for n in range(50)}
    assert len(made) == 200
    assert all(uid != "7" and len(uid) == 36 for uid in made)
