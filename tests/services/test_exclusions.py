"""Exclusions: in force from the moment they are saved, decided and closed only as SAFETY.md 2 says, never forgotten."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select, update

from scheduler.errors import Invalid, NotAllowed, NotFound, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import AuditRecord, Client, Exclusion, ExclusionEvent, Match, NamedPerson
from scheduler.services import booking, clients, exclusions, safety_desk
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.factories import at

DESK = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


def lead() -> Actor:
    return Actor("staff", make.make_staff(role="lead"), "lead")


def add(given: str, family: str, **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def record(protects: int, *names: str, actor: Actor = SYSTEM, **values: Any) -> exclusions.Recorded:
    return exclusions.record(actor, ExclusionDetails(protects, names=names, **values))


def matches() -> list[tuple[str, int, str]]:
    db.session.expire_all()
    rows = db.session.execute(select(Match).order_by(Match.id)).scalars()
    return [(row.person_kind, row.person_id, row.state) for row in rows]


def history(exclusion: int) -> list[str]:
    query = select(ExclusionEvent.what).where(ExclusionEvent.exclusion_id == exclusion).order_by(ExclusionEvent.id)
    return list(db.session.execute(query).scalars())


class Clinic:
    """One venue with two workers' sessions on one morning."""

    def __init__(self) -> None:
        self.venue = make.make_venue()
        make.open_all_day(self.venue)
        self.type = make.make_type()
        self.workers = [make.make_staff(), make.make_staff()]
        self.sessions = [
            make.make_session(self.venue, at(10, day=1), at(12, day=1), (worker,), (self.type,))
            for worker in self.workers
        ]

    def book(self, client: int, which: int = 0, start: Any = None) -> int:
        choice = Choice(
            client, self.type, self.sessions[which], self.workers[which], "in-person", start or at(10, day=1)
        )
        return booking.book(DESK, choice).id


# --- recording --------------------------------------------------------------------------------------------------------


def test_a_known_man_is_kept_apart_and_every_future_appointment_of_the_two_is_listed_at_once() -> None:
    clinic, she, he = Clinic(), add("Alma", "Reyes"), add("Gareth", "Pike")
    hers, his = clinic.book(she), clinic.book(he, 1)
    made = record(she, person=("client", he), actor=lead())
    [clash] = made.clashes
    assert clash.one is not None
    assert clash.other is not None
    assert {clash.one.id, clash.other.id} == {hers, his}
    assert (clash.rule, clash.due_at) == ("gap", at(9, 45, day=1))
    assert matches() == [("client", he, "confirmed")]


def test_possible_counts_as_yes_when_booking() -> None:
    """The same morning is refused to whoever comes second, and given again once a lead dismisses the match."""
    clinic, she, he = Clinic(), add("Alma", "Reyes"), add("Gaz", "Pyke")
    record(she, "Gareth Pike")
    assert matches() == [("client", he, "possible")]
    clinic.book(she)
    with pytest.raises(SlotUnavailable):
        clinic.book(he, 1)
    match = db.session.execute(select(Match.id)).scalar_one()
    exclusions.decide_match(lead(), match, "dismissed", "He is seventeen.")
    clinic.book(he, 1)


def test_a_man_known_by_name_only_who_becomes_a_client_cannot_be_booked_where_she_waits() -> None:
    clinic, she = Clinic(), add("Alma", "Reyes")
    record(she, "Gareth Pike", date_of_birth="1985")
    clinic.book(she)
    he = add("Gary", "Pyke", date_of_birth="4/4/1985")
    with pytest.raises(SlotUnavailable):
        clinic.book(he, 1)
    assert booking.in_request_mode(he)
    assert not booking.in_request_mode(she)


def test_his_second_record_is_held_possible_although_he_was_chosen_from_the_list() -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike", date_of_birth="5/3/1985")
    twice = add("Gaz", "Pike", date_of_birth="3/5/1985")
    record(she, person=("client", he))
    assert sorted(matches()) == sorted([("client", he, "confirmed"), ("client", twice, "possible")])


