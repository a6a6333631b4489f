"""Who is at which place, and from when until when (SAFETY.md 1), against the oracle's minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules.intervals import Interval
from scheduler.rules.presence import USUAL_MARGINS, Kind, Margins, Mode, presence

from . import oracle
from .oracle import MINUTE, Visit, minutes
from .records import presence_of
from .strategies import HER, LONDON, WORKERS, promised, spans

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
QUARTER = timedelta(minutes=15)


@promised(120)
@given(
    spans(), st.integers(0, 200), st.integers(1, 100), st.sampled_from(Kind), st.sampled_from(Mode),
    st.integers(0, 60), st.integers(0, 60), st.sampled_from([HER, WORKERS[0]]),
)
def test_everyone_is_there_for_exactly_the_minutes_that_the_oracle_says(
    session: Interval, first: int, long: int, kind: Kind, mode: Mode, early: int, late: int, person: oracle.Person
) -> None:
    start, end = session
    if person is HER and kind is not Kind.GROUP:
        start += first * MINUTE if kind is Kind.ONE_TO_ONE else timedelta()
        end = start + long * MINUTE
    visit = Visit(person, 7, kind, 1, mode, start, end, *session, LONDON, early, late)
    found = presence_of(visit)
    if found is None or found.site is None:
        assert oracle.there(visit) == set()
    else:
        assert minutes(*found.interval) == oracle.there(visit)


@pytest.mark.parametrize("mode", [Mode.PHONE, Mode.VIDEO, Mode.CHAT, "phone", "video", "chat"])
@pytest.mark.parametrize("window", [None, Interval(TEN, TEN + 4 * HALF_AN_HOUR)])
def test_nobody_is_anywhere_for_what_is_held_at_a_distance(mode: Mode | str, window: Interval | None) -> None:
    assert presence(mode, TEN, TEN + HALF_AN_HOUR, USUAL_MARGINS, window) is None


@pytest.mark.parametrize("mode", [Mode.IN_PERSON, "in-person"])
def test_people_come_a_quarter_of_an_hour_early_and_leave_as_late_unless_set(mode: Mode | str) -> None:
    assert Margins(arrive_early=QUARTER, leave_late=QUARTER) == USUAL_MARGINS
    span = presence(mode, TEN, TEN + HALF_AN_HOUR, USUAL_MARGINS)
    assert span == Interval(TEN - QUARTER, TEN + HALF_AN_HOUR + QUARTER)


def test_early_and_late_are_told_apart() -> None:
    span = presence(Mode.IN_PERSON, TEN, TEN + HALF_AN_HOUR, Margins(MINUTE, 2 * MINUTE))
    assert span == Interval(TEN - MINUTE, TEN + HALF_AN_HOUR + 2 * MINUTE)


def test_a_drop_in_counts_whole_and_whoever_comes_last_still_has_their_time() -> None:
    window = Interval(TEN, TEN + 4 * HALF_AN_HOUR)
    span = presence(Mode.IN_PERSON, TEN, TEN + HALF_AN_HOUR, USUAL_MARGINS, window)
    assert span == Interval(TEN - QUARTER, window.end + HALF_AN_HOUR + QUARTER)
    late_in_it = presence(Mode.IN_PERSON, TEN + HALF_AN_HOUR, TEN + 2 * HALF_AN_HOUR, USUAL_MARGINS, window)
    assert late_in_it == span
