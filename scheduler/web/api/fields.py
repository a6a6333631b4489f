"""What may stand in a request's fields, told apart strictly: text that can be stored, instants that exist, ids."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import UTC, date, datetime
from typing import Any

import marshmallow as ma
from marshmallow import fields, validate

#: The largest whole number that every JSON reader keeps exactly; ids are never larger.
MOST_ID = 2**53 - 1

# RFC 3339, 5.6; the second 60 of a leap second is not one that a booking can be at.
_MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(\.\d{1,6})?([Zz]|[+-]\d\d:\d\d)", flags=re.ASCII
)
_NAIVE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?", flags=re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", flags=re.ASCII)
_CLOCK = re.compile(r"([01]\d|2[0-4]):([0-5]\d)", flags=re.ASCII)
#: True while the fields of an address are read: there a number is its digits. In a body it is a JSON number.
from_address: ContextVar[bool] = ContextVar("from_address", default=False)

_FIRST_YEAR, _LAST_YEAR = 1900, 2199


def _storable(text: str) -> None:
    """Raises ValidationError for what no database and no page can hold: control characters and half characters."""
    for letter in text:
        kind = unicodedata.category(letter)
        if kind == "Cs" or (kind == "Cc" and letter not in "\n\r\t"):
            raise ma.ValidationError("Remove the characters that cannot be shown.")


class Text(fields.String):
    """Text in any script, of at most `most` characters; surrounding space is dropped."""

    def __init__(self, most: int, least: int = 0, **kwargs: Any) -> None:
        given = kwargs.pop("validate", None)
        checks = [validate.Length(min=least or None, max=most, error=_length_sentence(least, most))]
        checks += given if isinstance(given, list) else [given] if given else []
        super().__init__(validate=checks, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        _storable(text)
        return unicodedata.normalize("NFC", text).strip()


def _length_sentence(least: int, most: int) -> str:
    return f"Use {least} to {most} characters." if least else f"Use at most {most} characters."


class Choice(fields.String):
    """One of a few words."""

    def __init__(self, words: Any, **kwargs: Any) -> None:
        super().__init__(validate=validate.OneOf(tuple(map(str, words)), error="Choose one of: {choices}."), **kwargs)


class Whole(fields.Integer):
    """A whole number within bounds: in a body a JSON number, in an address its digits."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        check = validate.Range(least, most, error="Give a whole number from {min} to {max}.")
        super().__init__(validate=check, **kwargs)

    def _validated(self, value: Any) -> Any:
        digits = isinstance(value, str) and from_address.get() and re.fullmatch(r"-?\d{1,18}", value, re.ASCII)
        if not digits and not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._validated(value)


class Id(Whole):
    """The id of a record."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, MOST_ID, **kwargs)


class Flag(fields.Boolean):
    """True or false, as JSON has them; in an address the words `true` and `false`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        found = {"true": True, "false": False}.get(value) if isinstance(value, str) and from_address.get() else value
        if not isinstance(found, bool):
            raise ma.ValidationError("Say true or false.")
        return found


class Moment(fields.Field[datetime]):
    """An instant: RFC 3339 with its offset, such as `2027-03-28T09:30:00+01:00`. Given out in UTC."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> datetime:
        # An unescaped plus sign in an address arrives as a space.
        text = re.sub(r" (\d\d:\d\d)$", r"+\1", value) if isinstance(value, str) else ""
        if not _MOMENT.fullmatch(text):
            if _NAIVE.fullmatch(text):
                raise ma.ValidationError("Add the offset from UTC, such as +01:00 or Z.")
            raise ma.ValidationError("Write a date and time as RFC 3339, such as 2027-03-28T09:30:00+01:00.")
        try:
            found = datetime.fromisoformat(text.upper().replace("Z", "+00:00"))
            if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
                raise ma.ValidationError("That date is too far away.")
            return found.astimezone(UTC)
        except (ValueError, OverflowError):
            raise ma.ValidationError("That date and time do not exist.") from None

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.astimezone(UTC).isoformat().replace("+00:00", "Z")


class Day(fields.Field[date]):
    """A calendar day, such as `2027-03-28`."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            raise ma.ValidationError("Write a date as year, month and day, such as 2027-03-28.")
        try:
            found = date.fromisoformat(value)
        except ValueError:
            raise ma.ValidationError("That date does not exist.") from None
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise ma.ValidationError("That date is too far away.")
        return found

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else value.isoformat()


class ClockTime(fields.Field[int]):
    """A time on the venue's wall clock, such as `09:30`; inside, minutes after midnight. `24:00` ends a day."""

    def __init__(self, end_of_day: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.most = 1440 if end_of_day else 1439

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        minutes = int(found[1]) * 60 + int(found[2]) if found else self.most + 1
        if minutes > self.most:
            raise ma.ValidationError("Write a time as hours and minutes, such as 09:30.")
        return minutes

    def _serialize(self, value: int | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else f"{value // 60:02}:{value % 60:02}"


def listed(inner: fields.Field[Any], most: int, **kwargs: Any) -> fields.List[Any]:
    """A list of at most `most` items."""
    check = validate.Length(max=most, error=f"Give at most {most}.")
    return fields.List(inner, validate=check, **kwargs)


class Schema(ma.Schema):
    """A request's or an answer's shape. A field that is not in it is refused, never ignored."""

    class Meta:
        unknown = ma.RAISE
        ordered = True


class Page(Schema):
    """What every list is asked with: how many, and from where on."""

    limit = Whole(1, 200, load_default=50, metadata={"description": "How many to give at most."})
    cursor = fields.String(
        load_default=None, validate=validate.Length(max=600, error="Use the `next` of the page before."),
        metadata={"description": "The `next` of the page before."},
    )
