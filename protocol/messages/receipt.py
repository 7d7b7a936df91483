"""Receipts: a member's signed word that it has applied what a log says up to some size.

A receipt is the body of a letter (clause 12.1) from the member that has applied it to the author of the log, signed by
the member's contributor key like every letter. What it rests on is for the member to make sure (clause 8.16).
"""

from typing import Annotated, Final, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.identifiers import PATTERN_256_BITS, KeyId, anchored
from protocol.limits import MAX_LOG_SIZE

MAX_RECEIPT_BODY_BYTES: Final = 256
"""One receipt, in bytes: a key, and a number of thirteen digits."""

_Key: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]


class LogReceipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every correction, retraction and erasure in the log below this size is applied; erased content is gone."""

    log: _Key
    size: Annotated[int, msgspec.Meta(ge=1, le=MAX_LOG_SIZE)]


_CODEC: Final = Codec(LogReceipt, max_bytes=MAX_RECEIPT_BODY_BYTES)


def encode_log_receipt(receipt: LogReceipt) -> bytes:
    """Canonical bytes."""
    return _CODEC.encode(receipt)


def decode_log_receipt(data: bytes) -> LogReceipt:
    """A receipt by its form (clause 8.16)."""
    return _CODEC.decode(data)
