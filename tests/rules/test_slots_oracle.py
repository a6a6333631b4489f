"""Searches in random towns: what is offered is exactly what the oracle finds, and each of it can be booked."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from hypothesis import event, given
from hypothesis import strategies as st

from scheduler.rules import slots
from scheduler.rules.audience import Eligibility
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind
from scheduler.rules.slots import Asker, Length, Offer, Opening, Taken

from . import oracle
from .oracle import MINUTE, Visit, instant, number
from .records import Town, asker_of, visit_to
from .strategies import DAYS, HER, among, openings, promised, taken_in, towns
from .test_slots import ANYONE, EVERY_MODE, LONG_AGO, opening

LENGTHS = st.builds(
    lambda long, before, after: Length(long * MINUTE, before * MINUTE, after * MINUTE),
    among(5, 15, 30, 45, 90), among(0, 0, 5, 7), among(0, 0, 10, 12),
)


class Question:
    """A search in a random town, and what the oracle says must be offered."""

    def __init__(self, data: st.DataObject, *, windows: int = 1, rules: int = 2) -> None:
        self.town: Town = data.draw(towns(most_sessions=3, rules=rules, windows=windows, touching=HER))
        self.eligibility = data.draw(among(Eligibility.ELIGIBLE, Eligibility.ELIGIBLE, *Eligibility))
        self.length: Length = data.draw(LENGTHS)
        self.taken = {each.session: data.draw(st.lists(taken_in(each), max_size=2)) for each in self.town.sessions}
        in_person, by_phone = frozenset({"in-person"}), frozenset({"phone"})
        soon = self.town.sessions[0].span.start + 12 * MINUTE
        self.modes = data.draw(among(EVERY_MODE, EVERY_MODE, EVERY_MODE, EVERY_MODE, in_person, by_phone))
        self.not_before = data.draw(among(LONG_AGO, LONG_AGO, soon))
        self.staff = data.draw(among(None, None, None, None, None, frozenset({11}), frozenset({12, 13})))
        self.children = data.draw(among(0, 0, 0, 0, 0, 0, 0, 1, 2))
        self.own = [visit for visit in self.town.visits if visit.person == HER]
        self.others = [visit for visit in self.town.everyone() if visit.person != HER]
        self.asker = asker_of(HER, self.town, self.others, self.own, self.eligibility)

    def length_in(self, session: Opening) -> Length:
        """A group lasts as long as it lasts, whatever was asked for."""
        return Length(session.span.end - session.span.start) if session.kind is Kind.GROUP else self.length

    def answer(self, asker: Asker | None = None) -> list[Offer]:
        """What the rules offer."""
        return list(
            slots.offers(
                asker or self.asker, self.town.sessions, self.taken, self.length, self.modes, self.not_before,
                self.staff, self.children,
            )
        )

    def expected(self) -> set[tuple[int, int | None, str, int, int]]:
        """What SAFETY.md allows, and there is room for, of the packed times."""
        found = set()
        for session in self.town.sessions:
            for worker, start in self._room(session):
                end = start + self.length_in(session).length // MINUTE
                for mode in session.modes:
                    visit = visit_to(session, HER, mode, worker, instant(start), instant(end), self.town.zone)
                    if instant(start) >= self.not_before and mode in self.modes and self._may(session, visit):
                        found.add((session.session, worker, mode, start, end))
        return found

    def _room(self, session: Opening) -> list[tuple[int | None, int]]:
        standing = self.taken[session.session]
        if not oracle.creche_left(session, standing, self.children):
            return []
        if session.kind is Kind.ONE_TO_ONE:
            return [
                (worker, start)
                for worker in session.staff
                if self.staff is None or worker in self.staff
                for start in oracle.packed(session, self.length, standing, worker)
            ]
        wanted = self.staff is None or bool(self.staff & set(session.staff))
        return [(None, number(session.span.start))] if wanted and oracle.seats_left(session, standing) else []

    def _may(self, session: Opening, visit: Visit) -> bool:
        if self.eligibility is not Eligibility.ELIGIBLE and (
            session.audience == "women" or oracle.among_women(visit, self.town.windows, self.town.near)
        ):
            return False
        if any(oracle.at_once(visit, own) for own in self.own):
            return False
        return not oracle.kept_apart(visit, self.town.rules, self.others, self.town.near)


class TestOffers:
    @promised(200)
    @given(st.data())
    def test_they_are_exactly_what_the_oracle_finds(self, data: st.DataObject) -> None:
        question = Question(data)
        found = question.answer()
        got = [(o.session, o.staff, o.mode, number(o.start), number(o.end)) for o in found]
        event(f"{min(len(got), 9)} offers")
        assert Counter(got) == Counter(question.expected())

    @promised(80)
    @given(st.data())
    def test_each_of_them_can_be_booked(self, data: st.DataObject) -> None:
        question = Question(data)
        by_id = {each.session: each for each in question.town.sessions}
        for offer in question.answer():
            session = by_id[offer.session]
            standing, length = question.taken[offer.session], question.length_in(session)
            assert slots.fits(session, length, standing, offer.staff, offer.start, question.children)
            assert slots.admits_session(question.asker, session, offer.mode)
            assert slots.admits_time(question.asker, session, offer.mode, offer.staff, offer.start, offer.end)
            assert offer.end - offer.start == length.length
            assert (offer.venue, offer.audience) == (session.venue, session.audience)

    @promised(80)
    @given(st.data())
    def test_where_times_fall_never_depends_on_who_asks(self, data: st.DataObject) -> None:
        """Her own barriers only take times away: an odd start would tell her that someone is near (SAFETY.md 4)."""
        question = Question(data)
        for_anyone = question.answer(ANYONE)
        for_her = question.answer()
        assert for_her == [offer for offer in for_anyone if offer in set(for_her)]

    @promised(80)
    @given(openings(1, DAYS[0]), LENGTHS, st.data())
    def test_packed_times_waste_less_than_one_appointment_and_never_meet(
        self, session: Opening, length: Length, data: st.DataObject
    ) -> None:
        standing = data.draw(st.lists(taken_in(session), max_size=3))
        busy = [taken.busy for taken in standing if taken.staff == 11]
        found = list(slots.starts(session, length, busy))
        assert [number(start) for start in found] == oracle.packed(session, length, standing, 11)
        assert all(slots.on_grid(start) for start in found)
        whole = length.before + length.length + length.after
        assert all(other - one >= whole for one, other in pairwise(found))

    @promised(150)
    @given(openings(1, DAYS[0]), LENGTHS, st.data())
    def test_an_exact_time_fits_when_the_oracle_finds_room(
        self, session: Opening, length: Length, data: st.DataObject
    ) -> None:
        minute = data.draw(st.integers(-2, (session.span.end - session.span.start) // (5 * MINUTE))) * 5
        minute += data.draw(among(0, 0, 0, 1, -1))
        worker = data.draw(among(11, 11, 12, None))
        standing = data.draw(st.lists(taken_in(session), max_size=2))
        elsewhere = [Taken(99, worker, session.span, 50)] * 3
        children = data.draw(among(0, 0, 1, 2))
        if session.kind is Kind.ONE_TO_ONE:
            start = number(session.span.start) + minute
            room = worker in session.staff and oracle.room_for(session, length, standing, worker or 0, start)
        else:
            start, worker = number(session.span.start) + data.draw(among(0, 0, 5)), data.draw(among(None, None, 11))
            if data.draw(st.booleans()):
                length = Length(session.span.end - session.span.start)
            whole = session.kind is Kind.DROP_IN or length.length == session.span.end - session.span.start
            at_its_start = start == number(session.span.start)
            room = worker is None and whole and at_its_start and oracle.seats_left(session, standing)
        room = room and oracle.creche_left(session, standing, children)
        event("room" if room else "none")
        assert slots.fits(session, length, [*standing, *elsewhere], worker, instant(start), children) == room

    @promised(60)
    @given(openings(1, DAYS[0]), LENGTHS, st.data())
    def test_whichever_offer_is_taken_the_others_still_stand(
        self, session: Opening, length: Length, data: st.DataObject
    ) -> None:
        standing = data.draw(st.lists(taken_in(session), max_size=2))
        found = list(slots.starts(session, length, [taken.busy for taken in standing if taken.staff == 11]))
        session = opening(*session.span)
        for start in data.draw(st.permutations(found)):
            assert slots.fits(session, length, standing, 11, start, 0)
            busy = Interval(start - length.before, start + length.length + length.after)
            standing = [*standing, Taken(1, 11, busy)]
            assert not slots.fits(session, length, standing, 11, start, 0)
