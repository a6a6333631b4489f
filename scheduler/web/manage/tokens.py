"""Tokens: of the API, and of calendar feeds. Each is shown once, on the page that made it, and never again."""

from __future__ import annotations

from typing import Any

from flask import current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, NotFound
from scheduler.services import staff, venues
from scheduler.services.venues import VenueCard
from scheduler.store import staff as store
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp, words
from scheduler.web.security import allow, current_actor


@bp.get("/tokens")
@allow(*ROLES)
def tokens() -> Any:
    """Every token in use, and the forms that make new ones."""
    return _page()


@bp.post("/tokens")
@allow(*ROLES)
def make_token() -> Any:
    """Make an API token and show it this once."""
    try:
        made = staff.make_api_token(current_actor(), request.form.get("role", ""), request.form.get("name", ""))
    except Invalid as error:
        return _page(wrong=dict(error.fields), status=error.status)
    return _page(shown=made)


@bp.post("/tokens/<int:token_id>/end")
@allow(*ROLES)
def end_token(token_id: int) -> Any:
    """End an API token at once."""
    staff.end_api_token(current_actor(), token_id)
    flash(_("The token is ended."))
    return redirect(url_for("manage.tokens"))


@bp.post("/feeds")
@allow(*ROLES)
def make_feed() -> Any:
    """Make a calendar feed and show its address this once."""
    kind, _dot, subject = request.form.get("subject", "").partition(".")
    number = int(subject) if subject.isascii() and subject.isdigit() and len(subject) < 16 else 0
    try:
        if kind == "worker":
            made = staff.make_feed(current_actor(), kind, staff_id=number)
        else:
            made = staff.make_feed(current_actor(), kind, venue_id=number)
    except (Invalid, NotFound):
        return _page(wrong={"subject": _("Choose what the feed is for.")}, status=422)
    return _page(shown=f"{current_app.config['SIDEGATE_PUBLIC_URL']}/calendar/{made}.ics")


@bp.post("/feeds/<int:feed_id>/end")
@allow(*ROLES)
def end_feed(feed_id: int) -> Any:
    """End a calendar feed at once."""
    staff.end_feed(current_actor(), feed_id)
    flash(_("The feed is ended."))
    return redirect(url_for("manage.tokens"))


def _page(shown: str = "", wrong: dict[str, str] | None = None, status: int = 200) -> Any:
    known = {venue.id: venue for venue in venues.visible(current_actor(), closed_too=True)}
    feeds = [row for row in store.feeds() if row.ended_at is None and (row.venue_id is None or row.venue_id in known)]
    names = store.names({row.staff_id for row in feeds if row.staff_id is not None})
    page = render_template(
        "manage/tokens.html", shown=shown, wrong=wrong or {}, words=words, pages=pages, zone=pages.service_zone(),
        tokens=[row for row in store.tokens() if row.ended_at is None],
        feeds=[(row, _about(row, known, names)) for row in feeds], workers=store.workers(), venues=known.values(),
        typed=request.form,
    )
    return page, status


def _about(row: Any, known: dict[int, VenueCard], names: dict[int, str]) -> str:
    return known[row.venue_id].name if row.venue_id is not None else names.get(row.staff_id, "")
