"""Texts that came back: who wants another time, and what nobody but a person can answer."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _

from scheduler.rules.replies import Meaning
from scheduler.services import replies
from scheduler.services.replies import Waiting
from scheduler.store import board as board_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception import asks, bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor


class Line(NamedTuple):
    """One text that came back, in the desk's words. `who` is empty when nobody can say."""

    id: int
    received: str
    who: str
    client_id: int | None
    wants: bool
    words: str | None
    appointment_id: int | None
    about: str
    may_move: bool


@bp.get("/replies")
@allow(*STAFF)
def waiting_replies() -> Any:
    """What waits for someone to see to it."""
    actor = current_actor()
    lines = [_line(each) for each in replies.waiting(actor)]
    return render_template("reception/replies.html", lines=lines, asks=asks.lines(actor), days=replies.KEPT.days)


def _line(each: Waiting) -> Line:
    about = ""
    if each.start is not None and each.zone is not None:
        about = " · ".join(
            part for part in (pages.when_text(each.start, zone_named(each.zone)), each.kind, each.place) if part
        )
    who = board_store.short_name(each.given_name, each.family_name) if each.client_id is not None else ""
    return Line(
        each.id, pages.when_text(each.received_at, pages.service_zone()), who, each.client_id,
        each.meaning is Meaning.ANOTHER_TIME, each.words, each.appointment_id, about, each.may_move,
    )


@bp.post("/replies/<int:reply_id>/done")
@allow(*STAFF)
def reply_done(reply_id: int) -> Any:
    """Someone has seen to it."""
    replies.done(current_actor(), reply_id)
    flash(_("Saved."), "ok")
    return redirect(url_for("reception.waiting_replies"), 303)
