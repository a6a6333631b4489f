"""Staff: adding them, and signing them in and out."""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, select, update

from scheduler import clock
from scheduler.crypto import token_hash
from scheduler.errors import InTheWay, Invalid, NotAllowed, NotFound, SignInFailed, Stale
from scheduler.extensions import db
from scheduler.models import SignIn, Staff, StaffVenue
from scheduler.models.staff import ROLES
from scheduler.rules.separation import Person
from scheduler.rules.speaking import spoken
from scheduler.services import actors, audit, opening_times, personal, visibility
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.tokens import (
    Feed,
    end_api_token,
    end_feed,
    feed,
    make_api_token,
    make_feed,
    token_actor,
)
from scheduler.services.transaction import use_case
from scheduler.store import diary
from scheduler.store import staff as store

#: A sign-in ends after an hour without use, and after twelve hours whatever is done (a shift).
IDLE = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
#: How stale "last seen" may be: writing it on every page would make every page a write.
_SEEN_EVERY = timedelta(minutes=2)

#: Languages that one person can be recorded as speaking.
MOST_LANGUAGES = 10
LEAST_PASSWORD = 12
MOST_PASSWORD = 256

# OWASP's second recommendation for argon2id: strong, and small enough that several people may sign in at once
# within a web process of 150 MB.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)
#: Checked against when nobody has the name, so that the time taken does not tell who exists.
_nobody = _hasher.hash(secrets.token_urlsafe(16))


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever is signed in, as Flask-Login wants it. Not a database row: it stays true for one request. `has_clients`
    means that clients may be booked with them, or have them as key worker."""

    id: int
    role: str
    name: str
    sign_in_id: int
    has_clients: bool = False

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Which sign-in this is."""
        return str(self.sign_in_id)


@dataclass(frozen=True, slots=True)
class StaffDetails:
    """What is recorded of someone who works here. `languages` are those they speak with clients besides English."""

    given_name: str
    family_name: str
    role: str
    job: str = "worker"
    sees_clients: bool = False
    woman: bool = False
    on_call: bool = False
    phone: str | None = None
    date_of_birth: str | None = None
    venues: tuple[int, ...] = ()
    languages: tuple[str, ...] = ()


# --- people -----------------------------------------------------------------------------------------------------------


@use_case
def add(actor: Actor, details: StaffDetails, username: str | None = None, password: str | None = None) -> int:
    """Record someone who works here; with a `username` and `password` they can sign in. Gives their id.

    Whoever works here may be a named person, so their name is matched in the same transaction (SAFETY.md 2). Raises
    NotAllowed, Invalid.
    """
    if not actors.can_manage(actor):
        raise NotAllowed
    _check(details, username, password, needs_password=username is not None)
    details = _read(details)
    person = Staff(active=True)
    _write(person, details)
    person.username = _username(username)
    person.password_hash = _hasher.hash(password) if password else None
    db.session.add(person)
    db.session.flush()
    _assign(actor, person.id, details.venues)
    _match(person, details)
    audit.record(actor, "add", "staff", person.id, role=details.role)
    return person.id


@use_case
def edit(
    actor: Actor, staff_id: int, details: StaffDetails, username: str | None, version: int | None = None,
    active: bool = True,
) -> None:
    """Change what is recorded. Whoever is made inactive, or given another role, is signed out everywhere.

    Raises NotAllowed, NotFound, Invalid, Stale, and InTheWay with the coming sessions that only women may staff when
    someone is no longer recorded as female.
    """
    if not actors.can_manage(actor):
        raise NotAllowed
    person = db.session.get(Staff, staff_id)
    if person is None:
        raise NotFound
    if version is not None and version != person.version:
        raise Stale
    _check(details, username, None, needs_password=False, but=staff_id)
    details = _read(details)
    changed = person.role != details.role or (person.active and not active)
    was_woman = person.woman
    _write(person, details)
    person.username = _username(username)
    person.active = active
    person.version += 1
    _assign(actor, staff_id, details.venues)
    _match(person, details)
    if was_woman and not details.woman:
        in_the_way = opening_times.only_for_women_to_staff(staff_id, clock.now())
        if in_the_way:
            raise InTheWay(sessions=in_the_way)
    if changed:
        end_all(actor, staff_id)
    audit.record(actor, "edit", "staff", staff_id, role=details.role)


