"""A woman with an appointment ahead, and gateways that a test can watch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update

from scheduler.extensions import db
from scheduler.models import Message, SafeContact
from scheduler.notifications.gateway import Accepted, Answer, Listed, Text
from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Booked, Choice
from tests.support import factories as make
from tests.support.factories import at
from tests.support.twilio_fake import Twilio
from tests.support.twilio_server import twilio_fake


class Scene:
    """A venue with a worker's whole days over two weeks, and women who are booked there."""

    def __init__(self, **venue: Any) -> None:
        self.venue = make.make_venue(**venue)
        self.type = make.make_type(most_minutes=600)
        self.sessions: dict[int, tuple[int, int]] = {}

    def session(self, day: int) -> tuple[int, int]:
        if day not in self.sessions:
            worker = make.make_staff()
            self.sessions[day] = worker, make.make_session(
                self.venue, at(8, day=day), at(20, day=day), (worker,), (self.type,), modes=["in-person", "phone"]
            )
        return self.sessions[day]

    def woman(self, **contact: Any) -> int:
        """A client; `safe=None` leaves her without a safe-contact record."""
        client = make.make_client(**contact.pop("client", {}))
        if contact.get("safe", "yes") is not None:
            make.make_safe_contact(client, **contact)
        return client

    def choice(self, client: int, start: datetime | None = None, mode: str = "in-person") -> Choice:
        start = start or at(14, day=10)
        worker, session = self.session((start.date() - at(0).date()).days)
        return Choice(client, self.type, session, worker, mode, start)

    def book(self, client: int, start: datetime | None = None, mode: str = "in-person") -> Booked:
        return booking.book(SYSTEM, self.choice(client, start, mode))


@pytest.fixture
def scene(context: object, clock: object) -> Scene:
    return Scene()


def contact(client: int, **values: Any) -> None:
    """Change her safe-contact record behind everyone's back, as a race would."""
    db.session.execute(update(SafeContact).where(SafeContact.client_id == client).values(**values))
    db.session.commit()


def messages(**wanted: Any) -> list[Message]:
    """Every message, or those with these values, the oldest first."""
    db.session.rollback()
    db.session.expunge_all()
    return list(db.session.scalars(select(Message).filter_by(**wanted).order_by(Message.id)))


def told() -> list[tuple[str, str, str | None]]:
    """Purpose, state and outcome of every message."""
    return [(each.purpose, each.state, each.outcome) for each in messages()]


@dataclass
class Watched:
    """A gateway that keeps what it is given and answers as it is told."""

    at_once: int = 1
    keeps: bool = True
    sent: list[Text] = field(default_factory=list)
    emptied: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    willing: bool = True
    wrong: str | None = None
    answers: list[Answer | Exception] = field(default_factory=list)

    def send(self, text: Text) -> Answer:
        self.sent.append(text)
        answer = self.answers.pop(0) if self.answers else Accepted(f"W{text.message_id}-{len(self.sent)}")
        if isinstance(answer, Exception):
            raise answer
        return answer

    def sent_to(self, number: str, since: datetime) -> Iterable[Listed]:
        return [Listed(f"W{text.message_id}", "sent", text.body) for text in self.sent if text.to == number]

    def unfit(self) -> str | None:
        return self.wrong

    def empty(self, provider_id: str) -> bool:
        self.emptied.append(provider_id)
        return self.willing

    def delete(self, provider_id: str) -> bool:
        self.deleted.append(provider_id)
        return self.willing


@pytest.fixture
def gateway(app: Flask) -> Iterator[Watched]:
    app.extensions["sidegate_gateway"] = watched = Watched()
    yield watched
    app.extensions.pop("sidegate_gateway")


@pytest.fixture
def twilio() -> Iterator[Twilio]:
    with twilio_fake() as fake:
        yield fake


@pytest.fixture
def through_twilio(twilio: Twilio, app: Flask, context: object, clock: object) -> Iterator[Flask]:
    """The app, sending through the fake."""
    app.config.update({f"SIDEGATE_{name}": value for name, value in twilio.settings.items()})
    app.extensions.pop("sidegate_gateway", None)
    yield app
    app.extensions.pop("sidegate_gateway", None)
