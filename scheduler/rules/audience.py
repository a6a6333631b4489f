"""Women-only opening times and sessions (SAFETY.md 3)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from scheduler.rules.intervals import Interval, merge
from scheduler.rules.presence import Mode
from scheduler.rules.recurrence import weekly


class Audience(StrEnum):
    """For whom a window or a session is."""

    EVERYONE = "everyone"
    WOMEN = "women"


class Eligibility(StrEnum):
    """The recorded decision on who may attend what is for women. Unknown means no."""

    UNKNOWN = "unknown"
    ELIGIBLE = "eligible"
    NOT_ELIGIBLE = "not-eligible"


@dataclass(frozen=True, slots=True)
class Window:
    """A weekly opening time of a venue. Minutes are after local midnight; the clear minutes widen a women-only one."""

    venue: int
    site: int
    weekday: int
    from_minute: int
    until_minute: int
    zone: ZoneInfo
    audience: Audience = Audience.EVERYONE
    clear_before: timedelta = timedelta()
    clear_after: timedelta = timedelta()
    women_staff_only: bool = True
    valid_from: date | None = None
    valid_until: date | None = None

    def spans(self, within: Interval) -> Iterator[Interval]:
        """The instants of this window that touch `within`, without its clear minutes."""
        return weekly(
            self.weekday, self.from_minute, self.until_minute, self.zone, within, self.valid_from, self.valid_until
        )

    def cleared(self, within: Interval) -> Iterator[Interval]:
        """As `spans`, with the clear minutes added: the time that must be free of anyone who is not eligible."""
        reach = within.widened(self.clear_after, self.clear_before)
        for span in self.spans(reach):
            yield span.widened(self.clear_before, self.clear_after)


def is_eligible(eligibility: Eligibility | str) -> bool:
    """True only for a recorded decision that she may attend; unknown and anything unreadable mean no."""
    return eligibility == Eligibility.ELIGIBLE


def may_attend(audience: Audience | str, eligibility: Eligibility | str) -> bool:
    """May someone with this recorded decision be in a session for this audience, in any mode?"""
    return audience == Audience.EVERYONE or (audience == Audience.WOMEN and is_eligible(eligibility))


def closed_to(
    eligibility: Eligibility | str, windows: Iterable[Window], within: Interval
) -> list[tuple[int, Interval]]:
    """The (site, interval) pairs at which someone with this decision may not be present."""
    if is_eligible(eligibility):
        return []
    return [
        (window.site, span)
        for window in windows
        if window.audience == Audience.WOMEN
        for span in window.cleared(within)
    ]


def session_fits(
    audience: Audience | str,
    modes: Iterable[Mode | str],
    span: Interval,
    workers_are_women: bool,
    windows: Iterable[Window],
) -> bool:
    """May a session run at this time, given the women-only windows of its site and of the neighbouring ones?

    A session held in person inside the cleared time of a women-only window must itself be for women, and only workers
    recorded as female staff it unless the window says otherwise. A session held only at a distance puts nobody there.
    """
    if Mode.IN_PERSON not in set(modes):
        return True
    for window in windows:
        if window.audience != Audience.WOMEN:
            continue
        for cleared in window.cleared(span):
            if not cleared.overlaps(span):
                continue
            if audience != Audience.WOMEN or (window.women_staff_only and not workers_are_women):
                return False
    return True


def is_open(span: Interval, windows: Iterable[Window], closures: Iterable[Interval]) -> bool:
    """Is a venue with these windows and closures open for the whole of `span`? Windows that touch count as one."""
    if any(span.overlaps(closure) for closure in closures):
        return False
    return any(opening.contains(span) for opening in merge(w for window in windows for w in window.spans(span)))
