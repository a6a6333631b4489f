"""May a session be held there, then and by these workers? One question for every way in which a session comes to be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from scheduler.rules.audience import Audience, Window, is_open, session_fits
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Margins, Mode, presence
from scheduler.rules.separation import Gatekeeper


class Hindrance(StrEnum):
    """Why a session cannot be held. `TAKEN` stands for everything that may hang on somebody else: a worker or a room
    that is elsewhere, a worker who must be kept away, a women-only time of another venue. They are not told apart,
    so that nobody learns of an exclusion or of a venue that is a secret (SAFETY.md 4, 7)."""

    CLOSED = "closed"
    WOMEN_ONLY = "women-only"
    WOMEN_STAFF = "women-staff"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Plan:
    """A session as it is to be. `women` are those of `staff` who are recorded as female; `series` is set for a group's
    series only, the only kind that enrols; `session` is None until it has been made."""

    venue: int
    site: int
    span: Interval
    margins: Margins
    kind: Kind
    audience: str
    modes: tuple[str, ...]
    staff: tuple[int, ...]
    women: frozenset[int]
    room: str | None = None
    online: bool = False
    session: int | None = None
    series: int | None = None


@dataclass(frozen=True, slots=True)
class Commitment:
    """Another session that stands: a worker of it, or its room."""

    session: int
    span: Interval
    staff: int | None = None
    room: str | None = None


@dataclass(slots=True)
class Surroundings:
    """What stands around: the opening times of every venue at the site and in sight of it, the venue's closures, the
    workers' and the room's other sessions; for each worker whom an exclusion names, their barriers and the clients
    they are kept from; and who is in the session already."""

    windows: list[Window]
    closures: list[Interval]
    commitments: list[Commitment]
    gates: Mapping[int, Gatekeeper] = field(default_factory=dict)
    kept_from: Mapping[int, frozenset[int]] = field(default_factory=dict)
    members: frozenset[int] = frozenset()


def same_room(one: str | None, other: str | None) -> bool:
    """True when two names are the same room of one venue, however they are typed."""
    return bool(one) and bool(other) and " ".join(one.split()).casefold() == " ".join(other.split()).casefold()  # type: ignore[union-attr]


def workers_fit(audience: str, span: Interval, all_women: bool, windows: Iterable[Window]) -> bool:
    """Is a session for women staffed by women (SAFETY.md 3)? One that lies within a women-only window of its venue that
    says otherwise may have others."""
    if audience != Audience.WOMEN or all_women:
        return True
    return is_open(span, [w for w in windows if w.audience == Audience.WOMEN and not w.women_staff_only], ())


def hindrance(plan: Plan, around: Surroundings) -> Hindrance | None:
    """The first thing that keeps this session from being held, or None."""
    own = [window for window in around.windows if window.venue == plan.venue]
    all_women = all(worker in plan.women for worker in plan.staff)
    if not plan.online:
        if not is_open(plan.span, own, around.closures):
            return Hindrance.CLOSED
        if not session_fits(plan.audience, plan.modes, plan.span, True, own):
            return Hindrance.WOMEN_ONLY
        if not session_fits(plan.audience, plan.modes, plan.span, all_women, own):
            return Hindrance.WOMEN_STAFF
    if not workers_fit(plan.audience, plan.span, all_women, own):
        return Hindrance.WOMEN_STAFF
    if not plan.online and not session_fits(plan.audience, plan.modes, plan.span, all_women, around.windows):
        return Hindrance.TAKEN
    if any(_in_two_places(plan, other) for other in around.commitments):
        return Hindrance.TAKEN
    if not all(_may_be_there(plan, worker, around) for worker in plan.staff):
        return Hindrance.TAKEN
    return None


def _in_two_places(plan: Plan, other: Commitment) -> bool:
    if other.session == plan.session or not other.span.overlaps(plan.span):
        return False
    return (other.staff is not None and other.staff in plan.staff) or same_room(plan.room, other.room)


def _may_be_there(plan: Plan, worker: int, around: Surroundings) -> bool:
    """May this worker be present for the session, margins included (SAFETY.md 1, 2)?"""
    if plan.kind is not Kind.ONE_TO_ONE and around.kept_from.get(worker, frozenset()) & around.members:
        return False
    gate = around.gates.get(worker)
    if gate is None:
        return True
    here = Mode.IN_PERSON in plan.modes and not plan.online
    if not here and plan.kind is not Kind.GROUP:
        return True
    if not gate.admits_session(plan.site if here else None, plan.session or 0, plan.series):
        return False
    if not here:
        return True
    present = presence(Mode.IN_PERSON, *plan.span, plan.margins)
    return present is not None and gate.admits_presence(plan.site, *present)
