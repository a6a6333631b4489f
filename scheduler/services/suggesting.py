"""Safe times to move either side of a clash to, and others for a request, by the very offers that every booking goes by
(SAFETY.md 6). One press moves it, and nothing but `services.booking` writes it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scheduler.errors import Invalid, NotAllowed, NotFound, WrongState
from scheduler.rules.presence import Mode
from scheduler.rules.slots import Offer
from scheduler.rules.states import OPEN
from scheduler.services import booking, case_views
from scheduler.services.actors import Actor, can_see_exclusions
from scheduler.services.booking import Booked, Choice, Wanted
from scheduler.services.case_views import Clash, Side
from scheduler.services.transaction import use_case
from scheduler.services.visibility import NEUTRAL_LABEL, visible
from scheduler.store import diary
from scheduler.store import exclusions as exclusion_store

#: How many times are suggested.
FEW = 3
#: How far before and after the time that cannot stay, where the place stays the same, and where it need not.
_SAME_PLACE, _ANYWHERE, _REMOTE = timedelta(days=28), timedelta(days=14), timedelta(days=7)
_AT_A_DISTANCE = frozenset({str(Mode.PHONE), str(Mode.VIDEO)})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A time that can be given now, in words. `place` is the venue's name to this lead, in `zone`."""

    offer: Offer
    place: str
    zone: str
    worker: str


@dataclass(frozen=True, slots=True)
class OtherTimes:
    """Where one side of a clash could go: its appointment at `version`, the nearest times like it, and the nearest by
    phone or video when it is in person and its type may be held so."""

    side: Side
    version: int
    times: tuple[Suggestion, ...]
    remote: tuple[Suggestion, ...]


def for_clash(actor: Actor, clash: Clash) -> tuple[OtherTimes, ...]:
    """Suggested times for each side that is an appointment still to come: the named person's first, for that is the
    one to move unless she would rather. The caller has recorded the look."""
    if clash.closed_at is not None:
        return ()
    sides = [each for each in (clash.one, clash.other) if each is not None and each.kind == "appointment"]
    found = []
    for side in sorted(sides, key=lambda each: not each.is_named):
        row = diary.appointment(side.id)
        if row is None or row.state not in OPEN:
            continue
        found.append((side, row.version, *_other_times(actor, row)))
    words = _Words(actor, [offer for each in found for offer in (*each[2], *each[3])])
    return tuple(OtherTimes(side, version, words.all(near), words.all(far)) for side, version, near, far in found)


def for_wishes(
    actor: Actor, client_id: int, type_id: int, mode: str, wishes: Iterable[tuple[int, datetime]], limit: int = 6
) -> tuple[Suggestion, ...]:
    """The times nearest to those that someone asked for which this person can be given: at the places of the wishes
    first, then anywhere."""
    starts = sorted(start for _session, start in wishes)
    if not starts:
        return ()
    held = [diary.session(session) for session, _start in wishes]
    venues = tuple({each.opening.venue for each in held if each is not None})
    wanted = Wanted(
        client_id, type_id, starts[0] - _ANYWHERE, starts[-1] + _ANYWHERE, modes=frozenset({mode}), venues=venues
    )
    found = booking.offers(actor, wanted) if venues else []
    if len(found) < limit:
        found = _unique([*found, *booking.offers(actor, replace(wanted, venues=()))])
    near = sorted(_one_a_moment(found), key=lambda each: min(abs(each.start - start) for start in starts))[:limit]
    near.sort(key=lambda each: each.start)
    return _Words(actor, near).all(near)


def in_words(actor: Actor, offers: list[Offer]) -> tuple[Suggestion, ...]:
    """These offers with their places and workers by name."""
    return _Words(actor, offers).all(offers)


@use_case
def move(
    actor: Actor, case_id: int, appointment_id: int, version: int, session_id: int, staff_id: int | None, mode: str,
    start: datetime,
) -> Booked:
    """Move one side of an open case to a time that was suggested, by the same door as every move. Its type, length and
    crèche places stay. Raises NotAllowed, NotFound, Stale, WrongState when the case is closed or the appointment not to
    come any more, Invalid, and SlotUnavailable when the time cannot be had."""
    _side(actor, case_id, appointment_id)
    row = diary.appointment(appointment_id)
    if row is None:
        raise NotFound
    choice = Choice(row.client_id, row.type_id, session_id, staff_id, mode, start, _minutes(row), row.creche)
    return booking.move(actor, appointment_id, choice, version)


