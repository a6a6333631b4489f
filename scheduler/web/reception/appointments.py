"""One appointment at the desk: booking it, moving it, cancelling it, and what became of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid, NotFound, SlotUnavailable
from scheduler.notifications import codes
from scheduler.rules.slots import Offer
from scheduler.rules.telling import TO_TELL, Told
from scheduler.services import booking, clients, online, telling, visibility
from scheduler.services.actors import Actor
from scheduler.services.booking import Choice, Wanted
from scheduler.services.clients import ClientRecord
from scheduler.store import board as board_store
from scheduler.store import desk
from scheduler.store import staff as staff_store
from scheduler.store.diary import zone as zone_named
from scheduler.web import pages, told
from scheduler.web.reception import bp, visit
from scheduler.web.reception.clients import offers_for
from scheduler.web.reception.contact_words import contact_lines
from scheduler.web.reception.finding import Place, Shown, names_of, shown
from scheduler.web.reception.search import by_day, pick_query, read_pick, soonest
from scheduler.web.reception.telling import HOW
from scheduler.web.reception.words import MODES, REASONS, STAFF
from scheduler.web.security import allow, current_actor

NEAREST = 6


# --- Booking ----------------------------------------------------------------------------------------------------------


@bp.get("/clients/<int:client_id>/book")
@allow(*STAFF)
def confirm(client_id: int) -> Any:
    """The chosen time, to be confirmed. Nothing is held yet."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    choice = read_pick(request.args, client_id)
    page = _confirming(actor, record, choice)
    return render_template("reception/confirm.html", **page, **visit.beside(actor, choice, request.args))


