"""The lead's desk at work: the queue, one clash on one page, overrides by two people, requests, the key worker's page
and the access log."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, func, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, AuditRecord, Override, SafetyCase, TimeRequest
from scheduler.services import booking, clients, exclusions, overrides, safety_desk
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from tests.support import factories as make
from tests.support.desk import Desk, alike
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

RECEPTION = Actor("staff", None, "reception")


@pytest.fixture
def lead(app: Flask) -> Desk:
    """A lead who is signed in."""
    return Desk(app, "lead", "lead-one")


class Town:
    """She and he at one hub on one morning, `day` days ahead; their workers are there on the next two days too."""

    def __init__(self, day: int = 3, separation: str = "gap") -> None:
        self.day = day
        self.hub, self.type = make.make_venue(), make.make_type()
        make.open_all_day(self.hub)
        self.key_worker = make.make_staff(role="outreach")
        self.she = clients.add(RECEPTION, ClientDetails("Alma", "Reyes", key_worker_id=self.key_worker))
        self.he = clients.add(RECEPTION, ClientDetails("Gareth", "Pike"))
        self.booked, self.workers, self.sessions = [], [], []
        for client, hour in ((self.she, 10), (self.he, 11)):
            worker = make.make_staff()
            for later in range(3):
                session = make.make_session(
                    self.hub, at(10, day=day + later), at(12, day=day + later), (worker,), (self.type,)
                )
                self.sessions.append(session)
            self.workers.append(worker)
            choice = Choice(client, self.type, self.sessions[-3], worker, "in-person", at(hour, day=day))
            self.booked.append(booking.book(RECEPTION, choice).id)
        self.exclusion = exclusions.record(
            SYSTEM, ExclusionDetails(self.she, person=("client", self.he), separation=separation)
        ).exclusion_id
        db.session.rollback()
        self.case = db.session.execute(select(SafetyCase.id).limit(1)).scalar_one_or_none() or 0
        db.session.rollback()

    @property
    def path(self) -> str:
        return f"/safety/cases/{self.case}"


def page_of(answer: Any) -> BeautifulSoup:
    return BeautifulSoup(answer.text, "html.parser")


def words(answer: Any) -> str:
    main = page_of(answer).find("main")
    assert main is not None
    return re.sub(r"\s+", " ", main.get_text(" "))


def section(answer: Any, name: str) -> str:
    """The words of one part of the desk; nothing when it is not there."""
    found = page_of(answer).find("section", {"aria-labelledby": name})
    return re.sub(r"\s+", " ", found.get_text(" ")) if found else ""


def fresh(query: Any) -> Any:
    db.session.rollback()
    return db.session.execute(query).scalar_one()


def queries(act: Callable[[], object]) -> int:
    seen: list[str] = []

    def note(*args: Any) -> None:
        if not args[2].startswith("BEGIN"):  # which SQLite is sent as a statement, and asks nothing
            seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(seen)


class TestTheQueue:
    def test_what_is_due_within_a_day_is_set_apart_from_what_is_due_later(
        self, app: Flask, lead: Desk, clock: Any
    ) -> None:
        Town()
        desk = lead.get("/safety/")
        assert "Alma Reyes" in section(desk, "cases")
        assert section(desk, "urgent") == ""
        clock.set(at(10, day=2))
        desk = Desk(app, "lead", "lead-two").get("/safety/")
        assert "Alma Reyes" in section(desk, "urgent")
        assert "in 23 hours" in section(desk, "urgent")
        assert section(desk, "cases") == ""

    def test_each_part_has_its_count_at_the_top_and_what_is_empty_is_quiet(self, lead: Desk) -> None:
        Town()
        page = page_of(lead.get("/safety/"))
        nav = page.find("nav", {"class": "at-a-glance"})
        assert nav is not None
        assert {link["href"] for link in nav.find_all("a")} == {"#cases"}
        assert "1 Later clashes" in re.sub(r"\s+", " ", nav.get_text(" "))
        assert "Requests for times 0" in re.sub(r"\s+", " ", nav.get_text(" "))
        assert page.find(id="cases") is not None
        assert page.find(id="requests") is None

    def test_an_empty_desk_says_so_in_one_sentence(self, lead: Desk) -> None:
        assert "Nothing waits." in lead.get("/safety/").text

    def test_a_group_that_two_people_share_is_one_line(self, lead: Desk) -> None:
        town = Town()
        dates = self._shared(town, 6)
        desk = lead.get("/safety/")
        lines = page_of(desk).select(".lines-of > li")
        assert len(lines) == 2
        assert "and 5 more dates" in section(desk, "cases")
        assert safety_desk.desk(lead.actor).later[1].clash.due_at < dates[1]
        (more,) = [each["href"] for each in page_of(desk).select(".lines-of a") if "more date" in each.text]
        assert lead.get(str(more).partition("#")[0]).text.count("Open this case") == 7

    def test_what_cannot_wait_is_counted_as_the_desk_lists_it(self, lead: Desk) -> None:
        """Two dates of one group within a day are one thing to settle, on the desk and on every page."""
        self._shared(Town(), 6)
        db.session.execute(update(SafetyCase).values(due_at=at(14)))
        db.session.commit()
        desk = lead.get("/safety/")
        urgent = page_of(desk).select(".urgent-part .lines-of > li")
        assert len(urgent) == len(safety_desk.desk(lead.actor).urgent) == 2
        assert f"{len(urgent)} things on your desk cannot wait until tomorrow." in desk.text

    @staticmethod
    def _shared(town: Town, weeks: int) -> list[Any]:
        """He and she come to one group for weeks, booked before it was known that they must be kept apart."""
        from scheduler.models import Exclusion, Series

        series = Series(
            venue_id=town.hub, title="Group", rule="FREQ=WEEKLY", first_day=at(0, day=8).date(), at_minute=840,
            minutes=90, kind="group", audience="everyone", modes=["in-person"], types=[town.type], staff=[], seats=8,
            creche=0, made_until=at(0, day=300).date(),
        )  # fmt: skip
        db.session.add(series)
        table = Exclusion.__table__
        db.session.execute(table.update().values(active=False, closing_by=town.key_worker, closed_by=town.workers[0]))
        db.session.commit()
        dates = [at(14, day=8 + 7 * week) for week in range(weeks)]
        for start in dates:
            session = make.make_session(
                town.hub, start, start.replace(hour=15, minute=30), (), (town.type,), kind="group", seats=8,
                series_id=series.id,
            )  # fmt: skip
            for client in (town.she, town.he):
                booking.book(RECEPTION, Choice(client, town.type, session, None, "in-person", start))
        exclusions.reopen(SYSTEM, town.exclusion, "She asked for it.")
        return dates

    def test_what_two_people_let_stand_is_not_among_what_must_be_settled(
        self, app: Flask, lead: Desk, clock: Any
    ) -> None:
        town, second = Town(), Actor("staff", make.make_staff(role="lead"), "lead")
        made = overrides.ask_for_case(second, town.case, "Both wish it, and their workers will be there.")
        desk = lead.get("/safety/")
        assert "Alma Reyes" in section(desk, "cases")
        assert "Waiting for a second person" in section(desk, "overrides")
        overrides.give(lead.actor, made, overrides.view(lead.actor, made).seen)
        desk = lead.get("/safety/")
        assert section(desk, "cases") == ""
        assert "Let stand by two people" in section(desk, "overrides")
        assert "Both wish it" in section(desk, "overrides")
        clock.set(at(11, 40, day=3))
        lead = Desk(app, "lead", "lead-two")
        assert "Let stand by two people" in section(lead.get("/safety/"), "overrides")
        clock.set(at(11, 45, day=3))
        assert section(lead.get("/safety/"), "overrides") == ""

    def test_the_desk_takes_the_same_queries_however_many_clashes_and_overrides_there_are(self, lead: Desk) -> None:
        def asked(day: int) -> None:
            second = Actor("staff", make.make_staff(role="lead"), "lead")
            town = Town(day)
            case = fresh(select(SafetyCase.id).order_by(SafetyCase.id.desc()).limit(1))
            overrides.ask_for_case(second, case, "Both wish it.")
            assert town.case

        for day in (2, 5):  # two of one name, so that there are matches to decide on
            asked(day)
        lead.get("/safety/")
        few = queries(lambda: lead.get("/safety/"))
        for day in (8, 11, 14):
            asked(day)
        assert queries(lambda: lead.get("/safety/")) == few


class TestOneClash:
    def test_the_page_says_who_is_named_and_which_rule_and_by_when(self, lead: Desk) -> None:
        town = Town()
        said = words(lead.get(town.path))
        assert "Gareth Pike named person" in said
        assert "Alma Reyes kept safe" in said
        assert "Too close together at the same place or next door" in said
        assert "Settle by Thursday 5 March, 09:45" in said
        assert "Move the named person and keep hers, unless she would rather." in said
        assert said.index("Gareth Pike named") < said.index("Alma Reyes kept")

    def test_it_takes_few_queries_however_many_clashes_and_exclusions_there_are(self, lead: Desk) -> None:
        town = Town()
        lead.get(f"/safety/cases/{town.case}")  # what a process asks once is not of this page
        few = queries(lambda: lead.get(f"/safety/cases/{town.case}"))
        for number in range(6):
            other = make.make_client(given_name=f"Man {number}", family_name=f"Quill {number}")
            exclusions.record(lead.actor, ExclusionDetails(town.she, person=("client", other)))
            exclusions.record(lead.actor, ExclusionDetails(other, person=("client", town.he)))
        assert queries(lambda: lead.get(f"/safety/cases/{town.case}")) == few
        assert few <= 50

    @pytest.mark.parametrize("who", [0, 1])
    def test_one_press_moves_either_side_and_the_clash_is_gone(self, lead: Desk, who: int) -> None:
        town = Town()
        fields = self.form(lead, town, who)
        answer = lead.post(f"{town.path}/move", **fields)
        assert (answer.status_code, answer.location) == (303, town.path)
        said = words(lead.get(town.path))
        assert "Moved to" in said
        assert "It was settled by" in said
        assert "Move to" not in said
        assert fresh(select(SafetyCase.closed_at)) is not None
        assert fresh(select(Appointment.version).where(Appointment.id == town.booked[who])) == 2
        assert fresh(select(Appointment.version).where(Appointment.id == town.booked[1 - who])) == 1

    @staticmethod
    def form(lead: Desk, town: Town, who: int, number: int = 0) -> dict[str, Any]:
        """What the button for one side's first time sends."""
        page = page_of(lead.get(town.path))
        hidden = page.find("input", {"name": "appointment", "value": str(town.booked[who])})
        assert hidden is not None
        form = hidden.find_parent("form")
        assert form is not None
        fields = {each["name"]: each["value"] for each in form.find_all("input")}
        return {**fields, "pick": form.find_all("button", {"name": "pick"})[number]["value"]}

    def test_a_time_that_is_gone_is_told_kindly_with_what_can_be_had_now(self, lead: Desk) -> None:
        town = Town()
        fields = self.form(lead, town, 1)
        session, staff, mode, start = str(fields["pick"]).split(".", 3)
        other = make.make_client()
        booking.book(
            RECEPTION,
            Choice(other, town.type, int(session), int(staff), mode, datetime.fromisoformat(start)),
        )
        answer = lead.post(f"{town.path}/move", **fields)
        assert answer.status_code == 409
        assert "That time is not available. Please choose another." in words(answer)
        assert str(fields["pick"]) not in answer.text
        assert "Move to" in words(answer)
        assert fresh(select(Appointment.version).where(Appointment.id == town.booked[1])) == 1

    def test_a_page_read_before_someone_else_moved_it_moves_nothing(self, lead: Desk) -> None:
        town = Town()
        fields = self.form(lead, town, 1)
        table = Appointment.__table__
        db.session.execute(table.update().where(table.c.id == town.booked[1]).values(version=5))
        db.session.commit()
        answer = lead.post(f"{town.path}/move", **fields)
        assert answer.status_code == 412
        assert "changed by someone else" in words(answer)

    def test_cancelling_takes_a_reason(self, lead: Desk) -> None:
        town = Town()
        fields = {"appointment": town.booked[1], "version": 1}
        assert lead.post(f"{town.path}/cancel", **fields, reason="").status_code == 422
        assert lead.post(f"{town.path}/cancel", **fields, reason="client-asked").status_code == 303
        assert fresh(select(Appointment.state).where(Appointment.id == town.booked[1])) == "cancelled"
        assert "It was settled by" in lead.get(town.path).text

    def test_a_worker_s_side_leads_to_the_session(self, lead: Desk) -> None:
        town = Town()
        made = exclusions.record(SYSTEM, ExclusionDetails(town.she, person=("staff", town.workers[1]))).exclusion_id
        case = fresh(select(SafetyCase.id).where(SafetyCase.exclusion_id == made).limit(1))
        page = page_of(lead.get(f"/safety/cases/{case}"))
        assert page.find("a", {"href": f"/outreach/sessions/{town.sessions[3]}/change"}) is not None

    def test_bad_input_is_never_a_fault_of_ours(self, lead: Desk) -> None:
        town, at_ten = Town(), "2026-03-05T10:00:00Z"
        for fields in (
            {}, {"pick": "x"}, {"pick": "1.2.phone.x"}, {"pick": f"0.2.phone.{at_ten}"},
            {"pick": f"99999999999999999999..phone.{at_ten}"}, {"pick": f"1.2.post.{at_ten}"},
            {"appointment": "x", "pick": f"1.2.phone.{at_ten}"}, {"pick": "1.2.phone.9999-12-31T23:59:59Z"},
        ):
            answer = lead.post(f"{town.path}/move", **{"appointment": town.booked[1], "version": 1, **fields})
            assert answer.status_code in (400, 422), fields

    def test_asking_that_it_may_stand_is_seen_on_the_page_with_what_came_of_it(self, lead: Desk, app: Flask) -> None:
        town = Town()
        assert lead.post(f"{town.path}/override", reason="  ").status_code == 422
        asked = lead.post(f"{town.path}/override", reason="Both wish it.")
        assert asked.status_code == 303
        said = words(lead.get(town.path))
        assert "You asked: someone else must decide" in said
        assert "Ask that it may stand" not in said
        assert lead.post(f"{town.path}/override", reason="Once more.").status_code == 409
        other = Desk(app, "lead", "lead-two")
        seen = page_of(other.get(asked.location)).find(id="seen")
        assert seen is not None
        assert other.post(asked.location, decision="give", seen=seen["value"]).status_code == 303
        said = words(lead.get(town.path))
        assert "Two people let it stand" in said
        assert "If either of them moves, it is a clash again." in said


