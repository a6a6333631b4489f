"""The check: every invariant of SAFETY.md 9 that the data can show, recomputed from the rows alone.

It is a second, slow reading of SAFETY.md on purpose. It shares no code with booking's rules, so that a mistake in them
shows here. What it finds is told by ids only: its output may be logged, mailed and read by whoever runs the machine.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from scheduler import clock
from scheduler.crypto import ring
from scheduler.errors import RecordUnreadable
from scheduler.services import audit
from scheduler.services.check_places import Timetable, present
from scheduler.services.check_separation import Clash, apart_broken, clash_of
from scheduler.store import invariants

#: A message in one of these may have reached her phone.
_MAY_HAVE_ARRIVED = frozenset({"claimed", "accepted", "sent", "delivered", "undelivered", "unknown"})
_ABOUT_A_STANDING_TIME = frozenset({"confirmation", "reminder", "change"})
_FAR = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Broken:
    """One broken invariant: which one (a short name), where in SAFETY.md it stands, and the ids that break it."""

    invariant: str
    source: str
    what: str

    def __str__(self) -> str:
        return f"{self.invariant} (SAFETY.md {self.source}): {self.what}"


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found, and how much it read."""

    broken: tuple[Broken, ...]
    read: dict[str, int] = field(default_factory=dict)


class Cases:
    """The safety cases: whether a clash is, or ever was, in the queue."""

    def __init__(self) -> None:
        self._open: set[Clash] = set()
        self._ever: set[Clash] = set()
        for row in invariants.cases():
            clash = clash_of(row.exclusion_id, row.appointment_id, row.other_appointment_id, row.other_session_id)
            self._ever.add(clash)
            if row.closed_at is None:
                self._open.add(clash)

    def knows(self, clash: Clash, history: bool) -> bool:
        """Is this clash in the queue now; or, when it is history, was it ever?"""
        return clash in (self._ever if history else self._open)


def run(zone: str = "Europe/London", step: Callable[[str], None] = lambda _: None) -> Report:
    """Check everything, as the data stands at one moment. `zone` is the service's own; `step` is told what comes next.

    Reads only, and may be run beside bookings.
    """
    now = clock.now()
    found: list[Broken] = []
    invariants.begin()
    try:
        cases, timetable = Cases(), Timetable()
        for what, look in (
            ("people kept apart", lambda: apart_broken(cases, timetable, now)),
            ("clients' appointments", lambda: _clients(cases, timetable, now)),
            ("records merged into others", _merged),
            ("workers' appointments", _workers),
            ("sessions, rooms and shifts", lambda: _sessions(timetable, now)),
            ("seats and crèche places", _capacity),
            ("messages", lambda: _messages(ZoneInfo(zone))),
            ("the audit log's seals", _seals),
            ("encrypted records", _unreadable),
        ):
            step(what)
            found += (Broken(*each) for each in look())  # type: ignore[no-untyped-call]
        return Report(tuple(found), invariants.sizes())
    finally:
        invariants.end()


Found = Iterator[tuple[str, str, str]]


def _clients(cases: Cases, timetable: Timetable, now: datetime) -> Found:
    stays, decisions = invariants.stays_by_client(), invariants.decisions()
    for client_id, rows in groupby(invariants.appointments_by_client(), key=lambda row: row.client_id):
        own = list(rows)
        yield from _client_in_two_places(own)
        for row in own:
            yield from _copies(row, timetable, now)
            if row.eligibility != "eligible":
                yield from _women_only(row, cases, timetable, decisions.get(client_id), now)
            judged = row.end > now or not timetable.changed_since(row.site_id, row.end)
            if judged and timetable.places[row.venue_id].confidential:
                yield from _refuge(row, stays.get(client_id, []), cases, now)


def _client_in_two_places(own: list[Any]) -> Found:
    for index, first in enumerate(own):
        for second in own[index + 1 :]:
            if second.start > first.start + _FAR:
                break
            apart_in_space = (
                first.present_from is not None and second.present_from is not None and first.site_id != second.site_id
            )
            if second.start < first.end or (
                apart_in_space and first.present_from < second.present_until
                and second.present_from < first.present_until
            ):
                yield "two-places", "9.3", f"appointments {first.id} and {second.id} have one client at once"


