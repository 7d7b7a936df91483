"""Answering a member that asks for what it lacks: any log of the circle that we hold, our own or relayed.

An answer is bounded by bytes, so one answer may end in the middle of a log; the asker comes again with what it
has by then. Nothing is remembered about who has received what.

Two checkpoints come even if they bring nothing new: that of our own log, and the latest that we have of the
asker's. From the first it sees that our history still agrees with what it holds; from the second a node that
was restored from an old backup, or that shares its key with another, learns so before it signs again.

So do the checkpoints of a few other logs that the asker holds in full, drawn anew each time. An author that shows two
members two histories of one size would otherwise never be found out: neither lacks anything that the other has.

Checkpoints go out with the cosignatures that we know. Of a log that forks, only what precedes the fork is passed on,
and the proof of the fork with it.
"""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from secrets import SystemRandom
from typing import Final

from node.domain.circles import Roster
from node.domain.ledger import Log
from node.storage import forks
from node.storage import ledger as logs
from node.storage.database import Transaction
from node.sync.witness import cosigned_note
from protocol.identifiers import KeyId
from protocol.limits import (
    MAX_COSIGNATURES,
    MAX_FORKS,
    MAX_LOG_SIZE,
    MAX_PROOF_HASHES,
    MAX_STREAM_BYTES,
    MAX_STREAM_ENTRIES,
)
from protocol.merkle import proofs, tiles
from protocol.messages.stream import (
    EntriesRequest,
    Filling,
    Section,
    encode_end,
    encode_filling,
    encode_fork,
    encode_section,
)

COMPARED_LOGS: Final = 4
"""Logs whose checkpoints alone are sent, in one answer: 6 kB, and in a circle of a hundred two members that were shown
different histories of one size meet them after 25 rounds on average, from each of the two sides."""
COMPARED_COSIGNATURES: Final = 2
"""Cosignatures with a checkpoint alone, drawn anew each time: 400 bytes. A round that brings nothing stays small, and a
few rounds bring what all members of a small circle have witnessed."""
_SECTION_BYTES: Final = 64 * MAX_PROOF_HASHES + 512
"""Bytes of a section beside its entries and its note, at most: the proof, and the two lines' own words."""
MAX_FILLED: Final = 1_000
"""Entries looked at for one range that is asked for again: a range is as long as its asker says."""
_ESCAPED_BYTES: Final = 6
"""Of one byte of a note in a string of JSON, at most."""
_END_BYTES: Final = 64


def answer(tx: Transaction, roster: Roster, asker: KeyId, request: EntriesRequest) -> bytes:
    """The stream for one entries request; never longer than the asker wants or the protocol allows."""
    stream = _Stream(min(request.max_bytes, MAX_STREAM_BYTES) - _END_BYTES)
    held = _held(tx, roster, request)
    always = set(request.only) or {roster.own, asker}
    # The two checkpoints first: they are short, and the longest catch-up must not crowd them out. A log that the asker
    # knows nothing of keeps its place: only the logs before it may tell the asker that it is a member's.
    first = {key for key in always if request.have.get(key, 0)} | {asker}
    for log in sorted(held, key=lambda each: each.contributor not in first):
        have = request.have.get(log.contributor, 0)
        end = _end(log)
        wanted = have < end
        if not wanted and log.contributor not in always:
            continue
        if not stream.add(tx, roster, log, min(have, end), end) and log.contributor not in always:
            break
    if not request.only:
        for log in _sample(held, always, request):
            stream.add(tx, roster, log, log.covered_size, log.covered_size)
    for log in held:
        for start, past in request.holes.get(log.contributor, ()):
            stream.fill(tx, log, start, min(past, _end(log)))
    for proof in _evidence(tx, roster, request):
        stream.add_fork(proof)
    return stream.encoded()


