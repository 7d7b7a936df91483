"""Logs as a node holds them, ours and replicas alike."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from protocol.identifiers import CircleId, KeyId, StatementId
from protocol.merkle.frontier import Frontier

LogStatus: TypeAlias = Literal["good", "forked"]
"""``forked``: its contributor signed two checkpoints that cannot both be true. Nothing more is taken from it."""


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
