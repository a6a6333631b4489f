"""Reading exclusions, their history and matches, for those who may. Who looked is recorded by the services."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, func, or_, select

from scheduler.extensions import db
from scheduler.models import (
    AppointmentType,
    Client,
    Exclusion,
    ExclusionEvent,
    ExclusionSite,
    Match,
    NamedPerson,
    Site,
    Staff,
    TimeRequest,
)

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_X, _N, _M, _C = Exclusion.__table__.c, NamedPerson.__table__.c, Match.__table__.c, Client.__table__.c

_WITH_PEOPLE = (
    select(
        Exclusion.__table__, _N.names, _N.date_of_birth, _N.phone, _N.description, _N.too_little, _C.given_name,
        _C.family_name, _C.reference, _C.key_worker_id,
    )
    .select_from(
        Exclusion.__table__.join(NamedPerson.__table__, _N.id == _X.named_person_id).join(
            Client.__table__, _C.id == _X.client_id
        )
    )
)  # fmt: skip


def exclusion(exclusion_id: int) -> Columns | None:
    """One exclusion with whom it names and whom it protects, or None."""
    return db.session.execute(_WITH_PEOPLE.where(_X.id == exclusion_id)).first()


def protecting(client_id: int) -> list[Columns]:
    """The exclusions that protect a client, those in force first."""
    query = _WITH_PEOPLE.where(_X.client_id == client_id).order_by(_X.active.desc(), _X.id.desc())
    return list(db.session.execute(query))


def page(after: int | None, limit: int, active: bool | None = None) -> list[Columns]:
    """Exclusions in the order of their ids, from the one after `after`."""
    query = _WITH_PEOPLE.order_by(_X.id).limit(limit)
    if after is not None:
        query = query.where(_X.id > after)
    if active is not None:
        query = query.where(_X.active == active)
    return list(db.session.execute(query))


def of_named(named_id: int) -> list[int]:
    """The exclusions that name this person."""
    return list(db.session.execute(select(_X.id).where(_X.named_person_id == named_id).order_by(_X.id)).scalars())


def waiting(today: date, limit: int) -> list[Columns]:
    """Exclusions in force that a lead must look at: past their review date, half closed, or naming someone of whom too
    little is known."""
    due = or_(_X.review_on < today, _X.closing_by.is_not(None), _N.too_little)
    query = _WITH_PEOPLE.where(_X.active, due).order_by(_X.closing_by.is_(None), _X.review_on, _X.id).limit(limit)
    return list(db.session.execute(query))


def sites_of(exclusions: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The sites listed on each of these exclusions."""
    found: dict[int, tuple[int, ...]] = {}
    if exclusions:
        query = select(ExclusionSite.exclusion_id, ExclusionSite.site_id)
        query = query.where(ExclusionSite.exclusion_id.in_(tuple(exclusions))).order_by(ExclusionSite.site_id)
        for exclusion_id, site in db.session.execute(query):
            found[exclusion_id] = (*found.get(exclusion_id, ()), site)
    return found


def sites(ids: Collection[int] | None = None) -> dict[int, str]:
    """The names of these sites, or of all."""
    query = select(Site.id, Site.name)
    if ids is not None:
        query = query.where(Site.id.in_(tuple(ids)))
    return {row[0]: row[1] for row in db.session.execute(query)}


def history(exclusion_id: int) -> list[Columns]:
    """Everything that happened to an exclusion, the latest first, with who did it."""
    query = (
        select(
            ExclusionEvent.id, ExclusionEvent.at, ExclusionEvent.what, ExclusionEvent.detail, Staff.given_name,
            Staff.family_name,
        )
        .outerjoin(Staff, Staff.id == ExclusionEvent.staff_id)
        .where(ExclusionEvent.exclusion_id == exclusion_id)
        .order_by(ExclusionEvent.id.desc())
    )
    return list(db.session.execute(query))


def staff_names(ids: Collection[int]) -> dict[int, str]:
    """The names of these members of staff."""
    if not ids:
        return {}
    query = select(Staff.id, Staff.given_name, Staff.family_name).where(Staff.id.in_(tuple(ids)))
    return {row.id: f"{row.given_name} {row.family_name}".strip() for row in db.session.execute(query)}


def matches_of(named_id: int) -> list[Columns]:
    """Everyone who may be, is or is not this named person, the likeliest first."""
    query = select(Match.__table__).where(_M.named_person_id == named_id).order_by(_M.score.desc(), _M.id)
    return list(db.session.execute(query))


def match(match_id: int) -> Columns | None:
    """One match, or None."""
    return db.session.execute(select(Match.__table__).where(_M.id == match_id)).first()


def undecided(limit: int) -> list[Columns]:
    """Possible matches to persons whom an exclusion in force names, the likeliest first, with what is known of them and
    one such exclusion."""
    query = (
        select(
            _M.id, _M.named_person_id, _M.person_kind, _M.person_id, _M.score, _M.why, _M.found_at, _M.decided_at,
            _N.names, func.min(_X.id).label("exclusion_id"),
        )
        .select_from(
            Match.__table__.join(NamedPerson.__table__, _N.id == _M.named_person_id).join(
                Exclusion.__table__, and_(_X.named_person_id == _N.id, _X.active)
            )
        )
        .where(_M.state == "possible")
        .group_by(*Match.__table__.c, *NamedPerson.__table__.c)
        .order_by(_M.score.desc(), _M.id)
        .limit(limit)
    )
    return list(db.session.execute(query))


def count_undecided() -> int:
    """How many possible matches there are to persons whom an exclusion in force names."""
    query = (
        select(func.count(_M.id.distinct()))
        .select_from(Match.__table__.join(Exclusion.__table__, _X.named_person_id == _M.named_person_id))
        .where(_M.state == "possible", _X.active)
    )
    return db.session.execute(query).scalar_one()


def requests(limit: int) -> list[Columns]:
    """Open requests for times, the oldest first, with who asks for what."""
    query = (
        select(
            TimeRequest.id, TimeRequest.client_id, TimeRequest.type_id, TimeRequest.mode, TimeRequest.wishes,
            TimeRequest.made_at, Client.given_name, Client.family_name, Client.reference,
            AppointmentType.name.label("kind"),
        )
        .join(Client, Client.id == TimeRequest.client_id)
        .join(AppointmentType, AppointmentType.id == TimeRequest.type_id)
        .where(TimeRequest.state == "open")
        .order_by(TimeRequest.made_at, TimeRequest.id)
        .limit(limit)
    )
    return list(db.session.execute(query))
