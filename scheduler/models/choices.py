"""What she was offered and chose, counted; and who waits for a time that suits her."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, Instant

OUTCOMES = ("booked", "moved", "asked", "waiting", "nothing")


class OfferedChoice(db.Model):
    """Of one visit: how much there was to choose from, what she narrowed it by, and what came of it (NEEDS N8).

    Numbers and yes or no, never a time, a place or a word. Of someone in request mode they are the timetable's
    (SAFETY.md 4.2). `asked_*` are true where she said what she would have; `took_*` are empty when she took nothing.
    The client is let go of after a while, and the numbers stay for reports."""

    __tablename__ = "offered_choice"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int | None] = mapped_column(ForeignKey("client.id"), index=True)
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    day: Mapped[date] = mapped_column(index=True)
    outcome: Mapped[str] = mapped_column(String(8))
    places: Mapped[int]
    modes: Mapped[int]
    days: Mapped[int]
    women_workers: Mapped[int]
    women_only: Mapped[int]
    asked_how: Mapped[bool]
    asked_where: Mapped[bool]
    asked_when: Mapped[bool]
    asked_who: Mapped[bool]
    asked_women_only: Mapped[bool]
    asked_children: Mapped[bool]
    took_mode: Mapped[str | None] = mapped_column(String(12))
    took_woman: Mapped[bool | None]
    took_women_only: Mapped[bool | None]
    __table_args__ = (
        CheckConstraint(f"outcome IN ({', '.join(repr(each) for each in OUTCOMES)})", name="outcome"),
        CheckConstraint(
            "places >= 0 AND modes >= 0 AND days >= 0 AND women_workers >= 0 AND women_only >= 0", name="counts"
        ),
    )


class Waiting(db.Model):
    """Someone for whom no time suited: what she would have, and until when she waits (the last day). One open row a
    client. `offered_at` is when staff last sent her the link about it."""

    __tablename__ = "waiting"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    wishes: Mapped[dict[str, Any]] = mapped_column(EncryptedJSON("waiting.wishes"))
    until: Mapped[date]
    state: Mapped[str] = mapped_column(String(10), default="open")
    made_at: Mapped[datetime] = mapped_column(Instant)
    offered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    offered_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("state IN ('open', 'settled', 'withdrawn')", name="state"),
        Index("ix_waiting_state", "state", "made_at"),
    )
