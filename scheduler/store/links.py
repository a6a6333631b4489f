"""Queries behind her link: the link, its session, and the few things of others that her pages may say."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, delete, exists, func, or_, select, update

from scheduler.extensions import db
from scheduler.models import (
    Appointment,
    AppointmentType,
    Ask,
    Client,
    Link,
    LinkSession,
    LinkWord,
    Message,
    SafeContact,
    Session,
    Staff,
    Stay,
    TimeRequest,
    Venue,
)
from scheduler.store.diary import COUNTED_STATES

_L, _LS = Link.__table__.c, LinkSession.__table__.c
_SC = SafeContact.__table__.c


def _texts_are_paused(now: datetime) -> Any:
    """A link that left by text is dead while texts to her are paused, however the pause came about (SAFETY.md 8)."""
    lasts = or_(_SC.paused_until.is_(None), _SC.paused_until > now)
    paused = select(_SC.client_id).where(_SC.client_id == _L.client_id, _SC.channel == "sms", _SC.paused, lasts)
    return and_(_L.message_id.is_not(None), paused.exists())


#: The language that texts to her are written in, where anything is recorded of them.
_TEXTS_IN = (
    select(_SC.language).where(_SC.client_id == Client.id, _SC.channel == "sms").correlate(Client).scalar_subquery()
).label("texts_in")


def live_link(digest: bytes, now: datetime) -> Any:
    """The link with this digest that may be used at `now`, or None: unknown, ended, expired and inactive are one."""
    return db.session.execute(
        select(_L.id, _L.client_id, _L.type_id, _L.appointment_id, _L.used_at, Client.preferences, _TEXTS_IN)
        .join_from(Link.__table__, Client.__table__, Client.id == _L.client_id)
        .where(
            _L.token_hash == digest, _L.ended_at.is_(None), _L.expires_at > now, Client.active, ~_texts_are_paused(now)
        )
    ).first()


def expired_link(digest: bytes, now: datetime, ago: timedelta) -> Any:
    """The link with this digest that ran out by itself, at most `ago` before `now`; None when it is live, was ended,
    is unknown, its client is inactive, or another link of hers was closed by wrong words and staff have not seen to it
    yet: whoever guessed may hold the old texts too, and would be sent five more guesses."""
    guessed = exists().where(Ask.client_id == _L.client_id, Ask.kind == "word", Ask.seen_at.is_(None))
    return db.session.execute(
        select(_L.id, _L.client_id, _L.type_id)
        .join_from(Link.__table__, Client.__table__, Client.id == _L.client_id)
        .where(
            _L.token_hash == digest, _L.ended_at.is_(None), _L.expires_at <= now, _L.expires_at > now - ago,
            Client.active, ~guessed,
        )
    ).first()


def link_texts(client_id: int, since: datetime) -> int:
    """How many texts with a link to her were planned since then, whatever became of them."""
    planned = (Message.client_id == client_id, Message.purpose == "link", Message.created_at > since)
    return db.session.execute(select(func.count()).select_from(Message).where(*planned)).scalar_one()


def records_of(client_id: int) -> list[int]:
    """This client's record and those that turned out to be the same person's."""
    same = or_(Client.id == client_id, Client.merged_into == client_id)
    return list(db.session.execute(select(Client.id).where(same)).scalars())


def word_hashes(client_id: int) -> list[str]:
    """The words agreed with this client, under whichever of her records, as they are stored."""
    same = or_(Client.id == client_id, Client.merged_into == client_id)
    query = select(LinkWord.word_hash).join(Client, Client.id == LinkWord.client_id).where(same)
    return list(db.session.execute(query).scalars())


def pause_texts(client_id: int, now: datetime) -> None:
    """No text goes to her until staff have spoken with her."""
    db.session.execute(
        update(SafeContact.__table__)
        .where(_SC.client_id == client_id, _SC.channel == "sms")
        .values(paused=True, paused_until=None, checked_at=now)
    )


def live_session(digest: bytes, now: datetime) -> Any:
    """The session with this digest that may go on at `now`, with its link and what her record says; or None.

    Its link may have ended: cancelling an appointment ends the links about it, and she still sees that it is cancelled.
    Whatever must put her out ends the sessions too (`end_all`).
    """
    return db.session.execute(
        select(
            _LS.id, _LS.link_id, _LS.client_id, _LS.choices, _LS.expires_at, _L.type_id, _L.appointment_id,
            _L.expires_at.label("link_expires_at"), Client.preferences, Client.key_worker_id, Client.eligibility,
            _TEXTS_IN,
        )
        .select_from(
            LinkSession.__table__.join(Link.__table__, _L.id == _LS.link_id).join(
                Client.__table__, Client.id == _LS.client_id
            )
        )
        .where(
            _LS.token_hash == digest, _LS.ended_at.is_(None), _LS.expires_at > now, _L.expires_at > now,
            Client.active, ~_texts_are_paused(now),
        )
    ).first()


def newest_session(link_id: int) -> Any:
    """The session that this link's button started last, whether it still goes on or not."""
    return db.session.execute(
        select(_LS.id, _LS.created_at, _LS.expires_at, _LS.ended_at, _LS.choices)
        .where(_LS.link_id == link_id)
        .order_by(_LS.id.desc())
        .limit(1)
    ).first()


