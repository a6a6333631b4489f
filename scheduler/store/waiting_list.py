"""Who waits for a time that suits: those who still do, and what each would have."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from scheduler.extensions import db
from scheduler.models import Appointment, AppointmentType, Client, SafeContact, Waiting
from scheduler.store.diary import COUNTED_STATES

_W, _A, _SC = Waiting.__table__.c, Appointment.__table__.c, SafeContact.__table__.c

#: Whoever has been given an appointment of the type since waits no more.
_SERVED = (
    select(_A.id)
    .where(
        _A.client_id == _W.client_id, _A.type_id == _W.type_id, _A.created_at >= _W.made_at,
        _A.state.in_(COUNTED_STATES),
    )
    .exists()
)


def _waiting(today: date) -> Select[Any]:
    return (
        select(
            _W.id, _W.client_id, _W.type_id, _W.wishes, _W.until, _W.made_at, _W.offered_at, Client.given_name,
            Client.family_name, AppointmentType.name.label("kind"), _SC.safe.label("sms"), _SC.hours, _SC.review_on,
            _SC.paused, _SC.paused_until,
        )
        .select_from(
            Waiting.__table__.join(Client.__table__, Client.id == _W.client_id)
            .join(AppointmentType.__table__, AppointmentType.id == _W.type_id)
            .outerjoin(SafeContact.__table__, (_SC.client_id == _W.client_id) & (_SC.channel == "sms"))
        )
        .where(_W.state == "open", _W.until >= today, Client.active, ~_SERVED)
    )


def waiting(today: date, most: int) -> list[Any]:
    """Those who wait, whoever has waited longest first. One query."""
    return list(db.session.execute(_waiting(today).order_by(_W.made_at, _W.id).limit(most)))


def count(today: date) -> int:
    """How many wait. One query."""
    waits = _waiting(today).with_only_columns(_W.id).subquery()
    return db.session.execute(select(func.count()).select_from(waits)).scalar_one()


def one(waiting_id: int, today: date) -> Any:
    """One of those who wait, or None."""
    return db.session.execute(_waiting(today).where(_W.id == waiting_id)).first()


def of_client(client_id: int, today: date) -> Any:
    """What this client waits for, or None: the type's name and the last day."""
    query = _waiting(today).with_only_columns(_W.id, _W.type_id, _W.until, AppointmentType.name.label("kind"))
    return db.session.execute(query.where(_W.client_id == client_id).order_by(_W.id.desc()).limit(1)).first()


def open_rows(client_id: int) -> list[Any]:
    """This client's rows that are open, lapsed or not: id, type and since when."""
    query = select(_W.id, _W.type_id, _W.made_at).where(_W.client_id == client_id, _W.state == "open")
    return list(db.session.execute(query.order_by(_W.id)))
