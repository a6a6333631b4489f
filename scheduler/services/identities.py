"""Who may be whom: keeps everyone findable by blind keys, and matches named persons to people we know (SAFETY.md 2).

Every function here runs inside the transaction that recorded or changed the person, so that there is no moment in which
someone can be booked and a match is not yet in force. Serialisable transactions make that hold between processes too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import delete, insert, update

from scheduler import clock
from scheduler.crypto import KeyRing, ring
from scheduler.extensions import db
from scheduler.models import ExclusionEvent, IdentityToken, Match, NamedPerson
from scheduler.rules import matching
from scheduler.rules.matching import MOST_LONE, Identity, Verdict, compare_people
from scheduler.services import audit, cases
from scheduler.services.actors import SYSTEM
from scheduler.store import identities as store
from scheduler.store.identities import Candidate

#: How many people with a lone name are looked at before it is taken to say nothing.
_MOST_LOOKED_AT = 10 * MOST_LONE

_UNREADABLE = Verdict(True, False, 100, "a record could not be read, so this is held possible")

_KNOWN = ("client", "staff")


@lru_cache(maxsize=200_000)
def _blind(keys: KeyRing, key: str) -> int:
    return keys.blind("identity", key)


def blind(keys: Iterable[str]) -> set[int]:
    """The keyed digests under which these keys of `rules.matching` are kept."""
    held = ring()
    return {_blind(held, key) for key in keys}


def tokens_for(
    names: Iterable[str], date_of_birth: str | None = None, phone: str | None = None, kind: str = "client"
) -> set[int]:
    """Everything that `identity_token` keeps of a person, for one to be indexed or many to be loaded at once.

    `names` are whole names ("Gareth Hughes") and aliases; `date_of_birth` is ISO and may end early; `phone` is E.164;
    `kind` is client, staff or named. Pure, given the key ring.
    """
    who = Identity(tuple(names), date_of_birth, phone)
    keys = matching.match_keys(who)
    if kind != "named":
        keys |= matching.search_keys(who)
    # The details themselves: with the birth date's day and month swapped, or a name's words, every other key is shared,
    # and it is a change all the same.
    return blind({*keys, f"!{'|'.join(sorted(who.names))}|{date_of_birth}|{phone}"})


def index_person(
    kind: str, person_id: int, names: Iterable[str], date_of_birth: str | None = None, phone: str | None = None
) -> bool:
    """Keep a person findable under these details, in the running transaction. Gives whether they are new or changed.

    A change of identifying details undoes every dismissal of a match with this person (SAFETY.md 2).
    """
    wanted, kept = tokens_for(names, date_of_birth, phone, kind), store.tokens_of(kind, person_id)
    if wanted == kept:
        return False
    keep_tokens(kind, person_id, wanted, kept)
    if kept:
        reopened = _reopen(kind, person_id)
        if kind != "named":
            _refresh_cases(reopened)
    return True


def keep_tokens(kind: str, person_id: int, wanted: set[int], kept: set[int]) -> None:
    """Write which keys a person is found by, where `kept` are those of now."""
    table = IdentityToken.__table__
    if kept - wanted:
        mine = (table.c.owner_kind == kind, table.c.owner_id == person_id)
        db.session.execute(delete(table).where(*mine, table.c.token.in_(kept - wanted)))
    if wanted - kept:
        rows = [{"token": t, "owner_kind": kind, "owner_id": person_id} for t in sorted(wanted - kept)]
        db.session.execute(insert(table), rows)


def match_person(
    kind: str, person_id: int, names: Iterable[str], date_of_birth: str | None = None, phone: str | None = None
) -> list[int]:
    """Compare a client or member of staff with the named persons who share a key, in the running transaction, and make
    `possible` matches of those who may be the same. Every future clash that this makes has its safety case. Who the
    records say a client is that were merged into this one counts too. Gives the ids of the named persons newly
    matched."""
    everyone = [Identity(tuple(names), date_of_birth, phone)]
    if kind == "client":
        everyone += store.merged_identities(person_id)
    hits = [hit for who in everyone for hit in _named_like(kind, person_id, who)]
    matched = _keep([(each.id, kind, person_id, each, verdict) for each, verdict in hits])
    _refresh_cases(matched)
    return matched


def _named_like(kind: str, person_id: int, who: Identity) -> list[tuple[Candidate, Verdict]]:
    """The named persons whom this identity of someone we know may be."""
    found = {owner for _, owner in store.sharing(blind(matching.all_lookups(who)), ("named",))}
    candidates = store.named_people(found, (kind, person_id))
    verdicts = [(each, compare_people(each.identity, who) if each.identity else _UNREADABLE) for each in candidates]
    lone = [(each, verdict) for each, verdict in verdicts if verdict.lone]
    # Someone registered with a single name is held possible whoever else has it, until more is known of them.
    kept = {each for each, _ in lone} if matching.is_lone(who) else _of_rare_words(lone)
    hits = [(each, verdict) for each, verdict in verdicts if verdict.possible or each in kept]
    if kind != "client" or not hits:
        return hits
    # Nobody is kept from herself.
    protected = store.protected_from([each.id for each, _ in hits])
    return [(each, verdict) for each, verdict in hits if protected.get(each.id) != {person_id}]


def match_named(
    named_id: int, names: Iterable[str], date_of_birth: str | None = None, phone: str | None = None
) -> list[tuple[str, int]]:
    """Compare a named person with everyone we know who shares a key, in the running transaction, and make `possible`
    matches of those who may be the same. Gives (kind, id) of those newly matched.

    The caller refreshes the cases of the exclusions that name this person. When only a single name is known and more
    than `MOST_LONE` people share it, none is matched by it: the named person is marked `too_little`, and the lead's
    desk asks for more.
    """
    who = Identity(tuple(names), date_of_birth, phone)
    db.session.execute(
        update(NamedPerson.__table__)
        .where(NamedPerson.__table__.c.id == named_id)
        .values(too_little=matching.too_little(who))
    )
    found = store.sharing(blind(matching.lookup_keys(who)), _KNOWN)
    if matching.is_lone(who):
        alike = store.sharing(blind(matching.lone_lookups(who)), _KNOWN, _MOST_LOOKED_AT + 1)
        found |= alike if len(alike) <= _MOST_LOOKED_AT else set()
    protected = store.protected_from([named_id]).get(named_id, set())
    if len(protected) == 1:  # nobody is kept from herself
        found -= {("client", client) for client in protected}
    candidates = store.known_people(found, named_id)
    verdicts = [(each, compare_people(who, each.identity) if each.identity else _UNREADABLE) for each in candidates]
    lone = [(each, verdict) for each, verdict in verdicts if verdict.lone]
    few = {each for each, _ in lone}
    if len({(each.kind, each.id) for each in few}) > MOST_LONE:
        few = {each for each in few if each.identity and matching.is_lone(each.identity)} | _of_rare_words(lone)
    hits = [(each, verdict) for each, verdict in verdicts if verdict.possible or each in few]
    _keep([(named_id, each.kind, each.id, each, verdict) for each, verdict in hits])
    return list(dict.fromkeys((each.kind, each.id) for each, _ in hits if each.match is None))


def _of_rare_words(lone: Sequence[tuple[Candidate, Verdict]]) -> set[Candidate]:
    """Those of whom a word agrees that few enough people have."""
    words = {word: blind(matching.sound_keys(word)) for _, verdict in lone for word in verdict.by}
    if not words:
        return set()
    counts = store.how_many_share(set().union(*words.values()), _KNOWN)
    rare = {word for word, tokens in words.items() if sum(counts.get(token, 0) for token in tokens) <= MOST_LONE}
    return {each for each, verdict in lone if not rare.isdisjoint(verdict.by)}


def _keep(found: Collection[tuple[int, str, int, Candidate, Verdict]]) -> list[int]:
    """Make or refresh the match rows of these hits: of the best, where several records of one person were found. A
    decided match keeps its state."""
    now = clock.now()
    best: dict[tuple[int, str, int], tuple[int, str, int, Candidate, Verdict]] = {}
    for hit in found:
        if hit[:3] not in best or best[hit[:3]][4].score < hit[4].score:
            best[hit[:3]] = hit
    hits = best.values()
    table = Match.__table__
    for _, _, _, each, verdict in hits:
        if each.match is not None and each.state == "possible":
            values = {"score": verdict.score, "why": verdict.why, "found_at": now}
            db.session.execute(update(table).where(table.c.id == each.match).values(**values))
    new = [(named, kind, known, verdict) for named, kind, known, each, verdict in hits if each.match is None]
    if not new:
        return []
    rows = [
        {
            "named_person_id": named, "person_kind": kind, "person_id": known, "state": "possible",
            "score": verdict.score, "why": verdict.why, "found_at": now,
        }
        for named, kind, known, verdict in new
    ]  # fmt: skip
    db.session.execute(insert(table), rows)
    people = [named for named, _, _, _ in new]
    _tell_exclusions(people, "match-found")
    audit.record_each(SYSTEM, "match-found", (("named", named, None) for named in people))
    return people


def _reopen(kind: str, person_id: int) -> list[int]:
    """Undo every dismissal of a match with this person. Gives the named persons of those matches."""
    rows = store.dismissed(kind, person_id)
    if not rows:
        return []
    table = Match.__table__
    db.session.execute(
        update(table)
        .where(table.c.id.in_([row.id for row in rows]))
        .values(state="possible", found_at=clock.now())
    )
    _tell_exclusions([row.named_person_id for row in rows], "match-reopened")
    audit.record_each(SYSTEM, "match-reopened", (("match", row.id, None) for row in rows))
    return [row.named_person_id for row in rows]


def _refresh_cases(named: Collection[int]) -> None:
    if named:
        cases.refresh_exclusions({each for many in store.exclusions_naming(set(named)).values() for each in many})


def _tell_exclusions(named: Collection[int], what: str, **detail: Any) -> None:
    now = clock.now()
    lines = [
        {"exclusion_id": exclusion, "at": now, "staff_id": None, "what": what, "detail": detail or None}
        for exclusions in store.exclusions_naming(set(named)).values()
        for exclusion in exclusions
    ]
    if lines:
        db.session.execute(insert(ExclusionEvent.__table__), lines)


__all__ = ["blind", "index_person", "keep_tokens", "match_named", "match_person", "tokens_for"]
