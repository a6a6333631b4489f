"""What is queued for her, and withdrawn: each in the transaction of whatever makes a message due or undue.

What makes a text safe is weighed here to find its moment, and asked again in the outbox when it is claimed.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import and_, insert, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Message
from scheduler.notifications.outbox import LEFT
from scheduler.notifications.safety import service_zone, weighed
from scheduler.rules import reminders
from scheduler.rules.reminders import Purpose, Silence
from scheduler.rules.states import OPEN
from scheduler.store import links
from scheduler.store import messages as store

_FIRST = {"booked": Purpose.CONFIRMATION, "moved": Purpose.CHANGE}
_M, _A = Message.__table__, Appointment.__table__


def plan(event: str, *, appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """Withdraw what is queued for the appointment and queue what follows from `event`, which is booked, moved or
    cancelled. `start` is its start in UTC, `version` the appointment's once it is so. At most three statements.

    Where a text is not safe, a `suppressed` message stays, so that staff see that she was not told. A cancelled
    appointment's links end with it; whether its text is safe is asked when it is claimed.
    """
    if event != "booked":
        _withdraw(_M.c.appointment_id == appointment_id, now)
    common = {
        "client_id": client_id, "appointment_id": appointment_id, "appointment_version": version, "created_at": now,
        "type_id": None,
    }
    if event == "cancelled":
        links.end_of_appointment(appointment_id, now)
        rows = [_row(Purpose.CANCELLATION, now, start)] if start > now else []
    else:
        rows = _rows(_FIRST[event], store.contact(client_id), start, now)
    if rows:
        db.session.execute(insert(_M), [{**common, **row} for row in rows])


def hand_over(appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """The appointment is in another record, `client_id`, and was at this `version` before too if that is the same
    person's. What is queued for it is withdrawn, and what she was not told yet is planned anew for that record: nothing
    that was said to her is said again."""
    told = db.session.execute(
        select(_M.c.purpose, _M.c.state, _M.c.appointment_version)
        .where(_M.c.appointment_id == appointment_id)
        .order_by(_M.c.id)
    ).all()
    _withdraw(_M.c.appointment_id == appointment_id, now)
    queued = {row.purpose for row in told if row.state == "planned"}
    state = db.session.execute(select(_A.c.state).where(_A.c.id == appointment_id)).scalar()
    held, rows = store.contact(client_id), list[dict[str, object]]()
    if Purpose.CANCELLATION in queued and start > now:
        rows = [_row(Purpose.CANCELLATION, now, start)]
    elif state in OPEN:
        first = next((purpose for purpose in (Purpose.CHANGE, Purpose.CONFIRMATION) if purpose in queued), None)
        if first is not None:
            rows = _rows(first, held, start, now)
        elif not any(
            row.purpose == Purpose.REMINDER and row.state in LEFT and row.appointment_version == version for row in told
        ):
            rows = _reminder(held, start, now)
    common = {
        "client_id": client_id, "appointment_id": appointment_id, "appointment_version": version, "created_at": now,
        "type_id": None,
    }
    if rows:
        db.session.execute(insert(_M), [{**common, **row} for row in rows])


def plan_link(
    client_id: int, now: datetime, appointment_id: int | None = None, type_id: int | None = None
) -> int:
    """Queue a text with her link, to go out as soon as it is safe; gives the message's id. Its token is made when it is
    claimed. It is `suppressed` at once when texts to her are not safe."""
    zone, held = service_zone(), store.contact(client_id)
    reason, hours = weighed(held, now, zone)
    until = now + reminders.LINK_WAITS
    if reason is None:
        safe = reminders.next_safe(hours, now, until, zone)
        row = _row(Purpose.LINK, safe.start if safe else now, until, None if safe else Silence.NO_SAFE_TIME)
    else:
        row = _row(Purpose.LINK, now, until, reason)
    made = db.session.execute(
        insert(_M)
        .values(client_id=client_id, appointment_id=appointment_id, type_id=type_id, created_at=now, **row)
        .returning(_M.c.id)
    )
    return int(made.scalar_one())


def withdraw_for_client(client_id: int, now: datetime) -> None:
    """Her number changed, or a pause, or texts are no longer safe: nothing that is queued goes out, and every live link
    and the session that it began end (SAFETY.md 8)."""
    _withdraw(_M.c.client_id == client_id, now)
    links.end_all(client_id, now)


def withdraw_links(client_id: int, now: datetime) -> None:
    """Every live link of hers ends, with the session that it began, and none that is queued goes out."""
    _withdraw(and_(_M.c.client_id == client_id, _M.c.purpose == Purpose.LINK.value), now)
    links.end_all(client_id, now)


def _withdraw(whose: object, now: datetime) -> None:
    db.session.execute(
        update(_M)
        .where(whose, _M.c.state == "planned")  # type: ignore[arg-type]
        .values(state="cancelled", outcome=Silence.WITHDRAWN.value, settled_at=now)
    )


def _row(purpose: Purpose, after: datetime, before: datetime, reason: Silence | None = None) -> dict[str, object]:
    return {
        "purpose": purpose.value,
        "state": "suppressed" if reason else "planned",
        "outcome": reason.value if reason else None,
        "settled_at": None,
        "send_after": after,
        "send_before": before,
    }


def _rows(first: Purpose, held: store.SafeText | None, start: datetime, now: datetime) -> list[dict[str, object]]:
    if start <= now:
        return []
    zone = service_zone()
    reason, hours = weighed(held, now, zone)
    if reason is not None:
        return [_row(first, now, start, reason)]
    return [
        _row(purpose, after or now, before, None if after else Silence.NO_SAFE_TIME)
        for purpose, after, before in reminders.moments(first, hours, start, now, zone)
    ]


def _reminder(held: store.SafeText | None, start: datetime, now: datetime) -> list[dict[str, object]]:
    """The reminder of an appointment of which she knows already, unless it is too late for one."""
    zone = service_zone()
    reason, hours = weighed(held, now, zone)
    before = reminders.last_moment(start, zone)
    after = reminders.safest(hours, start, now, zone) if reason is None else now
    return [_row(Purpose.REMINDER, after, before, reason)] if after is not None and after < before else []
