"""Opening times and closures."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import InTheWay, Invalid, SidegateError
from scheduler.services import venues
from scheduler.services.actors import Actor
from scheduler.services.venues import WindowDetails
from scheduler.web import pages
from scheduler.web.manage import ROLES, blocked, bp, places, words
from scheduler.web.security import allow, current_actor

#: Empty rows under those that are filled in, so that times can be added without a script.
_EMPTY = 4
_MOST_ROWS = 80


@bp.route("/venues/<int:venue_id>/hours", methods=["GET", "POST"])
@allow(*ROLES)
def hours(venue_id: int) -> Any:
    """A venue's weekly opening times, to change."""
    actor = current_actor()
    venues.card(actor, venue_id)
    if request.method == "GET":
        return _form(actor, venue_id, [_row(window) for window in venues.opening_windows(actor, venue_id)])
    rows = _sent()
    try:
        first = venues.set_opening_windows(
            actor, venue_id, [_window(row) for row in rows if row["from"] or row["until"]], "later" in request.form
        )
    except (Invalid, InTheWay) as error:
        return _form(actor, venue_id, rows, error)
    today = clock.now().astimezone(venues.card(actor, venue_id).zone).date()
    if first > today:
        flash(_("These opening times hold from %(day)s.", day=pages.day_and_year(first)))
    else:
        flash(_("The opening times are saved."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


@bp.post("/venues/<int:venue_id>/closures")
@allow(*ROLES)
def close(venue_id: int) -> Any:
    """Shut a venue for a span of time."""
    actor = current_actor()
    zone = venues.card(actor, venue_id).zone
    form = request.form
    try:
        if not form.get("first_day"):
            raise Invalid(first_day=_("Choose a day."))
        first = pages.a_day(form.get("first_day"), date.min, "first_day")
        last = pages.a_day(form.get("last_day"), first, "last_day")
        start = pages.an_instant(first, form.get("from") or "00:00", zone, "from")
        until = form.get("until") or "00:00"
        end_day = date.fromordinal(last.toordinal() + 1) if until == "00:00" else last
        venues.add_closure(actor, venue_id, start, pages.an_instant(end_day, until, zone, "until"))
    except (Invalid, InTheWay) as error:
        wrong = {{"start": "from", "end": "until"}.get(name, name): said for name, said in error.fields.items()}
        return places.shown(actor, venue_id, wrong, error)
    flash(_("The place is closed then."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


@bp.post("/venues/<int:venue_id>/closures/<int:closure_id>/remove")
@allow(*ROLES)
def reopen(venue_id: int, closure_id: int) -> Any:
    """Take a closure back."""
    venues.remove_closure(current_actor(), closure_id)
    flash(_("The closure is taken back. Days that a series left out can be added on its page."))
    return redirect(url_for("manage.venue", venue_id=venue_id))


def _row(window: WindowDetails) -> dict[str, str]:
    """An opening time as typed."""
    return {
        "weekday": str(window.weekday), "from": words.minute_text(window.from_minute),
        "until": words.minute_text(window.until_minute % 1440), "audience": window.audience,
        "before": str(window.clear_before or ""), "after": str(window.clear_after or ""),
        "workers": "women" if window.women_staff_only else "any",
        "valid_from": window.valid_from.isoformat() if window.valid_from else "",
        "valid_until": window.valid_until.isoformat() if window.valid_until else "",
    }


def _sent() -> list[dict[str, str]]:
    """The rows that came with the form, as typed."""
    names = ("weekday", "from", "until", "audience", "before", "after", "workers", "valid_from", "valid_until")
    columns = [request.form.getlist(name)[:_MOST_ROWS] for name in names]
    if len({len(column) for column in columns}) != 1:
        return []
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _window(row: dict[str, str]) -> WindowDetails:
    """What a row means. Raises Invalid."""
    start, end = _minute(row["from"]), _minute(row["until"])
    weekday = pages.a_number(row["weekday"], "windows", 0, 6)
    return WindowDetails(
        weekday if weekday is not None else -1, start, end or 1440, row["audience"],
        pages.a_number(row["before"], "windows", 0, 240) or 0, pages.a_number(row["after"], "windows", 0, 240) or 0,
        row["workers"] != "any", _day(row["valid_from"]), _day(row["valid_until"]),
    )


def _minute(typed: str) -> int:
    hours, _colon, minutes = typed.partition(":")
    if not (hours.isascii() and hours.isdigit() and minutes[:2].isascii() and minutes[:2].isdigit()):
        raise Invalid(windows=_("Type both times as hours and minutes, such as 09:30."))
    minute = int(hours) * 60 + int(minutes[:2])
    if int(minutes[:2]) > 59 or minute >= 1440:
        raise Invalid(windows=_("Type both times as hours and minutes, such as 09:30."))
    return minute


def _day(typed: str) -> date | None:
    return pages.a_day(typed, date.min, "windows") if typed else None


def _form(actor: Actor, venue_id: int, rows: list[dict[str, str]], error: SidegateError | None = None) -> Any:
    empty = {"weekday": "0", "from": "", "until": "", "audience": "everyone", "before": "", "after": "",
             "workers": "women", "valid_from": "", "valid_until": ""}
    filled = [row for row in rows if row["from"] or row["until"]]
    page = render_template(
        "manage/hours.html", venue=venues.card(actor, venue_id), rows=[*filled, *([empty] * _EMPTY)], words=words,
        wrong=dict(error.fields) if error else {}, error=error, blockers=blocked.blockers(actor, error), pages=pages,
    )
    return page, error.status if error else 200
