"""Does she know of her appointment as it stands? Many texts never arrive, so nothing is taken for granted (NEEDS)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


class Told(StrEnum):
    """What is known, from the surest down. Everything from `SENT` on is for staff to see to."""

    BY_US = "by-us"  #: someone here told her
    ANSWERED = "answered"  #: a text about it was answered from her number: coming
    HERSELF = "herself"  #: she chose it on her own link, and nobody changed it since
    DELIVERED = "delivered"  #: her phone said that a text about it arrived
    PLANNED = "planned"  #: a text is to go out while there is time
    SENT = "sent"  #: a text left, and nothing says that it arrived
    NOT_YET = "not-yet"  #: no text went out, and none will


#: What staff must see to: tell her another way, where a way is safe.
TO_TELL = frozenset({Told.SENT, Told.NOT_YET})


class Text(NamedTuple):
    """A text about an appointment. `version` is the appointment's when it was planned; `outcome` why it did not go."""

    state: str
    version: int | None
    outcome: str | None = None
    at: datetime | None = None


class Said(NamedTuple):
    """Someone told her of the appointment as it was at this version; `by` whom, the id of one of the staff."""

    version: int
    how: str
    at: datetime
    by: int | None = None


class Answered(NamedTuple):
    """She answered a text about the appointment as it was at this version; None when the text did not say."""

    version: int | None
    at: datetime


class Known(NamedTuple):
    """What is known, since when (UTC; for `PLANNED`, the moment it is planned for), and why no text went, if one did
    not. `how` and `by` whom she was told, where one of us did."""

    told: Told
    at: datetime | None = None
    why: str | None = None
    how: str | None = None
    by: int | None = None


#: In these a text may have reached her.
LEFT = frozenset({"claimed", "accepted", "sent", "delivered", "unknown"})
#: What the provider or its network says of a number that cannot get texts: it may be nobody's, or soon a stranger's.
CANNOT_GET_TEXTS = frozenset({"no-such-number", "not-a-mobile"})
#: After one of these nothing that is queued is a comfort: the number may be wrong.
DID_NOT_REACH = frozenset({"undelivered", "failed"})


def known(
    version: int, made_by: str, texts: Iterable[Text], said: Iterable[Said], answers: Iterable[Answered] = ()
) -> Known:
    """What is known of whether she was told of an appointment that is now at this version. A text or a word about an
    earlier version told her of something that is no longer so."""
    by_us = [each for each in said if each.version == version]
    if by_us:
        last = max(by_us, key=lambda each: each.at)
        return Known(Told.BY_US, last.at, None, last.how, last.by)
    answered = [each for each in answers if each.version == version]
    if answered:
        return Known(Told.ANSWERED, max(each.at for each in answered))
    current = [each for each in texts if each.version == version]
    arrived = [each for each in current if each.state == "delivered"]
    if arrived:
        return Known(Told.DELIVERED, _latest(arrived))
    if made_by == "client" and version == 1:
        return Known(Told.HERSELF)
    lost = any(each.state in DID_NOT_REACH for each in current)
    planned = [] if lost else [each for each in current if each.state == "planned"]
    if planned:
        return Known(Told.PLANNED, min((each.at for each in planned if each.at), default=None))
    left = [each for each in current if each.state in LEFT]
    if left:
        return Known(Told.SENT, _latest(left))
    tried = reversed([each for each in current if each.state != "planned"])
    return Known(Told.NOT_YET, None, "failed" if lost else next((each.outcome for each in tried if each.outcome), None))


def _latest(texts: list[Text]) -> datetime | None:
    return max((each.at for each in texts if each.at), default=None)
