"""Measure: `python -m bench [--size small ...] [--database sqlite ...] [--rounds N]`.

Each database is made by the product's own `demo` command and kept in `instance/bench/` (or in a PostgreSQL database of
the same name), so that a second run starts at once. Every figure is a median beside its floor's median, taken in turn
in the same run under gunicorn with two workers; what counts is the ratio.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import keeping, matching, texts
from bench.load import Client, Figure, alternately, many_at_once, peak_memory

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "instance" / "bench"
DAY = 86_400
console = Console(width=150)


def settings(database: str, size: str) -> dict[str, str]:
    """The environment of the app on this database."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = f"sidegate_bench_{size}"
    url = f"sqlite:///{FOLDER / size}.sqlite" if database == "sqlite" else f"postgresql+psycopg:///{name}"
    return {**os.environ, "SIDEGATE_DATABASE_URL": url, "SIDEGATE_LOG_LEVEL": "ERROR"}


def prepare(database: str, size: str, environment: dict[str, str]) -> None:
    """Make the database and its data, unless they are there from an earlier run."""
    # The stage lies in the next four weeks: next week's run makes the data anew.
    done = FOLDER / f"{database}-{size}-{time.strftime('%G-%V')}.done"
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    if done.exists():
        subprocess.run([*flask, "init"], cwd=ROOT, env=environment, check=True)
        return
    if database == "postgres":
        name = f"sidegate_bench_{size}"
        subprocess.run(["dropdb", "--if-exists", name], check=True, capture_output=True)
        subprocess.run(["createdb", name], check=True)
    else:
        for file in FOLDER.glob(f"{size}.sqlite*"):
            file.unlink()
    subprocess.run([*flask, "init"], cwd=ROOT, env=environment, check=True)
    subprocess.run([*flask, "demo", "--size", size, "--seed", "1", "--yes"], cwd=ROOT, env=environment, check=True)
    done.touch()


