"""Whether women felt safe, counted without anyone's name; and of which appointments the question was answered.

There is no row per answer: nothing that an answer could be put beside (an id, a time, a place in a sequence, the
transaction it was written in) and so be traced to the woman who gave it. One row holds a venue's month, and each answer
adds one to one of its numbers.
"""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db


class FeltSafe(db.Model):
    """How many women said what of a venue in a month (as 2026-03, in the service's zone)."""

    __tablename__ = "felt_safe"
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"), primary_key=True, autoincrement=False)
    month: Mapped[str] = mapped_column(String(7), primary_key=True)
    yes: Mapped[int] = mapped_column(default=0)
    not_really: Mapped[int] = mapped_column(default=0)
    rather_not: Mapped[int] = mapped_column(default=0)
    __table_args__ = (CheckConstraint("yes >= 0 AND not_really >= 0 AND rather_not >= 0", name="counts"),)


class AskedAfterwards(db.Model):
    """She has answered about this appointment, so she is not asked again. Not when, and not what."""

    __tablename__ = "asked_afterwards"
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"), primary_key=True, autoincrement=False)
