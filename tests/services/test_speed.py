"""What the safety engine must reach, as far as counting statements can hold it: their number does not grow with the
data. `make bench` measures the time."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Match, SafetyCase, Session
from scheduler.services import booking, cases, clients, exclusions, sweep
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Wanted
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

#: SAFETY.md 6, and the promise of how quickly it is kept: recording an exclusion and finding its clashes.
MOST_TO_RECORD = 40

_numbers = itertools.count(1)


@contextmanager
def statements() -> Iterator[list[str]]:
    """Everything that is sent to the database inside."""
    sent: list[str] = []

    def note(*args: Any) -> None:
        sent.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def book_behind(client: int, session: int, start: datetime, minutes: int = 30) -> int:
    """An appointment straight into the table, as an import would leave it."""
    held, margin, end = db.session.get_one(Session, session), timedelta(minutes=15), start + timedelta(minutes=minutes)
    row = Appointment(
        client_id=client, own_number=next(_numbers), session_id=session, venue_id=held.venue_id, site_id=held.site_id,
        type_id=held.types[0], mode="in-person", start=start, end=end, busy_from=start, busy_until=end,
        present_from=start - margin, present_until=end + margin, created_at=at(8), updated_at=at(8),
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    return row.id


def open_cases() -> list[tuple[int, str]]:
    db.session.expire_all()
    rows = db.session.execute(select(SafetyCase).where(SafetyCase.closed_at.is_(None))).scalars()
    return sorted((each.exclusion_id or 0, each.rule) for each in rows)


class Hub:
    """One venue, with a session for each day that is asked for."""

    def __init__(self) -> None:
        self.venue, self.type = make.make_venue(), make.make_type(notice=0)
        make.open_all_day(self.venue)
        self.worker = make.make_staff()
        self._sessions: dict[int, int] = {}

    def day(self, day: int) -> int:
        if day not in self._sessions:
            self._sessions[day] = make.make_session(
                self.venue, at(9, day=day), at(17, day=day), (self.worker,), (self.type,)
            )
        return self._sessions[day]

    def meet(self, she: int, he: int, days: range) -> None:
        for day in days:
            book_behind(she, self.day(day), at(10, day=day))
            book_behind(he, self.day(day), at(10, 30, day=day))


@pytest.fixture
def hub() -> Hub:
    return Hub()


def known(given: str, family: str, **values: Any) -> int:
    return clients.add(SYSTEM, ClientDetails(given, family, **values))


# --- recording an exclusion -------------------------------------------------------------------------------------------


def test_an_exclusion_with_forty_clashes_is_recorded_in_as_few_statements_as_one_with_one(hub: Hub) -> None:
    def record(family: str, days: range) -> tuple[int, int]:
        she, he = make.make_client(), known("Gareth", family, date_of_birth="5/3/1985")
        hub.meet(she, he, days)
        with statements() as sent:
            made = exclusions.record(
                SYSTEM, ExclusionDetails(she, names=(f"Gareth {family}",), date_of_birth="1985", separation="day")
            )
        assert made.matches == 1
        return len(sent), len(made.clashes)

    one, clashes = record("Pike", range(2, 3))
    assert clashes == 1
    many, clashes = record("Overbury", range(2, 42))
    assert clashes == 40
    assert many <= one
    assert one <= MOST_TO_RECORD


def test_clashes_within_a_day_which_are_told_at_once_are_few_statements_too(hub: Hub) -> None:
    make.make_staff(role="lead", on_call=True, phone="+447700900111")
    she, he = make.make_client(), known("Gareth", "Pike", date_of_birth="5/3/1985")
    for quarter in range(12):
        book_behind(she, hub.day(0), at(10) + quarter * timedelta(minutes=15), 15)
    book_behind(he, hub.day(0), at(13))
    with statements() as sent:
        made = exclusions.record(
            SYSTEM,
            ExclusionDetails(she, names=("Gareth Pike",), date_of_birth="1985", separation="day"),
        )
    assert len(made.clashes) == 12
    assert len(sent) <= MOST_TO_RECORD


def test_a_man_whom_many_may_be_is_recorded_in_as_few_statements_as_one_whom_one_is(hub: Hub) -> None:
    def record(name: str, people: int) -> tuple[int, int]:
        for number in range(people):
            he = known("Gareth", name, date_of_birth="1985", phone=f"+4477009005{number:02d}")
            book_behind(he, hub.day(3), at(9) + number * timedelta(minutes=15), 15)
        she = make.make_client()
        book_behind(she, hub.day(3), at(15))
        with statements() as sent:
            made = exclusions.record(
                SYSTEM, ExclusionDetails(she, names=(f"Gareth {name}",), date_of_birth="1985", separation="day")
            )
        assert (made.matches, len(made.clashes)) == (people, people)
        return len(sent), people

    assert record("Kowalski", 15)[0] <= record("Overbury", 1)[0] <= MOST_TO_RECORD


# --- offers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("eligibility", ["eligible", "not-eligible"])
def test_a_search_takes_as_many_statements_with_twenty_exclusions_as_with_one(hub: Hub, eligibility: str) -> None:
    def search(she: int) -> int:
        wanted = Wanted(she, hub.type, at(8, day=1), at(18, day=5), venues=(hub.venue,))
        with statements() as sent:
            assert booking.offers(SYSTEM, wanted)
        return sum(not each.startswith("BEGIN") for each in sent)

    one, many = make.make_client(eligibility=eligibility), make.make_client(eligibility=eligibility)
    for day in range(1, 6):
        hub.day(day)
    men = [make.make_client() for _ in range(20)]
    make.make_exclusion(one, men[0])
    book_behind(men[0], hub.day(1), at(9, day=1))
    for position, he in enumerate(men):
        make.make_exclusion(many, he, separation=("gap", "day")[position % 2])
        book_behind(he, hub.day(1 + position % 2), at(9, day=1 + position % 2))
    few = search(one)
    # Client and type; sessions; who is kept apart, and neighbours; her own and their presences; what is taken; and for
    # someone who may not be there in women's time, when that is.
    assert few == (5 if eligibility == "eligible" else 6)
    assert search(many) == few


def test_what_she_has_already_is_weighed_the_same_with_an_exclusion_as_without(hub: Hub) -> None:
    """It is read together with the presences of those whom she is kept from."""
    elsewhere = Hub()
    free, kept = make.make_client(), make.make_client()
    make.make_exclusion(kept, make.make_client())
    hub.day(1), elsewhere.day(1)
    for she in (free, kept):
        book_behind(she, elsewhere.day(1), at(11, day=1))
    book_behind(kept, hub.day(2), at(10, day=2))

    def starts(she: int, day: int) -> set[datetime]:
        wanted = Wanted(she, hub.type, at(8, day=day), at(18, day=day), venues=(hub.venue,))
        return {each.start for each in booking.offers(SYSTEM, wanted)}

    assert starts(kept, 1) == starts(free, 1)
    assert not starts(kept, 1) & {at(11, day=1), at(11, 30, day=1)}
    assert at(9, day=1) in starts(kept, 1)
    assert at(10, day=2) not in starts(kept, 2)
    assert at(10, day=2) in starts(free, 2)


# --- the sweep --------------------------------------------------------------------------------------------------------


@pytest.fixture
def some_at_a_time(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    def set_to(many: int) -> None:
        monkeypatch.setattr(sweep, "EXCLUSIONS", many)
        monkeypatch.setattr(sweep, "CLIENTS", many)

    return set_to


@pytest.mark.parametrize("many", [1, 2, 100])
def test_a_sweep_of_some_at_a_time_finds_what_a_sweep_of_everything_finds(
    hub: Hub, some_at_a_time: Callable[[int], None], many: int
) -> None:
    some_at_a_time(many)
    pairs = [(make.make_client(), make.make_client()) for _ in range(5)]
    for position, (she, he) in enumerate(pairs):
        make.make_exclusion(she, he, separation=("gap", "day")[position % 2])
        hub.meet(she, he, range(1, 3))
    for _ in range(3):
        book_behind(make.make_client(eligibility="unknown"), hub.day(1), at(15, day=1))
    make.open_all_day(hub.venue, "women", range(1, 2), from_minute=870, until_minute=960)
    expected = sorted((each.exclusion or 0, each.rule) for each in cases.find(None, None))
    assert len(expected) == 13
    assert sweep.run() == (13, 0)
    assert open_cases() == expected
    assert sweep.run() == (0, 0)


def test_a_sweep_closes_what_is_gone_though_nothing_else_of_it_is_left(
    hub: Hub, some_at_a_time: Callable[[int], None]
) -> None:
    """Its exclusion is closed, its man is known not to be the one, its client is eligible: still it is seen."""
    some_at_a_time(1)
    she, he, third = (make.make_client() for _ in range(3))
    exclusion = make.make_exclusion(she, he)
    hub.meet(she, he, range(1, 2))
    book_behind(third, hub.day(1), at(15, day=1))
    make.open_all_day(hub.venue, "women", range(1, 2), from_minute=870, until_minute=960)
    db.session.execute(update(Client).where(Client.id == third).values(eligibility="unknown"))
    db.session.commit()
    assert sweep.run() == (2, 0)
    assert [each for each, _ in open_cases()] == [0, exclusion]
    db.session.execute(update(Match).values(state="dismissed"))
    db.session.execute(update(Client).where(Client.id == third).values(eligibility="eligible"))
    db.session.commit()
    assert sweep.run() == (0, 2)
    assert open_cases() == []


def test_a_sweep_says_how_far_it_is(hub: Hub, some_at_a_time: Callable[[int], None]) -> None:
    some_at_a_time(2)
    for _ in range(5):
        make.make_exclusion(make.make_client(), make.make_client())
    told: list[tuple[str, int, int]] = []
    sweep.run(lambda *step: told.append(step))
    of_exclusions = [step for step in told if step[0] == sweep.KEPT_APART]
    assert of_exclusions == [(sweep.KEPT_APART, done, 5) for done in (0, 2, 4, 5)]
    assert told[-1] == (sweep.ALONE, 0, 0)


def test_a_sweep_reads_only_some_people_at_a_time(hub: Hub, some_at_a_time: Callable[[int], None]) -> None:
    """What bounds its memory: no question of a sweep is about everyone."""
    some_at_a_time(1)
    for _ in range(4):
        she, he = make.make_client(), make.make_client()
        make.make_exclusion(she, he)
        hub.meet(she, he, range(1, 2))
    most = 0
    read = cases.store.whereabouts

    def note(people: Any, now: datetime) -> list[Any]:
        nonlocal most
        found = read(people, now)
        most = max(most, len(found))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cases.store, "whereabouts", note)
        sweep.run()
    assert most == 2
