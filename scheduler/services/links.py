"""Her link: made for one client, opened by its button into a few minutes of her own, and ended at once when she leaves.

The threats: a text that someone else scrolls past, a scanner that fetches every address in it, a partner who finds the
page still open. So a look changes nothing, only digests are stored, every way of being over looks the same, and what
she chose lies on the server, never in an address.
"""

from __future__ import annotations

import base64
import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, update

from scheduler import clock
from scheduler.crypto import ring, token_hash
from scheduler.errors import Invalid, LinkExpired, NotAllowed, NotFound
from scheduler.extensions import db
from scheduler.models import Link, LinkSession, SafeContact
from scheduler.notifications import planning
from scheduler.rules.audience import is_eligible
from scheduler.rules.languages import BY_CODE
from scheduler.services import actors, audit, link_words
from scheduler.services.actors import Actor, client_actor
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store import links as store
from scheduler.store.messages import number_fails

#: How long a link can be used, and how long its session lasts after the last thing she did.
LINK_LASTS = timedelta(days=7)
SESSION_LASTS = timedelta(minutes=20)

#: Presses of the button that come this close together are one press, and get the same session.
_ONE_PRESS = timedelta(seconds=15)

# Letters and figures only: phones cut an address in a text short at a dash or an underscore. 16 of 62 are 95 bits,
# and every letter more is one less for the words of a text that holds 70.
_LETTERS = string.ascii_letters + string.digits
_LENGTH = 16


@dataclass(frozen=True, slots=True)
class LinkVisit:
    """A woman in the session that her link began. `choices` are what she chose in it; `preferences` what her record
    says. `type_id` and `appointment_id` are what the link was sent about, if anything. `language` is the code of
    the one that her record gives, None when it gives none that these pages have."""

    session_id: int
    link_id: int
    client_id: int
    type_id: int | None
    appointment_id: int | None
    choices: dict[str, Any]
    preferences: dict[str, Any]
    key_worker_id: int | None
    eligible: bool
    ends_at: datetime
    link_ends_at: datetime
    language: str | None = None

    @property
    def actor(self) -> Actor:
        """Herself, acting for herself."""
        return client_actor(self.client_id)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the neutral page that a text leads to may know: whether this link was used before, whether a word was agreed
    without which it does not open, and the language of her record."""

    used: bool
    word: bool
    language: str | None


# --- Making and sending ----------------------------------------------------------------------------------------------


def _checked(client_id: int, type_id: int | None, appointment_id: int | None) -> None:
    person = diary.client(client_id)
    if person is None:
        raise NotFound
    if not person.active:
        raise Invalid(client="This client's record is closed, so no link can be sent.")
    if type_id is not None:
        kind = diary.appointment_type(type_id)
        if kind is None or not kind.active or not kind.self_service:
            raise Invalid(type="Choose a type of appointment that clients may book themselves.")
    if appointment_id is not None:
        row = diary.appointment(appointment_id)
        if row is None or row.client_id != client_id:
            raise NotFound


@use_case
def send_link(actor: Actor, client_id: int, type_id: int | None = None, appointment_id: int | None = None) -> int:
    """Plan a text with a link, and give the message's id. The link is made when the text is claimed for sending.

    Raises NotAllowed, NotFound, and Invalid for a closed record or a type that is not for self-service.
    """
    if not actors.can_book_for_anyone(actor):
        raise NotAllowed
    _checked(client_id, type_id, appointment_id)
    message = planning.plan_link(client_id, clock.now(), appointment_id=appointment_id, type_id=type_id)
    audit.record(actor, "link-send", "client", client_id, message=message)
    return message


@use_case
def show_link(actor: Actor, client_id: int, type_id: int | None = None, appointment_id: int | None = None) -> str:
    """Make a link without a text, to be shown or read out to her, and give its token. It is not shown again.

    Raises NotAllowed, NotFound and Invalid as `send_link`.
    """
    if not actors.can_book_for_anyone(actor):
        raise NotAllowed
    _checked(client_id, type_id, appointment_id)
    token = make_link(client_id, None, type_id, appointment_id)
    audit.record(actor, "link-show", "client", client_id)
    return token


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was drawn and is not kept yet: its token, known only to whoever called, and its row."""

    token: str
    row: dict[str, Any]


