"""Whoever writes may be killed at any moment: nothing that is half done is ever seen, and everything still holds.

More by hand: `SIDEGATE_KILLS=500 make test ARGS=tests/histories/test_crashes.py`.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text

from scheduler import clock as running
from scheduler.errors import SidegateError
from scheduler.extensions import db
from scheduler.models import AuditRecord
from scheduler.services import booking, checks, clients, exclusions, sessions, transaction
from scheduler.services.booking import Choice

from ..support.databases import Database
from . import on_her_link, oracle, town  # noqa: F401  (its operations)
from .nursery import End, Nursery, done
from .picks import FromSeed
from .town import Town

KILLS = int(os.environ.get("SIDEGATE_KILLS", "12"))
SEED = os.environ.get("SIDEGATE_SEED", "sidegate")

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("context", "clock")]


@pytest.fixture
def nursery(settings: dict[str, Any]) -> Iterator[Nursery]:
    with Nursery(settings) as opened:
        yield opened


def everything() -> dict[str, list[Any]]:
    """Every row of every table as it lies there."""
    db.session.rollback()
    rows = {
        table.name: sorted(map(repr, db.session.execute(text(f'SELECT * FROM "{table.name}"')).all()))
        for table in db.metadata.sorted_tables
    }
    db.session.rollback()
    return rows


def half_done() -> Iterator[str]:
    """What a use case writes together and is not all there."""
    said: set[tuple[str, str, int | None]] = set()
    for action, kind, number in db.session.execute(
        select(AuditRecord.action, AuditRecord.subject_kind, AuditRecord.subject_id)
    ):
        said.add((action, kind, number))
    facts = oracle.read()
    one_by_one = {session.id for session in facts.sessions.values() if session.series_id is None}
    for what, action, logged, there in (
        ("client", "add", facts.clients, facts.clients),
        ("exclusion", "record", *[{row.id for row in facts.exclusions}] * 2),
        ("appointment", "book", *[{row.id for row in facts.appointments}] * 2),
        ("case", "case-open", *[{row.id for row in facts.cases}] * 2),
        ("session", "session-add", one_by_one, facts.sessions),
    ):
        yield from (f"the log says nothing of {what} {each}" for each in logged if (action, what, each) not in said)
        for action_said, kind, number in said:
            if (action_said, kind) == (action, what) and number not in there:
                yield f"the log speaks of {what} {number}, which is not there"
    found = db.session.execute(
        text("SELECT id FROM client WHERE id NOT IN (SELECT owner_id FROM identity_token WHERE owner_kind = 'client')")
    )
    yield from (f"client {row.id} can not be found by any name" for row in found)
    told = db.session.execute(
        text("SELECT id FROM appointment WHERE id NOT IN (SELECT appointment_id FROM message WHERE appointment_id > 0)"
             " AND start > created_at")
    )  # fmt: skip
    yield from (f"appointment {row.id} has no word of it planned" for row in told)


def all_holds() -> None:
    """The oracle, the check and the log agree that nothing is wrong."""
    db.session.rollback()
    assert list(half_done()) == []
    assert oracle.wrong(oracle.read()) == []
    assert [str(each) for each in checks.run().broken] == []


def go_on(here: Town, seed: str, together: bool) -> None:
    """Do one thing after another, until killed. Beside another process, what an operation itself looks back on may have
    been changed meanwhile: then the oracle alone judges, when both are dead."""
    pick = FromSeed(seed)
    names = [name for name in town.all_names() if name != "time_passes"]
    for _ in range(100_000):
        try:
            town.OPERATIONS[pick.one(names)](here, pick)
        except (SidegateError, town.Nothing):
            pass
        except AssertionError:
            if not together:
                raise
        running.set_fixed(running.now() + town.TICK)
        done()


def _latest() -> datetime:
    """What the clock showed when something was last done."""
    last = db.session.execute(select(func.max(AuditRecord.at))).scalar()
    return max(last, running.now()) + town.TICK if last else running.now()


@pytest.mark.timeout(0 if "SIDEGATE_KILLS" in os.environ else 300)
def test_whoever_is_killed_at_any_moment_leaves_nothing_half_done(database: Database, nursery: Nursery) -> None:
    lot = random.Random(SEED)
    here = town.found(town.FIRST_DAYS[0])
    before = everything()
    for kill in range(KILLS):
        lives = [(here, f"{SEED} {kill} {each}", kill % 3 == 2) for each in range(2 if kill % 3 == 2 else 1)]
        db.session.remove()
        ends = nursery.kill_after(lot.randrange(1, 12), lot.uniform(0, 0.1), _latest(), go_on, *lives)
        assert [each.error for each in ends if each.error] == []
        assert all(each.killed for each in ends)
        running.set_fixed(_latest() + timedelta(minutes=lot.choice((0, 0, 0, 5, 30))))
        all_holds()
    assert everything() != before


# --- At every statement -----------------------------------------------------------------------------------------------


class Desk:
    """Everything that the six use cases need, ready for each to be done once."""

    def __init__(self) -> None:
        self.town = town.found(town.FIRST_DAYS[0])
        facts = oracle.read()
        self.her, self.him, _ = sorted(facts.clients)
        self.lead, self.second = self.town.leads
        self.hers, self.his = sorted(facts.sessions)[:2]
        self.kind = self.town.kinds[0]
        self.start = facts.sessions[self.hers].start
        self.workers = {each: facts.workers_of(each)[0] for each in facts.sessions}
        clients.set_safe_contact(self.lead, self.her, "sms", clients.SafeContactDetails("yes"))
        booked, _ = facts.appointments
        self.booked = booked.id
        other = clients.add(self.lead, clients.ClientDetails("Sunita", "Patel"))
        booking.book(self.lead, self.choice(other, self.his, 0))
        made = exclusions.record(self.lead, exclusions.ExclusionDetails(self.her, ("Sunita Patel",)))
        assert made.clashes
        assert made.matches
        exclusions.start_closing(self.lead, made.exclusion_id, "She asked.")
        self.exclusion = made.exclusion_id
        self.match = next(m.id for m in oracle.read().matches if m.person_id == other)
        self.version = oracle.read().sessions[self.hers].version

    def choice(self, client: int, session: int, minutes: int) -> Choice:
        start = self.start + timedelta(minutes=minutes)
        return Choice(client, self.kind, session, self.workers[session], "in-person", start)


def book(desk: Desk) -> None:
    booking.book(desk.second, desk.choice(desk.her, desk.hers, 120), key="once")


def move(desk: Desk) -> None:
    booking.move(desk.second, desk.booked, desk.choice(desk.her, desk.hers, 120))


def record_an_exclusion(desk: Desk) -> None:
    exclusions.record(desk.second, exclusions.ExclusionDetails(desk.her, ("Sunita Patel",), separation="day"))


def confirm_closing(desk: Desk) -> None:
    exclusions.confirm_closing(desk.second, desk.exclusion)


def decide_a_match(desk: Desk) -> None:
    exclusions.decide_match(desk.second, desk.match, "dismissed", "She has met both.")


def move_a_session(desk: Desk) -> None:
    start = desk.start + timedelta(days=2)
    sessions.move_session(desk.second, desk.hers, start, start + timedelta(hours=3), version=desk.version)


@pytest.mark.parametrize(
    "use_case", [book, move, record_an_exclusion, confirm_closing, decide_a_match, move_a_session],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_killed_before_any_of_its_statements_a_use_case_has_done_nothing(
    use_case: Callable[[Desk], None], database: Database, nursery: Nursery
) -> None:
    desk = Desk()
    before, now = everything(), _latest()
    statements = how_many(use_case, desk)
    assert statements > 5
    for statement in chosen(statements):
        db.session.remove()
        end = nursery.kill_at(statement, now, use_case, desk)
        assert end.killed, end.error
        assert everything() == before, f"killed before statement {statement}, {use_case.__name__} was half done"
    db.session.remove()
    assert nursery.kill_at(statements + 1, now, use_case, desk) == End(False, "")
    assert everything() != before
    all_holds()


class _Undo(Exception):
    """Ends a use case that was only tried."""


def how_many(use_case: Callable[[Desk], None], desk: Desk) -> int:
    """How many statements a use case sends, its COMMIT among them."""

    @transaction.use_case
    def tried() -> None:
        use_case(desk)
        raise _Undo

    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement)

    db.session.remove()
    event.listen(db.engine, "before_cursor_execute", note)
    with pytest.raises(_Undo):
        tried()
    event.remove(db.engine, "before_cursor_execute", note)
    return len(sent) + 1


def chosen(statements: int) -> list[int]:
    """Every statement in a long search; otherwise the first, the last two, and some between."""
    everywhere = range(1, statements + 1)
    if "SIDEGATE_KILLS" in os.environ:
        return list(everywhere)
    return sorted({1, statements - 1, statements, *random.Random(SEED).sample(everywhere, min(5, statements))})
