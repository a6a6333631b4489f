"""Appointments to come, and what is known of whether she was told of each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Row, String, and_, cast, func, literal, null, or_, select, union_all

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Client, Message, Reply, SafeContact, Staff, Telling, Venue
from scheduler.models.types import BigKey, Instant
from scheduler.rules.replies import Meaning
from scheduler.rules.states import OPEN, State
from scheduler.rules.telling import Answered, Said, Text

Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _M, _T, _R = Appointment.__table__.c, Message.__table__.c, Telling.__table__.c, Reply.__table__.c


#: What she has to know of: that it stands, or that she would come to a closed door.
_MATTERS = or_(
    _A.state.in_([str(state) for state in OPEN]),
    and_(_A.state == str(State.CANCELLED), func.coalesce(_A.cancel_reason, "") != "client-asked"),
)


def coming(start: datetime, until: datetime) -> list[Columns]:
    """Appointments still to come that begin in the range, and those that were cancelled and not by her, the soonest
    first, with what a list of them shows and whether a call is recorded as safe. One query, by the index of starts."""
    calls = SafeContact.__table__
    query = (
        select(
            _A.id, _A.client_id, _A.start, _A.version, _A.made_by, _A.mode, _A.venue_id, Client.given_name,
            Client.family_name, Client.phone, AppointmentType.name.label("kind"), Venue.name, Venue.label,
            Venue.confidential, Venue.zone, Staff.given_name.label("staff_given"),
            Staff.family_name.label("staff_family"), calls.c.safe.label("call"), calls.c.hours, calls.c.review_on,
            calls.c.paused, calls.c.paused_until, _A.state,
        )
        .join(Client, Client.id == _A.client_id)
        .join(AppointmentType, AppointmentType.id == _A.type_id)
        .join(Venue, Venue.id == _A.venue_id)
        .outerjoin(Staff, Staff.id == _A.staff_id)
        .outerjoin(calls, (calls.c.client_id == _A.client_id) & (calls.c.channel == "call"))
        .where(_A.start >= start, _A.start < until, _MATTERS)
        .order_by(_A.start, _A.id)
    )
    return list(db.session.execute(query))


def standing(appointments: Collection[int], now: datetime) -> list[Columns]:
    """Those of these appointments that are still to come: id, version and who made each. One query, none for none."""
    if not appointments:
        return []
    query = select(_A.id, _A.version, _A.made_by).where(
        _A.id.in_(tuple(appointments)), _A.start > now, _A.state.in_([str(state) for state in OPEN])
    )
    return list(db.session.execute(query))


def coming_where(start: datetime, until: datetime) -> list[Columns]:
    """As `coming`, of each only what tells whether she was told, and in which venue: no name. One query."""
    query = (
        select(
            _A.id, _A.version, _A.made_by, _A.venue_id, literal("").label("name"), literal("").label("label"),
            Venue.confidential,
        )
        .join(Venue, Venue.id == _A.venue_id)
        .where(_A.start >= start, _A.start < until, _MATTERS)
    )
    return list(db.session.execute(query))


class News(NamedTuple):
    """All that tells whether she was told of one appointment, each kind in the order in which it came to be."""

    texts: list[Text]
    said: list[Said]
    answers: list[Answered]


def news_of(appointments: Collection[int]) -> dict[int, News]:
    """Of each of these appointments: the texts about it, who of us told her, and her answers that she is coming. One
    query, none for none."""
    found = {each: News([], [], []) for each in appointments}
    for row in db.session.execute(_news(tuple(found))) if found else ():
        news = found[row.about]
        if row.source == _TEXT:
            at = row.send_after if row.how == "planned" else row.at or row.claimed_at
            news.texts.append(Text(row.how, row.version, row.outcome, at))
        elif row.source == _SAID:
            news.said.append(Said(row.version, row.how, row.at, row.by))
        else:
            news.answers.append(Answered(row.version, row.at))
    return found


_TEXT, _SAID, _ANSWER = 1, 2, 3


def _news(ids: tuple[int, ...]) -> Any:
    """One question of three tables, so that a board that is full costs no more questions than it must."""
    no_word, no_time, nobody = cast(null(), String), cast(null(), Instant), cast(null(), BigKey)
    texts = select(
        literal(_TEXT).label("source"), _M.id.label("row"), _M.appointment_id.label("about"),
        _M.appointment_version.label("version"), _M.state.label("how"), _M.settled_at.label("at"), _M.outcome,
        _M.claimed_at, _M.send_after, nobody.label("by"),
    ).where(_M.appointment_id.in_(ids), _M.purpose != "link")
    said = select(
        literal(_SAID), _T.id, _T.appointment_id, _T.version, _T.how, _T.told_at, no_word, no_time, no_time, _T.told_by
    ).where(_T.appointment_id.in_(ids))
    answers = select(
        literal(_ANSWER), _R.id, _R.appointment_id, _R.appointment_version, _R.meaning, _R.received_at, no_word,
        no_time, no_time, nobody,
    ).where(_R.appointment_id.in_(ids), _R.meaning == str(Meaning.COMING))
    return union_all(texts, said, answers).order_by("source", "row")
