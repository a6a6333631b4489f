"""Several processes at the same instant, on both databases: nothing that SAFETY.md 9 forbids may come of it.

Each test counts successes and refusals, lets no other error pass, and then has an oracle read the database. The oracle
is written from SAFETY.md alone and shares no code with the rules.
"""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from scheduler.errors import InTheWay, Invalid, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Appointment, IdempotencyKey, OpeningWindow, Session, SessionStaff, Venue
from scheduler.services import booking
from scheduler.services.actors import Actor
from scheduler.services.booking import Choice
from tests.support import factories as make
from tests.support.factories import MONDAY, at
from tests.support.processes import run_together

RECEPTION = Actor("staff", None, "reception")
PROCESSES, THREADS = 8, 4
NOW = at(8)

pytestmark = [pytest.mark.race, pytest.mark.usefixtures("context", "clock")]

GAP = timedelta(minutes=30)


def the_oracle(kept_apart: tuple[tuple[int, int], ...] = (), near: tuple[frozenset[int], ...] = ()) -> list[str]:
    """What is wrong in the database, in words: double bookings, people too near each other, women-only times broken."""
    wrong: list[str] = []
    rows = db.session.execute(
        select(Appointment.__table__).where(Appointment.state.in_(["booked", "pending", "arrived", "fulfilled"]))
    ).all()
    sessions = {s.id: s for s in db.session.scalars(select(Session))}
    for index, one in enumerate(rows):
        for other in rows[index + 1 :]:
            together = one.start < other.end and other.start < one.end
            if together and one.client_id == other.client_id:
                wrong.append(f"client {one.client_id} twice at once")
            if together and one.staff_id is not None and one.staff_id == other.staff_id:
                wrong.append(f"worker {one.staff_id} twice at once")
            pair = {one.client_id, other.client_id}
            same_place = one.site_id == other.site_id or any({one.site_id, other.site_id} <= each for each in near)
            if any(pair == set(apart) for apart in kept_apart) and same_place:
                if one.present_from is None or other.present_from is None:
                    continue
                if one.present_from < other.present_until + GAP and other.present_from < one.present_until + GAP:
                    wrong.append(f"clients {sorted(pair)} too near")
    for session in sessions.values():
        held = [row for row in rows if row.session_id == session.id]
        if session.seats is not None and len(held) > session.seats:
            wrong.append(f"session {session.id} over its seats")
    for window in db.session.scalars(select(OpeningWindow).where(OpeningWindow.audience == "women")):
        site = db.session.get(Venue, window.venue_id).site_id  # type: ignore[union-attr]
        for session in sessions.values():
            if session.cancelled_at or session.audience == "women" or session.site_id != site:
                continue
            if session.start.weekday() != window.weekday or "in-person" not in session.modes:
                continue
            begins, ends = (t.hour * 60 + t.minute for t in (session.start, session.end))
            if begins < window.until_minute and window.from_minute < ends:
                wrong.append(f"session {session.id} for everyone in a women-only time")
    return wrong


def book_many(_app: Flask, choices: list[Choice]) -> list[str]:
    """Book each of these in a thread of its own; what came of each: an id, or a refusal's name."""
    app = _app

    def one(choice: Choice) -> str:
        with app.app_context():
            try:
                return str(booking.book(RECEPTION, choice, key=f"race-{choice.client_id}").id)
            except SlotUnavailable:
                return "refused"
            except Exception as error:
                return f"error {type(error).__name__}: {error}"

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, choices))


def one_session(venue: int, type_id: int, hours: tuple[int, int] = (10, 12), **values: Any) -> tuple[int, int]:
    worker = make.make_staff()
    return make.make_session(venue, at(hours[0]), at(hours[1]), (worker,), (type_id,), **values), worker


