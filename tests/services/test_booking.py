"""What `services.booking` promises: one door, one refusal, and every rule asked whichever way a booking comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from scheduler.errors import InTheWay, Invalid, KeyReused, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, Exclusion, Message, OpeningWindow, Session
from scheduler.rules.states import State
from scheduler.services import booking
from scheduler.services.actors import Actor, client_actor
from scheduler.services.booking import Choice, Wanted
from tests.support import factories as make
from tests.support.factories import at

RECEPTION = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


class Place:
    """A venue with one worker's session from ten to twelve, and a type of half an hour."""

    def __init__(self, **session: Any) -> None:
        self.site = make.make_site()
        self.venue = make.make_venue(self.site)
        self.worker = make.make_staff()
        self.type = make.make_type()
        self.session = make.make_session(
            self.venue, at(10), at(12), (self.worker,), (self.type,), **{"modes": ["in-person", "phone"], **session}
        )

    def choice(self, client: int, start: datetime | None = None, **values: Any) -> Choice:
        made = Choice(client, self.type, self.session, self.worker, "in-person", start or at(10))
        return replace(made, **values)

    def wanted(self, client: int, **values: Any) -> Wanted:
        return Wanted(client, self.type, at(0), at(0, day=7), **values)


@pytest.fixture
def place() -> Place:
    return Place()


def times(found: list[Any]) -> list[str]:
    return [f"{offer.start:%H:%M} {offer.mode}" for offer in found]


class TestOffers:
    def test_free_time_is_packed_from_its_beginning(self, place: Place) -> None:
        her = make.make_client()
        found = booking.offers(RECEPTION, place.wanted(her, modes=frozenset({"phone"})))
        assert times(found) == ["10:00 phone", "10:30 phone", "11:00 phone", "11:30 phone"]

    def test_taken_time_and_its_buffers_are_not_offered(self, place: Place) -> None:
        place.type = make.make_type(minutes=30, least_minutes=30, most_minutes=30, buffer_after=10)
        db.session.execute(update(Session).values(types=[place.type]))
        db.session.commit()
        booking.book(RECEPTION, place.choice(make.make_client(), at(10, 30)))
        found = booking.offers(RECEPTION, place.wanted(make.make_client(), modes=frozenset({"phone"})))
        assert times(found) == ["11:10 phone"]

    def test_every_offer_can_be_booked(self, place: Place) -> None:
        for _ in range(10):
            her = make.make_client()
            found = booking.offers(RECEPTION, place.wanted(her), limit=3)
            if not found:
                break
            booking.book(RECEPTION, Choice.from_offer(her, place.type, found[-1]))
        assert not booking.offers(RECEPTION, place.wanted(make.make_client()))

    def test_the_first_screen_is_the_beginning_of_the_whole_list(self, place: Place) -> None:
        for day in (1, 3, 9, 20):
            make.make_session(place.venue, at(9, day=day), at(11, day=day), (place.worker,), (place.type,))
        her = make.make_client()
        wanted = replace(place.wanted(her), until=at(0, day=28))
        everything = booking.offers(RECEPTION, wanted)
        for limit in range(1, len(everything) + 1):
            assert booking.offers(RECEPTION, wanted, limit) == everything[:limit]

    def test_only_the_weekdays_hours_and_workers_asked_for(self, place: Place) -> None:
        man = make.make_staff(woman=False)
        make.make_session(place.venue, at(9, day=1), at(18, day=1), (man,), (place.type,))
        her = make.make_client()
        found = booking.offers(
            RECEPTION, place.wanted(her, weekdays=frozenset({1}), from_minute=17 * 60, until_minute=18 * 60)
        )
        assert times(found) == ["17:00 in-person", "17:30 in-person"]
        assert not booking.offers(
            RECEPTION, place.wanted(her, weekdays=frozenset({1}), woman_worker=True)
        )
        assert {o.staff for o in booking.offers(RECEPTION, place.wanted(her, staff=frozenset({man})))} == {man}

    def test_nothing_in_the_past_is_offered(self, place: Place, clock: Any) -> None:
        clock.set(at(11, 1))
        found = booking.offers(RECEPTION, place.wanted(make.make_client(), modes=frozenset({"phone"})))
        assert times(found) == ["11:30 phone"]

    def test_the_queries_are_as_many_for_one_session_as_for_forty(self, place: Place) -> None:
        her, him = make.make_client(), make.make_client(eligibility="not-eligible")
        make.make_exclusion(her, him, separation="series")
        few = count_statements(lambda: booking.offers(RECEPTION, place.wanted(her)))
        for day in range(1, 7):
            for _ in range(7):
                worker = make.make_staff()
                make.make_session(make.make_venue(), at(9, day=day), at(17, day=day), (worker,), (place.type,))
        many = count_statements(lambda: booking.offers(RECEPTION, place.wanted(her)))
        assert many == few <= 12


