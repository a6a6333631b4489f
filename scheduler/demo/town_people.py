"""The small town's clients: a dozen with a story that shows something, and a crowd around them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from random import Random
from typing import Any

from scheduler.demo import names
from scheduler.demo.town_places import ACORNS, AIDANS, CASTLE, HUB, LIBRARY, MARKET, ONLINE, REFUGE, ROISIN

CLIENTS = 100

#: Clients with a story, by number.
(
    JADE, CRAIG, HOLLY, AMINA, KEISHA, GAZ, BETHAN, LEE, SADIA, DONNA, SHANE, ROSIE, SIMONE, NADIA, LAUREN, RYAN,
    YVETTE, KOFI,
) = range(1, 19)  # fmt: skip


@dataclass(slots=True)
class Somebody:
    """A client. `texts` says how texting stands: see `_TEXTS`; `days_staying` counts back from today."""

    id: int
    given: str
    family: str
    born: str
    woman: bool
    eligibility: str
    phone: str | None
    aliases: list[str] = field(default_factory=list)
    preferences: dict[str, Any] = field(default_factory=dict)
    notes: str | None = None
    texts: str = "yes"
    key_worker: int | None = None
    request_mode: bool = False
    days_staying: int | None = None
    haunts: tuple[int, ...] = (HUB,)


#: How texting stands for someone, and how often that is so in the crowd.
_TEXTS = ("yes",) * 8 + ("hours",) * 4 + ("named",) * 2 + ("no",) * 3 + ("unknown",) * 4 + ("paused", "review")


def _story(
    number: int, given: str, family: str, born: str, woman: bool = True, eligibility: str | None = None, **more: Any
) -> Somebody:
    decided = eligibility or ("eligible" if woman else "not-eligible")
    return Somebody(number, given, family, born, woman, decided, names.mobile(100 + number), **more)


def stories() -> list[Somebody]:
    """The clients whom the README's tour meets."""
    return [
        _story(
            JADE, "Jade", "Vennerly", "1991-04-17", aliases=["Jay Vennerly"], key_worker=ROISIN, texts="hours",
            preferences={
                "venues": [HUB, CASTLE], "woman_worker": True, "staff": [ROISIN], "from_minute": 570,
                "until_minute": 870, "language": "en",
            },
            notes="Has an old phone; her brother sees the bill. School run at three.", haunts=(HUB, CASTLE),
        ),
        _story(CRAIG, "Craig", "Dunmorrow", "1988-11-02", woman=False, haunts=(HUB, LIBRARY)),
        _story(HOLLY, "Holly", "Starkwell", "1995-08-30", days_staying=20, haunts=(REFUGE,), texts="no"),
        _story(
            AMINA, "Amina", "Farrowby", "1993-01-12", texts="no", haunts=(ACORNS,),
            preferences={
                "venues": [ACORNS], "woman_worker": True, "creche": 1, "from_minute": 570, "until_minute": 720,
            },
        ),
        _story(KEISHA, "Keisha", "Longmere", "1990-06-25", haunts=(HUB, AIDANS)),
        _story(GAZ, "Gareth", "Hurstley", "1986-02-14", woman=False, aliases=["Gaz Hurstley"], haunts=(HUB, AIDANS)),
        _story(BETHAN, "Bethan", "Crossmoor", "1984-12-05", haunts=(HUB,)),
        _story(LEE, "Lee", "Stainmere", "1982-07-19", woman=False, haunts=(LIBRARY, MARKET)),
        _story(
            SADIA, "Sadia", "Rahmandale", "1979-10-21", haunts=(AIDANS, ONLINE), texts="named",
            preferences={"modes": ["phone"], "women_only": True, "language": "ur", "interpreter": True},
        ),
        _story(DONNA, "Donna", "Pickersby", "1975-03-03", haunts=(CASTLE, HUB)),
        _story(SHANE, "Shane", "Tollerby", "1974-09-09", woman=False, haunts=(MARKET, HUB)),
        _story(ROSIE, "Rosie", "Kellaway", "1998-05-28", haunts=(HUB, ACORNS)),
        _story(SIMONE, "Simone", "Hartsbourne", "1996-01-31", haunts=(HUB,)),
        _story(NADIA, "Nadia", "Elmbrook", "1987-07-07", haunts=(LIBRARY, HUB)),
        _story(LAUREN, "Lauren", "Thistlegate", "1992-02-20", haunts=(HUB,)),
        _story(RYAN, "Ryan", "Copperthwaite", "1990-10-10", woman=False, haunts=(HUB,)),
        _story(YVETTE, "Yvette", "Sandholme", "2001-12-24", eligibility="unknown", texts="unknown", haunts=(HUB,)),
        _story(KOFI, "Kofi", "Marlbank", "1994-04-04", woman=False, request_mode=True, haunts=(HUB,)),
    ]


def everyone(seed: int, today: date) -> list[Somebody]:
    """All hundred, the stories first. The same seed and day give the same people."""
    random = Random(f"{seed}:town people")
    found = stories()
    for number in range(len(found) + 1, CLIENTS + 1):
        woman = random.random() < 0.72
        given = random.choice(names.WOMEN if woman else names.MEN)
        eligibility = "not-eligible" if not woman else "eligible" if random.random() < 0.92 else "unknown"
        someone = Somebody(
            number, given, names.surname(random), names.birth_date(random, today), woman, eligibility,
            names.mobile(100 + number) if random.random() < 0.93 else None,
            texts=random.choice(_TEXTS), request_mode=random.random() < 0.04,
        )  # fmt: skip
        if random.random() < 0.12:
            someone.aliases = [f"{given[:3]} {someone.family}"]
        _choose(someone, random)
        found.append(someone)
    for someone in found[40:44]:
        if someone.woman:
            someone.days_staying, someone.haunts, someone.eligibility = 8 + someone.id, (REFUGE,), "eligible"
    return found


def _choose(someone: Somebody, random: Random) -> None:
    """What someone of the crowd would choose: where, how, when and with whom."""
    places = [HUB, CASTLE, MARKET, AIDANS, LIBRARY, ONLINE, *((ACORNS, ACORNS) if someone.woman else ())]
    someone.haunts = tuple(sorted({random.choice(places), random.choice(places)}))
    wishes: dict[str, Any] = {}
    if random.random() < 0.4:
        wishes["venues"] = list(someone.haunts)
    if someone.woman and random.random() < 0.35:
        wishes["woman_worker"] = True
    if someone.woman and random.random() < 0.2:
        wishes["women_only"] = True
    if random.random() < 0.2:
        wishes |= {"from_minute": 570, "until_minute": 870}
    if random.random() < 0.1:
        wishes["step_free"] = True
    someone.preferences = wishes


def told_of(people: list[Somebody]) -> tuple[list[Somebody], list[Somebody]]:
    """Those of the crowd whom exclusions are about: five women who are protected, and three men who are named."""
    crowd = people[KOFI:]
    return [each for each in crowd if each.woman][:5], [each for each in crowd if not each.woman][:3]