def test_32_clients_fight_over_10_slots(settings: dict[str, Any]) -> None:
    kind, venue = make.make_type(), make.make_venue()
    session, worker = one_session(venue, kind, (10, 15))
    starts = [at(10) + timedelta(minutes=30 * n) for n in range(10)]
    clients = [make.make_client() for _ in range(PROCESSES * THREADS)]
    choices = [
        Choice(client, kind, session, worker, "in-person", starts[n % 10]) for n, client in enumerate(clients)
    ]
    outcomes = run_together(
        settings, book_many, [(choices[n::PROCESSES],) for n in range(PROCESSES)], now=NOW, timeout=100
    )
    answers = [answer for outcome in outcomes for answer in outcome.value or [outcome.trace]]
    assert not [answer for answer in answers if "error" in answer.lower()]
    assert Counter(answer == "refused" for answer in answers) == {True: 22, False: 10}
    standing = db.session.scalars(select(Appointment.id)).all()
    assert sorted(map(str, standing)) == sorted(answer for answer in answers if answer != "refused")
    assert the_oracle() == []


def test_the_last_seats_of_a_group(settings: dict[str, Any]) -> None:
    kind, venue = make.make_type(), make.make_venue()
    session, _ = one_session(venue, kind, seats=5, kind="group")
    clients = [make.make_client() for _ in range(12)]
    choices = [Choice(client, kind, session, None, "in-person", at(10)) for client in clients]
    outcomes = run_together(settings, book_many, [(choices[n::4],) for n in range(4)], now=NOW)
    answers = [answer for outcome in outcomes for answer in outcome.value or [outcome.trace]]
    assert Counter(answer if "error" in answer.lower() else answer == "refused" for answer in answers) == {
        True: 7, False: 5,
    }
    assert the_oracle() == []


def test_a_doubled_request_books_once(settings: dict[str, Any]) -> None:
    kind, venue = make.make_type(), make.make_venue()
    session, worker = one_session(venue, kind)
    choice = Choice(make.make_client(), kind, session, worker, "in-person", at(10))
    outcomes = run_together(settings, book_many, [([choice] * THREADS,)] * 3, now=NOW)
    assert {answer for outcome in outcomes for answer in outcome.value} == {
        str(db.session.scalars(select(Appointment.id)).one())
    }
    assert len(db.session.scalars(select(IdempotencyKey.key)).all()) == 1


def test_her_and_him_at_the_same_moment_next_door_to_each_other(settings: dict[str, Any]) -> None:
    kind, one_site, other_site = make.make_type(), make.make_site(), make.make_site()
    make.make_neighbours(one_site, other_site)
    pairs, choices = [], []
    for _ in range(6):  # six pairs, so that at least some truly meet
        her, him = make.make_client(), make.make_client()
        make.make_exclusion(her, him)
        pairs.append((her, him))
        for client, site in ((her, one_site), (him, other_site)):
            session, worker = one_session(make.make_venue(site), kind)
            choices.append(Choice(client, kind, session, worker, "in-person", at(10, 15)))
    outcomes = run_together(settings, book_many, [(choices[n::4],) for n in range(4)], now=NOW)
    answers = [answer for outcome in outcomes for answer in outcome.value or [outcome.trace]]
    assert not [answer for answer in answers if "error" in answer.lower()]
    assert the_oracle(tuple(pairs), (frozenset({one_site, other_site}),)) == []
    booked = set(db.session.scalars(select(Appointment.client_id)))
    # Never both, and never neither: a refusal needs someone to have been in the way.
    assert [len(booked & set(pair)) for pair in pairs] == [1] * len(pairs)


def record_exclusion(_app: Flask, her: int, him: int) -> str:
    from scheduler.services import exclusions

    lead = Actor("staff", None, "lead")
    try:
        recorded = exclusions.record(
            lead, exclusions.ExclusionDetails(client_id=her, person=("client", him), source="told-us")
        )
    except Exception as error:
        return f"error {type(error).__name__}: {error}"
    return f"clashes {len(recorded.clashes)}"


