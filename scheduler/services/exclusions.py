"""Exclusions: whom a client must be kept from (SAFETY.md 2). Each change is matched, checked for clashes and added to a
history that nothing overwrites, all in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import delete, insert, select, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import Exclusion, ExclusionEvent, ExclusionSite, Match, NamedPerson
from scheduler.rules.separation import Separation
from scheduler.services import audit, case_views, cases, identities
from scheduler.services.actors import Actor, can_record_exclusion, can_see_exclusions
from scheduler.services.case_views import Clash
from scheduler.services.matches import decide_match
from scheduler.services.personal import clean, read_aliases, read_birth_date, read_phone, today
from scheduler.services.safety_desk import list_for
from scheduler.services.transaction import use_case
from scheduler.store import exclusions as store
from scheduler.store import people as people_store
from scheduler.store.exclusions import Columns

SOURCES = ("told-us", "marac", "court-order", "police", "staff")
_LONGEST_NOTES = 4000


@dataclass(frozen=True, slots=True)
class ExclusionDetails:
    """What is recorded. The named person is `person` (("client", id) or ("staff", id)), or known only by `names`,
    `date_of_birth` (any usual form, may be a year), `phone` and `description`, of which any may be missing but not all.
    `sites` are where the named person is never booked, for the separation `site`."""

    client_id: int
    names: tuple[str, ...] = ()
    person: tuple[str, int] | None = None
    date_of_birth: str | None = None
    phone: str | None = None
    description: str | None = None
    separation: str = "gap"
    gap_minutes: int = 30
    sites: tuple[int, ...] = ()
    source: str = "told-us"
    review_on: date | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What recording an exclusion did: its id, the future appointments that it affects, how many people may be whom it
    names, and whether too little is known to tell."""

    exclusion_id: int
    clashes: list[Clash]
    matches: int
    too_little: bool


@use_case
def record(actor: Actor, details: ExclusionDetails) -> Recorded:
    """Record an exclusion. It is in force when this returns, for everyone it may name, and every future clash that it
    makes has its safety case. Raises NotAllowed, NotFound, Invalid by field."""
    _may_record(actor)
    details = _of_records_in_use(details)
    if people_store.client(details.client_id) is None:
        raise NotFound
    details, named = _read(details)
    named_id = db.session.execute(
        insert(NamedPerson.__table__).values(**named).returning(NamedPerson.id)
    ).scalar_one()
    values = {
        **_columns(details), "client_id": details.client_id, "named_person_id": named_id, "active": True,
        "recorded_by": actor.staff_id, "recorded_at": clock.now(),
    }  # fmt: skip
    exclusion_id = db.session.execute(
        insert(Exclusion.__table__).values(**values).returning(Exclusion.id)
    ).scalar_one()
    _list_sites(exclusion_id, details.sites)
    _tell(actor, exclusion_id, "recorded", separation=details.separation, source=details.source)
    if details.person is not None:
        _is_known(actor, named_id, details.person)
    _match(named_id, named)
    cases.refresh_exclusions([exclusion_id])
    audit.record(actor, "record", "exclusion", exclusion_id)
    row = store.exclusion(exclusion_id)
    assert row is not None
    in_force = [each for each in store.matches_of(named_id) if each.state != "dismissed"]
    return Recorded(exclusion_id, case_views.open_clashes(actor, exclusion_id), len(in_force), row.too_little)


@use_case
def edit(actor: Actor, exclusion_id: int, details: ExclusionDetails, version: int) -> Recorded:
    """Change an exclusion, or what is known of whom it names, and give what it affects now. `client_id` and `person` of
    `details` change nothing. A change of identifying details reopens dismissed matches. What was there before goes into
    the history. Raises NotAllowed, NotFound, Invalid; Stale when someone else changed it since `version`."""
    _may_record(actor)
    row = _row(exclusion_id, version)
    details, named = _read(replace(details, client_id=row.client_id, person=None), known=_has_confirmed(row))
    sites = store.sites_of([exclusion_id]).get(exclusion_id, ())
    columns = _columns(details)
    after = {**columns, **named}
    before = {name: getattr(row, name) for name in after if getattr(row, name) != after[name]}
    if set(sites) != set(details.sites):
        before["sites"] = list(sites)
    if before:
        table = NamedPerson.__table__
        db.session.execute(update(table).where(table.c.id == row.named_person_id).values(**named))
        _change(row, **columns)
        _list_sites(exclusion_id, details.sites)
        _tell(actor, exclusion_id, "changed", before={name: _plain(value) for name, value in before.items()})
        _match(row.named_person_id, named)
        cases.refresh_exclusions(store.of_named(row.named_person_id))
        audit.record(actor, "edit", "exclusion", exclusion_id, fields=sorted(before))
    now = _row(exclusion_id)
    in_force = [each for each in store.matches_of(row.named_person_id) if each.state != "dismissed"]
    return Recorded(exclusion_id, case_views.open_clashes(actor, exclusion_id), len(in_force), now.too_little)


