"""Random histories of every operation, on both databases: after each step all that SAFETY.md says still holds.

A longer search by hand: `SIDEGATE_HISTORIES=300 make test ARGS=tests/histories/test_histories.py`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from scheduler.extensions import db
from scheduler.services import checks

from ..support.databases import Database
from . import on_her_link  # noqa: F401  (registers its operations)
from . import town as operations
from .picks import FromHypothesis

EXAMPLES = int(os.environ.get("SIDEGATE_HISTORIES", "16"))
STEPS = int(os.environ.get("SIDEGATE_STEPS", "40"))
SEEDS = {"sqlite": 2026, "postgres": 2027}

pytestmark = pytest.mark.usefixtures("context", "clock")


class Histories(RuleBasedStateMachine):
    """One town and what happens in it. A rule for each operation is added below."""

    database: Database

    @initialize(
        day=st.sampled_from(operations.FIRST_DAYS), separation=st.sampled_from(operations.FIRST_SEPARATIONS)
    )
    def found(self, day: Any, separation: str) -> None:
        self.steps = 0
        db.session.remove()
        self.database.empty()
        self.town = operations.found(day, separation)
        note(f"the town is founded on {day}; they are kept apart by {separation}")

    def do(self, name: str, data: Any) -> None:
        try:
            operations.step(self.town, name, FromHypothesis(data))
        finally:
            for line in self.town.log[self.steps :]:
                note(f"  {line}")
            self.steps = len(self.town.log)
            db.session.rollback()

    def teardown(self) -> None:
        if hasattr(self, "town"):
            broken = [str(each) for each in checks.run().broken]
            assert not broken, broken


def _rule_of(name: str) -> Any:
    def run(self: Histories, data: Any) -> None:
        self.do(name, data)

    run.__name__ = name
    return run


for _name, _count in operations.OFTEN.items():
    for _time in range(_count):
        setattr(Histories, f"{_name}_{_time}", rule(data=st.data())(_rule_of(f"{_name}")))


@pytest.mark.slow
@pytest.mark.timeout(0 if "SIDEGATE_HISTORIES" in os.environ else 600)
def test_whatever_happens_everyone_is_kept_apart_and_every_clash_is_queued(
    database: Database, make_machine: Callable[[Database], Any]
) -> None:
    run_state_machine_as_test(
        make_machine(database),
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, database=None,
            suppress_health_check=list(HealthCheck), print_blob=False,
            phases=(Phase.generate, Phase.shrink),
        ),
    )  # fmt: skip


@pytest.fixture
def make_machine() -> Callable[[Database], Any]:
    def make(database: Database) -> Any:
        machine = type("Histories", (Histories,), {"database": database})
        # The same histories every time, and others on each database; a long search is a new one each time.
        return machine if "SIDEGATE_HISTORIES" in os.environ else seed(SEEDS[database.kind])(machine)

    return make
