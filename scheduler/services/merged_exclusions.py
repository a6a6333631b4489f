"""Whom a client is kept from, and whose exclusions may name them, when two records are made one or taken apart again:
nobody who was kept apart before is not afterwards (SAFETY.md 2). For `services.merging`."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Exclusion, ExclusionEvent, ExclusionSite, Match, NamedPerson
from scheduler.services import audit, identities
from scheduler.services.actors import Actor
from scheduler.store import exclusions as exclusion_store
from scheduler.store import identities as identity_store
from scheduler.store import merging as store
from scheduler.store.merging import Columns

_X, _M = Exclusion.__table__, Match.__table__

#: Of two matches of one person to the same named person, the one that is kept is the one that keeps apart the surest.
_SUREST = ("dismissed", "possible", "confirmed")
_KEPT_OF_A_MATCH = ("state", "score", "why", "found_at", "decided_by", "decided_at", "reason")


# --- made one ---------------------------------------------------------------------------------------------------------


def join(actor: Actor, kept: int, gone: int) -> dict[str, Any]:
    """Let every exclusion of the one record protect the other, and every match to it name the other. Gives how it was,
    for `part`."""
    moved = [row.id for row in store.exclusions(gone)]
    own = [row.id for row in store.exclusions(kept)]
    if moved:
        db.session.execute(
            update(_X).where(_X.c.id.in_(moved)).values(client_id=kept, version=_X.c.version + 1)
        )
    for exclusion in moved:
        audit.record(actor, "hand-over", "exclusion", exclusion, giver=gone, taker=kept)
    return {"exclusions": moved, "own_exclusions": own, **_join_matches(actor, kept, gone)}


def _join_matches(actor: Actor, kept: int, gone: int) -> dict[str, Any]:
    mine = {row.named_person_id: row for row in store.matches(kept)}
    theirs = {row.named_person_id: row for row in store.matches(gone)}
    protected = identity_store.protected_from({*mine, *theirs})
    before = []
    for named in sorted({*mine, *theirs}):
        rows = [mine.get(named), theirs.get(named)]
        herself = protected.get(named) == {kept}
        before.append({"named": named, "kept": _plain(rows[0]), "gone": _plain(rows[1]), "herself": herself})
        if herself:
            # A lead said that it was someone else, or the records could not be made one. Nobody is kept from herself.
            db.session.execute(delete(_M).where(_M.c.id.in_([row.id for row in rows if row is not None])))
        else:
            _join_one(actor, kept, *rows)
    return {"matches": before}


def _join_one(actor: Actor, kept: int, mine: Columns | None, theirs: Columns | None) -> None:
    both = [row for row in (mine, theirs) if row is not None]
    surest = max(both, key=lambda row: (_SUREST.index(row.state), row.score))
    values = {name: getattr(surest, name) for name in _KEPT_OF_A_MATCH}
    if surest.state == "dismissed" and len(both) == 1:
        # It was said of half of what is known of this person now (SAFETY.md 2: changed details undo a dismissal).
        values |= {"state": "possible", "found_at": clock.now()}
        _tell(actor, exclusion_store.of_named(surest.named_person_id), "match-reopened")
        audit.record(actor, "match-reopened", "match", both[0].id)
    elif theirs is not None:
        values["found_at"] = clock.now()  # a lead who was shown it before is shown it again
    remaining = both[0]
    if len(both) == 2:
        db.session.execute(delete(_M).where(_M.c.id == both[1].id))
    db.session.execute(update(_M).where(_M.c.id == remaining.id).values(**values, person_id=kept))


def _plain(row: Columns | None) -> dict[str, Any] | None:
    if row is None:
        return None
    values = {name: getattr(row, name) for name in _KEPT_OF_A_MATCH}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}


# --- taken apart ------------------------------------------------------------------------------------------------------


def part(actor: Actor, kept: int, gone: int, moved: dict[str, Any], of_others: Collection[int], why: str) -> None:
    """Give back the exclusions that the other record came with; let those that were recorded since protect both; and
    hold every match possible for both, but where a lead confirmed it of one of them. `of_others` are exclusions that
    came with other records, which are merged still."""
    now_theirs = [row for row in store.exclusions(kept) if row.id in moved["exclusions"]]
    if now_theirs:
        ids = [row.id for row in now_theirs]
        db.session.execute(update(_X).where(_X.c.id.in_(ids)).values(client_id=gone, version=_X.c.version + 1))
    for row in now_theirs:
        audit.record(actor, "hand-over", "exclusion", row.id, giver=kept, taker=gone)
    known = {*moved["own_exclusions"], *moved["exclusions"], *of_others}
    for row in store.exclusions(kept):
        if row.active and row.id not in known:
            _copy(actor, row, gone, why)
    _part_matches(kept, gone, {each["named"]: each for each in moved["matches"]})


def _copy(actor: Actor, row: Columns, client: int, why: str) -> int:
    """The same exclusion once more, to protect this client: of a named person of its own, so that what is learnt of one
    changes nothing for the other."""
    person = db.session.execute(select(NamedPerson.__table__).where(NamedPerson.id == row.named_person_id)).one()
    fresh = {name: value for name, value in person._mapping.items() if name != "id"}
    named = db.session.execute(insert(NamedPerson.__table__).values(**fresh).returning(NamedPerson.id)).scalar_one()
    identities.index_person("named", named, person.names, person.date_of_birth, person.phone)
    values = {
        **row._mapping, "client_id": client, "named_person_id": named, "version": 1, "closing_by": None,
        "closing_reason": None,
    }  # fmt: skip
    del values["id"]
    made: int = db.session.execute(insert(_X).values(**values).returning(_X.c.id)).scalar_one()
    sites = exclusion_store.sites_of([row.id]).get(row.id, ())
    if sites:
        rows = [{"exclusion_id": made, "site_id": site} for site in sites]
        db.session.execute(insert(ExclusionSite.__table__), rows)
    matches = [{**each._mapping, "named_person_id": named} for each in store.matches_of(row.named_person_id)]
    for match in matches:
        del match["id"]
    if matches:
        db.session.execute(insert(_M), matches)
    _tell(actor, [made], "recorded", separation=row.separation, source=row.source, copied_from=row.id, reason=why)
    audit.record(actor, "record", "exclusion", made, copied_from=row.id)
    return made


def _part_matches(kept: int, gone: int, before: dict[int, dict[str, Any]]) -> None:
    now = clock.now()
    rows = {row.named_person_id: row for row in store.matches(kept)}
    protected = identity_store.protected_from({*rows, *before})
    for named, row in rows.items():
        was = before.get(named)
        confirmed_of = _confirmed_of(row, was)
        for client, which in ((kept, "kept"), (gone, "gone")):
            state = "confirmed" if which in confirmed_of else "possible"
            if protected.get(named) == {client}:
                continue  # nobody is kept from herself
            values = {name: getattr(row, name) for name in _KEPT_OF_A_MATCH}
            if state != "confirmed":
                values |= {"state": "possible", "found_at": now}
            if client == kept:
                db.session.execute(update(_M).where(_M.c.id == row.id).values(**values))
            else:
                _insert(named, gone, values)
        if protected.get(named) == {kept}:
            db.session.execute(delete(_M).where(_M.c.id == row.id))
    for named, was in before.items():
        # Of herself while the records were one: two people now.
        for client, which in ((kept, "kept"), (gone, "gone")):
            then = was[which] if was["herself"] else None
            if then is not None and protected.get(named) != {client}:
                _insert(named, client, {"score": then["score"], "why": then["why"], "found_at": now})


def _confirmed_of(row: Columns, was: dict[str, Any] | None) -> set[str]:
    """Of which of the two records a lead confirmed this match: before they were one, or of the one in use since."""
    if row.state != "confirmed":
        return set()
    found = {
        which for which in ("kept", "gone") if was is not None and was[which] and was[which]["state"] == "confirmed"
    }
    decided = row.decided_at.isoformat() if row.decided_at else None
    earlier = {was[which]["decided_at"] for which in found} if was is not None else set()
    return found if found and decided in earlier else {*found, "kept"}


def _insert(named: int, client: int, values: dict[str, Any]) -> None:
    there = select(_M.c.id).where(
        _M.c.named_person_id == named, _M.c.person_kind == "client", _M.c.person_id == client
    )
    if db.session.execute(there).first() is None:
        row = {"state": "possible", **values, "named_person_id": named, "person_kind": "client", "person_id": client}
        db.session.execute(insert(_M).values(**row))


def match_anew(clients: Iterable[Columns]) -> None:
    """Compare these clients, and whom their exclusions name, with everyone, as they are now."""
    for client in clients:
        names = (f"{client.given_name} {client.family_name}".strip(), *(client.aliases or ()))
        identities.match_person("client", client.id, names, client.date_of_birth, client.phone)
        for named in sorted({row.named_person_id for row in store.exclusions(client.id)}):
            person = db.session.execute(select(NamedPerson.__table__).where(NamedPerson.id == named)).one()
            identities.match_named(named, person.names, person.date_of_birth, person.phone)


# --- history ----------------------------------------------------------------------------------------------------------


def tell_all(actor: Actor, clients: Collection[int], what: str, merge: int) -> None:
    """A line in the history of every exclusion that protects or may name one of these clients: whom it reaches has
    changed, and since when."""
    exclusions = {row.id for client in clients for row in store.exclusions(client)}
    exclusions |= {each for client in clients for each in store.exclusions_naming(client)}
    _tell(actor, exclusions, what, merge=merge)


def _tell(actor: Actor, exclusions: Iterable[int], what: str, **detail: Any) -> None:
    now = clock.now()
    lines = [
        {"exclusion_id": each, "at": now, "staff_id": actor.staff_id, "what": what, "detail": detail or None}
        for each in sorted(set(exclusions))
    ]
    if lines:
        db.session.execute(insert(ExclusionEvent.__table__), lines)