def plant(environment: dict[str, str], runs: int) -> dict[str, Any]:
    """The stage in this database and free times for the booking runs, from a process of its own."""
    code = (
        "import json; from scheduler import create_app; from bench import keeping, stage\n"
        "from scheduler.services import staff\n"
        "with create_app().app_context():\n"
        f"    s = stage.find_or_plant(); free = stage.booking_sessions(s, {runs}); token = staff.begin(s.lead)\n"
        f"    women, pairs = keeping.find_or_plant(s), keeping.meetings(64)\n"
        "    print(json.dumps({'venues': s.venues, 'board': s.board_venue, 'type': s.type, 'her': s.her, 'him': s.him,"
        " 'clients': s.clients, 'lead': s.lead, 'women': women, 'pairs': pairs, 'token': token,"
        " 'monday': int(s.monday.timestamp()),"
        " 'free': [[a, b, int(c.timestamp())] for a, b, c in free]}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def served(environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    """gunicorn with two workers on a free port; gives (port, process id)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4", "--worker-class", "gthread",
        "--bind", f"127.0.0.1:{port}", "--log-level", "error", "bench.app:app",
    ]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        for _ in range(300):
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def measure(database: str, size: str, rounds: int) -> list[Figure]:
    """Every figure of one database."""
    environment = settings(database, size)
    prepare(database, size, environment)
    stage = plant(environment, 40 + 5 * rounds)
    free = iter(stage["free"])
    clients = iter(stage["clients"] * 50)
    with served(environment) as (port, process):
        client = Client(port, cookie=f"desk={stage['token']}")
        venues = ",".join(map(str, stage["venues"]))
        four_weeks = f"venues={venues}&start={stage['monday']}&until={stage['monday'] + 28 * DAY}"
        day = time.strftime("%Y-%m-%d", time.gmtime(stage["monday"]))
        ask = f"/bench/offers?client={stage['her']}&type={stage['type']}&{four_weeks}"
        one_week = ask.replace(f"until={stage['monday'] + 28 * DAY}", f"until={stage['monday'] + 7 * DAY}")
        board = f"/bench/floor/select?venues={stage['board']}&start={stage['monday']}"

        def booking() -> dict[str, Any]:
            session, staff, start = next(free)
            return {
                "client": next(clients), "type": stage["type"], "session": session, "staff": staff, "start": start,
            }

        search = f"/bench/floor/search?{four_weeks}"
        figures = alternately(
            client,
            rounds,
            [
                ("offers, 4 weeks, 10 venues", lambda: ("GET", ask, None), lambda: ("GET", search, None), 2.0),
                (
                    "offers, not eligible",
                    lambda: ("GET", ask.replace(f"client={stage['her']}", f"client={stage['him']}"), None),
                    lambda: ("GET", search, None),
                    2.0,
                ),
                (
                    "first screen of 4 weeks / of 1",
                    lambda: ("GET", f"{ask}&limit=3", None),
                    lambda: ("GET", f"{one_week}&limit=3", None),
                    1.2,
                ),
                (
                    "day board, 200 appointments",
                    lambda: ("GET", f"/reception/?venue={stage['board']}&date={day}", None),
                    lambda: ("GET", board, None),
                    3.0,
                ),
                (
                    "one booking",
                    lambda: ("POST", "/bench/book", booking()),
                    lambda: ("POST", "/bench/floor/transaction", {}),
                    5.0,
                ),
            ],
        )
        whom = ask.replace(f"client={stage['her']}&", "client=0&")
        figures += keeping.measure(
            client, rounds, whom, stage["women"], stage["pairs"], stage["lead"], environment, ROOT
        )
        figures.append(many_at_once(port, 8, max(rounds // 4, 5), booking))
        figures.append(peak_memory(process))
    for figure in figures:
        figure.database, figure.size = database, size
    return figures


def report(figures: list[Figure]) -> None:
    """The table: medians in milliseconds, the ratio to the floor, and the aim."""
    # What else the machine does while it measures is in every figure: the floor's are under the same load.
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    table = Table(
        "database", "data", "what", "median", "floor", "ratio", "aim", "statements", "",
        caption=f"load over 1, 5 and 15 minutes: {load}, on {os.cpu_count()} cores",
    )
    for f in figures:
        table.add_row(
            f.database, f.size, f.what, f.shown, f"{f.floor:.2f} ms" if f.floor else "",
            f"{f.ratio:.2f}" if f.floor else "", f"{f.aim:g}" if f.aim else "", f.statements, f.verdict,
        )
    console.print(table)
    # The machine's own speed drifts between two sizes: the floor's growth beside ours says how much of it that is.
    growth = Table("database", "what", "large / small", "its floor", "aim")
    by = {(f.database, f.size, f.what): f for f in figures if f.floor}
    for (database, size, what), figure in by.items():
        small = by.get((database, "small", what))
        if size == "large" and small is not None:
            growth.add_row(
                database, what, f"{figure.median / small.median:.2f}", f"{figure.floor / small.floor:.2f}", "1.5"
            )
    if growth.row_count:
        console.print(growth)


def texting(databases: list[str]) -> list[Figure]:
    """What texting costs on these kinds of database."""
    return [figure for database in databases for figure in texts.measure(database, ROOT, FOLDER)]


def main() -> None:
    """Parse the command line, measure and report. `matching` or `texts` as first word measures that part alone."""
    if sys.argv[1:2] == ["matching"]:
        matching.main(sys.argv[2:])
        return
    if sys.argv[1:2] == ["texts"]:
        report(texting(sys.argv[2:] or ["sqlite", "postgres"]))
        return
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--size", action="append", choices=["small", "medium", "large"], help="default: all three")
    parser.add_argument("--database", action="append", choices=["sqlite", "postgres"], help="default: both")
    parser.add_argument("--rounds", type=int, default=60, help="requests for each figure (default 60)")
    asked = parser.parse_args()
    figures: list[Figure] = []
    for size in asked.size or ["small", "medium", "large"]:
        for database in asked.database or ["sqlite", "postgres"]:
            console.print(f"[bold]{database}, {size}[/bold]")
            figures += measure(database, size, asked.rounds)
    report(figures + texting(asked.database or ["sqlite", "postgres"]))
    matching.main([f"--database={database}" for database in asked.database or []])


if __name__ == "__main__":
    main()
