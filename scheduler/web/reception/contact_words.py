"""What is recorded of a client's channels, in the desk's words: each channel in a line, and whether to call her now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.rules import phones, reminders
from scheduler.rules.reminders import Silence
from scheduler.services import safe_contacts
from scheduler.services.clients import ClientRecord
from scheduler.services.safe_contacts import Calling, SafeContactDetails
from scheduler.web import pages
from scheduler.web.reception.safe_forms import CHANNELS, MAY_SAY
from scheduler.web.reception.search import minutes_text
from scheduler.web.reception.words import WEEKDAYS

PHONE_IS = (
    ("hers", lazy("Theirs alone")), ("shared", lazy("Shared")), ("other", lazy("Someone else’s")),
    ("place", lazy("Work, a hostel or another place’s")), ("unknown", lazy("Not asked yet")),
)
#: Said beside every channel, kindly: nobody is at fault for not knowing.
PHONE_WARNS = {
    "unknown": lazy("We do not know yet whose phone this is. Ask: can anyone else pick it up, or read it?"),
    "shared": lazy("Someone else may read or answer this phone. Say as little as possible, and ask for the hours when "
                   "nobody else has it."),
    "other": lazy("This is someone else’s phone. Say as little as possible: whoever it belongs to reads every word."),
    "place": lazy("Others answer at this number. Say only what was agreed, and to nobody else."),
}  # fmt: skip
WHY_NO_CALL = {
    Silence.NOT_SAFE: lazy("A call is not recorded as safe"), Silence.PAUSED: lazy("Calls are paused"),
    Silence.REVIEW_DUE: lazy("Ask first if calls are still safe"),
    Silence.NO_NUMBER: lazy("No phone number is recorded"), Silence.NO_SAFE_TIME: lazy("This is not a safe hour"),
    Silence.UNREADABLE: lazy("What is safe cannot be read"),
}


@dataclass(frozen=True, slots=True)
class CallNow:
    """Whether to call her now, and how, as short sentences."""

    safe: bool
    headline: str
    lines: tuple[str, ...]
    word: str


def contact_lines(record: ClientRecord) -> list[tuple[str, str, str, str]]:
    """Each channel as (class, channel, what, when and what it may say)."""
    now, zone = clock.now(), pages.service_zone()
    known = {each.channel: each.details for each in record.safe_contacts}
    nowhere = {each.channel for each in record.safe_contacts if each.check_number}
    lines = []
    for channel, name in CHANNELS:
        details = known.get(channel, SafeContactDetails())
        why = reminders.silence(details.as_contact(), now, zone)
        if why is None and channel in nowhere:
            lines.append(("no", str(name), _("Texts to this number do not arrive: check it"), ""))
        elif why is None:
            lines.append(("yes", str(name), _("Safe"), _when_and_what(channel, details)))
        elif details.safe != "yes":
            asked = details.safe == "no"
            said = _("Not safe: never use") if asked else _("Not asked yet: use none")
            lines.append(("no" if asked else "unknown", str(name), said, ""))
        else:
            lines.append(("no", str(name), _why_not(why, details), ""))
    return lines


def _when_and_what(channel: str, details: SafeContactDetails) -> str:
    says = [str(words) for name, words in MAY_SAY if name in details.may_name]
    more = [hours_text(details.hours)] + ([_("may say %(what)s", what=", ".join(says))] if says else [])
    if channel == "sms" and details.on_day:
        more.append(_("a reminder on the day too"))
    if details.review_on is not None:
        more.append(_("ask again by %(day)s", day=pages.day_and_year(details.review_on)))
    return " · ".join(more)


def _why_not(why: Silence, details: SafeContactDetails) -> str:
    if why is Silence.PAUSED and details.paused_until is not None:
        return _("Paused until %(when)s", when=pages.when_text(details.paused_until, pages.service_zone()))
    if why is Silence.PAUSED:
        return _("Paused: nothing is sent")
    if why is Silence.REVIEW_DUE:
        return _("Ask again first: the answer is too old")
    return _("Cannot be read: use none")


def hours_text(hours: tuple[tuple[int, int, int], ...]) -> str:
    """When a channel is safe, in words; `hours` as (weekday, from minute, until minute)."""
    if not hours:
        return _("at any reasonable hour")
    if sorted(hours) == sorted(reminders.SCHOOL):
        return _("in school hours, Mon–Fri 09:30–14:45")
    spans: dict[tuple[int, int], list[int]] = {}
    for day, low, high in hours:
        spans.setdefault((low, high), []).append(day)
    return "; ".join(f"{_days(days)} {minutes_text(low)}–{minutes_text(high)}" for (low, high), days in spans.items())


def _days(days: list[int]) -> str:
    each = sorted(set(days))
    if len(each) == 7:
        return _("every day")
    short = [str(WEEKDAYS[day])[:3] for day in each]
    return f"{short[0]}–{short[-1]}" if each == [0, 1, 2, 3, 4] else ", ".join(short)


def call_now(record: ClientRecord) -> CallNow:
    """Whether it is safe to call her at this moment, whom to ask for and what to say."""
    calling = safe_contacts.calling(record.safe_contacts, record.phone)
    zone = pages.service_zone()
    if not calling.now:
        said = str(WHY_NO_CALL.get(calling.why or Silence.NOT_SAFE, WHY_NO_CALL[Silence.NOT_SAFE]))
        following = _from(calling.following) if calling.following else ""
        return CallNow(False, _("Safe to call now: no"), tuple(each for each in (said, following) if each), "")
    until = _("Until %(time)s", time=pages.clock_text(calling.until, zone)) if calling.until else ""
    return CallNow(True, _("Safe to call now: yes"), (until, *_how(record, calling)), calling.word or "")


def _from(at: datetime) -> str:
    return _("The next safe time is %(when)s", when=pages.when_text(at, pages.service_zone()))


def _how(record: ClientRecord, calling: Calling) -> list[str]:
    named = "name" in calling.may_name
    lines = [
        _("%(number)s: ask for %(name)s", number=phones.shown(record.phone), name=record.given_name) if named
        else _("%(number)s: say no name until you know who it is", number=phones.shown(record.phone)),
        _("You may say that it is %(us)s", us=current_app.config["SIDEGATE_ORGANISATION"])
        if "organisation" in calling.may_name else _("Do not say where you call from"),
    ]  # fmt: skip
    says = [str(words) for name, words in MAY_SAY if name in calling.may_name and name in ("worker", "place")]
    if says:
        lines.append(_("You may name %(what)s", what=", ".join(says)))
    lines.append(_("A voicemail is safe") if calling.voicemail else _("Leave no voicemail"))
    return lines
