"""The background jobs, once and at their pace."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from scheduler import worker
from scheduler.extensions import db
from scheduler.models import AuditRecord, HandsetText, Heartbeat, IdempotencyKey, LinkSession
from scheduler.services import audit, booking, links, reindexing
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from tests.support.factories import at

from .conftest import Scene, told


def count(model: Any) -> int:
    db.session.rollback()
    return db.session.execute(select(func.count()).select_from(model)).scalar_one()


@pytest.fixture(autouse=True)
def keys_are_made(context: Any) -> None:
    reindexing.mark_done()


def beats(of: Any) -> set[Any]:
    return set(db.session.scalars(select(of).where(Heartbeat.job != reindexing.MARK)))


def test_one_round_sends_seals_and_beats(scene: Scene, app: Flask) -> None:
    scene.book(scene.woman())
    done = worker.run_once(app)
    assert done["texts"] == 1
    assert done["seals"] == 1
    assert None not in done.values()
    assert told()[0] == ("confirmation", "delivered", None)
    assert audit.unsealed() == 0
    assert beats(Heartbeat.job) == {job.name for job in worker.JOBS}


def test_a_second_round_finds_nothing_to_do(scene: Scene, app: Flask, clock: Any) -> None:
    scene.book(scene.woman())
    worker.run_once(app)
    clock.forward(minutes=1)
    assert set(worker.run_once(app).values()) == {0}
    assert beats(Heartbeat.at) == {at(9, 1)}


def test_a_backlog_is_sent_in_one_go(scene: Scene, app: Flask) -> None:
    for _ in range(45):
        links.send_link(SYSTEM, scene.woman())
    assert worker.run_once(app)["texts"] == 45
    assert count(HandsetText) == 45


def test_a_job_that_fails_stops_no_other(scene: Scene, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise RuntimeError("something with a name in it")

    monkeypatch.setattr(worker, "JOBS", (worker.Job("texts", 5, fail), *worker.JOBS[1:]))
    scene.book(scene.woman())
    done = worker.run_once(app)
    assert done["texts"] is None
    assert done["seals"] == 1
    assert "texts" not in db.session.scalars(select(Heartbeat.job)).all()


def test_keys_older_than_a_day_and_sessions_that_are_over_are_let_go(scene: Scene, app: Flask, clock: Any) -> None:
    her = scene.woman()
    booking.book(SYSTEM, scene.choice(her), key="a-key")

    @use_case
    def made() -> str:
        return links.make_link(her, None)

    links.open_session(made())
    worker.run_once(app)
    assert (count(IdempotencyKey), count(LinkSession)) == (1, 1)
    clock.forward(hours=25)
    worker.run_once(app)
    assert (count(IdempotencyKey), count(LinkSession)) == (0, 0)
    assert count(AuditRecord) > 0


def test_the_worker_goes_at_its_pace_in_a_thread_and_ends_when_asked(scene: Scene, app: Flask) -> None:
    scene.book(scene.woman())
    stop = threading.Event()
    thread = threading.Thread(target=worker.run, args=(app, stop))
    thread.start()
    deadline = time.monotonic() + 20
    while not count(HandsetText) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert count(HandsetText) == 1
