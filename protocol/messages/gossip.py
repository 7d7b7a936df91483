"""Short messages: a ping, the sizes that a node holds, and what became of a push.

A ping says which logs have grown. It is a hint: whoever gets it may ask for entries or not, and believes nothing of
it. Two nodes compare how much they hold of each log by one digest, and name the sizes only where they differ: before
one asks the other for entries in a large circle, and before one that nobody can reach brings the other what it lacks.
What it brings is the same stream that would answer a request for entries.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec, encode
from protocol.errors import Code, ProtocolError
from protocol.identifiers import (
    MAX_CODE_CHARACTERS,
    PATTERN_256_BITS,
    PATTERN_CODE,
    Digest,
    KeyId,
    VocabularyCode,
    anchored,
    encode_bytes,
)
from protocol.limits import MAX_LOG_SIZE, MAX_PING_BYTES, MAX_PING_LOGS, MAX_REQUEST_BYTES, MAX_STREAM_ENTRIES
from protocol.messages.stream import MAX_LOGS

_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Hash: TypeAlias = Annotated[Digest, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
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


class SizesRequest(_Wire, frozen=True, kw_only=True):
    """Asks how many entries of each log the other holds, unless it holds as many of each as the asker."""

    v: Literal[1]
    state: _Hash
    """:func:`sizes_state` of the asker."""


class SizesAnswer(_Wire, frozen=True, kw_only=True):
    """How many entries of each log the answerer holds; nothing where both hold the same."""

    v: Literal[1]
    same: bool
    sizes: Annotated[dict[_KeyId, _Size], msgspec.Meta(max_length=MAX_LOGS)]
    """A log of which the answerer wants nothing has 2^40, as in a request for entries (clause 9.7)."""

    def __post_init__(self) -> None:
        if self.same and self.sizes:
            raise ProtocolError(Code.INCONSISTENT, "sizes where they are said to be the same")


class PushReceipt(_Wire, frozen=True, kw_only=True):
    """What a receiver took of a push."""

    v: Literal[1]
    accepted: Annotated[int, msgspec.Meta(ge=0, le=MAX_STREAM_ENTRIES)]
    """Entries that are new to the receiver and that it has stored."""
    refused: Annotated[dict[_KeyId, _Code], msgspec.Meta(max_length=MAX_LOGS)]
    """Logs of which it took nothing, each with the code of the refusal."""


_PING: Final = Codec(Ping, max_bytes=MAX_PING_BYTES)
_SIZES_REQUEST: Final = Codec(SizesRequest, max_bytes=MAX_PING_BYTES)
_SIZES_ANSWER: Final = Codec(SizesAnswer, max_bytes=MAX_REQUEST_BYTES)
_RECEIPT: Final = Codec(PushReceipt, max_bytes=MAX_REQUEST_BYTES)


def encode_ping(ping: Ping) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_ping` would refuse."""
    return _PING.encode(ping)


def decode_ping(data: bytes) -> Ping:
    """A ping by its form (clause 9.13)."""
    return _PING.decode(data)


def sizes_state(sizes: Mapping[KeyId, int]) -> Digest:
    """One digest for the sizes of all logs of a circle of which anything is held (clause 9.14)."""
    return Digest(encode_bytes(hashlib.sha256(encode(dict(sizes))).digest()))


def encode_sizes_request(request: SizesRequest) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_sizes_request` would refuse."""
    return _SIZES_REQUEST.encode(request)


def decode_sizes_request(data: bytes) -> SizesRequest:
    """A request for sizes by its form (clause 9.14)."""
    return _SIZES_REQUEST.decode(data)


def encode_sizes_answer(answer: SizesAnswer) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_sizes_answer` would refuse."""
    return _SIZES_ANSWER.encode(answer)


def decode_sizes_answer(data: bytes) -> SizesAnswer:
    """Sizes by their form (clause 9.14)."""
    return _SIZES_ANSWER.decode(data)


def encode_push_receipt(receipt: PushReceipt) -> bytes:
    """Canonical bytes; refuses whatever :func:`decode_push_receipt` would refuse."""
    return _RECEIPT.encode(receipt)


def decode_push_receipt(data: bytes) -> PushReceipt:
    """A receipt by its form (clause 9.14)."""
    return _RECEIPT.decode(data)
