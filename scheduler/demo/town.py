"""The small town: a believable service to look at and to learn on. The same seed, day and hour give the same town.

Its past is loaded in bulk, and so is today's board. Whatever lies ahead from tomorrow is booked through
`services.booking` and recorded through `services.exclusions` (`demo.town_story`), so that every rule has been asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from scheduler.demo import town_past, town_story
from scheduler.demo.identity import reference, tokens
from scheduler.demo.service import add_types, password_hash
from scheduler.demo.town_people import Somebody, everyone
from scheduler.demo.town_places import BRONAGH, NEIGHBOURS, OPENING, PLACES, REFUGE, SITES, STAFF, TOWN
from scheduler.models import (
    Client,
    EligibilityDecision,
    IdentityToken,
    OpeningWindow,
    SafeContact,
    Site,
    SiteNeighbour,
    Staff,
    StaffVenue,
    Stay,
    Venue,
)
from scheduler.services.bulk import Load

ZONE = ZoneInfo("Europe/London")

Step = Callable[[str, int, int], None]


def load(seed: int, now: datetime, step: Step = lambda *_: None) -> None:
    """Fill an empty database with the town. `now` is the app's own clock. `step` is told what is being made."""
    today = now.astimezone(ZONE).date()
    people = everyone(seed, today)
    step("places and people", 0, 3)
    with Load() as bulk:
        add_types(bulk)
        _places(bulk)
        found_by = bulk.into(IdentityToken, "token", "owner_kind", "owner_id")
        _staff(bulk)
        _clients(bulk, people, seed, now)
        for someone in people:
            names = (f"{someone.given} {someone.family}", *someone.aliases)
            found_by.extend([(token, "client", someone.id) for token in tokens(names, someone.born, someone.phone)])
        for worker in STAFF:
            names = (f"{worker.given} {worker.family}",)
            found_by.extend([(token, "staff", worker.id) for token in tokens(names, None, worker.phone, "staff")])
        step("sessions and the past", 1, 3)
        town_past.write(bulk, people, Random(f"{seed}:past"), now)
    step("what lies ahead", 2, 3)
    town_story.tell(people, Random(f"{seed}:story"), now)
    step("what lies ahead", 3, 3)


def _places(bulk: Load) -> None:
    sites = bulk.into(Site, "id", "name")
    near = bulk.into(SiteNeighbour, "site_id", "neighbour_id")
    venues = bulk.into(
        Venue, "id", "site_id", "kind", "confidential", "arrive_early", "leave_late", "creche", "step_free", "name",
        "label", "address", "postcode", "phone", "directions",
    )
    windows = bulk.into(
        OpeningWindow, "venue_id", "weekday", "from_minute", "until_minute", "audience", "clear_before", "clear_after"
    )
    sites.extend(SITES.items())
    for here, there in NEIGHBOURS:
        near.extend([(here, there), (there, here)])
    for place in PLACES:
        address = f"{place.address}, {TOWN}" if place.address else None
        venues.add(
            place.id, place.site, place.kind, place.kind == "refuge", place.early, place.late, place.creche,
            place.step_free, place.name, place.label or place.name, address, place.postcode, place.phone,
            place.directions,
        )
    for each in OPENING:
        windows.add(
            each.venue, each.weekday, round(each.from_hour * 60), round(each.until_hour * 60),
            "women" if each.women else "everyone", each.clear, each.clear,
        )


def _staff(bulk: Load) -> None:
    staff = bulk.into(
        Staff, "id", "role", "job", "sees_clients", "woman", "on_call", "given_name", "family_name", "phone",
        "username", "password_hash",
    )
    at = bulk.into(StaffVenue, "staff_id", "venue_id")
    secret = password_hash()
    for each in STAFF:
        staff.add(
            each.id, each.role, each.job, each.sees_clients, each.woman, each.on_call, each.given, each.family,
            each.phone, each.login, secret if each.login else None,
        )
        at.extend([(each.id, venue) for venue in each.venues])


def _clients(bulk: Load, people: list[Somebody], seed: int, now: datetime) -> None:
    random = Random(f"{seed}:records")
    clients = bulk.into(
        Client, "id", "reference", "given_name", "family_name", "aliases", "date_of_birth", "phone", "eligibility",
        "request_mode", "preferences", "notes", "key_worker_id", "created_at",
    )
    contacts = bulk.into(
        SafeContact, "client_id", "channel", "safe", "hours", "may_name", "review_on", "paused", "checked_at"
    )
    decisions = bulk.into(EligibilityDecision, "client_id", "decision", "policy", "decided_by", "decided_at")
    stays = bulk.into(Stay, "client_id", "venue_id", "since", "until")
    # The refuge's own worker is key worker of those who stay there, and of nobody else.
    workers = [each.id for each in STAFF if each.sees_clients and each.id != BRONAGH]
    women_workers = [each.id for each in STAFF if each.id in workers and each.woman]
    today = now.astimezone(ZONE).date()
    for each in people:
        made = now - timedelta(days=random.randint(80, 390), minutes=random.randint(0, 600))
        worker = each.key_worker or random.choice(women_workers if each.woman else workers)
        if each.days_staying is not None:
            worker = BRONAGH
        clients.add(
            each.id, reference(each.id, seed), each.given, each.family, each.aliases, each.born, each.phone,
            each.eligibility, each.request_mode, each.preferences, each.notes, worker, made,
        )
        if each.eligibility != "unknown":
            decisions.add(each.id, each.eligibility, "2026-1", 3, made)
        safe = each.texts if each.texts in ("no", "unknown") else "yes"
        hours = [[day, 570, 870] for day in range(5)] if each.texts == "hours" else None
        may_name = ["name", "organisation"] if each.texts == "named" else None
        review = today + timedelta(days=-5 if each.texts == "review" else random.randint(30, 200))
        if each.phone:
            contacts.add(
                each.id, "sms", safe, hours, may_name, review if safe == "yes" else None, each.texts == "paused", made
            )
            calls = random.choice(("yes", "no", "unknown"))
            contacts.add(each.id, "call", calls, None, None, review if calls == "yes" else None, False, made)
        if each.days_staying is not None:
            since = datetime.combine(today - timedelta(days=each.days_staying), datetime.min.time(), ZONE)
            stays.add(each.id, REFUGE, since, None)


__all__ = ["load"]
