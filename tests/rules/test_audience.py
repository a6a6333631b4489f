"""Women-only times hold to the minute, with their clear minutes, here and in sight of here (SAFETY.md 3)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from scheduler.rules.audience import (
    Audience,
    Eligibility,
    Window,
    closed_to,
    is_eligible,
    is_open,
    may_attend,
    session_fits,
)
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.separation import Gatekeeper, barriers

from . import oracle
from .oracle import MINUTE, Near, minutes, number
from .records import gate_for, presence_of
from .strategies import (
    CHANGES,
    HER,
    LONDON,
    among,
    appointments,
    midnight,
    openings,
    promised,
    towns,
    women_windows,
    zones_and_days,
)

MONDAY = date(2026, 3, 2)
NO_DECISION = ["unknown", "not-eligible", Eligibility.UNKNOWN, Eligibility.NOT_ELIGIBLE, "", "ELIGIBLE", "yes", None, 1]


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return midnight(MONDAY) + timedelta(days=day, hours=hour, minutes=minute)


def women(low: int, high: int, weekday: int = 0, **values: Any) -> Window:
    return replace(Window(1, 1, weekday, low, high, LONDON, Audience.WOMEN), **values)


class TestEligibility:
    @pytest.mark.parametrize("decision", NO_DECISION)
    def test_unknown_and_anything_that_cannot_be_read_mean_no(self, decision: Any) -> None:
        assert not is_eligible(decision)
        assert not may_attend("women", decision)
        assert may_attend("everyone", decision)

    @pytest.mark.parametrize("decision", ["eligible", Eligibility.ELIGIBLE])
    @pytest.mark.parametrize("audience", ["women", "everyone", *Audience])
    def test_whoever_is_recorded_as_eligible_may_attend_either(self, decision: Any, audience: Any) -> None:
        assert is_eligible(decision)
        assert may_attend(audience, decision)
        assert closed_to(decision, [women(0, 1440)], Interval(at(0), at(24))) == []

    @pytest.mark.parametrize("audience", ["men", "", None, "WOMEN"])
    def test_nobody_attends_what_is_for_nobody_we_know(self, audience: Any) -> None:
        assert not may_attend(audience, Eligibility.ELIGIBLE)


class TestWindows:
    @promised(100)
    @given(zones_and_days(), st.data())
    def test_the_cleared_time_is_the_window_s_minutes_and_the_clear_minutes_around_them(
        self, place: tuple[ZoneInfo, date], data: st.DataObject
    ) -> None:
        zone, day = place
        window = data.draw(women_windows(day, zone))
        start = midnight(day, zone) + data.draw(st.integers(-60, 50 * 60)) * MINUTE
        span = Interval(start, start + data.draw(st.integers(1, 600)) * MINUTE)
        low, high = number(span.start), number(span.end)
        assert [minutes(*each) for each in window.cleared(span)] == oracle.cleared_minutes(window, low, high)
        assert [minutes(*each) for each in window.spans(span)] == oracle.opened_minutes(window, low, high)

    def test_clear_minutes_are_before_and_after_as_they_are_called(self) -> None:
        window = women(600, 720, clear_before=10 * MINUTE, clear_after=25 * MINUTE)
        assert list(window.cleared(Interval(at(11), at(11, 1)))) == [Interval(at(9, 50), at(12, 25))]

    @pytest.mark.parametrize(
        ("span", "touched"),
        [
            ((at(9, 49), at(9, 50)), False), ((at(9, 50), at(9, 51)), True),
            ((at(12, 24), at(12, 25)), True), ((at(12, 25), at(12, 26)), False),
        ],
    )
    def test_what_only_touches_the_clear_minutes_is_found_too(self, span: Any, touched: bool) -> None:
        window = women(600, 720, clear_before=10 * MINUTE, clear_after=25 * MINUTE)
        assert bool(list(window.cleared(Interval(*span)))) == touched

    def test_clear_minutes_reach_over_midnight_into_the_day_before_and_after(self) -> None:
        window = women(0, 1440, weekday=1, clear_before=30 * MINUTE, clear_after=20 * MINUTE)
        assert list(window.cleared(Interval(at(23, 40), at(23, 45)))) == [Interval(at(23, 30), at(24, 20, day=1))]
        assert list(window.cleared(Interval(at(0, 10, day=2), at(0, 15, day=2))))

    @pytest.mark.parametrize("zone", CHANGES)
    def test_no_minute_that_the_wall_calls_women_s_is_ever_left_out(self, zone: ZoneInfo) -> None:
        """Whatever the clocks do, every minute at which the wall shows the window is in it."""
        for day in CHANGES[zone] or (MONDAY,):
            for low, high in ((0, 1440), (30, 90), (60, 120), (75, 150), (0, 60), (1380, 1440)):
                window = Window(1, 1, day.weekday(), low, high, zone, Audience.WOMEN)
                whole = Interval(midnight(day, zone), midnight(day, zone) + timedelta(hours=26))
                held = {minute for each in window.spans(whole) for minute in minutes(*each)}
                for minute in minutes(*whole):
                    local = oracle.wall(minute, zone)
                    if local.date() == day and low <= local.hour * 60 + local.minute < high:
                        assert minute in held


class TestPresenceAmongWomen:
    @promised(120)
    @given(towns(rules=0, windows=3), among(*Eligibility), st.data())
    def test_a_client_is_let_in_exactly_when_no_minute_is_cleared_for_women(
        self, town: Any, eligibility: Eligibility, data: st.DataObject
    ) -> None:
        visit = data.draw(appointments(data.draw(st.sampled_from(town.sessions)), (HER,), town.zone))
        there = presence_of(visit)
        if there is None or there.site is None:
            assert not oracle.among_women(visit, town.windows, town.near)
            return
        refused = eligibility is not Eligibility.ELIGIBLE and oracle.among_women(visit, town.windows, town.near)
        event("refused" if refused else "let in")
        gate = gate_for(HER, town, [], eligibility)
        assert gate.admits_presence(visit.site, *there.interval) == (not refused)

    @pytest.mark.parametrize("eligibility", ["unknown", "not-eligible"])
    @pytest.mark.parametrize(("site", "shut"), [(1, True), (2, True), (3, False)])
    def test_it_holds_anywhere_on_the_site_and_in_sight_of_it(self, eligibility: str, site: int, shut: bool) -> None:
        near: Near = {1: frozenset({2}), 2: frozenset({1})}
        window = women(600, 720, venue=9, clear_before=15 * MINUTE)
        closed = closed_to(eligibility, [window], Interval(at(0), at(24)))
        gate = Gatekeeper(barriers([], [], near, closed))
        assert gate.admits_presence(site, at(11), at(11, 30)) != shut
        assert gate.admits_presence(site, at(9, 30), at(9, 45))
        assert gate.admits_presence(site, at(9, 30), at(9, 46)) != shut
        assert gate.admits_presence(site, at(12), at(12, 30))

    def test_opening_times_for_everyone_close_nothing(self) -> None:
        window = replace(women(600, 720), audience=Audience.EVERYONE)
        assert closed_to("unknown", [window], Interval(at(0), at(24))) == []

    def test_the_last_arrival_of_a_drop_in_counts(self) -> None:
        """He may come until ten and stay three quarters of an hour: women's time from half past ten is not clear."""
        drop_in = oracle.Visit(
            HER, 1, Kind.DROP_IN, 1, Mode.IN_PERSON, at(8), at(8, 30), at(8), at(10), LONDON, late=15
        )
        assert oracle.among_women(drop_in, [women(630, 700)], {})
        found = presence_of(drop_in)
        assert found is not None
        closed = closed_to("unknown", [women(630, 700)], Interval(at(0), at(24)))
        assert not Gatekeeper(barriers([], [], {}, closed)).admits_presence(1, *found.interval)


