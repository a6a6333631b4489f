"""What comes back by text. A word that Twilio takes as "no more texts" makes the number unsafe here too; everything
else is neither answered nor kept: whoever holds the phone may have written it.
"""

from __future__ import annotations

from sqlalchemy import or_, select, update

from scheduler import clock
from scheduler.extensions import db
from scheduler.models import Client, SafeContact
from scheduler.notifications import outbox
from scheduler.rules.discretion import OPT_OUT
from scheduler.rules.matching import phone_key
from scheduler.rules.phones import e164
from scheduler.services import audit, identities
from scheduler.services.actors import SYSTEM
from scheduler.services.transaction import use_case
from scheduler.store import identities as store


@use_case
def receive(number: str, body: str) -> int:
    """Follow a text that came from `number` (E.164); gives how many clients' texts it stopped. A number that belongs to
    nobody we know stops nothing."""
    if body.strip().strip(".!\"'").upper() not in OPT_OUT:
        return 0
    try:
        key = phone_key(e164(number))
    except ValueError:
        return 0
    found = store.sharing(identities.blind({key}), ("client",))
    for _, client_id in sorted(found):
        stop_texts(client_id)
    return len(found)


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
    outbox.withdraw_for_client(client_id, now)
    if changed is not None:
        audit.record(SYSTEM, "texts-stopped", "client", client_id)
