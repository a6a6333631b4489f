"""Series: a recurrence, and the sessions made from it ahead of time (DESIGN.md, "Series and sessions")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import update

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, RecordUnreadable, SidegateError, Stale
from scheduler.extensions import db
from scheduler.models import Series, Session
from scheduler.rules import hosting
from scheduler.rules.audience import Audience
from scheduler.rules.hosting import Commitment
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.recurrence import exists, occurrences
from scheduler.services import audit, moving, placing
from scheduler.services.actors import SYSTEM, Actor, can_run_sessions
from scheduler.services.placing import SENTENCES, Placed, Shape
from scheduler.services.transaction import use_case
from scheduler.services.visibility import card, visible
from scheduler.store import diary
from scheduler.store import sessions as store

log = structlog.get_logger(__name__)

#: How far ahead a series has its sessions as real rows.
HORIZON = timedelta(weeks=26)
_DAY = timedelta(days=1)

_BY_DAY = r"BYDAY=(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU)(?:,(?:[+-]?[1-5])?(?:MO|TU|WE|TH|FR|SA|SU))*"
_PART = re.compile(
    rf"FREQ=(?:DAILY|WEEKLY|MONTHLY)|INTERVAL=[1-9]\d?|{_BY_DAY}|BYMONTHDAY=-?\d{{1,2}}(?:,-?\d{{1,2}})*"
    r"|BYMONTH=\d{1,2}(?:,\d{1,2})*|BYSETPOS=-?[1-5]|WKST=(?:MO|SU)"
)


@dataclass(frozen=True, slots=True)
class SeriesDetails:
    """A series as typed. `rule` is an RRULE without DTSTART, COUNT or UNTIL (`FREQ=WEEKLY;BYDAY=TU`), read in the
    venue's wall-clock time; `at_minute` is after local midnight; `last_day` may be open."""

    venue_id: int
    title: str
    rule: str
    first_day: date
    at_minute: int
    minutes: int
    last_day: date | None = None
    kind: str = Kind.ONE_TO_ONE
    audience: str = Audience.EVERYONE
    modes: tuple[str, ...] = (Mode.IN_PERSON,)
    types: tuple[int, ...] = ()
    staff: tuple[int, ...] = ()
    seats: int | None = None
    creche: int = 0
    room: str | None = None

    @property
    def shape(self) -> Shape:
        """Everything but when."""
        return Shape(
            self.venue_id, self.title, self.kind, self.audience, tuple(self.modes), tuple(self.types),
            tuple(self.staff), self.seats, self.creche, self.room,
        )


@dataclass(frozen=True, slots=True)
class Skipped:
    """A day on which a series has no session, and why in words that tell nothing of other people."""

    day: date
    sentence: str


@use_case
def add_series(actor: Actor, details: SeriesDetails) -> int:
    """Add a series, make its sessions up to the horizon, and give its id. Days on which the session cannot be held are
    left out; `skipped_days` tells which.

    Raises NotAllowed, NotFound, and Invalid by field, also when not one of its sessions can be held.
    """
    _may_run(actor)
    placed = placing.checked(actor, details.shape, typed=True)
    rule = _checked_rule(details, placed.venue.zone)
    series = Series(rule=rule, first_day=details.first_day)
    _write(series, details, placed)
    db.session.add(series)
    db.session.flush()
    made = _make(series, placed, clock.now())
    skipped = _skipped(series, placed)
    if not made and skipped:
        raise Invalid(first_day=f"None of its sessions can be held. {skipped[0].sentence}")
    audit.record(actor, "series-add", "series", series.id, sessions=made)
    return series.id