def session_count(link_id: int) -> int:
    """How many sessions this link's button has started."""
    return db.session.execute(select(func.count()).where(_LS.link_id == link_id)).scalar_one()


def end_all(client_id: int, now: datetime) -> None:
    """End this client's links and every session that they started."""
    for table in (Link.__table__, LinkSession.__table__):
        db.session.execute(
            update(table).where(table.c.client_id == client_id, table.c.ended_at.is_(None)).values(ended_at=now)
        )


def end_of_appointment(appointment_id: int, now: datetime) -> None:
    """End the links that were sent about this appointment; a session that is open goes on for its few minutes."""
    db.session.execute(
        update(Link.__table__).where(_L.appointment_id == appointment_id, _L.ended_at.is_(None)).values(ended_at=now)
    )


def end_session(digest: bytes, now: datetime) -> bool:
    """End one session and forget its choices. True when it was there and had not ended."""
    return bool(
        db.session.execute(
            update(LinkSession.__table__)
            .where(_LS.token_hash == digest, _LS.ended_at.is_(None))
            .values(ended_at=now, choices=None)
            .returning(_LS.id)
        ).first()
    )


def forget_sessions(before: datetime) -> int:
    """Delete the sessions that were over before then. Gives how many."""
    ended = delete(LinkSession.__table__).where(or_(_LS.expires_at < before, _LS.ended_at < before))
    return len(db.session.execute(ended.returning(_LS.id)).all())


def texting(client_id: int) -> Any:
    """Whether texts to her are recorded as safe, and the number they go to; None when nothing is recorded."""
    return db.session.execute(
        select(_SC.safe, _SC.paused, _SC.paused_until, Client.phone)
        .join_from(SafeContact.__table__, Client.__table__, Client.id == _SC.client_id)
        .where(_SC.client_id == client_id, _SC.channel == "sms")
    ).first()


def types_for_her() -> list[Any]:
    """The appointment types that a woman may book herself, by their names' order of entry."""
    return list(
        db.session.execute(
            select(
                AppointmentType.id, AppointmentType.name, AppointmentType.minutes, AppointmentType.change_until,
                AppointmentType.horizon_days, AppointmentType.group, AppointmentType.least_minutes,
                AppointmentType.most_minutes,
            )
            .where(AppointmentType.active, AppointmentType.self_service)
            .order_by(AppointmentType.id)
        )
    )


