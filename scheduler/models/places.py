"""Sites, venues, their opening times and closures. Names and addresses are encrypted: a refuge's must be, and a
table in which only some rows are would say which."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant
from scheduler.rules.audience import Audience

VENUE_KINDS = ("hub", "gp", "refuge", "family-hub", "community", "online", "other")


class Site(db.Model):
    """A place with one entrance or waiting area. Venues that share it are one place to every safety rule."""

    __tablename__ = "site"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(EncryptedText("site.name"))


class SiteNeighbour(db.Model):
    """Two sites whose doors are in sight of each other; both directions are stored."""

    __tablename__ = "site_neighbour"
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    neighbour_id: Mapped[int] = mapped_column(ForeignKey("site.id"), primary_key=True)
    __table_args__ = (CheckConstraint("site_id <> neighbour_id", name="not_itself"),)


class Venue(db.Model):
    """Somewhere appointments are held. `label` is the neutral name that anyone may see of a confidential venue."""

    __tablename__ = "venue"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("site.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    confidential: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    zone: Mapped[str] = mapped_column(String(40), default="Europe/London")
    arrive_early: Mapped[int] = mapped_column(default=15)
    leave_late: Mapped[int] = mapped_column(default=15)
    creche: Mapped[bool] = mapped_column(default=False)
    step_free: Mapped[bool] = mapped_column(default=False)
    name: Mapped[str] = mapped_column(EncryptedText("venue.name"))
    label: Mapped[str] = mapped_column(EncryptedText("venue.label"))
    address: Mapped[str | None] = mapped_column(EncryptedText("venue.address"))
    postcode: Mapped[str | None] = mapped_column(EncryptedText("venue.postcode"))
    phone: Mapped[str | None] = mapped_column(EncryptedText("venue.phone"))
    directions: Mapped[str | None] = mapped_column(EncryptedText("venue.directions"))
    entrance: Mapped[str | None] = mapped_column(EncryptedText("venue.entrance"))
    parking: Mapped[str | None] = mapped_column(EncryptedText("venue.parking"))
    bus: Mapped[str | None] = mapped_column(EncryptedText("venue.bus"))
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint("arrive_early BETWEEN 0 AND 240", name="arrive_early"),
        CheckConstraint("leave_late BETWEEN 0 AND 240", name="leave_late"),
    )


class OpeningWindow(db.Model):
    """A weekly opening time. Minutes are after local midnight; dates are the first and the last day it holds."""

    __tablename__ = "opening_window"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"), index=True)
    weekday: Mapped[int]
    from_minute: Mapped[int]
    until_minute: Mapped[int]
    audience: Mapped[str] = mapped_column(String(10), default=Audience.EVERYONE)
    clear_before: Mapped[int] = mapped_column(default=0)
    clear_after: Mapped[int] = mapped_column(default=0)
    women_staff_only: Mapped[bool] = mapped_column(default=True)
    valid_from: Mapped[date | None]
    valid_until: Mapped[date | None]
    __table_args__ = (
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("from_minute >= 0 AND from_minute < until_minute AND until_minute <= 1440", name="minutes"),
        CheckConstraint("audience IN ('everyone', 'women')", name="audience"),
    )


class Closure(db.Model):
    """A span of time in which a venue is shut whatever its opening times say."""

    __tablename__ = "closure"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"))
    start: Mapped[datetime] = mapped_column(Instant)
    end: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (CheckConstraint('start < "end"', name="order"), Index("ix_closure_venue_end", "venue_id", "end"))
