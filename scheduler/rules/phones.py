"""Phone numbers in one form, however they are typed."""

from __future__ import annotations

import re

import phonenumbers

#: Ofcom's numbers for drama, which nobody has: for tests and demonstrations.
_DRAMA = re.compile(r"\+447700900\d{3}")
_DRAMA_LANDLINE = re.compile(
    r"\+44(?:1632960\d{3}|(?:11[345678]|121|131|141|151|161)4960\d{3}|1914980\d{3}|2079460\d{3}|2896496\d{3}"
    r"|2920180\d{3}|8081570\d{3}|9098790\d{3}|3069990\d{3})"
)
_LANDLINES = frozenset({
    phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE, phonenumbers.PhoneNumberType.SHARED_COST,
    phonenumbers.PhoneNumberType.UAN, phonenumbers.PhoneNumberType.VOICEMAIL,
})  # fmt: skip
LONGEST = 40


def e164(text: str, *, drama: bool = True, region: str = "GB") -> str:
    """The number as +447700900123. `drama` allows the numbers that are only for tests and demonstrations, such as 07700
    900000 to 900999, which count as impossible otherwise. Raises ValueError for what cannot be called."""
    if len(text) > LONGEST:
        raise ValueError("too long")
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        raise ValueError("no phone number") from error
    whole = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if number.extension:
        raise ValueError("an extension cannot be texted")
    if _DRAMA.fullmatch(whole) or _DRAMA_LANDLINE.fullmatch(whole):
        if drama:
            return whole
        raise ValueError("nobody has this number")
    if not phonenumbers.is_valid_number(number):
        raise ValueError("no phone number")
    return whole


def is_landline(number: str | None) -> bool:
    """True for a kept number that gets no texts: a line in a house or an office, or a service's number. One of which
    nobody can say, such as any of North America's, is none."""
    if not number or _DRAMA.fullmatch(number):
        return False
    if _DRAMA_LANDLINE.fullmatch(number):
        return True
    try:
        return phonenumbers.number_type(phonenumbers.parse(number, None)) in _LANDLINES
    except phonenumbers.NumberParseException:
        return False


def shown(number: str | None) -> str:
    """A kept number as people write it at home: 07700 900123."""
    if not number:
        return ""
    if _DRAMA.fullmatch(number):
        return f"0{number[3:7]} {number[7:]}"
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    style = phonenumbers.PhoneNumberFormat
    return phonenumbers.format_number(parsed, style.NATIONAL if parsed.country_code == 44 else style.INTERNATIONAL)


def looks_like_phone(text: str) -> bool:
    """True for text of which a phone number could be meant: six digits or more, and nothing but digits and marks."""
    return bool(re.fullmatch(r"[\d\s()+./-]+", text)) and sum(c.isdigit() for c in text) >= 6


def ending(text: str) -> str:
    """The last six digits, by which part of a number is found."""
    return "".join(c for c in text if c.isdigit())[-6:]
