"""Appointment types, series of sessions, and the dated sessions themselves."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant, JsonList
from scheduler.rules.audience import Audience


class AppointmentType(db.Model):
    """What an appointment is for, in neutral words, and how long it takes. Minutes throughout; `notice` is the least
    time before a start at which she can book it herself, `change_until` at which she can change it herself."""

    __tablename__ = "appointment_type"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    minutes: Mapped[int] = mapped_column(default=30)
    least_minutes: Mapped[int] = mapped_column(default=30)
    most_minutes: Mapped[int] = mapped_column(default=30)
    buffer_before: Mapped[int] = mapped_column(default=0)
    buffer_after: Mapped[int] = mapped_column(default=0)
    notice: Mapped[int] = mapped_column(default=60)
    horizon_days: Mapped[int] = mapped_column(default=56)
    change_until: Mapped[int] = mapped_column(default=60)
    self_service: Mapped[bool] = mapped_column(default=True)
    group: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    __table_args__ = (
        CheckConstraint("least_minutes > 0 AND least_minutes <= minutes AND minutes <= most_minutes", name="minutes"),
    )


class Series(db.Model):
    """A recurrence from which sessions are made. `rule` is an RRULE without DTSTART, read in the venue's wall-clock
    time; `modes` and `types` are lists; `staff` are the workers of its sessions."""

    __tablename__ = "series"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"), index=True)
    title: Mapped[str] = mapped_column(EncryptedText("series.title"))
    rule: Mapped[str] = mapped_column(String(300))
    first_day: Mapped[date]
    last_day: Mapped[date | None]
    at_minute: Mapped[int]
    minutes: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12), default="one-to-one")
    audience: Mapped[str] = mapped_column(String(10), default=Audience.EVERYONE)
    modes: Mapped[list[str]] = mapped_column(JsonList)
    types: Mapped[list[int]] = mapped_column(JsonList)
    staff: Mapped[list[int]] = mapped_column(JsonList)
    seats: Mapped[int | None]
    creche: Mapped[int] = mapped_column(default=0)
    room: Mapped[str | None] = mapped_column(String(40))
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    made_until: Mapped[date | None]
    active: Mapped[bool] = mapped_column(default=True)
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint("kind IN ('one-to-one', 'group', 'drop-in')", name="kind"),
        CheckConstraint("audience IN ('everyone', 'women')", name="audience"),
        CheckConstraint("minutes BETWEEN 5 AND 1440", name="minutes"),
        CheckConstraint("at_minute BETWEEN 0 AND 1439", name="at_minute"),
    )


class Session(db.Model):
    """One dated occurrence: a venue, a time, workers, and for whom. One-to-one time is cut from it on demand; a group
    has `seats`. `site_id` is the venue's, kept here so that a day at a site is one index range. `series_day` is the
    local day on which its series has it, wherever it was moved: a day of a series is made once. `enrolment_id` is the
    series that its own was split from ("this and following"), if any: a split does not make it another group."""

    __tablename__ = "session"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    enrolment_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    series_day: Mapped[date | None]
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"))
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"))
    title: Mapped[str] = mapped_column(EncryptedText("session.title"))
    start: Mapped[datetime] = mapped_column(Instant)
    end: Mapped[datetime] = mapped_column(Instant)
    kind: Mapped[str] = mapped_column(String(12), default="one-to-one")
    audience: Mapped[str] = mapped_column(String(10), default=Audience.EVERYONE)
    modes: Mapped[list[str]] = mapped_column(JsonList)
    types: Mapped[list[int]] = mapped_column(JsonList)
    seats: Mapped[int | None]
    creche: Mapped[int] = mapped_column(default=0)
    room: Mapped[str | None] = mapped_column(String(40))
    cancelled_at: Mapped[datetime | None] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        Index("uq_session_series_day", "series_id", "series_day", unique=True),
        Index("ix_session_venue_start", "venue_id", "start"),
        Index("ix_session_site_start", "site_id", "start"),
        Index("ix_session_start", "start"),
        CheckConstraint('start < "end"', name="order"),
        CheckConstraint("kind IN ('one-to-one', 'group', 'drop-in')", name="kind"),
        CheckConstraint("audience IN ('everyone', 'women')", name="audience"),
    )


class SessionStaff(db.Model):
    """A worker, mentor or volunteer of a session. Its times are kept here too, so that "is this worker anywhere else?"
    is one index range."""

    __tablename__ = "session_staff"
    session_id: Mapped[int] = mapped_column(ForeignKey("session.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    start: Mapped[datetime] = mapped_column(Instant)
    end: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (Index("ix_session_staff_staff_start", "staff_id", "start"),)


#: What counts as one group series for keeping people apart (SAFETY.md 2, `series`): the one others were split from.
ENROLMENT = func.coalesce(Session.__table__.c.enrolment_id, Session.__table__.c.series_id)
