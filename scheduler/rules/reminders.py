"""When a text may go out, and when it is best sent (SAFETY.md 8, NEEDS.md N15).

Her safe hours are wall-clock times by weekday, `[weekday, from minute, until minute]` with Monday as 0 and minutes
after local midnight; none recorded means reasonable hours, 9 to 19 every day. An instant is safe when the clock on her
wall shows a time inside them: an hour that the spring change skips is never there, one that the autumn change repeats
is there twice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from scheduler.rules.intervals import Interval, merge

#: Quiet hours for whoever named none: nothing before nine or after seven in the evening.
REASONABLE: tuple[tuple[int, int, int], ...] = tuple((weekday, 9 * 60, 19 * 60) for weekday in range(7))
#: While children are at school, with time to get there and back.
SCHOOL: tuple[tuple[int, int, int], ...] = tuple((weekday, 9 * 60 + 30, 14 * 60 + 45) for weekday in range(5))

#: A text needs this long to arrive, so none is sent in the last minutes of a safe span.
TIME_TO_ARRIVE = timedelta(minutes=2)
#: A moment this far from both edges of a safe span is as safe as any.
FAR_FROM_EDGES = timedelta(hours=2)
#: A reminder is planned in these days before the appointment's own; when does not matter much, how safe does.
FIRST_DAY, LAST_DAY = 7, 1
#: What a reminder aims at when several moments are equally safe: time enough to change, late enough to remember.
AIM = timedelta(days=2)
#: No reminder sooner than this after the text that told her of the appointment.
NOT_TWICE = timedelta(hours=24)
#: A reminder on the day leaves her this long to get there, aims at this long before, and does not come within half a
#: day of the text that told her of the appointment.
ON_DAY_LEAVES, ON_DAY_AIM, ON_DAY_NOT_TWICE = timedelta(hours=1), timedelta(hours=3), timedelta(hours=12)
#: How long a link that staff send may wait for a safe moment.
LINK_WAITS = timedelta(days=7)
#: Safe hours come round every week; a clock change may skip one of them.
_A_ROUND = 15


class Purpose(StrEnum):
    """What a text is for."""

    CONFIRMATION = "confirmation"
    REMINDER = "reminder"
    CHANGE = "change"
    CANCELLATION = "cancellation"
    LINK = "link"


class Silence(StrEnum):
    """Why a text was not sent, as staff are told it."""

    NOT_SAFE = "not-safe"
    REVIEW_DUE = "review-due"
    PAUSED = "paused"
    NO_NUMBER = "no-number"
    NO_SAFE_TIME = "no-safe-time"
    UNREADABLE = "unreadable"
    WORDS = "words"
    TOO_LATE = "too-late"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"
    CHECK_NUMBER = "check-number"


@dataclass(frozen=True, slots=True)
class Contact:
    """The safe-contact record of one channel. `hours` as stored; `review_on` is the last day that it holds; a pause
    without `paused_until` (UTC) lasts until someone ends it."""

    safe: str
    hours: Any = None
    review_on: date | None = None
    paused: bool = False
    paused_until: datetime | None = None

    def paused_at(self, now: datetime) -> bool:
        """Is it paused then?"""
        return self.paused and (self.paused_until is None or now < self.paused_until)


class Moment(NamedTuple):
    """A text to be sent at `after <= t < before`, in UTC; `after` is None when no such instant is safe. `on_day` is the
    reminder on the appointment's own day."""

    purpose: Purpose
    after: datetime | None
    before: datetime
    on_day: bool = False


def silence(contact: Contact | None, now: datetime, zone: ZoneInfo) -> Silence | None:
    """Why this channel may not be used now, its hours apart; None when it may. Unknown means no, and so does a record
    past its review date or one that cannot be read."""
    if contact is None or contact.safe != "yes":
        return Silence.NOT_SAFE
    if contact.paused_at(now):
        return Silence.PAUSED
    if contact.review_on is not None and now.astimezone(zone).date() > contact.review_on:
        return Silence.REVIEW_DUE
    try:
        weekly(contact.hours)
    except ValueError:
        return Silence.UNREADABLE
    return None


def weekly(hours: Any) -> tuple[tuple[int, int, int], ...]:
    """Recorded safe hours as triples; reasonable hours when none are recorded. Raises ValueError when they make no
    sense: then nothing may be sent."""
    if not hours:
        return REASONABLE
    try:
        triples = tuple((int(weekday), int(start), int(end)) for weekday, start, end in hours)
    except TypeError as error:
        raise ValueError("safe hours are triples") from error
    if any(not 0 <= weekday <= 6 or not 0 <= start < end <= 1440 for weekday, start, end in triples):
        raise ValueError("safe hours lie within a day")
    return triples


def spans(hours: Any, zone: ZoneInfo, days: Iterable[date]) -> Iterator[Interval]:
    """The safe spans of these local days, in UTC and in order; those of one day are disjoint."""
    triples = weekly(hours)
    for day in days:
        yield from merge(
            Interval(max(start, stretch.start), min(end, stretch.end))
            for stretch, offset in _stretches(day, zone)
            for start, end in _within(triples, day, offset)
        )


