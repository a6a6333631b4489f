"""What women asked for on their links, on the page of replies: a call, another number, a link closed by wrong words."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from scheduler.rules import phones
from scheduler.services import asks
from scheduler.services.actors import Actor
from scheduler.services.asks import Waiting
from scheduler.store import board as board_store
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor

KINDS = {
    "call": lazy_gettext("Would like a call"),
    "number": lazy_gettext("Texts to another number"),
    "word": lazy_gettext("Her link closed after five wrong words: someone else may have it"),
}


class Line(NamedTuple):
    """Something that was asked for, in the desk's words. `more` is the number, as people write it."""

    id: int
    made: str
    who: str
    client_id: int
    what: str
    more: str


def lines(actor: Actor) -> list[Line]:
    """What waits for someone to see to it, the oldest first."""
    return [_line(each) for each in asks.waiting(actor)]


def _line(each: Waiting) -> Line:
    return Line(
        each.id, pages.when_text(each.made_at, pages.service_zone()),
        board_store.short_name(each.given_name, each.family_name), each.client_id, str(KINDS[each.kind]),
        phones.shown(each.words),
    )


@bp.post("/asks/<int:ask_id>/done")
@allow(*STAFF)
def ask_done(ask_id: int) -> Any:
    """Someone has seen to it."""
    asks.done(current_actor(), ask_id)
    flash(_("Saved."), "ok")
    return redirect(url_for("reception.waiting_replies"), 303)
