"""The desk's questions through the API: the same answers as the pages give, and no more."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from scheduler.services import booking, clients
from scheduler.services.actors import SYSTEM
from scheduler.services.booking import Booked, Choice
from scheduler.services.clients import ClientDetails

from ..support import factories as make
from ..support.api import ROLES, as_role, ok, refused
from ..support.factories import at

pytestmark = pytest.mark.usefixtures("context", "clock")

DAY = {"from": "2026-03-02T00:00:00Z", "until": "2026-03-03T00:00:00Z"}


class Morning:
    """She is due at a quarter past eight, as the clock stands at eight; he is someone she is kept from."""

    def __init__(self) -> None:
        self.venue, kind, worker = make.make_venue(), make.make_type(), make.make_staff()
        held = make.make_session(self.venue, at(8, 15), at(12), (worker,), (kind,))
        self.she = make.make_client()
        self.he = clients.add(SYSTEM, ClientDetails("Gareth", "Pike", phone="07700 900555"))
        make.make_exclusion(self.she, self.he)
        self.hers: Booked = booking.book(SYSTEM, Choice(self.she, kind, held, worker, "in-person", at(8, 15)))


@pytest.fixture
def morning(clock: Any) -> Morning:
    clock.set(at(8))
    return Morning()


@pytest.mark.parametrize("role", ROLES)
def test_the_arrival_check_answers_in_one_of_two_words_by_record_and_by_name(
    client: FlaskClient, morning: Morning, role: str
) -> None:
    api = as_role(client, role)
    asked = [
        ({"client_id": morning.he}, "quiet-room"), ({"text": "Gaz Pike"}, "quiet-room"),
        ({"text": "Nobody Known"}, "go"), ({"client_id": morning.she}, "go"),
        ({"text": "Gareth Pike", "client_id": morning.she, "companion": True}, "quiet-room"),
    ]
    for body, answer in asked:
        assert ok(api.post("/arrivals/check", {"venue_id": morning.venue, **body})) == {"answer": answer}, body


def test_what_cannot_be_checked_is_refused_by_its_field(client: FlaskClient, morning: Morning) -> None:
    api = as_role(client, "reception")
    for body in ({}, {"text": " "}, {"text": "Gaz", "client_id": morning.she}, {"companion": True}):
        assert "text" in refused(api.post("/arrivals/check", {"venue_id": morning.venue, **body}), 422)["fields"]
    refused(api.post("/arrivals/check", {"venue_id": 999, "text": "Gaz Pike"}), 404)
    refused(api.post("/arrivals/check", {"venue_id": morning.venue, "client_id": 999}), 404)
    refuge = make.make_venue(kind="refuge", confidential=True, name="Rowan House")
    refused(api.post("/arrivals/check", {"venue_id": refuge, "text": "Gaz Pike"}), 404)


def test_whom_to_tell_is_listed_until_someone_has(client: FlaskClient, morning: Morning) -> None:
    api = as_role(client, "reception")
    [item] = ok(api.get("/untold", **DAY))["items"]
    assert (item["appointment_id"], item["known"], item["why"], item["may_call"]) == (
        morning.hers.id, "not-yet", "not-safe", False
    )
    path = f"/appointments/{morning.hers.id}/told"
    refused(api.post(path, {"how": "call", "version": item["version"] + 1}), 412)
    refused(api.post(path, {"how": "owl", "version": 1}), 422)
    refused(api.post("/appointments/999/told", {"how": "call", "version": 1}), 404)
    assert api.post(path, {"how": "call", "version": item["version"]}).status_code == 204
    assert ok(api.get("/untold", **DAY))["items"] == []


def test_a_list_of_more_than_a_week_or_the_wrong_way_round_is_refused(client: FlaskClient, morning: Morning) -> None:
    api = as_role(client, "outreach")
    for until in ("2026-03-02T00:00:00Z", "2026-03-09T00:00:01Z", "soon"):
        refused(api.get("/untold", **{**DAY, "until": until}), 422)
