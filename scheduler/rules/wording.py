"""The words of a text as people write them: words, {names} of what is filled in, and [parts] that may be left out.

    [Hi {name}. ]You are booked: {time}[, {place}]. See or change: {link}

It is no template language: nothing in it is ever run, nothing stands for anything but these few names, and what is
filled in is never read again. A part is left out when something in it has no value for her, or when the text would not
fit or would tell too much with it: parts that name nothing go first, the last of them before the others, then the
organisation, her name, and the place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from scheduler.rules import discretion
from scheduler.rules.languages import Language

NAME, TIME, PLACE, LINK, ORGANISATION = "name", "time", "place", "link", "organisation"
#: What may be filled in, and what must be, by purpose. Staff are told nothing but that something waits.
ALLOWED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("confirmation", "reminder", "change", "cancellation"), (NAME, TIME, PLACE, LINK, ORGANISATION)),
    "link": (NAME, LINK, ORGANISATION),
    "staff": (),
}
_ALWAYS = (TIME, LINK)
#: In which order parts are left out, by what they name.
_LEAST_USEFUL = (ORGANISATION, NAME, PLACE)

#: Nobody needs more; every way of leaving them out is tried when words are saved.
MOST_PARTS = 8
LONGEST = 400
#: Keeps what follows a Latin name in its order among right-to-left words, and makes such a text begin on its own side.
#: The isolates would say it better, but phones of ten years ago show them as boxes.
_RIGHT_TO_LEFT = "\u200f"

_TOKEN = re.compile(r"\{([^{}\[\]]*)\}|[{}\[\]]|[^{}\[\]]+")
_TYPED_ADDRESS = re.compile(r"://|\bwww\.", re.IGNORECASE)


class Unwritable(Exception):
    """Words that cannot be used. Its text is a sentence for whoever typed them."""


class Piece(NamedTuple):
    """Some words, or with `name` the name of what is filled in instead."""

    words: str
    name: str | None = None


class Part(NamedTuple):
    """A run of pieces; an `optional` one stood in [brackets]."""

    pieces: tuple[Piece, ...]
    optional: bool

    @property
    def names(self) -> frozenset[str]:
        """What is filled in here."""
        return frozenset(piece.name for piece in self.pieces if piece.name)


@lru_cache(maxsize=256)
def read(typed: str, purpose: str) -> tuple[Part, ...]:
    """The parts of these words. Raises Unwritable for what cannot be read, and for a name that does not exist."""
    parts: list[Part] = []
    pieces: list[Piece] = []
    optional = False
    for token in _TOKEN.finditer(typed):
        mark = token[0]
        if token[1] is not None:
            pieces.append(Piece("", _known(token[1], purpose)))
        elif mark in "[]":
            if (mark == "[") == optional:
                raise Unwritable(_NESTED if optional else _UNOPENED)
            parts.append(Part(tuple(pieces), optional))
            pieces, optional = [], not optional
        elif mark in "{}":
            raise Unwritable(f"A curly bracket stands alone here: write both, such as {{{LINK}}}.")
        else:
            pieces.append(Piece(mark))
    if optional:
        raise Unwritable("A [part] is not closed: put ] where it ends.")
    parts.append(Part(tuple(pieces), False))
    return tuple(part for part in parts if part.pieces)


_NESTED = "A [part] stands inside another one: close the first with ] before the next begins."
_UNOPENED = "There is a ] without the [ that begins its part."


def _known(typed: str, purpose: str) -> str:
    name = typed.strip().casefold()
    if name in ALLOWED[purpose]:
        return name
    known = ", ".join(f"{{{each}}}" for each in ALLOWED[purpose])
    if not known:
        raise Unwritable("Nothing is filled in here: a text to staff says nothing but that something waits.")
    raise Unwritable(f"“{{{typed.strip()[:20]}}}” is not known here. You can use {known}.")


def checked(typed: str, purpose: str, language: Language) -> tuple[Part, ...]:
    """The parts of these words, which may be used as far as that can be said without knowing how long the times and
    addresses are. Raises Unwritable."""
    if not typed.strip():
        raise Unwritable("Write the words of the text, or restore the built-in ones.")
    if len(typed) > LONGEST:
        raise Unwritable("That is far more than one text can hold.")
    parts = read(typed, purpose)
    _in_their_places(parts, purpose)
    _in_letters_that_fit(typed, language)
    for words in _ways(parts):
        if not words.strip() and purpose == "staff":
            raise Unwritable("Leave something to say when every [part] is left out.")
        for found in discretion.telling_words(words):
            raise Unwritable(f"“{found}” would tell what the service is. Say it another way.")
        if discretion.asks_for_a_keyword(words):
            raise Unwritable("Do not ask for STOP, YES or the like: phone networks act on them, and could cut her off.")
    return parts


def _in_their_places(parts: tuple[Part, ...], purpose: str) -> None:
    if sum(part.optional for part in parts) > MOST_PARTS:
        raise Unwritable(f"Use up to {MOST_PARTS} [parts].")
    named = [(piece.name, part.optional) for part in parts for piece in part.pieces if piece.name]
    for name in ALLOWED[purpose]:
        times = sum(each == name for each, _optional in named)
        if times > 1:
            raise Unwritable(f"Use {{{name}}} once.")
        if not times and name in _ALWAYS:
            raise Unwritable(_MISSING[name])
        if (name, True) in named and name in _ALWAYS:
            raise Unwritable(f"Take {{{name}}} out of the [part]: it is never left out.")
        if (name, False) in named and name not in _ALWAYS:
            raise Unwritable(
                f"Put {{{name}}} in a [part], with the words that belong to it: it is left out where she did not agree "
                f"to it, or where it does not fit."
            )
    if any(_TYPED_ADDRESS.search(words) for words in _ways(parts)):
        raise Unwritable(f"Take the address out: {{{LINK}}} is the only one that a text may hold.")
    if purpose != "staff" and not all(_stands_alone("{link}", words) for words in _ways(parts, "{link}", "x")):
        raise Unwritable(f"Leave a space before and after {{{LINK}}}, so that a phone can tell where it ends.")


_MISSING = {
    LINK: "Put {link} in: without it she can neither see nor change anything.",
    TIME: "Put {time} in: it is what she needs most.",
}


def _in_letters_that_fit(typed: str, language: Language) -> None:
    """Raises Unwritable for letters that no text of this language may hold."""
    if discretion.has_controls(typed):
        raise Unwritable("Write it in one line, without invisible letters.")
    if not language.wide and discretion.septets(typed) is None:
        odd = " ".join(dict.fromkeys(each for each in typed if discretion.septets(each) is None))
        raise Unwritable(f"These would make every text more than twice as long, so write them another way: {odd[:30]}")


def _ways(parts: tuple[Part, ...], link: str = " ", other: str = " ") -> Iterator[str]:
    """The words with every choice of parts left out, and these in place of what is filled in."""
    choices = [(True, False) if part.optional else (True,) for part in parts]
    for kept in product(*choices):
        chosen = [part for part, keep in zip(parts, kept, strict=True) if keep]
        yield _joined(
            (link if piece.name == LINK else other) if piece.name else piece.words
            for part in chosen for piece in part.pieces
        )  # fmt: skip


def _joined(words: Iterator[str]) -> str:
    return re.sub(" {2,}", " ", "".join(words)).strip(" ")


def _stands_alone(link: str, text: str) -> bool:
    return text.split(" ").count(link) == 1 and text.count(link) == 1


# --- What is sent -----------------------------------------------------------------------------------------------------


def texts(parts: tuple[Part, ...], values: Mapping[str, str | None], language: Language) -> Iterator[str]:
    """These words filled in, from the fullest to what is left when every part is left out. Unchecked."""
    given = {name: _among(value, language) for name, value in values.items() if value}
    # A name that cannot be written, or that tells, costs the text nothing else.
    there = {name: value for name, value in given.items() if name in _ALWAYS or not problems(value, language)}
    kept = [part for part in parts if not part.optional or part.names <= there.keys()]
    if any(not part.names <= there.keys() for part in kept):
        return
    while True:
        pieces = [piece for part in kept for piece in part.pieces]
        yield _beginning(_joined(there[each.name] if each.name else each.words for each in pieces), language)
        optional = [place for place, part in enumerate(kept) if part.optional]
        if not optional:
            return
        del kept[min(optional, key=lambda place: (_rank(kept[place]), -place))]


def _rank(part: Part) -> int:
    return min((1 + _LEAST_USEFUL.index(name) for name in part.names), default=0)


def _among(value: str, language: Language) -> str:
    """A value as it stands among the words of this language."""
    if not language.wide:
        return discretion.in_plain_letters(value) or value
    latin = any(unicodedata.bidirectional(letter) == "L" for letter in value)
    return value + _RIGHT_TO_LEFT if language.right_to_left and latin and "://" not in value else value


def _beginning(text: str, language: Language) -> str:
    """Phones lay a text out by its first letter that has a direction."""
    first = next((way for way in map(unicodedata.bidirectional, text) if way in ("L", "R", "AL")), "R")
    return _RIGHT_TO_LEFT + text if language.right_to_left and first == "L" else text


def problems(text: str, language: Language, link: str = "") -> list[str]:
    """Why a text that was filled in may not be sent; empty when it may. With `link`, it must hold that address, once,
    where a phone can tell it from the words, and no other."""
    found = discretion.problems(text, language.code)
    if link and not _stands_alone(link, text):
        found.append("her link does not stand alone")
    if _TYPED_ADDRESS.search(text.replace(link, " ") if link else text):
        found.append("it holds another address")
    if not text.strip():
        found.append("it is empty")
    return found
