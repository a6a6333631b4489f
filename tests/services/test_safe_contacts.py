"""What is recorded of each channel, who may read the word for calls, and whom to ask again (SAFETY.md 8)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import event, text

from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import AuditRecord
from scheduler.rules.reminders import Silence
from scheduler.services import booking, checks, clients, safe_contacts
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails, SafeContactDetails
from tests.support import factories as make
from tests.support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DESK = Actor("staff", None, "reception")
MANAGER = Actor("staff", None, "manager")


def recorded(client: int, channel: str, actor: Actor = DESK) -> SafeContactDetails:
    return next(each.details for each in safe_contacts.of(actor, client) if each.channel == channel)


def say(client: int, channel: str = "sms", **values: Any) -> None:
    clients.set_safe_contact(DESK, client, channel, SafeContactDetails(**{"safe": "yes", **values}))


def test_an_answer_holds_for_ninety_days_where_nobody_says_otherwise() -> None:
    her = make.make_client()
    say(her)
    assert recorded(her, "sms").review_on == date(2026, 5, 31)
    say(her, review_on=date(2026, 4, 1))
    assert recorded(her, "sms").review_on == date(2026, 4, 1)
    say(her, safe="no")
    assert recorded(her, "sms").review_on is None


def test_a_landline_gets_no_texts_but_may_be_called() -> None:
    for number in ("+442079460123", "+441134960999", "+442075836789"):
        her = make.make_client(phone=number)
        with pytest.raises(Invalid) as refused:
            say(her)
        assert "landline" in str(refused.value.fields["safe"])
        say(her, "call")
        say(her, safe="no")


def test_the_word_for_calls_is_encrypted_read_by_those_who_may_call_and_in_no_record_of_what_was_done() -> None:
    her = make.make_client()
    say(her, "call", word="  Bluebell   Monday ")
    assert recorded(her, "call").word == "Bluebell Monday"
    assert recorded(her, "call", MANAGER).word is None
    assert [each.has_word for each in safe_contacts.of(MANAGER, her)] == [True]
    stored = db.session.execute(text("SELECT word FROM safe_contact")).scalar_one()
    assert b"Bluebell" not in bytes(stored)
    assert all("Bluebell" not in str(each.detail) for each in db.session.query(AuditRecord))


def test_a_word_stays_until_it_is_changed_or_forgotten() -> None:
    her = make.make_client()
    say(her, "call", word="Bluebell")
    say(her, "call", paused=True)
    assert recorded(her, "call").word == "Bluebell"
    say(her, "call", word="")
    assert recorded(her, "call").word is None


def test_whose_phone_it_is_is_kept_until_the_number_changes() -> None:
    her = clients.add(DESK, ClientDetails("Alma", phone="07700 900123"))
    assert clients.get(DESK, her).phone_is == "unknown"
    clients.set_phone_is(DESK, her, "shared")
    assert clients.get(DESK, her).phone_is == "shared"
    clients.edit(DESK, her, ClientDetails("Alma", phone="07700 900124"), clients.get(DESK, her).version)
    assert clients.get(DESK, her).phone_is == "unknown"
    with pytest.raises(Invalid):
        clients.set_phone_is(DESK, her, "mine")
    with pytest.raises(NotFound):
        clients.set_phone_is(DESK, 999, "hers")
    with pytest.raises(NotAllowed):
        clients.set_phone_is(client_actor(her), her, "hers")


class TestCallingNow:
    def calling(self, client: int) -> safe_contacts.Calling:
        return safe_contacts.calling(safe_contacts.of(DESK, client), clients.get(DESK, client).phone)

    @pytest.mark.parametrize(
        ("record", "why"),
        [
            (None, Silence.NOT_SAFE), ({"safe": "unknown"}, Silence.NOT_SAFE), ({"safe": "no"}, Silence.NOT_SAFE),
            ({"paused": True}, Silence.PAUSED), ({"paused": True, "paused_until": at(10)}, Silence.PAUSED),
            ({"review_on": date(2026, 3, 1)}, Silence.REVIEW_DUE), ({"hours": [[1, 600, 660]]}, Silence.NO_SAFE_TIME),
        ],
    )
    def test_only_a_yes_within_its_hours_and_its_time_is_safe(self, record: Any, why: Silence) -> None:
        her = make.make_client()
        if record is not None:
            make.make_safe_contact(her, channel="call", **record)
        found = self.calling(her)
        assert (found.now, found.why, found.word) == (False, why, None)

    def test_it_says_how_long_and_what_and_whether_a_voicemail_may_be_left(self) -> None:
        her = make.make_client()
        say(her, "call", hours=((0, 540, 600), (2, 600, 660)), may_name=("name",), word="Bluebell")
        found = self.calling(her)
        assert (found.now, found.until, found.may_name, found.word) == (True, at(9, 58), ("name",), "Bluebell")
        assert not found.voicemail
        say(her, "voicemail")
        assert self.calling(her).voicemail
        say(her, "voicemail", hours=((3, 600, 660),))
        assert not self.calling(her).voicemail

    def test_the_next_safe_time_is_told_where_now_is_none(self) -> None:
        her = make.make_client()
        say(her, "call", hours=((2, 600, 660),))
        assert self.calling(her).following == at(10, day=2)

    def test_a_pause_that_has_ended_is_over(self) -> None:
        her = make.make_client()
        make.make_safe_contact(her, channel="call", paused=True, paused_until=at(8))
        assert self.calling(her).now


class TestWhomToAskAgain:
    def test_checks_that_are_due_or_soon_whoever_comes_first_first(self) -> None:
        venue, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
        session = make.make_session(venue, at(9, day=2), at(17, day=2), (worker,), (kind,))
        nothing_ahead, later, sooner, fresh, refused, gone = (make.make_client() for _ in range(6))
        for her, due in ((nothing_ahead, date(2026, 2, 1)), (later, date(2026, 3, 10)), (sooner, date(2026, 3, 16)),
                         (fresh, date(2026, 3, 17)), (gone, date(2026, 2, 1))):  # fmt: skip
            make.make_safe_contact(her, review_on=due)
        make.make_safe_contact(later, channel="call", review_on=date(2026, 3, 9))
        make.make_safe_contact(refused, safe="no", review_on=date(2026, 2, 1))
        clients.set_active(SYSTEM, gone, False)
        for her, hour in ((later, 14), (sooner, 10)):
            booking.book(SYSTEM, Choice(her, kind, session, worker, "in-person", at(hour, day=2), 30))
        found = safe_contacts.ask_again(DESK, 0, 10)
        assert [each.client_id for each in found] == [sooner, later, nothing_ahead]
        assert [each.review_on for each in found] == [date(2026, 3, 16), date(2026, 3, 9), date(2026, 2, 1)]
        assert found[0].following == at(10, day=2)
        assert [each.client_id for each in safe_contacts.ask_again(DESK, 1, 1)] == [later]
        assert safe_contacts.count_to_ask(DESK) == 3

    def test_an_appointment_at_a_confidential_place_is_known_to_its_own_staff_alone(self) -> None:
        refuge, kind, worker = make.make_venue(confidential=True, kind="refuge"), make.make_type(), make.make_staff()
        session = make.make_session(refuge, at(9, day=2), at(17, day=2), (worker,), (kind,))
        her, own = make.make_client(), make.make_staff(role="outreach")
        make.make_stay(her, refuge)
        make.assign(own, refuge)
        make.make_safe_contact(her, review_on=date(2026, 2, 1))
        booking.book(SYSTEM, Choice(her, kind, session, worker, "in-person", at(10, day=2), 30))
        assert safe_contacts.ask_again(DESK, 0, 10)[0].following is None
        assert safe_contacts.ask_again(Actor("staff", own, "outreach"), 0, 10)[0].following == at(10, day=2)

    def test_it_takes_as_many_questions_for_one_as_for_ten(self) -> None:
        def questions() -> int:
            seen: list[str] = []

            def note(*args: Any) -> None:
                seen.append(args[2])

            event.listen(db.engine, "before_cursor_execute", note)
            try:
                safe_contacts.ask_again(DESK, 0, 50)
            finally:
                event.remove(db.engine, "before_cursor_execute", note)
            return len(seen)

        make.make_safe_contact(make.make_client(), review_on=date(2026, 2, 1))
        few = questions()
        for _ in range(9):
            make.make_safe_contact(make.make_client(), review_on=date(2026, 2, 1))
        assert questions() == few <= 2

    def test_nobody_but_staff_is_told(self) -> None:
        with pytest.raises(NotAllowed):
            safe_contacts.ask_again(client_actor(1), 0, 10)
        assert safe_contacts.count_to_ask(client_actor(1)) == 0
        assert checks.run().broken == ()


def test_what_makes_no_sense_is_refused_by_its_field() -> None:
    her = make.make_client()
    for field, details in (
        ("language", SafeContactDetails("yes", language="xx")), ("word", SafeContactDetails("yes", word="x" * 41)),
        ("may_name", SafeContactDetails("yes", may_name=("diagnosis",))),
        ("paused_until", SafeContactDetails("yes", paused=True, paused_until=at(9).replace(tzinfo=None))),
        ("hours", SafeContactDetails("yes", ((0, 600, 600),))),
    ):
        with pytest.raises(Invalid) as refused:
            clients.set_safe_contact(DESK, her, "call", details)
        assert set(refused.value.fields) == {field}
    assert safe_contacts.of(DESK, her) == ()


def test_two_records_made_one_keep_the_longest_pause_and_the_more_cautious_word_on_whose_phone_it_is() -> None:
    from scheduler.services.merged_person import joined_channel, joined_phone_is

    class Row:
        def __init__(self, **values: Any) -> None:
            self.__dict__ |= {"safe": "yes", "hours": None, "may_name": None, "language": "en", "review_on": None,
                              "paused": False, "paused_until": None, "phone": "+447700900123", "phone_is": "hers"}
            self.__dict__ |= values

    ends, later = at(9) + timedelta(days=1), at(9) + timedelta(days=2)
    for mine, theirs, until in (
        (Row(paused=True, paused_until=ends), Row(paused=True, paused_until=later), later),
        (Row(paused=True, paused_until=ends), Row(paused=True), None),
        (Row(), Row(paused=True, paused_until=ends), ends),
    ):
        changed = joined_channel(mine, theirs, True) or {}  # type: ignore[arg-type]
        assert changed.get("paused", mine.paused)
        assert changed.get("paused_until", mine.paused_until if until else None) == until
    for one, other, said in (("hers", "hers", "hers"), ("unknown", "shared", "shared"), ("hers", "shared", "unknown"),
                             ("hers", "unknown", "hers")):  # fmt: skip
        assert joined_phone_is(Row(phone_is=one), Row(phone_is=other)) == said  # type: ignore[arg-type]
    assert joined_phone_is(Row(), Row(phone="+447700900124", phone_is="shared")) == "hers"  # type: ignore[arg-type]
