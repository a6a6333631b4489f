"""A test text to one's own phone."""

from __future__ import annotations

from datetime import timedelta

from flask import Flask, current_app

from scheduler import clock
from scheduler.notifications import forgetting
from scheduler.notifications.gateway import Answer, Text, gateway_for
from scheduler.notifications.line import Line
from scheduler.services import texts
from scheduler.services.actors import Actor

#: All that a test text says, whoever picks up the phone.
WORDS = "This is a test."
#: A test that has not left by then is not wanted any more.
_LASTS = timedelta(minutes=10)


def send(actor: Actor) -> Answer:
    """Send the actor a test text the way hers go, once. It is in no outbox: whatever comes of it is said now or never,
    and a receipt for it settles nothing. Raises NotAllowed, NotFound, Invalid when no number is recorded."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    number = texts.number_to_test(actor)  # its transaction ends before anything is sent
    gateway = gateway_for(app)
    [[(_, answer)]] = Line(gateway).send([Text(0, number, WORDS, clock.now() + _LASTS, "test")])
    if gateway.keeps:
        forgetting.remember(answer)
    return answer
