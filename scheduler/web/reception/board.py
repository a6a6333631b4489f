"""How a venue's day is laid out: a column for each worker and each group, five-minute rows, words for every colour.

Pure: it takes rows and gives what the template prints, each text ready and escaped, so that the page is made in one
plain loop.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from markupsafe import Markup, escape

from scheduler.rules.intervals import Interval
from scheduler.rules.recurrence import edge
from scheduler.store.board import BoardAppointment, BoardSession, BoardWindow

ROW = timedelta(minutes=5)
HOUR = timedelta(hours=1)
#: Shown when nothing is on: nine to five.
USUAL_DAY = (9 * 60, 17 * 60)


#: An appointment so short that its card is one line.
SHORT = 4 * ROW
HERE = frozenset({"arrived", "checked-in"})
#: Minutes after its start at which someone who has not come is late.
LATE = 5
#: States in which an appointment takes its time, and so its place on the board.
SHOWN = frozenset({"pending", "booked", "arrived", "checked-in", "fulfilled", "noshow"})


class Card(NamedTuple):
    """One appointment on the board: its classes, address, and words. `asks` are buttons: (value, word)."""

    css: str
    id: int
    at: str
    who: str
    words: str
    asks: tuple[tuple[str, str], ...]


class Block(NamedTuple):
    """A stretch of a column: a session's time, or a time when the venue is shut."""

    css: str
    words: str


class Group(NamedTuple):
    """A group's or drop-in's whole time, with everyone who is to come."""

    css: str
    words: str
    cards: list[Card]


@dataclass(slots=True)
class Column:
    """A worker's day at the venue, or one group."""

    title: str
    times: list[str] = field(default_factory=list)
    rooms: list[str] = field(default_factory=list)
    blocks: list[Block] = field(default_factory=list)
    cards: list[Card] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)

    @property
    def under(self) -> str:
        """What stands under the title."""
        parts = (", ".join(self.times), ", ".join(dict.fromkeys(self.rooms)))
        return escape(" · ".join(part for part in parts if part))


class Line(NamedTuple):
    """One appointment in the plain list."""

    card: Card
    end: str
    kind: str
    worker: str
    how: str


@dataclass(frozen=True, slots=True)
class Board:
    """A day, ready to print. Rows count from 1."""

    columns: list[Column]
    hours: list[tuple[str, str]]
    windows: list[Block]
    last_row: str
    now_row: str
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class DayList:
    """A day as a plain list, ready to print."""

    lines: list[Line]
    counts: list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Words:
    """Every word of a board, translated once for a page."""

    states: Mapping[str, str]
    short: Mapping[str, str]
    modes: Mapping[str, str]
    late: Callable[[int], str]
    late_short: str
    here_since: Callable[[str], str]
    asks: Mapping[str, str]
    women: str
    shut: str
    creche: str
    to_tell: Markup
    seats: Callable[[int, int | None], str]
    someone: str


def day_span(day: date, zone: ZoneInfo) -> Interval:
    """The instants of a local day."""
    return Interval(edge(day, 0, zone), edge(day + timedelta(days=1), 0, zone))


def lay_out(
    day: date,
    zone: ZoneInfo,
    appointments: Sequence[BoardAppointment],
    sessions: Sequence[BoardSession],
    workers: Iterable[tuple[int, int, str]],
    windows: Iterable[BoardWindow],
    closures: Iterable[Interval],
    now: datetime,
    words: Words,
    to_tell: Collection[int] = (),
) -> Board:
    """The board of one venue's `day`; `to_tell` are the appointments of which she may not know."""
    shown = [a for a in appointments if a.state in SHOWN]
    opened = [(w, Interval(edge(day, w.from_minute, zone), edge(day, w.until_minute, zone, closing=True)))
              for w in windows]
    start, end = _bounds(day, zone, [*(Interval(s.start, s.end) for s in sessions),
                                     *(Interval(a.start, a.end) for a in shown), *(span for _, span in opened)])
    draw = _Draw(start, end, zone, now, words, to_tell)
    names: dict[int, str] = {}
    staffed: dict[int, list[int]] = {}
    for session_id, staff_id, name in workers:
        names[staff_id] = name
        staffed.setdefault(session_id, []).append(staff_id)
    columns = _columns(draw, shown, sessions, names, staffed)
    shut = [Block(f"shut {draw.place(span)}", escape(words.shut)) for span in closures]
    for column in columns:
        column.blocks += shut
    return Board(
        columns=columns,
        hours=draw.hours(),
        windows=[Block(f"for-women {draw.place(span)}", words.women) for w, span in opened if w.audience == "women"],
        last_row=f"r{draw.rows}",
        now_row=draw.now_row(),
        counts=_counts(appointments, words),
    )


