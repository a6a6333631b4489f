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


#: Every short code, of a provider or our own, as a manager understands it.
MEANINGS = {
    # What the provider or the network said.
    "our-account": "The provider did not accept our account: its sign-in, its balance, or it is suspended.",
    "too-many": "More texts at once than the provider takes from us.",
    "no-such-number": "The number does not exist or is not in use. Check it, when it is safe to ask her.",
    "country-not-allowed": "Our account may not text that country.",
    "our-sender": "The number or service that we send from may not be used for this.",
    "she-opted-out": "STOP was answered from that number: texts to it are stopped.",
    "not-a-mobile": "The number cannot receive texts: a landline, say. Ask her for another, when it is safe.",
    "too-long": "The text was longer than the provider takes.",
    "phone-off": "The phone was off, had no signal, or could not be reached.",
    "blocked": "The phone or its network blocks texts from us.",
    "filtered": "The network took the text for an unwanted one and stopped it.",
    "network": "The network gave no reason.",
    # What happened on the way to the provider.
    "unreachable": "The provider could not be reached.",
    "no-answer": "The provider did not answer: the text may have gone out or not.",
    "unreadable-answer": "The provider's answer could not be read: the text may have gone out or not.",
    "gateway-failed": "Sending broke off: the text may have gone out or not.",
    "worker-lost": "Sending was interrupted: the text may have gone out or not.",
    # Why we did not send it ourselves.
    "not-safe": "Texts to her are not recorded as safe.",
    "check-number": "Texts to this number do not arrive: check it, and record anew what is safe.",
    "review-due": "What is safe for her is past its review date: ask her again.",
    "paused": "Texts to her are paused.",
    "no-number": "No number that a text can go to is recorded.",
    "no-safe-time": "None of her safe times came before the appointment.",
    "unreadable": "Her record could not be read, so nothing was sent.",
    "words": "The text would have told too much, or not fitted in one piece.",
    "too-late": "Its moment had passed before it could go out.",
    "changed": "The appointment had changed: another text, or none, was right by then.",
    "withdrawn": "It was taken back: the appointment, her number or what is safe for her had changed.",
}
#: Beginnings of outcomes that carry a code which has no word of its own here.
_OTHERWISE = {
    "error": "The provider reported error %(code)s: its list of error codes says more.",
    "refused": "The provider refused it with code %(code)s: its list of error codes says more.",
    "answer": "The provider answered with an error of its own (%(code)s): the text may have gone out or not.",
}


def meaning_of(outcome: str) -> tuple[str, str]:
    """What a short code means, in plain words; with the number that stands in them as `code`, or nothing."""
    if outcome in MEANINGS:
        return MEANINGS[outcome], ""
    kind, _dash, code = outcome.partition("-")
    if kind in _OTHERWISE and code.isascii() and code.isdigit():
        return _OTHERWISE[kind], code
    return "For a reason that has no words yet.", ""


def outcome_of(code: str | None) -> str | None:
    """The short code for staff of an error code in a receipt; None when it names none."""
    if not code or not code.isdigit():
        return None
    return OUTCOMES.get(int(code), f"error-{int(code)}"[:40])
