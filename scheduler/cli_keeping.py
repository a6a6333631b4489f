"""The commands that keep a service's data: backups, putting one back, and changing the keys."""

from __future__ import annotations

import os
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from scheduler import crypto
from scheduler.cli import make_schema, show_progress, told_plainly
from scheduler.errors import ConfigurationError


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
@told_plainly
def backup(file: Path) -> None:
    """Write everything as it is now to FILE, which must not be there yet.

    The service may go on meanwhile. The file is read once from beginning to end before it gets its name, so that a
    backup that is there can be put back. It is sealed with SIDEGATE_KEYS: keep those elsewhere, for without them it is
    worth nothing, to you as to anyone else.
    """
    from scheduler.services import backups

    if file.exists():
        raise ConfigurationError("A file of that name is there already. Nothing was written.")
    part = file.with_name(f"{file.name}.part")
    try:
        descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as out, show_progress() as step:
            backups.write(out, step)
            out.flush()
            os.fsync(out.fileno())
        with part.open("rb") as written:
            contents = backups.look(written)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    size = file.stat().st_size / 1024**2
    click.echo(f"Wrote {sum(contents.rows.values()):,} rows, {size:.1f} MB, and read them again: nothing is missing.")


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@with_appcontext
@told_plainly
def restore(file: Path) -> None:
    """Put the backup FILE into an empty database, of either kind: all of it, or nothing.

    What happened since the backup is lost, and nobody can know what it was: a phone that is not safe any more, a time
    that was given away. So no text that it still held as planned goes out: reception's list says whom to tell. Everyone
    signs in again. Run `check` and `sweep` afterwards.
    """
    from scheduler.services import backups

    make_schema()
    with file.open("rb") as found, show_progress() as step:
        contents = backups.put_back(found, step)
    click.echo(f"Put back {sum(contents.rows.values()):,} rows as of {contents.made_at:%d %B %Y %H:%M} UTC.")
    click.echo("Now run `check` and `sweep`, and go through what changed since then before the service opens.")


keys = AppGroup("keys", help="The keys that names, numbers and notes are encrypted with.")


@keys.command("add")
@told_plainly
def keys_add() -> None:
    """Make a new key, which encrypts whatever is written from now on.

    Stop the web app and the worker first, and start both again afterwards: one that still runs without the new key
    could not read what is written with it. Keys in `instance/keys` are added to there; those in the environment are
    printed with the new one, for you to put there. Then run `keys rotate`.
    """
    held = current_app.config["SIDEGATE_KEYS"]
    both = crypto.with_new_key(held)
    file = Path(current_app.instance_path) / "keys"
    if not file.exists() or file.read_text().strip() != held:
        click.echo(both)
        return
    part = file.with_name("keys.part")
    descriptor = os.open(part, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(both)
    part.replace(file)
    click.echo(f"Key {crypto.KeyRing.parse(both).newest} was added to {file.name} in the instance folder.")


@keys.command("rotate")
@told_plainly
def keys_rotate() -> None:
    """Put everything that is encrypted under the newest key.

    The service may go on meanwhile. Interrupted, run it again. Afterwards says which keys nothing lies under any more;
    keep those as long as a backup may be put back that needs them. The index key cannot be changed.
    """
    from scheduler.services import rekeying

    with show_progress() as step:
        changed = rekeying.run(step)
    left = rekeying.in_use()
    ring = crypto.ring()
    click.echo(f"{changed:,} values are under key {ring.newest} now.")
    for version in ring.versions:
        if version != ring.newest and not left[version]:
            click.echo(f"Nothing lies under key {version} any more.")
