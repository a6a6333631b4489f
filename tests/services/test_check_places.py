"""What the check's own reading of the clock on the wall promises: the same as the rules', by another way."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduler.rules.intervals import Interval
from scheduler.rules.recurrence import weekly
from scheduler.services.check_places import on_the_wall

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25), date(2027, 3, 28), date(2026, 7, 5)])
@settings(max_examples=40)
@given(low=st.integers(0, 1438), length=st.integers(1, 1439))
def test_two_readings_of_opening_times_agree_when_clocks_change(day: date, low: int, length: int) -> None:
    high = min(low + length, 1440)
    midnight, next_midnight = (datetime.combine(day + timedelta(each), time(), LONDON) for each in (0, 1))
    spans = list(weekly(day.weekday(), low, high, LONDON, Interval(midnight, next_midnight)))
    read = on_the_wall(day, low, high, LONDON)
    assert [tuple(span) for span in spans] == ([] if read is None else [read])
