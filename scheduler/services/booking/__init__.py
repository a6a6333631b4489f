"""Booking: the only writer of appointments, and the one door through which every path comes.

`offers` (from `offering`) and `book` load the same records and ask the same rules. Whatever a "no" rests on, it is
`SlotUnavailable` and nothing else (SAFETY.md 4). A record that cannot be read, or a rule that raises, means no as
well (SAFETY.md 2).
"""

from scheduler.rules.slots import Offer
from scheduler.services.asking import in_request_mode
from scheduler.services.booking.asked import MOST_WISHES, request_times
from scheduler.services.booking.handing_over import hand_over
from scheduler.services.booking.of_session import cancel_for_session, session_moved
from scheduler.services.booking.one import (
    CANCEL_REASONS,
    HER_REASONS,
    book,
    book_overriding,
    cancel,
    mark,
    move,
    say_why,
)
from scheduler.services.booking.records import Booked, Choice, forget_old_keys
from scheduler.services.booking.visit import beside, book_visit
from scheduler.services.offering import ALL_MODES, Wanted, nearest, offers, timetable

__all__ = [
    "ALL_MODES", "CANCEL_REASONS", "HER_REASONS", "MOST_WISHES", "Booked", "Choice", "Offer", "Wanted", "beside",
    "book", "book_overriding", "book_visit", "cancel", "cancel_for_session", "forget_old_keys", "hand_over",
    "in_request_mode", "mark", "move", "nearest", "offers", "request_times", "say_why", "session_moved", "timetable",
]
