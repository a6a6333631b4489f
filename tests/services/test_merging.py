"""Merging and splitting: whoever was kept apart before is kept apart after, whatever a record says (SAFETY.md 2)."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from scheduler.errors import Invalid, Merged, NotAllowed, NotFound, NotOnePerson, SlotUnavailable, Stale, WrongState
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AuditRecord,
    Client,
    EligibilityDecision,
    Exclusion,
    ExclusionEvent,
    Link,
    Match,
    Message,
    SafeContact,
    SafetyCase,
    Stay,
    TimeRequest,
)
from scheduler.notifications import replies
from scheduler.rules.door import Answer
from scheduler.services import booking, checks, clients, door, exclusions, links, merging, overrides, safety_desk
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.clients import ClientDetails, SafeContactDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.factories import at

DESK = Actor("staff", None, "reception")

pytestmark = pytest.mark.usefixtures("context", "clock")


@pytest.fixture
def lead(context: Any, clock: Any) -> Actor:
    return Actor("staff", make.make_staff(role="lead"), "lead")


def add(given: str, family: str, **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def details(client: int, **changed: Any) -> tuple[ClientDetails, int]:
    """What a client's record says, with some of it changed, and its version."""
    record = clients.get(DESK, client)
    values = {
        "given_name": record.given_name, "family_name": record.family_name, "aliases": record.aliases,
        "date_of_birth": record.date_of_birth, "phone": record.phone, "notes": record.notes,
        "key_worker_id": record.key_worker_id, **changed,
    }  # fmt: skip
    return ClientDetails(**values), record.version


def record(protects: int, *names: str, **values: Any) -> int:
    return exclusions.record(SYSTEM, ExclusionDetails(protects, names=names, **values)).exclusion_id


def matched(exclusion: int) -> dict[int, str]:
    """The state of each client's match to whom this exclusion names."""
    db.session.expire_all()
    query = select(Match.person_id, Match.state).join(
        Exclusion, Exclusion.named_person_id == Match.named_person_id
    )
    return {row.person_id: row.state for row in db.session.execute(query.where(Exclusion.id == exclusion))}


def protects(exclusion: int) -> int:
    return db.session.execute(select(Exclusion.client_id).where(Exclusion.id == exclusion)).scalar_one()


def history(exclusion: int) -> list[str]:
    query = select(ExclusionEvent.what).where(ExclusionEvent.exclusion_id == exclusion).order_by(ExclusionEvent.id)
    return list(db.session.execute(query).scalars())


def owner(appointment: int) -> int:
    return db.session.execute(select(Appointment.client_id).where(Appointment.id == appointment)).scalar_one()


def cases() -> set[str]:
    return set(db.session.execute(select(SafetyCase.subject).where(SafetyCase.closed_at.is_(None))).scalars())


def texts(client: int, *states: str) -> list[tuple[int | None, str]]:
    query = select(Message.appointment_id, Message.purpose).where(Message.client_id == client)
    rows = db.session.execute(query.where(Message.state.in_(states or ("planned",))).order_by(Message.id))
    return [(row.appointment_id, row.purpose) for row in rows]


def in_order() -> None:
    assert [str(each) for each in checks.run().broken] == []


class Clinic:
    """One venue with several workers' sessions on one morning."""

    def __init__(self, workers: int = 4, **values: Any) -> None:
        self.venue = make.make_venue(**values)
        make.open_all_day(self.venue)
        self.type = make.make_type()
        self.workers = [make.make_staff() for _ in range(workers)]
        self.sessions = [
            make.make_session(self.venue, at(9, day=3), at(17, day=3), (worker,), (self.type,))
            for worker in self.workers
        ]

    def choice(self, client: int, which: int = 0, hour: int = 10, minute: int = 0) -> Choice:
        start = at(hour, minute, day=3)
        return Choice(client, self.type, self.sessions[which], self.workers[which], "in-person", start)

    def book(self, client: int, which: int = 0, hour: int = 10, minute: int = 0) -> int:
        return booking.book(DESK, self.choice(client, which, hour, minute)).id

    def refuses(self, client: int, which: int = 0, hour: int = 10) -> bool:
        """Is this time refused, and not offered either? Nothing is booked."""
        wanted = Wanted(client, self.type, at(9, day=3), at(17, day=3))
        offered = any(
            offer.start == at(hour, day=3) and offer.staff == self.workers[which]
            for offer in booking.offers(DESK, wanted)
        )
        try:
            made = booking.book(DESK, self.choice(client, which, hour))
        except SlotUnavailable:
            assert not offered
            return True
        assert offered
        booking.cancel(DESK, made.id)
        return False


# --- one record of two ------------------------------------------------------------------------------------------------


