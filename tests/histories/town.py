"""A small town in which anything may happen: every operation of the services that changes who may be where, each with
choices that love edges.

An operation chooses by a `Pick`, calls one service as a page would, and says in words what it did. A refusal is an
answer like any other, but it must change nothing; any other error fails the history.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from scheduler import clock
from scheduler.errors import Busy, SidegateError, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import (
    AuditRecord,
    ClientMerge,
    Closure,
    Match,
    Message,
    Override,
    Series,
    StaffVenue,
    TimeRequest,
)
from scheduler.notifications import sender
from scheduler.rules.phones import e164
from scheduler.services import (
    arrivals,
    audit,
    booking,
    case_views,
    clients,
    door,
    exclusions,
    merging,
    overrides,
    requests,
    safety_desk,
    sessions,
    staff,
    suggesting,
    sweep,
    venues,
)
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.transaction import use_case

from ..support import factories as make
from . import oracle
from .oracle import Facts
from .picks import Pick

LONDON = ZoneInfo("Europe/London")
MINUTE = timedelta(minutes=1)
LOOK = timedelta(days=4)
#: Between one thing and the next, as in life: what came first is never in doubt.
TICK = timedelta(milliseconds=1)

#: The day on which a history begins, and where the clocks change the day after, in spring and in autumn.
FIRST_DAYS = (date(2026, 3, 2), date(2027, 3, 27), date(2027, 10, 30))

#: How she is kept from him when a history begins.
FIRST_SEPARATIONS = ("gap", "day", "series")

#: Minutes from local midnight to where something begins: mostly one morning, then midnight and where clocks change.
_BEGINS = (600, 630, 660, 690, 720, 645, 615, 540, 1410, 1425, 0, 15, 30, 60, 75, 90, 120, -15, -30)
_LASTS = (60, 30, 120, 90, 180, 45)

#: Invented people. Some names are each other's short or misspelt forms, and some are two people's.
_PEOPLE = (
    ("Gareth", "Pike"), ("Alma", "Reyes"), ("Sunita", "Patel"), ("Gaz", "Pike"), ("Katarzyna", "Nowak"),
    ("Kasia", "Nowak"), ("Dai", "Pritchard"), ("Alma", "Rayes"), ("Gareth", ""), ("Pike", "Gareth"),
)  # fmt: skip
_BIRTHS = (None, "1984-05-06", "1984", "1984-06-05", "1990-01-01")
PHONES = (None, "07700 900111", "07700 900222", "07700 900333")

OPERATIONS: dict[str, Callable[[Town, Pick], str]] = {}
#: Operations that put somebody in a place at a time: after them no breach may exist that was not there before.
PLACES: set[str] = set()
#: How often each operation is tried, beside the others; once unless said.
OFTEN: dict[str, int] = {}


def operation(*, places: bool = False, often: int = 1) -> Callable[[Any], Any]:
    """Registers an operation under its function's name."""

    def register(function: Callable[[Town, Pick], str]) -> Callable[[Town, Pick], str]:
        OPERATIONS[function.__name__] = function
        OFTEN[function.__name__] = often
        if places:
            PLACES.add(function.__name__)
        return function

    return register


class Nothing(Exception):
    """There is nothing yet that this operation could be done to."""


@dataclass
class Town:
    """What a history knows of its town. Everything else is read from the tables."""

    day: date
    manager: Actor
    leads: tuple[Actor, ...]
    desks: tuple[Actor, ...]
    first_worker: int
    refuge: int
    kinds: tuple[int, ...]
    log: list[str] = field(default_factory=list)
    swept: bool = False
    known: Facts | None = None
    #: Links that are out, by their tokens: whose each is.
    tokens: dict[str, int] = field(default_factory=dict)

    # --- choosing ---

    def facts(self) -> Facts:
        """What the operation that is about to be done knows: the rows as they stand, read once."""
        return oracle.read() if self.known is None else replace(self.known, now=clock.now())

    def moment(self, pick: Pick, low: int = 0, high: int = 2) -> datetime:
        """A time that something might begin at, on one of the town's days."""
        day = self.day + timedelta(days=pick.one(range(low, high + 1)))
        return datetime.combine(day, time(), LONDON).astimezone(UTC) + pick.one(_BEGINS) * MINUTE

    def near(self, pick: Pick, facts: Facts, long: timedelta, margin: timedelta = 15 * MINUTE) -> datetime:
        """A time at which a presence of this length would touch, or almost touch, one that is there."""
        spans = [visit.there for each in oracle.visits(facts).values() for visit in each if visit.there]
        if not spans:
            return self.moment(pick)
        start, end = pick.one(spans)
        apart = pick.one((30, 25, 35, 0, 5, 60)) * MINUTE
        return end + apart + margin if pick.one((True, False)) else start - apart - margin - long

    def among_women(self, pick: Pick, facts: Facts) -> datetime:
        """The edge of a women-only time, or just outside it."""
        window = pick.one(some([each for each in facts.windows if each.audience == "women"]))
        day = self.day + timedelta(days=(window.weekday - self.day.weekday()) % 7)
        edge = pick.one((window.from_minute, window.until_minute, window.from_minute - window.clear_before))
        minutes = edge + pick.one((0, -60, 15, -15, -30))
        return datetime.combine(day, time(), LONDON).astimezone(UTC) + minutes * MINUTE

    def client(self, pick: Pick, facts: Facts) -> int:
        """A client's record: more often one whom an exclusion concerns, seldom one that was merged into another."""
        in_use = [row.id for row in facts.clients.values() if row.merged_into is None]
        sides = {side for rule in oracle.rules(facts) for side in (rule.her, rule.named)}
        concerned = [each for each in in_use if ("client", each) in sides]
        return pick.one([*concerned, *in_use] * 5 + [each for each in facts.clients if each not in in_use])

    def worker(self, pick: Pick, facts: Facts) -> int:
        return pick.one([row.id for row in facts.staff.values() if row.sees_clients])

    def session(self, pick: Pick, facts: Facts) -> Any:
        return pick.one(some([
            row for row in facts.sessions.values() if row.cancelled_at is None and row.end > facts.now
        ]))  # fmt: skip

    def appointment(self, pick: Pick, facts: Facts, *states: str) -> Any:
        return pick.one(some([row for row in facts.appointments if not states or row.state in states]))

    def whoever_books(self, pick: Pick) -> Actor:
        return pick.one(self.desks)


def some(found: Any) -> list[Any]:
    rows = list(found)
    if not rows:
        raise Nothing
    return rows


