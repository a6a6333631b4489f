"""Safety cases: finds future presences that break an exclusion in force or a women-only time, however that came about,
and keeps one open case for each (SAFETY.md 6). Nothing is ever cancelled here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import bindparam, delete, insert, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import OverrideClash, SafetyCase
from scheduler.rules.audience import Audience, Eligibility, closed_to, may_attend
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.separation import Apart, Person, Presence, Separation, violates
from scheduler.services import audit, escalation
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from scheduler.store import cases as case_store
from scheduler.store import clashes as store
from scheduler.store import nearby
from scheduler.store.cases import Case
from scheduler.store.clashes import Kept, There

log = structlog.get_logger("sidegate")

WOMEN = "women"
GROUP = "group"
WORKER = "worker"
STAY = "stay"

#: Stands in a clash for an appointment that is only thought of.
THOUGHT_OF = 0


class Found(NamedTuple):
    """A clash by its ids. `subject` is the same whenever the same clash is found. `due_at` is when the earlier of the
    two presences begins, by which it must be settled; `until` is when the later one is past. `times` are those of both,
    so that an override names a clash only as it was decided on."""

    subject: str
    rule: str
    exclusion: int | None
    appointment: int | None
    other_appointment: int | None
    other_session: int | None
    due_at: datetime
    until: datetime
    times: str


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
    rows = case_store.open_about(appointment_id)
    if rows:
        _settle({row.exclusion_id for row in rows if row.exclusion_id is not None}, {client_id})


@use_case
def settle(exclusions: Collection[int], clients: Collection[int]) -> Refreshed:
    """As `refresh`, of just these exclusions, and of what no exclusion is about of just these clients."""
    return _settle(exclusions, clients)


def would_break(there: There) -> list[Found]:
    """The clashes that this presence would make with those that stand, were it booked: its appointment's id is
    `THOUGHT_OF` in them. For an override, whose two people decide on just these."""
    exclusions = store.touching({there.person.id}, set())
    found = _apart(exclusions, clock.now(), (there._replace(appointment=THOUGHT_OF),))
    return [each for each in found if THOUGHT_OF in (each.appointment, each.other_appointment)]


def now_standing(subject: str, exclusion: int | None, clients: Collection[int]) -> Found | None:
    """This clash as it is now; None when it is gone."""
    found = find(set() if exclusion is None else {exclusion}, clients)
    return next((each for each in found if each.subject == subject), None)


def find(exclusions: Collection[int] | None, clients: Collection[int] | None) -> list[Found]:
    """Every clash now: of these exclusions, and what of these clients breaks a women-only time, or has outlasted a stay
    at a confidential venue; all when None."""
    now = clock.now()
    found = list(_apart(exclusions, now))
    found += _women_only(clients, now)
    found += _after_a_stay(clients, now)
    # One clash may break two rules, as when she is with the very worker who is too near: the earlier is when it is due.
    unique: dict[str, Found] = {}
    for each in sorted(found, key=lambda each: (each.due_at, each.subject)):
        unique.setdefault(each.subject, each)
    return list(unique.values())


def _settle(exclusions: Collection[int] | None, clients: Collection[int] | None) -> Refreshed:
    now = clock.now()
    found = {each.subject: each for each in find(exclusions, clients)}
    known = {case.subject: case for case in case_store.cases(exclusions, clients)}
    table = SafetyCase.__table__
    gone = [case.id for case in known.values() if case.closed_at is None and case.subject not in found]
    _lapse_overrides(known, found)
    if gone:
        db.session.execute(update(table).where(table.c.id.in_(gone)).values(closed_at=now))
    missing = [each for each in found.values() if each.subject not in known]
    made = [
        {
            "subject": each.subject, "rule": each.rule, "exclusion_id": each.exclusion,
            "appointment_id": each.appointment, "other_appointment_id": each.other_appointment,
            "other_session_id": each.other_session, "due_at": each.due_at, "opened_at": now,
        }
        for each in missing
    ]  # fmt: skip
    opened = sorted(db.session.execute(insert(table).returning(table.c.id), made).scalars()) if made else []
    both = [(case, found[subject]) for subject, case in known.items() if subject in found]
    _write([(case, each) for case, each in both if case.closed_at is None and case.due_at != each.due_at])
    again = [(case, each) for case, each in both if case.closed_at is not None]
    _write(again, opened_at=now, closed_at=None)
    opened += [case.id for case, _ in again]
    audit.record_each(SYSTEM, "case-open", (("case", each, None) for each in opened))
    audit.record_each(SYSTEM, "case-closed", (("case", each, None) for each in gone))
    # Those that stood already too: their time may have come nearer, or what an override named may have changed.
    stood = [case.id for subject, case in known.items() if subject in found]
    escalation.tell_of_cases(None if exclusions is None else [*opened, *stood], now)
    return Refreshed(len(opened), len(gone))


def _write(changed: Collection[tuple[Case, Found]], **also: datetime | None) -> None:
    """Bring these cases to what was found, in one statement."""
    if changed:
        table = SafetyCase.__table__
        query = update(table).where(table.c.id == bindparam("case")).values(
            due_at=bindparam("due"), rule=bindparam("broken"), **also
        )  # fmt: skip
        db.session.execute(
            query, [{"case": case.id, "due": each.due_at, "broken": each.rule} for case, each in changed]
        )


def _lapse_overrides(known: Collection[str], found: Mapping[str, Found]) -> None:
    """An override names a clash as it was decided on. One that is gone, or has other times now, it names no more."""
    for row in case_store.named_by_overrides(known):
        if row.subject not in found or found[row.subject].times != row.times:
            table = OverrideClash.__table__
            mine = (table.c.override_id == row.override_id, table.c.subject == row.subject)
            db.session.execute(delete(table).where(*mine))
            audit.record(SYSTEM, "override-lapsed", "override", row.override_id)


# --- finding ----------------------------------------------------------------------------------------------------------


def _apart(
    exclusions: Collection[int] | None, now: datetime, thought_of: Collection[There] = ()
) -> Iterator[Found]:
    pairs = store.kept_apart(exclusions)
    if not pairs:
        return
    people = None if exclusions is None else {person for pair in pairs for person in (pair.protected, pair.named)}
    there: dict[Person, list[There]] = defaultdict(list)
    for each in (*store.whereabouts(people, now), *thought_of):
        there[each.person].append(each)
    near = nearby.neighbours()
    sites = store.closed_sites(exclusions)
    by_place: dict[Person, _ByPlace] = {}
    for pair in pairs:
        hers, theirs = there.get(pair.protected, []), there.get(pair.named, [])
        places = by_place.get(pair.protected) or by_place.setdefault(pair.protected, _ByPlace(hers))
        closed = {s for site in sites.get(pair.exclusion, ()) for s in (site, *near.get(site, ()))}
        for named in theirs:
            if named.site is not None and named.site in closed:
                yield _alone(pair.exclusion, Separation.SITE, named)
            for protected in places.around(named, near):
                rule = _broken(pair, protected, named, near)
                if rule is not None:
                    yield _pair(pair.exclusion, rule, protected, named)
        if pair.named.kind == "staff":
            for protected in hers:
                if protected.worker == pair.named.id:
                    yield Found(
                        f"x{pair.exclusion}:a{protected.appointment}:s{protected.session}", WORKER, pair.exclusion,
                        protected.appointment, None, protected.session, *protected.span, _times(protected.span),
                    )


class _ByPlace:
    """Where one person will be, by all that can bring two people together: a site, a group, the series of a group."""

    __slots__ = ("_at", "_in", "_of")

    def __init__(self, there: Collection[There]) -> None:
        self._at: dict[int, list[There]] = defaultdict(list)
        self._in: dict[int, list[There]] = defaultdict(list)
        self._of: dict[int, list[There]] = defaultdict(list)
        for each in there:
            if each.site is not None:
                self._at[each.site].append(each)
            if each.group:
                self._in[each.session].append(each)
            if each.series:
                self._of[each.series].append(each)

    def around(self, theirs: There, near: Mapping[int, frozenset[int]]) -> Iterable[There]:
        """Those that could clash with this one: `_broken` then says whether they do."""
        found: dict[int, There] = {}
        for site in (theirs.site, *near.get(theirs.site, ())) if theirs.site is not None else ():
            found |= {id(each): each for each in self._at.get(site, ())}
        if theirs.group:
            found |= {id(each): each for each in self._in.get(theirs.session, ())}
        if theirs.series:
            found |= {id(each): each for each in self._of.get(theirs.series, ())}
        return found.values()


def _broken(pair: Kept, hers: There, theirs: There, near: dict[int, frozenset[int]]) -> str | None:
    """The rule that these two presences break, or None (SAFETY.md 2)."""
    if hers.group and theirs.group and hers.session == theirs.session:
        return GROUP
    if hers.site is not None and theirs.site is not None:
        as_one = hers.site == theirs.site or theirs.site in near.get(hers.site, ())
        apart = Apart(pair.named, pair.separation, timedelta(minutes=pair.gap_minutes))
        by_day = pair.separation is not Separation.GAP
        if as_one and violates(apart, _presence(hers, by_day), _presence(theirs, by_day)):
            return str(pair.separation if pair.separation is Separation.GAP else Separation.DAY)
    if pair.separation in (Separation.SERIES, Separation.SITE) and hers.series and hers.series == theirs.series:
        return str(Separation.SERIES)
    return None


def _presence(each: There, by_day: bool) -> Presence:
    return Presence(each.person, each.site, each.span, _days(each.span, each.zone) if by_day else each.span)


@lru_cache(maxsize=4096)
def _days(span: Interval, zone: ZoneInfo) -> Interval:
    return local_days(span, zone)


def _alone(exclusion: int, rule: str, there: There) -> Found:
    if there.appointment is None:
        return Found(
            f"x{exclusion}:s{there.session}:site", str(rule), exclusion, None, None, there.session, *there.span,
            _times(there.span),
        )
    return Found(
        f"x{exclusion}:a{there.appointment}:site", str(rule), exclusion, there.appointment, None, None, *there.span,
        _times(there.span),
    )


def _times(*spans: Interval) -> str:
    return " ".join(f"{moment:%Y%m%dT%H%M%S}" for span in spans for moment in span)


def _pair(exclusion: int, rule: str, hers: There, theirs: There) -> Found:
    due, until = min(hers.span.start, theirs.span.start), max(hers.span.end, theirs.span.end)
    other = f"a{theirs.appointment}" if theirs.appointment is not None else f"s{theirs.session}"
    return Found(
        f"x{exclusion}:a{hers.appointment}:{other}", rule, exclusion, hers.appointment, theirs.appointment,
        None if theirs.appointment is not None else theirs.session, due, until, _times(hers.span, theirs.span),
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
            yield Found(f"w:a{row.id}", WOMEN, None, row.id, None, None, *span, _times(span))


def _after_a_stay(clients: Collection[int] | None, now: datetime) -> Iterator[Found]:
    """Appointments at a confidential venue of someone who will not be recorded as staying there (SAFETY.md 7)."""
    for row in store.not_staying(clients, now) if clients is None or clients else ():
        span = Interval(row.present_from or row.start, row.present_until or row.end)
        yield Found(f"r:a{row.id}", STAY, None, row.id, None, None, *span, _times(span))


__all__ = [
    "STAY", "WOMEN", "Found", "Refreshed", "find", "now_standing", "refresh", "refresh_appointment",
    "refresh_exclusions", "settle", "would_break",
]
