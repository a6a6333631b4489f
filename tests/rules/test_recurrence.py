"""Wall-clock rules made into instants, against a walk over every UTC minute with the zone's own clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import recurrence
from scheduler.rules.audience import Window
from scheduler.rules.intervals import Interval
from scheduler.rules.recurrence import edge, exists, instants, occurrences, weekly

from . import oracle
from .oracle import MINUTE, instant, minutes, number, wall
from .strategies import CHANGES, LONDON, midnight, promised, zones_and_days

SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
of_day = st.one_of(st.integers(0, 1439), st.integers(0, 4 * 60), st.sampled_from([0, 60, 90, 119, 120, 1380, 1439]))
places = zones_and_days()


def at(minute: int) -> time:
    return time(minute // 60, minute % 60)


def walked(day: date, zone: ZoneInfo) -> Iterator[int]:
    """Every minute on which the wall could show this day."""
    first = number(datetime(day.year, day.month, day.day, tzinfo=UTC))
    yield from range(first - oracle.DAY, first + 2 * oracle.DAY)


def shown(day: date, minute: int, zone: ZoneInfo) -> list[int]:
    """The minutes at which the wall shows this time on this day."""
    local = datetime.combine(day, at(minute))
    return [each for each in walked(day, zone) if wall(each, zone) == local]


class TestInstants:
    @promised(80)
    @given(places, of_day)
    def test_they_are_every_minute_at_which_the_wall_shows_that_time(
        self, place: tuple[ZoneInfo, date], minute: int
    ) -> None:
        zone, day = place
        found = instants(day, at(minute), zone)
        assert [number(each) for each in found] == shown(day, minute, zone)
        assert exists(day, at(minute), zone) == bool(found)
        assert all(each.tzinfo is UTC for each in found)

    @pytest.mark.parametrize("minute", range(0, 60, 5))
    def test_the_hour_that_spring_skips_does_not_exist(self, minute: int) -> None:
        assert instants(SPRING, time(1, minute), LONDON) == ()
        assert not exists(SPRING, time(1, minute), LONDON)
        assert instants(SPRING, time(0, minute), LONDON) == (datetime(2027, 3, 28, 0, minute, tzinfo=UTC),)
        assert instants(SPRING, time(2, minute), LONDON) == (datetime(2027, 3, 28, 1, minute, tzinfo=UTC),)

    @pytest.mark.parametrize("minute", range(0, 60, 5))
    def test_the_hour_that_autumn_repeats_is_two_instants(self, minute: int) -> None:
        assert instants(AUTUMN, time(1, minute), LONDON) == (
            datetime(2027, 10, 31, 0, minute, tzinfo=UTC),
            datetime(2027, 10, 31, 1, minute, tzinfo=UTC),
        )

    def test_the_fold_that_a_time_carries_changes_nothing(self) -> None:
        assert instants(AUTUMN, time(1, 30, fold=1), LONDON) == instants(AUTUMN, time(1, 30), LONDON)


class TestEdges:
    @promised(80)
    @given(places, of_day)
    def test_an_opening_edge_is_the_first_minute_from_which_the_wall_has_reached_it(
        self, place: tuple[ZoneInfo, date], minute: int
    ) -> None:
        zone, day = place
        local = datetime.combine(day, at(minute))
        assert number(edge(day, minute, zone)) == min(each for each in walked(day, zone) if wall(each, zone) >= local)

    @promised(80)
    @given(places, of_day)
    def test_a_closing_edge_comes_after_the_last_minute_of_the_day_before_it(
        self, place: tuple[ZoneInfo, date], minute: int
    ) -> None:
        zone, day = place
        before = [
            each for each in walked(day, zone)
            if wall(each, zone).date() == day and wall(each, zone) < datetime.combine(day, at(minute))
        ]
        if before:
            assert number(edge(day, minute, zone, closing=True)) == max(before) + 1

    @promised(80)
    @given(places)
    def test_the_last_edge_is_the_midnight_that_ends_the_day(self, place: tuple[ZoneInfo, date]) -> None:
        zone, day = place
        last = max(each for each in walked(day, zone) if wall(each, zone).date() == day)
        assert number(edge(day, 1440, zone, closing=True)) == number(edge(day, 1440, zone)) == last + 1

    @pytest.mark.parametrize("zone", CHANGES)
    def test_every_quarter_of_every_day_on_which_clocks_change(self, zone: ZoneInfo) -> None:
        for changes in CHANGES[zone]:
            for day in (changes - timedelta(days=1), changes):
                walls = [(each, wall(each, zone)) for each in walked(day, zone)]
                for minute in range(0, 1441, 15):
                    local = datetime.combine(day, time()) + minute * MINUTE
                    assert number(edge(day, minute, zone)) == min(each for each, shows in walls if shows >= local)
                    before = [each for each, shows in walls if shows.date() == day and shows < local]
                    if before:
                        assert number(edge(day, minute, zone, closing=True)) == max(before) + 1

    def test_a_window_that_ends_where_the_repeated_hour_begins_has_neither_of_them(self) -> None:
        assert edge(AUTUMN, 60, LONDON, closing=True) == datetime(2027, 10, 31, 0, tzinfo=UTC)
        assert edge(AUTUMN, 61, LONDON, closing=True) == datetime(2027, 10, 31, 1, 1, tzinfo=UTC)
        assert edge(AUTUMN, 120, LONDON, closing=True) == datetime(2027, 10, 31, 2, tzinfo=UTC)

    @pytest.mark.parametrize("minute", [60, 61, 90, 119])
    def test_an_edge_in_the_skipped_hour_is_the_moment_of_the_change(self, minute: int) -> None:
        change = datetime(2027, 3, 28, 1, tzinfo=UTC)
        assert edge(SPRING, minute, LONDON) == edge(SPRING, minute, LONDON, closing=True) == change

    def test_a_window_over_the_repeated_hour_holds_both_of_them(self) -> None:
        assert edge(AUTUMN, 60, LONDON) == datetime(2027, 10, 31, 0, tzinfo=UTC)
        assert edge(AUTUMN, 90, LONDON, closing=True) == datetime(2027, 10, 31, 1, 30, tzinfo=UTC)


def window(zone: ZoneInfo, weekday: int, low: int, high: int, *valid: date | None) -> Window:
    since, until = valid or (None, None)
    return Window(1, 1, weekday, low, high, zone, valid_from=since, valid_until=until)


class TestWeekly:
    @promised(120)
    @given(
        places, st.integers(-1, 1), of_day, st.integers(1, 1440), st.integers(0, 3000), st.integers(1, 2000),
        st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1]),
    )
    def test_it_gives_every_interval_that_touches_the_span_and_no_other(
        self, place: tuple[ZoneInfo, date], later: int, low: int, long: int, begins: int, lasts: int,
        since: int | None, until: int | None,
    ) -> None:
        zone, day = place
        weekday = (day + later * timedelta(days=1)).weekday()
        start = midnight(day, zone) + (begins - oracle.DAY) * MINUTE
        span = Interval(start, start + lasts * MINUTE)
        first, last = (None if n is None else day + n * timedelta(days=1) for n in (since, until))
        high = min(1440, low + long)
        walked = oracle.opened_minutes(
            window(zone, weekday, low, high, first, last), number(span.start), number(span.end)
        )
        found = list(weekly(weekday, low, high, zone, span, first, last))
        assert [minutes(*each) for each in found] == walked

    def test_a_window_until_midnight_and_one_from_midnight_touch(self) -> None:
        monday = midnight(date(2026, 3, 2))
        week = Interval(monday, monday + timedelta(days=7))
        evening, morning = (list(weekly(day, *hours, LONDON, week)) for day, hours in ((0, (1200, 1440)), (1, (0, 60))))
        assert evening[0].end == morning[0].start == monday + timedelta(days=1)

    @pytest.mark.parametrize(
        ("zone", "hour"), [("America/New_York", 23), ("Asia/Kathmandu", 1), ("Europe/London", 0)]
    )
    def test_the_day_is_the_one_on_the_wall(self, zone: str, hour: int) -> None:
        """Late on a Sunday in New York it is Monday in UTC, and early on one in Kathmandu it is Saturday."""
        place, sunday = ZoneInfo(zone), date(2026, 7, 5)
        asked = Interval(*(midnight(sunday, place) + timedelta(hours=hour, minutes=n) for n in (20, 30)))
        held = midnight(sunday, place) + timedelta(hours=hour)
        found = list(weekly(6, hour * 60, hour * 60 + 60, place, asked))
        assert found == [Interval(held, held + timedelta(hours=1))]
        assert list(weekly(0, hour * 60, hour * 60 + 60, place, asked)) == []

    def test_a_window_within_the_skipped_hour_is_not_held(self) -> None:
        day = Interval(midnight(SPRING), midnight(SPRING) + timedelta(hours=23))
        assert list(weekly(6, 60, 120, LONDON, day)) == []
        assert list(weekly(6, 75, 100, LONDON, day)) == []
        assert [each.end - each.start for each in weekly(6, 55, 125, LONDON, day)] == [timedelta(minutes=10)]

    @pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25), (date(2027, 6, 6), 24)])
    def test_a_window_of_a_whole_day_is_as_long_as_the_day(self, day: date, hours: int) -> None:
        start = midnight(day)
        found = list(weekly(6, 0, 1440, LONDON, Interval(start + timedelta(hours=3), start + timedelta(hours=4))))
        assert found == [Interval(start, start + timedelta(hours=hours))]

    def test_it_holds_on_its_first_and_its_last_day_and_on_no_other(self) -> None:
        monday = date(2026, 3, 2)
        span = Interval(midnight(monday) - timedelta(days=20), midnight(monday) + timedelta(days=40))
        found = list(weekly(0, 600, 660, LONDON, span, monday, monday + timedelta(days=14)))
        assert [each.start.date() for each in found] == [monday + timedelta(days=7 * n) for n in range(3)]


DAY_NAMES = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


@st.composite
def recurrences(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    """An RRULE, and in plain words which days it names."""
    interval = draw(st.integers(1, 3))
    kind = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]))
    rule, days = f"FREQ={kind};INTERVAL={interval}", []
    if kind == "WEEKLY":
        days = sorted(draw(st.sets(st.integers(0, 6), min_size=1, max_size=3)))
        rule += ";BYDAY=" + ",".join(DAY_NAMES[day] for day in days)
    elif kind == "MONTHLY":
        days = [draw(st.integers(1, 31))]
        rule += f";BYMONTHDAY={days[0]}"
    return rule, {"kind": kind, "interval": interval, "days": days}


def is_named(day: date, first: date, words: dict[str, object]) -> bool:
    """Does the rule name this day, when it begins on `first`?"""
    interval, days = words["interval"], words["days"]
    assert isinstance(interval, int)
    assert isinstance(days, list)
    if day < first:
        return False
    if words["kind"] == "DAILY":
        return (day - first).days % interval == 0
    if words["kind"] == "WEEKLY":
        weeks = (day - (first - timedelta(days=first.weekday()))).days // 7
        return weeks % interval == 0 and day.weekday() in days
    months = (day.year - first.year) * 12 + day.month - first.month
    return months % interval == 0 and day.day in days


class TestOccurrences:
    @promised(60)
    @given(
        places, recurrences(), of_day, st.integers(5, 200), st.integers(0, 40), st.integers(0, 9 * oracle.DAY),
        st.data(),
    )
    def test_each_named_day_has_one_session_at_its_first_such_minute(
        self, place: tuple[ZoneInfo, date], rule: tuple[str, dict[str, object]], minute: int, lasts: int, earlier: int,
        reach: int, data: st.DataObject,
    ) -> None:
        zone, day = place
        first = day - timedelta(days=earlier)
        start = midnight(day, zone) - 3 * timedelta(days=1) + data.draw(st.integers(0, 1440)) * MINUTE
        span = Interval(start, start + reach * MINUTE)
        days = [span.start.date() + timedelta(days=n) for n in range(-1, reach // oracle.DAY + 3)]
        left_out = frozenset(data.draw(st.sets(st.sampled_from(days), max_size=2)))
        expected = []
        for each in days:
            if is_named(each, first, rule[1]) and each not in left_out and (found := shown(each, minute, zone)):
                expected.append(found[0])
        got = list(occurrences(rule[0], first, at(minute), lasts, zone, span, left_out))
        assert [number(each.start) for each in got] == [m for m in expected if span.start <= instant(m) < span.end]
        assert all(each.end - each.start == lasts * MINUTE for each in got)

    @pytest.mark.parametrize("zone", CHANGES)
    def test_a_daily_series_of_a_year_is_in_order_and_its_wall_clock_never_moves(self, zone: ZoneInfo) -> None:
        start = datetime(2027, 1, 1, tzinfo=UTC)
        span = Interval(start, start + timedelta(days=365))
        found = list(occurrences("FREQ=DAILY", date(2026, 12, 1), time(10), 60, zone, span))
        assert {each.start.astimezone(zone).time() for each in found} == {time(10)}
        assert all(one.end < other.start for one, other in pairwise(found))
        assert len(found) == 365

    def test_a_day_that_is_left_out_has_no_session_and_the_rest_of_the_series_stays(self) -> None:
        monday = date(2026, 3, 2)
        span = Interval(midnight(monday), midnight(monday) + timedelta(days=4))
        found = occurrences("FREQ=DAILY", monday, time(9), 30, LONDON, span, frozenset({date(2026, 3, 3)}))
        assert [each.start.day for each in found] == [2, 4, 5]

    def test_a_session_that_begins_when_the_span_ends_is_not_in_it_and_one_that_begins_with_it_is(self) -> None:
        nine = midnight(date(2026, 3, 2)) + timedelta(hours=9)
        span = Interval(nine, nine + timedelta(days=2))
        found = list(occurrences("FREQ=DAILY", date(2026, 3, 1), time(9), 30, LONDON, span))
        assert [each.start for each in found] == [nine, nine + timedelta(days=1)]

    def test_a_start_in_the_skipped_hour_makes_no_session_and_one_in_the_repeated_hour_makes_the_first(self) -> None:
        year = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
        sundays = occurrences("FREQ=WEEKLY;BYDAY=SU", date(2027, 1, 3), time(1, 30), 30, LONDON, year)
        found = [each.start for each in sundays]
        assert len(found) == 51
        assert not [each for each in found if each.date() == SPRING]
        assert [each for each in found if each.date() == AUTUMN] == [datetime(2027, 10, 31, 0, 30, tzinfo=UTC)]

    def test_a_rule_that_cannot_be_read_is_an_error(self) -> None:
        year = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC))
        unread = ("FREQ=SOMETIMES", "BYDAY=MO", "nonsense", "", "DTSTART:20270101", "FREQ=DAILY;UNTIL=20270301T000000Z")
        for rule in unread:
            with pytest.raises(ValueError, match=r"."):
                list(occurrences(rule, date(2027, 1, 1), time(9), 30, LONDON, year))

    def test_a_rule_without_end_is_expanded_so_far_and_no_further(self) -> None:
        ages = Interval(datetime(2027, 1, 1, tzinfo=UTC), datetime(2090, 1, 1, tzinfo=UTC))
        found = list(occurrences("FREQ=DAILY", date(2027, 1, 2), time(9), 30, LONDON, ages))
        assert len(found) == recurrence.MOST_OCCURRENCES
