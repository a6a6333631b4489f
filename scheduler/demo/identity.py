"""What makes a loaded person findable: the blind keys that `services.identities` would keep, and a reference."""

from __future__ import annotations

from scheduler.services.identities import tokens_for

# No letter or figure that is taken for another when it is read out.
_SIGNS = "23456789ABCDEFGHJKMNPQRTUVWXYZ"
_LONG = 6


def tokens(names: tuple[str, ...], date_of_birth: str | None, phone: str | None, kind: str = "client") -> list[int]:
    """The blind keys of a client, a member of staff or a named person, in order."""
    return sorted(tokens_for(names, date_of_birth, phone, kind))


def reference(client: int, seed: int) -> str:
    """A reference that no two clients share and that does not tell how many there are."""
    space = len(_SIGNS) ** _LONG
    # 2654435761 is a prime that does not divide the space: every number goes to another one.
    rest, signs = (client * 2_654_435_761 + seed * 97) % space, ""
    for _ in range(_LONG):
        rest, sign = divmod(rest, len(_SIGNS))
        signs += _SIGNS[sign]
    return signs