def list_out(
    day: date,
    zone: ZoneInfo,
    appointments: Sequence[BoardAppointment],
    workers: Iterable[tuple[int, int, str]],
    now: datetime,
    words: Words,
    to_tell: Collection[int] = (),
) -> DayList:
    """The same day as a plain list, what was cancelled included."""
    whole = day_span(day, zone)
    draw = _Draw(whole.start, whole.end, zone, now, words, to_tell)
    names = {staff_id: name for _session, staff_id, name in workers}
    lines = [draw.line(a, names.get(a.staff_id or 0, "")) for a in appointments]
    return DayList(lines, _counts(appointments, words))


def _bounds(day: date, zone: ZoneInfo, spans: Sequence[Interval]) -> tuple[datetime, datetime]:
    """From the whole hour before everything to the whole hour after it."""
    whole = day_span(day, zone)
    if not spans:
        return edge(day, USUAL_DAY[0], zone), edge(day, USUAL_DAY[1], zone)
    first = max(min(span.start for span in spans), whole.start)
    last = min(max(span.end for span in spans), whole.end)
    start = first - timedelta(minutes=first.astimezone(zone).minute, seconds=first.second)
    over = timedelta(minutes=last.astimezone(zone).minute, seconds=last.second)
    return start, last + (HOUR - over) if over else max(last, start + HOUR)


