"""Someone comes to a session unannounced: the arrival check, and a place in this very session (SAFETY.md 5)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid, SlotUnavailable, WrongState
from scheduler.services import booking, clients, door, sessions
from scheduler.services.actors import Actor
from scheduler.services.booking import Choice, Offer, Wanted
from scheduler.services.sessions import SessionCard
from scheduler.web import pages
from scheduler.web.outreach import ROLES, bp, words
from scheduler.web.outreach.one import BEFORE
from scheduler.web.security import allow, current_actor

MOST_HITS = 12
LONGEST = 120
#: More times than this are not read on a phone.
MOST_TIMES = 24


def _open(actor: Actor, session_id: int) -> SessionCard:
    """The session, while someone may still be added to it. Raises NotFound, NotAllowed, WrongState."""
    card = sessions.get(actor, session_id)
    if card.cancelled or card.end <= clock.now():
        raise WrongState
    return card


def _is_met(card: SessionCard) -> bool:
    """Does whoever is added now stand at the door, so that the arrival check is asked?"""
    return not card.online and "in-person" in card.modes and card.start <= clock.now() + BEFORE


def _page(card: SessionCard, status: int = 200, **shown: Any) -> Any:
    page = render_template(
        "outreach/walk_in.html", session=card, is_met=_is_met(card), longest=LONGEST, pages=pages, words=words,
        workers=dict(card.staff), **{"answer": "", "wrong": "", "hits": None, "client": None, "kinds": [], **shown},
    )  # fmt: skip
    return page, status


@bp.get("/sessions/<int:session_id>/add")
@allow(*ROLES)
def walk_in(session_id: int) -> Any:
    """The empty box."""
    return _page(_open(current_actor(), session_id))


@bp.post("/sessions/<int:session_id>/add")
@allow(*ROLES)
def check_walk_in(session_id: int) -> Any:
    """The answer about who was typed, and the records to pick from; or about the one picked, and when there is room. It
    comes as a POST, so that no name is in an address or a history."""
    actor = current_actor()
    card = _open(actor, session_id)
    client_id = pages.a_number(request.form.get("client"), "client", 1)
    typed = request.form.get("q", "").strip() if client_id is None else ""
    if client_id is None and not typed:
        return _page(card, 422, wrong=_("Type the name of one person."))
    answer = ""
    if _is_met(card):
        answer = pages.AT_THE_DOOR[door.check(actor, card.venue_id, client_id, typed or None)]
    if client_id is None:
        return _page(card, answer=answer, hits=clients.find(actor, typed, MOST_HITS))
    return _page(card, answer=answer, **_room_for(actor, card, client_id))


@bp.post("/sessions/<int:session_id>/add/book")
@allow(*ROLES)
def book_walk_in(session_id: int) -> Any:
    """Give the one picked a place in the session."""
    actor, form = current_actor(), request.form
    card = _open(actor, session_id)
    client_id = pages.a_number(form.get("client"), "client", 1)
    type_id = pages.a_number(form.get("type"), "type", 1)
    if client_id is None or type_id is None or form.get("mode") not in card.modes or len(form.get("key", "")) > 60:
        raise Invalid(start=_("Choose a time from the list."))
    staff_id, start = pages.a_number(form.get("staff"), "staff", 1), pages.a_moment(form.get("start"))
    choice = Choice(client_id, type_id, session_id, staff_id, form["mode"], start)
    try:
        made = booking.book(actor, choice, form.get("key") or None)
    except SlotUnavailable as refused:
        return _page(card, refused.status, wrong=_(refused.public), **_room_for(actor, card, client_id))
    flash(_("Added."), "ok")
    return redirect(url_for("outreach.session", session_id=session_id, _anchor=f"a{made.id}"), 303)


def _room_for(actor: Actor, card: SessionCard, client_id: int) -> dict[str, Any]:
    """Who was picked, and by kind of appointment when there is room in this session."""
    record = clients.get(actor, client_id)
    of = set(sessions.details_of(actor, card.id).types)
    known = [(kind, name) for kind, name, _group in sessions.types(actor) if kind in of]
    kinds = [(kind, name, _times(actor, card, record.id, kind)) for kind, name in known]
    who = sessions.short_name(record.given_name, record.family_name)
    return {"client": {"id": record.id, "name": who}, "kinds": kinds}


def _times(actor: Actor, card: SessionCard, client_id: int, type_id: int) -> list[Offer]:
    if card.kind != "one-to-one":
        # It may have begun: whether there is a place is asked when it is taken.
        mode = "in-person" if "in-person" in card.modes else card.modes[0]
        return [Offer(card.id, card.venue_id, None, mode, card.start, card.end, card.audience)]
    wanted = Wanted(client_id, type_id, card.start, card.end, venues=(card.venue_id,))
    return [offer for offer in booking.offers(actor, wanted) if offer.session == card.id][:MOST_TIMES]