@use_case
def set_password(actor: Actor, staff_id: int, password: str) -> None:
    """Give someone a new password and sign them out everywhere. A manager does it, or the person themself.

    Raises NotAllowed, NotFound, Invalid.
    """
    if not actors.can_manage(actor) and not (actor.kind == "staff" and actor.id == staff_id):
        raise NotAllowed
    person = db.session.get(Staff, staff_id)
    if person is None:
        raise NotFound
    _check_password(password, person.username)
    person.password_hash = _hasher.hash(password)
    end_all(actor, staff_id)
    audit.record(actor, "set-password", "staff", staff_id)


def _read(details: StaffDetails) -> StaffDetails:
    """The birth date and phone in the forms by which people are matched. Raises Invalid by field."""
    wrong: dict[str, str] = {}
    birth = personal.read_birth_date(details.date_of_birth, "date_of_birth", wrong)
    phone = personal.read_phone(details.phone, "phone", wrong)
    if wrong:
        raise Invalid(**wrong)
    return replace(details, date_of_birth=birth, phone=phone)


def _write(person: Staff, details: StaffDetails) -> None:
    person.given_name = personal.clean(details.given_name)
    person.family_name = personal.clean(details.family_name)
    person.role = details.role
    person.job = personal.clean(details.job) or "worker"
    person.sees_clients = details.sees_clients
    person.woman = details.woman
    person.on_call = details.on_call
    person.phone = details.phone
    person.date_of_birth = details.date_of_birth
    person.languages = list(spoken(details.languages)) or None


def _assign(actor: Actor, staff_id: int, venues: tuple[int, ...]) -> None:
    """Set which venues someone is assigned to, among those that the actor may know of; others stay as they are, for
    nobody grants or takes away what they may not know of (SAFETY.md 7)."""
    known = {card.id for card in visibility.visible(actor, closed_too=True)}
    wanted = set(venues)
    if wanted - known:
        raise Invalid(venues="One of those places is not known.")
    before = set(diary.assigned_venues(staff_id)) & known
    table = StaffVenue.__table__
    if before - wanted:
        mine = (table.c.staff_id == staff_id, table.c.venue_id.in_(before - wanted))
        db.session.execute(delete(table).where(*mine))
    db.session.add_all(StaffVenue(staff_id=staff_id, venue_id=venue) for venue in sorted(wanted - before))


def _match(person: Staff, details: StaffDetails) -> None:
    """Whoever works here may be a named person. A new match may clash at once with a session that they hold."""
    from scheduler.services import cases, identities

    db.session.flush()
    who = [f"{person.given_name} {person.family_name}"], details.date_of_birth, details.phone
    if identities.index_person("staff", person.id, *who):
        identities.match_person("staff", person.id, *who)
        cases.refresh([Person("staff", person.id)])


def _username(typed: str | None) -> str | None:
    return unicodedata.normalize("NFKC", typed).strip().casefold() or None if typed else None


def _check(
    details: StaffDetails, username: str | None, password: str | None, needs_password: bool, but: int | None = None
) -> None:
    wrong: dict[str, str] = {}
    for field in ("given_name", "family_name"):
        value = personal.clean(getattr(details, field))
        if len(value) > 100 or not any(letter.isalpha() for letter in value):
            wrong[field] = "Type a name of up to 100 letters."
    if details.role not in ROLES:
        wrong["role"] = "Choose a role."
    if len(details.job) > 40:
        wrong["job"] = "Use up to 40 letters."
    if len(details.languages) > MOST_LANGUAGES or any(len(each) > 40 for each in details.languages):
        wrong["languages"] = "Name up to ten languages, of up to 40 letters each."
    name = _username(username)
    if name is not None:
        if len(name) > 60 or not all(letter.isalnum() or letter in "._-@" for letter in name):
            wrong["username"] = "Use letters, numbers, dots and dashes, up to 60."
        else:
            taken = db.session.execute(select(Staff.id).where(Staff.username == name)).scalar_one_or_none()
            if taken is not None and taken != but:
                wrong["username"] = "Someone else signs in with that."
    if wrong:
        raise Invalid(**wrong)
    if needs_password or password is not None:
        _check_password(password or "", name)