class _Draw:
    """Places and words on one board."""

    def __init__(
        self, start: datetime, end: datetime, zone: ZoneInfo, now: datetime, words: Words, to_tell: Collection[int]
    ) -> None:
        self.start, self.end, self.zone, self.now, self.words, self.to_tell = start, end, zone, now, words, to_tell
        self.rows = max(1, (end - start) // ROW)
        self.clocks: dict[datetime, str] = {}
        self.today = now.astimezone(zone).date() == start.astimezone(zone).date()

    def place(self, span: Interval) -> str:
        first = max(0, (span.start - self.start) // ROW)
        last = min(self.rows, -((self.start - span.end) // ROW))
        return f"r{first + 1} s{max(1, last - first)}"

    def clock(self, at: datetime) -> str:
        text = self.clocks.get(at)
        if text is None:
            local = at.astimezone(self.zone)
            text = self.clocks[at] = f"{local.hour:02d}:{local.minute:02d}"
        return text

    def hours(self) -> list[tuple[str, str]]:
        found, at = [], self.start
        while at < self.end:
            found.append((f"r{(at - self.start) // ROW + 1}", self.clock(at)))
            at += HOUR
        return found

    def now_row(self) -> str:
        if not self.start <= self.now < self.end:
            return ""
        return f"r{(self.now - self.start) // ROW + 1}"

    def card(self, a: BoardAppointment, placed: bool = True, listed: bool = False) -> Card:
        short = placed and a.end - a.start <= SHORT
        said, late = [(self.words.short if short else self.words.states)[a.state]], ""
        minutes = int((self.now - a.start).total_seconds() // 60) if self.today else 0
        if a.state == "booked" and minutes >= LATE:
            said, late = [self.words.late_short if short else self.words.late(minutes)], " late"
        elif a.state in HERE and not short:
            said = [self.words.here_since(self.clock(a.updated_at))]
        if a.mode != "in-person" and not listed and not short:
            said.append(self.words.modes[a.mode])
        if a.creche and not short:
            said.append(f"{self.words.creche} {a.creche}")
        words = escape(" · ".join(said))
        css = f"st-{a.state}{late}"
        if a.id in self.to_tell:  # a ring beside her name, which says nothing to whoever else sees the screen
            css, words = f"{css} to-tell", words + self.words.to_tell
        if placed:
            css = f"{css}{' short' if short else ''} {self.place(Interval(a.start, a.end))}"
        return Card(
            css, a.id, self.clock(a.start), escape(a.who), words,
            self.asks(a, bool(late) and listed),
        )

    def asks(self, a: BoardAppointment, absent_too: bool) -> tuple[tuple[str, str], ...]:
        """What the desk is most likely to say of it next."""
        if not self.today:
            return ()
        if a.state == "booked":
            arrived = (f"{a.id}.arrived", escape(self.words.asks["arrived"]))
            return (arrived, (f"{a.id}.absent", escape(self.words.asks["absent"]))) if absent_too else (arrived,)
        if a.state in HERE:
            return ((f"{a.id}.seen", escape(self.words.asks["seen"])),)
        return ()

    def line(self, a: BoardAppointment, worker: str) -> Line:
        card = self.card(a, placed=False, listed=True)
        return Line(card, self.clock(a.end), a.kind, worker, self.words.modes[a.mode])


def _columns(
    draw: _Draw,
    shown: Sequence[BoardAppointment],
    sessions: Sequence[BoardSession],
    names: Mapping[int, str],
    staffed: Mapping[int, list[int]],
) -> list[Column]:
    alone: dict[int, Column] = {}
    together: list[Column] = []
    within: dict[int, list[BoardAppointment]] = {}
    for a in shown:
        if a.staff_id is None:
            within.setdefault(a.session_id, []).append(a)
        else:
            column = alone.setdefault(a.staff_id, Column(escape(names.get(a.staff_id, draw.words.someone))))
            column.cards.append(draw.card(a))
    for s in sessions:
        place = draw.place(Interval(s.start, s.end))
        times = f"{draw.clock(s.start)}–{draw.clock(s.end)}"
        said = f"{times} {draw.words.women}" if s.audience == "women" else times
        rooms = [s.room] if s.room else []
        css = f"open{' for-women' if s.audience == 'women' else ''} {place}"
        if s.kind == "one-to-one":
            for staff_id in staffed.get(s.id, ()):
                column = alone.setdefault(staff_id, Column(escape(names[staff_id])))
                column.times.append(said)
                column.rooms += rooms
                column.blocks.append(Block(css, escape(f"{s.title}, {said}")))
        else:
            coming = within.pop(s.id, [])
            here = sum(1 for a in coming if a.state != "noshow")
            group = Group(css, escape(draw.words.seats(here, s.seats)), [draw.card(a, placed=False) for a in coming])
            who = ", ".join(names[each] for each in staffed.get(s.id, ()))
            together.append(Column(escape(s.title), [said], [who, *rooms] if who else rooms, groups=[group]))
    for left in within.values():  # their session was cancelled under them: show them, whatever happened
        together.append(Column(escape(draw.words.someone), cards=[draw.card(a) for a in left]))
    return [*sorted(alone.values(), key=lambda column: column.title.casefold()), *together]


def _counts(appointments: Sequence[BoardAppointment], words: Words) -> list[tuple[str, int]]:
    """How many stand in each state, in the order of a day."""
    order = ("pending", "booked", "arrived", "fulfilled", "noshow", "cancelled")
    found = dict.fromkeys(order, 0)
    for a in appointments:
        state = "arrived" if a.state == "checked-in" else a.state
        if state in found:
            found[state] += 1
    return [(words.states[state], count) for state, count in found.items() if count]
