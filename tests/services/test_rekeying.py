"""A key can be changed while the service goes on, and let go of afterwards."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.ctx import AppContext
from sqlalchemy import update

from scheduler import crypto
from scheduler.crypto import KeyRing, install, with_new_key
from scheduler.errors import RecordUnreadable
from scheduler.extensions import db
from scheduler.models import Client
from scheduler.services import audit, clients, rekeying
from scheduler.services.actors import SYSTEM
from scheduler.store import everything
from tests.support import factories as make
from tests.support.settings import KEYS


@pytest.fixture
def newer(app: Flask, context: AppContext) -> Iterator[str]:
    """The text of the keys with one more, which the test installs; the old ones are back at its end."""
    yield with_new_key(KEYS)
    install(app, KeyRing.parse(KEYS))


def a_town() -> int:
    client = clients.add(SYSTEM, clients.ClientDetails("Marigold", "Tansyfield", notes="Zinnia", phone="07700 900321"))
    make.make_exclusion(client, make.make_client())
    make.make_session(make.make_venue(), make.at(9), make.at(12), (make.make_staff(),))
    audit.seal()
    return client


def test_everything_is_under_the_newest_key_and_says_the_same(app: Flask, newer: str) -> None:
    client = a_town()
    before, under = clients.get(SYSTEM, client), rekeying.in_use()
    assert set(under) == {1}
    install(app, KeyRing.parse(newer))
    assert rekeying.run() == under[1]
    # One value more: the record of the change itself.
    assert rekeying.in_use() == {2: under[1] + 1}
    alone = ",".join(part for part in newer.split(",") if not part.startswith("1="))
    install(app, KeyRing.parse(alone))
    db.session.expunge_all()
    assert clients.get(SYSTEM, client) == before
    assert audit.broken_seals() == []
    assert rekeying.run() == 0


def test_a_change_made_meanwhile_is_kept(app: Flask, newer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make.make_client(notes="Before")
    install(app, KeyRing.parse(newer))
    read = everything.sealed_after

    def then_someone_edits(table, after, at_once):  # type: ignore[no-untyped-def]
        rows = read(table, after, at_once)
        if table.name == "client" and rows:
            db.session.execute(update(Client.__table__).where(Client.id == client).values(notes="After"))
        return rows

    monkeypatch.setattr(everything, "sealed_after", then_someone_edits)
    rekeying.run()
    db.session.expunge_all()
    assert db.session.get_one(Client, client).notes == "After"


def test_a_value_that_no_key_reads_stops_it_and_is_not_lost(app: Flask, newer: str) -> None:
    make.make_client(notes="Before")
    fresh = crypto.new_keys().split(",")[0].replace("1=", "2=")
    install(app, KeyRing.parse(f"{fresh},{KEYS.split(',')[1]}"))
    with pytest.raises(RecordUnreadable):
        rekeying.run()
    assert set(rekeying.in_use()) == {1}


def test_interrupted_it_goes_on_where_it_was(app: Flask, newer: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(5):
        make.make_client()
    install(app, KeyRing.parse(newer))
    monkeypatch.setattr(rekeying, "_AT_ONCE", 2)
    total, put, so_far = rekeying.in_use()[1], everything.put_sealed, []

    def then_the_machine_stops(*args):  # type: ignore[no-untyped-def]
        so_far.append(args)
        if len(so_far) == 12:
            raise KeyboardInterrupt
        return put(*args)

    monkeypatch.setattr(everything, "put_sealed", then_the_machine_stops)
    with pytest.raises(KeyboardInterrupt):
        rekeying.run()
    left = rekeying.in_use()[1]
    assert 0 < left < total
    monkeypatch.setattr(everything, "put_sealed", put)
    assert rekeying.run() == left
