"""Requests and their times: one client that asks in turn, several at once; and a worker process's peak memory."""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.progress import Progress

Request = tuple[str, str, Any]
Pair = tuple[str, Callable[[], Request], Callable[[], Request], float]


@dataclass(slots=True)
class Figure:
    """One measured thing: its median and its floor's in milliseconds (megabytes for memory, bookings a second)."""

    what: str
    median: float
    floor: float = 0.0
    aim: float = 0.0
    statements: str = ""
    unit: str = "ms"
    note: str = ""
    database: str = ""
    size: str = ""

    @property
    def ratio(self) -> float:
        """The median over the floor's."""
        return self.median / self.floor if self.floor else 0.0

    @property
    def shown(self) -> str:
        """The median with its unit."""
        return f"{self.median:.2f} {self.unit}"

    @property
    def verdict(self) -> str:
        """Whether the aim is reached, where there is one; or a note."""
        if self.note:
            return self.note
        if not self.aim:
            return ""
        reached = self.ratio <= self.aim if self.floor else self.median <= self.aim
        return "reached" if reached else "MISSED"


class Client:
    """One keep-alive connection."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._cookie = cookie

    def ask(self, request: Request) -> tuple[float, str, bytes]:
        """Send one request. Gives its time in milliseconds, the number of statements it sent, and its body."""
        method, path, body = request
        headers = {"Cookie": self._cookie, "Content-Type": "application/json"}
        sent = json.dumps(body).encode() if body is not None else None
        begun = time.perf_counter()
        self._connection.request(method, path, sent, headers)
        response = self._connection.getresponse()
        answer = response.read()
        took = (time.perf_counter() - begun) * 1000
        if response.status != 200:
            raise RuntimeError(f"{method} {path.split('?')[0]} answered {response.status}")
        return took, response.headers["X-Statements"], answer


def alternately(client: Client, rounds: int, pairs: list[Pair]) -> list[Figure]:
    """Ask each measured thing and its floor in turn, so that both see the same machine; medians of `rounds`."""
    figures = []
    with Progress(transient=True) as progress:
        for what, measured, floor, aim in pairs:
            task = progress.add_task(what, total=rounds)
            times: tuple[list[float], list[float]] = ([], [])
            statements: Counter[str] = Counter()
            for _ in range(8):  # both workers, warm
                client.ask(measured())
                client.ask(floor())
            for _ in range(rounds):
                took, count, _ = client.ask(measured())
                statements[count] += 1
                times[0].append(took)
                times[1].append(client.ask(floor())[0])
                progress.advance(task)
            figures.append(
                Figure(
                    what, statistics.median(times[0]), statistics.median(times[1]), aim, "/".join(sorted(statements))
                )
            )
    return figures


def many_at_once(port: int, clients: int, each: int, booking: Callable[[], dict[str, Any]]) -> Figure:
    """`clients` connections that book at once, for free times of which every second one is asked for twice. Gives
    bookings a second, and says how many times were given to two clients (there must be none)."""
    wanted = [booking() for _ in range(clients * each)]
    given: list[tuple[int, int]] = []
    errors: list[str] = []
    barrier = threading.Barrier(clients + 1)

    def run(number: int) -> None:
        client = Client(port)
        barrier.wait()
        for turn in range(each):
            asked = wanted[turn * clients + number]
            if number % 2:  # the same time as the connection before this one
                asked = {**wanted[turn * clients + number - 1], "client": asked["client"]}
            try:
                _, _, answer = client.ask(("POST", "/bench/book", asked))
            except Exception as error:
                errors.append(str(error))
                continue
            if json.loads(answer)["booked"] is not None:
                given.append((asked["session"], asked["start"]))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    barrier.wait()
    begun = time.perf_counter()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - begun
    twice = sum(count - 1 for count in Counter(given).values())
    lost = clients * each // 2 - len(set(given))
    return Figure(
        f"{clients} clients booking at once", len(given) / took, unit="a second",
        note=f"{len(given)} booked, {twice} twice, {lost} lost, {len(errors)} errors",
    )


def peak_memory(process: int) -> Figure:
    """The highest memory that any worker process of this gunicorn has had, in megabytes."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    peaks = []
    for child in children:
        status = Path(f"/proc/{child}/status").read_text()
        peaks += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")]
    return Figure("peak memory of a web process", max(peaks), aim=150.0, unit="MB")
