"""The only way into a replica: another contributor's log, as far as we hold and trust it.

The theory. A replica is a frontier: it stands for every entry that we hold, in order. New entries extend it,
and are accepted only if the extended frontier is what the contributor signed: either it *is* the tree of the
checkpoint (same size, same root), or a consistency proof shows that the checkpoint's tree begins with it. So
any member can relay any log. It can withhold, but neither forge nor reorder, and it costs one signature to
find out, not one for each entry.

What an entry says is read afterwards, and cannot undo its acceptance: the log holds what it holds. An entry
that nobody can read keeps its place as :class:`Unreadable`, and the next one is read as if nothing had been. So does
one whose content is gone everywhere, or not here yet, as :class:`Erased`: its leaf hash is enough for the tree.

What lives here: the rules that make all nodes accept the same entries. What does not: what statements do to
each other (duplicate identifiers, corrections, retractions) is :mod:`protocol.projection`, in log order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Final, TypeAlias

from protocol import envelope, statements
from protocol.errors import Code, ProtocolError
from protocol.identifiers import CircleId
from protocol.keys import PublicKey
from protocol.merkle import proofs
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin
from protocol.merkle.frontier import EMPTY, Frontier
from protocol.merkle.hashing import Entry, Leaf, entry_hash
from protocol.statements import Statement, Timestamp

MAX_DETAIL_CHARACTERS: Final = 200
"""Kept of the words about an unreadable entry: a decoder's message may quote what the entry put into it."""

_READ_TOGETHER: Final = 64
"""Entries handed to one call of ``verify_all``: about 6 ms of signature checks, far more than a hand-over costs."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that stands in the log and says nothing to us: why, and in words for a person."""

    code: Code
    detail: str


@dataclass(frozen=True, slots=True)
class Erased:
    """An entry that has its place and its hash, and whose content is not here any more (clause 8.14)."""


Content: TypeAlias = Statement | Unreadable | Erased

VerifyAll: TypeAlias = Callable[
    [Callable[[Sequence[Entry]], list[Content]], Iterable[Sequence[Entry]]], Iterable[list[Content]]
]
"""A mapping function that yields all results in order: ``map``, or the ``map`` of an executor of threads.
Checking signatures releases the interpreter lock, so two threads check nearly twice as many."""


@dataclass(frozen=True, slots=True)
class AcceptedEntry:
    """An entry that the contributor's signed checkpoint covers. Made by :meth:`Replica.accept` alone."""

    index: int
    jws: bytes
    """Empty where the content is :class:`Erased`."""
    leaf_hash: bytes
    content: Content


