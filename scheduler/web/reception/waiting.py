"""The waiting list: who has waited longest, what each would have, what fits now, and the link that offers it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC
from typing import Any, NamedTuple
from urllib.parse import urlencode

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel import ngettext

from scheduler.rules import speaking
from scheduler.rules.slots import Offer
from scheduler.services import visibility, waiting_list
from scheduler.services.actors import Actor
from scheduler.services.waiting_list import Entry, Wish
from scheduler.store import board as board_store
from scheduler.store import staff as staff_store
from scheduler.store import venues as venue_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.search import minutes_text
from scheduler.web.reception.words import MODES, STAFF, WEEKDAYS
from scheduler.web.security import allow, current_actor

KINDS = {"one-to-one": lazy("one to one"), "group": lazy("a group"), "drop-in": lazy("drop-in")}


class Line(NamedTuple):
    """Someone who waits, in the desk's words."""

    id: int
    client_id: int
    who: str
    since: str
    kind: str
    wishes: str
    until: str
    offered: str
    may_text: bool


@dataclass(frozen=True, slots=True)
class Names:
    """What places and workers are called to this reader, by id."""

    places: dict[int, str]
    staff: dict[int, str]


class Fit(NamedTuple):
    """A time that fits now, and the query of the page that books it."""

    when: str
    what: str
    query: str


def _names(actor: Actor, places: Collection[int], staff: Collection[int]) -> Names:
    rows = venue_store.cards(sorted(places)) if places else ()
    mine = visibility.assigned(actor) if any(row.confidential for row in rows) else frozenset()
    return Names(
        {row.id: visibility.label_for(row, actor, mine) for row in rows},
        staff_store.names(set(staff)) if staff else {},
    )


def _of(actor: Actor, entries: list[Entry]) -> Names:
    return _names(
        actor, {place for each in entries for place in each.wish.places},
        {worker for each in entries for worker in each.wish.staff},
    )


@bp.get("/waiting-list")
@allow(*STAFF)
def waiting() -> Any:
    """Those who wait, whoever has waited longest first."""
    actor = current_actor()
    entries = waiting_list.listed(actor)
    names = _of(actor, entries)
    return render_template("reception/waiting_list.html", lines=[_line(each, names) for each in entries])


def _line(each: Entry, names: Names) -> Line:
    zone = pages.service_zone()
    return Line(
        each.id, each.client_id, board_store.short_name(each.given_name, each.family_name),
        pages.day_text(each.made_at.astimezone(zone).date()), each.kind, wishes_text(each.wish, names),
        pages.day_text(each.until), pages.when_text(each.offered_at, zone) if each.offered_at else "", each.may_text,
    )


def wishes_text(wish: Wish, names: Names) -> str:
    """What she would have, in one line."""
    language = _("language: ask which") if wish.language == speaking.NOT_SAID else wish.language
    parts = [
        " / ".join(str(MODES[mode]) for mode in wish.modes),
        " / ".join(dict.fromkeys(names.places[each] for each in wish.places if each in names.places)),
        ", ".join(str(WEEKDAYS[day])[:3] for day in wish.weekdays),
        _hours(wish),
        " / ".join(names.staff[each] for each in wish.staff if each in names.staff),
        _("a woman") if wish.woman_worker else "",
        _("women-only times") if wish.women_only else "",
        ngettext("%(num)d child", "%(num)d children", wish.creche) if wish.creche else "",
        " / ".join(str(KINDS[each]) for each in wish.kinds if each in KINDS), language,
    ]
    return " · ".join(part for part in parts if part) or _("Any time, any place")


def _hours(wish: Wish) -> str:
    if wish.from_minute is None and wish.until_minute is None:
        return ""
    return f"{minutes_text(wish.from_minute or 0)}–{minutes_text(min(wish.until_minute or 1440, 1440))}"


@bp.get("/waiting-list/<int:waiting_id>")
@allow(*STAFF)
def waits(waiting_id: int) -> Any:
    """One of them, with the soonest times that fit now."""
    actor = current_actor()
    entry = waiting_list.get(actor, waiting_id)
    found = waiting_list.fitting(actor, entry)
    staff = {offer.staff for offer in found if offer.staff is not None}
    names = _names(actor, {*entry.wish.places, *(offer.venue for offer in found)}, {*entry.wish.staff, *staff})
    zones = {row.id: row.zone for row in venue_store.cards(sorted({offer.venue for offer in found}))}
    fits = [_fit(entry, offer, names, zones[offer.venue]) for offer in found]
    return render_template("reception/waiting_one.html", line=_line(entry, names), fits=fits)


def _fit(entry: Entry, offer: Offer, names: Names, zone: str) -> Fit:
    what = [str(MODES[offer.mode]), names.places.get(offer.venue, ""), names.staff.get(offer.staff or 0, "")]
    at = offer.start.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    query = {"session": offer.session, "staff": offer.staff, "mode": str(offer.mode), "at": at, "type": entry.type_id,
             "creche": entry.wish.creche or None}
    return Fit(
        pages.when_text(offer.start, zone_named(zone)), " · ".join(part for part in what if part),
        urlencode({name: value for name, value in query.items() if value is not None}),
    )


@bp.post("/waiting-list/<int:waiting_id>/offer")
@allow(*STAFF)
def waiting_offer(waiting_id: int) -> Any:
    """Send her the link with which she chooses for herself."""
    if waiting_list.offer(current_actor(), waiting_id):
        flash(_("A text with a link will go out at a safe hour."), "ok")
    else:
        flash(_("No link was sent: a text is not safe."), "error")
    return redirect(url_for("reception.waiting"), 303)


@bp.post("/waiting-list/<int:waiting_id>/done")
@allow(*STAFF)
def waiting_done(waiting_id: int) -> Any:
    """Take her off the list."""
    waiting_list.settle(current_actor(), waiting_id)
    flash(_("Saved."), "ok")
    return redirect(url_for("reception.waiting"), 303)
