"""What a search reads of those whom she is kept from is less than all there is, and merged: it bars what all does.

`reading_everything` is the slow and obvious way beside it: every presence of every one of them, wherever it is.
"""

from __future__ import annotations

import itertools
import random
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from scheduler.extensions import db
from scheduler.models import Appointment, Series, Session
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.separation import Gatekeeper, barriers
from scheduler.services import asking, booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Wanted
from scheduler.store import diary, nearby, separation
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

QUARTER = timedelta(minutes=15)
_numbers = itertools.count(1)


def attend(client: int, session: int, start: datetime, minutes: int = 30, mode: str = "in-person") -> None:
    """An appointment straight into the table, whatever any rule says of it."""
    held, end = db.session.get_one(Session, session), start + timedelta(minutes=minutes)
    here = (start - QUARTER, end + QUARTER) if mode == "in-person" else (None, None)
    db.session.add(
        Appointment(
            client_id=client, own_number=next(_numbers), session_id=session, venue_id=held.venue_id,
            site_id=held.site_id, type_id=held.types[0], mode=mode, start=start, end=end, busy_from=start,
            busy_until=end, present_from=here[0], present_until=here[1], created_at=at(8), updated_at=at(8),
        )
    )  # fmt: skip
    db.session.commit()


def make_series(venue: int) -> int:
    row = Series(
        venue_id=venue, title="Stay and talk", rule="FREQ=WEEKLY", first_day=date(2026, 3, 2), at_minute=600,
        minutes=60, kind="group", modes=["in-person"], types=[], staff=[],
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row.id


class Hub:
    """A site where she looks on Tuesday the 3rd, the site opposite, and one that is far; a group of each sort."""

    def __init__(self) -> None:
        self.sites = [make.make_site(name) for name in ("Mill Lane", "Opposite", "Elm Road")]
        make.make_neighbours(*self.sites[:2])
        self.here, self.opposite, self.far = (make.make_venue(site) for site in self.sites)
        self.type, self.worker = make.make_type(horizon_days=900), make.make_staff()
        self.she, self.he = make.make_client(), make.make_client()
        make.make_session(self.here, at(9, day=1), at(17, day=1), (self.worker,), (self.type,))

    def group(self, venue: int, day: int, mode: str = "in-person", series: int | None = None) -> int:
        return make.make_session(
            venue, at(18, day=day), at(19, day=day), (), (self.type,), kind="group", modes=[mode], seats=9,
            series_id=series,
        )  # fmt: skip

    def offered(self) -> set[datetime]:
        wanted = Wanted(self.she, self.type, at(0, day=1), at(24, day=1), venues=(self.here,))
        return {offer.start for offer in booking.offers(SYSTEM, wanted)}


@pytest.mark.parametrize("separation", ["gap", "day", "series", "site"])
def test_her_times_are_lost_to_him_at_the_site_opposite_and_to_none_far_away(separation: str) -> None:
    hub = Hub()
    make.make_exclusion(hub.she, hub.he, separation=separation)
    free = hub.offered()
    attend(hub.he, make.make_session(hub.far, at(12, day=1), at(13, day=1), (), (hub.type,)), at(12, day=1))
    assert hub.offered() == free
    attend(hub.he, make.make_session(hub.opposite, at(12, day=1), at(13, day=1), (), (hub.type,)), at(12, day=1))
    lost = {start for start in free if at(11) - timedelta(minutes=30) < start - timedelta(days=1) < at(13, 30)}
    assert hub.offered() == (free - lost if separation == "gap" else set())


@pytest.mark.parametrize("separation", ["gap", "day", "series", "site"])
def test_an_online_group_that_he_is_in_is_not_offered_wherever_it_is_kept(separation: str) -> None:
    hub = Hub()
    make.make_exclusion(hub.she, hub.he, separation=separation)
    group = hub.group(hub.here, 1, "video")
    assert at(18, day=1) in hub.offered()
    attend(hub.he, group, at(18, day=1), 60, "video")
    assert at(18, day=1) not in hub.offered()
    # As it is kept after the session was moved to here from a venue of another site.
    db.session.query(Appointment).update({"site_id": hub.sites[2], "venue_id": hub.far})
    db.session.commit()
    assert at(18, day=1) not in hub.offered()


@pytest.mark.parametrize(("separation", "kept"), [("gap", False), ("day", False), ("series", True), ("site", True)])
@pytest.mark.parametrize("day", [-400, 500])
def test_a_group_whose_series_he_is_in_on_a_far_date_and_place_is_not_offered(
    separation: str, kept: bool, day: int
) -> None:
    hub = Hub()
    make.make_exclusion(hub.she, hub.he, separation=separation)
    series = make_series(hub.here)
    hub.group(hub.here, 1, series=series)
    attend(hub.he, hub.group(hub.far, day, series=series), at(18, day=day), 60)
    assert (at(18, day=1) not in hub.offered()) is kept


def test_one_of_two_who_are_kept_away_alike_does_not_hide_the_other() -> None:
    """Their presences are merged, and those of a third, who is kept away further, are not."""
    hub = Hub()
    men = [hub.he, make.make_client(), make.make_client()]
    for he, gap in zip(men, (30, 30, 120), strict=True):
        make.make_exclusion(hub.she, he, gap_minutes=gap)
    free = hub.offered()
    for he, hour in zip(men, (10, 10, 15), strict=True):
        attend(he, make.make_session(hub.here, at(9, day=1), at(17, day=1), (), (hub.type,)), at(hour, day=1))
    attend(men[1], make.make_session(hub.here, at(9, day=1), at(17, day=1), (), (hub.type,)), at(10, 30, day=1))
    # He and the other from 9:45 to 11:15, half an hour apart and hers of an hour; the third from 14:45, two hours.
    assert hub.offered() == {start for start in free if at(12, day=1) <= start < at(12, 15, day=1)}


# --- the slow and obvious way -----------------------------------------------------------------------------------------


class Town:
    """Five sites of which some see each other, a week of sessions of every kind, and twelve people who come to them."""

    def __init__(self, chance: random.Random) -> None:
        sites = [make.make_site() for _ in range(5)]
        make.make_neighbours(sites[0], sites[1])
        make.make_neighbours(sites[1], sites[2])
        zones = ("Europe/London", "America/New_York")
        self.venues = [make.make_venue(sites[n % 5], zone=chance.choice(zones)) for n in range(8)]
        self.type = make.make_type()
        self.she = make.make_client()
        self.others = [make.make_client() for _ in range(9)]
        self.workers = [make.make_staff() for _ in range(3)]
        series = [make_series(venue) for venue in self.venues[:2]]
        sessions = []
        for _ in range(40):
            start = at(chance.randrange(24), chance.choice((0, 15, 50)), day=chance.randrange(-3, 11))
            kind = chance.choice(list(Kind))
            sessions.append(
                make.make_session(
                    chance.choice(self.venues), start, start + chance.choice((1, 3, 9)) * 4 * QUARTER,
                    tuple(chance.sample(self.workers, 1)), (self.type,), kind=str(kind), seats=9,
                    modes=chance.choice((["in-person"], ["video"], ["in-person", "video"])),
                    series_id=chance.choice(series) if kind is Kind.GROUP and chance.random() < 0.7 else None,
                )
            )  # fmt: skip
        for _ in range(60):
            held = db.session.get_one(Session, chance.choice(sessions))
            minutes = chance.choice((30, 60))
            start = held.start + timedelta(minutes=5 * chance.randrange(12))
            attend(chance.choice([self.she, *self.others]), held.id, start, minutes, chance.choice(held.modes))
        for _ in range(chance.randrange(1, 12)):
            values: dict[str, Any] = {
                "separation": chance.choice(("gap", "gap", "day", "series", "site")),
                "gap_minutes": chance.choice((0, 30, 90)), "sites": tuple(chance.sample(sites, 1)),
            }  # fmt: skip
            if chance.random() < 0.2:
                make.make_exclusion(self.she, chance.choice(self.workers), kind="staff", **values)
            else:
                pair = [self.she, chance.choice(self.others)]
                chance.shuffle(pair)
                make.make_exclusion(*pair, **values)


def reading_everything(she: int, span: Interval) -> Gatekeeper:
    """Every rule about every presence of everyone whom she is kept from."""
    kept = separation.aparts(separation.Person("client", she))
    others = {apart.other for apart in kept}
    presences = [*separation.presences(others, *span), *separation.enrolled(others)]
    return Gatekeeper(barriers(kept, presences, nearby.neighbours()))


@pytest.mark.parametrize("seed", range(12))
def test_a_search_bars_what_is_barred_when_everything_is_read(seed: int) -> None:
    chance = random.Random(seed)
    town = Town(chance)
    start, until = at(0, day=1), at(0, day=6)
    person = diary.client(town.she)
    assert person is not None
    for venues in (town.venues, *([venue] for venue in town.venues)):
        openings = [held.opening for held in diary.sessions(start, until, venues)]
        span = Interval(start, until + diary.LONGEST)
        asker, slow = asking.asker_for(person, openings, span), reading_everything(town.she, span)
        assert set(asker.own) >= set(diary.own(town.she, *span))
        for opening in openings:
            for mode in Mode.IN_PERSON, Mode.VIDEO:
                place = opening.session, opening.series
                site = opening.site if mode == Mode.IN_PERSON else None
                assert asker.gate.admits_session(site, *place) == slow.admits_session(site, *place)
            for minute in range(-60, 60 * 24 + 60, 5):
                begins = opening.span.start + timedelta(minutes=minute)
                there = opening.site, begins, begins + QUARTER
                assert asker.gate.admits_presence(*there) == slow.admits_presence(*there)