def found(day: date, separation: str = "gap") -> Town:
    """Two venues at one site, one whose door is in sight, one far away that is confidential, and one online; two
    workers, two leads, three clients of whom an exclusion keeps two apart; two sessions on the first day, one that ends
    where a women-only time is cleared on the second, and one in it; a group that meets daily. She is booked twice."""
    clock.set_fixed(datetime.combine(day, time(8), LONDON).astimezone(UTC))
    mill, door_in_sight, far = (make.make_site(name) for name in ("Mill Lane", "Canal Street", "Far Road"))
    make.make_neighbours(mill, door_in_sight)
    hub = make.make_venue(mill, creche=True)
    upstairs = make.make_venue(mill, arrive_early=0, leave_late=10)
    next_door = make.make_venue(door_in_sight, arrive_early=30, leave_late=0)
    refuge = make.make_venue(far, confidential=True, kind="refuge", label="Where you are staying")
    make.make_venue(kind="online")
    for venue in (hub, upstairs, next_door, refuge):
        make.open_all_day(venue)
    kinds = (
        make.make_type(notice=0),
        make.make_type(notice=60, minutes=45, buffer_before=5, buffer_after=10, most_minutes=60),
    )
    lead, second, manager, reception, worker = (
        staff.add(SYSTEM, staff.StaffDetails(given, family, role, sees_clients=role == "worker", woman=True))
        for given, family, role in (
            ("Jess", "Moran", "lead"), ("Noor", "Aziz", "lead"), ("Marta", "Silva", "manager"),
            ("Rosa", "Quinn", "reception"), ("Priya", "Nair", "worker"),
        )
    )  # fmt: skip
    for who in (manager, lead, worker):
        make.assign(who, refuge)
    town = Town(
        day,
        Actor("staff", manager, "manager"),
        (Actor("staff", lead, "lead"), Actor("staff", second, "lead")),
        (
            Actor("staff", reception, "reception"), Actor("token", 1, "reception"), Actor("token", 2, "outreach"),
            Actor("staff", lead, "lead"), Actor("staff", worker, "worker"), SYSTEM,
        ),
        worker,
        refuge,
        kinds,
    )  # fmt: skip
    other = staff.add(SYSTEM, staff.StaffDetails("Tom", "Marsh", "worker", sees_clients=True))
    her = clients.add(SYSTEM, clients.ClientDetails("Alma", "Reyes", phone="07700 900111"))
    him = clients.add(SYSTEM, clients.ClientDetails("Gareth", "Pike", phone="07700 900222"))
    clients.add(SYSTEM, clients.ClientDetails("Katarzyna", "Nowak"))
    clients.decide_eligibility(town.leads[0], her, "eligible", "2026-1")
    clients.set_safe_contact(SYSTEM, her, "sms", clients.SafeContactDetails("yes", review_on=day))
    exclusions.record(
        town.leads[0], exclusions.ExclusionDetails(her, person=("client", him), separation=separation, gap_minutes=30)
    )
    tomorrow = (day + timedelta(days=1)).weekday()
    windows = [venues.WindowDetails(each, 0, 1440) for each in range(7)]
    venues.set_opening_windows(SYSTEM, hub, [*windows, venues.WindowDetails(tomorrow, 780, 900, "women", 30, 15)])
    tomorrow_at_one = datetime.combine(day + timedelta(days=1), time(13), LONDON).astimezone(UTC)
    at_ten = datetime.combine(day, time(10), LONDON).astimezone(UTC)
    hers, *_, for_women = [
        sessions.add_session(
            SYSTEM,
            sessions.SessionDetails(
                venue, "Morning", start, start + minutes * MINUTE, audience=audience, types=kinds, staff=(who,),
                modes=("in-person", "phone"),
            ),
        )
        for venue, who, start, minutes, audience in (
            (hub, worker, at_ten, 180, "everyone"), (next_door, other, at_ten, 180, "everyone"),
            (hub, other, tomorrow_at_one - 120 * MINUTE, 90, "everyone"), (hub, worker, tomorrow_at_one, 120, "women"),
        )
    ]
    sessions.add_series(
        SYSTEM,
        sessions.SeriesDetails(
            hub, "Group", "FREQ=DAILY", day, 960, 60, day + timedelta(days=2), "group", modes=("in-person", "video"),
            types=kinds, staff=(worker,), seats=2,
        ),
    )
    for session, start in ((hers, at_ten), (for_women, tomorrow_at_one + 30 * MINUTE)):
        booking.book(SYSTEM, Choice(her, kinds[0], session, worker, "in-person", start))
    return town


# --- People -----------------------------------------------------------------------------------------------------------


def _somebody(pick: Pick) -> clients.ClientDetails:
    given, family = pick.one(_PEOPLE)
    also = pick.one((None, None, *_PEOPLE))
    aliases = (" ".join(also).strip(),) if also else ()
    return clients.ClientDetails(given, family, aliases, pick.one(_BIRTHS), pick.one(PHONES))


@operation(often=2)
def add_a_client(town: Town, pick: Pick) -> str:
    details = _somebody(pick)
    number = clients.add(town.whoever_books(pick), details)
    return f"client {number}: {details.given_name} {details.family_name} {details.aliases} {details.date_of_birth}"


@operation()
def edit_a_client(town: Town, pick: Pick) -> str:
    facts = town.facts()
    dismissed = [each.person_id for each in facts.matches if (each.person_kind, each.state) == ("client", "dismissed")]
    number = pick.one(dismissed) if dismissed and pick.one((True, False)) else town.client(pick, facts)
    details = _somebody(pick)
    before = facts.clients[number]
    clients.edit(town.whoever_books(pick), number, details, before.version)
    birth = oracle.read().clients[number].date_of_birth
    phone = e164(details.phone) if details.phone else None
    same = (before.given_name, before.family_name, tuple(before.aliases or ()), before.date_of_birth, before.phone)
    if same != (details.given_name, details.family_name, details.aliases, birth, phone):
        _nothing_dismissed("client", number)
    return f"client {number} is {details.given_name} {details.family_name} {details.aliases} {details.date_of_birth}"


def _nothing_dismissed(kind: str, number: int) -> None:
    """A dismissal is undone when either record's identifying details change (SAFETY.md 2)."""
    rows = db.session.execute(
        select(Match.id).where(Match.person_kind == kind, Match.person_id == number, Match.state == "dismissed")
    ).all()
    db.session.rollback()
    assert not rows, f"matches of {kind} {number} are still dismissed after their details changed"


@operation()
def add_a_member_of_staff(town: Town, pick: Pick) -> str:
    given, family = pick.one(_PEOPLE)
    woman = pick.one((True, False))
    details = staff.StaffDetails(given, family or "Marsh", "worker", sees_clients=True, woman=woman)
    number = staff.add(town.manager, details)
    return f"worker {number}: {given} {family}, woman={woman}"


@operation(often=2)
def edit_a_member_of_staff(town: Town, pick: Pick) -> str:
    facts = town.facts()
    number = town.worker(pick, facts)
    before = facts.staff[number]
    given, family = pick.one(((before.given_name, before.family_name), *_PEOPLE))
    woman = pick.one((not before.woman, before.woman))
    active = pick.one((True, True, False))
    details = staff.StaffDetails(
        given, family or "Marsh", "worker", sees_clients=True, woman=woman, date_of_birth=pick.one(_BIRTHS),
        venues=(town.refuge,) if number == town.first_worker else (),
    )
    staff.edit(town.manager, number, details, None, facts.staff[number].version, active)
    return f"worker {number} is {given} {family}, woman={woman}, active={active}"


