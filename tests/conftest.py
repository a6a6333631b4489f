"""Fixtures that every test may use: the app on each database, the clock, the served app and the browser.

A test that asks for `app`, `client`, `context` or `database` runs twice, on SQLite and on PostgreSQL, on empty tables.
"""

import contextvars
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from flask import Flask
from flask.ctx import AppContext
from flask.testing import FlaskClient

from .support.browsing import Visits, chromium
from .support.databases import Database, PostgresUnavailable, postgres_database, sqlite_database
from .support.requirements import absent
from .support.serving import LiveServer, serve
from .support.settings import Settings, make_application, settings_for

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

#: A Monday in winter, at nine in London: what the `clock` fixture shows until a test moves it.
MONDAY_AT_NINE = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_developer() -> Iterator[None]:
    """SIDEGATE_* variables of whoever runs the tests must not reach an app under test."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith("SIDEGATE_") and not name.startswith(("SIDEGATE_TEST_", "SIDEGATE_REQUIRE")):
                patch.delenv(name)
        yield


class SeparateClient(FlaskClient):
    """Each request has its own context, as on a server, even while the test holds an app context of its own.

    Otherwise requests would share `g`, and with it the signed-in user: one role's test could pass as another's.
    """

    def open(self, *args: Any, **kwargs: Any) -> Any:
        if self.preserve_context:  # `with client:` is the test's wish to look into the request
            return super().open(*args, **kwargs)
        return contextvars.Context().run(super().open, *args, **kwargs)


def _with_schema(settings: Settings) -> Flask:
    from scheduler.extensions import db

    app = make_application(settings)
    app.test_client_class = SeparateClient
    with app.app_context():
        db.create_all()
    return app


@pytest.fixture(scope="session")
def _apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], tuple[Database, Flask, Settings]]]:
    """One app and database of each kind for the session, made when first asked for: making them is slow."""
    made: dict[str, tuple[Database, Flask, Settings]] = {}
    with ExitStack() as stack:

        def of_kind(kind: str) -> tuple[Database, Flask, Settings]:
            if kind not in made:
                folder = tmp_path_factory.mktemp(kind)
                try:
                    opened = sqlite_database(folder) if kind == "sqlite" else postgres_database()
                    database = stack.enter_context(opened)
                except PostgresUnavailable as unavailable:
                    absent("postgres", str(unavailable))
                settings = settings_for(database.url, str(folder))
                app = _with_schema(settings)
                stack.callback(_let_go, app)
                made[kind] = database, app, settings
            return made[kind]

        yield of_kind


def _let_go(app: Flask) -> None:
    """Close every connection that the app holds."""
    from scheduler.extensions import db

    with app.app_context():
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, _apps: Callable[[str], tuple[Database, Flask, Settings]]) -> Database:
    """An empty database with every table, of each kind in turn; `database.kind` says which."""
    opened, _, _ = _apps(request.param)
    opened.empty()
    return opened


@pytest.fixture
def settings(database: Database, _apps: Callable[[str], tuple[Database, Flask, Settings]]) -> Settings:
    """The settings of `app`, to make another app of the same database (`run_together` takes them)."""
    return dict(_apps(database.kind)[2])


@pytest.fixture
def app(database: Database, _apps: Callable[[str], tuple[Database, Flask, Settings]]) -> Iterator[Flask]:
    """The app on an empty `database`. No app context is pushed: ask for `context`, or push one."""
    _, app, _ = _apps(database.kind)
    config = dict(app.config)
    yield app
    app.config.clear()
    app.config.update(config)


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Makes another app on the same database: `make_app(WTF_CSRF_ENABLED=True, RATELIMIT_ENABLED=True)`."""
    from scheduler.extensions import limiter

    made: list[Flask] = []
    limited = limiter.enabled

    def make(**changed: Any) -> Flask:
        app = make_application({**settings, **changed})
        app.test_client_class = SeparateClient
        made.append(app)
        return app

    yield make
    for app in made:
        _let_go(app)
    limiter.enabled = limited


@pytest.fixture
def context(app: Flask) -> Iterator[AppContext]:
    """An app context around the test, for calling services and the store. Client requests still have their own."""
    with app.app_context() as pushed:
        yield pushed


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A visitor who has not signed in."""
    return app.test_client()


class Clock:
    """The stopped clock of a test."""

    def set(self, instant: datetime) -> datetime:
        """Stop the clock at `instant` (aware)."""
        from scheduler import clock

        clock.set_fixed(instant)
        return clock.now()

    def forward(self, **span: float) -> datetime:
        """Move the clock by a span, such as `hours=2`, and return what it shows then."""
        return self.set(self.now() + timedelta(**span))

    def now(self) -> datetime:
        """What the clock shows, in UTC."""
        from scheduler import clock

        return clock.now()


@pytest.fixture
def clock() -> Iterator[Clock]:
    """The clock stopped at MONDAY_AT_NINE (London and UTC agree), until the test sets or forwards it."""
    from scheduler import clock as running

    stopped = Clock()
    stopped.set(MONDAY_AT_NINE)
    yield stopped
    running.set_fixed(None)


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Database]]:
    folder = tmp_path_factory.mktemp("served")
    with sqlite_database(folder) as database:
        settings = settings_for(database.url, str(folder))
        _let_go(_with_schema(settings))
        with serve(settings, folder / "server.log") as server:
            yield server, database
            _let_go(server.app)


@pytest.fixture
def live_server(_served: tuple[LiveServer, Database]) -> Iterator[LiveServer]:
    """The app served over HTTP on an empty SQLite database; arrange records in `live_server.app.app_context()`.

    The server runs on the real clock, in its own process.
    """
    server, database = _served
    database.empty()
    before = server.log.stat().st_size
    yield server
    print(server.log.read_text()[before:])  # noqa: T201  pytest shows it when the test fails


@pytest.fixture
def serve_app(tmp_path: Path) -> Iterator[Callable[..., LiveServer]]:
    """Serves another app, on its own SQLite database, with other settings: `serve_app(RATELIMIT_ENABLED=True)`."""
    with ExitStack() as stack:

        def start(**changed: Any) -> LiveServer:
            folder = tmp_path / f"served{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            database = stack.enter_context(sqlite_database(folder))
            settings = settings_for(database.url, str(folder), **changed)
            _let_go(_with_schema(settings))
            server = stack.enter_context(serve(settings, folder / "server.log"))
            stack.callback(_let_go, server.app)
            return server

        yield start


@pytest.fixture(scope="session")
def browser() -> Iterator["Browser"]:
    """Headless Chromium, one for the session."""
    with chromium() as opened:
        yield opened


@pytest.fixture
def open_page(browser: "Browser", live_server: LiveServer) -> Iterator[Visits]:
    """Opens pages of `live_server`: `open_page(width=320, javascript=False)`, each with its own cookies.

    The test fails at its end if a script failed, the console showed an error, or a page asked another site for
    anything. A test that expects such a problem clears `open_page.problems`.
    """
    visits = Visits(browser, live_server.url)
    yield visits
    visits.close()
    assert visits.problems == []


@pytest.fixture
def page(open_page: Visits) -> "Page":
    """A page at desk width, with JavaScript."""
    return open_page()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever uses the browser is marked so, to choose or leave out by `-m browser`."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
