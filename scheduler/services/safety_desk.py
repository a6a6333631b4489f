"""What the safety desk reads. Every look is recorded in the transaction that reads, so that none is left out of the log
(SAFETY.md 4 and 9.6)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from scheduler import clock
from scheduler.errors import Merged, NotAllowed, NotFound
from scheduler.services import alerts, audit, case_views, looks, overrides, suggesting
from scheduler.services.actors import Actor, can_ask_override, can_decide_override, can_see_exclusions
from scheduler.services.alerts import Shown as Alert
from scheduler.services.case_views import Clash
from scheduler.services.escalation import SOON
from scheduler.services.finding import PersonCard, people
from scheduler.services.personal import today
from scheduler.services.transaction import use_case
from scheduler.services.visibility import NEUTRAL_LABEL, visible
from scheduler.store import cases as case_store
from scheduler.store import exclusions as store
from scheduler.store import people as people_store
from scheduler.store import safety_queue
from scheduler.store.exclusions import Columns

_MOST = 100


@dataclass(frozen=True, slots=True)
class ExclusionBrief:
    """An exclusion in a list. `names` are those of the named person; `review_due` that its review date has passed."""

    id: int
    client_id: int
    client: str
    reference: str
    names: tuple[str, ...]
    separation: str
    gap_minutes: int
    source: str
    active: bool
    review_on: date | None
    review_due: bool
    closing: bool
    too_little: bool
    version: int


@dataclass(frozen=True, slots=True)
class MatchBrief:
    """A match in a list: someone we know, beside the names they may stand for. `seen` is `found_at`, to be given back
    with a decision."""

    id: int
    exclusion_id: int | None
    names: tuple[str, ...]
    person: PersonCard | None
    state: str
    score: int
    why: str
    seen: datetime
    decided_before: datetime | None
    decided_by: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """A line of an exclusion's history."""

    at: datetime
    what: str
    who: str | None
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ExclusionView:
    """Everything about an exclusion. `clashes` are the future appointments that break it now; `looks` are the latest
    looks at it."""

    brief: ExclusionBrief
    date_of_birth: str | None
    phone: str | None
    description: str | None
    notes: str | None
    sites: tuple[int, ...]
    places: tuple[str, ...]
    recorded_at: datetime
    recorded_by: str | None
    closing_by: int | None
    closing_name: str | None
    closing_reason: str | None
    closed_at: datetime | None
    closed_by: str | None
    matches: tuple[MatchBrief, ...]
    clashes: tuple[Clash, ...]
    history: tuple[Event, ...]
    looks: tuple[looks.Look, ...] = ()


