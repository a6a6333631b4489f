"""The words of texts as managers set them, and who checked those of a language."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.messages import PURPOSES
from scheduler.models.types import BigKey, EncryptedText, Instant

_WORDED = (*PURPOSES, "staff")


class TextWords(db.Model):
    """The words of one text in one language. None means the built-in ones: the row stays, so that its version goes on
    counting."""

    __tablename__ = "text_words"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    language: Mapped[str] = mapped_column(String(8))
    purpose: Mapped[str] = mapped_column(String(14))
    words: Mapped[str | None] = mapped_column(Text)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        UniqueConstraint("language", "purpose"),
        CheckConstraint(f"purpose IN ({', '.join(map(repr, _WORDED))})", name="purpose"),
    )


class LanguageCheck(db.Model):
    """Someone who grew up with a language has read its texts. `digest` is of the words that they read, so that a change
    since is seen, a new version's among them."""

    __tablename__ = "language_check"
    language: Mapped[str] = mapped_column(String(8), primary_key=True)
    checked_by: Mapped[str] = mapped_column(EncryptedText("language_check.checked_by"))
    checked_on: Mapped[date]
    digest: Mapped[str] = mapped_column(String(64))
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