@use_case
def edit_series(
    actor: Actor, series_id: int, details: SeriesDetails, from_day: date | None = None, version: int | None = None
) -> int:
    """Change a series from a day on ("this and following"), or with None from now on ("all"): what is over stays as it
    was. Sessions that stand keep their bookings, which are asked every rule again; one that was moved by hand is left
    alone. Gives the id of the series that now holds those days: a new one when earlier days keep the old shape.

    Raises NotAllowed, NotFound, Invalid, Stale, and InTheWay with the appointments that cannot come along.
    """
    _may_run(actor)
    series = _series(actor, series_id, version)
    placed = placing.checked(actor, details.shape, typed=True)
    rule = _checked_rule(details, placed.venue.zone)
    now = clock.now()
    old_zone = card(actor, series.venue_id).zone
    today = now.astimezone(old_zone).date()
    first = max(from_day or today, today)
    standing = [each for each in store.sessions_of_series(series.id, now) if _day_of(each, old_zone) >= first]
    by_hand = {each.id for each in standing if not _as_made(each, series, old_zone)}
    target = series
    if series.first_day < first:
        target = Series(
            rule=rule, first_day=max(first, details.first_day), made_until=series.made_until,
            enrolment_id=series.enrolment_id or series.id,
        )
        series.last_day = first - _DAY
        series.version += 1
    _write(target, replace(details, first_day=max(first, details.first_day)), placed)
    target.rule = rule
    db.session.add(target)
    db.session.flush()
    _carry_over(actor, target, placed, [each for each in standing if each.id not in by_hand], old_zone, now)
    if target is not series:
        # Days that were cancelled one by one come along too, or the new series would hold them again.
        _hand_over(series, target, first, datetime.combine(first, time(), old_zone))
    _make(target, placed, now)
    target.version = (target.version or 1) + 1
    audit.record(actor, "series-edit", "series", series_id, now_series=target.id, first_day=first.isoformat())
    return target.id


@use_case
def end_series(actor: Actor, series_id: int, from_day: date | None = None, version: int | None = None) -> int:
    """End a series: cancel its sessions from a day on (from now on with None), with their appointments, and make no
    more. Gives how many sessions were cancelled. Raises NotAllowed, NotFound, Stale, and WrongState when someone has
    come to one of them already."""
    _may_run(actor)
    series = _series(actor, series_id, version)
    zone = card(actor, series.venue_id).zone
    now = clock.now()
    first = max(from_day or date.min, now.astimezone(zone).date())
    cancelled = 0
    for session in store.sessions_of_series(series.id, now):
        if _day_of(session, zone) >= first and session.start > now:
            moving.cancel_whole(actor, session)
            cancelled += 1
    series.last_day = max(first - _DAY, series.first_day)
    series.active = first > series.first_day
    series.version += 1
    audit.record(actor, "series-end", "series", series_id, sessions=cancelled)
    return cancelled


def extend_horizon(now: datetime) -> int:
    """Make every series' sessions up to 26 weeks after `now`, each series in a transaction of its own. Gives how many
    sessions were made; a second run makes none. One series that fails is logged by its id and keeps no other back."""
    made = 0
    for series_id in store.series_to_extend((now + HORIZON).date()):
        try:
            made += _extend(series_id, now)
        except (SidegateError, RecordUnreadable, ValueError) as error:
            log.warning("series not extended", series=series_id, error=type(error).__name__)
    return made


@use_case
def _extend(series_id: int, now: datetime) -> int:
    series = store.series(series_id)
    if series is None or not series.active:
        return 0
    placed = placing.checked(SYSTEM, _shape(series))
    made = _make(series, placed, now, already=series.made_until)
    if made:
        audit.record(SYSTEM, "series-extend", "series", series_id, sessions=made)
    return made


@use_case
def try_skipped_days(actor: Actor, series_id: int) -> int:
    """Make the sessions of the days that were left out and can be held now, and give how many. Days whose session was
    cancelled stay so. Raises NotAllowed, NotFound, Invalid."""
    _may_run(actor)
    series = _series(actor, series_id, None)
    made = _make(series, placing.checked(actor, _shape(series)), clock.now())
    audit.record(actor, "series-extend", "series", series_id, sessions=made)
    return made


def skipped_days(actor: Actor, series_id: int) -> list[Skipped]:
    """The coming days within the horizon on which this series has no session, each with why. Raises NotFound."""
    series = _series(actor, series_id, None)
    return _skipped(series, placing.checked(actor, _shape(series)))


def series_details(actor: Actor, series_id: int) -> tuple[SeriesDetails, int]:
    """A series as it would be typed, and its version. Raises NotFound."""
    series = _series(actor, series_id, None)
    return _details(series), series.version


