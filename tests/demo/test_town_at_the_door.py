"""The demonstration's story at the door is true whenever the town is made: on every weekday, at night, and at both
clock changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from scheduler.demo import town as demo
from scheduler.demo import town_story
from scheduler.demo.town_places import HUB
from scheduler.extensions import db
from scheduler.models import Alert, Appointment, Client, Exclusion
from scheduler.rules.door import ALERT_AHEAD
from scheduler.services import checks
from tests.demo.conftest import stopped_at
from tests.support.databases import sqlite_database
from tests.support.settings import make_application, settings_for

#: In UTC. A Sunday evening is when the hub has closed until Tuesday for women.
MOMENTS = [
    *(datetime(2026, 11, 16 + day, hour, 5, tzinfo=UTC) for day, hour in enumerate((9, 3, 15, 12, 23, 11, 18))),
    datetime(2027, 3, 27, 12, 30, tzinfo=UTC), datetime(2027, 3, 28, 0, 30, tzinfo=UTC),
    datetime(2027, 3, 28, 12, 50, tzinfo=UTC), datetime(2027, 10, 31, 0, 40, tzinfo=UTC),
    datetime(2027, 10, 31, 1, 40, tzinfo=UTC), datetime(2027, 10, 31, 10, 10, tzinfo=UTC),
]  # fmt: skip


def only_the_door(people: object, random: object, now: datetime) -> None:
    """The rest of the story takes seconds, and is told in test_town."""
    town_story._Story(people, random, now).someone_came_in(now)  # type: ignore[arg-type]


@pytest.mark.parametrize("now", MOMENTS, ids=lambda now: f"{now:%a %d %b %H:%M}")
def test_he_came_when_she_was_there_or_due_within_two_hours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, now: datetime
) -> None:
    monkeypatch.setattr(town_story, "tell", only_the_door)
    stopped_at(now)
    try:
        with sqlite_database(tmp_path) as database:
            app = make_application(settings_for(database.url, str(tmp_path)))
            with app.app_context():
                db.create_all()
                demo.load(1, now)
                its_story_is_true(now)
                assert [str(each) for each in checks.run().broken] == []
                db.session.remove()
                db.engine.dispose()
    finally:
        stopped_at(None)


def its_story_is_true(now: datetime) -> None:
    alert = db.session.execute(select(Alert)).scalar_one()
    hers = db.session.get_one(Appointment, alert.appointment_id)
    exclusion = db.session.get_one(Exclusion, alert.exclusion_id)
    assert (alert.venue_id, hers.venue_id, alert.settled_at) == (HUB, HUB, None)
    assert alert.raised_at <= now
    assert hers.present_from is not None
    assert hers.present_until is not None
    assert hers.present_from - ALERT_AHEAD <= alert.raised_at < hers.present_until
    assert hers.state in (("fulfilled", "arrived", "checked-in") if hers.start < now else ("booked",))
    assert exclusion.client_id == hers.client_id
    assert exclusion.recorded_at < alert.raised_at
    assert db.session.get_one(Client, exclusion.client_id).eligibility == "eligible"
    assert now - alert.raised_at < timedelta(days=3)
