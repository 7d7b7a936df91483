"""Short messages: a ping, the sizes that a node holds, and what became of a push.

A ping says which logs have grown. It is a hint: whoever gets it may ask for entries or not, and believes nothing of
it. A node that nobody can reach says which sizes it holds; the answer is the entries request
(:class:`protocol.messages.stream.EntriesRequest`) that the receiver would make if it could, and what the
node then pushes is the same stream that would answer it.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.identifiers import MAX_CODE_CHARACTERS, PATTERN_256_BITS, PATTERN_CODE, KeyId, VocabularyCode, anchored
from protocol.limits import MAX_LOG_SIZE, MAX_PING_BYTES, MAX_PING_LOGS, MAX_REQUEST_BYTES, MAX_STREAM_ENTRIES
from protocol.messages.stream import MAX_LOGS

_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Size: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE)]
_Code: TypeAlias = Annotated[
    VocabularyCode, msgspec.Meta(pattern=anchored(PATTERN_CODE), max_length=MAX_CODE_CHARACTERS)
]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class Ping(_Wire, frozen=True, kw_only=True):
    """Logs that have grown, with the sizes that the sender now holds. Unverified, and never more than a hint."""

    v: Literal[1]
    sizes: Annotated[dict[_KeyId, _Size], msgspec.Meta(max_length=MAX_PING_LOGS)]


class Sizes(_Wire, frozen=True, kw_only=True):
    """How many entries of each log the sender could push."""

    v: Literal[1]
    sizes: Annotated[dict[_KeyId, _Size], msgspec.Meta(max_length=MAX_LOGS)]


class PushReceipt(_Wire, frozen=True, kw_only=True):
    """What a receiver took of a push."""

    v: Literal[1]
    accepted: Annotated[int, msgspec.Meta(ge=0, le=MAX_STREAM_ENTRIES)]
    """Entries that are new to the receiver and that it has stored."""
    refused: Annotated[dict[_KeyId, _Code], msgspec.Meta(max_length=MAX_LOGS)]
    """Logs of which it took nothing, each with the code of the refusal."""


_PING: Final = Codec(Ping, max_bytes=MAX_PING_BYTES)
_SIZES: Final = Codec(Sizes, max_bytes=MAX_REQUEST_BYTES)
_RECEIPT: Final = Codec(PushReceipt, max_bytes=MAX_REQUEST_BYTES)


def encode_ping(ping: Ping) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_ping` would refuse."""
    return _PING.encode(ping)


def decode_ping(data: bytes) -> Ping:
    """A ping by its form (clause 9.13)."""
    return _PING.decode(data)


def encode_sizes(sizes: Sizes) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_sizes` would refuse."""
    return _SIZES.encode(sizes)


def decode_sizes(data: bytes) -> Sizes:
    """Sizes by their form (clause 9.14)."""
    return _SIZES.decode(data)


def encode_push_receipt(receipt: PushReceipt) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_push_receipt` would refuse."""
    return _RECEIPT.encode(receipt)


def decode_push_receipt(data: bytes) -> PushReceipt:
    """A receipt by its form (clause 9.14)."""
    return _RECEIPT.decode(data)
