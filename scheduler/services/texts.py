"""Texts as a manager sees them: how many were due each day and what became of them, and a test to one's own phone.

Counts only: nothing here leads to a client, an appointment or a number.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, NotFound
from scheduler.notifications.safety import service_zone
from scheduler.rules.reminders import Silence
from scheduler.services import actors, audit
from scheduler.services.actors import Actor
from scheduler.services.transaction import use_case
from scheduler.store import staff
from scheduler.store import texts as store

#: How far back a manager may look, in weeks.
WEEKS = (1, 4, 13)


class Fate(StrEnum):
    """What became of a text, as coarsely as a manager needs it."""

    PLANNED = "planned"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    UNSAFE = "unsafe"
    UNKNOWN = "unknown"
    WITHDRAWN = "withdrawn"


_FATES = {
    "planned": Fate.PLANNED, "claimed": Fate.SENT, "accepted": Fate.SENT, "sent": Fate.SENT,
    "delivered": Fate.DELIVERED, "undelivered": Fate.UNDELIVERED, "failed": Fate.UNDELIVERED,
    "suppressed": Fate.UNSAFE, "expired": Fate.UNDELIVERED, "unknown": Fate.UNKNOWN, "cancelled": Fate.WITHDRAWN,
}
#: Texts that left, or that she should have had: what the rates are rates of.
_MEANT_FOR_HER = (Fate.SENT, Fate.DELIVERED, Fate.UNDELIVERED, Fate.UNKNOWN)
#: Fates that a reason explains.
_EXPLAINED = (Fate.UNDELIVERED, Fate.UNSAFE, Fate.UNKNOWN, Fate.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Day:
    """One local day, and how many of the texts due on it met each fate."""

    day: date
    texts: Counter[Fate]


@dataclass(frozen=True, slots=True)
class Figures:
    """The texts of some weeks, the earliest day first. `reasons` has how often each outcome was why."""

    days: list[Day]
    reasons: list[tuple[Fate, str, int]]

    @property
    def total(self) -> Counter[Fate]:
        """Over all the days."""
        return sum((each.texts for each in self.days), Counter())

    def share(self, fate: Fate) -> int | None:
        """Of the texts that left or should have reached her, how many in a hundred met `fate`; None of none."""
        total = self.total
        meant = sum(total[each] for each in _MEANT_FOR_HER)
        return round(100 * total[fate] / meant) if meant else None


def fate_of(state: str, outcome: str | None) -> Fate:
    """What became of a message in this state. One that found no safe time before its appointment was not safe."""
    if state == "expired" and outcome == Silence.NO_SAFE_TIME:
        return Fate.UNSAFE
    return _FATES[state]


def figures(actor: Actor, weeks: int) -> Figures:
    """The texts that were due in the last `weeks` weeks, today among them, by local day. Raises NotAllowed, Invalid."""
    if not actors.can_manage(actor):
        raise NotAllowed
    if weeks not in WEEKS:
        raise Invalid(weeks="Choose one of these spans of time.")
    today = clock.now().astimezone(service_zone()).date()
    dates = [today - timedelta(days=back) for back in reversed(range(7 * weeks))]
    days = [Day(each, Counter()) for each in dates]
    reasons: Counter[tuple[Fate, str]] = Counter()
    for row in store.counts([(_midnight(each), _midnight(each + timedelta(days=1))) for each in dates]):
        fate = fate_of(row.state, row.outcome)
        days[row.day].texts[fate] += row.texts
        if row.outcome and fate in _EXPLAINED:
            reasons[fate, row.outcome] += row.texts
    ranked = sorted(reasons.items(), key=lambda each: (_EXPLAINED.index(each[0][0]), -each[1], each[0][1]))
    return Figures(days, [(fate, outcome, texts) for (fate, outcome), texts in ranked])


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), service_zone()).astimezone(UTC)


def has_number(actor: Actor) -> bool:
    """Whether a text can go to the number recorded of this very person. Raises RecordUnreadable."""
    person = staff.record(actor.staff_id) if actor.staff_id is not None else None
    return person is not None and (person.phone or "").startswith("+")


@use_case
def number_to_test(actor: Actor) -> str:
    """The actor's own number, to send one test text to: nobody else's can be asked for. That it was asked for is in the
    audit log, the number is not. Raises NotAllowed, NotFound, Invalid when none is recorded."""
    if not actors.can_manage(actor) or actor.staff_id is None:
        raise NotAllowed
    person = staff.record(actor.staff_id)
    if person is None:
        raise NotFound
    if not person.phone or not person.phone.startswith("+"):
        raise Invalid(phone="No number that a text can go to is recorded of you.")
    audit.record(actor, "test-text", "staff", actor.staff_id)
    return str(person.phone)
