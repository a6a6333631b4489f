"""The people of a town at scale: clients, how they may be reached, and who must be kept from whom.

A person is made from the seed and their number alone, so that none need be held in memory: who a named person is can be
made again when the exclusion is written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import NamedTuple

from scheduler.demo import names
from scheduler.demo.identity import reference, tokens
from scheduler.demo.scale_places import NAMED_MAY, WEEKS_AHEAD, WEEKS_BACK, WOMEN, ZONE, Places, VenueAt
from scheduler.models import (
    Client,
    EligibilityDecision,
    Exclusion,
    ExclusionEvent,
    ExclusionSite,
    IdentityToken,
    Match,
    NamedPerson,
    SafeContact,
    Staff,
    Stay,
)
from scheduler.rules.matching import Identity, too_little
from scheduler.services.bulk import Load, Sink

_STAY_WEEKS = 10
_SEPARATIONS = ("gap",) * 11 + ("day",) * 4 + ("series",) * 2 + ("site",) * 3
_SOURCES = ("told-us", "told-us", "told-us", "marac", "court-order", "police", "staff")


class Who(NamedTuple):
    """A client as the seed makes them."""

    woman: bool
    eligibility: str
    given: str
    family: str
    born: str
    phone: str | None


@dataclass(slots=True)
class Home:
    """The clients of one venue, by number: who is protected, who is named, who roams to the next venue in odd weeks."""

    venue: VenueAt
    clients: range
    eligible: int
    protected: range
    named: range
    roam_to: int | None = None
    roam_from: int | None = None


class People:
    """Every client; `write` puts them into the database, `pool` says who may come on a day."""

    def __init__(self, places: Places, clients: int, exclusions: int, seed: int, now: datetime) -> None:
        self._places, self._seed, self._now = places, seed, now
        self._today = now.astimezone(ZONE).date()
        self._exclusions = exclusions
        self._monday = self._today - timedelta(days=self._today.weekday())
        self.homes: list[Home] = []
        venues = places.venues
        share = -(-exclusions // len(venues))
        for number, venue in enumerate(venues):
            low, high = number * clients // len(venues) + 1, (number + 1) * clients // len(venues) + 1
            refuge = venue.kind == "refuge"
            eligible = (high - low) if refuge else (high - low) * 55 // 100
            protected = range(low, low + min(share, eligible // 3))
            named = range(high, high) if refuge else range(high - min(share, (high - low) // 6), high)
            self.homes.append(Home(venue, range(low, high), eligible, protected, named))
        self._let_some_roam()
        self._pools: dict[tuple[int, int, str], list[int]] = {}

    def _let_some_roam(self) -> None:
        for here, there in zip(self.homes, self.homes[1:], strict=False):
            kinds = {here.venue.kind, there.venue.kind}
            if here.venue.town == there.venue.town and not kinds & {"refuge", "online"}:
                here.roam_to, there.roam_from = there.venue.id, here.venue.id

    def who(self, client: int) -> Who:
        """The client with this number."""
        home = self.homes[self._home_of(client)]
        random = Random(self._seed * 1_000_003 + client)
        place = client - home.clients.start
        eligible = place < home.eligible
        woman = eligible or place % 9 == 0
        eligibility = "eligible" if eligible else "unknown" if woman or place % 4 == 0 else "not-eligible"
        return Who(
            woman, eligibility, random.choice(names.WOMEN if woman else names.MEN), names.surname(random),
            names.birth_date(random, self._today), names.telephone(client - 1),
        )

    def _home_of(self, client: int) -> int:
        clients = self.homes[-1].clients.stop - 1
        guess = min((client - 1) * len(self.homes) // clients, len(self.homes) - 1)
        while client >= self.homes[guess].clients.stop:
            guess += 1
        while client < self.homes[guess].clients.start:
            guess -= 1
        return guess

    def pool(self, venue: VenueAt, week: int, role: str) -> Sequence[int]:
        """The clients who may come to this venue on a day of this role. `week` counts from the present one."""
        home = self.homes[venue.id - 1]
        if venue.kind == "refuge":
            return [client for client in home.clients if self._stays(home, client, min(week, 0))]
        key = (venue.id, week % 2, role)
        found = self._pools.get(key)
        if found is None:
            found = [c for c in home.clients if self._comes(home, c, role) and not (week % 2 and self._roams(home, c))]
            if week % 2 and home.roam_from is not None:
                other = self.homes[home.roam_from - 1]
                found += [c for c in other.clients if self._comes(other, c, role) and self._roams(other, c)]
            self._pools[key] = found
        return found

    @staticmethod
    def _comes(home: Home, client: int, role: str) -> bool:
        if role == WOMEN:
            return client - home.clients.start < home.eligible
        return client not in (home.protected if role == NAMED_MAY else home.named)

    @staticmethod
    def _roams(home: Home, client: int) -> bool:
        flagged = client in home.protected or client in home.named
        return home.roam_to is not None and client % 10 == 9 and not flagged

    @staticmethod
    def _stay_from(home: Home, client: int) -> int:
        """The week in which a refuge's client came there."""
        return -WEEKS_BACK + (client - home.clients.start) * (WEEKS_BACK + WEEKS_AHEAD) // len(home.clients)

    def _stays(self, home: Home, client: int, week: int) -> bool:
        since = self._stay_from(home, client)
        return since <= week < since + _STAY_WEEKS

    # --- writing -----------------------------------------------------------------------------------------------------

    def write(self, load: Load, step: Callable[[str, int, int], None]) -> None:
        """Put everyone into the database, with what finds them again."""
        clients = load.into(
            Client, "id", "reference", "given_name", "family_name", "aliases", "date_of_birth", "phone", "eligibility",
            "preferences", "notes", "key_worker_id", "created_at",
        )
        contacts = load.into(
            SafeContact, "client_id", "channel", "safe", "hours", "may_name", "review_on", "paused", "checked_at"
        )
        decisions = load.into(EligibilityDecision, "client_id", "decision", "policy", "decided_at")
        stays = load.into(Stay, "client_id", "venue_id", "since", "until")
        found_by = load.into(IdentityToken, "token", "owner_kind", "owner_id")
        total = self.homes[-1].clients.stop - 1
        for home in self.homes:
            step("clients", home.clients.start - 1, total)
            for client in home.clients:
                who = self.who(client)
                random = Random(f"{self._seed}:more:{client}")
                made = self._now - timedelta(days=random.randint(30, 1500))
                self._write_client(clients, home, client, who, random, made)
                if who.eligibility != "unknown":
                    decisions.add(client, who.eligibility, "2026-1", made)
                self._write_contacts(contacts, client, who, random, made)
                for token in tokens((f"{who.given} {who.family}",), who.born, who.phone):
                    found_by.add(token, "client", client)
                if home.venue.kind == "refuge":
                    self._write_stay(stays, home, client)
        self._write_staff_tokens(load, found_by)
        load.flush()
        _Exclusions(load, self, self._places, found_by, self._seed, self._now).write(self._exclusions, step)

    def _write_client(
        self, clients: Sink, home: Home, client: int, who: Who, random: Random, made: datetime
    ) -> None:
        wishes = None
        if random.random() < 0.6:
            near = [home.venue.id] if home.roam_to is None else [home.venue.id, home.roam_to]
            wishes = {"venues": near, "woman_worker": who.woman and random.random() < 0.4, "language": "en"}
            if random.random() < 0.3:
                wishes |= {"from_minute": 570, "until_minute": 870}
        worker = random.choice(home.venue.staff[:3] if who.woman else home.venue.staff)
        alias = [f"{who.given[:3]} {who.family}"] if random.random() < 0.04 else None
        notes = "Prefers mornings. Brings her own letters." if random.random() < 0.05 else None
        clients.add(
            client, reference(client, self._seed), who.given, who.family, alias, who.born, who.phone, who.eligibility,
            wishes, notes, worker, made,
        )

    def _write_contacts(self, contacts: Sink, client: int, who: Who, random: Random, made: datetime) -> None:
        mobile = who.phone is not None and who.phone.startswith("+447")
        safe = random.choice(("yes", "yes", "yes", "no", "unknown")) if mobile else "unknown"
        hours = [[day, 570, 870] for day in range(5)] if safe == "yes" and random.random() < 0.3 else None
        review = self._today + timedelta(days=random.randint(-10, 180)) if safe == "yes" else None
        contacts.add(client, "sms", safe, hours, None, review, safe == "yes" and random.random() < 0.03, made)
        if who.phone is not None:
            contacts.add(client, "call", random.choice(("yes", "no", "unknown")), None, None, None, False, made)

    def _write_stay(self, stays: Sink, home: Home, client: int) -> None:
        since = self._stay_from(home, client)
        if since > 0:
            return
        first = datetime.combine(self._monday + timedelta(weeks=since), datetime.min.time(), ZONE)
        until = first + timedelta(weeks=_STAY_WEEKS)
        stays.add(client, home.venue.id, first, until if since + _STAY_WEEKS <= 0 else None)

    @staticmethod
    def _write_staff_tokens(load: Load, found_by: Sink) -> None:
        load.flush()
        rows = load.connection.execute(
            Staff.__table__.select().with_only_columns(
                Staff.id, Staff.given_name, Staff.family_name, Staff.date_of_birth, Staff.phone
            )
        )
        for row in rows.all():
            for token in tokens((f"{row.given_name} {row.family_name}",), row.date_of_birth, row.phone, "staff"):
                found_by.add(token, "staff", row.id)


