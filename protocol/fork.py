"""Fork proofs: that one key has signed two histories of one log, for anybody to check from the proof alone.

The theory. A checkpoint commits to every entry before its size. Two checkpoints of one log contradict each other when
some index has two entries under them. An inclusion proof for that index under each root shows the two entries, and
more: the left siblings in an inclusion proof for index *i* are the roots of the complete subtrees over the entries
before *i*, whatever the size of the tree. Where they are the same in both proofs, the two histories are the same up to
*i*, so *i* is the one place where they part. So every member that holds such a proof voids the same entries, and
what stood before stays.

Where the entries behind one of the two are not known, it is not known where they part either (*unlocated*): the log
stops, and nothing in it becomes void. Two roots for one size need no more than the two notes. For two sizes, whoever
has the tree behind the larger shows the root that it had at the smaller size, which is not the one that was signed.

What lives here: making and checking proofs. What does not: what follows for the log (:mod:`protocol.membership`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from protocol.canonical import Codec
from protocol.errors import Code, Fault, ProtocolError
from protocol.identifiers import PATTERN_256_BITS, CircleId, Digest, KeyId, anchored, decode_bytes, encode_bytes
from protocol.keys import PublicKey
from protocol.limits import MAX_AUTHOR_NOTE_BYTES, MAX_FORK_BYTES, MAX_LOG_SIZE, MAX_PROOF_HASHES
from protocol.merkle import proofs
from protocol.merkle.checkpoint import Checkpoint, author_note, open_checkpoint, origin
from protocol.merkle.proofs import HashReader

_KeyId: TypeAlias = Annotated[KeyId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_CircleId: TypeAlias = Annotated[CircleId, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]
_Hash: TypeAlias = Annotated[Digest, msgspec.Meta(pattern=anchored(PATTERN_256_BITS))]


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every member is required: an absent member and a null one never mean the same."""


class ForkSide(_Wire, frozen=True, kw_only=True):
    """One of the two histories: its signed checkpoint, the entry's hash in it, and where that stands."""

    checkpoint: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_AUTHOR_NOTE_BYTES)]
    """The author's note, without what others signed: one fork has few spellings."""
    leaf: _Hash | None
    """The entry's hash; where it is not known which entry that is, null, or the root that this history had at the size
    of the other."""
    proof: Annotated[tuple[_Hash, ...], msgspec.Meta(max_length=MAX_PROOF_HASHES)]


class ForkProof(_Wire, frozen=True, kw_only=True):
    """Two checkpoints that cannot both be true. ``left`` is the side whose checkpoint comes first as text."""

    v: Literal[1]
    circle: _CircleId
    contributor: _KeyId
    index: Annotated[int, msgspec.Meta(ge=0, le=MAX_LOG_SIZE - 1)] | None
    """The first entry that differs, or null where that is not known."""
    left: ForkSide
    right: ForkSide

    def __post_init__(self) -> None:
        if self.left.checkpoint >= self.right.checkpoint:
            raise ProtocolError(Code.NON_CANONICAL, "the sides are not in ascending order of their checkpoints")
        hashes = [side.leaf is not None for side in (self.left, self.right)]
        if any(side.proof and side.leaf is None for side in (self.left, self.right)):
            raise ProtocolError(Code.INCONSISTENT, "a proof of nothing")
        if not all(hashes) if self.index is not None else all(hashes):
            raise ProtocolError(Code.INCONSISTENT, "an entry stands on both sides with its index, and a root on one")


@dataclass(frozen=True, slots=True, order=True)
class ForkPoint:
    """What a verified proof shows of the log of ``contributor``: it has two histories from ``index`` on."""

    contributor: KeyId
    index: int | None
    """None: it is not known from where on."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One history of a log: a note that its contributor signed, and the hashes of the tree behind it."""

    note: bytes
    read: HashReader


_CODEC: Final = Codec(ForkProof, max_bytes=MAX_FORK_BYTES)


def decode_fork(data: bytes) -> ForkProof:
    """A proof by its form (clause 8.10), to see which log it is about; see :func:`verify_fork`."""
    return _CODEC.decode(data)


def verify_fork(data: bytes, circle: CircleId, key: PublicKey) -> ForkPoint:
    """What this proof shows about the log of ``key`` in this circle (clauses 8.10 to 8.12).

    Raises what :func:`decode_fork` and :func:`open_checkpoint` raise; ``WRONG_CIRCLE`` and ``WRONG_KEY`` for a proof
    about another log; ``BAD_PROOF`` where the two sides do not contradict each other, or part elsewhere.
    """
    proof = _CODEC.decode(data)
    if proof.circle != circle:
        raise ProtocolError(Code.WRONG_CIRCLE, f"a fork proof for circle {proof.circle}")
    if proof.contributor != key.key_id:
        raise ProtocolError(Code.WRONG_KEY, f"a fork proof about {proof.contributor}, expected {key.key_id}")
    log = origin(circle, key.key_id)
    left, right = (_opened(side, log, key) for side in (proof.left, proof.right))
    if proof.index is None:
        _require_two_roots((left, proof.left), (right, proof.right))
        return ForkPoint(proof.contributor, None)
    if proof.left.leaf == proof.right.leaf:
        raise ProtocolError(Code.BAD_PROOF, f"both sides have the same entry {proof.index}")
    if _before(proof.left, left, proof.index) != _before(proof.right, right, proof.index):
        raise ProtocolError(Code.BAD_PROOF, f"the sides part before entry {proof.index}")
    return ForkPoint(proof.contributor, proof.index)


