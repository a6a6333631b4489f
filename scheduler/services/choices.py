"""What she could really choose from, what she narrowed it by and what she took: counted once a visit (NEEDS N8).

The numbers are of the two weeks ahead, with nothing narrowed. Of someone in request mode they are the public
timetable's, so that nothing here rests on, or tells of, who is kept from whom (SAFETY.md 4.2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import OfferedChoice
from scheduler.rules.audience import Audience
from scheduler.rules.presence import Kind, Mode
from scheduler.services import booking
from scheduler.services.actors import Actor
from scheduler.services.booking import Wanted
from scheduler.services.transaction import use_case
from scheduler.store import choosing as store

#: How far ahead is counted, and for how long it is kept whose choice it was.
AHEAD, KEPT = timedelta(days=14), timedelta(days=30)
_O = OfferedChoice.__table__


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there was: places to come to, ways, days, women to be seen by, and sessions for women only."""

    places: int
    modes: int
    days: int
    women_workers: int
    women_only: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What she said she would have: true where she said anything at all."""

    how: bool = False
    where: bool = False
    when: bool = False
    who: bool = False
    women_only: bool = False
    children: bool = False


@dataclass(frozen=True, slots=True)
class Took:
    """What she took. `staff` is the worker, None in a group."""

    mode: str
    staff: int | None
    women_only: bool


def on_offer(actor: Actor, client_id: int, type_id: int) -> Counts:
    """How much this client could choose from on her own link. Reads only."""
    now = clock.now()
    found: list[tuple[int, int, str, datetime, int | None]]
    if booking.in_request_mode(client_id):
        found = [
            (session, venue, str(mode), start, None)
            for mode in Mode
            for session, venue, start, _end in booking.timetable(client_id, type_id, mode, now, now + AHEAD)
        ]
    else:
        found = [
            (offer.session, offer.venue, str(offer.mode), offer.start, offer.staff)
            for offer in booking.offers(actor, Wanted(client_id, type_id, now, now + AHEAD))
        ]
    zones = {row.id: ZoneInfo(row.zone) for row in store.zones({each[1] for each in found})}
    rows = store.of_sessions({each[0] for each in found})
    seen = {each[4] for each in found if each[4] is not None}
    women = {row.woman for row in rows if row.woman is not None and (not seen or row.woman in seen)}
    women |= {row.woman for row in rows if row.woman is not None and row.kind != Kind.ONE_TO_ONE}
    return Counts(
        len({each[1] for each in found if each[2] == Mode.IN_PERSON}), len({each[2] for each in found}),
        len({each[3].astimezone(zones[each[1]]).date() for each in found}), len(women),
        len({row.id for row in rows if row.audience == Audience.WOMEN}),
    )


def note(
    actor: Actor, client_id: int, type_id: int, outcome: str, asked: Asked, took: Took | None = None,
    earlier: int | None = None,
) -> int:
    """Write down what came of this visit: booked, moved, asked, waiting or nothing. Gives the row's id; with `earlier`,
    the row that the same visit has already, that one is changed, so that a visit is counted once.

    The counting is done before the transaction: it reads two weeks of everything, and nobody's booking may wait for it
    or be made to try again by it.
    """
    counts = on_offer(actor, client_id, type_id)
    women = store.is_woman(took.staff) if took is not None else None
    values = {
        **asdict(counts),
        **{f"asked_{name}": value for name, value in asdict(asked).items()},
        "type_id": type_id, "outcome": outcome, "took_mode": took.mode if took else None, "took_woman": women,
        "took_women_only": took.women_only if took else None,
    }
    return _write(client_id, values, earlier)


@use_case
def _write(client_id: int, values: dict[str, Any], earlier: int | None) -> int:
    if earlier is not None:
        mine = (_O.c.id == earlier, _O.c.client_id == client_id, _O.c.type_id == values["type_id"])
        if db.session.execute(update(_O).where(*mine).values(**values).returning(_O.c.id)).first() is not None:
            return earlier
    made = insert(_O).values(client_id=client_id, day=clock.now().date(), **values).returning(_O.c.id)
    return int(db.session.execute(made).scalar_one())


@use_case
def forget_whose() -> int:
    """Let go of whose choice it was, a month later; the numbers stay. Gives how many."""
    before = (clock.now() - KEPT).date()
    old = update(_O).where(_O.c.day < before, _O.c.client_id.is_not(None)).values(client_id=None)
    return int(db.session.execute(old).rowcount)  # type: ignore[attr-defined]
