"""What is queued for her, and withdrawn: each in the transaction of whatever makes a message due or undue.

What makes a text safe is weighed here to find its moment, and asked again in the outbox when it is claimed. Whatever
changes later (her hours, a pause, a check of what is safe, an arrival that is undone) has everything planned anew from
the records, and what left once is never said again.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import and_, insert, select, update

from scheduler.extensions import db
from scheduler.models import Appointment, Message, Reply, Telling
from scheduler.notifications.safety import Outlook, outlook, service_zone
from scheduler.rules import reminders
from scheduler.rules.reminders import Moment, Purpose, Silence
from scheduler.rules.states import OPEN, State
from scheduler.rules.telling import LEFT
from scheduler.store import links, messages
from scheduler.store import planning as store
from scheduler.store.planning import Columns

_FIRST = {"booked": Purpose.CONFIRMATION, "moved": Purpose.CHANGE}
_TELLS = (Purpose.CONFIRMATION, Purpose.CHANGE)
_M, _A = Message.__table__, Appointment.__table__

#: Why a text did not go that may go once her record says otherwise.
_MAY_PASS = frozenset({
    Silence.NOT_SAFE, Silence.REVIEW_DUE, Silence.PAUSED, Silence.NO_NUMBER, Silence.NO_SAFE_TIME, Silence.UNREADABLE,
    Silence.CHECK_NUMBER,
})  # fmt: skip
#: A text in these, or without words that may be sent, is not tried again: staff tell her.
_OVER = LEFT | {"undelivered", "failed"}


def plan(event: str, *, appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """Withdraw what is queued for the appointment and queue what follows from `event`, which is booked, moved or
    cancelled. `start` is its start in UTC, `version` the appointment's once it is so. At most three statements.

    Where a text is not safe, a `suppressed` message stays, so that staff see that she was not told. A cancelled
    appointment's links end with it; whether its text is safe is asked when it is claimed.
    """
    if event != "booked":
        _withdraw(_M.c.appointment_id == appointment_id, now)
    if event == "cancelled":
        links.end_of_appointment(appointment_id, now)
        rows = [_row(Purpose.CANCELLATION, now, start)] if start > now else []
    else:
        rows = _rows(_FIRST[event], outlook(messages.contact(client_id), now, service_zone()), start, now)
    _insert(rows, client_id, appointment_id, version, now)


def hand_over(appointment_id: int, client_id: int, start: datetime, version: int, now: datetime) -> None:
    """The appointment is in another record, `client_id`, and was at this `version` before too if that is the same
    person's. What is queued for it is withdrawn, and what she was not told yet is planned anew for that record: nothing
    that was said to her is said again."""
    told = store.said_of([appointment_id]).get(appointment_id, [])
    _withdraw(_M.c.appointment_id == appointment_id, now)
    queued = {row.purpose for row in told if row.state == "planned"}
    state = db.session.execute(select(_A.c.state).where(_A.c.id == appointment_id)).scalar()
    ahead, rows = outlook(messages.contact(client_id), now, service_zone()), list[dict[str, object]]()
    if Purpose.CANCELLATION in queued and start > now:
        rows = [_row(Purpose.CANCELLATION, now, start)]
    elif state in OPEN:
        first = next((purpose for purpose in (Purpose.CHANGE, Purpose.CONFIRMATION) if purpose in queued), None)
        if first is not None:
            rows = _rows(first, ahead, start, now)
        else:
            said = [row for row in told if row.appointment_version == version]
            rows = _reminders(ahead, start, now, said)
    _insert(rows, client_id, appointment_id, version, now)


def plan_link(
    client_id: int, now: datetime, appointment_id: int | None = None, type_id: int | None = None
) -> int:
    """Queue a text with her link, to go out as soon as it is safe; gives the message's id. Its token is made when it is
    claimed. It is `suppressed` at once when texts to her are not safe."""
    ahead = outlook(messages.contact(client_id), now, service_zone())
    return _link(client_id, ahead, now, now + reminders.LINK_WAITS, appointment_id, type_id)


def _link(
    client_id: int, ahead: Outlook, now: datetime, until: datetime, appointment_id: int | None, type_id: int | None
) -> int:
    row = _row(Purpose.LINK, now, until, reason=ahead.reason)
    if ahead.reason is None:
        safe = reminders.next_safe(ahead.hours, ahead.since, until, service_zone())
        row = _row(Purpose.LINK, safe.start if safe else now, until, reason=None if safe else Silence.NO_SAFE_TIME)
    made = db.session.execute(
        insert(_M)
        .values(client_id=client_id, appointment_id=appointment_id, type_id=type_id, created_at=now, **row)
        .returning(_M.c.id)
    )
    return int(made.scalar_one())


# --- Planning anew ----------------------------------------------------------------------------------------------------


def carry(appointment_id: int, was: int, version: int) -> None:
    """The appointment went from version `was` to `version`, and she would be told the same of both: what was said of
    the one holds for the other, and what is queued stays queued."""
    for table, column in ((_M, "appointment_version"), (Reply.__table__, "appointment_version"),
                          (Telling.__table__, "version")):  # fmt: skip
        same = and_(table.c.appointment_id == appointment_id, table.c[column] == was)
        db.session.execute(update(table).where(same).values({column: version}))


def replan(client_id: int, now: datetime, appointment_id: int | None = None) -> None:
    """Plan everything that is still to be said to her anew from the records, or about one appointment alone: for
    whenever something changed that decides whether and when a text is safe.

    What was suppressed only because it was not safe then, and is still of use, is queued once; what is queued gets its
    best moment, or goes; nothing that left, or that a text failed to say, is said again. Where texts are not safe,
    nothing changes: whoever made them so withdrew what was queued.
    """
    ahead = outlook(messages.contact(client_id), now, service_zone())
    if ahead.reason is not None:
        return
    standing = store.ahead(client_id, now, appointment_id)
    texts = store.said_of([row.id for row in standing])
    by_us = store.told_by_us([row.id for row in standing])
    for row in standing:
        said = [text for text in texts.get(row.id, ()) if text.appointment_version == row.version]
        wanted = _wanted(row, said, by_us.get((row.id, row.version)), ahead)
        new = _reconciled([text for text in said if text.state == "planned"], wanted, now)
        _insert(new, client_id, row.id, row.version, now)
    if appointment_id is None:
        _revive_link(client_id, ahead, now)


def _wanted(row: Columns, said: list[Columns], by_us: datetime | None, ahead: Outlook) -> list[Moment]:
    """What ought to be queued about an appointment of which this was said, or tried, as it now stands."""
    tells = (Purpose.CANCELLATION,) if row.state == State.CANCELLED else _TELLS
    tries = [text for text in said if text.purpose in tells]
    over = [text for text in tries if _over(text)]
    if row.state == State.CANCELLED and (over or by_us or not tries):
        return []
    first = Purpose(tries[-1].purpose) if tries and not over and by_us is None else None
    told = [each for each in (by_us, *(text.claimed_at for text in over)) if each is not None]
    done = {text.on_day for text in said if text.purpose == Purpose.REMINDER and _over(text)}
    return reminders.moments(
        first, ahead.hours, row.start, ahead.since, service_zone(), told_at=max(told, default=None),
        on_day=ahead.on_day, done=done,
    )


def _over(text: Columns) -> bool:
    return text.state in _OVER or text.outcome in (Silence.WORDS, Silence.TOO_LATE)


def _reconciled(queued: list[Columns], wanted: list[Moment], now: datetime) -> list[dict[str, object]]:
    """Make of what is queued what is wanted; gives the rows of what must be queued besides."""
    missing = {(each.purpose, each.on_day): each for each in wanted}
    for text in queued:
        moment = missing.pop((Purpose(text.purpose), text.on_day), None)
        this = _M.c.id == text.id
        if moment is None:
            _withdraw(this, now)
        elif moment.after is None:
            _withdraw(this, now, Silence.NO_SAFE_TIME)
        elif text.attempts == 0:  # one that the provider did not take waits its own while
            changed = {"send_after": moment.after, "send_before": moment.before}
            if (text.send_after, text.send_before) != (moment.after, moment.before):
                db.session.execute(update(_M).where(this, _M.c.state == "planned").values(changed))
    return [_row(each.purpose, each.after, each.before, each.on_day) for each in missing.values() if each.after]


def _revive_link(client_id: int, ahead: Outlook, now: datetime) -> None:
    """Her last link was not safe to send when it was asked for: it goes out now, if it is still of use."""
    last = store.last_link(client_id)
    if last is None or last.state != "suppressed" or last.outcome not in _MAY_PASS or last.send_before <= now:
        return
    if last.appointment_id is not None and last.about not in OPEN:
        return
    if reminders.next_safe(ahead.hours, ahead.since, last.send_before, service_zone()) is not None:
        _link(client_id, ahead, now, last.send_before, last.appointment_id, last.type_id)


# --- Withdrawing ------------------------------------------------------------------------------------------------------


def withdraw_for_client(client_id: int, now: datetime) -> None:
    """Her number changed, or a pause, or texts are no longer safe: nothing that is queued goes out, and every live link
    and the session that it began end (SAFETY.md 8)."""
    _withdraw(_M.c.client_id == client_id, now)
    links.end_all(client_id, now)


def hold_back(client_id: int, now: datetime) -> None:
    """A text to her could not arrive. Where that was the number's fault, nothing that is queued goes to it until
    someone has checked it, and staff see who has to be told in another way."""
    held = messages.contact(client_id)
    if held is not None and held.number_fails:
        _withdraw(_M.c.client_id == client_id, now, Silence.CHECK_NUMBER)


def withdraw_links(client_id: int, now: datetime) -> None:
    """Every live link of hers ends, with the session that it began, and none that is queued goes out."""
    _withdraw(and_(_M.c.client_id == client_id, _M.c.purpose == Purpose.LINK.value), now)
    links.end_all(client_id, now)


def _withdraw(whose: object, now: datetime, why: Silence = Silence.WITHDRAWN) -> None:
    state = "cancelled" if why is Silence.WITHDRAWN else "suppressed"
    db.session.execute(
        update(_M)
        .where(whose, _M.c.state == "planned")  # type: ignore[arg-type]
        .values(state=state, outcome=why.value, settled_at=now)
    )


# --- Rows -------------------------------------------------------------------------------------------------------------


def _row(
    purpose: Purpose, after: datetime, before: datetime, on_day: bool = False, reason: Silence | None = None
) -> dict[str, object]:
    return {
        "purpose": purpose.value,
        "on_day": on_day,
        "state": "suppressed" if reason else "planned",
        "outcome": reason.value if reason else None,
        "settled_at": None,
        "send_after": after,
        "send_before": before,
    }


def _rows(first: Purpose, ahead: Outlook, start: datetime, now: datetime) -> list[dict[str, object]]:
    if start <= now:
        return []
    reason = ahead.reason or (Silence.PAUSED if ahead.since >= start else None)
    if reason is not None:
        return [_row(first, now, start, reason=reason)]
    planned = reminders.moments(first, ahead.hours, start, ahead.since, service_zone(), on_day=ahead.on_day)
    return [
        _row(each.purpose, each.after or now, each.before, each.on_day, None if each.after else Silence.NO_SAFE_TIME)
        for each in planned
    ]


def _reminders(ahead: Outlook, start: datetime, now: datetime, said: Iterable[Columns]) -> list[dict[str, object]]:
    """The reminders of an appointment of which she knows already, of which this was said, as far as they are not late.
    Where texts are not safe, one stays as suppressed, so that staff see it."""
    done = {text.on_day for text in said if text.purpose == Purpose.REMINDER and text.state in LEFT}
    zone = service_zone()
    if ahead.reason is not None:
        late = False in done or now >= reminders.last_moment(start, zone)
        return [] if late else [_row(Purpose.REMINDER, now, reminders.last_moment(start, zone), reason=ahead.reason)]
    planned = reminders.moments(None, ahead.hours, start, ahead.since, zone, on_day=ahead.on_day, done=done)
    return [_row(each.purpose, each.after or now, each.before, each.on_day) for each in planned]


def _insert(
    rows: list[dict[str, object]], client_id: int, appointment_id: int, version: int, now: datetime
) -> None:
    common = {
        "client_id": client_id, "appointment_id": appointment_id, "appointment_version": version, "created_at": now,
        "type_id": None,
    }
    if rows:
        db.session.execute(insert(_M), [{**common, **row} for row in rows])
