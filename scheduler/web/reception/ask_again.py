"""Whom to ask again what is safe: checks that are due or soon will be, whoever is to come first."""

from __future__ import annotations

from typing import Any, NamedTuple

from flask import render_template, request

from scheduler.services import safe_contacts
from scheduler.services.personal import today
from scheduler.services.safe_contacts import ToAsk
from scheduler.store import board as board_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor

A_PAGE = 30


class Line(NamedTuple):
    """One woman to be asked, in the desk's words. `due` when nothing goes out to her until she was; `check_number` when
    texts to her number do not arrive."""

    client_id: int
    who: str
    by: str
    due: bool
    check_number: bool
    following: str


@bp.get("/ask-again")
@allow(*STAFF)
def ask_again() -> Any:
    """Whom to ask, a page at a time."""
    actor = current_actor()
    page = pages.a_number(request.args.get("page"), "page", 1, 10_000) or 1
    found = safe_contacts.ask_again(actor, (page - 1) * A_PAGE, A_PAGE + 1)
    return render_template(
        "reception/ask_again.html", lines=[_line(each) for each in found[:A_PAGE]], page=page,
        more=len(found) > A_PAGE, count=safe_contacts.count_to_ask(actor), days=safe_contacts.SOON.days,
    )


def _line(each: ToAsk) -> Line:
    following = pages.when_text(each.following, zone_named(each.zone)) if each.following and each.zone else ""
    return Line(
        each.client_id, board_store.short_name(each.given_name, each.family_name),
        pages.day_and_year(each.review_on) if each.review_on else "", bool(each.review_on and each.review_on < today()),
        each.check_number, following,
    )
