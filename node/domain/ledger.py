"""Logs as a node holds them, ours and replicas alike."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.merkle.frontier import Frontier
from protocol.statements import Timestamp

LogStatus: TypeAlias = Literal["good", "forked"]
"""``forked``: its contributor signed two checkpoints that cannot both be true. Where the fork is located, entries from
there on are void and those before it are still taken; where it is not, what continues our history is."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may still be taken of one log on one day (days since 1970-01-01, by our own clock)."""

    day: int
    entries: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Beyond:
    """What signs the entries that we hold beyond the covered checkpoint."""

    note: bytes
    """The author's note under which the last of them came; it signs more than they are."""
    proof: tuple[bytes, ...]
    """The consistency proof from where they end to its size."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log: how far we hold it and what its contributor has signed about it."""

    id: int
    circle: CircleId
    contributor: KeyId
    frontier: Frontier
    covered: bytes
    """The latest checkpoint whose entries we all hold; empty before the first."""
    covered_size: int
    """The size that it names. Smaller than ``size`` while we are catching up."""
    head: bytes
    """The latest checkpoint seen; may be ahead of what we hold."""
    status: LogStatus
    problem: str
    evidence: bytes | None
    """Of a fork: an encoded :class:`protocol.fork.ForkProof`; none where the fork was seen and could not be proven."""
    fork_index: int | None = None
    """The first entry in which the two signed histories differ, where the evidence shows it."""
    forked_at: Timestamp | None = None
    """When we learnt of the fork."""
    allowance: Allowance | None = None
    """None until its first entry is taken; see :mod:`node.sync.quota`."""
    beyond: Beyond | None = None
    """None where the covered checkpoint signs everything that we hold."""
    cosigned: int = 0
    """The size of a checkpoint that we have cosigned and do not hold any more: of a backup, what came back to us."""
    lowered_until: Timestamp | None = None
    """Until when the room for ever earlier forks of it is taken up; see :mod:`node.storage.forks`."""

    @property
    def is_complete(self) -> bool:
        """Whether a fork leaves nothing to take: we hold every entry before it."""
        return self.fork_index is not None and self.size >= self.fork_index

    @property
    def size(self) -> int:
        """How many entries we hold."""
        return self.frontier.size


@dataclass(frozen=True, slots=True)
class Appended:
    """Where a statement of ours stands now."""

    contributor: KeyId
    index: int
    id: StatementId


@dataclass(frozen=True, slots=True)
class WitnessLine:
    """That a member has witnessed a log at a size: one verified line of a signed note."""

    witness: KeyId
    size: int
    line: bytes
