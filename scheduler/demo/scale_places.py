"""The places of a town at scale: sites, venues, opening times, workers, and the week of sessions at each venue."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from scheduler.demo import names
from scheduler.demo.service import CATCH_UP, FIRST, GROUP, LOGINS, NURSE, password_hash
from scheduler.models import OpeningWindow, Series, Site, SiteNeighbour, Staff, StaffVenue, Venue
from scheduler.services.bulk import Load

ZONE = ZoneInfo("Europe/London")

#: From when until when there are sessions. Ahead is what the worker keeps made, 26 weeks, and the rest of the last one.
WEEKS_BACK, WEEKS_AHEAD = 52, 27
WOMEN, NAMED_MAY, NAMED_MAY_NOT = "women", "named-may", "named-may-not"

#: Ten venues make a town: what each is, which site it is at, and which sites' doors are in sight of each other.
_TOWN = ("hub", "gp", "gp", "family-hub", "community", "gp", "community", "refuge", "other", "online")
_SITE = (0, 1, 1, 2, 3, 4, 5, 6, 7, 8)
_IN_SIGHT = (2, 3)
_CALLED = {
    "hub": "Wellbeing Hub", "gp": "Surgery", "family-hub": "Family Hub", "community": "Community Centre",
    "refuge": "House", "other": "Library Rooms", "online": "Online Rooms",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """One weekly session of a venue. Minutes after local midnight."""

    series: int
    weekday: int
    at_minute: int
    minutes: int
    kind: str
    audience: str
    staff: tuple[int, ...]
    types: tuple[int, ...]
    seats: int | None
    title: str
    room: str | None


@dataclass(slots=True)
class VenueAt:
    """A venue: its town and cluster (the sites that count as one with its own), its week and its workers."""

    id: int
    kind: str
    site: int
    town: int
    cluster: int
    early: int
    late: int
    creche: int
    roles: tuple[str, ...]
    staff: tuple[int, ...]
    week: dict[int, list[Template]] = field(default_factory=dict)

    @property
    def modes(self) -> list[str]:
        """How its sessions are held."""
        if self.kind == "online":
            return ["video", "phone", "chat"]
        return ["in-person", "phone"] if self.kind == "refuge" else ["in-person", "phone", "video"]


class Places:
    """Every place, made in memory; `write` puts it into the database."""

    def __init__(self, venues: int, workers: int, seed: int, now: datetime) -> None:
        self._random = Random(f"{seed}:places")
        self._seed = seed
        self._today = now.astimezone(ZONE).date()
        self.venues: list[VenueAt] = []
        self._neighbours: list[tuple[int, int]] = []
        self._templates: list[tuple[VenueAt, Template]] = []
        each = workers // venues
        for number in range(venues):
            town, place = divmod(number, len(_TOWN))
            kind = _TOWN[place]
            if (kind == "refuge" and town % 2) or (kind == "online" and town % 5):
                kind = "community"
            site = town * 10 + _SITE[place] + 1
            cluster = town * 10 + (_IN_SIGHT[0] if _SITE[place] in _IN_SIGHT else _SITE[place])
            if place == 0:
                self._neighbours.append((town * 10 + _IN_SIGHT[0] + 1, town * 10 + _IN_SIGHT[1] + 1))
            staff = tuple(range(number * each + 1, (number + 1) * each + 1))
            early, late = self._random.choice(((15, 15), (15, 15), (10, 15), (20, 10)))
            venue = VenueAt(
                number + 1, kind, site, town, cluster, early, late, 4 if kind == "family-hub" else 0,
                self._roles(cluster), staff,
            )
            self._plan_week(venue)
            self.venues.append(venue)
        self._sites = sorted({venue.site for venue in self.venues})
        self._neighbours = [pair for pair in self._neighbours if set(pair) <= set(self._sites)]
        self.workers = venues * each

    def _roles(self, cluster: int) -> tuple[str, ...]:
        """What each weekday is for, the same throughout a cluster."""
        days = [WOMEN, WOMEN, NAMED_MAY, NAMED_MAY, NAMED_MAY_NOT]
        Random(f"{self._seed}:{cluster}").shuffle(days)
        return tuple(days)

    def _plan_week(self, venue: VenueAt) -> None:
        a, b, c, d, e = (venue.staff * 5)[:5]  # a, b and c are women
        group_given = False
        for weekday, role in enumerate(venue.roles):
            women = role == WOMEN or venue.kind == "refuge"
            morning = (a, b) if women else (d, e) if role == NAMED_MAY else (a, d)
            self._plan(venue, weekday, 9 * 60 + 30, 180, "one-to-one", women, morning)
            if role == NAMED_MAY:
                continue
            afternoon = (c,) if women else (e,)
            if women and role == WOMEN and group_given:
                self._plan(venue, weekday, 13 * 60 + 30, 180, "one-to-one", women, afternoon)
            else:
                self._plan(venue, weekday, 13 * 60 + 30, 90, "group", women, afternoon)
                group_given = group_given or role == WOMEN

    def _plan(
        self, venue: VenueAt, weekday: int, at: int, minutes: int, kind: str, women: bool, staff: tuple[int, ...]
    ) -> None:
        group = kind == "group"
        template = Template(
            len(self._templates) + 1, weekday, at, minutes, kind, "women" if women else "everyone",
            tuple(dict.fromkeys(staff)), (GROUP,) if group else (CATCH_UP, FIRST, NURSE), 10 if group else None,
            "Group" if group else "Appointments", None if venue.kind == "online" else "Room 1",
        )
        self._templates.append((venue, template))
        venue.week.setdefault(weekday, []).append(template)

    def write(self, load: Load) -> None:
        """Put it all into the database."""
        sites = load.into(Site, "id", "name")
        venues = load.into(
            Venue, "id", "site_id", "kind", "confidential", "arrive_early", "leave_late", "creche", "step_free", "name",
            "label", "address", "postcode", "phone", "directions",
        )
        near = load.into(SiteNeighbour, "site_id", "neighbour_id")
        windows = load.into(
            OpeningWindow, "venue_id", "weekday", "from_minute", "until_minute", "audience", "clear_before",
            "clear_after",
        )
        for site in self._sites:
            sites.add(site, f"Site {site}")
        for here, there in self._neighbours:
            near.extend([(here, there), (there, here)])
        for venue in self.venues:
            self._write_venue(venue, venues)
            for weekday, role in enumerate(venue.roles):
                women = venue.kind == "refuge" or (role == WOMEN and venue.kind != "online")
                clear = 30 if women else 0
                windows.add(venue.id, weekday, 540, 1020, "women" if women else "everyone", clear, clear)
        self._write_staff(load)
        self._write_series(load)

    def _write_venue(self, venue: VenueAt, venues: object) -> None:
        street, town = names.surname(self._random), names.SURNAMES[venue.town * 37 % 2000].capitalize()
        refuge = venue.kind == "refuge"
        name = f"{street} {_CALLED[venue.kind]}"
        venues.add(  # type: ignore[attr-defined]
            venue.id, venue.site, venue.kind, refuge, venue.early, venue.late, venue.creche > 0,
            self._random.random() < 0.7, name, "Where you are staying" if refuge else name,
            None if venue.kind == "online" else f"{self._random.randint(1, 99)} {street} Street, {town}",
            None if venue.kind == "online" else f"QV{venue.town + 1} {self._random.randint(1, 9)}XZ", None, None,
        )

    def _write_staff(self, load: Load) -> None:
        staff = load.into(
            Staff, "id", "role", "job", "sees_clients", "woman", "on_call", "given_name", "family_name",
            "date_of_birth", "username", "password_hash",
        )
        at = load.into(StaffVenue, "staff_id", "venue_id")
        secret = password_hash()
        for venue in self.venues:
            for place, worker in enumerate(venue.staff):
                woman = place < 3 or self._random.random() < 0.5
                given = self._random.choice(names.WOMEN if woman else names.MEN)
                job = ("recovery worker", "nurse", "peer mentor", "recovery worker", "counsellor")[place % 5]
                born = names.birth_date(self._random, self._today - timedelta(days=1500))
                family = names.surname(self._random)
                staff.add(worker, "worker", job, True, woman, False, given, family, born, None, None)
                at.add(worker, venue.id)
        for place, login in enumerate(LOGINS):
            worker = self.workers + place + 1
            staff.add(
                worker, login.role, login.job, False, True, login.on_call, login.given_name, login.family_name, None,
                login.username, secret,
            )
            for venue in self.venues[:10] if login.role in ("outreach", "worker") else ():
                at.add(worker, venue.id)

    def _write_series(self, load: Load) -> None:
        series = load.into(
            Series, "id", "venue_id", "title", "rule", "first_day", "at_minute", "minutes", "kind", "audience", "modes",
            "types", "staff", "seats", "creche", "room", "made_until",
        )
        monday = self._today - timedelta(days=self._today.weekday())
        first, last = monday - timedelta(weeks=WEEKS_BACK), monday + timedelta(weeks=WEEKS_AHEAD, days=-1)
        for venue, each in self._templates:
            series.add(
                each.series, venue.id, each.title, f"FREQ=WEEKLY;BYDAY={('MO', 'TU', 'WE', 'TH', 'FR')[each.weekday]}",
                first + timedelta(days=each.weekday), each.at_minute, each.minutes, each.kind, each.audience,
                venue.modes, list(each.types), list(each.staff), each.seats, venue.creche, each.room, last,
            )
