"""The migrations make exactly the tables that the models describe, up and down, on both databases."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
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
