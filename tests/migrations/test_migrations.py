"""The migrations make exactly the tables that the models describe, up and down, on both databases."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask
from flask_migrate import downgrade, upgrade

from scheduler.extensions import db
from tests.support.databases import Database
from tests.support.settings import make_application, settings_for


@pytest.fixture
def bare_app(database: Database, tmp_path: Path) -> Iterator[Flask]:
    """An app on a database of the same kind with no table at all."""
    if database.kind == "sqlite":
        yield make_application(settings_for(f"sqlite:///{tmp_path / 'bare.sqlite'}", str(tmp_path)))
        return
    name = f"sidegate_bare_{os.getpid()}_{uuid.uuid4().hex[:8]}"
    server = sa.create_engine(sa.make_url(database.url).set(database="postgres"), isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    url = sa.make_url(database.url).set(database=name).render_as_string(hide_password=False)
    app = make_application(settings_for(url, str(tmp_path)))
    yield app
    with app.app_context():
        db.engine.dispose()
    with server.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    server.dispose()


def test_the_migrations_make_what_the_models_describe_and_take_it_away_again(bare_app: Flask) -> None:
    with bare_app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            differences = compare_metadata(MigrationContext.configure(connection), db.metadata)
        assert differences == []
        downgrade(revision="base")
        assert set(sa.inspect(db.engine).get_table_names()) <= {"alembic_version"}
        upgrade()
        assert set(db.metadata.tables) <= set(sa.inspect(db.engine).get_table_names())


def _checks() -> dict[str, set[str | None]]:
    found = sa.inspect(db.engine)
    return {table: {str(each["name"]) for each in found.get_check_constraints(table)} for table in db.metadata.tables}


def test_the_migrations_make_every_rule_that_the_models_set_on_a_row(bare_app: Flask) -> None:
    with bare_app.app_context():
        upgrade()
        migrated = _checks()
    described = {
        name: {str(each.name) for each in table.constraints if isinstance(each, sa.CheckConstraint)}
        for name, table in db.metadata.tables.items()
    }
    assert migrated == described


def test_a_database_with_people_in_it_takes_the_newest_migrations_and_gives_them_back(bare_app: Flask) -> None:
    with bare_app.app_context():
        upgrade(revision="0001")
        row = {"id": 7, "reference": "A-7", "given_name": b"x", "family_name": b"x", "eligibility": "unknown"}
        more = {"request_mode": False, "active": True, "created_at": 0, "version": 1}
        if db.engine.dialect.name != "sqlite":
            more["created_at"] = datetime(2026, 11, 22, tzinfo=UTC)
        names = [*row, *more]
        with db.engine.begin() as connection:
            connection.execute(
                sa.text(f"INSERT INTO client ({', '.join(names)}) VALUES ({', '.join(f':{each}' for each in names)})"),
                {**row, **more},
            )
        upgrade()
        with db.engine.begin() as connection:
            assert connection.execute(sa.text("SELECT id, merged_into FROM client")).all() == [(7, None)]
        with pytest.raises(sa.exc.IntegrityError), db.engine.begin() as connection:
            connection.execute(sa.text("UPDATE client SET merged_into = 8"))
        downgrade(revision="0001")
        with db.engine.begin() as connection:
            assert connection.execute(sa.text("SELECT id FROM client")).all() == [(7,)]
