"""A session is held only where it may be, then, and by those workers: the same rules as for a booking, from the other
side."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from scheduler.rules import slots
from scheduler.rules.audience import Audience, Window
from scheduler.rules.hosting import Commitment, Hindrance, Plan, Surroundings, hindrance, same_room, workers_fit
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import USUAL_MARGINS, Kind
from scheduler.rules.separation import Gatekeeper, Person, Separation, barriers
from scheduler.rules.slots import Opening

from . import oracle
from .oracle import MINUTE, Near, Rule, Visit, minutes
from .records import Town, aparts_of, asker_of, presences_of, visit_to, worker_visit
from .strategies import (
    CLIENTS,
    DAYS,
    HER,
    LONDON,
    among,
    appointments,
    neighbourhoods,
    openings,
    promised,
    rules_between,
    women_windows,
    zones_and_days,
)

NURSE = Person("staff", 11)


def at(hour: int, minute: int = 0, day: int = 0) -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(days=day, hours=hour, minutes=minute)


def always_open(venue: int = 1, site: int = 1, **values: Any) -> list[Window]:
    return [replace(Window(venue, site, weekday, 0, 1440, LONDON), **values) for weekday in range(7)]


def women(low: int, high: int, **values: Any) -> Window:
    return replace(Window(1, 1, 0, low, high, LONDON, Audience.WOMEN), **values)


def plan(**values: Any) -> Plan:
    usual = Plan(
        1, 1, Interval(at(10), at(12)), USUAL_MARGINS, Kind.ONE_TO_ONE, "everyone", ("in-person", "phone"), (11,),
        frozenset({11}),
    )
    return replace(usual, **values)


def opening_of(start: datetime) -> Opening:
    """A session of another worker at the same site, half an hour long."""
    span = Interval(start, start + 30 * MINUTE)
    return Opening(9, None, 9, 1, span, Kind.ONE_TO_ONE, "everyone", ("in-person", "video"), (12,), USUAL_MARGINS)


def planned(opening: Opening, **values: Any) -> Plan:
    """The plan that this session was."""
    made = Plan(
        opening.venue, opening.site, opening.span, opening.margins, opening.kind, opening.audience, opening.modes,
        opening.staff, frozenset(opening.staff), session=opening.session, series=opening.series,
    )
    return replace(made, **values)


def around(windows: list[Window] | None = None, **values: Any) -> Surroundings:
    usual: dict[str, Any] = {"closures": [], "commitments": []}
    return Surroundings(always_open() if windows is None else windows, **{**usual, **values})


def workers_among(workers: tuple[int, ...], rules: list[Rule], clients: list[Visit], near: Near) -> dict[str, Any]:
    """What the store would say of these workers when these clients' visits stand."""
    gates, kept_from = {}, {}
    for worker in workers:
        aparts = aparts_of(tuple(rules), Person("staff", worker))
        if aparts:
            gates[worker] = Gatekeeper(barriers(aparts, presences_of(clients), near))
            kept_from[worker] = frozenset(apart.other.id for apart in aparts if apart.other.kind == "client")
    return {"gates": gates, "kept_from": kept_from}