def test_a_worker_can_be_the_named_person() -> None:
    she, worker = add("Alma", "Reyes"), make.make_staff(given_name="Gareth", family_name="Pike")
    made = record(she, person=("staff", worker))
    assert matches() == [("staff", worker, "confirmed")]
    assert made.matches == 1


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({}, "names"), ({"names": ("Gareth Pike",), "separation": "miles"}, "separation"),
        ({"names": ("Gareth Pike",), "gap_minutes": -1}, "gap_minutes"),
        ({"names": ("Gareth Pike",), "gap_minutes": 1441}, "gap_minutes"),
        ({"names": ("Gareth Pike",), "separation": "site"}, "sites"),
        ({"names": ("Gareth Pike",), "sites": (999,)}, "sites"),
        ({"names": ("Gareth Pike",), "source": "rumour"}, "source"),
        ({"names": ("Gareth Pike",), "date_of_birth": "31/2/1985"}, "date_of_birth"),
        ({"names": ("Gareth Pike",), "phone": "12"}, "phone"), ({"names": ("x" * 81,)}, "names"),
        ({"person": ("client", 999)}, "person"), ({"person": ("ghost", 1)}, "person"),
        ({"names": ("Gareth Pike",), "notes": "x" * 4001}, "notes"),
        ({"names": ("Gareth Pike",), "review_on": date(1066, 1, 1)}, "review_on"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_its_field_and_nothing_is_written(
    details: dict[str, Any], field: str
) -> None:
    she = add("Alma", "Reyes")
    with pytest.raises(Invalid) as refused:
        exclusions.record(SYSTEM, ExclusionDetails(she, **details))
    assert field in refused.value.fields
    assert db.session.execute(select(NamedPerson)).first() is None


def test_nobody_can_be_kept_from_herself() -> None:
    she = add("Alma", "Reyes")
    with pytest.raises(Invalid):
        record(she, person=("client", she))


@pytest.mark.parametrize("part", [{"phone": "07700 900123"}, {"date_of_birth": "1985"}, {"description": "Tall."}])
def test_any_part_of_the_named_person_may_be_missing(part: dict[str, Any]) -> None:
    made = record(add("Alma", "Reyes"), **part)
    assert made.too_little == ("description" in part)


def test_an_exclusion_for_nobody_is_not_found() -> None:
    with pytest.raises(NotFound):
        record(999, "Gareth Pike")


# --- who may ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach", "manager", "worker", "client"])
def test_only_a_lead_records_reads_changes_decides_and_closes(role: str) -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    made = record(she, person=("client", he))
    match = db.session.execute(select(Match.id)).scalar_one()
    actor = client_actor(she) if role == "client" else Actor("staff", make.make_staff(role=role), role)
    details = ExclusionDetails(she, names=("Gareth Pike",))
    for attempt in (
        lambda: exclusions.record(actor, details),
        lambda: exclusions.edit(actor, made.exclusion_id, details, 1),
        lambda: exclusions.start_closing(actor, made.exclusion_id, "Enough."),
        lambda: exclusions.confirm_closing(actor, made.exclusion_id),
        lambda: exclusions.keep(actor, made.exclusion_id),
        lambda: exclusions.reopen(actor, made.exclusion_id, "Again."),
        lambda: exclusions.affected(actor, made.exclusion_id),
        lambda: exclusions.decide_match(actor, match, "dismissed", "No."),
        lambda: exclusions.list_for(actor, she),
        lambda: safety_desk.desk(actor),
        lambda: safety_desk.exclusion(actor, made.exclusion_id),
        lambda: safety_desk.match(actor, match),
        lambda: safety_desk.list_all(actor),
        lambda: safety_desk.case(actor, 1),
    ):
        with pytest.raises(NotAllowed):
            attempt()
    assert matches() == [("client", he, "confirmed")]


def test_a_key_worker_sees_that_her_own_client_is_protected_and_no_other_worker_does() -> None:
    worker, other = make.make_staff(role="outreach"), make.make_staff(role="outreach")
    she = add("Alma", "Reyes", key_worker_id=worker)
    record(she, "Gareth Pike")
    assert len(exclusions.list_for(Actor("staff", worker, "outreach"), she)) == 1
    with pytest.raises(NotAllowed):
        exclusions.list_for(Actor("staff", other, "outreach"), she)
    with pytest.raises(NotAllowed):
        exclusions.list_for(Actor("token", worker, "outreach"), she)


def test_every_look_is_recorded() -> None:
    she, he, actor = add("Alma", "Reyes"), add("Gareth", "Pike"), lead()
    made = record(she, person=("client", he))
    match = db.session.execute(select(Match.id)).scalar_one()

    def looks() -> list[tuple[str, int | None]]:
        query = select(AuditRecord.subject_kind, AuditRecord.subject_id)
        query = query.where(AuditRecord.action == "look", AuditRecord.actor_id == actor.id).order_by(AuditRecord.id)
        return [tuple(row) for row in db.session.execute(query)]

    safety_desk.desk(actor)
    safety_desk.exclusion(actor, made.exclusion_id)
    exclusions.affected(actor, made.exclusion_id)
    safety_desk.match(actor, match)
    exclusions.list_for(actor, she)
    safety_desk.list_all(actor)
    assert looks() == [
        ("safety-desk", None), ("exclusion", made.exclusion_id), ("exclusion", made.exclusion_id), ("match", match),
        ("client-exclusions", she), ("exclusions", None),
    ]  # fmt: skip


# --- deciding ---------------------------------------------------------------------------------------------------------


def only_match() -> Match:
    db.session.expire_all()
    return db.session.execute(select(Match)).scalar_one()


def test_a_dismissal_needs_a_reason() -> None:
    she, _he = add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, "Gareth Pike")
    with pytest.raises(Invalid):
        exclusions.decide_match(lead(), only_match().id, "dismissed", "  ")
    assert only_match().state == "possible"


