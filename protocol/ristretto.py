"""The group ristretto255 (RFC 9496), as elements and scalars that cannot be wrong.

The arithmetic is libsodium's, by way of the package ``rbcl``, whose functions check neither lengths nor, where the
package is installed, that a point is one. So nothing reaches them here but an :data:`Element` made by
:func:`parse_element` or by arithmetic, and a :data:`Scalar` made by :func:`parse_scalar`, :func:`wide_scalar` or
arithmetic. Scalars that are secret are never handled as Python's integers, whose operations take a time that tells
what they are.

``rbcl`` is loaded when it is first needed: it unpacks its library into a temporary file each time it is imported,
which a node that has no person tokens shall not pay for. It leaves that file behind; :func:`library_file` names it.
"""

from functools import lru_cache
from hashlib import sha512
from importlib import import_module
from typing import Final, NewType, Protocol, cast

from protocol.errors import Code, ProtocolError

Element = NewType("Element", bytes)
"""A group element in its one encoding, 32 bytes. The identity is
never received; arithmetic alone can make it."""
Scalar = NewType("Scalar", bytes)
"""An integer below the order of the group, 32 bytes, little-endian."""

ELEMENT_BYTES: Final = 32
SCALAR_BYTES: Final = 32
WIDE_BYTES: Final = 64
"""So many uniform bytes make an element or a scalar without a bias that anybody could notice."""
ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_IDENTITY: Final = bytes(ELEMENT_BYTES)
_HASH_BLOCK_BYTES: Final = 128
_MAX_DST_BYTES: Final = 255
"""RFC 9380 section 5.3.3: a longer tag would have to be hashed, and none here is."""


class _Library(Protocol):
    """The functions of ``rbcl`` that are used, with the types that they have."""

    def crypto_core_ristretto255_is_valid_point(self, point: bytes) -> bool: ...
    def crypto_core_ristretto255_from_hash(self, wide: bytes) -> bytes: ...
    def crypto_core_ristretto255_add(self, one: bytes, other: bytes) -> bytes: ...
    def crypto_core_ristretto255_scalar_reduce(self, wide: bytes) -> bytes: ...
    def crypto_core_ristretto255_scalar_invert(self, scalar: bytes) -> bytes: ...
    def crypto_core_ristretto255_scalar_mul(self, one: bytes, other: bytes) -> bytes: ...
    def crypto_core_ristretto255_scalar_sub(self, one: bytes, other: bytes) -> bytes: ...
    def crypto_scalarmult_ristretto255_allow_scalar_zero(self, scalar: bytes, point: bytes) -> bytes: ...
    def crypto_scalarmult_ristretto255_base_allow_scalar_zero(self, scalar: bytes) -> bytes: ...


@lru_cache(maxsize=1)
def _library() -> _Library:
    return cast("_Library", import_module("rbcl"))


def library_file() -> str:
    """The temporary file that ``rbcl`` has unpacked and left behind; it may be removed as soon as this returns."""
    _library()
    return str(import_module("rbcl._sodium").lib_path)


def parse_element(data: bytes) -> Element:
    """An element that somebody sent (RFC 9497 section 4.1); ``MALFORMED`` in the same words whatever is wrong.

    Refused are other lengths, bytes that no element encodes to, second spellings, and the identity, which would give
    away nothing and prove nothing.
    """
    if len(data) != ELEMENT_BYTES or data == _IDENTITY or not _library().crypto_core_ristretto255_is_valid_point(data):
        raise ProtocolError(Code.MALFORMED, "not an element of ristretto255, or its identity")
    return Element(data)


def parse_scalar(data: bytes) -> Scalar:
    """A scalar from 0 to the order less 1, in 32 bytes; ``MALFORMED`` for any other. For what is not secret."""
    if len(data) != SCALAR_BYTES or int.from_bytes(data, "little") >= ORDER:
        raise ProtocolError(Code.MALFORMED, "not a scalar of ristretto255")
    return Scalar(data)


def require_not_zero(scalar: Scalar) -> Scalar:
    """The same scalar, if it can be a key or a blind; else ``MALFORMED``."""
    if not any(scalar):
        raise ProtocolError(Code.MALFORMED, "not a scalar of ristretto255")
    return scalar


def wide_scalar(uniform: bytes) -> Scalar:
    """The scalar that 64 uniform bytes stand for: random ones give a random scalar, which is zero for nobody."""
    if len(uniform) != WIDE_BYTES:
        raise ProtocolError(Code.MALFORMED, f"a scalar is made of {WIDE_BYTES} uniform bytes")
    return Scalar(_library().crypto_core_ristretto255_scalar_reduce(uniform))


def hash_to_element(message: bytes, tag: bytes) -> Element:
    """RFC 9497 section 4.1, ``HashToGroup``; ``MALFORMED`` where the outcome is the identity, which is for nobody."""
    element = _library().crypto_core_ristretto255_from_hash(expand_message(message, tag))
    if element == _IDENTITY:  # pragma: no cover - one message in 2**252
        raise ProtocolError(Code.MALFORMED, "this input has no element")
    return Element(element)


def hash_to_scalar(message: bytes, tag: bytes) -> Scalar:
    """RFC 9497 section 4.1, ``HashToScalar``."""
    return wide_scalar(expand_message(message, tag))


def expand_message(message: bytes, tag: bytes) -> bytes:
    """RFC 9380 section 5.3.1, ``expand_message_xmd`` with SHA-512, for the one length of 64 bytes (one block)."""
    if len(tag) > _MAX_DST_BYTES:
        raise ProtocolError(Code.TOO_LARGE, f"a tag has at most {_MAX_DST_BYTES} bytes")
    suffix = tag + len(tag).to_bytes(1, "big")
    first = sha512(bytes(_HASH_BLOCK_BYTES) + message + WIDE_BYTES.to_bytes(2, "big") + b"\x00" + suffix).digest()
    return sha512(first + b"\x01" + suffix).digest()


def multiply(scalar: Scalar, element: Element) -> Element:
    """``scalar`` times ``element``: the identity only for the scalar zero."""
    return Element(_library().crypto_scalarmult_ristretto255_allow_scalar_zero(scalar, element))


def multiply_generator(scalar: Scalar) -> Element:
    """``scalar`` times the generator of the group."""
    return Element(_library().crypto_scalarmult_ristretto255_base_allow_scalar_zero(scalar))


def add(one: Element, other: Element) -> Element:
    """The sum; the identity where one is the negative of the other."""
    return Element(_library().crypto_core_ristretto255_add(one, other))


def invert(scalar: Scalar) -> Scalar:
    """The scalar whose product with this one is 1; ``MALFORMED`` for zero."""
    return Scalar(_library().crypto_core_ristretto255_scalar_invert(require_not_zero(scalar)))


def product(one: Scalar, other: Scalar) -> Scalar:
    """The product of two scalars."""
    return Scalar(_library().crypto_core_ristretto255_scalar_mul(one, other))


def difference(one: Scalar, other: Scalar) -> Scalar:
    """``one`` less ``other``."""
    return Scalar(_library().crypto_core_ristretto255_scalar_sub(one, other))
