"""The small town's places, people who work there, and the week that they keep. Everything in it is invented."""

from __future__ import annotations

from typing import NamedTuple

from scheduler.demo.names import mobile
from scheduler.demo.service import CATCH_UP, DROP_IN, FIRST, GROUP, NURSE, SHORT_CALL

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
TOWN = "Carrowby"

#: The refuge's own name, address and postcode: the secrets that a test looks for in the raw database.
REFUGE_NAME, REFUGE_ADDRESS, REFUGE_POSTCODE = "Rowanlea House", "4 Larkhope Rise", "QV7 4RW"

HUB, CASTLE, MARKET, ACORNS, AIDANS, REFUGE, LIBRARY, ONLINE = range(1, 9)


class Place(NamedTuple):
    """A venue. `site` numbers the entrance; venues of one site share it."""

    id: int
    site: int
    kind: str
    name: str
    address: str | None
    postcode: str | None
    phone: str | None
    directions: str | None = None
    creche: bool = False
    step_free: bool = True
    early: int = 15
    late: int = 15
    label: str | None = None


SITES = {
    1: "Riverside", 2: "Castle Street Health Centre", 3: "Acorn Lane", 4: "St Aidan's", 5: REFUGE_NAME, 6: "Library",
    7: "Online",
}  # fmt: skip

#: The family hub and the community centre face each other across a lane.
NEIGHBOURS = ((3, 4),)

PLACES = (
    Place(
        HUB, 1, "hub", "Riverside Hub", "12 Mill Lane", "QV1 2AB", "01632 960101",
        "The side gate on Tanner's Row avoids the front desk. Ring the lower bell.",
    ),
    Place(CASTLE, 2, "gp", "Castle Street Surgery", "30 Castle Street", "QV1 5DE", "01632 960102", early=20),
    Place(MARKET, 2, "gp", "Market Surgery", "30 Castle Street", "QV1 5DE", "01632 960103", early=20),
    Place(
        ACORNS, 3, "family-hub", "Little Acorns Family Hub", "3 Acorn Lane", "QV2 7HT", "01632 960104",
        "Prams can be left in the porch.", creche=True,
    ),
    Place(
        AIDANS, 4, "community", "St Aidan's Community Centre", "8 Acorn Lane", "QV2 7HX", "01632 960105",
        step_free=False,
    ),
    Place(
        REFUGE, 5, "refuge", REFUGE_NAME, REFUGE_ADDRESS, REFUGE_POSTCODE, "01632 960106", "Use the buzzer marked 2.",
        label="Where you are staying",
    ),
    Place(LIBRARY, 6, "other", "Central Library Rooms", "1 Station Parade", "QV1 9LB", "01632 960107"),
    Place(ONLINE, 7, "online", "Online and phone", None, None, None),
)  # fmt: skip


class Open(NamedTuple):
    """A weekly opening time, in hours after local midnight."""

    venue: int
    weekday: int
    from_hour: float
    until_hour: float
    women: bool = False
    clear: int = 0


OPENING = (
    Open(HUB, MON, 9, 17), Open(HUB, TUE, 9, 13, True, 30), Open(HUB, TUE, 14, 19), Open(HUB, WED, 12, 20),
    Open(HUB, THU, 9, 17, True, 30), Open(HUB, FRI, 9, 17), Open(HUB, SAT, 10, 13, True, 15),
    Open(HUB, SUN, 10, 13, True, 15), Open(HUB, SUN, 14, 17),
    *(Open(surgery, weekday, 8.5, 18) for surgery in (CASTLE, MARKET) for weekday in range(5)),
    Open(ACORNS, MON, 12, 16), Open(ACORNS, TUE, 9.25, 15, True), Open(ACORNS, THU, 9.25, 15, True),
    Open(ACORNS, FRI, 9.25, 15, True),
    Open(AIDANS, MON, 9, 14), Open(AIDANS, TUE, 12, 16, True), Open(AIDANS, WED, 16, 21),
    Open(AIDANS, FRI, 12, 16, True),
    *(Open(REFUGE, weekday, 9, 17, True) for weekday in range(5)),
    *(Open(LIBRARY, weekday, 9, 18) for weekday in range(6)),
    *(Open(ONLINE, weekday, 8, 21) for weekday in range(6)),
)  # fmt: skip


class Works(NamedTuple):
    """Someone who works here. `login` is the username of those who sign in."""

    id: int
    given: str
    family: str
    role: str
    job: str
    woman: bool
    sees_clients: bool
    venues: tuple[int, ...]
    login: str | None = None
    on_call: bool = False

    @property
    def phone(self) -> str:
        """Where texts to staff go: on the page of phones, like everyone's."""
        return mobile(self.id)


(
    RECEPTION, OUTREACH, LEAD, MANAGER, ROISIN, ABENA, CHANTELLE, GARETH, SUNITA, BRONAGH, FAITH, IMRAN, LEAD_TOO,
) = range(1, 14)  # fmt: skip

