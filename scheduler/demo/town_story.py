"""What lies ahead of the small town, done as its staff would do it: exclusions recorded, times booked, asked for and
cancelled, every one through the services."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

from scheduler import clock
from scheduler.demo import town_writes
from scheduler.demo.service import CATCH_UP, FIRST, GROUP, NURSE
from scheduler.demo.town_people import (
    AMINA,
    BETHAN,
    CRAIG,
    DONNA,
    HOLLY,
    JADE,
    KEISHA,
    KOFI,
    LAUREN,
    LEE,
    NADIA,
    ROSIE,
    RYAN,
    SADIA,
    SHANE,
    SIMONE,
    Somebody,
    told_of,
)
from scheduler.demo.town_places import ACORNS, HUB, LEAD, LEAD_TOO, LIBRARY, REFUGE, ROISIN
from scheduler.errors import SlotUnavailable
from scheduler.rules.slots import Offer
from scheduler.services import booking, exclusions, matches, overrides
from scheduler.services.actors import SYSTEM, Actor, client_actor
from scheduler.services.booking import Booked, Choice, Wanted
from scheduler.services.exclusions import ExclusionDetails
from scheduler.store import exclusions as exclusion_store

ZONE = ZoneInfo("Europe/London")
_REVIEW = timedelta(days=90)
_LEAD, _LEAD_TOO = Actor("staff", LEAD, "lead"), Actor("staff", LEAD_TOO, "lead")


def tell(people: list[Somebody], random: Random, now: datetime) -> None:
    """Everything from tomorrow on."""
    story = _Story(people, random, now)
    story.two_who_will_clash()
    story.exclusions()
    story.the_known_book()
    story.the_crowd_books()
    story.some_change_their_minds()
    story.one_asks_for_times()
    story.two_are_due_tomorrow()
    story.two_share_a_group()
    story.two_people_decide()
    story.someone_came_in(now)


class _Story:
    def __init__(self, people: list[Somebody], random: Random, now: datetime) -> None:
        self._people, self._random = people, random
        tomorrow = now.astimezone(ZONE).date() + timedelta(days=1)
        self._today = tomorrow - timedelta(days=1)
        self._from = datetime.combine(tomorrow, time(), ZONE)
        self._booked: list[Booked] = []

    def _offers(self, client: int, type_id: int, days: tuple[int, int], *venues: int, **wishes: object) -> list[Offer]:
        start, until = (self._from + timedelta(days=each) for each in days)
        return booking.offers(SYSTEM, Wanted(client, type_id, start, until, venues=venues, **wishes))  # type: ignore[arg-type]

    def _book(self, client: int, type_id: int, offer: Offer, creche: int = 0) -> Booked | None:
        try:
            booked = booking.book(SYSTEM, Choice.from_offer(client, type_id, offer, creche))
        except SlotUnavailable:
            return None
        self._booked.append(booked)
        return booked

    def two_who_will_clash(self) -> None:
        """Lauren and Ryan are both booked at the hub on one day; that she must be kept from him is told afterwards."""
        here = {"modes": frozenset({"in-person"})}
        theirs = {offer.session: offer for offer in self._offers(RYAN, CATCH_UP, (3, 17), HUB, **here)}
        for offer in self._offers(LAUREN, CATCH_UP, (3, 17), HUB, **here):
            if offer.session in theirs and self._book(LAUREN, CATCH_UP, offer):
                again = self._offers(RYAN, CATCH_UP, (3, 17), HUB, **here)
                self._book(RYAN, CATCH_UP, next(each for each in again if each.session == offer.session))
                return

    # --- exclusions --------------------------------------------------------------------------------------------------

    def exclusions(self) -> None:
        """Known people, people known by name only, and one of each thing that can become of an exclusion."""
        soon, late = self._today + timedelta(days=90), self._today - timedelta(days=20)
        self._record(
            JADE, person=("client", CRAIG), review_on=soon,
            notes="He was released in the spring. She has moved twice since.",
        )
        self._record(
            HOLLY, names=("Dean Ashgrove", "Deano"), date_of_birth="1989", separation="day", source="marac",
            description="Drives a white van with a ladder.", review_on=soon,
        )
        self._record(KEISHA, names=("Gaz Hurstley",), date_of_birth="1986", separation="series", review_on=soon)
        self._record(
            BETHAN, person=("client", LEE), separation="site", sites=(1,), source="court-order",
            notes="Order until the end of next year.", review_on=soon,
        )
        donna = self._record(
            DONNA, names=("Shane Tollerby",), date_of_birth="1974-09-09", separation="day", source="police",
            review_on=late,
        )
        self._decide(donna, SHANE, "confirmed", None)
        self._record(ROSIE, person=("client", SIMONE), gap_minutes=60, review_on=soon)
        self._record(NADIA, names=("Gareth Penhallow",), source="staff", review_on=soon)
        self._record(LAUREN, person=("client", RYAN), separation="day", review_on=soon)
        women, men = told_of(self._people)
        self._record(women[0].id, names=("Mick",), description="Brother-in-law. Walks two dogs.")
        self._record(women[1].id, names=("Terrence Blackmoor", "Tel"), date_of_birth="1968-11", source="marac")
        namesake = self._record(women[2].id, names=(f"{men[0].given} {men[0].family}",), date_of_birth=men[0].born[:4])
        self._decide(namesake, men[0].id, "dismissed", "Another man of that name: she has seen his photograph.")
        waiting = self._record(women[3].id, person=("client", men[1].id))
        exclusions.start_closing(_LEAD, waiting, "She asked for it to end; they share the children again.")
        closed = self._record(women[4].id, person=("client", men[2].id))
        exclusions.start_closing(_LEAD_TOO, closed, "He has died.")
        exclusions.confirm_closing(_LEAD, closed)

    @staticmethod
    def _record(client: int, **details: object) -> int:
        return exclusions.record(_LEAD, ExclusionDetails(client, **details)).exclusion_id  # type: ignore[arg-type]

    @staticmethod
    def _decide(exclusion: int, client: int, decision: str, reason: str | None) -> None:
        row = exclusion_store.exclusion(exclusion)
        assert row is not None
        for match in exclusion_store.matches_of(row.named_person_id):
            if (match.person_kind, match.person_id) == ("client", client):
                matches.decide_match(_LEAD, match.id, decision, reason)

    # --- bookings ----------------------------------------------------------------------------------------------------

    def the_known_book(self) -> None:
        """The clients with a story have something ahead of them. Jade comes when the hub is open to everyone."""
        hers = self._offers(JADE, CATCH_UP, (0, 10), HUB, staff=frozenset({ROISIN}), modes=frozenset({"in-person"}))
        mixed = [offer for offer in hers if offer.audience == "everyone"]
        self._book(JADE, CATCH_UP, mixed[2])
        for client, type_id, venues, wishes in (
            (CRAIG, CATCH_UP, (LIBRARY,), {}),
            (HOLLY, CATCH_UP, (REFUGE,), {}),
            (KEISHA, CATCH_UP, (HUB,), {}),
            (BETHAN, FIRST, (HUB,), {"women_only": True}),
            (LEE, CATCH_UP, (LIBRARY,), {}),
            (SADIA, CATCH_UP, (), {"modes": frozenset({"phone"}), "woman_worker": True}),
            (DONNA, CATCH_UP, (HUB,), {}),
            (ROSIE, GROUP, (HUB,), {"women_only": True}),
            (SIMONE, CATCH_UP, (HUB,), {}),
            (NADIA, CATCH_UP, (HUB,), {}),
        ):
            found = self._offers(client, type_id, (0, 10), *venues, **wishes)
            if found:
                self._book(client, type_id, self._random.choice(found[:40]))
        with_creche = self._offers(AMINA, CATCH_UP, (0, 14), ACORNS, creche=1)
        if with_creche:
            self._book(AMINA, CATCH_UP, with_creche[0], creche=1)

    def the_crowd_books(self) -> None:
        """Most of the crowd have something in the next four weeks, sooner rather than later."""
        random = self._random
        for someone in self._people[KOFI:]:
            for _ in range(random.choice((0, 1, 1, 1, 2))):
                week = random.choice((0, 0, 0, 1, 1, 2, 3))
                type_id = random.choice((CATCH_UP,) * 7 + (FIRST, NURSE, GROUP, GROUP))
                venue = random.choice(someone.haunts)
                found = self._offers(someone.id, type_id, (7 * week, 7 * week + 7), venue)
                if found:
                    self._book(someone.id, type_id, random.choice(found))

    def some_change_their_minds(self) -> None:
        """A few cancel; a few of the rest wait to be confirmed; and two are only proposed or waiting."""
        random, crowd = self._random, [each for each in self._booked if each.client_id > KOFI]
        random.shuffle(crowd)
        for booked in crowd[:6]:
            booking.cancel(SYSTEM, booked.id, random.choice(("client-asked", "worker-away")))
        town_writes.set_pending([booked.id for booked in crowd[6:9]])
        town_writes.propose(crowd[9], "proposed", crowd[0].client_id)
        town_writes.propose(crowd[10], "waitlist", crowd[1].client_id)

    def one_asks_for_times(self) -> None:
        """Someone in request mode has asked for two times, and staff have not answered yet."""
        times = booking.timetable(KOFI, CATCH_UP, "in-person", self._from, self._from + timedelta(days=14))
        wishes = [(session, start) for session, venue, start, _ in times if venue == HUB][:2]
        booking.request_times(client_actor(KOFI), KOFI, CATCH_UP, "in-person", wishes)


    # --- what else a lead finds on the desk ---------------------------------------------------------------------------

    def _crowd(self, woman: bool) -> list[Somebody]:
        """Those of the crowd whom no exclusion is about yet, the last ones first."""
        told = {each.id for some in told_of(self._people) for each in some}
        free = [each for each in self._people[KOFI:] if each.id not in told and each.days_staying is None]
        eligible = "eligible" if woman else "not-eligible"
        return [each for each in reversed(free) if each.woman is woman and each.eligibility == eligible]

    def two_are_due_tomorrow(self) -> None:
        """She and he are booked one after the other on the next working day; she tells of him only now."""
        here = {"modes": frozenset({"in-person"})}
        she, he = self._crowd(woman=True)[0], self._crowd(woman=False)[0]
        hers = [each for each in self._offers(she.id, CATCH_UP, (0, 5), **here) if each.audience == "everyone"]
        for offer in hers:
            if not self._book(she.id, CATCH_UP, offer):
                continue
            near = [
                each for each in self._offers(he.id, CATCH_UP, (0, 5), **here)
                if each.session == offer.session and abs(each.start - offer.start) < timedelta(minutes=75)
            ]
            if near and self._book(he.id, CATCH_UP, near[0]):
                self._record(she.id, person=("client", he.id), source="police", review_on=self._today + _REVIEW)
                return
            booking.cancel(SYSTEM, self._booked[-1].id, "other")

    def two_share_a_group(self) -> None:
        """Two women come to the same group for weeks before one tells that she is afraid of the other."""
        one, other = self._crowd(woman=True)[1:3]
        for week in range(1, 6):
            days = (7 * week, 7 * week + 7)
            theirs = {each.session for each in self._offers(other.id, GROUP, days, HUB, women_only=True)}
            shared = [
                each for each in self._offers(one.id, GROUP, days, HUB, women_only=True) if each.session in theirs
            ]
            if shared and self._book(one.id, GROUP, shared[0]):
                self._book(other.id, GROUP, shared[0])
        self._record(one.id, person=("client", other.id), review_on=self._today + _REVIEW)

    def two_people_decide(self) -> None:
        """One lead asks for a time that keeps two apart, and the other has not decided; another was given before."""
        self._ask(
            _LEAD, LAUREN, "The court sits that week, and she asks to be seen before it; her worker will be with her."
        )
        why = "They have told both of us that they would rather come than wait, and their workers are with them."
        for client in (SIMONE, ROSIE, DONNA, KEISHA, self._crowd(woman=False)[0].id, RYAN):
            given = self._ask(_LEAD_TOO, client, why)
            if given is not None:
                overrides.give(_LEAD, given, overrides.view(_LEAD, given).seen, "Spoke with both by phone.")
                return

    def _ask(self, lead: Actor, client: int, reason: str) -> int | None:
        start, until = self._from + timedelta(days=1), self._from + timedelta(days=24)
        wanted = Wanted(client, CATCH_UP, start, until, frozenset({"in-person"}))
        found = overrides.times(lead, wanted, limit=5000)
        if not found:
            return None
        return overrides.ask_to_book(lead, Choice.from_offer(client, CATCH_UP, found[0]), reason)

    def someone_came_in(self, now: datetime) -> None:
        """A man came to the hub when a woman who is kept from him was there or due within two hours: just now, or when
        the hub was last open. Nobody has said yet what was done."""
        visit = town_writes.visit_to(HUB, now)
        if visit is None:
            return
        came_at = min(now, visit.start - timedelta(minutes=10))
        with clock.stopped_at(came_at - timedelta(days=3)):
            named = self._record(
                visit.client_id, names=("Terry Holmwood",), date_of_birth="1981", source="marac",
                description="Grey beard, walks with a stick.", review_on=self._today + _REVIEW,
            )
        with clock.stopped_at(came_at):
            town_writes.came_in(named, visit.id, HUB, came_at)