@use_case
def start_closing(actor: Actor, exclusion_id: int, reason: str, version: int | None = None) -> None:
    """Ask for an exclusion to be closed, with a reason. It stays in force until a second person confirms. Raises
    NotAllowed, NotFound, Invalid, Stale, WrongState."""
    staff_id = _in_person(actor)
    row = _row(exclusion_id, version)
    if not row.active or row.closing_by is not None:
        raise WrongState
    _change(row, closing_by=staff_id, closing_reason=_reason(reason))
    _tell(actor, exclusion_id, "closing", reason=clean(reason))
    audit.record(actor, "start-closing", "exclusion", exclusion_id)


@use_case
def keep(actor: Actor, exclusion_id: int) -> None:
    """Decide not to close an exclusion after all. Raises NotAllowed, NotFound, WrongState."""
    _may_record(actor)
    row = _row(exclusion_id)
    if not row.active or row.closing_by is None:
        raise WrongState
    _change(row, closing_by=None, closing_reason=None)
    _tell(actor, exclusion_id, "kept")
    audit.record(actor, "keep", "exclusion", exclusion_id)


@use_case
def confirm_closing(actor: Actor, exclusion_id: int, version: int | None = None) -> None:
    """Close an exclusion that someone else asked to be closed. Raises NotAllowed when it is the same person; NotFound,
    Stale, WrongState."""
    staff_id = _in_person(actor)
    row = _row(exclusion_id, version)
    if not row.active or row.closing_by is None:
        raise WrongState
    if row.closing_by == staff_id:
        raise NotAllowed("A second person must confirm this.")
    _change(row, active=False, closed_by=staff_id, closed_at=clock.now())
    _tell(actor, exclusion_id, "closed")
    cases.refresh_exclusions([exclusion_id])
    audit.record(actor, "close", "exclusion", exclusion_id)


@use_case
def reopen(actor: Actor, exclusion_id: int, reason: str) -> list[Clash]:
    """Put a closed exclusion in force again, and give what it affects. Raises NotAllowed, NotFound, Invalid,
    WrongState."""
    _may_record(actor)
    row = _row(exclusion_id)
    if row.active:
        raise WrongState
    _change(row, active=True, closing_by=None, closing_reason=None, closed_by=None, closed_at=None)
    _tell(actor, exclusion_id, "reopened", reason=_reason(reason))
    cases.refresh_exclusions([exclusion_id])
    audit.record(actor, "reopen", "exclusion", exclusion_id)
    return case_views.open_clashes(actor, exclusion_id)