def _check_password(password: str, username: str | None) -> None:
    if not LEAST_PASSWORD <= len(password) <= MOST_PASSWORD:
        raise Invalid(password=f"Use at least {LEAST_PASSWORD} characters: three or four words do well.")
    if len(set(password)) < 5 or (username and password.casefold() == username):
        raise Invalid(password="That is too easy to guess.")  # noqa: S106


# --- signing in -------------------------------------------------------------------------------------------------------


def check_password(username: str, password: str) -> Principal:
    """Who signs in with this name and password; `sign_in_id` is 0. Raises SignInFailed, whichever of them is wrong,
    and takes as long either way."""
    row = store.by_username(_username(username[:200]) or "")
    stored = row.password_hash if row is not None and row.password_hash else _nobody
    right: bool
    try:
        right = _hasher.verify(stored, password[:MOST_PASSWORD])
    except (VerificationError, InvalidHashError):
        right = False
    if row is None or not row.password_hash or not right:
        raise SignInFailed
    return Principal(row.id, row.role, row.given_name, 0)


def sign_in(username: str, password: str) -> str:
    """Check the password and begin a sign-in. Gives the random token for the browser's cookie. Raises SignInFailed."""
    try:
        person = check_password(username, password)
    except SignInFailed:
        _note_failure(username)
        raise
    return begin(person.id)


@use_case
def _note_failure(username: str) -> None:
    row = store.by_username(_username(username[:200]) or "")
    audit.record(SYSTEM, "sign-in-failed", "staff", row.id if row is not None else None)


@use_case
def begin(staff_id: int) -> str:
    """Begin a sign-in for someone whose password was checked. Gives the token, of which only a digest is kept."""
    token = secrets.token_urlsafe(32)
    now = clock.now()
    row = SignIn(
        token_hash=token_hash(token), staff_id=staff_id, created_at=now, seen_at=now, expires_at=now + ABSOLUTE
    )
    db.session.add(row)
    db.session.flush()
    audit.record(Actor("staff", staff_id, ""), "sign-in", "staff", staff_id)
    return token


def principal(token: str | None) -> Principal | None:
    """Who is signed in with this token; None when it is unknown, ended, idle too long or too old."""
    if not token or len(token) > 200:
        return None
    row = store.sign_in(token_hash(token))
    now = clock.now()
    if row is None or now >= row.expires_at or now - row.seen_at >= IDLE:
        return None
    if now - row.seen_at >= _SEEN_EVERY:
        _seen(row.id, now)
    return Principal(row.staff_id, row.role, row.given_name, row.id, bool(row.has_clients))


@use_case
def _seen(sign_in_id: int, now: datetime) -> None:
    db.session.execute(update(SignIn).where(SignIn.id == sign_in_id, SignIn.ended_at.is_(None)).values(seen_at=now))


@use_case
def sign_out(token: str | None) -> None:
    """End the sign-in of this token, if there is one."""
    if not token:
        return
    row = store.sign_in(token_hash(token))
    if row is not None:
        db.session.execute(update(SignIn).where(SignIn.id == row.id).values(ended_at=clock.now()))
        audit.record(Actor("staff", row.staff_id, row.role), "sign-out", "staff", row.staff_id)


@use_case
def end_all(actor: Actor, staff_id: int) -> None:
    """End every sign-in of one person at once: a lost laptop, a leaver. Raises NotAllowed."""
    if not actors.can_manage(actor) and not (actor.kind == "staff" and actor.id == staff_id):
        raise NotAllowed
    db.session.execute(
        update(SignIn).where(SignIn.staff_id == staff_id, SignIn.ended_at.is_(None)).values(ended_at=clock.now())
    )
    audit.record(actor, "end-sign-ins", "staff", staff_id)


__all__ = [
    "ABSOLUTE", "IDLE", "ROLES", "Feed", "Principal", "StaffDetails", "add", "begin", "check_password", "edit",
    "end_all", "end_api_token", "end_feed", "feed", "make_api_token", "make_feed", "principal", "set_password",
    "sign_in", "sign_out", "token_actor",
]
