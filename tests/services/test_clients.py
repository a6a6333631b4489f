"""Clients: found by any part of who they are, kept without loss, and matched in the transaction that records them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from flask.ctx import AppContext
from sqlalchemy import event, select

from scheduler.errors import Invalid, NotAllowed, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import IdentityToken, LinkSession, Match, Message, SafeContact
from scheduler.rules.separation import Person
from scheduler.services import clients
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.clients import ClientDetails, SafeContactDetails
from scheduler.store import separation
from tests.support import factories as make
from tests.support.factories import at

DESK = Actor("staff", None, "reception")
LEAD = Actor("staff", None, "lead")

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture(autouse=True)
def _in(context: AppContext) -> None:
    """Every test here calls services."""


def add(given: str = "Alma", family: str = "Reyes", **values: Any) -> int:
    return clients.add(DESK, ClientDetails(given, family, **values))


def found(text: str) -> list[int]:
    return [card.id for card in clients.find(DESK, text)]


# --- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["Al", "alm", "ALMA", "rey", "reyes al", "Alma Reyes", "alma reyes", "  Reyes ", "Ñandú", "nand", "smi", "jones",
     "smith-jones", "Shadow", "sha"],
)  # fmt: skip
def test_a_client_is_found_by_the_beginning_of_any_word_of_any_name(text: str) -> None:
    wanted = [add("Alma", "Reyes", aliases=("Ñandú Smith-Jones", "Shadow"))]
    add("Brenda", "Holt")
    assert found(text) == wanted


@pytest.mark.parametrize(
    "text", ["5/3/1987", "05.03.1987", "1987-03-05", "5 March 1987", "5 mar 87", "05031987", "alma 5/3/87"]
)
def test_a_client_is_found_by_a_birth_date_in_any_usual_form(text: str) -> None:
    wanted = add(date_of_birth="5 March 1987")
    add(date_of_birth="6 March 1987")
    assert found(text) == [wanted]


@pytest.mark.parametrize("text", ["07700900123", "07700 900 123", "+44 7700 900123", "900123", "al 07700900123"])
def test_a_client_is_found_by_a_phone_in_any_form_or_by_its_end(text: str) -> None:
    wanted = add(phone="07700 900123")
    add(phone="07700 900124")
    assert found(text) == [wanted]


def test_a_client_is_found_by_the_reference_however_it_is_typed() -> None:
    wanted = add()
    reference = clients.get(DESK, wanted).reference
    for text in (reference, reference.lower(), f"{reference[0]} {reference[1:]}", f"{reference[0]}-{reference[1:]}"):
        assert found(text) == [wanted], text


@pytest.mark.parametrize("text", ["Gaz", "Garth", "Garethh Huws", "hughs"])
def test_when_nobody_begins_so_a_short_or_misspelt_form_finds_them(text: str) -> None:
    wanted = add("Gareth", "Hughes")
    assert found(text) == [wanted]


def test_every_word_typed_must_fit() -> None:
    one, _other = add("Alma", "Reyes"), add("Alma", "Holt")
    assert found("alma rey") == [one]
    assert found("alma zzz") == []


def test_a_whole_word_comes_before_a_beginning() -> None:
    longer = add("Lina", "Cole")
    whole = add("Li", "Wu")
    newer = add("Lisa", "Cole")
    assert found("li") == [whole, newer, longer]


def test_a_word_longer_than_its_key_is_checked_to_its_end() -> None:
    wanted = add("Alexandra", "Papadopoulos")
    add("Alexandra", "Papadopoulou")
    assert found("papadopoulos") == [wanted]


@pytest.mark.parametrize(
    "text", ["", "   ", "%", "_", "'; drop table client; --", "\x00", "a" * 5000, "0", "🙂", "99/99/9999"]
)
def test_odd_text_finds_nobody_and_breaks_nothing(text: str) -> None:
    add()
    assert found(text) == []


def test_a_card_gives_no_more_of_a_phone_than_its_last_three_digits() -> None:
    add(phone="07700 900123")
    [card] = clients.find(DESK, "alma")
    assert card.phone_last_three == "123"
    assert "900123" not in repr(card)


def test_staff_and_named_persons_are_not_found_as_clients() -> None:
    from scheduler.services import identities

    @clients.use_case
    def index() -> None:
        identities.index_person("staff", 7, ["Priya Nair"])
        identities.index_person("named", 7, ["Gareth Pike"])

    index()
    assert found("priya") == found("gareth") == []


def test_finding_takes_the_same_few_queries_however_many_there_are(queries: Callable[[], list[str]]) -> None:
    for number in range(3):
        add("Alma", f"Reyes{'abc'[number]}")
    db.session.commit()
    queries()
    clients.find(DESK, "alma reyes")
    few = len(queries())
    for number in range(12):
        add("Alma", f"Reyesq{'abcdefghijkl'[number]}")
    db.session.commit()
    queries()
    assert len(clients.find(DESK, "alma reyes")) == 15
    assert len(queries()) == few <= 4


@pytest.fixture
def queries() -> Any:
    """What was sent to the database since the last call."""
    seen: list[str] = []

    def note(*args: Any) -> None:
        if not args[2].startswith(("BEGIN", "SAVEPOINT")):
            seen.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)

    def since() -> list[str]:
        taken = list(seen)
        seen.clear()
        return taken

    yield since
    event.remove(db.engine, "before_cursor_execute", note)


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_what_is_recorded_comes_back_in_one_form() -> None:
    worker = make.make_staff()
    made = add(
        " Alma  Rosa ", "Reyes", aliases=("Rosie", "", "Rosie"), date_of_birth="5/3/87", phone="07700 900123",
        preferences={"modes": ["phone"], "woman_worker": True, "weekdays": [0, 4], "creche": 2}, notes=" Knock twice. ",
        key_worker_id=worker,
    )  # fmt: skip
    record = clients.get(DESK, made)
    assert (record.given_name, record.aliases, record.date_of_birth) == ("Alma Rosa", ("Rosie",), "1987-03-05")
    assert (record.phone, record.notes, record.key_worker_id) == ("+447700900123", "Knock twice.", worker)
    assert record.preferences == {"modes": ["phone"], "woman_worker": True, "weekdays": [0, 4], "creche": 2}
    assert (record.eligibility, record.request_mode, record.active, record.version) == ("unknown", False, True, 1)


def test_someone_half_registered_can_be_recorded_by_one_name() -> None:
    made = add("Gaz", "")
    assert clients.get(DESK, made).name == "Gaz"


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (ClientDetails("", "Reyes"), "given_name"), (ClientDetails("A" * 81, "Reyes"), "given_name"),
        (ClientDetails("123"), "given_name"), (ClientDetails("Alma", date_of_birth="31/2/1987"), "date_of_birth"),
        (ClientDetails("Alma", date_of_birth="1/1/2200"), "date_of_birth"),
        (ClientDetails("Alma", phone="12"), "phone"),
        (ClientDetails("Alma", aliases=("x" * 90,)), "aliases"), (ClientDetails("Alma", notes="x" * 4001), "notes"),
        (ClientDetails("Alma", preferences={"modes": ["pigeon"]}), "modes"),
        (ClientDetails("Alma", preferences={"wings": True}), "preferences"),
        (ClientDetails("Alma", preferences={"from_minute": 700, "until_minute": 600}), "until_minute"),
        (ClientDetails("Alma", preferences={"weekdays": [7]}), "weekdays"),
        (ClientDetails("Alma", preferences={"creche": True}), "creche"),
        (ClientDetails("Alma", key_worker_id=12345), "key_worker_id"),
    ],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_by_its_field_and_nothing_is_written(
    details: ClientDetails, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        clients.add(DESK, details)
    assert field in refused.value.fields
    assert db.session.execute(select(IdentityToken)).first() is None


def test_an_edit_that_did_not_see_the_last_one_is_refused() -> None:
    made = add()
    clients.edit(DESK, made, ClientDetails("Alba", "Reyes"), 1)
    with pytest.raises(Stale):
        clients.edit(DESK, made, ClientDetails("Olga", "Reyes"), 1)
    assert clients.get(DESK, made).given_name == "Alba"
    assert found("alma") == []
    assert found("alba") == [made]


@pytest.mark.parametrize("actor", [client_actor(1), Actor("token", 1, "partner")])
def test_nobody_but_staff_finds_reads_or_changes_a_client(actor: Actor) -> None:
    made = add()
    for attempt in (
        lambda: clients.find(actor, "alma"),
        lambda: clients.get(actor, made),
        lambda: clients.add(actor, ClientDetails("Eve")),
        lambda: clients.edit(actor, made, ClientDetails("Eve"), 1),
        lambda: clients.set_safe_contact(actor, made, "sms", SafeContactDetails()),
        lambda: clients.set_request_mode(actor, made, True),
        lambda: clients.set_active(actor, made, False),
        lambda: clients.record_stay(actor, made, 1),
    ):
        with pytest.raises(NotAllowed):
            attempt()


def test_an_unknown_client_is_not_found() -> None:
    with pytest.raises(NotFound):
        clients.get(DESK, 999)
    with pytest.raises(NotFound):
        clients.edit(DESK, 999, ClientDetails("Alma"), 1)


# --- safe contact -----------------------------------------------------------------------------------------------------


def waiting_text(client: int) -> int:
    """A text that is planned for the client."""
    row = Message(
        client_id=client, purpose="link", state="planned", send_after=at(10), send_before=at(20), created_at=at(9)
    )
    db.session.add(row)
    db.session.commit()
    return row.id


def state_of(message: int) -> str:
    db.session.expire_all()
    row = db.session.get(Message, message)
    assert row is not None
    return row.state


def test_a_changed_number_withdraws_what_is_queued_and_is_safe_for_nothing_yet() -> None:
    made = add(phone="07700 900123")
    clients.set_safe_contact(DESK, made, "sms", SafeContactDetails("yes", review_on=date(2027, 1, 1)))
    text = waiting_text(made)
    clients.edit(DESK, made, ClientDetails("Alma", "Reyes", phone="07700900123"), 1)
    assert state_of(text) == "planned"
    clients.edit(DESK, made, ClientDetails("Alma", "Reyes", phone="07700 900124"), 2)
    assert state_of(text) == "cancelled"
    assert [each.details.safe for each in clients.get(DESK, made).safe_contacts] == ["unknown"]


@pytest.mark.parametrize(
    "details", [SafeContactDetails("no"), SafeContactDetails("yes", paused=True), SafeContactDetails()]
)
def test_texts_that_are_no_longer_safe_are_withdrawn(details: SafeContactDetails) -> None:
    made = add(phone="07700 900123")
    text = waiting_text(made)
    clients.set_safe_contact(DESK, made, "sms", details)
    assert state_of(text) == "cancelled"
    assert db.session.execute(select(LinkSession).where(LinkSession.ended_at.is_(None))).first() is None


def test_a_safe_channel_is_kept_as_it_was_told() -> None:
    made = add(phone="07700 900123")
    details = SafeContactDetails("yes", ((0, 540, 600),), ("name",), "pl", date(2026, 9, 1))
    clients.set_safe_contact(DESK, made, "sms", details)
    [channel] = clients.get(DESK, made).safe_contacts
    assert (channel.channel, channel.details) == ("sms", details)
    assert channel.checked_at == at(9)


@pytest.mark.parametrize(
    ("channel", "details", "field"),
    [
        ("pigeon", SafeContactDetails(), "channel"), ("sms", SafeContactDetails("perhaps"), "safe"),
        ("sms", SafeContactDetails("yes", ((7, 0, 10),)), "hours"),
        ("sms", SafeContactDetails("yes", ((0, 600, 540),)), "hours"),
        ("sms", SafeContactDetails("yes", may_name=("diagnosis",)), "may_name"),
        ("sms", SafeContactDetails("yes", language="!"), "language"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_be_kept_is_refused(channel: str, details: SafeContactDetails, field: str) -> None:
    made = add()
    with pytest.raises(Invalid) as refused:
        clients.set_safe_contact(DESK, made, channel, details)
    assert field in refused.value.fields
    assert db.session.execute(select(SafeContact)).first() is None


# --- eligibility and stays --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["reception", "outreach", "worker"])
def test_only_leads_and_managers_decide_who_may_attend_what_is_for_women(role: str) -> None:
    made = add()
    with pytest.raises(NotAllowed):
        clients.decide_eligibility(Actor("staff", None, role), made, "eligible", "2026-1")
    clients.decide_eligibility(LEAD, made, "eligible", "2026-1")
    record = clients.get(DESK, made)
    decided = (record.eligibility, record.eligibility_policy, record.eligibility_decided_at)
    assert decided == ("eligible", "2026-1", at(9))


def test_a_stay_is_recorded_and_seen_only_by_those_assigned_to_the_place() -> None:
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House", label="Where you are staying")
    worker, stranger = make.make_staff(role="outreach"), make.make_staff(role="outreach")
    make.assign(worker, refuge)
    made = add()
    with pytest.raises(NotFound):
        clients.record_stay(Actor("staff", stranger, "outreach"), made, refuge)
    stay = clients.record_stay(Actor("staff", worker, "outreach"), made, refuge)
    assert [each.place for each in clients.get(Actor("staff", worker, "outreach"), made).stays] == ["Rowan House"]
    assert clients.get(Actor("staff", stranger, "outreach"), made).stays == ()
    with pytest.raises(NotFound):
        clients.end_stay(Actor("staff", stranger, "outreach"), stay)
    clients.end_stay(Actor("staff", worker, "outreach"), stay, at(9) + timedelta(days=1))
    [seen] = clients.get(SYSTEM, made).stays
    assert seen.until == at(9, day=1)


def test_a_stay_at_an_ordinary_place_is_refused() -> None:
    made, hub = add(), make.make_venue()
    with pytest.raises(Invalid):
        clients.record_stay(SYSTEM, made, hub)


# --- matching ---------------------------------------------------------------------------------------------------------


def recorded_as_named(names: list[str], **values: Any) -> int:
    """An exclusion that names someone known by words only. Gives the protected client."""
    from scheduler.services import exclusions
    from scheduler.services.exclusions import ExclusionDetails

    protected = add("Protected", "Person")
    exclusions.record(SYSTEM, ExclusionDetails(protected, names=tuple(names), **values))
    return protected


def test_a_man_known_by_name_only_is_kept_apart_from_the_moment_he_becomes_a_client() -> None:
    protected = recorded_as_named(["Gareth Pike"], date_of_birth="1985")
    he = add("Gaz", "Pike", date_of_birth="5/3/1985")
    [match] = db.session.execute(select(Match)).scalars()
    assert (match.person_kind, match.person_id, match.state) == ("client", he, "possible")
    assert [apart.other.id for apart in separation.aparts(Person("client", protected))] == [he]
    assert separation.is_named(he)


def test_when_the_client_cannot_be_recorded_neither_is_the_match() -> None:
    recorded_as_named(["Gareth Pike"])
    with pytest.raises(Invalid):
        add("Gareth", "Pike", phone="12")
    assert db.session.execute(select(Match)).first() is None


def test_a_new_alias_is_matched_at_once() -> None:
    recorded_as_named(["Spider Pike"])
    he = add("Marvin", "Pike")
    assert not separation.is_named(he)
    clients.edit(DESK, he, ClientDetails("Marvin", "Pike", aliases=("Spider",)), 1)
    assert separation.is_named(he)


def test_nobody_is_kept_from_herself() -> None:
    from scheduler.services import exclusions
    from scheduler.services.exclusions import ExclusionDetails

    she = add("Alma", "Reyes", phone="07700 900123")
    exclusions.record(SYSTEM, ExclusionDetails(she, names=("Alma Reyes",), phone="07700 900123"))
    clients.edit(DESK, she, ClientDetails("Alma", "Reyes", ("Rosie",), phone="07700 900123"), 1)
    assert db.session.execute(select(Match)).first() is None


def test_staff_who_come_later_are_matched_too() -> None:
    recorded_as_named(["Gareth Pike"])
    from scheduler.services import identities

    worker = make.make_staff(given_name="Gary", family_name="Pike")

    @clients.use_case
    def match() -> None:
        identities.index_person("staff", worker, ["Gary Pike"])
        identities.match_person("staff", worker, ["Gary Pike"])

    match()
    assert [(m.person_kind, m.person_id) for m in db.session.execute(select(Match)).scalars()] == [("staff", worker)]


def test_a_common_single_name_matches_nobody_and_asks_for_more() -> None:
    from scheduler.models import NamedPerson
    from scheduler.rules.matching import MOST_LONE

    for number in range(MOST_LONE):
        add("Gareth", f"Surname{chr(97 + number) * 3}")
    recorded_as_named(["Gaz"])
    assert len(db.session.execute(select(Match)).all()) == MOST_LONE
    late = add("Gareth", "Zimmer")
    assert not separation.is_named(late)
    recorded_as_named(["Gaz"])
    people = db.session.execute(select(NamedPerson)).scalars().all()
    assert [person.too_little for person in people] == [True, True]
    assert len(db.session.execute(select(Match)).all()) == MOST_LONE


def test_a_new_name_that_matches_opens_the_cases_of_what_is_booked_already() -> None:
    from scheduler.models import SafetyCase
    from scheduler.services import booking
    from scheduler.services.booking import Choice

    venue, kind = make.make_venue(), make.make_type()
    make.open_all_day(venue)
    protected, he = recorded_as_named(["Gareth Pike"]), add("Marvin", "Stone")
    clients.decide_eligibility(LEAD, protected, "eligible", "2026-1")
    for client in (protected, he):
        worker = make.make_staff()
        session = make.make_session(venue, at(10, day=1), at(12, day=1), (worker,), (kind,))
        booking.book(DESK, Choice(client, kind, session, worker, "in-person", at(10, day=1)))
    assert db.session.execute(select(SafetyCase)).first() is None
    clients.edit(DESK, he, ClientDetails("Marvin", "Stone", aliases=("Gareth Pike",)), 1)
    assert db.session.execute(select(SafetyCase.rule)).scalar_one() == "gap"
