"""What a named person's link shows never depends on her (SAFETY.md 4.2): every byte, whatever she has booked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from scheduler.extensions import db
from scheduler.models import Client

from ..support.databases import Database
from ..support.her_phone import make_link
from .his_phone import Prober, Transcript, first_difference
from .town import COUNTED, UNCOUNTED, Deed, Saved, Town, do, protect, same_chance

_DEED = st.builds(
    Deed,
    what=st.sampled_from(("book", "book", "write", "write", "write", "ask", "cancel", "move", "mark")),
    session=st.integers(0, 35), slot=st.integers(0, 6), mode=st.integers(0, 2),
    state=st.sampled_from(COUNTED + COUNTED + UNCOUNTED),
)
_HER_BOOKINGS = st.lists(_DEED, min_size=1, max_size=14)
_SEPARATIONS = st.sampled_from(("gap", "day", "series", "site"))
_MATCHES = st.sampled_from(("possible", "confirmed"))

World = Callable[[Callable[[], None]], Transcript]


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    """A small town on the clock's Monday."""
    return Town()


@pytest.fixture
def heard_in(town: Town, app: Flask, database: Database, clock: Any) -> World:
    """What he hears in a world: the town, with her as `arrange` makes her, and him at his most curious."""
    began, saved = clock.now(), Saved(database)

    def transcript(arrange: Callable[[], None]) -> Transcript:
        saved.put_back()
        clock.set(began)
        arrange()
        db.session.rollback()
        town.book_him_again()  # after all of hers: its number is his own second, however many she has
        with same_chance():
            return Prober(app, 0).everything(make_link(town.him))

    return transcript


def _in_request_mode(client: int) -> None:
    db.session.execute(update(Client).where(Client.id == client).values(request_mode=True))
    db.session.commit()


def test_his_whole_transcript_is_the_same_whatever_she_has_booked_and_when_there_is_no_she(
    town: Town, heard_in: World, database: Database
) -> None:
    """The first world has no exclusion and no woman in it: he is in request mode as any client may be. So what he hears
    tells neither that somebody is protected from him nor anything about her; nor does the number of questions that the
    database is asked for it."""
    alone = heard_in(lambda: _in_request_mode(town.him))
    assert len(alone) > 100

    @settings(
        max_examples=5 if database.kind == "sqlite" else 2, deadline=None, derandomize=True, database=None,
        phases=(Phase.generate,), report_multiple_bugs=False,  # making a failure smaller takes minutes
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )
    @given(_HER_BOOKINGS, _SEPARATIONS, _MATCHES, st.booleans())
    def same(deeds: list[Deed], separation: str, match: str, set_by_staff: bool) -> None:
        def with_her() -> None:
            if set_by_staff:
                _in_request_mode(town.him)
            do(town, protect(town, separation, match), deeds)

        assert first_difference(alone, heard_in(with_her)) == ""

    same()
