"""A demonstration's phones: what stands on each, whose it is, what is still to come, and answering from one. Never used
in production, where no text is kept (`web.handset` does not exist there)."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import insert

from scheduler import clock
from scheduler.errors import NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import HandsetText
from scheduler.notifications import replies
from scheduler.rules.matching import phone_key
from scheduler.services import actors, identities
from scheduler.services.actors import Actor
from scheduler.services.sessions import short_name
from scheduler.services.transaction import by_row_locks
from scheduler.store import handset as store
from scheduler.store.handset import WRITTEN, Coming, Shown

#: As much as one page holds.
TEXTS, COMING, PHONES = 200, 60, 12
#: Texts planned for later than this are not announced.
_SOON = timedelta(days=14)


@dataclass(slots=True)
class Phone:
    """One phone: `key` names it without its number, `owner` is a first name and an initial, or several. `texts` are the
    oldest first, and so are those to come."""

    key: str
    number: str
    owner: str
    of_staff: bool
    texts: list[Shown] = field(default_factory=list)
    coming: list[Coming] = field(default_factory=list)


def drawer(actor: Actor) -> list[Phone]:
    """The phones that this actor may look at, the one with the newest text first, then those that get one soon.
    Constant queries. Raises NotAllowed.

    A text to staff says that something waits on a safety desk, so the phone of one of the staff is for its owner and
    for those who see that desk.
    """
    if not actors.can_book_for_anyone(actor):
        raise NotAllowed
    texts, coming = store.texts(TEXTS), store.coming(clock.now() + _SOON, COMING)
    # What is written on a phone does not move it: a trainer answers from several, one after the other.
    came = [each.phone for each in texts if not each.written]
    numbers = list(dict.fromkeys([*came, *(each.phone for each in texts), *(each.phone for each in coming)]))
    whose = _whose(numbers)
    phones = {
        number: phone
        for number in numbers
        if (phone := _phone(number, whose.get(number, []), actor)) is not None
    }
    for text in reversed(texts):
        if text.phone in phones:
            phones[text.phone].texts.append(text)
    for each in coming:
        if each.phone in phones:
            phones[each.phone].coming.append(each)
    return list(phones.values())[:PHONES]


@dataclass(frozen=True, slots=True)
class _Owner:
    kind: str
    id: int
    name: str


def _whose(numbers: Sequence[str]) -> dict[str, list[_Owner]]:
    keys = {next(iter(identities.blind({phone_key(number)}))): number for number in numbers}
    whose: dict[str, list[_Owner]] = {}
    # By the numbers themselves: what an index lacks must not show anyone a text to staff.
    for owner, given, family, number in store.staff_phones():
        whose.setdefault(number, []).append(_Owner("staff", owner, short_name(given, family)))
    for token, owner, given, family in store.clients_with(keys):
        whose.setdefault(keys[token], []).append(_Owner("client", owner, short_name(given, family)))
    return whose


def _phone(number: str, owners: Iterable[_Owner], actor: Actor) -> Phone | None:
    owners = list(owners)
    of_staff = [each.id for each in owners if each.kind == "staff"]
    if of_staff and actor.staff_id not in of_staff and not actors.can_see_exclusions(actor):
        return None
    key = "-".join(f"{each.kind[0]}{each.id}" for each in owners)
    return Phone(key or "nobody", number, ", ".join(each.name for each in owners), bool(of_staff))


def answer(actor: Actor, key: str, body: str) -> bool:
    """Write `body` on the phone of this key: it goes the way of a text that a provider passes on, and stands on the
    phone. True when it stopped someone's texts. Raises NotAllowed, and NotFound for a phone that the actor is not
    shown."""
    phone = next((each for each in drawer(actor) if each.key == key), None)
    if phone is None:
        raise NotFound
    _write(phone.number, body[:replies.LONGEST], clock.now())
    return replies.receive(phone.number, body) > 0


@by_row_locks
def _write(phone: str, body: str, at: datetime) -> None:
    row = {"provider_id": f"{WRITTEN}{secrets.token_hex(16)}", "phone": phone, "body": body, "at": at}
    db.session.execute(insert(HandsetText), row)