def test_her_exclusion_reaches_him_by_whichever_record_he_is_booked(lead: Actor) -> None:
    clinic, she, he, again = Clinic(), add("Alma", "Reyes"), add("Gareth", "Pike"), add("Colin", "Marsh")
    made = exclusions.record(lead, ExclusionDetails(she, person=("client", again))).exclusion_id
    clinic.book(she)
    merging.merge(lead, he, again, "The same man: he said so.")
    assert matched(made) == {he: "confirmed"}
    assert clinic.refuses(he, 1)
    assert booking.in_request_mode(he)
    assert history(made)[-1] == "records-merged"
    in_order()


def test_an_exclusion_that_protected_the_record_that_goes_protects_the_one_that_stays(lead: Actor) -> None:
    clinic, she, twice, he = Clinic(), add("Alma", "Reyes"), add("Amina", "Yusuf"), add("Gareth", "Pike")
    made = exclusions.record(lead, ExclusionDetails(twice, person=("client", he))).exclusion_id
    merging.merge(lead, she, twice, "Married name.")
    assert protects(made) == she
    clinic.book(she)
    assert clinic.refuses(he, 1)
    assert [each.id for each in safety_desk.list_for(lead, she)] == [made]
    in_order()


def test_an_exclusion_recorded_later_finds_him_by_the_phone_or_name_of_the_record_that_went(lead: Actor) -> None:
    he = add("Colin", "Marsh", date_of_birth="4/4/1980", phone="07700 900101")
    again = add("Gareth", "Pike", date_of_birth="5/3/1985", phone="07700 900102")
    merging.merge(lead, he, again, "Two names.")
    by_name = record(add("Alma", "Reyes"), "Gaz Pyke", date_of_birth="1985")
    by_phone = record(add("Amina", "Yusuf"), phone="07700 900102")
    by_either = record(add("Zofia", "Nowak"), "Colin Marsh", phone="07700 900102")
    assert matched(by_name) == matched(by_phone) == matched(by_either) == {he: "possible"}
    in_order()


def test_what_the_record_that_went_says_is_not_forgotten_when_the_other_is_changed(lead: Actor) -> None:
    she, he = add("Alma", "Reyes"), add("Colin", "Marsh")
    again = add("Gareth", "Pike", date_of_birth="5/3/1985", phone="07700 900102")
    made = record(she, "Gareth Pike", date_of_birth="5/3/1985", phone="07700 900102")
    merging.merge(lead, he, again, "Two names.")
    clients.edit(DESK, he, *details(he, aliases=("Gareth Pike",)))
    row = db.session.execute(select(Match)).scalar_one()
    assert (row.person_id, row.state) == (he, "possible")
    assert "same phone" in (row.why or "")
    assert matched(made) == {he: "possible"}


def test_nobody_is_kept_from_herself_by_the_name_of_her_other_record(lead: Actor) -> None:
    she, twice = add("Alma", "Reyes"), add("Amina", "Castle", phone="07700 900103")
    merge = merging.merge(lead, she, twice, "Two names.")
    made = record(she, "Amina Castle", phone="07700 900103")
    assert matched(made) == {}
    clients.edit(DESK, she, *details(she, aliases=("Amina",)))
    assert matched(made) == {}
    merging.split(lead, merge, "It is the other whom she named.")
    assert matched(made) == {twice: "possible"}
    in_order()


def test_a_record_that_went_is_counted_once_among_those_who_share_a_lone_name(lead: Actor) -> None:
    for each in range(19):
        add("Gaz", f"Abara{'bcdfghjklmnpqrstvwxz'[each]}o")
    he, again = add("Gaz", "Marlowe"), add("Gaz", "Quill")
    merging.merge(lead, he, again, "Two names.")
    made = record(add("Alma", "Reyes"), "Gaz")
    assert len(matched(made)) == 20
    assert again not in matched(made)


def test_of_two_matches_the_surest_stays_and_a_dismissal_only_when_both_were(lead: Actor) -> None:
    states = ("dismissed", "possible", "confirmed")
    then = {(mine, theirs): max(mine, theirs, key=states.index) for mine in states for theirs in states}
    then |= {("dismissed", None): "possible", (None, "dismissed"): "possible"}
    then |= {(None, state): state for state in states[1:]} | {(state, None): state for state in states[1:]}
    one, other, made = make.make_client(), make.make_client(), {}
    for pair in then:
        made[pair] = make.make_exclusion(make.make_client(), one, state=pair[0] or "possible")
        match = db.session.execute(select(Match).order_by(Match.id.desc()).limit(1)).scalar_one()
        if pair[1] is not None:
            row = {"person_kind": "client", "person_id": other, "score": 50, "found_at": at(8), "state": pair[1]}
            db.session.add(Match(named_person_id=match.named_person_id, **row))
        if pair[0] is None:
            db.session.delete(match)
    db.session.commit()
    merge = merging.merge(lead, one, other, "The same man.")
    assert {pair: matched(each) for pair, each in made.items()} == {pair: {one: state} for pair, state in then.items()}
    in_order()
    merging.split(lead, merge, "Two men.")
    for pair, each in made.items():
        after = matched(each)
        assert after == {
            client: "confirmed" if was == "confirmed" else "possible"
            for client, was in zip((one, other), pair, strict=True)
        }, pair
    in_order()


