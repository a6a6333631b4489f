"""What the check promises: it passes a town in order, and finds each broken invariant of SAFETY.md 9, each alone.

Everything is broken by hand in the database, past every rule, as a mistake in them would.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from scheduler import clock as running
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AuditRecord,
    AuditSeal,
    Client,
    Exclusion,
    Match,
    Message,
    OpeningWindow,
    SafetyCase,
    Session,
    SessionStaff,
    Venue,
)
from scheduler.services import audit, checks
from scheduler.services.actors import SYSTEM
from tests.support import factories as make
from tests.support.factories import MONDAY, at

WEEK_AGO = MONDAY - timedelta(days=7)

pytestmark = pytest.mark.usefixtures("context", "clock")


class Town:
    """Two sites in sight of each other with a venue each, a third one elsewhere, two workers, her and him."""

    def __init__(self) -> None:
        self.site, self.near, self.far = make.make_site(), make.make_site(), make.make_site()
        make.make_neighbours(self.site, self.near)
        self.venue, self.beside = make.make_venue(self.site), make.make_venue(self.near)
        self.away = make.make_venue(self.far)
        self.type = make.make_type()
        self.roisin, self.gareth = make.make_staff(), make.make_staff(woman=False)
        self.her = make.make_client(created_at=WEEK_AGO)
        self.him = make.make_client(eligibility="not-eligible", created_at=WEEK_AGO)

    def session(self, venue: int, start: datetime, hours: float = 4, staff: int | None = None, **values: Any) -> int:
        worker = staff if staff is not None else make.make_staff()
        modes = {"modes": ["in-person", "phone", "video"], **values}
        return make.make_session(venue, start, start + timedelta(hours=hours), (worker,), (self.type,), **modes)

    def kept_apart(self, separation: str = "gap", **values: Any) -> int:
        """An exclusion that protects her from him, recorded a week before the clock's day."""
        values = {"recorded_at": WEEK_AGO, "separation": separation, **values}
        exclusion = make.make_exclusion(self.her, values.pop("names", self.him), **values)
        db.session.execute(update(Match).values(found_at=WEEK_AGO))
        db.session.commit()
        return exclusion

    def near_each_other(self, gap: int = 0, made: datetime | None = None) -> tuple[int, int]:
        """Her from 10 to 10:30 on Tuesday, him `gap` minutes after her margins and before his."""
        session = self.session(self.venue, at(9, day=1))
        hers = appointment(self.her, session, at(10, day=1), made=made)
        return hers, appointment(self.him, session, at(11, day=1) + timedelta(minutes=gap), made=made)


def appointment(
    client: int, session: int, start: datetime, minutes: int = 30, mode: str = "in-person",
    made: datetime | None = None, **values: Any,
) -> int:
    """An appointment as `services.booking` would write it, with no rule asked."""
    held = db.session.get(Session, session)
    assert held is not None
    venue = db.session.get(Venue, held.venue_id)
    assert venue is not None
    end = start + timedelta(minutes=minutes)
    here = mode == "in-person"
    made = made or running.now()
    count = db.session.query(Appointment).filter_by(client_id=client).count()
    worker = db.session.query(SessionStaff.staff_id).filter_by(session_id=session).limit(1).scalar()
    row = {
        "client_id": client, "own_number": count + 1, "session_id": session, "venue_id": held.venue_id,
        "site_id": held.site_id, "staff_id": None if held.kind != "one-to-one" else worker,
        "type_id": held.types[0], "mode": mode, "state": "booked", "start": start, "end": end, "busy_from": start,
        "busy_until": end, "present_from": start - timedelta(minutes=venue.arrive_early) if here else None,
        "present_until": end + timedelta(minutes=venue.leave_late) if here else None, "creche": 0,
        "created_at": made, "updated_at": made,
    }  # fmt: skip
    made_row = Appointment(**{**row, **values})
    db.session.add(made_row)
    db.session.commit()
    return made_row.id


def broken() -> list[str]:
    """The short names of what the check finds."""
    return [each.invariant for each in checks.run().broken]


