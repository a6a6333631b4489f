"""Sidegate on one machine: web and worker in one command, with a demonstration when there is nothing yet."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import click
from flask import Flask
from gunicorn.app.base import BaseApplication

from scheduler.demo import state
from scheduler.demo.service import PASSWORD
from scheduler.errors import ConfigurationError
from scheduler.extensions import db

HOST = "127.0.0.1"
_USUAL_PORT = 5000
#: Seconds that a request or a job under way may take to end when everything stops.
_GRACE = 3


def run(app: Flask, port: int | None, make_schema: Callable[[], None], load_demo: Callable[[], None]) -> None:
    """Serve until Ctrl-C. Called in an app context. Raises ConfigurationError when the port is taken."""
    public = urlsplit(app.config["SIDEGATE_PUBLIC_URL"])
    if port is None:
        port = public.port if public.hostname == HOST and public.port else _USUAL_PORT
    if public.hostname == HOST:
        app.config["SIDEGATE_PUBLIC_URL"] = f"http://{HOST}:{port}"
    check_free(port)
    make_schema()
    if state.is_empty():
        click.echo("The database is empty: making a small invented town to look at (a few seconds) ...")
        load_demo()
    _greet(app, port)
    # Each process opens its own connections: one that was open across a fork would be shared.
    db.session.remove()
    db.engine.dispose()
    here = os.getpid()
    try:
        _Server(app, port).run()
    except SystemExit:
        # gunicorn ends so, and each of its processes: only the one that was started says it.
        if os.getpid() == here:
            click.echo("Sidegate has stopped.")
        raise


def check_free(port: int) -> None:
    """Raises ConfigurationError when another program has the port."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError:
            raise ConfigurationError(f"Port {port} is not open to you: choose one above 1023 with --port.") from None
        except OSError:
            raise ConfigurationError(
                f"Port {port} is in use by another program: stop it, or choose another port, "
                f"as in `make run ARGS='--port {port + 1}'`."
            ) from None


def _greet(app: Flask, port: int) -> None:
    """Say where it is and, of a demonstration, how to get in."""
    url = f"http://{HOST}:{port}"
    click.echo(f"\nSidegate is at {url} until you press Ctrl-C.")
    logins = state.logins()
    if logins:
        click.echo(f"\nStaff sign in at {url}/sign-in, with the password {PASSWORD}:")
        for login in logins:
            click.echo(f"  {login}")
        token = state.link()
        if token is not None:
            click.echo(f"\nA client's own link, good for seven days:\n  {url}/a/{token}")
        click.echo(f"\nTexts are not sent but shown at {url}/handset/\n")


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn with one process of several threads, which is all that one machine needs; the worker is a thread too."""

    def __init__(self, app: Flask, port: int) -> None:
        self._app, self._port = app, port
        self._stop = threading.Event()
        self._worker: threading.Thread | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            "bind": f"{HOST}:{self._port}",
            "workers": 1,
            "worker_class": "gthread",
            "threads": 8,
            "graceful_timeout": _GRACE,
            "loglevel": "warning",
            "control_socket_disable": True,
            "post_worker_init": self._start_worker,
            "worker_exit": self._stop_worker,
        }.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._app

    def _start_worker(self, _process: Any) -> None:
        from scheduler import worker

        self._worker = threading.Thread(target=worker.run, args=(self._app, self._stop), daemon=True, name="worker")
        self._worker.start()

    def _stop_worker(self, _server: Any, _process: Any) -> None:
        self._stop.set()
        if self._worker is not None:
            self._worker.join(_GRACE)
