"""What the check of SAFETY.md 9 reads: every record that could show a broken invariant, streamed, in an order that lets
one pass find it. Rows only; `services.checks` judges them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    Column,
    LargeBinary,
    Row,
    Select,
    Table,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    type_coerce,
    union,
)

from scheduler.extensions import db
from scheduler.models import (
    ENROLMENT,
    Appointment,
    AuditRecord,
    Client,
    EligibilityDecision,
    Exclusion,
    ExclusionEvent,
    ExclusionSite,
    Match,
    Message,
    OpeningWindow,
    SafeContact,
    SafetyCase,
    Session,
    SessionStaff,
    SiteNeighbour,
    Staff,
    Stay,
    Venue,
)
from scheduler.models.types import EncryptedJSON, EncryptedText

_A, _S, _SS = Appointment.__table__.c, Session.__table__.c, SessionStaff.__table__.c
_V, _C, _X, _M = Venue.__table__.c, Client.__table__.c, Exclusion.__table__.c, Match.__table__.c

#: SAFETY.md 1, written out here once more on purpose: this reading must not follow a mistake in `rules.states`.
COUNTED = ("arrived", "booked", "checked-in", "fulfilled", "pending")
_CHUNK = 5000


def begin() -> None:
    """Read everything that follows as it stood at one moment, so that a booking made meanwhile looks whole."""
    db.session.rollback()
    if db.engine.dialect.name == "postgresql":
        db.session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    else:
        db.session.execute(text("SELECT 1"))


def end() -> None:
    """Let go of the moment that `begin` took."""
    db.session.rollback()


def _stream(query: Select[Any]) -> Iterator[Row[Any]]:
    yield from db.session.execute(query.execution_options(yield_per=_CHUNK))


class Place(NamedTuple):
    """What of a venue decides about presences at it."""

    id: int
    site_id: int
    zone: str
    confidential: bool
    arrive_early: int
    leave_late: int


def places() -> dict[int, Place]:
    """Every venue, by id."""
    rows = db.session.execute(
        select(_V.id, _V.site_id, _V.zone, _V.confidential, _V.arrive_early, _V.leave_late)
    )
    return {row.id: Place(*row) for row in rows}


def neighbours() -> dict[int, set[int]]:
    """For each site that has any, the sites whose doors are in sight of it, whichever way round it was recorded."""
    near: dict[int, set[int]] = defaultdict(set)
    for here, there in db.session.execute(select(SiteNeighbour.site_id, SiteNeighbour.neighbour_id)):
        near[here].add(there)
        near[there].add(here)
    return dict(near)


def women_windows() -> list[Row[Any]]:
    """Every opening window that is for women, with its venue's site and zone."""
    window = OpeningWindow.__table__.c
    query = select(
        _V.site_id, _V.zone, window.weekday, window.from_minute, window.until_minute, window.clear_before,
        window.clear_after, window.women_staff_only, window.valid_from, window.valid_until,
    ).join_from(OpeningWindow.__table__, Venue.__table__, _V.id == window.venue_id)
    return list(db.session.execute(query.where(window.audience == "women")))


def places_changed() -> dict[tuple[str, int], datetime]:
    """When each venue or site last changed in what decides about presences at it, by ("venue" or "site", id). Opening
    times, margins and neighbours keep no history of their own, so what was over by then cannot be judged by them."""
    record = AuditRecord.__table__.c
    query = (
        select(record.subject_kind, record.subject_id, func.max(record.at))
        .where(
            record.subject_kind.in_(("venue", "site")), record.subject_id.is_not(None),
            record.action.in_(("venue-add", "venue-edit", "opening-times", "site-neighbours")),
        )
        .group_by(record.subject_kind, record.subject_id)
    )
    return {(kind, place): at for kind, place, at in db.session.execute(query)}


