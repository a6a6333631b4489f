"""What the arrival check weighs: who is or will be at a place, the exclusions that touch them, and the alerts raised.
A constant number of queries, however many people there are."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Row, and_, false, func, or_, select, union_all

from scheduler.extensions import db
from scheduler.models import (
    Alert,
    Appointment,
    Client,
    Exclusion,
    ExclusionSite,
    IdentityToken,
    Match,
    NamedPerson,
    Session,
    SessionStaff,
    Venue,
)
from scheduler.rules.door import DESCRIBED, MAY_LINGER, There
from scheduler.rules.intervals import Interval
from scheduler.rules.presence import Mode
from scheduler.rules.separation import Person, Separation
from scheduler.rules.states import State
from scheduler.store.diary import COUNTED_STATES, LONGEST

#: A row of which the columns are known by name.
Columns: TypeAlias = Row[*tuple[Any, ...]]

_A, _S, _SS, _V = Appointment.__table__.c, Session.__table__.c, SessionStaff.__table__.c, Venue.__table__.c
_X, _M, _I, _L = Exclusion.__table__.c, Match.__table__.c, IdentityToken.__table__.c, Alert.__table__.c

_HERE = (State.ARRIVED, State.CHECKED_IN)


class Kept(NamedTuple):
    """An exclusion in force with one match of the person it names; a dismissed one too. `known` is None without any."""

    exclusion: int
    protected: Person
    described: Person
    known: Person | None
    dismissed: bool


def there(sites: Collection[int], now: datetime, ahead: timedelta) -> list[There]:
    """Everyone who may be at these sites between now and `ahead` from now: clients, and workers of sessions. Those
    marked as arrived are there too, whatever their time was. Two queries."""
    low, high = now - 3 * LONGEST, now + ahead
    clients = select(_A.client_id, _A.present_from, _A.present_until, _A.state, _A.id).where(
        _A.site_id.in_(tuple(sites)), _A.present_from >= low, _A.present_from <= now + MAY_LINGER + ahead,
        _A.state.in_(COUNTED_STATES),
        or_(_A.present_from <= high, _A.state.in_([str(state) for state in _HERE])),
    )  # fmt: skip
    found = [
        There(Person("client", client), Interval(since, until), state in _HERE, appointment)
        for client, since, until, state, appointment in db.session.execute(clients)
    ]
    workers = (
        select(_SS.staff_id, _S.start, _S.end, _S.modes, _V.arrive_early, _V.leave_late)
        .select_from(
            SessionStaff.__table__.join(Session.__table__, _S.id == _SS.session_id).join(
                Venue.__table__, _V.id == _S.venue_id
            )
        )
        .where(
            _S.site_id.in_(tuple(sites)), _S.start >= low, _S.start <= high + LONGEST, _S.cancelled_at.is_(None),
        )
    )  # fmt: skip
    for row in db.session.execute(workers):
        if Mode.IN_PERSON in row.modes:
            early, late = timedelta(minutes=row.arrive_early), timedelta(minutes=row.leave_late)
            found.append(There(Person("staff", row.staff_id), Interval(row.start, row.end).widened(early, late)))
    return found


def kept(people: Collection[Person], sites: Collection[int] = ()) -> list[Kept]:
    """Every exclusion in force that protects one of these people, with whom it names; and every one that may name one
    of them; and every one whose named person is never to be at one of these sites. One query."""
    clients = tuple(person.id for person in people if person.kind == "client")
    staff = tuple(person.id for person in people if person.kind == "staff")
    columns = (_X.id, _X.client_id, _X.named_person_id, _M.person_kind, _M.person_id, _M.state)
    on = _M.named_person_id == _X.named_person_id
    protecting = select(*columns).select_from(Exclusion.__table__.outerjoin(Match.__table__, on))
    naming = select(*columns).select_from(Exclusion.__table__.join(Match.__table__, on))
    closed = select(ExclusionSite.exclusion_id).where(ExclusionSite.site_id.in_(tuple(sites)))
    query = union_all(
        protecting.where(_X.active, _X.client_id.in_(clients)),
        protecting.where(_X.active, _X.separation == str(Separation.SITE), _X.id.in_(closed)),
        naming.where(_X.active, _M.state != "dismissed", _M.person_kind == "client", _M.person_id.in_(clients)),
        naming.where(_X.active, _M.state != "dismissed", _M.person_kind == "staff", _M.person_id.in_(staff)),
    )
    return [
        Kept(
            exclusion, Person("client", client), Person(DESCRIBED, named), Person(kind, known) if kind else None,
            state == "dismissed",
        )
        for exclusion, client, named, kind, known, state in db.session.execute(query)
    ]  # fmt: skip


def presence(appointment: int) -> Columns | None:
    """Whose, where and when an appointment that counts puts someone at a site; None for one that puts nobody there."""
    query = select(_A.client_id, _A.venue_id, _A.site_id, _A.present_from, _A.present_until).where(
        _A.id == appointment, _A.present_from.is_not(None), _A.state.in_(COUNTED_STATES)
    )
    return db.session.execute(query).first()


def sharing(tokens: Collection[int], people: Collection[Person]) -> set[Person]:
    """Those of these people, known or only described, who have one of the blind keys in any of their records."""
    of: dict[str, list[int]] = {}
    for person in people:
        of.setdefault(person.kind, []).append(person.id)
    c = Client.__table__.c
    merged = and_(_I.owner_kind == "client", c.id == _I.owner_id, c.merged_into.is_not(None))
    owner = func.coalesce(c.merged_into, _I.owner_id)
    whose = or_(false(), *(and_(_I.owner_kind == kind, owner.in_(ids)) for kind, ids in of.items()))
    keys = IdentityToken.__table__.outerjoin(Client.__table__, merged)
    query = select(_I.owner_kind, owner).select_from(keys).where(_I.token.in_(tuple(tokens)), whose).distinct()
    return {Person(kind, found) for kind, found in db.session.execute(query)}


# --- alerts -----------------------------------------------------------------------------------------------------------


def open_about(exclusions: Collection[int]) -> set[tuple[int, str | None, int | None, int | None]]:
    """(exclusion, kind, id, appointment) of the alerts of these exclusions that nobody has settled."""
    query = select(_L.exclusion_id, _L.person_kind, _L.person_id, _L.appointment_id)
    rows = db.session.execute(query.where(_L.exclusion_id.in_(tuple(exclusions)), _L.settled_at.is_(None)))
    return {(row.exclusion_id, row.person_kind, row.person_id, row.appointment_id) for row in rows}


def alert(alert_id: int) -> Columns | None:
    """One alert's row, or None."""
    return db.session.execute(select(_L.id, _L.exclusion_id, _L.settled_at).where(_L.id == alert_id)).first()


def open_alerts(limit: int) -> list[Columns]:
    """The alerts that nobody has settled, the newest first, with what a lead is shown of them."""
    of = Client.__table__.c
    query = (
        select(
            _L.id, _L.exclusion_id, _L.person_kind, _L.person_id, _L.raised_at, _X.client_id, of.given_name,
            of.family_name, NamedPerson.__table__.c.names.label("described"), _A.start, _A.mode, _V.zone,
            _V.id.label("venue_id"), _V.name, _V.label, _V.confidential,
        )
        .select_from(
            Alert.__table__.join(Exclusion.__table__, _X.id == _L.exclusion_id)
            .join(Client.__table__, of.id == _X.client_id)
            .join(NamedPerson.__table__, NamedPerson.__table__.c.id == _X.named_person_id)
            .join(Venue.__table__, _V.id == _L.venue_id)
            .outerjoin(Appointment.__table__, _A.id == _L.appointment_id)
        )
        .where(_L.settled_at.is_(None))
        .order_by(_L.raised_at.desc(), _L.id.desc())
        .limit(limit)
    )
    return list(db.session.execute(query))


__all__ = ["Kept", "alert", "kept", "open_about", "open_alerts", "presence", "sharing", "there"]
