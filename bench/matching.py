"""Measure matching: `make bench ARGS="matching"`, or `python -m bench matching [--database sqlite ...]`.

Four parts. Recall, by kind of mistake, on made-up British people; possible matches with strangers, per new client; both
on the public FEBRL data; and the time that a new client takes with 100,000 clients and 5,000 named people, on either
database. One half of the made-up mistakes is there to improve the rules by (`--tuning`); the other half is reported.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from rich.console import Console
from rich.progress import Progress, TaskID, track
from rich.table import Table

from bench import matching_database, matching_febrl
from bench.matching_people import (
    HELD_OUT,
    KINDS,
    TUNING,
    Person,
    Wrong,
    client_record,
    mixed,
    named_record,
    someone,
    told,
)
from scheduler.rules import matching
from scheduler.rules.births import Birth, compare
from scheduler.rules.matching import MOST_LONE, Identity, Verdict, compare_people

console = Console(width=150)
PARTS = ("recall", "strangers", "febrl", "speed")
#: The aims: the share of people found, strangers held possible per new client, and what a new client may take.
RECALL, STRANGERS, MILLISECONDS = 0.99, 0.005, 20.0


class Town:
    """How many clients have a word of a name: what decides whether a lone name tells anything."""

    def __init__(self, clients: Iterable[Identity]) -> None:
        self._sharing = Counter(key for who in clients for key in matching.lone_lookups(who))

    def holds(self, known: Identity, verdict: Verdict) -> bool:
        """Whether the services would hold the two possible."""
        if verdict.possible or (verdict.lone and matching.is_lone(known)):
            return True
        return verdict.lone and any(self.is_rare(word) for word in verdict.by)

    def is_rare(self, word: str) -> bool:
        """Whether few enough clients have this word in a name."""
        return sum(self._sharing[key] for key in matching.sound_keys(word)) <= MOST_LONE


@dataclass(slots=True)
class Tally:
    """Pairs of one kind: how many, how many are found by their keys both ways, and how many held possible."""

    pairs: int = 0
    by_keys: int = 0
    held: int = 0
    missed: list[tuple[Identity, Identity, str]] = field(default_factory=list)

    def add(self, town: Town, named: Identity, known: Identity) -> None:
        """Weigh one pair of which both are one person."""
        verdict = compare_people(named, known)
        forth = not matching.all_lookups(named).isdisjoint(matching.match_keys(known))
        back = not matching.all_lookups(known).isdisjoint(matching.match_keys(named))
        held = forth and back and town.holds(known, verdict)
        self.pairs += 1
        self.by_keys += forth and back
        self.held += held
        if not held:
            self.missed.append((named, known, verdict.why))

    @property
    def shown(self) -> str:
        """The share that is held possible."""
        return f"{self.held / self.pairs:.4f}" if self.pairs else ""


def _known(who: Person, kinds: Sequence[Wrong], chance: Random) -> Identity | None:
    """What a service has of this person, or None when that leaves out what these mistakes need."""
    kept = client_record(who, chance)
    needs = {kind.keeps for kind in kinds}
    if ("birth" in needs and kept.birth != who.birth) or ("phone" in needs and kept.phone != who.phone):
        return None
    return kept.identity()


def _one_kind(kind: Wrong, half: int, town: Town, pairs: int, nameless: bool) -> Tally:
    """People told of with this one mistake: with the birth date, or with nothing besides the name."""
    chance, tally = Random(f"{kind.what}{half}"), Tally()
    for _ in range(60 * pairs):
        if tally.pairs >= pairs:
            break
        who = someone(chance, 0.5)
        found = told(who, (kind,), chance, half)
        known = _known(who, (kind,), chance)
        if found is None or known is None:
            continue
        if kind.keeps != "phone":
            found.phone = ""
        if nameless:
            found.birth = ""
        tally.add(town, found.identity(), known)
    return tally


def _mixture(half: int, town: Town, pairs: int) -> Tally:
    """People told of as people tell: none to three mistakes, and the phone of three in ten."""
    chance, tally = Random(f"mixture{half}"), Tally()
    while tally.pairs < pairs:
        who = someone(chance, 0.5)
        found, kinds = mixed(who, chance, half)
        known = _known(who, kinds, chance)
        if known is None:
            continue
        if not any(kind.keeps == "phone" for kind in kinds) and chance.random() < 0.7:
            found.phone = ""
        tally.add(town, found.identity(), known)
    return tally


def recall(half: int, town: Town, pairs: int) -> None:
    """The first part: who is told of, and is a client, is held possible."""
    table = Table("what is told wrongly", "with birth date", "name alone", title="Recall on made-up British people")
    misses: list[tuple[Identity, Identity, str]] = []
    with Progress(transient=True) as progress:
        task = progress.add_task("recall", total=len(KINDS) + 10)
        for kind in KINDS:
            whole = _one_kind(kind, half, town, pairs, False)
            alone = Tally() if kind.keeps else _one_kind(kind, half, town, pairs, True)
            table.add_row(kind.what, whole.shown, alone.shown)
            misses += whole.missed + alone.missed
            progress.advance(task)
        mixture = _mixture(half, town, 20 * pairs)
    table.add_section()
    verdict = "reached" if mixture.held >= RECALL * mixture.pairs else "MISSED"
    table.add_row(f"as people mix them ({mixture.pairs} people)", mixture.shown, f"aim {RECALL}: {verdict}")
    console.print(table)
    if half == TUNING:  # what is held out is not looked at
        for named, known, why in mixture.missed[:40] + misses[:40]:
            console.print(f"  {named.names} {named.date_of_birth} / {known.names} {known.date_of_birth}: {why}")


def strangers(named_many: int, new: int, town: Town) -> None:
    """The second part: of new clients who are nobody named, how many are held possible all the same."""
    chance = Random("strangers")
    named = [named_record(someone(chance, 0.12), chance).identity() for _ in range(named_many)]
    by_key: dict[str, list[int]] = defaultdict(list)
    for number, who in enumerate(named):
        for key in matching.match_keys(who):
            by_key[key].append(number)
    candidates, held, why = 0, Counter[str](), Counter[str]()
    people = Counter(_known_of(who) for who in named)
    for _ in track(range(new), "strangers", transient=True):
        known = client_record(someone(chance, 0.8), chance).identity()
        found = {number for key in matching.all_lookups(known) for number in by_key.get(key, ())}
        candidates += len(found)
        for number in found:
            verdict = compare_people(named[number], known)
            if town.holds(known, verdict):
                held[_known_of(named[number])] += 1
                why[_reason(named[number], known, verdict)] += 1
    table = Table("what is known of the named people", "of them", "possible matches", "per new client",
                  title=f"{new} new clients who are nobody named, beside {named_many} named people")  # fmt: skip
    for what, many in people.most_common():
        table.add_row(what, str(many), str(held[what]), f"{held[what] / new:.4f}")
    table.add_section()
    rate = held.total() / new
    verdict = "reached" if rate <= STRANGERS else "MISSED"
    table.add_row("all", str(named_many), str(held.total()), f"{rate:.4f} (aim {STRANGERS}: {verdict})")
    for what, many in why.most_common():
        table.add_row(f"  {what}", "", str(many), f"{many / new:.4f}")
    console.print(table)
    console.print(f"Candidates compared: {candidates / new:.1f} named people for each new client.")


def _known_of(who: Identity) -> str:
    if not who.date_of_birth:
        return "no birth date"
    return "the whole birth date" if len(who.date_of_birth) == 10 else "a year, perhaps guessed"


def _reason(named: Identity, known: Identity, verdict: Verdict) -> str:
    birth = compare(named.date_of_birth, known.date_of_birth)
    if birth is Birth.UNKNOWN:
        same = "the same name" if "same name" in verdict.why else "another form or spelling of the name"
        return f"{same}, no birth date on one side"
    if "the rest of the name differs" in verdict.why:
        return "the very birth date, and one word of the name"
    return "the name, and birth dates that fit or differ a little"


def febrl() -> None:
    """The third part: the public data sets."""
    data = matching_febrl.folder()
    if data is None:
        console.print(f"FEBRL was not measured. To get it: {matching_febrl.HOW}")
        return
    table = Table("FEBRL", "pairs", "held", "share a key", "all parts there", "a part missing", "strangers per client",
                  title="Public data: a copy is a named person, its original a client")  # fmt: skip
    missed: list[str] = []
    for name in track(tuple(matching_febrl.SETS), "FEBRL", transient=True):
        found = matching_febrl.read(data, name)
        town = Town(found.clients.values())
        whole, missing = Tally(), Tally()
        for pair in found.pairs:
            (whole if pair.whole else missing).add(town, pair.named, found.clients[pair.client])
        pairs = whole.pairs + missing.pairs
        table.add_row(
            name, str(pairs), f"{(whole.held + missing.held) / pairs:.4f}",
            f"{(whole.by_keys + missing.by_keys) / pairs:.4f}", whole.shown, missing.shown,
            f"{_febrl_strangers(found, town) / len(found.clients):.4f}",
        )  # fmt: skip
        reasons = Counter(_why_missed(*each) for each in whole.missed + missing.missed)
        missed.append(f"{name}: " + ", ".join(f"{many} {why}" for why, many in reasons.most_common()))
    console.print(table)
    console.print("Missed:", *missed, sep="\n  ")


def _why_missed(named: Identity, known: Identity, why: str) -> str:
    if not named.names or not known.names:
        return "without any name"
    if why.startswith(str(Birth.DIFFERS)):
        return "with another birth date altogether"
    if not named.date_of_birth or not known.date_of_birth:
        return "without a birth date and with one name of two"
    return "with both names another, or misspelt beyond their sound"


def _febrl_strangers(found: matching_febrl.Febrl, town: Town) -> int:
    by_key: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(found.pairs):
        for key in matching.match_keys(pair.named):
            by_key[key].append(place)
    many = 0
    for number, known in found.clients.items():
        for place in {place for key in matching.all_lookups(known) for place in by_key.get(key, ())}:
            pair = found.pairs[place]
            many += pair.client != number and town.holds(known, compare_people(pair.named, known))
    return many


def speed(databases: Sequence[str], clients: int, named: int, rounds: int) -> None:
    """The fourth part: what a new client takes, on each database."""
    table = Table("database", "what", "median", "19 of 20", "of it our own CPU", "aim", "statements",
                  title=f"One more client beside {clients:,} clients and {named:,} named people")  # fmt: skip
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    table.caption = f"What else the machine does is in every figure: load {load} on {os.cpu_count()} cores"
    for database in databases:
        with Progress(transient=True) as progress:
            task = progress.add_task(database)

            def step(what: str, done: int, total: int, task: TaskID = task, progress: Progress = progress) -> None:
                progress.update(task, description=what, completed=done, total=total)

            with matching_database.service(database, clients, named, step):
                found = matching_database.times(rounds, step)
        for what, times in (
            ("floor: a transaction that writes one row", found.floor),
            ("index and match, in a transaction of their own", found.matching),
            ("adding a client, whole", found.adding),
        ):
            reached = "reached" if times.middle < MILLISECONDS else "MISSED"
            verdict = "" if times is found.floor else f"{MILLISECONDS:.0f} ms: {reached}"
            table.add_row(
                database, what, f"{times.middle:.1f} ms", f"{times.slow:.1f} ms", f"{times.own:.1f} ms", verdict,
                f"{times.statements}, at most {times.most_statements}",
            )  # fmt: skip
        table.add_row("", f"possible matches found for these {2 * rounds} clients: {found.matches}")
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the command line, measure and report."""
    parser = argparse.ArgumentParser(prog="python -m bench matching", description=__doc__.splitlines()[0])
    parser.add_argument("--database", action="append", choices=["sqlite", "postgres"], help="default: both")
    parser.add_argument("--part", action="append", choices=PARTS, help="default: all")
    parser.add_argument("--clients", type=int, default=100_000, help="how many clients there are (default 100000)")
    parser.add_argument("--named", type=int, default=5_000, help="how many people exclusions name (default 5000)")
    parser.add_argument("--new", type=int, default=50_000, help="strangers to compare (default 50000)")
    parser.add_argument("--pairs", type=int, default=1_000, help="people for each kind of mistake (default 1000)")
    parser.add_argument("--rounds", type=int, default=300, help="clients added for the times (default 300)")
    parser.add_argument("--tuning", action="store_true", help="the half to improve the rules by, and its misses")
    asked = parser.parse_args(arguments)
    parts = asked.part or PARTS
    if {"recall", "strangers"} & set(parts):
        town = Town(_town(asked.clients))
        if "recall" in parts:
            recall(TUNING if asked.tuning else HELD_OUT, town, asked.pairs)
        if "strangers" in parts:
            strangers(asked.named, asked.new, town)
    if "febrl" in parts:
        febrl()
    if "speed" in parts:
        speed(asked.database or ["sqlite", "postgres"], asked.clients, asked.named, asked.rounds)


def _town(clients: int) -> Iterable[Identity]:
    chance = Random("the town")
    for _ in track(range(clients), "the town", transient=True):
        yield client_record(someone(chance, 0.8), chance).identity()


if __name__ == "__main__":
    main()
