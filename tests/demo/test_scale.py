"""What the data at scale promise, on a town small enough for a test: exact numbers, no broken rule, all or nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from scheduler.demo import scale, state
from scheduler.extensions import db
from scheduler.models import Appointment, Client, Exclusion, Match, Staff, Venue
from scheduler.services import checks, clients
from scheduler.services.actors import SYSTEM

SIZE = scale.Size(clients=700, venues=10, workers=50, appointments=6000, ahead=600, exclusions=60)

pytestmark = pytest.mark.usefixtures("context")


@pytest.mark.parametrize(
    "now",
    [
        datetime(2026, 3, 18, 14, 20, tzinfo=UTC),  # a Wednesday afternoon, before the clocks change
        datetime(2026, 10, 31, 23, 30, tzinfo=UTC),  # a Saturday night
    ],
)
def test_scale_has_what_its_size_says_and_breaks_no_rule(now: datetime, clock: object) -> None:
    clock.set(now)  # type: ignore[attr-defined]
    scale.load(SIZE, 3, now)
    assert [str(each) for each in checks.run().broken] == []
    for model, wanted in ((Client, 700), (Venue, 10), (Appointment, 6000), (Exclusion, 60)):
        assert db.session.query(func.count()).select_from(model).scalar() == wanted
    assert db.session.query(Staff).filter_by(sees_clients=True).count() == 50
    ahead = select(func.count()).select_from(Appointment).where(Appointment.start > now)
    assert db.session.execute(ahead).scalar() == 600
    assert {m.state for m in db.session.scalars(select(Match))} == {"possible", "confirmed"}
    assert _named_and_protected_share_places()
    someone = db.session.get(Client, 321)
    found = clients.find(SYSTEM, f"{someone.given_name} {someone.family_name}")
    assert someone.id in {card.id for card in found}


def _named_and_protected_share_places() -> bool:
    """The town passes because of how it is made, not because nobody is ever near anybody."""
    names, protects = select(Match.person_id), select(Exclusion.client_id)
    hers = select(Appointment.site_id).where(Appointment.client_id.in_(protects))
    shared = select(func.count(func.distinct(Appointment.site_id))).where(
        Appointment.client_id.in_(names), Appointment.site_id.in_(hers)
    )
    return db.session.execute(shared).scalar_one() > 2


def test_a_load_that_is_interrupted_leaves_nothing(clock: object) -> None:
    def stop(what: str, done: int, total: int) -> None:
        if what == "sessions and appointments" and done > 20:
            raise KeyboardInterrupt

    now = datetime(2026, 3, 18, 14, 20, tzinfo=UTC)
    with pytest.raises(KeyboardInterrupt):
        scale.load(SIZE, 3, now, stop)
    assert state.is_empty()
