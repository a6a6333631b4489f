"""What keeping apart may cost: the offers of a woman with twenty exclusions beside those of a woman with none;
recording an exclusion; and the nightly sweep.

The men whom the twenty exclusions may name come to the very places where she looks, early in the morning: all of them
must be weighed, and none of her times is lost by it, so that both women are given the same offers.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, text

from bench.load import Client, Figure, alternately
from bench.stage import HALF, Stage
from scheduler import clock
from scheduler import models as m
from scheduler.extensions import db

EXCLUSIONS, MATCHES, EACH = 20, 3, 50
WEEKS_AHEAD, WEEKS_SOON = 26, 4
_MARK = "APART"


def find_or_plant(stage: Stage) -> dict[str, int]:
    """The women: `none`, and `many` and `soon` with twenty exclusions, whose named men's fifty appointments each lie
    in the coming 26 weeks, or all in the four that are searched."""
    query = select(m.Client.id).where(m.Client.reference.like(f"{_MARK}%")).order_by(m.Client.id)
    found = list(db.session.execute(query).scalars())
    if not found:
        _plant(stage)
        db.session.commit()
        db.session.execute(text("ANALYZE"))
        db.session.commit()
        found = list(db.session.execute(query).scalars())
    return dict(zip(("none", "many", "soon"), found[:3], strict=True))


def _plant(stage: Stage) -> None:
    chance, now = random.Random(11), clock.now()
    women = [_client(n, now) for n in range(3)]
    query = select(m.Venue.id, m.Venue.site_id).where(m.Venue.id.in_(stage.venues))
    sites: dict[int, int] = dict(db.session.execute(query).tuples().all())
    sessions = {
        (site, day): _session(stage, venue, site, day)
        for venue, site in sites.items()
        for day in (stage.monday + timedelta(days=n) for n in range(7 * WEEKS_AHEAD))
        if day.weekday() < 5
    }
    rows: list[dict[str, Any]] = []
    for woman, weeks in ((women[1], WEEKS_AHEAD), (women[2], WEEKS_SOON)):
        days = [day for day in sorted({day for _, day in sessions}) if day < stage.monday + timedelta(weeks=weeks)]
        for _ in range(EXCLUSIONS):
            named = _add(m.NamedPerson(names=["Bench Named"]))
            _add(m.Exclusion(client_id=woman, named_person_id=named, source="told-us", recorded_at=now))
            for _ in range(MATCHES):
                man = _client(len(rows) + 100, now)
                _add(m.Match(named_person_id=named, person_kind="client", person_id=man, score=80, found_at=now))
                for number in range(EACH):
                    site, day = chance.choice(list(sites.values())), days[number * len(days) // EACH]
                    start = day + timedelta(hours=5, minutes=5 * chance.randrange(30))
                    rows.append(_appointment(stage, man, number + 1, sessions[site, day], site, start))
    db.session.execute(insert(m.Appointment), rows)


def _add(row: Any) -> int:
    db.session.add(row)
    db.session.flush()
    return int(row.id)


def _client(n: int, now: datetime) -> int:
    return _add(
        m.Client(reference=f"{_MARK}{n}", given_name="Apart", family_name=f"Person{n}", created_at=now,
                 eligibility="eligible")
    )  # fmt: skip


def _session(stage: Stage, venue: int, site: int, day: datetime) -> tuple[int, int]:
    start = day + timedelta(hours=5)
    row = m.Session(
        venue_id=venue, site_id=site, start=start, end=start + 6 * HALF, types=[], modes=["in-person"], title=_MARK,
        kind="drop-in", audience="everyone", updated_at=start,
    )  # fmt: skip
    return _add(row), venue


def _appointment(
    stage: Stage, man: int, number: int, session: tuple[int, int], site: int, start: datetime
) -> dict[str, Any]:
    end = start + HALF
    return {
        "client_id": man, "own_number": number, "session_id": session[0], "venue_id": session[1], "site_id": site,
        "staff_id": None, "type_id": stage.type, "mode": "in-person", "state": "booked", "start": start, "end": end,
        "busy_from": start, "busy_until": end, "present_from": start - HALF / 2, "present_until": end + HALF / 2,
        "creche": 0, "made_by": "system", "created_at": start, "updated_at": start, "version": 1,
    }  # fmt: skip


def meetings(many: int) -> list[dict[str, Any]]:
    """`many` pairs of clients who are both due at one place on one day, and what she would say of him: the exclusion of
    each makes a clash. The pairs are others each time."""
    chance, now = random.Random(), clock.now()
    # Not the stage's own, who are in nobody's index.
    theirs = ~m.Client.reference.like("BENCH%") & ~m.Client.reference.like(f"{_MARK}%")
    rows = db.session.execute(
        select(m.Appointment.site_id, m.Appointment.start, m.Appointment.client_id)
        .join(m.Client, m.Client.id == m.Appointment.client_id)
        .where(theirs, m.Appointment.start > now + timedelta(days=1), m.Appointment.start < now + timedelta(days=21))
        .where(m.Appointment.state == "booked", m.Appointment.mode == "in-person")
    ).all()
    there: dict[tuple[int, Any], set[int]] = {}
    for site, start, client in rows:
        there.setdefault((site, start.date()), set()).add(client)
    places = [sorted(people) for people in there.values() if len(people) > 1]
    found = []
    for _ in range(many):
        she, he = chance.sample(chance.choice(places), 2)
        row = db.session.get_one(m.Client, he)
        found.append(
            {"client": she, "names": [f"{row.given_name} {row.family_name}"], "born": row.date_of_birth}
        )
    return found


def measure(client: Client, rounds: int, ask: str, women: dict[str, int], pairs: list[dict[str, Any]], lead: int,
            environment: dict[str, str], root: Path) -> list[Figure]:  # fmt: skip
    """The figures of what the safety engine must reach. `ask` is the search, with `client=0` in it."""

    def search(who: str) -> tuple[str, str, None]:
        return "GET", ask.replace("client=0&", f"client={women[who]}&"), None

    answers = {who: client.ask(search(who))[2] for who in women}
    if len(set(answers.values())) != 1:
        raise RuntimeError("the women were given different offers")
    figures = alternately(
        client, rounds,
        [
            ("20 exclusions, men over 26 weeks", lambda: search("many"), lambda: search("none"), 1.5),
            ("20 exclusions, men in these 4", lambda: search("soon"), lambda: search("none"), 0.0),
        ],
    )  # fmt: skip
    figures += recording(client, pairs, lead)
    return [*figures, *sweeping(environment, root)]


def recording(client: Client, pairs: list[dict[str, Any]], lead: int) -> list[Figure]:
    """What it takes to record an exclusion, matched and with its clashes found."""
    times, statements, clashes = [], [], 0
    for place, pair in enumerate(pairs):
        took, count, body = client.ask(("POST", "/bench/exclude", {**pair, "lead": lead}))
        if place >= 4:  # both workers, warm
            times.append(took)
            statements.append(int(count))
            clashes += b'"clashes":0' not in body
    times.sort()
    told = f"{min(statements)} to {max(statements)}"
    note = f"{clashes} of {len(times)} made a clash"
    return [
        Figure("an exclusion recorded", times[len(times) // 2], aim=300, statements=told),
        Figure(f"the slowest ({note})", times[-1], aim=300),
        Figure("statements for it, the most", max(statements), aim=40, unit=""),
    ]


def sweeping(environment: dict[str, str], root: Path) -> list[Figure]:
    """The sweep by its own command: seconds, and the highest memory of its process."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "sweep"]
    process = subprocess.Popen(command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    took = time.perf_counter() - begun
    missing = re.search(r"Missing from the queue: ([\d,]+)", said)
    if missing is None:
        raise RuntimeError(f"the sweep ended with {os.waitstatus_to_exitcode(status)}")
    worked = used.ru_utime + used.ru_stime
    return [
        Figure(f"the nightly sweep ({missing[1]} missing)", took, aim=60, unit="s"),
        Figure("of which its process worked", worked, unit="s"),
        Figure("its peak memory", used.ru_maxrss / 1024, aim=500, unit="MB"),
    ]
