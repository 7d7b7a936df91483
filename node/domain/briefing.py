"""A briefing: one page about a circle or a subject, every figure of which can be computed again.

:class:`CircleFigures` and :class:`SubjectFigures` hold what is computed and nothing else: identifiers, codes and whole
numbers. Their bytes are equal wherever the same state is read with the same policy, on the same day. Names, words and
drawings are made from them afterwards.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeAlias

from protocol.identifiers import CircleId, SubjectId, VocabularyCode
from protocol.signals import LikelihoodWord


@dataclass(frozen=True, slots=True)
class AsOf:
    """The state and the day that a briefing names: ``1234.2026-09-30`` in addresses and on the command line."""

    position: int
    day: date

    def __str__(self) -> str:
        return f"{self.position}.{self.day.isoformat()}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One signal in figures; shares in millionths."""

    subject: SubjectId
    indicator: VocabularyCode
    scope: VocabularyCode
    likelihood: LikelihoodWord | Literal["unknown"]
    belief_ppm: int
    uncertainty_ppm: int
    moved_30_ppm: int
    roots_30: int
    roots: int
    contributors: int
    conflict_ppm: int

    @property
    def expected_ppm(self) -> int:
        """Belief + uncertainty / 2."""
        return self.belief_ppm + self.uncertainty_ppm // 2


@dataclass(frozen=True, slots=True)
class Apart:
    """One subject with a concern and an assurance of one group that both read likely or more."""

    subject: SubjectId
    group: VocabularyCode
    scope: VocabularyCode
    concern: VocabularyCode
    concern_ppm: int
    assurance: VocabularyCode
    assurance_ppm: int


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """What a circle holds in one group of indicators. ``stated`` 0 is unknown; ``live`` 0 with more stated is zero."""

    group: VocabularyCode
    stated: int
    live: int
    concerns: int
    assurances: int
    context: int
    fresh: int


@dataclass(frozen=True, slots=True)
class CircleFigures:
    """All figures of a briefing about a circle."""

    circle: CircleId
    month: str
    """``2026-09``: of which what was stated is counted."""
    subjects: tuple[int, int, int, int]
    """With a live finding: any, a concern, an assurance, context."""
    stated: int
    live: int
    contributors: int
    """With a live finding."""
    month_stated: int
    month_concerns: int
    month_assurances: int
    month_contributors: int
    assurances: tuple[Reading, ...]
    """What moved most in the 30 days before the day."""
    concerns: tuple[Reading, ...]
    apart: tuple[Apart, ...]
    groups: tuple[GroupFigures, ...]


@dataclass(frozen=True, slots=True)
class CircleReadings:
    """What one circle says about a subject."""

    circle: CircleId
    readings: tuple[Reading, ...]
    findings: int
    """Live ones."""
    withdrawn: int
    """Retracted or ended."""


@dataclass(frozen=True, slots=True)
class SubjectFigures:
    """All figures of a briefing about a subject. Circles are never merged."""

    subject: SubjectId
    circles: tuple[CircleReadings, ...]


Figures: TypeAlias = CircleFigures | SubjectFigures


@dataclass(frozen=True, slots=True)
class Source:
    """Where the figures come from: enough to compute them again."""

    circle: CircleId
    name: str
    members: int
    k: int
    pool_digest: str
    policy_digest: str


@dataclass(frozen=True, slots=True)
class Said:
    """What an organisation says to what is said of it, as the audience may have it."""

    circle: CircleId
    label: str
    day: date
    text: str
    claims: frozenset[tuple[SubjectId, VocabularyCode, VocabularyCode]]
    """Subject, indicator and scope of the findings that it answers."""


@dataclass(frozen=True, slots=True)
class Briefing:
    """Figures, where they come from, and what they are called."""

    title: str
    figures: Figures
    digest: str
    """SHA-256 of the figures' bytes, in hexadecimal."""
    as_of: AsOf
    sources: tuple[Source, ...]
    mark: str
    """How it is marked: the words of its handling."""
    left_out: int
    """Live statements that the gate kept back."""
    labels: Mapping[SubjectId, str]
    replies: tuple[Said, ...] = ()
    """To what stands behind its readings, the newest first. No part of the figures: a reply changes no number."""