class TestOverrides:
    def asked(self, lead: Desk, town: Town) -> str:
        """Ask on the page for the first time that she is kept from, and give the decision's address."""
        path = f"/safety/overrides/new?client={town.she}"
        assert "What for" in lead.get(path).text
        found = page_of(lead.get(f"{path}&type={town.type}&mode=in-person&since=2026-03-05&until=2026-03-05"))
        picks = [str(each["value"]) for each in found.select("input[name=pick]")]
        assert picks
        answer = lead.post(
            "/safety/overrides/new", client=town.she, type=town.type, mode="in-person", since="2026-03-05",
            until="2026-03-05", pick=picks[0], reason="She asks for it before the court sits.",
        )
        assert answer.status_code == 303, words(answer)
        return str(answer.location)

    @pytest.fixture
    def town(self) -> Town:
        """He alone is booked: she could be, but for him."""
        town = Town()
        booking.cancel(SYSTEM, town.booked[0])
        return town

    def test_a_time_that_she_is_kept_from_is_asked_for_and_booked_by_a_second_person(
        self, lead: Desk, app: Flask, town: Town
    ) -> None:
        path = self.asked(lead, town)
        said = words(lead.get(path))
        assert "Someone else must decide" in said
        assert "Take it back" in said
        assert "Yes, it may be so" not in said
        other = Desk(app, "lead", "lead-two")
        page = page_of(other.get(path))
        assert "Gareth Pike" in page.text
        seen = page.find(id="seen")
        assert seen is not None
        answer = other.post(path, decision="give", seen=seen["value"], why="Spoke with her.")
        assert (answer.status_code, answer.location) == (303, "/safety/")
        query = select(Appointment.start).where(Appointment.client_id == town.she, Appointment.state == "booked")
        assert fresh(query) == at(10, day=3)
        assert "Spoke with her." in words(lead.get(path))

    def test_whoever_asked_cannot_give_it(self, lead: Desk, town: Town) -> None:
        path = self.asked(lead, town)
        answer = lead.post(path, decision="give", seen=overrides.view(lead.actor, int(path.rsplit("/")[-1])).seen)
        assert answer.status_code == 403
        assert "A second person must decide this." in words(answer)
        assert fresh(select(Override.state)) == "asked"
        assert lead.post(path, decision="refuse").status_code == 303
        assert fresh(select(Override.state)) == "refused"

    def test_a_page_that_was_read_before_something_changed_gives_nothing(
        self, lead: Desk, app: Flask, town: Town
    ) -> None:
        path = self.asked(lead, town)
        other = Desk(app, "lead", "lead-two")
        answer = other.post(path, decision="give", seen="0" * 32)
        assert answer.status_code == 412
        assert fresh(select(Override.state)) == "asked"
        for decision in ("", "perhaps"):
            assert other.post(path, decision=decision).status_code == 422
        other.post(path, decision="refuse", why="Not this week.")
        answer = other.post(path, decision="give", seen="0" * 32)
        assert answer.status_code == 409
        assert "Not this week." in words(answer)

    def test_a_manager_gets_there_from_the_first_page_and_sees_no_clash(
        self, lead: Desk, app: Flask, town: Town
    ) -> None:
        manager = Desk(app, "manager", "manager-one")
        assert "waits for you" not in manager.get("/manage/").text
        path = self.asked(lead, town)
        assert "1 decision waits for you." in manager.get("/manage/").text
        assert path in manager.get("/safety/overrides").text
        answer = manager.get(path)
        assert "Alma Reyes" in answer.text
        assert "Pike" not in answer.text + manager.get("/safety/overrides").text
        seen = page_of(answer).find(id="seen")
        assert seen is not None
        answer = manager.post(path, decision="give", seen=seen["value"])
        assert (answer.status_code, answer.location) == (303, "/manage/")
        assert fresh(select(Override.state)) == "given"
        assert "waits for you" not in manager.get("/manage/").text

    def test_the_first_page_of_a_manager_takes_the_same_queries_however_many_wait(self, app: Flask) -> None:
        manager = Desk(app, "manager", "manager-one")
        manager.get("/manage/")
        none = queries(lambda: manager.get("/manage/"))
        for day in (2, 5):
            town = Town(day)
            second = Actor("staff", make.make_staff(role="lead"), "lead")
            case = fresh(select(SafetyCase.id).order_by(SafetyCase.id.desc()).limit(1))
            overrides.ask_for_case(second, case, "Both wish it.")
            assert town.case
        assert queries(lambda: manager.get("/manage/")) == none
        assert "2 decisions wait for you." in manager.get("/manage/").text

    @pytest.mark.parametrize("role", ["reception", "outreach", "worker"])
    def test_nobody_else_sees_or_decides_one(self, lead: Desk, app: Flask, town: Town, role: str) -> None:
        path = self.asked(lead, town)
        other = Desk(app, role, f"{role}-one")
        for where in (path, "/safety/overrides", f"/safety/overrides/new?client={town.she}", "/safety/overrides/999"):
            assert other.get(where).status_code == 403, where
        for decision in ("give", "refuse"):
            assert other.post(path, decision=decision, seen="x").status_code == 403
        assert fresh(select(Override.state)) == "asked"

    def test_bad_input_when_asking_is_never_a_fault_of_ours(self, lead: Desk, town: Town) -> None:
        her = f"?client={town.she}"
        for query in (
            "", "?client=999", "?client=x", f"{her}&type=x", f"{her}&type=1&mode=post", f"{her}&type=1&since=x",
            f"{her}&type=999&until=9999-12-31", f"{her}&type={town.type}&since=9999-12-31",
        ):
            assert lead.get(f"/safety/overrides/new{query}").status_code in (200, 404, 422), query

    def test_a_time_that_can_be_booked_as_usual_is_not_asked_for(self, lead: Desk, town: Town) -> None:
        pick = f"{town.sessions[1]}.{town.workers[0]}.in-person.2026-03-06T10:00:00Z"
        fields = {"client": town.she, "type": town.type, "reason": "Why not."}
        answer = lead.post("/safety/overrides/new", **fields, pick=pick)
        assert answer.status_code == 422
        assert "This time can be booked as usual." in words(answer)
        assert "Why not." in answer.text or "Look for times" in answer.text
        assert lead.post("/safety/overrides/new", **fields, pick="").status_code == 422


