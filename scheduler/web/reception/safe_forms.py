"""The form of one channel: whether it is safe, in which hours of the week, and what may be said. Hours are typed as
people write them, such as 9, 9.30 or 2pm; what was typed stays when it is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_wtf import FlaskForm
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.validators import Length

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules.languages import LANGUAGES
from scheduler.rules.reminders import SCHOOL
from scheduler.services.safe_contacts import LONGEST_WORD, SafeContactDetails, usual_review
from scheduler.web import pages
from scheduler.web.reception.forms import ChecksField, options
from scheduler.web.reception.search import minutes_text
from scheduler.web.reception.words import WEEKDAYS

CHANNELS = (("sms", lazy("Texts")), ("call", lazy("Calls")), ("voicemail", lazy("Voicemail")))
MAY_SAY = (
    ("name", lazy("the first name")), ("organisation", lazy("our name")), ("worker", lazy("the worker’s name")),
    ("place", lazy("the place")),
)
#: What each channel could name at all: no text holds a worker's name, and nothing else is left on a voicemail.
_SAYS = {"sms": {"name", "organisation", "place"}, "call": {word for word, _words in MAY_SAY},
         "voicemail": {"name", "organisation"}}  # fmt: skip
WHEN = (
    ("any", lazy("Any reasonable hour (9 to 7)")), ("school", lazy("School hours (Mon–Fri 9:30 to 14:45)")),
    ("own", lazy("Only at these times")),
)
Hours = tuple[tuple[int, int, int], ...]
_WEEKDAYS_ROW, _LEAST_SPANS, _MOST_SPANS = "w", 2, 7
_TYPED = re.compile(r"(\d{1,2})(?:[:.h]?(\d{2}))?\s*(am|pm)?", re.IGNORECASE)


def read_clock(typed: str) -> int | None:
    """Minutes after midnight of a time as people write it: 9, 930, 9.30, 14:05, 2pm, 24:00; None for anything else."""
    found = _TYPED.fullmatch(typed.strip())
    if found is None:
        return None
    hour, minute, half = int(found[1]), int(found[2] or 0), (found[3] or "").lower()
    if half and not 1 <= hour <= 12:
        return None
    hour = hour % 12 + (12 if half == "pm" else 0) if half else hour
    whole = hour * 60 + minute
    return whole if minute < 60 and whole <= 1440 else None


@dataclass(slots=True)
class Row:
    """One row of the week: its spans as typed, (from, until), and what is wrong with them."""

    key: str
    label: str
    spans: list[tuple[str, str]]
    wrong: str = ""


@dataclass(slots=True)
class Week:
    """The hours of a week, several spans a day. The first row stands for every weekday that has none of its own."""

    prefix: str
    rows: list[Row] = field(default_factory=list)

    @classmethod
    def recorded(cls, prefix: str, hours: Hours) -> Week:
        """As it is recorded; weekdays that are all alike in the one row that stands for them."""
        days: list[list[tuple[str, str]]] = [
            [(minutes_text(low), minutes_text(high)) for each, low, high in hours if each == day] for day in range(7)
        ]
        alike = bool(days[0]) and all(day == days[0] for day in days[:5])
        week = days[0] if alike else []
        return cls._of(prefix, [week, *([[]] * 5 if alike else days[:5]), *days[5:]])

    @classmethod
    def typed(cls, prefix: str, form: Mapping[str, str]) -> Week:
        """As it was sent."""
        def row(key: str) -> list[tuple[str, str]]:
            names = ((f"{prefix}-{key}-{n}-from", f"{prefix}-{key}-{n}-until") for n in range(_MOST_SPANS))
            spans = [(form.get(low, "").strip()[:8], form.get(high, "").strip()[:8]) for low, high in names]
            return [span for span in spans if span != ("", "")]

        return cls._of(prefix, [row(_WEEKDAYS_ROW), *(row(str(day)) for day in range(7))])

    @classmethod
    def _of(cls, prefix: str, rows: list[list[tuple[str, str]]]) -> Week:
        width = max(_LEAST_SPANS, *(len(row) for row in rows))
        labels = [(_WEEKDAYS_ROW, _("Every weekday")), *((str(day), str(word)) for day, word in enumerate(WEEKDAYS))]
        padded = ([*row, *[("", "")] * (width - len(row))] for row in rows)
        return cls(prefix, [Row(key, label, spans) for (key, label), spans in zip(labels, padded, strict=True)])

    def hours(self) -> Hours:
        """The spans of each day. Raises Invalid, with what is wrong beside each row."""
        read = {row.key: self._read(row) for row in self.rows}
        if any(row.wrong for row in self.rows):
            raise Invalid(hours=_("Look at the times again."))
        days = [read[str(day)] or (read[_WEEKDAYS_ROW] if day < 5 else []) for day in range(7)]
        return tuple((day, low, high) for day, spans in enumerate(days) for low, high in spans)

    @staticmethod
    def _read(row: Row) -> list[tuple[int, int]]:
        found = []
        for typed in row.spans:
            if typed == ("", ""):
                continue
            low, high = read_clock(typed[0]), read_clock(typed[1])
            if low is None or high is None:
                row.wrong = _("Type both times, such as 9:30 and 14:45.")
            elif low >= high:
                row.wrong = _("The end must be later: type 15:00 for three in the afternoon.")
            else:
                found.append((low, high))
        return found

    @property
    def empty(self) -> bool:
        """True when nothing is typed in it."""
        return all(span == ("", "") for row in self.rows for span in row.spans)


class SafeContactForm(FlaskForm):  # type: ignore[misc]
    """Whether, when and how one channel is safe. Unknown means that nothing goes out."""

    safe = RadioField(
        lazy("Is it safe?"),
        choices=options([("yes", lazy("Yes")), ("no", lazy("No")), ("unknown", lazy("Not asked yet"))]),
        validate_choice=False,
    )
    when = RadioField(lazy("When?"), choices=options(WHEN), validate_choice=False)
    may_name = ChecksField(lazy("What may be said?"), validate_choice=False)
    language = SelectField(
        lazy("Language of the texts"),
        choices=options(
            (each.code, each.own if each.checked else lazy("%(name)s – to be checked by a native speaker",
                                                           name=f"{each.own} ({each.english})"))
            for each in LANGUAGES
        ), validate_choice=False,
    )  # fmt: skip
    on_day = BooleanField(lazy("A reminder on the day too"))
    word = StringField(
        lazy("A word to say, agreed for calls"), [Length(max=LONGEST_WORD)],
        render_kw={"maxlength": LONGEST_WORD, "spellcheck": "false"},
    )
    forget_word = BooleanField(lazy("Forget the word that is agreed"))
    review_on = StringField(lazy("Ask again by"), [Length(max=10)], render_kw={"type": "date"})
    paused = BooleanField(lazy("Pause: nothing for now"))
    paused_until = StringField(
        lazy("Nothing before"), [Length(max=10)], render_kw={"type": "date"},
        description=lazy("Empty: until someone ends the pause."),
    )
    week: Week
    has_word: bool = False

    def prepare(self, channel: str, week: Week, has_word: bool) -> SafeContactForm:
        """Fit the form to its channel."""
        self.may_name.choices = options((name, words) for name, words in MAY_SAY if name in _SAYS[channel])
        self.week, self.has_word = week, has_word
        return self

    def details(self, before: SafeContactDetails | None) -> SafeContactDetails:
        """What was typed. Raises Invalid with a sentence by field."""
        paused_until = _day(self.paused_until.data, "paused_until") if self.paused.data else None
        review = _day(self.review_on.data, "review_on")
        today = clock.now().astimezone(pages.service_zone()).date()
        if self.safe.data == "yes" and review is not None and review < today:
            raise Invalid(review_on=_("Choose a day that is still to come."))
        kept = before.may_name if before else ()
        shown = {option.value for option in self.may_name.choices}
        ends = datetime.combine(paused_until, time(), pages.service_zone()) if paused_until else None
        return SafeContactDetails(
            safe=self.safe.data or "unknown", hours=self._hours(before.hours if before else ()),
            may_name=(*(self.may_name.data or ()), *(each for each in kept if each not in shown)),
            language=self.language.data or (before.language if before else "en"), review_on=review,
            paused=self.paused.data, paused_until=ends, on_day=self.on_day.data,
            word="" if self.forget_word.data else (self.word.data or "").strip() or None,
        )

    def _hours(self, before: Hours) -> Hours:
        """The hours that were chosen. Times that someone typed without choosing them are asked about, never dropped:
        more hours than she named would not be safe."""
        chosen, typed = self.when.data or ("any" if self.week.empty else "own"), self.week.hours()
        if chosen == "own":
            if not typed:
                raise Invalid(hours=_("Type at least one time from and until, or choose any reasonable hour."))
            return typed
        if not self.week.empty and sorted(typed) != sorted(before):
            raise Invalid(hours=_("Times are typed below: choose “Only at these times”, or clear them."))
        if chosen not in ("any", "school"):
            raise Invalid(when=_("Choose when."))
        return SCHOOL if chosen == "school" else ()

    @staticmethod
    def recorded(details: SafeContactDetails | None, now: datetime) -> dict[str, Any]:
        """What stands in the form when it is opened."""
        if details is None:
            return {"safe": "unknown", "when": "any", "review_on": usual_review().isoformat(), "language": "en"}
        hours = sorted(details.hours)
        ends = details.paused_until.astimezone(pages.service_zone()).date() if details.paused_until else None
        paused = details.paused_at(now)
        review = details.review_on or usual_review()
        return {
            "safe": details.safe, "may_name": list(details.may_name), "paused": paused, "on_day": details.on_day,
            "language": details.language, "paused_until": ends.isoformat() if ends and paused else "",
            # A check that is due is being done now: what is saved holds for the usual time again.
            "review_on": max(review, usual_review()).isoformat(),
            "when": "any" if not hours else "school" if hours == sorted(SCHOOL) else "own",
        }


def _day(typed: str | None, name: str) -> date | None:
    return pages.a_day(typed, date.min, name) if typed and typed.strip() else None
