"""The reception desk: finding a client, booking in three actions, and everything that can go wrong kindly said."""

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import func, select

from scheduler.extensions import db
from scheduler.models import Appointment, Client, Message, SafeContact
from scheduler.services import booking, clients
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails

from ..support import factories as make
from ..support.desk import Desk, alike
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

TEN = at(10)
ODD_SEARCHES = ["", "   ", "%", "' OR 1=1 --", "\x00", "😀" * 50, "ﷺ", "x" * 5000, "0", "31/02/1987"]
ODD_NAMES = ["王秀英", "Ó Súilleabháin", "עברית", "Nguyễn Thị Hương", "O'Neill-Smith", "  Anne   Marie "]
NAMES = {"given_name": "Sarah", "family_name": "Kelly", "phone": "07700 900123", "date_of_birth": "5 March 1987"}


class Town:
    """A hub with one worker, sessions on four mornings, and one client who is easy to find."""

    def __init__(self) -> None:
        self.hub = make.make_venue(name="Riverside Hub", label="Riverside Hub", creche=True)
        self.kind = make.make_type(name="Catch-up", least_minutes=15, most_minutes=60)
        self.aisha = make.make_staff(given_name="Aisha", family_name="Khan")
        self.sessions = [self.session(day) for day in range(4)]
        self.sarah = clients.add(SYSTEM, ClientDetails(**NAMES))
        clients.decide_eligibility(SYSTEM, self.sarah, "eligible", "policy 1")

    def session(self, day: int, **values: Any) -> int:
        more = {"modes": ["in-person", "phone"], "creche": 2, **values}
        return make.make_session(self.hub, at(10, 0, day), at(12, 0, day), (self.aisha,), (self.kind,), **more)

    def book(self, start: datetime = TEN, client: int | None = None, day: int = 0) -> int:
        choice = Choice(client or self.sarah, self.kind, self.sessions[day], self.aisha, "in-person", start)
        return booking.book(SYSTEM, choice).id

    def pick(self, start: datetime = TEN, **values: Any) -> dict[str, Any]:
        fields = {
            "session": self.sessions[0], "staff": self.aisha, "mode": "in-person", "type": self.kind,
            "at": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return {**fields, **values}


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    return Town()


@pytest.fixture
def desk(app: Flask, town: Town) -> Desk:
    return Desk(app, "reception")


def times(page: Any) -> list[Any]:
    """The links to times that a page offers."""
    return BeautifulSoup(page.text, "html.parser").select(".times-row a")


def hidden(page: Any) -> dict[str, str]:
    """Every field of the page's main form, as it stands."""
    form = BeautifulSoup(page.text, "html.parser").select_one("main .confirm form")
    assert form is not None
    return {each["name"]: each.get("value", "") for each in form.select("input")}


def state(appointment: int) -> str:
    db.session.rollback()
    return db.session.execute(select(Appointment.state).where(Appointment.id == appointment)).scalar_one()


# --- Finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["sar", "Kelly", "kelly sarah", "07700 900123", "900123", "05/03/1987", "1987-03-05"])
def test_a_client_is_found_by_whatever_part_is_known(town: Town, desk: Desk, typed: str) -> None:
    make.make_client()
    answer = desk.post("/reception/clients", q=typed)
    assert answer.status_code == 303
    assert answer.location == f"/reception/clients/{town.sarah}"


def test_a_client_is_found_by_reference(town: Town, desk: Desk) -> None:
    reference = db.session.get_one(Client, town.sarah).reference
    assert desk.post("/reception/clients", q=reference.lower()).location == f"/reception/clients/{town.sarah}"


def test_when_several_fit_each_is_told_apart(town: Town, desk: Desk) -> None:
    other = clients.add(SYSTEM, ClientDetails("Sarah", "Kellaway", date_of_birth="1990"))
    page = desk.post("/reception/clients", q="sarah kel")
    assert page.status_code == 200
    for client in (town.sarah, other):
        assert f'href="/reception/clients/{client}"' in page.text
    assert "Kellaway" in page.text
    assert "1990" in page.text
    assert "900123" not in page.text  # the counter is public


def test_while_typing_the_list_comes_without_a_page_around_it(town: Town, desk: Desk) -> None:
    answer = desk.post("/reception/clients/hits", q="sa")
    assert f"/reception/clients/{town.sarah}" in answer.text
    assert "<html" not in answer.text
    assert desk.post("/reception/clients/hits", q="s").text.strip() == ""


def test_no_name_is_ever_in_an_address(desk: Desk, town: Town) -> None:
    for path in ("/reception/", "/reception/clients", f"/reception/clients/{town.sarah}"):
        soup = BeautifulSoup(desk.get(path).text, "html.parser")
        box = soup.select_one("input[name=q]")
        assert box is not None
        form = box.find_parent("form")
        assert form is not None
        assert form["method"] == "post"
        for link in soup.select("a[href]"):
            assert "Sarah" not in str(link["href"])
            assert "Kelly" not in str(link["href"])


def test_nobody_found_can_be_added_with_the_name_that_was_typed(desk: Desk) -> None:
    page = desk.post("/reception/clients", q="Zofia Nowak")
    assert "Nobody found" in page.text
    form = desk.post("/reception/clients/new", typed="Zofia Nowak")
    assert 'value="Zofia"' in form.text
    assert 'value="Nowak"' in form.text


@pytest.mark.parametrize("typed", ODD_SEARCHES)
def test_odd_things_typed_into_the_search_find_nobody(desk: Desk, typed: str) -> None:
    assert desk.post("/reception/clients", q=typed).status_code == 200
    assert desk.post("/reception/clients/hits", q=typed).status_code == 200


# --- Adding and changing ----------------------------------------------------------------------------------------------


def test_a_new_client_is_asked_at_once_what_is_safe(desk: Desk) -> None:
    answer = desk.post("/reception/clients/new", given_name="Zofia", family_name="Nowak", phone="07700 900456")
    assert answer.status_code == 303
    assert answer.location.endswith("/safe")
    made = db.session.execute(select(Client).order_by(Client.id.desc()).limit(1)).scalar_one()
    assert (made.given_name, made.phone) == ("Zofia", "+447700900456")


@pytest.mark.parametrize(
    "typed",
    [{"given_name": "Sara", "family_name": "Kelly"}, {"given_name": "Kelly", "family_name": "Sarah"},
     {"given_name": "Zofia", "family_name": "Nowak", "aliases": "Sarah Kelly"},
     {"given_name": "S", "family_name": "Kelly", "phone": "07700900123"}],
)
def test_whoever_may_be_here_already_is_shown_before_a_second_record_is_made(
    town: Town, desk: Desk, typed: dict[str, str]
) -> None:
    count = select(func.count(Client.id))
    before = db.session.execute(count).scalar_one()
    asked = desk.post("/reception/clients/new", **typed)
    assert asked.status_code == 409
    assert f'href="/reception/clients/{town.sarah}"' in asked.text
    assert f'value="{typed["family_name"]}"' in asked.text
    db.session.rollback()
    assert db.session.execute(count).scalar_one() == before
    assert desk.post("/reception/clients/new", **typed, **{"someone-new": "y"}).status_code == 303


def test_a_name_that_is_changed_to_someone_elses_asks_too_and_keeps_what_was_typed(town: Town, desk: Desk) -> None:
    made = desk.post("/reception/clients/new", given_name="Zofia", family_name="Nowak").location.split("/")[-2]
    form = f"/reception/clients/{made}/edit"
    typed = {"given_name": "Sara", "family_name": "Kelly", "version": "1", "notes": "Likes tea."}
    asked = desk.post(form, **typed)
    assert asked.status_code == 409
    assert f'href="/reception/clients/{town.sarah}"' in asked.text
    assert "Likes tea." in asked.text
    assert desk.post(form, **typed, **{"someone-new": "y"}).status_code == 303
    # Asked once: a note says nothing new of who she is.
    assert desk.post(form, **{**typed, "version": "2", "notes": "Likes coffee."}).status_code == 303


@pytest.mark.parametrize(
    "typed", [{"given_name": "Sarah"}, {"given_name": "Sarah", "family_name": "Khan"},
              {"given_name": "Sarah", "family_name": "Kelly", "date_of_birth": "6 June 1999"}],
)
@pytest.mark.usefixtures("town")
def test_a_first_name_in_common_is_no_reason_to_ask(desk: Desk, typed: dict[str, str]) -> None:
    assert desk.post("/reception/clients/new", **typed).status_code == 303


def test_what_was_typed_stays_when_something_is_wrong(desk: Desk) -> None:
    typed = {
        "given_name": "Zofia", "family_name": "Nowak", "aliases": "Zosia, Zo", "date_of_birth": "31 February 1987",
        "phone": "12", "notes": "Prefers the side door", "modes": "phone", "weekdays": "2", "from_time": "10:00",
        "woman_worker": "y", "creche": "2",
    }
    before = db.session.execute(select(func.count(Client.id))).scalar_one()
    answer = desk.post("/reception/clients/new", **typed)
    assert answer.status_code == 422
    soup = BeautifulSoup(answer.text, "html.parser")
    for name in ("given_name", "family_name", "aliases", "date_of_birth", "phone", "from_time", "creche"):
        field = soup.select_one(f"main form [name={name}]")
        assert field is not None
        assert field["value"] == typed[name], name
    assert "Prefers the side door" in soup.text
    assert soup.select_one("[name=modes][value=phone]").has_attr("checked")  # type: ignore[union-attr]
    assert soup.select_one("[name=weekdays][value='2']").has_attr("checked")  # type: ignore[union-attr]
    assert soup.select_one("[name=woman_worker]").has_attr("checked")  # type: ignore[union-attr]
    for name in ("date_of_birth", "phone"):
        said = soup.select_one(f"#{name}-wrong")
        assert said is not None
        assert said.text.strip()
        field = soup.select_one(f"[name={name}]")
        assert field is not None
        assert field["aria-describedby"] == f"{name}-wrong"
    db.session.rollback()
    assert db.session.execute(select(func.count(Client.id))).scalar_one() == before


@pytest.mark.parametrize(
    "odd",
    [{"given_name": ""}, {"given_name": "x" * 5000}, {"from_time": "99:99"},
     {"from_time": "12:00", "until_time": "9:00"},
     {"creche": "-1"}, {"creche": "many"}, {"creche": str(10**30)}, {"venues": "x"}, {"venues": str(10**25)},
     {"weekdays": "9"}, {"key_worker_id": "x"}, {"key_worker_id": "999999"}, {"date_of_birth": "3999"},
     {"phone": "+44 " * 200}, {"notes": "n" * 9000}, {"modes": "teleport"}, {"language": "q" * 500}],
)
def test_bad_input_is_said_beside_the_form_and_saves_nothing(desk: Desk, odd: dict[str, str]) -> None:
    answer = desk.post("/reception/clients/new", **{"given_name": "Zofia", "family_name": "Nowak", **odd})
    assert answer.status_code == 422
    assert 'class="wrong"' in answer.text


@pytest.mark.parametrize("name", ODD_NAMES)
def test_names_of_every_kind_are_taken(desk: Desk, name: str) -> None:
    assert desk.post("/reception/clients/new", given_name=name, family_name="").status_code == 303


def test_what_is_recorded_is_changed_and_nothing_else(town: Town, desk: Desk) -> None:
    path = f"/reception/clients/{town.sarah}/edit"
    soup = BeautifulSoup(desk.get(path).text, "html.parser")
    fields = {each["name"]: each.get("value", "") for each in soup.select("main .form-sheet input[type=text]")}
    assert fields["given_name"] == "Sarah"
    version = soup.select_one("[name=version]")
    assert version is not None
    typed = {**{str(k): v for k, v in fields.items()}, "family_name": "Kelly-Webb", "version": version["value"]}
    typed["date_of_birth"] = soup.select_one("[name=date_of_birth]")["value"]  # type: ignore[index]
    typed["phone"] = soup.select_one("[name=phone]")["value"]  # type: ignore[index]
    assert desk.post(path, **typed).status_code == 303
    record = clients.get(SYSTEM, town.sarah)
    assert (record.family_name, record.phone, record.date_of_birth) == ("Kelly-Webb", "+447700900123", "1987-03-05")


def test_a_change_over_someone_elses_is_refused_with_what_was_typed(town: Town, desk: Desk) -> None:
    path = f"/reception/clients/{town.sarah}/edit"
    desk.post(path, given_name="Sarah", family_name="First", version="1")
    answer = desk.post(path, given_name="Sarah", family_name="Second", version="1")
    assert answer.status_code == 412
    assert 'value="Second"' in answer.text
    assert clients.get(SYSTEM, town.sarah).family_name == "First"


def test_a_place_that_the_editor_may_not_know_of_stays_in_her_preferences(town: Town, desk: Desk) -> None:
    refuge = make.make_venue(name="Willow House", label="Where you are staying", confidential=True)
    clients.edit(SYSTEM, town.sarah, ClientDetails(**NAMES, preferences={"venues": [refuge]}), 1)
    page = desk.get(f"/reception/clients/{town.sarah}/edit").text
    assert "Willow" not in page
    desk.post(f"/reception/clients/{town.sarah}/edit", given_name="Sarah", venues=town.hub, version=2)
    assert set(clients.get(SYSTEM, town.sarah).preferences["venues"]) == {refuge, town.hub}
    shown = desk.get(f"/reception/clients/{town.sarah}").text
    assert "Willow" not in shown
    assert "Where you are staying" in shown


# --- What is safe -----------------------------------------------------------------------------------------------------


def test_until_she_was_asked_no_channel_is_safe(town: Town, desk: Desk) -> None:
    page = desk.get(f"/reception/clients/{town.sarah}").text
    assert page.count("Not asked yet: use none") == 3


def test_what_she_said_is_safe_is_kept_and_shown_beside_the_times(town: Town, desk: Desk) -> None:
    answer = desk.client.post(
        f"/reception/clients/{town.sarah}/safe/sms",
        data={"sms-safe": "yes", "sms-when": "own", "sms-0-0-from": "9.30", "sms-0-0-until": "2pm",
              "sms-1-0-from": "0930", "sms-1-0-until": "14:00", "sms-may_name": ["organisation"],
              "sms-review_on": "2026-09-01", "sms-language": "cy"},
    )
    assert answer.status_code == 303
    record = clients.get(SYSTEM, town.sarah)
    kept = record.safe_contacts[0].details
    assert kept.hours == ((0, 570, 840), (1, 570, 840))
    assert kept.may_name == ("organisation",)
    page = desk.get(f"/reception/clients/{town.sarah}").text
    assert "Safe" in page
    assert "Mon, Tue 09:30–14:00" in page
    again = BeautifulSoup(desk.get(f"/reception/clients/{town.sarah}/safe").text, "html.parser")
    field = again.select_one("[name=sms-1-0-from]")
    assert field is not None
    assert field["value"] == "09:30"


@pytest.mark.parametrize(
    "odd",
    [{"safe": "perhaps"}, {"safe": "yes", "0-0-from": "10:00"}, {"safe": "yes", "review_on": "2026-02-30"},
     {"safe": "yes", "0-0-from": "25:00", "0-0-until": "26:00"}, {"safe": "yes", "may_name": "everything"},
     {"safe": "yes", "0-0-from": "12:00", "0-0-until": "10:00"}, {"safe": "yes", "when": "own"},
     {"safe": "yes", "when": "any", "0-0-from": "12:00", "0-0-until": "13:00"}, {"safe": "yes", "language": "xx"},
     {"safe": "yes", "review_on": "2026-01-01"}, {"safe": "yes", "paused": "y", "paused_until": "soon"},
     {"safe": "yes", "when": "whenever"}],
)
def test_what_makes_no_sense_is_not_taken_as_safe(town: Town, desk: Desk, odd: dict[str, str]) -> None:
    fields = {f"sms-{name}": value for name, value in odd.items()}
    answer = desk.client.post(f"/reception/clients/{town.sarah}/safe/sms", data=fields)
    assert answer.status_code == 422
    db.session.rollback()
    assert db.session.execute(select(func.count()).select_from(SafeContact)).scalar_one() == 0


def test_only_a_lead_or_manager_decides_on_women_only_times(town: Town, app: Flask, desk: Desk) -> None:
    path = f"/reception/clients/{town.sarah}/eligibility"
    assert desk.get(path).status_code == 403
    assert "Women-only times" not in desk.get(f"/reception/clients/{town.sarah}").text
    lead = Desk(app, "lead")
    assert lead.post(path, decision="not-eligible", policy="").status_code == 422
    assert lead.post(path, decision="not-eligible", policy="policy 2").status_code == 303
    assert clients.get(SYSTEM, town.sarah).eligibility == "not-eligible"


# --- Booking ----------------------------------------------------------------------------------------------------------


def test_a_booking_takes_three_requests(town: Town, desk: Desk) -> None:
    found = desk.client.post("/reception/clients", data={"q": "kelly"}, follow_redirects=True)
    offered = times(found)
    assert offered[0].text == "10:00"
    confirm = desk.get(offered[0]["href"])
    assert "Sarah K." in confirm.text
    assert "Monday 2 March 2026" in confirm.text
    booked = desk.post(urlsplit(offered[0]["href"]).path, **hidden(confirm))
    assert booked.status_code == 303
    row = db.session.execute(select(Appointment)).scalar_one()
    assert (row.client_id, row.start, row.staff_id, row.state) == (town.sarah, at(10), town.aisha, "booked")
    assert "Booked: Monday 2 March, 10:00." in desk.get(booked.location).text


def test_a_double_click_books_once(town: Town, desk: Desk) -> None:
    page = desk.get(times(desk.get(f"/reception/clients/{town.sarah}"))[0]["href"])
    form = hidden(page)
    answers = [desk.post(f"/reception/clients/{town.sarah}/book", **form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert db.session.execute(select(func.count()).select_from(Appointment)).scalar_one() == 1


def test_the_times_are_those_that_she_would_choose_until_one_looks_beyond(town: Town, desk: Desk) -> None:
    clients.edit(SYSTEM, town.sarah, ClientDetails(**NAMES, preferences={"weekdays": [2], "from_minute": 660}), 1)
    preferred = desk.get(f"/reception/clients/{town.sarah}")
    assert [link.text for link in times(preferred)] == ["11:00", "11:30"]
    assert "Wednesday 4 March" in preferred.text
    beyond = desk.get(f"/reception/clients/{town.sarah}?asked=1")
    assert times(beyond)[0].text == "10:00"
    assert len(times(beyond)) > 4


def test_filters_narrow_the_times(town: Town, desk: Desk) -> None:
    path = f"/reception/clients/{town.sarah}"
    assert "Wednesday" in desk.get(f"{path}?asked=1&day=2026-03-04").text
    assert "Monday 2 March" not in desk.get(f"{path}?asked=1&day=2026-03-04").text
    phone = times(desk.get(f"{path}?asked=1&mode=phone"))
    assert dict(parse_qsl(urlsplit(phone[0]["href"]).query))["mode"] == "phone"
    assert times(desk.get(f"{path}?asked=1&mode=video")) == []
    assert times(desk.get(f"{path}?asked=1&worker=999999")) == []
    short = times(desk.get(f"{path}?asked=1&minutes=15"))
    assert [link.text for link in short[:3]] == ["10:00", "10:15", "10:30"]


@pytest.mark.parametrize(
    "query",
    ["type=x", "type=999999999999999999999", "mode=teleport", "day=2026-02-30", "day=x", "minutes=7", "minutes=100000",
     "minutes=x", "worker=-1", "venue=x", "creche=-1", "after=x", "after=2026-03-02T10:00", "type=999"],
)
def test_a_search_that_cannot_be_is_answered_with_the_page(town: Town, desk: Desk, query: str) -> None:
    answer = desk.get(f"/reception/clients/{town.sarah}?asked=1&{query}")
    assert answer.status_code == 200
    assert "Next good times" in answer.text


def test_later_times_follow_where_the_page_ended(town: Town, desk: Desk) -> None:
    for day in range(5, 12):
        town.session(day)
    first = desk.get(f"/reception/clients/{town.sarah}?asked=1&minutes=15")
    link = BeautifulSoup(first.text, "html.parser").find("a", string="Later times")
    assert link is not None
    after = desk.get(str(link["href"]))  # type: ignore[index]
    assert times(after)
    seen = {each["href"] for each in times(first)}
    assert any(each["href"] not in seen for each in times(after))


def test_the_desk_is_told_whether_she_will_be_told(town: Town, desk: Desk) -> None:
    path = times(desk.get(f"/reception/clients/{town.sarah}"))[0]["href"]
    assert "No text will go out: say it now." in desk.get(path).text
    make.make_safe_contact(town.sarah)
    assert "A text will go out." in desk.get(path).text


@pytest.mark.parametrize(
    "odd",
    [{"note": "n" * 600}, {"creche": "-1"}, {"creche": "x"}, {"minutes": "500"}, {"minutes": "7"}],
)
def test_what_was_typed_into_a_booking_stays(town: Town, desk: Desk, odd: dict[str, str]) -> None:
    typed = town.pick(key="k1", **{"note": "She brings her sister", **odd})
    answer = desk.post(f"/reception/clients/{town.sarah}/book", **typed)
    assert answer.status_code == 422
    assert "note" in odd or "She brings her sister" in answer.text
    assert 'class="wrong"' in answer.text
    assert db.session.execute(select(func.count()).select_from(Appointment)).scalar_one() == 0


@pytest.mark.parametrize(
    "odd",
    [{"session": "x"}, {"session": None}, {"at": "x"}, {"at": "2026-03-02T10:00:00"}, {"at": "9999-12-31T23:59:59Z"},
     {"mode": "teleport"}, {"type": "x"}, {"type": None}, {"staff": "x"}, {"key": "k" * 500}],
)
def test_a_choice_that_cannot_be_read_books_nothing(town: Town, desk: Desk, odd: dict[str, Any]) -> None:
    answer = desk.post(f"/reception/clients/{town.sarah}/book", **town.pick(**odd))
    assert answer.status_code in (404, 409, 422)
    assert db.session.execute(select(func.count()).select_from(Appointment)).scalar_one() == 0
    if "key" not in odd:
        query = {name: value for name, value in town.pick(**odd).items() if value is not None}
        assert desk.get(f"/reception/clients/{town.sarah}/book", query_string=query).status_code in (200, 404, 422)


# --- One refusal ------------------------------------------------------------------------------------------------------


def test_a_refusal_is_the_same_page_whatever_the_cause(town: Town, desk: Desk) -> None:
    """Full, off the grid, closed to her, kept apart, cancelled or never there: nobody at the counter can tell."""
    man = make.make_client(given_name="Gareth", family_name="Pike", eligibility="not-eligible")
    surgery = make.make_venue(name="Elm Surgery", label="Elm Surgery")
    worker = make.make_staff(given_name="Tom", family_name="Reed")
    kept = make.make_session(surgery, at(10), at(11), (worker,), (town.kind,))
    booking.book(SYSTEM, Choice(man, town.kind, kept, worker, "in-person", at(10)))
    make.make_exclusion(town.sarah, man, separation="gap", gap_minutes=120)
    full = make.make_session(town.hub, at(10), at(10, 30), (make.make_staff(),), (town.kind,))
    db.session.rollback()
    other = make.make_client()
    by = booking_worker(full)
    booking.book(SYSTEM, Choice(other, town.kind, full, by, "in-person", at(10)))
    cancelled = make.make_session(town.hub, at(10), at(11), (by,), (town.kind,), cancelled_at=at(8))
    elsewhere = make.make_session(town.hub, at(10), at(11), (by,), (make.make_type(name="Other"),))
    refused = [
        town.pick(session=kept, staff=worker, at="2026-03-02T10:30:00Z"),
        town.pick(session=full, staff=by),
        town.pick(session=cancelled, staff=by),
        town.pick(session=elsewhere, staff=by),
        town.pick(session=999_999),
        town.pick(staff=worker),
        town.pick(mode="video"),
    ]
    pages = {}
    for number, fields in enumerate(refused):
        fields["at"] = "2026-03-02T10:30:00Z" if fields["session"] == kept else fields["at"]
        answer = desk.post(f"/reception/clients/{town.sarah}/book", **fields, key=f"key{number}")
        assert answer.status_code == 409, fields
        pages[number] = alike(answer)
    # The nearest other times are those nearest to what was asked, so a page is compared with one asked for the same.
    assert len({pages[number] for number in (1, 2, 3, 4, 5, 6)}) == 1
    same = desk.post(f"/reception/clients/{town.sarah}/book", **town.pick(session=full, staff=by,
                     at="2026-03-02T10:30:00Z"))
    assert alike(same) == pages[0]
    assert "That time is not available. Please choose another." in pages[0]
    assert "Pike" not in pages[0]


def booking_worker(session: int) -> int:
    """The one worker of a session."""
    from scheduler.models import SessionStaff

    return db.session.execute(select(SessionStaff.staff_id).where(SessionStaff.session_id == session)).scalar_one()


def test_a_time_just_taken_leads_to_the_nearest_others(town: Town, desk: Desk) -> None:
    town.book(at(11), make.make_client())
    answer = desk.post(f"/reception/clients/{town.sarah}/book", **town.pick(at(11)))
    assert answer.status_code == 409
    offered = [link.text for link in times(answer)]
    assert "10:30" in offered
    assert "11:30" in offered
    assert "11:00" not in [link.text for link in times(answer) if "2026-03-02" in link["href"]]
    again = desk.get(times(answer)[0]["href"])
    assert desk.post(f"/reception/clients/{town.sarah}/book", **hidden(again)).status_code == 303


# --- Afterwards -------------------------------------------------------------------------------------------------------


def test_an_appointment_is_moved_to_another_offer(town: Town, desk: Desk) -> None:
    appointment = town.book()
    page = desk.get(f"/reception/appointments/{appointment}/move")
    other = next(link for link in times(page) if link.text == "11:30")
    confirm = desk.get(other["href"])
    assert "Move for Sarah K.?" in confirm.text
    answer = desk.post(f"/reception/appointments/{appointment}/move", **hidden(confirm))
    assert answer.location == f"/reception/appointments/{appointment}"
    db.session.rollback()
    row = db.session.get_one(Appointment, appointment)
    assert (row.start, row.state) == (at(11, 30), "booked")
    assert "Moved to Monday 2 March, 11:30." in desk.get(answer.location).text


def test_back_from_a_move_leads_to_the_other_times(town: Town, desk: Desk) -> None:
    made = town.book()
    other = town.pick(at(11))
    page = BeautifulSoup(desk.get(f"/reception/appointments/{made}/move", query_string=other).text, "html.parser")
    assert page.find("a", string="Back", href=f"/reception/appointments/{made}/move") is not None


def test_a_move_that_cannot_be_changes_nothing_and_offers_others(town: Town, desk: Desk) -> None:
    appointment = town.book()
    town.book(at(11), make.make_client())
    answer = desk.post(f"/reception/appointments/{appointment}/move", **town.pick(at(11)))
    assert answer.status_code == 409
    assert f"/reception/appointments/{appointment}/move?" in times(answer)[0]["href"]
    db.session.rollback()
    assert db.session.get_one(Appointment, appointment).start == at(10)


def test_an_appointment_is_cancelled_with_a_reason(town: Town, desk: Desk) -> None:
    appointment = town.book()
    page = desk.get(f"/reception/appointments/{appointment}/cancel")
    assert "The client asked" in page.text
    form = {"reason": "worker-away", "version": re.search(r'name="version" value="(\d+)"', page.text)[1]}  # type: ignore[index]
    for _ in range(2):  # a double click
        assert desk.post(f"/reception/appointments/{appointment}/cancel", **form).status_code == 303
    assert state(appointment) == "cancelled"
    assert "The worker is away" in desk.get(f"/reception/appointments/{appointment}").text


def test_a_reason_that_does_not_exist_cancels_nothing(town: Town, desk: Desk) -> None:
    appointment = town.book()
    assert desk.post(f"/reception/appointments/{appointment}/cancel", reason="whim").status_code == 422
    assert desk.post(f"/reception/appointments/{appointment}/cancel", reason="other", version="77").status_code == 412
    assert state(appointment) == "booked"


def test_an_appointment_says_what_can_be_done_with_it_now(town: Town, desk: Desk, clock: Any) -> None:
    appointment = town.book()
    path = f"/reception/appointments/{appointment}"

    def buttons() -> list[str]:
        soup = BeautifulSoup(desk.get(path).text, "html.parser")
        return [each.text for each in soup.select("main .confirm form.acts > *") if each.name in ("button", "a")]

    assert buttons() == ["Arrived", "Seen", "Move", "Cancel it", "Told in person", "Told by phone"]
    clock.set(datetime(2026, 3, 2, 9, 55, tzinfo=UTC))
    desk.post("/reception/mark", mark=f"{appointment}.arrived")
    assert buttons() == ["Seen", "Undo “Here”"]
    desk.post("/reception/mark", mark=f"{appointment}.undo")
    clock.forward(minutes=20)
    assert "Did not attend" in buttons()


def test_a_link_is_planned_as_a_text(town: Town, desk: Desk) -> None:
    make.make_safe_contact(town.sarah)
    answer = desk.post(f"/reception/clients/{town.sarah}/link")
    assert answer.status_code == 303
    db.session.rollback()
    purposes = db.session.execute(select(Message.purpose, Message.state)).all()
    assert [tuple(row) for row in purposes] == [("link", "planned")]


def test_a_refuge_is_not_named_to_those_who_are_not_assigned(town: Town, app: Flask, desk: Desk) -> None:
    refuge = make.make_venue(
        name="Willow House", label="Where you are staying", confidential=True, kind="refuge", address="3 Ash Grove"
    )
    make.make_stay(town.sarah, refuge)
    session = make.make_session(refuge, at(14), at(16), (town.aisha,), (town.kind,), title="Willow afternoon")
    assigned = Desk(app, "outreach")
    make.assign(assigned.staff_id, refuge)
    pick = town.pick(at(14), session=session)
    choice = Choice(town.sarah, town.kind, session, town.aisha, "in-person", at(14))
    appointment = booking.book(assigned.actor, choice).id
    for path in (f"/reception/clients/{town.sarah}?asked=1", f"/reception/appointments/{appointment}",
                 f"/reception/appointments/{appointment}/move", f"/reception/appointments/{appointment}/cancel"):
        assert "Willow" not in desk.get(path).text
        assert "Ash Grove" not in desk.get(path).text
    confirm = desk.get(f"/reception/clients/{town.sarah}/book", query_string=pick)
    nothing = desk.get(f"/reception/clients/{town.sarah}/book", query_string={**pick, "session": 999_999})
    assert confirm.status_code == nothing.status_code == 404
    assert alike(confirm) == alike(nothing)
    assert "Willow House" in assigned.get(f"/reception/appointments/{appointment}").text


def test_no_page_of_the_desk_has_an_inline_script_or_style(town: Town, desk: Desk) -> None:
    appointment = town.book()
    paths = ["/reception/", "/reception/?view=list", "/reception/clients", "/reception/clients/new"]
    paths += [f"/reception/clients/{town.sarah}{end}" for end in ("", "/edit", "/safe")]
    paths += [f"/reception/appointments/{appointment}{end}" for end in ("", "/move", "/cancel")]
    for path in paths:
        soup = BeautifulSoup(desk.get(path).text, "html.parser")
        assert not soup.select("[style], style, [onclick], script:not([src])"), path
        title = soup.select_one("title")
        assert title is not None
        assert title.text == "Desk · Riverside Wellbeing"  # a title says nothing of anyone
        ids = [each["id"] for each in soup.select("[id]")]
        assert len(ids) == len(set(ids)), path


def test_her_own_appointment_does_not_stand_in_the_way_of_moving_it_and_its_own_time_is_no_other(
    town: Town, desk: Desk
) -> None:
    appointment = town.book(at(10, 15))
    soup = BeautifulSoup(desk.get(f"/reception/appointments/{appointment}/move").text, "html.parser")
    found = {dict(parse_qsl(urlsplit(each["href"]).query)).get("at") for each in soup.select("main a[href*='at=']")}
    starts = {each[11:16] for each in found if each and each.startswith("2026-03-02") and each.endswith("Z")}
    assert {"10:00", "10:30"} <= starts, "what it overlaps now is free once it is moved"
    assert "10:15" not in starts
