"""Encryption of sensitive columns, and keyed blind indexes to look them up by.

The keys are one text, `SIDEGATE_KEYS`: comma- or line-separated `VERSION=BASE64` of 32 bytes, and `index=BASE64`.
The highest version encrypts; every listed version decrypts. The threat: a stolen database or backup without the keys
must give no name, number, birth date or refuge.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
from collections.abc import Iterable, Mapping
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask, current_app, has_app_context

from scheduler.errors import ConfigurationError, RecordUnreadable

_NONCE = 12


class KeyRing:
    """Versioned AES-256-GCM keys and one HMAC key."""

    def __init__(self, keys: Mapping[int, bytes], index_key: bytes) -> None:
        if not keys or any(len(key) != 32 or not 0 < version < 256 for version, key in keys.items()):
            raise ConfigurationError("SIDEGATE_KEYS needs at least one key of 32 bytes, with a version from 1 to 255.")
        if len(index_key) < 32:
            raise ConfigurationError("SIDEGATE_KEYS needs an index key of 32 bytes.")
        self._ciphers = {version: AESGCM(key) for version, key in keys.items()}
        self.newest = max(keys)
        self._index_key = index_key

    @classmethod
    def parse(cls, text: str) -> KeyRing:
        """The key ring of a `SIDEGATE_KEYS` text. Raises ConfigurationError when it cannot be read."""
        keys: dict[int, bytes] = {}
        index = b""
        try:
            for entry in text.replace("\n", ",").split(","):
                if not entry.strip() or entry.strip().startswith("#"):
                    continue
                name, _, value = entry.strip().partition("=")
                key = base64.b64decode(value, validate=True)
                if name == "index":
                    index = key
                else:
                    keys[int(name)] = key
        except (ValueError, binascii.Error) as error:
            raise ConfigurationError("SIDEGATE_KEYS cannot be read: it is VERSION=BASE64,…,index=BASE64.") from error
        return cls(keys, index)

    def encrypt(self, plain: str, column: str) -> bytes:
        """`plain` sealed with the newest key, bound to `column` so that values cannot be swapped between columns."""
        return self.encrypt_bytes(plain.encode(), column)

    def encrypt_bytes(self, plain: bytes, bound_to: str) -> bytes:
        """`plain` sealed with the newest key, and readable only where the same `bound_to` is given."""
        nonce = os.urandom(_NONCE)
        return bytes([self.newest]) + nonce + self._ciphers[self.newest].encrypt(nonce, plain, bound_to.encode())

    def decrypt(self, blob: bytes, column: str) -> str:
        """What `encrypt` was given. Raises RecordUnreadable when the key is missing or the value was changed."""
        try:
            return self.decrypt_bytes(blob, column).decode()
        except UnicodeDecodeError as error:
            raise RecordUnreadable(column) from error

    def decrypt_bytes(self, blob: bytes, bound_to: str) -> bytes:
        """What `encrypt_bytes` was given. Raises RecordUnreadable when the key is missing or a byte was changed."""
        try:
            return self._ciphers[blob[0]].decrypt(blob[1 : 1 + _NONCE], blob[1 + _NONCE :], bound_to.encode())
        except (KeyError, IndexError, InvalidTag, ValueError) as error:
            raise RecordUnreadable(bound_to) from error

    @property
    def versions(self) -> tuple[int, ...]:
        """The versions of every key that can be read with, oldest first."""
        return tuple(sorted(self._ciphers))

    def blind(self, kind: str, value: str) -> int:
        """A signed 64-bit blind index of `value`, different for each `kind`."""
        digest = hmac.digest(self._index_key, f"{kind}\0{value}".encode(), "sha256")
        return int.from_bytes(digest[:8], "big", signed=True)

    def seal(self, parts: Iterable[bytes]) -> bytes:
        """A keyed digest over `parts`, used to seal the audit log."""
        mac = hmac.new(self._index_key, b"seal\0", sha256)
        for part in parts:
            mac.update(len(part).to_bytes(4, "big") + part)
        return mac.digest()


def _new_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


def new_keys() -> str:
    """A fresh `SIDEGATE_KEYS` text with one key."""
    return f"1={_new_key()},index={_new_key()}"


def with_new_key(text: str) -> str:
    """The same `SIDEGATE_KEYS` text with one key more, which encrypts from then on. The index key stays: by it everyone
    is found, and the audit log is sealed. Raises ConfigurationError when the text cannot be read or is full."""
    version = KeyRing.parse(text).newest + 1
    if version > 255:
        raise ConfigurationError("There can be no more than 255 keys.")
    return f"{version}={_new_key()},{text.strip().replace(chr(10), ',')}"


_EXTENSION = "sidegate-keys"


def install(app: Flask, ring: KeyRing) -> None:
    """Make `ring` the one that `app` uses. Called by `create_app` alone."""
    app.extensions[_EXTENSION] = ring


def ring() -> KeyRing:
    """The key ring of the running app. Raises ConfigurationError outside an app's context: no key, no reading."""
    if not has_app_context():
        raise ConfigurationError("No encryption keys are loaded.")
    found: KeyRing = current_app.extensions[_EXTENSION]
    return found


def token_hash(token: str) -> bytes:
    """How a link, session or API token is stored: 32 bytes that cannot be turned back. Tokens are long and random, so
    a plain digest is enough."""
    return sha256(token.encode()).digest()
