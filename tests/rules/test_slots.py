"""The times that are offered are those that the oracle finds: packed, on the grid, and none that a rule forbids."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from scheduler.rules import slots
from scheduler.rules.audience import Window
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import USUAL_MARGINS, Kind, Margins, Mode
from scheduler.rules.separation import Barriers, Gatekeeper, Person, Separation
from scheduler.rules.slots import Asker, Length, Offer, Opening, Own, Taken

from .oracle import MINUTE, Rule, Visit
from .records import Town, asker_of, own_of, visit_to
from .strategies import CLIENTS, HER, LONDON, midnight

HIM = CLIENTS[1]
EVERY_MODE = frozenset(str(mode) for mode in Mode)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
ANYONE = Asker("eligible", Gatekeeper(Barriers()))


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)


def opening(start: datetime, end: datetime, **values: Any) -> Opening:
    """A session of one worker, in person and by phone, unless `values` say otherwise."""
    usual: dict[str, Any] = {
        "session": 1, "series": None, "venue": 1, "site": 1, "span": Interval(start, end), "kind": Kind.ONE_TO_ONE,
        "audience": "everyone", "modes": ("in-person", "phone"), "staff": (11,), "margins": USUAL_MARGINS,
        "seats": None, "creche": 0,
    }
    return Opening(**{**usual, **values})


def offered(asker: Asker, *sessions: Opening, **values: Any) -> list[Offer]:
    """What is offered for half an hour in any mode, unless `values` say otherwise."""
    usual: dict[str, Any] = {
        "taken": {}, "length": Length(30 * MINUTE), "modes": EVERY_MODE, "not_before": LONG_AGO,
    }
    return list(slots.offers(asker, sessions, **{**usual, **values}))


def clock_times(found: list[Offer], mode: str = "in-person") -> list[str]:
    return [f"{offer.start:%H:%M}" for offer in found if offer.mode == mode]


class TestGrid:
    @pytest.mark.parametrize("seconds", [1, 59, 60, 61, 299])
    def test_only_whole_fives_of_minutes_are_on_it(self, seconds: int) -> None:
        assert slots.on_grid(at(10, 5))
        assert not slots.on_grid(at(10, 5) + timedelta(seconds=seconds))
        assert not slots.on_grid(at(10, 5) + timedelta(microseconds=1))

    def test_a_session_that_begins_off_the_grid_is_cut_on_it(self) -> None:
        session = opening(at(10, 2), at(11, 34))
        assert clock_times(offered(ANYONE, session)) == ["10:05", "10:35"]
        assert not slots.fits(session, Length(30 * MINUTE), [], 11, at(10, 2), 0)

    def test_free_time_between_bookings_is_packed_from_its_own_beginning(self) -> None:
        taken = [Taken(1, 11, Interval(at(10, 20), at(10, 52))), Taken(1, 12, Interval(at(9), at(12)))]
        found = offered(ANYONE, opening(at(9), at(12)), taken={1: taken}, length=Length(40 * MINUTE))
        assert clock_times(found) == ["09:00", "09:40", "10:55"]

    def test_a_buffer_may_lie_outside_the_session_but_not_over_a_booking(self) -> None:
        length = Length(30 * MINUTE, before=10 * MINUTE, after=15 * MINUTE)
        assert clock_times(offered(ANYONE, opening(at(10), at(11, 30)), length=length)) == ["10:00", "10:55"]
        taken = [Taken(1, 11, Interval(at(10, 30), at(10, 40)))]
        # Before the booking half an hour is too short with its quarter after; ten minutes after it is the next.
        assert clock_times(offered(ANYONE, opening(at(10), at(11, 30)), length=length, taken={1: taken})) == ["10:50"]

    @pytest.mark.parametrize(
        ("start", "free"),
        [
            (at(10), False), (at(10, 10), True), (at(10, 15), True), (at(10, 20), False), (at(11, 5), False),
            (at(11, 10), True),
        ],
    )
    def test_an_exact_time_needs_its_buffers_free_too(self, start: datetime, free: bool) -> None:
        """Booked until 10:05 and from 10:55 to 11:00, and five minutes are wanted before and ten after half an hour."""
        length = Length(30 * MINUTE, before=5 * MINUTE, after=10 * MINUTE)
        taken = [Taken(1, 11, Interval(at(9), at(10, 5))), Taken(1, 11, Interval(at(10, 55), at(11, 5)))]
        assert slots.fits(opening(at(9), at(12)), length, taken, 11, start, 0) == free

    def test_an_appointment_that_fills_the_session_is_offered_and_one_minute_more_is_not(self) -> None:
        session = opening(at(10), at(11))
        assert clock_times(offered(ANYONE, session, length=Length(60 * MINUTE))) == ["10:00"]
        assert offered(ANYONE, session, length=Length(61 * MINUTE)) == []

    def test_a_time_that_begins_too_soon_is_left_out_and_the_rest_stay_where_they_are(self) -> None:
        session = opening(at(10), at(12))
        assert clock_times(offered(ANYONE, session, not_before=at(10, 30))) == ["10:30", "11:00", "11:30"]
        assert clock_times(offered(ANYONE, session, not_before=at(10, 31))) == ["11:00", "11:30"]


class TestClockChanges:
    @pytest.mark.parametrize("minutes_long", [15, 30, 45])
    def test_the_skipped_hour_is_never_offered(self, minutes_long: int) -> None:
        day = date(2027, 3, 28)
        session = opening(midnight(day), midnight(day) + timedelta(hours=6))
        shown = [o.start.astimezone(LONDON) for o in offered(ANYONE, session, length=Length(minutes_long * MINUTE))]
        assert not [local for local in shown if local.hour == 1]
        assert {local.hour for local in shown} == {0, 2, 3, 4, 5, 6}

    def test_the_hour_that_comes_twice_is_offered_twice(self) -> None:
        day = date(2027, 10, 31)
        session = opening(midnight(day), midnight(day) + timedelta(hours=4))
        found = [o for o in offered(ANYONE, session) if o.mode == "phone"]
        shown = Counter(f"{o.start.astimezone(LONDON):%H:%M}" for o in found)
        assert shown == {"00:00": 1, "00:30": 1, "01:00": 2, "01:30": 2, "02:00": 1, "02:30": 1}
        assert len({o.start for o in found}) == len(found)
        folds = [o.start.astimezone(LONDON).fold for o in found if f"{o.start.astimezone(LONDON):%H:%M}" == "01:30"]
        assert folds == [0, 1]


def visit(person: Person, session: Opening, start: datetime, end: datetime, mode: str = "in-person") -> Visit:
    return visit_to(session, person, mode, None, start, end, LONDON)


def her_where(rule: Rule, others: list[Visit], own: list[Visit] | None = None, **values: Any) -> Asker:
    town = Town(LONDON, values.pop("near", {}), (opening(at(0), at(24)),), (), (rule,), values.pop("windows", ()))
    return asker_of(HER, town, others, own or [], values.pop("eligibility", "eligible"))


class TestRefusals:
    GAP = Rule(HER, HIM, Separation.GAP)

    def test_her_search_never_offers_a_time_when_he_waits_next_door(self) -> None:
        his = visit(HIM, opening(at(10), at(12), session=2, site=2), at(10, 30), at(11))
        session = opening(at(8), at(14))
        plain = her_where(self.GAP, [his])
        assert clock_times(offered(plain, session)) == clock_times(offered(ANYONE, session))
        asker = her_where(self.GAP, [his], near={1: frozenset({2}), 2: frozenset({1})})
        # He is about from 10:15 to 11:15: she must have gone by 09:45, or come after 11:45.
        assert clock_times(offered(asker, session)) == ["08:00", "08:30", "09:00", "12:00", "12:30", "13:00", "13:30"]
        assert clock_times(offered(asker, session), "phone") == clock_times(offered(ANYONE, session), "phone")

    @pytest.mark.parametrize(
        ("his", "expected"),
        [
            ((at(9), at(9, 20)), ["10:00", "10:30"]),
            ((at(9), at(9, 25)), ["10:30"]),
            ((at(11, 10), at(12)), ["10:00", "10:30"]),
            ((at(11, 5), at(12)), ["10:00"]),
        ],
    )
    def test_the_first_and_the_last_time_have_their_margins_beyond_the_session(
        self, his: tuple[datetime, datetime], expected: list[str]
    ) -> None:
        margins = Margins(40 * MINUTE, 10 * MINUTE)
        far = opening(at(9), at(12), session=2, margins=Margins(0 * MINUTE, 0 * MINUTE))
        asker = her_where(replace(self.GAP, gap=0), [visit(HIM, far, *his)])
        assert clock_times(offered(asker, opening(at(10), at(11), margins=margins))) == expected

    def test_a_drop_in_is_not_offered_when_he_is_about_for_any_of_it(self) -> None:
        """She may come when she likes from ten to twelve, and stay for her time: until 12:45."""
        drop_in = opening(at(10), at(12), kind=Kind.DROP_IN, modes=("in-person",))
        session = opening(at(13), at(15), session=2)
        for start, count in ((at(13, 29), 0), (at(13, 30), 1)):
            asker = her_where(self.GAP, [visit(HIM, session, start, start + 30 * MINUTE)])
            assert len(offered(asker, drop_in)) == count

    def test_a_women_only_time_takes_away_only_its_own_times(self) -> None:
        window = Window(1, 1, 0, 600, 660, LONDON, "women", clear_before=10 * MINUTE)
        asker = her_where(self.GAP, [], windows=(window,), eligibility="unknown")
        # With the quarter on either side, what overlaps 09:50 to 11:00.
        assert clock_times(offered(asker, opening(at(9), at(12)))) == ["09:00", "11:30"]

    @pytest.mark.parametrize("kind", [Kind.GROUP, Kind.DROP_IN])
    def test_any_of_its_workers_keeps_her_from_what_is_shared(self, kind: Kind) -> None:
        session = opening(at(10), at(11), kind=kind, staff=(12, 11), seats=5, modes=("video",))
        asker = her_where(replace(self.GAP, names=Person("staff", 11)), [])
        assert offered(asker, session) == []
        assert offered(ANYONE, session)

    def test_only_the_named_worker_s_own_times_are_taken_away_by_phone(self) -> None:
        session = opening(at(10), at(11), staff=(12, 11), modes=("phone",))
        asker = her_where(replace(self.GAP, names=Person("staff", 11)), [])
        assert {offer.staff for offer in offered(asker, session)} == {12}
        assert not slots.admits_time(asker, session, "phone", 11, at(10), at(10, 30))

    def test_a_site_that_is_closed_to_her_is_closed_in_person_only(self) -> None:
        asker = her_where(Rule(HIM, HER, Separation.SITE, sites=frozenset({1})), [])
        assert {offer.mode for offer in offered(asker, opening(at(10), at(11)))} == {"phone"}
        assert {offer.mode for offer in offered(asker, opening(at(10), at(11), site=2))} == {"in-person", "phone"}

    def test_a_group_s_other_dates_are_closed_with_its_series(self) -> None:
        group = opening(at(10), at(11), session=2, series=71, kind=Kind.GROUP, modes=("video",))
        asker = her_where(Rule(HER, HIM, Separation.SERIES), [visit(HIM, group, at(10), at(11), "video")])
        next_week = group._replace(session=3, span=Interval(at(10, day=7), at(11, day=7)))
        assert offered(asker, next_week) == []
        assert offered(asker, next_week._replace(series=72))


class TestHerOwn:
    CALL = Own(Interval(at(10, 30), at(11)), None, None)

    def test_two_of_her_appointments_never_overlap_in_any_mode(self) -> None:
        asker = Asker("eligible", Gatekeeper(Barriers()), (self.CALL,))
        found = offered(asker, opening(at(10), at(12)))
        assert clock_times(found) == clock_times(found, "phone") == ["10:00", "11:00", "11:30"]

    def test_here_one_may_follow_another_and_elsewhere_she_needs_to_have_left(self) -> None:
        session = opening(at(10), at(12), session=2)
        own = own_of(visit(HER, session, at(10, 30), at(11)))
        asker = Asker("eligible", Gatekeeper(Barriers()), (own,))
        assert clock_times(offered(asker, opening(at(10), at(12, 30)))) == ["10:00", "11:00", "11:30", "12:00"]
        elsewhere = opening(at(9), at(12, 30), site=2)
        assert clock_times(offered(asker, elsewhere)) == ["09:00", "09:30", "11:30", "12:00"]
        assert clock_times(offered(asker, elsewhere), "phone") == ["09:00", "09:30", "10:00", "11:00", "11:30", "12:00"]


class TestShared:
    def test_a_group_is_offered_whole_while_it_has_a_seat(self) -> None:
        group = opening(at(10), at(11, 30), kind=Kind.GROUP, seats=2, staff=(11,))
        held = Taken(1, None, Interval(at(10), at(11, 30)))
        for taken, count in (([], 2), ([held], 2), ([held, held], 0), ([held] * 3, 0)):
            found = offered(ANYONE, group, taken={1: taken})
            assert [(o.staff, o.start, o.end) for o in found] == [(None, at(10), at(11, 30))] * count

    def test_a_drop_in_is_offered_at_its_beginning_for_the_length_asked_for(self) -> None:
        drop_in = opening(at(10), at(12), kind=Kind.DROP_IN, modes=("in-person",))
        found = offered(ANYONE, drop_in, length=Length(20 * MINUTE))
        assert [(o.staff, o.start, o.end) for o in found] == [(None, at(10), at(10, 20))]

    def test_the_creche_is_never_over_its_places(self) -> None:
        session = opening(at(10), at(11), creche=2, modes=("phone",))
        held = Taken(1, 12, Interval(at(10), at(10, 30)), creche=1)
        for children, count in ((0, 2), (1, 2), (2, 0)):
            assert len(offered(ANYONE, session, taken={1: [held]}, creche=children)) == count
            assert slots.fits(session, Length(30 * MINUTE), [held], 11, at(10), children) == bool(count)
        assert not slots.fits(opening(at(10), at(11)), Length(30 * MINUTE), [], 11, at(10), 1)

    def test_what_is_for_women_is_offered_only_to_whoever_is_recorded_as_eligible(self) -> None:
        for kind in Kind:
            session = opening(at(10), at(11), kind=kind, audience="women", modes=("video",), seats=9)
            assert offered(ANYONE, session)
            for eligibility in ("unknown", "not-eligible", ""):
                assert offered(replace(ANYONE, eligibility=eligibility), session) == []

    def test_only_the_ways_in_which_it_is_held_and_that_were_asked_for(self) -> None:
        session = opening(at(10), at(10, 30), modes=("phone", "video"))
        assert [o.mode for o in offered(ANYONE, session)] == ["phone", "video"]
        assert [o.mode for o in offered(ANYONE, session, modes=frozenset({"video", "chat"}))] == ["video"]
        assert not slots.admits_session(ANYONE, session, "in-person")
        assert not slots.admits_session(ANYONE, session, "")

    def test_what_stands_in_another_session_takes_nothing_here(self) -> None:
        held = {2: [Taken(2, 11, Interval(at(9), at(12)))]}
        assert clock_times(offered(ANYONE, opening(at(10), at(11)), taken=held)) == ["10:00", "10:30"]

    @pytest.mark.parametrize("kind", [Kind.GROUP, Kind.DROP_IN])
    def test_what_is_shared_is_had_whole_or_not_at_all(self, kind: Kind) -> None:
        session = opening(at(10), at(11), kind=kind, seats=1)
        whole, part = Length(60 * MINUTE), Length(30 * MINUTE)
        assert slots.fits(session, whole, [], None, at(10), 0)
        assert slots.fits(session, part, [], None, at(10), 0) == (kind is Kind.DROP_IN)
        assert not slots.fits(session, part, [], None, at(10, 30), 0)
        assert not slots.fits(session, whole, [], 11, at(10), 0)
        assert not slots.fits(session, whole, [Taken(1, None, session.span)], None, at(10), 0)

    def test_an_exact_time_lies_in_the_session_and_is_with_one_of_its_workers(self) -> None:
        session, half = opening(at(10), at(11), staff=(11, 12)), Length(30 * MINUTE)
        for start, room in ((at(9, 55), False), (at(10), True), (at(10, 30), True), (at(10, 35), False)):
            assert slots.fits(session, half, [], 11, start, 0) == room
        assert not slots.fits(session, half, [], 13, at(10), 0)
        assert not slots.fits(session, half, [], None, at(10), 0)

    def test_only_the_workers_who_were_asked_for_and_only_from_the_time_on(self) -> None:
        for kind in Kind:
            session = opening(at(10), at(10, 30), kind=kind, modes=("phone",), seats=3)
            assert offered(ANYONE, session, staff=frozenset({11, 13}), not_before=at(10))
            assert offered(ANYONE, session, staff=frozenset({13})) == []
            assert offered(ANYONE, session, not_before=at(10, 1)) == []
