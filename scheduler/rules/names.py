"""Names made comparable: plain letters, words, how they sound, and whose short form they may be.

English spelling and the ways in which Polish, Arabic, South Asian and Slavic names are written in English letters are
folded together on purpose: a sound only finds candidates, `matching` then weighs them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rapidfuzz.distance import OSA, JaroWinkler

from scheduler.rules.nicknames import every_word, groups_of

_LETTERS = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ß": "ss", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h",
        # Russian, Ukrainian and Bulgarian, as their passports spell them.
        "а": "a", "б": "b", "в": "v", "г": "g", "ґ": "g", "д": "d", "е": "e", "є": "ye", "ж": "zh", "з": "z",
        "и": "i", "і": "i", "ї": "yi", "й": "y", "к": "k", "л": "l", "м": "m", "н": "n", "о": "o", "п": "p",
        "р": "r", "с": "s", "т": "t", "у": "u", "ф": "f", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch",
        "ъ": "", "ы": "y", "ь": "", "э": "e", "ю": "yu", "я": "ya",
        # Greek.
        "α": "a", "β": "v", "γ": "g", "δ": "d", "ε": "e", "ζ": "z", "η": "i", "θ": "th", "ι": "i", "κ": "k",
        "λ": "l", "μ": "m", "ν": "n", "ξ": "x", "ο": "o", "π": "p", "ρ": "r", "σ": "s", "ς": "s", "τ": "t",
        "υ": "y", "φ": "f", "χ": "ch", "ψ": "ps", "ω": "o",
        # Arabic, Persian and Urdu consonants; short vowels are not written.
        "ا": "a", "آ": "a", "أ": "a", "إ": "i", "ب": "b", "پ": "p", "ت": "t", "ٹ": "t", "ث": "th", "ج": "j",
        "چ": "ch", "ح": "h", "خ": "kh", "د": "d", "ڈ": "d", "ذ": "dh", "ر": "r", "ڑ": "r", "ز": "z", "ژ": "zh",
        "س": "s", "ش": "sh", "ص": "s", "ض": "d", "ط": "t", "ظ": "z", "ع": "", "غ": "gh", "ف": "f", "ق": "q",
        "ك": "k", "ک": "k", "گ": "g", "ل": "l", "م": "m", "ن": "n", "ں": "n", "ه": "h", "ہ": "h", "ھ": "h",
        "و": "w", "ي": "y", "ی": "y", "ى": "a", "ئ": "", "ء": "", "ؤ": "w", "ة": "a", "ے": "e",
    }
)  # fmt: skip
_APOSTROPHES = re.compile("['’‘ʼ`´ʹ′]")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "sir", "jr", "snr", "jnr"})
#: Words that belong to the next one, whether or not there is a space: O Neill, Mc Donald.
_PREFIXES = frozenset({"o", "mc"})


def normalise(text: str) -> str:
    """Lower case, in plain letters, without accents and apostrophes; everything else becomes one space. "Łukasz
    O’Néill-Nowak" is "lukasz oneill nowak". Letters that this does not know are kept as they are."""
    plain = _APOSTROPHES.sub("", text.casefold()).translate(_LETTERS)
    decomposed = unicodedata.normalize("NFKD", plain)
    letters = (c if c.isalpha() else " " for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(letters).casefold().translate(_LETTERS).split())


@lru_cache(maxsize=65536)
def words(name: str) -> tuple[str, ...]:
    """The words of a name: without titles, hyphens parted, and "O Neill" and "Mc Donald" joined."""
    found: list[str] = []
    for word in normalise(name).split():
        if word in _TITLES:
            continue
        if found and found[-1] in _PREFIXES:
            found[-1] += word
        else:
            found.append(word)
    return tuple(found)


_AT_START = (
    ("kn", "n"), ("gn", "n"), ("pn", "n"), ("wr", "r"), ("wh", "w"), ("psy", "sy"), ("x", "s"), ("mac", "mk"),
    ("mc", "mk"), ("gh", "g"), ("geo", "jo"), ("y", "j"),
)  # fmt: skip
_SOUNDS = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        ("dzh|dj|dg(?=[eiy])|jh", "j"), ("shch|szcz", "X"), ("tch|sch|tsch", "X"), ("cz|sz|rz|zh|sh", "X"),
        ("chr", "kr"), ("ch", "X"), ("ti(?=[ao])", "X"), ("ph", "f"), ("ngh", "ng"), ("gh", ""), ("th", "t"),
        ("dh", "d"), ("bh", "b"), ("kh", "k"), ("ck|cq|qu|q", "k"), ("c(?=[eiy])", "s"), ("c", "k"), ("x", "ks"),
        ("t?z", "s"), ("ts", "s"), ("g(?=[eiy])", "j"), ("sk[iy]$|ska$", "sk"), ("mb$", "m"), ("dt$", "t"),
        ("w(?=[aeiouy])|^w|v", "f"), ("w", ""), ("(?<=.)h", ""),
    )
)  # fmt: skip


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """How a normalised word sounds, roughly: its consonants, and "a" for any vowel it begins with. Equal for Hughes and
    Hughs, Shaun and Shawn, Kowalski and Kovalsky, Yusuf and Jusuf. Never empty."""
    text = word
    for start, instead in _AT_START:
        if text.startswith(start) and len(text) > len(start):
            text = instead + text[len(start) :]
            break
    for pattern, instead in _SOUNDS:
        text = pattern.sub(instead, text)
    heard: list[str] = []
    for position, letter in enumerate(text):
        if letter in "aeiouy":
            letter = "a" if position == 0 else ""
        if letter and (not heard or heard[-1] != letter):
            heard.append(letter)
    return "".join(heard) or word


