"""Outreach: a worker's own sessions on a phone, who is coming, and sessions added, changed and cancelled."""

from flask import Blueprint

bp = Blueprint("outreach", __name__, url_prefix="/outreach")

ROLES = ("outreach", "worker", "lead", "manager")

from scheduler.web.outreach import mine, one, planning, walk_in  # noqa: E402, F401  (their routes)
