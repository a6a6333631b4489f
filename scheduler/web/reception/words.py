"""The desk's words for states, modes, channels and reasons: each colour on a page has one of these beside it."""

from __future__ import annotations

from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from markupsafe import Markup

from scheduler.web.reception.board import Words

#: Who works with clients: everyone but the machines.
STAFF = ("reception", "outreach", "lead", "manager", "worker")

STATES = {
    "proposed": lazy("Proposed"),
    "pending": lazy("To confirm"),
    "booked": lazy("Booked"),
    "arrived": lazy("Here"),
    "checked-in": lazy("Here"),
    "fulfilled": lazy("Seen"),
    "cancelled": lazy("Cancelled"),
    "noshow": lazy("Did not attend"),
    "entered-in-error": lazy("Entered in error"),
    "waitlist": lazy("Waiting list"),
}

MODES = {
    "in-person": lazy("In person"),
    "phone": lazy("Phone"),
    "video": lazy("Video"),
    "chat": lazy("Web chat"),
}

MARKS = {
    "arrived": lazy("Arrived"),
    "seen": lazy("Seen"),
    "absent": lazy("Did not attend"),
    "undo": lazy("Undo"),
}

REASONS = {
    "client-asked": lazy("The client asked"),
    "worker-away": lazy("The worker is away"),
    "venue-closed": lazy("The place is closed"),
    "moved-elsewhere": lazy("Moved elsewhere"),
    "other": lazy("Another reason"),
}

#: What she said herself, once she had cancelled. Nothing that may not be read across the counter.
HER_REASONS = {
    "her-time": lazy("The client asked: the time"),
    "her-way": lazy("The client asked: getting here"),
    "her-better": lazy("The client asked: not needed now"),
    "her-other": lazy("The client asked: something else"),
}

WEEKDAYS = (
    lazy("Monday"), lazy("Tuesday"), lazy("Wednesday"), lazy("Thursday"), lazy("Friday"), lazy("Saturday"),
    lazy("Sunday"),
)


def _late(minutes: int) -> str:
    return _("Late %(minutes)d min", minutes=minutes)


def _here_since(at: str) -> str:
    return _("Here since %(time)s", time=at)


def _seats(taken: int, seats: int | None) -> str:
    if seats is None:
        return ngettext("%(num)d to come", "%(num)d to come", taken)
    return _("%(taken)d of %(seats)d places", taken=taken, seats=seats)


_made: dict[str, Words] = {}


def board_words() -> Words:
    """Every word of a board in the reader's language, looked up once for the life of the process."""
    language = str(get_locale())
    if language not in _made:
        _made[language] = _look_up()
    return _made[language]


def _look_up() -> Words:
    return Words(
        states={name: str(word) for name, word in STATES.items()},
        short={name: str(word) for name, word in {**STATES, "noshow": lazy("Missed")}.items()},
        modes={name: str(word) for name, word in MODES.items()},
        late=_late,
        late_short=_("Late"),
        here_since=_here_since,
        asks={name: str(word) for name, word in MARKS.items()},
        women=_("women only"),
        shut=_("Closed"),
        creche=_("crèche"),
        to_tell=Markup(' <span class="visually-hidden">{}</span>').format(_("Still to tell")),
        seats=_seats,
        someone=_("No worker"),
    )
