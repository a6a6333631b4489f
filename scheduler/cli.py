"""The commands of `flask --app wsgi`. Each says what went wrong in one line, and by its exit code that it did."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import click
import flask_migrate
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import SQLAlchemyError

from scheduler import clock
from scheduler.errors import ConfigurationError, RecordUnreadable, SidegateError
from scheduler.extensions import db
from scheduler.services.actors import STAFF_ROLES, SYSTEM

_ROLES = click.Choice(sorted(STAFF_ROLES))


def init_app(app: Flask) -> None:
    """Register every command."""
    from scheduler import cli_keeping as keeping

    ours = (init, demo, worker, check, sweep, serve, staff, token)
    for command in (*ours, keeping.backup, keeping.restore, keeping.keys):
        app.cli.add_command(command)


def told_plainly(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what can be expected to go wrong into one line on standard error and exit code 1."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ConfigurationError as error:
            raise click.ClickException(str(error)) from None
        except SidegateError as error:
            fields = " ".join(f"{name}: {sentence}" for name, sentence in error.fields.items())
            raise click.ClickException(fields or error.public) from None
        except RecordUnreadable:
            raise click.ClickException("A record cannot be decrypted: is SIDEGATE_KEYS the right one?") from None
        except SQLAlchemyError as error:
            raise click.ClickException(_database_trouble(error)) from None
        except OSError as error:
            raise click.ClickException(f"{error.strerror}: {error.filename or 'a file'}.") from None

    return run


def _database_trouble(error: SQLAlchemyError) -> str:
    """One line about a database that does not answer as it should. Never its own words: they may hold a password."""
    told = str(getattr(error, "orig", error)).lower()
    if "no such table" in told or "undefinedtable" in type(getattr(error, "orig", error)).__name__.lower():
        return "The database has no tables yet: run `flask --app wsgi init` first."
    if "unable to open" in told or "readonly" in told or "read-only" in told:
        return "The database file cannot be opened for writing: is its folder there, and yours?"
    if "locked" in told:
        return "The database is locked by another program. Nothing was changed."
    return f"The database does not answer as it should ({type(getattr(error, 'orig', error)).__name__})."


@contextmanager
def show_progress(lines: bool = True) -> Iterator[Callable[[str, int, int], None]]:
    """A bar on a terminal; where there is none, a line for each new thing, or nothing when `lines` is False."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<28}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
                if lines and not console.is_terminal:
                    click.echo(f"  {what}", err=True)
            bars.update(tasks[what], completed=done, total=total)

        yield step
        for task in tasks.values():
            bars.update(task, completed=bars.tasks[task].total)


def make_schema() -> None:
    """Bring the database to the newest migration."""
    folder = Path(current_app.extensions["migrate"].directory)
    if any(folder.glob("versions/*.py")):
        flask_migrate.upgrade(directory=str(folder))
    else:
        db.create_all()


@click.command("init", help="Make the instance folder, its keys and the database at its newest migration.")
@with_appcontext
@told_plainly
def init() -> None:
    """Everything that an installation needs before it starts. Doing it again changes nothing."""
    make_schema()