@use_case
def affected(actor: Actor, exclusion_id: int) -> list[Clash]:
    """The future appointments that break an exclusion now, the most urgent first. The look is recorded. Raises
    NotAllowed, NotFound."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    _row(exclusion_id)
    audit.record_looks(actor, "exclusion", exclusion_id, [exclusion_id])
    return case_views.open_clashes(actor, exclusion_id)


# --- what is typed ----------------------------------------------------------------------------------------------------


def _of_records_in_use(details: ExclusionDetails) -> ExclusionDetails:
    """The same, of the records in use: what keeps someone safe is not refused because a record was merged meanwhile."""
    person = details.person
    if person is not None and person[0] == "client":
        person = "client", people_store.in_use(person[1])
    return replace(details, client_id=people_store.in_use(details.client_id), person=person)


def _read(details: ExclusionDetails, known: bool = False) -> tuple[ExclusionDetails, dict[str, Any]]:
    """The details as they are kept, and the columns of the named person. `known` allows a person without any words, who
    is matched to somebody already."""
    wrong: dict[str, str] = {}
    names = read_aliases(details.names, "names", wrong)
    birth = read_birth_date(details.date_of_birth, "date_of_birth", wrong)
    phone = read_phone(details.phone, "phone", wrong)
    description = (details.description or "").strip() or None
    if details.person is not None:
        identity = _identity_of(details, wrong)
        names = tuple(dict.fromkeys((*names, *identity[0])))
        birth, phone = birth or identity[1], phone or identity[2]
    elif not (names or birth or phone or description or known or wrong):
        wrong["names"] = "Type a name, or anything else that is known of this person."
    if details.separation not in set(Separation):
        wrong["separation"] = "Choose how they are kept apart."
    if not 0 <= details.gap_minutes <= 1440:
        wrong["gap_minutes"] = "Type a number of minutes from 0 to 1440."
    if details.separation == Separation.SITE and not details.sites:
        wrong["sites"] = "Choose the places where this person is never booked."
    if set(details.sites) - set(store.sites(details.sites)):
        wrong["sites"] = "Choose from the places."
    if details.source not in SOURCES:
        wrong["source"] = "Choose where this comes from."
    for field, text in (("notes", details.notes), ("description", description)):
        if text and len(text) > _LONGEST_NOTES:
            wrong[field] = "Use up to 4,000 letters."
    if details.review_on is not None and not today().year - 10 <= details.review_on.year <= today().year + 50:
        wrong["review_on"] = "Type a date in the coming years."
    if wrong:
        raise Invalid(**wrong)
    named = {"names": list(names), "date_of_birth": birth, "phone": phone, "description": description}
    return details, named


def _identity_of(details: ExclusionDetails, wrong: dict[str, str]) -> tuple[tuple[str, ...], str | None, str | None]:
    assert details.person is not None
    kind, person_id = details.person
    nothing: tuple[tuple[str, ...], None, None] = ((), None, None)
    if details.person == ("client", details.client_id):
        wrong["person"] = "Nobody can be kept from themselves."
        return nothing
    row = None
    if kind in ("client", "staff"):
        row = people_store.client(person_id) if kind == "client" else people_store.staff_identity(person_id)
    if row is None:
        wrong["person"] = "Choose someone from the list."
        return nothing
    aliases = (row.aliases or ()) if kind == "client" else ()
    return (f"{row.given_name} {row.family_name}".strip(), *aliases), row.date_of_birth, row.phone


def _columns(details: ExclusionDetails) -> dict[str, Any]:
    return {
        "separation": str(details.separation),
        "gap_minutes": details.gap_minutes,
        "source": details.source,
        "review_on": details.review_on,
        "notes": (details.notes or "").strip() or None,
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def _reason(typed: str) -> str:
    reason = clean(typed)
    if not reason or len(reason) > 1000:
        raise Invalid(reason="Give a reason of up to 1,000 letters.")
    return reason


# --- what is kept -----------------------------------------------------------------------------------------------------


def _may_record(actor: Actor) -> None:
    if not can_record_exclusion(actor):
        raise NotAllowed


def _in_person(actor: Actor) -> int:
    """The staff id of a lead who acts in person. A token has none, and two tokens are not two people."""
    _may_record(actor)
    if actor.staff_id is None:
        raise NotAllowed
    return actor.staff_id


def _row(exclusion_id: int, version: int | None = None) -> Columns:
    row = store.exclusion(exclusion_id)
    if row is None:
        raise NotFound
    if version is not None and row.version != version:
        raise Stale
    return row


def _change(row: Columns, **columns: Any) -> None:
    table = Exclusion.__table__
    db.session.execute(update(table).where(table.c.id == row.id).values(**columns, version=row.version + 1))


def _tell(actor: Actor, exclusion_id: int, what: str, **detail: Any) -> None:
    line = {
        "exclusion_id": exclusion_id, "at": clock.now(), "staff_id": actor.staff_id, "what": what,
        "detail": detail or None,
    }  # fmt: skip
    db.session.execute(insert(ExclusionEvent.__table__).values(**line))


def _list_sites(exclusion_id: int, sites: Iterable[int]) -> None:
    table = ExclusionSite.__table__
    db.session.execute(delete(table).where(table.c.exclusion_id == exclusion_id))
    rows = [{"exclusion_id": exclusion_id, "site_id": site} for site in sorted(set(sites))]
    if rows:
        db.session.execute(insert(table), rows)


def _match(named_id: int, named: dict[str, Any]) -> None:
    who = named["names"], named["date_of_birth"], named["phone"]
    identities.index_person("named", named_id, *who)
    identities.match_named(named_id, *who)


def _is_known(actor: Actor, named_id: int, person: tuple[str, int]) -> None:
    """The lead says that the named person is this very one."""
    now = clock.now()
    values = {
        "named_person_id": named_id, "person_kind": person[0], "person_id": person[1], "state": "confirmed",
        "score": 100, "why": "chosen when the exclusion was recorded", "found_at": now, "decided_at": now,
        "decided_by": actor.staff_id,
    }  # fmt: skip
    db.session.execute(insert(Match.__table__).values(**values))


def _has_confirmed(row: Columns) -> bool:
    query = select(Match.id).where(Match.named_person_id == row.named_person_id, Match.state == "confirmed").limit(1)
    return db.session.execute(query).first() is not None


__all__ = [
    "SOURCES", "ExclusionDetails", "Recorded", "affected", "confirm_closing", "decide_match", "edit", "keep",
    "list_for", "record", "reopen", "start_closing",
]
