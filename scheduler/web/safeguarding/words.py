"""What the safety desk's pages call things: rules, sources, separations, and the lines of a history."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.rules.phones import shown
from scheduler.services.safety_desk import Event
from scheduler.web import pages
from scheduler.web.safeguarding import bp

SEPARATIONS = {
    "gap": lazy("Some minutes between their times at the same place or next door"),
    "day": lazy("Never at the same place, or next door, on the same day"),
    "series": lazy("As above, and never in the same group"),
    "site": lazy("As above, and this person is never booked at the places below"),
}
SHORT_SEPARATIONS = {
    "gap": lazy("some minutes apart"),
    "day": lazy("not on the same day"),
    "series": lazy("not on the same day or in the same group"),
    "site": lazy("never at certain places"),
}
SOURCES = {
    "told-us": lazy("She told us"),
    "marac": lazy("MARAC"),
    "court-order": lazy("Court order"),
    "police": lazy("Police"),
    "staff": lazy("Staff"),
}
RULES = {
    "gap": lazy("Too close together at the same place or next door"),
    "day": lazy("On the same day at the same place or next door"),
    "series": lazy("In the same group series"),
    "group": lazy("In the same group session"),
    "site": lazy("At a place where this person is never booked"),
    "worker": lazy("Booked with the very worker she is kept from"),
    "women": lazy("In a time or session that is for women, without a recorded decision"),
    "stay": lazy("Where she is not recorded as staying any more"),
}
MODES = {
    "in-person": lazy("in person"), "phone": lazy("by phone"), "video": lazy("by video"), "chat": lazy("by web chat"),
}  # fmt: skip
STATES = {"possible": lazy("Possible"), "confirmed": lazy("The same person"), "dismissed": lazy("Not the same person")}
REASONS = {
    "client-asked": lazy("The client asked"), "moved-elsewhere": lazy("Moved elsewhere"),
    "worker-away": lazy("The worker is away"), "venue-closed": lazy("The place is closed"),
    "other": lazy("Another reason"),
}  # fmt: skip
OVERRIDES = {"asked": lazy("Waits for a second person"), "given": lazy("Given"), "refused": lazy("Refused")}
#: Through what an exclusion was seen, by the kind of what was looked at.
THROUGH = {
    "safety-desk": lazy("the desk"), "exclusion": lazy("its own page"), "match": lazy("a match"),
    "case": lazy("a clash"), "cases": lazy("the list of clashes"), "client-exclusions": lazy("the client's list"),
    "exclusions": lazy("the list of all"), "override": lazy("an override"), "overrides": lazy("the list of overrides"),
    "alerts": lazy("an alert"), "alert": lazy("an alert"), "merge": lazy("two records compared"),
    "access-log": lazy("this log"), "door": lazy("an answer at the door"),
}  # fmt: skip
_EVENTS = {
    "recorded": lazy("Recorded"),
    "changed": lazy("Changed"),
    "closing": lazy("Closing was asked for"),
    "kept": lazy("It was decided to keep it"),
    "closed": lazy("Closed by a second person"),
    "reopened": lazy("Put in force again"),
    "match-found": lazy("Someone was found who may be this person"),
    "match-reopened": lazy("Details changed: someone may be this person after all"),
    "match-confirmed": lazy("A match was confirmed"),
    "match-dismissed": lazy("A match was dismissed"),
    "match-possible": lazy("A match was made possible again"),
    "override": lazy("Two people let someone be near, for one time"),
    "records-merged": lazy("Two records of one person were made one: this reaches both"),
    "records-split": lazy("Two records were taken apart again: this may reach either"),
}
_FIELDS = {
    "names": lazy("Names"), "date_of_birth": lazy("Birth date"), "phone": lazy("Phone"),
    "description": lazy("Description"), "notes": lazy("Notes"), "separation": lazy("Kept apart"),
    "gap_minutes": lazy("Minutes apart"), "source": lazy("Source"), "review_on": lazy("Review date"),
    "sites": lazy("Places"),
}  # fmt: skip


def event_text(event: Event) -> str:
    """A line of a history in words."""
    return str(_EVENTS.get(event.what, event.what))


def event_notes(event: Event) -> list[str]:
    """What a line of a history adds: a reason, or how things stood before."""
    notes = [event.detail["reason"]] if event.detail.get("reason") else []
    for field, value in (event.detail.get("before") or {}).items():
        if field == "sites":
            continue
        was = ", ".join(map(str, value)) if isinstance(value, list) else value
        notes.append(_("%(field)s before: %(was)s", field=_FIELDS.get(field, field), was=was or _("nothing")))
    return notes


def when(at: datetime, zone: str | None = None) -> str:
    """An instant in words, in a venue's zone or the service's own."""
    return pages.when_text(at, ZoneInfo(zone) if zone else pages.service_zone())


def when_and_year(at: datetime) -> str:
    """A day with its year and the time, in the service's own zone: for what may be long past."""
    local = at.astimezone(pages.service_zone())
    return f"{pages.day_and_year(local.date())}, {pages.clock_text(at, pages.service_zone())}"


def clock_only(at: datetime, zone: str) -> str:
    """The time of day of an instant, in a venue's zone."""
    return pages.clock_text(at, ZoneInfo(zone))


def until_then(at: datetime) -> str:
    """How long it is until an instant, roughly."""
    hours = int((at - clock.now()).total_seconds() // 3600)
    if hours < 0:
        return str(_("now"))
    if hours < 1:
        return str(_("in less than an hour"))
    if hours < 48:
        return str(_("in %(hours)d hours", hours=hours))
    return str(_("in %(days)d days", days=hours // 24))


def soon(at: datetime) -> bool:
    """Is it less than a day until then?"""
    return (at - clock.now()).total_seconds() < 86400


def past(at: datetime) -> bool:
    """Has this moment gone by?"""
    return at <= clock.now()


def born(birth: str | None) -> str:
    """A kept birth date as people write it: 5 March 1987, March 1987 or 1987."""
    if not birth:
        return ""
    year, *rest = birth.split("-")
    if not rest:
        return year
    month = date(int(year), int(rest[0]), 1).strftime("%B")
    return f"{int(rest[1])} {month} {year}" if len(rest) > 1 else f"{month} {year}"


@bp.context_processor
def _words() -> dict[str, Any]:
    return {
        "safety_words": {
            "separations": SEPARATIONS, "short": SHORT_SEPARATIONS, "sources": SOURCES, "rules": RULES,
            "states": STATES, "modes": MODES, "reasons": REASONS, "overrides": OVERRIDES, "through": THROUGH,
            "when": when, "past": past, "when_and_year": when_and_year, "clock": clock_only, "until_then": until_then,
            "soon": soon, "born": born, "phone": shown, "event": event_text, "notes": event_notes,
            "day": pages.day_and_year,
        }
    }  # fmt: skip
