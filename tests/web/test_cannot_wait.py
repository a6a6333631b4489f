"""What cannot wait stands on every page of whoever is to see to it, and on nobody else's (SAFETY.md 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, select, update
from werkzeug.routing import Rule

from scheduler.extensions import db
from scheduler.models import Alert, Appointment, AuditRecord, Client, Exclusion, Match, SafetyCase, Session, Staff
from scheduler.services import cases, door, readiness
from scheduler.services.actors import Actor
from scheduler.web import security
from tests.support import factories as make
from tests.support.desk import Desk, alike, make_user
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

ROLES = ("reception", "outreach", "lead", "manager", "worker")

_numbers: Iterator[int] = iter(range(1, 10_000))


class Day:
    """She is due at ten and at two; he, from whom she is kept, is due at two as well."""

    def __init__(self) -> None:
        self.venue, self.type = make.make_venue(), make.make_type()
        self.key = make_user("worker", "key-worker")
        self.she = make.make_client(given_name="Alma", family_name="Reyes", key_worker_id=self.key)
        self.he = make.make_client(given_name="Gareth", family_name="Pike")
        self.exclusion = make.make_exclusion(self.she, self.he)
        self.worker = make.make_staff(username="her-worker")
        self.hers = self.due(self.she, at(10))

    def due(self, client: int, start: datetime) -> int:
        end, margin = start + timedelta(minutes=30), timedelta(minutes=15)
        session = make.make_session(self.venue, start, end, (), (self.type,))
        held = db.session.get(Session, session)
        assert held is not None
        row = Appointment(
            client_id=client, own_number=next(_numbers), session_id=session, venue_id=held.venue_id,
            site_id=held.site_id, staff_id=self.worker, type_id=self.type, mode="in-person", start=start, end=end,
            busy_from=start, busy_until=end, present_from=start - margin, present_until=end + margin,
            created_at=at(8), updated_at=at(8),
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()
        return row.id

    def clash(self) -> int:
        self.due(self.she, at(14)), self.due(self.he, at(14))
        cases.refresh([self.she])
        return db.session.execute(select(SafetyCase.id)).scalar_one()

    def he_walks_in(self) -> int:
        door.check(Actor("staff", None, "reception"), self.venue, self.he)
        return db.session.execute(select(Alert.id)).scalar_one()


@pytest.fixture
def day() -> Day:
    return Day()


def paths(app: Flask, role: str) -> list[str]:
    """Every page that staff of this role may open; of a record that there is none of, where it is about one."""
    found = []
    for rule in app.url_map.iter_rules():
        access = security.declared(app, rule.endpoint, "GET") if "GET" in (rule.methods or ()) else None
        if access is not None and access.kind == "roles" and role in access.roles and not str(rule).startswith("/api/"):
            found.append(_address(rule))
    return sorted(found)


def _address(rule: Rule) -> str:
    values = {name: _value(rule._converters[name]) for name in rule.arguments}
    return rule.build(values, append_unknown=False)[1]  # type: ignore[index]


def _value(converter: Any) -> Any:
    kind = type(converter).__name__
    if kind in ("IntegerConverter", "Id"):
        return 999_999
    return next(iter(converter.items)) if kind == "AnyConverter" else "x"


def opened(desk: Desk, addresses: list[str]) -> dict[str, str]:
    """The pages at these addresses, without what is different each time."""
    answers = {path: desk.get(path) for path in addresses}
    return {
        path: alike(answer) for path, answer in answers.items()
        if answer.status_code != 302 and answer.mimetype == "text/html"
    }  # fmt: skip


def banner(text: str) -> str:
    found = BeautifulSoup(text, "html.parser").select_one("aside.cannot-wait")
    return " ".join(found.get_text(" ", strip=True).split()) if found else ""


# --- leads ------------------------------------------------------------------------------------------------------------


def test_it_stands_on_every_page_of_every_lead_with_a_count_and_no_name(app: Flask, day: Day) -> None:
    day.clash(), day.he_walks_in()
    lead = Desk(app, "lead")
    pages = opened(lead, [*paths(app, "lead"), "/no/such/page"])
    assert len(pages) > 15
    without = [path for path, text in pages.items() if "2 things on your desk cannot wait until tomorrow." not in text]
    assert without == []
    words = {banner(text) for text in pages.values()}
    assert words == {"2 things on your desk cannot wait until tomorrow. Open the desk"}
    assert 'href="/safety/"' in next(iter(pages.values()))


def test_it_is_gone_when_everything_is_seen_to(app: Flask, day: Day) -> None:
    case, alert = day.clash(), day.he_walks_in()
    lead = Desk(app, "lead")
    assert "2 things" in banner(lead.get("/safety/").text)
    lead.post(f"/safety/alerts/{alert}/settle", done="Met her at the side door")
    assert "1 thing on" in banner(lead.get("/reception/clients").text)
    db.session.execute(update(SafetyCase).where(SafetyCase.id == case).values(closed_at=at(9)))
    db.session.commit()
    assert banner(lead.get("/reception/clients").text) == ""


@pytest.mark.parametrize(("minutes", "shown"), [(0, True), (-1, False)])
def test_a_case_is_there_from_the_moment_it_is_due_within_a_day(
    app: Flask, day: Day, clock: Any, minutes: int, shown: bool
) -> None:
    case = day.clash()
    due = db.session.execute(select(SafetyCase.due_at).where(SafetyCase.id == case)).scalar_one()
    clock.set(due - timedelta(hours=24) + timedelta(minutes=minutes))
    assert bool(banner(Desk(app, "lead").get("/reception/clients").text)) is shown


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"lead"}))
def test_to_everyone_else_every_page_is_the_same_to_the_byte_whatever_waits(app: Flask, day: Day, role: str) -> None:
    """Also to the man's own key worker: nothing says that someone is kept from him."""
    day.due(day.she, at(14))
    desk, addresses = Desk(app, role), paths(app, role)
    db.session.execute(update(Client).where(Client.id == day.he).values(key_worker_id=desk.staff_id))
    db.session.commit()
    real = [f"/reception/clients/{day.he}", f"/reception/clients/{day.she}", f"/reception/?venue={day.venue}"]
    before = opened(desk, [*addresses, *real])
    assert len(before) > 5
    case = SafetyCase(subject="x1", rule="gap", exclusion_id=day.exclusion, appointment_id=day.hers, due_at=at(10),
                      opened_at=at(9))  # fmt: skip
    db.session.add(case)
    db.session.commit()
    day.he_walks_in()
    after = opened(desk, [*addresses, *real])
    assert [path for path in before if before[path] != after[path]] == []
    assert "cannot-wait" not in "".join(after.values())


