"""The audit log: what was done, by whom, to what; and the seals that show if it was changed afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import BigKey, EncryptedJSON, Instant


class AuditSeal(db.Model):
    """A seal over one batch of records, chained to the seal before it."""

    __tablename__ = "audit_seal"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    records: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditRecord(db.Model):
    """One thing done or looked at. Appended in the transaction that did it; sealed later, in batches, so that sealing
    never makes bookings wait for each other."""

    __tablename__ = "audit_record"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_kind: Mapped[str] = mapped_column(String(8))
    actor_id: Mapped[int | None] = mapped_column(BigKey)
    action: Mapped[str] = mapped_column(String(40))
    subject_kind: Mapped[str] = mapped_column(String(20))
    subject_id: Mapped[int | None] = mapped_column(BigKey)
    detail: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJSON("audit_record.detail"))
    seal_id: Mapped[int | None] = mapped_column(ForeignKey("audit_seal.id"), index=True)
    __table_args__ = (Index("ix_audit_record_subject", "subject_kind", "subject_id"),)


class ExclusionLook(db.Model):
    """An index into the audit log: this record is a look at this exclusion, or at something that shows it. What was
    seen is in the record itself, under its seal; these rows only find it (SAFETY.md 4: looking is logged)."""

    __tablename__ = "exclusion_look"
    audit_id: Mapped[int] = mapped_column(ForeignKey("audit_record.id"), primary_key=True)
    exclusion_id: Mapped[int] = mapped_column(ForeignKey("exclusion.id"), primary_key=True)
    __table_args__ = (Index("ix_exclusion_look_exclusion", "exclusion_id", "audit_id"),)
