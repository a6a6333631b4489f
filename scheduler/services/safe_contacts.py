"""What is safe for a client, channel by channel: recorded, asked again in time, and what it means for a call now.

Whatever is recorded of texts has everything that is queued for her planned anew (SAFETY.md 8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from flask import current_app
from sqlalchemy import delete, insert, update

from scheduler import clock
from scheduler.errors import Invalid, Merged, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Client, SafeContact
from scheduler.notifications import planning
from scheduler.notifications.safety import service_zone
from scheduler.rules import phones, reminders
from scheduler.rules.discretion import FIRST_NAME, ORGANISATION, PLACE
from scheduler.rules.languages import BY_CODE
from scheduler.rules.reminders import Contact, Silence
from scheduler.services import audit, visibility
from scheduler.services.actors import Actor, can_book_for_anyone, can_call, can_edit_clients
from scheduler.services.personal import clean, today
from scheduler.services.transaction import use_case
from scheduler.store import messages, people
from scheduler.store import safe_contacts as store

CHANNELS = ("sms", "call", "voicemail")
#: A worker's name may be said on the phone; no text holds one.
WORKER = "worker"
MAY_NAME = (FIRST_NAME, ORGANISATION, WORKER, PLACE)
#: Whose phone it is. All but hers alone may be read or answered by someone else.
PHONE_IS = ("unknown", "hers", "shared", "other", "place")
LONGEST_WORD = 40
#: What staff are asked to see to: checks that are due, and those that will be within this.
SOON = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class SafeContactDetails:
    """What is recorded of a channel (sms, call or voicemail). `safe` is yes, no or unknown; `hours` are (weekday, from
    minute, until minute) in local time, none meaning any reasonable hour; `may_name` lists what may be said (name,
    organisation, worker, place); after `review_on` nothing goes out until someone has asked her again, and a yes
    without it gets the service's usual time. A pause lasts until it is ended, or until `paused_until` (UTC). `on_day`
    asks for a reminder on the day itself. `word` is what staff say to be known on the phone: None leaves it as it is,
    an empty one forgets it; it is read by those alone who may call."""

    safe: str = "unknown"
    hours: tuple[tuple[int, int, int], ...] = ()
    may_name: tuple[str, ...] = ()
    language: str = "en"
    review_on: date | None = None
    paused: bool = False
    paused_until: datetime | None = None
    on_day: bool = False
    word: str | None = None

    def paused_at(self, now: datetime) -> bool:
        """Is the channel paused then?"""
        return self.as_contact().paused_at(now)

    def as_contact(self) -> Contact:
        """The same, as the rules weigh it."""
        return Contact(self.safe, self.hours, self.review_on, self.paused, self.paused_until)


@dataclass(frozen=True, slots=True)
class SafeChannel:
    """A channel of a client as it is recorded. `checked_at` is when someone last asked her; `has_word` that a word is
    agreed, whether or not this reader may see it; `check_number` that texts to her number do not arrive."""

    channel: str
    details: SafeContactDetails
    checked_at: datetime | None
    has_word: bool = False
    check_number: bool = False


class Calling(NamedTuple):
    """Whether she may be called now, and how. `why` says why not; `until` when her safe time ends, `following` when
    the next begins (UTC). `may_name` and `word` are those recorded of calls, the word None for whoever may not call;
    `voicemail` that a message may be left now."""

    now: bool
    why: Silence | None
    until: datetime | None
    following: datetime | None
    may_name: tuple[str, ...]
    word: str | None
    voicemail: bool


class ToAsk(NamedTuple):
    """Someone whose check is due, or soon will be, by `review_on`; or whose number has to be checked, since texts to it
    do not arrive: then none goes there. `following` is her next appointment that this reader may know of (UTC, in
    `zone`)."""

    client_id: int
    given_name: str
    family_name: str
    review_on: date | None
    following: datetime | None
    zone: str | None
    check_number: bool


@use_case
def set_safe_contact(actor: Actor, client_id: int, channel: str, details: SafeContactDetails) -> None:
    """Record whether, when and how a channel is safe, as someone has just asked her. When texts are not, or are paused,
    what is queued is withdrawn and live links end; what is still of use is planned anew as the record now allows.
    Raises NotAllowed, NotFound, Invalid."""
    if not can_edit_clients(actor):
        raise NotAllowed
    client, now = _client(client_id), clock.now()
    values = _read(channel, details)
    if channel == "sms" and details.safe == "yes" and phones.is_landline(client.phone):
        raise Invalid(safe="This number is a landline, and gets no texts.")
    table = SafeContact.__table__
    own = (table.c.client_id == client_id, table.c.channel == channel)
    if details.word is None:
        before = next((each for each in people.safe_contacts(client_id) if each.channel == channel), None)
        values["word"] = before.word if before else None
    db.session.execute(delete(table).where(*own))
    db.session.execute(insert(table).values(client_id=client_id, channel=channel, **values, checked_at=now))
    if channel == "sms":
        if details.safe != "yes" or details.paused_at(now):
            planning.withdraw_for_client(client_id, now)
        planning.replan(client_id, now)
    audit.record(actor, "safe-contact", "client", client_id, channel=channel, safe=details.safe, paused=details.paused)


@use_case
def set_phone_is(actor: Actor, client_id: int, whose: str) -> None:
    """Record whose phone her number is. It decides nothing by itself: it tells staff how little to say. Raises
    NotAllowed, NotFound, Invalid."""
    if not can_edit_clients(actor):
        raise NotAllowed
    row = _client(client_id)
    if whose not in PHONE_IS:
        raise Invalid(phone_is="Choose whose phone it is.")
    table = Client.__table__
    db.session.execute(update(table).where(table.c.id == client_id).values(phone_is=whose, version=row.version + 1))
    audit.record(actor, "phone-is", "client", client_id, whose=whose)


def of(actor: Actor, client_id: int) -> tuple[SafeChannel, ...]:
    """Every channel that something is recorded of. Two queries."""
    sms = messages.contact(client_id)
    fails = sms is not None and sms.number_fails
    return tuple(
        SafeChannel(
            each.channel, _details(each, can_call(actor)), each.checked_at, bool(each.word),
            fails and each.channel == "sms",
        )
        for each in people.safe_contacts(client_id)
    )


def calling(channels: tuple[SafeChannel, ...], phone: str | None) -> Calling:
    """What these channels of a client with this number mean for a call now. Raises nothing: what cannot be read is not
    safe."""
    known = {each.channel: each.details for each in channels}
    call, now, zone = known.get("call", SafeContactDetails()), clock.now(), service_zone()
    why = Silence.NO_NUMBER if not phone else reminders.silence(call.as_contact(), now, zone)
    if why is not None:
        return Calling(False, why, None, None, call.may_name, None, False)
    stretch = reminders.next_safe(call.hours, now, now + timedelta(days=15), zone)
    safe = stretch is not None and stretch.start <= now
    until, following = (stretch.end, None) if safe and stretch else (None, stretch.start if stretch else None)
    left = known.get("voicemail", SafeContactDetails())
    after = reminders.next_safe(left.hours, now, now + timedelta(minutes=1), zone)
    leave = safe and reminders.silence(left.as_contact(), now, zone) is None and after is not None
    return Calling(safe, None if safe else Silence.NO_SAFE_TIME, until, following, call.may_name, call.word, leave)


def ask_again(actor: Actor, offset: int, limit: int) -> list[ToAsk]:
    """Clients whose check of a channel is due or soon will be, or whose number gets no texts: whoever has an
    appointment ahead first, the soonest appointment first. Two queries. Raises NotAllowed."""
    if not can_book_for_anyone(actor):
        raise NotAllowed
    mine = visibility.assigned(actor)
    found = store.to_ask(today() + SOON, clock.now(), mine, offset, limit)
    return [
        ToAsk(
            row.client_id, row.given_name, row.family_name, row.review_on, row.start, row.zone, bool(row.number_fails)
        )
        for row in found
    ]


def count_to_ask(actor: Actor) -> int:
    """How many clients `ask_again` lists. One query."""
    return store.count_to_ask(today() + SOON) if can_book_for_anyone(actor) else 0


def usual_review() -> date:
    """Until when an answer that is given today holds, where nobody says otherwise."""
    return today() + timedelta(days=int(current_app.config["SIDEGATE_SAFE_CHECK_DAYS"]))


def _client(client_id: int) -> Any:
    row = people.client(client_id)
    if row is None:
        raise NotFound
    if row.merged_into is not None:
        raise Merged(client_id, row.merged_into)
    return row


def _details(row: Any, may_call: bool) -> SafeContactDetails:
    details = SafeContactDetails(
        row.safe, tuple((int(d), int(a), int(b)) for d, a, b in row.hours or ()), tuple(row.may_name or ()),
        row.language, row.review_on, row.paused, row.paused_until, row.on_day,
    )
    return replace(details, word=row.word) if may_call else details


def _read(channel: str, typed: SafeContactDetails) -> dict[str, Any]:
    """The columns of a safe-contact record. Raises Invalid by field."""
    wrong: dict[str, str] = {}
    if channel not in CHANNELS:
        wrong["channel"] = "Choose texts, calls or voicemail."
    if typed.safe not in ("yes", "no", "unknown"):
        wrong["safe"] = "Choose yes, no or not known."
    hours = [list(each) for each in typed.hours]
    if len(hours) > 50 or not all(_is_span(each) for each in hours):
        wrong["hours"] = "Give a day of the week, and a time from and until."
    if not set(typed.may_name) <= set(MAY_NAME):
        wrong["may_name"] = "Choose from her name, the service, the worker and the place."
    if typed.language not in BY_CODE:
        wrong["language"] = "Choose a language that texts are written in."
    if typed.paused_until is not None and typed.paused_until.tzinfo is None:
        wrong["paused_until"] = "Say when the pause ends, with its time zone."
    word = clean(typed.word)
    if len(word) > LONGEST_WORD:
        wrong["word"] = f"Use up to {LONGEST_WORD} letters."
    if wrong:
        raise Invalid(**wrong)
    review = typed.review_on or (usual_review() if typed.safe == "yes" else None)
    return {
        "safe": typed.safe, "hours": hours or None, "may_name": sorted(set(typed.may_name)),
        "language": typed.language, "review_on": review, "paused": bool(typed.paused),
        "paused_until": typed.paused_until if typed.paused else None, "on_day": bool(typed.on_day),
        "word": word or None,
    }


def _is_span(each: list[Any]) -> bool:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in each)
    return whole and len(each) == 3 and each[0] in range(7) and 0 <= each[1] < each[2] <= 1440


__all__ = [
    "CHANNELS", "MAY_NAME", "PHONE_IS", "SOON", "Calling", "SafeChannel", "SafeContactDetails", "ToAsk", "ask_again",
    "calling", "count_to_ask", "of", "set_phone_is", "set_safe_contact", "usual_review",
]