def _copies(row: Any, timetable: Timetable, now: datetime) -> Found:
    """What an appointment keeps of its session and venue, so that one index answers, must be what they say."""
    if (row.venue_id, row.site_id) != (row.session_venue, row.session_site):
        yield "presence", "1", f"appointment {row.id} is not where its session {row.session_id} is"
    stored = (row.present_from, row.present_until) if row.present_from is not None else None
    if row.cancelled_at is not None and row.cancelled_at < row.start:
        yield "presence", "1", f"appointment {row.id} stands in session {row.session_id}, which is cancelled"
    if row.end <= now:
        return
    if stored != present(row, timetable.places[row.venue_id]):
        yield "presence", "1", f"appointment {row.id} does not hold its venue's margins"
    if timetable.places[row.venue_id].site_id != row.site_id:
        yield "presence", "1", f"appointment {row.id} is not at its venue's site"
    if not row.opens <= row.start < row.closes:
        yield "presence", "1", f"appointment {row.id} is outside its session {row.session_id}"


def _women_only(row: Any, cases: Cases, timetable: Timetable, decided: datetime | None, now: datetime) -> Found:
    """Someone not recorded as eligible: not in a session for women, not at a site in its women-only time."""
    history = row.end <= now
    if history and decided is not None and decided > row.start:
        return  # decided since: it may have been in order then
    if cases.knows(clash_of(None, row.id), history):
        return
    if row.audience == "women" and not (history and row.updated_at > row.end):
        yield "women-only", "9.2", f"appointment {row.id} is in session {row.session_id}, which is for women"
    if row.present_from is None or (history and timetable.changed_since(row.site_id, row.present_until)):
        return
    if timetable.women_only(row.site_id, row.present_from, row.present_until):
        yield "women-only", "9.2", f"appointment {row.id} is at site {row.site_id} in its women-only time"


def _refuge(
    row: Any, stays: Iterable[tuple[int, datetime, datetime | None]], cases: Cases, now: datetime
) -> Found:
    """Someone at a refuge who is not recorded as staying there, unless a lead sees to it already: a stay may end while
    she still has something there."""
    if cases.knows(clash_of(None, row.id), row.end <= now):
        return
    for venue, since, until in stays:
        if venue == row.venue_id and (row.end <= now or (since <= row.start and (not until or until >= row.end))):
            return
    yield "refuge", "7", f"appointment {row.id} is at venue {row.venue_id}, where its client is not staying"


def _merged() -> Found:
    """Whatever counts of someone counts for the record in use: what another one holds, nobody weighs."""
    for what, ident, record in invariants.on_merged_records():
        yield "merged", "2", f"{what} {ident} is held by record {record}, which was merged into another"


def _workers() -> Found:
    last: Any = None
    for row in invariants.appointments_by_worker():
        if last is not None and last.staff_id == row.staff_id:
            if row.start < last.end or (row.session_id == last.session_id and row.busy_from < last.busy_until):
                yield "two-places", "9.3", f"appointments {last.id} and {row.id} have worker {row.staff_id} at once"
            if row.end <= last.end:
                continue
        last = row


def _sessions(timetable: Timetable, now: datetime) -> Found:
    last: Any = None
    for row in invariants.shifts():
        if (row.start, row.end) != (row.opens, row.closes):
            yield "presence", "1", f"worker {row.staff_id} does not have the times of session {row.session_id}"
        if last is not None and last.staff_id == row.staff_id:
            if row.opens < last.closes:
                two = f"sessions {last.session_id} and {row.session_id}"
                yield "two-places", "9.3", f"{two} have worker {row.staff_id} at once"
            if row.closes <= last.closes:
                continue
        last = row
    last = None
    for row in invariants.sessions_by_room():
        if "in-person" not in row.modes:
            continue
        if last is not None and (last.venue_id, last.room) == (row.venue_id, row.room):
            if row.start < last.end:
                yield "two-places", "9.3", f"sessions {last.id} and {row.id} have one room at once"
            if row.end <= last.end:
                continue
        last = row
    for _, rows in groupby(invariants.sessions_at(timetable.women_only_sites()), key=lambda row: row.id):
        yield from _session_in_women_only_time(list(rows), timetable, now)


