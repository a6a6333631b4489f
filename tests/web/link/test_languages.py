"""Her pages in her language: what she reads first, what she changes it to, and that no sentence is missing."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask_babel import get_locale

from scheduler import translations
from scheduler.rules.languages import LANGUAGES, Language
from scheduler.services import link_words
from scheduler.services.actors import SYSTEM
from scheduler.translations import OTHERS, compiled, extracted, missing, recorded

from ...support import factories as make
from ...support.her_phone import Phone, make_link
from ...support.her_town import Town, everything

EACH = pytest.mark.parametrize("language", OTHERS, ids=lambda each: each.english)


def lang(phone: Phone) -> str:
    assert phone.page.html is not None
    return str(phone.page.html["lang"]).split("-")[0]


# --- The catalogues ---


@EACH
def test_no_sentence_of_hers_is_missing_in_any_language(language: Language) -> None:
    assert missing(recorded(language)) == [], "make translations lists them; then translate"


@EACH
def test_every_catalogue_is_compiled_as_it_stands_and_holds_nothing_else(language: Language) -> None:
    """By its bytes: a clone's files have no dates to go by."""
    catalogue = recorded(language)
    assert translations.po_file(language).with_suffix(".mo").read_bytes() == compiled(catalogue), "make translations"
    assert {each.id for each in catalogue} - {each.id for each in extracted()} == set()
    assert not [each.id for each in catalogue if each.fuzzy and each.id]


@EACH
def test_what_nobody_has_checked_says_so(language: Language) -> None:
    head = translations.po_file(language).read_text().splitlines()[0]
    assert ("To be checked" in head) == (not language.checked)


@EACH
def test_every_translation_has_the_same_blanks_to_fill_in(language: Language) -> None:
    import re

    blanks = re.compile(r"%\(\w+\)s")
    for each in recorded(language):
        if not each.id:
            continue
        ids = each.id if isinstance(each.id, (list, tuple)) else (each.id,)
        strings = each.string if isinstance(each.string, (list, tuple)) else (each.string,)
        allowed = {blank for one in ids for blank in blanks.findall(one)}
        needed = allowed if len(ids) == 1 else set()  # a form for one or two may say its number in words
        for one in strings:
            assert needed <= set(blanks.findall(one)) <= allowed, each.id


def test_what_services_say_to_her_is_what_they_say() -> None:
    root = Path(translations.__file__).parent.parent
    said = "".join(path.read_text() for part in ("services", "web/link") for path in (root / part).rglob("*.py"))
    assert [sentence for sentence in translations.FROM_SERVICES if sentence not in said] == []


# --- Which language a page is in ---


def test_her_first_page_is_in_the_language_of_her_texts(town: Town, app: Flask) -> None:
    her = make.make_client()
    make.make_safe_contact(her, language="cy")
    phone = Phone(app).open(f"/a/{make_link(her)}")
    assert lang(phone) == "cy"
    assert phone.page.title is not None
    assert phone.page.title.string == "Eich apwyntiad"
    phone.press("Parhau")
    assert lang(phone) == "cy"
    assert "Dewis amser" in phone.words


def test_what_she_speaks_goes_before_what_her_texts_are_in(town: Town, app: Flask) -> None:
    her = make.make_client(preferences={"language": "ur"})
    make.make_safe_contact(her, language="en")
    phone = Phone(app).open(f"/a/{make_link(her)}")
    assert (lang(phone), phone.page.html["dir"]) == ("ur", "rtl")  # type: ignore[index]


def test_a_phone_that_asks_for_a_language_gets_it_where_no_record_says(town: Town, app: Flask) -> None:
    answer = app.test_client().get("/a/" + "x" * 22, headers={"Accept-Language": "cy-GB,cy;q=0.9,en;q=0.5"})
    assert 'lang="cy"' in answer.text
    assert "Mae&#39;r ddolen hon wedi dod i ben" in answer.text or "Mae'r ddolen hon wedi dod i ben" in answer.text


def test_she_changes_the_language_before_the_button_and_it_stays(town: Town, phone: Phone) -> None:
    before = everything()
    phone.open(f"/a/{make_link(town.woman)}")
    before = everything()
    footer = next(each for each in phone.page.select("footer button") if each["value"] == "ur")
    phone.follow(footer)
    assert lang(phone) == "ur"
    assert phone.status == 200
    assert everything() == before, "only its button uses the link"
    assert phone.http.get_cookie("my", path="/my") is None
    button = phone.page.select_one("main form button")
    assert button is not None
    phone.follow(button)
    assert (phone.address, lang(phone)) == ("/my/", "ur")
    assert lang(phone.open("/my/choose")) == "ur"
    assert lang(phone.open("/my/99")) == "ur"
    assert not [address for address in phone.fetched if "ur" in address.split("/")[-1].split("?")]


