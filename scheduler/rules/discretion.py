"""What a text may say: neutral words, only names that she agreed to, one segment (SAFETY.md 8, NEEDS.md N14)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from scheduler.rules import forbidden
from scheduler.rules.languages import language_of

#: What a safe-contact record's `may_name` can hold.
FIRST_NAME, ORGANISATION, PLACE = "name", "organisation", "place"
MAY_NAME = (FIRST_NAME, ORGANISATION, PLACE)

#: One segment (3GPP TS 23.038): septets of the GSM-7 alphabet, or UTF-16 code units of UCS-2, which a text takes whole
#: as soon as one letter of it needs that. A longer text arrives in pieces, or out of order, or not at all.
SEGMENT, WIDE_SEGMENT = 160, 70

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")

#: Words on which Twilio or a carrier opens or shuts a number. A text that asked for one could cut her off.
OPT_OUT = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
OPT_IN = frozenset({"START", "YES", "UNSTOP"})
_KEYWORDS = "|".join(sorted(OPT_OUT | OPT_IN | {"HELP", "INFO"}))
_SHOUTED = re.compile(rf"\b(?:{_KEYWORDS})\b")
_ANSWERING = (
    "reply|replying|text|send|answer|respond|type|write|ateb\\w*|tecst\\w*|anfon\\w*|odpi\\w*|odpowied\\w*|napis\\w*|"
    "wysl\\w*|wysyl\\w*|raspund\\w*|trimit\\w*|scri\\w*"
)
_ASKED = re.compile(rf"\b(?:{_ANSWERING})\b\W+(?:with\W+|back\W+|to\W+|cu\W+)?(?:{_KEYWORDS})\b", re.IGNORECASE)
# Among other letters a Latin word stands out, in whatever case and before or after the verb.
_AMONG_OTHERS = re.compile(rf"(?<![a-z0-9_])(?:{_KEYWORDS})(?![a-z0-9_])", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+")
#: Invisible letters that some scripts cannot do without: the joiners, and the mark that keeps numbers in their order
#: beside right-to-left words. Any other could hide a word or turn an address around.
_CONTROLS = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_INVISIBLE = frozenset("\u200c\u200d\u200f")


class Names(NamedTuple):
    """The names that one text may hold; each is None when it may not."""

    first: str | None = None
    organisation: str | None = None
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an appointment is held. `name` is None when it is held at a distance."""

    name: str | None
    confidential: bool


def names(may_name: Collection[str], first: str, organisation: str, place: Place | None) -> Names:
    """What a text to her may name: only what she agreed to, and a confidential place never, whatever is recorded."""
    named_place = place.name if place is not None and PLACE in may_name and not place.confidential else None
    return Names(
        first if FIRST_NAME in may_name else None,
        organisation if ORGANISATION in may_name else None,
        named_place,
    )


def septets(text: str) -> int | None:
    """How many GSM-7 septets `text` takes; None when it needs another alphabet."""
    total = 0
    for letter in text:
        if letter in _BASIC:
            total += 1
        elif letter in _EXTENDED:
            total += 2
        else:
            return None
    return total


def units(text: str) -> int:
    """How many UTF-16 code units `text` takes."""
    return sum(2 if ord(letter) > 0xFFFF else 1 for letter in text)


class Size(NamedTuple):
    """How much of one segment a text takes, and how much there is: septets of 160, or code units of 70."""

    taken: int
    most: int

    @property
    def fits(self) -> bool:
        """Whether it arrives in one piece."""
        return self.taken <= self.most


def size(text: str) -> Size:
    """What `text` takes of one segment, in the alphabet that it needs."""
    length = septets(text)
    return Size(units(text), WIDE_SEGMENT) if length is None else Size(length, SEGMENT)


def in_plain_letters(text: str) -> str | None:
    """`text` in the GSM-7 alphabet, the accents that it lacks left out, as people write on a phone (Zoë as Zoe); None
    when that is not enough."""
    plain = "".join(letter if letter in _BASIC or letter in _EXTENDED else _bare(letter) for letter in text)
    return plain if septets(plain) is not None else None


def _bare(letter: str) -> str:
    typed = letter.translate(_TYPOGRAPHIC)
    return "".join(each for each in unicodedata.normalize("NFKD", typed) if not unicodedata.combining(each))


_TYPOGRAPHIC = str.maketrans(
    {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "–": "-", "—": "-", "…": "...", "ł": "l", "Ł": "L", "đ": "d",
     "Đ": "D", "\u00a0": " "}
)


def telling_words(text: str) -> list[str]:
    """The words in `text` that tell too much, in any language. Addresses are left out."""
    return forbidden.found_in(_ADDRESS.sub(" ", text))


def asks_for_a_keyword(text: str) -> bool:
    """True when the text asks her to answer with a word that opts out or in, or shouts one."""
    plain = _ADDRESS.sub(" ", text)
    if _SHOUTED.search(plain) or _ASKED.search(plain):
        return True
    return septets(plain) is None and bool(_AMONG_OTHERS.search(plain))


def has_controls(text: str) -> bool:
    """True when the text has a line break, or an invisible letter that no script needs."""
    return any(unicodedata.category(each) in _CONTROLS and each not in _INVISIBLE for each in text)


def problems(text: str, language: str = "en") -> list[str]:
    """Why `text` may not be sent; empty when it may. The words never include a name from the text."""
    found: list[str] = []
    wide = language_of(language).wide
    if septets(text) is None and not wide:
        found.append("it has letters outside the GSM-7 alphabet")
    elif not size(text).fits:
        found.append("it takes {} of {} letters".format(*size(text)))
    found += [f"it holds “{word}”" for word in telling_words(text)]
    if asks_for_a_keyword(text):
        found.append("it asks for a word that opts out or in")
    if has_controls(text):
        found.append("it has a line break or a control character")
    return found
