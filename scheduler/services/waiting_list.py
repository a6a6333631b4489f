"""Waiting for a time that suits: what she would have, who has waited longest, and the link that offers her to choose.

Being on the list rests on her own words alone; the times that fit are asked of the same offers as every booking, by
staff, and nothing is booked or held by being on it. The same for everyone, in request mode too (SAFETY.md 4.2).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, insert, or_, update

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Waiting
from scheduler.notifications.safety import service_zone
from scheduler.rules import reminders
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.reminders import Contact
from scheduler.rules.slots import Offer
from scheduler.services import audit, booking, links
from scheduler.services.actors import Actor, can_book_for_anyone
from scheduler.services.asking import may_act_for
from scheduler.services.booking import ALL_MODES, Wanted
from scheduler.services.personal import today
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store import waiting_list as store

_W = Waiting.__table__

#: How far ahead anyone can wait; one page of the list; how many times that fit are shown; how long what is over stays.
LONGEST, MOST, FEW, KEPT = timedelta(days=92), 200, 5, timedelta(days=30)
#: How many offers are looked at for the few.
_LOOK_AT = 100
#: Offers to the same woman that come this close together are one.
_ONE_PRESS = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Wish:
    """What she would have, as a search says it. Empty means any; minutes are after local midnight. `language` is the
    one that she would be spoken with."""

    modes: tuple[str, ...] = ()
    places: tuple[int, ...] = ()
    weekdays: tuple[int, ...] = ()
    from_minute: int | None = None
    until_minute: int | None = None
    staff: tuple[int, ...] = ()
    woman_worker: bool = False
    women_only: bool = False
    creche: int = 0
    kinds: tuple[str, ...] = ()
    language: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Someone who waits. Times in UTC. `may_text` says whether a text with a link could go out at all."""

    id: int
    client_id: int
    type_id: int
    wish: Wish
    until: date
    made_at: datetime
    offered_at: datetime | None
    given_name: str
    family_name: str
    kind: str
    may_text: bool


# --- hers -------------------------------------------------------------------------------------------------------------


@use_case
def join(actor: Actor, client_id: int, type_id: int, wish: Wish, until: date) -> int:
    """Put her on the list until that day, and give the row's id. Whoever is on it for this type already keeps her place
    with the new wishes; what she waited for before is withdrawn. Raises NotAllowed, NotFound, Invalid."""
    may_act_for(actor, client_id)
    both = diary.client_and_type(client_id, type_id)
    if both is None:
        raise NotFound
    person, kind = both
    if not person.active or not kind.active or (actor.kind == "client" and not kind.self_service):
        raise NotFound
    _check(wish, until)
    now = clock.now()
    open_ = store.open_rows(client_id)
    since = min((row.made_at for row in open_ if row.type_id == type_id), default=now)
    waits = store.of_client(client_id, today())
    if waits is None or waits.type_id != type_id:
        since = now  # what lapsed or was served is no place in the queue
    for row in open_:
        _close(row.id, "withdrawn", None)
    values = {
        "client_id": client_id, "type_id": type_id, "wishes": asdict(wish), "until": until, "state": "open",
        "made_at": since,
    }
    made = int(db.session.execute(insert(_W).values(**values).returning(_W.c.id)).scalar_one())
    audit.record(actor, "wait", "waiting", made)
    return made


def _check(wish: Wish, until: date) -> None:
    wrong: dict[str, str] = {}
    if not today() <= until <= today() + LONGEST:
        wrong["until"] = "Choose a day in the next three months."
    if not set(wish.modes) <= set(Mode):
        wrong["modes"] = "Choose from in person, phone, video and chat."
    if not set(wish.kinds) <= set(Kind):
        wrong["kinds"] = "Choose from one-to-one, group and drop-in."
    if not set(wish.weekdays) <= set(range(7)):
        wrong["weekdays"] = "Choose from the days of the week."
    if len(wish.places) > 100 or len(wish.staff) > 100 or len(wish.language) > 40:
        wrong["wishes"] = "Choose fewer."
    if wrong:
        raise Invalid(**wrong)


@use_case
def leave(actor: Actor, client_id: int) -> None:
    """She waits no more. Twice is once."""
    may_act_for(actor, client_id)
    for row in store.open_rows(client_id):
        _close(row.id, "withdrawn", None)
        audit.record(actor, "wait-no-more", "waiting", row.id)