@operation()
def decide_eligibility(town: Town, pick: Pick) -> str:
    number = town.client(pick, town.facts())
    decision = pick.one(("not-eligible", "eligible", "unknown"))
    clients.decide_eligibility(pick.one(town.leads), number, decision, "2026-1")
    return f"client {number} is {decision}"


@operation()
def set_request_mode(town: Town, pick: Pick) -> str:
    number, on = town.client(pick, town.facts()), pick.one((True, False))
    clients.set_request_mode(pick.one(town.desks), number, on)
    return f"client {number}, request mode {on}"


@operation()
def end_or_begin_a_client(town: Town, pick: Pick) -> str:
    number, active = town.client(pick, town.facts()), pick.one((True, True, True, False))
    clients.set_active(pick.one(town.desks), number, active)
    return f"client {number}, active {active}"


@operation(often=3)
def record_what_is_safe(town: Town, pick: Pick) -> str:
    number = town.client(pick, town.facts())
    hours = pick.one(((), tuple((day, 540, 1020) for day in range(7)), ((0, 0, 600),)))
    review = pick.one((None, town.day, town.day + timedelta(days=1)))
    safe, paused = pick.one(("yes", "yes", "yes", "no", "unknown")), pick.one((False, False, False, True))
    details = clients.SafeContactDetails(safe, hours, review_on=review, paused=paused)
    clients.set_safe_contact(pick.one(town.desks), number, "sms", details)
    return f"texts to client {number}: {safe}, {hours}, until {review}, paused {paused}"


@operation()
def begin_a_stay(town: Town, pick: Pick) -> str:
    number = town.client(pick, town.facts())
    since, until = pick.one((None, town.moment(pick))), None
    if pick.one((True, False)):
        until = (since or clock.now()) + pick.one((1, 24, 48)) * timedelta(hours=1)
    clients.record_stay(pick.one((SYSTEM, town.manager, town.leads[0])), number, town.refuge, since, until)
    return f"client {number} stays from {since} to {until}"


@operation()
def end_a_stay(town: Town, pick: Pick) -> str:
    stay = pick.one(some(town.facts().stays))
    until = pick.one((None, town.moment(pick)))
    clients.end_stay(town.manager, stay.id, until)
    return f"stay {stay.id} ends {until or 'now'}"


@operation(often=2)
def make_two_records_one(town: Town, pick: Pick) -> str:
    """Every exclusion and match stays in force (SAFETY.md 2)."""
    facts = town.facts()
    keep = town.client(pick, facts)
    gone = pick.one([each for each in facts.clients if each != keep])
    lead = pick.one(town.leads)
    before = oracle.rules(facts)
    made = merging.merge(lead, keep, gone, "She came twice.")
    after = {each._replace(exclusion=0) for each in oracle.rules(oracle.read())}
    lost = [each for each in before if not {_as_kept(each, gone, keep)} & after and not _herself(each, gone, keep)]
    assert not lost, f"merging {gone} into {keep} lost {lost}"
    return f"merge {made}: client {gone} is client {keep}"


def _as_kept(rule: oracle.Rule, gone: int, keep: int) -> oracle.Rule:
    became = {("client", gone): ("client", keep)}
    her, named = became.get(rule.her, rule.her), became.get(rule.named, rule.named)
    return rule._replace(exclusion=0, her=her, named=named)


def _herself(rule: oracle.Rule, gone: int, keep: int) -> bool:
    rule = _as_kept(rule, gone, keep)
    return rule.her == rule.named


@operation(often=2)
def take_two_records_apart(town: Town, pick: Pick) -> str:
    row = pick.one(some(db.session.execute(
        select(ClientMerge.__table__).where(ClientMerge.split_at.is_(None)).order_by(ClientMerge.id)
    ).all()))  # fmt: skip
    before = oracle.rules(town.facts())
    merging.split(pick.one(town.leads), row.id, "They are two women.")
    after = {_as_kept(each, row.gone_id, row.kept_id) for each in oracle.rules(oracle.read())}
    lost = [each for each in before if not {each._replace(exclusion=0)} & after]
    assert not lost, f"taking merge {row.id} apart lost {lost}"
    return f"clients {row.kept_id} and {row.gone_id} are two again"


# --- Exclusions -------------------------------------------------------------------------------------------------------


def _details(town: Town, pick: Pick, facts: Facts, her: int) -> exclusions.ExclusionDetails:
    given, family = pick.one(_PEOPLE)
    separation = pick.one(("gap", "day", "series", "site"))
    sites = ()
    if separation == "site":
        sites = (pick.one(sorted({venue.site_id for venue in facts.venues.values()})),)
    return exclusions.ExclusionDetails(
        her, (f"{given} {family}".strip(),), None, pick.one(_BIRTHS), pick.one(PHONES), separation=separation,
        gap_minutes=pick.one((30, 0, 60, 25, 1440)), sites=sites, review_on=pick.one((None, town.day)),
    )


@operation(often=2)
def record_an_exclusion(town: Town, pick: Pick) -> str:
    facts = town.facts()
    details = _details(town, pick, facts, town.client(pick, facts))
    known = pick.one((True, False))
    if known:
        kind = pick.one(("client", "staff"))
        person = town.client(pick, facts) if kind == "client" else town.worker(pick, facts)
        details = replace(details, names=(), date_of_birth=None, phone=None, person=(kind, person))
    made = exclusions.record(pick.one(town.leads), details)
    return f"exclusion {made.exclusion_id} {_said(details)}: {made.matches} matches, {len(made.clashes)} clashes"


def _said(details: exclusions.ExclusionDetails) -> str:
    who = details.person or (*details.names, details.date_of_birth, details.phone)
    return f"keeps client {details.client_id} from {who} by {details.separation} {details.gap_minutes} {details.sites}"


def _exclusion(pick: Pick, facts: Facts, active: bool = True) -> Any:
    return pick.one(some([each for each in facts.exclusions if each.active is active]))


@operation()
def edit_an_exclusion(town: Town, pick: Pick) -> str:
    facts = town.facts()
    row = pick.one(some(facts.exclusions))
    before = facts.named[row.named_person_id]
    details = _details(town, pick, facts, row.client_id)
    exclusions.edit(pick.one(town.leads), row.id, details, row.version)
    after = oracle.read().named[row.named_person_id]
    if (before.names, before.date_of_birth, before.phone) != (after.names, after.date_of_birth, after.phone):
        dismissed = db.session.execute(
            select(Match.id).where(Match.named_person_id == row.named_person_id, Match.state == "dismissed")
        ).all()
        db.session.rollback()
        assert not dismissed, f"matches of exclusion {row.id} are still dismissed after its person changed"
    return f"exclusion {row.id} {_said(details)}"


