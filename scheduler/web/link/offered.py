"""From the offers of the booking service to the few times that one small screen shows, and back from a tap to an offer.

A page names an offer by a code that only this session can make, so that no number on it counts sessions or workers.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from scheduler import clock
from scheduler.rules.presence import Mode
from scheduler.rules.slots import Offer
from scheduler.services import booking
from scheduler.services.links import LinkVisit
from scheduler.store import choosing
from scheduler.store import links as store
from scheduler.web.link.visits import keyed
from scheduler.web.link.wishes import MODES, Wishes
from scheduler.web.link.words import Place, Told, places, told, where_words

#: The first screen looks this far ahead, and further only where that gives too little: what it costs does not grow with
#: how far ahead a type may be booked.
_SOON = timedelta(days=4)

#: The hours at which another part of the day begins.
_PARTS = (12, 17)

#: How many times one page shows, and how many offers are looked at for them: a time comes once for each worker and way.
PAGE = 24
_LOOK_AT = 6 * PAGE


@dataclass(frozen=True, slots=True)
class Shown:
    """An offer on a page: its code, and its words."""

    code: str
    told: Told


@dataclass(frozen=True, slots=True)
class Group:
    """The times of one day, held in one way at one place."""

    day: str
    where: str
    times: list[Shown]


def code(offer: Offer) -> str:
    """What a page calls this offer: its minute, which the page shows anyway, and a code of this session's."""
    return f"{int(offer.start.timestamp()) // 60:x}-{keyed(offer.session, offer.staff, offer.mode, offer.start)}"


def _start(coded: str) -> datetime | None:
    minute, _dash, rest = coded.partition("-")
    if not rest or len(minute) > 7:  # seven figures reach to the year 2480, and no page shows a later time
        return None
    try:
        return datetime.fromtimestamp(int(minute, 16) * 60, UTC)
    except ValueError:
        return None


def _search(
    visit: LinkVisit, wish: Wishes, kind: Any, start: datetime, until: datetime | None = None, limit: int | None = None
) -> list[Offer]:
    """Offers that start in this range; without `until`, as far ahead as the type is booked."""
    furthest = clock.now() + timedelta(days=kind.horizon_days)
    until = furthest if until is None else min(until, furthest)
    if until <= start:
        return []
    return booking.offers(visit.actor, wish.wanted(visit.client_id, kind.minutes, start, until), limit)


def any_time(visit: LinkVisit, wish: Wishes, kind: Any) -> bool:
    """Is there any time at all that is as she wishes?"""
    return bool(_search(visit, wish, kind, clock.now(), limit=1))


def speaks(offer: Offer, language: str) -> bool:
    """Does the worker of this offer speak the language?"""
    return offer.staff is not None and offer.staff in choosing.speakers(language)


def find(visit: LinkVisit, wish: Wishes, kind: Any, coded: str) -> tuple[Offer | None, datetime | None]:
    """The offer that a page called this, if it can still be had; and the time that it was for, if it can be read."""
    start = _start(coded)
    if start is None:
        return None, None
    for asked in (wish, wish.wide_open()):
        wanted = asked.wanted(visit.client_id, kind.minutes, start, start + timedelta(minutes=1))
        for offer in booking.offers(visit.actor, wanted):
            if code(offer) == coded:
                return offer, start
    return None, start


def nearest(visit: LinkVisit, wish: Wishes, kind: Any, around: datetime) -> list[Offer]:
    """Three other times near one that was just lost: as she wished, or else as near to it as there are."""
    for asked in (wish, wish.easier()):
        wanted = asked.wanted(visit.client_id, kind.minutes, around, around + timedelta(minutes=1))
        found = _best(booking.nearest(visit.actor, wanted, around, _LOOK_AT), asked, ())
        closest = sorted(found, key=lambda offer: abs(offer.start - around))[:3]
        if closest:
            return sorted(closest, key=lambda offer: offer.start)
    return []


def good_times(visit: LinkVisit, wish: Wishes, kind: Any, known: Iterable[int]) -> tuple[list[Offer], bool]:
    """Three times at once, as she would choose them; and whether any worker, day or hour had to be taken instead."""
    known = tuple(known)
    found = _spread(visit, _soonest(visit, wish, kind, known))
    eased = wish.easier()
    if len(found) < 3 and eased != wish:
        extra = [offer for offer in _spread(visit, _soonest(visit, eased, kind, known)) if offer not in found]
        return found + extra[: 3 - len(found)], bool(extra)
    return found, False


def _soonest(visit: LinkVisit, wish: Wishes, kind: Any, known: tuple[int, ...]) -> list[Offer]:
    now = clock.now()
    found = _best(_search(visit, wish, kind, now, now + _SOON), wish, known)
    if len(found) < 3 or len({offer.start.date() for offer in found}) < 2:
        found += _best(_search(visit, wish, kind, now + _SOON, limit=_LOOK_AT), wish, known)
    return found


