"""The real app in gunicorn on a free port, for tests that need HTTP: a browser, a calendar client, a webhook."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from flask import Flask

from .settings import Settings, make_application

ROOT = Path(__file__).parent.parent.parent
SETTINGS_VARIABLE = "SIDEGATE_TEST_SETTINGS"


@dataclass(frozen=True)
class LiveServer:
    """A served app; `app` is its twin in the test's process on the same database, to arrange records and read them."""

    url: str
    app: Flask
    settings: Settings
    log: Path


def served_app() -> Flask:
    """What gunicorn calls in its process: the app of the settings that `serve` passes on."""
    return make_application(json.loads(os.environ[SETTINGS_VARIABLE]))


@contextmanager
def serve(settings: Settings, log: Path) -> Iterator[LiveServer]:
    """Serve the app until the block ends. Its schema must exist. CSRF protection is on, as for real visitors."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        # gunicorn inherits the socket itself, so that nobody can take the port in between.
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = {**settings, "TESTING": False, "PUBLIC_URL": url, "WTF_CSRF_ENABLED": True}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SIDEGATE_")}
        environment[SETTINGS_VARIABLE] = json.dumps(settings)
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listener.fileno()}", "--threads", "2"]
        command += ["--graceful-timeout", "1", "--log-level", "warning", "tests.support.serving:served_app()"]
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()], stdout=output, stderr=output
            )
    try:
        _await_answer(url, process, log)
        yield LiveServer(url, make_application(settings), settings, log)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_answer(url: str, process: "subprocess.Popen[Any]", log: Path) -> None:
    """Wait for the first answer: the socket already listens, so the request waits in its queue while the app starts."""
    try:
        requests.get(f"{url}/healthz", timeout=90)
    except requests.RequestException as failure:
        raise RuntimeError(f"the app did not start (exit {process.poll()}):\n{log.read_text()[-4000:]}") from failure