@operation()
def ask_to_close_an_exclusion(town: Town, pick: Pick) -> str:
    row, lead = _exclusion(pick, town.facts()), pick.one(town.leads)
    exclusions.start_closing(lead, row.id, "He has moved away.")
    return f"closing of exclusion {row.id} asked for by {lead.id}"


@operation(often=2)
def confirm_closing_an_exclusion(town: Town, pick: Pick) -> str:
    row = pick.one(some([each for each in town.facts().exclusions if each.active and each.closing_by is not None]))
    lead = pick.one(town.leads[::-1])
    exclusions.confirm_closing(lead, row.id)
    assert lead.id != row.closing_by, "one person closed an exclusion alone"
    return f"exclusion {row.id} closed by {lead.id}"


@operation()
def keep_an_exclusion(town: Town, pick: Pick) -> str:
    row = pick.one(some([each for each in town.facts().exclusions if each.active and each.closing_by is not None]))
    exclusions.keep(pick.one(town.leads), row.id)
    return f"exclusion {row.id} kept"


@operation()
def reopen_an_exclusion(town: Town, pick: Pick) -> str:
    row = _exclusion(pick, town.facts(), active=False)
    exclusions.reopen(pick.one(town.leads), row.id, "He is back.")
    return f"exclusion {row.id} reopened"


@operation(often=2)
def decide_a_match(town: Town, pick: Pick) -> str:
    row = pick.one(some(town.facts().matches))
    decision = pick.one(("dismissed", "confirmed", "possible"))
    exclusions.decide_match(pick.one(town.leads), row.id, decision, "We asked her.")
    return f"match {row.id} with {row.person_kind} {row.person_id} {decision}"


# --- Appointments -----------------------------------------------------------------------------------------------------


def _a_choice(town: Town, pick: Pick, facts: Facts, client: int) -> Choice:
    """An exact time in a session: on the edge of it, somewhere in it, or on the edge of somebody's presence."""
    session = town.session(pick, facts)
    kind = pick.one(town.kinds)
    mode = pick.one(session.modes)
    if session.kind != "one-to-one":
        return Choice(client, kind, session.id, None, mode, session.start, creche=pick.one((0, 0, 1)))
    worker = pick.one(facts.workers_of(session.id))
    long = facts.types[kind].minutes * MINUTE
    steps = max(1, int((session.end - session.start - long) / (15 * MINUTE)) + 1)
    where = pick.one(("packed", "packed", "inside", "near"))
    start = session.start + pick.one(range(steps)) * 15 * MINUTE
    if where == "packed":
        start = pick.one(oracle.free_starts(facts, session, worker, facts.types[kind]) or [session.start])
    elif where == "near":
        margin = facts.venues[session.venue_id].arrive_early * MINUTE
        near = town.near(pick, facts, long, margin)
        start = near if session.start <= near <= session.end - long else start
    return Choice(client, kind, session.id, worker, mode, start, creche=pick.one((0, 0, 0, 1)))


def _chosen(choice: Choice) -> str:
    when = choice.start.astimezone(LONDON).strftime("%d %b %H:%M")
    return f"client {choice.client_id} in session {choice.session_id} at {when} {choice.mode} with {choice.staff_id}"


@operation(places=True, often=8)
def book(town: Town, pick: Pick) -> str:
    facts = town.facts()
    actor = town.whoever_books(pick)
    choice = _a_choice(town, pick, facts, town.client(pick, facts))
    booked = booking.book(actor, choice)
    return f"appointment {booked.id}: {_chosen(choice)}, by {actor.kind}"


@operation(places=True, often=4)
def join_a_group(town: Town, pick: Pick) -> str:
    facts = town.facts()
    session = pick.one(some([
        each for each in facts.sessions.values()
        if each.kind != "one-to-one" and each.cancelled_at is None and each.start > facts.now
        and any(row.session_id == each.id for row in facts.counted())
    ] or [each for each in facts.sessions.values() if each.kind == "group" and each.start > facts.now]))  # fmt: skip
    there = {row.client_id for row in facts.counted() if row.session_id == session.id}
    client = pick.one(some([each for each in facts.clients if each not in there]))
    choice = Choice(client, town.kinds[0], session.id, None, pick.one(session.modes), session.start)
    return f"appointment {booking.book(town.whoever_books(pick), choice).id}: {_chosen(choice)}"


def _beside(town: Town, pick: Pick, facts: Facts) -> Choice:
    """For one of two people who are kept apart, a time at which they would just, or just not, be too near the other: at
    the edge of the gap, on the same day, or in the same group or series."""
    everyone, kind = oracle.visits(facts), facts.types[pick.one(town.kinds)]
    found: list[Choice] = []
    for rule in oracle.rules(facts):
        for mine, theirs in ((rule.her, rule.named), (rule.named, rule.her)):
            for visit in everyone.get(theirs, ()) if mine[0] == "client" else ():
                for session in facts.sessions.values():
                    if session.start > facts.now and session.cancelled_at is None:
                        found += _choices_beside(facts, rule, visit, mine[1], kind, session)
    return pick.one(some(found))


def _choices_beside(
    facts: Facts, rule: oracle.Rule, visit: oracle.Visit, client: int, kind: Any, session: Any
) -> list[Choice]:
    if session.kind == "group":
        enrolled = visit.group and (visit.session == session.id or visit.series == session.enrolment is not None)
        return [Choice(client, kind.id, session.id, None, session.modes[0], session.start)] if enrolled else []
    venue, long = facts.venues[session.venue_id], kind.minutes * MINUTE
    near = visit.there is not None and oracle.as_one(facts, visit.site, venue.site_id)
    if not near or visit.there is None or "in-person" not in session.modes or session.kind != "one-to-one":
        return []
    if rule.separation == "gap":
        after = visit.there[1] + rule.gap + venue.arrive_early * MINUTE
        before = visit.there[0] - rule.gap - venue.leave_late * MINUTE - long
        starts = [at for edge in (-5, 0, 5, -20) for at in (after + edge * MINUTE, before - edge * MINUTE)]
    else:
        starts = oracle.free_starts(facts, session, facts.workers_of(session.id)[0], kind)
    return [
        Choice(client, kind.id, session.id, facts.workers_of(session.id)[0], "in-person", start)
        for start in starts
        if session.start <= start <= session.end - long
    ]


@operation(places=True, often=14)
def book_beside(town: Town, pick: Pick) -> str:
    choice = _beside(town, pick, town.facts())
    return f"appointment {booking.book(town.whoever_books(pick), choice).id}: {_chosen(choice)}"


