"""Texts that came back: what each means, about which appointment, and whether someone has seen to it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant
from scheduler.rules.replies import Meaning


class Reply(db.Model):
    """A text that came back. No client is named where a number is not one client's alone. `provider_id` is the
    provider's own, so that what it delivers twice is kept once; the number it came from is not kept. The words stay
    only of what could not be understood, encrypted, for a few days."""

    __tablename__ = "reply"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    appointment_version: Mapped[int | None]
    meaning: Mapped[str] = mapped_column(String(12))
    words: Mapped[str | None] = mapped_column(EncryptedText("reply.words"))
    received_at: Mapped[datetime] = mapped_column(Instant, index=True)
    seen_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    seen_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        Index("ix_reply_waiting", "meaning", "seen_at"),
        CheckConstraint(f"meaning IN ({', '.join(repr(str(each)) for each in Meaning)})", name="meaning"),
        CheckConstraint("words IS NULL OR (meaning = 'other' AND client_id IS NOT NULL)", name="words"),
        CheckConstraint("appointment_id IS NULL OR client_id IS NOT NULL", name="whose"),
        CheckConstraint("meaning <> 'coming' OR appointment_id IS NOT NULL", name="about"),
    )
