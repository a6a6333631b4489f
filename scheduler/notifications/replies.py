"""What comes back by text. A word that Twilio takes as "no more texts" makes the number unsafe here too; 1 says that
she is coming, 2 asks staff for another time, and everything else is kept for staff a few days. Nothing is answered, and
nothing is moved or cancelled: whoever holds the phone may have written it.
"""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import insert, or_, select, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Client, Reply, SafeContact
from scheduler.notifications import planning
from scheduler.rules.discretion import OPT_OUT
from scheduler.rules.matching import phone_key
from scheduler.rules.phones import e164
from scheduler.rules.reminders import Purpose
from scheduler.rules.replies import Meaning, meaning_of
from scheduler.rules.states import OPEN
from scheduler.rules.telling import LEFT
from scheduler.services import audit, identities
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from scheduler.store import identities as store
from scheduler.store import replies

log = structlog.get_logger("sidegate")

#: Longer than any text; what is beyond it is not kept.
LONGEST = 1600


@use_case
def receive(number: str, body: str, provider_id: str | None = None, opted_out: bool = False) -> int:
    """Follow a text that came from `number` (E.164); gives how many clients' texts it stopped. A number that belongs to
    nobody we know stops nothing, and what it wrote is let go of.

    `provider_id` is the provider's own, by which a text that is delivered twice is followed once; `opted_out` that the
    provider itself took it for "no more texts", in whatever words or language.
    """
    clients = _with(number)
    if not clients:
        log.info("text from a number of nobody here")  # only that there was one: to be counted
        return 0
    if opted_out or body.strip().strip(".!\"'").upper() in OPT_OUT:
        for client_id in clients:
            stop_texts(client_id)
        return len(clients)
    if provider_id is None or not replies.known_already(provider_id):
        _keep(number, clients, body[:LONGEST], provider_id)
    return 0


def _with(number: str) -> list[int]:
    """The clients with this number, by any of their records; none for what is no whole number, such as another
    channel's name of it."""
    try:
        whole = e164(number) == number
    except ValueError:
        return []
    found = store.sharing(identities.blind({phone_key(number)}), ("client",)) if whole else set()
    return sorted(client_id for _, client_id in found)


def _keep(number: str, clients: list[int], body: str, provider_id: str | None) -> None:
    meaning = meaning_of(body)
    common = {"provider_id": provider_id, "received_at": clock.now()}
    # Several clients may share a number, and a record that was merged into hers may hold one that is another's by now.
    # Then nobody can say who wrote: no client is named, nothing is marked, and the words, which might, are not kept.
    if len(clients) != 1 or replies.number_of(clients[0]) != number:
        unsaid = Meaning.ANOTHER_TIME if meaning is Meaning.ANOTHER_TIME else Meaning.OTHER
        db.session.execute(insert(Reply.__table__).values(**common, meaning=str(unsaid)))
        return
    about = _about(clients[0])
    if meaning is Meaning.COMING and about["appointment_id"] is None:
        meaning = Meaning.OTHER  # to what, nobody knows
    if meaning is not Meaning.OTHER and about["appointment_id"] is not None and replies.said_so(
        about["appointment_id"], about["appointment_version"], str(meaning)
    ):
        return
    words = body if meaning is Meaning.OTHER else None
    db.session.execute(
        insert(Reply.__table__).values(**common, **about, client_id=clients[0], meaning=str(meaning), words=words)
    )


def _about(client_id: int) -> dict[str, Any]:
    """The appointment that the last text to her was about, as it was then, if it still stands. Never an earlier text's:
    an answer to one appointment must not be taken for another's."""
    last = replies.last_text(client_id, LEFT)
    if last is None or last.purpose == Purpose.CANCELLATION or last.state not in OPEN or last.start <= clock.now():
        return {"appointment_id": None, "appointment_version": None}
    return {"appointment_id": last.appointment_id, "appointment_version": last.appointment_version}


@use_case
def stop_texts(client_id: int) -> None:
    """Texts to her are not safe, or not wanted, from now on: what is queued is withdrawn and her links end. Only staff
    make them safe again, after asking her."""
    now = clock.now()
    # It may have come from the number of a record that was merged into hers, and must outlast taking them apart again.
    hers = or_(
        SafeContact.client_id == client_id,
        SafeContact.client_id.in_(select(Client.id).where(Client.merged_into == client_id)),
    )
    changed = db.session.execute(
        update(SafeContact)
        .where(hers, SafeContact.channel == "sms", SafeContact.safe == "yes")
        .values(safe="no", checked_at=now)
        .returning(SafeContact.client_id)
    ).first()
    planning.withdraw_for_client(client_id, now)
    if changed is not None:
        audit.record(SYSTEM, "texts-stopped", "client", client_id)