def test_appointments_move_with_their_numbers_and_no_text_says_that_they_moved(lead: Actor, clock: Any) -> None:
    clinic, she, twice = Clinic(), make.make_client(), make.make_client()
    for client in (she, twice):
        make.make_safe_contact(client, checked_at=at(8))
    db.session.execute(update(Client).values(phone="+447700900111"))
    db.session.commit()
    mine, cancelled = clinic.book(she, 0, 10), clinic.book(twice, 1, 11)
    booking.cancel(DESK, cancelled)
    theirs = clinic.book(twice, 1, 12)
    # What was sent is not sent again; what was not yet said is said, by the record in use.
    db.session.execute(
        update(Message).where(Message.appointment_id == theirs, Message.purpose == "confirmation").values(
            state="delivered", claimed_at=at(9)
        )
    )
    db.session.commit()
    merging.merge(lead, she, twice, "The same woman.")
    rows = db.session.execute(select(Appointment.id, Appointment.own_number).where(Appointment.client_id == she)).all()
    assert {row.id: row.own_number for row in rows} == {mine: 1, cancelled: 2, theirs: 3}
    assert texts(twice) == []
    assert set(texts(she)) == {
        (mine, "confirmation"), (mine, "reminder"), (cancelled, "cancellation"), (theirs, "reminder"),
    }
    in_order()


def test_the_record_that_went_is_booked_and_changed_no_more_and_leads_to_the_other(lead: Actor) -> None:
    clinic, she, twice = Clinic(), add("Alma", "Reyes"), add("Christabella", "Montgomery-Castle", phone="07700 900103")
    reference = clients.get(DESK, twice).reference
    clients.set_safe_contact(DESK, twice, "sms", SafeContactDetails("yes"))
    token, sent = links.show_link(DESK, twice), links.send_link(DESK, twice)
    merging.merge(lead, she, twice, "Maiden name.")
    with pytest.raises(Merged) as led:
        clients.get(DESK, twice)
    assert (led.value.gone, led.value.into, led.value.status) == (twice, she, 404)
    refusals: list[Any] = [
        lambda: clients.edit(DESK, twice, ClientDetails("A", "B"), 2), lambda: clients.set_active(DESK, twice, True),
        lambda: clients.set_request_mode(DESK, twice, False),
        lambda: clients.decide_eligibility(lead, twice, "eligible", "v1"),
        lambda: clients.set_safe_contact(DESK, twice, "sms", SafeContactDetails("yes")),
        lambda: safety_desk.list_for(lead, twice), lambda: merging.merge(lead, twice, add("Zofia", "Nowak"), "x"),
    ]  # fmt: skip
    for refused in refusals:
        with pytest.raises(NotFound):
            refused()
    with pytest.raises(SlotUnavailable):
        clinic.book(twice)
    assert booking.offers(DESK, Wanted(twice, clinic.type, at(9, day=3), at(17, day=3))) == []
    assert not links.is_live(token)
    assert db.session.execute(select(Link.ended_at)).scalar_one() is not None
    assert db.session.execute(select(Message.state).where(Message.id == sent)).scalar_one() == "cancelled"
    for typed in (reference, "Christabella Mont", "Montgomery-Castle", "07700 900103", "Cristabella"):
        assert [card.id for card in clients.find(DESK, typed)] == [she], typed
    [card] = clients.find(DESK, "Montgomery-Castle")
    assert card.also == ("Christabella Montgomery-Castle",)
    assert clients.find(DESK, "Montgomery-Castlf") == []
    assert [card.id for card in clients.alike(DESK, ["Christabella Montgomery"], None, None)] == [she]


def test_an_exclusion_recorded_on_a_page_that_was_open_since_before_is_in_force_for_the_record_in_use(
    lead: Actor,
) -> None:
    she, twice, he, again = (make.make_client() for _ in range(4))
    merging.merge(lead, she, twice, "The same woman.")
    merging.merge(lead, he, again, "The same man.")
    made = exclusions.record(lead, ExclusionDetails(twice, person=("client", again))).exclusion_id
    assert protects(made) == she
    assert matched(made) == {he: "confirmed"}
    with pytest.raises(Invalid):
        exclusions.record(lead, ExclusionDetails(she, person=("client", twice)))


