"""Two records of one client made one, and taken apart again when that was a mistake. Every exclusion and match stays in
force at every moment (SAFETY.md 2): all of it is one transaction, and whatever is doubtful keeps apart.

The record that goes stays as a row, and who it says she is still finds matches for the other. Nobody books for it or
changes it any more. Only a lead may, in person, for it decides who is kept apart from whom; there is no other way in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.errors import Invalid, Merged, NotAllowed, NotFound, NotOnePerson, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Alert, Client, ClientMerge, Override, Stay, TimeRequest, Waiting
from scheduler.notifications import planning
from scheduler.services import audit, booking, cases, comparing, merged_exclusions, merged_person
from scheduler.services.actors import Actor, can_merge_clients
from scheduler.services.comparing import Comparison
from scheduler.services.personal import clean
from scheduler.services.transaction import use_case
from scheduler.store import exclusions as exclusion_store
from scheduler.store import merging as store
from scheduler.store import people, waiting_list
from scheduler.store.merging import Columns

_LONGEST = 1000


@dataclass(frozen=True, slots=True)
class MergeBrief:
    """A merge in a list. `kept` and `gone` are the names of the two records; `may_split` is false when it was taken
    apart, or when the kept record was merged into yet another since, which must be taken apart first."""

    id: int
    kept_id: int
    kept: str
    gone_id: int
    gone: str
    gone_reference: str
    reason: str
    merged_by: str | None
    merged_at: datetime
    split_by: str | None
    split_at: datetime | None
    split_reason: str | None
    may_split: bool


# --- looking ----------------------------------------------------------------------------------------------------------


@use_case
def compare(actor: Actor, keep_id: int, gone_id: int) -> Comparison:
    """Both records side by side, what is in the way and what would happen if the first were kept. The look is recorded.
    Raises NotAllowed, NotFound, Merged for one that is not in use any more."""
    _in_person(actor)
    keep, gone = _both(keep_id, gone_id)
    found = comparing.compare(actor, keep, gone)
    audit.record_looks(actor, "merge", None, found.exclusions, clients=[keep_id, gone_id])
    return found


@use_case
def merges_of(actor: Actor, client_id: int) -> list[MergeBrief]:
    """Every merge that a record was in, the latest first. The look is recorded. Raises NotAllowed, NotFound."""
    _in_person(actor)
    if people.client(client_id) is None:
        raise NotFound
    found = _briefs(store.of_client(client_id))
    audit.record(actor, "look", "merges", client_id, merges=[each.id for each in found])
    return found


@use_case
def one(actor: Actor, merge_id: int) -> MergeBrief:
    """One merge. The look is recorded. Raises NotAllowed, NotFound."""
    _in_person(actor)
    row = store.merge(merge_id)
    if row is None:
        raise NotFound
    audit.record(actor, "look", "merge", merge_id)
    return _briefs([row])[0]


def _briefs(rows: Collection[Columns]) -> list[MergeBrief]:
    names = store.brief_records({each for row in rows for each in (row.kept_id, row.gone_id)})
    staff = exclusion_store.staff_names({each for row in rows for each in (row.merged_by, row.split_by) if each})
    return [
        MergeBrief(
            row.id, row.kept_id, _name(names[row.kept_id]), row.gone_id, _name(names[row.gone_id]),
            names[row.gone_id].reference, row.reason, staff.get(row.merged_by), row.merged_at,
            staff.get(row.split_by), row.split_at, row.split_reason,
            row.split_at is None and names[row.kept_id].merged_into is None,
        )
        for row in rows
    ]  # fmt: skip


def _name(row: Columns) -> str:
    return f"{row.given_name} {row.family_name}".strip()


# --- making one -------------------------------------------------------------------------------------------------------


@use_case
def merge(
    actor: Actor, keep_id: int, gone_id: int, reason: str, versions: tuple[int, int] | None = None
) -> int:  # fmt: skip
    """Make two records one: the second goes and everything of it is the first one's. Gives the merge's id. `versions`
    are those of the two records as the lead read them.

    Raises NotAllowed, NotFound, Merged, Invalid, Stale, and NotOnePerson when one is kept from the other, when they
    have appointments that one person cannot have, or when it is the same record twice; `compare` says which.
    """
    staff_id = _in_person(actor)
    why = _reason(reason)
    kept, gone = _both(keep_id, gone_id)
    if versions is not None and versions != (kept.version, gone.version):
        raise Stale
    if comparing.in_the_way(actor, keep_id, gone_id):
        raise NotOnePerson
    moved = {
        "person": merged_person.join(actor, kept, gone),
        "apart": merged_exclusions.join(actor, keep_id, gone_id),
        "appointments": booking.hand_over(actor, gone_id, keep_id),
        **_hand_over_the_rest(gone_id, keep_id, None),
    }
    _go(gone, keep_id)
    planning.withdraw_for_client(gone_id, clock.now())
    values = {
        "kept_id": keep_id, "gone_id": gone_id, "moved": moved, "reason": why, "merged_by": staff_id,
        "merged_at": clock.now(),
    }  # fmt: skip
    query = insert(ClientMerge.__table__).values(**values).returning(ClientMerge.id)
    made: int = db.session.execute(query).scalar_one()
    merged_exclusions.tell_all(actor, [keep_id], "records-merged", made)
    cases.refresh([keep_id])
    audit.record(actor, "merge", "client", keep_id, merge=made, gone=gone_id)
    audit.record(actor, "merged-away", "client", gone_id, merge=made, into=keep_id)
    return made


def _go(gone: Columns, into: int) -> None:
    table = Client.__table__
    db.session.execute(
        update(table)
        .where(table.c.id == gone.id)
        .values(active=False, merged_into=into, version=gone.version + 1)
    )
    db.session.execute(update(table).where(table.c.merged_into == gone.id).values(merged_into=into))


def _hand_over_the_rest(giver: int, taker: int, only: dict[str, Any] | None) -> dict[str, list[int]]:
    """Stays, open requests for times, waits, open alerts and overrides: all, or those of `only` that are still the
    giver's. Gives which."""
    held = {
        "stays": [row.id for row in store.stays(giver)],
        "requests": store.open_requests(giver),
        "alerts": store.open_alerts(giver),
        "overrides": [row.id for row in store.overrides(giver)],
        "waits": [row.id for row in waiting_list.open_rows(giver)],
    }
    tables: dict[str, Any] = {
        "stays": (Stay.__table__, "client_id"), "requests": (TimeRequest.__table__, "client_id"),
        "alerts": (Alert.__table__, "person_id"), "overrides": (Override.__table__, "client_id"),
        "waits": (Waiting.__table__, "client_id"),
    }  # fmt: skip
    for what, ids in held.items():
        if only is not None:
            ids = held[what] = [each for each in ids if each in only.get(what, ())]
        if ids:
            table, column = tables[what]
            db.session.execute(update(table).where(table.c.id.in_(ids)).values(**{column: taker}))
    return held


