"""When no time suits: we keep looking for one, someone calls her, or she comes when she likes.

Waiting and calls are the same for everyone: they rest on what she said and on her own record (SAFETY.md 4.2). Times to
come when she likes are offers, so whoever is in request mode is shown none.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from flask import make_response, render_template, request
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules.presence import Mode
from scheduler.services import booking, links, waiting_list
from scheduler.services.links import LinkVisit
from scheduler.services.waiting_list import Wish
from scheduler.store import links as store
from scheduler.web import pages
from scheduler.web.link import bp, noting, offered, wishes
from scheduler.web.link.choosing import labels
from scheduler.web.link.visits import go, hers
from scheduler.web.link.wishes import MODES, SHAPES, TIMES, Wishes
from scheduler.web.link.words import HOW, long_day, weekdays

#: For how many weeks she can wait, and how many times to come when she likes one page lists.
WEEKS = (2, 4, 8)
_FEW = 6


def _wish(visit: LinkVisit, types: dict[int, Any]) -> Wishes:
    """What she would have: as she chose in this visit, or as her record says."""
    wish = wishes.wishes(visit, types)
    asked = visit.choices.get("ask") or {}
    if not asked:
        return wish
    where = (asked["where"],) if asked.get("where") else wish.where
    type_id = asked["type"] if asked.get("type") in types else wish.type_id
    how = (asked["how"],) if asked.get("how") in MODES else wish.how
    return replace(wish, type_id=type_id, how=how, where=where)


def in_words(visit: LinkVisit, wish: Wishes, types: dict[int, Any]) -> list[str]:
    """What she would have, a line for each thing that she said."""
    known, days = wishes.workers(visit), weekdays()
    at = labels(visit)
    who = {"woman": _("With a woman"), "peer": _("With someone who has been there too")}
    with_ = _("With %(name)s", name=known[int(wish.who)]) if wish.who.isdigit() and int(wish.who) in known else ""
    lines = [
        types[wish.type_id].name if len(types) > 1 and wish.type_id in types else "",
        ", ".join(str(HOW[Mode(mode)]) for mode in wish.how),
        ", ".join(at[each].label for each in wish.where if each in at),
        _("No steps to get in") if wish.step_free else "",
        ", ".join(days[day] for day in wish.days),
        str(TIMES[wish.time].words) if wish.time != "any" else _("The hours you told us") if wish.usual else "",
        with_ or who.get(wish.who, ""),
        _("Women only times") if wish.women_only else "",
        str(SHAPES[wish.shape][0]) if wish.shape != "any" else "",
        _("With a place for children") if wish.children else "",
    ]
    return [line for line in lines if line]


@bp.get("/my/help")
@hers
def ways(visit: LinkVisit) -> Any:
    """The other ways: being on the list, a call, and times to come when she likes. The call is asked for where it is
    after an appointment: one list for staff, whatever led to it."""
    return _page(visit)


def _page(visit: LinkVisit, wrong: str = "") -> Any:
    types = {row.id: row for row in store.types_for_her()}
    wish, asking = _wish(visit, types), booking.in_request_mode(visit.client_id)
    offers: list[Any] = []
    if not asking and wish.type_id in types:
        offers = offered.open_hours(visit, wish, types[wish.type_id])[:_FEW]
    waits = waiting_list.waits(visit.client_id)
    page = render_template(
        "link/help.html", lines=in_words(visit, wish, types), weeks=WEEKS, until=long_day(waits.until) if waits else "",
        offers=offered.shown(visit, offers), asking=asking, wrong=wrong, can_wait=wish.type_id in types,
    )
    return make_response(page, 422 if wrong else 200)


@bp.post("/my/wait")
@hers
def wait(visit: LinkVisit) -> Any:
    """Put her on the list, with what she would have."""
    types = {row.id: row for row in store.types_for_her()}
    wish = _wish(visit, types)
    weeks = next((each for each in WEEKS if str(each) == request.form.get("weeks")), WEEKS[1])
    if wish.type_id not in types:
        return go("ways")
    until = clock.now().astimezone(pages.service_zone()).date() + timedelta(weeks=weeks)
    try:
        waiting_list.join(visit.actor, visit.client_id, wish.type_id, as_wish(wish, types[wish.type_id]), until)
    except Invalid as error:
        return _page(visit, next(iter(error.fields.values()), error.public))
    links.save_choices(visit, {**visit.choices, "noted": noting.waiting(visit, wish)})
    return go("helped")


def as_wish(wish: Wishes, kind: Any) -> Wish:
    """What she would have, as it is kept for staff. Place 0 is nowhere: she said where, and there is none such."""
    there, staff = wish.places(), wish.staff()
    low, high = wish.hours(kind.minutes)
    return Wish(
        wish.how, () if there is None else tuple(sorted(there)) or (0,), wish.days, low, high,
        () if staff is None else tuple(sorted(staff)) or (0,), wish.who == "woman", wish.women_only, wish.children,
        tuple(sorted(SHAPES[wish.shape][1])), wish.language,
    )


@bp.post("/my/wait/no")
@hers
def wait_no_more(visit: LinkVisit) -> Any:
    """Off the list again."""
    waiting_list.leave(visit.actor, visit.client_id)
    return go("home")


@bp.get("/my/helped")
@hers
def helped(visit: LinkVisit) -> Any:
    """What happens next."""
    waits = waiting_list.waits(visit.client_id)
    if waits is None:
        return go("home")
    texts = links.number_ending(visit) is not None
    return render_template("link/helped.html", until=long_day(waits.until), texts=texts)


@bp.post("/my/<int:number>/why")
@hers
def why(visit: LinkVisit, number: int) -> Any:
    """Why she cancelled, if she likes: one tap, and never asked twice."""
    if visit.choices.get("cancelled") != number:
        return go("home")
    booking.say_why(visit.actor, number, request.form.get("why", ""))
    links.save_choices(visit, {**visit.choices, "why": number})
    return go("cancelled")
