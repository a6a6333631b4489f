"""When no time suits: waiting, a call, and coming when she likes; and what is counted of her choices."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from scheduler.errors import NotAllowed, NotFound, WrongState
from scheduler.extensions import db
from scheduler.models import Ask, Client, OfferedChoice, Waiting
from scheduler.services import booking, choices, waiting_list
from scheduler.services.actors import SYSTEM, client_actor
from scheduler.services.booking import Choice

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, appointments
from ...worlds.town import write


def rows(model: Any) -> list[Any]:
    db.session.rollback()
    found = list(db.session.execute(select(model.__table__).order_by(model.id)))
    db.session.rollback()
    return found


# --- Waiting and calls ---


def test_she_waits_with_one_tap_for_what_she_had_chosen_already(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places")
    phone.press("Show me times", how=["in-person"], days=["6"], part="evening", who="woman")
    assert "no free times" in phone.words
    phone.press("None of these suit you?")
    for words in ("Come in", "Sunday", "Evening, after 5pm", "With a woman"):
        assert words in phone.words
    phone.press("Put me on the list")
    assert "You are on our list until Monday 30 March" in phone.words
    (row,) = rows(Waiting)
    assert (row.client_id, row.type_id, row.state) == (town.woman, town.type, "open")
    assert (row.wishes["modes"], row.wishes["weekdays"], row.wishes["woman_worker"]) == (["in-person"], [6], True)
    phone.open("/my/")
    assert "You are on our list" in phone.words


def test_she_keeps_her_place_when_she_changes_what_suits_her_and_can_leave_the_list(
    town: Town, phone: Phone, clock: Any
) -> None:
    phone.arrive(make_link(town.woman)).open("/my/help").press("Put me on the list")
    since = rows(Waiting)[0].made_at
    clock.forward(minutes=5)
    phone.open("/my/choose").press("Show me times", how=["phone"])
    phone.open("/my/help").press("Take me off the list")
    assert [row.state for row in rows(Waiting)] == ["withdrawn"]
    phone.open("/my/help").press("Put me on the list", weeks="2")
    assert rows(Waiting)[-1].made_at > since
    waiting_list.join(SYSTEM, town.woman, town.type, waiting_list.Wish(), (clock.now() + timedelta(days=9)).date())
    states = [(row.state, row.made_at > since) for row in rows(Waiting)]
    assert states == [("withdrawn", False), ("withdrawn", True), ("open", True)]
    assert rows(Waiting)[1].made_at == rows(Waiting)[2].made_at


def test_whoever_has_been_given_a_time_waits_no_more(town: Town, phone: Phone, clock: Any) -> None:
    phone.arrive(make_link(town.woman)).open("/my/help").press("Put me on the list")
    assert waiting_list.count(SYSTEM) == 1
    clock.forward(minutes=1)
    town.booked()
    assert waiting_list.count(SYSTEM) == 0
    phone.open("/my/")
    assert "You are on our list" not in phone.words


def test_a_call_that_she_asks_for_is_on_the_one_list_that_staff_have(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).open("/my/help").press("Ask someone to call me")
    assert "Someone will call you" in phone.words
    phone.open("/my/help").press("Ask someone to call me")
    assert [(row.client_id, row.kind) for row in rows(Ask)] == [(town.woman, "call")]


def test_times_to_come_when_she_likes_are_offers_and_can_be_taken(town: Town, phone: Phone) -> None:
    make.make_session(town.surgery, at(9, 0, 2), at(12, 0, 2), (), (town.type,), kind="drop-in")
    him = make.make_client(given_name="Gareth")
    session = make.make_session(town.hub, at(13, 0, 3), at(15, 0, 3), (), (town.type,), kind="drop-in")
    make.make_exclusion(town.woman, him)
    write(session, him, at(13, 0, 3), None)
    phone.arrive(make_link(town.woman)).open("/my/help")
    assert phone.buttons(".good") == ["Wednesday 4 March 9am to 12 noon Come in: Elm Surgery, come any time"]
    phone.press("9am to 12 noon").press("Yes, book")
    assert appointments(town.woman)[0].start == at(9, 0, 2)


def test_in_request_mode_no_time_to_come_is_shown_but_he_can_wait_and_be_called(town: Town, phone: Phone) -> None:
    make.make_session(town.surgery, at(9, 0, 2), at(12, 0, 2), (), (town.type,), kind="drop-in")
    him = make.make_client(request_mode=True)
    phone.arrive(make_link(him)).press("None of these suit you?")
    assert phone.buttons(".good") == []
    phone.press("Put me on the list", weeks="8")
    assert rows(Waiting)[0].client_id == him


@pytest.mark.parametrize("weeks", ["", "x", "999", "-2"])
def test_how_long_to_wait_is_one_of_those_on_the_page(town: Town, phone: Phone, weeks: str, clock: Any) -> None:
    phone.arrive(make_link(town.woman)).open("/my/help").press("Put me on the list", weeks=weeks)
    assert rows(Waiting)[0].until == (clock.now() + timedelta(weeks=4)).date()


# --- What she could choose from ---


def test_what_she_could_choose_from_and_what_she_took_is_counted_once_a_visit(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places")
    phone.press("Show me times", days=["6"], how=["in-person"])
    phone.press("Change what suits me").press("Show me times", who="woman", days=[])
    phone.press("10am").press("Yes, book")
    (row,) = rows(OfferedChoice)
    assert (row.outcome, row.client_id, row.places, row.days, row.women_workers, row.women_only) == (
        "booked", town.woman, 2, 4, 1, 0,
    )
    assert row.modes == 2
    assert (row.asked_who, row.asked_when, row.asked_where) == (True, False, False)
    assert (row.took_mode, row.took_woman, row.took_women_only) == ("in-person", True, False)


def test_finding_nothing_is_counted(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman)).press("Other times and places").press("Show me times", days=["6"])
    (row,) = rows(OfferedChoice)
    assert (row.outcome, row.took_mode, row.asked_when) == ("nothing", None, True)
    phone.open("/my/help").press("Put me on the list")
    assert [row.outcome for row in rows(OfferedChoice)] == ["waiting"]


def test_what_is_counted_of_someone_in_request_mode_is_the_timetables(town: Town, phone: Phone) -> None:
    """Whoever is near, and whatever is booked: the numbers do not change (SAFETY.md 4.2)."""
    her, him = make.make_client(), make.make_client()
    make.make_exclusion(her, him)
    counted = []
    for full in (False, True):
        if full:
            for day in range(1, 5):
                for minute in (0, 30):
                    town.booked(day, 10, minute, client=make.make_client())
            town.booked(1, 11, client=her)
        counted.append(choices.on_offer(client_actor(him), him, town.type))
    assert counted[0] == counted[1]
    assert counted[0] == choices.Counts(2, 2, 4, 1, 0)


def test_whose_choice_it_was_is_let_go_of_and_the_numbers_stay(town: Town, phone: Phone, clock: Any) -> None:
    phone.arrive(make_link(town.woman)).press("Tuesday").press("Yes, book")
    clock.forward(days=32)
    assert choices.forget_whose() == 1
    (row,) = rows(OfferedChoice)
    assert (row.client_id, row.outcome, row.places) == (None, "booked", 2)


def test_a_count_that_fails_does_not_stand_in_her_way(
    town: Town, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: Any, **_more: Any) -> int:
        raise RuntimeError

    monkeypatch.setattr(choices, "note", fail)
    phone.arrive(make_link(town.woman)).press("Tuesday").press("Yes, book")
    assert phone.address == "/my/1/booked"


# --- Language, steps, groups, someone who has been there ---


def test_a_worker_who_speaks_her_language_comes_first_and_otherwise_an_interpreter_is_asked_for(
    town: Town, phone: Phone
) -> None:
    db.session.get(Client, town.woman).preferences = {"language": "polski", "interpreter": True}  # type: ignore[union-attr]
    db.session.commit()
    phone.arrive(make_link(town.woman)).press("Tuesday")
    assert "someone who speaks Polish" in phone.words
    phone.press("Yes, book")
    assert [row.interpreter for row in appointments(town.woman)] == ["Polish"]
    ewa = make.make_staff(given_name="Ewa", languages=["Polish"])
    make.make_session(town.hub, at(10, 0, 3), at(12, 0, 3), (ewa,), (town.type,))
    phone.open("/my/choose").press("Show me times", language="Polish", who="speaks")
    phone.press("10am")
    assert "with Ewa" in phone.words
    assert "someone who speaks" not in phone.words


def test_an_interpreter_is_asked_for_or_not_as_the_page_of_the_change_said(town: Town, phone: Phone) -> None:
    ewa = make.make_staff(given_name="Ewa", languages=["Polish"])
    make.make_session(town.hub, at(10, 0, 3), at(12, 0, 3), (ewa,), (town.type,))
    phone.arrive(make_link(town.woman)).open("/my/choose").press("Show me times", language="Polish", who="speaks")
    phone.press("10am").press("Yes, book")
    assert [row.interpreter for row in appointments(town.woman)] == [None]
    phone.open("/my/1").press("Change").open("/my/choose").press("Show me times", language="Polish", who="any")
    phone.press("10:30").press("Yes")
    (moved,) = appointments(town.woman)
    assert (moved.staff_id, moved.interpreter) == (town.aisha, "Polish")
    # Staff who move it to another day say nothing of it: what she asked for stands.
    choice = Choice(town.woman, town.type, town.sessions["hub", 4], town.aisha, "in-person", at(10, 0, 4))
    booking.move(SYSTEM, moved.id, choice)
    assert [row.interpreter for row in appointments(town.woman)] == ["Polish"]


def test_she_filters_by_steps_group_and_someone_who_has_been_there_too(town: Town, phone: Phone) -> None:
    flat = make.make_venue(name="Library", label="Library", step_free=True, parking="Behind it")
    mentor = make.make_staff(given_name="Lena", job="Peer mentor")
    make.make_session(flat, at(10, 0, 1), at(11, 0, 1), (mentor,), (town.type,))
    make.make_session(town.hub, at(13, 0, 1), at(14, 30, 1), (), (town.type,), kind="group", seats=5)
    phone.arrive(make_link(town.woman)).press("Other times and places")
    assert "Library No steps. Parking." in phone.words

    def places(**chosen: Any) -> set[str]:
        nothing: dict[str, Any] = {"stepfree": [], "how": [], "where": [], "who": "any", "shape": "any"}
        phone.open("/my/choose").press("Show me times", **{**nothing, **chosen})
        return {each.get_text() for each in phone.page.select("h3")}

    assert places(stepfree="1", how=["in-person", "phone"]) == {"Come in: Library", "By phone"}
    assert places(who="peer") == {"Come in: Library"}
    assert places(shape="group") == {"Come in: Riverside Hub"}
    assert "By phone" in places(shape="alone")
    assert places(where=[str(flat)], how=["in-person"]) == {"Come in: Library"}


# --- After cancelling ---


def test_she_may_say_why_she_cancelled_with_one_tap_and_is_not_asked_twice(town: Town, phone: Phone) -> None:
    town.booked(2)
    phone.arrive(make_link(town.woman)).open("/my/1").press("Cancel it").press("Yes, cancel it")
    assert "Only if you want to say" in phone.words
    before = appointments(town.woman)[0]
    phone.press("Getting there")
    assert "Thank you for telling us" in phone.words
    assert "Only if you want to say" not in phone.words
    after = appointments(town.woman)[0]
    assert (before.cancel_reason, after.cancel_reason) == ("client-asked", "her-way")
    assert (before.version, before.updated_at) == (after.version, after.updated_at)


@pytest.mark.parametrize("reason", ["", "worker-away", "x" * 3000])
def test_a_reason_that_is_not_on_the_page_is_refused_kindly(town: Town, phone: Phone, reason: str) -> None:
    town.booked(2)
    phone.arrive(make_link(town.woman)).open("/my/1").press("Cancel it").press("Yes, cancel it")
    phone.press("Getting there", why=reason)
    assert phone.status == 422
    assert appointments(town.woman)[0].cancel_reason == "client-asked"


def test_a_reason_is_for_what_she_cancelled_herself(town: Town, phone: Phone) -> None:
    made, other = town.booked(2), town.booked(3, client=make.make_client())
    booking.cancel(SYSTEM, made.id, "worker-away")
    for actor, number, refusal in (
        (client_actor(town.woman), 1, WrongState), (client_actor(town.woman), 9, NotFound), (SYSTEM, 1, NotAllowed),
        (client_actor(other.client_id), 1, WrongState),
    ):
        with pytest.raises(refusal):
            booking.say_why(actor, number, "her-time")
