"""A database of each kind for a test session: made once, emptied between tests, dropped at the end."""

import os
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

SERVER = os.environ.get("SIDEGATE_TEST_POSTGRES", "postgresql+psycopg:///postgres")


class PostgresUnavailable(Exception):
    """No PostgreSQL server answers, or its driver is not installed."""


@dataclass(frozen=True)
class Database:
    """One database under test. `empty()` deletes every row and keeps the tables."""

    kind: str
    url: str
    empty: Callable[[], None]


@contextmanager
def sqlite_database(folder: Path) -> Iterator[Database]:
    """A SQLite file in `folder`."""
    path = folder / "sidegate.sqlite3"
    yield Database("sqlite", f"sqlite:///{path}", lambda: empty_sqlite(path))


def empty_sqlite(path: Path) -> None:
    """Delete every row in one transaction, so that a running server may keep its connections.

    Triggers (which keep audit records from being deleted) are set aside and put back in it too.
    """
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN IMMEDIATE")
        schema = connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall()
        triggers = [(name, sql) for kind, name, sql in schema if kind == "trigger"]
        filled = [
            name
            for kind, name, _ in schema
            if kind == "table" and connection.execute(f'SELECT 1 FROM "{name}" LIMIT 1').fetchone()
        ]
        for name, _ in triggers if filled else ():
            connection.execute(f'DROP TRIGGER "{name}"')
        for name in filled:
            connection.execute(f'DELETE FROM "{name}"')
        for _, sql in triggers if filled else ():
            connection.execute(sql)
        connection.execute("COMMIT")


@contextmanager
def postgres_database() -> Iterator[Database]:
    """A new database on the test server, dropped at the end. Raises PostgresUnavailable.

    The server's role must be a superuser: only one may set triggers aside to empty the audit's tables.
    """
    try:
        import psycopg
        from psycopg import sql
        from sqlalchemy import make_url
    except ImportError as missing:
        raise PostgresUnavailable(f"the extra [postgres] is not installed ({missing})") from missing

    server = make_url(SERVER)
    url = server.set(database=f"sidegate_test_{secrets.token_hex(6)}")

    def connect(address: object) -> "psycopg.Connection":
        dsn = address.set(drivername="postgresql").render_as_string(hide_password=False)  # type: ignore[attr-defined]
        return psycopg.connect(dsn, autocommit=True, connect_timeout=20)

    try:
        connection = connect(server)
    except psycopg.OperationalError as refused:
        raise PostgresUnavailable(f"PostgreSQL is not answering at {server!r} ({refused})") from refused
    name = sql.Identifier(url.database)
    with connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(name))
        # Tests may lose their rows when the power goes.
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit = off").format(name))

    emptying = connect(url)
    emptying.execute("SET session_replication_role = replica")
    emptying.execute("SET lock_timeout = '10s'")

    def empty() -> None:
        """Delete from the tables that hold rows: on small tables several times quicker than TRUNCATE or a template."""
        tables = emptying.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        if not tables:
            return
        holds = sql.SQL(" UNION ALL ").join(
            sql.SQL("SELECT {} WHERE EXISTS (SELECT FROM {})").format(sql.Literal(table), sql.Identifier(table))
            for (table,) in tables
        )
        with emptying.transaction():
            for (table,) in emptying.execute(holds).fetchall():
                emptying.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table)))

    try:
        yield Database("postgres", url.render_as_string(hide_password=False), empty)
    finally:
        emptying.close()
        with connect(server) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
