"""The safety desk's forms. What was typed stays when it is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_wtf import FlaskForm
from wtforms import (
    DateField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from scheduler.errors import Invalid
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.personal import today
from scheduler.services.safety_desk import ExclusionView
from scheduler.web.safeguarding.words import MODES, REASONS, SEPARATIONS, SOURCES

#: Whatever is recorded is looked at again at least so often.
_FURTHEST_REVIEW = timedelta(days=2 * 366)


def options(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Choices from pairs of a value and its words."""
    return [SelectChoice(value, words) for value, words in pairs]


class DayField(DateField):  # type: ignore[misc]
    """A day that someone types or picks; one that does not exist is told kindly."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError, with the sentence for beside the field."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Type a date that exists, such as 2027-03-05.")) from error


class NumberField(IntegerField):  # type: ignore[misc]
    """A whole number that someone types; anything else is told kindly."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Raises ValueError, with the sentence for beside the field."""
        try:
            super().process_formdata(valuelist)
        except ValueError as error:
            raise ValueError(_("Type a whole number.")) from error

    def pre_validate(self, form: Any) -> None:
        """What is no number is not told to be too small as well."""
        if self.process_errors and any(str(each).strip() for each in self.raw_data or ()):
            raise StopValidation


class ChecksField(SelectMultipleField):  # type: ignore[misc]
    """Several choices, as boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class FindForm(FlaskForm):  # type: ignore[misc]
    """Whom an exclusion is to protect."""

    look_for = StringField(lazy("Find the client"), [Length(max=120)], render_kw={"maxlength": 120})


class ExclusionForm(FlaskForm):  # type: ignore[misc]
    """Whom a client must be kept from, how, and why."""

    look_for = StringField(
        lazy("Is this someone we know?"), [Length(max=120)], render_kw={"maxlength": 120},
        description=lazy("Look among clients and staff by name, birth date or phone. Leave empty when nobody fits."),
    )  # fmt: skip
    person = RadioField(lazy("Who it is"), choices=[], validate_choice=False)
    names = TextAreaField(
        lazy("Names"), [Length(max=1200)], render_kw={"rows": 3},
        description=lazy("One a line: the whole name, nicknames, other names used."),
    )  # fmt: skip
    date_of_birth = StringField(
        lazy("Birth date"), [Length(max=60)], description=lazy("As far as it is known: 5/3/1987, March 1987, 1987.")
    )
    phone = StringField(lazy("Phone"), [Length(max=40)])
    description = TextAreaField(
        lazy("Anything else to know this person by"), [Length(max=4000)], render_kw={"rows": 2}
    )
    separation = RadioField(lazy("Keep apart"), choices=options(SEPARATIONS.items()), default="gap")
    gap_minutes = NumberField(
        lazy("Minutes between them"), [Optional(), NumberRange(0, 1440, lazy("Type minutes from 0 to 1440."))],
        default=30, description=lazy("For the first choice only."),
    )  # fmt: skip
    sites = ChecksField(lazy("Places where this person is never booked"), coerce=int, choices=[])
    source = SelectField(lazy("Where this comes from"), choices=options(SOURCES.items()), default="told-us")
    review_on = DayField(
        lazy("Look at it again on"), [Optional()],
        description=lazy("It stays in force after this date; it only comes back to this desk."),
    )  # fmt: skip
    notes = TextAreaField(lazy("Notes"), [Length(max=4000)], render_kw={"rows": 3})
    version = HiddenField()

    def validate_review_on(self, field: DayField) -> None:
        """Raises ValidationError for a day from which it would never come back to the desk, or had come back before it
        was recorded. One that was recorded and is past now may stay as it was."""
        day, first = field.data, today()
        if day is None or day == field.object_data:
            return
        if day < first:
            raise ValidationError(_("That day is past. Type the day on which to look at it again."))
        if day > first + _FURTHEST_REVIEW:
            raise ValidationError(_("Type a day within the next two years."))

    def offer(self, places: dict[int, str], people: list[tuple[str, str]]) -> None:
        """The places and people there are to choose from."""
        self.sites.choices = options(sorted(places.items(), key=lambda each: each[1].casefold()))
        nobody = ("", lazy("Someone else, or not known"))
        self.person.choices = options([*people, nobody]) if people else []

    def details(self, client_id: int, hidden_sites: tuple[int, ...] = ()) -> ExclusionDetails:
        """What was typed, for the service. `hidden_sites` are those that this lead may not know of and so kept."""
        kind, _colon, number = (self.person.data or "").partition(":")
        person = (kind, int(number)) if number.isdigit() and len(number) < 16 else None
        gap = self.gap_minutes.data
        return ExclusionDetails(
            client_id, tuple(line for line in (self.names.data or "").splitlines() if line.strip()), person,
            self.date_of_birth.data, self.phone.data, self.description.data, self.separation.data or "",
            30 if gap is None else gap, (*(self.sites.data or ()), *hidden_sites), self.source.data or "",
            self.review_on.data, self.notes.data,
        )  # fmt: skip

    @staticmethod
    def recorded(view: ExclusionView) -> dict[str, Any]:
        """What is recorded, to be changed."""
        brief = view.brief
        return {
            "names": "\n".join(brief.names), "date_of_birth": view.date_of_birth, "phone": view.phone,
            "description": view.description, "separation": brief.separation, "gap_minutes": brief.gap_minutes,
            "sites": list(view.sites), "source": brief.source, "review_on": brief.review_on, "notes": view.notes,
            "version": str(brief.version),
        }  # fmt: skip


class DecisionForm(FlaskForm):  # type: ignore[misc]
    """Whether someone is the named person."""

    decision = RadioField(
        lazy("Is this the same person?"), [InputRequired(lazy("Choose whether this is the same person."))],
        choices=options(
            [
                ("confirmed", lazy("Yes, the same person")),
                ("dismissed", lazy("No, someone else")),
                ("possible", lazy("Not sure any more: hold it possible")),
            ]
        ),
    )  # fmt: skip
    reason = TextAreaField(
        lazy("Why"), [Length(max=1000)], render_kw={"rows": 3}, description=lazy("Needed unless it is the same person.")
    )
    seen = HiddenField()


class ReasonForm(FlaskForm):  # type: ignore[misc]
    """Why an exclusion is to be closed, or put in force again."""

    reason = TextAreaField(
        lazy("Reason"), [InputRequired(lazy("Give a reason.")), Length(max=1000)], render_kw={"rows": 2}
    )
    version = HiddenField()


class MergeForm(FlaskForm):  # type: ignore[misc]
    """Why two records are one person's, as they were read."""

    reason = TextAreaField(
        lazy("How it is known that they are one person"), [InputRequired(lazy("Give a reason.")), Length(max=1000)],
        render_kw={"rows": 3},
    )  # fmt: skip
    keep_version = HiddenField()
    gone_version = HiddenField()


