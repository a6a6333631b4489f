"""What the small demonstration promises: a believable town that has everything, is repeatable, breaks no rule, and
whose secrets nobody reads in the raw database."""

from __future__ import annotations

import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from scheduler.demo import state
from scheduler.demo import town as demo
from scheduler.demo.town_people import CRAIG, GAZ, HOLLY, JADE, KOFI, LAUREN, RYAN, everyone
from scheduler.demo.town_places import (
    ACORNS,
    CASTLE,
    GARETH,
    LEAD,
    LEAD_TOO,
    MARKET,
    PLACES,
    REFUGE,
    REFUGE_ADDRESS,
    REFUGE_NAME,
    REFUGE_POSTCODE,
    STAFF,
)
from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    Client,
    Exclusion,
    Match,
    Message,
    NamedPerson,
    OpeningWindow,
    SafeContact,
    SafetyCase,
    Series,
    Session,
    SiteNeighbour,
    Staff,
    Stay,
    TimeRequest,
    Venue,
)
from scheduler.rules.states import State
from scheduler.services import booking, checks, safety_desk
from scheduler.services.actors import Actor, client_actor
from tests.demo.conftest import WEDNESDAY, Loaded, stopped_at
from tests.support.databases import sqlite_database
from tests.support.settings import make_application, settings_for


def count(model: Any, *where: Any) -> int:
    return db.session.execute(select(func.count()).select_from(model).where(*where)).scalar_one()


@pytest.mark.usefixtures("town")
class TestTheTown:
    def test_no_invariant_is_broken(self) -> None:
        assert [str(each) for each in checks.run().broken] == []

    def test_it_has_venues_of_every_kind(self) -> None:
        kinds = set(db.session.scalars(select(Venue.kind)))
        assert kinds == {"hub", "gp", "refuge", "family-hub", "community", "online", "other"}
        assert [v.id for v in db.session.scalars(select(Venue).where(Venue.confidential))] == [REFUGE]
        surgeries = db.session.scalars(select(Venue.site_id).where(Venue.id.in_((CASTLE, MARKET)))).all()
        assert len(set(surgeries)) == 1
        assert db.session.get(Venue, ACORNS).creche
        assert count(SiteNeighbour) == 2

    def test_the_hub_has_mixed_and_women_only_times(self) -> None:
        audiences = Counter(db.session.scalars(select(OpeningWindow.audience).where(OpeningWindow.venue_id == 1)))
        assert set(audiences) == {"everyone", "women"}

    def test_a_dozen_people_work_there_in_every_role(self) -> None:
        assert set(db.session.scalars(select(Staff.role))) == {"reception", "outreach", "lead", "manager", "worker"}
        assert {"nurse", "peer mentor"} <= set(db.session.scalars(select(Staff.job)))
        assert count(Staff) >= 12

    def test_everyone_whom_the_readme_names_can_sign_in_and_is_printed(self) -> None:
        assert set(state.logins()) == {"reception", "outreach", "worker", "lead", "lead2", "manager"}
        assert set(state.logins()) == {each.login for each in STAFF if each.login}

    def test_a_hundred_clients_are_reached_in_every_way(self) -> None:
        assert count(Client) == 100
        assert set(db.session.scalars(select(Client.eligibility))) == {"eligible", "not-eligible", "unknown"}
        texts = db.session.scalars(select(SafeContact).where(SafeContact.channel == "sms")).all()
        assert {contact.safe for contact in texts} == {"yes", "no", "unknown"}
        assert any(contact.hours for contact in texts)
        assert any(contact.may_name for contact in texts)
        assert any(contact.paused for contact in texts)
        assert any(contact.review_on and contact.review_on < WEDNESDAY.date() for contact in texts)
        assert count(Stay) >= 2

    def test_appointments_are_in_every_state(self) -> None:
        assert set(db.session.scalars(select(Appointment.state))) == {str(state) for state in State}

    def test_there_is_a_past_a_board_for_today_and_half_a_year_of_sessions(self) -> None:
        today = (WEDNESDAY.replace(hour=0, minute=0), WEDNESDAY.replace(hour=23, minute=0))
        assert count(Appointment, Appointment.start.between(*today)) >= 5
        assert count(Appointment, Appointment.start < WEDNESDAY - timedelta(weeks=4)) > 100
        assert count(Appointment, Appointment.start > today[1]) > 60
        assert count(Session, Session.start > WEDNESDAY + timedelta(weeks=25)) > 10
        assert count(Series, Series.made_until < (WEDNESDAY + timedelta(weeks=26)).date()) == 0

    def test_named_people_are_known_possible_and_not_known_yet(self) -> None:
        matched = {(m.person_kind, m.person_id): m.state for m in db.session.scalars(select(Match))}
        assert matched["client", CRAIG] == "confirmed"
        assert matched["client", GAZ] == "possible"
        assert matched["staff", GARETH] == "possible"
        assert "dismissed" in matched.values()
        unmatched = select(NamedPerson.id).where(NamedPerson.id.not_in(select(Match.named_person_id)))
        assert len(db.session.scalars(unmatched).all()) >= 2
        assert set(db.session.scalars(select(Exclusion.separation))) == {"gap", "day", "series", "site"}
        assert count(Exclusion, Exclusion.active.is_(False)) == 1
        assert count(Exclusion, Exclusion.review_on < WEDNESDAY.date()) >= 1

    def test_one_clash_waits_in_the_queue(self) -> None:
        pairs = []
        for case in db.session.scalars(select(SafetyCase).where(SafetyCase.closed_at.is_(None))):
            both = [db.session.get(Appointment, each) for each in (case.appointment_id, case.other_appointment_id)]
            pairs.append({each.client_id for each in both if each is not None})
        assert {LAUREN, RYAN} in pairs

    def test_the_desk_of_a_lead_has_something_of_every_kind(self) -> None:
        lead = Actor("staff", LEAD, "lead")
        found = safety_desk.desk(lead)
        assert found.alerts
        assert found.urgent
        assert any(each.more for each in found.later)
        assert found.matches
        assert {each.asked_by for each in found.asked} == {LEAD}
        assert {each.asked_by for each in found.given} == {LEAD_TOO}
        assert found.requests
        assert any(each.review_due for each in found.waiting)
        assert any(each.closing for each in found.waiting)
        assert any(each.too_little for each in found.waiting)

    def test_one_request_for_times_waits_for_an_answer(self) -> None:
        (request,) = db.session.scalars(select(TimeRequest))
        assert (request.client_id, request.state) == (KOFI, "open")

    def test_texts_are_planned_and_the_unsafe_ones_are_kept_back(self) -> None:
        assert {"planned", "suppressed"} <= set(db.session.scalars(select(Message.state)))

    def test_jade_is_offered_times_on_her_own_link(self) -> None:
        """The demonstration's link is hers."""
        wanted = booking.Wanted(JADE, 1, WEDNESDAY, WEDNESDAY + timedelta(days=14))
        assert booking.offers(client_actor(JADE), wanted, limit=5)

    def test_only_who_stays_there_comes_to_the_refuge(self) -> None:
        there = set(db.session.scalars(select(Appointment.client_id).where(Appointment.venue_id == REFUGE)))
        assert HOLLY in there
        assert there <= set(db.session.scalars(select(Stay.client_id)))


