"""Signing in and out, the way home, and whether the app is alive."""

from __future__ import annotations

import hashlib
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, redirect, render_template, request, session, url_for
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import PasswordField, StringField
from wtforms.validators import DataRequired, Length

from scheduler.errors import SignInFailed
from scheduler.extensions import limiter
from scheduler.services import readiness, staff
from scheduler.web import security
from scheduler.web.pages import home_path
from scheduler.web.security import allow, public

bp = Blueprint("account", __name__)

ANY_STAFF = ("reception", "outreach", "lead", "manager", "worker")

#: Failures only: a counter where many people share one address must not lock itself out by signing in.
PER_ADDRESS = "30 per 10 minutes"
PER_NAME = "8 per 10 minutes"


class SignInForm(FlaskForm):  # type: ignore[misc]
    """A name and a password."""

    username = StringField("User name", validators=[DataRequired("Type your user name."), Length(max=200)])
    password = PasswordField("Password", validators=[DataRequired("Type your password."), Length(max=1000)])


def _failed(response: Response) -> bool:
    return response.status_code == SignInFailed.status


def _name_key() -> str:
    typed = request.form.get("username", "")[:200].strip().casefold()
    return "name:" + hashlib.sha256(typed.encode()).hexdigest()


@bp.get("/sign-in")
@public("Staff come here before anyone knows who they are.")
def sign_in() -> Any:
    """The form, or the way on for whoever is signed in already."""
    wanted = security.local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(wanted or home_path(current_user.role))
    return render_template("account/sign_in.html", form=SignInForm(), next=wanted)


@bp.post("/sign-in")
@public("Staff come here before anyone knows who they are.")
@limiter.limit(PER_ADDRESS, deduct_when=_failed, methods=["POST"])
@limiter.limit(PER_NAME, key_func=_name_key, deduct_when=_failed, methods=["POST"])
def begin() -> Any:
    """Check the password. The same answer for an unknown name and a wrong password."""
    form = SignInForm()
    wanted = security.local_path(request.form.get("next"))
    if not form.validate_on_submit():
        return render_template("account/sign_in.html", form=form, next=wanted), 422
    try:
        token = staff.sign_in(form.username.data or "", form.password.data or "")
    except SignInFailed as refused:
        page = render_template("account/sign_in.html", form=form, next=wanted, refused=refused.public)
        return page, refused.status
    session.clear()  # nothing from before the sign-in is believed after it
    response = make_response(redirect(wanted or url_for("account.home"), 303))
    security.keep_signed_in(response, token)
    return response


@bp.post("/sign-out")
@public("Ending a session must work even when it has just expired.")
def sign_out() -> Any:
    """End the sign-in here and on the server, and have the browser forget the pages it holds."""
    staff.sign_out(request.cookies.get(security.cookie_name()))
    session.clear()
    response = make_response(redirect(url_for("account.sign_in"), 303))
    security.forget(response)
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


@bp.get("/")
@allow(*ANY_STAFF)
def home() -> Any:
    """Each role's own desk."""
    return redirect(home_path(current_user.role))


@bp.get("/healthz")
@public("A monitor asks whether the process is alive; the answer says nothing else.")
@limiter.exempt
def healthz() -> Any:
    """Alive."""
    return jsonify(status="ok")


@bp.get("/readyz")
@public("A monitor asks whether the app can do its work; the answer is words and counts.")
@limiter.exempt
def readyz() -> Any:
    """Whether the database, its migration, the worker and the texts are as they should be."""
    checks = readiness.checks()
    ready = all(check.ok for check in checks)
    body = {"status": "ok" if ready else "not ready", "checks": {check.name: check.state for check in checks}}
    return jsonify(body), 200 if ready else 503
