"""Backups, putting one back, and changing the keys, as whoever looks after the machine does it: by commands."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask

from scheduler import create_app
from scheduler.crypto import KeyRing
from scheduler.extensions import db
from scheduler.services import clients
from scheduler.services.actors import SYSTEM


@pytest.fixture
def service(tmp_path: Path) -> Callable[[str], Flask]:
    """Makes the app of an instance folder, its keys in a file there."""

    def make(name: str = "one", **changed: str) -> Flask:
        return create_app({"INSTANCE_PATH": tmp_path / name, "TESTING": True, **changed})

    return make


def run(app: Flask, *arguments: object) -> Result:
    done = app.test_cli_runner().invoke(args=[str(each) for each in arguments])
    with app.app_context():
        db.session.remove()
        db.engine.dispose()
    return done


def add_marigold(app: Flask) -> int:
    with app.app_context():
        return clients.add(SYSTEM, clients.ClientDetails("Marigold", "Tansyfield"))


def test_a_service_moves_to_another_machine_by_a_backup_and_its_keys(
    service: Callable[..., Flask], tmp_path: Path
) -> None:
    first, file = service(), tmp_path / "kept"
    assert run(first, "init").exit_code == 0
    client = add_marigold(first)
    done = run(first, "backup", file)
    assert done.exit_code == 0
    assert "nothing is missing" in done.stdout
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not (tmp_path / "kept.part").exists()

    second = service("two", KEYS=first.config["SIDEGATE_KEYS"])
    back = run(second, "restore", file)
    assert back.exit_code == 0, back.stderr
    with second.app_context():
        assert clients.get(SYSTEM, client).name == "Marigold Tansyfield"
    assert run(second, "check").exit_code == 0
    assert "not empty" in run(second, "restore", file).stderr


def test_a_backup_never_takes_the_place_of_another(service: Callable[..., Flask], tmp_path: Path) -> None:
    app, file = service(), tmp_path / "kept"
    run(app, "init")
    file.write_text("yesterday's")
    done = run(app, "backup", file)
    assert (done.exit_code, file.read_text()) == (1, "yesterday's")
    assert done.stderr == "Error: A file of that name is there already. Nothing was written.\n"


def test_what_cannot_be_written_or_read_is_one_line(service: Callable[..., Flask], tmp_path: Path) -> None:
    app, other = service(), tmp_path / "no backup"
    run(app, "init")
    other.write_text("Dear diary")
    for arguments in (("backup", tmp_path / "nowhere" / "kept"), ("restore", other)):
        done = run(app, *arguments)
        assert done.exit_code == 1
        assert done.stderr.count("\n") == 1


def test_a_key_is_added_and_the_old_one_let_go(service: Callable[..., Flask], tmp_path: Path) -> None:
    app = service()
    run(app, "init")
    client = add_marigold(app)
    done = run(app, "keys", "add")
    assert done.stdout == "Key 2 was added to keys in the instance folder.\n"
    file = tmp_path / "one" / "keys"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600

    again = service()
    turned = run(again, "keys", "rotate")
    assert "values are under key 2 now." in turned.stdout
    assert "Nothing lies under key 1 any more." in turned.stdout
    file.write_text(",".join(part for part in file.read_text().split(",") if not part.startswith("1=")))
    last = service()
    with last.app_context():
        assert clients.get(SYSTEM, client).name == "Marigold Tansyfield"


def test_keys_of_the_environment_are_printed_for_whoever_keeps_them(service: Callable[..., Flask]) -> None:
    held = f"1={'A' * 43}=,index={'B' * 43}="
    app = service(KEYS=held)
    printed = run(app, "keys", "add").stdout.strip()
    assert KeyRing.parse(printed).versions == (1, 2)
    assert printed.endswith(held)
