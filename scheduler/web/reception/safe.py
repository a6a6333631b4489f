"""What is safe for a client: each channel, the link that a text may bring, and the decision on women-only times."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from scheduler import clock
from scheduler.errors import Invalid
from scheduler.rules import phones, reminders
from scheduler.services import clients, links
from scheduler.services.clients import ClientRecord, SafeContactDetails
from scheduler.store import board as board_store
from scheduler.web import pages
from scheduler.web.reception import bp
from scheduler.web.reception.contact_words import PHONE_IS, PHONE_WARNS
from scheduler.web.reception.forms import EligibilityForm, put_refusals
from scheduler.web.reception.safe_forms import CHANNELS, SafeContactForm, Week
from scheduler.web.reception.words import STAFF
from scheduler.web.security import allow, current_actor


def _form(record: ClientRecord, channel: str, typed: bool = False) -> SafeContactForm:
    """The form of one channel, with what was typed or what is recorded."""
    known = next((each for each in record.safe_contacts if each.channel == channel), None)
    details = known.details if known else None
    if typed:
        form, week = SafeContactForm(prefix=channel), Week.typed(channel, request.form)
    else:
        data = SafeContactForm.recorded(details, clock.now())
        shown = details.hours if details and data["when"] == "own" else ()
        form, week = SafeContactForm(formdata=None, data=data, prefix=channel), Week.recorded(channel, shown)
    return form.prepare(channel, week, bool(known and known.has_word))


def _page(record: ClientRecord, typed: SafeContactForm | None = None, channel: str = "", wrong: str = "") -> str:
    forms = [(name, str(word), typed if typed and name == channel else _form(record, name)) for name, word in CHANNELS]
    return render_template(
        "reception/safe.html", client=record, forms=forms, wrong_phone=wrong, phone_is=PHONE_IS,
        short=board_store.short_name(record.given_name, record.family_name), number=(record.phone or "")[-3:],
        landline=phones.is_landline(record.phone), warns=PHONE_WARNS.get(record.phone_is, ""),
    )


@bp.get("/clients/<int:client_id>/safe")
@allow(*STAFF)
def safe_contact(client_id: int) -> Any:
    """What is safe for her, channel by channel."""
    return _page(clients.get(current_actor(), client_id))


@bp.post("/clients/<int:client_id>/safe/<channel>")
@allow(*STAFF)
def save_safe_contact(client_id: int, channel: str) -> Any:
    """Save one channel."""
    actor = current_actor()
    record = clients.get(actor, client_id)
    if channel not in dict(CHANNELS):
        raise Invalid(channel=_("Choose a channel from the list."))
    known = next((each.details for each in record.safe_contacts if each.channel == channel), None)
    form = _form(record, channel, typed=True)
    if form.validate_on_submit():
        try:
            clients.set_safe_contact(actor, client_id, channel, form.details(known))
        except Invalid as refused:
            put_refusals(form, refused)
            form.when.errors = [*form.when.errors, *(str(refused.fields[at]) for at in refused.fields if at == "hours")]
        else:
            flash(_("Saved."), "ok")
            return redirect(url_for("reception.safe_contact", client_id=client_id, _anchor=channel), 303)
    return _page(record, form, channel), 422


@bp.post("/clients/<int:client_id>/phone")
@allow(*STAFF)
def save_phone_is(client_id: int) -> Any:
    """Save whose phone it is."""
    actor = current_actor()
    try:
        clients.set_phone_is(actor, client_id, request.form.get("phone_is", ""))
    except Invalid as refused:
        return _page(clients.get(actor, client_id), wrong=_(str(refused.fields["phone_is"]))), 422
    flash(_("Saved."), "ok")
    return redirect(url_for("reception.safe_contact", client_id=client_id), 303)


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


def _texts_may_go(record: ClientRecord) -> bool:
    """Is a text to her safe now, or once a pause that has an end is over?"""
    contact = next((each.details for each in record.safe_contacts if each.channel == "sms"), SafeContactDetails())
    now = clock.now()
    since = contact.paused_until if contact.paused_at(now) and contact.paused_until else now
    return reminders.silence(contact.as_contact(), since, pages.service_zone()) is None


@bp.post("/clients/<int:client_id>/link")
@allow(*STAFF)
def send_link(client_id: int) -> Any:
    """Plan a text with a link with which she books herself. It goes out only if and when that is safe."""
    kind = pages.a_number(request.form.get("type"), "type", 1)
    actor = current_actor()
    links.send_link(actor, client_id, type_id=kind)
    if _texts_may_go(clients.get(actor, client_id)):
        flash(_("A text with a link will go out at a safe hour."), "ok")
    else:
        flash(_("No link was sent: a text is not safe."), "error")
    return redirect(url_for("reception.client", client_id=client_id), 303)