def change(model: Any, row: Any, **values: Any) -> None:
    db.session.execute(update(model.__table__).where(model.__table__.c.id == row).values(**values))
    db.session.commit()


@pytest.fixture
def town() -> Town:
    return Town()


class TestKeptApart:
    def test_a_town_in_order_passes_and_tells_what_was_read(self, town: Town) -> None:
        town.kept_apart()
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        appointment(town.him, town.session(town.away, at(9, day=1)), at(10, day=1))
        report = checks.run()
        assert report.broken == ()
        assert report.read["appointments"] == 2
        assert report.read["exclusions in force"] == 1

    def test_presences_closer_than_the_gap_are_found(self, town: Town) -> None:
        exclusion = town.kept_apart()
        hers, his = town.near_each_other(gap=29)
        (found,) = checks.run().broken
        assert found.invariant == "kept-apart"
        assert found.what == f"appointment {hers} and appointment {his} break exclusion {exclusion}"

    def test_presences_exactly_the_gap_apart_are_not(self, town: Town) -> None:
        town.kept_apart()
        town.near_each_other(gap=30)
        assert broken() == []

    def test_a_possible_match_counts_as_yes(self, town: Town) -> None:
        town.kept_apart(state="possible")
        town.near_each_other()
        assert broken() == ["kept-apart"]

    def test_a_dismissed_match_or_a_closed_exclusion_does_not_count(self, town: Town) -> None:
        town.kept_apart(state="dismissed")
        closed = town.kept_apart()
        change(Exclusion, closed, active=False, closing_by=town.roisin, closed_by=town.gareth)
        town.near_each_other()
        assert broken() == []

    @pytest.mark.parametrize("state", ["cancelled", "noshow", "entered-in-error", "proposed", "waitlist"])
    def test_an_appointment_that_does_not_count_puts_nobody_there(self, town: Town, state: str) -> None:
        town.kept_apart()
        _, his = town.near_each_other()
        change(Appointment, his, state=state)
        assert broken() == []

    @pytest.mark.parametrize("state", ["pending", "arrived", "checked-in", "fulfilled"])
    def test_every_counted_state_does(self, town: Town, state: str) -> None:
        town.kept_apart()
        _, his = town.near_each_other()
        change(Appointment, his, state=state)
        assert broken() == ["kept-apart"]

    def test_a_neighbouring_site_is_the_same_place(self, town: Town) -> None:
        town.kept_apart()
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        appointment(town.him, town.session(town.beside, at(9, day=1)), at(10, day=1))
        assert broken() == ["kept-apart"]

    @pytest.mark.parametrize(("day", "found"), [(1, ["kept-apart"]), (2, [])])
    def test_day_keeps_apart_for_the_whole_local_day(self, town: Town, day: int, found: list[str]) -> None:
        town.kept_apart("day")
        appointment(town.her, town.session(town.venue, at(8, day=1)), at(9, day=1))
        appointment(town.him, town.session(town.beside, at(17, day=day)), at(18, day=day))
        assert broken() == found

    def test_the_local_day_is_the_wall_s_and_not_utc_s(self, town: Town) -> None:
        """In summer 23:40 UTC is the next day in London: the same UTC day, another local one, and the reverse."""
        town.kept_apart("day", gap_minutes=0)
        june = datetime(2026, 6, 9, tzinfo=MONDAY.tzinfo)
        hers = town.session(town.venue, june + timedelta(hours=23))
        appointment(town.her, hers, june + timedelta(hours=23, minutes=30))
        appointment(town.him, town.session(town.beside, june + timedelta(hours=9)), june + timedelta(hours=10))
        assert broken() == []
        appointment(town.him, town.session(town.beside, june + timedelta(hours=33)), june + timedelta(hours=34))
        assert broken() == ["kept-apart"]

    @pytest.mark.parametrize("separation", ["gap", "day", "series"])
    def test_an_online_group_is_a_place_of_its_own(self, town: Town, separation: str) -> None:
        town.kept_apart(separation)
        group = town.session(town.away, at(18, day=1), 2, kind="group", seats=8, modes=["video"])
        appointment(town.her, group, at(18, day=1), 120, "video")
        appointment(town.him, group, at(18, day=1), 120, "video")
        assert broken() == ["kept-apart"]

    def test_an_ordinary_call_keeps_nobody_apart(self, town: Town) -> None:
        town.kept_apart("day")
        session = town.session(town.venue, at(9, day=1))
        appointment(town.her, session, at(10, day=1), mode="phone")
        appointment(town.him, session, at(11, day=1), mode="phone")
        assert broken() == []

    @pytest.mark.parametrize(("separation", "found"), [("series", ["kept-apart"]), ("day", [])])
    def test_series_keeps_apart_on_different_dates(self, town: Town, separation: str, found: list[str]) -> None:
        town.kept_apart(separation)
        series = _series(town)
        for day, client in ((1, town.her), (8, town.him)):
            group = town.session(town.away, at(18, day=day), 2, kind="group", seats=8, series_id=series)
            appointment(client, group, at(18, day=day), 120)
        assert broken() == found

    def test_a_series_that_was_split_is_still_one_group(self, town: Town) -> None:
        """"This and following" makes another series of the same group."""
        town.kept_apart("series")
        first, second = _series(town), _series(town)
        for day, client, series in ((1, town.her, first), (8, town.him, second)):
            group = town.session(town.away, at(18, day=day), 2, kind="group", seats=8, series_id=series)
            change(Session, group, enrolment_id=first)
            appointment(client, group, at(18, day=day), 120)
        assert broken() == ["kept-apart"]

    def test_a_site_closed_to_him_is_closed_with_its_neighbours(self, town: Town) -> None:
        town.kept_apart("site", sites=(town.site,))
        appointment(town.him, town.session(town.beside, at(9, day=1)), at(10, day=1))
        assert broken() == ["kept-apart"]

    def test_a_named_worker_is_kept_away_in_any_mode(self, town: Town) -> None:
        town.kept_apart(names=town.gareth, kind="staff")
        session = town.session(town.away, at(9, day=1), staff=town.gareth)
        appointment(town.her, session, at(10, day=1), mode="phone")
        assert broken() == ["kept-apart"]

    def test_a_named_worker_in_the_building_is_found(self, town: Town) -> None:
        town.kept_apart(names=town.gareth, kind="staff")
        town.session(town.beside, at(9, day=1), staff=town.gareth)
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        assert broken() == ["kept-apart"]

    def test_a_drop_in_counts_whole(self, town: Town) -> None:
        """Whoever may come at any time between nine and one may meet someone at noon."""
        town.kept_apart()
        drop_in = town.session(town.venue, at(9, day=1), kind="drop-in", seats=8)
        present = {"present_from": at(8, 45, day=1), "present_until": at(13, 30, day=1)}
        appointment(town.her, drop_in, at(9, day=1), 15, **present)
        appointment(town.him, town.session(town.beside, at(11, day=1)), at(12, day=1))
        assert broken() == ["kept-apart"]


