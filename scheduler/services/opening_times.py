"""Opening times and closures: never made over bookings that they would break (SAFETY.md 3)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import delete, insert

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Closure, OpeningWindow
from scheduler.rules.audience import Audience, Eligibility, Window, closed_to, is_open, session_fits
from scheduler.rules.hosting import Hindrance, workers_fit
from scheduler.rules.intervals import Interval
from scheduler.services import audit, cases
from scheduler.services.actors import Actor, can_manage
from scheduler.services.transaction import use_case
from scheduler.services.visibility import VenueCard, card
from scheduler.store import nearby
from scheduler.store import venues as store

_DAY = timedelta(days=1)
_ONLINE = "online"


@dataclass(frozen=True, slots=True)
class WindowDetails:
    """One weekly opening time as typed: weekday 0 is Monday, minutes are after local midnight, days are the first and
    the last on which it holds."""

    weekday: int
    from_minute: int
    until_minute: int
    audience: str = Audience.EVERYONE
    clear_before: int = 0
    clear_after: int = 0
    women_staff_only: bool = True
    valid_from: date | None = None
    valid_until: date | None = None


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the coming time holds at a site and in sight of it."""

    sessions: list[store.StandingSession]
    presences: list[store.StandingPresence]


def opening_windows(actor: Actor, venue_id: int, from_day: date | None = None) -> list[WindowDetails]:
    """A venue's opening windows that hold on `from_day` (today unless given) or later. Raises NotFound."""
    found = card(actor, venue_id)
    from_day = from_day or clock.now().astimezone(found.zone).date()
    return [_details(row) for row in store.window_rows(venue_id, from_day)]


def _details(row: OpeningWindow) -> WindowDetails:
    return WindowDetails(
        row.weekday, row.from_minute, row.until_minute, row.audience, row.clear_before, row.clear_after,
        row.women_staff_only, row.valid_from, row.valid_until,
    )


@use_case
def set_opening_windows(
    actor: Actor, venue_id: int, windows: Iterable[WindowDetails], from_first_clear_date: bool = False
) -> date:
    """Make these the venue's opening windows, and give the first day on which they hold: today, or with
    `from_first_clear_date` the day from which no booking that stands is in the way. What held before is kept till then.

    Raises NotAllowed, NotFound, Invalid, and InTheWay with every appointment and session that the change would break:
    sessions outside the opening times; sessions for everyone, or not staffed by women, in a women-only time here or in
    sight; appointments there of people not recorded as eligible.
    """
    if not can_manage(actor):
        raise NotAllowed
    venue = card(actor, venue_id)
    wanted = list(windows)
    _check(wanted)
    now = clock.now()
    today = now.astimezone(venue.zone).date()
    old = [_details(row) for row in store.window_rows(venue_id, today)]
    standing = _standing(venue.site_id, now)
    first_day = today
    while True:
        appointments, sessions, latest = _broken_by(venue, old, _joined(old, wanted, first_day), standing)
        if not appointments and not sessions:
            break
        if not from_first_clear_date:
            raise InTheWay(appointments, sessions)
        # The day after the last thing in the way, and at least one later than was tried.
        first_day = max(latest.astimezone(venue.zone).date(), first_day) + _DAY
    new_venue = not old and not store.window_rows(venue_id)
    _store(venue_id, wanted if new_venue else _joined(old, wanted, first_day), today)
    settle_women_only(_near(venue.site_id))
    audit.record(actor, "opening-times", "venue", venue_id, first_day=first_day.isoformat(), windows=len(wanted))
    return first_day


def _joined(old: Sequence[WindowDetails], new: Sequence[WindowDetails], first_day: date) -> list[WindowDetails]:
    """The old windows until the day before `first_day`, and the new ones from then. One that is in both goes on."""
    joined: list[WindowDetails] = []
    coming = list(new)
    for window in old:
        if window in coming:
            coming.remove(window)
            joined.append(window)
            continue
        last = min(first_day - _DAY, window.valid_until or date.max)
        if window.valid_from is None or window.valid_from <= last:
            joined.append(replace(window, valid_until=last))
    for window in coming:
        first = max(first_day, window.valid_from or date.min)
        if window.valid_until is None or first <= window.valid_until:
            joined.append(replace(window, valid_from=first))
    return joined


