"""The quarters that reports are about, and the parts of a span between which the clocks change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from scheduler.rules.intervals import Interval

#: Quarters are those of the financial year.
_MONTHS, _FIRST_MONTH = 3, 4


@dataclass(frozen=True, slots=True)
class Quarter:
    """Three whole months from `first`. There are no longer or shorter periods: of a year and its four quarters, each
    rounded, one could be taken from the other, and small numbers be had that neither shows."""

    first: date

    @classmethod
    def of(cls, day: date) -> Quarter:
        """The quarter that `day` lies in."""
        return cls(day.replace(day=1) - relativedelta(months=(day.month - _FIRST_MONTH) % _MONTHS))

    @property
    def end(self) -> date:
        """The day after its last."""
        return self.first + relativedelta(months=_MONTHS)

    @property
    def before(self) -> Quarter:
        """The one before."""
        return Quarter(self.first - relativedelta(months=_MONTHS))

    @property
    def a_year_before(self) -> Quarter:
        """The same of the year before."""
        return Quarter(self.first - relativedelta(years=1))

    @property
    def months(self) -> tuple[str, str]:
        """Its first and last month, as 2026-04."""
        return f"{self.first:%Y-%m}", f"{self.end - timedelta(days=1):%Y-%m}"

    def span(self, zone: ZoneInfo) -> Interval:
        """The same as instants."""
        return Interval(*(datetime.combine(day, time(), zone).astimezone(UTC) for day in (self.first, self.end)))


def offsets(span: Interval, zone: ZoneInfo) -> list[tuple[datetime, timedelta]]:
    """(until, offset from UTC) of the parts of a span in which the clocks do not change, in order."""
    found: list[tuple[datetime, timedelta]] = []
    at = span.start
    while at < span.end:
        offset = at.astimezone(zone).utcoffset() or timedelta()
        until = min(at + timedelta(days=1), span.end)
        while until > at and until.astimezone(zone).utcoffset() != offset:
            until -= timedelta(minutes=15)  # a change comes at a whole quarter of an hour everywhere
        until = max(until, at + timedelta(minutes=15))
        if found and found[-1][1] == offset:
            found[-1] = (until, offset)
        else:
            found.append((until, offset))
        at = until
    return found or [(span.end, timedelta())]
