"""What is safe for a client: each channel, the link that a text may bring, and the decision on women-only times."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.services import clients, links
from scheduler.services.clients import ClientRecord
from scheduler.store import board as board_store
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.forms import CHANNELS, MAY_SAY, EligibilityForm, SafeContactForm, put_refusals
from scheduler.web.reception.search import minutes_text
from scheduler.web.reception.words import STAFF, WEEKDAYS
from scheduler.web.security import allow, current_actor


def contact_lines(record: ClientRecord) -> list[tuple[str, str, str, str]]:
    """Each channel as (class, channel, what, when and what it may say)."""
    today = clock.now().astimezone(pages.service_zone()).date()
    known = {each.channel: each.details for each in record.safe_contacts}
    lines = []
    for channel, word in CHANNELS:
        details = known.get(channel)
        if details is None or details.safe == "unknown":
            lines.append(("unknown", str(word), _("Not asked yet: use none"), ""))
        elif details.safe == "no":
            lines.append(("no", str(word), _("Not safe: never use"), ""))
        elif details.paused:
            lines.append(("no", str(word), _("Paused: nothing is sent"), ""))
        elif details.review_on is not None and details.review_on < today:
            lines.append(("no", str(word), _("Ask again first: the answer is too old"), ""))
        else:
            says = [str(words) for name, words in MAY_SAY if name in details.may_name] if channel == "sms" else []
            more = [hours_text(details.hours)] + ([_("may say %(what)s", what=", ".join(says))] if says else [])
            lines.append(("yes", str(word), _("Safe"), " · ".join(part for part in more if part)))
    return lines


def hours_text(hours: tuple[tuple[int, int, int], ...]) -> str:
    """When a channel is safe, in words; `hours` as (weekday, from minute, until minute)."""
    if not hours:
        return _("at any reasonable hour")
    spans: dict[tuple[int, int], list[int]] = {}
    for day, low, high in hours:
        spans.setdefault((low, high), []).append(day)
    return "; ".join(
        (_("every day") if len(set(days)) == 7 else ", ".join(str(WEEKDAYS[d])[:3] for d in sorted(set(days))))
        + f" {minutes_text(low)}–{minutes_text(high)}"
        for (low, high), days in spans.items()
    )


def _channel_forms(record: ClientRecord, channel: str = "", typed: bool = False) -> list[tuple[str, str, Any]]:
    """A form for each channel; the one that was sent holds what was typed."""
    known = {each.channel: each.details for each in record.safe_contacts}
    forms = []
    for name, word in CHANNELS:
        if typed and name == channel:
            forms.append((name, str(word), SafeContactForm(prefix=name)))
        else:
            data = SafeContactForm.recorded(known.get(name))
            forms.append((name, str(word), SafeContactForm(formdata=None, data=data, prefix=name)))
    return forms


@bp.get("/clients/<int:client_id>/safe")
@allow(*STAFF)
def safe_contact(client_id: int) -> Any:
    """What is safe for her, channel by channel."""
    record = clients.get(current_actor(), client_id)
    short = board_store.short_name(record.given_name, record.family_name)
    return render_template("reception/safe.html", client=record, short=short, forms=_channel_forms(record))


@bp.post("/clients/<int:client_id>/safe/<channel>")
@allow(*STAFF)
def save_safe_contact(client_id: int, channel: str) -> Any:
    """Save one channel."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    forms = _channel_forms(record, channel, typed=True)
    form = next((form for name, _word, form in forms if name == channel), None)
    if form is None:
        raise Invalid(channel=_("Choose a channel from the list."))
    known = {each.channel: each.details for each in record.safe_contacts}
    if form.validate_on_submit():
        try:
            clients.set_safe_contact(actor, client_id, channel, form.details(known.get(channel)))
        except Invalid as refused:
            put_refusals(form, refused)
        else:
            flash(_("Saved."), "ok")
            return redirect(url_for("reception.safe_contact", client_id=client_id, _anchor=channel), 303)
    short = board_store.short_name(record.given_name, record.family_name)
    return render_template("reception/safe.html", client=record, short=short, forms=forms), 422


@bp.get("/clients/<int:client_id>/eligibility")
@allow("lead", "manager")
def eligibility_page(client_id: int) -> Any:
    """The decision on what is for women."""
    record = clients.get(current_actor(), client_id)
    data = {"decision": record.eligibility, "policy": record.eligibility_policy}
    return render_template("reception/eligibility.html", client=record, form=EligibilityForm(formdata=None, data=data))


@bp.post("/clients/<int:client_id>/eligibility")
@allow("lead", "manager")
def decide_eligibility(client_id: int) -> Any:
    """Record the decision, with the policy it rests on."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    form = EligibilityForm()
    if form.validate_on_submit():
        try:
            clients.decide_eligibility(actor, client_id, form.decision.data or "", form.policy.data or "")
        except Invalid as refused:
            put_refusals(form, refused)
        else:
            flash(_("Saved."), "ok")
            return redirect(url_for("reception.client", client_id=client_id), 303)
    return render_template("reception/eligibility.html", client=record, form=form), 422


@bp.post("/clients/<int:client_id>/link")
@allow(*STAFF)
def send_link(client_id: int) -> Any:
    """Plan a text with a link with which she books herself. It goes out only if and when that is safe."""
    kind = pages.a_number(request.form.get("type"), "type", 1)
    actor = current_actor()
    links.send_link(actor, client_id, type_id=kind)
    if contact_lines(clients.get(actor, client_id))[0][0] == "yes":
        flash(_("A text with a link will go out at a safe hour."), "ok")
    else:
        flash(_("No link was sent: a text is not safe."), "error")
    return redirect(url_for("reception.client", client_id=client_id), 303)