def appointments_by_client() -> Iterator[Row[Any]]:
    """Counted appointments with their session's and client's part, each client's together and in order of time."""
    query = (
        select(
            _A.id, _A.client_id, _A.session_id, _A.venue_id, _A.site_id, _A.mode, _A.start, _A.end, _A.present_from,
            _A.present_until, _A.created_at, _C.eligibility, _S.kind, _S.audience, _S.start.label("opens"),
            _S.end.label("closes"), _S.venue_id.label("session_venue"), _S.site_id.label("session_site"),
            _S.cancelled_at, _S.updated_at,
        )
        .select_from(
            Appointment.__table__.join(Session.__table__, _S.id == _A.session_id).join(
                Client.__table__, _C.id == _A.client_id
            )
        )
        .where(_A.state.in_(COUNTED))
        .order_by(_A.client_id, _A.start, _A.id)
    )
    return _stream(query)


def appointments_by_worker() -> Iterator[Row[Any]]:
    """Counted appointments that have a worker, each worker's together and in order of time."""
    query = select(_A.id, _A.staff_id, _A.session_id, _A.start, _A.end, _A.busy_from, _A.busy_until)
    return _stream(
        query.where(_A.state.in_(COUNTED), _A.staff_id.is_not(None)).order_by(_A.staff_id, _A.start, _A.id)
    )


def overfull() -> list[Row[Any]]:
    """Sessions in which more people stand than it has seats, or more children than it has crèche places."""
    heads, children = func.count(_A.id), func.coalesce(func.sum(_A.creche), 0)
    query = (
        select(_S.id, _S.seats, _S.creche, heads.label("heads"), children.label("children"))
        .join_from(Session.__table__, Appointment.__table__, _A.session_id == _S.id)
        .where(_A.state.in_(COUNTED))
        .group_by(_S.id, _S.kind, _S.seats, _S.creche)
        .having(or_(and_(_S.kind != "one-to-one", _S.seats.is_not(None), heads > _S.seats), children > _S.creche))
        .order_by(_S.id)
    )
    return list(db.session.execute(query))


def sessions_by_room() -> Iterator[Row[Any]]:
    """Sessions that stand and have a room, each room's together and in order of time."""
    query = select(_S.id, _S.venue_id, _S.room, _S.start, _S.end, _S.modes).where(
        _S.cancelled_at.is_(None), _S.room.is_not(None)
    )
    return _stream(query.order_by(_S.venue_id, _S.room, _S.start, _S.id))


def sessions_at(sites: Sequence[int]) -> Iterator[Row[Any]]:
    """Sessions that stand at these sites, a row for each of their workers (or one with none), in order."""
    query = (
        select(
            _S.id, _S.site_id, _S.start, _S.end, _S.audience, _S.modes, _S.updated_at, _SS.staff_id, Staff.woman,
        )
        .select_from(
            Session.__table__.outerjoin(SessionStaff.__table__, _SS.session_id == _S.id).outerjoin(
                Staff.__table__, Staff.id == _SS.staff_id
            )
        )
        .where(_S.cancelled_at.is_(None), _S.site_id.in_(tuple(sites)))
        .order_by(_S.id, _SS.staff_id)
    )
    return _stream(query)


def shifts() -> Iterator[Row[Any]]:
    """Workers in sessions that stand, each worker's together and in order of time; with the session's own times."""
    query = (
        select(
            _SS.staff_id, _SS.session_id, _SS.start, _SS.end, _S.start.label("opens"), _S.end.label("closes"),
        )
        .join_from(SessionStaff.__table__, Session.__table__, _S.id == _SS.session_id)
        .where(_S.cancelled_at.is_(None))
    )
    return _stream(query.order_by(_SS.staff_id, _S.start, _SS.session_id))


def on_merged_records() -> list[tuple[str, int, int]]:
    """What is still held by a record that was merged into another: (what, id, record)."""
    gone = _C.merged_into.is_not(None)
    other = Client.__table__.alias("other")
    queries = (
        select(literal("appointment"), _A.id, _A.client_id)
        .join_from(Appointment.__table__, Client.__table__, _C.id == _A.client_id)
        .where(gone, _A.state.in_(COUNTED)),
        select(literal("exclusion"), _X.id, _X.client_id)
        .join_from(Exclusion.__table__, Client.__table__, _C.id == _X.client_id)
        .where(gone, _X.active),
        select(literal("match"), _M.id, _M.person_id)
        .join_from(Match.__table__, Client.__table__, _C.id == _M.person_id)
        .where(gone, _M.person_kind == "client", _M.state != "dismissed"),
        # Whatever finds the one is told of the other, which must be in use itself.
        select(literal("record"), other.c.id, _C.id)
        .join_from(Client.__table__, other, other.c.id == _C.merged_into)
        .where(other.c.merged_into.is_not(None)),
    )
    return [(what, ident, record) for query in queries for what, ident, record in db.session.execute(query)]


