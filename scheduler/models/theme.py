"""How her pages look: one row, or none for the look that they come with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from scheduler.extensions import db
from scheduler.models.types import Instant

PICTURES = ("hills", "leaf", "wave", "bird", "flower")


class Theme(db.Model):
    """The name at the top of her pages, which says nothing of the service, two colours as #rrggbb, and a picture."""

    __tablename__ = "theme"
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(30), default="")
    main: Mapped[str] = mapped_column(String(7))
    accent: Mapped[str] = mapped_column(String(7))
    picture: Mapped[str] = mapped_column(String(10))
    version: Mapped[int] = mapped_column(default=1)
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    changed_at: Mapped[datetime] = mapped_column(Instant)
    __table_args__ = (
        CheckConstraint("id = 1", name="only_one"),
        CheckConstraint(f"picture IN ({', '.join(map(repr, PICTURES))})", name="picture"),
    )
