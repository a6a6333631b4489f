"""Staff, volunteers and mentors: who they are, what they may do, and their signed-in sessions and tokens."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedText, Instant, JsonList

ROLES = ("reception", "outreach", "lead", "manager", "worker")


class Staff(db.Model):
    """Someone who works here. `sees_clients` makes them a worker who can be booked; `woman` is recorded as female,
    who may staff women-only times; `languages` are those they speak with clients besides English, by their English
    names. `username` and `password_hash` are set for those who sign in."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    job: Mapped[str] = mapped_column(String(40), default="worker")
    sees_clients: Mapped[bool] = mapped_column(default=False)
    woman: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)
    on_call: Mapped[bool] = mapped_column(default=False)
    given_name: Mapped[str] = mapped_column(EncryptedText("staff.given_name"))
    family_name: Mapped[str] = mapped_column(EncryptedText("staff.family_name"))
    phone: Mapped[str | None] = mapped_column(EncryptedText("staff.phone"))
    date_of_birth: Mapped[str | None] = mapped_column(EncryptedText("staff.date_of_birth"))
    languages: Mapped[list[str] | None] = mapped_column(JsonList)
    username: Mapped[str | None] = mapped_column(String(60), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    version: Mapped[int] = mapped_column(default=1)
    __table_args__ = (
        CheckConstraint("role IN ('reception', 'outreach', 'lead', 'manager', 'worker')", name="role"),
    )


class StaffVenue(db.Model):
    """A worker's assignment to a venue. Only those assigned to a confidential venue know that it exists."""

    __tablename__ = "staff_venue"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"), primary_key=True, index=True)


class SignIn(db.Model):
    """One signed-in browser. The cookie holds a random token, this its digest; ending the row ends the session."""

    __tablename__ = "sign_in"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    seen_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class ApiToken(db.Model):
    """A bearer token of the JSON API, with a role. Shown once when it is made; only its digest is kept."""

    __tablename__ = "api_token"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    role: Mapped[str] = mapped_column(String(20))
    created_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)


class FeedToken(db.Model):
    """A calendar feed's secret address: for a worker, a venue, or a partner (who sees "Room in use" only)."""

    __tablename__ = "feed_token"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    kind: Mapped[str] = mapped_column(String(10))
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    venue_id: Mapped[int | None] = mapped_column(ForeignKey("venue.id"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    ended_at: Mapped[datetime | None] = mapped_column(Instant)
    __table_args__ = (CheckConstraint("kind IN ('worker', 'venue', 'partner')", name="kind"),)
