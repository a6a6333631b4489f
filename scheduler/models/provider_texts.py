"""What the provider still keeps of our texts, until it has been asked to let go of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, Instant

KEPT = ("words", "record")


class ProviderText(db.Model):
    """A text of ours of which the provider keeps the `words`, or only the `record`. It points to nobody: it outlives
    whatever it was about, and goes when the provider has nothing more. `due_at` is when to ask next, `since` when we
    first knew of it."""

    __tablename__ = "provider_text"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(64), unique=True)
    keeps: Mapped[str] = mapped_column(String(6), default="words")
    since: Mapped[datetime] = mapped_column(Instant)
    due_at: Mapped[datetime] = mapped_column(Instant, index=True)
    tries: Mapped[int] = mapped_column(default=0)
    __table_args__ = (CheckConstraint(f"keeps IN ({', '.join(map(repr, KEPT))})", name="keeps"),)
