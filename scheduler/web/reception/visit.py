"""A second appointment in the same visit, at the desk: what is beside the first, and both confirmed at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlencode

from scheduler.errors import NotFound
from scheduler.services import booking, visibility
from scheduler.services.actors import Actor
from scheduler.services.booking import Booked, Choice
from scheduler.store import desk
from scheduler.store import staff as staff_store
from scheduler.web import pages
from scheduler.web.reception.search import pick_query, read_pick

#: The names of the second time's fields begin with this, in an address and in the form.
_ALSO = "also_"


@dataclass(frozen=True, slots=True)
class Other:
    """A second time in the desk's words, its fields in the form, and the query that chooses it beside the first."""

    time: str
    what: str
    worker: str
    fields: dict[str, str]
    query: str


def second(args: Mapping[str, str], client_id: int) -> Choice | None:
    """The second time that an address or a form stands for, if there is one. Raises Invalid when it cannot be read."""
    given = {name.removeprefix(_ALSO): value for name, value in args.items() if name.startswith(_ALSO)}
    return read_pick(given, client_id) if given else None


def book(actor: Actor, choice: Choice, form: Mapping[str, str], key: str | None) -> list[Booked]:
    """Book what the page showed: the one time, or both or neither."""
    other = second(form, choice.client_id)
    if other is None:
        return [booking.book(actor, choice, key=key)]
    return list(booking.book_visit(actor, choice, other, key=key))


def beside(actor: Actor, choice: Choice, args: Mapping[str, str]) -> dict[str, Any]:
    """What the page of confirmation shows of a second time: the one that was chosen, or those to choose from."""
    chosen = second(args, choice.client_id)
    if chosen is not None:
        return {"second": _in_words(actor, choice, [chosen])[0], "only": pick_query(choice), "others": []}
    found = [Choice.from_offer(choice.client_id, kind, offer) for kind, offer in booking.beside(actor, choice)]
    return {"second": None, "others": _in_words(actor, choice, found)}


def _in_words(actor: Actor, first: Choice, others: list[Choice]) -> list[Other]:
    """Raises NotFound for a session or a type that is not there, or that this person may not know of."""
    if not others:
        return []
    sessions = desk.session_words({each.session_id for each in others})
    kinds = {kind.id: kind.name for kind in desk.types()}
    workers = staff_store.names({each.staff_id for each in others if each.staff_id is not None})
    found = []
    for each in others:
        session = sessions.get(each.session_id)
        if session is None or each.type_id not in kinds:
            raise NotFound
        venue = visibility.card(actor, session.venue_id)
        fields = {_ALSO + name: value for name, value in parse_qsl(pick_query(each))}
        what = session.title if each.staff_id is None else kinds[each.type_id]
        found.append(Other(
            pages.clock_text(each.start, venue.zone), what, workers.get(each.staff_id or 0, ""), fields,
            f"{pick_query(first)}&{urlencode(fields)}",
        ))
    return found
