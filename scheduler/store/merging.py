"""What two records of a client hold, and which records were made one."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, or_, select

from scheduler.extensions import db
from scheduler.models import (
    Alert,
    Appointment,
    Client,
    ClientMerge,
    EligibilityDecision,
    Exclusion,
    Match,
    Override,
    Stay,
    TimeRequest,
    Venue,
)
from scheduler.store.diary import COUNTED_STATES

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _X, _M, _G = Appointment.__table__.c, Exclusion.__table__.c, Match.__table__.c, ClientMerge.__table__.c


def appointments(client: int) -> list[Columns]:
    """Every appointment of a client, in any state, by its own number."""
    return list(db.session.execute(select(Appointment.__table__).where(_A.client_id == client).order_by(_A.own_number)))


def counted(client: int) -> list[Columns]:
    """The appointments of a client that count, in order of time."""
    query = select(Appointment.__table__).where(_A.client_id == client, _A.state.in_(COUNTED_STATES))
    return list(db.session.execute(query.order_by(_A.start, _A.id)))


def exclusions(client: int) -> list[Columns]:
    """The exclusions that protect a client, in force or not."""
    return list(db.session.execute(select(Exclusion.__table__).where(_X.client_id == client).order_by(_X.id)))


def exclusions_naming(client: int) -> list[int]:
    """The exclusions, in force or not, whose named person was ever matched to a client."""
    query = select(_X.id).join(Match.__table__, _M.named_person_id == _X.named_person_id)
    return list(db.session.execute(query.where(*_naming(client)).order_by(_X.id)).scalars())


def between(one: int, other: int) -> list[int]:
    """The exclusions, in force or not, that protect one of these clients and may name the other."""
    query = select(_X.id).join(Match.__table__, _M.named_person_id == _X.named_person_id)
    query = query.where(_M.person_kind == "client", _M.state != "dismissed")
    both = or_(
        (_X.client_id == one) & (_M.person_id == other), (_X.client_id == other) & (_M.person_id == one)
    )
    return list(db.session.execute(query.where(both).order_by(_X.id)).scalars())


def matches(client: int) -> list[Columns]:
    """Every match of a named person to this client, dismissed ones too."""
    return list(db.session.execute(select(Match.__table__).where(*_naming(client)).order_by(_M.id)))


def _naming(client: int) -> tuple[Any, Any]:
    return _M.person_kind == "client", _M.person_id == client


def matches_of(named: int) -> list[Columns]:
    """Everyone whom this named person was ever matched to."""
    return list(db.session.execute(select(Match.__table__).where(_M.named_person_id == named).order_by(_M.id)))


def stays(client: int) -> list[Columns]:
    """Where a client has stayed."""
    return list(db.session.execute(select(Stay.__table__).where(Stay.client_id == client).order_by(Stay.id)))


def stays_missing(client: int, now: datetime) -> dict[int, datetime]:
    """The confidential venues at which a client has had an appointment and never had a stay, with when the first
    was."""
    query = (
        select(_A.venue_id, _A.start)
        .join_from(Appointment.__table__, Venue.__table__, Venue.id == _A.venue_id)
        .where(_A.client_id == client, _A.state.in_(COUNTED_STATES), Venue.confidential, _A.start < now)
        .where(~select(Stay.id).where(Stay.client_id == client, Stay.venue_id == _A.venue_id).exists())
        .order_by(_A.start.desc())
    )
    return {row.venue_id: row.start for row in db.session.execute(query)}


def open_requests(client: int) -> list[int]:
    """The requests for times of a client that nobody has settled."""
    query = select(TimeRequest.id).where(TimeRequest.client_id == client, TimeRequest.state == "open")
    return list(db.session.execute(query.order_by(TimeRequest.id)).scalars())


def open_alerts(client: int) -> list[int]:
    """The alerts that a client came in, as a named person, which nobody has settled."""
    query = select(Alert.id).where(Alert.person_kind == "client", Alert.person_id == client, Alert.settled_at.is_(None))
    return list(db.session.execute(query.order_by(Alert.id)).scalars())


def overrides(client: int) -> list[Columns]:
    """The overrides asked for or given for a client: id, state, until, and whether it is about a time to be booked."""
    query = select(Override.id, Override.state, Override.until, Override.case_id.is_(None).label("books"))
    return list(db.session.execute(query.where(Override.client_id == client).order_by(Override.id)))


def last_decision(client: int) -> int:
    """The id of the last decision on a client's eligibility, 0 when there is none."""
    query = select(EligibilityDecision.id).where(EligibilityDecision.client_id == client)
    return db.session.execute(query.order_by(EligibilityDecision.id.desc()).limit(1)).scalar() or 0


def merge(merge_id: int) -> Columns | None:
    """One merge, or None."""
    return db.session.execute(select(ClientMerge.__table__).where(_G.id == merge_id)).first()


def of_client(client: int) -> list[Columns]:
    """Every merge that a record was ever in, the latest first."""
    query = select(ClientMerge.__table__).where(or_(_G.kept_id == client, _G.gone_id == client))
    return list(db.session.execute(query.order_by(_G.id.desc())))


def standing(kept: int) -> list[Columns]:
    """The merges into this record that were not taken apart."""
    query = select(ClientMerge.__table__).where(_G.kept_id == kept, _G.split_at.is_(None))
    return list(db.session.execute(query.order_by(_G.id)))


def under(client: int) -> set[int]:
    """The records that were merged into this one, or into one that was, and not taken apart since."""
    found: set[int] = set()
    frontier: Collection[int] = {client}
    while frontier:
        query = select(_G.gone_id).where(_G.kept_id.in_(tuple(frontier)), _G.split_at.is_(None))
        frontier = set(db.session.execute(query).scalars()) - found
        found |= frontier
    return found


def brief_records(ids: Collection[int]) -> dict[int, Columns]:
    """The names and references of these records, in use or not, with which record is in use instead."""
    columns = (Client.id, Client.given_name, Client.family_name, Client.reference, Client.merged_into)
    rows = db.session.execute(select(*columns).where(Client.id.in_(tuple(ids)))) if ids else ()
    return {row.id: row for row in rows}
