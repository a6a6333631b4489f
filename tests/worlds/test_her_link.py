"""She does not learn that he attends (SAFETY.md 4.3): a time lost to her because of him is lost as any other."""

from __future__ import annotations

from typing import Any

from flask import Flask

from ..support.databases import Database
from ..support.her_phone import make_link
from .his_phone import Prober, Transcript, first_difference, unlike
from .slots import HERS, Cause, Slots
from .test_his_desk import TWO_WEEKS, Asking, said
from .town import Saved, same_chance


def _choices(phone: Prober) -> list[str]:
    """The times on her page, as its buttons name them."""
    return [str(each["value"]) for each in phone.choices("button[name=time]")]


def _visit(app: Flask, town: Slots, lose: Any) -> Transcript:
    """She looks at what there is and taps the time at Hilltop; it is lost while she reads; she presses "Yes", goes
    back, looks at everything, taps it again from the old page, and would move what she has to it."""
    phone = Prober(app, 0)
    phone.arrive(make_link(town.them))
    phone.look("/my/times")
    offered = _choices(phone)
    assert len(offered) > 4
    phone.look("/my/choose")
    phone.press("/my/choose", what=str(town.talk), how="in-person", where=str(town.venues[1]), part="any", who="any")
    wanted = _choices(phone)
    assert len(wanted) == 1
    phone.press("/my/pick", time=wanted[0])
    key = phone.choices("input[name=key]")[0]["value"]
    lose()
    heard_before = len(phone.heard)
    phone.press("/my/check", key=key)
    for path in ("/my/", "/my/times", "/my/choose", "/my/check"):
        phone.look(path)
    phone.press("/my/pick", time=wanted[0])
    phone.press("/my/choose", what=str(town.talk), how="in-person", part="any", who="any")
    phone.look("/my/1")
    phone.press("/my/1/change")
    phone.press("/my/pick", time=wanted[0])
    phone.press("/my/times", page="later")
    for filters in ({"shape": "window"}, {"shape": "alone"}, {"stepfree": "1"}, {"part": "lunch"}, {"who": "peer"}):
        phone.press("/my/choose", what=str(town.talk), **filters)
    phone.look("/my/help")
    phone.press("/my/wait/no")
    phone.press("/my/wait", weeks="8")
    phone.look("/my/help")
    for code in (offered[0], offered[-1]):
        phone.press("/my/pick", time=code)
    return [(path, body, 0) for path, body, _questions in phone.heard[heard_before:]]


def test_a_time_lost_to_her_because_of_him_looks_as_one_that_someone_else_took(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    """He is next door, or was there in the morning of a day that is kept apart, or her worker is a named person; or the
    time was taken, or called off: each page and each refusal is the same to the byte."""
    town = Slots({"eligibility": "eligible"})
    saved = Saved(database)
    told: dict[str, Transcript] = {}
    for cause, apply in HERS.items():
        saved.put_back()

        def lose(apply: Cause = apply) -> None:
            apply(town, 1)

        with same_chance():
            told[cause] = _visit(app, town, lose)
    first = told.pop("just taken")
    assert b"That time is not available." in first[0][1]
    assert {cause: wrong for cause in told if (wrong := first_difference(first, told[cause]))} == {}


def test_what_staff_are_told_of_her_times_does_not_tell_that_he_attends(
    app: Flask, context: Any, clock: Any, database: Database
) -> None:
    town = Slots({"eligibility": "eligible"})
    asking, saved = Asking(app, "outreach"), Saved(database)
    told: dict[str, dict[str, bytes]] = {}
    for cause, apply in HERS.items():
        saved.put_back()
        apply(town, 2)
        told[cause] = asking.offered(town.them, town.talk, town.own)
        told[cause]["search"] = said(
            asking.api.get("/offers", client_id=town.them, type_id=town.talk, venue_id=town.venues[2], **TWO_WEEKS)
        )
    first = told.pop("just taken")
    assert {cause: wrong for cause in told if (wrong := unlike(first, told[cause]))} == {}
