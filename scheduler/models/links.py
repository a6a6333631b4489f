"""Her link and the short session that its button starts, the word that may guard it, and what she asks staff for on
it. Only digests of tokens and words are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, EncryptedText, Instant


class Link(db.Model):
    """A link in a text. It is made when the text is claimed for sending; opening it changes nothing, its button
    starts a `LinkSession`. Several uses are allowed until it ends, so that she can come back to change her mind.
    `wrong_words` counts the tries of a word that was not the agreed one."""

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
    wrong_words: Mapped[int] = mapped_column(default=0, server_default="0")


class LinkWord(db.Model):
    """A word that she agreed with staff: her links open only to whoever types it. Kept as a slow hash (argon2)."""

    __tablename__ = "link_word"
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True, autoincrement=False)
    word_hash: Mapped[str] = mapped_column(String(200))
    set_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    set_at: Mapped[datetime] = mapped_column(Instant)


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


class Ask(db.Model):
    """Something that she asks staff for, or that her link tells them: `call` (would like a call), `number` (texts are
    to go to another number, which `words` holds until it is seen to), `word` (her link closed after wrong words)."""

    __tablename__ = "ask"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    words: Mapped[str | None] = mapped_column(EncryptedText("ask.words"))
    made_at: Mapped[datetime] = mapped_column(Instant)
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index("ix_ask_waiting", "seen_at", "made_at"),
        CheckConstraint("kind IN ('call', 'number', 'word')", name="kind"),
        CheckConstraint("words IS NULL OR (kind = 'number' AND seen_at IS NULL)", name="words"),
    )
