"""Reports by quarters: what was offered and used, as tables with bars, to print, and as a CSV file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules.periods import Quarter
from scheduler.services import reports as service
from scheduler.services.reports import Report, Row, Share
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp
from scheduler.web.security import allow, current_actor

#: How far back the menu of quarters goes.
_QUARTERS_BACK = 12

#: What the rows that are not places or people are called.
WORDS = {
    "in-person": lazy("In person"), "phone": lazy("By phone"), "video": lazy("By video"), "chat": lazy("By web chat"),
    "0-10": lazy("Before 10"), "10-12": lazy("10 to 12"), "12-14": lazy("12 to 2"), "14-16": lazy("2 to 4"),
    "16-18": lazy("4 to 6"), "18-24": lazy("After 6"),
    "reminded": lazy("A reminder was delivered"), "not-reminded": lazy("No reminder was delivered"),
    "7": lazy("Within a week"), "14": lazy("Within two weeks"), "28": lazy("Within four weeks"),
    "places": lazy("More than one place"), "modes": lazy("More than one way (in person, phone, online)"),
    "days": lazy("More than one day"), "women_workers": lazy("A woman to see"), "women_only": lazy("A women only time"),
    "took": lazy("Chose a time"), "waiting": lazy("Joined the waiting list"), "none": lazy("Found nothing that suited"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A row of a table: its words, its numbers, and the same of the quarter before."""

    words: str
    now: Share
    before: Share


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: what its rows are, what its two numbers are, and a note below it."""

    id: str
    title: str
    part: str
    whole: str
    lines: list[Line]
    note: str = ""


@bp.get("/reports")
@allow(*ROLES)
def reports() -> Any:
    """One quarter beside the one before."""
    quarter, now, before = _asked()
    choice = [Quarter.of(clock.now().astimezone(pages.service_zone()).date())]
    while len(choice) < _QUARTERS_BACK:
        choice.append(choice[-1].before)
    return render_template(
        "manage/reports.html", quarter=quarter, choice=choice, title=title, now=now, before=before,
        tables=tables(now, before), few=_("under 5"),
    )


@bp.get("/reports.csv")
@allow(*ROLES)
def reports_csv() -> Response:
    """The same numbers for a spreadsheet."""
    quarter, now, before = _asked()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([_("Table"), _("Row"), _("Quarter"), _("Number"), _("Out of"), _("In a hundred")])
    for quarter_of, lines in ((quarter, now), (quarter.before, before)):
        writer.writerows(_csv_rows(quarter_of, lines))
    name = f"report-{quarter.first:%Y-%m}.csv"
    disposition = {"Content-Disposition": f"attachment; filename={name}"}
    return Response(out.getvalue(), mimetype="text/csv", headers=disposition)


def _asked() -> tuple[Quarter, Report, Report]:
    typed = request.args.get("quarter")
    try:
        day = date.fromisoformat(f"{typed}-01") if typed else clock.now().astimezone(pages.service_zone()).date()
    except ValueError:
        raise Invalid(quarter=_("Choose a quarter from the list.")) from None
    if not 2000 <= day.year <= 2100:
        raise Invalid(quarter=_("Choose a quarter from the list."))
    quarter, actor = Quarter.of(day), current_actor()
    return quarter, service.report(actor, quarter), service.report(actor, quarter.before)


def title(quarter: Quarter) -> str:
    """A quarter in words, such as `October to December 2026`."""
    first, last = (pages.month_name(int(month[5:])) for month in quarter.months)
    return _("%(first)s to %(last)s %(year)d", first=first, last=last, year=quarter.first.year)


def tables(now: Report, before: Report) -> list[Table]:
    """Every table of a report, in the order in which a manager reads it."""
    elsewhere, nobody = _("Other places together"), _("No key worker")

    def lines(one: list[Row], other: list[Row], unnamed: str = "") -> list[Line]:
        earlier = {row.name: row.share for row in other}
        nothing = Share(None, None, None)
        return [
            Line(str(WORDS.get(row.name, row.name)) if row.name else unnamed, row.share, earlier.get(row.name, nothing))
            for row in one
        ]

    came, missed = _("appointments"), _("nobody came")
    return [
        Table("place", _("Missed, by place"), missed, came,
              lines(now.missed.by_place, before.missed.by_place, elsewhere)),
        Table("mode", _("Missed, by how"), missed, came, lines(now.missed.by_mode, before.missed.by_mode)),
        Table("hour", _("Missed, by time of day"), missed, came, lines(now.missed.by_hour, before.missed.by_hour)),
        Table("reminder", _("Missed, with and without a reminder"), missed, came,
              lines(now.missed.by_reminder, before.missed.by_reminder)),
        Table("choice", _("Choice offered on her own pages"), _("visits with it"), _("visits"),
              lines(now.choices, before.choices)),
        Table("outcome", _("What came of those visits"), _("visits"), _("all visits"),
              lines(now.outcomes, before.outcomes)),
        Table("first", _("New people: time to a first appointment"), _("people"), _("new people"),
              lines(now.first_within, before.first_within)),
        Table("safe", _("“Did you feel safe?”"), _("said yes"), _("answered"),
              lines(now.felt_safe, before.felt_safe, elsewhere), _("Answers hold no name and cannot be traced.")),
        Table("load", _("People by key worker, today"), _("people"), _("all people"),
              lines(now.caseloads, now.caseloads, nobody)),
    ]  # fmt: skip


def _csv_rows(quarter: Quarter, report: Report) -> Iterator[list[str]]:
    when, few = title(quarter), _("under 5")

    def number(value: int | None) -> str:
        return few if value is None else str(value)

    for table in tables(report, report):
        for line in table.lines:
            share = "" if line.now.in_a_hundred is None else str(line.now.in_a_hundred)
            yield [table.title, _harmless(line.words), when, number(line.now.part), number(line.now.whole), share]
    women = report.women_only
    yield [_("Women only"), _("hours offered"), when, str(women.offered), "", ""]
    yield [_("Women only"), _("appointments in them"), when, number(women.appointments), "", ""]
    yield [_("Women only"), _("hours used"), when, number(women.hours), "", ""]
    yield [_("Safety"), _("exclusions in force"), when, number(report.in_force), "", ""]
    yield [_("Safety"), _("clashes settled in time"), when, number(report.cases.part), number(report.cases.whole), ""]


def _harmless(words: str) -> str:
    """A name that a spreadsheet does not take for a formula."""
    return f"'{words}" if words[:1] in ("=", "+", "-", "@", "\t", "\r") else words