@use_case
def cancel(actor: Actor, case_id: int, appointment_id: int, version: int, reason: str | None) -> Booked:
    """Cancel one side of an open case, for a reason of the usual ones. Raises as `move`, and Invalid."""
    _side(actor, case_id, appointment_id)
    if not reason:
        raise Invalid(reason="Choose one of the reasons.")
    return booking.cancel(actor, appointment_id, reason, version)


def _side(actor: Actor, case_id: int, appointment_id: int) -> None:
    """Raises NotAllowed for whoever is no lead, NotFound unless this appointment is a side of this case, and WrongState
    when the case is closed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    clash = case_views.one(actor, case_id)
    sides = (clash.one, clash.other) if clash is not None else ()
    if clash is None or ("appointment", appointment_id) not in {(each.kind, each.id) for each in sides if each}:
        raise NotFound
    if clash.closed_at is not None:
        raise WrongState


def _minutes(row: Any) -> int | None:
    """The length of an appointment, None where its type has one of its own or would not allow this one any more."""
    kind = diary.appointment_type(row.type_id)
    minutes = int((row.end - row.start).total_seconds() // 60)
    if kind is None or kind.group or minutes == kind.minutes:
        return None
    return minutes if kind.least_minutes <= minutes <= kind.most_minutes and minutes % 5 == 0 else None


def _wanted(row: Any, reach: timedelta, **narrower: Any) -> Wanted:
    return Wanted(
        row.client_id, row.type_id, row.start - reach, row.start + reach, minutes=_minutes(row), creche=row.creche,
        moving=row.id, **narrower,
    )


def _other_times(actor: Actor, row: Any) -> tuple[list[Offer], list[Offer]]:
    """The nearest times of the same kind: with the same worker at the same place, then with anyone there,
    then anywhere; and the nearest by phone or video of one in person, with the same worker when there is one. Two
    searches at most."""
    here = booking.offers(actor, _wanted(row, _SAME_PLACE, modes=frozenset({row.mode}), venues=(row.venue_id,)))
    like = _nearest(_with(row.staff_id, here), row, FEW, ())
    like += _nearest(here, row, FEW - len(like), like)
    remote = _AT_A_DISTANCE if row.mode == Mode.IN_PERSON else frozenset[str]()
    few = len(like) < FEW
    if few or remote:
        modes = remote | {row.mode} if few else remote
        far = booking.offers(actor, _wanted(row, _ANYWHERE if few else _REMOTE, modes=modes))
        like += _nearest([each for each in far if each.mode == row.mode], row, FEW - len(like), like)
        apart = [each for each in far if each.mode in remote and abs(each.start - row.start) <= _REMOTE]
        found = _nearest(_with(row.staff_id, apart) or apart, row, 1, ())
    else:
        found = []
    return sorted(like, key=lambda each: each.start), found


def _with(staff: int | None, offers: list[Offer]) -> list[Offer]:
    return [each for each in offers if staff is not None and each.staff == staff]


def _nearest(offers: list[Offer], row: Any, most: int, but_not: Iterable[Offer]) -> list[Offer]:
    taken = {each.start for each in but_not}
    fits = [each for each in offers if each.start not in taken]
    return sorted(_one_a_moment(fits), key=lambda each: (abs(each.start - row.start), each.start))[:most]


def _one_a_moment(offers: Iterable[Offer]) -> list[Offer]:
    """The first offer of each moment: the same time with another worker is no other time to a woman who is asked."""
    return list({each.start: each for each in reversed(list(offers))}.values())


def _unique(offers: list[Offer]) -> list[Offer]:
    return list(dict.fromkeys(offers))


class _Words:
    """What offers are called, looked up together."""

    def __init__(self, actor: Actor, offers: list[Offer]) -> None:
        self._places = {card.id: card for card in visible(actor, closed_too=True)} if offers else {}
        self._workers = exclusion_store.staff_names({each.staff for each in offers if each.staff is not None})

    def all(self, offers: list[Offer]) -> tuple[Suggestion, ...]:
        return tuple(map(self._one, offers))

    def _one(self, offer: Offer) -> Suggestion:
        card = self._places.get(offer.venue)
        name, zone = (card.name, str(card.zone)) if card else (NEUTRAL_LABEL, "Europe/London")
        return Suggestion(offer, name, zone, self._workers.get(offer.staff, "") if offer.staff is not None else "")


__all__ = ["OtherTimes", "Suggestion", "cancel", "for_clash", "for_wishes", "in_words", "move"]
