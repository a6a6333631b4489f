"""Outreach's words for states, modes and kinds: each colour on a page has one of these beside it."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy

STATES = {
    "proposed": lazy("Proposed"), "pending": lazy("To confirm"), "booked": lazy("Expected"),
    "arrived": lazy("Came"), "checked-in": lazy("Came"), "fulfilled": lazy("Came"), "cancelled": lazy("Cancelled"),
    "noshow": lazy("Did not come"), "waitlist": lazy("Waiting list"),
}

MODES = {
    "in-person": lazy("In person"), "phone": lazy("Phone"), "video": lazy("Video"), "chat": lazy("Web chat"),
}

KINDS = {"one-to-one": lazy("One to one"), "group": lazy("Group"), "drop-in": lazy("Drop-in")}

AUDIENCES = {"everyone": lazy("Everyone"), "women": lazy("Women only")}

REPEATS = {
    "": lazy("Just once"), "1": lazy("Every week"), "2": lazy("Every two weeks"), "4": lazy("Every four weeks"),
}

SCOPES = {
    "this": lazy("Only this one"), "following": lazy("This one and all after it"),
    "all": lazy("Every one still to come"),
}
