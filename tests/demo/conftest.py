"""The small town, loaded once for each database: loading it for every test would take minutes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask

from tests.support.databases import Database, PostgresUnavailable, postgres_database, sqlite_database
from tests.support.requirements import absent
from tests.support.settings import make_application, settings_for

#: A Wednesday afternoon in spring, with a clock change between the town's past and its future.
WEDNESDAY = datetime(2026, 3, 18, 14, 20, tzinfo=UTC)


@dataclass(frozen=True)
class Loaded:
    """A database that holds the town, and an app on it."""

    database: Database
    app: Flask
    folder: Path


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """The town with seed 1, on each database; the clock stands at WEDNESDAY while it is made and in each test."""
    from scheduler.demo import town
    from scheduler.extensions import db

    folder = tmp_path_factory.mktemp(f"town-{request.param}")
    try:
        with sqlite_database(folder) if request.param == "sqlite" else postgres_database() as database:
            app = make_application(settings_for(database.url, str(folder)))
            with app.app_context():
                db.create_all()
                stopped_at(WEDNESDAY)
                town.load(1, WEDNESDAY)
                db.session.remove()
            yield Loaded(database, app, folder)
            with app.app_context():
                db.session.remove()
                db.engine.dispose()
    except PostgresUnavailable as unavailable:
        absent("postgres", str(unavailable))
    finally:
        stopped_at(None)


def stopped_at(instant: datetime | None) -> None:
    """Stop the app's clock, or let it run."""
    from scheduler import clock

    clock.set_fixed(instant)


@pytest.fixture
def town(loaded: Loaded) -> Iterator[Loaded]:
    """The town, within an app context."""
    stopped_at(WEDNESDAY)
    with loaded.app.app_context():
        yield loaded