@operation(places=True, often=6)
def move_beside(town: Town, pick: Pick) -> str:
    facts = town.facts()
    choice = _beside(town, pick, facts)
    row = pick.one(some([
        each for each in facts.appointments if each.state == "booked" and each.client_id == choice.client_id
    ]))  # fmt: skip
    booking.move(town.whoever_books(pick), row.id, choice, row.version)
    return f"appointment {row.id} moved: {_chosen(choice)}"


@operation(places=True, often=3)
def book_by_her_link(town: Town, pick: Pick) -> str:
    facts = town.facts()
    number = town.client(pick, facts)
    choice = _a_choice(town, pick, facts, number)
    booked = booking.book(client_actor(number), choice)
    assert number not in oracle.named_clients(facts), "a named person booked by their own link (SAFETY.md 4)"
    assert not facts.clients[number].request_mode, "someone in request mode booked by their own link"
    return f"appointment {booked.id}: {_chosen(choice)}, by her link"


@operation(places=True, often=2)
def book_the_first_offer(town: Town, pick: Pick) -> str:
    """Whatever is offered can be booked."""
    facts = town.facts()
    number, kind = town.client(pick, facts), pick.one(town.kinds)
    actor = pick.one((*town.desks, client_actor(number)))
    offered = booking.offers(actor, Wanted(number, kind, facts.now, facts.now + LOOK))
    offer = pick.one(some(offered))
    try:
        booked = booking.book(actor, Choice.from_offer(number, kind, offer))
    except SlotUnavailable:
        raise AssertionError(f"{offer} was offered to client {number} by {actor} and could not be booked") from None
    return f"appointment {booked.id} from an offer: client {number} {offer.start} {offer.mode} in {offer.session}"


@operation(places=True, often=4)
def move(town: Town, pick: Pick) -> str:
    facts = town.facts()
    row = town.appointment(pick, facts, "booked")
    actor = pick.one((*town.desks, client_actor(row.client_id)))
    choice = _a_choice(town, pick, facts, row.client_id)
    booking.move(actor, row.id, choice, row.version)
    return f"appointment {row.id} moved: {_chosen(choice)}, by {actor.kind}"


@operation(often=2)
def cancel(town: Town, pick: Pick) -> str:
    row = town.appointment(pick, town.facts(), "booked")
    actor = pick.one((*town.desks, client_actor(row.client_id)))
    booking.cancel(actor, row.id)
    return f"appointment {row.id} cancelled"


@operation(places=True, often=3)
def mark(town: Town, pick: Pick) -> str:
    facts = town.facts()
    states = "booked", "arrived", "fulfilled", "noshow"
    begun = [row for row in facts.appointments if row.state in states and row.start <= facts.now]
    row = pick.one(begun) if begun and pick.one((True, True, False)) else town.appointment(pick, facts, *states)
    said = pick.one(("absent", "undo", "arrived", "seen"))
    arrivals.mark(pick.one(town.desks), row.id, said)
    return f"appointment {row.id} marked {said}"


@operation(places=True)
def take_a_mark_back(town: Town, pick: Pick) -> str:
    row = town.appointment(pick, town.facts(), "noshow")
    booking.mark(pick.one(town.desks), row.id, "booked")
    return f"appointment {row.id} is booked again"


@operation(often=2)
def ask_for_times(town: Town, pick: Pick) -> str:
    facts = town.facts()
    number, kind = town.client(pick, facts), pick.one(town.kinds)
    shown = some(booking.timetable(number, kind, "in-person", facts.now, facts.now + LOOK))
    wishes = list(dict.fromkeys((each[0], each[2]) for each in (pick.one(shown), pick.one(shown))))
    made = booking.request_times(client_actor(number), number, kind, "in-person", wishes)
    return f"request {made} of client {number} for {[session for session, _ in wishes]}"


@operation(places=True, often=2)
def confirm_a_request(town: Town, pick: Pick) -> str:
    row = pick.one(some(db.session.execute(select(TimeRequest.__table__).where(TimeRequest.state == "open")).all()))
    wishes = db.session.get(TimeRequest, row.id)
    assert wishes is not None
    session, start = pick.one(json.loads(wishes.wishes))
    booked = requests.confirm(pick.one(town.desks), row.id, session, datetime.fromisoformat(start))
    return f"request {row.id} confirmed: appointment {booked.id} in session {booked.session_id}"


@operation(places=True)
def offer_another_time_for_a_request(town: Town, pick: Pick) -> str:
    table = TimeRequest.__table__
    row = pick.one(some(db.session.execute(select(table).where(table.c.state == "open").order_by(table.c.id)).all()))
    lead = pick.one(town.leads)
    wishes = [(session, datetime.fromisoformat(at)) for session, at in json.loads(row.wishes)]
    shown = some(suggesting.for_wishes(lead, row.client_id, row.type_id, row.mode, wishes))
    choice = Choice.from_offer(row.client_id, row.type_id, pick.one(shown).offer)
    try:
        made = requests.offer_other(lead, row.id, choice)
    except SlotUnavailable:
        raise AssertionError(f"{choice} was suggested for request {row.id} and could not be booked") from None
    return f"request {row.id} got another time: appointment {made.id}, {_chosen(choice)}"


@operation(places=True, often=3)
def move_one_side_of_a_clash(town: Town, pick: Pick) -> str:
    """What is suggested can be had, and the clash is gone (SAFETY.md 6)."""
    case = pick.one(some([each for each in town.facts().cases if each.closed_at is None]))
    lead = pick.one(town.leads)
    clash = case_views.one(lead, case.id)
    assert clash is not None
    side = pick.one(some(suggesting.for_clash(lead, clash)))
    offer = pick.one(some((*side.times, *side.remote))).offer
    try:
        suggesting.move(lead, case.id, side.side.id, side.version, offer.session, offer.staff, offer.mode, offer.start)
    except SlotUnavailable:
        raise AssertionError(f"{offer} was suggested for appointment {side.side.id} and cannot be had") from None
    facts = oracle.read()
    about = oracle.clash_of(
        case.rule, case.exclusion_id, case.appointment_id, case.other_appointment_id, case.other_session_id
    )
    assert about not in oracle.breaches(facts), f"case {case.id} was moved to where it still is a clash"
    return f"appointment {side.side.id} of case {case.id} moved to {offer.start} in session {offer.session}"


# --- Overrides --------------------------------------------------------------------------------------------------------


@operation(often=2)
def ask_for_an_override(town: Town, pick: Pick) -> str:
    facts, lead = town.facts(), pick.one(town.leads)
    cased = [each for each in facts.cases if each.closed_at is None and each.exclusion_id is not None]
    if cased and pick.one((False, True)):
        case = pick.one(cased)
        return f"override {overrides.ask_for_case(lead, case.id, 'Both have agreed.')} asked for about case {case.id}"
    number = town.client(pick, facts)
    if pick.one((True, False)):
        kind = pick.one(town.kinds)
        kept = some(overrides.times(lead, Wanted(number, kind, facts.now, facts.now + LOOK)))
        choice = Choice.from_offer(number, kind, pick.one(kept))
    else:
        choice = _a_choice(town, pick, facts, number)
    made = overrides.ask_to_book(lead, choice, "Both have agreed.")
    return f"override {made} asked for by {lead.id}: {_chosen(choice)}"


