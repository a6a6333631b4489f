"""What she would choose: how, where, when, with whom, with children; from her record, then from her own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

from flask_babel import lazy_gettext
from werkzeug.datastructures import MultiDict

from scheduler.rules import speaking
from scheduler.rules.presence import Kind, Mode
from scheduler.services.booking import ALL_MODES, Wanted
from scheduler.services.links import LinkVisit
from scheduler.store import choosing as store
from scheduler.store import links as links_store
from scheduler.web.link.words import Place

MODES = tuple(str(mode) for mode in Mode)
MOST_CHILDREN = 4

#: Places and workers to choose from at most: a longer list is no choice on a small screen, and heavy.
_MOST_PLACES, _MOST_WORKERS = 24, 4


class Times(NamedTuple):
    """A part of the day: from and until (of starts; of ends when `whole`), in minutes after midnight."""

    words: Any
    start: int | None = None
    until: int | None = None
    whole: bool = False


TIMES = {
    "any": Times(lazy_gettext("Any time")),
    "morning": Times(lazy_gettext("Morning"), 0, 12 * 60),
    "lunch": Times(lazy_gettext("Lunch time, 12 to 2pm"), 12 * 60, 14 * 60, True),
    "afternoon": Times(lazy_gettext("Afternoon"), 12 * 60, 17 * 60),
    "evening": Times(lazy_gettext("Evening, after 5pm"), 17 * 60, 24 * 60),
    "school": Times(lazy_gettext("School hours, 9:30am to 2:30pm"), 9 * 60 + 30, 14 * 60 + 30, True),
}

#: What she may come to, and the kinds of session that are so.
SHAPES = {
    "any": (lazy_gettext("Any"), frozenset[str]()),
    "alone": (lazy_gettext("Just you and one of us"), frozenset({str(Kind.ONE_TO_ONE), str(Kind.DROP_IN)})),
    "group": (lazy_gettext("A group"), frozenset({str(Kind.GROUP)})),
    "window": (lazy_gettext("Come when you like, between two times"), frozenset({str(Kind.DROP_IN)})),
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What she would choose. Empty `how`, `where` and `days` mean any. `who` is "any", "woman", "peer", "speaks" (her
    `language`) or a worker's id as text. `shape` is one of SHAPES. `language` is the one that she would be spoken with,
    empty for English. `usual` are the hours that her record gives, used until she chooses a part of the day. `minutes`
    is the length of an appointment that she is changing, where it is not the usual one."""

    type_id: int
    how: tuple[str, ...] = ()
    where: tuple[int, ...] = ()
    days: tuple[int, ...] = ()
    time: str = "any"
    usual: tuple[int, int] | None = None
    who: str = "any"
    women_only: bool = False
    children: int = 0
    minutes: int | None = None
    shape: str = "any"
    step_free: bool = False
    language: str = ""

    def kept(self) -> dict[str, Any]:
        """As it is kept in her session."""
        return asdict(self)

    def hours(self, minutes: int) -> tuple[int | None, int | None]:
        """Between which minutes after midnight it may start, for an appointment of this usual length."""
        times = TIMES[self.time]
        low, high = times.start, times.until
        if self.time == "any" and self.usual is not None:
            low, high = self.usual
        if times.whole and high is not None:
            high = high - (self.minutes or minutes) + 1
        return low, high

    def staff(self) -> frozenset[int] | None:
        """Those with whom it may be, or None for anyone."""
        if self.who.isdigit():
            return frozenset({int(self.who)})
        if self.who == "peer":
            return store.peers()
        return store.speakers(self.language) if self.who == "speaks" else None

    def places(self) -> frozenset[int] | None:
        """The places that she would come to, or None for any."""
        found = frozenset(self.where) or None
        if self.step_free:
            free = store.step_free()
            return free if found is None else found & free
        return found

    def wanted(self, client_id: int, minutes: int, start: datetime, until: datetime) -> Wanted:
        """As a search for times that start in this range. `minutes` is the type's usual length."""
        low, high = self.hours(minutes)
        there, modes = self.places(), frozenset(self.how) or ALL_MODES
        only = tuple(sorted(there or ())) if modes == {Mode.IN_PERSON} else ()  # nothing is held anywhere else
        return Wanted(
            client_id, self.type_id, start, until, modes, only, self.staff(), self.who == "woman", self.women_only,
            self.minutes, self.children, there, SHAPES[self.shape][1], frozenset(self.days), low, high,
        )

    def easier(self) -> Wishes:
        """With any worker, day and hour, but the same place, way, children, and a woman where she asked for one."""
        who = self.who if self.who == "woman" else "any"
        return replace(self, who=who, days=(), time="any", usual=None, shape="any")

    def wide_open(self) -> Wishes:
        """Anything, with the same children: to find again a time that was shown under other wishes."""
        return Wishes(self.type_id, children=self.children, minutes=self.minutes, language=self.language)

    def is_narrow(self) -> bool:
        """Does it leave anything out?"""
        return self != replace(self.wide_open(), usual=None)


