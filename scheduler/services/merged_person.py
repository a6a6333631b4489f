"""What two records say of one client, made one and taken apart again: whether she may come to what is for women, how
she may be reached, who works with her. Where they disagree, nothing is safe and nothing is decided. For
`services.merging`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Client, EligibilityDecision, SafeContact, Stay
from scheduler.notifications import planning
from scheduler.rules.audience import Eligibility
from scheduler.services import audit
from scheduler.services.actors import Actor
from scheduler.services.personal import today
from scheduler.store import merging as store
from scheduler.store import people
from scheduler.store.merging import Columns

_CHANNELS = ("sms", "call", "voicemail")
_LONGEST_NOTES = 4000
#: Stand for the policy where a decision follows from two records being one, or two, and nothing else is recorded.
_CARRIED, _DISAGREE, _APART = "from another record", "two records disagreed", "records taken apart"


# --- made one ---------------------------------------------------------------------------------------------------------


def joined_eligibility(kept: str, gone: str) -> str:
    """What two records say together: what they agree on, or what one of them says; nothing when they contradict."""
    if kept == gone or gone == Eligibility.UNKNOWN:
        return kept
    return gone if kept == Eligibility.UNKNOWN else str(Eligibility.UNKNOWN)


def joined_channel(mine: Columns | None, theirs: Columns | None, same_phone: bool) -> dict[str, Any] | None:
    """What must change in a channel's record of the one that is kept; None when nothing must. A no stays a no. What the
    two disagree on, or of another number than the other has, nobody knows (SAFETY.md 8)."""
    if mine is None and theirs is None:
        return None
    both = [each for each in (mine, theirs) if each is not None]
    paused, refused = any(each.paused for each in both), any(each.safe == "no" for each in both)
    until = _longest_pause(both)
    if mine is None:
        if not refused and not paused:
            return None
        return {
            "safe": "no" if refused else "unknown", "paused": paused, "paused_until": until, "checked_at": None
        }  # fmt: skip
    changed: dict[str, Any] = {}
    if refused or not same_phone or (theirs is not None and not _agree(mine, theirs)):
        changed["safe"] = "no" if refused else "unknown"
    if theirs is not None:
        changed["paused"], changed["paused_until"] = paused, until
        changed["review_on"] = _earlier(mine.review_on, theirs.review_on)
        changed["may_name"] = [each for each in mine.may_name or () if each in (theirs.may_name or ())]
    changed = {name: value for name, value in changed.items() if (value or None) != (getattr(mine, name) or None)}
    if changed.get("safe", mine.safe) != mine.safe:
        changed["checked_at"] = None
    return changed or None


def _longest_pause(both: list[Columns]) -> datetime | None:
    """When the last of their pauses ends; None when one lasts until someone ends it, or there is none."""
    ends = [each.paused_until for each in both if each.paused]
    return max(ends, default=None) if None not in ends else None


def joined_phone_is(kept: Columns, gone: Columns) -> str:
    """Whose the kept record's number is: what both say of the same number, or the one that says anything."""
    if gone.phone != kept.phone or gone.phone_is in ("unknown", kept.phone_is):
        return str(kept.phone_is)
    return str(gone.phone_is) if kept.phone_is == "unknown" else "unknown"


def _agree(mine: Columns, theirs: Columns) -> bool:
    """Two records of a channel that let the same texts go at the same times; one past its review date lets none."""
    past = [each.review_on is not None and each.review_on < today() for each in (mine, theirs)]
    same_hours = sorted(map(tuple, mine.hours or ())) == sorted(map(tuple, theirs.hours or ()))
    return mine.safe == theirs.safe and mine.paused == theirs.paused and same_hours and past[0] == past[1]


def _earlier(one: date | None, other: date | None) -> date | None:
    return min((each for each in (one, other) if each is not None), default=None)


def joined_notes(kept: str | None, gone: str | None) -> str | None:
    """The notes of both, as far as they fit."""
    whole = "\n\n".join(each for each in (kept, gone) if each)
    return whole if whole and len(whole) <= _LONGEST_NOTES else kept


def join(actor: Actor, kept: Columns, gone: Columns) -> dict[str, Any]:
    """Put what both records say into the one that is kept. Gives how it was, for `part`."""
    eligibility = joined_eligibility(kept.eligibility, gone.eligibility)
    if eligibility != kept.eligibility:
        recorded = people.last_decision(gone.id) if eligibility == gone.eligibility else None
        disagree = eligibility != gone.eligibility
        _decide(actor, kept.id, eligibility, recorded.policy if recorded else _DISAGREE if disagree else _CARRIED)
    notes = joined_notes(kept.notes, gone.notes)
    worker = kept.key_worker_id or gone.key_worker_id
    values = {
        "eligibility": eligibility, "request_mode": kept.request_mode or gone.request_mode,
        "active": kept.active or gone.active, "notes": notes, "key_worker_id": worker, "version": kept.version + 1,
        "phone_is": joined_phone_is(kept, gone),
    }  # fmt: skip
    _write(kept.id, **values)
    _join_channels(kept, gone)
    return {
        "eligibility": kept.eligibility, "decision": store.last_decision(kept.id),
        "active": [kept.active, gone.active],
        "worker": worker if worker != kept.key_worker_id else None,
        "notes": [kept.notes, notes] if notes != kept.notes else None,
    }


