"""The arrival check: type or pick who has come in, and read one sentence (SAFETY.md 5).

Whatever the sentence rests on, the page is the same to the byte, and it repeats nothing of what was typed: the screen
stands on a public counter.
"""

from __future__ import annotations

from typing import Any

from flask import render_template, request, session
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.errors import Invalid
from scheduler.services import clients, door, visibility
from scheduler.services.door import Answer
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor

MOST_HITS = 12
LONGEST = 120

SENTENCES = {
    Answer.GO: lazy("Go ahead"),
    Answer.QUIET_ROOM: lazy("Please use the quiet room and call the lead"),
}


def _page(status: int = 200, **shown: Any) -> Any:
    """The box, with whatever there is to show above it."""
    places = [venue for venue in visibility.visible(current_actor()) if not venue.online]
    page = render_template(
        "reception/door.html", places=places, here=session.get("venue"), longest=LONGEST,
        **{"answer": "", "wrong": "", "hits": None, "brought_by": None, **shown},
    )  # fmt: skip
    return page, status


@bp.get("/door")
@allow(*STAFF)
def door_page() -> Any:
    """The empty box."""
    return _page()


@bp.post("/door")
@allow(*STAFF)
def check_arrival() -> Any:
    """The answer, or the records to pick from. It comes as a POST, so that no name is in an address or a history."""
    actor, form = current_actor(), request.form
    venue = pages.a_number(form.get("venue"), "venue", 1)
    if venue is None:
        return _page(422, wrong=_("Choose the place."))
    visibility.card(actor, venue)
    if session.get("venue") != venue:
        session["venue"] = venue
    typed, client = form.get("q", "").strip(), pages.a_number(form.get("client"), "client", 1)
    companion = "companion" in form
    if form.get("do") == "find" and not companion:
        return _page(hits=clients.find(actor, typed, MOST_HITS) if typed else [])
    try:
        answer = door.check(actor, venue, client, typed or None, companion)
    except Invalid:
        return _page(422, wrong=_("Type the name of one person."), brought_by=client if companion else None)
    return _page(answer=SENTENCES[answer], brought_by=client)


