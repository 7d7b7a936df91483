"""Taking the beginning of a section: fewer entries than were sent, and the proof that belongs to fewer.

A section ends where its sender chose, and its proof is for that end. Where we want to stop earlier (at a day's quota,
at the fork of a log), the proof from there follows from what is at hand: every leaf up to the sender's end, and the
roots of all that comes after it, which are the sender's proof. Nothing is trusted here: a proof made from wrong parts
does not verify when the section is accepted. In the same way a proof that was kept with the entries it belongs to gives
those from every size before.
"""

from collections.abc import Iterator
from dataclasses import replace

from protocol.errors import Code, ProtocolError
from protocol.merkle import tiles
from protocol.merkle.hashing import entry_hash, fold, node_hash
from protocol.merkle.proofs import HashReader
from protocol.messages.stream import Section


def shorten(section: Section, end: int, size: int, *, held: int, fetch: tiles.TileFetch) -> Section:
    """The entries before index ``end`` under the same checkpoint, which is for ``size`` entries.

    ``held`` entries of the log are ours, with their tiles in ``fetch``; ``held < end``, and the section continues them.
    """
    sent_end = section.start + len(section.entries)
    if not section.start <= held < end <= sent_end <= size:
        raise ProtocolError(Code.GAP, f"entries {section.start} to {sent_end} cannot be cut at {end} of {size}")
    hashes = [entry_hash(entry) for entry in section.entries[held - section.start :]]
    grown = {(tile.level, tile.index): tile.hashes for tile in tiles.grow(held, hashes, fetch)}

    def fetch_grown(level: int, index: int, width: int) -> bytes:
        return grown.get((level, index)) or fetch(level, index, width)

    roots = _Roots(tiles.reader(fetch_grown, sent_end), sent_end, size, section.proof)
    proof = tuple(roots.root(low, high) for low, high in _ranges(end, size))
    return replace(section, entries=section.entries[: end - section.start], proof=proof)


def proof_through(old: int, size: int, *, held: int, read: HashReader, proof: tuple[bytes, ...]) -> tuple[bytes, ...]:
    """The consistency proof from ``old`` to ``size`` entries, by that from the ``held`` ones, which ``read`` knows.

    Raises ``GAP`` where not so many are held, and ``BAD_PROOF`` for a proof that has another length.
    """
    if not 0 < old <= held <= size:
        raise ProtocolError(Code.GAP, f"no proof from {old} of {held} entries to {size}")
    roots = _Roots(read, held, size, proof)
    return tuple(roots.root(low, high) for low, high in _ranges(old, size))


class _Roots:
    """Roots of parts of a tree of which the first leaves are known, and after them the nodes of one proof."""

    def __init__(self, read: HashReader, known: int, size: int, proof: tuple[bytes, ...]) -> None:
        ranges = list(_ranges(known, size)) if known < size else []
        if len(ranges) != len(proof):
            raise ProtocolError(Code.BAD_PROOF, f"a proof from {known} to {size} entries has {len(ranges)} hashes")
        self._read = read
        self._known = known
        self._given = dict(zip(ranges, proof, strict=True))

    def root(self, low: int, high: int) -> bytes:
        """The root over the leaves from ``low`` to before ``high``, a node of the tree."""
        if high <= self._known:
            return fold(list(_subtrees(low, high, self._read)))
        if low >= self._known:
            return self._given[low, high]
        middle = low + _split(high - low)
        return node_hash(self.root(low, middle), self.root(middle, high))


def _ranges(old: int, new: int) -> Iterator[tuple[int, int]]:
    """The parts of the tree whose roots make the consistency proof, in its order (RFC 9162 section 2.1.4.1)."""
    path = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append((middle, high))
            high = middle
        else:
            path.append((low, middle))
            low = middle
    if low:
        path.append((low, high))
    return reversed(path)


def _subtrees(low: int, high: int, read: HashReader) -> Iterator[bytes]:
    """The complete subtrees over the leaves from ``low`` to ``high``, largest first."""
    for level in reversed(range((high - low).bit_length())):
        if (high - low) >> level & 1:
            yield read(level, low >> level)
            low += 1 << level


def _split(size: int) -> int:
    return 1 << ((size - 1).bit_length() - 1)