def test_the_door_knows_him_by_every_record_of_his(lead: Actor, clock: Any) -> None:
    clinic, she = Clinic(), add("Alma", "Reyes")
    he, again = add("Colin", "Marsh", date_of_birth="4/4/1980"), add("Gareth", "Pike", date_of_birth="5/3/1985")
    reference = clients.get(DESK, again).reference
    clinic.book(she)
    clock.set(at(9, 50, day=3))
    reception = Actor("staff", make.make_staff(role="reception"), "reception")
    assert door.check(reception, clinic.venue, he) == Answer.GO
    merging.merge(lead, he, again, "Two names.")
    made = record(she, "Gaz Pike", date_of_birth="1985")
    for came in ({"client_id": he}, {"client_id": again}, {"text": "Colin Marsh"}, {"text": reference}):
        assert door.check(reception, clinic.venue, **came) == Answer.QUIET_ROOM, came
    # By his other name even when no match row says so: the description alone is weighed against each record.
    db.session.execute(update(Match).values(person_id=make.make_client()))
    db.session.commit()
    assert door.check(reception, clinic.venue, he) == Answer.QUIET_ROOM
    assert protects(made) == she


def test_the_door_takes_the_number_of_a_merged_record_for_the_one_in_use(lead: Actor, clock: Any) -> None:
    clinic, she, he, again = Clinic(), add("Alma", "Reyes"), add("Colin", "Marsh"), add("Gareth", "Pike")
    clinic.book(she)
    merging.merge(lead, he, again, "Two names.")
    exclusions.record(lead, ExclusionDetails(she, person=("client", he)))
    clock.set(at(9, 50, day=3))
    reception = Actor("staff", make.make_staff(role="reception"), "reception")
    assert door.check(reception, clinic.venue, again) == Answer.QUIET_ROOM


def test_what_clashes_while_they_are_one_has_its_case_and_nothing_is_cancelled(lead: Actor) -> None:
    clinic, she, twice, he = Clinic(), make.make_client(), make.make_client(), make.make_client()
    made = make.make_exclusion(she, he)
    hers, his = clinic.book(twice), clinic.book(he, 1)
    assert cases() == set()
    merge = merging.merge(lead, she, twice, "The same woman.")
    assert cases() == {f"x{made}:a{hers}:a{his}"}
    in_order()
    since = exclusions.record(lead, ExclusionDetails(she, person=("client", he))).exclusion_id
    assert cases() == {f"x{made}:a{hers}:a{his}", f"x{since}:a{hers}:a{his}"}
    merging.split(lead, merge, "Two women.")
    [copied] = [each.id for each in safety_desk.list_for(lead, twice)]
    assert cases() == {f"x{copied}:a{hers}:a{his}"}
    in_order()


def test_what_two_records_did_before_they_were_one_was_no_mistake(lead: Actor, clock: Any) -> None:
    """Her exclusion did not reach her second record yet: what is over by now broke no rule."""
    clinic, she, twice, he = Clinic(), make.make_client(), make.make_client(), make.make_client()
    make.make_exclusion(she, he)
    clock.forward(hours=1)
    clinic.book(twice)
    clinic.book(he, 1)
    clock.set(at(12, day=4))
    merge = merging.merge(lead, she, twice, "The same woman.")
    in_order()
    clock.forward(hours=1)
    merging.split(lead, merge, "Two women.")
    in_order()


def test_a_merge_into_a_merged_record_leads_everyone_to_the_last(lead: Actor) -> None:
    first, second, third = (add(name, "Reyes-Okoro") for name in ("Alma", "Bea", "Cara"))
    one = merging.merge(lead, second, first, "The same.")
    two = merging.merge(lead, third, second, "The same again.")
    assert {each.id for each in clients.find(DESK, "Alma Reyes-Okoro")} == {third}
    with pytest.raises(Merged) as led:
        clients.get(DESK, first)
    assert led.value.into == third
    with pytest.raises(WrongState):
        merging.split(lead, one, "Too early.")
    in_order()
    merging.split(lead, two, "Two women.")
    with pytest.raises(Merged) as led:
        clients.get(DESK, first)
    assert led.value.into == second
    merging.split(lead, one, "Three women.")
    assert clients.get(DESK, first).active
    in_order()