def draw_link(
    client_id: int,
    message_id: int | None,
    type_id: int | None = None,
    appointment_id: int | None = None,
    now: datetime | None = None,
) -> NewLink:
    """Draw a link: 16 letters and figures, good for 7 days. It opens nothing until it is kept."""
    now = now or clock.now()
    token = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    row = {
        "token_hash": token_hash(token),
        "client_id": client_id,
        "appointment_id": appointment_id,
        "type_id": type_id,
        "message_id": message_id,
        "created_at": now,
        "expires_at": now + LINK_LASTS,
    }
    return NewLink(token, row)


def keep_links(drawn: Sequence[NewLink]) -> None:
    """Keep these links in the running transaction, by one statement. The database holds a digest of each token."""
    if drawn:
        db.session.execute(insert(Link.__table__), [link.row for link in drawn])


def make_link(
    client_id: int,
    message_id: int | None,
    type_id: int | None = None,
    appointment_id: int | None = None,
    now: datetime | None = None,
) -> str:
    """Make a link in the running transaction, and give its token: 16 letters and figures, good for 7 days.

    The token is known only to whoever called; the database keeps a digest of it. Several uses are allowed until it
    ends, so that she can come back and change her mind.
    """
    link = draw_link(client_id, message_id, type_id, appointment_id, now)
    keep_links([link])
    return link.token


def end_links(client_id: int, now: datetime | None = None) -> None:
    """End every live link of this client and every session of theirs, in the running transaction (SAFETY.md 8)."""
    store.end_all(client_id, now or clock.now())


# --- Opening, going on, leaving --------------------------------------------------------------------------------------


def is_live(token: str) -> bool:
    """Could this link's button be pressed now? Looking changes nothing, however often."""
    return store.live_link(token_hash(token), clock.now()) is not None


def arrival(token: str) -> Arrival:
    """What the page says before the button. Looking changes nothing. Raises LinkExpired as `open_session`."""
    link = store.live_link(token_hash(token), clock.now())
    if link is None:
        raise LinkExpired
    return Arrival(link.used_at is not None, link_words.is_agreed(link.client_id), _language(link))


def _language(row: Any) -> str | None:
    """What she speaks, or else what her texts are written in, where these pages have it."""
    said = ((row.preferences or {}).get("language"), row.texts_in)
    return next((code for code in said if code in BY_CODE), None)


def open_session(token: str, word: str = "", language: str | None = None) -> str:
    """Start her session, and give the secret that goes into its cookie. Presses that race get one session between them.
    `word` is the one that was agreed, where one was; `language` the one she chose on the neutral page.

    Raises LinkExpired, the same for a link that is unknown, ended or expired, or whose client is inactive or paused;
    and Invalid for a wrong word.
    """
    link = store.live_link(token_hash(token), clock.now())
    if link is None:  # asked first without the write lock, so that guessing costs nobody else anything
        raise LinkExpired
    link_words.weigh(token, link.client_id, word)
    return _open(token, language)


@use_case
def _open(token: str, language: str | None) -> str:
    now = clock.now()
    link = store.live_link(token_hash(token), now)
    if link is None:
        raise LinkExpired
    last = store.newest_session(link.id)
    if last is not None and last.ended_at is None and now - last.created_at < _ONE_PRESS and now < last.expires_at:
        return _cookie(token, last.created_at)
    begun = now if last is None else max(now, last.created_at + timedelta(microseconds=1))
    cookie = _cookie(token, begun)
    # What she had chosen before the page closed on her is still chosen; the exact time that she had picked is not.
    before = (last.choices if last else None) or {}
    kept = {name: value for name, value in before.items() if name in ("wishes", "language")}
    if language in BY_CODE:
        kept["language"] = language
    db.session.execute(
        insert(LinkSession),
        {
            "token_hash": token_hash(cookie),
            "link_id": link.id,
            "client_id": link.client_id,
            "choices": kept or None,
            "created_at": begun,
            "expires_at": now + SESSION_LASTS,
        },
    )
    if link.used_at is None:
        db.session.execute(update(Link).where(Link.id == link.id).values(used_at=now))
    audit.record(client_actor(link.client_id), "link-open", "link", link.id)
    return cookie


