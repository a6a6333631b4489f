"""An upgrade that changes the keys loses nobody: everyone is found and matched again, and nothing decided is undone."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from scheduler import worker
from scheduler.extensions import db
from scheduler.models import Exclusion, Heartbeat, IdentityToken, Match
from scheduler.services import clients, exclusions, finding, readiness, reindexing
from scheduler.services.actors import SYSTEM, Actor
from scheduler.services.clients import ClientDetails
from scheduler.services.exclusions import ExclusionDetails
from scheduler.store import readiness as readiness_store
from tests.support import factories as make

pytestmark = pytest.mark.usefixtures("context", "clock")


def tokens() -> set[tuple[int, str, int]]:
    query = select(IdentityToken.token, IdentityToken.owner_kind, IdentityToken.owner_id)
    return {tuple(row) for row in db.session.execute(query)}


def matches() -> list[tuple[str, int, str]]:
    query = select(Match.person_kind, Match.person_id, Match.state).order_by(Match.person_kind, Match.person_id)
    return [tuple(row) for row in db.session.execute(query)]


def as_an_earlier_version_left_them() -> None:
    """Every key is one that this version does not look for."""
    db.session.execute(delete(IdentityToken))
    kinds = (("named", db.session.execute(select(Exclusion.named_person_id)).scalars().all()), ("client", everyone()))
    for kind, ids in kinds:
        for each in ids:
            db.session.execute(insert(IdentityToken).values(token=each, owner_kind=kind, owner_id=each))
    db.session.execute(delete(Heartbeat))
    db.session.commit()


def everyone() -> list[int]:
    return [row.id for row in db.session.execute(select(clients.Client.id))]


@pytest.fixture
def she() -> int:
    return make.make_client()


def record(she: int, **who: object) -> int:
    lead = Actor("staff", make.make_staff(role="lead"), "lead")
    return exclusions.record(lead, ExclusionDetails(she, **who)).exclusion_id  # type: ignore[arg-type]


def test_whoever_was_recorded_before_is_found_and_matched_as_if_recorded_now(she: int) -> None:
    he = clients.add(SYSTEM, ClientDetails("Gareth", "Pike", phone="07700 900555"))
    record(she, names=("Gaz Pike",))
    before, kept = tokens(), matches()
    as_an_earlier_version_left_them()
    db.session.execute(delete(Match))
    db.session.commit()
    assert finding.find(SYSTEM, "gareth pike") == []
    assert reindexing.run() == 3 + len(staff_ids())
    of_factories = {each for each in tokens() if each[1] == "staff" or (each[2] == she and each[1] == "client")}
    assert tokens() - of_factories == before - of_factories
    assert matches() == kept == [("client", he, "possible")]
    assert [card.id for card in finding.find(SYSTEM, "gareth pike")] == [he]


def staff_ids() -> list[int]:
    from scheduler.models import Staff

    return list(db.session.execute(select(Staff.id)).scalars())


def test_what_a_lead_decided_stays_for_nobodys_details_changed(she: int) -> None:
    clients.add(SYSTEM, ClientDetails("Gareth", "Pike"))
    record(she, names=("Gareth Pike",))
    db.session.execute(update(Match).values(state="dismissed", reason="someone else"))
    db.session.commit()
    as_an_earlier_version_left_them()
    reindexing.run()
    assert [state for _, _, state in matches()] == ["dismissed"]


def test_it_is_done_once_and_an_interrupted_one_is_done_again(she: int, monkeypatch: pytest.MonkeyPatch) -> None:
    as_an_earlier_version_left_them()
    assert not reindexing.is_done()

    def break_off(_done: int, _total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        reindexing.run(break_off)
    assert not reindexing.is_done()
    told: list[tuple[int, int]] = []
    assert reindexing.run(lambda *each: told.append(each)) == 1
    assert told == [(1, 1)]
    assert reindexing.run() == 0


def test_the_worker_does_it_and_readiness_says_so_without_taking_it_for_a_heartbeat(app: Flask, she: int) -> None:
    as_an_earlier_version_left_them()
    assert {each.name: each.state for each in readiness.checks()}["identity-keys"] == "being made anew"
    reindexing.mark_done()
    assert readiness_store.last_heartbeat() is None
    assert {each.name: each.state for each in readiness.checks()}["identity-keys"] == "ok"
    assert "identities" in {job.name for job in worker.JOBS}