def test_the_check_finds_whatever_a_merged_record_still_holds(lead: Actor) -> None:
    clinic, she, twice, he, other = Clinic(), *(make.make_client() for _ in range(4))
    made, naming = make.make_exclusion(she, he), make.make_exclusion(he, other)
    booked = clinic.book(she)
    merging.merge(lead, she, twice, "The same.")
    in_order()
    match = db.session.execute(
        select(Match.id).join(Exclusion, Exclusion.named_person_id == Match.named_person_id)
        .where(Exclusion.id == naming)
    ).scalar_one()  # fmt: skip
    db.session.execute(update(Appointment).values(client_id=twice))
    db.session.execute(update(Exclusion).where(Exclusion.id == made).values(client_id=twice))
    db.session.execute(update(Match).where(Match.id == match).values(person_id=twice))
    db.session.commit()
    held = [each.what.split(" is held")[0] for each in checks.run().broken if each.invariant == "merged"]
    assert held == [f"appointment {booked}", f"exclusion {made}", f"match {match}"]
    db.session.execute(update(Client).where(Client.id == she).values(active=False, merged_into=other))
    db.session.commit()
    assert f"record {she}" in [each.what.split(" is held")[0] for each in checks.run().broken]


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_two_people_kept_apart_are_not_one(lead: Actor) -> None:
    for state, active in (("possible", True), ("confirmed", True), ("confirmed", False)):
        for keeps_her in (True, False):
            she, he = make.make_client(), make.make_client()
            closed = {} if active else {"closing_by": lead.id, "closed_by": make.make_staff()}
            made = make.make_exclusion(she, he, state=state, active=active, **closed)
            pair = (she, he) if keeps_her else (he, she)
            [obstacle] = merging.compare(lead, *pair).in_the_way
            assert (obstacle.what, obstacle.about) == ("kept-apart", made)
            with pytest.raises(NotOnePerson):
                merging.merge(lead, *pair, "One person?")
    assert {row.active for row in db.session.execute(select(Client.active))} == {True}


def test_once_a_lead_dismissed_that_he_is_she_the_records_may_be_one_and_nobody_is_kept_from_herself(
    lead: Actor,
) -> None:
    clinic, she, twice = Clinic(), make.make_client(), make.make_client()
    made = make.make_exclusion(she, twice, state="dismissed")
    merge = merging.merge(lead, twice, she, "She named her own second record.")
    assert matched(made) == {}
    assert not booking.in_request_mode(twice)
    assert not clinic.refuses(twice)
    in_order()
    merging.split(lead, merge, "Two people after all.")
    assert matched(made) == {twice: "possible"}
    assert protects(made) == she
    in_order()


def test_appointments_that_no_one_person_can_have_are_listed(lead: Actor) -> None:
    clinic, elsewhere, she, twice = Clinic(), Clinic(), make.make_client(), make.make_client()
    hers = [clinic.book(she, 0, 10), clinic.book(she, 0, 13)]
    theirs = [clinic.book(twice, 1, 10, 15), elsewhere.book(twice, 0, 13, 40)]
    clinic.book(twice, 1, 15)
    found = merging.compare(lead, she, twice).in_the_way
    assert [[visit.id for visit in each.visits] for each in found] == [[hers[0], theirs[0]], [hers[1], theirs[1]]]
    with pytest.raises(NotOnePerson):
        merging.merge(lead, she, twice, "The same woman?")
    booking.cancel(DESK, theirs[0])
    booking.cancel(DESK, theirs[1])
    merging.merge(lead, she, twice, "The same woman.")
    in_order()


def test_an_override_that_waits_for_its_second_person_is_decided_first(lead: Actor) -> None:
    clinic, she, twice, he = Clinic(), make.make_client(), make.make_client(), make.make_client()
    make.make_exclusion(he, twice)
    clinic.book(he)
    asked = overrides.ask_to_book(lead, clinic.choice(twice, 1), "Nobody else has her language.")
    [obstacle] = merging.compare(lead, she, twice).in_the_way
    assert (obstacle.what, obstacle.about) == ("asked", asked)
    with pytest.raises(NotOnePerson):
        merging.merge(lead, she, twice, "The same woman.")
    overrides.refuse(lead, asked)
    merging.merge(lead, she, twice, "The same woman.")


def test_only_a_lead_in_person_may_and_what_she_read_must_still_be_so(lead: Actor) -> None:
    she, twice = make.make_client(), make.make_client()
    others = [Actor("staff", make.make_staff(role=role), role) for role in ("reception", "outreach", "manager")]
    for actor in (*others, Actor("token", 1, "lead"), SYSTEM):
        with pytest.raises(NotAllowed):
            merging.compare(actor, she, twice)
        with pytest.raises(NotAllowed):
            merging.merge(actor, she, twice, "x")
        with pytest.raises(NotAllowed):
            merging.merges_of(actor, she)
        with pytest.raises(NotAllowed):
            merging.split(actor, 1, "x")
    for wrong in ("", "  ", "x" * 1001):
        with pytest.raises(Invalid):
            merging.merge(lead, she, twice, wrong)
    with pytest.raises(NotOnePerson):
        merging.merge(lead, she, she, "x")
    with pytest.raises(NotFound):
        merging.merge(lead, she, 999, "x")
    clients.set_request_mode(DESK, twice, True)
    with pytest.raises(Stale):
        merging.merge(lead, she, twice, "x", (1, 1))
    merge = merging.merge(lead, she, twice, "x", (1, 2))
    merging.split(lead, merge, "y")
    with pytest.raises(WrongState):
        merging.split(lead, merge, "y")