@operation(often=3)
def decide_on_an_override(town: Town, pick: Pick) -> str:
    """Only what two people decided on comes about, and all of it is named and queued (SAFETY.md 5)."""
    table = Override.__table__
    row = pick.one(some(db.session.execute(select(table).where(table.c.state == "asked").order_by(table.c.id)).all()))
    actor = pick.one((*town.leads, town.manager))
    if pick.one((False, False, True)):
        overrides.refuse(actor, row.id)
        return f"override {row.id} refused by {actor.id}"
    before = town.facts()
    made = overrides.give(actor, row.id, overrides.view(actor, row.id).seen)
    assert actor.id != row.asked_by, "one person gave an override alone"
    after = oracle.read()
    new = oracle.coming(after) - set(oracle.breaches(before))
    assert new <= oracle.overridden(after), f"override {row.id} made {new}, of which it names not all"
    assert all(clash[0] == "apart" for clash in new), f"override {row.id} lifted {new}"
    return f"override {row.id} given by {actor.id}: appointment {made}, {sorted(new)}"


# --- Sessions ---------------------------------------------------------------------------------------------------------


def _session_details(town: Town, pick: Pick, facts: Facts) -> sessions.SessionDetails:
    venue = pick.one(list(facts.venues.values()))
    kind = pick.one(("one-to-one", "group", "drop-in"))
    audience = pick.one(("everyone", "women"))
    start = pick.one((
        town.moment, lambda p: town.near(p, facts, timedelta(hours=1)), lambda p: town.among_women(p, facts),
    ))(pick)  # fmt: skip
    modes = pick.one((("in-person",), ("in-person", "video"), ("video",)))
    if venue.kind == "online":
        modes = ("video",)
    return sessions.SessionDetails(
        venue.id, "Morning", start, start + pick.one(_LASTS) * MINUTE, kind, audience, modes,
        town.kinds, (town.worker(pick, facts),), pick.one((1, 2)) if kind != "one-to-one" else None,
        pick.one((0, 1)) if venue.creche else 0, pick.one((None, "Room 1")),
    )  # fmt: skip


def _held(details: sessions.SessionDetails) -> str:
    start, end = (at.astimezone(LONDON).strftime("%d %b %H:%M %Z") for at in (details.start, details.end))
    who = f"for {details.audience} by {details.staff} seats {details.seats}"
    return f"{details.kind} at venue {details.venue_id} {start} to {end} {details.modes} {who}"


@operation(places=True, often=4)
def add_a_session(town: Town, pick: Pick) -> str:
    details = _session_details(town, pick, town.facts())
    number = sessions.add_session(pick.one((SYSTEM, town.manager)), details)
    return f"session {number}: {_held(details)}"


@operation(places=True, often=3)
def move_a_session(town: Town, pick: Pick) -> str:
    facts = town.facts()
    row = town.session(pick, facts)
    long = pick.one((row.end - row.start, timedelta(hours=1)))
    start = pick.one((
        lambda p: row.start + p.one((30, -30, 15, 60, 1440)) * MINUTE, town.moment,
        lambda p: town.near(p, facts, timedelta(hours=1)),
    ))(pick)  # fmt: skip
    venue = pick.one((None, pick.one([each for each in facts.venues if each != row.venue_id])))
    sessions.move_session(SYSTEM, row.id, start, start + long, venue, row.version)
    return f"session {row.id} moved to {start.astimezone(LONDON):%d %b %H:%M} for {long} at venue {venue}"


@operation(places=True, often=2)
def edit_a_session(town: Town, pick: Pick) -> str:
    facts = town.facts()
    row = town.session(pick, facts)
    details = sessions.details_of(SYSTEM, row.id)
    what = pick.one(("staff", "audience", "modes", "end", "seats"))
    changed: dict[str, Any] = {
        "staff": (town.worker(pick, facts),), "audience": pick.one(("women", "everyone")),
        "modes": pick.one((("in-person", "phone"), ("in-person",), ("video",))),
        "end": row.end + pick.one((60, -30)) * MINUTE, "seats": None if row.kind == "one-to-one" else pick.one((1, 3)),
    }  # fmt: skip
    sessions.edit_session(SYSTEM, row.id, replace(details, **{what: changed[what]}), row.version)
    return f"session {row.id} has {what} {changed[what]}"


@operation()
def cancel_a_session(town: Town, pick: Pick) -> str:
    row = town.session(pick, town.facts())
    sessions.cancel_session(SYSTEM, row.id, row.version)
    return f"session {row.id} cancelled"


def _series_details(town: Town, pick: Pick, facts: Facts) -> sessions.SeriesDetails:
    venue = pick.one([each for each in facts.venues.values() if each.kind != "online"])
    kind = pick.one(("group", "one-to-one"))
    minute = pick.one((600, 660, 90, 60, 1410, 0))
    return sessions.SeriesDetails(
        venue.id, "Morning", "FREQ=DAILY", town.day + timedelta(days=pick.one((0, 1))), minute,
        pick.one((60, 120, 30)), town.day + timedelta(days=3), kind, pick.one(("everyone", "women")),
        pick.one((("in-person",), ("in-person", "video"), ("video",))), town.kinds, (town.worker(pick, facts),),
        3 if kind == "group" else None,
    )  # fmt: skip


@operation(places=True, often=2)
def add_a_series(town: Town, pick: Pick) -> str:
    details = _series_details(town, pick, town.facts())
    number = sessions.add_series(SYSTEM, details)
    return (
        f"series {number}: {details.kind} at venue {details.venue_id} from {details.first_day} at minute "
        f"{details.at_minute} for {details.minutes} {details.modes} by {details.staff}"
    )


def _series(pick: Pick) -> Any:
    return pick.one(some(db.session.execute(select(Series.__table__).where(Series.active)).all()))


@operation(places=True, often=2)
def edit_a_series(town: Town, pick: Pick) -> str:
    row = _series(pick)
    details, version = sessions.series_details(SYSTEM, row.id)
    facts = town.facts()
    what = pick.one(("at_minute", "venue_id", "staff", "minutes", "modes"))
    changed: dict[str, Any] = {
        "at_minute": pick.one((630, 660, 720, 120)), "venue_id": pick.one(list(facts.venues)),
        "staff": (town.worker(pick, facts),), "minutes": pick.one((30, 60, 120)),
        "modes": pick.one((("in-person", "video"), ("in-person",))),
    }  # fmt: skip
    from_day = pick.one((None, town.day + timedelta(days=1), town.day + timedelta(days=2)))
    now = sessions.edit_series(SYSTEM, row.id, replace(details, **{what: changed[what]}), from_day, version)
    return f"series {row.id} has {what} {changed[what]} from {from_day}, now series {now}"