def test_a_visitor_who_has_not_signed_in_sees_none(app: Flask, day: Day) -> None:
    day.clash(), day.he_walks_in()
    assert "cannot-wait" not in app.test_client().get("/sign-in").text
    assert "cannot-wait" not in app.test_client().get("/nothing").text


# --- her worker -------------------------------------------------------------------------------------------------------

WORDS = "Please meet Alma Reyes, due at 10:00, another way: use the quiet room and call the lead. Say what was done"


@pytest.mark.parametrize("who", ["worker", "key"])
def test_it_stands_on_every_page_of_her_worker_and_names_her_alone(app: Flask, day: Day, who: str) -> None:
    day.clash(), day.he_walks_in()
    desk = Desk(app, "worker", staff_id=getattr(day, who))
    pages = opened(desk, paths(app, "worker"))
    assert len(pages) > 5
    assert {banner(text) for text in pages.values()} == {WORDS}
    assert not any("Pike" in text for text in pages.values())
    waiting = desk.get("/waiting/").text
    assert "Alma Reyes, 10:00" in waiting
    assert "Gareth" not in waiting


@pytest.mark.parametrize("role", ROLES)
def test_a_key_worker_of_any_role_has_it(app: Flask, day: Day, role: str) -> None:
    db.session.execute(update(Client).where(Client.id == day.she).values(key_worker_id=make_user(role, "her-key")))
    db.session.commit()
    day.he_walks_in()
    key = db.session.execute(select(Staff.id).where(Staff.username == "her-key")).scalar_one()
    assert WORDS in banner(Desk(app, role, staff_id=key).get("/reception/clients").text)


def test_her_worker_says_what_was_done_and_it_is_off_every_page(app: Flask, day: Day) -> None:
    alert = day.he_walks_in()
    worker, key, lead = (
        Desk(app, role, staff_id=staff) for role, staff in (("worker", day.worker), ("worker", day.key), ("lead", None))
    )
    assert [bool(banner(desk.get("/reception/clients").text)) for desk in (worker, key, lead)] == [True] * 3
    assert worker.post(f"/waiting/{alert}", done=" ").status_code == 303
    assert "Say what was done, in up to 1,000 letters." in worker.get("/waiting/").text
    assert worker.post(f"/waiting/{alert}", done="Met her at the side door").location == "/waiting/"
    assert "Saved." in worker.get("/waiting/").text
    assert [banner(desk.get("/reception/clients").text) for desk in (worker, key, lead)] == [""] * 3
    assert "Nothing waits for you." in worker.get("/waiting/").text
    row = db.session.get(Alert, alert)
    assert row is not None
    assert (row.settled_by, row.what_was_done) == (day.worker, "Met her at the side door")
    assert worker.post(f"/waiting/{alert}", done="again").status_code == 303


