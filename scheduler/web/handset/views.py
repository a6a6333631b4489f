"""The page of phones: for a demonstration or a training day, on a projector or in the hand."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.notifications import phones as drawers
from scheduler.notifications.phones import Phone
from scheduler.rules.phones import shown
from scheduler.services.actors import STAFF_ROLES
from scheduler.web import pages
from scheduler.web.handset import bp
from scheduler.web.security import allow, current_actor

_ADDRESS = re.compile(r"(https?://\S+)")

PURPOSES = {
    "confirmation": lazy("The text that she is booked"), "reminder": lazy("A reminder"),
    "change": lazy("The text of what changed"), "cancellation": lazy("The text that it is off"),
    "link": lazy("A text with her link"),
}


class Bubble(NamedTuple):
    """One text: the day when it is the first of one, the time, its words cut so that addresses can be links, and
    whether it was written on this phone."""

    id: int
    day: str
    at: str
    moment: datetime
    pieces: list[tuple[str, bool]]
    written: bool


class Screen(NamedTuple):
    """One phone, as it looks. `coming` says when each planned text will go."""

    key: str
    number: str
    owner: str
    of_staff: bool
    bubbles: list[Bubble]
    coming: list[str]


@bp.get("/")
@allow(*STAFF_ROLES)
def phones() -> str:
    """Every phone that was texted lately or will be soon, side by side."""
    zone = pages.service_zone()
    found = [_screen(each, zone) for each in drawers.drawer(current_actor())]
    return render_template("handset/phones.html", phones=found, now=pages.when_text(clock.now(), zone))


@bp.post("/reply")
@allow(*STAFF_ROLES)
def reply() -> Any:
    """Answer as from one of the phones. It goes the way of a text that came in."""
    key, body = request.form.get("phone", ""), request.form.get("quick") or request.form.get("body", "")
    if not body.strip():
        raise Invalid(body=_("Type a reply first."))
    if drawers.answer(current_actor(), key, body):
        flash(_("Texts to this number are stopped, as STOP does for real."), "ok")
    return redirect(url_for("handset.phones", _anchor=f"p-{key}"), 303)


def _screen(phone: Phone, zone: ZoneInfo) -> Screen:
    bubbles: list[Bubble] = []
    today, last = clock.now().astimezone(zone).date(), None
    for text in phone.texts:
        local = text.at.astimezone(zone)
        day = "" if local.date() == last else (_("Today") if local.date() == today else pages.day_text(local.date()))
        last = local.date()
        bubbles.append(Bubble(text.id, day, pages.clock_text(text.at, zone), local, _cut(text.body), text.written))
    coming = [
        _("%(what)s will come on %(when)s, at a safe hour.", what=PURPOSES[each.purpose],
          when=pages.when_text(each.send_after, zone))
        for each in phone.coming
    ]
    return Screen(phone.key, shown(phone.number), phone.owner, phone.of_staff, bubbles, coming)


def _cut(body: str) -> list[tuple[str, bool]]:
    return [(piece, piece.startswith("http")) for piece in _ADDRESS.split(body) if piece]