def either(app: Flask, what: str, *arguments: Any) -> Any:
    """One of the race's two sides, by name: what a process is given must pickle."""
    return {"exclude": record_exclusion, "book": book_many, "window": add_window, "session": add_session}[what](
        app, *arguments
    )


def test_an_exclusion_recorded_while_he_is_being_booked(settings: dict[str, Any]) -> None:
    """Either his booking is refused, or it stands and the exclusion's clash is in the queue: never neither."""
    from scheduler.models import SafetyCase

    kind, venue = make.make_type(), make.make_venue()
    rounds = []
    for _ in range(4):
        her, him = make.make_client(), make.make_client()
        hers, worker = one_session(venue, kind)
        booking.book(RECEPTION, Choice(her, kind, hers, worker, "in-person", at(10)))
        his, nurse = one_session(venue, kind)
        rounds.append((her, him, Choice(him, kind, his, nurse, "in-person", at(10))))
    calls = [("exclude", her, him) for her, him, _ in rounds] + [("book", [choice]) for *_, choice in rounds]
    outcomes = run_together(settings, either, calls, now=NOW)
    for outcome in outcomes:
        assert "error" not in str(outcome.value or outcome.trace).lower()
    booked = set(db.session.scalars(select(Appointment.client_id)))
    cased = set(
        db.session.scalars(
            select(Appointment.client_id)
            .join(
                SafetyCase,
                (SafetyCase.appointment_id == Appointment.id) | (SafetyCase.other_appointment_id == Appointment.id),
            )
            .where(SafetyCase.closed_at.is_(None))
        )
    )
    for her, him, _ in rounds:
        assert her in booked
        assert (him in booked) == (him in cased)
    clash_free = [(her, him) for her, him, _ in rounds if him not in cased]
    assert the_oracle(tuple(clash_free)) == []


def add_window(_app: Flask, venue: int) -> str:
    from scheduler.services import venues

    manager = Actor("system", None, "system")
    hours = [(0, 600, "everyone"), (600, 720, "women"), (720, 1440, "everyone")]
    windows = [
        venues.WindowDetails(weekday=MONDAY.weekday(), from_minute=low, until_minute=high, audience=audience)
        for low, high, audience in hours
    ]
    try:
        venues.set_opening_windows(manager, venue, windows)
    except InTheWay:
        return "in the way"
    except Exception as error:
        return f"error {type(error).__name__}: {error}"
    return "done"


def add_session(_app: Flask, venue: int, kind: int, worker: int) -> str:
    from scheduler.services import sessions

    manager = Actor("system", None, "system")
    details = sessions.SessionDetails(
        venue_id=venue, title="Morning", start=at(11, day=7), end=at(12, day=7), kind="one-to-one", audience="everyone",
        modes=("in-person",), types=(kind,), staff=(worker,),
    )
    try:
        sessions.add_session(manager, details)
    except Invalid as refused:
        return "in the way" if "audience" in refused.fields else f"error {dict(refused.fields)}"
    except Exception as error:
        return f"error {type(error).__name__}: {error}"
    return "done"


def test_a_mixed_session_added_while_a_women_only_window_is(settings: dict[str, Any]) -> None:
    kind, calls = make.make_type(), []
    for _ in range(4):
        venue, worker = make.make_venue(), make.make_staff()
        make.open_all_day(venue)
        calls += [("window", venue), ("session", venue, kind, worker)]
    outcomes = run_together(settings, either, calls, now=NOW)
    answers = [str(outcome.value or outcome.trace) for outcome in outcomes]
    assert not [answer for answer in answers if "error" in answer.lower()]
    for window, session in zip(answers[::2], answers[1::2], strict=True):
        assert sorted((window, session)) == ["done", "in the way"]
    assert the_oracle() == []
    assert db.session.scalars(select(SessionStaff.session_id)).all() or db.session.scalars(
        select(OpeningWindow.id).where(OpeningWindow.audience == "women")
    ).all()