@dataclass(frozen=True, slots=True)
class Replica:
    """One log as we hold it, between two calls of :meth:`accept`. ``Replica(circle, key)`` holds nothing yet.

    ``covered`` is the latest note all of whose entries we hold. ``head`` is the note under which we catch up:
    it is kept until our entries have reached its size, so that a contributor that signs two histories is found
    out when we get there. Both are ``b""`` before the first, and bear nobody's signature but the contributor's.
    """

    circle: CircleId
    key: PublicKey
    frontier: Frontier = EMPTY
    covered: bytes = b""
    head: bytes = b""

    def accept(
        self,
        checkpoint: bytes,
        entries: Sequence[Entry],
        now: Timestamp,
        *,
        start: int,
        proof: Sequence[bytes] = (),
        verify_all: VerifyAll = map,
    ) -> tuple["Replica", tuple[AcceptedEntry, ...]]:
        """The replica with these entries, and the entries that are new; or nothing is accepted (clauses 8.1 to 8.6).

        ``entries`` stand in the log from ``start`` on, those without content as their leaf hash (clause 8.14). Those
        that we hold are skipped unread. Where they end
        before the size of ``checkpoint``, ``proof`` is the consistency proof from where they end.

        Raises, beside what :func:`open_checkpoint` raises: ``FORK`` where two checkpoints of the contributor
        contradict each other (the one offered, and ``head`` or ``covered``: keep all three);
        ``STALE_CHECKPOINT`` for one that covers less than we hold; ``GAP``; ``INCONSISTENT`` for entries beyond
        the checkpoint; ``WRONG_ROOT`` and ``BAD_PROOF`` for entries that are not the ones signed.
        """
        log = origin(self.circle, self.key.key_id)
        offered = open_checkpoint(checkpoint, origin=log, key=self.key)
        head = open_checkpoint(self.head, origin=log, key=self.key) if self.head else None
        self._require_no_contradiction(offered, head)
        end = start + len(entries)
        if not 0 <= start <= self.frontier.size:
            raise ProtocolError(
                Code.GAP, f"entries from {start} on do not continue a log held up to {self.frontier.size}"
            )
        if end > offered.size:
            raise ProtocolError(Code.INCONSISTENT, f"entries up to {end} under a checkpoint of {offered.size}")
        if end < self.frontier.size:
            return self, ()  # all of it came by another way meanwhile; the proof speaks of a size we are past
        new = entries[self.frontier.size - start :]
        hashes = [entry_hash(entry) for entry in new]
        frontier = self._extended(hashes, offered, proof, head)
        accepted = tuple(
            AcceptedEntry(index, b"" if isinstance(entry, Leaf) else entry, hashed, content)
            for index, entry, hashed, content in zip(
                range(self.frontier.size, end), new, hashes, self._read(new, now, verify_all), strict=True
            )
        )
        note = author_note(checkpoint, origin=log, key=self.key)
        return self._moved(frontier, note, offered, head), accepted

    def _require_no_contradiction(self, offered: Checkpoint, head: Checkpoint | None) -> None:
        """Two signed roots for one size are a fork (clause 8.5), whichever of them is the true one."""
        log = origin(self.circle, self.key.key_id)
        covered = open_checkpoint(self.covered, origin=log, key=self.key) if self.covered else None
        for known in (covered, head):
            if known is not None and known.size == offered.size and known.root != offered.root:
                raise ProtocolError(Code.FORK, f"two signed roots for size {offered.size}")
        if offered.size < self.frontier.size:
            raise ProtocolError(
                Code.STALE_CHECKPOINT, f"a checkpoint of {offered.size} entries, {self.frontier.size} are held"
            )
        if offered.size == self.frontier.size and offered.root != self.frontier.root():
            raise ProtocolError(Code.FORK, f"entries proven under one checkpoint, {offered.size} others under this one")

    def _extended(
        self, hashes: Sequence[bytes], offered: Checkpoint, proof: Sequence[bytes], head: Checkpoint | None
    ) -> Frontier:
        """The frontier with these leaves, which is signed; where it passes ``head``, it passes through its root."""
        if head is None or not self.frontier.size <= head.size <= self.frontier.size + len(hashes):
            frontier = self.frontier.extend(hashes)
            _require_signed(frontier, offered, proof)
            return frontier
        to_head = head.size - self.frontier.size
        at_head = self.frontier.extend(hashes[:to_head])
        frontier = at_head.extend(hashes[to_head:])
        _require_signed(frontier, offered, proof)  # first, or a relay's garbage would pass for a fork
        if at_head.root() != head.root:
            raise ProtocolError(Code.FORK, f"an earlier checkpoint signed another tree of {head.size} entries")
        return frontier

    def _moved(self, frontier: Frontier, note: bytes, offered: Checkpoint, head: Checkpoint | None) -> "Replica":
        """The replica at its new frontier."""
        covered = note if frontier.size == offered.size else self.covered
        ahead = self.head if head is not None and frontier.size < head.size else note
        return replace(self, frontier=frontier, covered=covered, head=ahead)

    def _read(self, entries: Sequence[Entry], now: Timestamp, verify_all: VerifyAll) -> Iterable[Content]:
        batches = [entries[first : first + _READ_TOGETHER] for first in range(0, len(entries), _READ_TOGETHER)]
        read = partial(_read_batch, self.key, self.circle, now)
        return chain.from_iterable(verify_all(read, batches))


def reread(jws: bytes, key: PublicKey, circle: CircleId, now: Timestamp) -> Statement | Unreadable:
    """What an entry of this log says, read again from its bytes; never raises for what the bytes are.

    The reading depends on ``now`` in one way only: an entry dated in the future is ``FUTURE_DATED`` until its
    day has come and is what it says from then on. So two nodes that disagreed at first agree after reading it
    again (clause 8.7).
    """
    try:
        verified = envelope.verify(envelope.parse(jws), key)
        return statements.read(verified, circle=circle, now=now)
    except ProtocolError as error:
        return Unreadable(error.code, error.detail[:MAX_DETAIL_CHARACTERS])


def _read_batch(key: PublicKey, circle: CircleId, now: Timestamp, entries: Sequence[Entry]) -> list[Content]:
    return [Erased() if isinstance(entry, Leaf) else reread(entry, key, circle, now) for entry in entries]


def _require_signed(frontier: Frontier, offered: Checkpoint, proof: Sequence[bytes]) -> None:
    """That the contributor signed this very tree, or a larger one that begins with it (clause 8.3)."""
    if frontier.size == offered.size:
        if frontier.root() != offered.root:
            raise ProtocolError(Code.WRONG_ROOT, f"the first {offered.size} entries do not have the signed root")
        if proof:
            raise ProtocolError(Code.BAD_PROOF, "a proof beside all the entries proves nothing")
    elif frontier.size:
        proofs.verify_consistency(frontier.size, frontier.root(), offered.size, offered.root, proof)
    elif proof:
        raise ProtocolError(Code.BAD_PROOF, "nothing is held and nothing sent: there is nothing to prove")