def test_every_look_and_every_change_is_in_the_log(lead: Actor) -> None:
    she, twice, he = make.make_client(), make.make_client(), make.make_client()
    made = make.make_exclusion(twice, he)
    merging.compare(lead, she, twice)
    merge = merging.merge(lead, she, twice, "The same woman.")
    merging.merges_of(lead, she)
    merging.split(lead, merge, "Two women.")
    rows = db.session.execute(select(AuditRecord).order_by(AuditRecord.id)).scalars().all()
    looks = [row for row in rows if row.action == "look"]
    assert [row.subject_kind for row in looks] == ["merge", "merges"]
    assert looks[0].detail == {"exclusions": [made], "clients": [she, twice]}
    kinds = [(row.action, row.subject_kind, row.subject_id) for row in rows]
    for told in (("merge", "client", she), ("merged-away", "client", twice), ("hand-over", "exclusion", made),
                 ("split", "client", she), ("split", "client", twice)):  # fmt: skip
        assert told in kinds
    assert history(made) == ["records-merged", "records-split"]


# --- what the two records say -----------------------------------------------------------------------------------------


def test_a_decision_carries_and_a_contradiction_decides_nothing(lead: Actor, clock: Any) -> None:
    together = {
        ("eligible", "eligible"): "eligible", ("eligible", "unknown"): "eligible", ("unknown", "eligible"): "eligible",
        ("unknown", "not-eligible"): "not-eligible", ("eligible", "not-eligible"): "unknown",
        ("not-eligible", "eligible"): "unknown", ("unknown", "unknown"): "unknown",
    }  # fmt: skip
    for said, then in together.items():
        one, other = (make.make_client(eligibility=each) for each in said)
        merge = merging.merge(lead, one, other, "The same.")
        assert clients.get(DESK, one).eligibility == then, said
        rows = db.session.execute(select(EligibilityDecision)).scalars().all()
        told = [(row.client_id, row.decision) for row in rows if row.client_id in (one, other)]
        assert told == ([(one, then)] if then != said[0] else [])
        merging.split(lead, merge, "Two people.")
        assert tuple(clients.get(DESK, each).eligibility for each in (one, other)) == said
    in_order()


def test_a_decision_made_while_they_were_one_stands_for_neither_that_had_another(lead: Actor) -> None:
    one, other = make.make_client(eligibility="unknown"), make.make_client(eligibility="eligible")
    merge = merging.merge(lead, one, other, "The same.")
    clients.decide_eligibility(lead, one, "not-eligible", "v2")
    merging.split(lead, merge, "Two people.")
    assert [clients.get(DESK, each).eligibility for each in (one, other)] == ["unknown", "unknown"]


def safe(client: int) -> str | None:
    query = select(SafeContact.safe).where(SafeContact.client_id == client, SafeContact.channel == "sms")
    return db.session.execute(query).scalar_one_or_none()


