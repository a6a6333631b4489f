"""The word that a client agreed with staff, without which her link shows nothing: for when someone else reads texts.

The threat: he has the text and the phone. So a word is stored as a slow hash, a try is counted before it is weighed,
and after five wrong ones that link is closed for good and staff see why.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, insert, update

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.errors import Invalid, LinkExpired, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Link, LinkWord
from scheduler.services import actors, asks, audit
from scheduler.services.actors import Actor, client_actor
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store import links as store

#: Wrong words that one link takes.
TRIES = 5
LEAST, MOST = 3, 40

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
_L, _W = Link.__table__, LinkWord.__table__


def _plain(word: str) -> str:
    """As it is compared: small letters, single spaces, so that a phone's own capital does not shut her out."""
    return " ".join(unicodedata.normalize("NFKC", word).casefold().split())


def is_agreed(client_id: int) -> bool:
    """Has this client agreed a word?"""
    return bool(store.word_hashes(client_id))


def set_word(actor: Actor, client_id: int, word: str) -> None:
    """Agree a word with her, or an empty one to do without. Links that are out ask for it, or no longer, at once.

    Raises NotAllowed, NotFound, and Invalid for one that is too short or too long.
    """
    plain = _plain(word)
    if plain and not LEAST <= len(plain) <= MOST:
        raise Invalid(word=f"Use {LEAST} to {MOST} letters.")
    _set_word(actor, client_id, _hasher.hash(plain) if plain else None)


@use_case
def _set_word(actor: Actor, client_id: int, hashed: str | None) -> None:
    if not actors.can_edit_clients(actor):
        raise NotAllowed
    if diary.client(client_id) is None:
        raise NotFound
    db.session.execute(delete(_W).where(_W.c.client_id.in_(store.records_of(client_id))))
    if hashed is not None:
        made = {"client_id": client_id, "word_hash": hashed, "set_by": actor.staff_id, "set_at": clock.now()}
        db.session.execute(insert(_W), made)
    audit.record(actor, "link-word", "client", client_id, set=hashed is not None)


def weigh(token: str, client_id: int, word: str) -> None:
    """Go on only with the agreed word, where one is. Raises Invalid for a wrong one, and LinkExpired when that was the
    last try."""
    hashes = store.word_hashes(client_id)
    if not hashes:
        return
    if not _plain(word):
        raise Invalid(word="Type the word that you agreed with us.")
    digest = token_hash(token)
    _take_a_try(digest)
    if any(_is_it(hashed, word) for hashed in hashes):
        _forget_tries(digest)
    else:
        _close_after_the_last(digest, client_id)
        raise Invalid(word="That is not the word. Please try again.")


def _is_it(hashed: str, word: str) -> bool:
    try:
        return _hasher.verify(hashed, _plain(word))
    except (VerificationError, InvalidHashError):
        return False


@use_case
def _take_a_try(digest: bytes) -> None:
    """Counted before the word is weighed, so that a hundred guesses at the same instant are five as well."""
    taken = db.session.execute(
        update(_L)
        .where(_L.c.token_hash == digest, _L.c.wrong_words < TRIES, _L.c.ended_at.is_(None))
        .values(wrong_words=_L.c.wrong_words + 1)
        .returning(_L.c.id)
    ).first()
    if taken is None:
        raise LinkExpired


@use_case
def _forget_tries(digest: bytes) -> None:
    db.session.execute(update(_L).where(_L.c.token_hash == digest).values(wrong_words=0))


def _close_after_the_last(digest: bytes, client_id: int) -> None:
    if _closed(digest, client_id):
        raise LinkExpired


@use_case
def _closed(digest: bytes, client_id: int) -> bool:
    now = clock.now()
    row = db.session.execute(
        update(_L)
        .where(_L.c.token_hash == digest, _L.c.wrong_words >= TRIES, _L.c.ended_at.is_(None))
        .values(ended_at=now)
        .returning(_L.c.id)
    ).first()
    if row is None:
        return False
    asks.put(client_id, "word", now)
    audit.record(client_actor(client_id), "link-closed", "link", row.id, why="wrong words")
    return True
