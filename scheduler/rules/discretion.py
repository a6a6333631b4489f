"""What a text may say: neutral words, only names that she agreed to, one GSM-7 segment (SAFETY.md 8, NEEDS.md N14)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

#: What a safe-contact record's `may_name` can hold.
FIRST_NAME, ORGANISATION, PLACE = "name", "organisation", "place"
MAY_NAME = (FIRST_NAME, ORGANISATION, PLACE)

#: Septets of one segment (3GPP TS 23.038). A longer text arrives in pieces, or out of order, or not at all.
SEGMENT = 160

_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = frozenset("\f^{}\\[~]|€")

#: Beginnings of words that tell what the service is, whom it is for, or why. English counts in every language.
_TELLING = {
    "en": (
        "abus", "addict", "alcohol", "assault", "clinic", "cocaine", "coercive", "counsel", "court", "crisis",
        "custody", "detox", "domestic", "drink", "drug", "exclusion", "female", "girl", "helpline", "heroin",
        "ladies", "lady", "mental", "methadone", "misuse", "needle", "offend", "overdos", "partner", "perpetrator",
        "police", "pregnan", "prescri", "prison", "probation", "psych", "rape", "recover", "refuge", "rehab",
        "safeguard", "safety", "self-harm", "sexual", "sober", "sobriety", "substance", "suicid", "surviv", "therap",
        "trauma", "treatment", "victim", "violen", "woman", "women",
    ),
    "cy": (
        "adferiad", "adsefydlu", "benyw", "cam-drin", "camddefnydd", "carchar", "cyffur", "dioddefwr", "diogelu",
        "fenyw", "ferched", "gyffur", "heddlu", "iechyd meddwl", "lloches", "menyw", "merch", "merched", "therapi",
        "trais", "triniaeth",
    ),
}

#: Words on which Twilio or a carrier opens or shuts a number. A text that asked for one could cut her off.
OPT_OUT = frozenset({"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"})
OPT_IN = frozenset({"START", "YES", "UNSTOP"})
_KEYWORDS = "|".join(sorted(OPT_OUT | OPT_IN | {"HELP", "INFO"}))
_SHOUTED = re.compile(rf"\b(?:{_KEYWORDS})\b")
_ASKED = re.compile(
    rf"\b(?:reply|replying|text|send|answer|respond|type|ateb\w*|tecst\w*|anfon\w*)\b\W+(?:with\W+|back\W+|to\W+)?(?:{_KEYWORDS})\b",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"https?://\S+")


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


def telling_words(text: str, language: str = "en") -> list[str]:
    """The words in `text` that tell too much, in English and in `language`. Addresses are left out."""
    plain = _ADDRESS.sub(" ", text).casefold().replace("’", "'")
    beginnings = _TELLING["en"] + (_TELLING.get(language.split("-")[0], ()) if language != "en" else ())
    return [word for word in beginnings if re.search(rf"(?<![^\W\d_]){re.escape(word)}", plain)]


def asks_for_a_keyword(text: str) -> bool:
    """True when the text asks her to answer with a word that opts out or in, or shouts one."""
    plain = _ADDRESS.sub(" ", text)
    return bool(_SHOUTED.search(plain) or _ASKED.search(plain))


def problems(text: str, language: str = "en") -> list[str]:
    """Why `text` may not be sent; empty when it may. The words never include a name from the text."""
    found: list[str] = []
    length = septets(text)
    if length is None:
        found.append("it has letters outside the GSM-7 alphabet")
    elif length > SEGMENT:
        found.append(f"it takes {length} of {SEGMENT} letters")
    found += [f"it holds “{word}”" for word in telling_words(text, language)]
    if asks_for_a_keyword(text):
        found.append("it asks for a word that opts out or in")
    if any(ord(letter) < 32 for letter in text):
        found.append("it has a line break or a control character")
    return found
