"""The page of phones."""

from __future__ import annotations

import re
from itertools import groupby
from typing import Any, NamedTuple

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.notifications import replies
from scheduler.rules.phones import LONGEST, shown
from scheduler.services.actors import STAFF_ROLES
from scheduler.store import messages as store
from scheduler.web.handset import bp
from scheduler.web.pages import service_zone
from scheduler.web.security import allow

_ADDRESS = re.compile(r"(https?://\S+)")


class Bubble(NamedTuple):
    """One text: when it came, and its words cut so that addresses can be links."""

    at: object
    pieces: list[tuple[str, bool]]


class Phone(NamedTuple):
    """One number and its texts, the newest first."""

    number: str
    texts: list[Bubble]
    whole: str


@bp.get("/")
@allow(*STAFF_ROLES)
def phones() -> str:
    """Every phone that was texted lately, the one with the newest text first."""
    zone = service_zone()
    texts = store.handset_texts()
    order = {number: place for place, number in enumerate(dict.fromkeys(text.phone for text in texts))}
    texts.sort(key=lambda text: order[text.phone])
    drawer = [
        Phone(shown(number), [Bubble(text.at.astimezone(zone), _cut(text.body)) for text in group], number)
        for number, group in groupby(texts, key=lambda text: text.phone)
    ]
    return render_template("handset/phones.html", phones=drawer)


@bp.post("/reply")
@allow(*STAFF_ROLES)
def reply() -> Any:
    """Answer as from one of the phones. It goes the way of a text that came in, and is not shown here again."""
    replies.receive(request.form.get("from", "")[:LONGEST], request.form.get("body", ""))
    flash(_("Sent."), "ok")
    return redirect(url_for("handset.phones"), 303)


def _cut(body: str) -> list[tuple[str, bool]]:
    return [(piece, piece.startswith("http")) for piece in _ADDRESS.split(body) if piece]
