"""Afterwards: one question, one tap, and nothing that leads from an answer to a woman."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from scheduler.errors import NotAllowed
from scheduler.extensions import db
from scheduler.models import Appointment, Ask, AskedAfterwards, AuditRecord, FeltSafe
from scheduler.services import afterwards, asks
from scheduler.services.actors import SYSTEM, Actor

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, everything


def came(town: Town, day: int = 1, hour: int = 10, client: int | None = None, state: str = "fulfilled") -> int:
    made = town.booked(day, hour, client=client)
    db.session.execute(update(Appointment).where(Appointment.id == made.id).values(state=state))
    db.session.commit()
    return made.id


def counts() -> list[tuple[str, int, int, int]]:
    db.session.rollback()
    rows = db.session.execute(select(FeltSafe.month, FeltSafe.yes, FeltSafe.not_really, FeltSafe.rather_not))
    return [tuple(row) for row in rows]  # type: ignore[misc]


def test_after_an_appointment_her_link_asks_once_and_counts_one_tap(town: Town, phone: Phone, clock: Any) -> None:
    came(town)
    clock.set(at(15, 0, 1))
    phone.arrive(make_link(town.woman))
    assert "did you feel safe?" in phone.words
    button = next(each for each in phone.page.select("main button") if each.text == "Not really")
    phone.follow(button)
    assert phone.address == "/my/thanks"
    phone.follow(button)
    assert counts() == [("2026-03", 0, 1, 0)]
    assert "did you feel safe?" not in phone.open("/my/").words


@pytest.mark.parametrize("state", ["booked", "cancelled", "noshow", "arrived"])
def test_it_is_asked_only_of_an_appointment_that_she_came_to(
    town: Town, phone: Phone, clock: Any, state: str
) -> None:
    came(town, state=state)
    clock.set(at(15, 0, 1))
    phone.arrive(make_link(town.woman))
    assert "feel safe" not in phone.words
    token = str(phone.page.select_one("input[name=form]")["value"])  # type: ignore[index]
    phone.http.post("/my/1/felt", data={"form": token, "felt": "yes"})
    assert counts() == []


def test_another_womans_answer_cannot_be_given(town: Town, phone: Phone, clock: Any) -> None:
    came(town, client=make.make_client())
    clock.set(at(15, 0, 1))
    phone.arrive(make_link(town.woman))
    token = str(phone.page.select_one("input[name=form]")["value"])  # type: ignore[index]
    for number in (1, 2, 99):
        phone.http.post(f"/my/{number}/felt", data={"form": token, "felt": "yes"})
    assert counts() == []


def test_nothing_stored_tells_who_said_what(town: Town, app: Flask, clock: Any) -> None:
    """Two worlds that differ only in who said what hold the same rows: no query can find out."""
    women = [town.woman, make.make_client(), make.make_client()]
    for woman, hour in zip(women, (10, 10, 11), strict=True):
        came(town, 1 + women.index(woman), hour, client=woman)
    clock.set(at(15, 0, 3))
    phones = [Phone(app).arrive(make_link(woman)) for woman in women]
    before = everything()
    answers = ("Yes", "Not really", "Rather not say")
    for phone, answer in zip(phones, answers, strict=True):
        phone.press(answer)
    after = everything()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"felt_safe", "asked_afterwards"}
    (row,) = db.session.execute(select(FeltSafe.__table__)).all()
    assert set(row._mapping) == {"venue_id", "month", "yes", "not_really", "rather_not"}
    assert tuple(row) == (town.hub, "2026-03", 1, 1, 1)
    assert {column.name for column in AskedAfterwards.__table__.columns} == {"appointment_id"}
    assert db.session.execute(select(func.count()).select_from(AuditRecord).where(
        AuditRecord.action.in_(("felt", "answer", "felt-safe")))).scalar() == 0


def test_every_answer_writes_the_same_columns(town: Town) -> None:
    """Whichever number grows, all three are written: the row's own marks do not tell which."""
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    said: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        said.append(statement)

    from scheduler.services import links

    shapes = set()
    for number, answer in enumerate(afterwards.ANSWERS):
        woman = make.make_client()
        came(town, 1 + number, client=woman)
        visit = links.current(links.open_session(make_link(woman)))
        said.clear()
        event.listen(Engine, "before_cursor_execute", note)
        try:
            assert afterwards.answer(visit, 1, answer)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        shapes.add("\n".join(each for each in said if "felt_safe" in each and each.startswith("UPDATE")))
    assert len(shapes) == 1


def test_few_answers_are_shown_to_nobody(town: Town, clock: Any) -> None:
    manager, worker = Actor("staff", make.make_staff(role="manager"), "manager"), Actor("staff", 1, "worker")
    db.session.add(FeltSafe(venue_id=town.hub, month="2026-03", yes=3, not_really=1, rather_not=0))
    db.session.add(FeltSafe(venue_id=town.surgery, month="2026-03", yes=4, not_really=1, rather_not=1))
    db.session.commit()
    few, enough = afterwards.felt(manager, ["2026-03"])
    assert (few.venue_id, few.answers, few.yes) == (town.hub, None, None)
    assert (enough.venue_id, enough.answers, enough.yes, enough.not_really) == (town.surgery, 6, 4, 1)
    with pytest.raises(NotAllowed):
        afterwards.felt(worker, ["2026-03"])


def test_a_call_is_asked_for_in_one_tap_and_staff_find_it_once(town: Town, phone: Phone, clock: Any) -> None:
    came(town)
    clock.set(at(15, 0, 1))
    phone.arrive(make_link(town.woman)).press("Yes")
    assert "Would you like someone to call you?" in phone.words
    button = phone.page.select_one("main form button")
    assert button is not None
    phone.follow(button)
    phone.follow(button)
    assert "Someone will call you" in phone.words
    db.session.rollback()
    assert [(row.client_id, row.kind, row.words) for row in db.session.scalars(select(Ask))] == [
        (town.woman, "call", None)
    ]


def test_marks_and_asks_are_let_go_of(town: Town, clock: Any) -> None:
    db.session.add(AskedAfterwards(appointment_id=came(town)))
    db.session.commit()
    asks.call(town.woman)
    asks.done(SYSTEM, db.session.execute(select(Ask.id)).scalar_one())
    clock.forward(days=29)
    assert (afterwards.forget(), asks.forget()) == (0, 0)
    clock.forward(days=3)
    assert (afterwards.forget(), asks.forget()) == (1, 1)
