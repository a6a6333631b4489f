"""What lies around a place: the sites in sight of its door, and the weekly opening times of its venues."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta

from sqlalchemy import select

from scheduler.extensions import db
from scheduler.models import OpeningWindow, SiteNeighbour, Venue
from scheduler.rules.audience import Audience, Window
from scheduler.store.diary import zone

_V, _W = Venue.__table__.c, OpeningWindow.__table__.c


def neighbours(sites: Collection[int] | None = None) -> dict[int, frozenset[int]]:
    """For each site, the sites whose doors are in sight of it, both ways round; around these sites, or for all."""
    query = select(SiteNeighbour.site_id, SiteNeighbour.neighbour_id)
    if sites is not None:
        query = query.where(SiteNeighbour.site_id.in_(tuple(sites)))
    return both_ways((site, neighbour) for site, neighbour in db.session.execute(query))


def both_ways(pairs: Iterable[tuple[int, int]]) -> dict[int, frozenset[int]]:
    """Each site of these pairs, with those that are in sight of it: a door that is seen sees."""
    near: dict[int, set[int]] = {}
    for site, neighbour in pairs:
        near.setdefault(site, set()).add(neighbour)
        near.setdefault(neighbour, set()).add(site)
    return {site: frozenset(others) for site, others in near.items()}


def windows(sites: Collection[int], audience: Audience | None = None) -> list[Window]:
    """The weekly opening times of every venue at these sites; those of one audience, or all."""
    query = (
        select(
            _W.venue_id, _V.site_id, _V.zone, _W.weekday, _W.from_minute, _W.until_minute, _W.audience,
            _W.clear_before, _W.clear_after, _W.women_staff_only, _W.valid_from, _W.valid_until,
        )
        .join_from(OpeningWindow.__table__, Venue.__table__, _V.id == _W.venue_id)
        .where(_V.site_id.in_(tuple(sites)))
    )
    if audience is not None:
        query = query.where(_W.audience == str(audience))
    return [
        Window(
            row.venue_id, row.site_id, row.weekday, row.from_minute, row.until_minute, zone(row.zone),
            Audience(row.audience), timedelta(minutes=row.clear_before), timedelta(minutes=row.clear_after),
            row.women_staff_only, row.valid_from, row.valid_until,
        )
        for row in db.session.execute(query)
    ]
