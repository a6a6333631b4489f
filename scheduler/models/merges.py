"""Two records of one client made one, and taken apart again when that was a mistake."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, EncryptedText, Instant


class ClientMerge(db.Model):
    """Record `gone_id` was merged into `kept_id`. `moved` lists the ids of what went along, by kind, so that taking the
    records apart gives it back; exclusions and matches are never lost either way (SAFETY.md 2)."""

    __tablename__ = "client_merge"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    gone_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    moved: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON("client_merge.moved"))
    reason: Mapped[str] = mapped_column(EncryptedText("client_merge.reason"))
    merged_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    merged_at: Mapped[datetime] = mapped_column(Instant)
    split_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    split_at: Mapped[datetime | None] = mapped_column(Instant)
    split_reason: Mapped[str | None] = mapped_column(EncryptedText("client_merge.split_reason"))
    __table_args__ = (
        CheckConstraint("kept_id <> gone_id", name="two_records"),
        CheckConstraint("(split_at IS NULL) = (split_by IS NULL)", name="split"),
        Index("ix_client_merge_standing", "split_at", "merged_at"),
    )
