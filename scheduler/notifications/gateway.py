"""What any provider of texts must do, and the answers that it can give."""

from __future__ import annotations

import re
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
    and not before `wait`; `stopped` that the number asked for no more texts; `ours` that it is about us and not about
    this text, so that every other one must wait too."""

    outcome: str
    again: bool = False
    wait: timedelta = timedelta(0)
    stopped: bool = False
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have been taken or not: it is never sent again."""

    outcome: str


@dataclass(frozen=True, slots=True)
class NotTried:
    """It was not given to the provider at all: it is as if it had never been claimed."""

    outcome: str = "not-tried"


Answer = Accepted | Refused | Unknown | NotTried


@dataclass(frozen=True, slots=True)
class Listed:
    """A text that the provider says it has; `outcome` is a short code for staff of why it did not arrive."""

    provider_id: str
    state: str
    body: str = field(repr=False)
    outcome: str | None = None


class Gateway(Protocol):
    """A provider of texts. `at_once` is how many may be under way at the same time; `keeps` whether it keeps copies of
    them that must be asked to go."""

    at_once: int
    keeps: bool

    def send(self, text: Text) -> Answer:
        """Send one text, and say what came of it. Does not raise for anything that the provider did."""
        ...

    def sent_to(self, number: str, since: datetime) -> Iterable[Listed]:
        """The texts to `number` that the provider took since then, to learn what became of an unknown one."""
        ...

    def unfit(self) -> str | None:
        """Why nothing may be sent through it just now, in a few words for the log; None when it may."""
        ...

    def empty(self, provider_id: str) -> bool:
        """Have the provider drop the words of a text; True once it has none. Twice is once."""
        ...

    def delete(self, provider_id: str) -> bool:
        """Have the provider drop a text, its number and all; True once it is gone. Twice is once."""
        ...


#: A whole +44 number, from which a text looks like any other. A name or a short code says who sent it, and cannot be
#: answered with STOP.
SAFE_SENDER = re.compile(r"\+44[1-9]\d{8,9}")
_SERVICE = re.compile(r"MG[0-9a-f]{32}")


def check(app: Flask) -> None:
    """Start-up check of the settings that choose a gateway. Raises ConfigurationError with one clear line."""
    chosen = app.config["SIDEGATE_SMS_GATEWAY"]
    if chosen not in ("handset", "twilio"):
        raise ConfigurationError("SIDEGATE_SMS_GATEWAY must be handset or twilio.")
    if chosen == "handset":
        return
    account, token, sender, service = (
        str(app.config[f"SIDEGATE_TWILIO_{name}"])
        for name in ("ACCOUNT_SID", "AUTH_TOKEN", "FROM", "MESSAGING_SERVICE_SID")
    )
    if not account or not token:
        raise ConfigurationError("Texts through Twilio need its account and auth token, SIDEGATE_TWILIO_….")
    # What a messaging service sends from is asked before anything is sent (`Gateway.unfit`).
    if service:
        if not _SERVICE.fullmatch(service):
            raise ConfigurationError(
                "SIDEGATE_TWILIO_MESSAGING_SERVICE_SID must be MG and 32 figures and letters from a to f."
            )
    elif not SAFE_SENDER.fullmatch(sender):
        raise ConfigurationError("Texts need SIDEGATE_TWILIO_FROM, a whole +44 number, or a Twilio messaging service.")


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
