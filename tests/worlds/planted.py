"""A world with a canary wherever something secret is kept, and a record of every kind that a route is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import (
    Alert,
    Appointment,
    ClientMerge,
    Closure,
    Exclusion,
    ExclusionEvent,
    Match,
    Message,
    Override,
    SafetyCase,
    Series,
    Site,
    Stay,
    TimeRequest,
    Venue,
)
from scheduler.services import booking, cases, choices, clients, door, exclusions, staff, waiting_list
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Choice
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.services.waiting_list import Wish

from ..support import factories as make
from ..support.desk import make_user
from ..support.factories import at
from .canaries import HER, HIM, NAMED, REFUGE
from .town import write

Filler = tuple[Any, str]

#: The phone of the lead who is on call, for the texts that staff are sent.
ON_CALL = "+447700900855"


@dataclass
class Planted:
    """The ids of everything, by the name of a route's parameter, as (value, about whom)."""

    fillers: dict[str, list[Filler]] = field(default_factory=dict)
    staff: dict[str, int] = field(default_factory=dict)
    her: int = 0
    him: int = 0
    hub: int = 0
    talk: int = 0
    hub_session: int = 0
    his_slot: tuple[int, int] = (0, 0)
    lead: int = 0
    feeds: dict[str, str] = field(default_factory=dict)

    def filler(self, name: str, value: Any, about: str = "") -> None:
        """Another value of this parameter."""
        self.fillers.setdefault(name, []).append((value, about))

    def ids(self, name: str) -> list[int]:
        """The values of this parameter."""
        return [value for value, _about in self.fillers[name]]


def plant(with_exclusion: bool = True) -> Planted:
    """Make it all, or all but the exclusion and what came of it. Nobody is assigned to the refuge but those whose name
    in `staff` ends in "assigned"."""
    world = Planted()
    _staff(world)
    _places(world)
    _people(world)
    _bookings(world)
    _waits(world)
    if with_exclusion:
        add_an_exclusion(world)
    _texts_and_feeds(world)
    db.session.rollback()
    return world


def _staff(world: Planted) -> None:
    for role in ("reception", "outreach", "worker", "manager", "lead"):
        for assigned in ("", " assigned"):
            called = {"phone": ON_CALL, "on_call": True} if role == "lead" and assigned else {}
            world.staff[f"{role}{assigned}"] = make_user(role, f"{role}{assigned}".replace(" ", "-"), **called)
    world.lead = world.staff["lead assigned"]


def _places(world: Planted) -> None:
    world.talk = make.make_type(name="Catch-up")
    group = make.make_type(name="Group", group=True)
    site, near = make.make_site("Mill Lane"), make._save(Site(id=int(REFUGE["site id"]), name=REFUGE["site"]))
    make.make_neighbours(site, near)
    world.hub = make.make_venue(site, name="Riverside Hub", label="Riverside Hub")
    refuge = make._save(
        Venue(
            id=int(REFUGE["venue id"]), site_id=near, kind="refuge", confidential=True, name=f"{REFUGE['name']} Lodge",
            label="", address=f"7 {REFUGE['address']}", postcode=REFUGE["postcode"], phone=REFUGE["phone"],
            directions=f"behind {REFUGE['directions']}", entrance=f"{REFUGE['entrance']} door",
            parking=f"at {REFUGE['parking']}", bus=f"7 to {REFUGE['bus']}",
        )
    )
    for venue in (world.hub, refuge):
        make.open_all_day(venue)
        make._save(Closure(venue_id=venue, start=at(0, 0, 40), end=at(0, 0, 41)))
    for name, id in world.staff.items():
        if name.endswith("assigned"):
            make.assign(id, refuge)
    worker = make.make_staff(given_name="Aisha")
    shape = {"rule": "FREQ=WEEKLY;BYDAY=WE", "first_day": at(0).date(), "at_minute": 600, "minutes": 120, "staff": []}
    series = make._save(Series(venue_id=world.hub, title="Wednesdays", modes=["in-person"], types=[group], kind="group",
                               seats=6, **shape))
    hidden = make._save(
        Series(id=int(REFUGE["series id"]), venue_id=refuge, title=REFUGE["series"], modes=["in-person"],
               types=[world.talk], room=REFUGE["room"], **shape)
    )
    assigned = world.staff["worker assigned"]
    world.hub_session = make.make_session(world.hub, at(8), at(18), (worker, world.staff["outreach"]), (world.talk,))
    tomorrow = make.make_session(world.hub, at(10, 0, 1), at(12, 0, 1), (worker,), (world.talk,))
    together = make.make_session(
        world.hub, at(10, 0, 2), at(12, 0, 2), (), (group,), kind="group", seats=6, series_id=series,
        enrolment_id=series,
    )
    # Those with an id of their own come last: SQLite counts on from the highest.
    inside = make.make_session(
        refuge, at(8), at(18), (assigned,), (world.talk,), title=f"{REFUGE['session']} room", room=REFUGE["room"],
        id=int(REFUGE["session id"]), series_id=hidden,
    )
    make.make_session(refuge, at(10, 0, 1), at(12, 0, 1), (assigned,), (world.talk,), title=REFUGE["session"])
    for session in (world.hub_session, tomorrow, together, inside):
        world.filler("session_id", session)
    pairs = {"venue_id": (world.hub, refuge), "site_id": (site, near), "series_id": (series, hidden)}
    for name, values in pairs.items():
        for value in values:
            world.filler(name, value)
    world.his_slot = (tomorrow, worker)
    world.filler("staff_id", worker)
    world.filler("staff_id", assigned)
    for row in db.session.execute(select(Closure.id)).scalars():
        world.filler("closure_id", row)