def _store(venue_id: int, windows: Sequence[WindowDetails], today: date) -> None:
    """Replace the windows that hold today or later; what ended before stays as it was."""
    held = [row.id for row in store.window_rows(venue_id, today)]
    if held:
        db.session.execute(delete(OpeningWindow).where(OpeningWindow.id.in_(held)))
    fields = tuple(WindowDetails.__dataclass_fields__)
    rows = [{"venue_id": venue_id, **dict(zip(fields, astuple(window), strict=True))} for window in windows]
    if rows:
        db.session.execute(insert(OpeningWindow), rows)


def _near(site_id: int) -> set[int]:
    return {site_id, *nearby.neighbours([site_id]).get(site_id, ())}


def _standing(site_id: int, now: datetime) -> _Standing:
    near = _near(site_id)
    return _Standing(store.standing_sessions(near, now), store.standing_presences(near, now))


def _as_rules(venue: VenueCard, windows: Iterable[WindowDetails]) -> list[Window]:
    return [
        Window(
            venue.id, venue.site_id, w.weekday, w.from_minute, w.until_minute, venue.zone, Audience(w.audience),
            timedelta(minutes=w.clear_before), timedelta(minutes=w.clear_after), w.women_staff_only, w.valid_from,
            w.valid_until,
        )
        for w in windows
    ]


def _broken_by(
    venue: VenueCard, old: Sequence[WindowDetails], new: Sequence[WindowDetails], standing: _Standing
) -> tuple[tuple[int, ...], tuple[int, ...], datetime]:
    """The appointments and sessions that the new windows break and the old ones do not, and when the last of them
    ends. What was broken before does not keep anyone from mending the rest."""
    was, will = _as_rules(venue, old), _as_rules(venue, new)
    online = venue.kind == _ONLINE
    sessions = [
        each
        for each in standing.sessions
        if _breaks(each, will, venue.id, online) - _breaks(each, was, venue.id, online)
    ]
    presences = [
        each
        for each in standing.presences
        if not online and _shuts_out(will, each.present) and not _shuts_out(was, each.present)
    ]
    ends = [each.span.end for each in sessions] + [each.present.end for each in presences]
    latest = max(ends) if ends else clock.now()
    return tuple(each.appointment for each in presences), tuple(each.id for each in sessions), latest


def _breaks(session: store.StandingSession, windows: list[Window], venue_id: int, online: bool) -> set[Hindrance]:
    """What keeps this session from being held in these windows of a venue, its own or one in sight."""
    found: set[Hindrance] = set()
    if online:
        return found
    if session.venue == venue_id:
        if not is_open(session.span, windows, ()):
            found.add(Hindrance.CLOSED)
        if not workers_fit(session.audience, session.span, session.workers_are_women, windows):
            found.add(Hindrance.WOMEN_STAFF)
    if not session_fits(session.audience, session.modes, session.span, session.workers_are_women, windows):
        found.add(Hindrance.WOMEN_ONLY)
    return found


def _shuts_out(windows: list[Window], present: Interval) -> bool:
    return any(span.overlaps(present) for _, span in closed_to(Eligibility.UNKNOWN, windows, present))


def broken_at(sites: Iterable[int], now: datetime) -> tuple[frozenset[int], frozenset[int]]:
    """The appointments and sessions at these sites that break a women-only time there or in sight of there, as things
    stand: what a change of sites or neighbours asks before and after, to refuse what it would break and no more."""
    places = set(sites)
    near = nearby.neighbours(places)
    windows = nearby.windows(places.union(*near.values()), Audience.WOMEN)
    around = {
        site: [window for window in windows if window.site == site or window.site in near.get(site, ())]
        for site in places
    }
    sessions = [
        each.id
        for each in store.standing_sessions(places, now)
        if not session_fits(each.audience, each.modes, each.span, each.workers_are_women, around[each.site])
    ]
    presences = [
        each.appointment
        for each in store.standing_presences(places, now)
        if _shuts_out(around[each.site], each.present)
    ]
    return frozenset(presences), frozenset(sessions)