class TestBooking:
    def test_it_stands_with_its_presence_its_message_and_its_audit_record(self, place: Place) -> None:
        her = make.make_client()
        make.make_safe_contact(her)
        booked = booking.book(RECEPTION, place.choice(her, at(10, 30)))
        row = db.session.get(Appointment, booked.id)
        assert row is not None
        assert (row.start, row.end, row.state) == (at(10, 30), at(11), "booked")
        assert (row.present_from, row.present_until) == (at(10, 15), at(11, 15))
        assert db.session.scalars(select(Message.purpose).where(Message.appointment_id == booked.id)).all()
        assert db.session.scalars(select(AuditRecord.action)).all() == ["book"]

    def test_the_same_key_gives_the_same_appointment(self, place: Place) -> None:
        her = make.make_client()
        first = booking.book(RECEPTION, place.choice(her), key="k1")
        assert booking.book(RECEPTION, place.choice(her), key="k1") == first
        with pytest.raises(KeyReused):
            booking.book(RECEPTION, place.choice(her, at(11)), key="k1")

    def test_a_key_of_one_person_means_nothing_for_another(self, place: Place) -> None:
        one, other = make.make_client(), make.make_client()
        booking.book(client_actor(one), place.choice(one, at(10)), key="same")
        assert booking.book(client_actor(other), place.choice(other, at(11)), key="same").client_id == other

    @pytest.mark.parametrize(
        "wrong",
        [
            {"start": at(9, 30)},
            {"start": at(11, 45)},
            {"start": at(10, 2)},
            {"mode": "video"},
            {"staff_id": None},
            {"staff_id": 999_999},
            {"session_id": 999_999},
            {"type_id": 999_999},
            {"client_id": 999_999},
            {"creche": 1},
        ],
    )
    def test_what_was_never_offered_is_refused(self, place: Place, wrong: dict[str, Any]) -> None:
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, replace(place.choice(make.make_client()), **wrong))
        assert db.session.scalar(select(Appointment.id)) is None

    def test_a_length_that_the_type_does_not_allow_is_said_by_its_field(self, place: Place) -> None:
        for minutes in (10, 32, 125, 0, -30):
            with pytest.raises(Invalid) as refused:
                booking.book(RECEPTION, place.choice(make.make_client(), minutes=minutes))
            assert "minutes" in refused.value.fields

    def test_nobody_is_in_two_places_at_once(self, place: Place) -> None:
        her = make.make_client()
        booking.book(RECEPTION, place.choice(her, at(10)))
        other = Place()
        with pytest.raises(SlotUnavailable):  # there and on the phone with another
            booking.book(RECEPTION, other.choice(her, at(10, 15), mode="phone"))
        with pytest.raises(SlotUnavailable):  # too near in time for two far places
            booking.book(RECEPTION, other.choice(her, at(10, 30)))
        assert booking.book(RECEPTION, other.choice(her, at(11)))

    def test_a_worker_and_a_nurse_in_one_visit(self, place: Place) -> None:
        her, nurse = make.make_client(), make.make_staff()
        second = make.make_session(place.venue, at(10), at(12), (nurse,), (place.type,))
        booking.book(RECEPTION, place.choice(her, at(10)))
        assert booking.book(RECEPTION, place.choice(her, at(10, 30), session_id=second, staff_id=nurse))

    def test_a_group_takes_as_many_as_it_has_seats(self) -> None:
        place = Place(kind="group", seats=2, creche=1)
        choice = lambda: place.choice(make.make_client(), staff_id=None)  # noqa: E731
        booking.book(RECEPTION, replace(choice(), creche=1))
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, replace(choice(), creche=1))
        assert booking.book(RECEPTION, choice()).end == at(12)
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, choice())
        assert not booking.offers(RECEPTION, place.wanted(make.make_client()))

    def test_a_cancelled_session_takes_nobody(self, place: Place) -> None:
        db.session.execute(update(Session).values(cancelled_at=at(8)))
        db.session.commit()
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, place.choice(make.make_client()))


