"""The word that a client agreed with staff, without which her link shows nothing."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid
from scheduler.services import clients, link_words
from scheduler.services.clients import ClientRecord
from scheduler.store import board as board_store
from scheduler.web.reception import bp
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor


def _page(record: ClientRecord, wrong: str = "") -> str:
    return render_template(
        "reception/link_word.html", client=record, wrong=wrong, tries=link_words.TRIES,
        short=board_store.short_name(record.given_name, record.family_name), agreed=link_words.is_agreed(record.id),
    )


@bp.get("/clients/<int:client_id>/link-word")
@allow(*STAFF)
def link_word(client_id: int) -> Any:
    """Whether a word was agreed. The word itself is shown to nobody."""
    return _page(clients.get(current_actor(), client_id))


@bp.post("/clients/<int:client_id>/link-word")
@allow(*STAFF)
def set_link_word(client_id: int) -> Any:
    """Agree another word, or do without."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    word = "" if request.form.get("do") == "without" else request.form.get("word", "")[:200]
    if not word.strip() and request.form.get("do") != "without":
        return _page(record, _("Type the word that you agreed.")), 422
    try:
        link_words.set_word(actor, client_id, word)
    except Invalid as refused:
        return _page(record, _(next(iter(refused.fields.values())))), 422
    flash(_("Saved."), "ok")
    return redirect(url_for("reception.link_word", client_id=client_id), 303)
