"""Whether a database holds anything, emptying it for a demonstration, and which demonstration's logins it has."""

from __future__ import annotations

from sqlalchemy import exists, select, text

from scheduler.demo.service import LOGINS, PASSWORD
from scheduler.demo.town_people import JADE
from scheduler.errors import SidegateError, SignInFailed
from scheduler.extensions import db
from scheduler.models import Client, Staff, Venue
from scheduler.services import links
from scheduler.services import staff as staff_service
from scheduler.services.actors import SYSTEM


def is_empty() -> bool:
    """True when no client, venue or member of staff is recorded."""
    held = select(exists(select(Client.id)), exists(select(Venue.id)), exists(select(Staff.id)))
    found = not any(db.session.execute(held).one())
    db.session.rollback()
    return found


def drop_everything() -> None:
    """Drop every table, the migrations' own too. The caller has asked the person who owns them."""
    db.session.remove()
    db.drop_all()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def logins() -> list[str]:
    """The demonstration's usernames that still have its password, in every role; none in a real service."""
    found = []
    for login in LOGINS:
        try:
            staff_service.check_password(login.username, PASSWORD)
        except SignInFailed:
            continue
        found.append(login.username)
    db.session.rollback()
    return found


def link() -> str | None:
    """The token of a new link for a client of the demonstration, as a text would bring it."""
    try:
        return links.show_link(SYSTEM, JADE)
    except SidegateError:
        return None