def _series(town: Town) -> int:
    from scheduler.models import Series

    row = Series(
        venue_id=town.away, title="Group", rule="FREQ=WEEKLY;BYDAY=TU", first_day=date(2026, 3, 3), at_minute=1080,
        minutes=120, kind="group", modes=["in-person"], types=[town.type], staff=[], seats=8,
    )
    db.session.add(row)
    db.session.commit()
    return row.id


class TestEveryClashHasItsCase:
    """When the rule came after the bookings nobody is to blame, but it must be in the queue (SAFETY.md 6)."""

    @pytest.fixture
    def clash(self, town: Town) -> tuple[int, int, int]:
        hers, his = town.near_each_other(made=WEEK_AGO - timedelta(days=3))
        return town.kept_apart(), hers, his

    def test_a_clash_without_a_case_is_found(self, clash: tuple[int, int, int]) -> None:
        assert broken() == ["case-missing"]

    def test_a_clash_with_an_open_case_is_not(self, clash: tuple[int, int, int]) -> None:
        _case(*clash)
        assert broken() == []

    def test_a_case_that_was_closed_too_soon_does_not_count(self, clash: tuple[int, int, int]) -> None:
        _case(*clash, closed_at=running.now())
        assert broken() == ["case-missing"]

    def test_a_case_of_another_exclusion_does_not_count(self, town: Town, clash: tuple[int, int, int]) -> None:
        other = make.make_exclusion(town.her)
        _case(other, *clash[1:])
        assert broken() == ["case-missing"]

    def test_what_was_over_when_the_rule_came_is_no_clash(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=-20))
        for client, hour in ((town.her, 10), (town.him, 11)):
            appointment(client, session, at(hour, day=-20), made=at(9, day=-30), state="fulfilled")
        town.kept_apart()
        assert broken() == []

    def test_a_meeting_that_was_booked_against_the_rule_stays_found_when_it_is_over(self, town: Town) -> None:
        town.kept_apart(recorded_at=at(9, day=-30))
        change(Match, db.session.query(Match.id).scalar(), found_at=at(9, day=-30))
        session = town.session(town.venue, at(9, day=-20))
        for client, hour in ((town.her, 10), (town.him, 11)):
            appointment(client, session, at(hour, day=-20), made=at(9, day=-25), state="fulfilled")
        assert broken() == ["kept-apart"]

    def test_someone_not_eligible_in_the_queue_is_known(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1), audience="women", staff=town.roisin)
        his = appointment(town.him, session, at(10, day=1), mode="phone")
        assert broken() == ["women-only"]
        _case(None, his, None)
        assert broken() == []