class TestRequests:
    def ask(self, town: Town) -> int:
        carl = clients.add(RECEPTION, ClientDetails("Carl", "Stone"))
        request = TimeRequest(
            client_id=carl, type_id=town.type, mode="in-person", made_at=at(9), state="open",
            wishes=json.dumps([[town.sessions[0], at(10, day=3).isoformat()]]),
        )
        db.session.add(request)
        db.session.commit()
        return request.id

    def test_another_time_is_booked_in_one_press_and_settles_the_request(self, lead: Desk) -> None:
        made = self.ask(Town())
        before = fresh(select(func.count()).select_from(Appointment))
        page = page_of(lead.get(f"/safety/requests/{made}"))
        picks = [str(each["value"]) for each in page.select("button[name=pick]")]
        assert 1 <= len(picks) <= 6
        answer = lead.post(f"/safety/requests/{made}/book", pick=picks[-1])
        assert (answer.status_code, answer.location) == (303, "/safety/")
        assert fresh(select(TimeRequest.state)) == "settled"
        assert lead.get(f"/safety/requests/{made}").status_code == 404
        late = lead.post(f"/safety/requests/{made}/book", pick=picks[0])
        assert (late.status_code, late.location) == (303, "/safety/")
        assert "That request does not wait any more." in lead.get(late.location).text
        assert fresh(select(func.count()).select_from(Appointment)) == before + 1

    def test_a_time_that_he_is_kept_from_is_not_among_them(self, lead: Desk) -> None:
        town = Town(separation="day")
        request = TimeRequest(
            client_id=town.he, type_id=town.type, mode="in-person", made_at=at(9), state="open",
            wishes=json.dumps([[town.sessions[0], at(10, day=3).isoformat()]]),
        )
        db.session.add(request)
        db.session.commit()
        picks = page_of(lead.get(f"/safety/requests/{request.id}")).select("button[name=pick]")
        assert picks
        assert not [each for each in picks if "2026-03-05" in str(each["value"])]

    def test_a_time_that_is_gone_is_told_kindly_and_the_request_still_waits(self, lead: Desk) -> None:
        town = Town()
        made = self.ask(town)
        taken = f"{town.sessions[0]}.{town.workers[0]}.in-person.2026-03-05T10:00:00Z"
        answer = lead.post(f"/safety/requests/{made}/book", pick=taken)
        assert answer.status_code == 409
        assert "That time is not available. Please choose another." in words(answer)
        assert fresh(select(TimeRequest.state)) == "open"
        assert lead.post(f"/safety/requests/{made}/book", pick="x").status_code == 422