@click.command("demo")
@click.option("--size", type=click.Choice(("small", "medium", "large")), default="small", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed on one day gives the same data.")
@click.option("--yes", is_flag=True, help="Delete what is in the database, without asking.")
@with_appcontext
@told_plainly
def demo(size: str, seed: int, yes: bool) -> None:
    """Fill the database with invented data.

    small is a town of 8 venues and 100 clients to look at and to learn on. medium (10,000 clients, 50,000 appointments)
    and large (100,000 clients, 500,000 appointments) are to measure with.
    """
    from scheduler.demo import state

    _not_in_production("Demonstration data")
    make_schema()
    if not state.is_empty():
        if not yes and not sys.stdin.isatty():
            raise click.ClickException("The database is not empty. Add --yes to delete what is in it.")
        if not yes:
            click.confirm("The database is not empty. Delete everything in it?", abort=True)
        state.drop_everything()
        make_schema()
    began = time.monotonic()
    load_demo(size, seed)
    click.echo(f"Made the {size} demonstration data in {time.monotonic() - began:.0f} seconds.")


def load_demo(size: str, seed: int) -> None:
    """Fill the empty database, with a progress bar. When it is interrupted the database is empty again."""
    from scheduler.demo import scale, state, town
    from scheduler.services import reindexing

    try:
        with show_progress() as step:
            if size == "small":
                town.load(seed, clock.now(), step)
            else:
                scale.load(scale.SIZES[size], seed, clock.now(), step)
        reindexing.mark_done()
    except BaseException:
        # Half a town would look like a whole one at the next start.
        state.drop_everything()
        make_schema()
        raise


def _not_in_production(what: str) -> None:
    if current_app.config["SIDEGATE_PRODUCTION"]:
        raise ConfigurationError(f"{what} is for a machine of your own: SIDEGATE_PRODUCTION is set here.")


staff = AppGroup("staff", help="People who work here.")


@staff.command("add")
@click.option("--role", type=_ROLES, required=True)
@click.option("--given-name", required=True)
@click.option("--family-name", required=True)
@click.option("--job", default="worker", show_default=True)
@click.option("--sees-clients", is_flag=True, help="Can be booked.")
@click.option("--woman", is_flag=True, help="Recorded as female: may staff women-only times.")
@click.option("--on-call", is_flag=True, help="Is told at once about what cannot wait.")
@click.option("--username", help="Lets them sign in; the password is asked for, or read from standard input.")
@told_plainly
def staff_add(username: str | None, **details: Any) -> None:
    """Record someone who works here, and let them sign in."""
    from scheduler.services import staff as service

    password = None
    if username is not None:
        password = (
            click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
            if sys.stdin.isatty()
            else sys.stdin.readline().rstrip("\n")
        )
    made = service.add(SYSTEM, service.StaffDetails(**details), username, password)
    click.echo(f"Added, with the number {made}.")


token = AppGroup("token", help="Bearer tokens of the JSON API.")


@token.command("create")
@click.option("--role", type=_ROLES, required=True, help="What the token may do.")
@click.option("--name", required=True, help="What it is for.")
@told_plainly
def token_create(role: str, name: str) -> None:
    """Make a token and print it. It is not shown again."""
    from scheduler.services import tokens

    click.echo(tokens.make_api_token(SYSTEM, role, name))


@click.command("worker")
@click.option("--once", is_flag=True, help="Do every job once, and end.")
@with_appcontext
@told_plainly
def worker(once: bool) -> None:
    """Send texts, make sessions ahead, seal the audit log, and let go of what may go.

    Runs until it is asked to end; any number may run at once. With --once, exits 1 when a job failed.
    """
    from scheduler import worker as jobs

    app = current_app._get_current_object()  # type: ignore[attr-defined]
    if not once:
        jobs.run(app)
        return
    done = jobs.run_once(app)
    for job, count in done.items():
        click.echo(f"{job}: {'failed' if count is None else count}")
    sys.exit(any(count is None for count in done.values()))


@click.command("check")
@with_appcontext
@told_plainly
def check() -> None:
    """Recompute every safety invariant from the data.

    Prints one line for each that is broken, by ids and without a name, and exits 1; exits 0 when none is. It reads
    only, and may run beside the service.
    """
    from scheduler.services import checks

    with show_progress(lines=False) as step:
        report = checks.run(current_app.config["SIDEGATE_ZONE"], lambda what: step(what, 0, 1))
    for each in report.broken:
        click.echo(str(each))
    read = ", ".join(f"{what} {count:,}" for what, count in report.read.items())
    told = f"{len(report.broken)} broken." if report.broken else "No invariant is broken."
    click.echo(f"{told} Read: {read}.")
    sys.exit(bool(report.broken))


@click.command("sweep")
@with_appcontext
@told_plainly
def sweep() -> None:
    """Work out every clash again, and set the safety queue right.

    The worker does it each night. Exits 1 when a clash was missing from the queue: its case is open now, and whatever
    changed without asking for it wants looking into. Exits 0 when none was.
    """
    from scheduler.services import sweep as sweeping

    with show_progress() as step:
        swept = sweeping.run(step)
    click.echo(f"Missing from the queue: {swept.missing:,}. Out of date in it: {swept.closed:,}.")
    sys.exit(bool(swept.missing))


@click.command("serve")
@click.option("--port", type=click.IntRange(1, 65535), default=None, help="Default: 5000, or the one in PUBLIC_URL.")
@with_appcontext
@told_plainly
def serve(port: int | None) -> None:
    """Start Sidegate on this machine: web and worker, with the small demonstration when the database is empty.

    For production, run `gunicorn wsgi:app` and `flask --app wsgi worker` instead.
    """
    from scheduler import serve as serving

    _not_in_production("`serve`")
    serving.run(current_app._get_current_object(), port, make_schema, lambda: load_demo("small", 1))  # type: ignore[attr-defined]
