"""Towns in words, for the oracle, and the same as the records that the store would hand to the rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from scheduler.rules.audience import Eligibility, Window, closed_to
from scheduler.rules.intervals import Interval, local_days
from scheduler.rules.presence import Kind, Margins, Mode, presence
from scheduler.rules.separation import Apart, Gatekeeper, Person, Presence, barriers
from scheduler.rules.slots import Asker, Opening, Own

from .oracle import MINUTE, Near, Rule, Visit


@dataclass(frozen=True)
class Town:
    """Sessions, who is in them, who is kept from whom, and women-only times: one place in two days."""

    zone: ZoneInfo
    near: Near
    sessions: tuple[Opening, ...]
    visits: tuple[Visit, ...]
    rules: tuple[Rule, ...]
    windows: tuple[Window, ...]

    def of_workers(self) -> list[Visit]:
        """The workers' own presences, each for the whole of a session."""
        return [worker_visit(opening, worker, self.zone) for opening in self.sessions for worker in opening.staff]

    def everyone(self) -> list[Visit]:
        """Every visit that stands, of clients and of workers."""
        return [*self.visits, *self.of_workers()]


def in_minutes(margins: Margins) -> tuple[int, int]:
    """A venue's margins as numbers of minutes."""
    return margins.arrive_early // MINUTE, margins.leave_late // MINUTE


def worker_visit(opening: Opening, worker: int, zone: ZoneInfo) -> Visit:
    """A worker's own presence: for the whole of a session, and at its site when anyone may come to it."""
    mode = Mode.IN_PERSON if Mode.IN_PERSON in opening.modes else Mode.VIDEO
    return Visit(
        Person("staff", worker), opening.session, opening.kind, opening.site, mode, *opening.span, *opening.span, zone,
        *in_minutes(opening.margins), opening.series,
    )


def visit_to(
    opening: Opening, person: Person, mode: str, staff: int | None, start: datetime, end: datetime, zone: ZoneInfo
) -> Visit:
    """The visit that an appointment in this session would be."""
    return Visit(
        person, opening.session, opening.kind, opening.site, Mode(mode), start, end, *opening.span, zone,
        *in_minutes(opening.margins), opening.series, opening.staff if staff is None else (staff,),
    )


@dataclass(frozen=True)
class Meeting:
    """A rule, and a visit of each of its two people."""

    rule: Rule
    hers: Visit
    his: Visit
    near: Near


# --- What the store would hand to the rules ---------------------------------------------------------------------------


def apart_of(rule: Rule, person: Person) -> Apart | None:
    """The rule as seen from this person, if it touches them."""
    if person == rule.protects:
        return Apart(rule.names, rule.separation, rule.gap * MINUTE, rule.sites, asks_for_named=False)
    if person == rule.names:
        return Apart(rule.protects, rule.separation, rule.gap * MINUTE, rule.sites, asks_for_named=True)
    return None


def aparts_of(rules: tuple[Rule, ...], person: Person) -> list[Apart]:
    """Every rule that touches this person, as seen from them."""
    return [apart for rule in rules if (apart := apart_of(rule, person)) is not None]


def presence_of(visit: Visit) -> Presence | None:
    """The visit as the rules are given it: None for one that is no presence at all."""
    group = visit.kind is Kind.GROUP
    window = Interval(visit.opens, visit.closes)
    whole = window if visit.kind is Kind.DROP_IN and visit.person.kind == "client" else None
    span = presence(visit.mode, visit.start, visit.end, Margins(visit.early * MINUTE, visit.late * MINUTE), whole)
    if span is None and not group:
        return None
    interval = span or Interval(visit.start, visit.end)
    return Presence(
        visit.person, visit.site if span else None, interval, local_days(interval, visit.zone),
        visit.session if group else None, visit.series if group else None,
    )


def presences_of(visits: list[Visit]) -> list[Presence]:
    """Those of these visits that put someone somewhere."""
    return [found for visit in visits if (found := presence_of(visit)) is not None]


def gate_for(
    person: Person, town: Town, others: list[Visit], eligibility: Eligibility | str = Eligibility.ELIGIBLE
) -> Gatekeeper:
    """The gate of this person, `others` standing."""
    low = min(opening.span.start for opening in town.sessions) - timedelta(days=2)
    high = max(opening.span.end for opening in town.sessions) + timedelta(days=2)
    closed = closed_to(eligibility, town.windows, Interval(low, high))
    return Gatekeeper(barriers(aparts_of(town.rules, person), presences_of(others), town.near, closed))


def asker_of(
    person: Person, town: Town, others: list[Visit], own: list[Visit], eligibility: Eligibility | str
) -> Asker:
    """This person as one who is to be booked, with `own` appointments already."""
    return Asker(eligibility, gate_for(person, town, others, eligibility), tuple(own_of(visit) for visit in own))


def own_of(visit: Visit) -> Own:
    """An appointment that the same client has already, as the rules are given it."""
    found = presence_of(visit)
    there = found is not None and found.site is not None
    span = Interval(visit.start, visit.end)
    return Own(span, visit.site if there else None, found.interval if there and found else None)


def lets_in(gate: Gatekeeper, visit: Visit) -> bool:
    """What `rules.slots` and `rules.hosting` ask of a gate, said once more."""
    there = presence_of(visit)
    if visit.person.kind == "client" and not all(gate.admits_worker(worker) for worker in visit.workers):
        return False
    here = there is not None and there.site is not None
    if not gate.admits_session(visit.site if here else None, visit.session, visit.series):
        return False
    return there is None or not here or gate.admits_presence(visit.site, *there.interval)


def admits(visit: Visit, rules: list[Rule], others: list[Visit], near: Near | None = None) -> bool:
    """Would the rules let this visit be booked beside those of others?"""
    gate = Gatekeeper(barriers(aparts_of(tuple(rules), visit.person), presences_of(others), near or {}))
    return lets_in(gate, visit)