def test_a_decision_is_kept_with_who_when_and_why() -> None:
    she, _he, actor = add("Alma", "Reyes"), add("Gareth", "Pike"), lead()
    made = record(she, "Gareth Pike")
    exclusions.decide_match(actor, only_match().id, "dismissed", "Checked with probation.")
    row = only_match()
    assert (row.state, row.decided_by, row.decided_at) == ("dismissed", actor.id, at(9))
    assert row.reason == "Checked with probation."
    assert history(made.exclusion_id) == ["recorded", "match-found", "match-dismissed"]


@pytest.mark.parametrize(
    "changed",
    [{"family": "Pyke"}, {"aliases": ("Spider",)}, {"date_of_birth": "5/3/1985"}, {"phone": "07700 900555"}],
)
def test_a_dismissal_is_undone_when_his_details_change(changed: dict[str, Any]) -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, "Gareth Pike")
    exclusions.decide_match(lead(), only_match().id, "dismissed", "Someone else.")
    values = {"family": "Pike", **changed}
    family = values.pop("family")
    clients.edit(DESK, he, ClientDetails("Gareth", family, **values), 1)
    assert only_match().state == "possible"


def test_a_dismissal_is_undone_when_what_is_known_of_the_named_person_changes() -> None:
    she, _he = add("Alma", "Reyes"), add("Gareth", "Pike", date_of_birth="5/3/1985")
    made = record(she, "Gareth Pike")
    exclusions.decide_match(lead(), only_match().id, "dismissed", "Someone else.")
    exclusions.edit(SYSTEM, made.exclusion_id, ExclusionDetails(she, ("Gareth Pike",), date_of_birth="1985"), 1)
    assert only_match().state == "possible"
    assert history(made.exclusion_id)[-2:] == ["changed", "match-reopened"]


