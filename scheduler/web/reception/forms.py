"""The desk's forms: a client, and what she would choose. What was typed stays when it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import lazy_gettext as lazy
from flask_wtf import FlaskForm
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, NumberRange, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from scheduler.errors import SidegateError
from scheduler.services.clients import ClientDetails, ClientRecord
from scheduler.web.reception.search import minutes_text, read_minutes
from scheduler.web.reception.words import MODES, WEEKDAYS

LANGUAGES = (
    ("", lazy("English")), ("ar", "العربية"), ("bn", "বাংলা"), ("cy", "Cymraeg"), ("fa", "فارسی"), ("pl", "Polski"),
    ("pa", "ਪੰਜਾਬੀ"), ("ro", "Română"), ("so", "Soomaali"), ("ur", "اردو"), ("other", lazy("Another language")),
)


def options(pairs: Iterable[tuple[Any, Any]]) -> list[SelectChoice]:
    """Choices of a list from (value, words)."""
    return [SelectChoice(value, words) for value, words in pairs]


class ChecksField(SelectMultipleField):  # type: ignore[misc]
    """Several choices, as a row of boxes."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


def _whole(typed: Any) -> int | None:
    return int(typed) if typed not in (None, "", "None") else None


class ClientForm(FlaskForm):  # type: ignore[misc]
    """Someone who uses the service, and what they would choose."""

    given_name = StringField(
        lazy("First name"), [DataRequired(lazy("Type a first name.")), Length(max=100)], render_kw={"maxlength": 100}
    )
    family_name = StringField(lazy("Family name"), [Length(max=100)], render_kw={"maxlength": 100})
    aliases = StringField(lazy("Other names"), [Length(max=400)], description=lazy("With commas between them."))
    date_of_birth = StringField(
        lazy("Birth date"), [Length(max=40)], description=lazy("Such as 5 March 1987, 03/1987 or 1987.")
    )
    phone = StringField(
        lazy("Phone"), [Length(max=40)], render_kw={"inputmode": "tel"},
        description=lazy("A mobile if there is one: a landline gets no texts. From abroad with its +country code."),
    )
    key_worker_id = SelectField(lazy("Key worker"), coerce=_whole, validate_choice=False)
    notes = TextAreaField(
        lazy("Notes for staff"), [Length(max=4000)], render_kw={"rows": 3},
        description=lazy("Nothing here that must be kept from the client."),
    )
    modes = ChecksField(lazy("How"), choices=options(MODES.items()), validate_choice=False)
    weekdays = ChecksField(
        lazy("Days"), choices=options(enumerate(WEEKDAYS)), coerce=int, validate_choice=False
    )
    from_time = StringField(lazy("Not before"), [Length(max=5)], render_kw={"type": "time", "step": "300"})
    until_time = StringField(lazy("Starting before"), [Length(max=5)], render_kw={"type": "time", "step": "300"})
    venues = SelectMultipleField(lazy("Places"), coerce=int, validate_choice=False, render_kw={"size": 5})
    staff = SelectMultipleField(lazy("Workers"), coerce=int, validate_choice=False, render_kw={"size": 5})
    woman_worker = BooleanField(lazy("A woman worker"))
    women_only = BooleanField(lazy("Women-only times"))
    step_free = BooleanField(lazy("Step-free"))
    interpreter = BooleanField(lazy("Interpreter"))
    language = SelectField(lazy("Language"), choices=options(LANGUAGES), validate_choice=False)
    creche = IntegerField(
        lazy("Crèche places"), [Optional(), NumberRange(0, 10, lazy("Type a number from 0 to 10."))],
        render_kw={"min": 0, "max": 10, "inputmode": "numeric"},
    )
    version = HiddenField()

    def offer(self, venues: list[tuple[int, str]], staff: list[tuple[int, str]]) -> None:
        """Fill the lists to choose from."""
        self.venues.choices = options(venues)
        self.staff.choices = options(staff)
        self.key_worker_id.choices = options([("", ""), *staff])

    def details(self, before: Mapping[str, Any] | None = None) -> ClientDetails:
        """What was typed. `before` are the recorded preferences: places that this person may not know of stay in them.

        Raises Invalid for a time that cannot be read.
        """
        known = {option.value for option in self.venues.choices or ()}
        kept = [venue for venue in (before or {}).get("venues", ()) if venue not in known]
        preferences: dict[str, Any] = {
            "modes": list(self.modes.data or ()), "weekdays": list(self.weekdays.data or ()),
            "venues": [*(self.venues.data or ()), *kept], "staff": list(self.staff.data or ()),
            "woman_worker": self.woman_worker.data, "women_only": self.women_only.data,
            "step_free": self.step_free.data, "interpreter": self.interpreter.data,
            "language": self.language.data or None, "creche": self.creche.data or 0,
            "from_minute": read_minutes(self.from_time.data, "from_time"),
            "until_minute": read_minutes(self.until_time.data, "until_time"),
        }
        return ClientDetails(
            given_name=self.given_name.data or "", family_name=self.family_name.data or "",
            aliases=tuple(name.strip() for name in (self.aliases.data or "").split(",") if name.strip()),
            date_of_birth=(self.date_of_birth.data or "").strip() or None,
            phone=(self.phone.data or "").strip() or None,
            preferences={name: value for name, value in preferences.items() if value not in (None, False, 0, [], "")},
            notes=(self.notes.data or "").strip() or None, key_worker_id=self.key_worker_id.data,
        )

    @staticmethod
    def recorded(client: ClientRecord) -> dict[str, Any]:
        """What stands in the form when a client's record is opened for editing."""
        p = client.preferences
        return {
            "given_name": client.given_name, "family_name": client.family_name, "aliases": ", ".join(client.aliases),
            "date_of_birth": client.date_of_birth, "phone": client.phone, "key_worker_id": client.key_worker_id,
            "notes": client.notes, "modes": p.get("modes"), "weekdays": p.get("weekdays"), "venues": p.get("venues"),
            "staff": p.get("staff"), "woman_worker": p.get("woman_worker"), "women_only": p.get("women_only"),
            "step_free": p.get("step_free"), "interpreter": p.get("interpreter"), "language": p.get("language"),
            "creche": p.get("creche"), "from_time": minutes_text(p.get("from_minute")),
            "until_time": minutes_text(p.get("until_minute")), "version": client.version,
        }


class EligibilityForm(FlaskForm):  # type: ignore[misc]
    """The decision on what is for women, under the service's policy. Never evidence of sex."""

    decision = RadioField(
        lazy("May this client come to what is for women?"),
        choices=options([("eligible", lazy("Yes")), ("not-eligible", lazy("No")), ("unknown", lazy("Not decided"))]),
        validate_choice=False,
    )
    policy = StringField(
        lazy("Under which version of the policy"), [DataRequired(lazy("Name the policy.")), Length(max=40)]
    )


def put_refusals(form: FlaskForm, refused: SidegateError) -> bool:
    """Put the service's sentences beside the fields they are about. Gives whether every one found its field."""
    renamed = {"from_minute": "from_time", "until_minute": "until_time", "hours": "until_time"}
    placed = bool(refused.fields)
    for name, sentence in refused.fields.items():
        wanted = form._fields.get(renamed.get(name, name))
        if wanted is None:
            placed = False
            continue
        wanted.errors = [*wanted.errors, sentence]
    return placed
