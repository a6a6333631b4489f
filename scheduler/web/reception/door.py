"""The arrival check: type or pick who has come in, and read one sentence (SAFETY.md 5).

Whatever the sentence rests on, the page is the same to the byte, and it repeats nothing of what was typed: the screen
stands on a public counter.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask import render_template, request, session
from flask_babel import gettext as _

from scheduler.errors import Invalid
from scheduler.services import clients, door, visibility
from scheduler.services.clients import ClientCard
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor

MOST_HITS = 12
LONGEST = 120


class Asked(NamedTuple):
    """What became of a question at the door: the answer's sentence or what was wrong with the question, records to pick
    from, and the client who was checked, who may have brought someone."""

    answer: Any = ""
    wrong: str = ""
    hits: list[ClientCard] | None = None
    brought_by: int | None = None

    @property
    def status(self) -> int:
        """The page's status."""
        return 422 if self.wrong else 200


NOTHING_ASKED = Asked()


def ask(form: Mapping[str, str], venue: int) -> Asked:
    """Who came in, as it was sent from any page with the box. The page keeps nothing of what was typed. A name beside
    the client who was checked is a companion's only when the page says so."""
    actor = current_actor()
    typed, client = form.get("q", "").strip(), pages.a_number(form.get("client"), "client", 1)
    companion = "companion" in form
    if typed and not companion:
        client = None
    if form.get("do") == "find" and not companion:
        return Asked(hits=clients.find(actor, typed, MOST_HITS) if typed else [])
    try:
        answer = door.check(actor, venue, client, typed or None, companion)
    except Invalid:
        return Asked(wrong=_("Type the name of one person."), brought_by=client if companion else None)
    return Asked(answer=pages.AT_THE_DOOR[answer], brought_by=client)


def _page(asked: Asked = NOTHING_ASKED) -> Any:
    """The box, with whatever there is to show above it."""
    places = [venue for venue in visibility.visible(current_actor()) if not venue.online]
    page = render_template(
        "reception/door.html", places=places, here=session.get("venue"), longest=LONGEST, asked=asked
    )
    return page, asked.status


@bp.get("/door")
@allow(*STAFF)
def door_page() -> Any:
    """The empty box."""
    return _page()


@bp.post("/door")
@allow(*STAFF)
def check_arrival() -> Any:
    """The answer, or the records to pick from. It comes as a POST, so that no name is in an address or a history."""
    venue = pages.a_number(request.form.get("venue"), "venue", 1)
    if venue is None:
        return _page(Asked(wrong=_("Choose the place.")))
    visibility.card(current_actor(), venue)
    if session.get("venue") != venue:
        session["venue"] = venue
    return _page(ask(request.form, venue))
