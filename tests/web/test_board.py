"""The day board: who comes to whom, in words as well as colours, at a cost that does not grow with the day."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, insert, text

from scheduler.extensions import db
from scheduler.models import Appointment, Closure

from ..support import factories as make
from ..support.desk import Desk
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")


class Town:
    """A hub with two workers on the Monday."""

    def __init__(self) -> None:
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub")
        self.kind = make.make_type(name="Catch-up")
        self.aisha = make.make_staff(given_name="Aisha", family_name="Khan")
        self.beth = make.make_staff(given_name="Beth", family_name="Price")
        self.morning = make.make_session(
            self.hub, at(9), at(13), (self.aisha, self.beth), (self.kind,), room="Room 2",
            modes=["in-person", "phone"],
        )
        self.numbers = 0

    def booked(self, start: datetime, client: int | None = None, minutes: int = 30, **values: Any) -> int:
        """An appointment as it stands, whatever the rules say of it."""
        self.numbers += 1
        end = start + timedelta(minutes=minutes)
        row: dict[str, Any] = {
            "client_id": client or make.make_client(given_name="Sarah", family_name="Kelly"),
            "own_number": self.numbers, "session_id": self.morning, "venue_id": self.hub, "staff_id": self.aisha,
            "site_id": db.session.execute(text("SELECT site_id FROM venue WHERE id = :id"), {"id": self.hub}).scalar(),
            "type_id": self.kind, "mode": "in-person", "state": "booked", "start": start, "end": end,
            "busy_from": start, "busy_until": end, "present_from": start, "present_until": end,
            "created_at": at(8), "updated_at": at(8), **values,
        }
        if row["mode"] != "in-person":
            row |= {"present_from": None, "present_until": None}
        made = db.session.execute(insert(Appointment).values(**row).returning(Appointment.id)).scalar_one()
        db.session.commit()
        return made


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    return Town()


@pytest.fixture
def desk(app: Flask, town: Town) -> Desk:
    return Desk(app, "reception")


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement that the database is asked within."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith(("BEGIN", "ROLLBACK", "COMMIT", "PRAGMA")):
            seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def card(page: Any, appointment: int) -> Any:
    found = BeautifulSoup(page.text, "html.parser").select_one(f"#a{appointment}")
    assert found is not None
    return found


def test_the_board_shows_each_worker_and_who_comes_when(town: Town, desk: Desk) -> None:
    one, other = town.booked(at(9)), town.booked(at(10, 15), staff_id=town.beth, mode="phone")
    page = desk.get("/reception/")
    soup = BeautifulSoup(page.text, "html.parser")
    assert [head.text for head in soup.select(".lane h2")] == ["Aisha Khan", "Beth Price"]
    assert "09:00–13:00 · Room 2" in soup.select(".lane-head p")[0].text
    assert "09:00 Sarah K." in card(page, one).text
    assert "10:15 Sarah K." in card(page, other).text
    assert "Phone" in card(page, other).text
    assert card(page, one).parent != card(page, other).parent


def test_a_card_stands_at_its_time_and_is_as_long(town: Town, desk: Desk) -> None:
    appointment = town.booked(at(10, 15), minutes=45)
    classes = card(desk.get("/reception/"), appointment)["class"]
    assert "r16" in classes  # from nine, in rows of five minutes, counted from one
    assert "s9" in classes


def test_only_a_first_name_and_an_initial_are_on_the_screen(town: Town, desk: Desk) -> None:
    client = make.make_client(given_name="Zofia", family_name="Nowak", phone="+447700900123", date_of_birth="1987")
    town.booked(at(9), client)
    for view in ("board", "list"):
        page = desk.get(f"/reception/?view={view}").text
        assert "Zofia N." in page
        for secret in ("Nowak", "900123", "1987"):
            assert secret not in page


def test_a_name_with_markup_in_it_is_only_a_name(town: Town, desk: Desk) -> None:
    odd = "<img src=x onerror=alert(1)>&\"'"
    client = make.make_client(given_name=odd, family_name="<b>")
    worker = make.make_staff(given_name=odd, family_name=odd)
    for kind in ("one-to-one", "group"):
        session = make.make_session(town.hub, at(14), at(15), (worker,), (town.kind,), title=odd, room=odd, kind=kind)
        staff = worker if kind == "one-to-one" else None
        appointment = town.booked(at(14), client, session_id=session, staff_id=staff)
        page = desk.get("/reception/?view=board")
        assert "<img" not in page.text
        assert odd in card(page, appointment).text
    assert "<img" not in desk.get("/reception/?view=list").text


def test_every_state_has_a_word_beside_its_colour(town: Town, app: Flask, clock: Any) -> None:
    clock.set(at(11))
    desk = Desk(app, "reception")
    made = {
        "Booked": town.booked(at(12)),
        "Late 60 min": town.booked(at(10)),
        "Here since 10:55": town.booked(at(11), state="arrived", updated_at=at(10, 55), staff_id=town.beth),
        "Seen": town.booked(at(9), state="fulfilled"),
        "Did not attend": town.booked(at(9, 30), state="noshow"),
        "To confirm": town.booked(at(12, 30), state="pending"),
    }
    page = desk.get("/reception/")
    for word, appointment in made.items():
        assert word in card(page, appointment).text


def test_a_cancelled_time_is_free_on_the_board_and_still_in_the_list(town: Town, desk: Desk) -> None:
    gone, now = town.booked(at(9), state="cancelled"), town.booked(at(9))
    board, plain = desk.get("/reception/?view=board"), desk.get("/reception/?view=list")
    assert f'id="a{gone}"' not in board.text
    assert f'id="a{now}"' in board.text
    assert "Cancelled" in card(plain, gone).text


def test_one_click_marks_an_arrival_and_the_next_that_she_was_seen(town: Town, desk: Desk, clock: Any) -> None:
    appointment = town.booked(at(9, 15))
    for word, value in (("Arrived", "arrived"), ("Seen", "seen")):
        button = card(desk.get("/reception/"), appointment).button
        assert button.text == word
        assert button["value"] == f"{appointment}.{value}"
        answer = desk.post("/reception/mark", mark=button["value"], venue=town.hub, date="2026-03-02")
        assert answer.location == f"/reception/?venue={town.hub}&date=2026-03-02#a{appointment}"
    assert "Seen" in card(desk.get("/reception/"), appointment).text
    twice = desk.post("/reception/mark", mark=f"{appointment}.seen")
    assert twice.status_code == 303


def test_nobody_missed_what_has_not_begun(town: Town, desk: Desk) -> None:
    appointment = town.booked(at(10))
    assert desk.post("/reception/mark", mark=f"{appointment}.absent").status_code == 409


def test_a_slip_is_undone(town: Town, desk: Desk, clock: Any) -> None:
    clock.set(at(9, 40))
    client = make.make_client()
    appointment = town.booked(at(9, 15), client)
    for mark, state in (
        ("arrived", "Here since"), ("undo", "Late 25 min"), ("absent", "Did not attend"), ("undo", "Late"),
        ("arrived", "Here"), ("seen", "Seen"), ("undo", "Here"),
    ):
        assert desk.post("/reception/mark", mark=f"{appointment}.{mark}").status_code == 303
        assert state in card(desk.get("/reception/"), appointment).text


def test_a_mark_that_makes_no_sense_changes_nothing(town: Town, desk: Desk) -> None:
    appointment = town.booked(at(9))
    for value, status in ((f"{appointment}.eaten", 422), ("x.arrived", 422), ("", 422), ("99999.arrived", 404),
                          (f"{appointment}.undo", 409)):
        assert desk.post("/reception/mark", mark=value).status_code == status
    assert "Booked" in card(desk.get("/reception/"), appointment).text


def test_a_group_shows_who_comes_and_how_many_places(town: Town, desk: Desk) -> None:
    group = make.make_session(
        town.hub, at(14), at(15), (town.beth,), (town.kind,), kind="group", seats=8, title="Circle", audience="women"
    )
    for name in ("Ana", "Bo"):
        client = make.make_client(given_name=name, family_name="Cole")
        town.booked(at(14), client, 60, session_id=group, staff_id=None)
    soup = BeautifulSoup(desk.get("/reception/").text, "html.parser")
    lane = soup.select(".lane")[-1]
    assert lane.h2.text == "Circle"
    assert "women only" in lane.p.text
    assert "2 of 8 places" in lane.text
    assert [link.text for link in lane.select("ul a")] == ["Ana C.", "Bo C."]


def test_women_only_times_and_closures_are_said_in_words(town: Town, desk: Desk) -> None:
    make.open_all_day(town.hub, audience="women", from_minute=540, until_minute=780)
    db.session.add(Closure(venue_id=town.hub, start=at(11), end=at(12)))
    db.session.commit()
    page = desk.get("/reception/").text
    assert "women only" in page
    assert "Closed" in page


def test_another_day_and_place_are_a_choice_away_and_remembered(town: Town, desk: Desk) -> None:
    surgery = make.make_venue(name="Elm Surgery", label="Elm Surgery")
    tomorrow = town.booked(at(9, day=1))
    assert f'id="a{tomorrow}"' not in desk.get("/reception/").text
    page = desk.get(f"/reception/?venue={town.hub}&date=2026-03-03&view=list")
    assert f'id="a{tomorrow}"' in page.text
    assert "Tuesday 3 March 2026" in page.text
    assert f'value="{surgery}" selected' in desk.get(f"/reception/?venue={surgery}").text
    again = desk.get("/reception/")
    assert f'value="{surgery}" selected' in again.text


@pytest.mark.parametrize("query", ["date=2026-02-30", "date=tomorrow", "date=9999-12-31", "venue=x", "venue=-1"])
def test_a_day_or_place_that_cannot_be_is_said_so(desk: Desk, query: str) -> None:
    answer = desk.get(f"/reception/?{query}")
    assert answer.status_code == 422


def test_the_day_that_clocks_change_is_drawn_by_the_wall(town: Town, desk: Desk) -> None:
    for day, start in (("2026-03-29", datetime(2026, 3, 29, 9, tzinfo=at(0).tzinfo)),
                       ("2026-10-25", datetime(2026, 10, 25, 10, tzinfo=at(0).tzinfo))):
        session = make.make_session(town.hub, start, start + timedelta(hours=3), (town.aisha,), (town.kind,))
        town.booked(start, session_id=session)
        page = desk.get(f"/reception/?date={day}").text
        assert "10:00</b> Sarah K." in page
        assert re.search(r'class="hour r1">10:00', page)


def test_a_confidential_place_exists_only_for_those_assigned_to_it(town: Town, app: Flask) -> None:
    refuge = make.make_venue(name="Willow House", label="Where you are staying", confidential=True, kind="refuge")
    stranger, assigned = Desk(app, "reception"), Desk(app, "reception")
    make.assign(assigned.staff_id, refuge)
    assert "Willow" not in stranger.get("/reception/").text
    assert "Willow" not in stranger.get("/reception/places").text
    unknown, hidden = stranger.get("/reception/?venue=987654"), stranger.get(f"/reception/?venue={refuge}")
    assert unknown.status_code == hidden.status_code == 404
    assert unknown.text == hidden.text
    assert "Willow House" in assigned.get(f"/reception/?venue={refuge}").text


def test_a_name_that_cannot_be_read_leaves_a_gap_and_not_an_empty_desk(town: Town, desk: Desk) -> None:
    broken, sound = make.make_client(), make.make_client(given_name="Ana", family_name="Cole")
    one, other = town.booked(at(9), broken), town.booked(at(10), sound)
    db.session.execute(text("UPDATE client SET given_name = :b WHERE id = :id"), {"b": b"\x01nothing", "id": broken})
    db.session.commit()
    page = desk.get("/reception/")
    assert page.status_code == 200
    assert "—" in card(page, one).text
    assert "Ana C." in card(page, other).text


def test_a_board_costs_the_same_few_questions_however_full_the_day(town: Town, desk: Desk) -> None:
    for number in range(5):
        town.booked(at(9) + timedelta(minutes=5 * number), minutes=5)
    desk.get("/reception/")
    with statements() as few:
        desk.get("/reception/")
    for number in range(95):
        town.booked(at(9, 30) + timedelta(minutes=5 * (number % 40)), minutes=5, staff_id=town.beth)
    for _ in range(5):
        worker = make.make_staff()
        make.make_session(town.hub, at(9), at(12), (worker,), (town.kind,))
    with statements() as many:
        page = desk.get("/reception/")
    assert page.text.count('class="appt') == 100
    # Who asks, the places, five for the day, what came back, was asked for and is to be asked again, and three for who
    # may not know of it.
    assert len(few) == len(many) <= 13, many


def test_two_hundred_appointments_weigh_under_a_hundred_kilobytes(town: Town, desk: Desk) -> None:
    workers = [make.make_staff(given_name=f"Worker{n}") for n in range(20)]
    session = make.make_session(town.hub, at(9), at(17), tuple(workers), (town.kind,))
    client = make.make_client(given_name="Konstantina", family_name="Papadopoulou")
    for number in range(200):
        town.booked(
            at(9) + timedelta(minutes=45 * (number // 20)), client, session_id=session, staff_id=workers[number % 20]
        )
    page = desk.get("/reception/")
    assert page.text.count('class="appt') == 200
    assert len(page.data) < 100_000