class TestTheKeyWorker:
    def test_she_sees_who_is_kept_from_her_own_client(self, app: Flask) -> None:
        town = Town()
        worker = Desk(app, "outreach", staff_id=town.key_worker)
        path = f"/safety/clients/{town.she}/mine"
        assert path in worker.get(f"/reception/clients/{town.she}").text
        said = words(worker.get(path))
        assert "Gareth Pike" in said
        assert "some minutes apart (30)" in said
        query = select(AuditRecord.actor_id).where(AuditRecord.action == "look")
        assert db.session.execute(query).scalars().all() == [town.key_worker]

    def test_the_link_says_nothing_for_it_is_there_without_any_exclusion(self, app: Flask) -> None:
        town = Town()
        plain = clients.add(RECEPTION, ClientDetails("Ana", "Cole", key_worker_id=town.key_worker))
        worker = Desk(app, "outreach", staff_id=town.key_worker)
        assert f"/safety/clients/{plain}/mine" in worker.get(f"/reception/clients/{plain}").text
        assert "Nobody is." in words(worker.get(f"/safety/clients/{plain}/mine"))

    @pytest.mark.parametrize("role", ["reception", "outreach", "worker", "manager"])
    def test_anyone_else_is_told_that_there_is_no_such_page(self, app: Flask, role: str) -> None:
        town = Town()
        other = Desk(app, role, f"{role}-one")
        assert "/mine" not in other.get(f"/reception/clients/{town.she}").text
        real, none = (other.get(f"/safety/clients/{each}/mine") for each in (town.she, 999_999))
        assert (real.status_code, alike(real)) == (404, alike(none))

    def test_her_other_clients_worker_learns_nothing_of_her(self, app: Flask) -> None:
        """A key worker of someone else is anyone else."""
        town = Town()
        worker = make.make_staff(role="worker")
        clients.add(RECEPTION, ClientDetails("Ana", "Cole", key_worker_id=worker))
        assert Desk(app, "worker", staff_id=worker).get(f"/safety/clients/{town.she}/mine").status_code == 404