def _people(world: Planted) -> None:
    key_worker = world.staff["worker assigned"]
    world.her = clients.add(SYSTEM, ClientDetails(
        HER["given name"], HER["name"], (), "1990-04-12", HER["phone"], {"venues": [int(REFUGE["venue id"])]},
        HER["notes"], key_worker,
    ))
    called = (HIM["given name"], HIM["name"], ())
    world.him = clients.add(SYSTEM, ClientDetails(*called, None, HIM["phone"], {}, HIM["notes"]))
    twin = clients.add(SYSTEM, ClientDetails(*called))
    clients.decide_eligibility(SYSTEM, world.her, "eligible", "v1")
    for client in (world.her, world.him):
        make.make_safe_contact(client, hours=None)
    world.filler("client_id", world.her, "hers")
    world.filler("client_id", world.him, "his")
    stay = make._save(Stay(client_id=world.her, venue_id=int(REFUGE["venue id"]), since=at(0) - timedelta(days=9)))
    world.filler("stay_id", stay)
    merge = make._save(
        ClientMerge(kept_id=world.him, gone_id=twin, moved={}, reason=NAMED["reason to merge"], merged_by=world.lead,
                    merged_at=clock.now(), split_by=world.staff["lead"], split_at=clock.now(),
                    split_reason=NAMED["reason to merge"])
    )
    world.filler("merge_id", merge, "his")
    world.filler("keep_id", world.him, "his")
    world.filler("gone_id", twin, "his")


def _bookings(world: Planted) -> None:
    venue = int(REFUGE["venue id"])
    hub, inside = world.hub_session, int(REFUGE["session id"])
    for session, hour in ((hub, 10), (inside, 14)):
        worker = world.staff["outreach"] if session == hub else world.staff["worker assigned"]
        made = booking.book(SYSTEM, Choice(world.her, world.talk, session, worker, "in-person", at(hour)))
        world.filler("appointment_id", made.id, "hers")
        world.filler("number", made.own_number, "hers")
    tomorrow, worker = world.his_slot
    made = booking.book(SYSTEM, Choice(world.her, world.talk, tomorrow, worker, "in-person", at(11, 0, 1)))
    db.session.execute(update(Appointment).where(Appointment.id == made.id).values(note="Bring the letter."))
    # Booked before anyone said that they are to be kept apart: he is in sight of the refuge while she is there.
    for hour in (11, 14):
        his = write(hub, world.him, at(hour), world.staff["outreach"])
        world.filler("appointment_id", his, "his")
    assert db.session.get_one(Venue, venue).confidential
    db.session.commit()


