"""The line to the provider, shared by everything in this process that sends: how many texts are under way at once, and
when all of them must wait.

What is about us and not about one text (our account, our rate, a provider that cannot be reached or leaves us in doubt)
holds up everything, so that no text spends its tries, and few are left in doubt, on what waiting would mend.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue

import structlog
from flask import Flask

from scheduler import clock
from scheduler.notifications.gateway import Answer, Gateway, NotTried, Refused, Text, Unknown, gateway_for

log = structlog.get_logger("sidegate")

#: What was claimed and not begun this many seconds later is put back: what made it safe may not be so any more.
BEGIN_WITHIN = 20.0
#: How long answers are gathered before they are recorded together, in seconds.
GATHER = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
#: So many answers one after another that leave us in doubt are no accident.
_DOUBTS = 3
#: How often the provider is asked whether what we send from is still safe.
_FIT_FOR = timedelta(hours=1)


class Line:
    """The way to one provider. Safe to use from several threads."""

    def __init__(self, gateway: Gateway) -> None:
        self.gateway = gateway
        self._lock = threading.Lock()
        self._until: datetime | None = None
        self._pauses = self._doubts = 0
        self._fit_until: datetime | None = None

    def room(self, limit: int) -> int:
        """How many texts may be claimed now: none while everything waits, one to try after that, or `limit`. A sender
        that is not safe, or cannot be shown to be, is as good as no provider."""
        now = clock.now()
        if self._waits(now):
            return 0
        if self._fit_until is None or now >= self._fit_until:
            wrong = self.gateway.unfit()
            if wrong is not None:
                log.error("texts wait", reason=wrong)
                self._pause(now, timedelta(0))
                return 0
            self._fit_until = now + _FIT_FOR
        return 1 if self._until is not None else limit

    def send(self, texts: Sequence[Text]) -> Iterator[list[tuple[int, Answer]]]:
        """Send each of these once; gives each text's number with what came of it, a few at a time, as soon as they are
        known. A text that must wait now is not tried."""
        begin_by = time.monotonic() + BEGIN_WITHIN
        if self.gateway.at_once == 1 or len(texts) < 2:
            yield from ([(text.message_id, self._one(text, begin_by))] for text in texts)
            return
        done: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
        left = len(texts)
        with ThreadPoolExecutor(min(self.gateway.at_once, left), thread_name_prefix="text") as pool:
            for text in texts:
                pool.submit(lambda each=text: done.put((each.message_id, self._one(each, begin_by))))
            while left:
                found = [done.get()]
                until = time.monotonic() + GATHER
                with suppress(Empty):
                    while len(found) < left:
                        found.append(done.get(timeout=max(0.0, until - time.monotonic())))
                left -= len(found)
                yield found

    def _one(self, text: Text, begin_by: float) -> Answer:
        if time.monotonic() > begin_by or self._waits(clock.now()):
            return NotTried()
        try:
            answer = self.gateway.send(text)
        except Exception as problem:
            # The gateway broke its promise; the text may have left.
            log.error("gateway failed", message_id=text.message_id, error=type(problem).__name__)
            answer = Unknown("gateway-failed")
        self._heed(answer)
        return answer

    def _waits(self, now: datetime) -> bool:
        return self._until is not None and now < self._until

    def _heed(self, answer: Answer) -> None:
        """Wait after an answer that is about us; go on after one that is not."""
        now = clock.now()
        with self._lock:
            if isinstance(answer, Unknown):
                self._doubts += 1
                if self._doubts >= _DOUBTS:
                    self._pause(now, timedelta(0))
            elif isinstance(answer, Refused) and answer.ours:
                self._pause(now, answer.wait)
            elif not self._waits(now):  # a late answer from before the pause does not end it
                self._until, self._pauses, self._doubts = None, 0, 0

    def _pause(self, now: datetime, least: timedelta) -> None:
        if self._waits(now):
            self._until = max(self._until or now, now + least)
            return
        pause = min(_FIRST_PAUSE * 2 ** min(self._pauses, 10), _LONGEST_PAUSE) * random.uniform(0.75, 1.0)  # noqa: S311
        self._pauses += 1
        self._until = now + max(pause, least)
        log.warning("texts wait", seconds=round((self._until - now).total_seconds()))


def line_for(app: Flask) -> Line:
    """The line through the app's gateway, one for each."""
    gateway = gateway_for(app)
    found: Line | None = app.extensions.get("sidegate_line")
    if found is None or found.gateway is not gateway:
        found = app.extensions["sidegate_line"] = Line(gateway)
    return found
