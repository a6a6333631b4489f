"""That someone here told a client of an appointment: what a text could not do, or did not."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, Instant

HOW = ("in-person", "call", "other")


class Telling(db.Model):
    """She was told of an appointment as it was at `version`; a later change is something to tell her again."""

    __tablename__ = "telling"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), index=True)
    version: Mapped[int]
    how: Mapped[str] = mapped_column(String(10))
    told_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    told_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (CheckConstraint(f"how IN ({', '.join(map(repr, HOW))})", name="how"),)
