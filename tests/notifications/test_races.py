"""Several workers, and people who change things while they work, on both databases (SAFETY.md 9.5)."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Client, HandsetText, Link, Message, SafeContact
from scheduler.notifications import planning, sender
from scheduler.services import clients, links
from scheduler.services.actors import SYSTEM
from scheduler.services.clients import SafeContactDetails
from scheduler.services.transaction import use_case
from tests.support.databases import Database
from tests.support.factories import at
from tests.support.processes import run_together
from tests.support.settings import Settings
from tests.support.twilio_fake import Twilio

from .conftest import Scene, Watched, messages

WORKERS, TEXTS = 2, 30


def drain(_app: Flask) -> int:
    """Send until nothing is due."""
    sent = 0
    while _due():
        claimed = sender.run_once(4)
        sent += claimed
        if not claimed:
            time.sleep(0.02)
    return sent


def _due() -> bool:
    db.session.rollback()
    query = select(Message.id).where(Message.state == "planned", Message.send_after <= clock.now()).limit(1)
    found = db.session.execute(query).first() is not None
    db.session.rollback()
    return found


def pause_some(_app: Flask, clients: list[int]) -> int:
    """Pause these women's texts, one after another, while the workers claim."""
    for client in clients:
        _pause(client)
    return 0


@use_case
def _pause(client: int) -> None:
    db.session.execute(update(SafeContact).where(SafeContact.client_id == client).values(paused=True))
    planning.withdraw_for_client(client, clock.now())


@pytest.mark.race
def test_any_number_of_workers_send_each_text_once(scene: Scene, settings: Settings) -> None:
    for _ in range(TEXTS):
        links.send_link(SYSTEM, scene.woman())
    outcomes = run_together(settings, drain, [()] * WORKERS, now=clock.now(), timeout=100)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert sum(each.value for each in outcomes) == TEXTS
    tokens = Counter(row.body.split("/a/")[1] for row in db.session.scalars(select(HandsetText)))
    assert len(tokens) == tokens.total() == TEXTS
    assert {(row.state, row.attempts) for row in messages()} == {("delivered", 1)}
    assert len(db.session.scalars(select(Link.message_id).distinct()).all()) == TEXTS


@pytest.mark.race
def test_workers_of_two_processes_send_each_text_once_through_twilio(
    scene: Scene, settings: Settings, twilio: Twilio
) -> None:
    for _ in range(TEXTS):
        links.send_link(SYSTEM, scene.woman())
    outcomes = run_together({**settings, **twilio.settings}, drain, [()] * 2, now=clock.now(), timeout=100)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert len(twilio.messages) == len(set(twilio.bodies())) == TEXTS
    assert {row.state for row in messages()} == {"accepted"}


@pytest.mark.race
def test_a_pause_while_workers_claim_stops_every_text_that_was_not_claimed(scene: Scene, settings: Settings) -> None:
    women = [scene.woman() for _ in range(TEXTS)]
    for her in women:
        links.send_link(SYSTEM, her)
    outcomes = run_together(settings, _work_or_pause, [([],), (women[::-1],)], now=clock.now(), timeout=100)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    rows = messages()
    assert {row.state for row in rows} <= {"delivered", "cancelled", "suppressed"}
    delivered = {row.id for row in rows if row.state == "delivered"}
    assert len(db.session.execute(select(HandsetText.id)).all()) == len(delivered)
    assert all(row.claimed_at is None for row in rows if row.id not in delivered)


def replan_some(_app: Flask, women: list[int]) -> int:
    """Say again what is safe for each of these women, so that all is planned anew, while the workers claim."""
    for round in range(3):
        for her in women:
            hours = ((0, 480 + round, 1200),)
            clients.set_safe_contact(SYSTEM, her, "sms", SafeContactDetails("yes", hours))
    return 0


def _work_or_replan(app: Flask, women: list[int]) -> int:
    return replan_some(app, women) if women else drain(app)


@pytest.mark.race
def test_planning_anew_while_workers_claim_says_nothing_twice_and_loses_nothing(
    scene: Scene, settings: Settings
) -> None:
    women = [scene.woman() for _ in range(8)]
    for number, her in enumerate(women):
        scene.book(her, at(9 + number, day=10))
    outcomes = run_together(settings, _work_or_replan, [([],), (women[::-1],), (women,)], now=clock.now(), timeout=100)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    drain(None)  # type: ignore[arg-type]
    said = Counter(row.appointment_id for row in messages(purpose="confirmation") if row.state == "delivered")
    assert sorted(said.values()) == [1] * len(women)
    assert len(db.session.scalars(select(HandsetText)).all()) == len(women)
    kept = Counter(row.appointment_id for row in messages(purpose="reminder", state="planned"))
    assert sorted(kept.values()) == [1] * len(women)


def _work_or_pause(app: Flask, clients: list[int]) -> int:
    return pause_some(app, clients) if clients else drain(app)


@pytest.mark.parametrize("changing", ["client", "safe_contact", "appointment", "message"])
def test_a_message_whose_records_are_being_changed_waits_for_the_change(
    scene: Scene, gateway: Watched, database: Database, changing: str
) -> None:
    """On PostgreSQL a claim skips what someone is changing; on SQLite nobody else can be changing anything."""
    if database.kind == "sqlite":
        return
    scene.book(scene.woman())
    with db.engine.connect() as other:
        other.execute(text("SELECT 1"))
        change = {"client": "active = false", "safe_contact": "safe = 'no'", "appointment": "version = version + 1",
                  "message": "state = 'cancelled'"}
        other.execute(text(f"UPDATE {changing} SET {change[changing]}"))
        assert sender.run_once() == 0
        assert messages()[0].state == "planned" if changing != "message" else True
        db.session.rollback()
        other.commit()
    sender.run_once()
    assert gateway.sent == []
    assert messages()[0].state in ("suppressed", "cancelled")


def test_a_booking_is_never_held_up_by_a_claim(scene: Scene, gateway: Watched, database: Database) -> None:
    """A claim shares only the rows it decides by, so a booking of someone else goes through while one is open."""
    if database.kind == "sqlite":
        return
    her, other = scene.woman(), scene.woman()
    scene.book(her)
    scene.session(10)
    with db.engine.connect() as claiming:
        claiming.execute(
            select(Message.id).where(Message.state == "planned").with_for_update(skip_locked=True)
        ).all()
        claiming.execute(select(Client.id).where(Client.id == her).with_for_update(read=True)).all()
        assert scene.book(other, at(16, day=10)).state == "booked"

