"""The arrival check: by record and by name, both ways round, and never a reason (SAFETY.md 5)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, event, select, type_coerce, update
from sqlalchemy.exc import OperationalError

from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.extensions import db
from scheduler.models import Alert, Appointment, AuditRecord, Client, Match, NamedPerson, Session
from scheduler.rules.presence import Mode
from scheduler.services import alerts, arrivals, booking, clients, door, exclusions, identities, matches, safety_desk
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.clients import ClientDetails
from scheduler.services.door import Answer
from scheduler.services.exclusions import ExclusionDetails
from scheduler.store import door as store
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")
LEAD = Actor("staff", None, "lead")
GO, QUIET = Answer.GO, Answer.QUIET_ROOM

_numbers: Iterator[int] = iter(range(1, 10_000))


def add(given: str, family: str = "", **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def keep(protects: int, *names: str, **values: Any) -> int:
    return exclusions.record(SYSTEM, ExclusionDetails(protects, names=names, **values)).exclusion_id


class Town:
    """A woman, a man, and a hub; it is nine."""

    def __init__(self) -> None:
        self.site = make.make_site()
        self.venue, self.type = make.make_venue(self.site), make.make_type()
        self.she = add("Alma", "Reyes")

    def due(
        self, client: int, start: datetime, venue: int | None = None, mode: str = "in-person", state: str = "booked",
        staff: tuple[int, ...] = (),
    ) -> int:  # fmt: skip
        """An appointment straight into the table; she is there a quarter of an hour earlier."""
        end = start + timedelta(minutes=30)
        session = make.make_session(
            venue or self.venue, start, end, staff, (self.type,), modes=["in-person", "phone"]
        )
        held = db.session.get(Session, session)
        assert held is not None
        here, margin = mode == Mode.IN_PERSON, timedelta(minutes=15)
        row = Appointment(
            client_id=client, own_number=next(_numbers), session_id=session, venue_id=held.venue_id,
            site_id=held.site_id, type_id=self.type, mode=mode, state=state, start=start, end=end, busy_from=start,
            busy_until=end, present_from=start - margin if here else None, present_until=end + margin if here else None,
            created_at=at(8), updated_at=at(8),
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        return row.id

    def record(self, client: int) -> Answer:
        return door.check(DESK, self.venue, client)

    def name(self, text: str, companion: bool = False) -> Answer:
        return door.check(DESK, self.venue, text=text, companion=companion)


@pytest.fixture
def town() -> Town:
    return Town()


def all_alerts() -> list[Alert]:
    db.session.rollback()
    return list(db.session.execute(select(Alert).order_by(Alert.id)).scalars())


# --- by record --------------------------------------------------------------------------------------------------------


def test_the_man_she_is_kept_from_is_not_sent_into_the_waiting_room_where_she_is(town: Town) -> None:
    he = add("Gareth", "Pike")
    town.due(town.she, at(9, 10))
    assert town.record(he) == GO
    keep(town.she, person=("client", he))
    assert town.record(he) == QUIET


def test_nor_is_she_where_he_is(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, "Gaz Pike")
    assert town.record(town.she) == GO
    town.due(he, at(9, 10))
    assert town.record(town.she) == QUIET


@pytest.mark.parametrize(("minutes", "expected"), [(59, QUIET), (60, QUIET), (61, GO)])
def test_due_means_that_her_presence_begins_within_the_hour(town: Town, minutes: int, expected: Answer) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 15) + timedelta(minutes=minutes))
    assert town.record(he) == expected
    assert town.name("Gaz Pike") == expected


@pytest.mark.parametrize("near", [True, False])
def test_a_neighbouring_site_is_the_same_place(town: Town, near: bool) -> None:
    he, next_door = add("Gareth", "Pike"), make.make_site("Next door")
    if near:
        make.make_neighbours(town.site, next_door)
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10), make.make_venue(next_door))
    assert town.record(he) == (QUIET if near else GO)
    assert town.name("Gareth Pike") == (QUIET if near else GO)


def test_a_worker_who_is_on_site_may_be_the_one_she_is_kept_from(town: Town) -> None:
    worker = make.make_staff(given_name="Gareth", family_name="Pike")
    keep(town.she, person=("staff", worker))
    assert town.record(town.she) == GO
    make.make_session(town.venue, at(9, 30), at(12), (worker,), (town.type,))
    assert town.record(town.she) == QUIET
    assert town.name("Alma Reyes") == QUIET
    assert town.record(add("Beth", "Shaw")) == GO


def test_a_worker_who_is_on_the_phone_only_or_whose_session_was_cancelled_is_nowhere(town: Town) -> None:
    worker = make.make_staff()
    keep(town.she, person=("staff", worker))
    make.make_session(town.venue, at(9), at(12), (worker,), (town.type,), modes=["phone"])
    make.make_session(town.venue, at(9), at(12), (worker,), (town.type,), cancelled_at=at(8))
    assert town.record(town.she) == GO


@pytest.mark.parametrize("state", ["cancelled", "noshow", "entered-in-error"])
def test_who_is_not_coming_is_not_weighed(town: Town, state: str) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10), state=state)
    town.due(town.she, at(9, 10), mode="phone")
    assert town.record(he) == GO


def test_who_was_marked_as_arrived_and_stayed_on_is_still_here(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    gone = town.due(town.she, at(6), state="fulfilled")
    assert town.record(he) == GO
    db.session.execute(update(Appointment).where(Appointment.id == gone).values(state="arrived"))
    db.session.commit()
    assert town.record(he) == QUIET


def test_two_women_who_have_nothing_to_do_with_each_other_go_ahead(town: Town) -> None:
    beth = add("Beth", "Shaw")
    keep(town.she, "Gareth Pike")
    keep(beth, "Tom Lane")
    town.due(town.she, at(9, 10))
    assert town.record(beth) == GO
    assert town.name("Beth Shaw") == GO
    assert town.record(town.she) == GO
    assert town.name("Alma Reyes") == GO


def test_a_lead_who_says_that_it_is_someone_else_is_believed_for_that_record_alone(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 10))
    assert town.record(he) == QUIET
    match = db.session.execute(select(Match.id)).scalar_one()
    matches.decide_match(LEAD, match, "dismissed", "Another man.")
    assert town.record(he) == GO
    assert town.name("Gareth Pike") == QUIET


def test_a_name_too_common_to_be_matched_still_counts_at_the_door(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identities, "MOST_LONE", 1)
    dave, david = add("Dave", "Lane"), add("David", "Shaw")
    keep(town.she, "Dave")
    assert db.session.execute(select(Match)).first() is None
    town.due(town.she, at(9, 10))
    assert (town.record(dave), town.record(david)) == (QUIET, QUIET)
    assert town.record(add("Beth", "Shaw")) == GO
    assert town.record(town.she) == GO


def test_an_exclusion_that_is_closed_says_nothing(town: Town) -> None:
    he = add("Gareth", "Pike")
    made = keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10))
    one, two = (Actor("staff", make.make_staff(role="lead"), "lead") for _ in range(2))
    exclusions.start_closing(one, made, "Over.")
    assert town.record(he) == QUIET
    exclusions.confirm_closing(two, made)
    assert town.record(he) == GO
    assert town.name("Gareth Pike") == GO


def test_a_place_from_which_he_is_barred_is_barred_though_she_is_elsewhere(town: Town) -> None:
    he, elsewhere = add("Gareth", "Pike"), make.make_venue()
    keep(town.she, person=("client", he), separation="site", sites=(town.site,))
    assert town.record(he) == QUIET
    assert town.name("Gareth Pike") == QUIET
    assert door.check(DESK, elsewhere, he) == GO
    assert town.record(town.she) == GO


# --- by name ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    ["Gareth Pike", "gaz pike", "Pike Gareth", "Garreth Pyke", "Spider", "spider pike", "GAZ", "Mr Gareth Pike",
     "Gareth Pike 5/3/1985", "Gareth Pike 3/5/1985", "07700 900123", "Someone Else 07700 900123", "Gar"],
)  # fmt: skip
def test_a_stranger_who_is_named_by_someone_here_waits_elsewhere_however_he_is_called(town: Town, typed: str) -> None:
    keep(town.she, "Gareth Pike", "Spider", date_of_birth="5/3/1985", phone="07700 900123")
    assert town.name(typed) == GO
    town.due(town.she, at(9, 10))
    assert town.name(typed) == QUIET
    assert town.name(typed, companion=True) == QUIET


@pytest.mark.parametrize("typed", ["Tom Lane", "Gareth Hughes", "Gareth Pike 9/9/1999", "Zofia", "07700 900999"])
def test_a_stranger_whom_nobody_names_goes_ahead(town: Town, typed: str) -> None:
    keep(town.she, "Gareth Pike", "Spider", date_of_birth="5/3/1985", phone="07700 900123")
    town.due(town.she, at(9, 10))
    assert town.name(typed) == GO


def test_a_client_whom_a_lead_knows_to_be_the_named_person_is_found_by_his_own_names(town: Town) -> None:
    he = add("Gareth", "Pike", aliases=("Spider",))
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10))
    clients.edit(DESK, he, ClientDetails("Wayne", "Marsh", aliases=("Bluey",)), 1)
    for typed in ("Wayne Marsh", "Bluey"):
        assert town.name(typed) == QUIET


@pytest.mark.parametrize(
    "typed",
    ["Alma Reyes", "alma", "Reyes", "Ally", "Reyes Alma", "Allma Reyez", "Alma Reyes 4/6/1990", "Alma Reyes 1990"],
)
def test_a_protected_woman_who_walks_in_is_found_by_her_name(town: Town, typed: str) -> None:
    clients.edit(DESK, town.she, ClientDetails("Alma", "Reyes", aliases=("Ally",), date_of_birth="4/6/1990"), 1)
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(he, at(9, 10))
    assert town.name(typed) == QUIET


def test_a_reference_is_a_record(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10))
    reference = db.session.execute(select(Client.reference).where(Client.id == he)).scalar_one()
    assert town.name(reference) == QUIET
    assert town.name("ZZ-99999") == QUIET  # nobody's


def test_whoever_brings_her_is_weighed_against_her_too(town: Town) -> None:
    """She has no appointment; he brought her along."""
    keep(town.she, "Gareth Pike")
    assert town.name("Gareth Pike", companion=True) == GO
    assert door.check(DESK, town.venue, town.she, "Gareth Pike", companion=True) == QUIET
    assert door.check(DESK, town.venue, town.she, "Tom Lane", companion=True) == GO


def test_whoever_a_booked_woman_brings_is_weighed_against_everyone_here(town: Town) -> None:
    beth = add("Beth", "Shaw")
    keep(town.she, "Gareth Pike")
    keep(beth, "Wayne Marsh")
    arrivals.mark(DESK, town.due(town.she, at(9, 10)), "arrived")
    town.due(beth, at(9, 20))

    def brings(companion: str) -> Answer:
        return door.check(DESK, town.venue, town.she, companion, companion=True)

    assert [brings(each) for each in ("Gaz Pike", "Wayne Marsh", "Tom Lane")] == [QUIET, QUIET, GO]
    # By name alone, when the desk does not say with whom: she is here.
    assert [town.name(each, companion=True) for each in ("Gaz Pike", "Wayne Marsh", "Tom Lane")] == [QUIET, QUIET, GO]


def test_a_protected_woman_who_comes_along_with_someone_is_weighed_too(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    assert town.name("Alma Reyes", companion=True) == GO
    town.due(he, at(9, 50))
    assert town.name("Alma Reyes", companion=True) == QUIET
    assert door.check(DESK, town.venue, he, "Alma Reyes", companion=True) == QUIET


def test_marking_someone_as_arrived_gives_the_answer_with_the_mark(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    hers, his = town.due(town.she, at(9, 10)), town.due(he, at(9, 20))
    calm = town.due(add("Beth", "Shaw"), at(9, 20))
    assert [arrivals.mark(DESK, each, "arrived").quiet_room for each in (calm, his, hers)] == [False, True, True]
    arrivals.mark(DESK, hers, "seen")
    assert arrivals.mark(DESK, hers, "undo").quiet_room  # she is here still
    assert not arrivals.mark(DESK, town.due(town.she, at(9), mode="phone"), "arrived").quiet_room


@pytest.mark.parametrize("typed", ["???", "12", "x" * 200, "one two three four five six seven"])
def test_what_is_no_name_of_one_person_is_the_quiet_room(town: Town, typed: str) -> None:
    assert town.name(typed) == QUIET


def test_many_people_at_once_are_narrowed_down_by_their_keys(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_MOST_COMPARED", 0)
    keep(town.she, "Gareth Pike", "Spider")
    town.due(town.she, at(9, 10))
    assert town.name("Gaz Pike") == QUIET
    assert town.name("Spider") == QUIET
    assert town.name("Tom Lane") == GO


# --- it fails closed --------------------------------------------------------------------------------------------------


def test_a_named_person_who_cannot_be_read_may_be_anyone(town: Town) -> None:
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 10))
    assert town.name("Tom Lane") == GO
    spoilt = type_coerce(b"\x01 spoilt", LargeBinary)
    db.session.execute(update(NamedPerson.__table__).values(names=spoilt))
    db.session.commit()
    assert town.name("Tom Lane") == QUIET


@pytest.mark.parametrize(
    "fault", [RuntimeError("Gareth Pike"), OperationalError("Gareth Pike", {}, Exception("no such host"))]
)
def test_whatever_goes_wrong_is_the_quiet_room(
    town: Town, monkeypatch: pytest.MonkeyPatch, fault: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr(store, "there", broken)
    assert town.name("Tom Lane") == QUIET
    assert town.record(town.she) == QUIET
    assert "Pike" not in "".join(capsys.readouterr())


# --- who may ask, and what is kept of it ------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "manager", "worker"])
def test_everyone_who_may_stand_at_a_door_may_ask(town: Town, role: str) -> None:
    assert door.check(Actor("staff", None, role), town.venue, text="Tom Lane") == GO


def test_a_client_may_not(town: Town) -> None:
    with pytest.raises(NotAllowed):
        door.check(client_actor(town.she), town.venue, text="Tom Lane")


def test_a_secret_place_cannot_be_asked_about_by_those_who_may_not_know_of_it(town: Town) -> None:
    refuge = make.make_venue(confidential=True)
    with pytest.raises(NotFound):
        door.check(DESK, refuge, text="Tom Lane")
    with pytest.raises(NotFound):
        door.check(DESK, town.venue, 999_999)


@pytest.mark.parametrize("asked", [{}, {"text": "  "}, {"client_id": 1, "text": "Tom"}, {"companion": True}])
def test_nothing_or_two_things_at_once_cannot_be_asked(town: Town, asked: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        door.check(DESK, town.venue, **asked)


def test_every_check_is_in_the_log_and_no_name_is(town: Town) -> None:
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 10))
    town.name("Gareth Pike")
    rows = db.session.execute(select(AuditRecord).where(AuditRecord.action == "arrival-check")).scalars().all()
    assert [(row.subject_kind, row.subject_id, row.detail["answer"]) for row in rows] == [
        ("venue", town.venue, "quiet-room")
    ]
    everything = db.session.execute(select(AuditRecord)).scalars().all()
    assert not any("Gareth" in str(row.detail) or "Pike" in str(row.detail) for row in everything)


def test_it_asks_the_same_few_things_however_many_people_there_are(town: Town, app: Flask) -> None:
    def questions(ask: Any) -> int:
        asked: list[str] = []
        note = lambda *each: asked.append(each[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", note)
        ask()
        event.remove(db.engine, "before_cursor_execute", note)
        return len(asked)

    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(town.she, at(9, 10))
    few = questions(lambda: town.name("Tom Lane")), questions(lambda: town.record(he))
    for number in range(8):
        other = add("Beth" + "abcdefgh"[number], "Shaw")
        keep(other, "Gareth Pike", "Gaz")
        town.due(other, at(9, 10))
    db.session.execute(update(Alert).values(settled_at=at(9), what_was_done="Moved."))
    db.session.commit()
    assert questions(lambda: town.name("Tom Lane")) == few[0]
    assert few[0] <= 16
    assert questions(lambda: town.record(he)) <= few[1] + 8  # one more line in the log for each alert raised


# --- alerts -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "told"), [(30, True), (119, True), (121, False)])
def test_a_named_person_at_the_door_is_told_of_when_she_is_due_within_two_hours(
    town: Town, minutes: int, told: bool
) -> None:
    made = keep(town.she, "Gareth Pike")
    hers = town.due(town.she, at(9, 15) + timedelta(minutes=minutes))
    town.name("Gaz Pike")
    found = [(each.exclusion_id, each.person_id, each.appointment_id) for each in all_alerts()]
    assert found == ([(made, None, hers)] if told else [])


def test_so_is_one_who_is_marked_as_arrived_at_whichever_desk(town: Town) -> None:
    he = add("Gareth", "Pike")
    made = keep(town.she, person=("client", he))
    town.due(town.she, at(11))
    first, second = town.due(he, at(9, 10)), town.due(he, at(9, 20))
    arrivals.mark(DESK, first, "arrived")
    assert [(a.exclusion_id, a.person_kind, a.person_id) for a in all_alerts()] == [(made, "client", he)]
    alerts.settle(LEAD, all_alerts()[0].id, "Sent home.")
    booking.mark(DESK, second, "arrived")
    assert len(all_alerts()) == 2
    alerts.settle(LEAD, all_alerts()[1].id, "Sent home again.")
    arrivals.mark(DESK, second, "seen")  # he was here already: this is no arrival
    assert len(all_alerts()) == 2


def test_nobody_is_told_of_a_late_note_of_a_visit_that_is_over(town: Town) -> None:
    he = add("Gareth", "Pike")
    keep(town.she, person=("client", he))
    town.due(town.she, at(10))
    arrivals.mark(DESK, town.due(he, at(7)), "seen")
    arrivals.mark(DESK, town.due(he, at(9, day=-1)), "arrived")
    arrivals.mark(DESK, town.due(he, at(9, 10), mode="phone"), "arrived")
    assert all_alerts() == []


def test_nobody_is_told_of_someone_whom_no_exclusion_names(town: Town) -> None:
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 30))
    arrivals.mark(DESK, town.due(add("Beth", "Shaw"), at(9, 10)), "arrived")
    town.name("Tom Lane")
    assert all_alerts() == []


def test_the_same_arrival_is_told_of_once_until_it_is_settled(town: Town) -> None:
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 30))
    for _ in range(3):
        town.name("Gareth Pike")
    assert len(all_alerts()) == 1
    alerts.settle(LEAD, all_alerts()[0].id, "Moved her.")
    town.name("Gareth Pike")
    assert [each.settled_at is None for each in all_alerts()] == [False, True]


def test_an_alert_stays_on_the_desk_until_a_lead_says_what_was_done(town: Town, clock: Any) -> None:
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 30))
    town.name("Gareth Pike")
    clock.forward(days=30)
    [shown] = safety_desk.desk(LEAD).alerts
    assert (shown.client, shown.person, shown.place, shown.due) == ("Alma Reyes", "Gareth Pike", "The Mill", at(9, 30))
    for actor in (DESK, Actor("staff", None, "manager"), Actor("staff", None, "worker")):
        with pytest.raises(NotAllowed):
            alerts.settle(actor, shown.id, "Nothing.")
    with pytest.raises(Invalid):
        alerts.settle(LEAD, shown.id, "  ")
    assert len(safety_desk.desk(LEAD).alerts) == 1
    alerts.settle(LEAD, shown.id, "She waited in the quiet room; he was asked to leave.")
    assert safety_desk.desk(LEAD).alerts == ()
    with pytest.raises(WrongState):
        alerts.settle(LEAD, shown.id, "Again.")
    with pytest.raises(NotFound):
        alerts.settle(LEAD, 999_999, "Nothing.")
    stored = db.session.execute(select(Alert.__table__)).one()
    assert stored.what_was_done == "She waited in the quiet room; he was asked to leave."
    assert (stored.settled_at, stored.settled_by) == (clock.now(), None)


def test_a_refuge_is_not_told_to_a_lead_who_may_not_know_of_it(town: Town) -> None:
    refuge = make.make_venue(confidential=True, name="Rose House", label="")
    worker = make.make_staff(role="worker")
    make.assign(worker, refuge)
    keep(town.she, "Gareth Pike")
    town.due(town.she, at(9, 30), refuge)
    assert door.check(Actor("staff", worker, "worker"), refuge, text="Gareth Pike") == QUIET
    [shown] = safety_desk.desk(LEAD).alerts
    assert shown.place == "Where you are staying"


def test_a_fault_in_the_alert_does_not_lose_the_mark(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    he = add("Gareth", "Pike")
    monkeypatch.setattr(store, "kept", broken)
    assert arrivals.mark(DESK, town.due(he, at(9, 10)), "arrived").state == "arrived"
