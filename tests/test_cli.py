"""What the commands promise: help, exit codes, and one line that says what went wrong instead of a traceback."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import select, text
from structlog.testing import capture_logs

from scheduler import create_app
from scheduler.crypto import new_keys
from scheduler.demo import town
from scheduler.demo.service import PASSWORD
from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, Client, Staff
from scheduler.services import staff, tokens
from tests.support import factories as make
from tests.support.factories import at

ROOT = Path(__file__).parent.parent
COMMANDS = (
    ("init",), ("demo",), ("staff", "add"), ("token", "create"), ("worker",), ("check",), ("sweep",), ("serve",),
    ("backup",), ("restore",), ("keys", "add"), ("keys", "rotate"),
)  # fmt: skip


@pytest.fixture
def runner(app: Flask) -> FlaskCliRunner:
    return app.test_cli_runner()


def one_line(error: str) -> str:
    """The only line on standard error, without click's "Error: "."""
    (line,) = error.strip().splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")


def test_every_command_explains_itself() -> None:
    app = create_app({"DATABASE_URL": "sqlite://", "KEYS": new_keys(), "SECRET_KEY": "x" * 40, "TESTING": True})
    for command in COMMANDS:
        shown = app.test_cli_runner().invoke(args=[*command, "--help"])
        assert shown.exit_code == 0
        assert len(shown.output.splitlines()) > 3, command


class TestCheck:
    def test_it_exits_0_with_a_summary_when_nothing_is_broken(self, runner: FlaskCliRunner) -> None:
        ran = runner.invoke(args=["check"])
        assert (ran.exit_code, ran.stderr) == (0, "")
        assert ran.stdout.startswith("No invariant is broken. Read: clients 0")

    def test_it_exits_1_with_a_line_for_each_broken_one_and_no_name(
        self, runner: FlaskCliRunner, app: Flask, clock: Any
    ) -> None:
        with app.app_context():
            venue, kind = make.make_venue(), make.make_type()
            his = make.make_client(given_name="Malcolm", family_name="Overbury", eligibility="not-eligible")
            session = make.make_session(venue, at(10), at(12), (make.make_staff(),), (kind,), audience="women")
            visit = Appointment(
                client_id=his, own_number=1, session_id=session, venue_id=venue, site_id=db.session.get_one(
                    make.Venue, venue
                ).site_id, type_id=kind, mode="phone", start=at(10), end=at(11), busy_from=at(10), busy_until=at(11),
                created_at=at(8), updated_at=at(8),
            )  # fmt: skip
            db.session.add(visit)
            db.session.commit()
            number = visit.id
        ran = runner.invoke(args=["check"])
        assert ran.exit_code == 1
        lines = ran.stdout.splitlines()
        assert lines[0] == (
            f"women-only (SAFETY.md 9.2): appointment {number} is in session {session}, which is for women"
        )
        assert lines[1].startswith("1 broken. Read: clients 1")
        assert not {"Malcolm", "Overbury"} & set(re.findall(r"\w+", ran.output))

    def test_a_database_without_tables_is_one_line(self, tmp_path: Path) -> None:
        app = create_app(
            {
                "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite'}", "KEYS": new_keys(), "SECRET_KEY": "x" * 40,
                "TESTING": True,
            }
        )
        ran = app.test_cli_runner().invoke(args=["check"])
        assert ran.exit_code == 1
        assert one_line(ran.stderr) == "The database has no tables yet: run `flask --app wsgi init` first."

    def test_a_database_that_cannot_be_opened_is_one_line(self, tmp_path: Path) -> None:
        app = create_app(
            {
                "DATABASE_URL": f"sqlite:///{tmp_path / 'nowhere' / 'd.sqlite'}", "KEYS": new_keys(),
                "SECRET_KEY": "x" * 40, "TESTING": True,
            }
        )
        ran = app.test_cli_runner().invoke(args=["check"])
        assert ran.exit_code == 1
        assert "cannot be opened" in one_line(ran.stderr)


