"""Answering a member that asks for what it lacks: any log of the circle that we hold, our own or relayed.

An answer is bounded by bytes, so one answer may end in the middle of a log; the asker comes again with what it
has by then. Nothing is remembered about who has received what.

Two checkpoints come even if they bring nothing new: that of our own log, and the latest that we have of the
asker's. From the first it sees that our history still agrees with what it holds; from the second a node that
was restored from an old backup, or that shares its key with another, learns so before it signs again.

So do the checkpoints of a few other logs that the asker holds in full, drawn anew each time. An author that shows two
members two histories of one size would otherwise never be found out: neither lacks anything that the other has.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from secrets import SystemRandom
from typing import Final

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.storage import ledger as logs
from node.storage.database import Transaction
from protocol.identifiers import KeyId
from protocol.limits import MAX_LOG_SIZE, MAX_PROOF_HASHES, MAX_STREAM_BYTES, MAX_STREAM_ENTRIES
from protocol.merkle import proofs, tiles
from protocol.messages.stream import EntriesRequest, Section, encode_end, encode_section

COMPARED_LOGS: Final = 4
"""Logs whose checkpoints alone are sent, in one answer: 2 kB, and in a circle of a hundred two members that were shown
different histories of one size meet them after 25 rounds on average, from each of the two sides."""
_SECTION_BYTES: Final = 64 * MAX_PROOF_HASHES + 512
"""Bytes of a section beside its entries and its note, at most: the proof, and the two lines' own words."""
_ESCAPED_BYTES: Final = 6
"""Of one byte of a note in a string of JSON, at most."""
_END_BYTES: Final = 64


def answer(tx: Transaction, roster: Roster, asker: KeyId, request: EntriesRequest) -> bytes:
    """The stream for one entries request; never longer than the asker wants or the protocol allows."""
    left = min(request.max_bytes, MAX_STREAM_BYTES) - _END_BYTES
    entries_left = MAX_STREAM_ENTRIES
    parts: list[bytes] = []
    more = False
    always = {roster.own, asker}
    held = [log for log in logs.list_logs(tx, roster.circle) if log.covered and log.contributor in roster.members]
    # The two checkpoints first: they are short, and the longest catch-up must not crowd them out.
    for log in sorted(held, key=lambda each: each.contributor not in always):
        have = request.have.get(log.contributor, 0)
        wanted = have < log.covered_size and log.status == "good"
        if not wanted and log.contributor not in always:
            continue
        overhead = _overhead(log)
        if left < overhead:
            more = True
            break
        start = min(have, log.covered_size)
        end = min(log.covered_size, start + entries_left) if wanted else start
        section = _section(tx, log, start, end, left - overhead)
        entries_left -= len(section.entries)
        if wanted and not section.entries:
            more = True  # no room for a single entry of it; the next answer begins with more room
            if log.contributor not in always:
                break
        encoded = encode_section(section)
        left -= len(encoded)
        parts.append(encoded)
        more = more or (wanted and section.start + len(section.entries) < log.covered_size)
    for log in _sample(held, always, request):
        if left >= _overhead(log):
            encoded = encode_section(_section(tx, log, log.covered_size, log.covered_size, 0))
            left -= len(encoded)
            parts.append(encoded)
    return b"".join((*parts, encode_end(more=more)))


def _sample(held: Sequence[Log], always: AbstractSet[KeyId], request: EntriesRequest) -> list[Log]:
    """Logs to compare: the asker holds no less of them than we do, and has not left them out (clause 9.7)."""
    equal = [
        log
        for log in held
        if log.contributor not in always and log.covered_size <= request.have.get(log.contributor, 0) < MAX_LOG_SIZE
    ]
    return SystemRandom().sample(equal, min(COMPARED_LOGS, len(equal)))


def _overhead(log: Log) -> int:
    return _ESCAPED_BYTES * len(log.covered) + _SECTION_BYTES


def _section(tx: Transaction, log: Log, start: int, end: int, max_bytes: int) -> Section:
    """The entries from ``start`` to before ``end`` or where the bytes are used up, with what proves them."""
    entries = logs.take_entries(tx, log, start, end, max_bytes)
    end = start + len(entries)
    proof: tuple[bytes, ...] = ()
    if 0 < end < log.covered_size:
        read = tiles.reader(logs.tile_fetch(tx, log), log.covered_size)
        proof = proofs.consistency_proof(end, log.covered_size, read)
    return Section(log.contributor, start, tuple(entries), log.covered, proof)
