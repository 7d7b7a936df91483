"""The two hashes of a Merkle tree (RFC 6962 section 2.1, RFC 9162 section 2.1.1).

Leaves and inner nodes are hashed under different first bytes, so that no entry can pass for a pair of hashes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias

HASH_BYTES: Final = 32
EMPTY_ROOT: Final = sha256(b"").digest()
"""The root of a tree without leaves: the hash of the empty string."""

_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry whose content is gone: the hash that keeps its place in the tree (clause 8.14)."""

    hash: bytes


Entry: TypeAlias = bytes | Leaf


def leaf_hash(data: bytes) -> bytes:
    """The hash of one entry: of its bytes as they were received, whatever they say."""
    return sha256(_LEAF + data).digest()


def entry_hash(entry: Entry) -> bytes:
    """The hash of an entry, with its content or without."""
    return entry.hash if isinstance(entry, Leaf) else leaf_hash(entry)


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(_NODE + left + right).digest()


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """The next level up: one hash for each two neighbours; a last one without a neighbour is left out."""
    each = iter(hashes)
    return [sha256(_NODE + left + right).digest() for left, right in zip(each, each, strict=False)]


def fold(hashes: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that shrink from left to right, at least one."""
    root = hashes[-1]
    for left in hashes[-2::-1]:
        root = node_hash(left, root)
    return root
