"""What is kept can be put back whole, on either database, and tells nobody anything without the keys."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.ctx import AppContext
from flask_migrate import stamp
from sqlalchemy import insert, select, text

from scheduler.crypto import KeyRing, install, new_keys
from scheduler.errors import BackupUnfit
from scheduler.extensions import db
from scheduler.models import AuditRecord, Message, SignIn
from scheduler.services import audit, backups, clients
from scheduler.services.actors import SYSTEM
from scheduler.services.backup_files import Opening, Sealing
from scheduler.store import everything
from tests.conftest import Clock
from tests.support import factories as make
from tests.support.databases import Database, sqlite_database
from tests.support.settings import make_application, settings_for

NAMES = ("Marigold", "Tansyfield", "07700 900321", "+447700900321", "1984-02-29")


@pytest.fixture
def town(context: AppContext, clock: Clock) -> int:
    """A client with a reminder planned, and records of every other kind around her."""
    stamp()
    who: dict[str, Any] = {"date_of_birth": "1984-02-29", "phone": "07700 900321", "notes": "Zinnia"}
    client = clients.add(SYSTEM, clients.ClientDetails("Marigold", "Tansyfield", **who))
    staff, venue, kind = make.make_staff(), make.make_venue(), make.make_type()
    make.open_all_day(venue)
    make.make_session(venue, make.at(9), make.at(12), (staff,), (kind,))
    him, *_others = [make.make_client() for _ in range(5)]
    make.make_exclusion(client, him, sites=(make.make_site(),))
    row = {"client_id": client, "purpose": "link", "created_at": clock.now(), "attempts": 0}
    waits = {"send_after": clock.now() + timedelta(days=1), "send_before": clock.now() + timedelta(days=2)}
    db.session.execute(insert(Message.__table__).values(**row, **waits, state="planned"))
    db.session.execute(insert(Message.__table__).values(**row, **waits, state="delivered", outcome="sent"))
    db.session.execute(
        insert(SignIn.__table__).values(
            token_hash=b"x" * 32, staff_id=staff, created_at=clock.now(), seen_at=clock.now(),
            expires_at=clock.now() + timedelta(hours=8),
        )
    )
    db.session.commit()
    audit.seal()
    return client


def written() -> bytes:
    file = io.BytesIO()
    backups.write(file)
    return file.getvalue()


def contents() -> dict[str, list[tuple[object, ...]]]:
    with everything.at_one_moment() as connection:
        return {
            table.name: [row for some in everything.rows(connection, table, 100) for row in some]
            for table in everything.tables()
        }


def empty(database: Database) -> None:
    """As on a new machine: no row, and numbers that begin with 1."""
    db.session.remove()
    database.empty()
    if database.kind == "postgres":
        db.session.execute(text("SELECT setval(pg_get_serial_sequence('client', 'id'), 1, false)"))
        db.session.commit()
    stamp()


CHANGED = {"message", "sign_in", "audit_record"}


def test_everything_comes_back_as_it_was(town: int, database: Database) -> None:
    before, file = contents(), written()
    empty(database)
    assert backups.put_back(io.BytesIO(file)).rows["client"] == len(before["client"])
    after = contents()
    assert {name for name in before if before[name] != after[name]} == CHANGED
    assert audit.broken_seals() == []
    # The next record gets a number of its own.
    assert clients.add(SYSTEM, clients.ClientDetails("Bryony")) > town


def test_a_backup_of_one_database_is_put_back_into_the_other(
    town: int, app: Flask, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    before, file = contents(), written()
    with sqlite_database(tmp_path) as other:
        moved = make_application(settings_for(other.url, str(tmp_path), KEYS=app.config["SIDEGATE_KEYS"]))
        with moved.app_context():
            db.create_all()
            stamp()
            backups.put_back(io.BytesIO(file))
            after = contents()
            assert clients.get(SYSTEM, town).name == "Marigold Tansyfield"
            assert audit.broken_seals() == []
            db.session.remove()
            db.engine.dispose()
    assert {name for name in before if before[name] != after[name]} == CHANGED


def test_no_text_that_it_still_held_as_planned_goes_out_and_everyone_signs_in_again(
    town: int, database: Database
) -> None:
    file = written()
    empty(database)
    backups.put_back(io.BytesIO(file))
    states = db.session.execute(select(Message.state, Message.outcome).order_by(Message.id)).all()
    assert [tuple(each) for each in states] == [("suppressed", "restored"), ("delivered", "sent")]
    assert db.session.execute(select(SignIn.ended_at)).scalar_one() is not None
    assert "restore" in db.session.execute(select(AuditRecord.action)).scalars().all()


def test_a_stolen_backup_tells_nothing(town: int) -> None:
    file = written()
    for word in NAMES + ("Zinnia", "client", "planned", "appointment"):
        assert word.encode() not in file


def test_a_backup_without_its_keys_is_not_read(town: int, app: Flask) -> None:
    file, ring = written(), KeyRing.parse(app.config["SIDEGATE_KEYS"])
    install(app, KeyRing.parse(new_keys()))
    try:
        with pytest.raises(BackupUnfit):
            backups.look(io.BytesIO(file))
    finally:
        install(app, ring)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_a_backup_that_was_changed_or_cut_short_is_not_put_back_at_all(
    town: int, database: Database, share: float
) -> None:
    file = written()
    place = int(len(file) * share)
    changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
    empty(database)
    for broken in (changed, file[:place], file + b"\0"):
        with pytest.raises(BackupUnfit):
            backups.put_back(io.BytesIO(broken))
        assert not any(contents().values())


def test_it_is_put_back_into_an_empty_database_only(town: int) -> None:
    file = written()
    with pytest.raises(BackupUnfit, match="not empty"):
        backups.put_back(io.BytesIO(file))


def test_a_backup_of_another_migration_is_refused(town: int, database: Database) -> None:
    file = written()
    empty(database)
    stamp(revision="0001")
    with pytest.raises(BackupUnfit, match="release that made it"):
        backups.put_back(io.BytesIO(file))
    stamp()


def test_a_backup_from_which_rows_were_left_out_is_refused(town: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = everything.counts
    monkeypatch.setattr(everything, "counts", lambda connection: {**counted(connection), "client": 99})
    file = written()
    with pytest.raises(BackupUnfit, match="missing"):
        backups.look(io.BytesIO(file))


def test_it_shows_one_moment_whatever_is_written_meanwhile(town: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted, before = everything.counts, len(contents()["client"])

    def then_someone_is_added(connection: object) -> dict[str, int]:
        found = counted(connection)  # type: ignore[arg-type]
        clients.add(SYSTEM, clients.ClientDetails("Late"))
        return found

    monkeypatch.setattr(everything, "counts", then_someone_is_added)
    assert backups.look(io.BytesIO(written())).rows["client"] == before


def test_pieces_of_any_length_come_back(context: AppContext) -> None:
    for size in (0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20):
        file = io.BytesIO()
        sealing = Sealing(file)
        sealing.write(b"7" * size)
        sealing.finish()
        file.seek(0)
        assert io.BufferedReader(Opening(file)).read() == b"7" * size


def test_pieces_that_change_places_or_end_too_early_are_not_read(context: AppContext) -> None:
    file = io.BytesIO()
    sealing = Sealing(file)
    sealing.write(bytes(3 << 20))
    sealing.finish()
    whole = file.getvalue()
    head = len(b"Sidegate backup 1\n") + 16
    piece = 5 + int.from_bytes(whole[head + 1 : head + 5], "big")
    first, second, rest = whole[head : head + piece], whole[head + piece : head + 2 * piece], whole[head + 2 * piece :]
    as_if_last = b"\1" + first[1:]
    for broken in (second + first + rest, first + rest, first + second, as_if_last):
        with pytest.raises(BackupUnfit):
            io.BufferedReader(Opening(io.BytesIO(whole[:head] + broken))).read()
    assert len(io.BufferedReader(Opening(io.BytesIO(whole[:head] + first + second + rest))).read()) == 3 << 20
