"""Safety cases: finds future presences that break an exclusion in force or a women-only time, however that came about,
and keeps one open case for each (SAFETY.md 6). Nothing is ever cancelled here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import SafetyCase
from scheduler.rules.audience import Audience, Eligibility, closed_to, may_attend
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.separation import Apart, Person, Presence, Separation, violates
from scheduler.services import audit
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.transaction import use_case
from scheduler.services.visibility import assigned, label_for
from scheduler.store import clashes as store
from scheduler.store import nearby
from scheduler.store.clashes import Kept, There

log = structlog.get_logger("sidegate")

WOMEN = "women"
GROUP = "group"
WORKER = "worker"


class Found(NamedTuple):
    """A clash by its ids. `subject` is the same whenever the same clash is found. `due_at` is when the earlier of the
    two presences begins, by which it must be settled."""

    subject: str
    rule: str
    exclusion: int | None
    appointment: int | None
    other_appointment: int | None
    other_session: int | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two presences of a clash, as a lead sees it. `place` is the venue's name to this lead, in `zone`.
    `kind` is appointment or session; the person is the client, or the worker of the session."""

    kind: str
    id: int
    person_kind: str
    person_id: int | None
    person: str
    start: datetime
    end: datetime
    mode: str
    place: str
    zone: str


@dataclass(frozen=True, slots=True)
class Clash:
    """A clash as a lead sees it. `case_id` is None only for one that was found just now and not kept."""

    case_id: int | None
    rule: str
    exclusion_id: int | None
    due_at: datetime
    one: Side | None
    other: Side | None
    closed_at: datetime | None = None


class Refreshed(NamedTuple):
    """How many cases a refresh opened (or opened again), and how many it closed."""

    opened: int
    closed: int


@use_case
def refresh(people: Collection[int | Person] | None = None) -> Refreshed:
    """Find every clash of these people anew and keep the queue true: open what is missing, close what is gone, open
    again what has returned. Numbers are client ids; None means everyone (the nightly sweep). Constant reads.

    An open case closes only because its clash is gone, which includes that the earlier presence is over.
    """
    if people is None:
        return _settle(None, None)
    everyone = [each if isinstance(each, Person) else Person("client", each) for each in people]
    clients = {person.id for person in everyone if person.kind == "client"}
    staff = {person.id for person in everyone if person.kind == "staff"}
    return _settle(store.touching(clients, staff), clients)


@use_case
def refresh_exclusions(exclusions: Collection[int]) -> Refreshed:
    """As `refresh`, for everyone whom these exclusions protect or may name."""
    return _settle(set(exclusions), set())


@use_case
def refresh_appointment(appointment_id: int, client_id: int) -> None:
    """After an appointment was cancelled, moved or marked: settle the cases it was in, if any. One query when none."""
    rows = store.open_about(appointment_id)
    if rows:
        _settle({row.exclusion_id for row in rows if row.exclusion_id is not None}, {client_id})


def sweep() -> int:
    """Recompute every clash from nothing and bring the queue up to date; gives how many cases it opened or closed. It
    reads outside any writing transaction and writes only about what differs, so that nobody who books waits for it.

    A clash that the queue lacked is an alarm: something changed without asking for its cases (SAFETY.md 6).
    """
    found = {each.subject: each for each in find(None, None)}
    queued = {case.subject: case for case in store.cases(None, None) if case.closed_at is None}
    missing = [each for subject, each in found.items() if subject not in queued]
    stale = [
        case.id for subject, case in queued.items()
        if subject not in found or found[subject].due_at != case.due_at
    ]
    if not missing and not stale:
        return 0
    exclusions, clients = store.parties(stale, [each.appointment for each in missing if each.appointment is not None])
    exclusions |= {each.exclusion for each in missing if each.exclusion is not None}
    db.session.rollback()
    opened, closed = _settle_for(exclusions, clients)
    if opened:
        log.error("clashes were missing from the safety queue", count=opened)
    return opened + closed


@use_case
def _settle_for(exclusions: Collection[int], clients: Collection[int]) -> Refreshed:
    return _settle(exclusions, clients)