def add_an_exclusion(world: Planted) -> None:
    """An exclusion that protects her from him, and everything that comes of one."""
    lead = Actor("staff", world.lead, "lead")
    recorded = exclusions.record(lead, ExclusionDetails(
        world.her, (f"Thaddeus {NAMED['name']}", NAMED["alias"]), None, NAMED["birth date"], NAMED["phone"],
        f"{NAMED['description']} coat", "gap", 30, (), "police", at(0).date() - timedelta(days=1), NAMED["notes"],
    ))
    exclusion = recorded.exclusion_id
    named = db.session.execute(select(Exclusion.named_person_id).where(Exclusion.id == exclusion)).scalar_one()
    match = make._save(
        Match(named_person_id=named, person_kind="client", person_id=world.him, state="possible", score=77,
              why=f"same birth date; {NAMED['why it matches']}", found_at=clock.now(),
              reason=NAMED["reason of a decision"])
    )
    db.session.add(ExclusionEvent(exclusion_id=exclusion, at=clock.now(), staff_id=world.lead, what="changed",
                                  detail={"before": {"notes": NAMED["history"]}}))
    db.session.execute(update(Exclusion).where(Exclusion.id == exclusion).values(
        closing_by=world.staff["lead"], closing_reason=NAMED["reason for closing"]))
    db.session.commit()
    cases.refresh()
    world.filler("exclusion_id", exclusion)
    world.filler("match_id", match)
    for case in db.session.execute(select(SafetyCase.id).order_by(SafetyCase.id)).scalars():
        world.filler("case_id", case)
    assert len(world.fillers["case_id"]) >= 2, "the world needs clashes, one of them at the refuge"
    override = make._save(
        Override(client_id=world.her, case_id=world.ids("case_id")[0], reason=NAMED["reason to override"],
                 state="asked", asked_by=world.lead, asked_at=clock.now(), until=at(0, 0, 2))
    )
    world.filler("override_id", override)
    asked = booking.request_times(SYSTEM, world.him, world.talk, "in-person", [(world.his_slot[0], at(10, 0, 1))])
    world.filler("request_id", asked)
    hers = world.ids("appointment_id")[1]
    settled = {"settled_at": clock.now(), "settled_by": world.lead, "what_was_done": NAMED["what was done"]}
    for venue, more in ((int(REFUGE["venue id"]), {}), (world.hub, {}), (world.hub, settled)):
        alert = make._save(
            Alert(exclusion_id=exclusion, person_kind="client", person_id=world.him, venue_id=venue,
                  appointment_id=hers, raised_at=clock.now(), **more)
        )
        world.filler("alert_id", alert)
    door.check(lead, world.hub, None, f"Thaddeus {NAMED['name']}")
    assert db.session.execute(select(TimeRequest.id)).first() is not None


def _waits(world: Planted) -> None:
    """She waits for a time at the refuge, and he for any; what she could choose from was counted."""
    wish = Wish(places=(int(REFUGE["venue id"]), world.hub), creche=1)
    for client, about, wanted in ((world.her, "hers", wish), (world.him, "his", Wish())):
        waits = waiting_list.join(SYSTEM, client, world.talk, wanted, at(0, 0, 20).date())
        world.filler("waiting_id", waits, about)
        choices.note(client_actor(client), client, world.talk, "waiting", choices.Asked())


def _texts_and_feeds(world: Planted) -> None:
    for message in db.session.execute(select(Message.id).order_by(Message.id).limit(2)).scalars():
        world.filler("message_id", message)
    assigned = world.staff["worker assigned"]
    world.feeds = {
        "worker": staff.make_feed(SYSTEM, "worker", staff_id=assigned),
        "venue": staff.make_feed(SYSTEM, "venue", venue_id=world.hub),
        "partner": staff.make_feed(SYSTEM, "partner", venue_id=world.hub),
        "refuge": staff.make_feed(SYSTEM, "venue", venue_id=int(REFUGE["venue id"])),
        "refuge partner": staff.make_feed(SYSTEM, "partner", venue_id=int(REFUGE["venue id"])),
    }
    for token in world.feeds.values():
        world.filler("feed", token)
    for number in (1, 2):
        world.filler("feed_id", number)
        world.filler("token_id", number)


def names_of_everything(world: Planted) -> Mapping[str, list[Filler]]:
    """What routes may be asked for: the fillers, and the few that are words."""
    words: dict[str, list[Filler]] = {
        "channel": [("sms", "")], "language": [("ur", "")], "purpose": [("reminder", "")],
        "filename": [("staff/staff.css", "")], "digest": [("0a1b2c3d4e", "")],
    }
    return {**words, **world.fillers}


__all__ = ["Planted", "add_an_exclusion", "names_of_everything", "plant"]