# --- taking apart -----------------------------------------------------------------------------------------------------


@use_case
def split(actor: Actor, merge_id: int, reason: str) -> None:
    """Take two records apart again. Each gets back what it had; exclusions recorded since protect both, every match is
    held for both until a lead decides, and what was recorded since of eligibility or of a channel is unknown.

    Raises NotAllowed, NotFound, Invalid, and WrongState when it was taken apart already, or the kept record was merged
    into yet another since.
    """
    staff_id = _in_person(actor)
    why = _reason(reason)
    row = store.merge(merge_id)
    if row is None:
        raise NotFound
    kept, gone = people.client(row.kept_id), people.client(row.gone_id)
    if row.split_at is not None or kept is None or gone is None or kept.merged_into is not None:
        raise WrongState
    moved, now = row.moved, clock.now()
    of_others = {
        each for other in store.standing(kept.id) if other.id != merge_id for each in other.moved["apart"]["exclusions"]
    }
    db.session.execute(
        update(ClientMerge.__table__)
        .where(ClientMerge.__table__.c.id == merge_id)
        .values(split_by=staff_id, split_at=now, split_reason=why)
    )
    merged_person.part(actor, kept, gone, moved["person"], row.merged_at)
    under = store.under(gone.id)
    if under:
        table = Client.__table__
        db.session.execute(update(table).where(table.c.id.in_(under)).values(merged_into=gone.id))
    merged_exclusions.part(actor, kept.id, gone.id, moved["apart"], of_others, why)
    booking.hand_over(actor, kept.id, gone.id, moved["appointments"])
    _hand_over_the_rest(kept.id, gone.id, moved)
    both = [kept.id, gone.id]
    for client in both:
        planning.withdraw_links(client, now)
        merged_person.keep_stays_that_were(client)
    merged_exclusions.match_anew([each for each in map(people.client, both) if each is not None])
    merged_exclusions.tell_all(actor, both, "records-split", merge_id)
    cases.refresh(both)
    for client in both:
        audit.record(actor, "split", "client", client, merge=merge_id)


# --- who may, and what they say ---------------------------------------------------------------------------------------


def _in_person(actor: Actor) -> int:
    if not can_merge_clients(actor) or actor.staff_id is None:
        raise NotAllowed
    return actor.staff_id


def _both(keep_id: int, gone_id: int) -> tuple[Columns, Columns]:
    if keep_id == gone_id:
        raise NotOnePerson
    keep, gone = people.client(keep_id), people.client(gone_id)
    if keep is None or gone is None:
        raise NotFound
    for row in (keep, gone):
        if row.merged_into is not None:
            raise Merged(row.id, row.merged_into)
    return keep, gone


def _reason(typed: str | None) -> str:
    reason = clean(typed)
    if not reason or len(reason) > _LONGEST:
        raise Invalid(reason="Give a reason of up to 1,000 letters.")
    return reason


__all__ = ["Comparison", "MergeBrief", "compare", "merge", "merges_of", "one", "split"]
