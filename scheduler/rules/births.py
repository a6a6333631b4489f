"""Birth dates as people give them: whole, a month and year, a year alone, or with day and month the wrong way round.

A birth date is kept as ISO text of which the end may be missing: "1987-03-05", "1987-03" or "1987".
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum

EARLIEST_YEAR = 1900

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_FULL_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_ABOUT = re.compile(r"^(about|around|approx(imately)?\.?|circa|ca?\.|born|b\.)\s*", re.IGNORECASE)
_ISO = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_BRITISH = re.compile(r"(\d{1,2})\s*[-/. ]\s*(\d{1,2})\s*[-/. ]\s*(\d{4}|\d{2})")
_MONTH_YEAR = re.compile(r"(\d{1,2})\s*[-/.]\s*(\d{4})")
_WORDS = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)?[\s.-]+)?([a-z]{3,9})[\s.,-]+(\d{4}|\d{2})")
_WORDS_FIRST = re.compile(r"([a-z]{3,9})[\s.-]+(\d{1,2})(?:st|nd|rd|th)?[\s,]+(\d{4})")
_DIGITS = re.compile(r"(\d{2})(\d{2})(\d{4})")


class Birth(StrEnum):
    """How two birth dates stand to each other."""

    SAME = "same birth date"
    SWAPPED = "same birth date with day and month the other way round"
    FITS = "birth date fits as far as it is known"
    CLOSE = "birth dates differ a little"
    YEAR = "same year of birth, different day"
    UNKNOWN = "no birth date to compare"
    DIFFERS = "different birth date"


def read_birth(text: str, today: date) -> str:
    """The ISO form of a typed birth date: "5/3/1987", "5 March 87", "March 1987", "about 1987", "05031987", ISO.

    Day comes before month, as in Britain. Raises ValueError for anything that is no date, or not between 1900 and
    today.
    """
    year, month, day = _parts(_ABOUT.sub("", text.strip().lower()), today)
    if not EARLIEST_YEAR <= year <= today.year:
        raise ValueError("the year is out of range")
    if day is not None and month is not None:
        if date(year, month, day) > today:
            raise ValueError("the date is in the future")
        return f"{year:04}-{month:02}-{day:02}"
    if month is not None:
        if date(year, month, 1) > today:
            raise ValueError("the date is in the future")
        return f"{year:04}-{month:02}"
    return f"{year:04}"


def _parts(text: str, today: date) -> tuple[int, int | None, int | None]:
    if found := _ISO.fullmatch(text):
        return int(found[1]), int(found[2]) if found[2] else None, int(found[3]) if found[3] else None
    if found := _BRITISH.fullmatch(text) or _DIGITS.fullmatch(text):
        return _year(found[3], today), int(found[2]), int(found[1])
    if found := _MONTH_YEAR.fullmatch(text):
        return int(found[2]), int(found[1]), None
    if found := _WORDS.fullmatch(text):
        return _year(found[3], today), _month(found[2]), int(found[1]) if found[1] else None
    if found := _WORDS_FIRST.fullmatch(text):
        return int(found[3]), _month(found[1]), int(found[2])
    raise ValueError("no date")


def _year(text: str, today: date) -> int:
    if len(text) == 4:
        return int(text)
    recent = 2000 + int(text)
    return recent if recent <= today.year - 10 else 1900 + int(text)


def _month(word: str) -> int:
    for number, (short, full) in enumerate(zip(_MONTHS, _FULL_MONTHS, strict=True), start=1):
        if full.startswith(word) and word.startswith(short):
            return number
    raise ValueError("no such month")


def parts(birth: str) -> tuple[int, int | None, int | None]:
    """Year, month and day of a kept birth date; what is missing is None. Raises ValueError when it is not one."""
    found = [int(part) for part in birth.split("-")]
    year, month, day = (*found, None, None)[:3]
    if year is None:
        raise ValueError("no birth date")
    return year, month, day


def unordered(birth: str) -> str:
    """A form that stays the same when day and month change places; of an incomplete date, the date itself."""
    year, month, day = parts(birth)
    if month is None or day is None:
        return birth
    return f"{year:04}:{min(month, day):02}:{max(month, day):02}"


def compare(one: str | None, other: str | None) -> Birth:
    """How two birth dates stand to each other. Of two incomplete ones what both have is compared.

    Years up to two apart are close when either is all that is known, for it is then often a guess. 1 January stands for
    an unknown day in many people's papers, and is read as the year alone unless both say it.
    """
    if not one or not other:
        return Birth.UNKNOWN
    if one == other:
        return Birth.SAME if len(one) == 10 else Birth.FITS
    a, b = _without_placeholder(parts(one)), _without_placeholder(parts(other))
    if None not in a and None not in b:
        return _compare_whole(a, b)
    if a[1] is None or b[1] is None:
        apart = abs(a[0] - b[0])
        return Birth.FITS if apart == 0 else Birth.CLOSE if apart <= 2 else Birth.DIFFERS
    if a[:2] == b[:2]:
        return Birth.FITS
    return Birth.CLOSE if a[0] == b[0] or (a[1] == b[1] and abs(a[0] - b[0]) <= 2) else Birth.DIFFERS


def _without_placeholder(of: tuple[int, int | None, int | None]) -> tuple[int, int | None, int | None]:
    return (of[0], None, None) if of[1:] == (1, 1) else of


def _compare_whole(a: tuple[int, int | None, int | None], b: tuple[int, int | None, int | None]) -> Birth:
    if a[0] == b[0] and (a[1], a[2]) == (b[2], b[1]):
        return Birth.SWAPPED
    if sum(x == y for x, y in zip(a, b, strict=True)) == 2:
        return Birth.CLOSE
    return Birth.YEAR if a[0] == b[0] else Birth.DIFFERS