def series_at(actor: Actor) -> list[tuple[int, SeriesDetails]]:
    """Every series in force at a venue that this actor may know of: its id and what it is."""
    _may_run(actor)
    return [(each.id, _details(each)) for each in store.series_list([venue.id for venue in visible(actor)])]


# --- within the transaction -------------------------------------------------------------------------------------------


def _may_run(actor: Actor) -> None:
    if not can_run_sessions(actor):
        raise NotAllowed


def _series(actor: Actor, series_id: int, version: int | None) -> Series:
    series = store.series(series_id)
    if series is None:
        raise NotFound
    card(actor, series.venue_id)
    if version is not None and version != series.version:
        raise Stale
    return series


def _details(series: Series) -> SeriesDetails:
    return SeriesDetails(
        series.venue_id, series.title, series.rule, series.first_day, series.at_minute, series.minutes,
        series.last_day, series.kind, series.audience, tuple(series.modes), tuple(series.types), tuple(series.staff),
        series.seats, series.creche, series.room,
    )


def _shape(series: Series) -> Shape:
    return _details(series).shape


def _write(series: Series, details: SeriesDetails, placed: Placed) -> None:
    shape = placed.shape
    series.venue_id, series.title, series.first_day = shape.venue_id, shape.title, details.first_day
    series.last_day, series.at_minute, series.minutes = details.last_day, details.at_minute, details.minutes
    series.kind, series.audience, series.modes = shape.kind, shape.audience, list(shape.modes)
    series.types, series.staff = list(shape.types), list(shape.staff)
    series.seats, series.creche, series.room = shape.seats, shape.creche, shape.room


def _checked_rule(details: SeriesDetails, zone: ZoneInfo) -> str:
    """The rule tidied. Raises Invalid for one that cannot be read, never happens, or could take for ever to expand."""
    wrong: dict[str, str] = {}
    rule = details.rule.strip().upper().removeprefix("RRULE:").rstrip(";")
    parts = rule.split(";")
    names = [part.partition("=")[0] for part in parts]
    if len(rule) > 300 or "FREQ" not in names or len(set(names)) != len(names):
        wrong["rule"] = "Say how often it is held."
    elif not all(_PART.fullmatch(part) for part in parts):
        wrong["rule"] = "Sessions repeat by days, weeks or months; give the last day separately."
    if not 0 <= details.at_minute <= 1439:
        wrong["at_minute"] = "Give a time of day."
    if not 5 <= details.minutes <= 960:
        wrong["minutes"] = "A session lasts from 5 minutes to 16 hours."
    if abs((details.first_day - clock.now().date()).days) > 732:
        wrong["first_day"] = "Choose a day within two years."
    elif details.last_day is not None and details.last_day < details.first_day:
        wrong["last_day"] = "The last day must not be before the first."
    if wrong:
        raise Invalid(**wrong)
    try:
        found = _expand(rule, details, zone, details.first_day, details.first_day + timedelta(days=732))
    except ValueError as error:
        raise Invalid(rule="Say how often it is held.") from error
    if not found:
        raise Invalid(rule="There is no such day.")
    return rule