@bp.post("/clients/<int:client_id>/book")
@allow(*STAFF)
def book(client_id: int) -> Any:
    """Book it. The form's key makes a second press the same booking."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    try:
        choice = read_pick(request.form, client_id)
        made = visit.book(actor, choice, request.form, _key())
    except Invalid as refused:
        return _typed_again(actor, record, refused)
    except SlotUnavailable as refused:
        return unavailable(actor, record, choice, refused, f"/reception/clients/{client_id}/book")
    for each in made:
        flash(_("Booked: %(when)s.", when=_when(each)), "ok")
    return redirect(url_for("reception.client", client_id=client_id), 303)


def _key() -> str | None:
    key = request.form.get("key", "")
    if len(key) > 60:
        raise Invalid(session=_("Choose a time from the list."))
    return key or None


def _when(made: booking.Booked) -> str:
    rows = desk.venues({made.venue_id})
    zone = zone_named(rows[made.venue_id].zone) if made.venue_id in rows else pages.service_zone()
    return pages.when_text(made.start, zone)


def _confirming(
    actor: Actor, record: ClientRecord, choice: Choice, moving: Any = None, wrong: dict[str, str] | None = None
) -> dict[str, Any]:
    """What the page of confirmation shows. Raises NotFound for a session that this person may not know of."""
    session = desk.session_words({choice.session_id}).get(choice.session_id)
    if session is None:
        raise NotFound
    venue = visibility.card(actor, session.venue_id)
    kinds = {kind.id: kind for kind in desk.types()}
    worker = staff_store.names({choice.staff_id}).get(choice.staff_id, "") if choice.staff_id else ""
    kind = kinds.get(choice.type_id)
    if kind is None:
        raise NotFound
    local = choice.start.astimezone(venue.zone)
    return {
        "client": record, "short": board_store.short_name(record.given_name, record.family_name), "choice": choice,
        "day": pages.day_and_year(local.date()), "time": pages.clock_text(choice.start, venue.zone),
        "until": pages.clock_text(choice.start + timedelta(minutes=choice.minutes or kind.minutes), venue.zone)
        if session.kind == "one-to-one" else "",
        "place": venue.name, "room": session.room, "worker": worker,
        "title": session.title if choice.staff_id is None else "", "how": MODES[choice.mode], "kind": kind.name,
        "has_creche": session.creche > 0, "stamp": pages.stamp(choice.start), "contacts": contact_lines(record)[:1],
        "moving": moving, "wrong": wrong or {}, "key": request.form.get("key") or pages.new_key(),
        "typed": request.form,
    }


def _typed_again(actor: Actor, record: ClientRecord, refused: Invalid, moving: Any = None) -> Any:
    """The page of confirmation with what was typed and what is wrong with it."""
    kept = {name: value for name, value in request.form.items() if name not in ("note", "creche")}
    choice = read_pick(kept, record.id)
    page = _confirming(actor, record, choice, moving, dict(refused.fields))
    if moving is None:
        page |= visit.beside(actor, choice, kept)
    return render_template("reception/confirm.html", **page), refused.status


def unavailable(actor: Actor, record: ClientRecord, choice: Choice, refused: SlotUnavailable, path: str) -> Any:
    """The one page for a time that cannot be had, whatever the reason, with the nearest other times (SAFETY.md 4)."""
    question = Wanted(
        client_id=record.id, type_id=choice.type_id, start=choice.start, until=choice.start, minutes=choice.minutes,
        creche=choice.creche,
    )
    near = soonest(booking.nearest(actor, question, choice.start, 2 * NEAREST), NEAREST)

    def choose(offer: Offer) -> str:
        other = Choice.from_offer(record.id, choice.type_id, offer, choice.creche, choice.minutes)
        return f"{path}?{pick_query(other)}"

    days = by_day(near, names_of(actor, near), choose)
    back = path.rsplit("/", 1)[0]
    return render_template("reception/unavailable.html", sentence=refused.public, days=days, back=back), refused.status


# --- One appointment --------------------------------------------------------------------------------------------------


def _appointment(appointment_id: int) -> Any:
    row = desk.appointment(appointment_id)
    if row is None:
        raise NotFound
    return row


def _day_path(actor: Actor, row: Any, seen: Shown) -> str | None:
    """Where the whole day is; None at a refuge that this person may not know of, whose number would tell that it is
    there (SAFETY.md 7)."""
    if not visibility.knows_of(Place(row), actor):
        return None
    return f"/reception/?venue={row.venue_id}&date={row.start.astimezone(seen.zone).date().isoformat()}"


@bp.get("/appointments/<int:appointment_id>")
@allow(*STAFF)
def appointment(appointment_id: int) -> Any:
    """What it is, and what may be done with it now."""
    actor = current_actor()
    row = _appointment(appointment_id)
    seen = shown([row], actor)[0]
    now = clock.now()
    return render_template(
        "reception/appointment.html",
        a=seen, row=row, short=board_store.short_name(row.given_name, row.family_name),
        day_path=_day_path(actor, row, seen),
        may_miss=row.state == "booked" and now >= row.start, may_come=row.start <= now + timedelta(hours=12),
        may_undo=row.state in ("arrived", "checked-in", "fulfilled", "noshow"), texts=text_lines(row),
        room=online.room(row), **_told(actor, row, now),
    )


def _told(actor: Actor, row: Any, now: datetime) -> dict[str, Any]:
    """Whether she was told of an appointment that is still to come, and the buttons to say so."""
    if row.state not in ("booked", "pending") or row.start <= now:
        return {"known": "", "to_tell": False, "how": ()}
    known = telling.of(actor, row.id)
    said = told.text(known, told.names_in([known]))
    return {"known": said, "to_tell": known.told in TO_TELL, "how": HOW if known.told is not Told.BY_US else ()}


PURPOSES = {
    "confirmation": "Confirmation", "reminder": "Reminder", "change": "Change", "cancellation": "Cancellation",
    "link": "Link",
}
TEXT_STATES = {
    "planned": "planned", "claimed": "being sent", "accepted": "sent", "sent": "sent", "delivered": "delivered",
    "undelivered": "did not arrive", "failed": "not sent", "suppressed": "not sent: a text is not safe",
    "expired": "not sent in time", "unknown": "perhaps sent", "cancelled": "withdrawn",
}


def text_lines(row: Any) -> list[tuple[str, str, str]]:
    """What she was told of an appointment by text, as (what, how it stands, when it is planned or why it failed)."""
    zone = pages.service_zone()
    return [
        (_(PURPOSES.get(text.purpose, "Text")), _(TEXT_STATES.get(text.state, text.state)),
         pages.when_text(text.send_after, zone) if text.state == "planned" else _why(text))
        for text in desk.texts_of(row.id)
    ]


def _why(text: Any) -> str:
    if text.state not in ("undelivered", "failed", "unknown", "expired") or not text.outcome:
        return ""
    meaning, code = codes.meaning_of(text.outcome)
    return str(_(meaning, code=code))


@bp.get("/appointments/<int:appointment_id>/move")
@allow(*STAFF)
def move_page(appointment_id: int) -> Any:
    """Other times for the same appointment; or, once one is picked, the page that confirms it."""
    actor = current_actor()
    row = _appointment(appointment_id)
    record = clients.get(actor, row.client_id)
    if "session" in request.args:
        choice = read_pick(request.args, row.client_id)
        return render_template("reception/confirm.html", **_confirming(actor, record, choice, shown([row], actor)[0]))
    path = f"/reception/appointments/{appointment_id}/move"
    return render_template(
        "reception/move.html", a=shown([row], actor)[0],
        short=board_store.short_name(record.given_name, record.family_name), client=record,
        **offers_for(actor, record, lambda choice: f"{path}?{pick_query(choice)}", moving=row),
    )


@bp.post("/appointments/<int:appointment_id>/move")
@allow(*STAFF)
def move(appointment_id: int) -> Any:
    """Move it. Nothing changes when the other time cannot be had."""
    actor = current_actor()
    row = _appointment(appointment_id)
    record = clients.get(actor, row.client_id)
    try:
        choice = read_pick(request.form, row.client_id)
        moved = booking.move(actor, appointment_id, choice, key=_key())
    except Invalid as refused:
        return _typed_again(actor, record, refused, shown([row], actor)[0])
    except SlotUnavailable as refused:
        return unavailable(actor, record, choice, refused, f"/reception/appointments/{appointment_id}/move")
    flash(_("Moved to %(when)s.", when=_when(moved)), "ok")
    return redirect(url_for("reception.appointment", appointment_id=appointment_id), 303)


@bp.get("/appointments/<int:appointment_id>/cancel")
@allow(*STAFF)
def cancel_page(appointment_id: int) -> Any:
    """Why it is cancelled."""
    row = _appointment(appointment_id)
    return render_template(
        "reception/cancel.html", a=shown([row], current_actor())[0], row=row, reasons=REASONS.items(),
        short=board_store.short_name(row.given_name, row.family_name), wrong={},
    )


@bp.post("/appointments/<int:appointment_id>/cancel")
@allow(*STAFF)
def cancel(appointment_id: int) -> Any:
    """Cancel it. She is told as she may be told."""
    reason = request.form.get("reason") or None
    version = pages.a_number(request.form.get("version"), "version")
    row = _appointment(appointment_id)
    if row.state != "cancelled":  # a second press finds it cancelled, and that is what was wanted
        booking.cancel(current_actor(), appointment_id, reason, version)
    flash(_("Cancelled."), "ok")
    return redirect(url_for("reception.appointment", appointment_id=appointment_id), 303)
