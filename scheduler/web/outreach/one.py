"""One session: who is coming, who came, and cancelling it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from scheduler import clock
from scheduler.errors import Invalid, SidegateError
from scheduler.services import booking, sessions
from scheduler.services.sessions import Attendee, SessionCard
from scheduler.web import pages, told
from scheduler.web.outreach import ROLES, bp, words
from scheduler.web.security import allow, current_actor

#: What may be marked on this page, and the state that it stands for.
MARKS = {"came": "arrived", "absent": "noshow", "undo": "booked"}
#: Who comes may be marked from the morning of the day.
BEFORE = timedelta(hours=12)


def asks(session: SessionCard, person: Attendee) -> tuple[str, ...]:
    """The marks that make sense for someone now."""
    now = clock.now()
    if session.cancelled or person.start > now + BEFORE:
        return ()
    if person.state == "booked":
        return ("came", "absent") if person.start <= now else ("came",)
    return ("undo",) if person.state in ("arrived", "checked-in", "noshow") else ()


@bp.get("/sessions/<int:session_id>")
@allow(*ROLES)
def session(session_id: int) -> Any:
    """Everything about one session that its workers need on the spot."""
    actor = current_actor()
    card = sessions.get(actor, session_id)
    sees = sessions.sees_attendees(actor, card)
    people = sessions.attendees_of(actor, [card]).get(session_id, [])
    known = told.texts(actor, [each.appointment_id for each in people])
    return render_template(
        "outreach/session.html", session=card, sees=sees, known=known,
        people=[each for each in people if each.state != "cancelled"],
        cancelled=sum(1 for each in people if each.state == "cancelled"), asks=asks, now=clock.now(), pages=pages,
        words=words, workers=dict(card.staff),
    )


@bp.post("/sessions/<int:session_id>/mark")
@allow(*ROLES)
def mark(session_id: int) -> Any:
    """Mark that someone came or did not, or take it back."""
    actor = current_actor()
    person, _dot, what = request.form.get("mark", "").partition(".")
    known = {str(each.appointment_id): each for each in sessions.attendees(actor, session_id)}
    back = url_for("outreach.session", session_id=session_id)
    if person not in known or what not in MARKS:
        raise Invalid(mark=_("Choose who came."))
    try:
        marked = booking.mark(actor, known[person].appointment_id, MARKS[what])
    except SidegateError as error:
        flash(_(error.public), "error")
    else:
        if marked.quiet_room:
            pages.tell_quiet_room()
            return redirect(back)  # its top, where this is said
    return redirect(f"{back}#a{person}")


@bp.get("/sessions/<int:session_id>/cancel")
@allow(*ROLES)
def ask_cancel(session_id: int) -> Any:
    """Say what cancelling means, before it is done."""
    card = sessions.get(current_actor(), session_id)
    return render_template("outreach/cancel.html", session=card, pages=pages, words=words)


@bp.post("/sessions/<int:session_id>/cancel")
@allow(*ROLES)
def cancel(session_id: int) -> Any:
    """Cancel a session, or with its series everything from it on."""
    actor = current_actor()
    card = sessions.get(actor, session_id)
    version = pages.a_number(request.form.get("version"), "version")
    back = url_for("outreach.session", session_id=session_id)
    try:
        if request.form.get("scope") == "following" and card.series_id is not None:
            day = sessions.series_day(actor, session_id)
            ended = sessions.end_series(actor, card.series_id, day)
            flash(ngettext("%(num)d session is cancelled.", "%(num)d sessions are cancelled.", ended))
        else:
            told = sessions.cancel_session(actor, session_id, version)
            flash(ngettext(
                "The session is cancelled, with %(num)d appointment.",
                "The session is cancelled, with %(num)d appointments.", told,
            ))
    except SidegateError as error:
        flash(_(error.public), "error")
    return redirect(back)