def test_a_dismissal_stands_when_only_other_things_change() -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    made = record(she, "Gareth Pike")
    exclusions.decide_match(lead(), only_match().id, "dismissed", "Someone else.")
    clients.edit(DESK, he, ClientDetails("Gareth", "Pike", notes="Prefers mornings."), 1)
    exclusions.edit(SYSTEM, made.exclusion_id, ExclusionDetails(she, ("Gareth Pike",), notes="Asked again."), 1)
    assert only_match().state == "dismissed"


def test_a_confirmed_match_stays_confirmed_when_details_change() -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, person=("client", he))
    clients.edit(DESK, he, ClientDetails("Marvin", "Stone", date_of_birth="1999"), 1)
    assert only_match().state == "confirmed"


def test_a_decision_on_evidence_that_has_changed_meanwhile_decides_nothing(clock: Any) -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, "Gareth Pike")
    seen = only_match().found_at
    clock.forward(minutes=1)
    clients.edit(DESK, he, ClientDetails("Gareth", "Pike", date_of_birth="1985"), 1)
    with pytest.raises(Stale):
        exclusions.decide_match(lead(), only_match().id, "dismissed", "Someone else.", seen)
    assert only_match().state == "possible"


def test_a_decision_that_stands_already_is_not_made_twice() -> None:
    she, _he = add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, "Gareth Pike")
    exclusions.decide_match(lead(), only_match().id, "confirmed")
    with pytest.raises(WrongState):
        exclusions.decide_match(lead(), only_match().id, "confirmed")


def test_a_record_that_cannot_be_read_is_held_possible() -> None:
    she, he = add("Alma", "Reyes"), add("Gareth", "Pike")
    table = Client.__table__
    raw = db.session.connection().exec_driver_sql
    assert table is not None
    if db.engine.dialect.name == "sqlite":
        raw("UPDATE client SET given_name = x'00' WHERE id = ?", (he,))
    else:
        raw("UPDATE client SET given_name = '\\x00'::bytea WHERE id = %s", (he,))
    db.session.commit()
    record(she, "Gareth Pike")
    assert matches() == [("client", he, "possible")]


# --- changing and closing ---------------------------------------------------------------------------------------------


def row_of(exclusion: int) -> Exclusion:
    db.session.expire_all()
    found = db.session.get(Exclusion, exclusion)
    assert found is not None
    return found


def test_a_change_keeps_what_was_there_before() -> None:
    she = add("Alma", "Reyes")
    made = record(she, "Gareth Pike", notes="First.")
    details = ExclusionDetails(she, ("Gareth Pike", "Gaz"), separation="day", notes="Second.")
    exclusions.edit(SYSTEM, made.exclusion_id, details, 1)
    detail = db.session.execute(
        select(ExclusionEvent.detail).where(ExclusionEvent.what == "changed")
    ).scalar_one()
    assert detail == {"before": {"names": ["Gareth Pike"], "separation": "gap", "notes": "First."}}
    assert (row_of(made.exclusion_id).separation, row_of(made.exclusion_id).version) == ("day", 2)


def test_a_change_that_did_not_see_the_last_one_is_refused() -> None:
    she = add("Alma", "Reyes")
    made = record(she, "Gareth Pike")
    exclusions.edit(SYSTEM, made.exclusion_id, ExclusionDetails(she, ("Gareth Pike",), separation="day"), 1)
    with pytest.raises(Stale):
        exclusions.edit(SYSTEM, made.exclusion_id, ExclusionDetails(she, ("Gareth Pike",)), 1)


def test_a_stricter_rule_shows_what_it_affects() -> None:
    clinic, she, he = Clinic(), add("Alma", "Reyes"), add("Gareth", "Pike")
    made = record(she, person=("client", he))
    make.make_session(clinic.venue, at(15, day=1), at(17, day=1), (clinic.workers[1],), (clinic.type,))
    clinic.sessions.append(
        make.make_session(clinic.venue, at(18, day=1), at(19, day=1), (clinic.workers[1],), (clinic.type,))
    )
    clinic.workers.append(clinic.workers[1])
    clinic.book(she)
    clinic.book(he, 2, at(18, day=1))
    assert exclusions.affected(lead(), made.exclusion_id) == []
    changed = exclusions.edit(
        SYSTEM, made.exclusion_id, ExclusionDetails(she, ("Gareth Pike",), separation="day"), 1
    )
    assert [clash.rule for clash in changed.clashes] == ["day"]


