"""Keeping two people apart, in random towns: the barriers let in exactly what the oracle finds to break no rule."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import event, given
from hypothesis import strategies as st

from scheduler.rules.presence import Mode
from scheduler.rules.separation import Gatekeeper, barriers, violates

from . import oracle
from .oracle import Rule, Visit
from .records import Meeting, Town, admits, apart_of, gate_for, lets_in, presence_of
from .strategies import meetings, promised, rules_between, towns


def one_of(town: Town, data: st.DataObject) -> tuple[Visit, list[Visit]]:
    """A visit in this town, of someone whom a rule touches if there is one, and the visits of everyone else."""
    touched = {person for rule in town.rules for person in (rule.protects, rule.names)}
    visits = [visit for visit in town.everyone() if visit.person in touched] or town.everyone()
    visit = data.draw(st.sampled_from(visits))
    return visit, [each for each in town.everyone() if each.person != visit.person]


class TestAgainstTheOracle:
    @promised(250)
    @given(towns(), st.data())
    def test_a_visit_is_let_in_exactly_when_it_breaks_no_rule(self, town: Town, data: st.DataObject) -> None:
        visit, others = one_of(town, data)
        refused = oracle.kept_apart(visit, town.rules, others, town.near)
        event("refused" if refused else "let in")
        assert lets_in(gate_for(visit.person, town, others), visit) == (not refused)

    @promised(150)
    @given(meetings())
    def test_booking_her_where_he_is_and_him_where_she_is_are_one_question(self, meeting: Meeting) -> None:
        rule = replace(meeting.rule, sites=frozenset())
        # With whom she speaks is a question about her visit alone; here it is about the two visits.
        hers, his = replace(meeting.hers, workers=()), meeting.his
        one_way = admits(hers, [rule], [his], meeting.near)
        other_way = admits(his, [rule], [hers], meeting.near)
        event("let in" if one_way else "apart")
        assert one_way == other_way == (not oracle.too_near(rule, hers, his, meeting.near))

    @promised(100)
    @given(towns(), rules_between(), st.data())
    def test_another_exclusion_another_visit_or_another_neighbour_never_frees_a_time(
        self, town: Town, more: Rule, data: st.DataObject
    ) -> None:
        visit, others = one_of(town, data)
        fewer = data.draw(st.lists(st.sampled_from(others), unique=True)) if others else []
        if lets_in(gate_for(visit.person, town, others), visit):
            assert lets_in(gate_for(visit.person, town, fewer), visit)
            assert lets_in(gate_for(visit.person, replace(town, near={}), others), visit)
            assert lets_in(gate_for(visit.person, replace(town, rules=town.rules[1:]), others), visit)
        else:
            assert not lets_in(gate_for(visit.person, replace(town, rules=(*town.rules, more)), others), visit)

    @promised(100)
    @given(meetings())
    def test_a_clash_is_found_exactly_where_a_booking_would_be_refused(self, meeting: Meeting) -> None:
        """`violates` speaks of two presences in one place, and so do the barriers of either."""
        rule = replace(meeting.rule, sites=frozenset())
        mine, theirs = (presence_of(replace(each, mode=Mode.IN_PERSON)) for each in (meeting.hers, meeting.his))
        hers, his = apart_of(rule, rule.protects), apart_of(rule, rule.names)
        assert hers is not None
        assert his is not None
        assert mine is not None
        assert theirs is not None
        mine, theirs = (each._replace(site=1, session=None, series=None) for each in (mine, theirs))
        told = violates(hers, mine, theirs)
        event("clash" if told else "none")
        assert told == violates(his, theirs, mine)
        assert told != Gatekeeper(barriers([hers], [theirs], {})).admits_presence(1, *mine.interval)
        assert told != Gatekeeper(barriers([his], [mine], {})).admits_presence(1, *theirs.interval)