class _Stream:
    """An answer as it grows; ``more`` once something was left out."""

    def __init__(self, max_bytes: int) -> None:
        self._bytes = max_bytes
        self._entries = MAX_STREAM_ENTRIES
        self._parts: list[bytes] = []
        self._more = False

    def add(self, tx: Transaction, roster: Roster, log: Log, start: int, end: int) -> bool:
        """Add a section with as many entries as there is room for; whether it found room for what it is for."""
        most = MAX_COSIGNATURES if start < end else COMPARED_COSIGNATURES
        note = cosigned_note(tx, roster, log, most=most)
        overhead = _ESCAPED_BYTES * len(note) + _SECTION_BYTES
        if self._bytes < overhead:
            self._more = self._more or start < end
            return False
        section = _section(tx, log, note, start, min(end, start + self._entries), self._bytes - overhead)
        encoded = encode_section(section)
        self._entries -= len(section.entries)
        self._bytes -= len(encoded)
        self._parts.append(encoded)
        self._more = self._more or start + len(section.entries) < end
        return start == end or bool(section.entries)  # without room for one, the next answer begins with more

    def fill(self, tx: Transaction, log: Log, start: int, end: int) -> None:
        """Add what is asked for again and is here, as far as there is room; the rest is asked for another time."""
        for index, entry in logs.read_content(tx, log, start, min(end, start + MAX_FILLED)):
            encoded = encode_filling(Filling(log.contributor, index, entry))
            if not self._entries or len(encoded) > self._bytes:
                return
            self._entries -= 1
            self._bytes -= len(encoded)
            self._parts.append(encoded)

    def add_fork(self, proof: bytes) -> None:
        """Add evidence where there is room; it is sent again with another answer."""
        encoded = encode_fork(proof)
        if len(encoded) <= self._bytes:
            self._bytes -= len(encoded)
            self._parts.append(encoded)

    def encoded(self) -> bytes:
        """The whole stream."""
        return b"".join((*self._parts, encode_end(more=self._more)))


def _held(tx: Transaction, roster: Roster, request: EntriesRequest) -> list[Log]:
    """The logs that may be sent, in the roster's order: an asker learns who is a member before it meets their log."""
    only = set(request.only)
    found = {log.contributor: log for log in logs.list_logs(tx, roster.circle) if log.covered}
    return [found[key] for key in roster.lines if key in found and (not only or key in only)]


def _end(log: Log) -> int:
    """Up to where a log is passed on."""
    return log.covered_size if log.fork_index is None else min(log.covered_size, log.fork_index)


def _evidence(tx: Transaction, roster: Roster, request: EntriesRequest) -> list[bytes]:
    """Proofs of forks that the asker does not seem to know of; of all others, one drawn anew each time.

    The latter since a request for a few logs does not say what is known of the rest, and since the asker's proof may be
    another one than ours: both shall know the earlier fork.
    """
    forked = [log for log in forks.list_forks(tx, roster.circle) if log.evidence is not None]
    asked = [log for log in forked if not request.only or log.contributor in request.only]
    new = [log for log in asked if request.have.get(log.contributor) != MAX_LOG_SIZE]
    others = [log for log in forked if log not in new]
    random = SystemRandom()
    chosen = random.sample(new, min(MAX_FORKS - 1, len(new))) + random.sample(others, min(1, len(others)))
    return [log.evidence for log in chosen if log.evidence is not None]


def _sample(held: Sequence[Log], always: AbstractSet[KeyId], request: EntriesRequest) -> list[Log]:
    """Logs to compare: the asker holds no less of them than we do, and has not left them out (clause 9.7)."""
    equal = [
        log
        for log in held
        if log.contributor not in always
        and log.fork_index is None  # a located fork is known by its proof; of another, two copies may show where it is
        and log.covered_size <= request.have.get(log.contributor, 0) < MAX_LOG_SIZE
    ]
    return SystemRandom().sample(equal, min(COMPARED_LOGS, len(equal)))


def _section(tx: Transaction, log: Log, note: bytes, start: int, end: int, max_bytes: int) -> Section:
    """The entries from ``start`` to before ``end`` or where the bytes are used up, with what proves them."""
    entries = logs.take_entries(tx, log, start, end, max_bytes)
    end = start + len(entries)
    proof: tuple[bytes, ...] = ()
    if 0 < end < log.covered_size:
        read = tiles.reader(logs.tile_fetch(tx, log), log.covered_size)
        proof = proofs.consistency_proof(end, log.covered_size, read)
    return Section(log.contributor, start, tuple(entries), note, proof)