def find(exclusions: Collection[int] | None, clients: Collection[int] | None) -> list[Found]:
    """Every clash now: of these exclusions, and women-only breaches of these clients; all when None."""
    now = clock.now()
    found = list(_apart(exclusions, now))
    found += _women_only(clients, now)
    unique = {each.subject: each for each in found}
    return sorted(unique.values(), key=lambda each: (each.due_at, each.subject))


def _settle(exclusions: Collection[int] | None, clients: Collection[int] | None) -> Refreshed:
    now = clock.now()
    found = {each.subject: each for each in find(exclusions, clients)}
    known = {case.subject: case for case in store.cases(exclusions, clients)}
    table = SafetyCase.__table__
    gone = [case.id for case in known.values() if case.closed_at is None and case.subject not in found]
    if gone:
        db.session.execute(update(table).where(table.c.id.in_(gone)).values(closed_at=now))
    missing = [each for each in found.values() if each.subject not in known]
    made = [
        SafetyCase(
            subject=each.subject, rule=each.rule, exclusion_id=each.exclusion, appointment_id=each.appointment,
            other_appointment_id=each.other_appointment, other_session_id=each.other_session, due_at=each.due_at,
            opened_at=now,
        )
        for each in missing
    ]
    db.session.add_all(made)
    db.session.flush()
    opened = [row.id for row in made]
    for subject, case in known.items():
        each = found.get(subject)
        if each is None or (case.closed_at is None and case.due_at == each.due_at):
            continue
        again = {"opened_at": now, "closed_at": None} if case.closed_at is not None else {}
        db.session.execute(
            update(table).where(table.c.id == case.id).values(due_at=each.due_at, rule=each.rule, **again)
        )
        if again:
            opened.append(case.id)
    for case_id in opened:
        audit.record(SYSTEM, "case-open", "case", case_id)
    for case_id in gone:
        audit.record(SYSTEM, "case-closed", "case", case_id)
    return Refreshed(len(opened), len(gone))


# --- finding ----------------------------------------------------------------------------------------------------------


def _apart(exclusions: Collection[int] | None, now: datetime) -> Iterator[Found]:
    pairs = store.kept_apart(exclusions)
    if not pairs:
        return
    people = None if exclusions is None else {person for pair in pairs for person in (pair.protected, pair.named)}
    there: dict[Person, list[There]] = defaultdict(list)
    for each in store.whereabouts(people, now):
        there[each.person].append(each)
    near = nearby.neighbours()
    sites = store.closed_sites(exclusions)
    for pair in pairs:
        hers, theirs = there.get(pair.protected, []), there.get(pair.named, [])
        closed = {s for site in sites.get(pair.exclusion, ()) for s in (site, *near.get(site, ()))}
        for named in theirs:
            if named.site is not None and named.site in closed:
                yield _alone(pair.exclusion, Separation.SITE, named)
            for protected in hers:
                rule = _broken(pair, protected, named, near)
                if rule is not None:
                    yield _pair(pair.exclusion, rule, protected, named)
        if pair.named.kind == "staff":
            for protected in hers:
                if protected.worker == pair.named.id:
                    yield Found(
                        f"x{pair.exclusion}:a{protected.appointment}:s{protected.session}", WORKER, pair.exclusion,
                        protected.appointment, None, protected.session, protected.span.start,
                    )


def _broken(pair: Kept, hers: There, theirs: There, near: dict[int, frozenset[int]]) -> str | None:
    """The rule that these two presences break, or None (SAFETY.md 2)."""
    if hers.group and theirs.group and hers.session == theirs.session:
        return GROUP
    if hers.site is not None and theirs.site is not None:
        as_one = hers.site == theirs.site or theirs.site in near.get(hers.site, ())
        apart = Apart(pair.named, pair.separation, timedelta(minutes=pair.gap_minutes))
        if as_one and violates(apart, _presence(hers), _presence(theirs)):
            return str(pair.separation if pair.separation is Separation.GAP else Separation.DAY)
    if pair.separation in (Separation.SERIES, Separation.SITE) and hers.series and hers.series == theirs.series:
        return str(Separation.SERIES)
    return None


def _presence(each: There) -> Presence:
    return Presence(each.person, each.site, each.span, local_days(each.span, each.zone))


def _alone(exclusion: int, rule: str, there: There) -> Found:
    if there.appointment is None:
        return Found(
            f"x{exclusion}:s{there.session}:site", str(rule), exclusion, None, None, there.session, there.span.start
        )
    return Found(
        f"x{exclusion}:a{there.appointment}:site", str(rule), exclusion, there.appointment, None, None, there.span.start
    )