class TestTheAccessLog:
    def test_the_page_of_an_exclusion_says_who_has_looked(self, lead: Desk, app: Flask) -> None:
        town = Town()
        other = Desk(app, "lead", "lead-two")
        other.get(f"/safety/exclusions/{town.exclusion}")
        page = page_of(lead.get(f"/safety/exclusions/{town.exclusion}"))
        assert len(page.select(".looks li")) == 2
        assert page.find("a", {"href": f"/safety/looks?exclusion={town.exclusion}"}) is not None

    def test_it_is_filtered_and_turned_page_by_page(self, lead: Desk) -> None:
        town = Town()
        for _ in range(55):
            exclusions.affected(lead.actor, town.exclusion)
        page = page_of(lead.get(f"/safety/looks?exclusion={town.exclusion}&who=staff:{lead.staff_id}"))
        assert len(page.select(".looks li")) == 50
        (earlier,) = [str(each["href"]) for each in page.find_all("a") if each.text == "Earlier"]
        page = page_of(lead.get(earlier))
        assert len(page.select(".looks li")) == 5
        assert page_of(lead.get("/safety/looks?who=token:1")).select(".looks li") == []
        assert page_of(lead.get("/safety/looks?since=2026-03-03")).select(".looks li") == []

    def test_it_shows_no_name_of_those_whom_an_exclusion_is_about(self, lead: Desk) -> None:
        town = Town()
        lead.get(f"/safety/exclusions/{town.exclusion}")
        said = lead.get("/safety/looks").text
        assert f"record {town.exclusion}" in said
        assert "Pike" not in said
        assert "Reyes" not in said

    def test_bad_input_is_never_a_fault_of_ours(self, lead: Desk) -> None:
        for query in (
            "exclusion=x", "exclusion=0", "exclusion=99999999999999999999", "since=x", "until=2026-02-31", "who=x",
            "who=staff:x", "who=ghost:1", "before=x", "before=-1", "exclusion=999", "since=0001-01-01",
            "until=9999-12-31",
        ):
            assert lead.get(f"/safety/looks?{query}").status_code in (200, 422), query