def _case(exclusion: int | None, one: int, other: int | None, **values: Any) -> None:
    row = {
        "subject": "x", "rule": "gap", "exclusion_id": exclusion, "appointment_id": one, "other_appointment_id": other,
        "due_at": at(9, day=1), "opened_at": running.now(),
    }  # fmt: skip
    db.session.add(SafetyCase(**{**row, **values}))
    db.session.commit()


class TestWomenOnly:
    @pytest.fixture
    def thursday(self, town: Town) -> Town:
        """The venue keeps Thursday from ten to twelve for women, and a quarter of an hour before it clear."""
        make.open_all_day(town.venue, "women", range(3, 4), from_minute=600, until_minute=720, clear_before=15)
        return town

    @pytest.mark.parametrize("eligibility", ["not-eligible", "unknown"])
    def test_someone_not_eligible_in_women_only_time_is_found(self, thursday: Town, eligibility: str) -> None:
        change(Client, thursday.him, eligibility=eligibility)
        session = thursday.session(thursday.venue, at(10, day=3), 2, audience="women", staff=thursday.roisin)
        change(Session, session, audience="women")
        his = appointment(thursday.him, session, at(10, day=3))
        assert [each.what for each in checks.run().broken] == [
            f"appointment {his} is in session {session}, which is for women",
            f"appointment {his} is at site {thursday.site} in its women-only time",
        ]

    def test_her_own_presence_is_not(self, thursday: Town) -> None:
        session = thursday.session(thursday.venue, at(10, day=3), 2, audience="women", staff=thursday.roisin)
        appointment(thursday.her, session, at(10, day=3))
        assert broken() == []

    @pytest.mark.parametrize(("minutes", "found"), [(16, ["women-only"]), (15, [])])
    def test_the_edges_count_to_the_minute(self, thursday: Town, minutes: int, found: list[str]) -> None:
        """Present until 9:46 or 9:45, when the clear time begins at 9:45."""
        session = thursday.session(thursday.venue, at(8, day=3), 1.5)
        appointment(thursday.him, session, at(9, day=3) + timedelta(minutes=minutes - 15))
        assert broken() == found

    def test_a_neighbour_s_women_only_time_counts_too(self, thursday: Town) -> None:
        session = thursday.session(thursday.beside, at(8, day=3), 1.5)
        appointment(thursday.him, session, at(9, 15, day=3), 20)
        assert broken() == ["women-only"]

    def test_a_call_puts_nobody_there(self, thursday: Town) -> None:
        session = thursday.session(thursday.venue, at(10, day=3), 2, modes=["phone"])
        appointment(thursday.him, session, at(10, day=3), mode="phone")
        assert broken() == []

    def test_a_session_for_everyone_in_it_is_found(self, thursday: Town) -> None:
        thursday.session(thursday.beside, at(11, day=3), 2)
        assert broken() == ["women-only"]

    def test_a_session_in_it_with_a_worker_who_is_not_a_woman_is_found(self, thursday: Town) -> None:
        thursday.session(thursday.venue, at(10, day=3), 2, audience="women", staff=thursday.gareth)
        assert broken() == ["women-only"]
        change(OpeningWindow, db.session.query(OpeningWindow.id).scalar(), women_staff_only=False)
        assert broken() == []

    def test_the_past_is_not_judged_by_opening_times_that_were_set_since(self, thursday: Town) -> None:
        session = thursday.session(thursday.venue, at(10, day=-4), 2, modes=["in-person"])
        appointment(thursday.him, session, at(10, day=-4), state="fulfilled")
        assert set(broken()) == {"women-only"}
        audit.record(SYSTEM, "opening-times", "venue", thursday.venue)
        db.session.commit()
        assert broken() == []


