"""Two records beside each other, for a lead who decides whether they are one person's: what each says, what speaks
against it, and what would become of it. For `services.merging`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from scheduler import clock
from scheduler.rules.audience import Eligibility
from scheduler.rules.intervals import Interval
from scheduler.rules.slots import Own
from scheduler.services import merged_person
from scheduler.services.actors import Actor
from scheduler.services.visibility import PlaceOf, assigned, label_for
from scheduler.store import cases as case_store
from scheduler.store import exclusions as exclusion_store
from scheduler.store import merging as store
from scheduler.store import people
from scheduler.store.merging import Columns

KEPT_APART, AT_ONCE, ASKED = "kept-apart", "at-once", "asked"


@dataclass(frozen=True, slots=True)
class Visit:
    """An appointment in a list. Times in UTC; `place` is the venue's name to this lead, in `zone`."""

    id: int
    start: datetime
    end: datetime
    place: str
    zone: str


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why two records cannot be made one: an exclusion of one may name the other, both have appointments that one
    person cannot have (`visits`, one of each), or an override that was asked for waits for its second person."""

    what: str
    about: int
    visits: tuple[Visit, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """Something that making them one does, by a short name, and how many it is about."""

    what: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class Kept:
    """An exclusion as it concerns one of the records: `names` are those of whom it names, `client` whom it protects.
    `state` is that of the match when it may name this very record."""

    id: int
    client: str
    names: tuple[str, ...]
    active: bool
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two records. `channels` are (channel, safe or not); `coming` and `past` count its appointments."""

    id: int
    reference: str
    name: str
    aliases: tuple[str, ...]
    date_of_birth: str | None
    phone: str | None
    notes: str | None
    eligibility: str
    request_mode: bool
    active: bool
    created_at: datetime
    key_worker: str | None
    channels: tuple[tuple[str, str], ...]
    coming: int
    past: int
    protecting: tuple[Kept, ...]
    naming: tuple[Kept, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both records, of which `keep` would stay in use and `gone` would not."""

    keep: Side
    gone: Side
    in_the_way: tuple[Obstacle, ...]
    will_happen: tuple[Outcome, ...]

    @property
    def exclusions(self) -> list[int]:
        """Every exclusion that it shows."""
        shown = {each.id for side in (self.keep, self.gone) for each in (*side.protecting, *side.naming)}
        return sorted(shown | {each.about for each in self.in_the_way if each.what == KEPT_APART})


def compare(actor: Actor, keep: Columns, gone: Columns) -> Comparison:
    """Both records as this lead may see them. The caller records the look."""
    workers = exclusion_store.staff_names({each for each in (keep.key_worker_id, gone.key_worker_id) if each})
    sides = _side(keep, workers), _side(gone, workers)
    return Comparison(*sides, in_the_way(actor, keep.id, gone.id), _will_happen(keep, gone, sides[1]))


def in_the_way(actor: Actor, one: int, other: int) -> tuple[Obstacle, ...]:
    """Everything that speaks against these two records being one person's, or their being made one now."""
    apart = [Obstacle(KEPT_APART, each) for each in store.between(one, other)]
    asked = [
        Obstacle(ASKED, each.id) for each in store.overrides(other) if each.state == "asked" and each.books
        and each.until > clock.now()
    ]  # fmt: skip
    pairs = at_once(store.counted(one), store.counted(other))
    rows = case_store.appointments({each.id for pair in pairs for each in pair})
    mine = assigned(actor)
    meetings = [Obstacle(AT_ONCE, a.id, tuple(_visit(actor, rows[each.id], mine) for each in (a, b))) for a, b in pairs]
    return (*apart, *meetings, *asked)


def at_once(ones: Iterable[Columns], others: Iterable[Columns]) -> list[tuple[Columns, Columns]]:
    """The pairs of appointments, one of each, that no one person can have: by the rule by which she is booked."""
    theirs = [(row, Own(Interval(row.start, row.end), row.site_id, _present(row))) for row in others]
    return [
        (one, other) for one in ones for other, own in theirs
        if own.at_once_with(one.start, one.end, one.site_id, _present(one))
    ]


def _present(row: Columns) -> Interval | None:
    return None if row.present_from is None else Interval(row.present_from, row.present_until)


def _visit(actor: Actor, row: Any, mine: frozenset[int]) -> Visit:
    return Visit(row.id, row.start, row.end, label_for(PlaceOf(row), actor, mine), row.zone)


def _side(row: Columns, workers: dict[int, str]) -> Side:
    now = clock.now()
    counted = store.counted(row.id)
    coming = sum(each.end > now for each in counted)
    states = {each.named_person_id: each.state for each in store.matches(row.id)}
    naming = [exclusion_store.exclusion(each) for each in store.exclusions_naming(row.id)]
    return Side(
        row.id, row.reference, f"{row.given_name} {row.family_name}".strip(), tuple(row.aliases or ()),
        row.date_of_birth, row.phone, row.notes, row.eligibility, row.request_mode, row.active, row.created_at,
        workers.get(row.key_worker_id),
        tuple((each.channel, "paused" if each.paused else each.safe) for each in people.safe_contacts(row.id)),
        coming, len(counted) - coming,
        tuple(_kept(each) for each in exclusion_store.protecting(row.id)),
        tuple(_kept(each, states.get(each.named_person_id)) for each in naming if each is not None),
        row.version,
    )  # fmt: skip


def _kept(row: Columns, state: str | None = None) -> Kept:
    return Kept(row.id, f"{row.given_name} {row.family_name}".strip(), tuple(row.names), row.active, state)


def _will_happen(keep: Columns, gone: Columns, side: Side) -> tuple[Outcome, ...]:
    said = [
        Outcome("appointments", side.coming + side.past), Outcome("exclusions", len(side.protecting)),
        Outcome("matches", len(side.naming)),
    ]  # fmt: skip
    channels = {each.channel: each for each in people.safe_contacts(keep.id)}
    others = {each.channel: each for each in people.safe_contacts(gone.id)}
    same_phone = not (keep.phone and gone.phone) or keep.phone == gone.phone
    for channel in sorted({*channels, *others}):
        changed = merged_person.joined_channel(channels.get(channel), others.get(channel), same_phone)
        if changed and changed.get("safe") == "unknown" and channel in channels:
            said.append(Outcome(f"{channel}-unknown"))
    eligibility = merged_person.joined_eligibility(keep.eligibility, gone.eligibility)
    if eligibility != keep.eligibility:
        said.append(Outcome("undecided" if eligibility == Eligibility.UNKNOWN else "decided"))
    if gone.request_mode and not keep.request_mode:
        said.append(Outcome("request-mode"))
    return tuple(each for each in said if each.count or each.what not in ("appointments", "exclusions", "matches"))
