"""Nothing dangerous waits unseen: who is told of what, and when, and who never is (SAFETY.md 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import event, select, update

from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.extensions import db
from scheduler.models import (
    Alert,
    Appointment,
    AuditRecord,
    Client,
    Exclusion,
    ExclusionLook,
    Match,
    Override,
    OverrideClash,
    SafetyCase,
    Session,
    Staff,
    StaffText,
)
from scheduler.notifications import staff_texts
from scheduler.services import alerts, booking, cases, door, escalation, overrides, retention
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.transaction import use_case
from tests.support import factories as make
from tests.support.factories import at
from tests.support.processes import run_together
from tests.support.settings import Settings

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")

_numbers: Iterator[int] = iter(range(1, 10_000))


def make_lead(number: int = 1, **values: Any) -> int:
    usual = {"role": "lead", "sees_clients": False, "on_call": True, "phone": f"+4477009008{number:02d}"}
    return make.make_staff(**{**usual, **values})


class Town:
    """She and a man from whom she is kept, at one hub; it is nine on Monday. Nobody works there until a test says."""

    def __init__(self) -> None:
        self.site = make.make_site()
        self.venue, self.type = make.make_venue(self.site), make.make_type()
        self.she, self.he = make.make_client(), make.make_client(given_name="Gareth", family_name="Pike")
        self.exclusion = make.make_exclusion(self.she, self.he)

    def due(
        self, client: int, start: datetime, staff: int | None = None, venue: int | None = None, **values: Any
    ) -> int:
        """An appointment straight into the table, as from an import, with margins of a quarter of an hour."""
        end = start + timedelta(minutes=30)
        workers = values.pop("workers", ())
        modes = ["in-person", "phone"]
        session = make.make_session(venue or self.venue, start, end, workers, (self.type,), modes=modes)
        held = db.session.get(Session, session)
        assert held is not None
        margin = timedelta(minutes=15)
        row = Appointment(**{
            "client_id": client, "own_number": next(_numbers), "session_id": session, "venue_id": held.venue_id,
            "site_id": held.site_id, "staff_id": staff, "type_id": self.type, "mode": "in-person", "start": start,
            "end": end, "busy_from": start, "busy_until": end, "present_from": start - margin,
            "present_until": end + margin, "created_at": at(8), "updated_at": at(8), **values,
        })  # fmt: skip
        db.session.add(row)
        db.session.commit()
        return row.id

    def clash(self, start: datetime, she_comes: timedelta = timedelta(0)) -> int:
        """Both are due at `start`; gives the case, which is due a quarter of an hour before."""
        self.due(self.he, start)
        self.due(self.she, start + she_comes)
        cases.refresh([self.she])
        return db.session.execute(select(SafetyCase.id).where(SafetyCase.closed_at.is_(None))).scalar_one()

    def he_walks_in(self) -> int:
        door.check(DESK, self.venue, self.he)
        return db.session.execute(select(Alert.id).order_by(Alert.id.desc())).scalars().first() or 0


@pytest.fixture
def town() -> Town:
    return Town()


def texts() -> list[tuple[int, str, int]]:
    """Who is to be texted about what, in order."""
    db.session.rollback()
    rows = db.session.execute(select(StaffText).order_by(StaffText.id)).scalars()
    return [(row.staff_id, row.about, row.about_id) for row in rows]


def told() -> list[int]:
    return [who for who, _, _ in texts()]


def change(model: Any, key: int, **values: Any) -> None:
    db.session.execute(update(model).where(model.id == key).values(**values))
    db.session.commit()


def set_texts(**values: Any) -> None:
    db.session.execute(update(StaffText).values(**values))
    db.session.commit()


# --- cases ------------------------------------------------------------------------------------------------------------


def test_a_case_that_opens_within_a_day_is_told_in_the_transaction_that_opens_it(town: Town) -> None:
    lead = make_lead()
    case = town.clash(at(16))
    assert texts() == [(lead, "case", case)]
    assert db.session.get(SafetyCase, case).escalated_at == at(9)  # type: ignore[union-attr]
    assert db.session.execute(select(StaffText.send_after)).scalar_one() == at(9)


def test_what_is_rolled_back_tells_nobody(town: Town) -> None:
    make_lead()
    town.due(town.he, at(16)), town.due(town.she, at(16))

    @use_case
    def undone() -> None:
        cases.refresh([town.she])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        undone()
    assert texts() == []


def test_time_brings_an_older_case_within_a_day_to_the_minute(town: Town, clock: Any) -> None:
    lead = make_lead()
    case = town.clash(at(10, day=2))
    assert (texts(), escalation.tell()) == ([], 0)
    clock.set(at(9, 44, day=1))
    assert escalation.tell() == 0
    clock.set(at(9, 45, day=1))
    assert escalation.tell() == 1
    assert texts() == [(lead, "case", case)]


def test_a_case_is_told_once_for_each_opening_and_again_when_it_is_still_open_later(town: Town, clock: Any) -> None:
    lead = make_lead()
    town.clash(at(9, day=1))
    for _ in range(3):
        clock.forward(minutes=30)
        assert escalation.tell() == 0
        cases.refresh([town.she])
    assert told() == [lead]
    clock.set(at(9) + escalation.AGAIN)
    assert [escalation.tell(), escalation.tell()] == [1, 0]
    change(Exclusion, town.exclusion, active=False, closing_by=lead, closed_by=make_lead(2, on_call=False))
    cases.refresh([town.she])
    clock.forward(minutes=1)
    assert escalation.tell() == 0
    change(Exclusion, town.exclusion, active=True)
    cases.refresh([town.she])
    assert told() == [lead] * 3


def test_a_case_whose_time_comes_nearer_is_told_at_once(town: Town) -> None:
    lead = make_lead()
    town.clash(at(10, day=3))
    hers = db.session.execute(select(Appointment.id).where(Appointment.client_id == town.she)).scalar_one()
    his = db.session.execute(select(Appointment.id).where(Appointment.client_id == town.he)).scalar_one()
    for each in (hers, his):
        change(Appointment, each, start=at(16), end=at(16, 30), present_from=at(15, 45), present_until=at(16, 45))
    cases.refresh([town.she])
    assert told() == [lead]


def test_a_case_of_a_women_only_time_is_told_too(town: Town) -> None:
    lead = make_lead()
    make.open_all_day(town.venue, "women")
    town.due(town.he, at(16))
    change(Client, town.he, eligibility="unknown")
    cases.refresh([town.he])
    assert told() == [lead]


class TestWhoIsTold:
    def test_every_lead_on_call_and_nobody_else(self, town: Town) -> None:
        one, two = make_lead(1), make_lead(2)
        make_lead(3, on_call=False), make_lead(4, active=False), make_lead(5, phone=None)
        make_lead(6, role="manager"), make_lead(7, role="reception"), make_lead(8, role="worker")
        town.clash(at(16))
        assert told() == [one, two]

    def test_every_lead_when_nobody_is_on_call(self, town: Town) -> None:
        one, two = make_lead(1, on_call=False), make_lead(2, on_call=False)
        make_lead(3, on_call=True, phone=None), make_lead(4, on_call=True, active=False)
        town.clash(at(16))
        assert told() == [one, two]

    def test_when_no_lead_can_be_texted_it_is_logged_once_without_a_name(
        self, town: Town, clock: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        logged: list[tuple[str, dict[str, Any]]] = []
        watched = SimpleNamespace(warning=lambda words, **detail: logged.append((words, detail)))
        monkeypatch.setattr(escalation, "log", watched)
        make_lead(1, phone=None)
        town.clash(at(9, day=1))
        for _ in range(3):
            clock.forward(minutes=1)
            escalation.tell()
        assert logged == [("something waits and no lead can be texted", {"count": 1})]
        lead = make_lead(2)
        assert escalation.tell() == 1
        assert told() == [lead]

    def test_whoever_comes_on_call_is_told_of_what_she_takes_over(self, town: Town, clock: Any) -> None:
        one, two = make_lead(1), make_lead(2, on_call=False)
        town.clash(at(9, day=1))
        change(Staff, one, on_call=False), change(Staff, two, on_call=True)
        clock.forward(minutes=1)
        assert [escalation.tell(), escalation.tell()] == [1, 0]
        assert told() == [one, two]

    @pytest.mark.parametrize("state", ["failed", "undelivered", "unknown"])
    def test_others_are_told_when_the_text_to_whoever_is_on_call_did_not_get_there(
        self, town: Town, clock: Any, state: str
    ) -> None:
        make_lead(1), make_lead(2, on_call=False), make_lead(3, on_call=False)
        town.clash(at(9, day=1))
        set_texts(state=state)
        clock.forward(minutes=1)
        assert [escalation.tell(), escalation.tell()] == [2, 0]

    @pytest.mark.parametrize("state", ["cancelled", "expired"])
    def test_a_text_that_was_never_sent_told_nobody(self, town: Town, clock: Any, state: str) -> None:
        make_lead()
        town.clash(at(9, day=1))
        set_texts(state=state)
        clock.forward(minutes=1)
        assert [escalation.tell(), escalation.tell()] == [1, 0]

    @pytest.mark.parametrize(("state", "kept_from"), [("possible", True), ("confirmed", True), ("dismissed", False)])
    def test_a_lead_whom_the_exclusion_may_name_is_never_told_of_it(
        self, town: Town, state: str, kept_from: bool
    ) -> None:
        he, other = make_lead(1), make_lead(2, on_call=False)
        named = db.session.get(Exclusion, town.exclusion)
        assert named is not None
        db.session.add(
            Match(named_person_id=named.named_person_id, person_kind="staff", person_id=he, state=state, score=90,
                  found_at=at(8))
        )  # fmt: skip
        db.session.commit()
        town.clash(at(16))
        assert told() == ([other] if kept_from else [he])


def test_what_two_people_let_stand_is_told_to_nobody_until_it_changes(town: Town, clock: Any) -> None:
    lead, manager = make_lead(), make_lead(2, role="manager", on_call=False)
    case = town.clash(at(10, day=2))
    subject = db.session.execute(select(SafetyCase.subject)).scalar_one()
    times = {each.subject: each.times for each in cases.find(None, None)}[subject]
    given = Override(
        client_id=town.she, case_id=case, reason="both agreed", state="given", asked_by=lead, asked_at=at(8),
        decided_by=manager, decided_at=at(9), until=at(11, day=2),
    )  # fmt: skip
    db.session.add(given)
    db.session.flush()
    db.session.add(OverrideClash(override_id=given.id, subject=subject, times=times))
    db.session.commit()
    clock.set(at(12, day=1))
    assert escalation.tell() == 0
    assert escalation.banner(Actor("staff", lead, "lead")).count == 0
    hers = db.session.execute(select(Appointment.id).where(Appointment.client_id == town.she)).scalar_one()
    change(Appointment, hers, present_until=at(10, 50, day=2))
    cases.refresh([town.she])
    assert texts() == [(lead, "case", case)]
    assert escalation.banner(Actor("staff", lead, "lead")).count == 1


def tell_now(_app: Any) -> int:
    return escalation.tell()


@pytest.mark.race
def test_two_workers_tell_each_lead_once(town: Town, settings: Settings, clock: Any) -> None:
    make_lead(1), make_lead(2)
    town.clash(at(10, day=2))
    outcomes = run_together(settings, tell_now, [(), (), ()], now=at(12, day=1), timeout=60)
    assert [each.trace for each in outcomes if not each.succeeded] == []
    assert sum(each.value for each in outcomes) == 2
    assert len(set(told())) == len(told()) == 2


# --- alerts -----------------------------------------------------------------------------------------------------------


def test_when_he_walks_in_the_lead_and_both_her_workers_are_told_at_once(town: Town) -> None:
    lead = make_lead()
    hers, key = (make.make_staff(phone=f"+4477009009{n}") for n in (11, 12))
    make.make_staff(phone="+447700900913")
    change(Client, town.she, key_worker_id=key)
    town.due(town.she, at(10), staff=hers)
    alert = town.he_walks_in()
    assert texts() == [(lead, "alert", alert), (hers, "alert", alert), (key, "alert", alert)]


def test_a_worker_who_is_both_is_told_once_and_one_without_a_phone_sees_it_on_the_pages(town: Town) -> None:
    hers = make.make_staff(phone="+447700900911")
    change(Client, town.she, key_worker_id=hers)
    town.due(town.she, at(10), staff=hers)
    town.he_walks_in()
    assert told() == [hers]
    change(Staff, hers, phone=None)
    assert len(escalation.banner(Actor("staff", hers, "worker")).hers) == 1


def test_of_an_appointment_with_nobody_in_particular_the_workers_of_its_session_are_told(town: Town) -> None:
    one, two = (make.make_staff(phone=f"+4477009009{n}") for n in (11, 12))
    town.due(town.she, at(10), workers=(one, two))
    town.he_walks_in()
    assert told() == [one, two]


def test_her_worker_is_never_told_when_it_may_be_he(town: Town) -> None:
    """A worker whom the exclusion may name learns nothing of it: no text, no banner, no page, and no saying so."""
    worker = make.make_staff(phone="+447700900911", sees_clients=True)
    named = db.session.get(Exclusion, town.exclusion)
    assert named is not None
    found = {"person_kind": "staff", "person_id": worker, "score": 60, "found_at": at(8), "state": "possible"}
    db.session.add(Match(named_person_id=named.named_person_id, **found))
    db.session.commit()
    change(Client, town.she, key_worker_id=worker)
    town.due(town.she, at(10), staff=worker)
    alert, actor = town.he_walks_in(), Actor("staff", worker, "worker")
    assert told() == []
    assert escalation.banner(actor) == escalation.Banner()
    assert escalation.hers(actor) == ()
    with pytest.raises(NotAllowed):
        alerts.settle(actor, alert, "moved her")


def test_the_same_alert_is_told_once(town: Town, clock: Any) -> None:
    lead = make_lead()
    town.due(town.she, at(10))
    for _ in range(3):
        town.he_walks_in()
        clock.forward(minutes=2)
        escalation.tell()
    assert told() == [lead]


class TestAnAlertThatNobodySettles:
    @pytest.fixture
    def alert(self, town: Town) -> int:
        self.worker = make.make_staff(phone="+447700900777")
        self.lead = make_lead()
        town.due(town.she, at(10), staff=self.worker)
        return town.he_walks_in()

    def minute_by_minute(self, clock: Any, minutes: int) -> list[tuple[int, int]]:
        """(minute, who) of each text that is planned and goes out in so many minutes from nine."""
        found = []
        for minute in range(1, minutes + 1):
            before = len(told())
            set_texts(state="sent")
            clock.set(at(9) + timedelta(minutes=minute))
            escalation.tell()
            found += [(minute, who) for who in told()[before:]]
        return found

    def test_is_told_again_a_few_times_to_the_lead_and_her_worker(self, alert: int, clock: Any) -> None:
        both = sorted([self.worker, self.lead])
        assert sorted(told()) == both
        found = self.minute_by_minute(clock, 125)
        assert found == [(minute, who) for minute in (15, 30, 45) for who in both]

    def test_stops_when_someone_says_what_was_done(self, alert: int, clock: Any) -> None:
        assert len(self.minute_by_minute(clock, 20)) == 2
        alerts.settle(Actor("staff", self.lead, "lead"), alert, "They never met.")
        assert self.minute_by_minute(clock, 60) == []

    def test_a_repeat_that_waits_when_it_is_settled_is_not_sent(self, alert: int, clock: Any) -> None:
        set_texts(state="sent")
        clock.set(at(9, 15))
        assert escalation.tell() == 2
        alerts.settle(Actor("staff", self.lead, "lead"), alert, "They never met.")
        assert staff_texts.claim() == []
        assert {row.state for row in db.session.execute(select(StaffText)).scalars()} == {"sent", "cancelled"}

    def test_whoever_comes_on_call_meanwhile_is_told_from_then_on(self, alert: int, clock: Any) -> None:
        set_texts(state="sent")
        clock.set(at(9, 20))
        other = make_lead(2)
        escalation.tell()
        assert other in told()


# --- settling ---------------------------------------------------------------------------------------------------------


class TestSettling:
    @pytest.fixture
    def worker(self, town: Town) -> Actor:
        hers = make.make_staff()
        town.due(town.she, at(10), staff=hers)
        return Actor("staff", hers, "worker")

    def test_her_worker_says_what_was_done_and_it_is_gone_everywhere(self, town: Town, worker: Actor) -> None:
        lead = Actor("staff", make_lead(), "lead")
        alert = town.he_walks_in()
        assert escalation.banner(lead).count == len(escalation.banner(worker).hers) == 1
        alerts.settle(worker, alert, "Met her at the side door")
        assert escalation.banner(lead) == escalation.banner(worker) == escalation.Banner()
        assert (escalation.hers(worker), alerts.waiting(lead, 10)) == ((), ())
        row = db.session.get(Alert, alert)
        assert row is not None
        assert (row.settled_by, row.what_was_done) == (worker.id, "Met her at the side door")
        with pytest.raises(WrongState):
            alerts.settle(lead, alert, "again")

    def test_nobody_else_may(self, town: Town, worker: Actor) -> None:
        alert = town.he_walks_in()
        others = [Actor("staff", make.make_staff(role=role), role) for role in ("worker", "reception", "manager")]
        for actor in (*others, Actor("token", worker.id, "worker"), Actor("client", town.she, "client")):
            with pytest.raises(NotAllowed):
                alerts.settle(actor, alert, "done")
            with pytest.raises(NotAllowed):
                alerts.settle(actor, alert + 1, "done")
        with pytest.raises(NotAllowed):
            alerts.settle(worker, alert + 1, "done")
        with pytest.raises(NotFound):
            alerts.settle(Actor("staff", None, "lead"), alert + 1, "done")
        with pytest.raises(Invalid):
            alerts.settle(worker, alert, "  ")

    def test_she_is_one_line_to_her_worker_however_many_it_may_be(self, town: Town, worker: Actor) -> None:
        """How many people she is kept from is nobody's to learn from a page; what was done is said once."""
        other = make.make_client(given_name="Gary", family_name="Pike")
        make.make_exclusion(town.she, town.he), make.make_exclusion(town.she, other)
        for he in (town.he, other):
            door.check(DESK, town.venue, he)
        raised = db.session.execute(select(Alert.id)).scalars().all()
        assert len(raised) > 2
        [line] = escalation.banner(worker).hers
        assert [each.id for each in escalation.hers(worker)] == [line.id]
        alerts.settle(worker, line.id, "Met her at the side door")
        assert escalation.banner(worker) == escalation.Banner()
        settled = select(AuditRecord.subject_id).where(AuditRecord.action == "alert-settled")
        assert sorted(db.session.execute(settled).scalars()) == sorted(raised)

    def test_each_look_is_recorded_with_what_it_is_about(self, town: Town, worker: Actor) -> None:
        alert = town.he_walks_in()
        assert [(each.id, each.client) for each in escalation.hers(worker)] == [(alert, "Alma Reyes")]
        query = select(AuditRecord).where(AuditRecord.action == "look", AuditRecord.actor_id == worker.id)
        [look] = db.session.execute(query).scalars().all()
        assert look.detail == {"alerts": [alert], "exclusions": [town.exclusion]}
        found_by = select(ExclusionLook.exclusion_id).where(ExclusionLook.audit_id == look.id)
        assert db.session.execute(found_by).scalars().all() == [town.exclusion]

    def test_a_record_that_cannot_be_read_takes_no_banner_away(self, town: Town, worker: Actor) -> None:
        town.he_walks_in()
        db.session.execute(update(Client.__table__).where(Client.id == town.she).values(phone=None))
        db.session.connection().exec_driver_sql(
            "UPDATE client SET given_name = CAST('nonsense' AS " +
            ("BLOB" if db.engine.dialect.name == "sqlite" else "bytea") + f") WHERE id = {town.she}"
        )  # fmt: skip
        db.session.commit()
        assert [each.client for each in escalation.banner(worker).hers] == [""]


