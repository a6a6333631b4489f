"""Whether texts to a client are safe as her record stands: what planning and claiming both ask (SAFETY.md 8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
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
    contact = Contact(held.safe, hours, held.review_on, held.paused, held.paused_until)
    reason = reminders.silence(contact, now, zone)
    return reason or (Silence.CHECK_NUMBER if held.number_fails else None), hours


@dataclass(frozen=True, slots=True)
class Outlook:
    """What may be planned for her: `reason` why nothing may, her hours, since when (a pause may end before), and
    whether she wants a reminder on the day."""

    reason: Silence | None
    hours: Any
    since: datetime
    on_day: bool = False


def outlook(held: store.SafeText | None, now: datetime, zone: ZoneInfo) -> Outlook:
    """What may be planned for her at `now`, by her record as it stands. All of it is asked again when it is claimed."""
    since = now
    if held is not None and held.paused and held.paused_until is not None:
        since = max(now, held.paused_until)
    reason, hours = weighed(held, since, zone)
    return Outlook(reason, hours, since, held is not None and held.on_day)
