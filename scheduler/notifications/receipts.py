"""What the provider tells us afterwards: how far each text got. Receipts come late, twice, and in any order."""

from __future__ import annotations

from scheduler import clock
from scheduler.notifications import outbox, replies
from scheduler.notifications.codes import OPTED_OUT, STATES, outcome_of
from scheduler.services.transaction import by_row_locks


@by_row_locks
def record(provider_id: str, status: str, error: str | None = None, message_id: int | None = None) -> bool:
    """Record Twilio's `status` of its text `provider_id`, and why it failed if it did; gives whether it was news.

    `message_id` comes from the address that we gave Twilio, for the receipt that overtakes the answer to our own
    request. A status or a text that we do not know is no news.
    """
    state = STATES.get(status)
    found = outbox.by_provider_id(provider_id)
    if found is None:
        found = message_id
    if state is None or found is None or not provider_id:
        return False
    news = outbox.advance(found, state, clock.now(), provider_id, outcome_of(error))
    if news and error == str(OPTED_OUT):
        for client_id in outbox.clients_of([found]):
            replies.stop_texts(client_id)
    return news