def _join_channels(kept: Columns, gone: Columns) -> None:
    mine = {each.channel: each for each in people.safe_contacts(kept.id)}
    theirs = {each.channel: each for each in people.safe_contacts(gone.id)}
    same_phone = not (kept.phone and gone.phone) or kept.phone == gone.phone
    table = SafeContact.__table__
    for channel in _CHANNELS:
        changed = joined_channel(mine.get(channel), theirs.get(channel), same_phone)
        if changed is None:
            continue
        if channel in mine:
            own = (table.c.client_id == kept.id, table.c.channel == channel)
            db.session.execute(update(table).where(*own).values(**changed))
        else:
            db.session.execute(insert(table).values(client_id=kept.id, channel=channel, language="en", **changed))
        if channel == "sms" and (changed.get("safe", "yes") != "yes" or changed.get("paused")):
            planning.withdraw_for_client(kept.id, clock.now())


# --- taken apart ------------------------------------------------------------------------------------------------------


def part(actor: Actor, kept: Columns, gone: Columns, moved: dict[str, Any], merged_at: datetime) -> None:
    """Give each record back what it said by itself. What was recorded while they were one may be of either: where it
    says otherwise than a record did before, nothing is decided and no channel is safe."""
    decided = store.last_decision(kept.id) != moved["decision"]
    own = {kept.id: moved["eligibility"], gone.id: gone.eligibility}
    for client, said in own.items():
        now_says = said if not decided or said == kept.eligibility else str(Eligibility.UNKNOWN)
        if now_says != kept.eligibility or now_says != said:
            _decide(actor, client, now_says, _APART)
        own[client] = now_says
    was_active, is_active = moved["active"], kept.active
    taken = moved["worker"] is not None and kept.key_worker_id == moved["worker"]
    notes = moved["notes"]
    _write(
        kept.id, eligibility=own[kept.id], version=kept.version + 1,
        active=is_active and (was_active[0] or not was_active[1]),
        key_worker_id=None if taken else kept.key_worker_id,
        notes=notes[0] if notes is not None and kept.notes == notes[1] else kept.notes,
    )  # fmt: skip
    _write(
        gone.id, eligibility=own[gone.id], version=gone.version + 1, merged_into=None,
        active=was_active[1] and (is_active or not was_active[0]),
        request_mode=gone.request_mode or kept.request_mode,
    )  # fmt: skip
    _part_channels(kept, gone, merged_at)


def _part_channels(kept: Columns, gone: Columns, merged_at: datetime) -> None:
    """A channel that was asked about, stopped or paused while the records were one is safe for neither: nobody knows
    which of the two it was about. The other's number was not reached meanwhile, and is as safe as it was."""
    table = SafeContact.__table__
    asked = {
        each.channel for each in people.safe_contacts(kept.id)
        if each.checked_at is None or each.checked_at >= merged_at or each.paused
    }
    if asked:
        both = (table.c.client_id.in_((kept.id, gone.id)), table.c.channel.in_(asked), table.c.safe == "yes")
        db.session.execute(update(table).where(*both).values(safe="unknown", checked_at=None))
    if "sms" in asked:
        planning.withdraw_for_client(kept.id, clock.now())


def keep_stays_that_were(client: int) -> None:
    """Someone who was at a confidential place while her stay there was in the other record was recorded as staying:
    keep that, ended now, so that her past is not taken for a mistake and nothing more is offered to her there."""
    now = clock.now()
    for venue, first in store.stays_missing(client, now).items():
        values = {"client_id": client, "venue_id": venue, "since": first, "until": now}
        db.session.execute(insert(Stay.__table__).values(**values))


def _decide(actor: Actor, client: int, decision: str, policy: str) -> None:
    values = {
        "client_id": client, "decision": decision, "policy": policy, "decided_by": actor.staff_id,
        "decided_at": clock.now(),
    }  # fmt: skip
    db.session.execute(insert(EligibilityDecision.__table__).values(**values))
    audit.record(actor, "eligibility", "client", client, decision=decision, policy=policy)


def _write(client: int, **values: Any) -> None:
    table = Client.__table__
    db.session.execute(update(table).where(table.c.id == client).values(**values))
