"""The access log as it is asked: who looked at which exclusion, the latest first, found by `exclusion_look`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Row, and_, or_, select

from scheduler.extensions import db
from scheduler.models import ApiToken, AuditRecord, ExclusionLook

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_R, _L = AuditRecord.__table__.c, ExclusionLook.__table__.c


def page(
    limit: int,
    before: int | None = None,
    exclusion: int | None = None,
    who: tuple[str, int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Columns]:
    """Looks that showed an exclusion, and looks at this log, the latest first, from the one before the id `before`: at
    this exclusion, by this one (kind and id), in `since <= at < until`. One query."""
    query = select(_R.id, _R.at, _R.actor_kind, _R.actor_id, _R.subject_kind, _R.subject_id)
    shown = select(_L.exclusion_id).where(_L.audit_id == _R.id)
    if exclusion is not None:
        query = query.join_from(AuditRecord.__table__, ExclusionLook.__table__, _L.audit_id == _R.id)
        query = query.where(_L.exclusion_id == exclusion).order_by(_L.audit_id.desc())
    else:
        looked = and_(_R.action == "look", _R.subject_kind == "access-log")
        query = query.where(or_(shown.exists(), looked)).order_by(_R.id.desc())
    if before is not None:
        query = query.where(_R.id < before)
    if who is not None:
        query = query.where(_R.actor_kind == who[0], _R.actor_id == who[1])
    if since is not None:
        query = query.where(_R.at >= since)
    if until is not None:
        query = query.where(_R.at < until)
    return list(db.session.execute(query.limit(limit)))


def shown_by(records: Collection[int]) -> dict[int, tuple[int, ...]]:
    """The exclusions that each of these looks showed. One query."""
    found: dict[int, tuple[int, ...]] = {}
    query = select(_L.audit_id, _L.exclusion_id).where(_L.audit_id.in_(tuple(records)))
    for record, exclusion in db.session.execute(query.order_by(_L.audit_id, _L.exclusion_id)):
        found[record] = (*found.get(record, ()), exclusion)
    return found


def token_names(ids: Collection[int]) -> dict[int, str]:
    """The names of these tokens of the API."""
    query = select(ApiToken.id, ApiToken.name).where(ApiToken.id.in_(tuple(ids)))
    return {row.id: row.name for row in db.session.execute(query)}


__all__ = ["page", "shown_by", "token_names"]
