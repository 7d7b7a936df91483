"""Encryption at rest of private columns, with a key that is not in the database.

Each value is sealed alone: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce, and the place where it is
stored (table, column and row) as associated data, so that a thief of the database can neither read a value
nor move one to another row.
"""

import os
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from node.errors import Code, HanseError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_FORMAT: Final = b"\x01"


class Vault:
    """Seals and opens private values."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the data key has {len(key)} bytes, not {KEY_BYTES}.",
                remedy="Restore the key file from its backup; without it private data cannot be read.",
            )
        self._cipher = AESGCM(key)
        self._key = key

    @classmethod
    def from_file(cls, path: Path) -> "Vault":
        """Read the key file; its permissions must keep everybody else out."""
        try:
            mode = path.stat().st_mode
            key = path.read_bytes()
        except OSError as error:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the data key {path} cannot be read: {error.strerror}.",
                remedy="Restore it from its backup, or run `hanse init` for a new node.",
            ) from error
        if mode & 0o077:
            raise HanseError(
                Code.BAD_KEY_FILE,
                f"the data key {path} is open to others.",
                remedy=f"Run `chmod 600 {path}`.",
            )
        return cls(key)

    def subkey(self, purpose: str) -> bytes:
        """A key of 32 bytes for one purpose alone (HKDF-SHA256): from it nobody finds the data key or another."""
        return HKDF(hashes.SHA256(), KEY_BYTES, salt=None, info=b"hanse " + purpose.encode()).derive(self._key)

    def seal(self, plaintext: bytes, *, place: str) -> bytes:
        """``place`` is where the value will be stored, as ``table.column:row``."""
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, plaintext, place.encode())

    def open(self, sealed: bytes, *, place: str) -> bytes:
        """Undo :meth:`seal`; raises ``CORRUPTED`` when key, place or bytes are not the ones it was sealed with."""
        header = len(_FORMAT) + _NONCE_BYTES
        if sealed[: len(_FORMAT)] != _FORMAT:
            raise HanseError(Code.CORRUPTED, f"the private value at {place} has an unknown format.")
        try:
            return self._cipher.decrypt(sealed[len(_FORMAT) : header], sealed[header:], place.encode())
        except InvalidTag as error:
            raise HanseError(
                Code.CORRUPTED,
                f"the private value at {place} does not open with this node's data key.",
                remedy="Check that the key file belongs to this database; restore both from the same backup.",
            ) from error
