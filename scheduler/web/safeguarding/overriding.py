"""Overrides: asking for one exact time that someone is kept from, and the second person's decision (SAFETY.md 5)."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, SidegateError, SlotUnavailable, Stale, WrongState
from scheduler.services import clients, overrides, safety_desk, suggesting
from scheduler.services.booking import ALL_MODES, Choice, Wanted
from scheduler.store import desk as desk_store
from scheduler.store import staff as staff_store
from scheduler.web import pages
from scheduler.web.safeguarding import bp, picks
from scheduler.web.safeguarding.forms import AskForm, TimesForm, VerdictForm, options
from scheduler.web.security import allow, current_actor

_MOST_DAYS, _MOST_TIMES = 28, 40
#: Sessions are made no further ahead than this.
_FURTHEST = timedelta(days=2 * 366)


@bp.get("/overrides/new")
@allow("lead")
def new_override() -> Any:
    """Which times one client is kept from, to ask for one of them."""
    return _asking_page()


@bp.post("/overrides/new")
@allow("lead")
def ask_to_book() -> Any:
    """Ask for one of those times to be booked. Nothing is booked until a second person decides."""
    client = _client()
    kind = pages.a_number(request.form.get("type"), "type", 1)
    try:
        pick = picks.read(request.form.get("pick"))
        choice = Choice(client, kind or 0, pick.session, pick.staff, pick.mode, pick.start)
        made = overrides.ask_to_book(current_actor(), choice, request.form.get("reason") or "")
    except (Invalid, SlotUnavailable) as refused:
        return _asking_page(refused)
    flash(_("Asked. Nothing changes until a second person decides."), "ok")
    return redirect(url_for("safeguarding.override", override_id=made), 303)


def _client() -> int:
    return pages.a_number(request.values.get("client"), "client", 1) or 0


def _asking_page(refused: SidegateError | None = None) -> Any:
    actor = current_actor()
    client = clients.get(actor, _client())
    types = desk_store.types()
    zone = pages.service_zone()
    today = clock.now().astimezone(zone).date()
    form = TimesForm(request.values, data={"since": today, "until": today + timedelta(days=7)})
    form.type.choices = options([(kind.id, kind.name) for kind in types])
    found: tuple[suggesting.Suggestion, ...] | None = None
    known = {kind.id for kind in types}
    if form.validate() and form.type.data in known and form.mode.data in ALL_MODES:
        since = min(max(form.since.data or today, today), today + _FURTHEST)
        until = min(max(form.until.data or since, since), since + timedelta(days=_MOST_DAYS))
        start, end = (datetime.combine(day, time(), zone) for day in (since, until + timedelta(days=1)))
        wanted = Wanted(client.id, form.type.data, start, end, modes=frozenset({form.mode.data}))
        found = suggesting.in_words(actor, overrides.times(actor, wanted)[:_MOST_TIMES])
    ask = AskForm(formdata=None, data={"reason": request.form.get("reason")})
    if refused is not None and "reason" in refused.fields:
        ask.reason.errors = [refused.fields["reason"]]
    sentence = str(_(refused.public)) if refused is not None else ""
    others = [each for name, each in refused.fields.items() if name != "reason"] if refused is not None else []
    page = render_template(
        "safeguarding/override_new.html", client=client, form=form, found=found, ask=ask, code=picks.code,
        refused=" ".join(str(_(each)) for each in others) or sentence, picked=request.form.get("pick"),
    )
    return page, refused.status if refused is not None else 200


@bp.get("/overrides")
@allow("lead", "manager")
def decisions() -> Any:
    """Those that wait for a second person."""
    actor = current_actor()
    return render_template(
        "safeguarding/overrides.html", found=safety_desk.decisions(actor), me=actor.staff_id, back=_back()
    )


@bp.get("/overrides/<int:override_id>")
@allow("lead", "manager")
def override(override_id: int) -> Any:
    """One override, with what its second person needs to decide."""
    return _page(override_id)


def _back() -> str:
    return "/safety/" if current_actor().role == "lead" else "/manage/"


def _page(override_id: int, refused: SidegateError | None = None) -> Any:
    view = overrides.view(current_actor(), override_id)
    choice = view.choice
    kinds = {kind.id: kind.name for kind in desk_store.types()} if choice else {}
    worker = staff_store.names({choice.staff_id}).get(choice.staff_id, "") if choice and choice.staff_id else ""
    form = VerdictForm(formdata=None, data={"seen": view.seen, "why": request.form.get("why")})
    sentence = ""
    if refused is not None:
        sentence = " ".join(str(_(each)) for each in refused.fields.values()) or str(_(refused.public))
    page = render_template(
        "safeguarding/override.html", view=view, it=view.brief, form=form, refused=sentence, worker=worker,
        kind=kinds.get(choice.type_id, "") if choice else "", back=_back(),
    )
    return page, refused.status if refused is not None else 200


@bp.post("/overrides/<int:override_id>")
@allow("lead", "manager")
def decide_override(override_id: int) -> Any:
    """Give or refuse it. A page that was read before something changed decides nothing."""
    actor, form = current_actor(), request.form
    try:
        if form.get("decision") == "give":
            booked = overrides.give(actor, override_id, form.get("seen", ""), form.get("why"))
            words = _("Given, and booked.") if booked else _("Given. It stands as it was shown to you, and no longer.")
        elif form.get("decision") == "refuse":
            overrides.refuse(actor, override_id, form.get("why"))
            words = _("Refused. Everything stays as it was.")
        else:
            raise Invalid(decision=_("Choose what you decide."))
    except (Invalid, NotAllowed, SlotUnavailable, Stale, WrongState) as refused:
        return _page(override_id, refused)
    flash(words, "ok")
    return redirect(_back(), 303)