class _Exclusions:
    """Who must be kept from whom: most from a client we know, some from a worker, some from nobody known yet."""

    def __init__(
        self, load: Load, people: People, places: Places, found_by: Sink, seed: int, now: datetime
    ) -> None:
        self._people, self._places, self._found_by, self._now = people, places, found_by, now
        self._random = Random(f"{seed}:exclusions")
        self._today = now.astimezone(ZONE).date()
        self._persons = load.into(
            NamedPerson, "id", "names", "date_of_birth", "phone", "description", "too_little"
        )
        self._exclusions = load.into(
            Exclusion, "id", "client_id", "named_person_id", "separation", "gap_minutes", "source", "notes",
            "review_on", "recorded_at",
        )
        self._sites = load.into(ExclusionSite, "exclusion_id", "site_id")
        self._events = load.into(ExclusionEvent, "exclusion_id", "at", "what", "detail")
        self._matches = load.into(
            Match, "named_person_id", "person_kind", "person_id", "state", "score", "why", "found_at", "decided_at",
            "reason",
        )

    def write(self, total: int, step: Callable[[str, int, int], None]) -> None:
        """Make them all, venue by venue in turn."""
        homes = [home for home in self._people.homes if home.protected]
        for number in range(1, total + 1):
            if number % 500 == 0:
                step("exclusions", number, total)
            home = homes[number % len(homes)]
            protected = home.protected[(number // len(homes)) % len(home.protected)]
            self._one(number, home, protected)
        step("exclusions", total, total)

    def _one(self, number: int, home: Home, protected: int) -> None:
        random = self._random
        at = self._now - timedelta(days=random.randint(20, 700))
        separation = random.choice(_SEPARATIONS)
        kind = random.random()
        if kind < 0.72:
            known = self._client(home, elsewhere=separation == "site")
        elif kind < 0.76:
            known = self._worker(home)
        else:
            known = None
        who = self._people.who(known[1]) if known and known[0] == "client" else None
        if who is not None:
            called, born, phone = [f"{who.given} {who.family}"], who.born, who.phone if random.random() < 0.3 else None
        else:
            called = [f"{random.choice(names.MEN)} {names.surname(random)}"]
            born, phone = (names.birth_date(random, self._today) if random.random() < 0.5 else None), None
        says_little = too_little(Identity(tuple(called), born, phone))
        description = "Tall, drives a grey van" if random.random() < 0.2 else None
        self._persons.add(number, called, born, phone, description, says_little)
        for token in tokens(tuple(called), born, phone, "named"):
            self._found_by.add(token, "named", number)
        self._exclusions.add(
            number, protected, number, separation, random.choice((30, 30, 30, 45, 60)), random.choice(_SOURCES),
            "Told at assessment." if random.random() < 0.5 else None,
            self._today + timedelta(days=random.randint(-30, 300)), at,
        )
        self._events.add(number, at, "recorded", None)
        if separation == "site":
            self._sites.add(number, home.venue.site)
        if known is not None:
            state = random.choice(("confirmed", "confirmed", "possible"))
            decided = at + timedelta(days=1) if state == "confirmed" else None
            score = random.randint(70, 100)
            self._matches.add(number, *known, state, score, "same birth date; same name", at, decided, None)

    def _client(self, home: Home, elsewhere: bool) -> tuple[str, int] | None:
        """A named client: of the same venue, or one near; of another cluster when the site is to be closed to him."""
        homes = self._people.homes
        near = self._random.random() < 0.6 and not elsewhere
        first = home.venue.id - 1 if near else self._random.randrange(len(homes))
        for step in range(len(homes)):
            other = homes[(first + step) % len(homes)]
            if other.named and not (elsewhere and other.venue.cluster == home.venue.cluster):
                return "client", self._random.choice(other.named)
        return None

    def _worker(self, home: Home) -> tuple[str, int]:
        """A named worker of another cluster: she never goes there."""
        others = [venue for venue in self._places.venues if venue.cluster != home.venue.cluster]
        return "staff", self._random.choice(self._random.choice(others).staff[-2:])
