"""Finding people by what is typed: any word's beginning, a short or misspelt form, a birth date, a phone number, or a
reference. Reads blind keys, and decrypts only those who are shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from scheduler.errors import NotAllowed
from scheduler.rules import matching, names
from scheduler.rules.births import read_birth
from scheduler.rules.matching import Identity
from scheduler.rules.phones import e164, looks_like_phone
from scheduler.services.actors import Actor, can_book_for_anyone, can_see_exclusions
from scheduler.services.identities import blind
from scheduler.services.personal import clean, today
from scheduler.store import people as store

_LONGEST_TEXT = 120
_MOST_WORDS = 8
_REFERENCE = re.compile(r"[A-Z]{1,3}-?\d{4,9}")


@dataclass(frozen=True, slots=True)
class ClientCard:
    """A client as a list shows them: the last three digits of the phone only, for a public counter. `also` are other
    names."""

    id: int
    reference: str
    name: str
    date_of_birth: str | None
    phone_last_three: str
    active: bool
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A client or member of staff as the safety desk lists them, to be chosen as the person an exclusion names."""

    kind: str
    id: int
    name: str
    date_of_birth: str | None
    about: str


@dataclass(frozen=True, slots=True)
class _Query:
    words: tuple[str, ...] = ()
    birth: str | None = None
    phone: str | None = None
    reference: str | None = None


def find(actor: Actor, text: str, limit: int = 20) -> list[ClientCard]:
    """Clients who fit everything typed: those with just these words in a name or alias, then those with words that
    begin so, the newest first. When nobody fits, short forms and sounds are tried. Raises NotAllowed. The same few
    queries, at most five, however many there are."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    query = _read(text)
    if query.reference and (known := store.client_by_reference(query.reference)) is not None:
        return _cards([known], _Query())
    for attempt, check in ((_by_name, query), (_by_sound, _Query())):
        found = [owner for _, owner in attempt(query, ("client",), limit)]
        if cards := _cards(found, check):
            return cards
    return []


def find_person(actor: Actor, text: str, limit: int = 12) -> list[PersonCard]:
    """Clients and staff who fit, for the lead who names the person that an exclusion is about. Raises NotAllowed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    query = _read(text)
    found: list[tuple[str, int]] = []
    if query.reference and (known := store.client_by_reference(query.reference)) is not None:
        found = [("client", known)]
    for attempt in (_by_name, _by_sound):
        found = found or attempt(query, ("client", "staff"), limit)
    return people(found)


