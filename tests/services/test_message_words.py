"""The words of texts as managers change them: whatever is typed, what is sent is one segment, holds her link and tells
nothing (SAFETY.md 8)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from scheduler.errors import Invalid, NotAllowed, NotFound, Stale
from scheduler.extensions import db
from scheduler.models import AuditRecord, LanguageCheck, TextWords
from scheduler.notifications import outbox, sender
from scheduler.notifications.outbox import Wordless
from scheduler.rules.discretion import Names
from scheduler.rules.languages import BY_CODE, LANGUAGES
from scheduler.rules.reminders import Purpose
from scheduler.services import message_words, wording
from scheduler.services.actors import Actor
from scheduler.services.wording import Facts, compose
from tests.support.desk import make_user

from ..notifications.conftest import Scene, Watched, contact
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("clock")

PLAIN = "You are expected: {time}[, {place}]. Look here: {link}"
LINK = "https://app.example.org.uk/a/" + "x" * wording.LONGEST_TOKEN
NOBODY = Names()
SOME_TIME = datetime(2027, 9, 29, 11, 30, tzinfo=UTC)


@pytest.fixture
def manager(context: object) -> Actor:
    return Actor("staff", make_user("manager"), "manager")


@pytest.fixture
def scene(context: object, clock: object) -> Scene:
    return Scene()


@pytest.fixture
def gateway(app: Flask) -> Any:
    app.extensions["sidegate_gateway"] = watched = Watched()
    yield watched
    app.extensions.pop("sidegate_gateway")


def change(actor: Actor, typed: str, language: str = "en", purpose: str = "confirmation", version: int = 0) -> None:
    message_words.change(actor, language, purpose, typed, version)


def facts(names: Names = NOBODY, **changed: Any) -> Facts:
    return Facts(**{"purpose": "confirmation", "language": "en", "names": names, "link": LINK, "start": SOME_TIME,
                    "mode": "in-person", **changed})  # fmt: skip


class TestRefused:
    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("", "Write the words"),
            ("Come {tiem} to {link}", "not known here"),
            ("Come {0.__class__} {time} {link}", "not known here"),
            ("Come {time} {{link}}", "curly bracket"),
            ("Come {time} {link", "curly bracket"),
            ("Come {time}[, {place} {link}", "not closed"),
            ("Come {time}[, [{place}]] {link}", "inside another"),
            ("Come {time}], {link}", "without the ["),
            ("Come to {link}", "Put {time} in"),
            ("Come {time}", "Put {link} in"),
            ("Come {time}[ {link}]", "Take {link} out"),
            ("Come {time} {time} {link}", "Use {time} once"),
            ("Hi {name}. {time} {link}", "Put {name} in a [part]"),
            ("Come {time}:{link}", "space before and after"),
            ("Come {time} {link}. See you", "space before and after"),
            ("Come {time} {link}[{name}]", "space before and after"),
            ("Come {time} {link} or https://x.example", "Take the address out"),
            ("Come {time} {link} or www.x.example", "Take the address out"),
            ("The women's group {time} {link}", "women"),
            ("The wom[xx]en's group {time} {link}", "women"),
            ("The re[ {name}]fuge {time} {link}", "refuge"),
            ("Grupa kobiet {time} {link}", "kobiet"),
            ("Reply STOP to end. {time} {link}", "Do not ask"),
            ("Reply yes. {time} {link}", "Do not ask"),
            ("Come {time} 😀 {link}", "another way: 😀"),
            ("موعدك {time} {link}", "another way"),
            ("Come " + "along " * 20 + "{time} {link}", "of 160 letters"),
            ("[a]" * 9 + "{time} {link}", "Use up to 8"),
            ("x" * 500, "far more"),
        ],
    )
    def test_words_that_could_not_be_sent_are_refused_with_a_sentence(
        self, manager: Actor, typed: str, said: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            change(manager, typed)
        assert said in refused.value.fields["words"]
        assert wording.in_force() == {}

    def test_seventy_letters_are_counted_with_the_address_of_her_link(self, manager: Actor) -> None:
        with pytest.raises(Invalid) as refused:
            change(manager, "آپ کا وقت طے ہو گیا ہے، براہ کرم تشریف لائیں {time} {link}", "ur")
        assert "of 70 letters" in refused.value.fields["words"]

    @pytest.mark.parametrize("role", ["reception", "outreach", "lead", "worker"])
    def test_nobody_but_a_manager_changes_them(self, context: object, role: str) -> None:
        actor = Actor("staff", make_user(role), role)
        for act in (
            lambda: change(actor, PLAIN), lambda: message_words.restore(actor, "en", "confirmation", 0),
            lambda: message_words.record_check(actor, "cy", "Nia", date(2026, 3, 1)),
            lambda: message_words.languages(actor), lambda: message_words.texts_of(actor, "en"),
        ):  # fmt: skip
            with pytest.raises(NotAllowed):
                act()

    @pytest.mark.parametrize(("language", "purpose"), [("xx", "reminder"), ("en", "poem")])
    def test_what_there_is_no_text_for_is_not_found(self, manager: Actor, language: str, purpose: str) -> None:
        with pytest.raises(NotFound):
            change(manager, PLAIN, language, purpose)


class TestChanged:
    def test_the_next_text_says_it_and_a_restored_one_what_is_built_in(self, manager: Actor) -> None:
        change(manager, PLAIN)
        assert compose(facts(), wording.in_force()).text.startswith("You are expected: Wed 29 Sept 12:30pm. Look here:")
        assert compose(facts(), wording.in_force()).edited
        message_words.restore(manager, "en", "confirmation", 1)
        assert compose(facts(), wording.in_force()).text.startswith("You are booked")

    def test_accents_that_plain_texts_lack_are_left_out(self, manager: Actor) -> None:
        change(manager, "“Będziesz” {time}…\n {link}", "pl")
        assert wording.in_force() == {("pl", "confirmation"): '"Bedziesz" {time}... {link}'}

    def test_words_that_someone_else_changed_meanwhile_are_not_overwritten(self, manager: Actor) -> None:
        change(manager, PLAIN)
        with pytest.raises(Stale):
            change(manager, PLAIN, version=0)
        message_words.restore(manager, "en", "confirmation", 1)
        with pytest.raises(Stale):
            change(manager, PLAIN, version=1)

    def test_who_changed_what_is_recorded_without_the_words(self, manager: Actor) -> None:
        change(manager, PLAIN)
        message_words.restore(manager, "en", "confirmation", 1)
        found = db.session.scalars(select(AuditRecord).where(AuditRecord.subject_kind == "text-words")).all()
        assert [(each.action, each.actor_id) for each in found] == [
            ("change", manager.id), ("restore", manager.id)
        ]  # fmt: skip
        assert [each.detail["version"] for each in found if each.detail] == [1, 2]
        assert "expected" not in str([each.detail for each in found])

    def test_a_place_that_would_make_them_tell_is_left_out_and_the_text_still_goes(self, manager: Actor) -> None:
        change(manager, "Expected {time}[ at the re{place}]. {link}")
        told = compose(facts(Names(place="fuge Street")), wording.in_force())
        assert told.text == f"Expected Wed 29 Sept 12:30pm. {LINK}"
        assert told.edited

    def test_words_that_cannot_be_sent_any_more_give_way_to_the_built_in_ones_and_the_page_says_so(
        self, manager: Actor, app: Flask
    ) -> None:
        change(manager, "Expected, and that is as long as it gets: {time}, so have a look when you can. Here: {link}")
        app.config["SIDEGATE_PUBLIC_URL"] = "https://bookings.riverside-and-elsewhere-wellbeing.example.org.uk"
        link = app.config["SIDEGATE_PUBLIC_URL"] + "/a/" + "x" * 16
        told = compose(facts(link=link), wording.in_force())
        assert (told.edited, told.text.startswith("You are booked")) == (False, True)
        assert message_words.text_of(manager, "en", "confirmation").unfit

    @pytest.mark.parametrize(
        "behind",
        ["{", "{name.__class__} {time} {link}", "No link {time}", "Women {time} {link}", "{time} {link} https://x.example",
         "{time} {link}.", "Reply STOP {time} {link}", "{time}\n{link}", "x" * 160 + " {time} {link}"],
    )  # fmt: skip
    def test_words_put_in_the_table_behind_everyones_back_are_asked_the_same(self, manager: Actor, behind: str) -> None:
        db.session.add(TextWords(language="en", purpose="confirmation", words=behind, changed_at=at(9)))
        db.session.commit()
        assert compose(facts(), wording.in_force()).text.startswith("You are booked")


class TestChecked:
    def test_a_reading_holds_until_a_text_of_that_language_changes(self, manager: Actor) -> None:
        message_words.record_check(manager, "cy", "  Nia Rees ", date(2026, 3, 1))
        card = message_words.texts_of(manager, "cy")[0]
        assert (card.checked_by, card.checked_on, card.holds) == ("Nia Rees", date(2026, 3, 1), True)
        change(manager, "Dewch {time} {link}", "cy")
        assert not message_words.texts_of(manager, "cy")[0].holds
        message_words.restore(manager, "cy", "confirmation", 1)
        assert message_words.texts_of(manager, "cy")[0].holds
        assert not message_words.texts_of(manager, "pl")[0].holds

    def test_the_readers_name_is_not_kept_in_the_clear_nor_in_the_log(self, manager: Actor) -> None:
        message_words.record_check(manager, "cy", "Nia Rees", date(2026, 3, 1))
        raw = db.session.connection().exec_driver_sql("SELECT checked_by FROM language_check").scalar()
        assert b"Nia" not in bytes(raw)
        found = db.session.scalars(select(AuditRecord).where(AuditRecord.action == "check")).one()
        assert "Nia" not in str(found.detail)

    @pytest.mark.parametrize(
        ("name", "on", "field"),
        [("", date(2026, 3, 1), "checked_by"), ("Nia", None, "checked_on"), ("Nia", date(2026, 3, 3), "checked_on"),
         ("Nia", date(1899, 1, 1), "checked_on")],
    )  # fmt: skip
    def test_a_reading_by_nobody_or_on_no_day_is_refused(
        self, manager: Actor, name: str, on: date | None, field: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            message_words.record_check(manager, "cy", name, on)
        assert field in refused.value.fields
        assert db.session.scalars(select(LanguageCheck)).all() == []


class TestSending:
    def test_a_change_is_in_the_next_text_and_asked_for_once_a_batch(
        self, scene: Scene, gateway: Watched, manager: Actor
    ) -> None:
        for number in range(3):
            scene.book(scene.woman(), at(10 + number, day=10))
        change(manager, PLAIN)
        asked: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            asked.extend(re.findall(r"FROM text_words", statement))

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            sender.run_once()
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert [text.body.split(":")[0] for text in gateway.sent] == ["You are expected"] * 3
        assert len(asked) == 1

    def test_each_gets_her_own_language(self, scene: Scene, gateway: Watched, app: Flask) -> None:
        app.config["SIDEGATE_PUBLIC_URL"] = "https://app.example.org.uk"
        for number, language in enumerate(LANGUAGES):
            scene.book(scene.woman(language=language.code), at(9 + number, day=10))
        sender.run_once()
        found = {wording.built_in(each.code, "confirmation").split("{time}")[0].split("]")[-1] for each in LANGUAGES}
        assert len(gateway.sent) == len(found) == len(LANGUAGES)
        for start in found:
            assert any(start in text.body for text in gateway.sent), start

    def test_words_that_cannot_be_made_are_not_sent_and_staff_see_it(
        self, scene: Scene, gateway: Watched, app: Flask
    ) -> None:
        booked = scene.book(scene.woman())
        app.config["SIDEGATE_PUBLIC_URL"] = "https://" + "x" * 150
        sender.run_once()
        assert gateway.sent == []
        assert booked is not None
        message = db.session.scalars(select(outbox.Message).where(outbox.Message.purpose == "confirmation")).one()
        assert (message.state, message.outcome) == ("suppressed", "words")


# --- Whatever is typed ------------------------------------------------------------------------------------------------

_BITS = st.sampled_from([
    "{time}", "{link}", "{name}", "{place}", "{organisation}", "[", "]", " ", ". ", "[ {name}]", "[, {place}]", "{",
    "}", "women", "STOP", "Reply ", "refuge", "re", "fuge", "https://", "😀", "ś", "\u202e", "\n", "You are booked",
    "وقت", "{time} {link}", " {link} ", "{0}", "{link.x}", "%(link)s", "$link",
])  # fmt: skip
_SOME = st.lists(_BITS | st.text(max_size=12), max_size=4).map("".join)
#: Most of it near enough to usable words to be sent.
_NEARLY = st.tuples(_SOME, _SOME, _SOME).map(lambda some: f"{some[0]} {{time}} {some[1]} {{link}} {some[2]}")
_TYPED = st.lists(_BITS | st.text(max_size=12), max_size=14).map("".join) | _NEARLY
_ODD_NAMES = ["Alma", "Zoë", "Women", "fuge", "{link}", "[x]", "آلما", "H" * 90, "STOP", "\u202e"]
_NAMES = st.none() | st.sampled_from(_ODD_NAMES) | st.text(max_size=20)

#: An oracle that shares nothing with the rules: what it finds, it finds by looking for it.
_PLAINLY = ("women", "refuge", "drug")
_GSM = set(
    "@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà^{}\\[~]|€"
)


def is_fit(text: str, link: str, wide: bool) -> bool:
    """One segment, in one line, with the link between spaces, and none of the plainest telling words."""
    if set(text) <= _GSM:
        short = len(text) + sum(text.count(each) for each in "^{}\\[~]|€") <= 160
    else:
        short = wide and len(text.encode("utf-16-le")) <= 140
    told = text.replace(link, "").lower()
    return (
        short and f" {link} " in f" {text} " and text.count("://") == 1 and not any(word in told for word in _PLAINLY)
        and "STOP" not in told.upper().split() and "\n" not in text
        and "\u202e" not in text
    )


@given(
    typed=_TYPED, language=st.sampled_from(LANGUAGES), purpose=st.sampled_from(list(Purpose)),
    names=st.builds(Names, _NAMES, _NAMES, _NAMES), mode=st.sampled_from(["in-person", "phone", "video"]),
    hour=st.integers(0, 365 * 24),
)  # fmt: skip
@settings(max_examples=400, deadline=None)
def test_whatever_is_in_the_table_what_is_sent_is_one_segment_with_her_link_and_tells_nothing(
    typed: str, language: Any, purpose: str, names: Names, mode: str, hour: int
) -> None:
    start = datetime(2027, 1, 1, 0, 30, tzinfo=UTC) + timedelta(hours=hour)
    made = Facts(purpose, language.code, names, LINK, start, mode)
    told = compose(made, {(language.code, purpose): typed})
    assert is_fit(told.text, LINK, told.language.wide), told
    assert "{" not in told.text or "{" in "".join(each or "" for each in names)


@given(typed=_TYPED, language=st.sampled_from(["en", "pl", "ur", "bn"]), purpose=st.sampled_from([*Purpose, "staff"]))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_manager_types_is_refused_with_a_sentence_or_sent_as_typed(
    typed: str, language: str, purpose: str, manager: Actor, app: Flask
) -> None:
    app.config["SIDEGATE_PUBLIC_URL"] = "https://app.example.org.uk"
    try:
        message_words.preview(manager, language, purpose, typed)
    except Invalid as refused:
        sentence = refused.fields["words"]
    else:
        sentence = ""
    if sentence:
        assert sentence.endswith(".") or "another way:" in sentence
        return
    words = message_words._read(typed, purpose, BY_CODE[language])
    link = "" if purpose == "staff" else LINK
    told = compose(Facts(purpose, language, Names(), link, SOME_TIME), {(language, purpose): words})
    assert told.edited, "what was accepted is what is sent"


def test_a_text_without_anything_left_to_say_is_not_sent(context: object) -> None:
    with pytest.raises(Wordless):
        wording.fitting(facts(link=""), BY_CODE["en"], ())


def test_nothing_is_sent_after_she_is_paused_whatever_the_words(scene: Scene, gateway: Watched, manager: Actor) -> None:
    change(manager, PLAIN)
    woman = scene.woman()
    scene.book(woman)
    contact(woman, paused=True)
    sender.run_once()
    assert gateway.sent == []

