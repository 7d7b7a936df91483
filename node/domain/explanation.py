"""What a signal rests on, and what would change it: the same signal with something left out or added."""

from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from node.domain.insight import Movement, SignalView
from protocol.identifiers import Digest, KeyId, StatementId
from protocol.signals import LikelihoodWord, Signal

Name: TypeAlias = tuple[KeyId, StatementId]
"""A statement: the log and the identifier in it."""
Word: TypeAlias = LikelihoodWord | Literal["unknown"]


@dataclass(frozen=True, slots=True)
class Join:
    """One public source that several opinions name: why they are one root."""

    source: Digest
    statements: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Root:
    """One independent root: opinions that share sources, directly or through others."""

    number: int
    statements: tuple[Name, ...]
    joins: tuple[Join, ...]
    """Empty where the root is one opinion alone."""
    mass: int
    """What was counted of it."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """The signal as it would be without some of its opinions."""

    left_out: tuple[Name, ...]
    signal: Signal
    moved_ppm: int
    """Change of the expected probability."""
    changes_word: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where a signal comes from and how firm it is."""

    roots: tuple[Root, ...]
    without_contributor: tuple[Alternative, ...]
    """For each contributor of which anything was counted, the one whose absence changes most first."""
    without_root: tuple[Alternative, ...]
    """For each root likewise."""
    trimmed: Alternative | None
    """Without the contributor that adds most and the one that takes away most; None for fewer than three."""
    one_more_supporting: Signal
    """As it would be with one further, independent contributor of grade B2, of today."""
    one_more_contesting: Signal
    changes_on: date | None
    """The day on which age alone gives it another word; None if that is not within ten years."""
    changes_to: Word | None

    @property
    def holds(self) -> bool:
        """Whether its word is the same without any single contributor."""
        return not any(each.changes_word for each in self.without_contributor)


@dataclass(frozen=True, slots=True)
class SignalDetail:
    """One signal, its statements, how it has moved, and the explanation of every number."""

    view: SignalView
    label: str
    """The subject's."""
    circle_name: str
    k: int
    half_life_months: int | None
    movement: Movement | None
    """None where several identifiers are read as one: what was read so on an earlier day is not known."""
    explanation: Explanation
    ends: date | None
    """When the first of the statements that count ends."""
