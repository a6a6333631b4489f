"""What is counted for reports: numbers by place, way, hour and what became of it, never whose. Each is one question."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Interval,
    and_,
    case,
    column,
    exists,
    extract,
    func,
    literal,
    or_,
    select,
    type_coerce,
    values,
)

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Client,
    Closure,
    Exclusion,
    FeltSafe,
    Message,
    OfferedChoice,
    SafetyCase,
    Session,
    Venue,
)
from scheduler.models.types import Instant
from scheduler.rules.audience import Audience
from scheduler.rules.intervals import Interval as Span
from scheduler.rules.reminders import Purpose
from scheduler.rules.states import COUNTED, State

_A, _S, _C, _M = Appointment.__table__.c, Session.__table__.c, Client.__table__.c, Message.__table__.c
_SECOND, _HOUR, _DAY = 1_000_000, 3600, 86_400
#: Spans of one question: well below the number of values that either database takes.
_SPANS_AT_ONCE = 4000


def _on_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def _seconds(later: Any, earlier: Any) -> ColumnElement[Any]:
    """Whole seconds between two instants."""
    if _on_sqlite():
        return (type_coerce(later, BigInteger) - type_coerce(earlier, BigInteger)) // _SECOND
    return func.floor(extract("epoch", later - earlier))


def _local_hour(instant: Any, offsets: Sequence[tuple[datetime, timedelta]]) -> Any:
    """The hour on the wall: `offsets` are (until, offset from UTC), in order, of spans without a change of clocks."""
    changes, last = offsets[:-1], offsets[-1]
    if _on_sqlite():
        shift: Any = literal(int(last[1].total_seconds()))
        if changes:
            whens = [(instant < until, literal(int(each.total_seconds()))) for until, each in changes]
            shift = case(*whens, else_=shift)
        return (type_coerce(instant, BigInteger) // _SECOND + shift) // _HOUR % 24
    shift = literal(last[1], Interval)
    if changes:
        shift = case(*[(instant < until, literal(each, Interval)) for until, each in changes], else_=shift)
    return extract("hour", instant + shift)


class Attended(NamedTuple):
    """So many appointments at one place, held one way, at one hour of the wall clock, that ended alike; `reminded` says
    whether a reminder of it was delivered."""

    venue: int
    mode: str
    hour: int
    state: str
    reminded: bool
    many: int


def attendance(span: Span, offsets: Sequence[tuple[datetime, timedelta]]) -> list[Attended]:
    """The appointments that began in `span` and came to an end, one way or the other."""
    reminded = exists().where(
        _M.appointment_id == _A.id, _M.purpose == Purpose.REMINDER.value, _M.state == "delivered"
    )
    hour = _local_hour(_A.start, offsets)
    ended = (State.ARRIVED, State.CHECKED_IN, State.FULFILLED, State.NOSHOW, State.CANCELLED)
    inner = (
        select(_A.venue_id, _A.mode, hour.label("hour"), _A.state, reminded.label("reminded"))
        .where(_A.start >= span.start, _A.start < span.end, _A.state.in_([str(each) for each in ended]))
        .subquery()
    )
    found = db.session.execute(select(*inner.c, func.count()).group_by(*inner.c))
    return [Attended(row[0], row[1], int(row[2]), row[3], bool(row[4]), row[5]) for row in found]


def first_appointments(span: Span) -> tuple[dict[int, int], int]:
    """Of those whose record was made in `span`: after how many whole days their first appointment was or is, with how
    many people each; and how many people there are in all."""
    stands = [str(each) for each in COUNTED | {State.NOSHOW}]
    new = and_(_C.created_at >= span.start, _C.created_at < span.end, _C.merged_into.is_(None))
    first = (
        select(_C.id, _seconds(func.min(_A.start), _C.created_at).label("seconds"))
        .join_from(Client.__table__, Appointment.__table__, _A.client_id == _C.id)
        .where(new, _A.state.in_(stands))
        .group_by(_C.id, _C.created_at)
        .subquery()
    )
    days = func.floor(first.c.seconds / _DAY) if not _on_sqlite() else first.c.seconds // _DAY
    inner = select(days.label("days")).subquery()
    found = db.session.execute(select(inner.c.days, func.count()).group_by(inner.c.days))
    everyone = db.session.execute(select(func.count()).select_from(Client.__table__).where(new)).scalar_one()
    counts: dict[int, int] = {}
    for day, many in found:
        counts[max(0, int(day))] = counts.get(max(0, int(day)), 0) + many
    return counts, everyone


def women_sessions(span: Span) -> list[tuple[int, Span]]:
    """The sessions for women that people could come to, with their venues."""
    rows = db.session.execute(
        select(_S.venue_id, _S.start, _S.end, _S.modes).where(
            _S.start < span.end, _S.end > span.start, _S.audience == str(Audience.WOMEN), _S.cancelled_at.is_(None)
        )
    )
    return [(row.venue_id, Span(row.start, row.end)) for row in rows if "in-person" in row.modes]


def closures(span: Span) -> list[tuple[int, Span]]:
    """When which venue was shut."""
    c = Closure.__table__.c
    rows = db.session.execute(select(c.venue_id, c.start, c.end).where(c.start < span.end, c.end > span.start))
    return [(row.venue_id, Span(row.start, row.end)) for row in rows]


def places() -> list[Any]:
    """Every venue: id, site, name, label, whether it is confidential, and whether it is in use."""
    v = Venue.__table__.c
    return list(db.session.execute(select(v.id, v.site_id, v.name, v.label, v.confidential, v.active)))


def used(spans: Sequence[tuple[int, Span]]) -> dict[int, tuple[int, int]]:
    """Of these spans at venues: how many in-person appointments that were not missed lay in them, and for how many
    minutes, by venue. Spans of one venue must not touch, or an appointment would count twice."""
    found: dict[int, tuple[int, int]] = {}
    for first in range(0, len(spans), _SPANS_AT_ONCE):
        some = spans[first : first + _SPANS_AT_ONCE]
        asked = values(column("venue", Integer), column("since", Instant), column("until", Instant), name="spans")
        span = asked.data([(venue, each.start, each.end) for venue, each in some]).cte("spans")
        rows = db.session.execute(
            select(_A.venue_id, func.count(), func.sum(_seconds(_A.end, _A.start)))
            .join_from(
                span, Appointment.__table__,
                and_(_A.venue_id == span.c.venue, _A.start >= span.c.since, _A.start < span.c.until),
            )
            .where(_A.mode == "in-person", _A.state.in_([str(each) for each in COUNTED]))
            .group_by(_A.venue_id)
        )  # fmt: skip
        for venue, many, seconds in rows:
            before = found.get(venue, (0, 0))
            found[venue] = before[0] + many, before[1] + int(seconds) // 60
    return found


def choices(since: Any, until: Any) -> Any:
    """Of the visits to her pages on these days (`since <= day < until`): how many, and in how many of them there was
    more than one place, way, day, a woman to see or a women-only time; and what came of them."""
    c = OfferedChoice.__table__.c

    def many(condition: ColumnElement[bool], name: str) -> ColumnElement[Any]:
        return func.count(case((condition, 1))).label(name)

    return db.session.execute(
        select(
            func.count().label("visits"), many(c.places > 1, "places"), many(c.modes > 1, "modes"),
            many(c.days > 1, "days"), many(c.women_workers > 0, "women_workers"), many(c.women_only > 0, "women_only"),
            many(c.outcome.in_(("booked", "moved", "asked")), "took"), many(c.outcome == "waiting", "waiting"),
            many(c.outcome == "nothing", "none"), many(c.took_woman.is_(True), "took_woman"),
            many(c.took_women_only.is_(True), "took_women_only"),
        ).where(c.day >= since, c.day < until)
    ).one()  # fmt: skip


def felt_safe(first_month: str, last_month: str) -> list[Any]:
    """What women answered, by venue, in these months (as 2026-03), both included."""
    c = FeltSafe.__table__.c
    return list(
        db.session.execute(
            select(
                c.venue_id, func.sum(c.yes).label("yes"), func.sum(c.not_really).label("not_really"),
                func.sum(c.rather_not).label("rather_not"),
            )
            .where(c.month.between(first_month, last_month))
            .group_by(c.venue_id)
        )
    )  # fmt: skip


def in_force(at: datetime) -> int:
    """How many exclusions were in force at this moment."""
    c = Exclusion.__table__.c
    stood = or_(c.active, c.closed_at > at)
    return db.session.execute(
        select(func.count()).select_from(Exclusion.__table__).where(c.recorded_at <= at, stood)
    ).scalar_one()


def cases(span: Span) -> tuple[int, int]:
    """How many safety cases were opened in `span`, and how many of them were settled before the earlier presence."""
    c = SafetyCase.__table__.c
    settled = func.count(case((and_(c.closed_at.is_not(None), c.closed_at <= c.due_at), 1)))
    opened = and_(c.opened_at >= span.start, c.opened_at < span.end)
    row = db.session.execute(select(func.count(), settled).where(opened)).one()
    return row[0], row[1]


def caseloads() -> dict[int | None, int]:
    """How many people who use the service now each key worker has; under None, those who have none."""
    rows = db.session.execute(
        select(_C.key_worker_id, func.count()).where(_C.active, _C.merged_into.is_(None)).group_by(_C.key_worker_id)
    )
    return {row[0]: row[1] for row in rows}