def _session_in_women_only_time(rows: list[Any], timetable: Timetable, now: datetime) -> Found:
    session = rows[0]
    if "in-person" not in session.modes:
        return
    if session.end <= now and timetable.changed_since(session.site_id, session.end):
        return
    touched = timetable.women_only(session.site_id, session.start, session.end)
    if touched and session.audience != "women":
        yield "women-only", "3", f"session {session.id} is for everyone in site {session.site_id}'s women-only time"
    # Who a worker was recorded as then is not kept, so only what is still to come can be judged by it.
    if session.end > now and any(window.women_staff_only for window in touched):
        for row in rows:
            if row.staff_id is not None and not row.woman:
                yield "women-only", "3", f"session {session.id} in women-only time has worker {row.staff_id}"


def _capacity() -> Found:
    for row in invariants.overfull():
        if row.children > row.creche:
            yield "capacity", "9.3", f"session {row.id} has {row.children} children for {row.creche} crèche places"
        if row.seats is not None and row.heads > row.seats:
            yield "capacity", "9.3", f"session {row.id} has {row.heads} people for {row.seats} seats"


def _messages(zone: ZoneInfo) -> Found:
    sent: dict[tuple[int, str, bool, int | None], int] = {}
    for row in invariants.texts_that_left():
        for why in _unsafe(row, zone):
            yield "message", "9.5", f"message {row.id} {why}"
        if row.appointment_id is None or row.purpose == "link" or row.state not in _MAY_HAVE_ARRIVED:
            continue
        about = (row.appointment_id, row.purpose, row.on_day, row.appointment_version)
        if about in sent:
            yield "message", "9.5", f"messages {sent[about]} and {row.id} say the same twice"
        sent[about] = row.id


def _unsafe(row: Any, zone: ZoneInfo) -> Iterator[str]:
    """Why a claimed message should not have been. A record that was looked at again since cannot tell what it said."""
    if not row.send_after <= row.claimed_at <= row.send_before:
        yield "was claimed outside the time in which it might be sent"
    if row.safe is None:
        yield "was claimed for someone who never had a safe-contact record"
    elif row.checked_at is not None and row.checked_at <= row.claimed_at:
        local = row.claimed_at.astimezone(zone)
        if row.safe != "yes":
            yield "was claimed for a channel that is not safe"
        if row.review_on is not None and local.date() > row.review_on:
            yield "was claimed after the channel's review date"
        if not _within(row.hours, local):
            yield "was claimed outside her safe hours"
    if row.appointment_changed is not None and row.appointment_changed <= row.claimed_at:
        if row.purpose in _ABOUT_A_STANDING_TIME and row.appointment_state in ("cancelled", "entered-in-error"):
            yield "was claimed for an appointment that did not stand"
        if row.purpose == "reminder" and row.claimed_at > row.start:
            yield "was claimed after the appointment's start"


def _within(blob: bytes | None, local: datetime) -> bool:
    try:
        hours = json.loads(ring().decrypt(blob, "safe_contact.hours")) if blob is not None else None
    except (RecordUnreadable, ValueError):
        return True  # told once, by the pass over encrypted records
    minute = local.hour * 60 + local.minute
    return not hours or any(day == local.weekday() and low <= minute < high for day, low, high in hours)


def _seals() -> Found:
    try:
        for seal_id in audit.broken_seals():
            yield "seal", "9.6", f"audit seal {seal_id} does not fit its records"
    except (RecordUnreadable, ValueError):
        yield "seal", "9.6", "a sealed audit record cannot be read"


def _unreadable() -> Found:
    for table, columns in invariants.encrypted_columns():
        unreadable: dict[str, list[str]] = defaultdict(list)
        for key, values in invariants.stored_blobs(table, columns):
            for column, is_json, blob in values:
                if not _reads(blob, column, is_json):
                    unreadable[column].append(key)
        for column, keys in unreadable.items():
            for key in keys:
                yield "unreadable", "2", f"{column} of {table.name} {key} cannot be decrypted"


def _reads(blob: bytes, column: str, is_json: bool) -> bool:
    try:
        plain = ring().decrypt(blob, column)
        if is_json:
            json.loads(plain)
    except (RecordUnreadable, ValueError):
        return False
    return True
