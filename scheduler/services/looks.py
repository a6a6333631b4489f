"""The access log: who looked at which exclusion, when, and through what (SAFETY.md 4 and 9.6). Reading it is a look of
its own, and is in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scheduler.errors import NotAllowed
from scheduler.services import audit
from scheduler.services.actors import Actor, can_see_exclusions
from scheduler.services.transaction import use_case
from scheduler.store import exclusions as exclusion_store
from scheduler.store import looks as store
from scheduler.store import staff as staff_store
from scheduler.store.looks import Columns

PAGE = 50


@dataclass(frozen=True, slots=True)
class Look:
    """One look. `who` is a member of staff or a token by name; `through` is the kind of page or answer, `subject` its
    number; `exclusions` are those that it showed, by number."""

    id: int
    at: datetime
    kind: str
    who: str
    through: str
    subject: int | None
    exclusions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """A page of the access log, the latest first; `following` is the cursor of the next page, None on the last."""

    looks: tuple[Look, ...]
    following: int | None


@use_case
def log(
    actor: Actor,
    before: int | None = None,
    exclusion: int | None = None,
    who: tuple[str, int] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = PAGE,
) -> Log:
    """The looks at exclusions, the latest first, from the one before the cursor `before`: at one exclusion, by one
    member of staff or token (its kind and id), in `since <= at < until`. The look is recorded. Raises NotAllowed."""
    if not can_see_exclusions(actor):
        raise NotAllowed
    most = max(1, min(limit, 200))
    rows = store.page(most + 1, before, exclusion, who, since, until)
    found = _shown(rows[:most])
    audit.record_looks(actor, "access-log", None, [exclusion] if exclusion and exclusion_exists(exclusion) else ())
    return Log(found, rows[most - 1].id if len(rows) > most else None)


def exclusion_exists(exclusion_id: int) -> bool:
    """Is there such an exclusion?"""
    return exclusion_store.exclusion(exclusion_id) is not None


def latest(exclusion_id: int, limit: int = 10) -> tuple[Look, ...]:
    """The latest looks at one exclusion, for the page that shows it. The caller has checked who asks, and records the
    look."""
    return _shown(store.page(limit, exclusion=exclusion_id))


def people() -> list[tuple[str, str]]:
    """Everyone who may have looked, to choose from: (`staff:` or `token:` and an id, name)."""
    staff = [(f"staff:{row.id}", f"{row.given_name} {row.family_name}".strip()) for row in staff_store.all_staff()]
    return [*staff, *((f"token:{row.id}", row.name) for row in staff_store.tokens())]


def _shown(rows: list[Columns]) -> tuple[Look, ...]:
    staff = exclusion_store.staff_names({row.actor_id for row in rows if row.actor_kind == "staff"})
    tokens = store.token_names({row.actor_id for row in rows if row.actor_kind == "token"})
    showed = store.shown_by([row.id for row in rows])
    return tuple(
        Look(
            row.id, row.at, row.actor_kind, (staff if row.actor_kind == "staff" else tokens).get(row.actor_id, ""),
            row.subject_kind, row.subject_id, showed.get(row.id, ()),
        )
        for row in rows
    )


__all__ = ["PAGE", "Log", "Look", "exclusion_exists", "latest", "log", "people"]
