"""Quarters, and the days on which clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules.intervals import Interval
from scheduler.rules.periods import Quarter, offsets

LONDON = ZoneInfo("Europe/London")


@pytest.mark.parametrize(
    ("day", "first", "end"),
    [
        (date(2026, 3, 31), date(2026, 1, 1), date(2026, 4, 1)),
        (date(2026, 4, 1), date(2026, 4, 1), date(2026, 7, 1)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2027, 1, 1)),
    ],
)
def test_a_quarter_is_one_of_the_financial_year(day: date, first: date, end: date) -> None:
    assert (Quarter.of(day).first, Quarter.of(day).end) == (first, end)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_every_day_is_in_its_quarter_and_the_one_before_ends_where_it_begins(day: date) -> None:
    quarter = Quarter.of(day)
    assert quarter.first <= day < quarter.end
    assert quarter.before == Quarter.of(quarter.first - timedelta(days=1))
    assert Quarter.of(quarter.first) == quarter
    assert quarter.before.before.before.before == quarter.a_year_before


@given(st.dates(date(2026, 1, 1), date(2028, 1, 1)), st.integers(1, 400))
def test_the_offset_of_every_hour_is_that_of_its_part(day: date, days: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    span = Interval(start, start + timedelta(days=days))
    parts = offsets(span, LONDON)
    assert parts[-1][0] == span.end
    at = start
    while at < span.end:
        offset = next(offset for until, offset in parts if at < until)
        assert offset == at.astimezone(LONDON).utcoffset()
        at += timedelta(minutes=30)
    assert all(one[1] != other[1] for one, other in pairwise(parts))