def settle_women_only(site_ids: Collection[int]) -> None:
    """A women-only time that is gone from these sites takes along the safety cases that it made, in the running
    transaction (SAFETY.md 6)."""
    clients = store.in_cases_of_women_only_times(site_ids)
    if clients:
        cases.refresh(clients)


def only_for_women_to_staff(staff_id: int, now: datetime) -> tuple[int, ...]:
    """The coming sessions of this worker that only women may staff (SAFETY.md 3): what stands in the way when they are
    no longer recorded as female. The caller has written that already."""
    mine = store.staffed_by(staff_id, now)
    found: list[int] = []
    for site_id in sorted(set(mine.values())):
        windows = nearby.windows(_near(site_id))
        for each in store.standing_sessions({site_id}, now):
            own = [window for window in windows if window.venue == each.venue]
            fits = session_fits(each.audience, each.modes, each.span, False, windows)
            if each.id in mine and not (fits and workers_fit(each.audience, each.span, False, own)):
                found.append(each.id)
    return tuple(found)


def _check(windows: Sequence[WindowDetails]) -> None:
    """Raises Invalid when a window cannot be, or when two of one audience overlap on a day."""
    for window in windows:
        if not 0 <= window.weekday <= 6:
            raise Invalid(windows="Choose a day of the week.")
        if not 0 <= window.from_minute < window.until_minute <= 1440:
            raise Invalid(windows="Each opening time must end after it starts, on the same day.")
        if window.audience not in set(Audience):
            raise Invalid(windows="An opening time is for everyone or for women.")
        if not (0 <= window.clear_before <= 240 and 0 <= window.clear_after <= 240):
            raise Invalid(windows="Clear minutes are from 0 to 240.")
        if window.valid_from and window.valid_until and window.valid_until < window.valid_from:
            raise Invalid(windows="The last day must not be before the first.")
    for place, one in enumerate(windows):
        for other in windows[place + 1 :]:
            same = one.weekday == other.weekday and one.audience == other.audience
            apart = one.until_minute <= other.from_minute or other.until_minute <= one.from_minute
            if same and not apart and _valid_together(one, other):
                raise Invalid(windows="Two opening times on the same day overlap.")


def _valid_together(one: WindowDetails, other: WindowDetails) -> bool:
    return (one.valid_from or date.min) <= (other.valid_until or date.max) and (other.valid_from or date.min) <= (
        one.valid_until or date.max
    )


@use_case
def add_closure(actor: Actor, venue_id: int, start: datetime, end: datetime) -> int:
    """Shut a venue for a span of time (aware), and give the closure's id.

    Raises NotAllowed, NotFound, Invalid, and InTheWay with the sessions that stand then and their appointments.
    """
    if not can_manage(actor):
        raise NotAllowed
    venue = card(actor, venue_id)
    if end <= start:
        raise Invalid(end="The end must be after the start.")
    if end - start > timedelta(days=400):
        raise Invalid(end="A closure lasts at most 400 days.")
    if end <= clock.now():
        raise Invalid(end="That time has passed.")
    span = Interval(start, end)
    shut = [
        each.id
        for each in store.standing_sessions([venue.site_id], max(start, clock.now()))
        if each.venue == venue_id and each.span.overlaps(span)
    ]
    if shut:
        raise InTheWay(sessions=tuple(shut))
    made = Closure(venue_id=venue_id, start=start, end=end)
    db.session.add(made)
    db.session.flush()
    audit.record(actor, "closure-add", "venue", venue_id, closure=made.id)
    return made.id


@use_case
def remove_closure(actor: Actor, closure_id: int) -> None:
    """Take a closure back. Raises NotAllowed, NotFound."""
    if not can_manage(actor):
        raise NotAllowed
    found = db.session.get(Closure, closure_id)
    if found is None:
        raise NotFound
    card(actor, found.venue_id)
    db.session.delete(found)
    audit.record(actor, "closure-remove", "venue", found.venue_id, closure=closure_id)


__all__ = [
    "WindowDetails", "add_closure", "broken_at", "only_for_women_to_staff", "opening_windows", "remove_closure",
    "set_opening_windows", "settle_women_only",
]