#: What may differ between two towns of one seed: salts, and what has no order of its own.
_NOT_COMPARED = {"password_hash", "token_hash", "digest"}


def content(app: Any) -> dict[str, list[str]]:
    """Everything in the database as it reads once decrypted, table by table."""
    found: dict[str, list[str]] = {}
    with app.app_context():
        for table in db.metadata.sorted_tables:
            columns = [column for column in table.columns if column.name not in _NOT_COMPARED]
            rows = db.session.execute(select(*columns)).all()
            found[table.name] = sorted(json.dumps([str(value) for value in row]) for row in rows)
        db.session.remove()
        db.engine.dispose()
    return found


def test_the_same_seed_and_moment_make_the_same_town(tmp_path: Path) -> None:
    towns = []
    try:
        for number, seed in enumerate((7, 7, 8)):
            folder = tmp_path / str(number)
            folder.mkdir()
            with sqlite_database(folder) as database:
                app = make_application(settings_for(database.url, str(folder)))
                stopped_at(WEDNESDAY)
                with app.app_context():
                    db.create_all()
                    demo.load(seed, WEDNESDAY)
                towns.append(content(app))
    finally:
        stopped_at(None)
    one, same, other = towns
    assert [name for name in one if one[name] != same[name]] == []
    assert one["appointment"] != other["appointment"]


class TestTheRawDatabase:
    """A stolen file or dump without the keys gives no name, number, birth date or refuge (issue 2, point 13)."""

    def test_it_tells_no_secret_of_the_town(self, town: Loaded) -> None:
        raw = stored(town)
        assert b"reception" in raw, "the search must be able to find what is not encrypted"
        told = [secret for secret in secrets() if secret.encode() in raw or secret.encode().hex().encode() in raw]
        assert told == []


def secrets() -> list[str]:
    """Every word that must not be readable. Nothing shorter than six letters: chance alone would find it."""
    words = {REFUGE_NAME, REFUGE_ADDRESS, REFUGE_POSTCODE, REFUGE_POSTCODE.replace(" ", "")}
    for person in everyone(1, WEDNESDAY.date()):
        words |= {f"{person.given} {person.family}", person.family, person.given, *person.aliases}
        words |= {person.born} if len(person.born) > 4 else set()
        if person.phone:
            words |= {person.phone, person.phone.replace("+44", "0"), person.phone.removeprefix("+")}
    for worker in STAFF:
        words |= {f"{worker.given} {worker.family}", worker.family}
    for place in PLACES:
        words |= {place.name, place.address or "", place.phone or "", place.postcode or ""}
    words |= {"Ashgrove", "Dean Ashgrove", "Terrence Blackmoor", "white van", "in the spring", "Thursday group"}
    return sorted(word for word in words if len(word) >= 6)


def stored(town: Loaded) -> bytes:
    """Every byte that the database keeps: SQLite's files, or all of PostgreSQL's tables as text."""
    if town.database.kind == "sqlite":
        return b"".join(path.read_bytes() for path in town.folder.glob("sidegate.sqlite3*"))
    raw = bytearray()
    driver = db.session.connection().connection.driver_connection
    for table in db.metadata.sorted_tables:
        with driver.cursor().copy(f'COPY "{table.name}" TO STDOUT') as copy:
            for block in copy:
                raw += bytes(block)
    db.session.execute(text("SELECT 1"))
    return bytes(raw)