def waits(client_id: int) -> Any:
    """What she waits for now: the type's name and the last day; None when she does not. One query."""
    return store.of_client(client_id, today())


# --- staff's ----------------------------------------------------------------------------------------------------------


def listed(actor: Actor) -> list[Entry]:
    """Those who wait, whoever has waited longest first. Raises NotAllowed. One query."""
    _may(actor)
    return [_entry(row) for row in store.waiting(today(), MOST)]


def count(actor: Actor) -> int:
    """How many wait. Raises NotAllowed. One query."""
    _may(actor)
    return store.count(today())


def get(actor: Actor, waiting_id: int) -> Entry:
    """One of those who wait. Raises NotAllowed, and NotFound for whoever does not any more."""
    _may(actor)
    row = store.one(waiting_id, today())
    if row is None:
        raise NotFound
    return _entry(row)


def fitting(actor: Actor, entry: Entry) -> list[Offer]:
    """The soonest times that fit now, one for each day, place and way: offers as for any booking by this reader, until
    her last day. Raises NotAllowed."""
    _may(actor)
    wish, zone = entry.wish, service_zone()
    until = datetime(entry.until.year, entry.until.month, entry.until.day, tzinfo=zone) + timedelta(days=1)
    there = frozenset(wish.places) if wish.places else None
    wanted = Wanted(
        entry.client_id, entry.type_id, clock.now(), until, frozenset(wish.modes) or ALL_MODES,
        staff=frozenset(wish.staff) if wish.staff else None, woman_worker=wish.woman_worker,
        women_only=wish.women_only, creche=wish.creche, in_person_at=there, kinds=frozenset(wish.kinds),
        weekdays=frozenset(wish.weekdays), from_minute=wish.from_minute, until_minute=wish.until_minute,
    )
    first: dict[tuple[date, int, str], Offer] = {}
    for each in booking.offers(actor, wanted, _LOOK_AT):
        first.setdefault((each.start.astimezone(zone).date(), each.venue, str(each.mode)), each)
    return list(first.values())[:FEW]


@use_case
def offer(actor: Actor, waiting_id: int) -> bool:
    """Send her the link with which she chooses for herself: planned as every text, so that it goes out only if and when
    that is safe. She stays on the list until she has chosen. Gives whether a text could go out at all. Raises
    NotAllowed, NotFound, Invalid. Two presses that come close together, by whomever, send one text."""
    entry = get(actor, waiting_id)
    if entry.offered_at is not None and clock.now() - entry.offered_at < _ONE_PRESS:
        return entry.may_text
    links.send_link(actor, entry.client_id, entry.type_id)
    sent = {"offered_by": actor.staff_id, "offered_at": clock.now()}
    db.session.execute(update(_W).where(_W.c.id == waiting_id).values(**sent))
    audit.record(actor, "wait-offer", "waiting", waiting_id)
    return entry.may_text


@use_case
def settle(actor: Actor, waiting_id: int) -> None:
    """Take someone off the list. Twice is NotFound. Raises NotAllowed."""
    get(actor, waiting_id)
    _close(waiting_id, "settled", actor.staff_id)
    audit.record(actor, "wait-settle", "waiting", waiting_id)


@use_case
def forget() -> int:
    """Delete what was over a month ago; gives how many."""
    before = clock.now() - KEPT
    over = or_(_W.c.settled_at < before, _W.c.until < before.date())
    return int(db.session.execute(delete(_W).where(over)).rowcount)  # type: ignore[attr-defined]


def _close(waiting_id: int, state: str, by: int | None) -> None:
    values = {"state": state, "settled_by": by, "settled_at": clock.now()}
    db.session.execute(update(_W).where(_W.c.id == waiting_id, _W.c.state == "open").values(**values))


def _entry(row: Any) -> Entry:
    names = {each.name for each in fields(Wish)}
    said = {name: value for name, value in row.wishes.items() if name in names}
    kept: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in said.items()}
    text = Contact(row.sms or "unknown", row.hours, row.review_on, bool(row.paused), row.paused_until)
    return Entry(
        row.id, row.client_id, row.type_id, Wish(**kept), row.until, row.made_at, row.offered_at, row.given_name,
        row.family_name, row.kind, reminders.silence(text, clock.now(), service_zone()) is None,
    )


def _may(actor: Actor) -> None:
    if not can_book_for_anyone(actor):
        raise NotAllowed
