"""How long the messages of a circle of N members are, taken from the encoders that nodes use.

The parts of HTTP and TLS around them are constants, measured once and written down here. All in bytes, both
directions together.
"""

import os
from dataclasses import dataclass
from typing import Final

from node.sync.pull import COMPARED_AT_ONCE, SIZES_FIRST_ABOVE
from protocol.identifiers import Digest, KeyId, encode_bytes
from protocol.limits import MAX_STREAM_BYTES
from protocol.messages.gossip import (
    Ping,
    SizesAnswer,
    SizesRequest,
    encode_ping,
    encode_sizes_answer,
    encode_sizes_request,
    sizes_state,
)
from protocol.messages.stream import EntriesRequest, Section, encode_end, encode_entries_request, encode_section

HTTP_BYTES: Final = 1_350
"""Request line, status line and fields of one signed exchange."""
TLS_BYTES: Final = 5_200
"""A TLS 1.3 handshake with two ECDSA certificates, and TCP's own segments: every exchange has its own connection."""
FAILED_BYTES: Final = 400
"""Connection attempts to a host that does not answer."""
ENTRY_BYTES: Final = 1_380
"""One finding as an entry, the median of the demo's and of the benchmarks'."""
CHECKPOINT_BYTES: Final = 390
"""A signed note without cosignatures. Each of the twelve that may travel with it adds about 230."""
COSIGNATURE_BYTES: Final = 230
_LOG_ENTRIES: Final = 200
"""Entries in a member's log: the length of the number in a map of sizes."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Bytes of each kind of exchange in a circle of so many members, and how many exchanges a poll takes."""

    failed: int
    same: int
    """A poll of a member that holds exactly what we hold."""
    differing: int
    """A poll of one that does not, without the entries."""
    poll_with_news: int
    """Exchanges of a poll that brings news."""
    asked_for: int
    """A request for the logs that a ping named, without the entries."""
    finding: int
    """One entry and what proves it."""
    ping: int
    sizes_map: int
    """The map of all sizes by itself: what grows with the circle."""


def costs_of(members: int) -> Costs:
    """Measured on messages about random logs."""
    logs = [KeyId(encode_bytes(os.urandom(32))) for _ in range(members)]
    sizes = dict.fromkeys(logs, _LOG_ENTRIES)
    exchange = HTTP_BYTES + TLS_BYTES
    note = b"n" * CHECKPOINT_BYTES
    shown = len(encode_section(Section(logs[0], _LOG_ENTRIES, (), note, ())))
    compared = (COMPARED_AT_ONCE + 2) * shown + len(encode_end(more=False))
    one = encode_entries_request(
        EntriesRequest(holes={}, have={logs[0]: 1}, only=(logs[0],), max_bytes=MAX_STREAM_BYTES)
    )
    few = encode_entries_request(
        EntriesRequest(
            holes={}, have=dict.fromkeys(logs[:6], 1), only=tuple(sorted(logs[:6])), max_bytes=MAX_STREAM_BYTES
        )
    )
    finding = len(encode_section(Section(logs[0], 0, (b"e" * ENTRY_BYTES,), note, ())))
    ping = exchange + len(encode_ping(Ping(v=1, sizes={logs[0]: _LOG_ENTRIES})))
    asked_for = exchange + len(one)
    if members <= SIZES_FIRST_ABOVE:
        everything = len(
            encode_entries_request(EntriesRequest(holes={}, have=sizes, only=(), max_bytes=MAX_STREAM_BYTES))
        )
        poll = exchange + everything + compared
        return Costs(FAILED_BYTES, poll, poll, 1, asked_for, finding, ping, everything)
    question = len(encode_sizes_request(SizesRequest(v=1, state=Digest(sizes_state(sizes)))))
    same = len(encode_sizes_answer(SizesAnswer(v=1, same=True, sizes={})))
    sizes_map = len(encode_sizes_answer(SizesAnswer(v=1, same=False, sizes=sizes)))
    following = exchange + len(few) + compared  # the checkpoints of a few equal logs are compared in every poll
    return Costs(
        failed=FAILED_BYTES,
        same=exchange + question + same + following,
        differing=exchange + question + sizes_map + following,
        poll_with_news=2,
        asked_for=asked_for,
        finding=finding,
        ping=ping,
        sizes_map=sizes_map,
    )