def alike(actor: Actor, names_typed: Collection[str], birth: str | None, phone: str | None) -> list[ClientCard]:
    """Clients who may be someone about to be added, as they were typed. A second record of one woman would not be kept
    away from whom the first is (SAFETY.md 2), so whoever adds her is asked to look. Raises NotAllowed."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    try:
        born = read_birth(birth, today()) if birth else None
        who = Identity(tuple(names_typed), born, e164(phone) if phone else None)
    except (ValueError, OverflowError):
        return []  # what cannot be read is refused by the field
    queries = [_Query(names.words(name)[:_MOST_WORDS]) for name in who.names]
    queries += [_Query(phone=who.phone)] if who.phone else []
    found = [owner for query in queries for by in (_by_name, _by_sound) for _, owner in by(query, ("client",), 20)]
    ids = list(dict.fromkeys(found))
    records = store.client_records(ids)
    return [_card(*records[each]) for each in ids if any(_may_be(who, row) for row in records.get(each, ()))]


def _may_be(who: Identity, row: Any) -> bool:
    verdict = matching.compare_people(who, Identity(_names(row), row.date_of_birth, row.phone))
    return verdict.possible and not verdict.lone


def people(found: Collection[tuple[str, int]]) -> list[PersonCard]:
    """These people as cards, in their order. Two queries."""
    clients = store.client_cards([owner for kind, owner in found if kind == "client"])
    staff = store.staff_cards([owner for kind, owner in found if kind == "staff"])
    cards = []
    for kind, owner in found:
        if kind == "client" and (row := clients.get(owner)):
            name = f"{row.given_name} {row.family_name}".strip()
            cards.append(PersonCard(kind, owner, name, row.date_of_birth, row.reference))
        elif kind == "staff" and (row := staff.get(owner)):
            cards.append(PersonCard(kind, owner, f"{row.given_name} {row.family_name}".strip(), None, row.job))
    return cards


def _cards(ids: list[int], query: _Query) -> list[ClientCard]:
    records = store.client_records(ids)
    return [_card(*records[each]) for each in ids if any(_really_fits(row, query) for row in records.get(each, ()))]


def _card(row: Any, *merged: Any) -> ClientCard:
    """`merged` are the records that were merged into this one: their names are other names."""
    name = _whole_name(row)
    also = dict.fromkeys((*(row.aliases or ()), *(each for other in merged for each in _names(other))))
    return ClientCard(
        row.id, row.reference, name, row.date_of_birth, (row.phone or "")[-3:], row.active,
        tuple(each for each in also if each != name),
    )


def _whole_name(row: Any) -> str:
    return f"{row.given_name} {row.family_name}".strip()


def _names(row: Any) -> tuple[str, ...]:
    return (_whole_name(row), *(row.aliases or ()))


def _really_fits(row: Any, query: _Query) -> bool:
    """Keys hold eight letters of a word: what was typed beyond them is checked here."""
    long = [word for word in query.words if len(word) > matching.LONGEST_PREFIX]
    if not long:
        return True
    mine = {word for name in _names(row) for word in names.words(name)}
    return all(any(each.startswith(word) for each in mine) for word in long)


def _read(text: str) -> _Query:
    line = clean(text)[:_LONGEST_TEXT]
    reference = line.upper().replace(" ", "").replace("-", "")
    if _REFERENCE.fullmatch(reference):
        return _Query(reference=reference)
    pieces = line.split()
    birth, pieces = _taken(pieces, lambda piece: read_birth(piece, today()))
    phone, pieces = _taken(pieces, _as_phone)
    words = names.words(" ".join(pieces))[:_MOST_WORDS]
    if birth is not None and phone is None and looks_like_phone(line):
        phone = line  # eight digits may be either
    return _Query(words, birth, phone)


def read_identity(text: str) -> tuple[Identity, int | None]:
    """Who is meant by what was typed, and the client whose reference it is, if it is one."""
    query = _read(text)
    if query.reference:
        return Identity(()), store.client_by_reference(query.reference)
    phone = None
    if query.phone is not None:
        try:
            phone = e164(query.phone)
        except ValueError:
            phone = None
    return Identity((" ".join(query.words),) if query.words else (), query.birth, phone), None


def _as_phone(piece: str) -> str:
    if not looks_like_phone(piece):
        raise ValueError
    return piece


def _taken(pieces: list[str], read: Callable[[str], str]) -> tuple[str | None, list[str]]:
    """The longest run of pieces with a digit that `read` takes, and what is left."""
    for size in range(len(pieces), 0, -1):
        for start in range(len(pieces) - size + 1):
            run = " ".join(pieces[start : start + size])
            if not any(c.isdigit() for c in run):
                continue
            try:
                return read(run), pieces[:start] + pieces[start + size :]
            except (ValueError, OverflowError):
                continue
    return None, pieces


def _numbers(query: _Query) -> list[frozenset[int]]:
    keys: set[str] = set()
    if query.phone is not None:
        try:
            keys.add(matching.phone_key(e164(query.phone)))
        except ValueError:
            keys.add(matching.ending_key(query.phone))
    if query.birth is None:
        return [frozenset(blind(keys))] if keys else []
    birth = {matching.birth_key(query.birth)}
    if keys and not query.words:  # eight digits alone may be either
        return [frozenset(blind(keys | birth))]
    return [frozenset(blind(each)) for each in (keys, birth) if each]


def _by_name(query: _Query, kinds: tuple[str, ...], limit: int) -> list[tuple[str, int]]:
    words = sorted(query.words, key=len, reverse=True)
    if len(words) > 1:
        words = [word for word in words if len(word) > 1]
    numbers = _numbers(query)
    found: list[tuple[str, int]] = []
    for key in (matching.whole_key, matching.prefix_key) if words else (matching.whole_key,):
        sought = numbers + [frozenset(blind({key(word)})) for word in words]
        found += [each for each in store.search(sought, kinds, limit) if each not in found]
        if len(found) >= limit:
            break
    return found[:limit]


def _by_sound(query: _Query, kinds: tuple[str, ...], limit: int) -> list[tuple[str, int]]:
    words = [word for word in query.words if len(word) > 1]
    sought = _numbers(query) + [frozenset(blind(matching.sound_keys(word))) for word in words]
    return store.search(sought, kinds, limit) if words else []


__all__ = ["ClientCard", "PersonCard", "alike", "find", "find_person", "people", "read_identity"]
