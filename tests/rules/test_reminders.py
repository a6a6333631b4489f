"""When a text may go out (SAFETY.md 8), against the clock on the wall, read minute by minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import reminders
from scheduler.rules.reminders import (
    Contact,
    Purpose,
    Silence,
    moments,
    next_safe,
    safest,
    safest_on_day,
    silence,
    spans,
)

LONDON = ZoneInfo("Europe/London")
SPRING, AUTUMN = date(2027, 3, 28), date(2027, 10, 31)
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def wall(day: date, hour: int, minute: int = 0, fold: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, fold=fold, tzinfo=LONDON).astimezone(UTC)


def on_her_wall(hours: list[list[int]] | None, instant: datetime) -> bool:
    """The oracle: does the clock in her kitchen show one of her safe minutes?"""
    local = instant.astimezone(LONDON)
    minute = local.hour * 60 + local.minute
    return any(day == local.weekday() and low <= minute < high for day, low, high in hours or reminders.REASONABLE)


hours_of_hers = st.none() | st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 1439), st.integers(1, 1440))
    .filter(lambda each: each[1] < each[2])
    .map(list),
    min_size=1,
    max_size=8,
)
#: Weeks around both clock changes, and one without.
starts_of_weeks = st.sampled_from(
    [datetime(2027, 3, 25, tzinfo=UTC), datetime(2027, 10, 28, tzinfo=UTC), datetime(2026, 6, 1, tzinfo=UTC)]
)


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    return draw(starts_of_weeks) + timedelta(minutes=draw(st.integers(0, 7 * 24 * 60)))


class TestSafeSpans:
    @given(hours_of_hers, instants())
    def test_a_minute_is_safe_exactly_when_the_clock_on_her_wall_says_so(
        self, hours: list[list[int]] | None, instant: datetime
    ) -> None:
        day = instant.astimezone(LONDON).date()
        found = list(spans(hours, LONDON, [day]))
        assert any(span.start <= instant < span.end for span in found) == on_her_wall(hours, instant)

    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            ([[6, 60, 120]], []),  # the hour that is skipped
            ([[6, 30, 150]], [(wall(SPRING, 0, 30), wall(SPRING, 2, 30))]),  # an hour long, not two
            ([[6, 75, 150]], [(wall(SPRING, 2), wall(SPRING, 2, 30))]),
        ],
    )
    def test_the_hour_that_spring_skips_is_never_safe(
        self, hours: list[list[int]], expected: list[tuple[datetime, datetime]]
    ) -> None:
        assert [tuple(span) for span in spans(hours, LONDON, [SPRING])] == expected

    @pytest.mark.parametrize(
        ("hours", "expected"),
        [
            ([[6, 60, 120]], [(wall(AUTUMN, 1), wall(AUTUMN, 2))]),  # both of the two hours
            (
                [[6, 90, 150]],
                [(wall(AUTUMN, 1, 30), wall(AUTUMN, 1, 30) + timedelta(minutes=30)),
                 (wall(AUTUMN, 1, 30, fold=1), wall(AUTUMN, 2, 30))],
            ),
        ],
    )
    def test_the_hour_that_autumn_repeats_is_safe_as_often_as_her_wall_shows_it(
        self, hours: list[list[int]], expected: list[tuple[datetime, datetime]]
    ) -> None:
        assert [tuple(span) for span in spans(hours, LONDON, [AUTUMN])] == expected

    @pytest.mark.parametrize(
        "bad", [[[7, 0, 60]], [[0, 60, 60]], [[0, -1, 60]], [[0, 0, 1441]], [[0, 1]], ["x"], [1], 5]
    )
    def test_hours_that_make_no_sense_are_refused(self, bad: object) -> None:
        with pytest.raises(ValueError, match=r"safe hours|values|int"):
            list(spans(bad, LONDON, [SPRING]))


class TestNextSafe:
    @given(hours_of_hers, instants())
    def test_nothing_goes_out_outside_her_hours_or_in_their_last_minutes(
        self, hours: list[list[int]] | None, now: datetime
    ) -> None:
        found = next_safe(hours, now, now + timedelta(days=30), LONDON)
        if found is None:
            return
        assert found.start >= now
        assert on_her_wall(hours, found.start)
        assert on_her_wall(hours, found.end)  # a text that leaves last has two minutes to arrive
        if on_her_wall(hours, now) and on_her_wall(hours, now + reminders.TIME_TO_ARRIVE):
            assert found.start < now + timedelta(days=8)

    def test_now_is_taken_when_now_is_safe(self) -> None:
        assert next_safe(None, MONDAY, MONDAY + timedelta(days=1), LONDON) == (MONDAY, wall(MONDAY.date(), 18, 58))

    def test_quiet_hours_wait_for_nine_in_the_morning(self) -> None:
        late = wall(date(2026, 3, 2), 19)
        found = next_safe(None, late, late + timedelta(days=7), LONDON)
        assert found is not None
        assert found.start == wall(date(2026, 3, 3), 9)

    @pytest.mark.parametrize("day", [SPRING, AUTUMN])
    def test_quiet_hours_hold_on_the_days_of_a_clock_change(self, day: date) -> None:
        before = wall(day - timedelta(days=1), 20)
        found = next_safe(None, before, before + timedelta(days=7), LONDON)
        assert found is not None
        assert found.start == wall(day, 9)
        assert found.end == wall(day, 18, 58)

    def test_it_is_never_later_than_what_it_is_about(self) -> None:
        assert next_safe([[2, 600, 720]], MONDAY, MONDAY + timedelta(days=2), LONDON) is None


class TestSafestReminder:
    @given(hours_of_hers, instants(), st.integers(0, 60 * 24 * 10))
    def test_it_is_in_her_hours_one_to_seven_days_before_and_not_too_early(
        self, hours: list[list[int]] | None, start: datetime, minutes: int
    ) -> None:
        earliest = start - timedelta(minutes=minutes)
        found = safest(hours, start, earliest, LONDON)
        if found is None:
            return
        assert on_her_wall(hours, found)
        assert found >= earliest
        days = (start.astimezone(LONDON).date() - found.astimezone(LONDON).date()).days
        assert 1 <= days <= 7
        assert found < reminders.last_moment(start, LONDON)

    def test_the_middle_of_a_short_window_is_chosen(self) -> None:
        start = wall(date(2026, 3, 12), 14)
        assert safest([[1, 600, 660]], start, MONDAY, LONDON) == wall(date(2026, 3, 10), 10, 30)

    def test_the_longest_window_is_safest_even_if_it_is_further_from_the_day(self) -> None:
        start = wall(date(2026, 3, 12), 14)
        assert safest([[1, 600, 660], [5, 540, 1020]], start, MONDAY, LONDON) == wall(date(2026, 3, 7), 15)

    def test_with_nothing_recorded_it_comes_two_days_before_at_the_same_hour(self) -> None:
        start = wall(date(2026, 3, 12), 14)
        assert safest(None, start, MONDAY, LONDON) == wall(date(2026, 3, 10), 14)

    @pytest.mark.parametrize(("start", "expected"), [
        (wall(date(2027, 3, 29), 14), wall(date(2027, 3, 27), 13)),
        (wall(date(2027, 11, 1), 14), wall(date(2027, 10, 30), 15)),
    ])
    def test_across_a_clock_change_it_stays_in_her_hours(self, start: datetime, expected: datetime) -> None:
        assert safest(None, start, start - timedelta(days=6), LONDON) == expected


class TestOnTheDay:
    @given(hours_of_hers, instants(), st.integers(0, 60 * 24 * 2))
    def test_it_is_in_her_hours_on_the_day_itself_before_she_leaves(
        self, hours: list[list[int]] | None, start: datetime, minutes: int
    ) -> None:
        earliest = start - timedelta(minutes=minutes)
        found = safest_on_day(hours, start, earliest, LONDON)
        if found is None:
            return
        assert on_her_wall(hours, found)
        assert earliest <= found < start - reminders.ON_DAY_LEAVES
        assert found.astimezone(LONDON).date() == start.astimezone(LONDON).date()

    @given(hours_of_hers, instants(), st.integers(0, 60 * 24 * 9), st.booleans())
    def test_everything_that_is_planned_is_in_her_hours_in_time_and_far_enough_apart(
        self, hours: list[list[int]] | None, start: datetime, minutes: int, on_day: bool
    ) -> None:
        now = start - timedelta(minutes=minutes)
        planned = moments(Purpose.CONFIRMATION, hours, start, now, LONDON, on_day=on_day)
        for each in planned:
            if each.after is not None:
                assert now <= each.after < each.before <= start
                assert on_her_wall(hours, each.after)
        told = planned[0].after if planned else None
        for each in planned[1:]:
            assert told is not None
            assert each.after is not None
            least = reminders.ON_DAY_NOT_TWICE if each.on_day else reminders.NOT_TWICE
            assert each.after >= told + least
        assert [each.on_day for each in planned[1:]] in ([], [False], [True], [False, True])

    @pytest.mark.parametrize("day", [SPRING, AUTUMN])
    def test_on_the_day_of_a_clock_change_three_hours_before_are_three_hours(self, day: date) -> None:
        start = wall(day, 15)
        assert safest_on_day(None, start, start - timedelta(days=3), LONDON) == wall(day, 12)

    def test_what_left_is_not_planned_again(self) -> None:
        start = wall(date(2026, 3, 12), 14)
        told = {"told_at": MONDAY, "on_day": True}
        assert moments(None, None, start, MONDAY, LONDON, **told, done={False, True}) == []
        assert [each.on_day for each in moments(None, None, start, MONDAY, LONDON, **told, done={False})] == [True]


class TestWhatIsPlanned:
    def test_a_booking_ten_days_ahead_gets_a_confirmation_now_and_one_reminder(self) -> None:
        start = wall(date(2026, 3, 12), 14)
        assert moments(Purpose.CONFIRMATION, None, start, MONDAY, LONDON) == [
            (Purpose.CONFIRMATION, MONDAY, start, False),
            (Purpose.REMINDER, wall(date(2026, 3, 10), 14), wall(date(2026, 3, 12), 0), False),
        ]

    def test_a_booking_for_tomorrow_gets_no_reminder_an_hour_after_its_confirmation(self) -> None:
        found = moments(Purpose.CONFIRMATION, None, wall(date(2026, 3, 3), 14), MONDAY, LONDON)
        assert [moment.purpose for moment in found] == [Purpose.CONFIRMATION]

    def test_when_no_hour_before_it_is_safe_that_is_said(self) -> None:
        start = wall(date(2026, 3, 3), 14)
        assert moments(Purpose.CHANGE, [[4, 600, 720]], start, MONDAY, LONDON) == [(Purpose.CHANGE, None, start, False)]

    def test_nothing_is_planned_for_what_has_begun(self) -> None:
        assert moments(Purpose.CONFIRMATION, None, MONDAY, MONDAY, LONDON) == []


class TestWhetherAChannelMayBeUsed:
    @pytest.mark.parametrize(
        ("contact", "expected"),
        [
            (None, Silence.NOT_SAFE),
            (Contact("unknown"), Silence.NOT_SAFE),
            (Contact("no"), Silence.NOT_SAFE),
            (Contact("yes", paused=True), Silence.PAUSED),
            (Contact("yes", review_on=date(2026, 3, 1)), Silence.REVIEW_DUE),
            (Contact("yes", hours=[[9, 0, 1]]), Silence.UNREADABLE),
            (Contact("yes", review_on=date(2026, 3, 2)), None),
            (Contact("yes"), None),
            (Contact("yes", paused=True, paused_until=MONDAY + timedelta(seconds=1)), Silence.PAUSED),
            (Contact("yes", paused=True, paused_until=MONDAY), None),
        ],
    )
    def test_unknown_means_no_and_only_a_plain_yes_means_yes(
        self, contact: Contact | None, expected: Silence | None
    ) -> None:
        assert silence(contact, MONDAY, LONDON) is expected

    def test_the_review_day_is_the_local_one(self) -> None:
        after_midnight_in_summer = datetime(2026, 6, 30, 23, 30, tzinfo=UTC)
        record = Contact("yes", review_on=date(2026, 6, 30))
        assert silence(record, after_midnight_in_summer, LONDON) is Silence.REVIEW_DUE