def fork_point(left: Branch, left_size: int, right: Branch, right_size: int) -> int | None:
    """The first index at which two trees differ, by walking down their hashes; None if one begins with the other."""
    return _first_difference(0, min(left_size, right_size), left.read, right.read)


def prove_fork(circle: CircleId, key: PublicKey, left: Branch, right: Branch) -> bytes:
    """The proof that these two branches are a fork, with the place where they part.

    Raises what :func:`open_checkpoint` raises for a note, and ``BAD_PROOF`` where one branch is the beginning of the
    other or the hashes behind a note are not those of its root.
    """
    log = origin(circle, key.key_id)
    checkpoints = [open_checkpoint(branch.note, origin=log, key=key) for branch in (left, right)]
    index = fork_point(left, checkpoints[0].size, right, checkpoints[1].size)
    if index is None:
        raise ProtocolError(Code.BAD_PROOF, "one of the two histories is the beginning of the other")
    sides = [
        _side(
            circle,
            key,
            branch.note,
            branch.read(0, index),
            proofs.inclusion_proof(index, checkpoint.size, branch.read),
        )
        for branch, checkpoint in zip((left, right), checkpoints, strict=True)
    ]
    return _proven(circle, key, index, sides)


def prove_unlocated_fork(circle: CircleId, key: PublicKey, left: bytes, right: bytes) -> bytes:
    """The proof that two notes of one size contradict each other, where the entries behind one are not known."""
    return _proven(circle, key, None, [_side(circle, key, note) for note in (left, right)])


def prove_other_beginning(
    circle: CircleId, key: PublicKey, note: bytes, earlier: bytes, root: bytes, path: Sequence[bytes]
) -> bytes:
    """The proof that ``note`` contradicts ``earlier``, a note of a smaller size.

    ``root`` is the one that the tree behind ``note`` had at that size, and ``path`` the consistency proof from there.
    Raises what :func:`open_checkpoint` raises, and ``BAD_PROOF`` where they do not contradict each other, or ``path``
    does not show it.
    """
    return _proven(circle, key, None, [_side(circle, key, note, root, path), _side(circle, key, earlier)])


def _side(
    circle: CircleId, key: PublicKey, note: bytes, leaf: bytes | None = None, path: Sequence[bytes] = ()
) -> ForkSide:
    log = origin(circle, key.key_id)
    open_checkpoint(note, origin=log, key=key)
    return ForkSide(
        checkpoint=author_note(note, origin=log, key=key).decode("utf-8"),
        leaf=None if leaf is None else Digest(encode_bytes(leaf)),
        proof=tuple(Digest(encode_bytes(node)) for node in path),
    )


def _proven(circle: CircleId, key: PublicKey, index: int | None, sides: list[ForkSide]) -> bytes:
    """The bytes, after a look at them with a receiver's eyes: nobody is accused by mistake."""
    first, second = sorted(sides, key=lambda side: side.checkpoint)
    if first.checkpoint == second.checkpoint:
        raise ProtocolError(Code.BAD_PROOF, "one checkpoint does not contradict itself", fault=Fault.OURS)
    proof = ForkProof(v=1, circle=circle, contributor=key.key_id, index=index, left=first, right=second)
    data = _CODEC.encode(proof)
    verify_fork(data, circle, key)
    return data


def _opened(side: ForkSide, log: str, key: PublicKey) -> Checkpoint:
    note = side.checkpoint.encode("utf-8")
    checkpoint = open_checkpoint(note, origin=log, key=key)
    if author_note(note, origin=log, key=key) != note:
        raise ProtocolError(Code.NON_CANONICAL, "a checkpoint with more than its author's signature")
    return checkpoint


def _require_two_roots(*sides: tuple[Checkpoint, ForkSide]) -> None:
    """That two roots were signed for the smaller of the two sizes: one as such, one as the past of the larger tree."""
    (earlier, signed), (later, shown) = sorted(sides, key=lambda side: side[0].size)
    if earlier.size < later.size:
        root = decode_bytes(shown.leaf or "")
        path = [decode_bytes(node) for node in shown.proof]
        proofs.verify_consistency(earlier.size, root, later.size, later.root, path)
    elif signed.leaf is None and shown.leaf is None:
        root = later.root
    else:
        raise ProtocolError(Code.BAD_PROOF, "two roots for one size need nothing beside them")
    if root == earlier.root:
        raise ProtocolError(Code.BAD_PROOF, f"both sides have the same root for {earlier.size} entries")


def _before(side: ForkSide, checkpoint: Checkpoint, index: int) -> tuple[bytes, ...]:
    """The roots over the entries before ``index``, once the entry there is proven to be in the tree."""
    path = [decode_bytes(node) for node in side.proof]
    leaf = decode_bytes(side.leaf or "")
    proofs.verify_inclusion(leaf, index, checkpoint.size, path, checkpoint.root)
    return proofs.left_siblings(index, checkpoint.size, path)


def _first_difference(low: int, high: int, left: HashReader, right: HashReader) -> int | None:
    """In the entries from ``low`` (a multiple of every subtree that starts there) to ``high``."""
    while low < high:
        level = min((low & -low).bit_length() - 1 if low else high.bit_length() - 1, (high - low).bit_length() - 1)
        if left(level, low >> level) != right(level, low >> level):
            return _descend(level, low >> level, left, right)
        low += 1 << level
    return None


def _descend(level: int, index: int, left: HashReader, right: HashReader) -> int:
    """The first leaf that differs below a subtree that does."""
    while level:
        level, index = level - 1, index * 2
        index += left(level, index) == right(level, index)
    return index