def test_closing_takes_a_reason_and_a_second_person() -> None:
    she, one, two = add("Alma", "Reyes"), lead(), lead()
    made = record(she, "Gareth Pike")
    with pytest.raises(Invalid):
        exclusions.start_closing(one, made.exclusion_id, " ")
    exclusions.start_closing(one, made.exclusion_id, "He died.")
    assert row_of(made.exclusion_id).active
    with pytest.raises(NotAllowed):
        exclusions.confirm_closing(one, made.exclusion_id)
    assert row_of(made.exclusion_id).active
    exclusions.confirm_closing(two, made.exclusion_id)
    assert not row_of(made.exclusion_id).active
    assert history(made.exclusion_id) == ["recorded", "closing", "closed"]


def test_nobody_closes_what_nobody_asked_to_close() -> None:
    made = record(add("Alma", "Reyes"), "Gareth Pike")
    with pytest.raises(WrongState):
        exclusions.confirm_closing(lead(), made.exclusion_id)


def test_two_tokens_are_not_two_people() -> None:
    made = record(add("Alma", "Reyes"), "Gareth Pike")
    with pytest.raises(NotAllowed):
        exclusions.start_closing(Actor("token", 1, "lead"), made.exclusion_id, "Enough.")
    exclusions.start_closing(lead(), made.exclusion_id, "Enough.")
    with pytest.raises(NotAllowed):
        exclusions.confirm_closing(Actor("token", 2, "lead"), made.exclusion_id)


def test_it_can_be_kept_after_all_and_put_in_force_again() -> None:
    clinic, she, he = Clinic(), add("Alma", "Reyes"), add("Gareth", "Pike")
    made = record(she, person=("client", he))
    one, two = lead(), lead()
    exclusions.start_closing(one, made.exclusion_id, "Enough.")
    exclusions.keep(two, made.exclusion_id)
    exclusions.start_closing(two, made.exclusion_id, "Enough.")
    exclusions.confirm_closing(one, made.exclusion_id)
    clinic.book(she)
    clinic.book(he, 1)
    assert len(exclusions.reopen(one, made.exclusion_id, "He is out again.")) == 1
    assert row_of(made.exclusion_id).active


def test_a_past_review_date_keeps_the_rule_in_force_and_puts_it_on_the_desk(clock: Any) -> None:
    clinic, she, he = Clinic(), add("Alma", "Reyes"), add("Gareth", "Pike")
    record(she, person=("client", he), review_on=date(2026, 3, 2))
    assert safety_desk.desk(lead()).waiting == ()
    clock.set(at(8, day=1))
    [brief] = safety_desk.desk(lead()).waiting
    assert brief.review_due
    clinic.book(she)
    with pytest.raises(SlotUnavailable):
        clinic.book(he, 1)


def test_the_desk_asks_for_more_when_too_little_is_known() -> None:
    record(add("Alma", "Reyes"), "Gaz")
    [brief] = safety_desk.desk(lead()).waiting
    assert brief.too_little


def test_the_desk_leaves_out_matches_of_closed_exclusions() -> None:
    she, _he = add("Alma", "Reyes"), add("Gareth", "Pike")
    made = record(she, "Gareth Pike")
    assert len(safety_desk.desk(lead()).matches) == 1
    db.session.execute(
        update(Exclusion).where(Exclusion.id == made.exclusion_id)
        .values(active=False, closing_by=make.make_staff(), closed_by=make.make_staff())
    )
    db.session.commit()
    assert safety_desk.desk(lead()).matches == ()
