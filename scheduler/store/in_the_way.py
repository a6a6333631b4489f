"""What stands in one client's way at the sites she asks about: what she has already, and where those whom she is kept
from are (SAFETY.md 2). One question, however many they are; this is the hot path of every search and booking.

It reads less than `separation.presences`, and what it hands over is merged. Neither may ever lose an instant at which a
rule would have said no.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, bindparam, literal, null, or_, select, type_coerce, union_all

from scheduler.extensions import db
from scheduler.models import Appointment, Venue
from scheduler.models.types import Unread, read
from scheduler.rules.intervals import Interval, joined, local_days
from scheduler.rules.separation import Apart, Person, Presence, Separation, alike
from scheduler.rules.slots import Own
from scheduler.store.diary import COUNTED_STATES, NONE, zone
from scheduler.store.separation import REACH, shifts

_A = Appointment.__table__.c
_STANDS = and_(_A.start >= bindparam("low"), _A.start < bindparam("high"), _A.state.in_(COUNTED_STATES))
_THERE = type_coerce(_A.present_from, Unread), type_coerce(_A.present_until, Unread)
_NO_ZONE = type_coerce(null(), String)
_HERS = and_(_A.client_id == bindparam("own"), _A.id != bindparam("but_not"), _STANDS)
#: What marks her own rows, which come twice, with the appointment's id: as where she is and as its times. Theirs are
#: thousands, and may not have a column for her sake. No id is negative.
_PLACE, _TIMES = -1, -2
_OWN = (
    select(literal(_PLACE), _A.id, _A.site_id, *_THERE, _NO_ZONE).where(_HERS),
    select(
        literal(_TIMES), _A.id, _A.site_id, type_coerce(_A.start, Unread), type_coerce(_A.end, Unread), _NO_ZONE
    ).where(_HERS),
)  # fmt: skip
_THEIRS = select(_A.client_id, _A.session_id, _A.site_id, *_THERE, _NO_ZONE.label("zone")).where(
    _A.client_id.in_(bindparam("clients", expanding=True)),
    _STANDS,
    or_(
        and_(_A.present_from.is_not(None), _A.site_id.in_(bindparam("sites", expanding=True))),
        _A.session_id.in_(bindparam("groups", expanding=True)),
    ),
)
#: The zone is read only where someone's whole days count.
_THEIRS_BY_DAY = _THEIRS.with_only_columns(*list(_THEIRS.selected_columns)[:-1], Venue.zone).join_from(
    Appointment.__table__, Venue.__table__, Venue.id == _A.venue_id
)
_BOTH, _BOTH_BY_DAY = union_all(_THEIRS, *_OWN), union_all(_THEIRS_BY_DAY, *_OWN)

#: The spans of a crowd, and whose name it goes under, where it is, and in which zone its days are counted.
_Spans = list[tuple[Any, Any]]
_Crowds = defaultdict[tuple[Person, int, str], _Spans]


def own_and_presences(
    client: int,
    aparts: Collection[Apart],
    sites: frozenset[int],
    groups: frozenset[int],
    start: datetime,
    until: datetime,
    but_not: int | None = None,
) -> tuple[tuple[Own, ...], list[Presence]]:
    """`diary.own` of this client; and the presences of those whom she is kept from that can bar her from a session at
    one of `sites` or from one of the `groups`, three days either side of the range.

    `sites` are those asked about and all their neighbours, `groups` the group sessions asked about, wherever they are
    held: an online group too is a place. Elsewhere nobody is in her way but in a group series, which has no date and
    comes from `separation.enrolled`. Presences of people whom she is kept from in the same way are merged, and stand
    under the name of one of them.
    """
    stands = alike(aparts)
    clients = {person.id: stand for person, stand in stands.items() if person.kind == "client"}
    by_day = {stands[apart.other] for apart in aparts if apart.separation is not Separation.GAP}
    asked = {
        "own": client, "clients": tuple(clients), "low": start - REACH, "high": until + REACH,
        "but_not": NONE if but_not is None else but_not, "sites": tuple(sites), "groups": tuple(groups),
    }  # fmt: skip
    mine: dict[int, dict[int, tuple[int, Any, Any]]] = {_PLACE: {}, _TIMES: {}}
    crowds: _Crowds = defaultdict(list)
    together: set[tuple[Person, int]] = set()
    # Unpacked by position: this runs for each presence of each of them.
    for who, session, site, here, left, zone_name in db.session.execute(_BOTH_BY_DAY if by_day else _BOTH, asked).all():
        if who in mine:
            mine[who][session] = site, here, left
            continue
        if session in groups:
            together.add((clients[who], session))
        if here is not None:
            crowds[clients[who], site, zone_name].append((here, left))
    of_staff: _Crowds = defaultdict(list)
    for shift in shifts([person.id for person in stands if person.kind == "staff"], start, until):
        if shift.group is not None and shift.group in groups:
            together.add((stands[shift.worker], shift.group))
        if shift.site is not None and shift.site in sites:
            of_staff[stands[shift.worker], shift.site, shift.zone].append(shift.there)
    nowhen = Interval(start, start)
    found = [Presence(stand, None, nowhen, nowhen, session) for stand, session in together]
    for (stand, site, zone_name), spans in (*crowds.items(), *of_staff.items()):
        for span in _merged(spans):
            days = local_days(span, zone(zone_name)) if stand in by_day else span
            found.append(Presence(stand, site, span, days))
    return tuple(_own(mine[_PLACE][ident], begins, ends) for ident, (_, begins, ends) in mine[_TIMES].items()), found


def _own(place: tuple[int, Any, Any], begins: Any, ends: Any) -> Own:
    site, here, left = place
    present = None if here is None else Interval(read(here), read(left))
    return Own(Interval(read(begins), read(ends)), None if here is None else site, present)


def _merged(spans: _Spans) -> Iterator[Interval]:
    """The spans merged. One without an instant in it, which no appointment has unless its record is broken, still bars:
    merging would lose it."""
    broken = [span for span in spans if span[1] <= span[0]]
    return (Interval(read(start), read(end)) for start, end in (*joined(spans), *broken))
