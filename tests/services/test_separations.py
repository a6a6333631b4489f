"""Keeping apart, through the services and the database: who, where, when and by which way in (SAFETY.md 1 and 2).

`tests/rules` asks the pure rules about every minute; here each scenario is booked, moved and edited as a desk would do
it. Whatever is said of her is said of him too, whichever of the two came first.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select, update

from scheduler import clock
from scheduler.errors import InTheWay, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Appointment, Match, TimeRequest
from scheduler.services import booking, cases, clients, exclusions, matches, requests, sessions, staff, sweep
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.sessions import SeriesDetails, SessionDetails
from scheduler.services.staff import StaffDetails
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")
LEAD = Actor("staff", None, "lead")
HALF = timedelta(minutes=30)

HERE, SAME_SITE, NEXT_DOOR, FAR, BARRED = "here", "same site", "next door", "far", "barred"
ALONE, GROUP, DROP_IN, PHONE, ONLINE = "alone", "group", "drop-in", "phone", "online group"


class Visit(NamedTuple):
    """When, where and how somebody comes: `start` is an instant, or minutes after midnight on the scenario's own day.
    Two visits with the same `together` are in one session."""

    start: datetime | int
    place: str = HERE
    how: str = ALONE
    minutes: int = 30
    together: str = ""


class Town:
    """Two venues at one site, one whose door is in sight of it, and two that are far; nobody is expected yet."""

    def __init__(self) -> None:
        here, near, far, barred = (make.make_site(name) for name in ("Mill Lane", "Opposite", "Elm Road", "Dock"))
        make.make_neighbours(here, near)
        self.sites = {HERE: here, SAME_SITE: here, NEXT_DOOR: near, FAR: far, BARRED: barred}
        self.places = {name: make.make_venue(site) for name, site in self.sites.items()}
        for venue in self.places.values():
            make.open_all_day(venue)
        self.type = make.make_type(most_minutes=240, horizon_days=900)
        self.workers = {name: make.make_staff() for name in self.places}
        self.made: dict[str, int] = {}
        self.day = 1

    def person(self, given: str, family: str = "Reyes", **values: Any) -> int:
        return clients.add(DESK, ClientDetails(given, family, **values))

    def keep(self, protects: int, separation: str = "gap", **values: Any) -> int:
        """An exclusion as a lead records it; one of `site` bars the dock."""
        sites = (self.sites[BARRED],) if separation == "site" else ()
        given = ExclusionDetails(protects, separation=separation, sites=sites, **values)
        return exclusions.record(SYSTEM, given).exclusion_id

    def couple(self, separation: str) -> tuple[int, int]:
        """A woman, and a man whom an exclusion of hers names."""
        she, he = self.person("Alma"), self.person("Gareth", "Pike")
        self.keep(she, separation, person=("client", he))
        return she, he

    def at(self, visit: Visit) -> datetime:
        if isinstance(visit.start, datetime):
            return visit.start
        return at(0, day=self.day) + timedelta(minutes=visit.start)

    def choice(self, client: int, visit: Visit) -> Choice:
        """A session for this visit, and what is asked for to have it."""
        start = self.at(visit)
        kind = {ALONE: "one-to-one", PHONE: "one-to-one", DROP_IN: "drop-in"}.get(visit.how, "group")
        mode = {PHONE: "phone", ONLINE: "video"}.get(visit.how, "in-person")
        worker = self.workers[visit.place] if kind == "one-to-one" else None
        session = self.made.get(visit.together)
        if session is None:
            end = start + timedelta(minutes=visit.minutes)
            session = make.make_session(
                self.places[visit.place], start, end, (worker,) if worker else (), (self.type,), kind=kind,
                modes=[mode], seats=None if worker else 9,
            )  # fmt: skip
            if visit.together:
                self.made[visit.together] = session
        minutes = {"group": None, "drop-in": 30}.get(kind, visit.minutes)
        return Choice(client, self.type, session, worker, mode, start, minutes)

    def book(self, client: int, visit: Visit) -> int:
        return booking.book(DESK, self.choice(client, visit)).id

    def may(self, client: int, visit: Visit) -> bool:
        return allowed(lambda: self.book(client, visit))


def allowed(act: Callable[[], Any]) -> bool:
    """Did it happen? A refusal is one of those that say nothing of why."""
    try:
        act()
    except (SlotUnavailable, InTheWay):
        return False
    return True


def nothing_was_let_in() -> None:
    """No two presences that clash stand, so that there is nothing for the sweep to find."""
    db.session.rollback()
    assert cases.find(None, None) == []
    assert sweep.run() == (0, 0)


@pytest.fixture
def town() -> Town:
    return Town()


# --- where and when ---------------------------------------------------------------------------------------------------

DAYS = ("day", "series", "site")
ALL = ("gap", *DAYS)
NONE = ()


def hm(hour: int, minute: int = 0) -> int:
    return 60 * hour + minute


def utc(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, month, day, hour, minute, tzinfo=UTC)


#: One of the two is there from 10:00 to 10:30, and so in the waiting room from 9:45 to 10:45.
TEN = Visit(hm(10))

#: What it is, the one's visit, the other's, and the separations that do not allow both.
SCENARIOS: list[tuple[str, Visit, Visit, tuple[str, ...]]] = [
    ("the same time and place", TEN, TEN, ALL),
    ("another venue at the same site", TEN, TEN._replace(place=SAME_SITE), ALL),
    ("the neighbouring site", TEN, TEN._replace(place=NEXT_DOOR), ALL),
    ("another site", TEN, TEN._replace(place=FAR), NONE),
    # to the minute: half-open, the gap itself is enough
    ("five minutes too near after", TEN, Visit(hm(11, 25)), ALL),
    ("just far enough after", TEN, Visit(hm(11, 30)), DAYS),
    ("five minutes too near before", TEN, Visit(hm(8, 35)), ALL),
    ("just far enough before", TEN, Visit(hm(8, 30)), DAYS),
    ("a group a minute too near after", TEN, Visit(hm(11, 29), how=GROUP), ALL),
    ("a group just far enough after", TEN, Visit(hm(11, 30), how=GROUP), DAYS),
    ("a group a minute further after", TEN, Visit(hm(11, 31), how=GROUP), DAYS),
    ("a group a minute too near before", TEN, Visit(hm(8, 31), how=GROUP), ALL),
    ("a group just far enough before", TEN, Visit(hm(8, 30), how=GROUP), DAYS),
    ("a group next door, a minute too near", TEN, Visit(hm(11, 29), NEXT_DOOR, GROUP), ALL),
    ("a group next door, just far enough", TEN, Visit(hm(11, 30), NEXT_DOOR, GROUP), DAYS),
    # come when you like: the whole of it, its last appointment and the margins (until 12:45)
    ("within a drop-in", Visit(hm(10), how=DROP_IN, minutes=120), Visit(hm(11)), ALL),
    ("a minute too near after a drop-in", Visit(hm(10), how=DROP_IN, minutes=120), Visit(hm(13, 29), how=GROUP), ALL),
    ("just far enough after a drop-in", Visit(hm(10), how=DROP_IN, minutes=120), Visit(hm(13, 30), how=GROUP), DAYS),
    ("a drop-in a minute too near after", TEN, Visit(hm(11, 29), how=DROP_IN, minutes=120), ALL),
    ("a drop-in just far enough after", TEN, Visit(hm(11, 30), how=DROP_IN, minutes=120), DAYS),
    ("a drop-in a minute too near before", TEN, Visit(hm(6, 31), how=DROP_IN, minutes=120), ALL),
    ("a drop-in just far enough before", TEN, Visit(hm(6, 30), how=DROP_IN, minutes=120), DAYS),
    ("the same drop-in", *[Visit(hm(10), how=DROP_IN, minutes=120, together="drop-in")] * 2, ALL),
    # at a distance
    ("a call while the other is there", TEN, Visit(hm(10), how=PHONE), NONE),
    ("two calls", Visit(hm(10), how=PHONE), Visit(hm(10), how=PHONE), NONE),
    ("the same online group", *[Visit(hm(10), how=ONLINE, together="online")] * 2, ALL),
    ("two online groups at once", Visit(hm(10), how=ONLINE), Visit(hm(10), how=ONLINE), NONE),
    ("an online group while the other is there", TEN, Visit(hm(10), how=ONLINE), NONE),
    ("the same group", *[Visit(hm(10), how=GROUP, together="group")] * 2, ALL),
    # the local day
    ("the evening of the same day", Visit(hm(7)), Visit(hm(22)), DAYS),
    ("the evening of the same day next door", Visit(hm(7)), Visit(hm(22), NEXT_DOOR), DAYS),
    ("the evening of the same day elsewhere", Visit(hm(7)), Visit(hm(22), FAR), NONE),
    ("the next day", TEN, Visit(hm(34)), NONE),
    ("one leaves at midnight, the other comes next day", Visit(hm(23, 15)), Visit(hm(34)), NONE),
    ("one leaves after midnight, the other comes next day", Visit(hm(23, 20)), Visit(hm(34)), DAYS),
    ("the other arrives at midnight", TEN, Visit(hm(24, 15)), NONE),
    ("the other arrives before midnight for a time after it", TEN, Visit(hm(24, 10)), DAYS),
    # 28 March 2027: there is no 01:30; the day is 23 hours, from 00:00 to 23:00 UTC
    ("spring: 25 minutes apart, by the wall 85", Visit(utc(3, 28, 0)), Visit(utc(3, 28, 1, 25)), ALL),
    ("spring: 30 minutes apart, by the wall 90", Visit(utc(3, 28, 0)), Visit(utc(3, 28, 1, 30)), DAYS),
    ("spring: 23:55 by the wall is the same day", Visit(utc(3, 28, 9)), Visit(utc(3, 28, 23, 10)), DAYS),
    ("spring: midnight by the wall is the next", Visit(utc(3, 28, 9)), Visit(utc(3, 28, 23, 15)), NONE),
    # 31 October 2027: 01:30 comes twice; the day is 25 hours, from 23:00 to 24:00 UTC
    ("autumn: 25 minutes apart, by the wall before", Visit(utc(10, 31, 0)), Visit(utc(10, 31, 1, 25)), ALL),
    ("autumn: 30 minutes apart, by the wall before", Visit(utc(10, 31, 0)), Visit(utc(10, 31, 1, 30)), DAYS),
    ("autumn: 25 hours are one day", Visit(utc(10, 31, 23)), Visit(utc(10, 30, 22, 20)), DAYS),
    ("autumn: the day before ends at 23:00", Visit(utc(10, 31, 22)), Visit(utc(10, 30, 22, 15)), NONE),
]


#: The wider separations keep a whole day as `day` does: these show that they do.
FEW = ("the neighbouring site", "another site", "just far enough after", "the same online group", "the next day",
       "autumn: 25 hours are one day")  # fmt: skip


@pytest.mark.parametrize("separation", ALL)
@pytest.mark.parametrize("she_first", [True, False])
def test_who_may_come_when_the_other_does(town: Town, separation: str, she_first: bool) -> None:
    """Whichever of the two came first, and whichever of them the exclusion protects."""
    first, second = town.couple(separation)[:: 1 if she_first else -1]
    wrong = []
    for name, one, other, keeping in SCENARIOS:
        if separation in ("series", "site") and name not in FEW:
            continue
        town.made = {}
        town.book(first, one)
        if town.may(second, other) != (separation not in keeping):
            wrong.append(name)
        db.session.execute(update(Appointment).values(state="cancelled"))
        db.session.commit()
    assert wrong == []


@pytest.mark.parametrize(("gap", "start", "fits"), [(0, 645, False), (0, 660, True), (60, 719, False), (60, 720, True)])
def test_an_exclusion_has_a_gap_of_its_own(town: Town, gap: int, start: int, fits: bool) -> None:
    she, he = town.person("Alma"), town.person("Gareth", "Pike")
    town.keep(she, person=("client", he), gap_minutes=gap)
    town.book(she, TEN)
    assert town.may(he, Visit(start, how=GROUP)) is fits
    nothing_was_let_in()


def weekly(town: Town, place: str, **values: Any) -> SeriesDetails:
    return SeriesDetails(
        town.places[place], "Stay and talk", "FREQ=WEEKLY;BYDAY=TU", date(2026, 3, 3), 600, 60, date(2026, 3, 17),
        kind="group", types=(town.type,), seats=9, **values,
    )


@pytest.mark.parametrize(
    ("separation", "kept", "split"),
    [("gap", False, False), ("day", False, False), ("series", True, False), ("series", True, True),
     ("site", True, False)],
)  # fmt: skip
@pytest.mark.parametrize("she_first", [True, False])
def test_enrolled_in_the_same_series_on_different_dates(
    town: Town, separation: str, kept: bool, split: bool, she_first: bool
) -> None:
    """A group that was edited from a day on is still the same group."""
    group = sessions.add_series(SYSTEM, weekly(town, FAR))
    days = [each.id for each in sessions.of_series(SYSTEM, group)]
    if split:
        sessions.edit_series(SYSTEM, group, weekly(town, FAR, room="Blue"), from_day=date(2026, 3, 10))
    first, second = town.couple(separation)[:: 1 if she_first else -1]

    def join(who: int, session: int) -> bool:
        start = sessions.get(SYSTEM, session).start
        return allowed(lambda: booking.book(DESK, Choice(who, town.type, session, None, "in-person", start)))

    assert join(first, days[0])
    assert join(second, days[2]) is not kept
    nothing_was_let_in()


def test_he_is_never_booked_where_a_lead_said_and_she_is(town: Town) -> None:
    she, he = town.couple("site")
    over_the_road = make.make_site("Over the road from the dock")
    make.make_neighbours(town.sites[BARRED], over_the_road)
    town.places["in sight"], town.workers["in sight"] = make.make_venue(over_the_road), make.make_staff()
    for day, place in enumerate((BARRED, "in sight"), start=2):
        town.day = day
        assert not town.may(he, Visit(hm(10), place))
        assert town.may(he, Visit(hm(12), place, PHONE))
        assert town.may(she, Visit(hm(10), place))
    nothing_was_let_in()


# --- by which way in --------------------------------------------------------------------------------------------------


def by_booking(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    choice = town.choice(who, visit)
    wanted = Wanted(who, town.type, choice.start - HALF, choice.start + HALF, minutes=choice.minutes)
    offered = any(each.session == choice.session_id for each in booking.offers(DESK, wanted))
    booked = allowed(lambda: booking.book(DESK, choice))
    assert offered == booked  # what is offered and what is given are one question
    return booked


def by_moving(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    before = town.book(who, Visit(hm(10), FAR))
    return allowed(lambda: booking.move(DESK, before, town.choice(who, visit)))


def by_bringing_back(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    """Marked as not come, and then it was a slip."""
    mine = town.book(who, visit)
    clock.set_fixed(at(20, day=town.day))
    booking.mark(DESK, mine, "noshow")
    clock.set_fixed(at(9))
    place()
    return allowed(lambda: booking.mark(DESK, mine, "booked"))


def by_moving_the_session(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    later = visit._replace(start=visit.start + hm(48))  # type: ignore[operator]
    town.book(who, later)
    session = db.session.execute(select(Appointment.session_id).order_by(Appointment.id.desc()).limit(1)).scalar_one()
    start = town.at(visit)
    end = start + timedelta(minutes=visit.minutes)
    return allowed(lambda: sessions.move_session(SYSTEM, session, start, end))


def by_editing_the_series(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    """This and following: from eight in the evening at another place to the time of the visit."""
    place()
    worker = make.make_staff()
    day = town.at(visit).date()
    made = SeriesDetails(
        town.places[FAR], "Morning", "FREQ=DAILY", day - timedelta(days=1), hm(20), visit.minutes, types=(town.type,),
        staff=(worker,), last_day=day + timedelta(days=2),
    )  # fmt: skip
    series = sessions.add_series(SYSTEM, made)
    [mine] = [each for each in sessions.of_series(SYSTEM, series) if each.start.date() == day]
    booking.book(DESK, Choice(who, town.type, mine.id, worker, "in-person", mine.start, visit.minutes))
    assert isinstance(visit.start, int)
    other = SeriesDetails(
        town.places[visit.place], "Morning", "FREQ=DAILY", day, visit.start, visit.minutes, types=(town.type,),
        staff=(worker,), last_day=day + timedelta(days=2),
    )  # fmt: skip
    return allowed(lambda: sessions.edit_series(SYSTEM, series, other, from_day=day))


def by_confirming_a_request(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    choice = town.choice(who, visit)
    wish = json.dumps([[choice.session_id, choice.start.isoformat()]])
    row = TimeRequest(client_id=who, type_id=town.type, mode=choice.mode, wishes=wish, made_at=at(8))
    db.session.add(row)
    db.session.commit()
    return allowed(lambda: requests.confirm(DESK, row.id, choice.session_id, choice.start))


def by_offering_another_time(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    choice = town.choice(who, visit)
    row = TimeRequest(client_id=who, type_id=town.type, mode=choice.mode, wishes="[]", made_at=at(8))
    db.session.add(row)
    db.session.commit()
    return allowed(lambda: requests.offer_other(DESK, row.id, choice))


def by_her_link(town: Town, who: int, visit: Visit, place: Callable[[], Any]) -> bool:
    place()
    return allowed(lambda: booking.book(client_actor(who), town.choice(who, visit)))


WAYS = {
    way.__name__: way
    for way in (by_booking, by_moving, by_bringing_back, by_moving_the_session, by_editing_the_series,
                by_confirming_a_request, by_offering_another_time, by_her_link)
}  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("he_comes", [True, False])
def test_no_way_in_leads_past_the_rule(town: Town, way: str, he_comes: bool) -> None:
    """Whoever comes second: too near, just far enough, next door and elsewhere."""
    she, he = town.couple("gap")
    who, other = (he, she) if he_comes else (she, he)
    wrong = []
    for visit, fits in (
        (Visit(hm(11, 25)), False), (Visit(hm(11, 30)), True), (Visit(hm(10), NEXT_DOOR), False),
        (Visit(hm(8, 35), SAME_SITE), False), (Visit(hm(10), FAR), True),
    ):  # fmt: skip
        expected = fits and not (he_comes and way == "by_her_link")  # his link only asks (SAFETY.md 4)
        if WAYS[way](town, who, visit, lambda: town.book(other, TEN)) != expected:
            wrong.append(visit)
        town.day += 4
    assert wrong == []
    nothing_was_let_in()


def test_a_refusal_by_any_way_changes_nothing(town: Town) -> None:
    she, he = town.couple("day")
    for way in WAYS.values():
        way(town, he, Visit(hm(15)), lambda: town.book(she, TEN))
        where = select(Appointment.start, Appointment.state, Appointment.site_id).where(Appointment.client_id == he)
        db.session.rollback()
        for start, state, site in db.session.execute(where):
            elsewhere = start.date() != at(0, day=town.day).date() or site == town.sites[FAR]
            assert elsewhere or state == "noshow", way.__name__
        town.day += 4
    nothing_was_let_in()


# --- who --------------------------------------------------------------------------------------------------------------


def named(town: Town, kind: str) -> tuple[int, Callable[[Visit], bool], Callable[[Visit], int]]:
    """A woman, and someone whom her exclusion names, of this kind; how to try to put that person somewhere, and how to
    be sure that they are there."""
    she = town.person("Alma")
    if kind in ("worker", "volunteer", "mentor"):
        keep = town.keep(she, names=("Gareth Pike",))
        details = StaffDetails("Gareth", "Pike", "worker", kind, sees_clients=True)
        he = staff.add(SYSTEM, details)
        assert keep

        def hold(visit: Visit) -> int:
            start = town.at(visit)
            end = start + timedelta(minutes=visit.minutes)
            return sessions.add_session(
                SYSTEM, SessionDetails(town.places[visit.place], "Morning", start, end, types=(town.type,), staff=(he,))
            )

        return she, lambda visit: allowed(lambda: hold(visit)), hold
    if kind == "added later":
        town.keep(she, names=("Gareth Pike",))
        he = town.person("Gaz", "Pike")
    elif kind == "only half a name":
        he = town.person("Gareth", "")
        town.keep(she, names=("Gaz Pike",))
    else:
        he = town.person("Gareth", "Pike")
        town.keep(she, names=("Gareth Pike",))
        [match] = db.session.execute(select(Match.id)).scalars().all()
        if kind != "possible":
            matches.decide_match(LEAD, match, kind, "Asked him.")
    return she, lambda visit: town.may(he, visit), lambda visit: town.book(he, visit)


@pytest.mark.parametrize(
    ("kind", "kept"),
    [("possible", True), ("confirmed", True), ("dismissed", False), ("added later", True), ("only half a name", True),
     ("worker", True), ("volunteer", True), ("mentor", True)],
)  # fmt: skip
def test_whoever_may_be_the_named_person_is_kept_apart_until_a_lead_says_otherwise(
    town: Town, kind: str, kept: bool
) -> None:
    she, may, put = named(town, kind)
    town.book(she, TEN)
    assert may(Visit(hm(11), NEXT_DOOR)) is not kept
    assert may(Visit(hm(14), FAR))
    town.day += 3
    put(TEN)
    assert town.may(she, Visit(hm(11), NEXT_DOOR)) is not kept
    assert town.may(she, Visit(hm(14)))
    if kept:
        nothing_was_let_in()


def test_half_a_name_alone_keeps_apart_as_well(town: Town) -> None:
    she, he = town.person("Alma"), town.person("Gareth", "Pike")
    town.keep(she, names=("Gaz",))
    town.book(she, TEN)
    assert not town.may(he, Visit(hm(11)))
    nothing_was_let_in()


def test_a_worker_whom_it_names_never_sees_her_by_telephone_either(town: Town) -> None:
    she, other = town.person("Alma"), town.person("Beth", "Shaw")
    town.keep(she, names=("Gareth Pike",))
    worker = staff.add(SYSTEM, StaffDetails("Gareth", "Pike", "worker", sees_clients=True))
    session = make.make_session(
        town.places[FAR], at(10, day=2), at(12, day=2), (worker,), (town.type,), modes=["phone"]
    )

    def call(who: int, minute: int) -> bool:
        choice = Choice(who, town.type, session, worker, "phone", at(10, minute, day=2), 30)
        return allowed(lambda: booking.book(DESK, choice))

    assert (call(she, 0), call(other, 0)) == (False, True)
    nothing_was_let_in()


@pytest.mark.parametrize(
    ("start", "fits"),
    [(utc(3, 28, 23, 10), False), (utc(3, 28, 23, 15), True), (utc(10, 30, 22, 20), False),
     (utc(10, 30, 22, 15), True)],
)  # fmt: skip
def test_a_worker_is_kept_away_for_the_whole_local_day_when_the_clocks_change(
    town: Town, start: datetime, fits: bool
) -> None:
    """His session begins at nine; the day is 23 hours long in spring, and begins at 23:00 UTC in autumn."""
    she, he = town.person("Alma"), staff.add(SYSTEM, StaffDetails("Gareth", "Pike", "worker", sees_clients=True))
    town.keep(she, "day", names=("Gareth Pike",))
    day = datetime(start.year, start.month, 28 if start.month == 3 else 31, 9, tzinfo=UTC)
    make.make_session(town.places[HERE], day, day + HALF, (he,), (town.type,))
    assert town.may(she, Visit(start)) is fits
    nothing_was_let_in()


@pytest.mark.parametrize("kind", ["group", "drop-in", "one-to-one"])
def test_a_worker_whom_it_names_is_not_given_to_a_session_that_she_is_in(town: Town, kind: str) -> None:
    she = town.person("Alma")
    town.keep(she, names=("Gareth Pike",))
    priya = make.make_staff()
    he = staff.add(SYSTEM, StaffDetails("Gareth", "Pike", "worker", sees_clients=True))
    for mode in ("video", "in-person"):
        town.day += 3
        start, end = at(10, day=town.day), at(11, day=town.day)
        seats = None if kind == "one-to-one" else 9
        details = SessionDetails(
            town.places[HERE], "Morning", start, end, kind, modes=(mode,), types=(town.type,), staff=(priya,),
            seats=seats,
        )  # fmt: skip
        session = sessions.add_session(SYSTEM, details)
        her_worker = priya if kind == "one-to-one" else None
        minutes = None if kind == "group" else 30
        booking.book(DESK, Choice(she, town.type, session, her_worker, mode, start, minutes))
        both = SessionDetails(
            town.places[HERE], "Morning", start, end, kind, modes=(mode,), types=(town.type,), staff=(priya, he),
            seats=seats,
        )  # fmt: skip
        # At a distance and one to one he is in nobody's way: she is not with him.
        edited = allowed(partial(sessions.edit_session, SYSTEM, session, both))
        assert edited is (mode == "video" and seats is None)
    nothing_was_let_in()


# --- how many ---------------------------------------------------------------------------------------------------------


def test_each_of_several_women_is_kept_from_one_man_by_her_own_rule(town: Town) -> None:
    he = town.person("Gareth", "Pike")
    women = [town.person(name, "Shaw") for name in ("Beth", "Cora", "Dina")]
    for she, separation in zip(women, ("gap", "day", "series"), strict=True):
        town.keep(she, separation, names=("Gareth Pike",))
    town.book(women[0], TEN)
    assert [town.may(he, Visit(hm(11))), town.may(he, Visit(hm(11, 30)))] == [False, True]
    assert [town.may(she, Visit(hm(16))) for she in women] == [True, False, False]
    town.day += 3
    town.book(women[1], TEN)
    assert town.may(women[2], TEN)  # they have nothing to do with each other
    assert not town.may(he, Visit(hm(16)))
    nothing_was_let_in()


def test_the_strictest_of_two_exclusions_against_the_same_man_holds(town: Town) -> None:
    she, he = town.couple("gap")
    town.keep(she, "day", names=("Gareth Pike",))
    town.book(he, TEN)
    assert not town.may(she, Visit(hm(15)))
    nothing_was_let_in()


def test_two_people_who_exclude_each_other_are_kept_apart_once_by_each(town: Town) -> None:
    she, he = town.couple("gap")
    town.keep(he, "day", person=("client", she))
    town.book(she, TEN)
    assert not town.may(he, Visit(hm(15)))
    town.day += 3
    town.book(he, TEN)
    assert not town.may(she, Visit(hm(15)))
    nothing_was_let_in()


def test_two_women_are_kept_apart_like_anyone(town: Town) -> None:
    she, other = town.person("Alma"), town.person("Sunita", "Patel")
    town.keep(she, "gap", person=("client", other))
    town.book(she, Visit(hm(10), how=GROUP, together="women"))
    assert not town.may(other, Visit(hm(10), how=GROUP, together="women"))
    assert not town.may(other, Visit(hm(11, 25), NEXT_DOOR))
    assert town.may(other, Visit(hm(11, 30)))
    nothing_was_let_in()


def test_nobody_is_kept_from_themselves_or_by_an_exclusion_that_is_closed(town: Town) -> None:
    she, he = town.person("Alma"), town.person("Gareth", "Pike")
    made = town.keep(she, names=("Alma Reyes", "Gareth Pike"))
    town.book(she, TEN)
    assert town.may(she, Visit(hm(11)))
    assert not town.may(he, TEN)
    one, two = (Actor("staff", make.make_staff(role="lead"), "lead") for _ in range(2))
    exclusions.start_closing(one, made, "Over.")
    assert not town.may(he, TEN)  # one person is not enough
    exclusions.confirm_closing(two, made)
    assert town.may(he, TEN)
