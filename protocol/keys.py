"""Ed25519 keys and their names (RFC 8032, RFC 8037, RFC 7638).

Three kinds of key look alike here and are never interchanged by their holders: a node's identity key, its
request-signing key, and one contributor key per circle and epoch.
"""

from hashlib import sha256
from typing import Annotated, Final

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocol.errors import Code, ProtocolError
from protocol.identifiers import PATTERN_256_BITS, KeyId, anchored, decode_bytes, encode_bytes

KEY_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64

EncodedKey = Annotated[str, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
"""Wire form of a public key: its 32 bytes in base64url, 43 characters (the ``x`` of RFC 8037)."""


class PublicKey:
    """An Ed25519 public key that can verify; equal by its bytes."""

    __slots__ = ("_key", "key_id", "raw")

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEY_BYTES:
            raise ProtocolError(Code.BAD_KEY, f"an Ed25519 public key has {KEY_BYTES} bytes, not {len(raw)}")
        if raw in _SMALL_ORDER:
            # A key of small order verifies signatures over messages that its holder never saw.
            raise ProtocolError(Code.BAD_KEY, "an Ed25519 public key of small order")
        if int.from_bytes(raw, "little") & _Y_BITS >= _P:
            # RFC 8032 section 5.1.3: the same point would have a second spelling, and so a second thumbprint.
            raise ProtocolError(Code.BAD_KEY, "an Ed25519 public key whose y is not reduced")
        self.raw = raw
        self._key = Ed25519PublicKey.from_public_bytes(raw)
        self.key_id = _thumbprint(raw)

    @classmethod
    def decode(cls, text: str) -> "PublicKey":
        """From the wire form."""
        return cls(decode_bytes(text))

    def encode(self) -> str:
        """To the wire form."""
        return encode_bytes(self.raw)

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Whether ``signature`` (64 bytes) is this key's over ``message``. Releases the interpreter lock."""
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PublicKey) and other.raw == self.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"PublicKey({self.encode()})"


class SigningKey:
    """An Ed25519 private key. Its repr shows the public half only."""

    __slots__ = ("_key", "public")

    def __init__(self, seed: bytes) -> None:
        if len(seed) != KEY_BYTES:
            raise ProtocolError(Code.BAD_KEY, f"an Ed25519 seed has {KEY_BYTES} bytes, not {len(seed)}")
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self.public = PublicKey(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """A 64-byte signature (RFC 8032 section 5.1.6)."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey({self.public!r})"


def _thumbprint(raw: bytes) -> KeyId:
    """RFC 7638 section 3 over the required members of an OKP key (RFC 8037 section 2)."""
    return KeyId(encode_bytes(sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{encode_bytes(raw)}"}}'.encode()).digest()))


_P: Final = 2**255 - 19
_Y_BITS: Final = 2**255 - 1


def _small_order_encodings() -> frozenset[bytes]:
    """The points of order 1, 2, 4 and 8 in every 32-byte encoding, canonical or not (RFC 8032 section 5.1.3).

    y is 1, -1, 0, or one of the two values of an order-8 point; each may also be written as y + p where that
    fits, and with either sign bit.
    """
    order_8 = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    values = {0, 1, _P - 1, order_8, _P - order_8}
    values |= {y + _P for y in values if y + _P < 2**255}
    return frozenset((y | sign << 255).to_bytes(KEY_BYTES, "little") for y in values for sign in (0, 1))


_SMALL_ORDER: Final = _small_order_encodings()