class TestOnePlaceAtOnce:
    def test_a_client_twice_at_once_is_found(self, town: Town) -> None:
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1), mode="phone")
        appointment(town.her, town.session(town.away, at(9, day=1)), at(10, 25, day=1), mode="phone")
        assert broken() == ["two-places"]

    def test_margins_at_two_sites_count(self, town: Town) -> None:
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        second = appointment(town.her, town.session(town.away, at(9, day=1)), at(10, 55, day=1))
        assert broken() == ["two-places"]
        change(Appointment, second, mode="phone", present_from=None, present_until=None)
        assert broken() == []

    def test_one_visit_after_another_at_one_site_is_in_order(self, town: Town) -> None:
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, 30, day=1))
        assert broken() == []

    def test_a_worker_with_two_clients_at_once_is_found(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1))
        appointment(town.her, session, at(10, day=1))
        appointment(make.make_client(), session, at(10, 15, day=1))
        assert broken() == ["two-places"]

    def test_a_worker_without_the_buffer_between_two_clients_is_found(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1))
        appointment(town.her, session, at(10, day=1), busy_until=at(10, 40, day=1))
        appointment(make.make_client(), session, at(10, 30, day=1))
        assert broken() == ["two-places"]

    def test_a_worker_in_two_sessions_at_once_is_found(self, town: Town) -> None:
        town.session(town.venue, at(9, day=1), staff=town.roisin)
        town.session(town.away, at(12, day=1), staff=town.roisin)
        assert broken() == ["two-places"]

    def test_a_long_session_does_not_hide_a_later_overlap(self, town: Town) -> None:
        town.session(town.venue, at(8, day=1), 8, staff=town.roisin)
        town.session(town.away, at(9, day=1), 1, staff=town.roisin)
        town.session(town.away, at(15, day=1), 1, staff=town.roisin)
        assert broken() == ["two-places", "two-places"]

    def test_two_sessions_in_one_room_at_once_are_found(self, town: Town) -> None:
        town.session(town.venue, at(9, day=1), room="Blue room")
        town.session(town.venue, at(12, day=1), room="Blue room")
        town.session(town.venue, at(12, day=1), room="Red room")
        assert broken() == ["two-places"]

    def test_a_cancelled_session_holds_nobody(self, town: Town) -> None:
        cancelled = town.session(town.venue, at(9, day=1), staff=town.roisin, room="Blue room")
        town.session(town.venue, at(9, day=1), staff=town.roisin, room="Blue room")
        change(Session, cancelled, cancelled_at=running.now())
        assert broken() == []


class TestCapacity:
    def test_a_group_over_its_seats_is_found(self, town: Town) -> None:
        group = town.session(town.venue, at(18, day=1), 2, kind="group", seats=2)
        for _ in range(2):
            appointment(make.make_client(), group, at(18, day=1), 120)
        assert broken() == []
        appointment(make.make_client(), group, at(18, day=1), 120)
        assert broken() == ["capacity"]

    def test_a_creche_over_its_places_is_found(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1), creche=2)
        appointment(town.her, session, at(9, day=1), creche=2)
        assert broken() == []
        appointment(make.make_client(), session, at(11, day=1), creche=1)
        assert broken() == ["capacity"]