def _expand(rule: str, details: SeriesDetails, zone: ZoneInfo, since: date, until: date) -> dict[date, Interval]:
    """The sessions of a rule from one day to another, both included, by day. The rule is given an end, so that one
    that never happens is not looked for until the year 9999."""
    last = min(until, details.last_day or until)
    if last < max(since, details.first_day):
        return {}
    at = time(details.at_minute // 60, details.at_minute % 60)
    ended = f"{rule};UNTIL={last:%Y%m%d}T235959"
    span = Interval(
        datetime.combine(max(since, details.first_day), time(), zone), datetime.combine(last + _DAY, time(), zone)
    )
    found = occurrences(ended, details.first_day, at, details.minutes, zone, span)
    return {each.start.astimezone(zone).date(): each for each in found}


def _coming(series: Series, zone: ZoneInfo, now: datetime, already: date | None = None) -> dict[date, Interval]:
    today = now.astimezone(zone).date()
    since = max(today, already + _DAY) if already else today
    found = _expand(series.rule, _details(series), zone, since, today + HORIZON)
    return {day: span for day, span in found.items() if span.start > now}


def _make(series: Series, placed: Placed, now: datetime, already: date | None = None) -> int:
    """Make the sessions that a series lacks up to the horizon, where they can be held; those of days after `already`
    when it is given. Gives how many."""
    zone = placed.venue.zone
    coming = _coming(series, zone, now, already)
    made = 0
    if coming:
        made_already = store.days_made(series.id, zone, min(coming) - _DAY)
        whole = Interval(min(span.start for span in coming.values()), max(span.end for span in coming.values()))
        around = placing.surroundings(placed, whole)
        enrolment = series.enrolment_id or series.id
        for day, span in sorted(coming.items()):
            if day in made_already or hosting.hindrance(placed.plan(span, None, enrolment), around):
                continue
            new = placing.make(placed, span, (series, day))
            made += 1
            around.commitments += [Commitment(new, span, staff=worker) for worker in placed.shape.staff]
            around.commitments.append(Commitment(new, span, room=placed.shape.room))
    series.made_until = now.astimezone(zone).date() + HORIZON
    return made


def _skipped(series: Series, placed: Placed) -> list[Skipped]:
    zone, now = placed.venue.zone, clock.now()
    today = now.astimezone(zone).date()
    until = min(series.made_until or today, series.last_day or date.max)
    details = _details(series)
    # The days as the rule names them: at noon, an hour that every day has.
    wanted = _expand(series.rule, replace(details, at_minute=720), zone, max(today, series.first_day), until)
    made = store.days_made(series.id, zone, today)
    coming = _coming(series, zone, now)
    lacking = [day for day in sorted(wanted) if day not in made and (day in coming or day > today)]
    if not lacking:
        return []
    spans = [coming[day] for day in lacking if day in coming]
    around = None
    if spans:
        around = placing.surroundings(placed, Interval(min(s.start for s in spans), max(s.end for s in spans)))
    at = time(details.at_minute // 60, details.at_minute % 60)
    found: list[Skipped] = []
    for day in lacking:
        if day not in coming or around is None:
            gone = not exists(day, at, zone)
            found.append(Skipped(day, "The clocks go forward then." if gone else "It can be added now."))
            continue
        why = hosting.hindrance(placed.plan(coming[day], None, series.enrolment_id or series.id), around)
        if why is None:
            found.append(Skipped(day, "It can be added now."))
        else:
            found.append(Skipped(day, SENTENCES[why][1] if why in SENTENCES else InTheWay.sentence))
    return found


def _carry_over(
    actor: Actor, target: Series, placed: Placed, standing: Sequence[Session], old_zone: ZoneInfo, now: datetime
) -> None:
    """Give the sessions that stand their new time and shape; cancel those on days that the series no longer has, unless
    someone is booked in them. Raises InTheWay, Invalid."""
    new = _expand(
        target.rule, _details(target), placed.venue.zone, target.first_day,
        max([_day_of(each, old_zone) for each in standing], default=target.first_day),
    )
    gone = [each for each in standing if _day_of(each, old_zone) not in new]
    booked = [row.id for each in gone for row in diary.standing_in(each.id)]
    if booked:
        raise InTheWay(tuple(booked), tuple(each.id for each in gone))
    for session in gone:
        moving.cancel_whole(actor, session)
    for session in standing:
        if session not in gone and session.start > now:
            moving.replace_session(actor, session, placed, new[_day_of(session, old_zone)])


def _hand_over(series: Series, target: Series, first: date, midnight: datetime) -> None:
    mine = update(Session).where(Session.series_id == series.id)
    now = {"series_id": target.id, "enrolment_id": target.enrolment_id}
    db.session.execute(mine.where(Session.series_day >= first).values(**now))
    db.session.execute(mine.where(Session.series_day.is_(None), Session.start >= midnight).values(**now))


def _day_of(session: Session, zone: ZoneInfo) -> date:
    return session.series_day or session.start.astimezone(zone).date()


def _as_made(session: Session, series: Series, zone: ZoneInfo) -> bool:
    """Is this session still at the time and place that its series gives it? False when it was moved by hand."""
    local = session.start.astimezone(zone)
    return (
        session.venue_id == series.venue_id
        and local.date() == _day_of(session, zone)
        and local.hour * 60 + local.minute == series.at_minute
        and session.end - session.start == timedelta(minutes=series.minutes)
    )