def kept_apart() -> list[Row[Any]]:
    """Every pair that an exclusion in force keeps apart, and since when it has stood as it does: from its recording,
    its last change, the finding of the match, or a merge that changed whom it reaches, whichever came last."""
    event = ExclusionEvent.__table__.c
    changed = (
        select(event.exclusion_id, func.max(event.at).label("at"))
        .where(event.what.in_(("recorded", "changed", "reopened", "records-merged", "records-split")))
        .group_by(event.exclusion_id)
        .subquery("changed")
    )
    query = (
        select(
            _X.id, _X.client_id, _X.separation, _X.gap_minutes, _X.recorded_at, _M.person_kind, _M.person_id,
            _M.found_at, _M.decided_at, changed.c.at.label("changed_at"),
        )
        .select_from(
            Exclusion.__table__.join(Match.__table__, _M.named_person_id == _X.named_person_id).outerjoin(
                changed, changed.c.exclusion_id == _X.id
            )
        )
        .where(_X.active, _M.state != "dismissed")
        .order_by(_X.id, _M.id)
    )
    return list(db.session.execute(query))


def closed_sites() -> dict[int, set[int]]:
    """The sites that each `site` exclusion in force closes to the person it names."""
    found: dict[int, set[int]] = defaultdict(set)
    query = (
        select(ExclusionSite.exclusion_id, ExclusionSite.site_id)
        .join(Exclusion, Exclusion.id == ExclusionSite.exclusion_id)
        .where(_X.active, _X.separation == "site")
    )
    for exclusion, site in db.session.execute(query):
        found[exclusion].add(site)
    return dict(found)


def appointments_of_kept_apart() -> Iterator[Row[Any]]:
    """Counted appointments of every client on either side of an exclusion in force."""
    people = union(
        select(_X.client_id.label("id")).where(_X.active),
        select(_M.person_id.label("id"))
        .join_from(Match.__table__, Exclusion.__table__, _X.named_person_id == _M.named_person_id)
        .where(_X.active, _M.state != "dismissed", _M.person_kind == "client"),
    ).subquery("people")
    query = (
        select(
            _A.id, _A.client_id, _A.session_id, _A.venue_id, _A.site_id, _A.staff_id, _A.mode, _A.start, _A.end,
            _A.present_from, _A.present_until, _A.created_at, _S.kind, ENROLMENT.label("series_id"),
            _S.start.label("opens"), _S.end.label("closes"),
        )
        .select_from(
            Appointment.__table__.join(people, people.c.id == _A.client_id).join(
                Session.__table__, _S.id == _A.session_id
            )
        )
        .where(_A.state.in_(COUNTED))
    )
    return _stream(query)


def shifts_of_kept_apart() -> Iterator[Row[Any]]:
    """Sessions that stand of every worker whom an exclusion in force names."""
    people = (
        select(_M.person_id.label("id"))
        .join_from(Match.__table__, Exclusion.__table__, _X.named_person_id == _M.named_person_id)
        .where(_X.active, _M.state != "dismissed", _M.person_kind == "staff")
        .distinct()
        .subquery("people")
    )
    query = (
        select(
            _SS.staff_id, _S.id, _S.venue_id, _S.site_id, _S.kind, ENROLMENT.label("series_id"), _S.modes, _S.start,
            _S.end,
        )
        .select_from(
            SessionStaff.__table__.join(people, people.c.id == _SS.staff_id).join(
                Session.__table__, _S.id == _SS.session_id
            )
        )
        .where(_S.cancelled_at.is_(None))
    )
    return _stream(query)