def coming(client_id: int, now: datetime) -> list[Any]:
    """Her appointments that still count and are not over, the soonest first, with what her pages say of each."""
    a = Appointment.__table__.c
    return list(
        db.session.execute(
            select(
                a.id, a.own_number, a.venue_id, a.staff_id, a.type_id, a.session_id, a.mode, a.state, a.start, a.end,
                a.creche, a.version, AppointmentType.name.label("type_name"), AppointmentType.change_until,
                Session.kind, Session.start.label("session_start"), Session.end.label("session_end"),
                Session.audience,
            )
            .select_from(
                Appointment.__table__.join(AppointmentType.__table__, AppointmentType.id == a.type_id).join(
                    Session.__table__, Session.id == a.session_id
                )
            )
            .where(a.client_id == client_id, a.end > now, a.state.in_(COUNTED_STATES))
            .order_by(a.start, a.id)
        )
    )


def places(ids: Collection[int]) -> list[Any]:
    """What her pages may say of these venues. A confidential one's address is left out here, so that no template
    can show it; its name goes no further than `services.visibility.label_for` (SAFETY.md 7)."""
    open_ = select(
        Venue.id, Venue.name, Venue.label, Venue.confidential, Venue.kind, Venue.zone, Venue.step_free, Venue.creche,
        Venue.address, Venue.postcode, Venue.directions, Venue.entrance, Venue.parking, Venue.bus,
    ).where(Venue.id.in_(tuple(ids)), ~Venue.confidential)
    hidden = select(
        Venue.id, Venue.name, Venue.label, Venue.confidential, Venue.kind, Venue.zone, Venue.step_free, Venue.creche,
    ).where(Venue.id.in_(tuple(ids)), Venue.confidential)
    return [*db.session.execute(open_), *db.session.execute(hidden)]


def places_for(client_id: int, now: datetime) -> list[int]:
    """The venues that she could choose between: every open one, and the confidential one where she is staying."""
    staying = select(Stay.venue_id).where(
        Stay.client_id == client_id, Stay.since <= now, or_(Stay.until.is_(None), Stay.until > now)
    )
    query = select(Venue.id).where(Venue.active, Venue.kind != "online")
    return list(db.session.execute(query.where(or_(~Venue.confidential, Venue.id.in_(staying)))).scalars())


def first_names(ids: Collection[int]) -> dict[int, str]:
    """The first names of these workers, by id."""
    if not ids:
        return {}
    rows = db.session.execute(select(Staff.id, Staff.given_name).where(Staff.id.in_(tuple(ids))))
    return {row.id: row.given_name for row in rows}


def known_workers(client_id: int) -> list[int]:
    """The workers she has seen, the latest first."""
    a = Appointment.__table__.c
    rows = db.session.execute(
        select(a.staff_id, func.max(a.start).label("latest"))
        .join_from(Appointment.__table__, Staff.__table__, Staff.id == a.staff_id)
        .where(a.client_id == client_id, a.state.in_(("fulfilled", "arrived", "checked-in")), Staff.active)
        .group_by(a.staff_id)
        .order_by(func.max(a.start).desc())
    )
    return [row.staff_id for row in rows]


def session_kinds(ids: Collection[int]) -> dict[int, Any]:
    """The kind and times of these sessions, by id."""
    if not ids:
        return {}
    rows = db.session.execute(
        select(Session.id, Session.kind, Session.start, Session.end).where(Session.id.in_(tuple(ids)))
    )
    return {row.id: row for row in rows}


def asked_for(client_id: int) -> Any:
    """The request of this client that waits for an answer: mode, wishes, and the type's name; None when there is none.
    It asks of nobody else (SAFETY.md 4)."""
    return db.session.execute(
        select(TimeRequest.mode, TimeRequest.wishes, AppointmentType.name.label("kind"))
        .join(AppointmentType, AppointmentType.id == TimeRequest.type_id)
        .where(TimeRequest.client_id == client_id, TimeRequest.state == "open")
        .order_by(TimeRequest.id.desc()).limit(1)
    ).first()


def venues_of(sessions: Collection[int]) -> dict[int, int]:
    """Where these sessions are on the timetable: venue by session."""
    rows = db.session.execute(select(Session.id, Session.venue_id).where(Session.id.in_(tuple(sessions))))
    return {row.id: row.venue_id for row in rows}