class TestMessages:
    @pytest.fixture
    def sent(self, town: Town) -> int:
        """A reminder for Tuesday's appointment, claimed on Monday at nine, when texts were safe for her."""
        visit = appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1), made=WEEK_AGO)
        make.make_safe_contact(town.her, checked_at=WEEK_AGO)
        return _message(town.her, visit)

    def test_a_text_to_a_safe_channel_is_in_order(self, sent: int) -> None:
        assert broken() == []

    @pytest.mark.parametrize(
        "record",
        [
            {"safe": "no"},
            {"safe": "unknown"},
            {"review_on": date(2026, 3, 1)},
            {"hours": [[0, 600, 720]]},
            {"hours": [[1, 0, 1440]]},
        ],
    )
    def test_a_text_to_a_channel_that_was_not_safe_is_found(
        self, town: Town, sent: int, record: dict[str, Any]
    ) -> None:
        from scheduler.models import SafeContact

        contact = db.session.get(SafeContact, (town.her, "sms"))
        for name, value in record.items():
            setattr(contact, name, value)
        db.session.commit()
        assert broken() == ["message"]

    def test_a_record_that_was_looked_at_since_cannot_tell(self, town: Town, sent: int) -> None:
        from scheduler.models import SafeContact

        contact = db.session.get(SafeContact, (town.her, "sms"))
        contact.safe, contact.checked_at = "no", at(9, 30)
        db.session.commit()
        assert broken() == []

    def test_a_text_to_someone_without_a_record_is_found(self, town: Town) -> None:
        visit = appointment(town.him, town.session(town.venue, at(9, day=1)), at(10, day=1), made=WEEK_AGO)
        _message(town.him, visit)
        assert broken() == ["message"]

    def test_the_same_text_twice_is_found(self, town: Town, sent: int) -> None:
        row = db.session.get(Message, sent)
        _message(town.her, row.appointment_id, state="unknown")
        assert broken() == ["message"]

    def test_a_second_text_that_certainly_did_not_leave_is_not(self, town: Town, sent: int) -> None:
        row = db.session.get(Message, sent)
        _message(town.her, row.appointment_id, state="failed")
        assert broken() == []

    def test_a_text_outside_its_time_is_found(self, sent: int) -> None:
        change(Message, sent, send_after=at(10))
        assert broken() == ["message"]

    def test_a_reminder_of_an_appointment_that_did_not_stand_is_found(self, sent: int) -> None:
        row = db.session.get(Message, sent)
        change(Appointment, row.appointment_id, state="cancelled", updated_at=at(8))
        assert broken() == ["message"]


def _message(client: int, visit: int, **values: Any) -> int:
    row = {
        "client_id": client, "appointment_id": visit, "appointment_version": 1, "purpose": "reminder",
        "state": "delivered", "send_after": at(8), "send_before": at(20), "claimed_at": at(9), "created_at": WEEK_AGO,
    }  # fmt: skip
    made = Message(**{**row, **values})
    db.session.add(made)
    db.session.commit()
    return made.id


