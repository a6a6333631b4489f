"""Reports count what happened, as a slow count of every record does, and show of it only what may be shown."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.ctx import AppContext
from sqlalchemy import event, insert, select

from scheduler.errors import NotAllowed
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Client,
    Closure,
    Exclusion,
    FeltSafe,
    Message,
    OfferedChoice,
    SafetyCase,
    Venue,
)
from scheduler.rules import disclosure
from scheduler.rules.intervals import Interval
from scheduler.rules.periods import Quarter, offsets
from scheduler.services import reports
from scheduler.services.actors import SYSTEM, Actor
from scheduler.store import reports as store
from tests.conftest import Clock
from tests.support import factories as make

LONDON = ZoneInfo("Europe/London")
#: A quarter in which the clocks change, on 28 March 2027.
QUARTER = Quarter.of(date(2027, 1, 1))
AFTERWARDS = datetime(2027, 4, 20, 12, tzinfo=UTC)


class Town:
    """Places, and appointments of every kind at random times of the quarter and a little beyond."""

    def __init__(self, many: int = 400, seed: int = 3) -> None:
        chance = Random(seed)
        self.venues = [make.make_venue(name=f"Place {n}") for n in range(3)]
        self.refuge = make.make_venue(name="Larkspur House", label="Where you are staying", confidential=True)
        self.manager = make.make_staff(role="manager", sees_clients=False)
        self.worker = make.make_staff(given_name="Priya")
        kind = make.make_type()
        self.clients = [
            make.make_client(
                created_at=QUARTER.span(LONDON).start + timedelta(days=chance.randrange(-20, 90)),
                key_worker_id=self.worker if chance.random() < 0.6 else None,
            )
            for _ in range(60)
        ]
        sessions = {
            venue: make.make_session(venue, make.at(9), make.at(17)) for venue in (*self.venues, self.refuge)
        }
        sites = {venue: db.session.get_one(Venue, venue).site_id for venue in sessions}
        span, rows, told = QUARTER.span(LONDON), [], []
        for number in range(many):
            start = span.start + timedelta(minutes=5 * chance.randrange(-500, 26_400))
            venue = chance.choice((*self.venues, self.refuge))
            mode = chance.choice(("in-person", "in-person", "phone", "video"))
            end = start + timedelta(minutes=30)
            rows.append({
                "client_id": chance.choice(self.clients), "own_number": number + 1, "session_id": sessions[venue],
                "venue_id": venue, "site_id": sites[venue], "type_id": kind, "mode": mode, "start": start, "end": end,
                "state": chance.choice(("booked", "fulfilled", "fulfilled", "arrived", "noshow", "cancelled")),
                "busy_from": start, "busy_until": end, "created_at": start, "updated_at": start,
                "present_from": start if mode == "in-person" else None,
                "present_until": end if mode == "in-person" else None,
            })  # fmt: skip
        made = db.session.execute(insert(Appointment).returning(Appointment.id), rows).scalars().all()
        for each, row in zip(made, rows, strict=True):
            for _ in range(chance.choice((0, 0, 1, 2))):  # a reminder that was delivered twice is one
                told.append({
                    "client_id": row["client_id"], "appointment_id": each, "purpose": "reminder",
                    "state": chance.choice(("delivered", "delivered", "failed")), "attempts": 1,
                    "send_after": row["start"], "send_before": row["start"], "created_at": row["start"],
                })  # fmt: skip
        db.session.execute(insert(Message), told)
        db.session.commit()


@pytest.fixture
def town(context: AppContext, clock: Clock) -> Town:
    clock.set(AFTERWARDS)
    return Town()


def everything(model: Any) -> list[Any]:
    return list(db.session.execute(select(model)).scalars())


def test_attendance_is_what_a_slow_count_finds_over_a_change_of_clocks(town: Town) -> None:
    span = QUARTER.span(LONDON)
    delivered = {
        each.appointment_id for each in everything(Message) if (each.purpose, each.state) == ("reminder", "delivered")
    }
    slow = Counter(
        (each.venue_id, each.mode, each.start.astimezone(LONDON).hour, each.state, each.id in delivered)
        for each in everything(Appointment)
        if span.start <= each.start < span.end and each.state != "booked"
    )
    quick = Counter({tuple(row[:5]): row.many for row in store.attendance(span, offsets(span, LONDON))})
    assert quick == slow


def test_days_to_a_first_appointment_are_what_a_slow_count_finds(town: Town) -> None:
    span = QUARTER.span(LONDON)
    new = [each for each in everything(Client) if span.start <= each.created_at < span.end]
    slow: Counter[int] = Counter()
    for each in new:
        starts = [a.start for a in everything(Appointment) if a.client_id == each.id and a.state != "cancelled"]
        if starts:
            slow[max(0, (min(starts) - each.created_at).days)] += 1
    assert store.first_appointments(span) == (dict(slow), len(new))


def test_hours_for_women_are_opening_times_and_sessions_once_and_without_closures(town: Town) -> None:
    venue, other = town.venues[:2]
    start = datetime(2027, 2, 1, tzinfo=UTC)  # a Monday
    make.open_all_day(
        venue, "women", range(1), from_minute=600, until_minute=720,
        valid_from=date(2027, 2, 1), valid_until=date(2027, 2, 21),
    )
    # Over the second of the three Mondays it is shut; a session lies within the first, another beside the third.
    db.session.add(
        Closure(venue_id=venue, start=start + timedelta(days=7), end=start + timedelta(days=8))
    )
    make.make_session(venue, start + timedelta(hours=10), start + timedelta(hours=11), audience="women")
    beside = start + timedelta(days=14, hours=9)
    make.make_session(other, beside, beside + timedelta(hours=3), audience="women")
    make.make_session(other, start, start + timedelta(hours=3), audience="women", modes=["video"])
    make.make_session(other, start, start + timedelta(hours=3), audience="women", cancelled_at=start)
    report = reports.report(SYSTEM, QUARTER)
    assert report.women_only.offered == 2 + 2 + 3
    within = [Interval(start + timedelta(hours=10), start + timedelta(hours=12))]
    within.append(Interval(within[0].start + timedelta(days=14), within[0].end + timedelta(days=14)))
    slow = [
        each for each in everything(Appointment)
        if each.mode == "in-person" and each.state not in ("cancelled", "noshow") and (
            (each.venue_id == venue and any(span.start <= each.start < span.end for span in within))
            or (each.venue_id == other and beside <= each.start < beside + timedelta(hours=3))
        )
    ]  # fmt: skip
    assert report.women_only.appointments == disclosure.shown(len(slow))


def test_a_place_that_a_manager_may_not_know_of_is_in_no_row_of_its_own(town: Town) -> None:
    manager = Actor("staff", town.manager, "manager")
    rows = reports.report(manager, QUARTER).missed.by_place
    assert [row.name for row in rows] == ["Place 0", "Place 1", "Place 2", ""]
    assert "Larkspur" not in repr(reports.report(manager, QUARTER))
    make.assign(town.manager, town.refuge)
    assert "Larkspur House" in [row.name for row in reports.report(manager, QUARTER).missed.by_place]


def test_every_number_of_people_is_rounded_and_none_is_below_five(town: Town) -> None:
    months = QUARTER.months
    db.session.add_all(
        [FeltSafe(venue_id=town.venues[0], month=months[0], yes=31, not_really=3),
         FeltSafe(venue_id=town.venues[1], month=months[1], yes=2, not_really=1),
         FeltSafe(venue_id=town.venues[1], month="2026-12", yes=90)]
    )  # fmt: skip
    db.session.commit()

    def numbers(found: Any) -> list[int]:
        if isinstance(found, reports.Share):
            return [each for each in (found.part, found.whole) if each is not None]
        if isinstance(found, list | tuple):
            return [number for each in found for number in numbers(each)]
        if hasattr(found, "__slots__"):
            return [number for name in found.__slots__ for number in numbers(getattr(found, name))]
        return []

    report = reports.report(SYSTEM, QUARTER)
    shown = numbers(report)
    assert len(shown) > 20
    assert all(number >= 5 and number % 5 == 0 for number in shown)
    assert [(row.name, row.share.part, row.share.whole) for row in report.felt_safe] == [
        ("Place 0", 30, 35), ("", None, None)
    ]


def test_exclusions_and_cases_are_counted_and_nothing_else_is_said_of_them(town: Town) -> None:
    span = QUARTER.span(LONDON)
    for number in range(12):
        made = make.make_exclusion(town.clients[number], recorded_at=span.start + timedelta(days=number - 2))
        if number < 4:
            row = db.session.get_one(Exclusion, made)
            row.active, row.closing_by, row.closed_by = False, town.manager, town.worker
            row.closed_at = span.start + timedelta(days=30 if number < 2 else 100)
        db.session.add(
            SafetyCase(
                subject=f"s{number}", rule="gap", exclusion_id=made, opened_at=span.start + timedelta(days=number),
                due_at=span.start + timedelta(days=20),
                closed_at=span.start + timedelta(days=15 if number < 8 else 25),
            )
        )
    db.session.commit()
    report = reports.report(SYSTEM, QUARTER)
    assert report.in_force == disclosure.shown(10)
    assert (report.cases.part, report.cases.whole) == (10, 10)


def test_choice_is_counted_by_visit(town: Town) -> None:
    kind = db.session.execute(select(Appointment.type_id)).scalars().first()
    asked = (f"asked_{each}" for each in ("how", "where", "when", "who", "women_only", "children"))
    usual = dict.fromkeys(asked, False)
    for number in range(30):
        db.session.add(
            OfferedChoice(
                type_id=kind, day=QUARTER.first + timedelta(days=number),
                outcome="booked" if number < 20 else "waiting",
                places=1 + number % 2, modes=2, days=3, women_workers=number % 3, women_only=0, **usual,
            )
        )
    db.session.commit()
    report = reports.report(SYSTEM, QUARTER)
    assert {row.name: (row.share.part, row.share.whole) for row in report.choices} == {
        "places": (15, 30), "modes": (30, 30), "days": (30, 30), "women_workers": (20, 30), "women_only": (None, 30),
    }
    assert {row.name: row.share.part for row in report.outcomes} == {"took": 20, "waiting": 10, "none": None}


def test_a_quarter_that_still_runs_counts_up_to_now(town: Town, clock: Clock) -> None:
    clock.set(datetime(2027, 2, 1, tzinfo=UTC))
    report = reports.report(SYSTEM, QUARTER)
    assert not report.ended
    slow = [
        each for each in everything(Appointment)
        if QUARTER.span(LONDON).start <= each.start < datetime(2027, 2, 1, tzinfo=UTC)
        and each.state in ("fulfilled", "arrived", "noshow")
    ]  # fmt: skip
    assert report.missed.all.whole == disclosure.shown(len(slow))


def test_it_takes_as_many_questions_for_much_as_for_little(town: Town) -> None:
    def questions(quarter: Quarter) -> int:
        asked: list[str] = []
        listen = lambda conn, cursor, statement, *rest: asked.append(statement)  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listen)
        try:
            reports.report(SYSTEM, quarter)
        finally:
            event.remove(db.engine, "before_cursor_execute", listen)
        return len(asked)

    assert questions(QUARTER) <= 16
    assert questions(QUARTER) - questions(QUARTER.a_year_before) <= 1


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker", "client"])
def test_reports_are_a_managers(context: AppContext, role: str) -> None:
    with pytest.raises(NotAllowed):
        reports.report(Actor("staff", 1, role), QUARTER)