def test_a_channel_on_which_they_disagree_is_safe_no_more(lead: Actor) -> None:
    clinic = Clinic(1)
    for number, (mine, theirs, phones, together) in enumerate([
        ({}, {}, "same", "yes"), ({}, {}, "other", "unknown"), ({}, {"safe": "unknown"}, "same", "unknown"),
        ({}, {"safe": "no"}, "same", "no"), ({"safe": "no"}, {}, "same", "no"), ({}, None, "same", "yes"),
        ({}, None, "other", "unknown"), (None, {}, "same", None), (None, {"safe": "no"}, "same", "no"),
        ({}, {"paused": True}, "same", "unknown"), ({}, {"hours": [[1, 540, 720]]}, "same", "unknown"),
        ({}, {"review_on": date(2026, 1, 1)}, "same", "unknown"), ({}, {}, "none", "yes"),
    ]):  # fmt: skip
        one = make.make_client(phone="+447700900121")
        other = make.make_client(phone={"same": "+447700900121", "other": "+447700900122", "none": None}[phones])
        for client, said in ((one, mine), (other, theirs)):
            if said is not None:
                make.make_safe_contact(client, **{"checked_at": at(8), **said})
        booked = clinic.book(other, 0, 9 + number // 2, 30 * (number % 2))
        merging.merge(lead, one, other, "The same.")
        assert safe(one) == together, number
        assert ((booked, "reminder") in texts(one)) == (together == "yes"), number
        assert ((booked, "confirmation") in texts(one)) == (together == "yes" and theirs is not None), number
        assert texts(other) == []
    in_order()


def test_a_stop_from_the_number_of_the_record_that_went_outlasts_taking_them_apart(lead: Actor, clock: Any) -> None:
    one, other = add("Alma", "Reyes", phone="07700 900121"), add("Amina", "Yusuf", phone="07700 900122")
    for client in (one, other):
        clients.set_safe_contact(DESK, client, "sms", SafeContactDetails("yes"))
    clock.forward(hours=1)
    merge = merging.merge(lead, one, other, "The same.")
    assert safe(one) == "unknown"
    assert replies.receive("+447700900122", "STOP") == 1
    merging.split(lead, merge, "Two women.")
    assert safe(other) == "no"


def test_a_channel_asked_about_while_they_were_one_is_safe_for_neither_and_any_other_is_as_it_was(
    lead: Actor, clock: Any
) -> None:
    one, other = add("Alma", "Reyes", phone="07700 900121"), add("Amina", "Yusuf", phone="07700 900121")
    for client in (one, other):
        clients.set_safe_contact(DESK, client, "sms", SafeContactDetails("yes"))
    for asked in (False, True):
        clock.forward(hours=1)
        merge = merging.merge(lead, one, other, "The same.")
        clock.forward(hours=1)
        if asked:
            clients.set_safe_contact(DESK, one, "sms", SafeContactDetails("yes", paused=True))
        merging.split(lead, merge, "Two women.")
        assert {safe(one), safe(other)} == ({"unknown"} if asked else {"yes"})


def test_request_mode_notes_worker_and_stay_go_along_and_come_back(lead: Actor) -> None:
    worker, refuge = make.make_staff(), make.make_venue(confidential=True, kind="refuge")
    one = make.make_client(notes="Prefers mornings.")
    other = make.make_client(notes="Allergic to cats.", key_worker_id=worker, request_mode=True)
    make.make_stay(other, refuge)
    asked = TimeRequest(
        client_id=other, type_id=make.make_type(), mode="phone", wishes="[]", state="open", made_at=at(8)
    )
    db.session.add(asked)
    db.session.commit()
    merge = merging.merge(lead, one, other, "The same.")
    record = clients.get(DESK, one)
    assert (record.request_mode, record.key_worker_id) == (True, worker)
    assert record.notes == "Prefers mornings.\n\nAllergic to cats."
    assert [row.client_id for row in db.session.execute(select(Stay.client_id))] == [one]
    assert db.session.execute(select(TimeRequest.client_id)).scalar_one() == one
    merging.split(lead, merge, "Two women.")
    record = clients.get(DESK, one)
    assert (record.request_mode, record.key_worker_id, record.notes) == (True, None, "Prefers mornings.")
    assert clients.get(DESK, other).key_worker_id == worker
    assert [row.client_id for row in db.session.execute(select(Stay.client_id))] == [other]
    assert db.session.execute(select(TimeRequest.client_id)).scalar_one() == other


# --- taken apart ------------------------------------------------------------------------------------------------------


def test_each_gets_back_what_it_had_and_what_was_recorded_since_protects_both(lead: Actor, clock: Any) -> None:
    clinic, one, other = Clinic(), add("Alma", "Reyes"), add("Amina", "Yusuf")
    he, another = add("Gareth", "Pike"), add("Colin", "Marsh")
    first = exclusions.record(lead, ExclusionDetails(other, person=("client", he))).exclusion_id
    theirs = clinic.book(other, 0, 10)
    clock.forward(hours=1)
    merge = merging.merge(lead, one, other, "The same.")
    clock.forward(hours=1)
    since = exclusions.record(
        lead, ExclusionDetails(one, person=("client", another), separation="day", notes="Told on the phone.")
    ).exclusion_id
    made = clinic.book(one, 0, 12)
    merging.split(lead, merge, "Two women.")
    assert (protects(first), protects(since), owner(theirs), owner(made)) == (other, one, other, one)
    [copied] = [each.id for each in safety_desk.list_for(lead, other) if each.id != first]
    row = db.session.execute(select(Exclusion).where(Exclusion.id == copied)).scalar_one()
    assert (row.separation, row.notes, row.active) == ("day", "Told on the phone.", True)
    assert matched(copied) == matched(since) == {another: "confirmed"}
    assert history(copied) == ["recorded", "records-split"]
    assert clinic.refuses(another, 1)
    assert clinic.refuses(other, 2, 10)
    booking.cancel(DESK, made)
    assert clinic.refuses(another, 1)  # near neither of the two
    in_order()


def test_a_match_of_either_is_held_for_both_but_where_a_lead_confirmed_it(lead: Actor, clock: Any) -> None:
    one, other = add("Gareth", "Pike", date_of_birth="5/3/1985"), add("Colin", "Marsh", date_of_birth="4/4/1980")
    before = exclusions.record(lead, ExclusionDetails(add("Alma", "Reyes"), person=("client", other))).exclusion_id
    clock.forward(hours=1)
    merge = merging.merge(lead, one, other, "The same.")
    clock.forward(hours=1)
    since = exclusions.record(lead, ExclusionDetails(add("Zofia", "Nowak"), person=("client", one))).exclusion_id
    possible = record(add("Amina", "Yusuf"), "Colin Marsh")
    dismissed = record(add("Bea", "Okoro"), "Gaz Pike")
    match = db.session.execute(
        select(Match.id).join(Exclusion, Exclusion.named_person_id == Match.named_person_id)
        .where(Exclusion.id == dismissed)
    ).scalar_one()  # fmt: skip
    exclusions.decide_match(lead, match, "dismissed", "Another Gaz.")
    clock.forward(hours=1)
    merging.split(lead, merge, "Two men.")
    assert matched(before) == {one: "possible", other: "confirmed"}
    assert matched(since) == {one: "confirmed", other: "possible"}
    assert matched(possible) == matched(dismissed) == {one: "possible", other: "possible"}
    in_order()


def test_two_women_taken_apart_are_told_again_and_no_link_of_either_lives(lead: Actor, clock: Any) -> None:
    clinic = Clinic()
    one, other = make.make_client(phone="+447700900121"), make.make_client(phone="+447700900121")
    for client in (one, other):
        make.make_safe_contact(client, checked_at=at(8))
    theirs = clinic.book(other)
    clock.forward(hours=1)
    merge = merging.merge(lead, one, other, "The same.")
    db.session.execute(
        update(Message).where(Message.client_id == one).values(state="delivered", claimed_at=Message.send_after)
    )
    db.session.commit()
    token, sent = links.show_link(DESK, one), links.send_link(DESK, one)
    clock.forward(hours=1)
    merging.split(lead, merge, "Two women.")
    assert not links.is_live(token)
    assert db.session.execute(select(Message.state).where(Message.id == sent)).scalar_one() == "cancelled"
    assert texts(other) == [(theirs, "reminder")]
    assert db.session.execute(select(Appointment.version)).scalar_one() == 2
    assert db.session.execute(select(Link.ended_at)).scalar_one() is not None
    in_order()


def test_a_past_visit_to_a_refuge_while_they_were_one_is_no_mistake_afterwards(lead: Actor, clock: Any) -> None:
    refuge = Clinic(1, confidential=True, kind="refuge")
    make.assign(lead.id or 0, refuge.venue)
    one, other = make.make_client(), make.make_client()
    make.make_stay(other, refuge.venue)
    merge = merging.merge(lead, one, other, "The same.")
    booking.book(lead, refuge.choice(one))
    clock.set(at(12, day=4))
    merging.split(lead, merge, "Two women.")
    in_order()
    [stay] = db.session.execute(select(Stay).where(Stay.client_id == one)).scalars()
    assert stay.until == at(12, day=4)


# --- whatever the two records hold ------------------------------------------------------------------------------------

STATES = st.sampled_from(["possible", "confirmed", "dismissed"])
#: Whether it protects or names the first or second record; the other person; the state of the match.
EXCLUSIONS = st.lists(
    st.tuples(st.sampled_from(["protects", "names"]), st.integers(0, 1), st.integers(0, 2), STATES), max_size=5
)


@settings(
    max_examples=6, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(held=EXCLUSIONS, since=EXCLUSIONS, visits=st.lists(st.integers(0, 1), max_size=3))
def test_every_pair_kept_apart_before_is_kept_apart_after(
    database: Any, held: list[tuple[str, int, int, str]], since: list[tuple[str, int, int, str]], visits: list[int]
) -> None:
    """Through the one door of booking: wherever either record was refused a time, the one is that they became; and so
    are both afterwards, wherever the one was that they had become."""
    db.session.rollback()
    database.empty()
    db.session.expunge_all()
    lead, clinic = Actor("staff", make.make_staff(role="lead"), "lead"), Clinic(2)
    pair, others = [make.make_client(), make.make_client()], [make.make_client() for _ in range(3)]

    def exclude(which: tuple[str, int, int, str], mine: int) -> set[tuple[int, int]]:
        kind, _, number, state = which
        parties = (mine, others[number]) if kind == "protects" else (others[number], mine)
        make.make_exclusion(*parties, state=state)
        return set() if state == "dismissed" else {(mine, others[number])}

    def are_apart(mine: int, other: int) -> bool:
        booked = clinic.book(other, 1, 9)
        refused = clinic.refuses(mine, 0, 9)
        booking.cancel(DESK, booked)
        return refused

    before = set().union(*(exclude(each, pair[each[1]]) for each in held))
    for position, which in enumerate(visits):
        clinic.book(pair[which], 0, 11 + position)
    merge = merging.merge(lead, *pair, "The same.")
    assert all(are_apart(pair[0], other) for _, other in before)
    in_order()
    recorded = set().union(*(exclude(each, pair[0]) for each in since))
    merging.split(lead, merge, "Two.")
    assert all(are_apart(*each) for each in before)
    assert all(are_apart(mine, other) for mine in pair for _, other in recorded)
    in_order()