class TestRecords:
    def test_a_sealed_audit_record_that_was_changed_is_found(self, town: Town) -> None:
        for client in (town.her, town.him):
            audit.record(SYSTEM, "add", "client", client)
        db.session.commit()
        audit.seal()
        assert broken() == []
        change(AuditRecord, db.session.query(AuditRecord.id).first()[0], action="edit")
        assert broken() == ["seal"]

    def test_a_sealed_audit_record_that_was_removed_is_found(self, town: Town) -> None:
        for client in (town.her, town.him):
            audit.record(SYSTEM, "add", "client", client)
        db.session.commit()
        audit.seal()
        change(AuditRecord, db.session.query(AuditRecord.id).first()[0], seal_id=None)
        assert broken() == ["seal"]

    def test_a_seal_that_was_changed_is_found(self, town: Town) -> None:
        audit.record(SYSTEM, "add", "client", town.her)
        db.session.commit()
        audit.seal()
        change(AuditSeal, db.session.query(AuditSeal.id).scalar(), digest=bytes(32))
        assert broken() == ["seal"]

    @pytest.mark.parametrize(
        ("table", "column"),
        [("client", "family_name"), ("client", "preferences"), ("venue", "postcode"), ("session", "title")],
    )
    def test_a_record_that_cannot_be_decrypted_is_found(self, town: Town, table: str, column: str) -> None:
        town.session(town.venue, at(9, day=1))
        key = db.session.execute(text(f'SELECT min(id) FROM "{table}"')).scalar()
        db.session.execute(
            text(f'UPDATE "{table}" SET {column} = :junk WHERE id = :key'), {"junk": b"\x01" + bytes(40), "key": key}
        )
        db.session.commit()
        (found,) = checks.run().broken
        assert (found.invariant, found.what) == (
            "unreadable", f"{table}.{column} of {table} {key} cannot be decrypted",
        )  # fmt: skip

    def test_a_value_moved_to_another_column_is_found(self, town: Town) -> None:
        db.session.execute(text("UPDATE client SET family_name = given_name"))
        db.session.commit()
        assert set(broken()) == {"unreadable"}


class TestRefuge:
    @pytest.fixture
    def refuge(self, town: Town) -> int:
        return make.make_venue(make.make_site(), kind="refuge", confidential=True)

    def test_someone_who_never_stayed_there_is_found(self, town: Town, refuge: int) -> None:
        appointment(town.her, town.session(refuge, at(9, day=1)), at(10, day=1))
        assert broken() == ["refuge"]

    def test_someone_whose_stay_had_ended_when_it_was_booked_is_found(self, town: Town, refuge: int) -> None:
        make.make_stay(town.her, refuge, until=at(8, day=-1))
        appointment(town.her, town.session(refuge, at(9, day=1)), at(10, day=1))
        assert broken() == ["refuge"]

    def test_a_visit_from_before_the_venue_was_confidential_is_not(self, town: Town, refuge: int) -> None:
        session = town.session(refuge, at(9, day=-4))
        appointment(town.her, session, at(10, day=-4), state="fulfilled")
        assert broken() == ["refuge"]
        audit.record(SYSTEM, "venue-edit", "venue", refuge)
        db.session.commit()
        assert broken() == []

    def test_someone_who_stays_there_is_not(self, town: Town, refuge: int) -> None:
        make.make_stay(town.her, refuge)
        appointment(town.her, town.session(refuge, at(9, day=1)), at(10, day=1))
        assert broken() == []


class TestWhatIsKeptTwice:
    """An appointment keeps what one index needs of its session and venue: it must be what they say."""

    @pytest.mark.parametrize("column", ["present_from", "present_until"])
    def test_margins_that_are_not_the_venue_s_are_found(self, town: Town, column: str) -> None:
        visit = appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        change(Appointment, visit, **{column: at(10, 5, day=1)})
        assert broken() == ["presence"]

    def test_a_place_that_is_not_its_session_s_is_found(self, town: Town) -> None:
        visit = appointment(town.her, town.session(town.venue, at(9, day=1)), at(10, day=1))
        change(Appointment, visit, venue_id=town.away, site_id=town.far)
        assert broken() == ["presence"]

    def test_standing_in_a_cancelled_session_is_found(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1))
        appointment(town.her, session, at(10, day=1))
        change(Session, session, cancelled_at=running.now())
        assert broken() == ["presence"]

    def test_a_session_that_moved_without_its_appointment_or_worker_is_found(self, town: Town) -> None:
        session = town.session(town.venue, at(9, day=1))
        appointment(town.her, session, at(10, day=1))
        change(Session, session, start=at(14, day=1), end=at(18, day=1))
        assert sorted(broken()) == ["presence", "presence"]


def test_what_is_found_is_told_without_a_name(town: Town) -> None:
    town.kept_apart("day")
    town.near_each_other()
    (found,) = checks.run().broken
    assert str(found).startswith("kept-apart (SAFETY.md 9.1): appointment ")
    for word in ("Alma", "Reyes", "Gareth", "Mill", "07700"):
        assert word not in str(found)
