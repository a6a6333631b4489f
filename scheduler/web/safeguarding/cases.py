"""One clash, on one page: both sides, where each could go, and what else may be done. One press moves a side."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler.errors import Invalid, SidegateError, SlotUnavailable, Stale, WrongState
from scheduler.services import overrides, safety_desk, suggesting
from scheduler.web import pages
from scheduler.web.safeguarding import bp, picks
from scheduler.web.safeguarding.forms import AskForm, CancelForm
from scheduler.web.safeguarding.words import when
from scheduler.web.security import allow, current_actor

#: What the page of a case answers with its own sentence, instead of a page of errors.
_KIND = (Invalid, SlotUnavailable, Stale, WrongState)


@bp.get("/cases/<int:case_id>")
@allow("lead")
def case(case_id: int) -> Any:
    """One clash: both sides, the rule, when it must be settled, and where each side could go."""
    return _page(case_id)


def _page(case_id: int, refused: SidegateError | None = None) -> Any:
    view = safety_desk.whole_case(current_actor(), case_id)
    sentence = ""
    if refused is not None:
        sentence = " ".join(str(_(each)) for each in refused.fields.values()) or str(_(refused.public))
    page = render_template(
        "safeguarding/case.html", view=view, case=view.clash, refused=sentence, code=picks.code,
        ask=AskForm(formdata=None), cancelling=CancelForm(formdata=None),
    )
    return page, refused.status if refused else 200


def _number(name: str) -> int:
    number = pages.a_number(request.form.get(name), name, 1)
    if number is None:
        raise Invalid(**{name: _("Type a whole number.")})
    return number


@bp.post("/cases/<int:case_id>/move")
@allow("lead")
def move_side(case_id: int) -> Any:
    """Move one side to a suggested time. When that is gone, the page says so with what can be had now."""
    appointment, version = _number("appointment"), _number("version")
    pick = picks.read(request.form.get("pick"))
    try:
        moved = suggesting.move(current_actor(), case_id, appointment, version, *pick)
    except _KIND as refused:
        return _page(case_id, refused)
    flash(_("Moved to %(when)s.", when=when(moved.start)), "ok")
    return redirect(url_for("safeguarding.case", case_id=case_id), 303)


@bp.post("/cases/<int:case_id>/cancel")
@allow("lead")
def cancel_side(case_id: int) -> Any:
    """Cancel one side, for a reason."""
    appointment, version = _number("appointment"), _number("version")
    try:
        suggesting.cancel(current_actor(), case_id, appointment, version, request.form.get("reason"))
    except _KIND as refused:
        return _page(case_id, refused)
    flash(_("Cancelled."), "ok")
    return redirect(url_for("safeguarding.case", case_id=case_id), 303)


@bp.post("/cases/<int:case_id>/override")
@allow("lead")
def ask_for_case(case_id: int) -> Any:
    """Ask that a clash may stand. A second person decides."""
    try:
        made = overrides.ask_for_case(current_actor(), case_id, request.form.get("reason") or "")
    except _KIND as refused:
        return _page(case_id, refused)
    flash(_("Asked. Nothing changes until a second person decides."), "ok")
    return redirect(url_for("safeguarding.override", override_id=made), 303)
