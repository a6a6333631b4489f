"""Promises of the manager's page of texts: numbers that lead to nobody, and a test to one's own phone."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import event, insert

from scheduler import clock as running
from scheduler.errors import Invalid, NotAllowed
from scheduler.extensions import db
from scheduler.models import AuditRecord, Message
from scheduler.notifications import trial
from scheduler.notifications.gateway import Accepted, Refused, Text, Unknown
from scheduler.rules import discretion
from scheduler.services import texts
from scheduler.services.actors import Actor
from scheduler.services.texts import Fate

from ..support import factories as make
from ..support.browsing import Visits, accessibility_violations, overflows
from ..support.desk import PASSWORD, Desk, make_user
from ..support.factories import at
from ..support.serving import LiveServer

pytestmark = pytest.mark.usefixtures("clock")

OWN = "+447700900123"
MANAGER = Actor("staff", 1, "manager")


def put(client: int, *found: tuple[str, str | None, Any]) -> None:
    """Messages in these states with these outcomes, due at these times."""
    rows = [
        {"client_id": client, "purpose": "reminder", "state": state, "outcome": outcome, "send_after": due,
         "send_before": due + timedelta(days=1), "created_at": due, "attempts": 0}
        for state, outcome, due in found
    ]
    db.session.execute(insert(Message.__table__), rows)
    db.session.commit()


class Provider:
    """A gateway that keeps what it is given and answers as it is told."""

    at_once = 1
    keeps = False

    def __init__(self) -> None:
        self.sent: list[Text] = []
        self.answer: Any = Accepted("W1")

    def send(self, text: Text) -> Any:
        self.sent.append(text)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    def sent_to(self, _number: str, _since: Any) -> list[Any]:
        return []


@pytest.fixture
def provider(app: Flask) -> Iterator[Provider]:
    app.extensions["sidegate_gateway"] = watched = Provider()
    yield watched
    app.extensions.pop("sidegate_gateway")


def manager(app: Flask, **values: Any) -> Desk:
    return Desk(app, "manager", staff_id=make_user("manager", "rita", **values))


def cells(page: str) -> dict[str, list[int]]:
    """The table of days: its numbers by the name of the row."""
    table = BeautifulSoup(page, "html.parser").select_one(".numbers table")
    assert table is not None
    return {row.th.text: [int(cell.text) for cell in row.select("td")] for row in table.select("tbody tr")}


# --- who, and how far back --------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
def test_the_numbers_and_the_test_are_the_managers(app: Flask, provider: Provider, role: str) -> None:
    other = Desk(app, role, staff_id=make_user(role, "rita", phone=OWN))
    assert {other.get(path).status_code for path in ("/manage/texts", "/manage/texts/chart.svg")} == {403}
    assert other.post("/manage/texts/test").status_code == 403
    with pytest.raises(NotAllowed):
        texts.figures(other.actor, 4)
    with pytest.raises(NotAllowed):
        trial.send(other.actor)
    assert provider.sent == []


@pytest.mark.usefixtures("context")
def test_a_span_that_is_not_offered_is_refused_and_never_an_error_of_ours(app: Flask) -> None:
    desk = manager(app)
    for typed in ("0", "2", "14", "-4", "x", "4.0", "9" * 40, ""):
        for path in ("/manage/texts", "/manage/texts/chart.svg"):
            assert desk.get(path, query_string={"weeks": typed}).status_code in (400, 422), typed
    with pytest.raises(Invalid):
        texts.figures(MANAGER, 52)


# --- numbers ----------------------------------------------------------------------------------------------------------

EVERY_STATE = [
    ("planned", None, Fate.PLANNED), ("claimed", None, Fate.SENT), ("accepted", None, Fate.SENT),
    ("sent", None, Fate.SENT), ("delivered", None, Fate.DELIVERED), ("undelivered", "phone-off", Fate.UNDELIVERED),
    ("failed", "no-such-number", Fate.UNDELIVERED), ("suppressed", "not-safe", Fate.UNSAFE),
    ("expired", "no-safe-time", Fate.UNSAFE), ("expired", "too-late", Fate.UNDELIVERED),
    ("unknown", "no-answer", Fate.UNKNOWN), ("cancelled", "withdrawn", Fate.WITHDRAWN),
]


@pytest.mark.usefixtures("context")
def test_every_state_of_a_text_is_counted_once(app: Flask) -> None:
    put(make.make_client(), *((state, outcome, at(8)) for state, outcome, _ in EVERY_STATE))
    found = texts.figures(MANAGER, 1)
    assert dict(found.days[-1].texts) == {
        fate: sum(each == fate for _, _, each in EVERY_STATE) for fate in Fate
    }
    assert sum(found.total.values()) == len(EVERY_STATE)
    assert found.share(Fate.DELIVERED) == round(100 / 8)
    assert texts.figures(MANAGER, 4).total == found.total


@pytest.mark.usefixtures("context")
def test_texts_are_counted_on_the_local_day_on_which_they_were_due(app: Flask, clock: Any) -> None:
    clock.set(at(9, day=29))  # Tuesday 31 March, two days after the clocks went forward
    her = make.make_client()
    put(her, ("sent", None, at(22, 59, day=27)), ("delivered", None, at(23, 0, day=28)),
        ("delivered", None, at(22, 59, day=28)), ("delivered", None, at(23, 0, day=27) + timedelta(hours=1)),
        ("unknown", "no-answer", at(23, day=29)))
    rows = cells(manager(app).get("/manage/texts?weeks=1").text)
    assert len(rows) == 8
    assert rows["Sunday 29 March"][:3] == [0, 1, 0]
    assert rows["Monday 30 March"][:3] == [0, 0, 2]
    assert rows["Tuesday 31 March"][:3] == [0, 0, 1]
    assert rows["All days"][5] == 0  # due tomorrow, by the clock on the wall


@pytest.mark.usefixtures("context")
def test_a_reason_is_said_in_words_with_how_often(app: Flask) -> None:
    put(make.make_client(), *([("undelivered", "phone-off", at(8))] * 3), ("failed", "error-30999", at(8)),
        ("suppressed", "paused", at(7)), ("failed", "<b>odd", at(7)))
    page = manager(app).get("/manage/texts").text
    said = re.sub(r"\s+", " ", BeautifulSoup(page, "html.parser").get_text(" "))
    assert "Not delivered 3 The phone was off, had no signal, or could not be reached." in said
    assert "error 30999:" in said
    assert "Texts to her are paused." in said
    assert "<b>odd" not in page


@pytest.mark.usefixtures("context")
def test_the_numbers_name_nobody_and_lead_to_nobody(app: Flask) -> None:
    her = make.make_client(given_name="Zephyrine", phone="+447700900777", reference="Q777777")
    put(her, ("undelivered", "phone-off", at(8)))
    desk = manager(app, phone=OWN)
    for path in ("/manage/texts", "/manage/texts/chart.svg"):
        page = desk.get(path).text
        for telling in ("Zephyrine", "900777", "Q777777", "900123", "/clients/"):
            assert telling not in page.replace('href="/reception/clients"', "")


@pytest.mark.usefixtures("context")
def test_many_texts_over_many_weeks_cost_one_query(app: Flask) -> None:
    her = make.make_client()
    put(her, *(("delivered", None, at(8, day=-day)) for day in range(100) for _ in range(5)))
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    found = texts.figures(MANAGER, 13)
    assert len([each for each in asked if "message" in each]) == 1
    assert found.total == {Fate.DELIVERED: 455}


# --- the picture ------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("weeks", [1, 4, 13])
def test_the_picture_needs_no_style_no_script_and_no_other_host(app: Flask, weeks: int) -> None:
    put(make.make_client(), ("delivered", None, at(8)), ("undelivered", "phone-off", at(8, day=-2)))
    answer = manager(app).get(f"/manage/texts/chart.svg?weeks={weeks}")
    assert answer.mimetype == "image/svg+xml"
    root = ElementTree.fromstring(answer.text)
    tags = {each.tag.rpartition("}")[2] for each in root.iter()}
    assert not tags & {"style", "script", "a", "image", "use", "foreignObject"}
    assert [each.tag.rpartition("}")[2] for each in root.iter() if each.tag.endswith(("}title", "}desc"))] == [
        "title", "desc"
    ]
    assert root.get("aria-labelledby", "").split() == [each.get("id") for each in list(root)[:2]]
    assert not [name for each in root.iter() for name in each.attrib if name == "style" or name.startswith("on")]
    assert re.findall(r"\w+://[^\s\"<]+", answer.text) == ["http://www.w3.org/2000/svg"]
    bars = [each for each in root.iter() if each.tag.endswith("}rect") and "tooltip-trigger" in each.get("class", "")]
    assert sum(float(each.get("height", 0)) > 1 for each in bars) == 2


@pytest.mark.usefixtures("context")
def test_drawing_changes_nothing_in_how_the_process_imports(app: Flask) -> None:
    manager(app).get("/manage/texts/chart.svg")
    assert not [each for each in sys.meta_path if type(each).__module__.startswith("pygal")]


# --- a test to one's own phone ----------------------------------------------------------------------------------------


def test_a_test_text_is_as_discreet_as_any() -> None:
    assert trial.WORDS == "This is a test."
    assert discretion.problems(trial.WORDS) == []


@pytest.mark.usefixtures("context")
def test_a_test_goes_to_ones_own_number_and_to_no_other(app: Flask, provider: Provider, capsys: Any) -> None:
    make.make_client(phone="+447700900777")
    desk = manager(app, phone=OWN)
    answer = desk.post("/manage/texts/test", phone="+447700900777", staff_id="1", to="+447700900777")
    assert answer.status_code == 303
    ((text),) = provider.sent
    assert (text.to, text.body, text.kind) == (OWN, "This is a test.", "test")
    assert text.until > running.now()
    page = desk.get(answer.headers["Location"]).text
    assert "Accepted: the text is on its way" in page
    logged = capsys.readouterr()
    assert "900123" not in answer.headers["Location"] + page + logged.out + logged.err
    kept = db.session.query(AuditRecord).filter_by(action="test-text").one()
    assert (kept.actor_id, kept.detail) == (desk.staff_id, None)
    assert db.session.query(Message).count() == 0


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Refused("no-such-number"), "Refused, so no text was sent. The number does not exist or is not in use."),
        (Refused("our-account", again=True), "Refused, so no text was sent. The provider did not accept our account"),
        (Refused("refused-21999"), "The provider refused it with code 21999"),
        (Unknown("no-answer"), "Unknown: look whether it arrives before you send another. The provider did not answer"),
        (RuntimeError("+447700900123"), "Unknown: look whether it arrives before you send another. Sending broke off"),
    ],
)
def test_what_came_of_a_test_is_said_in_words_and_it_is_not_tried_again(
    app: Flask, provider: Provider, answer: Any, said: str
) -> None:
    provider.answer = answer
    desk = manager(app, phone=OWN)
    page = desk.get(desk.post("/manage/texts/test").headers["Location"]).text
    assert said in BeautifulSoup(page, "html.parser").text
    assert "900123" not in page
    assert len(provider.sent) == 1


@pytest.mark.usefixtures("context")
@pytest.mark.parametrize("phone", [None, "the blue phone"])
def test_without_a_number_the_page_leads_to_where_it_is_recorded(app: Flask, provider: Provider, phone: Any) -> None:
    desk = manager(app, phone=phone)
    page = desk.get("/manage/texts").text
    assert f'href="/manage/staff/{desk.staff_id}/edit"' in page
    assert "/manage/texts/test" not in page
    answer = desk.post("/manage/texts/test")
    assert "No number that a text can go to" in desk.get(answer.headers["Location"]).text
    assert provider.sent == []


@pytest.mark.usefixtures("context")
def test_nobody_sends_more_than_a_few_tests_a_day_and_one_persons_tests_are_not_anothers(make_app: Any) -> None:
    app = make_app(RATELIMIT_ENABLED=True)
    app.extensions["sidegate_gateway"] = provider = Provider()
    with app.app_context():
        one = manager(app, phone=OWN)
        other = Desk(app, "manager", staff_id=make_user("manager", "sam", phone="+447700900456"))
        assert [one.post("/manage/texts/test").status_code for _ in range(7)] == [303] * 5 + [429] * 2
        assert other.post("/manage/texts/test").status_code == 303
        assert app.test_client().post("/manage/texts/test").status_code == 302
    assert [text.to for text in provider.sent] == [OWN] * 5 + ["+447700900456"]


# --- in a browser -----------------------------------------------------------------------------------------------------


def test_the_page_works_for_everyone_and_the_picture_is_drawn(live_server: LiveServer, open_page: Visits) -> None:
    running.set_fixed(None)
    with live_server.app.app_context():
        make_user("manager", "rita", phone=OWN)
        put(make.make_client(), ("delivered", None, running.now()), ("failed", "filtered", running.now()))
    page = open_page(width=390)
    page.goto("/sign-in?next=/manage/texts")
    page.get_by_label("User name").fill("rita")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/manage/texts")
    drawn = page.locator("img.chart")
    drawn.scroll_into_view_if_needed()
    assert drawn.evaluate("async each => { await each.decode(); return each.naturalWidth }") == 960
    assert accessibility_violations(page) == []
    assert not overflows(page)
    page.get_by_role("button", name="Send a test text").click()
    assert "Accepted" in page.get_by_role("status").inner_text()