@operation()
def end_a_series(town: Town, pick: Pick) -> str:
    row = _series(pick)
    from_day = pick.one((None, town.day + timedelta(days=1)))
    sessions.end_series(SYSTEM, row.id, from_day)
    return f"series {row.id} ended from {from_day}"


# --- Places -----------------------------------------------------------------------------------------------------------


@operation(places=True, often=3)
def set_opening_times(town: Town, pick: Pick) -> str:
    facts = town.facts()
    venue = pick.one([each for each in facts.venues.values() if each.kind != "online"])
    windows = [venues.WindowDetails(day, 0, 1440) for day in range(7)]
    low = pick.one((600, 660, 720, 0, 60, 90, 1380))
    high = min(low + pick.one((60, 120, 30)), 1440)
    clear_before, clear_after = pick.one((0, 30, 60)), pick.one((0, 15, 60))
    women_only = pick.one((True, True, False))
    if women_only:
        day = (town.day + timedelta(days=pick.one((0, 1)))).weekday()
        staffed = pick.one((True, True, False))
        windows.append(venues.WindowDetails(day, low, high, "women", clear_before, clear_after, staffed))
    later = pick.one((False, False, True))
    since = venues.set_opening_windows(town.manager, venue.id, windows, later)
    return f"venue {venue.id} is for women {(low, high, clear_before, clear_after) if women_only else ()} from {since}"


@operation()
def close_a_venue(town: Town, pick: Pick) -> str:
    venue = pick.one(list(town.facts().venues))
    start = town.moment(pick)
    number = venues.add_closure(town.manager, venue, start, start + pick.one(_LASTS) * MINUTE)
    return f"closure {number} of venue {venue} from {start}"


@operation()
def take_a_closure_back(town: Town, pick: Pick) -> str:
    row = pick.one(some(db.session.execute(select(Closure.__table__)).all()))
    venues.remove_closure(town.manager, row.id)
    return f"closure {row.id} taken back"


@operation(places=True)
def edit_a_venue(town: Town, pick: Pick) -> str:
    facts = town.facts()
    venue = pick.one([each for each in facts.venues.values() if not each.confidential])
    what = pick.one(("arrive_early", "leave_late", "site_id", "kind"))
    changed: dict[str, Any] = {
        "arrive_early": pick.one((0, 15, 45)), "leave_late": pick.one((0, 15, 60)), "kind": pick.one(("hub", "online")),
        "site_id": pick.one(sorted({each.site_id for each in facts.venues.values() if not each.confidential})),
    }  # fmt: skip
    details = venues.VenueDetails(
        venue.name, venue.kind, venue.site_id, venue.label, venue.confidential, venue.active, venue.zone,
        venue.arrive_early, venue.leave_late, venue.creche,
    )
    venues.edit_venue(town.manager, venue.id, replace(details, **{what: changed[what]}), venue.version)
    return f"venue {venue.id} has {what} {changed[what]}"


@operation()
def set_neighbours(town: Town, pick: Pick) -> str:
    facts = town.facts()
    sites = sorted({venue.site_id for venue in facts.venues.values()})
    site = pick.one(sites)
    others = [each for each in sites if each != site]
    near = pick.one(([], [others[0]], [others[-1]], others))
    venues.set_neighbours(town.manager, site, near)
    return f"site {site} has neighbours {near}"


# --- What the days bring ----------------------------------------------------------------------------------------------


@operation(often=2)
def time_passes(town: Town, pick: Pick) -> str:
    now = clock.now()
    jump = pick.one((30, 60, 5, 120, 30, 600, 1440)) * MINUTE
    coming = pick.one((False, False, True)) and [
        at for each in oracle.visits(town.facts()).values() for visit in each for at in visit.span if at > now
    ]
    # The next thing happens a tick later: at the very edge of a presence, or just past it.
    clock.set_fixed(pick.one(sorted(coming)) - pick.one((TICK, timedelta())) if coming else now + jump)
    return f"it is {clock.now().astimezone(LONDON):%d %b %H:%M %Z}"


@operation()
def sweep_at_night(town: Town, pick: Pick) -> str:
    before = {case.id for case in town.facts().cases if case.closed_at is None}
    sweep.run()
    opened = {case.id for case in oracle.read().cases if case.closed_at is None} - before
    assert not opened, f"the sweep found clashes that the queue lacked: cases {opened}"
    town.swept = True
    return "swept"


@operation(often=2)
def ask_at_the_door(town: Town, pick: Pick) -> str:
    facts = town.facts()
    venue = pick.one([each.id for each in facts.venues.values() if not each.confidential and each.kind != "online"])
    number, text, companion = None, None, False
    if pick.one((True, False)):
        number = town.client(pick, facts)
    else:
        text = " ".join(pick.one(_PEOPLE)).strip()
        companion = pick.one((False, True))
    answer = door.check(pick.one(town.desks[:2]), venue, number, text, companion)
    return f"at the door of venue {venue}: {number or text}: {answer}"


@operation(often=4)
def send_what_is_due(town: Town, pick: Pick) -> str:
    """Claims texts as the worker does, and looks at each of them as it was at that moment (SAFETY.md 9.5)."""
    table = Message.__table__
    before = {row.id: row for row in db.session.execute(select(table))}
    sender.claim()
    db.session.rollback()
    claimed = [row for row in db.session.execute(select(table)) if row.state == "claimed"]
    for row in claimed:
        if before[row.id].state != "claimed":
            _was_safe(row)
    return f"{len(claimed)} texts claimed"


def _was_safe(message: Any) -> None:
    from scheduler.models import SafeContact

    now = clock.now()
    contact = db.session.execute(
        select(SafeContact.__table__).where(
            SafeContact.client_id == message.client_id, SafeContact.channel == "sms"
        )
    ).first()
    what = f"text {message.id} to client {message.client_id}"
    assert contact is not None, f"{what}: nothing is recorded of this channel"
    assert contact.safe == "yes", f"{what}: the channel is not safe"
    paused = contact.paused and (contact.paused_until is None or contact.paused_until > now)
    assert not paused, f"{what}: texts are paused"
    local = now.astimezone(LONDON)
    assert contact.review_on is None or local.date() <= contact.review_on, f"{what}: past its review date"
    minute = local.hour * 60 + local.minute
    assert not contact.hours or any(day == local.weekday() and a <= minute < b for day, a, b in contact.hours), what
    assert message.send_after <= now < message.send_before, f"{what}: not its moment"
    row = next((each for each in oracle.read().appointments if each.id == message.appointment_id), None)
    if row is not None:
        stands = row.state in ("booked", "pending") if message.purpose != "cancellation" else row.state == "cancelled"
        assert stands, f"{what}: the appointment is {row.state}"
        assert row.version == message.appointment_version, f"{what}: the appointment was changed since"
        assert row.start > now, f"{what}: the moment has passed"


