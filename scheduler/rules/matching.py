"""Whether someone we know may be the person that an exclusion names (SAFETY.md 2), and by which keys either is found.

It errs one way: a match too many costs a lead one look and a client some times he is not offered; a match too few costs
a woman her safety. Every verdict comes with its reasons in plain words.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import combinations, permutations, product
from typing import NamedTuple, TypeAlias

from scheduler.rules import names as n
from scheduler.rules.births import Birth, compare, parts, unordered
from scheduler.rules.phones import ending

#: Letters of a word's beginning that are indexed; a longer beginning is looked up by these and checked when shown.
SHORTEST_PREFIX, LONGEST_PREFIX = 2, 8

#: Up to this many people may share a lone name (known by "Gaz" and nothing else) and all be held possible. Beyond it
#: the name says nothing, and the exclusion's page asks for more instead.
MOST_LONE = 20

#: Goes up with every change of the keys by which people are found: those of everyone recorded before are made anew.
KEYS_VERSION = 2

_MOST_WORDS = 6
_SHORT = 4


class Identity(NamedTuple):
    """Who someone is, as far as it is known. `names` are whole names and aliases in any form; `date_of_birth` is as
    `births` keeps it; `phone` is E.164."""

    names: tuple[str, ...]
    date_of_birth: str | None = None
    phone: str | None = None


class Likeness(StrEnum):
    """How far two people's names agree."""

    FULL = "full"  #: two words of one agree with two of the other
    LONE = "lone"  #: one side has only a single name, and it agrees; or both go by the same unusual name
    WEAK = "weak"  #: two words agree, but so little that the name alone would bring many others too
    PART = "part"  #: both have whole names, of which one word agrees
    NONE = "none"
    UNKNOWN = "unknown"  #: one side has no name at all


@dataclass(frozen=True, slots=True)
class Verdict:
    """What comparing two people found. `possible` must keep them apart; `lone` is possible too, unless more than
    MOST_LONE people share each of `by`, the named person's words that agree. `score` is from 0 to 100, and only sorts a
    lead's list."""

    possible: bool
    lone: bool
    score: int
    why: str
    by: tuple[str, ...] = ()


def compare_people(named: Identity, known: Identity) -> Verdict:
    """May `known` be the person that `named` describes? Day and month, first and last name, may be swapped, any part
    missing, a name short, misspelt or in another language's form."""
    birth = compare(named.date_of_birth, known.date_of_birth)
    likeness, points, words, by = _compare_names(named.names, known.names)
    same_phone = bool(named.phone and known.phone and named.phone == known.phone)
    possible, lone = _decide(likeness, points, birth, same_phone)
    phone = ""
    if named.phone and known.phone:
        phone = "same phone" if same_phone else "different phone"
    why = "; ".join(part for part in (str(birth), words, phone) if part)
    return Verdict(possible, lone, _score(likeness, points, birth, phone), why, by if lone else ())


_BORN_ALIKE = frozenset({Birth.SAME, Birth.SWAPPED})


def _decide(likeness: Likeness, points: int, birth: Birth, same_phone: bool) -> tuple[bool, bool]:
    """(possible, lone) for what agrees. The number alone is enough unless everything else speaks against it: people
    pass phones on, but a number also stays when a name is given falsely."""
    if same_phone:
        return not (likeness is Likeness.NONE and birth is Birth.DIFFERS), False
    differs = birth in (Birth.DIFFERS, Birth.YEAR)
    if likeness is Likeness.FULL:
        return not differs, birth is Birth.YEAR
    if likeness is Likeness.LONE:
        return (False, False) if differs else (birth is not Birth.UNKNOWN, birth is Birth.UNKNOWN)
    if likeness is Likeness.WEAK:
        return birth in _BORN_ALIKE or birth is Birth.FITS, birth in (Birth.UNKNOWN, Birth.CLOSE)
    if likeness is Likeness.PART:
        return birth is Birth.SAME or (birth is Birth.SWAPPED and points >= n.SHORT_FORM), False
    if likeness is Likeness.UNKNOWN:
        return birth in _BORN_ALIKE, False
    return False, False


_BIRTH_POINTS = {
    Birth.SAME: 30, Birth.SWAPPED: 27, Birth.FITS: 18, Birth.CLOSE: 15, Birth.UNKNOWN: 8, Birth.YEAR: -5,
    Birth.DIFFERS: -20,
}  # fmt: skip
_NAME_POINTS = {
    Likeness.FULL: 60, Likeness.LONE: 35, Likeness.WEAK: 35, Likeness.PART: 25, Likeness.NONE: 0, Likeness.UNKNOWN: 10,
}  # fmt: skip


def _score(likeness: Likeness, points: int, birth: Birth, phone: str) -> int:
    total = _NAME_POINTS[likeness] * (points or 100) // 100 + _BIRTH_POINTS[birth]
    total += {"same phone": 30, "different phone": -3, "": 0}[phone]
    return max(0, min(100, total))


#: How far two words agree, and where in either name they stand.
_Pair: TypeAlias = tuple[int, int, int]


class _Found(NamedTuple):
    likeness: Likeness
    points: int
    words: str
    by: tuple[str, ...] = ()


