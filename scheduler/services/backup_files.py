"""The file of a backup: pieces sealed one by one with the service's own keys, each knowing its place and the last that
it is the last. A stolen backup tells nothing without the keys, and one that was cut short or changed is not read."""

from __future__ import annotations

import base64
import io
import json
import os
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, BinaryIO

from scheduler.crypto import ring
from scheduler.errors import BackupUnfit, RecordUnreadable

_MAGIC = b"Sidegate backup 1\n"
_PIECE = 1 << 20
_SHORTEST, _LONGEST = 1, _PIECE + 64


class Sealing(io.RawIOBase):
    """Takes plain bytes and writes them sealed. Without `finish` the file has no last piece, and is not read."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._held, self._number = file, bytearray(), 0
        self._own = os.urandom(16)
        file.write(_MAGIC + self._own)

    def writable(self) -> bool:
        """It is only written."""
        return True

    def write(self, data: Any, /) -> int:
        """Take some bytes."""
        taken = memoryview(data).cast("B")
        self._held += taken
        while len(self._held) > _PIECE:
            self._put(bytes(self._held[:_PIECE]), False)
            del self._held[:_PIECE]
        return len(taken)

    def finish(self) -> None:
        """Write the last piece."""
        self._put(bytes(self._held), True)
        self._held.clear()

    def _put(self, piece: bytes, last: bool) -> None:
        sealed = ring().encrypt_bytes(piece, _place(self._own, self._number, last))
        self._file.write(bytes([last]) + len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class Opening(io.RawIOBase):
    """Gives the plain bytes of a sealed file. Raises BackupUnfit at the first piece that is not as it was written."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__()
        self._file, self._held, self._number, self._ended = file, b"", 0, False
        if file.read(len(_MAGIC)) != _MAGIC:
            raise BackupUnfit("That file is not a backup of Sidegate.")
        self._own = file.read(16)

    def readable(self) -> bool:
        """It is only read."""
        return True

    def readinto(self, into: Any, /) -> int:
        """Give the next bytes."""
        room = memoryview(into).cast("B")
        while not self._held and not self._ended:
            self._held = self._next()
        some = self._held[: len(room)]
        self._held = self._held[len(some) :]
        room[: len(some)] = some
        return len(some)

    def _next(self) -> bytes:
        head = self._file.read(5)
        size = int.from_bytes(head[1:], "big")
        if len(head) != 5 or head[0] not in (0, 1) or not _SHORTEST <= size <= _LONGEST:
            raise BackupUnfit("The backup is cut short, or was changed.")
        self._ended = bool(head[0])
        try:
            piece = ring().decrypt_bytes(self._file.read(size), _place(self._own, self._number, self._ended))
        except RecordUnreadable:
            raise BackupUnfit("The backup cannot be read: other keys made it, or it was changed.") from None
        if self._ended and self._file.read(1):
            raise BackupUnfit("The backup was changed: something was added to it.")
        self._number += 1
        return piece


def _place(own: bytes, number: int, last: bool) -> str:
    return f"backup {own.hex()} {number}{' last' if last else ''}"


def line(value: Any) -> bytes:
    """One line of a backup."""
    return json.dumps(value, default=_told, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"


def _told(value: Any) -> dict[str, str]:
    if isinstance(value, datetime):  # which is a date too, so it comes first
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, bytes | memoryview):
        return {"b": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


_MADE_OF: dict[str, Callable[[str], Any]] = {
    "t": datetime.fromisoformat, "d": date.fromisoformat, "b": base64.b64decode
}


def _made(found: dict[str, Any]) -> Any:
    if len(found) == 1:
        ((kind, value),) = found.items()
        if kind in _MADE_OF and isinstance(value, str):
            return _MADE_OF[kind](value)
    return found


def read_line(text: bytes) -> Any:
    """What `line` was given; tuples come back as lists. Raises BackupUnfit."""
    try:
        return json.loads(text, object_hook=_made)
    except ValueError:
        raise BackupUnfit("The backup was changed.") from None
