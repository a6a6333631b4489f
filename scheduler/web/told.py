"""Whether she was told of an appointment, in the same words on every staff page (NEEDS.md: never assume she was)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.notifications import codes
from scheduler.rules.telling import Known, Told
from scheduler.services import telling
from scheduler.services.actors import Actor
from scheduler.store import staff
from scheduler.web import pages

#: Why no text went, where that says what to do about it; for everything else `codes` has words.
WHY = {
    "not-safe": lazy("texts are not recorded as safe"),
    "review-due": lazy("ask first if texts are still safe"),
    "paused": lazy("texts are paused"),
    "check-number": lazy("texts to this number do not arrive: check it"),
    "no-number": lazy("no phone number"),
    "no-safe-time": lazy("no safe hour before it"),
    "failed": lazy("a text did not arrive; ask if her number is still right"),
}


def text(known: Known, names: Mapping[int, str]) -> str:
    """What is known of whether she was told, in one sentence; `names` has those of the staff who told her."""
    at = pages.when_text(known.at, pages.service_zone()) if known.at else ""
    if known.told is Told.BY_US:
        return _by_us(known, at, names.get(known.by or 0, ""))
    if known.told is Told.ANSWERED:
        return _("Answered by text that she is coming, on %(when)s", when=at)
    if known.told is Told.HERSELF:
        return _("She chose it herself, on her link")
    if known.told is Told.DELIVERED:
        return _("A text arrived on %(when)s", when=at)
    if known.told is Told.PLANNED:
        return _("A text is to go out on %(when)s", when=at)
    if known.told is Told.SENT:
        return _("A text was sent; nobody knows if it arrived")
    return _not_told(known.why)


def _by_us(known: Known, at: str, name: str) -> str:
    name = name or _("one of us")
    if known.how == "in-person":
        return _("Told in person by %(name)s on %(when)s", name=name, when=at)
    if known.how == "call":
        return _("Told by phone by %(name)s on %(when)s", name=name, when=at)
    return _("Told by %(name)s on %(when)s", name=name, when=at)


def _not_told(why: str | None) -> str:
    if why in WHY:
        return _("Not told: %(why)s", why=WHY[why])
    if why is None:
        return _("Not told yet")
    meaning, code = codes.meaning_of(why)
    return _("Not told: no text reached her. %(why)s", why=_(meaning, code=code))


def names_in(found: Collection[Known]) -> dict[int, str]:
    """The names of the staff who told someone. One query, none when nobody did."""
    return staff.names({each.by for each in found if each.by is not None})


def texts(actor: Actor, appointments: Collection[int]) -> dict[int, str]:
    """Of each of these appointments that is still to come, what is known, in one sentence. Three queries at most."""
    found = telling.of_each(actor, appointments)
    names = names_in(found.values())
    return {each: text(known, names) for each, known in found.items()}
