"""The words of texts: each as on a phone, changed within limits, and read by someone who grew up with the language."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from scheduler.errors import Invalid, Stale
from scheduler.services import message_words as service
from scheduler.services.message_words import Preview, TextCard
from scheduler.web import pages
from scheduler.web.manage import ROLES, bp
from scheduler.web.security import allow, current_actor

PURPOSES = {
    "confirmation": lazy("Booked"), "reminder": lazy("Reminder"), "change": lazy("Changed"),
    "cancellation": lazy("Cancelled"), "link": lazy("Her link"), "staff": lazy("To staff"),
}
#: What may be filled in, and what it becomes.
FILLED = {
    "time": lazy("the day and time; always needed"), "link": lazy("the address of her link; always needed"),
    "name": lazy("her first name"), "place": lazy("the place, or “by phone” or “online”"),
    "organisation": lazy("the name of the service"),
}


@bp.get("/words")
@allow(*ROLES)
def message_languages() -> Any:
    """Every language: who read its texts, and how many are other than the built-in ones."""
    return render_template(
        "manage/words.html", cards=service.languages(current_actor()), pages=pages, purposes=PURPOSES
    )


@bp.get("/words/<language>")
@allow(*ROLES)
def message_words(language: str) -> Any:
    """The texts of one language, as on a phone."""
    return _language(language, {}, 200)


@bp.post("/words/<language>/checked")
@allow(*ROLES)
def check_language(language: str) -> Any:
    """Record who read the texts of a language, and when."""
    try:
        service.record_check(
            current_actor(), language, request.form.get("checked_by", ""), _day(request.form.get("checked_on", ""))
        )
    except Invalid as error:
        return _language(language, dict(error.fields), error.status)
    flash(_("Recorded. Thank you both."))
    return redirect(url_for("manage.message_words", language=language), 303)


@bp.route("/words/<language>/<purpose>", methods=["GET", "POST"])
@allow(*ROLES)
def edit_words(language: str, purpose: str) -> Any:
    """Change the words of one text. “Show me” shows them as on a phone and saves nothing."""
    actor, typed = current_actor(), request.form.get("words", "")
    card = service.text_of(actor, language, purpose)
    if request.method == "GET":
        return _editor(card, card.words, card.preview)
    try:
        preview = service.preview(actor, language, purpose, typed)
        if "show" in request.form:
            return _editor(card, typed, preview)
        service.change(actor, language, purpose, typed, pages.a_number(request.form.get("version"), "version") or 0)
    except Invalid as error:
        return _editor(card, typed, None, dict(error.fields), error.status)
    except Stale as error:
        return _editor(card, typed, preview, {"words": error.public}, error.status)
    flash(_("Saved. The next text says it this way."))
    return redirect(url_for("manage.message_words", language=language) + f"#{purpose}", 303)


@bp.post("/words/<language>/<purpose>/restore")
@allow(*ROLES)
def restore_words(language: str, purpose: str) -> Any:
    """Let the built-in words hold again."""
    version = pages.a_number(request.form.get("version"), "version") or 0
    try:
        service.restore(current_actor(), language, purpose, version)
    except Stale as error:
        flash(error.public, "error")
    else:
        flash(_("The built-in words hold again."))
    return redirect(url_for("manage.edit_words", language=language, purpose=purpose), 303)


def _language(language: str, wrong: dict[str, str], status: int) -> Any:
    card, texts = service.texts_of(current_actor(), language)
    page = render_template(
        "manage/words_language.html", card=card, texts=texts, purposes=PURPOSES, pages=pages, wrong=wrong,
        typed=request.form, today=service.today().isoformat(),
    )
    return page, status


def _editor(
    card: TextCard, typed: str, preview: Preview | None, wrong: dict[str, str] | None = None, status: int = 200
) -> Any:
    page = render_template(
        "manage/words_edit.html", card=card, typed=typed, preview=preview, wrong=wrong or {}, purposes=PURPOSES,
        filled={name: FILLED[name] for name in service.allowed(card.purpose)}, pages=pages, zone=pages.service_zone(),
        shown="show" in request.form,
    )
    return page, status


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed.strip())
    except ValueError:
        return None