class TestSessions:
    @promised(120)
    @given(zones_and_days(), st.booleans(), st.data())
    def test_a_session_fits_exactly_when_the_oracle_finds_no_cleared_minute_against_it(
        self, place: tuple[ZoneInfo, date], all_women: bool, data: st.DataObject
    ) -> None:
        zone, day = place
        windows = data.draw(st.lists(women_windows(day, zone), max_size=2))
        windows += data.draw(st.lists(women_windows(day, zone, Audience.EVERYONE), max_size=1))
        opening = data.draw(openings(1, day))
        held = minutes(*opening.span)
        low, high = min(held), max(held) + 1
        against = [
            window
            for window in windows
            if window.audience == "women"
            and any(each & held for each in oracle.cleared_minutes(window, low, high))
            and (opening.audience != "women" or (window.women_staff_only and not all_women))
        ]
        fits = "in-person" not in opening.modes or not against
        event("fits" if fits else "does not")
        assert session_fits(opening.audience, opening.modes, opening.span, all_women, windows) == fits

    @pytest.mark.parametrize(
        ("audience", "modes", "all_women", "staff_only", "fits"),
        [
            ("everyone", ["in-person"], True, True, False),
            ("everyone", ["phone", "in-person"], True, False, False),
            ("everyone", ["phone", "video", "chat"], False, True, True),
            ("women", ["in-person"], True, True, True),
            ("women", ["in-person"], False, True, False),
            ("women", ["in-person"], False, False, True),
            ("women", [Mode.IN_PERSON], False, True, False),
            ("women", ["video"], False, True, True),
            ("men", ["in-person"], True, False, False),
        ],
    )
    def test_who_may_hold_what_in_women_s_time(
        self, audience: str, modes: list[str], all_women: bool, staff_only: bool, fits: bool
    ) -> None:
        windows = [women(600, 720, women_staff_only=staff_only)]
        assert session_fits(audience, modes, Interval(at(11), at(13)), all_women, windows) == fits
        assert session_fits(audience, modes, Interval(at(12), at(13)), all_women, windows)
        cleared = [replace(windows[0], clear_after=MINUTE)]
        assert session_fits(audience, modes, Interval(at(12), at(13)), all_women, cleared) == fits

    def test_one_window_that_lets_men_work_does_not_open_another_that_does_not(self) -> None:
        windows = [women(600, 720, women_staff_only=False), women(600, 720, venue=2)]
        for each in (windows, windows[::-1]):
            assert not session_fits("women", ["in-person"], Interval(at(11), at(12)), False, each)


