"""Times that are all or nothing: each of four places holds one half hour, and a time is lost whole, whatever the cause.

Every cause of SAFETY.md 4.1 can be given to any of them, so that what is told of one can be held against another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select, update

from scheduler.extensions import db
from scheduler.models import Session, Venue
from scheduler.services import booking, waiting_list
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice
from scheduler.services.waiting_list import Wish

from ..support import factories as make
from ..support.factories import at
from .town import write


class Slots:
    """Four places on four sites, each with a door in sight of it behind which others are seen for another reason; one
    half hour in each tomorrow, and one this morning; somebody who wants them, with an appointment on Wednesday, and
    someone whom they missed this morning; and a refuge."""

    def __init__(self, wanting: Mapping[str, Any]) -> None:
        self.talk, self.other = make.make_type(name="Catch-up"), make.make_type(name="Health check")
        self.sites, self.venues, self.workers, self.slots, self.beside = [], [], [], [], []
        for name in ("Riverside", "Hilltop", "Parkside", "Harbour"):
            site, sight = make.make_site(name), make.make_site(f"{name} Lodge")
            make.make_neighbours(site, sight)
            venue = make.make_venue(site, name=name, label=name)
            next_door = make.make_venue(sight, name=f"{name} Lodge")
            worker, another = make.make_staff(given_name=f"Ann {name}"), make.make_staff(given_name=f"Bea {name}")
            self.sites.append(site)
            self.venues.append(venue)
            self.workers.append(worker)
            self.slots.append(make.make_session(venue, at(10, 0, 1), at(10, 30, 1), (worker,), (self.talk,)))
            self.beside.append(make.make_session(next_door, at(8, 0, 1), at(18, 0, 1), (another,), (self.other,)))
        self.missed = make.make_session(self.venues[0], at(8), at(8, 30), (self.workers[0],), (self.talk,))
        make.make_session(self.venues[0], at(7), at(8), (self.workers[0],), (self.other,))
        self.beside_missed = make.make_session(
            self._venue_of(self.beside[0]), at(7), at(12), (self.workers[1],), (self.other,)
        )
        self.refuge = make.make_venue(name="Rosewood House", label="", confidential=True)
        refuge_worker = make.make_staff(given_name="Cat")
        self.hidden = make.make_session(self.refuge, at(10, 0, 1), at(10, 30, 1), (refuge_worker,), (self.talk,))
        self.hidden_worker = refuge_worker
        self.later = make.make_session(self.venues[3], at(10, 0, 2), at(12, 0, 2), (self.workers[3],), (self.talk,))
        self.them = make.make_client(given_name="Robin", family_name="Pike", **wanting)
        make.make_safe_contact(self.them)
        self.stranger = make.make_client(given_name="Mina")
        choice = Choice(self.them, self.talk, self.later, self.workers[3], "in-person", at(11, 0, 2))
        self.own = booking.book(SYSTEM, choice).id
        waiting_list.join(SYSTEM, self.them, self.talk, Wish(weekdays=(1, 2)), at(0, 0, 20).date())

    def _venue_of(self, session: int) -> int:
        return int(db.session.execute(select(Session.venue_id).where(Session.id == session)).scalar_one())

    def missed_this_morning(self) -> int:
        """Their appointment of this morning, to which they did not come; to undo that, every rule is asked again."""
        return write(self.missed, self.them, at(8), self.workers[0], state="noshow")


Cause = Callable[[Slots, int], None]


def _kept_apart(separation: str = "gap", state: str = "confirmed", hour: int = 10, protected: str = "her") -> Cause:
    def apply(town: Slots, slot: int) -> None:
        her = make.make_client(given_name="Alma")
        who, whom = (her, town.them) if protected == "her" else (town.them, her)
        make.make_exclusion(who, whom, state=state, separation=separation)
        worker = None
        write(town.beside[slot], her, at(hour, 0, 1), worker, minutes=30)

    return apply


def _never_there(town: Slots, slot: int) -> None:
    her = make.make_client(given_name="Alma")
    make.make_exclusion(her, town.them, separation="site", sites=(town.sites[slot],))


def _worker_named(town: Slots, slot: int) -> None:
    make.make_exclusion(town.them, town.workers[slot], kind="staff", state="possible")


def _taken(town: Slots, slot: int) -> None:
    write(town.slots[slot], town.stranger, at(10, 0, 1), town.workers[slot])


def _called_off(town: Slots, slot: int) -> None:
    values = {"cancelled_at": datetime(2026, 3, 1, tzinfo=UTC)}
    db.session.execute(update(Session).where(Session.id == town.slots[slot]).values(**values))
    db.session.commit()


def _for_women(town: Slots, slot: int) -> None:
    db.session.execute(update(Session).where(Session.id == town.slots[slot]).values(audience="women"))
    db.session.commit()


def _women_are_there(town: Slots, slot: int) -> None:
    make.open_all_day(town.venues[slot], "women", range(1, 2))


def _women_next_door(town: Slots, slot: int) -> None:
    make.open_all_day(town._venue_of(town.beside[slot]), "women", range(1, 2))


def _another_kind(town: Slots, slot: int) -> None:
    row = db.session.get(Session, town.slots[slot])
    assert row is not None
    row.types = [town.other]
    db.session.commit()


#: Why a time cannot be had by somebody who is not eligible for what is for women: every cause there is.
CAUSES: dict[str, Cause] = {
    "just taken": _taken,
    "kept apart, possibly": _kept_apart(state="possible"),
    "kept apart, surely": _kept_apart(),
    "kept apart, the other way round": _kept_apart(protected="them"),
    "kept apart for the day": _kept_apart("day", hour=16),
    "kept apart in a series": _kept_apart("series", hour=8),
    "never at this place": _never_there,
    "the worker is a named person": _worker_named,
    "called off": _called_off,
    "for women": _for_women,
    "women are there": _women_are_there,
    "women are next door": _women_next_door,
    "held for another reason": _another_kind,
}

#: Why a time cannot be had by a woman who is protected: of these, the first five are because of him.
HERS: dict[str, Cause] = {
    "he is next door": _kept_apart(protected="them"),
    "he may be next door": _kept_apart(state="possible", protected="them"),
    "he was there that morning": _kept_apart("day", hour=8, protected="them"),
    "he comes that afternoon": _kept_apart("site", "possible", 16, "them"),
    "her worker is a named person": _worker_named,
    "just taken": _taken,
    "called off": _called_off,
    "held for another reason": _another_kind,
}


def in_confidence(town: Slots, slot: int) -> None:
    """The half hour is at a refuge where they do not stay."""
    values = {"venue_id": town.refuge, "site_id": db.session.get_one(Venue, town.refuge).site_id}
    db.session.execute(update(Session).where(Session.id == town.slots[slot]).values(**values))
    db.session.commit()
