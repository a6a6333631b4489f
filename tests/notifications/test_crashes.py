"""A worker that dies at any step between claim and record sends nothing twice, and loses nothing that staff do not see.

A step is each statement and each commit, before and after it, and each request to the provider, before it leaves and
after it was taken. Most runs cut the power inside one process; some kill a real one. `SIDEGATE_TEST_CRASHES` says how
many in all, a few by default.
"""

from __future__ import annotations

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing import get_context
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, update

from scheduler import clock as running
from scheduler.extensions import db
from scheduler.models import Client, Link, Message
from scheduler.notifications import receipts, sender
from scheduler.notifications.gateway import Refused, Text, Unknown
from scheduler.services import telling
from scheduler.services.actors import Actor
from tests.support.databases import Database
from tests.support.factories import at
from tests.support.settings import Settings, make_application
from tests.support.twilio_fake import Twilio

from .conftest import Scene, Watched, messages

RUNS = int(os.environ.get("SIDEGATE_TEST_CRASHES", "60"))
#: Of the runs on each database so many kill a real process.
KILLED = max(2, RUNS // 25)
WOMEN = 4


class PowerCut(BaseException):
    """Nothing after it happens."""


class Watchful(Watched):
    """A gateway at which the power may fail before a text leaves, or once it was taken."""

    step: Callable[[], None] = staticmethod(lambda: None)

    def send(self, text: Text) -> Any:
        self.step()
        answer = super().send(text)
        if isinstance(answer, Refused):
            self.sent.pop()
        self.step()
        return answer


@contextmanager
def dying() -> Iterator[None]:
    """What happens inside may end by a power cut; its connections to the database are then broken off, not ended."""
    opened: list[Any] = []

    def note(connection: Any, _record: Any) -> None:
        opened.append(connection)

    db.session.remove()
    db.engine.dispose()
    event.listen(db.engine, "connect", note)
    try:
        with suppress(PowerCut):
            yield
    finally:
        event.remove(db.engine, "connect", note)
        with suppress(Exception):
            db.session.remove()
        for connection in opened:
            with suppress(Exception):
                connection.close()
        db.engine.dispose()


@contextmanager
def steps(step: Callable[[], None]) -> Iterator[None]:
    """Call `step` before and after every statement and commit."""

    def note(_c: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("BEGIN"):  # nothing is done by then: as before the first statement
            return
        try:
            step()
        except PowerCut:
            cursor.close()  # SQLite keeps the lock of a connection that was broken off while a cursor of it is open
            raise

    def committing(connection: Any) -> None:
        step()
        commit(connection)
        step()

    dialect = db.engine.dialect
    commit = dialect.do_commit
    points = ("before_cursor_execute", "after_cursor_execute")
    for name in points:
        event.listen(db.engine, name, note)
    dialect.do_commit = committing
    try:
        yield
    finally:
        dialect.do_commit = commit
        for name in points:
            event.remove(db.engine, name, note)


def countdown(left: int, end: Callable[[], None]) -> Callable[[], None]:
    """Calls `end` at that step, counted from 1."""
    remaining = [left]

    def step() -> None:
        remaining[0] -= 1
        if remaining[0] == 0:
            end()

    return step


def cut() -> None:
    raise PowerCut


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _unsynced(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(autouse=True)
def quick(scene: Scene, database: Database) -> Iterator[None]:
    """The power that fails here is the process's, not the machine's: SQLite need not wait for the disk."""
    if database.kind == "sqlite":
        event.listen(db.engine, "connect", _unsynced)
    yield
    if database.kind == "sqlite":
        event.remove(db.engine, "connect", _unsynced)


@pytest.fixture
def appointments(scene: Scene) -> list[int]:
    """The appointments of some women, each with a confirmation that is due; no reminders."""
    booked = [scene.book(scene.woman(), at(9 + hour, day=10)).id for hour in range(WOMEN)]
    db.session.execute(delete(Message).where(Message.purpose == "reminder"))
    db.session.commit()
    return booked


def again() -> None:
    """Everything as it was: each confirmation is due, and none left."""
    running.set_fixed(at(9))
    db.session.execute(delete(Link))
    db.session.execute(
        update(Message).values(
            state="planned", send_after=at(9), attempts=0, claimed_at=None, settled_at=None, provider_id=None,
            outcome=None,
        )
    )
    db.session.commit()


def recover(app: Flask) -> None:
    """New workers, over the next hours: they send what is due and ask about what is in doubt."""
    for minutes in (0, 6, 20, 60):
        running.set_fixed(at(9) + timedelta(minutes=minutes))
        app.extensions.pop("sidegate_line", None)
        sender.run_once()
        receipts.ask_about_unknown()


def nothing_is_lost(appointments: list[int], times: Counter[int]) -> None:
    """No text went out twice; whoever got none is on the staff's list; and so is whoever may have got none."""
    assert max(times.values(), default=0) <= 1
    rows = {row.appointment_id: row for row in messages()}
    to_tell = {each.id for each in telling.to_tell(Actor("staff", None, "reception"), at(0), at(0, day=30))}
    for appointment in appointments:
        row = rows[appointment]
        assert row.state not in ("planned", "claimed")
        assert row.state in ("accepted", "sent", "failed", "unknown", "expired"), row.state
        assert appointment in to_tell or row.state == "delivered"
        if times[row.id] == 0:
            assert row.state in ("unknown", "failed", "expired")
        if row.state in ("accepted", "sent"):
            assert times[row.id] == 1


def test_the_power_may_fail_at_any_step(
    scene: Scene, app: Flask, appointments: list[int], database: Database
) -> None:
    gateway = Watchful()
    app.extensions["sidegate_gateway"] = gateway
    chance = random.Random(8)
    counted = [0]

    def count() -> None:
        counted[0] += 1

    gateway.step = count
    with steps(count):
        sender.run_once()
    assert counted[0] > 30
    runs = (RUNS - 2 * KILLED) // 2
    seen: set[str] = set()
    for run in range(runs):
        again()
        gateway.sent.clear()
        app.extensions.pop("sidegate_line", None)
        gateway.answers = chance.choices(
            [Unknown("no-answer"), Refused("too-many", again=True, ours=True), Refused("unreachable", again=True)],
            k=chance.randrange(2),
        )
        # Every step in turn, and then again with other answers.
        where = 1 + (run * max(1, counted[0] // max(runs, 1)) + run // counted[0]) % counted[0]
        for left in (where, chance.randrange(1, counted[0])) if run % 2 else (where,):
            step = countdown(left, cut)
            gateway.step = step
            with dying(), steps(step):
                sender.run_once()
            app.extensions.pop("sidegate_line", None)
        gateway.step = lambda: None
        gateway.answers = []
        recover(app)
        nothing_is_lost(appointments, Counter(text.message_id for text in gateway.sent))
        seen |= {row.state for row in messages()}
    app.extensions.pop("sidegate_gateway")
    assert "accepted" in seen or "sent" in seen


def work_and_die(settings: Settings, now: Any, left: int) -> None:
    """A worker in a process of its own, which is killed at a step, whatever its threads are doing."""
    running.set_fixed(now)
    app = make_application(settings)
    with app.app_context():
        from scheduler.notifications.twilio import TwilioGateway

        step = countdown(left, kill)
        send = TwilioGateway.send

        def watched(self: TwilioGateway, text: Text) -> Any:
            step()
            answer = send(self, text)
            step()
            return answer

        TwilioGateway.send = watched  # type: ignore[method-assign]
        with steps(step):
            sender.run_once()


@pytest.mark.race
def test_a_worker_may_be_killed_at_any_step(
    scene: Scene, through_twilio: Flask, twilio: Twilio, appointments: list[int], settings: Settings
) -> None:
    chance = random.Random(9)
    killed = 0
    for _ in range(KILLED):
        again()
        twilio.texts.clear()
        twilio.faults.clear()
        twilio.faults.extend(chance.choices(["", "drop", "slow 0.05"], k=WOMEN))
        process = get_context("forkserver").Process(
            target=work_and_die, args=({**settings, **twilio.settings}, running.now(), chance.randrange(1, 40))
        )
        process.start()
        process.join(60)
        assert process.exitcode in (0, -signal.SIGKILL)
        killed += process.exitcode != 0
        twilio.faults.clear()
        recover(through_twilio)
        links = {body.split("/a/")[1].split()[0] for body in twilio.bodies()}
        assert len(links) == len(twilio.messages)
        to = {row.phone: row.id for row in _phones()}
        nothing_is_lost(appointments, Counter(to[message.form["To"]] for message in twilio.messages))
    assert killed > 0


def _phones() -> list[Any]:
    query = db.session.query(Message.id, Client.phone).join(Client, Client.id == Message.client_id)
    return query.all()