def test_the_banner_is_one_query_however_much_waits(town: Town) -> None:
    lead, worker = Actor("staff", make_lead(), "lead"), Actor("staff", make.make_staff(), "worker")
    change(Client, town.she, key_worker_id=worker.id)
    asked: list[str] = []

    def count(*args: Any) -> None:
        asked.append(args[2])

    def queries(actor: Actor) -> int:
        db.session.rollback()
        asked.clear()
        event.listen(db.engine, "before_cursor_execute", count)
        escalation.banner(actor)
        event.remove(db.engine, "before_cursor_execute", count)
        return len([each for each in asked if "SELECT" in each])

    assert (queries(lead), queries(worker)) == (1, 1)
    town.clash(at(16))
    for minutes in (0, 10, 20):
        town.due(town.she, at(10, minutes))
    town.he_walks_in()
    assert escalation.banner(lead).count == 2
    assert len(escalation.banner(worker).hers) == 1
    assert (queries(lead), queries(worker)) == (1, 1)


# --- booked by another route ------------------------------------------------------------------------------------------


class TestBookedByAnotherRoute:
    """He is there a quarter of an hour before and after his half hour; it is nine."""

    @pytest.mark.parametrize(("start", "raised"), [(at(11, 15), 1), (at(11, 16), 0), (at(9), 1), (at(8, 10), 0)])
    def test_only_what_begins_within_two_hours_and_is_not_over(self, town: Town, start: datetime, raised: int) -> None:
        town.due(town.she, start if start > at(9) else at(9, 30))
        assert alerts.for_booking(town.due(town.he, start)) == raised

    @pytest.mark.parametrize(("start", "raised"), [(at(13), 1), (at(13, 1), 0), (at(10), 1)])
    def test_whoever_is_due_within_two_hours_of_his_presence(self, town: Town, start: datetime, raised: int) -> None:
        town.due(town.she, start)
        assert alerts.for_booking(town.due(town.he, at(10))) == raised

    def test_it_says_whom_and_where_and_tells_the_lead_and_her_worker(self, town: Town) -> None:
        lead, worker = make_lead(), make.make_staff(phone="+447700900911")
        hers = town.due(town.she, at(10, 30), staff=worker)
        assert alerts.for_booking(town.due(town.he, at(10))) == 1
        [row] = db.session.execute(select(Alert)).scalars()
        assert (row.exclusion_id, row.appointment_id, row.venue_id) == (town.exclusion, hers, town.venue)
        assert (row.person_kind, row.person_id) == ("client", town.he)
        assert told() == [lead, worker]

    def test_it_is_the_same_when_she_is_the_one_booked(self, town: Town) -> None:
        town.due(town.he, at(10))
        hers = town.due(town.she, at(10, 30))
        assert alerts.for_booking(hers) == 1
        [row] = db.session.execute(select(Alert)).scalars()
        assert (row.person_id, row.appointment_id) == (town.he, hers)

    def test_a_worker_who_is_named_counts_by_his_session(self, town: Town) -> None:
        he = make.make_staff()
        make.make_exclusion(town.she, he, "staff")
        make.make_session(town.venue, at(9), at(12), (he,))
        assert alerts.for_booking(town.due(town.she, at(10))) == 1

    def test_asked_twice_it_is_one_alert(self, town: Town) -> None:
        town.due(town.she, at(10))
        his = town.due(town.he, at(10))
        assert [alerts.for_booking(his), alerts.for_booking(his)] == [1, 0]

    @pytest.mark.parametrize("near", [True, False])
    def test_next_door_is_the_same_place(self, town: Town, near: bool) -> None:
        elsewhere = make.make_site()
        if near:
            make.make_neighbours(elsewhere, town.site)
        town.due(town.she, at(10))
        assert alerts.for_booking(town.due(town.he, at(10), venue=make.make_venue(elsewhere))) == near

    @pytest.mark.parametrize(
        "values", [{"state": "cancelled"}, {"mode": "phone", "present_from": None, "present_until": None}]
    )
    @pytest.mark.parametrize("whose", ["she", "he"])
    def test_whoever_is_not_to_be_there_raises_none(self, town: Town, values: dict[str, Any], whose: str) -> None:
        town.due(town.she, at(10), **(values if whose == "she" else {}))
        his = town.due(town.he, at(10), **(values if whose == "he" else {}))
        assert alerts.for_booking(his) == 0

    def test_nor_does_a_dismissed_match_or_an_exclusion_that_ended_or_nobody_at_all(self, town: Town) -> None:
        hers, his = town.due(town.she, at(10)), town.due(town.he, at(10))
        db.session.execute(update(Match).values(state="dismissed"))
        db.session.commit()
        assert alerts.for_booking(his) == alerts.for_booking(hers) == 0
        db.session.execute(update(Match).values(state="possible"))
        lead = make_lead()
        change(Exclusion, town.exclusion, active=False, closing_by=lead, closed_by=make_lead(2))
        assert alerts.for_booking(his) == 0
        assert alerts.for_booking(999_999) == 0


