"""His phone, in the hands of someone who wants to find out about her: it keeps every byte that comes back."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import Tag
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

Transcript = list[tuple[str, bytes, int]]

#: The ways of meeting that the page of times may be asked for, one that there is not among them.
_WAYS = ("in-person", "phone", "video", "chat", "telepathy")


@contextmanager
def questions() -> Iterator[list[str]]:
    """The statements that the database is sent inside."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def whole(answer: Any) -> bytes:
    """All that comes back: the status line, every header and the body."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
    return f"{answer.status}\r\n{headers}\r\n".encode() + bytes(answer.data)


class Prober:
    """Asks for times, changes his mind, opens every day and page, tampers with whatever he can send, and decides what
    to do next by what he has seen. `heard` is his whole transcript: each request, what came back, and how many
    questions the database was asked for it, which the time of an answer would tell."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.http = app.test_client()
        self.wit = random.Random(seed)
        self.heard: Transcript = []
        self.html = ""

    def send(self, method: str, path: str, **rest: Any) -> Any:
        """One request."""
        with questions() as asked:
            answer = self.http.open(path, method=method, **rest)
        self.heard.append((f"{method} {path}", whole(answer), len(asked)))
        if answer.mimetype == "text/html" and "Content-Encoding" not in answer.headers:
            self.html = answer.get_data(as_text=True)
        return answer

    def look(self, path: str) -> None:
        """Open a page and follow where it leads."""
        answer = self.send("GET", path)
        while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
            answer = self.send("GET", answer.headers["Location"])

    @property
    def form(self) -> str:
        """The token of the forms of his session."""
        found = re.search(r'name="form" value="(\w+)"', self.html)
        return found[1] if found else ""

    @property
    def codes(self) -> list[str]:
        """The times on the page, as its boxes name them."""
        return [str(each["value"]) for each in self.choices("input[name=time]")]

    def choices(self, selector: str) -> Sequence[Tag]:
        """What may be chosen on the page."""
        return BeautifulSoup(self.html, "html.parser").select(selector)

    def press(self, path: str, **fields: Any) -> None:
        """Send a form and follow where it leads."""
        answer = self.send("POST", path, data={"form": self.form, **fields})
        while answer.status_code in (302, 303) and answer.headers["Location"].startswith("/"):
            answer = self.send("GET", answer.headers["Location"])

    # --- what he does ---

    def everything(self, token: str) -> Transcript:
        """All of it, in the order of someone who is patient."""
        self.arrive(token)
        self.pages_that_are_not_his()
        self.every_way_and_place()
        for _ in range(2):
            self.ask()
        self.other_ways()
        self.tamper()
        self.his_own()
        self.leave(token)
        return self.heard

    def arrive(self, token: str) -> None:
        """The link, looked at and opened; and links that are not his."""
        for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
            self.send(method, f"/a/{token}")
        self.send("GET", f"/a/{token}", headers={"Accept-Encoding": "gzip"})
        self.send("GET", "/my/")
        self.send("POST", "/a/" + "x" * 22)
        self.send("POST", f"/a/{token}")
        self.look("/my/")
        self.send("GET", "/my/", headers={"Accept-Encoding": "gzip"})

    def pages_that_are_not_his(self) -> None:
        """Pages of other clients' links, appointments that he does not have, and the API."""
        for path in ("/my/choose", "/my/times", "/my/check", "/my/cancelled", "/my/asked", "/my/nothing", "/readyz"):
            self.look(path)
        for number in (0, 2, 3, 99, 10**12):
            self.send("GET", f"/my/{number}")
            self.send("GET", f"/my/{number}/cancel")
        for path in ("/reception/", "/outreach/", "/safety/", "/manage/", "/api/v1/offers?client_id=1&type_id=1"):
            self.send("GET", path)

    def every_way_and_place(self) -> None:
        """Every list of the timetable, page after page."""
        self.look("/my/ask")
        kinds = [str(each["value"]) for each in self.choices("select[name=what] option")]
        for what in kinds:
            for how in _WAYS:
                self.press("/my/ask", do="look", what=what, how=how)
                while 'value="later"' in self.html:
                    self.press("/my/ask", do="later")
        for where in [str(each["value"]) for each in self.choices("select[name=where] option")] + ["999"]:
            self.press("/my/ask", do="look", what=kinds[0], how="in-person", where=where)
        self.press("/my/ask", do="first")

    def ask(self) -> None:
        """Three times, or as many as he feels like: too many, none, and one twice."""
        self.look("/my/ask")
        picked = self.wit.sample(self.codes, min(len(self.codes), self.wit.choice((1, 2, 3, 3, 4))))
        if self.wit.random() < 0.5:
            self.press("/my/ask", do="look", time=picked[:1])
            self.press("/my/ask", do="later", time=picked)
        self.press("/my/ask", do="send", time=picked)
        self.press("/my/ask", do="send")
        self.look("/my/asked")
        self.send("GET", "/my/asked", headers={"Accept-Encoding": "gzip"})
        self.look("/my/")

    def other_ways(self) -> None:
        """When no time suits: the waiting list, on and off and on again, a call, and what is said afterwards."""
        for path in ("/my/help", "/my/helped", "/my/thanks"):
            self.look(path)
        self.press("/my/ask", do="look", what=self.wit.choice(("1", "2", "3")), how="phone")
        for weeks in ("2", "8", "999", "x"):
            self.press("/my/wait", weeks=weeks)
            self.look("/my/help")
        self.press("/my/wait/no")
        self.press("/my/wait/no")
        self.press("/my/wait")
        self.press("/my/thanks")
        self.press("/my/thanks")
        for path in ("/my/", "/my/help", "/my/helped", "/my/ask"):
            self.look(path)
            self.send("GET", path, headers={"Accept-Encoding": "gzip"})

    def tamper(self) -> None:
        """Requests that no page of his makes."""
        self.look("/my/ask")
        code = self.wit.choice(self.codes)
        for fields in (
            {"time": ["x" * 20, code]}, {"time": code[::-1]}, {"time": ["0"] * 60}, {"what": "99999", "how": "phone"},
            {"what": "-1", "where": "1e9", "do": "look"}, {"do": "nonsense", "time": code}, {"form": "forged"},
        ):
            self.press("/my/ask", **{"do": "send", **fields})
        minute = int(self.wit.choice((1772445600, 1772532000))) // 60
        for path, fields in (
            ("/my/pick", {"time": f"{minute:x}-{code}"}), ("/my/pick", {"time": "zz"}), ("/my/check", {"key": "x"}),
            ("/my/times", {"page": "later"}), ("/my/choose", {"what": "1", "how": "in-person"}), ("/my/keep", {}),
            ("/my/7/change", {}), ("/my/7/cancel", {}), ("/my/7/safe", {"answer": "yes"}),
        ):
            self.press(path, **fields)

    def his_own(self) -> None:
        """His own appointment: looked at, asked to be changed, cancelled, cancelled again."""
        self.look("/my/2")
        self.press("/my/2/change")
        self.look("/my/1")
        self.press("/my/1/change")
        for path in ("/my/1/booked", "/my/1/cancel"):
            self.look(path)
        self.press("/my/1/cancel")
        for why in ("her-time", "nonsense"):
            self.press("/my/1/why", why=why)
        self.look("/my/ask")
        self.press("/my/1/cancel")
        self.look("/my/1")

    def leave(self, token: str) -> None:
        """Gone, and back by the same link."""
        self.send("POST", "/my/leave", data={"quiet": "1"})
        self.look("/my/")
        self.send("POST", f"/a/{token}")
        self.look("/my/ask")
        self.send("POST", "/my/leave")
        self.send("GET", "/my/ask")


def first_difference(one: Transcript, other: Transcript) -> str:
    """Where two transcripts part; nothing where they do not."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            asked = f"{left[2]} and {right[2]} questions"
            return f"answer {number} to {left[0]} / {right[0]}, {asked}:\n{parting(left[1], right[1])}"
    return "" if len(one) == len(other) else f"{len(one)} answers and {len(other)}"


def unlike(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> dict[str, str]:
    """Which of these answers differ, and where."""
    return {name: parting(one[name], other[name]) for name in one if one[name] != other[name]}


def parting(left: bytes, right: bytes) -> str:
    """The stretch around the first byte that differs, of both."""
    at = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    cut = slice(max(0, at - 100), at + 160)
    return f"  {left[cut]!r}\n  {right[cut]!r}"