STAFF = (
    Works(RECEPTION, "Tomos", "Applegarth", "reception", "receptionist", False, False, (HUB,), "reception"),
    Works(
        OUTREACH, "Marsha", "Fennimore", "outreach", "outreach worker", True, True, (AIDANS, REFUGE, ACORNS),
        "outreach",
    ),
    Works(LEAD, "Oonagh", "Brightwell", "lead", "safeguarding lead", True, False, (HUB, REFUGE), "lead", True),
    Works(MANAGER, "Devika", "Stanbridge", "manager", "service manager", True, False, (HUB,), "manager"),
    Works(ROISIN, "Roisin", "Calderwood", "worker", "recovery worker", True, True, (HUB, CASTLE), "worker"),
    Works(ABENA, "Abena", "Thornley", "worker", "nurse", True, True, (HUB, CASTLE, MARKET, ONLINE)),
    Works(CHANTELLE, "Chantelle", "Marlowby", "worker", "peer mentor", True, True, (HUB, ACORNS, ONLINE)),
    Works(GARETH, "Gareth", "Penhallow", "worker", "recovery worker", False, True, (HUB, MARKET, LIBRARY)),
    Works(SUNITA, "Sunita", "Wakeling", "worker", "counsellor", True, True, (HUB, AIDANS, ONLINE)),
    Works(BRONAGH, "Bronagh", "Eastlake", "outreach", "refuge worker", True, True, (REFUGE,)),
    Works(FAITH, "Faith", "Osmotherley", "worker", "family worker", True, True, (ACORNS,)),
    Works(IMRAN, "Imran", "Whitlock", "worker", "recovery worker", False, True, (HUB, LIBRARY)),
    Works(LEAD_TOO, "Philippa", "Ridgeway", "lead", "deputy safeguarding lead", True, False, (HUB,), "lead2"),
)  # fmt: skip


class Held(NamedTuple):
    """A weekly session, in hours after local midnight."""

    venue: int
    weekday: int
    from_hour: float
    hours: float
    staff: tuple[int, ...]
    title: str = "Appointments"
    kind: str = "one-to-one"
    women: bool = False
    types: tuple[int, ...] = (CATCH_UP, FIRST)
    seats: int | None = None
    creche: int = 0
    room: str | None = "Room 1"
    modes: tuple[str, ...] = ("in-person", "phone", "video")


_HERE = ("in-person",)
_AFAR = ("phone", "video", "chat")
_TALK = (CATCH_UP, FIRST, SHORT_CALL)
_NURSE = (CATCH_UP, NURSE)

WEEK = (
    Held(HUB, MON, 9.5, 3, (GARETH, ROISIN)),
    Held(HUB, MON, 13.5, 3, (GARETH,), types=_TALK),
    Held(HUB, TUE, 9.5, 3, (ROISIN, SUNITA), women=True),
    Held(HUB, TUE, 14.5, 4, (IMRAN,)),
    Held(HUB, WED, 13, 6.5, (GARETH, IMRAN)),
    Held(HUB, WED, 17.5, 1.5, (SUNITA,), "Evening group", "group", False, (GROUP,), 12, 0, "Group room", _HERE),
    Held(HUB, THU, 9.5, 3, (ROISIN, SUNITA), women=True, types=_TALK),
    Held(
        HUB, THU, 13.5, 1.5, (CHANTELLE, SUNITA), "Thursday group", "group", True, (GROUP,), 10, 0, "Group room", _HERE,
    ),
    Held(HUB, THU, 15.5, 1, (CHANTELLE,), "Come when you like", "drop-in", True, (DROP_IN,), 6, 0, "Room 2", _HERE),
    Held(HUB, FRI, 9.5, 3, (IMRAN, ABENA), types=(CATCH_UP, FIRST, NURSE)),
    Held(HUB, FRI, 13.5, 1.5, (GARETH,), "Friday group", "group", False, (GROUP,), 12, 0, "Group room", _HERE),
    Held(HUB, SAT, 10, 3, (ROISIN,), women=True),
    Held(HUB, SUN, 10, 3, (SUNITA, CHANTELLE), women=True),
    Held(HUB, SUN, 14, 3, (IMRAN,)),
    Held(CASTLE, MON, 9, 3, (ABENA,), types=_NURSE, room="Consulting room 4"),
    Held(CASTLE, WED, 9, 3, (ROISIN,), women=True, room="Consulting room 4"),
    Held(MARKET, TUE, 13, 3, (ABENA,), types=_NURSE, room="Treatment room"),
    Held(MARKET, THU, 9, 3, (GARETH,), room="Treatment room"),
    Held(ACORNS, MON, 13, 2, (FAITH,), creche=2, room="Blue room"),
    Held(ACORNS, TUE, 9.5, 2.5, (FAITH,), women=True, creche=4, room="Blue room"),
    Held(ACORNS, THU, 9.5, 2.5, (FAITH,), women=True, creche=4, room="Blue room"),
    Held(ACORNS, FRI, 10, 1.5, (FAITH, CHANTELLE), "Coffee morning", "group", True, (GROUP,), 8, 6, "Hall", _HERE),
    Held(AIDANS, MON, 10, 3, (OUTREACH,), room="Small hall"),
    Held(AIDANS, TUE, 13, 1.5, (SUNITA,), "Tuesday circle", "group", True, (GROUP,), 10, 0, "Small hall", _HERE),
    Held(AIDANS, WED, 17, 3, (OUTREACH,), room="Small hall"),
    Held(
        AIDANS, FRI, 13, 2, (OUTREACH,), "Come when you like", "drop-in", True, (DROP_IN,), 8, 0, "Small hall", _HERE,
    ),
    Held(REFUGE, WED, 10, 3, (BRONAGH,), women=True, room="Lounge", modes=("in-person", "phone")),
    Held(REFUGE, FRI, 9.5, 2, (BRONAGH, OUTREACH), women=True, room="Lounge", modes=("in-person", "phone")),
    Held(LIBRARY, WED, 9.5, 3, (IMRAN,), room="Room B"),
    Held(LIBRARY, THU, 13, 3, (GARETH,), room="Room B"),
    Held(ONLINE, MON, 17, 3, (SUNITA,), types=_TALK, room=None, modes=_AFAR),
    Held(ONLINE, TUE, 18, 1.5, (CHANTELLE,), "Tuesday online", "group", True, (GROUP,), 8, 0, None, ("video",)),
    Held(ONLINE, THU, 17, 3, (ABENA,), types=(CATCH_UP, SHORT_CALL), room=None, modes=_AFAR),
)  # fmt: skip
