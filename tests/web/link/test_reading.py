"""What she reads is for a reading age of 9 to 11: tired, in a hurry, perhaps not in her first language.

The Flesch-Kincaid grade of each page's English sentences (Kincaid and others, 1975): 0.39 words a sentence, 11.8
syllables a word, less 15.59. Grade 6 is read at 11. Syllables are counted by their vowels, which is right for the plain
words that these pages are made of, and errs on the hard side for the others.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3] / "scheduler"
PAGES = sorted((ROOT / "templates" / "link").glob("*.html")) + sorted((ROOT / "web" / "link").glob("*.py"))
#: A grade for a page as a whole, and the longest sentence on it.
HARDEST, LONGEST = 6.0, 20
#: What stands alone, as a heading or on a button, is no sentence, and would make a page look easier than it is.
ENOUGH = 4

_STRING = r'"((?:[^"\\]|\\.)*)"'
_SAID = re.compile(rf"(?:\b_|gettext|lazy)\(\s*{_STRING}(?:\s*,\s*{_STRING})?")


def sentences(source: str) -> list[str]:
    """The sentences that a page can show, with a short name for whatever is filled in."""
    found = []
    for match in _SAID.finditer(source):
        for text in filter(None, match.groups()):
            text = re.sub(r"%\(\w+\)[sd]", "Ann", text)
            found += [each for each in re.split(r"(?<=[.!?:])\s+", text) if re.search(r"[A-Za-z]", each)]
    return found


def words(sentence: str) -> list[str]:
    return re.findall(r"[A-Za-zè']+", sentence)


def syllables(word: str) -> int:
    """One for each run of vowels; a silent e at the end counts for nothing."""
    plain = re.sub(r"(?:[^laeiouy]es|[^td]ed|[^l]e)$", lambda end: end[0][0], word.lower().replace("è", "e"))
    return max(1, len(re.findall(r"[aeiouy]+", plain)))


def grade(found: list[str]) -> float:
    """The Flesch-Kincaid grade of these sentences."""
    all_words = [word for each in found for word in words(each)]
    return 0.39 * len(all_words) / len(found) + 11.8 * sum(map(syllables, all_words)) / len(all_words) - 15.59


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_each_page_is_read_at_eleven(page: Path) -> None:
    found = [each for each in sentences(page.read_text()) if len(words(each)) >= ENOUGH]
    if not found:
        return  # only words that stand alone: nothing to measure
    hard = sorted(found, key=lambda each: -grade([each]))[:3]
    assert grade(found) <= HARDEST, (round(grade(found), 1), hard)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_no_sentence_is_long(page: Path) -> None:
    long = [each for each in sentences(page.read_text()) if len(words(each)) > LONGEST]
    assert long == []


def test_hard_words_and_long_sentences_are_found() -> None:
    hard = ["Appointments are unavailable owing to circumstances outside of our organisation's control."]
    assert grade(hard) > 12
    assert grade(["Come at any time.", "We will call you.", "It is safe."]) < 1
    assert [syllables(word) for word in ("time", "times", "people", "called", "wanted", "appointment")] == [
        1, 1, 2, 1, 2, 3,
    ]
