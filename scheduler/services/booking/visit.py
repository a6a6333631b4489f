"""Two appointments in one visit, back to back: what is beside one, and both or neither. For `services.booking`."""

from __future__ import annotations

from datetime import timedelta

from scheduler.errors import NotFound, SlotUnavailable
from scheduler.rules.presence import Kind, Mode
from scheduler.rules.slots import Offer
from scheduler.services.actors import Actor
from scheduler.services.asking import failing_closed
from scheduler.services.booking.one import book
from scheduler.services.booking.records import Booked, Choice
from scheduler.services.offering import Wanted, offers
from scheduler.services.transaction import use_case
from scheduler.store import diary

#: The longest that she would wait between the two, as NEEDS.md N12 has them back to back.
LONGEST_WAIT = timedelta(minutes=30)


def beside(actor: Actor, choice: Choice, limit: int = 3) -> list[tuple[int, Offer]]:
    """Appointments of other types that this client could have in the same visit, as (type, offer): in person at the
    same venue on the same local day, at most half an hour before or after `choice`; the nearest first.

    Nothing but `offers` decides what is among them, so that they tell no more than a search for times would. It holds
    nothing. Raises NotFound for an unknown client, and NotAllowed.
    """
    try:
        with failing_closed():
            held = diary.session(choice.session_id)
    except SlotUnavailable:
        return []
    kind = diary.appointment_type(choice.type_id)
    if held is None or kind is None or held.opening.kind is Kind.DROP_IN or choice.mode != Mode.IN_PERSON:
        return []
    end = choice.start + timedelta(minutes=choice.minutes or kind.minutes)
    if held.opening.kind is Kind.GROUP:
        end = held.opening.span.end
    venue, day = held.opening.venue, choice.start.astimezone(held.zone).date()
    low, high = choice.start - diary.LONGEST, end + LONGEST_WAIT + timedelta.resolution
    around = diary.sessions(low - diary.LONGEST, high, (venue,))
    found: list[tuple[timedelta, Offer, int]] = []
    for type_id in sorted({each for other in around for each in other.types} - {choice.type_id}):
        wanted = Wanted(
            choice.client_id, type_id, low, high, frozenset({str(Mode.IN_PERSON)}), (venue,),
            kinds=frozenset({str(Kind.ONE_TO_ONE), str(Kind.GROUP)}),
        )
        for offer in offers(actor, wanted):
            wait = max(offer.start - end, choice.start - offer.end)
            if timedelta() <= wait <= LONGEST_WAIT and offer.start.astimezone(held.zone).date() == day:
                found.append((wait, offer, type_id))
    found.sort(key=lambda each: (each[0], each[1].start, each[2]))
    return [(type_id, offer) for _wait, offer, type_id in found[:limit]]


@use_case
def book_visit(actor: Actor, first: Choice, second: Choice, key: str | None = None) -> tuple[Booked, Booked]:
    """Book two exact times for one client, both or neither. Each is asked about as `book` asks, the second with the
    first already counted; each is its own appointment afterwards, with its own texts.

    Raises as `book`, the same whichever of the two cannot be had; NotFound when they are not for the same client.
    """
    if first.client_id != second.client_id:
        raise NotFound
    return book(actor, first, key), book(actor, second, None if key is None else f"{key}\0second")
