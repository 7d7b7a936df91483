"""A contributor's log in memory, for tests and vectors: entries, notes and proofs, true ones and any others."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from protocol import envelope, statements
from protocol.identifiers import CircleId, StatementId, VocabularyCode, encode_bytes
from protocol.keys import SigningKey
from protocol.merkle import proofs
from protocol.merkle.checkpoint import Checkpoint, origin, sign_checkpoint
from protocol.merkle.frontier import EMPTY
from protocol.merkle.hashing import leaf_hash, node_hash
from protocol.replica import Replica
from protocol.statements import DAY_SECONDS, Retraction, RetractionBody, Timestamp

CIRCLE: Final = CircleId(encode_bytes(sha256(b"a circle").digest()))
SEED: Final = sha256(b"a contributor").digest()
KEY: Final = SigningKey(SEED)
OTHER_KEY: Final = SigningKey(sha256(b"another contributor").digest())
TODAY: Final = Timestamp(20_700 * DAY_SECONDS)


def naive_root(hashes: Sequence[bytes]) -> bytes:
    """RFC 9162 section 2.1.1, word by word."""
    if not hashes:
        return sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return node_hash(naive_root(hashes[:half]), naive_root(hashes[half:]))


def hash_reader(hashes: Sequence[bytes]) -> proofs.HashReader:
    """Reads from the leaves themselves."""

    def read(level: int, index: int) -> bytes:
        leaves = hashes[index << level : (index + 1) << level]
        assert len(leaves) == 1 << level, "a subtree that is not complete"
        return naive_root(leaves)

    return read


def retraction(number: int, *, day: Timestamp = TODAY, circle: CircleId = CIRCLE) -> Retraction:
    """A small statement, another one for each number."""
    name = StatementId(encode_bytes(sha256(b"statement %d" % number).digest()[:16]))
    target = StatementId(encode_bytes(sha256(b"target %d" % number).digest()[:16]))
    body = RetractionBody(target=target, reason=VocabularyCode("in-error"))
    return Retraction(v=1, id=name, circle=circle, iat=day, exp=Timestamp(day + 30 * DAY_SECONDS), body=body)


def entry(number: int, *, key: SigningKey = KEY, day: Timestamp = TODAY, circle: CircleId = CIRCLE) -> bytes:
    """A signed small statement."""
    return envelope.sign(statements.encode(retraction(number, day=day, circle=circle)), key)


class SignedLog:
    """All that the contributor ``key`` could say about a log of these entries."""

    def __init__(self, entries: Sequence[bytes], *, key: SigningKey = KEY, circle: CircleId = CIRCLE) -> None:
        self.entries = tuple(entries)
        self.key = key
        self.circle = circle
        self.hashes = [leaf_hash(each) for each in entries]
        self.origin = origin(circle, key.public.key_id)

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        """What is true of the first ``size`` entries."""
        hashes = self.hashes[:size]
        return Checkpoint(self.origin, len(hashes), EMPTY.extend(hashes).root())

    def note(self, size: int | None = None) -> bytes:
        """The same, signed."""
        return sign_checkpoint(self.checkpoint(size), self.key)

    def proof(self, old: int, new: int | None = None) -> tuple[bytes, ...]:
        """That the first ``new`` entries begin with the first ``old``."""
        return proofs.consistency_proof(old, len(self.entries) if new is None else new, hash_reader(self.hashes))

    def replica(self, size: int = 0) -> Replica:
        """A replica that holds the first ``size`` entries."""
        empty = Replica(self.circle, self.key.public)
        return empty.accept(self.note(size), self.entries[:size], TODAY, start=0)[0] if size else empty
