"""What a text that came back means. Two answers are understood and nothing else is guessed at."""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Meaning(StrEnum):
    """What staff are told of a text that came back."""

    COMING = "coming"
    ANOTHER_TIME = "another-time"  #: a task for staff: nothing is moved or cancelled by text
    OTHER = "other"


_ANSWERS = {
    "1": Meaning.COMING, "one": Meaning.COMING, "2": Meaning.ANOTHER_TIME, "two": Meaning.ANOTHER_TIME,
}
#: What makes a picture of a figure: a phone's keyboard offers it in place of the figure.
_KEYCAP = str.maketrans("", "", "\ufe0f\u20e3")


def meaning_of(body: str) -> Meaning:
    """The meaning of these words: a bare 1 or 2, as a figure or in English, with marks around it or without."""
    bare = unicodedata.normalize("NFKC", body.translate(_KEYCAP)).strip(" \t\r\n.,!\"'()").casefold()
    return _ANSWERS.get(bare, Meaning.OTHER)