def _best(offers: Iterable[Offer], wish: Wishes, known: tuple[int, ...]) -> list[Offer]:
    """One offer for each time and place: in the way she named first, with a worker who speaks her language, or whom she
    knows, where there is one."""
    ways = wish.how or MODES
    speakers = choosing.speakers(wish.language) if wish.language else frozenset[int]()

    def liking(offer: Offer) -> tuple[int, int, int, int]:
        worker = known.index(offer.staff) if offer.staff in known else len(known)
        way = ways.index(offer.mode) if offer.mode in ways else len(ways)
        return way, 0 if offer.staff in speakers else 1, worker, offer.staff or 0

    best: dict[tuple[datetime, Any], Offer] = {}
    for offer in sorted(offers, key=liking):
        where = offer.venue if offer.mode == Mode.IN_PERSON else offer.mode
        best.setdefault((offer.start, where), offer)
    return sorted(best.values(), key=lambda offer: (offer.start, *liking(offer)))


def _spread(visit: LinkVisit, offers: list[Offer]) -> list[Offer]:
    """Three of them that differ: the soonest, then those that bring another day, part of the day, place or way."""
    if len(offers) <= 3:
        return offers
    at = places(visit, {offer.venue for offer in offers})

    def traits(offer: Offer) -> tuple[tuple[str, Any], ...]:
        local = offer.start.astimezone(at[offer.venue].zone)
        part = bisect(_PARTS, local.hour)
        where = offer.venue if offer.mode == Mode.IN_PERSON else offer.mode
        return ("day", local.date()), ("part", part), ("where", where)

    picked, rest = [offers[0]], list(offers[1:])
    while len(picked) < 3:
        seen = {trait for offer in picked for trait in traits(offer)}
        best = max(rest, key=lambda offer: sum(trait not in seen for trait in traits(offer)))  # the first of the best
        picked.append(best)
        rest.remove(best)
    return sorted(picked, key=lambda offer: offer.start)


def shown(visit: LinkVisit, offers: list[Offer]) -> list[Shown]:
    """These offers in words: four queries, however many."""
    return _in_words(offers, places(visit, {offer.venue for offer in offers}))


def _in_words(offers: list[Offer], at: dict[int, Place]) -> list[Shown]:
    names = store.first_names({offer.staff for offer in offers if offer.staff is not None})
    kinds = store.session_kinds({offer.session for offer in offers if offer.staff is None})
    return [Shown(code(offer), _told(offer, at.get(offer.venue), names, kinds)) for offer in offers]


def _told(offer: Offer, place: Place | None, names: dict[int, str], kinds: dict[int, Any]) -> Told:
    session = kinds.get(offer.session)
    return told(
        place, offer.mode, offer.start, offer.end, who=names.get(offer.staff or 0, ""), audience=offer.audience,
        kind=session.kind if session else "one-to-one", until=session.end if session else None,
    )


def open_hours(visit: LinkVisit, wish: Wishes, kind: Any) -> list[Offer]:
    """The soonest times to come when she likes, at any place; each is offered as every other time is."""
    return _best(_search(visit, replace(wish.wide_open(), shape="window"), kind, clock.now(), limit=PAGE), wish, ())


def page_of_times(
    visit: LinkVisit, wish: Wishes, kind: Any, start: datetime, known: Iterable[int]
) -> tuple[list[Group], datetime | None]:
    """One screen of times from `start` on, by day and place; and from when the next screen begins, if there is one."""
    raw = _search(visit, wish, kind, start, limit=_LOOK_AT)
    best = _best(raw, wish, tuple(known))
    following = raw[-1].start if len(raw) == _LOOK_AT else None  # of the last minute some offers may be missing
    best = [offer for offer in best if following is None or offer.start < following] or best
    if len(best) > PAGE:
        following = best[PAGE].start
    offers = [offer for offer in best[:PAGE] if following is None or offer.start < following]
    if best and not offers:
        offers = best[:PAGE]
        following = offers[-1].start + timedelta(minutes=1)
    at = places(visit, {offer.venue for offer in offers})
    groups: dict[tuple[str, str], list[Shown]] = {}
    for offer, each in zip(offers, _in_words(offers, at), strict=True):
        where = where_words(offer.mode, at.get(offer.venue))
        if each.told.women_only:
            where = _("%(place)s, women only", place=where)
        groups.setdefault((each.told.day, where), []).append(each)
    order = list(dict.fromkeys(day for day, _where in groups))
    made = [Group(day, where, times) for (day, where), times in groups.items()]
    return sorted(made, key=lambda group: order.index(group.day)), following

