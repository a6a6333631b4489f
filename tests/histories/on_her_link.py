"""What a woman, whoever holds her phone, and the desk do about waiting, links, words and safe texts, in the town.

As in `town`: each operation calls the services as a page would, and holds what it did against SAFETY.md.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import func, select

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.errors import Invalid, LinkExpired, SlotUnavailable
from scheduler.extensions import db
from scheduler.models import Ask, Client, FeltSafe, Link, LinkWord, Message, SafeContact
from scheduler.services import afterwards, asks, booking, clients, link_words, links, new_links, waiting_list
from scheduler.services.actors import client_actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.links import LinkVisit
from scheduler.services.transaction import use_case
from scheduler.services.waiting_list import Wish

from . import oracle
from .picks import Pick
from .town import LONDON, LOOK, MINUTE, PHONES, Town, operation, some

WEEK, DAY = timedelta(days=7), timedelta(days=1)
WORDS = ("blue kettle", "tea pot")


def _rows(query: Any) -> list[Any]:
    found = list(db.session.execute(query).all())
    db.session.rollback()
    return found


def _texts(client: int) -> list[Any]:
    table = Message.__table__
    return _rows(select(table).where(table.c.client_id == client).order_by(table.c.id))


def _queued(client: int) -> list[int]:
    return [row.id for row in _texts(client) if row.state == "planned"]


# --- Waiting ----------------------------------------------------------------------------------------------------------


@operation(often=2)
def wait_for_a_time(town: Town, pick: Pick) -> str:
    facts = town.facts()
    number = town.client(pick, facts)
    places = pick.one(((), tuple(facts.venues)[:1], (town.refuge,)))
    wish = Wish(
        pick.one(((), ("in-person",), ("video", "phone"))), places, pick.one(((), (town.day.weekday(),))),
        woman_worker=pick.one((False, True)), women_only=pick.one((False, True)), creche=pick.one((0, 1)),
        kinds=pick.one(((), ("one-to-one",), ("drop-in",), ("group",))), language=pick.one(("", "Polish")),
    )  # fmt: skip
    actor = pick.one((*town.desks, client_actor(number)))
    until = clock.now().astimezone(LONDON).date() + pick.one((28, 1, 0)) * DAY
    made = waiting_list.join(actor, number, pick.one(town.kinds), wish, until)
    here = [each.id for each in waiting_list.listed(town.desks[0]) if each.client_id == number]
    assert here in ([made], []), f"client {number} waits {here}, and {made} was made"
    return f"client {number} waits as {made}: {wish}"


def _waiting(town: Town, pick: Pick) -> waiting_list.Entry:
    return pick.one(some(waiting_list.listed(town.desks[0])))


@operation(places=True, often=3)
def book_what_fits_who_waits(town: Town, pick: Pick) -> str:
    """What the list shows to this reader can be had, by this reader, and is somewhere this reader may know of."""
    entry, actor = _waiting(town, pick), town.whoever_books(pick)
    offer = pick.one(some(waiting_list.fitting(actor, entry)))
    choice = Choice.from_offer(entry.client_id, entry.type_id, offer, entry.wish.creche)
    try:
        booked = booking.book(actor, choice)
    except SlotUnavailable:
        raise AssertionError(f"{offer} fits who waits as {entry.id} and could not be booked by {actor}") from None
    return f"appointment {booked.id} for who waited as {entry.id}: {offer}"


@operation(often=2)
def offer_a_link_to_who_waits(town: Town, pick: Pick) -> str:
    """One text, however many at the desk press at once; nobody has a place or a time by it."""
    entry = _waiting(town, pick)
    before, there = len(_texts(entry.client_id)), town.facts().appointments
    for _ in range(pick.one((1, 2))):
        waiting_list.offer(town.whoever_books(pick), entry.id)
    assert len(_texts(entry.client_id)) <= before + 1, f"two texts were planned for who waits as {entry.id}"
    assert oracle.read().appointments == there, "an offer of a link changed an appointment"
    return f"a link offered to who waits as {entry.id}, client {entry.client_id}"


@operation()
def wait_no_more(town: Town, pick: Pick) -> str:
    entry = _waiting(town, pick)
    if pick.one((True, False)):
        waiting_list.leave(client_actor(entry.client_id), entry.client_id)
    else:
        waiting_list.settle(town.whoever_books(pick), entry.id)
    assert entry.id not in [each.id for each in waiting_list.listed(town.desks[0])]
    return f"client {entry.client_id} waits no more"


# --- Her link ---------------------------------------------------------------------------------------------------------


@operation(often=2)
def give_a_link(town: Town, pick: Pick) -> str:
    """A link that left by text, or that staff showed her. It opens nothing for a record that is closed."""
    number = town.client(pick, town.facts())
    texts = [row.id for row in _texts(number) if row.purpose == "link"]
    by_text = texts[-1] if texts and pick.one((True, False)) else None
    token = use_case(links.make_link)(number, by_text)
    town.tokens[token] = number
    return f"link {len(town.tokens)} of client {number}, by text {by_text}"


def _link(token: str) -> Any:
    (row,) = _rows(select(Link.__table__).where(Link.token_hash == token_hash(token)))
    return row


def _agreed(number: int) -> list[str]:
    """The words agreed with this client, under whichever of her records."""
    same = select(LinkWord.word_hash).join(Client, Client.id == LinkWord.client_id)
    hashes = [row.word_hash for row in _rows(same.where((Client.id == number) | (Client.merged_into == number)))]
    return [word for word in WORDS if any(_is_it(each, word) for each in hashes)]


def _is_it(hashed: str, word: str) -> bool:
    try:
        return PasswordHasher().verify(hashed, word)
    except VerifyMismatchError:
        return False


def _paused(number: int) -> bool:
    table = SafeContact.__table__
    now = clock.now()
    return any(
        row.paused and (row.paused_until is None or row.paused_until > now)
        for row in _rows(select(table).where(table.c.client_id == number, table.c.channel == "sms"))
    )


def _visit(town: Town, pick: Pick) -> tuple[LinkVisit, str]:
    """Somebody opens a link, with a word that may be the right one. Only what may be opened is."""
    token = pick.one(some(town.tokens))
    number, word = town.tokens[token], pick.one((*WORDS, ""))
    row, agreed = _link(token), _agreed(number)
    cookie = links.open_session(token, word)
    facts, now = oracle.read(), clock.now()
    what = f"the link of client {number}"
    assert row.ended_at is None, f"{what} was ended and opened"
    assert row.created_at + WEEK > now, f"{what} was over and opened"
    assert facts.clients[number].active, f"{what} opened, and the record is closed"
    assert row.message_id is None or not _paused(number), f"{what} left by text, and opened while texts are paused"
    assert not agreed or word in agreed, f"{what} opened with a wrong word"
    assert not agreed or row.wrong_words < link_words.TRIES, f"{what} opened after five wrong words"
    return links.current(cookie), cookie


@operation(often=2)
def open_a_link(town: Town, pick: Pick) -> str:
    visit, _cookie = _visit(town, pick)
    return f"client {visit.client_id} opened a link"


@operation(places=True, often=6)
def book_on_her_link(town: Town, pick: Pick) -> str:
    """Of what her own link offers, a drop-in if there is one, with someone who speaks her language if she likes."""
    visit, _cookie = _visit(town, pick)
    number, kind, facts = visit.client_id, pick.one(town.kinds), town.facts()
    wanted = Wanted(number, kind, facts.now, facts.now + LOOK)
    offers = booking.offers(visit.actor, wanted)
    if number in oracle.named_clients(facts) or facts.clients[number].request_mode:
        assert not offers, f"client {number} asks for times, and was offered {len(offers)}"
    whole = [each for each in offers if each.staff is None and facts.sessions[each.session].kind == "drop-in"]
    offer = pick.one(some(whole if whole and pick.one((True, True, False)) else offers))
    choice = replace(Choice.from_offer(number, kind, offer), interpreter=pick.one((None, "Polish")))
    mine = [row for row in facts.appointments if row.client_id == number and row.state == "booked"]
    try:
        if mine and pick.one((False, True)):
            made = booking.move(visit.actor, pick.one(mine).id, choice)
        else:
            made = booking.book(visit.actor, choice)
    except SlotUnavailable:
        raise AssertionError(f"{offer} was on the link of client {number} and could not be had") from None
    row = next(each for each in oracle.read().appointments if each.id == made.id)
    assert row.interpreter == choice.interpreter, f"appointment {made.id} has interpreter {row.interpreter}"
    return f"appointment {made.id} on her link: client {number}, {offer}"


@operation(often=2)
def send_me_a_new_link(town: Town, pick: Pick) -> str:
    """At most two texts in a day, and none from a link that was ended, or that somebody guesses at."""
    token = pick.one(some(town.tokens))
    number, row, now = town.tokens[token], _link(token), clock.now()
    before, rest = _texts(number), town.facts()
    for _ in range(pick.one((1, 3))):
        new_links.ask(token)
    new = _texts(number)[len(before) :]
    over = row.ended_at is None and row.expires_at <= now
    guessed = _rows(select(Ask.id).where(Ask.client_id == number, Ask.kind == "word", Ask.seen_at.is_(None)))
    lately = [each for each in (*before, *new) if each.purpose == "link" and each.created_at > now - DAY]
    assert not new or (over and not guessed and rest.clients[number].active), f"client {number} was sent {len(new)}"
    assert not new or len(lately) <= new_links.MOST_A_DAY, f"client {number} was sent {len(lately)} links in a day"
    assert {each.purpose for each in new} <= {"link"}
    return f"a new link asked for, for client {number}: {len(new)} texts"


@operation()
def guess_a_word(town: Town, pick: Pick) -> str:
    """Five wrong words close the link, with the right one too, and staff see it."""
    token = pick.one(some([each for each, number in town.tokens.items() if _agreed(number)]))
    number = town.tokens[token]
    for _ in range(link_words.TRIES + 1):
        try:
            links.open_session(token, "a guess")
            raise AssertionError(f"a wrong word opened the link of client {number}")
        except LinkExpired:
            break
        except Invalid:
            continue
    for word in WORDS:
        try:
            links.open_session(token, word)
            raise AssertionError(f"the link of client {number} opened after five wrong words")
        except LinkExpired:
            db.session.rollback()
    return f"somebody guessed at the word of client {number}"


@operation(often=2)
def agree_a_word(town: Town, pick: Pick) -> str:
    number, word = town.client(pick, town.facts()), pick.one((*WORDS, ""))
    link_words.set_word(town.whoever_books(pick), number, word)
    return f"client {number} agreed {word!r}"


@operation()
def see_to_what_was_asked(town: Town, pick: Pick) -> str:
    row = pick.one(some(asks.waiting(town.desks[0])))
    asks.done(town.whoever_books(pick), row.id)
    return f"ask {row.id} ({row.kind}) of client {row.client_id} seen to"


# --- What is safe -----------------------------------------------------------------------------------------------------


@operation(often=2)
def stop_texts_on_her_link(town: Town, pick: Pick) -> str:
    """Nothing that is queued goes out, and every link ends, this visit too (SAFETY.md 8)."""
    visit, cookie = _visit(town, pick)
    number = visit.client_id
    what = pick.one(("pause", "number"))
    if what == "pause":
        links.pause_texts(visit)
    else:
        asks.another_number(number, pick.one(PHONES[1:]))
    assert not _queued(number), f"texts to client {number} are queued after she stopped them"
    for each in [token for token, whose in town.tokens.items() if whose == number]:
        assert not links.is_live(each), f"a link of client {number} lives on after she stopped texts"
    try:
        links.current(cookie)
        raise AssertionError(f"the visit of client {number} goes on after she stopped texts")
    except LinkExpired:
        db.session.rollback()
    return f"client {number} stopped texts: {what}"


@operation(often=2)
def pause_texts_for_a_while(town: Town, pick: Pick) -> str:
    """A pause with an end; planning anew when it is lifted says nothing twice."""
    facts = town.facts()
    number, until = town.client(pick, facts), clock.now() + pick.one((60, 15, 1440)) * MINUTE
    safe = clients.SafeContactDetails("yes", review_on=town.day + 30 * DAY)
    paused = replace(safe, paused=True, paused_until=until)
    clients.set_safe_contact(town.whoever_books(pick), number, "sms", paused)
    early = [row.id for row in _texts(number) if row.state == "planned" and row.send_after < until]
    assert not early, f"texts {early} to client {number} are queued in a pause"
    for token in [each for each, whose in town.tokens.items() if whose == number]:
        assert not links.is_live(token), f"a link of client {number} lives on in a pause"
    if pick.one((True, False)):
        clients.set_safe_contact(town.whoever_books(pick), number, "sms", safe)
        _said_once(number)
    return f"texts to client {number} paused until {until}"


def _said_once(number: int) -> None:
    """Of one state of an appointment nothing is queued twice, and nothing that left is queued again."""
    seen: dict[Any, str] = {}
    for row in _texts(number):
        if row.appointment_id is None or row.state in ("cancelled", "suppressed", "failed"):
            continue
        about = (row.appointment_id, row.appointment_version, row.purpose, row.on_day)
        assert about not in seen, f"text {row.id} says again what one that is {seen[about]} says: {about}"
        seen[about] = row.state


# --- Afterwards -------------------------------------------------------------------------------------------------------


@operation()
def say_whether_she_felt_safe(town: Town, pick: Pick) -> str:
    """Once for each appointment that she came to, and never of another woman's."""
    row = town.appointment(pick, town.facts(), "fulfilled")
    visit = LinkVisit(0, 0, row.client_id, None, None, {}, {}, None, False, clock.now(), clock.now())

    def answers() -> int:
        return _rows(select(func.sum(FeltSafe.yes + FeltSafe.not_really + FeltSafe.rather_not)))[0][0] or 0

    before = answers()
    said = [afterwards.answer(visit, row.own_number, pick.one(afterwards.ANSWERS)) for _ in range(2)]
    assert said[1] is False, f"appointment {row.id} was answered about twice"
    assert answers() == before + int(said[0])
    return f"client {row.client_id} said of appointment {row.id}: {said}"


@operation()
def say_why_she_cancelled(town: Town, pick: Pick) -> str:
    row = town.appointment(pick, town.facts(), "booked", "cancelled")
    if row.state == "booked":
        booking.cancel(client_actor(row.client_id), row.id, "client-asked")
    texts = _texts(row.client_id)
    booking.say_why(client_actor(row.client_id), row.own_number, pick.one(booking.HER_REASONS))
    assert _texts(row.client_id) == texts, "saying why sent a text"
    return f"client {row.client_id} said why {row.id} was cancelled"
