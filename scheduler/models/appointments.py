"""Appointments, and the keys that make a repeated request return its first result. Only `services.booking` writes
appointments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant
from scheduler.rules.states import State

_STATES = ", ".join(f"'{state}'" for state in State)


class Appointment(db.Model):
    """A client's appointment. `present_from`/`present_until` are when she is at the site, margins included (SAFETY.md
    1), and empty when it is held at a distance; `busy_from`/`busy_until` are the worker's time with buffers;
    `interpreter` is the language that one is asked for; `own_number` counts a client's own appointments, so that her
    pages need no number that tells of others."""

    __tablename__ = "appointment"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"))
    own_number: Mapped[int]
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), index=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    mode: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(20), default=State.BOOKED)
    start: Mapped[datetime] = mapped_column(Instant)
    end: Mapped[datetime] = mapped_column(Instant)
    busy_from: Mapped[datetime] = mapped_column(Instant)
    busy_until: Mapped[datetime] = mapped_column(Instant)
    present_from: Mapped[datetime | None] = mapped_column(Instant)
    present_until: Mapped[datetime | None] = mapped_column(Instant)
    creche: Mapped[int] = mapped_column(default=0)
    note: Mapped[str | None] = mapped_column(EncryptedText("appointment.note"))
    interpreter: Mapped[str | None] = mapped_column(EncryptedText("appointment.interpreter"))
    cancel_reason: Mapped[str | None] = mapped_column(String(40))
    made_by: Mapped[str] = mapped_column(String(12), default="staff")
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        Index("ix_appointment_venue_start", "venue_id", "start"),
        Index("ix_appointment_site_present", "site_id", "present_from"),
        Index("ix_appointment_client_start", "client_id", "start"),
        Index("ix_appointment_staff_start", "staff_id", "start"),
        Index("ix_appointment_start", "start"),
        Index("uq_appointment_client_own_number", "client_id", "own_number", unique=True),
        CheckConstraint('start < "end"', name="order"),
        CheckConstraint("mode IN ('in-person', 'phone', 'video', 'chat')", name="mode"),
        CheckConstraint(f"state IN ({_STATES})", name="state"),
        CheckConstraint("(mode = 'in-person') = (present_from IS NOT NULL)", name="presence"),
    )


class TimeRequest(db.Model):
    """Up to three times that someone in request mode would like; staff confirm one or offer another (SAFETY.md 4)."""

    __tablename__ = "time_request"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    type_id: Mapped[int] = mapped_column(ForeignKey("appointment_type.id"))
    mode: Mapped[str] = mapped_column(String(12))
    wishes: Mapped[str] = mapped_column(EncryptedText("time_request.wishes"))
    state: Mapped[str] = mapped_column(String(10), default="open")
    made_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    __table_args__ = (
        CheckConstraint("state IN ('open', 'settled', 'withdrawn')", name="state"),
        Index("ix_time_request_state", "state", "made_at"),
    )


class IdempotencyKey(db.Model):
    """What a key was first used for, and what came of it. Kept for a day."""

    __tablename__ = "idempotency_key"
    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    appointment_id: Mapped[int] = mapped_column(ForeignKey("appointment.id"))
    at: Mapped[datetime] = mapped_column(Instant, index=True)
