"""What is asked to know whether the whole installation is working."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import func, select, text

from scheduler.extensions import db
from scheduler.models import Heartbeat, Message, ProviderText, Staff, StaffText

#: Begins the name of what is kept beside the heartbeats: that everyone's keys were made, by which version of the rules.
KEYS_MARK = "identity-keys-"


def database_answers() -> bool:
    """True when the database answers a question."""
    return bool(db.session.execute(text("SELECT 1")).scalar_one() == 1)


def migrations(folder: Path) -> tuple[frozenset[str], frozenset[str]]:
    """The migrations that the database is at, and the newest that the code has. Both empty while there are none."""
    if not (folder / "env.py").exists():
        return frozenset(), frozenset()
    newest = frozenset(ScriptDirectory(str(folder)).get_heads())
    at = frozenset(MigrationContext.configure(db.session.connection()).get_current_heads())
    return at, newest


def last_heartbeat() -> datetime | None:
    """When the worker last did any job."""
    query = select(func.max(Heartbeat.at)).where(Heartbeat.job.not_like(f"{KEYS_MARK}%"))
    return db.session.execute(query).scalar_one_or_none()


def has_beat(job: str) -> bool:
    """Whether this job ever ran to its end."""
    return db.session.execute(select(Heartbeat.job).where(Heartbeat.job == job)).first() is not None


def overdue_messages(before: datetime) -> int:
    """How many planned texts, to clients and to staff, should have been sent before then, and still may be."""
    late = [
        select(func.count()).where(each.state == "planned", each.send_after < before).scalar_subquery()
        for each in (Message, StaffText)
    ]
    return int(db.session.execute(select(late[0] + late[1])).scalar_one())


def kept_too_long(before: datetime) -> int:
    """Of how many texts that we knew of before then the provider still keeps the words."""
    query = select(func.count()).where(ProviderText.keeps == "words", ProviderText.since < before)
    return int(db.session.execute(query).scalar_one())


def never_found(before: datetime) -> int:
    """How many texts to clients, claimed before then, may be at the provider without anyone knowing which they are."""
    query = select(func.count()).where(Message.state == "unknown", Message.claimed_at < before)
    return int(db.session.execute(query).scalar_one())


def can_text_a_lead() -> bool:
    """True when some lead who works here has a phone."""
    query = select(Staff.id).where(Staff.active, Staff.role == "lead", Staff.phone.is_not(None)).limit(1)
    return db.session.execute(query).first() is not None
