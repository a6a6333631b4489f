"""Lives that end suddenly: a process with an app of its own that forks another for each life, which the kernel kills.

The app is made once and holds no connection when it forks, so a life begins at once and a test can end hundreds.
"""

from __future__ import annotations

import os
import random
import select
import signal
import traceback
from collections.abc import Callable
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from sqlalchemy import Engine, event

from ..support.processes import _CONTEXT
from ..support.settings import Settings, make_application


class End(NamedTuple):
    """How a life ended: killed, or of itself; and its error, if that is why."""

    killed: bool
    error: str


class Nursery:
    """Begins lives and ends them. Use it as a context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __enter__(self) -> Nursery:
        self._calls, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_keep, args=(theirs, self._settings), daemon=True)
        self._process.start()
        theirs.close()
        return self

    def __exit__(self, *_: object) -> None:
        self._calls.close()
        self._process.join(10)
        self._process.kill()
        self._process.join()

    def kill_after(
        self, done: int, seconds: float, now: datetime, live: Callable[..., Any], *lives: tuple[Any, ...]
    ) -> list[End]:
        """Begin `live(*arguments)` for each of `lives` together; once the first has said so often that it has `done`
        something, let so many seconds pass and kill them all."""
        return self._call(("after", (done, seconds), now, live, lives))

    def kill_at(self, statement: int, now: datetime, live: Callable[..., Any], *arguments: Any) -> End:
        """Begin one life, and kill it when it is about to send its n-th statement; COMMIT is one too."""
        return self._call(("at", statement, now, live, (arguments,)))[0]

    def _call(self, wanted: Any) -> list[End]:
        self._calls.send(wanted)
        if not self._calls.poll(60):
            raise TimeoutError("a life did not end")
        return list(self._calls.recv())


def _keep(calls: Connection, settings: Settings) -> None:
    app = make_application(settings)
    while True:
        try:
            how, when, now, live, lives = calls.recv()
        except EOFError:
            return
        born = [_begin(app, now, live, arguments, when if how == "at" else None) for arguments in lives]
        if how == "after":
            # A life that ends of itself closes its pipes.
            times, seconds = when
            for _ in range(times):
                os.read(born[0][2], 1)
            select.select([born[0][1]], [], [], seconds)
            for pid, *_ in born:
                os.kill(pid, signal.SIGKILL)
        calls.send([_ended(*each) for each in born])


#: Where a life says that it has done something.
_progress = -1


def done() -> None:
    """Say that something is done, in a life that `kill_after` began."""
    os.write(_progress, b".")


def _begin(
    app: Any, now: datetime, live: Callable[..., Any], arguments: Any, statement: int | None
) -> tuple[int, int, int]:
    global _progress
    (ours, theirs), (progress, _progress) = os.pipe(), os.pipe()
    pid = os.fork()
    if pid:
        os.close(theirs)
        os.close(_progress)
        return pid, ours, progress
    os.close(ours)
    os.close(progress)
    status = 0
    try:
        from scheduler import clock

        random.seed()
        clock.set_fixed(now)
        if statement is not None:
            _die_at(statement)
        with app.app_context():
            live(*arguments)
    except BaseException:
        os.write(theirs, traceback.format_exc().encode()[-20_000:])
        status = 1
    os._exit(status)


def _die_at(statement: int) -> None:
    """From now on count what is sent to the database, and die before the n-th of it."""
    sent = 0

    def count(*_: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)
    event.listen(Engine, "commit", count)


def _ended(pid: int, pipe: int, progress: int) -> End:
    os.close(progress)
    told = b""
    while chunk := os.read(pipe, 65_536):
        told += chunk
    os.close(pipe)
    _, status = os.waitpid(pid, 0)
    return End(os.WIFSIGNALED(status), told.decode())
