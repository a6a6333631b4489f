"""What texting may cost: two workers on one database with ten thousand texts due, through a provider that takes 50 ms
for each. How many a second, the workers' memory at the start and at the end, and that each text went out once.

The provider is the tests' stand-in for Twilio, in a process of its own; the database is made for it and dropped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from sqlalchemy import func, insert, select

from bench.load import Figure
from scheduler import clock
from scheduler import models as m
from scheduler.extensions import db

TEXTS, WORKERS, LATENCY = 10_000, 2, 0.05
#: What two workers should at least reach, in texts a second.
LEAST = 200
_WHOLE_DAYS = [[weekday, 0, 1440] for weekday in range(7)]


def measure(database: str, root: Path, folder: Path, texts: int = TEXTS) -> list[Figure]:
    """The figures on one kind of database."""
    with _database(database, folder) as url, _provider(root) as provider:
        environment = {
            **os.environ, "SIDEGATE_DATABASE_URL": url, "SIDEGATE_LOG_LEVEL": "ERROR", "PYTHONPATH": str(root),
            **{f"SIDEGATE_{name}": value for name, value in _settings(provider).items()},
        }
        _run("plant", environment, root, str(texts)).wait()
        workers = [_run("work", environment, root) for _ in range(WORKERS)]
        done = [json.loads(worker.communicate()[0].splitlines()[-1]) for worker in workers]
        left = json.loads(_run("left", environment, root).communicate()[0].splitlines()[-1])
        with urlopen(f"{provider}/-/summary") as answer:
            taken = json.load(answer)
    took = max(each["ended"] for each in done) - min(each["begun"] for each in done)
    lost = texts - left.get("accepted", 0)
    sizes = [(each["at_start"], each["at_end"]) for each in done]
    figures = [
        Figure(f"a text, of {texts:,} due, {WORKERS} workers", 1000 * took / texts, aim=1000 / LEAST,
               statements=f"{texts / took:.0f} a second"),
        Figure("of which its worker worked", 1000 * sum(each["worked"] for each in done) / texts),
        Figure("texts that went out twice", taken["texts"] - texts + taken["twice"], aim=0.5, unit=""),
        Figure("texts lost or in doubt", lost, aim=0.5, unit=""),
        Figure("a worker's memory at the start", max(start for start, _ in sizes), unit="MB"),
        Figure("what it grew by until the end", max(end - start for start, end in sizes), aim=10, unit="MB"),
    ]  # fmt: skip
    for figure in figures:
        figure.database, figure.size = database, f"{texts:,} texts"
    return figures


def _settings(provider: str) -> dict[str, str]:
    from tests.support.twilio_fake import Twilio

    return Twilio(url=provider).settings


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    name = "sidegate_bench_texts"
    if kind == "postgres":
        subprocess.run(["dropdb", "--if-exists", name], check=True, capture_output=True)
        subprocess.run(["createdb", name], check=True)
        yield f"postgresql+psycopg:///{name}"
        subprocess.run(["dropdb", "--force", name], check=True)
        return
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("texts.sqlite*"):
        file.unlink()
    yield f"sqlite:///{folder / 'texts.sqlite'}"
    for file in folder.glob("texts.sqlite*"):
        file.unlink()


@contextmanager
def _provider(root: Path) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.support.twilio_server", "--latency", str(LATENCY)]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def _run(what: str, environment: dict[str, str], root: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bench.texts", what, *more]
    return subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE)


# --- in processes of their own ----------------------------------------------------------------------------------------


def plant(texts: int) -> None:
    """As many women, each with an appointment and a text about it that is due now."""
    db.create_all()
    now, start = clock.now(), clock.now() + timedelta(days=30)
    site = _add(m.Site(name="Bench"))
    venue = _add(m.Venue(site_id=site, kind="hub", name="The Mill", label="The Mill", address="1 Mill Lane"))
    kind = _add(m.AppointmentType(name="Catch-up", minutes=30, least_minutes=15, most_minutes=60, notice=0))
    session = _add(
        m.Session(venue_id=venue, site_id=site, start=start, end=start + timedelta(hours=8), types=[kind],
                  modes=["in-person"], title="Bench", kind="drop-in", audience="everyone", updated_at=now)
    )  # fmt: skip
    ids = range(1, texts + 1)
    end, long_ago = start + timedelta(minutes=30), datetime(2026, 1, 1, tzinfo=UTC)
    rows: dict[Any, list[dict[str, Any]]] = {
        m.Client: [
            {
                "id": n, "reference": f"TEXT{n}", "given_name": "Alma", "family_name": "Reyes", "created_at": long_ago,
                "phone": f"+447{n:09d}", "eligibility": "unknown",
            }
            for n in ids
        ],
        m.SafeContact: [
            {
                "client_id": n, "channel": "sms", "safe": "yes", "hours": _WHOLE_DAYS, "may_name": ["name", "place"],
                "language": "en", "review_on": date(2099, 1, 1), "paused": False,
            }
            for n in ids
        ],
        m.Appointment: [
            {
                "id": n, "client_id": n, "own_number": 1, "session_id": session, "venue_id": venue, "site_id": site,
                "staff_id": None, "type_id": kind, "mode": "in-person", "state": "booked", "start": start, "end": end,
                "busy_from": start, "busy_until": end, "present_from": start, "present_until": end, "creche": 0,
                "made_by": "system", "created_at": long_ago, "updated_at": long_ago, "version": 1,
            }
            for n in ids
        ],
        m.Message: [
            {
                "client_id": n, "appointment_id": n, "appointment_version": 1, "purpose": "confirmation",
                "state": "planned", "send_after": long_ago, "send_before": start, "created_at": long_ago, "attempts": 0,
            }
            for n in ids
        ],
    }  # fmt: skip
    for model, some in rows.items():
        db.session.execute(insert(model), some)
    db.session.commit()


def _add(row: Any) -> int:
    db.session.add(row)
    db.session.flush()
    return int(row.id)


def work() -> dict[str, float]:
    """Send until nothing is due; when it began and ended, and its memory after a few rounds and at the end, in MB."""
    from scheduler.notifications import sender

    begun, worked = time.time(), time.process_time()
    sender.run(3)
    at_start = _memory()
    while sender.run(100):
        pass
    worked = time.process_time() - worked
    return {"begun": begun, "ended": time.time(), "worked": worked, "at_start": at_start, "at_end": _memory()}


def _memory() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1024


def left() -> dict[str, int]:
    """How many messages are in each state."""
    rows = db.session.execute(select(m.Message.state, func.count()).group_by(m.Message.state))
    return dict(row for row in rows)


def main() -> None:
    """What a process of its own does: plant, work, or count what is left."""
    from scheduler import create_app

    with create_app().app_context():
        if sys.argv[1] == "plant":
            plant(int(sys.argv[2]))
        else:
            print(json.dumps({"work": work, "left": left}[sys.argv[1]]()))


if __name__ == "__main__":
    main()