class TestHerself:
    def test_she_books_moves_and_cancels_her_own(self, place: Place) -> None:
        her = make.make_client()
        booked = booking.book(client_actor(her), place.choice(her))
        moved = booking.move(client_actor(her), booked.id, place.choice(her, at(11)), booked.version)
        assert (moved.start, moved.version) == (at(11), 2)
        assert booking.cancel(client_actor(her), booked.id).state == "cancelled"

    def test_she_cannot_touch_anothers(self, place: Place) -> None:
        her, other = make.make_client(), make.make_client()
        booked = booking.book(RECEPTION, place.choice(other))
        with pytest.raises(NotFound):
            booking.cancel(client_actor(her), booked.id)
        with pytest.raises(NotFound):
            booking.move(client_actor(her), booked.id, place.choice(her, at(11)))
        with pytest.raises(NotAllowed):
            booking.book(client_actor(her), place.choice(other, at(11)))
        with pytest.raises(NotAllowed):
            booking.mark(client_actor(other), booked.id, State.FULFILLED)

    def test_her_notice_and_horizon_hold_for_her_and_not_for_reception(self, place: Place) -> None:
        place.type = make.make_type(notice=120, horizon_days=5, least_minutes=15)
        db.session.execute(update(Session).values(types=[place.type]))
        db.session.commit()
        her = make.make_client()
        late = make.make_session(place.venue, at(10, day=6), at(12, day=6), (place.worker,), (place.type,))
        assert times(booking.offers(client_actor(her), place.wanted(her, modes=frozenset({"phone"})))) == [
            "11:00 phone", "11:30 phone",
        ]
        for choice in (place.choice(her, at(10, 30)), place.choice(her, at(10, day=6), session_id=late)):
            with pytest.raises(SlotUnavailable):
                booking.book(client_actor(her), choice)
            booking.book(RECEPTION, choice)

    def test_it_is_too_late_to_change_it_herself(self, place: Place, clock: Any) -> None:
        her = make.make_client()
        booked = booking.book(RECEPTION, place.choice(her))
        clock.set(at(9, 30))
        for change in (
            lambda: booking.cancel(client_actor(her), booked.id),
            lambda: booking.move(client_actor(her), booked.id, place.choice(her, at(11))),
        ):
            with pytest.raises(WrongState):
                change()
        assert booking.cancel(RECEPTION, booked.id, "client-asked").state == "cancelled"


