"""Random secrets and password hashes: the one place that makes either.

A secret that this node hands out has 256 random bits and is stored as its SHA-256: with that much entropy a
slow hash would only slow us down. A password is chosen by a person and is stored as argon2id.
"""

import hmac
import os
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from threading import BoundedSemaphore
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from node.errors import Code, HanseError
from protocol.identifiers import encode_bytes

SECRET_BYTES: Final = 32

# RFC 9106 section 4, second recommended option, which is also what argon2-cffi recommends.
ARGON2_TIME_COST: Final = 3
"""Passes over the memory."""
ARGON2_MEMORY_KIBIBYTES: Final = 65_536
"""64 MiB for one hash."""
ARGON2_PARALLELISM: Final = 4
"""Lanes."""
ARGON2_HASH_BYTES: Final = 32
ARGON2_SALT_BYTES: Final = 16
MAX_HASHES_AT_ONCE: Final = 4
"""Password hashes computed at the same time in one process: bounds what a flood of sign-ins takes to 256 MiB."""

MIN_PASSWORD_CHARACTERS: Final = 12
MAX_PASSWORD_CHARACTERS: Final = 256
"""Long enough for any passphrase, short enough that hashing it costs nothing extra."""
_MAX_TYPED_CHARACTERS: Final = 4 * MAX_PASSWORD_CHARACTERS
"""A letter with combining marks may be typed as several characters; what is longer is not normalised at all."""

_HASHER: Final = PasswordHasher(
    time_cost=ARGON2_TIME_COST,
    memory_cost=ARGON2_MEMORY_KIBIBYTES,
    parallelism=ARGON2_PARALLELISM,
    hash_len=ARGON2_HASH_BYTES,
    salt_len=ARGON2_SALT_BYTES,
    type=Type.ID,
)
MAX_WAIT_SECONDS: Final = 2
"""How long a hash waits for its turn, about ten hashes: a flood of sign-ins must not hold every thread that answers."""
_AT_ONCE: Final = BoundedSemaphore(MAX_HASHES_AT_ONCE)
_NOBODY: Final = (
    f"$argon2id$v=19$m={ARGON2_MEMORY_KIBIBYTES},t={ARGON2_TIME_COST},p={ARGON2_PARALLELISM}"
    "$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
)
"""A hash that no known password has: an unknown login costs as long as a known one."""


class BusyError(HanseError):
    """Too many passwords are being hashed; none was looked at."""

    def __init__(self) -> None:
        super().__init__(
            Code.TOO_MANY_REQUESTS,
            "too many people are signing in or choosing a password at this moment.",
            remedy="Try again in a minute.",
        )


def new_secret() -> str:
    """256 random bits in base64url, 43 characters."""
    return encode_bytes(os.urandom(SECRET_BYTES))


def hash_secret(secret: str) -> str:
    """What is stored of a secret from :func:`new_secret`, and what it is looked up by."""
    return encode_bytes(sha256(secret.encode()).digest())


def csrf_token(session_token: str) -> str:
    """The token that forms of a session carry: derived from the cookie's secret, so nothing need be stored."""
    return encode_bytes(hmac.digest(session_token.encode(), b"hanse/v1/csrf", "sha256"))


def same_secret(left: str, right: str) -> bool:
    """Compare without telling by the time taken how much agrees."""
    return hmac.compare_digest(left.encode(), right.encode())


def hash_password(password: str) -> str:
    """The argon2id hash of an acceptable password; ``INVALID`` says what is wrong with another.

    Raises :class:`BusyError` where too many others are being hashed.
    """
    normalised = _normalise(password)
    if not MIN_PASSWORD_CHARACTERS <= len(normalised) <= MAX_PASSWORD_CHARACTERS:
        raise HanseError(
            Code.INVALID,
            f"a password has {MIN_PASSWORD_CHARACTERS} to {MAX_PASSWORD_CHARACTERS} characters.",
            remedy="Several words in a row are easy to remember and hard to guess.",
        )
    with turn():
        return _HASHER.hash(normalised)


def check_password(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. Takes as long where there is no hash to compare with.

    Raises :class:`BusyError` as :func:`hash_password` does.
    """
    normalised = _normalise(password[:_MAX_TYPED_CHARACTERS])
    with turn():
        try:
            _HASHER.verify(password_hash or _NOBODY, normalised)
        except (VerificationError, InvalidHashError):
            return False
    return password_hash is not None and len(password) <= _MAX_TYPED_CHARACTERS


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


@contextmanager
def turn() -> Iterator[None]:
    """Be one of the :data:`MAX_HASHES_AT_ONCE`; raises :class:`BusyError` where none leaves in time."""
    if not _AT_ONCE.acquire(timeout=MAX_WAIT_SECONDS):
        raise BusyError
    try:
        yield
    finally:
        _AT_ONCE.release()


def _normalise(password: str) -> str:
    """One keyboard's composed letters are another one's combining marks (RFC 8265 section 4.2 asks for NFC)."""
    return unicodedata.normalize("NFC", password)
