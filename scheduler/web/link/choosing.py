"""Her first screen, and choosing another time: how, where, when, with whom, with children, in which language."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from flask import make_response, render_template, request

from scheduler import clock
from scheduler.errors import SlotUnavailable
from scheduler.services import booking, links, waiting_list
from scheduler.services.links import LinkVisit
from scheduler.store import links as store
from scheduler.web.link import bp, noting, offered, wishes
from scheduler.web.link.asking import sent
from scheduler.web.link.own import Own, own_appointments
from scheduler.web.link.visits import go, hers
from scheduler.web.link.wishes import Wishes
from scheduler.web.link.words import HOW, Place, places, weekdays
from scheduler.web.pages import new_key


@dataclass(frozen=True, slots=True)
class Asked:
    """What she is looking for now: her wishes, the type's row (None when none can be booked here), the workers she
    knows by id, and the appointment that she is changing, if she is."""

    wish: Wishes
    kind: Any
    types: dict[int, Any]
    workers: dict[int, str]
    changing: Own | None


def asked(visit: LinkVisit, own: list[Own] | None = None) -> Asked:
    """What this visit is looking for."""
    types = {row.id: row for row in store.types_for_her()}
    wish = wishes.wishes(visit, types)
    number = visit.choices.get("changing")
    mine = own_appointments(visit) if own is None and number is not None else own or []
    changing = next((each for each in mine if each.row.own_number == number and each.told.may_change), None)
    if changing is not None and changing.row.type_id in types:
        wish = _as_long(replace(wish, type_id=changing.row.type_id), changing, types[changing.row.type_id])
    return Asked(wish, types.get(wish.type_id), types, wishes.workers(visit), changing)


def _as_long(wish: Wishes, changing: Own, kind: Any) -> Wishes:
    minutes = int((changing.row.end - changing.row.start).total_seconds() // 60)
    fits = kind.least_minutes <= minutes <= kind.most_minutes and minutes % 5 == 0
    return replace(wish, minutes=minutes if fits and minutes != kind.minutes else None)


@bp.get("/my/")
@hers
def home(visit: LinkVisit) -> Any:
    """Her next appointment, if she has one, and three good times at once; in request mode, the way to ask."""
    own = own_appointments(visit)
    if booking.in_request_mode(visit.client_id):
        return render_template(
            "link/home.html", own=own, asking=True, sent=sent(visit), waits=waiting_list.waits(visit.client_id)
        )
    found = asked(visit, own)
    offers, eased = [], False
    if found.kind is not None:
        offers, eased = offered.good_times(visit, found.wish, found.kind, found.workers)
    return render_template(
        "link/home.html", own=own, asking=False, offers=offered.shown(visit, offers), eased=eased, asked=found,
        waits=waiting_list.waits(visit.client_id),
    )


@bp.get("/my/choose")
@hers
def choose(visit: LinkVisit) -> Any:
    """The form of choices, filled in from her record or from what she chose before."""
    if booking.in_request_mode(visit.client_id):
        return go("home")
    found = asked(visit)
    options = wishes.options(visit, found.types, labels(visit), found.workers)
    return render_template(
        "link/choose.html", asked=found, options=options, wish=found.wish, times=wishes.TIMES, how=HOW,
        days=weekdays(), children=range(wishes.MOST_CHILDREN + 1), shapes=wishes.SHAPES,
    )


def labels(visit: LinkVisit) -> dict[int, Place]:
    """The places that she could choose between, by the names she knows."""
    return places(visit, store.places_for(visit.client_id, clock.now()))


@bp.post("/my/choose")
@hers
def chosen(visit: LinkVisit) -> Any:
    """Keep what the form says, and show the times for it."""
    if booking.in_request_mode(visit.client_id):
        return go("home")
    found = asked(visit)
    options = wishes.options(visit, found.types, labels(visit), found.workers)
    wish = wishes.from_form(request.form, options, found.wish)
    kept = {**visit.choices, "wishes": wish.kept(), "from": None}
    kind = found.types.get(wish.type_id)
    if kind is not None and not offered.any_time(visit, wish, kind):
        kept["noted"] = noting.nothing(visit, wish)
    links.save_choices(visit, kept)
    return go("times")


@bp.get("/my/times")
@hers
def times(visit: LinkVisit) -> Any:
    """A screenful of times, day by day."""
    if booking.in_request_mode(visit.client_id):
        return go("home")
    found = asked(visit)
    groups: list[offered.Group] = []
    following, later = None, _from(visit)
    if found.kind is not None:
        groups, following = offered.page_of_times(
            visit, found.wish, found.kind, later or clock.now(), found.workers
        )
    return render_template(
        "link/times.html", asked=found, groups=groups, following=following, is_later=later is not None
    )


def _from(visit: LinkVisit) -> datetime | None:
    kept = visit.choices.get("from")
    start = datetime.fromisoformat(kept) if kept else None
    return start if start is not None and start > clock.now() else None


@bp.post("/my/times")
@hers
def turn_page(visit: LinkVisit) -> Any:
    """Later times, or back to the first ones."""
    start = None
    if request.form.get("page") == "later" and not booking.in_request_mode(visit.client_id):
        found = asked(visit)
        if found.kind is not None:
            _groups, start = offered.page_of_times(
                visit, found.wish, found.kind, _from(visit) or clock.now(), found.workers
            )
    links.save_choices(visit, {**visit.choices, "from": start.isoformat() if start else None})
    return go("times")


@bp.post("/my/pick")
@hers
def pick(visit: LinkVisit) -> Any:
    """A time was tapped: keep it, and ask her to confirm. Nothing is booked or held yet."""
    if booking.in_request_mode(visit.client_id):
        return go("home")
    found = asked(visit)
    if found.kind is None:
        return go("home")
    offer, start = offered.find(visit, found.wish, found.kind, request.form.get("time", ""))
    if start is None:
        return go("home")
    if offer is None:
        return gone(visit, found, start)
    language = found.wish.language
    picked = {
        "asked": asdict(noting.asked_of(found.wish)),
        "interpreter": language if language and not offered.speaks(offer, language) else None,
        "session": offer.session, "venue": offer.venue, "staff": offer.staff, "mode": str(offer.mode),
        "start": offer.start.isoformat(), "end": offer.end.isoformat(), "audience": str(offer.audience),
        "type": found.wish.type_id, "minutes": found.wish.minutes, "children": found.wish.children,
        "changing": found.changing.row.own_number if found.changing else None, "key": new_key(),
    }
    links.save_choices(visit, {**visit.choices, "picked": picked})
    return go("check")


def gone(visit: LinkVisit, found: Asked, around: datetime) -> Any:
    """The time cannot be had, whatever the reason: one sentence, one status, and the nearest others."""
    others = offered.nearest(visit, found.wish, found.kind, around) if found.kind is not None else []
    page = render_template(
        "link/gone.html", sentence=SlotUnavailable.sentence, offers=offered.shown(visit, others), asked=found
    )
    return make_response(page, SlotUnavailable.status)
