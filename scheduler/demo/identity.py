"""What makes a loaded person findable: the blind keys that `services.identities` would keep, and a reference."""

from __future__ import annotations

from scheduler.services.identities import tokens_for

#: As `services.clients` gives them: no vowel, so that none spells a word, and no letter that looks like a digit.
_LETTERS = "BCDFGHJKMNPQRTVWXY"


def tokens(names: tuple[str, ...], date_of_birth: str | None, phone: str | None, kind: str = "client") -> list[int]:
    """The blind keys of a client, a member of staff or a named person, in order."""
    return sorted(tokens_for(names, date_of_birth, phone, kind))


def reference(client: int, seed: int) -> str:
    """A reference that no two clients share and that does not tell how many there are."""
    # A prime that does not divide the number of references: every client goes to another one.
    letter, number = divmod((client * 2_654_435_761 + seed * 97) % (len(_LETTERS) * 1_000_000), 1_000_000)
    return f"{_LETTERS[letter]}{number:06d}"