@operation(often=2)
def look_at_the_desk(town: Town, pick: Pick) -> str:
    """Every read of an exclusion is in the audit log (SAFETY.md 9.6)."""
    lead, facts = pick.one(town.leads), town.facts()
    row = pick.one(some(facts.exclusions))
    last = db.session.execute(select(func.max(AuditRecord.id))).scalar() or 0
    what = pick.one(("exclusion", "desk", "of a client", "match", "affected", "all"))
    seen = {row.id}
    if what == "exclusion":
        safety_desk.exclusion(lead, row.id)
    elif what == "affected":
        exclusions.affected(lead, row.id)
    elif what == "desk":
        shown = safety_desk.desk(lead)
        seen = {each.exclusion_id for each in (*shown.cases, *shown.matches, *shown.alerts) if each.exclusion_id}
        seen |= {each.id for each in shown.waiting}
    elif what == "match":
        match_row = pick.one(some(facts.matches))
        seen = {each.id for each in safety_desk.match(lead, match_row.id).exclusions}
    else:
        found = exclusions.list_for(lead, row.client_id) if what == "of a client" else safety_desk.list_all(lead)
        seen = {each.id for each in found}
    logged: set[int] = set()
    for record in db.session.scalars(select(AuditRecord).where(AuditRecord.id > last)):
        if (record.actor_kind, record.actor_id, record.action) == (lead.kind, lead.id, "look"):
            logged |= set((record.detail or {}).get("exclusions", ()))
            if record.subject_kind == "exclusion" and record.subject_id:
                logged.add(record.subject_id)
    db.session.rollback()
    assert seen <= logged, f"lead {lead.id} saw exclusions {seen - logged} ({what}), and no look was recorded"
    return f"lead {lead.id} looked at {sorted(seen)} ({what})"


@operation()
def seal_the_log(town: Town, pick: Pick) -> str:
    return f"{audit.seal()} records sealed"


# --- What is offered --------------------------------------------------------------------------------------------------


class _Undo(Exception):
    """Ends a use case that was only tried."""


@use_case
def _book_and_undo(actor: Actor, choice: Choice) -> NoReturn:
    booking.book(actor, choice)
    raise _Undo


def would_book(actor: Actor, choice: Choice) -> bool:
    """Would this be booked now? Nothing is left of trying."""
    try:
        _book_and_undo(actor, choice)
    except _Undo:
        return True
    except SlotUnavailable:
        return False
    raise AssertionError("unreachable")


@operation(often=2)
def compare_offers(town: Town, pick: Pick) -> str:
    """What is offered is exactly what would be booked, of the times into which the workers' free time is cut; and what
    would not be booked has a reason that SAFETY.md knows."""
    facts = town.facts()
    number, kind = town.client(pick, facts), facts.types[pick.one(town.kinds)]
    if facts.clients[number].merged_into is not None:
        raise Nothing
    hers = client_actor(number)
    actor = pick.one((*town.desks, hers))
    offered = {
        (each.session, each.staff, each.mode, each.start)
        for each in booking.offers(actor, Wanted(number, kind.id, facts.now, facts.now + LOOK))
    }
    person = facts.clients[number]
    named = number in oracle.named_clients(facts)
    asks = named or person.request_mode
    assert booking.in_request_mode(number) == asks, f"request mode of client {number}, whom an exclusion names: {named}"
    if actor == hers and asks:
        assert not offered, f"client {number} is in request mode and was offered times"
    if not offered and pick.one((True, False)):
        return f"nothing is offered to client {number}"
    row = town.session(pick, facts)
    mode = pick.one(row.modes)
    if row.kind == "one-to-one":
        worker = pick.one(facts.workers_of(row.id))
        start = pick.one(some(oracle.free_starts(facts, row, worker, kind)))
    else:
        worker, start = None, row.start
    if start < facts.now:
        raise Nothing
    choice = Choice(number, kind.id, row.id, worker, mode, start)
    accepted = would_book(actor, choice)
    what = f"{_chosen(choice)} for {actor.kind}"
    assert accepted == ((row.id, worker, mode, start) in offered), f"offered={not accepted}, booked={accepted}: {what}"
    long = kind.minutes * MINUTE if row.kind != "group" else row.end - row.start
    wish = oracle.Wish(
        oracle.WISHED, number, row.id, worker, kind.id, mode, start, start + long, start - kind.buffer_before * MINUTE,
        start + long + kind.buffer_after * MINUTE, 0,
    )
    why = oracle.why_not(facts, wish)
    if not person.active:
        why.append("not active")
    if actor == hers and (asks or start < facts.now + kind.notice * MINUTE):
        why.append("request mode or notice")
    venue = facts.venues[facts.sessions[row.id].venue_id]
    if venue.confidential and actor != hers and actor != SYSTEM and not _assigned(actor, venue.id):
        why.append("knows nothing of the place")
    assert accepted == (not why), f"booked={accepted} although {why or 'nothing speaks against it'}: {what}"
    return f"{what} would {'' if accepted else 'not '}be booked: {why}"


def _assigned(actor: Actor, venue: int) -> bool:
    if actor.staff_id is None:
        return False
    query = select(StaffVenue.venue_id).where(StaffVenue.staff_id == actor.staff_id, StaffVenue.venue_id == venue)
    return db.session.execute(query).first() is not None


# --- One step ---------------------------------------------------------------------------------------------------------


#: What a refusal leaves as it was. Sealing, texts and the log of looks are not asked about.
_UNTOUCHED = ("appointments", "sessions", "workers", "venues", "near", "windows", "exclusions", "matches", "named",
              "closed_sites", "clients", "staff", "cases", "stays", "overridden")  # fmt: skip


def step(town: Town, name: str, pick: Pick) -> None:
    """Do one operation, and ask the oracle about everything."""
    clock.set_fixed(clock.now() + TICK)
    before = town.known = town.facts()
    town.swept = False
    try:
        said = OPERATIONS[name](town, pick)
        refused = False
    except Nothing:
        return
    except Busy:
        raise
    except SidegateError as error:
        said, refused = f"refused ({type(error).__name__})", True
    town.log.append(f"{name}: {said}")
    after = town.known = oracle.read()
    if refused:
        changed = [each for each in _UNTOUCHED if getattr(before, each) != getattr(after, each)]
        assert not changed, f"{name} was refused and changed {changed}"
    if name in PLACES:
        new = oracle.coming(after) - set(oracle.breaches(before))
        assert not new, f"{name} made {new}"
    found = oracle.wrong(after, town.swept)
    assert not found, f"after {name}: {found}"


def all_names() -> list[str]:
    """Every operation, as often as it is to be tried."""
    return list(itertools.chain.from_iterable([name] * OFTEN[name] for name in OPERATIONS))


__all__ = [
    "FIRST_DAYS", "FIRST_SEPARATIONS", "OPERATIONS", "PLACES", "Nothing", "Town", "all_names", "found", "some", "step",
    "would_book",
]