class TestOpen:
    @promised(120)
    @given(zones_and_days(), st.data())
    def test_a_venue_is_open_when_every_minute_is_in_some_window_and_in_no_closure(
        self, place: tuple[ZoneInfo, date], data: st.DataObject
    ) -> None:
        zone, day = place
        windows = data.draw(st.lists(women_windows(day, zone, Audience.EVERYONE), max_size=3))
        start = midnight(day, zone) + data.draw(st.integers(-60, 50 * 60)) * MINUTE
        span = Interval(start, start + data.draw(among(1, 5, 60, 600, 2000)) * MINUTE)
        closures = []
        if data.draw(st.booleans()):
            shut = span.start + data.draw(st.integers(-90, 700)) * MINUTE
            closures = [Interval(shut, shut + data.draw(st.integers(1, 60)) * MINUTE)]
        wanted = minutes(*span)
        opened = {
            minute for window in windows
            for each in oracle.opened_minutes(window, number(span.start), number(span.end)) for minute in each
        }
        closed = {minute for closure in closures for minute in minutes(*closure)}
        expected = wanted <= opened and not wanted & closed
        event("open" if expected else "shut")
        assert is_open(span, windows, closures) == expected

    def test_windows_that_touch_count_as_one_over_midnight_too(self) -> None:
        open_late = replace(women(1200, 1440), audience=Audience.EVERYONE)
        open_early = replace(women(0, 120, weekday=1), audience=Audience.WOMEN)
        assert is_open(Interval(at(23), at(25)), [open_early, open_late], [])
        assert not is_open(Interval(at(23), at(26, 1)), [open_early, open_late], [])
        assert not is_open(Interval(at(23), at(25)), [replace(open_early, from_minute=1), open_late], [])

    def test_a_closure_that_only_touches_shuts_nothing(self) -> None:
        window = replace(women(0, 1440), audience=Audience.EVERYONE)
        closure = [Interval(at(11), at(12))]
        assert is_open(Interval(at(10), at(11)), [window], closure)
        assert is_open(Interval(at(12), at(13)), [window], closure)
        assert not is_open(Interval(at(10), at(11, 1)), [window], closure)

    def test_a_venue_without_opening_times_is_shut(self) -> None:
        assert not is_open(Interval(datetime(2026, 3, 2, 10, tzinfo=UTC), datetime(2026, 3, 2, 11, tzinfo=UTC)), [], [])
