"""Two people are kept apart whichever of them is booked (SAFETY.md 2): the barriers against the oracle's minutes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.separation import (
    USUAL_GAP,
    Apart,
    Barriers,
    Gatekeeper,
    Person,
    Presence,
    Separation,
    barriers,
)

from .oracle import MINUTE, Near, Rule, Visit
from .records import admits, aparts_of, presence_of
from .strategies import CLIENTS, HER, LONDON, midnight

HIM, OTHER = CLIENTS[1], CLIENTS[2]
NURSE = Person("staff", 11)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DAY = timedelta(days=1)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return MONDAY + day * DAY + timedelta(hours=hour, minutes=minute)


def one_to_one(person: Person, start: datetime, lasts: int = 30, **values: Any) -> Visit:
    """A visit of this long with the usual margins, unless `values` say otherwise; the session is the visit itself."""
    end = start + lasts * MINUTE
    made = Visit(person, 100 + person.id, Kind.ONE_TO_ONE, 1, Mode.IN_PERSON, start, end, start, end, LONDON)
    return replace(made, **values)


GAP = Rule(HER, HIM, Separation.GAP)
near_one_and_two: Near = {1: frozenset({2}), 2: frozenset({1}), 3: frozenset()}


class TestGap:
    @pytest.mark.parametrize("who", [(HER, HIM), (HIM, HER)], ids=["her where he is", "him where she is"])
    @pytest.mark.parametrize("site", [1, 2], ids=["same site", "in sight"])
    @pytest.mark.parametrize("gap", [0, 30, 45])
    @pytest.mark.parametrize("side", [-1, 1], ids=["before", "after"])
    def test_the_gap_itself_is_enough_and_a_minute_less_is_not(
        self, who: tuple[Person, Person], site: int, gap: int, side: int
    ) -> None:
        booked, standing = who
        rule = replace(GAP, gap=gap)
        theirs = one_to_one(standing, at(12), 30)
        # Presences are their half hour with a quarter on either side: an hour each.
        start = at(12) + side * (60 + gap) * MINUTE
        assert admits(one_to_one(booked, start, site=site), [rule], [theirs], near_one_and_two)
        nearer = start - side * MINUTE
        assert not admits(one_to_one(booked, nearer, site=site), [rule], [theirs], near_one_and_two)

    def test_half_an_hour_unless_it_says_otherwise(self) -> None:
        assert timedelta(minutes=30) == USUAL_GAP == Apart(HIM, Separation.GAP).gap

    def test_a_site_out_of_sight_is_another_place_even_when_both_are_in_sight_of_a_third(self) -> None:
        near: Near = {1: frozenset({2}), 2: frozenset({1, 3}), 3: frozenset({2})}
        his = one_to_one(HIM, at(12), site=3)
        assert admits(one_to_one(HER, at(12), site=1), [GAP], [his], near)
        assert not admits(one_to_one(HER, at(12), site=2), [GAP], [his], near)

    def test_the_margins_of_each_venue_count(self) -> None:
        his = one_to_one(HIM, at(12), early=60)  # there from eleven
        assert not admits(one_to_one(HER, at(9, 46)), [GAP], [his])
        assert admits(one_to_one(HER, at(9, 45)), [GAP], [his])

    @pytest.mark.parametrize("hour", [10, 13])
    def test_a_drop_in_keeps_its_whole_time_and_the_last_arrival_s_appointment(self, hour: int) -> None:
        """He may come at any time from ten to twelve, for half an hour: he is about from 09:45 to 12:45."""
        his = one_to_one(HIM, at(10), kind=Kind.DROP_IN, opens=at(10), closes=at(12))
        assert not admits(one_to_one(HER, at(12, 59)), [GAP], [his])
        assert not admits(one_to_one(HER, at(13, 29)), [GAP], [his])
        assert admits(one_to_one(HER, at(13, 30)), [GAP], [his])
        assert admits(one_to_one(HER, at(8, 30)), [GAP], [his])
        assert not admits(one_to_one(HER, at(8, 31)), [GAP], [his])

    def test_a_phone_call_is_nowhere(self) -> None:
        his = one_to_one(HIM, at(12), mode=Mode.PHONE)
        assert admits(one_to_one(HER, at(12)), [GAP], [his])
        assert admits(one_to_one(HER, at(12), mode=Mode.PHONE), [GAP], [one_to_one(HIM, at(12))])

    def test_another_person_s_rule_is_not_hers(self) -> None:
        assert admits(one_to_one(OTHER, at(12)), [GAP], [one_to_one(HIM, at(12)), one_to_one(HER, at(12))])


@pytest.mark.parametrize("separation", [Separation.DAY, Separation.SERIES, Separation.SITE])
class TestDay:
    def test_never_on_the_same_local_day_and_freely_on_the_next(self, separation: Separation) -> None:
        rule = replace(GAP, separation=separation)
        his = one_to_one(HIM, at(8))
        assert not admits(one_to_one(HER, at(20)), [rule], [his])
        assert not admits(one_to_one(HER, at(20), site=2), [rule], [his], near_one_and_two)
        assert admits(one_to_one(HER, at(20), site=3), [rule], [his], near_one_and_two)
        assert admits(one_to_one(HER, at(8, day=1)), [rule], [his])
        assert admits(one_to_one(HER, at(20, day=-1)), [rule], [his])

    def test_a_margin_that_reaches_over_midnight_is_on_both_days(self, separation: Separation) -> None:
        rule = replace(GAP, separation=separation)
        his = one_to_one(HIM, at(0, 14))  # he waits from 23:59 the day before
        assert not admits(one_to_one(HER, at(8, day=-1)), [rule], [his])
        his = one_to_one(HIM, at(0, 15))
        assert admits(one_to_one(HER, at(8, day=-1)), [rule], [his])
        hers = one_to_one(HER, at(23, 15))  # she has gone at midnight
        assert admits(hers, [rule], [one_to_one(HIM, at(0, 15, day=1))])
        assert not admits(one_to_one(HER, at(23, 16)), [rule], [one_to_one(HIM, at(0, 15, day=1))])

    def test_the_day_is_the_one_on_the_wall(self, separation: Separation) -> None:
        """In summer a London day begins at eleven in the evening of UTC."""
        rule = replace(GAP, separation=separation)
        evening = datetime(2027, 6, 1, 22, 0, tzinfo=UTC)  # 23:00 in London
        hers = one_to_one(HER, evening, 15)
        assert admits(hers, [rule], [one_to_one(HIM, datetime(2027, 6, 1, 23, 15, tzinfo=UTC))])
        assert not admits(hers, [rule], [one_to_one(HIM, datetime(2027, 6, 1, 23, 14, tzinfo=UTC))])
        assert not admits(hers, [rule], [one_to_one(HIM, datetime(2027, 5, 31, 23, 15, tzinfo=UTC))])

    @pytest.mark.parametrize(("day", "hours"), [((2027, 3, 28), 23), ((2027, 10, 31), 25)])
    def test_on_a_day_when_clocks_change_it_is_the_whole_day_and_no_more(
        self, separation: Separation, day: tuple[int, int, int], hours: int
    ) -> None:
        rule = replace(GAP, separation=separation)
        begins = midnight(datetime(*day, tzinfo=UTC).date())
        ends = begins + timedelta(hours=hours)
        his = one_to_one(HIM, begins + timedelta(hours=12))
        assert not admits(one_to_one(HER, begins - 44 * MINUTE), [rule], [his])
        assert admits(one_to_one(HER, begins - 45 * MINUTE), [rule], [his])
        assert not admits(one_to_one(HER, ends + 14 * MINUTE), [rule], [his])
        assert admits(one_to_one(HER, ends + 15 * MINUTE), [rule], [his])


def group(person: Person, start: datetime, session: int, series: int | None, mode: Mode = Mode.VIDEO) -> Visit:
    return one_to_one(person, start, 60, kind=Kind.GROUP, mode=mode, session=session, series=series)


class TestGroups:
    @pytest.mark.parametrize("separation", Separation)
    @pytest.mark.parametrize("mine", [Mode.VIDEO, Mode.IN_PERSON, Mode.CHAT])
    @pytest.mark.parametrize("theirs", [Mode.VIDEO, Mode.IN_PERSON, Mode.PHONE])
    @pytest.mark.parametrize("who", [(HER, HIM), (HIM, HER)], ids=["her where he is", "him where she is"])
    def test_a_group_is_a_place_of_its_own_however_each_of_them_joins(
        self, separation: Separation, mine: Mode, theirs: Mode, who: tuple[Person, Person]
    ) -> None:
        rule = replace(GAP, separation=separation, gap=0)
        booked, standing = who
        assert not admits(group(booked, at(10), 5, None, mine), [rule], [group(standing, at(10), 5, None, theirs)])

    @pytest.mark.parametrize("separation", [Separation.GAP, Separation.DAY])
    def test_other_dates_of_a_group_are_open_to_both_under_a_gap_or_a_day(self, separation: Separation) -> None:
        rule = replace(GAP, separation=separation)
        assert admits(group(HER, at(10, day=7), 6, 71), [rule], [group(HIM, at(10), 5, 71)])

    @pytest.mark.parametrize("separation", [Separation.SERIES, Separation.SITE])
    @pytest.mark.parametrize("who", [(HER, HIM), (HIM, HER)], ids=["her where he is", "him where she is"])
    @pytest.mark.parametrize("mode", [Mode.VIDEO, Mode.IN_PERSON])
    def test_a_group_s_series_is_closed_whatever_the_date(
        self, separation: Separation, who: tuple[Person, Person], mode: Mode
    ) -> None:
        rule = replace(GAP, separation=separation)
        booked, standing = who
        assert not admits(group(booked, at(10, day=70), 6, 71, mode), [rule], [group(standing, at(10), 5, 71)])
        assert admits(group(booked, at(10, day=70), 6, 72, mode), [rule], [group(standing, at(10), 5, 71)])
        assert admits(one_to_one(booked, at(10, day=70)), [rule], [group(standing, at(10), 5, 71)])

    @pytest.mark.parametrize("separation", Separation)
    def test_an_enrolment_long_past_closes_its_series_alone(self, separation: Separation) -> None:
        """What `store.separation.enrolled` hands over: no place and no time, only the series."""
        nowhen = Interval(*[datetime(1970, 1, 1, tzinfo=UTC)] * 2)
        enrolled = Presence(HIM, None, nowhen, nowhen, None, 71)
        gate = Gatekeeper(barriers([Apart(HIM, separation)], [enrolled], near_one_and_two))
        lasting = separation in (Separation.SERIES, Separation.SITE)
        assert gate.admits_session(1, 6, 71) == gate.admits_session(None, 6, 71) == (not lasting)
        assert gate.admits_session(1, 6, 72)
        assert gate.admits_session(None, 6, None)
        assert gate.admits_presence(1, at(0), at(23))

    def test_people_online_are_at_no_site(self) -> None:
        rule = replace(GAP, separation=Separation.DAY)
        assert admits(one_to_one(HER, at(10)), [rule], [group(HIM, at(10), 5, 71)])


class TestSites:
    RULE = replace(GAP, separation=Separation.SITE, sites=frozenset({2}))

    def test_he_is_never_booked_at_the_sites_that_are_listed_nor_in_sight_of_them(self) -> None:
        for site, admitted in ((1, False), (2, False), (3, True)):
            assert admits(one_to_one(HIM, at(10), site=site), [self.RULE], [], near_one_and_two) == admitted
        assert admits(one_to_one(HIM, at(10), site=1), [self.RULE], [])

    def test_she_is(self) -> None:
        for site in (1, 2, 3):
            assert admits(one_to_one(HER, at(10), site=site), [self.RULE], [], near_one_and_two)

    def test_he_may_be_spoken_to_from_there(self) -> None:
        assert admits(one_to_one(HIM, at(10), site=2, mode=Mode.PHONE), [self.RULE], [])

    @pytest.mark.parametrize("separation", [Separation.GAP, Separation.DAY, Separation.SERIES])
    def test_sites_belong_to_that_separation_alone(self, separation: Separation) -> None:
        assert admits(one_to_one(HIM, at(10), site=2), [replace(self.RULE, separation=separation)], [])

    def test_a_worker_whom_it_names_is_kept_from_them_as_well(self) -> None:
        rule = replace(self.RULE, names=NURSE)
        assert not admits(one_to_one(NURSE, at(10), site=2), [rule], [])
        assert admits(one_to_one(NURSE, at(10), site=3), [rule], [])


class TestWorkers:
    RULE = replace(GAP, names=NURSE)

    @pytest.mark.parametrize("separation", Separation)
    @pytest.mark.parametrize("mode", Mode)
    def test_she_is_never_seen_by_the_worker_whom_it_names(self, separation: Separation, mode: Mode) -> None:
        rule = replace(self.RULE, separation=separation)
        assert not admits(one_to_one(HER, at(10), mode=mode, workers=(NURSE.id,)), [rule], [])
        assert admits(one_to_one(HER, at(10), mode=mode, workers=(12,)), [rule], [])
        assert admits(one_to_one(OTHER, at(10), mode=mode, workers=(NURSE.id,)), [rule], [])

    def test_a_worker_is_present_for_their_session_with_the_margins(self) -> None:
        shift = one_to_one(NURSE, at(10), 120)
        for start, admitted in ((at(12, 59), False), (at(13), True)):
            assert admits(one_to_one(HER, start), [self.RULE], [shift]) == admitted
            assert admits(shift, [self.RULE], [one_to_one(HER, start)]) == admitted

    def test_an_unnamed_worker_is_no_barrier(self) -> None:
        gate = Gatekeeper(barriers(aparts_of((self.RULE,), HER), [], {}))
        assert gate.admits_worker(None)
        assert gate.admits_worker(12)
        assert not gate.admits_worker(11)

    def test_a_client_with_the_worker_s_number_is_somebody_else(self) -> None:
        client_eleven = Person("client", 11)
        gate = Gatekeeper(barriers(aparts_of((replace(GAP, names=client_eleven),), HER), [], {}))
        assert gate.admits_worker(11)
        assert admits(one_to_one(HER, at(10)), [self.RULE], [one_to_one(client_eleven, at(10))])


class TestBarriers:
    def test_without_an_exclusion_there_is_none(self) -> None:
        gate = Gatekeeper(Barriers())
        assert gate.admits_session(1, 1, 1)
        assert gate.admits_worker(1)
        assert gate.admits_presence(1, at(0), at(23))

    def test_what_other_rules_add_stands_at_the_neighbours_too(self) -> None:
        closed = [(1, Interval(at(10), at(12)))]
        gate = Gatekeeper(barriers([], [], near_one_and_two, closed))
        for site, admitted in ((1, False), (2, False), (3, True)):
            assert gate.admits_presence(site, at(11), at(11, 30)) == admitted
            assert gate.admits_presence(site, at(12), at(13))
            assert gate.admits_presence(site, at(9), at(10))

    def test_two_rules_about_one_person_both_hold(self) -> None:
        rules = [replace(GAP, gap=0), replace(GAP, separation=Separation.DAY)]
        assert not admits(one_to_one(HER, at(20)), rules, [one_to_one(HIM, at(8))])
        assert not admits(one_to_one(HER, at(20)), rules[::-1], [one_to_one(HIM, at(8))])

    def test_days_are_whole_and_local(self) -> None:
        found = presence_of(one_to_one(HIM, at(23, 50)))
        assert found is not None
        assert found.days == local_days(found.interval, LONDON) == Interval(at(0), at(0, day=2))
