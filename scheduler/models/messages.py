"""The outbox: each message as a row with a state, never with its words. And the local handset's texts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant

PURPOSES = ("confirmation", "reminder", "change", "cancellation", "link")
STATES = (
    "planned", "claimed", "accepted", "sent", "delivered", "undelivered", "failed", "suppressed", "expired", "unknown",
    "cancelled",
)


class Message(db.Model):
    """A text to be sent between `send_after` and `send_before`, or not at all. Its words are made when it is claimed
    and not kept; neither is the number it goes to. `on_day` is a second reminder, on the appointment's own day."""

    __tablename__ = "message"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    appointment_version: Mapped[int | None]
    type_id: Mapped[int | None] = mapped_column(ForeignKey("appointment_type.id"))
    purpose: Mapped[str] = mapped_column(String(14))
    state: Mapped[str] = mapped_column(String(12), default="planned")
    send_after: Mapped[datetime] = mapped_column(Instant)
    send_before: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    outcome: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)
    on_day: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        Index("ix_message_due", "state", "send_after"),
        CheckConstraint(f"purpose IN ({', '.join(map(repr, PURPOSES))})", name="purpose"),
        CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
    )


class HandsetText(db.Model):
    """A text that the local gateway "sent", for demonstrations and training. Never used in production."""

    __tablename__ = "handset_text"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    provider_id: Mapped[str] = mapped_column(String(64), unique=True)
    phone: Mapped[str] = mapped_column(EncryptedText("handset_text.phone"))
    body: Mapped[str] = mapped_column(EncryptedText("handset_text.body"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)


class Heartbeat(db.Model):
    """When each background job last ran, for `/readyz`."""

    __tablename__ = "heartbeat"
    job: Mapped[str] = mapped_column(String(40), primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)


class StaffText(db.Model):
    """A text to someone on the staff that something waits on a desk: a door alert, or a safety case due within a day.
    It says nothing else, and `about_id` is the id of what waits. Its states are a message's; it is kept apart from hers
    so that nothing about staff can hold up or change what is said to her."""

    __tablename__ = "staff_text"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    about: Mapped[str] = mapped_column(String(8))
    about_id: Mapped[int] = mapped_column(BigKey)
    state: Mapped[str] = mapped_column(String(12), default="planned")
    send_after: Mapped[datetime] = mapped_column(Instant)
    send_before: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(default=0)
    claimed_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    provider_id: Mapped[str | None] = mapped_column(String(64), unique=True)
    outcome: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        Index("ix_staff_text_due", "state", "send_after"),
        Index("ix_staff_text_about", "about", "about_id"),
        CheckConstraint("about IN ('alert', 'case')", name="about"),
        CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
    )
