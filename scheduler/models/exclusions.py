"""Exclusions: whom a client must be kept from, who that may be among the people we know, and what came of it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, EncryptedText, Instant


class NamedPerson(db.Model):
    """The person that an exclusion names, as it was told to us: any part may be missing. `too_little` is true when what
    is known cannot tell this person from many others, so that a lead asks for more."""

    __tablename__ = "named_person"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    names: Mapped[list[str]] = mapped_column(EncryptedJSON("named_person.names"))
    date_of_birth: Mapped[str | None] = mapped_column(EncryptedText("named_person.date_of_birth"))
    phone: Mapped[str | None] = mapped_column(EncryptedText("named_person.phone"))
    description: Mapped[str | None] = mapped_column(EncryptedText("named_person.description"))
    too_little: Mapped[bool] = mapped_column(default=False)


class Exclusion(db.Model):
    """One client protected from one named person (SAFETY.md 2). It never ends by itself: `review_on` is only a date
    to look again, and closing it takes a reason and a second person."""

    __tablename__ = "exclusion"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    named_person_id: Mapped[int] = mapped_column(ForeignKey("named_person.id"), index=True)
    separation: Mapped[str] = mapped_column(String(8), default="gap")
    gap_minutes: Mapped[int] = mapped_column(default=30)
    source: Mapped[str] = mapped_column(String(16))
    notes: Mapped[str | None] = mapped_column(EncryptedText("exclusion.notes"))
    review_on: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    recorded_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    closing_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closing_reason: Mapped[str | None] = mapped_column(EncryptedText("exclusion.closing_reason"))
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint("separation IN ('gap', 'day', 'series', 'site')", name="separation"),
        CheckConstraint("gap_minutes BETWEEN 0 AND 1440", name="gap_minutes"),
        CheckConstraint("source IN ('told-us', 'marac', 'court-order', 'police', 'staff')", name="source"),
        CheckConstraint("active OR (closing_by IS NOT NULL AND closed_by IS NOT NULL AND closing_by <> closed_by)",
                        name="closed_by_two"),
    )


class ExclusionSite(db.Model):
    """A site at which the named person of a `site` exclusion is never booked."""

    __tablename__ = "exclusion_site"
    exclusion_id: Mapped[int] = mapped_column(ForeignKey("exclusion.id"), primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)


class ExclusionEvent(db.Model):
    """One line of an exclusion's history. Rows are only ever added."""

    __tablename__ = "exclusion_event"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    exclusion_id: Mapped[int] = mapped_column(ForeignKey("exclusion.id"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    what: Mapped[str] = mapped_column(String(40))
    detail: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON("exclusion_event.detail"))


class Match(db.Model):
    """A person we know who may be, is, or is not a named person. Possible counts as yes; only a lead decides."""

    __tablename__ = "match"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    named_person_id: Mapped[int] = mapped_column(ForeignKey("named_person.id"))
    person_kind: Mapped[str] = mapped_column(String(6))
    person_id: Mapped[int] = mapped_column(BigKey)
    state: Mapped[str] = mapped_column(String(10), default="possible")
    score: Mapped[int]
    why: Mapped[str | None] = mapped_column(EncryptedText("match.why"))
    found_at: Mapped[datetime] = mapped_column(Instant)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(Instant)
    reason: Mapped[str | None] = mapped_column(EncryptedText("match.reason"))
    __table_args__ = (
        CheckConstraint("state IN ('possible', 'confirmed', 'dismissed')", name="state"),
        CheckConstraint("person_kind IN ('client', 'staff')", name="person_kind"),
        Index("uq_match_pair", "named_person_id", "person_kind", "person_id", unique=True),
        Index("ix_match_person", "person_kind", "person_id"),
    )


class SafetyCase(db.Model):
    """A clash that someone must settle before `due_at`: two presences, or one presence and a women-only time
    (SAFETY.md 6). `subject` is the same for the same clash, so that it is never queued twice; `escalated_at` is when
    the on-call lead was last told that it is due within a day."""

    __tablename__ = "safety_case"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), unique=True)
    rule: Mapped[str] = mapped_column(String(12))
    exclusion_id: Mapped[int | None] = mapped_column(ForeignKey("exclusion.id"), index=True)
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    other_appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    other_session_id: Mapped[int | None] = mapped_column(ForeignKey("session.id"))
    due_at: Mapped[datetime] = mapped_column(Instant)
    opened_at: Mapped[datetime] = mapped_column(Instant)
    closed_at: Mapped[datetime | None] = mapped_column(Instant)
    escalated_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (Index("ix_safety_case_open", "closed_at", "due_at"),)


class Alert(db.Model):
    """A named person has come in while a protected woman was there or due (SAFETY.md 5). It waits until someone says
    what was done. `person_id` is empty when whoever came is known by description only; `appointment_id` is hers."""

    __tablename__ = "alert"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    exclusion_id: Mapped[int] = mapped_column(ForeignKey("exclusion.id"), index=True)
    person_kind: Mapped[str | None] = mapped_column(String(6))
    person_id: Mapped[int | None] = mapped_column(BigKey)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"))
    appointment_id: Mapped[int | None] = mapped_column(ForeignKey("appointment.id"), index=True)
    raised_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    what_was_done: Mapped[str | None] = mapped_column(EncryptedText("alert.what_was_done"))
    __table_args__ = (
        CheckConstraint("person_kind IN ('client', 'staff')", name="person_kind"),
        CheckConstraint("(settled_at IS NULL) = (what_was_done IS NULL)", name="settled"),
        Index("ix_alert_open", "settled_at", "raised_at"),
    )
