"""Her link and the short session that its button starts. Only digests of tokens are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, Instant


class Link(db.Model):
    """A link in a text. It is made when the text is claimed for sending; opening it changes nothing, its button
    starts a `LinkSession`. Several uses are allowed until it ends, so that she can come back to change her mind."""

    __tablename__ = "link"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"))
    type_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_type.id"))
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    used_at: Mapped[datetime | None] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class LinkSession(db.Model):
    """A few minutes of hers: the cookie's digest and the choices made so far."""

    __tablename__ = "link_session"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    link_id: Mapped[int] = mapped_column(ForeignKey("link.id"), index=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    choices: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON("link_session.choices"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