@lru_cache(maxsize=1)
def _table_by_sound() -> dict[str, tuple[str, ...]]:
    by_sound: dict[str, list[str]] = {}
    for word in every_word():
        if len(word) >= 4:
            by_sound.setdefault(sound(word), []).append(word)
    return {heard: tuple(found) for heard, found in by_sound.items()}


@lru_cache(maxsize=65536)
def stands_for(word: str) -> frozenset[str]:
    """The names that a word may stand for: by the table, or, when it has no such word, as a misspelling of one."""
    known = groups_of(word)
    if known or len(word) < 4:
        return known
    near = (w for w in _table_by_sound().get(sound(word), ()) if _is_near(word, w))
    return frozenset(group for w in near for group in groups_of(w))


def _is_near(word: str, known: str) -> bool:
    most = 2 if len(word) >= 6 else 1
    return JaroWinkler.similarity(word, known) >= 0.85 and OSA.distance(word, known, score_cutoff=most) <= most


@lru_cache(maxsize=65536)
def keys(word: str) -> frozenset[str]:
    """What a word is found by: the names it stands for, else its sound."""
    return stands_for(word) or frozenset({f"~{sound(word)}"})


_COMMON_TO_MANY = frozenset({"singh", "kaur", "mohammed", "begum", "bibi", "abdul", "said", "saeed"})


def is_common_to_many(word: str) -> bool:
    """Whether so many of a community bear this word beside the name they go by that it hardly tells who someone is."""
    return not _COMMON_TO_MANY.isdisjoint(groups_of(word))


#: How far two words agree, in hundredths. Below BEGINS_ALIKE, more than the name must speak for it.
SAME, SHORT_FORM, SOUNDS_ALIKE, SPELT_ALIKE, BEGINS_ALIKE = 100, 95, 90, 85, 80
NEARLY, INITIAL, NOT_AT_ALL = 70, 60, 0


@lru_cache(maxsize=65536)
def agreement(a: str, b: str) -> int:
    """How far two normalised words may be one name: SAME, SHORT_FORM, … or NOT_AT_ALL."""
    if a == b:
        return SAME
    mine, theirs = groups_of(a), groups_of(b)
    if shared := mine & theirs:
        # Ian and Sean are both forms of John, but hardly of each other.
        return SHORT_FORM if {a, b} & shared or sound(a) == sound(b) else SOUNDS_ALIKE
    if mine and theirs:
        return _of_two_known_names(a, b)
    if stands_for(a) & stands_for(b):
        return SOUNDS_ALIKE
    shorter, longer = sorted((a, b), key=len)
    if len(shorter) == 1:
        return INITIAL if longer.startswith(shorter) else NOT_AT_ALL
    if sound(a) == sound(b) and JaroWinkler.similarity(a, b) >= 0.7:
        return SOUNDS_ALIKE
    if _slipped(a, b):
        return SPELT_ALIKE
    if len(shorter) >= 3 and longer.startswith(shorter):
        return BEGINS_ALIKE
    barely = 1 if len(shorter) == 3 else 2 if len(shorter) > 4 else 0
    if barely and OSA.distance(a, b, score_cutoff=barely) <= barely:
        return NEARLY
    return NOT_AT_ALL


def _of_two_known_names(a: str, b: str) -> int:
    """John and Joan, Rajinder and Narinder: one slip makes the one into the other, but far more often they are two
    people. So more than the name must speak for it."""
    return NEARLY if OSA.distance(a, b, score_cutoff=1) <= 1 or sound(a) == sound(b) else NOT_AT_ALL


def _slipped(a: str, b: str) -> bool:
    """May the one word be the other, mistyped or misheard: one letter wrong, or two of a long word when neither its
    beginning nor more than one consonant is."""
    shorter, longer = sorted((a, b), key=len)
    # A letter left out of a name of four (Kye, Kyle) is a slip too; one changed in a name of three is another name.
    left_out = len(shorter) == 3 and len(longer) == 4
    if len(shorter) < 4 and not left_out:
        return False
    apart = OSA.distance(a, b, score_cutoff=2)
    if apart <= 1:
        return True
    return apart == 2 and len(shorter) >= 7 and a[0] == b[0] and OSA.distance(sound(a), sound(b), score_cutoff=1) <= 1


def forms(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Every way in which a person may be called, as words: each name, and each one-word alias before the last word of
    each whole name. ["Gareth Hughes", "Spider"] gives also "spider hughes"."""
    split = [found for found in (words(name) for name in names) if found]
    whole = [found for found in split if len(found) > 1]
    combined = [(*alone, full[-1]) for alone in split if len(alone) == 1 for full in whole if alone[0] != full[-1]]
    return tuple(dict.fromkeys([*split, *combined]))
