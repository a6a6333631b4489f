"""The page of phones."""

from __future__ import annotations

import re
from itertools import groupby
from typing import NamedTuple

from flask import render_template

from scheduler.rules.phones import shown
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


@bp.get("/")
@allow(*STAFF_ROLES)
def phones() -> str:
    """Every phone that was texted lately, the one with the newest text first."""
    zone = service_zone()
    texts = store.handset_texts()
    order = {number: place for place, number in enumerate(dict.fromkeys(text.phone for text in texts))}
    texts.sort(key=lambda text: order[text.phone])
    drawer = [
        Phone(shown(number), [Bubble(text.at.astimezone(zone), _cut(text.body)) for text in group])
        for number, group in groupby(texts, key=lambda text: text.phone)
    ]
    return render_template("handset/phones.html", phones=drawer)


def _cut(body: str) -> list[tuple[str, bool]]:
    return [(piece, piece.startswith("http")) for piece in _ADDRESS.split(body) if piece]
