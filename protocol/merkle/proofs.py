"""Inclusion and consistency proofs (RFC 9162 sections 2.1.3 and 2.1.4; the same trees as RFC 6962).

Proofs are made from a :data:`HashReader`, which knows the roots of complete subtrees and nothing else, and are
verified from their own bytes alone. Verifying raises ``BAD_PROOF`` and never another error, whatever the
numbers and hashes are; making a proof for an index or size that does not exist raises ``MALFORMED``.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from protocol.errors import Code, ProtocolError
from protocol.limits import MAX_LOG_SIZE, MAX_PROOF_HASHES
from protocol.merkle.frontier import Frontier
from protocol.merkle.hashing import HASH_BYTES, fold, node_hash

HashReader: TypeAlias = Callable[[int, int], bytes]
"""``(level, index)`` to the root of the complete subtree over the leaves from ``index * 2**level`` on,
``2**level`` of them. Called only for subtrees that lie wholly inside the tree it was made for."""


def inclusion_proof(index: int, size: int, read: HashReader) -> tuple[bytes, ...]:
    """That the leaf at ``index`` is in the tree of ``size`` leaves (RFC 9162 section 2.1.3.1)."""
    if not 0 <= index < size <= MAX_LOG_SIZE:
        raise ProtocolError(Code.MALFORMED, f"a tree of {size} leaves has no leaf {index}")
    path = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            path.append(_root(middle, high, read))
            high = middle
        else:
            path.append(_root(low, middle, read))
            low = middle
    return tuple(reversed(path))


def consistency_proof(old: int, new: int, read: HashReader) -> tuple[bytes, ...]:
    """That the first ``old`` leaves of the tree of ``new`` leaves are the earlier tree (RFC 9162 section 2.1.4.1)."""
    if not 1 <= old <= new <= MAX_LOG_SIZE:
        raise ProtocolError(Code.MALFORMED, f"no consistency proof from {old} to {new} leaves")
    path = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            path.append(_root(middle, high, read))
            high = middle
        else:
            path.append(_root(low, middle, read))
            low = middle
    if low:  # otherwise the verifier knows this subtree: it is the whole old tree
        path.append(_root(low, high, read))
    return tuple(reversed(path))


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Check that ``leaf`` (a leaf hash) is at ``index`` in the tree with this root (RFC 9162 section 2.1.3.2)."""
    if not 0 <= index < size <= MAX_LOG_SIZE:
        raise ProtocolError(Code.BAD_PROOF, f"a tree of {size} leaves has no leaf {index}")
    _require_hashes(leaf, *proof)
    node, last = index, size - 1
    computed = leaf
    for sibling in proof:
        if last == 0:
            raise ProtocolError(Code.BAD_PROOF, "the inclusion proof is too long")
        if node & 1 or node == last:
            computed = node_hash(sibling, computed)
            node, last = _up_to_right_child(node, last)
        else:
            computed = node_hash(computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0 or computed != root:
        raise ProtocolError(Code.BAD_PROOF, "the inclusion proof does not lead to the root")


def verify_consistency(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree of ``new`` leaves begins with the tree of ``old`` leaves (RFC 9162 section 2.1.4.2).

    A first size of 0 is refused: an empty tree is the beginning of every tree, so such a proof says nothing.
    """
    if not 1 <= old <= new <= MAX_LOG_SIZE:
        raise ProtocolError(Code.BAD_PROOF, f"no consistency proof from {old} to {new} leaves")
    if old == new:
        if proof or old_root != new_root:
            raise ProtocolError(Code.BAD_PROOF, "two trees of one size have one root and an empty proof")
        return
    _require_hashes(old_root, *proof)
    path = list(proof)
    if old.bit_count() == 1:  # the old tree is one complete subtree, and its root was left out
        path.insert(0, old_root)
    if not path:
        raise ProtocolError(Code.BAD_PROOF, "the consistency proof is empty")
    computed = _climb(old, new, path)
    if computed != (old_root, new_root):
        raise ProtocolError(Code.BAD_PROOF, "the consistency proof does not lead to both roots")


def left_siblings(index: int, size: int, proof: Sequence[bytes]) -> tuple[bytes, ...]:
    """The hashes of an inclusion proof that stand left of the leaf, the nearest first; for a proof that verifies.

    They are the complete subtrees over the leaves before ``index``, the same for every size: at each split of a
    range that holds ``index``, the left part is complete, and its size is the highest bit that is left of ``index``.
    """
    low, high = 0, size
    is_left = []
    while high - low > 1:
        middle = low + _split(high - low)
        is_left.append(index >= middle)
        low, high = (middle, high) if index >= middle else (low, middle)
    return tuple(node for node, left in zip(proof, reversed(is_left), strict=True) if left)


def root_at(size: int, read: HashReader) -> bytes:
    """The root of the tree of the first ``size`` leaves."""
    return frontier_at(size, read).root()


def frontier_at(size: int, read: HashReader) -> Frontier:
    """The frontier of the tree of the first ``size`` leaves."""
    if not 0 <= size <= MAX_LOG_SIZE:
        raise ProtocolError(Code.MALFORMED, f"a log has 0 to {MAX_LOG_SIZE} entries")
    return Frontier(size, tuple(_subtrees(0, size, read)))


def _climb(old: int, new: int, path: list[bytes]) -> tuple[bytes, bytes]:
    """Steps 3 to 6 of RFC 9162 section 2.1.4.2: the two roots that the path leads to."""
    node, last = old - 1, new - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_computed = new_computed = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ProtocolError(Code.BAD_PROOF, "the consistency proof is too long")
        if node & 1 or node == last:
            old_computed = node_hash(sibling, old_computed)
            new_computed = node_hash(sibling, new_computed)
            node, last = _up_to_right_child(node, last)
        else:
            new_computed = node_hash(new_computed, sibling)
        node, last = node >> 1, last >> 1
    if last != 0:
        raise ProtocolError(Code.BAD_PROOF, "the consistency proof is too short")
    return old_computed, new_computed


def _up_to_right_child(node: int, last: int) -> tuple[int, int]:
    """Climb while the node is a last one without a neighbour; it meets one where it is a right child."""
    while node and not node & 1:
        node, last = node >> 1, last >> 1
    return node, last


def _split(size: int) -> int:
    """The largest power of two smaller than ``size``, which is at least 2 (RFC 9162 section 2.1.1)."""
    return 1 << ((size - 1).bit_length() - 1)


def _root(low: int, high: int, read: HashReader) -> bytes:
    return fold(_subtrees(low, high, read))


def _subtrees(low: int, high: int, read: HashReader) -> list[bytes]:
    """The complete subtrees over the leaves from ``low`` to ``high``, largest first.

    ``low`` is a multiple of the largest, as it is for every node that a proof names.
    """
    hashes = []
    for level in reversed(range((high - low).bit_length())):
        if (high - low) >> level & 1:
            hashes.append(read(level, low >> level))
            low += 1 << level
    return hashes


def _require_hashes(known: bytes, *proof: bytes) -> None:
    """What is hashed together has a fixed length, or two trees could share one string of bytes."""
    if len(proof) > MAX_PROOF_HASHES:
        raise ProtocolError(Code.BAD_PROOF, f"a proof has at most {MAX_PROOF_HASHES} hashes")
    if any(len(each) != HASH_BYTES for each in (known, *proof)):
        raise ProtocolError(Code.BAD_PROOF, f"a hash has {HASH_BYTES} bytes")