@dataclass(frozen=True, slots=True)
class MatchView:
    """All that is needed to decide on a match: both people, what agrees, and what the exclusions are about.
    `also_known` are (names, birth date, phone) of the records that were merged into this one."""

    match: MatchBrief
    date_of_birth: str | None
    phone: str | None
    description: str | None
    known_names: tuple[str, ...]
    known_date_of_birth: str | None
    known_phone: str | None
    exclusions: tuple[ExclusionBrief, ...]
    also_known: tuple[tuple[tuple[str, ...], str | None, str | None], ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """A session that was asked for, by when it begins, in UTC. `place` is the venue's name to this lead, in `zone`."""

    session: int
    start: datetime
    place: str
    zone: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """Times that someone in request mode asked for."""

    id: int
    client_id: int
    client: str
    reference: str
    kind: str
    mode: str
    made_at: datetime
    wishes: tuple[Wish, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the queue: the clash that is due first, and how many more dates of the same group series it is for."""

    clash: Clash
    more: int = 0


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that waits for a lead, each kind the most urgent first. `urgent` are clashes due within 24 hours,
    `later` the rest; `more_lines` and `more_matches` are how many are not listed. Of the overrides, `asked` wait for a
    second person, and `given` let a clash stand whose presences are not both past; such a clash is in no other line."""

    urgent: tuple[Line, ...]
    later: tuple[Line, ...]
    more_lines: int
    matches: tuple[MatchBrief, ...]
    more_matches: int
    asked: tuple[overrides.Brief, ...]
    given: tuple[overrides.Brief, ...]
    waiting: tuple[ExclusionBrief, ...]
    requests: tuple[Request, ...]
    alerts: tuple[Alert, ...] = ()

    @property
    def cases(self) -> tuple[Clash, ...]:
        """The clashes of the lines, the most urgent first."""
        return tuple(each.clash for each in (*self.urgent, *self.later))


@dataclass(frozen=True, slots=True)
class CaseView:
    """All that is needed to settle one clash: both sides, where each could go instead, and what was asked and decided
    about letting it stand. `may_ask` is whether that can be asked for now."""

    clash: Clash
    others: tuple[suggesting.OtherTimes, ...]
    overrides: tuple[overrides.Brief, ...]
    may_ask: bool


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request for times, and the times nearest to those asked for which this person can be given."""

    request: Request
    type_id: int
    others: tuple[suggesting.Suggestion, ...]


@use_case
def desk(actor: Actor) -> Desk:
    """Everything that waits for a lead. Raises NotAllowed."""
    _may_look(actor)
    urgent, later, more_lines = _lines(actor)
    rows = store.undecided(_MOST)
    more = store.count_undecided() - len(rows) if len(rows) == _MOST else 0
    cards = {(card.kind, card.id): card for card in people({(row.person_kind, row.person_id) for row in rows})}
    matches = tuple(
        MatchBrief(
            row.id, row.exclusion_id, tuple(row.names), cards.get((row.person_kind, row.person_id)), "possible",
            row.score, row.why or "", row.found_at, row.decided_at,
        )
        for row in rows
    )
    waiting = tuple(_brief(row) for row in store.waiting(today(), _MOST))
    raised = alerts.waiting(actor, _MOST)
    asked = overrides.waiting(actor, _MOST) if can_decide_override(actor) else ()
    found = Desk(
        urgent, later, more_lines, matches, more, asked, overrides.standing(actor, _MOST), waiting,
        _requests(actor, store.requests(_MOST)), raised,
    )
    shown = {each.exclusion_id for each in found.cases} | {each.exclusion_id for each in matches}
    shown |= {each.exclusion_id for each in raised} | {each.id for each in waiting}
    shown |= safety_queue.exclusions_of_overrides([each.id for each in (*found.asked, *found.given)])
    audit.record_looks(actor, "safety-desk", None, shown)
    return found


def _lines(actor: Actor) -> tuple[tuple[Line, ...], tuple[Line, ...], int]:
    lines = safety_queue.lines()
    kept = {each.case_id: each for each in lines[:_MOST]}
    found = [Line(each, kept[each.case_id or 0].more) for each in case_views.of_cases(actor, kept)]
    soon = clock.now() + SOON
    urgent = tuple(each for each in found if each.clash.due_at <= soon)
    return urgent, tuple(found[len(urgent):]), len(lines) - len(kept)


@use_case
def cases(actor: Actor) -> list[Clash]:
    """Every open case by itself, those that an override lets stand too, the most urgent first; at most a hundred.
    Raises NotAllowed."""
    _may_look(actor)
    found = case_views.open_clashes(actor, limit=_MOST)
    audit.record_looks(actor, "cases", None, (each.exclusion_id for each in found))
    return found


@use_case
def exclusion(actor: Actor, exclusion_id: int) -> ExclusionView:
    """One exclusion with its matches, clashes and history. Raises NotAllowed, NotFound."""
    _may_look(actor)
    row = store.exclusion(exclusion_id)
    if row is None:
        raise NotFound
    audit.record_looks(actor, "exclusion", exclusion_id, [exclusion_id])
    matches = store.matches_of(row.named_person_id)
    staff = store.staff_names(
        {each for each in (row.recorded_by, row.closing_by, row.closed_by) if each}
        | {each.decided_by for each in matches if each.decided_by}
    )
    sites = store.sites_of([exclusion_id]).get(exclusion_id, ())
    known = places(actor) if sites else {}
    return ExclusionView(
        _brief(row), row.date_of_birth, row.phone, row.description, row.notes, sites,
        tuple(known.get(site, NEUTRAL_LABEL) for site in sites),
        row.recorded_at, staff.get(row.recorded_by), row.closing_by, staff.get(row.closing_by), row.closing_reason,
        row.closed_at, staff.get(row.closed_by), tuple(_matches(matches, row, staff)),
        tuple(case_views.open_clashes(actor, exclusion_id)),
        tuple(
            Event(
                each.at, each.what, f"{each.given_name} {each.family_name}" if each.given_name else None,
                each.detail or {},
            )
            for each in store.history(exclusion_id)
        ),
        looks.latest(exclusion_id),
    )


@use_case
def match(actor: Actor, match_id: int) -> MatchView:
    """One match, with all that is needed to decide and no more. Raises NotAllowed, NotFound."""
    _may_look(actor)
    row = store.match(match_id)
    if row is None:
        raise NotFound
    exclusions = [each for each in (store.exclusion(x) for x in store.of_named(row.named_person_id)) if each]
    if not exclusions:
        raise NotFound
    first = exclusions[0]
    audit.record_looks(actor, "match", match_id, (each.id for each in exclusions))
    staff = store.staff_names({row.decided_by} if row.decided_by else set())
    brief = _matches([row], first, staff)[0]
    is_client = row.person_kind == "client"
    known = people_store.client(row.person_id) if is_client else people_store.staff_identity(row.person_id)
    names = (f"{known.given_name} {known.family_name}".strip(),) if known else ()
    aliases = tuple(known.aliases or ()) if known and is_client else ()
    others = people_store.client_records([row.person_id]).get(row.person_id, [])[1:] if is_client else []
    return MatchView(
        brief, first.date_of_birth, first.phone, first.description, (*names, *aliases),
        known.date_of_birth if known else None, known.phone if known else None,
        tuple(_brief(each) for each in exclusions),
        tuple(
            ((f"{each.given_name} {each.family_name}".strip(), *(each.aliases or ())), each.date_of_birth, each.phone)
            for each in others
        ),
    )


@use_case
def case(actor: Actor, case_id: int) -> Clash:
    """One safety case. Raises NotAllowed, NotFound."""
    _may_look(actor)
    found = case_views.one(actor, case_id)
    if found is None:
        raise NotFound
    audit.record_looks(actor, "case", case_id, [found.exclusion_id])
    return found


@use_case
def whole_case(actor: Actor, case_id: int) -> CaseView:
    """One safety case with all that is needed to settle it. Raises NotAllowed, NotFound."""
    found = case(actor, case_id)
    about = overrides.of_case(actor, case_id)
    may_ask = (
        found.closed_at is None and found.exclusion_id is not None and found.override_id is None
        and can_ask_override(actor) and all(each.state != "asked" for each in about)
    )
    return CaseView(found, suggesting.for_clash(actor, found), about, may_ask)


@use_case
def decisions(actor: Actor) -> tuple[overrides.Brief, ...]:
    """The overrides that wait for a second person, for a lead and for a manager. Raises NotAllowed."""
    found = overrides.waiting(actor, _MOST)
    audit.record_looks(actor, "overrides", None, safety_queue.exclusions_of_overrides([each.id for each in found]))
    return found


@use_case
def request(actor: Actor, request_id: int) -> RequestView:
    """One request for times that waits, with other times that this person can be given. Raises NotAllowed, and NotFound
    when there is none or it does not wait any more."""
    _may_look(actor)
    row = safety_queue.request(request_id)
    if row is None:
        raise NotFound
    audit.record_look(actor, "time-request", request_id)
    shown = _requests(actor, [row])[0]
    wishes = [(each.session, each.start) for each in shown.wishes]
    return RequestView(
        shown, row.type_id, suggesting.for_wishes(actor, row.client_id, row.type_id, row.mode, wishes)
    )


@use_case
def list_for(actor: Actor, client_id: int) -> list[ExclusionBrief]:
    """The exclusions that protect a client: for a lead, and for the client's own key worker (SAFETY.md 4). Raises
    NotAllowed, NotFound."""
    row = people_store.client(client_id)
    if not can_see_exclusions(actor) and (
        row is None or actor.staff_id is None or row.key_worker_id != actor.staff_id
    ):
        raise NotAllowed
    if row is None:
        raise NotFound
    if row.merged_into is not None:
        raise Merged(client_id, row.merged_into)
    found = [_brief(each) for each in store.protecting(client_id)]
    audit.record_looks(actor, "client-exclusions", client_id, (each.id for each in found))
    return found


@use_case
def list_all(
    actor: Actor, after: int | None = None, limit: int = 50, active: bool | None = None
) -> list[ExclusionBrief]:
    """Exclusions in the order of their ids, after the id `after`. Raises NotAllowed."""
    _may_look(actor)
    found = [_brief(each) for each in store.page(after, max(1, min(limit, 200)), active)]
    audit.record_looks(actor, "exclusions", None, (each.id for each in found))
    return found


def places(actor: Actor) -> dict[int, str]:
    """The sites that this actor may know of, each by the names of its venues."""
    found: dict[int, list[str]] = {}
    for venue in visible(actor):
        if not venue.online:
            found.setdefault(venue.site_id, []).append(venue.name)
    return {site: ", ".join(names) for site, names in found.items()}


def _may_look(actor: Actor) -> None:
    if not can_see_exclusions(actor):
        raise NotAllowed


def _brief(row: Columns) -> ExclusionBrief:
    return ExclusionBrief(
        row.id, row.client_id, f"{row.given_name} {row.family_name}".strip(), row.reference, tuple(row.names),
        row.separation, row.gap_minutes, row.source, row.active, row.review_on,
        bool(row.active and row.review_on and row.review_on < today()), row.active and row.closing_by is not None,
        row.too_little, row.version,
    )


def _matches(rows: list[Columns], exclusion_row: Columns, staff: dict[int, str]) -> list[MatchBrief]:
    cards = {(card.kind, card.id): card for card in people({(row.person_kind, row.person_id) for row in rows})}
    return [
        MatchBrief(
            row.id, exclusion_row.id, tuple(exclusion_row.names), cards.get((row.person_kind, row.person_id)),
            row.state, row.score, row.why or "", row.found_at, row.decided_at, staff.get(row.decided_by), row.reason,
        )
        for row in rows
    ]


def _requests(actor: Actor, rows: list[Columns]) -> tuple[Request, ...]:
    asked = {row.id: [(int(each), datetime.fromisoformat(at)) for each, at in json.loads(row.wishes)] for row in rows}
    sessions = case_store.sessions({each for wishes in asked.values() for each, _at in wishes})
    known = {venue.id: venue.name for venue in visible(actor, closed_too=True)} if sessions else {}

    def wish(session: int, start: datetime) -> Wish:
        row = sessions.get(session)
        place = known.get(row.venue_id, NEUTRAL_LABEL) if row else NEUTRAL_LABEL
        return Wish(session, start, place, row.zone if row else None)

    return tuple(
        Request(
            row.id, row.client_id, f"{row.given_name} {row.family_name}".strip(), row.reference, row.kind, row.mode,
            row.made_at, tuple(wish(*each) for each in asked[row.id]),
        )
        for row in rows
    )


__all__ = [
    "CaseView", "Desk", "Event", "ExclusionBrief", "ExclusionView", "Line", "MatchBrief", "MatchView", "Request",
    "RequestView", "Wish", "case", "cases", "decisions", "desk", "exclusion", "list_all", "list_for", "match", "places",
    "request", "whole_case",
]
