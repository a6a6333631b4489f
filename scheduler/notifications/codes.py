"""Twilio's statuses and error codes in our words."""

from __future__ import annotations

#: Twilio's own words for how far a text got, in ours.
STATES = {
    "accepted": "accepted", "scheduled": "accepted", "queued": "accepted", "sending": "accepted", "sent": "sent",
    "delivered": "delivered", "read": "delivered", "undelivered": "undelivered", "failed": "failed",
    "canceled": "failed",
}

#: What Twilio's error codes mean for her (https://www.twilio.com/docs/api/errors), as short codes for staff.
OUTCOMES = {
    20003: "our-account", 20404: "our-account", 20429: "too-many",
    21211: "no-such-number", 21408: "country-not-allowed", 21606: "our-sender", 21610: "she-opted-out",
    21611: "too-many", 21612: "our-sender", 21614: "not-a-mobile", 21617: "too-long",
    30001: "too-many", 30002: "our-account", 30003: "phone-off", 30004: "blocked", 30005: "no-such-number",
    30006: "not-a-mobile", 30007: "filtered", 30008: "network", 30036: "too-late",
}
OPTED_OUT = 21610
#: Refusals that are about us and may pass, rather than about her number.
PASSING = frozenset({20003, 20429, 21611, 30001, 30002})


def outcome_of(code: str | None) -> str | None:
    """The short code for staff of an error code in a receipt; None when it names none."""
    if not code or not code.isdigit():
        return None
    return OUTCOMES.get(int(code), f"error-{int(code)}"[:40])
