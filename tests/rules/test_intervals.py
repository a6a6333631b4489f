"""Spans of time are what their minutes are: no instant is lost or won at an edge."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules.intervals import Closed, Interval, local_days, merge, subtract

from . import oracle
from .oracle import MINUTE, minutes, number, wall
from .strategies import LONDON, instants_near, midnight, promised, zones_and_days

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ONE_DAY = (date(2026, 3, 2),)


@st.composite
def short_spans(draw: st.DrawFn) -> Interval:
    """A span within half an hour, which may be empty or end before it starts."""
    start, end = (NOON + draw(st.integers(0, 30)) * MINUTE for _ in range(2))
    return Interval(start, end)


some = st.lists(short_spans(), max_size=6)


def all_minutes(many: list[Interval]) -> set[int]:
    return {minute for span in many for minute in minutes(*span)}


@promised(120)
@given(short_spans(), short_spans())
def test_two_spans_overlap_when_they_share_a_minute(one: Interval, other: Interval) -> None:
    assert one.overlaps(other) == other.overlaps(one) == bool(minutes(*one) & minutes(*other))


@promised(120)
@given(short_spans(), short_spans())
def test_a_span_contains_another_when_it_has_all_its_minutes(one: Interval, other: Interval) -> None:
    if other.end > other.start:
        assert one.contains(other) == (minutes(*other) <= minutes(*one))


@promised(100)
@given(short_spans(), st.integers(0, 9), st.integers(0, 9))
def test_a_widened_span_grows_at_the_end_that_was_asked_for(span: Interval, before: int, after: int) -> None:
    wide = span.widened(before * MINUTE, after * MINUTE)
    assert (wide.start, wide.end) == (span.start - before * MINUTE, span.end + after * MINUTE)


@promised(200)
@given(some)
def test_merging_keeps_every_minute_and_leaves_gaps_between(many: list[Interval]) -> None:
    merged = merge(many)
    assert all_minutes(merged) == all_minutes(many)
    assert all(span.start < span.end for span in merged)
    assert all(one.end < other.start for one, other in pairwise(merged))


@promised(200)
@given(short_spans(), some)
def test_subtracting_leaves_exactly_what_was_not_taken(whole: Interval, taken: list[Interval]) -> None:
    left = subtract(whole, taken)
    assert all_minutes(left) == minutes(*whole) - all_minutes(taken)
    assert all(span.start < span.end for span in left)
    assert all(one.end <= other.start for one, other in pairwise(left))


@promised(200)
@given(some, short_spans())
def test_a_closed_set_is_touched_by_whatever_shares_a_minute_with_it(many: list[Interval], asked: Interval) -> None:
    closed = Closed(many)
    assert closed.touches(*asked) == bool(minutes(*asked) & all_minutes(many))
    assert bool(closed) == bool(all_minutes(many))


def test_what_only_touches_does_not_overlap() -> None:
    before, after = Interval(NOON - MINUTE, NOON), Interval(NOON, NOON + MINUTE)
    assert not before.overlaps(after)
    assert not Closed([before]).touches(*after)
    assert not Closed([after]).touches(*before)
    assert merge([after, before]) == [Interval(NOON - MINUTE, NOON + MINUTE)]


def test_a_second_is_enough_to_overlap() -> None:
    second = timedelta(seconds=1)
    closed = Closed([Interval(NOON, NOON + MINUTE)])
    assert closed.touches(NOON - MINUTE, NOON + second)
    assert closed.touches(NOON + MINUTE - second, NOON + 2 * MINUTE)
    assert closed.touches(NOON + second, NOON + 2 * second)


@promised(80)
@given(zones_and_days(), st.integers(0, 30 * 60), st.integers(0, 1600))
def test_local_days_are_every_minute_of_each_day_that_is_touched(
    place: tuple[ZoneInfo, date], first: int, long: int
) -> None:
    zone, day = place
    start = midnight(day, zone) + first * MINUTE
    span = Interval(start, start + long * MINUTE)
    touched = {wall(minute, zone).date() for minute in minutes(*span) or {number(span.start)}}
    reach = range(number(span.start) - 2 * oracle.DAY, number(span.end) + 2 * oracle.DAY)
    assert minutes(*local_days(span, zone)) == {minute for minute in reach if wall(minute, zone).date() in touched}


@pytest.mark.parametrize(("day", "hours"), [(date(2027, 3, 28), 23), (date(2027, 10, 31), 25), (date(2026, 3, 2), 24)])
def test_a_day_on_which_clocks_change_is_as_long_as_it_is(day: date, hours: int) -> None:
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=LONDON)
    whole = local_days(Interval(noon, noon + MINUTE), LONDON)
    assert whole == (midnight(day), midnight(day) + timedelta(hours=hours))


@promised(60)
@given(instants_near(ONE_DAY, step=1))
def test_a_span_that_ends_at_midnight_does_not_touch_the_day_after(start: datetime) -> None:
    end = midnight(date(2026, 3, 5))
    assert local_days(Interval(start, end), LONDON).end == end
    assert local_days(Interval(start, end + timedelta(microseconds=1)), LONDON).end == end + timedelta(days=1)
