"""What is written to the log: events, ids and counts. Never a name, a number, a place, a reason or a path with a token.

Only the fields listed here get through, and of other libraries' messages only the unfilled text: an argument may be
anything.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

#: Fields that a log line may have. All are ids, counts, kinds or names of code.
FIELDS = frozenset({
    "event", "level", "timestamp", "logger", "endpoint", "method", "status", "milliseconds", "error", "where", "job",
    "count", "appointment_id", "client_id", "staff_id", "session_id", "venue_id", "series_id", "message_id",
    "exclusion_id", "case_id", "link_id", "sign_in_id", "token_id", "state", "purpose", "outcome", "attempts",
    "seconds",
})

log = structlog.get_logger("sidegate")


def only_known_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop every field that is not listed, and any value that is not a plain code, id or count."""
    return {name: value for name, value in event.items() if name in FIELDS and _plain(value)}


def _plain(value: Any) -> bool:
    if value is None or isinstance(value, bool | int | float):
        return True
    if isinstance(value, list | tuple):
        return all(_plain(each) for each in value)
    return isinstance(value, str) and len(value) <= 120


class WithoutArguments(logging.Formatter):
    """Another library's message: its logger, level, unfilled text and the kind of its exception."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line of the record."""
        event: MutableMapping[str, Any] = {"event": str(record.msg)[:120], "logger": record.name}
        event["level"] = record.levelname.lower()
        if record.exc_info and record.exc_info[0] is not None:
            event["error"] = record.exc_info[0].__name__
        line = structlog.processors.JSONRenderer()(None, "", only_known_fields(None, "", event))
        return line if isinstance(line, str) else line.decode()


def _started() -> None:
    g.started = time.perf_counter()


def _finished(response: Response) -> Response:
    # The endpoint, not the path: a path may hold the token of a link.
    if request.endpoint and not request.endpoint.endswith("static"):
        taken = time.perf_counter() - g.get("started", time.perf_counter())
        log.debug(
            "request", method=request.method, endpoint=request.endpoint, status=response.status_code,
            milliseconds=round(taken * 1000, 1),
        )
    return response


def init_app(app: Flask) -> None:
    """Configure this process's log, on standard error."""
    level = logging.getLevelNamesMapping().get(str(app.config["SIDEGATE_LOG_LEVEL"]).upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.stdlib.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_known_fields,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Standard error as it is now; as it will be, once whoever had put something else there has closed that.
        logger_factory=lambda *_, at_start=sys.stderr: structlog.PrintLogger(
            sys.stderr if at_start.closed else at_start
        ),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler.formatter, WithoutArguments) for handler in root.handlers):
        handler = logging.StreamHandler()
        handler.setFormatter(WithoutArguments())
        root.addHandler(handler)
    # These write addresses, and so tokens and numbers, at their lower levels.
    for name in ("werkzeug", "twilio", "urllib3", "apscheduler", "sqlalchemy.engine", "flask-limiter"):
        logging.getLogger(name).setLevel(logging.WARNING)
    if level <= logging.DEBUG:
        app.before_request(_started)
        app.after_request(_finished)