class TestWhereItIsOpen:
    @promised(100)
    @given(zones_and_days(), st.booleans(), st.booleans(), st.data())
    def test_it_is_held_exactly_when_the_oracle_finds_every_minute_open_and_none_against_it(
        self, place: tuple[ZoneInfo, date], man: bool, wide: bool, data: st.DataObject
    ) -> None:
        zone, day = place
        session = data.draw(openings(1, day))
        windows = [replace(each, venue=session.venue, site=session.site, zone=zone) for each in always_open()]
        if not wide:
            windows = data.draw(st.lists(women_windows(day, zone, Audience.EVERYONE), max_size=2))
        windows += data.draw(st.lists(women_windows(day, zone), max_size=2))
        held = minutes(*session.span)
        low, high = min(held), max(held) + 1
        own = [window for window in windows if window.venue == session.venue]
        opened = {m for window in own for each in oracle.opened_minutes(window, low, high) for m in each}
        in_womens_time = [
            window
            for window in windows
            if window.audience == "women" and any(each & held for each in oracle.cleared_minutes(window, low, high))
        ]
        fits = held <= opened
        if "in-person" in session.modes:
            for window in in_womens_time:
                fits &= session.audience == "women" and not (man and window.women_staff_only)
        men_may = {
            m for window in own if window.audience == "women" and not window.women_staff_only
            for each in oracle.opened_minutes(window, low, high) for m in each
        }
        fits &= session.audience != "women" or not man or held <= men_may
        event("held" if fits else "not")
        women_workers = frozenset(session.staff[1:] if man else session.staff)
        assert (hindrance(planned(session, women=women_workers), around(windows)) is None) == fits

    @pytest.mark.parametrize(
        ("windows", "values", "found"),
        [
            ([], {}, Hindrance.CLOSED),
            ([*always_open()], {}, None),
            ([*always_open(venue=2)], {}, Hindrance.CLOSED),
            ([*always_open(), women(600, 660)], {}, Hindrance.WOMEN_ONLY),
            ([*always_open(), women(600, 660)], {"audience": "women"}, None),
            ([*always_open(), women(600, 660)], {"modes": ("phone",)}, None),
            ([*always_open(), women(720, 780)], {}, None),
            ([*always_open(), women(721, 780, clear_before=2 * MINUTE)], {}, Hindrance.WOMEN_ONLY),
            ([*always_open(), women(600, 660)], {"audience": "women", "staff": (11, 12)}, Hindrance.WOMEN_STAFF),
            ([*always_open()], {"audience": "women", "staff": (12,)}, Hindrance.WOMEN_STAFF),
            ([*always_open()], {"audience": "women", "staff": (12,), "modes": ("video",)}, Hindrance.WOMEN_STAFF),
            ([*always_open(), women(600, 720, women_staff_only=False)], {"audience": "women", "staff": (12,)}, None),
            (
                [*always_open(), women(600, 719, women_staff_only=False)], {"audience": "women", "staff": (12,)},
                Hindrance.WOMEN_STAFF,
            ),
            # Another venue's women-only time, at the site or in sight: nobody learns why.
            ([*always_open(), women(600, 660, venue=2, site=2)], {}, Hindrance.TAKEN),
            ([*always_open(), women(600, 660, venue=2)], {}, Hindrance.TAKEN),
            ([*always_open(), women(600, 660, venue=2)], {"audience": "women"}, None),
            ([], {"online": True, "modes": ("video",)}, None),
            ([women(600, 660)], {"online": True, "modes": ("video",)}, None),
        ],
    )
    def test_what_is_in_the_way_is_told_as_far_as_it_may_be(
        self, windows: list[Window], values: dict[str, Any], found: Hindrance | None
    ) -> None:
        assert hindrance(plan(**values), around(windows)) is found

    def test_a_closure_shuts_it(self) -> None:
        assert hindrance(plan(), around(closures=[Interval(at(11), at(11, 5))])) is Hindrance.CLOSED
        assert hindrance(plan(), around(closures=[Interval(at(12), at(13)), Interval(at(9), at(10))])) is None
        assert hindrance(plan(online=True, modes=("chat",)), around(closures=[Interval(at(11), at(11, 5))])) is None

    def test_men_work_with_women_only_where_the_whole_session_is_in_a_time_that_says_so(self) -> None:
        span = Interval(at(10), at(12))
        said = women(600, 720, women_staff_only=False)
        assert workers_fit("everyone", span, False, [])
        assert workers_fit("women", span, True, [])
        assert not workers_fit("women", span, False, [])
        assert workers_fit("women", span, False, [said])
        assert not workers_fit("women", span, False, [replace(said, until_minute=700)])
        assert not workers_fit("women", span, False, [replace(said, audience=Audience.EVERYONE)])


class TestOneThingAtATime:
    @pytest.mark.parametrize(
        ("commitment", "taken"),
        [
            (Commitment(9, Interval(at(11), at(13)), staff=11), True),
            (Commitment(9, Interval(at(12), at(13)), staff=11), False),
            (Commitment(9, Interval(at(9), at(10)), staff=11), False),
            (Commitment(9, Interval(at(11), at(13)), staff=12), False),
            (Commitment(9, Interval(at(11), at(13)), room="Blue room"), True),
            (Commitment(9, Interval(at(11), at(13)), room=" blue  ROOM "), True),
            (Commitment(9, Interval(at(11), at(13)), room="Green room"), False),
            (Commitment(9, Interval(at(11), at(13))), False),
            (Commitment(5, Interval(at(11), at(13)), staff=11, room="Blue room"), False),
        ],
    )
    def test_no_worker_and_no_room_is_in_two_sessions_at_once(self, commitment: Commitment, taken: bool) -> None:
        found = hindrance(plan(room="Blue room", session=5), around(commitments=[commitment]))
        assert found is (Hindrance.TAKEN if taken else None)

    def test_no_room_is_no_room(self) -> None:
        assert not same_room(None, None)
        assert not same_room("", "")
        assert not same_room("Blue", None)
        assert same_room("Blue", "blue ")