def _cookie(token: str, begun: datetime) -> str:
    """The secret of the session that began then: derived, so that a second press can be given the same one although
    only its digest is stored; with the server's key, so that the link alone does not give it."""
    sealed = ring().seal([b"her session", token.encode(), begun.isoformat().encode()])
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def current(cookie: str | None) -> LinkVisit:
    """Who this cookie belongs to. Reads only. Raises LinkExpired when the session is over, however that came about."""
    row = store.live_session(token_hash(cookie), clock.now()) if cookie else None
    if row is None:
        raise LinkExpired
    return LinkVisit(
        row.id, row.link_id, row.client_id, row.type_id, row.appointment_id, row.choices or {}, row.preferences or {},
        row.key_worker_id, is_eligible(row.eligibility), row.expires_at, row.link_expires_at, _language(row),
    )


@use_case
def save_choices(visit: LinkVisit, choices: dict[str, Any]) -> None:
    """Keep what she chose, and give her another 20 minutes. Not audited: a choice that is not booked is hers alone.

    Raises LinkExpired when her session ended in the meantime.
    """
    expires = min(clock.now() + SESSION_LASTS, visit.link_ends_at)
    kept = db.session.execute(
        update(LinkSession)
        .where(LinkSession.id == visit.session_id, LinkSession.ended_at.is_(None))
        .values(choices=choices, expires_at=expires)
        .returning(LinkSession.id)
    ).first()
    if kept is None:
        raise LinkExpired


def leave(cookie: str | None) -> None:
    """End her session at once and forget what she chose. A cookie that means nothing is no error."""
    if cookie and store.live_session(token_hash(cookie), clock.now()) is not None:
        _leave(token_hash(cookie))


@use_case
def _leave(digest: bytes) -> None:
    store.end_session(digest, clock.now())


@use_case
def forget_old_sessions(before: datetime) -> int:
    """Delete sessions that were over before then. Gives how many. Run by the worker."""
    return store.forget_sessions(before)


# --- Is it still safe to text her? -----------------------------------------------------------------------------------


def number_ending(visit: LinkVisit) -> str | None:
    """The last three figures of the number that texts go to, if they go anywhere now; None when they do not."""
    row = store.texting(visit.client_id)
    paused = row is not None and row.paused and (row.paused_until is None or row.paused_until > clock.now())
    if row is None or row.safe != "yes" or paused or not row.phone:
        return None
    return str(row.phone)[-3:]


@use_case
def texts_still_safe(visit: LinkVisit) -> None:
    """She says that texts are still safe. It confirms what is recorded; it cannot make an unsafe number safe."""
    db.session.execute(
        update(SafeContact)
        .where(SafeContact.client_id == visit.client_id, SafeContact.channel == "sms", SafeContact.safe == "yes",
               ~number_fails())  # whoever holds a link cannot say that: staff check the number
        .values(checked_at=clock.now())
    )
    audit.record(visit.actor, "texts-still-safe", "client", visit.client_id)


@use_case
def pause_texts(visit: LinkVisit) -> None:
    """She says that texts are not safe now: none goes out until staff have spoken with her, what is queued is
    withdrawn, and every link of hers ends, this one included (SAFETY.md 8)."""
    now = clock.now()
    store.pause_texts(visit.client_id, now)
    planning.withdraw_for_client(visit.client_id, now)
    end_links(visit.client_id, now)
    audit.record(visit.actor, "texts-paused", "client", visit.client_id)
