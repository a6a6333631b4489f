"""My sessions today and this week, and the day's list on paper."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from flask import render_template, request

from scheduler import clock
from scheduler.rules.recurrence import edge
from scheduler.services import sessions, venues
from scheduler.services.actors import Actor
from scheduler.services.sessions import SessionCard
from scheduler.web import pages
from scheduler.web.outreach import ROLES, bp, words
from scheduler.web.security import allow, current_actor

WEEK = timedelta(days=7)


def between(first: date, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The instants at which so many local days from `first` begin and end."""
    return edge(first, 0, zone), edge(first + timedelta(days=days), 0, zone)


def by_day(cards: Iterable[SessionCard]) -> list[tuple[date, list[SessionCard]]]:
    """The sessions of each day, on the clock of their own place."""
    def day(card: SessionCard) -> date:
        return card.start.astimezone(card.zone).date()

    return [(each, list(found)) for each, found in groupby(sorted(cards, key=lambda c: (day(c), c.start)), key=day)]


@bp.get("/")
@allow(*ROLES)
def week() -> Any:
    """A week of sessions from today, or from another day: one's own, or everyone's at a place."""
    actor = current_actor()
    zone = pages.service_zone()
    today = clock.now().astimezone(zone).date()
    first = pages.a_day(request.args.get("from"), today, "from")
    start, until = between(first, 7, zone)
    everyone = request.args.get("whose") == "all"
    at: dict[str, Any] = _places(actor) if everyone else {}
    if everyone:
        cards = sessions.at_venues(actor, start, until, at["asked"])
    else:
        cards = sessions.mine(actor, actor.staff_id or 0, start, until)
    found = [(day, of_day) for day, of_day in by_day(cards) if first <= day < first + WEEK]
    if first == today and (not found or found[0][0] != today):
        found.insert(0, (today, []))
    return render_template(
        "outreach/week.html", days=found, first=first, today=today, everyone=everyone, before=first - WEEK,
        after=first + WEEK, now=clock.now(), pages=pages, words=words, **at,
    )


def _places(actor: Actor) -> dict[str, Any]:
    """Whose sessions "all" means: those at one place, or at the actor's own few. Every place of a large service at
    once would be thousands of lines."""
    places, assigned = venues.visible(actor), venues.assigned(actor)
    venue = pages.a_number(request.args.get("venue"), "venue")
    if venue is None and not assigned and places:
        venue = places[0].id
    asked = (venue,) if venue is not None else tuple(sorted(assigned))
    return {"venues": places, "assigned": assigned, "venue": venue, "asked": asked}


@bp.get("/list")
@allow(*ROLES)
def day_list() -> Any:
    """A day's sessions with everyone who is coming, to print or to keep open where there is no network."""
    actor = current_actor()
    zone = pages.service_zone()
    day = pages.a_day(request.args.get("date"), clock.now().astimezone(zone).date())
    start, until = between(day, 1, zone)
    cards = [card for card in sessions.mine(actor, actor.staff_id or 0, start, until) if not card.cancelled]
    return render_template(
        "outreach/list.html", day=day, cards=cards, coming=sessions.attendees_of(actor, cards), pages=pages,
        words=words,
    )
