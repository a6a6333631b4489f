"""Clients: who they are, what they would choose, how they may be reached, where they stay, and whether they may come to
what is for women."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, EncryptedText, Instant
from scheduler.rules.audience import Eligibility


class Client(db.Model):
    """Someone who uses the service. `date_of_birth` is ISO text and may be a year alone. `preferences` holds how,
    where, when and with whom she would choose, and `notes` for staff. `request_mode` means that her link asks and
    staff confirm; a service may set it for anyone, and whoever an exclusion names has it anyway (SAFETY.md 4).
    `merged_into` is the record that this one turned out to be the same person as: nobody uses this one any more, but
    who it says she is still finds matches for the other. `phone_is` says whose phone it is: hers alone, shared, someone
    else's, or a place's, such as work or a hostel."""

    __tablename__ = "client"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    reference: Mapped[str] = mapped_column(String(12), unique=True)
    given_name: Mapped[str] = mapped_column(EncryptedText("client.given_name"))
    family_name: Mapped[str] = mapped_column(EncryptedText("client.family_name"))
    aliases: Mapped[list[str] | None] = mapped_column(EncryptedJSON("client.aliases"))
    date_of_birth: Mapped[str | None] = mapped_column(EncryptedText("client.date_of_birth"))
    phone: Mapped[str | None] = mapped_column(EncryptedText("client.phone"))
    eligibility: Mapped[str] = mapped_column(String(12), default=Eligibility.UNKNOWN)
    request_mode: Mapped[bool] = mapped_column(default=False)
    preferences: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON("client.preferences"))
    notes: Mapped[str | None] = mapped_column(EncryptedText("client.notes"))
    key_worker_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    version: Mapped[int] = mapped_column(default=1)
    merged_into: Mapped[int | None] = mapped_column(BigKey, index=True)
    phone_is: Mapped[str] = mapped_column(String(8), default="unknown")
    __table_args__ = (
        CheckConstraint("phone_is IN ('unknown', 'hers', 'shared', 'other', 'place')", name="phone_is"),
        CheckConstraint("merged_into IS NULL OR (NOT active AND merged_into <> id)", name="merged"),
        CheckConstraint("eligibility IN ('unknown', 'eligible', 'not-eligible')", name="eligibility"),
    )


class EligibilityDecision(db.Model):
    """Who decided, when and under which version of the service's policy, that a client may attend what is for women.
    Never evidence of sex (NEEDS.md, Equality Act 2010)."""

    __tablename__ = "eligibility_decision"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    decision: Mapped[str] = mapped_column(String(12))
    policy: Mapped[str] = mapped_column(String(40))
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime] = mapped_column(Instant)


class SafeContact(db.Model):
    """Whether and when a channel is safe for a client. `hours` lists [weekday, from minute, until minute] in local
    time, none meaning any reasonable hour; `may_name` lists what may be said. Unknown means no. A pause lasts until
    someone ends it, or until `paused_until`; `word` is what staff say to be known on the phone; `on_day` that she wants
    a reminder on the day itself."""

    __tablename__ = "safe_contact"
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), primary_key=True)
    channel: Mapped[str] = mapped_column(String(10), primary_key=True)
    safe: Mapped[str] = mapped_column(String(8), default="unknown")
    hours: Mapped[list[Any] | None] = mapped_column(EncryptedJSON("safe_contact.hours"))
    may_name: Mapped[list[str] | None] = mapped_column(EncryptedJSON("safe_contact.may_name"))
    language: Mapped[str] = mapped_column(String(8), default="en")
    review_on: Mapped[date | None]
    paused: Mapped[bool] = mapped_column(default=False)
    checked_at: Mapped[datetime | None] = mapped_column(Instant)
    paused_until: Mapped[datetime | None] = mapped_column(Instant)
    word: Mapped[str | None] = mapped_column(EncryptedText("safe_contact.word"))
    on_day: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (
        Index("ix_safe_contact_review", "safe", "review_on"),
        CheckConstraint("channel IN ('sms', 'call', 'voicemail')", name="channel"),
        CheckConstraint("safe IN ('yes', 'no', 'unknown')", name="safe"),
    )


class Stay(db.Model):
    """A client staying at a confidential venue. Only then can she be offered or booked there (SAFETY.md 7)."""

    __tablename__ = "stay"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    client_id: Mapped[int] = mapped_column(ForeignKey("client.id"), index=True)
    venue_id: Mapped[int] = mapped_column(ForeignKey("venue.id"), index=True)
    since: Mapped[datetime] = mapped_column(Instant)
    until: Mapped[datetime | None] = mapped_column(Instant)


class IdentityToken(db.Model):
    """A keyed blind index of part of someone's identity: a name's prefix or sound, a birth date, a phone number.
    `owner_kind` is client, staff or named (a person that an exclusion names)."""

    __tablename__ = "identity_token"
    token: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    owner_kind: Mapped[str] = mapped_column(String(6), primary_key=True)
    owner_id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    __table_args__ = (
        Index("ix_identity_token_owner", "owner_kind", "owner_id"),
        CheckConstraint("owner_kind IN ('client', 'staff', 'named')", name="owner_kind"),
        {"sqlite_with_rowid": False},
    )
