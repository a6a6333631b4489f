"""Twilio's two callbacks. A wrong signature, or none, is refused before anything of the form is believed."""

from __future__ import annotations

from flask import Response, current_app, request

from scheduler.errors import NotAllowed
from scheduler.notifications import forgetting, receipts, replies, staff_texts
from scheduler.web.hooks import bp
from scheduler.web.security import public

#: An answer that tells Twilio to send nothing back.
_SILENCE = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'


def _signed_by_twilio() -> None:
    """Raise NotAllowed unless Twilio signed this very form. The address that it signed is the one we gave it, under
    PUBLIC_URL, whatever a proxy made of the request."""
    from scheduler.notifications.twilio import signature_fits  # the library is loaded only where Twilio is used

    settings = current_app.config
    query = request.query_string.decode("ascii", "replace")
    url = settings["SIDEGATE_PUBLIC_URL"] + request.path + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature", "")
    if not signature_fits(settings["SIDEGATE_TWILIO_AUTH_TOKEN"], url, request.form, signature):
        raise NotAllowed


@bp.post("/twilio/status")
@public("Twilio reports how far a text got; its signature is checked.")
def status() -> tuple[str, int]:
    """A receipt. One that is no news, or about a text that we do not know, is accepted all the same."""
    _signed_by_twilio()
    form = request.form
    told = form.get("MessageSid", "")[:64], form.get("MessageStatus", ""), form.get("ErrorCode")
    # The address, which Twilio signs with the rest, says whether it was a text to staff or to a client.
    if "staff" in request.args:
        staff_texts.receipt(*told, _number(request.args["staff"]))
    else:
        receipts.record(*told, _number(request.args.get("message", "")))
    return "", 204


def _number(named: str) -> int | None:
    return int(named) if named.isascii() and named.isdigit() and len(named) < 19 else None


@bp.post("/twilio/reply")
@public("Twilio passes on a text that came in; its signature is checked.")
def reply() -> Response:
    """A text that came in. It is never answered by itself."""
    _signed_by_twilio()
    form = request.form
    sid = form.get("MessageSid", "")[:64]
    known = sid if sid.isascii() and sid.isalnum() else None
    replies.receive(
        form.get("From", "")[:20], form.get("Body", ""), known,
        # With Twilio's own lists of words, in other languages too, it says what it took a text for.
        opted_out=form.get("OptOutType") == "STOP",
    )
    if known is not None:
        forgetting.came_in(known)
    return Response(_SILENCE, mimetype="text/xml")
