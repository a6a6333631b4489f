"""Processes that do something at the same instant, each with its own app: what threads of one process cannot show."""

import multiprocessing
import pickle
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from queue import Empty
from typing import Any

from .settings import Settings, make_application

# A fork server has imported the app already and holds no connection: each process starts clean, and at once.
_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    ["tests.support.settings", "scheduler.cli"]
    + [f"scheduler.web.{name}" for name in ("account", "api", "handset", "hooks", "link", "manage", "outreach")]
    + ["scheduler.web.reception", "scheduler.web.safeguarding", "psycopg"]
)


@dataclass(frozen=True)
class Outcome:
    """What one process came to: a `value`, or an `error` with its traceback as text."""

    value: Any = None
    error: Exception | None = None
    trace: str = ""

    @property
    def succeeded(self) -> bool:
        return self.error is None


def run_together(
    settings: Settings,
    target: Callable[..., Any],
    arguments: Sequence[tuple[Any, ...]],
    *,
    now: datetime | None = None,
    timeout: float = 120.0,
) -> list[Outcome]:
    """Call `target(app, *arguments[i])` in one process for each of `arguments`, all released by one barrier.

    `target` is a module-level function that is called within `app`'s context, with the clock stopped at `now` if given;
    its arguments and its value must pickle. The outcomes are in the order of `arguments`. Raises TimeoutError when a
    process has not answered after `timeout` seconds, and ends them all: a deadlock fails, it does not hang.
    """
    barrier = _CONTEXT.Barrier(len(arguments))
    answers: Any = _CONTEXT.Queue()
    processes = [
        _CONTEXT.Process(
            target=_one, args=(position, barrier, answers, settings, target, each, now, timeout), daemon=True
        )
        for position, each in enumerate(arguments)
    ]
    deadline = time.monotonic() + timeout
    outcomes: dict[int, Outcome] = {}
    try:
        for process in processes:
            process.start()
        while len(outcomes) < len(processes):
            try:
                position, packed = answers.get(timeout=0.5)
                outcomes[position] = _unpickled(packed)
            except Empty:
                dead = [process.exitcode for process in processes if process.exitcode]
                if dead or time.monotonic() > deadline:
                    raise TimeoutError(
                        f"{len(processes) - len(outcomes)} of {len(processes)} processes did not answer "
                        f"in {timeout:.0f} s (exit codes of dead ones: {dead})"
                    ) from None
        for process in processes:
            process.join(10)
    finally:
        for process in processes:
            if process.pid is not None:
                process.kill()
                process.join()
    return [outcomes[position] for position in range(len(processes))]


def _one(
    position: int,
    barrier: Any,
    answers: Any,
    settings: Settings,
    target: Callable[..., Any],
    arguments: tuple[Any, ...],
    now: datetime | None,
    timeout: float,
) -> None:
    """What each process does."""
    released = False
    try:
        from scheduler import clock

        clock.set_fixed(now)
        app = make_application(settings)
        with app.app_context():
            barrier.wait(timeout)
            released = True
            outcome = Outcome(value=target(app, *arguments))
    except Exception as error:
        if not released:
            # The others must not wait for one that never came. Once released, some may still be leaving the barrier.
            barrier.abort()
        outcome = Outcome(error=error, trace=traceback.format_exc())
    answers.put((position, _pickled(outcome)))


def _pickled(outcome: Outcome) -> bytes:
    """The outcome as bytes that surely unpickle: an error or value that does not is replaced by its description."""
    try:
        packed = pickle.dumps(_taken_apart(outcome))
        pickle.loads(packed)
    except Exception as unpicklable:
        described = RuntimeError(repr(outcome.error if outcome.error is not None else unpicklable))
        packed = pickle.dumps(_taken_apart(Outcome(error=described, trace=outcome.trace)))
    return packed


def _taken_apart(outcome: Outcome) -> tuple[Any, ...]:
    """An exception whose constructor takes other arguments than its `args` does not unpickle, so it goes in parts."""
    error = outcome.error
    return outcome.value, error and (type(error), error.args, vars(error)), outcome.trace


def _unpickled(packed: bytes) -> Outcome:
    value, parts, trace = pickle.loads(packed)
    if parts is None:
        return Outcome(value=value)
    kind, arguments, attributes = parts
    error = kind.__new__(kind, *arguments)
    error.args = arguments
    vars(error).update(attributes)
    return Outcome(error=error, trace=trace)