class TestWorkersKeptApart:
    @promised(150)
    @given(openings(1, DAYS[0]), st.data())
    def test_a_worker_is_let_in_exactly_when_no_client_is_near_whom_they_are_kept_from(
        self, session: Opening, data: st.DataObject
    ) -> None:
        near = data.draw(neighbourhoods())
        rules = data.draw(st.lists(rules_between(CLIENTS[:2]), min_size=1, max_size=3))
        others = [data.draw(openings(number, DAYS[0])) for number in (2, 3)]
        clients = [
            data.draw(appointments(data.draw(among(session, *others)), CLIENTS[:2], LONDON))
            for _ in range(data.draw(st.integers(0, 3)))
        ]
        members = {visit.person for visit in clients if visit.session == session.session}
        broken = any(
            oracle.kept_apart(worker_visit(session, worker, LONDON), rules, clients, near)
            or (
                session.kind is not Kind.ONE_TO_ONE
                and any(rule.names == Person("staff", worker) and rule.protects in members for rule in rules)
            )
            for worker in session.staff
        )
        event("kept away" if broken else "let in")
        found = hindrance(
            planned(session),
            around(
                always_open(venue=session.venue, site=session.site),
                members=frozenset(person.id for person in members),
                **workers_among(session.staff, rules, clients, near),
            ),
        )
        assert (found is Hindrance.TAKEN) == broken
        assert found in (None, Hindrance.TAKEN)

    @promised(150)
    @given(openings(1, DAYS[0]), openings(2, DAYS[0]), st.booleans(), rules_between((HER, CLIENTS[1])), st.data())
    def test_her_where_the_worker_is_and_the_worker_where_she_is_are_one_question(
        self, one: Opening, other: Opening, same: bool, rule: Rule, data: st.DataObject
    ) -> None:
        rule = replace(rule, protects=HER, names=NURSE, sites=frozenset())
        hers, theirs = one, one if same else other
        hers = hers._replace(staff=(12,))
        near = data.draw(neighbourhoods())
        visit = data.draw(appointments(hers, (HER,), LONDON))
        worker = 12 if hers.kind is Kind.ONE_TO_ONE else None
        shift = worker_visit(theirs, NURSE.id, LONDON)
        town = Town(LONDON, near, (one, other), (), (rule,), ())
        asker = asker_of(HER, town, [shift], [], "eligible")
        beside = hers._replace(staff=(12, 11)) if same else hers
        booked = slots.admits_time(asker, hers, visit.mode, worker, visit.start, visit.end) and slots.admits_session(
            asker, beside._replace(audience="everyone"), visit.mode
        )
        hosted = hindrance(
            planned(theirs, staff=(NURSE.id,), women=frozenset({NURSE.id})),
            around(
                always_open(venue=theirs.venue, site=theirs.site),
                members=frozenset({HER.id}) if same else frozenset(),
                **workers_among((NURSE.id,), [rule], [visit], near),
            ),
        )
        event("together" if booked else "apart")
        assert booked == (hosted is None)

    @pytest.mark.parametrize(("start", "found"), [(at(12, 59), Hindrance.TAKEN), (at(13), None)])
    def test_a_worker_is_present_with_the_venue_s_margins(self, start: datetime, found: Hindrance | None) -> None:
        """There until 12:15, so half an hour apart from whoever comes at 12:45."""
        rule = Rule(HER, NURSE, Separation.GAP)
        hers = visit_to(opening_of(start), HER, "in-person", 12, start, start + 30 * MINUTE, LONDON)
        assert hindrance(plan(), around(**workers_among((11,), [rule], [hers], {}))) is found
        assert hindrance(plan(staff=(12, 11)), around(**workers_among((12, 11), [rule], [hers], {}))) is found

    @pytest.mark.parametrize("modes", [("video",), ("in-person",)])
    @pytest.mark.parametrize(("separation", "found"), [("series", Hindrance.TAKEN), ("day", None)])
    def test_a_worker_never_holds_a_date_of_a_group_that_she_is_enrolled_in(
        self, modes: tuple[str, ...], separation: str, found: Hindrance | None
    ) -> None:
        rule = Rule(HER, NURSE, Separation(separation))
        group = opening_of(at(10, day=-7))._replace(kind=Kind.GROUP, series=71)
        hers = visit_to(group, HER, "video", None, *group.span, LONDON)
        planned_date = plan(kind=Kind.GROUP, modes=modes, series=71)
        assert hindrance(planned_date, around(**workers_among((11,), [rule], [hers], {}))) is found

    @pytest.mark.parametrize("kind", [Kind.GROUP, Kind.DROP_IN])
    def test_whoever_is_in_a_shared_session_keeps_the_worker_out_of_it_by_phone_too(self, kind: Kind) -> None:
        rule = Rule(HER, NURSE, Separation.GAP)
        found = hindrance(
            plan(kind=kind, modes=("phone",), session=5),
            around(members=frozenset({HER.id}), **workers_among((11,), [rule], [], {})),
        )
        assert found is Hindrance.TAKEN

    def test_a_worker_whom_nobody_names_is_asked_nothing(self) -> None:
        assert hindrance(plan(), around(kept_from={12: frozenset({1})}, members=frozenset({1}))) is None

    def test_a_worker_never_works_at_a_site_that_an_exclusion_closes_to_them(self) -> None:
        rule = Rule(HER, NURSE, Separation.SITE, sites=frozenset({2}))
        near: Near = {1: frozenset({2}), 2: frozenset({1})}
        closed = around(**workers_among((11,), [rule], [], near))
        assert hindrance(plan(), closed) is Hindrance.TAKEN
        assert hindrance(plan(modes=("phone",)), closed) is None
        assert hindrance(plan(), around(**workers_among((11,), [rule], [], {}))) is None

