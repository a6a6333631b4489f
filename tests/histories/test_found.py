"""What the histories found, each shrunk to the few steps that it takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from scheduler.errors import InTheWay, WrongState
from scheduler.extensions import db
from scheduler.models import Exclusion, Match
from scheduler.services import (
    arrivals,
    booking,
    checks,
    clients,
    exclusions,
    merging,
    overrides,
    sessions,
    staff,
    venues,
)
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.conftest import Clock
from tests.support import factories as make
from tests.support.factories import MONDAY, at

from . import oracle

LEAD, MANAGER = Actor("staff", None, "lead"), Actor("staff", None, "manager")

pytestmark = pytest.mark.usefixtures("context", "clock")


def a_session(**values: object) -> tuple[int, int, int]:
    """A session on Monday from ten to twelve, its worker and its kind of appointment."""
    kind, worker = make.make_type(), make.make_staff()
    venue = make.make_venue()
    make.open_all_day(venue)
    return make.make_session(venue, at(10), at(12), (worker,), (kind,), **values), worker, kind


def test_a_case_that_breaks_two_rules_is_due_before_the_earlier_presence() -> None:
    session, worker, kind = a_session()
    her = make.make_client()
    booking.book(LEAD, Choice(her, kind, session, worker, "in-person", at(11)))
    exclusions.record(LEAD, ExclusionDetails(her, person=("staff", worker), separation="day"))
    facts = oracle.read()
    assert [case.due_at for case in facts.cases] == [at(9, 45)]  # when the worker comes, not when she does
    assert oracle.wrong(facts) == []


def test_a_session_is_not_made_for_women_over_someone_who_has_come() -> None:
    session, worker, kind = a_session()
    him = make.make_client(eligibility="unknown")
    appointment = booking.book(LEAD, Choice(him, kind, session, worker, "in-person", at(10))).id
    arrivals.mark(LEAD, appointment, "arrived")
    details = sessions.details_of(SYSTEM, session)
    with pytest.raises(InTheWay) as refused:
        sessions.edit_session(SYSTEM, session, replace(details, audience="women"))
    assert refused.value.blockers == (appointment,)


def test_a_session_does_not_lose_the_worker_of_someone_who_has_come() -> None:
    session, worker, kind = a_session()
    appointment = booking.book(LEAD, Choice(make.make_client(), kind, session, worker, "in-person", at(10))).id
    arrivals.mark(LEAD, appointment, "arrived")
    details = sessions.details_of(SYSTEM, session)
    with pytest.raises(InTheWay):
        sessions.edit_session(SYSTEM, session, replace(details, staff=(make.make_staff(),)))


def test_a_worker_is_recorded_as_female_while_she_staffs_a_time_for_women() -> None:
    venue, kind = make.make_venue(), make.make_type()
    worker = staff.add(SYSTEM, staff.StaffDetails("Priya", "Nair", "worker", sees_clients=True, woman=True))
    make.open_all_day(venue, "women", range(1, 2))
    session = make.make_session(venue, at(10, day=1), at(12, day=1), (worker,), (kind,), audience="women")
    no_longer = staff.StaffDetails("Priya", "Nair", "worker", sees_clients=True, woman=False)
    with pytest.raises(InTheWay) as refused:
        staff.edit(MANAGER, worker, no_longer, None)
    assert refused.value.sessions == (session,)
    assert oracle.read().staff[worker].woman
    sessions.cancel_session(SYSTEM, session)
    staff.edit(MANAGER, worker, no_longer, None)


def test_a_clash_between_neighbours_is_off_the_queue_once_they_are_none() -> None:
    one, other, kind = make.make_site("Mill Lane"), make.make_site("Canal Street"), make.make_type()
    make.make_neighbours(one, other)
    people = [make.make_client(), make.make_client()]
    for client, site in zip(people, (one, other), strict=True):
        worker = make.make_staff()
        session = make.make_session(make.make_venue(site), at(10), at(12), (worker,), (kind,))
        booking.book(LEAD, Choice(client, kind, session, worker, "in-person", at(10)))
    exclusions.record(LEAD, ExclusionDetails(people[0], person=("client", people[1])))
    venues.set_neighbours(MANAGER, one, [])
    facts = oracle.read()
    assert [case.closed_at is not None for case in facts.cases] == [True]
    assert oracle.wrong(facts) == []


def test_a_series_does_not_end_over_someone_who_has_come() -> None:
    venue, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
    make.open_all_day(venue)
    details = sessions.SeriesDetails(
        venue, "Morning", "FREQ=DAILY", MONDAY.date(), 600, 60, MONDAY.date() + timedelta(days=1), types=(kind,),
        staff=(worker,),
    )
    series = sessions.add_series(SYSTEM, details)
    first = min(each.start for each in oracle.read().sessions.values())
    session = next(each.id for each in oracle.read().sessions.values() if each.start == first)
    early = booking.book(LEAD, Choice(make.make_client(), kind, session, worker, "in-person", first)).id
    arrivals.mark(LEAD, early, "arrived")
    with pytest.raises(WrongState):
        sessions.end_series(SYSTEM, series)
    assert oracle.wrong(oracle.read()) == []


@pytest.mark.parametrize(
    ("name", "born"), [(("Gareth", "Pike"), "1984-06-05"), (("Pike", "Gareth"), "1984-05-06")],
    ids=["born the other way round", "named the other way round"],
)  # fmt: skip
def test_a_dismissal_is_undone_by_any_change_of_what_is_known(name: tuple[str, str], born: str) -> None:
    her = make.make_client()
    him = clients.add(LEAD, ClientDetails("Gareth", "Pike", date_of_birth="1984-05-06"))
    exclusions.record(LEAD, ExclusionDetails(her, ("Gareth Pike",), date_of_birth="1984-05-06"))
    (match,) = oracle.read().matches
    exclusions.decide_match(LEAD, match.id, "dismissed", "We asked her.")
    clients.edit(LEAD, him, ClientDetails(*name, date_of_birth=born), 1)
    assert [each.state for each in oracle.read().matches] == ["possible"]


def test_two_records_are_made_one_when_only_the_other_has_a_review_date() -> None:
    lead = Actor("staff", make.make_staff(role="lead", sees_clients=False), "lead")
    keep, gone = (clients.add(LEAD, ClientDetails("Alma", "Reyes", phone="07700 900111")) for _ in range(2))
    clients.set_safe_contact(LEAD, keep, "sms", clients.SafeContactDetails("yes"))
    clients.set_safe_contact(LEAD, gone, "sms", clients.SafeContactDetails("yes", review_on=MONDAY.date()))
    merging.merge(lead, keep, gone, "She came twice.")
    (kept,) = clients.get(LEAD, keep).safe_contacts
    assert kept.details.review_on == MONDAY.date()  # the more careful of the two


def test_a_session_that_is_over_is_not_judged_by_what_its_worker_is_recorded_as_since(clock: Clock) -> None:
    venue, kind = make.make_venue(), make.make_type()
    worker = staff.add(SYSTEM, staff.StaffDetails("Priya", "Nair", "worker", sees_clients=True, woman=True))
    make.open_all_day(venue, "women", range(1, 2))
    make.make_session(venue, at(10, day=1), at(12, day=1), (worker,), (kind,), audience="women")
    clock.set(at(13, day=1))
    staff.edit(MANAGER, worker, staff.StaffDetails("Priya", "Nair", "worker", sees_clients=True, woman=False), None)
    assert checks.run().broken == ()


def test_an_override_near_both_a_client_and_a_worker_can_be_looked_at() -> None:
    venue, kind = make.make_venue(), make.make_type()
    her, him, named = make.make_client(), make.make_client(), make.make_staff()
    workers = [make.make_staff(), named, make.make_staff()]
    held = [make.make_session(venue, at(10), at(12), (each,), (kind,)) for each in workers]
    booking.book(LEAD, Choice(him, kind, held[2], workers[2], "in-person", at(10)))
    exclusion = make.make_exclusion(her, him)
    db.session.add(
        Match(
            named_person_id=db.session.get_one(Exclusion, exclusion).named_person_id, person_kind="staff",
            person_id=named, state="possible", score=90, found_at=at(9),
        )
    )  # fmt: skip
    db.session.commit()
    leads = [Actor("staff", make.make_staff(role="lead", sees_clients=False), "lead") for _ in range(2)]
    asked = overrides.ask_to_book(
        leads[0], Choice(her, kind, held[0], workers[0], "in-person", at(10)), "Both have agreed."
    )
    shown = overrides.view(leads[1], asked)
    assert len(shown.clashes) == 2
    assert overrides.give(leads[1], asked, shown.seen) is not None
    assert oracle.wrong(oracle.read()) == []
