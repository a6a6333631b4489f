"""What a token may be told of the place of something: never that a confidential venue exists (SAFETY.md 7)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from marshmallow import fields

from scheduler.errors import InTheWay
from scheduler.services.visibility import NEUTRAL_LABEL, assigned, knows_of, label_for
from scheduler.store import desk
from scheduler.store import venues as venue_store
from scheduler.web.api.fields import Schema
from scheduler.web.security import current_actor


class PlaceSchema(Schema):
    """Where something is held. The id is null, and the name neutral, for a place that this token may not know of."""

    id = fields.Integer(allow_none=True, required=True)
    name = fields.String(required=True)


class Places:
    """The places of several things, read in two queries."""

    def __init__(self, venue_ids: Iterable[int]) -> None:
        self.actor = current_actor()
        self.rows = desk.venues(set(venue_ids))
        hidden = any(row.confidential for row in self.rows.values())
        self.mine = assigned(self.actor) if hidden else frozenset()

    def known(self, venue_id: int) -> bool:
        """May this token know of the venue?"""
        row = self.rows.get(venue_id)
        return row is not None and knows_of(row, self.actor, self.mine)

    def place(self, venue_id: int) -> dict[str, Any]:
        """The venue as a `PlaceSchema` shows it."""
        if not self.known(venue_id):
            return {"id": None, "name": NEUTRAL_LABEL}
        return {"id": venue_id, "name": label_for(self.rows[venue_id], self.actor, self.mine)}


def known_blockers(error: InTheWay) -> tuple[list[int], list[int]]:
    """The appointments and sessions in the way of an edit that are at venues which this token may know of."""
    appointments = venue_store.appointments_by_ids(error.blockers) if error.blockers else ()
    sessions = venue_store.sessions_by_ids(error.sessions) if error.sessions else ()
    places = Places({row.venue_id for row in (*appointments, *sessions)})
    return (
        [row.id for row in appointments if places.known(row.venue_id)],
        [row.id for row in sessions if places.known(row.venue_id)],
    )
