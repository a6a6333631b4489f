"""Overrides: two people's decision that two kept-apart people may be near each other all the same (SAFETY.md 5)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, EncryptedText, Instant


class Override(db.Model):
    """One person asks, another decides; one of them is a lead. It is about one exact time to book (`choice`), or about
    a clash that stands already (`case_id`). `appointment_id` is what was booked by it; `until` is when the last of the
    presences that it names is past, and until then it is in the safety queue."""

    __tablename__ = "override"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    case_id: Mapped[int | None] = mapped_column(ForeignKey("safety_case.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    choice: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON("override.choice"))
    reason: Mapped[str] = mapped_column(EncryptedText("override.reason"))
    state: Mapped[str] = mapped_column(String(10), default="asked")
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    asked_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    decided_why: Mapped[str | None] = mapped_column(EncryptedText("override.decided_why"))
    until: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("state IN ('asked', 'given', 'refused')", name="state"),
        CheckConstraint("(state = 'asked') = (decided_by IS NULL)", name="decided"),
        CheckConstraint("state <> 'given' OR decided_by <> asked_by", name="two_people"),
        CheckConstraint("(case_id IS NULL) <> (choice IS NULL)", name="about"),
        Index("ix_override_until", "state", "until"),
    )


class OverrideClash(db.Model):
    """A clash that a given override names: the same `subject` as its safety case, at the very `times` that were decided
    on. When either presence moves, the times differ, and the override names it no more."""

    __tablename__ = "override_clash"
    override_id: Mapped[int] = mapped_column(ForeignKey("override.id"), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True, index=True)
    times: Mapped[str] = mapped_column(String(140))
