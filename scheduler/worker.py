"""The background jobs: texts, sessions made ahead, audit seals, and letting go. Its own process in production, a thread
of `make run` on one machine. Any number may run at once.
"""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from scheduler import clock
from scheduler.notifications import forgetting, receipts, sender, staff_texts
from scheduler.services import audit, escalation, heartbeats, reindexing, retention, series, sweep

log = structlog.get_logger("sidegate")

#: Rounds of sending before a job lets the others have their turn.
_MOST_ROUNDS = 100
#: A job that runs every few seconds need not say so each time.
_BEAT_EVERY = 30.0


def send_texts() -> int:
    """Send everything that is due; gives how many messages were claimed."""
    return sender.run(_MOST_ROUNDS)


def send_staff_texts() -> int:
    """Send every text to staff that is due; gives how many were claimed."""
    sent = 0
    for _ in range(_MOST_ROUNDS):
        claimed = staff_texts.run_once()
        sent += claimed
        if claimed < staff_texts.BATCH:
            break
    return sent


def make_sessions() -> int:
    """Make the sessions of every series up to the horizon; gives how many."""
    return series.extend_horizon(clock.now())


def seal_audit() -> int:
    """Seal every audit record that has no seal yet; gives how many."""
    sealed = 0
    while count := audit.seal():
        sealed += count
    return sealed


def sweep_clashes() -> int:
    """The nightly sweep, four times a day; gives how many cases it opened or closed."""
    return sum(sweep.run())


@dataclass(frozen=True, slots=True)
class Job:
    """Something done every so many `seconds`; `run` gives how many records it was about."""

    name: str
    seconds: int
    run: Callable[[], int]


JOBS = (
    Job("texts", 5, send_texts),
    Job("urgent", 60, escalation.tell),
    Job("staff-texts", 5, send_staff_texts),
    Job("unknown-texts", 60, receipts.ask_about_unknown),
    Job("provider-texts", 60, forgetting.run),
    Job("identities", 3600, reindexing.run),
    Job("sessions", 3600, make_sessions),
    Job("seals", 60, seal_audit),
    Job("retention", 3600, retention.purge),
    Job("clashes", 6 * 3600, sweep_clashes),
)

_beats: dict[str, float] = {}


def run_job(app: Flask, job: Job) -> int | None:
    """Do one job once and record that it ran. What goes wrong is logged, and stops no other job; gives None then."""
    with app.app_context():
        try:
            count = job.run()
            if time.monotonic() - _beats.get(job.name, -_BEAT_EVERY) >= _BEAT_EVERY:
                heartbeats.beat(job.name)
                _beats[job.name] = time.monotonic()
        except Exception as problem:
            log.error("job failed", job=job.name, error=type(problem).__name__)
            return None
    if count:
        log.info("job done", job=job.name, count=count)
    return count


def run_once(app: Flask) -> dict[str, int | None]:
    """Do every job once; gives by name how many records each was about, None for one that failed."""
    _beats.clear()
    return {job.name: run_job(app, job) for job in JOBS}


def run(app: Flask, stop: threading.Event | None = None) -> None:
    """Do every job at its pace until `stop` is set; in a process of its own, until it is asked to end. A job under way
    is finished first."""
    stop = stop or threading.Event()
    if threading.current_thread() is threading.main_thread():
        for asked in (signal.SIGTERM, signal.SIGINT):
            signal.signal(asked, lambda *_: stop.set())
    scheduler = BackgroundScheduler(
        timezone=UTC,
        executors={"default": ThreadPoolExecutor(len(JOBS))},
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
    )
    at_once = datetime.now(UTC)  # the scheduler's own clock, which no test stops
    for job in JOBS:
        scheduler.add_job(run_job, "interval", (app, job), seconds=job.seconds, id=job.name, next_run_time=at_once)
    scheduler.start()
    try:
        stop.wait()
    finally:
        scheduler.shutdown(wait=True)

