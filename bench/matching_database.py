"""A service with very many clients and named people, on a real database, and what one more client takes there."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from sqlalchemy import Engine, event, func, insert, select

from bench.matching_people import Person, client_record, named_record, someone
from scheduler import clock, create_app
from scheduler.demo.identity import reference, tokens
from scheduler.extensions import db
from scheduler.models import Client, Exclusion, IdentityToken, Match, NamedPerson
from scheduler.rules.matching import Identity, too_little
from scheduler.services import clients, identities
from scheduler.services.actors import Actor
from scheduler.services.bulk import Load
from scheduler.services.transaction import use_case

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "instance" / "bench"
LEAD = Actor("staff", None, "lead")
Step = Callable[[str, int, int], None]
#: Ids that no client has, for who is matched without being added.
_FAR = 10_000_000


@dataclass(slots=True)
class Times:
    """What one thing takes each time: milliseconds on the clock and of this process's CPU, and statements sent."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    sent: list[int] = field(default_factory=list)

    @contextmanager
    def one(self) -> Iterator[None]:
        """Time what is done meanwhile."""
        sent, cpu, wall = _sent[0], time.process_time(), time.perf_counter()
        yield
        self.wall.append((time.perf_counter() - wall) * 1000)
        self.cpu.append((time.process_time() - cpu) * 1000)
        self.sent.append(_sent[0] - sent)

    @property
    def middle(self) -> float:
        """The median on the clock."""
        return statistics.median(self.wall)

    @property
    def slow(self) -> float:
        """What nineteen in twenty are faster than."""
        return sorted(self.wall)[len(self.wall) * 19 // 20]

    @property
    def own(self) -> float:
        """The median of CPU."""
        return statistics.median(self.cpu)

    @property
    def statements(self) -> int:
        """The median number of statements."""
        return int(statistics.median(self.sent))

    @property
    def most_statements(self) -> int:
        """The greatest number of statements."""
        return max(self.sent)


class Found(NamedTuple):
    """The times of one database, and how many possible matches were made meanwhile. `floor` is a transaction that
    writes one row: on a busy disk it says how much of the rest is the disk's."""

    floor: Times
    matching: Times
    adding: Times
    matches: int


def _environment(database: str, clients: int, named: int) -> tuple[dict[str, str], str]:
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"sidegate_bench_matching_{clients // 1000}_{named // 1000}"
    url = f"sqlite:///{FOLDER / name}.sqlite" if database == "sqlite" else f"postgresql+psycopg:///{name}"
    return {"SIDEGATE_DATABASE_URL": url, "SIDEGATE_LOG_LEVEL": "ERROR"}, name


@contextmanager
def service(database: str, clients: int, named: int, step: Step) -> Iterator[None]:
    """The app's context on a database newly filled with so many clients and people whom exclusions name; it is removed
    afterwards."""
    settings, name = _environment(database, clients, named)
    _remove(database, name)
    if database == "postgres":
        subprocess.run(["createdb", name], check=True)
    environment = {**os.environ, **settings}
    flask = [sys.executable, "-m", "flask", "--app", "wsgi", "init"]
    subprocess.run(flask, cwd=ROOT, env=environment, check=True, capture_output=True)
    os.environ.update(settings)
    app = create_app()
    try:
        with app.app_context():
            _fill(clients, named, step)
            yield
            db.session.remove()
            for engine in db.engines.values():
                engine.dispose()
    finally:
        for key in settings:
            os.environ.pop(key)
        _remove(database, name)


def _remove(database: str, name: str) -> None:
    if database == "postgres":
        subprocess.run(["dropdb", "--if-exists", name], check=True, capture_output=True)
    for file in FOLDER.glob(f"{name}.sqlite*"):
        file.unlink()


def _fill(many: int, named: int, step: Step) -> None:
    chance = Random("the clients and whom they fear")
    now = clock.now()
    with Load() as load:
        kept = load.into(Client, "id", "reference", "given_name", "family_name", "aliases", "date_of_birth", "phone",
                         "eligibility", "created_at")  # fmt: skip
        persons = load.into(NamedPerson, "id", "names", "date_of_birth", "phone", "too_little")
        exclusions = load.into(Exclusion, "id", "client_id", "named_person_id", "separation", "gap_minutes", "source",
                               "recorded_at")  # fmt: skip
        keys = load.into(IdentityToken, "token", "owner_kind", "owner_id")
        for number in range(1, many + 1):
            if number % 1000 == 0:
                step("clients", number, many)
            who = client_record(someone(chance, 0.8), chance)
            given = " ".join(part for part in (who.given, who.middle) if part)
            kept.add(number, reference(number, 1), given, who.family, list(who.aliases), who.birth or None,
                     who.phone or None, "unknown", now)  # fmt: skip
            for token in tokens(*who.identity()):
                keys.add(token, "client", number)
        for number in range(1, named + 1):
            who = named_record(someone(chance, 0.12), chance)
            identity = who.identity()
            persons.add(number, list(identity.names), identity.date_of_birth, identity.phone, too_little(identity))
            exclusions.add(number, chance.randint(1, many), number, "gap", 30, "told-us", now)
            for token in tokens(*identity, "named"):
                keys.add(token, "named", number)
        step("writing", many, many)


_sent = [0]


@event.listens_for(Engine, "before_cursor_execute")
def _counted(*_: Any) -> None:
    _sent[0] += 1


@use_case
def _only_match(client: int, who: Identity) -> None:
    identities.index_person("client", client, *who)
    identities.match_person("client", client, *who)


@use_case
def _one_row(number: int) -> None:
    row = {"token": number, "owner_kind": "staff", "owner_id": _FAR}
    db.session.execute(insert(IdentityToken.__table__), [row])


def times(rounds: int, step: Step) -> Found:
    """Add clients one after another in the running context, as reception does, and time each; and as many times the
    two calls alone, for someone else."""
    chance = Random("the next clients")
    before = _matches()
    for _ in range(10):  # the first make connections and fill caches
        clients.add(LEAD, _details(client_record(someone(chance, 0.8), chance)))
    floor, matching, adding = Times(), Times(), Times()
    for number in range(rounds):
        step("adding clients", number, rounds)
        details = _details(client_record(someone(chance, 0.8), chance))
        other = client_record(someone(chance, 0.8), chance).identity()
        with floor.one():
            _one_row(chance.getrandbits(60))
        with adding.one():
            clients.add(LEAD, details)
        with matching.one():
            _only_match(_FAR + number, other)
    return Found(floor, matching, adding, _matches() - before)


def _matches() -> int:
    return int(db.session.execute(select(func.count()).select_from(Match.__table__)).scalar_one())


def _details(who: Person) -> clients.ClientDetails:
    given = " ".join(part for part in (who.given, who.middle) if part)
    phone = f"07700 900{int(who.phone[-3:]):03d}" if who.phone else None
    return clients.ClientDetails(given, who.family, who.aliases, who.birth or None, phone)