#: What the points of two words add up to, at least, for the whole names to agree: one may be misspelt and the other a
#: short form, but not both misspelt; less is forgiven when they are the other way round as well.
_TWO, _SWAPPED_TWO = n.SHORT_FORM + n.SPELT_ALIKE, n.SAME + n.SPELT_ALIKE
_ORDER = (Likeness.FULL, Likeness.LONE, Likeness.WEAK, Likeness.PART, Likeness.NONE)


def _compare_names(named: Iterable[str], known: Iterable[str]) -> _Found:
    mine, theirs = n.forms(named), n.forms(known)
    if not mine or not theirs:
        return _Found(Likeness.UNKNOWN, 0, "no name to compare")
    # A single name is weighed where it is who someone is, not where it is one more thing that they are called.
    one_single, other_single = len(mine[0]) == 1, len(theirs[0]) == 1
    found = [
        _compare_forms(a, b, (one_single and len(a) == 1) or (other_single and len(b) == 1))
        for a in mine
        for b in theirs
    ]
    return min(found, key=lambda each: (_ORDER.index(each.likeness), -each.points))


def _compare_forms(a: tuple[str, ...], b: tuple[str, ...], single: bool) -> _Found:
    found = (_compare_words(x, y, single) for x in _joinings(a) for y in _joinings(b))
    return min(found, key=lambda each: (_ORDER.index(each.likeness), -each.points))


class _Joining(NamedTuple):
    """A name's words, of which the one at `joined` is two written as one."""

    words: tuple[str, ...]
    joined: int | None = None


@lru_cache(maxsize=8192)
def _joinings(form: tuple[str, ...]) -> tuple[_Joining, ...]:
    """A name's words, and the same with any two neighbours written as one: Abdul Rahman, Abdulrahman."""
    form = form[:_MOST_WORDS]
    if len(form) < 3:
        return (_Joining(form),)
    joined = (_Joining((*form[:i], form[i] + form[i + 1], *form[i + 2 :]), i) for i in range(len(form) - 1))
    return (_Joining(form), *joined)


def _agreeing(one: _Joining, other: _Joining) -> list[_Pair]:
    """The words that agree, best first. Of two words as one it counts only that the whole agrees, not its beginning."""
    found = []
    for (i, x), (j, y) in product(enumerate(one.words), enumerate(other.words)):
        points = n.agreement(x, y)
        least = n.SPELT_ALIKE if i == one.joined or j == other.joined else n.INITIAL
        if points >= least:
            found.append((points, i, j))
    return sorted(found, key=lambda each: -each[0])