def test_what_nobody_settled_stays_with_its_day_and_asks_for_nothing_that_is_too_late(
    app: Flask, day: Day, clock: Any
) -> None:
    day.he_walks_in()
    clock.set(at(10, 30, day=1))
    worker, lead = Desk(app, "worker", staff_id=day.worker), Desk(app, "lead")
    for path in ("/waiting/", "/reception/clients"):
        text = worker.get(path).text
        assert "Please meet" not in text
        assert "Nobody has said yet how" in banner(text)
        assert "Monday 2 March, 10:00" in text
    assert "was due there or next door" in lead.get("/safety/").text


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"lead"}))
def test_nobody_else_reads_or_settles_it(app: Flask, day: Day, role: str) -> None:
    alert, desk = day.he_walks_in(), Desk(app, role)
    assert "Alma" not in desk.get("/waiting/").text
    for number in (alert, 999_999):
        assert desk.post(f"/waiting/{number}", done="done").status_code == 403
    db.session.rollback()
    assert db.session.get(Alert, alert).settled_at is None  # type: ignore[union-attr]


def test_her_worker_who_may_be_the_one_named_sees_nothing(app: Flask, day: Day) -> None:
    named = db.session.execute(select(Exclusion.named_person_id).where(Exclusion.id == day.exclusion)).scalar_one()
    db.session.add(Match(named_person_id=named, person_kind="staff", person_id=day.worker, score=60, found_at=at(8)))
    db.session.commit()
    alert, desk = day.he_walks_in(), Desk(app, "worker", staff_id=day.worker)
    assert banner(desk.get("/reception/clients").text) == ""
    assert "Nothing waits for you." in desk.get("/waiting/").text
    assert desk.post(f"/waiting/{alert}", done="x").status_code == 403


def test_the_page_of_her_worker_is_a_recorded_look(app: Flask, day: Day) -> None:
    day.he_walks_in()
    Desk(app, "worker", staff_id=day.worker).get("/waiting/")
    looks = db.session.execute(
        select(AuditRecord.detail).where(AuditRecord.action == "look", AuditRecord.actor_id == day.worker)
    ).scalars()
    assert [look["exclusions"] for look in looks] == [[day.exclusion]]


# --- what it costs ----------------------------------------------------------------------------------------------------


def test_it_costs_a_page_one_query_and_those_who_can_have_none_nothing(app: Flask, day: Day) -> None:
    asked: list[str] = []

    def count(*args: Any) -> None:
        asked.append(args[2])

    def alert_queries(desk: Desk) -> int:
        desk.get("/reception/clients")
        asked.clear()
        event.listen(db.engine, "before_cursor_execute", count)
        desk.get("/reception/clients")
        event.remove(db.engine, "before_cursor_execute", count)
        return len([each for each in asked if "FROM alert" in each or "safety_case" in each])

    lead, worker, reception = Desk(app, "lead"), Desk(app, "worker", staff_id=day.worker), Desk(app, "reception")
    assert [alert_queries(desk) for desk in (lead, worker, reception)] == [1, 1, 0]
    day.clash(), day.he_walks_in()
    assert [alert_queries(desk) for desk in (lead, worker, reception)] == [1, 1, 0]


# --- whether anyone can be told ---------------------------------------------------------------------------------------


def test_ready_says_when_no_lead_can_be_texted_and_takes_nothing_down_for_it(app: Flask) -> None:
    make.make_staff(role="lead", phone=None), make.make_staff(role="lead", phone="+447700900801", active=False)
    make.make_staff(role="manager", phone="+447700900802")

    def said() -> str:
        return str(app.test_client().get("/readyz").json["checks"]["on-call"])  # type: ignore[index]

    assert said() == "no lead can be texted"
    assert readiness.checks()[-1].ok
    make.make_staff(role="lead", phone="+447700900803")
    assert said() == "ok"


def test_a_text_to_staff_that_is_late_is_said_like_any_other(app: Flask, day: Day, clock: Any) -> None:
    make.make_staff(role="lead", on_call=True, phone="+447700900801")
    day.he_walks_in()
    clock.forward(minutes=11)
    assert app.test_client().get("/readyz").json["checks"]["messages"] == "1 overdue"  # type: ignore[index]