class CancelForm(FlaskForm):  # type: ignore[misc]
    """Why one side of a clash is cancelled."""

    reason = SelectField(
        lazy("Why it is cancelled"), choices=options([("", lazy("Choose")), *REASONS.items()]), validate_choice=False
    )


class AskForm(FlaskForm):  # type: ignore[misc]
    """Why two people may be near each other all the same, for a second person to decide on."""

    reason = TextAreaField(
        lazy("Why it may be so"), [InputRequired(lazy("Give a reason.")), Length(max=1000)], render_kw={"rows": 3},
        description=lazy("The second person reads this. It is kept."),
    )  # fmt: skip


class TimesForm(FlaskForm):  # type: ignore[misc]
    """Which times to look for that someone is kept from."""

    class Meta:
        """It changes nothing: it comes in the address."""

        csrf = False

    type = SelectField(lazy("What for"), coerce=int, choices=[], validate_choice=False)
    mode = SelectField(lazy("How"), choices=options(MODES.items()), default="in-person", validate_choice=False)
    since = DayField(lazy("From"), [Optional()])
    until = DayField(lazy("Until"), [Optional()])


class VerdictForm(FlaskForm):  # type: ignore[misc]
    """The second person's decision on an override, on what the page showed."""

    why = TextAreaField(
        lazy("Why, if there is something to add"), [Length(max=1000)], render_kw={"rows": 2}
    )
    seen = HiddenField()


class LooksForm(FlaskForm):  # type: ignore[misc]
    """Which looks to list."""

    class Meta:
        """It changes nothing: it comes in the address."""

        csrf = False

    exclusion = NumberField(lazy("Record number"), [Optional(), NumberRange(1, 2**53)])
    who = SelectField(lazy("Who"), choices=[], validate_choice=False)
    since = DayField(lazy("From"), [Optional()])
    until = DayField(lazy("Until"), [Optional()])


class PressForm(FlaskForm):  # type: ignore[misc]
    """A button, protected against forgery."""


def put_refusals(form: FlaskForm, refused: Invalid) -> None:
    """Put what the service refused by its field."""
    for name, sentence in refused.fields.items():
        field = getattr(form, name, None)
        if field is not None:
            field.errors = [*field.errors, sentence]