class TestSweep:
    @pytest.fixture
    def missed(self, app: Flask, clock: Any) -> Iterator[int]:
        """A clash that nobody asked the cases of: he has no place at a women's session."""
        with app.app_context():
            venue, kind = make.make_venue(), make.make_type()
            his = make.make_client(given_name="Malcolm", family_name="Overbury", eligibility="not-eligible")
            session = make.make_session(venue, at(10), at(12), (make.make_staff(),), (kind,), audience="women")
            visit = Appointment(
                client_id=his, own_number=1, session_id=session, venue_id=venue, site_id=db.session.get_one(
                    make.Venue, venue
                ).site_id, type_id=kind, mode="phone", start=at(10), end=at(11), busy_from=at(10), busy_until=at(11),
                created_at=at(8), updated_at=at(8),
            )  # fmt: skip
            db.session.add(visit)
            db.session.commit()
            yield visit.id

    def test_it_exits_1_and_alarms_when_a_clash_was_missing_and_0_when_none_is(
        self, runner: FlaskCliRunner, missed: int
    ) -> None:
        with capture_logs() as told:
            ran = runner.invoke(args=["sweep"])
        assert (ran.exit_code, ran.stdout) == (1, "Missing from the queue: 1. Out of date in it: 0.\n")
        assert {"event": "clashes were missing from the safety queue", "count": 1, "log_level": "error"} in told
        with capture_logs() as told:
            ran = runner.invoke(args=["sweep"])
        assert (ran.exit_code, ran.stdout, told) == (0, "Missing from the queue: 0. Out of date in it: 0.\n", [])

    def test_it_names_nobody(self, runner: FlaskCliRunner, missed: int) -> None:
        ran = runner.invoke(args=["sweep"])
        assert not {"Malcolm", "Overbury"} & set(re.findall(r"\w+", ran.output + ran.stderr))

    def test_the_worker_alarms_too(self, runner: FlaskCliRunner, missed: int) -> None:
        with capture_logs() as told:
            ran = runner.invoke(args=["worker", "--once"])
        assert "clashes: 1" in ran.stdout.splitlines()
        assert "clashes were missing from the safety queue" in [each["event"] for each in told]


class TestAccounts:
    def test_staff_added_at_the_command_line_can_sign_in(self, runner: FlaskCliRunner, app: Flask) -> None:
        words = ["--role", "reception", "--given-name", "Una", "--family-name", "Hill", "--username", "una"]
        ran = runner.invoke(args=["staff", "add", *words], input="three words will do\n")
        assert ran.exit_code == 0
        with app.app_context():
            assert staff.check_password("una", "three words will do").role == "reception"
            assert db.session.scalars(select(AuditRecord.action)).all() == ["add"]

    def test_a_password_that_is_too_short_is_one_line_and_adds_nobody(
        self, runner: FlaskCliRunner, app: Flask
    ) -> None:
        words = ["--role", "reception", "--given-name", "Una", "--family-name", "Hill", "--username", "una"]
        ran = runner.invoke(args=["staff", "add", *words], input="short\n")
        assert ran.exit_code == 1
        assert one_line(ran.stderr).startswith("password: ")
        with app.app_context():
            assert db.session.scalars(select(Staff.id)).all() == []

    def test_a_token_is_printed_once_and_works(self, runner: FlaskCliRunner, app: Flask) -> None:
        ran = runner.invoke(args=["token", "create", "--role", "lead", "--name", "case system"])
        assert ran.exit_code == 0
        (token,) = ran.stdout.splitlines()
        with app.app_context():
            actor = tokens.token_actor(token)
            assert actor is not None
            assert actor.role == "lead"

    def test_an_unknown_role_is_refused_as_wrong_usage(self, runner: FlaskCliRunner) -> None:
        ran = runner.invoke(args=["token", "create", "--role", "queen", "--name", "x"])
        assert ran.exit_code == 2


class TestWorker:
    def test_once_does_every_job_and_ends(self, runner: FlaskCliRunner) -> None:
        ran = runner.invoke(args=["worker", "--once"])
        assert ran.exit_code == 0
        assert {line.split(":")[0] for line in ran.stdout.splitlines()} >= {"texts", "sessions", "seals"}

    def test_once_exits_1_when_a_job_failed(self, runner: FlaskCliRunner, monkeypatch: pytest.MonkeyPatch) -> None:
        from scheduler import worker

        def fails() -> int:
            raise RuntimeError("of the test")

        monkeypatch.setattr(worker, "JOBS", (worker.Job("texts", 5, fails),))
        ran = runner.invoke(args=["worker", "--once"])
        assert ran.exit_code == 1
        assert "texts: failed" in ran.stdout


