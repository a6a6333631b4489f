"""The theme of her pages: what a service may set so that it looks like itself, and says nothing of what it is."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256

from sqlalchemy import delete, insert, select

from scheduler import clock
from scheduler.errors import Invalid, NotAllowed, Stale
from scheduler.extensions import db
from scheduler.models.theme import PICTURES, Theme
from scheduler.rules import colours, discretion
from scheduler.services import audit
from scheduler.services.actors import Actor, can_manage
from scheduler.services.transaction import use_case

_LONGEST_NAME = 30


@dataclass(frozen=True, slots=True)
class Look:
    """A name to show at the top, or none; two colours as #rrggbb; and one of PICTURES."""

    name: str = ""
    main: str = "#1b665b"
    accent: str = "#e8915b"
    picture: str = "hills"

    @property
    def palette(self) -> colours.Palette:
        """Every colour that follows."""
        return colours.palette(self.main, self.accent)

    @property
    def digest(self) -> str:
        """Changes with anything that its style sheet holds."""
        return sha256(f"{self.main}{self.accent}{self.picture}".encode()).hexdigest()[:10]


USUAL = Look()


def current() -> Look | None:
    """The look that is set; None while her pages look as they come. One query."""
    row = _row()
    return Look(row.name, row.main, row.accent, row.picture) if row is not None else None


def version() -> int:
    """Goes up with every change; 0 while nothing is set."""
    row = _row()
    return row.version if row is not None else 0


def _row() -> Theme | None:
    return db.session.execute(select(Theme)).scalar_one_or_none()


def checked(look: Look) -> Look:
    """The same look, as it is kept. Raises Invalid with a sentence by field."""
    wrong: dict[str, str] = {}
    name = " ".join(look.name.split())
    if len(name) > _LONGEST_NAME:
        wrong["name"] = f"Use up to {_LONGEST_NAME} letters."
    elif discretion.telling_words(name):
        wrong["name"] = "That name tells what the service is. Choose one that could be anything."
    main, accent = colours.read(look.main), colours.read(look.accent)
    if main is None:
        wrong["main"] = "Write the colour as six letters and figures, such as 1b665b."
    if accent is None:
        wrong["accent"] = "Write the colour as six letters and figures, such as e8915b."
    if look.picture not in PICTURES:
        wrong["picture"] = "Choose one of the pictures."
    if main and accent:
        wrong.update(colours.unreadable(main, accent))
    if wrong or main is None or accent is None:
        raise Invalid(**wrong)
    return Look(name, main, accent, look.picture)


@use_case
def set_look(actor: Actor, look: Look, seen: int) -> None:
    """Let her pages look so from now on; as they come when it is USUAL. `seen` is the version it was changed from.
    Raises NotAllowed, Invalid, Stale."""
    if not can_manage(actor):
        raise NotAllowed
    kept, before = checked(look), version()
    if before != seen:
        raise Stale
    table = Theme.__table__
    db.session.execute(delete(table))
    db.session.execute(
        insert(table).values(
            id=1, **asdict(kept), version=before + 1, changed_by=actor.staff_id, changed_at=clock.now()
        )
    )
    audit.record(actor, "theme", "theme", 1, version=before + 1)


__all__ = ["PICTURES", "USUAL", "Look", "checked", "current", "set_look", "version"]
