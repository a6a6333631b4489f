"""The local gateway: keeps each text in a table, for the page that shows it as on a phone. Never used in production."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import HandsetText
from scheduler.notifications.gateway import Accepted, Answer, Listed, Text
from scheduler.services.transaction import by_row_locks


class Handset:
    """A drawer of phones. Whatever is sent has arrived."""

    at_once = 1
    keeps = False

    def send(self, text: Text) -> Answer:
        """Keep the text."""
        provider_id = f"HS{secrets.token_hex(16)}"
        _keep(provider_id, text.to, text.body)
        return Accepted(provider_id, "delivered")

    def sent_to(self, number: str, since: datetime) -> Iterable[Listed]:
        """The texts kept for this number."""
        rows = db.session.execute(select(HandsetText).where(HandsetText.at >= since)).scalars().all()
        return [Listed(row.provider_id, "delivered", row.body) for row in rows if row.phone == number]

    def unfit(self) -> str | None:
        """Nothing can be wrong with a drawer."""
        return None

    def empty(self, provider_id: str) -> bool:
        """The page that shows it is for training, and keeps it."""
        return True

    delete = empty


@by_row_locks
def _keep(provider_id: str, phone: str, body: str) -> None:
    row = {"provider_id": provider_id, "phone": phone, "body": body, "at": clock.now()}
    db.session.execute(insert(HandsetText), row)