def cases() -> list[Row[Any]]:
    """Every safety case, open and closed."""
    case = SafetyCase.__table__.c
    return list(
        db.session.execute(
            select(
                case.exclusion_id, case.appointment_id, case.other_appointment_id, case.other_session_id,
                case.closed_at,
            )
        )
    )


def stays_by_client() -> dict[int, list[tuple[int, datetime, datetime | None]]]:
    """Who is recorded as staying where: (venue, since, until) by client."""
    found: dict[int, list[tuple[int, datetime, datetime | None]]] = defaultdict(list)
    for client, venue, since, until in db.session.execute(
        select(Stay.client_id, Stay.venue_id, Stay.since, Stay.until)
    ):
        found[client].append((venue, since, until))
    return found


def decisions() -> dict[int, datetime]:
    """When the eligibility of each client who is not eligible was last decided."""
    decision = EligibilityDecision.__table__.c
    query = (
        select(decision.client_id, func.max(decision.decided_at))
        .join_from(EligibilityDecision.__table__, Client.__table__, _C.id == decision.client_id)
        .where(_C.eligibility != "eligible")
        .group_by(decision.client_id)
    )
    return {row[0]: row[1] for row in db.session.execute(query)}


def texts_that_left() -> Iterator[Row[Any]]:
    """Every message that was claimed for sending, with the safe-contact record of its client as it is now and the
    state of its appointment. Messages about the same thing are together. `hours` comes as it is stored, encrypted."""
    message, contact = Message.__table__.c, SafeContact.__table__.c
    query = (
        select(
            message.id, message.client_id, message.appointment_id, message.appointment_version, message.purpose,
            message.state, message.on_day, message.claimed_at, message.send_after, message.send_before, contact.safe,
            type_coerce(contact.hours, LargeBinary).label("hours"), contact.review_on, contact.checked_at,
            _A.state.label("appointment_state"), _A.updated_at.label("appointment_changed"), _A.start,
        )
        .select_from(
            Message.__table__.outerjoin(
                SafeContact.__table__, and_(contact.client_id == message.client_id, contact.channel == "sms")
            ).outerjoin(Appointment.__table__, _A.id == message.appointment_id)
        )
        .where(message.claimed_at.is_not(None))
        .order_by(message.appointment_id, message.purpose, message.appointment_version, message.id)
    )
    return _stream(query)


def encrypted_columns() -> list[tuple[Table, list[Column[Any]]]]:
    """Every table that has encrypted columns, and which they are."""
    found = []
    for table in db.metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, EncryptedText)]
        if columns:
            found.append((table, columns))
    return found


def stored_blobs(table: Table, columns: Sequence[Column[Any]]) -> Iterator[tuple[str, list[tuple[str, bool, bytes]]]]:
    """Each row's key as text, and its encrypted values as they lie in the database: (bound to, is JSON, bytes)."""
    keys = list(table.primary_key.columns)
    types = [column.type for column in columns]
    bound = [(each.column, isinstance(each, EncryptedJSON)) for each in types if isinstance(each, EncryptedText)]
    query = select(*keys, *(type_coerce(column, LargeBinary).label(f"v{n}") for n, column in enumerate(columns)))
    for row in _stream(query):
        values = [
            (name, is_json, bytes(value))
            for (name, is_json), value in zip(bound, row[len(keys) :], strict=True)
            if value is not None
        ]
        if values:
            yield "/".join(str(part) for part in row[: len(keys)]), values


def sizes() -> dict[str, int]:
    """How many clients, sessions, appointments, exclusions in force and open safety cases there are."""
    counts = {
        "clients": select(func.count()).select_from(Client.__table__),
        "sessions": select(func.count()).select_from(Session.__table__),
        "appointments": select(func.count()).select_from(Appointment.__table__),
        "exclusions in force": select(func.count()).select_from(Exclusion.__table__).where(_X.active),
        "open safety cases": select(func.count())
        .select_from(SafetyCase.__table__)
        .where(SafetyCase.closed_at.is_(None)),
    }
    return {what: db.session.execute(query).scalar_one() for what, query in counts.items()}
