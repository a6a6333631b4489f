"""A calendar entry, if she wants one: called as she chose, and saying nothing else."""

from typing import Any

import pytest
from icalendar import Calendar

from scheduler.services import booking
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Choice

from ...support import factories as make
from ...support.factories import at
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town


def entry(phone: Phone, number: int = 1) -> Any:
    answer = phone.http.get(f"/my/{number}/entry.ics")
    assert answer.status_code == 200
    (event,) = Calendar.from_ical(answer.data).walk("VEVENT")
    return event


def test_the_risk_is_said_before_anything_is_made(town: Town, phone: Phone) -> None:
    town.booked()
    phone.arrive(make_link(town.woman)).press("See, change").press("Put it in my calendar")
    words = phone.words
    assert words.index("Whoever opens your phone can read your calendar.") < words.index("Get the entry")


@pytest.mark.parametrize("title", ["Appointment", "Busy", "Reminder", "Errand"])
def test_it_is_called_as_she_chose_and_says_nothing_else(town: Town, phone: Phone, title: str) -> None:
    town.booked()
    phone.arrive(make_link(town.woman)).open("/my/1/calendar").press("Get the entry", title=title.casefold())
    assert phone.headers["Content-Disposition"] == 'attachment; filename="entry.ics"'
    assert phone.headers["Content-Type"] == "text/calendar; charset=utf-8"
    event = entry(phone)
    assert str(event["SUMMARY"]) == title
    assert event.decoded("DTSTART") == at(10, 0, 1)
    assert not {"LOCATION", "DESCRIPTION", "ORGANIZER", "ATTENDEE", "URL", "COMMENT", "CATEGORIES"} & set(event)
    assert not event.walk("VALARM")
    for secret in ("Alma", "Riverside", "Mill", "Aisha", "Catch"):
        assert secret not in phone.html


def test_the_place_stands_in_it_only_where_she_ticked_it(town: Town, phone: Phone) -> None:
    town.booked()
    phone.arrive(make_link(town.woman)).open("/my/1/calendar").press("Get the entry", title="busy", place="1")
    assert str(entry(phone)["LOCATION"]) == "Riverside Hub, 2 Mill Lane"
    phone.open("/my/1/calendar").press("Get the entry", title="busy")
    assert "LOCATION" not in entry(phone)


def test_a_confidential_place_stands_in_it_never(town: Town, phone: Phone) -> None:
    refuge = make.make_venue(name="Quillhaven", label="", address="7 Hidden Row", kind="refuge", confidential=True)
    make.make_stay(town.woman, refuge)
    session = make.make_session(refuge, at(10, 0, 2), at(12, 0, 2), (town.aisha,), (town.type,))
    booking.book(SYSTEM, Choice(town.woman, town.type, session, town.aisha, "in-person", at(10, 0, 2)))
    phone.arrive(make_link(town.woman)).open("/my/1/calendar")
    assert phone.page.select_one("input[name=place]") is None
    phone.press("Get the entry", place="1")
    assert "LOCATION" not in entry(phone)
    assert "Hidden" not in phone.html


def test_a_place_that_tells_too_much_stands_in_it_never(town: Town, phone: Phone) -> None:
    told = make.make_venue(name="Recovery House", label="Recovery House", address="1 High Street")
    session = make.make_session(told, at(10, 0, 2), at(12, 0, 2), (town.aisha,), (town.type,))
    booking.book(SYSTEM, Choice(town.woman, town.type, session, town.aisha, "in-person", at(10, 0, 2)))
    phone.arrive(make_link(town.woman)).open("/my/1/calendar").press("Get the entry", place="1")
    assert "LOCATION" not in entry(phone)


def test_a_title_of_her_own_is_none_of_the_choices(town: Town, phone: Phone) -> None:
    town.booked()
    phone.arrive(make_link(town.woman)).open("/my/1/calendar").press("Get the entry", title="Refuge")
    assert str(entry(phone)["SUMMARY"]) == "Appointment"
    assert phone.open("/my/99/calendar").status == phone.open("/my/99/entry.ics").status == 404
