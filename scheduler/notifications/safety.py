"""Whether texts to a client are safe as her record stands: what planning and claiming both ask (SAFETY.md 8)."""

from __future__ import annotations

import json
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import current_app

from scheduler.errors import RecordUnreadable
from scheduler.rules import reminders
from scheduler.rules.reminders import Contact, Silence
from scheduler.store import messages as store


def service_zone() -> ZoneInfo:
    """The zone in which her hours and the quiet hours are meant."""
    return ZoneInfo(current_app.config["SIDEGATE_ZONE"])


def weighed(held: store.SafeText | None, now: datetime, zone: ZoneInfo) -> tuple[Silence | None, object]:
    """Why texts to her are not safe (None when they are), and her hours."""
    if held is None:
        return Silence.NOT_SAFE, None
    try:
        hours = json.loads(held.hours.opened() or "null")
    except (RecordUnreadable, ValueError):
        return Silence.UNREADABLE, None
    return reminders.silence(Contact(held.safe, hours, held.review_on, held.paused), now, zone), hours