def _pair(exclusion: int, rule: str, hers: There, theirs: There) -> Found:
    due = min(hers.span.start, theirs.span.start)
    other = f"a{theirs.appointment}" if theirs.appointment is not None else f"s{theirs.session}"
    return Found(
        f"x{exclusion}:a{hers.appointment}:{other}", rule, exclusion, hers.appointment, theirs.appointment,
        None if theirs.appointment is not None else theirs.session, due,
    )


def _women_only(clients: Collection[int] | None, now: datetime) -> Iterator[Found]:
    rows = store.not_eligible(clients, now) if clients is None or clients else []
    if not rows:
        return
    near = nearby.neighbours()
    sites = {row.site_id for row in rows if row.present_from is not None}
    around = {s for site in sites for s in (site, *near.get(site, ()))}
    windows = nearby.windows(around, Audience.WOMEN) if around else []
    for row in rows:
        span = Interval(row.present_from or row.start, row.present_until or row.end)
        breaks = not may_attend(row.audience, Eligibility.UNKNOWN)
        if not breaks and row.present_from is not None:
            as_one = {row.site_id, *near.get(row.site_id, ())}
            mine = [window for window in windows if window.site in as_one]
            breaks = any(shut.overlaps(span) for _, shut in closed_to(Eligibility.UNKNOWN, mine, span))
        if breaks:
            yield Found(f"w:a{row.id}", WOMEN, None, row.id, None, None, span.start)


# --- showing ----------------------------------------------------------------------------------------------------------


def open_clashes(actor: Actor, exclusion_id: int | None = None, limit: int | None = None) -> list[Clash]:
    """The open cases, of one exclusion or all, the most urgent first. The caller has checked that the actor may see
    them, and records the look."""
    return _shown(actor, store.open_cases(exclusion_id, limit=limit))


def one(actor: Actor, case_id: int) -> Clash | None:
    """One case, open or closed; None when there is none. As `open_clashes` for who may ask."""
    shown = _shown(actor, store.open_cases(case=case_id))
    return shown[0] if shown else None


def _shown(actor: Actor, rows: Iterable[Any]) -> list[Clash]:
    rows = list(rows)
    ids = {each for row in rows for each in (row.appointment_id, row.other_appointment_id) if each is not None}
    session_ids = {row.other_session_id for row in rows if row.other_session_id is not None}
    appointments, sessions = store.appointments(ids), store.sessions(session_ids)
    workers = store.staff_of({row.exclusion_id for row in rows if row.exclusion_id is not None}, session_ids)
    mine = assigned(actor)

    def appointment(each: int | None) -> Side | None:
        row = appointments.get(each) if each is not None else None
        if row is None:
            return None
        name = f"{row.given_name} {row.family_name}".strip()
        place = label_for(_Place(row), actor, mine)
        return Side(
            "appointment", row.id, "client", row.client_id, name, row.start, row.end, row.mode, place, row.zone
        )

    def session(each: int | None, exclusion: int | None) -> Side | None:
        row = sessions.get(each) if each is not None else None
        if row is None or each is None:
            return None
        worker = workers.get((exclusion or 0, each))
        name = f"{worker.given_name} {worker.family_name}".strip() if worker else ""
        place = label_for(_Place(row), actor, mine)
        return Side(
            "session", row.id, "staff", worker.id if worker else None, name, row.start, row.end, row.modes[0], place,
            row.zone,
        )

    return [
        Clash(
            row.id, row.rule, row.exclusion_id, row.due_at, appointment(row.appointment_id),
            appointment(row.other_appointment_id) or session(row.other_session_id, row.exclusion_id), row.closed_at,
        )
        for row in rows
    ]


class _Place:
    """A venue's columns in a wider row, as `visibility` asks for them."""

    __slots__ = ("confidential", "id", "label", "name")

    def __init__(self, row: Any) -> None:
        self.id, self.name, self.label, self.confidential = row.venue_id, row.name, row.label, row.confidential


__all__ = [
    "Clash", "Found", "Refreshed", "Side", "find", "one", "open_clashes", "refresh", "refresh_appointment",
    "refresh_exclusions", "sweep",
]
