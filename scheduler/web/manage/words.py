"""The words of the managing pages, and opening times put into words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.services.venues import WindowDetails
from scheduler.web import pages

VENUE_KINDS = {
    "hub": lazy("Our own hub"), "gp": lazy("GP surgery"), "refuge": lazy("Refuge"),
    "family-hub": lazy("Family hub or Sure Start"), "community": lazy("Community centre"), "online": lazy("Online"),
    "other": lazy("Somewhere else"),
}

ROLES = {
    "reception": lazy("Reception"), "outreach": lazy("Outreach"), "worker": lazy("Worker"),
    "lead": lazy("Safeguarding lead"), "manager": lazy("Manager"),
}

FEEDS = {
    "worker": lazy("A worker's sessions"), "venue": lazy("A place's sessions"),
    "partner": lazy("“Room in use”, for a partner"),
}

AUDIENCES = {"everyone": lazy("Everyone"), "women": lazy("Women only")}

WEEKDAYS = (
    lazy("Monday"), lazy("Tuesday"), lazy("Wednesday"), lazy("Thursday"), lazy("Friday"), lazy("Saturday"),
    lazy("Sunday"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One opening time as the week table shows it: words, and where it lies on a bar of 96 quarters of an hour."""

    words: str
    women: bool
    left: float
    width: float
    later: bool


def minute_text(minute: int) -> str:
    """Minutes after midnight as the wall shows them."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def window_text(window: WindowDetails) -> str:
    """An opening time in words, everything about it that anyone needs to know."""
    parts = [f"{minute_text(window.from_minute)}–{minute_text(window.until_minute)}", str(AUDIENCES[window.audience])]
    if window.clear_before:
        parts.append(_("clear %(n)d min before", n=window.clear_before))
    if window.clear_after:
        parts.append(_("clear %(n)d min after", n=window.clear_after))
    if window.audience == "women" and not window.women_staff_only:
        parts.append(_("any workers"))
    if window.valid_until is not None:
        parts.append(_("until %(day)s", day=pages.day_text(window.valid_until)))
    return ", ".join(parts)


def week(windows: Sequence[WindowDetails], today: date) -> list[tuple[str, list[Bar]]]:
    """The week table: for each weekday its opening times, in order of time, women-only ones drawn over the rest."""
    days: list[tuple[str, list[Bar]]] = []
    for weekday, name in enumerate(WEEKDAYS):
        bars = []
        for window in windows:
            if window.weekday != weekday:
                continue
            later = window.valid_from is not None and window.valid_from > today
            words = window_text(window)
            if later and window.valid_from is not None:
                words += ", " + _("from %(day)s", day=pages.day_text(window.valid_from))
            bars.append(Bar(words, window.audience == "women", window.from_minute / 15,
                            (window.until_minute - window.from_minute) / 15, later))
        days.append((str(name), bars))
    return days
