"""The frontier of a growing tree: all that is needed to append to it and to know its root.

A tree of n leaves is a row of complete subtrees, one for each bit set in n, the largest first. Their roots are
the frontier (also called a compact range): at most 41 hashes stand for a log of any allowed size.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Self

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE
from protocol.merkle.hashing import EMPTY_ROOT, HASH_BYTES, fold, parents

_SIZE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Frontier:
    """The roots of the complete subtrees of a tree of ``size`` leaves, largest first. Cannot have another shape."""

    size: int
    hashes: tuple[bytes, ...]

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_LOG_SIZE:
            raise ProtocolError(Code.TOO_LARGE, f"a log has 0 to {MAX_LOG_SIZE} entries")
        if len(self.hashes) != self.size.bit_count():
            raise ProtocolError(Code.MALFORMED, f"a frontier of size {self.size} has {self.size.bit_count()} hashes")
        if any(len(each) != HASH_BYTES for each in self.hashes):
            raise ProtocolError(Code.MALFORMED, f"a hash has {HASH_BYTES} bytes")

    def extend(self, leaf_hashes: Iterable[bytes]) -> "Frontier":
        """The frontier after these leaves were appended; about one hash computed for each leaf.

        Level by level, not leaf by leaf: at each level the open subtree, if there is one, meets the new ones,
        and whatever then finds no neighbour belongs to the new frontier.
        """
        row = list(leaf_hashes)
        size = self.size + len(row)
        waiting = list(self.hashes)
        smallest_first = []
        level_size = self.size
        while row or level_size:
            if level_size & 1:
                row.insert(0, waiting.pop())
            if len(row) & 1:
                smallest_first.append(row.pop())
            row = parents(row)
            level_size >>= 1
        return Frontier(size, tuple(reversed(smallest_first)))

    def root(self) -> bytes:
        """The root of the tree (RFC 9162 section 2.1.1)."""
        return fold(self.hashes) if self.hashes else EMPTY_ROOT

    def to_bytes(self) -> bytes:
        """For storage: the size as eight bytes, big-endian, then the hashes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Undo :meth:`to_bytes`; raises ``MALFORMED`` or ``TOO_LARGE`` for anything else."""
        if len(data) < _SIZE_BYTES or (len(data) - _SIZE_BYTES) % HASH_BYTES:
            raise ProtocolError(Code.MALFORMED, "a stored frontier is a size and whole hashes")
        hashes = tuple(data[start : start + HASH_BYTES] for start in range(_SIZE_BYTES, len(data), HASH_BYTES))
        return cls(int.from_bytes(data[:_SIZE_BYTES], "big"), hashes)


EMPTY: Final = Frontier(0, ())
"""The frontier of a log without entries."""