class TestDemo:
    def test_it_never_empties_a_database_unasked(self, tmp_path: Path) -> None:
        app = _own_app(tmp_path)
        runner = app.test_cli_runner()
        assert runner.invoke(args=["init"]).exit_code == 0
        with app.app_context():
            make.make_client()
        ran = runner.invoke(args=["demo"])
        assert ran.exit_code == 1
        assert one_line(ran.stderr) == "The database is not empty. Add --yes to delete what is in it."
        with app.app_context():
            assert len(db.session.scalars(select(Client.id)).all()) == 1

    def test_it_is_refused_in_production(self, runner: FlaskCliRunner, app: Flask) -> None:
        app.config["SIDEGATE_PRODUCTION"] = True
        for command in ("demo", "serve"):
            ran = runner.invoke(args=[command])
            assert ran.exit_code == 1
            assert "SIDEGATE_PRODUCTION" in one_line(ran.stderr)

    def test_a_town_that_is_interrupted_leaves_an_empty_database(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def stop(*_: Any) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(town.town_story, "tell", stop)
        app = _own_app(tmp_path)
        ran = app.test_cli_runner().invoke(args=["demo"])
        assert ran.exit_code == 1
        with app.app_context():
            assert db.session.scalars(select(Client.id)).all() == []
            assert db.session.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def _own_app(folder: Path) -> Flask:
    return create_app(
        {
            "DATABASE_URL": f"sqlite:///{folder / 'own.sqlite'}", "INSTANCE_PATH": str(folder), "KEYS": new_keys(),
            "SECRET_KEY": "x" * 40, "TESTING": True,
        }
    )


class TestInit:
    def test_it_makes_the_folder_the_keys_and_the_newest_tables_and_again_changes_nothing(self, tmp_path: Path) -> None:
        folder = tmp_path / "not there yet"
        app = create_app({"INSTANCE_PATH": str(folder), "TESTING": True})
        for _ in range(2):
            assert app.test_cli_runner().invoke(args=["init"]).exit_code == 0
        assert {"keys", "secret_key", "sidegate.sqlite"} <= {path.name for path in folder.iterdir()}
        assert oct((folder / "keys").stat().st_mode)[-3:] == "600"
        with app.app_context():
            assert db.session.scalars(select(Client.id)).all() == []


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Of a process that must read nothing of the developer's installation."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SIDEGATE_")}
    return {
        **kept, "SIDEGATE_DATABASE_URL": f"sqlite:///{tmp_path / 'served.sqlite'}", "SIDEGATE_KEYS": new_keys(),
        "SIDEGATE_SECRET_KEY": "x" * 40, "PYTHONUNBUFFERED": "1",
    }  # fmt: skip


def flask(environment: dict[str, str], *words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *words]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False, **options
    )


def test_settings_that_cannot_be_used_are_one_line(environment: dict[str, str]) -> None:
    ran = flask({**environment, "SIDEGATE_KEYS": "nonsense"}, "check")
    assert ran.returncode == 1
    assert len(ran.stderr.strip().splitlines()) == 1
    assert ran.stderr.startswith("Sidegate cannot start: SIDEGATE_KEYS")


class TestServe:
    def test_a_port_that_is_taken_is_one_line(self, runner: FlaskCliRunner) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = runner.invoke(args=["serve", "--port", str(port)])
        assert ran.exit_code == 1
        assert one_line(ran.stderr).startswith(f"Port {port} is in use by another program: ")

    @pytest.mark.slow
    def test_it_starts_with_a_town_stops_on_ctrl_c_and_starts_again_with_the_same_data(
        self, environment: dict[str, str], start: Callable[..., Served]
    ) -> None:
        first = start()
        for role in ("reception", "outreach", "lead", "manager", "worker"):
            assert f"  {role}\n" in first.said
        assert PASSWORD in first.said
        assert requests.get(f"{first.url}/healthz", timeout=20).status_code == 200
        (link,) = re.findall(rf"{first.url}/a/\w+", first.said)
        assert requests.get(link, timeout=20).status_code == 200
        _until_ready(first.url)
        assert first.stop() == 0
        assert first.said.count("Sidegate has stopped.") == 1
        second = start()
        assert "The database is empty" in first.said
        assert "The database is empty" not in second.said
        assert requests.get(link.replace(first.url, second.url), timeout=20).status_code == 200
        assert second.stop() == 0


def _until_ready(url: str) -> None:
    """The worker is a thread of the same process: it has beaten before long."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if requests.get(f"{url}/readyz", timeout=20).status_code == 200:
            return
        time.sleep(0.5)
    pytest.fail(requests.get(f"{url}/readyz", timeout=20).text)


class Served:
    """A `serve` in a process of its own; `said` is what it printed before it was ready."""

    def __init__(self, environment: dict[str, str]) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "serve", "--port", str(port)], cwd=ROOT, env=environment,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        )
        self.said = ""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if "/handset/" in line:
                break
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            except OSError:
                time.sleep(0.1)
        raise RuntimeError(f"it did not start: {self.said}")

    def stop(self) -> int:
        """What Ctrl-C does: the signal reaches every process of the terminal. Gives the exit code."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)
        self.said += self._process.communicate(timeout=30)[0]
        return self._process.returncode


@pytest.fixture
def start(environment: dict[str, str]) -> Iterator[Callable[[], Served]]:
    started: list[Served] = []

    def one() -> Served:
        started.append(Served(environment))
        return started[-1]

    yield one
    for each in started:
        each.stop()