class TestKeptApart:
    """SAFETY.md 2, whichever of the two is booked."""

    def both_ways(self, separation: str, her: Choice, him: Choice, **exclusion: Any) -> list[bool]:
        """Whether the second of the two could be booked, hers first and his first."""
        make.make_exclusion(her.client_id, him.client_id, separation=separation, **exclusion)
        answers = []
        for first, second in ((her, him), (him, her)):
            booked = booking.book(RECEPTION, first)
            try:
                after = booking.book(RECEPTION, second)
                answers.append(True)
                booking.cancel(RECEPTION, after.id)
            except SlotUnavailable:
                answers.append(False)
            booking.cancel(RECEPTION, booked.id)
        return answers

    def two(self, place: Place, **his: Any) -> tuple[Choice, Choice]:
        nurse = make.make_staff()
        second = make.make_session(place.venue, at(9), at(17), (nurse,), (place.type,), modes=["in-person", "phone"])
        him = place.choice(make.make_client(), session_id=second, staff_id=nurse)
        return place.choice(make.make_client(), at(10)), replace(him, **his)

    # Hers is 10:00 to 10:30, so she is there 9:45 to 10:45. With 30 minutes between, he may be there from 11:15: his
    # appointment from 11:30.
    @pytest.mark.parametrize(("start", "apart"), [((11, 25), False), ((11, 30), True), ((10, 0), False)])
    def test_the_gap_is_counted_between_presences(self, place: Place, start: tuple[int, int], apart: bool) -> None:
        her, him = self.two(place, start=at(*start))
        assert self.both_ways("gap", her, him) == [apart, apart]

    def test_a_longer_gap(self, place: Place) -> None:
        her, him = self.two(place, start=at(13))
        assert self.both_ways("gap", her, him, gap_minutes=121) == [False, False]
        assert self.both_ways("gap", *self.two(place, start=at(14)), gap_minutes=120) == [True, True]

    def test_on_the_phone_he_is_nowhere(self, place: Place) -> None:
        her, him = self.two(place, start=at(10), mode="phone")
        assert self.both_ways("site", her, him) == [True, True]

    @pytest.mark.parametrize("separation", ["day", "series", "site"])
    def test_the_whole_day(self, place: Place, separation: str) -> None:
        her, him = self.two(place, start=at(16))
        assert self.both_ways(separation, her, him) == [False, False]

    def test_the_next_day_is_another_day(self, place: Place) -> None:
        her, him = self.two(place)
        tomorrow = make.make_session(place.venue, at(9, day=1), at(17, day=1), (him.staff_id or 0,), (place.type,))
        assert self.both_ways("day", her, replace(him, session_id=tomorrow, start=at(9, day=1))) == [True, True]

    def test_neighbours_count_as_one_place(self, place: Place) -> None:
        her, _ = self.two(place)
        near = Place()
        make.make_neighbours(place.site, near.site)
        him = near.choice(make.make_client(), at(10))
        assert self.both_ways("gap", her, him) == [False, False]
        far = Place()
        assert self.both_ways("gap", her, far.choice(make.make_client(), at(10))) == [True, True]

    def test_two_venues_that_share_an_entrance(self, place: Place) -> None:
        upstairs, worker = make.make_venue(place.site), make.make_staff()
        session = make.make_session(upstairs, at(10), at(12), (worker,), (place.type,))
        him = place.choice(make.make_client(), session_id=session, staff_id=worker)
        assert self.both_ways("gap", place.choice(make.make_client()), him) == [False, False]

    def test_a_possible_match_counts_as_yes_and_a_dismissed_one_as_no(self, place: Place) -> None:
        her, him = self.two(place, start=at(10))
        assert self.both_ways("gap", her, him, state="possible") == [False, False]
        her, him = self.two(place, start=at(14))
        assert self.both_ways("day", her, him, state="dismissed") == [True, True]

    def test_a_closed_exclusion_keeps_nobody_apart(self, place: Place) -> None:
        her, him = self.two(place, start=at(10))
        one, other = make.make_staff(role="lead"), make.make_staff(role="lead")
        exclusion = make.make_exclusion(her.client_id, him.client_id)
        db.session.execute(
            update(Exclusion).where(Exclusion.id == exclusion).values(active=False, closing_by=one, closed_by=other)
        )
        db.session.commit()
        assert booking.book(RECEPTION, her)
        assert booking.book(RECEPTION, him)

    def test_a_past_review_date_changes_nothing(self, place: Place) -> None:
        her, him = self.two(place, start=at(10))
        assert self.both_ways("gap", her, him, review_on=datetime(2020, 1, 1, tzinfo=UTC).date()) == [False, False]

    def test_the_named_person_is_never_booked_at_a_listed_site(self, place: Place) -> None:
        her, him = make.make_client(), make.make_client()
        make.make_exclusion(her, him, separation="site", sites=(place.site,))
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, place.choice(him))
        assert booking.book(RECEPTION, place.choice(him, mode="phone"))
        assert booking.book(RECEPTION, place.choice(her, at(11)))

    def test_never_in_one_group_series_even_on_other_dates(self, place: Place) -> None:
        from scheduler.models import Series

        series = Series(
            venue_id=place.venue, title="Circle", rule="FREQ=WEEKLY", first_day=at(0).date(), at_minute=600,
            minutes=120, kind="group", modes=["video"], types=[place.type], staff=[place.worker],
        )
        db.session.add(series)
        db.session.commit()
        group = {"kind": "group", "seats": 9, "modes": ["video"], "series_id": series.id}
        weeks = [
            make.make_session(place.venue, at(14, day=d), at(15, day=d), (place.worker,), (place.type,), **group)
            for d in (0, 7)
        ]
        this, next_ = (
            place.choice(make.make_client(), at(14, day=d), session_id=s, staff_id=None, mode="video")
            for d, s in zip((0, 7), weeks, strict=True)
        )
        assert self.both_ways("series", this, next_) == [False, False]
        one, other = make.make_client(), make.make_client()
        assert self.both_ways("day", replace(this, client_id=one), replace(next_, client_id=other)) == [True, True]
        assert self.both_ways("gap", replace(this, client_id=one), replace(this, client_id=other)) == [False, False]

    def test_she_is_kept_from_a_worker_who_is_the_named_person(self, place: Place) -> None:
        her, calm = make.make_client(), make.make_staff()
        make.make_exclusion(her, place.worker, kind="staff", state="possible")
        beside = make.make_session(place.venue, at(10), at(17), (calm,), (place.type,))
        for choice in (
            place.choice(her),
            place.choice(her, mode="phone"),
            place.choice(her, at(12, 15), session_id=beside, staff_id=calm),
        ):
            with pytest.raises(SlotUnavailable):
                booking.book(RECEPTION, choice)
        # He is about until 12:15; with the gap, she may be there from 12:45.
        assert booking.book(RECEPTION, place.choice(her, at(13), session_id=beside, staff_id=calm))

    def test_her_offers_leave_those_times_out_and_keep_the_others_where_they_were(self, place: Place) -> None:
        her, him = self.two(place, start=at(12, 5))
        make.make_exclusion(her.client_id, him.client_id)
        wanted = place.wanted(her.client_id, staff=frozenset({place.worker}))
        before = booking.offers(client_actor(her.client_id), wanted)
        booking.book(RECEPTION, him)
        after = booking.offers(client_actor(her.client_id), wanted)
        gone = [o for o in before if o not in after]
        assert set(after) < set(before)
        assert times(gone) == ["11:00 in-person", "11:30 in-person"]

    def test_bringing_back_asks_again(self, place: Place, clock: Any) -> None:
        her, him = self.two(place, start=at(10))
        make.make_exclusion(her.client_id, him.client_id)
        booked = booking.book(RECEPTION, her)
        clock.set(at(10, 20))
        booking.mark(RECEPTION, booked.id, State.NOSHOW)
        booking.book(RECEPTION, him)
        with pytest.raises(SlotUnavailable):
            booking.mark(RECEPTION, booked.id, State.BOOKED)

    def test_a_rule_that_raises_means_no(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(*_: Any) -> Any:
            raise RuntimeError("unreadable")

        monkeypatch.setattr("scheduler.services.asking.barriers", broken)
        her, him = self.two(place)
        make.make_exclusion(her.client_id, him.client_id)
        with pytest.raises(SlotUnavailable):
            booking.book(RECEPTION, her)
        assert booking.offers(RECEPTION, place.wanted(her.client_id)) == []


class TestWomenOnly:
    """SAFETY.md 3: the edges hold."""

    def window(self, place: Place, **values: Any) -> None:
        make.open_all_day(
            place.venue, "women", range(1), **{"from_minute": 11 * 60, "until_minute": 12 * 60, **values}
        )

    def may(self, choice: Choice) -> bool:
        try:
            booking.cancel(RECEPTION, booking.book(RECEPTION, choice).id)
        except SlotUnavailable:
            return False
        return True

    @pytest.mark.parametrize("eligibility", ["unknown", "not-eligible"])
    def test_no_other_presence_overlaps_it(self, place: Place, eligibility: str) -> None:
        self.window(place)
        him = make.make_client(eligibility=eligibility)
        # There until 10:45 + 15 = 11:00 exactly: the edge is free, five minutes more are not.
        assert self.may(place.choice(him, at(10, 15)))
        assert not self.may(place.choice(him, at(10, 20)))
        assert not self.may(place.choice(him, at(11, 30)))
        assert self.may(place.choice(him, at(11, 30), mode="phone"))
        assert self.may(place.choice(make.make_client(), at(11)))
        starts = {o.start for o in booking.offers(RECEPTION, place.wanted(him)) if o.mode == "in-person"}
        assert starts == {at(10)}

    def test_its_clear_minutes_count(self, place: Place) -> None:
        self.window(place, clear_before=20)
        him = make.make_client(eligibility="unknown")
        assert not self.may(place.choice(him, at(10)))
        assert not self.may(place.choice(him, at(10, 15), minutes=15))
        assert self.may(place.choice(him, at(10, 10), minutes=15))

    def test_it_holds_anywhere_on_the_site_and_next_door(self, place: Place) -> None:
        self.window(place)
        near = Place()
        make.make_neighbours(near.site, place.site)
        him = make.make_client(eligibility="unknown")
        assert not self.may(near.choice(him, at(11, 30)))
        assert self.may(Place().choice(him, at(11, 30)))

    def test_a_session_for_women_takes_only_the_eligible(self) -> None:
        place = Place(audience="women")
        assert self.may(place.choice(make.make_client()))
        for mode in ("in-person", "phone"):
            assert not self.may(place.choice(make.make_client(eligibility="unknown"), mode=mode))

    def test_it_moves_with_the_clocks(self) -> None:
        place = Place()
        make.open_all_day(place.venue, "women", range(6, 7), from_minute=600, until_minute=720)
        him = make.make_client(eligibility="unknown")
        for day, first in ((datetime(2026, 3, 22, tzinfo=UTC), 10), (datetime(2026, 3, 29, tzinfo=UTC), 9)):
            session = make.make_session(
                place.venue, day + timedelta(hours=6), day + timedelta(hours=18), (place.worker,), (place.type,)
            )
            edge = day + timedelta(hours=first)  # 10:00 on the wall
            assert self.may(place.choice(him, edge - timedelta(minutes=45), session_id=session))
            assert not self.may(place.choice(him, edge - timedelta(minutes=40), session_id=session))
            assert not self.may(place.choice(him, edge + timedelta(minutes=130), session_id=session))
            assert self.may(place.choice(him, edge + timedelta(minutes=135), session_id=session))

    def test_outside_its_dates_it_does_not_hold(self, place: Place) -> None:
        self.window(place, valid_from=at(0, day=1).date())
        assert self.may(place.choice(make.make_client(eligibility="unknown"), at(11)))
        assert db.session.scalar(select(OpeningWindow.id))


class TestConfidential:
    """SAFETY.md 7."""

    def test_only_for_those_who_stay_there_and_only_by_those_assigned(self, place: Place) -> None:
        refuge = Place()
        from scheduler.models import Venue

        db.session.execute(update(Venue).where(Venue.id == refuge.venue).values(confidential=True))
        db.session.commit()
        her, other = make.make_client(), make.make_client()
        make.make_stay(her, refuge.venue)
        there = make.make_staff(role="outreach")
        make.assign(there, refuge.venue)
        assigned = Actor("staff", there, "outreach")
        unassigned = Actor("staff", make.make_staff(role="outreach"), "outreach")
        for actor, client, allowed in (
            (assigned, her, True), (client_actor(her), her, True), (unassigned, her, False),
            (assigned, other, False), (client_actor(other), other, False), (Actor("token", 1, "manager"), her, False),
        ):
            seen = booking.offers(actor, replace(place.wanted(client), type_id=refuge.type))
            assert bool(seen) is allowed
            if allowed:
                booking.cancel(RECEPTION, booking.book(actor, refuge.choice(client, at(11))).id)
            else:
                with pytest.raises(SlotUnavailable):
                    booking.book(actor, refuge.choice(client, at(11)))


class TestRequestMode:
    """SAFETY.md 4.2."""

    def test_whoever_is_named_books_nothing_at_once(self, place: Place) -> None:
        her, him = make.make_client(), make.make_client()
        make.make_exclusion(her, him, state="possible")
        assert booking.in_request_mode(him)
        assert not booking.in_request_mode(her)
        assert booking.offers(client_actor(him), place.wanted(him)) == []
        with pytest.raises(SlotUnavailable):
            booking.book(client_actor(him), place.choice(him))
        assert booking.in_request_mode(make.make_client(request_mode=True))

    def test_what_he_is_shown_is_the_same_wherever_she_is(self, place: Place) -> None:
        her, him = make.make_client(), make.make_client(eligibility="not-eligible")
        make.make_exclusion(her, him)
        show = lambda: booking.timetable(him, place.type, "in-person", at(0), at(0, day=7))  # noqa: E731
        before = show()
        assert before == [(place.session, place.venue, at(10), at(12))]
        for start in (at(10), at(10, 30), at(11), at(11, 30)):
            booking.book(RECEPTION, place.choice(her if start == at(10) else make.make_client(), start))
        assert show() == before
        assert booking.request_times(client_actor(him), him, place.type, "in-person", [(place.session, at(10))])

    def test_a_women_only_time_is_not_on_his_timetable(self, place: Place) -> None:
        make.open_all_day(place.venue, "women", range(1), from_minute=720, until_minute=780)
        him = make.make_client(eligibility="not-eligible", request_mode=True)
        assert booking.timetable(him, place.type, "in-person", at(0), at(0, day=7)) == []
        assert booking.timetable(him, place.type, "phone", at(0), at(0, day=7))

    @pytest.mark.parametrize("many", [0, 4])
    def test_one_two_or_three_wishes(self, place: Place, many: int) -> None:
        him = make.make_client(request_mode=True)
        with pytest.raises(Invalid):
            booking.request_times(
                client_actor(him), him, place.type, "phone", [(place.session, at(10, 5 * n)) for n in range(many)]
            )


class TestChanging:
    def test_a_stale_version_changes_nothing(self, place: Place) -> None:
        booked = booking.book(RECEPTION, place.choice(make.make_client()))
        booking.move(RECEPTION, booked.id, place.choice(booked.client_id, at(11)), 1)
        for change in (
            lambda: booking.cancel(RECEPTION, booked.id, None, 1),
            lambda: booking.move(RECEPTION, booked.id, place.choice(booked.client_id), 1),
            lambda: booking.mark(RECEPTION, booked.id, State.FULFILLED, 1),
        ):
            with pytest.raises(Stale):
                change()

    def test_a_move_that_cannot_be_had_leaves_it_where_it_was(self, place: Place) -> None:
        booked = booking.book(RECEPTION, place.choice(make.make_client()))
        booking.book(RECEPTION, place.choice(make.make_client(), at(11)))
        with pytest.raises(SlotUnavailable):
            booking.move(RECEPTION, booked.id, place.choice(booked.client_id, at(11)))
        row = db.session.get(Appointment, booked.id)
        assert row is not None
        assert (row.start, row.version) == (at(10), 1)

    def test_it_may_move_over_its_own_time(self, place: Place) -> None:
        booked = booking.book(RECEPTION, place.choice(make.make_client()))
        assert booking.move(RECEPTION, booked.id, place.choice(booked.client_id, at(10, 15))).start == at(10, 15)

    def test_attendance(self, place: Place, clock: Any) -> None:
        booked = booking.book(RECEPTION, place.choice(make.make_client()))
        clock.set(at(10))
        for state in (State.ARRIVED, State.FULFILLED, State.ARRIVED, State.BOOKED, State.NOSHOW, State.BOOKED):
            assert booking.mark(RECEPTION, booked.id, state).state == state
        booking.cancel(RECEPTION, booked.id)
        with pytest.raises(WrongState):
            booking.mark(RECEPTION, booked.id, State.ARRIVED)

    def test_a_moved_session_takes_its_appointments_along_or_stays(self, place: Place) -> None:
        her, him = make.make_client(), make.make_client()
        booked = booking.book(RECEPTION, place.choice(her))
        nurse = make.make_staff()
        later = make.make_session(place.venue, at(15), at(16), (nurse,), (place.type,))
        booking.book(RECEPTION, place.choice(him, at(15), session_id=later, staff_id=nurse))
        hour = timedelta(hours=1)

        def shift(by: timedelta) -> None:
            db.session.execute(
                update(Session).where(Session.id == place.session).values(start=at(10) + by, end=at(12) + by)
            )
            db.session.commit()

        shift(hour)
        assert booking.session_moved(RECEPTION, place.session, hour) == [booked.id]
        assert db.session.get(Appointment, booked.id).start == at(11)  # type: ignore[union-attr]
        make.make_exclusion(her, him)
        shift(5 * hour)
        with pytest.raises(InTheWay) as refused:
            booking.session_moved(RECEPTION, place.session, 4 * hour)
        assert refused.value.blockers == (booked.id,)

    def test_a_cancelled_session_cancels_what_is_to_come(self, place: Place, clock: Any) -> None:
        first, second = (booking.book(RECEPTION, place.choice(make.make_client(), at(h))) for h in (10, 11))
        clock.set(at(10, 40))
        booking.mark(RECEPTION, first.id, State.FULFILLED)
        assert booking.cancel_for_session(RECEPTION, place.session) == [second.id]


def count_statements(call: Any) -> int:
    """How many statements a call sends to the database."""
    seen: list[str] = []
    listen = lambda *args: seen.append(args[2])  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        call()
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    return len(seen)
