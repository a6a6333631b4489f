"""What any provider of texts must do, and the three answers that it can give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from flask import Flask

from scheduler.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Text:
    """A text to be sent once. `until` is when it must have left, in UTC: the end of her safe time. Its words and number
    are kept out of every log. `kind` says what `message_id` counts: a client's messages or the texts to staff, so that
    a receipt for one is never taken for the other's."""

    message_id: int
    to: str = field(repr=False)
    body: str = field(repr=False)
    until: datetime
    kind: str = "message"


@dataclass(frozen=True, slots=True)
class Accepted:
    """The provider took it. `state` is how far it says it got already."""

    provider_id: str
    state: str = "accepted"


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider certainly did not take it. `outcome` is a short code for staff; `again` says whether to try later,
    and not before `wait`; `stopped` that the number asked for no more texts."""

    outcome: str
    again: bool = False
    wait: timedelta = timedelta(0)
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been taken or not: it is never sent again."""

    outcome: str


Answer = Accepted | Refused | Unknown


@dataclass(frozen=True, slots=True)
class Listed:
    """A text that the provider says it has."""

    provider_id: str
    state: str
    body: str = field(repr=False)


class Gateway(Protocol):
    """A provider of texts. `at_once` is how many may be under way at the same time."""

    at_once: int

    def send(self, text: Text) -> Answer:
        """Send one text, and say what came of it. Does not raise for anything that the provider did."""
        ...

    def sent_to(self, number: str, since: datetime) -> Iterable[Listed]:
        """The texts to `number` that the provider took since then, to learn what became of an unknown one."""
        ...


def check(app: Flask) -> None:
    """Start-up check of the settings that choose a gateway. Raises ConfigurationError with one clear line."""
    chosen, sender = app.config["SIDEGATE_SMS_GATEWAY"], str(app.config["SIDEGATE_TWILIO_FROM"])
    if chosen not in ("handset", "twilio"):
        raise ConfigurationError("SIDEGATE_SMS_GATEWAY must be handset or twilio.")
    if chosen == "handset":
        return
    if not app.config["SIDEGATE_TWILIO_ACCOUNT_SID"] or not app.config["SIDEGATE_TWILIO_AUTH_TOKEN"]:
        raise ConfigurationError("Texts through Twilio need its account and auth token, SIDEGATE_TWILIO_….")
    # A name as sender gives her away, and cannot be answered with STOP.
    if not app.config["SIDEGATE_TWILIO_MESSAGING_SERVICE_SID"] and not sender.startswith("+44"):
        raise ConfigurationError("Texts need SIDEGATE_TWILIO_FROM, a +44 number, or a Twilio messaging service.")


def gateway_for(app: Flask) -> Gateway:
    """The gateway that the settings choose, one for each app."""
    found: Gateway | None = app.extensions.get("sidegate_gateway")
    if found is None:
        if app.config["SIDEGATE_SMS_GATEWAY"] == "twilio":
            from scheduler.notifications.twilio import TwilioGateway

            found = TwilioGateway.from_settings(app.config)
        else:
            from scheduler.notifications.handset import Handset

            found = Handset()
        app.extensions["sidegate_gateway"] = found
    return found