def _compare_words(one: _Joining, other: _Joining, single: bool) -> _Found:
    a, b = one.words, other.words
    pairs = _agreeing(one, other)
    if not pairs:
        return _Found(Likeness.NONE, 0, "different names")
    twos = [(p, q) for p, q in combinations(pairs, 2) if p[1] != q[1] and p[2] != q[2]]
    if twos:
        p, q = max(twos, key=lambda two: (min(two[0][0], two[1][0]) >= n.BEGINS_ALIKE, two[0][0] + two[1][0]))
        swapped = (p[1] < q[1]) != (p[2] < q[2])
        words = _in_words([(a[i], b[j]) for _, i, j in sorted((p, q), key=lambda each: each[1])], swapped)
        enough = min(p[0], q[0]) >= n.BEGINS_ALIKE and p[0] + q[0] >= (_SWAPPED_TWO if swapped else _TWO)
        if enough and not _say_little(a, b, p, q, pairs):
            return _Found(Likeness.FULL, (p[0] + q[0]) // 2, words, (a[p[1]], a[q[1]]))
        by = tuple(a[i] for points, i, _ in (p, q) if points >= n.BEGINS_ALIKE)
        return _Found(Likeness.WEAK, (p[0] + q[0]) // 2, words, by)
    points, i, j = pairs[0]
    words = _in_words([(a[i], b[j])], False)
    if points < n.BEGINS_ALIKE:
        return _Found(Likeness.NONE, 0, "different names")
    unusual = len(a) == len(b) == 1 and points == n.SAME and not n.stands_for(a[0])
    if single or unusual:
        return _Found(Likeness.LONE, points, words, (a[i],))
    crossed = (i == len(a) - 1) != (j == len(b) - 1)
    if points < n.SPELT_ALIKE or (crossed and points < n.SAME):
        return _Found(Likeness.NONE, 0, "different names")
    return _Found(Likeness.PART, points, f"{words}, the rest of the name differs")


def _say_little(a: tuple[str, ...], b: tuple[str, ...], p: _Pair, q: _Pair, pairs: list[_Pair]) -> bool:
    """True when one of the two words that agree is one that half a community has, and each has another word that says
    who they are and is not the other's: Gurpreet Singh Gill and Gurpreet Singh Sandhu."""
    if len(a) < 3 or len(b) < 3 or not any(n.is_common_to_many(a[i]) for _, i, _ in (p, q)):
        return False
    return not any(i not in (p[1], q[1]) and j not in (p[2], q[2]) for _, i, j in pairs)


def _in_words(pairs: list[tuple[str, str]], swapped: bool) -> str:
    different = [f"{a.capitalize()} ~ {b.capitalize()}" for a, b in pairs if a != b]
    same = [a.capitalize() for a, b in pairs if a == b]
    if not different:
        text = "same name" if len(pairs) > 1 else f"same name {same[0]}"
    else:
        text = "; ".join(different)
    return f"{text}, first and last the other way round" if swapped else text


def is_lone(who: Identity) -> bool:
    """True when no more than a single name (and perhaps an initial) is known of someone."""
    return all(sum(len(word) > 1 for word in form) <= 1 for form in n.forms(who.names))


def too_little(named: Identity) -> bool:
    """True when so little is known of a named person that only a rare name can be matched: a single name, without a
    birth date or phone. Whoever recorded it should ask for more."""
    return is_lone(named) and not named.date_of_birth and not named.phone


# --- keys by which people are found; the services keep only their keyed digests ---------------------------------------


def search_keys(who: Identity) -> set[str]:
    """What a client or member of staff can be searched by: the beginnings of any word of any name, each word's names
    and sounds, the birth date, and the phone."""
    found: set[str] = set()
    for form in n.forms(who.names):
        for word in form:
            found.add(f"={word}")
            found.update(f"^{word[:size]}" for size in range(SHORTEST_PREFIX, min(len(word), LONGEST_PREFIX) + 1))
    if who.phone:
        found.add(f"#{ending(who.phone)}")
    return found


def prefix_key(word: str) -> str:
    """The key of people with a word that begins so; of a single letter, of people with just that word."""
    return f"^{word[:LONGEST_PREFIX]}" if len(word) >= SHORTEST_PREFIX else f"={word}"


def whole_key(word: str) -> str:
    """The key of people with just this word in a name."""
    return f"={word}"


def sound_keys(word: str) -> set[str]:
    """The keys of people of whom a word of a name may be this one in a short or misspelt form."""
    return {f"1{key}" for key in n.keys(word)}


def birth_key(birth: str) -> str:
    """The key of people born on this date, or with its day and month swapped."""
    return f"b{unordered(birth)}"


def phone_key(phone: str) -> str:
    """The key of people with this number."""
    return f"t{phone}"


def ending_key(text: str) -> str:
    """The key of people whose number ends in these six digits."""
    return f"#{ending(text)}"


def match_keys(who: Identity) -> set[str]:
    """What either side of a match is kept under. Two people who agree in two words of a name share a key, even when one
    of the words is misspelt beyond its sound, unless both its beginning and its end are."""
    found = lone_lookups(who)
    single = any(len(form) == 1 for form in n.forms(who.names)[:1])
    year = parts(who.date_of_birth)[0] if who.date_of_birth else None
    for form in n.forms(who.names):
        for joining in _joinings(form):
            for a, b in combinations(joining.words, 2):
                found |= _pair_keys(a, b)
        if year is not None:
            found.update(f"y{year}{key}" for word in form for key in n.keys(word))
        if len(form) == 1 and (not n.stands_for(form[0]) or single):
            found.update(f"s{key}" for key in n.keys(form[0]))
    if who.date_of_birth:
        found.add(birth_key(who.date_of_birth))
    if who.phone:
        found.add(phone_key(who.phone))
    return found


def _pair_keys(a: str, b: str) -> set[str]:
    found = {f"2{'|'.join(sorted(pair))}" for pair in product(n.keys(a), n.keys(b))}
    for one, other in ((a, b), (b, a)):
        for key in n.keys(one):
            found.add(f"<{key}|{other[:2]}")
            found.add(f">{key}|{other[-2:]}")
            if len(other) <= _SHORT:  # a slip in Joe leaves neither its beginning nor its end
                found.add(f"<{key}|{other[0]}")
    return found


def _keys_of_words(who: Identity) -> set[str]:
    return {key for form in n.forms(who.names) for word in form for key in n.keys(word)}


def lookup_keys(who: Identity) -> set[str]:
    """The keys by which the people to compare with are looked up; few people share any of them. They are more than the
    kept ones: years of birth around the known one, initials, and people known by a single name."""
    found = {key for key in match_keys(who) if not key.startswith("1")}
    words = _keys_of_words(who)
    found.update(f"s{key}" for key in words)
    if who.date_of_birth:
        year = parts(who.date_of_birth)[0]
        found.update(f"y{near}{key}" for near in range(year - 2, year + 3) for key in words)
    for form in n.forms(who.names):
        for one, other in permutations(form[:_MOST_WORDS], 2):
            found.update(f"<{key}|{other[0]}" for key in n.keys(one))
    return found


def lone_lookups(who: Identity) -> set[str]:
    """The keys of people of whom a single name agrees. Many people may share one, so they are counted first."""
    return {f"1{key}" for key in _keys_of_words(who)}


def all_lookups(who: Identity) -> set[str]:
    """The keys by which the named persons are looked up whom someone new may be. Few are named by one word alone; so
    someone half registered is compared with everyone named who shares it."""
    return lookup_keys(who) | lone_lookups(who) if is_lone(who) else lookup_keys(who)