def test_she_changes_it_on_any_page_and_stays_on_it(town: Town, phone: Phone) -> None:
    town.booked()
    token = make_link(town.woman)
    phone.arrive(token).open("/my/1")
    for code in ("cy", "ar", "en"):
        phone.follow(next(each for each in phone.page.select("footer button") if each["value"] == code))
        assert (phone.address, lang(phone)) == ("/my/1", code)
    phone.follow(next(each for each in phone.page.select("footer button") if each["value"] == "cy"))
    assert lang(Phone(phone.app).open(f"/a/{token}")) == "en", "nothing is kept outside her session"


def test_the_way_back_leads_nowhere_else(town: Town, phone: Phone) -> None:
    phone.arrive(make_link(town.woman))
    token = str(phone.page.select_one("input[name=form]")["value"])  # type: ignore[index]
    elsewhere = ("https://evil.example/", "//evil.example", "/reception/", "/my/1/entry.ics", "/my/../reception", "\\")
    for back in elsewhere:
        answer = phone.http.post("/my/language", data={"form": token, "language": "cy", "back": back})
        assert answer.headers["Location"] == "/my/", back
    answer = phone.http.post("/my/language", data={"form": token, "language": "klingon", "back": "/my/choose"})
    assert answer.headers["Location"] == "/my/choose"
    assert phone.http.post("/my/language", data={"language": "cy"}).status_code == 422


def test_each_language_is_named_in_itself_on_every_kind_of_page(town: Town, phone: Phone) -> None:
    for address in (f"/a/{make_link(town.woman)}", "/a/nothing", "/my/", "/my/99"):
        phone.open(address)
        buttons = {str(each["lang"]): each.text for each in phone.page.select("footer button[name=language]")}
        assert buttons == {each.code: each.own for each in LANGUAGES if each.code != "en"}, address


def test_the_closed_page_can_be_read_in_another_language_too(phone: Phone, context: Any) -> None:
    phone.open("/my/")
    phone.follow(next(each for each in phone.page.select("footer button") if each["value"] == "cy"))
    assert (phone.status, lang(phone)) == (410, "cy")
    phone.open("/a/" + "x" * 22)
    phone.follow(next(each for each in phone.page.select("footer button") if each["value"] == "ur"))
    assert (phone.status, lang(phone)) == (410, "ur")


@EACH
def test_refusals_are_in_her_language_too(town: Town, app: Flask, language: Language) -> None:
    catalogue = recorded(language)
    link_words.set_word(SYSTEM, town.woman, "kettle")
    token = make_link(town.woman)
    answer = app.test_client().post(f"/a/{token}", data={"word": "x" * 5, "language": language.code})
    assert str(catalogue.get("That is not the word. Please try again.").string) in answer.text  # type: ignore[union-attr]
    phone = Phone(app)
    phone._fetch("POST", f"/a/{token}", data={"word": "kettle", "language": language.code})
    assert str(catalogue.get("We could not find that.").string) in phone.open("/my/99").html.replace("&#39;", "'")  # type: ignore[union-attr]


@pytest.mark.parametrize(("path", "locale"), [("/reception/", "en_GB"), ("/sign-in", "en_GB"), ("/my/", "cy")])
def test_staff_pages_are_english_whatever_a_browser_asks_for(app: Flask, path: str, locale: str) -> None:
    with app.test_request_context(path, headers={"Accept-Language": "cy"}):
        assert str(get_locale()) == locale


@EACH
def test_no_translation_tells_what_this_is(language: Language) -> None:
    """Titles above all: they stay in the list of pages."""
    from scheduler.rules.discretion import telling_words

    titles = ("Your appointment", "Booked", "Choose a time", "Thank you", "Cancelled", "Calendar", "Another number")
    for title in titles:
        assert telling_words(str(recorded(language).get(title).string)) == [], title  # type: ignore[union-attr]


@EACH
def test_every_page_weighs_at_most_14_kilobytes_in_her_language(
    town: Town, app: Flask, phone: Phone, language: Language
) -> None:
    for day in (2, 3, 4):
        town.booked(day, 11)
    packed = {"Accept-Encoding": "gzip"}

    def weight(address: str) -> int:
        answer = phone.http.get(address, headers=packed)
        assert answer.status_code == 200
        return len(answer.data) + sum(len(f"{name}: {value}\r\n") for name, value in answer.headers.items())

    shared = sum(weight(f"/static/link/{name}") for name in ("page.css", "page.js", "icon.svg"))
    token = make_link(town.woman)
    phone._fetch("POST", f"/a/{token}", data={"language": language.code})
    pages = ("/my/", "/my/choose", "/my/times", "/my/1", "/my/1/booked", "/my/1/calendar", f"/a/{token}")
    heavy = {address: shared + weight(address) for address in pages}
    assert max(heavy.values()) <= 14 * 1024, heavy