def _within(
    triples: Iterable[tuple[int, int, int]], day: date, offset: timedelta
) -> Iterator[tuple[datetime, datetime]]:
    midnight = datetime.combine(day, time.min, UTC) - offset
    for weekday, start, end in triples:
        if weekday == day.weekday():
            yield midnight + timedelta(minutes=start), midnight + timedelta(minutes=end)


def _stretches(day: date, zone: ZoneInfo) -> list[tuple[Interval, timedelta]]:
    """A local day cut where its clocks change: each piece with its offset from UTC."""
    start = datetime.combine(day, time.min, zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(UTC)
    first, last = _offset(start, zone), _offset(end - timedelta(microseconds=1), zone)
    if first == last:
        return [(Interval(start, end), first)]
    low, high = start, end
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle, zone) == first:
            low = middle
        else:
            high = middle
    return [(Interval(start, high), first), (Interval(high, end), last)]


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta:
    offset = instant.astimezone(zone).utcoffset()
    assert offset is not None
    return offset


def _days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=number) for number in range(count))


def next_safe(hours: Any, now: datetime, before: datetime, zone: ZoneInfo) -> Interval | None:
    """The first stretch `start <= t < end` in which a text may go out, from `now` on and before `before`; None when
    there is none. It begins at `now` when now is safe."""
    for span in spans(hours, zone, _days(now.astimezone(zone).date(), _A_ROUND)):
        stretch = Interval(max(span.start, now), min(span.end - TIME_TO_ARRIVE, before))
        if stretch.start < stretch.end:
            return stretch
    return None


def safest(hours: Any, start: datetime, earliest: datetime, zone: ZoneInfo) -> datetime | None:
    """The safest moment for a reminder of an appointment at `start`, in the days 7 to 1 before its own and not before
    `earliest`: as far as possible from the edges of her safe hours, then nearest to two days before."""
    own_day = start.astimezone(zone).date()
    days = _days(own_day - timedelta(days=FIRST_DAY), FIRST_DAY - LAST_DAY + 1)
    return _safest_in(spans(hours, zone, days), start - AIM, earliest)


def safest_on_day(hours: Any, start: datetime, earliest: datetime, zone: ZoneInfo) -> datetime | None:
    """The safest moment for a reminder on the appointment's own local day: before she has to leave, then nearest to
    three hours before it, and not before `earliest`."""
    leaves = start - ON_DAY_LEAVES
    own_day = spans(hours, zone, [start.astimezone(zone).date()])
    cut = (Interval(span.start, min(span.end, leaves)) for span in own_day if span.start < leaves)
    return _safest_in(cut, start - ON_DAY_AIM, earliest)


def _safest_in(found: Iterable[Interval], aim: datetime, earliest: datetime) -> datetime | None:
    best: tuple[timedelta, timedelta, datetime] | None = None
    for span in found:
        inset = min(FAR_FROM_EDGES, (span.end - span.start) / 2)
        moment = max(min(max(aim, span.start + inset), span.end - inset), earliest)
        if moment > span.end - TIME_TO_ARRIVE:
            continue
        margin = min(moment - span.start, span.end - moment, FAR_FROM_EDGES)
        rank = (-margin, abs(moment - aim), moment)
        if best is None or rank < best:
            best = rank
    return best[2] if best else None


def last_moment(start: datetime, zone: ZoneInfo) -> datetime:
    """When a reminder is too late: the midnight that begins the appointment's local day."""
    return datetime.combine(start.astimezone(zone).date(), time.min, zone).astimezone(UTC)


def moments(
    first: Purpose | None,
    hours: Any,
    start: datetime,
    now: datetime,
    zone: ZoneInfo,
    *,
    told_at: datetime | None = None,
    on_day: bool = False,
    done: Collection[bool] = (),
) -> list[Moment]:
    """When to send what is due for an appointment at `start`: `first` as soon as it is safe, a reminder in the week
    before, and with `on_day` one on the day, each unless that would be too late or too soon after.

    Without `first` she knows already, since `told_at` if that is known. `done` are the reminders that nobody needs any
    more: False the one before, True the one on the day. Raises ValueError when the hours make no sense.
    """
    if start <= now:
        return []
    planned = []
    if first is not None:
        found = next_safe(hours, now, start, zone)
        planned.append(Moment(first, found.start if found else None, start))
        if found is None or first is Purpose.CANCELLATION:
            return planned
        told_at = found.start

    def earliest(apart: timedelta) -> datetime:
        return now if told_at is None else max(now, told_at + apart)

    if False not in done:
        before = safest(hours, start, earliest(NOT_TWICE), zone)
        if before is not None:
            planned.append(Moment(Purpose.REMINDER, before, last_moment(start, zone)))
    if on_day and True not in done:
        same_day = safest_on_day(hours, start, earliest(ON_DAY_NOT_TWICE), zone)
        if same_day is not None:
            planned.append(Moment(Purpose.REMINDER, same_day, start - ON_DAY_LEAVES, True))
    return planned