@dataclass(frozen=True, slots=True)
class Options:
    """What there is to choose from, by id, in the order to show. `languages` are English names; `shapes` and `peers`
    are there where the timetable has more than one kind, and somebody who has been there herself."""

    types: Mapping[int, Any]
    places: Mapping[int, Place]
    workers: Mapping[int, str]
    women_only: bool
    languages: tuple[str, ...] = ()
    spoken: bool = False
    peers: bool = False


def options(
    visit: LinkVisit, types: Mapping[int, Any], places: Mapping[int, Place], workers: Mapping[int, str]
) -> Options:
    """What she may choose from, at most a screenful of places: those of her record first, then by their names."""
    usual = _ids(visit.preferences.get("venues"))
    rest = sorted((place.label.casefold(), each) for each, place in places.items() if each not in usual)
    order = [each for each in usual if each in places] + [each for _label, each in rest]
    spoken, peers = store.languages(), store.peers()
    return Options(
        types, {each: places[each] for each in order[:_MOST_PLACES]}, workers, visit.eligible,
        tuple(dict.fromkeys([*filter(None, [_language(visit)]), *sorted(spoken)])), bool(spoken), bool(peers),
    )


def workers(visit: LinkVisit) -> dict[int, str]:
    """The workers she knows, her own first: first names by id."""
    known = [visit.key_worker_id, *_ids(visit.preferences.get("staff")), *links_store.known_workers(visit.client_id)]
    ids = list(dict.fromkeys(each for each in known if each is not None))[:_MOST_WORKERS]
    names = links_store.first_names(ids)
    return {each: names[each] for each in ids if each in names}


def wishes(visit: LinkVisit, types: Mapping[int, Any]) -> Wishes:
    """What she chose in this session; before she has, what her record says. Nothing is asked twice."""
    type_id = _the_type(visit, types)
    kept = visit.choices.get("wishes")
    if not isinstance(kept, dict):
        return _from_record(visit, type_id)
    usual = kept.get("usual")
    return Wishes(
        kept["type_id"] if kept.get("type_id") in types else type_id,
        tuple(kept.get("how", ())), tuple(kept.get("where", ())), tuple(kept.get("days", ())),
        kept.get("time", "any"), tuple(usual) if usual else None, kept.get("who", "any"),  # type: ignore[arg-type]
        bool(kept.get("women_only")), int(kept.get("children", 0)), None, kept.get("shape", "any"),
        bool(kept.get("step_free")), kept.get("language", ""),
    )


def _the_type(visit: LinkVisit, types: Mapping[int, Any]) -> int:
    if visit.type_id in types:
        return int(visit.type_id or 0)
    single = [each for each, row in types.items() if not row.group]
    return next(iter(single or types), 0)


def _language(visit: LinkVisit) -> str:
    said = visit.preferences
    return speaking.needed(said.get("language"), bool(said.get("interpreter")))


def _from_record(visit: LinkVisit, type_id: int) -> Wishes:
    said = visit.preferences
    low, high = said.get("from_minute"), said.get("until_minute")
    usual = (low or 0, high if high is not None else 24 * 60) if low is not None or high is not None else None
    favourite = _ids(said.get("staff"))
    who = "woman" if said.get("woman_worker") else str(favourite[0]) if favourite else "any"
    return Wishes(
        type_id,
        tuple(mode for mode in said.get("modes") or () if mode in MODES),
        _ids(said.get("venues")),
        tuple(day for day in said.get("weekdays") or () if day in range(7)),
        "any", usual, who,
        bool(said.get("women_only")) and visit.eligible,
        min(int(said.get("creche") or 0), MOST_CHILDREN),
        step_free=bool(said.get("step_free")), language=_language(visit),
    )


def from_form(form: MultiDict[str, str], found: Options, before: Wishes) -> Wishes:
    """What her form says. Anything that is not among the options is left out, as if it had not been there."""
    who, time, shape = form.get("who", "any"), form.get("part", "any"), form.get("shape", "any")
    type_id, children = _number(form.get("what")), _number(form.get("children")) or 0
    language = form.get("language", "")
    known = who in ("woman", "peer") or _number(who) in found.workers
    language = language if language in found.languages else ""
    return Wishes(
        type_id if type_id in found.types else before.type_id,
        tuple(mode for mode in MODES if mode in form.getlist("how")),
        tuple(each for each in found.places if str(each) in form.getlist("where")),
        tuple(day for day in range(7) if str(day) in form.getlist("days")),
        time if time in TIMES else "any",
        before.usual if time == "usual" else None,
        who if known or (who == "speaks" and language) else "any",
        found.women_only and form.get("women") == "1",
        children if 0 <= children <= MOST_CHILDREN else 0,
        shape=shape if shape in SHAPES else "any", step_free=form.get("stepfree") == "1", language=language,
    )


def _ids(said: Any) -> tuple[int, ...]:
    return tuple(each for each in said or () if isinstance(each, int))


def _number(typed: str | None) -> int | None:
    return int(typed) if typed and typed.isascii() and typed.isdigit() and len(typed) < 12 else None