def test_a_booking_as_usual_tells_nobody(town: Town) -> None:
    make_lead()
    worker = make.make_staff()
    make.open_all_day(town.venue)
    session = make.make_session(town.venue, at(9), at(17), (worker,), (town.type,))
    booking.book(SYSTEM, booking.Choice(town.she, town.type, session, worker, "in-person", at(10)))
    assert texts() == []


@pytest.mark.parametrize(("hour", "alerted"), [(10, True), (13, False)])
def test_an_override_alerts_her_worker_when_it_is_soon_and_calls_nobody_about_the_clash_it_lets_stand(
    town: Town, hour: int, alerted: bool
) -> None:
    """It is nine. Both people decided on the clash; whoever meets her did not."""
    lead, second = make_lead(1), make_lead(2, on_call=False)
    worker, his = make.make_staff(phone="+447700900911"), make.make_staff()
    sessions = [make.make_session(town.venue, at(9), at(17), (each,), (town.type,)) for each in (worker, his)]
    booking.book(SYSTEM, booking.Choice(town.she, town.type, sessions[0], worker, "in-person", at(hour)))
    choice = booking.Choice(town.he, town.type, sessions[1], his, "in-person", at(hour, 30))
    override = overrides.ask_to_book(Actor("staff", lead, "lead"), choice, "The court has asked both to be here")
    decides = Actor("staff", second, "lead")
    assert texts() == []
    overrides.give(decides, override, overrides.view(decides, override).seen)
    assert {(who, about) for who, about, _ in texts() if about == "alert"} == (
        {(lead, "alert"), (worker, "alert")} if alerted else set()
    )
    staff_texts.claim()
    db.session.rollback()
    cancelled = select(StaffText.state).where(StaffText.about == "case")
    assert set(db.session.execute(cancelled).scalars()) == {"cancelled"}
    assert escalation.banner(decides).count == alerted


def test_texts_to_staff_are_let_go_after_a_month_and_what_still_waits_is_not_told_again_for_it(
    town: Town, clock: Any
) -> None:
    lead = make_lead()
    town.clash(at(16))
    set_texts(state="sent")
    clock.forward(days=29)
    retention.purge()
    assert told() == [lead]
    clock.forward(days=2)
    retention.purge()
    assert told() == []
    assert db.session.execute(select(AuditRecord).where(AuditRecord.action == "staff-told")).first() is not None
