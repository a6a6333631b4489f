"""Words planted in a world so that they can be looked for in everything that leaves the program, and where each may be.

Every word here is found nowhere else: a hit is a leak, or a place that `MAY` names with its reason.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote_plus

#: What only those assigned to the refuge may read (SAFETY.md 7), its ids among it: a number that is in an address says
#: that there is such a place.
REFUGE = {
    "name": "Quillhaven", "address": "Zephyrgate", "postcode": "ZX9 7QK", "directions": "Yarrowmill",
    "entrance": "Bramblegate", "parking": "Hollyhurst", "bus": "Thistlecroft",
    "phone": "07700900811", "session": "Marigold", "room": "Garnet", "series": "Periwinkle", "site": "Wistermoor",
    "venue id": "7770001", "session id": "7771001", "site id": "7772001", "series id": "7773001",
}
#: What an exclusion says of the person it names, and why (SAFETY.md 2). He is a client under another name.
NAMED = {
    "name": "Oakenbury", "alias": "Thadders", "phone": "07700900822", "description": "Vermilion", "notes": "Larkspur",
    "birth date": "1971-11-23", "birth date in words": "23 November 1971", "why it matches": "Foxglove",
    "reason for closing": "Hazelwand", "history": "Bryony", "what was done": "Juniper",
    "reason to override": "Tamarisk", "reason of a decision": "Celandine", "reason to merge": "Sorrelwood",
}
#: Two clients: the woman, and the man from whom she is kept, as every desk knows him.
HER = {"name": "Lindqvist", "given name": "Perpetua", "phone": "07700900833", "notes": "Saffron"}
HIM = {"name": "Birchall", "given name": "Tedrick", "phone": "07700900844", "notes": "Meadowsweet"}

KINDS: Mapping[str, Mapping[str, str]] = {"refuge": REFUGE, "named": NAMED, "her": HER, "him": HIM}


def _forms(word: str) -> tuple[str, ...]:
    """A word in the ways in which it may be written: a phone number as it is stored, dialled and read out."""
    if re.fullmatch(r"07\d{9}", word):
        national = word[1:]
        return (word, f"44{national}", national, f"{word[:5]} {word[5:]}", f"{word[:5]} {word[5:8]} {word[8:]}")
    if word == REFUGE["postcode"]:
        return (word, word.replace(" ", ""))
    return (word,)


_FORMS = [
    (kind, what, form.lower()) for kind, words in KINDS.items() for what, word in words.items() for form in _forms(word)
]


def found_in(text: str) -> set[tuple[str, str]]:
    """The canaries in a text, as (kind, what): as it stands, and with what stands for letters read as letters."""
    text = text.lower()
    read = {text, html.unescape(text), unquote_plus(text)}
    if "\\u" in text:
        read.add(re.sub(r"\\u([0-9a-f]{4})", lambda found: chr(int(found[1], 16)), text))
    return {
        (kind, what) for kind, what, form in _FORMS if any(form in each and _stands_alone(form, each) for each in read)
    }


def _stands_alone(form: str, text: str) -> bool:
    """Figures must: a short number is in many longer ones."""
    return not form.isdigit() or re.search(rf"(?<![0-9]){form}(?![0-9])", text) is not None


@dataclass(frozen=True)
class Reader:
    """Someone who reads: a member of staff at a `desk`, a `token`, a `link`, or `nobody` in particular."""

    name: str
    kind: str
    role: str = ""
    assigned: bool = False
    key_worker: bool = False

    @property
    def is_staff(self) -> bool:
        return self.kind in ("desk", "token")


@dataclass(frozen=True)
class Seen:
    """One answer: who read it, which view gave it, and about whom it was asked ("hers", "his" or nobody)."""

    reader: Reader
    endpoint: str
    about: frozenset[str] = frozenset()

    def at(self, *starts: str) -> bool:
        return self.endpoint.startswith(starts)


_STAFF_PAGES = ("reception.", "outreach.", "safeguarding.", "waiting.", "handset.", "manage.", "api-")
_CLIENT_RECORD = (
    "reception.client", "reception.edit", "api-clients.get_client", "api-clients.edit_client", "safeguarding.",
    "handset.phones",
)

#: Where a canary may be read, and why. Whatever no line allows is a leak.
MAY: list[tuple[str, Callable[[str, Seen], bool], str]] = [
    (
        "refuge",
        lambda what, seen: what == "venue id" and seen.reader.name == "her" and seen.at("link.choose"),
        "She stays there and may choose it; a number without a name says no more than its neutral label does.",
    ),
    (
        "refuge",
        lambda what, seen: seen.reader.kind == "desk" and seen.reader.assigned and seen.at(*_STAFF_PAGES),
        "Staff assigned to the refuge know it (SAFETY.md 7). A token is assigned to nothing.",
    ),
    (
        "named",
        lambda what, seen: seen.reader.role == "lead" and seen.at("safeguarding.", "api-exclusions.", "waiting."),
        "The safety desk is the lead's, and every look is recorded (SAFETY.md 4, 9).",
    ),
    (
        "named",
        lambda what, seen: what == "reason to override" and seen.reader.role == "manager"
        and seen.at("safeguarding.override", "safeguarding.decisions"),
        "A manager may be the second of the two people who override, and reads why the first asks (SAFETY.md 5).",
    ),
    (
        "named",
        lambda what, seen: seen.reader.key_worker and seen.at("safeguarding.mine") and seen.about == {"hers"}
        and what in ("name", "alias", "description", "phone", "birth date", "birth date in words"),
        "A key worker may know of her own client's exclusions (SAFETY.md 4.4).",
    ),
    (
        "her",
        lambda what, seen: seen.reader.is_staff and seen.at(*_STAFF_PAGES) and what not in ("phone", "notes")
        and seen.about != {"his"},
        "Staff know their clients by name (SAFETY.md 4 hides who is kept from whom, not who comes).",
    ),
    (
        "him",
        lambda what, seen: seen.reader.is_staff and seen.at(*_STAFF_PAGES) and what not in ("phone", "notes")
        and seen.about != {"hers"},
        "So they know him; but no page about her may name him, nor one about him her.",
    ),
    (
        "her",
        lambda what, seen: seen.reader.is_staff and seen.at(*_CLIENT_RECORD) and seen.about != {"his"},
        "A client's own record has her number and notes. The handset is a stand-in for phones, not for production.",
    ),
    (
        "him",
        lambda what, seen: seen.reader.is_staff and seen.at(*_CLIENT_RECORD) and seen.about != {"hers"},
        "So has his.",
    ),
    (
        "her",
        lambda what, seen: seen.reader.role == "lead" and seen.at("safeguarding.", "api-exclusions."),
        "The safety desk says who is kept from whom.",
    ),
    (
        "her",
        lambda what, seen: seen.reader.key_worker and what in ("name", "given name"),
        "An alert about her stays on every page of her key worker until someone says what was done (SAFETY.md 5).",
    ),
    (
        "him",
        lambda what, seen: (seen.reader.role == "lead" and seen.at("safeguarding.", "api-exclusions."))
        or (seen.reader.key_worker and seen.at("safeguarding.mine")),
        "So it does the other way; and her key worker may know.",
    ),
]


def leaks(text: str, seen: Seen) -> set[tuple[str, str]]:
    """The canaries in a text that whoever reads it there must not."""
    return {
        (kind, what) for kind, what in found_in(text)
        if not any(of == kind and allows(what, seen) for of, allows, _reason in MAY)
    }
