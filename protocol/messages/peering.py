"""What two nodes that have confirmed each other's identity key say of it.

Each tells the other whether it has confirmed it, in a request or an answer signed by its request key. Nothing rests on
this word: a pin is made by people alone. It only spares them the question whether the other side is done. Clause 9.17.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.identifiers import PATTERN_256_BITS, KeyId, anchored

MAX_PEERING_BYTES: Final = 256
"""One message, in bytes: twice what it takes."""

_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]


class Peering(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who speaks, and whether it has confirmed the one it speaks to."""

    v: Literal[1]
    identity: _KeyId
    """The thumbprint of the speaker's identity key: under which the other side has to know its request key."""
    confirmed: bool


_CODEC: Final = Codec(Peering, max_bytes=MAX_PEERING_BYTES)


def encode_peering(peering: Peering) -> bytes:
    """The canonical bytes of a message."""
    return _CODEC.encode(peering)


def decode_peering(data: bytes) -> Peering:
    """A message; raises ``TOO_LARGE``, ``MALFORMED``, ``NON_CANONICAL``. Its signature is checked around it."""
    return _CODEC.decode(data)
